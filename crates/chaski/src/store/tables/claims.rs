//! Jobs claimed by lease: taken, held, taken over, ended. Every write of a worker passes the fence of its
//! [`Claim`].
//!
//! A worker holds a job by a lease that it renews. A command that works on its own batch holds it as
//! long as its process lives, without a lease: when it is gone, the batch waits for whoever gave the
//! command, as if they had paused it, and no worker takes it unasked.

use std::sync::Arc;
use std::time::Duration;

use chaski_client::latest_true;
use jiff::Timestamp;
use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::presence::Presence;
use crate::store::sql::{Conn, Record, StoredRow, deed, query, record};
use crate::store::tables::batch_rows::Priority;
use crate::store::tables::jobs::{Job, JobEnd, JobState};

/// The right to work on a job, until its lease ends or its fence grows.
#[derive(Debug, Clone)]
pub struct Claim {
    /// The job.
    pub job: Job,
    fence: i64,
}

/// The columns of a job.
const COLUMNS: &str = Job::COLUMNS;

/// For how long a job is held without a sign of life.
pub const LEASE: Duration = Duration::from_secs(10);

/// A job whose worker died so often without any progress is not given to another one: it may be
/// what kills them.
const MOST_INTERRUPTIONS: i64 = 100;

/// The longest a job waits before it is tried again.
pub(in crate::store) const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// Code of a job that was given up for that.
const INTERRUPTED: &str = "trabajo_interrumpido";

impl Claim {
    /// That of whoever puts a job into the queue as one that it runs already.
    pub(crate) fn at_birth(job: Job) -> Claim {
        Claim { job, fence: 1 }
    }

    /// The batch that is worked on.
    pub(crate) fn batch(&self) -> Result<Uuid, StoreError> {
        self.job.batch.ok_or(StoreError::NoSuchBatch)
    }
}

impl Store {
    /// Takes the next job of at least that priority for so long; none when nothing is due.
    pub async fn claim_job(
        &self,
        now: Timestamp,
        lease: Duration,
        at_least: Priority,
    ) -> Result<Option<Claim>, StoreError> {
        let presence = Arc::clone(&self.presence);
        self.write(deed!(|connection| {
            take_back(connection, now, lease, &presence).await?;
            let statement = format!(
                "UPDATE jobs SET state = 'RUNNING', fence = fence + 1, leased_until = $2, \
                 holder = $4, started_at = coalesce(started_at, $1) WHERE seq = (SELECT seq FROM jobs \
                 INDEXED BY jobs_waiting WHERE state = 'PENDING' \
                 AND (run_at <= $1 OR run_at > $5) AND priority >= $3 \
                 ORDER BY priority DESC, seq LIMIT 1) RETURNING {COLUMNS}, fence"
            );
            query(statement)
                .bind(now)
                .bind(micros_after(now, lease))
                .bind(at_least.rank())
                .bind(presence.id())
                .bind(latest_run(now))
                .fetch_optional(connection)
                .await
        }))
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
        self.write(deed!(|connection| {
            let renewed = query(
                "UPDATE jobs SET leased_until = $3 \
                 WHERE id = $1 AND fence = $2 AND state = 'RUNNING'",
            )
            .bind(id)
            .bind(fence)
            .bind(until)
            .execute(connection)
            .await?;
            or_lost(renewed)
        }))
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
        self.write(deed!(
            |connection| self::end(connection, &claim, &end, now).await
        ))
        .await
    }

    /// Says what a later run of a job is about, under a claim.
    pub async fn change_payload(&self, claim: &Claim, payload: String) -> Result<(), StoreError> {
        let claim = claim.clone();
        self.write(deed!(|connection| {
            hold(connection, &claim).await?;
            query("UPDATE jobs SET payload = $2 WHERE id = $1")
                .bind(claim.job.id)
                .bind(payload)
                .execute(connection)
                .await?;
            Ok(())
        }))
        .await
    }

    /// Whether there is something to claim.
    pub async fn is_work_waiting(
        &self,
        now: Timestamp,
        lease: Duration,
    ) -> Result<bool, StoreError> {
        let mut reader = self.read().await?;
        let due: bool = query(
            "SELECT EXISTS (SELECT 1 FROM jobs WHERE state = 'PENDING' \
             AND (run_at <= $1 OR run_at > $2))",
        )
        .bind(now)
        .bind(latest_run(now))
        .fetch_one(&mut reader)
        .await?;
        if due {
            return Ok(true);
        }
        let running = running(&mut reader).await?;
        Ok(running
            .iter()
            .any(|it| it.is_over(now, lease, &self.presence)))
    }
}

/// An error unless the claim still holds; a sign of life too.
pub(in crate::store) async fn hold(connection: &mut Conn, claim: &Claim) -> Result<(), StoreError> {
    let held = query(
        "UPDATE jobs SET interruptions = 0 WHERE id = $1 AND fence = $2 AND state = 'RUNNING'",
    )
    .bind(claim.job.id)
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
        JobEnd::Later { at } => {
            let at = at.as_microsecond().min(micros_after(now, LONGEST_PAUSE));
            (JobState::Pending, None, Some(at))
        }
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
    .bind(claim.job.id)
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

impl Record for Claim {
    fn of(row: StoredRow) -> Result<Claim, StoreError> {
        let fence = row.try_get("fence")?;
        let job = Job::of(row)?;
        Ok(Claim { job, fence })
    }
}

/// Takes the job of a batch that can go on for as long as this process lives, with all its attempts;
/// none when somebody holds it.
pub(in crate::store) async fn take_up(
    connection: &mut Conn,
    batch: Uuid,
    payload: String,
    now: Timestamp,
    me: i64,
) -> Result<Option<Claim>, StoreError> {
    let statement = format!(
        "UPDATE jobs SET state = 'RUNNING', fence = fence + 1, leased_until = NULL, holder = $2, \
         payload = $3, attempts = 0, interruptions = 0, code = NULL, finished_at = NULL, \
         started_at = coalesce(started_at, $4) WHERE batch = $1 AND state <> 'RUNNING' \
         AND EXISTS (SELECT 1 FROM batches WHERE id = $1 \
         AND state IN ('PENDING', 'PROCESSING', 'PARTIAL', 'FAILED')) RETURNING {COLUMNS}, fence"
    );
    query(statement)
        .bind(batch)
        .bind(me)
        .bind(payload)
        .bind(now)
        .fetch_optional(connection)
        .await
}

/// A job that somebody holds.
struct Running {
    seq: i64,
    /// None where a command holds it, for as long as it lives.
    until: Option<i64>,
    /// None where a program before this knowledge took it.
    holder: Option<i64>,
    interruptions: i64,
}

record!(Running {
    seq,
    until: "leased_until",
    holder,
    interruptions,
});

impl Running {
    /// Whether nobody holds it any more.
    fn is_over(&self, now: Timestamp, lease: Duration, presence: &Presence) -> bool {
        match (self.until, self.holder) {
            (Some(until), _) if until < now.as_microsecond() => true,
            // Whoever lives renews a lease of the future within seconds.
            (_, Some(holder)) => !presence.is_living(holder),
            (Some(until), None) => until > micros_after(latest_true(now), lease),
            (None, None) => true,
        }
    }
}

async fn running(connection: &mut Conn) -> Result<Vec<Running>, StoreError> {
    query("SELECT seq, leased_until, holder, interruptions FROM jobs WHERE state = 'RUNNING'")
        .fetch_all(connection)
        .await
}

/// Takes jobs back that nobody holds any more.
pub(in crate::store) async fn take_back(
    connection: &mut Conn,
    now: Timestamp,
    lease: Duration,
    presence: &Presence,
) -> Result<(), StoreError> {
    let over = running(connection).await?.into_iter();
    let mut given_up = false;
    for job in over.filter(|it| it.is_over(now, lease, presence)) {
        if job.until.is_none() {
            for statement in [LET_GO, LET_GO_OF_BATCH] {
                query(statement)
                    .bind(job.seq)
                    .execute(&mut *connection)
                    .await?;
            }
            continue;
        }
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
        .bind(now)
        .execute(&mut *connection)
        .await?;
    }
    if given_up {
        query(
            "UPDATE batches SET state = 'FAILED', finished_at = $2 WHERE state = 'PROCESSING' \
             AND id IN (SELECT batch FROM jobs WHERE state = 'FAILED' AND code = $1)",
        )
        .bind(INTERRUPTED)
        .bind(now)
        .execute(connection)
        .await?;
    }
    Ok(())
}

/// What becomes of a job whose command is gone: it waits for whoever gave the command.
const LET_GO: &str =
    "UPDATE jobs SET state = 'PAUSED', holder = NULL, fence = fence + 1 WHERE seq = $1";
const LET_GO_OF_BATCH: &str = "UPDATE batches SET paused = 1 \
     WHERE state IN ('PENDING', 'PROCESSING') AND id IN (SELECT batch FROM jobs WHERE seq = $1)";

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
