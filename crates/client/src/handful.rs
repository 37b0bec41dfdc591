//! What fails for every number (a wrong address, a token that is refused) ends a list after a handful
//! of calls.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::words::Words;
use crate::{Engine, Failure};

/// The turns of one list's calls.
pub(crate) struct Handful {
    engine: Engine,
    operation: &'static str,
    /// What was said before the list began.
    before: Words,
    turns: Semaphore,
    /// Turns that are not given before the first answer.
    held_back: AtomicUsize,
    /// Taken by whoever finds out what a failure means: one at a time, the others wait.
    pub(crate) finding: tokio::sync::Mutex<()>,
}

/// Leave to send one call of the list.
pub(crate) struct Turn<'a> {
    handful: &'a Handful,
    _permit: SemaphorePermit<'a>,
}

impl Handful {
    pub(crate) fn new(engine: &Engine, operation: &'static str) -> Handful {
        let before = engine.words(operation);
        let settings = engine.settings();
        let all = settings.concurrency.max(settings.batch_window).max(1);
        let first = match settings.first_wave {
            0 => all,
            _ if before.are_good() => all,
            first => first.min(all),
        };
        Handful {
            engine: engine.clone(),
            operation,
            before,
            turns: Semaphore::new(first),
            held_back: AtomicUsize::new(all - first),
            finding: tokio::sync::Mutex::default(),
        }
    }

    /// Waits for a turn; the failure when everything is going to fail by it.
    pub(crate) async fn turn(&self) -> Result<Turn<'_>, Failure> {
        let permit = self.turns.acquire().await;
        let permit = permit.expect("the semaphore is never closed");
        match self.over() {
            Some(failure) => Err(failure),
            None => Ok(Turn {
                handful: self,
                _permit: permit,
            }),
        }
    }

    /// The failure that ends the list.
    pub(crate) fn over(&self) -> Option<Failure> {
        self.engine.words(self.operation).common_cause(&self.before)
    }

    /// Whether a question of the list that was asked singly was answered properly.
    pub(crate) fn is_good_singly(&self) -> bool {
        self.engine.words(self.operation).good[0] > self.before.good[0]
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        let handful = self.handful;
        if handful.held_back.load(Ordering::Relaxed) == 0 {
            return;
        }
        let words = handful.engine.words(handful.operation);
        if words.good != handful.before.good || words.other != handful.before.other {
            let more = handful.held_back.swap(0, Ordering::Relaxed);
            handful.turns.add_permits(more);
        }
    }
}
