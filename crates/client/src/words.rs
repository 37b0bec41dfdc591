//! What the upstream said lately about questions of a kind: failures that concern every number are
//! not asked for each.

use crate::Failure;

/// Counts of one operation. Those of native batch calls stand apart: a plan may lack them alone.
#[derive(Debug, Clone, Default)]
pub(crate) struct Words {
    /// Good answers, of single calls and of native batch calls.
    pub(crate) good: [u64; 2],
    /// Failures that concern every number, since the last good answer.
    bad: [u32; 2],
    /// Questions that were not accepted, one after the other: a few may be wrong by themselves.
    rejected: u32,
    /// Such failures in all.
    pub(crate) failed: u64,
    /// Other failures.
    pub(crate) other: u64,
    last: Option<Failure>,
}

/// Calls that failed in a row, without one good answer, after which nothing more is asked. A native
/// batch call counts for two: it stood for many numbers.
const HANDFUL: u32 = 3;
/// The same when there were good answers before: then it may be a few numbers.
const LONG_ROW: u32 = 10;

impl Words {
    pub(crate) fn good(&mut self, many: bool) {
        self.good[usize::from(many)] += 1;
        self.bad[usize::from(many)] = 0;
        self.rejected = 0;
        if many {
            self.bad[0] = 0;
        }
    }

    pub(crate) fn failed(&mut self, many: bool, failure: &Failure) {
        if failure.treatment().concerns_all {
            let bad = &mut self.bad[usize::from(many)];
            *bad = bad.saturating_add(1);
            self.failed += 1;
            self.last = Some(failure.clone());
        } else {
            self.other += 1;
            if *failure == Failure::Rejected && !many {
                self.rejected = self.rejected.saturating_add(1);
            }
        }
    }

    /// Whether the last answer was a good one, so that many may be asked at once.
    pub(crate) fn are_good(&self) -> bool {
        self.good != [0, 0] && self.bad == [0, 0]
    }

    /// The failure that every other question is going to end in as well, by what came after
    /// `before`.
    pub(crate) fn common_cause(&self, before: &Words) -> Option<Failure> {
        let never_good = self.good == before.good;
        let calls = self.bad[0] + 2 * self.bad[1].min(1);
        let enough = if never_good { HANDFUL } else { LONG_ROW };
        if never_good && self.rejected >= before.rejected + LONG_ROW {
            return Some(Failure::Rejected);
        }
        let over = self.failed > before.failed && self.bad[0] > 0 && calls >= enough;
        self.last.clone().filter(|_| over)
    }
}
