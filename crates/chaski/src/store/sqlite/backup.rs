//! Copies of the database: taken while others write to it, looked over from end to end, and the
//! folder held alone while one takes its place.

use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::store::error::StoreError;
use crate::store::folder::{DATABASE_FILE, IN_USE_FILE, claim};
use crate::store::seal::{Keys, MasterKey};
use crate::store::sql::{Conn, query};
use crate::store::sqlite::open::{connect, options, refuse_foreign, schema_version};
use crate::store::tables::meta;

/// Newest schema of which there are copies without a seal; whatever wrote a newer one sealed it.
pub const UNSEALED_SCHEMA: u32 = 7;

/// What a folder remembers of the last copy that was taken of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LastBackup {
    /// When.
    pub at: Timestamp,
    /// Where it was written to.
    pub path: PathBuf,
}

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
    /// Whether anything was issued from it.
    pub has_documents: bool,
    key_check: Option<Vec<u8>>,
}

impl Snapshot {
    /// Whether this is the key that the copy was sealed with; any key will do while nothing is.
    pub fn opens_with(&self, key: &MasterKey) -> bool {
        let check = *Keys::derive(key).check();
        !self.has_personal_data || self.key_check.as_deref() == Some(check.as_slice())
    }

    /// An error when it is another key.
    pub fn demand(&self, key: &MasterKey) -> Result<(), StoreError> {
        if self.opens_with(key) {
            return Ok(());
        }
        Err(StoreError::KeyWrong)
    }
}

/// Copies the database of a folder to a new file: what was committed when it began, however much
/// others write meanwhile. Nothing in the folder is changed.
pub async fn snapshot(dir: &Path, to: &Path) -> Result<(), StoreError> {
    let file = dir.join(DATABASE_FILE);
    let told = |error: StoreError| error.about(&file);
    let mut connection = connect(&options(&file).read_only(true))
        .await
        .map_err(told)?;
    let copied = copy(&mut connection, to).await.map_err(told);
    // It only read: there is nothing that closing could lose.
    drop(connection.close().await);
    copied
}

async fn copy(connection: &mut Conn, to: &Path) -> Result<(), StoreError> {
    let to = to
        .to_str()
        .ok_or_else(|| StoreError::ReadOnly(to.to_owned()))?;
    query("VACUUM INTO $1").bind(to).execute(connection).await?;
    Ok(())
}

/// Looks a copy over: that it is ours, not newer than this program, and whole.
pub async fn inspect(file: &Path) -> Result<Snapshot, StoreError> {
    let told = |error: StoreError| error.about(file);
    // A copy that nobody writes to: nothing is left beside it.
    let mut connection = connect(&options(file).read_only(true).immutable(true))
        .await
        .map_err(told)?;
    let inspected = look_over(&mut connection).await.map_err(told);
    drop(connection.close().await);
    inspected
}

async fn look_over(connection: &mut Conn) -> Result<Snapshot, StoreError> {
    refuse_foreign(connection).await?;
    let schema = schema_version(connection).await?;
    // Ours has neither: somebody put them there to do something at the next write.
    let strange: i64 =
        query("SELECT count(*) FROM sqlite_schema WHERE type IN ('trigger', 'view')")
            .fetch_one(&mut *connection)
            .await?;
    if strange > 0 {
        return Err(StoreError::Corrupt);
    }
    let verdict: String = query("PRAGMA integrity_check(1)")
        .fetch_one(&mut *connection)
        .await?;
    if verdict != "ok" {
        return Err(StoreError::Corrupt);
    }
    let (calls, answers) =
        query("SELECT (SELECT count(*) FROM calls), (SELECT count(*) FROM answers)")
            .fetch_one(&mut *connection)
            .await?;
    Ok(Snapshot {
        schema,
        calls,
        answers,
        has_personal_data: meta::has_personal_data(connection).await?,
        has_documents: meta::has_documents(connection).await?,
        key_check: meta::get(connection, meta::KEY_CHECK).await?,
    })
}

/// Notes in a folder that a copy of it was taken.
pub async fn note_backup(dir: &Path, taken: &LastBackup) -> Result<(), StoreError> {
    let file = dir.join(DATABASE_FILE);
    let note = serde_json::to_vec(taken).unwrap_or_default();
    let mut connection = connect(&options(&file))
        .await
        .map_err(|error| error.about(&file))?;
    let noted = meta::put(&mut connection, meta::LAST_BACKUP, &note).await;
    drop(connection.close().await);
    noted.map_err(|error| error.about(&file))
}

/// Whether a process has a folder open at this moment.
pub fn is_in_use(dir: &Path) -> bool {
    let Ok(file) = File::open(dir.join(IN_USE_FILE)) else {
        return false;
    };
    matches!(file.try_lock(), Err(TryLockError::WouldBlock))
}

/// A folder that nobody else has open, or can open until this is dropped.
pub struct Held(#[expect(dead_code, reason = "it is the lock; dropping it lets go")] File);

/// Holds a folder; [`StoreError::Locked`] when somebody has it open.
pub fn hold(dir: &Path) -> Result<Held, StoreError> {
    claim(dir, File::try_lock).map(Held)
}
