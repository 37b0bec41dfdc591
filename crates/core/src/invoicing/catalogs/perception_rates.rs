//! Percents of percepción: catálogo 22, and NubeFact's `percepcion_tipo` and
//! `tipo_de_tasa_de_percepcion`.
//!
//! Sources: Ley 29173 (2 % in general, 1 % of fuel, 0.5 % special rate); NubeFact's manual v2.9 and
//! SUNAT's workbook, which number the three alike.

use rust_decimal::Decimal;

use super::hundredths;

/// One regime.
///
/// ```
/// use chaski_core::invoicing::catalogs::perception_rates::PerceptionRate;
/// let fuel = PerceptionRate::from_percent("1.00".parse()?).expect("a percent of the law");
/// assert_eq!((fuel.catalog, fuel.nubefact), ("02", 2));
/// # Ok::<(), rust_decimal::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PerceptionRate {
    /// SUNAT's code.
    pub catalog: &'static str,
    /// NubeFact's number.
    pub nubefact: u8,
    /// Percent of the price with IGV.
    pub percent: Decimal,
    /// Name in Spanish.
    pub name: &'static str,
}

/// Every regime.
pub const RATES: [PerceptionRate; 3] = [
    row("01", 1, 2_00, "venta interna"),
    row("02", 2, 1_00, "adquisición de combustible"),
    row("03", 3, 50, "tasa especial, agente con ambos regímenes"),
];

const fn row(
    catalog: &'static str,
    nubefact: u8,
    percent: u32,
    name: &'static str,
) -> PerceptionRate {
    PerceptionRate {
        catalog,
        nubefact,
        percent: hundredths(percent),
        name,
    }
}

impl PerceptionRate {
    /// By NubeFact's number.
    pub fn from_nubefact(number: u8) -> Option<PerceptionRate> {
        RATES.into_iter().find(|row| row.nubefact == number)
    }

    /// By the percent: 2, 1 or 0.5.
    pub fn from_percent(percent: Decimal) -> Option<PerceptionRate> {
        RATES.into_iter().find(|row| row.percent == percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_number_and_percent() {
        for row in RATES {
            assert_eq!(PerceptionRate::from_nubefact(row.nubefact), Some(row));
            assert_eq!(PerceptionRate::from_percent(row.percent), Some(row));
            assert_eq!(row.catalog, format!("0{}", row.nubefact));
        }
        assert_eq!(PerceptionRate::from_nubefact(4), None);
    }
}
