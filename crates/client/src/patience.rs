//! Time-outs of a process that may be stopped and go on (SIGSTOP, a suspended machine).

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

/// Longest time given after a time-out that came late.
const LONGEST_GRACE: Duration = Duration::from_secs(2);

/// Waits for something until `due`; none when it did not come. A time-out that fires late means that
/// the task was not running: what arrived meanwhile lies in the socket and is read first, for which
/// there is as much time as the time-out was late, within reason.
pub(crate) async fn until<F: Future>(due: Instant, awaited: F) -> Option<F::Output> {
    let mut awaited = pin!(awaited);
    if let Ok(outcome) = timeout_at(due, awaited.as_mut()).await {
        return Some(outcome);
    }
    let late = Instant::now().saturating_duration_since(due);
    timeout(late.min(LONGEST_GRACE), awaited).await.ok()
}
