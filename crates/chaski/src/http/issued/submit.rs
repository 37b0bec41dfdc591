//! A document handed over, or only looked at.

use std::time::Duration;

use axum::Json;
use axum::extract::{Query, Request};
use axum::response::Response;
use chaski_core::Ruc;
use chaski_core::invoicing::{InvoiceFinding, JsonValue, Known, check as check_bytes};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::family::Family;
use super::refusals::{SOON, problem, wrong};
use super::{IssuerWanted, PREFERENCE_APPLIED, answer, rights_of, settled};
use crate::api::checked::CheckedData;
use crate::api::issued::{DocumentFindingData, IssuedData};
use crate::api::told::ToldData;
use crate::app::AppError;
use crate::app::invoices::{
    InvoiceError, InvoicePlan, InvoiceRoom, IssueWish, ReadyInvoice, nubefact_kind,
};
use crate::app::issuing::{AcceptOptions, HandedOver, is_known};
use crate::app::keys::Scope;
use crate::app::once::Alone;
use crate::http::kit::{
    Caller, Given, JsonAnswer, MOST_BYTES, Problem, Problems, bad_query, body, nobody, once,
};

const ALLOW_DUPLICATE: HeaderName = HeaderName::from_static("chaski-allow-duplicate");
const PREFER: HeaderName = HeaderName::from_static("prefer");
/// Longest wait for an outcome.
const MOST_PATIENCE: u64 = 60;
/// Longest name of a sale.
const MOST_REFERENCIA: usize = 200;

/// How a document is handed over.
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "describes headers that are read by hand")]
pub(in crate::http) struct HandOverWanted {
    /// Any text of 1 to 255 visible ASCII characters, another one for each document. The same one again is
    /// the same document, for as long as there is the document; without it, the content is the key.
    #[param(
        rename = "Idempotency-Key",
        min_length = 1,
        max_length = 255,
        pattern = "^[!-~]+$"
    )]
    idempotency_key: Option<String>,
    /// `wait=N`: answer with the outcome, if it is known within so many seconds, at most 60.
    #[param(rename = "Prefer", example = "wait=20")]
    prefer: Option<String>,
    /// `true`: it is another sale although one with the same customer, lines and total came within ten
    /// minutes.
    #[param(rename = "Chaski-Allow-Duplicate")]
    allow_duplicate: Option<bool>,
}

/// A document that is ours, and what was remarked on it.
pub(in crate::http) struct TakenOn {
    pub(in crate::http) handed: HandedOver,
    findings: Vec<InvoiceFinding>,
    /// Until the answer is made, the same key gets 409.
    _alone: Option<Alone>,
}

/// What came in a body, and for whom.
struct Arrived {
    value: JsonValue,
    referencia: Option<String>,
    issuer: Option<Ruc>,
}

/// Hand over a document
///
/// In the simple form or in Nubefact's own JSON. It is issued once, whatever fails between. Answers 202
/// once it is durable; with `Prefer: wait=N`, 201 with the outcome where it is known by then. What is wrong
/// with it is a 422 with `errors`, and nothing is stored.
#[utoipa::path(
    post,
    path = "/api/v1/comprobantes",
    operation_id = "emitir_comprobante",
    params(HandOverWanted, IssuerWanted),
    request_body(content = Object, example = json!({
        "tipo": "boleta", "cliente": { "tipo": "1", "numero": "00000001", "nombre": "CLIENTE DE PRUEBA" },
        "precios_con_igv": true,
        "items": [{ "descripcion": "SERVICIO", "unidad": "ZZ", "cantidad": 1, "precio": "118.00" }],
        "referencia": "pedido-1"
    })),
    responses(
        (status = 202, body = IssuedData, headers(("location" = String, description = "Its address"))),
        (status = 201, body = IssuedData, headers(("location" = String, description = "Its address"))),
        (status = 200, body = IssuedData),
        Problems
    )
)]
pub(in crate::http) async fn submit(
    caller: Caller,
    family: Family,
    wanted: Given<IssuerWanted>,
    request: Request,
) -> Result<Response, Problem> {
    // 1. Who asks, and how.
    caller.needs(Scope::Emitir)?;
    let Query(wanted) = wanted.map_err(bad_query)?;
    let patience = patience(request.headers());
    // 2. Ours from here on, or before.
    let taken = hand_over(&caller, family, wanted, request).await?;
    // 3. How it stands, or what came of it.
    let HandedOver { document, before } = taken.handed;
    let document = match patience {
        Some(patience) => {
            let outcome = caller.app.wait_for_outcome(document.id, patience);
            outcome.await.map_err(problem)?
        }
        None => document,
    };
    let told = before || patience.is_some();
    let status = match (is_known(document.state) && told, before) {
        (false, _) => StatusCode::ACCEPTED,
        (true, false) => StatusCode::CREATED,
        (true, true) => StatusCode::OK,
    };
    let lang = caller.info.lang;
    let found = taken.findings.iter();
    let data = IssuedData {
        hallazgos: found.map(|it| DocumentFindingData::of(it, lang)).collect(),
        ..IssuedData::of(&caller.app, &document)
    };
    let data = settled(&caller, &document, data).await?;
    let mut response = answer(status, &document, &data);
    if before {
        let yes = HeaderValue::from_static("true");
        response.headers_mut().insert(once::REPLAYED, yes);
    }
    let applied = patience.map(|it| HeaderValue::from_str(&format!("wait={}", it.as_secs())));
    if let Some(Ok(applied)) = applied {
        response.headers_mut().insert(PREFERENCE_APPLIED, applied);
    }
    Ok(response)
}

/// Takes on what comes in a request, durable when this returns, with what was remarked on it; or says which
/// document it was before. A twin under the same key has to come back.
pub(in crate::http) async fn hand_over(
    caller: &Caller,
    family: Family,
    wanted: IssuerWanted,
    request: Request,
) -> Result<TakenOn, Problem> {
    // 1. Under which key.
    let headers = request.headers().clone();
    let key = once::key(&headers)?.map(|it| String::from_utf8_lossy(it).into_owned());
    // 2. What comes.
    let arrived = arrived(caller, wanted, request).await?;
    let (rights, ask) = (rights_of(caller), caller.ask());
    let room = caller
        .app
        .room_within(arrived.issuer.as_ref(), &rights, &ask);
    let room = room.await.map_err(problem)?;
    let alone = key.as_deref();
    let alone = alone.map(|key| once::alone(&caller.app, &room.issuer.ruc, key));
    let alone = alone.transpose()?;
    let wish = IssueWish {
        value: arrived.value,
        key,
        another: false,
    };
    let plan = room.plan_invoice(wish).await.map_err(problem)?;
    // 3. Ours from here on, or before.
    let options = AcceptOptions {
        referencia: arrived.referencia,
        twin_allowed: headers.get(ALLOW_DUPLICATE).is_some_and(|it| it == "true"),
        renumber: true,
        key_id: caller.owner(),
        ..AcceptOptions::default()
    };
    let (handed, findings) = match plan {
        InvoicePlan::Wrong(checked) => return Err(wrong(&checked.hallazgos)),
        InvoicePlan::Ready(ready) => {
            belongs(family, caller, &ready)?;
            let handed = match room.accept_invoice(&ready, &options).await {
                Ok(handed) => handed,
                Err(error) => return Err(refused(caller, error).await),
            };
            (handed, ready.hallazgos)
        }
        InvoicePlan::Before(entry) => {
            let before = caller.app.document_within(entry.id, &rights);
            let document = before.await.map_err(problem)?.ok_or_else(nobody)?;
            let handed = HandedOver {
                document,
                before: true,
            };
            (handed, Vec::new())
        }
    };
    if !rights.allow(&handed.document.series.serie) {
        return Err(problem(InvoiceError::SeriesNotTheirs.into()));
    }
    Ok(TakenOn {
        handed,
        findings,
        _alone: alone,
    })
}

/// Why it was not taken on; a twin of what nobody knows yet is known soon.
async fn refused(caller: &Caller, error: AppError) -> Problem {
    let twin = match &error {
        AppError::Invoice(InvoiceError::ProbablyTwice(_, id)) => Some(*id),
        _ => None,
    };
    let problem = problem(error);
    let Some(id) = twin else { return problem };
    let found = caller.app.document_within(id, &rights_of(caller)).await;
    match found {
        Ok(Some(twin)) if !is_known(twin.state) => problem.after(SOON),
        _ => problem,
    }
}

/// How a document is looked at.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct CheckWanted {
    /// RUC of who issues.
    empresa: Option<String>,
    /// Say also what handing it over would come to: under which number, or which document it is already.
    #[serde(default)]
    ensayo: bool,
    /// As one more of what was issued before under the same content.
    #[serde(default)]
    otra: bool,
}

/// Check a document without issuing it
///
/// What would be sent and everything that is to be said of it. Nothing is stored and no number is taken.
#[utoipa::path(
    post,
    path = "/api/v1/comprobantes/validar",
    operation_id = "validar_comprobante",
    params(CheckWanted),
    request_body(content = Object, example = json!({
        "tipo": "boleta", "cliente": { "tipo": "1", "numero": "00000001", "nombre": "CLIENTE DE PRUEBA" },
        "precios_con_igv": true,
        "items": [{ "descripcion": "SERVICIO", "unidad": "ZZ", "cantidad": 1, "precio": "118.00" }]
    })),
    responses((status = 200, body = CheckedData), Problems)
)]
pub(in crate::http) async fn check(
    caller: Caller,
    wanted: Given<CheckWanted>,
    request: Request,
) -> JsonAnswer<CheckedData> {
    caller.needs(Scope::Emitir)?;
    let Query(wanted) = wanted.map_err(bad_query)?;
    let key = once::key(request.headers())?.map(|it| String::from_utf8_lossy(it).into_owned());
    let was_named = wanted.empresa.is_some();
    let of = IssuerWanted {
        empresa: wanted.empresa,
        referencia: None,
    };
    let arrived = arrived(&caller, of, request).await?;
    let (rights, ask) = (rights_of(&caller), caller.ask());
    let room = caller
        .app
        .room_within(arrived.issuer.as_ref(), &rights, &ask);
    let room = match room.await {
        Ok(room) => Some(room),
        // A document may be checked before anybody issues here.
        Err(AppError::Invoice(InvoiceError::NoIssuer)) if !was_named && !wanted.ensayo => None,
        Err(error) => return Err(problem(error)),
    };
    if let Some(room) = room.as_ref().filter(|_| wanted.ensayo) {
        let wish = IssueWish {
            value: arrived.value,
            key,
            another: wanted.otra,
        };
        let plan = room.plan_invoice(wish).await.map_err(problem)?;
        return rehearsed(&caller, room, plan).await.map(Json);
    }
    let app = &caller.app;
    let checked = app.check_invoice(room.as_ref(), arrived.value, &ask);
    let checked = checked.await.map_err(problem)?;
    let (mode, lang) = (caller.app.mode, caller.info.lang);
    Ok(Json(CheckedData::of(&checked, mode, lang)))
}

/// What a plan comes to; nothing is handed over.
pub(super) async fn rehearsed(
    caller: &Caller,
    room: &InvoiceRoom<'_>,
    plan: InvoicePlan,
) -> Result<CheckedData, Problem> {
    let (mode, lang) = (caller.app.mode, caller.info.lang);
    match plan {
        InvoicePlan::Wrong(checked) => Ok(CheckedData::of(&checked, mode, lang)),
        InvoicePlan::Before(entry) => {
            if !rights_of(caller).allow(&entry.series.serie) {
                return Err(problem(InvoiceError::SeriesNotTheirs.into()));
            }
            let issued = room.issued(&entry.document()).await.map_err(problem)?;
            Ok(CheckedData::before(ToldData::before(&issued, lang), room))
        }
        InvoicePlan::Ready(ready) => {
            let serie = ready.document.serie().unwrap_or_default();
            if !rights_of(caller).allow(serie) {
                return Err(problem(InvoiceError::SeriesNotTheirs.into()));
            }
            Ok(CheckedData::ready(&ready, room, lang))
        }
    }
}

/// The document of a body.
pub(super) async fn document_json(
    caller: &Caller,
    mut request: Request,
) -> Result<JsonValue, Problem> {
    if body::kind(&request).as_deref() != Some("application/json") {
        return Err(body::unknown_kind("application/json"));
    }
    let bytes = body::read(&mut request, MOST_BYTES).await?;
    JsonValue::parse(&bytes).map_err(|_| {
        let checked = check_bytes(&bytes, caller.app.clock.now(), &Known::default());
        wrong(&checked.hallazgos)
    })
}

/// The document of a body, and for whom and under which name it is.
async fn arrived(
    caller: &Caller,
    wanted: IssuerWanted,
    request: Request,
) -> Result<Arrived, Problem> {
    let mut value = document_json(caller, request).await?;
    let mut named = wanted.referencia;
    if let JsonValue::Object(object) = &mut value
        && let Some(given) = object.remove("referencia")
        && !given.is_absent()
    {
        // A number is no name: 7 and 07 would be two, or one.
        let JsonValue::Text(text) = given else {
            return Err(bad_referencia());
        };
        named = Some(text.to_string());
    }
    let long = |it: &String| it.trim().is_empty() || it.chars().count() > MOST_REFERENCIA;
    if named.as_ref().is_some_and(long) {
        return Err(bad_referencia());
    }
    let emisor = value.as_object().and_then(|it| it.present("emisor"));
    let emisor = emisor.and_then(JsonValue::as_str);
    let issuer = match wanted.empresa {
        Some(typed) => Some(issuer_ruc(&typed)?),
        // One that is no RUC has its finding in the check.
        None => emisor.and_then(|it| it.trim().parse().ok()),
    };
    Ok(Arrived {
        value,
        referencia: named.map(|it| it.trim().to_owned()),
        issuer,
    })
}

/// The RUC of a company that issues, as an address or a body names it.
pub(super) fn issuer_ruc(typed: &str) -> Result<Ruc, Problem> {
    typed.parse().map_err(|error: chaski_core::RucError| {
        Problem::of_value("empresa", error.code(), |lang| error.message(lang))
    })
}

fn bad_referencia() -> Problem {
    Problem::wrong_field(
        "referencia",
        "debe ser un texto de 1 a 200 caracteres",
        "must be a text of 1 to 200 characters",
    )
}

/// Whether this address and this key issue such a document.
fn belongs(family: Family, caller: &Caller, ready: &ReadyInvoice) -> Result<(), Problem> {
    let document = &ready.document;
    if !nubefact_kind(document.kind()).is_some_and(|kind| family.has(kind)) {
        return Err(Problem::wrong_field(
            "tipo",
            "este documento no es de los de esta dirección; use /api/v1/comprobantes",
            "this document is none of those of this address; use /api/v1/comprobantes",
        ));
    }
    let serie = document.serie().unwrap_or_default();
    if !rights_of(caller).allow(serie) {
        return Err(problem(InvoiceError::SeriesNotTheirs.into()));
    }
    Ok(())
}

/// How long the caller wants to wait (RFC 7240).
fn patience(headers: &HeaderMap) -> Option<Duration> {
    let all = headers.get_all(PREFER).iter();
    let mut wanted = all
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split([',', ';']))
        .filter_map(|it| it.trim().strip_prefix("wait="));
    let seconds: u64 = wanted.next()?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds.min(MOST_PATIENCE)))
}
