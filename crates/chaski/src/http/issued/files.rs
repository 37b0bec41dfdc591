//! The files of a document: what people print, the signed XML, and SUNAT's receipt.

use axum::body::Body;
use axum::extract::Path;
use axum::response::Response;
use bytes::Bytes;
use chaski_client::FileKind;
use http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, IF_RANGE, RANGE,
};
use http::{HeaderMap, HeaderValue, StatusCode};
use std::ops::Range;

use super::document_of;
use super::family::Family;
use super::refusals::problem;
use crate::app::issuing::KeptFile;
use crate::app::keys::Scope;
use crate::http::kit::{Caller, Problem, Problems};

/// What people print
#[utoipa::path(
    get,
    path = "/api/v1/comprobantes/{id}/pdf",
    operation_id = "descargar_pdf_de_comprobante",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = Vec<u8>, content_type = "application/pdf"), Problems)
)]
pub(in crate::http) async fn pdf(
    caller: Caller,
    family: Family,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    file(&caller, family, &id, FileKind::Pdf, &headers).await
}

/// The signed XML
#[utoipa::path(
    get,
    path = "/api/v1/comprobantes/{id}/xml",
    operation_id = "descargar_xml_de_comprobante",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = Vec<u8>, content_type = "application/xml"), Problems)
)]
pub(in crate::http) async fn xml(
    caller: Caller,
    family: Family,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    file(&caller, family, &id, FileKind::Xml, &headers).await
}

/// SUNAT's receipt
#[utoipa::path(
    get,
    path = "/api/v1/comprobantes/{id}/cdr",
    operation_id = "descargar_cdr_de_comprobante",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = Vec<u8>, content_type = "application/xml"), Problems)
)]
pub(in crate::http) async fn cdr(
    caller: Caller,
    family: Family,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    file(&caller, family, &id, FileKind::Cdr, &headers).await
}

async fn file(
    caller: &Caller,
    family: Family,
    id: &str,
    kind: FileKind,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    caller.needs(Scope::Comprobantes)?;
    let document = document_of(caller, family, id).await?;
    let ask = caller.ask();
    let room = caller.app.room_of_document(&document, &ask).await;
    let room = room.map_err(problem)?;
    let file = room.document_file(&document, kind).await.map_err(problem)?;
    Ok(served(file.ok_or_else(not_yet)?, headers))
}

pub(super) fn not_yet() -> Problem {
    Problem::new(
        "archivo_todavia_no",
        "ese archivo todavía no existe; «siguiente» del documento dice cuándo se pregunta por él",
        "there is no such file yet; \"siguiente\" of the document says when it is asked about",
    )
}

/// A file, the part of it that is wanted, or word that the caller has it already (RFC 9110).
pub(in crate::http) fn served(file: KeptFile, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", file.hash);
    let length = file.content.len();
    let text = |name| {
        headers
            .get(name)
            .and_then(|it: &HeaderValue| it.to_str().ok())
    };
    let mut response = Response::new(Body::empty());
    let known = text(IF_NONE_MATCH).is_some_and(|it| {
        let same = |it: &str| it.trim() == "*" || it.trim().trim_start_matches("W/") == tag;
        it.split(',').any(same)
    });
    // A part is of this content only if the caller says so, or does not care.
    let of_this = text(IF_RANGE).is_none_or(|it| it.trim() == tag);
    let part = text(RANGE).filter(|_| of_this);
    let part = part.map_or(Part::Whole, |it| wanted_part(it, length));
    let kind = match file.kind {
        FileKind::Pdf => "application/pdf",
        FileKind::Xml | FileKind::Cdr => "application/xml",
    };
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    } else {
        let content = Bytes::from(file.content);
        match part {
            Part::Whole => *response.body_mut() = Body::from(content),
            Part::Some(range) => {
                *response.status_mut() = StatusCode::PARTIAL_CONTENT;
                let last = range.end - 1;
                let said = format!("bytes {}-{last}/{length}", range.start);
                put(&mut response, CONTENT_RANGE, &said);
                *response.body_mut() = Body::from(content.slice(range));
            }
            Part::Outside => {
                *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
                put(&mut response, CONTENT_RANGE, &format!("bytes */{length}"));
            }
        }
        put(&mut response, CONTENT_TYPE, kind);
        let name = safe_name(&file.name);
        let disposition = format!("attachment; filename=\"{name}\"");
        put(&mut response, CONTENT_DISPOSITION, &disposition);
    }
    put(&mut response, ETAG, &tag);
    put(&mut response, ACCEPT_RANGES, "bytes");
    put(&mut response, CACHE_CONTROL, "private, no-cache");
    response
}

fn put(response: &mut Response, name: http::HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::from_str(text) {
        response.headers_mut().insert(name, value);
    }
}

/// A name that no header and no file system takes for anything else.
fn safe_name(name: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let name: String = name
        .chars()
        .map(|c| if plain(c) { c } else { '_' })
        .collect();
    name.trim_start_matches('.').to_owned()
}

/// Which part of a file is wanted.
#[derive(Debug, PartialEq, Eq)]
enum Part {
    Whole,
    Some(Range<usize>),
    Outside,
}

/// One range; several, or what cannot be read, is the whole.
fn wanted_part(text: &str, length: usize) -> Part {
    let Some(spec) = text.trim().strip_prefix("bytes=") else {
        return Part::Whole;
    };
    let Some((first, last)) = spec.trim().split_once('-') else {
        return Part::Whole;
    };
    let number = |it: &str| -> Option<usize> {
        let digits = !it.is_empty() && it.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| it.parse().unwrap_or(usize::MAX))
    };
    let (first, last) = (first.trim(), last.trim());
    let range = match (number(first), number(last)) {
        (Some(first), None) if last.is_empty() => first..length,
        (Some(first), Some(last)) if first <= last => first..last.saturating_add(1).min(length),
        (None, Some(count)) if first.is_empty() => length.saturating_sub(count)..length,
        _ => return Part::Whole,
    };
    if range.start < range.end {
        Part::Some(range)
    } else {
        Part::Outside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_they_are_written() {
        let check =
            |text: &str, expected: Part| assert_eq!(wanted_part(text, 10), expected, "{text}");
        check("bytes=0-3", Part::Some(0..4));
        check("bytes=4-", Part::Some(4..10));
        check("bytes=-3", Part::Some(7..10));
        check("bytes=-30", Part::Some(0..10));
        check("bytes=2-99", Part::Some(2..10));
        check("bytes=10-", Part::Outside);
        check("bytes=99-100", Part::Outside);
        check("bytes=-0", Part::Outside);
        check("bytes=3-2", Part::Whole);
        check("bytes=0-1,3-4", Part::Whole);
        check("lines=0-1", Part::Whole);
        check("bytes=a-b", Part::Whole);
        check("bytes=99999999999999999999999-", Part::Outside);
    }

    #[test]
    fn names_break_nothing() {
        assert_eq!(
            safe_name("20603274742-01-FFF1-1.pdf"),
            "20603274742-01-FFF1-1.pdf"
        );
        assert_eq!(safe_name("a\"; x=\"\r\n/..ñ"), "a___x_____.._");
        assert_eq!(safe_name("../x"), "_x");
    }
}
