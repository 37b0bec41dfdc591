//! What all tests need: a sandbox, requests of every kind, and answers as JSON.

use bytes::Bytes;
use chaski_sandbox::{Cut, Sandbox, SandboxConfig};
use http::{Method, Request, Response, StatusCode};
use jiff::Timestamp;
use serde_json::Value;

/// Wednesday 28 January 2026, ten in the morning in Lima.
pub(crate) fn now() -> Timestamp {
    "2026-01-28T15:00:00Z".parse().unwrap()
}

pub(crate) fn config() -> SandboxConfig {
    SandboxConfig::new(now)
}

pub(crate) fn sandbox() -> Sandbox {
    Sandbox::new(config()).unwrap()
}

/// v1 with a form.
pub(crate) fn v1(path: &str, body: &str) -> Request<Bytes> {
    let body = if body.is_empty() {
        "token=t".to_owned()
    } else {
        format!("token=t&{body}")
    };
    Request::post(format!("/api/v1/{path}"))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(body.into())
        .unwrap()
}

/// v1 with JSON that brings its own token.
pub(crate) fn json(path: &str, body: &str) -> Request<Bytes> {
    Request::post(format!("/api/v1/{path}"))
        .header("content-type", "application/json; charset=utf-8")
        .body(body.to_owned().into())
        .unwrap()
}

/// v1 with multipart.
pub(crate) fn multipart(path: &str, fields: &[(&str, &str)]) -> Request<Bytes> {
    let part = |(name, value): &(&str, &str)| {
        format!("--limite\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let mut body = fields.iter().map(part).collect::<Vec<_>>().concat();
    body += "--limite--\r\n";
    Request::post(format!("/api/v1/{path}"))
        .header("content-type", "multipart/form-data; boundary=limite")
        .body(body.into())
        .unwrap()
}

/// v2.
pub(crate) fn v2(path: &str) -> Request<Bytes> {
    bare(Method::GET, &format!("/api/v2/{path}"), Some("t"))
}

pub(crate) fn bare(method: Method, path: &str, bearer: Option<&str>) -> Request<Bytes> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("accept", "application/json");
    if let Some(token) = bearer {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    request.body(Bytes::new()).unwrap()
}

/// Runs one call to its end on a runtime of its own, with a paused clock.
pub(crate) fn ask(sandbox: &Sandbox, request: Request<Bytes>) -> Result<Response<Bytes>, Cut> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(sandbox.call(request))
}

/// Status and JSON body.
#[track_caller]
pub(crate) fn answer(sandbox: &Sandbox, request: Request<Bytes>) -> (u16, Value) {
    let response = ask(sandbox, request).unwrap();
    let status: StatusCode = response.status();
    (
        status.as_u16(),
        serde_json::from_slice(response.body()).unwrap(),
    )
}

#[track_caller]
pub(crate) fn status(sandbox: &Sandbox, request: Request<Bytes>) -> u16 {
    ask(sandbox, request).unwrap().status().as_u16()
}

/// The eleven digits of a RUC with that beginning, by the published rule.
pub(crate) fn with_check_digit(ten: &str) -> String {
    let weights = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
    let digits = ten.bytes().map(|byte| u32::from(byte - b'0'));
    let sum: u32 = digits
        .zip(weights)
        .map(|(digit, weight)| digit * weight)
        .sum();
    format!("{ten}{}", (11 - sum % 11) % 10)
}
