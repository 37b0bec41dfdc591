//! `PostgreSQL`: a server that is not ours, so it is looked over before anything is trusted to it.

use std::fs::File;
use std::path::{Path, PathBuf};

use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, SqlSafeStr};

use super::error::StoreError;
use super::folder;
use super::opening::{self, Opened, SCHEMA};
use super::presence::Presence;
use super::seal::MasterKey;
use super::sql::{Conn, Options, query_scalar};
use super::sqlite::housekeeping::Sizes;
use super::tables::asking;

/// Whatever `SQLite`'s files had brought about by then is in the first one.
const MIGRATIONS: &[(i64, &str, &str)] = &[(
    13,
    "start",
    include_str!("../../../migrations/postgres/0013_start.sql"),
)];

/// The oldest server whose behaviour the tests have seen.
const OLDEST: i64 = 150_000;

/// Opens a database, creating its tables where it has none.
pub(super) async fn open(url: &str, dir: &Path, key: MasterKey) -> Result<Opened, StoreError> {
    let options: PgConnectOptions = url
        .parse()
        .map_err(|_| refused("not a URL of PostgreSQL"))?;
    let options = options
        .application_name("chaski")
        .disable_statement_logging();
    folder::prepare_folder(dir)?;
    let opening = folder::lock_folder(dir).await?;
    let in_use = folder::claim(dir, File::try_lock_shared)?;
    // What stands beside it is no database: whether the key is the right one is asked below.
    let key = opening::prepare_key(dir, &dir.join(folder::DATABASE_FILE), key)?;
    let mut writer = Options::Postgres(options.clone()).connect().await?;
    refuse_unsafe(&mut writer).await?;
    bring_up_to_date(&options, &mut writer).await?;
    let keys = opening::settle_key(&mut writer, dir, key).await?;
    let presence = Presence::enter(dir)?;
    asking::clear(&mut writer, &presence).await?;
    drop(opening);
    Ok(Opened {
        writer,
        reader_options: Options::Postgres(options),
        keys,
        in_use,
        presence,
    })
}

/// An error where the server forgets what it has confirmed, cannot hold every text, or is older
/// than what was tried.
pub(super) async fn refuse_unsafe(connection: &mut Conn) -> Result<(), StoreError> {
    let setting = async |connection: &mut Conn, name: &'static str| -> Result<String, StoreError> {
        let query = query_scalar("SELECT current_setting($1)").bind(name);
        query.fetch_one(connection).await
    };
    let version = setting(connection, "server_version_num").await?;
    if version.parse().unwrap_or(0_i64) < OLDEST {
        return Err(refused("the server is older than PostgreSQL 15"));
    }
    if setting(connection, "server_encoding").await? != "UTF8" {
        return Err(refused("the encoding of the database is not UTF8"));
    }
    if setting(connection, "fsync").await? != "on" {
        return Err(refused(
            "the server runs with fsync = off and would lose data",
        ));
    }
    if setting(connection, "synchronous_commit").await? == "off" {
        return Err(refused(
            "the server runs with synchronous_commit = off and would lose what it confirmed",
        ));
    }
    Ok(())
}

async fn bring_up_to_date(
    options: &PgConnectOptions,
    connection: &mut Conn,
) -> Result<(), StoreError> {
    let has = async |connection: &mut Conn, which: &'static str| -> Result<bool, StoreError> {
        query_scalar(which).fetch_one(connection).await
    };
    if has(
        connection,
        "SELECT to_regclass('_sqlx_migrations') IS NOT NULL",
    )
    .await?
    {
        let found: Option<i64> = query_scalar("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(connection)
            .await?;
        let found = u32::try_from(found.unwrap_or(0)).unwrap_or(u32::MAX);
        if found > SCHEMA {
            return Err(StoreError::NewerSchema {
                found,
                known: SCHEMA,
            });
        }
    } else if has(
        connection,
        "SELECT EXISTS (SELECT 1 FROM pg_tables WHERE schemaname = current_schema())",
    )
    .await?
    {
        return Err(StoreError::NotOurs {
            path: PathBuf::from(options.get_database().unwrap_or_default()),
        });
    }
    let migrations = MIGRATIONS.iter().map(|(version, name, sql)| {
        let kind = MigrationType::Simple;
        Migration::new(*version, (*name).into(), kind, sql.into_sql_str(), false)
    });
    let migrations: Vec<_> = migrations.collect();
    let mut connection = options.connect().await?;
    // It locks, so that of two that come at once one waits.
    Migrator::with_migrations(migrations)
        .run(&mut connection)
        .await
        .map_err(opening::of_migration)
}

/// Whether this process is the one that serves, from now on until the connection ends.
pub(super) async fn hold_as_server(connection: &mut Conn) -> Result<bool, StoreError> {
    query_scalar("SELECT pg_try_advisory_lock(4850183747632906828)")
        .fetch_one(connection)
        .await
}

/// Lets the server write over what was deleted. Its log is the server's own affair.
pub(super) async fn vacuum(connection: &mut Conn) -> Result<(), StoreError> {
    connection
        .run("VACUUM answers, calls, call_bodies, batch_items, batch_inputs, jobs, partners, idempotency")
        .await
}

pub(super) async fn sizes(connection: &mut Conn) -> Result<Sizes, StoreError> {
    let database: i64 = query_scalar("SELECT pg_database_size(current_database())")
        .fetch_one(connection)
        .await?;
    Ok(Sizes {
        database: database.cast_unsigned(),
        log: 0,
        free: 0,
    })
}

fn refused(why: &str) -> StoreError {
    StoreError::Database {
        code: 0,
        detail: why.to_owned(),
    }
}
