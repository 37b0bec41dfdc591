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

/// What is handed on as it is.
macro_rules! handed_on {
    ($(fn $name:ident<$life:lifetime>(&self $(, $part:ident: $kind:ty)*) -> $said:ty;)*) => {$(
        fn $name<$life>(&$life self $(, $part: $kind)*) -> LedgerFuture<$life, $said> {
            Ledger::$name(&*self.store $(, $part)*)
        }
    )*};
}

impl Ledger for Observed {
    handed_on! {
        fn recall<'a>(&self, keys: &'a [Key]) -> Vec<Option<Memory>>;
        fn remember<'a>(&self, entries: Vec<(Key, Memory)>) -> ();
        fn forget<'a>(&self, key: &'a Key) -> bool;
        fn spend<'a>(&self, provider: &'a str, month: &'a str, calls: u64) -> ();
        fn note_plan<'a>(&self, provider: &'a str, spent_at: Option<Timestamp>) -> ();
        fn plan_spent<'a>(&self, provider: &'a str) -> Option<Timestamp>;
        fn take<'a>(&self, from: &'a [Allowance]) -> Taken;
        fn give_back<'a>(&self, to: &'a [Allowance]) -> ();
        fn spent<'a>(&self, counter: &'a Counter) -> u64;
        fn claim<'a>(&self, keys: &'a [Key]) -> Option<Vec<bool>>;
        fn flush<'a>(&self) -> ();
    }

    fn record(&self, call: Call) -> LedgerFuture<'_, ()> {
        self.metrics.recorded(&call, self.invented);
        self.store.record(call)
    }

    fn release(&self, keys: &[Key]) {
        self.store.release(keys);
    }

    fn ready(&self) -> Result<(), LedgerError> {
        self.store.ready()
    }
}
