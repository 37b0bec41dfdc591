//! Dates as workbooks write them: a count of days, or ISO text.

use compact_str::{CompactString, format_compact};
use jiff::ToSpan;
use jiff::civil::{Date, Time};

/// A count of days, with the time as its fraction, in ISO; none outside Excel's own range of
/// dates, where a number with a date format (a RUC, say) is still the number.
pub(super) fn from_serial(serial: f64, since_1904: bool) -> Option<CompactString> {
    if !(0.0..2_958_466.0).contains(&serial) {
        return None;
    }
    #[expect(
        clippy::cast_possible_truncation,
        reason = "the range was just checked"
    )]
    let (mut days, mut seconds) = (
        serial.floor() as i64,
        (serial.fract() * 86_400.0).round() as i64,
    );
    if seconds == 86_400 {
        (days, seconds) = (days + 1, 0);
    }
    let time = Time::midnight().wrapping_add(seconds.seconds());
    if days == 0 {
        return Some(format_compact!("{time}"));
    }
    let date = day(days, since_1904)?;
    Some(if seconds == 0 {
        format_compact!("{date}")
    } else {
        format_compact!("{date} {time}")
    })
}

/// ISO text with a blank between date and time, and no midnight.
pub(super) fn from_iso(text: &str) -> CompactString {
    let plain = text.trim_end_matches('Z').replacen('T', " ", 1);
    let plain = plain.strip_suffix(" 00:00:00").unwrap_or(&plain);
    CompactString::from(plain)
}

/// An ODF duration such as `PT08H30M00S` as a time; as it is if it is written otherwise.
pub(super) fn from_duration(text: &str) -> CompactString {
    let read = || {
        let (hours, rest) = text.strip_prefix("PT")?.split_once('H')?;
        let (minutes, rest) = rest.split_once('M')?;
        let seconds = rest.strip_suffix('S')?.split('.').next()?;
        let number = |part: &str| part.parse::<u32>().ok();
        let (hours, minutes, seconds) = (number(hours)?, number(minutes)?, number(seconds)?);
        Some(format_compact!("{hours:02}:{minutes:02}:{seconds:02}"))
    };
    read().unwrap_or_else(|| CompactString::from(text))
}

/// Whether a number format shows a date or time: it has one of the letters d, m, y, h, s (or the
/// Spanish a) outside quotes, brackets and escapes, in its first section.
pub(super) fn is_date_format(code: &str) -> bool {
    let mut chars = code.chars();
    let (mut quoted, mut bracket) = (false, None::<String>);
    while let Some(c) = chars.next() {
        match (c, quoted, &mut bracket) {
            ('"', _, None) => quoted = !quoted,
            (_, true, _) => {}
            (']', _, Some(inside)) => {
                // `[h]:mm` counts hours; `[Red]` and `[$-280A]` only decorate.
                let elapsed = !inside.is_empty()
                    && inside
                        .chars()
                        .all(|c| matches!(c.to_ascii_lowercase(), 'h' | 'm' | 's'));
                if elapsed {
                    return true;
                }
                bracket = None;
            }
            (c, _, Some(inside)) => inside.push(c),
            ('[', ..) => bracket = Some(String::new()),
            ('\\' | '_' | '*', ..) => drop(chars.next()),
            (';', ..) => return false,
            ('d' | 'm' | 'y' | 'h' | 's' | 'D' | 'M' | 'Y' | 'H' | 'S', ..) => return true,
            _ => {}
        }
    }
    false
}

/// The day that a count names. Excel believes in 29 February 1900, so counts up to 60 start a
/// day later.
fn day(days: i64, since_1904: bool) -> Option<Date> {
    let epoch = match (since_1904, days < 61) {
        (true, _) => jiff::civil::date(1904, 1, 1),
        (false, true) => jiff::civil::date(1899, 12, 31),
        (false, false) => jiff::civil::date(1899, 12, 30),
    };
    epoch.checked_add(days.days()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(serial: f64, expected: Option<&str>) {
        assert_eq!(from_serial(serial, false).as_deref(), expected);
    }

    #[test]
    fn serials() {
        check(1.0, Some("1900-01-01"));
        check(59.0, Some("1900-02-28"));
        check(61.0, Some("1900-03-01"));
        check(46_053.0, Some("2026-01-31"));
        check(46_053.354_166_666_664, Some("2026-01-31 08:30:00"));
        check(0.354_166_666_666_666_7, Some("08:30:00"));
        check(46_052.999_999_9, Some("2026-01-31"));
        check(20_100_038_146.0, None);
        check(-1.0, None);
        check(f64::NAN, None);
        assert_eq!(from_serial(44_591.0, true).as_deref(), Some("2026-01-31"));
    }

    #[test]
    fn formats() {
        for code in [
            "dd/mm/yyyy",
            "[$-280A]d mmm",
            "[h]:mm",
            "yyyy\\-mm",
            "h:mm AM/PM",
        ] {
            assert!(is_date_format(code), "{code}");
        }
        for code in [
            "General",
            "0.00",
            "[Red]0",
            "\"dias\" 0",
            "0\\d",
            "#,##0;[Red]d",
            "@",
        ] {
            assert!(!is_date_format(code), "{code}");
        }
    }

    #[test]
    fn texts() {
        assert_eq!(from_iso("2026-01-31T00:00:00"), "2026-01-31");
        assert_eq!(from_iso("2026-01-31T08:30:00Z"), "2026-01-31 08:30:00");
        assert_eq!(from_duration("PT08H30M00S"), "08:30:00");
        assert_eq!(from_duration("P1D"), "P1D");
    }
}
