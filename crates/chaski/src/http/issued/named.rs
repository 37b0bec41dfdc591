//! Documents by their name, whoever issued them: series and number, as people say them.

use axum::Json;
use axum::extract::{Path, Query, Request};
use axum::response::Response;
use chaski_client::{FileKind, NubefactId};
use chaski_core::Ruc;
use http::{HeaderMap, StatusCode};

use super::files::{not_yet, served};
use super::refusals::problem;
use super::submit::issuer_ruc;
use super::{read, rights_of, told};
use crate::api::issued::IssuedData;
use crate::api::told::{NameWanted, NamedVoidWanted, ToldData};
use crate::app::invoices::{InvoiceError, InvoiceRoom, WantedInvoice};
use crate::app::keys::Scope;
use crate::http::issued::series::OfIssuer;
use crate::http::kit::{Caller, Given, JsonAnswer, Problem, Problems, bad_query, body, nobody};

/// The document that bears a name
///
/// One that was issued from here. A bare name is the sale where there is one: `FFF1-1`; a note is named with
/// its kind: `nc:FFF1-1`.
#[utoipa::path(
    get,
    path = "/api/v1/comprobantes/por-nombre/{nombre}",
    operation_id = "ver_comprobante_por_nombre",
    params(("nombre" = String, Path, description = "Name, such as `FFF1-1` or `nc:FFF1-1`"), OfIssuer),
    responses((status = 200, body = IssuedData), Problems)
)]
pub(in crate::http) async fn one(
    caller: Caller,
    Path(nombre): Path<String>,
    wanted: Given<OfIssuer>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Comprobantes)?;
    let Query(wanted) = wanted.map_err(bad_query)?;
    let (room, name) = room(&caller, &nombre, wanted.empresa.as_deref()).await?;
    let document = room.document_named(&name).await.map_err(problem)?;
    told(&caller, &document, StatusCode::OK).await
}

/// Ask now how a document stands, by its name
///
/// Also one that was issued elsewhere: Nubefact is asked. What is in doubt is decided by it.
#[utoipa::path(
    post,
    path = "/api/v1/comprobantes/consultar",
    operation_id = "consultar_comprobante_por_nombre",
    request_body = NameWanted,
    responses((status = 200, body = ToldData), Problems)
)]
pub(in crate::http) async fn ask(caller: Caller, request: Request) -> JsonAnswer<ToldData> {
    caller.needs(Scope::Comprobantes)?;
    let wanted: NameWanted = body::json(request).await?;
    let (room, name) = room(&caller, &wanted.comprobante, wanted.empresa.as_deref()).await?;
    let found = room.consult_invoice(&name).await.map_err(problem)?;
    let sent = room.issued(&found.id).await.ok();
    let document = sent.as_ref().map(|it| &it.document);
    caller.app.documents_moved();
    Ok(Json(ToldData::consulted(
        &found,
        document,
        caller.info.lang,
    )))
}

/// Void a document, by its name
///
/// Also one that was issued elsewhere. Answers with what came of it, which may take a minute; `code` says why
/// it could not be.
#[utoipa::path(
    post,
    path = "/api/v1/comprobantes/anular",
    operation_id = "anular_comprobante_por_nombre",
    request_body = NamedVoidWanted,
    responses((status = 200, body = ToldData), Problems)
)]
pub(in crate::http) async fn void(caller: Caller, request: Request) -> JsonAnswer<ToldData> {
    caller.needs(Scope::Anular)?;
    let wanted: NamedVoidWanted = body::json(request).await?;
    let (room, name) = room(&caller, &wanted.comprobante, wanted.empresa.as_deref()).await?;
    let voided = room.void_by_queue(&name, &wanted.motivo, caller.owner());
    let voided = voided.await.map_err(problem)?;
    Ok(Json(ToldData::voided(&voided, caller.info.lang)))
}

/// A file of the document that bears a number
///
/// Also of one that was issued elsewhere.
#[utoipa::path(
    get,
    path = "/api/v1/comprobantes/por-numero/{tipo}/{serie}/{numero}/{archivo}",
    operation_id = "descargar_archivo_de_comprobante_por_numero",
    params(
        ("tipo" = String, Path, description = "Kind, such as `factura`, or its code of catálogo 01"),
        ("serie" = String, Path, description = "Series"),
        ("numero" = u32, Path, description = "Number"),
        ("archivo" = String, Path, description = "`pdf`, `xml` or `cdr`"),
        OfIssuer
    ),
    responses(
        (status = 200, content((Vec<u8> = "application/pdf"), (Vec<u8> = "application/xml"))),
        Problems
    )
)]
pub(in crate::http) async fn file(
    caller: Caller,
    Path((tipo, serie, numero, archivo)): Path<(String, String, String, String)>,
    wanted: Given<OfIssuer>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.needs(Scope::Comprobantes)?;
    let Query(wanted) = wanted.map_err(bad_query)?;
    let kinds = [FileKind::Pdf, FileKind::Xml, FileKind::Cdr];
    let names = ["pdf", "xml", "cdr"];
    let file = names.into_iter().zip(kinds).find(|(it, _)| *it == archivo);
    let (_, file) = file.ok_or_else(nobody)?;
    let numero: u32 = numero.parse().map_err(|_| nobody())?;
    let id = NubefactId::new(read::kind(&tipo)?, &serie, numero).map_err(|_| nobody())?;
    let name = WantedInvoice {
        kind: Some(id.kind),
        serie: id.serie.to_string(),
        numero,
    };
    let issuer = wanted.empresa.as_deref().map(issuer_ruc).transpose()?;
    let room = room_of(&caller, &name, issuer.as_ref()).await?;
    let found = room.download_files(&name, &[file]).await;
    let mut files = found.map_err(problem)?.files.into_iter();
    let file = files.next().and_then(|(_, file)| file);
    Ok(served(file.ok_or_else(not_yet)?, &headers))
}

/// The room of the company that is meant, and the name as it is read.
async fn room<'a>(
    caller: &'a Caller,
    name: &str,
    empresa: Option<&str>,
) -> Result<(InvoiceRoom<'a>, WantedInvoice), Problem> {
    let name: WantedInvoice = name
        .parse()
        .map_err(|error: InvoiceError| problem(error.into()))?;
    let issuer = empresa.map(issuer_ruc).transpose()?;
    let room = room_of(caller, &name, issuer.as_ref()).await?;
    Ok((room, name))
}

/// The same where the name was read; another's series does not exist.
async fn room_of<'a>(
    caller: &'a Caller,
    name: &WantedInvoice,
    issuer: Option<&Ruc>,
) -> Result<InvoiceRoom<'a>, Problem> {
    let (rights, ask) = (rights_of(caller), caller.ask());
    if !rights.allow(&name.serie) {
        return Err(nobody());
    }
    let room = caller.app.room_within(issuer, &rights, &ask).await;
    room.map_err(problem)
}
