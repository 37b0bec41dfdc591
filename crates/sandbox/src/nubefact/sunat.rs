//! What SUNAT says of a document, and when: settled when Nubefact takes it, told when its time has
//! come.

use std::time::Duration;

use chaski_core::{lima_date, lima_timestamp};
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use super::facts::{Facts, Identity};
use super::files::SunatAnswer;
use super::kind::IssuedKind;
use crate::fault::FaultKind;

/// Lima's hour at which the answer to the daily summary of boletas is there.
const SUMMARY_HOUR: i8 = 6;
/// A factura must be with SUNAT within so many days: RS 000003-2023/SUNAT.
const DAYS_TO_SEND: i64 = 3;
/// How SUNAT is down.
const SOAP_ERROR: &str = "[soap-env:Server] 0109: El sistema no puede responder su solicitud. \
    (El servicio de autenticación no está disponible)";

/// What SUNAT will say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Verdict {
    word: Word,
    /// From when on it is told; `None`: never.
    from: Option<Timestamp>,
    /// Whether SUNAT is down until then.
    is_down: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Word {
    Accepted,
    Observed(u16),
    Rejected(u16),
}

impl Verdict {
    /// Of a document that is taken at that moment, with the fault that struck.
    pub(crate) fn of_document(
        identity: &Identity,
        facts: &Facts,
        taken: Timestamp,
        guia_takes: Duration,
        struck: Option<FaultKind>,
    ) -> Verdict {
        let summarised = match identity.kind {
            IssuedKind::Boleta => true,
            kind if kind.is_note() => {
                let modified = facts.modifies.as_ref().map(|modified| modified.kind);
                modified == Some(IssuedKind::Boleta)
            }
            _ => false,
        };
        let usual = if summarised {
            next_morning(taken)
        } else if identity.kind.is_guia() {
            after(taken, guia_takes)
        } else {
            taken
        };
        let verdict = Verdict::accepted(facts.is_sent.then_some(usual));
        let mut verdict = verdict.changed(struck, taken);
        // Late is refused, whatever the reason for the delay.
        let is_factura = !summarised && !identity.kind.is_guia();
        let last = facts.issued.checked_add(DAYS_TO_SEND.days());
        let is_late = |from: Timestamp| last.is_ok_and(|last| lima_date(from) > last);
        if is_factura && verdict.from.is_some_and(is_late) && verdict.from != Some(taken) {
            verdict.word = Word::Rejected(2108);
        }
        verdict
    }

    pub(crate) fn accepted(from: Option<Timestamp>) -> Verdict {
        Verdict {
            word: Word::Accepted,
            from,
            is_down: false,
        }
    }

    /// What a fault makes of it. It never brings forward what would be told later.
    pub(crate) fn changed(self, struck: Option<FaultKind>, now: Timestamp) -> Verdict {
        let held = |span: Option<Duration>| match span {
            Some(span) => self.from.map(|from| from.max(after(now, span))),
            // What was for tomorrow is for the day after.
            None => self.from.map(|from| next_morning(from.max(now))),
        };
        match struck {
            Some(FaultKind::Pending(span)) => Verdict {
                from: held(span),
                ..self
            },
            Some(FaultKind::SunatDown(span)) => Verdict {
                from: held(span),
                is_down: true,
                ..self
            },
            Some(FaultKind::Rejected(code)) => Verdict {
                word: Word::Rejected(code),
                ..self
            },
            Some(FaultKind::Observed(code)) => Verdict {
                word: Word::Observed(code),
                ..self
            },
            _ => self,
        }
    }

    /// Settles at once what was still open, as a fault on a question does.
    pub(crate) fn settled(self, struck: FaultKind, now: Timestamp) -> Verdict {
        let changed = self.changed(Some(struck), now);
        match struck {
            FaultKind::Rejected(_) | FaultKind::Observed(_) => Verdict {
                from: Some(now),
                is_down: false,
                ..changed
            },
            _ => changed,
        }
    }

    pub(crate) fn is_told(&self, now: Timestamp) -> bool {
        self.from.is_some_and(|from| from <= now)
    }

    /// From when on it is told.
    pub(crate) fn from(&self) -> Option<Timestamp> {
        self.from
    }

    pub(crate) fn is_accepted(&self, now: Timestamp) -> bool {
        self.is_told(now) && !matches!(self.word, Word::Rejected(_))
    }

    pub(crate) fn is_rejected(&self, now: Timestamp) -> bool {
        self.is_told(now) && matches!(self.word, Word::Rejected(_))
    }

    /// In the words of the answer; `subject` is what it is about: `La Factura numero FFF1-1`.
    pub(crate) fn told(&self, now: Timestamp, subject: &str) -> SunatAnswer {
        if !self.is_told(now) {
            return SunatAnswer {
                soap_error: if self.is_down { SOAP_ERROR } else { "" }.to_owned(),
                ..SunatAnswer::default()
            };
        }
        match self.word {
            Word::Accepted => accepted(subject, None),
            Word::Observed(code) => {
                accepted(subject, Some(format!("{code:04} - {}", meaning(code))))
            }
            Word::Rejected(code) => SunatAnswer {
                code: Some(format!("{code:04}")),
                description: Some(meaning(code).to_owned()),
                ..SunatAnswer::default()
            },
        }
    }
}

fn accepted(subject: &str, note: Option<String>) -> SunatAnswer {
    SunatAnswer {
        accepted: true,
        code: Some("0".to_owned()),
        description: Some(format!("{subject}, ha sido aceptada")),
        note,
        soap_error: String::new(),
    }
}

/// SUNAT's texts of the codes that are commanded most.
fn meaning(code: u16) -> &'static str {
    match code {
        1033 => "El comprobante fue registrado previamente con otros datos",
        2105 => "Comprobante a dar de baja no se encuentra registrado en SUNAT",
        2108 => "Presentación fuera de fecha",
        2323 => "Existe documento ya informado anteriormente en una comunicación de baja",
        2335 => "El documento electrónico ingresado ha sido alterado",
        4252 => "El dato ingresado como atributo @listName es incorrecto",
        4000.. => "El dato ingresado no cumple con lo observado por la SUNAT",
        _ => "El comprobante fue rechazado por la SUNAT",
    }
}

pub(crate) fn after(moment: Timestamp, span: Duration) -> Timestamp {
    moment.checked_add(span).unwrap_or(Timestamp::MAX)
}

/// The answer to the summary of a day comes the next morning.
fn next_morning(moment: Timestamp) -> Timestamp {
    let day = lima_date(moment);
    let next = day.tomorrow().unwrap_or(day);
    lima_timestamp(next.at(SUMMARY_HOUR, 0, 0, 0))
}

/// A void of a document that SUNAT never accepted.
pub(crate) fn nothing_to_void() -> SunatAnswer {
    SunatAnswer {
        code: Some("2105".to_owned()),
        description: Some(meaning(2105).to_owned()),
        ..SunatAnswer::default()
    }
}

/// A void of a document that was voided before.
pub(crate) fn voided_before() -> SunatAnswer {
    SunatAnswer {
        code: Some("2323".to_owned()),
        description: Some(meaning(2323).to_owned()),
        ..SunatAnswer::default()
    }
}
