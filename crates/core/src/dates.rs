//! Lima dates: what day it is in Peru, dates as people type them, and business days.
//!
//! Tax dates are Lima dates. Peru has been at UTC−5 all year round since daylight saving was last
//! used in 1994, so a fixed offset is exact for every date that matters here and no time-zone
//! database is needed. A program that takes the date in UTC is a day ahead from 19:00 Lima on.

use std::ops::RangeInclusive;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::tz::Offset;
use jiff::{Timestamp, ToSpan};

use crate::Lang;

const LIMA: Offset = Offset::constant(-5);

/// The date in Lima at an instant.
///
/// ```
/// use chaski_core::lima_date;
/// // 19:30 in Lima is past midnight in UTC.
/// assert_eq!(lima_date("2026-07-28T00:30:00Z".parse()?).to_string(), "2026-07-27");
/// # Ok::<(), jiff::Error>(())
/// ```
pub fn lima_date(instant: Timestamp) -> Date {
    lima_datetime(instant).date()
}

/// Date and time of day in Lima at an instant.
///
/// ```
/// use chaski_core::lima_datetime;
/// let noon = lima_datetime("2026-07-27T17:00:00Z".parse()?);
/// assert_eq!(noon.to_string(), "2026-07-27T12:00:00");
/// # Ok::<(), jiff::Error>(())
/// ```
pub fn lima_datetime(instant: Timestamp) -> DateTime {
    LIMA.to_datetime(instant)
}

/// The instant of a Lima date and time. At the very ends of the calendar, where the instant cannot
/// be represented, the nearest one that can.
///
/// ```
/// use chaski_core::lima_timestamp;
/// let written = jiff::civil::date(2026, 8, 25).at(16, 11, 53, 0);
/// assert_eq!(lima_timestamp(written).to_string(), "2026-08-25T21:11:53Z");
/// ```
pub fn lima_timestamp(datetime: DateTime) -> Timestamp {
    let nearest = if datetime.year() > 0 {
        Timestamp::MAX
    } else {
        Timestamp::MIN
    };
    LIMA.to_timestamp(datetime).unwrap_or(nearest)
}

/// Why a text is not a date.
///
/// ```
/// use chaski_core::{DateError, Lang, parse_date};
/// let error = parse_date("31/02/2026").unwrap_err();
/// assert_eq!(error, DateError::NotACalendarDay);
/// assert_eq!(error.code(), "fecha_inexistente");
/// assert_eq!(error.message(Lang::En), "there is no such day in the calendar");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub enum DateError {
    /// Nothing but blanks.
    Empty,
    /// None of the accepted forms.
    Form,
    /// A right form with a day that does not exist, such as 31 February.
    NotACalendarDay,
}

impl DateError {
    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            DateError::Empty => "fecha_vacia",
            DateError::Form => "fecha_formato",
            DateError::NotACalendarDay => "fecha_inexistente",
        }
    }

    /// What is wrong and what to do, for people.
    pub fn message(&self, lang: Lang) -> &'static str {
        match self {
            DateError::Empty => lang.pick(
                "fecha vacía: escríbala como AAAA-MM-DD o DD/MM/AAAA",
                "empty date: write it as YYYY-MM-DD or DD/MM/YYYY",
            ),
            DateError::Form => lang.pick(
                "fecha no reconocida: escríbala como AAAA-MM-DD, DD/MM/AAAA o DD-MM-AAAA",
                "not a date: write it as YYYY-MM-DD, DD/MM/YYYY or DD-MM-YYYY",
            ),
            DateError::NotACalendarDay => lang.pick(
                "esa fecha no existe: se escribe día/mes/año, por ejemplo 28/07/2026",
                "there is no such day in the calendar",
            ),
        }
    }
}

/// A day as people write it: in Spanish as in Peru.
///
/// ```
/// use chaski_core::{Lang, day_in_words};
/// let day = jiff::civil::date(2026, 11, 27);
/// assert_eq!(day_in_words(day, Lang::Es), "27/11/2026");
/// assert_eq!(day_in_words(day, Lang::En), "2026-11-27");
/// ```
pub fn day_in_words(day: Date, lang: Lang) -> String {
    lang.pick(day.strftime("%d/%m/%Y"), day.strftime("%Y-%m-%d"))
        .to_string()
}

/// Reads a date as people type it: `YYYY-MM-DD`, `DD/MM/YYYY` or `DD-MM-YYYY`; day and month may
/// lack their leading zero. The order month/day/year is never guessed.
///
/// ```
/// use chaski_core::parse_date;
/// assert_eq!(parse_date(" 28/07/2026 ")?, parse_date("2026-07-28")?);
/// assert!(parse_date("07/28/2026").is_err());
/// # Ok::<(), chaski_core::DateError>(())
/// ```
pub fn parse_date(text: &str) -> Result<Date, DateError> {
    let text = text.trim();
    if text.is_empty() {
        return Err(DateError::Empty);
    }
    let separator = if text.contains('/') { '/' } else { '-' };
    let parts: Vec<&str> = text.split(separator).collect();
    let [first, month, last] = parts[..] else {
        return Err(DateError::Form);
    };
    let (year, day) = match (separator, first.len()) {
        ('-', 4) => (first, last),
        _ => (last, first),
    };
    let year = number(year, 4..=4)?;
    let narrow = |n: i16| i8::try_from(n).expect("two digits");
    let (month, day) = (number(month, 1..=2)?, number(day, 1..=2)?);
    Date::new(year, narrow(month), narrow(day)).map_err(|_| DateError::NotACalendarDay)
}

/// Whether banks and SUNAT work that day: not Saturday, Sunday or a national holiday.
///
/// Holidays are those of the law since 2010, each from its first year on. Days that a decree
/// declares non-working for the public sector are not included: they change every year, and
/// banks work on them.
///
/// ```
/// use chaski_core::is_business_day;
/// use jiff::civil::date;
/// assert!(is_business_day(date(2026, 7, 27)));
/// assert!(!is_business_day(date(2026, 7, 28))); // Fiestas Patrias
/// assert!(!is_business_day(date(2026, 4, 3))); // Good Friday
/// ```
pub fn is_business_day(day: Date) -> bool {
    !matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) && !is_holiday(day)
}

/// The last business day strictly before a date.
///
/// ```
/// use chaski_core::previous_business_day;
/// use jiff::civil::date;
/// // Thursday 30 July: Fiestas Patrias are skipped.
/// assert_eq!(previous_business_day(date(2026, 7, 30)), date(2026, 7, 27));
/// ```
pub fn previous_business_day(day: Date) -> Date {
    step_to_business_day(day, -1)
}

/// The first business day strictly after a date.
///
/// ```
/// use chaski_core::next_business_day;
/// use jiff::civil::date;
/// assert_eq!(next_business_day(date(2026, 7, 24)), date(2026, 7, 27));
/// ```
pub fn next_business_day(day: Date) -> Date {
    step_to_business_day(day, 1)
}

/// Stops at the end of the calendar, which has no further day to give.
fn step_to_business_day(mut day: Date, step: i8) -> Date {
    loop {
        let Ok(next) = day.checked_add(i64::from(step).days()) else {
            return day;
        };
        day = next;
        if is_business_day(day) {
            return day;
        }
    }
}

/// National holidays with a fixed date: first year, month, day. The first year is 0 for those older
/// than this table needs to know.
const FIXED_HOLIDAYS: [(i16, i8, i8); 14] = [
    (0, 1, 1),     // Año Nuevo
    (0, 5, 1),     // Día del Trabajo
    (2024, 6, 7),  // Batalla de Arica y Día de la Bandera, Ley 31788
    (0, 6, 29),    // San Pedro y San Pablo
    (2023, 7, 23), // Día de la Fuerza Aérea, Ley 31822
    (0, 7, 28),    // Fiestas Patrias
    (0, 7, 29),    // Fiestas Patrias
    (2022, 8, 6),  // Batalla de Junín, Ley 31530
    (0, 8, 30),    // Santa Rosa de Lima
    (0, 10, 8),    // Combate de Angamos
    (0, 11, 1),    // Todos los Santos
    (0, 12, 8),    // Inmaculada Concepción
    (2022, 12, 9), // Batalla de Ayacucho, Ley 31381
    (0, 12, 25),   // Navidad
];

fn is_holiday(day: Date) -> bool {
    let fixed = FIXED_HOLIDAYS.iter().any(|(since, month, on)| {
        day.year() >= *since && (day.month(), day.day()) == (*month, *on)
    });
    fixed || is_maundy_thursday_or_good_friday(day)
}

fn is_maundy_thursday_or_good_friday(day: Date) -> bool {
    let to_easter = match day.weekday() {
        Weekday::Thursday => 3,
        Weekday::Friday => 2,
        _ => return false,
    };
    let sunday = day.checked_add(to_easter.days());
    sunday.is_ok_and(|sunday| (sunday.month(), sunday.day()) == easter(day.year()))
}

/// Month and day of Easter Sunday in the Gregorian calendar (the "anonymous" algorithm that Meeus
/// gives in *Astronomical Algorithms*, chapter 8).
fn easter(year: i16) -> (i8, i8) {
    let year = i32::from(year);
    let golden = year.rem_euclid(19);
    let (century, of_century) = (year.div_euclid(100), year.rem_euclid(100));
    let moved = (century - (century + 8).div_euclid(25) + 1).div_euclid(3);
    let moon = (19 * golden + century - century.div_euclid(4) - moved + 15).rem_euclid(30);
    let to_sunday = (32 + 2 * century.rem_euclid(4) + 2 * (of_century / 4) - moon - of_century % 4)
        .rem_euclid(7);
    let late = (golden + 11 * moon + 22 * to_sunday) / 451;
    let days = moon + to_sunday - 7 * late + 114;
    let small = |n: i32| i8::try_from(n).expect("a month or a day of the month");
    (small(days / 31), small(days % 31 + 1))
}

fn number(digits: &str, length: RangeInclusive<usize>) -> Result<i16, DateError> {
    let plain = length.contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let number = plain.then(|| digits.parse().ok());
    number.flatten().ok_or(DateError::Form)
}
