//! Bodies: whole within a limit and a time, as JSON or as a form.

use std::time::Duration;

use axum::body::Body;
use axum::extract::{FromRequest, Request};
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout_at};

use super::problem::Problem;

/// Largest body that is not a file, bytes.
pub(super) const MOST_BYTES: usize = 1024 * 1024;
/// Time for a body of any size to arrive, and what each kilobyte adds to it.
const PATIENCE: Duration = Duration::from_secs(10);
const PER_KILOBYTE: Duration = Duration::from_millis(20);

/// Reads a whole body of at most `most` bytes.
pub(super) async fn read(request: Request, most: usize) -> Result<Bytes, Problem> {
    let declared = request
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|it| it.to_str().ok()?.parse::<u64>().ok());
    if declared.is_some_and(|length| length > most as u64) {
        return Err(too_large(most));
    }
    collect(request.into_body(), most).await
}

async fn collect(mut body: Body, most: usize) -> Result<Bytes, Problem> {
    let began = Instant::now();
    let mut whole = BytesMut::new();
    loop {
        let kilobytes = u32::try_from(whole.len() / 1024).unwrap_or(u32::MAX);
        let until = began + PATIENCE + PER_KILOBYTE * kilobytes;
        let frame = match timeout_at(until, body.frame()).await {
            Ok(None) => return Ok(whole.freeze()),
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(_))) => {
                return Err(Problem::unreadable(
                    "el cuerpo se cortó antes de terminar",
                    "the body broke off before its end",
                ));
            }
            Err(_) => {
                return Err(Problem::new(
                    StatusCode::REQUEST_TIMEOUT,
                    "cuerpo_lento",
                    "el cuerpo llegó demasiado lento",
                    "the body came too slowly",
                ));
            }
        };
        if let Ok(data) = frame.into_data() {
            if whole.len() + data.len() > most {
                return Err(too_large(most));
            }
            whole.extend_from_slice(&data);
        }
    }
}

fn too_large(most: usize) -> Problem {
    Problem::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        "cuerpo_demasiado_grande",
        format!("el cuerpo pasa de {} KiB", most / 1024),
        format!("the body is over {} KiB", most / 1024),
    )
}

/// Kind of a body, without its parameters.
pub(super) fn kind(request: &Request) -> Option<String> {
    let kind = request.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    Some(kind.split(';').next()?.trim().to_ascii_lowercase())
}

/// A JSON body of a known shape; what it does not know is an error, with its place.
pub(super) struct Json<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, _: &S) -> Result<Json<T>, Problem> {
        if kind(&request).as_deref() != Some("application/json") {
            return Err(unknown_kind("application/json"));
        }
        let body = read(request, MOST_BYTES).await?;
        let mut reader = serde_json::Deserializer::from_slice(&body);
        let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let place = error.path().to_string();
            let why = error.into_inner();
            if why.is_syntax() || why.is_eof() {
                let (line, column) = (why.line(), why.column());
                return Problem::unreadable(
                    format!("el cuerpo no es JSON: línea {line}, columna {column}"),
                    format!("the body is not JSON: line {line}, column {column}"),
                );
            }
            shape(&place, &why.to_string())
        })?;
        if reader.end().is_err() {
            return Err(Problem::unreadable(
                "hay algo después del JSON",
                "there is something after the JSON",
            ));
        }
        Ok(Json(value))
    }
}

fn shape(place: &str, why: &str) -> Problem {
    // The words of the reader name fields and kinds; a value could be a person's number.
    let why = why.split(" at line ").next().unwrap_or_default();
    let unknown = why.strip_prefix("unknown field `");
    let missing = why.strip_prefix("missing field `");
    let name = |rest: &str| rest.split('`').next().unwrap_or_default().to_owned();
    let (field, es, en) = match (unknown, missing) {
        (Some(rest), _) => (
            name(rest),
            "este campo no existe aquí".to_owned(),
            "there is no such field here".to_owned(),
        ),
        (_, Some(rest)) => (
            name(rest),
            "falta este campo".to_owned(),
            "this field is missing".to_owned(),
        ),
        _ => (
            place.to_owned(),
            "el valor no es de la forma esperada; vea /docs".to_owned(),
            "the value is not of the expected shape; see /docs".to_owned(),
        ),
    };
    Problem::of_field(&field, "campo_invalido", es, en)
}

fn unknown_kind(wanted: &str) -> Problem {
    Problem::new(
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "tipo_de_cuerpo",
        format!("envíe el cuerpo como {wanted}"),
        format!("send the body as {wanted}"),
    )
}

/// The fields of a body that may be a form or a JSON object; none when it is neither. Repeated
/// fields of a form become a list.
pub(super) async fn fields(request: Request) -> Result<Option<Map<String, Value>>, Problem> {
    let kind = kind(&request);
    let body = read(request, MOST_BYTES).await?;
    let as_json = || match serde_json::from_slice(&body) {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    };
    Ok(match kind.as_deref() {
        Some("application/x-www-form-urlencoded") => Some(form(&body)),
        Some("multipart/form-data") => None,
        // People forget the header more often than they send something else.
        _ => as_json().or_else(|| {
            let looks_like_form = body.contains(&b'=') && !body.starts_with(b"{");
            looks_like_form.then(|| form(&body))
        }),
    })
}

fn form(body: &[u8]) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(body) {
        let name = name.strip_suffix("[]").unwrap_or(&name).to_owned();
        let value = Value::from(value.into_owned());
        match fields.get_mut(&name) {
            None => {
                fields.insert(name, value);
            }
            Some(Value::Array(list)) => list.push(value),
            Some(first) => {
                let both = vec![first.take(), value];
                *first = Value::Array(both);
            }
        }
    }
    fields
}
