//! One run of a background batch, under the claim of its job. It may be cut off anywhere: the
//! next one finds in memory what this one paid for.

use std::time::Duration;

use chaski_client::Budget;
use chaski_core::{CheckDigit, Ruc, RucRules};
use jiff::Timestamp;
use tokio::task::JoinSet;
use uuid::Uuid;

use super::asking::states_of;
use super::cost::Cost;
use super::lotes::{AT_A_TIME, LoteOptions};
use super::verdicts::Settled;
use super::{App, AppError};
use crate::store::{BatchState, Claim, JobEnd, StoreError};

/// Waiting times before the failed numbers of a batch are asked again.
const PAUSES: [Duration; 2] = [Duration::from_secs(10), Duration::from_mins(1)];

/// Why numbers of a run failed.
#[derive(Default)]
struct Failures {
    /// Code of one that every number fails by: asking again would not help.
    concerns_all: Option<String>,
    /// Code of one that asking again may help.
    retryable: Option<String>,
    /// Code of any.
    any: Option<String>,
}

impl App {
    /// Works on a batch until every number has an outcome, and says how that ended. An error
    /// leaves its job to be tried again; [`StoreError::LeaseLost`] means that it is no longer ours.
    pub(crate) async fn work_lote(&self, claim: &Claim) -> Result<BatchState, AppError> {
        let id = claim.job.batch.ok_or(StoreError::NoSuchBatch)?;
        match self.ask_lote(claim, id).await {
            Err(AppError::Store(StoreError::LeaseLost)) => Err(StoreError::LeaseLost.into()),
            Err(error) => {
                let again = self.again(claim, error.code().to_owned(), None);
                self.finish_lote(claim, id, again).await?;
                Err(error)
            }
            Ok(end) => self.finish_lote(claim, id, end).await,
        }
    }

    async fn finish_lote(
        &self,
        claim: &Claim,
        id: Uuid,
        end: JobEnd,
    ) -> Result<BatchState, AppError> {
        let now = self.clock.now();
        let state = self.store.finish_claimed(claim, id, end, now).await?;
        self.signals.batch_moved();
        Ok(state)
    }

    async fn ask_lote(&self, claim: &Claim, id: Uuid) -> Result<JobEnd, AppError> {
        let options: LoteOptions =
            serde_json::from_str(&claim.job.payload).map_err(std::io::Error::from)?;
        let batch = self.store.batch(id).await?.ok_or(StoreError::NoSuchBatch)?;
        if !self
            .store
            .begin_claimed(claim, id, self.clock.now())
            .await?
        {
            return Ok(JobEnd::Completed);
        }
        self.signals.batch_moved();
        let mut ask = self.ask_of_work(&batch.asked_by, batch.key_id).await?;
        ask.force = options.force;
        // 1. What was already answered, in memory or by a run that was cut off.
        let open = open_items(self.store.pending_items(id).await?);
        let whose_partners = if options.update_partners {
            Some(self.store.company_of_key(batch.key_id).await?)
        } else {
            None
        };
        let mut wanted = Vec::new();
        // Part by part: what is remembered of a long list takes more memory than the list.
        for some in open.chunks(AT_A_TIME) {
            let rucs: Vec<Ruc> = some.iter().map(|(_, ruc)| *ruc).collect();
            let known = self.remembered(&rucs, Some(batch.created_at), &ask).await?;
            let unknown = some.iter().enumerate();
            let unknown = unknown.filter(|(place, _)| !known.contains_key(place));
            wanted.extend(unknown.map(|(_, item)| *item));
            if known.is_empty() {
                continue;
            }
            // Partners before items: a run that was cut off in between does both again.
            if let Some(company) = whose_partners {
                let now = self.clock.now();
                let checks = known.iter().map(|(at, it)| it.check(some[*at].1, now));
                self.note_on_partners(company, checks.collect()).await?;
            }
            let settled = known.iter().map(|(place, it)| (some[*place].0, it));
            let hits = known.values().filter(|it| it.is_from_memory()).count();
            let hits = u32::try_from(hits).unwrap_or(u32::MAX);
            self.store
                .settle_claimed(claim, id, states_of(settled), hits)
                .await?;
            self.signals.batch_moved();
        }
        drop(open);
        // 2. The rest, through the native batch call.
        // No more than was announced, over all runs.
        let most = options.most.unwrap_or_else(|| Cost::of(wanted.len()).most);
        let budget = Budget::of(options.left.unwrap_or(most));
        ask.budget = Some(budget.clone());
        let mut asking = self.ask_for(
            id,
            wanted,
            &ask,
            Some(claim.clone()),
            whose_partners,
            JoinSet::new(),
        );
        let (mut failures, mut wait) = (Failures::default(), None);
        while let Some(group) = asking.next(self).await? {
            for (_, settled) in &group {
                if let Settled::Failed(error) = settled {
                    wait = wait.max(error.retry_after());
                    failures.note(error);
                }
            }
        }
        asking.written().await?;
        let again = failures.retryable.is_some();
        let options = LoteOptions {
            left: again.then(|| budget.left()),
            ..options
        };
        let payload = serde_json::to_string(&options).map_err(std::io::Error::from)?;
        if payload != claim.job.payload {
            self.store.change_payload(claim, payload).await?;
        }
        Ok(match failures {
            Failures {
                concerns_all: Some(code),
                ..
            } => JobEnd::Failed { code },
            Failures {
                retryable: Some(code),
                ..
            } => self.again(claim, code, wait),
            Failures {
                any: Some(code), ..
            } => JobEnd::Failed { code },
            _ => JobEnd::Completed,
        })
    }

    pub(super) fn again(&self, claim: &Claim, code: String, wait: Option<Duration>) -> JobEnd {
        let pause = PAUSES[(claim.job.attempts as usize).min(PAUSES.len() - 1)];
        JobEnd::Again {
            at: later(self.clock.now(), pause.max(wait.unwrap_or_default())),
            code,
        }
    }
}

impl Failures {
    fn note(&mut self, error: &chaski_client::Error) {
        let code = || error.code().to_owned();
        if error.concerns_all() {
            self.concerns_all.get_or_insert_with(code);
        }
        if error.is_retryable() {
            self.retryable.get_or_insert_with(code);
        }
        self.any.get_or_insert_with(code);
    }
}

/// The items that are to be asked: whatever was accepted as a RUC when the list came still is.
fn open_items(items: Vec<(u32, chaski_client::Key)>) -> Vec<(usize, Ruc)> {
    let rules = RucRules {
        check_digit: CheckDigit::FormatOnly,
        ..RucRules::default()
    };
    items
        .into_iter()
        .filter_map(|(position, key)| {
            let ruc = Ruc::parse_with(&key.subject, &rules).ok()?;
            Some((position as usize, ruc))
        })
        .collect()
}

fn later(now: Timestamp, pause: Duration) -> Timestamp {
    now.checked_add(pause).unwrap_or(Timestamp::MAX)
}
