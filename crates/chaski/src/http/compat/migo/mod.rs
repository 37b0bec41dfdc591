//! Pass-through: APIMIGO's own protocol, both versions. A client changes its base URL and puts a
//! Chaski key where its token was; it gains memory, quota and audit.
//!
//! Version 1 takes the token in the body (form or JSON) or as a bearer; version 2 as a bearer.

mod asked;

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, post};
use chaski_client::dialects::migo::{MOST_RUCS, MigoDialect};
use chaski_client::{
    ActivityQuery, CpeQuery, DniQuery, Error, Found, LatestRateQuery, List, ListQuery, Lookup,
    RateQuery, RatesQuery, Representative, RepresentativesQuery, RucQuery, Upstream,
};
use chaski_core::{Currency, ExchangeRate, Lang, RateSource, Ruc, Taxpayer, lima_date};
use http::{HeaderMap, StatusCode};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json, to_value};

use asked::{
    AskedRuc, INVALID, MigoCaller, MigoQuestion, caller_of_headers, check_digits, invalid,
    is_digits, missing, read_day, read_written_day, text_of, who,
};

use super::put_taxpayer;
use crate::api::cpe::CpeData;
use crate::app::AppError;
use crate::app::keys::Scope;
use crate::hints::Hinted;
use crate::http::Gateway;
use crate::http::kit::{Caller, Problem, RequestInfo, put_purpose, read_dni};

/// Where it lives.
pub(crate) const BASE: &str = "/compat/migo/api";

pub(crate) fn is_path(path: &str) -> bool {
    path.starts_with(BASE)
}

/// An error as APIMIGO words it.
pub(crate) fn render(problem: &Problem, info: &RequestInfo) -> Response {
    let message = match problem.code {
        // A program may know an address that is not there by these words.
        "ruta_desconocida" => "Recurso no encontrado".to_owned(),
        INVALID => "Los datos proporcionados no son válidos.".to_owned(),
        _ => problem.text(info.lang),
    };
    let mut body = json!({
        "success": false,
        "message": message,
        "code": problem.code,
        "request_id": info.id.as_str(),
    });
    if problem.status == StatusCode::UNPROCESSABLE_ENTITY {
        let errors = problem
            .errors
            .iter()
            .map(|field| (field.field.clone(), json!([field.text(info.lang)])));
        body["errors"] = errors.collect::<Map<_, _>>().into();
    }
    let mut response = (problem.status, Json(body)).into_response();
    problem.put_retry_after(&mut response);
    response
}

/// What was found, as `body` writes it, or `none`: the upstream's own "there is none".
fn told<A>(
    outcome: Result<Found<A>, AppError>,
    none: &str,
    body: impl FnOnce(&A) -> Value,
) -> Result<Response, Problem> {
    match outcome {
        Ok(found) => Ok(Json(body(&found.value)).into_response()),
        Err(AppError::Lookup(error)) if error.is_not_found() => Ok(there_is_none(none)),
        Err(error) => Err(error.into()),
    }
}

fn there_is_none(message: &str) -> Response {
    let body = json!({"success": false, "message": message});
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

/// How either version says that there is no such number, or no such thing of it.
const NO_RUC: &str = "RUC no encontrado";
const NO_RUC_V2: &str = "RUC not found";
const NO_DNI: &str = "DNI no encontrado";
const NO_DNI_V2: &str = "DNI not found";
const NO_RATE: &str = "No hay tipo de cambio para la fecha indicada";
const NOBODY: &str = "No se encontraron representantes legales";
const NOT_LISTED: &str = "El RUC no se encuentra en el padrón";

/// Estado and condición as the registry file has them, which the closed lists of programs know.
fn taxpayer(taxpayer: &Taxpayer) -> Value {
    let mut body = json!({"success": true});
    put_taxpayer(&mut body, taxpayer);
    if let Some(estado) = &taxpayer.estado {
        body["estado_del_contribuyente"] = estado.as_cut().into();
    }
    if let Some(condicion) = &taxpayer.condicion {
        body["condicion_de_domicilio"] = condicion.as_cut().into();
    }
    body
}

fn rate(rate: &ExchangeRate) -> Value {
    json!({
        "success": true,
        "fecha": rate.fecha_publicacion.to_string(),
        "moneda": rate.moneda.as_str(),
        "precio_compra": rate.compra.to_string(),
        "precio_venta": rate.venta.to_string(),
    })
}

type Gate = State<Arc<Gateway>>;

/// The route of a question of version 1, whose key needs that scope.
pub(crate) fn asked<H, R>(scope: Scope, handler: H) -> MethodRouter<Arc<Gateway>>
where
    H: Fn(MigoQuestion) -> R + Clone + Send + Sync + 'static,
    R: Future<Output = Result<Response, Problem>> + Send,
{
    post(async move |State(gateway): Gate, request: Request| {
        handler(MigoQuestion::read(&gateway, request, scope).await?).await
    })
}

/// Asks, and answers with `body` or with the upstream's "there is none".
async fn answer<L: Lookup>(
    caller: &Caller,
    question: &L,
    none: &str,
    body: impl FnOnce(&L::Answer) -> Value,
) -> Result<Response, Problem>
where
    MigoDialect: Upstream<L>,
{
    told(caller.app.ask(question, &caller.ask()).await, none, body)
}

/// `POST /v1/ruc`, and `GET /v1/ruc?ruc=` with a bearer.
pub(crate) async fn ruc(asked: MigoQuestion) -> Result<Response, Problem> {
    one_ruc(&asked.caller, asked.ruc("ruc")?, NO_RUC).await
}

/// `GET /v1/ruc?ruc=` with a bearer: seen to work.
pub(crate) async fn ruc_of_query(
    MigoCaller(caller): MigoCaller,
    query: QueryMap,
) -> Result<Response, Problem> {
    caller.needs(Scope::Consultas)?;
    let asked = AskedRuc::read("ruc", of_query(&query, "ruc"), &caller)?;
    one_ruc(&caller, asked, NO_RUC).await
}

/// `GET /v1/ruc/{ruc}` with a bearer: seen to work.
pub(crate) async fn ruc_of_path(
    MigoCaller(caller): MigoCaller,
    Path(ruc): Path<String>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Consultas)?;
    one_ruc(&caller, AskedRuc::read("ruc", &ruc, &caller)?, NO_RUC).await
}

/// `GET /v2/ruc/{ruc}`
pub(crate) async fn ruc_v2(
    MigoCaller(caller): MigoCaller,
    Path(ruc): Path<String>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Consultas)?;
    one_ruc(&caller, AskedRuc::read("ruc", &ruc, &caller)?, NO_RUC_V2).await
}

async fn one_ruc(caller: &Caller, asked: AskedRuc, none: &str) -> Result<Response, Problem> {
    let Some(ruc) = asked.ruc else {
        return Ok(there_is_none(none));
    };
    answer(caller, &RucQuery(ruc), none, taxpayer).await
}

/// `POST /v1/ruc/collection`
pub(crate) async fn rucs(asked: MigoQuestion) -> Result<Response, Problem> {
    let caller = &asked.caller;
    let texts: Vec<String> = match asked.fields.get("ruc") {
        Some(Value::Array(items)) => {
            let texts = items.iter().map(|item| text_of(item).unwrap_or_default());
            texts.collect()
        }
        // One of a form is a list of one.
        Some(Value::String(text)) if !asked.is_json => vec![text.clone()],
        _ => Vec::new(),
    };
    if texts.is_empty() {
        return Err(invalid("ruc", "El campo ruc debe ser un arreglo."));
    }
    if texts.len() > MOST_RUCS {
        let rule = format!("El campo ruc no debe tener más de {MOST_RUCS} elementos.");
        return Err(invalid("ruc", rule));
    }
    if let Some(place) = texts.iter().position(|text| !is_digits(text, 11)) {
        let field = format!("ruc.{place}");
        let rule = format!("El campo {field} debe tener 11 dígitos.");
        return Err(invalid(&field, rule));
    }
    let rules = caller.lenient_rules();
    let wanted: Vec<Option<Ruc>> = texts
        .iter()
        .map(|text| Ruc::parse_with(text, &rules).ok())
        .collect();
    let rucs: Vec<Ruc> = wanted.iter().flatten().copied().collect();
    let outcomes = caller.app.lookup_rucs(&rucs, &caller.ask()).await;
    // A list of which nothing could be asked is an outage, not a list of unknown numbers.
    if let Some(Err(error)) = outcomes.iter().find(|it| is_outage(it))
        && outcomes.iter().all(is_outage)
    {
        return Err(error.clone().into());
    }
    let mut outcomes = outcomes.into_iter();
    let answers = texts.iter().zip(&wanted).map(|(text, ruc)| {
        let message = match ruc.and_then(|_| outcomes.next()) {
            Some(Ok(found)) => return taxpayer(&found.value),
            Some(Err(error)) if !error.is_not_found() => error.hinted(Lang::Es),
            _ => NO_RUC.to_owned(),
        };
        json!({"success": false, "ruc": text, "message": message})
    });
    Ok(Json(answers.collect::<Vec<_>>()).into_response())
}

fn is_outage<A>(outcome: &Result<A, Error>) -> bool {
    outcome.as_ref().is_err_and(|error| !error.is_not_found())
}

/// `POST /v1/dni`
pub(crate) async fn dni(asked: MigoQuestion) -> Result<Response, Problem> {
    let purpose = asked.fields.get("motivo").and_then(Value::as_str);
    one_dni(&asked.caller, &asked.given("dni"), purpose, NO_DNI).await
}

/// `GET /v2/dni/{dni}`
pub(crate) async fn dni_v2(
    MigoCaller(caller): MigoCaller,
    Path(dni): Path<String>,
) -> Result<Response, Problem> {
    one_dni(&caller, &dni, None, NO_DNI_V2).await
}

async fn one_dni(
    caller: &Caller,
    text: &str,
    purpose: Option<&str>,
    none: &str,
) -> Result<Response, Problem> {
    caller.needs(Scope::Dni)?;
    check_digits("dni", text, 8)?;
    let dni = read_dni(text)?;
    let mut ask = caller.ask();
    put_purpose(&mut ask, purpose)?;
    told(
        caller.app.ask(&DniQuery(dni), &ask).await,
        none,
        |person| json!({"success": true, "dni": dni.as_str(), "nombre": person.nombre}),
    )
}

/// `POST /v1/exchange/latest`
pub(crate) async fn latest(asked: MigoQuestion) -> Result<Response, Problem> {
    answer(&asked.caller, &LatestRateQuery, NO_RATE, rate).await
}

/// `GET /v2/tipo-cambio/sunat/ultimo`
pub(crate) async fn latest_v2(MigoCaller(caller): MigoCaller) -> Result<Response, Problem> {
    caller.needs(Scope::Consultas)?;
    answer(&caller, &LatestRateQuery, NO_RATE, rate).await
}

/// `POST /v1/exchange/date`
pub(crate) async fn on_date(asked: MigoQuestion) -> Result<Response, Problem> {
    let day = asked.date("fecha")?;
    rate_on(&asked.caller, day, RateSource::Sunat, Currency::Usd).await
}

type QueryMap = Query<std::collections::HashMap<String, String>>;

/// A parameter of the address, empty where it is none.
fn of_query<'q>(query: &'q QueryMap, name: &str) -> &'q str {
    query.0.get(name).map(String::as_str).unwrap_or_default()
}

fn day_of_query(query: &QueryMap) -> Result<Date, Problem> {
    match of_query(query, "fecha") {
        "" => Err(missing("fecha")),
        text => read_day("fecha", text),
    }
}

/// `GET /v2/tipo-cambio/sunat?fecha=`
pub(crate) async fn on_date_v2(
    MigoCaller(caller): MigoCaller,
    query: QueryMap,
) -> Result<Response, Problem> {
    caller.needs(Scope::Consultas)?;
    let day = day_of_query(&query)?;
    rate_on(&caller, day, RateSource::Sunat, Currency::Usd).await
}

/// `GET /v2/tipo-cambio/sbs?fecha=&moneda=`
pub(crate) async fn sbs_v2(
    MigoCaller(caller): MigoCaller,
    query: QueryMap,
) -> Result<Response, Problem> {
    caller.needs(Scope::Consultas)?;
    let day = day_of_query(&query)?;
    let currency = match of_query(&query, "moneda") {
        "USD" => Currency::Usd,
        "EUR" => Currency::Eur,
        "" => return Err(missing("moneda")),
        _ => return Err(invalid("moneda", "El campo moneda debe ser USD o EUR.")),
    };
    rate_on(&caller, day, RateSource::Sbs, currency).await
}

/// As the upstream, it says nothing for a day on which nothing was published, and programs step back
/// from a day that is still to come as from one without a rate.
async fn rate_on(
    caller: &Caller,
    day: Date,
    source: RateSource,
    currency: Currency,
) -> Result<Response, Problem> {
    let today = lima_date(caller.app.clock.now());
    if day > today || day < ExchangeRate::FIRST_DAY {
        return Ok(there_is_none(NO_RATE));
    }
    let question = RateQuery {
        fecha: day,
        fuente: source,
        moneda: currency,
    };
    match caller.app.ask(&question, &caller.ask()).await {
        Ok(found) if found.value.fecha_publicacion == day => {
            Ok(Json(rate(&found.value)).into_response())
        }
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(there_is_none(NO_RATE)),
    }
}

/// `POST /v1/exchange`
pub(crate) async fn range(asked: MigoQuestion) -> Result<Response, Problem> {
    let (from, to) = (asked.date("fecha_inicio")?, asked.date("fecha_fin")?);
    if from > to {
        let rule = "El campo fecha_fin debe ser una fecha posterior o igual a fecha_inicio.";
        return Err(invalid("fecha_fin", rule));
    }
    // Only days that may have one are asked about.
    let caller = &asked.caller;
    let question = RatesQuery {
        desde: from.max(ExchangeRate::FIRST_DAY),
        hasta: to.min(lima_date(caller.app.clock.now())),
    };
    let rates = if question.desde > question.hasta {
        Vec::new()
    } else {
        match caller.app.ask(&question, &caller.ask()).await {
            Ok(found) => found.value.iter().map(rate_of_range).collect(),
            Err(error) if error.is_not_found() => Vec::new(),
            Err(error) => return Err(error.into()),
        }
    };
    Ok(Json(json!({"success": true, "data": rates})).into_response())
}

fn rate_of_range(it: &ExchangeRate) -> Value {
    let mut body = rate(it);
    if let Some(fields) = body.as_object_mut() {
        fields.shift_remove("success");
    }
    body
}

/// `POST /v1/ruc/representantes-legales`
pub(crate) async fn representatives(asked: MigoQuestion) -> Result<Response, Problem> {
    let Some(ruc) = asked.ruc("ruc")?.ruc else {
        return Ok(there_is_none(NOBODY));
    };
    let one = |it: &Representative| {
        json!({
            "ruc": ruc.as_str(),
            "documento": it.documento,
            "dni": it.dni,
            "nombre": it.nombre,
            "cargo": it.cargo,
            "fecha": it.fecha,
        })
    };
    answer(
        &asked.caller,
        &RepresentativesQuery(ruc),
        NOBODY,
        |all| json!({"success": true, "data": all.iter().map(one).collect::<Vec<_>>()}),
    )
    .await
}

/// `GET /v1/ruc/actividad/{ruc}?token=`: the one address that carries a token; logs never show it.
pub(crate) async fn activity(
    State(gateway): Gate,
    Path(ruc): Path<String>,
    query: QueryMap,
    info: RequestInfo,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = query.0.get("token").map(String::as_str);
    let of_headers = caller_of_headers(&headers, info.clone(), &gateway);
    let caller = who(of_headers, token, info, &gateway)?;
    caller.needs(Scope::Consultas)?;
    let Some(ruc) = AskedRuc::read("ruc", &ruc, &caller)?.ruc else {
        return Ok(there_is_none(NO_RUC));
    };
    answer(&caller, &ActivityQuery(ruc), NO_RUC, |activity| {
        let mut body = json!({"success": true, "ruc": ruc.as_str()});
        if let (Value::Object(body), Ok(Value::Object(fields))) = (&mut body, to_value(activity)) {
            let absent = |value: Value| if value.is_null() { "-".into() } else { value };
            body.extend(
                fields
                    .into_iter()
                    .map(|(name, value)| (name, absent(value))),
            );
        }
        body
    })
    .await
}

/// `POST /v1/ruc/agentes-retencion` and `POST /v1/ruc/buenos-contribuyentes`. Who is not in it gets a
/// 200 all the same: some programs need one from both before they show a RUC.
pub(crate) async fn member(asked: MigoQuestion, list: List) -> Result<Response, Problem> {
    let AskedRuc { text, ruc } = asked.ruc("ruc")?;
    let not_listed = || {
        let body = json!({"success": false, "ruc": text, "message": NOT_LISTED});
        Ok(Json(body).into_response())
    };
    let Some(ruc) = ruc else {
        return not_listed();
    };
    let caller = &asked.caller;
    match caller
        .app
        .ask(&ListQuery { list, ruc }, &caller.ask())
        .await
    {
        Ok(found) => Ok(Json(json!({
            "success": true,
            "ruc": ruc.as_str(),
            "nombre_o_razon_social": found.value.nombre_o_razon_social,
            "a_partir_del": found.value.a_partir_del,
            "resolucion": found.value.resolucion,
        }))
        .into_response()),
        Err(error) if error.is_not_found() => not_listed(),
        Err(error) => Err(error.into()),
    }
}

/// `POST /v1/cpe`. A day that is still to come has no document.
pub(crate) async fn cpe(asked: MigoQuestion) -> Result<Response, Problem> {
    const FIELDS: [&str; 6] = [
        "ruc_emisor",
        "tipo_comprobante",
        "serie",
        "numero",
        "fecha_emision",
        "monto",
    ];
    let mut values = FIELDS.map(|_| String::new());
    for (value, field) in values.iter_mut().zip(FIELDS) {
        *value = asked.text(field)?;
    }
    let [ruc, kind, serie, number, date, amount] = values;
    let issuer = AskedRuc::read("ruc_emisor", &ruc, &asked.caller)?;
    if !is_digits(&kind, 2) {
        let rule = "El campo tipo_comprobante no es válido.";
        return Err(invalid("tipo_comprobante", rule));
    }
    let day = read_written_day("fecha_emision", &date)?;
    let amount = amount.parse::<Decimal>();
    let amount = amount.map_err(|_| invalid("monto", "El campo monto debe ser un número."))?;
    let state = |state: &str| json!({"success": true, "estado_comprobante": state});
    let today = lima_date(asked.caller.app.clock.now());
    let (Some(ruc_emisor), Ok(numero), true) = (issuer.ruc, number.parse(), day <= today) else {
        return Ok(Json(state("0")).into_response());
    };
    let query = CpeQuery {
        ruc_emisor,
        tipo_comprobante: kind,
        serie,
        numero,
        fecha_emision: day,
        monto: amount,
    };
    answer(&asked.caller, &query, NO_RUC, |found| {
        state(&CpeData::of(found).estado_comprobante)
    })
    .await
}

/// `POST /v1/account`
pub(crate) async fn account(asked: MigoQuestion) -> Result<Response, Problem> {
    let caller = &asked.caller;
    let found = caller.app.find_account(&caller.ask()).await;
    told(found, NO_RUC, |account| {
        json!({
            "success": true,
            "nombre": account.nombre,
            "email": account.email,
            "consultas": account.consultas,
        })
    })
}
