//! One run of a batch, under the claim of its job. It may be cut off anywhere: the next one finds
//! in memory what this one paid for.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chaski_client::{Ask, Budget, DniQuery, Ledger, Lookup};
use chaski_core::{Dni, Ruc};
use futures_util::StreamExt;
use jiff::Timestamp;
use tokio::task::JoinSet;

use super::how::good_for;
use super::kind::{BatchKind, Groups, ListKind, ListOutcome, RucList};
use super::rates::RateList;
use super::submit::{AT_A_TIME, BatchOptions};
use super::vouchers::VoucherList;
use crate::app::job_kind::{job_of, job_text};
use crate::app::verdicts::RucOutcome;
use crate::app::{App, AppError};
use crate::store::{Batch, BatchState, Claim, Company, ItemState, JobEnd, StoreError};

/// Waiting times before the failed numbers of a batch are asked again.
const PAUSES: [Duration; 2] = [Duration::from_secs(10), Duration::from_mins(1)];

/// Groups that may be on their way to the store.
const MOST_ON_THEIR_WAY: usize = 16;

/// Some numbers of a batch that are being asked for, and noted group after group.
pub(super) struct Run<K: ListKind> {
    claim: Claim,
    outcomes: Groups<K::Outcome>,
    /// Place among the questions → position in the batch.
    positions: Vec<u32>,
    /// Whose partners learn of it, and the numbers by their place.
    partners: Option<(Company, Vec<K::Subject>)>,
    writes: JoinSet<Result<(), StoreError>>,
}

/// The worst failure of a run: what every number fails by, before what asking again may help.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Worst {
    Usual,
    Retryable,
    ConcernsAll,
}

impl App {
    /// What memory holds of some RUCs, by their place: what is fresh enough for `ask`, and what
    /// was learned since an unfinished batch began, however old.
    pub(in crate::app) async fn remembered(
        &self,
        rucs: &[Ruc],
        since: Option<Timestamp>,
        ask: &Ask,
    ) -> Result<HashMap<usize, RucOutcome>, AppError> {
        let keys: Vec<_> = rucs.iter().map(RucList::key).collect();
        let memories = self.store.recall(&keys).await?;
        let now = self.clock.now();
        let mut learned = HashMap::new();
        for (place, (ruc, memory)) in rucs.iter().zip(memories).enumerate() {
            let Some(memory) = memory else { continue };
            if let Some(source) = good_for(&memory, since, now, ask)
                && let Some(outcome) = RucOutcome::of_memory(*ruc, &memory, source)
            {
                learned.insert(place, outcome);
            }
        }
        Ok(learned)
    }

    /// How many of some DNIs have to be asked for: of the others memory has a fresh answer.
    pub async fn dnis_to_ask(&self, dnis: &[Dni], ask: &Ask) -> Result<usize, AppError> {
        let (mut to_ask, now) = (0, self.clock.now());
        for some in dnis.chunks(AT_A_TIME) {
            let keys: Vec<_> = some.iter().map(|dni| DniQuery(*dni).key()).collect();
            let memories = self.store.recall(&keys).await?.into_iter();
            let fresh = memories
                .flatten()
                .filter(|it| good_for(it, None, now, ask).is_some());
            to_ask += some.len() - fresh.count();
        }
        Ok(to_ask)
    }

    /// Begins to ask. `writes` are those of the batch that are still on their way.
    pub(super) fn run_batch<K: ListKind>(
        &self,
        claim: Claim,
        (positions, wanted): (Vec<u32>, Vec<K::Subject>),
        ask: &Ask,
        whose_partners: Option<Company>,
        writes: JoinSet<Result<(), StoreError>>,
    ) -> Run<K> {
        let ask = Ask {
            batch: claim.job.batch,
            ..ask.clone()
        };
        Run {
            claim,
            partners: whose_partners.map(|company| (company, wanted.clone())),
            outcomes: K::work(self, wanted, &ask),
            positions,
            writes,
        }
    }

    /// Works on a batch until every number has an outcome, and says how that ended. An error
    /// leaves its job to be tried again; [`StoreError::LeaseLost`] means that it is no longer ours.
    pub(crate) async fn work_batch(&self, claim: &Claim) -> Result<BatchState, AppError> {
        let id = claim.batch()?;
        let batch = self.store.batch(id).await?.ok_or(StoreError::NoSuchBatch)?;
        let worked = match batch.kind() {
            BatchKind::Ruc => self.ask_for_batch::<RucList>(claim, &batch).await,
            BatchKind::Vouchers => self.ask_for_batch::<VoucherList>(claim, &batch).await,
            BatchKind::Rates => self.ask_for_batch::<RateList>(claim, &batch).await,
            BatchKind::Documents => Box::pin(self.issue_batch(claim, &batch)).await,
        };
        match worked {
            Err(AppError::Store(StoreError::LeaseLost)) => Err(StoreError::LeaseLost.into()),
            Err(error) => {
                let again = self.again(claim, error.code().to_owned(), None);
                self.finish_batch(claim, again).await?;
                Err(error)
            }
            Ok(end) => self.finish_batch(claim, end).await,
        }
    }

    pub(super) async fn finish_batch(
        &self,
        claim: &Claim,
        end: JobEnd,
    ) -> Result<BatchState, AppError> {
        let now = self.clock.now();
        let state = self.store.finish_batch(claim, end, now).await?;
        self.signals.batch_moved();
        Ok(state)
    }

    async fn ask_for_batch<K: ListKind>(
        &self,
        claim: &Claim,
        batch: &Batch,
    ) -> Result<JobEnd, AppError> {
        let id = batch.id;
        let options = job_of::<BatchOptions>(&claim.job)?;
        if !self.store.begin_batch(claim, self.clock.now()).await? {
            return Ok(JobEnd::Completed);
        }
        self.signals.batch_moved();
        let mut ask = self.ask_of_work(&batch.asked_by, batch.key_id).await?;
        ask.force = options.force;
        let whose_partners = if options.update_partners {
            Some(self.store.company_of_key(batch.key_id).await?)
        } else {
            None
        };
        // 1. What was already answered, in memory or by a run that was cut off.
        let open = self.store.pending_items(id).await?;
        let open = open.into_iter();
        let open = open.filter_map(|(at, key)| Some((at, K::subject(&key)?)));
        let open: Vec<(u32, K::Subject)> = open.collect();
        let (mut positions, mut wanted) = (Vec::new(), Vec::new());
        // Part by part: what is remembered of a long list takes more memory than the list.
        for some in open.chunks(AT_A_TIME) {
            let subjects: Vec<K::Subject> = some.iter().map(|(_, it)| it.clone()).collect();
            let known = K::known(self, &subjects, Some(batch.created_at), &ask).await?;
            let unknown = some.iter().enumerate();
            let unknown = unknown.filter(|(place, _)| !known.contains_key(place));
            for (_, (position, subject)) in unknown {
                positions.push(*position);
                wanted.push(subject.clone());
            }
            if known.is_empty() {
                continue;
            }
            // Partners before items: a run that was cut off in between does both again.
            if let Some(company) = whose_partners {
                let now = self.clock.now();
                let checks = known.iter();
                let checks = checks.filter_map(|(at, it)| K::check(&some[*at].1, it, now));
                self.note_on_partners(company, checks.collect()).await?;
            }
            let learned = known.iter();
            let learned = learned.map(|(place, it)| (some[*place].0 as usize, it));
            let (states, hits) = states_of(learned);
            self.store.note_items(claim, states, hits).await?;
            self.signals.batch_moved();
        }
        drop(open);
        // 2. The rest, through the native batch call. No more than was announced, over all runs.
        let most = if let Some(most) = options.left.or(options.most) {
            most
        } else {
            K::cost(self, &wanted, &ask).await?.most
        };
        let budget = Budget::of(most);
        ask.budget = Some(budget.clone());
        let writes = JoinSet::new();
        let wanted = (positions, wanted);
        let mut run = self.run_batch::<K>(claim.clone(), wanted, &ask, whose_partners, writes);
        let (mut worst, mut wait, mut again) = (None, None, false);
        while let Some(group) = run.next(self).await? {
            for (_, learned) in &group {
                let Some(error) = learned.error() else {
                    continue;
                };
                let kind = match () {
                    () if error.concerns_all() => Worst::ConcernsAll,
                    () if error.is_retryable() => Worst::Retryable,
                    () => Worst::Usual,
                };
                if worst.as_ref().is_none_or(|(known, _)| *known < kind) {
                    worst = Some((kind, error.code().to_owned()));
                }
                again |= error.is_retryable();
                wait = wait.max(error.retry_after());
            }
        }
        run.written().await?;
        let options = BatchOptions {
            left: again.then(|| budget.left()),
            ..options
        };
        let payload = job_text(&options)?;
        if payload != claim.job.payload {
            self.store.change_payload(claim, payload).await?;
        }
        Ok(match worst {
            None => JobEnd::Completed,
            Some((Worst::Retryable, code)) => self.again(claim, code, wait),
            Some((_, code)) => JobEnd::Failed { code },
        })
    }

    pub(in crate::app) fn again(
        &self,
        claim: &Claim,
        code: String,
        wait: Option<Duration>,
    ) -> JobEnd {
        let pause = PAUSES[(claim.job.attempts as usize).min(PAUSES.len() - 1)];
        let pause = pause.max(wait.unwrap_or_default());
        let at = self.clock.now().checked_add(pause);
        let at = at.unwrap_or(Timestamp::MAX);
        JobEnd::Again { at, code }
    }
}

impl<K: ListKind> Run<K> {
    /// Waits for the next group of outcomes and puts them on their way to the store; none when
    /// all have come.
    pub(super) async fn next(
        &mut self,
        app: &App,
    ) -> Result<Option<Vec<(usize, K::Outcome)>>, AppError> {
        // Answers that come faster than the disk takes them would fill the memory. Waited for before a group
        // is taken: whoever stops waiting here must not lose one.
        while self.writes.len() >= MOST_ON_THEIR_WAY
            && let Some(written) = self.writes.join_next().await
        {
            written??;
        }
        let Some(group) = self.outcomes.next().await else {
            return Ok(None);
        };
        let now = app.clock.now();
        let mut checks = Vec::new();
        let learned = |(place, learned): (usize, K::Outcome)| {
            if let Some((_, subjects)) = &self.partners {
                checks.extend(K::check(&subjects[place], &learned, now));
            }
            (self.positions[place] as usize, learned)
        };
        let group: Vec<_> = group.into_iter().map(learned).collect();
        let (states, hits) = states_of(group.iter().map(|(at, learned)| (*at, learned)));
        let (store, claim) = (Arc::clone(&app.store), self.claim.clone());
        let (signals, company) = (app.signals.clone(), self.partners.as_ref().map(|it| it.0));
        // The writer groups these; waiting for each would hold up the next answer.
        self.writes.spawn(async move {
            // Before the items are noted: a run that was cut off in between does it again, and
            // twice is harmless.
            if let Some(company) = company {
                store.note_checks(Some(company), checks).await?;
            }
            store.note_items(&claim, states, hits).await?;
            signals.batch_moved();
            Ok(())
        });
        while let Some(written) = self.writes.try_join_next() {
            written??;
        }
        Ok(Some(group))
    }

    /// Waits until everything noted is stored.
    pub(super) async fn written(&mut self) -> Result<(), AppError> {
        written(std::mem::take(&mut self.writes)).await
    }

    /// Stops asking and waits for what is in flight.
    pub(super) async fn stop(self, app: &App) -> Result<(), AppError> {
        drop(self.outcomes);
        app.migo.engine().idle().await;
        written(self.writes).await
    }
}

async fn written(mut writes: JoinSet<Result<(), StoreError>>) -> Result<(), AppError> {
    while let Some(written) = writes.join_next().await {
        written??;
    }
    Ok(())
}

/// How items are marked, and how many memory answered.
pub(super) fn states_of<'s, O: ListOutcome>(
    learned: impl Iterator<Item = (usize, &'s O)>,
) -> (Vec<(u32, ItemState)>, u32) {
    let mut hits = 0;
    let states = learned.filter_map(|(position, learned)| {
        hits += u32::from(learned.is_from_memory());
        Some((u32::try_from(position).ok()?, learned.state()))
    });
    (states.collect(), hits)
}
