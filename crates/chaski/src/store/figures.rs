//! Counts and sizes for the doctor and the panel, and the limit on the size.

use jiff::Timestamp;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::opening::SCHEMA;
use crate::store::sql::query;

/// What the store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Version of the schema.
    pub schema: u32,
    /// Answers.
    pub answers: u64,
    /// Refusals.
    pub refusals: u64,
    /// Calls on record.
    pub calls: u64,
    /// When the oldest of them began.
    pub oldest_call: Option<Timestamp>,
    /// Batches.
    pub batches: u64,
    /// Rows accepted and not yet durable.
    pub queued_rows: u64,
    /// Size of the database file.
    pub database_bytes: u64,
    /// Size of its log.
    pub log_bytes: u64,
    /// Free space inside the database file.
    pub free_bytes: u64,
}

impl Store {
    /// Counts everything; about a second for ten million calls.
    pub async fn figures(&self) -> Result<Figures, StoreError> {
        let mut reader = self.read().await?;
        let (answers, refusals, calls, oldest_call, batches): (u64, u64, u64, _, u64) = query(
            "SELECT (SELECT count(*) FROM answers), \
             (SELECT count(*) FROM answers WHERE reason IS NOT NULL), \
             (SELECT count(*) FROM calls), (SELECT min(at) FROM calls), \
             (SELECT count(*) FROM batches)",
        )
        .fetch_one(&mut reader)
        .await?;
        drop(reader);
        let sizes = self.sizes().await?;
        Ok(Figures {
            schema: SCHEMA,
            answers: answers.saturating_sub(refusals),
            refusals,
            calls,
            oldest_call,
            batches,
            queued_rows: self.writer.shared().queued() as u64,
            database_bytes: sizes.database,
            log_bytes: sizes.log,
            free_bytes: sizes.free,
        })
    }
}
