//! What comes of a document, for whoever waits for it or watches it.

use std::sync::Arc;
use std::time::Duration;

use chaski_client::DocumentState;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use tokio::time::{Instant, timeout};
use uuid::Uuid;

use crate::app::invoices::InvoiceError;
use crate::app::{App, AppError};
use crate::store::{DocumentEvent, DocumentRow, StoredFile};

/// Another process may work on it, which sends no signal here.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
/// The same for whoever only watches.
const LOOK_AT_EASE: Duration = Duration::from_secs(1);

/// Whether it is known what became of a document: it exists, or it is given back.
pub fn is_known(state: DocumentState) -> bool {
    !matches!(
        state,
        DocumentState::Queued
            | DocumentState::Sending
            | DocumentState::InDoubt
            | DocumentState::Held
    )
}

/// Whether nothing more comes of it by itself.
pub fn has_ended(document: &DocumentRow) -> bool {
    is_known(document.state)
        && document.next.is_none()
        && document.state != DocumentState::VoidPending
}

/// What is shown of a document besides itself.
#[derive(Debug, Clone)]
pub struct DocumentStory {
    /// What happened to it, oldest first.
    pub events: Vec<DocumentEvent>,
    /// Its files that are kept.
    pub files: Vec<StoredFile>,
    /// Its newest void.
    pub void: Option<DocumentRow>,
}

impl App {
    /// Waits until it is known what became of a document, for at most so long; how it stands then.
    pub async fn wait_for_outcome(
        &self,
        id: Uuid,
        patience: Duration,
    ) -> Result<DocumentRow, AppError> {
        let until = Instant::now() + patience;
        let mut moved = self.watch_documents();
        loop {
            let document = self.store.document(id).await?;
            let document = document.ok_or(InvoiceError::NotIssuable)?;
            let left = until.saturating_duration_since(Instant::now());
            if is_known(document.state) || left.is_zero() {
                return Ok(document);
            }
            let _ = timeout(left.min(LOOK_AGAIN), moved.changed()).await;
        }
    }

    /// What happened to a document, its files and its void.
    pub async fn document_story(&self, id: Uuid) -> Result<DocumentStory, AppError> {
        Ok(DocumentStory {
            events: self.store.document_events(id).await?,
            files: self.store.document_files(id).await?,
            void: self.store.voids_of(id).await?.into_iter().next(),
        })
    }

    /// A document each time that it changes, until nothing more comes of it by itself.
    pub fn document_changes(
        self: &Arc<App>,
        first: DocumentRow,
    ) -> BoxStream<'static, Result<DocumentRow, AppError>> {
        let moved = self.watch_documents();
        let ended = has_ended(&first);
        let start = (Arc::clone(self), moved, first.clone(), ended);
        let further = stream::unfold(start, move |(app, mut moved, told, ended)| async move {
            if ended {
                return None;
            }
            let document = loop {
                let _ = timeout(LOOK_AT_EASE, moved.changed()).await;
                match app.store.document(told.id).await {
                    Ok(Some(now)) if is_same(&now, &told) => {}
                    Ok(Some(now)) => break Ok(now),
                    Ok(None) => break Err(InvoiceError::NotIssuable.into()),
                    Err(error) => break Err(error.into()),
                }
            };
            let ended = document.as_ref().map_or(true, has_ended);
            let told = document.as_ref().map_or(told, Clone::clone);
            Some((document, (app, moved, told, ended)))
        });
        stream::iter([Ok(first)]).chain(further).boxed()
    }
}

fn is_same(one: &DocumentRow, other: &DocumentRow) -> bool {
    (one.state, one.changed_at, one.numero, one.next)
        == (other.state, other.changed_at, other.numero, other.next)
}
