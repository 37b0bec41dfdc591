//! The view of the system that Chaski replaces which issues an invoice, in its shape. It was wired to no path
//! there; here it is `POST /api/comprobantes/generar/`. What it takes is handed over as at our own address.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Query, Request};
use axum::response::{IntoResponse, Response};
use chaski_client::{DocumentState, FileKind};
use chaski_core::{Lang, Text};
use http::StatusCode;
use serde_json::{Map, Value, json};

use crate::app::keys::Scope;
use crate::app::relay::{RelayRefusal, Relayed};
use crate::http::issued::IssuerWanted;
use crate::http::issued::family::Family;
use crate::http::issued::files::served;
use crate::http::issued::refusals::problem;
use crate::http::issued::submit::hand_over;
use crate::http::kit::{Caller, Given, Problem, RequestInfo, bad_query};
use crate::store::DocumentRow;

/// Where it lives, with and without a slash at the end.
pub(crate) const PATH: &str = "/api/comprobantes/generar";

pub(crate) fn is_path(path: &str) -> bool {
    path.strip_suffix('/').unwrap_or(path) == PATH
}

/// An error as the original words it, and what is new beside it.
pub(crate) fn render(problem: &Problem, info: &RequestInfo) -> Response {
    let errors = problem.errors.iter().map(|it| {
        json!({
            "field": it.field,
            "code": it.code,
            "detail": it.text(info.lang),
        })
    });
    let body = json!({
        "status": "error",
        "message": problem.text(info.lang),
        "code": problem.code,
        "errors": errors.collect::<Vec<_>>(),
        "retryable": problem.retryable,
        "request_id": info.id.as_str(),
    });
    // The original knows one status for whatever is wrong with an invoice.
    let status = match problem.status.as_u16() {
        409 | 422 => StatusCode::BAD_REQUEST,
        _ => problem.status,
    };
    let mut response = (status, Json(body)).into_response();
    problem.put_retry_after(&mut response);
    response
}

/// `POST /api/comprobantes/generar/`
pub(crate) async fn issue(
    caller: Caller,
    family: Family,
    query: Given<HashMap<String, String>>,
    request: Request,
) -> Result<Response, Problem> {
    // 1. Who asks, and how.
    caller.needs(Scope::Emitir)?;
    let Query(mut query) = query.map_err(bad_query)?;
    let pdf_wanted = query.get("include_pdf").is_some_and(|it| is_yes(it));
    let wanted = IssuerWanted {
        empresa: query.remove("empresa"),
        referencia: query.remove("referencia"),
    };
    // 2. Ours from here on, or before; and what came of it.
    let taken = hand_over(&caller, family, wanted, request).await?;
    let patience = caller.app.config.nubefact_patience;
    let outcome = caller
        .app
        .wait_for_outcome(taken.handed.document.id, patience);
    let document = outcome.await.map_err(problem)?;
    let ask = caller.ask();
    let room = caller.app.room_of_document(&document, &ask).await;
    let room = room.map_err(problem)?;
    let told = room.told_of(&document).await.map_err(problem)?;
    let lang = caller.info.lang;
    let fields = match told {
        Relayed::Told(fields) => fields,
        Relayed::Refused(refusal) => return Ok(refused(&document, &refusal, lang)),
    };
    if document.state == DocumentState::Rejected {
        return Ok(rejected(&document, &fields, lang));
    }
    // 3. The file, or what Nubefact said.
    let file = if pdf_wanted {
        let file = room.document_file(&document, FileKind::Pdf).await;
        // That it cannot be had now takes nothing from the document.
        file.unwrap_or_default()
    } else {
        None
    };
    if let Some(file) = file {
        return Ok(served(file, &http::HeaderMap::new()));
    }
    let codigo = room.codigo_unico_of(&document).await.map_err(problem)?;
    let link = fields.get("enlace_del_pdf").and_then(Value::as_str);
    let body = json!({
        "status": "success",
        "invoice_id": document.id,
        "codigo_unico": codigo,
        "pdf_generated": link.is_some_and(|it| !it.is_empty()),
        "nubefact_response": fields,
    });
    Ok(Json(body).into_response())
}

fn is_yes(text: &str) -> bool {
    let text = text.trim().to_lowercase();
    matches!(text.as_str(), "true" | "1" | "si" | "sí" | "on" | "yes")
}

/// It is not issued, or not for all we know.
fn refused(document: &DocumentRow, refusal: &RelayRefusal, lang: Lang) -> Response {
    let (status, message) = match refusal.codigo {
        // The account is the server's, not the caller's.
        10..=12 | 50 | 51 => (StatusCode::INTERNAL_SERVER_ERROR, refusal.text.clone()),
        40 => (StatusCode::INTERNAL_SERVER_ERROR, not_known_yet(document)),
        _ => (StatusCode::BAD_REQUEST, refusal.text.clone()),
    };
    let body = json!({
        "status": "error",
        "message": message.pick(lang),
        "codigo": refusal.codigo,
        "invoice_id": document.id,
    });
    (status, Json(body)).into_response()
}

fn not_known_yet(document: &DocumentRow) -> Text {
    let name = document.name();
    chaski_core::text!(
        "{name} está recibido y todavía no se sabe si quedó emitido; envíe lo mismo otra vez para saberlo: no se emite dos veces",
        "{name} was taken on and it is not known yet whether it was issued; send the same again to know: it is not issued twice"
    )
}

/// It exists and its number is spent, and it is worth nothing.
fn rejected(document: &DocumentRow, fields: &Map<String, Value>, lang: Lang) -> Response {
    let name = document.name();
    let said = fields.get("sunat_description").and_then(Value::as_str);
    let said = said.unwrap_or_default();
    let message: Text = chaski_core::text!(
        "SUNAT rechazó {name}: {said}; corríjalo y envíelo con otro número",
        "SUNAT rejected {name}: {said}; correct it and send it under another number"
    );
    let body = json!({
        "status": "error",
        "message": message.pick(lang),
        "invoice_id": document.id,
        "nubefact_response": fields,
    });
    (StatusCode::BAD_REQUEST, Json(body)).into_response()
}
