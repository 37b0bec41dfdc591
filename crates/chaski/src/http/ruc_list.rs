//! Several RUCs at once: one request, native calls of up to a hundred, an outcome for each.

use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use chaski_client::{Error, Found};
use chaski_core::{Ruc, RucError, Taxpayer};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body;
use super::caller::Caller;
use super::problem::{Problem, Problems};
use super::reply::{self, Meta};
use super::ruc::RucData;
use crate::app::keys::Scope;

/// Numbers of one request; a list that is longer is a batch.
pub(super) const MOST_NUMBERS: usize = 1_000;

/// RUCs to look up now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RucsWanted {
    /// 11 digits each.
    #[schema(min_items = 1, max_items = 1_000, example = json!(["20100070970", "20131312955"]))]
    rucs: Vec<String>,
    /// Ask the upstream whatever memory knows.
    #[serde(default)]
    force_refresh: bool,
    /// Oldest answer that will do, seconds.
    #[serde(default)]
    #[schema(maximum = 3_155_760_000_u64)]
    max_age: Option<u32>,
}

/// What came of one number: its data, or why there are none.
#[derive(Serialize, ToSchema)]
pub(super) struct RucOutcome<'a> {
    success: bool,
    /// As it was sent.
    ruc: &'a str,
    data: Option<RucData<'a>>,
    /// Who said so, for people.
    fuente: Option<&'static str>,
    /// When the upstream said so, Lima time.
    consultado_en: Option<String>,
    meta: Option<Meta>,
    /// Stable, never translated.
    code: Option<&'static str>,
    /// What is wrong with it.
    error: Option<String>,
}

/// An outcome for each number, in the order of the request.
#[derive(Serialize, ToSchema)]
pub(super) struct RucOutcomes<'a> {
    data: Vec<RucOutcome<'a>>,
    /// Identifier of the request.
    request_id: String,
}

/// What the registry knows of several RUCs
///
/// Up to 1,000, now: what memory does not know is asked for in native calls of up to 100. A longer
/// list is a batch: `POST /api/v1/lotes`.
#[utoipa::path(
    post,
    path = "/api/v1/ruc/consultas",
    tag = "ruc",
    request_body = RucsWanted,
    responses((status = 200, body = RucOutcomes<'static>), Problems)
)]
pub(super) async fn ask(
    caller: Caller,
    body::Json(wanted): body::Json<RucsWanted>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Consultas)?;
    let count = wanted.rucs.len();
    if count == 0 {
        return Err(Problem::of_field(
            "rucs",
            "campo_requerido",
            "la lista está vacía",
            "the list is empty",
        ));
    }
    if count > MOST_NUMBERS {
        return Err(too_many("rucs", count));
    }
    let mut ask = caller.ask();
    ask.force = wanted.force_refresh;
    ask.max_age = wanted
        .max_age
        .map(|seconds| Duration::from_secs(seconds.into()));
    let rules = &caller.app.config.ruc_rules;
    let parse = |text: &String| Ruc::parse_with(text, rules);
    let parsed: Vec<Result<Ruc, RucError>> = wanted.rucs.iter().map(parse).collect();
    let rucs: Vec<Ruc> = parsed
        .iter()
        .filter_map(|ruc| ruc.as_ref().ok().copied())
        .collect();
    let _aside = caller.set_aside(rucs.len().div_ceil(100) as u64)?;
    let outcomes = caller.app.lookup_rucs(&rucs, &ask).await;
    let mut outcomes = outcomes.iter();
    let data = wanted.rucs.iter().zip(parsed).map(|(typed, parsed)| {
        let outcome = match parsed {
            Err(error) => Err((error.code(), error.message(caller.info.lang))),
            Ok(_) => match outcomes.next() {
                Some(outcome) => outcome.as_ref().map_err(|error| said(error, &caller)),
                None => return Err(Problem::internal()),
            },
        };
        Ok(RucOutcome::of(typed, outcome, &caller))
    });
    Ok(Json(RucOutcomes {
        data: data.collect::<Result<_, _>>()?,
        request_id: caller.info.id.to_string(),
    })
    .into_response())
}

pub(super) fn too_many(field: &str, count: usize) -> Problem {
    Problem::of_field(
        field,
        "lista_demasiado_larga",
        format!("hay {count} números y caben {MOST_NUMBERS}; use /api/v1/lotes"),
        format!("there are {count} numbers and {MOST_NUMBERS} fit; use /api/v1/lotes"),
    )
}

fn said(error: &Error, caller: &Caller) -> (&'static str, String) {
    (error.code(), error.message(caller.info.lang))
}

impl<'a> RucOutcome<'a> {
    fn of(
        ruc: &'a str,
        outcome: Result<&'a Found<Taxpayer>, (&'static str, String)>,
        caller: &Caller,
    ) -> RucOutcome<'a> {
        let app = &caller.app;
        match outcome {
            Ok(found) => RucOutcome {
                success: true,
                ruc,
                data: Some(RucData::of(&found.value)),
                fuente: Some(app.source_name(found.source, caller.info.lang)),
                consultado_en: Some(reply::lima(found.stored_at)),
                meta: Some(Meta {
                    source: reply::source_name(found.source),
                    age: reply::age(app, found.stored_at).as_secs(),
                    mode: reply::mode_name(app),
                }),
                code: None,
                error: None,
            },
            Err((code, error)) => RucOutcome {
                success: false,
                ruc,
                data: None,
                fuente: None,
                consultado_en: None,
                meta: None,
                code: Some(code),
                error: Some(error),
            },
        }
    }
}
