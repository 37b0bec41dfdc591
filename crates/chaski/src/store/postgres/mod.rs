//! `PostgreSQL`: what is only its own. A database holds both sides of one data folder, each in a
//! schema of its own: the tables keep their names, no statement says which side it means, and each
//! side can be copied, moved or set aside alone.

pub(super) mod address;
pub(super) mod checks;
pub(super) mod seat;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sqlx::ConnectOptions as _;
use sqlx::postgres::PgConnectOptions;

use self::checks::refuse_unsafe;
use self::seat::Seat;
use super::documents::earlier::mark_earlier_notes;
use super::error::StoreError;
use super::fault::PostgresFault;
use super::folder;
use super::mark::Mark;
use super::opening::{self, Opened, SCHEMA};
use super::presence::Presence;
use super::seal::MasterKey;
use super::sql::{Conn, Options, query};
use super::sqlite::housekeeping::Sizes;
use super::tables::{asking, meta};

/// Opens a side of a database, creating its tables where it has none.
pub(super) async fn open(
    url: &str,
    schema: &'static str,
    dir: &Path,
    key: MasterKey,
) -> Result<(Opened, Arc<Seat>), StoreError> {
    let options = address::options(url, schema)?;
    folder::prepare_folder(dir)?;
    let opening = folder::lock_folder(dir).await?;
    let in_use = folder::claim(dir, File::try_lock_shared)?;
    let mark = Mark::read(dir)?;
    let mut writer = connect(&options).await?;
    let has_data = begun(&mut writer).await?;
    if !has_data && (mark.is_some() || dir.join(folder::DATABASE_FILE).exists()) {
        return Err(StoreError::Postgres(PostgresFault::Empty));
    }
    let place = address::place_of(&options);
    let is_noted = mark.as_ref().is_some_and(|mark| mark.place == place);
    let mark = match mark {
        Some(mark) => Mark { place, ..mark },
        None => Mark::new(place)?,
    };
    let seat = Seat::take(&mut writer, schema, mark.folder).await?;
    let key = opening::prepare_key(dir, has_data, key)?;
    bring_up_to_date(&options, schema, &mut writer).await?;
    let keys = opening::accept_key(&mut writer, dir, key).await?;
    mark_earlier_notes(&mut writer, &keys).await?;
    if !is_noted {
        mark.write(dir)?;
    }
    let presence = Presence::enter(dir)?;
    asking::clear(&mut writer, &presence).await?;
    meta::clear_groups(&mut writer, &presence).await?;
    drop(opening);
    let opened = Opened {
        writer,
        reader_options: Options::Postgres(options),
        keys,
        in_use,
        presence,
    };
    Ok((opened, seat))
}

/// A connection to a server that can be trusted.
pub(super) async fn connect(options: &PgConnectOptions) -> Result<Conn, StoreError> {
    let mut connection = Options::Postgres(options.clone()).connect().await?;
    refuse_unsafe(&mut connection).await?;
    Ok(connection)
}

/// Whether something was ever kept there; an error when it is somebody else's.
pub(super) async fn begun(connection: &mut Conn) -> Result<bool, StoreError> {
    let tables: Vec<String> =
        query("SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = current_schema()")
            .fetch_all(connection)
            .await?;
    let has = |name: &str| tables.iter().any(|table| table == name);
    if !tables.is_empty() && !has("_sqlx_migrations") {
        return Err(StoreError::NotOurs(PathBuf::from("PostgreSQL")));
    }
    if !has("meta") {
        return Ok(false);
    }
    // A run that was cut short leaves tables with nothing in them.
    Ok(meta::get(connection, meta::KEY_CHECK).await?.is_some())
}

/// Makes the schema and its tables, or brings them up to date.
pub(super) async fn bring_up_to_date(
    options: &PgConnectOptions,
    schema: &'static str,
    connection: &mut Conn,
) -> Result<(), StoreError> {
    let has_schema: bool = query("SELECT current_schema() IS NOT NULL")
        .fetch_one(connection)
        .await?;
    if !has_schema {
        connection
            .run(format!("CREATE SCHEMA IF NOT EXISTS {schema}"))
            .await?;
    }
    let has_tables: bool = query("SELECT to_regclass('_sqlx_migrations') IS NOT NULL")
        .fetch_one(connection)
        .await?;
    if has_tables {
        let found: Option<i64> = query("SELECT max(version) FROM _sqlx_migrations")
            .fetch_one(connection)
            .await?;
        let found = u32::try_from(found.unwrap_or(0)).unwrap_or(u32::MAX);
        if found > SCHEMA {
            return Err(StoreError::NewerSchema {
                found,
                known: SCHEMA,
            });
        }
    }
    let mut connection = options.connect().await?;
    // It locks, so that of two that come at once one waits.
    opening::migrator(opening::POSTGRES)
        .run(&mut connection)
        .await
        .map_err(opening::of_migration)
}

/// Lets the server write over what was deleted. Its log is the server's own affair.
pub(super) async fn vacuum(connection: &mut Conn) -> Result<(), StoreError> {
    connection
        .run("VACUUM answers, calls, call_bodies, batch_items, batch_inputs, jobs, partners, idempotency")
        .await
}

pub(super) async fn sizes(connection: &mut Conn) -> Result<Sizes, StoreError> {
    Ok(Sizes {
        database: query("SELECT pg_database_size(current_database())")
            .fetch_one(connection)
            .await?,
        log: 0,
        free: 0,
    })
}

/// What a database on a server is, for the doctor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerFacts {
    /// Machine and database.
    pub place: String,
    /// Version of the server.
    pub version: String,
    /// The process that serves, by the name of its connection.
    pub served_by: Option<String>,
    /// The machine of that process, where it is another one.
    pub served_from: Option<String>,
}

pub(super) async fn facts(dir: &Path, connection: &mut Conn) -> Result<ServerFacts, StoreError> {
    let place = Mark::read(dir)?.map_or_else(String::new, |mark| mark.place);
    let version = checks::setting(connection, "server_version").await?;
    let server = seat::server(connection).await?;
    let (served_by, served_from) = server.map_or((None, None), |(name, from)| (Some(name), from));
    Ok(ServerFacts {
        place,
        version,
        served_by,
        served_from,
    })
}

/// Whether the other side of the database, of that schema, was ever begun, and had keys.
pub(super) async fn other_side(
    connection: &mut Conn,
    schema: &'static str,
) -> Result<Option<bool>, StoreError> {
    let there: bool = query("SELECT to_regclass($1 || '.meta') IS NOT NULL")
        .bind(schema)
        .fetch_one(&mut *connection)
        .await?;
    if !there {
        return Ok(None);
    }
    let which = schema;
    let statement = format!("SELECT EXISTS (SELECT 1 FROM {which}.meta WHERE name = $1)");
    let mut has = async |name: &'static str| -> Result<bool, StoreError> {
        query(statement.clone())
            .bind(name)
            .fetch_one(&mut *connection)
            .await
    };
    let begun = has(meta::KEY_CHECK).await?;
    let had_keys = has(meta::HAD_KEYS).await?;
    Ok(begun.then_some(had_keys))
}
