//! What is to be done about documents, for whoever works: heads of series, what is due otherwise, files to
//! fetch, deadlines that are near.

use chaski_client::{Ask, DocumentState, FileKind, JournalDeed, NubefactKind};
use chaski_core::lima_date;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};
use uuid::Uuid;

use crate::app::{App, AppError};
use crate::store::{DocumentRow, DueDocument, QueuedSeries, SeriesRow};

/// Days after the day of issue within which SUNAT must have a factura, and anything else.
const DEADLINE: (i64, i64) = (3, 7);
/// Documents that are looked at together.
const TOGETHER: u32 = 100;

impl App {
    /// The series in which documents wait.
    pub(crate) async fn queued_series(&self) -> Result<Vec<QueuedSeries>, AppError> {
        Ok(self.store.queued_series().await?)
    }

    /// The oldest documents of a series that wait.
    pub(crate) async fn queued_documents(
        &self,
        series: &QueuedSeries,
        most: u32,
    ) -> Result<Vec<DueDocument>, AppError> {
        Ok(self.store.queued_documents(series, most).await?)
    }

    /// What is due besides sending.
    pub(crate) async fn due_documents(&self, most: u32) -> Result<Vec<DueDocument>, AppError> {
        Ok(self.store.due_documents(self.clock.now(), most).await?)
    }

    /// All series that are open.
    pub(crate) async fn open_series(&self) -> Result<Vec<SeriesRow>, AppError> {
        Ok(self.store.document_series().await?)
    }

    /// Documents whose files are to be fetched.
    pub(crate) async fn due_files(&self, most: u32) -> Result<Vec<Uuid>, AppError> {
        Ok(self.store.due_files(self.clock.now(), most).await?)
    }

    /// Fetches the files of a document that there are; what cannot be had now is fetched later.
    pub(crate) async fn fetch_files(&self, id: Uuid) -> Result<(), AppError> {
        let Some(document) = self.store.document(id).await? else {
            return Ok(());
        };
        let ruc = document.series.issuer.parse().ok();
        let room = self.invoice_room(ruc.as_ref(), &Ask::default()).await?;
        let (mut fetched, mut failed) = (Vec::new(), false);
        for kind in [FileKind::Pdf, FileKind::Xml, FileKind::Cdr] {
            // SUNAT's receipt is there once SUNAT has spoken.
            if kind == FileKind::Cdr && !document.state.is_final() {
                continue;
            }
            match room.missing_file(&document, kind).await {
                Ok(file) => fetched.extend(file),
                Err(error) => {
                    tracing::debug!(code = error.code(), "a file could not be fetched");
                    failed = true;
                }
            }
        }
        let later = (failed && document.files_tries < 20).then(|| {
            let minutes = 1_i64 << document.files_tries.min(6);
            self.clock.now().checked_add(minutes.minutes()).ok()
        });
        Ok(self
            .store
            .files_fetched(id, fetched, later.flatten())
            .await?)
    }

    /// What was due in a while stays due in that while after the clock was set back.
    pub(crate) async fn clock_was_set_back(&self, by: SignedDuration) -> Result<(), AppError> {
        tracing::warn!(
            seconds = by.as_secs(),
            "the clock was set back: what waits is due sooner by as much"
        );
        Ok(self.store.bring_forward(by).await?)
    }

    /// Tells of documents whose deadline is a day away and that SUNAT has not spoken about.
    pub(crate) async fn tell_deadlines(&self) -> Result<Vec<DocumentRow>, AppError> {
        let now = self.clock.now();
        let mut told = Vec::new();
        for document in self.near_deadline(now).await? {
            self.store.note_alarm(document.id, now).await?;
            tracing::warn!(
                state = document.state.as_str(),
                "a document is near its deadline and SUNAT has not spoken"
            );
            told.push(document);
        }
        Ok(told)
    }

    async fn near_deadline(&self, now: Timestamp) -> Result<Vec<DocumentRow>, AppError> {
        let today = lima_date(now);
        let first = today.checked_sub((DEADLINE.0 - 1).days()).unwrap_or(today);
        let documents = self.store.overdue_documents(first, TOGETHER).await?;
        let is_near = |it: &DocumentRow| {
            let series = &it.series;
            is_near_deadline(it.deed, series.kind, &series.serie, it.issued_on, today)
        };
        Ok(documents.into_iter().filter(is_near).collect())
    }

    /// How many documents there are in each state.
    pub async fn document_counts(&self) -> Result<Vec<(DocumentState, u64)>, AppError> {
        Ok(self.store.document_counts().await?)
    }

    /// When the oldest document was taken on that waits for anything.
    pub async fn oldest_pending(&self) -> Result<Option<Timestamp>, AppError> {
        Ok(self.store.oldest_pending().await?)
    }
}

/// Whether the day before the last one on which SUNAT takes a document, or its void, has come. Without a
/// day of issue it is not known.
pub(super) fn is_near_deadline(
    deed: JournalDeed,
    kind: NubefactKind,
    serie: &str,
    issued_on: Option<Date>,
    today: Date,
) -> bool {
    let longer = deed == JournalDeed::Void || kind.waits_for_summary(serie);
    let days = if longer { DEADLINE.1 } else { DEADLINE.0 };
    let day = issued_on.and_then(|it| it.checked_add((days - 1).days()).ok());
    day.is_some_and(|day| day <= today)
}
