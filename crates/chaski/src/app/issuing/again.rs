//! A document that came to nothing for now: it is sent again, or given up.

use chaski_client::{Ask, DocumentState, JournalDeed, NubefactId, SeriesName};
use chaski_core::lima_date;
use uuid::Uuid;

use super::HandedOver;
use crate::app::invoices::{InvoiceError, InvoiceRoom, WantedInvoice};
use crate::app::{App, AppError};
use crate::store::DocumentRow;

impl DocumentRow {
    /// Refuses a deed while nobody knows whether the document exists.
    pub fn must_be_known(&self) -> Result<(), InvoiceError> {
        match self.state {
            DocumentState::InDoubt | DocumentState::Sending => {
                Err(InvoiceError::InDoubt(self.next.map(|(_, at)| at)))
            }
            _ => Ok(()),
        }
    }

    /// Its name at Nubefact; none before a number is bound.
    pub fn nubefact_id(&self) -> Option<NubefactId> {
        let series = &self.series;
        NubefactId::new(series.kind, &series.serie, self.numero?).ok()
    }
}

/// Days after the day of issue within which a void is taken; later only a nota de crédito helps.
const MOST_DAYS: i32 = 7;

impl InvoiceRoom<'_> {
    /// Takes the void of a document on, to be done by whoever issues; or says why it cannot be.
    pub async fn void_document_later(
        &self,
        document: &DocumentRow,
        motivo: &str,
        key_id: Option<Uuid>,
    ) -> Result<HandedOver, AppError> {
        // 1. Can it be?
        document.must_be_known()?;
        let Some(id) = document.nubefact_id() else {
            return Err(InvoiceError::NotInThatState(document.state).into());
        };
        if id.kind.voiding().is_none() {
            return Err(InvoiceError::VoidedElsewhere.into());
        }
        match document.state {
            DocumentState::Pending
            | DocumentState::Accepted
            | DocumentState::Observed
            | DocumentState::VoidPending
            | DocumentState::Voided => {}
            state => return Err(InvoiceError::NotInThatState(state).into()),
        }
        let voided = matches!(
            document.state,
            DocumentState::VoidPending | DocumentState::Voided
        );
        let today = lima_date(self.app.clock.now());
        let days = document
            .issued_on
            .and_then(|day| (today - day).get_days().into());
        if !voided && days.is_some_and(|days| days > MOST_DAYS) {
            return Err(InvoiceError::VoidedTooLate.into());
        }
        // 2. Ours.
        self.accept_void(&id, motivo, key_id).await
    }

    /// The documents of this company that bear a number, newest first: at most one of them exists.
    pub async fn documents_of_number(
        &self,
        series: &SeriesName,
        numero: u32,
        deed: JournalDeed,
    ) -> Result<Vec<DocumentRow>, AppError> {
        Ok(self
            .app
            .store
            .documents_of_number(series, numero, deed)
            .await?)
    }
}

impl App {
    /// A document that was given back, or whose number was a stranger's, is sent once more. One whose number
    /// was ours to give takes the next.
    pub async fn retry_document(&self, document: &DocumentRow) -> Result<DocumentRow, AppError> {
        document.must_be_known()?;
        match document.state {
            DocumentState::Returned => {}
            DocumentState::Conflict if !document.own_numero => {}
            DocumentState::Conflict => return Err(InvoiceError::NumberTheirs.into()),
            state => return Err(InvoiceError::NotInThatState(state).into()),
        }
        let now = self.clock.now();
        self.store.want_again(document.id, None, now).await?;
        self.documents_moved();
        self.as_it_is(document).await
    }

    /// A document is given up before it exists; it is never sent any more.
    pub async fn release_document(&self, document: &DocumentRow) -> Result<DocumentRow, AppError> {
        document.must_be_known()?;
        match document.state {
            DocumentState::Released => return Ok(document.clone()),
            DocumentState::Queued
            | DocumentState::Held
            | DocumentState::Returned
            | DocumentState::Conflict => {}
            state => return Err(InvoiceError::NotInThatState(state).into()),
        }
        let room = self.room_of_document(document, &Ask::default()).await?;
        let given_up = room.journal().abandon(document.id).await;
        given_up.map_err(InvoiceError::from)?;
        self.documents_moved();
        self.as_it_is(document).await
    }

    /// How a document stands is asked now.
    pub async fn ask_about_document(
        &self,
        document: &DocumentRow,
        ask: &Ask,
    ) -> Result<DocumentRow, AppError> {
        // What was never sent, nobody else knows of.
        let asked = !matches!(
            document.state,
            DocumentState::Queued | DocumentState::Released
        );
        if let Some(id) = document.nubefact_id().filter(|_| asked) {
            let room = self.room_of_document(document, ask).await?;
            let wanted = WantedInvoice {
                kind: Some(id.kind),
                serie: id.serie.to_string(),
                numero: id.numero,
            };
            match room.consult_invoice(&wanted).await {
                Ok(_) | Err(AppError::Invoice(InvoiceError::NoSuchDocument(_))) => {}
                Err(error) => return Err(error),
            }
            self.documents_moved();
        }
        self.as_it_is(document).await
    }

    async fn as_it_is(&self, document: &DocumentRow) -> Result<DocumentRow, AppError> {
        let now = self.store.document(document.id).await?;
        Ok(now.ok_or(InvoiceError::NotIssuable)?)
    }
}
