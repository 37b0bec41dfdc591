//! What memory has to do with a look-up: in the process, in the ledger, expired.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::{Instant, sleep};

use super::{Engine, Hot, MemoryEntry, Outcome, later};
use crate::flight::SharedOutcome;
use crate::ledger::{is_fresh, warn_once};
use crate::{
    Ask, CacheDecision, Decoded, Error, Failure, Found, Key, LedgerError, Lookup, Memory,
    Remembered, Source, is_of_the_future,
};

/// How long an answer waits for a ledger that cannot write before its asker is told so.
const WRITING: Duration = Duration::from_secs(5);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Answers that the ledger has and could not write yet.
#[derive(Default)]
pub(super) struct Unwritten {
    any: AtomicBool,
    keys: Mutex<HashSet<Key>>,
}

impl Unwritten {
    fn add(&self, keys: Vec<Key>) {
        self.lock().extend(keys);
        self.any.store(true, Ordering::Relaxed);
    }

    fn lock(&self) -> MutexGuard<'_, HashSet<Key>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Engine {
    /// A stale answer instead of a failure, where the treatment table and the asker allow it.
    pub(crate) async fn fall_back<L: Lookup>(
        &self,
        question: &L,
        key: &Key,
        ask: &Ask,
        failure: Failure,
    ) -> Result<Found<L::Answer>, Error> {
        if ask.stale_allowed
            && failure.treatment().stale_may_serve
            && !self.is_unwritten(key)
            && let Some(memory) = self.recall(key).await
            && let now = self.shared.clock.now()
            && now < later(memory.expires_at, self.shared.tuned.now().times.stale)
            && !is_of_the_future(memory.stored_at, now)
            && let Remembered::Answer(body) = &memory.what
            && let Some(answer) = question.unpack(body)
        {
            self.count(|counters| &counters.stale);
            if self.shared.settings.record_hits {
                let (stale, code) = (CacheDecision::Stale, failure.code());
                self.record_decision(key, memory.provider, stale, code, ask)
                    .await;
            }
            return Ok(Found {
                value: Arc::new(answer),
                source: Source::Stale,
                provider: memory.provider,
                stored_at: memory.stored_at,
            });
        }
        Err(Error::failed(failure))
    }

    /// What memory knows and is fresh.
    pub(super) async fn known<L: Lookup>(
        &self,
        question: &L,
        key: &Key,
        ask: &Ask,
    ) -> Option<Result<Found<L::Answer>, Error>> {
        if ask.force {
            return None;
        }
        if let Some(found) = self.hot_answer::<L>(key, ask) {
            self.record_hit(key, &found, ask).await;
            return Some(found);
        }
        let memory = self.recall(key).await?;
        let outcome = self.fresh_outcome(question, key, &memory, ask)?;
        let found = self.found(outcome, memory.provider, memory.stored_at);
        self.record_hit(key, &found, ask).await;
        Some(found)
    }

    /// The outcome of a question that is not asked any more because every one fails.
    pub(crate) async fn not_asked<L: Lookup>(
        &self,
        question: &L,
        ask: &Ask,
        failure: Failure,
    ) -> Result<Found<L::Answer>, Error> {
        let key = question.key();
        match self.known(question, &key, ask).await {
            Some(known) => known,
            None => self.fall_back(question, &key, ask, failure).await,
        }
    }

    /// What a decoded answer leaves behind: the memory of it, in the process at once (but for those of a
    /// list on record) and in the ledger by the caller, and the outcome. No memory when it is not to be kept.
    pub(crate) fn digest<L: Lookup>(
        &self,
        question: &L,
        key: &Key,
        provider: &'static str,
        decoded: Decoded<L::Answer>,
        ask: &Ask,
    ) -> (MemoryEntry, Result<Found<L::Answer>, Error>) {
        let now = self.shared.clock.now();
        let times = &self.shared.tuned.now().times;
        let (what, lasts, outcome) = match decoded {
            Decoded::Answer(answer) => {
                let lasts = question.time_to_live(&answer, now, times);
                (
                    Remembered::Answer(L::pack(&answer)),
                    lasts,
                    Ok(Arc::new(answer)),
                )
            }
            Decoded::Refused { reason, message } => {
                let lasts = question.refusal_time_to_live(now, times);
                let what = Remembered::Refusal {
                    reason,
                    message: message.clone(),
                };
                (what, lasts, Err((reason, message)))
            }
        };
        let memory = (!lasts.is_zero()).then(|| Memory {
            what,
            provider,
            stored_at: now,
            expires_at: later(now, lasts),
        });
        if let Some(memory) = &memory {
            self.keep_hot::<L>(key, &outcome, memory, ask);
        }
        let outcome = given(outcome, Source::Upstream, provider, now);
        ((key.clone(), memory), outcome)
    }

    /// Puts answers into memory. One that is not kept still removes the older one that it contradicts.
    /// While the ledger cannot write, this waits until it can: what a caller is given must outlive the
    /// process. An error means that it is not written yet; it will be as soon as that is possible.
    pub(crate) async fn remember(&self, entries: Vec<MemoryEntry>) -> Result<(), Failure> {
        let mut kept = Vec::with_capacity(entries.len());
        for (key, memory) in entries {
            match memory {
                Some(memory) => kept.push((key, memory)),
                None => warn_once(self.forget(&key).await.map(drop)),
            }
        }
        if kept.is_empty() {
            return Ok(());
        }
        if self.shared.ledger.ready().is_ok() {
            warn_once(self.shared.ledger.remember(kept).await);
            return Ok(());
        }
        let keys: Vec<Key> = kept.iter().map(|(key, _)| key.clone()).collect();
        self.shared.unwritten.add(keys);
        warn_once(self.shared.ledger.remember(kept).await);
        let until = Instant::now() + WRITING;
        while self.shared.ledger.ready().is_err() {
            if Instant::now() >= until {
                return Err(Failure::LedgerDown);
            }
            sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// Whether an answer is known to the process alone, because the ledger cannot write. It is
    /// not given out: a process that ends would have lost it.
    #[inline]
    fn is_unwritten(&self, key: &Key) -> bool {
        self.shared.unwritten.any.load(Ordering::Relaxed) && self.is_still_unwritten(key)
    }

    #[cold]
    fn is_still_unwritten(&self, key: &Key) -> bool {
        let unwritten = &self.shared.unwritten;
        if self.shared.ledger.ready().is_ok() {
            unwritten.lock().clear();
            unwritten.any.store(false, Ordering::Relaxed);
            return false;
        }
        unwritten.lock().contains(key)
    }

    pub(super) async fn recall(&self, key: &Key) -> Option<Memory> {
        self.recall_many(std::slice::from_ref(key))
            .await
            .pop()
            .flatten()
    }

    /// What the ledger knows of each key; a ledger that cannot be read knows nothing, and then
    /// `ready` keeps calls from being bought twice.
    pub(crate) async fn recall_many(&self, keys: &[Key]) -> Vec<Option<Memory>> {
        self.shared
            .ledger
            .recall(keys)
            .await
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "the ledger could not be read");
                vec![None; keys.len()]
            })
    }

    /// The remembered outcome, if fresh enough for the asker; kept in the process from now on.
    pub(crate) fn fresh_outcome<L: Lookup>(
        &self,
        question: &L,
        key: &Key,
        memory: &Memory,
        ask: &Ask,
    ) -> Option<Outcome<L::Answer>> {
        let now = self.shared.clock.now();
        let fresh = memory.is_fresh(now) && self.fresh_enough(memory.stored_at, ask);
        if !fresh || self.is_unwritten(key) {
            return None;
        }
        let outcome = match &memory.what {
            Remembered::Answer(body) => Ok(Arc::new(question.unpack(body)?)),
            Remembered::Refusal { reason, message } => Err((*reason, message.clone())),
        };
        self.keep_hot::<L>(key, &outcome, memory, ask);
        Some(outcome)
    }

    /// What a list on record brings would fill the process and push out what is asked for every minute: its
    /// answers are found in the ledger.
    fn keep_hot<L: Lookup>(
        &self,
        key: &Key,
        outcome: &Outcome<L::Answer>,
        memory: &Memory,
        ask: &Ask,
    ) {
        if ask.batch.is_some() {
            // Not an older one either.
            self.shared.hot.remove(key);
            return;
        }
        let cargo: SharedOutcome = Arc::new(outcome.clone());
        self.shared.hot.insert(
            key.clone(),
            Hot {
                cargo,
                provider: memory.provider,
                stored_at: memory.stored_at,
                expires_at: memory.expires_at,
            },
        );
    }

    pub(crate) fn hot_answer<L: Lookup>(
        &self,
        key: &Key,
        ask: &Ask,
    ) -> Option<Result<Found<L::Answer>, Error>> {
        if ask.force || self.is_unwritten(key) {
            return None;
        }
        let hot = self.shared.hot.get(key)?;
        let now = self.shared.clock.now();
        if !is_fresh(hot.stored_at, hot.expires_at, now) || !self.fresh_enough(hot.stored_at, ask) {
            return None;
        }
        let outcome = hot.cargo.downcast_ref::<Outcome<L::Answer>>()?.clone();
        Some(self.found(outcome, hot.provider, hot.stored_at))
    }

    /// What memory knew of a question, as its outcome.
    #[inline]
    pub(crate) fn found<A>(
        &self,
        outcome: Outcome<A>,
        provider: &'static str,
        stored_at: Timestamp,
    ) -> Result<Found<A>, Error> {
        self.count(|counters| &counters.hits);
        given(outcome, Source::Memory, provider, stored_at)
    }

    pub(super) fn fresh_enough(&self, stored_at: Timestamp, ask: &Ask) -> bool {
        ask.max_age.is_none_or(|most| {
            let age = self.shared.clock.now().duration_since(stored_at);
            Duration::try_from(age).unwrap_or(Duration::ZERO) <= most
        })
    }

    /// Forgets what the process keeps at hand; the ledger keeps what it has.
    pub fn forget_at_hand(&self) {
        self.shared.hot.clear();
    }

    /// Forgets an answer or a refusal, in the process and in the ledger.
    pub async fn forget(&self, key: &Key) -> Result<bool, LedgerError> {
        self.shared.hot.remove(key);
        self.shared.ledger.forget(key).await
    }
}

#[inline]
fn given<A>(
    outcome: Outcome<A>,
    source: Source,
    provider: &'static str,
    stored_at: Timestamp,
) -> Result<Found<A>, Error> {
    let found = |value| Found {
        value,
        source,
        provider,
        stored_at,
    };
    let remembered = source == Source::Memory;
    outcome
        .map(found)
        .map_err(|(reason, message)| Error::refused(reason, message, provider, remembered))
}
