//! Servers that work in a data folder. Each keeps a file there with a lock on it: the lock goes with
//! the process, however it ends, so a file without one was left by a server that is gone.

use std::fs::{self, File, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::private;

/// Begins the names of these files; a number of a process and `.json` follow.
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
    file: File,
    path: PathBuf,
    serving: Serving,
}

impl Announcement {
    /// Says in a folder that this process serves.
    pub fn announce(dir: &Path, listen: SocketAddr) -> io::Result<Announcement> {
        let pid = std::process::id();
        let path = dir.join(format!("{SERVING}{pid}.json"));
        // It takes its name with the lock on it: without one it would be taken for a leftover.
        let draft = dir.join(format!(".{SERVING}{pid}.tmp"));
        let file = private::to_write()
            .create(true)
            .truncate(true)
            .open(&draft)?;
        file.try_lock()?;
        let mut announcement = Announcement {
            file,
            path: draft.clone(),
            serving: Serving {
                pid,
                namespace: namespace(),
                listen: listen.to_string(),
                version: env!("CARGO_PKG_VERSION").to_owned(),
                reloads: 0,
                last: None,
            },
        };
        announcement.write()?;
        fs::rename(&draft, &path)?;
        announcement.path = path;
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
        // What stays is known for a leftover by its lock, which goes with the file.
        let _ = fs::remove_file(&self.path);
    }
}

/// The servers that work in a folder; files of those that are gone are cleared.
pub fn serving(dir: &Path) -> Vec<Serving> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut found: Vec<_> = entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(SERVING))
        .filter_map(|entry| alive(&entry.path()))
        .collect();
    found.sort_by_key(|it| it.pid);
    found
}

fn alive(path: &Path) -> Option<Serving> {
    let mut file = File::open(path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        Ok(()) => {
            // It may be somebody else's to clear.
            let _ = fs::remove_file(path);
            return None;
        }
        Err(TryLockError::Error(_)) => return None,
    }
    // It may be writing: then it is whole a moment later.
    for _ in 0..50 {
        let mut text = String::new();
        file.seek(SeekFrom::Start(0)).ok()?;
        file.read_to_string(&mut text).ok()?;
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
        self.namespace == namespace()
    }

    /// Tells it to read its configuration again.
    pub fn hang_up(&self) -> io::Result<()> {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        let pid = pid.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(kill_process(pid, Signal::HUP)?)
    }

    /// The same one as it is now; none when it is gone.
    pub fn again(&self, dir: &Path) -> Option<Serving> {
        alive(&dir.join(format!("{SERVING}{}.json", self.pid)))
    }
}

fn namespace() -> Option<String> {
    let link = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(link.to_string_lossy().into_owned())
}
