//! A store with a million documents beside one with none: a page of the list, the timeline of one document
//! and taking one more on must cost the same. And how many are taken on in a second, many at once.

use std::sync::Arc;
use std::time::Instant;

use chaski::store::{DocumentFilter, DocumentSheet, MasterKey, NewDocument, Store};
use chaski_client::{Clock, JournalDeed, NubefactKind, SeriesName};
use jiff::Timestamp;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::kit::{ROUNDS, Report, median, peak_mib};

const RUC: &str = "20603274742";
/// Documents of the large store.
const MANY: u32 = 1_000_000;
/// Enough for a page.
const FEW: u32 = 100;
const AT_ONCE: u32 = 512;
const PAGE: u32 = 50;
const REPEATED: u32 = 40;

pub(crate) fn measure() -> anyhow::Result<Report> {
    tokio::runtime::Runtime::new()?.block_on(compared(MANY))
}

async fn compared(many: u32) -> anyhow::Result<Report> {
    let (small_folder, large_folder) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let small = Arc::new(opened(small_folder.path()).await?);
    let large = Arc::new(opened(large_folder.path()).await?);
    let small_ids = filled(&small, FEW).await?;
    let began = Instant::now();
    let large_ids = filled(&large, many).await?;
    let per_second = f64::from(many) / began.elapsed().as_secs_f64();
    let memory = peak_mib()?;
    let (mut pages, mut timelines, mut taken) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let page = (page(&small).await?, page(&large).await?);
        let story = (
            timeline(&small, &small_ids).await?,
            timeline(&large, &large_ids).await?,
        );
        let more = (
            one_more(&small, many, round).await?,
            one_more(&large, many, round).await?,
        );
        pages.push(page);
        timelines.push(story);
        taken.push(more);
    }
    let mut report = Report::default();
    report.figure("documents", f64::from(many), "", "");
    report.figure("taken on (T1), many at once", per_second, "1/s", "");
    report.figure("memory at most", memory, "MiB", "");
    for (name, pairs) in [
        ("page of the list", &pages),
        ("timeline of one", &timelines),
        ("one more taken on", &taken),
    ] {
        let large = median(pairs.iter().map(|it| it.1 * 1e6));
        report.figure(name, large, "us", "");
        let ratios = pairs.iter().map(|(small, large)| large / small);
        report.figure("  ÷ in a store with 100", median(ratios), "×", "≤ 1.5");
    }
    Ok(report)
}

async fn opened(folder: &std::path::Path) -> anyhow::Result<Store> {
    Ok(Store::open(folder, MasterKey::load_or_create(folder)?).await?)
}

/// Takes so many documents on; their identifiers.
async fn filled(store: &Arc<Store>, documents: u32) -> anyhow::Result<Vec<Uuid>> {
    let mut callers = JoinSet::new();
    for caller in 0..AT_ONCE {
        let store = Arc::clone(store);
        callers.spawn(async move {
            let mut ids = Vec::new();
            for number in (caller..documents).step_by(AT_ONCE as usize) {
                ids.push(take_on(&store, number).await?);
            }
            anyhow::Ok(ids)
        });
    }
    let mut ids = Vec::new();
    while let Some(done) = callers.join_next().await {
        ids.extend(done??);
    }
    anyhow::ensure!(ids.len() == documents as usize);
    Ok(ids)
}

async fn take_on(store: &Store, number: u32) -> anyhow::Result<Uuid> {
    let now: Timestamp = Clock::system().now();
    let id = Uuid::now_v7();
    let new = NewDocument {
        id,
        series: SeriesName::new(RUC, NubefactKind::Factura, "FFF1"),
        deed: JournalDeed::Issue,
        numero: None,
        request: [1; 32],
        content: format!("{number:064x}"),
        draft: br#"{"operacion":"generar_comprobante"}"#.to_vec(),
        sheet: DocumentSheet {
            emisor: RUC.to_owned(),
            clave: format!("pedido-{number}"),
            ..DocumentSheet::default()
        },
        twin: None,
        twin_allowed: true,
        twin_while_open: false,
        issued_on: None,
        total: Some(11_800),
        credit_limit: None,
        target: None,
        renumber: true,
        asked_by: "benchmark".to_owned(),
        key_id: None,
        batch: None,
        at: now,
    };
    store.accept_document(new).await?;
    Ok(id)
}

/// Seconds of one page.
async fn page(store: &Store) -> anyhow::Result<f64> {
    let filter = DocumentFilter::default();
    let began = Instant::now();
    for _ in 0..REPEATED {
        let page = store.documents(&filter, PAGE, None).await?;
        anyhow::ensure!(page.rows.len() == PAGE as usize);
    }
    Ok(began.elapsed().as_secs_f64() / f64::from(REPEATED))
}

/// Seconds of one document and what happened to it.
async fn timeline(store: &Store, ids: &[Uuid]) -> anyhow::Result<f64> {
    let began = Instant::now();
    for place in 0..REPEATED as usize {
        // All over the store.
        let id = ids[place * 7_919 % ids.len()];
        anyhow::ensure!(store.document(id).await?.is_some());
        anyhow::ensure!(!store.document_events(id).await?.is_empty());
    }
    Ok(began.elapsed().as_secs_f64() / f64::from(REPEATED))
}

async fn one_more(store: &Store, many: u32, round: usize) -> anyhow::Result<f64> {
    let began = Instant::now();
    for place in 0..REPEATED {
        let number = many + u32::try_from(round)? * REPEATED + place;
        take_on(store, number).await?;
    }
    Ok(began.elapsed().as_secs_f64() / f64::from(REPEATED))
}
