//! The store as the memory and audit of the engine.

use std::future::ready;

use chaski_client::{
    Allowance, Call, Counter, Key, Ledger, LedgerError, LedgerFuture, Memory, Taken,
};
use jiff::Timestamp;

use crate::store::handle::Store;
use crate::store::sql::deed;
use crate::store::tables::calls::{CallRecord, Hit};
use crate::store::tables::counters;

/// What the store does, said as a ledger says it.
macro_rules! said {
    ($(fn $name:ident<$life:lifetime>(&$store:ident $(, $part:ident: $kind:ty)*) -> $said:ty {
        $work:expr
    })*) => {$(
        fn $name<$life>(&$life self $(, $part: $kind)*) -> LedgerFuture<$life, $said> {
            let $store = self;
            Box::pin(async move { Ok($work.await?) })
        }
    )*};
}

impl Ledger for Store {
    said! {
        fn recall<'a>(&it, keys: &'a [Key]) -> Vec<Option<Memory>> { it.db.recall(keys) }

        fn remember<'a>(&it, entries: Vec<(Key, Memory)>) -> () {
            it.db.writer.remember(it.db.answer_rows(entries)?)
        }

        fn forget<'a>(&it, key: &'a Key) -> bool { it.forget_key(key) }

        fn take<'a>(&it, from: &'a [Allowance]) -> Taken {
            {
                let from = from.to_vec();
                it.write(deed!(|connection| counters::take(connection, &from).await))
            }
        }

        fn give_back<'a>(&it, to: &'a [Allowance]) -> () {
            {
                let to = to.to_vec();
                it.write(deed!(|connection| counters::give_back(connection, &to).await))
            }
        }

        fn spent<'a>(&it, counter: &'a Counter) -> u64 { it.counted(counter) }

        fn claim<'a>(&it, keys: &'a [Key]) -> Option<Vec<bool>> { it.asking.claim(keys) }

        fn note_plan<'a>(&it, provider: &'a str, spent_at: Option<Timestamp>) -> () {
            it.put_plan(provider, spent_at)
        }

        fn plan_spent<'a>(&it, provider: &'a str) -> Option<Timestamp> { it.plan_of(provider) }

        fn flush<'a>(&it) -> () { it.db.writer.flush() }
    }

    fn record(&self, call: Call) -> LedgerFuture<'_, ()> {
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

    fn spend<'a>(&'a self, provider: &'a str, month: &'a str, calls: u64) -> LedgerFuture<'a, ()> {
        let queued = self.db.writer.spend(provider, month, calls);
        Box::pin(ready(queued.map_err(LedgerError::from)))
    }

    fn release(&self, keys: &[Key]) {
        self.asking.release(keys);
    }

    fn ready(&self) -> Result<(), LedgerError> {
        Ok(self.db.writer.shared().ready()?)
    }
}
