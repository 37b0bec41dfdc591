//! Deleting what has expired: by itself once a day, or when a person asks for it.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chaski_core::{lima_date, lima_timestamp};
use jiff::Timestamp;
use jiff::civil::Date;

use super::{App, AppError, folder_of};
use crate::private;
use crate::store::{Pruned, Retention};

/// Holds the days on which the folder was tidied, the last ones.
const MARK: &str = "limpieza";

/// On how many earlier days of use a row must have been expired already before it is deleted by
/// itself. A clock that is ahead on one or two days deletes nothing.
const EARLIER_DAYS: usize = 2;

/// A command that answered already does not keep the person waiting: what does not fit in this
/// is left to the next one.
const PATIENCE: Duration = Duration::from_secs(2);

/// An interrupted list can be resumed for this many days, however short the audit is kept.
const FEWEST_BATCH_DAYS: u32 = 7;

impl App {
    /// Deletes what is expired by the clock: a person asked for it.
    pub async fn prune(&self) -> Result<Pruned, AppError> {
        self.prune_as_of(self.clock.now()).await
    }

    /// Deletes what was expired on the last days of use before today already.
    pub(super) async fn prune_by_itself(&self) -> Result<Pruned, AppError> {
        let today = lima_date(self.clock.now());
        let mut earlier = self.tidied_on().into_iter().filter(|day| *day < today);
        let as_of = earlier.nth_back(EARLIER_DAYS - 1);
        let as_of = as_of.map(|day| lima_timestamp(day.at(0, 0, 0, 0)));
        self.prune_as_of(as_of.unwrap_or(Timestamp::UNIX_EPOCH))
            .await
    }

    async fn prune_as_of(&self, moment: Timestamp) -> Result<Pruned, AppError> {
        // Before the rest, which makes sure that what is gone is in no file either.
        let documents = self.prune_documents(moment).await?;
        let pruned = self.store.prune(moment, &self.retention()).await?;
        self.mark_tidied();
        Ok(Pruned {
            documents,
            ..pruned
        })
    }

    /// The same once a day, without holding anybody up. A failure is no failure of the deed that
    /// was just done: the next command tries again.
    pub(super) async fn tidy_up(&self) {
        let today = lima_date(self.clock.now());
        if self.tidied_on().last() == Some(&today) {
            return;
        }
        match tokio::time::timeout(PATIENCE, self.prune_by_itself()).await {
            Ok(Ok(pruned)) => tracing::debug!(?pruned, "what was past its time is gone"),
            Ok(Err(error)) => tracing::warn!(code = error.code(), "could not tidy up"),
            Err(_) => tracing::debug!("the next command goes on tidying up"),
        }
    }

    fn retention(&self) -> Retention {
        let days = self.config.retention_days;
        let stale = self.config.settings.times.stale.as_secs().div_ceil(86_400);
        Retention {
            calls_days: days,
            stale_answers_days: u32::try_from(stale).unwrap_or(u32::MAX),
            batches_days: days.max(FEWEST_BATCH_DAYS),
        }
    }

    /// The days on which the folder was tidied, in the order in which that happened.
    fn tidied_on(&self) -> Vec<Date> {
        let text = fs::read_to_string(self.mark()).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// Two processes that both tidy up are no harm, nor is a mark that cannot be written.
    fn mark_tidied(&self) {
        let today = lima_date(self.clock.now());
        let mut days = self.tidied_on();
        // Later ones were noted by a clock that was ahead.
        days.retain(|day| *day < today);
        days.push(today);
        let days = &days[days.len().saturating_sub(EARLIER_DAYS + 1)..];
        if let Err(error) = write(&self.mark(), days) {
            tracing::debug!(%error, "the day of tidying up was not noted");
        }
    }

    fn mark(&self) -> PathBuf {
        folder_of(&self.config, self.mode).join(MARK)
    }
}

fn write(path: &Path, days: &[Date]) -> std::io::Result<()> {
    let mut file = private::to_write().create(true).truncate(true).open(path)?;
    for day in days {
        writeln!(file, "{day}")?;
    }
    Ok(())
}
