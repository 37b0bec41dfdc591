//! The registry of numbers that the upstream said do not exist.

use axum::Json;
use axum::extract::{Path, Query, Request};
use chaski_core::Ruc;

use super::kit::{
    Caller, Given, JsonAnswer, MOST_RUCS, PageWanted, Problem, Problems, bad_query, body,
    check_fits, cursor, limit, read_ruc, shaped,
};
use crate::api::refusals::{ForgetWanted, Forgotten, ForgottenCount, InvalidData, InvalidPage};
use crate::app::keys::Scope;
use crate::store::Listed;

/// The numbers known not to exist
#[utoipa::path(
    get,
    path = "/api/v1/ruc/invalidos",
    operation_id = "listar_rucs_invalidos",
    params(PageWanted),
    responses((status = 200, body = InvalidPage), Problems)
)]
pub(super) async fn list(caller: Caller, page: Given<PageWanted>) -> JsonAnswer<InvalidPage> {
    caller.needs(Scope::Consultas)?;
    let Query(wanted) = page.map_err(bad_query)?;
    let (limit, cursor) = (
        limit(wanted.limit)?,
        cursor(&caller, Listed::Refusals, wanted.cursor.as_deref())?,
    );
    let page = caller.app.list_refusals(limit, cursor).await?;
    let (data, next_cursor) = shaped(&caller, Listed::Refusals, &page, InvalidData::of)?;
    let mode = caller.app.mode.as_str().into();
    Ok(Json(InvalidPage {
        data,
        next_cursor,
        mode,
    }))
}

/// Forget that some numbers, or all, do not exist
///
/// The numbers travel in the body: those of persons must not stand in addresses.
#[utoipa::path(
    post,
    path = "/api/v1/ruc/invalidos/olvidar",
    operation_id = "olvidar_rucs_invalidos",
    request_body = ForgetWanted,
    responses((status = 200, body = ForgottenCount), Problems)
)]
pub(super) async fn forget_many(caller: Caller, request: Request) -> JsonAnswer<ForgottenCount> {
    caller.needs(Scope::Consultas)?;
    let wanted: ForgetWanted = body::json(request).await?;
    if wanted.todos {
        // The registry is everybody's, and what is forgotten is paid for again.
        caller.needs(Scope::Administracion)?;
    }
    if wanted.rucs.is_empty() != wanted.todos {
        return Err(Problem::missing_field(
            "rucs",
            "diga cuáles, o todos",
            "say which, or todos",
        ));
    }
    check_fits("rucs", wanted.rucs.len(), MOST_RUCS, "")?;
    let rules = &caller.app.config.ruc_rules;
    let parsed = wanted.rucs.iter().map(|it| read_ruc("rucs", it, rules));
    let rucs: Vec<Ruc> = parsed.collect::<Result<_, _>>()?;
    let gone = if wanted.todos {
        caller.app.forget_all_refusals().await?
    } else {
        caller.app.forget_refusals(&rucs).await?
    };
    Ok(Json(ForgottenCount {
        success: true,
        olvidados: gone,
    }))
}

/// Forget that a number does not exist
#[utoipa::path(
    delete,
    path = "/api/v1/ruc/invalidos/{ruc}",
    operation_id = "olvidar_ruc_invalido",
    params(("ruc" = String, Path, description = "11 digits", example = "20100070970")),
    responses((status = 200, body = Forgotten), Problems)
)]
pub(super) async fn forget(caller: Caller, Path(ruc): Path<String>) -> JsonAnswer<Forgotten> {
    caller.needs(Scope::Consultas)?;
    let ruc = read_ruc("ruc", &ruc, &caller.app.config.ruc_rules)?;
    let gone = caller.app.forget_refusals(&[ruc]).await?;
    Ok(Json(Forgotten {
        success: true,
        ruc: ruc.as_str().to_owned(),
        estaba: gone > 0,
    }))
}
