//! What a person sees of long work, and how they stop it.

use std::collections::VecDeque;
use std::io::IsTerminal;
use std::time::Duration;

use chaski_client::Settings;
use chaski_client::dialects::migo::MOST_RUCS;
use chaski_core::{Lang, Text, text};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use super::interrupt::{Heeding, leave};
use super::needed::Needed;
use crate::app::AppError;

/// Lines of progress, where there is no bar.
const BETWEEN_LINES: Duration = Duration::from_secs(5);
/// Between two looks at the time left, where there is one.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);
/// What comes sooner was known already.
const AT_ONCE: Duration = Duration::from_millis(50);
/// How far back the speed is taken: an upstream may have become slower.
const WINDOW: Duration = Duration::from_mins(1);

/// Goes on with `step`, which says whether there is more and how many numbers are done, until
/// there is no more; false when the person interrupted.
pub(in crate::cli) async fn to_the_end(
    needed: &Needed,
    total: usize,
    mut step: impl AsyncFnMut() -> Result<(bool, usize), AppError>,
) -> Result<bool, AppError> {
    let _heeding = Heeding::begin();
    let bar = bar(needed, total as u64);
    let lines = !needed.quiet && bar.is_hidden();
    let between = if lines { BETWEEN_LINES } else { BETWEEN_LOOKS };
    let mut tick = interval_at(Instant::now() + between, between);
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let interrupt = tokio::signal::ctrl_c();
    tokio::pin!(interrupt);
    let mut pace = Pace::begin(Instant::now(), &needed.config.settings, total);
    let mut done = 0;
    loop {
        let more = tokio::select! {
            stepped = step() => {
                let (more, so_far) = stepped?;
                done = so_far;
                pace.note(Instant::now(), done);
                bar.set_position(done as u64);
                more
            }
            _ = tick.tick() => {
                let left = pace.left(Instant::now(), total.saturating_sub(done));
                let left = left.map_or_else(String::new, |left| in_words(left, needed.lang()));
                if lines {
                    anstream::eprintln!("{done}/{total} RUC  {left}");
                } else {
                    bar.set_message(left);
                    bar.tick();
                }
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

fn target(needed: &Needed) -> ProgressDrawTarget {
    if needed.quiet || !std::io::stderr().is_terminal() {
        ProgressDrawTarget::hidden()
    } else {
        ProgressDrawTarget::stderr()
    }
}

/// Says what is waited for, on a screen and as long as it takes.
pub(in crate::cli) async fn while_waiting<T>(
    needed: &Needed,
    what: Text,
    deed: impl Future<Output = T>,
) -> T {
    let bar = ProgressBar::with_draw_target(None, target(needed));
    let style = ProgressStyle::with_template("{spinner} {msg}");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.set_message(what.pick(needed.lang()));
    bar.enable_steady_tick(BETWEEN_LOOKS);
    let done = deed.await;
    bar.finish_and_clear();
    done
}

/// A bar that stands there from the first moment, at nothing.
fn bar(needed: &Needed, total: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:32} {pos}/{len}  {msg}");
    let bar = ProgressBar::with_draw_target(Some(total), target(needed))
        .with_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.tick();
    bar
}

/// How fast numbers are done, for what is left to tell.
///
/// Calls go out in windows, and their answers come in bursts; the first window is smaller than those that
/// follow. So until one whole window has come after the first answers, what is left is so many windows of
/// the length of the first call; from then on the speed is taken from the first answers to the last ones,
/// and not up to now. What was known before the first call does not count.
struct Pace {
    began: Instant,
    /// How many numbers are asked at once.
    window: usize,
    /// Calls a minute, where there is a limit.
    a_minute: u32,
    /// Numbers to be asked about, all together.
    to_ask: usize,
    /// How long the first call took.
    length: Option<Duration>,
    /// When how many were done: after the first answers, and since.
    arrivals: VecDeque<(Instant, usize)>,
}

impl Pace {
    fn begin(now: Instant, settings: &Settings, numbers: usize) -> Pace {
        Pace {
            began: now,
            window: settings.batch_window.max(1) * MOST_RUCS,
            a_minute: settings.calls_per_minute,
            to_ask: numbers,
            length: None,
            arrivals: VecDeque::from([(now, 0)]),
        }
    }

    fn note(&mut self, now: Instant, done: usize) {
        if self
            .arrivals
            .back()
            .is_some_and(|(_, before)| done <= *before)
        {
            return;
        }
        let length = *self.length.get_or_insert(now - self.began);
        if length < AT_ONCE {
            // From memory.
            self.length = None;
            self.began = now;
            self.to_ask = self.to_ask.saturating_sub(done - self.arrivals[0].1);
            self.arrivals[0] = (now, done);
        } else if now - self.began <= length * 3 / 2 {
            // One of the first answers.
            self.arrivals[0] = (now, done);
        } else {
            self.arrivals.push_back((now, done));
        }
        while self.arrivals.len() > 2 && now - self.arrivals[1].0 > WINDOW {
            self.arrivals.pop_front();
        }
    }

    /// How long `left` more take, counted down since the last arrival; none before there is a speed.
    fn left(&self, now: Instant, left: usize) -> Option<Duration> {
        let length = self.length?;
        let ((first, before), (last, done)) = (self.arrivals.front()?, self.arrivals.back()?);
        let numbers = done - before;
        let whole = if numbers < self.window {
            length.saturating_mul(u32::try_from(left.div_ceil(self.window)).ok()?)
        } else {
            let took = (*last - *first).as_secs_f64();
            // The last window of a burst takes as long as a full one.
            let left = if self.comes_in_bursts(length) {
                left.next_multiple_of(self.window)
            } else {
                left
            };
            let (left, numbers) = (u32::try_from(left).ok()?, u32::try_from(numbers).ok()?);
            Duration::try_from_secs_f64(took * f64::from(left) / f64::from(numbers)).ok()?
        };
        let by_limit = self.earliest().saturating_sub(now - self.began);
        Some(whole.saturating_sub(now - *last).max(by_limit))
    }

    /// Whether half a window came together lately.
    fn comes_in_bursts(&self, length: Duration) -> bool {
        let Some((last, done)) = self.arrivals.back() else {
            return false;
        };
        let half = done.saturating_sub(self.window / 2);
        let mut before = self.arrivals.iter().rev();
        before
            .find(|(_, done)| *done <= half)
            .is_some_and(|(at, _)| *last - *at < length / 4)
    }

    /// How long it takes at least, by the limit of calls a minute.
    fn earliest(&self) -> Duration {
        if self.a_minute == 0 {
            return Duration::ZERO;
        }
        let calls = u32::try_from(self.to_ask.div_ceil(MOST_RUCS)).unwrap_or(u32::MAX);
        // The gate lets a sixth of a minute's calls, and ten at most, go ahead of the pace.
        let late = calls.saturating_sub((self.a_minute / 6).clamp(1, 10));
        Duration::from_mins(1) / self.a_minute * late
    }
}

fn in_words(left: Duration, lang: Lang) -> String {
    let seconds = left.as_secs_f64().ceil().max(1.0);
    let time = match left.as_secs() {
        0..90 => format!("{seconds} s"),
        s @ 90..5400 => format!("{} min", s.div_ceil(60)),
        s => format!("{} h", s.div_ceil(3600)),
    };
    text!("quedan ~{time}", "~{time} left").pick(lang)
}

/// Waits for what is under way after an interruption, unless the person interrupts again.
pub(in crate::cli) async fn wind_up<T>(
    needed: &Needed,
    ending: impl Future<Output = Result<T, AppError>>,
) -> Result<T, AppError> {
    let _heeding = Heeding::begin();
    needed.say(text!(
        "Interrumpido: se guardan las respuestas en camino (Ctrl-C otra vez para no esperar)…",
        "Interrupted: keeping the answers under way (Ctrl-C again not to wait)…"
    ));
    tokio::select! {
        ended = ending => ended,
        _ = tokio::signal::ctrl_c() => leave(&text!(
            "Interrumpido sin esperar: las respuestas en camino pueden perderse. Para continuar: el mismo comando con --reanudar",
            "Interrupted without waiting: the answers under way may be lost. To go on: the same command with --reanudar"
        ).pick(needed.lang())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW_OF: usize = 10 * MOST_RUCS;

    fn pace(began: Instant, a_minute: u32, numbers: usize) -> Pace {
        let settings = Settings {
            calls_per_minute: a_minute,
            batch_window: 10,
            ..Settings::default()
        };
        Pace::begin(began, &settings, numbers)
    }

    /// A first wave, then windows that take so many seconds each: what is said of the time left, after each.
    #[track_caller]
    fn check(total: usize, wave: usize, every: u64, known: usize) {
        let began = Instant::now();
        let mut pace = pace(began, 0, total);
        pace.note(began, known);
        let (mut done, mut turn) = (known, 0);
        let windows = |left: usize| left.div_ceil(WINDOW_OF) as u64;
        let ends = 1 + windows(total - known - wave);
        while done < total {
            turn += 1;
            let now = began + Duration::from_secs(turn * every);
            let more = if turn == 1 { wave } else { WINDOW_OF };
            // Each call of a window has an answer of its own, a moment after the one before.
            let goal = (done + more).min(total);
            while done < goal {
                done = (done + MOST_RUCS).min(goal);
                pace.note(now + Duration::from_millis((done % 7) as u64), done);
            }
            let now = now + Duration::from_millis(10);
            let told = pace.left(now, total - done).expect("a speed");
            let truth = Duration::from_secs((ends - turn) * every);
            let most = truth.as_secs_f64() * 0.3 + 0.1;
            let off = (told.as_secs_f64() - truth.as_secs_f64()).abs();
            assert!(off <= most, "turn {turn}: {told:?} of {truth:?}");
            let later = pace.left(now + Duration::from_millis(500), total - done);
            assert_eq!(later, Some(told.saturating_sub(Duration::from_millis(500))));
        }
    }

    #[test]
    fn the_time_left_holds() {
        for wave in [100, 400, 1_000] {
            check(2_000, wave, 2, 0);
            check(3_000, wave, 2, 0);
            check(10_000, wave, 3, 0);
            check(10_000, wave, 8, 0);
            check(10_000, wave, 3, 4_000);
            check(100_000, wave, 8, 500);
        }
    }

    #[test]
    fn a_limit_of_calls_a_minute_is_heeded() {
        let began = Instant::now();
        let mut pace = pace(began, 60, 3_000);
        pace.note(began + Duration::from_millis(200), 1_000);
        let now = began + Duration::from_secs(1);
        assert_eq!(pace.left(now, 2_000), Some(Duration::from_secs(19)));
    }

    #[test]
    fn nothing_is_told_before_there_is_a_speed() {
        let began = Instant::now();
        let mut pace = pace(began, 0, 100);
        assert_eq!(pace.left(began, 100), None);
        pace.note(began, 50);
        assert_eq!(pace.left(began + Duration::from_secs(3), 50), None);
    }

    #[test]
    fn time_as_people_say_it() {
        let said = [0, 1, 89, 90, 600, 5400, 7201]
            .map(|seconds| in_words(Duration::from_secs(seconds), Lang::Es));
        assert_eq!(
            said.join(", "),
            "quedan ~1 s, quedan ~1 s, quedan ~89 s, quedan ~2 min, quedan ~10 min, quedan ~2 h, quedan ~3 h"
        );
    }
}
