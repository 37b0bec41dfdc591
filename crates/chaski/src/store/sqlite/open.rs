//! Opening the data folder: its permissions, whose database it is, its schema, its key. Every
//! way in which that can go wrong is one error of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};

use crate::private;
use crate::sabotage::{Protection, is_without};
use crate::store::documents::earlier::mark_earlier_notes;
use crate::store::error::StoreError;
use crate::store::fault::PostgresFault;
use crate::store::folder::{DATABASE_FILE, claim, lock_folder, prepare_folder};
use crate::store::mark::Mark;
use crate::store::opening::{
    Opened, SCHEMA, SQLITE, accept_key, migrator, of_migration, prepare_key,
};
use crate::store::presence::Presence;
use crate::store::seal::{KEY_FILE, Keys, MasterKey};
use crate::store::sql::{Conn, Options, query};
use crate::store::tables::asking;

/// `CHSK`: tells our files from those of other programs.
const APPLICATION_ID: i32 = 0x4348_534b;

/// How long a statement waits for another process before it fails.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

pub(in crate::store) async fn open(dir: &Path, key: MasterKey) -> Result<Opened, StoreError> {
    let file = dir.join(DATABASE_FILE);
    prepare_folder(dir)?;
    if let Some(Mark { place, .. }) = Mark::read(dir)? {
        return Err(StoreError::Postgres(PostgresFault::Elsewhere(place)));
    }
    // Two processes that open a new folder at the same time must not both create it.
    let opening = lock_folder(dir).await?;
    let in_use = claim(dir, File::try_lock_shared)?;
    let is_new = is_new(dir, &file)?;
    let key = prepare_key(dir, file.exists(), key)?;
    if is_new {
        create(dir, &file).await?;
    }
    let opened = open_database(dir, &file, key).await;
    let (mut writer, reader_options, keys) = opened.map_err(|error| match error.about(&file) {
        StoreError::NotOurs(path) => not_ours(dir, &path),
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
    let keys = accept_key(&mut writer, dir, key).await?;
    mark_earlier_notes(&mut writer, &keys).await?;
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
                return Err(StoreError::Damaged(path.to_owned()));
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
        return Err(StoreError::Damaged(path.to_owned()));
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
        return Err(StoreError::Damaged(path.to_owned()));
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
        StoreError::Damaged(path)
    } else {
        StoreError::NotOurs(path)
    }
}

/// Creates the database beside its place and puts it there whole, so that an empty one in that
/// place is never ours, whenever the process is killed.
async fn create(dir: &Path, file: &Path) -> Result<(), StoreError> {
    let draft = dir.join(DRAFT_FILE);
    begin_draft(&draft).await?.close().await?;
    end_draft(dir, &draft, file)
}

/// Where a database is made that is not there yet.
pub(in crate::store) const DRAFT_FILE: &str = "chaski.db.nueva";

/// An empty database of ours in a new file. What is cut short is made anew, so nothing needs to be
/// durable until its end.
pub(in crate::store) async fn begin_draft(draft: &Path) -> Result<Conn, StoreError> {
    // SQLite gives its mode to the log too.
    private::to_write()
        .create(true)
        .truncate(true)
        .open(draft)
        .map_err(|error| StoreError::of_file(draft, &error))?;
    let mut connection = connect(&options(draft)).await?;
    // Auto-vacuum is only possible before the first table exists; it lets pruning give space back.
    connection.run("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF")
    .await?;
    bring_up_to_date(&mut connection).await?;
    Ok(connection)
}

/// Puts a database that was closed in its place.
pub(in crate::store) fn end_draft(dir: &Path, draft: &Path, file: &Path) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| StoreError::of_file(draft, &error);
    // Not every system syncs a file that was opened to be read.
    private::to_write()
        .open(draft)
        .and_then(|it| it.sync_all())
        .map_err(failed)?;
    fs::rename(draft, file).map_err(failed)?;
    private::sync_folder(dir).map_err(failed)
}

/// The header on disk may be older than the WAL, so the database itself is asked too, before
/// anything is changed in it.
pub(in crate::store) async fn refuse_foreign(connection: &mut Conn) -> Result<(), StoreError> {
    let application: i32 = query("PRAGMA application_id")
        .fetch_one(&mut *connection)
        .await?;
    if application != APPLICATION_ID {
        return Err(StoreError::NotOurs(PathBuf::new()));
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
    let mode: String = query("PRAGMA journal_mode = WAL")
        .fetch_one(&mut *connection)
        .await?;
    if mode != "wal" {
        return Err(StoreError::other(format!(
            "the file system does not support WAL (journal mode {mode})"
        )));
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
        .await?;
    if is_without(Protection::FullSync) {
        connection.run("PRAGMA synchronous = NORMAL").await?;
    }
    Ok(())
}

pub(in crate::store) async fn bring_up_to_date(connection: &mut Conn) -> Result<(), StoreError> {
    if schema_version(connection).await? == SCHEMA {
        return Ok(());
    }
    // One transaction for all of them: a crash leaves the old schema or the new one.
    let Conn::Sqlite(connection) = connection else {
        return Err(StoreError::Corrupt);
    };
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    migrator(SQLITE)
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

pub(in crate::store) async fn schema_version(connection: &mut Conn) -> Result<u32, StoreError> {
    let version: i64 = query("PRAGMA user_version").fetch_one(connection).await?;
    Ok(u32::try_from(version).unwrap_or(u32::MAX))
}
