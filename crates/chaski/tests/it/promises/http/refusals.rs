//! What a refused caller gets to read, and what is refused at all.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use axum::body::Body;
use chaski::app::keys::Scope;
use http::{Method, Request};
use serde_json::Value;

use super::listening;
use crate::http::Door;

/// Sends all of it before anything is read, as most programs do, and reads one answer.
fn said(stream: &mut TcpStream, head: &str, body: &[u8]) -> std::io::Result<(u16, String)> {
    stream.write_all(head.as_bytes())?;
    for piece in body.chunks(16 * 1024) {
        stream.write_all(piece)?;
    }
    let mut answer = Vec::new();
    let mut piece = [0; 4_096];
    let end = loop {
        let length = stream.read(&mut piece)?;
        if length == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        answer.extend_from_slice(&piece[..length]);
        if let Some(at) = answer.windows(4).position(|it| it == b"\r\n\r\n") {
            break at + 4;
        }
    };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head
        .lines()
        .find_map(|it| it.strip_prefix("content-length: "));
    let length: usize = length.unwrap().trim().parse().unwrap();
    let mut rest = vec![0; length - (answer.len() - end)];
    stream.read_exact(&mut rest)?;
    let status = head[9..12].parse().unwrap();
    Ok((status, head))
}

fn head(method: &str, path: &str, key: Option<&str>, kind: &str, length: usize) -> String {
    let key = key
        .map(|key| format!("Authorization: Bearer {key}\r\n"))
        .unwrap_or_default();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\n{key}Content-Type: {kind}\r\n\
         Content-Length: {length}\r\n\r\n"
    )
}

const JSON: &str = "application/json";

/// Every address that takes a body, with the scope that it needs.
const POSTS: [(&str, &str, Scope); 20] = [
    ("POST", "/api/v1/ruc/consultas", Scope::Consultas),
    ("POST", "/api/v1/ruc/invalidos/olvidar", Scope::Consultas),
    ("POST", "/api/v1/dni/consultas", Scope::Dni),
    ("POST", "/api/v1/cpe/validar", Scope::Consultas),
    ("POST", "/api/v1/llamadas/buscar", Scope::Auditoria),
    ("POST", "/api/v1/lotes", Scope::Lotes),
    ("POST", "/api/v1/partners", Scope::Partners),
    ("POST", "/api/v1/partners/buscar", Scope::Partners),
    ("POST", "/api/v1/partners/actualizar", Scope::Partners),
    ("POST", "/api/v1/partners/importar", Scope::Partners),
    (
        "PATCH",
        "/api/v1/partners/00000000-0000-0000-0000-000000000001",
        Scope::Partners,
    ),
    ("POST", "/api/ruc/consultar-async", Scope::Consultas),
    ("POST", "/api/ruc/consultar-masivo-async/", Scope::Consultas),
    ("POST", "/api/dni/consultar-async", Scope::Dni),
    ("POST", "/compat/migo/api/v1/ruc", Scope::Consultas),
    (
        "POST",
        "/compat/migo/api/v1/ruc/collection",
        Scope::Consultas,
    ),
    ("POST", "/compat/migo/api/v1/dni", Scope::Dni),
    ("POST", "/compat/migo/api/v1/cpe", Scope::Consultas),
    ("POST", "/compat/migo/api/v1/exchange", Scope::Consultas),
    ("POST", "/compat/migo/api/v1/account", Scope::Auditoria),
];

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// All that has been refused reads why, whatever it was sending.
#[tokio::test(flavor = "multi_thread")]
async fn h11_whoever_is_refused_reads_the_refusal() {
    let door = Door::open().await;
    let nothing = door.key(&[Scope::Administracion], 0, 0).await;
    let all = door.key_of(&door.app, None).await;
    let address = listening(&door).await;
    let body = vec![b'1'; 6 * 1024 * 1024];
    blocking(move || {
        let lotes = "/api/v1/lotes";
        let form = "multipart/form-data; boundary=x";
        let mut tried = 0;
        for round in 0..30 {
            for (key, kind, expected) in [
                (Some(nothing.as_str()), form, 403),
                (None, form, 401),
                (Some(all.as_str()), JSON, 413),
            ] {
                check(
                    address,
                    &head("POST", lotes, key, kind, body.len()),
                    &body,
                    expected,
                );
                tried += 1;
            }
            let (method, path, _) = POSTS[round % POSTS.len()];
            for size in [100, 70_000, 840_000, 1_100_000] {
                for (key, few) in [
                    (Some(nothing.as_str()), &[403, 413][..]),
                    (None, &[401, 413]),
                ] {
                    let (got, _) =
                        checked(address, &head(method, path, key, JSON, size), &body[..size]);
                    assert!(few.contains(&got), "{method} {path} {size}: {got}");
                    tried += 1;
                }
            }
        }
        assert_eq!(tried, 30 * 11);
    })
    .await;
}

#[track_caller]
fn check(address: SocketAddr, head: &str, body: &[u8], expected: u16) {
    let (status, headers) = checked(address, head, body);
    assert_eq!(status, expected, "{head}");
    assert!(headers.contains("connection: close"), "{headers}");
}

#[track_caller]
fn checked(address: SocketAddr, head: &str, body: &[u8]) -> (u16, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    said(&mut stream, head, body).unwrap_or_else(|error| panic!("{error}: {head}"))
}

/// What was refused without being read does not spoil the next request on that connection.
#[tokio::test(flavor = "multi_thread")]
async fn h11_after_a_small_refusal_the_connection_goes_on_or_says_that_it_ends() {
    let door = Door::open().await;
    let nothing = door.key(&[Scope::Administracion], 0, 0).await;
    let slow = door.key(&[Scope::Consultas], 1, 0).await;
    let address = listening(&door).await;
    blocking(move || {
        let good = "GET /salud/vivo HTTP/1.1\r\nHost: x\r\n\r\n";
        for round in 0..100 {
            let (method, path, _) = POSTS[round % POSTS.len()];
            let key = [
                None,
                Some(nothing.as_str()),
                Some(slow.as_str()),
                Some("chk_test_a_b"),
            ][round % 4];
            let body = vec![b'1'; [2, 300, 9_000, 60_000][round % 4]];
            let mut stream = TcpStream::connect(address).unwrap();
            // Head and body in two pieces, so that the refusal comes before the body.
            let first = head(method, path, key, JSON, body.len());
            stream.write_all(first.as_bytes()).unwrap();
            if round % 2 == 0 {
                std::thread::yield_now();
            }
            let (status, headers) = said(&mut stream, "", &body).unwrap();
            assert!(status >= 400, "{path}: {status}");
            if headers.contains("connection: close") {
                continue;
            }
            let (status, _) = said(&mut stream, good, b"").unwrap();
            assert_eq!(status, 200, "{round} {path}");
        }
    })
    .await;
}

fn form(fields: &[(&str, Option<&str>, &str)]) -> Request<Body> {
    let mut text = String::new();
    for (name, file, value) in fields {
        let file = file
            .map(|file| format!("; filename=\"{file}\""))
            .unwrap_or_default();
        write!(
            text,
            "--xyz\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n"
        )
        .unwrap();
    }
    text += "--xyz--\r\n";
    Request::builder()
        .method(Method::POST)
        .header("Content-Type", "multipart/form-data; boundary=xyz")
        .header("Content-Length", text.len())
        .body(Body::from(text))
        .unwrap()
}

#[tokio::test]
async fn l11_of_two_files_none_is_taken() {
    let door = Door::open().await;
    let list = "RUC\n20100070970\n";
    let one = ("archivo", Some("a.csv"), list);
    for (path, of_lotes) in [
        ("/api/v1/lotes", true),
        ("/api/v1/partners/importar", false),
    ] {
        for second in [
            ("archivo", Some("b.csv"), "RUC\n20131312955\n"),
            ("file", Some("b.csv"), "RUC\n20131312955\n"),
            ("archivo", None, ""),
        ] {
            for fields in [vec![one, second], vec![one, second, second]] {
                let mut request = form(&fields);
                *request.uri_mut() = path.parse().unwrap();
                let answer = door.send(request).await;
                assert_eq!(answer.status, 422, "{path}: {}", answer.text);
                let detail = answer.json()["detail"].as_str().unwrap().to_owned();
                assert!(detail.contains("más de un archivo"), "{detail}");
            }
        }
        let mut request = form(&[one]);
        *request.uri_mut() = path.parse().unwrap();
        assert!(door.send(request).await.status.is_success());
        if of_lotes {
            let twice = [("columna", None, "RUC"), one, ("columna", None, "A")];
            let mut request = form(&twice);
            *request.uri_mut() = path.parse().unwrap();
            let answer = door.send(request).await;
            assert_eq!(answer.status, 422);
            assert_eq!(answer.json()["errors"][0]["field"], "columna");
        }
    }
    // Nothing of the refused ones was kept.
    let kept = door.get("/api/v1/lotes").await.json();
    assert_eq!(kept["data"].as_array().unwrap().len(), 1);
}

/// A `next_cursor` of each list is a place in that list only.
#[tokio::test]
async fn l11_a_cursor_is_good_in_its_own_list() {
    let door = Door::open().await;
    for number in ["20100070970", "20131312955"] {
        let body = format!("{{\"rucs\":[\"{number}\"]}}");
        door.ask(Method::POST, "/api/v1/lotes", None, &body).await;
        door.get(&format!("/api/v1/ruc/{number}")).await;
        let body = format!("{{\"num_document\":\"{number}\"}}");
        door.ask(Method::POST, "/api/v1/partners", None, &body)
            .await;
    }
    let lists = [
        "/api/v1/llamadas",
        "/api/v1/lotes",
        "/api/v1/trabajos",
        "/api/v1/partners",
    ];
    let others = ["/api/v1/ruc/invalidos", "/api/v1/partners/cambios"];
    for of in lists {
        let page = door.get(&format!("{of}?limit=1")).await.json();
        let Value::String(cursor) = &page["next_cursor"] else {
            panic!("{of}: {page}");
        };
        for list in lists.iter().chain(&others) {
            let answer = door.get(&format!("{list}?limit=1&cursor={cursor}")).await;
            if *list == of {
                assert_eq!(answer.status, 200, "{of}");
            } else {
                assert_eq!(answer.status, 422, "{of} in {list}");
                assert_eq!(answer.json()["errors"][0]["field"], "cursor");
            }
        }
    }
}

/// What a caller may not do is refused whatever stands in the body, which is not even read.
#[tokio::test]
async fn l11_scope_comes_before_the_body() {
    let door = Door::open().await;
    for (method, path, scope) in POSTS {
        let others = Scope::ALL.into_iter().filter(|it| *it != scope);
        let key = door.key(&others.collect::<Vec<_>>(), 0, 0).await;
        for body in ["{", "[]", "{\"x\":1}", "\u{0}"] {
            let answer = door
                .ask(method.parse().unwrap(), path, Some(&key), body)
                .await;
            assert_eq!(
                answer.status, 403,
                "{method} {path} {body}: {}",
                answer.text
            );
        }
    }
}
