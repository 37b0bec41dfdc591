//! What a check cannot read in the document: facts that only the store, a look-up or the
//! configuration knows. All are optional. A finding that needs an absent fact is left out, not guessed.

use std::collections::BTreeSet;

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::document::TaxDocument;
use super::kind::DocumentKind;
use crate::Ruc;

/// Facts known beside the document. `Known::default()` knows nothing.
///
/// ```
/// use chaski_core::invoicing::Known;
/// let known = Known { restaurant: Some(true), ..Known::default() };
/// assert!(known.series.is_none());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// Who issues.
    pub issuer: Option<Ruc>,
    /// Whether the issuer is in the register of restaurants and hotels of Law 31556.
    pub restaurant: Option<bool>,
    /// The series that are open, each for a kind. `None`: not known, so not checked.
    pub series: Option<BTreeSet<(DocumentKind, String)>>,
    /// The document that a note modifies.
    pub modified: Option<ModifiedDocument>,
    /// The day on which the document that is voided was issued.
    pub voided_issued_on: Option<Date>,
    /// Soles per unit of the document's currency: the selling rate published for the day of issue.
    pub exchange_rate: Option<Decimal>,
    /// What the look-ups say of the customer.
    pub customer: CustomerFacts,
    /// Which days of issue are taken.
    pub dates: DatePolicy,
}

/// What is known of the document that a note modifies. What is `None` is not checked.
///
/// ```
/// use chaski_core::invoicing::ModifiedDocument;
/// let modified = ModifiedDocument { total: Some("118.00".parse()?), ..Default::default() };
/// assert!(modified.credited_before.is_zero());
/// # Ok::<(), rust_decimal::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModifiedDocument {
    /// Its total, in its currency.
    pub total: Option<Decimal>,
    /// NubeFact's number of its currency: 1 to 4.
    pub moneda: Option<u8>,
    /// Its exchange rate.
    pub tipo_de_cambio: Option<Decimal>,
    /// Its rate of IGV, in percent.
    pub porcentaje_de_igv: Option<Decimal>,
    /// When it was issued.
    pub fecha: Option<Date>,
    /// Whether it was a sale on credit, with instalments.
    pub al_credito: Option<bool>,
    /// What earlier credit notes took off it, in its currency.
    pub credited_before: Decimal,
}

impl ModifiedDocument {
    /// What is known of a document as it was sent, before any note on it.
    ///
    /// ```
    /// use chaski_core::invoicing::{DocumentKind, JsonValue, ModifiedDocument, TaxDocument};
    /// let sale = JsonValue::parse(br#"{"fecha_de_emision": "27-11-2026", "moneda": 1, "total": 118.00}"#)?;
    /// let sale = sale.as_object().expect("an object").clone();
    /// let modified = ModifiedDocument::of(&TaxDocument::new(DocumentKind::Factura, sale));
    /// assert_eq!((modified.moneda, modified.al_credito), (Some(1), Some(false)));
    /// # Ok::<(), chaski_core::invoicing::JsonError>(())
    /// ```
    pub fn of(document: &TaxDocument) -> ModifiedDocument {
        let instalments = document.fields().get("venta_al_credito");
        ModifiedDocument {
            total: document.total(),
            moneda: document.moneda(),
            tipo_de_cambio: document.amount("tipo_de_cambio"),
            porcentaje_de_igv: document.amount("porcentaje_de_igv"),
            fecha: document.fecha(),
            al_credito: Some(instalments.is_some_and(|it| !it.elements().is_empty())),
            credited_before: Decimal::ZERO,
        }
    }
}

/// What the look-ups say of the customer whose name or address is absent.
///
/// `Debug` shows neither.
#[derive(Clone, Default, PartialEq, Eq)]
pub enum CustomerFacts {
    /// Nobody asked.
    #[default]
    NotAsked,
    /// Found.
    Found {
        /// Name or *razón social*.
        nombre: String,
        /// Address, where the register has one.
        direccion: Option<String>,
    },
    /// The register has no such number.
    NotFound,
    /// A register that does not know everybody was asked, and does not have this person: that says
    /// little, and nothing of whether the number exists.
    NotListed,
    /// The look-up failed: nothing is known.
    Failed,
}

/// Which days of issue are taken. NubeFact's manual says today only; SUNAT takes three days back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DatePolicy {
    /// Today and up to three days back, which is told.
    #[default]
    ThreeDays,
    /// Today only.
    TodayOnly,
}

impl std::fmt::Debug for CustomerFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            CustomerFacts::NotAsked => "NotAsked",
            CustomerFacts::Found { .. } => "Found",
            CustomerFacts::NotFound => "NotFound",
            CustomerFacts::NotListed => "NotListed",
            CustomerFacts::Failed => "Failed",
        })
    }
}
