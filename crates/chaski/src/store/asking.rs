//! Questions that are being asked right now, so that processes that share a folder pay for none of
//! them twice.
//!
//! Whoever is alone writes nothing: it only keeps in mind what it is asking and looks, every 50 ms
//! while it asks, whether somebody came; then what is under way is written down. Whoever comes waits
//! 150 ms before its first question, so by then it finds that. From there on each question is written
//! down before it is sent and deleted in the transaction of its answer or after it: who finds it gone
//! finds the answer. What a process that is gone wrote counts for nothing.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use chaski_client::Key;
use foldhash::quality::RandomState;
use sqlx::SqliteConnection;
use tokio::sync::watch;
use tokio::time::Instant;

use super::presence::{LOOK, Presence};
use super::readers::Readers;
use super::seal::Keys;
use super::writer::Writer;
use super::{Backend, Store, StoreError};

/// How long ago a list may have been looked up in memory that is still being asked.
const LONGEST_LIST: Duration = Duration::from_hours(24);

/// How long a deletion that failed waits to be tried again.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// What this process is asking.
pub(super) struct Asking {
    presence: Arc<Presence>,
    keys: Arc<Keys>,
    readers: Arc<Readers>,
    writer: Arc<Writer>,
    state: Mutex<State>,
    /// Tells the watch that there is something under way.
    busy: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    under_way: HashMap<Key, Flight, RandomState>,
    looked: Option<Instant>,
    has_company: bool,
    /// When somebody was last here, or was found to have been.
    company_at: Option<Instant>,
    visits: Option<SystemTime>,
}

/// Whether others have the folder open.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Company {
    /// Somebody has.
    Present,
    /// Somebody had: what was looked up in memory before may be out of date.
    Gone,
    /// Nobody had for a long time.
    None,
}

/// A question under way.
#[derive(Default)]
struct Flight {
    /// How often: a forced look-up does not join one that may answer from memory.
    times: u32,
    /// Whether it is in the table.
    written: bool,
}

/// A question as it is written down.
struct Row {
    subject: Vec<u8>,
    operation: &'static str,
}

impl Store {
    /// Whether another process has the folder open.
    pub fn has_company(&self) -> bool {
        let Backend::Sqlite(sqlite) = &self.backend;
        sqlite.presence.has_company()
    }
}

impl State {
    fn look(&mut self, presence: &Presence, now: Instant) {
        let visits = presence.visits();
        self.has_company = presence.has_company();
        if self.has_company || visits != self.visits {
            self.company_at = Some(now);
        }
        self.visits = visits;
        self.looked = Some(now);
    }

    fn company(&self, now: Instant) -> Company {
        let recent = |at| now.saturating_duration_since(at) < LONGEST_LIST;
        match self.company_at {
            _ if self.has_company => Company::Present,
            Some(at) if recent(at) => Company::Gone,
            _ => Company::None,
        }
    }

    fn note<'k>(&mut self, keys: impl Iterator<Item = &'k Key>, written: bool) {
        for key in keys {
            let flight = self.under_way.entry(key.clone()).or_default();
            flight.times += 1;
            flight.written |= written;
        }
    }
}

impl Asking {
    /// Begins to watch who comes.
    pub(super) fn start(
        presence: Arc<Presence>,
        keys: Arc<Keys>,
        readers: Arc<Readers>,
        writer: Arc<Writer>,
    ) -> Arc<Asking> {
        let (busy, told) = watch::channel(());
        let state = State {
            visits: presence.visits(),
            ..State::default()
        };
        let asking = Arc::new(Asking {
            presence,
            keys,
            readers,
            writer,
            state: Mutex::new(state),
            busy,
        });
        tokio::spawn(keep_watch(Arc::downgrade(&asking), told));
        asking
    }

    /// Which of the questions are this process's to ask; none when it is alone and all of them are.
    pub(super) async fn claim(&self, keys: &[Key]) -> Result<Option<Vec<bool>>, StoreError> {
        match self.note_alone(keys) {
            Company::None => return Ok(None),
            Company::Gone => return Ok(Some(vec![true; keys.len()])),
            Company::Present => {}
        }
        self.presence.seen_by_others().await;
        let rows: Vec<Row> = keys.iter().map(|key| self.row_of(key)).collect();
        // Looking costs no writing, and most of those who wait would write again and again.
        let mut ours = self.free(&rows).await?;
        let places: Vec<usize> = (0..rows.len()).filter(|place| ours[*place]).collect();
        if places.is_empty() {
            return Ok(Some(ours));
        }
        let presence = Arc::clone(&self.presence);
        let mut free = ours.iter();
        let wanted: Vec<Row> = rows
            .into_iter()
            .filter(|_| free.next().is_some_and(|free| *free))
            .collect();
        let taken = self
            .writer
            .run(move |connection| {
                Box::pin(async move { take_all(connection, &wanted, &presence).await })
            })
            .await?;
        for (place, taken) in places.into_iter().zip(taken) {
            ours[place] = taken;
        }
        let granted = keys.iter().zip(&ours).filter(|(_, ours)| **ours);
        self.state().note(granted.map(|(key, _)| key), true);
        Ok(Some(ours))
    }

    /// Lets go of questions. Whoever was waiting finds their answers in memory, or asks.
    pub(super) fn release(&self, keys: &[Key]) {
        let mut gone = Vec::new();
        // Held until the deletion is queued: what is written down later is another question.
        let mut state = self.state();
        for key in keys {
            let Some(flight) = state.under_way.get_mut(key) else {
                continue;
            };
            flight.times -= 1;
            if flight.times > 0 {
                continue;
            }
            if flight.written {
                gone.push(self.row_of(key));
            }
            state.under_way.remove(key);
        }
        if gone.is_empty() {
            return;
        }
        let (gone, me) = (Arc::new(gone), self.presence.id());
        let (rows, writer) = (Arc::clone(&gone), Arc::downgrade(&self.writer));
        let deleted = self
            .writer
            .post(move |connection| Box::pin(async move { delete(connection, &rows, me).await }));
        drop(state);
        // Without a runtime the process is ending, and then nothing is its own.
        if let (Ok(deleted), Ok(runtime)) = (deleted, tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                if !matches!(deleted.await, Ok(Ok(()))) {
                    delete_later(writer, gone, me).await;
                }
            });
        }
    }

    /// Notes questions of a process that is alone, and says whether it is.
    fn note_alone(&self, keys: &[Key]) -> Company {
        let mut state = self.state();
        let now = Instant::now();
        if state.looked.is_none_or(|looked| looked + LOOK <= now) {
            state.look(&self.presence, now);
        }
        let company = state.company(now);
        if company == Company::Present {
            return company;
        }
        let was_idle = state.under_way.is_empty();
        state.note(keys.iter(), false);
        drop(state);
        if was_idle {
            self.busy.send_replace(());
        }
        company
    }

    /// Writes down what is under way if somebody came; whether anything is.
    fn look(&self) -> bool {
        let mut state = self.state();
        if state.under_way.is_empty() {
            return false;
        }
        state.look(&self.presence, Instant::now());
        if !state.has_company {
            return true;
        }
        let mut rows = Vec::new();
        for (key, flight) in state.under_way.iter_mut().filter(|(_, it)| !it.written) {
            flight.written = true;
            rows.push(self.row_of(key));
        }
        if !rows.is_empty() {
            let presence = Arc::clone(&self.presence);
            // A store that is closed has nothing under way. If it fails, the next of these questions
            // may be paid for twice: nothing worse.
            let _ = self.writer.post(move |connection| {
                Box::pin(async move { take_all(connection, &rows, &presence).await })
            });
        }
        true
    }

    /// Which of the questions nobody else who lives is asking, as far as a look can tell.
    async fn free(&self, rows: &[Row]) -> Result<Vec<bool>, StoreError> {
        let mut subjects = String::from("[");
        for (place, row) in rows.iter().enumerate() {
            subjects.push_str(if place == 0 { "\"" } else { ",\"" });
            for byte in &row.subject {
                let _ = write!(subjects, "{byte:02x}");
            }
            subjects.push('"');
        }
        subjects.push(']');
        let mut reader = self.readers.reader().await?;
        let asked: Vec<(Vec<u8>, String, i64)> = sqlx::query_as(
            "SELECT subject, operation, holder FROM asking \
             WHERE subject IN (SELECT unhex(value) FROM json_each(?1))",
        )
        .bind(subjects)
        .fetch_all(&mut *reader)
        .await?;
        drop(reader);
        let mut living = HashMap::new();
        let mut is_of_others = |holder: i64| {
            let lives = living
                .entry(holder)
                .or_insert_with(|| self.presence.is_living(holder));
            holder != self.presence.id() && *lives
        };
        let others: Vec<_> = asked
            .iter()
            .filter(|(.., holder)| is_of_others(*holder))
            .collect();
        let is_free = |row: &Row| {
            !others.iter().any(|(subject, operation, _)| {
                *subject == row.subject && operation == row.operation
            })
        };
        Ok(rows.iter().map(is_free).collect())
    }

    fn row_of(&self, key: &Key) -> Row {
        Row {
            subject: self.keys.subject_bytes(key),
            operation: key.operation,
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What was counted until somebody panicked still is.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks while something is under way. Ends with the store.
async fn keep_watch(asking: Weak<Asking>, mut told: watch::Receiver<()>) {
    while told.changed().await.is_ok() {
        loop {
            tokio::time::sleep(LOOK).await;
            if !asking.upgrade().is_some_and(|asking| asking.look()) {
                break;
            }
        }
    }
}

/// Tries again and again what failed with the store: a question that nobody lets go of is waited for
/// in vain.
async fn delete_later(writer: Weak<Writer>, rows: Arc<Vec<Row>>, me: i64) {
    loop {
        tokio::time::sleep(AFTER_A_FAILURE).await;
        let Some(writer) = writer.upgrade() else {
            return;
        };
        let rows = Arc::clone(&rows);
        let deleted = writer
            .run(move |connection| Box::pin(async move { delete(connection, &rows, me).await }));
        if !matches!(deleted.await, Err(error) if error.is_of_the_store()) {
            return;
        }
    }
}

/// Writes questions down; false for each that another process which lives is asking.
async fn take_all(
    connection: &mut SqliteConnection,
    rows: &[Row],
    presence: &Presence,
) -> Result<Vec<bool>, StoreError> {
    let mut taken = Vec::with_capacity(rows.len());
    for row in rows {
        taken.push(take(connection, row, presence).await?);
    }
    Ok(taken)
}

async fn take(
    connection: &mut SqliteConnection,
    row: &Row,
    presence: &Presence,
) -> Result<bool, StoreError> {
    let holder: i64 = sqlx::query_scalar(
        "INSERT INTO asking (subject, operation, holder) VALUES (?1, ?2, ?3) \
         ON CONFLICT (subject, operation) DO UPDATE SET holder = holder \
         RETURNING holder",
    )
    .bind(row.subject.as_slice())
    .bind(row.operation)
    .bind(presence.id())
    .fetch_one(&mut *connection)
    .await?;
    if holder == presence.id() {
        return Ok(true);
    }
    if presence.is_living(holder) {
        return Ok(false);
    }
    sqlx::query("UPDATE asking SET holder = ?3 WHERE subject = ?1 AND operation = ?2")
        .bind(row.subject.as_slice())
        .bind(row.operation)
        .bind(presence.id())
        .execute(connection)
        .await?;
    Ok(true)
}

async fn delete(
    connection: &mut SqliteConnection,
    rows: &[Row],
    me: i64,
) -> Result<(), StoreError> {
    for row in rows {
        sqlx::query("DELETE FROM asking WHERE subject = ?1 AND operation = ?2 AND holder = ?3")
            .bind(row.subject.as_slice())
            .bind(row.operation)
            .bind(me)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Deletes what the dead left, where nobody else lives.
pub(super) async fn clear(
    connection: &mut SqliteConnection,
    presence: &Presence,
) -> Result<(), StoreError> {
    if presence.has_company() {
        return Ok(());
    }
    let left: i64 = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM asking)")
        .fetch_one(&mut *connection)
        .await?;
    if left != 0 {
        sqlx::query("DELETE FROM asking")
            .execute(connection)
            .await?;
    }
    Ok(())
}
