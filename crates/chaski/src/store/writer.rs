//! The only writer: one task that owns one connection and commits in groups. It takes
//! everything queued, writes it in one transaction and then answers all who wait.
//!
//! A group that cannot be committed is kept and tried again until it is; meanwhile
//! `ready` is an error and the queue, which is bounded, pushes back.

use std::collections::HashMap;
use std::mem;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use chaski_client::{Key, Memory};
use foldhash::quality::RandomState;
use futures_util::future::BoxFuture;
use sqlx::{Connection, SqliteConnection};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore, mpsc, oneshot};
use tokio::time::Instant;

use super::answers::{self, AnswerRow};
use super::calls::{self, CallRecord, Hit};
use super::{StoreError, meta, quota};

/// Kilobytes that may be accepted and not yet durable. Counted in kilobytes and not in rows
/// because a row may carry bodies of megabytes.
const ROOM: u32 = 65_536;

/// Messages taken into one group.
const MOST_AT_ONCE: usize = 4_096;

/// How long a small group waits for more rows when nobody waits for it: fewer commits write the
/// same pages less often. A process that is killed, or loses power, loses at most that much more
/// of what it had accepted.
const GATHERING: Duration = Duration::from_millis(10);
/// A group of so many messages has gathered enough.
const GATHERED: usize = 512;

const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

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
    /// Hits in the queue, and how many equal ones came after each.
    hits: Mutex<HashMap<Hit, u32, RandomState>>,
    spent: Mutex<HashMap<(String, String), Spent>>,
}

/// Answers that are queued: a look-up that follows at once must already find them, or it would
/// pay for the same answer again.
#[derive(Default)]
struct Accepted {
    count: u64,
    by_key: HashMap<Key, (u64, Memory)>,
}

#[derive(Default, Clone, Copy)]
struct Spent {
    stored: u64,
    queued: u64,
}

/// Rows that nobody waits for.
enum Rows {
    Answers(Vec<AnswerRow>),
    Call(Box<CallRecord>),
    Spent {
        provider: String,
        month: String,
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

/// Something done in the group's transaction that somebody waits for. A trait only to forget the
/// type of the result; [`Waiting`] is its one implementation.
trait Deed: Send {
    fn run<'a>(
        &'a mut self,
        connection: &'a mut SqliteConnection,
    ) -> BoxFuture<'a, Result<(), StoreError>>;

    fn answer(self: Box<Self>, committed: Result<(), StoreError>);
}

struct Waiting<T, F> {
    work: Option<F>,
    result: Option<T>,
    waiter: oneshot::Sender<Result<T, StoreError>>,
}

impl<T, F> Deed for Waiting<T, F>
where
    T: Send,
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, StoreError>> + Send,
{
    fn run<'a>(
        &'a mut self,
        connection: &'a mut SqliteConnection,
    ) -> BoxFuture<'a, Result<(), StoreError>> {
        Box::pin(async move {
            let work = self.work.take().expect("a deed is run once");
            self.result = Some(work(connection).await?);
            Ok(())
        })
    }

    fn answer(self: Box<Self>, committed: Result<(), StoreError>) {
        let Waiting { result, waiter, .. } = *self;
        let answer = committed.and_then(|()| result.ok_or(StoreError::Closed));
        // A caller that has left does not want it.
        let _ = waiter.send(answer);
    }
}

impl Writer {
    /// Starts the task. `spent` are the counters as stored.
    pub(super) fn start(connection: SqliteConnection, spent: Vec<(String, String, u64)>) -> Writer {
        let (queue, inbox) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared::default());
        for (provider, month, stored) in spent {
            let known = Spent { stored, queued: 0 };
            lock(&shared.spent).insert((provider, month), known);
        }
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

    /// Counts a hit with an equal one of the same second that is still in the queue; false when
    /// there is none. A number that is asked for ten thousand times a second is not worth as many
    /// rows.
    pub(super) fn stands_for(&self, hit: &Hit, items: u32) -> bool {
        match lock(&self.shared.hits).get_mut(hit) {
            Some(equals) => {
                *equals = equals.saturating_add(items);
                true
            }
            None => false,
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
        hits.entry(hit).or_default();
        Ok(())
    }

    /// Counts calls and says the total with everything queued.
    pub(super) fn spend(&self, provider: &str, month: &str, calls: u64) -> Result<u64, StoreError> {
        let (provider, month) = (provider.to_owned(), month.to_owned());
        let mut counters = lock(&self.shared.spent);
        let counter = counters
            .entry((provider.clone(), month.clone()))
            .or_default();
        let rows = Rows::Spent {
            provider,
            month,
            calls,
        };
        self.send(Message::Rows(rows, None))?;
        counter.queued += calls;
        Ok(counter.stored + counter.queued)
    }

    /// Waits until everything accepted before is durable.
    pub(super) async fn flush(&self) -> Result<(), StoreError> {
        let (waiter, durable) = oneshot::channel();
        self.send(Message::Barrier(waiter))?;
        durable.await.map_err(|_| StoreError::Closed)?
    }

    /// Does something in the transaction of the next group; durable when this returns.
    pub(super) async fn run<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, StoreError>>
            + Send
            + 'static,
    {
        let (deed, done) = waiting(work);
        self.send(Message::Deed(deed))?;
        done.await.map_err(|_| StoreError::Closed)?
    }

    /// Does something on the writer's connection between two groups, outside any transaction.
    pub(super) async fn run_alone<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, StoreError>>
            + Send
            + 'static,
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

    pub(super) fn spent(&self, provider: &str, month: &str) -> u64 {
        lock(&self.spent)
            .get(&(provider.to_owned(), month.to_owned()))
            .map_or(0, |counter| counter.stored + counter.queued)
    }

    /// A hit leaves the queue, with all that it stands for.
    fn take_equals(&self, call: &mut CallRecord) {
        if let Some(hit) = call.hit() {
            let equals = lock(&self.hits).remove(&hit);
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

/// Rows that wait for their commit, in the order in which they came.
#[derive(Default)]
struct Group {
    answers: Vec<AnswerRow>,
    calls: Vec<CallRecord>,
    spent: HashMap<(String, String), u64>,
    rows: usize,
    permits: Vec<OwnedSemaphorePermit>,
}

/// How much of a group came before a deed, or is already written.
#[derive(Clone, Copy, Default)]
struct Mark {
    answers: usize,
    calls: usize,
}

struct Task {
    connection: SqliteConnection,
    inbox: mpsc::UnboundedReceiver<Message>,
    shared: Arc<Shared>,
    messages: Vec<Message>,
    group: Group,
    deeds: Vec<(Mark, Box<dyn Deed>)>,
    alone: Vec<Box<dyn Deed>>,
    barriers: Vec<oneshot::Sender<Result<(), StoreError>>>,
    closing: Option<oneshot::Sender<Result<(), StoreError>>>,
    retry_at: Option<Instant>,
    pause: Duration,
}

enum Wake {
    Work,
    QueueDropped,
}

impl Task {
    fn new(
        connection: SqliteConnection,
        inbox: mpsc::UnboundedReceiver<Message>,
        shared: Arc<Shared>,
    ) -> Task {
        Task {
            connection,
            inbox,
            shared,
            messages: Vec::new(),
            group: Group::default(),
            deeds: Vec::new(),
            alone: Vec::new(),
            barriers: Vec::new(),
            closing: None,
            retry_at: None,
            pause: FIRST_PAUSE,
        }
    }

    async fn run(mut self) {
        loop {
            let wake = self.wait().await;
            for mut deed in mem::take(&mut self.alone) {
                let done = deed.run(&mut self.connection).await;
                deed.answer(done);
            }
            self.attempt().await;
            let lost = self.group.rows;
            match (wake, self.closing.take()) {
                (Wake::Work, None) => {}
                (Wake::Work, Some(waiter)) if lost > 0 => {
                    let error = self.shared.failure().unwrap_or(StoreError::Closed);
                    let _ = waiter.send(Err(error));
                }
                (_, waiter) => {
                    if lost > 0 {
                        tracing::error!(lost, "the store was dropped while it could not write");
                    }
                    return self.end(waiter).await;
                }
            }
        }
    }

    /// Takes what is queued. After a failure it waits for the time of the next attempt, unless
    /// somebody waits for an answer.
    async fn wait(&mut self) -> Wake {
        loop {
            let taken = match self.retry_at {
                None => self.inbox.recv_many(&mut self.messages, MOST_AT_ONCE).await,
                Some(at) => tokio::select! {
                    taken = self.inbox.recv_many(&mut self.messages, MOST_AT_ONCE) => taken,
                    () = tokio::time::sleep_until(at) => return Wake::Work,
                },
            };
            if taken == 0 {
                return Wake::QueueDropped;
            }
            let gathered = taken >= GATHERED;
            self.sort_messages();
            if self.retry_at.is_none() && !gathered && !self.somebody_waits() {
                self.gather().await;
            }
            if self.retry_at.is_none() || self.somebody_waits() {
                return Wake::Work;
            }
        }
    }

    /// Lets more rows join a small group for a moment, unless somebody begins to wait.
    async fn gather(&mut self) {
        tokio::select! {
            () = self.shared.hurry.notified() => {}
            () = tokio::time::sleep(GATHERING) => {}
        }
        while self.messages.len() < MOST_AT_ONCE
            && let Ok(message) = self.inbox.try_recv()
        {
            self.messages.push(message);
        }
        self.sort_messages();
    }

    fn sort_messages(&mut self) {
        for message in self.messages.drain(..) {
            match message {
                Message::Rows(mut rows, permit) => {
                    if let Rows::Call(call) = &mut rows {
                        self.shared.take_equals(call);
                    }
                    self.group.add(rows, permit);
                }
                Message::Deed(deed) => self.deeds.push((self.group.mark(), deed)),
                Message::Alone(deed) => self.alone.push(deed),
                Message::Barrier(waiter) => self.barriers.push(waiter),
                Message::Close(waiter) => self.closing = Some(waiter),
            }
        }
    }

    fn somebody_waits(&self) -> bool {
        !self.deeds.is_empty()
            || !self.alone.is_empty()
            || !self.barriers.is_empty()
            || self.closing.is_some()
    }

    /// Tries to commit the group and answers everybody.
    async fn attempt(&mut self) {
        let mut deeds = mem::take(&mut self.deeds);
        let failing = self.retry_at.is_some();
        let mut refused = Vec::new();
        let written = if self.group.rows > 0 || !deeds.is_empty() || failing {
            self.write(&mut deeds, &mut refused).await
        } else {
            Ok(HashMap::new())
        };
        let outcome = match written {
            Ok(totals) => {
                self.committed(totals);
                Ok(())
            }
            Err(error) => {
                // Nothing to roll back if the database has already done so itself.
                let _ = execute(&mut self.connection, "ROLLBACK").await;
                self.failed(&error);
                Err(error)
            }
        };
        for (index, (_, deed)) in deeds.into_iter().enumerate() {
            let refusal = refused.iter().find(|(refused, _)| *refused == index);
            deed.answer(refusal.map_or(outcome.clone(), |(_, error)| Err(error.clone())));
        }
        for barrier in self.barriers.drain(..) {
            let _ = barrier.send(outcome.clone());
        }
    }

    /// One transaction: rows and deeds in the order in which they came. Returns the counters of
    /// the quota; `refused` are the deeds that failed alone.
    async fn write(
        &mut self,
        deeds: &mut [(Mark, Box<dyn Deed>)],
        refused: &mut Vec<(usize, StoreError)>,
    ) -> Result<HashMap<(String, String), u64>, StoreError> {
        let connection = &mut self.connection;
        execute(connection, "BEGIN IMMEDIATE").await?;
        let mut written = Mark::default();
        for (index, (before, deed)) in deeds.iter_mut().enumerate() {
            self.group.write(connection, &mut written, *before).await?;
            execute(connection, "SAVEPOINT deed").await?;
            match deed.run(connection).await {
                Ok(()) => execute(connection, "RELEASE deed").await?,
                Err(error) if error.is_of_the_store() => return Err(error),
                Err(error) => {
                    execute(connection, "ROLLBACK TO deed").await?;
                    execute(connection, "RELEASE deed").await?;
                    refused.push((index, error));
                }
            }
        }
        let all = self.group.mark();
        self.group.write(connection, &mut written, all).await?;
        let mut totals = HashMap::new();
        for ((provider, month), calls) in &self.group.spent {
            let total = quota::add(connection, provider, month, *calls).await?;
            totals.insert((provider.clone(), month.clone()), total);
        }
        if self.group.rows == 0 && deeds.is_empty() {
            meta::probe(connection).await?;
        }
        execute(connection, "COMMIT").await?;
        Ok(totals)
    }

    fn committed(&mut self, totals: HashMap<(String, String), u64>) {
        let group = mem::take(&mut self.group);
        self.shared.queued.fetch_sub(group.rows, Ordering::Relaxed);
        {
            let mut accepted = lock(&self.shared.accepted);
            for row in &group.answers {
                let is_this = |(count, _): &(u64, Memory)| *count == row.accepted;
                if accepted.by_key.get(&row.key).is_some_and(is_this) {
                    accepted.by_key.remove(&row.key);
                }
            }
        }
        {
            let mut counters = lock(&self.shared.spent);
            for (counted, stored) in totals {
                let queued = group.spent.get(&counted).copied().unwrap_or(0);
                let counter = counters.entry(counted).or_default();
                counter.stored = stored;
                counter.queued = counter.queued.saturating_sub(queued);
            }
        }
        if self.retry_at.take().is_some() {
            tracing::info!("the store can write again");
        }
        self.pause = FIRST_PAUSE;
        self.shared.set_failure(None);
    }

    fn failed(&mut self, error: &StoreError) {
        if self.retry_at.is_none() {
            tracing::error!(code = error.code(), rows = self.group.rows, "cannot write");
        }
        self.retry_at = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.shared.set_failure(Some(error.clone()));
    }

    async fn end(self, waiter: Option<oneshot::Sender<Result<(), StoreError>>>) {
        let closed = self.connection.close().await.map_err(StoreError::from);
        if let Some(waiter) = waiter {
            let _ = waiter.send(closed);
        }
    }
}

impl Group {
    fn add(&mut self, rows: Rows, permit: Option<OwnedSemaphorePermit>) {
        self.rows += rows.count();
        self.permits.extend(permit);
        match rows {
            Rows::Answers(rows) => self.answers.extend(rows),
            Rows::Call(call) => self.calls.push(*call),
            Rows::Spent {
                provider,
                month,
                calls,
            } => *self.spent.entry((provider, month)).or_default() += calls,
        }
    }

    fn mark(&self) -> Mark {
        Mark {
            answers: self.answers.len(),
            calls: self.calls.len(),
        }
    }

    async fn write(
        &self,
        connection: &mut SqliteConnection,
        written: &mut Mark,
        until: Mark,
    ) -> Result<(), StoreError> {
        calls::insert(connection, &self.calls[written.calls..until.calls]).await?;
        answers::put(connection, &self.answers[written.answers..until.answers]).await?;
        *written = until;
        Ok(())
    }
}

impl Rows {
    fn count(&self) -> usize {
        match self {
            Rows::Answers(rows) => rows.len(),
            Rows::Call(_) | Rows::Spent { .. } => 1,
        }
    }
}

type Answered<T> = oneshot::Receiver<Result<T, StoreError>>;

fn waiting<T, F>(work: F) -> (Box<dyn Deed>, Answered<T>)
where
    T: Send + 'static,
    F: for<'c> FnOnce(&'c mut SqliteConnection) -> BoxFuture<'c, Result<T, StoreError>>
        + Send
        + 'static,
{
    let (waiter, done) = oneshot::channel();
    let deed = Waiting {
        work: Some(work),
        result: None,
        waiter,
    };
    (Box::new(deed), done)
}

async fn execute(
    connection: &mut SqliteConnection,
    statement: &'static str,
) -> Result<(), StoreError> {
    sqlx::query(statement).execute(connection).await?;
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex
        .lock()
        .expect("no code panics while it holds this lock")
}
