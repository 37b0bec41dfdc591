//! One way to one upstream: leave to send, the only send, and its record. Memory, flights, retries
//! and the order of upstreams are the engine's; a caller that must send a thing once needs no more than
//! this.

pub(crate) mod doubt;
mod plan;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use compact_str::{CompactString, format_compact};
use http::Request;
use jiff::{Timestamp, ToSpan};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use uuid::Uuid;

use doubt::Doubt;
use plan::Plan;

use crate::gate::{Errand, Gate, GateEntry, GateTurn, Pass};
use crate::ledger::{new_id, warn_once};
use crate::patience;
use crate::queue::{Queue, Slot};
use crate::retry::RetryBudget;
use crate::settings::{LONGEST_TIME, Settings, Tuned};
use crate::times::Kind;
use crate::window::WindowPlace;
use crate::words::Words;
use crate::{
    Allowance, Ask, Bodies, BreakerState, CacheDecision, Call, Clock, Counter, Failure, Key,
    Ledger, LedgerError, RawAnswer, Taken, Transport, TransportError,
};

/// One way to one upstream: its pace, breaker, quota and places, its transport, and every call that
/// takes it on record. Clones share everything.
///
/// ```
/// use std::sync::Arc;
/// use chaski_client::{Clock, Http, Line, MemoryLedger, Settings};
/// let ledger = Arc::new(MemoryLedger::new());
/// let http = Arc::new(Http::new());
/// let line = Line::new("correos", &Settings::default(), Clock::system(), http, ledger);
/// assert_eq!((line.provider(), line.stats().calls), ("correos", 0));
/// ```
#[derive(Clone)]
pub struct Line {
    shared: Arc<Shared>,
}

struct Shared {
    provider: &'static str,
    most_bytes: usize,
    store_bodies: bool,
    tuned: Tuned,
    clock: Clock,
    transport: Arc<dyn Transport>,
    ledger: Arc<dyn Ledger>,
    gate: Gate,
    places: Queue,
    /// Those that have a place and are sent: fewer, where others are got ready meanwhile.
    wire: Semaphore,
    retries: RetryBudget,
    plan: Plan,
    doubt: Doubt,
    counters: Counters,
}

#[derive(Default)]
struct Counters {
    calls: AtomicU64,
    paid: AtomicU64,
    retries: AtomicU64,
    gate_wait_us: AtomicU64,
}

/// What a line has done since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LineStats {
    /// Calls sent, retries included.
    pub calls: u64,
    /// Calls that cost of the plan, those included whose answer has not come yet.
    pub paid: u64,
    /// Retries sent.
    pub retries: u64,
    /// Time that calls have waited for the pace or for a free place.
    pub gate_wait: Duration,
}

/// What is sent, and how its answer is read.
pub(crate) trait Exchange<T>: Send + Sync {
    /// The request, token included.
    fn encode(&self) -> Request<Bytes>;

    /// What an answer means.
    fn decode(&self, answer: &RawAnswer) -> Result<T, Failure>;

    /// The word in the record for an answer that could be read.
    fn outcome(&self, said: &T) -> &'static str;
}

/// What every attempt of one question, or of one native batch call, has in common.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says something of its own"
)]
pub(crate) struct CallSheet<'a> {
    pub(crate) lookup: Uuid,
    pub(crate) key: &'a Key,
    pub(crate) items: u32,
    /// Whether it is about persons: then no bodies go on record.
    pub(crate) personal: bool,
    /// Whether its questions are asked one by one when its answer cannot be read: then one more
    /// attempt, which costs less than they do, is enough, and they tell whether the upstream is ill.
    pub(crate) else_singly: bool,
    /// Whether it costs nothing of the plan.
    pub(crate) free: bool,
    /// Whether it goes past those that wait for a place: it is one at a time, and what it says
    /// decides about answers that are paid for already.
    pub(crate) at_once: bool,
    /// Its place in the window of a batch.
    pub(crate) place: Option<&'a WindowPlace>,
    pub(crate) ask: &'a Ask,
    /// Time for one attempt where the line's usual one is too short.
    pub(crate) patience: Option<Duration>,
    /// When the answer must be there: nothing is sent that cannot end by then.
    pub(crate) deadline: Instant,
}

impl CallSheet<'_> {
    fn kind(&self) -> Kind {
        Kind {
            operation: self.key.operation,
            many: self.else_singly,
        }
    }

    pub(crate) fn is_asked_singly_after(&self, failure: &Failure) -> bool {
        self.else_singly && matches!(failure, Failure::Garbled)
    }
}

/// Leave to send one call, and what it was taken from. Dropped unsent, all of it is given back.
pub(crate) struct Leave<'a> {
    line: &'a Line,
    slot: Slot<'a>,
    pass: Pass,
    taken: Taking<'a>,
    sent: bool,
}

/// One call, taken from everything that limits how many may be sent.
struct Taking<'a> {
    ask: &'a Ask,
    free: bool,
    from: Vec<Allowance>,
}

impl Drop for Leave<'_> {
    fn drop(&mut self) {
        if self.sent {
            return;
        }
        self.line.shared.gate.not_sent(self.pass, Instant::now());
        self.taken.give_back_budget();
        let from = std::mem::take(&mut self.taken.from);
        // Outside a runtime the process is ending.
        if !from.is_empty()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            let ledger = Arc::clone(&self.line.shared.ledger);
            runtime.spawn(async move { warn_once(ledger.give_back(&from).await) });
        }
    }
}

impl Taking<'_> {
    fn give_back_budget(&self) {
        if !self.free
            && let Some(budget) = &self.ask.budget
        {
            budget.add(1);
        }
    }

    fn is_from_the_month(&self) -> bool {
        let of_month = |it: &Allowance| matches!(it.counter, Counter::Month { .. });
        self.from.iter().any(of_month)
    }
}

impl Line {
    /// A line to the upstream that is called `provider` on record.
    pub fn new(
        provider: &'static str,
        settings: &Settings,
        clock: Clock,
        transport: Arc<dyn Transport>,
        ledger: Arc<dyn Ledger>,
    ) -> Line {
        Line {
            shared: Arc::new(Shared {
                provider,
                most_bytes: settings.most_bytes,
                store_bodies: settings.store_bodies,
                tuned: Tuned::of(settings),
                clock,
                transport,
                ledger,
                gate: Gate::new(settings.calls_per_minute, Instant::now()),
                places: Queue::new(settings.concurrency.saturating_add(settings.ahead)),
                wire: Semaphore::new(settings.concurrency),
                retries: RetryBudget::new(),
                plan: Plan::default(),
                doubt: Doubt::default(),
                counters: Counters::default(),
            }),
        }
    }

    /// Waits for leave to send one call: a place, the gate, and one call of all that limits them.
    pub(crate) async fn enter<'a>(&'a self, sheet: &CallSheet<'a>) -> Result<Leave<'a>, Failure> {
        let (mut slot, pass) = self.pass_gate(sheet).await?;
        // Nothing is sent that was not set aside.
        let from = self.take(sheet).await.inspect_err(|_| {
            self.shared.gate.not_sent(pass, Instant::now());
        })?;
        slot.used = true;
        let taken = Taking {
            ask: sheet.ask,
            free: sheet.free,
            from,
        };
        Ok(Leave {
            line: self,
            slot,
            pass,
            taken,
            sent: false,
        })
    }

    /// The only send: what the gate hears of it, and its record. `attempt` counts from 1.
    pub(crate) async fn send<T>(
        &self,
        mut leave: Leave<'_>,
        sheet: &CallSheet<'_>,
        exchange: &dyn Exchange<T>,
        attempt: u32,
    ) -> Result<T, Failure> {
        let shared = &*self.shared;
        // Not for long: there are few more places than these.
        let _sent = if sheet.at_once {
            None
        } else {
            shared.wire.acquire().await.ok()
        };
        let (at, began) = (shared.clock.now(), Instant::now());
        let patience = self.patience(sheet);
        let request = exchange.encode();
        let request_body = self.body_for_record(sheet, request.body());
        leave.sent = true;
        let paid = u64::from(!sheet.free);
        shared.counters.paid.fetch_add(paid, Ordering::Relaxed);
        let (outcome, answer) = self.exchange(request, sheet, exchange).await;
        // Longer than anybody listens: the process was stopped meanwhile, and what passed says nothing
        // about how long answers take.
        let took = Some(began.elapsed()).filter(|took| *took <= patience);
        leave.slot.used = took.is_some();
        // The gate hears of it, the audit has it.
        let pass = leave.pass;
        match &outcome {
            Ok(_) => shared.gate.succeeded(sheet.kind(), took, pass),
            Err(failure) if sheet.is_asked_singly_after(failure) => {
                shared.gate.undecided(pass, Instant::now());
            }
            Err(failure) => {
                shared
                    .gate
                    .failed(sheet.kind(), failure, pass, Instant::now());
            }
        }
        if matches!(outcome, Err(Failure::Unreachable)) {
            // Nothing was sent.
            shared.counters.paid.fetch_sub(paid, Ordering::Relaxed);
        } else {
            shared.counters.calls.fetch_add(1, Ordering::Relaxed);
        }
        let call = Call {
            id: new_id(shared.clock.now()),
            lookup: sheet.lookup,
            at,
            asked_by: sheet.ask.who.clone(),
            owner: sheet.ask.owner,
            purpose: sheet.ask.purpose.clone(),
            provider: shared.provider,
            key: sheet.key.clone(),
            items: sheet.items,
            attempt,
            outcome: match &outcome {
                Ok(said) => exchange.outcome(said),
                Err(failure) => failure.code(),
            },
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
        self.put_on_record(call, outcome.as_ref().err(), &leave.taken)
            .await;
        outcome
    }

    async fn pass_gate(&self, sheet: &CallSheet<'_>) -> Result<(Slot<'_>, Pass), Failure> {
        let shared = &*self.shared;
        let began = Instant::now();
        let needed = || shared.gate.needed(sheet.kind());
        let slot = if sheet.at_once {
            shared.places.beside()
        } else {
            shared.places.place(sheet.deadline, needed).await?
        };
        let errand = Errand {
            kind: sheet.kind(),
            deadline: sheet.deadline,
            waited: slot.waited,
            free: sheet.free,
        };
        shared.ledger.ready().map_err(|_| Failure::LedgerDown)?;
        let mut turn = GateTurn::New;
        loop {
            // Each time: it may be found out while one waits.
            if !sheet.free && self.plan_is_spent() {
                return Err(Failure::QuotaSpent);
            }
            match shared.gate.enter(Instant::now(), turn, &errand) {
                GateEntry::Go(pass) => {
                    let waited = micros(began.elapsed());
                    let total = &shared.counters.gate_wait_us;
                    total.fetch_add(waited, Ordering::Relaxed);
                    return Ok((slot, pass));
                }
                GateEntry::WaitFor(wait) => tokio::time::sleep(wait).await,
                GateEntry::Closed(failure) => return Err(failure),
            }
            turn = GateTurn::Reserved;
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
        let from = self.allowances(sheet.ask);
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
    fn allowances(&self, ask: &Ask) -> Vec<Allowance> {
        let (quota, per_day) = (self.shared.tuned.now().quota, ask.per_day);
        if quota.is_none() && per_day.is_none() {
            return Vec::new();
        }
        let now = self.shared.clock.now();
        let month = quota.map(|most| Allowance {
            counter: self.month(now),
            most,
        });
        let day = per_day.map(|most| Allowance {
            counter: Counter::Day {
                who: ask.who.clone(),
                day: day_name(now),
            },
            most,
        });
        month.into_iter().chain(day).collect()
    }

    fn month(&self, now: Timestamp) -> Counter {
        Counter::Month {
            provider: self.shared.provider.into(),
            month: month_name(now),
        }
    }

    async fn exchange<T>(
        &self,
        request: Request<Bytes>,
        sheet: &CallSheet<'_>,
        exchange: &dyn Exchange<T>,
    ) -> (Result<T, Failure>, Option<RawAnswer>) {
        // Listened to for so long whatever the deadline: what was sent is paid for, and its answer is
        // remembered.
        let until = Instant::now() + self.patience(sheet);
        let sent = self.shared.transport.send(request, self.shared.most_bytes);
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
                    // Those that wait for it go first: reading takes a while.
                    tokio::task::yield_now().await;
                }
                // A dialect that panics at an answer is still a call that was sent and paid.
                let decoded = catch_unwind(AssertUnwindSafe(|| exchange.decode(&answer)));
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
    async fn put_on_record(&self, call: Call, failure: Option<&Failure>, taken: &Taking<'_>) {
        let ledger = &self.shared.ledger;
        if matches!(failure, Some(Failure::Unreachable)) {
            // Nothing was sent, so nothing was spent.
            taken.give_back_budget();
            if !taken.from.is_empty() {
                warn_once(ledger.give_back(&taken.from).await);
            }
        } else if !taken.free && !taken.is_from_the_month() {
            let month = month_name(call.at);
            warn_once(ledger.spend(self.shared.provider, &month, 1).await);
        }
        warn_once(ledger.record(call).await);
    }

    fn body_for_record(&self, sheet: &CallSheet<'_>, body: &Bytes) -> Option<Bytes> {
        (self.shared.store_bodies && !sheet.personal).then(|| without_token(body))
    }

    /// Time for one attempt.
    pub(crate) fn patience(&self, sheet: &CallSheet<'_>) -> Duration {
        let usual = self.shared.tuned.now().attempt_timeout;
        sheet.patience.unwrap_or(usual).min(LONGEST_TIME)
    }

    /// Time for a call with all its waits.
    pub(crate) fn usual_deadline(&self) -> Duration {
        self.shared.tuned.now().deadline.min(LONGEST_TIME)
    }

    /// How the upstream is called on record.
    pub fn provider(&self) -> &'static str {
        self.shared.provider
    }

    /// What was done so far.
    pub fn stats(&self) -> LineStats {
        let counters = &self.shared.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        LineStats {
            calls: read(&counters.calls),
            paid: read(&counters.paid),
            retries: read(&counters.retries),
            gate_wait: Duration::from_micros(read(&counters.gate_wait_us)),
        }
    }

    /// State of the breaker.
    pub fn breaker(&self) -> BreakerState {
        self.shared.gate.breaker()
    }

    /// Calls counted this month, by all who share the ledger, and the quota, when one is set.
    pub async fn quota(&self) -> Result<(u64, Option<u64>), LedgerError> {
        let counter = self.month(self.shared.clock.now());
        let spent = self.shared.ledger.spent(&counter).await?;
        Ok((spent, self.shared.tuned.now().quota))
    }

    /// Takes over pace, quota, time and number of attempts while calls are under way: they go on with
    /// what they began with. How many calls go at once stays as it was.
    pub fn retune(&self, settings: &Settings) {
        self.shared.tuned.set(settings);
        self.shared.gate.set_pace(settings.calls_per_minute);
    }

    pub(crate) fn words(&self, operation: &'static str) -> Words {
        self.shared.gate.words(operation)
    }

    pub(crate) fn most_attempts(&self) -> u32 {
        self.shared.tuned.now().max_attempts
    }

    pub(crate) fn retries(&self) -> &RetryBudget {
        &self.shared.retries
    }

    pub(crate) fn count_retry(&self) {
        self.shared.counters.retries.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn plan(&self) -> &Plan {
        &self.shared.plan
    }

    pub(crate) fn doubt(&self) -> &Doubt {
        &self.shared.doubt
    }

    pub(crate) fn ledger(&self) -> &Arc<dyn Ledger> {
        &self.shared.ledger
    }

    pub(crate) fn clock(&self) -> Clock {
        self.shared.clock
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

fn month_name(now: Timestamp) -> CompactString {
    let date = chaski_core::lima_date(now);
    format_compact!("{:04}-{:02}", date.year(), date.month())
}

pub(crate) fn day_name(now: Timestamp) -> CompactString {
    format_compact!("{}", chaski_core::lima_date(now))
}

fn until_midnight(now: Timestamp) -> Duration {
    let tomorrow = chaski_core::lima_date(now).saturating_add(1.day());
    let midnight = chaski_core::lima_timestamp(tomorrow.at(0, 0, 0, 0));
    Duration::try_from(midnight.duration_since(now)).unwrap_or(Duration::ZERO)
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
