//! How often and how soon to try again: jittered back-off, and a budget shared by all look-ups
//! of an upstream, so that an outage cannot turn into a storm.

use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// Tokens for retries. Every first attempt pays in a tenth of a token, a retry takes a whole
/// one: over time at most a tenth of the calls are retries, whatever fails.
pub(crate) struct RetryBudget {
    tenths: Mutex<u32>,
}

/// A small reserve, so that a program that asks once can still retry.
const RESERVE_TENTHS: u32 = 100;
/// Good times cannot save up for a storm.
const MOST_TENTHS: u32 = 1_000;

impl RetryBudget {
    pub(crate) fn new() -> RetryBudget {
        RetryBudget {
            tenths: Mutex::new(RESERVE_TENTHS),
        }
    }

    pub(crate) fn pay_in(&self) {
        let mut tenths = self.tenths();
        *tenths = (*tenths + 1).min(MOST_TENTHS);
    }

    pub(crate) fn take(&self) -> bool {
        let mut tenths = self.tenths();
        let enough = *tenths >= 10;
        if enough {
            *tenths -= 10;
        }
        enough
    }

    fn tenths(&self) -> MutexGuard<'_, u32> {
        self.tenths
            .lock()
            .expect("no code panics while it holds this lock")
    }
}

/// First wait before jitter.
const FIRST_WAIT: Duration = Duration::from_millis(200);
/// Longest wait before jitter.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Full jitter over an exponential ceiling: 0…200 ms, 0…400 ms, … up to 5 s. `attempt` counts
/// from 1.
pub(crate) fn back_off(attempt: u32) -> Duration {
    let ceiling = FIRST_WAIT
        .saturating_mul(1 << (attempt - 1).min(8))
        .min(LONGEST_WAIT);
    ceiling.mul_f64(fastrand::f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retries_stay_under_a_tenth_of_the_calls_plus_the_reserve() {
        let budget = RetryBudget::new();
        let mut retries = 0;
        for _ in 0..10_000 {
            budget.pay_in();
            while budget.take() {
                retries += 1;
            }
        }
        assert_eq!(retries, 10 + 1_000);
    }

    #[test]
    fn back_off_stays_under_its_ceiling() {
        for (attempt, ceiling_ms) in [(1, 200), (2, 400), (3, 800), (6, 5_000), (40, 5_000)] {
            for _ in 0..200 {
                assert!(back_off(attempt) <= Duration::from_millis(ceiling_ms));
            }
        }
    }
}
