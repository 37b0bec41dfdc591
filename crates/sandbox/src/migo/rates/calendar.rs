//! Peru's business days: the days on which a rate is published.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday, date};

pub(crate) fn is_business_day(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !is_holiday(day)
}

/// Month, day and the first year in which it was a holiday (0: always, as far as rates go back).
const FIXED: [(i8, i8, i16); 14] = [
    (1, 1, 0),
    (5, 1, 0),
    (6, 7, 2024),
    (6, 29, 0),
    (7, 23, 2023),
    (7, 28, 0),
    (7, 29, 0),
    (8, 6, 2022),
    (8, 30, 0),
    (10, 8, 0),
    (11, 1, 0),
    (12, 8, 0),
    (12, 9, 2022),
    (12, 25, 0),
];

fn is_holiday(day: Date) -> bool {
    let fixed = FIXED.iter().any(|(month, number, since)| {
        (day.month(), day.day()) == (*month, *number) && day.year() >= *since
    });
    let easter = easter_sunday(day.year());
    fixed || day == easter - 3.days() || day == easter - 2.days()
}

/// The anonymous Gregorian computus.
fn easter_sunday(year: i16) -> Date {
    let year = i32::from(year);
    let (golden, century, rest) = (year % 19, year / 100, year % 100);
    let corrected = century - (century + 8) / 25 + 1;
    let epact = (19 * golden + century - century / 4 - corrected / 3 + 15) % 30;
    let weekday = (32 + 2 * (century % 4) + 2 * (rest / 4) - epact - rest % 4) % 7;
    let late = (golden + 11 * epact + 22 * weekday) / 451;
    let sum = epact + weekday - 7 * late + 114;
    let narrow = |value: i32| i8::try_from(value).expect("a month or a day");
    let year = i16::try_from(year).expect("it came from an i16");
    date(year, narrow(sum / 31), narrow(sum % 31 + 1))
}
