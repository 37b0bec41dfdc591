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
    /// Its identifier.
    pub(crate) id: Uuid,
    /// What it does.
    pub(crate) kind: String,
    /// `PENDING`, `RUNNING`, `PAUSED`, `COMPLETED`, `FAILED` or `CANCELLED`.
    pub(crate) status: String,
    /// `LOW`, `NORMAL`, `HIGH` or `CRITICAL`.
    pub(crate) priority: String,
    /// How often it was tried.
    pub(crate) attempts: u32,
    /// After so many it has failed.
    pub(crate) max_attempts: u32,
    /// Why it failed last.
    pub(crate) code: Option<String>,
    /// The batch it works on.
    pub(crate) lote: Option<Uuid>,
    /// Who asked, such as `cli` or `llave:0f3a9c1b2d4e`.
    pub(crate) requested_by: String,
    /// Not before then, Lima time.
    pub(crate) run_at: String,
    /// When it was handed in, Lima time.
    pub(crate) created_at: String,
    /// When the work on it began, Lima time.
    pub(crate) started_at: Option<String>,
    /// When it ended, Lima time.
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
    /// What was found, in that order.
    pub(crate) data: Vec<JobData>,
    /// `cursor` of the next page; null on the last one.
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
    /// When it ran last, Lima time.
    pub(crate) ultima_vez: Option<String>,
    /// When it runs next, Lima time; null where it is switched off.
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
    /// What was found, in that order.
    pub(crate) data: Vec<ScheduledData>,
}
