//! The cellar: what the gateway remembers, records and resumes, in one `SQLite` file.
//!
//! [`Store`] is what the rest of the program sees. It is a closed set of databases: another one
//! joins as a second arm of the enum inside and has to pass the same conformance story. Each table
//! has one file that holds all of its SQL. The store has no clock: whoever calls says what time
//! it is.

mod absorb;
mod answers;
mod api_keys;
mod asking;
mod background;
mod backup;
mod batches;
mod calls;
mod claims;
mod companies;
mod error;
mod figures;
mod items;
mod jobs;
mod ledger;
mod meta;
mod names;
mod once;
mod open;
mod page;
mod partner_changes;
mod partner_checks;
mod partner_rows;
mod partners;
mod presence;
mod quota;
mod readers;
mod recalls;
mod refusals;
mod rekey;
mod retention;
mod schedule;
mod seal;
mod shapes;
mod subjects;
mod time;
mod writer;

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

pub use absorb::{Absorbed, OtherSide, absorb, prepare};
pub use api_keys::{ApiKeyRow, folder_had_keys};
pub use background::{Background, BatchChange};
pub use backup::{
    Held, LastBackup, Snapshot, UNSEALED_SCHEMA, hold, inspect, is_in_use, note_backup, snapshot,
};
pub use batches::{Batch, BatchCounters, BatchState, NewBatch, Priority};
pub use calls::{CallFilter, CallRow, CallSummary};
pub use claims::Claim;
pub use companies::Company;
pub use error::StoreError;
pub use figures::Figures;
pub use items::{Item, ItemState};
pub use jobs::{Job, JobCount, JobEnd, JobFilter, JobState, NewJob};
pub use once::{DoneBefore, Once};
pub use open::DATABASE_FILE;
pub use page::{Cursor, Listed, Page};
pub use partner_changes::{ChangeFilter, ChangeRow};
pub use partner_checks::{ChecksNoted, Due};
pub use partners::{NewPartner, PartnerFilter, PartnerFitness, Saved};
pub use quota::QuotaSnapshot;
pub use refusals::{RefusalFilter, RefusalRow};
pub use retention::{Pruned, Retention};
pub use seal::{KEY_FILE, MasterKey};
pub(crate) use seal::{fill_randomly, from_hex, hex};
pub use subjects::{Erased, Mention, SubjectItem, SubjectRecord};

use asking::Asking;
use presence::Presence;
use readers::Readers;
use recalls::Recalls;
use seal::Keys;
use writer::Writer;

/// Everything the gateway keeps.
pub struct Store {
    backend: Backend,
}

enum Backend {
    Sqlite(Sqlite),
}

struct Sqlite {
    dir: PathBuf,
    keys: Arc<Keys>,
    writer: Arc<Writer>,
    readers: Arc<Readers>,
    recalls: Recalls,
    presence: Arc<Presence>,
    asking: Arc<Asking>,
    /// Tells others that the folder is in use, until the store is closed.
    in_use: Mutex<Option<File>>,
}

impl Store {
    /// Opens the data folder, creating what is missing. Must be called inside a Tokio runtime,
    /// on which the writer then runs.
    pub async fn open(dir: &Path, key: MasterKey) -> Result<Store, StoreError> {
        let opened = open::open(dir, key).await?;
        Ok(Store::start(dir, opened))
    }

    /// The same for one side of a folder that may have two: what persons entered on the other one
    /// is brought over first. With `on_trial`, what is entered here stays here.
    pub async fn open_beside(
        dir: &Path,
        key: MasterKey,
        other: Option<OtherSide>,
        on_trial: bool,
    ) -> Result<(Store, Absorbed), StoreError> {
        let mut opened = open::open(dir, key).await?;
        let brought = match other {
            Some(other) => {
                let brought = absorb::bring_own(&mut opened.writer, &opened.keys, dir, other).await;
                // The other side may be damaged; this one is not.
                brought.unwrap_or_else(|error| {
                    tracing::warn!(%error, "what was entered on the other side could not be read");
                    Absorbed::default()
                })
            }
            None => Absorbed::default(),
        };
        if on_trial {
            absorb::keep_here(&mut opened.writer).await?;
        }
        Ok((Store::start(dir, opened), brought))
    }

    fn start(dir: &Path, opened: open::Opened) -> Store {
        let keys = Arc::new(opened.keys);
        let readers = Arc::new(Readers::new(opened.reader_options));
        let writer = Arc::new(Writer::start(opened.writer));
        let presence = Arc::new(opened.presence);
        Store {
            backend: Backend::Sqlite(Sqlite {
                dir: dir.to_owned(),
                recalls: Recalls::start(Arc::clone(&keys), Arc::clone(&readers)),
                asking: Asking::start(
                    Arc::clone(&presence),
                    Arc::clone(&keys),
                    Arc::clone(&readers),
                    Arc::clone(&writer),
                ),
                presence,
                writer,
                keys,
                readers,
                in_use: Mutex::new(Some(opened.in_use)),
            }),
        }
    }

    /// Makes durable what is queued and closes the database. An error means that something is
    /// not stored yet: the store stays open and goes on trying.
    pub async fn close(&self) -> Result<(), StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        sqlite.writer.flush().await?;
        sqlite.readers.close().await;
        sqlite.writer.close().await?;
        sqlite.presence.leave();
        let mut in_use = sqlite.in_use.lock().unwrap_or_else(PoisonError::into_inner);
        drop(in_use.take());
        Ok(())
    }

    /// What changes whenever anything is forgotten, by whatever process.
    pub async fn forgotten(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut reader = sqlite.readers.reader().await?;
        meta::forgotten(&mut reader).await
    }

    /// Why writing does not work at the moment.
    pub fn failure(&self) -> Option<StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        sqlite.writer.shared().failure()
    }

    /// Rows accepted and not yet durable.
    pub fn queued_rows(&self) -> usize {
        let Backend::Sqlite(sqlite) = &self.backend;
        sqlite.writer.shared().queued()
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Backend::Sqlite(sqlite) = &self.backend;
        write!(f, "Store({})", sqlite.dir.display())
    }
}
