//! A note made out of the document that it corrects.
//!
//! Nobody should type a credit note: everything it needs stands in the document. [`correct`] takes the
//! document as it was sent and what is to be corrected, and makes the note: whole, some lines, some
//! quantities, an amount off the whole or off lines, or a new schedule of payment.
//!
//! **Several notes on one document.** What a note on some quantities is worth is the difference of two
//! sums: the document up to what is credited with this note, less the document up to what was credited
//! before. Each such sum is rounded by itself, and the sum up to the last unit is the document as it
//! stands. So notes never exceed the document together, and the last one takes the remaining cents.
//!
//! | file | holds |
//! |---|---|
//! | `mod.rs` | what is asked for, and the path from the document to the note |
//! | `scopes.rs` | which motivo allows what |
//! | `lines.rs` | lines of the document, and what a part of each is worth |
//! | `totals.rs` | the header that belongs to those parts, with its global discount |
//! | `before.rs` | what earlier notes took off |
//! | `amounts.rs` | notes on an amount instead of a quantity |
//! | `error.rs` | why a note cannot be made |

mod amounts;
mod before;
mod error;
mod lines;
mod scopes;
mod totals;

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;

use crate::invoicing::catalogs::note_reasons::{NoteKind, NoteReason};
use crate::invoicing::catalogs::transactions::SunatTransaction;
use crate::invoicing::decimal::to_cents;
use crate::invoicing::document::{TaxDocument, whole};
use crate::invoicing::form::nubefact_date;
use crate::invoicing::kind::DocumentKind;
use crate::invoicing::value::{JsonObject, JsonValue};
use amounts::{lines_of_amount, lines_of_line_amounts};
pub use error::CorrectError;
use lines::{SoldLine, read_lines, take_part};
pub use scopes::{ScopeKind, allowed_scopes};
use totals::NoteTotals;

/// What of the document is corrected. Lines count from 0.
///
/// ```
/// use chaski_core::invoicing::{CorrectionScope, ScopeKind};
/// let two_of_the_first = CorrectionScope::Lines([(0, Some("2".parse()?))].into());
/// assert_eq!(two_of_the_first.kind(), ScopeKind::Lines);
/// # Ok::<(), rust_decimal::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CorrectionScope {
    /// All that was not credited before.
    Whole,
    /// These lines, each with a quantity; `None` is all of it that was not credited before.
    Lines(BTreeMap<usize, Option<Decimal>>),
    /// An amount, IGV included, off (or on top of) the document as a whole.
    Amount(Decimal),
    /// Amounts, IGV included, each off (or on top of) one line.
    LineAmounts(BTreeMap<usize, Decimal>),
    /// New instalments: day and amount. Only nota de crédito 13.
    Schedule(Vec<(Date, Decimal)>),
}

/// What earlier credit notes took off the document.
///
/// ```
/// use chaski_core::invoicing::CreditedBefore;
/// let before = CreditedBefore { quantities: [(0, "2".parse()?)].into(), ..Default::default() };
/// assert!(before.amount.is_zero());
/// # Ok::<(), rust_decimal::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CreditedBefore {
    /// Quantities, by line: notes made with [`CorrectionScope::Whole`] and [`CorrectionScope::Lines`].
    pub quantities: BTreeMap<usize, Decimal>,
    /// Total of the notes on amounts: those made in other ways.
    pub amount: Decimal,
}

/// What is asked for. It starts from [`Correction::new`]; the rest is filled in.
///
/// ```
/// use chaski_core::invoicing::{Correction, CorrectionScope, DocumentKind, JsonValue, TaxDocument, correct};
/// use chaski_core::invoicing::catalogs::note_reasons::{NoteKind, NoteReason};
/// let sale = JsonValue::parse(br#"{"operacion": "generar_comprobante", "tipo_de_comprobante": 1,
///     "serie": "FFF1", "numero": 7, "cliente_tipo_de_documento": "6",
///     "cliente_numero_de_documento": "20131312955", "cliente_denominacion": "SUNAT",
///     "cliente_direccion": "LIMA", "fecha_de_emision": "27-11-2026", "moneda": 1,
///     "porcentaje_de_igv": 18.00, "total_gravada": 63.56, "total_igv": 11.44, "total": 75.00,
///     "items": [{"unidad_de_medida": "NIU", "descripcion": "CAJA", "cantidad": 3,
///         "valor_unitario": 21.1866666667, "precio_unitario": 25, "subtotal": 63.56,
///         "tipo_de_igv": 1, "igv": 11.44, "total": 75.00, "anticipo_regularizacion": false}]}"#)?;
/// let sale = TaxDocument::new(DocumentKind::Factura, sale.as_object().expect("an object").clone());
/// let motivo = NoteReason::from_catalog(NoteKind::Credit, "07").expect("a code of SUNAT's");
/// let one = CorrectionScope::Lines([(0, Some("1".parse().expect("a number")))].into());
/// let note = correct(&sale, &Correction::new(motivo, one, jiff::civil::date(2026, 11, 28)))?;
/// assert_eq!(note.total().map(|total| total.to_string()).as_deref(), Some("25.00"));
/// assert_eq!(note.names().map(|name| name.to_string()).as_deref(), Some("FFF1-7"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// `Debug` leaves out the words of the sustento: they may name a person.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Correction {
    /// Why: catálogo 09 or 10. It says whether the note is of crédito or débito.
    pub motivo: NoteReason,
    /// What.
    pub scope: CorrectionScope,
    /// Day of issue of the note, a Lima date.
    pub fecha: Date,
    /// Series of the note; the document's own where none is stated.
    pub serie: Option<String>,
    /// Why, in words; stands under the note.
    pub sustento: Option<String>,
    /// What earlier credit notes took off.
    pub before: CreditedBefore,
}

impl Correction {
    /// A correction of a document that was not corrected before, in its own series.
    pub fn new(motivo: NoteReason, scope: CorrectionScope, fecha: Date) -> Correction {
        Correction {
            motivo,
            scope,
            fecha,
            serie: None,
            sustento: None,
            before: CreditedBefore::default(),
        }
    }
}

impl std::fmt::Debug for Correction {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Correction")
            .field("motivo", &self.motivo.catalog)
            .field("scope", &self.scope)
            .field("fecha", &self.fecha)
            .field("serie", &self.serie)
            .field("before", &self.before)
            .finish_non_exhaustive()
    }
}

impl CorrectionScope {
    /// Which of the ways it is.
    pub fn kind(&self) -> ScopeKind {
        match self {
            CorrectionScope::Whole => ScopeKind::Whole,
            CorrectionScope::Lines(_) => ScopeKind::Lines,
            CorrectionScope::Amount(_) => ScopeKind::Amount,
            CorrectionScope::LineAmounts(_) => ScopeKind::LineAmounts,
            CorrectionScope::Schedule(_) => ScopeKind::Schedule,
        }
    }
}

/// Makes the note. It has no number yet; its customer, currency, exchange rate and percent of IGV are
/// the document's, whatever holds today.
///
/// The document must be a factura or boleta with a number, as it was sent.
pub fn correct(
    document: &TaxDocument,
    correction: &Correction,
) -> Result<TaxDocument, CorrectError> {
    // 1. Can this document be corrected so?
    let tipo = modified_type(document)?;
    let numero = document.numero().ok_or(CorrectError::NoNumber)?;
    let serie = document.serie().ok_or(CorrectError::Unreadable("serie"))?;
    let motivo = correction.motivo;
    scopes::check(motivo, correction.scope.kind())?;
    let lines = read_lines(document)?;
    scopes::check_document(motivo, document, &lines)?;
    check_before(&lines, &correction.before)?;

    // 2. Its lines and totals.
    let (items, totals) = match &correction.scope {
        CorrectionScope::Schedule(schedule) => {
            check_schedule(document, schedule)?;
            (vec![amounts::empty_line(correction)], NoteTotals::default())
        }
        CorrectionScope::Amount(amount) => lines_of_amount(&lines, *amount, correction)?,
        CorrectionScope::LineAmounts(amounts) => {
            lines_of_line_amounts(&lines, amounts, correction)?
        }
        CorrectionScope::Whole => take(document, &lines, &everything(&lines), correction)?,
        CorrectionScope::Lines(wanted) => take(document, &lines, wanted, correction)?,
    };
    if motivo.kind == NoteKind::Credit {
        let credited = totals_before(document, &lines, correction)?;
        check_left(document, credited, totals.total)?;
    }

    // 3. The note.
    let kind = match motivo.kind {
        NoteKind::Credit => DocumentKind::NotaCredito,
        NoteKind::Debit => DocumentKind::NotaDebito,
    };
    let mut fields = JsonObject::new();
    fields.set("operacion", JsonValue::text("generar_comprobante"));
    set_number(
        &mut fields,
        "tipo_de_comprobante",
        kind.tipo_de_comprobante().unwrap_or_default(),
    );
    let own_serie = correction.serie.as_deref().unwrap_or(serie);
    fields.set("serie", JsonValue::text(own_serie.to_uppercase()));
    set_number(&mut fields, "sunat_transaction", transaction(document));
    copy(document.fields(), &CUSTOMER, &mut fields);
    fields.set(
        "fecha_de_emision",
        JsonValue::text(nubefact_date(correction.fecha)),
    );
    copy(document.fields(), &CURRENCY, &mut fields);
    totals.write(&mut fields);
    set_number(&mut fields, "documento_que_se_modifica_tipo", tipo);
    fields.set("documento_que_se_modifica_serie", JsonValue::text(serie));
    fields.set(
        "documento_que_se_modifica_numero",
        JsonValue::number(numero),
    );
    let reason = match motivo.kind {
        NoteKind::Credit => "tipo_de_nota_de_credito",
        NoteKind::Debit => "tipo_de_nota_de_debito",
    };
    set_number(&mut fields, reason, motivo.nubefact);
    if let Some(sustento) = &correction.sustento {
        fields.set("observaciones", JsonValue::text(sustento));
    }
    copy(document.fields(), &DELIVERY, &mut fields);
    let items = items.into_iter().map(JsonValue::Object).collect();
    fields.set("items", JsonValue::List(items));
    if let CorrectionScope::Schedule(schedule) = &correction.scope {
        fields.set("venta_al_credito", write_schedule(schedule));
    }
    Ok(TaxDocument::new(kind, fields))
}

/// Fields of the document that the note repeats.
const CUSTOMER: [&str; 7] = [
    "cliente_tipo_de_documento",
    "cliente_numero_de_documento",
    "cliente_denominacion",
    "cliente_direccion",
    "cliente_email",
    "cliente_email_1",
    "cliente_email_2",
];
const CURRENCY: [&str; 3] = ["moneda", "tipo_de_cambio", "porcentaje_de_igv"];
const DELIVERY: [&str; 5] = [
    "enviar_automaticamente_a_la_sunat",
    "enviar_automaticamente_al_cliente",
    "formato_de_pdf",
    "bienes_region_selva",
    "servicios_region_selva",
];

/// 1 for a factura, 2 for a boleta; nothing else is modified by a note.
fn modified_type(document: &TaxDocument) -> Result<u8, CorrectError> {
    match document.kind() {
        DocumentKind::Factura => Ok(1),
        DocumentKind::Boleta => Ok(2),
        kind => Err(CorrectError::Kind(kind)),
    }
}

/// What was credited before can be no more than there was. Its numbers come from outside.
fn check_before(lines: &[SoldLine], before: &CreditedBefore) -> Result<(), CorrectError> {
    for (index, quantity) in &before.quantities {
        let lines_in_all = lines.len();
        let line = lines.get(*index).ok_or(CorrectError::NoSuchLine {
            line: *index,
            lines: lines_in_all,
        })?;
        if quantity.is_sign_negative() || *quantity > line.cantidad {
            let (line, left) = (*index, Decimal::ZERO);
            return Err(CorrectError::TooMuch { line, left });
        }
    }
    let amount = before.amount;
    let fits = !amount.is_sign_negative() && amount < amounts::LIMIT;
    fits.then_some(()).ok_or(CorrectError::TooLarge)
}

/// A note states no detracción and no percepción, and is no advance itself.
fn transaction(document: &TaxDocument) -> u8 {
    let own = whole(document.fields(), "sunat_transaction").and_then(|it| u8::try_from(it).ok());
    let kept = [2, 29, 35];
    own.filter(|number| kept.contains(number))
        .unwrap_or(SunatTransaction::SALE.number)
}

fn everything(lines: &[SoldLine]) -> BTreeMap<usize, Option<Decimal>> {
    (0..lines.len()).map(|index| (index, None)).collect()
}

/// Lines and totals of a note on quantities.
fn take(
    document: &TaxDocument,
    lines: &[SoldLine],
    wanted: &BTreeMap<usize, Option<Decimal>>,
    correction: &Correction,
) -> Result<(Vec<JsonObject>, NoteTotals), CorrectError> {
    if let Some((line, _)) = wanted.iter().find(|(line, _)| **line >= lines.len()) {
        let lines = lines.len();
        return Err(CorrectError::NoSuchLine { line: *line, lines });
    }
    let before = &correction.before.quantities;
    let mut after = before.clone();
    let mut items = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(quantity) = wanted.get(&index) else {
            continue;
        };
        let credited = before.get(&index).copied().unwrap_or_default();
        let left = line.cantidad - credited;
        let quantity = quantity.unwrap_or(left);
        if quantity > left || quantity.is_sign_negative() {
            return Err(CorrectError::TooMuch { line: index, left });
        }
        if quantity.is_zero() {
            continue;
        }
        after.insert(index, credited + quantity);
        items.push(take_part(line, index, credited, quantity)?);
    }
    if items.is_empty() {
        return Err(CorrectError::Nothing);
    }
    if lines.iter().any(|line| line.advance) && items.len() < lines.len() {
        return Err(CorrectError::Advances);
    }
    let from = NoteTotals::up_to(document, lines, before)?;
    let to = NoteTotals::up_to(document, lines, &after)?;
    Ok((items, to.less(&from)))
}

/// What was credited before, in money.
fn totals_before(
    document: &TaxDocument,
    lines: &[SoldLine],
    correction: &Correction,
) -> Result<Decimal, CorrectError> {
    let before = &correction.before;
    let by_quantity = NoteTotals::up_to(document, lines, &before.quantities)?;
    Ok(by_quantity.total + before.amount)
}

fn check_left(
    document: &TaxDocument,
    credited: Decimal,
    note: Decimal,
) -> Result<(), CorrectError> {
    let total = document.total().ok_or(CorrectError::Unreadable("total"))?;
    let left = to_cents(total - credited);
    if note > left {
        return Err(CorrectError::Exceeds { left });
    }
    Ok(())
}

/// SUNAT's 3257, 3260, 3320 and 3321.
fn check_schedule(
    document: &TaxDocument,
    schedule: &[(Date, Decimal)],
) -> Result<(), CorrectError> {
    let on_credit = document.fields().get("venta_al_credito");
    if on_credit.is_none_or(|list| list.elements().is_empty()) {
        return Err(CorrectError::NotOnCredit);
    }
    let total = document.total().ok_or(CorrectError::Unreadable("total"))?;
    if schedule.iter().any(|(_, amount)| *amount >= amounts::LIMIT) {
        return Err(CorrectError::TooLarge);
    }
    if schedule.is_empty() || schedule.iter().any(|(_, amount)| *amount <= Decimal::ZERO) {
        return Err(CorrectError::NoSchedule);
    }
    let sum: Decimal = schedule.iter().map(|(_, amount)| *amount).sum();
    if sum > total {
        return Err(CorrectError::ScheduleExceeds { total });
    }
    let issued = document
        .fecha()
        .ok_or(CorrectError::Unreadable("fecha_de_emision"))?;
    match schedule.iter().find(|(due, _)| *due <= issued) {
        Some((due, _)) => Err(CorrectError::DueTooEarly { due: *due, issued }),
        None => Ok(()),
    }
}

fn write_schedule(schedule: &[(Date, Decimal)]) -> JsonValue {
    let cuotas = schedule.iter().enumerate().map(|(index, (due, amount))| {
        let mut cuota = JsonObject::new();
        cuota.set("cuota", JsonValue::number(index + 1));
        cuota.set("fecha_de_pago", JsonValue::text(nubefact_date(*due)));
        cuota.set("importe", JsonValue::number(to_cents(*amount)));
        JsonValue::Object(cuota)
    });
    JsonValue::List(cuotas.collect())
}

fn set_number(fields: &mut JsonObject, name: &str, number: u8) {
    fields.set(name, JsonValue::number(number));
}

fn copy(from: &JsonObject, names: &[&str], to: &mut JsonObject) {
    for name in names {
        if let Some(value) = from.present(name) {
            to.set(name, value.clone());
        }
    }
}
