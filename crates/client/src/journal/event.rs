//! What happens in a journal, one after the other: the past is never edited, and what is true now is
//! what all events together say.

use compact_str::CompactString;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AttemptOutcome, JournalDeed, Noted, SeriesName};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub(super) enum Event {
    /// A series was opened, or raised.
    Series { series: SeriesName, last: u32 },
    /// A number was bound to bytes, which follow.
    Intent(IntentEvent),
    /// Something was heard of an attempt.
    Outcome {
        attempt: Uuid,
        outcome: AttemptOutcome,
        at: Timestamp,
    },
    /// The upstream was asked about a document.
    Noted {
        entry: Uuid,
        noted: Noted,
        at: Timestamp,
    },
    /// A document was given up.
    Abandoned { entry: Uuid },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct IntentEvent {
    pub(super) entry: Uuid,
    pub(super) attempt: Uuid,
    pub(super) series: SeriesName,
    pub(super) deed: JournalDeed,
    pub(super) key: CompactString,
    pub(super) content: CompactString,
    pub(super) own_numero: bool,
    pub(super) numero: u32,
    pub(super) hash: CompactString,
    pub(super) at: Timestamp,
}
