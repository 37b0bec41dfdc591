//! Questions that are being asked right now, so that processes that share a folder pay for none of
//! them twice.
//!
//! Whoever is alone writes nothing: it only keeps in mind what it is asking and looks, every 50 ms
//! while it asks, whether somebody came; then what is under way is written down. Whoever comes waits
//! 150 ms before its first question, so by then it finds that. From there on each question is written
//! down before it is sent and deleted in the transaction of its answer or after it: who finds it gone
//! finds the answer. What a process that is gone wrote counts for nothing.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use chaski_client::Key;
use foldhash::quality::RandomState;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::store::db::Db;
use crate::store::error::StoreError;
use crate::store::presence::{LOOK, Presence};
use crate::store::sql::deed;
use crate::store::tables::asking::{self as table, Asked};

/// How long ago a list may have been looked up in memory that is still being asked.
const LONGEST_LIST: Duration = Duration::from_hours(24);

/// How long a deletion that failed waits to be tried again.
const AFTER_A_FAILURE: Duration = Duration::from_secs(1);

/// What this process is asking.
pub(super) struct Asking {
    db: Arc<Db>,
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
    pub(super) fn start(db: Arc<Db>) -> Arc<Asking> {
        let (busy, told) = watch::channel(());
        let state = State {
            visits: db.presence.visits(),
            ..State::default()
        };
        let asking = Arc::new(Asking {
            db,
            state: Mutex::new(state),
            busy,
        });
        tokio::spawn(keep_watch(Arc::downgrade(&asking), told));
        asking
    }

    /// Which of the questions are this process's to ask; none when it is alone and all of them are.
    pub(super) async fn claim(&self, keys: &[Key]) -> Result<Option<Vec<bool>>, StoreError> {
        match self.note_alone(keys) {
            Company::None => Ok(None),
            Company::Gone => Ok(Some(vec![true; keys.len()])),
            // Boxed: who is alone, as most are, holds nothing of it.
            Company::Present => Box::pin(self.claim_among_others(keys)).await,
        }
    }

    async fn claim_among_others(&self, keys: &[Key]) -> Result<Option<Vec<bool>>, StoreError> {
        self.db.presence.seen_by_others().await;
        let rows: Vec<Asked> = keys.iter().map(|key| self.row_of(key)).collect();
        // Looking costs no writing, and most of those who wait would write again and again.
        let mut ours = self.free(&rows).await?;
        let places: Vec<usize> = (0..rows.len()).filter(|place| ours[*place]).collect();
        if places.is_empty() {
            return Ok(Some(ours));
        }
        let presence = Arc::clone(&self.db.presence);
        let wanted = rows.into_iter().zip(&ours);
        let wanted = wanted.filter_map(|(row, free)| free.then_some(row));
        let wanted: Vec<Asked> = wanted.collect();
        let taken = self
            .db
            .write(deed!(|connection| table::take_all(
                connection, &wanted, &presence
            )
            .await))
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
        let (gone, me) = (Arc::new(gone), self.db.presence.id());
        let (rows, db) = (Arc::clone(&gone), Arc::downgrade(&self.db));
        let deleted = self.db.writer.post(deed!(
            |connection| table::delete(connection, &rows, me).await
        ));
        drop(state);
        // Without a runtime the process is ending, and then nothing is its own.
        if let (Ok(deleted), Ok(runtime)) = (deleted, tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move {
                if !matches!(deleted.await, Ok(Ok(()))) {
                    delete_later(db, gone, me).await;
                }
            });
        }
    }

    /// Notes questions of a process that is alone, and says whether it is.
    fn note_alone(&self, keys: &[Key]) -> Company {
        let mut state = self.state();
        let now = Instant::now();
        if state.looked.is_none_or(|looked| looked + LOOK <= now) {
            state.look(&self.db.presence, now);
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
        state.look(&self.db.presence, Instant::now());
        if !state.has_company {
            return true;
        }
        let mut rows = Vec::new();
        for (key, flight) in state.under_way.iter_mut().filter(|(_, it)| !it.written) {
            flight.written = true;
            rows.push(self.row_of(key));
        }
        if !rows.is_empty() {
            let presence = Arc::clone(&self.db.presence);
            // A store that is closed has nothing under way. If it fails, the next of these questions
            // may be paid for twice: nothing worse.
            let _ = self.db.writer.post(deed!(|connection| table::take_all(
                connection, &rows, &presence
            )
            .await));
        }
        true
    }

    /// Which of the questions nobody else who lives is asking, as far as a look can tell.
    async fn free(&self, rows: &[Asked]) -> Result<Vec<bool>, StoreError> {
        let mut reader = self.db.read().await?;
        let asked = table::of_subjects(&mut reader, rows).await?;
        drop(reader);
        let mut living = HashMap::new();
        let mut is_of_others = |holder: i64| {
            let lives = living
                .entry(holder)
                .or_insert_with(|| self.db.presence.is_living(holder));
            holder != self.db.presence.id() && *lives
        };
        let others: Vec<_> = asked
            .iter()
            .filter(|(.., holder)| is_of_others(*holder))
            .collect();
        let is_free = |row: &Asked| {
            !others.iter().any(|(subject, operation, _)| {
                *subject == row.subject && operation == row.operation
            })
        };
        Ok(rows.iter().map(is_free).collect())
    }

    fn row_of(&self, key: &Key) -> Asked {
        Asked {
            subject: self.db.keys.subject_bytes(key),
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
async fn delete_later(db: Weak<Db>, rows: Arc<Vec<Asked>>, me: i64) {
    loop {
        tokio::time::sleep(AFTER_A_FAILURE).await;
        let Some(db) = db.upgrade() else {
            return;
        };
        let rows = Arc::clone(&rows);
        let deleted = db.write(deed!(
            |connection| table::delete(connection, &rows, me).await
        ));
        if !matches!(deleted.await, Err(error) if error.is_of_the_store()) {
            return;
        }
    }
}
