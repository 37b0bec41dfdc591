//! What faults make of an answer of Nubefact.

use http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;

use super::refusal::Refusal;
use crate::fault::{Afterwards, Effect, FaultKind, instead, spoil};
use crate::reply::Reply;

/// What comes without the request having been looked at, and its `codigo`.
pub(super) fn instead_of_answer(kind: FaultKind, now: Timestamp) -> Option<(Effect, Option<u16>)> {
    let codigo = match kind {
        FaultKind::Codigo(codigo) => codigo,
        FaultKind::Unauthorized => 10,
        FaultKind::RefusedThenTaken(_) => 21,
        _ => return instead(kind, now).map(|effect| (effect, None)),
    };
    let reply = refused(&Refusal::of(codigo));
    Some((Ok((reply, None)), Some(codigo)))
}

/// What leaves after the request was decided, and the `codigo` in it.
pub(super) fn answered(
    struck: Option<FaultKind>,
    outcome: Result<Value, Refusal>,
) -> (Effect, Option<u16>) {
    let (mut body, codigo) = match outcome {
        Ok(body) => (body, None),
        Err(refusal) => {
            let codigo = Some(refusal.codigo);
            return spoilt(struck, refused(&refusal), codigo);
        }
    };
    match struck {
        Some(FaultKind::EmptyObject) => body = Value::Object(serde_json::Map::new()),
        Some(FaultKind::OtherDocument) => rename(&mut body),
        _ => {}
    }
    let body = serde_json::to_vec(&body).expect("answers are plain data");
    spoilt(struck, Reply::new(StatusCode::OK, body), codigo)
}

fn spoilt(struck: Option<FaultKind>, reply: Reply, codigo: Option<u16>) -> (Effect, Option<u16>) {
    let Some(kind) = struck else {
        return (Ok((reply, None)), codigo);
    };
    let FaultKind::After(afterwards) = kind else {
        return (spoil(kind, reply), codigo);
    };
    let server = |status| StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let (reply, codigo) = match afterwards {
        Afterwards::Codigo40 => (refused(&Refusal::of(40)), Some(40)),
        Afterwards::Page(status) => (Reply::html(server(status)), None),
        Afterwards::Status(status) => {
            let body = br#"{"message":"Internal Server Error"}"#;
            (Reply::new(server(status), body), None)
        }
    };
    (Ok((reply, None)), codigo)
}

/// The answer speaks of the next number.
fn rename(body: &mut Value) {
    let other = |numero: &Value| Value::from(numero.as_u64().unwrap_or_default() + 1);
    let mut places = vec![body];
    while let Some(place) = places.pop() {
        let Value::Object(fields) = place else {
            continue;
        };
        for (key, value) in fields.iter_mut() {
            match key.as_str() {
                "numero" => *value = other(value),
                "cadena_para_codigo_qr" | "codigo_de_barras" => rename_in_qr(value),
                "invoice" => places.push(value),
                _ => {}
            }
        }
    }
}

fn rename_in_qr(value: &mut Value) {
    let Some(text) = value.as_str() else { return };
    let mut parts: Vec<String> = text.split(" | ").map(str::to_owned).collect();
    if let Some(numero) = parts.get_mut(3) {
        let next = numero.parse::<u64>().unwrap_or_default() + 1;
        *numero = format!("{next:06}");
        *value = Value::String(parts.join(" | "));
    }
}

pub(super) fn refused(refusal: &Refusal) -> Reply {
    let status = StatusCode::from_u16(refusal.status()).unwrap_or(StatusCode::BAD_REQUEST);
    Reply::new(status, refusal.body())
}
