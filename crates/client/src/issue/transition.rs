//! From what was seen to what the journal is told, and from what the journal knows to what is done next.
//! All rules of exactly-once issuing that are not the journal's own stand here, without a clock, a wire or
//! a disk.

use chaski_core::Ruc;

use super::class::AttemptClass;
use crate::dialects::nubefact::likeness::{SentDocument, compare};
use crate::dialects::nubefact::read::{Heard, Said};
use crate::dialects::nubefact::words::{Meaning, meaning_of};
use crate::dialects::nubefact::{Likeness, NubefactId, NubefactReply};
use crate::journal::{AttemptOutcome, AttemptRecord, JournalEntry, StoredReply};
use crate::{Failure, Intent};

/// What is to be done first about a wish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstStep {
    /// Nothing: it is done.
    Done,
    /// Ask what became of an attempt (rule R3).
    Ask,
    /// Want it of the journal, which may still refuse.
    Intend,
}

/// What to do first, by what is known of the wish.
pub(crate) fn first_step(known: Option<&JournalEntry>, intent: &Intent) -> FirstStep {
    let Some(known) = known else {
        return FirstStep::Intend;
    };
    // The journal says why not.
    if known.content != intent.document.content_hash() {
        return FirstStep::Intend;
    }
    match (known.accepted(), known.is_open()) {
        (Some(_), _) => FirstStep::Done,
        (None, true) => FirstStep::Ask,
        (None, false) => FirstStep::Intend,
    }
}

/// What the journal is told of an attempt.
pub(crate) fn outcome_of(class: &AttemptClass) -> AttemptOutcome {
    match class {
        AttemptClass::NotSent => AttemptOutcome::NotSent,
        AttemptClass::Accepted(reply) => AttemptOutcome::Accepted {
            recovered: false,
            reply: StoredReply::of(reply),
        },
        AttemptClass::Refused(refusal) => AttemptOutcome::Refused {
            codigo: refusal.codigo,
            text: refusal.text.clone(),
        },
        AttemptClass::Held { refusal, .. } => AttemptOutcome::Held {
            codigo: refusal.codigo,
            text: refusal.text.clone(),
        },
        AttemptClass::Taken => AttemptOutcome::Taken,
        AttemptClass::Unknown(why) => AttemptOutcome::Unknown { why: (*why).into() },
    }
}

/// What was found by asking about a document.
#[derive(Debug, Clone)]
pub(crate) enum FoundByName {
    /// There is one.
    There(NubefactReply),
    /// 24: there is none, as yet.
    Absent,
    /// It could not be found out, with why as a stable code.
    NotTold(&'static str),
}

/// Reads the answer to a question about a document.
pub(crate) fn finding_of(
    sent: &Result<(), Failure>,
    heard: Option<&Heard>,
    is_it: impl Fn(&NubefactReply) -> bool,
) -> FoundByName {
    let why = sent
        .as_ref()
        .err()
        .map_or("respuesta_ilegible", Failure::code);
    match heard.map(|it| (it.status, &it.said)) {
        Some((200..=299, Said::Reply(reply))) if is_it(reply) => FoundByName::There(reply.clone()),
        Some((200..=499, Said::Refusal(refusal))) if meaning_of(refusal) == Meaning::Absent => {
            FoundByName::Absent
        }
        _ => FoundByName::NotTold(why),
    }
}

/// What asking says about an attempt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum DoubtDecided {
    /// It made the document that is there (rule R4).
    Ours(AttemptOutcome),
    /// Somebody else's document is there (rule R7).
    Theirs(AttemptOutcome),
    /// There is none, which may still change.
    Absent,
    /// Nobody knows yet.
    NotYet(&'static str),
}

/// Decides about an open attempt by what was found under its name.
pub(crate) fn decide_about(
    attempt: &AttemptRecord,
    id: &NubefactId,
    body: Option<&[u8]>,
    issuer: Option<&Ruc>,
    finding: &FoundByName,
) -> DoubtDecided {
    let reply = match finding {
        FoundByName::Absent => return DoubtDecided::Absent,
        FoundByName::NotTold(why) => return DoubtDecided::NotYet(why),
        FoundByName::There(reply) => reply,
    };
    let likeness = body.map_or(Likeness::Untold, |body| {
        compare(SentDocument { id, body, issuer }, reply)
    });
    match likeness {
        Likeness::Same => DoubtDecided::Ours(recovered(reply)),
        Likeness::Different(fields) => DoubtDecided::Theirs(AttemptOutcome::Conflict {
            different: fields.into_iter().map(Into::into).collect(),
        }),
        // A guía, a retención and a percepción have nothing to compare but their name. Where our own
        // bytes may have arrived, the name is enough while nobody else uses the series (assumption A4).
        Likeness::Untold if !id.kind.has_telling_qr() && attempt.may_have_arrived() => {
            DoubtDecided::Ours(recovered(reply))
        }
        Likeness::Untold => DoubtDecided::NotYet("sin_datos_para_comparar"),
    }
}

fn recovered(reply: &NubefactReply) -> AttemptOutcome {
    AttemptOutcome::Accepted {
        recovered: true,
        reply: StoredReply::of(reply),
    }
}

/// The attempt that an answer is about: the newest open one whose bytes may have arrived, else the newest
/// open one.
pub(crate) fn attempt_in_doubt(entry: &JournalEntry) -> Option<&AttemptRecord> {
    let open = || entry.attempts.iter().rev().filter(|it| it.is_open());
    open()
        .find(|it| it.may_have_arrived())
        .or_else(|| open().next())
}
