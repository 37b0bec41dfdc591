//! Pass-through: APIMIGO's own protocol, both versions. A client changes its base URL and puts a
//! Chaski key where its token was; it gains memory, quota and audit.
//!
//! Version 1 takes the token in the body (form or JSON) or as a bearer; version 2 as a bearer.

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
use chaski_core::{Currency, ExchangeRate, RateSource, Ruc, Taxpayer};
use http::{HeaderMap, StatusCode};
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json, to_value};

use super::put_taxpayer;
use crate::api::cpe::CpeData;
use crate::app::AppError;
use crate::app::keys::Scope;
use crate::hints::Hinted;
use crate::http::Gateway;
use crate::http::kit::{Caller, Problem, RequestInfo, body, date, put_purpose, read_dni, read_ruc};

/// Where it lives.
pub(crate) const BASE: &str = "/compat/migo/api";

pub(crate) fn is_path(path: &str) -> bool {
    path.starts_with(BASE)
}

/// An error as APIMIGO words it.
pub(crate) fn render(problem: &Problem, info: &RequestInfo) -> Response {
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
pub(crate) struct MigoQuestion {
    caller: Caller,
    fields: Map<String, Value>,
}

impl MigoQuestion {
    /// The key is looked for in the headers first, where nothing has to be read for it; else it is
    /// the `token` of a small body. What it may not do is refused before the rest is looked at.
    async fn read(
        gateway: &Arc<Gateway>,
        request: Request,
        scope: Scope,
    ) -> Result<MigoQuestion, Problem> {
        let info = request.extensions().get::<RequestInfo>();
        let info = info.cloned().unwrap_or_default();
        let of_headers = Caller::of_headers(request.headers(), info.clone(), gateway);
        match &of_headers {
            Ok(caller) => caller.needs(scope)?,
            Err(problem) if key_may_be_elsewhere(problem) => {}
            Err(problem) => return Err(problem.clone()),
        }
        let fields = body::fields_before_the_key(gateway, request).await?;
        let mut fields = fields.unwrap_or_default();
        let token = fields.remove("token");
        let token = token.as_ref().and_then(Value::as_str).map(str::trim);
        let token = token.filter(|token| !token.is_empty());
        let caller = who(of_headers, token, info, gateway)?;
        caller.needs(scope)?;
        Ok(MigoQuestion { caller, fields })
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
        read_ruc(name, &self.text(name)?, &self.caller.lenient_rules())
    }

    fn date(&self, name: &str) -> Result<Date, Problem> {
        date(name, &self.text(name)?)
    }
}

/// Whether a key may be in another place than the headers. One that is known and may not now, because
/// it is too fast, is not another one's.
fn key_may_be_elsewhere(problem: &Problem) -> bool {
    problem.status == StatusCode::UNAUTHORIZED
}

/// The caller whose key is in the headers, else in `token`.
fn who(
    of_headers: Result<Caller, Problem>,
    token: Option<&str>,
    info: RequestInfo,
    gateway: &Gateway,
) -> Result<Caller, Problem> {
    match (of_headers, token) {
        (Err(problem), Some(token)) if key_may_be_elsewhere(&problem) => {
            Caller::of_key(token, info, gateway)
        }
        (caller, _) => caller,
    }
}

/// A field that has to be there.
fn required(name: &str, text: String) -> Result<String, Problem> {
    if text.is_empty() {
        return Err(Problem::missing_field(
            name,
            format!("el campo {name} es obligatorio"),
            format!("the field {name} is required"),
        ));
    }
    Ok(text)
}

/// What was found, as `body` writes it, or "there is none", as version 1 and 2 say it.
fn told<A>(
    outcome: Result<Found<A>, AppError>,
    body: impl FnOnce(&A) -> Value,
) -> Result<Response, Problem> {
    match outcome {
        Ok(found) => Ok(Json(body(&found.value)).into_response()),
        Err(AppError::Lookup(error)) if error.is_not_found() => Ok(none(&words_of(&error))),
        Err(error) => Err(error.into()),
    }
}

fn none(message: &str) -> Response {
    let body = json!({"success": false, "message": message});
    (StatusCode::NOT_FOUND, Json(body)).into_response()
}

/// The upstream's own words for an explicit "no", else ours.
fn words_of(error: &Error) -> String {
    let words = error.upstream_message().filter(|text| !text.is_empty());
    words.map_or_else(|| error.hinted(chaski_core::Lang::Es), str::to_owned)
}

fn taxpayer(taxpayer: &Taxpayer) -> Value {
    let mut body = json!({"success": true});
    put_taxpayer(&mut body, taxpayer);
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
    body: impl FnOnce(&L::Answer) -> Value,
) -> Result<Response, Problem>
where
    MigoDialect: Upstream<L>,
{
    told(caller.app.ask(question, &caller.ask()).await, body)
}

/// `POST /v1/ruc`
pub(crate) async fn ruc(asked: MigoQuestion) -> Result<Response, Problem> {
    answer(&asked.caller, &RucQuery(asked.ruc("ruc")?), taxpayer).await
}

/// `GET /v2/ruc/{ruc}`
pub(crate) async fn ruc_v2(caller: Caller, Path(ruc): Path<String>) -> Result<Response, Problem> {
    let ruc = read_ruc("ruc", &ruc, &caller.lenient_rules())?;
    caller.needs(Scope::Consultas)?;
    answer(&caller, &RucQuery(ruc), taxpayer).await
}

/// `POST /v1/ruc/collection`
pub(crate) async fn rucs(asked: MigoQuestion) -> Result<Response, Problem> {
    let caller = &asked.caller;
    let Some(Value::Array(items)) = asked.fields.get("ruc") else {
        return Err(Problem::missing_field(
            "ruc",
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
    let parse = |item: &Value| {
        let text = item.as_str();
        let text = text.map_or_else(|| item.to_string(), str::to_owned);
        let ruc = Ruc::parse_with(&text, &rules).ok();
        (text, ruc)
    };
    let wanted: Vec<_> = items.iter().map(parse).collect();
    let rucs: Vec<Ruc> = wanted.iter().filter_map(|(_, ruc)| *ruc).collect();
    let outcomes = caller.app.lookup_rucs(&rucs, &caller.ask()).await;
    // A list of which nothing could be asked is an outage, not a list of unknown numbers.
    if let Some(Err(error)) = outcomes.iter().find(|it| is_outage(it))
        && outcomes.iter().all(is_outage)
    {
        return Err(error.clone().into());
    }
    let mut outcomes = outcomes.into_iter();
    let answers = wanted.iter().map(|(text, ruc)| {
        let message = match ruc.and_then(|_| outcomes.next()) {
            Some(Ok(found)) => return taxpayer(&found.value),
            Some(Err(error)) => words_of(&error),
            None => "RUC no válido".to_owned(),
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
    let text = asked.text("dni")?;
    let purpose = asked.fields.get("motivo").and_then(Value::as_str);
    one_dni(&asked.caller, &text, purpose).await
}

/// `GET /v2/dni/{dni}`
pub(crate) async fn dni_v2(caller: Caller, Path(dni): Path<String>) -> Result<Response, Problem> {
    one_dni(&caller, &dni, None).await
}

async fn one_dni(caller: &Caller, text: &str, purpose: Option<&str>) -> Result<Response, Problem> {
    caller.needs(Scope::Dni)?;
    let dni = read_dni(text)?;
    let mut ask = caller.ask();
    put_purpose(&mut ask, purpose)?;
    told(
        caller.app.ask(&DniQuery(dni), &ask).await,
        |person| json!({"success": true, "dni": dni.as_str(), "nombre": person.nombre}),
    )
}

/// `POST /v1/exchange/latest`
pub(crate) async fn latest(asked: MigoQuestion) -> Result<Response, Problem> {
    answer(&asked.caller, &LatestRateQuery, rate).await
}

/// `GET /v2/tipo-cambio/sunat/ultimo`
pub(crate) async fn latest_v2(caller: Caller) -> Result<Response, Problem> {
    caller.needs(Scope::Consultas)?;
    answer(&caller, &LatestRateQuery, rate).await
}

/// `POST /v1/exchange/date`
pub(crate) async fn on_date(asked: MigoQuestion) -> Result<Response, Problem> {
    let day = asked.date("fecha")?;
    rate_on(&asked.caller, day, RateSource::Sunat, Currency::Usd).await
}

type QueryMap = Query<std::collections::HashMap<String, String>>;

fn of_query(query: &QueryMap, name: &str) -> Result<String, Problem> {
    let text = query.0.get(name).map(|text| text.trim());
    required(name, text.unwrap_or_default().to_owned())
}

/// `GET /v2/tipo-cambio/sunat?fecha=`
pub(crate) async fn on_date_v2(caller: Caller, query: QueryMap) -> Result<Response, Problem> {
    let day = date("fecha", &of_query(&query, "fecha")?)?;
    rate_on(&caller, day, RateSource::Sunat, Currency::Usd).await
}

/// `GET /v2/tipo-cambio/sbs?fecha=&moneda=`
pub(crate) async fn sbs_v2(caller: Caller, query: QueryMap) -> Result<Response, Problem> {
    let day = date("fecha", &of_query(&query, "fecha")?)?;
    let currency = Currency::parse(&of_query(&query, "moneda")?).ok_or_else(|| {
        Problem::wrong_parameter("moneda", "debe ser USD o EUR", "must be USD or EUR")
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
    match caller.app.ask(&question, &caller.ask()).await {
        Ok(found) if found.value.fecha_publicacion == day => {
            Ok(Json(rate(&found.value)).into_response())
        }
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(none("No hay tipo de cambio publicado para esa fecha")),
    }
}

/// `POST /v1/exchange`
pub(crate) async fn range(asked: MigoQuestion) -> Result<Response, Problem> {
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
pub(crate) async fn representatives(asked: MigoQuestion) -> Result<Response, Problem> {
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
pub(crate) async fn activity(
    State(gateway): Gate,
    Path(ruc): Path<String>,
    query: QueryMap,
    info: RequestInfo,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let token = query.0.get("token").map(String::as_str);
    let of_headers = Caller::of_headers(&headers, info.clone(), &gateway);
    let caller = who(of_headers, token, info, &gateway)?;
    caller.needs(Scope::Consultas)?;
    let ruc = read_ruc("ruc", &ruc, &caller.lenient_rules())?;
    answer(&caller, &ActivityQuery(ruc), |activity| {
        let mut body = json!({"success": true, "ruc": ruc.as_str()});
        if let (Value::Object(body), Ok(Value::Object(fields))) = (&mut body, to_value(activity)) {
            body.extend(fields);
        }
        body
    })
    .await
}

/// `POST /v1/ruc/agentes-retencion` and `POST /v1/ruc/buenos-contribuyentes`
pub(crate) async fn member(asked: MigoQuestion, list: List) -> Result<Response, Problem> {
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
pub(crate) async fn cpe(asked: MigoQuestion) -> Result<Response, Problem> {
    let wrong = |field: &str| {
        Problem::wrong_field(
            field,
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
        let state = CpeData::of(state).estado_comprobante;
        json!({"success": true, "estado_comprobante": state})
    })
    .await
}

/// `POST /v1/account`
pub(crate) async fn account(asked: MigoQuestion) -> Result<Response, Problem> {
    let caller = &asked.caller;
    told(caller.app.find_account(&caller.ask()).await, |account| {
        json!({
            "success": true,
            "nombre": account.nombre,
            "email": account.email,
            "consultas": account.consultas,
        })
    })
}
