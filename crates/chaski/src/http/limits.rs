//! What the door learns of a request while it is worked on, and says in headers: the rate of its key,
//! and that the sandbox answered. And the place that a request takes once its key is known.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;
use crate::app::keys::Turn;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Says that what is answered is invented. Answers about real data do not have it.
pub(super) const MODE: HeaderName = HeaderName::from_static("chaski-mode");
const SANDBOX: HeaderValue = HeaderValue::from_static("sandbox");

/// Where it is left what the door has to say.
#[derive(Clone, Default)]
pub(super) struct Learned(Arc<Slots>);

#[derive(Default)]
struct Slots {
    turn: OnceLock<Turn>,
    invented: AtomicBool,
    place: OnceLock<OwnedSemaphorePermit>,
}

impl Learned {
    /// The turn that the key took.
    pub(super) fn put_turn(&self, turn: Turn) {
        // A request has one key.
        let _ = self.0.turn.set(turn);
    }

    /// Takes a place among those at work, for as long as the request is; an error when there is none.
    pub(super) fn take_place(&self, places: &Arc<Semaphore>) -> Result<(), Problem> {
        if self.0.place.get().is_none() {
            let place = Arc::clone(places).try_acquire_owned();
            let _ = self.0.place.set(place.map_err(|_| Problem::overload())?);
        }
        Ok(())
    }

    /// The sandbox answers this request, whatever comes of it.
    pub(super) fn put_invented(&self) {
        self.0.invented.store(true, Ordering::Relaxed);
    }
}

/// Says what is left of the minute's requests, where the key has a limit, and whether the sandbox
/// answered.
pub(super) fn put_headers(headers: &mut HeaderMap, learned: &Learned) {
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
