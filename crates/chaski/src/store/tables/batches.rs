//! Batches: who asked for which list, how far it has come, and how to go on after a crash.

use std::sync::Arc;

use chaski_client::Key;
use jiff::Timestamp;
use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::page::{Cursor, Page, rows_of_page};
use crate::store::presence::Presence;
use crate::store::sql::{Builder, Conn, query, query_scalar};
use crate::store::tables::batch_rows::{Batch, COLUMNS, placed_row};
use crate::store::tables::batch_rows::{BatchState, Priority, seq_of};
use crate::store::tables::items;
use crate::store::tables::items::{ItemRow, ItemState};

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

/// What a run adds to the counters of its batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BatchCounters {
    /// Numbers that memory answered.
    pub cache_hits: u32,
    /// Calls that were sent.
    pub calls: u32,
}

impl Store {
    /// Stores a batch and its numbers in one transaction; durable when this returns.
    pub async fn create_batch(&self, new: NewBatch) -> Result<(), StoreError> {
        let rows = items::rows(&self.db.keys, new.id, &new.subjects, &new.settled)?;
        let me = self.db.presence.id();
        self.db
            .write(move |connection| {
                Box::pin(async move {
                    let id = new.id;
                    create(connection, new, rows).await?;
                    query("UPDATE batches SET holder = $2 WHERE id = $1")
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
        let presence = Arc::clone(&self.db.presence);
        self.db
            .write(move |connection| {
                Box::pin(async move { take_up(connection, id, &presence).await })
            })
            .await
    }

    /// Lets go of a batch that is not worked on for now.
    pub async fn let_go_of_batch(&self, id: Uuid) -> Result<(), StoreError> {
        let me = self.db.presence.id();
        self.db
            .write(move |connection| {
                Box::pin(async move {
                    query("UPDATE batches SET holder = NULL WHERE id = $1 AND holder = $2")
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
        let mut reader = self.db.read().await?;
        let holders: Vec<i64> = query_scalar(
            "SELECT holder FROM batches INDEXED BY batches_source \
             WHERE source_hash = $1 AND holder IS NOT NULL",
        )
        .bind(source_hash.as_slice())
        .fetch_all(&mut reader)
        .await?;
        let me = self.db.presence.id();
        Ok(holders
            .into_iter()
            .any(|holder| holder != me && self.db.presence.is_living(holder)))
    }

    /// The latest batch of the same content and options that can go on, and that no other process is
    /// working on.
    pub async fn unfinished_batch(
        &self,
        source_hash: &[u8; 32],
        options: &str,
    ) -> Result<Option<Batch>, StoreError> {
        let mut query = Builder::new(format!(
            "SELECT {COLUMNS}, holder FROM batches INDEXED BY batches_source \
             WHERE state IN ('PENDING', 'PROCESSING', 'PARTIAL') AND source_hash = "
        ));
        query.push_bind(source_hash.to_vec());
        query.push(" AND options = ").push_bind(options.to_owned());
        query.push(" ORDER BY created_at DESC, seq DESC");
        let mut reader = self.db.read().await?;
        for row in query.build().fetch_all(&mut reader).await? {
            let holder: Option<i64> = row.try_get(HOLDER)?;
            if !is_held_by_another(&self.db.presence, holder) {
                return Ok(Some(placed_row(&row)?.1));
            }
        }
        Ok(None)
    }

    /// One batch.
    pub async fn batch(&self, id: Uuid) -> Result<Option<Batch>, StoreError> {
        let mut query = Builder::new(format!("SELECT {COLUMNS} FROM batches WHERE id = "));
        query.push_bind(id.as_bytes().to_vec());
        let mut reader = self.db.read().await?;
        let row = query.build().fetch_optional(&mut reader).await?;
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
        let limit = rows_of_page(limit);
        let mut query = Builder::new(match key_id {
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
        let mut reader = self.db.read().await?;
        let rows = query.build().fetch_all(&mut reader).await?;
        let rows: Result<Vec<_>, StoreError> = rows.iter().map(placed_row).collect();
        Ok(Page::cut(rows?, limit))
    }

    /// Says that work on a batch begins, or begins again. False when it was cancelled or has
    /// ended for good: then there is nothing to do.
    pub async fn start_batch(&self, id: Uuid, now: Timestamp) -> Result<bool, StoreError> {
        self.db
            .write(move |connection| Box::pin(change(connection, START, id, now)))
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
        let finished_at = state.has_ended().then(|| now.as_microsecond());
        self.db
            .write(move |connection| Box::pin(finish(connection, id, state, counters, finished_at)))
            .await
    }
}

/// Column of the holder, after those of a batch.
const HOLDER: usize = 21;

fn is_held_by_another(presence: &Presence, holder: Option<i64>) -> bool {
    holder.is_some_and(|holder| holder != presence.id() && presence.is_living(holder))
}

async fn take_up(connection: &mut Conn, id: Uuid, presence: &Presence) -> Result<bool, StoreError> {
    let seq = seq_of(connection, id).await?;
    let holder: Option<i64> = query_scalar("SELECT holder FROM batches WHERE seq = $1")
        .bind(seq)
        .fetch_one(&mut *connection)
        .await?;
    if is_held_by_another(presence, holder) {
        return Ok(false);
    }
    query("UPDATE batches SET holder = $2 WHERE seq = $1")
        .bind(seq)
        .bind(presence.id())
        .execute(connection)
        .await?;
    Ok(true)
}

pub(in crate::store) async fn create(
    connection: &mut Conn,
    new: NewBatch,
    rows: Vec<ItemRow>,
) -> Result<(), StoreError> {
    let seq = insert(connection, &new).await?;
    items::insert(connection, seq, &rows).await?;
    items::adjust(connection, seq, [0; 3], items::counts(&rows)).await
}

async fn insert(connection: &mut Conn, new: &NewBatch) -> Result<i64, StoreError> {
    let first = new.subjects.first();
    let operation = first.map_or(new.operation, |key| key.operation);
    let seq = query_scalar(
        "INSERT INTO batches (id, created_at, state, priority, operation, \
         key_operation, source_name, source_hash, options, asked_by, total_rows, unique_items) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING seq",
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

pub(in crate::store) async fn change(
    connection: &mut Conn,
    statement: &'static str,
    id: Uuid,
    now: Timestamp,
) -> Result<bool, StoreError> {
    seq_of(connection, id).await?;
    let changed = query(statement)
        .bind(id.as_bytes().as_slice())
        .bind(now.as_microsecond())
        .execute(connection)
        .await?;
    Ok(changed > 0)
}

async fn finish(
    connection: &mut Conn,
    id: Uuid,
    state: BatchState,
    counters: BatchCounters,
    finished_at: Option<i64>,
) -> Result<(), StoreError> {
    let changed = query(
        "UPDATE batches SET cache_hits = cache_hits + $2, calls = calls + $3, holder = NULL, \
         finished_at = CASE state WHEN 'CANCELLED' THEN finished_at ELSE $4 END, \
         state = CASE state WHEN 'CANCELLED' THEN state ELSE $5 END WHERE id = $1",
    )
    .bind(id.as_bytes().as_slice())
    .bind(counters.cache_hits)
    .bind(counters.calls)
    .bind(finished_at)
    .bind(state.as_str())
    .execute(connection)
    .await?;
    match changed {
        0 => Err(StoreError::NoSuchBatch),
        _ => Ok(()),
    }
}

pub(in crate::store) const START: &str = "UPDATE batches SET state = 'PROCESSING', \
     started_at = coalesce(started_at, $2), finished_at = NULL \
     WHERE id = $1 AND state IN ('PENDING', 'PROCESSING', 'PARTIAL')";
