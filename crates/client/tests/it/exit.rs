//! How requests leave: through a proxy, but for this machine.

use bytes::Bytes;
use chaski_client::{Exit, Http, NoExit, Transport};
use http::Request;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Reads one head.
async fn head(stream: &mut TcpStream) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    String::from_utf8(head).unwrap()
}

async fn answer(stream: &mut TcpStream, body: &str) {
    let length = body.len();
    let text = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}");
    stream.write_all(text.as_bytes()).await.unwrap();
}

fn get(url: &str) -> Request<Bytes> {
    Request::get(url).body(Bytes::new()).unwrap()
}

#[tokio::test]
async fn requests_leave_through_the_proxy_but_for_this_machine() {
    let proxy = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let place = proxy.local_addr().unwrap();
    let asked = tokio::spawn(async move {
        let (mut stream, _) = proxy.accept().await.unwrap();
        let connect = head(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        let request = head(&mut stream).await;
        answer(&mut stream, "de lejos").await;
        (connect, request)
    });
    let url = format!("http://ana:clave@{place}");
    let exit = Exit::default()
        .through(&url.as_str().into(), "interno.pe")
        .unwrap();
    assert!(!format!("{exit:?}").contains("clave"));
    let http = Http::leaving(&exit);
    // The name is the proxy's to find.
    let far = http
        .send(get("http://proveedor.invalid/x"), 100)
        .await
        .unwrap();
    assert_eq!(far.body(), "de lejos");
    let (connect, request) = asked.await.unwrap();
    assert!(
        connect.starts_with("CONNECT proveedor.invalid:80 HTTP/1.1"),
        "{connect}"
    );
    let login = connect.to_lowercase();
    assert!(login.contains("proxy-authorization: basic "), "{connect}");
    assert!(request.starts_with("GET /x HTTP/1.1"), "{request}");
    assert!(
        !request.to_lowercase().contains("proxy-authorization"),
        "{request}"
    );
    // This machine is asked straight, though nobody is at the proxy any more.
    let here = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/y", here.local_addr().unwrap());
    let served = tokio::spawn(async move {
        let (mut stream, _) = here.accept().await.unwrap();
        head(&mut stream).await;
        answer(&mut stream, "de cerca").await;
    });
    let near = http.send(get(&url), 100).await.unwrap();
    assert_eq!(near.body(), "de cerca");
    served.await.unwrap();
}

#[test]
fn what_is_no_proxy_is_told() {
    for text in [
        "",
        "proxy",
        "proxy:3128",
        "socks5://proxy:1080",
        "https://proxy:3128",
        "http://proxy",
    ] {
        let exit = Exit::default().through(&text.into(), "");
        assert_eq!(exit.err(), Some(NoExit::NotAProxy), "{text}");
    }
}
