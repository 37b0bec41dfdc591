//! Percents of retención: catálogo 23, and NubeFact's `retencion_tipo` and
//! `tipo_de_tasa_de_retencion`.
//!
//! Sources: RS 037-2002/SUNAT (6 %); RS 033-2014/SUNAT (3 % from 2014-03-01); NubeFact's manual
//! v2.9 (1 and 2).

use jiff::civil::{Date, date};
use rust_decimal::Decimal;

use super::hundredths;

/// One percent and its time.
///
/// ```
/// use chaski_core::invoicing::catalogs::retention_rates::RetentionRate;
/// let rate = RetentionRate::from_nubefact(1).expect("a known number");
/// assert_eq!(rate.percent, "3".parse()?);
/// assert!(rate.is_in_force(jiff::civil::date(2026, 11, 27)));
/// # Ok::<(), rust_decimal::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetentionRate {
    /// SUNAT's code.
    pub catalog: &'static str,
    /// NubeFact's number.
    pub nubefact: u8,
    /// Percent of what is paid.
    pub percent: Decimal,
    /// First and last date of payment that bears it; no last one while it holds.
    pub from: Date,
    /// The last one.
    pub until: Option<Date>,
}

/// Every percent, the one in force first.
pub const RATES: [RetentionRate; 2] = [
    RetentionRate {
        catalog: "01",
        nubefact: 1,
        percent: hundredths(3_00),
        from: date(2014, 3, 1),
        until: None,
    },
    RetentionRate {
        catalog: "02",
        nubefact: 2,
        percent: hundredths(6_00),
        from: date(2002, 6, 1),
        until: Some(date(2014, 2, 28)),
    },
];

impl RetentionRate {
    /// By NubeFact's number.
    pub fn from_nubefact(number: u8) -> Option<RetentionRate> {
        RATES.into_iter().find(|row| row.nubefact == number)
    }

    /// By the percent: 3 or 6.
    pub fn from_percent(percent: Decimal) -> Option<RetentionRate> {
        RATES.into_iter().find(|row| row.percent == percent)
    }

    /// Whether a payment of that day bears it.
    pub fn is_in_force(self, day: Date) -> bool {
        self.from <= day && self.until.is_none_or(|until| day <= until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_and_exactly_one_holds_on_a_day() {
        for row in RATES {
            assert_eq!(RetentionRate::from_nubefact(row.nubefact), Some(row));
            assert_eq!(RetentionRate::from_percent(row.percent), Some(row));
        }
        for day in [
            date(2002, 6, 1),
            date(2014, 2, 28),
            date(2014, 3, 1),
            date(2026, 11, 27),
        ] {
            assert_eq!(
                RATES.iter().filter(|row| row.is_in_force(day)).count(),
                1,
                "{day}"
            );
        }
    }
}
