//! Comprobantes de percepción: what an agent collected on top of the price, IGV included.
//!
//! NubeFact's JSON only. Sources: public descriptions of NubeFact's manual (nubefact.md §5); SUNAT's
//! workbook, sheet Percepciones (2608, 2667).

use jiff::civil::Date;

use super::catalogs::perception_rates::PerceptionRate;
use super::codes;
use super::document::TaxDocument;
use super::finding::Findings;
use super::kind::DocumentKind;
use super::known::Known;
use super::other_fields::{PERCEPCION, PERCEPCION_ITEM};
use super::value::JsonObject;
use super::withholding::{Withholding, check_withholding};

static NAMES: Withholding = Withholding {
    kind: DocumentKind::Percepcion,
    table: PERCEPCION,
    lines: PERCEPCION_ITEM,
    rate: "tipo_de_tasa_de_percepcion",
    rates: "1, 2, 3",
    total: "total_percibido",
    total_paid: "total_cobrado",
    payment: "cobro_total_sin_percepcion",
    payment_date: "cobro_fecha",
    amount: "importe_percibido",
    paid: "importe_cobrado_con_percepcion",
    comes_off: false,
    formula: &codes::PERCEIVED,
    sum: &codes::PERCEIVED_SUM,
};

/// Checks a comprobante de percepción. `today` is a Lima date.
pub(crate) fn check_percepcion(
    fields: &JsonObject,
    today: Date,
    known: &Known,
    findings: &mut Findings,
) -> TaxDocument {
    let percent = |number: u8| PerceptionRate::from_nubefact(number).map(|it| it.percent);
    check_withholding(&NAMES, percent, fields, today, known, findings)
}
