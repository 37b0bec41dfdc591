//! Limits and times, of a line and of the engine.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
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

/// The limits and times that may change while calls are under way, see [`Line::retune`](crate::Line::retune).
/// Read without a lock: each stands for itself.
pub(crate) struct Tuned {
    attempt_timeout: Span,
    deadline: Span,
    max_attempts: AtomicU32,
    /// The largest number stands for none.
    quota: AtomicU64,
    ruc: Span,
    dni: Span,
    refusal: Span,
    unsettled_rate: Span,
    stale: Span,
}

/// A duration in nanoseconds.
struct Span(AtomicU64);

impl Span {
    fn of(duration: Duration) -> Span {
        let span = Span(AtomicU64::new(0));
        span.set(duration);
        span
    }

    fn set(&self, duration: Duration) {
        // Five centuries are for ever.
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.0.store(nanoseconds, Ordering::Relaxed);
    }

    fn get(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

impl Tuned {
    pub(crate) fn of(settings: &Settings) -> Tuned {
        Tuned {
            attempt_timeout: Span::of(settings.attempt_timeout),
            deadline: Span::of(settings.deadline),
            max_attempts: AtomicU32::new(settings.max_attempts),
            quota: AtomicU64::new(settings.quota.unwrap_or(u64::MAX)),
            ruc: Span::of(settings.times.ruc),
            dni: Span::of(settings.times.dni),
            refusal: Span::of(settings.times.refusal),
            unsettled_rate: Span::of(settings.times.unsettled_rate),
            stale: Span::of(settings.times.stale),
        }
    }

    pub(crate) fn set(&self, settings: &Settings) {
        self.attempt_timeout.set(settings.attempt_timeout);
        self.deadline.set(settings.deadline);
        self.max_attempts
            .store(settings.max_attempts, Ordering::Relaxed);
        let quota = settings.quota.unwrap_or(u64::MAX);
        self.quota.store(quota, Ordering::Relaxed);
        self.ruc.set(settings.times.ruc);
        self.dni.set(settings.times.dni);
        self.refusal.set(settings.times.refusal);
        self.unsettled_rate.set(settings.times.unsettled_rate);
        self.stale.set(settings.times.stale);
    }

    pub(crate) fn attempt_timeout(&self) -> Duration {
        self.attempt_timeout.get()
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.deadline.get()
    }

    pub(crate) fn max_attempts(&self) -> u32 {
        self.max_attempts.load(Ordering::Relaxed)
    }

    pub(crate) fn quota(&self) -> Option<u64> {
        let quota = self.quota.load(Ordering::Relaxed);
        (quota != u64::MAX).then_some(quota)
    }

    pub(crate) fn times(&self) -> TimesToLive {
        TimesToLive {
            ruc: self.ruc.get(),
            dni: self.dni.get(),
            refusal: self.refusal.get(),
            unsettled_rate: self.unsettled_rate.get(),
            stale: self.stale.get(),
        }
    }
}
