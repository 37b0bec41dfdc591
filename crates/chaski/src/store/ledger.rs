//! The store as the memory and audit of the engine.

use std::future::ready;

use chaski_client::{Allowance, Call, Counter, Key, Ledger, LedgerError, Memory, Taken};
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use crate::store::handle::Store;
use crate::store::sql::deed;
use crate::store::tables::calls::{CallRecord, Hit};
use crate::store::tables::counters;

impl Ledger for Store {
    fn recall<'a>(
        &'a self,
        keys: &'a [Key],
    ) -> BoxFuture<'a, Result<Vec<Option<Memory>>, LedgerError>> {
        Box::pin(async move { Ok(self.db.recall(keys).await?) })
    }

    fn remember(&self, entries: Vec<(Key, Memory)>) -> BoxFuture<'_, Result<(), LedgerError>> {
        Box::pin(async move {
            let rows = self.db.answer_rows(entries)?;
            Ok(self.db.writer.remember(rows).await?)
        })
    }

    fn forget<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool, LedgerError>> {
        Box::pin(async move { Ok(self.forget_key(key).await?) })
    }

    fn record(&self, call: Call) -> BoxFuture<'_, Result<(), LedgerError>> {
        if let Some(hit) = Hit::of(&call) {
            match self.db.writer.counts_with_equal(&self.db.keys, &hit, &call) {
                Ok(false) => {}
                counted => return Box::pin(ready(counted.map(drop).map_err(LedgerError::from))),
            }
        }
        Box::pin(async move {
            let call = CallRecord::new(&self.db.keys, call)?;
            Ok(self.db.writer.record(call).await?)
        })
    }

    fn spend<'a>(
        &'a self,
        provider: &'a str,
        month: &'a str,
        calls: u64,
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        let queued = self.db.writer.spend(provider, month, calls);
        Box::pin(ready(queued.map_err(LedgerError::from)))
    }

    fn take<'a>(&'a self, from: &'a [Allowance]) -> BoxFuture<'a, Result<Taken, LedgerError>> {
        Box::pin(async move {
            let from = from.to_vec();
            Ok(self
                .write(deed!(|connection| counters::take(connection, &from).await))
                .await?)
        })
    }

    fn give_back<'a>(&'a self, to: &'a [Allowance]) -> BoxFuture<'a, Result<(), LedgerError>> {
        Box::pin(async move {
            let to = to.to_vec();
            Ok(self
                .write(deed!(
                    |connection| counters::give_back(connection, &to).await
                ))
                .await?)
        })
    }

    fn spent<'a>(&'a self, counter: &'a Counter) -> BoxFuture<'a, Result<u64, LedgerError>> {
        Box::pin(async move { Ok(self.counted(counter).await?) })
    }

    fn claim<'a>(
        &'a self,
        keys: &'a [Key],
    ) -> BoxFuture<'a, Result<Option<Vec<bool>>, LedgerError>> {
        Box::pin(async move { Ok(self.asking.claim(keys).await?) })
    }

    fn release(&self, keys: &[Key]) {
        self.asking.release(keys);
    }

    fn note_plan<'a>(
        &'a self,
        provider: &'a str,
        spent_at: Option<Timestamp>,
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        Box::pin(async move { Ok(self.put_plan(provider, spent_at).await?) })
    }

    fn plan_spent<'a>(
        &'a self,
        provider: &'a str,
    ) -> BoxFuture<'a, Result<Option<Timestamp>, LedgerError>> {
        Box::pin(async move { Ok(self.plan_of(provider).await?) })
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), LedgerError>> {
        Box::pin(async move { Ok(self.db.writer.flush().await?) })
    }

    fn ready(&self) -> Result<(), LedgerError> {
        Ok(self.db.writer.shared().ready()?)
    }
}
