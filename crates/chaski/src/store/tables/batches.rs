//! Batches: who asked for which list, and how far it has come.
//!
//! A batch, its numbers and its job are stored in one transaction and change together. Whoever works
//! on it, a server or a command, holds the job by a [`Claim`] and writes under its fence. What its
//! owner wants of it raises the fence, and the next write of whoever works on it changes nothing.

use std::sync::Arc;

use jiff::Timestamp;
use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::page::{Cursor, Page};
use crate::store::seal::SealedPlace;
use crate::store::sql::{Conn, Record, StoredRow, deed, query};
use crate::store::tables::batch_inputs;
use crate::store::tables::batch_rows::{Batch, BatchState, seq_of};
use crate::store::tables::claims::{self, Claim};
use crate::store::tables::items::{self, NewItems};
use crate::store::tables::jobs::{self, Job, JobEnd};
use crate::store::tables::once::{self, Once, OnceRow};

/// A batch that is about to begin. Its identifier, its owner and its priority are those of its job.
#[derive(Debug, Clone)]
pub struct NewBatch {
    /// What is asked of each number.
    pub operation: &'static str,
    /// Name of the file without its folders.
    pub source_name: String,
    /// What tells its list from others.
    pub source_hash: [u8; 32],
    /// Canonical text of the options that change the result.
    pub options: String,
    /// Rows of the file, repeated and wrong ones included.
    pub total_rows: u32,
    /// The numbers, and what is known of some of them already.
    pub items: NewItems,
    /// How many of those memory answered.
    pub cache_hits: u32,
    /// The list as it was handed over, which is sealed; none where its file can be read again.
    pub input: Option<Vec<u8>>,
    /// The request that hands it over, where it may come again.
    pub once: Option<Once>,
    /// The job that works on it; one that runs already is this process's.
    pub job: Job,
}

/// What was changed by its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchChange {
    /// Work stops until it is resumed.
    Pause,
    /// A worker goes on with it.
    Resume,
    /// Work stops for good; what is answered stays.
    Cancel,
    /// A worker asks for the failed numbers again.
    Retry,
}

/// What there is of a list that was handed over before.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SameList {
    /// The latest batch of it that can go on, and that no living process works on.
    pub unfinished: Option<Batch>,
    /// Another process works on one.
    pub under_way: bool,
}

const COLUMNS: &str = Batch::COLUMNS;

impl Store {
    /// Stores a batch, its numbers, its list and its job in one transaction; durable when this
    /// returns.
    pub async fn create_batch(&self, new: NewBatch) -> Result<(), StoreError> {
        let id = new.job.batch.ok_or(StoreError::NoSuchBatch)?;
        let seal = |input: &Vec<u8>| self.keys.seal(&SealedPlace::Input(id), input);
        let sealed = new.input.as_ref().map(seal).transpose()?;
        let request = new.once.as_ref();
        let request = request.map(|once| OnceRow::of(&self.keys, once));
        let (me, keys) = (self.presence.id(), Arc::clone(&self.keys));
        self.write(deed!(|connection| {
            once::refuse_second(connection, request.as_ref()).await?;
            let seq = insert(connection, id, &new).await?;
            let counts = items::insert(connection, &keys, (id, seq), &new.items).await?;
            items::adjust(connection, seq, [0; 3], counts, new.cache_hits).await?;
            if let Some(sealed) = sealed {
                batch_inputs::insert(connection, seq, sealed).await?;
            }
            jobs::enqueue(connection, &new.job, me).await?;
            once::note(connection, request.as_ref(), id).await
        }))
        .await
    }

    /// What there is of a list that a command or a gateway without keys was given before, under
    /// either of two pairs of hash and options.
    pub async fn same_list(&self, names: &[([u8; 32], String); 2]) -> Result<SameList, StoreError> {
        let mut query = query(format!(
            "SELECT {COLUMNS}, (SELECT holder FROM jobs WHERE jobs.batch = batches.id \
             AND jobs.state = 'RUNNING') AS holder FROM batches INDEXED BY batches_source \
             WHERE key_id IS NULL AND state IN ('PENDING', 'PROCESSING', 'PARTIAL', 'FAILED') \
             AND source_hash IN ("
        ));
        let [(hash, options), (other_hash, other_options)] = names;
        query.push_bind(hash.to_vec());
        query.push(", ").push_bind(other_hash.to_vec());
        query.push(") AND options IN (").push_bind(options.clone());
        query.push(", ").push_bind(other_options.clone());
        query.push(") ORDER BY created_at DESC, seq DESC");
        let mut reader = self.read().await?;
        let mut same = SameList::default();
        for row in query.fetch_all::<StoredRow>(&mut reader).await? {
            let holder: Option<i64> = row.try_get("holder")?;
            if holder.is_some_and(|holder| self.presence.is_another(holder)) {
                same.under_way = true;
            } else if same.unfinished.is_none() {
                same.unfinished = Some(Batch::of(row)?);
            }
        }
        Ok(same)
    }

    /// The newest batch of a list, by its hash and its options, that has not ended; of one key, or of nobody's.
    pub async fn list_under_way(
        &self,
        key_id: Option<Uuid>,
        (hash, options): &([u8; 32], String),
    ) -> Result<Option<Batch>, StoreError> {
        let mut query = query(format!(
            "SELECT {COLUMNS} FROM batches INDEXED BY batches_source \
             WHERE state IN ('PENDING', 'PROCESSING') AND source_hash = "
        ));
        query.push_bind(hash.to_vec());
        query.push(" AND options = ").push_bind(options.clone());
        match key_id {
            Some(key_id) => query.push(" AND key_id = ").push_bind(key_id),
            None => query.push(" AND key_id IS NULL"),
        };
        query.push(" ORDER BY created_at DESC, seq DESC LIMIT 1");
        let mut reader = self.read().await?;
        query.fetch_optional(&mut reader).await
    }

    /// Takes up the job of a batch that this process is to work on now, whatever it waits for, with
    /// another payload; none when another process works on it, or when it has ended for good.
    pub async fn claim_batch(
        &self,
        id: Uuid,
        payload: String,
        now: Timestamp,
    ) -> Result<Option<Claim>, StoreError> {
        let presence = Arc::clone(&self.presence);
        self.write(deed!(|connection| {
            claims::take_back(connection, now, claims::LEASE, &presence).await?;
            let me = presence.id();
            let claim = claims::take_up(connection, id, payload, now, me).await?;
            if claim.is_some() {
                items::retry_failed(connection, id).await?;
                change(connection, START, id, now).await?;
            }
            Ok(claim)
        }))
        .await
    }

    /// One batch.
    pub async fn batch(&self, id: Uuid) -> Result<Option<Batch>, StoreError> {
        let mut reader = self.read().await?;
        query(format!("SELECT {COLUMNS} FROM batches WHERE id = $1"))
            .bind(id)
            .fetch_optional(&mut reader)
            .await
    }

    /// A page of batches, newest first; of one key only, or of all without one.
    pub async fn batches(
        &self,
        key_id: Option<Uuid>,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<Batch>, StoreError> {
        let index = key_id.map_or("batches_created", |_| "batches_of_key");
        let mut query = query(format!(
            "SELECT {COLUMNS} FROM batches INDEXED BY {index} WHERE true"
        ));
        query.push_if(" AND key_id = ", key_id);
        let mut reader = self.read().await?;
        Page::newest(query, "created_at", (limit, cursor), &mut reader, Batch::of).await
    }

    /// Says that a run of a batch begins; on a later attempt the failed numbers are put back.
    /// False when the batch has ended.
    pub async fn begin_batch(&self, claim: &Claim, now: Timestamp) -> Result<bool, StoreError> {
        let (claim, id) = (claim.clone(), claim.batch()?);
        self.write(deed!(|connection| {
            claims::hold(connection, &claim).await?;
            if claim.job.attempts > 0 {
                items::retry_failed(connection, id).await?;
            }
            change(connection, START, id, now).await
        }))
        .await
    }

    /// Ends a run of a batch and of its job. The calls are counted from the record. While the job
    /// will be tried again, the batch is still being processed.
    pub async fn finish_batch(
        &self,
        claim: &Claim,
        end: JobEnd,
        now: Timestamp,
    ) -> Result<BatchState, StoreError> {
        let (claim, id) = (claim.clone(), claim.batch()?);
        self.write(deed!(|connection| {
            claims::end(connection, &claim, &end, now).await?;
            let (job, answered, failed, open): (String, i64, i64, i64) = query(
                "SELECT j.state, b.answered + b.refused, b.failed, \
                 b.unique_items - b.answered - b.refused - b.failed \
                 FROM batches b JOIN jobs j ON j.batch = b.id WHERE b.id = $1",
            )
            .bind(id)
            .fetch_one(&mut *connection)
            .await?;
            let state = match (job.as_str(), answered, failed + open) {
                ("PENDING", ..) => BatchState::Processing,
                (_, _, 0) => BatchState::Completed,
                (_, 0, _) => BatchState::Failed,
                _ => BatchState::Partial,
            };
            let ended = state != BatchState::Processing;
            query(
                "UPDATE batches SET state = CASE state WHEN 'CANCELLED' THEN state ELSE $2 END, \
                 finished_at = CASE state WHEN 'CANCELLED' THEN finished_at ELSE $3 END, calls = \
                 (SELECT count(*) FROM calls WHERE batch = $1 AND attempt > 0) WHERE id = $1",
            )
            .bind(id)
            .bind(state.as_str())
            .bind(ended.then_some(now))
            .execute(connection)
            .await?;
            Ok(state)
        }))
        .await
    }

    /// What the owner of a batch wants of it; false when its state does not allow it.
    pub async fn change_batch(
        &self,
        id: Uuid,
        wanted: BatchChange,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let presence = Arc::clone(&self.presence);
        self.write(deed!(|connection| {
            // What nobody works on any more stands as it would if that had been noticed.
            claims::take_back(connection, now, claims::LEASE, &presence).await?;
            let (batch, job) = match wanted {
                BatchChange::Pause => (PAUSE, jobs::PAUSE),
                BatchChange::Resume => (RESUME, jobs::RESUME),
                BatchChange::Cancel => (CANCEL, jobs::CANCEL),
                BatchChange::Retry => (RETRY, jobs::REDO),
            };
            if !change(connection, batch, id, now).await? {
                return Ok(false);
            }
            if wanted == BatchChange::Retry {
                items::retry_failed(connection, id).await?;
            }
            jobs::change(connection, job, id, now).await?;
            Ok(true)
        }))
        .await
    }

    /// Calls for so many numbers each that the open batches of a key may still need.
    pub async fn open_calls_of(&self, key_id: Uuid, a_call: u64) -> Result<u64, StoreError> {
        let mut reader = self.read().await?;
        query(
            "SELECT CAST(coalesce(sum((unique_items - answered - refused - failed + $2 - 1) / $2), 0) \
             AS BIGINT) \
             FROM batches WHERE key_id = $1 AND state IN ('PENDING', 'PROCESSING')",
        )
        .bind(key_id)
        .bind(a_call)
        .fetch_one(&mut reader)
        .await
    }
}

async fn insert(connection: &mut Conn, id: Uuid, new: &NewBatch) -> Result<i64, StoreError> {
    let first = new.items.first();
    let (job, started_at) = (&new.job, new.job.started_at);
    let state = started_at.map_or(BatchState::Pending, |_| BatchState::Processing);
    query(
        "INSERT INTO batches (id, created_at, started_at, state, priority, operation, \
         key_operation, source_name, source_hash, options, asked_by, total_rows, unique_items, \
         key_id) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) RETURNING seq",
    )
    .bind(id)
    .bind(job.created_at)
    .bind(started_at)
    .bind(state.as_str())
    .bind(job.priority.as_str())
    .bind(new.operation)
    .bind(first.map_or(new.operation, |key| key.operation))
    .bind(new.source_name.as_str())
    .bind(new.source_hash.as_slice())
    .bind(new.options.as_str())
    .bind(job.asked_by.as_str())
    .bind(new.total_rows)
    .bind(new.items.len())
    .bind(job.key_id)
    .fetch_one(connection)
    .await
}

async fn change(
    connection: &mut Conn,
    statement: &'static str,
    id: Uuid,
    now: Timestamp,
) -> Result<bool, StoreError> {
    seq_of(connection, id).await?;
    jobs::change(connection, statement, id, now).await
}

const START: &str = "UPDATE batches SET state = 'PROCESSING', \
     started_at = coalesce(started_at, $2), finished_at = NULL, paused = 0 \
     WHERE id = $1 AND state IN ('PENDING', 'PROCESSING', 'PARTIAL', 'FAILED')";
const PAUSE: &str = "UPDATE batches SET paused = 1 WHERE id = $1 AND paused = 0 AND $2 > 0 \
     AND state IN ('PENDING', 'PROCESSING')";
const RESUME: &str = "UPDATE batches SET paused = 0 WHERE id = $1 AND paused = 1 AND $2 > 0";
const CANCEL: &str = "UPDATE batches SET state = 'CANCELLED', finished_at = $2, paused = 0 \
     WHERE id = $1 AND state IN ('PENDING', 'PROCESSING', 'PARTIAL')";
const RETRY: &str = "UPDATE batches SET state = 'PENDING', finished_at = NULL, paused = 0 \
     WHERE id = $1 AND state IN ('PARTIAL', 'FAILED') \
     AND answered + refused < unique_items AND $2 > 0 \
     AND EXISTS (SELECT 1 FROM jobs WHERE batch = $1)";
