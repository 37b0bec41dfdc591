//! The pass-through: what APIMIGO's own clients see.

use axum::body::Body;
use chaski::app::keys::Scope;
use http::{Method, Request};
use serde_json::json;

use super::{Answered, Door};

const V1: &str = "/compat/migo/api/v1";
const V2: &str = "/compat/migo/api/v2";

async fn post(door: &Door, path: &str, kind: &str, body: &str) -> Answered {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("{V1}{path}"))
        .header("Content-Type", kind)
        .body(Body::from(body.to_owned()))
        .unwrap();
    door.send(request).await
}

#[tokio::test]
async fn the_token_is_a_key_in_both_bodies_and_in_both_versions() {
    let door = Door::open().await;
    let key = door.key(&[Scope::Consultas, Scope::Dni], 0, 0).await;
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    let body = json!({"token": key, "ruc": "20100070970"}).to_string();
    let answer = post(&door, "/ruc", json, &body).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    assert_eq!(
        answer.json()["nombre_o_razon_social"],
        "EMPRESA DE PRUEBA UNO S.A.C."
    );
    assert_eq!(answer.json()["interior"], "-");
    let body = format!("token={key}&ruc=20100070970");
    assert_eq!(post(&door, "/ruc", form, &body).await.status, 200);
    let path = format!("{V2}/ruc/20100070970");
    let answer = door.ask(Method::GET, &path, Some(&key), "").await;
    assert_eq!(answer.json()["success"], true);
    // A wrong token, as upstream says it.
    let answer = post(&door, "/ruc", form, "token=otro&ruc=20100070970").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.json()["success"], false);
    assert!(answer.json()["message"].is_string());
    // One paid call for all of them, on record under the key.
    assert_eq!(door.app.migo().line().stats().calls, 1);
}

#[tokio::test]
async fn a_collection_answers_for_every_number() {
    let door = Door::open().await;
    let body =
        json!({"token": "x", "ruc": ["20100070970", "20000633527", "20131312955"]}).to_string();
    let answer = post(&door, "/ruc/collection", "application/json", &body).await;
    let items = answer.json();
    let success: Vec<_> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["success"] == true)
        .collect();
    assert_eq!(success, [true, false, true], "{items}");
    let many = json!({"ruc": vec!["20100070970"; 101]}).to_string();
    let answer = post(&door, "/ruc/collection", "application/json", &many).await;
    assert_eq!(answer.status, 422);
    assert!(answer.json()["errors"]["ruc"].is_array());
}

/// The upstream says nothing for a day on which nothing was published: that is one question, and
/// no earlier rate is paid for to be thrown away.
#[tokio::test]
async fn a_day_without_a_rate_costs_one_call() {
    let door = Door::open().await;
    let path = format!("{V2}/tipo-cambio/sbs?fecha=2026-01-25&moneda=USD");
    let answer = door.get(&path).await;
    assert_eq!(answer.status, 404, "{}", answer.text);
    assert_eq!(answer.json()["success"], false);
    assert_eq!(door.app.migo().line().stats().calls, 1);
    let path = format!("{V2}/tipo-cambio/sunat?fecha=2026-01-28");
    let answer = door.get(&path).await;
    assert_eq!(answer.json()["fecha"], "2026-01-28", "{}", answer.text);
    assert_eq!(door.app.migo().line().stats().calls, 2);
}
