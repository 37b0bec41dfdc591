//! Pass-through: APIMIGO's own protocol, both versions. A client changes its base URL and puts a
//! Chaski key where its token was; it gains memory, quota and audit.
//!
//! Version 1 takes the token in the body (form or JSON) or as a bearer; version 2 as a bearer.

use std::sync::Arc;

use axum::Json;
use axum::extract::{FromRequestParts, Path, Query, Request, State};
use axum::response::{IntoResponse, Response};
use chaski_client::dialects::migo::{MOST_RUCS, MigoDialect};
use chaski_client::{
    ActivityQuery, CpeQuery, CpeState, DniQuery, Error, LatestRateQuery, List, ListQuery, Lookup,
    RateQuery, RatesQuery, Representative, RepresentativesQuery, RucQuery, Upstream,
    taxpayer_fields,
};
use chaski_core::{Currency, Dni, ExchangeRate, RateSource, Ruc, Taxpayer, parse_date};
use http::StatusCode;
use http::request::Parts;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json, to_value};

use crate::app::AppError;
use crate::app::keys::Scope;
use crate::hints::Hinted;
use crate::http::Gateway;
use crate::http::kit::body;
use crate::http::kit::caller::Caller;
use crate::http::kit::problem::Problem;
use crate::http::kit::request_info::RequestInfo;

/// Where it lives.
pub(in crate::http) const BASE: &str = "/compat/migo/api";

pub(in crate::http) fn is_path(path: &str) -> bool {
    path.starts_with(BASE)
}

/// An error as APIMIGO words it.
pub(in crate::http) fn render(problem: &Problem, info: &RequestInfo) -> Response {
    let mut body = json!({
        "success": false,
        "message": problem.text(info.lang),
        "code": problem.code,
        "request_id": info.id.as_str(),
    });
    if problem.status == StatusCode::UNPROCESSABLE_ENTITY {
        let errors = problem.errors.iter().map(|field| {
            (
                field.field.clone(),
                json!([info.lang.pick(&field.es, &field.en)]),
            )
        });
        body["errors"] = errors.collect::<Map<_, _>>().into();
    }
    let mut response = (problem.status, Json(body)).into_response();
    problem.put_retry_after(&mut response);
    response
}

/// A question of version 1: who asks, and its fields.
struct Asked {
    caller: Caller,
    fields: Map<String, Value>,
}

impl Asked {
    /// The key is looked for in the headers first, where nothing has to be read for it; else it is
    /// the `token` of a small body. What it may not do is refused before the rest is looked at.
    async fn read(
        gateway: &Arc<Gateway>,
        request: Request,
        scope: Scope,
    ) -> Result<Asked, Problem> {
        let (mut parts, body) = request.into_parts();
        let Ok(info) = RequestInfo::from_request_parts(&mut parts, gateway).await;
        let of_headers = Caller::of_headers(&parts.headers, info.clone(), gateway);
        // A key that is known and may not now, because it is too fast, is not another one's.
        if of_headers
            .as_ref()
            .is_err_and(|it| it.status != StatusCode::UNAUTHORIZED)
        {
            return Err(of_headers.err().unwrap_or_else(Problem::internal));
        }
        if let Ok(caller) = &of_headers {
            caller.needs(scope)?;
        }
        let request = Request::from_parts(parts, body);
        let fields = body::fields_before_the_key(gateway, request).await?;
        let mut fields = fields.unwrap_or_default();
        let token = match fields.remove("token") {
            Some(Value::String(token)) if !token.trim().is_empty() => Some(token),
            _ => None,
        };
        let caller = match (of_headers, token) {
            (Ok(caller), _) => caller,
            (Err(_), Some(token)) => Caller::of_key(token.trim(), info, gateway)?,
            (Err(problem), None) => return Err(problem),
        };
        caller.needs(scope)?;
        Ok(Asked { caller, fields })
    }

    fn text(&self, name: &str) -> Result<String, Problem> {
        let text = match self.fields.get(name) {
            Some(Value::String(text)) => text.trim().to_owned(),
            Some(Value::Number(number)) => number.to_string(),
            _ => String::new(),
        };
        required(name, text)
    }

    fn ruc(&self, name: &str) -> Result<Ruc, Problem> {
        parse_ruc(&self.caller, name, &self.text(name)?)
    }

    fn date(&self, name: &str) -> Result<Date, Problem> {
        parse_date(&self.text(name)?).map_err(|error| Problem::of_date(name, error))
    }
}

/// The caller whose key is in the headers, else in `token`.
async fn who(
    parts: &mut Parts,
    gateway: &Arc<Gateway>,
    token: Option<&str>,
) -> Result<Caller, Problem> {
    match (Caller::from_request_parts(parts, gateway).await, token) {
        (Err(problem), Some(token)) if problem.status == StatusCode::UNAUTHORIZED => {
            let Ok(info) = RequestInfo::from_request_parts(parts, gateway).await;
            Caller::of_key(token, info, gateway)
        }
        (caller, _) => caller,
    }
}

fn parse_ruc(caller: &Caller, name: &str, text: &str) -> Result<Ruc, Problem> {
    Ruc::parse_with(text, &caller.lenient_rules()).map_err(|error| Problem::of_ruc(name, &error))
}

/// A field that has to be there.
fn required(name: &str, text: String) -> Result<String, Problem> {
    if text.is_empty() {
        return Err(Problem::of_field(
            name,
            "campo_requerido",
            format!("el campo {name} es obligatorio"),
            format!("the field {name} is required"),
        ));
    }
    Ok(text)
}

/// "There is none", as version 1 and 2 say it.
fn refused(error: AppError) -> Result<Response, Problem> {
    let error = match error {
        AppError::Lookup(error) if error.is_not_found() => error,
        error => return Err(error.into()),
    };
    let body = json!({"success": false, "message": words_of(&error)});
    Ok((StatusCode::NOT_FOUND, Json(body)).into_response())
}

/// The upstream's own words for an explicit "no", else ours.
fn words_of(error: &Error) -> String {
    let words = error.upstream_message().filter(|text| !text.is_empty());
    words.map_or_else(|| error.hinted(chaski_core::Lang::Es), str::to_owned)
}

fn taxpayer(taxpayer: &Taxpayer) -> Value {
    let mut body = json!({"success": true});
    for (name, value) in taxpayer_fields(taxpayer) {
        body[name] = value.as_deref().unwrap_or("-").into();
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

/// Asks, and answers with `body` or with the upstream's "there is none".
async fn answer<L: Lookup>(
    caller: &Caller,
    question: &L,
    body: impl FnOnce(&L::Answer) -> Value,
) -> Result<Response, Problem>
where
    MigoDialect: Upstream<L>,
{
    match caller.app.ask(question, &caller.ask()).await {
        Ok(found) => Ok(Json(body(&found.value)).into_response()),
        Err(error) => refused(error),
    }
}

/// `POST /v1/ruc`
pub(in crate::http) async fn ruc(
    State(gateway): Gate,
    request: Request,
) -> Result<Response, Problem> {
    let asked = Asked::read(&gateway, request, Scope::Consultas).await?;
    answer(&asked.caller, &RucQuery(asked.ruc("ruc")?), taxpayer).await
}

/// `GET /v2/ruc/{ruc}`
pub(in crate::http) async fn ruc_v2(
    caller: Caller,
    Path(ruc): Path<String>,
) -> Result<Response, Problem> {
    let ruc = parse_ruc(&caller, "ruc", &ruc)?;
    caller.needs(Scope::Consultas)?;
    answer(&caller, &RucQuery(ruc), taxpayer).await
}

/// `POST /v1/ruc/collection`
pub(in crate::http) async fn rucs(
    State(gateway): Gate,
    request: Request,
) -> Result<Response, Problem> {
    let asked = Asked::read(&gateway, request, Scope::Consultas).await?;
    let caller = &asked.caller;
    let Some(Value::Array(items)) = asked.fields.get("ruc") else {
        return Err(Problem::of_field(
            "ruc",
            "campo_requerido",
            "debe ser una lista de RUC",
            "must be a list of RUCs",
        ));
    };
    if items.len() > MOST_RUCS {
        return Err(Problem::of_field(
            "ruc",
            "lista_demasiado_larga",
            "hasta 100 RUC por llamada",
            "at most 100 RUCs a call",
        ));
    }
    let rules = caller.lenient_rules();
    let texts: Vec<String> = items
        .iter()
        .map(|item| {
            item.as_str()
                .map_or_else(|| item.to_string(), str::to_owned)
        })
        .collect();
    let parsed: Vec<_> = texts
        .iter()
        .map(|text| Ruc::parse_with(text, &rules))
        .collect();
    let rucs: Vec<Ruc> = parsed
        .iter()
        .filter_map(|it| it.as_ref().ok().copied())
        .collect();
    let outcomes = caller.app.lookup_rucs(&rucs, &caller.ask()).await;
    // A list of which nothing could be asked is an outage, not a list of unknown numbers.
    if let Some(Err(error)) = outcomes.iter().find(|it| is_outage(it))
        && outcomes.iter().all(is_outage)
    {
        return Err(error.clone().into());
    }
    let mut outcomes = outcomes.into_iter();
    let answers = texts.iter().zip(&parsed).map(|(text, parsed)| {
        let outcome = parsed.is_ok().then(|| outcomes.next()).flatten();
        match outcome {
            Some(Ok(found)) => taxpayer(&found.value),
            Some(Err(error)) => json!({
                "success": false,
                "ruc": text,
                "message": words_of(&error),
            }),
            None => json!({"success": false, "ruc": text, "message": "RUC no válido"}),
        }
    });
    Ok(Json(answers.collect::<Vec<_>>()).into_response())
}

fn is_outage<A>(outcome: &Result<A, Error>) -> bool {
    outcome.as_ref().is_err_and(|error| !error.is_not_found())
}

/// `POST /v1/dni`
pub(in crate::http) async fn dni(
    State(gateway): Gate,
    request: Request,
) -> Result<Response, Problem> {
    let asked = Asked::read(&gateway, request, Scope::Dni).await?;
    let text = asked.text("dni")?;
    let purpose = asked.fields.get("motivo").and_then(Value::as_str);
    one_dni(&asked.caller, &text, purpose).await
}

/// `GET /v2/dni/{dni}`
pub(in crate::http) async fn dni_v2(
    caller: Caller,
    Path(dni): Path<String>,
) -> Result<Response, Problem> {
    one_dni(&caller, &dni, None).await
}

async fn one_dni(caller: &Caller, text: &str, purpose: Option<&str>) -> Result<Response, Problem> {
    caller.needs(Scope::Dni)?;
    let dni: Dni = text
        .parse()
        .map_err(|error| Problem::of_dni("dni", &error))?;
    let mut ask = caller.ask();
    crate::http::kit::parameters::put_purpose(&mut ask, purpose)?;
    match caller.app.ask(&DniQuery(dni), &ask).await {
        Ok(found) => Ok(Json(json!({
            "success": true,
            "dni": dni.as_str(),
            "nombre": found.value.nombre,
        }))
        .into_response()),
        Err(error) => refused(error),
    }
}

/// `POST /v1/exchange/latest`
pub(in crate::http) async fn latest(
    State(gateway): Gate,
    request: Request,
) -> Result<Response, Problem> {
    let asked = Asked::read(&gateway, request, Scope::Consultas).await?;
    answer(&asked.caller, &LatestRateQuery, rate).await
}

/// `GET /v2/tipo-cambio/sunat/ultimo`
pub(in crate::http) async fn latest_v2(caller: Caller) -> Result<Response, Problem> {
    caller.needs(Scope::Consultas)?;
    answer(&caller, &LatestRateQuery, rate).await
}

/// `POST /v1/exchange/date`
pub(in crate::http) async fn on_date(
    State(gateway): Gate,
    request: Request,
) -> Result<Response, Problem> {
    let asked = Asked::read(&gateway, request, Scope::Consultas).await?;
    let day = asked.date("fecha")?;
    rate_on(&asked.caller, day, RateSource::Sunat, Currency::Usd).await
}

type QueryMap = Query<std::collections::HashMap<String, String>>;

fn of_query(query: &QueryMap, name: &str) -> Result<String, Problem> {
    let text = query.0.get(name).map(|text| text.trim());
    required(name, text.unwrap_or_default().to_owned())
}

/// `GET /v2/tipo-cambio/sunat?fecha=`
pub(in crate::http) async fn on_date_v2(
    caller: Caller,
    query: QueryMap,
) -> Result<Response, Problem> {
    let day = parse_date(&of_query(&query, "fecha")?)
        .map_err(|error| Problem::of_date("fecha", error))?;
    rate_on(&caller, day, RateSource::Sunat, Currency::Usd).await
}

/// `GET /v2/tipo-cambio/sbs?fecha=&moneda=`
pub(in crate::http) async fn sbs_v2(caller: Caller, query: QueryMap) -> Result<Response, Problem> {
    let day = parse_date(&of_query(&query, "fecha")?)
        .map_err(|error| Problem::of_date("fecha", error))?;
    let currency = Currency::parse(&of_query(&query, "moneda")?).ok_or_else(|| {
        Problem::of_field(
            "moneda",
            "parametro_invalido",
            "debe ser USD o EUR",
            "must be USD or EUR",
        )
    })?;
    rate_on(&caller, day, RateSource::Sbs, currency).await
}

/// As the upstream, it says nothing for a day on which nothing was published.
async fn rate_on(
    caller: &Caller,
    day: Date,
    source: RateSource,
    currency: Currency,
) -> Result<Response, Problem> {
    caller.needs(Scope::Consultas)?;
    let question = RateQuery {
        fecha: day,
        fuente: source,
        moneda: currency,
    };
    let found = caller.app.ask(&question, &caller.ask()).await;
    match found {
        Ok(found) if found.value.fecha_publicacion == day => {
            Ok(Json(rate(&found.value)).into_response())
        }
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => {
            let message = "No hay tipo de cambio publicado para esa fecha";
            let body = json!({"success": false, "message": message});
            Ok((StatusCode::NOT_FOUND, Json(body)).into_response())
        }
    }
}

/// `POST /v1/exchange`
pub(in crate::http) async fn range(
    State(gateway): Gate,
    request: Request,
) -> Result<Response, Problem> {
    let asked = Asked::read(&gateway, request, Scope::Consultas).await?;
    let question = RatesQuery {
        desde: asked.date("fecha_inicio")?,
        hasta: asked.date("fecha_fin")?,
    };
    answer(&asked.caller, &question, |rates| {
        let data: Vec<_> = rates.iter().map(rate).collect();
        json!({"success": true, "data": data})
    })
    .await
}

/// `POST /v1/ruc/representantes-legales`
pub(in crate::http) async fn representatives(
    State(gateway): Gate,
    request: Request,
) -> Result<Response, Problem> {
    let asked = Asked::read(&gateway, request, Scope::Dni).await?;
    let ruc = asked.ruc("ruc")?;
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
        |all| json!({"success": true, "data": all.iter().map(one).collect::<Vec<_>>()}),
    )
    .await
}

/// `GET /v1/ruc/actividad/{ruc}?token=`: the one address that carries a token; logs never show it.
pub(in crate::http) async fn activity(
    State(gateway): Gate,
    Path(ruc): Path<String>,
    query: QueryMap,
    request: Request,
) -> Result<Response, Problem> {
    let (mut parts, _) = request.into_parts();
    let token = query.0.get("token").map(String::as_str);
    let caller = who(&mut parts, &gateway, token).await?;
    caller.needs(Scope::Consultas)?;
    let ruc = parse_ruc(&caller, "ruc", &ruc)?;
    answer(&caller, &ActivityQuery(ruc), |activity| {
        let mut body = json!({"success": true, "ruc": ruc.as_str()});
        if let (Value::Object(body), Ok(Value::Object(fields))) = (&mut body, to_value(activity)) {
            body.extend(fields);
        }
        body
    })
    .await
}

/// `POST /v1/ruc/agentes-retencion`
pub(in crate::http) async fn agents(
    State(gateway): Gate,
    request: Request,
) -> Result<Response, Problem> {
    member(&gateway, request, List::WithholdingAgents).await
}

/// `POST /v1/ruc/buenos-contribuyentes`
pub(in crate::http) async fn good(
    State(gateway): Gate,
    request: Request,
) -> Result<Response, Problem> {
    member(&gateway, request, List::GoodTaxpayers).await
}

async fn member(gateway: &Arc<Gateway>, request: Request, list: List) -> Result<Response, Problem> {
    let asked = Asked::read(gateway, request, Scope::Consultas).await?;
    let ruc = asked.ruc("ruc")?;
    answer(&asked.caller, &ListQuery { list, ruc }, |membership| {
        json!({
            "success": true,
            "ruc": ruc.as_str(),
            "a_partir_del": membership.a_partir_del,
            "resolucion": membership.resolucion,
        })
    })
    .await
}

/// `POST /v1/cpe`
pub(in crate::http) async fn cpe(
    State(gateway): Gate,
    request: Request,
) -> Result<Response, Problem> {
    let asked = Asked::read(&gateway, request, Scope::Consultas).await?;
    let wrong = |field: &str| {
        Problem::of_field(
            field,
            "campo_invalido",
            "no es de la forma esperada",
            "is not of the expected shape",
        )
    };
    let query = CpeQuery {
        ruc_emisor: asked.ruc("ruc_emisor")?,
        tipo_comprobante: asked.text("tipo_comprobante")?,
        serie: asked.text("serie")?,
        numero: asked.text("numero")?.parse().map_err(|_| wrong("numero"))?,
        fecha_emision: asked.date("fecha_emision")?,
        monto: asked
            .text("monto")?
            .parse::<Decimal>()
            .map_err(|_| wrong("monto"))?,
    };
    answer(&asked.caller, &query, |state| {
        let state = match state {
            CpeState::NotFound => "0",
            CpeState::Accepted => "1",
            CpeState::Cancelled => "2",
            CpeState::Unknown(raw) => raw,
        };
        json!({"success": true, "estado_comprobante": state})
    })
    .await
}

/// `POST /v1/account`
pub(in crate::http) async fn account(
    State(gateway): Gate,
    request: Request,
) -> Result<Response, Problem> {
    let asked = Asked::read(&gateway, request, Scope::Auditoria).await?;
    let caller = &asked.caller;
    match caller.app.find_account(&caller.ask()).await {
        Ok(found) => Ok(Json(json!({
            "success": true,
            "nombre": found.value.nombre,
            "email": found.value.email,
            "consultas": found.value.consultas,
        }))
        .into_response()),
        Err(error) => refused(error),
    }
}
