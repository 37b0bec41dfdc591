//! Requests of a connection that are being worked on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Requests of a connection, as its service counts them and its reads see them.
#[derive(Clone, Default)]
pub(crate) struct Work(Arc<Requests>);

#[derive(Default)]
struct Requests {
    begun: AtomicUsize,
    ended: AtomicUsize,
}

impl Work {
    pub(crate) fn begin(&self) -> RequestUnderWay {
        self.0.begun.fetch_add(1, Ordering::Relaxed);
        RequestUnderWay(self.clone())
    }

    pub(crate) fn begun(&self) -> usize {
        self.0.begun.load(Ordering::Relaxed)
    }

    pub(crate) fn is_under_way(&self) -> bool {
        self.begun() != self.0.ended.load(Ordering::Relaxed)
    }
}

/// A request until its answer is made.
pub(crate) struct RequestUnderWay(Work);

impl Drop for RequestUnderWay {
    fn drop(&mut self) {
        self.0.0.ended.fetch_add(1, Ordering::Relaxed);
    }
}
