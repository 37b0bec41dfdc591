//! Fast, careful client for Peru's tax look-up services.
//!
//! A question ([`Lookup`]) goes through the [`Engine`]: memory, one call for equal questions, retries
//! within a budget, the next upstream where one fails ([`Routes`]). A [`Line`] sends: pace, quota,
//! breaker, an audit row beside every call. An upstream's dialect only translates. [`Migo`] puts it together for APIMIGO; [`blocking::Migo`]
//! is the same for programs without a runtime.
//!
//! [`Nubefact`] issues documents, each exactly once: [`issue::settle`] sends by a [`Line`] what a [`Journal`]
//! has made durable, and asks before it sends again. It knows no engine and no retry.
//!
//! In reading order: [`Migo`], [`Ask`], [`Found`], [`Error`]; then [`Engine`] and what it stands
//! on ([`Lookup`], [`Upstream`], [`Transport`], [`Ledger`], [`Failure`]).
//!
//! ```
//! use chaski_client::{Ask, Migo};
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let migo = Migo::builder("SU_TOKEN").build()?;
//! let ruc = "20131312955".parse()?;
//! match migo.ruc(&ruc, &Ask::by("mi-programa")).await {
//!     Ok(found) => println!("{}", found.value.nombre_o_razon_social),
//!     Err(error) if error.is_not_found() => println!("no existe"),
//!     Err(error) => println!("sin respuesta: {error}"),
//! }
//! # Ok(())
//! # }
//! ```
#![warn(missing_docs)]

mod allowance;
pub mod blocking;
mod calendar;
mod clock;
pub mod dialects;
mod each;
mod engine;
mod error;
mod exit;
mod failure;
mod flight;
mod gate;
mod handful;
pub mod issue;
pub mod journal;
mod json;
mod ledger;
mod line;
mod lookup;
mod many;
mod migo;
mod nubefact;
mod patience;
mod questions;
mod queue;
mod rates;
mod reason;
mod retry;
mod route;
mod settings;
mod times;
mod transport;
mod window;
mod words;

pub use allowance::{Allowance, Budget, Counter, Taken};
pub use clock::{Clock, is_of_the_future, latest_true};
pub use dialects::migo::Version;
pub use dialects::nubefact::{
    AuthForm, Likeness, NUBEFACT_HOST, NubefactDocument, NubefactId, NubefactKind,
    NubefactOperation, NubefactRefusal, NubefactReply, NubefactState, NubefactToken, Ruta,
};
pub use engine::{Engine, Stats};
pub use error::Error;
pub use exit::{Exit, NoExit};
pub use failure::{Failure, Treatment};
pub use gate::BreakerState;
pub use issue::{
    AfterTurn, Blocked, DocumentState, IssueSettled, IssueTurn, Issued, IssuingWay, NextDeed,
    Standing, VoidSettled, VoidWish, standing,
};
pub use journal::{
    AttemptOutcome, AttemptRecord, FileJournal, FileJournalOptions, InClear, Intended, Intent,
    Journal, JournalAttempt, JournalDeed, JournalEntry, JournalError, JournalFault, JournalPart,
    MemoryJournal, Noted, PartCount, PartIntended, PartNumber, Sealer, SeriesCount, SeriesName,
    StoredReply, T_QUIET,
};
pub use ledger::{
    Bodies, CacheDecision, Call, Key, Ledger, LedgerError, LedgerFuture, Memory, MemoryLedger,
    Owner, Remembered,
};
pub use line::{Line, LineStats};
pub use lookup::{Ask, Decoded, Found, Lookup, Source, TimesToLive, Upstream, UpstreamMany};
pub use many::Outcomes;
pub use migo::{Migo, MigoBuilder};
pub use nubefact::{
    FetchedFile, FileKind, JsonSent, Nubefact, NubefactBuilder, NubefactError, NubefactSettings,
};
pub use questions::*;
pub use reason::Reason;
pub use route::{Only, Route, Routes};
pub use settings::Settings;
pub use transport::{Http, RawAnswer, Transport, TransportError};
