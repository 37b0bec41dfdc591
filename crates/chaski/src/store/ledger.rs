//! The store as the memory and audit of the engine.

use std::future::ready;

use chaski_client::{Call, Key, Ledger, LedgerError, Memory};
use futures_util::future::BoxFuture;

use super::calls::{CallRecord, Hit};
use super::{Backend, Store};

impl Ledger for Store {
    fn recall<'a>(
        &'a self,
        keys: &'a [Key],
    ) -> BoxFuture<'a, Result<Vec<Option<Memory>>, LedgerError>> {
        let Backend::Sqlite(sqlite) = &self.backend;
        Box::pin(async move { Ok(sqlite.recall(keys).await?) })
    }

    fn remember(&self, entries: Vec<(Key, Memory)>) -> BoxFuture<'_, Result<(), LedgerError>> {
        let Backend::Sqlite(sqlite) = &self.backend;
        Box::pin(async move {
            let rows = sqlite.answer_rows(entries)?;
            Ok(sqlite.writer.remember(rows).await?)
        })
    }

    fn forget<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool, LedgerError>> {
        Box::pin(async move { Ok(self.forget_key(key).await?) })
    }

    fn record(&self, call: Call) -> BoxFuture<'_, Result<(), LedgerError>> {
        let Backend::Sqlite(sqlite) = &self.backend;
        if let Some(hit) = Hit::of(&call) {
            match sqlite.writer.stands_for(&sqlite.keys, &hit, &call) {
                Ok(false) => {}
                counted => return Box::pin(ready(counted.map(drop).map_err(LedgerError::from))),
            }
        }
        Box::pin(async move {
            let call = CallRecord::new(&sqlite.keys, call)?;
            Ok(sqlite.writer.record(call).await?)
        })
    }

    fn spend<'a>(
        &'a self,
        provider: &'a str,
        month: &'a str,
        calls: u64,
    ) -> BoxFuture<'a, Result<u64, LedgerError>> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let total = sqlite.writer.spend(provider, month, calls);
        Box::pin(ready(total.map_err(LedgerError::from)))
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), LedgerError>> {
        let Backend::Sqlite(sqlite) = &self.backend;
        Box::pin(async move { Ok(sqlite.writer.flush().await?) })
    }

    fn ready(&self) -> Result<(), LedgerError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        Ok(sqlite.writer.shared().ready()?)
    }
}
