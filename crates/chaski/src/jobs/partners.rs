//! Bringing partners up to date, what the original did each midnight.

use crate::app::{App, AppError};
use crate::store::Claim;

pub(super) async fn work(app: &App, claim: &Claim) -> Result<(), AppError> {
    let refreshed = app.work_partner_refresh(claim).await?;
    if let Some(error) = &refreshed.failure {
        let (code, failed) = (error.code(), refreshed.failed);
        tracing::warn!(code, failed, "partners without an answer");
    }
    tracing::info!(
        asked = refreshed.asked,
        found = refreshed.found,
        failed = refreshed.failed,
        missing = refreshed.missing,
        calls = refreshed.calls,
        "partners were asked about"
    );
    Ok(())
}
