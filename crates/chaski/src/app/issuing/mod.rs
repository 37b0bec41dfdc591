//! Documents that were handed over are issued once, whatever fails between, and are followed until SUNAT
//! has spoken.
//!
//! | file | deed |
//! |---|---|
//! | `accept.rs` | a document is taken on (T1): `accept_invoice` |
//! | `rights.rs` | for which companies and series somebody issues, and whose documents they see |
//! | `outcome.rs` | what comes of a document, for whoever waits for it or watches it |
//! | `again.rs` | sent again, given up, asked about now |
//! | `edit.rs` | another version of what came to nothing, its owner's or one with the day of today |
//! | `seat.rs` | who issues with a folder: one process at a time |
//! | `desk.rs` | what issuing keeps as long as the process lives: clients, journal, seat |
//! | `work.rs` | one thing that is due about one document (T2, the call, T3): `work_document` |
//! | `bulk.rs` | many documents at once: which customers cannot be invoiced; what a result says of one |
//! | `walk.rs` | a series walked after a copy was put in place, or for the first time |
//! | `files.rs`, `shelf.rs` | files fetched, kept and handed out; where they lie in the folder |
//! | `past.rs` | documents that need not be kept any longer leave |
//! | `standing.rs` | how issuing stands, for whoever watches |
//! | `queue.rs` | what is due |
//! | `takeover.rs` | the journal's file of before, taken over once |
//!
//! The loop that finds what is due is `jobs/issuing.rs`.

mod accept;
mod again;
mod bulk;
mod desk;
mod edit;
mod files;
mod outcome;
mod past;
mod queue;
mod rights;
mod seat;
mod shelf;
mod standing;
mod takeover;
mod walk;
mod work;

pub use accept::{AcceptOptions, HandedOver, VoidOptions};
pub(in crate::app) use bulk::{NOT_ASKED, UNFIT, unfit_words};
pub(in crate::app) use desk::IssuingDesk;
pub use files::KeptFile;
pub use outcome::{DocumentStory, WatchedDocument, has_ended, is_known};
pub use rights::IssuingRights;
pub use seat::{IssuerSeat, SeatHolder};
pub(in crate::app) use shelf::{PACKED, SHELF, pack, take_files_along, unpack};
pub use standing::{HeldIssuer, IssuingStanding};
pub use walk::WalkedSeries;
pub(in crate::app) use work::TRY_SEAT;
