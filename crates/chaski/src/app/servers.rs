//! Servers that work in a data folder. Each keeps a file there, and another one with a lock on it: the lock
//! goes with the process, however it ends, so a file without one was left by a server that is gone.

use std::fs::{self, File, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::private;
use crate::system;

/// Begins the names of these files; a number of a process and `.json` or `.lock` follow.
pub const SERVING: &str = "servidor-";

/// A server, as it says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Serving {
    /// Number of its process.
    pub pid: u32,
    /// Where that number means something: a container has numbers of its own.
    namespace: Option<String>,
    /// Where it listens.
    pub listen: String,
    /// Version of the program.
    pub version: String,
    /// How often it was told to read its configuration again.
    pub reloads: u64,
    /// What the last time came to.
    pub last: Option<Reloaded>,
}

/// What reading the configuration again came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reloaded {
    /// When.
    pub at: Timestamp,
    /// Keys that changed and hold from now on.
    pub applied: Vec<String>,
    /// Keys that changed and hold from the next start on.
    pub restart: Vec<String>,
    /// Why nothing was taken over.
    pub refused: Option<Refused>,
}

/// Why the old configuration stays.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// In Spanish.
    pub es: String,
    /// In English.
    pub en: String,
    /// Exit code of it.
    pub exit_code: u8,
}

/// This process's file; it goes when this is dropped.
pub struct Announcement {
    _lock: File,
    file: File,
    path: PathBuf,
    serving: Serving,
}

impl Announcement {
    /// Says in a folder that this process serves.
    pub fn announce(dir: &Path, listen: SocketAddr) -> io::Result<Announcement> {
        let pid = std::process::id();
        let path = dir.join(format!("{SERVING}{pid}.json"));
        // First the lock: without one what it says would be taken for a leftover.
        let lock = private::to_write()
            .create(true)
            .truncate(false)
            .open(lock_of(&path))?;
        lock.try_lock()?;
        let file = private::to_write()
            .create(true)
            .truncate(true)
            .open(&path)?;
        let mut announcement = Announcement {
            _lock: lock,
            file,
            path,
            serving: Serving {
                pid,
                namespace: system::namespace(),
                listen: listen.to_string(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                reloads: 0,
                last: None,
            },
        };
        announcement.write()?;
        Ok(announcement)
    }

    /// Says what reading the configuration again came to.
    pub fn report(&mut self, reloaded: Reloaded) -> io::Result<()> {
        self.serving.reloads += 1;
        self.serving.last = Some(reloaded);
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        let text = serde_json::to_vec(&self.serving)?;
        self.file.set_len(0)?;
        self.file.seek(SeekFrom::Start(0))?;
        self.file.write_all(&text)
    }
}

impl Drop for Announcement {
    fn drop(&mut self) {
        clear(&self.path);
    }
}

/// The file whose lock says that a server lives. It is one of its own: there are systems on which nobody
/// else can read what is locked.
fn lock_of(path: &Path) -> PathBuf {
    path.with_extension("lock")
}

/// What cannot be deleted is known for a leftover by its lock, which goes with the process.
fn clear(path: &Path) {
    let _ = fs::remove_file(path);
    let _ = fs::remove_file(lock_of(path));
}

/// The servers that work in a folder; files of those that are gone are cleared.
pub fn serving(dir: &Path) -> Vec<Serving> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let is_one = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(SERVING) && path.extension().is_some_and(|it| it == "json")
    };
    let mut found: Vec<_> = entries
        .map(|entry| entry.path())
        .filter(is_one)
        .filter_map(|path| alive(&path))
        .collect();
    found.sort_by_key(|it| it.pid);
    found
}

fn alive(path: &Path) -> Option<Serving> {
    match File::open(lock_of(path)).map(|lock| lock.try_lock_shared()) {
        Ok(Err(TryLockError::WouldBlock)) => {}
        Ok(Err(TryLockError::Error(_))) => return None,
        Err(error) if error.kind() != io::ErrorKind::NotFound => return None,
        Ok(Ok(())) | Err(_) => {
            // It may be somebody else's to clear.
            clear(path);
            return None;
        }
    }
    // It may be writing: then it is whole a moment later.
    for _ in 0..50 {
        let text = fs::read_to_string(path).ok()?;
        if let Ok(serving) = serde_json::from_str(&text) {
            return Some(serving);
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    None
}

impl Serving {
    /// Whether its number means the same here.
    pub fn is_of_here(&self) -> bool {
        self.namespace == system::namespace()
    }

    /// Tells it to read its configuration again.
    pub fn hang_up(&self, dir: &Path) -> io::Result<()> {
        system::hang_up(dir, self.pid)
    }

    /// The same one as it is now; none when it is gone.
    pub fn again(&self, dir: &Path) -> Option<Serving> {
        alive(&dir.join(format!("{SERVING}{}.json", self.pid)))
    }
}
