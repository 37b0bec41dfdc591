//! What the door learns of a request while it is worked on, and says in headers: the rate of its key,
//! and that the sandbox answered. And the place that a request takes once its key is known.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use uuid::Uuid;

use super::{Problem, RoomHeld};
use crate::app::keys::Turn;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Says that what is answered is invented. Answers about real data do not have it.
pub(crate) const MODE: HeaderName = HeaderName::from_static("chaski-mode");
const SANDBOX: HeaderValue = HeaderValue::from_static("sandbox");

/// Where it is left what the door has to say.
#[derive(Clone, Default)]
pub(crate) struct Learned(Arc<Slots>);

#[derive(Default)]
struct Slots {
    turn: OnceLock<Turn>,
    invented: AtomicBool,
    place: OnceLock<OwnedSemaphorePermit>,
    owner: OnceLock<Uuid>,
    held: Mutex<Vec<RoomHeld>>,
}

impl Learned {
    /// The turn that the key took.
    pub(crate) fn put_turn(&self, turn: Turn) {
        // A request has one key.
        let _ = self.0.turn.set(turn);
    }

    /// Takes a place among those at work, for as long as the request is; an error when there is none.
    pub(crate) fn take_place(
        &self,
        places: &Arc<Semaphore>,
        owner: Option<Uuid>,
    ) -> Result<(), Problem> {
        if let Some(owner) = owner {
            let _ = self.0.owner.set(owner);
        }
        if self.0.place.get().is_none() {
            let place = Arc::clone(places).try_acquire_owned();
            let _ = self.0.place.set(place.map_err(|_| Problem::overload())?);
        }
        Ok(())
    }

    /// Whose request it is, once that is known.
    pub(crate) fn owner(&self) -> Option<Uuid> {
        self.0.owner.get().copied()
    }

    /// Keeps what the request needs, for as long as it is worked on.
    pub(crate) fn keep(&self, held: RoomHeld) {
        let mut kept = self.0.held.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(held);
    }

    /// The sandbox answers this request, whatever comes of it.
    pub(crate) fn put_invented(&self) {
        self.0.invented.store(true, Ordering::Relaxed);
    }
}

/// Says what is left of the minute's requests, where the key has a limit, and whether the sandbox
/// answered.
pub(crate) fn put_headers(headers: &mut HeaderMap, learned: &Learned) {
    if learned.0.invented.load(Ordering::Relaxed) {
        headers.insert(MODE, SANDBOX);
    }
    let Some(turn) = learned.0.turn.get() else {
        return;
    };
    let seconds = turn.wait.as_secs() + u64::from(turn.wait.subsec_nanos() > 0);
    headers.insert(LIMIT, HeaderValue::from(turn.limit));
    headers.insert(REMAINING, HeaderValue::from(turn.remaining));
    headers.insert(RESET, HeaderValue::from(seconds));
}
