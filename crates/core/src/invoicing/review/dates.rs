//! The day of issue, in Lima's days.

use jiff::civil::Date;

use super::super::catalogs::deadlines;
use super::super::codes;
use super::super::finding::Findings;
use super::super::known::{DatePolicy, Known};
use super::super::sale::Sale;
use crate::{Severity, text};

pub(super) fn review(sale: &Sale, today: Date, known: &Known, findings: &mut Findings) {
    let Some(age) = sale.days_until(today) else {
        return;
    };
    let expected = today.strftime("%d-%m-%Y");
    if age < 0 {
        findings
            .add(&codes::DATE_FUTURE, "fecha_de_emision")
            .expected(&expected);
    } else if age > deadlines::TO_ISSUE {
        findings
            .add(&codes::DATE_OLD, "fecha_de_emision")
            .expected(&expected);
    } else if age > 0 {
        let finding = findings
            .add(&codes::DATE, "fecha_de_emision")
            .expected(&expected);
        if known.dates == DatePolicy::TodayOnly {
            finding.as_severe_as(Severity::Error);
        }
    }
    if let (Some(due), Some(issued)) = (sale.day("fecha_de_vencimiento"), sale.fecha)
        && due < issued
    {
        findings
            .add(&codes::DATE, "fecha_de_vencimiento")
            .as_severe_as(Severity::Error)
            .says(text!(
                "el vencimiento es anterior a la emisión",
                "it is due before it is issued"
            ))
            .advises(text!(
                "corrija la fecha de vencimiento",
                "correct the day on which it is due"
            ));
    }
}
