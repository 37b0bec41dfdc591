//! The two traits that a question and an upstream bring; everything else is the engine's.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use compact_str::CompactString;
use http::Request;
use jiff::Timestamp;
use uuid::Uuid;

use crate::ledger::{NOT_FOUND, SUCCESS};
use crate::transport::RawAnswer;
use crate::{Budget, Clock, Error, Failure, Key, Owner, Reason};

/// A question with its answer's type, its key, and how its answer is kept. [`Engine`] shows one
/// of one's own.
///
/// [`Engine`]: crate::Engine
///
/// ```
/// use chaski_client::{Lookup, RucQuery};
/// let key = RucQuery("20131312955".parse()?).key();
/// assert_eq!(format!("{key:?}"), "ruc/20131312955");
/// # Ok::<(), chaski_core::RucError>(())
/// ```
pub trait Lookup: Clone + Send + Sync + 'static {
    /// What a good answer is.
    type Answer: Send + Sync + 'static;

    /// The identity of the question.
    fn key(&self) -> Key;

    /// Whether the question makes sense now; one that does not is not sent.
    fn check(&self, clock: Clock) -> Result<(), Error> {
        let _ = clock;
        Ok(())
    }

    /// Whether it is about a person, so that the caller may have to say what for (Ley 29733).
    fn needs_purpose(&self) -> bool {
        false
    }

    /// How long an answer received now counts as fresh; zero keeps it out of memory.
    fn time_to_live(&self, answer: &Self::Answer, now: Timestamp, times: &TimesToLive) -> Duration;

    /// How long a refusal received now is believed.
    fn refusal_time_to_live(&self, now: Timestamp, times: &TimesToLive) -> Duration {
        let _ = now;
        times.refusal
    }

    /// Time for one attempt when the engine's usual one is too short for this question.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// Whether its answer costs nothing of the plan: then neither quota nor pace holds it back.
    fn is_free(&self) -> bool {
        false
    }

    /// The answer as the ledger keeps it.
    fn pack(answer: &Self::Answer) -> Bytes;

    /// The answer as it was kept; none when an older version kept it in another form.
    fn unpack(&self, body: &[u8]) -> Option<Self::Answer>;
}

/// An upstream that can answer a kind of question. It translates and does nothing else: it never
/// sends, waits, retries, remembers or logs. [`Engine`] shows one of one's own.
///
/// [`Engine`]: crate::Engine
///
/// ```
/// use chaski_client::dialects::migo::{BASE_URL, MigoDialect};
/// use chaski_client::{RucQuery, Upstream, Version};
/// let dialect = MigoDialect::new(BASE_URL, &"SU_TOKEN".to_owned().into(), Version::Auto)?;
/// let request = dialect.encode(&RucQuery("20131312955".parse()?));
/// assert_eq!(request.uri().path(), "/api/v1/ruc");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Upstream<L: Lookup>: Send + Sync + 'static {
    /// The request, token included.
    fn encode(&self, question: &L) -> Request<Bytes>;

    /// What an answer means.
    fn decode(&self, question: &L, answer: &RawAnswer) -> Result<Decoded<L::Answer>, Failure>;

    /// Its native batch call, where it has one.
    fn many(&self) -> Option<&dyn UpstreamMany<L>> {
        None
    }
}

/// An upstream's native batch call: several questions of a kind at once.
pub trait UpstreamMany<L: Lookup>: Send + Sync + 'static {
    /// Most questions in one call.
    fn most(&self) -> usize;

    /// The request for all of them, token included.
    fn encode_many(&self, questions: &[L]) -> Request<Bytes>;

    /// One entry per question, in order; none where the answer does not mention it.
    fn decode_many(
        &self,
        questions: &[L],
        answer: &RawAnswer,
    ) -> Result<Vec<Option<Decoded<L::Answer>>>, Failure>;
}

/// A readable answer. `Debug` leaves the upstream's words out: they may repeat the number.
#[derive(Clone, PartialEq, Eq)]
pub enum Decoded<A> {
    /// Here it is.
    Answer(A),
    /// The upstream says explicitly that there is none.
    Refused {
        /// Which kind of "no".
        reason: Reason,
        /// The upstream's words, cleaned and shortened.
        message: CompactString,
    },
}

impl<A: fmt::Debug> fmt::Debug for Decoded<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Decoded::Answer(answer) => f.debug_tuple("Answer").field(answer).finish(),
            Decoded::Refused { reason, .. } => f
                .debug_struct("Refused")
                .field("reason", reason)
                .finish_non_exhaustive(),
        }
    }
}

impl<A> Decoded<A> {
    /// The word for it in the audit.
    pub(crate) fn outcome(&self) -> &'static str {
        match self {
            Decoded::Answer(_) => SUCCESS,
            Decoded::Refused { .. } => NOT_FOUND,
        }
    }
}

/// How long answers count as fresh, by kind.
///
/// ```
/// use std::time::Duration;
/// use chaski_client::TimesToLive;
/// let times = TimesToLive { dni: Duration::ZERO, ..TimesToLive::default() }; // keep no persons
/// assert_eq!(times.ruc, Duration::from_secs(24 * 60 * 60));
/// ```
#[derive(Debug, Clone, Copy)]
pub struct TimesToLive {
    /// RUC and what belongs to it; the registry is published once a day.
    pub ruc: Duration,
    /// DNI.
    pub dni: Duration,
    /// "No such number".
    pub refusal: Duration,
    /// Today's exchange rate before it is final.
    pub unsettled_rate: Duration,
    /// How long after its time an answer may stand in while the upstream is down.
    pub stale: Duration,
}

const DAY: Duration = Duration::from_hours(24);

impl Default for TimesToLive {
    fn default() -> TimesToLive {
        TimesToLive {
            ruc: DAY,
            dni: DAY,
            refusal: DAY,
            unsettled_rate: Duration::from_mins(15),
            stale: 30 * DAY,
        }
    }
}

/// Time that each of many questions may wait besides its own.
const PATIENCE_OF_MANY: Duration = Duration::from_hours(1);

/// Who asks, how fresh the answer must be, how long it may take.
///
/// ```
/// use std::time::Duration;
/// use chaski_client::Ask;
/// let ask = Ask::by("facturacion").max_age(Duration::from_secs(3600));
/// assert!(!ask.force);
/// ```
#[derive(Debug, Clone)]
pub struct Ask {
    /// Name for the audit.
    pub who: CompactString,
    /// Whose the calls are; none when only the owner of the ledger may see them.
    pub owner: Option<Owner>,
    /// What a look-up about a person is for, for the audit.
    pub purpose: Option<CompactString>,
    /// Batch for the audit.
    pub batch: Option<Uuid>,
    /// Ask the upstream whatever is known.
    pub force: bool,
    /// Take from memory only what is at most this old.
    pub max_age: Option<Duration>,
    /// Take an expired answer while the upstream is down.
    pub stale_allowed: bool,
    /// Total time, the engine's own when none.
    pub deadline: Option<Duration>,
    /// The ledger was looked at already and knows nothing fresh: it is not looked at again.
    pub recalled: bool,
    /// Calls that the caller may pay for on one day of Lima; none without a limit.
    pub per_day: Option<u64>,
    /// Calls that this look-up, or the whole list, may still cost; none without a limit.
    pub budget: Option<Budget>,
}

impl Ask {
    /// An ordinary question: fresh memory is fine, stale only when the upstream is down.
    pub fn by(who: &str) -> Ask {
        Ask {
            who: who.into(),
            owner: Some(Owner::HOUSE),
            purpose: None,
            batch: None,
            force: false,
            max_age: None,
            stale_allowed: true,
            deadline: None,
            recalled: false,
            per_day: None,
            budget: None,
        }
    }

    /// The same question as one of many: waiting for its turn under a slow pace, or for the time
    /// that the upstream asked for, is no reason to give it up.
    pub(crate) fn one_of_many(&self, usual: Duration) -> Ask {
        Ask {
            deadline: self.deadline.or(Some(usual + PATIENCE_OF_MANY)),
            ..self.clone()
        }
    }

    /// Says what the look-up is for.
    #[must_use]
    pub fn purpose(mut self, purpose: &str) -> Ask {
        self.purpose = Some(purpose.into());
        self
    }

    /// Asks the upstream whatever is known.
    #[must_use]
    pub fn force_refresh(mut self) -> Ask {
        self.force = true;
        self
    }

    /// Accepts from memory only what is at most this old.
    #[must_use]
    pub fn max_age(mut self, age: Duration) -> Ask {
        self.max_age = Some(age);
        self
    }

    /// Spends no more calls than that: a look-up that would is not sent.
    #[must_use]
    pub fn budget(mut self, budget: Budget) -> Ask {
        self.budget = Some(budget);
        self
    }

    /// Sets the total time for the answer.
    #[must_use]
    pub fn deadline(mut self, total: Duration) -> Ask {
        self.deadline = Some(total);
        self
    }
}

impl Default for Ask {
    fn default() -> Ask {
        Ask::by("library")
    }
}

/// An answer and where it comes from.
///
/// ```
/// use chaski_client::{Found, Source};
/// fn note<A>(found: &Found<A>) -> Option<String> {
///     (found.source == Source::Stale).then(|| format!("datos del {}", found.stored_at))
/// }
/// ```
#[derive(Debug)]
pub struct Found<A> {
    /// The answer.
    pub value: Arc<A>,
    /// Where it comes from.
    pub source: Source,
    /// The upstream that gave it.
    pub provider: &'static str,
    /// When it did.
    pub stored_at: Timestamp,
}

impl<A> Found<A> {
    /// Another value that was made of this one.
    pub(crate) fn with<B>(&self, value: B) -> Found<B> {
        Found {
            value: Arc::new(value),
            source: self.source,
            provider: self.provider,
            stored_at: self.stored_at,
        }
    }
}

impl<A> Clone for Found<A> {
    fn clone(&self) -> Found<A> {
        Found {
            value: Arc::clone(&self.value),
            source: self.source,
            provider: self.provider,
            stored_at: self.stored_at,
        }
    }
}

/// Where an answer comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// Asked now.
    Upstream,
    /// Remembered and fresh: no call was spent.
    Memory,
    /// Remembered and expired, given because the upstream failed.
    Stale,
}

impl Source {
    /// Stable lower-case name.
    pub fn as_str(self) -> &'static str {
        match self {
            Source::Upstream => "proveedor",
            Source::Memory => "memoria",
            Source::Stale => "memoria_vencida",
        }
    }
}
