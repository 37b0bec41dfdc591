//! What answers have in common: where they came from, how old they are, and the headers that say so.

use std::time::Duration;

use axum::Json;
use axum::body::Body;
use axum::response::Response;
use chaski_client::{Found, Source};
use compact_str::CompactString;
use http::header::CONTENT_TYPE;
use http::{HeaderName, HeaderValue};
use jiff::Timestamp;
use serde::Serialize;

use super::{Caller, Problem};
use crate::api::reply::{Meta, Reply, lima};
use crate::app::App;

/// An answer of that shape, or what went wrong.
pub(crate) type JsonAnswer<T> = Result<Json<T>, Problem>;

const CACHE_STATUS: HeaderName = HeaderName::from_static("cache-status");
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A found answer, rendered by `data`, with its headers.
pub(crate) fn found<A, T: Serialize>(caller: &Caller, found: &Found<A>, data: T) -> Response {
    let age = age(&caller.app, found.stored_at);
    let body = body(caller, found, data, (age.as_secs(), caller.info.id.clone()));
    with_headers(found.source, age, body)
}

pub(crate) fn body<A, T: Serialize>(
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
        fuente: app.source_name(found.source, caller.info.lang).into(),
        consultado_en: lima(found.stored_at),
        meta: Meta::of(app, found.source, age),
        request_id,
    };
    let mut body = Vec::with_capacity(1_024);
    serde_json::to_writer(&mut body, &reply).expect("texts and numbers are always JSON");
    body
}

pub(crate) fn with_headers(source: Source, age: Duration, body: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(body));
    let headers = response.headers_mut();
    // Room for those of the door too.
    headers.reserve(16);
    headers.insert(CONTENT_TYPE, JSON);
    put_cache_status(&mut response, source, age);
    response
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
