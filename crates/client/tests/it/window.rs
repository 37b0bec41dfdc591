//! Single look-ups in a sliding window: nobody waits for the slowest of a group.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chaski_client::{Ask, Migo, Settings, Transport, TransportError};
use chaski_core::Dni;
use futures_util::future::BoxFuture;
use http::{Request, Response};
use tokio::time::{Instant, sleep};

use crate::kit::{TOKEN, response, word};

/// Answers after a time that only the number decides.
struct Tail {
    time: fn(u64) -> Duration,
}

impl Transport for Tail {
    fn send(
        &self,
        request: Request<Bytes>,
        _: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        Box::pin(async move {
            let body: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
            let dni = body["dni"].as_str().unwrap();
            sleep((self.time)(dni.parse().unwrap())).await;
            let body = format!(r#"{{"success":true,"dni":"{dni}","nombre":"PERSONA {dni}"}}"#);
            Ok(response(200, &[], &body))
        })
    }
}

async fn check(name: &str, window: u32, time: fn(u64) -> Duration) {
    let settings = Settings {
        concurrency: window as usize,
        attempt_timeout: Duration::from_mins(2),
        deadline: Duration::from_mins(2),
        ..Settings::default()
    };
    let migo = Migo::builder(TOKEN)
        .settings(settings)
        .transport(Arc::new(Tail { time }))
        .build()
        .unwrap();
    let numbers = 1..=400u64;
    let dnis: Vec<Dni> = numbers
        .clone()
        .map(|n| format!("{n:08}").parse().unwrap())
        .collect();
    let began = Instant::now();
    let outcomes = migo.dnis(&dnis, &Ask::default()).await;
    let wall = began.elapsed();
    // In the order given.
    for (dni, outcome) in dnis.iter().zip(&outcomes) {
        assert_eq!(word(outcome), "ok", "{name}");
        assert_eq!(outcome.as_ref().unwrap().value.dni, *dni, "{name}");
    }
    let work: Duration = numbers.clone().map(time).sum();
    let longest = numbers.map(time).max().unwrap();
    let ideal = (work / window).max(longest);
    assert!(
        wall <= ideal.mul_f64(1.10),
        "{name}: {wall:?}, ideal {ideal:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn one_slow_answer_holds_up_nobody() {
    check("all alike", 10, |_| Duration::from_millis(100)).await;
    check("the first is slow", 10, |n| {
        Duration::from_millis(if n == 1 { 4_000 } else { 100 })
    })
    .await;
    check("one in fifty is slow", 20, |n| {
        Duration::from_millis(if n % 50 == 7 { 300 } else { 100 })
    })
    .await;
    check("one at a time", 1, |n| {
        Duration::from_millis(n % 7 * 10 + 1)
    })
    .await;
    check("more room than questions", 500, |n| {
        Duration::from_millis(n * 10)
    })
    .await;
}

/// The futures can be moved to another task, as a server does.
#[tokio::test(start_paused = true)]
async fn it_may_run_in_a_task() {
    let migo = Migo::builder(TOKEN)
        .transport(Arc::new(Tail {
            time: |_| Duration::ZERO,
        }))
        .build()
        .unwrap();
    let task = tokio::spawn(async move {
        let dnis: Vec<Dni> = vec!["00000001".parse().unwrap()];
        migo.dnis(&dnis, &Ask::default()).await.len()
    });
    assert_eq!(task.await.unwrap(), 1);
}
