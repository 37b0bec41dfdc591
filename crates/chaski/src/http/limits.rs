//! What a request takes once its key is known, and the rate headers of that key.

use std::sync::{Arc, OnceLock};

use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::problem::Problem;
use crate::app::keys::Turn;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Where the caller leaves the turn that its key took, and its place among those at work. It has
/// the place until the request is answered.
#[derive(Clone, Default)]
pub(super) struct Taken(Arc<(OnceLock<Turn>, OnceLock<OwnedSemaphorePermit>)>);

impl Taken {
    pub(super) fn put(&self, turn: Turn) {
        // A request has one key.
        let _ = self.0.0.set(turn);
    }

    /// Takes a place, unless there is none or it has one.
    pub(super) fn take_place(&self, places: &Arc<Semaphore>) -> Result<(), Problem> {
        if self.0.1.get().is_some() {
            return Ok(());
        }
        let place = Arc::clone(places).try_acquire_owned();
        let _ = self.0.1.set(place.map_err(|_| Problem::overload())?);
        Ok(())
    }
}

/// Says what is left of the minute's requests, where the key has a limit.
pub(super) fn put_headers(headers: &mut HeaderMap, taken: &Taken) {
    let Some(turn) = taken.0.0.get() else { return };
    let seconds = turn.wait.as_secs() + u64::from(turn.wait.subsec_nanos() > 0);
    headers.insert(LIMIT, HeaderValue::from(turn.limit));
    headers.insert(REMAINING, HeaderValue::from(turn.remaining));
    headers.insert(RESET, HeaderValue::from(seconds));
}
