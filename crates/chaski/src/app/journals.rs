//! The journal's file, in which commands issued before there was a database for it: copied along while it
//! was not taken over, and the mark that has numbers looked at when a copy has taken a folder's place.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use super::AppError;
use super::backup_error::BackupFault;
use super::invoices::{JOURNAL_FILE, REVIEW_FILE};
use crate::private;

/// How long somebody who is issuing is waited for.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// Copies the journal of a folder while nobody writes to it; false where there is none.
pub(super) fn copy_journal(folder: &Path, to: &Path) -> Result<bool, AppError> {
    let path = folder.join(JOURNAL_FILE);
    let file = match File::open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        opened => opened.map_err(AppError::file(&path))?,
    };
    let until = Instant::now() + PATIENCE;
    loop {
        match file.try_lock_shared() {
            Ok(()) => break,
            Err(TryLockError::WouldBlock) if Instant::now() < until => {
                std::thread::sleep(LOOK_AGAIN);
            }
            Err(TryLockError::WouldBlock) => {
                return Err(BackupFault::InUse.of(folder));
            }
            Err(TryLockError::Error(error)) => return Err(AppError::file(&path)(error)),
        }
    }
    let bytes = fs::read(&path).map_err(AppError::file(&path))?;
    write_new(to, &bytes)?;
    Ok(true)
}

/// The journal goes where the data go, unless there is one.
pub(super) fn take_along(from: &Path, to: &Path) -> Result<(), AppError> {
    let place = to.join(JOURNAL_FILE);
    if from == to || place.exists() {
        return Ok(());
    }
    if copy_journal(from, &place)? {
        mark_for_review(to)?;
    }
    Ok(())
}

/// Has the numbers of a folder that holds a copy looked at before the next one is taken (rule R6).
pub(super) fn mark_for_review(folder: &Path) -> Result<(), AppError> {
    let path = folder.join(REVIEW_FILE);
    if !path.exists() {
        write_new(&path, b"")?;
    }
    private::sync_folder(folder).map_err(AppError::file(folder))
}

/// A new file of the folder's owner, on the disk when this returns.
fn write_new(path: &Path, bytes: &[u8]) -> Result<(), AppError> {
    let made = private::to_write().create_new(true).open(path);
    let written = made.and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.map_err(AppError::file(path))
}
