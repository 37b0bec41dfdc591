//! Lists whose rows have a date: what a row says, and the rate of its day.

mod rows;
mod verdict;

pub use rows::{RateReader, RateRow};
pub(super) use verdict::OF_RATES;
pub use verdict::{RateVerdict, RateWord};
