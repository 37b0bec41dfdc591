//! Those who wait for what their caller has yet to send. It costs nothing to send nothing, so when
//! there are too many the one that has waited longest makes room: a client that sends at once is never it.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use tokio::sync::oneshot;

/// Everybody who waits, the oldest first.
pub(crate) struct Waiting {
    most: usize,
    queue: Mutex<VecDeque<oneshot::Sender<()>>>,
}

/// Resolves, with an error, when its owner has to make room; dropped when it waits no more.
pub(crate) type Turned = oneshot::Receiver<()>;

impl Waiting {
    pub(crate) fn new(most: usize) -> Waiting {
        Waiting {
            most,
            queue: Mutex::default(),
        }
    }

    /// Begins to wait.
    pub(crate) fn enter(&self) -> Turned {
        let (place, turned) = oneshot::channel();
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.len() >= self.most {
            queue.retain(|place| !place.is_closed());
            if queue.len() >= self.most {
                drop(queue.pop_front());
            }
        }
        queue.push_back(place);
        turned
    }
}
