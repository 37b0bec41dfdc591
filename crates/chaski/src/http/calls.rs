//! The audit: who asked what, when, and what came of it.

use axum::Json;
use axum::extract::{Path, Query, Request};
use chaski_core::lima_timestamp;
use jiff::ToSpan;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::kit::{
    Caller, Given, JsonAnswer, Problem, Problems, bad_query, body, cursor, date, id_of, limit,
    nobody, shaped,
};
use crate::api::calls::{CallData, CallsPage, CallsSearched};
use crate::app::keys::Scope;
use crate::app::lookups::subject_of;
use crate::store::{CallFilter, Listed};

/// Which calls.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct CallsWanted {
    /// First Lima day, `AAAA-MM-DD`.
    desde: Option<String>,
    /// Last Lima day, `AAAA-MM-DD`.
    hasta: Option<String>,
    /// Upstream, such as `migo`.
    proveedor: Option<String>,
    /// Operation, such as `ruc`.
    operacion: Option<String>,
    /// `SUCCESS`, `NOT_FOUND` or the code of a failure.
    resultado: Option<String>,
    /// Who asked, such as `cli` or `llave:0f3a9c1b2d4e`.
    quien: Option<String>,
    /// Batch that they belong to.
    lote: Option<Uuid>,
    /// Only what was sent, not what memory answered.
    #[serde(default)]
    enviadas: bool,
    /// Rows, 1 to 250.
    #[param(minimum = 1, maximum = 250)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The record of calls
///
/// Of all applications of the key's company, and of no other one.
#[utoipa::path(
    get,
    path = "/api/v1/llamadas",
    operation_id = "listar_llamadas",
    params(CallsWanted),
    responses((status = 200, body = CallsPage), Problems)
)]
pub(super) async fn list(caller: Caller, wanted: Given<CallsWanted>) -> JsonAnswer<CallsPage> {
    caller.needs(Scope::Auditoria)?;
    let Query(wanted) = wanted.map_err(bad_query)?;
    page(&caller, wanted, None).await
}

/// The record of calls about one number
///
/// The number travels in the body: that of a person must not stand in an address. As in the whole
/// record, of the key's company and of no other one.
#[utoipa::path(
    post,
    path = "/api/v1/llamadas/buscar",
    operation_id = "buscar_llamadas",
    request_body = CallsSearched,
    responses((status = 200, body = CallsPage), Problems)
)]
pub(super) async fn search(caller: Caller, request: Request) -> JsonAnswer<CallsPage> {
    caller.needs(Scope::Auditoria)?;
    let wanted: CallsSearched = body::json(request).await?;
    let subject = subject_of(&wanted.numero).ok_or_else(|| {
        Problem::wrong_field(
            "numero",
            "debe ser un RUC de 11 dígitos o un DNI de 8",
            "must be an 11-digit RUC or an 8-digit DNI",
        )
    })?;
    let wanted = CallsWanted {
        desde: wanted.desde,
        hasta: wanted.hasta,
        proveedor: wanted.proveedor,
        operacion: wanted.operacion,
        resultado: wanted.resultado,
        quien: wanted.quien,
        lote: wanted.lote,
        enviadas: wanted.enviadas,
        limit: wanted.limit,
        cursor: wanted.cursor,
    };
    page(&caller, wanted, Some(subject)).await
}

async fn page(
    caller: &Caller,
    wanted: CallsWanted,
    subject: Option<String>,
) -> JsonAnswer<CallsPage> {
    let day = |name: &str, text: &Option<String>| {
        text.as_deref().map(|text| date(name, text)).transpose()
    };
    let midnight = |day: jiff::civil::Date| lima_timestamp(day.at(0, 0, 0, 0));
    let filter = CallFilter {
        since: day("desde", &wanted.desde)?.map(midnight),
        // The last day counts whole.
        until: day("hasta", &wanted.hasta)?.map(|day| midnight(day.saturating_add(1.day()))),
        provider: wanted.proveedor,
        operation: wanted.operacion,
        outcome: wanted.resultado,
        company: caller.auditor(),
        asked_by: wanted.quien,
        batch: wanted.lote,
        subject,
        only_sent: wanted.enviadas,
        limit: limit(wanted.limit)?,
        cursor: cursor(caller, Listed::Calls, wanted.cursor.as_deref())?,
    };
    let page = caller.app.list_calls(&filter).await?;
    let (data, next_cursor) = shaped(caller, Listed::Calls, &page, CallData::of)?;
    let mode = caller.app.mode.as_str().into();
    Ok(Json(CallsPage {
        data,
        next_cursor,
        mode,
    }))
}

/// One call
#[utoipa::path(
    get,
    path = "/api/v1/llamadas/{id}",
    operation_id = "ver_llamada",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = CallData), Problems)
)]
pub(super) async fn one(caller: Caller, Path(id): Path<String>) -> JsonAnswer<CallData> {
    caller.needs(Scope::Auditoria)?;
    let call = caller.app.find_call(caller.auditor(), id_of(&id)?).await?;
    let call = call.ok_or_else(nobody)?;
    Ok(Json(CallData::of(&call)))
}
