//! One look-up that memory cannot answer, over TCP to an upstream that answers at once: what the
//! engine costs above sending and reading, and what the durable audit costs above the engine.

use std::sync::Arc;

use chaski::store::{MasterKey, Store};
use chaski_client::{Ask, Http, Ledger, MemoryLedger, RucQuery, Settings};
use chaski_core::Ruc;

use crate::kit::{ROUNDS, Report, Took, Watch, median, ratio, rucs};
use crate::upstream::{Bare, Upstream, WINDOW, for_each, succeeded};

pub(crate) const CALLS: u32 = 20_000;
/// Opens the connections and fills the caches of the allocator.
pub(crate) const WARM_UP: u32 = 500;

pub(crate) fn measure() -> anyhow::Result<Report> {
    let upstream = Upstream::start("0", 1)?;
    let runtime = tokio::runtime::Runtime::new()?;
    let warm_up: Arc<[Ruc]> = rucs(0, WARM_UP).into();
    let numbers: Arc<[Ruc]> = rucs(WARM_UP * 2, CALLS).into();
    let (mut bare, mut memory, mut durable) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        bare.push(runtime.block_on(through_reqwest(&upstream, &warm_up, &numbers))?);
        let ledger = Arc::new(MemoryLedger::new());
        memory.push(runtime.block_on(through_engine(&upstream, ledger, &warm_up, &numbers))?);
        let folder = tempfile::tempdir()?;
        let store = runtime.block_on(Store::open(
            folder.path(),
            MasterKey::load_or_create(folder.path())?,
        ))?;
        let store = Arc::new(store);
        let ledger = Arc::clone(&store) as Arc<dyn Ledger>;
        durable.push(runtime.block_on(through_engine(&upstream, ledger, &warm_up, &numbers))?);
        runtime.block_on(store.close())?;
    }
    let cpu = |runs: &[Took]| -> Vec<f64> {
        let per_call = |run: &Took| run.cpu / f64::from(CALLS) * 1e6;
        runs.iter().map(per_call).collect()
    };
    let rate = |runs: &[Took]| -> Vec<f64> {
        let per_second = |run: &Took| f64::from(CALLS) / run.wall;
        runs.iter().map(per_second).collect()
    };
    let mut report = Report::default();
    for (name, runs) in [
        ("reqwest", &bare),
        ("engine, memory", &memory),
        ("engine, durable audit", &durable),
    ] {
        report.figure(
            &format!("{name}: CPU per call"),
            median(cpu(runs)),
            "µs",
            "",
        );
        report.figure(&format!("{name}: calls"), median(rate(runs)), "/s", "");
    }
    report.figure(
        "P4 CPU, durable audit ÷ reqwest",
        ratio(&cpu(&durable), &cpu(&bare)),
        "×",
        "≤ 1.5, ≤ 50 µs, ≥ 20,000/s",
    );
    report.figure(
        "P4 CPU, memory ÷ reqwest",
        ratio(&cpu(&memory), &cpu(&bare)),
        "×",
        "",
    );
    report.figure(
        "P7 calls/s, durable audit ÷ memory",
        ratio(&rate(&durable), &rate(&memory)),
        "×",
        "≥ 0.85",
    );
    Ok(report)
}

async fn through_reqwest(
    upstream: &Upstream,
    warm_up: &Arc<[Ruc]>,
    numbers: &Arc<[Ruc]>,
) -> anyhow::Result<Took> {
    let bare = Bare::new(upstream)?;
    let ask = move |ruc: Ruc| {
        let bare = bare.clone();
        async move { bare.ruc(&ruc).await }
    };
    for_each(warm_up, WINDOW, ask.clone()).await?;
    let watch = Watch::start()?;
    for_each(numbers, WINDOW, ask).await?;
    watch.stop()
}

pub(crate) async fn through_engine(
    upstream: &Upstream,
    ledger: Arc<dyn Ledger>,
    warm_up: &Arc<[Ruc]>,
    numbers: &Arc<[Ruc]>,
) -> anyhow::Result<Took> {
    let settings = Settings {
        concurrency: WINDOW,
        ..Settings::default()
    };
    let (engine, routes) = upstream.engine(settings, Arc::new(Http::new()), ledger)?;
    let lookups = engine.clone();
    let ask = move |ruc: Ruc| {
        let (engine, routes) = (lookups.clone(), Arc::clone(&routes));
        async move {
            let outcome = engine
                .lookup(&routes, &RucQuery(ruc), &Ask::default())
                .await;
            succeeded(&outcome)
        }
    };
    for_each(warm_up, WINDOW, ask.clone()).await?;
    engine.flush().await?;
    let watch = Watch::start()?;
    for_each(numbers, WINDOW, ask).await?;
    // Durable means durable: the last group is waited for within the time measured.
    engine.flush().await?;
    watch.stop()
}
