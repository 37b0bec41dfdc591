//! What else is to be said of a transport: `sunat_envio_indicador` of a guía.
//!
//! Source: NubeFact's GRE manual v1.6: 01 to 05 in guías of the carrier, 04 to 06 in those of the
//! sender.

/// One indicator.
///
/// ```
/// use chaski_core::invoicing::catalogs::shipment_indicators::ShipmentIndicator;
/// let third = ShipmentIndicator::from_code("03").expect("a known code");
/// assert!(third.for_carrier && !third.for_sender);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ShipmentIndicator {
    /// The code.
    pub code: &'static str,
    /// Name in Spanish.
    pub name: &'static str,
    /// Allowed in a guía remitente.
    pub for_sender: bool,
    /// Allowed in a guía transportista.
    pub for_carrier: bool,
}

/// Every indicator.
pub const INDICATORS: [ShipmentIndicator; 6] = [
    row("01", "pagador del flete: remitente", false, true),
    row("02", "pagador del flete: subcontratador", false, true),
    row("03", "pagador del flete: tercero", false, true),
    row("04", "retorno de vehículo con envases vacíos", true, true),
    row("05", "retorno de vehículo vacío", true, true),
    row(
        "06",
        "traslado en vehículo de categoría M1 o L",
        true,
        false,
    ),
];

const fn row(
    code: &'static str,
    name: &'static str,
    for_sender: bool,
    for_carrier: bool,
) -> ShipmentIndicator {
    ShipmentIndicator {
        code,
        name,
        for_sender,
        for_carrier,
    }
}

impl ShipmentIndicator {
    /// By the code of two digits.
    pub fn from_code(code: &str) -> Option<ShipmentIndicator> {
        INDICATORS.into_iter().find(|row| row.code == code)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_unique_and_each_belongs_to_a_guia() {
        assert!(INDICATORS.is_sorted_by(|a, b| a.code < b.code));
        for row in INDICATORS {
            assert_eq!(ShipmentIndicator::from_code(row.code), Some(row));
            assert!(row.for_sender || row.for_carrier);
        }
        assert_eq!(ShipmentIndicator::from_code("07"), None);
    }
}
