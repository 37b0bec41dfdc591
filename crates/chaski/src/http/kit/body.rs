//! Bodies: whole within a limit and a time, as JSON or as a form. Large ones wait in a file.

use std::io::Write;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use bytes::{Bytes, BytesMut};
use chaski_client::Failure;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::BodyExt;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use tokio::time::{Instant, timeout, timeout_at};

use super::{Problem, RequestInfo, Room, form};
use crate::http::Gateway;
use crate::scratch::{IN_MEMORY, Scratch, ScratchWriter};

/// Largest body that is not a file, bytes.
pub(crate) const MOST_BYTES: usize = 1024 * 1024;
/// Largest body that is read to find the key in it. The longest question of that protocol, 100 RUCs,
/// is 3 KiB as JSON, 2.5 as a form, and up to 17 as a form in parts with a line of type in each.
pub(crate) const MOST_BEFORE_THE_KEY: usize = 24 * 1024;
/// Time for such a body to arrive.
const TIME_BEFORE_THE_KEY: Duration = Duration::from_secs(5);
/// Time for a body of any size to arrive, and what each kilobyte adds to it.
const PATIENCE: Duration = Duration::from_secs(10);
const PER_KILOBYTE: Duration = Duration::from_millis(20);

/// A body that came whole before its reader asked for it.
#[derive(Clone)]
struct Whole(Scratch);

/// What a body over [`IN_MEMORY`] takes in memory, at most, once it is read: bytes for each of its own.
const TIMES: u64 = 8;

/// Reads a whole body of at most `most` bytes into memory, of which it has its part from then on.
pub(crate) async fn read(request: &mut Request, most: usize) -> Result<Bytes, Problem> {
    let whole = arrived(request, most).await?;
    if let Some(bytes) = whole.at_hand() {
        return Ok(bytes);
    }
    if let Some((room, info)) = whose(request) {
        let held = room
            .memory(info.learned.owner(), whole.len() * TIMES)
            .await?;
        info.learned.keep(held);
    }
    on_disk(move || whole.whole()).await
}

/// Waits for a whole body of at most `most` bytes. What is not small waits in a file of its key, so
/// that a slow sender takes no memory and only its own place.
pub(crate) async fn arrived(request: &mut Request, most: usize) -> Result<Scratch, Problem> {
    if let Some(Whole(scratch)) = request.extensions().get::<Whole>() {
        return Ok(scratch.clone());
    }
    let length = declared(request).unwrap_or_default();
    if usize::try_from(length).is_ok_and(|length| length > most) {
        return Err(too_large(most));
    }
    let large = length > IN_MEMORY as u64;
    let (mut writer, mut held) = (None, None);
    if large && let Some((room, info)) = whose(request) {
        held = Some(room.file(info.learned.owner()).await?);
        writer = Some(ScratchWriter::new(room.folder()));
    }
    let body = std::mem::take(request.body_mut());
    let scratch = collect(body, most, writer).await?;
    if let (Some(held), Some((_, info))) = (held, whose(request)) {
        info.learned.keep(held);
    }
    request.extensions_mut().insert(Whole(scratch.clone()));
    Ok(scratch)
}

/// The room for a request's body, and whose it is.
fn whose(request: &Request) -> Option<(Arc<Room>, RequestInfo)> {
    let room = request.extensions().get::<Arc<Room>>()?;
    let info = request.extensions().get::<RequestInfo>()?;
    Some((Arc::clone(room), info.clone()))
}

/// Length of a body as its head says.
pub(crate) fn declared(request: &Request) -> Option<u64> {
    let length = request.headers().get(CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

/// All of a body, in memory unless there is a writer.
async fn collect(
    mut body: Body,
    most: usize,
    mut writer: Option<ScratchWriter>,
) -> Result<Scratch, Problem> {
    let began = Instant::now();
    let (mut bytes, mut length) = (BytesMut::new(), 0);
    loop {
        let kilobytes = u32::try_from(length / 1024).unwrap_or(u32::MAX);
        let until = began + PATIENCE + PER_KILOBYTE * kilobytes;
        let frame = match timeout_at(until, body.frame()).await {
            Ok(None) => break,
            Ok(Some(Ok(frame))) => frame,
            Ok(Some(Err(_))) => {
                return Err(Problem::unreadable(
                    "el cuerpo se cortó antes de terminar",
                    "the body broke off before its end",
                ));
            }
            Err(_) => return Err(too_slow()),
        };
        let Ok(data) = frame.into_data() else {
            continue;
        };
        length += data.len();
        if length > most {
            return Err(too_large(most));
        }
        // A small one comes as it is.
        if bytes.is_empty() && writer.is_none() && body.is_end_stream() {
            return Ok(Scratch::of_bytes(data));
        }
        bytes.extend_from_slice(&data);
        if let Some(ready) = writer.take_if(|_| bytes.len() >= PIECE) {
            writer = Some(put(ready, bytes.split().freeze()).await?);
        }
    }
    let Some(writer) = writer else {
        return Ok(Scratch::of_bytes(bytes.freeze()));
    };
    let written = put(writer, bytes.freeze()).await?.finish();
    written.map_err(|error| no_file(&error))
}

/// Bytes that are written at once.
const PIECE: usize = 64 * 1024;

async fn put(mut writer: ScratchWriter, bytes: Bytes) -> Result<ScratchWriter, Problem> {
    on_disk(move || writer.write_all(&bytes).map(|()| writer)).await
}

/// Works on a file of ours, which takes a moment that is not that of other requests.
pub(crate) async fn on_disk<T: Send + 'static>(
    work: impl FnOnce() -> std::io::Result<T> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Problem::internal())?
        .map_err(|error| no_file(&error))
}

/// A file of ours cannot be written or read, usually for want of space.
pub(crate) fn no_file(error: &std::io::Error) -> Problem {
    tracing::error!(%error, "a temporary file failed");
    Problem::from(&Failure::LedgerDown)
}

fn too_slow() -> Problem {
    Problem::new(
        "cuerpo_lento",
        "el cuerpo llegó demasiado lento",
        "the body came too slowly",
    )
}

fn too_large(most: usize) -> Problem {
    Problem::new(
        "cuerpo_demasiado_grande",
        format!("el cuerpo pasa de {} KiB", most / 1024),
        format!("the body is over {} KiB", most / 1024),
    )
}

/// Kind of a body, without its parameters.
pub(crate) fn kind(request: &Request) -> Option<String> {
    let kind = request.headers().get(CONTENT_TYPE)?.to_str().ok()?;
    Some(kind.split(';').next()?.trim().to_ascii_lowercase())
}

/// A JSON body of a known shape; what it does not know is an error, with its place. No extractor:
/// those are at work before it is known what their caller may do.
pub(crate) async fn json<T: DeserializeOwned>(mut request: Request) -> Result<T, Problem> {
    if kind(&request).as_deref() != Some("application/json") {
        return Err(unknown_kind("application/json"));
    }
    let body = read(&mut request, MOST_BYTES).await?;
    parsed(&body)
}

/// The same of text that was read already.
pub(crate) fn parsed<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(body);
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
    let code = if why.starts_with("missing field `") {
        "campo_requerido"
    } else {
        "campo_invalido"
    };
    wrong(place, why, code, FIELD)
}

/// What is wrong with a parameter of the address.
pub(crate) fn parameter(place: &str, why: &str) -> Problem {
    wrong(place, why, "parametro_invalido", ["parámetro", "parameter"])
}

/// A field of a body that means nothing, beside those that do.
pub(crate) fn unknown_field(name: &str, known: &[&str]) -> Problem {
    unknown(name, known, "campo_invalido", FIELD)
}

const FIELD: [&str; 2] = ["campo", "field"];

/// What the words of the reader of a body or an address say. They name fields and kinds, which is
/// told, and values, which is not: one could be a person's number.
fn wrong(place: &str, why: &str, code: &'static str, kind: [&str; 2]) -> Problem {
    let mut quoted = why.split('`').skip(1).step_by(2);
    let first = quoted.next().unwrap_or_default();
    let [es, en] = kind;
    if why.starts_with("unknown field `") {
        return unknown(first, &quoted.collect::<Vec<_>>(), code, kind);
    }
    if why.starts_with("missing field `") {
        let es = format!("falta este {es}");
        return named(first, code, es, format!("this {en} is missing"));
    }
    if why.starts_with("duplicate field `") {
        let es = format!("este {es} está repetido");
        return named(first, code, es, format!("this {en} is repeated"));
    }
    let (es, en) = if why.contains("not `true` or `false`") {
        ("debe ser true o false", "must be true or false")
    } else if why.contains("invalid digit") || why.contains("parse integer") {
        (
            "debe ser un número entero, sin signo ni unidad",
            "must be a whole number without sign or unit",
        )
    } else if why.contains("expected a string") && why.contains("integer") {
        (
            "debe ir entre comillas: es un texto y no un número",
            "must be in quotes: it is a text and not a number",
        )
    } else if why.contains("number too large") {
        ("es demasiado grande", "is too large")
    } else if why.contains("UUID") {
        (
            "debe ser un identificador (UUID)",
            "must be an identifier (UUID)",
        )
    } else {
        (
            "el valor no es de la forma esperada; vea /docs",
            "the value is not of the expected shape; see /docs",
        )
    };
    named(place, code, es.to_owned(), en.to_owned())
}

/// A name that means nothing here, and those that do.
fn unknown(name: &str, known: &[&str], code: &'static str, [es, en]: [&str; 2]) -> Problem {
    let list = |before: &str| match known.join(", ") {
        known if known.is_empty() => known,
        known => format!("; {before}: {known}"),
    };
    let es = format!("este {es} no existe aquí{}", list("los que hay"));
    let en = format!("there is no such {en} here{}", list("those there are"));
    named(name, code, es, en)
}

fn named(name: &str, code: &'static str, es: String, en: String) -> Problem {
    if is_a_name(name) {
        Problem::of_field(name, code, es, en)
    } else {
        Problem::new(code, es, en)
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

pub(crate) fn unknown_kind(wanted: &str) -> Problem {
    Problem::new(
        "tipo_de_cuerpo",
        format!("envíe el cuerpo como {wanted}"),
        format!("send the body as {wanted}"),
    )
}

/// The fields of a body that may be a form or a JSON object; none when it is neither. Repeated
/// fields of a form become a list.
pub(crate) async fn fields(mut request: Request) -> Result<Option<Map<String, Value>>, Problem> {
    let body = read(&mut request, MOST_BYTES).await?;
    fields_of(&request, body)
}

/// The same of a body in which the key is: a small one, in a short time, and with as many others as
/// there is room for.
pub(crate) async fn fields_before_the_key(
    gateway: &Gateway,
    mut request: Request,
) -> Result<Option<Map<String, Value>>, Problem> {
    let turned = gateway.unknown.enter();
    let body = async {
        let read = read(&mut request, MOST_BEFORE_THE_KEY);
        timeout(TIME_BEFORE_THE_KEY, read)
            .await
            .unwrap_or_else(|_| Err(too_slow()))
    };
    let body = tokio::select! {
        body = body => body?,
        _ = turned => return Err(Problem::overload()),
    };
    fields_of(&request, body)
}

fn fields_of(request: &Request, body: Bytes) -> Result<Option<Map<String, Value>>, Problem> {
    let as_json = || match serde_json::from_slice(&body) {
        Ok(Value::Object(fields)) => Some(fields),
        _ => None,
    };
    let boundary = form::boundary(request.headers());
    Ok(match (kind(request).as_deref(), boundary) {
        (Some("application/x-www-form-urlencoded"), _) => Some(of_urlencoded(&body)),
        (Some("multipart/form-data"), Some(boundary)) => {
            let mut fields = Map::new();
            for part in form::parts(&Scratch::of_bytes(body), boundary)? {
                put_field(&mut fields, &part.name, part.text()?);
            }
            Some(fields)
        }
        (Some("multipart/form-data"), None) => None,
        // People forget the header more often than they send something else.
        _ => as_json().or_else(|| {
            let looks_like_form = body.contains(&b'=') && !body.starts_with(b"{");
            looks_like_form.then(|| of_urlencoded(&body))
        }),
    })
}

/// Fields of a form, or of an address.
pub(crate) fn of_urlencoded(body: &[u8]) -> Map<String, Value> {
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(body) {
        put_field(&mut fields, &name, value.into_owned());
    }
    fields
}

/// `ruc[]` and `ruc[7]` are lists of one or more.
fn put_field(fields: &mut Map<String, Value>, name: &str, value: String) {
    let value = Value::from(value);
    let listed = name
        .strip_suffix(']')
        .and_then(|name| name.rsplit_once('['));
    let listed = listed.filter(|(_, place)| place.bytes().all(|byte| byte.is_ascii_digit()));
    let name = listed.map_or(name, |(name, _)| name);
    match fields.get_mut(name) {
        Some(Value::Array(list)) => list.push(value),
        Some(first) => {
            let both = vec![first.take(), value];
            *first = Value::Array(both);
        }
        None if listed.is_some() => drop(fields.insert(name.to_owned(), vec![value].into())),
        None => drop(fields.insert(name.to_owned(), value)),
    }
}
