//! The schedule: cron expressions in Lima time. The last time of each entry is stored in the same
//! transaction as its job: a restart neither repeats a night nor skips one, and one job makes up for
//! several missed times.

use chaski_client::is_of_the_future;
use jiff::Timestamp;

use super::job_kind::JobKind;
use super::trabajos::OF_ALL_COMPANIES;
use super::{App, AppError};
use crate::config::{Cron, Schedule};
use crate::store::{Asker, Channel};

/// What is done by itself, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Programado {
    /// Its configuration key.
    pub name: &'static str,
    /// Its expression, as configured.
    pub cron: String,
    /// What is done.
    pub kind: JobKind,
    /// When it last came due; none before a worker first runs.
    pub last: Option<Timestamp>,
    /// Its next time; none if it has none, such as the 30th of February.
    pub next: Option<Timestamp>,
}

/// An entry that is switched on.
struct Entry {
    /// The configuration key, under which it is remembered too.
    name: &'static str,
    cron: Cron,
    kind: JobKind,
    payload: &'static str,
}

/// One line for each kind of work that time brings.
fn entries(schedule: &Schedule) -> Vec<Entry> {
    let entry = |name, cron: &Option<Cron>, kind, payload| {
        let cron = cron.clone()?;
        Some(Entry {
            name,
            cron,
            kind,
            payload,
        })
    };
    let (nightly, all) = (&schedule.partners, OF_ALL_COMPANIES);
    let lines = [
        entry(
            "schedule.retention",
            &schedule.retention,
            JobKind::Retention,
            "{}",
        ),
        entry("schedule.quota", &schedule.quota, JobKind::Quota, "{}"),
        entry("schedule.partners", nightly, JobKind::PartnerRefresh, all),
        entry(
            "schedule.invoicing",
            &schedule.invoicing,
            JobKind::MonthlyInvoicing,
            "{}",
        ),
    ];
    lines.into_iter().flatten().collect()
}

impl App {
    /// What is done by itself, and when it comes next.
    pub async fn programados(&self) -> Result<Vec<Programado>, AppError> {
        let mut all = Vec::new();
        for entry in entries(&self.config.schedule) {
            let last = self.store.schedule_seen(entry.name).await?;
            all.push(Programado {
                name: entry.name,
                cron: entry.cron.to_string(),
                kind: entry.kind,
                last,
                next: entry.cron.next_after(true_or_now(last, self.clock.now())),
            });
        }
        Ok(all)
    }

    /// Puts into the queue what is due.
    pub(crate) async fn enqueue_scheduled(&self) -> Result<(), AppError> {
        for entry in entries(&self.config.schedule) {
            let now = self.clock.now();
            let seen = self.store.schedule_seen(entry.name).await?;
            let job = match seen {
                // A new entry waits for its next time, and so does one whose last time was noted while
                // the clock was ahead: it would wait until then.
                None => None,
                Some(seen) if is_of_the_future(seen, now) => None,
                Some(seen) if entry.cron.next_after(seen).is_none_or(|next| next > now) => {
                    continue;
                }
                Some(_) => Some(self.new_job(
                    entry.kind,
                    entry.payload.to_owned(),
                    &Asker::Owner(Channel::Schedule),
                )),
            };
            self.store
                .enqueue_scheduled(entry.name, seen, now, job)
                .await?;
        }
        Ok(())
    }
}

/// The last time of an entry; now where none was noted, or by a clock that was ahead.
fn true_or_now(last: Option<Timestamp>, now: Timestamp) -> Timestamp {
    last.filter(|last| !is_of_the_future(*last, now))
        .unwrap_or(now)
}
