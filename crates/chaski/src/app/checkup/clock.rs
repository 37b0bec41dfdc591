//! The clock of this machine against that of the upstream, as it says it in `Date`.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chaski_client::{Clock, Transport, TransportError};
use chaski_core::text;
use futures_util::future::BoxFuture;
use http::header::DATE;
use http::{Request, Response};
use jiff::{SignedDuration, Timestamp};

use super::{CheckupFinding, Examined};

/// Further apart they cannot both be right: a rate of the wrong day, a quota of the wrong month.
pub const TOLERANCE: Duration = Duration::from_mins(2);

/// When an answer says that it was made, and between which moments of this machine that was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Dated {
    /// Its `Date`, in whole seconds.
    pub says: Timestamp,
    /// When the request left.
    pub sent: Timestamp,
    /// When the answer was here.
    pub received: Timestamp,
}

/// A way out that notes what the last answer says of the time.
pub struct Noting {
    exit: Arc<dyn Transport>,
    clock: Clock,
    last: Mutex<Option<Dated>>,
}

impl Noting {
    /// Through `exit`, by the clock of this machine.
    pub fn new(exit: Arc<dyn Transport>, clock: Clock) -> Noting {
        Noting {
            exit,
            clock,
            last: Mutex::default(),
        }
    }

    /// What the last answer said; none when none came, or none with a date.
    pub fn last(&self) -> Option<Dated> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Transport for Noting {
    fn send(
        &self,
        request: Request<Bytes>,
        most_bytes: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let sent = self.clock.now();
            let answer = self.exit.send(request, most_bytes).await?;
            let says = answer.headers().get(DATE).and_then(|date| {
                let date = httpdate::parse_http_date(date.to_str().ok()?).ok()?;
                Timestamp::try_from(date).ok()
            });
            if let Some(says) = says {
                *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Dated {
                    says,
                    sent,
                    received: self.clock.now(),
                });
            }
            Ok(answer)
        })
    }
}

/// How far the upstream's clock is ahead of ours, at least; zero while both can be right.
pub fn difference(dated: Dated) -> SignedDuration {
    // It was made at some moment of that second, and between going out and coming back.
    let last = dated.says.saturating_add(SignedDuration::from_secs(1));
    let last = last.unwrap_or(dated.says);
    if dated.says > dated.received {
        dated.says.duration_since(dated.received)
    } else if last < dated.sent {
        last.duration_since(dated.sent)
    } else {
        SignedDuration::ZERO
    }
}

/// What this machine says the time is, and how that agrees with the upstream; `shown` is the time
/// in Lima.
pub fn clock_finding(shown: &str, dated: Option<Dated>) -> CheckupFinding {
    let Some(dated) = dated else {
        return Examined("reloj").good(text!(
            "hora de Lima según esta máquina: {shown} (si no es la correcta, corrija el reloj)",
            "Lima time by this machine: {shown} (if wrong, set the clock)"
        ));
    };
    let apart = difference(dated);
    let finding = if apart.unsigned_abs() <= TOLERANCE {
        Examined("reloj").good(text!(
            "hora de Lima según esta máquina: {shown}; la del proveedor coincide",
            "Lima time by this machine: {shown}; the upstream's agrees"
        ))
    } else {
        let by = by_how_much(apart.unsigned_abs());
        let (es, en) = if apart.is_negative() {
            ("adelantado", "ahead")
        } else {
            ("atrasado", "behind")
        };
        Examined("reloj").bad(text!(
            "el reloj de esta máquina está {es} {by} respecto al del proveedor (hora de Lima aquí: {shown}): corríjalo, por ejemplo con: timedatectl set-ntp true",
            "the clock of this machine is {by} {en} of the upstream's (Lima time here: {shown}): set it, for instance with: timedatectl set-ntp true"
        ))
    };
    finding.with("diferencia_segundos", apart.as_secs())
}

/// `3 d 4 h`, `2 h 5 min`, `3 min 20 s`.
fn by_how_much(apart: Duration) -> String {
    let seconds = apart.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes} min {} s", seconds % 60),
        (0, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}
