//! Deleting what is past its time.

use crate::app::{App, AppError};
use crate::store::Claim;

pub(super) async fn work(app: &App, claim: &Claim) -> Result<(), AppError> {
    let pruned = app.work_retention(claim).await?;
    tracing::info!(?pruned, "what was past its time is gone");
    Ok(())
}
