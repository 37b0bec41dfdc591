//! A folder with a million documents beside one with a hundred: a page of the list and the timeline of one
//! document, as callers get them over HTTP and as the store gives them, and taking one more on must cost the
//! same. And how many are taken on in a second, many at once.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use chaski::app::{App, WantedMode};
use chaski::http::{Door, Gateway, Side};
use chaski::store::{DocumentFilter, DocumentSheet, NewDocument, Store};
use chaski_client::{Clock, JournalDeed, NubefactKind, SeriesName};
use chaski_core::Lang;
use jiff::Timestamp;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::kit::{ROUNDS, Report, median, peak_mib};
use crate::sheets::config;

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
    let small = Served::open(small_folder.path(), FEW).await?;
    let began = Instant::now();
    let large = Served::open(large_folder.path(), many).await?;
    let per_second = f64::from(many) / began.elapsed().as_secs_f64();
    let memory = peak_mib()?;
    let names = [
        "page of the list, HTTP",
        "timeline of one, HTTP",
        "page of the list, store",
        "timeline of one, store",
        "one more taken on",
    ];
    let mut seconds: [Vec<(f64, f64)>; 5] = Default::default();
    for round in 0..ROUNDS {
        let (one, other) = (
            small.measured(many, round).await?,
            large.measured(many, round).await?,
        );
        for (seconds, pair) in seconds.iter_mut().zip(one.into_iter().zip(other)) {
            seconds.push(pair);
        }
    }
    let mut report = Report::default();
    report.figure("documents", f64::from(many), "", "");
    report.figure("taken on (T1), many at once", per_second, "1/s", "");
    report.figure("memory at most", memory, "MiB", "");
    for (name, pairs) in names.into_iter().zip(&seconds) {
        let large = median(pairs.iter().map(|it| it.1 * 1e6));
        report.figure(name, large, "us", "");
        let ratios = pairs.iter().map(|(small, large)| large / small);
        let goal = if name.ends_with("store") {
            ""
        } else {
            "≤ 1.5"
        };
        report.figure(&format!("{name} ÷ with 100"), median(ratios), "×", goal);
    }
    Ok(report)
}

/// A folder of documents, served.
struct Served {
    store: Arc<Store>,
    ids: Vec<Uuid>,
    client: reqwest::Client,
    url: String,
}

impl Served {
    async fn open(folder: &std::path::Path, documents: u32) -> anyhow::Result<Served> {
        let app = App::open(config(folder)?, WantedMode::Sandbox, Clock::system()).await;
        let app = app.map_err(|error| anyhow::anyhow!("{}", error.message(Lang::En)))?;
        let app = Arc::new(app);
        let store = Arc::clone(app.store());
        let ids = filled(&store, documents).await?;
        let side = Side::open(app).await;
        let side = side.map_err(|error| anyhow::anyhow!("{}", error.message(Lang::En)))?;
        let door = Door::new(Arc::new(Gateway::new(side, None)));
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}/api/v1/comprobantes", listener.local_addr()?);
        tokio::spawn(chaski::http::serve(door, listener, std::future::pending()));
        Ok(Served {
            store,
            ids,
            client: reqwest::Client::builder().no_proxy().build()?,
            url,
        })
    }

    /// Seconds of each measure, once.
    async fn measured(&self, many: u32, round: usize) -> anyhow::Result<[f64; 5]> {
        Ok([
            self.page_served().await?,
            self.timeline_served().await?,
            page(&self.store).await?,
            timeline(&self.store, &self.ids).await?,
            one_more(&self.store, many, round).await?,
        ])
    }

    async fn get(&self, path: &str) -> anyhow::Result<serde_json::Value> {
        let answer = self
            .client
            .get(format!("{}{path}", self.url))
            .send()
            .await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    async fn page_served(&self) -> anyhow::Result<f64> {
        let began = Instant::now();
        for _ in 0..REPEATED {
            let page = self.get(&format!("?limit={PAGE}")).await?;
            let rows = page["data"].as_array().context("the rows")?;
            anyhow::ensure!(rows.len() == PAGE as usize, "{page}");
        }
        Ok(began.elapsed().as_secs_f64() / f64::from(REPEATED))
    }

    async fn timeline_served(&self) -> anyhow::Result<f64> {
        let began = Instant::now();
        for place in 0..REPEATED as usize {
            let id = self.ids[place * 7_919 % self.ids.len()];
            let document = self.get(&format!("/{id}")).await?;
            let events = document["eventos"].as_array().context("the events")?;
            anyhow::ensure!(!events.is_empty());
        }
        Ok(began.elapsed().as_secs_f64() / f64::from(REPEATED))
    }
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
