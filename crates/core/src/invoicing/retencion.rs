//! Comprobantes de retención: what an agent withheld of the IGV when it paid its suppliers.
//!
//! NubeFact's JSON only. Sources: public descriptions of NubeFact's manual (nubefact.md §5); SUNAT's
//! workbook, sheet Retenciones (2623, 2628).

use jiff::civil::Date;

use super::catalogs::retention_rates::RetentionRate;
use super::codes;
use super::document::TaxDocument;
use super::finding::Findings;
use super::form::Section;
use super::kind::DocumentKind;
use super::known::Known;
use super::other_fields::{RETENCION, RETENCION_ITEM};
use super::value::JsonObject;
use super::withholding::{Withholding, check_withholding};
use crate::{Severity, text};

static NAMES: Withholding = Withholding {
    kind: DocumentKind::Retencion,
    table: RETENCION,
    lines: RETENCION_ITEM,
    rate: "tipo_de_tasa_de_retencion",
    rates: "1, 2",
    total: "total_retenido",
    total_paid: "total_pagado",
    payment: "pago_total_sin_retencion",
    payment_date: "pago_fecha",
    amount: "importe_retenido",
    paid: "importe_pagado_con_retencion",
    comes_off: true,
    formula: &codes::WITHHELD,
    sum: &codes::WITHHELD_SUM,
};

/// Checks a comprobante de retención. `today` is a Lima date.
pub(crate) fn check_retencion(
    fields: &JsonObject,
    today: Date,
    known: &Known,
    findings: &mut Findings,
) -> TaxDocument {
    let percent = |number: u8| RetentionRate::from_nubefact(number).map(|it| it.percent);
    let document = check_withholding(&NAMES, percent, fields, today, known, findings);
    let section = Section::new(fields);
    let rate = section
        .small(NAMES.rate)
        .and_then(RetentionRate::from_nubefact);
    if let Some(rate) = rate {
        let late = |line: &Section<'_>| {
            let paid = line.date(NAMES.payment_date);
            paid.is_some_and(|day| !rate.is_in_force(day))
        };
        if section.list("items").iter().any(late) {
            findings
                .add(&codes::CATALOG, section.path(NAMES.rate))
                .as_severe_as(Severity::Observacion)
                .says(text!(
                    "la tasa de {} % no rige en la fecha de un pago",
                    "the rate of {} % is not in force on the day of a payment",
                    rate.percent.normalize()
                ))
                .advises(text!(
                    "desde el 01/03/2014 la tasa es 3 % (tipo 1); antes, 6 % (tipo 2)",
                    "from 2014-03-01 on the rate is 3 % (type 1); before, 6 % (type 2)"
                ));
        }
    }
    document
}
