//! Faults on command: what goes wrong, where, how often and when.

mod armed;
mod effect;
mod text;

use std::time::Duration;

use crate::operation::Operation;
pub(crate) use armed::Faults;
pub(crate) use effect::{Effect, OTHER_RUC, instead, spoil};
pub use text::FaultError;

/// One fault. Made with [`Fault::new`] and its refinements, or read from text:
///
/// | text | what happens | charged |
/// |---|---|---|
/// | `429`, `429:retry=2`, `429:fecha`, `429:fecha=5` | too many calls: without, with seconds, or with a date in `Retry-After` | no |
/// | `401`, `403` | token refused; plan without the endpoint | no |
/// | `404` | the body of a path that does not exist | no |
/// | `500` … `599`, `502:html` | failure of the server, in JSON or as a proxy's page | no |
/// | `redireccion` | 302 to another path | no |
/// | `reset` | the connection is reset before the request is looked at | no |
/// | `caida`, `caida:10s..610s`, `caida:30s` | nobody listens: for ever, in a window counted from the start of the sandbox, or from now on for a while | no |
/// | `cerrar` | the request is answered and charged, but the connection closes before the answer | yes |
/// | `goteo`, `goteo:200ms` | the body comes in ten pieces, one every 200 ms | yes |
/// | `truncado` | the body ends in the middle | yes |
/// | `json-malo` | an array instead of an object, or the reverse | yes |
/// | `html` | a page with status 200 | yes |
/// | `otro-ruc` | the answer for another number than the one asked | yes |
/// | `success-false` | `success:false` with status 200 | yes |
/// | `enorme` | ten mebibytes | yes |
/// | `anidado` | ten thousand levels of JSON | yes |
/// | `formula` | a name and an address that a spreadsheet would run, with control characters | yes |
///
/// Of Nubefact alone; nothing of it is charged:
///
/// | text | what happens |
/// |---|---|
/// | `tras:500` … `tras:599`, `tras:502:html`, `tras:40` | processed, then this answer |
/// | `tarde:20s` | processed after that time, even if the client has left |
/// | `doble` | the request is delivered twice; the answer is the second one's |
/// | `rechaza-y-acepta`, `rechaza-y-acepta:5s` | 21, and a late copy is accepted (2 s) |
/// | `otro-numero`, `vacio` | processed; 200 that names another document; 200 with `{}` |
/// | `23-ajeno` | a stranger's document takes the number first |
/// | `24-tardio:5s` | a document is not found for that long after it was accepted |
/// | `10`, `11`, `12`, `20`, `21`, `22`, `40`, `50`, `51` | that `codigo`, not processed |
/// | `pendiente`, `pendiente:3h`, `soap`, `soap:3h` | SUNAT says nothing, or is down: so long, or until the next simulated day |
/// | `rechazado:2335`, `observado:4252` | what SUNAT says in the end |
/// | `ticket-perdido`, `2323` | a void whose ticket is lost; SUNAT says that the document was voided before |
///
/// The losses that a program which issues has to live with, and the fault that makes each:
///
/// | loss | fault |
/// |---|---|
/// | accepted, then the connection closes | `cerrar` |
/// | accepted, then 500, a proxy's 502, `codigo` 40 | `tras:500`, `tras:502:html`, `tras:40` |
/// | accepted after the client has left | `tarde:20s` |
/// | one request that arrives twice | `doble` |
/// | refused, then a late copy accepted | `rechaza-y-acepta` |
/// | 200 cut short, of another number, empty | `truncado`, `otro-numero`, `vacio` |
/// | an answer that drips | `goteo:200ms` |
/// | 23 for a stranger's document | `23-ajeno` |
/// | 24 for what was accepted a moment ago | `24-tardio:5s` |
/// | account suspended, not paid, token revoked | `50`, `51`, `10` |
/// | pending for hours, then accepted, rejected, known with other data, voided before | `pendiente:3h`, `rechazado:2335`, `rechazado:1033`, `2323` |
/// | 429 with and without a date | `429:retry=2`, `429:fecha=60` |
/// | sent to another address | `redireccion` |
///
/// What SUNAT says is settled when a document is issued or voided; on a question it settles a
/// document that is still pending. `24-tardio`, `pendiente` and `soap` last by the sandbox's simulated
/// time ([`Sandbox::now`](crate::Sandbox::now)), `tarde` and `rechaza-y-acepta` by tokio's clock.
///
/// After it, in any order: `@ruc` only that operation ([`Operation::name`]), `x3` the next three
/// times, `%10` ten per cent, `/7` every seventh time, `[10s..20s]` or `[30s]` a window.
///
/// ```
/// use chaski_sandbox::{Fault, FaultKind, Operation};
/// let fault: Fault = "500:html@ruc x3".parse()?;
/// assert_eq!(fault, Fault::new(FaultKind::ServerErrorHtml(500)).on(Operation::Ruc).next(3));
/// assert_eq!(fault.to_string(), "500:html@ruc x3");
/// # Ok::<(), chaski_sandbox::FaultError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fault {
    /// What happens.
    pub kind: FaultKind,
    /// To which operation; all if none is said.
    pub scope: Option<Operation>,
    /// How often.
    pub frequency: Frequency,
    /// When.
    pub window: Window,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// 429.
    TooMany(RetryAfter),
    /// 401.
    Unauthorized,
    /// 403.
    Forbidden,
    /// 404 with the body of a wrong path.
    WrongPath,
    /// 5xx in JSON.
    ServerError(u16),
    /// 5xx as a page.
    ServerErrorHtml(u16),
    /// 302.
    Redirect,
    /// Connection reset, nothing processed.
    Reset,
    /// The port is closed.
    Outage,
    /// Processed; closed before the answer.
    Close,
    /// Ten pieces, one in each interval.
    Drip(Duration),
    /// Half of the body.
    Truncated,
    /// An array for an object, an object for an array.
    WrongJson,
    /// A page with status 200.
    Html,
    /// The answer for another number.
    OtherRuc,
    /// `success:false` with status 200.
    SuccessFalse,
    /// Ten mebibytes.
    Huge,
    /// Ten thousand levels.
    Nested,
    /// Formulas and control characters in the texts.
    Formula,
    /// Nubefact: processed, then this instead of the answer.
    After(Afterwards),
    /// Nubefact: processed after that time, even if the client has left.
    Late(Duration),
    /// Nubefact: the request is delivered twice; the answer is the second one's.
    Twice,
    /// Nubefact: 21, and a late copy of the request is accepted after that time.
    RefusedThenTaken(Duration),
    /// Nubefact: 200 that names another document.
    OtherDocument,
    /// Nubefact: 200 with `{}`.
    EmptyObject,
    /// Nubefact: a stranger's document takes the number first.
    StrangerFirst,
    /// Nubefact: a document is not found for that long after it was accepted.
    NotFoundYet(Duration),
    /// Nubefact: refused with that `codigo`, not processed.
    Codigo(u16),
    /// SUNAT says nothing: for so long, or until the next simulated day.
    Pending(Option<Duration>),
    /// SUNAT rejects with that code.
    Rejected(u16),
    /// SUNAT accepts with that observation.
    Observed(u16),
    /// SUNAT is down: for so long, or until the next simulated day.
    SunatDown(Option<Duration>),
    /// A void is taken and its ticket is lost.
    TicketLost,
    /// SUNAT says of a void that the document was voided before.
    AlreadyVoided,
}

/// What comes instead of the answer to a request that was processed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Afterwards {
    /// 5xx in JSON.
    Status(u16),
    /// 5xx as a page.
    Page(u16),
    /// Nubefact's `codigo` 40.
    Codigo40,
}

/// How a 429 says when to come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAfter {
    /// It does not.
    Unsaid,
    /// In seconds.
    Seconds(u32),
    /// As an HTTP date that many seconds ahead.
    Date(u32),
}

/// How often a fault happens to the requests that it concerns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Frequency {
    /// Each time.
    Always,
    /// The next times, this many; then it is gone.
    Next(u64),
    /// Once in this many times.
    Every(u64),
    /// That share of the times, in per cent, drawn from the seed.
    Percent(f64),
}

/// The time in which a fault happens, on tokio's clock, which tests can pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Window {
    /// Any time.
    Open,
    /// From one moment to another, counted from [`Sandbox::started`](crate::Sandbox::started).
    Between(Duration, Duration),
    /// For so long from the moment of [`Sandbox::fail`](crate::Sandbox::fail).
    Lasting(Duration),
}

impl FaultKind {
    /// Whether it can happen to such a request at all. A fault that says no operation passes over
    /// the others and is not used up by them.
    pub(crate) fn concerns(self, operation: Operation) -> bool {
        match self {
            FaultKind::OtherRuc | FaultKind::SuccessFalse | FaultKind::Formula => {
                !operation.is_nubefact()
            }
            FaultKind::After(_)
            | FaultKind::Late(_)
            | FaultKind::OtherDocument
            | FaultKind::EmptyObject
            | FaultKind::Codigo(_)
            | FaultKind::Pending(_)
            | FaultKind::Rejected(_)
            | FaultKind::Observed(_)
            | FaultKind::SunatDown(_) => operation.is_nubefact(),
            FaultKind::Twice | FaultKind::RefusedThenTaken(_) => {
                operation.is_issue() || operation.is_void()
            }
            FaultKind::StrangerFirst => operation.is_issue(),
            FaultKind::NotFoundYet(_) => operation.is_issue() || operation.is_question(),
            FaultKind::TicketLost | FaultKind::AlreadyVoided => operation.is_void(),
            _ => true,
        }
    }
}

impl Fault {
    /// For all operations, always.
    pub fn new(kind: FaultKind) -> Fault {
        Fault {
            kind,
            scope: None,
            frequency: Frequency::Always,
            window: Window::Open,
        }
    }

    /// Only that operation.
    #[must_use]
    pub fn on(mut self, operation: Operation) -> Fault {
        self.scope = Some(operation);
        self
    }

    /// Only the next times, this many.
    #[must_use]
    pub fn next(mut self, times: u64) -> Fault {
        self.frequency = Frequency::Next(times);
        self
    }

    /// Once in this many times.
    #[must_use]
    pub fn every(mut self, times: u64) -> Fault {
        self.frequency = Frequency::Every(times);
        self
    }

    /// That share of the times, in per cent.
    #[must_use]
    pub fn percent(mut self, share: f64) -> Fault {
        self.frequency = Frequency::Percent(share);
        self
    }

    /// From one moment to another, counted from the start of the sandbox.
    #[must_use]
    pub fn between(mut self, from: Duration, to: Duration) -> Fault {
        self.window = Window::Between(from, to);
        self
    }

    /// For so long from when it is commanded.
    #[must_use]
    pub fn lasting(mut self, duration: Duration) -> Fault {
        self.window = Window::Lasting(duration);
        self
    }
}
