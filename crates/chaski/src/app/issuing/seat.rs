//! Who issues with a folder. Two processes that do would be safe by their fence, and get in each other's
//! way; so one has the seat, and whoever finds it taken hands its documents over and waits.

use std::fs::{File, TryLockError};
use std::path::Path;

use crate::app::AppError;
use crate::private;

/// Name of the file whose lock is the seat.
const SEAT_FILE: &str = "emision.turno";

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
            Ok(()) => Ok(Some(IssuerSeat { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(AppError::file(&path)(error)),
        }
    }
}
