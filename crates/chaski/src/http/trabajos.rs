//! Jobs and the schedule.

use axum::Json;
use axum::extract::{Path, Query};

use super::kit::{
    Caller, Given, JsonAnswer, PageWanted, Problems, bad_query, cursor, id_of, limit, shaped,
};
use crate::api::jobs::{JobData, JobsPage, ScheduleData, ScheduledData};
use crate::app::job_kind::JobKind;
use crate::app::keys::Scope;
use crate::store::Listed;

/// The jobs of this caller
#[utoipa::path(
    get,
    path = "/api/v1/trabajos",
    operation_id = "listar_trabajos",
    params(PageWanted),
    responses((status = 200, body = JobsPage), Problems)
)]
pub(super) async fn list(caller: Caller, page: Given<PageWanted>) -> JsonAnswer<JobsPage> {
    caller.needs(Scope::Lotes)?;
    let Query(wanted) = page.map_err(bad_query)?;
    let page = caller
        .app
        .trabajos(
            None,
            limit(wanted.limit)?,
            cursor(&caller, Listed::Jobs, wanted.cursor.as_deref())?,
            caller.owner(),
        )
        .await?;
    let (data, next_cursor) = shaped(&caller, Listed::Jobs, &page, JobData::of)?;
    Ok(Json(JobsPage { data, next_cursor }))
}

/// One job
///
/// One that brings partners up to date may also be seen with the scope `partners`.
#[utoipa::path(
    get,
    path = "/api/v1/trabajos/{id}",
    operation_id = "ver_trabajo",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = JobData), Problems)
)]
pub(super) async fn one(caller: Caller, Path(id): Path<String>) -> JsonAnswer<JobData> {
    let of_lotes = caller.needs(Scope::Lotes);
    if caller.needs(Scope::Partners).is_err() {
        of_lotes.clone()?;
    }
    let job = caller.app.trabajo(id_of(&id)?, caller.owner()).await?;
    // A key that may bring partners up to date may see how that goes.
    if job.kind != JobKind::PartnerRefresh.as_str() {
        of_lotes?;
    }
    Ok(Json(JobData::of(&job)))
}

/// Cancel a job
#[utoipa::path(
    post,
    path = "/api/v1/trabajos/{id}/cancelar",
    operation_id = "cancelar_trabajo",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = JobData), Problems)
)]
pub(super) async fn cancel(caller: Caller, Path(id): Path<String>) -> JsonAnswer<JobData> {
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
    operation_id = "reintentar_trabajo",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = JobData), Problems)
)]
pub(super) async fn retry(caller: Caller, Path(id): Path<String>) -> JsonAnswer<JobData> {
    caller.needs(Scope::Lotes)?;
    let (id, payer) = (id_of(&id)?, caller.payer());
    let job = caller.app.retry_trabajo(id, caller.owner(), &payer).await?;
    Ok(Json(JobData::of(&job)))
}

/// What is done by itself, and when
#[utoipa::path(
    get,
    path = "/api/v1/programados",
    operation_id = "listar_programados",
    responses((status = 200, body = ScheduleData), Problems)
)]
pub(super) async fn scheduled(caller: Caller) -> JsonAnswer<ScheduleData> {
    caller.needs(Scope::Auditoria)?;
    let entries = caller.app.programados().await?;
    Ok(Json(ScheduleData {
        data: entries.iter().map(ScheduledData::of).collect(),
    }))
}
