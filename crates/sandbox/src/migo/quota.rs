//! What is left of the plan.

use std::sync::atomic::{AtomicU64, Ordering};

/// What an account without a limit shows: the plan that most companies buy.
const SHOWN_WITHOUT_LIMIT: u64 = 40_000;

/// A counter that many requests may take from at once without going below zero.
pub(crate) struct Quota {
    limit: Option<u64>,
    spent: AtomicU64,
}

impl Quota {
    pub(crate) fn new(limit: Option<u64>) -> Quota {
        Quota {
            limit,
            spent: AtomicU64::new(0),
        }
    }

    pub(crate) fn is_spent(&self) -> bool {
        self.limit.is_some() && self.left() == 0
    }

    pub(crate) fn left(&self) -> u64 {
        let limit = self.limit.unwrap_or(SHOWN_WITHOUT_LIMIT);
        limit.saturating_sub(self.spent.load(Ordering::Acquire))
    }

    /// Takes all of it or nothing.
    pub(crate) fn take(&self, cost: u64) -> bool {
        let limit = self.limit.unwrap_or(u64::MAX);
        let taken = self
            .spent
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |spent| {
                spent.checked_add(cost).filter(|total| *total <= limit)
            });
        taken.is_ok()
    }
}
