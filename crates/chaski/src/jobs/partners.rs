//! Bringing partners up to date, what the original did each midnight.

use crate::app::{App, AppError};
use crate::store::Claim;

pub(super) async fn work(app: &App, claim: &Claim) -> Result<(), AppError> {
    let refreshed = app.work_partner_refresh(claim).await?;
    tracing::info!(
        asked = refreshed.asked,
        found = refreshed.found,
        failed = refreshed.failed,
        calls = refreshed.calls,
        "partners are up to date"
    );
    Ok(())
}
