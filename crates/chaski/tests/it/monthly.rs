//! The monthly run: by itself, the customers first, and once in each month.

use std::sync::Arc;
use std::time::Duration;

use chaski::app::App;
use chaski::app::job_kind::JobKind;
use chaski::app::programados::Programado;
use chaski_client::Clock;
use chaski_core::Lang;
use tokio::sync::oneshot;

use crate::cli_kit::Place;
use crate::jobs_batches::Gateway;

/// A sale a customer; one of them cannot be invoiced, and one document is wrong.
const MONTH: &str = "documento,tipo,cliente_numero,descripcion,cantidad,Precio con IGV\n\
    A,factura,20100070970,MENSUALIDAD,1,118.00\n\
    B,factura,20000079198,MENSUALIDAD,1,118.00\n\
    C,factura,20131312955,MENSUALIDAD,1,118.00\n\
    D,factura,20131312955,MENSUALIDAD,nada,118.00\n";

/// How many documents there are.
async fn documents(app: &App) -> u64 {
    let counts = app.document_counts().await.unwrap();
    counts.into_iter().map(|(_, count)| count).sum()
}

/// A server at that time, until its jobs are done: how many runs there were, how many documents there are.
async fn run_at(place: &Place, at: &str) -> (usize, u64) {
    let change = [
        ("CHASKI_SCHEDULE_RETENTION", ""),
        ("CHASKI_SCHEDULE_QUOTA", ""),
        ("CHASKI_SCHEDULE_PARTNERS", ""),
        ("CHASKI_SCHEDULE_INVOICING", "0 6 1 * *"),
        ("CHASKI_INVOICING_MONTHLY", "20603274742=mes.csv"),
    ];
    let clock = Clock::starting_at(at.parse().unwrap());
    let gateway = Gateway::start_at(place, None, &change, clock).await;
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move { drop(stopped.await) };
    let issuing = tokio::spawn(chaski::jobs::issuing::run(
        Arc::clone(&gateway.app),
        shutdown,
    ));
    let ended = async || {
        let scheduled = gateway.app.programados().await.unwrap();
        let jobs = gateway.app.trabajos(None, 50, None, None).await.unwrap();
        let is_open = |state: &str| matches!(state, "PENDING" | "RUNNING");
        let later = |it: jiff::Timestamp| it > clock.now();
        let is_seen = |it: &Programado| it.last.is_some() && it.next.is_some_and(later);
        scheduled.iter().all(is_seen) && !jobs.rows.iter().any(|it| is_open(it.state.as_str()))
    };
    let waiting = async {
        while !ended().await {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_mins(2), waiting).await;
    waited.expect("within two minutes");
    let jobs = gateway.app.trabajos(None, 50, None, None).await.unwrap();
    let kind = JobKind::MonthlyInvoicing.as_str();
    let runs = jobs.rows.iter().filter(|it| it.kind == kind).count();
    let count = documents(&gateway.app).await;
    if let Some(batch) = gateway
        .app
        .batches(1, None, None)
        .await
        .unwrap()
        .rows
        .first()
    {
        let list = gateway
            .app
            .issued_list(batch.id, None, Lang::Es)
            .await
            .unwrap();
        let states: Vec<&str> = (0..4).map(|at| list.outcomes[&at].estado()).collect();
        assert_eq!(states, ["ACEPTADO", "APARTADO", "ACEPTADO", "APARTADO"]);
        assert_eq!(list.outcomes[&1].code.as_deref(), Some("cliente_no_apto"));
    }
    drop(stop);
    issuing.await.unwrap().unwrap();
    gateway.stop().await;
    (runs, count)
}

#[tokio::test]
async fn workbooks_of_the_month_are_issued_once_in_each() {
    let place = Place::new();
    std::fs::create_dir_all(place.data()).unwrap();
    std::fs::write(place.data().join("mes.csv"), MONTH).unwrap();
    // A new entry waits for its time: six in the morning in Lima.
    assert_eq!(run_at(&place, "2026-10-31T12:00:00Z").await, (0, 0));
    assert_eq!(run_at(&place, "2026-11-01T10:59:00Z").await, (0, 0));
    assert_eq!(run_at(&place, "2026-11-01T11:00:01Z").await, (1, 2));
    // Once, whatever the restarts.
    assert_eq!(run_at(&place, "2026-11-01T12:00:00Z").await, (1, 2));
    // The next month they are other sales.
    assert_eq!(run_at(&place, "2026-12-01T11:00:01Z").await, (2, 4));
}
