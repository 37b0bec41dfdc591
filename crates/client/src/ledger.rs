//! What the engine remembers and what it puts on record: the [`Ledger`] trait, the values that
//! pass through it, and [`MemoryLedger`], which keeps them in the process.
//!
//! A [`Key`] names a question. A [`Memory`] is what an upstream last said about it, an answer or an
//! explicit "no", with the moments when it said so and until when that counts as fresh. An expired
//! memory is kept for a while: it may stand in while the upstream is down, and is then marked as stale.
//! A failure is never remembered. A [`Call`] is a row of the audit; it is written whether or not its
//! answer is remembered. The engine keeps recent memories in the process too (`engine/remembering.rs`),
//! and gives out nothing that the ledger could not write.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard};

use bytes::Bytes;
use compact_str::CompactString;
use foldhash::quality::RandomState;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use uuid::Uuid;

use crate::{Allowance, Counter, Reason, Taken, is_of_the_future};

/// The identity of a question: two equal keys have the same answer, whichever upstream gives it.
///
/// `Debug` shows the masked subject only.
///
/// ```
/// use chaski_client::{DniQuery, Lookup};
/// let key = DniQuery("00000001".parse()?).key();
/// assert_eq!(format!("{key:?}"), "dni/00****01");
/// # Ok::<(), chaski_core::DniError>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Key {
    /// Name of the operation, for instance `ruc`.
    pub operation: &'static str,
    /// What is asked about; for operations without a subject, empty.
    pub subject: CompactString,
    /// Whether the subject or its answer is personal data: stored under a keyed hash and sealed.
    pub personal: bool,
}

impl Key {
    /// The subject as people may see it.
    pub fn masked_subject(&self) -> CompactString {
        let text = self.subject.as_str();
        match (self.personal, text.len()) {
            (false, _) => self.subject.clone(),
            (true, 8) => format!("{}****{}", &text[..2], &text[6..]).into(),
            (true, 11) => format!("{}******{}", &text[..2], &text[8..]).into(),
            (true, _) => "****".into(),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.operation, self.masked_subject())
    }
}

/// Something remembered about a key.
#[derive(Clone)]
pub struct Memory {
    /// An answer, or the fact that there is none.
    pub what: Remembered,
    /// The upstream that said so, for instance `migo`.
    pub provider: &'static str,
    /// When it did.
    pub stored_at: Timestamp,
    /// Until when it counts as fresh.
    pub expires_at: Timestamp,
}

impl Memory {
    /// Whether it may answer now. One that the clock stamped while it was ahead may not: its age
    /// is not known.
    pub fn is_fresh(&self, now: Timestamp) -> bool {
        is_fresh(self.stored_at, self.expires_at, now)
    }
}

pub(crate) fn is_fresh(stored_at: Timestamp, expires_at: Timestamp, now: Timestamp) -> bool {
    if is_of_the_future(stored_at, now) {
        warn_of_the_future();
        return false;
    }
    expires_at > now
}

#[cold]
fn warn_of_the_future() {
    static TOLD: std::sync::Once = std::sync::Once::new();
    TOLD.call_once(|| {
        tracing::warn!(
            "memory holds answers stamped later than now: the clock was ahead, or is behind; \
             they are asked for again"
        );
    });
}

/// An answer or a refusal.
#[derive(Clone)]
pub enum Remembered {
    /// The answer, as JSON of the operation's own shape.
    Answer(Bytes),
    /// The upstream said explicitly that there is no such thing.
    Refusal {
        /// Which kind of "no".
        reason: Reason,
        /// The upstream's own words, cleaned and shortened.
        message: CompactString,
    },
}

impl fmt::Debug for Memory {
    /// Bodies may hold names and addresses: only the kind is shown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match &self.what {
            Remembered::Answer(_) => "Answer",
            Remembered::Refusal { .. } => "Refusal",
        };
        write!(
            f,
            "{kind} stored {} until {}",
            self.stored_at, self.expires_at
        )
    }
}

/// What memory had to do with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CacheDecision {
    /// Nothing known: the upstream was asked.
    Miss,
    /// A fresh answer was at hand.
    Hit,
    /// A fresh refusal was at hand.
    Refused,
    /// The same question was in flight, and its outcome was given to both.
    Shared,
    /// The upstream failed and an expired answer was given, marked so.
    Stale,
    /// The caller asked for a new answer whatever was known.
    Bypass,
}

impl CacheDecision {
    /// Stable upper-case name, as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            CacheDecision::Miss => "MISS",
            CacheDecision::Hit => "HIT",
            CacheDecision::Refused => "REFUSED",
            CacheDecision::Shared => "SHARED",
            CacheDecision::Stale => "STALE",
            CacheDecision::Bypass => "BYPASS",
        }
    }
}

/// Whose a call is, to a ledger that keeps the calls of several owners apart: a mark that only the
/// ledger makes and reads. The engine hands it on.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Owner {
    length: u8,
    bytes: [u8; 16],
}

impl Owner {
    /// The owner of the ledger itself; its mark is empty.
    pub const HOUSE: Owner = Owner {
        length: 0,
        bytes: [0; 16],
    };

    /// The owner with that mark; none when it has more than sixteen bytes.
    pub fn of_mark(mark: &[u8]) -> Option<Owner> {
        let mut owner = Owner::HOUSE;
        owner.bytes.get_mut(..mark.len())?.copy_from_slice(mark);
        owner.length = u8::try_from(mark.len()).ok()?;
        Some(owner)
    }

    /// The mark.
    pub fn mark(&self) -> &[u8] {
        &self.bytes[..self.length.into()]
    }
}

impl fmt::Debug for Owner {
    /// The mark may be a person's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.length == 0 { "House" } else { "Owner" })
    }
}

/// One row of the audit: an attempt that was sent, or a decision that made sending needless.
/// It never holds a token; bodies only when the owner opted in.
#[derive(Debug, Clone)]
pub struct Call {
    /// Identifier of the row, sorts by time.
    pub id: Uuid,
    /// The logical look-up that the attempt belongs to.
    pub lookup: Uuid,
    /// When the attempt began.
    pub at: Timestamp,
    /// Who asked: `cli`, `library`, the name of a key.
    pub asked_by: CompactString,
    /// Whose it is; none when only the owner of the ledger may see it.
    pub owner: Option<Owner>,
    /// What it was for, as the caller said it.
    pub purpose: Option<CompactString>,
    /// The upstream that was asked, or that had given what memory knew.
    pub provider: &'static str,
    /// What was asked; for a native batch call the subject is empty and `items` says how many.
    pub key: Key,
    /// Numbers asked for in this call.
    pub items: u32,
    /// Number of the attempt from 1; 0 when nothing was sent.
    pub attempt: u32,
    /// `SUCCESS`, `NOT_FOUND` when the upstream said explicitly that there is none, or the code
    /// of the failure. A native batch call that was answered is a `SUCCESS`, whatever it says of
    /// each number.
    pub outcome: &'static str,
    /// HTTP status, none when no answer came.
    pub http_status: Option<u16>,
    /// From before the first byte to the decoded answer, microseconds.
    pub duration_us: u64,
    /// What memory had to do with it.
    pub cache: CacheDecision,
    /// The batch it belongs to.
    pub batch: Option<Uuid>,
    /// Request and answer bodies with the token removed; only on opt-in.
    pub bodies: Option<Bodies>,
}

/// Outcome of a call that brought an answer.
pub(crate) const SUCCESS: &str = "SUCCESS";
/// Outcome of a call, or of a look into memory, that brought an explicit "no".
pub(crate) const NOT_FOUND: &str = "NOT_FOUND";

/// Sorts by time. Its random part is not from the operating system: that would be two system calls
/// for each attempt, and identifiers are names, not secrets.
pub(crate) fn new_id(now: Timestamp) -> Uuid {
    let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
    let mut random = [0; 10];
    fastrand::fill(&mut random);
    uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid()
}

pub(crate) fn warn_once(result: Result<(), LedgerError>) {
    if let Err(error) = result {
        tracing::warn!(%error, "the ledger could not be written");
    }
}

/// The two bodies of a call, kept only when the owner opted in.
#[derive(Clone)]
pub struct Bodies {
    /// What was sent, token replaced.
    pub request: Bytes,
    /// What came back.
    pub answer: Bytes,
}

impl fmt::Debug for Bodies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Bodies({} + {} bytes)",
            self.request.len(),
            self.answer.len()
        )
    }
}

/// The store behind a ledger could not be read or written.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{message}")]
pub struct LedgerError {
    /// What happened, without personal data.
    pub message: String,
    /// Whether the disk or quota of the file system is exhausted.
    pub disk_full: bool,
}

/// What a ledger says, once it can.
pub type LedgerFuture<'a, T> = BoxFuture<'a, Result<T, LedgerError>>;

/// Memory and audit behind the engine. Two implementations: [`MemoryLedger`] and the SQL store
/// of the gateway.
///
/// `remember` and `record` are accepted at once and made durable in groups; `flush` waits until
/// everything accepted before it is durable. An implementation answers `ready` with an error
/// while it cannot write, and the engine then sends nothing: a paid answer that cannot be put
/// on record is not bought.
pub trait Ledger: Send + Sync + 'static {
    /// What is known of each key, in the order asked; expired rows included.
    fn recall<'a>(&'a self, keys: &'a [Key]) -> LedgerFuture<'a, Vec<Option<Memory>>>;

    /// Remembers answers and refusals; an answer replaces a refusal and the other way round.
    fn remember(&self, entries: Vec<(Key, Memory)>) -> LedgerFuture<'_, ()>;

    /// Forgets one key; true when something was known.
    fn forget<'a>(&'a self, key: &'a Key) -> LedgerFuture<'a, bool>;

    /// Puts one call on record.
    fn record(&self, call: Call) -> LedgerFuture<'_, ()>;

    /// Takes one call from each allowance, or none from any. Durable when this returns, and true
    /// for all who share the ledger: the call may be sent then and not before.
    fn take<'a>(&'a self, from: &'a [Allowance]) -> LedgerFuture<'a, Taken>;

    /// Gives back what was taken for a call that never went out.
    fn give_back<'a>(&'a self, to: &'a [Allowance]) -> LedgerFuture<'a, ()>;

    /// Counts calls of a provider's month (`2026-11`) that were sent without being taken from a
    /// quota, there being none.
    fn spend<'a>(&'a self, provider: &'a str, month: &'a str, calls: u64) -> LedgerFuture<'a, ()>;

    /// Calls counted by now, by all who share the ledger.
    fn spent<'a>(&'a self, counter: &'a Counter) -> LedgerFuture<'a, u64>;

    /// Sets questions aside that are about to be asked, so that another process on the same memory
    /// does not ask them too. None when there was no other and all may be asked; else whether each is
    /// now set aside: one that is not is being asked by another process, and its answer will be in
    /// memory; one that is may have been answered since memory was looked at. Each that is set aside
    /// is let go of by [`Ledger::release`].
    fn claim<'a>(&'a self, _keys: &'a [Key]) -> LedgerFuture<'a, Option<Vec<bool>>> {
        at_once(None)
    }

    /// Lets go of questions whose answers are in memory, or will not come.
    fn release(&self, _keys: &[Key]) {}

    /// Notes that a provider's plan was used up at a moment, or is not any more.
    fn note_plan<'a>(
        &'a self,
        provider: &'a str,
        spent_at: Option<Timestamp>,
    ) -> LedgerFuture<'a, ()> {
        let _ = (provider, spent_at);
        at_once(())
    }

    /// When a provider's plan was found to be used up, if it was.
    fn plan_spent<'a>(&'a self, provider: &'a str) -> LedgerFuture<'a, Option<Timestamp>> {
        let _ = provider;
        at_once(None)
    }

    /// Waits until everything accepted before is durable.
    fn flush(&self) -> LedgerFuture<'_, ()>;

    /// Whether writing works.
    fn ready(&self) -> Result<(), LedgerError>;
}

fn at_once<'a, T: Send + 'a>(said: T) -> LedgerFuture<'a, T> {
    Box::pin(std::future::ready(Ok(said)))
}

/// A ledger in the process: bounded, gone with it. For programs that embed the client and for
/// tests.
///
/// ```
/// use std::sync::Arc;
/// use chaski_client::{MemoryLedger, Migo};
/// let ledger = Arc::new(MemoryLedger::new());
/// let migo = Migo::builder("SU_TOKEN").ledger(ledger.clone()).build()?;
/// // … look-ups …
/// for call in ledger.calls() {
///     println!("{} {:?} {} {} µs", call.at, call.key, call.outcome, call.duration_us);
/// }
/// # Ok::<(), chaski_client::Error>(())
/// ```
#[derive(Default)]
pub struct MemoryLedger {
    state: Mutex<MemoryState>,
}

#[derive(Default)]
struct MemoryState {
    memories: HashMap<Key, Memory, RandomState>,
    oldest_first: VecDeque<Key>,
    calls: VecDeque<Call>,
    spent: HashMap<Counter, u64, RandomState>,
    plans: HashMap<String, Timestamp>,
}

/// Enough for a large customer list; about 1 kB each.
const MOST_MEMORIES: usize = 100_000;
const MOST_CALLS: usize = 100_000;

impl MemoryLedger {
    /// An empty ledger.
    pub fn new() -> MemoryLedger {
        MemoryLedger::default()
    }

    /// The calls on record, oldest first; the newest 100,000 are kept.
    pub fn calls(&self) -> Vec<Call> {
        self.lock().calls.iter().cloned().collect()
    }

    /// Calls counted for a provider in a month such as `2026-11`.
    pub fn spent(&self, provider: &str, month: &str) -> u64 {
        self.lock().spent(&Counter::Month {
            provider: provider.into(),
            month: month.into(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, MemoryState> {
        self.state
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

impl MemoryState {
    fn spent(&self, counter: &Counter) -> u64 {
        self.spent.get(counter).copied().unwrap_or(0)
    }
}

impl Ledger for MemoryLedger {
    fn recall<'a>(&'a self, keys: &'a [Key]) -> LedgerFuture<'a, Vec<Option<Memory>>> {
        let state = self.lock();
        let found = keys
            .iter()
            .map(|key| state.memories.get(key).cloned())
            .collect();
        at_once(found)
    }

    fn remember(&self, entries: Vec<(Key, Memory)>) -> LedgerFuture<'_, ()> {
        let mut state = self.lock();
        for (key, memory) in entries {
            if state.memories.insert(key.clone(), memory).is_none() {
                state.oldest_first.push_back(key);
            }
            while state.memories.len() > MOST_MEMORIES {
                let Some(oldest) = state.oldest_first.pop_front() else {
                    break;
                };
                state.memories.remove(&oldest);
            }
        }
        at_once(())
    }

    fn forget<'a>(&'a self, key: &'a Key) -> LedgerFuture<'a, bool> {
        let mut state = self.lock();
        let known = state.memories.remove(key).is_some();
        state.oldest_first.retain(|other| other != key);
        at_once(known)
    }

    fn record(&self, call: Call) -> LedgerFuture<'_, ()> {
        let mut state = self.lock();
        if state.calls.len() == MOST_CALLS {
            state.calls.pop_front();
        }
        state.calls.push_back(call);
        at_once(())
    }

    fn spend<'a>(&'a self, provider: &'a str, month: &'a str, calls: u64) -> LedgerFuture<'a, ()> {
        let counter = Counter::Month {
            provider: provider.into(),
            month: month.into(),
        };
        *self.lock().spent.entry(counter).or_default() += calls;
        at_once(())
    }

    fn spent<'a>(&'a self, counter: &'a Counter) -> LedgerFuture<'a, u64> {
        at_once(self.lock().spent(counter))
    }

    fn take<'a>(&'a self, from: &'a [Allowance]) -> LedgerFuture<'a, Taken> {
        let mut state = self.lock();
        let is_spent = |it: &Allowance| state.spent(&it.counter) >= it.most;
        let taken = if let Some(place) = from.iter().position(is_spent) {
            Taken::SpentAt(place)
        } else {
            for one in from {
                *state.spent.entry(one.counter.clone()).or_default() += 1;
            }
            Taken::All
        };
        at_once(taken)
    }

    fn give_back<'a>(&'a self, to: &'a [Allowance]) -> LedgerFuture<'a, ()> {
        let mut state = self.lock();
        for one in to {
            let spent = state.spent.entry(one.counter.clone()).or_default();
            *spent = spent.saturating_sub(1);
        }
        at_once(())
    }

    fn note_plan<'a>(
        &'a self,
        provider: &'a str,
        spent_at: Option<Timestamp>,
    ) -> LedgerFuture<'a, ()> {
        let mut state = self.lock();
        match spent_at {
            Some(at) => drop(state.plans.insert(provider.to_owned(), at)),
            None => drop(state.plans.remove(provider)),
        }
        at_once(())
    }

    fn plan_spent<'a>(&'a self, provider: &'a str) -> LedgerFuture<'a, Option<Timestamp>> {
        let spent_at = self.lock().plans.get(provider).copied();
        at_once(spent_at)
    }

    fn flush(&self) -> LedgerFuture<'_, ()> {
        at_once(())
    }

    fn ready(&self) -> Result<(), LedgerError> {
        Ok(())
    }
}
