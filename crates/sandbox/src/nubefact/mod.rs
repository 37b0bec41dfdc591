//! Nubefact in a box: a reading of its manual and of what others saw it do, by itself.
//!
//! Who is who:
//!
//! * [`Arrival`] is a request as it came: ruta, token, body. [`form`] reads the body without losing a
//!   digit.
//! * [`engine`] decides: may this account, is it well formed, is it right ([`rules`]), is the
//!   series open, is the number free, is it in time. The answer is written by [`answers`].
//! * [`state`] is what is remembered: documents, voids, the simulated clock. It changes by
//!   [`state::Change`]s only. [`store`] keeps it in memory, or with [`book`] in a folder that several
//!   processes share.
//! * [`sunat`] settles when a document is taken what SUNAT will say of it, and when.
//! * [`links`] serves the [`files`] of what was accepted.
//!
//! A document comes into being in one place, `Store::transact`: the decision is taken over what all
//! processes know, under a lock; entry of the ledger and change are one line of one file, on the disk
//! before anything is answered. What a fault does to the answer comes afterwards, so that a lost
//! answer is the answer to a document that exists. Nothing is renumbered, overwritten or forgotten.

mod answers;
mod arrival;
mod book;
mod config;
mod engine;
mod entry;
mod facts;
mod faults;
mod files;
mod form;
mod kind;
mod links;
mod refusal;
mod rules;
mod seal;
mod state;
mod store;
mod stranger;
mod sunat;
mod zipped;

use std::fmt;
use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

pub(crate) use arrival::{Arrival, names_an_operation};
pub use config::{DEMO_CAP, NubefactAccount, NubefactConfig, OpenFn, SealFn, Standing, StateSeal};
pub(crate) use engine::LARGEST_BODY;
pub use entry::{Decided, NubefactEntry};
pub(crate) use links::LinkPath;

use crate::fault::{Effect, FaultKind};
use crate::reply::Reply;
use answers::Teller;
use book::Page;
use engine::Desk;
use faults::{answered, instead_of_answer};
use refusal::Refusal;
use state::{Change, Remembered};
use store::Store;
use stranger::document_of_stranger;

/// Where the time comes from before it is moved.
pub(crate) type Wall = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// All accounts of one Nubefact.
pub(crate) struct Nubefact {
    config: NubefactConfig,
    rejected_tokens: Vec<String>,
    wall: Wall,
    store: Mutex<Store>,
    /// What the clock was moved by, in seconds, as far as it is known without asking the folder.
    moved: AtomicI64,
}

impl Nubefact {
    pub(crate) fn open(
        config: NubefactConfig,
        rejected_tokens: Vec<String>,
        wall: Wall,
    ) -> io::Result<Nubefact> {
        let store = Store::open(&config)?;
        let nubefact = Nubefact {
            config,
            rejected_tokens,
            wall,
            moved: AtomicI64::new(store.remembered().offset.as_secs()),
            store: Mutex::new(store),
        };
        Ok(nubefact)
    }

    pub(crate) fn is_named(&self, ruta: &str) -> bool {
        self.config.is_named(ruta)
    }

    /// The simulated time, as this process last heard of it.
    pub(crate) fn now(&self) -> Timestamp {
        self.time_moved_by(SignedDuration::from_secs(
            self.moved.load(Ordering::Acquire),
        ))
    }

    fn time_moved_by(&self, offset: SignedDuration) -> Timestamp {
        let wall = (self.wall)();
        wall.checked_add(offset).unwrap_or(wall)
    }

    /// Moves the simulated time by what `target` makes of it, for all who share the folder.
    pub(crate) fn move_clock(
        &self,
        target: impl FnOnce(Timestamp) -> Option<Timestamp>,
    ) -> io::Result<Option<Timestamp>> {
        let moved = self.lock().transact(|remembered| {
            let now = self.time_moved_by(remembered.offset);
            let Some(then) = target(now) else {
                return (None, None);
            };
            // Whole seconds, so that the offset is the same for whoever reads it.
            let offset = SignedDuration::from_secs(then.duration_since((self.wall)()).as_secs());
            let page = Page {
                entry: None,
                changes: vec![Change::Clock(offset)],
            };
            (Some((then, offset)), Some(page))
        })?;
        Ok(moved.map(|(then, offset)| {
            self.moved.store(offset.as_secs(), Ordering::Release);
            then
        }))
    }

    /// What came after that sequence number, from all processes.
    pub(crate) fn entries_since(&self, sequence: u64) -> io::Result<Vec<NubefactEntry>> {
        let mut store = self.lock();
        store.refresh()?;
        let entries = store.entries();
        let start = entries.partition_point(|entry| entry.sequence <= sequence);
        Ok(entries.iter().skip(start).cloned().collect())
    }

    /// The file of a link.
    pub(crate) fn serve(&self, path: &LinkPath<'_>) -> Reply {
        let mut store = self.lock();
        if let Err(error) = store.refresh() {
            return unusable(&error);
        }
        let remembered = store.remembered();
        let teller = Teller {
            config: &self.config,
            links: "",
            now: self.time_moved_by(remembered.offset),
        };
        path.serve(remembered, &teller)
    }

    /// One request from its arrival to what leaves, with the fault that it meets.
    pub(crate) fn answer(&self, arrival: &Arrival, struck: Option<FaultKind>) -> Effect {
        if struck == Some(FaultKind::StrangerFirst)
            && let Err(error) = self.let_stranger_first(arrival)
        {
            return Ok((unusable(&error), None));
        }
        let mark = mark(&arrival.ruta, self.is_named(&arrival.ruta));
        let told = self.lock().transact(|remembered| {
            let desk = self.desk(remembered, arrival, struck, &mark);
            let (effect, page) = decide(&desk);
            (effect, Some(page))
        });
        told.unwrap_or_else(|error| Ok((unusable(&error), None)))
    }

    /// Somebody else's document takes the number that is asked for, if nobody's has it.
    fn let_stranger_first(&self, arrival: &Arrival) -> io::Result<()> {
        let mark = mark(&arrival.ruta, self.is_named(&arrival.ruta));
        let account = self.config.account(&arrival.ruta);
        let (Some(identity), Some(account)) = (arrival.identity(), account) else {
            return Ok(());
        };
        self.lock().transact(|remembered| {
            if remembered.document(&mark, &identity).is_some() {
                return ((), None);
            }
            let desk = self.desk(remembered, arrival, None, &mark);
            let today = chaski_core::lima_date(desk.now);
            let (body, facts) = document_of_stranger(&identity, today, arrival.total());
            let entry = NubefactEntry {
                bytes_hash: blake3::hash(body.as_bytes()).to_hex().to_string(),
                bytes: body.len(),
                decision: Decided::Ajeno,
                status: Some(200),
                fault: Some(FaultKind::StrangerFirst.to_string()),
                ..entry_of(&desk)
            };
            let document = desk.document(account, identity, facts, body.as_bytes());
            let page = Page {
                entry: Some(entry),
                changes: vec![Change::Issued(Box::new(document))],
            };
            ((), Some(page))
        })
    }

    /// The place of one decision, at the simulated time of now.
    fn desk<'a>(
        &'a self,
        remembered: &'a Remembered,
        arrival: &'a Arrival,
        struck: Option<FaultKind>,
        mark: &'a str,
    ) -> Desk<'a> {
        self.moved
            .store(remembered.offset.as_secs(), Ordering::Release);
        Desk {
            config: &self.config,
            rejected_tokens: &self.rejected_tokens,
            remembered,
            arrival,
            struck,
            now: self.time_moved_by(remembered.offset),
            mark,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Store> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Nubefact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Nubefact({:?})", self.config)
    }
}

/// What leaves, and what is written down of it.
fn decide(desk: &Desk<'_>) -> (Effect, Page) {
    let instead = desk
        .struck
        .and_then(|kind| instead_of_answer(kind, desk.now));
    let (effect, codigo, decision, changes) = match instead {
        Some((effect, codigo)) => (effect, codigo, Decided::NoProcesado, Vec::new()),
        None => match desk.decide() {
            Ok(done) => {
                let (effect, codigo) = answered(desk.struck, Ok(done.body));
                (effect, codigo, done.decided, done.changes)
            }
            Err(refusal) => {
                let (effect, codigo) = answered(desk.struck, Err(refusal));
                (effect, codigo, Decided::Rechazado, Vec::new())
            }
        },
    };
    let entry = NubefactEntry {
        decision,
        status: match &effect {
            Ok((reply, _)) => Some(reply.status.as_u16()),
            Err(_) => None,
        },
        codigo,
        ..entry_of(desk)
    };
    let page = Page {
        entry: Some(entry),
        changes,
    };
    (effect, page)
}

/// What an entry says of the request itself.
fn entry_of(desk: &Desk<'_>) -> NubefactEntry {
    let arrival = desk.arrival;
    NubefactEntry {
        sequence: 0,
        time: desk.now,
        ruta: desk.mark.to_owned(),
        operation: arrival.operation.name().to_owned(),
        tipo: arrival.identity().map(|identity| identity.kind.mark()),
        comprobante: arrival.name(),
        bytes_hash: arrival.bytes_hash(),
        bytes: arrival.bytes(),
        decision: Decided::NoProcesado,
        status: None,
        codigo: None,
        fault: desk.struck.map(|kind| kind.to_string()),
    }
}

/// How an account is named where its ruta, which is half of its password, must not stand.
fn mark(ruta: &str, is_named: bool) -> String {
    let is_secret = ruta.len() >= 32;
    if is_named && !is_secret {
        return ruta.to_owned();
    }
    let mut digits = blake3::hash(ruta.as_bytes()).to_hex().to_string();
    digits.truncate(16);
    digits
}

/// The folder cannot be read or written: nothing was decided, and nothing is known to the client.
fn unusable(error: &io::Error) -> Reply {
    tracing::error!(%error, "the sandbox cannot use what it remembers of Nubefact");
    let refusal = Refusal::of(40);
    faults::refused(&refusal)
}
