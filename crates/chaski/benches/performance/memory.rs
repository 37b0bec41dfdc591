//! Memory of an engine with its store: idle, with many asking at once, and with as many calls on
//! the wire.

use std::sync::Arc;
use std::time::Duration;

use chaski::store::{MasterKey, Store};
use chaski_client::{Ask, Http, Ledger, RucQuery, Settings};
use chaski_core::Ruc;

use crate::kit::{Report, resident_mib, rucs};
use crate::upstream::{Upstream, WINDOW, succeeded};

const ASKERS: u32 = 10_000;

/// The way of every program: a window of calls, and the rest waits for room in it.
pub(crate) fn measure() -> anyhow::Result<Report> {
    let mut report = Report::default();
    report.figure("process before anything", resident_mib()?, "MiB", "");
    let (idle, busy) = measured(Some(WINDOW))?;
    report.figure("P9 engine and store, idle", idle, "MiB", "≤ 20");
    let name = "P9 10,000 look-ups in flight, 50 on the wire";
    report.figure(name, busy, "MiB", "≤ 100");
    Ok(report)
}

/// The worst: a window as wide as that, with as many connections.
pub(crate) fn measure_on_the_wire() -> anyhow::Result<Report> {
    let mut report = Report::default();
    let (_, busy) = measured(None)?;
    report.figure("10,000 look-ups, all on the wire", busy, "MiB", "");
    Ok(report)
}

fn measured(window: Option<usize>) -> anyhow::Result<(f64, f64)> {
    let runtime = tokio::runtime::Runtime::new()?;
    // Long enough for all to ask, and for all connections to be opened, before the first answer.
    let upstream = Upstream::start("20s", 1)?;
    let figures = runtime.block_on(asked_at_once(&upstream, window));
    runtime.shutdown_background();
    figures
}

/// Memory before, and while all wait for their answers. Without a window all calls are sent.
async fn asked_at_once(upstream: &Upstream, window: Option<usize>) -> anyhow::Result<(f64, f64)> {
    let folder = tempfile::tempdir()?;
    let store = Store::open(folder.path(), MasterKey::load_or_create(folder.path())?).await?;
    let store = Arc::new(store);
    let sent = window.unwrap_or(ASKERS as usize);
    let settings = Settings {
        concurrency: sent,
        attempt_timeout: Duration::from_mins(1),
        deadline: Duration::from_mins(1),
        max_attempts: 1,
        ..Settings::default()
    };
    let ledger = Arc::clone(&store) as Arc<dyn Ledger>;
    let (engine, routes) = upstream.engine(settings, Arc::new(Http::new()), ledger)?;
    let numbers: Arc<[Ruc]> = rucs(0, ASKERS).into();
    let idle = resident_mib()?;
    let before = upstream.requests().await?;
    let asking: Vec<_> = numbers
        .iter()
        .map(|ruc| {
            let (engine, routes, question) = (engine.clone(), Arc::clone(&routes), RucQuery(*ruc));
            tokio::spawn(async move { engine.lookup(&routes, &question, &Ask::default()).await })
        })
        .collect();
    while engine.stats().misses < u64::from(ASKERS)
        || upstream.requests().await? < before + sent as u64
    {
        let failed = asking.iter().any(tokio::task::JoinHandle::is_finished);
        anyhow::ensure!(!failed, "an answer came before all had asked");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let busy = resident_mib()?;
    // What waits for room in a window would take an hour: it dies with the process.
    if window.is_none() {
        for asked in asking {
            succeeded(&asked.await?)?;
        }
        engine.idle().await;
        store.close().await?;
    }
    Ok((idle, busy))
}
