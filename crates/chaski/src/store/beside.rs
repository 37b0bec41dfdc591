//! What stands in the folder beside the database, sealed with the folder's key: the files of documents, what
//! the sandbox remembers, and the journal's file in which commands issued before.

use std::fmt;
use std::sync::Arc;

use chaski_client::Sealer;

use super::db::Db;
use super::error::StoreError;
use super::handle::Store;
use super::seal::{Keys, MasterKey, SealedPlace};

/// Seals with the key of a folder.
#[derive(Clone)]
pub struct FolderSeal(Arc<Db>);

impl Store {
    /// What seals a file beside the database.
    pub fn folder_seal(&self) -> FolderSeal {
        FolderSeal(Arc::clone(&self.db))
    }
}

impl FolderSeal {
    /// Seals bytes under a name, which belongs to the seal.
    pub fn seal_as(&self, name: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.0.keys.seal(&SealedPlace::Beside(name), plain)
    }

    /// Opens them again; none when they were sealed with another key, under another name, or changed.
    pub fn open_as(&self, name: &str, sealed: &[u8]) -> Option<Vec<u8>> {
        self.0.keys.open(&SealedPlace::Beside(name), sealed)
    }
}

/// Seals bytes under a name, for a place beside a database with that key.
pub fn sealed_beside(key: &MasterKey, name: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
    Keys::derive(key).seal(&SealedPlace::Beside(name), plain)
}

/// What was sealed beside one database, sealed for a place beside another one; none when it does not open.
pub fn sealed_again(
    from: &MasterKey,
    to: &MasterKey,
    name: &str,
    sealed: &[u8],
) -> Option<Vec<u8>> {
    let plain = Keys::derive(from).open(&SealedPlace::Beside(name), sealed)?;
    sealed_beside(to, name, &plain).ok()
}

/// The name of a frame of the journal.
fn frame(place: u64) -> String {
    format!("journal\0{place}")
}

impl Sealer for FolderSeal {
    fn seal(&self, place: u64, plain: &[u8]) -> Vec<u8> {
        let sealed = self.seal_as(&frame(place), plain);
        sealed.expect("the system gives random bytes")
    }

    fn open(&self, place: u64, sealed: &[u8]) -> Option<Vec<u8>> {
        self.open_as(&frame(place), sealed)
    }
}

impl fmt::Debug for FolderSeal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FolderSeal")
    }
}
