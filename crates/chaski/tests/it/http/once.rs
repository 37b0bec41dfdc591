//! `Idempotency-Key`: what is sent again creates nothing twice.

use axum::body::Body;
use chaski::app::keys::Scope;
use chaski_client::{Ask, Ledger};
use http::{Method, Request};
use serde_json::{Value, json};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;

use super::{Answered, Door};

const LOTES: &str = "/api/v1/lotes";
const PARTNERS: &str = "/api/v1/partners";
const REFRESH: &str = "/api/v1/partners/actualizar";
const JSON: &str = "application/json";

/// Every route that creates something, with two bodies for different things.
fn creations() -> [(&'static str, Value, Value); 3] {
    [
        (
            LOTES,
            json!({"rucs": ["20100070970"]}),
            json!({"rucs": ["20131312955"]}),
        ),
        (
            PARTNERS,
            json!({"num_document": "20100070970"}),
            json!({"num_document": "20131312955"}),
        ),
        (REFRESH, json!({"cuales": "nunca"}), json!({})),
    ]
}

async fn post(door: &Door, path: &str, keys: [&str; 2], kind: &str, body: &str) -> Answered {
    let [api_key, once] = keys;
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(path)
        .header("Content-Type", kind)
        .header("Idempotency-Key", once);
    if !api_key.is_empty() {
        request = request.header("X-API-Key", api_key);
    }
    door.send(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

/// The same answer, marked as told before.
#[track_caller]
fn check_replayed(first: &Answered, again: &Answered) {
    assert_eq!(first.header("idempotency-replayed"), "");
    assert_eq!(
        again.header("idempotency-replayed"),
        "true",
        "{}",
        again.text
    );
    assert_eq!(again.status, first.status);
    assert_eq!(again.text, first.text);
    assert_eq!(again.header("location"), first.header("location"));
    assert_eq!(again.header("content-type"), first.header("content-type"));
}

async fn count(door: &Door, path: &str) -> usize {
    door.get(path).await.json()["data"]
        .as_array()
        .unwrap()
        .len()
}

#[tokio::test]
async fn the_same_request_is_answered_again() {
    let door = Door::open().await;
    for (path, body, other) in creations() {
        let ask =
            async |body: &Value| post(&door, path, ["", "k-1"], JSON, &body.to_string()).await;
        let first = ask(&body).await;
        assert!(first.status.is_success(), "{path}: {}", first.text);
        assert_ne!(first.header("location"), "", "{path}");
        check_replayed(&first, &ask(&body).await);
        let refused = ask(&other).await;
        assert_eq!(refused.status, 422, "{path}: {}", refused.text);
        assert_eq!(refused.json()["code"], "idempotencia_otra_peticion");
        check_replayed(&first, &ask(&body).await);
        // Without the header, and under another key, it is another request.
        let free = door.ask(Method::POST, path, None, &other.to_string()).await;
        assert!(free.status.is_success(), "{path}: {}", free.text);
    }
    let counted = (
        count(&door, LOTES).await,
        count(&door, PARTNERS).await,
        count(&door, "/api/v1/trabajos").await,
    );
    assert_eq!(counted, (2, 2, 4), "a refresh and a batch are jobs");
}

#[tokio::test]
async fn the_answer_is_that_of_the_first_time() {
    let door = Door::open().await;
    let body = json!({"num_document": "20100070970", "name": "UNO"}).to_string();
    let ask = async || post(&door, PARTNERS, ["", "k-1"], JSON, &body).await;
    let first = ask().await;
    let place = first.header("location").to_owned();
    let change = r#"{"name":"DOS"}"#;
    let changed = door.ask(Method::PATCH, &place, None, change).await;
    assert_eq!(changed.status, 200);
    check_replayed(&first, &ask().await);
    // The process stopped after creating and before answering: what there is now is rendered.
    let file = door.app.config.dir.join("sandbox").join("chaski.db");
    let options = SqliteConnectOptions::new().filename(file);
    let mut connection = options.connect().await.unwrap();
    let cut = sqlx::query("UPDATE idempotency SET answer = NULL")
        .execute(&mut connection)
        .await
        .unwrap();
    assert_eq!(cut.rows_affected(), 1);
    let again = ask().await;
    assert_eq!((again.status, first.status), (first.status, again.status));
    assert_eq!(again.header("location"), place);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.json()["name"], "DOS");
    assert_eq!(count(&door, PARTNERS).await, 1);
    // Deleting it does not make the request a new one.
    door.ask(Method::DELETE, &place, None, "").await;
    assert_eq!(ask().await.status, 404);
    assert_eq!(count(&door, PARTNERS).await, 0);
    // What it was answered goes with it.
    let body = json!({"num_document": "00000001", "document_type": "dni", "name": "DOS"});
    let ask = async || post(&door, PARTNERS, ["", "k-2"], JSON, &body.to_string()).await;
    let second = ask().await;
    assert_eq!(second.status, 201, "{}", second.text);
    door.ask(Method::DELETE, second.header("location"), None, "")
        .await;
    let after = ask().await;
    assert_eq!(after.status, 404);
    assert!(!after.text.contains("00000001") && !after.text.contains("DOS"));
}

#[tokio::test]
async fn a_key_belongs_to_its_owner_and_its_route() {
    let door = Door::open().await;
    let scopes = [Scope::Partners, Scope::Lotes];
    let one = door.key(&scopes, 0, 0).await;
    let two = door.key(&scopes, 0, 0).await;
    let body = json!({"rucs": ["20100070970"]}).to_string();
    let first = post(&door, LOTES, [&one, "k"], JSON, &body).await;
    let other = post(&door, LOTES, [&two, "k"], JSON, &body).await;
    assert_eq!((first.status, other.status), (other.status, first.status));
    assert_ne!(first.json()["id"], other.json()["id"]);
    check_replayed(&first, &post(&door, LOTES, [&one, "k"], JSON, &body).await);
    let partner = json!({"num_document": "20100070970"}).to_string();
    let elsewhere = post(&door, PARTNERS, [&one, "k"], JSON, &partner).await;
    assert_eq!(elsewhere.status, 201, "{}", elsewhere.text);
}

#[tokio::test]
async fn requests_at_the_same_time_create_once() {
    let door = Door::open().await;
    let body = json!({"rucs": ["20100070970"]}).to_string();
    let all = (0..20).map(|_| post(&door, LOTES, ["", "k"], JSON, &body));
    let answers = futures_util::future::join_all(all).await;
    let of = |status: u16| answers.iter().filter(move |it| it.status == status);
    assert_eq!(of(202).count() + of(409).count(), 20);
    let waiting = of(409)
        .next()
        .expect("one is refused while the first is worked on");
    assert_eq!(waiting.json()["code"], "idempotencia_en_curso");
    assert_eq!(waiting.json()["retryable"], true);
    assert_eq!(waiting.header("retry-after"), "1");
    assert_eq!(count(&door, LOTES).await, 1);
}

#[tokio::test]
async fn what_failed_may_be_sent_again() {
    let door = Door::open().await;
    let ask = async |body: &str| post(&door, PARTNERS, ["", "k"], JSON, body).await;
    assert_eq!(ask("{").await.status, 400);
    assert_eq!(ask(r#"{"num_document":"20100070971"}"#).await.status, 422);
    let made = ask(r#"{"num_document":"20100070970"}"#).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.header("idempotency-replayed"), "");
    let exists = post(
        &door,
        PARTNERS,
        ["", "k-2"],
        JSON,
        r#"{"num_document":"20100070970"}"#,
    )
    .await;
    assert_eq!(
        (exists.status.as_u16(), &exists.json()["code"]),
        (409, &json!("partner_ya_existe"))
    );
}

#[tokio::test]
async fn a_file_is_the_same_whatever_stands_between_the_parts() {
    let door = Door::open().await;
    let rows = format!("{};20100070970\r\n", "U".repeat(1_000)).repeat(3_500);
    assert!(rows.len() > 3 * 1024 * 1024, "more than a small form");
    let ask = async |boundary: &str, column: &str| {
        let body = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"archivo\"; filename=\"a.csv\"\r\n\r\n\
             {column};RUC\r\n{rows}\r\n--{boundary}--\r\n"
        );
        let kind = format!("multipart/form-data; boundary={boundary}");
        post(&door, LOTES, ["", "k"], &kind, &body).await
    };
    let first = ask("aaa", "cliente").await;
    assert_eq!(first.status, 202, "{}", first.text);
    check_replayed(&first, &ask("b-2", "cliente").await);
    assert_eq!(ask("b-2", "empresa").await.status, 422);
}

#[tokio::test]
async fn keys_that_are_none() {
    let door = Door::open().await;
    let body = json!({"num_document": "20100070970"}).to_string();
    let check = async |once: &str, status: u16| {
        let answer = post(&door, PARTNERS, ["", once], JSON, &body).await;
        assert_eq!(answer.status, status, "{once}: {}", answer.text);
        if status == 400 {
            assert_eq!(answer.json()["code"], "idempotencia_mal_formada");
        }
    };
    check("", 400).await;
    check("con espacio", 400).await;
    check("ñ", 400).await;
    check(&"x".repeat(256), 400).await;
    check(&"x".repeat(255), 201).await;
    let twice = Request::builder()
        .method(Method::POST)
        .uri(PARTNERS)
        .header("Content-Type", JSON)
        .header("Idempotency-Key", "a")
        .header("Idempotency-Key", "b")
        .body(Body::from(body.clone()))
        .unwrap();
    assert_eq!(door.send(twice).await.status, 400);
}

#[tokio::test]
async fn nothing_of_it_rests_in_clear() {
    let door = Door::open().await;
    let (dni, key) = ("48151623", "clave-unica-48151623");
    let body = json!({"num_document": dni, "name": "CANARIO DE PRUEBA"}).to_string();
    let made = post(&door, PARTNERS, ["", key], JSON, &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    door.app.store().flush().await.unwrap();
    let files = crate::cli_kit::files_of(&door.app.config.dir);
    let plain = blake3::hash(body.as_bytes());
    for (path, bytes) in files {
        for text in [dni.as_bytes(), key.as_bytes(), b"CANARIO", plain.as_bytes()] {
            let found = bytes.windows(text.len()).any(|part| part == text);
            assert!(!found, "{}", path.display());
        }
    }
    // Erasing a person erases the answer that names them.
    let ask = Ask::by("prueba");
    let dni = dni.parse().unwrap();
    door.app.erase_person(dni, &ask).await.unwrap();
    let again = post(&door, PARTNERS, ["", key], JSON, &body).await;
    assert_eq!(again.status, 201, "{}", again.text);
    assert_eq!(again.header("idempotency-replayed"), "");
}
