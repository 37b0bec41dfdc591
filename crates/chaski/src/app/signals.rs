//! What parts of one process tell each other about background work. Everything that counts is in
//! the store; this only spares them from looking all the time.

use std::sync::Arc;

use tokio::sync::watch;

/// Counters that are only watched for change. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Signals(Arc<Counters>);

#[derive(Default)]
struct Counters {
    work: watch::Sender<u64>,
    control: watch::Sender<u64>,
    progress: watch::Sender<u64>,
}

impl Signals {
    /// There is something to claim.
    pub(crate) fn work_came(&self) {
        self.0.work.send_modify(|count| *count += 1);
    }

    /// A job may have been stopped.
    pub(crate) fn control_changed(&self) {
        self.0.control.send_modify(|count| *count += 1);
        self.batch_moved();
    }

    /// A batch is further than it was.
    pub(crate) fn batch_moved(&self) {
        self.0.progress.send_modify(|count| *count += 1);
    }

    pub(crate) fn work(&self) -> watch::Receiver<u64> {
        self.0.work.subscribe()
    }

    pub(crate) fn control(&self) -> watch::Receiver<u64> {
        self.0.control.subscribe()
    }

    pub(crate) fn progress(&self) -> watch::Receiver<u64> {
        self.0.progress.subscribe()
    }
}
