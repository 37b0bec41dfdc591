//! The only writer of a database in the folder: one task that owns one connection and commits in
//! groups.
//!
//! The cast. The *queue* (`queue.rs`) is bounded and takes two kinds of messages. *Rows* (answers,
//! calls) are accepted at once; their sender goes on. A *deed* (`deed.rs`) is a function that reads and
//! writes in a savepoint of its own; its sender waits for the commit. The *task* (`task.rs`) takes all
//! that is queued, writes it in one transaction, and then answers all who wait.
//!
//! A group that cannot be committed is kept and tried again until it is; meanwhile `ready` is an error
//! and the queue pushes back. No accepted row may be lost while the process lives, and none may be read
//! as durable before its group is.

mod deed;
mod queue;
mod task;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use chaski_client::{Call, Key};
use compact_str::CompactString;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot};

pub(in crate::store) use self::deed::Answered;
use self::deed::waiting;
use self::queue::{Message, Minute, Rows, Shared, SummaryRow, lock};
use self::task::Task;

use crate::store::error::StoreError;
use crate::store::seal::Keys;
use crate::store::sql::{Conn, Writing};
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

/// Hits of one asker in one minute that have rows of their own. What comes on top shares one, so
/// that an asker without a pace writes at most a hundred megabytes a day.
const MOST_HITS: u32 = 240;

/// The operation of rows that stand for many hits.
const SUMMARY: &str = "resumen";

impl Writer {
    /// Starts the task of a process.
    pub(super) fn start(connection: Conn, process: i64) -> Writer {
        let (queue, inbox) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::default());
        tokio::spawn(Task::new(connection, process, inbox, Arc::clone(&shared)).run());
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
    pub(super) fn counts_with_equal(
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
            of_asker.summary = Some(SummaryRow {
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
    pub(super) async fn run<T: Send + 'static>(
        &self,
        work: impl Writing<T>,
    ) -> Result<T, StoreError> {
        let done = self.post(work)?;
        done.await.map_err(|_| StoreError::Closed)?
    }

    /// The same for somebody who does not wait; whoever comes later finds it done.
    pub(super) fn post<T: Send + 'static>(
        &self,
        work: impl Writing<T>,
    ) -> Result<Answered<T>, StoreError> {
        let (deed, done) = waiting(work);
        self.send(Message::Deed(deed))?;
        Ok(done)
    }

    /// Does something on the writer's connection between two groups, outside any transaction.
    pub(super) async fn run_alone<T: Send + 'static>(
        &self,
        work: impl Writing<T>,
    ) -> Result<T, StoreError> {
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
