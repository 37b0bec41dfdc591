//! What fails for every number (a wrong address, a token that is refused) ends a list after a handful
//! of calls.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::words::Words;
use crate::{Failure, Line, Lookup, Routes, Settings, route};

/// The turns of one list's calls.
pub(crate) struct Handful {
    operation: &'static str,
    /// The upstreams, and what each had said before the list began.
    lines: Vec<(Line, Words)>,
    turns: Semaphore,
    /// Turns that are not given before the first answer.
    held_back: AtomicUsize,
    /// Held while finding out what a failure means: one at a time, the others wait.
    pub(crate) finding: tokio::sync::Mutex<()>,
}

/// Leave to send one call of the list.
pub(crate) struct ListTurn<'a> {
    handful: &'a Handful,
    _permit: SemaphorePermit<'a>,
}

impl Handful {
    pub(crate) fn new<L: Lookup>(
        routes: &impl Routes<L>,
        operation: &'static str,
        settings: &Settings,
    ) -> Handful {
        let lines: Vec<_> = route::all(routes)
            .map(|way| (way.line.clone(), way.line.words(operation)))
            .collect();
        let all = settings.concurrency.max(settings.batch_window).max(1);
        let are_good = lines.first().is_some_and(|(_, words)| words.are_good());
        let first = match settings.first_wave {
            0 => all,
            _ if are_good => all,
            first => first.min(all),
        };
        Handful {
            operation,
            lines,
            turns: Semaphore::new(first),
            held_back: AtomicUsize::new(all - first),
            finding: tokio::sync::Mutex::default(),
        }
    }

    /// Waits for a turn; the failure when everything is going to fail by it.
    pub(crate) async fn turn(&self) -> Result<ListTurn<'_>, Failure> {
        let permit = self.turns.acquire().await;
        let permit = permit.expect("the semaphore is never closed");
        match self.over() {
            Some(failure) => Err(failure),
            None => Ok(ListTurn {
                handful: self,
                _permit: permit,
            }),
        }
    }

    /// The failure that ends the list: the first upstream's, where all fail for every number.
    pub(crate) fn over(&self) -> Option<Failure> {
        let cause =
            |(line, before): &(Line, Words)| line.words(self.operation).common_cause(before);
        let mut causes = self.lines.iter().map(cause);
        let first = causes.next().flatten()?;
        causes.all(|other| other.is_some()).then_some(first)
    }

    /// Whether a question of the list that was asked singly was answered properly.
    pub(crate) fn is_good_singly(&self) -> bool {
        let is_good =
            |(line, before): &(Line, Words)| line.words(self.operation).good[0] > before.good[0];
        self.lines.iter().any(is_good)
    }
}

impl Drop for ListTurn<'_> {
    fn drop(&mut self) {
        let handful = self.handful;
        if handful.held_back.load(Ordering::Relaxed) == 0 {
            return;
        }
        let has_answered = |(line, before): &(Line, Words)| {
            let words = line.words(handful.operation);
            words.good != before.good || words.other != before.other
        };
        if handful.lines.iter().any(has_answered) {
            let more = handful.held_back.swap(0, Ordering::Relaxed);
            handful.turns.add_permits(more);
        }
    }
}
