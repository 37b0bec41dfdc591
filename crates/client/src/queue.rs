//! Places for the calls in flight, first come first served. Who cannot get one in time is told early.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Instant, timeout_at};

use crate::Failure;

/// The places, and what is needed to estimate when one becomes free.
pub(crate) struct Queue {
    places: Semaphore,
    size: u32,
    line: Mutex<Line>,
    /// Microseconds that a place is held when all goes well; 0 while unknown. A call refused by
    /// it cannot be served: a slow moment must not turn away those that could be.
    held_us: AtomicU64,
    /// Calls that are over.
    over: AtomicU64,
}

/// One place, held until the call is over.
pub(crate) struct Slot<'a> {
    queue: &'a Queue,
    since: Instant,
    /// Whether it had to be waited for.
    pub(crate) waited: bool,
    /// Whether a call goes out from it.
    pub(crate) used: bool,
    _permit: Option<SemaphorePermit<'a>>,
}

/// Longest time after which a waiting asker looks again at when it is going to be its turn.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Rounds of calls that have to be over before anybody is refused by how long they took.
const ROUNDS: u64 = 4;
/// How slowly an upstream is believed to have become slower.
const SLOWLY: u64 = 64;

impl Queue {
    pub(crate) fn new(places: usize) -> Queue {
        Queue {
            places: Semaphore::new(places),
            size: u32::try_from(places).unwrap_or(u32::MAX).max(1),
            line: Mutex::default(),
            held_us: AtomicU64::new(0),
            over: AtomicU64::new(0),
        }
    }

    /// Waits for a place, but not in vain: `needed` is the time that the answer takes afterwards.
    pub(crate) async fn place(
        &self,
        deadline: Instant,
        needed: impl Fn() -> Duration,
    ) -> Result<Slot<'_>, Failure> {
        if let Ok(permit) = self.places.try_acquire() {
            return Ok(self.slot(Some(permit), false));
        }
        let waiter = Waiter {
            ticket: self.line().join(),
            queue: self,
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let pause = (left / 10).clamp(Duration::from_millis(1), LOOK_AGAIN);
        // The place in the line is kept while looking at the clock.
        let mut turn = pin!(self.places.acquire());
        loop {
            let until = deadline.min(Instant::now() + pause);
            if let Ok(permit) = timeout_at(until, turn.as_mut()).await {
                let permit = permit.expect("the semaphore is never closed");
                return Ok(self.slot(Some(permit), true));
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let short_of = (self.turn_in(waiter.ticket) + needed()).saturating_sub(left);
            if left.is_zero() || !short_of.is_zero() {
                let retry_after = (!short_of.is_zero()).then_some(short_of);
                return Err(Failure::DeadlineExceeded { retry_after });
            }
        }
    }

    /// A place beside the others, for what goes past those that wait.
    pub(crate) fn beside(&self) -> Slot<'_> {
        self.slot(None, false)
    }

    fn slot<'a>(&'a self, permit: Option<SemaphorePermit<'a>>, waited: bool) -> Slot<'a> {
        Slot {
            queue: self,
            since: Instant::now(),
            waited,
            used: false,
            _permit: permit,
        }
    }

    /// When it is going to be the turn of a ticket, rather too early than too late: those that hold
    /// places now may be about to leave them.
    fn turn_in(&self, ticket: usize) -> Duration {
        if self.over.load(Ordering::Relaxed) < ROUNDS * u64::from(self.size) {
            return Duration::ZERO;
        }
        let ahead = self.line().ahead_of(ticket);
        let held = Duration::from_micros(self.held_us.load(Ordering::Relaxed));
        held.saturating_mul(ahead.saturating_sub(self.size)) / self.size
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who waits, counted by the order in which they came.
#[derive(Default)]
struct Line {
    next: usize,
    /// Waiting tickets in each block of [`BLOCK`], from that of `first` on.
    blocks: VecDeque<u32>,
    first: usize,
}

/// Tickets that are counted together: the place in the line need not be known to the head.
const BLOCK: usize = 32;

impl Line {
    fn join(&mut self) -> usize {
        let ticket = self.next;
        self.next += 1;
        while self.first + self.blocks.len() <= ticket / BLOCK {
            self.blocks.push_back(0);
        }
        self.change(ticket, |count| count + 1);
        ticket
    }

    fn leave(&mut self, ticket: usize) {
        self.change(ticket, |count| count.saturating_sub(1));
        while self.blocks.len() > 1 && self.blocks.front() == Some(&0) {
            self.blocks.pop_front();
            self.first += 1;
        }
    }

    fn ahead_of(&self, ticket: usize) -> u32 {
        let blocks = (ticket / BLOCK).saturating_sub(self.first);
        self.blocks.iter().take(blocks).sum()
    }

    fn change(&mut self, ticket: usize, by: impl Fn(u32) -> u32) {
        let block = (ticket / BLOCK).checked_sub(self.first);
        if let Some(count) = block.and_then(|block| self.blocks.get_mut(block)) {
            *count = by(*count);
        }
    }
}

/// A caller in the queue, however it leaves it.
struct Waiter<'a> {
    ticket: usize,
    queue: &'a Queue,
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.queue.line().leave(self.ticket);
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        if !self.used {
            return;
        }
        let held = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX);
        let held = held.clamp(1, 1 << 40);
        // Two that leave at once may forget one of them: it is an estimate.
        let known = self.queue.held_us.load(Ordering::Relaxed);
        let held = match known {
            0 => held,
            known if held < known => held,
            known => known + (held - known) / SLOWLY,
        };
        self.queue.held_us.store(held, Ordering::Relaxed);
        self.queue.over.fetch_add(1, Ordering::Relaxed);
    }
}
