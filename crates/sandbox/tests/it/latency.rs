//! Latency on a paused clock: no test waits.

use std::time::Duration;

use chaski_core::Lang;
use chaski_sandbox::{Latency, LatencyError, Sandbox, SandboxConfig};
use tokio::time::{Instant, timeout};

use crate::kit::{config, v2};

fn with(latency: &str) -> Sandbox {
    Sandbox::new(SandboxConfig {
        latency: latency.parse().unwrap(),
        ..config()
    })
    .unwrap()
}

async fn measure(sandbox: &Sandbox) -> Duration {
    let start = Instant::now();
    assert_eq!(
        sandbox.call(v2("ruc/20100070970")).await.unwrap().status(),
        200
    );
    start.elapsed()
}

#[tokio::test(start_paused = true)]
async fn fixed_latency_is_exact() {
    assert_eq!(measure(&with("0")).await, Duration::ZERO);
    assert_eq!(measure(&with("100ms")).await, Duration::from_millis(100));
}

#[tokio::test(start_paused = true)]
async fn log_normal_latency_has_its_median_its_tail_and_its_cap() {
    let sandbox = with("lognormal:100ms:1s:1500ms");
    let mut times = Vec::new();
    for _ in 0..2_000 {
        times.push(measure(&sandbox).await);
    }
    let again = measure(&with("lognormal:100ms:1s:1500ms")).await;
    assert_eq!(again, times[0], "the same request number waits the same");
    times.sort();
    let millis = |place: usize| times[place].as_millis();
    assert!(
        (90..112).contains(&millis(1_000)),
        "median {}",
        millis(1_000)
    );
    assert!(
        (750..1_300).contains(&millis(1_980)),
        "p99 {}",
        millis(1_980)
    );
    assert!(millis(1_999) <= 1_501, "cap {}", millis(1_999));
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_leaves_was_received_and_charged_all_the_same() {
    let sandbox = with("10s");
    let left = timeout(Duration::from_secs(1), sandbox.call(v2("ruc/20100070970"))).await;
    assert!(left.is_err());
    assert_eq!((sandbox.ledger().len(), sandbox.charged()), (1, 1));
}

#[test]
fn text_becomes_latency() {
    let check = |text: &str, expected: Option<&str>| {
        let parsed: Result<Latency, LatencyError> = text.parse();
        assert_eq!(
            parsed.map(|latency| latency.to_string()).ok().as_deref(),
            expected,
            "{text}"
        );
    };
    check("0", Some("0"));
    check("ninguna", Some("0"));
    check("100ms", Some("100ms"));
    check(" 2s ", Some("2s"));
    check("1500ms", Some("1500ms"));
    check("3000ms", Some("3s"));
    check("lognormal:100ms:1s", Some("lognormal:100ms:1s:10s"));
    check("lognormal:100ms:1s:2s", Some("lognormal:100ms:1s:2s"));
    for wrong in [
        "",
        "100",
        "ms",
        "1.5s",
        "-1s",
        "lognormal:1s:100ms",
        "lognormal:0s:1s",
        "lognormal:1s",
        "99999999999999999h",
    ] {
        check(wrong, None);
    }
    let error = "rápido".parse::<Latency>().unwrap_err();
    assert!(
        error
            .to_string()
            .contains("«rápido». Se acepta 0, una duración")
    );
    assert!(error.message(Lang::En).starts_with("unknown latency"));
}
