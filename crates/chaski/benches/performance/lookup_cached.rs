//! A look-up that memory answers, on one core: beside the probe of a hash map, the least that a
//! memory can cost.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;

use chaski_client::{Ask, Migo, RucQuery, Settings};
use chaski_core::Ruc;

use crate::kit::{ROUNDS, Report, Watch, median, ratio, rucs};
use crate::upstream::{Upstream, succeeded};

const KNOWN: u32 = 10_000;
const LOOKUPS: usize = 2_000_000;

pub(crate) fn measure() -> anyhow::Result<Report> {
    let upstream = Upstream::start("0", 1)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let numbers = rucs(0, KNOWN);
    let (mut ours, mut probes) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        let migo = Migo::builder("benchmark")
            .base_url(upstream.url("/api"))
            .settings(Settings::default())
            .build()
            .map_err(|error| anyhow::anyhow!("{error}"))?;
        let ask = Ask::default();
        let mut known = HashMap::new();
        let mut asked = Vec::new();
        for outcome in numbers.iter().zip(migo.rucs(&numbers, &ask).all().await) {
            let (ruc, outcome) = outcome;
            succeeded(&outcome)?;
            // Refusals are remembered too, but a map of answers holds none.
            if let Ok(found) = outcome {
                known.insert(ruc.as_str().to_owned(), found.value);
                asked.push(*ruc);
            }
        }
        let (before, calls) = (migo.engine().stats(), migo.line().stats().calls);
        for _ in 0..ROUNDS {
            let watch = Watch::start()?;
            for ruc in asked.iter().cycle().take(LOOKUPS) {
                let found = migo.ruc(black_box(ruc), &ask).await;
                black_box(found).map_err(|error| anyhow::anyhow!("{error}"))?;
            }
            ours.push(watch.stop()?.cpu / LOOKUPS as f64 * 1e9);
            let watch = Watch::start()?;
            for ruc in asked.iter().cycle().take(LOOKUPS) {
                black_box(probe(&known, black_box(ruc)));
            }
            probes.push(watch.stop()?.cpu / LOOKUPS as f64 * 1e9);
        }
        let stats = migo.engine().stats();
        let hits = usize::try_from(stats.hits - before.hits)?;
        anyhow::ensure!(hits == LOOKUPS * ROUNDS && migo.line().stats().calls == calls);
        let question = RucQuery(asked[0]);
        let again = migo.ruc(&question.0, &ask).await;
        succeeded(&again)
    })?;
    let mut report = Report::default();
    let each = median(ours.iter().copied());
    report.figure(
        "hash map: one probe",
        median(probes.iter().copied()),
        "ns",
        "",
    );
    report.figure("cached look-up", each, "ns", "");
    report.figure(
        "P5 cached look-ups on one core",
        1e9 / each,
        "/s",
        "≥ 1,000,000",
    );
    report.figure("cached look-up ÷ probe", ratio(&ours, &probes), "×", "");
    Ok(report)
}

fn probe<A>(known: &HashMap<String, Arc<A>>, ruc: &Ruc) -> Option<Arc<A>> {
    known.get(ruc.as_str()).cloned()
}
