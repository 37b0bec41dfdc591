//! The one error of the public interface: opaque, with predicates.

use std::fmt;
use std::time::Duration;

use chaski_core::{Lang, Text, text};
use compact_str::CompactString;

use crate::{Failure, Reason};

/// Why a look-up has no answer. Clones are cheap: callers that shared one call share its error.
///
/// ```
/// # fn show(error: &chaski_client::Error) -> String {
/// if error.is_not_found() {
///     "no existe en SUNAT".to_owned()
/// } else if let Some(wait) = error.retry_after() {
///     format!("reintente en {} s", wait.as_secs())
/// } else {
///     format!("{error} ({} intentos)", error.attempts())
/// }
/// # }
/// ```
#[derive(Clone, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    kind: Kind,
    attempts: u32,
    elapsed: Duration,
}

#[derive(Clone)]
enum Kind {
    Refused {
        reason: Reason,
        message: CompactString,
        provider: &'static str,
        remembered: bool,
    },
    Failed(Failure),
    Invalid(Text),
}

impl Error {
    pub(crate) fn refused(
        reason: Reason,
        message: CompactString,
        provider: &'static str,
        remembered: bool,
    ) -> Error {
        Error::of(Kind::Refused {
            reason,
            message,
            provider,
            remembered,
        })
    }

    pub(crate) fn failed(failure: Failure) -> Error {
        Error::of(Kind::Failed(failure))
    }

    pub(crate) fn invalid(text: Text) -> Error {
        Error::of(Kind::Invalid(text))
    }

    fn of(kind: Kind) -> Error {
        Error(Box::new(Inner {
            kind,
            attempts: 0,
            elapsed: Duration::ZERO,
        }))
    }

    pub(crate) fn after(mut self, attempts: u32, elapsed: Duration) -> Error {
        self.0.attempts = attempts;
        self.0.elapsed = elapsed;
        self
    }

    /// The upstream said explicitly that there is no such number, rate or membership.
    pub fn is_not_found(&self) -> bool {
        matches!(self.0.kind, Kind::Refused { .. })
    }

    /// The refusal came from memory: nothing was asked.
    pub fn is_remembered(&self) -> bool {
        matches!(
            self.0.kind,
            Kind::Refused {
                remembered: true,
                ..
            }
        )
    }

    /// The upstream that refused.
    pub fn provider(&self) -> Option<&'static str> {
        match &self.0.kind {
            Kind::Refused { provider, .. } => Some(provider),
            _ => None,
        }
    }

    /// The question itself makes no sense and was not sent.
    pub fn is_invalid(&self) -> bool {
        matches!(self.0.kind, Kind::Invalid(_))
    }

    /// The token was not accepted, or the plan lacks the operation.
    pub fn is_unauthorized(&self) -> bool {
        matches!(self.failure(), Some(Failure::Unauthorized))
    }

    /// Too fast, or calls that may be spent are: the month's, the day's, the list's.
    pub fn is_limited(&self) -> bool {
        matches!(
            self.failure(),
            Some(
                Failure::RateLimited { .. }
                    | Failure::QuotaSpent
                    | Failure::OwnQuotaSpent
                    | Failure::DaySpent { .. }
                    | Failure::BudgetSpent
            )
        )
    }

    /// The upstream could not be reached or did not answer properly.
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self.failure(),
            Some(
                Failure::Rejected
                    | Failure::Unavailable { .. }
                    | Failure::Unreachable
                    | Failure::Broken
                    | Failure::TimedOut
                    | Failure::Garbled
                    | Failure::Doubtful
                    | Failure::TooLarge
                    | Failure::Unexpected { .. }
                    | Failure::BreakerOpen { .. }
                    | Failure::DeadlineExceeded { .. }
            )
        )
    }

    /// Whether asking again later may help.
    pub fn is_retryable(&self) -> bool {
        self.failure().is_some_and(|failure| {
            failure.treatment().transient
                || matches!(
                    failure,
                    Failure::BreakerOpen { .. } | Failure::DeadlineExceeded { .. }
                )
        })
    }

    /// Every other number fails by it as well: a wrong address, a token that is refused, a plan that
    /// is used up.
    pub fn concerns_all(&self) -> bool {
        self.failure()
            .is_some_and(|failure| failure.treatment().concerns_all)
    }

    /// More time might have brought an answer.
    pub(crate) fn is_for_want_of_time(&self) -> bool {
        matches!(
            self.failure(),
            Some(
                Failure::DeadlineExceeded { .. } | Failure::TimedOut | Failure::RateLimited { .. }
            )
        )
    }

    /// Another caller that asks the same may have calls left.
    pub(crate) fn is_for_want_of_allowance(&self) -> bool {
        matches!(
            self.failure(),
            Some(Failure::DaySpent { .. } | Failure::BudgetSpent)
        )
    }

    /// How long to wait before asking again, when known.
    pub fn retry_after(&self) -> Option<Duration> {
        self.failure().and_then(Failure::retry_after)
    }

    /// The failure, unless it is a refusal or an invalid question.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.0.kind {
            Kind::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    /// The kind of refusal.
    pub fn reason(&self) -> Option<Reason> {
        match &self.0.kind {
            Kind::Refused { reason, .. } => Some(*reason),
            _ => None,
        }
    }

    /// The upstream's own words of a refusal; they may be empty.
    pub fn upstream_message(&self) -> Option<&str> {
        match &self.0.kind {
            Kind::Refused { message, .. } => Some(message),
            _ => None,
        }
    }

    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match &self.0.kind {
            Kind::Refused { reason, .. } => match reason {
                Reason::NotFound | Reason::NotFoundInBatch => "no_encontrado",
                Reason::NoRate => "sin_tipo_de_cambio",
                Reason::NotListed => "no_figura",
            },
            Kind::Failed(failure) => failure.code(),
            Kind::Invalid(_) => "consulta_invalida",
        }
    }

    /// Exit code of the command line: 3 for refused and invalid questions.
    pub fn exit_code(&self) -> u8 {
        self.failure()
            .map_or(3, |failure| failure.treatment().exit_code)
    }

    /// Attempts sent to the upstream for this answer.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Time from the question to the failure.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed
    }

    /// What happened and what to do, for people, without the number asked for.
    pub fn message(&self, lang: Lang) -> String {
        let text = match &self.0.kind {
            Kind::Refused { reason, .. } => match reason {
                Reason::NotFound | Reason::NotFoundInBatch => {
                    text!("no figura en SUNAT", "is not in SUNAT's registry")
                }
                Reason::NoRate => text!(
                    "no hay tipo de cambio publicado para esa fecha; si es la de hoy, reintente más tarde",
                    "no exchange rate is published for that day; if it is today, try again later"
                ),
                Reason::NotListed => text!("no figura en esa relación", "is not on that list"),
            },
            Kind::Failed(failure) => return failure.message(lang),
            Kind::Invalid(text) => text.clone(),
        };
        text.pick(lang)
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Error({}, attempts: {}, {:?})",
            self.code(),
            self.0.attempts,
            self.0.elapsed
        )
    }
}
