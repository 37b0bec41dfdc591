//! The plan used up: what a line knows of it. It is found by asking the account (see
//! `engine/plan_left.rs`) and remembered until the month of Lima turns.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use crate::ledger::warn_once;
use crate::{Failure, LedgerError, Line};

#[derive(Default)]
pub(crate) struct Plan {
    /// The month in which it was used up, as [`month_number`] has it; 0 for none.
    spent_in: AtomicU32,
    /// Limits heard in a row.
    limits: AtomicU32,
    /// When the account was asked, the calls left then, and the calls sent until then.
    asked: Mutex<Option<(Instant, Option<i64>, u64)>>,
    /// One asks, the others take the result.
    pub(crate) asking: tokio::sync::Mutex<()>,
}

/// A limit that says nothing better than this is not about pace.
const NO_PACE: Duration = Duration::from_mins(15);
/// How many of them in a row may be about the plan; and of others, whatever they say.
const LIMITS: u32 = 2;
const OTHER_LIMITS: u32 = 3;

impl Line {
    /// Takes from the ledger whether the plan was used up this month, so that another process knows.
    pub async fn load_plan(&self) -> Result<(), LedgerError> {
        let spent_in = self.ledger().plan_spent(self.provider()).await?;
        let spent_in = spent_in.map_or(0, month_number);
        self.plan().spent_in.store(spent_in, Ordering::Relaxed);
        Ok(())
    }

    /// The account said how many calls are left; none where that could not be found out.
    pub(crate) async fn note_left(&self, left: Option<i64>) {
        let plan = self.plan();
        let said = (Instant::now(), left, self.stats().calls);
        *plan.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
        let Some(left) = left else { return };
        let now = self.clock().now();
        let (spent, was_spent) = (left <= 0, self.plan_is_spent());
        let spent_in = if spent { month_number(now) } else { 0 };
        plan.spent_in.store(spent_in, Ordering::Relaxed);
        if spent != was_spent {
            let spent_at = spent.then_some(now);
            warn_once(self.ledger().note_plan(self.provider(), spent_at).await);
        }
    }

    /// Whether the plan is known to be used up.
    pub(crate) fn plan_is_spent(&self) -> bool {
        match self.plan().spent_in.load(Ordering::Relaxed) {
            0 => false,
            month => month == month_number(self.clock().now()),
        }
    }

    /// Whether a failure is one limit too many to be about pace alone.
    pub(crate) fn plan_may_be_spent(&self, failure: &Failure) -> bool {
        let Failure::RateLimited { retry_after } = failure else {
            return false;
        };
        let no_pace = retry_after.is_none_or(|wait| wait >= NO_PACE);
        let enough = if no_pace { LIMITS } else { OTHER_LIMITS };
        self.plan().limits.fetch_add(1, Ordering::Relaxed) + 1 >= enough
    }

    /// A good answer: limits before it were about pace.
    pub(crate) fn plan_is_good(&self) {
        let limits = &self.plan().limits;
        if limits.load(Ordering::Relaxed) > 0 {
            limits.store(0, Ordering::Relaxed);
        }
    }

    /// Whether the account was asked so lately that what it said still holds.
    pub(crate) fn knows_what_is_left(&self, lately: Duration) -> bool {
        let plan = self.plan();
        let asked = *plan.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.is_some_and(|(at, left, before)| {
            let since = self.stats().calls.saturating_sub(before);
            let may_be_spent = left.is_some_and(|left| left > 0 && since >= left.unsigned_abs());
            at.elapsed() < lately && !may_be_spent
        })
    }
}

/// Months count up, and none of them is 0.
fn month_number(at: Timestamp) -> u32 {
    let date = chaski_core::lima_date(at);
    u32::from(date.year().unsigned_abs()) * 12 + u32::from(date.month().unsigned_abs())
}
