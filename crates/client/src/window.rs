//! Places in the window of a list.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A place in the window of a list. It is left when the answer is there, so that the next call goes
/// out while this one is read and put away.
pub(crate) struct WindowPlace(Mutex<Option<OwnedSemaphorePermit>>);

impl WindowPlace {
    pub(crate) fn new(permit: OwnedSemaphorePermit) -> WindowPlace {
        WindowPlace(Mutex::new(Some(permit)))
    }

    /// Leaves it; whether it was not left before.
    pub(crate) fn leave(&self) -> bool {
        self.permit().take().is_some()
    }

    /// Waits for a place again, if it was left.
    pub(crate) async fn come_back(&self, window: &Arc<Semaphore>) {
        if self.permit().is_none() {
            let permit = Arc::clone(window).acquire_owned().await;
            *self.permit() = permit.ok();
        }
    }

    fn permit(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
