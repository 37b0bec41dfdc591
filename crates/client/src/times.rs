//! How long an answer takes, by those that came lately: what cannot end in time is not sent.

use std::time::Duration;

use tokio::time::Instant;

/// What is asked: answers of one kind take about as long as each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) operation: &'static str,
    /// Whether it is a native batch call.
    pub(crate) many: bool,
}

/// What is known of each kind. There are about a dozen.
#[derive(Default)]
pub(crate) struct Times {
    known: Vec<(Kind, Estimate)>,
}

/// Mean and mean deviation as TCP estimates them (RFC 6298 §2), each with its usual weight.
#[derive(Clone, Copy)]
struct Estimate {
    mean: Duration,
    deviation: Duration,
    at: Instant,
}

/// Older knowledge counts for nothing: an upstream that was slow has to get its chance again, and
/// it would not be found out otherwise.
const LATELY: Duration = Duration::from_secs(10);

impl Times {
    /// A good answer came.
    pub(crate) fn learn(&mut self, kind: Kind, took: Duration, now: Instant) {
        let Some((_, known)) = self.known.iter_mut().find(|(known, _)| *known == kind) else {
            let first = Estimate {
                mean: took,
                deviation: Duration::ZERO,
                at: now,
            };
            self.known.push((kind, first));
            return;
        };
        if known.is_old(now) {
            (known.mean, known.deviation) = (took, Duration::ZERO);
        }
        known.deviation = (known.deviation * 3 + took.abs_diff(known.mean)) / 4;
        known.mean = (known.mean * 7 + took) / 8;
        known.at = now;
    }

    /// Time that an answer is going to take, as far as is known; zero where nothing is. A call
    /// that `waited` goes out with little time left: what is sent then should come in time nearly always,
    /// or half of the answers of a full queue would come too late.
    pub(crate) fn needed(&self, kind: Kind, waited: bool, now: Instant) -> Duration {
        let known = self.known.iter().find(|(known, _)| *known == kind);
        match known {
            Some((_, known)) if !known.is_old(now) => {
                let margin = if waited {
                    (known.deviation * 4).max(known.mean / 50)
                } else {
                    Duration::ZERO
                };
                known.mean + margin.min(known.mean)
            }
            _ => Duration::ZERO,
        }
    }
}

impl Estimate {
    fn is_old(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.at) > LATELY + self.mean
    }
}
