//! Several processes on one folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use chaski::app::App;
use chaski::app::batches::{ReadList, RucList, Submission};
use chaski::sheets::{self, Limits};
use chaski::store::Batch;
use chaski::store::{BatchState, JobState, Priority, Store};
use chaski_client::{Ask, Clock, Ledger, Lookup, RucQuery};
use chaski_core::{Lang, Ruc};
use chaski_sandbox::Latency;
use uuid::Uuid;

use crate::cli_kit::{Place, Service, companies, finished, wait_until};
use crate::cli_serve::Server;
use crate::jobs_batches::{Gateway, list, open, until};
use crate::jobs_queue::handed_over;
use crate::store::{minute, open as open_store};
use crate::store_conformance::batch;

const LEASE: Duration = Duration::from_secs(10);

fn slow(latency: &str) -> Service {
    Service::with(|config| config.latency = latency.parse::<Latency>().unwrap())
}

/// How often each number was asked, where that is not once.
fn not_once(service: &Service, numbers: &[String]) -> BTreeMap<String, usize> {
    let mut times: BTreeMap<String, usize> =
        numbers.iter().map(|number| (number.clone(), 0)).collect();
    for number in service.asked_since(0) {
        *times.entry(number).or_default() += 1;
    }
    times.retain(|_, times| *times != 1);
    times
}

fn rucs(numbers: &[String]) -> Vec<Ruc> {
    numbers.iter().map(|it| it.parse().unwrap()).collect()
}

/// A list of the command line, in this process.
async fn foreground(app: &App, numbers: &[String], resume: bool) -> (bool, usize) {
    let csv = format!("RUC\n{}\n", numbers.join("\n"));
    let table = sheets::read_bytes(csv.as_bytes(), None, &Limits::default(), Lang::Es).unwrap();
    let input = ReadList {
        table,
        how: RucList {
            column: 0,
            dni_as_ruc: false,
        },
        source_name: "lista.csv".into(),
        source_hash: *blake3::hash(csv.as_bytes()).as_bytes(),
    };
    let ask = Ask::by("cli");
    let mut batch = app.plan_batch(input, &ask, resume).await.unwrap();
    let told = batch.under_way_elsewhere;
    batch.start(app).await.unwrap();
    while batch.next(app).await.unwrap() {}
    let finished = batch.finish(app, Lang::Es).await.unwrap();
    assert_eq!(finished.failed, 0);
    (told, finished.result.verdicts.len())
}

/// A lease is taken over when it lapses, and at once when the process that holds it is gone; never
/// while it lives.
#[tokio::test]
async fn h07_only_what_nobody_holds_is_taken_over() {
    let dir = tempfile::tempdir().unwrap();
    let ours = open_store(dir.path()).await.unwrap();
    let theirs = open_store(dir.path()).await.unwrap();
    ours.create_batch(handed_over(batch(1, &["20100038146"])))
        .await
        .unwrap();
    let claim = async |store: &Store, seconds: i64| {
        let now = minute(2_000) + jiff::SignedDuration::from_secs(seconds);
        assert_eq!(
            store.is_work_waiting(now, LEASE).await.unwrap(),
            store
                .job(Uuid::from_u128(1_001))
                .await
                .unwrap()
                .unwrap()
                .state
                == JobState::Pending
                || seconds > 10
        );
        store.claim_job(now, LEASE, Priority::Low).await.unwrap()
    };
    let held = claim(&theirs, 0).await.unwrap();
    for seconds in 0..=10 {
        assert!(claim(&ours, seconds).await.is_none(), "it lives");
    }
    let lapsed = claim(&ours, 11).await.unwrap();
    let late = theirs.renew_job(&held, minute(2_000), LEASE).await;
    assert!(late.is_err(), "the fence holds");
    // Whoever is gone holds nothing, and nobody waits for the lease.
    ours.close().await.unwrap();
    let again = claim(&theirs, 11).await.unwrap();
    assert_eq!(again.job.id, lapsed.job.id);
    theirs.close().await.unwrap();
}

/// A second server on the folder while the first works, and five that come and go.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h07_a_second_server_works_beside_the_first() {
    let (place, service) = (Place::new(), slow("20ms"));
    let numbers = companies(71, 1_500);
    let first = Gateway::start(&place, Some(&service), &[]).await;
    let new = Submission {
        update_partners: true,
        ..list(numbers.clone())
    };
    let id = first.app.submit_batch(new).await.unwrap();
    until(&first.app, id, |lote| lote.processed() >= 100).await;
    for _ in 0..5 {
        let other = Gateway::start(&place, Some(&service), &[]).await;
        assert!(other.app.store().has_company() && first.app.store().has_company());
        let job = other.app.store().job_of_batch(id).await.unwrap().unwrap();
        assert_ne!(job.state, JobState::Pending, "taken from who works on it");
        other.stop().await;
    }
    let second = Gateway::start(&place, Some(&service), &[]).await;
    // The same numbers from the other side.
    let same = second
        .app
        .submit_batch(list(numbers.clone()))
        .await
        .unwrap();
    for id in [id, same] {
        let lote = until(&second.app, id, Batch::has_ended).await;
        assert_eq!((lote.state, lote.failed), (BatchState::Completed, 0));
    }
    assert_eq!(not_once(&service, &numbers), BTreeMap::new());
    first.stop().await;
    assert!(!second.app.store().has_company());
    second.stop().await;
}

/// Server and command line, two command lines, single look-ups: whoever asks the same at the same
/// time shares the answer, whichever comes first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h07_processes_that_ask_the_same_pay_once() {
    for (seed, window) in [(72, "1"), (73, "4")] {
        let (place, service) = (Place::new(), slow("30ms"));
        let change = [("CHASKI_MIGO_BATCH_WINDOW", window)];
        let numbers = companies(seed, 900);
        let server = Gateway::start(&place, Some(&service), &change).await;
        let id = server
            .app
            .submit_batch(list(numbers.clone()))
            .await
            .unwrap();
        let lists: Vec<_> = (0..2)
            .map(|_| async {
                let app = open(&place, Some(&service), &change, Clock::system()).await;
                let rows = foreground(&app, &numbers, false).await.1;
                app.close().await.unwrap();
                rows
            })
            .collect();
        let singles = async {
            let app = open(&place, Some(&service), &change, Clock::system()).await;
            // From the end of the list, where nobody is yet.
            let last: Vec<Ruc> = rucs(&numbers[850..]).into_iter().rev().collect();
            for ruc in last {
                let outcome = app.migo().ruc(&ruc, &Ask::by("uno")).await;
                assert!(outcome.err().is_none_or(|error| error.is_not_found()));
            }
            app.close().await.unwrap();
        };
        let (rows, ()) = tokio::join!(futures_util::future::join_all(lists), singles);
        assert_eq!(rows, [900, 900]);
        let lote = until(&server.app, id, Batch::has_ended).await;
        assert_eq!(lote.state, BatchState::Completed);
        assert_eq!(
            not_once(&service, &numbers),
            BTreeMap::new(),
            "window {window}"
        );
        server.stop().await;
    }
}

/// `--reanudar` of a list that another process is at: that one keeps its batch, and nothing is paid
/// twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn h07_a_list_is_taken_up_only_when_nobody_is_at_it() {
    let (place, service) = (Place::new(), slow("30ms"));
    let numbers = companies(74, 800);
    let one = Arc::new(open(&place, Some(&service), &[], Clock::system()).await);
    let other = open(&place, Some(&service), &[], Clock::system()).await;
    let (app, same) = (Arc::clone(&one), numbers.clone());
    let first = tokio::spawn(async move { foreground(&app, &same, false).await });
    while service.sandbox.charged() < 2 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let (told, rows) = foreground(&other, &numbers, true).await;
    assert!(told, "that somebody is at it is said");
    assert_eq!(rows, 800);
    assert_eq!(first.await.unwrap(), (false, 800));
    let batches = other.store().batches(None, 10, None).await.unwrap().rows;
    assert_eq!(batches.len(), 2, "each has its own");
    assert!(batches.iter().all(|it| it.state == BatchState::Completed));
    assert_eq!(not_once(&service, &numbers), BTreeMap::new());
    one.close().await.unwrap();
    other.close().await.unwrap();
}

/// Who is alone writes nothing down, and who is gone is waited for by nobody.
#[tokio::test]
async fn h07_questions_of_the_dead_are_asked() {
    let dir = tempfile::tempdir().unwrap();
    let (ours, theirs) = (
        open_store(dir.path()).await.unwrap(),
        open_store(dir.path()).await.unwrap(),
    );
    let keys: Vec<_> = rucs(&companies(75, 3))
        .into_iter()
        .map(|ruc| RucQuery(ruc).key())
        .collect();
    let (some, all) = (&keys[..2], &keys[..]);
    assert_eq!(theirs.claim(some).await.unwrap(), Some(vec![true, true]));
    assert_eq!(
        ours.claim(all).await.unwrap(),
        Some(vec![false, false, true])
    );
    theirs.release(&keys[..1]);
    theirs.flush().await.unwrap();
    assert_eq!(ours.claim(some).await.unwrap(), Some(vec![true, false]));
    theirs.close().await.unwrap();
    // What the other held when it went.
    assert_eq!(ours.claim(&keys[1..2]).await.unwrap(), Some(vec![true]));
    ours.close().await.unwrap();
    let alone = open_store(dir.path()).await.unwrap();
    assert_eq!(alone.claim(all).await.unwrap(), None);
    alone.close().await.unwrap();
}

/// What one process forgets, another one that has it at hand forgets too.
#[tokio::test]
async fn h07_what_one_forgets_the_other_forgets() {
    let (place, service) = (Place::new(), Service::new());
    let server = open(&place, Some(&service), &[], Clock::system()).await;
    let ruc: Ruc = "20100070970".parse().unwrap();
    let ask = Ask::by("prueba");
    server.migo().ruc(&ruc, &ask).await.unwrap();
    server.store().flush().await.unwrap();
    server.forget_too().await.unwrap();
    let other = open(&place, Some(&service), &[], Clock::system()).await;
    let key = RucQuery(ruc).key();
    assert!(other.migo().engine().forget(&key).await.unwrap());
    server.forget_too().await.unwrap();
    server.migo().ruc(&ruc, &ask).await.unwrap();
    assert_eq!(service.sandbox.charged(), 2, "asked again");
    server.close().await.unwrap();
    other.close().await.unwrap();
}

fn files_of_processes(data: &Path) -> usize {
    std::fs::read_dir(data.join("procesos")).unwrap().count()
}

/// The real program: a second server while the first works, `kill -9` of the one that works, a list
/// of the command line with the same numbers, and a restart.
#[test]
fn h07_killed_and_taken_over_at_once() {
    let service = slow("100ms");
    let mut place = Place::asking(&service);
    place.set("CHASKI_MIGO_BATCH_WINDOW", "2");
    let numbers = companies(76, 3_000);
    place.write("lista.csv", format!("RUC\n{}\n", numbers.join("\n")));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = reqwest::Client::new();
    let sent = |url: &str| {
        let request = client
            .post(format!("{url}/api/v1/lotes"))
            .json(&serde_json::json!({"rucs": numbers}));
        let answer = runtime.block_on(async { request.send().await?.json().await });
        let batch: serde_json::Value = answer.unwrap();
        batch["id"].as_str().unwrap().to_owned()
    };
    let processed = |url: &str, id: &str| {
        let request = client.get(format!("{url}/api/v1/lotes/{id}"));
        let answer = runtime.block_on(async { request.send().await?.json().await });
        let batch: serde_json::Value = answer.unwrap();
        let ended = batch["status"] == "COMPLETED";
        (batch["processed_items"].as_u64().unwrap(), ended)
    };
    let mut first = Server::start(&place);
    let id = sent(&first.url);
    wait_until("a beginning", || processed(&first.url, &id).0 >= 200);
    let mut command_line = place.start("ruc lote lista.csv -o r.csv --lang es");
    let second = Server::start(&place);
    assert!(
        place.read("banner").contains("otro proceso de Chaski"),
        "{}",
        place.read("banner")
    );
    let twice = || {
        let numbers = not_once(&service, &numbers);
        numbers
            .values()
            .map(|times| times.saturating_sub(1))
            .sum::<usize>()
    };
    assert_eq!(twice(), 0, "while all live");
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    let killed = std::time::Instant::now();
    let before = processed(&second.url, &id).0;
    wait_until("the other going on", || {
        processed(&second.url, &id).0 > before
    });
    assert!(
        killed.elapsed() < Duration::from_secs(5),
        "no lease was waited for"
    );
    wait_until("the end", || processed(&second.url, &id).1);
    wait_until("the command line", || {
        command_line.try_wait().unwrap().is_some()
    });
    finished(&place, command_line).expect(0);
    // What the one that was killed had paid for and not yet written down: two windows of calls.
    let lost = twice();
    assert!(lost <= 2 * 2 * 100, "{lost} paid twice");
    assert_eq!(second.terminate(), Some(0));
    assert_eq!(
        files_of_processes(&place.data()),
        1,
        "of the one that was killed"
    );
    place.run("lotes").expect(0);
    assert_eq!(files_of_processes(&place.data()), 0);
}
