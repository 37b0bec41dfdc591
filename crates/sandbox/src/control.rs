//! The sandbox as a router: the API itself, and the doors to its ledger and its faults.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Query, Request, State};
use axum::response::{IntoResponse, Json, Response};
use axum::routing::get;
use chaski_core::{Lang, lima_datetime};
use futures_util::stream;
use http::header::ACCEPT_LANGUAGE;
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::cut::Cut;
use crate::fault::{Fault, FaultError};
use crate::ledger::Entry;
use crate::nubefact::{LARGEST_BODY, NubefactEntry};
use crate::operation::Operation;
use crate::sandbox::{DRIP_PIECES, Sandbox};
use crate::span::parse_span;

/// No request of APIMIGO is anywhere near.
const BODY_LIMIT: usize = 1024 * 1024;

impl Sandbox {
    /// The APIs under `/api/v1` and `/api/v2`, what Nubefact's links lead to under `/cpe`, `/guia` and
    /// `/anulacion`, and the sandbox's own doors under `/_sandbox`.
    ///
    /// | door | does |
    /// |---|---|
    /// | `GET /_sandbox/ledger?desde=N` | the entries after that sequence number, as an array |
    /// | `DELETE /_sandbox/ledger` | forgets them |
    /// | `POST /_sandbox/faults` | commands the faults of the body, one per line |
    /// | `DELETE /_sandbox/faults` | ends all faults |
    /// | `GET /_sandbox/estado` | seed, counters, plan, faults in force, simulated time |
    /// | `GET /_sandbox/nubefact?desde=N` | Nubefact's ledger after that sequence number |
    /// | `POST /_sandbox/reloj` | moves the simulated time: forward by `36h`, `90m`, `10s`, `3d`, or to an instant, `2026-11-28T09:00:00-05:00` |
    /// | `GET /_sandbox/reloj` | the simulated time |
    ///
    /// Faults of the connection need [`serve`](crate::serve()). Under any other server they
    /// are a 503 that carries a [`Cut`] among its extensions.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/_sandbox/ledger", get(read_ledger).delete(clear_ledger))
            .route(
                "/_sandbox/faults",
                get(list_faults).post(add_faults).delete(end_faults),
            )
            .route("/_sandbox/estado", get(read_state))
            .route("/_sandbox/nubefact", get(read_nubefact))
            .route("/_sandbox/reloj", get(read_clock).post(move_clock))
            .fallback(answer)
            .with_state(self.clone())
    }
}

async fn answer(State(sandbox): State<Sandbox>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    };
    if body.len() > BODY_LIMIT && sandbox.for_nubefact(&parts, &body).is_none() {
        return StatusCode::PAYLOAD_TOO_LARGE.into_response();
    }
    match sandbox.reply(http::Request::from_parts(parts, body)).await {
        Ok((reply, None)) => reply.into_response().map(Body::from),
        Ok((reply, Some(interval))) => {
            let response = reply.into_response();
            let piece = response.body().len().div_ceil(DRIP_PIECES as usize).max(1);
            response.map(|body| {
                Body::from_stream(stream::unfold(body, move |mut left| async move {
                    if left.is_empty() {
                        return None;
                    }
                    tokio::time::sleep(interval).await;
                    let next = left.split_to(piece.min(left.len()));
                    Some((Ok::<_, Cut>(next), left))
                }))
            })
        }
        Err(cut) => {
            let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
            response.extensions_mut().insert(cut);
            response
        }
    }
}

#[derive(Deserialize)]
struct Since {
    #[serde(default)]
    desde: u64,
}

async fn read_ledger(
    State(sandbox): State<Sandbox>,
    Query(since): Query<Since>,
) -> Json<Vec<Entry>> {
    Json(sandbox.ledger_since(since.desde))
}

async fn clear_ledger(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.clear();
    StatusCode::NO_CONTENT
}

async fn read_nubefact(
    State(sandbox): State<Sandbox>,
    Query(since): Query<Since>,
) -> Result<Json<Vec<NubefactEntry>>, StatusCode> {
    let entries = sandbox.nubefact_ledger(since.desde);
    entries.map(Json).map_err(|error| {
        tracing::error!(%error, "the ledger of Nubefact cannot be read");
        StatusCode::INTERNAL_SERVER_ERROR
    })
}

fn written_in_lima(now: Timestamp) -> String {
    format!("{}-05:00", lima_datetime(now).strftime("%Y-%m-%dT%H:%M:%S"))
}

async fn read_clock(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(json!({"ahora": written_in_lima(sandbox.now())}))
}

/// Forward by a duration, or to an instant, which may be earlier.
async fn move_clock(State(sandbox): State<Sandbox>, headers: HeaderMap, text: String) -> Response {
    let text = text.trim();
    let moved = sandbox.move_clock(|now| {
        if let Some(days) = text.strip_suffix('d').and_then(|days| days.parse().ok()) {
            return now
                .checked_add(SignedDuration::from_hours(
                    24 * i64::from(u16::min(days, 3660)),
                ))
                .ok();
        }
        match parse_span(text) {
            Some(span) => now.checked_add(span).ok(),
            None => text.parse().ok(),
        }
    });
    match moved {
        Ok(Some(now)) => Json(json!({"ahora": written_in_lima(now)})).into_response(),
        Ok(None) => {
            let error = language(&headers).pick(
                "el reloj se mueve con una duración (36h, 90m, 10s, 3d) o a un instante \
                 (2026-11-28T09:00:00-05:00)",
                "the clock is moved by a duration (36h, 90m, 10s, 3d) or to an instant \
                 (2026-11-28T09:00:00-05:00)",
            );
            let refused = json!({"success": false, "error": error});
            (StatusCode::BAD_REQUEST, Json(refused)).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "the simulated time cannot be written");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn list_faults(State(sandbox): State<Sandbox>) -> Json<Value> {
    Json(json!({"faults": fault_texts(&sandbox)}))
}

/// All lines or none.
async fn add_faults(State(sandbox): State<Sandbox>, headers: HeaderMap, text: String) -> Response {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let faults: Result<Vec<Fault>, FaultError> = lines.map(str::parse).collect();
    match faults {
        Ok(faults) => {
            for fault in faults {
                sandbox.fail(fault);
            }
            list_faults(State(sandbox)).await.into_response()
        }
        Err(error) => {
            let text = error.message(language(&headers));
            let refused = json!({"success": false, "error": text});
            (StatusCode::BAD_REQUEST, Json(refused)).into_response()
        }
    }
}

async fn end_faults(State(sandbox): State<Sandbox>) -> StatusCode {
    sandbox.heal();
    StatusCode::NO_CONTENT
}

async fn read_state(State(sandbox): State<Sandbox>) -> Json<Value> {
    let totals = sandbox.totals();
    let count = |it: Operation| {
        (
            it.name().to_owned(),
            totals.by_operation[it as usize].into(),
        )
    };
    let operations: Map<String, Value> = Operation::ALL.into_iter().map(count).collect();
    Json(json!({
        "seed": sandbox.config().seed,
        "uptime_ms": sandbox.started().elapsed().as_millis(),
        "ahora": written_in_lima(sandbox.now()),
        "latency": sandbox.config().latency.to_string(),
        "requests": totals.requests,
        "charged": totals.charged,
        "quota": sandbox.config().quota,
        "quota_left": sandbox.quota_left(),
        "last_sequence": sandbox.last_sequence(),
        "operations": operations,
        "faults": fault_texts(&sandbox),
    }))
}

fn fault_texts(sandbox: &Sandbox) -> Vec<String> {
    sandbox.faults().iter().map(Fault::to_string).collect()
}

fn language(headers: &HeaderMap) -> Lang {
    let wanted = headers
        .get(ACCEPT_LANGUAGE)
        .and_then(|value| value.to_str().ok());
    if wanted.is_some_and(|wanted| wanted.starts_with("en")) {
        Lang::En
    } else {
        Lang::Es
    }
}
