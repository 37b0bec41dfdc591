//! The registry of numbers that the upstream said do not exist.

use axum::Json;
use axum::extract::{Path, Query, Request};
use chaski_core::Ruc;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::body;
use super::caller::Caller;
use super::problem::{Problem, Problems};
use super::reply::{lima, mode_name};
use super::ruc::bad_query;
use super::several::{MOST_RUCS, check_fits};
use crate::app::keys::Scope;
use crate::store::{Cursor, Listed, RefusalRow};

/// Rows of a page when nothing is said, and at most.
pub(super) const USUAL_LIMIT: u32 = 50;
pub(super) const MOST_LIMIT: u32 = 250;

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PageWanted {
    /// Rows, 1 to 250.
    #[param(minimum = 1, maximum = 250)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

impl PageWanted {
    pub(super) fn limit(&self) -> Result<u32, Problem> {
        limit(self.limit)
    }

    pub(super) fn cursor(&self, caller: &Caller, list: Listed) -> Result<Option<Cursor>, Problem> {
        cursor(caller, list, self.cursor.as_deref())
    }
}

pub(super) fn limit(wanted: Option<u32>) -> Result<u32, Problem> {
    match wanted.unwrap_or(USUAL_LIMIT) {
        limit @ 1..=MOST_LIMIT => Ok(limit),
        _ => Err(Problem::of_field(
            "limit",
            "parametro_invalido",
            "debe ser de 1 a 250",
            "must be 1 to 250",
        )),
    }
}

/// A `next_cursor` of a list that comes back. It is sealed: places are counted through everybody's
/// rows, and how many others have is their business.
pub(super) fn cursor(
    caller: &Caller,
    list: Listed,
    text: Option<&str>,
) -> Result<Option<Cursor>, Problem> {
    let opened = text.map(|text| caller.app.open_cursor(list, text));
    opened.transpose().map_err(|_| {
        Problem::of_field(
            "cursor",
            "parametro_invalido",
            "no es un next_cursor de una página anterior de esta lista",
            "is not a next_cursor of an earlier page of this list",
        )
    })
}

/// A `next_cursor` that goes out.
pub(super) fn next_cursor(
    caller: &Caller,
    list: Listed,
    next: Option<Cursor>,
) -> Result<Option<String>, Problem> {
    let sealed = next.map(|cursor| caller.app.seal_cursor(list, cursor));
    Ok(sealed.transpose()?)
}

/// A number that the upstream said does not exist.
#[derive(Serialize, ToSchema)]
pub(super) struct InvalidData {
    ruc: String,
    motivo: String,
    mensaje: String,
    registrado_en: String,
    vence_en: String,
}

impl InvalidData {
    fn of(row: &RefusalRow) -> InvalidData {
        InvalidData {
            ruc: row.subject.to_string(),
            motivo: row.reason.to_string(),
            mensaje: row.message.to_string(),
            registrado_en: lima(row.stored_at),
            vence_en: lima(row.expires_at),
        }
    }
}

/// A page of them.
#[derive(Serialize, ToSchema)]
pub(super) struct InvalidPage {
    data: Vec<InvalidData>,
    next_cursor: Option<String>,
    /// `real` or `sandbox` (invented data).
    mode: &'static str,
}

/// The numbers known not to exist
#[utoipa::path(
    get,
    path = "/api/v1/ruc/invalidos",
    tag = "ruc",
    params(PageWanted),
    responses((status = 200, body = InvalidPage), Problems)
)]
pub(super) async fn list(
    caller: Caller,
    page: Result<Query<PageWanted>, axum::extract::rejection::QueryRejection>,
) -> Result<Json<InvalidPage>, Problem> {
    caller.needs(Scope::Consultas)?;
    let Query(wanted) = page.map_err(bad_query)?;
    let (limit, cursor) = (wanted.limit()?, wanted.cursor(&caller, Listed::Refusals)?);
    let page = caller.app.list_refusals(limit, cursor).await?;
    Ok(Json(InvalidPage {
        mode: mode_name(&caller.app),
        data: page.rows.iter().map(InvalidData::of).collect(),
        next_cursor: next_cursor(&caller, Listed::Refusals, page.next)?,
    }))
}

/// Which numbers to forget.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ForgetWanted {
    /// 11 digits each.
    #[serde(default)]
    #[schema(max_items = 1_000, example = json!(["20100070970"]))]
    rucs: Vec<String>,
    /// All of them.
    #[serde(default)]
    todos: bool,
}

/// How many numbers were forgotten.
#[derive(Serialize, ToSchema)]
pub(super) struct ForgottenCount {
    success: bool,
    /// Numbers that were in the registry.
    olvidados: u64,
}

/// Forget that some numbers, or all, do not exist
///
/// The numbers travel in the body: those of persons must not stand in addresses.
#[utoipa::path(
    post,
    path = "/api/v1/ruc/invalidos/olvidar",
    tag = "ruc",
    request_body = ForgetWanted,
    responses((status = 200, body = ForgottenCount), Problems)
)]
pub(super) async fn forget_many(
    caller: Caller,
    request: Request,
) -> Result<Json<ForgottenCount>, Problem> {
    caller.needs(Scope::Consultas)?;
    let wanted: ForgetWanted = body::json(request).await?;
    if wanted.todos {
        // The registry is everybody's, and what is forgotten is paid for again.
        caller.needs(Scope::Administracion)?;
    }
    if wanted.rucs.is_empty() != wanted.todos {
        return Err(Problem::of_field(
            "rucs",
            "campo_requerido",
            "diga cuáles, o todos",
            "say which, or todos",
        ));
    }
    check_fits("rucs", wanted.rucs.len(), MOST_RUCS, "")?;
    let rules = &caller.app.config.ruc_rules;
    let parse = |text: &String| Ruc::parse_with(text, rules);
    let rucs: Vec<Ruc> = wanted
        .rucs
        .iter()
        .map(parse)
        .collect::<Result<_, _>>()
        .map_err(|error| Problem::of_ruc("rucs", &error))?;
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

/// What became of a number.
#[derive(Serialize, ToSchema)]
pub(super) struct Forgotten {
    success: bool,
    ruc: String,
    /// Whether it was in the registry.
    estaba: bool,
}

/// Forget that a number does not exist
#[utoipa::path(
    delete,
    path = "/api/v1/ruc/invalidos/{ruc}",
    tag = "ruc",
    params(("ruc" = String, Path, description = "11 digits", example = "20100070970")),
    responses((status = 200, body = Forgotten), Problems)
)]
pub(super) async fn forget(
    caller: Caller,
    Path(ruc): Path<String>,
) -> Result<Json<Forgotten>, Problem> {
    caller.needs(Scope::Consultas)?;
    let ruc = Ruc::parse_with(&ruc, &caller.app.config.ruc_rules)
        .map_err(|error| Problem::of_ruc("ruc", &error))?;
    let gone = caller.app.forget_refusals(&[ruc]).await?;
    Ok(Json(Forgotten {
        success: true,
        ruc: ruc.as_str().to_owned(),
        estaba: gone > 0,
    }))
}
