//! The journal's file, in which commands issued before there was a database for it: taken over once, and
//! set aside.

use std::path::Path;
use std::sync::Arc;

use chaski_client::{FileJournal, FileJournalOptions, Journal};

use crate::app::invoices::{InvoiceError, JOURNAL_FILE};
use crate::app::{App, AppError};
use crate::private;

/// Name of the file once it has been taken over.
const TAKEN_OVER: &str = "emision.diario.anterior";

impl App {
    /// Takes over everything that the journal's file knows. Done again after a crash in the middle, it
    /// changes nothing that was taken over before.
    pub(super) async fn take_over_journal(&self, folder: &Path) -> Result<(), AppError> {
        let path = folder.join(JOURNAL_FILE);
        if !path.exists() {
            return Ok(());
        }
        // 1. All of it, while nobody else writes.
        let options = FileJournalOptions::default().sealer(Arc::new(self.store.folder_seal()));
        let place = path.clone();
        let opening = tokio::task::spawn_blocking(move || FileJournal::open(place, options));
        let journal = opening.await.map_err(std::io::Error::from)?;
        let journal = journal.map_err(InvoiceError::from)?;
        let counts = journal.series().await.map_err(InvoiceError::from)?;
        let mut issuers: Vec<_> = counts.iter().map(|it| it.series.issuer.clone()).collect();
        for issuer in self.issuers().await? {
            issuers.push(issuer.ruc.as_str().into());
        }
        issuers.sort_unstable();
        issuers.dedup();
        // 2. Into the database, a document at a time.
        for issuer in issuers {
            for entry in journal.entries(&issuer).await.map_err(InvoiceError::from)? {
                let mut bodies = Vec::with_capacity(entry.attempts.len());
                for attempt in &entry.attempts {
                    let body = journal.body(attempt.id).await.map_err(InvoiceError::from)?;
                    bodies.push(body.unwrap_or_default());
                }
                self.store.take_over_document(entry, bodies).await?;
            }
        }
        for count in &counts {
            self.store.take_over_series(count).await?;
        }
        drop(journal);
        // 3. It is not read again.
        let aside = folder.join(TAKEN_OVER);
        std::fs::rename(&path, &aside)
            .and_then(|()| private::sync_folder(folder))
            .map_err(AppError::file(&path))
    }
}
