//! Who gets in: what is read before the key is known, and a gateway that never opens itself again.

use axum::body::Body;
use chaski::app::keys::Scope;
use http::{Method, Request, Version};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::listening;
use crate::http::Door;

const RUC: &str = "/api/v1/ruc/20100070970";

fn asked(headers: &[(&str, &str)]) -> Request<Body> {
    let mut request = Request::builder().uri(RUC).header("Host", "127.0.0.1:8420");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(Body::empty()).unwrap()
}

/// A whole answer over a connection of its own.
async fn exchanged(address: std::net::SocketAddr, sent: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn h06_once_there_were_keys_the_door_stays_closed() {
    for (both, of_the_real_side) in [(false, false), (true, false), (true, true)] {
        let door = Door::open_sides(both).await;
        let app = if of_the_real_side {
            door.real()
        } else {
            &door.app
        };
        let key = door.key_of(app, None).await;
        let beginning = &key[.."chk_test_".len() + 12];
        assert!(app.revoke_key(beginning).await.unwrap());
        let door = door.restarted().await;
        for headers in [&[][..], &[("X-Forwarded-For", "203.0.113.9")]] {
            let answer = door.send(asked(headers)).await;
            assert_eq!(answer.status, 401, "{both} {of_the_real_side} {headers:?}");
            let detail = &answer.json()["detail"];
            assert!(
                detail.as_str().unwrap().contains("chaski llaves crear"),
                "{detail}"
            );
        }
    }
}

/// A folder of before the mark has only the rows; one whose rows are gone has only the mark.
#[tokio::test]
async fn h06_the_mark_comes_from_either() {
    use sqlx::{ConnectOptions, Connection};
    for statement in [
        "DELETE FROM meta WHERE name = 'had_keys'",
        "DELETE FROM api_keys",
        "DELETE FROM meta WHERE name = 'had_keys'; \
         ALTER TABLE batches ADD COLUMN key_provider TEXT NOT NULL DEFAULT 'migo'; \
         ALTER TABLE calls DROP COLUMN company; \
         ALTER TABLE batches ADD COLUMN holder INTEGER; \
         DROP TABLE documents; DROP TABLE document_attempts; DROP TABLE document_series; DROP TABLE document_numbers; \
         DROP TABLE document_events; DROP TABLE issuer_holds; DROP TABLE document_files; DROP TABLE issuers; DELETE FROM _sqlx_migrations WHERE version >= 12; PRAGMA user_version = 7",
    ] {
        let door = Door::open().await;
        let key = door.key_of(&door.app, None).await;
        assert!(door.app.revoke_key(&key[..21]).await.unwrap());
        let file = chaski::app::folder_of(&door.app.config, door.app.mode)
            .join(chaski::store::DATABASE_FILE);
        let mut database = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(file)
            .connect()
            .await
            .unwrap();
        sqlx::raw_sql(statement)
            .execute(&mut database)
            .await
            .unwrap();
        database.close().await.unwrap();
        let door = door.restarted().await;
        assert_eq!(door.send(asked(&[])).await.status, 401, "{statement}");
    }
}

#[tokio::test]
async fn h06_without_keys_nothing_that_a_proxy_passed_on_is_served() {
    let door = Door::open().await;
    assert_eq!(door.send(asked(&[])).await.status, 200);
    let names = [
        "X-Forwarded-For",
        "x-forwarded-proto",
        "X-FORWARDED-HOST",
        "X-Forwarded-Port",
        "X-Forwarded-Prefix",
        "X-Forwarded-Client-Cert",
        "Forwarded",
        "FORWARDED",
        "Via",
        "X-Real-IP",
        "CF-Connecting-IP",
        "CF-Ray",
        "True-Client-IP",
        "X-Client-IP",
        "X-Cluster-Client-IP",
        "X-Envoy-External-Address",
        "X-Original-URL",
        "Fastly-Client-IP",
        "Fly-Client-IP",
        "X-Azure-ClientIP",
        "X-Amzn-Trace-Id",
        "CDN-Loop",
    ];
    for name in names {
        for value in ["203.0.113.9", "127.0.0.1", "", "for=127.0.0.1;proto=https"] {
            let answer = door.send(asked(&[(name, value)])).await;
            assert_eq!(answer.status, 403, "{name}: {value}");
            let body = answer.json();
            assert_eq!(body["code"], "origen_ajeno", "{name}");
            let detail = body["detail"].as_str().unwrap();
            assert!(detail.contains("chaski llaves crear"), "{detail}");
        }
    }
    // nginx with nothing but `proxy_pass`; watchers may still look.
    for (path, expected) in [
        (RUC, 403),
        ("/compat/migo/api/v2/ruc/20100070970", 403),
        ("/salud/vivo", 200),
    ] {
        let request = Request::builder()
            .version(Version::HTTP_10)
            .uri(path)
            .header("Host", "127.0.0.1:8420");
        let answer = door.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, expected, "{path}");
    }
    // With a key, whoever passes it on is nobody's business.
    let key = door.key(&[Scope::Consultas], 0, 0).await;
    let bearer = format!("Bearer {key}");
    let passed_on = [
        ("Authorization", bearer.as_str()),
        ("X-Forwarded-For", "203.0.113.9"),
    ];
    assert_eq!(door.send(asked(&passed_on)).await.status, 200);
}

/// Many that begin a body in which the key should be, and send no more of it.
#[tokio::test]
async fn h05_whoever_sends_nothing_takes_nobodys_place() {
    let door = Door::open().await;
    let key = door.key(&[Scope::Consultas], 0, 0).await;
    let address = listening(&door).await;
    let mut silent = Vec::new();
    for number in 0..2_100 {
        let path = ["ruc", "dni", "cpe", "ruc/collection", "account"][number % 5];
        let mut stream = TcpStream::connect(address).await.unwrap();
        let head = format!(
            "POST /compat/migo/api/v1/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 900\r\n\r\n{{"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        silent.push(stream);
    }
    for path in ["/salud/vivo", "/salud/listo", "/healthz", "/readyz"] {
        let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        let answer = exchanged(address, &request).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{path}: {answer}");
    }
    let in_the_header = format!(
        "GET {RUC} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\nConnection: close\r\n\r\n"
    );
    let body = format!("token={key}&ruc=20100070970");
    let in_the_body = format!(
        "POST /compat/migo/api/v1/ruc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    for request in [in_the_header, in_the_body] {
        let answer = exchanged(address, &request).await;
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

#[tokio::test]
async fn h05_a_body_without_a_key_in_front_of_it_is_small() {
    let door = Door::open().await;
    let key = door
        .key(&[Scope::Consultas, Scope::Dni, Scope::Auditoria], 0, 0)
        .await;
    let send = async |path: &str, kind: &str, body: String, key: Option<&str>| {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(format!("/compat/migo/api/v1/{path}"))
            .header("Content-Type", kind)
            .header("Content-Length", body.len());
        if let Some(key) = key {
            request = request.header("Authorization", format!("Bearer {key}"));
        }
        door.send(request.body(Body::from(body)).unwrap()).await
    };
    let json = "application/json";
    for path in [
        "ruc",
        "ruc/collection",
        "dni",
        "exchange/latest",
        "exchange/date",
        "exchange",
        "ruc/representantes-legales",
        "ruc/agentes-retencion",
        "ruc/buenos-contribuyentes",
        "cpe",
        "account",
    ] {
        for size in [25_000, 1_000_000] {
            let body = format!("{{\"ruc\":\"{}\",\"token\":\"{key}\"}}", "1".repeat(size));
            assert_eq!(
                send(path, json, body, None).await.status,
                413,
                "{path} {size}"
            );
        }
        // A key that is not good is told so before anything is read.
        let refused = send(path, json, "1".repeat(25_000), Some("chk_test_x_y")).await;
        assert_eq!(refused.status, 413, "{path}");
    }
    // The longest questions there are, in each form, with the key in it.
    let number = "20100070970";
    let numbers = vec![number; 100];
    let pretty = serde_json::json!({"token": key, "ruc": numbers});
    let pretty = serde_json::to_string_pretty(&pretty).unwrap();
    let fields: Vec<_> = (0..100)
        .map(|at| format!("ruc%5B{at}%5D={number}"))
        .collect();
    let boundary = "----------------------------0123456789";
    let part = |name: &str, value: &str| {
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\
             Content-Type: text/plain; charset=UTF-8\r\n\r\n{value}\r\n"
        )
    };
    let parts: String = (0..100).map(|_| part("ruc[]", number)).collect();
    let parts = format!("{parts}{}--{boundary}--\r\n", part("token", &key));
    let flat: Vec<_> = (0..100).map(|_| format!("ruc[]={number}")).collect();
    for (kind, body) in [
        (json, pretty),
        (
            "application/x-www-form-urlencoded",
            format!("token={key}&{}", flat.join("&")),
        ),
        (
            "application/x-www-form-urlencoded",
            format!("token={key}&{}", fields.join("&")),
        ),
        (
            "multipart/form-data; boundary=----------------------------0123456789",
            parts,
        ),
    ] {
        assert!(body.len() < 20_000);
        let answer = send("ruc/collection", kind, body, None).await;
        assert_eq!(answer.status, 200, "{kind}: {}", answer.text);
        assert_eq!(answer.json().as_array().unwrap().len(), 100);
    }
}
