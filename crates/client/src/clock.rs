//! The one place where the time comes from.

use jiff::Timestamp;
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
    Virtual { base: Timestamp, started: Instant },
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
        })
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        match self.0 {
            #[expect(clippy::disallowed_methods, reason = "this is the clock")]
            Kind::System => Timestamp::now(),
            Kind::Virtual { base, started } => base + started.elapsed(),
        }
    }
}
