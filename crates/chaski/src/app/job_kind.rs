//! What a job does.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::AppError;
use crate::named::named;
use crate::store::Job;

named! {
    /// The kinds of work.
    pub enum JobKind {
        /// A batch of look-ups.
        Batch = "lote",
        /// Deleting what has expired.
        Retention = "limpieza",
        /// Noting how many calls of the month are spent.
        Quota = "cuota",
        /// Bringing partners up to date.
        PartnerRefresh = "partners",
        /// Issuing the workbooks of the month.
        MonthlyInvoicing = "facturacion",
    }
}

/// What a job is about, from the queue.
pub(super) fn job_of<T: DeserializeOwned>(job: &Job) -> Result<T, AppError> {
    Ok(serde_json::from_str(&job.payload).map_err(std::io::Error::from)?)
}

/// The same as the queue keeps it.
pub(super) fn job_text(about: &impl Serialize) -> Result<String, AppError> {
    Ok(serde_json::to_string(about).map_err(std::io::Error::from)?)
}
