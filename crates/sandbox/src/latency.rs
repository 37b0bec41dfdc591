//! How long the sandbox takes to answer: the same for the same seed and request number.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use chaski_core::{Lang, text};

use crate::draw::{Draw, Topic};
use crate::span::{parse_span, write_span};

/// How long each answer takes. In text: `0`, `100ms`, `lognormal:100ms:1s`,
/// `lognormal:100ms:1s:5s`.
///
/// ```
/// use chaski_sandbox::Latency;
/// let latency: Latency = "lognormal:100ms:1s".parse()?;
/// assert_eq!(latency.to_string(), "lognormal:100ms:1s:10s");
/// # Ok::<(), chaski_sandbox::LatencyError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Latency {
    /// Answers at once.
    #[default]
    None,
    /// Always the same.
    Fixed(Duration),
    /// Log-normal, as measured services are: most answers near the median and a long tail.
    LogNormal {
        /// Half of the answers are faster.
        median: Duration,
        /// One in a hundred is slower.
        p99: Duration,
        /// None is slower.
        cap: Duration,
    },
}

/// A text that is not a latency.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub struct LatencyError {
    text: String,
}

/// The 99th percentile of the standard normal distribution.
const Z_99: f64 = 2.326_347_874;

impl Latency {
    pub(crate) fn of_request(self, seed: u64, sequence: u64) -> Duration {
        match self {
            Latency::None => Duration::ZERO,
            Latency::Fixed(duration) => duration,
            Latency::LogNormal { median, p99, cap } => {
                let mut draw = Draw::new(seed, Topic::Latency, sequence);
                // Box and Muller: two uniform draws make one normal.
                let radius = (-2.0 * draw.unit().ln()).sqrt();
                let normal = radius * (std::f64::consts::TAU * draw.unit()).cos();
                let median = median.as_secs_f64();
                let sigma = (p99.as_secs_f64() / median).ln() / Z_99;
                let seconds = median * (sigma * normal).exp();
                Duration::from_secs_f64(seconds.min(cap.as_secs_f64()))
            }
        }
    }
}

impl FromStr for Latency {
    type Err = LatencyError;

    fn from_str(text: &str) -> Result<Latency, LatencyError> {
        parse(text.trim()).ok_or_else(|| LatencyError {
            text: text.chars().take(40).collect(),
        })
    }
}

fn parse(text: &str) -> Option<Latency> {
    if matches!(text, "0" | "ninguna" | "none") {
        return Some(Latency::None);
    }
    let Some(parameters) = text.strip_prefix("lognormal:") else {
        return parse_span(text).map(Latency::Fixed);
    };
    let spans: Vec<Duration> = parameters
        .split(':')
        .map(parse_span)
        .collect::<Option<_>>()?;
    let (median, p99, cap) = match spans[..] {
        [median, p99] => (median, p99, p99 * 10),
        [median, p99, cap] => (median, p99, cap),
        _ => return None,
    };
    let ordered = !median.is_zero() && median <= p99 && p99 <= cap;
    ordered.then_some(Latency::LogNormal { median, p99, cap })
}

impl fmt::Display for Latency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Latency::None => f.write_str("0"),
            Latency::Fixed(duration) => f.write_str(&write_span(*duration)),
            Latency::LogNormal { median, p99, cap } => write!(
                f,
                "lognormal:{}:{}:{}",
                write_span(*median),
                write_span(*p99),
                write_span(*cap)
            ),
        }
    }
}

impl LatencyError {
    /// What is accepted, for people.
    pub fn message(&self, lang: Lang) -> String {
        let text = &self.text;
        text!(
            "latencia no reconocida: «{text}». Se acepta 0, una duración (100ms, 2s) o \
             lognormal:<mediana>:<p99>[:<tope>] de menor a mayor",
            "unknown latency: \"{text}\". Accepted: 0, a duration (100ms, 2s) or \
             lognormal:<median>:<p99>[:<cap>] in rising order"
        )
        .pick(lang)
    }
}
