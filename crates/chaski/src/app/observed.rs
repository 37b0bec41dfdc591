//! The store as the engine's ledger, with what passes through it counted for the metrics.

use std::sync::Arc;

use chaski_client::{Allowance, Call, Counter, Key, Ledger, LedgerError, Memory, Taken};
use futures_util::future::BoxFuture;
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
    fn recall<'a>(
        &'a self,
        keys: &'a [Key],
    ) -> BoxFuture<'a, Result<Vec<Option<Memory>>, LedgerError>> {
        Ledger::recall(&*self.store, keys)
    }

    fn remember(&self, entries: Vec<(Key, Memory)>) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.store.remember(entries)
    }

    fn forget<'a>(&'a self, key: &'a Key) -> BoxFuture<'a, Result<bool, LedgerError>> {
        self.store.forget(key)
    }

    fn record(&self, call: Call) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.metrics.recorded(&call, self.invented);
        self.store.record(call)
    }

    fn spend<'a>(
        &'a self,
        provider: &'a str,
        month: &'a str,
        calls: u64,
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        self.store.spend(provider, month, calls)
    }

    fn note_plan<'a>(
        &'a self,
        provider: &'a str,
        spent_at: Option<Timestamp>,
    ) -> BoxFuture<'a, Result<(), LedgerError>> {
        Ledger::note_plan(&*self.store, provider, spent_at)
    }

    fn plan_spent<'a>(
        &'a self,
        provider: &'a str,
    ) -> BoxFuture<'a, Result<Option<Timestamp>, LedgerError>> {
        Ledger::plan_spent(&*self.store, provider)
    }

    fn take<'a>(&'a self, from: &'a [Allowance]) -> BoxFuture<'a, Result<Taken, LedgerError>> {
        self.store.take(from)
    }

    fn give_back<'a>(&'a self, to: &'a [Allowance]) -> BoxFuture<'a, Result<(), LedgerError>> {
        self.store.give_back(to)
    }

    fn spent<'a>(&'a self, counter: &'a Counter) -> BoxFuture<'a, Result<u64, LedgerError>> {
        self.store.spent(counter)
    }

    fn claim<'a>(
        &'a self,
        keys: &'a [Key],
    ) -> BoxFuture<'a, Result<Option<Vec<bool>>, LedgerError>> {
        Ledger::claim(&*self.store, keys)
    }

    fn release(&self, keys: &[Key]) {
        self.store.release(keys);
    }

    fn flush(&self) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.store.flush()
    }

    fn ready(&self) -> Result<(), LedgerError> {
        self.store.ready()
    }
}
