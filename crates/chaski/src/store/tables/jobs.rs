//! The queue of background work: claimed by lease, highest priority first, then oldest.
//!
//! A lease that has lapsed is taken over, and at once that of a process that is gone. One that reaches
//! further than a lease can was given while the clock was ahead, and a time to try again that is later
//! than any pause was set then: both are over.
//!
//! Whoever holds a [`Claim`] writes under its fence. Taking a job over, pausing or cancelling it
//! raises the fence: a worker that does not know yet finds out at its next write, which changes
//! nothing. A job may therefore run twice, and never has two writers.

use std::sync::Arc;
use std::time::Duration;

use chaski_client::latest_true;
use jiff::Timestamp;
use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::page::{Cursor, Page, rows_of_page};
use crate::store::presence::Presence;
use crate::store::sql::{Builder, Conn, Row, query, query_as, query_scalar, uuid_of};
use crate::store::tables::batch_rows::Priority;
use crate::store::tables::once;
use crate::store::tables::once::{Once, OnceRow};
use crate::store::time::instant;

/// Work to be done later.
#[derive(Debug, Clone)]
pub struct NewJob {
    /// Its identifier.
    pub id: Uuid,
    /// Which kind of work.
    pub kind: &'static str,
    /// What the work is about, JSON; never a number of a person.
    pub payload: String,
    /// Which jobs go first.
    pub priority: Priority,
    /// Runs that may fail before the job has failed.
    pub max_attempts: u32,
    /// Not before this.
    pub run_at: Timestamp,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// Who asked.
    pub asked_by: String,
    /// With which key, none for the owner of the folder.
    pub key_id: Option<Uuid>,
    /// The batch it works on; a batch has at most one job.
    pub batch: Option<Uuid>,
}

/// A job as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// Its identifier.
    pub id: Uuid,
    /// Which kind of work.
    pub kind: String,
    /// What the work is about, JSON.
    pub payload: String,
    /// Which jobs go first.
    pub priority: Priority,
    /// How far it is.
    pub state: JobState,
    /// Runs that failed.
    pub attempts: u32,
    /// Runs that may fail.
    pub max_attempts: u32,
    /// Not before this.
    pub run_at: Timestamp,
    /// Until when a worker holds it.
    pub leased_until: Option<Timestamp>,
    /// Code of the last failure.
    pub code: Option<String>,
    /// Who asked.
    pub asked_by: String,
    /// With which key.
    pub key_id: Option<Uuid>,
    /// The batch it works on.
    pub batch: Option<Uuid>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When a worker first took it.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
}

/// How far a job is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// Waits for a worker.
    Pending,
    /// A worker holds it.
    Running,
    /// Waits for its owner.
    Paused,
    /// Done.
    Completed,
    /// Given up after its last attempt.
    Failed,
    /// Stopped by its owner.
    Cancelled,
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

/// The right to work on a job, until its lease ends or its fence grows.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The job.
    pub job: Job,
    fence: i64,
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
}

/// Which jobs a list shows.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Only in this state.
    pub state: Option<JobState>,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only those of this key.
    pub key_id: Option<Uuid>,
}

/// A job whose worker died so often without any progress is not given to another one: it may be
/// what kills them.
const MOST_INTERRUPTIONS: i64 = 100;

/// The longest a job waits before it is tried again.
pub(in crate::store) const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// Code of a job that was given up for that.
const INTERRUPTED: &str = "trabajo_interrumpido";

impl JobState {
    /// All of them.
    pub const ALL: [JobState; 6] = [
        JobState::Pending,
        JobState::Running,
        JobState::Paused,
        JobState::Completed,
        JobState::Failed,
        JobState::Cancelled,
    ];

    /// Stable name, as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            JobState::Pending => "PENDING",
            JobState::Running => "RUNNING",
            JobState::Paused => "PAUSED",
            JobState::Completed => "COMPLETED",
            JobState::Failed => "FAILED",
            JobState::Cancelled => "CANCELLED",
        }
    }

    /// The state of a stored name.
    pub fn parse(name: &str) -> Option<JobState> {
        Self::ALL.into_iter().find(|state| state.as_str() == name)
    }
}

impl Store {
    /// Puts a job into the queue; durable when this returns.
    pub async fn enqueue_job(&self, new: NewJob) -> Result<(), StoreError> {
        self.db
            .write(move |connection| Box::pin(async move { enqueue(connection, &new).await }))
            .await
    }

    /// The same for a request that may come again: an error if it created a job already.
    pub async fn enqueue_job_once(&self, new: NewJob, once: &Once) -> Result<(), StoreError> {
        let request = OnceRow::of(&self.db.keys, once);
        self.db
            .write(move |connection| {
                Box::pin(async move {
                    once::refuse_second(connection, Some(&request)).await?;
                    enqueue(connection, &new).await?;
                    once::note(connection, Some(&request), new.id).await
                })
            })
            .await
    }

    /// Takes the next job of at least that priority for so long; none when nothing is due.
    pub async fn claim_job(
        &self,
        now: Timestamp,
        lease: Duration,
        at_least: Priority,
    ) -> Result<Option<Claim>, StoreError> {
        let presence = Arc::clone(&self.db.presence);
        self.db
            .write(move |connection| {
                Box::pin(async move { claim(connection, now, lease, at_least, &presence).await })
            })
            .await
    }

    /// Holds a job for longer.
    pub async fn renew_job(
        &self,
        claim: &Claim,
        now: Timestamp,
        lease: Duration,
    ) -> Result<(), StoreError> {
        let (id, fence) = (claim.job.id, claim.fence);
        let until = micros_after(now, lease);
        self.db
            .write(move |connection| Box::pin(renew(connection, id, fence, until)))
            .await
    }

    /// Says how a run ended. `Again` without attempts left is a failure.
    pub async fn end_job(
        &self,
        claim: &Claim,
        end: JobEnd,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let claim = claim.clone();
        self.db
            .write(move |connection| {
                Box::pin(async move { self::end(connection, &claim, &end, now).await })
            })
            .await
    }

    /// Says what a later run of a job is about, under a claim.
    pub async fn change_payload(&self, claim: &Claim, payload: String) -> Result<(), StoreError> {
        let claim = claim.clone();
        self.db
            .write(move |connection| {
                Box::pin(async move {
                    hold(connection, &claim).await?;
                    query("UPDATE jobs SET payload = $2 WHERE id = $1")
                        .bind(claim.job.id.as_bytes().as_slice())
                        .bind(payload)
                        .execute(connection)
                        .await?;
                    Ok(())
                })
            })
            .await
    }

    /// How many jobs of each kind are in each state they are found in.
    pub async fn job_counts(&self) -> Result<Vec<JobCount>, StoreError> {
        let mut reader = self.db.read().await?;
        let rows: Vec<(String, String, i64)> =
            query_as("SELECT kind, state, count(*) FROM jobs GROUP BY kind, state")
                .fetch_all(&mut reader)
                .await?;
        let count = |(kind, state, jobs): (String, String, i64)| {
            let state = JobState::parse(&state).ok_or(StoreError::Corrupt)?;
            Ok(JobCount { kind, state, jobs })
        };
        rows.into_iter().map(count).collect()
    }

    /// Whether there is something to claim.
    pub async fn is_work_waiting(
        &self,
        now: Timestamp,
        lease: Duration,
    ) -> Result<bool, StoreError> {
        let mut reader = self.db.read().await?;
        let due: bool = query_scalar(
            "SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'PENDING' \
             AND (run_at <= $1 OR run_at > $2))",
        )
        .bind(now.as_microsecond())
        .bind(latest_run(now))
        .fetch_one(&mut reader)
        .await?;
        if due {
            return Ok(true);
        }
        let running = running(&mut reader).await?;
        Ok(running
            .iter()
            .any(|it| it.is_over(now, lease, &self.db.presence)))
    }

    /// One job.
    pub async fn job(&self, id: Uuid) -> Result<Option<Job>, StoreError> {
        self.job_where("id", id).await
    }

    /// The job of a batch; none when no worker has to do with it.
    pub async fn job_of_batch(&self, batch: Uuid) -> Result<Option<Job>, StoreError> {
        self.job_where("batch", batch).await
    }

    /// A page of jobs, newest first.
    pub async fn jobs(
        &self,
        filter: &JobFilter,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<Job>, StoreError> {
        let limit = rows_of_page(limit);
        let mut query = Builder::new(format!(
            "SELECT {COLUMNS} FROM jobs INDEXED BY jobs_created WHERE true"
        ));
        if let Some(state) = filter.state {
            query.push(" AND state = ").push_bind(state.as_str());
        }
        if let Some(kind) = &filter.kind {
            query.push(" AND kind = ").push_bind(kind.clone());
        }
        if let Some(key_id) = filter.key_id {
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
        self.db
            .write(move |connection| {
                Box::pin(async move {
                    let known: i64 = query_scalar("SELECT count(*) FROM jobs WHERE id = $1")
                        .bind(id.as_bytes().as_slice())
                        .fetch_one(&mut *connection)
                        .await?;
                    if known == 0 {
                        return Err(StoreError::NoSuchJob);
                    }
                    change(connection, statement, id, now).await
                })
            })
            .await
    }

    async fn job_where(&self, column: &'static str, id: Uuid) -> Result<Option<Job>, StoreError> {
        let statement = format!("SELECT {COLUMNS} FROM jobs WHERE {column} = $1");
        let mut reader = self.db.read().await?;
        let row = query(statement)
            .bind(id.as_bytes().to_vec())
            .fetch_optional(&mut reader)
            .await?;
        row.map(|row| Ok(placed_row(&row)?.1)).transpose()
    }
}

/// Puts a job into the queue, inside the transaction of the fact that causes it.
pub(in crate::store) async fn enqueue(
    connection: &mut Conn,
    new: &NewJob,
) -> Result<(), StoreError> {
    query(
        "INSERT INTO jobs (id, kind, payload, priority, state, max_attempts, run_at, asked_by, \
         key_id, batch, created_at) VALUES ($1, $2, $3, $4, 'PENDING', $5, $6, $7, $8, $9, $10)",
    )
    .bind(new.id.as_bytes().as_slice())
    .bind(new.kind)
    .bind(new.payload.as_str())
    .bind(new.priority.rank())
    .bind(new.max_attempts)
    .bind(new.run_at.as_microsecond())
    .bind(new.asked_by.as_str())
    .bind(new.key_id.map(|id| id.as_bytes().to_vec()))
    .bind(new.batch.map(|id| id.as_bytes().to_vec()))
    .bind(new.created_at.as_microsecond())
    .execute(connection)
    .await?;
    Ok(())
}

/// An error unless the claim still holds; a sign of life too.
pub(in crate::store) async fn hold(connection: &mut Conn, claim: &Claim) -> Result<(), StoreError> {
    let held = query(
        "UPDATE jobs SET interruptions = 0 WHERE id = $1 AND fence = $2 AND state = 'RUNNING'",
    )
    .bind(claim.job.id.as_bytes().as_slice())
    .bind(claim.fence)
    .execute(connection)
    .await?;
    or_lost(held)
}

/// Ends a run, if the claim still holds.
pub(in crate::store) async fn end(
    connection: &mut Conn,
    claim: &Claim,
    end: &JobEnd,
    now: Timestamp,
) -> Result<(), StoreError> {
    let again = matches!(end, JobEnd::Again { .. });
    let attempts_left = claim.job.attempts + 1 < claim.job.max_attempts;
    let (state, code, run_at) = match end {
        JobEnd::Completed => (JobState::Completed, None, None),
        JobEnd::Released => (JobState::Pending, claim.job.code.as_deref(), None),
        JobEnd::Again { at, code } if attempts_left => {
            let at = at.as_microsecond().min(micros_after(now, LONGEST_PAUSE));
            (JobState::Pending, Some(code.as_str()), Some(at))
        }
        JobEnd::Again { code, .. } | JobEnd::Failed { code } => {
            (JobState::Failed, Some(code.as_str()), None)
        }
    };
    let failed = again || matches!(end, JobEnd::Failed { .. });
    let ended = !matches!(state, JobState::Pending);
    let changed = query(
        "UPDATE jobs SET state = $3, code = $4, run_at = coalesce($5, run_at), \
         attempts = attempts + $6, finished_at = $7, leased_until = NULL, holder = NULL, \
         fence = fence + 1 WHERE id = $1 AND fence = $2 AND state = 'RUNNING'",
    )
    .bind(claim.job.id.as_bytes().as_slice())
    .bind(claim.fence)
    .bind(state.as_str())
    .bind(code)
    .bind(run_at)
    .bind(i64::from(failed))
    .bind(ended.then(|| now.as_microsecond()))
    .execute(connection)
    .await?;
    or_lost(changed)
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
        .bind(id.as_bytes().as_slice())
        .bind(now.as_microsecond())
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

async fn claim(
    connection: &mut Conn,
    now: Timestamp,
    lease: Duration,
    at_least: Priority,
    presence: &Presence,
) -> Result<Option<Claim>, StoreError> {
    take_back(connection, now, lease, presence).await?;
    let statement = format!(
        "UPDATE jobs SET state = 'RUNNING', fence = fence + 1, leased_until = $2, holder = $4, \
         started_at = coalesce(started_at, $1) WHERE seq = (SELECT seq FROM jobs \
         INDEXED BY jobs_waiting WHERE state = 'PENDING' \
         AND (run_at <= $1 OR run_at > $5) AND priority >= $3 \
         ORDER BY priority DESC, seq LIMIT 1) RETURNING {COLUMNS}, fence"
    );
    let row = query(statement)
        .bind(now.as_microsecond())
        .bind(micros_after(now, lease))
        .bind(at_least.rank())
        .bind(presence.id())
        .bind(latest_run(now))
        .fetch_optional(connection)
        .await?;
    row.map(|row| {
        let (_, job) = placed_row(&row)?;
        let fence = row.try_get(FENCE)?;
        Ok(Claim { job, fence })
    })
    .transpose()
}

/// A job that somebody holds.
struct Running {
    seq: i64,
    until: i64,
    /// None where a program before this knowledge took it.
    holder: Option<i64>,
    interruptions: i64,
}

impl Running {
    /// Whether nobody holds it any more.
    fn is_over(&self, now: Timestamp, lease: Duration, presence: &Presence) -> bool {
        if self.until < now.as_microsecond() {
            return true;
        }
        match self.holder {
            // Whoever lives renews a lease of the future within seconds.
            Some(holder) => !presence.is_living(holder),
            None => self.until > micros_after(latest_true(now), lease),
        }
    }
}

async fn running(connection: &mut Conn) -> Result<Vec<Running>, StoreError> {
    let rows: Vec<(i64, i64, Option<i64>, i64)> = query_as(
        "SELECT seq, leased_until, holder, interruptions FROM jobs WHERE state = 'RUNNING'",
    )
    .fetch_all(connection)
    .await?;
    let running = |(seq, until, holder, interruptions)| Running {
        seq,
        until,
        holder,
        interruptions,
    };
    Ok(rows.into_iter().map(running).collect())
}

/// Takes jobs back that nobody holds any more.
async fn take_back(
    connection: &mut Conn,
    now: Timestamp,
    lease: Duration,
    presence: &Presence,
) -> Result<(), StoreError> {
    let over = running(connection).await?.into_iter();
    let mut given_up = false;
    for job in over.filter(|it| it.is_over(now, lease, presence)) {
        if job.interruptions < MOST_INTERRUPTIONS {
            query(
                "UPDATE jobs SET state = 'PENDING', leased_until = NULL, holder = NULL, \
                 fence = fence + 1, interruptions = interruptions + 1 WHERE seq = $1",
            )
            .bind(job.seq)
            .execute(&mut *connection)
            .await?;
            continue;
        }
        given_up = true;
        query(
            "UPDATE jobs SET state = 'FAILED', code = $2, finished_at = $3, leased_until = NULL, \
             holder = NULL, fence = fence + 1 WHERE seq = $1",
        )
        .bind(job.seq)
        .bind(INTERRUPTED)
        .bind(now.as_microsecond())
        .execute(&mut *connection)
        .await?;
    }
    if given_up {
        query(
            "UPDATE batches SET state = 'FAILED', finished_at = $2 WHERE state = 'PROCESSING' \
             AND id IN (SELECT batch FROM jobs WHERE state = 'FAILED' AND code = $1)",
        )
        .bind(INTERRUPTED)
        .bind(now.as_microsecond())
        .execute(connection)
        .await?;
    }
    Ok(())
}

async fn renew(connection: &mut Conn, id: Uuid, fence: i64, until: i64) -> Result<(), StoreError> {
    let renewed = query(
        "UPDATE jobs SET leased_until = $3 WHERE id = $1 AND fence = $2 AND state = 'RUNNING'",
    )
    .bind(id.as_bytes().as_slice())
    .bind(fence)
    .bind(until)
    .execute(connection)
    .await?;
    or_lost(renewed)
}

fn or_lost(changed: u64) -> Result<(), StoreError> {
    match changed {
        0 => Err(StoreError::LeaseLost),
        _ => Ok(()),
    }
}

/// The latest time at which a job may be told to be tried again; what is later was set while the clock
/// was ahead.
fn latest_run(now: Timestamp) -> i64 {
    micros_after(latest_true(now), LONGEST_PAUSE)
}

fn micros_after(now: Timestamp, lease: Duration) -> i64 {
    let lease = i64::try_from(lease.as_micros()).unwrap_or(i64::MAX);
    now.as_microsecond().saturating_add(lease)
}

const COLUMNS: &str = "seq, id, kind, payload, priority, state, attempts, max_attempts, run_at, \
                       leased_until, code, asked_by, key_id, batch, created_at, started_at, \
                       finished_at";

/// Column of the fence, after those of a job.
const FENCE: usize = 17;

fn placed_row(row: &Row) -> Result<(Cursor, Job), StoreError> {
    let created_at: i64 = row.try_get(14)?;
    let place = Cursor {
        at: created_at,
        seq: row.try_get(0)?,
    };
    let moment = |column: usize| -> Result<_, StoreError> {
        Ok(row.try_get::<Option<i64>>(column)?.map(instant))
    };
    let identifier = |column: usize| -> Result<_, StoreError> {
        row.try_get::<Option<&[u8]>>(column)?
            .map(uuid_of)
            .transpose()
    };
    let job = Job {
        id: uuid_of(row.try_get(1)?)?,
        kind: row.try_get(2)?,
        payload: row.try_get(3)?,
        priority: Priority::of_rank(row.try_get(4)?).ok_or(StoreError::Corrupt)?,
        state: JobState::parse(row.try_get(5)?).ok_or(StoreError::Corrupt)?,
        attempts: row.try_get(6)?,
        max_attempts: row.try_get(7)?,
        run_at: instant(row.try_get(8)?),
        leased_until: moment(9)?,
        code: row.try_get(10)?,
        asked_by: row.try_get(11)?,
        key_id: identifier(12)?,
        batch: identifier(13)?,
        created_at: instant(created_at),
        started_at: moment(15)?,
        finished_at: moment(16)?,
    };
    Ok((place, job))
}
