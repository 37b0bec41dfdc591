//! The journal of what was issued as a file of the folder: copied when the folder is, and looked over when
//! a copy has taken its place.

use std::fs::{self, File, TryLockError};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chaski_client::{FileJournal, FileJournalOptions, Journal, JournalFault};
use chaski_core::{Lang, Text, text};

use super::backup_error::BackupFault;
use super::checkup::{CheckupFinding, Examined};
use super::invoices::{InvoiceError, JOURNAL_FILE, REVIEW_FILE};
use super::{App, AppError, folder_of};
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

/// Has the numbers of a journal that is a copy looked at before the next one is taken.
pub(super) fn mark_for_review(folder: &Path) -> Result<(), AppError> {
    let path = folder.join(REVIEW_FILE);
    if !path.exists() {
        write_new(&path, b"")?;
    }
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(AppError::file(folder))
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

impl App {
    /// How the journal is; nothing where nothing was ever issued.
    pub async fn journal_finding(&self) -> Option<CheckupFinding> {
        let path = folder_of(&self.config, self.mode).join(JOURNAL_FILE);
        if !path.exists() {
            return None;
        }
        let options = FileJournalOptions::default()
            .wait(Duration::ZERO)
            .sealer(Arc::new(self.store.folder_seal()));
        let shown = path.display().to_string();
        let opened = tokio::task::spawn_blocking(move || FileJournal::open(path, options)).await;
        let open = match opened {
            Ok(Ok(journal)) => journal.open().await,
            Ok(Err(error)) => Err(error),
            Err(_) => return None,
        };
        let journal = Examined("diario");
        Some(match open {
            Ok(open) if open.is_empty() => journal.good(text!(
                "el diario de emisión {shown} está entero y ningún comprobante está en duda",
                "the journal {shown} is whole and no document is in doubt"
            )),
            Ok(open) => {
                let count = open.len();
                journal
                    .advice(text!(
                        "comprobantes en duda, {count}: no los emita otra vez; se deciden con chaski factura listar --estado DESCONOCIDO y chaski factura consultar",
                        "documents in doubt, {count}: do not issue them again; chaski factura listar --estado DESCONOCIDO and chaski factura consultar decide them"
                    ))
                    .with("en_duda", count)
            }
            Err(error) if error.fault == JournalFault::InUse => journal.good(text!(
                "otro proceso está emitiendo con el diario {shown}",
                "another process is issuing with the journal {shown}"
            )),
            Err(error) => {
                let error = InvoiceError::from(error);
                let (es, en) = (error.message(Lang::Es), error.message(Lang::En));
                journal.bad(Text { es, en }).with("codigo", error.code())
            }
        })
    }
}
