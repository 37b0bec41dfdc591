//! What opening is with either database: the version of the schema, and the key.

use std::fs::File;
use std::path::Path;

use sqlx::SqlSafeStr as _;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::error::StoreError;
use super::presence::Presence;
use super::seal::{Keys, MasterKey};
use super::sql::{Conn, Options};
use super::tables::meta;

/// A migration in the program: its number, its name, its statements.
pub(super) type Embedded = (i64, &'static str, &'static str);

macro_rules! embedded {
    ($number:literal, $name:literal, $file:literal) => {
        (
            $number,
            $name,
            include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/", $file)),
        )
    };
}
/// The folder's own database.
pub(super) const SQLITE: &[Embedded] = &[
    embedded!(1, "start", "sqlite/0001_start.sql"),
    embedded!(2, "keys", "sqlite/0002_keys.sql"),
    embedded!(3, "jobs", "sqlite/0003_jobs.sql"),
    embedded!(4, "partners", "sqlite/0004_partners.sql"),
    embedded!(5, "purpose", "sqlite/0005_purpose.sql"),
    embedded!(6, "companies", "sqlite/0006_companies.sql"),
    embedded!(7, "once", "sqlite/0007_once.sql"),
    embedded!(8, "days", "sqlite/0008_days.sql"),
    embedded!(9, "processes", "sqlite/0009_processes.sql"),
    embedded!(10, "brought", "sqlite/0010_brought.sql"),
    embedded!(12, "closed", "sqlite/0012_closed.sql"),
    embedded!(13, "providers", "sqlite/0013_providers.sql"),
    embedded!(14, "callers", "sqlite/0014_callers.sql"),
    embedded!(15, "lists", "sqlite/0015_lists.sql"),
    embedded!(16, "issuers", "sqlite/0016_issuers.sql"),
    embedded!(17, "documents", "sqlite/0017_documents.sql"),
    embedded!(18, "due", "sqlite/0018_due.sql"),
];

/// Whatever `SQLite`'s files had brought about by then is in the first one.
pub(super) const POSTGRES: &[Embedded] = &[
    embedded!(13, "start", "postgres/0013_start.sql"),
    embedded!(14, "callers", "postgres/0014_callers.sql"),
    embedded!(15, "lists", "postgres/0015_lists.sql"),
    embedded!(16, "issuers", "postgres/0016_issuers.sql"),
    embedded!(17, "documents", "postgres/0017_documents.sql"),
    embedded!(18, "due", "postgres/0018_due.sql"),
];

/// Newest schema this program knows: the number of the last migration.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a small number"
)]
pub(super) const SCHEMA: u32 = SQLITE[SQLITE.len() - 1].0 as u32;

pub(super) fn migrator(embedded: &[Embedded]) -> Migrator {
    let migration = |(number, name, sql): &Embedded| {
        let kind = MigrationType::Simple;
        Migration::new(*number, (*name).into(), kind, sql.into_sql_str(), false)
    };
    let migrations: Vec<_> = embedded.iter().map(migration).collect();
    Migrator::with_migrations(migrations)
}

/// What an open folder gives.
pub(super) struct Opened {
    pub(super) writer: Conn,
    pub(super) reader_options: Options,
    pub(super) keys: Keys,
    pub(super) in_use: File,
    pub(super) presence: Presence,
}

/// A key that was just made up is saved before there is any database, so that a database never
/// exists without its key.
pub(super) fn prepare_key(
    dir: &Path,
    has_database: bool,
    key: MasterKey,
) -> Result<MasterKey, StoreError> {
    if !key.is_unsaved() {
        return Ok(key);
    }
    // Another process may have created the folder since this key was made up.
    if let Some(saved) = MasterKey::load(dir)? {
        return Ok(saved);
    }
    if has_database {
        return Ok(key);
    }
    key.save(dir)
}

pub(super) fn of_migration(error: MigrateError) -> StoreError {
    match error {
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
        other => StoreError::other(other.to_string()),
    }
}

/// A key other than the one on record is taken only while nothing depends on the old one.
pub(super) async fn accept_key(
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
