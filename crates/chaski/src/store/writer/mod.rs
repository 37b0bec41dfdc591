//! The only writer: one task that owns one connection and commits in groups. It takes
//! everything queued, writes it in one transaction and then answers all who wait.
//!
//! A group that cannot be committed is kept and tried again until it is; meanwhile
//! `ready` is an error and the queue, which is bounded, pushes back.

mod deed;
mod task;

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use chaski_client::{Call, Key, Memory};
use compact_str::CompactString;
use foldhash::quality::RandomState;
use futures_util::future::BoxFuture;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use uuid::Uuid;

pub(in crate::store) use self::deed::Answered;
use self::deed::{Deed, waiting};
use self::task::Task;

use crate::store::error::StoreError;
use crate::store::seal::Keys;
use crate::store::sql::Conn;
use crate::store::tables::answers::AnswerRow;
use crate::store::tables::calls::{CallRecord, Hit};

/// Kilobytes that may be accepted and not yet durable. Counted in kilobytes and not in rows
/// because a row may carry bodies of megabytes.
const ROOM: u32 = 65_536;

/// The near end of the queue.
pub(super) struct Writer {
    queue: mpsc::UnboundedSender<Message>,
    room: Arc<Semaphore>,
    shared: Arc<Shared>,
}

/// What the task and the callers both see.
#[derive(Default)]
pub(super) struct Shared {
    failing: AtomicBool,
    /// Somebody waits for a commit.
    hurry: Notify,
    failure: Mutex<Option<StoreError>>,
    failed: Notify,
    queued: AtomicUsize,
    accepted: Mutex<Accepted>,
    hits: Mutex<Hits>,
    /// Calls of a provider's month that are in the queue.
    spent: Mutex<Spent>,
}

/// Calls by provider and month.
type Spent = HashMap<(CompactString, CompactString), u64, RandomState>;

/// Answers that are queued: a look-up that follows at once must already find them, or it would
/// pay for the same answer again.
#[derive(Default)]
struct Accepted {
    count: u64,
    by_key: HashMap<Key, (u64, Memory), RandomState>,
}

/// Questions that memory answered. They cost nothing, so they may come without end, and the record
/// has an end for each asker.
#[derive(Default)]
struct Hits {
    /// Those in the queue, and how many equal ones came after each.
    queued: HashMap<Hit, u32, RandomState>,
    /// What each asker has of the present minute.
    minutes: HashMap<CompactString, Minute, RandomState>,
}

/// The hits of an asker in one minute.
#[derive(Default)]
struct Minute {
    number: i64,
    rows: u32,
    summary: Option<Summary>,
}

/// The row that stands for all hits of an asker and a minute beyond [`MOST_HITS`].
struct Summary {
    row: Uuid,
    /// Hits that came since its row was told of any.
    more: u32,
    /// Second in which its row was last told.
    told: i64,
}

/// Hits of one asker in one minute that have rows of their own. What comes on top shares one, so
/// that an asker without a pace writes at most a hundred megabytes a day.
const MOST_HITS: u32 = 240;

/// The operation of rows that stand for many hits.
const SUMMARY: &str = "resumen";

/// Rows that nobody waits for.
enum Rows {
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

enum Message {
    Rows(Rows, Option<OwnedSemaphorePermit>),
    Deed(Box<dyn Deed>),
    Alone(Box<dyn Deed>),
    Barrier(oneshot::Sender<Result<(), StoreError>>),
    Close(oneshot::Sender<Result<(), StoreError>>),
}

impl Writer {
    /// Starts the task.
    pub(super) fn start(connection: Conn) -> Writer {
        let (queue, inbox) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::default());
        tokio::spawn(Task::new(connection, inbox, Arc::clone(&shared)).run());
        Writer {
            queue,
            room: Arc::new(Semaphore::new(ROOM as usize)),
            shared,
        }
    }

    pub(super) fn shared(&self) -> &Shared {
        &self.shared
    }

    pub(super) async fn remember(&self, mut rows: Vec<AnswerRow>) -> Result<(), StoreError> {
        if rows.is_empty() {
            return Ok(());
        }
        let permit = self.room(rows.iter().map(AnswerRow::weight).sum()).await?;
        // The order in the queue must be the order in `accepted`, and nothing may be accepted
        // that is not queued: no await from here on.
        let mut accepted = lock(&self.shared.accepted);
        for row in &mut rows {
            accepted.count += 1;
            row.accepted = accepted.count;
            let entry = (row.accepted, row.memory.clone());
            accepted.by_key.insert(row.key.clone(), entry);
        }
        self.send(Message::Rows(Rows::Answers(rows), Some(permit)))
    }

    /// Counts a hit with an equal one of the same second that is still in the queue, or in the
    /// summary of the asker's minute; false when it gets a row of its own. A number that is asked
    /// for ten thousand times a second is not worth as many rows.
    pub(super) fn stands_for(
        &self,
        keys: &Keys,
        hit: &Hit,
        call: &Call,
    ) -> Result<bool, StoreError> {
        let mut hits = lock(&self.shared.hits);
        if let Some(equals) = hits.queued.get_mut(hit) {
            *equals = equals.saturating_add(call.items);
            return Ok(true);
        }
        let second = call.at.as_second();
        let of_asker = hits.minutes.entry(call.asked_by.clone()).or_default();
        if of_asker.number != second.div_euclid(60) {
            self.tell(of_asker)?;
            *of_asker = Minute {
                number: second.div_euclid(60),
                ..Minute::default()
            };
        }
        if of_asker.rows < MOST_HITS {
            of_asker.rows += 1;
            return Ok(false);
        }
        let Some(summary) = &mut of_asker.summary else {
            of_asker.summary = Some(Summary {
                row: call.id,
                more: 0,
                told: second,
            });
            // Inside the lock: what is told later finds its row in the queue or written.
            let row = CallRecord::new(keys, summary_of(call))?;
            self.send(Message::Rows(Rows::Call(Box::new(row)), None))?;
            return Ok(true);
        };
        summary.more = summary.more.saturating_add(call.items);
        if summary.told != second {
            summary.told = second;
            self.tell(of_asker)?;
        }
        Ok(true)
    }

    /// Tells the row of a summary what came since.
    fn tell(&self, of_asker: &mut Minute) -> Result<(), StoreError> {
        let Some(summary) = &mut of_asker.summary else {
            return Ok(());
        };
        match std::mem::take(&mut summary.more) {
            0 => Ok(()),
            more => self.send(Message::Rows(Rows::More(summary.row, more), None)),
        }
    }

    pub(super) async fn record(&self, call: CallRecord) -> Result<(), StoreError> {
        let permit = self.room(call.weight()).await?;
        let hit = call.hit();
        let message = Message::Rows(Rows::Call(Box::new(call)), Some(permit));
        let Some(hit) = hit else {
            return self.send(message);
        };
        // Whoever finds a hit here has to find its row in the queue.
        let mut hits = lock(&self.shared.hits);
        self.send(message)?;
        hits.queued.entry(hit).or_default();
        Ok(())
    }

    /// Counts calls that were sent.
    pub(super) fn spend(&self, provider: &str, month: &str, calls: u64) -> Result<(), StoreError> {
        let (provider, month) = (CompactString::from(provider), CompactString::from(month));
        let mut counters = lock(&self.shared.spent);
        let queued = counters
            .entry((provider.clone(), month.clone()))
            .or_default();
        let rows = Rows::Spent {
            provider,
            month,
            calls,
        };
        self.send(Message::Rows(rows, None))?;
        *queued += calls;
        Ok(())
    }

    /// Waits until everything accepted before is durable.
    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        for of_asker in lock(&self.shared.hits).minutes.values_mut() {
            self.tell(of_asker)?;
        }
        let (waiter, durable) = oneshot::channel();
        self.send(Message::Barrier(waiter))?;
        durable.await.map_err(|_| StoreError::Closed)?
    }

    /// Does something in the transaction of the next group; durable when this returns.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        let done = self.post(work)?;
        done.await.map_err(|_| StoreError::Closed)?
    }

    /// The same for somebody who does not wait; whoever comes later finds it done.
    pub(super) fn post<T, F>(&self, work: F) -> Result<Answered<T>, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        let (deed, done) = waiting(work);
        self.send(Message::Deed(deed))?;
        Ok(done)
    }

    /// Does something on the writer's connection between two groups, outside any transaction.
    pub(super) async fn run_alone<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut Conn) -> BoxFuture<'c, Result<T, StoreError>> + Send + 'static,
    {
        let (deed, done) = waiting(work);
        self.send(Message::Alone(deed))?;
        done.await.map_err(|_| StoreError::Closed)?
    }

    /// Commits what is queued and ends the task; an error leaves it running.
    pub(super) async fn close(&self) -> Result<(), StoreError> {
        let (waiter, closed) = oneshot::channel();
        self.send(Message::Close(waiter))?;
        closed.await.map_err(|_| StoreError::Closed)?
    }

    /// Waits for room in the queue, but not while nothing can be written: then the caller has to
    /// know.
    async fn room(&self, kilobytes: usize) -> Result<OwnedSemaphorePermit, StoreError> {
        let wanted = u32::try_from(kilobytes).unwrap_or(ROOM).clamp(1, ROOM);
        if let Ok(permit) = Arc::clone(&self.room).try_acquire_many_owned(wanted) {
            return Ok(permit);
        }
        let failed = self.shared.failed.notified();
        self.shared.ready()?;
        tokio::select! {
            permit = Arc::clone(&self.room).acquire_many_owned(wanted) => {
                permit.map_err(|_| StoreError::Closed)
            }
            () = failed => Err(self.shared.failure().unwrap_or(StoreError::Closed)),
        }
    }

    fn send(&self, message: Message) -> Result<(), StoreError> {
        let somebody_waits = match &message {
            Message::Rows(rows, _) => {
                let queued = &self.shared.queued;
                queued.fetch_add(rows.count(), Ordering::Relaxed);
                false
            }
            _ => true,
        };
        self.queue.send(message).map_err(|_| StoreError::Closed)?;
        if somebody_waits {
            self.shared.hurry.notify_one();
        }
        Ok(())
    }
}

impl Shared {
    /// Whether the last attempt to write succeeded.
    pub(super) fn ready(&self) -> Result<(), StoreError> {
        if self.failing.load(Ordering::Acquire) {
            Err(self.failure().unwrap_or(StoreError::Closed))
        } else {
            Ok(())
        }
    }

    pub(super) fn failure(&self) -> Option<StoreError> {
        lock(&self.failure).clone()
    }

    /// Rows accepted and not yet durable.
    pub(super) fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }

    pub(super) fn accepted(&self, keys: &[Key]) -> Vec<Option<Memory>> {
        let accepted = lock(&self.accepted);
        keys.iter()
            .map(|key| accepted.by_key.get(key).map(|(_, memory)| memory.clone()))
            .collect()
    }

    /// Calls that are counted and not yet durable.
    pub(super) fn spent(&self, provider: &str, month: &str) -> u64 {
        lock(&self.spent)
            .get(&(provider.into(), month.into()))
            .copied()
            .unwrap_or(0)
    }

    /// A hit leaves the queue, with all that it stands for.
    fn take_equals(&self, call: &mut CallRecord) {
        if let Some(hit) = call.hit() {
            let equals = lock(&self.hits).queued.remove(&hit);
            call.add(equals.unwrap_or(0));
        }
    }

    fn set_failure(&self, failure: Option<StoreError>) {
        let failing = failure.is_some();
        *lock(&self.failure) = failure;
        self.failing.store(failing, Ordering::Release);
        if failing {
            self.failed.notify_waiters();
        }
    }
}

impl Rows {
    fn count(&self) -> usize {
        match self {
            Rows::Answers(rows) => rows.len(),
            Rows::Call(_) | Rows::More(..) | Rows::Spent { .. } => 1,
        }
    }
}

/// The row of a summary, which begins with the hit that was one too many.
fn summary_of(call: &Call) -> Call {
    Call {
        key: Key {
            operation: SUMMARY,
            subject: CompactString::default(),
            personal: false,
        },
        purpose: None,
        outcome: "SUCCESS",
        batch: None,
        bodies: None,
        ..call.clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .expect("no code panics while it holds this lock")
}
