//! No list stands still, and none makes a verdict out of a failure: generated upstreams, settings and
//! askers, with the clock paused, so that whoever waits for nobody is found out at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chaski_client::{Ask, Budget, Migo, Settings, Transport, TransportError};
use chaski_core::Ruc;
use fastrand::Rng;
use futures_util::future::{BoxFuture, join_all};
use http::{Request, Response};
use tokio::time::{sleep, timeout};

use crate::kit::{TOKEN, companies, response, start};

/// What may come instead of an answer.
const FAULTS: &[(u16, &str)] = &[
    (200, "<html>"),
    (200, ""),
    (200, "[]"),
    (200, "{}"),
    (
        200,
        r#"{"success":false,"message":"Servicio no disponible"}"#,
    ),
    (200, r#"{"success":false,"message":"Unauthorized"}"#),
    (
        200,
        r#"{"ruc":"20131312955","nombre_o_razon_social":"OTRA"}"#,
    ),
    (302, ""),
    (400, ""),
    (401, r#"{"message":"Unauthenticated."}"#),
    (403, "Forbidden"),
    (404, "<html>"),
    (422, r#"{"message":"RUC"}"#),
    (429, ""),
    (500, ""),
    (503, "<html>"),
];

/// An upstream that knows every number and fails by a seed: this often, in these ways.
struct Moody {
    seed: u64,
    sent: AtomicU64,
    /// Of a hundred collections, and of a hundred single look-ups, so many fail.
    fail: [u64; 2],
    faults: Vec<(u16, &'static str)>,
    slow: bool,
}

impl Moody {
    fn new(rng: &mut Rng) -> Moody {
        let often = |rng: &mut Rng| *rng.choice(&[0, 20, 60, 100]).unwrap();
        let how_many = rng.usize(1..=3);
        Moody {
            seed: rng.u64(..),
            sent: AtomicU64::new(0),
            fail: [often(rng), often(rng)],
            faults: (0..how_many)
                .map(|_| *rng.choice(FAULTS).unwrap())
                .collect(),
            slow: rng.u8(..10) == 0,
        }
    }

    fn answer(&self, rng: &mut Rng, request: &Request<Bytes>) -> Response<Bytes> {
        let singly = !request.uri().path().ends_with("collection");
        if rng.u64(..100) < self.fail[usize::from(singly)] {
            let (status, body) = *rng.choice(&self.faults).unwrap();
            return response(status, &[], body);
        }
        let asked: serde_json::Value = serde_json::from_slice(request.body()).unwrap();
        let one = |number: &serde_json::Value| {
            let number = number.as_str().unwrap();
            format!(
                r#"{{"success":true,"ruc":"{number}","nombre_o_razon_social":"EMPRESA","estado_del_contribuyente":"ACTIVO","condicion_de_domicilio":"HABIDO"}}"#
            )
        };
        match asked.get("ruc") {
            Some(serde_json::Value::Array(numbers)) => {
                // Some collections lack a few of the numbers.
                let lack = rng.u8(..4) == 0;
                let told = numbers.iter().filter(|_| !lack || rng.u8(..10) > 0);
                let all: Vec<String> = told.map(one).collect();
                response(200, &[], &format!("[{}]", all.join(",")))
            }
            Some(number) => response(200, &[], &one(number)),
            None => response(200, &[], r#"{"success":true,"queries_left":100000}"#),
        }
    }
}

impl Transport for Moody {
    fn send(
        &self,
        request: Request<Bytes>,
        _: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let mut rng = Rng::with_seed(self.seed ^ self.sent.fetch_add(1, Ordering::SeqCst));
        Box::pin(async move {
            let silent = self.slow && rng.u8(..20) == 0;
            sleep(Duration::from_millis(if silent {
                60_000
            } else {
                rng.u64(..400)
            }))
            .await;
            match rng.u8(..40) {
                0 if self.fail[0] > 0 => Err(TransportError::Unreachable),
                1 if self.fail[0] > 0 => Err(TransportError::Broken),
                _ => Ok(self.answer(&mut rng, &request)),
            }
        })
    }
}

fn settings(rng: &mut Rng) -> Settings {
    let concurrency = *rng.choice(&[1, 2, 5, 50]).unwrap();
    Settings {
        concurrency,
        batch_window: *rng.choice(&[1, 2, 3, 10]).unwrap(),
        first_wave: *rng.choice(&[0, 1, 2, 4]).unwrap(),
        calls_per_minute: *rng.choice(&[0, 0, 0, 600]).unwrap(),
        quota: *rng.choice(&[None, None, Some(7), Some(100_000)]).unwrap(),
        ..Settings::default()
    }
}

/// What became of one list.
#[derive(Default)]
struct Asked {
    questions: usize,
    outcomes: usize,
    /// Whether a number is said not to exist: all do.
    invented: bool,
}

/// A part of the numbers, some of them twice, asked in one of several ways.
async fn one_list(migo: &Migo, numbers: &[Ruc], seed: u64) -> Asked {
    let mut rng = Rng::with_seed(seed);
    sleep(Duration::from_millis(rng.u64(..3_000))).await;
    let from = rng.usize(..numbers.len());
    let mut list = numbers[from..].to_vec();
    list.extend(numbers[from..].iter().step_by(7));
    let mut ask = Ask {
        force: rng.u8(..4) == 0,
        ..Ask::default()
    };
    if rng.u8(..3) == 0 {
        ask.deadline = Some(Duration::from_millis(rng.u64(..20_000)));
    }
    if rng.u8(..3) == 0 {
        ask = ask.budget(Budget::of(rng.u64(..60)));
    }
    let outcomes = match rng.u8(..5) {
        0 => {
            list.truncate(40);
            join_all(list.iter().map(|number| migo.ruc(number, &ask))).await
        }
        // Whoever leaves in the middle leaves nobody else waiting.
        1 => {
            let mut some = migo.rucs(&list, &ask);
            drop(timeout(Duration::from_millis(rng.u64(..2_000)), some.next()).await);
            return Asked::default();
        }
        _ => migo.rucs(&list, &ask).all().await,
    };
    Asked {
        outcomes: outcomes.len(),
        questions: list.len(),
        invented: outcomes
            .iter()
            .filter_map(|it| it.as_ref().err())
            .any(chaski_client::Error::is_not_found),
    }
}

async fn story(seed: u64) {
    let mut rng = Rng::with_seed(seed);
    let migo = Migo::builder(TOKEN)
        .settings(settings(&mut rng))
        .transport(Arc::new(Moody::new(&mut rng)))
        .clock(chaski_client::Clock::starting_at(start()))
        .build()
        .unwrap();
    let numbers = companies(*rng.choice(&[3, 90, 700, 2_500]).unwrap());
    let lists = rng.usize(1..=4);
    let all = join_all((0..lists).map(|_| one_list(&migo, &numbers, rng.u64(..))));
    let day = Duration::from_hours(24);
    let ends = timeout(day, all).await;
    let ends = ends.unwrap_or_else(|_| panic!("seed {seed}: a list stands still"));
    for asked in ends {
        assert_eq!(asked.outcomes, asked.questions, "seed {seed}");
        assert!(!asked.invented, "seed {seed}: a failure became a verdict");
    }
    let idle = timeout(day, migo.engine().idle()).await;
    assert!(idle.is_ok(), "seed {seed}: something is under way for ever");
}

#[tokio::test(start_paused = true)]
async fn however_the_upstream_fails_and_whoever_asks_beside() {
    for seed in 0..300 {
        story(seed).await;
    }
}
