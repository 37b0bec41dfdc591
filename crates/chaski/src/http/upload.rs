//! Files that come in a body and go out in one.

use axum::body::Body;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use tokio::sync::OwnedSemaphorePermit;

use super::Gateway;
use super::body;
use super::problem::Problem;
use crate::sheets::{Limits, OutputFormat};

/// Largest file, bytes.
pub(super) fn most_of_a_file() -> usize {
    usize::try_from(Limits::default().file_bytes).unwrap_or(usize::MAX)
}

/// A place for a body over the usual limit, to be kept for as long as it is in memory; the others
/// need none.
pub(super) async fn place(
    gateway: &Gateway,
    length: Option<u64>,
) -> Result<Option<OwnedSemaphorePermit>, Problem> {
    match length {
        Some(length) if length > body::MOST_BYTES as u64 => {
            Ok(Some(gateway.place_for_a_file().await?))
        }
        _ => Ok(None),
    }
}

/// A form with a file in it, read whole within its time.
pub(super) async fn form(request: Request) -> Result<Multipart, Problem> {
    let headers = request.headers().clone();
    let bytes = body::read(request, most_of_a_file()).await?;
    let mut whole = Request::new(Body::from(bytes));
    *whole.headers_mut() = headers;
    // It is within our limit; the usual one is that of small forms.
    DefaultBodyLimit::disable().apply(&mut whole);
    let form = Multipart::from_request(whole, &()).await;
    form.map_err(|_| broken_form())
}

pub(super) fn broken_form() -> Problem {
    Problem::unreadable("el formulario no se puede leer", "the form cannot be read")
}

pub(super) fn unknown_field(name: &str) -> Problem {
    Problem::of_field(
        name,
        "campo_invalido",
        "este campo no existe aquí",
        "there is no such field here",
    )
}

/// A field that may come once came again: which of the two is meant nobody can tell.
pub(super) fn repeated(name: &str) -> Problem {
    if is_file(name) {
        return Problem::of_field(
            name,
            "campo_invalido",
            "el formulario trae más de un archivo; envíe una sola lista por petición",
            "the form brings more than one file; send one list a request",
        );
    }
    Problem::of_field(
        name,
        "campo_invalido",
        "este campo está repetido",
        "this field is repeated",
    )
}

pub(super) fn no_file() -> Problem {
    Problem::of_field(
        "archivo",
        "campo_requerido",
        "falta el archivo de la lista",
        "the file of the list is missing",
    )
}

/// Whether a field of a form is the file.
pub(super) fn is_file(name: &str) -> bool {
    matches!(name, "archivo" | "file")
}

/// The format of a file that goes out, JSON if nothing is said.
pub(super) fn format(wanted: Option<&str>) -> Result<OutputFormat, Problem> {
    match wanted.unwrap_or("json") {
        "json" => Ok(OutputFormat::Json),
        "ndjson" => Ok(OutputFormat::Ndjson),
        "csv" => Ok(OutputFormat::Csv),
        "xlsx" => Ok(OutputFormat::Xlsx),
        _ => Err(Problem::of_field(
            "format",
            "parametro_invalido",
            "debe ser json, ndjson, csv o xlsx",
            "must be json, ndjson, csv or xlsx",
        )),
    }
}

/// A file on its way out, and its place.
struct Held(
    Vec<u8>,
    #[expect(dead_code, reason = "kept until it is dropped")] OwnedSemaphorePermit,
);

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

/// A file to be saved under a name. A large one keeps its place until the caller has taken it.
pub(super) fn download(
    bytes: Vec<u8>,
    place: OwnedSemaphorePermit,
    format: OutputFormat,
    name: &str,
) -> Response {
    let (kind, ending) = match format {
        OutputFormat::Json => ("application/json", "json"),
        OutputFormat::Ndjson => ("application/x-ndjson", "ndjson"),
        OutputFormat::Csv => ("text/csv; charset=utf-8", "csv"),
        OutputFormat::Xlsx => (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "xlsx",
        ),
    };
    let bytes = if bytes.len() > body::MOST_BYTES {
        Bytes::from_owner(Held(bytes, place))
    } else {
        bytes.into()
    };
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let name = format!("attachment; filename=\"{name}.{ending}\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    response
}
