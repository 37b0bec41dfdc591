//! The faults in force, and which of them the next request meets.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::time::Instant;

use super::{Fault, FaultKind, Frequency, Window};
use crate::draw::{Draw, Topic};
use crate::operation::Operation;

/// The list of commanded faults. The first that fires wins.
pub(crate) struct Faults {
    seed: u64,
    started: Instant,
    armed: Mutex<Vec<Armed>>,
    /// So that a sandbox without faults takes no lock.
    any: AtomicBool,
}

struct Armed {
    fault: Fault,
    since: Instant,
    /// Requests that it concerned so far.
    seen: u64,
}

impl Faults {
    pub(crate) fn new(seed: u64, started: Instant) -> Faults {
        Faults {
            seed,
            started,
            armed: Mutex::default(),
            any: AtomicBool::new(false),
        }
    }

    pub(crate) fn arm(&self, fault: Fault) {
        let mut armed = self.lock();
        armed.push(Armed {
            fault,
            since: Instant::now(),
            seen: 0,
        });
        self.any.store(true, Ordering::Release);
    }

    pub(crate) fn disarm_all(&self) {
        let mut armed = self.lock();
        armed.clear();
        self.any.store(false, Ordering::Release);
    }

    pub(crate) fn list(&self) -> Vec<Fault> {
        self.lock().iter().map(|armed| armed.fault).collect()
    }

    /// The fault that a request for this operation meets now.
    pub(crate) fn strike(&self, operation: Operation) -> Option<FaultKind> {
        if !self.any.load(Ordering::Acquire) {
            return None;
        }
        let now = Instant::now();
        let mut armed = self.lock();
        let struck = armed.iter_mut().enumerate().find_map(|(place, armed)| {
            armed.strikes(place, operation, now, self).then_some(place)
        })?;
        let kind = armed[struck].fault.kind;
        if let Frequency::Next(left) = &mut armed[struck].fault.frequency {
            *left -= 1;
            if *left == 0 {
                armed.remove(struck);
                self.any.store(!armed.is_empty(), Ordering::Release);
            }
        }
        Some(kind)
    }

    /// Whether the port is closed now, for a connection that has not asked anything yet.
    pub(crate) fn is_down(&self) -> bool {
        let now = Instant::now();
        self.any.load(Ordering::Acquire)
            && self.lock().iter().any(|armed| {
                armed.fault.kind == FaultKind::Outage
                    && armed.fault.scope.is_none()
                    && armed.fault.frequency == Frequency::Always
                    && armed.in_window(now, self.started)
            })
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Armed>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Armed {
    fn strikes(&mut self, place: usize, operation: Operation, now: Instant, all: &Faults) -> bool {
        let concerned = self.fault.scope.is_none_or(|scope| scope == operation)
            && self.fault.kind.concerns(operation);
        if !concerned || !self.in_window(now, all.started) {
            return false;
        }
        self.seen += 1;
        match self.fault.frequency {
            Frequency::Always => true,
            Frequency::Next(left) => left > 0,
            Frequency::Every(times) => times > 0 && self.seen.is_multiple_of(times),
            Frequency::Percent(share) => {
                let subject = ((place as u64) << 48) ^ self.seen;
                Draw::new(all.seed, Topic::Fault, subject).unit() * 100.0 < share
            }
        }
    }

    fn in_window(&self, now: Instant, started: Instant) -> bool {
        match self.fault.window {
            Window::Open => true,
            Window::Between(from, to) => {
                let elapsed = now.saturating_duration_since(started);
                from <= elapsed && elapsed < to
            }
            Window::Lasting(duration) => now.saturating_duration_since(self.since) < duration,
        }
    }
}
