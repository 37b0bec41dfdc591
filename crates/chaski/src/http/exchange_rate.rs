//! Exchange rates: the latest, that of a date, those of a range.

use axum::extract::{Path, Query};
use axum::response::Response;
use chaski_client::LatestRateQuery;
use chaski_core::{Currency, RateSource};
use serde::Deserialize;
use utoipa::IntoParams;

use super::kit::{Caller, Given, Problem, Problems, bad_query, date, reply};
use crate::api::rates::RateData;
use crate::api::reply::Reply;
use crate::app::keys::Scope;

/// Which rates.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RatesWanted {
    /// First day, `AAAA-MM-DD`; with `hasta`.
    desde: Option<String>,
    /// Last day, `AAAA-MM-DD`; with `desde`.
    hasta: Option<String>,
}

/// The latest rate of SUNAT, or those of a range
///
/// Without parameters a list of one, the latest. Of a range each calendar day has the rate that applies on
/// it; a day of which none is found is missing.
#[utoipa::path(
    get,
    path = "/api/v1/tipo-cambio",
    operation_id = "listar_tipos_de_cambio",
    params(RatesWanted),
    responses((status = 200, body = Reply<Vec<RateData>>), Problems)
)]
pub(super) async fn rates(caller: Caller, wanted: Given<RatesWanted>) -> Result<Response, Problem> {
    caller.needs(Scope::Consultas)?;
    let Query(wanted) = wanted.map_err(bad_query)?;
    let day = |name: &str, text: Option<String>| text.map(|text| date(name, &text)).transpose();
    let range = (day("desde", wanted.desde)?, day("hasta", wanted.hasta)?);
    let ask = caller.ask();
    match range {
        (None, None) => {
            let found = caller.app.ask(&LatestRateQuery, &ask).await?;
            let data = vec![RateData::of(&found.value)];
            Ok(reply::found(&caller, &found, data))
        }
        (Some(desde), Some(hasta)) => {
            let found = caller.app.find_rates_between(desde, hasta, &ask).await?;
            let data: Vec<_> = found.value.iter().map(RateData::of_day).collect();
            Ok(reply::found(&caller, &found, data))
        }
        (None, _) => Err(missing("desde")),
        (_, None) => Err(missing("hasta")),
    }
}

fn missing(field: &str) -> Problem {
    Problem::wrong_parameter(
        field,
        "un rango necesita desde y hasta",
        "a range needs desde and hasta",
    )
}

/// Whose rate, of what.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RateWanted {
    /// `SUNAT` (usual) or `SBS`.
    fuente: Option<String>,
    /// `USD` (usual) or `EUR`.
    moneda: Option<String>,
}

/// The rate that applies on a day
///
/// SUNAT's is the SBS close of the last business day before it, on every calendar day. Where the provider
/// has nothing for the day, the same close is taken as it was published under another day or by the other
/// source, and `arrastrado` says so; never another close.
#[utoipa::path(
    get,
    path = "/api/v1/tipo-cambio/{fecha}",
    operation_id = "consultar_tipo_de_cambio",
    params(("fecha" = String, Path, description = "`AAAA-MM-DD`", example = "2026-01-28"), RateWanted),
    responses((status = 200, body = Reply<RateData>), Problems)
)]
pub(super) async fn rate(
    caller: Caller,
    Path(fecha): Path<String>,
    wanted: Given<RateWanted>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Consultas)?;
    let fecha = date("fecha", &fecha)?;
    let Query(wanted) = wanted.map_err(bad_query)?;
    let fuente = match wanted.fuente.as_deref().map(str::to_uppercase).as_deref() {
        None | Some("SUNAT") => RateSource::Sunat,
        Some("SBS") => RateSource::Sbs,
        Some(_) => return Err(unknown("fuente", "SUNAT o SBS", "SUNAT or SBS")),
    };
    let moneda = match wanted.moneda.as_deref() {
        None => Currency::Usd,
        Some(text) => {
            Currency::parse(text).ok_or_else(|| unknown("moneda", "USD o EUR", "USD or EUR"))?
        }
    };
    let (app, ask) = (&caller.app, caller.ask());
    app.check_spending_on_rate(&caller.payer(), fecha, fuente, moneda)
        .await?;
    let found = app.find_rate_for(fecha, fuente, moneda, &ask).await?;
    let data = RateData::of_day(&found.value);
    Ok(reply::found(&caller, &found, data))
}

fn unknown(field: &str, es: &str, en: &str) -> Problem {
    Problem::wrong_parameter(field, format!("debe ser {es}"), format!("must be {en}"))
}
