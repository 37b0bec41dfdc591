//! A journal in the process, gone with it: for tests, and for programs that keep what they must know
//! themselves.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use uuid::Uuid;

use super::book::{Book, Decision};
use super::event::Event;
use super::{
    AttemptOutcome, Intended, Intent, Journal, JournalEntry, JournalError, Noted, SeriesCount,
    SeriesName,
};

/// A journal that ends with the process. After a crash nobody knows what was sent: use it where that is
/// no loss.
///
/// ```
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use chaski_client::{Journal, MemoryJournal, NubefactKind, SeriesName};
/// let journal = MemoryJournal::new();
/// let series = SeriesName::new("20600695771", NubefactKind::Factura, "FFF1");
/// assert_eq!(journal.open_series(&series, 10).await?, 10);
/// assert_eq!(journal.open_series(&series, 3).await?, 10, "counts never go down");
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct MemoryJournal {
    state: Mutex<MemoryPages>,
}

#[derive(Default)]
struct MemoryPages {
    book: Book,
    bodies: HashMap<Uuid, Bytes>,
}

impl MemoryJournal {
    /// An empty one.
    pub fn new() -> MemoryJournal {
        MemoryJournal::default()
    }

    fn lock(&self) -> MutexGuard<'_, MemoryPages> {
        self.state
            .lock()
            .expect("no code panics while it holds this lock")
    }

    /// Applies an event about an entry and answers how it is then.
    fn happen(&self, event: &Event, id: Uuid) -> Result<JournalEntry, JournalError> {
        let mut state = self.lock();
        state.book.known(event)?;
        if state.book.matters(event) {
            state.book.apply(event);
        }
        let entry = state.book.entry(id).or_else(|| state.book.entry_of(id));
        entry.cloned().ok_or_else(JournalError::no_such_thing)
    }
}

/// An answer that is there already.
fn ready<'a, T: Send + 'a>(value: T) -> BoxFuture<'a, T> {
    Box::pin(std::future::ready(value))
}

impl Journal for MemoryJournal {
    fn open_series<'a>(
        &'a self,
        series: &'a SeriesName,
        last: u32,
    ) -> BoxFuture<'a, Result<u32, JournalError>> {
        let mut state = self.lock();
        state.book.apply(&Event::Series {
            series: series.clone(),
            last,
        });
        ready(Ok(state.book.last(series)))
    }

    fn series(&self) -> BoxFuture<'_, Result<Vec<SeriesCount>, JournalError>> {
        ready(Ok(self.lock().book.counts()))
    }

    fn intend<'a>(&'a self, intent: &'a Intent) -> BoxFuture<'a, Result<Intended, JournalError>> {
        let mut state = self.lock();
        let answer = match state.book.decide(intent) {
            Decision::Answer(answer) => answer,
            Decision::Bind(event, body, granted) => {
                state.book.apply(&Event::Intent(event));
                state.bodies.insert(granted.id, body);
                Intended::Attempt(granted)
            }
        };
        ready(Ok(answer))
    }

    fn conclude<'a>(
        &'a self,
        attempt: Uuid,
        outcome: &'a AttemptOutcome,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<JournalEntry, JournalError>> {
        let outcome = outcome.clone();
        let event = Event::Outcome {
            attempt,
            outcome,
            at,
        };
        ready(self.happen(&event, attempt))
    }

    fn note<'a>(
        &'a self,
        entry: Uuid,
        noted: &'a Noted,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<JournalEntry, JournalError>> {
        let noted = noted.clone();
        ready(self.happen(&Event::Noted { entry, noted, at }, entry))
    }

    fn abandon(&self, entry: Uuid) -> BoxFuture<'_, Result<JournalEntry, JournalError>> {
        ready(self.happen(&Event::Abandoned { entry }, entry))
    }

    fn by_key<'a>(
        &'a self,
        issuer: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<JournalEntry>, JournalError>> {
        ready(Ok(self.lock().book.key(issuer, key).cloned()))
    }

    fn by_numero<'a>(
        &'a self,
        series: &'a SeriesName,
        numero: u32,
    ) -> BoxFuture<'a, Result<Option<JournalEntry>, JournalError>> {
        ready(Ok(self.lock().book.numero(series, numero).cloned()))
    }

    fn tried<'a>(
        &'a self,
        series: &'a SeriesName,
        numero: u32,
    ) -> BoxFuture<'a, Result<Vec<JournalEntry>, JournalError>> {
        ready(Ok(self.lock().book.tried(series, numero)))
    }

    fn open(&self) -> BoxFuture<'_, Result<Vec<JournalEntry>, JournalError>> {
        ready(Ok(self.lock().book.open()))
    }

    fn entries<'a>(
        &'a self,
        issuer: &'a str,
    ) -> BoxFuture<'a, Result<Vec<JournalEntry>, JournalError>> {
        ready(Ok(self.lock().book.of_issuer(issuer)))
    }

    fn body(&self, attempt: Uuid) -> BoxFuture<'_, Result<Option<Bytes>, JournalError>> {
        ready(Ok(self.lock().bodies.get(&attempt).cloned()))
    }
}
