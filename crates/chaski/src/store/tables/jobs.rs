//! The queue of background work: claimed by lease, highest priority first, then oldest.
//!
//! A lease that has lapsed is taken over, and at once that of a process that is gone. One that reaches
//! further than a lease can was given while the clock was ahead, and a time to try again that is later
//! than any pause was set then: both are over.
//!
//! Whoever holds a [`Claim`](super::claims::Claim) writes under its fence. Taking a job over, pausing or cancelling it
//! raises the fence: a worker that does not know yet finds out at its next write, which changes
//! nothing. A job may therefore run twice, and never has two writers.

use jiff::Timestamp;
use uuid::Uuid;

use crate::named::named;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::page::{Cursor, Page};
use crate::store::sql::{Conn, Record, cells_of, deed, query, query_of_each, record};
use crate::store::tables::batch_rows::Priority;
use crate::store::tables::once;
use crate::store::tables::once::{Once, OnceRow};

/// Work to be done later, or that is being done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Job {
    /// Its identifier.
    pub id: Uuid,
    /// Which kind of work.
    pub kind: String,
    /// What the work is about, JSON; never a number of a person.
    pub payload: String,
    /// Which jobs go first; that of a batch is its batch's.
    pub priority: Priority,
    /// How far it is.
    pub state: JobState,
    /// Runs that failed.
    pub attempts: u32,
    /// Runs that may fail.
    pub max_attempts: u32,
    /// Not before this.
    pub run_at: Timestamp,
    /// Until when a worker holds it; none while a command works on it.
    pub leased_until: Option<Timestamp>,
    /// Code of the last failure.
    pub code: Option<String>,
    /// Who asked.
    pub asked_by: String,
    /// With which key, none for the owner of the folder.
    pub key_id: Option<Uuid>,
    /// The batch it works on; a batch has at most one job.
    pub batch: Option<Uuid>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When a worker first took it.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

named! {
    /// How far a job is.
    #[derive(Default)]
    pub enum JobState {
        /// Waits for a worker.
        #[default]
        Pending = "PENDING",
        /// A worker holds it.
        Running = "RUNNING",
        /// Waits for its owner.
        Paused = "PAUSED",
        /// Done.
        Completed = "COMPLETED",
        /// Given up after its last attempt.
        Failed = "FAILED",
        /// Stopped by its owner.
        Cancelled = "CANCELLED",
    }
}

/// How many jobs of a kind are in a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobCount {
    /// Which kind of work.
    pub kind: String,
    /// How far they are.
    pub state: JobState,
    /// How many.
    pub jobs: i64,
}

/// How a run of a job ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JobEnd {
    /// Done.
    Completed,
    /// Failed for good.
    Failed {
        /// Code of the failure.
        code: String,
    },
    /// Failed, and may be tried again while attempts are left.
    Again {
        /// When.
        at: Timestamp,
        /// Code of the failure.
        code: String,
    },
    /// Put back: the worker stops, and another one goes on.
    Released,
    /// It waits for something else, which is no failure.
    Later {
        /// When it is looked at again.
        at: Timestamp,
    },
}

/// Which jobs a list shows.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Only in this state.
    pub state: Option<JobState>,
    /// Only those of this key.
    pub key_id: Option<Uuid>,
}

cells_of! { JobState, &str => JobState::from_name; }

const COLUMNS: &str = Job::COLUMNS;

impl Store {
    /// Puts a job into the queue; durable when this returns. An error if the request, where it may come
    /// again, created one already.
    pub async fn enqueue_job(&self, new: Job, once: Option<&Once>) -> Result<(), StoreError> {
        let request = once.map(|once| OnceRow::of(&self.keys, once));
        let me = self.presence.id();
        self.write(deed!(|connection| {
            once::refuse_second(connection, request.as_ref()).await?;
            enqueue(connection, &new, me).await?;
            once::note(connection, request.as_ref(), new.id).await
        }))
        .await
    }

    /// How many jobs of each kind are in each state they are found in.
    pub async fn job_counts(&self) -> Result<Vec<JobCount>, StoreError> {
        let mut reader = self.read().await?;
        query("SELECT kind, state, count(*) AS jobs FROM jobs GROUP BY kind, state")
            .fetch_all(&mut reader)
            .await
    }

    /// One job.
    pub async fn job(&self, id: Uuid) -> Result<Option<Job>, StoreError> {
        self.job_where("id", id).await
    }

    /// The job of a batch; none when no worker has to do with it.
    pub async fn job_of_batch(&self, batch: Uuid) -> Result<Option<Job>, StoreError> {
        self.job_where("batch", batch).await
    }

    /// Calls that the open jobs of a key and of that kind say they may cost, as `calls` of their
    /// payload.
    pub async fn open_calls_of_jobs(&self, key_id: Uuid, kind: &str) -> Result<u64, StoreError> {
        let mut reader = self.read().await?;
        query_of_each(
            "SELECT coalesce(sum(payload ->> '$.calls'), 0) FROM jobs \
             WHERE kind = $2 AND state IN ('PENDING', 'RUNNING', 'PAUSED') AND key_id = $1",
            "SELECT CAST(coalesce(sum(CAST(CAST(payload AS JSON) ->> 'calls' AS BIGINT)), 0) \
             AS BIGINT) FROM jobs \
             WHERE kind = $2 AND state IN ('PENDING', 'RUNNING', 'PAUSED') AND key_id = $1",
        )
        .bind(key_id)
        .bind(kind)
        .fetch_one(&mut reader)
        .await
    }

    /// A page of jobs, newest first.
    pub async fn jobs(
        &self,
        filter: &JobFilter,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<Job>, StoreError> {
        let mut query = query(format!(
            "SELECT {COLUMNS} FROM jobs INDEXED BY jobs_created WHERE true"
        ));
        query
            .push_if(" AND state = ", filter.state.map(JobState::as_str))
            .push_if(" AND key_id = ", filter.key_id);
        let mut reader = self.read().await?;
        Page::newest(query, "created_at", (limit, cursor), &mut reader, Job::of).await
    }

    /// Stops a job that has not ended; false when it had.
    pub async fn cancel_job(&self, id: Uuid, now: Timestamp) -> Result<bool, StoreError> {
        self.change_job(CANCEL, id, now).await
    }

    /// Puts a job that failed or was stopped back into the queue, with all its attempts; false in
    /// any other state.
    pub async fn retry_job(&self, id: Uuid, now: Timestamp) -> Result<bool, StoreError> {
        self.change_job(RETRY, id, now).await
    }

    async fn change_job(
        &self,
        statement: &'static str,
        id: Uuid,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.write(deed!(|connection| {
            let known: i64 = query("SELECT count(*) FROM jobs WHERE id = $1")
                .bind(id)
                .fetch_one(&mut *connection)
                .await?;
            if known == 0 {
                return Err(StoreError::NoSuchJob);
            }
            change(connection, statement, id, now).await
        }))
        .await
    }

    async fn job_where(&self, column: &'static str, id: Uuid) -> Result<Option<Job>, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM jobs WHERE {column} = $1");
        let mut reader = self.read().await?;
        query(statement).bind(id).fetch_optional(&mut reader).await
    }
}

/// Puts a job into the queue, inside the transaction of the fact that causes it. One that runs
/// already is held by this process as long as it lives.
pub(in crate::store) async fn enqueue(
    connection: &mut Conn,
    new: &Job,
    me: i64,
) -> Result<(), StoreError> {
    let runs = new.state == JobState::Running;
    query(
        "INSERT INTO jobs (id, kind, payload, priority, state, max_attempts, run_at, asked_by, \
         key_id, batch, created_at, started_at, fence, holder) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)",
    )
    .bind(new.id)
    .bind(new.kind.as_str())
    .bind(new.payload.as_str())
    .bind(new.priority.rank())
    .bind(new.state.as_str())
    .bind(new.max_attempts)
    .bind(new.run_at)
    .bind(new.asked_by.as_str())
    .bind(new.key_id)
    .bind(new.batch)
    .bind(new.created_at)
    .bind(new.started_at)
    .bind(i64::from(runs))
    .bind(runs.then_some(me))
    .execute(connection)
    .await?;
    Ok(())
}

/// Runs one of the statements below on a job found by its identifier or by that of its batch;
/// false when its state does not allow it.
pub(in crate::store) async fn change(
    connection: &mut Conn,
    statement: &'static str,
    id: Uuid,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let changed = query(statement)
        .bind(id)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(changed > 0)
}

pub(in crate::store) const CANCEL: &str = "UPDATE jobs SET state = 'CANCELLED', fence = fence + 1, \
     leased_until = NULL, finished_at = $2 \
     WHERE $1 IN (id, batch) AND state IN ('PENDING', 'RUNNING', 'PAUSED')";
pub(in crate::store) const PAUSE: &str = "UPDATE jobs SET state = 'PAUSED', fence = fence + 1, \
     leased_until = NULL WHERE $1 IN (id, batch) AND state IN ('PENDING', 'RUNNING') AND $2 > 0";
pub(in crate::store) const RESUME: &str = "UPDATE jobs SET state = 'PENDING', run_at = $2 \
     WHERE $1 IN (id, batch) AND state = 'PAUSED'";
pub(in crate::store) const RETRY: &str = "UPDATE jobs SET state = 'PENDING', run_at = $2, attempts = 0, \
     interruptions = 0, code = NULL, finished_at = NULL, fence = fence + 1 \
     WHERE $1 IN (id, batch) AND state IN ('FAILED', 'CANCELLED')";
/// A batch can end with failed numbers although its job was completed.
pub(in crate::store) const REDO: &str = "UPDATE jobs SET state = 'PENDING', run_at = $2, attempts = 0, \
     interruptions = 0, code = NULL, finished_at = NULL, fence = fence + 1 \
     WHERE $1 IN (id, batch) AND state IN ('FAILED', 'COMPLETED')";

record!(Job {
    id,
    kind,
    payload,
    priority => Priority::of_rank,
    state,
    attempts,
    max_attempts,
    run_at,
    leased_until,
    code,
    asked_by,
    key_id,
    batch,
    created_at,
    started_at,
    finished_at,
});

record!(JobCount { kind, state, jobs });
