//! The store as the engine's ledger, with what passes through it counted for the metrics.

use std::sync::Arc;

use chaski_client::{
    Allowance, Call, Counter, Key, Ledger, LedgerError, LedgerFuture, Memory, Taken,
};
use jiff::Timestamp;

use crate::metrics::Metrics;
use crate::store::Store;

/// Counts, and hands everything on to the store.
pub(super) struct Observed {
    pub(super) store: Arc<Store>,
    pub(super) metrics: Metrics,
    pub(super) invented: bool,
}

impl Ledger for Observed {
    fn recall<'a>(&'a self, keys: &'a [Key]) -> LedgerFuture<'a, Vec<Option<Memory>>> {
        Ledger::recall(&*self.store, keys)
    }

    fn remember(&self, entries: Vec<(Key, Memory)>) -> LedgerFuture<'_, ()> {
        self.store.remember(entries)
    }

    fn forget<'a>(&'a self, key: &'a Key) -> LedgerFuture<'a, bool> {
        self.store.forget(key)
    }

    fn record(&self, call: Call) -> LedgerFuture<'_, ()> {
        self.metrics.recorded(&call, self.invented);
        self.store.record(call)
    }

    fn spend<'a>(&'a self, provider: &'a str, month: &'a str, calls: u64) -> LedgerFuture<'a, ()> {
        self.store.spend(provider, month, calls)
    }

    fn note_plan<'a>(
        &'a self,
        provider: &'a str,
        spent_at: Option<Timestamp>,
    ) -> LedgerFuture<'a, ()> {
        Ledger::note_plan(&*self.store, provider, spent_at)
    }

    fn plan_spent<'a>(&'a self, provider: &'a str) -> LedgerFuture<'a, Option<Timestamp>> {
        Ledger::plan_spent(&*self.store, provider)
    }

    fn take<'a>(&'a self, from: &'a [Allowance]) -> LedgerFuture<'a, Taken> {
        self.store.take(from)
    }

    fn give_back<'a>(&'a self, to: &'a [Allowance]) -> LedgerFuture<'a, ()> {
        self.store.give_back(to)
    }

    fn spent<'a>(&'a self, counter: &'a Counter) -> LedgerFuture<'a, u64> {
        self.store.spent(counter)
    }

    fn claim<'a>(&'a self, keys: &'a [Key]) -> LedgerFuture<'a, Option<Vec<bool>>> {
        Ledger::claim(&*self.store, keys)
    }

    fn release(&self, keys: &[Key]) {
        self.store.release(keys);
    }

    fn flush(&self) -> LedgerFuture<'_, ()> {
        self.store.flush()
    }

    fn ready(&self) -> Result<(), LedgerError> {
        self.store.ready()
    }
}
