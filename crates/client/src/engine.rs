//! Path 1 and path 2: one look-up, and many.
//!
//! Each path is one function that reads top to bottom; the only retry loop of the program is
//! [`Engine::ask_upstream`].

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use compact_str::CompactString;
use futures_util::StreamExt;
use http::Request;
use jiff::Timestamp;
use quick_cache::sync::Cache;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::flight::{AtWork, Cargo, Flights, Lead, Part, WorkGuard, arrival};
use crate::gate::{Entry, Gate, GateLimits, Turn};
use crate::retry::{RetryBudget, back_off};
use crate::{
    Ask, Bodies, BreakerState, CacheDecision, Call, Clock, Decoded, Error, Failure, Found, Key,
    Ledger, LedgerError, Lookup, Memory, RawAnswer, Reason, Remembered, Source, TimesToLive,
    Transport, TransportError, Upstream,
};

/// Limits and times of one upstream.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Time for one attempt, from connecting to the last byte.
    pub attempt_timeout: Duration,
    /// Time for a look-up with all its attempts and waits.
    pub deadline: Duration,
    /// Attempts for one look-up, the first included.
    pub max_attempts: u32,
    /// Calls a minute; 0 for no limit of ours.
    pub calls_per_minute: u32,
    /// Calls a month; none when unknown.
    pub quota: Option<u64>,
    /// Most calls in flight at once.
    pub concurrency: usize,
    /// Most native batch calls in flight at once.
    pub batch_window: usize,
    /// Largest answer read, bytes.
    pub most_bytes: usize,
    /// How long answers count as fresh.
    pub times: TimesToLive,
    /// Answers kept in the process.
    pub hot_entries: usize,
    /// Whether look-ups answered from memory are put on record too.
    pub record_hits: bool,
    /// Whether bodies go on record; never those about persons.
    pub store_bodies: bool,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            attempt_timeout: Duration::from_secs(10),
            deadline: Duration::from_secs(30),
            max_attempts: 3,
            calls_per_minute: 0,
            quota: None,
            concurrency: 50,
            batch_window: 10,
            most_bytes: 2 * 1024 * 1024,
            times: TimesToLive::default(),
            hot_entries: 100_000,
            record_hits: false,
            store_bodies: false,
        }
    }
}

/// Cache, coalescing, gate, retries and audit round one upstream. Clones share everything.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    clock: Clock,
    transport: Arc<dyn Transport>,
    ledger: Arc<dyn Ledger>,
    hot: Cache<Key, Hot>,
    flights: Arc<Flights>,
    at_work: Arc<AtWork>,
    gate: Gate,
    budget: RetryBudget,
    in_flight: Semaphore,
    counters: Counters,
}

/// An outcome kept in the process; the look-up knows the type behind `cargo`.
#[derive(Clone)]
struct Hot {
    cargo: Cargo,
    stored_at: Timestamp,
    expires_at: Timestamp,
}

#[derive(Default)]
struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
    shared: AtomicU64,
    stale: AtomicU64,
    calls: AtomicU64,
    retries: AtomicU64,
}

/// What an engine has done since it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Look-ups answered from fresh memory, refusals included.
    pub hits: u64,
    /// Look-ups that needed the upstream.
    pub misses: u64,
    /// Look-ups that shared somebody else's call.
    pub shared: u64,
    /// Look-ups answered with something past its time.
    pub stale: u64,
    /// Calls sent, retries included.
    pub calls: u64,
    /// Retries sent.
    pub retries: u64,
}

/// A remembered or received outcome: the answer, or the upstream's "no".
type Outcome<A> = Result<Arc<A>, (Reason, CompactString)>;

/// What every attempt of one look-up has in common.
struct CallSheet<'a> {
    lookup: Uuid,
    key: &'a Key,
    items: u32,
    ask: &'a Ask,
    /// Time for one attempt.
    patience: Duration,
    deadline: Instant,
}

/// Why a look-up got nothing from the upstream.
struct Unanswered {
    failure: Failure,
    attempts: u32,
}

impl Engine {
    /// An engine that sends through `transport` and remembers in `ledger`.
    pub fn new(
        settings: Settings,
        clock: Clock,
        transport: Arc<dyn Transport>,
        ledger: Arc<dyn Ledger>,
    ) -> Engine {
        let limits = GateLimits {
            calls_per_minute: settings.calls_per_minute,
            quota: settings.quota,
        };
        Engine {
            shared: Arc::new(Shared {
                clock,
                transport,
                ledger,
                hot: Cache::new(settings.hot_entries),
                flights: Arc::default(),
                at_work: Arc::default(),
                gate: Gate::new(limits, Instant::now()),
                budget: RetryBudget::new(),
                in_flight: Semaphore::new(settings.concurrency),
                counters: Counters::default(),
                settings,
            }),
        }
    }

    /// Takes the month's calls from the ledger, so that the quota holds across processes.
    pub async fn load_quota(&self, provider: &str) -> Result<u64, LedgerError> {
        let month = lima_month(self.shared.clock.now());
        let spent = self
            .shared
            .ledger
            .spend(provider, &month_name(month), 0)
            .await?;
        self.shared.gate.set_spent(month, spent);
        Ok(spent)
    }

    /// Path 1: one look-up.
    pub async fn lookup<L: Lookup, U: Upstream<L>>(
        &self,
        upstream: &Arc<U>,
        question: &L,
        ask: &Ask,
    ) -> Result<Found<L::Answer>, Error> {
        let key = question.key();
        // 1. In the process and fresh? Nothing else happens.
        if let Some(found) = self.hot_answer::<L>(&key, ask) {
            return found;
        }
        // 2. The same question in flight? Wait for that answer. Otherwise fly in a task of its
        //    own: whoever asked first may leave.
        let (receiver, follows) = match self.shared.flights.join(&key, ask.force) {
            Part::Follow(receiver) => (receiver, true),
            Part::Lead(lead) => {
                let receiver = lead.listen();
                let (engine, upstream) = (self.clone(), Arc::clone(upstream));
                let (question, ask) = (question.clone(), ask.clone());
                let work = self.work();
                tokio::spawn(async move {
                    let _work = work;
                    let outcome = engine.fly(&upstream, &question, &key, &ask).await;
                    lead.land(Arc::new(outcome));
                });
                (receiver, false)
            }
        };
        if !follows {
            let cargo = arrival(receiver).await;
            return landed::<L>(cargo).unwrap_or_else(|| Err(Error::failed(Failure::Internal)));
        }
        // 3. A follower has a deadline of its own, and its own wish for freshness.
        self.count(|counters| &counters.shared);
        let total = self.total_time(question, ask);
        let Ok(cargo) = timeout(total, arrival(receiver)).await else {
            return Err(Error::failed(Failure::DeadlineExceeded).after(0, total));
        };
        match landed::<L>(cargo) {
            Some(Ok(found)) if !self.fresh_enough(found.stored_at, ask) => {
                let forced = Ask {
                    force: true,
                    max_age: None,
                    ..ask.clone()
                };
                Box::pin(self.lookup(upstream, question, &forced)).await
            }
            Some(outcome) => outcome,
            // The flight was lost; fly again.
            None => Box::pin(self.lookup(upstream, question, ask)).await,
        }
    }

    /// Many look-ups without a native batch call: single flights in a sliding window, no barrier.
    /// Answers come in the order of the questions.
    pub async fn lookup_each<L: Lookup, U: Upstream<L>>(
        &self,
        upstream: &Arc<U>,
        questions: &[L],
        ask: &Ask,
    ) -> Vec<Result<Found<L::Answer>, Error>> {
        let asked = questions
            .iter()
            .enumerate()
            .map(|(position, question)| async move {
                (position, self.lookup(upstream, question, ask).await)
            });
        // Not `buffered`: an answer that waits for an earlier, slower one would hold its place in
        // the window.
        let mut outcomes: Vec<_> = futures_util::stream::iter(asked)
            .buffer_unordered(self.shared.settings.concurrency)
            .collect()
            .await;
        outcomes.sort_unstable_by_key(|(position, _)| *position);
        outcomes.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// The flight of one look-up: memory, upstream, memory.
    pub(crate) async fn fly<L: Lookup, U: Upstream<L>>(
        &self,
        upstream: &Arc<U>,
        question: &L,
        key: &Key,
        ask: &Ask,
    ) -> Result<Found<L::Answer>, Error> {
        let started = Instant::now();
        // 1. Memory, looked at inside the flight: before it, two askers would both find nothing.
        if !ask.force {
            if let Some(found) = self.hot_answer::<L>(key, ask) {
                return found;
            }
            if let Some(memory) = self.recall(key).await
                && let Some(outcome) = self.fresh_outcome(question, key, &memory, ask)
            {
                self.record_hit(key, &memory, ask).await;
                return self.found(outcome, Source::Memory, memory.stored_at);
            }
        }
        self.count(|counters| &counters.misses);
        // 2. The upstream.
        let sheet = CallSheet {
            lookup: self.new_id(),
            key,
            items: 1,
            ask,
            patience: self.patience(question),
            deadline: started + self.total_time(question, ask),
        };
        let asked = self
            .ask_upstream(&sheet, &|| upstream.encode(question), &|answer| {
                upstream.decode(question, answer)
            })
            .await;
        // 3. Remember, or fall back on what was known.
        match asked {
            Ok((decoded, attempts)) => {
                let (entry, result) = self.digest(question, key, decoded);
                self.remember(entry.into_iter().collect()).await;
                result.map_err(|error| error.after(attempts, started.elapsed()))
            }
            Err(unanswered) => self
                .fall_back(question, key, ask, unanswered.failure)
                .await
                .map_err(|error| error.after(unanswered.attempts, started.elapsed())),
        }
    }

    /// Sends until an answer can be read, the failure is final, or attempts, budget or time run
    /// out. Every attempt is on record, counted and reported to the gate.
    async fn ask_upstream<T>(
        &self,
        sheet: &CallSheet<'_>,
        encode: &(dyn Fn() -> Request<Bytes> + Send + Sync),
        decode: &(dyn Fn(&RawAnswer) -> Result<T, Failure> + Send + Sync),
    ) -> Result<(T, u32), Unanswered> {
        self.shared.budget.pay_in();
        let mut attempt = 0;
        loop {
            // 1. May it go out, and can it be put on record?
            let _slot = self
                .pass_gate(sheet.deadline)
                .await
                .map_err(|failure| Unanswered {
                    failure,
                    attempts: attempt,
                })?;
            attempt += 1;
            // 2. The only send.
            let at = self.shared.clock.now();
            let began = Instant::now();
            let request = encode();
            let request_body = self.body_for_record(sheet.key, request.body());
            let (outcome, answer) = self.send(request, sheet, decode).await;
            // 3. The gate hears of it, the audit has it.
            match &outcome {
                Ok(_) => self.shared.gate.succeeded(),
                Err(failure) => self.shared.gate.failed(failure, Instant::now()),
            }
            self.count(|counters| &counters.calls);
            let call = Call {
                id: self.new_id(),
                lookup: sheet.lookup,
                at,
                asked_by: sheet.ask.who.clone(),
                key: sheet.key.clone(),
                items: sheet.items,
                attempt,
                outcome: outcome.as_ref().map_or_else(Failure::code, |_| "SUCCESS"),
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
            self.put_on_record(call, &outcome).await;
            // 4. Done, or again.
            let failure = match outcome {
                Ok(decoded) => return Ok((decoded, attempt)),
                Err(failure) => failure,
            };
            let give_up = !failure.treatment().transient
                || attempt >= self.shared.settings.max_attempts
                || !self.shared.budget.take();
            let wait = match failure {
                // The gate is closed for that long and makes the next attempt wait.
                Failure::RateLimited { .. } => Duration::ZERO,
                _ => back_off(attempt),
            };
            if give_up || Instant::now() + wait >= sheet.deadline {
                return Err(Unanswered {
                    failure,
                    attempts: attempt,
                });
            }
            self.count(|counters| &counters.retries);
            tokio::time::sleep(wait).await;
        }
    }

    fn patience<L: Lookup>(&self, question: &L) -> Duration {
        question
            .patience()
            .unwrap_or(self.shared.settings.attempt_timeout)
    }

    fn total_time<L: Lookup>(&self, question: &L, ask: &Ask) -> Duration {
        let usual = self.shared.settings.deadline.max(self.patience(question));
        ask.deadline.unwrap_or(usual)
    }

    async fn pass_gate(
        &self,
        deadline: Instant,
    ) -> Result<tokio::sync::SemaphorePermit<'_>, Failure> {
        let shared = &*self.shared;
        let acquired = match shared.in_flight.try_acquire() {
            Ok(permit) => permit,
            Err(_) => tokio::time::timeout_at(deadline, shared.in_flight.acquire())
                .await
                .map_err(|_| Failure::DeadlineExceeded)?
                .expect("the semaphore is never closed"),
        };
        shared.ledger.ready().map_err(|_| Failure::LedgerDown)?;
        let mut turn = Turn::New;
        loop {
            let month = lima_month(shared.clock.now());
            match shared.gate.enter(Instant::now(), deadline, month, turn) {
                Entry::Go => return Ok(acquired),
                Entry::WaitFor(wait) => tokio::time::sleep(wait).await,
                Entry::Closed(failure) => return Err(failure),
            }
            turn = Turn::Reserved;
        }
    }

    async fn send<T>(
        &self,
        request: Request<Bytes>,
        sheet: &CallSheet<'_>,
        decode: &(dyn Fn(&RawAnswer) -> Result<T, Failure> + Send + Sync),
    ) -> (Result<T, Failure>, Option<RawAnswer>) {
        let until = sheet.deadline.min(Instant::now() + sheet.patience);
        let sent = self
            .shared
            .transport
            .send(request, self.shared.settings.most_bytes);
        match tokio::time::timeout_at(until, sent).await {
            Ok(Ok(answer)) => {
                let (head, body) = answer.into_parts();
                let answer = RawAnswer {
                    status: head.status.as_u16(),
                    headers: head.headers,
                    body,
                    received_at: self.shared.clock.now(),
                };
                (decode(&answer), Some(answer))
            }
            Ok(Err(TransportError::Unreachable)) => (Err(Failure::Unreachable), None),
            Ok(Err(TransportError::Broken)) => (Err(Failure::Broken), None),
            Ok(Err(TransportError::TooLarge)) => (Err(Failure::TooLarge), None),
            Err(_) => (Err(Failure::TimedOut), None),
        }
    }

    /// The audit row and the month's counter, beside the send. A ledger that cannot take them
    /// closes the next call (`ready`); this answer was paid for and is still given.
    async fn put_on_record<T>(&self, call: Call, outcome: &Result<T, Failure>) {
        let ledger = &self.shared.ledger;
        if !matches!(outcome, Err(Failure::Unreachable)) {
            let month = month_name(lima_month(call.at));
            let spent = ledger.spend(call.key.provider, &month, 1).await;
            warn_once(spent.map(drop));
        }
        warn_once(ledger.record(call).await);
    }

    async fn record_hit(&self, key: &Key, memory: &Memory, ask: &Ask) {
        if !self.shared.settings.record_hits {
            return;
        }
        let cache = match memory.what {
            Remembered::Answer(_) => CacheDecision::Hit,
            Remembered::Refusal { .. } => CacheDecision::Refused,
        };
        self.record_decision(key, cache, "SUCCESS", ask).await;
    }

    async fn record_decision(
        &self,
        key: &Key,
        cache: CacheDecision,
        outcome: &'static str,
        ask: &Ask,
    ) {
        let id = self.new_id();
        let call = Call {
            id,
            lookup: id,
            at: self.shared.clock.now(),
            asked_by: ask.who.clone(),
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

    /// A stale answer instead of a failure, where the treatment table and the asker allow it.
    pub(crate) async fn fall_back<L: Lookup>(
        &self,
        question: &L,
        key: &Key,
        ask: &Ask,
        failure: Failure,
    ) -> Result<Found<L::Answer>, Error> {
        if ask.stale_allowed
            && failure.treatment().stale_may_serve
            && let Some(memory) = self.recall(key).await
            && self.shared.clock.now() < memory.expires_at + self.shared.settings.times.stale
            && let Remembered::Answer(body) = &memory.what
            && let Some(answer) = question.unpack(body)
        {
            self.count(|counters| &counters.stale);
            if self.shared.settings.record_hits {
                self.record_decision(key, CacheDecision::Stale, failure.code(), ask)
                    .await;
            }
            return Ok(Found {
                value: Arc::new(answer),
                source: Source::Stale,
                stored_at: memory.stored_at,
            });
        }
        Err(Error::failed(failure))
    }

    /// What a decoded answer leaves behind: the memory of it, in the process at once and in the
    /// ledger by the caller, and the outcome.
    pub(crate) fn digest<L: Lookup>(
        &self,
        question: &L,
        key: &Key,
        decoded: Decoded<L::Answer>,
    ) -> (Option<(Key, Memory)>, Result<Found<L::Answer>, Error>) {
        let now = self.shared.clock.now();
        let times = &self.shared.settings.times;
        let (what, lasts, outcome) = match decoded {
            Decoded::Answer(answer) => {
                let lasts = question.time_to_live(&answer, now, times);
                (
                    Remembered::Answer(L::pack(&answer)),
                    lasts,
                    Ok(Arc::new(answer)),
                )
            }
            Decoded::Refused { reason, message } => {
                let lasts = question.refusal_time_to_live(now, times);
                let what = Remembered::Refusal {
                    reason,
                    message: message.clone(),
                };
                (what, lasts, Err((reason, message)))
            }
        };
        if lasts.is_zero() {
            return (None, received(outcome, now));
        }
        let expires_at = now.saturating_add(lasts).unwrap_or(Timestamp::MAX);
        self.keep_hot::<L>(key, &outcome, now, expires_at);
        let memory = Memory {
            what,
            stored_at: now,
            expires_at,
        };
        (Some((key.clone(), memory)), received(outcome, now))
    }

    pub(crate) async fn remember(&self, entries: Vec<(Key, Memory)>) {
        if entries.is_empty() {
            return;
        }
        warn_once(self.shared.ledger.remember(entries).await);
    }

    async fn recall(&self, key: &Key) -> Option<Memory> {
        self.recall_many(std::slice::from_ref(key))
            .await
            .pop()
            .flatten()
    }

    /// What the ledger knows of each key; a ledger that cannot be read knows nothing, and then
    /// `ready` keeps calls from being bought twice.
    pub(crate) async fn recall_many(&self, keys: &[Key]) -> Vec<Option<Memory>> {
        self.shared
            .ledger
            .recall(keys)
            .await
            .unwrap_or_else(|error| {
                tracing::warn!(%error, "the ledger could not be read");
                vec![None; keys.len()]
            })
    }

    /// The remembered outcome, if fresh enough for the asker; kept in the process from now on.
    pub(crate) fn fresh_outcome<L: Lookup>(
        &self,
        question: &L,
        key: &Key,
        memory: &Memory,
        ask: &Ask,
    ) -> Option<Outcome<L::Answer>> {
        let now = self.shared.clock.now();
        if memory.expires_at <= now || !self.fresh_enough(memory.stored_at, ask) {
            return None;
        }
        let outcome = match &memory.what {
            Remembered::Answer(body) => Ok(Arc::new(question.unpack(body)?)),
            Remembered::Refusal { reason, message } => Err((*reason, message.clone())),
        };
        self.keep_hot::<L>(key, &outcome, memory.stored_at, memory.expires_at);
        Some(outcome)
    }

    fn keep_hot<L: Lookup>(
        &self,
        key: &Key,
        outcome: &Outcome<L::Answer>,
        stored_at: Timestamp,
        expires_at: Timestamp,
    ) {
        let cargo: Cargo = Arc::new(outcome.clone());
        self.shared.hot.insert(
            key.clone(),
            Hot {
                cargo,
                stored_at,
                expires_at,
            },
        );
    }

    pub(crate) fn hot_answer<L: Lookup>(
        &self,
        key: &Key,
        ask: &Ask,
    ) -> Option<Result<Found<L::Answer>, Error>> {
        if ask.force {
            return None;
        }
        let hot = self.shared.hot.get(key)?;
        if hot.expires_at <= self.shared.clock.now() || !self.fresh_enough(hot.stored_at, ask) {
            return None;
        }
        let outcome = hot.cargo.downcast_ref::<Outcome<L::Answer>>()?.clone();
        Some(self.found(outcome, Source::Memory, hot.stored_at))
    }

    pub(crate) fn found<A>(
        &self,
        outcome: Outcome<A>,
        source: Source,
        stored_at: Timestamp,
    ) -> Result<Found<A>, Error> {
        self.count(|counters| &counters.hits);
        match outcome {
            Ok(value) => Ok(Found {
                value,
                source,
                stored_at,
            }),
            Err((reason, message)) => Err(Error::refused(reason, message, true)),
        }
    }

    fn fresh_enough(&self, stored_at: Timestamp, ask: &Ask) -> bool {
        ask.max_age.is_none_or(|most| {
            let age = self.shared.clock.now().duration_since(stored_at);
            Duration::try_from(age).unwrap_or(Duration::ZERO) <= most
        })
    }

    /// Forgets an answer or a refusal, in the process and in the ledger.
    pub async fn forget(&self, key: &Key) -> Result<bool, LedgerError> {
        self.shared.hot.remove(key);
        self.shared.ledger.forget(key).await
    }

    /// Waits until everything remembered and recorded so far is durable.
    pub async fn flush(&self) -> Result<(), LedgerError> {
        self.shared.ledger.flush().await
    }

    /// Waits until no call is in flight and every answer is in memory; no longer than one
    /// look-up may take when nothing new is asked.
    pub async fn idle(&self) {
        self.shared.at_work.idle().await;
    }

    pub(crate) fn work(&self) -> WorkGuard {
        self.shared.at_work.begin()
    }

    /// What was done so far.
    pub fn stats(&self) -> Stats {
        let counters = &self.shared.counters;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Stats {
            hits: read(&counters.hits),
            misses: read(&counters.misses),
            shared: read(&counters.shared),
            stale: read(&counters.stale),
            calls: read(&counters.calls),
            retries: read(&counters.retries),
        }
    }

    /// State of the breaker.
    pub fn breaker(&self) -> BreakerState {
        self.shared.gate.breaker()
    }

    /// Calls counted this month and the quota, when one is set.
    pub fn quota(&self) -> (u64, Option<u64>) {
        self.shared.gate.spent()
    }

    /// Limits and times.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The clock it goes by.
    pub fn clock(&self) -> Clock {
        self.shared.clock
    }

    pub(crate) fn flights(&self) -> &Arc<Flights> {
        &self.shared.flights
    }

    fn count(&self, counter: fn(&Counters) -> &AtomicU64) {
        counter(&self.shared.counters).fetch_add(1, Ordering::Relaxed);
    }

    /// Sorts by time. Its random part is not from the operating system: that would be two system
    /// calls for each attempt, and identifiers are names, not secrets.
    fn new_id(&self) -> Uuid {
        let now = self.shared.clock.now();
        let milliseconds = u64::try_from(now.as_millisecond()).unwrap_or(0);
        let mut random = [0; 10];
        fastrand::fill(&mut random);
        uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid()
    }

    fn body_for_record(&self, key: &Key, body: &Bytes) -> Option<Bytes> {
        (self.shared.settings.store_bodies && !key.personal).then(|| without_token(body))
    }
}

/// One call for several questions whose flights this task leads; see [`crate::many`].
impl Engine {
    pub(crate) async fn fly_together<L: Lookup, U: crate::UpstreamMany<L>>(
        &self,
        upstream: &Arc<U>,
        questions: &[L],
        ask: &Ask,
    ) -> Result<Vec<Option<Decoded<L::Answer>>>, (Failure, u32)> {
        let first = questions.first().map(Lookup::key);
        let Some(first) = first else {
            return Ok(Vec::new());
        };
        let key = Key {
            subject: CompactString::default(),
            personal: false,
            ..first
        };
        let sheet = CallSheet {
            lookup: self.new_id(),
            key: &key,
            items: u32::try_from(questions.len()).unwrap_or(u32::MAX),
            ask,
            patience: self.patience(&questions[0]),
            deadline: Instant::now() + self.total_time(&questions[0], ask),
        };
        self.ask_upstream(&sheet, &|| upstream.encode_many(questions), &|answer| {
            upstream.decode_many(questions, answer)
        })
        .await
        .map(|(decoded, _)| decoded)
        .map_err(|unanswered| (unanswered.failure, unanswered.attempts))
    }

    /// Counts `n` questions of a batch that needed the upstream.
    pub(crate) fn count_misses(&self, n: usize) {
        self.shared
            .counters
            .misses
            .fetch_add(n as u64, Ordering::Relaxed);
    }

    pub(crate) fn land<L: Lookup>(lead: Lead, outcome: &Result<Found<L::Answer>, Error>) {
        lead.land(Arc::new(outcome.clone()));
    }
}

/// The cargo of a flight as its outcome; none when the flight was lost.
pub(crate) fn landed<L: Lookup>(cargo: Option<Cargo>) -> Option<Result<Found<L::Answer>, Error>> {
    cargo?
        .downcast_ref::<Result<Found<L::Answer>, Error>>()
        .cloned()
}

fn received<A>(outcome: Outcome<A>, stored_at: Timestamp) -> Result<Found<A>, Error> {
    match outcome {
        Ok(value) => Ok(Found {
            value,
            source: Source::Upstream,
            stored_at,
        }),
        Err((reason, message)) => Err(Error::refused(reason, message, false)),
    }
}

fn warn_once(result: Result<(), LedgerError>) {
    if let Err(error) = result {
        tracing::warn!(%error, "the ledger could not be written");
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn lima_month(now: Timestamp) -> (i16, i8) {
    let date = chaski_core::lima_date(now);
    (date.year(), date.month())
}

fn month_name((year, month): (i16, i8)) -> String {
    format!("{year:04}-{month:02}")
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
