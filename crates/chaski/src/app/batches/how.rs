//! What the kinds of lists share: how a list is kept and told from others, and which answers are good for
//! it.

use std::time::Duration;

use chaski_client::{Ask, Memory, Source, is_of_the_future};
use chaski_core::CheckDigit;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::sheets::VoucherColumns;

/// How a list is to be read, of each kind what it needs.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct HowKept {
    /// The column that matters most, from 0.
    pub(super) column: usize,
    /// Whether a DNI is asked for by the RUC that its owner would have.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) dni_as_ruc: bool,
    /// Where the parts of vouchers stand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) vouchers: Option<VoucherColumns>,
    /// Whose rates, of what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) rates: Option<(String, String)>,
    /// The day on which it was read, Lima, where dates to come are told apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) hoy: Option<Date>,
}

/// What changes the result of a list besides its file and column, as text.
pub(super) fn options_text(check_digit: CheckDigit, dni_as_ruc: bool) -> String {
    let dni = if dni_as_ruc { " dni=ruc10" } else { "" };
    format!("verificacion={check_digit:?}{dni}")
}

/// What tells one list from another: the same file read by another sheet or column is another list.
pub(super) fn list_hash(file: &[u8; 32], sheet: usize, column: usize) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(file);
    hasher.update(&(column as u64).to_le_bytes());
    // The first sheet is what earlier versions read.
    if sheet > 0 {
        hasher.update(&(sheet as u64).to_le_bytes());
    }
    *hasher.finalize().as_bytes()
}

/// Where an answer that is in memory comes from, if it is good: fresh enough for `ask`, or learned since
/// an unfinished batch began.
pub(super) fn good_for(
    memory: &Memory,
    since: Option<Timestamp>,
    now: Timestamp,
    ask: &Ask,
) -> Option<Source> {
    let of_batch = since
        .is_some_and(|since| memory.stored_at >= since && !is_of_the_future(memory.stored_at, now));
    // What an earlier run of this batch asked for is part of it, not of memory.
    if of_batch {
        return Some(Source::Upstream);
    }
    let fresh = memory.is_fresh(now) && !ask.force && young_enough(memory, now, ask);
    fresh.then_some(Source::Memory)
}

fn young_enough(memory: &Memory, now: Timestamp, ask: &Ask) -> bool {
    let age = Duration::try_from(now.duration_since(memory.stored_at)).unwrap_or(Duration::ZERO);
    ask.max_age.is_none_or(|most| age <= most)
}
