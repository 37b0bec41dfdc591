//! Batches that a worker runs: the list, its numbers and its job change together, in one
//! transaction each, and what a worker writes is written under its claim.

use jiff::Timestamp;
use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::Place;
use crate::store::sql::{Conn, Sql, query, query_as, query_scalar, uuid_of};
use crate::store::tables::batch_rows::{BatchState, Priority};
use crate::store::tables::batches::NewBatch;
use crate::store::tables::claims::{self, Claim};
use crate::store::tables::items::{ItemRow, ItemState};
use crate::store::tables::jobs::{JobEnd, NewJob};
use crate::store::tables::once::{Once, OnceRow};
use crate::store::tables::{batch_rows, batches, items, jobs, once};

/// What a batch in the background has besides.
#[derive(Debug, Clone)]
pub struct Background {
    /// Which batches go first.
    pub priority: Priority,
    /// Whose it is, none for the owner of the folder.
    pub key_id: Option<Uuid>,
    /// The list as it was handed over; it is sealed.
    pub input: Vec<u8>,
    /// The job that works on it.
    pub job: NewJob,
    /// The request that hands it over, where it may come again.
    pub once: Option<Once>,
}

/// What was changed by its owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchChange {
    /// Work stops until it is resumed.
    Pause,
    /// Work goes on.
    Resume,
    /// Work stops for good; what is answered stays.
    Cancel,
    /// The failed numbers are asked again.
    Retry,
}

impl Store {
    /// Stores a batch, its numbers, its list and its job in one transaction; durable when this
    /// returns.
    pub async fn create_background_batch(
        &self,
        new: NewBatch,
        background: Background,
    ) -> Result<(), StoreError> {
        let rows = items::rows(&self.db.keys, new.id, &new.subjects, &new.settled)?;
        let sealed = self
            .db
            .keys
            .seal(&Place::Input(new.id), &background.input)?;
        let request = background.once.as_ref();
        let request = request.map(|once| OnceRow::of(&self.db.keys, once));
        self.db
            .write(move |connection| {
                Box::pin(async move {
                    once::refuse_second(connection, request.as_ref()).await?;
                    let id = new.id;
                    create(connection, new, rows, &sealed, &background).await?;
                    once::note(connection, request.as_ref(), id).await
                })
            })
            .await
    }

    /// The list of a batch as it was handed over; none for a batch without one.
    pub async fn batch_input(&self, id: Uuid) -> Result<Option<Vec<u8>>, StoreError> {
        let mut reader = self.db.read().await?;
        let sealed: Option<Vec<u8>> = query_scalar(
            "SELECT i.sealed FROM batches b JOIN batch_inputs i ON i.batch = b.seq WHERE b.id = $1",
        )
        .bind(id.as_bytes().as_slice())
        .fetch_optional(&mut reader)
        .await?;
        let open = |sealed: Vec<u8>| self.db.keys.open(&Place::Input(id), &sealed);
        sealed
            .map(|sealed| open(sealed).ok_or(StoreError::Corrupt))
            .transpose()
    }

    /// Bytes that the list of a batch is kept in; none when it was not handed over with a list.
    pub async fn batch_input_size(&self, id: Uuid) -> Result<u64, StoreError> {
        let mut reader = self.db.read().await?;
        let size: Option<i64> = query_scalar(
            "SELECT length(i.sealed) FROM batches b JOIN batch_inputs i ON i.batch = b.seq \
             WHERE b.id = $1",
        )
        .bind(id.as_bytes().as_slice())
        .fetch_optional(&mut reader)
        .await?;
        Ok(size.unwrap_or(0).cast_unsigned())
    }

    /// Says that a run of a batch begins; on a later attempt the failed numbers are put back.
    /// False when the batch has ended.
    pub async fn begin_claimed(
        &self,
        claim: &Claim,
        id: Uuid,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let claim = claim.clone();
        self.db
            .write(move |connection| {
                Box::pin(async move {
                    claims::hold(connection, &claim).await?;
                    if claim.job.attempts > 0 {
                        items::retry_failed(connection, id).await?;
                    }
                    batches::change(connection, batches::START, id, now).await
                })
            })
            .await
    }

    /// Marks items under a claim and counts those that memory answered. Settling an item again is
    /// harmless.
    pub async fn settle_claimed(
        &self,
        claim: &Claim,
        id: Uuid,
        states: Vec<(u32, ItemState)>,
        cache_hits: u32,
    ) -> Result<(), StoreError> {
        let claim = claim.clone();
        self.db
            .write(move |connection| {
                Box::pin(async move {
                    claims::hold(connection, &claim).await?;
                    items::settle(connection, id, states, Vec::new()).await?;
                    if cache_hits > 0 {
                        query("UPDATE batches SET cache_hits = cache_hits + $2 WHERE id = $1")
                            .bind(id.as_bytes().as_slice())
                            .bind(cache_hits)
                            .execute(connection)
                            .await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Ends a run of a batch and of its job. The calls are counted from the record. While the job
    /// will be tried again, the batch is still being processed.
    pub async fn finish_claimed(
        &self,
        claim: &Claim,
        id: Uuid,
        end: JobEnd,
        now: Timestamp,
    ) -> Result<BatchState, StoreError> {
        let claim = claim.clone();
        self.db
            .write(move |connection| {
                Box::pin(async move { finish(connection, &claim, id, &end, now).await })
            })
            .await
    }

    /// What the owner of a batch wants of it; false when its state does not allow it.
    pub async fn change_background_batch(
        &self,
        id: Uuid,
        wanted: BatchChange,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.db
            .write(move |connection| Box::pin(change(connection, id, wanted, now)))
            .await
    }

    /// Stops a batch and its job; false when it had already ended. What is answered stays.
    pub async fn cancel_batch(&self, id: Uuid, now: Timestamp) -> Result<bool, StoreError> {
        self.change_background_batch(id, BatchChange::Cancel, now)
            .await
    }

    /// Calls for so many numbers each that the open batches of a key may still need.
    pub async fn open_calls_of(&self, key_id: Uuid, a_call: u64) -> Result<u64, StoreError> {
        let mut reader = self.db.read().await?;
        let calls: i64 = query_scalar(
            "SELECT CAST(coalesce(sum((unique_items - answered - refused - failed + $2 - 1) / $2), 0) \
             AS BIGINT) \
             FROM batches WHERE key_id = $1 AND state IN ('PENDING', 'PROCESSING')",
        )
        .bind(key_id.as_bytes().as_slice())
        .bind(a_call.cast_signed())
        .fetch_one(&mut reader)
        .await?;
        Ok(calls.cast_unsigned())
    }

    /// Calls that the open jobs of a key and of that kind say they may cost, as `calls` of their
    /// payload.
    pub async fn open_calls_of_jobs(&self, key_id: Uuid, kind: &str) -> Result<u64, StoreError> {
        let mut reader = self.db.read().await?;
        let calls: i64 = query_scalar(Sql::each(
            "SELECT coalesce(sum(payload ->> '$.calls'), 0) FROM jobs \
             WHERE kind = $2 AND state IN ('PENDING', 'RUNNING', 'PAUSED') AND key_id = $1",
            "SELECT CAST(coalesce(sum(CAST(CAST(payload AS JSON) ->> 'calls' AS BIGINT)), 0) \
             AS BIGINT) FROM jobs \
             WHERE kind = $2 AND state IN ('PENDING', 'RUNNING', 'PAUSED') AND key_id = $1",
        ))
        .bind(key_id.as_bytes().as_slice())
        .bind(kind)
        .fetch_one(&mut reader)
        .await?;
        Ok(calls.cast_unsigned())
    }

    /// Masks a number in every list that names it; says in how many.
    pub(in crate::store) async fn erase_from_inputs(
        &self,
        subject: &str,
    ) -> Result<u64, StoreError> {
        let (mut after, mut erased) = (0_i64, 0);
        loop {
            let row = {
                let mut reader = self.db.read().await?;
                query(
                    "SELECT b.seq, b.id, i.sealed FROM batch_inputs i \
                     JOIN batches b ON b.seq = i.batch WHERE i.batch > $1 ORDER BY i.batch LIMIT 1",
                )
                .bind(after)
                .fetch_optional(&mut reader)
                .await?
            };
            let Some(row) = row else { return Ok(erased) };
            after = row.try_get(0)?;
            let id = uuid_of(row.try_get(1)?)?;
            let Some(mut input) = self.db.keys.open(&Place::Input(id), row.try_get(2)?) else {
                continue;
            };
            if !mask(&mut input, subject.as_bytes()) {
                continue;
            }
            let (seq, sealed) = (after, self.db.keys.seal(&Place::Input(id), &input)?);
            erased += self
                .db
                .write(move |connection| Box::pin(replace_input(connection, seq, sealed)))
                .await?;
        }
    }
}

/// Replaces by asterisks every run of digits that is the number, or the RUC of the person whose
/// DNI it is. Nothing else in a list changes, not even its length.
fn mask(input: &mut [u8], subject: &[u8]) -> bool {
    let (mut at, mut found) = (0, false);
    while at < input.len() {
        let digits = input[at..].iter().take_while(|byte| byte.is_ascii_digit());
        let length = digits.count();
        let run = &mut input[at..at + length];
        let of_person = subject.len() == 8 && length == 11 && &run[2..10] == subject;
        if length > 0 && (run == subject || of_person) {
            run.fill(b'*');
            found = true;
        }
        at += length.max(1);
    }
    found
}

async fn create(
    connection: &mut Conn,
    new: NewBatch,
    rows: Vec<ItemRow>,
    sealed: &[u8],
    background: &Background,
) -> Result<(), StoreError> {
    let id = new.id;
    batches::create(connection, new, rows).await?;
    let seq = batch_rows::seq_of(connection, id).await?;
    query("UPDATE batches SET priority = $2, key_id = $3 WHERE seq = $1")
        .bind(seq)
        .bind(background.priority.as_str())
        .bind(background.key_id.map(|id| id.as_bytes().to_vec()))
        .execute(&mut *connection)
        .await?;
    query("INSERT INTO batch_inputs (batch, sealed) VALUES ($1, $2)")
        .bind(seq)
        .bind(sealed)
        .execute(&mut *connection)
        .await?;
    jobs::enqueue(connection, &background.job).await
}

async fn finish(
    connection: &mut Conn,
    claim: &Claim,
    id: Uuid,
    end: &JobEnd,
    now: Timestamp,
) -> Result<BatchState, StoreError> {
    claims::end(connection, claim, end, now).await?;
    let (job, answered, failed, open): (String, i64, i64, i64) = query_as(
        "SELECT j.state, b.answered + b.refused, b.failed, \
         b.unique_items - b.answered - b.refused - b.failed \
         FROM batches b JOIN jobs j ON j.batch = b.id WHERE b.id = $1",
    )
    .bind(id.as_bytes().as_slice())
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
        "UPDATE batches SET finished_at = CASE state WHEN 'CANCELLED' THEN finished_at ELSE $3 END, \
         state = CASE state WHEN 'CANCELLED' THEN state ELSE $2 END, calls = \
         (SELECT count(*) FROM calls WHERE batch = $1 AND attempt > 0) WHERE id = $1",
    )
    .bind(id.as_bytes().as_slice())
    .bind(state.as_str())
    .bind(ended.then(|| now.as_microsecond()))
    .execute(connection)
    .await?;
    Ok(state)
}

async fn change(
    connection: &mut Conn,
    id: Uuid,
    wanted: BatchChange,
    now: Timestamp,
) -> Result<bool, StoreError> {
    batch_rows::seq_of(connection, id).await?;
    let (batch, job) = match wanted {
        BatchChange::Pause => (PAUSE, jobs::PAUSE),
        BatchChange::Resume => (RESUME, jobs::RESUME),
        BatchChange::Cancel => (CANCEL, jobs::CANCEL),
        BatchChange::Retry => (RETRY, jobs::REDO),
    };
    if !batches::change(connection, batch, id, now).await? {
        return Ok(false);
    }
    if wanted == BatchChange::Retry {
        items::retry_failed(connection, id).await?;
    }
    jobs::change(connection, job, id, now).await?;
    Ok(true)
}

const PAUSE: &str = "UPDATE batches SET paused = 1 WHERE id = $1 AND paused = 0 AND $2 > 0 \
     AND state IN ('PENDING', 'PROCESSING') AND EXISTS (SELECT 1 FROM jobs WHERE batch = $1)";
const RESUME: &str = "UPDATE batches SET paused = 0 WHERE id = $1 AND paused = 1 AND $2 > 0";
const CANCEL: &str = "UPDATE batches SET state = 'CANCELLED', finished_at = $2, paused = 0 \
     WHERE id = $1 AND state IN ('PENDING', 'PROCESSING', 'PARTIAL')";
const RETRY: &str = "UPDATE batches SET state = 'PENDING', finished_at = NULL, paused = 0 \
     WHERE id = $1 AND state IN ('PARTIAL', 'FAILED') \
     AND answered + refused < unique_items AND $2 > 0 \
     AND EXISTS (SELECT 1 FROM jobs WHERE batch = $1)";

async fn replace_input(
    connection: &mut Conn,
    batch: i64,
    sealed: Vec<u8>,
) -> Result<u64, StoreError> {
    let replaced = query("UPDATE batch_inputs SET sealed = $2 WHERE batch = $1")
        .bind(batch)
        .bind(sealed)
        .execute(connection)
        .await?;
    Ok(replaced)
}
