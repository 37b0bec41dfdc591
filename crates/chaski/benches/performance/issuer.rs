//! Documents handed over to the issuer of the gateway, beside a bare client that sends the same bodies and
//! remembers nothing: ten at once to an upstream that takes 20 ms, and one after the other in one series.
//! A timer is late by a millisecond or two, so what the upstream really takes is measured by the bare client,
//! one request at a time, and the ideal is reckoned from that.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use chaski::app::invoices::{InvoicePlan, IssueWish};
use chaski::app::issuers::NewIssuer;
use chaski::app::issuing::AcceptOptions;
use chaski::app::{App, AppError, WantedMode};
use chaski::jobs::issuing;
use chaski_client::{Ask, AuthForm, Clock, NubefactKind, SeriesName};
use chaski_core::Lang;
use chaski_core::invoicing::JsonValue;
use tokio::sync::oneshot;
use uuid::Uuid;

use crate::kit::{Report, Watch, forget_peak, median, peak_mib};
use crate::sheets::config;
use crate::upstream::Upstream;

const RUC: &str = "20603274742";
const RUTA: &str = "11111111-2222-3333-4444-555555555555";
const TOKEN: &str = "benchmark";
/// Documents of one run, and runs.
const DOCUMENTS: usize = 600;
const IN_ORDER: usize = 200;
const RUNS: usize = 5;
/// Of the one run with a long queue.
const QUEUED: usize = 10_000;
const AT_ONCE: usize = 10;
const LATENCY: &str = "20ms";

pub(crate) fn measure() -> anyhow::Result<Report> {
    let runtime = tokio::runtime::Runtime::new()?;
    let (mut alone, mut bare) = (Vec::new(), Vec::new());
    let (mut pipelined, mut in_order) = (Vec::new(), Vec::new());
    let (mut cpu, mut accepted, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..RUNS {
        let one_by_one = runtime.block_on(bare_client(run, 1, IN_ORDER))?;
        bare.push(runtime.block_on(bare_client(run, AT_ONCE, DOCUMENTS))? / one_by_one);
        let issued = runtime.block_on(issued(run, false, DOCUMENTS))?;
        pipelined.push((issued.per_second, one_by_one));
        cpu.push(issued.cpu);
        accepted.push(issued.accepted_per_second);
        memory.push(issued.memory);
        let issued = runtime.block_on(self::issued(run, true, IN_ORDER))?;
        in_order.push((issued.per_second, one_by_one));
        alone.push(1.0 / one_by_one);
    }
    let queue = runtime.block_on(issued(RUNS, false, QUEUED))?;
    let mut report = Report::default();
    let middle = |values: &[f64]| median(values.iter().copied());
    let rate = |runs: &[(f64, f64)]| median(runs.iter().map(|it| it.0));
    let share = |runs: &[(f64, f64)]| median(runs.iter().map(|it| it.0 / it.1));
    report.figure("the upstream takes", middle(&alone) * 1e3, "ms", "");
    let of_ten = AT_ONCE as f64;
    report.figure(
        "bare client, ten at once ÷ ideal (10 ÷ that)",
        middle(&bare) / of_ten,
        "×",
        "",
    );
    report.figure("issuer, pipelined", rate(&pipelined), "1/s", "");
    report.figure("  ÷ ideal", share(&pipelined) / of_ten, "×", "≥ 0.9");
    report.figure("issuer, in order", rate(&in_order), "1/s", "");
    report.figure("  ÷ ideal (1 ÷ that)", share(&in_order), "×", "≥ 0.9");
    report.figure("processor per document", middle(&cpu) * 1e6, "us", "");
    report.figure("taken on (T1), ten at once", middle(&accepted), "1/s", "");
    report.figure("memory at most", middle(&memory), "MiB", "");
    let took = QUEUED as f64 / queue.per_second;
    report.figure("10,000 in the queue: to the last", took, "s", "");
    report.figure("  memory at most", queue.memory, "MiB", "≤ 100");
    Ok(report)
}

struct IssuedRun {
    per_second: f64,
    accepted_per_second: f64,
    cpu: f64,
    memory: f64,
}

/// Documents taken on, ten callers at once, and issued by the loop; all of them have to be accepted.
async fn issued(run: usize, in_order: bool, documents: usize) -> anyhow::Result<IssuedRun> {
    forget_peak()?;
    let upstream = Upstream::start(LATENCY, run as u64)?;
    let folder = tempfile::tempdir()?;
    let app = told(
        App::open(
            with_token(folder.path())?,
            WantedMode::Real,
            Clock::system(),
        )
        .await,
    )?;
    let app = Arc::new(app);
    let issuer = NewIssuer {
        ruc: RUC.parse()?,
        ruta: upstream.url(&format!("/api/v1/{RUTA}")),
        token: TOKEN.to_owned().into(),
        auth: AuthForm::default(),
        restaurante: false,
    };
    told(app.add_issuer(issuer).await)?;
    let room = told(app.invoice_room(None, &Ask::by("benchmark")).await)?;
    told(room.open_series_at(NubefactKind::Factura, "FFF1", 0).await)?;
    drop(room);
    let series = SeriesName::new(RUC, NubefactKind::Factura, "FFF1");
    app.store().set_in_order(&series, in_order).await?;
    // 1. Taken on.
    let began = Instant::now();
    let watch = Watch::start()?;
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..AT_ONCE {
        let app = Arc::clone(&app);
        callers.spawn(async move {
            let mut ids = Vec::new();
            for number in (caller..documents).step_by(AT_ONCE) {
                ids.push(hand_over(&app, number).await?);
            }
            anyhow::Ok(ids)
        });
    }
    let mut ids: Vec<Uuid> = Vec::new();
    while let Some(done) = callers.join_next().await {
        ids.extend(done??);
    }
    let accepted_per_second = documents as f64 / began.elapsed().as_secs_f64();
    // 2. Issued.
    let (stop, stopped) = oneshot::channel::<()>();
    let began = Instant::now();
    let working = tokio::spawn({
        let app = Arc::clone(&app);
        async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            issuing::run(app, shutdown).await
        }
    });
    loop {
        let counts = app.store().document_counts().await?;
        let done = counts.iter().filter(|(state, _)| state.is_final());
        if done.map(|(_, count)| count).sum::<u64>() >= documents as u64 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    }
    let per_second = documents as f64 / began.elapsed().as_secs_f64();
    let took = watch.stop()?;
    let _ = stop.send(());
    told(working.await?)?;
    anyhow::ensure!(ids.len() == documents);
    let memory = peak_mib()?;
    told(app.close().await)?;
    Ok(IssuedRun {
        per_second,
        accepted_per_second,
        cpu: took.cpu / documents as f64,
        memory,
    })
}

async fn hand_over(app: &App, number: usize) -> anyhow::Result<Uuid> {
    let room = told(app.invoice_room(None, &Ask::by("benchmark")).await)?;
    let wish = IssueWish {
        value: JsonValue::parse(sale(number).as_bytes())?,
        key: Some(format!("pedido-{number}")),
        another: false,
    };
    let InvoicePlan::Ready(ready) = told(room.plan_invoice(wish).await)? else {
        anyhow::bail!("the document is not right");
    };
    let options = AcceptOptions {
        twin_allowed: true,
        ..AcceptOptions::default()
    };
    Ok(told(room.accept_invoice(&ready, &options).await)?
        .document
        .id)
}

/// The same bodies sent by a client that only sends and reads, so many at once; how many a second.
async fn bare_client(run: usize, at_once: usize, documents: usize) -> anyhow::Result<f64> {
    let upstream = Upstream::start(LATENCY, run as u64)?;
    let folder = tempfile::tempdir()?;
    let app = told(
        App::open(
            with_token(folder.path())?,
            WantedMode::Real,
            Clock::system(),
        )
        .await,
    )?;
    let url = upstream.url(&format!("/api/v1/{RUTA}"));
    let mut bodies = Vec::new();
    for number in 0..documents {
        let value = JsonValue::parse(sale(number).as_bytes())?;
        let checked = told(app.check_invoice(None, value, &Ask::by("benchmark")).await)?;
        let document = checked.document.context("the document is not right")?;
        bodies.push(document.numbered(u32::try_from(number)? + 1).to_bytes());
    }
    told(app.close().await)?;
    let client = reqwest::Client::builder().no_proxy().build()?;
    let bodies = Arc::new(bodies);
    let began = Instant::now();
    let mut senders = tokio::task::JoinSet::new();
    for sender in 0..at_once {
        let (client, url, bodies) = (client.clone(), url.clone(), Arc::clone(&bodies));
        senders.spawn(async move {
            for body in bodies.iter().skip(sender).step_by(at_once) {
                let request = client
                    .post(&url)
                    .header("authorization", format!("Token token=\"{TOKEN}\""))
                    .header("content-type", "application/json")
                    .body(body.clone());
                let answer = request.send().await?;
                let status = answer.status();
                let text = answer.text().await?;
                anyhow::ensure!(status == 200, "status {status}: {text}");
            }
            anyhow::Ok(())
        });
    }
    while let Some(done) = senders.join_next().await {
        done??;
    }
    Ok(documents as f64 / began.elapsed().as_secs_f64())
}

fn sale(number: usize) -> String {
    format!(
        r#"{{"tipo":"factura","serie":"FFF1","precios_con_igv":true,
        "cliente":{{"tipo":"6","numero":"20100070970","nombre":"EMPRESA DE PRUEBA","direccion":"AV. UNO 1"}},
        "items":[{{"descripcion":"PRODUCTO {number}","cantidad":2,"unidad":"NIU","precio":"59.00"}}]}}"#
    )
}

fn with_token(folder: &std::path::Path) -> anyhow::Result<chaski::config::Config> {
    Ok(chaski::config::Config {
        migo_token: Some(TOKEN.to_owned().into()),
        ..config(folder)?
    })
}

fn told<T>(done: Result<T, AppError>) -> anyhow::Result<T> {
    done.map_err(|error| anyhow::anyhow!("{}", error.message(Lang::En)))
}
