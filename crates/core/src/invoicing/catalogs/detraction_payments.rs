//! How a detracción is paid: catálogo 59, and NubeFact's `medio_de_pago_detraccion`.
//!
//! Source: NubeFact's manual v2.9, which gives both numbers.

/// One means of payment.
///
/// ```
/// use chaski_core::invoicing::catalogs::detraction_payments::DetractionPayment;
/// let deposit = DetractionPayment::from_catalog("001").expect("a code of SUNAT's");
/// assert_eq!((deposit.nubefact, deposit.name), (1, "depósito en cuenta"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct DetractionPayment {
    /// SUNAT's code, three digits.
    pub catalog: &'static str,
    /// NubeFact's number.
    pub nubefact: u8,
    /// Name in Spanish.
    pub name: &'static str,
}

/// Every means, in SUNAT's order.
pub const PAYMENTS: [DetractionPayment; 22] = [
    row("001", 1, "depósito en cuenta"),
    row("002", 2, "giro"),
    row("003", 3, "transferencia de fondos"),
    row("004", 4, "orden de pago"),
    row("005", 5, "tarjeta de débito"),
    row("006", 6, "tarjeta de crédito emitida en el país"),
    row("007", 7, "cheque no negociable"),
    row("008", 8, "efectivo, sin obligación de usar medio de pago"),
    row("009", 9, "efectivo, en los demás casos"),
    row("010", 10, "medios de pago usados en comercio exterior"),
    row(
        "011",
        11,
        "documentos de EDPYME y cooperativas de ahorro y crédito",
    ),
    row("012", 12, "tarjeta de crédito de una empresa no financiera"),
    row("013", 13, "tarjetas de crédito emitidas en el exterior"),
    row("101", 14, "transferencias, comercio exterior"),
    row("102", 15, "cheques bancarios, comercio exterior"),
    row("103", 16, "orden de pago simple, comercio exterior"),
    row("104", 17, "orden de pago documentaria, comercio exterior"),
    row("105", 18, "remesa simple, comercio exterior"),
    row("106", 19, "remesa documentaria, comercio exterior"),
    row("107", 20, "carta de crédito simple, comercio exterior"),
    row(
        "108",
        21,
        "carta de crédito documentaria, comercio exterior",
    ),
    row("999", 22, "otros medios de pago"),
];

const fn row(catalog: &'static str, nubefact: u8, name: &'static str) -> DetractionPayment {
    DetractionPayment {
        catalog,
        nubefact,
        name,
    }
}

impl DetractionPayment {
    /// By SUNAT's code, with or without leading zeros.
    pub fn from_catalog(code: &str) -> Option<DetractionPayment> {
        let code = format!("{code:0>3}");
        PAYMENTS.into_iter().find(|row| row.catalog == code)
    }

    /// By NubeFact's number.
    pub fn from_nubefact(number: u8) -> Option<DetractionPayment> {
        PAYMENTS.into_iter().find(|row| row.nubefact == number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_both_its_codes_and_none_is_missing() {
        for row in PAYMENTS {
            assert_eq!(DetractionPayment::from_catalog(row.catalog), Some(row));
            assert_eq!(DetractionPayment::from_nubefact(row.nubefact), Some(row));
        }
        for number in 1..=22 {
            assert!(
                DetractionPayment::from_nubefact(number).is_some(),
                "{number}"
            );
        }
        assert_eq!(DetractionPayment::from_nubefact(23), None);
    }
}
