//! The data folder: its permissions, and who has it open.

use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::Path;
use std::time::Duration;

use super::error::StoreError;
use crate::private;

/// Name of the database file in the data folder.
pub const DATABASE_FILE: &str = "chaski.db";

/// Held, shared, by everybody who has the folder open; a restoration holds it alone.
pub(super) const IN_USE_FILE: &str = "chaski.uso";

pub(super) fn prepare_folder(dir: &Path) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| StoreError::of_file(dir, &error);
    if let Err(error) = private::make_folder(dir) {
        return Err(match error.kind() {
            ErrorKind::AlreadyExists => StoreError::ReadOnly(dir.to_owned()),
            _ => failed(error),
        });
    }
    if private::is_open_to_others(dir).map_err(failed)? {
        // A mounted volume may belong to somebody else; the files keep their own mode anyway.
        if let Err(error) = private::keep_folder(dir) {
            tracing::warn!(%error, "the data folder can be read by others");
        }
    }
    Ok(())
}

pub(super) async fn lock_folder(dir: &Path) -> Result<File, StoreError> {
    let path = dir.join("chaski.lock");
    let file = lock_file(&path)?;
    match file.try_lock() {
        Ok(()) => return Ok(file),
        Err(TryLockError::WouldBlock) => {}
        Err(TryLockError::Error(error)) => return Err(StoreError::of_file(&path, &error)),
    }
    let waiting = tokio::task::spawn_blocking(move || wait_for_lock(file));
    waiting.await.map_err(|_| StoreError::Closed)?
}

fn lock_file(path: &Path) -> Result<File, StoreError> {
    private::to_write()
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(|error| StoreError::of_file(path, &error))
}

/// Says, until the file is dropped, that the folder is in use. An end by force lets go of it too.
///
/// Who has just closed the folder may need a moment to let go: a child that was being started then
/// holds it until it runs. So it is tried for half a second.
pub(super) fn claim(
    dir: &Path,
    lock: fn(&File) -> Result<(), TryLockError>,
) -> Result<File, StoreError> {
    let path = dir.join(IN_USE_FILE);
    let file = lock_file(&path)?;
    for _ in 0..25 {
        match lock(&file) {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
            Err(TryLockError::Error(error)) => return Err(StoreError::of_file(&path, &error)),
        }
    }
    Err(StoreError::Locked)
}

/// Half a minute: the other process may be migrating.
fn wait_for_lock(file: File) -> Result<File, StoreError> {
    for _ in 0..3_000 {
        if file.try_lock().is_ok() {
            return Ok(file);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(StoreError::Locked)
}
