//! Batches in the background, with the worker of `serve` in this process and a sandbox on a port
//! that says what it was asked: what comes of them, and that a process may die at any moment.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use chaski::app::batches::{ListClass, ListInput, Submission};
use chaski::app::job_kind::JobKind;
use chaski::app::programados::Programado;
use chaski::app::spending::Payer;
use chaski::app::{App, AppError, WantedMode};
use chaski::config::{Layers, Surroundings};
use chaski::jobs;
use chaski::scratch::Scratch;
use chaski::sheets::{OutputFormat, ResultNames};
use chaski::store::{
    Asker, Batch, BatchChange, BatchState, Channel, Company, DATABASE_FILE, ItemState, JobState,
    Priority, StoreError,
};
use chaski_client::{Ask, Clock, Ledger, Lookup, RucQuery};
use chaski_core::{Lang, Ruc, lima_datetime};
use chaski_sandbox::{Latency, Operation};
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use sqlx::ConnectOptions as _;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::cli_kit::{Place, Service, companies};

/// The program in this process, as `serve` will run it.
pub(crate) struct Gateway {
    pub(crate) app: Arc<App>,
    stop: oneshot::Sender<()>,
    worker: JoinHandle<Result<(), AppError>>,
}

impl Gateway {
    pub(crate) async fn start(
        place: &Place,
        service: Option<&Service>,
        change: &[(&str, &str)],
    ) -> Gateway {
        Gateway::start_at(place, service, change, Clock::system()).await
    }

    pub(crate) async fn start_at(
        place: &Place,
        service: Option<&Service>,
        change: &[(&str, &str)],
        clock: Clock,
    ) -> Gateway {
        let app = Arc::new(open(place, service, change, clock).await);
        let (stop, stopped) = oneshot::channel();
        let working = Arc::clone(&app);
        let worker = tokio::spawn(async move {
            jobs::run(working, async {
                let _ = stopped.await;
            })
            .await
        });
        Gateway { app, stop, worker }
    }

    pub(crate) async fn stop(self) {
        drop(self.stop);
        self.worker.await.unwrap().unwrap();
        self.app.close().await.unwrap();
    }
}

pub(crate) async fn open(
    place: &Place,
    service: Option<&Service>,
    change: &[(&str, &str)],
    clock: Clock,
) -> App {
    let mut variables = vec![
        ("CHASKI_DIR".to_owned(), place.data().display().to_string()),
        ("CHASKI_MIGO_BATCH_WINDOW".to_owned(), "1".to_owned()),
    ];
    if let Some(service) = service {
        variables.push(("CHASKI_MIGO_BASE_URL".to_owned(), service.url()));
        variables.push(("CHASKI_MIGO_TOKEN".to_owned(), "prueba".to_owned()));
    }
    variables.extend(
        change
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned())),
    );
    let around = Surroundings {
        variables: variables.into_iter().collect(),
        here: place.path(""),
    };
    let config = Layers::read(&around, None, &[]).unwrap().config().unwrap();
    App::open(config, WantedMode::None, clock).await.unwrap()
}

pub(crate) fn list(numbers: Vec<String>) -> Submission {
    Submission {
        class: ListClass::Rucs,
        input: ListInput::Numbers(numbers),
        name: "lista".into(),
        sheet: None,
        column: None,
        dni_as_ruc: false,
        priority: Priority::Normal,
        force: false,
        update_partners: false,
        asker: Asker::Owner(Channel::Http),
        payer: Payer::default(),
        most: None,
        once: None,
    }
}

/// Waits until a batch is so.
pub(crate) async fn until(app: &Arc<App>, id: Uuid, is_so: impl Fn(&Batch) -> bool) -> Batch {
    let events = app.batch_events(id, None).await.unwrap();
    let mut events = std::pin::pin!(events);
    let waiting = async {
        while let Some(lote) = events.next().await {
            let lote = lote.unwrap();
            if is_so(&lote) {
                return lote;
            }
        }
        panic!("the batch ended before: {:?}", app.batch(id, None).await);
    };
    tokio::time::timeout(Duration::from_mins(1), waiting)
        .await
        .expect("within a minute")
}

async fn text(app: &App, id: Uuid, format: OutputFormat) -> String {
    let result = app.write_batch_result(
        id,
        None,
        Lang::Es,
        (format, ResultNames::Programs),
        Vec::new(),
    );
    let bytes = result.await.unwrap();
    String::from_utf8(bytes).unwrap()
}

fn slow() -> Service {
    Service::with(|config| config.latency = "30ms".parse::<Latency>().unwrap())
}

#[tokio::test]
async fn a_list_in_the_background() {
    let (place, service) = (Place::new(), Service::new());
    let gateway = Gateway::start(&place, Some(&service), &[]).await;
    let app = &gateway.app;
    let csv = "Cliente;RUC;Monto\nUno;20100070970;1,5\nDos;20100070971;2\nTres;20131312955;3\n\
               Uno otra vez;20100070970;4\n";
    let new = Submission {
        class: ListClass::Rucs,
        input: ListInput::File(Scratch::of_bytes(csv.into())),
        name: "clientes.csv".into(),
        column: Some("RUC".into()),
        ..list(Vec::new())
    };
    let id = app.submit_batch(new.clone()).await.unwrap();
    let lote = until(app, id, Batch::has_ended).await;
    assert_eq!(lote.state, BatchState::Completed);
    assert_eq!((lote.total_rows, lote.unique), (4, 2));
    assert_eq!((lote.processed(), lote.successful(), lote.calls), (2, 2, 1));
    assert!((lote.progress_percentage() - 100.0).abs() < f64::EPSILON);
    assert!((lote.success_rate() - 100.0).abs() < f64::EPSILON);
    assert!(lote.duration(app.clock.now()).is_some());
    assert_eq!(service.sandbox.ledger().len(), 1);

    // The result has the caller's columns, in every format, and is that of the command line.
    let ndjson = text(app, id, OutputFormat::Ndjson).await;
    let rows: Vec<serde_json::Value> = ndjson
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[2]["original"]["Cliente"], "Tres");
    let words: Vec<&str> = rows
        .iter()
        .map(|row| row["aptitud"].as_str().unwrap())
        .collect();
    assert_eq!(words[1], "invalido");
    assert_eq!(words[0], words[3]);
    assert!(!rows[0]["razon_social"].as_str().unwrap().is_empty());
    assert!(
        text(app, id, OutputFormat::Csv)
            .await
            .contains("Uno otra vez")
    );
    assert!(
        text(app, id, OutputFormat::Json)
            .await
            .starts_with("[\n{\"fila\":2")
    );
    let xlsx = OutputFormat::Xlsx;
    let workbook = app.write_batch_result(
        id,
        None,
        Lang::En,
        (xlsx, ResultNames::Programs),
        Vec::new(),
    );
    let bytes = workbook.await.unwrap();
    assert!(bytes.starts_with(b"PK"));

    // Again: memory answers, and nothing is paid; by force it is.
    let id = app.submit_batch(new.clone()).await.unwrap();
    let lote = until(app, id, Batch::has_ended).await;
    assert_eq!((lote.cache_hits, lote.calls), (2, 0));
    let forced = Submission { force: true, ..new };
    let id = app.submit_batch(forced).await.unwrap();
    let lote = until(app, id, Batch::has_ended).await;
    assert_eq!((lote.cache_hits, lote.calls), (0, 1));
    gateway.stop().await;

    // The command line says the same of the same list.
    let other = Place::asking(&service);
    other.write("clientes.csv", csv);
    let ran = other
        .run("ruc lote clientes.csv -q --format ndjson")
        .expect(0);
    let same = |row: &serde_json::Value| {
        [
            "ruc_normalizado",
            "razon_social",
            "estado",
            "apto_para_facturar",
            "motivo",
            "original",
        ]
        .map(|name| row[name].clone())
    };
    let theirs: Vec<_> = ran.objects().iter().map(same).collect();
    assert_eq!(rows.iter().map(same).collect::<Vec<_>>(), theirs);
}

/// The same mistakes as on the command line, with the same codes, and nothing stored.
#[tokio::test]
async fn lists_that_are_refused() {
    let place = Place::new();
    let app = open(&place, None, &[], Clock::system()).await;
    let file = |bytes: &[u8], column: Option<&str>| Submission {
        class: ListClass::Rucs,
        input: ListInput::File(Scratch::of_bytes(bytes.to_vec().into())),
        column: column.map(str::to_owned),
        ..list(Vec::new())
    };
    let mut codes = Vec::new();
    for new in [
        file(b"", None),
        file(b"%PDF-1.4", None),
        file(b"RUC\n20100070970\n", Some("NIT")),
        file(b"nombre,monto\nuno,1\n", None),
        list(Vec::new()),
    ] {
        codes.push(app.submit_batch(new).await.unwrap_err().code());
    }
    let cli = |bytes: &[u8], column: &str| {
        let ran = place.run_with_input(&format!("ruc lote - {column}"), bytes);
        assert_eq!(ran.code, 2, "{}", ran.err);
    };
    cli(b"", "");
    cli(b"RUC\n20100070970\n", "--columna NIT");
    let expected = [
        "archivo_vacio",
        "archivo_tipo_desconocido",
        "columna_desconocida",
        "columna_no_encontrada",
        "uso",
    ];
    assert_eq!(codes, expected);
    assert!(app.batches(10, None, None).await.unwrap().rows.is_empty());
    // A list without anything to ask is done without a call.
    let id = app
        .submit_batch(list(vec!["20100070971".into()]))
        .await
        .unwrap();
    assert_eq!(app.batch(id, None).await.unwrap().unique, 0);
    app.close().await.unwrap();
}

/// Dies after each noted group in turn, and once more while it makes up for that.
#[test]
fn dying_after_any_group_repeats_nothing() {
    const GROUPS: u32 = 6;
    let numbers = companies(31, 600);
    for after in 0..=GROUPS {
        let (place, service) = (Place::new(), slow());
        let id = Runtime::new().unwrap().block_on(async {
            let app = open(&place, Some(&service), &[], Clock::system()).await;
            let id = app.submit_batch(list(numbers.clone())).await.unwrap();
            app.close().await.unwrap();
            id
        });
        for deaths in [after, (after + 2).min(GROUPS)] {
            let noted = deaths * 100;
            die_when(&place, &service, id, |lote| lote.processed() >= noted);
        }
        finish_and_check(&place, &service, id, &numbers);
    }
}

/// Dies again and again during one long list, at moments that nothing chose.
#[test]
fn dying_many_times_repeats_nothing() {
    let numbers = companies(32, 2_000);
    let (place, service) = (Place::new(), slow());
    let id = Runtime::new().unwrap().block_on(async {
        let app = open(&place, Some(&service), &[], Clock::system()).await;
        // Asked whatever is known: only what this batch itself asked for may count.
        let new = Submission {
            force: true,
            ..list(numbers.clone())
        };
        let id = app.submit_batch(new).await.unwrap();
        app.close().await.unwrap();
        id
    });
    for death in 0..15_u64 {
        let runtime = Runtime::new().unwrap();
        let pause = Duration::from_millis(death * 7);
        runtime.block_on(async {
            let _gateway = Gateway::start(&place, Some(&service), &[]).await;
            tokio::time::sleep(pause).await;
        });
        bury(&place, runtime);
    }
    finish_and_check(&place, &service, id, &numbers);
}

/// The narrowest gap: answers that are stored, of numbers that are not noted yet. They belong to
/// the batch, even to one that asks whatever is known.
#[tokio::test]
async fn dying_between_an_answer_and_its_noting_repeats_nothing() {
    let numbers = companies(48, 150);
    let (place, service) = (Place::new(), Service::new());
    let app = open(&place, Some(&service), &[], Clock::system()).await;
    let new = Submission {
        force: true,
        ..list(numbers.clone())
    };
    let id = app.submit_batch(new).await.unwrap();
    let first: Vec<Ruc> = numbers[..100]
        .iter()
        .map(|it| it.parse().unwrap())
        .collect();
    app.lookup_rucs(&first, &Ask::by("prueba")).await;
    app.close().await.unwrap();
    let before = service.sandbox.last_sequence();
    let gateway = Gateway::start(&place, Some(&service), &[]).await;
    let lote = until(&gateway.app, id, Batch::has_ended).await;
    assert_eq!(lote.state, BatchState::Completed);
    let asked: BTreeSet<String> = service.asked_since(before).into_iter().collect();
    assert_eq!(asked, numbers[100..].iter().cloned().collect());
    gateway.stop().await;
}

/// Everything of the process goes at once, as far as a test can do that within one: tasks are
/// dropped wherever they wait, and nothing is flushed or closed.
fn die_when(place: &Place, service: &Service, id: Uuid, is_so: impl Fn(&Batch) -> bool) {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let gateway = Gateway::start(place, Some(service), &[]).await;
        until(&gateway.app, id, is_so).await;
        std::mem::forget(gateway.stop);
    });
    bury(place, runtime);
}

/// Waits until the threads of a dead process are gone: what they still sent or wrote would count as
/// the next one's. Those of the database end by themselves, and close its files when they do.
pub(crate) fn bury(place: &Place, runtime: Runtime) {
    runtime.shutdown_timeout(Duration::from_secs(10));
    let data = place.data().canonicalize().unwrap();
    let is_open = || {
        let files = std::fs::read_dir("/proc/self/fd").unwrap();
        let mut files = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        files.any(|file| file.starts_with(&data))
    };
    crate::cli_kit::wait_until("the files of a dead process to be closed", || !is_open());
}

fn finish_and_check(place: &Place, service: &Service, id: Uuid, numbers: &[String]) {
    let runtime = Runtime::new().unwrap();
    runtime.block_on(async {
        let app = open(place, Some(service), &[], Clock::system()).await;
        let keys: Vec<_> = numbers
            .iter()
            .map(|ruc| RucQuery(ruc.parse().unwrap()).key())
            .collect();
        let memories = app.store().recall(&keys).await.unwrap();
        let stored: BTreeSet<String> = numbers
            .iter()
            .zip(memories)
            .filter_map(|(ruc, memory)| memory.map(|_| ruc.clone()))
            .collect();
        app.close().await.unwrap();
        let before = service.sandbox.last_sequence();

        let gateway = Gateway::start(place, Some(service), &[]).await;
        let lote = until(&gateway.app, id, Batch::has_ended).await;
        let batch = &lote;
        assert_eq!(batch.state, BatchState::Completed);
        let all = u32::try_from(numbers.len()).unwrap();
        assert_eq!(
            (batch.unique, lote.successful(), batch.failed),
            (all, all, 0)
        );
        let items = gateway.app.store().item_states(id).await.unwrap();
        let asked: Vec<&str> = items
            .iter()
            .map(|item| item.key.as_ref().unwrap().subject.as_str())
            .collect();
        assert_eq!(asked, numbers, "each number once, in its place");
        let noted = |state: &Option<ItemState>| {
            matches!(state, Some(ItemState::Answered | ItemState::Refused))
        };
        assert!(items.iter().all(|item| noted(&item.state)));
        let paid = service.asked_since(before);
        let again: Vec<_> = paid.iter().filter(|ruc| stored.contains(*ruc)).collect();
        assert!(
            again.is_empty(),
            "paid again for a stored answer: {again:?}"
        );
        assert_eq!(paid.len() + stored.len(), numbers.len(), "and for no other");
        let job = gateway.app.store().job_of_batch(id).await.unwrap().unwrap();
        assert_eq!((job.state, job.attempts), (JobState::Completed, 0));
        let lines = text(&gateway.app, id, OutputFormat::Ndjson).await;
        assert_eq!(lines.lines().count(), numbers.len());
        assert!(!lines.contains("\"pendiente\"") && !lines.contains("\"error\""));
        gateway.stop().await;
    });
}

/// What stands in the queue of a process that died goes on within a second of the next start.
#[test]
fn a_restart_goes_on_at_once() {
    let numbers = companies(33, 300);
    let (place, service) = (Place::new(), slow());
    let id = Runtime::new().unwrap().block_on(async {
        let app = open(&place, Some(&service), &[], Clock::system()).await;
        app.submit_batch(list(numbers.clone())).await.unwrap()
    });
    die_when(&place, &service, id, |lote| lote.processed() >= 100);
    Runtime::new().unwrap().block_on(async {
        let started = tokio::time::Instant::now();
        let gateway = Gateway::start(&place, Some(&service), &[]).await;
        until(&gateway.app, id, |lote| lote.processed() > 100).await;
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "{:?}",
            started.elapsed()
        );
        gateway.stop().await;
    });
}

/// Calls that were charged when nothing more is asked. The worker may hear of a pause while one of its
/// calls has ended and the next is on its way.
async fn charged_in_the_end(app: &App, service: &Service) -> u64 {
    loop {
        app.migo().engine().idle().await;
        let charged = service.sandbox.charged();
        tokio::time::sleep(Duration::from_millis(200)).await;
        if service.sandbox.charged() == charged {
            return charged;
        }
    }
}

#[tokio::test]
async fn paused_resumed_cancelled() {
    let numbers = companies(34, 1_000);
    let (place, service) = (Place::new(), slow());
    let gateway = Gateway::start(&place, Some(&service), &[]).await;
    let app = &gateway.app;
    let id = app.submit_batch(list(numbers.clone())).await.unwrap();
    until(app, id, |lote| lote.processed() >= 100).await;
    let paused = app
        .change_batch(id, None, BatchChange::Pause, &Payer::default())
        .await
        .unwrap();
    assert!(paused.paused);
    assert_eq!(
        app.change_batch(id, None, BatchChange::Pause, &Payer::default())
            .await
            .unwrap_err()
            .code(),
        "estado_no_permite"
    );
    // What was in flight ends in memory, and then nothing more is asked.
    charged_in_the_end(app, &service).await;
    let so_far = text(app, id, OutputFormat::Ndjson).await;
    assert_eq!(so_far.lines().count(), 1_000);
    assert!(so_far.contains("\"pendiente\""));
    app.change_batch(id, None, BatchChange::Resume, &Payer::default())
        .await
        .unwrap();
    let lote = until(app, id, Batch::has_ended).await;
    assert_eq!(
        (lote.state, lote.successful()),
        (BatchState::Completed, 1_000)
    );
    assert_eq!(service.sandbox.charged(), 10, "a pause costs no call");

    let id = app.submit_batch(list(companies(35, 3_000))).await.unwrap();
    until(app, id, |lote| lote.processed() >= 100).await;
    let cancelled = app
        .change_batch(id, None, BatchChange::Cancel, &Payer::default())
        .await
        .unwrap();
    assert_eq!(cancelled.state, BatchState::Cancelled);
    assert!(charged_in_the_end(app, &service).await < 38);
    let ended = app.batch(id, None).await.unwrap();
    assert_eq!(ended.state, BatchState::Cancelled);
    for refused in [
        app.change_batch(id, None, BatchChange::Cancel, &Payer::default())
            .await,
        app.change_batch(id, None, BatchChange::Retry, &Payer::default())
            .await,
    ] {
        assert_eq!(refused.unwrap_err().code(), "estado_no_permite");
    }
    gateway.stop().await;
}

/// Numbers that failed are asked again when their owner says so, and no others.
#[tokio::test]
async fn failed_numbers_are_tried_again() {
    let numbers = companies(36, 150);
    let (place, service) = (Place::new(), Service::new());
    // The upstream refuses the token after the first hundred.
    service.sandbox.fail("401@coleccion /2".parse().unwrap());
    service.sandbox.fail("401@ruc".parse().unwrap());
    let gateway = Gateway::start(&place, Some(&service), &[]).await;
    let app = &gateway.app;
    let id = app.submit_batch(list(numbers.clone())).await.unwrap();
    let lote = until(app, id, Batch::has_ended).await;
    assert_eq!(lote.state, BatchState::Partial);
    assert_eq!((lote.successful(), lote.failed), (100, 50));
    let job = app.store().job_of_batch(id).await.unwrap().unwrap();
    assert_eq!(
        (job.state, job.code.as_deref()),
        (JobState::Failed, Some("proveedor_no_autorizado"))
    );
    let told = text(app, id, OutputFormat::Ndjson).await;
    assert!(told.contains("No se pudo consultar: proveedor_no_autorizado"));
    service.sandbox.heal();
    let before = service.sandbox.last_sequence();
    app.retry_trabajo(job.id, None, &Payer::default())
        .await
        .unwrap();
    let lote = until(app, id, Batch::has_ended).await;
    assert_eq!(
        (lote.state, lote.successful()),
        (BatchState::Completed, 150)
    );
    let asked: BTreeSet<String> = service.asked_since(before).into_iter().collect();
    assert_eq!(asked, numbers[100..].iter().cloned().collect());
    gateway.stop().await;
}

/// A passing failure is no end: what failed is asked again later, by whoever runs then.
#[tokio::test]
async fn a_passing_failure_is_tried_again() {
    let (place, service) = (Place::new(), Service::new());
    for fault in ["503@coleccion", "503@ruc"] {
        service.sandbox.fail(fault.parse().unwrap());
    }
    let once = [("CHASKI_MIGO_MAX_ATTEMPTS", "1")];
    let gateway = Gateway::start_at(&place, Some(&service), &once, night(0)).await;
    let app = &gateway.app;
    let id = app.submit_batch(list(companies(47, 3))).await.unwrap();
    // Calls are counted when a run ends.
    let lote = until(app, id, |lote| lote.calls > 0).await;
    assert_eq!((lote.failed, lote.has_ended()), (3, false));
    gateway.stop().await;
    let app = open(&place, Some(&service), &once, night(0)).await;
    let job = app.store().job_of_batch(id).await.unwrap().unwrap();
    assert_eq!((job.state, job.attempts), (JobState::Pending, 1));
    assert_eq!(job.code.as_deref(), Some("proveedor_no_disponible"));
    assert!(job.run_at > job.created_at + SignedDuration::from_secs(9));
    app.close().await.unwrap();
    service.sandbox.heal();
    let gateway = Gateway::start_at(&place, Some(&service), &once, night(1)).await;
    let lote = until(&gateway.app, id, Batch::has_ended).await;
    assert_eq!((lote.state, lote.successful()), (BatchState::Completed, 3));
    gateway.stop().await;
}

/// Stopping puts back what runs: no answer under way is lost, and the next start goes on.
#[tokio::test]
async fn stopping_puts_back_what_runs() {
    let numbers = companies(37, 1_000);
    let (place, service) = (Place::new(), slow());
    let gateway = Gateway::start(&place, Some(&service), &[]).await;
    let id = gateway.app.submit_batch(list(numbers)).await.unwrap();
    until(&gateway.app, id, |lote| lote.processed() >= 200).await;
    gateway.stop().await;
    let app = open(&place, Some(&service), &[], Clock::system()).await;
    let job = app.store().job_of_batch(id).await.unwrap().unwrap();
    assert_eq!((job.state, job.attempts), (JobState::Pending, 0));
    app.close().await.unwrap();
    let gateway = Gateway::start(&place, Some(&service), &[]).await;
    until(&gateway.app, id, Batch::has_ended).await;
    assert_eq!(service.sandbox.charged(), 10, "no call was repeated");
    gateway.stop().await;
}

/// A batch of one key does not exist for another.
#[tokio::test]
async fn each_key_sees_its_own() {
    let place = Place::new();
    let gateway = Gateway::start(&place, None, &[]).await;
    let app = &gateway.app;
    let (ours, theirs) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
    let new = Submission {
        asker: Asker::Key {
            id: Uuid::from_u128(1),
            prefix: "000000000001".into(),
            company: Company::HOUSE,
        },
        ..list(vec!["20100070970".into()])
    };
    let id = app.submit_batch(new).await.unwrap();
    until(app, id, Batch::has_ended).await;
    let job = app.store().job_of_batch(id).await.unwrap().unwrap().id;
    let none = |outcome: Result<(), AppError>, what: &str| match outcome {
        Err(AppError::Store(StoreError::NoSuchBatch | StoreError::NoSuchJob)) => {}
        other => panic!("{what}: {other:?}"),
    };
    let payer = Payer::default();
    let change = |wanted| app.change_batch(id, theirs, wanted, &payer);
    none(app.batch(id, theirs).await.map(drop), "see");
    none(
        app.write_batch_result(
            id,
            theirs,
            Lang::Es,
            (OutputFormat::Csv, ResultNames::Programs),
            Vec::new(),
        )
        .await
        .map(drop),
        "result",
    );
    none(app.batch_events(id, theirs).await.map(drop), "events");
    none(change(BatchChange::Pause).await.map(drop), "pause");
    none(change(BatchChange::Resume).await.map(drop), "resume");
    none(change(BatchChange::Cancel).await.map(drop), "cancel");
    none(change(BatchChange::Retry).await.map(drop), "retry");
    none(app.trabajo(job, theirs).await.map(drop), "see job");
    none(
        app.cancel_trabajo(job, theirs).await.map(drop),
        "cancel job",
    );
    none(
        app.retry_trabajo(job, theirs, &Payer::default())
            .await
            .map(drop),
        "retry job",
    );
    for (key, expected) in [(ours, 1), (theirs, 0), (None, 1)] {
        assert_eq!(
            app.batches(10, None, key).await.unwrap().rows.len(),
            expected
        );
        let jobs = app.trabajos(None, 10, None, key).await.unwrap().rows;
        assert_eq!(
            jobs.iter().filter(|job| job.batch == Some(id)).count(),
            expected
        );
    }
    app.write_batch_result(
        id,
        ours,
        Lang::Es,
        (OutputFormat::Csv, ResultNames::Programs),
        Vec::new(),
    )
    .await
    .unwrap();
    gateway.stop().await;
}

/// Progress as it is seen from outside: it never goes back, and it ends.
#[tokio::test]
async fn progress_never_goes_back() {
    let (place, service) = (Place::new(), slow());
    let gateway = Gateway::start(&place, Some(&service), &[]).await;
    let app = &gateway.app;
    let id = app.submit_batch(list(companies(38, 1_000))).await.unwrap();
    let events = app.batch_events(id, None).await.unwrap();
    let seen: Vec<Batch> = events.map(Result::unwrap).collect().await;
    assert!(seen.len() >= 3, "{} values", seen.len());
    assert!(seen.is_sorted_by_key(Batch::processed));
    let last = seen.last().unwrap();
    assert_eq!(
        (last.state, last.processed()),
        (BatchState::Completed, 1_000)
    );
    // Somebody who comes late hears the end.
    let late: Vec<_> = app.batch_events(id, None).await.unwrap().collect().await;
    assert_eq!(late.len(), 1);
    gateway.stop().await;
}

/// The urgent one goes first even if it came last, and one place is kept for it.
#[tokio::test]
async fn the_urgent_one_does_not_wait() {
    let (place, service) = (Place::new(), slow());
    let two = [("CHASKI_JOBS_CONCURRENCY", "2")];
    let gateway = Gateway::start(&place, Some(&service), &two).await;
    let app = &gateway.app;
    let mut slow_ones = Vec::new();
    for seed in 40..43 {
        let low = Submission {
            priority: Priority::Low,
            ..list(companies(seed, 3_000))
        };
        slow_ones.push(app.submit_batch(low).await.unwrap());
    }
    until(app, slow_ones[0], |lote| lote.processed() >= 100).await;
    let urgent = Submission {
        priority: Priority::Critical,
        ..list(companies(44, 50))
    };
    let id = app.submit_batch(urgent).await.unwrap();
    until(app, id, Batch::has_ended).await;
    let waiting = app.batch(slow_ones[2], None).await.unwrap();
    assert_eq!(waiting.state, BatchState::Pending);
    gateway.stop().await;
}

/// 2026-11-02, 23:59 in Lima.
fn night(nights: i64) -> Clock {
    let minute_to: Timestamp = "2026-11-03T04:59:00Z".parse().unwrap();
    Clock::starting_at(minute_to + SignedDuration::from_hours(24 * nights))
}

/// Until the worker has seen to all that is due.
async fn wait_for_schedule(app: &App, clock: &Clock) {
    let seen = async || {
        let entries = app.programados().await.unwrap();
        let later = |next: Timestamp| next > clock.now();
        let is_seen = |entry: &Programado| entry.last.is_some() && entry.next.is_some_and(later);
        entries.iter().all(is_seen)
    };
    let waiting = async {
        while !seen().await {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), waiting)
        .await
        .expect("within a minute");
}

/// Each night once, whatever the restarts; nights that were slept through are made up for by one.
#[tokio::test]
async fn a_schedule_neither_repeats_nor_skips() {
    let place = Place::new();
    let at = [
        ("CHASKI_SCHEDULE_RETENTION", "0 0 * * *"),
        ("CHASKI_SCHEDULE_QUOTA", ""),
        ("CHASKI_SCHEDULE_PARTNERS", ""),
    ];
    let jobs_by = async |clock: Clock| {
        let gateway = Gateway::start_at(&place, None, &at, clock).await;
        wait_for_schedule(&gateway.app, &clock).await;
        let jobs = gateway
            .app
            .trabajos(None, 50, None, None)
            .await
            .unwrap()
            .rows;
        let kind = |kind: JobKind| jobs.iter().filter(|job| job.kind == kind.as_str()).count();
        assert_eq!(kind(JobKind::Quota), 0, "switched off");
        let scheduled = gateway.app.programados().await.unwrap();
        assert_eq!(scheduled.len(), 1);
        let next = lima_datetime(scheduled[0].next.unwrap());
        assert_eq!((next.hour(), next.minute()), (0, 0), "Lima's midnight");
        let count = kind(JobKind::Retention);
        gateway.stop().await;
        count
    };
    assert_eq!(jobs_by(night(0)).await, 0, "a new entry waits for its time");
    assert_eq!(jobs_by(night(0)).await, 0, "before midnight");
    assert_eq!(
        jobs_by(night(1)).await,
        1,
        "the night passed while it was off"
    );
    assert_eq!(jobs_by(night(1)).await, 1, "once");
    assert_eq!(jobs_by(night(5)).await, 2, "four nights are one");
}

#[tokio::test]
async fn jobs_of_the_schedule() {
    let (place, service) = (Place::new(), Service::new());
    let every_minute = [("CHASKI_SCHEDULE_QUOTA", "* * * * *")];
    let earlier = Gateway::start_at(&place, Some(&service), &every_minute, night(0)).await;
    let id = earlier
        .app
        .submit_batch(list(companies(45, 50)))
        .await
        .unwrap();
    until(&earlier.app, id, Batch::has_ended).await;
    earlier.stop().await;
    let gateway = Gateway::start_at(&place, Some(&service), &every_minute, night(1)).await;
    let done = async || {
        let jobs = gateway
            .app
            .trabajos(Some(JobState::Completed), 50, None, None);
        let jobs = jobs.await.unwrap().rows;
        let kinds: BTreeSet<String> = jobs.into_iter().map(|job| job.kind).collect();
        kinds.len() == 4
    };
    for _ in 0..200 {
        if done().await {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(
        done().await,
        "{:?}",
        gateway.app.trabajos(None, 50, None, None).await
    );
    gateway.stop().await;
    let file = sqlx::sqlite::SqliteConnectOptions::new().filename(place.data().join(DATABASE_FILE));
    let noted: Vec<(String, String, i64)> =
        sqlx::query_as("SELECT provider, month, used FROM quota_snapshots")
            .fetch_all(&mut file.connect().await.unwrap())
            .await
            .unwrap();
    assert_eq!(noted, [("migo".to_owned(), "2026-11".to_owned(), 1)]);
}

#[tokio::test]
async fn the_native_batch_call_is_used() {
    let (place, service) = (Place::new(), Service::new());
    let gateway = Gateway::start(&place, Some(&service), &[]).await;
    let numbers = companies(46, 250);
    let id = gateway.app.submit_batch(list(numbers)).await.unwrap();
    until(&gateway.app, id, Batch::has_ended).await;
    let entries = service.sandbox.ledger();
    assert_eq!(entries.len(), 3);
    let native = |entry: &chaski_sandbox::Entry| entry.operation == Operation::Collection;
    assert!(entries.iter().all(native));
    gateway.stop().await;
}
