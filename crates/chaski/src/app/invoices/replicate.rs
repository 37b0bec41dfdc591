//! The same document once more, on another day.

use chaski_core::invoicing::{JsonValue, replicate};
use chaski_core::lima_date;
use jiff::civil::Date;

use super::plan::WishState;
use super::{InvoiceError, InvoicePlan, InvoiceRoom, WantedInvoice};
use crate::app::AppError;

impl InvoiceRoom<'_> {
    /// What is going to be issued as a document's repetition: today, or on the day that is said. The same
    /// wish again is the same document.
    pub async fn replicate_invoice(
        &self,
        wanted: &WantedInvoice,
        fecha: Option<Date>,
        another: bool,
    ) -> Result<InvoicePlan, AppError> {
        let id = self.named(wanted).await?;
        let issued = self.issued(&id).await?;
        let fecha = fecha.unwrap_or_else(|| lima_date(self.app.clock.now()));
        let key = format!("copia:{id}:{}:{fecha}", id.kind.catalog_01());
        let key = match self.key_derived(&key, another).await? {
            WishState::Free(key) => key,
            known => return self.plan_known(known).await,
        };
        let copy = replicate(&issued.document, fecha).map_err(InvoiceError::from)?;
        let value = JsonValue::Object(copy.fields().clone());
        self.plan_new(value, key).await
    }
}
