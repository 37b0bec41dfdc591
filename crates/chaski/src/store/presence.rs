//! Who has the folder open. Each process holds a file of its own in `procesos` locked while it
//! lives, and the kernel lets go of it however the process ends: what cannot be locked lives, what
//! can be locked is gone.

use std::fs::{self, File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::time::Instant;

use crate::private;
use crate::store::error::StoreError;
use crate::store::seal::random;

/// Where the files are, in the data folder.
const FOLDER: &str = "procesos";

/// How often a process that asks looks who else is there.
pub(super) const LOOK: Duration = Duration::from_millis(50);

/// How long a process that found others waits before it asks for the first time: by then they have
/// seen it, and what they had under way is written down.
const TO_BE_SEEN: Duration = Duration::from_millis(150);

/// This process among those that have the folder open.
pub(super) struct Presence {
    id: i64,
    folder: PathBuf,
    file: File,
    entered: Instant,
    met_others: bool,
}

impl Presence {
    /// Enters, and clears away what the dead left. Called by one process at a time.
    pub(super) fn enter(dir: &Path) -> Result<Presence, StoreError> {
        let folder = dir.join(FOLDER);
        let failed = |error: std::io::Error| StoreError::of_file(&folder, &error);
        private::make_folder(&folder).map_err(failed)?;
        let id = i64::from_le_bytes(random()?) & i64::MAX;
        let mut met_others = false;
        for other in ids(&folder).map_err(failed)? {
            if is_locked(&path_of(&folder, other)) {
                met_others = true;
            } else {
                // If it cannot be deleted, it is still nobody's.
                let _ = fs::remove_file(path_of(&folder, other));
            }
        }
        let path = path_of(&folder, id);
        let of_path = |error: std::io::Error| StoreError::of_file(&path, &error);
        let file = private::to_write().create_new(true).open(&path);
        let file = file.map_err(of_path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::Error(error)) => return Err(of_path(error)),
            Err(TryLockError::WouldBlock) => return Err(StoreError::Locked),
        }
        Ok(Presence {
            id,
            folder,
            file,
            entered: Instant::now(),
            met_others,
        })
    }

    /// Under what a process writes that something is its own.
    pub(super) fn id(&self) -> i64 {
        self.id
    }

    /// Whether that process lives.
    pub(super) fn is_living(&self, id: i64) -> bool {
        id == self.id || is_locked(&path_of(&self.folder, id))
    }

    /// Whether that process lives and is not this one.
    pub(super) fn is_another(&self, id: i64) -> bool {
        id != self.id && self.is_living(id)
    }

    /// Whether any other process has the folder open.
    pub(super) fn has_company(&self) -> bool {
        match ids(&self.folder) {
            Ok(ids) => ids
                .into_iter()
                .any(|id| id != self.id && is_locked(&path_of(&self.folder, id))),
            // Whoever cannot look had better be careful.
            Err(error) => error.kind() != ErrorKind::NotFound,
        }
    }

    /// Changes whenever a process comes or goes, also one that did both unseen.
    pub(super) fn visits(&self) -> Option<SystemTime> {
        fs::metadata(&self.folder).ok()?.modified().ok()
    }

    /// Waits until those who were here before know of this process.
    pub(super) async fn seen_by_others(&self) {
        if self.met_others {
            tokio::time::sleep_until(self.entered + TO_BE_SEEN).await;
        }
    }

    /// Leaves: from now on nothing is this process's.
    pub(super) fn leave(&self) {
        // A file that stays is unlocked, and cleared away by the next who enters.
        let _ = fs::remove_file(path_of(&self.folder, self.id));
        let _ = self.file.unlock();
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.leave();
    }
}

fn path_of(folder: &Path, id: i64) -> PathBuf {
    folder.join(format!("{id:016x}.lock"))
}

fn ids(folder: &Path) -> std::io::Result<Vec<i64>> {
    let mut ids = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        let id = name.to_str().and_then(|name| name.strip_suffix(".lock"));
        ids.extend(id.and_then(|id| i64::from_str_radix(id, 16).ok()));
    }
    Ok(ids)
}

/// Whether somebody holds it. Probed with a shared lock, so that two who look at once do not take
/// each other for its owner.
fn is_locked(path: &Path) -> bool {
    match File::open(path) {
        Ok(file) => !matches!(file.try_lock_shared(), Ok(())),
        Err(error) => error.kind() != ErrorKind::NotFound,
    }
}
