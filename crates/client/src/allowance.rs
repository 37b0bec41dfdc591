//! What calls are taken from before they are sent: counters in the ledger, which hold across
//! processes, restarts and clocks, and the budget of one list, which is gone with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use compact_str::CompactString;

/// A counter of calls and the most that may ever be taken from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// Whose calls, and of when.
    pub counter: Counter,
    /// Most calls.
    pub most: u64,
}

/// Whose calls are counted, and of when. Months and days are those of Lima.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Counter {
    /// All calls to a provider in a month such as `2026-11`.
    Month {
        /// The provider.
        provider: CompactString,
        /// The month.
        month: CompactString,
    },
    /// The calls of one asker on a day such as `2026-11-28`.
    Day {
        /// Who asks.
        who: CompactString,
        /// The day.
        day: CompactString,
    },
}

/// What came of taking one call from several allowances.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// One from each.
    All,
    /// None from any, because the one at this place has none left.
    SpentAt(usize),
}

/// Calls that a look-up, or all those of a list together, may still cost. Clones share it.
///
/// ```
/// use chaski_client::{Ask, Budget};
/// let budget = Budget::of(12);
/// let ask = Ask::by("lista").budget(budget.clone());
/// // … after the list:
/// assert_eq!(budget.left(), 12);
/// # drop(ask);
/// ```
#[derive(Debug, Clone)]
pub struct Budget(Arc<Purse>);

#[derive(Debug)]
struct Purse {
    left: AtomicU64,
    refused_singly: AtomicU64,
}

impl Budget {
    /// This many calls.
    pub fn of(calls: u64) -> Budget {
        Budget(Arc::new(Purse {
            left: AtomicU64::new(calls),
            refused_singly: AtomicU64::new(0),
        }))
    }

    /// Calls that are left.
    pub fn left(&self) -> u64 {
        self.0.left.load(Ordering::SeqCst)
    }

    /// Takes what is left.
    pub(crate) fn take_all(&self) -> u64 {
        self.0.left.swap(0, Ordering::SeqCst)
    }

    /// Allows more of them.
    pub fn add(&self, calls: u64) {
        self.0.left.fetch_add(calls, Ordering::SeqCst);
    }

    /// Questions that were not asked by themselves for want of a call: of a list, those that a native
    /// batch call had left without an answer.
    pub fn refused_singly(&self) -> u64 {
        self.0.refused_singly.load(Ordering::SeqCst)
    }

    /// Takes one, for many questions or for one; false when none is left.
    pub(crate) fn take(&self, many: bool) -> bool {
        let one_less = |left: u64| left.checked_sub(1);
        let taken = self
            .0
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
            .is_ok();
        if !taken && !many {
            self.0.refused_singly.fetch_add(1, Ordering::SeqCst);
        }
        taken
    }
}
