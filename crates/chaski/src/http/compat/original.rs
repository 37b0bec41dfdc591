//! The four endpoints of the system that Chaski replaces, in its shapes, with and without a slash
//! at the end, as form or JSON. They check the format of a RUC only: a wrong check digit is a
//! warning here.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Response};
use chaski_client::{DniQuery, Error, Found, LatestRateQuery, RucQuery, Source};
use chaski_core::{Currency, Dni, RateSource};
use chaski_core::{Lang, Ruc, Taxpayer, sentence};
use http::StatusCode;
use serde_json::{Map, Value, json};

use super::put_taxpayer;
use crate::api::rates::RateData;
use crate::app::AppError;
use crate::app::keys::Scope;
use crate::hints::Hinted;
use crate::http::Gateway;
use crate::http::kit::{
    Caller, Given, JsonAnswer, Problem, RequestInfo, bad_query, date, fields, put_purpose,
};
use crate::partners::SunatCheck;

/// Most numbers in one bulk request.
const MOST_RUCS: usize = 10_000;
/// From `MANY` numbers on a request needs memory of its own, `EACH` bytes for each.
const MANY: usize = 500;
const EACH: u64 = 12 * 1024;

/// Whether an address is one of the original's.
pub(crate) fn is_path(path: &str) -> bool {
    ["/api/ruc/", "/api/dni/", "/api/tipo-cambio"]
        .iter()
        .any(|start| path.starts_with(start))
}

/// An error as the original's callers know it, and what is new beside it.
pub(crate) fn render(problem: &Problem, info: &RequestInfo) -> Response {
    let body = json!({
        "success": false,
        "error": problem.text(info.lang),
        "code": problem.code,
        "retryable": problem.retryable,
        "request_id": info.id.as_str(),
    });
    let mut response = (problem.status, Json(body)).into_response();
    problem.put_retry_after(&mut response);
    response
}

/// The original's own words for what is missing.
fn required(text: &'static str) -> Problem {
    // The original answers so.
    Problem {
        status: StatusCode::BAD_REQUEST,
        ..Problem::new("campo_requerido", text, text)
    }
}

/// Text of a field that is there.
fn text(fields: &Map<String, Value>, name: &str) -> Option<String> {
    let text = fields.get(name).and_then(typed);
    text.filter(|text| !text.is_empty())
}

/// What was typed; numbers are read too, as spreadsheets send them.
fn typed(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => {
            // `20100070970.0` is how a float cell of Excel arrives.
            let text = number.to_string();
            Some(text.strip_suffix(".0").unwrap_or(&text).to_owned())
        }
        _ => None,
    }
}

fn flag(fields: &Map<String, Value>, name: &str) -> bool {
    match fields.get(name) {
        Some(Value::Bool(flag)) => *flag,
        Some(Value::String(text)) => matches!(
            text.trim().to_lowercase().as_str(),
            "true" | "1" | "si" | "sí" | "on" | "yes"
        ),
        Some(Value::Number(number)) => number.as_i64() == Some(1),
        _ => false,
    }
}

/// `POST /api/ruc/consultar-async/`
pub(crate) async fn ruc(caller: Caller, request: Request) -> JsonAnswer<Value> {
    caller.needs(Scope::Consultas)?;
    let fields = fields(request).await?.unwrap_or_default();
    let typed = text(&fields, "ruc").ok_or_else(|| required("RUC es requerido"))?;
    let ruc = match Ruc::parse_with(&typed, &caller.lenient_rules()) {
        Ok(ruc) => ruc,
        Err(error) => {
            return Ok(Json(json!({
                "success": false,
                "error": sentence(&error.message(caller.info.lang)),
                "ruc": typed,
                "invalid_format": true,
                "code": error.code(),
                "cache_hit": false,
            })));
        }
    };
    let mut ask = caller.ask();
    ask.force = flag(&fields, "force_refresh");
    let outcome = caller.app.ask(&RucQuery(ruc), &ask).await;
    let mut body = match outcome {
        Ok(found) => found_body(&found),
        Err(AppError::Lookup(error)) if error.is_not_found() => {
            unknown_body(ruc, &error, caller.info.lang)
        }
        Err(error) => return Err(error.into()),
    };
    put_warnings(&mut body, &ruc, caller.info.lang);
    Ok(Json(body))
}

/// The upstream's flat object, and the same fields under `data`.
fn found_body(found: &Found<Taxpayer>) -> Value {
    let mut body = json!({"success": true});
    put_taxpayer(&mut body, &found.value);
    body["data"] = flat(&found.value);
    let hit = found.source != Source::Upstream;
    body["cache_hit"] = hit.into();
    if hit {
        body["cache_type"] = "valid".into();
    }
    if found.source == Source::Stale {
        body["stale"] = true.into();
    }
    body
}

fn flat(taxpayer: &Taxpayer) -> Value {
    let mut body = json!({});
    put_taxpayer(&mut body, taxpayer);
    body
}

fn unknown_body(ruc: Ruc, error: &Error, lang: Lang) -> Value {
    let why = error.hinted(lang);
    let remembered = error.is_remembered();
    let text = match (remembered, lang) {
        (true, Lang::Es) => format!("RUC marcado como inválido: {why}"),
        (true, Lang::En) => format!("RUC marked as invalid: {why}"),
        (false, _) => why,
    };
    let mut body = json!({
        "success": false,
        "error": text,
        "ruc": ruc.as_str(),
        "status_code": 404,
        "invalid_sunat": true,
        "code": error.code(),
        "cache_hit": remembered,
    });
    if remembered {
        body["cache_type"] = "invalid".into();
    }
    body
}

fn put_warnings(body: &mut Value, ruc: &Ruc, lang: Lang) {
    if ruc.has_valid_check_digit() {
        return;
    }
    let expected = ruc.expected_check_digit();
    let text = match lang {
        Lang::Es => format!("el dígito verificador no corresponde: debería terminar en {expected}"),
        Lang::En => format!("wrong check digit: it should end in {expected}"),
    };
    body["advertencias"] = json!([text]);
}

/// `POST /api/ruc/consultar-masivo-async/`
pub(crate) async fn rucs(
    State(gateway): State<Arc<Gateway>>,
    caller: Caller,
    request: Request,
) -> JsonAnswer<Value> {
    caller.needs(Scope::Consultas)?;
    let began = std::time::Instant::now();
    let fields = fields(request).await?.unwrap_or_default();
    let typed = list(&fields)?;
    let entries = each_once(&typed, &caller);
    let rucs: Vec<Ruc> = entries.iter().flatten().copied().collect();
    if flag(&fields, "update_partners") {
        caller.needs(Scope::Partners)?;
    }
    // A long list of answers, as values and then as text, takes so much for each number.
    if rucs.len() > MANY {
        let held = gateway
            .room
            .memory(caller.owner(), rucs.len() as u64 * EACH)
            .await?;
        caller.info.learned.keep(held);
    }
    // 1. Every number that can be asked for, each once.
    let ask = caller.ask();
    let app = &caller.app;
    app.check_spending_on_rucs(&caller.payer(), &rucs, &ask)
        .await?;
    let outcomes = app.lookup_rucs(&rucs, &ask).await;
    if flag(&fields, "update_partners") {
        let now = caller.app.clock.now();
        let checks = rucs.iter().zip(&outcomes);
        let checks = checks.map(|(ruc, outcome)| SunatCheck::of(*ruc, outcome, now));
        let company = caller.company();
        let checks = checks.collect();
        caller.app.note_on_partners(company, checks).await?;
    }
    // 2. Every number ends in exactly one bucket.
    let mut buckets = Buckets::default();
    let mut outcomes = outcomes.into_iter();
    for entry in &entries {
        match entry {
            Err((typed, error)) => buckets.invalid(typed, error, "format"),
            Ok(ruc) => {
                if let Some(outcome) = outcomes.next() {
                    buckets.put(ruc, outcome, caller.info.lang);
                }
            }
        }
    }
    Ok(Json(json!({
        "success": true,
        "total_consultados": typed.len(),
        "exitosos": buckets.valid.len(),
        "validos": buckets.valid.len(),
        "invalidos": buckets.invalid.len(),
        "errores": buckets.errors.len(),
        "duration_ms": u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        "unique_rucs": entries.len(),
        "duplicates_removed": typed.len() - entries.len(),
        "data": {"validos": buckets.valid, "invalidos": buckets.invalid, "errores": buckets.errors},
    })))
}

/// The numbers typed, as text.
fn list(fields: &Map<String, Value>) -> Result<Vec<String>, Problem> {
    let missing = || required("Lista de RUCs requerida");
    let typed: Vec<String> = match fields.get("rucs") {
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| typed(item).ok_or_else(|| required("Cada RUC debe ser texto o número")))
            .collect::<Result<_, _>>()?,
        Some(Value::String(text)) => text
            .split([',', ';', '\n', ' '])
            .map(str::trim)
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
            .collect(),
        _ => return Err(missing()),
    };
    if typed.is_empty() {
        return Err(missing());
    }
    if typed.len() > MOST_RUCS {
        return Err(Problem::new(
            "lista_demasiado_larga",
            format!("hasta {MOST_RUCS} RUC por petición; para más use /api/v1/lotes"),
            format!("at most {MOST_RUCS} RUCs a request; for more use /api/v1/lotes"),
        ));
    }
    Ok(typed)
}

/// What was typed, each number once, in the order of its first appearance; with what cannot be asked
/// for goes what is wrong with it.
fn each_once(typed: &[String], caller: &Caller) -> Vec<Result<Ruc, (String, String)>> {
    let rules = caller.lenient_rules();
    let mut seen = HashSet::new();
    let parsed = typed.iter().map(|text| {
        Ruc::parse_with(text, &rules)
            .map_err(|error| (text.clone(), sentence(&error.message(caller.info.lang))))
    });
    let is_new = |it: &Result<Ruc, (String, String)>| match it {
        Ok(ruc) => seen.insert(ruc.as_str().to_owned()),
        Err((text, _)) => seen.insert(text.clone()),
    };
    parsed.filter(is_new).collect()
}

#[derive(Default)]
struct Buckets {
    valid: Vec<Value>,
    invalid: Vec<Value>,
    errors: Vec<Value>,
}

impl Buckets {
    fn put(&mut self, ruc: &Ruc, outcome: Result<Found<Taxpayer>, Error>, lang: Lang) {
        match outcome {
            Ok(found) => {
                let mut item = json!({"ruc": ruc.as_str(), "data": flat(&found.value)});
                put_taxpayer(&mut item, &found.value);
                item["cache_hit"] = (found.source != Source::Upstream).into();
                put_warnings(&mut item, ruc, lang);
                self.valid.push(item);
            }
            Err(error) if error.is_not_found() => {
                let subtype = if error.is_remembered() {
                    "cached"
                } else {
                    "sunat"
                };
                self.invalid(ruc.as_str(), &error.hinted(lang), subtype);
            }
            Err(error) => self.errors.push(json!({
                "ruc": ruc.as_str(),
                "error": error.hinted(lang),
                "type": "error",
                "code": error.code(),
                "retryable": error.is_retryable(),
            })),
        }
    }

    fn invalid(&mut self, ruc: &str, error: &str, subtype: &str) {
        self.invalid.push(json!({
            "ruc": ruc,
            "error": error,
            "type": "invalid",
            "subtype": subtype,
        }));
    }
}

/// `POST /api/dni/consultar-async/`
pub(crate) async fn dni(caller: Caller, request: Request) -> JsonAnswer<Value> {
    caller.needs(Scope::Dni)?;
    let fields = fields(request).await?.unwrap_or_default();
    let typed = text(&fields, "dni").ok_or_else(|| required("DNI es requerido"))?;
    let lang = caller.info.lang;
    let dni = match typed.parse::<Dni>() {
        Ok(dni) => dni,
        Err(error) => {
            return Ok(Json(json!({
                "success": false,
                "error": sentence(&error.message(lang)),
                "dni": typed,
                "invalid_format": true,
                "code": error.code(),
            })));
        }
    };
    let mut ask = caller.ask();
    ask.force = flag(&fields, "force_refresh");
    put_purpose(&mut ask, text(&fields, "motivo").as_deref())?;
    match caller.app.ask(&DniQuery(dni), &ask).await {
        Ok(found) => {
            let data = json!({"dni": dni.as_str(), "nombre": found.value.nombre});
            Ok(Json(json!({
                "success": true,
                "dni": dni.as_str(),
                "nombre": found.value.nombre,
                "data": data,
                "cache_hit": found.source != Source::Upstream,
            })))
        }
        Err(AppError::Lookup(error)) if error.is_not_found() => Ok(Json(json!({
            "success": false,
            "error": error.hinted(lang),
            "dni": dni.as_str(),
            "status_code": 404,
            "code": error.code(),
            "cache_hit": error.is_remembered(),
        }))),
        Err(error) => Err(error.into()),
    }
}

/// `GET /api/tipo-cambio/`
pub(crate) async fn exchange_rate(
    caller: Caller,
    query: Given<HashMap<String, String>>,
) -> JsonAnswer<Value> {
    caller.needs(Scope::Consultas)?;
    let Query(query) = query.map_err(bad_query)?;
    let wanted = query
        .get("fecha")
        .map(|text| text.trim())
        .filter(|text| !text.is_empty());
    let ask = caller.ask();
    let (rate, source) = match wanted {
        None => {
            let found = caller.app.ask(&LatestRateQuery, &ask).await?;
            (RateData::of(&found.value), found.source)
        }
        Some(text) => {
            let day = date("fecha", text).map_err(|problem| Problem {
                status: StatusCode::BAD_REQUEST,
                ..problem
            })?;
            let (sunat, usd) = (RateSource::Sunat, Currency::Usd);
            caller
                .app
                .check_spending_on_rate(&caller.payer(), day, sunat, usd)
                .await?;
            let found = caller.app.find_rate_for(day, sunat, usd, &ask).await?;
            (RateData::of_day(&found.value), found.source)
        }
    };
    let mut body = serde_json::to_value(rate).unwrap_or_default();
    body["success"] = true.into();
    body["cache_hit"] = (source != Source::Upstream).into();
    Ok(Json(body))
}
