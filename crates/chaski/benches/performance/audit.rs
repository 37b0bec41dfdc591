//! How many audit rows become durable in a second when many share a commit, beside one commit for
//! each row and beside what the disk does with the bare minimum.

use std::fs::File;
use std::io::Write;
use std::path::Path;

use chaski::store::{CallFilter, MasterKey, Store};
use chaski_client::{CacheDecision, Call, Clock, Key, Ledger, Owner};
use chaski_core::Ruc;
use uuid::Uuid;

use crate::kit::{ROUNDS, Report, Took, Watch, median, ratio, rucs};

const GROUPED: u32 = 50_000;
const SINGLE: u32 = 500;

pub(crate) fn measure() -> anyhow::Result<Report> {
    let runtime = tokio::runtime::Runtime::new()?;
    let numbers = rucs(0, GROUPED);
    let (mut grouped, mut single, mut floor) = (Vec::new(), Vec::new(), Vec::new());
    let mut cpu = Vec::new();
    for _ in 0..ROUNDS {
        let folder = tempfile::tempdir()?;
        floor.push(f64::from(SINGLE) / appended(folder.path())?.wall);
        let took = runtime.block_on(recorded(folder.path(), &numbers, false))?;
        grouped.push(f64::from(GROUPED) / took.wall);
        cpu.push(took.cpu / f64::from(GROUPED) * 1e6);
        let folder = tempfile::tempdir()?;
        let some = &numbers[..SINGLE as usize];
        let took = runtime.block_on(recorded(folder.path(), some, true))?;
        single.push(f64::from(SINGLE) / took.wall);
    }
    let mut report = Report::default();
    report.figure("disk: append and fdatasync", median(floor), "/s", "");
    report.figure(
        "one row per commit",
        median(single.iter().copied()),
        "rows/s",
        "",
    );
    report.figure(
        "group commit",
        median(grouped.iter().copied()),
        "rows/s",
        "",
    );
    report.figure("group commit: CPU per row", median(cpu), "µs", "");
    report.figure(
        "group commit ÷ one per commit",
        ratio(&grouped, &single),
        "×",
        "",
    );
    Ok(report)
}

/// Puts one call for each number on record and waits until all are durable: after each one, or
/// after the last.
async fn recorded(folder: &Path, numbers: &[Ruc], each: bool) -> anyhow::Result<Took> {
    let store = Store::open(folder, MasterKey::load_or_create(folder)?).await?;
    let clock = Clock::system();
    let watch = Watch::start()?;
    for ruc in numbers {
        store.record(call_about(ruc, &clock)).await?;
        if each {
            store.flush().await?;
        }
    }
    store.flush().await?;
    let took = watch.stop()?;
    let filter = CallFilter {
        limit: 1,
        ..CallFilter::default()
    };
    anyhow::ensure!(store.calls(&filter).await?.rows.len() == 1);
    let recorded = store.figures().await?.calls;
    anyhow::ensure!(recorded == numbers.len() as u64, "{recorded} rows");
    store.close().await?;
    Ok(took)
}

fn call_about(ruc: &Ruc, clock: &Clock) -> Call {
    let id = Uuid::now_v7();
    Call {
        id,
        lookup: id,
        at: clock.now(),
        asked_by: "benchmark".into(),
        owner: Some(Owner::HOUSE),
        purpose: None,
        provider: "migo",
        key: Key {
            operation: "ruc",
            subject: ruc.as_str().into(),
            personal: ruc.is_personal(),
        },
        items: 1,
        attempt: 1,
        outcome: "SUCCESS",
        http_status: Some(200),
        duration_us: 100_000,
        cache: CacheDecision::Miss,
        batch: None,
        bodies: None,
    }
}

/// What no database can beat: a row's worth of bytes, and the disk's word for each.
fn appended(folder: &Path) -> anyhow::Result<Took> {
    let mut file = File::create(folder.join("floor"))?;
    let watch = Watch::start()?;
    for _ in 0..SINGLE {
        file.write_all(&[0; 256])?;
        file.sync_data()?;
    }
    watch.stop()
}
