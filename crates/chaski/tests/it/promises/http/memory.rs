//! What is large takes memory within bounds, and whoever is slow keeps only what is its key's.

use std::fmt::Write as _;
use std::io::{Cursor, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::Child;
use std::thread;
use std::time::{Duration, Instant};

use chaski::app::keys::Scope;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::listening;
use crate::cli_kit::Place;
use crate::http::{Answered, Door};

/// A workbook of few bytes that takes as much memory as the gateway gives it: one column of RUCs,
/// and many blanks up to a cell at the end of each row.
fn hungry(rows: usize, columns: &str) -> Vec<u8> {
    let mut sheet = String::from("<worksheet><sheetData>");
    for row in 1..=rows {
        let number = 20_000_000_000 + row as u64;
        write!(
            sheet,
            "<row><c r=\"A{row}\"><v>{number}</v></c><c r=\"{columns}{row}\"><v>1</v></c></row>"
        )
        .unwrap();
    }
    sheet += "</sheetData></worksheet>";
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let book =
        "<workbook><sheets><sheet name=\"a\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>";
    let kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let of_book = format!(
        "<Relationships><Relationship Id=\"r1\" Type=\"{kind}/worksheet\" Target=\"s.xml\"/></Relationships>"
    );
    let of_all = format!(
        "<Relationships><Relationship Id=\"r1\" Type=\"{kind}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
    );
    for (name, text) in [
        ("_rels/.rels", of_all.as_str()),
        ("xl/workbook.xml", book),
        ("xl/_rels/workbook.xml.rels", &of_book),
        ("xl/s.xml", &sheet),
    ] {
        writer
            .start_file(name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(text.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn form(file: &[u8]) -> Vec<u8> {
    let head =
        "--x1\r\nContent-Disposition: form-data; name=\"archivo\"; filename=\"a.xlsx\"\r\n\r\n";
    [head.as_bytes(), file, b"\r\n--x1--\r\n"].concat()
}

/// Hands a file in as a form.
async fn sent(door: &Door, address: &str, file: &[u8]) -> Answered {
    let request = http::Request::post(address)
        .header("Content-Type", "multipart/form-data; boundary=x1")
        .body(form(file).into())
        .unwrap();
    door.send(request).await
}

fn upload(path: &str, key: &str, length: usize) -> String {
    format!(
        "POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\
         Content-Type: multipart/form-data; boundary=x1\r\nContent-Length: {length}\r\n\r\n"
    )
}

/// A server of the real binary, in a place with keys.
struct Served {
    child: Child,
    address: SocketAddr,
    keys: Vec<String>,
    _place: Place,
}

impl Served {
    fn start(keys: usize) -> Served {
        let place = Place::new();
        let keys = (0..keys).map(|number| {
            let made = place.run(&format!(
                "llaves crear prueba{number} --permisos consultas,lotes,partners,auditoria -q"
            ));
            let text = made.expect(0);
            let key = text
                .out
                .split_whitespace()
                .find(|it| it.starts_with("chk_test_"));
            key.unwrap_or_else(|| panic!("{}", text.out)).to_owned()
        });
        let keys = keys.collect();
        let port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap();
        let child = place.start(&format!("serve --listen {port} -q"));
        let began = Instant::now();
        while TcpStream::connect(port).is_err() {
            assert!(
                began.elapsed() < Duration::from_mins(1),
                "it does not listen"
            );
            thread::sleep(Duration::from_millis(50));
        }
        Served {
            child,
            address: port,
            keys,
            _place: place,
        }
    }

    /// The most memory it ever had, in MiB.
    fn peak(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()));
        let status = status.unwrap_or_default();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kib = peak.and_then(|line| line.trim().trim_end_matches(" kB").parse::<usize>().ok());
        kib.unwrap_or(0) / 1024
    }

    fn said(&self, head: &str, body: &[u8]) -> (u16, String) {
        said(self.address, head, body)
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn said(address: SocketAddr, head: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_mins(1)))
        .unwrap();
    let mut answer = Vec::new();
    let sent = stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.write_all(body));
    let read = sent.and_then(|()| stream.read_to_end(&mut answer));
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.get(9..12).and_then(|it| it.parse().ok());
    (status.unwrap_or_else(|| panic!("{read:?}: {head}")), text)
}

fn get(path: &str, key: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"
    )
}

/// The figures, and what to do, for the list and for its texts.
#[tokio::test]
async fn h09_a_list_beyond_the_gateways_limit_is_told_what_to_do() {
    let door = Door::open().await;
    let long = "x".repeat(20_000);
    let mut texts = String::from("RUC;NOTA\n");
    for row in 0..1_800 {
        writeln!(texts, "{};{long}", 20_000_000_000_u64 + row).unwrap();
    }
    for (file, figures) in [
        (hungry(10_000, "IV"), ["48 MB", "256 MB"]),
        (texts.into_bytes(), ["32 MB", "64 MB"]),
    ] {
        for address in ["/api/v1/lotes", "/api/v1/partners/importar"] {
            let answer = sent(&door, address, &file).await;
            assert_eq!(answer.status, 422, "{address}: {}", answer.text);
            let problem = answer.json();
            assert_eq!(problem["code"], "archivo_muy_grande", "{address}");
            let detail = problem["detail"].as_str().unwrap();
            for word in figures.into_iter().chain(["divida", "sin --server"]) {
                assert!(detail.contains(word), "{address}: {detail}");
            }
        }
    }
}

/// A file of which nothing can be read is refused with the common cause, by each form that lists take.
#[tokio::test]
async fn f01_a_list_of_which_nothing_is_read_is_refused_over_http_too() {
    let door = Door::open().await;
    for file in [
        "RUC\nabc\nxyz\n",
        "RUC;OTRO\n1;2\n3;4\n",
        "RUC\n00000001\n00000002\n",
    ] {
        assert_unread(&sent(&door, "/api/v1/lotes", file.as_bytes()).await, file);
    }
    for file in [
        "RUC\nabc\nxyz\n",
        "RUC;OTRO\n1;2\n3;4\n",
        "RUC,Documento\n20100070971,hola\n20100070972,hola\n",
    ] {
        let answer = sent(&door, "/api/v1/partners/importar", file.as_bytes()).await;
        assert_unread(&answer, file);
    }
    // One row that is taken is enough, and the column is told.
    let file = "Otro,RUC\nx,20100070970\ny,abc\n";
    let answer = sent(&door, "/api/v1/partners/importar", file.as_bytes()).await;
    let said = answer.json();
    assert_eq!(answer.status, 200, "{said}");
    assert_eq!(said["failed"], 1, "{said}");
    assert_eq!(said["columns"], serde_json::json!(["B (RUC)"]), "{said}");
}

#[track_caller]
fn assert_unread(answer: &Answered, file: &str) {
    assert_eq!(answer.status, 422, "{file}: {}", answer.text);
    let problem = answer.json();
    assert_eq!(problem["code"], "lista_sin_ruc", "{file}");
    let detail = problem["detail"].as_str().unwrap();
    assert!(detail.contains("2 de 2"), "{file}: {detail}");
    assert_eq!(chaski::codes::find("lista_sin_ruc").unwrap().exit_code, 3);
}

/// Bodies without a key, hungry workbooks of two keys, large results that nobody reads, and silent
/// connections, all at once; and health answers all the while.
#[test]
fn h09_everything_at_once_stays_within_half_a_gibibyte() {
    let served = Served::start(2);
    let address = served.address;
    let at_rest = served.peak();
    // Small bodies that unpack to a lot, and one that is beyond what the gateway takes.
    let hungry_one = form(&hungry(7_000, "GR"));
    let too_hungry = form(&hungry(12_000, "IV"));
    assert!(hungry_one.len() < 700_000);
    // 1. A list whose result is read slowly.
    let mut list = String::from("RUC,Nombre\n");
    for number in 0..20_000 {
        let ruc = 20_500_000_000_u64 + number;
        writeln!(
            list,
            "{ruc},Una empresa con un nombre largo S.A.C. {number}"
        )
        .unwrap();
    }
    let list = form(list.as_bytes());
    let (status, text) = served.said(&upload("/api/v1/lotes", &served.keys[0], list.len()), &list);
    assert_eq!(status, 202, "{text}");
    let place = text
        .lines()
        .find_map(|it| it.strip_prefix("location: "))
        .unwrap()
        .trim();
    let result = format!("{place}/resultados?format=json");
    let mut slow = Vec::new();
    for _ in 0..6 {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .write_all(get(&result, &served.keys[0]).as_bytes())
            .unwrap();
        slow.push(stream);
    }
    // 2. Those without a key, and those who say nothing.
    let mut silent = Vec::new();
    let body = vec![b'a'; 23_000];
    for number in 0..600 {
        let mut stream = TcpStream::connect(address).unwrap();
        if number % 2 == 0 {
            let head =
                "POST /compat/migo/api/v1/ruc HTTP/1.1\r\nHost: x\r\nContent-Length: 24000\r\n\r\n";
            stream.write_all(head.as_bytes()).unwrap();
            let _ = stream.write_all(&body);
        }
        silent.push(stream);
    }
    // 3. Workbooks, ten at once.
    let uploads: Vec<_> = (0..10)
        .map(|number| {
            let key = served.keys[number % 2].clone();
            let body = if number % 5 == 4 {
                too_hungry.clone()
            } else {
                hungry_one.clone()
            };
            let path = ["/api/v1/lotes", "/api/v1/partners/importar"][number / 2 % 2];
            thread::spawn(move || said(address, &upload(path, &key, body.len()), &body).0)
        })
        .collect();
    let health = "GET /salud/listo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    while uploads.iter().any(|it| !it.is_finished()) {
        assert_eq!(served.said(health, b"").0, 200);
        thread::sleep(Duration::from_millis(50));
    }
    for upload in uploads {
        let status = upload.join().unwrap();
        assert!(matches!(status, 200 | 202 | 422 | 503), "{status}");
    }
    // 4. The other key gets its own while six results wait for a reader.
    let (status, text) = served.said(
        &get("/api/v1/partners/exportar?format=csv", &served.keys[1]),
        b"",
    );
    assert_eq!(status, 200, "{text}");
    let peak = served.peak();
    println!("at rest {at_rest} MiB, at most {peak} MiB");
    assert!(peak > 0 && peak < 512, "{peak} MiB");
}

/// Whoever sends a file slowly, or takes one slowly, has nobody waiting but itself.
#[tokio::test]
async fn h10_the_slow_harm_their_own_key_only() {
    let door = Door::open().await;
    let (slow, good) = (
        door.key_of(&door.app, None).await,
        door.key_of(&door.app, None).await,
    );
    let address = listening(&door).await;
    let mut streams = Vec::new();
    for number in 0..12 {
        let path = ["/api/v1/lotes", "/api/v1/partners/importar"][number % 2];
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let head = upload(path, &slow, 60 * 1024 * 1024);
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(&vec![b'a'; 100_000]).await.unwrap();
        streams.push(stream);
    }
    let exchanged = async |sent: Vec<u8>| {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream.write_all(&sent).await.unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        String::from_utf8_lossy(&answer).into_owned()
    };
    // A file that is not small, and its result.
    let mut list = String::from("RUC\n20100070970\n");
    for _ in 0..15_000 {
        list += "20131312955\n";
    }
    let list = form(list.as_bytes());
    let head = upload("/api/v1/lotes", &good, list.len());
    let answer = exchanged([head.as_bytes(), &list].concat()).await;
    assert!(answer.starts_with("HTTP/1.1 202"), "{answer}");
    let place = answer
        .lines()
        .find_map(|it| it.strip_prefix("location: "))
        .unwrap();
    for format in ["json", "csv"] {
        let path = format!("{}/resultados?format={format}", place.trim());
        let answer = exchanged(get(&path, &good).into_bytes()).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{}", &answer[..300]);
        assert!(answer.len() > 1_000_000);
    }
    // Twelve that take nothing of it; the other key still gets its own.
    let mine = door.key(&[Scope::Lotes], 0, 0).await;
    let head = upload("/api/v1/lotes", &mine, list.len());
    let answer = exchanged([head.as_bytes(), &list].concat()).await;
    let place = answer
        .lines()
        .find_map(|it| it.strip_prefix("location: "))
        .unwrap();
    let path = format!("{}/resultados", place.trim());
    for _ in 0..12 {
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        stream
            .write_all(get(&path, &mine).as_bytes())
            .await
            .unwrap();
        streams.push(stream);
    }
    tokio::task::yield_now().await;
    let path = "/api/v1/partners/exportar?format=csv";
    let answer = exchanged(get(path, &good).into_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
