//! Opening the data folder: its permissions, whose database it is, its schema, its key. Every
//! way in which that can go wrong is one error of its own.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, SqlSafeStr};

use crate::store::error::StoreError;
use crate::store::presence::Presence;
use crate::store::seal::{KEY_FILE, Keys, MasterKey, sync_folder};
use crate::store::sql::{Conn, Options, query_scalar};
use crate::store::tables::asking;
use crate::store::tables::meta;

/// Name of the database file in the data folder.
pub const DATABASE_FILE: &str = "chaski.db";

/// Newest schema this program knows: the number of the last migration.
pub(in crate::store) const SCHEMA: u32 = 13;

const MIGRATIONS: &[(i64, &str, &str)] = &[
    (
        1,
        "start",
        include_str!("../../../migrations/sqlite/0001_start.sql"),
    ),
    (
        2,
        "keys",
        include_str!("../../../migrations/sqlite/0002_keys.sql"),
    ),
    (
        3,
        "jobs",
        include_str!("../../../migrations/sqlite/0003_jobs.sql"),
    ),
    (
        4,
        "partners",
        include_str!("../../../migrations/sqlite/0004_partners.sql"),
    ),
    (
        5,
        "purpose",
        include_str!("../../../migrations/sqlite/0005_purpose.sql"),
    ),
    (
        6,
        "companies",
        include_str!("../../../migrations/sqlite/0006_companies.sql"),
    ),
    (
        7,
        "once",
        include_str!("../../../migrations/sqlite/0007_once.sql"),
    ),
    (
        8,
        "days",
        include_str!("../../../migrations/sqlite/0008_days.sql"),
    ),
    (
        9,
        "processes",
        include_str!("../../../migrations/sqlite/0009_processes.sql"),
    ),
    (
        10,
        "brought",
        include_str!("../../../migrations/sqlite/0010_brought.sql"),
    ),
    (
        12,
        "closed",
        include_str!("../../../migrations/sqlite/0012_closed.sql"),
    ),
    (
        13,
        "providers",
        include_str!("../../../migrations/sqlite/0013_providers.sql"),
    ),
];

/// `CHSK`: tells our files from those of other programs.
pub(in crate::store) const APPLICATION_ID: i32 = 0x4348_534b;

/// How long a statement waits for another process before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// What an open folder gives.
pub(in crate::store) struct Opened {
    pub(in crate::store) writer: Conn,
    pub(in crate::store) reader_options: Options,
    pub(in crate::store) keys: Keys,
    pub(in crate::store) in_use: File,
    pub(in crate::store) presence: Presence,
}

/// Held, shared, by everybody who has the folder open; a restoration holds it alone.
pub(in crate::store) const IN_USE_FILE: &str = "chaski.uso";

pub(in crate::store) async fn open(dir: &Path, key: MasterKey) -> Result<Opened, StoreError> {
    let file = dir.join(DATABASE_FILE);
    prepare_folder(dir)?;
    // Two processes that open a new folder at the same time must not both create it.
    let opening = lock_folder(dir).await?;
    let in_use = claim(dir, File::try_lock_shared)?;
    let is_new = is_new(dir, &file)?;
    let key = prepare_key(dir, &file, key)?;
    if is_new {
        create(dir, &file).await?;
    }
    let opened = open_database(dir, &file, key).await;
    let (mut writer, reader_options, keys) = opened.map_err(|error| match error.about(&file) {
        StoreError::NotOurs { path } => not_ours(dir, &path),
        error => error,
    })?;
    let presence = Presence::enter(dir)?;
    asking::clear(&mut writer, &presence).await?;
    drop(opening);
    Ok(Opened {
        writer,
        reader_options,
        keys,
        in_use,
        presence,
    })
}

async fn open_database(
    dir: &Path,
    file: &Path,
    key: MasterKey,
) -> Result<(Conn, Options, Keys), StoreError> {
    let mut writer = connect(&options(file)).await?;
    refuse_foreign(&mut writer).await?;
    set_up(&mut writer).await?;
    bring_up_to_date(&mut writer).await?;
    let keys = settle_key(&mut writer, dir, key).await?;
    let reader_options = options(file)
        .read_only(true)
        .pragma("cache_size", "-4096")
        .pragma("mmap_size", "0")
        .pragma("temp_store", "MEMORY");
    Ok((writer, Options::Sqlite(reader_options), keys))
}

pub(in crate::store) async fn connect(options: &SqliteConnectOptions) -> Result<Conn, StoreError> {
    Options::Sqlite(options.clone()).connect().await
}

pub(in crate::store) fn options(file: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(file)
        .busy_timeout(BUSY_TIMEOUT)
        // Rows that its thread may be ahead: with the default of 50 a long list is a long chain of
        // wake-ups.
        .row_buffer_size(1_024)
        // Statements are ours and few; logging each would cost more than running it.
        .disable_statement_logging()
}

pub(in crate::store) fn prepare_folder(dir: &Path) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| StoreError::of_file(dir, &error);
    let created = fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir);
    if let Err(error) = created {
        return Err(match error.kind() {
            ErrorKind::AlreadyExists => StoreError::ReadOnly {
                path: dir.to_owned(),
            },
            _ => failed(error),
        });
    }
    let mode = fs::metadata(dir).map_err(failed)?.permissions().mode();
    if mode & 0o077 != 0 {
        // A mounted volume may belong to somebody else; the files keep their own mode anyway.
        if let Err(error) = fs::set_permissions(dir, fs::Permissions::from_mode(0o700)) {
            tracing::warn!(%error, "the data folder can be read by others");
        }
    }
    Ok(())
}

pub(in crate::store) async fn lock_folder(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("chaski.lock");
    let file = lock_file(&path)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(StoreError::of_file(&path, &error)),
    }
    let waiting = tokio::task::spawn_blocking(move || wait_for_lock(file));
    waiting.await.map_err(|_| StoreError::Closed)?
}

fn lock_file(path: &Path) -> Result<File, StoreError> {
    OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(|error| StoreError::of_file(path, &error))
}

/// Says, until the file is dropped, that the folder is in use. An end by force lets go of it too.
///
/// Who has just closed the folder may need a moment to let go: a child that was being started then
/// holds it until it runs. So it is tried for half a second.
pub(in crate::store) fn claim(
    dir: &Path,
    lock: fn(&File) -> Result<(), TryLockError>,
) -> Result<File, StoreError> {
    let path = dir.join(IN_USE_FILE);
    let file = lock_file(&path)?;
    for _ in 0..25 {
        match lock(&file) {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
            Err(TryLockError::Error(error)) => return Err(StoreError::of_file(&path, &error)),
        }
    }
    Err(StoreError::Locked)
}

/// Half a minute: the other process may be migrating.
fn wait_for_lock(file: File) -> Result<File, StoreError> {
    for _ in 0..3_000 {
        if file.try_lock().is_ok() {
            return Ok(file);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(StoreError::Locked)
}

/// A key that was just made up is saved before there is any database, so that a database never
/// exists without its key.
pub(in crate::store) fn prepare_key(
    dir: &Path,
    database: &Path,
    key: MasterKey,
) -> Result<MasterKey, StoreError> {
    if !key.is_unsaved() {
        return Ok(key);
    }
    // Another process may have created the folder since this key was made up.
    if let Some(saved) = MasterKey::load(dir)? {
        return Ok(saved);
    }
    if database.exists() {
        return Ok(key);
    }
    key.save(dir)
}

/// Looks at the file before anything is done with it; true when there is none yet. What is there
/// and is not a whole database of ours is never taken for a new folder: beside a key it was one.
fn is_new(dir: &Path, path: &Path) -> Result<bool, StoreError> {
    let has_log = fs::metadata(log_of(path)).is_ok_and(|log| log.len() > 0);
    let opened = OpenOptions::new().read(true).write(true).open(path);
    let mut file = match opened {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound && !has_log => {
            // These come into being after a database has.
            if ["procesos", "limpieza"]
                .iter()
                .any(|it| dir.join(it).exists())
            {
                return Err(StoreError::Damaged {
                    path: path.to_owned(),
                });
            }
            return Ok(true);
        }
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::IsADirectory) => {
            return Err(not_ours(dir, path));
        }
        Err(error) => return Err(StoreError::of_file(path, &error)),
    };
    let failed = |error: std::io::Error| StoreError::of_file(path, &error);
    let bytes = file.metadata().map_err(failed)?.len();
    let mut header = Vec::new();
    Read::by_ref(&mut file)
        .take(100)
        .read_to_end(&mut header)
        .map_err(failed)?;
    if header.is_empty() {
        return Err(StoreError::Damaged {
            path: path.to_owned(),
        });
    }
    let number = |at: usize| {
        let bytes = header.get(at..at + 4)?;
        Some(u32::from_be_bytes(bytes.try_into().expect("four bytes")))
    };
    let ours = number(68).is_some_and(|it| it == 0 || it == APPLICATION_ID.cast_unsigned());
    if header.len() < 100 || !ours || !header.starts_with(b"SQLite format 3\0") {
        return Err(not_ours(dir, path));
    }
    // While there is a log, what is missing here may be in it: SQLite tells.
    if !has_log && bytes < bytes_of_pages(&header).unwrap_or_default() {
        return Err(StoreError::Damaged {
            path: path.to_owned(),
        });
    }
    Ok(false)
}

/// The length that a header promises, <https://www.sqlite.org/fileformat2.html#the_database_header>.
fn bytes_of_pages(header: &[u8]) -> Option<u64> {
    let size = header.get(16..18)?;
    let size = match u16::from_be_bytes(size.try_into().expect("two bytes")) {
        1 => 65_536,
        size => u64::from(size),
    };
    let pages = header.get(28..32)?;
    let pages = u32::from_be_bytes(pages.try_into().expect("four bytes"));
    Some(size * u64::from(pages))
}

fn log_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push("-wal");
    PathBuf::from(name)
}

/// Beside a key it was ours, and something happened to it.
fn not_ours(dir: &Path, path: &Path) -> StoreError {
    let path = path.to_owned();
    if dir.join(KEY_FILE).exists() {
        StoreError::Damaged { path }
    } else {
        StoreError::NotOurs { path }
    }
}

/// Creates the database beside its place and puts it there whole, so that an empty one in that
/// place is never ours, whenever the process is killed.
async fn create(dir: &Path, file: &Path) -> Result<(), StoreError> {
    let draft = dir.join("chaski.db.nueva");
    let failed = |error: std::io::Error| StoreError::of_file(&draft, &error);
    let created = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        // SQLite gives it to the log too.
        .mode(0o600)
        .open(&draft)
        .map_err(failed)?;
    let mut connection = connect(&options(&draft)).await?;
    // Auto-vacuum is only possible before the first table exists; it lets pruning give space back.
    // What is cut short here is made anew, so nothing needs to be durable until the end.
    connection.run("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF")
    .await?;
    bring_up_to_date(&mut connection).await?;
    connection.close().await?;
    created.sync_all().map_err(failed)?;
    fs::rename(&draft, file).map_err(failed)?;
    sync_folder(dir).map_err(failed)
}

/// The header on disk may be older than the WAL, so the database itself is asked too, before
/// anything is changed in it.
pub(in crate::store) async fn refuse_foreign(connection: &mut Conn) -> Result<(), StoreError> {
    let application: i32 = query_scalar("PRAGMA application_id")
        .fetch_one(&mut *connection)
        .await?;
    if application != APPLICATION_ID {
        return Err(StoreError::NotOurs {
            path: PathBuf::new(),
        });
    }
    let found = schema_version(connection).await?;
    if found > SCHEMA {
        return Err(StoreError::NewerSchema {
            found,
            known: SCHEMA,
        });
    }
    Ok(())
}

async fn set_up(connection: &mut Conn) -> Result<(), StoreError> {
    let mode: String = query_scalar("PRAGMA journal_mode = WAL")
        .fetch_one(&mut *connection)
        .await?;
    if mode != "wal" {
        return Err(StoreError::Database {
            code: 0,
            detail: format!("the file system does not support WAL (journal mode {mode})"),
        });
    }
    // NORMAL loses acknowledged commits when the power fails. The checkpoint interval of 16 MiB
    // rewrites hot pages less often than the default of 4 MiB.
    connection
        .run(
            "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON; PRAGMA mmap_size = 0; \
         PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192; \
         PRAGMA wal_autocheckpoint = 4096; PRAGMA journal_size_limit = 67108864; \
         PRAGMA trusted_schema = OFF",
        )
        .await
}

pub(in crate::store) async fn bring_up_to_date(connection: &mut Conn) -> Result<(), StoreError> {
    if schema_version(connection).await? == SCHEMA {
        return Ok(());
    }
    let migrations = MIGRATIONS.iter().map(|(version, name, sql)| {
        let kind = MigrationType::Simple;
        Migration::new(*version, (*name).into(), kind, sql.into_sql_str(), false)
    });
    let migrations: Vec<_> = migrations.collect();
    // One transaction for all of them: a crash leaves the old schema or the new one.
    let Conn::Sqlite(connection) = connection else {
        return Err(StoreError::Corrupt);
    };
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    Migrator::with_migrations(migrations)
        .run(&mut *transaction)
        .await
        .map_err(of_migration)?;
    let versions =
        format!("PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {SCHEMA}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(versions))
        .execute(&mut *transaction)
        .await?;
    transaction.commit().await?;
    Ok(())
}

pub(in crate::store) fn of_migration(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        other => StoreError::Database {
            code: 0,
            detail: other.to_string(),
        },
    }
}

async fn schema_version(connection: &mut Conn) -> Result<u32, StoreError> {
    let version: i64 = query_scalar("PRAGMA user_version")
        .fetch_one(connection)
        .await?;
    Ok(u32::try_from(version).unwrap_or(u32::MAX))
}

/// A key other than the one on record is taken only while nothing depends on the old one.
pub(in crate::store) async fn settle_key(
    connection: &mut Conn,
    dir: &Path,
    key: MasterKey,
) -> Result<Keys, StoreError> {
    let keys = Keys::derive(&key);
    let known = meta::get(connection, meta::KEY_CHECK).await?;
    if known.as_deref() == Some(keys.check().as_slice()) {
        return Ok(keys);
    }
    if known.is_some() && meta::has_personal_data(connection).await? {
        return Err(if key.is_unsaved() {
            StoreError::KeyMissing
        } else {
            StoreError::KeyWrong
        });
    }
    if key.is_unsaved() {
        key.save(dir)?;
    }
    meta::put(connection, meta::KEY_CHECK, keys.check()).await?;
    Ok(keys)
}
