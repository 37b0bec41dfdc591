//! Durations as people type them on a command line: `200ms`, `10s`, `2m`.

use std::time::Duration;

const UNITS: [(&str, u64); 5] = [
    ("us", 1),
    ("ms", 1_000),
    ("s", 1_000_000),
    ("m", 60_000_000),
    ("h", 3_600_000_000),
];

/// A whole number and its unit; nothing else.
pub(crate) fn parse_span(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(digits);
    let micros = UNITS.iter().find(|(name, _)| *name == unit)?.1;
    let total = number.parse::<u64>().ok()?.checked_mul(micros)?;
    Some(Duration::from_micros(total))
}

/// `10s..610s`, the second later than the first.
pub(crate) fn parse_span_range(text: &str) -> Option<(Duration, Duration)> {
    let (from, to) = text.split_once("..")?;
    let (from, to) = (parse_span(from)?, parse_span(to)?);
    (from < to).then_some((from, to))
}

/// The largest unit that says it without a fraction.
pub(crate) fn write_span(span: Duration) -> String {
    let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    let (unit, size) = UNITS
        .iter()
        .rev()
        .find(|(_, size)| micros > 0 && micros.is_multiple_of(*size))
        .unwrap_or(&("s", 1_000_000));
    format!("{}{unit}", micros / size)
}
