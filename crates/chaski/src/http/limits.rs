//! The rate headers of a key.

use http::{HeaderMap, HeaderName, HeaderValue};

use crate::app::keys::Turn;

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// Where the caller leaves the turn that its key took.
#[derive(Clone, Default)]
pub(super) struct TurnTaken(std::sync::Arc<std::sync::OnceLock<Turn>>);

impl TurnTaken {
    pub(super) fn put(&self, turn: Turn) {
        // A request has one key.
        let _ = self.0.set(turn);
    }
}

/// Says what is left of the minute's requests, where the key has a limit.
pub(super) fn put_headers(headers: &mut HeaderMap, taken: &TurnTaken) {
    let Some(turn) = taken.0.get() else { return };
    let seconds = turn.wait.as_secs() + u64::from(turn.wait.subsec_nanos() > 0);
    headers.insert(LIMIT, HeaderValue::from(turn.limit));
    headers.insert(REMAINING, HeaderValue::from(turn.remaining));
    headers.insert(RESET, HeaderValue::from(seconds));
}
