//! The gateway: rooms, doors and cellar of Chaski. The library is what the binary and its tests
//! share; programs embed `chaski-client` instead.
//!
//! In reading order: [`config`], [`app`] (one function per deed), [`cli`] (the door of today),
//! [`sheets`] (Excel in and out), [`partners`] (what a partner is), [`store`] (the cellar).

pub mod app;
pub mod cli;
pub mod config;
mod io_words;
pub mod partners;
mod sandbox_transport;
pub mod sheets;
pub mod store;
mod telemetry;
