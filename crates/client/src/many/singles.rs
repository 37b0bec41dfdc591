//! Questions of a list that are asked one by one.

use std::sync::atomic::Ordering;

use futures_util::future::join_all;

use super::{Asked, Group, Run, Single, Word};
use crate::engine::Approach;
use crate::flight::Lead;
use crate::line::doubt::{FEW, is_doubtful};
use crate::{Decoded, Engine, Failure, Found, Line, Lookup, Routes, Source};

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
        let flights = asked.into_iter().zip(leads).map(|(one, lead)| async move {
            let turn = match self.handful.turn().await {
                _ if self.faith.is_denied() => Err(Failure::Doubtful),
                turn => turn,
            };
            match turn {
                Ok(_turn) => self.single(one, lead).await,
                Err(failure) => {
                    let question = &one.question;
                    let outcome = self.engine.not_asked(question, &self.ask, failure).await;
                    Engine::land::<L>(lead, &outcome);
                    Single::Done(one.position, outcome)
                }
            }
        });
        self.land_singles(join_all(flights).await).await
    }

    pub(super) async fn single(&self, one: Asked<L>, lead: Lead) -> Single<L> {
        let approach = self
            .engine
            .approach(&self.routes, &one.question, &one.key, &self.ask)
            .await;
        let outcome = match approach {
            Approach::Over(outcome) => outcome,
            Approach::Said(said) => match said.decoded {
                Decoded::Refused { reason, .. } if is_doubtful(reason) => {
                    return Single::Held(Box::new((one, lead, said)));
                }
                _ => {
                    self.trust(&said.line, one.key.operation);
                    self.engine.arrive(&one.question, &one.key, said).await
                }
            },
        };
        Engine::land::<L>(lead, &outcome);
        Single::Done(one.position, outcome)
    }

    /// Lands the refusals that were held until all had come: only then is it known whether they stand
    /// alone. Nothing is handed out before: whoever follows them would wait for our listener.
    pub(super) async fn land_singles(&self, singles: Vec<Single<L>>) -> Group<L::Answer> {
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
            done.extend(self.put_away(&line, words, good).await);
        }
        drop(claims);
        done
    }
}
