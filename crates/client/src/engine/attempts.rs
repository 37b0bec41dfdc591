//! One look-up's calls: the only retry loop of the program, over the routes in their order.

use std::time::Duration;

use bytes::Bytes;
use http::Request;
use tokio::time::Instant;

use super::Engine;
use crate::ledger::SUCCESS;
use crate::line::{CallSheet, Exchange, Leave};
use crate::retry::back_off;
use crate::settings::LONGEST_TIME;
use crate::{Ask, Decoded, Failure, Line, Lookup, RawAnswer, Upstream, UpstreamMany};

/// One question, asked in one dialect.
pub(super) struct One<'a, L: Lookup>(pub(super) &'a dyn Upstream<L>, pub(super) &'a L);

impl<L: Lookup> Exchange<Decoded<L::Answer>> for One<'_, L> {
    fn encode(&self) -> Request<Bytes> {
        self.0.encode(self.1)
    }

    fn decode(&self, answer: &RawAnswer) -> Result<Decoded<L::Answer>, Failure> {
        self.0.decode(self.1, answer)
    }

    fn outcome(&self, said: &Decoded<L::Answer>) -> &'static str {
        said.outcome()
    }
}

/// Several questions, asked in one native batch call.
pub(super) struct Together<'a, L: Lookup>(pub(super) &'a dyn UpstreamMany<L>, pub(super) &'a [L]);

impl<L: Lookup> Exchange<Vec<Option<Decoded<L::Answer>>>> for Together<'_, L> {
    fn encode(&self) -> Request<Bytes> {
        self.0.encode_many(self.1)
    }

    fn decode(&self, answer: &RawAnswer) -> Result<Vec<Option<Decoded<L::Answer>>>, Failure> {
        self.0.decode_many(self.1, answer)
    }

    fn outcome(&self, _: &Vec<Option<Decoded<L::Answer>>>) -> &'static str {
        SUCCESS
    }
}

/// Why a look-up got nothing from any upstream.
pub(super) struct Unanswered {
    pub(super) failure: Failure,
    pub(super) attempts: u32,
}

impl Engine {
    /// Asks the upstreams in their order, the next one where the failure of the one before allows it.
    /// When none answers, the failure is that of the first: it is the one that its owner chose.
    pub(super) async fn ask_upstreams<'a, T, E: Exchange<T>>(
        &self,
        sheet: &CallSheet<'a>,
        routes: impl Iterator<Item = (&'a Line, E)> + Send,
    ) -> Result<(T, &'a Line, u32), Unanswered> {
        let (mut first, mut attempts) = (None, 0);
        for (line, exchange) in routes {
            match self.ask_line(line, sheet, &exchange, &mut attempts).await {
                Ok(said) => return Ok((said, line, attempts)),
                Err(failure) => {
                    let next = failure.treatment().next_upstream;
                    first.get_or_insert(failure);
                    if !next {
                        break;
                    }
                }
            }
        }
        Err(Unanswered {
            failure: first.unwrap_or(Failure::Rejected),
            attempts,
        })
    }

    /// Sends to one upstream until an answer can be read, the failure is final, or attempts, budget
    /// or time run out. Counts `attempts` on.
    pub(super) async fn ask_line<T>(
        &self,
        line: &Line,
        sheet: &CallSheet<'_>,
        exchange: &dyn Exchange<T>,
        attempts: &mut u32,
    ) -> Result<T, Failure> {
        line.retries().pay_in();
        let mut attempt = 0;
        let mut before = None;
        loop {
            // 1. May it go out, and can it be put on record and paid for? An attempt that was sent and
            //    failed says more than that the breaker opened since, or that nothing is left for another.
            let leave = self.enter(line, sheet).await.map_err(|failure| {
                let is_new = !matches!(
                    failure,
                    Failure::BreakerOpen { .. }
                        | Failure::BudgetSpent
                        | Failure::DaySpent { .. }
                        | Failure::OwnQuotaSpent
                );
                before.take().filter(|_| !is_new).unwrap_or(failure)
            })?;
            attempt += 1;
            *attempts += 1;
            // 2. The attempt; done, or again. Boxed: most of those that hold this future wait for leave
            //    to send.
            let failure = match Box::pin(line.send(leave, sheet, exchange, attempt)).await {
                Ok(said) => {
                    if !sheet.free {
                        line.plan_is_good();
                    }
                    return Ok(said);
                }
                Err(failure) => failure,
            };
            if !sheet.free && self.plan_ran_out(line, &failure).await {
                return Err(Failure::QuotaSpent);
            }
            let wait = if sheet.is_asked_singly_after(&failure) && attempt > 1 {
                None
            } else {
                again_in(line, &failure, attempt, sheet)
            };
            let Some(wait) = wait else {
                return Err(failure);
            };
            before = Some(failure);
            line.count_retry();
            tokio::time::sleep(wait).await;
        }
    }

    /// Waits for leave to send; a plan that was used up may have been enlarged.
    async fn enter<'a>(&self, line: &'a Line, sheet: &CallSheet<'a>) -> Result<Leave<'a>, Failure> {
        match line.enter(sheet).await {
            Err(Failure::QuotaSpent) if line.plan_is_spent() && self.plan_has_grown(line).await => {
                line.enter(sheet).await
            }
            entered => entered,
        }
    }

    pub(crate) fn total_time<L: Lookup>(&self, question: &L, ask: &Ask) -> Duration {
        let usual = self.shared.tuned.now().deadline;
        // A question that takes long by nature gets the time for one attempt at least.
        let usual = usual.max(question.patience().unwrap_or(Duration::ZERO));
        ask.deadline.unwrap_or(usual).min(LONGEST_TIME)
    }
}

/// How long to wait before another attempt; none where there is to be no other.
fn again_in(
    line: &Line,
    failure: &Failure,
    attempt: u32,
    sheet: &CallSheet<'_>,
) -> Option<Duration> {
    // A limit of the account itself says nothing new.
    let limit = sheet.free && matches!(failure, Failure::RateLimited { .. });
    let may = failure.treatment().transient
        && !limit
        && attempt < line.most_attempts()
        && line.retries().take();
    let wait = match failure {
        // The gate is closed for that long and makes the next attempt wait.
        Failure::RateLimited { .. } => Duration::ZERO,
        _ => back_off(attempt),
    };
    // An upstream that was silent for so long is not going to be quick.
    let needed = match failure {
        Failure::TimedOut => line.patience(sheet),
        _ => Duration::ZERO,
    };
    (may && Instant::now() + wait + needed < sheet.deadline).then_some(wait)
}
