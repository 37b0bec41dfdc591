//! Jobs and the schedule.

use axum::Json;
use axum::extract::{Path, Query};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::caller::Caller;
use super::paging::{PageWanted, next_cursor};
use super::parameters::bad_query;
use super::parameters::id_of;
use super::problem::{Problem, Problems};
use super::reply::lima;
use crate::app::job_kind::JobKind;
use crate::app::keys::Scope;
use crate::app::programados::Programado;
use crate::store::{Job, Listed};

/// A job.
#[derive(Serialize, ToSchema)]
pub(super) struct JobData {
    id: Uuid,
    kind: String,
    /// `PENDING`, `RUNNING`, `PAUSED`, `COMPLETED`, `FAILED` or `CANCELLED`.
    status: &'static str,
    /// `LOW`, `NORMAL`, `HIGH` or `CRITICAL`.
    priority: &'static str,
    attempts: u32,
    max_attempts: u32,
    /// Why it failed last.
    code: Option<String>,
    /// The batch it works on.
    lote: Option<Uuid>,
    requested_by: String,
    run_at: String,
    created_at: String,
    started_at: Option<String>,
    completed_at: Option<String>,
}

impl JobData {
    fn of(job: &Job) -> JobData {
        JobData {
            id: job.id,
            kind: job.kind.clone(),
            status: job.state.as_str(),
            priority: job.priority.as_str(),
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
#[derive(Serialize, ToSchema)]
pub(super) struct JobsPage {
    data: Vec<JobData>,
    next_cursor: Option<String>,
}

/// The jobs of this caller
#[utoipa::path(
    get,
    path = "/api/v1/trabajos",
    tag = "trabajos",
    params(PageWanted),
    responses((status = 200, body = JobsPage), Problems)
)]
pub(super) async fn list(
    caller: Caller,
    page: Result<Query<PageWanted>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<JobsPage>, Problem> {
    caller.needs(Scope::Lotes)?;
    let Query(wanted) = page.map_err(bad_query)?;
    let page = caller
        .app
        .trabajos(
            None,
            wanted.limit()?,
            wanted.cursor(&caller, Listed::Jobs)?,
            caller.owner(),
        )
        .await?;
    Ok(Json(JobsPage {
        data: page.rows.iter().map(JobData::of).collect(),
        next_cursor: next_cursor(&caller, Listed::Jobs, page.next)?,
    }))
}

/// One job
///
/// One that brings partners up to date may also be seen with the scope `partners`.
#[utoipa::path(
    get,
    path = "/api/v1/trabajos/{id}",
    tag = "trabajos",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = JobData), Problems)
)]
pub(super) async fn one(caller: Caller, Path(id): Path<String>) -> Result<Json<JobData>, Problem> {
    let of_lotes = caller.needs(Scope::Lotes);
    if caller.needs(Scope::Partners).is_err() {
        of_lotes.clone()?;
    }
    let job = caller.app.trabajo(id_of(&id)?, caller.owner()).await?;
    // Whoever may bring partners up to date may see how that goes.
    if job.kind != JobKind::PartnerRefresh.as_str() {
        of_lotes?;
    }
    Ok(Json(JobData::of(&job)))
}

/// Cancel a job
#[utoipa::path(
    post,
    path = "/api/v1/trabajos/{id}/cancelar",
    tag = "trabajos",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = JobData), Problems)
)]
pub(super) async fn cancel(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<JobData>, Problem> {
    caller.needs(Scope::Lotes)?;
    let job = caller
        .app
        .cancel_trabajo(id_of(&id)?, caller.owner())
        .await?;
    Ok(Json(JobData::of(&job)))
}

/// Run a failed job again
#[utoipa::path(
    post,
    path = "/api/v1/trabajos/{id}/reintentar",
    tag = "trabajos",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = JobData), Problems)
)]
pub(super) async fn retry(
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<JobData>, Problem> {
    caller.needs(Scope::Lotes)?;
    let (id, payer) = (id_of(&id)?, caller.payer());
    let job = caller.app.retry_trabajo(id, caller.owner(), &payer).await?;
    Ok(Json(JobData::of(&job)))
}

/// What is done by itself, and when.
#[derive(Serialize, ToSchema)]
pub(super) struct ScheduledData {
    /// Its configuration key.
    nombre: &'static str,
    /// Cron expression, Lima time.
    cron: String,
    /// Kind of its job.
    kind: &'static str,
    ultima_vez: Option<String>,
    proxima_vez: Option<String>,
}

impl ScheduledData {
    fn of(it: &Programado) -> ScheduledData {
        ScheduledData {
            nombre: it.name,
            cron: it.cron.clone(),
            kind: it.kind.as_str(),
            ultima_vez: it.last.map(lima),
            proxima_vez: it.next.map(lima),
        }
    }
}

/// The schedule.
#[derive(Serialize, ToSchema)]
pub(super) struct ScheduleData {
    data: Vec<ScheduledData>,
}

/// What is done by itself, and when
#[utoipa::path(
    get,
    path = "/api/v1/programados",
    tag = "trabajos",
    responses((status = 200, body = ScheduleData), Problems)
)]
pub(super) async fn scheduled(caller: Caller) -> Result<Json<ScheduleData>, Problem> {
    caller.needs(Scope::Auditoria)?;
    let entries = caller.app.programados().await?;
    Ok(Json(ScheduleData {
        data: entries.iter().map(ScheduledData::of).collect(),
    }))
}
