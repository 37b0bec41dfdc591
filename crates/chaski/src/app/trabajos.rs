//! Jobs: what waits, what runs, what became of it; and those that are not batches.

use chaski_client::Budget;
use chaski_core::{lima_date, text};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::cost::calls_for;
use super::job_kind::{JobKind, job_of, job_text};
use super::new_id;
use super::partners::{PreparedRefresh, Refreshed, Which};
use super::spending::Payer;
use super::{App, AppError, Mode};
use crate::store::{
    Asker, BatchChange, Claim, Company, Cursor, Job, JobCount, JobEnd, JobFilter, JobState, Once,
    Page, Pruned, StoreError,
};

/// A refresh that is asked for.
#[derive(Debug, Clone)]
pub struct RefreshRequest {
    /// Which partners it is about.
    pub which: Which,
    /// Calls that it may cost; none for what it takes.
    pub most: Option<u64>,
}

/// Runs of a job of the schedule that may fail: its next time comes anyway.
const MOST_ATTEMPTS: u32 = 3;

impl App {
    /// A page of jobs, newest first; those of the key, or all.
    pub async fn trabajos(
        &self,
        state: Option<JobState>,
        limit: u32,
        cursor: Option<Cursor>,
        key_id: Option<Uuid>,
    ) -> Result<Page<Job>, AppError> {
        let filter = JobFilter { state, key_id };
        Ok(self.store.jobs(&filter, limit, cursor).await?)
    }

    /// One job; that of another key does not exist.
    pub async fn trabajo(&self, id: Uuid, key_id: Option<Uuid>) -> Result<Job, AppError> {
        let job = self.store.job(id).await?;
        let job = job.filter(|job| key_id.is_none() || job.key_id == key_id);
        Ok(job.ok_or(StoreError::NoSuchJob)?)
    }

    /// Stops a job, and the batch that it works on.
    pub async fn cancel_trabajo(&self, id: Uuid, key_id: Option<Uuid>) -> Result<Job, AppError> {
        let job = self.trabajo(id, key_id).await?;
        if let Some(batch) = job.batch {
            self.change_batch(batch, key_id, BatchChange::Cancel, &Payer::default())
                .await?;
        } else if !self.store.cancel_job(id, self.clock.now()).await? {
            return Err(refusal(BatchChange::Cancel, &job));
        }
        self.signals.control_changed();
        self.trabajo(id, key_id).await
    }

    /// Puts a job that failed or was stopped back into the queue; of a batch, the numbers without
    /// an answer.
    pub async fn retry_trabajo(
        &self,
        id: Uuid,
        key_id: Option<Uuid>,
        payer: &Payer,
    ) -> Result<Job, AppError> {
        let job = self.trabajo(id, key_id).await?;
        if let Some(batch) = job.batch {
            self.change_batch(batch, key_id, BatchChange::Retry, payer)
                .await?;
            return self.trabajo(id, key_id).await;
        }
        let calls = self.retry_calls(&job).await?;
        let _reserved = self.reserve_spending(payer, calls, true).await?;
        if !self.store.retry_job(id, self.clock.now()).await? {
            return Err(refusal(BatchChange::Retry, &job));
        }
        self.signals.work_came();
        self.trabajo(id, key_id).await
    }

    /// Calls that running a job without a batch again may cost; none when it cannot be run again.
    async fn retry_calls(&self, job: &Job) -> Result<u64, AppError> {
        let is_refresh = job.kind == JobKind::PartnerRefresh.as_str();
        if !is_refresh || !matches!(job.state, JobState::Failed | JobState::Cancelled) {
            return Ok(0);
        }
        let wanted = job_of::<RefreshPayload>(job)?;
        let limit = wanted.left.unwrap_or(u64::MAX);
        let most = wanted.most.unwrap_or(self.config.partners_refresh_limit);
        let calls = match (wanted.calls, wanted.prepared(most)) {
            // What it was counted at, or what it left over: its run keeps to that.
            (Some(calls), _) => calls,
            (None, Some(prepared)) => {
                let company = self.store.company_of_key(job.key_id).await?;
                self.refresh_calls(company, &prepared.which).await?
            }
            // Of all companies: what it left over.
            (None, None) => wanted.most.map_or(0, |most| calls_for(most as usize)),
        };
        Ok(calls.min(limit))
    }

    /// How many jobs of each kind are in each state, zeros included.
    pub async fn job_counts(&self) -> Result<Vec<(JobKind, JobState, i64)>, AppError> {
        let counts = self.store.job_counts().await?;
        let of = |kind: JobKind, state: JobState| {
            let same = |count: &&JobCount| count.kind == kind.as_str() && count.state == state;
            counts.iter().find(same).map_or(0, |count| count.jobs)
        };
        let states = |kind| JobState::ALL.map(|state| (kind, state, of(kind, state)));
        Ok(JobKind::ALL.into_iter().flat_map(states).collect())
    }

    /// A job that is due now, with the key of the asker if there is one.
    pub(super) fn new_job(&self, kind: JobKind, payload: String, asker: &Asker) -> Job {
        let now = self.clock.now();
        Job {
            id: new_id(now),
            kind: kind.as_str().to_owned(),
            payload,
            max_attempts: MOST_ATTEMPTS,
            run_at: now,
            created_at: now,
            asked_by: asker.to_string(),
            key_id: asker.key_id(),
            ..Job::default()
        }
    }

    /// Deletes what has expired, under a claim.
    pub(crate) async fn work_retention(&self, claim: &Claim) -> Result<Pruned, AppError> {
        let pruned = self.prune_by_itself().await?;
        self.end_work(claim).await?;
        Ok(pruned)
    }

    /// Notes how many calls of the month are spent, under a claim.
    pub(crate) async fn work_quota(&self, claim: &Claim) -> Result<u64, AppError> {
        let now = self.clock.now();
        let today = lima_date(now);
        let month = format!("{:04}-{:02}", today.year(), today.month());
        let noted = self.store.snapshot_quota(&month, now).await?;
        self.end_work(claim).await?;
        Ok(noted)
    }

    /// Puts a refresh of a company's partners in the queue. What it may cost is set aside from what its
    /// payer may still spend; `once` is the request that asks for it, where it may come again.
    pub async fn submit_partner_refresh(
        &self,
        company: Company,
        wanted: RefreshRequest,
        payer: &Payer,
        once: Option<&Once>,
    ) -> Result<Uuid, AppError> {
        let limited = payer.is_limited() || wanted.most.is_some();
        let counted = limited || self.mode == Mode::Real;
        let mut prepared = self
            .prepare_partner_refresh(company, &wanted.which, counted)
            .await?;
        prepared.allow(wanted.most);
        let calls = prepared.calls.unwrap_or(0);
        let _reserved = self.reserve_spending(payer, calls, false).await?;
        if !limited {
            prepared.calls = None;
        }
        let payload = job_text(&RefreshPayload::wanted(prepared))?;
        let job = self.new_job(JobKind::PartnerRefresh, payload, &payer.asker());
        let id = job.id;
        self.store.enqueue_job(job, once).await?;
        self.signals.work_came();
        Ok(id)
    }

    /// Brings partners up to date, under a claim. What failed is asked again by a later run, if
    /// that may help; memory makes the rest of it free.
    pub(crate) async fn work_partner_refresh(&self, claim: &Claim) -> Result<Refreshed, AppError> {
        let wanted = job_of::<RefreshPayload>(&claim.job)?;
        let (who, key_id) = (&claim.job.asked_by, claim.job.key_id);
        let mut ask = self.ask_of_work(who, key_id).await?;
        ask.budget = wanted.left.map(Budget::of);
        let most = wanted.most.unwrap_or(self.config.partners_refresh_limit);
        let refreshed = match wanted.prepared(most) {
            Some(prepared) => {
                let company = self.store.company_of_key(claim.job.key_id).await?;
                self.refresh_partners(company, &prepared, &ask).await?
            }
            None => self.refresh_due_partners(most, &ask).await?,
        };
        let end = match &refreshed.failure {
            None => JobEnd::Completed,
            Some(error) => {
                let mut rest = wanted.left_over(refreshed.failed);
                // What a person tries again may cost anew what is usual.
                rest.left = error.is_retryable().then_some(refreshed.left);
                self.store.change_payload(claim, job_text(&rest)?).await?;
                let code = error.code().to_owned();
                if error.is_retryable() {
                    self.again(claim, code, refreshed.wait)
                } else {
                    JobEnd::Failed { code }
                }
            }
        };
        self.store.end_job(claim, end, self.clock.now()).await?;
        Ok(refreshed)
    }

    pub(super) async fn end_work(&self, claim: &Claim) -> Result<(), AppError> {
        let now = self.clock.now();
        Ok(self.store.end_job(claim, JobEnd::Completed, now).await?)
    }
}

/// The payload of the nightly refresh.
pub(super) const OF_ALL_COMPANIES: &str = r#"{"cuales":"de todas las empresas"}"#;

/// Which partners, as the queue keeps it; of the company that the job's key belongs to.
#[derive(Serialize, Deserialize, Default)]
struct RefreshPayload {
    #[serde(default)]
    cuales: String,
    #[serde(default)]
    ids: Vec<Uuid>,
    /// How many of those that are due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    most: Option<u32>,
    /// Calls that it may cost, where the key's day is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    calls: Option<u64>,
    /// Calls that are left for its next run, of what a refresh may cost at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    left: Option<u64>,
}

impl RefreshPayload {
    fn wanted(prepared: PreparedRefresh) -> RefreshPayload {
        let (cuales, ids, most) = match prepared.which {
            Which::All => ("todos", Vec::new(), None),
            Which::NeverChecked => ("nunca", Vec::new(), None),
            Which::Due { most } => ("", Vec::new(), Some(most)),
            Which::These(ids) => ("estos", ids, None),
        };
        RefreshPayload {
            cuales: cuales.to_owned(),
            ids,
            most,
            calls: prepared.calls,
            left: prepared.most,
        }
    }

    /// None for those that are due of all companies, which only the schedule asks for.
    fn prepared(&self, most: u32) -> Option<PreparedRefresh> {
        let which = match self.cuales.as_str() {
            "todos" => Which::All,
            "nunca" => Which::NeverChecked,
            "estos" => Which::These(self.ids.clone()),
            "de todas las empresas" => return None,
            _ => Which::Due { most },
        };
        let calls = self.calls;
        Some(PreparedRefresh {
            calls,
            most: None,
            which,
        })
    }

    /// What is left to do when `failed` of them failed. They are still the first that are due: without that
    /// number a later run would go on to others and pay for them.
    fn left_over(self, failed: usize) -> RefreshPayload {
        RefreshPayload {
            most: Some(u32::try_from(failed).unwrap_or(u32::MAX)),
            calls: self.calls.map(|_| calls_for(failed)),
            ..self
        }
    }
}

fn refusal(wanted: BatchChange, job: &Job) -> AppError {
    let state = job.state.as_str();
    AppError::NotNow(match wanted {
        BatchChange::Cancel => text!(
            "el trabajo ya terminó: {state}",
            "the job has ended: {state}"
        ),
        _ => text!(
            "solo se reintenta un trabajo FAILED o CANCELLED; este está {state}",
            "only a FAILED or CANCELLED job is tried again; this one is {state}"
        ),
    })
}
