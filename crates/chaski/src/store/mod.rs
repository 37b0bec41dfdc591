//! The cellar: what the gateway remembers, records and resumes.
//!
//! [`Store`] is what the rest of the program sees, and all that it does is done through `db.rs`, the
//! one place that asks which database there is. `tables/` holds the SQL, a file per table, as
//! functions that are handed a connection (`sql.rs`); `sqlite/` and `postgres/` what is only theirs.
//! No module knows one of a later step: tools, connection and statements; the tables that the writer
//! writes; the writer, the readers, the two databases; `db.rs`; the store; all other tables. The store
//! has no clock: whoever calls says what time it is.

mod asker;
mod asking;
mod beside;
mod db;
mod documents;
mod error;
mod fault;
mod figures;
mod folder;
mod handle;
mod ledger;
mod mark;
mod moving;
mod names;
mod opening;
mod page;
mod postgres;
mod presence;
mod readers;
mod seal;
mod shapes;
mod spelling;
mod sql;
mod sqlite;
mod tables;
mod time;
mod transfer;
mod values;
mod writer;

pub use asker::{Asker, Channel};
pub use beside::{FolderSeal, sealed_again, sealed_beside};
pub use documents::{
    AcceptedDocument, DocumentBuyer, DocumentEvent, DocumentFilter, DocumentRow, DocumentSheet,
    DueDocument, EditedDocument, EventsBroken, IssuerHold, NewDocument, PastDocument, QueuedSeries,
    SeriesRow, StoreJournal, StoredFile, UnfinishedDocuments, VoidRecord,
};
pub use error::StoreError;
pub use fault::PostgresFault;
pub use figures::Figures;
pub use folder::DATABASE_FILE;
pub use handle::Store;
pub use mark::elsewhere;
pub use moving::RemoteSide;
pub use page::{Cursor, Listed, Page};
pub use postgres::ServerFacts;
pub(crate) use seal::random;
pub use seal::{KEY_FILE, MasterKey};
pub use sqlite::absorb::{Absorbed, OtherSide, absorb, prepare};
pub use sqlite::backup::{
    Held, LastBackup, Snapshot, UNSEALED_SCHEMA, hold, inspect, is_in_use, note_backup, snapshot,
};
pub use tables::api_keys::{ApiKeyRow, folder_had_keys};
pub use tables::audit::{CallFilter, CallRow};
pub use tables::batch_rows::{Batch, BatchState, Priority};
pub use tables::batches::{BatchChange, NewBatch, SameList};
pub use tables::claims::{Claim, LEASE};
pub use tables::companies::Company;
pub use tables::consumption::UsedRow;
pub use tables::items::{Item, ItemState, NewItems};
pub use tables::jobs::{Job, JobCount, JobEnd, JobFilter, JobState};
pub use tables::once::{DoneBefore, Once};
pub use tables::partner_changes::{ChangeFilter, ChangeRow};
pub use tables::partner_checks::{ChecksNoted, Due};
pub use tables::partners::{NewPartner, PartnerFilter, PartnerFitness, Saved};
pub use tables::refusals::{RefusalFilter, RefusalRow};
pub use tables::retention::{Pruned, Retention};
pub use tables::subjects::{Erased, Mention, SubjectItem, SubjectRecord};
pub(crate) use time::new_id;
pub use transfer::Moved;
