//! Partners over HTTP.

use std::sync::Arc;

use http::Method;
use serde_json::json;
use tokio::sync::oneshot;

use super::Door;

const PARTNERS: &str = "/api/v1/partners";

#[tokio::test]
async fn a_partner_from_beginning_to_end() {
    let door = Door::open().await;
    let ask =
        async |method: Method, path: &str, body: &str| door.ask(method, path, None, body).await;
    let body = json!({"num_document": "20100070970", "name": "CLIENTE UNO", "customer": true});
    let made = ask(Method::POST, PARTNERS, &body.to_string()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let place = made.header("location").to_owned();
    assert_eq!(made.json()["num_document"], "20100070970");
    let again = ask(Method::POST, PARTNERS, &body.to_string()).await;
    assert_eq!(again.status, 409, "{}", again.text);
    let changed = ask(Method::PATCH, &place, "{\"phone\":\"999\"}")
        .await
        .json();
    assert_eq!(
        (&changed["phone"], &changed["name"]),
        (&json!("999"), &json!("CLIENTE UNO"))
    );
    let never = door.get("/api/v1/partners?situacion=nunca").await.json();
    assert_eq!(never["data"].as_array().unwrap().len(), 1, "{never}");
    let gone = ask(Method::DELETE, &place, "").await;
    assert_eq!(gone.status, 204);
    assert_eq!(door.get(&place).await.status, 404);
}

#[tokio::test]
async fn a_refresh_in_the_background() {
    let door = Door::open().await;
    for number in ["20100070970", "20000079198"] {
        let body = json!({"num_document": number}).to_string();
        assert_eq!(
            door.ask(Method::POST, PARTNERS, None, &body).await.status,
            201
        );
    }
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(chaski::jobs::run(Arc::clone(&door.app), async {
        let _ = stopped.await;
    }));
    let sent = door
        .ask(
            Method::POST,
            "/api/v1/partners/actualizar",
            None,
            "{\"cuales\":\"nunca\"}",
        )
        .await;
    assert_eq!(sent.status, 202, "{}", sent.text);
    let job = sent.header("location").to_owned();
    let mut ended = door.get(&job).await.json();
    while ended["status"] != "COMPLETED" {
        assert_ne!(ended["status"], "FAILED", "{ended}");
        tokio::task::yield_now().await;
        ended = door.get(&job).await.json();
    }
    stop.send(()).unwrap();
    worker.await.unwrap().unwrap();
    assert_eq!(
        door.app.migo.engine().stats().calls,
        1,
        "one native batch call"
    );
    let count = async |which: &str| {
        let page = door
            .get(&format!("{PARTNERS}?situacion={which}"))
            .await
            .json();
        page["data"].as_array().unwrap().len()
    };
    assert_eq!(
        [
            count("aptos").await,
            count("no_aptos").await,
            count("nunca").await
        ],
        [1, 1, 0]
    );
}

#[tokio::test]
async fn the_originals_bulk_call_updates_partners_if_asked_to() {
    let door = Door::open().await;
    let body = json!({"num_document": "20100070970"}).to_string();
    assert_eq!(
        door.ask(Method::POST, PARTNERS, None, &body).await.status,
        201
    );
    let bulk = json!({"rucs": ["20100070970", "20131312955"], "update_partners": true});
    let path = "/api/ruc/consultar-masivo-async/";
    assert_eq!(
        door.ask(Method::POST, path, None, &bulk.to_string())
            .await
            .status,
        200
    );
    let fit = door.get("/api/v1/partners?situacion=aptos").await.json();
    assert_eq!(fit["data"][0]["num_document"], "20100070970", "{fit}");
}

#[tokio::test]
async fn mistakes() {
    let door = Door::open().await;
    let check = async |method: Method, path: &str, body: &str, status: u16, code: &str| {
        let answer = door.ask(method, path, None, body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        assert_eq!(answer.json()["code"], code, "{body}");
    };
    let post = || Method::POST;
    check(post(), PARTNERS, "{}", 422, "partner_sin_documento").await;
    check(
        post(),
        PARTNERS,
        "{\"num_document\":\"20100070971\"}",
        422,
        "ruc_digito",
    )
    .await;
    check(
        post(),
        PARTNERS,
        "{\"num_document\":\"20100070970\",\"x\":1}",
        422,
        "campo_invalido",
    )
    .await;
    check(
        post(),
        PARTNERS,
        "{\"num_document\":\"20100070970\",\"name\":1}",
        422,
        "campo_invalido",
    )
    .await;
    check(
        Method::GET,
        "/api/v1/partners?situacion=x",
        "",
        422,
        "parametro_invalido",
    )
    .await;
    let refresh = "/api/v1/partners/actualizar";
    check(post(), refresh, "{\"cuales\":\"x\"}", 422, "campo_invalido").await;
}
