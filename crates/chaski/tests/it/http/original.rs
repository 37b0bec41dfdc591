//! The contract of the original's four endpoints, as a table.

use axum::body::Body;
use http::{Method, Request};
use serde_json::{Value, json};

use super::{Answered, Door};

/// Body of a request as the original's callers write it.
enum Sent {
    Json(Value),
    Form(&'static str),
}

async fn post(door: &Door, path: &str, sent: &Sent) -> Answered {
    let (kind, body) = match sent {
        Sent::Json(value) => ("application/json", value.to_string()),
        Sent::Form(text) => ("application/x-www-form-urlencoded", (*text).to_owned()),
    };
    let request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("Content-Type", kind)
        .body(Body::from(body))
        .unwrap();
    door.send(request).await
}

/// Status, and what the body holds at some places (JSON pointers).
async fn check(path: &str, sent: Sent, status: u16, holds: &[(&str, Value)]) {
    for path in [path.to_owned(), format!("{path}/")] {
        let door = Door::open().await;
        let answer = post(&door, &path, &sent).await;
        assert_eq!(answer.status, status, "{path}: {}", answer.text);
        let body = answer.json();
        for (place, expected) in holds {
            assert_eq!(
                body.pointer(place),
                Some(expected),
                "{path} {place}: {body}"
            );
        }
        door.app.close().await.unwrap();
    }
}

const RUC: &str = "/api/ruc/consultar-async";
const RUCS: &str = "/api/ruc/consultar-masivo-async";
const DNI: &str = "/api/dni/consultar-async";

#[tokio::test]
async fn one_ruc() {
    let good = [
        ("/success", json!(true)),
        ("/ruc", json!("20100070970")),
        ("/data/ruc", json!("20100070970")),
        ("/estado_del_contribuyente", json!("ACTIVO")),
        ("/data/estado_del_contribuyente", json!("ACTIVO")),
        ("/interior", json!("-")),
        ("/cache_hit", json!(false)),
    ];
    check(RUC, Sent::Form("ruc=20100070970"), 200, &good).await;
    check(RUC, Sent::Form("ruc=+20100070970+&x=1"), 200, &good).await;
    check(RUC, Sent::Json(json!({"ruc": "20100070970"})), 200, &good).await;
    check(
        RUC,
        Sent::Json(json!({"ruc": 20_100_070_970_u64})),
        200,
        &good,
    )
    .await;
    let missing = [
        ("/success", json!(false)),
        ("/error", json!("RUC es requerido")),
        ("/code", json!("campo_requerido")),
        ("/retryable", json!(false)),
    ];
    for sent in [
        Sent::Form(""),
        Sent::Form("ruc="),
        Sent::Json(json!({})),
        Sent::Json(json!([])),
        Sent::Json(json!({"ruc": null})),
        Sent::Json(json!({"ruc": ["20100070970"]})),
        Sent::Json(json!({"ruc": "  "})),
    ] {
        check(RUC, sent, 400, &missing).await;
    }
    let format = [
        ("/success", json!(false)),
        ("/invalid_format", json!(true)),
        ("/ruc", json!("123")),
        (
            "/error",
            json!("El RUC debe tener 11 dígitos y este tiene 3"),
        ),
    ];
    check(RUC, Sent::Form("ruc=123"), 200, &format).await;
}

#[tokio::test]
async fn a_wrong_check_digit_is_a_warning_there() {
    let door = Door::open().await;
    let answer = post(&door, RUC, &Sent::Form("ruc=20100070971")).await;
    let body = answer.json();
    assert_eq!(answer.status, 200);
    assert_eq!(body["invalid_sunat"], true, "{body}");
    assert_eq!(
        body["advertencias"][0],
        "el dígito verificador no corresponde: debería terminar en 0"
    );
    let again = post(&door, RUC, &Sent::Form("ruc=20100070971"))
        .await
        .json();
    assert_eq!(again["cache_hit"], true);
    assert_eq!(again["cache_type"], "invalid");
    assert!(
        again["error"]
            .as_str()
            .unwrap()
            .starts_with("RUC marcado como inválido: "),
        "{again}"
    );
}

#[tokio::test]
async fn many_rucs() {
    let typed = json!({
        "rucs": ["20100070970", "123", "20131312955", 20_100_070_970_u64, "20100070971"],
        "batch_size": 2,
        "update_partners": false,
    });
    let good = [
        ("/success", json!(true)),
        ("/total_consultados", json!(5)),
        ("/exitosos", json!(2)),
        ("/validos", json!(2)),
        ("/invalidos", json!(2)),
        ("/errores", json!(0)),
        ("/unique_rucs", json!(4)),
        ("/duplicates_removed", json!(1)),
        ("/data/validos/0/ruc", json!("20100070970")),
        ("/data/validos/0/data/ruc", json!("20100070970")),
        ("/data/validos/1/estado_del_contribuyente", json!("ACTIVO")),
        ("/data/invalidos/0/ruc", json!("123")),
        ("/data/invalidos/0/type", json!("invalid")),
        ("/data/invalidos/0/subtype", json!("format")),
        ("/data/invalidos/1/subtype", json!("sunat")),
    ];
    check(RUCS, Sent::Json(typed), 200, &good).await;
    check(
        RUCS,
        Sent::Form("rucs=20100070970&rucs=20131312955"),
        200,
        &[("/exitosos", json!(2))],
    )
    .await;
    let missing = [
        ("/success", json!(false)),
        ("/error", json!("Lista de RUCs requerida")),
    ];
    for sent in [
        Sent::Json(json!({})),
        Sent::Json(json!({"rucs": []})),
        Sent::Json(json!({"rucs": null})),
        Sent::Json(json!({"rucs": 5})),
        Sent::Form("batch_size=10"),
    ] {
        check(RUCS, sent, 400, &missing).await;
    }
    let wrong = [("/error", json!("Cada RUC debe ser texto o número"))];
    check(RUCS, Sent::Json(json!({"rucs": [{}]})), 400, &wrong).await;
    let too_many = vec!["20100070970"; 10_001];
    let long = [("/code", json!("lista_demasiado_larga"))];
    check(RUCS, Sent::Json(json!({"rucs": too_many})), 413, &long).await;
}

#[tokio::test]
async fn a_thousand_numbers_each_end_in_one_bucket() {
    let door = Door::open().await;
    let rucs: Vec<String> = (0..1_000)
        .map(|n| {
            let dni: chaski_core::Dni = format!("{:08}", n + 1).parse().unwrap();
            chaski_core::Ruc::from_dni(dni).as_str().to_owned()
        })
        .collect();
    let body = post(&door, RUCS, &Sent::Json(json!({"rucs": rucs})))
        .await
        .json();
    let mut seen: Vec<&str> = ["validos", "invalidos", "errores"]
        .iter()
        .flat_map(|bucket| body["data"][*bucket].as_array().unwrap())
        .map(|item| item["ruc"].as_str().unwrap())
        .collect();
    seen.sort_unstable();
    let mut asked: Vec<&str> = rucs.iter().map(String::as_str).collect();
    asked.sort_unstable();
    assert_eq!(seen, asked);
    assert_eq!(body["total_consultados"], 1_000);
    // Ten native batch calls, and one each for what they left out.
    assert!(door.app.migo().line().stats().calls >= 10);
}

#[tokio::test]
async fn one_dni() {
    let good = [
        ("/success", json!(true)),
        ("/dni", json!("00000001")),
        ("/data/dni", json!("00000001")),
        ("/cache_hit", json!(false)),
    ];
    check(DNI, Sent::Form("dni=00000001"), 200, &good).await;
    check(DNI, Sent::Json(json!({"dni": "00000001"})), 200, &good).await;
    let missing = [("/error", json!("DNI es requerido"))];
    check(DNI, Sent::Form(""), 400, &missing).await;
    check(DNI, Sent::Json(json!({"dni": []})), 400, &missing).await;
    let format = [("/success", json!(false)), ("/invalid_format", json!(true))];
    check(DNI, Sent::Form("dni=1234"), 200, &format).await;
}

#[tokio::test]
async fn exchange_rate() {
    let door = Door::open().await;
    for slash in ["", "/"] {
        let latest = door.get(&format!("/api/tipo-cambio{slash}")).await;
        let body = latest.json();
        assert_eq!(latest.status, 200, "{body}");
        assert_eq!(
            (&body["success"], &body["moneda"]),
            (&json!(true), &json!("USD"))
        );
        // A Sunday: the close of the Friday before.
        let path = format!("/api/tipo-cambio{slash}?fecha=2026-01-25");
        let sunday = door.get(&path).await.json();
        assert_eq!(sunday["fecha"], "2026-01-25");
        assert_eq!(sunday["fecha_solicitada"], "2026-01-25");
        assert_eq!(sunday["fecha_cierre_sbs"], "2026-01-23");
        assert_eq!(sunday["arrastrado"], false);
        let bad = door
            .get(&format!("/api/tipo-cambio{slash}?fecha=ayer"))
            .await;
        assert_eq!(bad.status, 400);
        assert_eq!(bad.json()["success"], false);
    }
    let wrong = door
        .ask(Method::POST, "/api/tipo-cambio/", None, "{}")
        .await;
    assert_eq!(wrong.status, 405);
    assert_eq!(wrong.json()["code"], "metodo_no_permitido");
}
