//! Partners over HTTP.

use std::sync::Arc;

use axum::body::Body;
use http::{Method, Request};
use serde_json::json;
use tokio::sync::oneshot;

use super::{Answered, Door};

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
