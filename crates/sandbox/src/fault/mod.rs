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
