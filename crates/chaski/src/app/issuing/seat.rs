//! Who issues with a folder. Two processes that do would be safe by their fence, and get in each other's
//! way; so one has the seat, and whoever finds it taken hands its documents over and waits.

use std::fs::{File, TryLockError};
use std::io::Write;
use std::path::Path;

use crate::app::AppError;
use crate::private;
use crate::sabotage::{Protection, is_without};

/// Name of the file whose lock is the seat.
const SEAT_FILE: &str = "emision.turno";

/// Who has the seat of a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeatHolder {
    /// This process.
    Here,
    /// Another one, with its number where it could be read.
    Other(Option<u32>),
    /// Nobody issues now.
    Nobody,
}

/// The right to issue with a folder, until it is dropped; the kernel takes it back however a process ends.
#[derive(Debug)]
pub struct IssuerSeat {
    _file: File,
}

impl IssuerSeat {
    /// Takes the seat of a folder; none when another process has it.
    pub(super) fn take(folder: &Path) -> Result<Option<IssuerSeat>, AppError> {
        let path = folder.join(SEAT_FILE);
        let file = private::to_write().create(true).truncate(false).open(&path);
        let file = file.map_err(AppError::file(&path))?;
        match file.try_lock() {
            Ok(()) => {
                note_holder(&file).map_err(AppError::file(&path))?;
                Ok(Some(IssuerSeat { _file: file }))
            }
            Err(TryLockError::WouldBlock) if is_without(Protection::Seat) => {
                Ok(Some(IssuerSeat { _file: file }))
            }
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(AppError::file(&path)(error)),
        }
    }
}

/// Leaves the number of this process in the file, for people who ask who issues.
fn note_holder(mut file: &File) -> std::io::Result<()> {
    file.set_len(0)?;
    writeln!(file, "{}", std::process::id())
}

/// Which other process has the seat of a folder.
pub(super) fn holder_of(folder: &Path) -> SeatHolder {
    let path = folder.join(SEAT_FILE);
    let Ok(file) = File::open(&path) else {
        return SeatHolder::Nobody;
    };
    // Let go of at once: nobody who wants the seat meanwhile waits for long.
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {
            let number = std::fs::read_to_string(&path).ok();
            SeatHolder::Other(number.and_then(|it| it.trim().parse().ok()))
        }
        _ => SeatHolder::Nobody,
    }
}
