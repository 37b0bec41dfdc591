//! Health, version and metrics: for machines that watch.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use chaski_client::{BreakerState, DocumentState};
use http::header::{ACCEPT, CONTENT_TYPE, VARY};
use http::{HeaderMap, StatusCode};

use super::{Gateway, Side};
use crate::api::health::{Health, IssuingData, VersionData};
use crate::app::Mode;
use crate::metrics::{IssuingNow, Metrics, UpstreamNow, as_plain_text};

/// Whether an address is one of those that watchers look at.
pub(super) fn is_path(path: &str) -> bool {
    path.starts_with("/salud/") || matches!(path, "/healthz" | "/readyz")
}

fn health(gateway: &Gateway, estado: &'static str) -> Json<Health> {
    Json(Health {
        estado: estado.into(),
        version: env!("CARGO_PKG_VERSION").into(),
        mode: gateway.usual().app.mode.as_str().into(),
        comprobantes: None,
    })
}

/// Is the process alive?
#[utoipa::path(
    get,
    path = "/salud/vivo",
    operation_id = "comprobar_vida",
    responses((status = 200, body = Health))
)]
pub(super) async fn alive(State(gateway): State<Arc<Gateway>>) -> Json<Health> {
    health(&gateway, "ok")
}

/// Is it ready for work?
#[utoipa::path(
    get,
    path = "/salud/listo",
    operation_id = "comprobar_disponibilidad",
    responses((status = 200, body = Health), (status = 503, body = Health))
)]
pub(super) async fn ready(State(gateway): State<Arc<Gateway>>) -> Response {
    let writes = gateway
        .sides()
        .all(|side| side.app.store_failure().is_none());
    let state = match (gateway.is_stopping(), writes) {
        (true, _) => "terminando",
        (_, false) => "almacen_no_disponible",
        _ => {
            let Json(health) = health(&gateway, "ok");
            let comprobantes = issuing(gateway.usual()).await;
            return Json(Health {
                comprobantes,
                ..health
            })
            .into_response();
        }
    };
    (StatusCode::SERVICE_UNAVAILABLE, health(&gateway, state)).into_response()
}

/// How issuing stands; none where nothing waits and nothing was ever issued, or it cannot be read now.
async fn issuing(side: &Side) -> Option<IssuingData> {
    let app = &side.app;
    let standing = app.issuing_standing().await.ok()?;
    if standing.is_idle() && app.open_series().await.ok()?.is_empty() {
        return None;
    }
    let waits = |states: &[DocumentState]| states.iter().map(|it| standing.count(*it)).sum();
    let oldest = standing.oldest_pending_age(app.clock.now());
    Some(IssuingData {
        en_cola: waits(&[DocumentState::Queued, DocumentState::Held]),
        en_duda: waits(&[DocumentState::InDoubt]),
        pendientes: waits(&[DocumentState::Pending, DocumentState::VoidPending]),
        por_vencer: standing.near_deadline,
        emisores_retenidos: standing.held.len() as u64,
        segundos_del_mas_antiguo: oldest.as_secs(),
    })
}

/// Which version runs
#[utoipa::path(
    get,
    path = "/version",
    operation_id = "ver_version",
    responses((status = 200, body = VersionData))
)]
pub(super) async fn version(State(gateway): State<Arc<Gateway>>) -> Json<VersionData> {
    Json(VersionData {
        nombre: "chaski".into(),
        version: env!("CARGO_PKG_VERSION").into(),
        mode: gateway.usual().app.mode.as_str().into(),
    })
}

/// Metrics in the text format of Prometheus
///
/// Or as `OpenMetrics`, where `Accept` prefers that.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "ver_metricas",
    responses((status = 200, content(
        (String = "text/plain"),
        (String = "application/openmetrics-text"),
    )))
)]
pub(super) async fn metrics(State(gateway): State<Arc<Gateway>>, headers: HeaderMap) -> Response {
    let mut now = Vec::new();
    for side in gateway.sides() {
        now.push(upstream_now(side).await);
    }
    let metrics = &gateway.usual().app.metrics;
    for side in gateway.sides() {
        let mode = side.app.mode.as_str();
        // Without them, the others still tell that the store is in trouble.
        let counts = side.app.job_counts().await.unwrap_or_default();
        for (kind, state, jobs) in counts {
            metrics.jobs(mode, kind.as_str(), state.as_str(), jobs);
        }
    }
    for side in gateway.sides() {
        tell_issuing(side, metrics).await;
    }
    let text = metrics.render(&now, gateway.usual().app.mode.as_str());
    let (kind, text) = if prefers_openmetrics(&headers) {
        let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
        (kind, text)
    } else {
        (
            "text/plain; version=0.0.4; charset=utf-8",
            as_plain_text(&text),
        )
    };
    ([(CONTENT_TYPE, kind), (VARY, "Accept")], text).into_response()
}

/// Whether `OpenMetrics` is named, and plain text not before it.
fn prefers_openmetrics(headers: &HeaderMap) -> bool {
    let wanted = headers.get_all(ACCEPT).iter();
    let wanted = wanted
        .filter_map(|it| it.to_str().ok())
        .flat_map(|it| it.split(','));
    let mut weights = [0.0_f32; 2];
    for part in wanted {
        let mut pieces = part.split(';').map(str::trim);
        let place = match pieces.next() {
            Some("application/openmetrics-text") => 0,
            Some("text/plain") => 1,
            _ => continue,
        };
        let weight = pieces.find_map(|it| it.strip_prefix("q="));
        let weight = weight.map_or(Ok(1.0), str::parse).unwrap_or(0.0);
        weights[place] = weights[place].max(weight);
    }
    weights[0] > 0.0 && weights[0] >= weights[1]
}

async fn upstream_now(side: &Side) -> UpstreamNow {
    let (breaker, gate_wait) = side.app.provider_gate();
    // A store that cannot be read is told by health.
    let quota = side.app.month_calls().await.ok();
    let left = quota.and_then(|(spent, most)| Some(most?.saturating_sub(spent)));
    UpstreamNow {
        provider: match side.app.mode {
            Mode::Sandbox => "sandbox",
            Mode::Real => "migo",
        },
        mode: side.app.mode.as_str(),
        breaker: match breaker {
            BreakerState::Closed => 0,
            BreakerState::HalfOpen => 1,
            BreakerState::Open => 2,
        },
        quota_left: left.map(|left| i64::try_from(left).unwrap_or(i64::MAX)),
        gate_wait,
        queued: side.app.queued_rows(),
    }
}

/// What cannot be read stays as it was told last; that the store is in trouble is told by health.
async fn tell_issuing(side: &Side, metrics: &Metrics) {
    let app = &side.app;
    let (Ok(counts), Ok(standing)) = (app.document_counts().await, app.issuing_standing().await)
    else {
        return;
    };
    metrics.issuing(&IssuingNow {
        mode: app.mode.as_str(),
        counts: &counts,
        oldest_pending: standing.oldest_pending_age(app.clock.now()),
        in_doubt: standing.count(DocumentState::InDoubt),
        near_deadline: standing.near_deadline,
        in_review: standing.in_review,
        issuers_held: standing.held.len() as u64,
    });
}
