//! The plan used up: found by asking the account, remembered until the month of Lima turns.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::time::Instant;

use super::{Engine, warn_once};
use crate::{Failure, LedgerError};

/// Asks how many calls are left, at no cost; none when that cannot be found out.
type AskLeft = Box<dyn Fn(Engine) -> BoxFuture<'static, Option<i64>> + Send + Sync>;

#[derive(Default)]
pub(super) struct Plan {
    ask: OnceLock<AskLeft>,
    /// The month in which it was used up, as [`month_number`] has it; 0 for none.
    spent_in: AtomicU32,
    /// Limits heard in a row.
    limits: AtomicU32,
    /// When the account was asked, the calls left then, and the calls sent until then.
    asked: Mutex<Option<(Instant, Option<i64>, u64)>>,
    /// One asks, the others take the result.
    asking: tokio::sync::Mutex<()>,
}

/// A limit that says nothing better than this is not about pace.
const NO_PACE: Duration = Duration::from_mins(15);
/// So many of them in a row may be about the plan; and of others, whatever they say.
const LIMITS: u32 = 2;
const OTHER_LIMITS: u32 = 3;
/// The account is not asked again sooner, unless what it had left may be spent.
const ASKED_LATELY: Duration = Duration::from_mins(2);
/// A plan that is used up may be enlarged: then the account is asked again this late at most.
const MAY_HAVE_GROWN: Duration = Duration::from_mins(10);

impl Engine {
    /// Says how to ask for the calls left. The first call counts.
    pub(crate) fn ask_left_by(&self, ask: AskLeft) {
        drop(self.shared.plan.ask.set(ask));
    }

    /// Takes from the ledger whether the plan was used up this month, so that another process knows.
    pub async fn load_plan(&self, provider: &str) -> Result<(), LedgerError> {
        let spent_in = self.shared.ledger.plan_spent(provider).await?;
        let spent_in = spent_in.map_or(0, month_number);
        self.shared.plan.spent_in.store(spent_in, Ordering::Relaxed);
        Ok(())
    }

    /// The account said how many calls are left.
    pub(crate) async fn note_left(&self, provider: &str, left: Option<i64>) {
        let plan = &self.shared.plan;
        let calls = self.stats().calls;
        let said = (Instant::now(), left, calls);
        *plan.asked.lock().unwrap_or_else(PoisonError::into_inner) = Some(said);
        let Some(left) = left else { return };
        let now = self.shared.clock.now();
        let (spent, was_spent) = (left <= 0, self.plan_is_spent());
        let spent_in = if spent { month_number(now) } else { 0 };
        plan.spent_in.store(spent_in, Ordering::Relaxed);
        if spent != was_spent {
            let noted = self.shared.ledger.note_plan(provider, spent.then_some(now));
            warn_once(noted.await);
        }
    }

    /// Whether the plan is known to be used up.
    pub(super) fn plan_is_spent(&self) -> bool {
        match self.shared.plan.spent_in.load(Ordering::Relaxed) {
            0 => false,
            month => month == month_number(self.shared.clock.now()),
        }
    }

    /// Whether a plan that was used up is not so any more. Asks the account now and then.
    pub(super) async fn plan_has_grown(&self) -> bool {
        self.ask_left(MAY_HAVE_GROWN).await;
        !self.plan_is_spent()
    }

    /// Whether a limit means that the plan is used up; where it may, the account is asked.
    pub(super) async fn plan_ran_out(&self, failure: &Failure) -> bool {
        let Failure::RateLimited { retry_after } = failure else {
            return false;
        };
        let no_pace = retry_after.is_none_or(|wait| wait >= NO_PACE);
        let enough = if no_pace { LIMITS } else { OTHER_LIMITS };
        if self.shared.plan.limits.fetch_add(1, Ordering::Relaxed) + 1 >= enough {
            self.ask_left(ASKED_LATELY).await;
        }
        self.plan_is_spent()
    }

    /// A good answer: limits before it were about pace.
    pub(super) fn plan_is_good(&self) {
        let limits = &self.shared.plan.limits;
        if limits.load(Ordering::Relaxed) > 0 {
            limits.store(0, Ordering::Relaxed);
        }
    }

    async fn ask_left(&self, lately: Duration) {
        let plan = &self.shared.plan;
        let Some(ask) = plan.ask.get() else { return };
        let _turn = plan.asking.lock().await;
        let asked = *plan.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((at, left, before)) = asked
            && at.elapsed() < lately
        {
            let since = self.stats().calls.saturating_sub(before);
            let may_be_spent = left.is_some_and(|left| left > 0 && since >= left.unsigned_abs());
            if !may_be_spent {
                return;
            }
        }
        if ask(self.clone()).await.is_none() {
            // Nobody knows; asking each time would not help.
            self.note_left("", None).await;
        }
    }
}

/// Months count up, and none of them is 0.
fn month_number(at: Timestamp) -> u32 {
    let date = chaski_core::lima_date(at);
    u32::from(date.year().unsigned_abs()) * 12 + u32::from(date.month().unsigned_abs())
}
