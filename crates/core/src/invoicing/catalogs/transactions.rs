//! Kinds of operation: NubeFact's `sunat_transaction`, with SUNAT's code of catálogo 51.
//!
//! Sources: NubeFact's manual v2.9; SUNAT's workbook (1001 to 1004: detracción; 2001: percepción;
//! 0101, 0200, 0401 of annex 8). 3, 5 to 8 and 10 to 13 stood in manuals before 2019 and are gone.

/// One kind of operation.
///
/// ```
/// use chaski_core::invoicing::catalogs::transactions::SunatTransaction;
/// let kind = SunatTransaction::from_nubefact(30).expect("a known number");
/// assert!(kind.is_detraction());
/// assert_eq!(kind.catalog, Some("1001"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct SunatTransaction {
    /// NubeFact's number.
    pub number: u8,
    /// SUNAT's code of catálogo 51, where it is established.
    pub catalog: Option<&'static str>,
    /// Name in Spanish.
    pub name: &'static str,
}

/// Every kind that NubeFact takes today.
pub const TRANSACTIONS: [SunatTransaction; 10] = [
    row(1, Some("0101"), "venta interna"),
    row(2, Some("0200"), "exportación"),
    row(4, Some("0101"), "venta interna, anticipos"),
    row(
        29,
        Some("0401"),
        "ventas a no domiciliados que no son exportación",
    ),
    row(30, Some("1001"), "operación sujeta a detracción"),
    row(31, Some("1002"), "detracción, recursos hidrobiológicos"),
    row(32, Some("1003"), "detracción, transporte de pasajeros"),
    row(33, Some("1004"), "detracción, transporte de carga"),
    row(34, Some("2001"), "operación sujeta a percepción"),
    row(35, None, "venta nacional a turistas, tax free"),
];

/// Numbers of manuals before 2019.
pub const OBSOLETE: [u8; 9] = [3, 5, 6, 7, 8, 10, 11, 12, 13];

const fn row(number: u8, catalog: Option<&'static str>, name: &'static str) -> SunatTransaction {
    SunatTransaction {
        number,
        catalog,
        name,
    }
}

impl SunatTransaction {
    /// Ordinary sale.
    pub const SALE: SunatTransaction = TRANSACTIONS[0];
    /// Export: every line is `tipo_de_igv` 16.
    pub const EXPORT: SunatTransaction = TRANSACTIONS[1];
    /// Payment in advance.
    pub const ADVANCE: SunatTransaction = TRANSACTIONS[2];
    /// Detracción in general.
    pub const DETRACTION: SunatTransaction = TRANSACTIONS[4];
    /// Percepción.
    pub const PERCEPTION: SunatTransaction = TRANSACTIONS[8];
    /// Sale to tourists, tax free.
    pub const TAX_FREE: SunatTransaction = TRANSACTIONS[9];

    /// By NubeFact's number.
    pub fn from_nubefact(number: u8) -> Option<SunatTransaction> {
        TRANSACTIONS.into_iter().find(|row| row.number == number)
    }

    /// Whether a detracción is deposited: its code and account are mandatory then (3127, 3034).
    pub fn is_detraction(self) -> bool {
        (30..=33).contains(&self.number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_unique_and_none_is_obsolete() {
        for row in TRANSACTIONS {
            assert_eq!(SunatTransaction::from_nubefact(row.number), Some(row));
            assert!(!OBSOLETE.contains(&row.number));
        }
        for (row, number) in [
            (SunatTransaction::SALE, 1),
            (SunatTransaction::EXPORT, 2),
            (SunatTransaction::ADVANCE, 4),
            (SunatTransaction::DETRACTION, 30),
            (SunatTransaction::PERCEPTION, 34),
            (SunatTransaction::TAX_FREE, 35),
        ] {
            assert_eq!(row.number, number);
        }
    }
}
