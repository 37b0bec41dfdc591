//! Bytes that may be many and are not wanted in memory all at once: a list on its way in, a result
//! on its way out. A few stay in memory; more are in a file of the data folder that has no name, is
//! gone with the process, and is sealed by a key that is nowhere but here.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use chacha20::ChaCha20;
use chacha20::cipher::{KeyIvInit, StreamCipher, StreamCipherSeek};

use crate::system;

/// So many bytes stay in memory.
pub const IN_MEMORY: usize = 32 * 1024;

/// Bytes sealed and written at once.
const PIECE: usize = 64 * 1024;

/// Bytes, whole; clones share them.
#[derive(Clone)]
pub struct Scratch {
    held: Arc<Held>,
    /// The part of them that is meant.
    part: Range<u64>,
}

enum Held {
    Memory(Bytes),
    File(Sealed),
}

struct Sealed {
    file: File,
    key: [u8; 32],
}

impl Sealed {
    fn new(folder: &Path) -> io::Result<Sealed> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(io::Error::other)?;
        Ok(Sealed {
            file: tempfile::tempfile_in(folder)?,
            key,
        })
    }

    /// Seals or opens bytes of a place.
    fn apply(&self, at: u64, bytes: &mut [u8]) {
        // A key is used for one file and each place of it is written once: no nonce is needed.
        let mut cipher = ChaCha20::new(&self.key.into(), &[0; 12].into());
        cipher.seek(at);
        cipher.apply_keystream(bytes);
    }
}

impl Scratch {
    /// Bytes that are in memory already.
    pub fn of_bytes(bytes: Bytes) -> Scratch {
        Scratch {
            part: 0..bytes.len() as u64,
            held: Arc::new(Held::Memory(bytes)),
        }
    }

    /// How many they are.
    pub fn len(&self) -> u64 {
        self.part.end - self.part.start
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A part of them.
    #[must_use]
    pub fn part(&self, part: Range<u64>) -> Scratch {
        let end = self.part.end.min(self.part.start + part.end);
        Scratch {
            held: Arc::clone(&self.held),
            part: (self.part.start + part.start).min(end)..end,
        }
    }

    /// The bytes, if they are in memory.
    pub fn at_hand(&self) -> Option<Bytes> {
        let Held::Memory(bytes) = &*self.held else {
            return None;
        };
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        Some(bytes.slice(place(self.part.start)..place(self.part.end)))
    }

    /// All of them, in memory.
    pub fn whole(&self) -> io::Result<Bytes> {
        if let Some(bytes) = self.at_hand() {
            return Ok(bytes);
        }
        let mut bytes = vec![0; usize::try_from(self.len()).map_err(io::Error::other)?];
        self.reader().read_exact(&mut bytes)?;
        Ok(bytes.into())
    }

    /// Reads them from the beginning.
    pub fn reader(&self) -> ScratchReader {
        ScratchReader {
            scratch: self.clone(),
            at: 0,
        }
    }
}

/// Reads a [`Scratch`].
pub struct ScratchReader {
    scratch: Scratch,
    at: u64,
}

impl Read for ScratchReader {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let left = self.scratch.len().saturating_sub(self.at);
        let count = usize::try_from(left)
            .unwrap_or(usize::MAX)
            .min(target.len());
        let target = &mut target[..count];
        let place = self.scratch.part.start + self.at;
        match &*self.scratch.held {
            Held::Memory(bytes) => {
                let place = usize::try_from(place).map_err(io::Error::other)?;
                target.copy_from_slice(&bytes[place..place + count]);
            }
            Held::File(sealed) => {
                system::read_at(&sealed.file, target, place)?;
                sealed.apply(place, target);
            }
        }
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for ScratchReader {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.scratch.len().checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

/// Writes a [`Scratch`].
pub struct ScratchWriter {
    folder: PathBuf,
    bytes: Vec<u8>,
    file: Option<Sealed>,
    written: u64,
}

impl ScratchWriter {
    /// One whose file, if there has to be one, lies in that folder.
    pub fn new(folder: PathBuf) -> ScratchWriter {
        ScratchWriter {
            folder,
            bytes: Vec::new(),
            file: None,
            written: 0,
        }
    }

    /// What was written.
    pub fn finish(mut self) -> io::Result<Scratch> {
        if self.file.is_some() {
            self.put_away()?;
        }
        let held = match self.file {
            None => return Ok(Scratch::of_bytes(self.bytes.into())),
            Some(sealed) => Held::File(sealed),
        };
        Ok(Scratch {
            held: Arc::new(held),
            part: 0..self.written,
        })
    }

    fn put_away(&mut self) -> io::Result<()> {
        let sealed = match &mut self.file {
            Some(sealed) => sealed,
            none => none.insert(Sealed::new(&self.folder)?),
        };
        sealed.apply(self.written, &mut self.bytes);
        system::write_at(&sealed.file, &self.bytes, self.written)?;
        self.written += self.bytes.len() as u64;
        self.bytes.clear();
        Ok(())
    }
}

impl Write for ScratchWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let some = &bytes[..bytes.len().min(PIECE)];
        let most = if self.file.is_some() {
            PIECE
        } else {
            IN_MEMORY
        };
        if self.bytes.len() + some.len() > most && !self.bytes.is_empty() {
            self.put_away()?;
        }
        self.bytes.extend_from_slice(some);
        if self.bytes.len() > IN_MEMORY {
            self.put_away()?;
        }
        Ok(some.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Pieces that are put aside one by one, to be read again in any order, in a file as that of a [`Scratch`].
pub(crate) struct Aside {
    sealed: Sealed,
    next: AtomicU64,
}

impl Aside {
    /// With its file in the system's folder for those.
    pub(crate) fn new() -> io::Result<Aside> {
        Ok(Aside {
            sealed: Sealed::new(&std::env::temp_dir())?,
            next: AtomicU64::new(0),
        })
    }

    /// Puts a piece aside and says where it is.
    pub(crate) fn put(&self, piece: &[u8]) -> io::Result<Range<u64>> {
        let length = piece.len() as u64;
        // A place whose writing failed is not used again: its part of the key stream may be there.
        let at = self.next.fetch_add(length, Ordering::Relaxed);
        let mut sealed = piece.to_vec();
        self.sealed.apply(at, &mut sealed);
        system::write_at(&self.sealed.file, &sealed, at)?;
        Ok(at..at + length)
    }

    /// The piece that is there.
    pub(crate) fn get(&self, place: &Range<u64>) -> io::Result<Vec<u8>> {
        let length = usize::try_from(place.end - place.start).map_err(io::Error::other)?;
        let mut piece = vec![0; length];
        system::read_at(&self.sealed.file, &mut piece, place.start)?;
        self.sealed.apply(place.start, &mut piece);
        Ok(piece)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let folder = tempfile::tempdir().unwrap();
        for length in [0, 1, 1_000, IN_MEMORY, IN_MEMORY + 1, PIECE + 7, 300_001] {
            let bytes: Vec<u8> = (0..=250).cycle().take(length).collect();
            for step in [7, 1_000, 33_000, 200_000] {
                let mut writer = ScratchWriter::new(folder.path().to_owned());
                for piece in bytes.chunks(step) {
                    writer.write_all(piece).unwrap();
                }
                let scratch = writer.finish().unwrap();
                assert_eq!(scratch.whole().unwrap(), bytes, "{length} by {step}");
                let half = scratch.part(length as u64 / 3..length as u64 / 2);
                assert_eq!(half.whole().unwrap(), bytes[length / 3..length / 2]);
                let mut reader = half.reader();
                reader.seek(SeekFrom::End(-1)).unwrap_or_default();
                assert_eq!(scratch.at_hand().is_some(), length <= IN_MEMORY);
            }
        }
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
