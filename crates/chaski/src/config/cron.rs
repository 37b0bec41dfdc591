//! When something is done by itself: a cron expression in Lima time.

use std::fmt;
use std::str::FromStr;

use chaski_core::{lima_datetime, lima_timestamp};
use cronexpr::{Crontab, FallbackTimezoneOption, MakeTimestamp, ParseOptions};
use jiff::Timestamp;
use jiff::tz::Offset;

/// Minute, hour, day of the month, month, day of the week, as crontab(5) has them; months and days
/// of the week by English name too.
#[derive(Debug, Clone)]
pub struct Cron {
    text: String,
    times: Crontab,
}

impl Cron {
    /// What is wanted, in Spanish and English.
    pub(super) const WANTED: (&str, &str) = (
        "una expresión cron como \"0 0 * * *\" (minuto, hora, día, mes, día de la semana), o \"\"",
        "a cron expression such as \"0 0 * * *\" (minute, hour, day, month, day of the week), or \"\"",
    );

    /// The first time after `at`; none if there is none in four years, as on the 30th of February.
    pub fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        // The expression has no zone: Lima's clock is read as if it were that of UTC, and back.
        let there = Offset::UTC.to_timestamp(lima_datetime(at)).ok()?;
        let next = self.times.find_next(MakeTimestamp(there)).ok()?;
        Some(lima_timestamp(next.datetime()))
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Cron {
    type Err = NotCron;

    fn from_str(text: &str) -> Result<Cron, NotCron> {
        // A sixth part would be a time zone.
        if text.split_whitespace().count() != 5 {
            return Err(NotCron);
        }
        let mut options = ParseOptions::default();
        options.fallback_timezone_option = FallbackTimezoneOption::UTC;
        let times = cronexpr::parse_crontab_with(text, options).map_err(|_| NotCron)?;
        Ok(Cron {
            text: text.to_owned(),
            times,
        })
    }
}

/// The text is not a cron expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotCron;

#[cfg(test)]
mod tests {
    use super::*;

    /// The second column is Lima's clock.
    #[test]
    fn next_times() {
        let table = [
            ("0 0 * * *", "2026-11-23T00:00", true),
            ("30 22 * * *", "2026-11-22T22:30", true),
            ("*/20 8-18 * * 1-5", "2026-11-23T08:00", true),
            ("0 3 * * mon", "2026-11-23T03:00", true),
            ("0 0 1 jan *", "2027-01-01T00:00", true),
            ("0 0 29 2 *", "2028-02-29T00:00", true),
            ("0 0 30 2 *", "", true),
            ("", "", false),
            ("medianoche", "", false),
            ("0 0 * *", "", false),
            ("0 24 * * *", "", false),
            ("60 0 * * *", "", false),
            ("0 0 * * * *", "", false),
            ("0 0 * * * America/New_York", "", false),
        ];
        // The evening of the 22nd in Lima is the 23rd in UTC.
        let at: Timestamp = "2026-11-22T21:05:30-05:00".parse().unwrap();
        for (text, next, good) in table {
            let cron = text.parse::<Cron>();
            assert_eq!(cron.is_ok(), good, "{text}");
            let said = cron.ok().and_then(|cron| cron.next_after(at));
            let wanted = (!next.is_empty()).then(|| format!("{next}-05:00").parse().unwrap());
            assert_eq!(said, wanted, "{text}");
        }
    }
}
