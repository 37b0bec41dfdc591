//! Many look-ups where there is no native batch call for them.

use std::sync::Arc;

use futures_util::StreamExt;
use tokio::sync::mpsc;

use crate::handful::Handful;
use crate::many::Group;
use crate::{Ask, Engine, Error, Failure, Found, Lookup, Outcomes, Routes};

impl Engine {
    /// Many look-ups without a native batch call, whose outcomes come as they are there.
    pub fn lookup_singly<L: Lookup, R: Routes<L>>(
        &self,
        routes: &Arc<R>,
        questions: Vec<L>,
        ask: &Ask,
    ) -> Outcomes<L::Answer> {
        let operation = questions.first().map_or("", |first| first.key().operation);
        let handful = Arc::new(Handful::new(&**routes, operation, self.settings()));
        let ask = Arc::new(ask.one_of_many(self.deadline()));
        let (count, questions) = (questions.len(), Arc::new(questions));
        let (engine, routes) = (self.clone(), Arc::clone(routes));
        self.in_window(count, count, move |position| {
            let (engine, routes, ask) = (engine.clone(), Arc::clone(&routes), Arc::clone(&ask));
            let (handful, questions) = (Arc::clone(&handful), Arc::clone(&questions));
            async move {
                let question = &questions[position];
                let outcome = match handful.turn().await {
                    Ok(_turn) => engine.lookup(&routes, question, &ask).await,
                    Err(failure) => engine.not_asked(question, &ask, failure).await,
                };
                vec![(position, outcome)]
            }
        })
    }

    /// What comes of `count` questions that are asked by so many `steps`, a window of them at a time.
    /// When nobody listens any more no further one begins; answers under way still end in memory.
    pub(crate) fn in_window<A, F>(
        &self,
        count: usize,
        steps: usize,
        step: impl Fn(usize) -> F + Send + 'static,
    ) -> Outcomes<A>
    where
        A: Send + Sync + 'static,
        F: Future<Output = Group<A>> + Send + 'static,
    {
        let (sender, receiver) = mpsc::channel(64);
        let width = self.settings().concurrency.max(1);
        tokio::spawn(async move {
            let asked = futures_util::stream::iter(0..steps).map(step);
            let mut asked = asked.buffer_unordered(width);
            loop {
                let group = tokio::select! {
                    biased;
                    () = sender.closed() => return,
                    group = asked.next() => group,
                };
                let Some(group) = group else { return };
                if sender.send(group).await.is_err() {
                    return;
                }
            }
        });
        Outcomes::of(receiver, count)
    }

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
