//! Documents that another one names: in a guía, in a retención or percepción, and the customs
//! declarations of an import or export.
//!
//! Sources: NubeFact's GRE manual v1.6 (01, 03, 09, 31; 50 and 52 with the regimes 10, 18 and 40 in
//! the number); public descriptions of its retención and percepción manuals (01, 03, 07, 08).

/// One kind of document.
///
/// ```
/// use chaski_core::invoicing::catalogs::related_documents::RelatedDocument;
/// let note = RelatedDocument::from_code("07").expect("a known code");
/// assert!(note.in_withholdings && !note.in_guias);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct RelatedDocument {
    /// SUNAT's code (catálogo 01, customs: catálogo 61).
    pub code: &'static str,
    /// Name in Spanish.
    pub name: &'static str,
    /// In `documento_relacionado` of a guía.
    pub in_guias: bool,
    /// In `items` of a retención or percepción.
    pub in_withholdings: bool,
    /// In `documento_relacionado_codigo` of a guía, motivos 08 and 09.
    pub is_customs: bool,
}

/// Every kind.
pub const DOCUMENTS: [RelatedDocument; 8] = [
    row("01", "factura", true, true, false),
    row("03", "boleta de venta", true, true, false),
    row("07", "nota de crédito", false, true, false),
    row("08", "nota de débito", false, true, false),
    row("09", "guía de remisión remitente", true, false, false),
    row("31", "guía de remisión transportista", true, false, false),
    row(
        "50",
        "declaración aduanera de mercancías (DAM)",
        false,
        false,
        true,
    ),
    row("52", "declaración simplificada (DS)", false, false, true),
];

const fn row(
    code: &'static str,
    name: &'static str,
    in_guias: bool,
    in_withholdings: bool,
    is_customs: bool,
) -> RelatedDocument {
    RelatedDocument {
        code,
        name,
        in_guias,
        in_withholdings,
        is_customs,
    }
}

impl RelatedDocument {
    /// By the code of two digits.
    pub fn from_code(code: &str) -> Option<RelatedDocument> {
        DOCUMENTS.into_iter().find(|row| row.code == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_each_has_a_place() {
        assert!(DOCUMENTS.is_sorted_by(|a, b| a.code < b.code));
        for row in DOCUMENTS {
            assert_eq!(RelatedDocument::from_code(row.code), Some(row));
            assert_eq!(row.is_customs, !row.in_guias && !row.in_withholdings);
        }
    }
}
