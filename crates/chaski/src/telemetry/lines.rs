//! Lines of the error output that do not come through `tracing`: notices for people, errors,
//! panics, the server's own words at its start and end.

use std::io::Write;
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};

use chaski_client::Clock;
use serde_json::{Map, Value};

/// One error output, one format.
static JSON: AtomicBool = AtomicBool::new(false);

/// From here on every line of the error output is written so.
pub(crate) fn begin(json: bool) {
    JSON.store(json, Ordering::Relaxed);
    if json {
        std::panic::set_hook(Box::new(panicked));
    }
}

/// Whether every line of the error output is a JSON object.
pub(crate) fn writes_json() -> bool {
    JSON.load(Ordering::Relaxed)
}

/// Writes a line as those of the log are written.
pub(crate) fn line(level: &str, message: &str, fields: Map<String, Value>) {
    let now = Clock::system().now();
    let text = if writes_json() {
        let mut row = Map::new();
        row.insert("timestamp".into(), now.to_string().into());
        row.insert("level".into(), level.into());
        // Without the colours that a screen would have shown.
        let message = anstream::adapter::strip_str(message).to_string();
        row.insert("message".into(), message.into());
        row.extend(fields);
        format!("{}\n", Value::from(row))
    } else {
        format!("{now} {level:>5} {message}\n")
    };
    // That the error output cannot be written can be told nowhere.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

fn panicked(panic: &PanicHookInfo<'_>) {
    let cause = panic.payload();
    let cause = cause
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| cause.downcast_ref::<String>().map(String::as_str));
    let mut fields = Map::new();
    if let Some(place) = panic.location() {
        fields.insert("location".into(), place.to_string().into());
    }
    if let Some(cause) = cause {
        fields.insert("cause".into(), cause.into());
    }
    line("ERROR", "panic", fields);
}
