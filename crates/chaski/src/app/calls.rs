//! The record of calls, read.

use chaski_client::Ledger;
use uuid::Uuid;

use super::{App, AppError};
use crate::store::{CallFilter, CallRow, Company, Page};

impl App {
    /// A page of calls, newest first, those asked just now included: rows are written in groups.
    pub async fn list_calls(&self, filter: &CallFilter) -> Result<Page<CallRow>, AppError> {
        self.flush_record().await;
        Ok(self.store.calls(filter).await?)
    }

    /// One call; another company's does not exist.
    pub async fn find_call(
        &self,
        company: Option<Company>,
        id: Uuid,
    ) -> Result<Option<CallRow>, AppError> {
        let call = self.store.call(company, id).await?;
        Ok(call.map(|(call, _)| call))
    }

    /// Lets what was asked before be seen in lists.
    pub(super) async fn flush_record(&self) {
        // What cannot be written is told by health; what is stored can still be listed.
        let _ = self.store.flush().await;
    }
}
