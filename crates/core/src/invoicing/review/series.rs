//! The series: of the right kind, and open.

use super::super::codes::{self, InvoiceCode};
use super::super::finding::Findings;
use super::super::kind::DocumentKind;
use super::super::known::Known;
use super::super::sale::Sale;
use crate::text;

pub(super) fn review(sale: &Sale, known: &Known, findings: &mut Findings) {
    let Some(serie) = sale.text("serie") else {
        return;
    };
    let open = known.series.as_ref();
    let first = known.first_series(sale.kind, |_| true);
    // A series that can never be one of this kind is told once: that it is not open is no news.
    if let Some(code) = wrong_letter(sale, serie) {
        let finding = findings.add(code, "serie");
        match first {
            Some(right) if code.codigo == codes::SERIES_KIND.codigo => finding.expected(right),
            _ => finding,
        };
        return;
    }
    if note_spelling(serie, findings) {
        return;
    }
    let Some(open) = open.filter(|open| !open.contains(&(sale.kind, serie.to_owned()))) else {
        return;
    };
    let of_another = open.iter().find(|(_, name)| name == serie);
    let finding = match of_another {
        Some((kind, _)) => {
            let kind = kind.as_str();
            findings.add(&codes::SERIES_KIND, "serie").says(text!(
                "la serie {serie} está abierta para {kind}",
                "the series {serie} is open for {kind}"
            ))
        }
        None => findings.add(&codes::SERIES, "serie"),
    };
    if let Some(right) = first {
        finding.expected(right);
    }
}

/// Whether anything but upper case and digits is in it, which is told.
fn note_spelling(serie: &str, findings: &mut Findings) -> bool {
    let is_plain = |c: char| c.is_ascii_digit() || c.is_ascii_uppercase();
    let is_wrong = !serie.chars().all(is_plain);
    if is_wrong {
        findings
            .add(&codes::SERIES_KIND, "serie")
            .expected(serie.to_uppercase())
            .says(text!(
                "la serie lleva mayúsculas y dígitos",
                "a series has upper case and digits"
            ));
    }
    is_wrong
}

/// F of facturas, B of boletas, and the same of the notes on them. In a contingency printed series
/// begin with a digit.
fn wrong_letter(sale: &Sale, serie: &str) -> Option<&'static InvoiceCode> {
    let first = serie.chars().next().unwrap_or(' ').to_ascii_uppercase();
    if first.is_ascii_digit() {
        return None;
    }
    match (sale.kind, sale.on_boleta) {
        (DocumentKind::Factura, _) => (first != 'F').then_some(&codes::SERIES_KIND),
        (DocumentKind::Boleta, _) => (first != 'B').then_some(&codes::SERIES_KIND),
        (_, true) if first == 'F' => Some(&codes::NOTE_ON_BOLETA),
        (_, false) if first == 'B' => Some(&codes::NOTE_ON_FACTURA),
        _ => (first != 'F' && first != 'B').then_some(&codes::SERIES_KIND),
    }
}
