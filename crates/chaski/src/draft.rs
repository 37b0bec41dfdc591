//! A file that is being written beside its place, under a name of its own until it is whole.
//!
//! A draft is its owner's alone from the first byte and is locked while it is being written, so that
//! what a killed process left behind can be told from what another one is writing.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::Path;

use tempfile::NamedTempFile;

use crate::system;

const PREFIX: &str = ".chaski-";
const SUFFIX: &str = ".tmp";

/// Begins a draft in a folder.
pub(crate) fn begin(folder: &Path) -> io::Result<NamedTempFile> {
    // Whoever clears the folder may take a draft between its making and its locking; then another
    // one is begun.
    const TRIES: usize = 10;
    for _ in 0..TRIES {
        let draft = builder().tempfile_in(folder)?;
        match draft.as_file().try_lock() {
            Ok(()) if draft.path().exists() => return Ok(draft),
            // Not every file system has locks.
            Err(TryLockError::Error(_)) => return Ok(draft),
            Ok(()) | Err(TryLockError::WouldBlock) => {}
        }
    }
    Err(io::ErrorKind::ResourceBusy.into())
}

/// Deletes the drafts of this user in a folder that nobody is writing any more. What cannot be
/// deleted stays: a folder that is not tidy is no reason to stop.
pub(crate) fn clear(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_draft = name.starts_with(PREFIX) && name.ends_with(SUFFIX);
        // What a link points to is no draft.
        let plain = || entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_draft && plain() && system::is_mine(&entry) {
            let _ = delete_abandoned(&entry.path());
        }
    }
}

fn delete_abandoned(path: &Path) -> io::Result<()> {
    let file = File::options().read(true).write(true).open(path)?;
    if file.try_lock().is_ok() {
        fs::remove_file(path)?;
    }
    Ok(())
}

/// The permissions that a new file of this user gets in a folder; none where there are none to set.
pub(crate) fn usual_permissions(folder: &Path) -> io::Result<Option<fs::Permissions>> {
    system::usual_permissions(&mut builder(), folder)
}

/// Gives a draft its name, still locked. A file that took the name meanwhile stays, unless it may be
/// replaced.
pub(crate) fn put(draft: NamedTempFile, to: &Path, replace: bool) -> io::Result<()> {
    let put = if replace {
        draft.persist(to)
    } else {
        match draft.persist_noclobber(to) {
            // Not every file system can give a name only if it is free.
            Err(failed) if failed.error.kind() != io::ErrorKind::AlreadyExists => {
                failed.file.persist(to)
            }
            put => put,
        }
    };
    put.map(drop).map_err(|failed| failed.error)
}

fn builder() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    builder
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn l12_only_what_nobody_writes_is_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let living = begin(folder.path()).unwrap();
        let left = begin(folder.path()).unwrap();
        // A process that is killed deletes nothing; its locks go with it.
        let (file, left) = left.keep().unwrap();
        drop(file);
        fs::write(folder.path().join(".chaski-notas.txt"), "").unwrap();
        clear(folder.path());
        assert!(living.path().exists() && !left.exists());
        assert!(folder.path().join(".chaski-notas.txt").exists());
    }

    #[cfg(unix)]
    #[test]
    fn l12_a_draft_is_private_from_its_first_byte() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let draft = begin(folder.path()).unwrap();
        let mode = draft.as_file().metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let usual = usual_permissions(folder.path()).unwrap().unwrap();
        assert_eq!(usual.mode() & 0o600, 0o600);
    }
}
