//! Whether a server that runs elsewhere is ready, for health checks.

use chaski_core::text;
use std::time::Duration;

use bytes::Bytes;
use chaski_client::{Http, Transport};
use http::{Method, Request, StatusCode, Uri};

use super::AppError;
use crate::api::health::{Health as HealthData, IssuingData};

/// Where a server says whether it is ready.
const READY: &str = "/salud/listo";

/// It answers in a word.
const MOST_BYTES: usize = 64 * 1024;

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Readiness {
    /// It can take work; how its issuing stands, where it issues.
    Ready(Option<IssuingData>),
    /// It runs and cannot: its status.
    NotReady(u16),
    /// No answer came in time.
    Silent,
}

/// Asks a server whether it is ready.
pub(crate) async fn health_of(url: &str, within: Duration) -> Result<Readiness, AppError> {
    let bad = || {
        AppError::Usage(text!(
            "--url debe ser una dirección como http://127.0.0.1:8420",
            "--url must be an address such as http://127.0.0.1:8420"
        ))
    };
    let uri: Uri = format!("{}{READY}", url.trim().trim_end_matches('/'))
        .parse()
        .map_err(|_| bad())?;
    if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.query().is_some() {
        return Err(bad());
    }
    let request = Request::builder()
        .method(Method::GET)
        .uri(uri)
        .body(Bytes::new())
        .map_err(|_| bad())?;
    let http = Http::new();
    let asked = tokio::time::timeout(within, http.send(request, MOST_BYTES));
    Ok(match asked.await {
        Ok(Ok(answer)) if answer.status() == StatusCode::OK => {
            // What it says beside being ready may be another version's.
            let said = serde_json::from_slice::<HealthData>(answer.body());
            Readiness::Ready(said.ok().and_then(|it| it.comprobantes))
        }
        Ok(Ok(answer)) => Readiness::NotReady(answer.status().as_u16()),
        Ok(Err(_)) | Err(_) => Readiness::Silent,
    })
}
