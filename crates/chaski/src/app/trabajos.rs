//! Jobs: what waits, what runs, what became of it; and those that are not batches.

use chaski_client::Ask;
use chaski_core::lima_date;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::batches::new_id;
use super::partners::{Refreshed, Which};
use super::{App, AppError};
use crate::store::{
    BatchChange, Claim, Cursor, Job, JobCount, JobEnd, JobFilter, JobState, NewJob, Once, Page,
    Priority, Pruned, StoreError,
};

/// The kinds of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobKind {
    /// A batch of look-ups.
    Lote,
    /// Deleting what is past its time.
    Retention,
    /// Noting how many calls of the month are spent.
    Quota,
    /// Bringing partners up to date.
    PartnerRefresh,
}

impl JobKind {
    /// All of them.
    pub const ALL: [JobKind; 4] = [
        JobKind::Lote,
        JobKind::Retention,
        JobKind::Quota,
        JobKind::PartnerRefresh,
    ];

    /// Stable name, as stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            JobKind::Lote => "lote",
            JobKind::Retention => "limpieza",
            JobKind::Quota => "cuota",
            JobKind::PartnerRefresh => "partners",
        }
    }

    /// The kind of a stored name.
    pub fn parse(name: &str) -> Option<JobKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == name)
    }
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
        let filter = JobFilter {
            state,
            key_id,
            ..JobFilter::default()
        };
        Ok(self.store.jobs(&filter, limit, cursor).await?)
    }

    /// One job; somebody else's does not exist.
    pub async fn trabajo(&self, id: Uuid, key_id: Option<Uuid>) -> Result<Job, AppError> {
        let job = self.store.job(id).await?;
        let job = job.filter(|job| key_id.is_none() || job.key_id == key_id);
        Ok(job.ok_or(StoreError::NoSuchJob)?)
    }

    /// Stops a job, and the batch that it works on.
    pub async fn cancel_trabajo(&self, id: Uuid, key_id: Option<Uuid>) -> Result<Job, AppError> {
        let job = self.trabajo(id, key_id).await?;
        if let Some(batch) = job.batch {
            self.cancel_lote(batch, key_id).await?;
        } else if !self.store.cancel_job(id, self.clock.now()).await? {
            return Err(refusal(BatchChange::Cancel, &job));
        }
        self.signals.control_changed();
        self.trabajo(id, key_id).await
    }

    /// Puts a job that failed or was stopped back into the queue; of a batch, the numbers without
    /// an answer.
    pub async fn retry_trabajo(&self, id: Uuid, key_id: Option<Uuid>) -> Result<Job, AppError> {
        let job = self.trabajo(id, key_id).await?;
        if let Some(batch) = job.batch {
            self.retry_lote(batch, key_id).await?;
        } else if !self.store.retry_job(id, self.clock.now()).await? {
            return Err(refusal(BatchChange::Retry, &job));
        }
        self.signals.work_came();
        self.trabajo(id, key_id).await
    }

    /// How many jobs of each kind are in each state, those that there are none of included.
    pub async fn job_counts(&self) -> Result<Vec<(JobKind, JobState, i64)>, AppError> {
        let counts = self.store.job_counts().await?;
        let of = |kind: JobKind, state: JobState| {
            let same = |count: &&JobCount| count.kind == kind.as_str() && count.state == state;
            counts.iter().find(same).map_or(0, |count| count.jobs)
        };
        let states = |kind| JobState::ALL.map(|state| (kind, state, of(kind, state)));
        Ok(JobKind::ALL.into_iter().flat_map(states).collect())
    }

    /// A job that is due now and belongs to nobody.
    pub(crate) fn job_of_schedule(&self, kind: JobKind, payload: String) -> NewJob {
        let now = self.clock.now();
        NewJob {
            id: new_id(now),
            kind: kind.as_str(),
            payload,
            priority: Priority::Normal,
            max_attempts: MOST_ATTEMPTS,
            run_at: now,
            created_at: now,
            asked_by: "programado".to_owned(),
            key_id: None,
            batch: None,
        }
    }

    /// Deletes what is past its time, under a claim.
    pub(crate) async fn work_retention(&self, claim: &Claim) -> Result<Pruned, AppError> {
        let pruned = self.prune().await?;
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

    /// Puts a refresh of partners in the queue; `once` is the request that asks for it, where it
    /// may come again.
    pub async fn submit_partner_refresh(
        &self,
        which: &Which,
        who: &str,
        key_id: Option<Uuid>,
        once: Option<&Once>,
    ) -> Result<Uuid, AppError> {
        let now = self.clock.now();
        let id = new_id(now);
        let wanted = RefreshPayload::of(which);
        let payload = serde_json::to_string(&wanted).map_err(std::io::Error::from)?;
        let job = NewJob {
            id,
            kind: JobKind::PartnerRefresh.as_str(),
            payload,
            priority: Priority::default(),
            max_attempts: MOST_ATTEMPTS,
            run_at: now,
            created_at: now,
            asked_by: who.to_owned(),
            key_id,
            batch: None,
        };
        match once {
            Some(once) => self.store.enqueue_job_once(job, once).await?,
            None => self.store.enqueue_job(job).await?,
        }
        self.signals.work_came();
        Ok(id)
    }

    /// Brings partners up to date, under a claim. What the upstream left out is due again the next
    /// time.
    pub(crate) async fn work_partner_refresh(&self, claim: &Claim) -> Result<Refreshed, AppError> {
        let wanted: RefreshPayload =
            serde_json::from_str(&claim.job.payload).map_err(std::io::Error::from)?;
        let ask = Ask::by(&claim.job.asked_by);
        let refreshed = match wanted.which(self.config.partners_refresh_limit) {
            Some(which) => {
                let company = self.store.company_of_key(claim.job.key_id).await?;
                self.refresh_partners(company, &which, &ask).await?
            }
            None => self.refresh_due_partners(&ask).await?,
        };
        let end = match &refreshed.failure {
            Some(error) if refreshed.found + refreshed.not_found == 0 => JobEnd::Failed {
                code: error.code().to_owned(),
            },
            _ => JobEnd::Completed,
        };
        self.store.end_job(claim, end, self.clock.now()).await?;
        Ok(refreshed)
    }

    async fn end_work(&self, claim: &Claim) -> Result<(), AppError> {
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
}

impl RefreshPayload {
    fn of(which: &Which) -> RefreshPayload {
        let (cuales, ids) = match which {
            Which::All => ("todos", Vec::new()),
            Which::NeverChecked => ("nunca", Vec::new()),
            Which::Due { .. } => ("", Vec::new()),
            Which::These(ids) => ("estos", ids.clone()),
        };
        RefreshPayload {
            cuales: cuales.to_owned(),
            ids,
        }
    }

    /// None for those that are due of all companies, which only the schedule asks for.
    fn which(self, most: u32) -> Option<Which> {
        match self.cuales.as_str() {
            "todos" => Some(Which::All),
            "nunca" => Some(Which::NeverChecked),
            "estos" => Some(Which::These(self.ids)),
            "de todas las empresas" => None,
            _ => Some(Which::Due { most }),
        }
    }
}

fn refusal(wanted: BatchChange, job: &Job) -> AppError {
    let state = job.state.as_str();
    match wanted {
        BatchChange::Cancel => AppError::NotNow {
            es: format!("el trabajo ya terminó: {state}"),
            en: format!("the job has ended: {state}"),
        },
        _ => AppError::NotNow {
            es: format!("solo se reintenta un trabajo FAILED o CANCELLED; este está {state}"),
            en: format!("only a FAILED or CANCELLED job is tried again; this one is {state}"),
        },
    }
}
