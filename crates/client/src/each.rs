//! Many look-ups where there is no native batch call for them.

use std::sync::Arc;

use futures_util::StreamExt;

use crate::handful::Handful;
use crate::{Ask, Engine, Error, Failure, Found, Lookup, Routes};

impl Engine {
    /// Many look-ups without a native batch call: single flights in a sliding window, no barrier.
    /// Answers come in the order of the questions.
    pub async fn lookup_each<L: Lookup, R: Routes<L>>(
        &self,
        routes: &Arc<R>,
        questions: &[L],
        ask: &Ask,
    ) -> Vec<Result<Found<L::Answer>, Error>> {
        let Some(first) = questions.first() else {
            return Vec::new();
        };
        let ask = &ask.one_of_many(self.deadline());
        let handful = &Handful::new(&**routes, first.key().operation, self.settings());
        let lookups: Vec<_> = questions
            .iter()
            .enumerate()
            .map(|(position, question)| async move {
                let outcome = match handful.turn().await {
                    Ok(_turn) => self.lookup(routes, question, ask).await,
                    Err(failure) => self.not_asked(question, ask, failure).await,
                };
                (position, outcome)
            })
            .collect();
        // Unordered: a window that hands out in order stands still behind one slow answer.
        let mut outcomes: Vec<_> = futures_util::stream::iter(lookups)
            .buffer_unordered(self.settings().concurrency.max(1))
            .collect()
            .await;
        outcomes.sort_unstable_by_key(|(position, _)| *position);
        let mut outcomes: Vec<_> = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
        // The first two of a row that turned out to be doubtful were believed when they came.
        let is_doubtful = |error: &Error| error.failure() == Some(&Failure::Doubtful);
        if outcomes
            .iter()
            .filter_map(|it| it.as_ref().err())
            .any(is_doubtful)
        {
            for outcome in &mut outcomes {
                if outcome
                    .as_ref()
                    .is_err_and(|it| it.is_not_found() && !it.is_remembered())
                {
                    *outcome = Err(Error::failed(Failure::Doubtful));
                }
            }
        }
        outcomes
    }
}
