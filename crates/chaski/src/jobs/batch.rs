//! A batch of look-ups.

use crate::app::{App, AppError};
use crate::store::Claim;

pub(super) async fn work(app: &App, claim: &Claim) -> Result<(), AppError> {
    let state = app.work_batch(claim).await?;
    tracing::info!(state = state.as_str(), "a batch was worked on");
    Ok(())
}
