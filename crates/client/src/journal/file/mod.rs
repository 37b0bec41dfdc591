//! A journal in one append-only file, for a program without a database: exactly once over its own
//! crashes.
//!
//! One process has it at a time. Everything that waits for the disk at a moment is one frame, one write
//! and one `fsync`; nobody is answered before that. What cannot be written is final for the handle: after
//! a failed `fsync` nobody knows what the disk holds, so it is read again (rule R11).

mod disk;
mod frame;

pub use disk::FaultPoint;

use std::collections::HashMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chaski_core::text;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::sync::watch;
use uuid::Uuid;

use disk::{Disk, Fault, not_a_journal};
use frame::{FrameRecord, frame_of, records_of};

use super::book::{Book, Decision};
use super::event::Event;
use super::{
    AttemptOutcome, InClear, Intended, Intent, Journal, JournalEntry, JournalError, JournalFault,
    Noted, Sealer, SeriesCount, SeriesName,
};

/// A journal in a file.
///
/// **Without a [`Sealer`] the file is readable as it is**: customers, amounts and answers stand in it in
/// clear, and only its permissions (0600 on Unix) protect them.
///
/// Its methods run within a tokio runtime, whose threads for blocking work write the file.
///
/// ```
/// # async fn run(folder: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
/// use chaski_client::{FileJournal, FileJournalOptions, Journal, NubefactKind, SeriesName};
/// let journal = FileJournal::open(folder.join("emision.diario"), FileJournalOptions::default())?;
/// let series = SeriesName::new("20600695771", NubefactKind::Factura, "F001");
/// journal.open_series(&series, 123).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct FileJournal {
    shared: Arc<Pages>,
}

/// How a [`FileJournal`] is opened.
#[derive(Clone)]
pub struct FileJournalOptions {
    /// How long to wait for another process that has it; 10 seconds by default.
    pub wait: Duration,
    /// Who seals the bytes; nobody by default.
    pub sealer: Arc<dyn Sealer>,
    fault: Option<Fault>,
}

impl Default for FileJournalOptions {
    fn default() -> FileJournalOptions {
        FileJournalOptions {
            wait: Duration::from_secs(10),
            sealer: Arc::new(InClear),
            fault: None,
        }
    }
}

impl FileJournalOptions {
    /// Seals what is written.
    #[must_use]
    pub fn sealer(mut self, sealer: Arc<dyn Sealer>) -> FileJournalOptions {
        self.sealer = sealer;
        self
    }

    /// Waits so long for another process.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> FileJournalOptions {
        self.wait = wait;
        self
    }

    /// Makes steps fail, for tests: none lets a step pass, a number fails it, a write after so many bytes.
    #[doc(hidden)]
    #[must_use]
    pub fn fault(
        mut self,
        fault: impl Fn(FaultPoint) -> Option<usize> + Send + Sync + 'static,
    ) -> FileJournalOptions {
        self.fault = Some(Arc::new(fault));
        self
    }
}

struct Pages {
    sealer: Arc<dyn Sealer>,
    state: Mutex<State>,
    disk: Mutex<Disk>,
    durable: watch::Sender<u64>,
}

#[derive(Default)]
struct State {
    book: Book,
    waiting: Vec<Waiting>,
    /// Records ever accepted.
    accepted: u64,
    /// Whether a thread is at the disk.
    writing: bool,
    broken: Option<JournalError>,
    /// Where the body of an attempt stands: the frame, and the record in it.
    bodies: HashMap<Uuid, (u64, usize)>,
}

struct Waiting {
    record: FrameRecord,
    attempt: Option<Uuid>,
}

/// What the first frame says.
const FORMAT: &[u8] = br#"{"format":"chaski-journal","version":1}"#;

impl FileJournal {
    /// Opens the journal at a path, or begins one. Reads all of it; blocks meanwhile, and while another
    /// process has it.
    pub fn open(
        path: impl AsRef<Path>,
        options: FileJournalOptions,
    ) -> Result<FileJournal, JournalError> {
        let sealer = options.sealer;
        let mut disk = Disk::open(path.as_ref(), options.wait, options.fault)?;
        let mut state = State::default();
        disk.read_all(|place, sealed| read_frame(&mut state, place, &sealed, &*sealer))?;
        if disk.end() == 0 {
            let first = FrameRecord {
                json: FORMAT.to_vec(),
                body: Vec::new(),
            };
            let frame = frame_of(0, &[first], &*sealer).ok_or_else(too_large)?;
            disk.append(&frame)?;
        }
        Ok(FileJournal {
            shared: Arc::new(Pages {
                sealer,
                state: Mutex::new(state),
                disk: Mutex::new(disk),
                durable: watch::Sender::new(0),
            }),
        })
    }

    /// Reads what is true now, and answers once all of it is durable.
    async fn read<T>(&self, look: impl FnOnce(&Book) -> T) -> Result<T, JournalError> {
        let (seen, until) = {
            let state = self.shared.lock();
            if let Some(error) = &state.broken {
                return Err(error.clone());
            }
            (look(&state.book), state.accepted)
        };
        self.shared.wait(until).await?;
        Ok(seen)
    }

    /// Applies an event about an entry and answers how it is then.
    async fn happen(&self, event: Event, id: Uuid) -> Result<JournalEntry, JournalError> {
        let (entry, until) = {
            let mut state = self.shared.lock();
            if let Some(error) = &state.broken {
                return Err(error.clone());
            }
            state.book.known(&event)?;
            if state.book.matters(&event) {
                self.shared.append(&mut state, &event, None)?;
            }
            let book = &state.book;
            let entry = book.entry(id).or_else(|| book.entry_of(id)).cloned();
            (entry, state.accepted)
        };
        self.shared.wait(until).await?;
        entry.ok_or_else(JournalError::no_such_thing)
    }
}

/// Applies what a frame holds.
fn read_frame(
    state: &mut State,
    place: u64,
    frame: &[u8],
    sealer: &dyn Sealer,
) -> Result<(), JournalError> {
    let opened = sealer.open(place, frame);
    let records = opened.and_then(|plain| records_of(&plain));
    let records = records.ok_or_else(other_key)?;
    if place == 0 {
        let is_ours = records.first().is_some_and(|it| it.json == FORMAT);
        return if is_ours {
            Ok(())
        } else {
            Err(not_a_journal())
        };
    }
    for (nth, record) in records.into_iter().enumerate() {
        let event: Event = serde_json::from_slice(&record.json).map_err(|_| not_a_journal())?;
        state.book.known(&event).map_err(|_| not_a_journal())?;
        if let Event::Intent(intent) = &event {
            state.bodies.insert(intent.attempt, (place, nth));
        }
        state.book.apply(&event);
    }
    Ok(())
}

impl Pages {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no code panics while it holds this lock")
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        // A sealer that panics is the program's; the file itself is as the last append left it.
        self.disk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes an event true in the process and lines it up for the disk. Whoever tells of it waits first.
    fn append(
        self: &Arc<Pages>,
        state: &mut State,
        event: &Event,
        body: Option<(Uuid, Bytes)>,
    ) -> Result<(), JournalError> {
        let json = serde_json::to_vec(event).map_err(|_| too_large())?;
        state.book.apply(event);
        let (attempt, body) = body.unzip();
        state.waiting.push(Waiting {
            record: FrameRecord {
                json,
                body: body.map(Vec::from).unwrap_or_default(),
            },
            attempt,
        });
        state.accepted += 1;
        if !state.writing {
            state.writing = true;
            let pages = Arc::clone(self);
            // A thread of its own where there is no runtime.
            match tokio::runtime::Handle::try_current() {
                Ok(runtime) => drop(runtime.spawn_blocking(move || pages.write_all())),
                Err(_) => drop(std::thread::spawn(move || pages.write_all())),
            }
        }
        Ok(())
    }

    /// Writes whatever waits, all of it in one frame, until nothing does.
    fn write_all(&self) {
        loop {
            let (waiting, until) = {
                let mut state = self.lock();
                if state.waiting.is_empty() || state.broken.is_some() {
                    state.writing = false;
                    return;
                }
                (std::mem::take(&mut state.waiting), state.accepted)
            };
            let (attempts, records): (Vec<_>, Vec<_>) = waiting
                .into_iter()
                .map(|waiting| (waiting.attempt, waiting.record))
                .unzip();
            let (place, written) = {
                let mut disk = self.disk();
                let place = disk.end();
                // A sealer that panics must not leave those waiting that wait for it.
                let sealed = AssertUnwindSafe(|| frame_of(place, &records, &*self.sealer));
                let frame = catch_unwind(sealed).ok().flatten().ok_or_else(too_large);
                (place, frame.and_then(|frame| disk.append(&frame)))
            };
            let mut state = self.lock();
            match written {
                Ok(()) => {
                    for (nth, attempt) in attempts.into_iter().enumerate() {
                        if let Some(attempt) = attempt {
                            state.bodies.insert(attempt, (place, nth));
                        }
                    }
                    self.durable.send_replace(until);
                }
                Err(error) => {
                    state.broken = Some(error);
                    state.writing = false;
                    // Those that wait look again, and find it broken.
                    self.durable.send_modify(|_| {});
                    return;
                }
            }
        }
    }

    /// Waits until so many records are durable.
    async fn wait(&self, until: u64) -> Result<(), JournalError> {
        let mut durable = self.durable.subscribe();
        loop {
            if *durable.borrow_and_update() >= until {
                return Ok(());
            }
            if let Some(error) = &self.lock().broken {
                return Err(error.clone());
            }
            // The sender lives as long as we do.
            let _ = durable.changed().await;
        }
    }
}

impl fmt::Debug for FileJournal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileJournal")
    }
}

impl Journal for FileJournal {
    fn open_series<'a>(
        &'a self,
        series: &'a SeriesName,
        last: u32,
    ) -> BoxFuture<'a, Result<u32, JournalError>> {
        Box::pin(async move {
            let (count, until) = {
                let mut state = self.shared.lock();
                if let Some(error) = &state.broken {
                    return Err(error.clone());
                }
                let series = series.clone();
                let event = Event::Series { series, last };
                if state.book.matters(&event) {
                    self.shared.append(&mut state, &event, None)?;
                }
                let Event::Series { series, .. } = &event else {
                    return Err(JournalError::no_such_thing());
                };
                (state.book.last(series), state.accepted)
            };
            self.shared.wait(until).await?;
            Ok(count)
        })
    }

    fn series(&self) -> BoxFuture<'_, Result<Vec<SeriesCount>, JournalError>> {
        Box::pin(self.read(Book::counts))
    }

    fn intend<'a>(&'a self, intent: &'a Intent) -> BoxFuture<'a, Result<Intended, JournalError>> {
        Box::pin(async move {
            let (answer, until) = {
                let mut state = self.shared.lock();
                if let Some(error) = &state.broken {
                    return Err(error.clone());
                }
                let answer = match state.book.decide(intent) {
                    Decision::Answer(answer) => answer,
                    Decision::Bind(event, body, granted) => {
                        let body = Some((granted.id, body));
                        self.shared
                            .append(&mut state, &Event::Intent(event), body)?;
                        Intended::Attempt(granted)
                    }
                };
                (answer, state.accepted)
            };
            self.shared.wait(until).await?;
            Ok(answer)
        })
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
        Box::pin(self.happen(event, attempt))
    }

    fn note<'a>(
        &'a self,
        entry: Uuid,
        noted: &'a Noted,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<JournalEntry, JournalError>> {
        let noted = noted.clone();
        Box::pin(self.happen(Event::Noted { entry, noted, at }, entry))
    }

    fn abandon(&self, entry: Uuid) -> BoxFuture<'_, Result<JournalEntry, JournalError>> {
        Box::pin(self.happen(Event::Abandoned { entry }, entry))
    }

    fn by_key<'a>(
        &'a self,
        issuer: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<JournalEntry>, JournalError>> {
        Box::pin(self.read(move |book| book.key(issuer, key).cloned()))
    }

    fn by_numero<'a>(
        &'a self,
        series: &'a SeriesName,
        numero: u32,
    ) -> BoxFuture<'a, Result<Option<JournalEntry>, JournalError>> {
        Box::pin(self.read(move |book| book.numero(series, numero).cloned()))
    }

    fn tried<'a>(
        &'a self,
        series: &'a SeriesName,
        numero: u32,
    ) -> BoxFuture<'a, Result<Vec<JournalEntry>, JournalError>> {
        Box::pin(self.read(move |book| book.tried(series, numero)))
    }

    fn open(&self) -> BoxFuture<'_, Result<Vec<JournalEntry>, JournalError>> {
        Box::pin(self.read(Book::open))
    }

    fn entries<'a>(
        &'a self,
        issuer: &'a str,
    ) -> BoxFuture<'a, Result<Vec<JournalEntry>, JournalError>> {
        Box::pin(self.read(move |book| book.of_issuer(issuer)))
    }

    fn body(&self, attempt: Uuid) -> BoxFuture<'_, Result<Option<Bytes>, JournalError>> {
        Box::pin(async move {
            let until = self.shared.lock().accepted;
            self.shared.wait(until).await?;
            let place = self.shared.lock().bodies.get(&attempt).copied();
            let Some((place, nth)) = place else {
                return Ok(None);
            };
            let sealed = self.shared.disk().read(place)?;
            let opened = self.shared.sealer.open(place, &sealed);
            let records = opened.and_then(|plain| records_of(&plain));
            let records = records.ok_or_else(other_key)?;
            Ok(records.into_iter().nth(nth).map(|it| it.body.into()))
        })
    }
}

fn other_key() -> JournalError {
    JournalError::new(
        JournalFault::OtherKey,
        text!(
            "el diario de emisión está cifrado con otra llave; use la carpeta de datos a la que pertenece",
            "the journal is sealed with another key; use it with the data folder it belongs to",
        ),
    )
}

fn too_large() -> JournalError {
    JournalError::new(
        JournalFault::Broken,
        text!(
            "un documento no cabe en el diario de emisión",
            "a document does not fit into the journal",
        ),
    )
}
