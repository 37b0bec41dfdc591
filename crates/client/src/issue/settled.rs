//! What came of a wish to issue.

use std::time::Duration;

use chaski_core::{Lang, Text, text};

use crate::Failure;
use crate::dialects::nubefact::{NubefactRefusal, NubefactReply};
use crate::journal::{JournalEntry, SeriesName};

/// What came of a wish to issue, told once and for all or for now.
///
/// ```
/// use chaski_client::{IssueSettled, issue};
/// fn goes_on(settled: &IssueSettled) -> &'static str {
///     match settled {
///         IssueSettled::Accepted(_) => "issued, once",
///         IssueSettled::Refused { .. } => "correct it; the number is free again",
///         IssueSettled::Unknown { .. } => "do not issue it again: ask",
///         _ => "nothing was issued",
///     }
/// }
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub enum IssueSettled {
    /// The document exists, exactly once.
    Accepted(Box<Issued>),
    /// It was looked at and not taken.
    Refused {
        /// What the journal knows.
        entry: Box<JournalEntry>,
        /// Why.
        refusal: NubefactRefusal,
    },
    /// Nubefact works on nothing of this account for now: token, ruta, suspension, pace. Nothing was
    /// issued and the number stays with the document.
    Held {
        /// What the journal knows.
        entry: Box<JournalEntry>,
        /// Why; empty where it was not said.
        refusal: NubefactRefusal,
        /// When to try again, where that was said.
        retry_after: Option<Duration>,
    },
    /// The number is a stranger's document. Nothing was issued; see
    /// [`Intent::renumber`](crate::Intent::renumber).
    Conflict {
        /// What the journal knows.
        entry: Box<JournalEntry>,
    },
    /// Nobody knows whether the document exists. Do not issue it in another way: the same wish again, or
    /// [`resolve`](super::resolve), asks first.
    Unknown {
        /// What the journal knows.
        entry: Box<JournalEntry>,
        /// What was seen, as a stable code.
        why: String,
    },
    /// Not a byte left: the same wish again is safe.
    NotSent {
        /// What stood in the way.
        failure: Failure,
        /// What the journal knows, if it was asked.
        entry: Option<Box<JournalEntry>>,
    },
    /// It was to go out behind another document, which was not accepted: nothing was sent.
    NotItsTurn,
    /// The wish itself cannot be met, and nothing was sent.
    Blocked(Blocked),
}

/// A document that exists.
#[derive(Debug, Clone)]
pub struct Issued {
    /// What the journal knows.
    pub entry: JournalEntry,
    /// Nubefact's latest word about it.
    pub reply: NubefactReply,
    /// Whether it was found by asking, after an answer that was lost.
    pub recovered: bool,
    /// Whether it existed before this wish: it is the answer to an earlier one with the same key.
    pub before: bool,
}

/// Why a wish cannot be met as it is.
#[derive(Debug, Clone)]
pub enum Blocked {
    /// It was given up.
    GivenUp(Box<JournalEntry>),
    /// The key stands for other content.
    OtherContent(Box<JournalEntry>),
    /// The number that the caller brought is another document's of ours.
    NumberUsed(Box<JournalEntry>),
    /// The number that the caller brought is known to be a stranger's.
    NumberTheirs(u32),
    /// The series is not open.
    SeriesNotOpen(SeriesName),
    /// The series has no numbers left.
    SeriesFull(SeriesName),
}

impl IssueSettled {
    /// The document's state as people and programs see it.
    pub fn estado(&self) -> &'static str {
        match self {
            IssueSettled::Accepted(issued) => issued.reply.state().as_str(),
            IssueSettled::Refused { .. } => "DEVUELTO",
            IssueSettled::Held { .. } => "EN_ESPERA",
            IssueSettled::Conflict { .. } | IssueSettled::Blocked(Blocked::NumberTheirs(_)) => {
                "CONFLICTO"
            }
            IssueSettled::Unknown { .. } => "DESCONOCIDO",
            IssueSettled::NotSent { .. } | IssueSettled::NotItsTurn => "EN_COLA",
            IssueSettled::Blocked(Blocked::GivenUp(_)) => "LIBERADO",
            IssueSettled::Blocked(_) => "BORRADOR",
        }
    }

    /// The document, where it exists.
    pub fn issued(&self) -> Option<&Issued> {
        match self {
            IssueSettled::Accepted(issued) => Some(issued),
            _ => None,
        }
    }

    /// What the journal knows of it.
    pub fn entry(&self) -> Option<&JournalEntry> {
        match self {
            IssueSettled::Accepted(issued) => Some(&issued.entry),
            IssueSettled::Refused { entry, .. }
            | IssueSettled::Held { entry, .. }
            | IssueSettled::Conflict { entry }
            | IssueSettled::Unknown { entry, .. }
            | IssueSettled::Blocked(
                Blocked::OtherContent(entry) | Blocked::NumberUsed(entry) | Blocked::GivenUp(entry),
            ) => Some(entry),
            IssueSettled::NotSent { entry, .. } => entry.as_deref(),
            IssueSettled::NotItsTurn | IssueSettled::Blocked(_) => None,
        }
    }

    /// What happened and what to do, for people. The upstream's own words are in it where it refused.
    pub fn message(&self, lang: Lang) -> String {
        self.text().pick(lang)
    }

    fn text(&self) -> Text {
        let name = self.entry().map(|it| it.document().short_name());
        let name = name.unwrap_or_default();
        match self {
            IssueSettled::Accepted(issued) if issued.before => text!(
                "{name} ya estaba emitido con esa misma clave; no se emitió otra vez",
                "{name} was issued before under this key; it was not issued again",
            ),
            IssueSettled::Accepted(issued) if issued.recovered => text!(
                "{name} está emitido: se había perdido la respuesta, y al consultar se encontró el mismo documento",
                "{name} is issued: the answer had been lost, and asking found the same document",
            ),
            IssueSettled::Accepted(_) => text!("{name} está emitido", "{name} is issued"),
            IssueSettled::Refused { refusal, .. } => {
                let said = said_by(refusal);
                text!(
                    "Nubefact no aceptó {name}{said}; corríjalo y vuelva a emitir",
                    "Nubefact did not take {name}{said}; correct it and issue it again",
                )
            }
            IssueSettled::Held { refusal, .. } => {
                let said = said_by(refusal);
                text!(
                    "Nubefact no atiende esta cuenta por ahora{said}; revise token, ruta y estado de la cuenta: {name} espera con su número",
                    "Nubefact does not serve this account for now{said}; check token, ruta and the account: {name} waits with its number",
                )
            }
            IssueSettled::Conflict { .. } => text!(
                "el número {name} ya es de otro documento que no se emitió desde aquí; no se emitió nada: use otro número y averigüe quién usa la serie",
                "the number {name} is another document's that was not issued from here; nothing was issued: use another number and find out who uses the series",
            ),
            IssueSettled::Unknown { .. } => text!(
                "no se sabe todavía si {name} quedó emitido; no lo emita de otra forma: al consultar se decide",
                "it is not known yet whether {name} was issued; do not issue it in another way: asking decides",
            ),
            IssueSettled::NotItsTurn => text!(
                "espera su turno: el documento anterior de la serie todavía no está aceptado",
                "it waits for its turn: the document before it in the series is not accepted yet",
            ),
            IssueSettled::NotSent { failure, .. } => {
                let (es, en) = (failure.message(Lang::Es), failure.message(Lang::En));
                Text {
                    es: format!("no se envió nada: {es}"),
                    en: format!("nothing was sent: {en}"),
                }
            }
            IssueSettled::Blocked(blocked) => blocked.text(&name),
        }
    }
}

impl Blocked {
    fn text(&self, name: &str) -> Text {
        match self {
            Blocked::GivenUp(_) => text!(
                "se desistió de ese documento antes de emitirlo; si lo quiere, pídalo de nuevo",
                "that document was given up before it was issued; if it is wanted, ask for it again",
            ),
            Blocked::OtherContent(_) => text!(
                "esa clave ya es de {name}, con otro contenido; use otra clave para otro documento",
                "that key is of {name}, with other content; use another key for another document",
            ),
            Blocked::NumberUsed(_) => text!(
                "el número {name} ya es de otro documento suyo; quite el número para tomar el siguiente, o use otro",
                "the number {name} is another document's of yours; leave the number out to take the next one, or use another",
            ),
            Blocked::NumberTheirs(numero) => text!(
                "el número {numero} es de un documento que no se emitió desde aquí; use otro",
                "the number {numero} is of a document that was not issued from here; use another",
            ),
            Blocked::SeriesNotOpen(series) => {
                let serie = &series.serie;
                text!(
                    "la serie {serie} no está abierta aquí para ese tipo de documento; ábrala con el último número usado",
                    "the series {serie} is not open here for that kind of document; open it with the last number used",
                )
            }
            Blocked::SeriesFull(series) => {
                let serie = &series.serie;
                text!(
                    "la serie {serie} llegó al número 99999999; abra otra",
                    "the series {serie} has come to number 99999999; open another",
                )
            }
        }
    }
}

/// ` (21: …)`, or nothing.
fn said_by(refusal: &NubefactRefusal) -> String {
    match (refusal.codigo, refusal.text.as_str()) {
        (Some(codigo), "") => format!(" ({codigo})"),
        (Some(codigo), text) => format!(" ({codigo}: {text})"),
        (None, "") => String::new(),
        (None, text) => format!(" ({text})"),
    }
}
