//! Doubt: refusals in a row, without one good answer between them, may be the words of an upstream
//! that is ill and not of a registry. From the third number on something that is known to exist is
//! asked before they are believed; what was believed of the row before is taken back if that fails.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::time::Instant;

use super::Engine;
use super::attempts::One;
use crate::ledger::{new_id, warn_once};
use crate::line::CallSheet;
use crate::line::doubt::{Credence, is_doubtful};
use crate::{Ask, Decoded, Failure, Key, Line, Lookup, Upstream};

/// Asks for what is known to exist.
pub(super) type Check = Arc<dyn Fn(Engine, Line, Ask) -> BoxFuture<'static, Checked> + Send + Sync>;

#[derive(Clone, PartialEq, Eq)]
pub(super) enum Checked {
    /// It exists: refusals are meant.
    Good,
    /// It is said not to exist, or the upstream fails.
    Bad,
    /// Nothing was sent: the caller had no calls or no time left.
    NotAsked(Failure),
}

impl Engine {
    /// Names something that the upstream behind a line is known to have. From the third refusal in a
    /// row on it is asked, before they are believed; without it every refusal is believed. The first
    /// call counts.
    pub fn doubt_without<L: Lookup, U: Upstream<L>>(
        &self,
        line: &Line,
        dialect: &Arc<U>,
        known: L,
    ) {
        let dialect = Arc::clone(dialect);
        let check: Check = Arc::new(move |engine, line, ask| {
            let (dialect, known) = (Arc::clone(&dialect), known.clone());
            Box::pin(async move { engine.ask_for_known(&line, &*dialect, &known, &ask).await })
        });
        self.shared.checks.set(line, check);
    }

    /// Whether what the upstream says of one number may be believed. A good answer ends a row of
    /// refusals.
    pub(super) async fn weigh<A>(
        &self,
        line: &Line,
        key: &Key,
        decoded: &Decoded<A>,
        ask: &Ask,
    ) -> Result<(), Failure> {
        match decoded {
            Decoded::Answer(_) => {
                line.doubt().answered(key.operation);
                Ok(())
            }
            Decoded::Refused { reason, .. } if !is_doubtful(*reason) => Ok(()),
            Decoded::Refused { .. } => {
                let keys = std::slice::from_ref(key);
                Box::pin(self.believe(line, keys, ask, false)).await
            }
        }
    }

    /// Whether some refusals of one operation may be believed; `strict` if none without a check.
    pub(crate) async fn believe(
        &self,
        line: &Line,
        keys: &[Key],
        ask: &Ask,
        strict: bool,
    ) -> Result<(), Failure> {
        let (Some(first), Some(check)) = (keys.first(), self.shared.checks.get(line)) else {
            return Ok(());
        };
        let operation = first.operation;
        let seen = match line.doubt().note(operation, keys, strict, Instant::now()) {
            Credence::Believed => return Ok(()),
            Credence::Refuted => return Err(Failure::Doubtful),
            Credence::Doubted(seen) => seen,
        };
        self.check(line, &check, operation, ask, seen).await
    }

    /// Asks for what is known to exist, or takes the result of a caller that did so meanwhile.
    async fn check(
        &self,
        line: &Line,
        check: &Check,
        operation: &'static str,
        ask: &Ask,
        seen: u64,
    ) -> Result<(), Failure> {
        let doubt = line.doubt();
        let _turn = doubt.turn.lock().await;
        let checked = match doubt.since(seen) {
            Some(true) => Checked::Good,
            Some(false) => Checked::Bad,
            None => {
                let checked = check(self.clone(), line.clone(), ask.clone()).await;
                if !matches!(checked, Checked::NotAsked(_)) {
                    doubt.checked(checked == Checked::Good);
                }
                checked
            }
        };
        let now = Instant::now();
        if checked == Checked::Good {
            doubt.prove(operation, now);
            return Ok(());
        }
        for key in doubt.refute(operation, checked == Checked::Bad, now) {
            warn_once(self.forget(&key).await.map(drop));
        }
        // Where nothing could be asked, that is why, and not what the upstream would have said.
        Err(match checked {
            Checked::NotAsked(failure) => failure,
            _ => Failure::Doubtful,
        })
    }

    /// A real call, on record and counted like any other; a list pays for it out of what it may cost.
    async fn ask_for_known<L: Lookup>(
        &self,
        line: &Line,
        dialect: &dyn Upstream<L>,
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
            patience: known.patience(),
            deadline: Instant::now() + self.total_time(known, &ask),
        };
        let mut attempts = 0;
        let exchange = One(dialect, known);
        match self.ask_line(line, &sheet, &exchange, &mut attempts).await {
            Ok(decoded @ Decoded::Answer(_)) => {
                // It was paid for.
                let (entry, _) = self.digest(known, &key, line.provider(), decoded, &ask);
                // One that cannot be written yet is no verdict on the upstream.
                drop(self.remember(vec![entry]).await);
                Checked::Good
            }
            Err(failure) if attempts == 0 => Checked::NotAsked(failure),
            _ => Checked::Bad,
        }
    }

    /// Takes back refusals of a row that was refuted while they were being put away.
    pub(crate) async fn recant(&self, line: &Line, refused: &[Key]) {
        let Some(first) = refused.first() else {
            return;
        };
        if line.doubt().is_refuted(first.operation) {
            for key in refused {
                warn_once(self.forget(key).await.map(drop));
            }
        }
    }
}
