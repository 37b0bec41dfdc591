//! What a list costs: what it is expected to, and the most that it will without being asked.

use chaski_client::{Ask, Budget};

use super::lotes::calls_for;

/// Calls that a list may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// If the upstream answers about all of its numbers.
    pub calls: u64,
    /// At most: then it stops.
    pub most: u64,
}

/// Least reserve: each call of a short list may be tried three times by three runs.
const LEAST_RESERVE: u64 = 10;

impl Cost {
    /// Of so many numbers that are not known. Beside the calls there is a reserve of a tenth of the
    /// numbers: the upstream leaves unknown ones out of a collection, and those are asked singly.
    pub fn of(to_ask: usize) -> Cost {
        let calls = calls_for(to_ask);
        let reserve = (to_ask as u64).div_ceil(10).max(LEAST_RESERVE);
        let most = if calls == 0 { 0 } else { calls + reserve };
        Cost { calls, most }
    }

    /// Enough to ask for so many numbers one by one, after their collections were of no use.
    pub fn singly(to_ask: usize) -> u64 {
        to_ask as u64 + 2 * calls_for(to_ask)
    }
}

/// How a list asks that is not announced: it costs what is usual for its length at most.
pub fn within_cost(ask: &Ask, to_ask: usize) -> Ask {
    let budget = ask.budget.clone();
    Ask {
        budget: budget.or_else(|| Some(Budget::of(Cost::of(to_ask).most))),
        ..ask.clone()
    }
}
