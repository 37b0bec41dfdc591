//! Lima dates, dates as people type them, business days.

use chaski_core::{
    DateError, Lang, is_business_day, lima_date, lima_datetime, lima_timestamp, next_business_day,
    parse_date, previous_business_day,
};
use jiff::civil::{Date, DateTime, date};
use jiff::{Timestamp, ToSpan};
use proptest::prelude::*;

#[test]
fn the_date_in_lima() {
    #[track_caller]
    fn check(instant: &str, datetime: &str) {
        let instant: Timestamp = instant.parse().expect("an instant");
        let datetime: DateTime = datetime.parse().expect("a date and time");
        assert_eq!(lima_datetime(instant), datetime);
        assert_eq!(lima_date(instant), datetime.date());
        assert_eq!(lima_timestamp(datetime), instant);
    }
    check("2026-07-27T23:59:00Z", "2026-07-27T18:59:00"); // 18:59 in Lima: the same day in UTC
    check("2026-07-28T00:01:00Z", "2026-07-27T19:01:00"); // 19:01 in Lima: tomorrow in UTC
    check("2026-07-28T04:59:59.999Z", "2026-07-27T23:59:59.999");
    check("2026-07-28T05:00:00Z", "2026-07-28T00:00:00");
    check("2026-03-01T04:59:59Z", "2026-02-28T23:59:59");
    check("2024-03-01T04:59:59Z", "2024-02-29T23:59:59");
    check("2027-01-01T04:59:59Z", "2026-12-31T23:59:59");
    check("2026-01-15T17:00:00Z", "2026-01-15T12:00:00"); // no daylight saving in summer
    check("2026-07-15T17:00:00Z", "2026-07-15T12:00:00"); // nor in winter
}

#[test]
fn the_ends_of_the_calendar_do_not_panic() {
    assert_eq!(lima_timestamp(DateTime::MAX), Timestamp::MAX);
    assert_eq!(lima_timestamp(DateTime::MIN), Timestamp::MIN);
    assert_eq!(previous_business_day(Date::MIN), Date::MIN);
    assert_eq!(next_business_day(Date::MAX), Date::MAX);
    for instant in [Timestamp::MIN, Timestamp::MAX] {
        assert_eq!(lima_timestamp(lima_datetime(instant)), instant);
    }
}

#[test]
fn dates_as_people_type_them() {
    #[track_caller]
    fn check(text: &str, expected: Result<Date, DateError>) {
        assert_eq!(parse_date(text), expected, "{text:?}");
    }
    let form = Err(DateError::Form);
    let no_such_day = Err(DateError::NotACalendarDay);
    check("2026-07-28", Ok(date(2026, 7, 28)));
    check("28/07/2026", Ok(date(2026, 7, 28)));
    check("28-07-2026", Ok(date(2026, 7, 28)));
    check(" 1/2/2026\n", Ok(date(2026, 2, 1)));
    check("2026-7-1", Ok(date(2026, 7, 1)));
    check("29/02/2024", Ok(date(2024, 2, 29)));
    check("29/02/2026", no_such_day);
    check("31/04/2026", no_such_day);
    check("2026-13-01", no_such_day);
    check("07/28/2026", no_such_day);
    check("00/07/2026", no_such_day);
    check("", Err(DateError::Empty));
    check("  ", Err(DateError::Empty));
    check("hoy", form);
    check("20260728", form);
    check("2026/07/28", form);
    check("28/07/26", form);
    check("28.07.2026", form);
    check("28/07-2026", form);
    check("2026-07-28T00:00:00", form);
    check("-2026-07-28", form);
    check("28/07/2026/1", form);
    check("28//2026", form);
    check("+8/07/2026", form);
    check("２8/07/2026", form);
    check("028/07/2026", form);
    check("28/007/2026", form);
    check("9999/07/2026", form);
}

#[test]
fn a_date_error_says_the_accepted_forms() {
    let error = parse_date("mañana").expect_err("not a date");
    assert_eq!(error.code(), "fecha_formato");
    for form in ["AAAA-MM-DD", "DD/MM/AAAA", "DD-MM-AAAA"] {
        assert!(error.to_string().contains(form), "{error}");
    }
    for form in ["YYYY-MM-DD", "DD/MM/YYYY", "DD-MM-YYYY"] {
        assert!(error.message(Lang::En).contains(form), "{error}");
    }
    assert_eq!(DateError::Empty.code(), "fecha_vacia");
    assert_eq!(
        DateError::NotACalendarDay.to_string(),
        "esa fecha no existe: se escribe día/mes/año, por ejemplo 28/07/2026"
    );
}

#[test]
fn holidays_and_the_year_they_began() {
    /// `first`: the first year in which the day is a holiday; `None`, always.
    #[track_caller]
    fn check(month: i8, day: i8, first: Option<i16>) {
        for year in 2010..=2030 {
            let on = date(year, month, day);
            let holiday = first.is_none_or(|first| year >= first);
            let weekend = on.weekday().to_monday_one_offset() > 5;
            let easter = holy_week(on);
            assert_eq!(is_business_day(on), !(holiday || weekend || easter), "{on}");
        }
    }
    check(1, 1, None);
    check(5, 1, None);
    check(6, 7, Some(2024));
    check(6, 29, None);
    check(7, 23, Some(2023));
    check(7, 28, None);
    check(7, 29, None);
    check(8, 6, Some(2022));
    check(8, 30, None);
    check(10, 8, None);
    check(11, 1, None);
    check(12, 8, None);
    check(12, 9, Some(2022));
    check(12, 25, None);
    let never = Some(i16::MAX);
    check(1, 2, never);
    check(12, 24, never);
    check(12, 31, never);
    check(7, 27, never);
    check(7, 30, never);
    check(4, 3, never); // a plain day, but Good Friday in 2015 and 2026
}

/// Easter Sundays from almanacs, not from the formula under test.
const EASTER: [(i16, i8, i8); 21] = [
    (2010, 4, 4),
    (2011, 4, 24),
    (2012, 4, 8),
    (2013, 3, 31),
    (2014, 4, 20),
    (2015, 4, 5),
    (2016, 3, 27),
    (2017, 4, 16),
    (2018, 4, 1),
    (2019, 4, 21),
    (2020, 4, 12),
    (2021, 4, 4),
    (2022, 4, 17),
    (2023, 4, 9),
    (2024, 3, 31),
    (2025, 4, 20),
    (2026, 4, 5),
    (2027, 3, 28),
    (2028, 4, 16),
    (2029, 4, 1),
    (2030, 4, 21),
];

fn holy_week(day: Date) -> bool {
    EASTER.iter().any(|(year, month, sunday)| {
        let until = date(*year, *month, *sunday).duration_since(day).as_hours() / 24;
        until == 2 || until == 3
    })
}

#[test]
fn easter_moves() {
    for (year, month, day) in EASTER {
        let sunday = date(year, month, day);
        let before = |days: i64| sunday - days.days();
        assert!(
            !is_business_day(before(3)) && !is_business_day(before(2)),
            "{sunday}"
        );
        assert!(is_business_day(before(4)), "the Wednesday before {sunday}");
        assert!(is_business_day(before(-1)), "the Monday after {sunday}");
        assert_eq!(previous_business_day(sunday), before(4));
        assert_eq!(next_business_day(before(4)), before(-1));
    }
    // The earliest and the latest Easter there can be.
    assert!(!is_business_day(date(2285, 3, 20)) && is_business_day(date(2285, 3, 18)));
    assert!(!is_business_day(date(2038, 4, 23)) && !is_business_day(date(2038, 4, 22)));
}

#[test]
fn the_business_day_before() {
    #[track_caller]
    fn check(day: Date, expected: Date) {
        assert_eq!(previous_business_day(day), expected, "{day}");
    }
    check(date(2026, 9, 2), date(2026, 9, 1));
    check(date(2026, 9, 1), date(2026, 8, 31)); // across a month
    check(date(2026, 9, 7), date(2026, 9, 4)); // Monday to Friday
    check(date(2026, 9, 6), date(2026, 9, 4)); // Sunday
    check(date(2026, 9, 5), date(2026, 9, 4)); // Saturday
    check(date(2026, 7, 28), date(2026, 7, 27));
    check(date(2026, 7, 29), date(2026, 7, 27));
    check(date(2026, 7, 30), date(2026, 7, 27));
    check(date(2023, 7, 31), date(2023, 7, 27)); // Friday 28, Saturday 29, Sunday, Monday
    check(date(2024, 7, 30), date(2024, 7, 26)); // Monday 29, Sunday 28, Saturday 27
    check(date(2026, 1, 2), date(2025, 12, 31)); // across the year
    check(date(2026, 1, 1), date(2025, 12, 31));
    check(date(2023, 1, 2), date(2022, 12, 30)); // 1 January is a Sunday
    check(date(2022, 12, 12), date(2022, 12, 7)); // 8 and 9 December, week-end
    check(date(2021, 12, 10), date(2021, 12, 9)); // 9 December was a working day then
    check(date(2026, 4, 6), date(2026, 4, 1)); // Easter
    check(date(2024, 3, 1), date(2024, 2, 29)); // leap day
}

proptest! {
    #[test]
    fn before_and_after_meet(days in 0..200_000_i64) {
        let day = date(1900, 1, 1) + days.days();
        let (before, after) = (previous_business_day(day), next_business_day(day));
        prop_assert!(before < day && day < after);
        prop_assert!(is_business_day(before) && is_business_day(after));
        let expected = if is_business_day(day) { day } else { before };
        prop_assert_eq!(previous_business_day(after), expected);
        // The longest chain known is Holy Week or Fiestas Patrias with a week-end: four days off.
        let apart = after.duration_since(before).as_hours() / 24;
        prop_assert!(is_business_day(day) || apart <= 5, "{} days", apart);
    }

    #[test]
    fn a_written_date_is_read_back(days in 0..200_000_i64) {
        let day = date(1900, 1, 1) + days.days();
        for form in ["%Y-%m-%d", "%d/%m/%Y", "%d-%m-%Y"] {
            prop_assert_eq!(parse_date(&day.strftime(form).to_string()), Ok(day));
        }
    }

    #[test]
    fn any_text_never_panics(text in "\\PC*|[0-9/ -]{0,12}") {
        let _ = parse_date(&text).map_err(|error| error.message(Lang::Es));
    }

    #[test]
    fn any_day_of_the_calendar_never_panics(year in -9999..=9999_i16, of_year in 0..365_i64) {
        let day = date(year, 1, 1) + of_year.days();
        let _ = (is_business_day(day), previous_business_day(day), next_business_day(day));
    }
}
