//! Jobs and the schedule.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::reply::lima;
use crate::app::programados::Programado;
use crate::store::Job;

/// A job.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct JobData {
    pub(crate) id: Uuid,
    pub(crate) kind: String,
    /// `PENDING`, `RUNNING`, `PAUSED`, `COMPLETED`, `FAILED` or `CANCELLED`.
    pub(crate) status: String,
    /// `LOW`, `NORMAL`, `HIGH` or `CRITICAL`.
    pub(crate) priority: String,
    pub(crate) attempts: u32,
    pub(crate) max_attempts: u32,
    /// Why it failed last.
    pub(crate) code: Option<String>,
    /// The batch it works on.
    pub(crate) lote: Option<Uuid>,
    pub(crate) requested_by: String,
    pub(crate) run_at: String,
    pub(crate) created_at: String,
    pub(crate) started_at: Option<String>,
    pub(crate) completed_at: Option<String>,
}

impl JobData {
    pub(crate) fn of(job: &Job) -> JobData {
        JobData {
            id: job.id,
            kind: job.kind.clone(),
            status: job.state.as_str().into(),
            priority: job.priority.as_str().into(),
            attempts: job.attempts,
            max_attempts: job.max_attempts,
            code: job.code.clone(),
            lote: job.batch,
            requested_by: job.asked_by.clone(),
            run_at: lima(job.run_at),
            created_at: lima(job.created_at),
            started_at: job.started_at.map(lima),
            completed_at: job.finished_at.map(lima),
        }
    }
}

/// A page of jobs, newest first.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct JobsPage {
    pub(crate) data: Vec<JobData>,
    pub(crate) next_cursor: Option<String>,
}

/// What is done by itself, and when.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ScheduledData {
    /// Its configuration key.
    pub(crate) nombre: String,
    /// Cron expression, Lima time.
    pub(crate) cron: String,
    /// Kind of its job.
    pub(crate) kind: String,
    pub(crate) ultima_vez: Option<String>,
    pub(crate) proxima_vez: Option<String>,
}

impl ScheduledData {
    pub(crate) fn of(it: &Programado) -> ScheduledData {
        ScheduledData {
            nombre: it.name.into(),
            cron: it.cron.clone(),
            kind: it.kind.as_str().into(),
            ultima_vez: it.last.map(lima),
            proxima_vez: it.next.map(lima),
        }
    }
}

/// The schedule.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ScheduleData {
    pub(crate) data: Vec<ScheduledData>,
}
