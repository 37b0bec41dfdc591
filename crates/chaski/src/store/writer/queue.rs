//! What stands between those who hand rows over and the task that writes them.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};

use chaski_client::{Key, Memory};
use compact_str::CompactString;
use foldhash::quality::RandomState;
use tokio::sync::{Notify, OwnedSemaphorePermit, oneshot};
use uuid::Uuid;

use super::deed::Deed;
use crate::store::error::StoreError;
use crate::store::tables::answers::AnswerRow;
use crate::store::tables::calls::{CallRecord, Hit};

/// What the task and the callers both see.
#[derive(Default)]
pub(in crate::store) struct Shared {
    pub(super) failing: AtomicBool,
    /// Somebody waits for a commit.
    pub(super) hurry: Notify,
    pub(super) failure: Mutex<Option<StoreError>>,
    pub(super) failed: Notify,
    pub(super) queued: AtomicUsize,
    pub(super) accepted: Mutex<Accepted>,
    pub(super) hits: Mutex<Hits>,
    /// Calls of a provider's month that are in the queue.
    pub(super) spent: Mutex<Spent>,
    /// Whether documents are issued from here: then a lost sync ends the process.
    pub(super) must_sync: AtomicBool,
}

/// Calls by provider and month.
pub(super) type Spent = HashMap<(CompactString, CompactString), u64, RandomState>;

/// Answers that are queued: a look-up that follows at once must already find them, or it would
/// pay for the same answer again.
#[derive(Default)]
pub(super) struct Accepted {
    pub(super) count: u64,
    pub(super) by_key: HashMap<Key, (u64, Memory), RandomState>,
}

/// Questions that memory answered. They cost nothing, so they may come without end, and the record
/// has an end for each asker.
#[derive(Default)]
pub(super) struct Hits {
    /// Those in the queue, and how many equal ones came after each.
    pub(super) queued: HashMap<Hit, u32, RandomState>,
    /// What each asker has of the present minute.
    pub(super) minutes: HashMap<CompactString, Minute, RandomState>,
}

/// The hits of an asker in one minute.
#[derive(Default)]
pub(super) struct Minute {
    pub(super) number: i64,
    pub(super) rows: u32,
    pub(super) summary: Option<SummaryRow>,
}

/// The row that stands for all hits of an asker and a minute beyond the most that have rows of their own.
pub(super) struct SummaryRow {
    pub(super) row: Uuid,
    /// Hits that came since its row was told of any.
    pub(super) more: u32,
    /// Second in which its row was last told.
    pub(super) told: i64,
}

/// Rows that nobody waits for.
pub(super) enum Rows {
    Answers(Vec<AnswerRow>),
    Call(Box<CallRecord>),
    /// Hits that a row which is written, or queued before, stands for too.
    More(Uuid, u32),
    Spent {
        provider: CompactString,
        month: CompactString,
        calls: u64,
    },
}

pub(super) enum Message {
    Rows(Rows, Option<OwnedSemaphorePermit>),
    Deed(Box<dyn Deed>),
    Alone(Box<dyn Deed>),
    Barrier(oneshot::Sender<Result<(), StoreError>>),
    Close(oneshot::Sender<Result<(), StoreError>>),
}

impl Shared {
    /// Whether the last attempt to write succeeded.
    pub(in crate::store) fn ready(&self) -> Result<(), StoreError> {
        if self.failing.load(Ordering::Acquire) {
            Err(self.failure().unwrap_or(StoreError::Closed))
        } else {
            Ok(())
        }
    }

    pub(in crate::store) fn failure(&self) -> Option<StoreError> {
        lock(&self.failure).clone()
    }

    /// From now on the process ends when the system could not bring to the disk what it was given: what it
    /// says of it later is not to be believed, and what a document's number is worth hangs on it.
    pub(in crate::store) fn end_without_sync(&self) {
        self.must_sync.store(true, Ordering::Release);
    }

    /// Rows accepted and not yet durable.
    pub(in crate::store) fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    pub(in crate::store) fn accepted(&self, keys: &[Key]) -> Vec<Option<Memory>> {
        let accepted = lock(&self.accepted);
        keys.iter()
            .map(|key| accepted.by_key.get(key).map(|(_, memory)| memory.clone()))
            .collect()
    }

    /// Calls that are counted and not yet durable.
    pub(in crate::store) fn spent(&self, provider: &str, month: &str) -> u64 {
        lock(&self.spent)
            .get(&(provider.into(), month.into()))
            .copied()
            .unwrap_or(0)
    }

    /// A hit leaves the queue, with all that it stands for.
    pub(super) fn take_equals(&self, call: &mut CallRecord) {
        if let Some(hit) = call.hit() {
            let equals = lock(&self.hits).queued.remove(&hit);
            call.add(equals.unwrap_or(0));
        }
    }

    pub(super) fn set_failure(&self, failure: Option<StoreError>) {
        let failing = failure.is_some();
        *lock(&self.failure) = failure;
        self.failing.store(failing, Ordering::Release);
        if failing {
            self.failed.notify_waiters();
        }
    }
}

impl Rows {
    pub(super) fn count(&self) -> usize {
        match self {
            Rows::Answers(rows) => rows.len(),
            Rows::Call(_) | Rows::More(..) | Rows::Spent { .. } => 1,
        }
    }
}

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .expect("no code panics while it holds this lock")
}
