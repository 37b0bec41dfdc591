//! Documents that are issued, in the database: what must never be lost, forgotten or done twice.
//!
//! `accept.rs` is the transaction T1 of the protocol (the document is ours and will be seen to), and
//! `journal.rs` the trait of the client with T2 (a number is bound to bytes, before the first of them leaves)
//! and T3 (what came of it). They decide nothing themselves: the part of the journal that a deed concerns
//! is loaded (`load.rs`), the client's rules are applied to it, and what changed is written back with an
//! event for each change (`save.rs`), all in one transaction. `page.rs` finds documents, `edit.rs` and `again.rs` send one again, `due.rs` what is to
//! be done, `record.rs` (with `of_before.rs`) what came of them otherwise, `series.rs` counts, `holds.rs` issuers that wait, `files.rs` what was
//! fetched, `known.rs` (with `earlier.rs`) what others name, `buyers.rs` a person's, `watch.rs` what waits, `past.rs` what need not be kept any longer. `marks.rs`
//! says by what they are found, `sheet.rs` what is shown of them, `chain.rs` and `events.rs` what happened.

mod accept;
mod again;
mod buyers;
pub(in crate::store) mod chain;
mod due;
pub(in crate::store) mod earlier;
mod edit;
mod events;
mod files;
mod holds;
mod journal;
mod known;
mod load;
pub(in crate::store) mod marks;
mod of_before;
mod page;
mod past;
mod record;
mod save;
mod series;
pub(in crate::store) mod sheet;
mod watch;

pub use accept::{AcceptedDocument, NewDocument};
pub use chain::DocumentEvent;
pub use due::{DueDocument, QueuedSeries};
pub use edit::EditedDocument;
pub use events::EventsBroken;
pub use files::StoredFile;
pub use holds::IssuerHold;
pub use journal::StoreJournal;
pub use page::{DocumentFilter, DocumentRow};
pub use past::PastDocument;
pub use record::VoidRecord;
pub use series::SeriesRow;
pub use sheet::{DocumentBuyer, DocumentSheet};
pub use watch::UnfinishedDocuments;
