//! The one file of a folder: each line is an entry of the ledger, and what the request changed.
//!
//! Several processes append to it, one at a time, under an advisory lock; who gets the lock first
//! reads what others wrote since. A line is whole or it is not there: it ends with a checksum, and
//! the half of a line that a killed process left is cut off by the next one that writes. The entry
//! is in clear, the change is sealed: it holds the customer.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::config::StateSeal;
use super::entry::NubefactEntry;
use super::seal::seal_of_folder;
use super::state::Change;

const BOOK_FILE: &str = "nubefact.ndjson";
const LOCK_FILE: &str = "nubefact.lock";
/// What stands before the checksum, which is the last thing in a line.
const SUM: &str = r#","sum":""#;

/// One line: what was asked, if it was a request, and what it changed.
#[derive(Clone)]
pub(super) struct Page {
    pub(super) entry: Option<NubefactEntry>,
    pub(super) changes: Vec<Change>,
}

#[derive(Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    entry: Option<NubefactEntry>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    change: Option<String>,
}

pub(super) struct Book {
    file: File,
    lock: File,
    seal: StateSeal,
    /// How much of the file is read: whole lines.
    read_to: u64,
}

/// The lock, for as long as it lives.
pub(super) struct Held<'a>(&'a File);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        // It ends with the process at the latest.
        let _ = self.0.unlock();
    }
}

impl Book {
    pub(super) fn open(folder: &Path, seal: Option<StateSeal>) -> io::Result<Book> {
        let open = |name: &str| {
            let mut options = OpenOptions::new();
            options.create(true).read(true).append(true);
            #[cfg(unix)]
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
            options.open(folder.join(name))
        };
        let lock = open(LOCK_FILE)?;
        lock.lock()?;
        let held = Held(&lock);
        let file = open(BOOK_FILE)?;
        let seal = match seal {
            Some(seal) => seal,
            None => seal_of_folder(folder)?,
        };
        drop(held);
        Ok(Book {
            file,
            lock,
            seal,
            read_to: 0,
        })
    }

    /// Takes the lock, runs the work, gives it back.
    pub(super) fn with_lock<T>(
        &mut self,
        work: impl FnOnce(&mut Book) -> io::Result<T>,
    ) -> io::Result<T> {
        let lock = self.lock.try_clone()?;
        lock.lock()?;
        let held = Held(&lock);
        let done = work(self);
        drop(held);
        done
    }

    /// What others wrote since, or `None` where the file is another one than it was: then all is to
    /// be read again. Only under the lock.
    pub(super) fn news(&mut self) -> io::Result<Option<Vec<Page>>> {
        if self.file.metadata()?.len() < self.read_to {
            self.read_to = 0;
            return Ok(None);
        }
        self.file.seek(SeekFrom::Start(self.read_to))?;
        let mut bytes = Vec::new();
        self.file.read_to_end(&mut bytes)?;
        let mut pages = Vec::new();
        let mut rest = bytes.as_slice();
        while let Some(end) = rest.iter().position(|b| *b == b'\n') {
            let (line, after) = rest.split_at(end + 1);
            let page = match self.read_line(line) {
                Ok(page) => page,
                // The last line may be torn: a block of a file can be lost with the power.
                Err(Unreadable::Damaged) if after.is_empty() => break,
                Err(why) => {
                    let place = self.read_to;
                    let message = format!("{BOOK_FILE}: the line at byte {place} {}", why.words());
                    return Err(io::Error::new(ErrorKind::InvalidData, message));
                }
            };
            pages.push(page);
            self.read_to += line.len() as u64;
            rest = after;
        }
        if !rest.is_empty() {
            self.file.set_len(self.read_to)?;
        }
        Ok(Some(pages))
    }

    /// One write and one flush to the disk; nothing is answered before. Only under the lock.
    pub(super) fn append(&mut self, page: &Page) -> io::Result<()> {
        let line = self.write_line(page);
        let written = self
            .file
            .write_all(&line)
            .and_then(|()| self.file.sync_data());
        if let Err(error) = written {
            // What is in the file and was never decided must not be found by the next one.
            let _ = self.file.set_len(self.read_to);
            return Err(error);
        }
        self.read_to += line.len() as u64;
        Ok(())
    }

    fn write_line(&self, page: &Page) -> Vec<u8> {
        let change = (!page.changes.is_empty()).then(|| {
            let plain = serde_json::to_vec(&page.changes).expect("changes are plain data");
            STANDARD.encode((self.seal.seal)(&plain))
        });
        let line = Line {
            entry: page.entry.clone(),
            change,
        };
        let mut text = serde_json::to_string(&line).expect("a line is plain data");
        text.pop();
        let sum = checksum(text.as_bytes());
        text.push_str(SUM);
        text.push_str(&sum);
        text.push_str("\"}\n");
        text.into_bytes()
    }

    fn read_line(&self, line: &[u8]) -> Result<Page, Unreadable> {
        let (signed, sum) = std::str::from_utf8(line)
            .ok()
            .and_then(|text| text.strip_suffix("\"}\n"))
            .and_then(|text| text.rsplit_once(SUM))
            .ok_or(Unreadable::Damaged)?;
        if checksum(signed.as_bytes()) != sum {
            return Err(Unreadable::Damaged);
        }
        let line: Line =
            serde_json::from_str(&format!("{signed}}}")).map_err(|_| Unreadable::Unknown)?;
        let changes = match line.change {
            None => Vec::new(),
            Some(sealed) => {
                let sealed = STANDARD.decode(sealed).map_err(|_| Unreadable::Unknown)?;
                let plain = (self.seal.open)(&sealed).ok_or(Unreadable::OtherKey)?;
                serde_json::from_slice(&plain).map_err(|_| Unreadable::Unknown)?
            }
        };
        Ok(Page {
            entry: line.entry,
            changes,
        })
    }
}

/// Why a line cannot be read.
#[derive(Debug, Clone, Copy)]
enum Unreadable {
    /// It is not what was written.
    Damaged,
    /// It is whole, and sealed with a key that is not this one.
    OtherKey,
    /// It is whole, and says something that this program does not know.
    Unknown,
}

impl Unreadable {
    fn words(self) -> &'static str {
        match self {
            Unreadable::Damaged => "is damaged",
            Unreadable::OtherKey => "was sealed with another key",
            Unreadable::Unknown => "was written by another version of this program",
        }
    }
}

/// Sixteen hexadecimal digits.
fn checksum(bytes: &[u8]) -> String {
    let mut digits = blake3::hash(bytes).to_hex().to_string();
    digits.truncate(16);
    digits
}
