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
            let is_known = is_known(document.state) && !self.is_redated(&document);
            if is_known || left.is_zero() {
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

    /// A document each time that it or its void changes, until nothing more comes of either by itself.
    pub fn document_changes(
        self: &Arc<App>,
        id: Uuid,
    ) -> BoxStream<'static, Result<WatchedDocument, AppError>> {
        let start = (
            Arc::clone(self),
            self.watch_documents(),
            None::<WatchedDocument>,
        );
        let changes = stream::unfold(Some(start), move |state| async move {
            let (app, mut moved, told) = state?;
            if told.as_ref().is_some_and(|it| it.ended) {
                return None;
            }
            loop {
                match (app.watched(id).await, &told) {
                    (Ok(now), Some(told)) if now.is_same(told) => {
                        let _ = timeout(LOOK_AT_EASE, moved.changed()).await;
                    }
                    (Ok(now), _) => return Some((Ok(now.clone()), Some((app, moved, Some(now))))),
                    (Err(error), _) => return Some((Err(error), None)),
                }
            }
        });
        changes.boxed()
    }

    async fn watched(&self, id: Uuid) -> Result<WatchedDocument, AppError> {
        let document = self.store.document(id).await?;
        let document = document.ok_or(InvoiceError::NotIssuable)?;
        let story = self.document_story(id).await?;
        Ok(WatchedDocument {
            ended: has_ended(&document) && story.void.as_ref().is_none_or(has_ended),
            document,
            story,
        })
    }
}

/// A document as whoever watches it sees it.
#[derive(Debug, Clone)]
pub struct WatchedDocument {
    /// The document.
    pub document: DocumentRow,
    /// What happened to it.
    pub story: DocumentStory,
    /// Whether nothing more comes of it by itself.
    pub ended: bool,
}

impl WatchedDocument {
    fn is_same(&self, other: &WatchedDocument) -> bool {
        let void =
            |it: &WatchedDocument| it.story.void.as_ref().map(|it| (it.id, it.state, it.next));
        let (one, two) = (&self.document, &other.document);
        (one.state, one.numero, one.next) == (two.state, two.numero, two.next)
            && void(self) == void(other)
            && self.story.events.len() == other.story.events.len()
    }
}
