//! Files and folders that are their owner's alone.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::Path;

use tempfile::TempDir;

use crate::system;
pub(crate) use crate::system::{keep_file, keep_folder, sync_folder};

/// How a file is opened to be written: one that is made is its owner's alone.
pub(crate) fn to_write() -> OpenOptions {
    let mut options = File::options();
    system::made_private(options.write(true));
    options
}

/// Makes a folder with those above it. Only what is made is made private: what is there already may be
/// one that others need.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    system::make_folder(folder)
}

/// Whether others may do anything with what is there.
pub(crate) fn is_open_to_others(path: &Path) -> io::Result<bool> {
    Ok(system::open_mode(&fs::metadata(path)?).is_some())
}

/// A folder in another one that goes when it is dropped; its name begins so.
pub(crate) fn passing_folder(prefix: &str, within: &Path) -> io::Result<TempDir> {
    system::private_folder(tempfile::Builder::new().prefix(prefix)).tempdir_in(within)
}
