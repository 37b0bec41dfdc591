//! Bodies: whole within a limit and a time, as JSON or as a form.

use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout, timeout_at};

use super::Gateway;
use super::problem::Problem;

/// Largest body that is not a file, bytes.
pub(super) const MOST_BYTES: usize = 1024 * 1024;
/// Largest body that is read to find the key in it. The longest question of that protocol, 100 RUCs,
/// is 3 KiB as JSON, 2.5 as a form, and up to 17 as a form in parts with a line of type in each.
pub(super) const MOST_BEFORE_THE_KEY: usize = 24 * 1024;
/// Time for such a body to arrive.
const TIME_BEFORE_THE_KEY: Duration = Duration::from_secs(5);
/// Time for a body of any size to arrive, and what each kilobyte adds to it.
const PATIENCE: Duration = Duration::from_secs(10);
const PER_KILOBYTE: Duration = Duration::from_millis(20);

/// Reads a whole body of at most `most` bytes.
pub(super) async fn read(request: Request, most: usize) -> Result<Bytes, Problem> {
    let declared = declared(&request).unwrap_or_default();
    match usize::try_from(declared) {
        Ok(declared) if declared <= most => collect(request.into_body(), declared, most).await,
        _ => Err(too_large(most)),
    }
}

/// Length of a body as its head says.
pub(super) fn declared(request: &Request) -> Option<u64> {
    let length = request.headers().get(CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

async fn collect(mut body: Body, declared: usize, most: usize) -> Result<Bytes, Problem> {
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
            Err(_) => return Err(too_slow()),
        };
        if let Ok(data) = frame.into_data() {
            if whole.len() + data.len() > most {
                return Err(too_large(most));
            }
            if whole.is_empty() {
                // One that was read before, or a small one: it is whole as it is.
                if body.is_end_stream() {
                    return Ok(data);
                }
                // Growing step by step would hold it twice.
                whole.reserve(declared.max(data.len()));
            }
            whole.extend_from_slice(&data);
        }
    }
}

fn too_slow() -> Problem {
    Problem::new(
        StatusCode::REQUEST_TIMEOUT,
        "cuerpo_lento",
        "el cuerpo llegó demasiado lento",
        "the body came too slowly",
    )
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

/// A JSON body of a known shape; what it does not know is an error, with its place. No extractor:
/// those are at work before it is known what their caller may do.
pub(super) async fn json<T: DeserializeOwned>(request: Request) -> Result<T, Problem> {
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
    Ok(value)
}

/// What is wrong with a body that is JSON.
fn shape(place: &str, why: &str) -> Problem {
    // What follows is for those who see the body.
    let why = why.split(" at line ").next().unwrap_or_default();
    let wrong = Wrong::read(place, why);
    let code = match wrong {
        Wrong::Missing(_) => "campo_requerido",
        _ => "campo_invalido",
    };
    wrong.problem(code, ["campo", "field"])
}

/// What is wrong with a parameter of the address.
pub(super) fn parameter(place: &str, why: &str) -> Problem {
    Wrong::read(place, why).problem("parametro_invalido", ["parámetro", "parameter"])
}

/// A field of a body that means nothing, beside those that do.
pub(super) fn unknown_field(name: &str, known: Vec<&str>) -> Problem {
    Wrong::Unknown(name, known).problem("campo_invalido", ["campo", "field"])
}

/// What the words of the reader of a body or an address say. They name fields and kinds, which is
/// told, and values, which is not: one could be a person's number.
enum Wrong<'a> {
    /// A name that means nothing here, and those that do.
    Unknown(&'a str, Vec<&'a str>),
    Missing(&'a str),
    Repeated(&'a str),
    /// A value, and what it should be.
    Value(&'a str, [&'static str; 2]),
}

impl<'a> Wrong<'a> {
    fn read(place: &'a str, why: &'a str) -> Wrong<'a> {
        let quoted = |text: &'a str| text.split('`').next().unwrap_or_default();
        if let Some(rest) = why.strip_prefix("unknown field `") {
            let mut pieces = rest.split('`');
            let name = pieces.next().unwrap_or_default();
            return Wrong::Unknown(name, pieces.skip(1).step_by(2).collect());
        }
        if let Some(rest) = why.strip_prefix("missing field `") {
            return Wrong::Missing(quoted(rest));
        }
        if let Some(rest) = why.strip_prefix("duplicate field `") {
            return Wrong::Repeated(quoted(rest));
        }
        let should = if why.contains("not `true` or `false`") {
            ["debe ser true o false", "must be true or false"]
        } else if why.contains("invalid digit") || why.contains("parse integer") {
            [
                "debe ser un número entero, sin signo ni unidad",
                "must be a whole number without sign or unit",
            ]
        } else if why.contains("number too large") {
            ["es demasiado grande", "is too large"]
        } else if why.contains("UUID") {
            [
                "debe ser un identificador (UUID)",
                "must be an identifier (UUID)",
            ]
        } else {
            [
                "el valor no es de la forma esperada; vea /docs",
                "the value is not of the expected shape; see /docs",
            ]
        };
        Wrong::Value(place, should)
    }

    fn problem(self, code: &'static str, [es, en]: [&str; 2]) -> Problem {
        let (name, es, en) = match self {
            Wrong::Unknown(name, known) => {
                let list = |before: &str| match known.join(", ") {
                    known if known.is_empty() => known,
                    known => format!("; {before}: {known}"),
                };
                let es = format!("este {es} no existe aquí{}", list("los que hay"));
                let en = format!("there is no such {en} here{}", list("those there are"));
                (name, es, en)
            }
            Wrong::Missing(name) => (
                name,
                format!("falta este {es}"),
                format!("this {en} is missing"),
            ),
            Wrong::Repeated(name) => (
                name,
                format!("este {es} está repetido"),
                format!("this {en} is repeated"),
            ),
            Wrong::Value(name, [es, en]) => (name, es.to_owned(), en.to_owned()),
        };
        if is_a_name(name) {
            Problem::of_field(name, code, es, en)
        } else {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, es, en)
        }
    }
}

/// Whether a name that the caller made up may be told: not one that holds a person's number.
fn is_a_name(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.[]".contains(&byte);
    let numbers = text.split(|c: char| !c.is_ascii_digit());
    (1..=64).contains(&text.len())
        && text.bytes().all(plain)
        && numbers.map(str::len).max() < Some(8)
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
    Ok(fields_of(kind.as_deref(), &body))
}

/// The same of a body in which the key is: a small one, in a short time, and with as many others as
/// there is room for.
pub(super) async fn fields_before_the_key(
    gateway: &Gateway,
    request: Request,
) -> Result<Option<Map<String, Value>>, Problem> {
    let kind = kind(&request);
    let turned = gateway.unknown.enter();
    let body = async {
        let read = read(request, MOST_BEFORE_THE_KEY);
        timeout(TIME_BEFORE_THE_KEY, read)
            .await
            .unwrap_or_else(|_| Err(too_slow()))
    };
    let body = tokio::select! {
        body = body => body?,
        _ = turned => return Err(Problem::overload()),
    };
    Ok(fields_of(kind.as_deref(), &body))
}

fn fields_of(kind: Option<&str>, body: &[u8]) -> Option<Map<String, Value>> {
    let as_json = || match serde_json::from_slice(body) {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    };
    match kind {
        Some("application/x-www-form-urlencoded") => Some(form(body)),
        Some("multipart/form-data") => None,
        // People forget the header more often than they send something else.
        _ => as_json().or_else(|| {
            let looks_like_form = body.contains(&b'=') && !body.starts_with(b"{");
            looks_like_form.then(|| form(body))
        }),
    }
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
