//! The same question asked by many at once is one call.
//!
//! A flight runs in a task of its own, so the first caller may leave; the others, and memory,
//! still get the answer that was paid for.

use std::any::Any;
use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use foldhash::quality::RandomState;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use crate::{Ask, Key};

/// What a flight brings home; the asker knows the type behind it.
pub(crate) type SharedOutcome = Arc<dyn Any + Send + Sync>;

/// Flights in the air. A forced look-up never joins one that may answer from memory, nor one
/// that takes no stale answer one that does.
#[derive(Default)]
pub(crate) struct Flights {
    airborne: Mutex<Airborne>,
}

type Airborne = HashMap<FlightKey, OtherFlight, RandomState>;

/// The question, whether it is forced, whether a stale answer will do.
type FlightKey = (Key, bool, bool);

/// The flight of another caller.
#[derive(Clone)]
pub(crate) struct OtherFlight {
    /// Where its outcome arrives.
    pub(crate) receiver: watch::Receiver<Option<SharedOutcome>>,
    /// Until when it may wait for its turn.
    pub(crate) until: Instant,
}

/// The asker's part in a flight.
pub(crate) enum Joined {
    /// No other caller is asking: fly, then [`Lead::land`].
    Lead(Lead),
    /// Another caller is: wait for its flight.
    Follow(OtherFlight),
}

/// The duty to land a flight. Dropped without landing (a panic), it lets the followers go on by
/// themselves.
pub(crate) struct Lead {
    flights: Arc<Flights>,
    key: FlightKey,
    sender: watch::Sender<Option<SharedOutcome>>,
}

impl Flights {
    /// Joins the flight of this question, or leads one that has time `until` then.
    pub(crate) fn join(self: &Arc<Self>, key: &Key, ask: &Ask, until: Instant) -> Joined {
        let flight_key = (key.clone(), ask.force, ask.stale_allowed);
        let mut airborne = self.lock();
        if let Some(other) = airborne.get(&flight_key) {
            return Joined::Follow(other.clone());
        }
        let (sender, receiver) = watch::channel(None);
        airborne.insert(flight_key.clone(), OtherFlight { receiver, until });
        Joined::Lead(Lead {
            flights: Arc::clone(self),
            key: flight_key,
            sender,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Airborne> {
        self.airborne
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

impl Lead {
    /// Gives the outcome to all who wait. Memory must know it already: a caller after this
    /// line starts a new flight and looks there first.
    pub(crate) fn land(self, cargo: SharedOutcome) {
        self.sender.send_replace(Some(cargo));
    }

    /// A way to hear of one's own flight.
    pub(crate) fn listen(&self) -> watch::Receiver<Option<SharedOutcome>> {
        self.sender.subscribe()
    }
}

impl Drop for Lead {
    fn drop(&mut self) {
        self.flights.lock().remove(&self.key);
    }
}

/// How many tasks of the engine are at work, so that a program about to end can wait for them.
#[derive(Default)]
pub(crate) struct AtWork {
    tasks: AtomicUsize,
    done: Notify,
}

/// Held by a task while it works.
pub(crate) struct WorkGuard(Arc<AtWork>);

impl AtWork {
    pub(crate) fn begin(self: &Arc<Self>) -> WorkGuard {
        self.tasks.fetch_add(1, Ordering::SeqCst);
        WorkGuard(Arc::clone(self))
    }

    /// Waits until no task is at work.
    pub(crate) async fn idle(&self) {
        loop {
            let done = self.done.notified();
            if self.tasks.load(Ordering::SeqCst) == 0 {
                return;
            }
            done.await;
        }
    }
}

impl Drop for WorkGuard {
    fn drop(&mut self) {
        if self.0.tasks.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.done.notify_waiters();
        }
    }
}

/// Waits for a flight; none when it was lost.
pub(crate) async fn arrival(
    mut receiver: watch::Receiver<Option<SharedOutcome>>,
) -> Option<SharedOutcome> {
    let cargo = receiver.wait_for(Option::is_some).await.ok()?;
    cargo.clone()
}
