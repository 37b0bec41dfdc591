//! Over real loopback connections: what a client's socket sees.

use std::io::ErrorKind;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use chaski_sandbox::{Sandbox, serve};

use crate::kit::sandbox;

const REQUEST: &str =
    "GET /api/v2/ruc/20100070970 HTTP/1.1\r\nhost: sandbox\r\nauthorization: Bearer t\r\n\r\n";
const LAST_REQUEST: &str = "GET /api/v2/ruc/20100070970 HTTP/1.1\r\nhost: sandbox\r\nauthorization: Bearer t\r\nconnection: close\r\n\r\n";

struct Server {
    address: SocketAddr,
    stop: oneshot::Sender<()>,
    running: JoinHandle<std::io::Result<()>>,
}

async fn start(sandbox: &Sandbox) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(serve(sandbox.clone(), listener, async {
        let _ = stopped.await;
    }));
    Server {
        address,
        stop,
        running,
    }
}

/// Sends one request and reads to the end of the connection.
async fn exchange(address: SocketAddr, request: &str) -> Result<String, ErrorKind> {
    let mut stream = TcpStream::connect(address)
        .await
        .map_err(|error| error.kind())?;
    stream
        .write_all(request.as_bytes())
        .await
        .map_err(|error| error.kind())?;
    let mut answer = Vec::new();
    stream
        .read_to_end(&mut answer)
        .await
        .map_err(|error| error.kind())?;
    Ok(String::from_utf8(answer).unwrap())
}

#[tokio::test]
async fn an_answer_a_reset_and_a_close_are_three_different_things() {
    let sandbox = sandbox();
    let server = start(&sandbox).await;

    let answer = exchange(server.address, LAST_REQUEST).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"));
    assert!(answer.contains("EMPRESA DE PRUEBA UNO S.A.C."));

    sandbox.fail("reset x1".parse().unwrap());
    assert_eq!(
        exchange(server.address, REQUEST).await,
        Err(ErrorKind::ConnectionReset)
    );

    sandbox.fail("cerrar x1".parse().unwrap());
    assert_eq!(exchange(server.address, REQUEST).await, Ok(String::new()));

    let charged: Vec<bool> = sandbox.ledger().iter().map(|entry| entry.charged).collect();
    assert_eq!(charged, [true, false, true]);
}

#[tokio::test]
async fn an_outage_resets_new_connections_and_those_already_open() {
    let sandbox = sandbox();
    let server = start(&sandbox).await;
    let mut open = TcpStream::connect(server.address).await.unwrap();
    open.write_all(REQUEST.as_bytes()).await.unwrap();
    assert!(open.read(&mut [0; 4096]).await.unwrap() > 0);

    sandbox.fail("caida".parse().unwrap());
    assert_eq!(
        exchange(server.address, REQUEST).await,
        Err(ErrorKind::ConnectionReset)
    );
    assert_eq!(sandbox.ledger().len(), 1, "nothing of it arrived");
    open.write_all(REQUEST.as_bytes()).await.unwrap();
    let error = open.read(&mut [0; 4096]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);

    sandbox.heal();
    assert!(
        exchange(server.address, LAST_REQUEST)
            .await
            .unwrap()
            .contains("200 OK")
    );
}

#[tokio::test]
async fn a_dripping_body_comes_in_ten_pieces_and_whole() {
    let sandbox = sandbox();
    let server = start(&sandbox).await;
    sandbox.fail("goteo:1ms".parse().unwrap());
    let answer = exchange(server.address, LAST_REQUEST).await.unwrap();
    assert!(answer.contains("transfer-encoding: chunked"));
    let sizes = answer
        .lines()
        .filter(|line| usize::from_str_radix(line, 16).is_ok_and(|size| size > 0));
    assert_eq!(sizes.count(), 10);
}

#[tokio::test]
async fn a_truncated_body_ends_with_a_right_length() {
    let sandbox = sandbox();
    let server = start(&sandbox).await;
    sandbox.fail("truncado".parse().unwrap());
    let answer = exchange(server.address, LAST_REQUEST).await.unwrap();
    let (headers, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(headers.contains(&format!("content-length: {}", body.len())));
    assert!(serde_json::from_str::<serde_json::Value>(body).is_err());
}

#[tokio::test]
async fn stopping_closes_the_port_and_ends_idle_connections() {
    let sandbox = sandbox();
    let server = start(&sandbox).await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(REQUEST.as_bytes()).await.unwrap();
    assert!(idle.read(&mut [0; 4096]).await.unwrap() > 0);
    server.stop.send(()).unwrap();
    server.running.await.unwrap().unwrap();
    assert_eq!(idle.read(&mut [0; 16]).await.unwrap(), 0);
    assert_eq!(
        exchange(server.address, REQUEST).await,
        Err(ErrorKind::ConnectionRefused)
    );
}

#[tokio::test]
async fn too_many_headers_are_refused_before_they_are_a_request() {
    let sandbox = sandbox();
    let server = start(&sandbox).await;
    let headers = "x-uno-mas: y\r\n".repeat(100);
    let request = format!("GET /api/v2/ruc/20100070970 HTTP/1.1\r\n{headers}\r\n");
    let answer = exchange(server.address, &request).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    assert_eq!(sandbox.ledger().len(), 0);
}
