//! Documents found and watched.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use chaski_client::{DocumentState, JournalDeed, SeriesName};
use futures_util::{FutureExt, StreamExt};
use http::header::LINK;
use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use utoipa::IntoParams;

use super::family::Family;
use super::refusals::problem;
use super::submit::issuer_ruc;
use super::{IssuerWanted, document_of, rights_of, told};
use crate::api::issued::{DocumentNotice, IssuedData, IssuedPage, IssuedWanted};
use crate::app::invoices::kind_named;
use crate::app::keys::Scope;
use crate::http::Gateway;
use crate::http::kit::{
    Caller, Given, JsonAnswer, Problem, Problems, bad_query, body, cursor, date, limit, nobody,
    shaped,
};
use crate::store::{DocumentFilter, Listed};

/// Which documents are wanted. A customer's number does not stand in an address: see the search.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct IssuedFilter {
    /// State, such as `PENDIENTE_SUNAT`.
    estado: Option<String>,
    /// Kind, such as `factura`.
    tipo: Option<String>,
    /// Series, such as `F001`.
    serie: Option<String>,
    /// First day of issue.
    desde: Option<String>,
    /// Last day of issue.
    hasta: Option<String>,
    /// The caller's own name for the sale.
    referencia: Option<String>,
    /// RUC of who issues.
    empresa: Option<String>,
    /// Rows, 1 to 250.
    #[param(minimum = 1, maximum = 250)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Documents that were issued, newest first
#[utoipa::path(
    get,
    path = "/api/v1/comprobantes",
    operation_id = "listar_comprobantes",
    params(IssuedFilter),
    responses(
        (status = 200, body = IssuedPage, headers(("link" = String, description = "The next page, as `rel=\"next\"`"))),
        Problems
    )
)]
pub(in crate::http) async fn list(
    caller: Caller,
    family: Family,
    uri: http::Uri,
    wanted: Given<IssuedFilter>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Comprobantes)?;
    let Query(it) = wanted.map_err(bad_query)?;
    let wanted = IssuedWanted {
        estado: it.estado,
        tipo: it.tipo,
        serie: it.serie,
        desde: it.desde,
        hasta: it.hasta,
        cliente: None,
        referencia: it.referencia,
        empresa: it.empresa,
        limit: it.limit,
        cursor: it.cursor,
    };
    let page = page(&caller, family, wanted).await?;
    let next = page
        .next_cursor
        .as_deref()
        .and_then(|next| link(&uri, next));
    let mut response = Json(page).into_response();
    if let Some(next) = next {
        response.headers_mut().insert(LINK, next);
    }
    Ok(response)
}

/// The same address with another cursor.
fn link(uri: &http::Uri, next: &str) -> Option<HeaderValue> {
    let query = uri.query().unwrap_or_default();
    let kept = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "cursor");
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(kept)
        .append_pair("cursor", next)
        .finish();
    let path = uri.path();
    HeaderValue::from_str(&format!("<{path}?{query}>; rel=\"next\"")).ok()
}

/// Search documents, also by customer
///
/// The customer's number travels in the body: those of persons must not stand in addresses.
#[utoipa::path(
    post,
    path = "/api/v1/comprobantes/buscar",
    operation_id = "buscar_comprobantes",
    request_body(content = IssuedWanted, example = json!({ "cliente": "20100070970", "estado": "ACEPTADO" })),
    responses((status = 200, body = IssuedPage), Problems)
)]
pub(in crate::http) async fn search(
    caller: Caller,
    family: Family,
    request: Request,
) -> JsonAnswer<IssuedPage> {
    caller.needs(Scope::Comprobantes)?;
    let wanted: IssuedWanted = body::json(request).await?;
    Ok(Json(page(&caller, family, wanted).await?))
}

async fn page(
    caller: &Caller,
    family: Family,
    wanted: IssuedWanted,
) -> Result<IssuedPage, Problem> {
    let day = |name: &str, text: Option<&str>| text.map(|text| date(name, text)).transpose();
    let issuer = wanted.empresa.as_deref().map(issuer_ruc).transpose()?;
    let filter = DocumentFilter {
        issuers: issuer.map(|it| vec![it.as_str().to_owned()]),
        state: wanted.estado.as_deref().map(state).transpose()?,
        kind: wanted.tipo.as_deref().map(kind).transpose()?,
        kinds: family.kinds(),
        serie: wanted.serie.map(|it| it.trim().to_ascii_uppercase()),
        desde: day("desde", wanted.desde.as_deref())?,
        hasta: day("hasta", wanted.hasta.as_deref())?,
        customer: wanted.cliente.map(|it| it.trim().to_owned()),
        referencia: wanted.referencia.map(|it| it.trim().to_owned()),
        ..DocumentFilter::default()
    };
    let limit = limit(wanted.limit)?;
    let cursor = cursor(caller, Listed::Documents, wanted.cursor.as_deref())?;
    let rights = rights_of(caller);
    let page = caller.app.documents_within(filter, &rights, limit, cursor);
    let page = page.await.map_err(problem)?;
    let shape = |it: &_| IssuedData::of(&caller.app, it);
    let (data, next_cursor) = shaped(caller, Listed::Documents, &page, shape)?;
    Ok(IssuedPage {
        data,
        next_cursor,
        mode: caller.app.mode.as_str().into(),
    })
}

fn state(text: &str) -> Result<DocumentState, Problem> {
    DocumentState::from_name(&text.trim().to_ascii_uppercase()).ok_or_else(|| {
        let all = DocumentState::ALL.map(DocumentState::as_str).join(", ");
        Problem::wrong_parameter(
            "estado",
            format!("debe ser uno de estos: {all}"),
            format!("must be one of these: {all}"),
        )
    })
}

pub(super) fn kind(text: &str) -> Result<chaski_client::NubefactKind, Problem> {
    let coded = chaski_client::NubefactKind::of_catalog_01(text.trim());
    kind_named(text).or(coded).ok_or_else(|| {
        Problem::wrong_parameter(
            "tipo",
            "debe ser factura, boleta, nc, nd, guia, guia_transportista, retencion o percepcion",
            "must be factura, boleta, nc, nd, guia, guia_transportista, retencion or percepcion",
        )
    })
}

/// One document, with what happened to it
#[utoipa::path(
    get,
    path = "/api/v1/comprobantes/{id}",
    operation_id = "ver_comprobante",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = IssuedData), Problems)
)]
pub(in crate::http) async fn one(
    caller: Caller,
    family: Family,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Comprobantes)?;
    let document = document_of(&caller, family, &id).await?;
    told(&caller, &document, StatusCode::OK).await
}

/// The document that bears a number
#[utoipa::path(
    get,
    path = "/api/v1/comprobantes/por-numero/{tipo}/{serie}/{numero}",
    operation_id = "ver_comprobante_por_numero",
    params(
        ("tipo" = String, Path, description = "Kind, such as `factura`, or its code of catálogo 01"),
        ("serie" = String, Path, description = "Series"),
        ("numero" = u32, Path, description = "Number"),
        IssuerWanted
    ),
    responses((status = 200, body = IssuedData), Problems)
)]
pub(in crate::http) async fn by_number(
    caller: Caller,
    family: Family,
    Path((tipo, serie, numero)): Path<(String, String, String)>,
    wanted: Given<IssuerWanted>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Comprobantes)?;
    let Query(wanted) = wanted.map_err(bad_query)?;
    let kind = kind(&tipo)?;
    let numero: u32 = numero.parse().map_err(|_| nobody())?;
    let issuer = wanted.empresa.as_deref().map(issuer_ruc).transpose()?;
    let rights = rights_of(&caller);
    let ask = caller.ask();
    let room = caller.app.room_within(issuer.as_ref(), &rights, &ask);
    let room = room.await.map_err(problem)?;
    let serie = serie.trim().to_ascii_uppercase();
    let series = SeriesName::new(room.issuer.ruc.as_str(), kind, &serie);
    let bearers = room.documents_of_number(&series, numero, JournalDeed::Issue);
    let bearers = bearers.await.map_err(problem)?;
    let seen = family.has(kind) && rights.allow(&serie);
    let document = bearers.into_iter().next().filter(|_| seen);
    told(&caller, &document.ok_or_else(nobody)?, StatusCode::OK).await
}

/// A document each time that it changes
///
/// Server-sent events: `cambio` with the document as data, and a last one, `fin`, when nothing more comes of
/// it by itself.
#[utoipa::path(
    get,
    path = "/api/v1/comprobantes/{id}/eventos",
    operation_id = "seguir_comprobante",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = DocumentNotice, content_type = "text/event-stream"), Problems)
)]
pub(in crate::http) async fn events(
    State(gateway): State<Arc<Gateway>>,
    caller: Caller,
    family: Family,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Comprobantes)?;
    let document = document_of(&caller, family, &id).await?;
    let states = caller.app.document_changes(document.id);
    // A document may take days, for which a stop does not wait; its watcher comes back.
    let states = states.take_until(gateway.stopped().boxed());
    let app = Arc::clone(&caller.app);
    let events = states.map(move |state| {
        let it = state.map_err(|error| std::io::Error::other(error.code()))?;
        let named = if it.ended { "fin" } else { "cambio" };
        Event::default()
            .event(named)
            .json_data(IssuedData::with_story(&app, &it.document, &it.story))
            .map_err(std::io::Error::other)
    });
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::default())
        .into_response())
}
