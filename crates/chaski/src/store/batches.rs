//! Batches: who asked for which list, how far it has come, and how to go on after a crash.

use std::sync::Arc;

use chaski_client::Key;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, SqliteConnection};
use uuid::Uuid;

use super::background::BatchChange;
use super::calls::uuid_of;
use super::items::{self, ItemRow, ItemState};
use super::page::rows_of_page;
use super::presence::Presence;
use super::time::instant;
use super::{Backend, Cursor, Page, Store, StoreError};

/// A batch that is about to begin.
#[derive(Debug, Clone)]
pub struct NewBatch {
    /// Its identifier.
    pub id: Uuid,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// What is asked of each number.
    pub operation: &'static str,
    /// Name of the file without its folders.
    pub source_name: String,
    /// Hash of the file's content.
    pub source_hash: [u8; 32],
    /// Canonical text of the options that change the result.
    pub options: String,
    /// Rows of the file, repeated and wrong ones included.
    pub total_rows: u32,
    /// Who asked.
    pub asked_by: String,
    /// The numbers, each once, in the order of their first appearance.
    pub subjects: Vec<Key>,
    /// What is known of some of them already, by position.
    pub settled: Vec<(u32, ItemState)>,
}

/// A batch as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its identifier.
    pub id: Uuid,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When work on it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// How far it has come.
    pub state: BatchState,
    /// Which batches go first.
    pub priority: Priority,
    /// What is asked of each number.
    pub operation: String,
    /// Name of the file.
    pub source_name: String,
    /// Hash of what was handed over.
    pub source_hash: Vec<u8>,
    /// Canonical text of the options.
    pub options: String,
    /// Who asked.
    pub asked_by: String,
    /// Rows of the file.
    pub total_rows: u32,
    /// Different numbers.
    pub unique: u32,
    /// Numbers with an answer.
    pub answered: u32,
    /// Numbers that the upstream refused.
    pub refused: u32,
    /// Numbers that could not be asked.
    pub failed: u32,
    /// Numbers that memory answered.
    pub cache_hits: u32,
    /// Calls that were sent.
    pub calls: u32,
    /// Whose it is, none for the owner of the folder.
    pub key_id: Option<Uuid>,
    /// Its owner wants it to wait.
    pub paused: bool,
}

/// How far a batch has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BatchState {
    /// Accepted, not begun.
    Pending,
    /// Being worked on, or interrupted by a crash.
    Processing,
    /// Ended with numbers that failed or were not asked: it can go on.
    Partial,
    /// All numbers answered or refused.
    Completed,
    /// Ended without a result.
    Failed,
    /// Stopped by its owner.
    Cancelled,
}

/// Which batches go first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Priority {
    /// When nothing else waits.
    Low,
    /// The usual one.
    #[default]
    Normal,
    /// Before the usual ones.
    High,
    /// Before everything.
    Critical,
}

/// What a run adds to the counters of its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchCounters {
    /// Numbers that memory answered.
    pub cache_hits: u32,
    /// Calls that were sent.
    pub calls: u32,
}

impl BatchState {
    const ALL: [BatchState; 6] = [
        BatchState::Pending,
        BatchState::Processing,
        BatchState::Partial,
        BatchState::Completed,
        BatchState::Failed,
        BatchState::Cancelled,
    ];

    /// Stable name, as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            BatchState::Pending => "PENDING",
            BatchState::Processing => "PROCESSING",
            BatchState::Partial => "PARTIAL",
            BatchState::Completed => "COMPLETED",
            BatchState::Failed => "FAILED",
            BatchState::Cancelled => "CANCELLED",
        }
    }

    /// The state of a stored name.
    pub fn parse(name: &str) -> Option<BatchState> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }

    fn has_ended(self) -> bool {
        !matches!(self, BatchState::Pending | BatchState::Processing)
    }
}

impl Priority {
    const ALL: [Priority; 4] = [
        Priority::Low,
        Priority::Normal,
        Priority::High,
        Priority::Critical,
    ];

    /// Stable name, as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Priority::Low => "LOW",
            Priority::Normal => "NORMAL",
            Priority::High => "HIGH",
            Priority::Critical => "CRITICAL",
        }
    }

    /// Its place in the order, as the queue stores it.
    pub(super) fn rank(self) -> u32 {
        match self {
            Priority::Low => 0,
            Priority::Normal => 1,
            Priority::High => 2,
            Priority::Critical => 3,
        }
    }

    pub(super) fn of_rank(rank: u32) -> Option<Priority> {
        Self::ALL.into_iter().find(|known| known.rank() == rank)
    }

    /// The priority of a stored name.
    pub fn parse(name: &str) -> Option<Priority> {
        Self::ALL.into_iter().find(|known| known.as_str() == name)
    }
}

impl Store {
    /// Stores a batch and its numbers in one transaction; durable when this returns.
    pub async fn create_batch(&self, new: NewBatch) -> Result<(), StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let rows = items::rows(&sqlite.keys, &new)?;
        let me = sqlite.presence.id();
        sqlite
            .writer
            .run(move |connection| {
                Box::pin(async move {
                    let id = new.id;
                    create(connection, new, rows).await?;
                    sqlx::query("UPDATE batches SET holder = ?2 WHERE id = ?1")
                        .bind(id.as_bytes().as_slice())
                        .bind(me)
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Takes up a batch that was interrupted; false when another process works on it.
    pub async fn take_up_batch(&self, id: Uuid) -> Result<bool, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let presence = Arc::clone(&sqlite.presence);
        sqlite
            .writer
            .run(move |connection| {
                Box::pin(async move { take_up(connection, id, &presence).await })
            })
            .await
    }

    /// Lets go of a batch that is not worked on for now.
    pub async fn let_go_of_batch(&self, id: Uuid) -> Result<(), StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let me = sqlite.presence.id();
        sqlite
            .writer
            .run(move |connection| {
                Box::pin(async move {
                    sqlx::query("UPDATE batches SET holder = NULL WHERE id = ?1 AND holder = ?2")
                        .bind(id.as_bytes().as_slice())
                        .bind(me)
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Whether another process that lives is working on a list of the same content.
    pub async fn is_being_worked_on(&self, source_hash: &[u8; 32]) -> Result<bool, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut reader = sqlite.readers.reader().await?;
        let holders: Vec<i64> = sqlx::query_scalar(
            "SELECT holder FROM batches INDEXED BY batches_source \
             WHERE source_hash = ?1 AND holder IS NOT NULL",
        )
        .bind(source_hash.as_slice())
        .fetch_all(&mut *reader)
        .await?;
        let me = sqlite.presence.id();
        Ok(holders
            .into_iter()
            .any(|holder| holder != me && sqlite.presence.is_living(holder)))
    }

    /// The latest batch of the same content and options that can go on, and that no other process is
    /// working on.
    pub async fn unfinished_batch(
        &self,
        source_hash: &[u8; 32],
        options: &str,
    ) -> Result<Option<Batch>, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut query = QueryBuilder::new(format!(
            "SELECT {COLUMNS}, holder FROM batches INDEXED BY batches_source \
             WHERE state IN ('PENDING', 'PROCESSING', 'PARTIAL') AND source_hash = "
        ));
        query.push_bind(source_hash.to_vec());
        query.push(" AND options = ").push_bind(options.to_owned());
        query.push(" ORDER BY created_at DESC, seq DESC");
        let mut reader = sqlite.readers.reader().await?;
        for row in query.build().fetch_all(&mut *reader).await? {
            let holder: Option<i64> = row.try_get("holder")?;
            if !is_held_by_another(&sqlite.presence, holder) {
                return Ok(Some(placed_row(&row)?.1));
            }
        }
        Ok(None)
    }

    /// One batch.
    pub async fn batch(&self, id: Uuid) -> Result<Option<Batch>, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut query = QueryBuilder::new(format!("SELECT {COLUMNS} FROM batches WHERE id = "));
        query.push_bind(id.as_bytes().to_vec());
        let mut reader = sqlite.readers.reader().await?;
        let row = query.build().fetch_optional(&mut *reader).await?;
        row.map(|row| Ok(placed_row(&row)?.1)).transpose()
    }

    /// A page of batches, newest first.
    pub async fn batches(
        &self,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<Batch>, StoreError> {
        self.batches_of(None, limit, cursor).await
    }

    /// The same of one key only, or of all without one.
    pub async fn batches_of(
        &self,
        key_id: Option<Uuid>,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<Batch>, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let limit = rows_of_page(limit);
        let mut query = QueryBuilder::new(match key_id {
            None => format!("SELECT {COLUMNS} FROM batches INDEXED BY batches_created WHERE true"),
            Some(_) => {
                format!("SELECT {COLUMNS} FROM batches INDEXED BY batches_of_key WHERE true")
            }
        });
        if let Some(key_id) = key_id {
            query.push(" AND key_id = ");
            query.push_bind(key_id.as_bytes().to_vec());
        }
        if let Some(cursor) = cursor {
            query.push(" AND created_at <= ").push_bind(cursor.at);
            query.push(" AND (created_at < ").push_bind(cursor.at);
            query.push(" OR seq < ").push_bind(cursor.seq).push(")");
        }
        query.push(" ORDER BY created_at DESC, seq DESC LIMIT ");
        query.push_bind(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let mut reader = sqlite.readers.reader().await?;
        let rows = query.build().fetch_all(&mut *reader).await?;
        let rows: Result<Vec<_>, StoreError> = rows.iter().map(placed_row).collect();
        Ok(Page::cut(rows?, limit))
    }

    /// Says that work on a batch begins, or begins again. False when it was cancelled or has
    /// ended for good: then there is nothing to do.
    pub async fn start_batch(&self, id: Uuid, now: Timestamp) -> Result<bool, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        sqlite
            .writer
            .run(move |connection| Box::pin(change(connection, START, id, now)))
            .await
    }

    /// Stops a batch and its job; false when it had already ended. What is answered stays.
    pub async fn cancel_batch(&self, id: Uuid, now: Timestamp) -> Result<bool, StoreError> {
        self.change_background_batch(id, BatchChange::Cancel, now)
            .await
    }

    /// Says how a run of a batch ended and adds its counters. A batch that was cancelled
    /// meanwhile stays so.
    pub async fn finish_batch(
        &self,
        id: Uuid,
        state: BatchState,
        counters: BatchCounters,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let finished_at = state.has_ended().then(|| now.as_microsecond());
        sqlite
            .writer
            .run(move |connection| Box::pin(finish(connection, id, state, counters, finished_at)))
            .await
    }
}

/// The number under which the items of a batch are stored.
pub(super) async fn seq_of(connection: &mut SqliteConnection, id: Uuid) -> Result<i64, StoreError> {
    sqlx::query_scalar("SELECT seq FROM batches WHERE id = ?1")
        .bind(id.as_bytes().as_slice())
        .fetch_optional(connection)
        .await?
        .ok_or(StoreError::NoSuchBatch)
}

fn is_held_by_another(presence: &Presence, holder: Option<i64>) -> bool {
    holder.is_some_and(|holder| holder != presence.id() && presence.is_living(holder))
}

async fn take_up(
    connection: &mut SqliteConnection,
    id: Uuid,
    presence: &Presence,
) -> Result<bool, StoreError> {
    let seq = seq_of(connection, id).await?;
    let holder: Option<i64> = sqlx::query_scalar("SELECT holder FROM batches WHERE seq = ?1")
        .bind(seq)
        .fetch_one(&mut *connection)
        .await?;
    if is_held_by_another(presence, holder) {
        return Ok(false);
    }
    sqlx::query("UPDATE batches SET holder = ?2 WHERE seq = ?1")
        .bind(seq)
        .bind(presence.id())
        .execute(connection)
        .await?;
    Ok(true)
}

pub(super) async fn create(
    connection: &mut SqliteConnection,
    new: NewBatch,
    rows: Vec<ItemRow>,
) -> Result<(), StoreError> {
    let seq = insert(connection, &new).await?;
    items::insert(connection, seq, &rows).await?;
    items::adjust(connection, seq, [0; 3], items::counts(&rows)).await
}

async fn insert(connection: &mut SqliteConnection, new: &NewBatch) -> Result<i64, StoreError> {
    let first = new.subjects.first();
    let operation = first.map_or(new.operation, |key| key.operation);
    let seq = sqlx::query_scalar(
        "INSERT INTO batches (id, created_at, state, priority, operation, \
         key_operation, source_name, source_hash, options, asked_by, total_rows, unique_items) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) RETURNING seq",
    )
    .bind(new.id.as_bytes().as_slice())
    .bind(new.created_at.as_microsecond())
    .bind(BatchState::Pending.as_str())
    .bind(Priority::default().as_str())
    .bind(new.operation)
    .bind(operation)
    .bind(new.source_name.as_str())
    .bind(new.source_hash.as_slice())
    .bind(new.options.as_str())
    .bind(new.asked_by.as_str())
    .bind(new.total_rows)
    .bind(i64::try_from(new.subjects.len()).unwrap_or(i64::MAX))
    .fetch_one(connection)
    .await?;
    Ok(seq)
}

pub(super) async fn change(
    connection: &mut SqliteConnection,
    statement: &'static str,
    id: Uuid,
    now: Timestamp,
) -> Result<bool, StoreError> {
    seq_of(connection, id).await?;
    let changed = sqlx::query(statement)
        .bind(id.as_bytes().as_slice())
        .bind(now.as_microsecond())
        .execute(connection)
        .await?;
    Ok(changed.rows_affected() > 0)
}

async fn finish(
    connection: &mut SqliteConnection,
    id: Uuid,
    state: BatchState,
    counters: BatchCounters,
    finished_at: Option<i64>,
) -> Result<(), StoreError> {
    let changed = sqlx::query(
        "UPDATE batches SET cache_hits = cache_hits + ?2, calls = calls + ?3, holder = NULL, \
         finished_at = CASE state WHEN 'CANCELLED' THEN finished_at ELSE ?4 END, \
         state = CASE state WHEN 'CANCELLED' THEN state ELSE ?5 END WHERE id = ?1",
    )
    .bind(id.as_bytes().as_slice())
    .bind(counters.cache_hits)
    .bind(counters.calls)
    .bind(finished_at)
    .bind(state.as_str())
    .execute(connection)
    .await?;
    match changed.rows_affected() {
        0 => Err(StoreError::NoSuchBatch),
        _ => Ok(()),
    }
}

pub(super) const START: &str = "UPDATE batches SET state = 'PROCESSING', \
     started_at = coalesce(started_at, ?2), finished_at = NULL \
     WHERE id = ?1 AND state IN ('PENDING', 'PROCESSING', 'PARTIAL')";

const COLUMNS: &str = "seq, id, created_at, started_at, finished_at, state, priority, operation, \
                       source_name, options, asked_by, total_rows, unique_items, answered, \
                       refused, failed, cache_hits, calls, key_id, paused, source_hash";

fn placed_row(row: &SqliteRow) -> Result<(Cursor, Batch), StoreError> {
    let created_at: i64 = row.try_get(2)?;
    let place = Cursor {
        at: created_at,
        seq: row.try_get(0)?,
    };
    let batch = Batch {
        id: uuid_of(row.try_get(1)?)?,
        created_at: instant(created_at),
        started_at: row.try_get::<Option<i64>, _>(3)?.map(instant),
        finished_at: row.try_get::<Option<i64>, _>(4)?.map(instant),
        state: BatchState::parse(row.try_get(5)?).ok_or(StoreError::Corrupt)?,
        priority: Priority::parse(row.try_get(6)?).ok_or(StoreError::Corrupt)?,
        operation: row.try_get(7)?,
        source_name: row.try_get(8)?,
        options: row.try_get(9)?,
        asked_by: row.try_get(10)?,
        total_rows: row.try_get(11)?,
        unique: row.try_get(12)?,
        answered: row.try_get(13)?,
        refused: row.try_get(14)?,
        failed: row.try_get(15)?,
        cache_hits: row.try_get(16)?,
        calls: row.try_get(17)?,
        key_id: row
            .try_get::<Option<&[u8]>, _>(18)?
            .map(uuid_of)
            .transpose()?,
        paused: row.try_get(19)?,
        source_hash: row.try_get(20)?,
    };
    Ok((place, batch))
}
