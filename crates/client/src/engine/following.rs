//! A look-up that another caller is making already.

use std::sync::Arc;

use tokio::time::Instant;

use super::{Engine, MORE_TIME, internal, landed};
use crate::flight::{Joined, OtherFlight, arrival};
use crate::{Ask, Error, Found, Key, Lookup, Routes, Source, patience, route};

impl Engine {
    /// Waits for another caller's answer, within its own deadline; where theirs does not
    /// do, there is one more flight.
    pub(crate) async fn follow<L: Lookup, R: Routes<L>>(
        &self,
        routes: &Arc<R>,
        question: &L,
        key: Key,
        ask: &Ask,
        other: OtherFlight,
    ) -> Result<Found<L::Answer>, Error> {
        self.count(|counters| &counters.shared);
        let deadline = Instant::now() + self.total_time(question, ask);
        let first = route::first_provider(&**routes);
        let mut ask = ask.clone();
        let Some(cargo) = patience::until(deadline, arrival(other.receiver)).await else {
            return self.too_late(question, &key, &ask).await;
        };
        match landed::<L>(cargo) {
            // They took an older one from memory than is wanted here.
            Some(Ok(found))
                if found.source == Source::Memory && !self.fresh_enough(found.stored_at, &ask) =>
            {
                ask.force = true;
            }
            // They had a shorter deadline.
            Some(Err(error))
                if error.is_for_want_of_time()
                    && error.attempts() < self.shared.tuned.now().max_attempts
                    && deadline.saturating_duration_since(other.until) >= MORE_TIME => {}
            // They had nothing left to spend.
            Some(Err(error)) if error.is_for_want_of_allowance() => {}
            Some(outcome) => {
                self.record_shared(&key, first, &outcome, &ask).await;
                return outcome;
            }
            // Their task died.
            None => {}
        }
        let left = deadline.saturating_duration_since(Instant::now());
        ask.deadline = Some(left);
        match self.shared.flights.join(&key, &ask, deadline) {
            Joined::Lead(lead) => {
                self.take_off(routes, question, key, &ask, (lead, deadline))
                    .await
            }
            Joined::Follow(other) => {
                let Some(cargo) = patience::until(deadline, arrival(other.receiver)).await else {
                    return self.too_late(question, &key, &ask).await;
                };
                let outcome = landed::<L>(cargo).unwrap_or_else(internal);
                if let Err(error) = &outcome
                    && error.is_for_want_of_allowance()
                {
                    // Their limit again, not ours: fly alone, so that no caller is bound by another's.
                    let (engine, routes) = (self.clone(), Arc::clone(routes));
                    let (question, work) = (question.clone(), self.work());
                    ask.deadline = Some(deadline.saturating_duration_since(Instant::now()));
                    let alone = tokio::spawn(async move {
                        let _work = work;
                        engine.fly(&routes, &question, &key, &ask).await
                    });
                    return alone.await.unwrap_or_else(|_| internal());
                }
                self.record_shared(&key, first, &outcome, &ask).await;
                outcome
            }
        }
    }
}
