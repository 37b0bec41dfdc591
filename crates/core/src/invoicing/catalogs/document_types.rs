//! Codes of the documents themselves: catálogo 01, and the letter their series begins with.
//!
//! Sources: SUNAT's annex 8, catálogo 01; NubeFact's manual v2.9 (F, B) and GRE manual v1.6 (T, V);
//! public descriptions of its retención and percepción manuals (R, P). The demo series are those
//! that every demo account has.

use crate::invoicing::DocumentKind;

/// Kind, code of catálogo 01, first letters of a series, name for people.
pub const TYPES: [(DocumentKind, &str, &[char], &str); 8] = [
    (DocumentKind::Factura, "01", &['F'], "factura"),
    (DocumentKind::Boleta, "03", &['B'], "boleta"),
    (
        DocumentKind::NotaCredito,
        "07",
        &['F', 'B'],
        "nota de crédito",
    ),
    (
        DocumentKind::NotaDebito,
        "08",
        &['F', 'B'],
        "nota de débito",
    ),
    (
        DocumentKind::GuiaRemitente,
        "09",
        &['T'],
        "guía de remisión remitente",
    ),
    (
        DocumentKind::GuiaTransportista,
        "31",
        &['V'],
        "guía de remisión transportista",
    ),
    (
        DocumentKind::Retencion,
        "20",
        &['R'],
        "comprobante de retención",
    ),
    (
        DocumentKind::Percepcion,
        "40",
        &['P'],
        "comprobante de percepción",
    ),
];

/// The series that every demo account of NubeFact has open.
pub const DEMO_SERIES: [&str; 6] = ["FFF1", "BBB1", "TTT1", "VVV1", "RRR1", "PPP1"];

/// SUNAT's code. `None` for voids and reversals, which are no documents of their own.
///
/// ```
/// use chaski_core::invoicing::DocumentKind;
/// use chaski_core::invoicing::catalogs::document_types;
/// assert_eq!(document_types::code(DocumentKind::Boleta), Some("03"));
/// assert_eq!(document_types::kind("20"), Some(DocumentKind::Retencion));
/// assert_eq!(document_types::letters(DocumentKind::GuiaTransportista), &['V']);
/// ```
pub fn code(kind: DocumentKind) -> Option<&'static str> {
    let (_, code, ..) = TYPES.iter().find(|row| row.0 == kind)?;
    Some(code)
}

/// The kind of a code.
pub fn kind(code: &str) -> Option<DocumentKind> {
    let (kind, ..) = TYPES.iter().find(|row| row.1 == code)?;
    Some(*kind)
}

/// The letters that a series of this kind may begin with; a note's follows its document. Voids and
/// reversals have no series of their own.
pub fn letters(kind: DocumentKind) -> &'static [char] {
    let row = TYPES.iter().find(|row| row.0 == kind);
    row.map_or(&[], |row| row.2)
}

/// The name for people, in Spanish. `None` for voids and reversals.
pub fn name(kind: DocumentKind) -> Option<&'static str> {
    let (.., name) = TYPES.iter().find(|row| row.0 == kind)?;
    Some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_its_code_and_has_a_demo_series() {
        for (row, its_code, its_letters, its_name) in TYPES {
            assert_eq!((kind(its_code), code(row)), (Some(row), Some(its_code)));
            assert_eq!((letters(row), name(row)), (its_letters, Some(its_name)));
            assert!(
                DEMO_SERIES
                    .iter()
                    .any(|series| series.starts_with(its_letters))
            );
        }
        assert_eq!(code(DocumentKind::Anulacion), None);
        let issued = DocumentKind::ALL
            .into_iter()
            .filter(|it| code(*it).is_some());
        assert_eq!(issued.count(), TYPES.len());
    }
}
