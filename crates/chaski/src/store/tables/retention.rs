//! Letting go of what is old, in small transactions so that others can write in between, and
//! making sure that it leaves the files too.

use jiff::Timestamp;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::sql::{deed, query};
use crate::store::tables::once;
use crate::store::time::days_before;

/// How long things are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Days that a call stays on record.
    pub calls_days: u32,
    /// Days that an answer or refusal is kept after its time, for when the upstream is down.
    pub stale_answers_days: u32,
    /// Days that a batch is kept after its end, or after its beginning if it never ended.
    pub batches_days: u32,
}

/// What was let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// Calls.
    pub calls: u64,
    /// Answers and refusals.
    pub answers: u64,
    /// Numbers of batches.
    pub items: u64,
    /// Batches.
    pub batches: u64,
    /// Jobs.
    pub jobs: u64,
    /// Documents that need not be kept any longer.
    pub documents: u64,
    /// Pages given back to the file system.
    pub pages: u64,
    /// Whether the log was emptied too; if not, a reader was in the way and the next run does it.
    pub log_emptied: bool,
}

/// Days that a look at the quota is kept: a year, and the month it is compared with.
const SNAPSHOT_DAYS: u32 = 400;

/// Days of each key whose calls stay counted.
const DAYS_OF_A_KEY: i64 = 400;

/// Rows per transaction.
const CHUNK: i64 = 2_000;

/// Before [`CALLS`], by which they are found.
const BODIES: &str = "DELETE FROM call_bodies WHERE call IN \
     (SELECT id FROM calls WHERE at < $1 ORDER BY at, seq LIMIT $2)";
const CALLS: &str = "DELETE FROM calls WHERE seq IN \
     (SELECT seq FROM calls WHERE at < $1 ORDER BY at, seq LIMIT $2)";
const ANSWERS: &str = "DELETE FROM answers WHERE seq IN \
     (SELECT seq FROM answers WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
/// Those of batches go with their batch.
const JOBS: &str = "DELETE FROM jobs WHERE seq IN (SELECT seq FROM jobs \
     WHERE created_at < $1 AND finished_at < $1 AND batch IS NULL LIMIT $2)";
const SNAPSHOTS: &str = "DELETE FROM quota_snapshots WHERE (provider, month, at) IN \
     (SELECT provider, month, at FROM quota_snapshots WHERE at < $1 LIMIT $2)";
/// By their number and not by the clock: one that is ahead for a moment must not make a key forget
/// what it has paid for today.
const DAYS: &str = "DELETE FROM days WHERE (who, day) IN (SELECT who, day FROM (SELECT who, day, \
     row_number() OVER (PARTITION BY who ORDER BY day DESC) AS place FROM days) AS ranked \
     WHERE place > $1 LIMIT $2)";
const REQUESTS: &str = "DELETE FROM idempotency WHERE place IN \
     (SELECT place FROM idempotency WHERE at <= $1 LIMIT $2)";

impl Store {
    /// Deletes what is older than its time.
    pub async fn prune(&self, now: Timestamp, retention: &Retention) -> Result<Pruned, StoreError> {
        let calls_before = days_before(now, retention.calls_days);
        let answers_before = days_before(now, retention.stale_answers_days);
        let batches_before = days_before(now, retention.batches_days);
        let calls = self.in_chunks(&[BODIES, CALLS], calls_before).await?;
        let answers = self.in_chunks(&[ANSWERS], answers_before).await?;
        let (items, batches) = self.prune_batches(batches_before).await?;
        let jobs = self.in_chunks(&[JOBS], batches_before).await?;
        for (statement, before) in [
            (&[SNAPSHOTS], days_before(now, SNAPSHOT_DAYS)),
            (&[DAYS], DAYS_OF_A_KEY),
            (&[REQUESTS], days_before(now, once::DAYS)),
        ] {
            self.in_chunks(statement, before).await?;
        }
        Ok(Pruned {
            calls,
            answers,
            items,
            batches,
            jobs,
            documents: 0,
            pages: self.give_back_pages().await?,
            log_emptied: self.empty_log().await?,
        })
    }

    /// Runs statements with a limit in one transaction, again and again until the last of them
    /// deletes less than its limit.
    async fn in_chunks(
        &self,
        statements: &'static [&'static str],
        before: i64,
    ) -> Result<u64, StoreError> {
        let mut total = 0;
        loop {
            let gone = self
                .write(deed!(|connection| {
                    let mut gone = 0;
                    for statement in statements {
                        gone = query(*statement)
                            .bind(before)
                            .bind(CHUNK)
                            .execute(&mut *connection)
                            .await?;
                    }
                    Ok(gone)
                }))
                .await?;
            total += gone;
            if gone < CHUNK.cast_unsigned() {
                return Ok(total);
            }
        }
    }

    /// A batch goes when all of its numbers are gone; says how many of both went.
    async fn prune_batches(&self, before: i64) -> Result<(u64, u64), StoreError> {
        let (mut items, mut batches) = (0, 0);
        loop {
            let gone = self
                .write(deed!(|connection| {
                    let batch: Option<i64> = query(
                        "SELECT seq FROM batches \
                         WHERE created_at < $1 AND coalesce(finished_at, started_at, created_at) < $1 LIMIT 1",
                    )
                    .bind(before)
                    .fetch_optional(&mut *connection)
                    .await?;
                    let Some(batch) = batch else {
                        return Ok(None);
                    };
                    let items = query(
                        "DELETE FROM batch_items WHERE batch = $1 AND position IN \
                         (SELECT position FROM batch_items WHERE batch = $1 LIMIT $2)",
                    )
                    .bind(batch)
                    .bind(CHUNK)
                    .execute(&mut *connection)
                    .await?;
                    if items > 0 {
                        return Ok(Some((items, 0)));
                    }
                    for statement in [
                        "DELETE FROM batch_inputs WHERE batch = $1",
                        "DELETE FROM jobs WHERE batch = (SELECT id FROM batches WHERE seq = $1)",
                        "DELETE FROM batches WHERE seq = $1",
                    ] {
                        query(statement)
                            .bind(batch)
                            .execute(&mut *connection)
                            .await?;
                    }
                    Ok(Some((0, 1)))
                }))
                .await?;
            let Some((some, whole)) = gone else {
                return Ok((items, batches));
            };
            items += some;
            batches += whole;
        }
    }
}
