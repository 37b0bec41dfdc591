//! Instants as the database keeps them: microseconds since 1970 in UTC.

use jiff::Timestamp;
use uuid::Uuid;

/// Microseconds of a day.
const DAY: i64 = 86_400_000_000;

/// The instant of a stored number; anything out of range is the nearest instant there is.
pub(super) fn instant(micros: i64) -> Timestamp {
    Timestamp::from_microsecond(micros).unwrap_or(if micros < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// That many days before, as stored.
pub(super) fn days_before(now: Timestamp, days: u32) -> i64 {
    now.as_microsecond()
        .saturating_sub(DAY.saturating_mul(i64::from(days)))
}

/// An identifier that sorts by time.
pub(crate) fn new_id(now: Timestamp) -> Uuid {
    let seconds = u64::try_from(now.as_second()).unwrap_or(0);
    let nanos = u32::try_from(now.subsec_nanosecond()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanos))
}
