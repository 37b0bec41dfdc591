//! Several processes on one memory: what another one is asking is waited for and taken from memory.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::Engine;
use crate::{Ask, Error, Found, Key, Ledger, Lookup};

/// How often one looks whether another process has its answer.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Questions that are this process's to ask, until it is dropped.
pub(crate) struct Claimed {
    ledger: Arc<dyn Ledger>,
    keys: Vec<Key>,
}

impl Drop for Claimed {
    fn drop(&mut self) {
        self.ledger.release(&self.keys);
    }
}

/// Whose a question is to ask.
pub(super) enum Whose<A> {
    /// Ours.
    Ours(Claimed),
    /// Another process asked it, and this is the outcome.
    Known(Result<Found<A>, Error>),
    /// Another process is still asking when there is no time left.
    TooLate,
}

impl Engine {
    /// Which of the questions may be asked, set aside; none when all may, because no other process
    /// shares the ledger.
    pub(crate) async fn claim(&self, keys: Vec<Key>) -> (Claimed, Option<Vec<bool>>) {
        let ledger = Arc::clone(&self.shared.ledger);
        let ours = ledger.claim(&keys).await.unwrap_or_else(|error| {
            // One that cannot be written takes no call either, so nothing is paid twice.
            tracing::warn!(%error, "questions could not be set aside");
            None
        });
        let keys = match &ours {
            None => keys,
            Some(ours) => {
                let mut ours = ours.iter();
                let is_ours = |_: &Key| ours.next().is_some_and(|ours| *ours);
                keys.into_iter().filter(is_ours).collect()
            }
        };
        (Claimed { ledger, keys }, ours)
    }

    /// Waits until a question is ours to ask or another process has its answer. A caller that wants
    /// a new answer takes one that came since it asked.
    pub(super) async fn whose<L: Lookup>(
        &self,
        question: &L,
        key: &Key,
        ask: &Ask,
        deadline: Instant,
    ) -> Whose<L::Answer> {
        let since = self.shared.clock.now();
        loop {
            let (claimed, ours) = self.claim(vec![key.clone()]).await;
            let Some(ours) = ours else {
                return Whose::Ours(claimed);
            };
            // Looked at again: another process may have learned it since.
            let known = self.learned(&[(question, key)], ask, since).await;
            if let Some(outcome) = known.into_iter().next().flatten() {
                return Whose::Known(outcome);
            }
            if ours.first() == Some(&true) {
                return Whose::Ours(claimed);
            }
            if Instant::now() + LOOK_AGAIN >= deadline {
                return Whose::TooLate;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// What memory knows by now of each question.
    pub(crate) async fn learned<L: Lookup>(
        &self,
        questions: &[(&L, &Key)],
        ask: &Ask,
        since: Timestamp,
    ) -> Vec<Option<Result<Found<L::Answer>, Error>>> {
        let keys: Vec<Key> = questions.iter().map(|(_, key)| (*key).clone()).collect();
        let memories = self.recall_many(&keys).await;
        questions
            .iter()
            .zip(memories)
            .map(|((question, key), memory)| {
                let memory = memory.filter(|it| !ask.force || it.stored_at >= since)?;
                let outcome = self.fresh_outcome(*question, key, &memory, ask)?;
                Some(self.found(outcome, memory.provider, memory.stored_at))
            })
            .collect()
    }
}
