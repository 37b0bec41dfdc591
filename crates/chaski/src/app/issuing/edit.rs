//! Another version of a document that came to nothing: corrected by its owner, or with the day of today
//! where Nubefact refused it for its day (rule R9 of the protocol: a new version is an edit).

use chaski_client::{DocumentState, JournalDeed};
use chaski_core::invoicing::{JsonValue, replicate};
use chaski_core::lima_date;
use rust_decimal::Decimal;

use crate::app::invoices::{InvoiceError, InvoicePlan, InvoiceRoom, ReadyInvoice};
use crate::app::issuing::AcceptOptions;
use crate::app::{App, AppError};
use crate::store::{DocumentRow, EditedDocument, NewDocument};

/// Nubefact's word for a day too far back.
const LATE: &str = "22";
/// What belongs to the wish and not to the day.
const OWN: [&str; 2] = ["numero", "codigo_unico"];

impl InvoiceRoom<'_> {
    /// What an edit would send, checked. Its series and the number that its owner brought stay.
    pub async fn plan_edit(
        &self,
        document: &DocumentRow,
        value: JsonValue,
    ) -> Result<InvoicePlan, AppError> {
        document.must_be_known()?;
        let plan = self.plan_new(value, document.sheet.clave.clone()).await?;
        if let InvoicePlan::Ready(ready) = &plan {
            let to_send = ready.to_send();
            let series = &document.series;
            let own = document.numero.filter(|_| document.own_numero);
            let same_series = to_send.kind() == series.kind && to_send.serie() == series.serie;
            if !same_series || to_send.numero() != own {
                return Err(InvoiceError::OtherName(document.name()).into());
            }
        }
        Ok(plan)
    }

    /// Puts a version that was planned in the place of the one before; it is issued under the same key.
    pub async fn edit_document(
        &self,
        document: &DocumentRow,
        ready: &ReadyInvoice,
    ) -> Result<DocumentRow, AppError> {
        let options = AcceptOptions {
            referencia: document.sheet.referencia.clone(),
            ..AcceptOptions::default()
        };
        let version = NewDocument {
            id: document.id,
            ..self.new_document(ready, &options)?
        };
        let store = &self.app.store;
        match store.edit_document(version).await? {
            EditedDocument::Queued => {}
            EditedDocument::NotInThatState => {
                let now = store.document(document.id).await?;
                let now = now.ok_or(InvoiceError::NotIssuable)?;
                now.must_be_known()?;
                return Err(InvoiceError::NotInThatState(now.state).into());
            }
            EditedDocument::CreditUsedUp(left) => {
                return Err(InvoiceError::CreditUsedUp(Decimal::new(left, 2)).into());
            }
        }
        self.app.documents_moved();
        let edited = store.document(document.id).await?;
        Ok(edited.ok_or(InvoiceError::NotIssuable)?)
    }

    /// Gives a document that was refused for its day the day of today, where the installation wants that; its
    /// due dates move with it. One that cannot be sent so stays given back.
    pub(super) async fn redate_document(&self, id: uuid::Uuid) -> Result<(), AppError> {
        let document = self.app.store.document(id).await?;
        let Some(document) = document.filter(|it| self.app.is_redated(it)) else {
            return Ok(());
        };
        let draft = self.app.store.document_draft(id).await?;
        let draft = draft.as_deref().map(JsonValue::parse);
        let Some(Ok(JsonValue::Object(before))) = draft else {
            return Ok(());
        };
        let today = lima_date(self.app.clock.now());
        let kind = crate::app::invoices::document_kind(document.series.kind);
        let before = chaski_core::invoicing::TaxDocument::new(kind, before);
        let Ok(moved) = replicate(&before, today) else {
            return Ok(());
        };
        let mut fields = moved.fields().clone();
        for name in OWN {
            if let Some(value) = before.fields().get(name) {
                fields.set(name, value.clone());
            }
        }
        let plan = self.plan_edit(&document, JsonValue::Object(fields)).await?;
        if let InvoicePlan::Ready(ready) = plan {
            self.edit_document(&document, &ready).await?;
            tracing::info!(%id, "a document refused for its day goes out with the day of today");
        }
        Ok(())
    }
}

impl App {
    /// Whether a document that was given back is going to be sent with the day of today.
    pub(super) fn is_redated(&self, document: &DocumentRow) -> bool {
        let today = lima_date(self.clock.now());
        self.config.nubefact_redate
            && document.deed == JournalDeed::Issue
            && document.state == DocumentState::Returned
            && document.code.as_deref() == Some(LATE)
            && document.issued_on.is_some_and(|day| day < today)
    }
}
