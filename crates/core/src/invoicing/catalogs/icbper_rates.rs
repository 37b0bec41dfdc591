//! ICBPER, the tax on each plastic bag, in soles, by date.
//!
//! Source: Ley 30884, art. 12, in force from 2019-08-01; it rises until 2023 and stays. SUNAT
//! checks the rate in soles only (observation 4237).

use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use super::hundredths;

/// First date of each tariff, and soles per bag.
pub const RATES: [(Date, Decimal); 5] = [
    (date(2019, 8, 1), hundredths(10)),
    (date(2020, 1, 1), hundredths(20)),
    (date(2021, 1, 1), hundredths(30)),
    (date(2022, 1, 1), hundredths(40)),
    (date(2023, 1, 1), hundredths(50)),
];

/// Soles per bag on a date of issue; `None` before the tax began.
///
/// ```
/// use chaski_core::invoicing::catalogs::icbper_rates;
/// let rate = icbper_rates::on(jiff::civil::date(2026, 11, 27));
/// assert_eq!(rate, Some("0.50".parse()?));
/// # Ok::<(), rust_decimal::Error>(())
/// ```
pub fn on(day: Date) -> Option<Decimal> {
    let (_, rate) = RATES.iter().rev().find(|(from, _)| *from <= day)?;
    Some(*rate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_order_and_each_year_has_its_own() {
        assert!(RATES.is_sorted_by(|a, b| a.0 < b.0));
        assert_eq!(on(date(2019, 7, 31)), None);
        for (year, rate) in [
            (2019, 10),
            (2020, 20),
            (2021, 30),
            (2022, 40),
            (2023, 50),
            (2030, 50),
        ] {
            assert_eq!(on(date(year, 12, 31)), Some(hundredths(rate)), "{year}");
        }
    }
}
