//! Batches: lists that are looked up.
//!
//! The cast. A *batch* is one list that was submitted; its *fingerprint*, the file and its column,
//! tells it from other lists. An *item* is one number of it, with its state: waiting, answered,
//! refused, failed. Its *job* is its place in the queue; a *claim* is the right to work on the job, and
//! one process has it at a time. *Memory* holds the answers; the batch itself keeps none. Its *kind*
//! (`kind.rs`) is what it asks for: numbers that are looked up, or documents that are issued (`documents/`),
//! whose items are documents.
//!
//! Its life. 1. A list is read and its cost counted: [`App::submit_batch`] for the gateway,
//! [`App::plan_batch`] for a command ([`Attended`]). 2. Batch, items and job are stored in one
//! transaction, before anything is paid for (`submit.rs`). 3. A run (`work.rs`) notes group after
//! group under the claim. A worker claims jobs that wait, by lease; a command holds its own as long as
//! its process lives. 4. It ends completed, partial, failed or cancelled. `result.rs` writes the result,
//! at any time.
//!
//! A command that is interrupted or dies leaves its batch paused. `--reanudar` resumes the newest
//! unfinished batch of the same fingerprint, `lotes reanudar` hands it to a worker; no worker takes it
//! by itself.
//!
//! A batch belongs to the key that it was submitted with. Every function takes the key of the caller,
//! none for the owner of the data folder; to another key the batch does not exist.

mod attended;
mod documents;
mod how;
mod input;
mod kind;
mod learned;
mod rates;
mod reading;
mod result;
mod submit;
mod vouchers;
mod work;

pub use attended::{Attended, Finished, PersonsLeft, ReadList};
pub use documents::{
    DocumentsInput, DocumentsSubmission, DocumentsTaken, IssuingList, ListPlan, LookedList,
    PlannedSeries, RehearsedList,
};
pub use how::HowKept;
pub use kind::{BatchKind, Groups, ListKind, ListOutcome, RowRead, RucList};
pub use rates::RateList;
pub use result::BatchResult;
pub use submit::{ListClass, ListInput, Submission};
pub use vouchers::VoucherList;

use std::sync::Arc;
use std::time::Duration;

use chaski_client::Failure;
use chaski_core::text;
use futures_util::stream::{self, BoxStream, StreamExt};
use jiff::Timestamp;
use uuid::Uuid;

use super::cost::calls_for;
use super::job_kind::job_of;
use super::spending::Payer;
use super::{App, AppError};
use crate::store::{Batch, BatchChange, BatchState, Cursor, ItemState, JobState, Page, StoreError};
use submit::BatchOptions;

/// How long a watcher waits before it looks again: other processes give no signal.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Least time between two values of one watcher.
const BETWEEN_EVENTS: Duration = Duration::from_millis(100);

impl App {
    /// How far a batch is.
    pub async fn batch(&self, id: Uuid, key_id: Option<Uuid>) -> Result<Batch, AppError> {
        let batch = self.store.batch(id).await?;
        let batch = batch.filter(|batch| key_id.is_none() || batch.key_id == key_id);
        Ok(batch.ok_or(StoreError::NoSuchBatch)?)
    }

    /// A page of batches, newest first: those of the key, or all.
    pub async fn batches(
        &self,
        limit: u32,
        cursor: Option<Cursor>,
        key_id: Option<Uuid>,
    ) -> Result<Page<Batch>, AppError> {
        Ok(self.store.batches(key_id, limit, cursor).await?)
    }

    /// Changes a batch as its owner wants, who pays where its numbers are asked for again. Calls in
    /// flight still end in memory, and what is answered stays.
    pub async fn change_batch(
        &self,
        id: Uuid,
        key_id: Option<Uuid>,
        wanted: BatchChange,
        payer: &Payer,
    ) -> Result<Batch, AppError> {
        let before = self.batch(id, key_id).await?;
        let _reserved = match wanted {
            BatchChange::Retry => {
                let calls = self.batch_retry_calls(id, key_id).await?;
                self.reserve_spending(payer, calls, true).await?
            }
            _ => None,
        };
        if !self
            .store
            .change_batch(id, wanted, self.clock.now())
            .await?
        {
            return Err(refusal(wanted, &before));
        }
        self.signals.control_changed();
        self.signals.work_came();
        self.batch(id, key_id).await
    }

    /// Calls that trying a batch again may cost, no more than its limit; none when it cannot be
    /// tried again.
    pub async fn batch_retry_calls(&self, id: Uuid, key_id: Option<Uuid>) -> Result<u64, AppError> {
        let batch = self.batch(id, key_id).await?;
        if !matches!(batch.state, BatchState::Partial | BatchState::Failed) {
            return Ok(0);
        }
        let Some(job) = self.store.job_of_batch(id).await? else {
            return Ok(0);
        };
        let options = job_of::<BatchOptions>(&job)?;
        let open = batch.unique.saturating_sub(batch.successful());
        let limit = options.left.or(options.most).unwrap_or(u64::MAX);
        Ok(calls_for(open as usize).min(limit))
    }

    /// How far a batch is, now and whenever that changes; ends after the state that it ends in.
    pub async fn batch_events(
        self: &Arc<App>,
        id: Uuid,
        key_id: Option<Uuid>,
    ) -> Result<BoxStream<'static, Result<Batch, AppError>>, AppError> {
        let progress = self.signals.progress();
        let first = self.batch(id, key_id).await?;
        let start = (Arc::clone(self), progress, first.clone(), first.has_ended());
        let further = stream::unfold(start, move |(app, mut progress, told, ended)| async move {
            if ended {
                return None;
            }
            let batch = loop {
                tokio::time::sleep(BETWEEN_EVENTS).await;
                // Looking again after a while is right whether there was a signal or not.
                let _ = tokio::time::timeout(LOOK_AGAIN, progress.changed()).await;
                match app.batch(id, key_id).await {
                    Ok(batch) if batch == told => {}
                    changed => break changed,
                }
            };
            let ended = batch.as_ref().map_or(true, Batch::has_ended);
            let told = batch.as_ref().unwrap_or(&told).clone();
            Some((batch, (app, progress, told, ended)))
        });
        Ok(stream::iter([Ok(first)]).chain(further).boxed())
    }

    /// When a batch goes on that waits for something else, an account or a connection.
    pub async fn batch_waits(&self, batch: &Batch) -> Result<Option<Timestamp>, AppError> {
        if batch.has_ended() || batch.started_at.is_none() {
            return Ok(None);
        }
        let now = self.clock.now();
        let job = self.store.job_of_batch(batch.id).await?;
        let waits = job.filter(|it| it.state == JobState::Pending && it.code.is_none());
        Ok(waits.map(|it| it.run_at).filter(|at| *at > now))
    }

    /// Why a batch ended without a single answer, or before all were asked about: the code of a number
    /// that failed.
    pub async fn batch_failure(&self, batch: &Batch) -> Result<Option<String>, AppError> {
        if !batch.has_ended() || batch.failed == 0 {
            return Ok(None);
        }
        let any = batch.successful() == 0;
        let items = self.store.item_states(batch.id).await?;
        Ok(items.into_iter().find_map(|item| match item.state {
            Some(ItemState::Failed { code }) if any || concerns_all(&code) => {
                Some(code.to_string())
            }
            _ => None,
        }))
    }
}

/// Why a batch cannot be changed so.
fn refusal(wanted: BatchChange, batch: &Batch) -> AppError {
    let state = batch.state.as_str();
    AppError::NotNow(match wanted {
        BatchChange::Pause if batch.paused => text!("ya está en pausa", "it is paused already"),
        BatchChange::Pause => text!(
            "no se puede pausar un lote {state}",
            "a batch that is {state} cannot be paused"
        ),
        BatchChange::Resume => text!("no está en pausa", "it is not paused"),
        BatchChange::Cancel => text!(
            "el lote ya terminó: {state}",
            "the batch has ended: {state}"
        ),
        BatchChange::Retry => text!(
            "nada que reintentar: el lote está {state}",
            "nothing to try again: the batch is {state}"
        ),
    })
}

/// Whether every number fails by the failure of a code.
pub fn concerns_all(code: &str) -> bool {
    [
        Failure::Unauthorized,
        Failure::QuotaSpent,
        Failure::WrongPath,
        Failure::Redirected,
    ]
    .iter()
    .any(|failure| failure.code() == code)
}
