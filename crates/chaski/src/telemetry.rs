//! Logs, in English, on the error output; silent unless asked for with `-v` or `CHASKI_LOG`.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

/// Starts logging: nothing by default, more with `-v`, or what `CHASKI_LOG` says.
pub(crate) fn start(verbose: u8) {
    let level = match verbose {
        // The person reads one message, not a log line beside it.
        0 => "off",
        1 => "chaski=info,chaski_client=info,warn",
        _ => "chaski=debug,chaski_client=debug,chaski_sandbox=debug,info",
    };
    let filter = EnvFilter::try_from_env("CHASKI_LOG").unwrap_or_else(|_| EnvFilter::new(level));
    // A second start, as in tests, keeps the first one.
    drop(
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(std::io::stderr().is_terminal())
            .with_target(false)
            .try_init(),
    );
}
