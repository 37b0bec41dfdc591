//! Issuing the workbooks of the month, as the original's monthly run did.

use crate::app::{App, AppError};
use crate::store::Claim;

pub(super) async fn work(app: &App, claim: &Claim) -> Result<(), AppError> {
    let lists = app.work_monthly_lists(claim).await?;
    tracing::info!(lists, "the workbooks of the month were handed over");
    Ok(())
}
