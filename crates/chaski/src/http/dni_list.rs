//! Several DNIs at once, and in the body: behind a proxy, addresses are kept in logs.

use std::time::Duration;

use axum::Json;
use chaski_client::{Error, Found, Person};
use chaski_core::{Dni, DniError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::body;
use super::caller::Caller;
use super::dni::{DniData, put_purpose};
use super::problem::{Problem, Problems};
use super::reply::{self, Meta};
use crate::app::keys::Scope;

/// Numbers of one request: each is a call of its own.
const MOST_NUMBERS: usize = 100;

/// DNIs to look up now.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct DnisWanted {
    /// 8 digits each.
    #[schema(min_items = 1, max_items = 100, example = json!(["00000001"]))]
    dnis: Vec<String>,
    /// Why it is asked: it goes on record.
    motivo: Option<String>,
    /// Ask the upstream whatever memory knows.
    #[serde(default)]
    force_refresh: bool,
    /// Oldest answer that will do, seconds.
    #[serde(default)]
    #[schema(maximum = 3_155_760_000_u64)]
    max_age: Option<u32>,
}

/// What came of one number: whose it is, or why that is not known.
#[derive(Serialize, ToSchema)]
pub(super) struct DniOutcome {
    success: bool,
    data: Option<DniData>,
    /// Who said so, for people.
    fuente: Option<String>,
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
pub(super) struct DniOutcomes {
    data: Vec<DniOutcome>,
    /// Identifier of the request.
    request_id: String,
}

/// Who owns several DNIs
///
/// Up to 100. The numbers travel in the body, which no proxy keeps in its log.
#[utoipa::path(
    post,
    path = "/api/v1/dni/consultas",
    tag = "dni",
    request_body = DnisWanted,
    responses((status = 200, body = DniOutcomes), Problems)
)]
pub(super) async fn ask(
    caller: Caller,
    body::Json(wanted): body::Json<DnisWanted>,
) -> Result<Json<DniOutcomes>, Problem> {
    caller.needs(Scope::Dni)?;
    let count = wanted.dnis.len();
    if count == 0 {
        return Err(Problem::of_field(
            "dnis",
            "campo_requerido",
            "la lista está vacía",
            "the list is empty",
        ));
    }
    if count > MOST_NUMBERS {
        return Err(Problem::of_field(
            "dnis",
            "lista_demasiado_larga",
            format!("hay {count} números y caben {MOST_NUMBERS}"),
            format!("there are {count} numbers and {MOST_NUMBERS} fit"),
        ));
    }
    let mut ask = caller.ask();
    ask.force = wanted.force_refresh;
    ask.max_age = wanted
        .max_age
        .map(|seconds| Duration::from_secs(seconds.into()));
    put_purpose(&mut ask, wanted.motivo.as_deref())?;
    let parsed: Vec<Result<Dni, DniError>> = wanted.dnis.iter().map(|it| it.parse()).collect();
    let dnis: Vec<Dni> = parsed
        .iter()
        .filter_map(|dni| dni.as_ref().ok().copied())
        .collect();
    let _aside = caller.set_aside(dnis.len() as u64)?;
    let mut outcomes = caller.app.lookup_dnis(&dnis, &ask).await?.into_iter();
    let lang = caller.info.lang;
    let data = parsed.into_iter().map(|parsed| {
        let outcome = match parsed {
            Err(error) => Err((error.code(), error.message(lang))),
            Ok(_) => match outcomes.next() {
                Some(outcome) => outcome.map_err(|error| said(&error, &caller)),
                None => return Err(Problem::internal()),
            },
        };
        Ok(DniOutcome::of(outcome, &caller))
    });
    Ok(Json(DniOutcomes {
        data: data.collect::<Result<_, _>>()?,
        request_id: caller.info.id.to_string(),
    }))
}

fn said(error: &Error, caller: &Caller) -> (&'static str, String) {
    (error.code(), error.message(caller.info.lang))
}

impl DniOutcome {
    fn of(outcome: Result<Found<Person>, (&'static str, String)>, caller: &Caller) -> DniOutcome {
        let app = &caller.app;
        match outcome {
            Ok(found) => DniOutcome {
                success: true,
                data: Some(DniData::of(&found.value)),
                fuente: Some(app.source_name(found.source, caller.info.lang).to_owned()),
                consultado_en: Some(reply::lima(found.stored_at)),
                meta: Some(Meta {
                    source: reply::source_name(found.source),
                    age: reply::age(app, found.stored_at).as_secs(),
                    mode: reply::mode_name(app),
                }),
                code: None,
                error: None,
            },
            Err((code, error)) => DniOutcome {
                success: false,
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
