//! Requests that may come twice, because their caller did not hear the answer: the same idempotency
//! key creates once.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};

use blake3::Hash;
use uuid::Uuid;

use super::{App, AppError};
pub use crate::store::{DoneBefore, Once};

/// What is known of a request when it comes.
pub enum Begun {
    /// It is the first, and no other request works on it until the ticket is dropped.
    First(Ticket),
    /// It was answered, or another request under its idempotency key was.
    Before(DoneBefore),
    /// The same key is being worked on right now.
    UnderWay,
}

/// The right to work on a request.
pub struct Ticket {
    /// What to note with what is created.
    pub once: Once,
    _alone: Alone,
}

/// Nobody else in this process works on the same place until it is dropped.
pub struct Alone {
    place: Hash,
    under_way: UnderWay,
}

/// The places being worked on in this process. Another process on the same folder does not see
/// them; it finds out in the transaction that creates.
#[derive(Clone, Default)]
pub(crate) struct UnderWay(Arc<Mutex<HashSet<Hash>>>);

impl UnderWay {
    fn change<T>(&self, change: impl FnOnce(&mut HashSet<Hash>) -> T) -> T {
        // A panic elsewhere leaves the set whole.
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Alone {
    fn drop(&mut self) {
        self.under_way.change(|all| all.remove(&self.place));
    }
}

impl App {
    /// Begins a request that may come again. `place` tells whose it is, `request` what it asks for.
    pub async fn begin_once(&self, place: Hash, request: Hash) -> Result<Begun, AppError> {
        let once = Once {
            place,
            request,
            at: self.clock.now(),
        };
        let Some(alone) = self.alone_with(place) else {
            return Ok(Begun::UnderWay);
        };
        let ticket = Ticket {
            once,
            _alone: alone,
        };
        Ok(match self.store.done_before(&once).await? {
            Some(before) => Begun::Before(before),
            None => Begun::First(ticket),
        })
    }

    /// Takes a place that requests may come to twice; none while another request is there.
    pub fn alone_with(&self, place: Hash) -> Option<Alone> {
        let under_way = self.under_way.clone();
        let is_first = under_way.change(|all| all.insert(place));
        is_first.then(|| Alone { place, under_way })
    }

    /// What a request did that was found to be done before while it was being worked on.
    pub async fn done_before(&self, once: &Once) -> Result<Option<DoneBefore>, AppError> {
        Ok(self.store.done_before(once).await?)
    }

    /// Keeps the answer of a request for when it comes again. What it created stands without it.
    pub async fn keep_answer(&self, once: &Once, created: Uuid, answer: &[u8]) {
        if let Err(error) = self.store.keep_answer(once, created, answer).await {
            tracing::warn!(
                code = error.code(),
                "the answer will be rendered again if asked for"
            );
        }
    }
}
