//! Partners over HTTP.

use std::sync::Arc;

use axum::body::Body;
use chaski::app::keys::Scope;
use chaski::sheets::{Limits, read_bytes};
use chaski::store::{Company, JobEnd, PartnerFilter, Priority};
use chaski_core::Lang;
use http::{Method, Request};
use serde_json::json;
use tokio::sync::oneshot;

use super::{Answered, Door};
use crate::cli_kit::companies;

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
        door.app.migo().line().stats().calls,
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

const IMPORT: &str = "/api/v1/partners/importar";

const LIST: &str = "RUC;Razón social;Activo;Color\r\n20100070970;UNO S.A.C.;SÍ;rojo\r\n\
                    20131312955;DOS S.A.;;azul\r\n20100070971;TRES;;\r\n20000079198;CUATRO;quizá;\r\n";

async fn import(door: &Door, kind: &str, body: &str, once: &str) -> Answered {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(IMPORT)
        .header("Content-Type", kind);
    if !once.is_empty() {
        request = request.header("Idempotency-Key", once);
    }
    door.send(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

fn form(name: &str, content: &str) -> String {
    format!(
        "--x\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.csv\"\r\n\r\n{content}\r\n--x--\r\n"
    )
}

#[tokio::test]
async fn a_list_comes_in_and_goes_out() {
    let door = Door::open().await;
    let sent = form("archivo", LIST);
    let answer = import(&door, "multipart/form-data; boundary=x", &sent, "k").await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let said = answer.json();
    let counted = |said: &serde_json::Value| {
        ["created", "updated", "unchanged", "failed"].map(|name| said[name].as_u64().unwrap())
    };
    assert_eq!(counted(&said), [2, 0, 0, 2], "{said}");
    assert_eq!(said["ignored_columns"], json!(["Color"]));
    let errors = said["errors"].as_array().unwrap();
    let told: Vec<_> = errors.iter().map(|it| (&it["row"], &it["code"])).collect();
    assert_eq!(
        told,
        [
            (&json!(4), &json!("ruc_digito")),
            (&json!(5), &json!("partner_campo"))
        ]
    );
    // Sent again under the same key, and as the body itself.
    let again = import(&door, "multipart/form-data; boundary=x", &sent, "k").await;
    assert_eq!((&again.text, again.status), (&answer.text, answer.status));
    assert_eq!(again.header("idempotency-replayed"), "true");
    for kind in ["text/csv; charset=utf-8", "application/octet-stream"] {
        let said = import(&door, kind, LIST, "").await.json();
        assert_eq!(counted(&said), [0, 0, 2, 2], "{kind}: {said}");
    }
    // What goes out comes in again and changes nothing.
    let csv = door.get("/api/v1/partners/exportar?format=csv").await;
    assert!(csv.header("content-disposition").contains("partners.csv"));
    let said = import(&door, "text/csv", &csv.text, "").await.json();
    assert_eq!(counted(&said), [0, 0, 2, 0], "{said}");
    let xlsx = door.get("/api/v1/partners/exportar?format=xlsx").await;
    assert!(xlsx.text.starts_with("PK"));
    let json = door.get("/api/v1/partners/exportar").await.json();
    let names: Vec<_> = json
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["name"])
        .collect();
    assert_eq!(names, [&json!("DOS S.A."), &json!("UNO S.A.C.")]);
    let found = "/api/v1/partners/exportar?format=ndjson&buscar=dos&situacion=nunca";
    assert_eq!(door.get(found).await.text.lines().count(), 1);
}

#[tokio::test]
async fn lists_that_cannot_be_imported() {
    let door = Door::open().await;
    let check = async |kind: &str, body: &str, status: u16, code: &str| {
        let answer = import(&door, kind, body, "").await;
        assert_eq!(answer.status, status, "{kind}: {}", answer.text);
        assert_eq!(answer.json()["code"], code, "{kind}");
        assert_ne!(answer.json()["action"], "", "{code} has a page");
    };
    let of_form = "multipart/form-data; boundary=x";
    check("application/json", "[]", 415, "tipo_de_cuerpo").await;
    check(of_form, &form("otro", LIST), 422, "campo_invalido").await;
    check(of_form, "--x--\r\n", 422, "campo_requerido").await;
    check("multipart/form-data", "", 400, "peticion_ilegible").await;
    check("text/csv", "a;b\r\nc;d\r\n", 422, "columna_no_encontrada").await;
    let path = "/api/v1/partners/exportar?format=pdf";
    assert_eq!(door.get(path).await.json()["code"], "parametro_invalido");
    let path = "/api/v1/partners/exportar?situacion=x";
    assert_eq!(door.get(path).await.json()["code"], "parametro_invalido");
    assert_eq!(door.get("/api/v1/partners").await.json()["data"], json!([]));
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

const REFRESH: &str = "/api/v1/partners/actualizar";

async fn add(door: &Door, rucs: &[String]) -> Vec<uuid::Uuid> {
    let list = format!("RUC\n{}\n", rucs.join("\n"));
    let table = read_bytes(list.as_bytes(), None, &Limits::default(), Lang::Es).unwrap();
    let house = Company::HOUSE;
    door.app.import_partners(house, &table, None).await.unwrap();
    let (filter, most) = (PartnerFilter::default(), 250);
    let page = door.app.list_partners(house, &filter, most, None).await;
    let all = page.unwrap().rows;
    all.iter().take(rucs.len()).map(|it| it.id).collect()
}

/// Runs the worker until a job has ended, and says how.
async fn ended(door: &Door, key: &str, job: &str) -> serde_json::Value {
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(chaski::jobs::run(Arc::clone(&door.app), async {
        let _ = stopped.await;
    }));
    let ended = loop {
        let said = door.ask(Method::GET, job, Some(key), "").await.json();
        if !["PENDING", "RUNNING"].contains(&said["status"].as_str().unwrap()) {
            break said;
        }
        tokio::task::yield_now().await;
    };
    stop.send(()).unwrap();
    worker.await.unwrap().unwrap();
    ended
}

/// A refresh counts what it may cost before it is taken, while it waits, and when it is tried
/// again; and a run keeps to what was counted.
#[tokio::test]
async fn the_days_limit_counts_what_a_refresh_may_cost() {
    let door = Door::open().await;
    let key = door.key(&[Scope::Partners, Scope::Lotes], 0, 3).await;
    let numbers = companies(15, 500);
    let send = async |path: &str, body: &str| door.ask(Method::POST, path, Some(&key), body).await;
    let ids = add(&door, &numbers[..150]).await;
    add(&door, &numbers[150..400]).await;
    let refused = send(REFRESH, r#"{"cuales":"nunca"}"#).await;
    let said = refused.json();
    assert_eq!(
        (refused.status.as_u16(), &said["code"]),
        (429, &json!("tope_diario"))
    );
    assert_eq!(
        said["detail"],
        "Esta petición puede costar 4 consultas y a su llave le quedan 3 de 3 hoy"
    );
    assert_eq!(
        (refused.header("retry-after"), &said["retryable"]),
        ("", &json!(false))
    );
    let these = json!({"ids": ids}).to_string();
    let taken = send(REFRESH, &these).await;
    assert_eq!(taken.status, 202, "{}", taken.text);
    let job = taken.header("location").to_owned();
    // Two of three are its own while it waits: for lists, and for another refresh.
    for (path, body) in [
        (REFRESH, these.clone()),
        (
            "/api/v1/lotes",
            json!({"rucs": numbers[250..400]}).to_string(),
        ),
    ] {
        let answer = send(path, &body).await;
        assert_eq!(
            answer.json()["code"],
            "tope_diario",
            "{path}: {}",
            answer.text
        );
        assert_ne!(answer.header("retry-after"), "", "{path}");
    }
    // A worker that gives up: it waits no more, and counts again when it is tried again.
    let (store, now) = (&door.app.store(), door.app.clock.now());
    let lease = std::time::Duration::from_secs(10);
    let claim = store.claim_job(now, lease, Priority::Low).await.unwrap();
    let end = JobEnd::Failed { code: "x".into() };
    store.end_job(&claim.unwrap(), end, now).await.unwrap();
    let list = json!({"rucs": numbers[250..400]}).to_string();
    let list = send("/api/v1/lotes", &list).await;
    assert_eq!(list.status, 202, "{}", list.text);
    let again = format!("{job}/reintentar");
    let refused = send(&again, "").await;
    assert_eq!(refused.json()["code"], "tope_diario", "{}", refused.text);
    let list = list.header("location").to_owned();
    assert_eq!(send(&format!("{list}/cancelar"), "").await.status, 200);
    assert_eq!(send(&again, "").await.status, 200);
    assert_eq!(ended(&door, &key, &job).await["status"], "COMPLETED");
    assert_eq!(door.app.migo().line().stats().calls, 2);
    // What is known costs nothing, whatever is left.
    assert_eq!(send(REFRESH, &these).await.status, 202);
}

/// Partners that come while a refresh waits are not paid for by it.
#[tokio::test]
async fn a_refresh_keeps_to_what_was_counted() {
    let door = Door::open().await;
    let key = door.key(&[Scope::Partners], 0, 3).await;
    let numbers = companies(16, 240);
    add(&door, &numbers[..90]).await;
    let body = r#"{"cuales":"nunca"}"#;
    let taken = door.ask(Method::POST, REFRESH, Some(&key), body).await;
    assert_eq!(taken.status, 202, "{}", taken.text);
    add(&door, &numbers[90..]).await;
    let job = taken.header("location").to_owned();
    assert_eq!(ended(&door, &key, &job).await["status"], "COMPLETED");
    assert_eq!(door.app.migo().line().stats().calls, 1);
}

/// Whoever may ask for a refresh may see how it goes, and no other job.
#[tokio::test]
async fn the_job_of_a_refresh_is_seen_with_its_scope() {
    let door = Door::open().await;
    let key = door.key(&[Scope::Partners], 0, 0).await;
    let ids = add(&door, &companies(17, 2)).await;
    // One that was deleted, or mistyped, is passed over; naming only such ones is a mistake.
    let nobody = uuid::Uuid::from_u128(1);
    let none = json!({"ids": [nobody]}).to_string();
    let refused = door.ask(Method::POST, REFRESH, Some(&key), &none).await;
    assert_eq!(refused.status, 404, "{}", refused.text);
    let some = json!({"ids": [ids[0], nobody, ids[1]]}).to_string();
    let taken = door.ask(Method::POST, REFRESH, Some(&key), &some).await;
    let job = taken.header("location").to_owned();
    let said = ended(&door, &key, &job).await;
    assert_eq!(
        (&said["kind"], &said["status"]),
        (&json!("partners"), &json!("COMPLETED"))
    );
    let get = async |path: &str, key: &str| door.ask(Method::GET, path, Some(key), "").await.status;
    assert_eq!(get("/api/v1/trabajos", &key).await, 403);
    let other = door.key(&[Scope::Partners], 0, 0).await;
    assert_eq!(get(&job, &other).await, 404);
    let other = door.key(&[Scope::Consultas], 0, 0).await;
    assert_eq!(get(&job, &other).await, 403);
    let both = door.key(&[Scope::Lotes, Scope::Partners], 0, 0).await;
    assert_eq!(get(&job, &both).await, 404);
}

/// An address is kept by proxies and browsers: the number of a person travels in the body.
#[tokio::test]
async fn a_persons_number_stands_in_no_address() {
    let door = Door::open().await;
    for number in ["00000001", "10000000014", "20100070970"] {
        let body = json!({"num_document": number}).to_string();
        let made = door.ask(Method::POST, PARTNERS, None, &body).await;
        assert_eq!(made.status, 201, "{}", made.text);
    }
    let search = format!("{PARTNERS}/buscar");
    let check = async |number: &str, in_address: u16, found: usize| {
        for path in [PARTNERS, "/api/v1/partners/exportar"] {
            let answer = door.get(&format!("{path}?buscar={number}")).await;
            assert_eq!(answer.status, in_address, "{number}: {}", answer.text);
            if in_address == 422 {
                let problem = answer.json();
                assert_eq!(problem["code"], "parametro_invalido");
                assert_eq!(problem["errors"][0]["field"], "buscar");
                assert!(answer.text.contains(&search), "{}", answer.text);
                assert!(!answer.text.contains(number), "{}", answer.text);
            }
        }
        let wanted = json!({"buscar": number.replace("%20", " ")}).to_string();
        let answer = door.ask(Method::POST, &search, None, &wanted).await;
        assert_eq!(answer.status, 200, "{number}: {}", answer.text);
        let page = answer.json();
        assert_eq!(page["data"].as_array().unwrap().len(), found, "{page}");
    };
    check("00000001", 422, 1).await;
    check("0000-0001", 422, 1).await;
    check("10000000014", 422, 1).await;
    check("15000000016", 422, 0).await;
    check("16000000016", 422, 0).await;
    check("17000000016", 422, 0).await;
    check("%2010.000.000.014", 422, 1).await;
    check("20100070970", 200, 1).await;
    check("0000001", 200, 0).await;
    check("EMPRESA1", 200, 0).await;
    let pages = json!({"limit": 2}).to_string();
    let page = door.ask(Method::POST, &search, None, &pages).await.json();
    assert_eq!(page["data"].as_array().unwrap().len(), 2);
    let rest = json!({"limit": 2, "cursor": page["next_cursor"]}).to_string();
    let rest = door.ask(Method::POST, &search, None, &rest).await.json();
    assert_eq!(rest["data"].as_array().unwrap().len(), 1, "{rest}");
}
