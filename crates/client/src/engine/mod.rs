//! Path 1 and path 2: one look-up, and many.
//!
//! Each path is one function that reads top to bottom; the only retry loop of the program is
//! [`Engine::ask_line`], in `attempts.rs`.

mod attempts;
mod claims;
mod following;
mod plan_left;
mod record;
mod remembering;
mod weighing;

pub(crate) use claims::{Claimed, LOOK_AGAIN};

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use compact_str::CompactString;
use jiff::Timestamp;
use quick_cache::sync::Cache;
use tokio::time::Instant;

use attempts::{One, Together};
use claims::Whose;

use crate::flight::{AtWork, Flights, Joined, Lead, SharedOutcome, WorkGuard, arrival};
use crate::ledger::new_id;
use crate::line::{CallSheet, day_name};
use crate::patience;
use crate::route;
use crate::settings::Tuned;
use crate::window::WindowPlace;
use crate::{
    Ask, Clock, Counter, Decoded, Error, Failure, Found, Key, Ledger, LedgerError, Line, Lookup,
    Memory, Reason, Routes, Settings,
};

/// Memory, coalescing and retries over the upstreams that can answer a question. Clones share
/// everything.
///
/// An upstream of one's own needs a question ([`Lookup`]) and a dialect
/// ([`Upstream`](crate::Upstream)); pace and audit come with its [`Line`], memory and retries with the
/// engine:
///
/// ```
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use bytes::Bytes;
/// use chaski_client::{
///     Ask, Clock, Decoded, Engine, Failure, Key, Line, Lookup, MemoryLedger, Only, RawAnswer, Reason,
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
/// let (settings, clock) = (Settings::default(), Clock::system());
/// let line = Line::new("correos", &settings, clock, transport, ledger.clone());
/// let engine = Engine::new(settings, clock, ledger.clone());
/// let (routes, question) = (Arc::new(Only::new(line, Arc::new(Correos))), PostalCode("15036".into()));
/// for source in [Source::Upstream, Source::Memory] {
///     let found = engine.lookup(&routes, &question, &Ask::by("guia")).await?;
///     assert_eq!((found.value.as_str(), found.source), ("SAN BORJA", source));
///     assert_eq!(found.provider, "correos");
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
    tuned: Tuned,
    clock: Clock,
    ledger: Arc<dyn Ledger>,
    hot: Cache<Key, Hot>,
    flights: Arc<Flights>,
    at_work: Arc<AtWork>,
    /// How the account behind a line is asked; none where that cannot be done.
    accounts: OfLines<plan_left::AskLeft>,
    /// What is asked in doubt; none where nothing is known to exist: then every refusal is believed.
    checks: OfLines<weighing::Check>,
    unwritten: remembering::Unwritten,
    counters: Counters,
}

/// Something that is known of some of the lines; there are a few.
struct OfLines<T>(Mutex<Vec<(&'static str, T)>>);

impl<T: Clone> OfLines<T> {
    fn get(&self, line: &Line) -> Option<T> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_line = all.iter().find(|(name, _)| *name == line.provider())?;
        Some(of_line.1.clone())
    }

    /// The first one stays.
    fn set(&self, line: &Line, it: T) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !all.iter().any(|(name, _)| *name == line.provider()) {
            all.push((line.provider(), it));
        }
    }
}

impl<T> Default for OfLines<T> {
    fn default() -> OfLines<T> {
        OfLines(Mutex::default())
    }
}

/// An outcome kept in the process; the look-up knows the type behind `cargo`.
#[derive(Clone)]
struct Hot {
    cargo: SharedOutcome,
    provider: &'static str,
    stored_at: Timestamp,
    expires_at: Timestamp,
}

#[derive(Default)]
struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
    shared: AtomicU64,
    stale: AtomicU64,
}

/// What an engine has done since it was made.
///
/// ```
/// let migo = chaski_client::Migo::builder("SU_TOKEN").build()?;
/// assert_eq!(migo.engine().stats().misses, 0);
/// # Ok::<(), chaski_client::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Stats {
    /// Look-ups answered from fresh memory, refusals included.
    pub hits: u64,
    /// Look-ups that needed the upstream.
    pub misses: u64,
    /// Look-ups that shared another caller's call.
    pub shared: u64,
    /// Look-ups answered with something expired.
    pub stale: u64,
}

/// A caller with this much more time than the flight it joined tries again when that one ran out of
/// time; callers that came together do not.
const MORE_TIME: Duration = Duration::from_millis(10);

/// A remembered or received outcome: the answer, or the upstream's "no".
type Outcome<A> = Result<Arc<A>, (Reason, CompactString)>;

/// How far a flight has come.
pub(crate) enum Approach<A> {
    /// The upstream said something: to be weighed and remembered.
    Answered(Box<UpstreamAnswer<A>>),
    /// Memory knew, or nothing was said.
    Over(Result<Found<A>, Error>),
}

/// What the upstream said of one question.
pub(crate) struct UpstreamAnswer<A> {
    pub(crate) decoded: Decoded<A>,
    /// The line it came by.
    pub(crate) line: Line,
    pub(crate) attempts: u32,
    pub(crate) started: Instant,
    /// The question stays this process's until the answer is put away.
    pub(crate) claimed: Claimed,
}

/// What an answer leaves in memory; none when it is not to be kept.
pub(crate) type MemoryEntry = (Key, Option<Memory>);

impl Engine {
    /// An engine that remembers in `ledger`. What it asks goes out by lines, which keep the record.
    pub fn new(settings: Settings, clock: Clock, ledger: Arc<dyn Ledger>) -> Engine {
        Engine {
            shared: Arc::new(Shared {
                clock,
                ledger,
                hot: Cache::new(settings.hot_entries),
                flights: Arc::default(),
                at_work: Arc::default(),
                accounts: OfLines::default(),
                checks: OfLines::default(),
                unwritten: remembering::Unwritten::default(),
                counters: Counters::default(),
                tuned: Tuned::of(&settings),
                settings,
            }),
        }
    }

    /// Path 1: one look-up.
    pub async fn lookup<L: Lookup, R: Routes<L>>(
        &self,
        routes: &Arc<R>,
        question: &L,
        ask: &Ask,
    ) -> Result<Found<L::Answer>, Error> {
        let key = question.key();
        // 1. In the process and fresh? Nothing else happens.
        if let Some(found) = self.hot_answer::<L>(&key, ask) {
            self.record_hit(&key, &found, ask).await;
            return found;
        }
        // 2. One that makes no sense is not sent.
        question.check(self.shared.clock)?;
        // 3. The same question in flight? Wait for that answer, otherwise fly.
        let deadline = Instant::now() + self.total_time(question, ask);
        match self.shared.flights.join(&key, ask, deadline) {
            Joined::Lead(lead) => {
                self.take_off(routes, question, key, ask, (lead, deadline))
                    .await
            }
            // Boxed like all that is rare: ten thousand who wait hold what they do not need otherwise.
            Joined::Follow(other) => Box::pin(self.follow(routes, question, key, ask, other)).await,
        }
    }

    /// Flies in a task of its own: the first caller may leave, and does so at the deadline. What
    /// was sent by then is still listened to, and remembered.
    async fn take_off<L: Lookup, R: Routes<L>>(
        &self,
        routes: &Arc<R>,
        question: &L,
        key: Key,
        ask: &Ask,
        (lead, deadline): (Lead, Instant),
    ) -> Result<Found<L::Answer>, Error> {
        let receiver = lead.listen();
        let flight = {
            let (engine, routes, work) = (self.clone(), Arc::clone(routes), self.work());
            let (question, key, ask) = (question.clone(), key.clone(), ask.clone());
            async move {
                let _work = work;
                let outcome = engine.fly(&routes, &question, &key, &ask).await;
                lead.land(Arc::new(outcome));
            }
        };
        tokio::spawn(flight);
        match patience::until(deadline, arrival(receiver)).await {
            Some(cargo) => landed::<L>(cargo).unwrap_or_else(internal),
            None => Box::pin(self.too_late(question, &key, ask)).await,
        }
    }

    /// What a caller gets that cannot wait any longer: an older answer, or the failure.
    pub(crate) async fn too_late<L: Lookup>(
        &self,
        question: &L,
        key: &Key,
        ask: &Ask,
    ) -> Result<Found<L::Answer>, Error> {
        let failure = Failure::DeadlineExceeded { retry_after: None };
        let total = self.total_time(question, ask);
        let outcome = self.fall_back(question, key, ask, failure).await;
        outcome.map_err(|error| error.after(0, total))
    }

    /// The flight of one look-up: memory, upstream, memory.
    pub(crate) async fn fly<L: Lookup, R: Routes<L>>(
        &self,
        routes: &Arc<R>,
        question: &L,
        key: &Key,
        ask: &Ask,
    ) -> Result<Found<L::Answer>, Error> {
        // 1. Memory, then the upstream.
        let said = match self.approach(routes, question, key, ask).await {
            Approach::Answered(said) => said,
            Approach::Over(outcome) => return outcome,
        };
        // 2. A refusal among others is doubted.
        let weighed = self.weigh(&said.line, key, &said.decoded, ask).await;
        if let Err(failure) = weighed {
            let outcome = Box::pin(self.fall_back(question, key, ask, failure)).await;
            return outcome.map_err(|error| error.after(said.attempts, said.started.elapsed()));
        }
        // 3. Remember.
        Box::pin(self.arrive(question, key, said, ask)).await
    }

    /// Memory, and if it knows nothing the upstream: what that said, or the outcome if there is one
    /// already.
    pub(crate) async fn approach<L: Lookup, R: Routes<L>>(
        &self,
        routes: &Arc<R>,
        question: &L,
        key: &Key,
        ask: &Ask,
    ) -> Approach<L::Answer> {
        let started = Instant::now();
        // 1. Memory, looked at inside the flight: before it, two askers would both find nothing.
        if let Some(known) = self.known(question, key, ask).await {
            return Approach::Over(known);
        }
        // Another process may be asking the same.
        let deadline = started + self.total_time(question, ask);
        let claimed = match self.whose(question, key, ask, deadline).await {
            Whose::Ours(claimed) => claimed,
            Whose::Known(outcome) => {
                self.record_hit(key, &outcome, ask).await;
                return Approach::Over(outcome);
            }
            Whose::TooLate => {
                let failure = Failure::DeadlineExceeded { retry_after: None };
                let known = Box::pin(self.fall_back(question, key, ask, failure)).await;
                return Approach::Over(known.map_err(|error| error.after(0, started.elapsed())));
            }
        };
        self.count(|counters| &counters.misses);
        // 2. The upstreams.
        let sheet = CallSheet {
            lookup: new_id(self.shared.clock.now()),
            key,
            items: 1,
            personal: key.personal,
            else_singly: false,
            free: question.is_free(),
            at_once: question.is_free(),
            place: None,
            ask,
            patience: question.patience(),
            deadline,
        };
        let routes = route::all(&**routes).map(|way| (way.line, One(way.dialect, question)));
        let asking = self.ask_upstreams(&sheet, routes);
        // 3. What it said, or what was known before.
        let unanswered = match asking.await {
            Ok((decoded, line, attempts)) => {
                return Approach::Answered(Box::new(UpstreamAnswer {
                    decoded,
                    line: line.clone(),
                    attempts,
                    started,
                    claimed,
                }));
            }
            Err(unanswered) => unanswered,
        };
        let known = Box::pin(self.fall_back(question, key, ask, unanswered.failure)).await;
        Approach::Over(known.map_err(|error| error.after(unanswered.attempts, started.elapsed())))
    }

    /// Remembers what the upstream said, and gives it.
    pub(crate) async fn arrive<L: Lookup>(
        &self,
        question: &L,
        key: &Key,
        said: Box<UpstreamAnswer<L::Answer>>,
        ask: &Ask,
    ) -> Result<Found<L::Answer>, Error> {
        let provider = said.line.provider();
        let (entry, result) = self.digest(question, key, provider, said.decoded, ask);
        let result = match self.remember(vec![entry]).await {
            Ok(()) => result,
            Err(failure) => Err(Error::failed(failure)),
        };
        if result.is_err() {
            self.recant(&said.line, std::slice::from_ref(key)).await;
        }
        result.map_err(|error| error.after(said.attempts, said.started.elapsed()))
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
        }
    }

    /// Calls that a payer made today in Lima, counted where their day has a limit.
    pub async fn paid_today(&self, who: &str) -> Result<u64, LedgerError> {
        let counter = Counter::Day {
            who: who.into(),
            day: day_name(self.shared.clock.now()),
        };
        self.shared.ledger.spent(&counter).await
    }

    /// Takes over deadline, attempts and times to live while calls are under way: they go on with what
    /// they began with. What is kept and put on record stays as it was. Pace and quota are the
    /// [`Line::retune`]'s.
    pub fn retune(&self, settings: &Settings) {
        self.shared.tuned.set(settings);
    }

    pub(crate) fn deadline(&self) -> Duration {
        self.shared.tuned.now().deadline
    }

    /// Limits and times that it was made with.
    pub fn settings(&self) -> &Settings {
        &self.shared.settings
    }

    /// The clock it reads.
    pub fn clock(&self) -> Clock {
        self.shared.clock
    }

    pub(crate) fn flights(&self) -> &Arc<Flights> {
        &self.shared.flights
    }

    fn count(&self, counter: fn(&Counters) -> &AtomicU64) {
        counter(&self.shared.counters).fetch_add(1, Ordering::Relaxed);
    }
}

/// One call for several questions whose flights this task leads; see `many.rs`.
impl Engine {
    pub(crate) async fn fly_together<L: Lookup, R: Routes<L>>(
        &self,
        routes: &Arc<R>,
        questions: &[L],
        ask: &Ask,
        place: &WindowPlace,
    ) -> Result<(Vec<Option<Decoded<L::Answer>>>, Line), (Failure, u32)> {
        let first = questions.first().map(Lookup::key);
        let Some(first) = first else {
            return Err((Failure::Rejected, 0));
        };
        let key = Key {
            subject: CompactString::default(),
            personal: false,
            ..first
        };
        let sheet = CallSheet {
            lookup: new_id(self.shared.clock.now()),
            key: &key,
            items: u32::try_from(questions.len()).unwrap_or(u32::MAX),
            personal: questions.iter().any(|question| question.key().personal),
            else_singly: true,
            free: false,
            at_once: false,
            place: Some(place),
            ask,
            patience: questions[0].patience(),
            deadline: Instant::now() + self.total_time(&questions[0], ask),
        };
        // Those without such a call, or with a smaller one, are asked singly by the caller.
        let routes = route::all(&**routes).filter_map(|way| {
            let many = way.dialect.many()?;
            (many.most() >= questions.len()).then_some((way.line, Together(many, questions)))
        });
        self.ask_upstreams(&sheet, routes)
            .await
            .map(|(decoded, line, _)| (decoded, line.clone()))
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
fn landed<L: Lookup>(cargo: Option<SharedOutcome>) -> Option<Result<Found<L::Answer>, Error>> {
    cargo?
        .downcast_ref::<Result<Found<L::Answer>, Error>>()
        .cloned()
}

/// The outcome of a look-up whose task died.
fn internal<A>() -> Result<Found<A>, Error> {
    Err(Error::failed(Failure::Internal))
}

fn later(from: Timestamp, by: Duration) -> Timestamp {
    from.saturating_add(by).unwrap_or(Timestamp::MAX)
}
