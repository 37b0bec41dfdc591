//! `SQLite`, one file in the data folder: opening it, reading from it, copying it, and what it
//! needs now and then.

pub(super) mod absorb;
pub(super) mod backup;
pub(super) mod housekeeping;
pub(super) mod open;
pub(super) mod recalls;
mod rekey;
