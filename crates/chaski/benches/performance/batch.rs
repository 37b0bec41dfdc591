//! A thousand distinct numbers from an upstream that takes its time: how near the whole comes to
//! what the upstream's latency alone allows.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bytes::Bytes;
use chaski_client::dialects::migo::MigoDialect;
use chaski_client::{
    Ask, Engine, Http, MemoryLedger, Only, RucQuery, Settings, Transport, TransportError,
};
use chaski_core::Ruc;
use futures_util::future::BoxFuture;
use http::{Request, Response};

use crate::kit::{ROUNDS, Report, Watch, median, ratio, rucs};
use crate::upstream::{Bare, Upstream, WINDOW, for_each, succeeded};

const NUMBERS: u32 = 1_000;
const LATENCY: f64 = 0.1;
/// Numbers in one native batch call.
const BATCH: f64 = 100.0;

pub(crate) fn measure() -> anyhow::Result<Report> {
    let runtime = tokio::runtime::Runtime::new()?;
    let numbers: Arc<[Ruc]> = rucs(0, NUMBERS).into();
    let mut report = Report::default();
    runtime.block_on(steady(&numbers, &mut report))?;
    runtime.block_on(slow_tail(&numbers, &mut report))?;
    Ok(report)
}

/// P1 and P2: every answer takes 100 ms.
async fn steady(numbers: &Arc<[Ruc]>, report: &mut Report) -> anyhow::Result<()> {
    let upstream = Upstream::start("100ms", 1)?;
    let window = Settings::default().batch_window;
    let (mut bare, mut single) = (Vec::new(), Vec::new());
    let (mut bare_native, mut native) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(through_reqwest(&upstream, numbers).await?);
        single.push(singly(&upstream, numbers, &Calls::default()).await?);
        bare_native.push(natively_through_reqwest(&upstream, numbers).await?);
        native.push(natively(&upstream, numbers).await?);
    }
    let rounds = f64::from(NUMBERS) / WINDOW as f64;
    let ideal = rounds.ceil() * LATENCY;
    let batches = (f64::from(NUMBERS) / BATCH).ceil();
    let ideal_native = (batches / window as f64).ceil() * LATENCY;
    let to_ideal = |runs: &[f64], ideal: f64| median(runs.iter().map(|wall| wall / ideal));
    report.figure("ideal of single calls, window 50", ideal, "s", "");
    report.figure("reqwest ÷ ideal", to_ideal(&bare, ideal), "×", "");
    report.figure(
        "P1 single calls ÷ ideal",
        to_ideal(&single, ideal),
        "×",
        "≤ 1.03",
    );
    report.figure("single calls ÷ reqwest", ratio(&single, &bare), "×", "");
    report.figure(
        "native batch: wall",
        median(native.iter().copied()),
        "s",
        "",
    );
    report.figure(
        "P2 native batch ÷ ideal of single calls",
        to_ideal(&native, ideal),
        "×",
        "≤ 0.10",
    );
    report.figure(
        &format!("P2 native batch ÷ its ideal, window {window}"),
        to_ideal(&native, ideal_native),
        "×",
        "≤ 1.1",
    );
    report.figure(
        "reqwest, the same batch calls ÷ their ideal",
        to_ideal(&bare_native, ideal_native),
        "×",
        "",
    );
    report.figure(
        "native batch ÷ reqwest",
        ratio(&native, &bare_native),
        "×",
        "",
    );
    Ok(())
}

/// P3: half of the answers take under 100 ms, one in a hundred over a second. Each round has a
/// sandbox of its own with the same draws for both, because it draws by request number.
async fn slow_tail(numbers: &Arc<[Ruc]>, report: &mut Report) -> anyhow::Result<()> {
    let (mut bare, mut single, mut bounds) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let seed = round as u64 + 1;
        let upstream = Upstream::start("lognormal:100ms:1s", seed)?;
        bare.push(through_reqwest(&upstream, numbers).await?);
        let upstream = Upstream::start("lognormal:100ms:1s", seed)?;
        let calls = Calls::default();
        single.push(singly(&upstream, numbers, &calls).await?);
        bounds.push(calls.lower_bound());
    }
    report.figure(
        "slow tail: lower bound",
        median(bounds.iter().copied()),
        "s",
        "",
    );
    report.figure("slow tail: reqwest ÷ bound", ratio(&bare, &bounds), "×", "");
    report.figure(
        "P3 slow tail ÷ bound",
        ratio(&single, &bounds),
        "×",
        "≤ 1.10",
    );
    report.figure("slow tail ÷ reqwest", ratio(&single, &bare), "×", "");
    Ok(())
}

async fn through_reqwest(upstream: &Upstream, numbers: &Arc<[Ruc]>) -> anyhow::Result<f64> {
    let bare = Bare::new(upstream)?;
    let watch = Watch::start()?;
    for_each(numbers, WINDOW, move |ruc| {
        let bare = bare.clone();
        async move { bare.ruc(&ruc).await }
    })
    .await?;
    Ok(watch.stop()?.wall)
}

/// All batch calls at once, as the default window allows; nothing is looked at.
async fn natively_through_reqwest(
    upstream: &Upstream,
    numbers: &Arc<[Ruc]>,
) -> anyhow::Result<f64> {
    let bare = Bare::new(upstream)?;
    let watch = Watch::start()?;
    let calls = numbers.chunks(100).map(|some| bare.rucs(some));
    futures_util::future::try_join_all(calls).await?;
    Ok(watch.stop()?.wall)
}

async fn singly(upstream: &Upstream, numbers: &[Ruc], calls: &Calls) -> anyhow::Result<f64> {
    let (engine, routes) = engine(upstream, calls)?;
    let questions: Vec<_> = numbers.iter().copied().map(RucQuery).collect();
    let watch = Watch::start()?;
    let outcomes = engine
        .lookup_each(&routes, &questions, &Ask::default())
        .await;
    let took = watch.stop()?;
    anyhow::ensure!(outcomes.len() == numbers.len());
    outcomes.iter().try_for_each(succeeded)?;
    Ok(took.wall)
}

async fn natively(upstream: &Upstream, numbers: &[Ruc]) -> anyhow::Result<f64> {
    let calls = Calls::default();
    let (engine, routes) = engine(upstream, &calls)?;
    let questions: Vec<_> = numbers.iter().copied().map(RucQuery).collect();
    let watch = Watch::start()?;
    let outcomes = engine
        .lookup_many(&routes, questions, &Ask::default())
        .all()
        .await;
    let took = watch.stop()?;
    anyhow::ensure!(outcomes.len() == numbers.len());
    outcomes.iter().try_for_each(succeeded)?;
    anyhow::ensure!(calls.count() == 10, "{} calls instead of 10", calls.count());
    Ok(took.wall)
}

fn engine(upstream: &Upstream, calls: &Calls) -> anyhow::Result<(Engine, Arc<Only<MigoDialect>>)> {
    let settings = Settings {
        concurrency: WINDOW,
        ..Settings::default()
    };
    let transport = Timed {
        http: Http::new(),
        calls: calls.clone(),
    };
    let ledger = Arc::new(MemoryLedger::new());
    upstream.engine(settings, Arc::new(transport), ledger)
}

/// How long each call took.
#[derive(Clone, Default)]
struct Calls(Arc<Mutex<Vec<Duration>>>);

impl Calls {
    fn add(&self, took: Duration) {
        self.0.lock().expect("nothing panics inside").push(took);
    }

    fn count(&self) -> usize {
        self.0.lock().expect("nothing panics inside").len()
    }

    /// No order of the calls through the window could be over sooner.
    fn lower_bound(&self) -> f64 {
        let calls = self.0.lock().expect("nothing panics inside");
        let work: f64 = calls.iter().map(Duration::as_secs_f64).sum();
        let longest = calls.iter().map(Duration::as_secs_f64).fold(0.0, f64::max);
        longest.max(work / WINDOW as f64)
    }
}

/// The product's own transport with a stop-watch.
struct Timed {
    http: Http,
    calls: Calls,
}

impl Transport for Timed {
    fn send(
        &self,
        request: Request<Bytes>,
        most_bytes: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        let began = Instant::now();
        let sent = self.http.send(request, most_bytes);
        Box::pin(async move {
            let answer = sent.await;
            self.calls.add(began.elapsed());
            answer
        })
    }
}
