//! What a person sees of long work, and how they stop it.

use std::io::IsTerminal;
use std::time::Duration;

use chaski_core::text;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::needed::Needed;
use crate::app::AppError;

/// Lines of progress, where there is no bar.
const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// Goes on with `step`, which says whether there is more and how many numbers are done, until
/// there is no more; false when the person interrupted.
pub(in crate::cli) async fn to_the_end(
    needed: &Needed,
    total: usize,
    mut step: impl AsyncFnMut() -> Result<(bool, usize), AppError>,
) -> Result<bool, AppError> {
    let bar = bar(needed, total as u64);
    let lines = !needed.quiet && bar.is_hidden();
    let mut tick = interval_at(Instant::now() + BETWEEN_LINES, BETWEEN_LINES);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let interrupt = tokio::signal::ctrl_c();
    tokio::pin!(interrupt);
    let mut done = 0;
    loop {
        let more = tokio::select! {
            stepped = step() => {
                let (more, so_far) = stepped?;
                done = so_far;
                bar.set_position(done as u64);
                more
            }
            _ = tick.tick(), if lines => {
                anstream::eprintln!("{done}/{total}");
                continue;
            }
            _ = &mut interrupt => {
                bar.finish_and_clear();
                return Ok(false);
            }
        };
        if !more {
            bar.finish_and_clear();
            return Ok(true);
        }
    }
}

fn bar(needed: &Needed, total: u64) -> ProgressBar {
    let hidden = needed.quiet || !std::io::stderr().is_terminal();
    let target = if hidden {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    };
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len}  {eta}");
    ProgressBar::with_draw_target(Some(total), target)
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()))
}

/// Waits for what is under way after an interruption, unless the person interrupts again.
pub(in crate::cli) async fn wind_up<T>(
    needed: &Needed,
    ending: impl Future<Output = Result<T, AppError>>,
) -> Result<T, AppError> {
    needed.say(text!(
        "Interrumpido: se guardan las respuestas en camino (Ctrl-C otra vez para no esperar)…",
        "Interrupted: keeping the answers under way (Ctrl-C again not to wait)…"
    ));
    tokio::select! {
        ended = ending => ended,
        _ = tokio::signal::ctrl_c() => std::process::exit(130),
    }
}
