//! The schedule: cron expressions in Lima time. When an entry was last seen to is in the store, in
//! the same transaction as its job: a restart neither repeats a night nor skips one, and several
//! missed times are made up for by one job.

use chaski_core::{lima_datetime, lima_timestamp};
use croner::Cron;
use jiff::Timestamp;

use crate::app::trabajos::JobKind;
use crate::app::{App, AppError};

/// An entry: the name under which it is remembered, which is its configuration key, and its job.
struct Entry<'c> {
    name: &'static str,
    cron: &'c Cron,
    kind: JobKind,
    payload: &'static str,
}

/// The entries that are switched on.
fn entries(app: &App) -> Vec<Entry<'_>> {
    let schedule = &app.config.schedule;
    [
        (
            "schedule.retention",
            &schedule.retention,
            JobKind::Retention,
            "{}",
        ),
        ("schedule.quota", &schedule.quota, JobKind::Quota, "{}"),
    ]
    .into_iter()
    .filter_map(|(name, cron, kind, payload)| {
        let cron = cron.as_ref()?;
        Some(Entry {
            name,
            cron,
            kind,
            payload,
        })
    })
    .collect()
}

/// Puts into the queue what is due.
pub(super) async fn see_to(app: &App) -> Result<(), AppError> {
    for entry in entries(app) {
        let now = app.clock.now();
        let seen = app.store.schedule_seen(entry.name).await?;
        let job = match seen {
            // A new entry waits for its first time.
            None => None,
            Some(seen) if next_after(entry.cron, seen).is_none_or(|next| next > now) => continue,
            Some(_) => Some(app.job_of_schedule(entry.kind, entry.payload.to_owned())),
        };
        app.store
            .see_to_schedule(entry.name, seen, now, job)
            .await?;
    }
    Ok(())
}

/// The next time of an expression; none if it has none, such as the 30th of February.
pub(crate) fn next_after(cron: &Cron, at: Timestamp) -> Option<Timestamp> {
    let next = cron.find_next_occurrence(&lima_datetime(at), false).ok()?;
    Some(lima_timestamp(next))
}
