//! Voiding exactly once. The same rules as for issuing, and first of all questions: is there such a
//! document, may it be voided still, and was it voided before? (Rule R10.)

use chaski_core::lima_date;
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::class::{AttemptClass, classify_void, is_of_void};
use super::transition::{FoundByName, finding_of, outcome_of};
use super::voided::{VoidSettled, VoidWish};
use super::{IssuingWay, NubefactExchange, key_of, resolve};
use crate::Failure;
use crate::dialects::nubefact::likeness::issued_on;
use crate::dialects::nubefact::read::Heard;
use crate::dialects::nubefact::words::says_voided_before;
use crate::dialects::nubefact::{
    NubefactDocument, NubefactId, NubefactOperation, NubefactReply, NubefactState,
};
use crate::journal::{
    AttemptOutcome, Intended, Intent, Journal, JournalDeed, JournalEntry, JournalError, Noted,
    SeriesName, StoredReply,
};
use crate::line::CallSheet;

/// Days after the day of issue within which a void is taken; later only a nota de crédito helps.
const MOST_DAYS: i32 = 7;

/// Voids a document exactly once, or says how far that has come. `voiding` is the line for it.
pub async fn settle_void(
    way: &IssuingWay<'_>,
    journal: &dyn Journal,
    issuer: &str,
    wish: &VoidWish,
) -> Result<VoidSettled, JournalError> {
    let id = wish.id();
    let (Some(operation), Some(asking)) = (id.kind.voiding(), id.kind.asking_voided()) else {
        return Ok(VoidSettled::NotHere);
    };
    // 1. A document in doubt is asked about in its own right.
    let series = SeriesName::new(issuer, id.kind, &id.serie);
    let document = journal.by_numero(&series, id.numero).await?;
    if let Some(doubted) = document.filter(JournalEntry::is_open) {
        resolve(way, journal, &doubted).await.map(drop)?;
    }
    // 2. Is there such a document, and may it be voided?
    let today = lima_date(way.asking.clock().now());
    let there = way.consult(id).await;
    let document = journal.by_numero(&series, id.numero).await?;
    let key = wish.key();
    let known = journal.by_key(issuer, &key).await?;
    if let Some(answer) = obstacle(document.as_ref(), known.as_ref(), there, wish, today) {
        // The document says how its void ended, too.
        if let VoidSettled::Voided(Some(reply)) = &answer {
            recover(journal, known.as_ref(), reply, way).await?;
        }
        return Ok(answer);
    }
    // 3. Was it voided before, by us or by others?
    // An answer is as old as its question.
    let asked_at = way.asking.clock().now();
    let finding = consult_void(way, asking, id).await;
    match finding {
        FoundByName::There(reply) => {
            recover(journal, known.as_ref(), &reply, way).await?;
            return Ok(of_reply(reply));
        }
        FoundByName::NotTold(why) => return Ok(unknown(why)),
        FoundByName::Absent => {
            if let Some((open, absent)) = absent_of(known.as_ref(), id) {
                journal.note(open, &absent, asked_at).await?;
            }
        }
    }
    // 4. Leave to send; then the bytes, durable. What may be under way keeps its own.
    let waiting = key_of(operation, &id.to_string());
    let sheet = way.sheet(way.issuing, &waiting, way.issuing.clock().now());
    let leave = match way.issuing.enter(&sheet).await {
        Ok(leave) => leave,
        Err(failure) => return Ok(VoidSettled::NotSent(failure)),
    };
    let document = wish.document(operation);
    let intent = |it: NubefactDocument| intent_of(issuer, wish, it, way.issuing.clock().now());
    let mut intended = journal.intend(&intent(document)).await?;
    if let Intended::OtherContent(open) = &intended
        && let Some(attempt) = open.open_attempt()
        && let Some(body) = journal.body(attempt.id).await?
    {
        let same = NubefactDocument::frozen(id, body);
        intended = journal.intend(&intent(same)).await?;
    }
    let attempt = match intended {
        Intended::Attempt(attempt) => attempt,
        other => return Ok(not_bound(&other)),
    };
    // 5. The only send, and what it came to.
    let exchange = NubefactExchange::new(way.dialect, attempt.body.clone());
    let sheet = CallSheet {
        lookup: attempt.id,
        ..sheet
    };
    let sent = way.issuing.send(leave, &sheet, &exchange, attempt.count);
    let sent = sent.await;
    let class = classify_void(&sent, exchange.heard(), id);
    let at = way.issuing.clock().now();
    let outcome = outcome_of_void(&class);
    let entry = journal.conclude(attempt.id, &outcome, at).await?;
    if let Some(settled) = settled_by(class) {
        return Ok(settled);
    }
    // 6. There is a void already: how does it stand?
    Ok(match consult_void(way, asking, id).await {
        FoundByName::There(reply) => {
            recover(journal, Some(&entry), &reply, way).await?;
            of_reply(reply)
        }
        FoundByName::Absent => unknown("aun_no_figura"),
        FoundByName::NotTold(why) => unknown(why),
    })
}

/// How the voiding of a document stands.
async fn consult_void(
    way: &IssuingWay<'_>,
    asking: NubefactOperation,
    id: &NubefactId,
) -> FoundByName {
    let (sent, heard) = way.ask_once(asking, id, way.asking).await;
    found_void(&sent, heard.heard(), id)
}

/// Reads the answer to a question about a void.
pub(super) fn found_void(
    sent: &Result<(), Failure>,
    heard: Option<&Heard>,
    id: &NubefactId,
) -> FoundByName {
    // What is answered where there is no void is not known for certain: besides 24, words that say so.
    if heard
        .filter(|it| it.status == 400)
        .and_then(|it| it.refusal())
        .is_some_and(|it| {
            it.codigo != Some(40) && chaski_core::fold(&it.text).contains("NO EXISTE")
        })
    {
        return FoundByName::Absent;
    }
    finding_of(sent, heard, |reply| is_of_void(reply, id))
}

/// Why a document cannot be voided, by what the journal knows of it and then by what Nubefact has. While it
/// is in doubt, what is under its number may be a stranger's; and Nubefact's "there is none" may be too
/// early where it was just issued. A void that was sent in time is asked about however late it is.
pub(super) fn obstacle(
    document: Option<&JournalEntry>,
    void: Option<&JournalEntry>,
    finding: FoundByName,
    wish: &VoidWish,
    today: Date,
) -> Option<VoidSettled> {
    if document.is_some_and(|it| it.accepted().is_none()) {
        return Some(unknown("por_consultar"));
    }
    let reply = match finding {
        FoundByName::Absent if document.is_some() => return Some(unknown("aun_no_figura")),
        FoundByName::Absent => return Some(VoidSettled::NotFound),
        FoundByName::NotTold(why) => return Some(unknown(why)),
        FoundByName::There(reply) => reply,
    };
    let state = reply.state();
    match state {
        NubefactState::Voided => return Some(VoidSettled::Voided(Some(reply))),
        NubefactState::Rejected { .. } => return Some(VoidSettled::NothingToVoid),
        NubefactState::Pending | NubefactState::Undelivered { .. } if !wish.goes_unaccepted() => {
            return Some(VoidSettled::Waits(state));
        }
        _ => {}
    }
    if void.is_some_and(|it| it.is_open() || it.accepted().is_some()) {
        return None;
    }
    let issued_on = issued_on(&reply)?;
    let days = issued_on.until(today).map_or(0, |it| it.get_days());
    (days > MOST_DAYS).then_some(VoidSettled::TooLate { issued_on })
}

/// What is noted where there is no void, as yet: only what is open waits for it.
pub(super) fn absent_of(known: Option<&JournalEntry>, id: &NubefactId) -> Option<(Uuid, Noted)> {
    let open = known.filter(|it| it.is_open())?;
    let numero = id.numero;
    Some((open.id, Noted::Absent { numero }))
}

/// An attempt of ours that was open has come to what the upstream has now.
async fn recover(
    journal: &dyn Journal,
    known: Option<&JournalEntry>,
    reply: &NubefactReply,
    way: &IssuingWay<'_>,
) -> Result<(), JournalError> {
    let Some(known) = known else { return Ok(()) };
    let (at, reply) = (way.asking.clock().now(), StoredReply::of(reply));
    match known.open_attempt() {
        Some(open) => journal.conclude(open.id, &recovered(reply), at).await?,
        None => journal.note(known.id, &Noted::Reply { reply }, at).await?,
    };
    Ok(())
}

pub(super) fn recovered(reply: StoredReply) -> AttemptOutcome {
    AttemptOutcome::Accepted {
        recovered: true,
        reply,
    }
}

/// What the journal is told of an attempt to void: SUNAT's "I have heard of it" is a void that was made.
pub(super) fn outcome_of_void(class: &AttemptClass) -> AttemptOutcome {
    match class {
        AttemptClass::Refused(refusal) if says_voided_before(&refusal.text) => {
            let nothing = NubefactReply::of_fields(serde_json::Map::new());
            recovered(StoredReply::of(&nothing))
        }
        _ => outcome_of(class),
    }
}

/// What an attempt to void came to; none where there is a void already, which is to be asked about.
pub(super) fn settled_by(class: AttemptClass) -> Option<VoidSettled> {
    Some(match class {
        AttemptClass::Accepted(reply) => of_reply(reply),
        AttemptClass::Refused(refusal) if says_voided_before(&refusal.text) => {
            VoidSettled::Voided(None)
        }
        AttemptClass::Refused(refusal) => VoidSettled::Refused(refusal),
        AttemptClass::Held {
            refusal,
            retry_after,
        } => VoidSettled::Held {
            refusal,
            retry_after,
        },
        AttemptClass::NotSent => VoidSettled::NotSent(Failure::Unreachable),
        AttemptClass::Unknown(why) => unknown(why),
        AttemptClass::Taken => return None,
    })
}

/// How a void stands by its answer, where `aceptada_por_sunat` is about the void.
pub(crate) fn of_reply(reply: NubefactReply) -> VoidSettled {
    match reply.state() {
        NubefactState::Accepted | NubefactState::Observed { .. } | NubefactState::Voided => {
            VoidSettled::Voided(Some(reply))
        }
        NubefactState::Rejected { .. } if is_voided_before(&reply) => {
            VoidSettled::Voided(Some(reply))
        }
        NubefactState::Rejected { .. } => VoidSettled::Rejected(reply),
        NubefactState::Pending | NubefactState::Undelivered { .. } => VoidSettled::Ticket(reply),
    }
}

/// SUNAT refuses a void that it has heard of before: then the document is voided.
fn is_voided_before(reply: &NubefactReply) -> bool {
    let names = [
        "sunat_responsecode",
        "sunat_description",
        "sunat_note",
        "sunat_soap_error",
    ];
    let said = names.iter().filter_map(|name| reply.text(name));
    said.into_iter().any(|text| says_voided_before(&text))
}

pub(super) fn intent_of(
    issuer: &str,
    wish: &VoidWish,
    document: NubefactDocument,
    at: Timestamp,
) -> Intent {
    Intent {
        issuer: issuer.into(),
        deed: JournalDeed::Void,
        document,
        key: wish.key().into(),
        renumber: false,
        at,
    }
}

/// What the journal says where nothing is to be sent.
pub(super) fn not_bound(intended: &Intended) -> VoidSettled {
    let Intended::Done(entry) = intended else {
        return unknown("por_consultar");
    };
    let reply = entry.reply.as_ref().map(StoredReply::reply);
    match reply {
        Some(reply) if !reply.fields().is_empty() => of_reply(reply),
        _ => VoidSettled::Voided(None),
    }
}

fn unknown(why: &str) -> VoidSettled {
    VoidSettled::Unknown {
        why: why.to_owned(),
    }
}
