//! Letting go of what is past its time: by itself once a day, or when somebody asks.

use std::fs;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chaski_core::lima_date;

use super::{App, AppError, folder_of};
use crate::store::{Pruned, Retention};

/// Holds the day on which the folder was last tidied.
const MARK: &str = "limpieza";

/// A command that answered already does not keep the person waiting: what does not fit in this
/// is left to the next one.
const PATIENCE: Duration = Duration::from_secs(2);

/// An interrupted list can be taken up for so many days, however short the audit is kept.
const FEWEST_BATCH_DAYS: u32 = 7;

impl App {
    /// Deletes now what is past its time.
    pub async fn prune(&self) -> Result<Pruned, AppError> {
        let pruned = self
            .store
            .prune(self.clock.now(), &self.retention())
            .await?;
        self.mark_tidied();
        Ok(pruned)
    }

    /// The same once a day, without holding anybody up. A failure is no failure of the deed that
    /// was just done: the next command tries again.
    pub(super) async fn tidy_up(&self) {
        if self.was_tidied_today() {
            return;
        }
        match tokio::time::timeout(PATIENCE, self.prune()).await {
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

    fn was_tidied_today(&self) -> bool {
        fs::read_to_string(self.mark()).is_ok_and(|day| day.trim() == self.today())
    }

    /// Two processes that both tidy up are no harm, nor is a mark that cannot be written.
    fn mark_tidied(&self) {
        if let Err(error) = write(&self.mark(), &self.today()) {
            tracing::debug!(%error, "the day of tidying up was not noted");
        }
    }

    fn mark(&self) -> PathBuf {
        folder_of(&self.config, self.mode).join(MARK)
    }

    fn today(&self) -> String {
        lima_date(self.clock.now()).to_string()
    }
}

fn write(path: &Path, day: &str) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    writeln!(file, "{day}")
}
