//! What a folder keeps of its database on a server: where that is, so that nobody begins its data anew
//! somewhere else, and under which number the folder is known there.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use crate::store::error::StoreError;
use crate::store::seal::{random, write_whole};

/// In the folder of a side whose data are on a server.
const MARK_FILE: &str = "postgresql";

/// What a folder keeps of its database.
pub(in crate::store) struct Mark {
    pub(in crate::store) place: String,
    /// A number below 2^31.
    pub(in crate::store) folder: i64,
}

impl Mark {
    /// A new one.
    pub(in crate::store) fn new(place: String) -> Result<Mark, StoreError> {
        let folder = i64::from(u32::from_le_bytes(random()?) & 0x7fff_ffff);
        Ok(Mark { place, folder })
    }

    /// That of a folder, if its data are on a server.
    pub(in crate::store) fn read(dir: &Path) -> Result<Option<Mark>, StoreError> {
        let file = dir.join(MARK_FILE);
        let text = match fs::read_to_string(&file) {
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                return Ok(None);
            }
            read => read.map_err(|error| StoreError::of_file(&file, &error))?,
        };
        let mut lines = text.lines();
        let (place, folder) = (lines.next(), lines.next().map(str::parse));
        match (place, folder) {
            (Some(place), Some(Ok(folder))) => Ok(Some(Mark {
                place: place.to_owned(),
                folder,
            })),
            _ => Err(StoreError::Damaged(file)),
        }
    }

    /// Leaves it in a folder.
    pub(in crate::store) fn write(&self, dir: &Path) -> Result<(), StoreError> {
        let text = format!("{}\n{}\n", self.place, self.folder);
        let file = dir.join(MARK_FILE);
        write_whole(dir, &file, text.as_bytes()).map_err(|error| StoreError::of_file(&file, &error))
    }

    /// Takes it away: the data are in the folder again.
    pub(in crate::store) fn remove(dir: &Path) -> Result<(), StoreError> {
        let file = dir.join(MARK_FILE);
        match fs::remove_file(&file) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(StoreError::of_file(&file, &error))
            }
            _ => Ok(()),
        }
    }
}

/// Where the data of a folder are, if they are on a server: machine and database.
pub fn elsewhere(dir: &Path) -> Option<String> {
    match Mark::read(dir) {
        Ok(mark) => Some(mark?.place),
        // What cannot be read is there all the same.
        Err(_) => Some("?".to_owned()),
    }
}
