//! The audit summed up: what was used, by whom and of which operation.

use jiff::Timestamp;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::sql::{query, record};
use crate::store::tables::companies::Company;

/// What somebody used of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedRow {
    /// Who asked, such as `cli` or `llave:0f3a9c1b2d4e`.
    pub asked_by: String,
    /// Operation.
    pub operation: String,
    /// Calls sent.
    pub sent: u64,
    /// Numbers asked for in them.
    pub numbers: u64,
    /// Those of them that failed.
    pub failed: u64,
    /// Answers that memory gave.
    pub remembered: u64,
}

impl Store {
    /// What was used from an instant to before another one, of one company or of all there are.
    pub async fn used(
        &self,
        since: Timestamp,
        until: Timestamp,
        company: Option<Company>,
    ) -> Result<Vec<UsedRow>, StoreError> {
        let mut reader = self.read().await?;
        let mut sums = query(
            "SELECT asked_by, operation, \
             CAST(sum(CASE WHEN attempt > 0 THEN 1 ELSE 0 END) AS BIGINT) AS sent, \
             CAST(sum(CASE WHEN attempt > 0 THEN items ELSE 0 END) AS BIGINT) AS numbers, \
             CAST(sum(CASE WHEN attempt > 0 AND outcome NOT IN ('SUCCESS', 'NOT_FOUND') \
             THEN 1 ELSE 0 END) AS BIGINT) AS failed, \
             CAST(sum(CASE WHEN attempt = 0 THEN items ELSE 0 END) AS BIGINT) AS remembered \
             FROM calls INDEXED BY calls_at WHERE true",
        );
        sums.push_if(" AND at >= ", Some(since))
            .push_if(" AND at < ", Some(until))
            .push_if(" AND company = ", company)
            .push(" GROUP BY asked_by, operation ORDER BY asked_by, operation");
        sums.fetch_all(&mut reader).await
    }
}

record!(UsedRow {
    asked_by,
    operation,
    sent,
    numbers,
    failed,
    remembered,
});
