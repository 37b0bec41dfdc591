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
    /// Of these, the ones without a number left: chosen for a document that names none only if all are.
    pub full_series: BTreeSet<(DocumentKind, String)>,
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

impl Known {
    /// The series of a document that names none: the first one by name that is open for its kind, fits and has
    /// numbers left; where none has, the first one.
    ///
    /// ```
    /// use chaski_core::invoicing::{DocumentKind::Boleta, Known};
    /// let mut known = Known { series: Some([(Boleta, "B001".into()), (Boleta, "B002".into())].into()), ..Known::default() };
    /// assert_eq!(known.first_series(Boleta, |_| true), Some("B001"));
    /// known.full_series.insert((Boleta, "B001".into()));
    /// assert_eq!(known.first_series(Boleta, |_| true), Some("B002"));
    /// ```
    pub fn first_series(&self, kind: DocumentKind, fits: impl Fn(&str) -> bool) -> Option<&str> {
        let is_meant = |it: &&(DocumentKind, String)| it.0 == kind && fits(&it.1);
        let mut open = self.series.iter().flatten().filter(is_meant);
        let first = open.next()?;
        let is_full = |it: &&(DocumentKind, String)| self.full_series.contains(*it);
        let mut all = std::iter::once(first).chain(open);
        let chosen = all.find(|it| !is_full(it)).unwrap_or(first);
        Some(&chosen.1)
    }
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
