//! What must not be forgotten about issuing: which number is bound to which bytes, before the first byte
//! leaves, and what came of it.
//!
//! The [`Ledger`](crate::Ledger) of look-ups may lose what it remembers; a [`Journal`] may not. Its cast:
//! a *series* counts numbers up, never down. An *intent* wants a document issued under a key of its own;
//! the journal answers with an *attempt*: a number and the exact bytes, durable when it answers. What
//! came of the attempt is its *outcome*. An attempt without a definite one is *open*: nobody may put
//! other bytes under its number, and nobody sends it again before the upstream was asked.
//!
//! A number is free again when every attempt ever made with it is known to have come to nothing (rule
//! R5). The lowest free number is taken first, so that a refusal leaves no hole.
//!
//! Implementations: [`MemoryJournal`], [`FileJournal`], and the SQL store of the gateway. All of them pass
//! [`conformance`].

mod book;
#[doc(hidden)]
pub mod conformance;
mod counts;
mod entry;
mod event;
mod file;
mod memory;
mod part;
mod sealer;

#[cfg(test)]
pub(crate) use book::canon::{ModelBook, MovedAttempts};
pub use counts::{PartCount, PartNumber};
pub(crate) use entry::LONGEST_ATTEMPT;
pub use entry::{
    AttemptOutcome, AttemptRecord, Intended, Intent, JournalAttempt, JournalDeed, JournalEntry,
    JournalError, JournalFault, Noted, SeriesCount, SeriesName, StoredReply, T_QUIET,
};
pub use file::{FaultPoint, FileJournal, FileJournalOptions};
pub use memory::MemoryJournal;
pub use part::{JournalPart, PartIntended};
pub use sealer::{InClear, Sealer};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use uuid::Uuid;

/// The durable side of issuing. Whatever a method has answered is true after a crash at any later moment;
/// an error of writing is final for the handle, which must be opened again (rule R11).
///
/// ```
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// use chaski_client::{JournalDeed, Intended, Intent, Journal, MemoryJournal, NubefactDocument, SeriesName};
/// let journal = MemoryJournal::new();
/// let json = br#"{"operacion":"generar_comprobante","tipo_de_comprobante":1,"serie":"FFF1"}"#;
/// let document = NubefactDocument::from_json(json)?;
/// let series = SeriesName::new("20600695771", document.kind(), document.serie());
/// journal.open_series(&series, 123).await?;
/// let now = "2026-11-28T10:00:00-05:00".parse()?;
/// let intent = Intent::to_issue("20600695771", "pedido-1", &document, now);
/// let Intended::Attempt(attempt) = journal.intend(&intent).await? else { panic!() };
/// assert_eq!(attempt.numero, 124);
/// # Ok(())
/// # }
/// ```
pub trait Journal: Send + Sync + 'static {
    /// Opens a series whose last number used is `last`, or raises its count to that: a count never goes
    /// down (rule R6). Answers the count.
    fn open_series<'a>(
        &'a self,
        series: &'a SeriesName,
        last: u32,
    ) -> BoxFuture<'a, Result<u32, JournalError>>;

    /// All series that are open, by name.
    fn series(&self) -> BoxFuture<'_, Result<Vec<SeriesCount>, JournalError>>;

    /// Binds a number to the exact bytes, or says why not. Durable before it answers
    /// [`Intended::Attempt`], and only then may the first byte leave.
    fn intend<'a>(&'a self, intent: &'a Intent) -> BoxFuture<'a, Result<Intended, JournalError>>;

    /// What came of an attempt. A definite outcome never changes and a second one is ignored, but for the
    /// proof that it was accepted after all: a late copy of a request that was refused.
    fn conclude<'a>(
        &'a self,
        attempt: Uuid,
        outcome: &'a AttemptOutcome,
        at: jiff::Timestamp,
    ) -> BoxFuture<'a, Result<JournalEntry, JournalError>>;

    /// What the upstream said when it was asked about a document, with the time of the question: attempts
    /// that began later were not asked about.
    fn note<'a>(
        &'a self,
        entry: Uuid,
        noted: &'a Noted,
        at: jiff::Timestamp,
    ) -> BoxFuture<'a, Result<JournalEntry, JournalError>>;

    /// Gives a document up. Its number is free once all its attempts are definite.
    fn abandon(&self, entry: Uuid) -> BoxFuture<'_, Result<JournalEntry, JournalError>>;

    /// The document of a key, of an issuer.
    fn by_key<'a>(
        &'a self,
        issuer: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<JournalEntry>, JournalError>>;

    /// The document that has, or may have, a number.
    fn by_numero<'a>(
        &'a self,
        series: &'a SeriesName,
        numero: u32,
    ) -> BoxFuture<'a, Result<Option<JournalEntry>, JournalError>>;

    /// All documents that an attempt was ever made for with a number, oldest first.
    fn tried<'a>(
        &'a self,
        series: &'a SeriesName,
        numero: u32,
    ) -> BoxFuture<'a, Result<Vec<JournalEntry>, JournalError>>;

    /// Documents with an open attempt, oldest first: whoever starts asks about these.
    fn open(&self) -> BoxFuture<'_, Result<Vec<JournalEntry>, JournalError>>;

    /// All documents of an issuer, oldest first.
    fn entries<'a>(
        &'a self,
        issuer: &'a str,
    ) -> BoxFuture<'a, Result<Vec<JournalEntry>, JournalError>>;

    /// The exact bytes of an attempt.
    fn body(&self, attempt: Uuid) -> BoxFuture<'_, Result<Option<Bytes>, JournalError>>;
}
