//! Waiting for what was taken on: until it is known what came of it, or the program's patience ends.

use std::time::Duration;

use chaski_client::{AttemptOutcome, DocumentState, JournalEntry};
use tokio::time::{Instant, sleep, timeout};
use uuid::Uuid;

use crate::app::AppError;
use crate::app::invoices::{InvoiceError, InvoiceRoom};
use crate::store::DocumentRow;

/// How often it is looked without a signal, which another process does not give.
const LOOK_AGAIN: Duration = Duration::from_millis(250);
/// Many move at once: they are looked at together.
const TOGETHER: Duration = Duration::from_millis(10);

/// Codes with which Nubefact works on nothing of an account, and says so at once.
const BARRED: [&str; 6] = ["10", "11", "12", "50", "51", "401"];

/// Whether a document is held for its account, and not for its pace.
pub(super) fn is_barred(document: &DocumentRow) -> bool {
    let code = document.code.as_deref();
    document.state == DocumentState::Held && code.is_some_and(|it| BARRED.contains(&it))
}

/// Whether it is known what came of a document.
pub(super) fn is_known(document: &DocumentRow) -> bool {
    match document.state {
        DocumentState::Queued | DocumentState::Sending | DocumentState::InDoubt => false,
        DocumentState::Held => is_barred(document),
        _ => true,
    }
}

impl InvoiceRoom<'_> {
    /// A document once it is known what came of it, or as it is when the time is over.
    pub(super) async fn known_by(&self, id: Uuid, until: Instant) -> Result<DocumentRow, AppError> {
        let mut moved = self.app.watch_documents();
        loop {
            let document = self.app.store.document(id).await?;
            let document = document.ok_or(InvoiceError::NotIssuable)?;
            let now = Instant::now();
            if is_known(&document) || now >= until {
                return Ok(document);
            }
            let look = LOOK_AGAIN.min(until - now);
            let _signal = timeout(look, moved.changed()).await;
            sleep(TOGETHER).await;
        }
    }

    /// What the journal knows of a document.
    pub(super) async fn entry_by_key(
        &self,
        document: &DocumentRow,
    ) -> Result<Option<JournalEntry>, AppError> {
        let key = &document.sheet.clave;
        let entry = self.journal().by_key(self.nubefact.issuer(), key).await;
        Ok(entry.map_err(InvoiceError::from)?)
    }

    /// What Nubefact said of a document last, where that was a "no".
    pub(super) async fn refused_with(
        &self,
        document: &DocumentRow,
    ) -> Result<Option<chaski_client::NubefactRefusal>, AppError> {
        let entry = self.entry_by_key(document).await?;
        let outcome = entry.as_ref().and_then(JournalEntry::last_outcome);
        Ok(match outcome {
            Some(
                AttemptOutcome::Refused { codigo, text } | AttemptOutcome::Held { codigo, text },
            ) => Some(chaski_client::NubefactRefusal {
                codigo: *codigo,
                text: text.clone(),
            }),
            _ => None,
        })
    }

    /// Gives up a document that Nubefact worked on nothing of, so that the "no" which its sender is told
    /// stays true; false where it may be on its way after all.
    pub(super) async fn give_up(&self, document: &DocumentRow) -> Result<bool, AppError> {
        let entry = self.journal().abandon(document.id).await;
        let entry = entry.map_err(InvoiceError::from)?;
        self.app.documents_moved();
        Ok(!entry.is_open() && entry.accepted().is_none())
    }
}
