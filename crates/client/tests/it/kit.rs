//! What all tests need: a sandbox behind a client, answers to order, a clock that stands still.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chaski_client::dialects::migo::MigoDialect;
use chaski_client::{
    Ask, Clock, Engine, Error, Found, Key, Line, Memory, MemoryLedger, Migo, RawAnswer, Settings,
    Transport, TransportError, Version,
};
use chaski_core::{Ruc, RucRules};
use chaski_sandbox::{Cut, Operation, Sandbox, SandboxConfig};
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, Response};
use jiff::Timestamp;

/// A token that no text may show.
pub(crate) const TOKEN: &str = "CANARIO7TOKEN9SECRETO";
/// Found, ACTIVO and HABIDO.
pub(crate) const KNOWN: &str = "20131312955";
/// In no registry.
pub(crate) const UNKNOWN: &str = "20000633527";

/// Wednesday 28 January 2026, ten in the morning in Lima.
pub(crate) fn start() -> Timestamp {
    "2026-01-28T15:00:00Z".parse().unwrap()
}

/// Runs to the end on a runtime of its own, with a paused clock.
pub(crate) fn paused<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap()
        .block_on(future)
}

/// Sends to a sandbox in this process.
pub(crate) struct InProcess(pub(crate) Sandbox);

impl Transport for InProcess {
    fn send(
        &self,
        request: Request<Bytes>,
        most_bytes: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let answer = self.0.call(request).await.map_err(|cut| match cut {
                Cut::Refused => TransportError::Unreachable,
                Cut::Reset | Cut::ClosedBeforeAnswer => TransportError::Broken,
            })?;
            if answer.body().len() > most_bytes {
                return Err(TransportError::TooLarge);
            }
            Ok(answer)
        })
    }
}

/// A client, the sandbox it asks, the ledger it writes and the clock of all three.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    pub(crate) ledger: Arc<MemoryLedger>,
    pub(crate) migo: Migo,
    pub(crate) clock: Clock,
}

pub(crate) fn world() -> World {
    World::new(Settings::default(), |_| {})
}

impl World {
    pub(crate) fn new(settings: Settings, change: impl FnOnce(&mut SandboxConfig)) -> World {
        World::at(start(), settings, change)
    }

    pub(crate) fn at(
        start: Timestamp,
        settings: Settings,
        change: impl FnOnce(&mut SandboxConfig),
    ) -> World {
        let clock = Clock::starting_at(start);
        let mut config = SandboxConfig::new(move || clock.now());
        change(&mut config);
        let sandbox = Sandbox::new(config).unwrap();
        let ledger = Arc::new(MemoryLedger::new());
        let migo = Migo::builder(TOKEN)
            .settings(settings)
            .clock(clock)
            .transport(Arc::new(InProcess(sandbox.clone())))
            .ledger(ledger.clone())
            .build()
            .unwrap();
        World {
            sandbox,
            ledger,
            migo,
            clock,
        }
    }

    /// Another process on the same ledger: its memory in the process is empty.
    pub(crate) fn restarted(&self, settings: Settings) -> Migo {
        Migo::builder(TOKEN)
            .settings(settings)
            .clock(self.clock)
            .transport(Arc::new(InProcess(self.sandbox.clone())))
            .ledger(self.ledger.clone())
            .build()
            .unwrap()
    }

    pub(crate) fn fail(&self, fault: &str) {
        self.sandbox.fail(fault.parse().unwrap());
    }

    pub(crate) async fn ask(&self, digits: &str) -> Result<Found<chaski_core::Taxpayer>, Error> {
        self.migo.ruc(&ruc(digits), &Ask::default()).await
    }

    /// Requests that arrived for one RUC.
    pub(crate) fn asked(&self) -> u64 {
        self.sandbox.count(Operation::Ruc)
    }

    /// Times that the number which is known to exist was asked for, in doubt about others.
    pub(crate) fn checks(&self) -> usize {
        let entries = self.sandbox.ledger();
        let is_check = |it: &&chaski_sandbox::Entry| {
            it.operation == Operation::Ruc && it.subjects.iter().any(|it| it == KNOWN)
        };
        entries.iter().filter(is_check).count()
    }

    /// `outcome attempt` of each audit row.
    pub(crate) fn rows(&self) -> Vec<String> {
        self.ledger
            .calls()
            .iter()
            .map(|call| format!("{} {} {}", call.outcome, call.cache.as_str(), call.attempt))
            .collect()
    }

    pub(crate) async fn remembered(&self, key: Key) -> Option<Memory> {
        use chaski_client::Ledger;
        self.ledger.recall(&[key]).await.unwrap().pop().unwrap()
    }
}

pub(crate) fn ruc(digits: &str) -> Ruc {
    digits.parse().unwrap()
}

/// Any eleven digits.
pub(crate) fn any_ruc(digits: &str) -> Ruc {
    let rules = RucRules {
        check_digit: chaski_core::CheckDigit::FormatOnly,
        ..RucRules::default()
    };
    Ruc::parse_with(digits, &rules).unwrap()
}

/// Invented companies, all different, check digit right.
pub(crate) fn companies(count: usize) -> Vec<Ruc> {
    (0u32..)
        .filter_map(|n| {
            let ten = format!("20{:08}", 30_000_000 + n * 7);
            (0..10).find_map(|digit| format!("{ten}{digit}").parse().ok())
        })
        .take(count)
        .collect()
}

/// The legal name that a sandbox without faults has for each number; none for unknown ones.
pub(crate) async fn truth(rucs: &[Ruc]) -> Vec<Option<String>> {
    let quiet = world();
    let mut names = Vec::with_capacity(rucs.len());
    for ruc in rucs {
        let found = quiet.migo.ruc(ruc, &Ask::default()).await;
        names.push(match found {
            Ok(found) => Some(found.value.nombre_o_razon_social.clone()),
            Err(error) if error.is_not_found() => None,
            Err(error) => panic!("{error}"),
        });
    }
    names
}

pub(crate) fn dialect(version: Version) -> MigoDialect {
    let token = TOKEN.to_owned().into();
    MigoDialect::new("https://api.migo.pe/api", &token, version).unwrap()
}

/// An answer as it would come.
pub(crate) fn answer(status: u16, body: &[u8]) -> RawAnswer {
    RawAnswer {
        status,
        headers: HeaderMap::new(),
        body: Bytes::copy_from_slice(body),
        received_at: start(),
    }
}

/// Gives prepared answers in order, then the last one for ever; keeps what was asked.
#[derive(Default)]
pub(crate) struct Scripted {
    answers: Mutex<VecDeque<Response<Bytes>>>,
    last: Mutex<Option<Response<Bytes>>>,
    pub(crate) sent: Mutex<Vec<Request<Bytes>>>,
}

impl Scripted {
    pub(crate) fn new(answers: Vec<Response<Bytes>>) -> Arc<Scripted> {
        Arc::new(Scripted {
            answers: Mutex::new(answers.into()),
            ..Scripted::default()
        })
    }
}

impl Transport for Scripted {
    fn send(
        &self,
        request: Request<Bytes>,
        _: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        self.sent.lock().unwrap().push(request);
        let mut last = self.last.lock().unwrap();
        if let Some(next) = self.answers.lock().unwrap().pop_front() {
            *last = Some(next);
        }
        let answer = last.clone().ok_or(TransportError::Broken);
        Box::pin(std::future::ready(answer))
    }
}

/// A JSON answer with headers.
pub(crate) fn response(status: u16, headers: &[(&str, &str)], body: &str) -> Response<Bytes> {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    response
        .body(Bytes::copy_from_slice(body.as_bytes()))
        .unwrap()
}

/// A client of prepared answers.
pub(crate) fn scripted(settings: Settings, transport: Arc<Scripted>) -> (Migo, Arc<MemoryLedger>) {
    let ledger = Arc::new(MemoryLedger::new());
    let migo = Migo::builder(TOKEN)
        .settings(settings)
        .clock(Clock::starting_at(start()))
        .transport(transport)
        .ledger(ledger.clone())
        .build()
        .unwrap();
    (migo, ledger)
}

/// An engine alone, and the line that it sends by.
pub(crate) fn engine(
    settings: Settings,
    transport: Arc<dyn Transport>,
) -> (Engine, Line, Arc<MemoryLedger>) {
    let ledger = Arc::new(MemoryLedger::new());
    let clock = Clock::starting_at(start());
    let line = Line::new("prueba", &settings, clock, transport, ledger.clone());
    (Engine::new(settings, clock, ledger.clone()), line, ledger)
}

/// Short word for an outcome: `ok`, or the error's code.
pub(crate) fn word<A>(outcome: &Result<Found<A>, Error>) -> &'static str {
    outcome.as_ref().map_or_else(Error::code, |_| "ok")
}
