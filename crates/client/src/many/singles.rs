//! Questions of a list that are asked one by one.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;

use super::{Asked, Group, Run, Single, Word};
use crate::engine::Approach;
use crate::flight::Lead;
use crate::line::doubt::{FEW, is_doubtful};
use crate::{Ask, Budget, Decoded, Engine, Failure, Found, Line, Lookup, Routes, Source};

/// A call of a list's budget that is kept for asking for what is known to exist; given back when it
/// was not needed.
#[derive(Default)]
pub(super) struct SingleCheck {
    of: Option<Budget>,
    /// What the check may spend; none where the list's budget has no limit.
    purse: Option<Budget>,
}

impl SingleCheck {
    /// For this many questions, which may all be refused; a few are believed without a check.
    fn set_aside(of: Option<&Budget>, asked: usize) -> SingleCheck {
        match of.filter(|_| asked > FEW) {
            Some(budget) => SingleCheck {
                purse: Some(Budget::of(u64::from(budget.take(true)))),
                of: Some(budget.clone()),
            },
            None => SingleCheck::default(),
        }
    }

    /// How the check asks, for a list that asks so.
    pub(super) fn ask(&self, ask: &Ask) -> Ask {
        Ask {
            budget: self.purse.clone().or_else(|| ask.budget.clone()),
            ..ask.clone()
        }
    }

    fn give_back(&self) {
        if let (Some(budget), Some(purse)) = (&self.of, &self.purse) {
            budget.add(purse.take_all());
        }
    }
}

impl Drop for SingleCheck {
    fn drop(&mut self) {
        self.give_back();
    }
}

impl<L: Lookup, R: Routes<L>> Run<L, R> {
    /// Asks one by one. While it is not known whether refusals may be believed, a few go first.
    pub(super) async fn singly(&self, mut asked: Vec<Asked<L>>, mut leads: Vec<Lead>) {
        let mut done = Vec::new();
        let trusted = self.few.load(Ordering::Relaxed) || self.faith.is_any_trusted();
        if !trusted && asked.len() > FEW + 1 {
            let (rest, other_leads) = (asked.split_off(FEW + 1), leads.split_off(FEW + 1));
            done = self.all_singly(asked, leads).await;
            (asked, leads) = (rest, other_leads);
        }
        done.extend(self.all_singly(asked, leads).await);
        self.deliver(done).await;
    }

    pub(super) async fn all_singly(
        &self,
        asked: Vec<Asked<L>>,
        leads: Vec<Lead>,
    ) -> Group<L::Answer> {
        // Refusals that cannot be checked are of no use, and paid for.
        let check = SingleCheck::set_aside(self.ask.budget.as_ref(), asked.len());
        let kept = &check;
        let flights = asked.into_iter().zip(leads).map(|(one, lead)| async move {
            let turn = match self.handful.turn().await {
                _ if self.faith.is_denied() => Err(Failure::Doubtful),
                turn => turn,
            };
            match turn {
                Ok(_turn) => {
                    let single = self.single(one, lead).await;
                    if let Single::Done(
                        _,
                        Ok(Found {
                            source: Source::Upstream,
                            ..
                        }),
                    ) = &single
                    {
                        kept.give_back();
                    }
                    single
                }
                Err(failure) => {
                    let question = &one.question;
                    let outcome = self.engine.not_asked(question, &self.ask, failure).await;
                    Engine::land::<L>(lead, &outcome);
                    Single::Done(one.position, outcome)
                }
            }
        });
        self.land_singles(join_all(flights).await, &check).await
    }

    pub(super) async fn single(&self, one: Asked<L>, lead: Lead) -> Single<L> {
        let approach = self
            .engine
            .approach(&self.routes, &one.question, &one.key, &self.ask)
            .await;
        let outcome = match approach {
            Approach::Over(outcome) => outcome,
            Approach::Answered(said) => match said.decoded {
                Decoded::Refused { reason, .. } if is_doubtful(reason) => {
                    return Single::Held(Box::new((one, lead, said)));
                }
                _ => {
                    self.trust(&said.line, one.key.operation);
                    self.engine
                        .arrive(&one.question, &one.key, said, &self.ask)
                        .await
                }
            },
        };
        Engine::land::<L>(lead, &outcome);
        Single::Done(one.position, outcome)
    }

    /// Lands the refusals that were held until all had come: only then is it known whether they stand
    /// alone. Nothing is handed out before: their followers would wait for our listener.
    pub(super) async fn land_singles(
        &self,
        singles: Vec<Single<L>>,
        check: &SingleCheck,
    ) -> Group<L::Answer> {
        let (mut done, mut claims) = (Vec::new(), Vec::new());
        let mut held: Vec<(Line, Vec<Word<L>>)> = Vec::new();
        for single in singles {
            match single {
                Single::Done(position, outcome) => done.push((position, outcome)),
                Single::Held(refusal) => {
                    let (one, lead, said) = *refusal;
                    let word = (one, lead, said.decoded);
                    claims.push(said.claimed);
                    let same = |(line, _): &&mut (Line, _)| line.provider() == said.line.provider();
                    match held.iter_mut().find(same) {
                        Some((_, words)) => words.push(word),
                        None => held.push((said.line, vec![word])),
                    }
                }
            }
        }
        for (line, words) in held {
            let is_new = |found: &Found<_>| {
                found.source == Source::Upstream && found.provider == line.provider()
            };
            let good = done.iter().any(|it| it.1.as_ref().is_ok_and(is_new));
            done.extend(self.put_away(&line, words, good, check).await);
        }
        drop(claims);
        done
    }
}
