//! One at a time per key, in this process: two callers with the same wish must not both ask and both send.
//! Other processes are kept out by the journal.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use compact_str::CompactString;
use tokio::sync::OwnedMutexGuard;

type Turns = HashMap<CompactString, Arc<tokio::sync::Mutex<()>>>;

#[derive(Default)]
pub(super) struct KeyFlights(Mutex<Turns>);

/// The turn of one wish; over when dropped.
pub(super) struct KeyTurn<'a> {
    flights: &'a KeyFlights,
    key: CompactString,
    guard: Option<OwnedMutexGuard<()>>,
}

impl KeyFlights {
    pub(super) async fn turn(&self, key: &str) -> KeyTurn<'_> {
        let key = CompactString::from(key);
        let turn = {
            let mut turns = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(turns.entry(key.clone()).or_default())
        };
        // Made first, so that one who stops waiting tidies up as well.
        let mut mine = KeyTurn {
            flights: self,
            key,
            guard: None,
        };
        mine.guard = Some(turn.lock_owned().await);
        mine
    }
}

impl Drop for KeyTurn<'_> {
    fn drop(&mut self) {
        let mut turns = self
            .flights
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        drop(self.guard.take());
        // Nobody else holds it or waits for it but the map.
        if turns
            .get(&self.key)
            .is_some_and(|it| Arc::strong_count(it) == 1)
        {
            turns.remove(&self.key);
        }
    }
}
