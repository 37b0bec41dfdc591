//! The real server: killed while batches run, and stopped while it answers.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use reqwest::Client;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::cli_batches::stored_in;
use crate::cli_kit::{Numbers, Place, Service, companies, wait_until};
use crate::store_postgres::some_database;

/// A running server; it ends with the test.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) url: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Server {
    /// Starts it and waits for its banner.
    pub(crate) fn start(place: &Place) -> Server {
        Server::saying(place, &[])
    }

    /// The same with more words.
    pub(crate) fn saying(place: &Place, words: &[&str]) -> Server {
        Server::on(place, "127.0.0.1:0", words)
    }

    /// The same on another address.
    pub(crate) fn on(place: &Place, address: &str, words: &[&str]) -> Server {
        let said = place.path("banner");
        let words = [&["serve", "--listen", address], words].concat();
        let child = place
            .command(&words)
            .stdout(Stdio::null())
            .stderr(File::create(&said).unwrap())
            .spawn()
            .unwrap();
        let mut url = None;
        wait_until("the banner", || {
            let text = std::fs::read_to_string(&said).unwrap();
            url = text
                .lines()
                .find_map(|line| Some(line.split_once("http://")?.1.split_once("/api/v1")?.0))
                .map(|address| format!("http://{address}"));
            url.is_some()
        });
        Server {
            child,
            url: url.unwrap(),
        }
    }

    pub(crate) fn terminate(mut self) -> Option<i32> {
        self.tell_to_stop();
        self.child.wait().unwrap().code()
    }

    fn tell_to_stop(&self) {
        self.signal("-TERM");
    }

    pub(crate) fn hang_up(&self) {
        self.signal("-HUP");
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args([name, &pid]).status().unwrap();
        assert!(sent.success());
    }
}

async fn get(client: &Client, url: String) -> Value {
    let answer = client.get(url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.json().await.unwrap()
}

/// Kills in this run; the suite's own number is small because it runs on every change.
fn kills() -> u64 {
    option_env!("CHASKI_TEST_KILLS").map_or(20, |text| text.parse().unwrap())
}

#[test]
fn killed_while_batches_run() {
    killed(None, kills());
}

#[test]
fn killed_while_batches_run_on_a_server_of_postgresql() {
    if let Some(url) = some_database() {
        killed(Some(&url), kills().div_ceil(5));
    }
}

fn killed(database: Option<&str>, kills: u64) {
    let service = Service::with(|config| config.latency = "20ms".parse().unwrap());
    let mut place = Place::asking(&service);
    if let Some(url) = database {
        place.set("CHASKI_DATABASE_URL", url);
    }
    place.set("CHASKI_MIGO_BATCH_WINDOW", "2");
    let runtime = Runtime::new().unwrap();
    let client = Client::new();
    let mut random = Numbers(7);
    let (mut batches, mut all) = (Vec::new(), Vec::new());
    for kill in 0..kills {
        let known = stored_in(&place, database, &all);
        let before = service.sandbox.last_sequence();
        let mut server = Server::start(&place);
        if kill % 4 == 0 {
            let numbers = companies(100 + kill, 1_000);
            let sent = client
                .post(format!("{}/api/v1/lotes", server.url))
                .json(&json!({"rucs": numbers}));
            let answer = runtime.block_on(sent.send()).unwrap();
            assert_eq!(answer.status(), 202);
            let batch: Value = runtime.block_on(answer.json()).unwrap();
            batches.push(batch["id"].as_str().unwrap().to_owned());
            all.extend(numbers);
        }
        thread::park_timeout(Duration::from_millis(random.below(60)));
        server.child.kill().unwrap();
        server.child.wait().unwrap();
        let asked = service.asked_since(before);
        let twice = asked.iter().filter(|it| known.contains(*it)).count();
        assert_eq!(
            twice, 0,
            "kill {kill}: what was stored before was paid again"
        );
    }
    let server = Server::start(&place);
    for id in &batches {
        let url = format!("{}/api/v1/lotes/{id}", server.url);
        let mut batch = Value::Null;
        wait_until("the end of the batch", || {
            batch = runtime.block_on(get(&client, url.clone()));
            batch["status"] != "PENDING" && batch["status"] != "PROCESSING"
        });
        assert_eq!(batch["status"], "COMPLETED", "{batch}");
        assert_eq!(batch["processed_items"], 1_000, "{batch}");
        assert_eq!(batch["failed_items"], 0, "{batch}");
        let rows = runtime.block_on(get(&client, format!("{url}/resultados")));
        assert_eq!(rows.as_array().unwrap().len(), 1_000);
    }
    assert_eq!(server.terminate(), Some(0));
}

#[test]
fn a_stop_cuts_no_answer() {
    let service = Service::with(|config| config.latency = "100ms".parse().unwrap());
    let place = Place::asking(&service);
    let runtime = Runtime::new().unwrap();
    for stop in 0..20_u64 {
        let server = Server::start(&place);
        let client = Client::new();
        let before = service.sandbox.last_sequence();
        let asks: Vec<_> = companies(500 + stop, 20)
            .into_iter()
            .map(|ruc| {
                let request = client.get(format!("{}/api/v1/ruc/{ruc}", server.url));
                runtime.spawn(async move { request.send().await?.text().await })
            })
            .collect();
        wait_until("the calls", || {
            service.sandbox.last_sequence() >= before + 20
        });
        assert_eq!(server.terminate(), Some(0));
        for ask in asks {
            let text = runtime.block_on(ask).unwrap().expect("a whole answer");
            let answer: Value = serde_json::from_str(&text).unwrap();
            let answered = answer["success"] == true || answer["code"] == "no_encontrado";
            assert!(answered, "{answer}");
        }
    }
}

/// A request that is still coming holds the stop; nothing is paid for in the background meanwhile.
#[test]
fn a_stop_reaches_the_workers_at_once() {
    let service = Service::with(|config| config.latency = "1s".parse().unwrap());
    let mut place = Place::asking(&service);
    place.set("CHASKI_MIGO_BATCH_WINDOW", "1");
    let mut server = Server::start(&place);
    let runtime = Runtime::new().unwrap();
    let sent = Client::new()
        .post(format!("{}/api/v1/lotes", server.url))
        .json(&json!({"rucs": companies(900, 6_000)}));
    assert_eq!(runtime.block_on(sent.send()).unwrap().status(), 202);
    wait_until("the first call", || service.sandbox.last_sequence() > 0);
    let address = server.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let body = "ruc=20100070970";
    let head = format!(
        "POST /api/ruc/consultar-async HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut told = [0; 25];
    stream.read_exact(&mut told).unwrap();
    assert_eq!(&told, b"HTTP/1.1 100 Continue\r\n\r\n");
    server.tell_to_stop();
    wait_until("the end of the work", || {
        let jobs = place.run("trabajos --format ndjson").expect(0).objects();
        jobs.iter().all(|job| job["estado"] != "RUNNING")
    });
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert_eq!(server.child.wait().unwrap().code(), Some(0));
}

/// One JSON object a line, without the number that was asked for.
#[test]
fn the_log_is_json_where_that_is_wanted() {
    let mut place = Place::new();
    place.set("CHASKI_LOG_FORMAT", "json");
    let server = Server::saying(&place, &["-v"]);
    let runtime = Runtime::new().unwrap();
    let url = format!("{}/api/v1/ruc/20100070970", server.url);
    runtime.block_on(get(&Client::new(), url));
    assert_eq!(server.terminate(), Some(0));
    let said = std::fs::read_to_string(place.path("banner")).unwrap();
    let lines = said.lines().filter(|line| line.starts_with('{'));
    let logged: Vec<Value> = lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let request = logged
        .iter()
        .find(|line| line["message"] == "request")
        .unwrap();
    assert_eq!(request["route"], "/api/v1/ruc/{ruc}");
    assert_eq!(request["status"], 200);
    assert!(
        !logged
            .iter()
            .any(|it| it.to_string().contains("20100070970"))
    );
    place.set("CHASKI_LOG_FORMAT", "xml");
    place.run("doctor").expect(2);
}
