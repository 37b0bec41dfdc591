//! A batch as it rests: its states, and how a row is read back.

use std::time::Duration;

use jiff::Timestamp;
use uuid::Uuid;

use crate::named::named;
use crate::store::error::StoreError;
use crate::store::sql::{Conn, cells_of, query, record};

/// A batch as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Its identifier.
    pub id: Uuid,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When work on it began.
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// How far it has come.
    pub state: BatchState,
    /// Which batches go first.
    pub priority: Priority,
    /// What is asked of each number.
    pub operation: String,
    /// Name of the file.
    pub source_name: String,
    /// Hash of what was handed over.
    pub source_hash: Vec<u8>,
    /// Canonical text of the options.
    pub options: String,
    /// Who asked.
    pub asked_by: String,
    /// Rows of the file.
    pub total_rows: u32,
    /// Different numbers.
    pub unique: u32,
    /// Numbers with an answer.
    pub answered: u32,
    /// Numbers that the upstream refused.
    pub refused: u32,
    /// Numbers that could not be asked.
    pub failed: u32,
    /// Numbers that memory answered.
    pub cache_hits: u32,
    /// Calls that were sent.
    pub calls: u32,
    /// Whose it is, none for the owner of the folder.
    pub key_id: Option<Uuid>,
    /// Its owner wants it to wait.
    pub paused: bool,
}

impl Batch {
    /// Numbers with an outcome.
    pub fn processed(&self) -> u32 {
        self.answered + self.refused + self.failed
    }

    /// Numbers that the upstream answered about, its "no such number" included.
    pub fn successful(&self) -> u32 {
        self.answered + self.refused
    }

    /// Share of the numbers with an outcome, in percent with two decimals; a list without any
    /// number to ask is done.
    pub fn progress_percentage(&self) -> f64 {
        percentage(self.processed(), self.unique).unwrap_or(100.0)
    }

    /// Share of the successful among the processed, in percent with two decimals.
    pub fn success_rate(&self) -> f64 {
        percentage(self.successful(), self.processed()).unwrap_or(0.0)
    }

    /// From the beginning of the work to its end, or until now.
    pub fn duration(&self, now: Timestamp) -> Option<Duration> {
        let until = self.finished_at.unwrap_or(now);
        let took = until.duration_since(self.started_at?);
        Some(Duration::try_from(took).unwrap_or(Duration::ZERO))
    }

    /// Nothing more will come by itself.
    pub fn has_ended(&self) -> bool {
        !matches!(self.state, BatchState::Pending | BatchState::Processing)
    }
}

fn percentage(part: u32, whole: u32) -> Option<f64> {
    let share = f64::from(part) * 10_000.0 / f64::from(whole);
    (whole > 0).then(|| share.round() / 100.0)
}

named! {
    /// How far a batch has come.
    pub enum BatchState {
        /// Accepted, not begun.
        Pending = "PENDING",
        /// Being worked on, or interrupted by a crash.
        Processing = "PROCESSING",
        /// Ended with numbers that failed or were not asked: it can go on.
        Partial = "PARTIAL",
        /// All numbers answered or refused.
        Completed = "COMPLETED",
        /// Ended without a result.
        Failed = "FAILED",
        /// Stopped by its owner.
        Cancelled = "CANCELLED",
    }
}

named! {
    /// Which batches go first.
    #[derive(PartialOrd, Ord, Default)]
    pub enum Priority {
        /// When nothing else waits.
        Low = "LOW",
        /// The usual one.
        #[default]
        Normal = "NORMAL",
        /// Before the usual ones.
        High = "HIGH",
        /// Before everything.
        Critical = "CRITICAL",
    }
}

cells_of! {
    BatchState, &str => BatchState::from_name;
    Priority, &str => Priority::from_name;
}

impl Priority {
    /// Its place in the order, as the queue stores it.
    pub(in crate::store) fn rank(self) -> u32 {
        self as u32
    }

    pub(in crate::store) fn of_rank(rank: u32) -> Option<Priority> {
        Self::ALL.into_iter().find(|known| known.rank() == rank)
    }
}

record!(Batch {
    id,
    created_at,
    started_at,
    finished_at,
    state,
    priority,
    operation,
    source_name,
    source_hash,
    options,
    asked_by,
    total_rows,
    unique: "unique_items",
    answered,
    refused,
    failed,
    cache_hits,
    calls,
    key_id,
    paused,
});

/// The number under which the items of a batch are stored.
pub(in crate::store) async fn seq_of(connection: &mut Conn, id: Uuid) -> Result<i64, StoreError> {
    query("SELECT seq FROM batches WHERE id = $1")
        .bind(id)
        .fetch_optional(connection)
        .await?
        .ok_or(StoreError::NoSuchBatch)
}
