//! The far end of the queue: what takes, gathers, writes and answers.

use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use chaski_client::Memory;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

use super::deed::Deed;
use super::queue::{Message, Rows, Shared, Spent, lock};
use crate::sabotage::{Protection, is_without};
use crate::store::error::StoreError;
use crate::store::seal::random;
use crate::store::sql::{Conn, query};
use crate::store::tables::answers::AnswerRow;
use crate::store::tables::calls::CallRecord;
use crate::store::tables::{answers, calls, counters, meta};

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

/// Rows that wait for their commit, in the order in which they came.
#[derive(Default)]
struct Group {
    answers: Vec<AnswerRow>,
    calls: Vec<CallRecord>,
    more: Vec<(Uuid, u32)>,
    spent: Spent,
    rows: usize,
    permits: Vec<OwnedSemaphorePermit>,
}

/// How much of a group came before a deed, or is already written.
#[derive(Clone, Copy, Default)]
struct Mark {
    answers: usize,
    calls: usize,
}

pub(super) struct Task {
    connection: Conn,
    /// This process, as it is known to others.
    process: i64,
    inbox: mpsc::UnboundedReceiver<Message>,
    shared: Arc<Shared>,
    messages: Vec<Message>,
    group: Group,
    /// A group of which the connection broke before the server said whether it is committed.
    unsure: Option<(Uuid, Group)>,
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
    pub(super) fn new(
        connection: Conn,
        process: i64,
        inbox: mpsc::UnboundedReceiver<Message>,
        shared: Arc<Shared>,
    ) -> Task {
        Task {
            connection,
            process,
            inbox,
            shared,
            messages: Vec::new(),
            group: Group::default(),
            unsure: None,
            deeds: Vec::new(),
            alone: Vec::new(),
            barriers: Vec::new(),
            closing: None,
            retry_at: None,
            pause: FIRST_PAUSE,
        }
    }

    pub(super) async fn run(mut self) {
        loop {
            let wake = self.wait().await;
            for mut deed in mem::take(&mut self.alone) {
                let done = match self.connection.mend().await {
                    Ok(()) => deed.run(&mut self.connection).await,
                    Err(error) => Err(error),
                };
                deed.answer(done);
            }
            self.attempt().await;
            let unsure = self.unsure.as_ref().map_or(0, |(_, group)| group.rows);
            let lost = self.group.rows + unsure;
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
        let mut written = self.resolve_unsure().await.map(drop);
        if written.is_ok() && (self.group.rows > 0 || !deeds.is_empty() || failing) {
            written = self.write(&mut deeds, &mut refused).await;
        }
        let outcome = match written {
            Ok(()) => {
                let group = mem::take(&mut self.group);
                self.committed(group);
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

    /// One transaction: rows and deeds in the order in which they came; `refused` are the deeds
    /// that failed alone.
    async fn write(
        &mut self,
        deeds: &mut [(Mark, Box<dyn Deed>)],
        refused: &mut Vec<(usize, StoreError)>,
    ) -> Result<(), StoreError> {
        let connection = &mut self.connection;
        connection.begin().await?;
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
        self.group.write_rest(connection, written).await?;
        if self.group.rows == 0 && deeds.is_empty() {
            meta::probe(connection).await?;
        }
        if !connection.is_remote() {
            return execute(connection, "COMMIT").await;
        }
        let id = Uuid::from_bytes(random()?);
        meta::note_group(connection, self.process, id).await?;
        let committed = execute(connection, "COMMIT").await;
        if committed.is_err() && connection.is_broken() {
            self.unsure = Some((id, mem::take(&mut self.group)));
            // The server may be there again at once: then those who wait are told what is so.
            if self.resolve_unsure().await? {
                return Ok(());
            }
        }
        committed
    }

    /// Finds out whether the group in doubt was committed and, if it was not, commits its rows: to
    /// write them without looking would count its calls twice. True when it was, deeds and all.
    async fn resolve_unsure(&mut self) -> Result<bool, StoreError> {
        let Some((id, group)) = &self.unsure else {
            return Ok(false);
        };
        let connection = &mut self.connection;
        // Waits for the end of the transaction in doubt, which holds what this one asks for.
        connection.begin().await?;
        let was_committed = meta::has_group(connection, self.process, *id).await?;
        if !was_committed {
            group.write_rest(connection, Mark::default()).await?;
            meta::note_group(connection, self.process, *id).await?;
        }
        execute(connection, "COMMIT").await?;
        if let Some((_, group)) = self.unsure.take() {
            self.committed(group);
        }
        Ok(was_committed)
    }

    fn committed(&mut self, group: Group) {
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
            for (counted, written) in group.spent {
                let queued = counters.entry(counted).or_default();
                *queued = queued.saturating_sub(written);
            }
        }
        if self.retry_at.take().is_some() {
            tracing::info!("the store can write again");
        }
        self.pause = FIRST_PAUSE;
        self.shared.set_failure(None);
    }

    fn failed(&mut self, error: &StoreError) {
        let must_sync = self.shared.must_sync.load(Ordering::Acquire);
        if error.is_lost_sync() && must_sync && !is_without(Protection::LostSync) {
            let code = error.code();
            tracing::error!(
                code,
                "the disk did not take what was issued: ending, to begin again from what is on it"
            );
            // Nothing more is written, told or tidied up by whoever does not know what is on the disk.
            std::process::abort();
        }
        if self.retry_at.is_none() {
            tracing::error!(code = error.code(), rows = self.group.rows, "cannot write");
        }
        self.retry_at = Some(Instant::now() + self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        self.shared.set_failure(Some(error.clone()));
    }

    async fn end(self, waiter: Option<oneshot::Sender<Result<(), StoreError>>>) {
        let remote = self.connection.is_remote();
        let closed = match self.connection.close().await {
            // Everything is committed, and a connection that was cut is closed.
            Err(error) if remote => {
                tracing::debug!(code = error.code(), "the connection was cut before");
                Ok(())
            }
            closed => closed,
        };
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
            Rows::More(row, items) => self.more.push((row, items)),
            Rows::Spent {
                provider,
                month,
                calls,
            } => *self.spent.entry((provider, month)).or_default() += calls,
        }
    }

    /// Everything that is not written yet.
    async fn write_rest(&self, connection: &mut Conn, mut written: Mark) -> Result<(), StoreError> {
        self.write(connection, &mut written, self.mark()).await?;
        calls::add(connection, &self.more).await?;
        for ((provider, month), calls) in &self.spent {
            counters::add(connection, provider, month, *calls).await?;
        }
        Ok(())
    }

    fn mark(&self) -> Mark {
        Mark {
            answers: self.answers.len(),
            calls: self.calls.len(),
        }
    }

    async fn write(
        &self,
        connection: &mut Conn,
        written: &mut Mark,
        until: Mark,
    ) -> Result<(), StoreError> {
        calls::insert(connection, &self.calls[written.calls..until.calls]).await?;
        answers::put(connection, &self.answers[written.answers..until.answers]).await?;
        *written = until;
        Ok(())
    }
}

async fn execute(connection: &mut Conn, statement: &'static str) -> Result<(), StoreError> {
    query(statement).execute(connection).await?;
    Ok(())
}
