//! What a list costs: what it is expected to, and the most that it will without being asked.

use chaski_client::dialects::migo::MOST_RUCS;
use chaski_client::{Ask, Budget};

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
    /// The cost of asking for `to_ask` numbers that memory does not know. Beside the calls there is a
    /// reserve of a tenth of the numbers: the upstream leaves unknown ones out of a collection, and
    /// those are asked singly.
    pub fn of(to_ask: usize) -> Cost {
        let calls = calls_for(to_ask);
        let reserve = (to_ask as u64).div_ceil(10).max(LEAST_RESERVE);
        let most = if calls == 0 { 0 } else { calls + reserve };
        Cost { calls, most }
    }

    /// The cost of asking for `singles` that have no collections, and of `calls` besides.
    pub fn of_singles(singles: usize, calls: u64) -> Cost {
        let (singles, asked) = (singles as u64, singles as u64 + calls);
        let reserve = singles.div_ceil(10).max(LEAST_RESERVE);
        Cost {
            calls: asked,
            most: if asked == 0 { 0 } else { asked + reserve },
        }
    }

    /// The same where a person says what it may cost.
    pub fn within(to_ask: usize, limit: Option<u64>) -> Cost {
        Cost::of(to_ask).limited(limit, Cost::could(to_ask))
    }

    /// The same, of a cost whatever it is of. More than `could` be spent is not announced.
    pub(super) fn limited(self, limit: Option<u64>, could: u64) -> Cost {
        Cost {
            most: limit.map_or(self.most, |limit| limit.min(could)),
            ..self
        }
    }

    /// The most that asking for `to_ask` numbers could ever cost.
    pub(super) fn could(to_ask: usize) -> u64 {
        let usual = Cost::of(to_ask);
        Cost::singly(to_ask) + (usual.most - usual.calls)
    }

    /// Enough to ask for `to_ask` numbers one by one, after their collections were of no use. Each
    /// collection is tried twice, and two groups of its refusals are checked with a number that exists.
    pub fn singly(to_ask: usize) -> u64 {
        to_ask as u64 + 4 * calls_for(to_ask)
    }
}

/// Numbers that were not asked for because the list had spent the most that it may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Over {
    /// How many.
    pub rucs: usize,
    /// What the list might cost.
    pub most: u64,
    /// What those that are left may cost: what is announced for them when they are asked for next.
    pub enough: u64,
    /// Their collections were of no use, so that they go one by one.
    pub singly: bool,
}

impl Over {
    /// `rucs` numbers of a list that might cost `most`; `left` numbers are asked for next, and `singly`
    /// of those had been in a collection already.
    pub fn of(rucs: usize, most: u64, left: usize, singly: u64) -> Option<Over> {
        if rucs == 0 {
            return None;
        }
        let usual = Cost::of(left);
        // A few that a collection leaves out are what the reserve is for.
        let singly = singly > usual.most - usual.calls;
        let enough = if singly {
            Cost::singly(left)
        } else {
            usual.most
        };
        Some(Over {
            rucs,
            most,
            enough,
            singly,
        })
    }
}

impl Over {
    /// The same of a list that has no collections: `usual` is what those that are left cost.
    pub fn of_singles(rucs: usize, most: u64, usual: Cost) -> Option<Over> {
        (rucs > 0).then_some(Over {
            rucs,
            most,
            enough: usual.most,
            singly: false,
        })
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

/// Native batch calls that a number of RUCs takes.
pub(super) fn calls_for(numbers: usize) -> u64 {
    numbers.div_ceil(MOST_RUCS) as u64
}
