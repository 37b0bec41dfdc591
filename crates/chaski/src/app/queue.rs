//! The queue of jobs, as the worker sees it.

use super::{App, AppError};
use crate::store::{Claim, JobEnd, LEASE, Priority, StoreError};

impl App {
    /// Claims the next job that is at least so urgent; none when there is nothing to do.
    pub(crate) async fn claim_job(&self, at_least: Priority) -> Result<Option<Claim>, AppError> {
        let now = self.clock.now();
        // Looking costs no writing.
        if !self.store.is_work_waiting(now, LEASE).await? {
            return Ok(None);
        }
        Ok(self.store.claim_job(now, LEASE, at_least).await?)
    }

    /// Holds a job for another lease.
    pub(crate) async fn renew_job(&self, claim: &Claim) -> Result<(), StoreError> {
        self.store.renew_job(claim, self.clock.now(), LEASE).await
    }

    /// Ends a run of a job.
    pub(crate) async fn end_job(&self, claim: &Claim, end: JobEnd) -> Result<(), AppError> {
        Ok(self.store.end_job(claim, end, self.clock.now()).await?)
    }
}
