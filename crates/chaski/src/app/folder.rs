//! The data folder as doors see it: whether it can be written, who else works in it, places in lists.

use chaski_core::Ruc;

use super::{App, AppError};
use crate::store::{Company, Cursor, Figures, LastBackup, Listed, StoreError};

impl App {
    /// Why nothing can be written; none when it can.
    pub fn store_failure(&self) -> Option<StoreError> {
        self.store.failure()
    }

    /// Rows that wait to be written.
    pub fn queued_rows(&self) -> usize {
        self.store.queued_rows()
    }

    /// Whether another process has the folder open.
    pub fn is_shared(&self) -> bool {
        self.store.has_company()
    }

    /// Whose things are meant by the RUC of a company.
    pub fn company_of(&self, ruc: &Ruc) -> Company {
        self.store.company(ruc)
    }

    /// A place in a list, on its way out. It is sealed: places are counted through everybody's rows,
    /// and how many others have is their business.
    pub fn seal_cursor(&self, list: Listed, cursor: Cursor) -> Result<String, AppError> {
        Ok(self.store.sealed_cursor(list, cursor)?)
    }

    /// A place in a list that came back.
    pub fn open_cursor(&self, list: Listed, text: &str) -> Result<Cursor, AppError> {
        Ok(self.store.opened_cursor(list, text)?)
    }

    /// Whether the database is whole, and what is in it.
    pub async fn check_data(&self) -> Result<Figures, AppError> {
        self.store.check().await?;
        Ok(self.store.figures().await?)
    }

    /// Whether a row can be added.
    pub async fn probe_data(&self) -> Result<(), StoreError> {
        self.store.probe().await
    }

    /// The last copy that was made.
    pub async fn last_backup(&self) -> Result<Option<LastBackup>, AppError> {
        Ok(self.store.last_backup().await?)
    }

    /// Waits until no call is in flight and every answer is in memory.
    pub async fn idle(&self) {
        self.migo.engine().idle().await;
    }
}
