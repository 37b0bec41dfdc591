//! Logs, in English, on the error output. A command is silent unless asked with `-v` or
//! `CHASKI_LOG`; a server always says what goes wrong. Where JSON is wanted every line of the error
//! output is an object, those for people and those of a panic too.

mod flood;
mod lines;

pub use flood::{Flood, MOST_KINDS, RepeatSummary, WINDOW};
pub(crate) use lines::{begin, line, writes_json};

use std::io::IsTerminal;
use std::time::Duration;

use crate::counted::counted;
use serde_json::{Map, Value};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging: what `CHASKI_LOG` says, or by the number of `-v`.
pub(crate) fn start(verbose: u8, serves: bool) -> Telling {
    let level = match (verbose, serves) {
        // The person reads one message, not a log line beside it.
        (0, false) => "off",
        (0, true) => "warn",
        (1, _) => "chaski=info,chaski_client=info,warn",
        _ => "chaski=debug,chaski_client=debug,chaski_sandbox=debug,info",
    };
    let filter = EnvFilter::try_from_env("CHASKI_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let lines = layer().with_writer(std::io::stderr).with_target(false);
    let flood = Flood::default();
    let all = registry().with(filter).with(flood.clone());
    // A second start, as in tests, keeps the first one.
    let _ = if writes_json() {
        all.with(lines.json().flatten_event(true)).try_init()
    } else {
        all.with(lines.with_ansi(std::io::stderr().is_terminal()))
            .try_init()
    };
    Telling(flood)
}

/// Says how often warnings were repeated that were not written.
pub(crate) struct Telling(Flood);

/// How often it is looked whether there is something to say.
const TOLD_EVERY: Duration = Duration::from_secs(5);

impl Telling {
    /// Goes on until the runtime ends.
    pub(crate) fn go_on(&self) -> impl Future<Output = ()> + use<> {
        let flood = self.0.clone();
        async move {
            loop {
                tokio::time::sleep(TOLD_EVERY).await;
                tell(&flood.due());
            }
        }
    }

    /// What is still to be said at the end.
    pub(crate) fn end(&self) {
        tell(&self.0.rest());
    }
}

fn tell(summaries: &[RepeatSummary]) {
    for summary in summaries {
        let (times, seconds) = (summary.repeated, summary.within.as_secs());
        let mut fields = Map::new();
        fields.insert("repeated".into(), Value::from(times));
        fields.insert("seconds".into(), Value::from(seconds));
        let text = format!(
            "repeated {} in {seconds} s: {}",
            counted(times, "time", "times"),
            summary.text
        );
        line(summary.level.as_str(), &text, fields);
    }
}
