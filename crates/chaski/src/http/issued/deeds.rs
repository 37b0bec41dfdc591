//! What is done about a document that is here: asked about, voided, sent again, given up, corrected,
//! repeated.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, Query, Request};
use axum::response::{IntoResponse, Response};
use chaski_client::DocumentState;
use chaski_core::invoicing::{CorrectionScope, read_decimal};
use http::StatusCode;
use rust_decimal::Decimal;
use serde::Deserialize;
use utoipa::IntoParams;

use super::family::Family;
use super::refusals::{problem, wrong};
use super::submit::rehearsed;
use super::{document_of, rights_of, told};
use crate::api::checked::CheckedData;
use crate::api::issued::{CorrectionWanted, IssuedData, VoidWanted};
use crate::app::invoices::{CorrectionWish, InvoiceError, InvoicePlan, InvoiceRoom, WantedInvoice};
use crate::app::issuing::AcceptOptions;
use crate::app::keys::Scope;
use crate::http::kit::{Caller, Given, Problem, Problems, bad_query, body, date, nobody};
use crate::store::DocumentRow;

/// Ask now how a document stands
#[utoipa::path(
    post,
    path = "/api/v1/comprobantes/{id}/consultar",
    operation_id = "consultar_comprobante",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = IssuedData), Problems)
)]
pub(in crate::http) async fn ask(
    caller: Caller,
    family: Family,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Comprobantes)?;
    let document = document_of(&caller, family, &id).await?;
    let ask = caller.ask();
    let asked = caller.app.ask_about_document(&document, &ask);
    let document = asked.await.map_err(problem)?;
    told(&caller, &document, StatusCode::OK).await
}

/// Void a document
///
/// Once, however often it is asked for; that of a boleta that SUNAT does not know yet waits. `anulacion` of
/// the document says how it stands.
#[utoipa::path(
    post,
    path = "/api/v1/comprobantes/{id}/anular",
    operation_id = "anular_comprobante",
    params(("id" = Uuid, Path, description = "Identifier")),
    request_body = VoidWanted,
    responses((status = 202, body = IssuedData), Problems)
)]
pub(in crate::http) async fn void(
    caller: Caller,
    family: Family,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    caller.needs(Scope::Anular)?;
    let document = document_of(&caller, family, &id).await?;
    let wanted: VoidWanted = body::json(request).await?;
    let room = room(&caller, &document).await?;
    let handed = room.void_document_later(&document, &wanted.motivo, caller.owner());
    handed.await.map_err(problem)?;
    let document = document_of(&caller, family, &id).await?;
    told(&caller, &document, StatusCode::ACCEPTED).await
}

/// Send a document again
///
/// One that was given back, or whose number was a stranger's: then it takes the next.
#[utoipa::path(
    post,
    path = "/api/v1/comprobantes/{id}/reintentar",
    operation_id = "reintentar_comprobante",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 202, body = IssuedData), Problems)
)]
pub(in crate::http) async fn retry(
    caller: Caller,
    family: Family,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Emitir)?;
    let document = document_of(&caller, family, &id).await?;
    let document = caller
        .app
        .retry_document(&document)
        .await
        .map_err(problem)?;
    told(&caller, &document, StatusCode::ACCEPTED).await
}

/// Put another version in the place of one that came to nothing
///
/// It keeps its key, its series and, where it is free still, its number. What exists is corrected by a note,
/// and what is in doubt is left alone until it is known.
#[utoipa::path(
    put,
    path = "/api/v1/comprobantes/{id}",
    operation_id = "editar_comprobante",
    params(("id" = Uuid, Path, description = "Identifier")),
    request_body(content = Object, example = json!({
        "tipo": "boleta", "serie": "BBB1",
        "cliente": { "tipo": "1", "numero": "00000001", "nombre": "CLIENTE DE PRUEBA" },
        "precios_con_igv": true,
        "items": [{ "descripcion": "SERVICIO", "unidad": "ZZ", "cantidad": 1, "precio": "118.00" }]
    })),
    responses((status = 202, body = IssuedData), Problems)
)]
pub(in crate::http) async fn edit(
    caller: Caller,
    family: Family,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    caller.needs(Scope::Emitir)?;
    let document = document_of(&caller, family, &id).await?;
    let value = super::submit::document_json(&caller, request).await?;
    let room = room(&caller, &document).await?;
    let plan = room.plan_edit(&document, value).await.map_err(problem)?;
    let edited = match plan {
        InvoicePlan::Wrong(checked) => return Err(wrong(&checked.hallazgos)),
        InvoicePlan::Before(_) => document,
        InvoicePlan::Ready(ready) => {
            let edited = room.edit_document(&document, &ready).await;
            edited.map_err(problem)?
        }
    };
    told(&caller, &edited, StatusCode::ACCEPTED).await
}

/// Give a document up before it exists
#[utoipa::path(
    post,
    path = "/api/v1/comprobantes/{id}/liberar",
    operation_id = "liberar_comprobante",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = IssuedData), Problems)
)]
pub(in crate::http) async fn release(
    caller: Caller,
    family: Family,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Emitir)?;
    let document = document_of(&caller, family, &id).await?;
    let document = caller
        .app
        .release_document(&document)
        .await
        .map_err(problem)?;
    told(&caller, &document, StatusCode::OK).await
}

/// Issue the note that corrects a document
///
/// The same wish again is the same note.
#[utoipa::path(
    post,
    path = "/api/v1/comprobantes/{id}/corregir",
    operation_id = "corregir_comprobante",
    params(("id" = Uuid, Path, description = "Identifier"), CorrectionHow),
    request_body = CorrectionWanted,
    responses(
        (status = 200, body = CheckedData, description = "It was only rehearsed"),
        (status = 202, body = IssuedData, headers(("location" = String, description = "Its address"))),
        Problems
    )
)]
pub(in crate::http) async fn correct(
    caller: Caller,
    family: Family,
    Path(id): Path<String>,
    how: Given<CorrectionHow>,
    request: Request,
) -> Result<Response, Problem> {
    caller.needs(Scope::Emitir)?;
    let Query(how) = how.map_err(bad_query)?;
    let document = document_of(&caller, family, &id).await?;
    let wanted: CorrectionWanted = body::json(request).await?;
    let wish = CorrectionWish {
        wanted: named(&document)?,
        scope: scope(&wanted)?,
        motivo: wanted.motivo,
        debit: wanted.debito,
        sustento: wanted.sustento,
        serie: wanted.serie,
        fecha: wanted
            .fecha
            .as_deref()
            .map(|it| date("fecha", it))
            .transpose()?,
        another: wanted.otra,
    };
    let room = room(&caller, &document).await?;
    let plan = room.correct_invoice(&wish).await.map_err(problem)?;
    if how.ensayo {
        let rehearsed = rehearsed(&caller, &room, plan).await?;
        return Ok(Json(rehearsed).into_response());
    }
    carried_out(&caller, &room, plan).await
}

/// Whether a note is only rehearsed.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct CorrectionHow {
    /// Only say what it would come to: nothing is stored and no number is taken.
    #[serde(default)]
    ensayo: bool,
}

/// How a document is repeated.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct RepeatWanted {
    /// Its day of issue; today if it is not said.
    fecha: Option<String>,
    /// One more than was made of it for that day.
    #[serde(default)]
    otra: bool,
    /// Only say what it would come to: nothing is stored and no number is taken.
    #[serde(default)]
    ensayo: bool,
}

/// Issue the same once more, on another day
///
/// The same wish again is the same document.
#[utoipa::path(
    post,
    path = "/api/v1/comprobantes/{id}/duplicar",
    operation_id = "duplicar_comprobante",
    params(("id" = Uuid, Path, description = "Identifier"), RepeatWanted),
    responses(
        (status = 200, body = CheckedData, description = "It was only rehearsed"),
        (status = 202, body = IssuedData, headers(("location" = String, description = "Its address"))),
        Problems
    )
)]
pub(in crate::http) async fn repeat(
    caller: Caller,
    family: Family,
    Path(id): Path<String>,
    wanted: Given<RepeatWanted>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Emitir)?;
    let Query(wanted) = wanted.map_err(bad_query)?;
    let document = document_of(&caller, family, &id).await?;
    let fecha = wanted
        .fecha
        .as_deref()
        .map(|it| date("fecha", it))
        .transpose()?;
    let room = room(&caller, &document).await?;
    let named = named(&document)?;
    let plan = room.replicate_invoice(&named, fecha, wanted.otra).await;
    let plan = plan.map_err(problem)?;
    if wanted.ensayo {
        let rehearsed = rehearsed(&caller, &room, plan).await?;
        return Ok(Json(rehearsed).into_response());
    }
    carried_out(&caller, &room, plan).await
}

async fn room<'a>(caller: &'a Caller, document: &DocumentRow) -> Result<InvoiceRoom<'a>, Problem> {
    let ask = caller.ask();
    let room = caller.app.room_of_document(document, &ask).await;
    room.map_err(problem)
}

/// Takes a document on that was made out of another.
async fn carried_out(
    caller: &Caller,
    room: &InvoiceRoom<'_>,
    plan: InvoicePlan,
) -> Result<Response, Problem> {
    let rights = rights_of(caller);
    let id = match plan {
        InvoicePlan::Wrong(checked) => return Err(wrong(&checked.hallazgos)),
        InvoicePlan::Before(entry) => entry.id,
        InvoicePlan::Ready(ready) => {
            if !rights.allow(ready.document.serie().unwrap_or_default()) {
                return Err(problem(InvoiceError::SeriesNotTheirs.into()));
            }
            let options = AcceptOptions {
                // The key is made of the wish, which tells the same one apart already.
                twin_allowed: true,
                renumber: true,
                key_id: caller.owner(),
                ..AcceptOptions::default()
            };
            let handed = room.accept_invoice(&ready, &options).await;
            handed.map_err(problem)?.document.id
        }
    };
    let document = caller
        .app
        .document_within(id, &rights)
        .await
        .map_err(problem)?;
    told(caller, &document.ok_or_else(nobody)?, StatusCode::ACCEPTED).await
}

/// The name of a document that exists.
fn named(document: &DocumentRow) -> Result<WantedInvoice, Problem> {
    document.must_be_known().map_err(|it| problem(it.into()))?;
    let state = document.state;
    let absent = matches!(
        state,
        DocumentState::Queued
            | DocumentState::Held
            | DocumentState::Returned
            | DocumentState::Conflict
            | DocumentState::Released
    );
    let id = document.nubefact_id().filter(|_| !absent);
    let id = id.ok_or_else(|| problem(InvoiceError::NotInThatState(state).into()))?;
    Ok(WantedInvoice {
        kind: Some(id.kind),
        serie: id.serie.to_string(),
        numero: id.numero,
    })
}

/// What of the document is corrected, if it was said.
fn scope(wanted: &CorrectionWanted) -> Result<Option<CorrectionScope>, Problem> {
    if wanted.todo {
        return Ok(Some(CorrectionScope::Whole));
    }
    if let Some(amount) = &wanted.importe {
        return Ok(Some(CorrectionScope::Amount(decimal("importe", amount)?)));
    }
    if !wanted.lineas.is_empty() {
        let mut amounts = BTreeMap::new();
        let mut quantities = BTreeMap::new();
        for line in &wanted.lineas {
            let place = line
                .linea
                .checked_sub(1)
                .ok_or_else(|| not_read("lineas"))?;
            match (&line.importe, &line.cantidad) {
                (Some(amount), None) => drop(amounts.insert(place, decimal("lineas", amount)?)),
                (None, Some(quantity)) => {
                    quantities.insert(place, Some(decimal("lineas", quantity)?));
                }
                (None, None) => drop(quantities.insert(place, None)),
                (Some(_), Some(_)) => return Err(not_read("lineas")),
            }
        }
        return match (amounts.is_empty(), quantities.is_empty()) {
            (true, _) => Ok(Some(CorrectionScope::Lines(quantities))),
            (false, true) => Ok(Some(CorrectionScope::LineAmounts(amounts))),
            (false, false) => Err(not_read("lineas")),
        };
    }
    if wanted.cuotas.is_empty() {
        return Ok(None);
    }
    let cuotas = wanted.cuotas.iter();
    let schedule =
        cuotas.map(|it| Ok((date("cuotas", &it.fecha)?, decimal("cuotas", &it.importe)?)));
    let schedule = schedule.collect::<Result<_, Problem>>()?;
    Ok(Some(CorrectionScope::Schedule(schedule)))
}

fn decimal(field: &str, text: &str) -> Result<Decimal, Problem> {
    read_decimal(text.trim()).map_err(|_| not_read(field))
}

fn not_read(field: &str) -> Problem {
    Problem::wrong_field(
        field,
        "no se entiende; las líneas se cuentan desde 1, con cantidad o con importe, y los importes llevan punto decimal",
        "not understood; lines count from 1, with a quantity or an amount, and amounts have a decimal point",
    )
}
