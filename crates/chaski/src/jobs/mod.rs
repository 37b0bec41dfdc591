//! The door that time opens: a worker, which claims jobs and runs them.
//!
//! It holds each job by a lease that it renews; losing the lease (paused, cancelled, taken over)
//! drops the run where it is. A run may be cut off anywhere, because whatever it pays for is in
//! memory before it counts.

mod batch;
mod invoicing;
pub mod issuing;
mod partners;
mod quota;
mod retention;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use chaski_client::Clock;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::app::job_kind::JobKind;
use crate::app::{App, AppError};
use crate::store::{Claim, JobEnd, Priority, StoreError};

/// How often that is renewed.
const HEARTBEAT: Duration = Duration::from_secs(3);

/// How often the queue and the schedule are looked at without a signal: another process may put
/// jobs into the folder.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// What a clock that is kept right is never set by; and a machine that slept longer has to be watched
/// too.
const A_JUMP: SignedDuration = SignedDuration::from_secs(2);

/// How long a store that cannot be read or written is left in peace.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// Waiting time before a job that failed is tried again, but for batches, which know better.
const RETRY: Duration = Duration::from_mins(1);

/// Runs jobs until `shutdown`; then what runs is put back for the next start, at once. Another
/// process may work on the same folder: each takes what nobody else holds.
pub async fn run(app: Arc<App>, shutdown: impl Future<Output = ()>) -> Result<(), AppError> {
    let (stop, stopped) = watch::channel(false);
    let mut running = JoinSet::new();
    let mut clock = Watched::new(app.clock);
    let mut work = app.signals.work();
    tokio::pin!(shutdown);
    loop {
        let pause = match fill(&app, &mut clock, &mut running, &stopped).await {
            Ok(()) => LOOK_AGAIN,
            Err(error) => {
                tracing::warn!(code = error.code(), "the queue cannot be read");
                AFTER_A_FAILURE
            }
        };
        tokio::select! {
            () = &mut shutdown => break,
            _ = work.changed() => {}
            _ = running.join_next(), if !running.is_empty() => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
    let _ = stop.send(true);
    while running.join_next().await.is_some() {}
    Ok(())
}

/// Enqueues what the schedule has due and claims as many jobs as there is room for. One place is kept for what
/// cannot wait behind usual batches.
async fn fill(
    app: &Arc<App>,
    clock: &mut Watched,
    running: &mut JoinSet<()>,
    stopped: &watch::Receiver<bool>,
) -> Result<(), AppError> {
    app.enqueue_scheduled().await?;
    if clock.was_just_set() {
        return Ok(());
    }
    // What has ended leaves its place.
    while running.try_join_next().is_some() {}
    while running.len() < app.config.jobs_concurrency {
        let last_place = running.len() + 1 == app.config.jobs_concurrency;
        let at_least = if last_place && !running.is_empty() {
            Priority::High
        } else {
            Priority::Low
        };
        let Some(claim) = app.claim_job(at_least).await? else {
            break;
        };
        running.spawn(run_claimed(Arc::clone(app), claim, stopped.clone()));
    }
    Ok(())
}

/// Runs one job to its end, or until it is no longer ours, or until the worker stops.
async fn run_claimed(app: Arc<App>, claim: Claim, mut stopped: watch::Receiver<bool>) {
    let kind = claim.job.kind.as_str();
    let done = tokio::select! {
        done = work(&app, &claim) => done,
        () = keep_lease(&app, &claim) => Err(StoreError::LeaseLost.into()),
        () = stop(&mut stopped) => {
            app.end_job(&claim, JobEnd::Released).await
        }
    };
    match done {
        Ok(()) => {}
        Err(AppError::Store(StoreError::LeaseLost)) => {
            tracing::debug!(kind, "a job was stopped or taken over");
        }
        Err(error) => {
            let code = error.code();
            tracing::warn!(kind, code, "a job failed");
            let at = later(app.clock.now(), RETRY);
            let end = JobEnd::Again {
                at,
                code: code.to_owned(),
            };
            // A batch has said so itself by now. If nothing can be written, its lease ends.
            let _ = app.end_job(&claim, end).await;
        }
    }
}

async fn work(app: &App, claim: &Claim) -> Result<(), AppError> {
    match JobKind::from_name(&claim.job.kind) {
        Some(JobKind::Batch) => batch::work(app, claim).await,
        Some(JobKind::Retention) => retention::work(app, claim).await,
        Some(JobKind::Quota) => quota::work(app, claim).await,
        Some(JobKind::PartnerRefresh) => partners::work(app, claim).await,
        Some(JobKind::MonthlyInvoicing) => invoicing::work(app, claim).await,
        None => {
            let end = JobEnd::Failed {
                code: "trabajo_desconocido".to_owned(),
            };
            app.end_job(claim, end).await
        }
    }
}

/// Waits until the worker is to stop.
async fn stop(stopped: &mut watch::Receiver<bool>) {
    // A worker that is gone has stopped too.
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Renews the lease until it is lost.
async fn keep_lease(app: &App, claim: &Claim) {
    let mut control = app.signals.control();
    loop {
        // Stopping a job changes this, so that it stops at once.
        let _ = tokio::time::timeout(HEARTBEAT, control.changed()).await;
        let renewed = app.renew_job(claim).await;
        if renewed == Err(StoreError::LeaseLost) {
            return;
        }
    }
}

/// The clock, watched for jumps. When it is set ahead, the leases of those who live seem to be over
/// until they have renewed them; nothing is taken for as long.
struct Watched {
    clock: Clock,
    /// What it said, and when by tokio's, which nobody sets.
    said: (Timestamp, Instant),
    set_at: Option<Instant>,
}

impl Watched {
    fn new(clock: Clock) -> Watched {
        Watched {
            clock,
            said: (clock.now(), Instant::now()),
            set_at: None,
        }
    }

    fn was_just_set(&mut self) -> bool {
        let (now, at) = (self.clock.now(), Instant::now());
        let (before, then) = std::mem::replace(&mut self.said, (now, at));
        let jump =
            now.duration_since(before) - SignedDuration::try_from(at - then).unwrap_or_default();
        if jump.abs() > A_JUMP {
            let seconds = jump.as_secs();
            tracing::warn!(seconds, "the clock was set");
            self.set_at = Some(at);
        }
        self.set_at
            .is_some_and(|set_at| at < set_at + 2 * HEARTBEAT)
    }
}

fn later(now: Timestamp, pause: Duration) -> Timestamp {
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}
