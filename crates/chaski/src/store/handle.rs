//! The store as a whole: opening and closing it, and what is true of all of it.

use std::fmt;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use super::asking::Asking;
use super::db::Db;
use super::error::StoreError;
use super::page::{Cursor, Listed};
use super::postgres;
use super::seal::{MasterKey, SealedPlace};
use super::sqlite::absorb::{self, Absorbed, OtherSide};
use super::sqlite::backup::LastBackup;
use super::sqlite::open;
use super::tables::meta;

/// Everything the gateway keeps.
pub struct Store {
    pub(super) db: Arc<Db>,
    pub(super) asking: Arc<Asking>,
}

impl Store {
    /// Opens the data folder, creating what is missing. Must be called inside a Tokio runtime,
    /// on which the writer then runs.
    pub async fn open(dir: &Path, key: MasterKey) -> Result<Store, StoreError> {
        let opened = open::open(dir, key).await?;
        Ok(Store::start(Db::start(dir, opened, None)))
    }

    /// The same with a schema in a database of a `PostgreSQL` server, `postgres://user@host/name`; the
    /// folder still holds the key, and tells processes of each other.
    pub async fn open_remote(
        url: &str,
        schema: &'static str,
        dir: &Path,
        key: MasterKey,
    ) -> Result<Store, StoreError> {
        let (opened, seat) = postgres::open(url, schema, dir, key).await?;
        Ok(Store::start(Db::start(dir, opened, Some(seat))))
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
        Ok((Store::start(Db::start(dir, opened, None)), brought))
    }

    fn start(db: Db) -> Store {
        let db = Arc::new(db);
        let asking = Asking::start(Arc::clone(&db));
        Store { db, asking }
    }

    /// What changes whenever anything is forgotten, by whatever process.
    pub async fn forgotten(&self) -> Result<Option<Vec<u8>>, StoreError> {
        let mut reader = self.read().await?;
        meta::forgotten(&mut reader).await
    }

    /// Why writing does not work at the moment.
    pub fn failure(&self) -> Option<StoreError> {
        self.writer.shared().failure()
    }

    /// Rows accepted and not yet durable.
    pub fn queued_rows(&self) -> usize {
        self.writer.shared().queued()
    }

    /// Whether another process has the folder open.
    pub fn has_company(&self) -> bool {
        self.presence.has_company()
    }

    /// The last copy that was taken of this folder; none when none was, or the note is unreadable.
    pub async fn last_backup(&self) -> Result<Option<LastBackup>, StoreError> {
        let mut reader = self.read().await?;
        let note = meta::get(&mut reader, meta::LAST_BACKUP).await?;
        Ok(note.and_then(|note| serde_json::from_slice(&note).ok()))
    }

    /// A place in a list as it is given to a caller.
    pub fn sealed_cursor(&self, list: Listed, cursor: Cursor) -> Result<String, StoreError> {
        let text = cursor.to_string();
        let place = SealedPlace::Cursor(list.as_str());
        Ok(hex::encode(&self.keys.seal(&place, text.as_bytes())?))
    }

    /// A place in a list as a caller gives it back; an error when it is one in another list.
    pub fn opened_cursor(&self, list: Listed, text: &str) -> Result<Cursor, StoreError> {
        let place = SealedPlace::Cursor(list.as_str());
        let open = |sealed: Vec<u8>| self.keys.open(&place, &sealed);
        let plain = hex::decode(text).ok().and_then(open);
        let plain = plain.and_then(|plain| String::from_utf8(plain).ok());
        plain.ok_or(StoreError::BadCursor)?.parse()
    }
}

/// What the database alone can tell or do.
impl Deref for Store {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Store({})", self.dir.display())
    }
}
