//! What can be asked of Nubefact: its fourteen operations, the kinds of documents, and how one document
//! is named.

use chaski_core::text;
use std::fmt;
use std::str::FromStr;

use chaski_core::invoicing::DocumentKind;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::Error;

/// The kinds of documents that Nubefact issues. The series of each kind counts for itself: `FFF1-1` may
/// be a factura and a nota de crédito at once.
///
/// ```
/// use chaski_client::NubefactKind;
/// assert_eq!(NubefactKind::of_number(3), Some(NubefactKind::NotaCredito));
/// assert_eq!(NubefactKind::Boleta.catalog_01(), "03");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NubefactKind {
    /// `tipo_de_comprobante` 1.
    Factura,
    /// `tipo_de_comprobante` 2.
    Boleta,
    /// `tipo_de_comprobante` 3.
    NotaCredito,
    /// `tipo_de_comprobante` 4.
    NotaDebito,
    /// `tipo_de_comprobante` 7.
    GuiaRemitente,
    /// `tipo_de_comprobante` 8.
    GuiaTransportista,
    /// It has an operation of its own and no `tipo_de_comprobante`.
    Retencion,
    /// It has an operation of its own and no `tipo_de_comprobante`.
    Percepcion,
}

impl NubefactKind {
    /// All of them.
    pub const ALL: [NubefactKind; 8] = [
        NubefactKind::Factura,
        NubefactKind::Boleta,
        NubefactKind::NotaCredito,
        NubefactKind::NotaDebito,
        NubefactKind::GuiaRemitente,
        NubefactKind::GuiaTransportista,
        NubefactKind::Retencion,
        NubefactKind::Percepcion,
    ];

    /// The kind of a `tipo_de_comprobante`.
    pub fn of_number(number: u32) -> Option<NubefactKind> {
        let same = |kind: &NubefactKind| kind.number() == Some(number);
        NubefactKind::ALL.into_iter().find(same)
    }

    /// The kind that core calls so; none for a void or a reversal, which are no documents of their own.
    ///
    /// ```
    /// use chaski_client::NubefactKind;
    /// use chaski_core::invoicing::DocumentKind;
    /// assert_eq!(NubefactKind::of(DocumentKind::Boleta), Some(NubefactKind::Boleta));
    /// assert_eq!(NubefactKind::of(DocumentKind::Anulacion), None);
    /// ```
    pub fn of(kind: DocumentKind) -> Option<NubefactKind> {
        Some(match kind {
            DocumentKind::Factura => NubefactKind::Factura,
            DocumentKind::Boleta => NubefactKind::Boleta,
            DocumentKind::NotaCredito => NubefactKind::NotaCredito,
            DocumentKind::NotaDebito => NubefactKind::NotaDebito,
            DocumentKind::GuiaRemitente => NubefactKind::GuiaRemitente,
            DocumentKind::GuiaTransportista => NubefactKind::GuiaTransportista,
            DocumentKind::Retencion => NubefactKind::Retencion,
            DocumentKind::Percepcion => NubefactKind::Percepcion,
            DocumentKind::Anulacion
            | DocumentKind::ReversionRetencion
            | DocumentKind::ReversionPercepcion => return None,
        })
    }

    /// What core calls it.
    pub fn document_kind(self) -> DocumentKind {
        match self {
            NubefactKind::Factura => DocumentKind::Factura,
            NubefactKind::Boleta => DocumentKind::Boleta,
            NubefactKind::NotaCredito => DocumentKind::NotaCredito,
            NubefactKind::NotaDebito => DocumentKind::NotaDebito,
            NubefactKind::GuiaRemitente => DocumentKind::GuiaRemitente,
            NubefactKind::GuiaTransportista => DocumentKind::GuiaTransportista,
            NubefactKind::Retencion => DocumentKind::Retencion,
            NubefactKind::Percepcion => DocumentKind::Percepcion,
        }
    }

    /// Its `tipo_de_comprobante`, where it has one.
    pub fn number(self) -> Option<u32> {
        match self {
            NubefactKind::Factura => Some(1),
            NubefactKind::Boleta => Some(2),
            NubefactKind::NotaCredito => Some(3),
            NubefactKind::NotaDebito => Some(4),
            NubefactKind::GuiaRemitente => Some(7),
            NubefactKind::GuiaTransportista => Some(8),
            NubefactKind::Retencion | NubefactKind::Percepcion => None,
        }
    }

    /// Its name in a word, as people put it before a document's: `nc:FFF1-1`.
    pub fn word(self) -> &'static str {
        match self {
            NubefactKind::Factura => "factura",
            NubefactKind::Boleta => "boleta",
            NubefactKind::NotaCredito => "nc",
            NubefactKind::NotaDebito => "nd",
            NubefactKind::GuiaRemitente => "guia",
            NubefactKind::GuiaTransportista => "guia_transportista",
            NubefactKind::Retencion => "retencion",
            NubefactKind::Percepcion => "percepcion",
        }
    }

    /// Its code in SUNAT's catálogo 01, as the QR text has it.
    pub fn catalog_01(self) -> &'static str {
        match self {
            NubefactKind::Factura => "01",
            NubefactKind::Boleta => "03",
            NubefactKind::NotaCredito => "07",
            NubefactKind::NotaDebito => "08",
            NubefactKind::GuiaRemitente => "09",
            NubefactKind::GuiaTransportista => "31",
            NubefactKind::Retencion => "20",
            NubefactKind::Percepcion => "40",
        }
    }

    /// The kind of a code of catálogo 01.
    pub fn of_catalog_01(code: &str) -> Option<NubefactKind> {
        NubefactKind::ALL
            .into_iter()
            .find(|kind| kind.catalog_01() == code)
    }

    /// The operation that issues it.
    pub fn issuing(self) -> NubefactOperation {
        match self.family() {
            Family::Comprobante => NubefactOperation::GenerarComprobante,
            Family::Guia => NubefactOperation::GenerarGuia,
            Family::Retencion => NubefactOperation::GenerarRetencion,
            Family::Percepcion => NubefactOperation::GenerarPercepcion,
        }
    }

    /// The operation that says how it stands.
    pub fn asking(self) -> NubefactOperation {
        match self.family() {
            Family::Comprobante => NubefactOperation::ConsultarComprobante,
            Family::Guia => NubefactOperation::ConsultarGuia,
            Family::Retencion => NubefactOperation::ConsultarRetencion,
            Family::Percepcion => NubefactOperation::ConsultarPercepcion,
        }
    }

    /// The operation that voids it; none for a guía, which is voided in SUNAT's own system.
    pub fn voiding(self) -> Option<NubefactOperation> {
        match self.family() {
            Family::Comprobante => Some(NubefactOperation::GenerarAnulacion),
            Family::Guia => None,
            Family::Retencion => Some(NubefactOperation::GenerarReversionRetencion),
            Family::Percepcion => Some(NubefactOperation::GenerarReversionPercepcion),
        }
    }

    /// The operation that says how its voiding stands.
    pub fn asking_voided(self) -> Option<NubefactOperation> {
        match self.family() {
            Family::Comprobante => Some(NubefactOperation::ConsultarAnulacion),
            Family::Guia => None,
            Family::Retencion => Some(NubefactOperation::ConsultarReversionRetencion),
            Family::Percepcion => Some(NubefactOperation::ConsultarReversionPercepcion),
        }
    }

    /// Whether SUNAT hears of it in the summary of the next day only, so that "not yet accepted" is what
    /// is to be expected today. A note is of the kind of what it modifies, which its series tells.
    pub fn waits_for_summary(self, serie: &str) -> bool {
        match self {
            NubefactKind::Boleta => true,
            NubefactKind::NotaCredito | NubefactKind::NotaDebito => serie.starts_with(['B', 'b']),
            _ => false,
        }
    }

    /// Whether its QR text holds amounts, date and customer, by which a document can be told from
    /// another one. That of a guía is an address of SUNAT's; that of the others is not known.
    pub fn has_telling_qr(self) -> bool {
        self.family() == Family::Comprobante
    }

    fn family(self) -> Family {
        match self {
            NubefactKind::Factura
            | NubefactKind::Boleta
            | NubefactKind::NotaCredito
            | NubefactKind::NotaDebito => Family::Comprobante,
            NubefactKind::GuiaRemitente | NubefactKind::GuiaTransportista => Family::Guia,
            NubefactKind::Retencion => Family::Retencion,
            NubefactKind::Percepcion => Family::Percepcion,
        }
    }
}

#[derive(PartialEq, Eq)]
enum Family {
    Comprobante,
    Guia,
    Retencion,
    Percepcion,
}

/// Nubefact's operations; there are no others.
///
/// ```
/// use chaski_client::NubefactOperation;
/// let operation: NubefactOperation = "consultar_guia".parse().unwrap();
/// assert!(!operation.issues());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the operation of its name")]
pub enum NubefactOperation {
    GenerarComprobante,
    ConsultarComprobante,
    GenerarAnulacion,
    ConsultarAnulacion,
    GenerarGuia,
    ConsultarGuia,
    GenerarRetencion,
    ConsultarRetencion,
    GenerarReversionRetencion,
    ConsultarReversionRetencion,
    GenerarPercepcion,
    ConsultarPercepcion,
    GenerarReversionPercepcion,
    ConsultarReversionPercepcion,
}

impl NubefactOperation {
    /// All of them.
    pub const ALL: [NubefactOperation; 14] = [
        NubefactOperation::GenerarComprobante,
        NubefactOperation::ConsultarComprobante,
        NubefactOperation::GenerarAnulacion,
        NubefactOperation::ConsultarAnulacion,
        NubefactOperation::GenerarGuia,
        NubefactOperation::ConsultarGuia,
        NubefactOperation::GenerarRetencion,
        NubefactOperation::ConsultarRetencion,
        NubefactOperation::GenerarReversionRetencion,
        NubefactOperation::ConsultarReversionRetencion,
        NubefactOperation::GenerarPercepcion,
        NubefactOperation::ConsultarPercepcion,
        NubefactOperation::GenerarReversionPercepcion,
        NubefactOperation::ConsultarReversionPercepcion,
    ];

    /// Its name in the body and on record.
    pub fn as_str(self) -> &'static str {
        match self {
            NubefactOperation::GenerarComprobante => "generar_comprobante",
            NubefactOperation::ConsultarComprobante => "consultar_comprobante",
            NubefactOperation::GenerarAnulacion => "generar_anulacion",
            NubefactOperation::ConsultarAnulacion => "consultar_anulacion",
            NubefactOperation::GenerarGuia => "generar_guia",
            NubefactOperation::ConsultarGuia => "consultar_guia",
            NubefactOperation::GenerarRetencion => "generar_retencion",
            NubefactOperation::ConsultarRetencion => "consultar_retencion",
            NubefactOperation::GenerarReversionRetencion => "generar_reversion_retencion",
            NubefactOperation::ConsultarReversionRetencion => "consultar_reversion_retencion",
            NubefactOperation::GenerarPercepcion => "generar_percepcion",
            NubefactOperation::ConsultarPercepcion => "consultar_percepcion",
            NubefactOperation::GenerarReversionPercepcion => "generar_reversion_percepcion",
            NubefactOperation::ConsultarReversionPercepcion => "consultar_reversion_percepcion",
        }
    }

    /// Whether it makes a document.
    pub fn issues(self) -> bool {
        NubefactKind::ALL.iter().any(|it| it.issuing() == self)
    }

    /// Whether it voids one.
    pub fn voids(self) -> bool {
        NubefactKind::ALL
            .iter()
            .any(|it| it.voiding() == Some(self))
    }

    /// Whether its documents carry a `tipo_de_comprobante`.
    pub fn has_kind(self) -> bool {
        !self.as_str().ends_with("retencion") && !self.as_str().ends_with("percepcion")
    }
}

impl fmt::Display for NubefactOperation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for NubefactOperation {
    type Err = Error;

    fn from_str(name: &str) -> Result<NubefactOperation, Error> {
        let same = |it: &NubefactOperation| it.as_str() == name.trim();
        NubefactOperation::ALL.into_iter().find(same).ok_or_else(|| {
            Error::invalid(text!("«operacion» no es una de las catorce operaciones de Nubefact, como generar_comprobante", "\"operacion\" is not one of Nubefact's fourteen operations, such as generar_comprobante"))
        })
    }
}

/// The name of one document within an issuer.
///
/// ```
/// use chaski_client::{NubefactId, NubefactKind};
/// let id = NubefactId::new(NubefactKind::Factura, " fff1 ", 12)?;
/// assert_eq!(id.to_string(), "FFF1-12");
/// assert!(NubefactId::new(NubefactKind::Factura, "FFF1", 0).is_err());
/// # Ok::<(), chaski_client::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NubefactId {
    /// What it is.
    pub kind: NubefactKind,
    /// Four characters, upper case.
    pub serie: CompactString,
    /// From 1 to 99,999,999.
    pub numero: u32,
}

/// Numbers have at most eight digits.
pub(crate) const MOST_NUMERO: u32 = 99_999_999;

impl NubefactId {
    /// A name; a series that no document can have, or such a number, is an error that says so.
    pub fn new(kind: NubefactKind, serie: &str, numero: u32) -> Result<NubefactId, Error> {
        if numero == 0 || numero > MOST_NUMERO {
            return Err(Error::invalid(text!(
                "«numero» va de 1 a 99999999, sin ceros delante",
                "\"numero\" goes from 1 to 99999999, without leading zeros"
            )));
        }
        Ok(NubefactId {
            kind,
            serie: usable_serie(serie)?,
            numero,
        })
    }

    /// The name that is enough: a sale's goes without its kind.
    ///
    /// ```
    /// use chaski_client::{NubefactId, NubefactKind};
    /// let of = |kind| NubefactId::new(kind, "FFF1", 1).map(|id| id.short_name());
    /// assert_eq!(of(NubefactKind::Factura)?, "FFF1-1");
    /// assert_eq!(of(NubefactKind::NotaCredito)?, "nc:FFF1-1");
    /// # Ok::<(), chaski_client::Error>(())
    /// ```
    pub fn short_name(&self) -> String {
        match self.kind {
            NubefactKind::Factura | NubefactKind::Boleta => self.to_string(),
            kind => format!("{}:{self}", kind.word()),
        }
    }
}

/// A series as it is sent.
pub(crate) fn usable_serie(serie: &str) -> Result<CompactString, Error> {
    let serie = serie.trim();
    if serie.len() == 4 && serie.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(serie.to_ascii_uppercase().into());
    }
    Err(Error::invalid(text!(
        "«serie» tiene cuatro letras o cifras, como F001 o BBB1",
        "\"serie\" has four letters or digits, such as F001 or BBB1"
    )))
}

impl fmt::Display for NubefactId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.serie, self.numero)
    }
}
