//! The one place where the time comes from, and what a stored time is worth when the clock was
//! wrong.
//!
//! A clock is set wrong, and right again; what was stamped in between stays in the store. One rule
//! holds for every stored time: what is stamped later than now, by more than two clocks may differ,
//! was stamped by a wrong clock and says nothing. An answer so stamped is expired, a lease
//! is over, a retry is due, an entry of the schedule counts from now. Nothing is rewritten or deleted
//! for it, because it may be the present clock that is wrong. What measures a time that passes (pace,
//! breaker, deadlines) asks tokio's clock, which cannot be set.

use std::sync::atomic::{AtomicI64, Ordering};

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// Wall-clock time. A virtual clock follows tokio's, so that a paused runtime moves it too.
///
/// ```
/// use chaski_client::Clock;
/// let clock = Clock::system();
/// assert!(clock.now() <= clock.now());
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Clock(Kind);

#[derive(Debug, Clone, Copy)]
enum Kind {
    System,
    Virtual {
        base: Timestamp,
        started: Instant,
        /// Seconds by which it was set.
        set_by: Option<&'static AtomicI64>,
    },
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Clock {
        Clock(Kind::System)
    }

    /// A clock that says `base` now and advances with tokio's clock, paused or not.
    pub fn starting_at(base: Timestamp) -> Clock {
        Clock(Kind::Virtual {
            base,
            started: Instant::now(),
            set_by: None,
        })
    }

    /// The same, and `seconds` are added to what it says: to try what happens when a clock is set.
    pub fn starting_at_and_set_by(base: Timestamp, seconds: &'static AtomicI64) -> Clock {
        Clock(Kind::Virtual {
            base,
            started: Instant::now(),
            set_by: Some(seconds),
        })
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        match self.0 {
            #[expect(clippy::disallowed_methods, reason = "this is the clock")]
            Kind::System => Timestamp::now(),
            Kind::Virtual {
                base,
                started,
                set_by,
            } => {
                let set_by = set_by.map_or(0, |seconds| seconds.load(Ordering::Relaxed));
                base + started.elapsed() + SignedDuration::from_secs(set_by)
            }
        }
    }
}

/// How much later than now a true stamp may be, in seconds: clocks that are kept right differ by less.
const AHEAD: i64 = 5 * 60;

/// Whether a stored time is so much later than now that the clock was wrong when it was written.
///
/// ```
/// use chaski_client::is_of_the_future;
/// let now = "2026-11-28T10:00:00-05:00".parse()?;
/// assert!(is_of_the_future("2036-01-01T00:00:00-05:00".parse()?, now));
/// assert!(!is_of_the_future("2026-11-28T10:05:00-05:00".parse()?, now));
/// # Ok::<(), jiff::Error>(())
/// ```
pub fn is_of_the_future(stamp: Timestamp, now: Timestamp) -> bool {
    stamp.as_second() - now.as_second() > AHEAD
}

/// The latest stamp that is not of the future.
pub fn latest_true(now: Timestamp) -> Timestamp {
    now.saturating_add(SignedDuration::from_secs(AHEAD))
        .unwrap_or(Timestamp::MAX)
}
