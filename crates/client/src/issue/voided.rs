//! The wish to void a document, and what came of it.

use std::time::Duration;

use bytes::Bytes;
use chaski_core::{Lang, Text, text};
use jiff::civil::Date;

use crate::dialects::nubefact::likeness::request_about;
use crate::dialects::nubefact::{
    NubefactDocument, NubefactId, NubefactKind, NubefactOperation, NubefactRefusal, NubefactReply,
    NubefactState,
};
use crate::{Error, Failure};

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

    pub(super) fn id(&self) -> &NubefactId {
        &self.id
    }

    pub(super) fn goes_unaccepted(&self) -> bool {
        self.unaccepted
    }

    /// What is sent.
    pub(super) fn document(&self, operation: NubefactOperation) -> NubefactDocument {
        let motivo = Some(self.motivo.as_str()).filter(|it| !it.is_empty());
        let mut fields: Vec<_> = motivo.map(|it| ("motivo", it)).into_iter().collect();
        fields.extend(self.codigo_unico.as_deref().map(|it| ("codigo_unico", it)));
        let body = Bytes::from(request_about(operation, &self.id, &fields));
        NubefactDocument::frozen(&self.id, body)
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
