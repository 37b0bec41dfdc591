//! What every request passes: identifier, language, the record of it, and the rendering of what went
//! wrong.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, HttpBody};
use axum::extract::MatchedPath;
use axum::response::{IntoResponse, Response};
use axum::{BoxError, body::Bytes};
use futures_util::FutureExt;
use http::header::{
    CACHE_CONTROL, CONNECTION, CONTENT_LANGUAGE, CONTENT_TYPE, ORIGIN, TRANSFER_ENCODING, VARY,
};
use http::{HeaderValue, StatusCode, Uri, Version};
use tower::ServiceExt;

use super::kit::{
    Learned, Problem, REQUEST_ID, RequestInfo, caller, language, limits, outgoing, request_id,
    squeezed,
};
use super::{Gateway, health, router, ruc};
use crate::app::Mode;
use crate::http::compat::generar;
use crate::http::compat::migo;
use crate::http::compat::nubefact;
use crate::http::compat::original;
use crate::metrics::Answers;

/// Every request goes through it.
pub struct Door {
    gateway: Arc<Gateway>,
    router: Router,
    /// Where the answers of the busiest address are counted.
    busiest: Answers,
}

impl Door {
    /// The whole door of a gateway.
    pub fn new(gateway: Arc<Gateway>) -> Arc<Door> {
        let metrics = &gateway.usual().app.metrics;
        Arc::new(Door {
            busiest: metrics.answers(ruc::ROUTE, "GET", 200),
            router: router::router(Arc::clone(&gateway)),
            gateway,
        })
    }

    /// The way through the door.
    pub async fn answer<B>(&self, request: http::Request<B>) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let began = Instant::now();
        let usual = &self.gateway.usual().app;
        let info = RequestInfo {
            id: request_id(request.headers()),
            lang: language(request.headers(), usual.config.lang),
            learned: Learned::default(),
        };
        if usual.mode == Mode::Sandbox {
            // No other handler here could answer.
            info.learned.put_invented();
        }
        let uri = request.uri().clone();
        let method = request.method().clone();
        let gzip_taken = squeezed::taken(request.headers());
        let busiest = ruc::plainly_asked(&method, &uri).map(|_| ruc::ROUTE);
        let response = match refusal(&self.gateway, &request, &uri) {
            Some(problem) => problem.into_response(),
            None => self.work(request, &info).await,
        };
        let response = render(response, &info, uri.path());
        let owner = info.learned.owner();
        let response = outgoing::sent(&self.gateway.room, owner, response).await;
        let mut response = squeezed::squeezed(gzip_taken, response).await;
        put_headers(&mut response, &info);
        let (status, took) = (response.status().as_u16(), began.elapsed());
        let matched = response.extensions_mut().remove::<MatchedPath>();
        let route = busiest.or(matched.as_ref().map(MatchedPath::as_str));
        let route = route.unwrap_or("-");
        if busiest.is_some() && status == 200 {
            self.busiest.count(took);
        } else {
            let method = method_name(&method);
            usual.metrics.answers(route, method, status).count(took);
        }
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

    /// The handler's answer, unless it panics.
    async fn work<B>(&self, request: http::Request<B>, info: &RequestInfo) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let answered = AssertUnwindSafe(self.routed(request, info)).catch_unwind();
        answered.await.unwrap_or_else(|_| {
            tracing::error!("a handler panicked");
            Problem::internal().into_response()
        })
    }

    /// The busiest address is handed to its room directly: the router, its layers and extractors
    /// cost as much as all the rest of a look-up that memory answers. Pages of other sites need what
    /// a layer says to their browser.
    async fn routed<B>(&self, request: http::Request<B>, info: &RequestInfo) -> Response
    where
        B: HttpBody<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let of_a_page = request.headers().contains_key(ORIGIN);
        if !of_a_page && let Some(number) = ruc::plainly_asked(request.method(), request.uri()) {
            let answered = ruc::plain(&self.gateway, request.headers(), info, number).await;
            return answered.into_response();
        }
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(info.clone());
        let room = Arc::clone(&self.gateway.room);
        request.extensions_mut().insert(room);
        // The router's own error type has no values.
        let Ok(response) = self.router.clone().oneshot(request).await;
        response
    }
}

/// What is refused before anything of it is read.
fn refusal<B>(gateway: &Gateway, request: &http::Request<B>, uri: &Uri) -> Option<Problem> {
    let headers = request.headers();
    // Two ways of saying where a body ends are how one request is smuggled inside another. Here
    // there is one way: its length.
    if headers.contains_key(TRANSFER_ENCODING) {
        return Some(Problem::new(
            "falta_longitud",
            "envíe el cuerpo con Content-Length; aquí no se acepta Transfer-Encoding",
            "send the body with Content-Length; Transfer-Encoding is not accepted here",
        ));
    }
    if uri.path().len() + uri.query().map_or(0, str::len) > 8_192 {
        return Some(Problem::new(
            "direccion_larga",
            "la dirección pasa de 8 192 caracteres",
            "the address has more than 8,192 characters",
        ));
    }
    // A proxy that adds no header to what it passes on, such as nginx with nothing but `proxy_pass`.
    if gateway.is_open() && request.version() < Version::HTTP_11 && !health::is_path(uri.path()) {
        return Some(caller::passed_on());
    }
    if gateway.is_stopping() && !uri.path().starts_with("/salud") {
        return Some(
            Problem::new(
                "terminando",
                "el servidor se está deteniendo; reintente en un momento",
                "the server is stopping; try again in a moment",
            )
            .after(Duration::from_secs(1)),
        );
    }
    None
}

/// Renders what went wrong, in the shape that the caller of that address knows.
fn render(mut response: Response, info: &RequestInfo, path: &str) -> Response {
    let problem = response.extensions_mut().remove::<Problem>().or_else(|| {
        // What the router itself refuses.
        match response.status() {
            StatusCode::METHOD_NOT_ALLOWED => Some(Problem::new(
                "metodo_no_permitido",
                "esta dirección no acepta ese método; vea /docs",
                "this address does not accept that method; see /docs",
            )),
            StatusCode::BAD_REQUEST if !is_worded(&response) => Some(Problem::unreadable(
                "la dirección tiene algo que no es texto UTF-8",
                "the address has something that is not UTF-8 text",
            )),
            _ => None,
        }
    });
    let Some(problem) = problem else {
        return response;
    };
    let route = response.extensions_mut().remove::<MatchedPath>();
    let mut rendered = if original::is_path(path) {
        original::render(&problem, info)
    } else if generar::is_path(path) {
        generar::render(&problem, info)
    } else if migo::is_path(path) {
        migo::render(&problem, info)
    } else if nubefact::is_path(path) {
        nubefact::render(&problem, info)
    } else {
        problem.render(info.lang, path, &info.id)
    };
    // What the router said beside the status, such as `Allow`.
    for (name, value) in response.headers() {
        if !rendered.headers().contains_key(name) && name != http::header::CONTENT_LENGTH {
            rendered.headers_mut().insert(name.clone(), value.clone());
        }
    }
    if let Some(route) = route {
        rendered.extensions_mut().insert(route);
    }
    if matches!(problem.status.as_u16(), 408 | 411 | 413) {
        let close = HeaderValue::from_static("close");
        rendered.headers_mut().insert(CONNECTION, close);
    }
    rendered
}

/// Whether a handler said in the words of another protocol what went wrong.
fn is_worded(response: &Response) -> bool {
    let kind = response.headers().get(CONTENT_TYPE);
    kind.is_some_and(|it| it == "application/json")
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
    limits::put_headers(headers, &info.learned);
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
