//! Why goods are moved: catálogo 20, `motivo_de_traslado` of a guía remitente.
//!
//! Source: NubeFact's GRE manual v1.6, which takes SUNAT's codes as they are.

/// One reason, and what it asks for.
///
/// ```
/// use chaski_core::invoicing::catalogs::transfer_reasons::TransferReason;
/// let own = TransferReason::from_code("04").expect("a known code");
/// assert!(own.needs_establishments && !own.needs_customs);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct TransferReason {
    /// The code.
    pub code: &'static str,
    /// Name in Spanish.
    pub name: &'static str,
    /// Both points need the code of their establishment.
    pub needs_establishments: bool,
    /// A customs declaration is named, and each line bears its number.
    pub needs_customs: bool,
}

/// Every reason.
pub const REASONS: [TransferReason; 13] = [
    row("01", "venta", false, false),
    row("02", "compra", false, false),
    row("03", "venta con entrega a terceros", false, false),
    row(
        "04",
        "traslado entre establecimientos de la misma empresa",
        true,
        false,
    ),
    row("05", "consignación", false, false),
    row("06", "devolución", false, false),
    row("07", "recojo de bienes transformados", false, false),
    row("08", "importación", false, true),
    row("09", "exportación", false, true),
    row("13", "otros", false, false),
    row(
        "14",
        "venta sujeta a confirmación del comprador",
        false,
        false,
    ),
    row("17", "traslado de bienes para transformación", false, false),
    row(
        "18",
        "traslado emisor itinerante de comprobantes de pago",
        true,
        false,
    ),
];

const fn row(
    code: &'static str,
    name: &'static str,
    needs_establishments: bool,
    needs_customs: bool,
) -> TransferReason {
    TransferReason {
        code,
        name,
        needs_establishments,
        needs_customs,
    }
}

impl TransferReason {
    /// By the code of two digits.
    pub fn from_code(code: &str) -> Option<TransferReason> {
        REASONS.into_iter().find(|row| row.code == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(REASONS.is_sorted_by(|a, b| a.code < b.code));
        for row in REASONS {
            assert_eq!(TransferReason::from_code(row.code), Some(row));
        }
        assert_eq!(TransferReason::from_code("1"), None);
    }
}
