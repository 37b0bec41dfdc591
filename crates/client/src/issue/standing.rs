//! How a document stands, and what is to be done about it next, by what the journal knows alone: pure, so
//! that a queue only has to keep the answer, and the model explores the very function that works.

use std::time::Duration;

use chaski_core::lima_date;
use jiff::civil::time;
use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::dialects::nubefact::{NubefactKind, NubefactState};
use crate::journal::{AttemptOutcome, JournalDeed, JournalEntry, LONGEST_ATTEMPT, StoredReply};

/// How a document stands, as people and programs see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentState {
    /// Accepted here, and not sent yet.
    Queued,
    /// On its way.
    Sending,
    /// Nobody knows whether it exists: it is being asked about and must not be issued in another way.
    InDoubt,
    /// Nubefact works on nothing of this account for now; it keeps its number.
    Held,
    /// Nubefact looked at it and did not take it: it does not exist, and is to be corrected.
    Returned,
    /// Its number is a stranger's document.
    Conflict,
    /// Given up by its owner before it existed.
    Released,
    /// It exists, and SUNAT has not spoken.
    Pending,
    /// SUNAT took it.
    Accepted,
    /// SUNAT took it, with remarks.
    Observed,
    /// SUNAT refused it: its number is used up.
    Rejected,
    /// It exists and its void is on the way.
    VoidPending,
    /// It was voided.
    Voided,
}

impl DocumentState {
    /// All of them.
    pub const ALL: [DocumentState; 13] = [
        DocumentState::Queued,
        DocumentState::Sending,
        DocumentState::InDoubt,
        DocumentState::Held,
        DocumentState::Returned,
        DocumentState::Conflict,
        DocumentState::Released,
        DocumentState::Pending,
        DocumentState::Accepted,
        DocumentState::Observed,
        DocumentState::Rejected,
        DocumentState::VoidPending,
        DocumentState::Voided,
    ];

    /// Stable name.
    ///
    /// ```
    /// use chaski_client::DocumentState;
    /// assert_eq!(DocumentState::InDoubt.as_str(), "DESCONOCIDO");
    /// assert_eq!(DocumentState::from_name("ACEPTADO"), Some(DocumentState::Accepted));
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            DocumentState::Queued => "EN_COLA",
            DocumentState::Sending => "ENVIANDO",
            DocumentState::InDoubt => "DESCONOCIDO",
            DocumentState::Held => "EN_ESPERA",
            DocumentState::Returned => "DEVUELTO",
            DocumentState::Conflict => "CONFLICTO",
            DocumentState::Released => "LIBERADO",
            DocumentState::Pending => "PENDIENTE_SUNAT",
            DocumentState::Accepted => "ACEPTADO",
            DocumentState::Observed => "OBSERVADO",
            DocumentState::Rejected => "RECHAZADO",
            DocumentState::VoidPending => "ANULACION_PENDIENTE",
            DocumentState::Voided => "ANULADO",
        }
    }

    /// The state of a stable name.
    pub fn from_name(name: &str) -> Option<DocumentState> {
        DocumentState::ALL
            .into_iter()
            .find(|it| it.as_str() == name)
    }

    /// Whether SUNAT has spoken: it changes by a void at most (invariant I10).
    pub fn is_final(self) -> bool {
        matches!(
            self,
            DocumentState::Accepted
                | DocumentState::Observed
                | DocumentState::Rejected
                | DocumentState::Voided
        )
    }

    /// Whether a document may be in a state after another one: what SUNAT has said is never unsaid
    /// (invariants I10 and I11). A void that SUNAT refused leaves the document as it was.
    pub fn may_follow(self, before: DocumentState) -> bool {
        use DocumentState::{Accepted, Observed, Pending, Rejected, VoidPending, Voided};
        match before {
            Voided => self == Voided,
            Rejected => self == Rejected,
            Accepted | Observed => {
                matches!(self, Accepted | Observed | VoidPending | Voided)
            }
            VoidPending => {
                matches!(
                    self,
                    Accepted | Observed | Pending | Rejected | VoidPending | Voided
                )
            }
            Pending => matches!(
                self,
                Pending | Accepted | Observed | Rejected | VoidPending | Voided
            ),
            _ => true,
        }
    }
}

/// What is to be done next about a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NextDeed {
    /// Have it issued; what is in doubt is asked about first.
    Issue,
    /// Ask what became of it; it is not sent again.
    Resolve,
    /// Ask how it stands with SUNAT.
    Follow,
    /// Have it voided, which asks first whether that is done or can be.
    Void,
}

impl NextDeed {
    /// All of them.
    pub const ALL: [NextDeed; 4] = [
        NextDeed::Issue,
        NextDeed::Resolve,
        NextDeed::Follow,
        NextDeed::Void,
    ];

    /// Stable name.
    pub fn as_str(self) -> &'static str {
        match self {
            NextDeed::Issue => "issue",
            NextDeed::Resolve => "resolve",
            NextDeed::Follow => "follow",
            NextDeed::Void => "void",
        }
    }

    /// The deed of a stable name.
    pub fn from_name(name: &str) -> Option<NextDeed> {
        NextDeed::ALL.into_iter().find(|it| it.as_str() == name)
    }
}

/// How a document stands, and what comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// Its state.
    pub state: DocumentState,
    /// What to do, not before then; none where nothing follows by itself.
    pub next: Option<(NextDeed, Timestamp)>,
}

/// First pause before what was not sent is sent again, and the longest one.
const NOT_SENT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// The same before a document in doubt is asked about: the request may still be worked on.
const IN_DOUBT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));
/// The same before an account that is not served is tried again.
const HELD: (Duration, Duration) = (Duration::from_secs(30), Duration::from_mins(15));
/// Pauses between questions about a document that SUNAT has not spoken about, the last one for ever.
const PENDING: [Duration; 5] = [
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(15),
    Duration::from_mins(30),
    Duration::from_hours(1),
];
/// A guía is accepted some seconds after it was taken, in a second step (Nubefact's manual of guías).
const GUIA: [Duration; 4] = [
    Duration::from_secs(10),
    Duration::from_secs(20),
    Duration::from_secs(30),
    Duration::from_mins(1),
];
/// Lima's hour from which a boleta of the day before is asked about: Nubefact reports them in the night.
const MORNING: i8 = 7;

/// How a document stands and what comes next, by what the journal knows. `tries` is how often it was
/// tried in this state before.
///
/// ```
/// use chaski_client::{DocumentState, JournalEntry, NextDeed, standing};
/// fn what_now(entry: &JournalEntry) -> String {
///     match standing(entry, 0).next {
///         Some((NextDeed::Follow, at)) => format!("SUNAT is asked at {at}"),
///         Some((deed, at)) => format!("{} at {at}", deed.as_str()),
///         None => standing(entry, 0).state.as_str().to_owned(),
///     }
/// }
/// ```
pub fn standing(entry: &JournalEntry, tries: u32) -> Standing {
    let deed = match entry.deed {
        JournalDeed::Issue => NextDeed::Issue,
        JournalDeed::Void => NextDeed::Void,
    };
    let nothing = |state| Standing { state, next: None };
    let then = |state, deed, at| Standing {
        state,
        next: Some((deed, at)),
    };
    // 1. It exists.
    if let Some(accepted) = entry.accepted() {
        let since = accepted.concluded_at.unwrap_or(accepted.at);
        return match entry.deed {
            JournalDeed::Issue => followed(entry, since, tries),
            JournalDeed::Void => void_followed(entry, since, tries),
        };
    }
    let Some(last) = entry.attempts.last() else {
        return if entry.abandoned {
            nothing(DocumentState::Released)
        } else {
            then(DocumentState::Queued, deed, entry.at)
        };
    };
    let since = last.concluded_at.unwrap_or(last.at);
    // 2. Nobody knows.
    if let Some(open) = entry.open_attempt() {
        let is_last = open.id == last.id;
        if is_last && open.concluded_at.is_none() {
            let over = later(open.at, LONGEST_ATTEMPT);
            return then(DocumentState::Sending, deed, over);
        }
        // What was given up is not sent again, and neither is what a later attempt had refused: it is known
        // once the earlier one can no longer arrive (rule R5).
        let refused = matches!(last.outcome, Some(AttemptOutcome::Refused { .. }));
        let next = if entry.abandoned || refused {
            NextDeed::Resolve
        } else {
            deed
        };
        let asked = open.absent_at.unwrap_or(since).max(since);
        let at = later(asked, doubled(IN_DOUBT, tries));
        return then(DocumentState::InDoubt, next, at);
    }
    // 3. It does not exist.
    if entry.abandoned {
        return nothing(DocumentState::Released);
    }
    match &last.outcome {
        Some(AttemptOutcome::Refused { .. }) => nothing(DocumentState::Returned),
        Some(AttemptOutcome::Conflict { .. }) => nothing(DocumentState::Conflict),
        Some(AttemptOutcome::Held { .. }) => then(
            DocumentState::Held,
            deed,
            later(since, doubled(HELD, tries)),
        ),
        Some(AttemptOutcome::NotSent) => {
            let at = later(since, doubled(NOT_SENT, tries));
            then(DocumentState::Queued, deed, at)
        }
        _ => then(DocumentState::Queued, deed, since),
    }
}

impl Standing {
    /// The same where what is due was done just now, for the `tries`th time, and changed nothing: it is
    /// done again after a pause.
    #[must_use]
    pub fn tried_at(self, entry: &JournalEntry, tries: u32, now: Timestamp) -> Standing {
        let pause = match self.state {
            DocumentState::InDoubt | DocumentState::Sending => doubled(IN_DOUBT, tries),
            DocumentState::Held => doubled(HELD, tries),
            DocumentState::Pending | DocumentState::VoidPending => {
                let pauses = pauses_of(entry.series.kind);
                let place = usize::try_from(tries).unwrap_or(usize::MAX);
                pauses[place.min(pauses.len() - 1)]
            }
            _ => doubled(NOT_SENT, tries),
        };
        let next = self
            .next
            .map(|(deed, at)| (deed, at.max(later(now, pause))));
        Standing { next, ..self }
    }
}

/// Pauses between questions about a document of a kind.
fn pauses_of(kind: NubefactKind) -> Vec<Duration> {
    match kind {
        NubefactKind::GuiaRemitente | NubefactKind::GuiaTransportista => {
            GUIA.into_iter().chain(PENDING).collect()
        }
        _ => PENDING.to_vec(),
    }
}

/// A document that exists, by SUNAT's word.
fn followed(entry: &JournalEntry, since: Timestamp, tries: u32) -> Standing {
    let told = entry.reply.as_ref().map(StoredReply::reply);
    let state = match told.map(|it| it.state()) {
        Some(NubefactState::Accepted) => DocumentState::Accepted,
        Some(NubefactState::Observed { .. }) => DocumentState::Observed,
        Some(NubefactState::Rejected { .. }) => DocumentState::Rejected,
        Some(NubefactState::Voided) => DocumentState::Voided,
        Some(NubefactState::Pending | NubefactState::Undelivered { .. }) | None => {
            DocumentState::Pending
        }
    };
    let next = (state == DocumentState::Pending)
        .then(|| (NextDeed::Follow, asked_next(entry, since, tries)));
    Standing { state, next }
}

/// When a pending document is asked about for the next time.
fn asked_next(entry: &JournalEntry, since: Timestamp, tries: u32) -> Timestamp {
    let kind = entry.series.kind;
    if kind.waits_for_summary(&entry.series.serie) {
        let morning = next_morning(since);
        let hours = Duration::from_hours(1) * tries;
        return later(morning, hours).max(morning);
    }
    let place = usize::try_from(tries).unwrap_or(usize::MAX);
    let pauses = pauses_of(kind);
    let passed: Duration = pauses.iter().take(place.saturating_add(1)).sum();
    let beyond = place.saturating_sub(pauses.len() - 1);
    let last = pauses.last().copied().unwrap_or_default();
    later(
        since,
        passed + last * u32::try_from(beyond).unwrap_or(u32::MAX),
    )
}

/// A void that Nubefact has taken, by SUNAT's word on it.
fn void_followed(entry: &JournalEntry, since: Timestamp, tries: u32) -> Standing {
    let told = entry.reply.as_ref().map(StoredReply::reply);
    // Where SUNAT had heard of it before there is no answer to read a state from.
    let state = match told.filter(|it| !it.fields().is_empty()) {
        None => DocumentState::Voided,
        Some(reply) => match super::void::of_reply(reply) {
            super::VoidSettled::Rejected(_) => DocumentState::Rejected,
            super::VoidSettled::Ticket(_) => DocumentState::VoidPending,
            _ => DocumentState::Voided,
        },
    };
    let next = (state == DocumentState::VoidPending)
        .then(|| (NextDeed::Void, asked_next(entry, since, tries)));
    Standing { state, next }
}

/// Seven o'clock of the Lima day after.
fn next_morning(at: Timestamp) -> Timestamp {
    let lima = TimeZone::fixed(Offset::constant(-5));
    let next = lima_date(at).checked_add(1.day());
    let morning = next.map(|day| day.to_datetime(time(MORNING, 0, 0, 0)).to_zoned(lima));
    match morning {
        Ok(Ok(morning)) => morning.timestamp(),
        _ => at,
    }
}

/// The first pause, doubled with each try, up to the longest one.
fn doubled((first, longest): (Duration, Duration), tries: u32) -> Duration {
    let factor = 1_u32.checked_shl(tries.min(16)).unwrap_or(u32::MAX);
    first.saturating_mul(factor).min(longest)
}

fn later(at: Timestamp, pause: Duration) -> Timestamp {
    let pause = SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX);
    at.saturating_add(pause).unwrap_or(Timestamp::MAX)
}
