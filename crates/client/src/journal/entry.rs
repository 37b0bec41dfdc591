//! The values that pass through a journal.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use chaski_core::{Lang, Text, text};
use compact_str::CompactString;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::dialects::nubefact::{
    MOST_NUMERO, NubefactDocument, NubefactId, NubefactKind, NubefactReply,
};

/// How long after its socket was closed an attempt may still be worked on, at most (assumption A2). A
/// document that is not there later than that was not made by it.
pub const T_QUIET: Duration = Duration::from_mins(15);

/// Longest time that an attempt is listened to: one that was never concluded is over by then.
pub(crate) const LONGEST_ATTEMPT: Duration = Duration::from_mins(2);

/// A series of one issuer and one kind of document.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SeriesName {
    /// Who issues: a RUC, or another name that stands for one.
    pub issuer: CompactString,
    /// What is numbered.
    pub kind: NubefactKind,
    /// Upper case.
    pub serie: CompactString,
}

impl SeriesName {
    /// The series of that name.
    pub fn new(issuer: &str, kind: NubefactKind, serie: &str) -> SeriesName {
        SeriesName {
            issuer: issuer.into(),
            kind,
            serie: serie.to_ascii_uppercase().into(),
        }
    }
}

/// How far a series has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesCount {
    /// Which one.
    pub series: SeriesName,
    /// The highest number ever taken from it, or used before it was opened.
    pub last: u32,
    /// Numbers below it that may be taken again, lowest first.
    pub free: Vec<u32>,
}

impl SeriesCount {
    /// Whether no number is left of it.
    pub fn is_full(&self) -> bool {
        self.free.is_empty() && self.last >= MOST_NUMERO
    }
}

/// What is to be done with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JournalDeed {
    /// Issue it.
    Issue,
    /// Void it.
    Void,
}

/// The wish to have something done exactly once.
#[derive(Debug, Clone)]
pub struct Intent {
    /// Who issues.
    pub issuer: CompactString,
    /// What is wanted.
    pub deed: JournalDeed,
    /// The document, with or without a number.
    pub document: NubefactDocument,
    /// The caller's name for this wish: the same one again is the same document. At most 255 characters.
    pub key: CompactString,
    /// Where the number taken turned out to be a stranger's: whether to go on with the next one. Without
    /// this the caller is told and nothing is sent.
    pub renumber: bool,
    /// When.
    pub at: Timestamp,
}

impl Intent {
    /// The wish to issue a document.
    pub fn to_issue(issuer: &str, key: &str, document: &NubefactDocument, at: Timestamp) -> Intent {
        Intent {
            issuer: issuer.into(),
            deed: JournalDeed::Issue,
            document: document.clone(),
            key: key.into(),
            renumber: false,
            at,
        }
    }

    /// The series that its number is of.
    pub fn series(&self) -> SeriesName {
        SeriesName::new(&self.issuer, self.document.kind(), self.document.serie())
    }
}

/// The journal's answer to an [`Intent`].
#[derive(Debug, Clone)]
pub enum Intended {
    /// Durable: send these bytes.
    Attempt(JournalAttempt),
    /// It is done.
    Done(JournalEntry),
    /// An attempt is open: the upstream is to be asked first (rule R3).
    AskFirst(JournalEntry),
    /// Its number was a stranger's; see [`Intent::renumber`].
    Conflict(JournalEntry),
    /// It was given up: a journal that others give documents up in does not take it up again by itself.
    GivenUp(JournalEntry),
    /// The key stands for other content.
    OtherContent(JournalEntry),
    /// The number that the caller brought is another document's of ours.
    NumberUsed(JournalEntry),
    /// The number that the caller brought is known to be a stranger's.
    NumberTheirs(u32),
    /// No such series is open, and the caller brought no number.
    SeriesNotOpen(SeriesName),
    /// The series has no numbers left.
    SeriesFull(SeriesName),
}

/// One try to have a document issued.
#[derive(Clone)]
pub struct JournalAttempt {
    /// Its identity.
    pub id: Uuid,
    /// The document's.
    pub entry: Uuid,
    /// The number that it binds.
    pub numero: u32,
    /// How many tries there were for this document, this one included.
    pub count: u32,
    /// What to send, byte by byte.
    pub body: Bytes,
    /// BLAKE3 of the body, hexadecimal.
    pub hash: CompactString,
}

impl fmt::Debug for JournalAttempt {
    /// The body is the customer's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JournalAttempt({} {})", self.id, self.numero)
    }
}

/// What came of an attempt. `Debug` leaves the upstream's words out: they may name the customer.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// Not a byte left.
    NotSent,
    /// The document exists, by the upstream's echo, or because it was asked and has what was sent.
    Accepted {
        /// Whether it had to be asked.
        recovered: bool,
        /// Its word.
        reply: StoredReply,
    },
    /// The upstream looked at it and did not take it.
    Refused {
        /// Its code, if it gave one.
        codigo: Option<u16>,
        /// Its words.
        text: String,
    },
    /// The upstream works on nothing of this account for now.
    Held {
        /// Its code, if it gave one.
        codigo: Option<u16>,
        /// Its words.
        text: String,
    },
    /// There is a document of that name, ours or another's: open.
    Taken,
    /// Nobody knows: open.
    Unknown {
        /// What was seen, as a stable code.
        why: CompactString,
    },
    /// The number is a stranger's.
    Conflict {
        /// What differs, as fields of the request.
        different: Vec<CompactString>,
    },
    /// It has come to nothing: asked about after [`T_QUIET`], and not there.
    Cleared,
}

impl fmt::Debug for AttemptOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AttemptOutcome::NotSent => f.write_str("NotSent"),
            AttemptOutcome::Accepted { recovered, reply } => {
                write!(f, "Accepted(recovered: {recovered}, {reply:?})")
            }
            AttemptOutcome::Refused { codigo, .. } => write!(f, "Refused({codigo:?})"),
            AttemptOutcome::Held { codigo, .. } => write!(f, "Held({codigo:?})"),
            AttemptOutcome::Taken => f.write_str("Taken"),
            AttemptOutcome::Unknown { why } => write!(f, "Unknown({why})"),
            AttemptOutcome::Conflict { different } => write!(f, "Conflict({different:?})"),
            AttemptOutcome::Cleared => f.write_str("Cleared"),
        }
    }
}

impl AttemptOutcome {
    /// Whether it never changes.
    pub fn is_definite(&self) -> bool {
        !matches!(self, AttemptOutcome::Taken | AttemptOutcome::Unknown { .. })
    }

    /// Whether the bytes may have arrived and may have been worked on.
    pub fn may_have_arrived(&self) -> bool {
        matches!(self, AttemptOutcome::Unknown { .. })
    }
}

/// An answer that is kept. `Debug` shows its state alone.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StoredReply(serde_json::Map<String, serde_json::Value>);

impl StoredReply {
    /// Keeps an answer, without documents in it: those are fetched and kept elsewhere.
    pub fn of(reply: &NubefactReply) -> StoredReply {
        let mut fields = reply.fields().clone();
        fields.retain(|name, _| !name.ends_with("_zip_base64") && name != "invoice");
        StoredReply(fields)
    }

    /// The answer.
    pub fn reply(&self) -> NubefactReply {
        NubefactReply::of_fields(self.0.clone())
    }
}

impl fmt::Debug for StoredReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredReply({:?})", self.reply().state())
    }
}

/// What was heard by asking about a document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "noted", rename_all = "snake_case")]
pub enum Noted {
    /// There is no document of that number, as yet.
    Absent {
        /// The number that was asked about; 0 in files from before it was kept: any.
        #[serde(default)]
        numero: u32,
    },
    /// Its state now.
    Reply {
        /// The upstream's word.
        reply: StoredReply,
    },
}

/// A document and what is known of it.
#[derive(Debug, Clone)]
pub struct JournalEntry {
    /// Its identity.
    pub id: Uuid,
    /// Its issuer, kind and series.
    pub series: SeriesName,
    /// What is wanted of it.
    pub deed: JournalDeed,
    /// The number that it is bound to, or was last.
    pub numero: u32,
    /// Whether the caller brought the number.
    pub own_numero: bool,
    /// The caller's name for it.
    pub key: CompactString,
    /// Hash of its content without the number, see [`NubefactDocument::content_hash`].
    pub content: CompactString,
    /// When it was first wanted.
    pub at: Timestamp,
    /// Its attempts, oldest first.
    pub attempts: Vec<AttemptRecord>,
    /// The latest word of the upstream about it.
    pub reply: Option<StoredReply>,
    /// Whether it was given up.
    pub abandoned: bool,
}

/// An attempt as the journal keeps it, without its bytes.
#[derive(Debug, Clone)]
pub struct AttemptRecord {
    /// Its identity.
    pub id: Uuid,
    /// Its number.
    pub numero: u32,
    /// Hash of its bytes.
    pub hash: CompactString,
    /// When it began.
    pub at: Timestamp,
    /// What came of it; none while it is under way or since a crash.
    pub outcome: Option<AttemptOutcome>,
    /// When that was heard.
    pub concluded_at: Option<Timestamp>,
    /// When the upstream was last asked after it and had no such document.
    pub absent_at: Option<Timestamp>,
}

impl AttemptRecord {
    /// Whether nobody knows what came of it.
    pub fn is_open(&self) -> bool {
        self.outcome.as_ref().is_none_or(|it| !it.is_definite())
    }

    /// Whether its bytes may be at the upstream.
    pub fn may_have_arrived(&self) -> bool {
        self.outcome
            .as_ref()
            .is_none_or(AttemptOutcome::may_have_arrived)
    }

    /// When nothing of it can be under way any more.
    pub(super) fn quiet_from(&self) -> Timestamp {
        let over = self
            .concluded_at
            .unwrap_or_else(|| self.at.saturating_add(LONGEST_ATTEMPT).unwrap_or(self.at));
        over.saturating_add(T_QUIET).unwrap_or(Timestamp::MAX)
    }
}

impl JournalEntry {
    /// The name of its document.
    pub fn document(&self) -> NubefactId {
        NubefactId {
            kind: self.series.kind,
            serie: self.series.serie.clone(),
            numero: self.numero,
        }
    }

    /// Whether it may exist and nobody knows: an attempt is open and none was accepted.
    pub fn is_open(&self) -> bool {
        self.accepted().is_none() && self.attempts.iter().any(AttemptRecord::is_open)
    }

    /// The newest attempt that is open.
    pub fn open_attempt(&self) -> Option<&AttemptRecord> {
        self.attempts.iter().rev().find(|it| it.is_open())
    }

    /// The attempt that was accepted.
    pub fn accepted(&self) -> Option<&AttemptRecord> {
        let is_accepted =
            |it: &&AttemptRecord| matches!(it.outcome, Some(AttemptOutcome::Accepted { .. }));
        self.attempts.iter().find(is_accepted)
    }

    /// The outcome of its newest attempt.
    pub fn last_outcome(&self) -> Option<&AttemptOutcome> {
        self.attempts.last()?.outcome.as_ref()
    }

    /// Whether the upstream was asked after every open attempt since it was made, and knew nothing: then
    /// the same bytes may go again (rule R3).
    pub fn was_asked(&self) -> bool {
        self.attempts
            .iter()
            .filter(|it| it.is_open())
            .all(|it| it.absent_at.is_some())
    }
}

/// Why a journal cannot be used.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub struct JournalError {
    /// What kind of trouble it is.
    pub fault: JournalFault,
    message: Text,
}

/// Kinds of trouble with a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JournalFault {
    /// Another process has it.
    InUse,
    /// Bytes that were there are not as they were.
    Damaged,
    /// It is sealed with another key.
    OtherKey,
    /// It could not be written: nothing more is done with this handle (rule R11).
    Broken,
    /// It could not be read or opened.
    Unreadable,
    /// The caller named what is not in it.
    NoSuchThing,
}

impl JournalError {
    /// Trouble of a journal that is kept elsewhere.
    pub fn new(fault: JournalFault, message: Text) -> JournalError {
        JournalError { fault, message }
    }

    /// What the caller named is not in the journal.
    pub fn no_such_thing() -> JournalError {
        JournalError::new(
            JournalFault::NoSuchThing,
            text!(
                "el diario de emisión no conoce ese documento",
                "the journal does not know that document",
            ),
        )
    }

    /// What happened and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        self.message.clone().pick(lang)
    }
}
