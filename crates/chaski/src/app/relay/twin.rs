//! The same sale under another number: what careless programs try when they did not hear of the first.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chaski_client::{AttemptOutcome, DocumentState};
use jiff::SignedDuration;
use tokio::time::Instant;
use uuid::Uuid;

use crate::app::AppError;
use crate::app::invoices::InvoiceRoom;
use crate::store::DocumentRow;

/// How long a sale is looked for among those before it, by the store; what is remembered here need not
/// be older.
const PROBABLY_TWICE: Duration = Duration::from_mins(10);
/// An answer later than this may have found nobody who waited for it.
const HEARD_WITHIN: SignedDuration = SignedDuration::from_secs(10);

/// Documents whose senders were told that they exist.
#[derive(Default)]
pub(in crate::app) struct ToldDocuments(Mutex<HashMap<Uuid, Instant>>);

impl ToldDocuments {
    /// A sender was told.
    pub(super) fn note(&self, id: Uuid) {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        if told.len() >= 4_096 {
            told.retain(|_, at| now.duration_since(*at) < PROBABLY_TWICE);
        }
        told.insert(id, now);
    }

    fn has(&self, id: Uuid) -> bool {
        let told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.contains_key(&id)
    }
}

impl InvoiceRoom<'_> {
    /// Whether one more of the same sale is to be taken: not while the first is open, nor when it was
    /// settled in a way that its sender may not have heard of. What is being sent right now is waited for.
    pub(super) async fn another_is_meant(
        &self,
        first: Uuid,
        until: Instant,
    ) -> Result<bool, AppError> {
        let known = self.app.store.document(first).await?;
        let is_on_its_way = |it: &DocumentRow| {
            matches!(it.state, DocumentState::Queued | DocumentState::Sending) && it.tries == 0
        };
        let document = match known {
            None => return Ok(true),
            Some(document) if is_on_its_way(&document) => self.known_by(first, until).await?,
            Some(document) => document,
        };
        Ok(match document.state {
            // The number was a stranger's, or the document came to nothing: another one is right.
            DocumentState::Conflict
            | DocumentState::Returned
            | DocumentState::Released
            | DocumentState::Rejected => true,
            DocumentState::Pending
            | DocumentState::Accepted
            | DocumentState::Observed
            | DocumentState::VoidPending
            | DocumentState::Voided => {
                self.app.told_documents().has(first) || self.was_heard(&document).await?
            }
            DocumentState::Queued
            | DocumentState::Sending
            | DocumentState::InDoubt
            | DocumentState::Held => false,
        })
    }

    /// Whether a document was settled by its first answer, and soon: whoever sent it has heard.
    async fn was_heard(&self, document: &DocumentRow) -> Result<bool, AppError> {
        let Some(entry) = self.entry_by_key(document).await? else {
            return Ok(false);
        };
        let [only] = entry.attempts.as_slice() else {
            return Ok(false);
        };
        let at_once = matches!(
            only.outcome,
            Some(AttemptOutcome::Accepted {
                recovered: false,
                ..
            })
        );
        let took = only
            .concluded_at
            .map(|it| it.duration_since(document.created_at));
        Ok(at_once && took.is_some_and(|it| it <= HEARD_WITHIN))
    }
}
