//! Whether a plan is used up: the account behind a line is asked, at no cost.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::Engine;
use crate::{Failure, Line};

/// Asks how many calls are left, at no cost; none when that cannot be found out.
pub(super) type AskLeft = Arc<dyn Fn(Engine) -> BoxFuture<'static, Option<i64>> + Send + Sync>;

/// The account is not asked again sooner, unless what it had left may be spent.
const ASKED_LATELY: Duration = Duration::from_mins(2);
/// A plan that is used up may be enlarged: then the account is asked again this late at most.
const MAY_HAVE_GROWN: Duration = Duration::from_mins(10);

impl Engine {
    /// Says how to ask for the calls that are left of a line's plan. The first call counts.
    pub(crate) fn ask_left_by(&self, line: &Line, ask: AskLeft) {
        self.shared.accounts.set(line, ask);
    }

    /// Whether a plan that was used up is not so any more. Asks the account now and then.
    pub(super) async fn plan_has_grown(&self, line: &Line) -> bool {
        self.ask_left(line, MAY_HAVE_GROWN).await;
        !line.plan_is_spent()
    }

    /// Whether a limit means that the plan is used up; where it may, the account is asked.
    pub(super) async fn plan_ran_out(&self, line: &Line, failure: &Failure) -> bool {
        if !matches!(failure, Failure::RateLimited { .. }) {
            return false;
        }
        if line.plan_may_be_spent(failure) {
            self.ask_left(line, ASKED_LATELY).await;
        }
        line.plan_is_spent()
    }

    async fn ask_left(&self, line: &Line, lately: Duration) {
        let Some(ask) = self.shared.accounts.get(line) else {
            return;
        };
        let _turn = line.plan().asking.lock().await;
        if !line.knows_what_is_left(lately) && ask(self.clone()).await.is_none() {
            // It is not known; asking each time would not help.
            line.note_left(None).await;
        }
    }
}
