//! Amounts from which something changes, in soles, and bounds of what is checked.
//!
//! Sources: Reglamento de Comprobantes de Pago, art. 8 (a boleta over S/ 700.00 names its buyer:
//! 2514, 2396); RS 037-2002 and RS 183-2004 (S/ 700.00); RS 073-2006 (transport of cargo: S/ 400.00);
//! SUNAT's workbook (3111: a base of up to 0.06 may bear IGV 0.00).

use rust_decimal::Decimal;

use super::hundredths;

/// Whole soles.
const fn soles(number: u32) -> Decimal {
    hundredths(number * 100)
}

/// A boleta of more than this names its buyer.
pub const BOLETA_WITHOUT_IDENTITY: Decimal = soles(700);
/// Sales of up to this are not subject to detracción (annexes 2 and 3).
pub const DETRACTION: Decimal = soles(700);
/// The same for the transport of cargo.
pub const DETRACTION_OF_CARGO: Decimal = soles(400);
/// Payments of up to this are not subject to retención.
pub const RETENTION: Decimal = soles(700);
/// A taxed base of up to this may bear no IGV.
pub const BASE_WITHOUT_IGV: Decimal = hundredths(6);
/// A cent.
pub const CENT: Decimal = hundredths(1);
/// One sol: SUNAT's tolerance in most of its sums.
pub const SOL: Decimal = hundredths(1_00);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_what_the_rules_say() {
        let text = [
            BOLETA_WITHOUT_IDENTITY,
            DETRACTION_OF_CARGO,
            BASE_WITHOUT_IGV,
            CENT,
            SOL,
        ]
        .map(|amount| amount.to_string());
        assert_eq!(text, ["700.00", "400.00", "0.06", "0.01", "1.00"]);
        assert_eq!(
            (DETRACTION, RETENTION),
            (BOLETA_WITHOUT_IDENTITY, BOLETA_WITHOUT_IDENTITY)
        );
    }
}
