//! Whatever the sandbox answers says so, on every path.

use http::Method;

use crate::http::Door;

const HEADER: &str = "chaski-mode";

/// Methods, addresses and bodies of every kind: ours, the original's, APIMIGO's, and errors.
const ASKED: [(&str, &str, &str); 24] = [
    ("GET", "/api/v1/ruc/20100070970", ""),
    ("GET", "/api/v1/ruc/20100070970?force_refresh=true", ""),
    ("GET", "/api/v1/ruc/1", ""),
    ("GET", "/api/v1/ruc/20100070970/validacion-facturacion", ""),
    ("GET", "/api/v1/ruc/20100070970/representantes", ""),
    (
        "POST",
        "/api/v1/ruc/consultas",
        r#"{"rucs":["20100070970"]}"#,
    ),
    ("POST", "/api/v1/ruc/consultas", "{"),
    ("GET", "/api/v1/dni/00000001", ""),
    ("GET", "/api/v1/tipo-cambio", ""),
    ("GET", "/api/v1/partners", ""),
    ("GET", "/api/v1/lotes", ""),
    ("GET", "/api/v1/llamadas", ""),
    ("GET", "/api/v1/trabajos", ""),
    ("GET", "/api/v1/programados", ""),
    ("GET", "/api/v1/proveedores", ""),
    (
        "POST",
        "/api/ruc/consultar-async",
        r#"{"ruc":"20100070970"}"#,
    ),
    ("POST", "/api/dni/consultar-async", r#"{"dni":"00000001"}"#),
    ("GET", "/api/tipo-cambio/", ""),
    (
        "POST",
        "/compat/migo/api/v1/ruc",
        r#"{"ruc":"20100070970"}"#,
    ),
    ("POST", "/compat/migo/api/v1/ruc", r#"{"ruc":"1"}"#),
    ("POST", "/compat/migo/api/v1/exchange/latest", "{}"),
    ("POST", "/compat/migo/api/v1/account", "{}"),
    ("GET", "/compat/migo/api/v2/ruc/20100070970", ""),
    (
        "GET",
        "/api/v1/lotes/00000000-0000-0000-0000-000000000000",
        "",
    ),
];

#[tokio::test]
async fn a01_every_answer_of_the_sandbox_has_the_header() {
    let door = Door::open().await;
    let elsewhere = [
        ("GET", "/salud/listo", ""),
        ("GET", "/salud/vivo", ""),
        ("GET", "/version", ""),
        ("GET", "/metrics", ""),
        ("GET", "/no/hay", ""),
        ("DELETE", "/api/v1/tipo-cambio", ""),
    ];
    for (method, path, body) in ASKED.into_iter().chain(elsewhere) {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answered = door.ask(method, path, None, body).await;
        assert_eq!(
            answered.header(HEADER),
            "sandbox",
            "{path}: {}",
            answered.text
        );
    }
}

#[tokio::test]
async fn a01_ours_say_it_in_a_field_too() {
    let door = Door::open().await;
    let partner = r#"{"document_type":"ruc","num_document":"20100070970"}"#;
    let made = door
        .ask(Method::POST, "/api/v1/partners", None, partner)
        .await
        .json();
    assert_eq!(made["mode"], "sandbox", "{made}");
    let list = r#"{"rucs":["20100070970","20131312955"]}"#;
    let lote = door
        .ask(Method::POST, "/api/v1/lotes", None, list)
        .await
        .json();
    assert_eq!(lote["mode"], "sandbox", "{lote}");
    for path in [
        "/api/v1/partners",
        "/api/v1/partners/cambios",
        "/api/v1/lotes",
        "/api/v1/llamadas",
        "/api/v1/ruc/invalidos",
    ] {
        let page = door.get(path).await.json();
        assert_eq!(page["mode"], "sandbox", "{path}: {page}");
    }
    for path in [
        "/api/v1/ruc/20100070970",
        "/api/v1/dni/00000001",
        "/api/v1/tipo-cambio",
    ] {
        let found = door.get(path).await.json();
        assert_eq!(found["meta"]["mode"], "sandbox", "{path}: {found}");
    }
}

#[tokio::test]
async fn a01_beside_a_real_side_the_key_says_who_answers() {
    let door = Door::open_both().await;
    let test = door.key_of(&door.app, None).await;
    for (method, path, body) in ASKED {
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let answered = door.ask(method.clone(), path, Some(&test), body).await;
        assert_eq!(
            answered.header(HEADER),
            "sandbox",
            "{path}: {}",
            answered.text
        );
        let nobody = door.ask(method, path, None, body).await;
        assert_eq!(nobody.header(HEADER), "", "{path}: {}", nobody.text);
    }
    // A key that has had its turns is told so by the sandbox too.
    let slow = door.key(&[chaski::app::keys::Scope::Consultas], 1, 0).await;
    let path = "/api/v1/ruc/20100070970";
    for status in [200, 429] {
        let answered = door.ask(Method::GET, path, Some(&slow), "").await;
        assert_eq!(answered.status, status);
        assert_eq!(answered.header(HEADER), "sandbox");
    }
}

#[tokio::test]
async fn a01_health_and_metrics_say_the_mode() {
    for (door, mode, other) in [
        (Door::open().await, "sandbox", "real"),
        (Door::open_both().await, "real", "sandbox"),
    ] {
        for path in [
            "/salud/listo",
            "/salud/vivo",
            "/healthz",
            "/readyz",
            "/version",
        ] {
            assert_eq!(door.get(path).await.json()["mode"], mode, "{path}");
        }
        let metrics = door.get("/metrics").await.text;
        for line in [
            format!("chaski_mode{{mode=\"{mode}\"}} 1\n"),
            format!("chaski_mode{{mode=\"{other}\"}} 0\n"),
        ] {
            assert!(metrics.contains(&line), "{line}\n{metrics}");
        }
    }
}

#[test]
fn a01_the_description_names_the_header_in_every_answer() {
    let document = chaski::http::openapi(chaski_core::Lang::Es);
    let paths = document["paths"].as_object().unwrap().values();
    let operations = paths.flat_map(|path| path.as_object().unwrap().values());
    let mut answers = 0;
    for operation in operations {
        for answer in operation["responses"].as_object().unwrap().values() {
            answers += 1;
            let shared = answer["$ref"].as_str().map(|it| &it[1..]);
            let answer = shared.map_or(Some(answer), |it| document.pointer(it));
            let answer = answer.expect("an answer that is described");
            assert!(answer["headers"]["Chaski-Mode"].is_object(), "{answer}");
        }
    }
    assert!(answers > 100, "{answers}");
}

/// `chaski sandbox` on a port, which somebody may have taken for APIMIGO.
#[test]
fn a01_the_sandbox_on_a_port_says_so() {
    let service = crate::cli_kit::Service::new();
    service.sandbox.fail("500@ruc x1".parse().unwrap());
    let url = service.url();
    let address = url.trim_start_matches("http://").trim_end_matches("/api");
    for path in [
        "/api/v1/ruc",
        "/api/v1/ruc",
        "/api/v1/account",
        "/no",
        "/_sandbox/ledger",
    ] {
        use std::io::{Read, Write};
        let mut stream = std::net::TcpStream::connect(address).unwrap();
        let body = r#"{"token":"x","ruc":"20100070970"}"#;
        let length = body.len();
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut said = String::new();
        stream.read_to_string(&mut said).unwrap();
        let said = said.to_lowercase();
        assert!(
            said.contains("\r\nchaski-mode: sandbox\r\n"),
            "{path}: {said}"
        );
    }
}
