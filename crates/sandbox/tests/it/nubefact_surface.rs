//! Nubefact's side over HTTP: its doors under `/_sandbox`, its links, a real port.

use axum::body::{Body, to_bytes};
use chaski_sandbox::serve;
use http::{Method, Request};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tower::ServiceExt;

use crate::nubefact_kit::{RUTA, TOKEN, boleta, factura, nube, request};

async fn door(
    nube: &crate::nubefact_kit::Nube,
    method: Method,
    path: &str,
    body: &str,
) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .body(Body::from(body.to_owned()))
        .unwrap();
    let answer = nube.sandbox.router().oneshot(request).await.unwrap();
    let status = answer.status().as_u16();
    let bytes = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    (
        status,
        serde_json::from_slice(&bytes).unwrap_or(Value::Null),
    )
}

#[tokio::test]
async fn the_clock_has_a_door() {
    let nube = nube();
    let at = |text: &str| (200, json!({ "ahora": text }));
    let path = "/_sandbox/reloj";
    assert_eq!(
        door(&nube, Method::GET, path, "").await,
        at("2026-11-27T12:00:00-05:00")
    );
    for (moved, expected) in [
        ("36h", "2026-11-29T00:00:00-05:00"),
        ("90m", "2026-11-29T01:30:00-05:00"),
        ("3d", "2026-12-02T01:30:00-05:00"),
        ("2027-01-01T09:00:00-05:00", "2027-01-01T09:00:00-05:00"),
        ("2026-11-27T17:00:00Z", "2026-11-27T12:00:00-05:00"),
    ] {
        assert_eq!(
            door(&nube, Method::POST, path, moved).await,
            at(expected),
            "{moved}"
        );
    }
    for wrong in ["", "mañana", "-1h", "2026-11-27", "99999999999d"] {
        let (status, answer) = door(&nube, Method::POST, path, wrong).await;
        assert_eq!(status, 400, "{wrong}");
        assert!(answer["error"].as_str().unwrap().contains("36h"), "{wrong}");
    }
    let (_, state) = door(&nube, Method::GET, "/_sandbox/estado", "").await;
    assert_eq!(state["ahora"], "2026-11-27T12:00:00-05:00");
}

#[tokio::test]
async fn the_clock_moves_both_upstreams() {
    let nube = nube();
    let rate = || async {
        let answer = nube
            .sandbox
            .call(crate::kit::v1("exchange/latest", ""))
            .await;
        let body: Value = serde_json::from_slice(answer.unwrap().body()).unwrap();
        body["fecha"].clone()
    };
    assert_eq!(rate().await, "2026-11-27");
    door(&nube, Method::POST, "/_sandbox/reloj", "7d").await;
    assert_eq!(rate().await, "2026-12-04");
}

#[tokio::test]
async fn the_ledger_has_a_door() {
    let nube = nube();
    for numero in 1..=2 {
        nube.sandbox.call(request(&factura(numero))).await.unwrap();
    }
    let (status, all) = door(&nube, Method::GET, "/_sandbox/nubefact", "").await;
    assert_eq!((status, all.as_array().unwrap().len()), (200, 2));
    let (_, last) = door(&nube, Method::GET, "/_sandbox/nubefact?desde=1", "").await;
    assert_eq!(last[0]["comprobante"], "FFF1-2");
    assert_eq!(last[0]["operation"], "generar_comprobante");
    assert_eq!(last[0]["tipo"], "1");
    assert_eq!(
        (&last[0]["status"], &last[0]["codigo"]),
        (&json!(200), &Value::Null)
    );
    let (_, state) = door(&nube, Method::GET, "/_sandbox/estado", "").await;
    assert_eq!(state["operations"]["generar_comprobante"], 2);
}

#[tokio::test]
async fn links_lead_back_to_the_port_that_was_asked() {
    let nube = nube();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(serve(nube.sandbox.clone(), listener, async {
        let _ = stopped.await;
    }));
    let body = boleta(1).to_string();
    let answer = exchange(
        address,
        &format!(
            "POST /api/v1/{RUTA} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\
             content-type: application/json\r\nauthorization: {TOKEN}\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        ),
    )
    .await;
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    let body: Value = serde_json::from_str(body).unwrap();
    let key = body["key"].as_str().unwrap();
    assert_eq!(
        body["enlace_del_pdf"],
        format!("http://{address}/cpe/{key}.pdf")
    );
    stop.send(()).unwrap();
    served.await.unwrap().unwrap();
}

async fn exchange(address: std::net::SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn links_serve_the_files_of_what_was_accepted() {
    let nube = nube();
    let answer = nube.sandbox.call(request(&factura(1))).await.unwrap();
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    let void = crate::nubefact_kit::about("generar_anulacion", &factura(1));
    let answer = nube.sandbox.call(request(&void)).await.unwrap();
    let void: Value = serde_json::from_slice(answer.body()).unwrap();
    nube.wait(60);
    for (links, begins) in [
        (
            &body,
            [
                ("enlace_del_pdf", &b"%PDF"[..]),
                ("enlace_del_xml", b"<?xml"),
                ("enlace_del_cdr", b"PK"),
            ],
        ),
        (
            &void,
            [
                ("enlace_del_pdf", b"%PDF"),
                ("enlace_del_xml", b"<?xml"),
                ("enlace_del_cdr", b"PK"),
            ],
        ),
    ] {
        for (link, beginning) in begins {
            // The whole address, as a client in the process has it.
            let address = links[link].as_str().unwrap();
            let asked = Request::get(address).body(bytes::Bytes::new()).unwrap();
            let file = nube.sandbox.call(asked).await.unwrap();
            assert_eq!(file.status(), 200, "{address}");
            assert!(file.body().starts_with(beginning), "{address}");
        }
    }
    assert_eq!(nube.sandbox.nubefact_ledger(0).unwrap().len(), 2);
}

#[tokio::test]
async fn files_may_come_with_the_answer() {
    let nube = crate::nubefact_kit::Nube::with(chaski_sandbox::NubefactConfig {
        attach_files: true,
        ..chaski_sandbox::NubefactConfig::default()
    });
    let answer = nube.sandbox.call(request(&boleta(1))).await.unwrap();
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    for key in ["pdf_zip_base64", "xml_zip_base64"] {
        // `PK` and the two bytes after it, in base64.
        assert!(body[key].as_str().unwrap().starts_with("UEsDB"), "{key}");
    }
    assert_eq!(body["cdr_zip_base64"], Value::Null);
}

#[tokio::test]
async fn a_link_that_leads_nowhere_is_404() {
    let nube = nube();
    let answer = nube.sandbox.call(request(&boleta(1))).await.unwrap();
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    let key = body["key"].as_str().unwrap();
    for path in [
        "/cpe/00000000-0000-4000-8000-000000000001.pdf".to_owned(),
        format!("/cpe/{key}.exe"),
        // A boleta has no CDR before the next day, and no void.
        format!("/cpe/{key}.cdr"),
        format!("/anulacion/{key}.pdf"),
    ] {
        assert_eq!(door(&nube, Method::GET, &path, "").await.0, 404, "{path}");
    }
}

#[tokio::test]
async fn a_body_of_more_than_eight_mebibytes_is_413() {
    let nube = nube();
    let mut large = factura(1);
    large["observaciones"] = "A".repeat(3 << 20).into();
    let send = |body: String| {
        let request = request(&Value::Null).map(|_| Body::from(body));
        let router = nube.sandbox.router();
        async move { router.oneshot(request).await.unwrap().status().as_u16() }
    };
    // Large but not too large is looked at: the text is too long.
    assert_eq!(send(large.to_string()).await, 400);
    large["observaciones"] = "A".repeat(9 << 20).into();
    assert_eq!(send(large.to_string()).await, 413);
}
