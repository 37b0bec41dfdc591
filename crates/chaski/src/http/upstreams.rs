//! State of the upstreams: breaker, quota, account.

use axum::Json;
use axum::extract::Path;
use axum::response::Response;
use chaski_client::BreakerState;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use super::problem::{Problem, Problems};
use super::reply::{self, Reply};
use crate::app::keys::Scope;
use crate::app::{App, AppError};

/// State of one upstream.
#[derive(Serialize, ToSchema)]
pub(super) struct UpstreamData {
    id: &'static str,
    nombre: &'static str,
    /// `real` or `sandbox`.
    mode: &'static str,
    /// `cerrado` (all well), `abierto` (down, not asked) or `probando`.
    interruptor: &'static str,
    llamadas_del_mes: u64,
    cuota: Option<u64>,
    cuota_restante: Option<u64>,
    /// Calls sent since the start, retries included.
    llamadas: u64,
    reintentos: u64,
    respuestas_de_memoria: u64,
}

impl UpstreamData {
    async fn of(app: &App) -> Result<UpstreamData, AppError> {
        let state = app.provider_state().await?;
        Ok(UpstreamData {
            id: state.id,
            nombre: "APIMIGO",
            mode: reply::mode_name(app),
            interruptor: match state.breaker {
                BreakerState::Closed => "cerrado",
                BreakerState::Open => "abierto",
                BreakerState::HalfOpen => "probando",
            },
            llamadas_del_mes: state.spent,
            cuota: state.quota,
            cuota_restante: state.quota.map(|quota| quota.saturating_sub(state.spent)),
            llamadas: state.calls,
            reintentos: state.retries,
            respuestas_de_memoria: state.hits,
        })
    }
}

/// The upstreams.
#[derive(Serialize, ToSchema)]
pub(super) struct UpstreamsData {
    data: Vec<UpstreamData>,
}

/// State of the upstreams
#[utoipa::path(
    get,
    path = "/api/v1/proveedores",
    tag = "proveedores",
    responses((status = 200, body = UpstreamsData), Problems)
)]
pub(super) async fn list(caller: Caller) -> Result<Json<UpstreamsData>, Problem> {
    caller.needs(Scope::Auditoria)?;
    Ok(Json(UpstreamsData {
        data: vec![UpstreamData::of(&caller.app).await?],
    }))
}

/// The account behind the token.
#[derive(Serialize, ToSchema)]
pub(super) struct AccountData {
    nombre: Option<String>,
    email: Option<String>,
    /// Calls left, as the upstream says.
    consultas: Option<i64>,
    /// Calls of this month, as Chaski counts them.
    llamadas_del_mes: u64,
    /// Calls of a month, as configured.
    cuota: Option<u64>,
}

/// The account behind the token
#[utoipa::path(
    get,
    path = "/api/v1/proveedores/{id}/cuenta",
    tag = "proveedores",
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
    let (spent, quota) = caller.app.month_calls().await?;
    let data = AccountData {
        nombre: found.value.nombre.clone(),
        email: found.value.email.clone(),
        consultas: found.value.consultas,
        llamadas_del_mes: spent,
        cuota: quota,
    };
    Ok(reply::found(&caller, &found, data))
}
