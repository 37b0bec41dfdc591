//! Days within which things may be done, counted in Lima dates from the date of issue.
//!
//! Sources: RS 000003-2023/SUNAT (facturas and their notes: 3 calendar days, then 2108); SUNAT's
//! workbook (2957: voids within 7 days; 1079: boletas late; notes of B-series 5 days); NubeFact's
//! manual v2.9 and its GRE manual v1.6 (a guía is at most a day old).

use jiff::civil::Date;

/// How old a factura, a boleta or a note may be when it is sent. A boleta that is sent singly meets
/// the same bound here, because NubeFact answers 22 to one that is older.
pub const TO_ISSUE: i32 = 3;
/// How old a guía may be.
pub const TO_ISSUE_GUIA: i32 = 1;
/// How old a retención or percepción may be: what is established of them is that they may be
/// reversed within a week, so older ones are not refused but remarked on.
pub const TO_ISSUE_WITHHOLDING: i32 = 7;
/// How old a document may be to be voided or reversed.
pub const TO_VOID: i32 = 7;

/// Days from `earlier` to `later`; negative when they are the other way round.
///
/// ```
/// use chaski_core::invoicing::catalogs::deadlines::{TO_VOID, days_between};
/// use jiff::civil::date;
/// assert_eq!(days_between(date(2026, 11, 19), date(2026, 11, 27)), 8);
/// assert!(days_between(date(2026, 11, 20), date(2026, 11, 27)) <= TO_VOID);
/// ```
pub fn days_between(earlier: Date, later: Date) -> i32 {
    // Without units asked for, jiff spans between dates in days.
    (later - earlier).get_days()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn days_are_counted_across_months_and_years() {
        assert_eq!(days_between(date(2026, 12, 31), date(2027, 1, 1)), 1);
        assert_eq!(days_between(date(2028, 2, 28), date(2028, 3, 1)), 2);
        assert_eq!(days_between(date(2026, 11, 27), date(2026, 11, 20)), -7);
        assert_eq!(days_between(date(2026, 1, 1), date(2027, 1, 1)), 365);
    }
}
