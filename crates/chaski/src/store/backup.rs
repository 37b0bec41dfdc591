//! Copies of the database: taken while others write to it, looked over from end to end, and the
//! folder held alone while one takes its place.

use std::fs::File;
use std::path::{Path, PathBuf};

use sqlx::{ConnectOptions, Connection, SqliteConnection};

use super::open::{APPLICATION_ID, DATABASE_FILE, SCHEMA, claim, options};
use super::seal::{Keys, MasterKey};
use super::{StoreError, meta};

/// What a copy of a database says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// Version of its schema.
    pub schema: u32,
    /// Calls on record in it.
    pub calls: u64,
    /// Answers and refusals in it.
    pub answers: u64,
    /// Whether something in it is sealed.
    pub has_personal_data: bool,
    key_check: Option<Vec<u8>>,
}

impl Snapshot {
    /// Whether this is the key that the copy was sealed with; any key will do while nothing is.
    pub fn opens_with(&self, key: &MasterKey) -> bool {
        let check = *Keys::derive(key).check();
        !self.has_personal_data || self.key_check.as_deref() == Some(check.as_slice())
    }
}

/// Copies the database of a folder to a new file: what was committed when it began, however much
/// others write meanwhile. Nothing in the folder is changed.
pub async fn snapshot(dir: &Path, to: &Path) -> Result<(), StoreError> {
    let file = dir.join(DATABASE_FILE);
    let told = |error: StoreError| error.about(&file);
    let mut connection = options(&file)
        .read_only(true)
        .connect()
        .await
        .map_err(|error| told(error.into()))?;
    let copied = copy(&mut connection, to).await.map_err(told);
    // It only read: there is nothing that closing could lose.
    drop(connection.close().await);
    copied
}

async fn copy(connection: &mut SqliteConnection, to: &Path) -> Result<(), StoreError> {
    let to = to.to_str().ok_or_else(|| StoreError::ReadOnly {
        path: to.to_owned(),
    })?;
    sqlx::query("VACUUM INTO ?1")
        .bind(to)
        .execute(connection)
        .await?;
    Ok(())
}

/// Looks a copy over: that it is ours, not newer than this program, and whole.
pub async fn inspect(file: &Path) -> Result<Snapshot, StoreError> {
    let told = |error: StoreError| error.about(file);
    let mut connection = options(file)
        .read_only(true)
        // A copy that nobody writes to: nothing is left beside it.
        .immutable(true)
        .connect()
        .await
        .map_err(|error| told(error.into()))?;
    let inspected = look_over(&mut connection).await.map_err(told);
    drop(connection.close().await);
    inspected
}

async fn look_over(connection: &mut SqliteConnection) -> Result<Snapshot, StoreError> {
    let application: i32 = sqlx::query_scalar("PRAGMA application_id")
        .fetch_one(&mut *connection)
        .await?;
    if application != APPLICATION_ID {
        return Err(StoreError::NotOurs {
            path: PathBuf::new(),
        });
    }
    let schema: i64 = sqlx::query_scalar("PRAGMA user_version")
        .fetch_one(&mut *connection)
        .await?;
    let schema = u32::try_from(schema).unwrap_or(u32::MAX);
    if schema > SCHEMA {
        return Err(StoreError::NewerSchema {
            found: schema,
            known: SCHEMA,
        });
    }
    let verdict: String = sqlx::query_scalar("PRAGMA integrity_check(1)")
        .fetch_one(&mut *connection)
        .await?;
    if verdict != "ok" {
        return Err(StoreError::Corrupt);
    }
    let (calls, answers): (i64, i64) =
        sqlx::query_as("SELECT (SELECT count(*) FROM calls), (SELECT count(*) FROM answers)")
            .fetch_one(&mut *connection)
            .await?;
    Ok(Snapshot {
        schema,
        calls: calls.cast_unsigned(),
        answers: answers.cast_unsigned(),
        has_personal_data: meta::has_personal_data(connection).await?,
        key_check: meta::get(connection, meta::KEY_CHECK).await?,
    })
}

/// A folder that nobody else has open, or can open until this is dropped.
pub struct Held(#[expect(dead_code, reason = "it is the lock; dropping it lets go")] File);

/// Holds a folder; [`StoreError::Locked`] when somebody has it open.
pub fn hold(dir: &Path) -> Result<Held, StoreError> {
    claim(dir, File::try_lock).map(Held)
}
