//! The series: of the right kind, and open.

use super::super::codes;
use super::super::finding::Findings;
use super::super::kind::DocumentKind;
use super::super::known::Known;
use super::super::sale::Sale;
use crate::text;

pub(super) fn review(sale: &Sale, known: &Known, findings: &mut Findings) {
    let Some(serie) = sale.text("serie") else {
        return;
    };
    review_letter(sale, serie, findings);
    let Some(open) = &known.series else {
        return;
    };
    if open.contains(&(sale.kind, serie.to_owned())) {
        return;
    }
    let of_another = open.iter().find(|(_, name)| name == serie);
    let first = open.iter().find(|(kind, _)| *kind == sale.kind);
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
    if let Some((_, right)) = first {
        finding.expected(right);
    }
}

/// F of facturas, B of boletas, and the same of the notes on them. In a contingency printed series
/// begin with a digit.
fn review_letter(sale: &Sale, serie: &str, findings: &mut Findings) {
    let first = serie.chars().next().unwrap_or(' ');
    if serie
        .chars()
        .any(|c| !c.is_ascii_digit() && !c.is_ascii_uppercase())
    {
        findings
            .add(&codes::SERIES_KIND, "serie")
            .expected(serie.to_uppercase())
            .says(text!(
                "la serie lleva mayúsculas y dígitos",
                "a series has upper case and digits"
            ));
        return;
    }
    if first.is_ascii_digit() {
        return;
    }
    let wrong = match (sale.kind, sale.on_boleta) {
        (DocumentKind::Factura, _) => (first != 'F').then_some(&codes::SERIES_KIND),
        (DocumentKind::Boleta, _) => (first != 'B').then_some(&codes::SERIES_KIND),
        (_, true) if first == 'F' => Some(&codes::NOTE_ON_BOLETA),
        (_, false) if first == 'B' => Some(&codes::NOTE_ON_FACTURA),
        _ => (first != 'F' && first != 'B').then_some(&codes::SERIES_KIND),
    };
    if let Some(code) = wrong {
        findings.add(code, "serie");
    }
}
