//! State of the upstreams: breaker, quota, account.

use axum::Json;
use axum::extract::Path;
use axum::response::Response;

use super::kit::{Caller, JsonAnswer, Problem, Problems, reply};
use crate::api::providers::{AccountData, UpstreamData, UpstreamsData};
use crate::api::reply::Reply;
use crate::app::keys::Scope;

/// State of the upstreams
#[utoipa::path(
    get,
    path = "/api/v1/proveedores",
    operation_id = "listar_proveedores",
    responses((status = 200, body = UpstreamsData), Problems)
)]
pub(super) async fn list(caller: Caller) -> JsonAnswer<UpstreamsData> {
    caller.needs(Scope::Auditoria)?;
    Ok(Json(UpstreamsData {
        data: vec![UpstreamData::of(&caller.app).await?],
    }))
}

/// The account behind the token
#[utoipa::path(
    get,
    path = "/api/v1/proveedores/{id}/cuenta",
    operation_id = "consultar_cuenta",
    params(("id" = String, Path, description = "`migo`", example = "migo")),
    responses((status = 200, body = Reply<AccountData>), Problems)
)]
pub(super) async fn account(caller: Caller, Path(id): Path<String>) -> Result<Response, Problem> {
    caller.needs(Scope::Auditoria)?;
    if id != "migo" {
        return Err(Problem::new(
            "no_hay",
            "no hay un proveedor con ese nombre; está: migo",
            "there is no upstream of that name; there is: migo",
        ));
    }
    let found = caller.app.find_account(&caller.ask()).await?;
    let data = AccountData::of(&found.value, caller.app.month_calls().await?);
    Ok(reply::found(&caller, &found, data))
}
