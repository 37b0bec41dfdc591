//! What a line knows of refusals in a row: whether they may be believed, and what has to be taken
//! back. How they are checked is in `engine/weighing.rs`.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tokio::time::Instant;

use crate::{Key, Reason};

/// Different numbers that are believed not to exist without a check: people mistype.
pub(crate) const FEW: usize = 2;
/// A good check covers as many refusals again as came before it, no longer than this.
const PROOF_LASTS: Duration = Duration::from_mins(10);
/// The same after a good answer.
const COVERED_LATER: usize = 10;
/// After a bad check refusals are not believed for this long, and nothing is asked about them.
const REFUTED_FOR: Duration = Duration::from_secs(5);
/// Numbers of a row that are told apart; those beyond are only counted.
const MOST_TOLD_APART: usize = 10_000;

#[derive(Default)]
pub(crate) struct Doubt {
    state: Mutex<State>,
    /// Whether there are rows: the usual good answer ends none, and takes no lock.
    open: AtomicBool,
    /// One check at a time; who waited takes its result.
    pub(crate) turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// By operation: one that is ill says nothing of another.
    rows: HashMap<&'static str, Row>,
    /// When a check was good, and rows of how many it covers.
    proofs: HashMap<&'static str, (Instant, usize)>,
    /// Checks that came to a result, and the last one.
    checks: u64,
    last_was_good: bool,
}

/// Refusals since the last good answer.
#[derive(Default)]
struct Row {
    numbers: HashSet<Key>,
    count: usize,
    /// Believed since the last good check, and to be taken back after a bad one.
    believed: Vec<Key>,
    refuted: Option<Instant>,
}

/// What is made of some refusals at once.
pub(crate) enum Credence {
    Believed,
    Refuted,
    /// A check has to say; this many checks had ended before.
    Doubted(u64),
}

impl Doubt {
    /// Refusals of one operation came; `strict` if none is believed without a check.
    pub(crate) fn note(
        &self,
        operation: &'static str,
        keys: &[Key],
        strict: bool,
        now: Instant,
    ) -> Credence {
        let mut state = self.lock();
        self.open.store(true, Ordering::Relaxed);
        let checks = state.checks;
        let covered = match state.proofs.get(operation) {
            Some((at, count)) if now < *at + PROOF_LASTS => (*count).max(FEW),
            _ => FEW,
        };
        let row = state.rows.entry(operation).or_default();
        for key in keys {
            let is_new = row.numbers.len() >= MOST_TOLD_APART || row.numbers.insert(key.clone());
            row.count += usize::from(is_new);
        }
        if row.is_refuted(now) {
            return Credence::Refuted;
        }
        if strict || row.count > covered {
            return Credence::Doubted(checks);
        }
        row.believed.extend_from_slice(keys);
        Credence::Believed
    }

    /// A good answer came: refusals before it were meant.
    pub(crate) fn answered(&self, operation: &'static str) {
        if self.open.load(Ordering::Relaxed) {
            let mut state = self.lock();
            if state.rows.remove(operation).is_some()
                && let Some((_, covered)) = state.proofs.get_mut(operation)
            {
                *covered = (*covered).min(COVERED_LATER);
            }
            self.open.store(!state.rows.is_empty(), Ordering::Relaxed);
        }
    }

    /// A check came to a result.
    pub(crate) fn checked(&self, good: bool) {
        let mut state = self.lock();
        state.checks += 1;
        state.last_was_good = good;
    }

    /// The result of the last check, if one ended after the first `checks`.
    pub(crate) fn since(&self, checks: u64) -> Option<bool> {
        let state = self.lock();
        (state.checks > checks).then_some(state.last_was_good)
    }

    /// Refusals of the operation are meant.
    pub(crate) fn prove(&self, operation: &'static str, now: Instant) {
        let mut state = self.lock();
        let row = state.rows.entry(operation).or_default();
        row.believed.clear();
        row.refuted = None;
        let covered = row.count * 2;
        state.proofs.insert(operation, (now, covered));
    }

    /// Refusals of the operation are not to be believed: gives what has to be taken back.
    pub(crate) fn refute(&self, operation: &'static str, lasting: bool, now: Instant) -> Vec<Key> {
        let mut state = self.lock();
        state.proofs.remove(operation);
        let Some(row) = state.rows.get_mut(operation) else {
            return Vec::new();
        };
        if lasting {
            row.refuted = Some(now);
        }
        std::mem::take(&mut row.believed)
    }

    /// Whether refusals of the operation were refuted a moment ago.
    pub(crate) fn is_refuted(&self, operation: &'static str) -> bool {
        let state = self.lock();
        let row = state.rows.get(operation);
        row.is_some_and(|row| row.is_refuted(Instant::now()))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

impl Row {
    fn is_refuted(&self, now: Instant) -> bool {
        self.refuted.is_some_and(|at| now < at + REFUTED_FOR)
    }
}

/// Days without a rate come in rows by themselves.
pub(crate) fn is_doubtful(reason: Reason) -> bool {
    reason != Reason::NoRate
}
