//! What answers have in common: where they came from, how old they are, and the headers that say so.

use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use chaski_client::{Found, Source};
use chaski_core::lima_datetime;
use compact_str::CompactString;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::caller::Caller;
use crate::app::{App, Mode};

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// An answer and where it came from.
#[derive(Serialize, ToSchema)]
pub(crate) struct Reply<T> {
    /// Always true: what goes wrong is a problem.
    success: bool,
    /// The answer.
    data: T,
    /// Whether memory answered.
    cache_hit: bool,
    /// Whether it is past its time, because the upstream is down.
    stale: bool,
    /// Who said so, for people.
    fuente: &'static str,
    /// When the upstream said so, Lima time.
    consultado_en: String,
    /// Where it came from, for programs.
    meta: Meta,
    /// Identifier of the request.
    #[schema(value_type = String)]
    request_id: CompactString,
}

/// Where an answer came from.
#[derive(Serialize, ToSchema)]
pub(crate) struct Meta {
    /// `upstream`, `memory` or `stale`.
    pub(super) source: &'static str,
    /// Seconds since the upstream said so.
    pub(super) age: u64,
    /// `real` or `sandbox` (invented data).
    pub(super) mode: &'static str,
}

impl Meta {
    pub(super) fn of(app: &App, source: Source, age: u64) -> Meta {
        Meta {
            source: source_name(source),
            age,
            mode: mode_name(app),
        }
    }
}

/// A time as our callers read it.
pub(crate) fn lima(at: Timestamp) -> String {
    // A whole second prints as ISO 8601 without a pattern, which is much faster.
    let second = Timestamp::from_second(at.as_second()).unwrap_or(at);
    format!("{}-05:00", lima_datetime(second))
}

/// The name of a mode in answers.
pub(crate) fn mode_name(app: &App) -> &'static str {
    match app.mode {
        Mode::Sandbox => "sandbox",
        Mode::Real => "real",
    }
}

/// A found answer, rendered by `data`, with its headers.
pub(crate) fn found<A, T: Serialize>(caller: &Caller, found: &Found<A>, data: T) -> Response {
    let age = age(&caller.app, found.stored_at);
    let body = body(caller, found, data, (age.as_secs(), caller.info.id.clone()));
    with_headers(found.source, age, body)
}

pub(super) fn body<A, T: Serialize>(
    caller: &Caller,
    found: &Found<A>,
    data: T,
    (age, request_id): (u64, CompactString),
) -> Vec<u8> {
    let app = &caller.app;
    let reply = Reply {
        success: true,
        data,
        cache_hit: found.source != Source::Upstream,
        stale: found.source == Source::Stale,
        fuente: app.source_name(found.source, caller.info.lang),
        consultado_en: lima(found.stored_at),
        meta: Meta::of(app, found.source, age),
        request_id,
    };
    let mut body = Vec::with_capacity(1_024);
    serde_json::to_writer(&mut body, &reply).expect("texts and numbers are always JSON");
    body
}

pub(super) fn with_headers(source: Source, age: Duration, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    // Room for those of the door too.
    headers.reserve(16);
    headers.insert(CONTENT_TYPE, JSON);
    put_cache_status(&mut response, source, age);
    response
}

/// The name of a source in answers.
pub(crate) fn source_name(source: Source) -> &'static str {
    match source {
        Source::Upstream => "upstream",
        Source::Memory => "memory",
        Source::Stale => "stale",
    }
}

/// RFC 9211, and the age in seconds.
pub(crate) fn put_cache_status(response: &mut Response, source: Source, age: Duration) {
    let status = match source {
        Source::Upstream => "chaski; fwd=miss; stored",
        Source::Memory => "chaski; hit",
        Source::Stale => "chaski; hit; detail=stale",
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_STATUS, HeaderValue::from_static(status));
    if source != Source::Upstream {
        headers.insert(http::header::AGE, HeaderValue::from(age.as_secs()));
    }
}

pub(crate) fn age(app: &App, stored_at: Timestamp) -> Duration {
    Duration::try_from(app.clock.now().duration_since(stored_at)).unwrap_or(Duration::ZERO)
}
