//! One look-up's calls: the only retry loop of the program, and the record beside the only send.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bytes::Bytes;
use http::Request;
use jiff::{Timestamp, ToSpan};
use tokio::time::Instant;
use uuid::Uuid;

use super::{Engine, LONGEST_TIME, day_name, month_name, new_id, warn_once};
use crate::gate::{Entry, Errand, Pass, Turn};
use crate::ledger::{NOT_FOUND, SUCCESS};
use crate::many::Place;
use crate::patience;
use crate::queue::Slot;
use crate::retry::back_off;
use crate::times::Kind;
use crate::{
    Allowance, Ask, Bodies, CacheDecision, Call, Counter, Error, Failure, Found, Key, Lookup,
    RawAnswer, Taken, TransportError,
};

/// What every attempt of one look-up has in common.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says something of its own"
)]
pub(super) struct CallSheet<'a> {
    pub(super) lookup: Uuid,
    pub(super) key: &'a Key,
    pub(super) items: u32,
    /// Whether it is about persons: then no bodies go on record.
    pub(super) personal: bool,
    /// Whether its questions are asked one by one when its answer cannot be read: then one more
    /// attempt, which costs less than they do, is enough, and they tell whether the upstream is ill.
    pub(super) else_singly: bool,
    /// Whether it costs nothing of the plan.
    pub(super) free: bool,
    /// Whether it goes past those that wait for a place: it is one at a time, and what it says
    /// decides about answers that are paid for already.
    pub(super) at_once: bool,
    /// Its place in the window of a batch.
    pub(super) place: Option<&'a Place>,
    pub(super) ask: &'a Ask,
    /// Time for one attempt. It is listened to for so long whatever the deadline: what was sent is
    /// paid for, and its answer is remembered.
    pub(super) patience: Duration,
    /// When the answer must be there: nothing is sent that cannot end by then.
    pub(super) deadline: Instant,
}

impl CallSheet<'_> {
    fn kind(&self) -> Kind {
        Kind {
            operation: self.key.operation,
            many: self.else_singly,
        }
    }

    fn is_asked_singly_after(&self, failure: &Failure) -> bool {
        self.else_singly && matches!(failure, Failure::Garbled)
    }
}

/// Leave to send one call, and what it was taken from.
struct Leave<'a> {
    slot: Slot<'a>,
    pass: Pass,
    taken: Vec<Allowance>,
}

/// Why a look-up got nothing from the upstream.
pub(super) struct Unanswered {
    pub(super) failure: Failure,
    pub(super) attempts: u32,
}

impl Engine {
    /// Sends until an answer can be read, the failure is final, or attempts, budget or time run
    /// out. Every attempt is on record, counted and reported to the gate.
    pub(super) async fn ask_upstream<T>(
        &self,
        sheet: &CallSheet<'_>,
        encode: &(dyn Fn() -> Request<Bytes> + Send + Sync),
        decode: &(dyn Fn(&RawAnswer) -> Result<T, Failure> + Send + Sync),
        word: fn(&T) -> &'static str,
    ) -> Result<(T, u32), Unanswered> {
        self.shared.budget.pay_in();
        let mut attempt = 0;
        let mut before = None;
        loop {
            // 1. May it go out, and can it be put on record? An attempt that was sent and failed says
            //    more than that the breaker opened since, or that another one cannot be paid for.
            let (mut slot, pass) = self.may_send(sheet).await.map_err(|failure| Unanswered {
                failure: match failure {
                    Failure::BreakerOpen { .. } => before.take().unwrap_or(failure),
                    _ => failure,
                },
                attempts: attempt,
            })?;
            // 2. Nothing is sent that was not set aside.
            let taken = self.take(sheet).await.map_err(|failure| {
                self.shared.gate.not_sent(pass, Instant::now());
                Unanswered {
                    failure: before.take().unwrap_or(failure),
                    attempts: attempt,
                }
            })?;
            slot.used = true;
            let mut leave = Leave { slot, pass, taken };
            attempt += 1;
            // 3. The attempt; done, or again. Boxed: most of those that hold this future wait for leave to send.
            let sent = self.attempt(sheet, encode, decode, word, attempt, &mut leave);
            let failure = match Box::pin(sent).await {
                Ok(decoded) => {
                    if !sheet.free {
                        self.plan_is_good();
                    }
                    return Ok((decoded, attempt));
                }
                Err(failure) => failure,
            };
            // Others may send while this one waits.
            drop(leave);
            if !sheet.free && self.plan_ran_out(&failure).await {
                return Err(Unanswered {
                    failure: Failure::QuotaSpent,
                    attempts: attempt,
                });
            }
            let wait = if sheet.is_asked_singly_after(&failure) && attempt > 1 {
                None
            } else {
                self.again_in(&failure, attempt, sheet)
            };
            let Some(wait) = wait else {
                return Err(Unanswered {
                    failure,
                    attempts: attempt,
                });
            };
            before = Some(failure);
            self.count(|counters| &counters.retries);
            tokio::time::sleep(wait).await;
        }
    }

    /// One attempt: the only send, what the gate hears of it, and its record.
    async fn attempt<T>(
        &self,
        sheet: &CallSheet<'_>,
        encode: &(dyn Fn() -> Request<Bytes> + Send + Sync),
        decode: &(dyn Fn(&RawAnswer) -> Result<T, Failure> + Send + Sync),
        word: fn(&T) -> &'static str,
        attempt: u32,
        leave: &mut Leave<'_>,
    ) -> Result<T, Failure> {
        let at = self.shared.clock.now();
        let began = Instant::now();
        let request = encode();
        let request_body = self.body_for_record(sheet, request.body());
        let (outcome, answer) = self.send(request, sheet, decode).await;
        // Longer than anybody listens: the process was stopped meanwhile, and what passed says nothing
        // about how long answers take.
        let took = Some(began.elapsed()).filter(|took| *took <= sheet.patience);
        leave.slot.used = took.is_some();
        // The gate hears of it, the audit has it.
        let pass = leave.pass;
        match &outcome {
            Ok(_) => self.shared.gate.succeeded(sheet.kind(), took, pass),
            Err(failure) if sheet.is_asked_singly_after(failure) => {
                self.shared.gate.undecided(pass, Instant::now());
            }
            Err(failure) => {
                self.shared
                    .gate
                    .failed(sheet.kind(), failure, pass, Instant::now());
            }
        }
        if !matches!(outcome, Err(Failure::Unreachable)) {
            self.count(|counters| &counters.calls);
        }
        let call = Call {
            id: new_id(self.shared.clock.now()),
            lookup: sheet.lookup,
            at,
            asked_by: sheet.ask.who.clone(),
            purpose: sheet.ask.purpose.clone(),
            key: sheet.key.clone(),
            items: sheet.items,
            attempt,
            outcome: outcome.as_ref().map_or_else(Failure::code, word),
            http_status: answer.as_ref().map(|answer| answer.status),
            duration_us: micros(began.elapsed()),
            cache: if sheet.ask.force {
                CacheDecision::Bypass
            } else {
                CacheDecision::Miss
            },
            batch: sheet.ask.batch,
            bodies: request_body
                .zip(answer.as_ref())
                .map(|(request, answer)| Bodies {
                    request,
                    answer: answer.body.clone(),
                }),
        };
        self.put_on_record(call, &outcome, sheet, &leave.taken)
            .await;
        outcome
    }

    /// How long to wait before another attempt; none where there is to be no other.
    fn again_in(&self, failure: &Failure, attempt: u32, sheet: &CallSheet<'_>) -> Option<Duration> {
        // A limit of the account itself says nothing new.
        let limit = sheet.free && matches!(failure, Failure::RateLimited { .. });
        let may = failure.treatment().transient
            && !limit
            && attempt < self.shared.tuned.max_attempts()
            && self.shared.budget.take();
        let wait = match failure {
            // The gate is closed for that long and makes the next attempt wait.
            Failure::RateLimited { .. } => Duration::ZERO,
            _ => back_off(attempt),
        };
        // An upstream that was silent for so long is not going to be quick.
        let needed = match failure {
            Failure::TimedOut => sheet.patience,
            _ => Duration::ZERO,
        };
        (may && Instant::now() + wait + needed < sheet.deadline).then_some(wait)
    }

    pub(super) fn patience<L: Lookup>(&self, question: &L) -> Duration {
        question
            .patience()
            .unwrap_or(self.shared.tuned.attempt_timeout())
            .min(LONGEST_TIME)
    }

    pub(crate) fn total_time<L: Lookup>(&self, question: &L, ask: &Ask) -> Duration {
        let usual = self.shared.tuned.deadline();
        // A question that takes long by nature gets the time for one attempt at least.
        let usual = usual.max(question.patience().unwrap_or(Duration::ZERO));
        ask.deadline.unwrap_or(usual).min(LONGEST_TIME)
    }

    /// Waits for leave to send; a plan that was used up may have been enlarged.
    async fn may_send(&self, sheet: &CallSheet<'_>) -> Result<(Slot<'_>, Pass), Failure> {
        match self.pass_gate(sheet).await {
            Err(Failure::QuotaSpent) if self.plan_is_spent() && self.plan_has_grown().await => {
                self.pass_gate(sheet).await
            }
            passed => passed,
        }
    }

    async fn pass_gate(&self, sheet: &CallSheet<'_>) -> Result<(Slot<'_>, Pass), Failure> {
        let shared = &*self.shared;
        let began = Instant::now();
        let needed = || shared.gate.needed(sheet.kind());
        let slot = if sheet.at_once {
            shared.in_flight.beside()
        } else {
            shared.in_flight.place(sheet.deadline, needed).await?
        };
        let errand = Errand {
            kind: sheet.kind(),
            deadline: sheet.deadline,
            waited: slot.waited,
            free: sheet.free,
        };
        shared.ledger.ready().map_err(|_| Failure::LedgerDown)?;
        if !sheet.free && self.plan_is_spent() {
            return Err(Failure::QuotaSpent);
        }
        let mut turn = Turn::New;
        loop {
            match shared.gate.enter(Instant::now(), turn, &errand) {
                Entry::Go(pass) => {
                    let waited = micros(began.elapsed());
                    let total = &shared.counters.gate_wait_us;
                    total.fetch_add(waited, std::sync::atomic::Ordering::Relaxed);
                    return Ok((slot, pass));
                }
                Entry::WaitFor(wait) => tokio::time::sleep(wait).await,
                Entry::Closed(failure) => return Err(failure),
            }
            turn = Turn::Reserved;
        }
    }

    /// Takes one call from everything that limits how many may be sent: the list's budget, the
    /// provider's month, the asker's day. A look-up without limits costs nothing here.
    async fn take(&self, sheet: &CallSheet<'_>) -> Result<Vec<Allowance>, Failure> {
        if sheet.free {
            return Ok(Vec::new());
        }
        let budget = sheet.ask.budget.as_ref();
        if budget.is_some_and(|budget| !budget.take(sheet.else_singly)) {
            return Err(Failure::BudgetSpent);
        }
        let from = self.allowances(sheet);
        if from.is_empty() {
            return Ok(from);
        }
        let failure = match self.shared.ledger.take(&from).await {
            Ok(Taken::All) => return Ok(from),
            Ok(Taken::SpentAt(place)) => match from.get(place).map(|it| &it.counter) {
                Some(Counter::Day { .. }) => Failure::DaySpent {
                    retry_after: until_midnight(self.shared.clock.now()),
                },
                _ => Failure::OwnQuotaSpent,
            },
            Err(error) => {
                tracing::warn!(%error, "no call could be set aside");
                Failure::LedgerDown
            }
        };
        if let Some(budget) = budget {
            budget.add(1);
        }
        Err(failure)
    }

    /// The counters in the ledger that a call is taken from.
    fn allowances(&self, sheet: &CallSheet<'_>) -> Vec<Allowance> {
        let (quota, per_day) = (self.shared.tuned.quota(), sheet.ask.per_day);
        if quota.is_none() && per_day.is_none() {
            return Vec::new();
        }
        let now = self.shared.clock.now();
        let month = quota.map(|most| Allowance {
            counter: Counter::Month {
                provider: sheet.key.provider.into(),
                month: month_name(now),
            },
            most,
        });
        let day = per_day.map(|most| Allowance {
            counter: Counter::Day {
                who: sheet.ask.who.clone(),
                day: day_name(now),
            },
            most,
        });
        month.into_iter().chain(day).collect()
    }

    async fn send<T>(
        &self,
        request: Request<Bytes>,
        sheet: &CallSheet<'_>,
        decode: &(dyn Fn(&RawAnswer) -> Result<T, Failure> + Send + Sync),
    ) -> (Result<T, Failure>, Option<RawAnswer>) {
        let until = Instant::now() + sheet.patience;
        let sent = self
            .shared
            .transport
            .send(request, self.shared.settings.most_bytes);
        match patience::until(until, sent).await {
            Some(Ok(answer)) => {
                let (head, body) = answer.into_parts();
                let answer = RawAnswer {
                    status: head.status.as_u16(),
                    headers: head.headers,
                    body,
                    received_at: self.shared.clock.now(),
                };
                if let Some(place) = sheet.place
                    && answer.status == 200
                    && place.leave()
                {
                    // Whoever waits for it goes first: reading takes a while.
                    tokio::task::yield_now().await;
                }
                // A dialect that panics at an answer is still a call that was sent and paid.
                let decoded = catch_unwind(AssertUnwindSafe(|| decode(&answer)));
                (decoded.unwrap_or(Err(Failure::Internal)), Some(answer))
            }
            Some(Err(TransportError::Unreachable)) => (Err(Failure::Unreachable), None),
            Some(Err(TransportError::Broken)) => (Err(Failure::Broken), None),
            Some(Err(TransportError::TooLarge)) => (Err(Failure::TooLarge), None),
            None => (Err(Failure::TimedOut), None),
        }
    }

    /// The audit row and the month's counter, beside the send. A ledger that cannot take them
    /// closes the next call (`ready`); this answer was paid for and is still given.
    async fn put_on_record<T>(
        &self,
        call: Call,
        outcome: &Result<T, Failure>,
        sheet: &CallSheet<'_>,
        taken: &[Allowance],
    ) {
        let ledger = &self.shared.ledger;
        if matches!(outcome, Err(Failure::Unreachable)) {
            // Nothing was sent, so nothing was spent.
            if let Some(budget) = &sheet.ask.budget {
                budget.add(1);
            }
            if !taken.is_empty() {
                warn_once(ledger.give_back(taken).await);
            }
        } else if !sheet.free
            && !taken
                .iter()
                .any(|it| matches!(it.counter, Counter::Month { .. }))
        {
            let month = month_name(call.at);
            warn_once(ledger.spend(call.key.provider, &month, 1).await);
        }
        warn_once(ledger.record(call).await);
    }

    /// Puts on record that memory answered, where the owner wants that.
    pub(crate) async fn record_hit(&self, key: &Key, refused: bool, ask: &Ask) {
        if !self.shared.settings.record_hits {
            return;
        }
        let (cache, outcome) = if refused {
            (CacheDecision::Refused, NOT_FOUND)
        } else {
            (CacheDecision::Hit, SUCCESS)
        };
        self.record_decision(key, cache, outcome, ask).await;
    }

    /// Puts on record that somebody else's call answered, where the owner wants that.
    pub(super) async fn record_shared<A>(
        &self,
        key: &Key,
        outcome: &Result<Found<A>, Error>,
        ask: &Ask,
    ) {
        // A batch keeps its own results.
        if !self.shared.settings.record_hits || ask.batch.is_some() {
            return;
        }
        let outcome = match outcome {
            Ok(_) => SUCCESS,
            Err(error) => error.failure().map_or(NOT_FOUND, Failure::code),
        };
        self.record_decision(key, CacheDecision::Shared, outcome, ask)
            .await;
    }

    pub(super) async fn record_decision(
        &self,
        key: &Key,
        cache: CacheDecision,
        outcome: &'static str,
        ask: &Ask,
    ) {
        let at = self.shared.clock.now();
        let id = new_id(at);
        let call = Call {
            id,
            lookup: id,
            at,
            asked_by: ask.who.clone(),
            purpose: ask.purpose.clone(),
            key: key.clone(),
            items: 1,
            attempt: 0,
            outcome,
            http_status: None,
            duration_us: 0,
            cache,
            batch: ask.batch,
            bodies: None,
        };
        warn_once(self.shared.ledger.record(call).await);
    }

    fn body_for_record(&self, sheet: &CallSheet<'_>, body: &Bytes) -> Option<Bytes> {
        (self.shared.settings.store_bodies && !sheet.personal).then(|| without_token(body))
    }
}

/// A JSON body with the value of its `token` field replaced.
fn without_token(body: &Bytes) -> Bytes {
    match serde_json::from_slice::<serde_json::Value>(body) {
        Ok(mut value) => {
            if let Some(token) = value.get_mut("token") {
                *token = "•••".into();
            }
            Bytes::from(value.to_string())
        }
        Err(_) => Bytes::new(),
    }
}

fn until_midnight(now: Timestamp) -> Duration {
    let tomorrow = chaski_core::lima_date(now).saturating_add(1.day());
    let midnight = chaski_core::lima_timestamp(tomorrow.at(0, 0, 0, 0));
    Duration::try_from(midnight.duration_since(now)).unwrap_or(Duration::ZERO)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
