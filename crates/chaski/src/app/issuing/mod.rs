//! Documents that were handed over are issued once, whatever fails between, and are followed until SUNAT
//! has spoken.
//!
//! | file | deed |
//! |---|---|
//! | `accept.rs` | a document is taken on (T1): `accept_invoice` |
//! | `seat.rs` | who issues with a folder: one process at a time |
//! | `desk.rs` | what issuing keeps as long as the process lives: clients, journal, seat |
//! | `work.rs` | one thing that is due about one document (T2, the call, T3): `work_document` |
//! | `walk.rs` | a series walked after a copy was put in place, or for the first time |
//! | `files.rs` | files fetched, kept and handed out |
//! | `queue.rs` | what is due |
//! | `takeover.rs` | the journal's file of before, taken over once |
//!
//! The loop that finds what is due is `jobs/issuing.rs`.

mod accept;
mod desk;
mod files;
mod queue;
mod seat;
mod takeover;
mod walk;
mod work;

pub use accept::{AcceptOptions, HandedOver, VoidOptions};
pub(in crate::app) use desk::IssuingDesk;
pub use files::KeptFile;
pub use seat::IssuerSeat;
pub use walk::WalkedSeries;
