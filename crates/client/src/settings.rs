//! Limits and times, of a line and of the engine.

use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use crate::TimesToLive;

/// Limits and times: those of calls are for a [`Line`](crate::Line), the others for the
/// [`Engine`](crate::Engine); one value may serve both.
///
/// ```
/// use chaski_client::Settings;
/// let plan = Settings { calls_per_minute: 120, quota: Some(40_000), ..Settings::default() };
/// assert_eq!(plan.max_attempts, 3);
/// ```
#[derive(Debug, Clone)]
pub struct Settings {
    /// Time for one attempt, from connecting to the last byte.
    pub attempt_timeout: Duration,
    /// Time for a look-up with all its attempts and waits.
    pub deadline: Duration,
    /// Attempts for one look-up, the first included.
    pub max_attempts: u32,
    /// Calls a minute; 0 for no limit of ours.
    pub calls_per_minute: u32,
    /// Calls a month; none when unknown.
    pub quota: Option<u64>,
    /// Most calls in flight at once.
    pub concurrency: usize,
    /// So many more may have leave to be sent meanwhile and be got ready, where that takes a while.
    pub ahead: usize,
    /// Most native batch calls in flight at once.
    pub batch_window: usize,
    /// Most calls of a list in flight until one of its kind was answered: what fails for every number
    /// costs no more than these. 0 for as many as there may be.
    pub first_wave: usize,
    /// Largest answer read, bytes.
    pub most_bytes: usize,
    /// How long answers count as fresh.
    pub times: TimesToLive,
    /// Answers kept in the process.
    pub hot_entries: usize,
    /// Whether look-ups answered from memory are put on record too.
    pub record_hits: bool,
    /// Whether bodies go on record; never those about persons.
    pub store_bodies: bool,
}

/// No call takes longer, whatever is asked for; adding it to an instant is always possible.
pub(crate) const LONGEST_TIME: Duration = Duration::from_hours(24);

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            attempt_timeout: Duration::from_secs(10),
            deadline: Duration::from_secs(30),
            max_attempts: 3,
            calls_per_minute: 0,
            quota: None,
            concurrency: 50,
            ahead: 0,
            batch_window: 10,
            first_wave: 0,
            most_bytes: 2 * 1024 * 1024,
            times: TimesToLive::default(),
            hot_entries: 100_000,
            record_hits: false,
            store_bodies: false,
        }
    }
}

/// The limits and times that may change while calls are under way, see
/// [`Line::retune`](crate::Line::retune).
pub(crate) struct Tuned(RwLock<Settings>);

impl Tuned {
    pub(crate) fn of(settings: &Settings) -> Tuned {
        Tuned(RwLock::new(settings.clone()))
    }

    pub(crate) fn set(&self, settings: &Settings) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = settings.clone();
    }

    /// Those that hold now; not to be kept.
    pub(crate) fn now(&self) -> RwLockReadGuard<'_, Settings> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }
}
