//! Doubt: refusals in a row, without one good answer between them, may be the words of an upstream
//! that is ill and not of a registry. From the third number on something that is known to exist is
//! asked before they are believed; what was believed of the row before is taken back if that fails.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::attempts::CallSheet;
use super::{Engine, new_id, warn_once};
use crate::{Ask, Decoded, Failure, Key, Lookup, Reason, Upstream};

/// So many different numbers are believed to be nobody's without asking: people mistype.
pub(crate) const FEW: usize = 2;
/// A good check covers as many refusals again as came before it, no longer than this.
const PROOF_LASTS: Duration = Duration::from_mins(10);
/// And after a good answer rows of so many.
const COVERED_LATER: usize = 10;
/// After a bad check refusals are not believed for this long, and nothing is asked about them.
const REFUTED_FOR: Duration = Duration::from_secs(5);
/// Numbers of a row that are told apart; those beyond are only counted.
const MOST_TOLD_APART: usize = 10_000;

/// Asks for what is known to exist.
type Check = Box<dyn Fn(Engine, Ask) -> BoxFuture<'static, Checked> + Send + Sync>;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Checked {
    /// It exists: refusals are meant.
    Good,
    /// It is said not to exist, or the upstream fails.
    Bad,
    /// Nothing was sent: whoever asked had nothing left to spend, or no time.
    NotAsked,
}

#[derive(Default)]
pub(super) struct Doubt {
    /// None where nothing is known to exist: then every refusal is believed.
    check: OnceLock<Check>,
    state: Mutex<State>,
    /// Whether there are rows: the usual good answer ends none, and takes no lock.
    open: AtomicBool,
    /// One check at a time; who waited takes its result.
    turn: tokio::sync::Mutex<()>,
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
enum Word {
    Believed,
    Refuted,
    /// A check has to say; so many had come to a result before.
    Doubted(u64),
}

impl Doubt {
    fn note(&self, operation: &'static str, keys: &[Key], strict: bool, now: Instant) -> Word {
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
            return Word::Refuted;
        }
        if strict || row.count > covered {
            return Word::Doubted(checks);
        }
        row.believed.extend_from_slice(keys);
        Word::Believed
    }

    /// The result of a check that ended after so many had.
    fn since(&self, checks: u64) -> Option<bool> {
        let state = self.lock();
        (state.checks > checks).then_some(state.last_was_good)
    }

    fn prove(&self, operation: &'static str, now: Instant) {
        let mut state = self.lock();
        let row = state.rows.entry(operation).or_default();
        row.believed.clear();
        row.refuted = None;
        let covered = row.count * 2;
        state.proofs.insert(operation, (now, covered));
    }

    /// What has to be taken back.
    fn refute(&self, operation: &'static str, lasting: bool, now: Instant) -> Vec<Key> {
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

impl Engine {
    /// Names something that the upstream is known to have. From the third refusal in a row on it is
    /// asked, before they are believed; without it every refusal is believed. The first call counts.
    pub fn doubt_without<L: Lookup, U: Upstream<L>>(&self, upstream: &Arc<U>, known: L) {
        let upstream = Arc::clone(upstream);
        let check: Check = Box::new(move |engine, ask| {
            let (upstream, known) = (Arc::clone(&upstream), known.clone());
            Box::pin(async move { engine.ask_for_known(&upstream, &known, &ask).await })
        });
        drop(self.shared.doubt.check.set(check));
    }

    /// Whether what the upstream says of one number may be believed. A good answer ends a row of
    /// refusals.
    pub(super) async fn weigh<A>(
        &self,
        key: &Key,
        decoded: &Decoded<A>,
        ask: &Ask,
    ) -> Result<(), Failure> {
        match decoded {
            Decoded::Answer(_) => {
                self.answered(key.operation);
                Ok(())
            }
            Decoded::Refused { reason, .. } if !is_doubtful(*reason) => Ok(()),
            Decoded::Refused { .. } => {
                Box::pin(self.believe(std::slice::from_ref(key), ask, false)).await
            }
        }
    }

    /// A good answer came: refusals before it were meant.
    pub(crate) fn answered(&self, operation: &'static str) {
        let doubt = &self.shared.doubt;
        if doubt.open.load(Ordering::Relaxed) {
            let mut state = doubt.lock();
            if state.rows.remove(operation).is_some()
                && let Some((_, covered)) = state.proofs.get_mut(operation)
            {
                *covered = (*covered).min(COVERED_LATER);
            }
            doubt.open.store(!state.rows.is_empty(), Ordering::Relaxed);
        }
    }

    /// Whether some refusals of one operation may be believed; `strict` if none without a check.
    pub(crate) async fn believe(
        &self,
        keys: &[Key],
        ask: &Ask,
        strict: bool,
    ) -> Result<(), Failure> {
        let doubt = &self.shared.doubt;
        let Some(first) = keys.first().filter(|_| doubt.check.get().is_some()) else {
            return Ok(());
        };
        let operation = first.operation;
        let seen = match doubt.note(operation, keys, strict, Instant::now()) {
            Word::Believed => return Ok(()),
            Word::Refuted => return Err(Failure::Doubtful),
            Word::Doubted(seen) => seen,
        };
        if self.check(operation, ask, seen).await {
            Ok(())
        } else {
            Err(Failure::Doubtful)
        }
    }

    /// Asks for what is known to exist, or takes the result of whoever did so meanwhile.
    async fn check(&self, operation: &'static str, ask: &Ask, seen: u64) -> bool {
        let doubt = &self.shared.doubt;
        let _turn = doubt.turn.lock().await;
        let checked = match (doubt.since(seen), doubt.check.get()) {
            (Some(true), _) => Checked::Good,
            (Some(false), _) => Checked::Bad,
            (None, None) => Checked::NotAsked,
            (None, Some(check)) => {
                let checked = check(self.clone(), ask.clone()).await;
                if checked != Checked::NotAsked {
                    let mut state = doubt.lock();
                    state.checks += 1;
                    state.last_was_good = checked == Checked::Good;
                }
                checked
            }
        };
        let now = Instant::now();
        if checked == Checked::Good {
            doubt.prove(operation, now);
            return true;
        }
        for key in doubt.refute(operation, checked == Checked::Bad, now) {
            warn_once(self.forget(&key).await.map(drop));
        }
        false
    }

    /// A real call, on record and counted like any other; a list pays for it out of what it may cost.
    async fn ask_for_known<L: Lookup, U: Upstream<L>>(
        &self,
        upstream: &Arc<U>,
        known: &L,
        ask: &Ask,
    ) -> Checked {
        let key = known.key();
        let ask = Ask {
            force: true,
            deadline: None,
            ..ask.clone()
        };
        let sheet = CallSheet {
            lookup: new_id(self.shared.clock.now()),
            key: &key,
            items: 1,
            personal: key.personal,
            else_singly: false,
            free: known.is_free(),
            at_once: true,
            place: None,
            ask: &ask,
            patience: self.patience(known),
            deadline: Instant::now() + self.total_time(known, &ask),
        };
        let answer = self
            .ask_upstream(
                &sheet,
                &|| upstream.encode(known),
                &|answer| upstream.decode(known, answer),
                Decoded::outcome,
            )
            .await;
        match answer {
            Ok((decoded @ Decoded::Answer(_), _)) => {
                // It was paid for.
                let (entry, _) = self.digest(known, &key, decoded);
                // One that cannot be written yet is no verdict on the upstream.
                drop(self.remember(vec![entry]).await);
                Checked::Good
            }
            Err(unanswered) if unanswered.attempts == 0 => Checked::NotAsked,
            _ => Checked::Bad,
        }
    }

    /// Takes back refusals of a row that was refuted while they were being put away.
    pub(crate) async fn recant(&self, refused: &[Key]) {
        let Some(first) = refused.first() else {
            return;
        };
        let is_refuted = {
            let state = self.shared.doubt.lock();
            let row = state.rows.get(first.operation);
            row.is_some_and(|row| row.is_refuted(Instant::now()))
        };
        if is_refuted {
            for key in refused {
                warn_once(self.forget(key).await.map(drop));
            }
        }
    }
}

/// Days without a rate come in rows by themselves.
pub(crate) fn is_doubtful(reason: Reason) -> bool {
    reason != Reason::NoRate
}
