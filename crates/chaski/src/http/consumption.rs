//! What was used.

use axum::Json;
use axum::extract::Query;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;

use super::kit::{Caller, Given, Problem, Problems, bad_query};
use crate::api::consumption::{UsedData, UsedList};
use crate::app::AppError;
use crate::app::consumption::Month;
use crate::app::keys::Scope;
use crate::sheets::{PlainValue, plain_csv, valued_xlsx};

/// Of which months, and in which form.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct UsedWanted {
    /// First month, `AAAA-MM`; this one when not given.
    desde: Option<String>,
    /// Last month, `AAAA-MM`; the first one when not given.
    hasta: Option<String>,
    /// `json` (usual), `csv` or `xlsx`.
    format: Option<String>,
}

/// What was used, by key, company, operation and month
///
/// What is on record: as far back as calls are kept. As `json`, `csv` or `xlsx`.
#[utoipa::path(
    get,
    path = "/api/v1/consumo",
    operation_id = "ver_consumo",
    params(UsedWanted),
    responses(
        (status = 200, content(
            (UsedList = "application/json"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        Problems
    )
)]
pub(super) async fn used(caller: Caller, wanted: Given<UsedWanted>) -> Result<Response, Problem> {
    caller.needs(Scope::Auditoria)?;
    let Query(wanted) = wanted.map_err(bad_query)?;
    let month = |name: &str, text: &str| {
        text.parse::<Month>().map_err(|_| {
            Problem::wrong_parameter(
                name,
                "debe ser un mes como 2026-11",
                "must be a month such as 2026-11",
            )
        })
    };
    let from = match &wanted.desde {
        Some(text) => month("desde", text)?,
        None => Month::of(caller.app.clock.now()),
    };
    let to = match &wanted.hasta {
        Some(text) => month("hasta", text)?,
        None => from,
    };
    let used = caller.app.consumption((from, to), caller.auditor()).await?;
    let data: Vec<UsedData> = used.iter().map(UsedData::of).collect();
    let headings = UsedData::NAMES.map(str::to_owned);
    let cells = || data.iter().map(UsedData::cells).collect::<Vec<_>>();
    let (kind, ending, file) = match wanted.format.as_deref().unwrap_or("json") {
        "json" => {
            let mode = caller.app.mode.as_str().into();
            return Ok(Json(UsedList { data, mode }).into_response());
        }
        "csv" => (
            "text/csv; charset=utf-8",
            "csv",
            plain_csv(&headings, &cells()),
        ),
        "xlsx" => (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "xlsx",
            valued_xlsx(&headings, &data.iter().map(values).collect::<Vec<_>>()),
        ),
        _ => {
            return Err(Problem::wrong_parameter(
                "format",
                "debe ser json, csv o xlsx",
                "must be json, csv or xlsx",
            ));
        }
    };
    let file = file.map_err(AppError::from)?;
    let name = format!("attachment; filename=\"consumo.{ending}\"");
    let headers = [(CONTENT_TYPE, kind.to_owned()), (CONTENT_DISPOSITION, name)];
    Ok((headers, file).into_response())
}

/// The cells of a workbook: what is counted as numbers.
fn values(used: &UsedData) -> Vec<Option<PlainValue>> {
    let told = serde_json::to_value(used).unwrap_or_default();
    let cells = UsedData::NAMES.into_iter().zip(used.cells());
    let value = |(name, text): (&str, String)| match told.get(name).and_then(Value::as_f64) {
        Some(number) => Some(PlainValue::Number(number)),
        None => (!text.is_empty()).then_some(PlainValue::Text(text)),
    };
    cells.map(value).collect()
}
