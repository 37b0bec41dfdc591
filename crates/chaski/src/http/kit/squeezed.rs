//! Large answers that are text go out as gzip to whoever takes it.

use std::convert::Infallible;

use axum::body::{Body, HttpBody};
use axum::response::Response;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Request};
use tower::{ServiceExt, service_fn};
use tower_http::CompressionLevel;
use tower_http::compression::Compression;

/// An answer of fewer bytes goes out as it is: it fits into a few packets anyway.
const SMALL: u64 = 4 * 1024;

/// Kinds of bodies that shrink. Events are none of them: each has to go out at once.
const KINDS: [&str; 7] = [
    "application/json",
    "application/problem+json",
    "application/x-ndjson",
    "application/openmetrics-text",
    "application/xml",
    "text/csv",
    "text/plain",
];

/// What a request takes, if gzip may be among it.
pub(crate) fn taken(headers: &HeaderMap) -> Option<HeaderValue> {
    let taken = headers.get(ACCEPT_ENCODING)?;
    let text = taken.to_str().ok()?;
    (text.contains("gzip") || text.contains('*')).then(|| taken.clone())
}

/// The answer, as gzip where that is worth it. What holds a place until it is taken still does.
pub(crate) async fn squeezed(taken: Option<HeaderValue>, answer: Response) -> Response {
    let Some(taken) = taken.filter(|_| is_worth_it(&answer)) else {
        return answer;
    };
    let mut asked = Request::new(());
    asked.headers_mut().insert(ACCEPT_ENCODING, taken);
    let mut answer = Some(answer);
    let there = service_fn(move |_: Request<()>| {
        let answer = answer.take().unwrap_or_default();
        async move { Ok::<Response, Infallible>(answer) }
    });
    let squeezing = Compression::new(there).quality(CompressionLevel::Fastest);
    let Ok(answer) = squeezing.oneshot(asked).await;
    answer.map(Body::new)
}

fn is_worth_it(answer: &Response) -> bool {
    let headers = answer.headers();
    let kind = headers.get(CONTENT_TYPE).and_then(|it| it.to_str().ok());
    let kind = kind.and_then(|it| it.split(';').next()).unwrap_or_default();
    let size = answer.body().size_hint();
    // A body of unknown length is a file of ours that is being read.
    size.upper().is_none_or(|most| most >= SMALL)
        && !headers.contains_key(CONTENT_ENCODING)
        && KINDS.contains(&kind.trim())
}
