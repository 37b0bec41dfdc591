//! Goods and services subject to detracción: catálogo 54, NubeFact's `detraccion_tipo`, and the
//! percent that is usual, by date.
//!
//! Sources of the codes: NubeFact's manual v2.9; 044 and 045 SUNAT's workbook (from 2025-04-01).
//! Sources of the percents: RS 183-2004/SUNAT, annexes 1 to 3, as changed by RS 343-2014 (from
//! 2015-01-01) and RS 071-2018 (12 % from 2018-04-01 for 012, 020, 022 and 037); RS 266-2004 for
//! 002, RS 073-2006 for 027. SUNAT does not check the percent, the rate of a good may depend on who
//! sells it, and tables in circulation differ (012, 019, 022 and 037 are 10 % in one, 12 % in
//! another): the percent here is what to propose, never a reason to refuse.

use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use super::hundredths;

/// One good or service.
///
/// ```
/// use chaski_core::invoicing::catalogs::detraction_goods::DetractionGood;
/// let services = DetractionGood::from_catalog("037").expect("a code of SUNAT's");
/// assert_eq!(services.nubefact, 35);
/// let usual = services.usual_percent(jiff::civil::date(2026, 11, 27));
/// assert_eq!(usual, Some("12".parse()?));
/// # Ok::<(), rust_decimal::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DetractionGood {
    /// SUNAT's code, three digits.
    pub catalog: &'static str,
    /// NubeFact's `detraccion_tipo`.
    pub nubefact: u8,
    /// Name in Spanish.
    pub name: &'static str,
    /// Usual percents, each from its date on, oldest first; empty where an amount is fixed.
    pub percents: &'static [(Date, Decimal)],
}

/// Every code that NubeFact takes, in SUNAT's order.
pub const GOODS: [DetractionGood; 39] = [
    row(
        "001",
        1,
        "azúcar y melaza de caña",
        &[since(2018, 4, 1, 10_00)],
    ),
    row("002", 2, "arroz pilado", &[since(2018, 4, 1, 3_85)]),
    row("003", 3, "alcohol etílico", &[since(2018, 4, 1, 10_00)]),
    row(
        "004",
        4,
        "recursos hidrobiológicos",
        &[since(2018, 4, 1, 4_00)],
    ),
    row("005", 5, "maíz amarillo duro", &[since(2018, 4, 1, 4_00)]),
    row("007", 7, "caña de azúcar", &[since(2018, 4, 1, 10_00)]),
    row("008", 8, "madera", &[since(2018, 4, 1, 4_00)]),
    row("009", 9, "arena y piedra", &[since(2018, 4, 1, 10_00)]),
    row(
        "010",
        10,
        "residuos, subproductos, desechos, recortes y desperdicios",
        &[since(2018, 4, 1, 15_00)],
    ),
    row(
        "011",
        11,
        "bienes gravados con el IGV, o renuncia a la exoneración",
        &[since(2018, 4, 1, 10_00)],
    ),
    row(
        "012",
        12,
        "intermediación laboral y tercerización",
        &[since(2015, 1, 1, 10_00), since(2018, 4, 1, 12_00)],
    ),
    row("013", 40, "animales vivos", &[since(2018, 4, 1, 4_00)]),
    row(
        "014",
        13,
        "carnes y despojos comestibles",
        &[since(2018, 4, 1, 4_00)],
    ),
    row(
        "015",
        41,
        "abonos, cueros y pieles de origen animal",
        &[since(2018, 4, 1, 4_00)],
    ),
    row("016", 14, "aceite de pescado", &[since(2018, 4, 1, 10_00)]),
    row(
        "017",
        15,
        "harina, polvo y pellets de pescado",
        &[since(2018, 4, 1, 4_00)],
    ),
    row(
        "019",
        17,
        "arrendamiento de bienes muebles",
        &[since(2018, 4, 1, 10_00)],
    ),
    row(
        "020",
        18,
        "mantenimiento y reparación de bienes muebles",
        &[since(2015, 1, 1, 10_00), since(2018, 4, 1, 12_00)],
    ),
    row(
        "021",
        19,
        "movimiento de carga",
        &[since(2018, 4, 1, 10_00)],
    ),
    row(
        "022",
        20,
        "otros servicios empresariales",
        &[since(2015, 1, 1, 10_00), since(2018, 4, 1, 12_00)],
    ),
    row("023", 21, "leche", &[since(2018, 4, 1, 4_00)]),
    row("024", 22, "comisión mercantil", &[since(2018, 4, 1, 10_00)]),
    row(
        "025",
        23,
        "fabricación de bienes por encargo",
        &[since(2018, 4, 1, 10_00)],
    ),
    row(
        "026",
        24,
        "servicio de transporte de personas",
        &[since(2018, 4, 1, 10_00)],
    ),
    row(
        "027",
        25,
        "servicio de transporte de carga",
        &[since(2018, 4, 1, 4_00)],
    ),
    row("028", 26, "transporte público de pasajeros", &[]),
    row(
        "030",
        28,
        "contratos de construcción",
        &[since(2018, 4, 1, 4_00)],
    ),
    row(
        "031",
        29,
        "oro gravado con el IGV",
        &[since(2018, 4, 1, 10_00)],
    ),
    row(
        "032",
        30,
        "páprika y otros frutos del género capsicum o pimienta",
        &[since(2018, 4, 1, 10_00)],
    ),
    row(
        "034",
        32,
        "minerales metálicos no auríferos",
        &[since(2018, 4, 1, 10_00)],
    ),
    row(
        "035",
        33,
        "bienes exonerados del IGV",
        &[since(2018, 4, 1, 1_50)],
    ),
    row(
        "036",
        34,
        "oro y demás minerales metálicos exonerados del IGV",
        &[since(2018, 4, 1, 1_50)],
    ),
    row(
        "037",
        35,
        "demás servicios gravados con el IGV",
        &[since(2015, 1, 1, 10_00), since(2018, 4, 1, 12_00)],
    ),
    row(
        "039",
        37,
        "minerales no metálicos",
        &[since(2018, 4, 1, 10_00)],
    ),
    row(
        "040",
        38,
        "bien inmueble gravado con el IGV",
        &[since(2018, 4, 1, 4_00)],
    ),
    row("041", 39, "plomo", &[since(2018, 4, 1, 15_00)]),
    row(
        "044",
        43,
        "beneficio de minerales metálicos gravado con el IGV",
        &[since(2025, 4, 1, 12_00)],
    ),
    row(
        "045",
        44,
        "minerales de oro y sus concentrados gravados con el IGV",
        &[since(2025, 4, 1, 10_00)],
    ),
    row("099", 42, "Ley 30737", &[since(2018, 3, 12, 8_00)]),
];

const fn row(
    catalog: &'static str,
    nubefact: u8,
    name: &'static str,
    percents: &'static [(Date, Decimal)],
) -> DetractionGood {
    DetractionGood {
        catalog,
        nubefact,
        name,
        percents,
    }
}

const fn since(year: i16, month: i8, day: i8, percent: u32) -> (Date, Decimal) {
    (date(year, month, day), hundredths(percent))
}

impl DetractionGood {
    /// By SUNAT's code, with or without leading zeros.
    pub fn from_catalog(code: &str) -> Option<DetractionGood> {
        let code = format!("{code:0>3}");
        GOODS.into_iter().find(|row| row.catalog == code)
    }

    /// By NubeFact's number.
    pub fn from_nubefact(number: u8) -> Option<DetractionGood> {
        GOODS.into_iter().find(|row| row.nubefact == number)
    }

    /// The usual percent on a date of issue. `None` where an amount is fixed instead, and for dates
    /// before the first one that is known.
    pub fn usual_percent(self, day: Date) -> Option<Decimal> {
        let (_, percent) = self.percents.iter().rev().find(|(from, _)| *from <= day)?;
        Some(*percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_both_its_codes() {
        for row in GOODS {
            assert_eq!(DetractionGood::from_catalog(row.catalog), Some(row));
            assert_eq!(DetractionGood::from_nubefact(row.nubefact), Some(row));
            assert!(
                row.percents.is_sorted_by(|a, b| a.0 < b.0),
                "{}",
                row.catalog
            );
        }
        assert!(GOODS.is_sorted_by(|a, b| a.catalog < b.catalog));
    }

    #[test]
    fn the_numbers_of_the_manual_are_all_there() {
        let gaps = [6, 16, 27, 31, 36];
        for number in (1..=44).filter(|number| !gaps.contains(number)) {
            assert!(DetractionGood::from_nubefact(number).is_some(), "{number}");
        }
        for number in gaps {
            assert!(DetractionGood::from_nubefact(number).is_none(), "{number}");
        }
    }

    #[test]
    fn services_went_from_ten_to_twelve() {
        let services = DetractionGood::from_catalog("22").unwrap();
        let on = |day| services.usual_percent(day);
        assert_eq!(on(date(2018, 3, 31)), Some(hundredths(10_00)));
        assert_eq!(on(date(2018, 4, 1)), Some(hundredths(12_00)));
        let passengers = DetractionGood::from_catalog("028").unwrap();
        assert_eq!(passengers.usual_percent(date(2026, 1, 1)), None);
    }
}
