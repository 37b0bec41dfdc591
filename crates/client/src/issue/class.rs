//! What one attempt came to, by what was seen of it (reliability: the table of classes). A pure function
//! of the exchange; what is done about it is in `transition.rs`.

use std::time::Duration;

use crate::Failure;
use crate::dialects::nubefact::read::{Heard, Said};
use crate::dialects::nubefact::words::{Meaning, meaning_of};
use crate::dialects::nubefact::{NubefactId, NubefactRefusal, NubefactReply};

/// What one attempt came to.
#[derive(Debug, Clone)]
pub(crate) enum AttemptClass {
    /// Not a byte left.
    NotSent,
    /// The answer echoes the document.
    Accepted(NubefactReply),
    /// 20, 21, 22.
    Refused(NubefactRefusal),
    /// Nothing of this account is worked on for now.
    Held {
        refusal: NubefactRefusal,
        retry_after: Option<Duration>,
    },
    /// 23: never success by itself.
    Taken,
    /// Anything else, with what was seen as a stable code.
    Unknown(&'static str),
}

/// Classifies an attempt to issue a document.
pub(crate) fn classify(
    sent: &Result<(), Failure>,
    heard: Option<&Heard>,
    id: &NubefactId,
) -> AttemptClass {
    let is_ours = |reply: &NubefactReply| reply.is_of(id);
    classify_by(sent, heard, is_ours)
}

/// Classifies an attempt to void one. Its answer names neither kind nor series, so a ticket, a link or
/// SUNAT's yes has to be in it.
pub(crate) fn classify_void(
    sent: &Result<(), Failure>,
    heard: Option<&Heard>,
    id: &NubefactId,
) -> AttemptClass {
    classify_by(sent, heard, |reply| is_of_void(reply, id))
}

/// Whether an answer is about the voiding of a document.
pub(crate) fn is_of_void(reply: &NubefactReply, id: &NubefactId) -> bool {
    let same_serie = reply.serie().is_none_or(|it| it == *id.serie);
    let same_kind = reply.kind().is_none_or(|it| it == id.kind);
    let link = reply.text("enlace").or_else(|| reply.text("key"));
    let is_one = reply.ticket().is_some()
        || link.is_some()
        || reply.boolean("aceptada_por_sunat") == Some(true);
    same_serie && same_kind && is_one
}

fn classify_by(
    sent: &Result<(), Failure>,
    heard: Option<&Heard>,
    is_ours: impl Fn(&NubefactReply) -> bool,
) -> AttemptClass {
    if matches!(sent, Err(Failure::Unreachable)) {
        return AttemptClass::NotSent;
    }
    let why = sent
        .as_ref()
        .err()
        .map_or("respuesta_ilegible", Failure::code);
    let Some(heard) = heard else {
        return AttemptClass::Unknown(why);
    };
    let held = |refusal: Option<&NubefactRefusal>| AttemptClass::Held {
        refusal: refusal.cloned().unwrap_or_else(|| NubefactRefusal {
            codigo: None,
            text: String::new(),
        }),
        retry_after: heard.retry_after,
    };
    match (heard.status, &heard.said) {
        // A gateway in front of them may say anything about what is going on behind it.
        (300..=399 | 500.., _) => AttemptClass::Unknown(why),
        (429, _) => held(heard.refusal()),
        (200..=299, Said::Reply(reply)) if is_ours(reply) => AttemptClass::Accepted(reply.clone()),
        (status, Said::Refusal(refusal)) => match meaning_of(refusal) {
            Meaning::Exists => AttemptClass::Taken,
            Meaning::Barred => held(Some(refusal)),
            _ if status == 401 => held(Some(refusal)),
            Meaning::NotTaken if matches!(status, 400 | 422) => {
                AttemptClass::Refused(refusal.clone())
            }
            _ => AttemptClass::Unknown(why),
        },
        (401, _) => held(None),
        _ => AttemptClass::Unknown(why),
    }
}
