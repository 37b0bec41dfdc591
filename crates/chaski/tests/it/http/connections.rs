//! Connections that are slow, too large or ambiguous. The clock is paused: where nothing happens it
//! leaps to the next deadline.

use chaski::http::serve;
use http::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::Door;

/// Sends bytes over a connection of its own and reads until the server closes it.
async fn exchange(sent: &[u8]) -> (String, std::time::Duration) {
    let door = Door::open().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(serve(std::sync::Arc::clone(&door.entry), listener, async {
        let _ = stopped.await;
    }));
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent).await.unwrap();
    tokio::time::pause();
    let began = Instant::now();
    let mut answer = Vec::new();
    // A reset after the answer is as good as a close.
    let _ = stream.read_to_end(&mut answer).await;
    let took = began.elapsed();
    tokio::time::resume();
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
    (String::from_utf8_lossy(&answer).into_owned(), took)
}

#[tokio::test]
async fn whoever_is_slow_is_closed() {
    for sent in [
        "",
        "GET /salud/vivo HT",
        "GET /salud/vivo HTTP/1.1\r\nHost: localhost\r\nX-A: b\r\n",
    ] {
        let (answer, took) = exchange(sent.as_bytes()).await;
        assert!(took.as_secs() <= 15, "{sent:?}: {took:?}");
        assert!(!answer.contains("200 OK"), "{answer}");
    }
    let head =
        "POST /api/ruc/consultar-async HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n";
    let (answer, took) = exchange(format!("{head}ruc=2").as_bytes()).await;
    assert!(took.as_secs() <= 15, "{took:?}");
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    // Idle after its answer.
    let (answer, took) = exchange(b"GET /salud/vivo HTTP/1.1\r\nHost: localhost\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    assert!(took.as_secs() <= 15, "{took:?}");
}

/// Requests every 7 s for a minute over one connection, each head in two pieces 2 s apart.
#[tokio::test]
async fn whoever_keeps_asking_is_kept() {
    let pass = async |seconds| {
        tokio::time::pause();
        tokio::time::advance(std::time::Duration::from_secs(seconds)).await;
        // Running again, so that waiting for bytes does not leap to the next deadline.
        tokio::time::resume();
    };
    let door = Door::open().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let entry = std::sync::Arc::clone(&door.entry);
    tokio::spawn(serve(entry, listener, std::future::pending()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    for _ in 0..9 {
        stream
            .write_all(b"GET /salud/vivo HTTP/1.1\r\n")
            .await
            .unwrap();
        tokio::task::yield_now().await;
        pass(2).await;
        stream.write_all(b"Host: localhost\r\n\r\n").await.unwrap();
        let mut answer = [0; 4_096];
        let length = stream.read(&mut answer).await.unwrap();
        assert!(answer[..length].starts_with(b"HTTP/1.1 200 OK"));
        pass(5).await;
    }
    // Silent from here on.
    pass(4).await;
    tokio::task::yield_now().await;
    pass(2).await;
    assert!(!matches!(stream.read(&mut [0; 1]).await, Ok(length) if length > 0));
}

/// A stream with nothing to say for a minute is not a connection that waits for a head. Nobody
/// works on the batch, so there is only the sign of life, every 15 s.
#[tokio::test]
async fn a_stream_is_not_cut_for_being_long() {
    let door = Door::open().await;
    let batch = r#"{"rucs":["20100070970"]}"#;
    let batch = door.ask(Method::POST, "/api/v1/lotes", None, batch).await;
    let path = format!("{}/eventos", batch.header("location"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let entry = std::sync::Arc::clone(&door.entry);
    tokio::spawn(serve(entry, listener, std::future::pending()));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    tokio::time::pause();
    let began = Instant::now();
    let mut told = String::new();
    while told.matches("\n:\n").count() < 4 {
        let mut piece = [0; 4_096];
        let length = stream.read(&mut piece).await.unwrap();
        assert!(length > 0, "cut after {:?}: {told}", began.elapsed());
        told.push_str(std::str::from_utf8(&piece[..length]).unwrap());
    }
    assert!(told.contains("event: progreso"), "{told}");
    assert!(began.elapsed().as_secs() >= 45, "{:?}", began.elapsed());
}

/// A batch that nobody works on would be watched for ever; the stop ends its stream.
#[tokio::test]
async fn a_watched_batch_does_not_delay_a_stop() {
    let door = Door::open().await;
    let batch = r#"{"rucs":["20100070970"]}"#;
    let batch = door.ask(Method::POST, "/api/v1/lotes", None, batch).await;
    let path = format!("{}/eventos", batch.header("location"));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let entry = std::sync::Arc::clone(&door.entry);
    let (stop, stopped) = oneshot::channel::<()>();
    let served = tokio::spawn(serve(entry, listener, async {
        let _ = stopped.await;
    }));
    let mut stream = TcpStream::connect(address).await.unwrap();
    let head = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut told = vec![0; 4_096];
    assert_ne!(stream.read(&mut told).await.unwrap(), 0);
    tokio::time::pause();
    let began = Instant::now();
    door.gateway.stop();
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
    let took = began.elapsed();
    assert!(took.as_secs() < 5, "{took:?}");
    stream.read_to_end(&mut told).await.unwrap();
    let told = String::from_utf8_lossy(&told);
    assert!(!told.contains("event: fin"), "it has not ended: {told}");
    // The end of the body, not a connection that broke off.
    assert!(told.ends_with("0\r\n\r\n"), "{told}");
}

#[tokio::test]
async fn whatever_is_ambiguous_or_too_large_is_refused() {
    let check = async |headers: &str, status: &str| {
        let sent =
            format!("POST /api/ruc/consultar-async HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n");
        let (answer, _) = exchange(sent.as_bytes()).await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}")),
            "{}: {answer}",
            &headers[..headers.len().min(80)]
        );
    };
    let two = "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n";
    check(two, "411").await;
    check("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "411").await;
    check("Transfer-Encoding: chunked\r\n", "411").await;
    check("Transfer-Encoding: xchunked\r\n", "400").await;
    check("Content-Length: 5\r\nContent-Length: 6\r\n", "400").await;
    check("Content-Length: -1\r\n", "400").await;
    check("X-A: b\r\n folded\r\n", "400").await;
    check(&"X-A: b\r\n".repeat(101), "431").await;
    check(&format!("X-A: {}\r\n", "b".repeat(17_000)), "431").await;
}
