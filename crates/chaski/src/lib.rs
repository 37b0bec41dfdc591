//! The gateway: rooms, doors and cellar of Chaski. The library is what the binary and its tests
//! share; programs embed `chaski-client` instead.
//!
//! In reading order: [`config`], [`app`] (one function per deed), [`cli`], [`http`] and [`jobs`]
//! (doors: what is typed, what other programs ask, what time brings), [`sheets`] (Excel in and
//! out), [`partners`] (what a partner is), [`store`] (the cellar), [`remote`] (a server of ours
//! somewhere else, in place of the cellar).

mod api;
pub mod app;
pub mod cli;
pub mod codes;
pub mod config;
mod counted;
mod draft;
mod hints;
pub mod http;
mod io_words;
pub mod jobs;
pub mod metrics;
pub mod mode;
mod named;
pub mod partners;
mod private;
pub mod remote;
mod sabotage;
mod sandbox_transport;
pub mod scratch;
pub mod sheets;
pub mod store;
mod system;
pub mod telemetry;
