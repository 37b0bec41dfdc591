//! IGV by date and regime (IGV and IPM together, as the XML carries them), and IVAP.
//!
//! Sources: Ley 29666 (18 % from 2011-03-01); Ley 31556 with Ley 32219 (restaurants, hotels and
//! tourist lodgings that are micro or small enterprises: 8 % IGV from 2022-09-01, 12 % in 2027);
//! Ley 32387 (IPM rises by 0.5 a year from 2026 to 2029, IGV falls as much); SUNAT's workbook of
//! validations, change log of 2026-02-09 (10.50 % in force). The 15 % of 2027 follows from the two
//! laws and is stated by one public project; SUNAT has not published it yet. IVAP: Ley 28211, 4 %.

use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use super::hundredths;

/// Under which rule an issuer's sales are taxed.
///
/// ```
/// use chaski_core::invoicing::catalogs::igv_rates::{self, IgvRegime};
/// let day = jiff::civil::date(2026, 11, 27);
/// assert_eq!(igv_rates::on(day, IgvRegime::General), Some("18".parse()?));
/// assert_eq!(igv_rates::on(day, IgvRegime::RestaurantOrHotel), Some("10.5".parse()?));
/// # Ok::<(), rust_decimal::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum IgvRegime {
    /// Everybody else.
    #[default]
    General,
    /// Micro and small enterprises of the register of Ley 31556: restaurants, hotels, lodgings.
    RestaurantOrHotel,
}

/// A rate and the day from which it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct IgvRate {
    /// First Lima date of issue that bears it.
    pub from: Date,
    /// The general percent.
    pub general: Decimal,
    /// The percent of restaurants and hotels in the register; the general one where there was, or
    /// will be, no special one.
    pub restaurant_or_hotel: Decimal,
}

/// Percent of the IVAP, the tax on the first sale of milled rice.
pub const IVAP: Decimal = hundredths(4_00);

/// Every rate since the general one became 18 %, oldest first.
pub const RATES: [IgvRate; 5] = [
    rate(date(2011, 3, 1), 18_00),
    rate(date(2022, 9, 1), 10_00),
    rate(date(2026, 1, 1), 10_50),
    rate(date(2027, 1, 1), 15_00),
    rate(date(2028, 1, 1), 18_00),
];

const fn rate(from: Date, restaurant_or_hotel: u32) -> IgvRate {
    IgvRate {
        from,
        general: hundredths(18_00),
        restaurant_or_hotel: hundredths(restaurant_or_hotel),
    }
}

/// The percent in force on a date of issue. `None` before 2011-03-01, when another one held.
pub fn on(day: Date, regime: IgvRegime) -> Option<Decimal> {
    let row = RATES.iter().rev().find(|row| row.from <= day)?;
    Some(match regime {
        IgvRegime::General => row.general,
        IgvRegime::RestaurantOrHotel => row.restaurant_or_hotel,
    })
}

/// The regimes whose percent on that day is this one: none means a rate that is not in force.
///
/// ```
/// use chaski_core::invoicing::catalogs::igv_rates::{self, IgvRegime};
/// let day = jiff::civil::date(2026, 11, 27);
/// assert_eq!(igv_rates::regime_of("10.50".parse()?, day), Some(IgvRegime::RestaurantOrHotel));
/// assert_eq!(igv_rates::regime_of("10.00".parse()?, day), None); // ended with 2025
/// # Ok::<(), rust_decimal::Error>(())
/// ```
pub fn regime_of(percent: Decimal, day: Date) -> Option<IgvRegime> {
    [IgvRegime::General, IgvRegime::RestaurantOrHotel]
        .into_iter()
        .find(|regime| on(day, *regime) == Some(percent))
}

/// Whether a note issued on `day` may bear this percent. A note bears the rate of the document that
/// it modifies, in force or not (SUNAT's workbook, sheet NC: 18.00, 10.50 and also 10.00), so with
/// that document's date its rates decide, and without it every rate that was ever in force.
///
/// ```
/// use chaski_core::invoicing::catalogs::igv_rates::may_a_note_bear;
/// use jiff::civil::date;
/// let (ten, today) = ("10".parse()?, date(2026, 11, 27));
/// assert!(may_a_note_bear(ten, today, Some(date(2025, 12, 30))));
/// assert!(may_a_note_bear(ten, today, None));
/// assert!(!may_a_note_bear(ten, today, Some(date(2026, 1, 2))));
/// # Ok::<(), rust_decimal::Error>(())
/// ```
pub fn may_a_note_bear(percent: Decimal, day: Date, modified: Option<Date>) -> bool {
    match modified {
        Some(modified) => regime_of(percent, modified).is_some(),
        None => RATES
            .iter()
            .filter(|row| row.from <= day)
            .any(|row| percent == row.general || percent == row.restaurant_or_hotel),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_in_order_and_every_day_since_the_first_has_a_rate() {
        assert!(RATES.is_sorted_by(|a, b| a.from < b.from));
        assert_eq!(on(date(2011, 2, 28), IgvRegime::General), None);
        assert_eq!(
            on(date(2011, 3, 1), IgvRegime::General),
            Some(hundredths(1800))
        );
    }

    #[track_caller]
    fn special(year: i16, month: i8, day: i8, percent: &str) {
        let found = on(date(year, month, day), IgvRegime::RestaurantOrHotel).unwrap();
        assert_eq!(found, percent.parse().unwrap());
    }

    #[test]
    fn the_special_rate_changes_at_the_turn_of_the_year() {
        special(2022, 8, 31, "18");
        special(2022, 9, 1, "10");
        special(2025, 12, 31, "10");
        special(2026, 1, 1, "10.5");
        special(2026, 12, 31, "10.5");
        special(2027, 1, 1, "15");
        special(2028, 1, 1, "18");
        special(2040, 1, 1, "18");
    }
}
