//! Files that come in a body and go out in one.

use axum::extract::Request;
use axum::response::Response;
use http::HeaderValue;
use http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};

use super::{Caller, Problem, RoomHeld, body, form, outgoing, room};
use crate::app::AppError;
use crate::http::Gateway;
use crate::scratch::Scratch;
use crate::sheets::{Limits, OutputFormat, SheetError};

/// Largest file, bytes.
pub(crate) fn most_of_a_file() -> usize {
    usize::try_from(Limits::of_the_gateway().file_bytes).unwrap_or(usize::MAX)
}

/// The fields of a form with a file in it.
pub(crate) async fn form(mut request: Request) -> Result<Vec<form::FormPart>, Problem> {
    let boundary = form::boundary(request.headers()).ok_or_else(form::broken_form)?;
    let boundary = boundary.to_owned();
    let whole = body::arrived(&mut request, most_of_a_file()).await?;
    let parts = tokio::task::spawn_blocking(move || form::parts(&whole, &boundary));
    parts.await.map_err(|_| Problem::internal())?
}

/// Does something that reads a list: first with the memory that most lists take, then, for one that
/// needs more, with that of the largest.
pub(crate) async fn with_memory<T, R>(
    gateway: &Gateway,
    caller: &Caller,
    read: impl Fn(Limits) -> R,
) -> Result<(T, RoomHeld), Problem>
where
    R: Future<Output = Result<T, AppError>>,
{
    let held = gateway.room.memory(caller.owner(), room::SMALL).await?;
    match read(Limits::of_a_small_list()).await {
        Err(AppError::Sheet(SheetError::TooLarge { .. })) => drop(held),
        read => return Ok((read?, held)),
    }
    let held = gateway.room.memory(caller.owner(), room::LARGE).await?;
    Ok((read(Limits::of_the_gateway()).await?, held))
}

pub(crate) fn unknown_field(name: &str) -> Problem {
    Problem::wrong_field(
        name,
        "este campo no existe aquí",
        "there is no such field here",
    )
}

/// A field that may come once came again: which of the two is meant cannot be told.
pub(crate) fn repeated(name: &str) -> Problem {
    if is_file(name) {
        return Problem::wrong_field(
            name,
            "el formulario trae más de un archivo; envíe una sola lista por petición",
            "the form brings more than one file; send one list a request",
        );
    }
    Problem::wrong_field(name, "este campo está repetido", "this field is repeated")
}

pub(crate) fn no_file() -> Problem {
    Problem::missing_field(
        "archivo",
        "falta el archivo de la lista",
        "the file of the list is missing",
    )
}

/// Whether a field of a form is the file.
pub(crate) fn is_file(name: &str) -> bool {
    matches!(name, "archivo" | "file")
}

/// Whether a field of a form says yes.
pub(crate) fn is_yes(text: &str) -> bool {
    matches!(text.trim(), "true" | "1" | "on" | "si" | "sí")
}

/// A number of calls of a form.
pub(crate) fn calls(text: &str) -> Result<u64, Problem> {
    text.trim().parse().map_err(|_| {
        Problem::wrong_field(
            "gastar_hasta",
            "debe ser un número de consultas",
            "must be a number of calls",
        )
    })
}

/// The format of a file that goes out, JSON if nothing is said.
pub(crate) fn format(wanted: Option<&str>) -> Result<OutputFormat, Problem> {
    match wanted.unwrap_or("json") {
        "json" => Ok(OutputFormat::Json),
        "ndjson" => Ok(OutputFormat::Ndjson),
        "csv" => Ok(OutputFormat::Csv),
        "xlsx" => Ok(OutputFormat::Xlsx),
        _ => Err(Problem::wrong_parameter(
            "format",
            "debe ser json, ndjson, csv o xlsx",
            "must be json, ndjson, csv or xlsx",
        )),
    }
}

/// A file to be saved under a name.
pub(crate) fn download(
    file: &Scratch,
    held: RoomHeld,
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
    let mut response = outgoing::of_file(file, held);
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    let name = format!("attachment; filename=\"{name}.{ending}\"");
    if let Ok(name) = HeaderValue::from_str(&name) {
        headers.insert(CONTENT_DISPOSITION, name);
    }
    response
}
