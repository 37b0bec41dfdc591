//! DNI: personal data, so it needs a scope of its own.

use axum::extract::{Path, Query};
use axum::response::Response;
use chaski_client::DniQuery;
use serde::Deserialize;
use utoipa::IntoParams;

use super::kit::{Caller, Given, Problem, Problems, bad_query, put_purpose, read_dni, reply};
use crate::api::persons::DniData;
use crate::api::reply::Reply;
use crate::app::keys::Scope;

/// How fresh the answer has to be.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct DniFreshness {
    /// Ask the upstream whatever memory knows.
    #[serde(default)]
    force_refresh: bool,
    /// Oldest answer that will do, seconds.
    #[serde(default)]
    #[param(value_type = Option<i64>, minimum = 0, maximum = 3_155_760_000_u64)]
    max_age: Option<u32>,
    /// Why it is asked: it goes on record.
    motivo: Option<String>,
}

/// Who owns a DNI
#[utoipa::path(
    get,
    path = "/api/v1/dni/{dni}",
    operation_id = "consultar_dni",
    params(("dni" = String, Path, description = "8 digits", example = "00000001"), DniFreshness),
    responses((status = 200, body = Reply<DniData>), Problems)
)]
pub(super) async fn dni(
    caller: Caller,
    Path(dni): Path<String>,
    freshness: Given<DniFreshness>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Dni)?;
    let dni = read_dni(&dni)?;
    let Query(freshness) = freshness.map_err(bad_query)?;
    let mut ask = caller.ask_fresh(freshness.force_refresh, freshness.max_age);
    put_purpose(&mut ask, freshness.motivo.as_deref())?;
    let found = caller.app.ask(&DniQuery(dni), &ask).await?;
    Ok(reply::found(&caller, &found, DniData::of(&found.value)))
}
