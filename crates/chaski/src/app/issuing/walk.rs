//! Series walked: after a copy was put in place others may have gone on, and before Chaski there was
//! another system. What is found and is not ours is put on record, and its numbers are never taken.

use chaski_client::{Likeness, NubefactDocument, NubefactId, NubefactReply, SeriesName};
use uuid::Uuid;

use crate::app::AppError;
use crate::app::invoices::{InvoiceError, InvoiceRoom};
use crate::store::QueuedSeries;

/// What a walk found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WalkedSeries {
    /// The series.
    pub series: SeriesName,
    /// Its count now.
    pub last: u32,
    /// Numbers that were not on record here.
    pub found: Vec<u32>,
    /// Where it goes on: so many numbers were asked about that there are more.
    pub next: Option<u32>,
}

/// Most numbers that one walk asks about.
const MOST_WALKED: u32 = 10_000;
/// The last number of a series.
const LAST_NUMBER: u32 = 99_999_999;

impl InvoiceRoom<'_> {
    /// Walks a series on from a number until two in a row are nobody's (rule R6); what is there and was not
    /// known here is put on record.
    pub async fn walk_series(
        &self,
        series: &SeriesName,
        from: u32,
    ) -> Result<WalkedSeries, AppError> {
        self.walk(series, from, Vec::new()).await
    }

    async fn walk(
        &self,
        series: &SeriesName,
        from: u32,
        mut waiting: Vec<(Uuid, NubefactDocument)>,
    ) -> Result<WalkedSeries, AppError> {
        let (mut absent, mut last, mut found) = (0, from.saturating_sub(1), Vec::new());
        let mut whole = false;
        for numero in (from.max(1)..).take(MOST_WALKED as usize) {
            let id = NubefactId::new(series.kind, &series.serie, numero)?;
            let reply = self.nubefact.consult(&id).await;
            match reply.map_err(InvoiceError::from)? {
                Some(reply) => {
                    (absent, last) = (0, numero);
                    if self.is_one_of(&mut waiting, &id, &reply).await? {
                        continue;
                    }
                    let now = self.app.clock.now();
                    let ask = self.ask.who.to_string();
                    let adopted = self
                        .app
                        .store
                        .adopt_document(series, numero, &reply, ask, now);
                    if adopted.await? {
                        found.push(numero);
                    }
                }
                None if absent == 1 => {
                    whole = true;
                    break;
                }
                None => absent += 1,
            }
        }
        let next = (!whole).then(|| last.saturating_add(1));
        let opened = self
            .nubefact
            .open_series(series.kind, &series.serie, last)
            .await;
        let last = opened.map_err(InvoiceError::from)?;
        // Until its end is known nothing is sent in it.
        if whole {
            self.app.store.end_review(series).await?;
        }
        Ok(WalkedSeries {
            series: series.clone(),
            last,
            found,
            next,
        })
    }

    /// Whether what was found is a document that waits to be sent, which then does not any more: the oldest
    /// that is like it in everything that Nubefact tells (rule R4).
    async fn is_one_of(
        &self,
        waiting: &mut Vec<(Uuid, NubefactDocument)>,
        id: &NubefactId,
        reply: &NubefactReply,
    ) -> Result<bool, AppError> {
        let is_it = |(_, document): &(Uuid, NubefactDocument)| {
            document.likeness(id, &self.issuer.ruc, reply) == Likeness::Same
        };
        let Some(place) = waiting.iter().position(is_it) else {
            return Ok(false);
        };
        let (document, content) = waiting.remove(place);
        let (body, now) = (content.with_numero(id.numero), self.app.clock.now());
        let found = self
            .app
            .store
            .find_issued(document, id.numero, body, reply, now);
        let is_found = found.await?;
        self.app.documents_moved();
        Ok(is_found)
    }

    /// The documents of a series that wait to be sent, oldest first.
    async fn waiting_in(
        &self,
        company: Vec<u8>,
        series: &SeriesName,
    ) -> Result<Vec<(Uuid, NubefactDocument)>, AppError> {
        let store = &self.app.store;
        let queued = QueuedSeries {
            company,
            kind: series.kind.catalog_01().to_owned(),
            serie: series.serie.to_string(),
        };
        let mut waiting = Vec::new();
        for due in store.queued_documents(&queued, MOST_WALKED).await? {
            if let Some(draft) = store.document_draft(due.id).await? {
                waiting.push((due.id, NubefactDocument::from_json(&draft)?));
            }
        }
        Ok(waiting)
    }

    /// Walks every series of this issuer that is held for it.
    pub(in crate::app) async fn review_series(&self) -> Result<(), AppError> {
        if !self.app.store.has_reviews().await? {
            return Ok(());
        }
        let held = self.app.store.document_series().await?;
        let own = held.into_iter().filter(|it| {
            it.review_since.is_some() && it.count.series.issuer == self.issuer.ruc.as_str()
        });
        for row in own {
            // Some of what waits here may have been sent since the copy was taken.
            let series = &row.count.series;
            let mut from = Some(row.count.last.saturating_add(1));
            while let Some(first) = from {
                let waiting = self.waiting_in(row.company.clone(), series).await?;
                let walked = self.walk(series, first, waiting).await?;
                from = walked.next.filter(|it| *it < LAST_NUMBER);
            }
        }
        Ok(())
    }
}
