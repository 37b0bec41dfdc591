//! The sandbox itself: one request from its arrival to its answer. What is Nubefact's goes on in
//! `delivery.rs`.

use std::sync::Arc;
use std::{fmt, io};

use bytes::Bytes;
use http::{Request, Response};
use jiff::Timestamp;
use tokio::time::Instant;

use crate::config::SandboxConfig;
use crate::cut::Cut;
use crate::fault::{Effect, Fault, FaultKind, Faults, instead, spoil};
use crate::ledger::{Entry, Ledger, Totals};
use crate::migo::{Question, Quota, Rates, subjects};
use crate::nubefact::{Nubefact, NubefactEntry};
use crate::operation::{Operation, recognise};
use crate::request::Asked;

/// APIMIGO and Nubefact in a box. Clones share everything.
#[derive(Clone)]
pub struct Sandbox(Arc<State>);

struct State {
    config: SandboxConfig,
    rates: Rates,
    quota: Quota,
    nubefact: Nubefact,
    faults: Faults,
    ledger: Ledger,
    started: Instant,
}

/// Pieces in which a dripping body comes.
pub(crate) const DRIP_PIECES: u32 = 10;

impl Sandbox {
    /// Opens the ledger's file, and the folder in which Nubefact remembers: nothing else can fail.
    pub fn new(config: SandboxConfig) -> io::Result<Sandbox> {
        let started = Instant::now();
        let faults = Faults::new(config.seed, started);
        for fault in &config.faults {
            faults.arm(*fault);
        }
        Ok(Sandbox(Arc::new(State {
            rates: Rates::new(config.seed),
            quota: Quota::new(config.quota),
            nubefact: Nubefact::open(
                config.nubefact.clone(),
                config.rejected_tokens.clone(),
                Arc::clone(&config.now),
            )?,
            faults,
            ledger: Ledger::new(config.ledger_capacity, config.ledger_file.as_deref())?,
            started,
            config,
        })))
    }

    /// Answers one request in process, waiting as long as a caller over a network would.
    pub async fn call(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Cut> {
        let (reply, drip) = self.reply(request).await?;
        if let Some(interval) = drip {
            tokio::time::sleep(interval * DRIP_PIECES).await;
        }
        Ok(reply.into_response())
    }

    /// Commands a fault. Several may be in force; the first that fires wins.
    pub fn fail(&self, fault: Fault) {
        self.0.faults.arm(fault);
    }

    /// Ends all faults.
    pub fn heal(&self) {
        self.0.faults.disarm_all();
    }

    /// The faults in force, with what is left of those that are counted.
    pub fn faults(&self) -> Vec<Fault> {
        self.0.faults.list()
    }

    /// Everything received and still kept, oldest first.
    pub fn ledger(&self) -> Vec<Entry> {
        self.0.ledger.since(0)
    }

    /// What came after that sequence number.
    pub fn ledger_since(&self, sequence: u64) -> Vec<Entry> {
        self.0.ledger.since(sequence)
    }

    /// The sequence number of the last request received; 0 before the first.
    pub fn last_sequence(&self) -> u64 {
        self.0.ledger.last_sequence()
    }

    /// Calls charged since the start or the last [`Sandbox::clear`].
    pub fn charged(&self) -> u64 {
        self.totals().charged
    }

    /// Requests received for that operation, whatever became of them.
    pub fn count(&self, operation: Operation) -> u64 {
        self.totals().by_operation[operation as usize]
    }

    /// Calls left in the plan.
    pub fn quota_left(&self) -> Option<u64> {
        self.0.config.quota.map(|_| self.0.quota.left())
    }

    /// Forgets the ledger and its counters. What was spent of the plan stays spent.
    pub fn clear(&self) {
        self.0.ledger.clear();
    }

    /// The moment that windows of faults are counted from.
    pub fn started(&self) -> Instant {
        self.0.started
    }

    /// The simulated time: that of the configured clock, and what it was moved by.
    pub fn now(&self) -> Timestamp {
        self.0.nubefact.now()
    }

    /// Moves the simulated time, for all processes that share Nubefact's folder: `target` makes the
    /// new time out of the present one. Gives the new time; `None` if `target` does.
    ///
    /// ```
    /// # use chaski_sandbox::{Sandbox, SandboxConfig};
    /// # use jiff::ToSpan;
    /// let start: jiff::Timestamp = "2026-11-27T17:00:00Z".parse()?;
    /// let sandbox = Sandbox::new(SandboxConfig::new(move || start))?;
    /// sandbox.move_clock(|now| now.checked_add(24.hours()).ok())?;
    /// assert_eq!(sandbox.now().to_string(), "2026-11-28T17:00:00Z");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn move_clock(
        &self,
        target: impl FnOnce(Timestamp) -> Option<Timestamp>,
    ) -> io::Result<Option<Timestamp>> {
        self.0.nubefact.move_clock(target)
    }

    /// Nubefact's ledger after that sequence number, from all processes that share its folder.
    pub fn nubefact_ledger(&self, since: u64) -> io::Result<Vec<NubefactEntry>> {
        self.0.nubefact.entries_since(since)
    }

    pub(crate) fn nubefact(&self) -> &Nubefact {
        &self.0.nubefact
    }

    pub(crate) fn config(&self) -> &SandboxConfig {
        &self.0.config
    }

    pub(crate) fn totals(&self) -> Totals {
        self.0.ledger.totals()
    }

    pub(crate) fn is_down(&self) -> bool {
        self.0.faults.is_down()
    }

    /// One request; the second value is the interval at which its body drips.
    pub(crate) async fn reply(&self, request: Request<Bytes>) -> Effect {
        let state = &*self.0;
        let arrived = Instant::now();
        let (parts, body) = request.into_parts();

        // 1. What is asked, and whom.
        let route = recognise(&parts.method, parts.uri.path());
        if route.operation == Operation::Unknown {
            if let Some(file) = self.linked_file(&parts) {
                return Ok((file, None));
            }
            if let Some(arrival) = self.for_nubefact(&parts, &body) {
                return self.reply_of_nubefact(arrival, arrived).await;
            }
        }
        let now = self.now();
        let asked = Asked::read(route.version, &parts, body).await;

        // 2. The answer, or the fault instead of it.
        let struck = state.faults.strike(route.operation);
        let question = Question {
            config: &state.config,
            rates: &state.rates,
            quota: &state.quota,
            route,
            asked: &asked,
            struck,
            now,
        };
        let (effect, cost) = decide(&question);

        // 3. Written down before anybody waits: a caller that leaves was received all the same.
        let subjects = subjects(&route, &asked);
        let entry = Entry {
            sequence: 0,
            time: now,
            version: route.version,
            operation: route.operation,
            count: subjects.len(),
            subjects,
            status: effect.as_ref().ok().map(|(reply, _)| reply.status.as_u16()),
            fault: struck,
            charged: cost > 0,
            encoding: asked.encoding,
            auth: asked.auth,
            accept: asked.accept,
        };
        let sequence = state.ledger.record(entry, cost);
        self.leave(effect, sequence, arrived).await
    }

    /// 4. The wait. Who is refused is refused at once.
    pub(crate) async fn leave(&self, effect: Effect, sequence: u64, arrived: Instant) -> Effect {
        let config = &self.0.config;
        let wait = config.latency.of_request(config.seed, sequence);
        if !wait.is_zero() && !matches!(effect, Err(Cut::Refused)) {
            // What an upstream takes, it takes from the request on: the work is part of it.
            tokio::time::sleep_until(arrived + wait).await;
        }
        effect
    }

    /// The fault that such a request meets now.
    pub(crate) fn strike(&self, operation: Operation) -> Option<FaultKind> {
        self.0.faults.strike(operation)
    }

    /// Gives the entry's number.
    pub(crate) fn record(&self, entry: Entry) -> u64 {
        self.0.ledger.record(entry, 0)
    }
}

/// What leaves and what it costs. A fault that spoils an answer lets it be worked out and charged
/// first: that is what makes a lost answer expensive.
fn decide(question: &Question<'_>) -> (Effect, u64) {
    let instead = question.struck.and_then(|kind| instead(kind, question.now));
    if let Some(effect) = instead {
        return (effect, 0);
    }
    let (reply, cost) = question.answer();
    match question.struck {
        Some(kind) => (spoil(kind, reply), cost),
        None => (Ok((reply, None)), cost),
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sandbox(seed {})", self.0.config.seed)
    }
}
