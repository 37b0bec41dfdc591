//! Numbers that the upstream said do not exist.

use chaski_client::{Lookup, RucQuery};
use chaski_core::Ruc;

use super::{App, AppError};
use crate::store::{Cursor, Page, RefusalFilter, RefusalRow};

/// Of which the registry is kept: numbers of the registry of taxpayers.
const OPERATION: &str = "ruc";

impl App {
    /// A page of the RUCs that do not exist, newest first.
    pub async fn list_refusals(
        &self,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<RefusalRow>, AppError> {
        let filter = RefusalFilter {
            operation: Some(OPERATION.into()),
            ..RefusalFilter::default()
        };
        self.flush_record().await;
        Ok(self.store.refusals(&filter, limit, cursor).await?)
    }

    /// Forgets that some RUCs do not exist; says how many of them were known not to.
    pub async fn forget_refusals(&self, rucs: &[Ruc]) -> Result<u64, AppError> {
        self.flush_record().await;
        let mut gone = 0;
        for ruc in rucs {
            let key = RucQuery(*ruc).key();
            let known = self.store.forget_refusals(Some(&key)).await?;
            if known > 0 {
                // The process may remember it too.
                let _ = self.migo.engine().forget(&key).await;
            }
            gone += known;
        }
        Ok(gone)
    }

    /// Forgets all of them; says how many there were.
    pub async fn forget_all_refusals(&self) -> Result<u64, AppError> {
        self.flush_record().await;
        let gone = self.store.forget_refusals(None).await?;
        self.migo.engine().forget_at_hand();
        Ok(gone)
    }
}
