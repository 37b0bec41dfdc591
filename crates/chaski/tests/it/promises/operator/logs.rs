//! JSON logs from the first line to the last, and warnings that do not flood.

use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chaski::telemetry::{Flood, MOST_KINDS, WINDOW};
use serde_json::Value;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;

use crate::cli_kit::{Numbers, Place};
use crate::cli_serve::Server;

/// Every line is an object with a level, a time and words.
#[track_caller]
fn objects(text: &str) -> Vec<Value> {
    let object = |line: &str| {
        let object: Value =
            serde_json::from_str(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
        for field in ["timestamp", "level", "message"] {
            assert!(object[field].is_string(), "{field} of {line}");
        }
        object
    };
    text.lines().map(object).collect()
}

/// A server that starts, reloads and stops; one that cannot; and a command: each line of the error
/// output is an object.
#[test]
fn d_a_log_in_json_is_json_from_the_first_line_to_the_last() {
    let mut place = Place::new();
    place.set("CHASKI_LOG_FORMAT", "json");
    let server = Server::saying(&place, &[]);
    place.run("config recargar").expect(0);
    place.write("chaski.toml", "[migo]\nrpm = -1\n");
    server.hang_up();
    crate::cli_kit::wait_until("the refusal", || place.read("banner").contains("refused"));
    assert_eq!(server.terminate(), Some(0));
    let said = objects(&place.read("banner"));
    let words: Vec<&str> = said
        .iter()
        .filter_map(|it| it["message"].as_str())
        .collect();
    assert_eq!(words, ["started", "reloaded", "reload refused", "stopping"]);
    assert_eq!(said[0]["mode"], "sandbox");
    assert!(said[2]["cause"].as_str().unwrap().contains("migo.rpm"));
    // Bad configuration, a port that is taken, words that are none.
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("serve --listen {}", taken.local_addr().unwrap());
    for line in [
        "serve",
        "serve --listen aqui",
        &taken,
        "serve --oir",
        "backup",
        "doctor",
    ] {
        if line == taken {
            std::fs::remove_file(place.path("chaski.toml")).unwrap();
        }
        let ran = place.run(line);
        assert!(ran.code != 0 || line == "doctor", "{line}");
        let said = objects(&ran.err);
        assert_eq!(said.is_empty(), line == "doctor", "{line}: {}", ran.err);
    }
    let ran = place.run("ruc 20100070970");
    assert_eq!(objects(&ran.err).len(), 1, "{}", ran.err);
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Lines;

    fn make_writer(&self) -> Lines {
        self.clone()
    }
}

impl Lines {
    fn written(&self) -> usize {
        let text = self.0.lock().unwrap();
        String::from_utf8_lossy(&text).lines().count()
    }
}

/// A storm of a warning: one line, then how often it came in each minute, and nothing is lost.
#[tokio::test(start_paused = true)]
async fn l14_a_storm_of_warnings_is_a_line_and_a_count() {
    let (flood, lines) = (Flood::default(), Lines::default());
    let layers = tracing_subscriber::registry()
        .with(flood.clone())
        .with(tracing_subscriber::fmt::layer().with_writer(lines.clone()));
    let _guard = tracing::subscriber::set_default(layers);
    let mut random = Numbers(14);
    let mut total = 0;
    for minute in 0..4_u64 {
        for second in 0..60_u64 {
            for _ in 0..30 + random.below(40) {
                let error = std::io::Error::from_raw_os_error(24);
                tracing::warn!(%error, rows = random.below(1_000), "a connection could not be accepted");
                total += 1;
            }
            // Looked at more often than there is something to say.
            if second % 5 == 4 {
                tokio::time::advance(Duration::from_secs(5)).await;
                let due = flood.due();
                if second < 59 {
                    assert!(due.is_empty(), "{minute} {second}: {due:?}");
                    continue;
                }
                let [summary] = due.as_slice() else {
                    panic!("{due:?}");
                };
                assert_eq!(summary.within, WINDOW);
                assert!(
                    summary.text.contains("could not be accepted"),
                    "{summary:?}"
                );
                // The first of all was written.
                assert_eq!(summary.repeated + u64::from(minute == 0), total);
                total = 0;
            }
        }
    }
    assert_eq!(lines.written(), 1);
    // A quiet minute, and it is news again.
    tokio::time::advance(WINDOW).await;
    assert_eq!(flood.due(), []);
    tracing::warn!(error = "otro", "a connection could not be accepted");
    assert_eq!(lines.written(), 2);
}

/// Different warnings do not hide each other; one that says something new each time is a flood too;
/// what is no warning is none of its business.
#[tokio::test(start_paused = true)]
async fn l14_what_differs_is_told_apart_up_to_a_point() {
    let (flood, lines) = (Flood::default(), Lines::default());
    let layers = tracing_subscriber::registry()
        .with(flood.clone())
        .with(tracing_subscriber::fmt::layer().with_writer(lines.clone()));
    let _guard = tracing::subscriber::set_default(layers);
    for kind in ["lote", "partners", "lote", "partners", "lote"] {
        tracing::warn!(kind, code = "almacen_lleno", "a job failed");
    }
    assert_eq!(lines.written(), 2);
    for number in 0..1_000 {
        tracing::error!(
            error = format!("{number}"),
            "the ledger could not be written"
        );
    }
    assert_eq!(lines.written(), 2 + MOST_KINDS + 1);
    for _ in 0..10 {
        tracing::info!("request");
    }
    assert_eq!(lines.written(), 2 + MOST_KINDS + 1 + 10);
    let rest = flood.rest();
    let repeated: u64 = rest.iter().map(|it| it.repeated).sum();
    assert_eq!(repeated, 3 + 1_000 - (MOST_KINDS as u64 + 1));
}
