//! Health checks: what a server says becomes one line and an exit code.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;

use crate::cli_kit::Place;

/// A server that answers once; what was asked of it.
#[track_caller]
fn check(status: &'static str, code: i32, said: &str) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().unwrap();
        let mut head = [0; 1024];
        let read = socket.read(&mut head).unwrap();
        write!(socket, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").unwrap();
        String::from_utf8_lossy(&head[..read]).into_owned()
    });
    let place = Place::new();
    let ran = place.run(&format!("salud --url {url}/")).expect(code);
    assert_eq!(ran.out, said.replace("URL", &format!("{url}/")));
    assert!(
        server
            .join()
            .unwrap()
            .starts_with("GET /salud/listo HTTP/1.1\r\n")
    );
    assert!(!place.data().exists(), "it opens nothing");
}

#[test]
fn what_a_server_says() {
    check("200 OK", 0, "listo\n");
    check(
        "503 Service Unavailable",
        5,
        "no está listo: URL responde HTTP 503\n",
    );
    check("404 Not Found", 5, "no está listo: URL responde HTTP 404\n");
}

#[test]
fn nobody_there() {
    let place = Place::new();
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let ran = place
        .run(&format!("salud --url http://{free} --lang en"))
        .expect(5);
    assert_eq!(ran.out, format!("no answer: http://{free}\n"));
    // One that accepts and says nothing.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", mute.local_addr().unwrap());
    place
        .run(&format!("salud --timeout 200ms --url {url}"))
        .expect(5);
    for url in ["hola", "ftp://127.0.0.1", "http://"] {
        place.run(&format!("salud --url {url}")).expect(2);
    }
}
