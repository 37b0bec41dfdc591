//! The open file of a journal: its lock, its end, and the few things done to it. Each of them can be made
//! to fail by a test.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use chaski_core::text;

use super::frame::{MAGIC, holds_a_frame, read_sealed};
use crate::journal::{JournalError, JournalFault};

/// What is about to be done to the file, for tests that make it fail.
#[doc(hidden)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultPoint {
    /// So many bytes are written.
    Write(usize),
    /// What was written is made durable.
    Sync,
    /// A torn end is cut off.
    Cut,
    /// The folder is made to remember the new file.
    SyncFolder,
}

/// Answers, for a test, whether a step fails, and how many bytes a write gets through before it does.
pub(super) type Fault = Arc<dyn Fn(FaultPoint) -> Option<usize> + Send + Sync>;

pub(super) struct Disk {
    file: File,
    end: u64,
    fault: Option<Fault>,
}

/// How long a process that waits for the lock sleeps between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

impl Disk {
    /// Opens or makes the file and takes its lock, waiting for whoever has it, up to a bound.
    pub(super) fn open(
        path: &Path,
        wait: Duration,
        fault: Option<Fault>,
    ) -> Result<Disk, JournalError> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(path).map_err(|error| unreadable(&error))?;
        let until = Instant::now() + wait;
        loop {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if Instant::now() < until => {
                    std::thread::sleep(LOOK_AGAIN);
                }
                Err(TryLockError::WouldBlock) => return Err(in_use(path)),
                Err(TryLockError::Error(error)) => return Err(unreadable(&error)),
            }
        }
        // Only says who has it; the lock decides. One that cannot be written is no harm.
        let _ = fs::write(note_of(path), std::process::id().to_string());
        let disk = Disk {
            file,
            end: 0,
            fault,
        };
        // A file that is new, or whose making was cut off, may not be in its folder yet.
        disk.sync_folder(path).map_err(|error| broken(&error))?;
        Ok(disk)
    }

    /// Hands every whole frame to `each` with its place, and cuts off a torn end.
    pub(super) fn read_all(
        &mut self,
        mut each: impl FnMut(u64, Vec<u8>) -> Result<(), JournalError>,
    ) -> Result<(), JournalError> {
        self.file.rewind().map_err(|error| unreadable(&error))?;
        let mut source = BufReader::with_capacity(1 << 20, &self.file);
        let mut place = 0;
        loop {
            let sealed = read_sealed(place, &mut source).map_err(|error| unreadable(&error))?;
            let Some(sealed) = sealed else { break };
            let length = (super::frame::HEAD + sealed.len()) as u64;
            each(place, sealed)?;
            place += length;
        }
        // What is left is a frame that was being written, unless there are whole ones behind it.
        let mut rest = Vec::new();
        let unread = |error: io::Error| unreadable(&error);
        let mut file = &self.file;
        file.seek(SeekFrom::Start(place)).map_err(unread)?;
        file.read_to_end(&mut rest).map_err(unread)?;
        if holds_a_frame(place, &rest) {
            return Err(damaged(place));
        }
        if place == 0 && !may_be_a_beginning(&rest) {
            return Err(not_a_journal());
        }
        if !rest.is_empty() {
            self.cut(place).map_err(|error| broken(&error))?;
        }
        self.end = place;
        Ok(())
    }

    /// Reads the frame at a place again.
    pub(super) fn read(&mut self, place: u64) -> Result<Vec<u8>, JournalError> {
        let unread = |error: io::Error| unreadable(&error);
        self.file.seek(SeekFrom::Start(place)).map_err(unread)?;
        let sealed = read_sealed(place, &mut BufReader::new(&self.file)).map_err(unread)?;
        sealed.ok_or_else(|| damaged(place))
    }

    /// Where the next frame is going to stand.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    /// Appends and makes durable. After an error nothing is known of the end of the file.
    pub(super) fn append(&mut self, frame: &[u8]) -> Result<(), JournalError> {
        let appended = self.try_append(frame);
        appended.map_err(|error| broken(&error))
    }

    fn try_append(&mut self, frame: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(self.end))?;
        if let Some(written) = self.fails(FaultPoint::Write(frame.len())) {
            self.file.write_all(&frame[..written.min(frame.len())])?;
            return Err(io::Error::other("made to fail by a test"));
        }
        self.file.write_all(frame)?;
        self.check(FaultPoint::Sync)?;
        self.file.sync_data()?;
        self.end += frame.len() as u64;
        Ok(())
    }

    fn cut(&mut self, end: u64) -> io::Result<()> {
        self.check(FaultPoint::Cut)?;
        self.file.set_len(end)?;
        self.file.sync_all()
    }

    fn sync_folder(&self, path: &Path) -> io::Result<()> {
        self.check(FaultPoint::SyncFolder)?;
        self.file.sync_all()?;
        // Elsewhere a folder cannot be opened, and the file system sees to it.
        #[cfg(unix)]
        {
            let folder = path.parent().filter(|it| !it.as_os_str().is_empty());
            File::open(folder.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        #[cfg(not(unix))]
        let _ = path;
        Ok(())
    }

    fn fails(&self, point: FaultPoint) -> Option<usize> {
        self.fault.as_ref().and_then(|fault| fault(point))
    }

    fn check(&self, point: FaultPoint) -> io::Result<()> {
        match self.fails(point) {
            Some(_) => Err(io::Error::other("made to fail by a test")),
            None => Ok(()),
        }
    }
}

/// Whether the bytes may be what is left of a journal whose very first frame was cut off. Any other file
/// is somebody's, and is left alone.
fn may_be_a_beginning(bytes: &[u8]) -> bool {
    let begun = bytes.iter().zip(MAGIC).all(|(byte, magic)| *byte == magic);
    bytes.len() < MOST_FIRST && (begun || bytes.iter().all(|byte| *byte == 0))
}

/// The first frame is shorter than this, sealed or not.
const MOST_FIRST: usize = 4096;

/// The file beside it that says which process has it.
fn note_of(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".pid");
    name.into()
}

fn in_use(path: &Path) -> JournalError {
    let process = fs::read_to_string(note_of(path)).unwrap_or_default();
    let process: String = process
        .chars()
        .filter(char::is_ascii_digit)
        .take(10)
        .collect();
    let message = if process.is_empty() {
        text!(
            "otro proceso está usando el diario de emisión; espere a que termine",
            "another process is using the journal; wait until it ends",
        )
    } else {
        text!(
            "el proceso {process} está usando el diario de emisión; espere a que termine",
            "process {process} is using the journal; wait until it ends",
        )
    };
    JournalError::new(JournalFault::InUse, message)
}

fn unreadable(error: &io::Error) -> JournalError {
    let kind = error.kind();
    JournalError::new(
        JournalFault::Unreadable,
        text!(
            "no se puede abrir o leer el diario de emisión ({kind}); revise que la carpeta exista y sus permisos",
            "the journal cannot be opened or read ({kind}); check that the folder exists and its permissions",
        ),
    )
}

fn damaged(place: u64) -> JournalError {
    JournalError::new(
        JournalFault::Damaged,
        text!(
            "el diario de emisión está dañado a partir del byte {place}; no emita con él: recupere una copia y conserve este archivo",
            "the journal is damaged from byte {place} on; do not issue with it: restore a copy and keep this file",
        ),
    )
}

pub(super) fn not_a_journal() -> JournalError {
    JournalError::new(
        JournalFault::Unreadable,
        text!(
            "ese archivo no es un diario de emisión de Chaski, o es de una versión más nueva",
            "that file is no journal of Chaski's, or of a newer version",
        ),
    )
}

pub(super) fn broken(error: &io::Error) -> JournalError {
    let kind = error.kind();
    JournalError::new(
        JournalFault::Broken,
        text!(
            "no se pudo escribir el diario de emisión ({kind}): nada más se emite hasta abrirlo de nuevo; libere espacio o revise el disco",
            "the journal could not be written ({kind}): nothing more is issued until it is opened again; free space or check the disk",
        ),
    )
}
