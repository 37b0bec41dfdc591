//! Noting how many calls of the month are spent.

use crate::app::{App, AppError};
use crate::store::Claim;

pub(super) async fn work(app: &App, claim: &Claim) -> Result<(), AppError> {
    let counters = app.work_quota(claim).await?;
    tracing::debug!(counters, "the quota was noted");
    Ok(())
}
