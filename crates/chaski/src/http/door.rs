//! What every request passes: identifier, language, a free place, the record of it, and the
//! rendering of what went wrong.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use chaski_core::Lang;
use compact_str::CompactString;
use futures_util::FutureExt;
use http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONNECTION, CONTENT_LANGUAGE, TRANSFER_ENCODING, VARY,
};
use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use uuid::Uuid;

use super::problem::Problem;
use super::{Gateway, migo, original};

/// Identifier of a request, taken from the caller where it is a plain one.
pub(super) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What the door knows of a request.
#[derive(Clone)]
pub(crate) struct RequestInfo {
    pub(crate) id: CompactString,
    pub(crate) lang: Lang,
}

impl<S: Sync> FromRequestParts<S> for RequestInfo {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<RequestInfo, Self::Rejection> {
        let info = parts.extensions.get::<RequestInfo>().cloned();
        Ok(info.unwrap_or_else(|| RequestInfo {
            id: CompactString::default(),
            lang: Lang::Es,
        }))
    }
}

/// The way through the door.
pub(super) async fn pass(
    State(gateway): State<Arc<Gateway>>,
    mut request: Request,
    next: Next,
) -> Response {
    let began = Instant::now();
    let info = RequestInfo {
        id: request_id(request.headers()),
        lang: language(request.headers(), gateway.usual().app.config.lang),
    };
    let path = request.uri().path().to_owned();
    let method = request.method().clone();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| CompactString::from(path.as_str()));
    request.extensions_mut().insert(info.clone());
    let response = match refusal(&gateway, &request) {
        Some(problem) => problem.into_response(),
        None => answer(&gateway, request, next).await,
    };
    let mut response = render(response, &info, &path);
    put_headers(&mut response, &info);
    let (status, took) = (response.status().as_u16(), began.elapsed());
    let route = route.as_deref().unwrap_or("-");
    let metrics = &gateway.usual().app.metrics;
    metrics.answered(route, method_name(&method), status, took);
    tracing::info!(
        request_id = %info.id,
        %method,
        route,
        status,
        duration_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        "request"
    );
    response
}

/// What is refused before anything of it is read.
fn refusal(gateway: &Gateway, request: &Request) -> Option<Problem> {
    // Two ways of saying where a body ends are how one request is smuggled inside another. Here
    // there is one way: its length.
    if request.headers().contains_key(TRANSFER_ENCODING) {
        return Some(Problem::new(
            StatusCode::LENGTH_REQUIRED,
            "falta_longitud",
            "envíe el cuerpo con Content-Length; aquí no se acepta Transfer-Encoding",
            "send the body with Content-Length; Transfer-Encoding is not accepted here",
        ));
    }
    if request.uri().path().len() + request.uri().query().map_or(0, str::len) > 8_192 {
        return Some(Problem::new(
            StatusCode::URI_TOO_LONG,
            "direccion_larga",
            "la dirección pasa de 8 192 caracteres",
            "the address has more than 8,192 characters",
        ));
    }
    if gateway.is_stopping() && !request.uri().path().starts_with("/salud") {
        return Some(
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                "terminando",
                "el servidor se está deteniendo; reintente en un momento",
                "the server is stopping; try again in a moment",
            )
            .after(Duration::from_secs(1)),
        );
    }
    None
}

/// The handler's answer, unless everything is taken or it panics.
async fn answer(gateway: &Gateway, request: Request, next: Next) -> Response {
    let Ok(_place) = gateway.places.try_acquire() else {
        return Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "sobrecarga",
            "hay demasiadas peticiones a la vez; reintente en un segundo",
            "there are too many requests at once; try again in a second",
        )
        .after(Duration::from_secs(1))
        .into_response();
    };
    let answered = AssertUnwindSafe(next.run(request)).catch_unwind().await;
    answered.unwrap_or_else(|_| {
        tracing::error!("a handler panicked");
        Problem::internal().into_response()
    })
}

/// Renders what went wrong, in the shape that the caller of that address knows.
fn render(mut response: Response, info: &RequestInfo, path: &str) -> Response {
    let problem = response.extensions_mut().remove::<Problem>().or_else(|| {
        // What the router itself refuses.
        match response.status() {
            StatusCode::METHOD_NOT_ALLOWED => Some(Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "metodo_no_permitido",
                "esta dirección no acepta ese método; vea /docs",
                "this address does not accept that method; see /docs",
            )),
            _ => None,
        }
    });
    let Some(problem) = problem else {
        return response;
    };
    let mut rendered = if original::is_path(path) {
        original::render(&problem, info)
    } else if migo::is_path(path) {
        migo::render(&problem, info)
    } else {
        problem.render(info.lang, path, &info.id)
    };
    // What the router said beside the status, such as `Allow`.
    for (name, value) in response.headers() {
        if !rendered.headers().contains_key(name) && name != http::header::CONTENT_LENGTH {
            rendered.headers_mut().insert(name.clone(), value.clone());
        }
    }
    if matches!(problem.status.as_u16(), 408 | 411 | 413) {
        let close = HeaderValue::from_static("close");
        rendered.headers_mut().insert(CONNECTION, close);
    }
    rendered
}

fn put_headers(response: &mut Response, info: &RequestInfo) {
    let lang = info.lang.pick("es", "en");
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&info.id) {
        headers.insert(REQUEST_ID, id);
    }
    headers
        .entry(CONTENT_LANGUAGE)
        .or_insert(HeaderValue::from_static(lang));
    headers.append(VARY, HeaderValue::from_static("Accept-Language"));
    headers
        .entry(CACHE_CONTROL)
        .or_insert(HeaderValue::from_static("no-store"));
    headers.insert(
        http::header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    );
    headers
        .entry(http::header::CONTENT_SECURITY_POLICY)
        .or_insert(HeaderValue::from_static(
            "default-src 'none'; style-src 'self'; frame-ancestors 'none'",
        ));
}

/// The caller's own identifier if it is one, else a new one.
fn request_id(headers: &HeaderMap) -> CompactString {
    let given = headers.get(REQUEST_ID).and_then(|it| it.to_str().ok());
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match given {
        Some(id) if (1..=64).contains(&id.len()) && id.chars().all(plain) => id.into(),
        _ => {
            let mut bytes = [0; 16];
            fastrand::fill(&mut bytes);
            let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
            let mut buffer = Uuid::encode_buffer();
            CompactString::from(&*id.hyphenated().encode_lower(&mut buffer))
        }
    }
}

/// The first of our languages that the caller prefers.
fn language(headers: &HeaderMap, usual: Lang) -> Lang {
    let Some(wanted) = headers.get(ACCEPT_LANGUAGE).and_then(|it| it.to_str().ok()) else {
        return usual;
    };
    let weighted = wanted.split(',').filter_map(|part| {
        let mut pieces = part.split(';');
        let tag = pieces.next()?.trim();
        let weight = pieces
            .find_map(|piece| piece.trim().strip_prefix("q="))
            .and_then(|weight| weight.parse::<f32>().ok())
            .unwrap_or(1.0);
        let lang = match tag.get(..2)?.to_ascii_lowercase().as_str() {
            "es" => Lang::Es,
            "en" => Lang::En,
            _ => return None,
        };
        (weight > 0.0).then_some((weight, lang))
    });
    let best = weighted.fold(
        None,
        |best: Option<(f32, Lang)>, (weight, lang)| match best {
            Some((known, _)) if known >= weight => best,
            _ => Some((weight, lang)),
        },
    );
    best.map_or(usual, |(_, lang)| lang)
}

/// A closed set for the metrics: a caller may invent methods.
fn method_name(method: &http::Method) -> &'static str {
    match *method {
        http::Method::GET => "GET",
        http::Method::POST => "POST",
        http::Method::PUT => "PUT",
        http::Method::PATCH => "PATCH",
        http::Method::DELETE => "DELETE",
        http::Method::HEAD => "HEAD",
        http::Method::OPTIONS => "OPTIONS",
        _ => "OTHER",
    }
}
