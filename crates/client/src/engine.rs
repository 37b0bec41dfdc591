//! Path 1 and path 2: one look-up, and many.
//!
//! Each path is one function that reads top to bottom; the only retry loop of the program is
//! [`Engine::ask_upstream`].

use std::panic::{AssertUnwindSafe, catch_unwind};
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
use tokio::time::{Instant, timeout_at};
use uuid::Uuid;

use crate::flight::{AtWork, Cargo, Flights, Lead, Other, Part, WorkGuard, arrival};
use crate::gate::{Entry, Gate, GateLimits, Pass, Turn};
use crate::ledger::{NOT_FOUND, SUCCESS};
use crate::retry::{RetryBudget, back_off};
use crate::{
    Ask, Bodies, BreakerState, CacheDecision, Call, Clock, Decoded, Error, Failure, Found, Key,
    Ledger, LedgerError, Lookup, Memory, RawAnswer, Reason, Remembered, Source, TimesToLive,
    Transport, TransportError, Upstream,
};

/// Limits and times of one upstream.
///
/// ```
/// use chaski_client::Settings;
/// let plan = Settings { calls_per_minute: 120, quota: Some(40_000), ..Settings::default() };
/// assert_eq!(plan.max_attempts, 3);
/// ```
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
///
/// An upstream of one's own needs a question ([`Lookup`]) and a dialect ([`Upstream`]); pace,
/// retries, memory and audit come with the engine:
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use bytes::Bytes;
/// use chaski_client::{
///     Ask, Clock, Decoded, Engine, Failure, Key, Lookup, MemoryLedger, RawAnswer, Reason,
///     Settings, Source, TimesToLive, Transport, TransportError, Upstream,
/// };
/// use http::{Request, Response};
///
/// /// To which district does a postal code belong?
/// #[derive(Clone)]
/// struct PostalCode(String);
///
/// impl Lookup for PostalCode {
///     type Answer = String;
///
///     fn key(&self) -> Key {
///         Key {
///             provider: "correos",
///             operation: "codigo_postal",
///             subject: self.0.as_str().into(),
///             personal: false,
///         }
///     }
///
///     fn time_to_live(&self, _: &String, _: jiff::Timestamp, _: &TimesToLive) -> Duration {
///         Duration::from_secs(3600)
///     }
///
///     fn pack(answer: &String) -> Bytes {
///         answer.clone().into()
///     }
///
///     fn unpack(&self, body: &[u8]) -> Option<String> {
///         String::from_utf8(body.to_vec()).ok()
///     }
/// }
///
/// struct Correos;
///
/// impl Upstream<PostalCode> for Correos {
///     fn encode(&self, question: &PostalCode) -> Request<Bytes> {
///         let mut request = Request::new(Bytes::new());
///         *request.uri_mut() = format!("https://correos.example/cp/{}", question.0)
///             .parse()
///             .expect("digits make an address");
///         request
///     }
///
///     fn decode(&self, _: &PostalCode, answer: &RawAnswer) -> Result<Decoded<String>, Failure> {
///         let text = std::str::from_utf8(&answer.body).map_err(|_| Failure::Garbled)?;
///         match answer.status {
///             200 => Ok(Decoded::Answer(text.to_owned())),
///             404 => Ok(Decoded::Refused { reason: Reason::NotFound, message: text.into() }),
///             status => Err(Failure::of_status(status, answer.retry_after())),
///         }
///     }
/// }
///
/// /// Stands for the network here.
/// struct Always(&'static str);
///
/// impl Transport for Always {
///     fn send(
///         &self,
///         _: Request<Bytes>,
///         _: usize,
///     ) -> futures_util::future::BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
///         Box::pin(async { Ok(Response::new(Bytes::from(self.0))) })
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// let ledger = Arc::new(MemoryLedger::new());
/// let transport = Arc::new(Always("SAN BORJA"));
/// let engine = Engine::new(Settings::default(), Clock::system(), transport, ledger.clone());
/// let (upstream, question) = (Arc::new(Correos), PostalCode("15036".into()));
/// for source in [Source::Upstream, Source::Memory] {
///     let found = engine.lookup(&upstream, &question, &Ask::by("guia")).await?;
///     assert_eq!((found.value.as_str(), found.source), ("SAN BORJA", source));
/// }
/// assert_eq!(ledger.calls().len(), 1);
/// # Ok::<(), chaski_client::Error>(()) })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// let migo = chaski_client::Migo::builder("SU_TOKEN").build()?;
/// assert_eq!(migo.engine().stats().calls, 0);
/// # Ok::<(), chaski_client::Error>(())
/// ```
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

/// No call takes longer, whatever is asked for; adding it to an instant is always possible.
const LONGEST_TIME: Duration = Duration::from_hours(24);

/// A remembered or received outcome: the answer, or the upstream's "no".
type Outcome<A> = Result<Arc<A>, (Reason, CompactString)>;

/// What an answer leaves in memory; none when it is not to be kept.
pub(crate) type Trace = (Key, Option<Memory>);

/// What every attempt of one look-up has in common.
struct CallSheet<'a> {
    lookup: Uuid,
    key: &'a Key,
    items: u32,
    /// Whether it is about persons: then no bodies go on record.
    personal: bool,
    /// Whether its questions are asked one by one when its answer cannot be read: then another
    /// attempt is a waste, and they tell whether the upstream is ill.
    else_singly: bool,
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
            self.record_hit(&key, found.is_err(), ask).await;
            return found;
        }
        // 2. The same question in flight? Wait for that answer, otherwise fly.
        let total = self.total_time(question, ask);
        match self.shared.flights.join(&key, ask, total) {
            Part::Lead(lead) => self.take_off(upstream, question, key, ask, lead).await,
            Part::Follow(other) => self.follow(upstream, question, key, ask, other).await,
        }
    }

    /// Flies in a task of its own: whoever asked first may leave.
    async fn take_off<L: Lookup, U: Upstream<L>>(
        &self,
        upstream: &Arc<U>,
        question: &L,
        key: Key,
        ask: &Ask,
        lead: Lead,
    ) -> Result<Found<L::Answer>, Error> {
        let receiver = lead.listen();
        let (engine, upstream) = (self.clone(), Arc::clone(upstream));
        let (question, ask) = (question.clone(), ask.clone());
        let work = self.work();
        tokio::spawn(async move {
            let _work = work;
            let outcome = engine.fly(&upstream, &question, &key, &ask).await;
            lead.land(Arc::new(outcome));
        });
        landed::<L>(arrival(receiver).await).unwrap_or_else(internal)
    }

    /// Waits for somebody else's answer, within a deadline of one's own; where theirs does not
    /// do, there is one more flight.
    pub(crate) async fn follow<L: Lookup, U: Upstream<L>>(
        &self,
        upstream: &Arc<U>,
        question: &L,
        key: Key,
        ask: &Ask,
        other: Other,
    ) -> Result<Found<L::Answer>, Error> {
        self.count(|counters| &counters.shared);
        let total = self.total_time(question, ask);
        let deadline = Instant::now() + total;
        let too_late = |_| Error::failed(Failure::DeadlineExceeded).after(0, total);
        let cargo = timeout_at(deadline, arrival(other.receiver))
            .await
            .map_err(too_late)?;
        let mut ask = ask.clone();
        match landed::<L>(cargo) {
            // They took an older one from memory than is wanted here.
            Some(Ok(found))
                if found.source == Source::Memory && !self.fresh_enough(found.stored_at, &ask) =>
            {
                ask.force = true;
            }
            // They were in more of a hurry.
            Some(Err(error)) if total > other.total && error.is_for_want_of_time() => {}
            Some(outcome) => return outcome,
            // Their task died.
            None => {}
        }
        let left = deadline.saturating_duration_since(Instant::now());
        ask.deadline = Some(left);
        match self.shared.flights.join(&key, &ask, left) {
            Part::Lead(lead) => self.take_off(upstream, question, key, &ask, lead).await,
            Part::Follow(other) => {
                let cargo = timeout_at(deadline, arrival(other.receiver))
                    .await
                    .map_err(too_late)?;
                landed::<L>(cargo).unwrap_or_else(internal)
            }
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
        let ask = &ask.one_of_many(self.shared.settings.deadline);
        let lookups: Vec<_> = questions
            .iter()
            .enumerate()
            .map(|(position, question)| async move {
                (position, self.lookup(upstream, question, ask).await)
            })
            .collect();
        // Unordered: a window that hands out in order stands still behind one slow answer.
        let mut outcomes: Vec<_> = futures_util::stream::iter(lookups)
            .buffer_unordered(self.shared.settings.concurrency.max(1))
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
                self.record_hit(key, found.is_err(), ask).await;
                return found;
            }
            if let Some(memory) = self.recall(key).await
                && let Some(outcome) = self.fresh_outcome(question, key, &memory, ask)
            {
                self.record_hit(key, outcome.is_err(), ask).await;
                return self.found(outcome, Source::Memory, memory.stored_at);
            }
        }
        self.count(|counters| &counters.misses);
        // 2. The upstream.
        let sheet = CallSheet {
            lookup: self.new_id(),
            key,
            items: 1,
            personal: key.personal,
            else_singly: false,
            ask,
            patience: self.patience(question),
            deadline: started + self.total_time(question, ask),
        };
        let asked = self
            .ask_upstream(
                &sheet,
                &|| upstream.encode(question),
                &|answer| upstream.decode(question, answer),
                Decoded::outcome,
            )
            .await;
        // 3. Remember, or fall back on what was known.
        match asked {
            Ok((decoded, attempts)) => {
                let (entry, result) = self.digest(question, key, decoded);
                self.remember(vec![entry]).await;
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
        word: fn(&T) -> &'static str,
    ) -> Result<(T, u32), Unanswered> {
        self.shared.budget.pay_in();
        let mut attempt = 0;
        loop {
            // 1. May it go out, and can it be put on record?
            let (slot, pass) =
                self.pass_gate(sheet.deadline)
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
            let request_body = self.body_for_record(sheet, request.body());
            let (outcome, answer) = self.send(request, sheet, decode).await;
            // 3. The gate hears of it, the audit has it.
            let singly = sheet.else_singly && matches!(outcome, Err(Failure::Garbled));
            match &outcome {
                Ok(_) => self.shared.gate.succeeded(pass),
                Err(_) if singly => self.shared.gate.undecided(pass, Instant::now()),
                Err(failure) => self.shared.gate.failed(failure, pass, Instant::now()),
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
            self.put_on_record(call, &outcome).await;
            // 4. Done, or again.
            let failure = match outcome {
                Ok(decoded) => return Ok((decoded, attempt)),
                Err(failure) => failure,
            };
            let give_up = singly
                || !failure.treatment().transient
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
            // Others may send while this one waits.
            drop(slot);
            tokio::time::sleep(wait).await;
        }
    }

    fn patience<L: Lookup>(&self, question: &L) -> Duration {
        question
            .patience()
            .unwrap_or(self.shared.settings.attempt_timeout)
            .min(LONGEST_TIME)
    }

    pub(crate) fn total_time<L: Lookup>(&self, question: &L, ask: &Ask) -> Duration {
        let usual = self.shared.settings.deadline;
        // A question that takes long by nature gets the time for one attempt at least.
        let usual = usual.max(question.patience().unwrap_or(Duration::ZERO));
        ask.deadline.unwrap_or(usual).min(LONGEST_TIME)
    }

    async fn pass_gate(
        &self,
        deadline: Instant,
    ) -> Result<(tokio::sync::SemaphorePermit<'_>, Pass), Failure> {
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
                Entry::Go(pass) => return Ok((acquired, pass)),
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
                // A dialect that panics at an answer is still a call that was sent and paid.
                let decoded = catch_unwind(AssertUnwindSafe(|| decode(&answer)));
                (decoded.unwrap_or(Err(Failure::Internal)), Some(answer))
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
            && self.shared.clock.now() < later(memory.expires_at, self.shared.settings.times.stale)
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
    /// ledger by the caller, and the outcome. No memory when it is not to be kept.
    pub(crate) fn digest<L: Lookup>(
        &self,
        question: &L,
        key: &Key,
        decoded: Decoded<L::Answer>,
    ) -> (Trace, Result<Found<L::Answer>, Error>) {
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
            return ((key.clone(), None), received(outcome, now));
        }
        let expires_at = later(now, lasts);
        self.keep_hot::<L>(key, &outcome, now, expires_at);
        let memory = Memory {
            what,
            stored_at: now,
            expires_at,
        };
        ((key.clone(), Some(memory)), received(outcome, now))
    }

    /// Puts answers into memory. One that is not to be kept still puts out what it contradicts.
    pub(crate) async fn remember(&self, entries: Vec<Trace>) {
        let mut kept = Vec::with_capacity(entries.len());
        for (key, memory) in entries {
            match memory {
                Some(memory) => kept.push((key, memory)),
                None => warn_once(self.forget(&key).await.map(drop)),
            }
        }
        if !kept.is_empty() {
            warn_once(self.shared.ledger.remember(kept).await);
        }
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

    fn body_for_record(&self, sheet: &CallSheet<'_>, body: &Bytes) -> Option<Bytes> {
        (self.shared.settings.store_bodies && !sheet.personal).then(|| without_token(body))
    }
}

/// One call for several questions whose flights this task leads; see `many.rs`.
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
            personal: questions.iter().any(|question| question.key().personal),
            else_singly: true,
            ask,
            patience: self.patience(&questions[0]),
            deadline: Instant::now() + self.total_time(&questions[0], ask),
        };
        self.ask_upstream(
            &sheet,
            &|| upstream.encode_many(questions),
            &|answer| upstream.decode_many(questions, answer),
            |_| SUCCESS,
        )
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
fn landed<L: Lookup>(cargo: Option<Cargo>) -> Option<Result<Found<L::Answer>, Error>> {
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

/// The outcome of a look-up whose task died.
fn internal<A>() -> Result<Found<A>, Error> {
    Err(Error::failed(Failure::Internal))
}

fn later(from: Timestamp, by: Duration) -> Timestamp {
    from.saturating_add(by).unwrap_or(Timestamp::MAX)
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
