//! A list has one life, whoever works on it: a command, a server beside it, the next command; and so
//! have the lists of folders of before.

use std::collections::BTreeSet;
use std::process::Child;
use std::time::Duration;

use chaski::scratch::Scratch;
use chaski_client::Clock;
use sqlx::{ConnectOptions, Connection};

use crate::cli_batches::stored;
use crate::cli_kit::{Place, Service, companies, finished, wait_until};
use crate::cli_serve::Server;
use crate::jobs_batches::open;

fn slow() -> Service {
    Service::with(|config| config.latency = "100ms".parse().unwrap())
}

/// A place with a list, its numbers, and how to ask for it.
fn place(service: &Service, seed: u64, count: usize) -> (Place, Vec<String>) {
    let mut place = Place::asking(service);
    place.set("CHASKI_MIGO_BATCH_WINDOW", "1");
    let numbers = companies(seed, count);
    place.write("lista.csv", format!("RUC\n{}\n", numbers.join("\n")));
    (place, numbers)
}

const COMMAND: &str = "ruc lote lista.csv -o r.csv --reanudar";

/// The command after some calls.
fn begun(place: &Place, service: &Service) -> Child {
    let before = service.sandbox.last_sequence();
    let child = place.start(COMMAND);
    wait_until("some calls", || {
        service.sandbox.last_sequence() > before + 3
    });
    child
}

fn kill(mut child: Child) {
    child.kill().unwrap();
    child.wait().unwrap();
}

/// The only batch: its identifier, and whether it is paused.
fn batch(place: &Place) -> (String, String, bool) {
    let listed = place.run("lotes --format ndjson").expect(0).objects();
    assert_eq!(listed.len(), 1, "{listed:?}");
    let text = |name: &str| listed[0][name].as_str().unwrap().to_owned();
    (text("id"), text("estado"), listed[0]["en_pausa"] == true)
}

/// Numbers that were asked for more than once.
fn twice(service: &Service) -> usize {
    let asked = service.asked_since(0);
    let different: BTreeSet<&String> = asked.iter().collect();
    asked.len() - different.len()
}

/// What a killed command may have lost on its way: two windows of a call.
const LOST: usize = 2 * 100;

#[test]
fn no_server_takes_up_the_list_of_a_command_unasked() {
    let service = slow();
    let (place, numbers) = place(&service, 81, 2_000);
    kill(begun(&place, &service));
    let sent = service.sandbox.last_sequence();
    let server = Server::start(&place);
    wait_until("the server to notice", || batch(&place).2);
    std::thread::sleep(Duration::from_millis(1_500));
    assert!(
        service.sandbox.last_sequence() <= sent + 1,
        "nothing is asked"
    );
    let (id, state, _) = batch(&place);
    assert_eq!(state, "PROCESSING");
    // The command goes on with it beside the server, and is killed again.
    kill(begun(&place, &service));
    assert_eq!(batch(&place).0, id, "the same one");
    wait_until("the server to notice", || batch(&place).2);
    // Who is asked for it takes it to its end.
    place.run(&format!("lotes reanudar {id}")).expect(0);
    wait_until("the end", || batch(&place).1 == "COMPLETED");
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(stored(&place, &numbers).len(), numbers.len());
    assert!(twice(&service) <= 2 * LOST, "{}", twice(&service));
    let result = place.run(&format!("lotes resultado {id} --format ndjson"));
    assert_eq!(result.expect(0).objects().len(), numbers.len());
}

#[test]
fn a_command_beside_a_server_keeps_its_list() {
    let service = slow();
    let (place, numbers) = place(&service, 82, 2_500);
    let server = Server::start(&place);
    let child = begun(&place, &service);
    // Paused by somebody else it stops, and says how to go on.
    let (id, ..) = batch(&place);
    place.run(&format!("lotes pausar {id}")).expect(0);
    let ran = finished(&place, child);
    assert!(ran.err.contains("El trabajo se detuvo"), "{}", ran.err);
    assert!(ran.err.contains("--reanudar"), "{}", ran.err);
    assert!(!place.path("r.csv").exists());
    assert!(batch(&place).2);
    place.run(COMMAND).expect(0);
    assert_eq!(batch(&place), (id, "COMPLETED".to_owned(), false));
    assert_eq!(twice(&service), 0);
    assert_eq!(server.terminate(), Some(0));
    assert_eq!(stored(&place, &numbers).len(), numbers.len());
}

#[test]
fn a_command_takes_up_the_list_of_a_gateway() {
    let service = slow();
    let (place, numbers) = place(&service, 83, 1_000);
    let submitted = tokio::runtime::Runtime::new().unwrap().block_on(async {
        let app = open(&place, Some(&service), &[], Clock::system()).await;
        let new = chaski::app::batches::Submission {
            input: chaski::app::batches::ListInput::File(Scratch::of_bytes(
                place.read("lista.csv").into(),
            )),
            ..crate::jobs_batches::list(Vec::new())
        };
        let id = app.submit_batch(new).await.unwrap();
        app.close().await.unwrap();
        id
    });
    place.run(COMMAND).expect(0);
    let completed = (submitted.to_string(), "COMPLETED".to_owned(), false);
    assert_eq!(batch(&place), completed);
    assert_eq!(service.asked_since(0).len(), numbers.len());
}

/// What a program of before left: a command's batch had no job, was named by its file and options, and
/// began when it ended.
const OF_BEFORE: &str = "DELETE FROM jobs; ALTER TABLE batches ADD COLUMN holder INTEGER; \
     ALTER TABLE calls DROP COLUMN company; \
     UPDATE batches SET state = CASE state WHEN 'PROCESSING' THEN 'PENDING' ELSE state END, \
     started_at = NULL, holder = 12345, paused = 0, source_hash = $1, \
     options = 'columna=0 verificacion=Strict'; \
     DROP TABLE documents; DROP TABLE document_attempts; DROP TABLE document_series; DROP TABLE document_numbers; \
         DROP TABLE document_events; DROP TABLE issuer_holds; DROP TABLE document_files; DROP TABLE issuers; DELETE FROM _sqlx_migrations WHERE version > 13; PRAGMA user_version = 13";

fn aged(place: &Place) {
    let hash = blake3::hash(place.read("lista.csv").as_bytes());
    let statements = OF_BEFORE.replace("$1", &format!("x'{}'", hash.to_hex()));
    tokio::runtime::Runtime::new().unwrap().block_on(async {
        let options = sqlx::sqlite::SqliteConnectOptions::new();
        let options = options.filename(place.data().join(chaski::store::DATABASE_FILE));
        let mut connection = options.connect().await.unwrap();
        let statements = sqlx::AssertSqlSafe(statements);
        sqlx::raw_sql(statements)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    });
}

#[test]
fn lists_of_a_program_of_before_go_on() {
    let service = slow();
    let (place, numbers) = place(&service, 84, 1_000);
    kill(begun(&place, &service));
    aged(&place);
    let known = stored(&place, &numbers);
    assert!(!known.is_empty() && known.len() < numbers.len());
    // It is there as it was, and a server leaves it alone.
    let (id, state, paused) = batch(&place);
    assert_eq!((state.as_str(), paused), ("PENDING", false));
    let before = service.sandbox.last_sequence();
    let server = Server::start(&place);
    wait_until("the server to notice", || batch(&place).2);
    drop(server);
    assert_eq!(service.sandbox.last_sequence(), before);
    place.run(COMMAND).expect(0);
    assert_eq!(batch(&place), (id.clone(), "COMPLETED".to_owned(), false));
    let asked = service.asked_since(before);
    assert_eq!(
        asked.len(),
        numbers.len() - known.len(),
        "nothing is paid twice"
    );
    // One that has ended stays as it is, and the same list is a new batch that costs nothing.
    aged(&place);
    assert_eq!(batch(&place), (id, "COMPLETED".to_owned(), false));
    let before = service.sandbox.last_sequence();
    place.run(COMMAND).expect(0);
    assert_eq!(service.sandbox.last_sequence(), before);
    assert_eq!(place.run("lotes").expect(0).objects().len(), 2);
}

/// One that had ended with numbers without an answer can be tried again, by either.
#[test]
fn a_partial_list_of_before_is_tried_again() {
    let service = Service::new();
    let (place, numbers) = place(&service, 85, 300);
    place.run(&format!("{COMMAND} --gastar-hasta 2")).expect(8);
    assert_eq!(batch(&place).1, "PARTIAL");
    aged(&place);
    let (id, state, _) = batch(&place);
    assert_eq!(state, "PARTIAL");
    place.run(&format!("lotes reintentar {id}")).expect(0);
    assert_eq!(batch(&place).1, "PENDING");
    place.run(COMMAND).expect(0);
    assert_eq!(batch(&place), (id, "COMPLETED".to_owned(), false));
    assert_eq!(service.asked_since(0).len(), numbers.len());
}
