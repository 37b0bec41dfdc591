//! Voiding exactly once. The same rules as for issuing, and first of all questions: is there such a
//! document, may it be voided still, and was it voided before? (Rule R10.)

use std::time::Duration;

use bytes::Bytes;
use chaski_core::{Lang, Text, lima_date, text};
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::class::{AttemptClass, classify_void, is_of_void};
use super::transition::{FoundByName, finding_of, outcome_of};
use super::{IssuingWay, NubefactExchange, key_of};
use crate::dialects::nubefact::likeness::{issued_on, request_about};
use crate::dialects::nubefact::read::Heard;
use crate::dialects::nubefact::words::says_voided_before;
use crate::dialects::nubefact::{
    NubefactDocument, NubefactId, NubefactKind, NubefactOperation, NubefactRefusal, NubefactReply,
    NubefactState,
};
use crate::journal::{
    AttemptOutcome, Intended, Intent, Journal, JournalDeed, JournalEntry, JournalError, Noted,
    SeriesName, StoredReply,
};
use crate::line::CallSheet;
use crate::{Error, Failure};

/// Days after the day of issue within which a void is taken; later only a nota de crédito helps.
const MOST_DAYS: i32 = 7;
/// Longest reason.
const MOST_MOTIVO: usize = 100;

/// The wish to void a document.
///
/// ```
/// use chaski_client::{NubefactId, NubefactKind, VoidWish};
/// let id = NubefactId::new(NubefactKind::Factura, "FFF1", 2)?;
/// assert!(VoidWish::new(id.clone(), "pedido repetido").is_ok());
/// assert!(VoidWish::new(id, " ").is_err());
/// # Ok::<(), chaski_client::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct VoidWish {
    id: NubefactId,
    motivo: String,
    codigo_unico: Option<String>,
    unaccepted: bool,
}

impl VoidWish {
    /// To void that document for a reason, which SUNAT reads: 1 to 100 characters.
    pub fn new(id: NubefactId, motivo: &str) -> Result<VoidWish, Error> {
        let motivo = chaski_core::clean(motivo);
        let length = motivo.chars().count();
        if length == 0 || length > MOST_MOTIVO {
            return Err(Error::invalid(text!(
                "el motivo de la anulación tiene de 1 a 100 caracteres",
                "the reason for the void has 1 to 100 characters"
            )));
        }
        Ok(VoidWish {
            id,
            motivo,
            codigo_unico: None,
            unaccepted: false,
        })
    }

    /// To reverse a retención or a percepción without a reason: a client that many use sends none, and
    /// what the vendor says of it was not seen.
    ///
    /// ```
    /// use chaski_client::{NubefactId, NubefactKind, VoidWish};
    /// let of = |kind| NubefactId::new(kind, "RRR1", 2);
    /// assert!(VoidWish::without_motivo(of(NubefactKind::Retencion)?).is_ok());
    /// assert!(VoidWish::without_motivo(of(NubefactKind::Factura)?).is_err());
    /// # Ok::<(), chaski_client::Error>(())
    /// ```
    pub fn without_motivo(id: NubefactId) -> Result<VoidWish, Error> {
        if !matches!(id.kind, NubefactKind::Retencion | NubefactKind::Percepcion) {
            return VoidWish::new(id, "");
        }
        Ok(VoidWish {
            id,
            motivo: String::new(),
            codigo_unico: None,
            unaccepted: false,
        })
    }

    /// The key under which the journal knows it: a document is voided once.
    pub fn key(&self) -> String {
        format!("anular {} {}", self.id.kind.catalog_01(), self.id)
    }

    /// Sends a `codigo_unico` with it, whatever Nubefact makes of it.
    #[must_use]
    pub fn codigo_unico(mut self, codigo: &str) -> VoidWish {
        self.codigo_unico = Some(chaski_core::clean(codigo)).filter(|it| !it.is_empty());
        self
    }

    /// Sends it although SUNAT has not accepted the document yet: a demo account never says that it has.
    #[must_use]
    pub fn even_if_unaccepted(mut self) -> VoidWish {
        self.unaccepted = true;
        self
    }
}

/// What came of a wish to void.
#[derive(Debug, Clone)]
#[must_use]
pub enum VoidSettled {
    /// It is voided, by this wish or before it.
    Voided(Option<NubefactReply>),
    /// SUNAT works on it under a ticket: ask again in some minutes.
    Ticket(NubefactReply),
    /// SUNAT did not take the void.
    Rejected(NubefactReply),
    /// SUNAT has not accepted the document yet, and only then can it be voided; a boleta the next day.
    Waits(NubefactState),
    /// Issued more than seven days ago.
    TooLate {
        /// The day of issue.
        issued_on: Date,
    },
    /// Nubefact has no such document.
    NotFound,
    /// SUNAT refused the document, so there is nothing to void.
    NothingToVoid,
    /// A guía is voided in SUNAT's own system, SOL.
    NotHere,
    /// Nubefact looked at it and did not take it.
    Refused(NubefactRefusal),
    /// Nubefact works on nothing of this account for now.
    Held {
        /// Why.
        refusal: NubefactRefusal,
        /// When to try again, where that was said.
        retry_after: Option<Duration>,
    },
    /// Nobody knows yet; the same wish again asks first.
    Unknown {
        /// What was seen, as a stable code.
        why: String,
    },
    /// Not a byte left.
    NotSent(Failure),
}

impl VoidSettled {
    /// The document's state as people and programs see it; none where the wish has not changed it.
    pub fn estado(&self) -> Option<&'static str> {
        match self {
            VoidSettled::Voided(_) => Some("ANULADO"),
            VoidSettled::Ticket(_) | VoidSettled::Unknown { .. } => Some("ANULACION_PENDIENTE"),
            _ => None,
        }
    }

    /// What happened and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        self.text().pick(lang)
    }

    fn text(&self) -> Text {
        match self {
            VoidSettled::Voided(_) => text!("está anulado", "it is voided"),
            VoidSettled::Ticket(_) => text!(
                "la anulación está en trámite en SUNAT; consúltela en unos minutos",
                "SUNAT is working on the void; ask about it in some minutes",
            ),
            VoidSettled::Rejected(_) => text!(
                "SUNAT no aceptó la anulación; el comprobante sigue vigente",
                "SUNAT did not take the void; the document stands",
            ),
            VoidSettled::Waits(_) => text!(
                "todavía no se puede anular: SUNAT aún no acepta el comprobante; una boleta se acepta al día siguiente",
                "it cannot be voided yet: SUNAT has not accepted the document; a boleta is accepted the next day",
            ),
            VoidSettled::TooLate { issued_on } => text!(
                "ya no se puede anular: se emitió el {issued_on} y el plazo es de siete días; emita una nota de crédito",
                "it cannot be voided any more: it was issued on {issued_on} and the limit is seven days; issue a nota de crédito",
            ),
            VoidSettled::NotFound => text!(
                "Nubefact no tiene ese comprobante; revise tipo, serie y número",
                "Nubefact has no such document; check kind, series and number",
            ),
            VoidSettled::NothingToVoid => text!(
                "SUNAT rechazó ese comprobante, así que no hay nada que anular; emita otro con un número nuevo",
                "SUNAT rejected that document, so there is nothing to void; issue another under a new number",
            ),
            VoidSettled::NotHere => text!(
                "una guía no se anula por aquí; hágalo en SUNAT Operaciones en Línea (SOL)",
                "a guía cannot be voided here; do it in SUNAT Operaciones en Línea (SOL)",
            ),
            VoidSettled::Refused(refusal) => {
                let said = &refusal.text;
                text!(
                    "Nubefact no aceptó la anulación: {said}",
                    "Nubefact did not take the void: {said}",
                )
            }
            VoidSettled::Held { .. } => text!(
                "Nubefact no atiende esta cuenta por ahora; revise token, ruta y estado de la cuenta",
                "Nubefact does not serve this account for now; check token, ruta and the account",
            ),
            VoidSettled::Unknown { .. } => text!(
                "no se sabe todavía si la anulación quedó hecha; al repetirla se consulta primero",
                "it is not known yet whether the void was made; the same wish again asks first",
            ),
            VoidSettled::NotSent(failure) => Text {
                es: failure.message(Lang::Es),
                en: failure.message(Lang::En),
            },
        }
    }
}

/// Voids a document exactly once, or says how far that has come. `voiding` is the line for it.
pub async fn settle_void(
    way: &IssuingWay<'_>,
    journal: &dyn Journal,
    issuer: &str,
    wish: &VoidWish,
) -> Result<VoidSettled, JournalError> {
    let id = &wish.id;
    let (Some(operation), Some(asking)) = (id.kind.voiding(), id.kind.asking_voided()) else {
        return Ok(VoidSettled::NotHere);
    };
    // 1. Is there such a document, and may it be voided?
    let today = lima_date(way.asking.clock().now());
    let there = way.consult(id).await;
    let series = SeriesName::new(issuer, id.kind, &id.serie);
    let document = journal.by_numero(&series, id.numero).await?;
    let key = wish.key();
    let known = journal.by_key(issuer, &key).await?;
    if let Some(answer) = obstacle(document.as_ref(), there, wish, today) {
        // The document says how its void ended, too.
        if let VoidSettled::Voided(Some(reply)) = &answer {
            recover(journal, known.as_ref(), reply, way).await?;
        }
        return Ok(answer);
    }
    // 2. Was it voided before, by us or by others?
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
    // 3. Leave to send; then the bytes, durable. What may be under way keeps its own.
    let waiting = key_of(operation, &id.to_string());
    let sheet = way.sheet(way.issuing, &waiting, way.issuing.clock().now());
    let leave = match way.issuing.enter(&sheet).await {
        Ok(leave) => leave,
        Err(failure) => return Ok(VoidSettled::NotSent(failure)),
    };
    let document = document_of(operation, wish);
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
    // 4. The only send, and what it came to.
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
    // 5. There is a void already: how does it stand?
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
/// early where it was just issued.
pub(super) fn obstacle(
    document: Option<&JournalEntry>,
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
        NubefactState::Pending | NubefactState::Undelivered { .. } if !wish.unaccepted => {
            return Some(VoidSettled::Waits(state));
        }
        _ => {}
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

pub(super) fn document_of(operation: NubefactOperation, wish: &VoidWish) -> NubefactDocument {
    let motivo = Some(wish.motivo.as_str()).filter(|it| !it.is_empty());
    let mut fields: Vec<_> = motivo.map(|it| ("motivo", it)).into_iter().collect();
    fields.extend(wish.codigo_unico.as_deref().map(|it| ("codigo_unico", it)));
    let body = Bytes::from(request_about(operation, &wish.id, &fields));
    NubefactDocument::frozen(&wish.id, body)
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
