//! The store as the engine's ledger, with what passes through it counted: for the metrics, and for
//! the daily limit of each key.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use chaski_client::{Call, Clock, Failure, Key, Ledger, LedgerError, Memory};
use chaski_core::lima_date;
use compact_str::CompactString;
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use jiff::civil::Date;

use crate::metrics::Metrics;
use crate::store::{Store, StoreError};

/// Counts, and hands everything on to the store.
pub(super) struct Observed {
    pub(super) store: Arc<Store>,
    pub(super) metrics: Metrics,
    pub(super) paid: Arc<Paid>,
    pub(super) invented: bool,
}

/// Calls paid for each asker on a Lima day.
pub struct Paid {
    clock: Clock,
    today: Mutex<(Date, HashMap<CompactString, u64>)>,
}

impl Paid {
    /// What the store knows of today.
    pub(super) async fn load(store: &Store, clock: Clock) -> Result<Paid, StoreError> {
        let today = lima_date(clock.now());
        let midnight = chaski_core::lima_timestamp(today.at(0, 0, 0, 0));
        let paid = store.paid_calls_since(midnight).await?;
        let paid = paid.into_iter().map(|(who, calls)| (who.into(), calls));
        Ok(Paid {
            clock,
            today: Mutex::new((today, paid.collect())),
        })
    }

    /// Calls paid today for an asker.
    pub fn by(&self, who: &str) -> u64 {
        self.of_today().1.get(who).copied().unwrap_or(0)
    }

    fn add(&self, who: &CompactString) {
        *self.of_today().1.entry(who.clone()).or_default() += 1;
    }

    fn of_today(&self) -> MutexGuard<'_, (Date, HashMap<CompactString, u64>)> {
        let today = lima_date(self.clock.now());
        let mut counted = self
            .today
            .lock()
            .expect("no code panics while it holds this lock");
        if counted.0 != today {
            *counted = (today, HashMap::new());
        }
        counted
    }
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
        if call.attempt > 0 && call.outcome != Failure::Unreachable.code() {
            self.paid.add(&call.asked_by);
        }
        self.store.record(call)
    }

    fn spend<'a>(
        &'a self,
        provider: &'a str,
        month: &'a str,
        calls: u64,
    ) -> BoxFuture<'a, Result<u64, LedgerError>> {
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

    fn flush(&self) -> BoxFuture<'_, Result<(), LedgerError>> {
        self.store.flush()
    }

    fn ready(&self) -> Result<(), LedgerError> {
        self.store.ready()
    }
}
