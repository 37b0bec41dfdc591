//! Why a note is issued: catálogo 09 (crédito) and 10 (débito), with NubeFact's numbers.
//!
//! Sources: SUNAT's annex 8; NubeFact's manual v2.9. The two lists number IVAP and export the other
//! way round: 11 is export at SUNAT and IVAP at NubeFact, 12 the reverse; in notes of débito they
//! are 11 and 12 at SUNAT, 5 and 4 at NubeFact.

/// Which of the two notes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoteKind {
    /// Nota de crédito.
    Credit,
    /// Nota de débito.
    Debit,
}

/// One reason.
///
/// ```
/// use chaski_core::invoicing::catalogs::note_reasons::{NoteKind, NoteReason};
/// let export = NoteReason::from_catalog(NoteKind::Credit, "11").expect("a code of SUNAT's");
/// assert_eq!((export.nubefact, export.name), (12, "ajustes de operaciones de exportación"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct NoteReason {
    /// Credit or debit.
    pub kind: NoteKind,
    /// SUNAT's code.
    pub catalog: &'static str,
    /// NubeFact's `tipo_de_nota_de_credito` or `tipo_de_nota_de_debito`.
    pub nubefact: u8,
    /// Name in Spanish.
    pub name: &'static str,
}

use NoteKind::{Credit, Debit};

/// Every reason, those of credit first.
pub const REASONS: [NoteReason; 18] = [
    row(Credit, "01", 1, "anulación de la operación"),
    row(Credit, "02", 2, "anulación por error en el RUC"),
    row(Credit, "03", 3, "corrección por error en la descripción"),
    row(Credit, "04", 4, "descuento global"),
    row(Credit, "05", 5, "descuento por ítem"),
    row(Credit, "06", 6, "devolución total"),
    row(Credit, "07", 7, "devolución por ítem"),
    row(Credit, "08", 8, "bonificación"),
    row(Credit, "09", 9, "disminución en el valor"),
    row(Credit, "10", 10, "otros conceptos"),
    row(Credit, "11", 12, "ajustes de operaciones de exportación"),
    row(Credit, "12", 11, "ajustes afectos al IVAP"),
    row(Credit, "13", 13, "ajustes de montos y/o fechas de pago"),
    row(Debit, "01", 1, "intereses por mora"),
    row(Debit, "02", 2, "aumento en el valor"),
    row(Debit, "03", 3, "penalidades"),
    row(Debit, "11", 5, "ajustes de operaciones de exportación"),
    row(Debit, "12", 4, "ajustes afectos al IVAP"),
];

const fn row(
    kind: NoteKind,
    catalog: &'static str,
    nubefact: u8,
    name: &'static str,
) -> NoteReason {
    NoteReason {
        kind,
        catalog,
        nubefact,
        name,
    }
}

impl NoteReason {
    /// By SUNAT's code, with or without its leading zero.
    pub fn from_catalog(kind: NoteKind, code: &str) -> Option<NoteReason> {
        let code = format!("{code:0>2}");
        let mut all = REASONS.into_iter();
        all.find(|row| row.kind == kind && row.catalog == code)
    }

    /// By NubeFact's number.
    pub fn from_nubefact(kind: NoteKind, number: u8) -> Option<NoteReason> {
        let mut all = REASONS.into_iter();
        all.find(|row| row.kind == kind && row.nubefact == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_both_its_codes() {
        for row in REASONS {
            assert_eq!(NoteReason::from_catalog(row.kind, row.catalog), Some(row));
            assert_eq!(NoteReason::from_nubefact(row.kind, row.nubefact), Some(row));
        }
    }

    #[test]
    fn the_numbers_of_the_manual_are_all_there() {
        for number in 1..=13 {
            assert!(
                NoteReason::from_nubefact(Credit, number).is_some(),
                "{number}"
            );
        }
        for number in 1..=5 {
            assert!(
                NoteReason::from_nubefact(Debit, number).is_some(),
                "{number}"
            );
        }
        assert_eq!(NoteReason::from_nubefact(Debit, 6), None);
        assert_eq!(
            NoteReason::from_catalog(Credit, "7").map(|row| row.nubefact),
            Some(7)
        );
    }
}
