//! Whether a call may go out now: pace and breaker in one place, one short lock.
//!
//! The pace is GCRA. It is our own because it adapts: a 429 closes the gate until `Retry-After`
//! and doubles the interval, successes bring it back; the ready-made limiters have a fixed rate.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

use crate::Failure;
use crate::times::{Kind, Times};
use crate::words::Words;

/// The gate's word.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum GateEntry {
    /// Send now.
    Go(Pass),
    /// A turn was reserved: wait, then enter again with [`GateTurn::Reserved`].
    WaitFor(Duration),
    /// Do not send.
    Closed(Failure),
}

/// Leave to send one call. Its holder reports with it how the call went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pass {
    /// Its outcome decides whether the breaker closes.
    probe: bool,
}

/// A call that wants to go out.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Errand {
    pub(crate) kind: Kind,
    /// When its answer must be there.
    pub(crate) deadline: Instant,
    /// Whether it had to wait for a place.
    pub(crate) waited: bool,
    /// Whether it costs nothing of the plan: neither quota nor pace holds it back.
    pub(crate) free: bool,
}

/// Whether the caller already holds a turn of the pace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum GateTurn {
    New,
    Reserved,
}

/// State of the breaker, for health pages and metrics.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls pass.
    Closed,
    /// The upstream is down and not asked.
    Open,
    /// One probe is finding out.
    HalfOpen,
}

pub(crate) struct Gate {
    /// Calls a minute, 0 for no limit of ours: may change, and is read without a lock.
    calls_per_minute: AtomicU32,
    state: Mutex<State>,
}

struct State {
    /// Theoretical arrival time of GCRA.
    next_turn: Instant,
    /// Present interval between calls; grows on 429, shrinks back on success.
    interval: Duration,
    closed_until: Instant,
    breaker: Breaker,
    times: Times,
    /// By operation; there are about a dozen.
    words: Vec<(&'static str, Words)>,
}

enum Breaker {
    Closed { last: Outcomes },
    Open { until: Instant, lasts: Duration },
    Probing { since: Instant, lasts: Duration },
}

/// The last 20 outcomes as bits, 1 = failed.
#[derive(Default, Clone, Copy)]
struct Outcomes {
    bits: u32,
    count: u32,
}

/// Most calls that may go at once after a quiet time.
const MOST_BURST: u32 = 10;
const FIRST_INTERVAL_AFTER_429: Duration = Duration::from_millis(50);
const LONGEST_INTERVAL: Duration = Duration::from_secs(10);
/// Closed time after a 429 that does not say how long.
const PAUSE_AFTER_429: Duration = Duration::from_secs(1);
const WINDOW: u32 = 20;
/// A point of sale makes few calls: ten are enough to judge by.
const LEAST_CALLS: u32 = 10;
const FIRST_OPEN: Duration = Duration::from_secs(5);
const LONGEST_OPEN: Duration = Duration::from_mins(1);
/// A probe that never reported (its task died) is replaced after this time.
const PROBE_LOST: Duration = Duration::from_mins(1);

impl Gate {
    pub(crate) fn new(calls_per_minute: u32, now: Instant) -> Gate {
        let state = State {
            next_turn: now,
            interval: interval_of(calls_per_minute),
            closed_until: now,
            breaker: Breaker::Closed {
                last: Outcomes::default(),
            },
            times: Times::default(),
            words: Vec::new(),
        };
        Gate {
            calls_per_minute: AtomicU32::new(calls_per_minute),
            state: Mutex::new(state),
        }
    }

    /// Takes over another pace; one that a 429 slowed down begins anew.
    pub(crate) fn set_pace(&self, calls_per_minute: u32) {
        let mut state = self.lock();
        if calls_per_minute != self.calls_per_minute() {
            state.interval = interval_of(calls_per_minute);
        }
        self.calls_per_minute
            .store(calls_per_minute, Ordering::Relaxed);
    }

    fn calls_per_minute(&self) -> u32 {
        self.calls_per_minute.load(Ordering::Relaxed)
    }

    pub(crate) fn breaker(&self) -> BreakerState {
        match self.lock().breaker {
            Breaker::Closed { .. } => BreakerState::Closed,
            Breaker::Open { .. } => BreakerState::Open,
            Breaker::Probing { .. } => BreakerState::HalfOpen,
        }
    }

    /// Asks to send one call.
    pub(crate) fn enter(&self, now: Instant, turn: GateTurn, errand: &Errand) -> GateEntry {
        let mut state = self.lock();
        // 1. Breaker.
        if let Some(retry_in) = state.breaker.refuses(now) {
            return GateEntry::Closed(Failure::BreakerOpen { retry_in });
        }
        // 2. What cannot end in time is not sent: it would be paid for and come too late.
        let waited = errand.waited || turn == GateTurn::Reserved;
        let last_moment = errand
            .deadline
            .checked_sub(state.times.needed(errand.kind, waited, now))
            .filter(|last| *last >= now);
        let Some(last_moment) = last_moment else {
            return GateEntry::Closed(Failure::DeadlineExceeded { retry_after: None });
        };
        // 3. Closed by the upstream's own word; a turn reserved before that is void.
        let closed_for = state.closed_until.saturating_duration_since(now);
        // 4. Pace.
        if !errand.free && (turn == GateTurn::New || !closed_for.is_zero()) {
            let early = state.interval * early_turns(self.calls_per_minute());
            let wait = state
                .next_turn
                .saturating_duration_since(now + early)
                .max(closed_for);
            if now + wait > last_moment {
                return GateEntry::Closed(Failure::RateLimited {
                    retry_after: Some(wait),
                });
            }
            if !state.interval.is_zero() {
                state.next_turn = state.next_turn.max(now) + state.interval;
            }
            if !wait.is_zero() {
                return GateEntry::WaitFor(wait);
            }
        }
        let probe = state.breaker.passes(now);
        GateEntry::Go(Pass { probe })
    }

    /// Time that an answer is going to take, as far as is known, for a call that waited.
    pub(crate) fn needed(&self, kind: Kind) -> Duration {
        self.lock().times.needed(kind, true, Instant::now())
    }

    /// What was said of an operation so far.
    pub(crate) fn words(&self, operation: &'static str) -> Words {
        self.lock().words(operation).clone()
    }

    /// The call was answered properly, whatever the answer says. How long it `took` is none where it
    /// is not known.
    pub(crate) fn succeeded(&self, kind: Kind, took: Option<Duration>, pass: Pass) {
        let now = Instant::now();
        let mut state = self.lock();
        if let Some(took) = took {
            state.times.learn(kind, took, now);
        }
        state.words(kind.operation).good(kind.many);
        state.breaker.report(false, pass, now);
        let base = interval_of(self.calls_per_minute());
        if let Some(excess) = state.interval.checked_sub(base) {
            let shrunk = base + excess.mul_f64(0.9);
            state.interval = if excess < Duration::from_millis(1) {
                base
            } else {
                shrunk
            };
        }
    }

    /// The call failed in a way that other calls will judge; only a probe has to decide now.
    pub(crate) fn undecided(&self, pass: Pass, now: Instant) {
        if pass.probe {
            self.lock().breaker.report(true, pass, now);
        }
    }

    /// The call failed.
    pub(crate) fn failed(&self, kind: Kind, failure: &Failure, pass: Pass, now: Instant) {
        let mut state = self.lock();
        state.words(kind.operation).failed(kind.many, failure);
        if let Failure::RateLimited { retry_after } = failure {
            let pause = retry_after.unwrap_or(PAUSE_AFTER_429);
            // Calls that were in flight together hear of one and the same limit: it slows the
            // pace once.
            if state.closed_until <= now {
                let slower = state.interval * 2;
                state.interval = slower.clamp(FIRST_INTERVAL_AFTER_429, LONGEST_INTERVAL);
            }
            state.closed_until = state.closed_until.max(now + pause);
            // Those that wait go out one by one afterwards, not in a burst.
            state.next_turn =
                state.closed_until + state.interval * early_turns(self.calls_per_minute());
        }
        let ill = failure.treatment().trips_breaker;
        state.breaker.report(ill, pass, now);
    }

    /// The call was not sent after all: if it was to be the probe, the next one is.
    pub(crate) fn not_sent(&self, pass: Pass, now: Instant) {
        let mut state = self.lock();
        if let (true, &Breaker::Probing { lasts, .. }) = (pass.probe, &state.breaker) {
            state.breaker = Breaker::Open { until: now, lasts };
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

impl State {
    fn words(&mut self, operation: &'static str) -> &mut Words {
        let known = self.words.iter().position(|(known, _)| *known == operation);
        let place = known.unwrap_or_else(|| {
            self.words.push((operation, Words::default()));
            self.words.len() - 1
        });
        &mut self.words[place].1
    }
}

fn interval_of(calls_per_minute: u32) -> Duration {
    match calls_per_minute {
        0 => Duration::ZERO,
        rate => Duration::from_mins(1) / rate,
    }
}

/// Turns that a call may be ahead of the pace: a burst is at most a sixth of a minute's calls, so that
/// a small limit is not passed at the start.
fn early_turns(calls_per_minute: u32) -> u32 {
    let burst = match calls_per_minute {
        0 => MOST_BURST,
        rate => (rate / 6).clamp(1, MOST_BURST),
    };
    burst - 1
}

impl Breaker {
    /// How long until the next probe, when calls may not pass.
    fn refuses(&self, now: Instant) -> Option<Duration> {
        match self {
            Breaker::Closed { .. } => None,
            Breaker::Open { until, .. } => (*until > now).then(|| *until - now),
            Breaker::Probing { since, .. } => {
                let lost_at = *since + PROBE_LOST;
                (lost_at > now).then(|| (lost_at - now).min(FIRST_OPEN))
            }
        }
    }

    /// A call passes: out of an open breaker it is the probe.
    fn passes(&mut self, now: Instant) -> bool {
        if let Breaker::Open { lasts, .. } | Breaker::Probing { lasts, .. } = *self {
            *self = Breaker::Probing { since: now, lasts };
            return true;
        }
        false
    }

    fn report(&mut self, failed: bool, pass: Pass, now: Instant) {
        *self = match (&*self, failed) {
            (Breaker::Closed { last }, _) => {
                let last = last.with(failed);
                // A good answer never opens it, whatever came before.
                if failed && last.mostly_failed() {
                    Breaker::Open {
                        until: now + FIRST_OPEN,
                        lasts: FIRST_OPEN,
                    }
                } else {
                    Breaker::Closed { last }
                }
            }
            // Late answers of calls sent before it opened change nothing.
            (Breaker::Open { until, lasts }, _) => Breaker::Open {
                until: *until,
                lasts: *lasts,
            },
            (Breaker::Probing { since, lasts }, _) if !pass.probe => Breaker::Probing {
                since: *since,
                lasts: *lasts,
            },
            (Breaker::Probing { .. }, false) => Breaker::Closed {
                last: Outcomes::default(),
            },
            (Breaker::Probing { lasts, .. }, true) => {
                let lasts = (*lasts * 2).min(LONGEST_OPEN);
                Breaker::Open {
                    until: now + lasts,
                    lasts,
                }
            }
        };
    }
}

impl Outcomes {
    fn with(self, failed: bool) -> Outcomes {
        let mask = (1 << WINDOW) - 1;
        Outcomes {
            bits: ((self.bits << 1) | u32::from(failed)) & mask,
            count: (self.count + 1).min(WINDOW),
        }
    }

    fn mostly_failed(self) -> bool {
        self.count >= LEAST_CALLS && self.bits.count_ones() * 2 >= self.count
    }
}
