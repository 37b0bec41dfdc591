//! Logs, in English, on the error output. A command is silent unless asked with `-v` or
//! `CHASKI_LOG`; a server always says what goes wrong.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry;
use tracing_subscriber::util::SubscriberInitExt;

/// How a line of the log is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl LogFormat {
    /// The value of `CHASKI_LOG_FORMAT`; none for anything else.
    pub(crate) fn parse(text: Option<&str>) -> Option<LogFormat> {
        match text.map(str::trim) {
            None | Some("" | "text" | "texto") => Some(LogFormat::Text),
            Some("json") => Some(LogFormat::Json),
            Some(_) => None,
        }
    }
}

/// Starts logging: what `CHASKI_LOG` says, or by the number of `-v`.
pub(crate) fn start(verbose: u8, serves: bool, format: LogFormat) {
    let level = match (verbose, serves) {
        // The person reads one message, not a log line beside it.
        (0, false) => "off",
        (0, true) => "warn",
        (1, _) => "chaski=info,chaski_client=info,warn",
        _ => "chaski=debug,chaski_client=debug,chaski_sandbox=debug,info",
    };
    let filter = EnvFilter::try_from_env("CHASKI_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    let lines = layer().with_writer(std::io::stderr).with_target(false);
    // A second start, as in tests, keeps the first one.
    let _ = match format {
        LogFormat::Text => {
            let lines = lines.with_ansi(std::io::stderr().is_terminal());
            registry().with(filter).with(lines).try_init()
        }
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true);
            registry().with(filter).with(lines).try_init()
        }
    };
}
