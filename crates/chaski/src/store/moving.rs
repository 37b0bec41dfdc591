//! One side of a database on a server, copied to a file, filled from one, or emptied into a folder.

use std::path::Path;
use std::time::Duration;

use crate::store::error::StoreError;
use crate::store::fault::PostgresFault;
use crate::store::folder::DATABASE_FILE;
use crate::store::mark::Mark;
use crate::store::postgres::address;
use crate::store::postgres::seat::Seat;
use crate::store::postgres::{self, begun, bring_up_to_date};
use crate::store::sql::Conn;
use crate::store::sqlite::backup::LastBackup;
use crate::store::sqlite::open::{self, DRAFT_FILE, begin_draft, end_draft};
use crate::store::tables::meta;
use crate::store::transfer::{Moved, transfer};

/// A side of a database on a server.
#[derive(Clone, Copy)]
pub struct RemoteSide<'a> {
    /// Its address.
    pub url: &'a str,
    /// Its schema.
    pub schema: &'static str,
}

impl RemoteSide<'_> {
    /// Machine and database, as they may be shown.
    pub fn place(&self) -> Result<String, StoreError> {
        Ok(address::place_of(&address::options(self.url, self.schema)?))
    }

    /// Whether there was ever anything in it.
    pub async fn has_data(&self) -> Result<bool, StoreError> {
        begun(&mut self.connect().await?).await
    }

    /// Copies it to a new file: what was committed when it began, however much others write meanwhile.
    pub async fn copy_to(&self, file: &Path) -> Result<Vec<Moved>, StoreError> {
        let mut there = self.connect().await?;
        self.bring_up_to_date(&mut there).await?;
        drain(&mut there, file).await
    }

    /// Fills it, which nobody else works with and which must be empty, from a private copy of a
    /// database that is up to date.
    pub async fn fill_from(&self, file: &Path) -> Result<Vec<Moved>, StoreError> {
        let mut there = self.connect_alone().await?;
        begun(&mut there).await?;
        self.bring_up_to_date(&mut there).await?;
        let mut here = open::connect(&open::options(file).read_only(true)).await?;
        let moved = transfer(&mut here, &mut there).await;
        drop(here.close().await);
        drop(there.close().await);
        moved
    }

    /// Copies it, which nobody else works with, into a folder that has no database, and leaves it as
    /// it is.
    pub async fn take_into(&self, dir: &Path) -> Result<Vec<Moved>, StoreError> {
        let (draft, file) = (dir.join(DRAFT_FILE), dir.join(DATABASE_FILE));
        let mut there = self.connect_alone().await?;
        self.bring_up_to_date(&mut there).await?;
        let moved = drain(&mut there, &draft).await;
        drop(there.close().await);
        let moved = moved?;
        end_draft(dir, &draft, &file)?;
        Ok(moved)
    }

    /// Notes in a folder that its data are here now.
    pub fn mark(&self, dir: &Path) -> Result<(), StoreError> {
        Mark::new(self.place()?)?.write(dir)
    }

    /// Takes that note away: they are in the folder again.
    pub fn unmark(&self, dir: &Path) -> Result<(), StoreError> {
        Mark::remove(dir)
    }

    /// Gives it another name, under which nobody looks for it; says which. None when it is not there.
    pub async fn set_aside(&self, stamp: &str) -> Result<Option<String>, StoreError> {
        let mut there = self.connect_alone().await?;
        if !begun(&mut there).await? {
            return Ok(None);
        }
        let aside = format!("{}_anterior_{}", self.schema, stamp.replace('-', "_"));
        let schema = self.schema;
        let rename = format!("ALTER SCHEMA {schema} RENAME TO {aside}");
        there.run(rename).await?;
        drop(there.close().await);
        Ok(Some(aside))
    }

    /// Notes there that a copy of it was taken.
    pub async fn note_backup(&self, taken: &LastBackup) -> Result<(), StoreError> {
        let note = serde_json::to_vec(taken).unwrap_or_default();
        let mut there = self.connect().await?;
        let noted = meta::put(&mut there, meta::LAST_BACKUP, &note).await;
        drop(there.close().await);
        noted
    }

    async fn connect(&self) -> Result<Conn, StoreError> {
        postgres::connect(&address::options(self.url, self.schema)?).await
    }

    /// Nobody who comes later is let in before this connection ends.
    async fn connect_alone(&self) -> Result<Conn, StoreError> {
        let mut there = self.connect().await?;
        // As a folder that nobody else has.
        let folder = Mark::new(String::new())?.folder;
        // The server may need a moment to notice that whoever had it is gone.
        for _ in 0..20 {
            match Seat::take(&mut there, self.schema, folder).await {
                Ok(_) => return Ok(there),
                Err(StoreError::Postgres(PostgresFault::OtherFolder)) => {}
                Err(error) => return Err(error),
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(StoreError::Postgres(PostgresFault::InUse))
    }

    async fn bring_up_to_date(&self, there: &mut Conn) -> Result<(), StoreError> {
        let options = address::options(self.url, self.schema)?;
        bring_up_to_date(&options, self.schema, there).await
    }
}

async fn drain(there: &mut Conn, file: &Path) -> Result<Vec<Moved>, StoreError> {
    let mut here = begin_draft(file).await?;
    let moved = transfer(there, &mut here).await;
    let closed = here.close().await;
    let moved = moved?;
    closed?;
    Ok(moved)
}
