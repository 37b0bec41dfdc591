//! Asking for the numbers of a batch and settling what comes, group after group: what the command
//! line and the worker have in common.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chaski_client::{Ask, Ledger, Lookup, Memory, Outcomes, RucQuery, Source, is_of_the_future};
use chaski_core::{Ruc, Taxpayer};
use jiff::Timestamp;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::verdicts::Settled;
use super::{App, AppError};
use crate::partners::SunatCheck;
use crate::store::{Claim, Company, ItemState, StoreError};

/// A batch that is being asked for.
pub(super) struct Asking {
    id: Uuid,
    claim: Option<Claim>,
    outcomes: Outcomes<Taxpayer>,
    /// Place among the questions → position in the batch.
    positions: Vec<usize>,
    /// Whose partners learn of it, and the numbers by their place.
    partners: Option<(Company, Vec<Ruc>)>,
    writes: JoinSet<Result<(), StoreError>>,
}

impl App {
    /// What memory holds of some RUCs, by their place: what is fresh enough for `ask`, and what
    /// was learned since an unfinished batch began, however old.
    pub(super) async fn remembered(
        &self,
        rucs: &[Ruc],
        since: Option<Timestamp>,
        ask: &Ask,
    ) -> Result<HashMap<usize, Settled>, AppError> {
        let keys: Vec<_> = rucs.iter().map(|ruc| RucQuery(*ruc).key()).collect();
        let memories = self.store.recall(&keys).await?;
        let now = self.clock.now();
        let mut settled = HashMap::new();
        for (place, (ruc, memory)) in rucs.iter().zip(memories).enumerate() {
            let Some(memory) = memory else { continue };
            let of_batch = since.is_some_and(|since| {
                memory.stored_at >= since && !is_of_the_future(memory.stored_at, now)
            });
            let fresh = memory.is_fresh(now) && !ask.force && young_enough(&memory, now, ask);
            // What an earlier run of this batch asked for is part of it, not of memory.
            let source = if of_batch {
                Source::Upstream
            } else {
                Source::Memory
            };
            if (of_batch || fresh)
                && let Some(outcome) = Settled::of_memory(*ruc, &memory, source)
            {
                settled.insert(place, outcome);
            }
        }
        Ok(settled)
    }

    /// Begins to ask. `writes` are those of the batch that are still on their way; a worker asks
    /// under its claim, and `whose_partners` learn what comes.
    pub(super) fn ask_for(
        &self,
        id: Uuid,
        wanted: Vec<(usize, Ruc)>,
        ask: &Ask,
        claim: Option<Claim>,
        whose_partners: Option<Company>,
        writes: JoinSet<Result<(), StoreError>>,
    ) -> Asking {
        let (positions, rucs): (Vec<usize>, Vec<Ruc>) = wanted.into_iter().unzip();
        let ask = Ask {
            batch: Some(id),
            // Memory was looked at already; looking twice would cost as much as a call.
            recalled: true,
            ..ask.clone()
        };
        Asking {
            id,
            claim,
            outcomes: self.migo.rucs(&rucs, &ask),
            positions,
            partners: whose_partners.map(|company| (company, rucs)),
            writes,
        }
    }
}

impl Asking {
    /// Waits for the next group of outcomes and puts them on their way to the store; none when
    /// all have come.
    pub(super) async fn next(
        &mut self,
        app: &App,
    ) -> Result<Option<Vec<(usize, Settled)>>, AppError> {
        let Some(group) = self.outcomes.next().await else {
            return Ok(None);
        };
        let now = app.clock.now();
        let mut checks = Vec::new();
        let settled = |(place, outcome)| {
            let settled = Settled::of_outcome(outcome, now);
            if let Some((_, rucs)) = &self.partners {
                checks.push(settled.check(rucs[place], now));
            }
            (self.positions[place], settled)
        };
        let group: Vec<_> = group.into_iter().map(settled).collect();
        let states = states_of(group.iter().map(|(at, settled)| (*at, settled)));
        self.settle(app, states, checks);
        while let Some(written) = self.writes.try_join_next() {
            written.map_err(|error| AppError::Io(error.into()))??;
        }
        Ok(Some(group))
    }

    /// The writer groups these; waiting for each would hold up the next answer.
    fn settle(&mut self, app: &App, states: Vec<(u32, ItemState)>, checks: Vec<SunatCheck>) {
        let (store, id, claim) = (Arc::clone(&app.store), self.id, self.claim.clone());
        let (signals, company) = (app.signals.clone(), self.partners.as_ref().map(|it| it.0));
        self.writes.spawn(async move {
            // Before the items are settled: a run that was cut off in between does it again, and
            // twice is harmless.
            if let Some(company) = company {
                store.note_checks(Some(company), checks).await?;
            }
            match claim {
                Some(claim) => store.settle_claimed(&claim, id, states, 0).await?,
                None => store.settle_items(id, states, Vec::new()).await?,
            }
            signals.batch_moved();
            Ok(())
        });
    }

    /// Waits until everything settled is stored.
    pub(super) async fn written(&mut self) -> Result<(), AppError> {
        while let Some(written) = self.writes.join_next().await {
            written.map_err(|error| AppError::Io(error.into()))??;
        }
        Ok(())
    }

    /// Stops asking and waits for what is in flight.
    pub(super) async fn stop(self, app: &App) -> Result<(), AppError> {
        let Asking {
            outcomes, writes, ..
        } = self;
        drop(outcomes);
        app.migo.engine().idle().await;
        let mut writes = writes;
        while let Some(written) = writes.join_next().await {
            written.map_err(|error| AppError::Io(error.into()))??;
        }
        Ok(())
    }
}

/// How items are marked.
pub(super) fn states_of<'s>(
    settled: impl Iterator<Item = (usize, &'s Settled)>,
) -> Vec<(u32, ItemState)> {
    settled
        .filter_map(|(position, settled)| Some((u32::try_from(position).ok()?, settled.state())))
        .collect()
}

fn young_enough(memory: &Memory, now: Timestamp, ask: &Ask) -> bool {
    let age = Duration::try_from(now.duration_since(memory.stored_at)).unwrap_or(Duration::ZERO);
    ask.max_age.is_none_or(|most| age <= most)
}
