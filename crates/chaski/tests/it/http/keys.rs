//! Keys governed over the API, what was used, and what browsers and Prometheus are told.

use axum::body::Body;
use chaski::app::keys::Scope;
use chaski::store::CallFilter;
use http::{Method, Request};
use serde_json::{Value, json};

use super::{Answered, Door};
use crate::store_postgres::databases;

const ALL: &str = "/api/v1/llaves";
const RUC: &str = "/api/v1/ruc/20100070970";

struct Manager<'d> {
    door: &'d Door,
    key: String,
}

impl Manager<'_> {
    async fn ask(&self, method: Method, path: &str, body: &Value) -> Answered {
        let body = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        self.door.ask(method, path, Some(&self.key), &body).await
    }

    async fn made(&self, wanted: Value) -> (String, String) {
        let made = self.ask(Method::POST, ALL, &wanted).await;
        assert_eq!(made.status, 201, "{}", made.text);
        let made = made.json();
        let id = made["llave"]["id"].as_str().unwrap().to_owned();
        (id, made["secreto"].as_str().unwrap().to_owned())
    }

    async fn refused(&self, method: Method, path: &str, body: Value, status: u16) {
        let answer = self.ask(method, path, &body).await;
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.text);
    }
}

/// The public part of a key.
fn id_part(key: &str) -> &str {
    key.split('_').nth(2).unwrap()
}

async fn works(door: &Door, key: &str) -> u16 {
    let answer = door.ask(Method::GET, RUC, Some(key), "").await;
    answer.status.as_u16()
}

#[tokio::test]
async fn a_key_lives_over_the_api() {
    for database in databases().await {
        life(&Door::open_on(database, false).await).await;
    }
}

async fn life(door: &Door) {
    let key = door.key(&[Scope::Llaves, Scope::Consultas], 0, 0).await;
    let it = Manager { door, key };
    // 1. Made, and good at once; shown whole this once.
    let wanted =
        json!({"nombre": "caja", "permisos": ["consultas"], "por_minuto": 100, "vence": "90d"});
    let (id, secret) = it.made(wanted).await;
    assert_eq!(works(door, &secret).await, 200);
    let listed = it.ask(Method::GET, ALL, &Value::Null).await;
    assert!(!listed.text.contains(&secret), "a secret is told once");
    let listed = listed.json();
    let seen = &listed["data"][1];
    assert_eq!(
        (
            &seen["nombre"],
            &seen["permisos"],
            &seen["estado"],
            &seen["por_minuto"]
        ),
        (
            &json!("caja"),
            &json!(["consultas"]),
            &json!("VIGENTE"),
            &json!(100)
        )
    );
    assert!(secret.starts_with(seen["llave"].as_str().unwrap()));
    // 2. Changed: what is absent stays.
    let place = format!("{ALL}/{id}");
    let change = json!({"nombre": "caja 2", "por_minuto": 0, "vence": ""});
    let changed = it.ask(Method::PATCH, &place, &change).await.json();
    assert_eq!(
        (
            &changed["nombre"],
            &changed["por_minuto"],
            &changed["vence_en"],
            &changed["permisos"]
        ),
        (
            &json!("caja 2"),
            &json!(0),
            &Value::Null,
            &json!(["consultas"])
        )
    );
    let narrowed = json!({"permisos": ["llaves"]});
    it.ask(Method::PATCH, &place, &narrowed).await;
    assert_eq!(works(door, &secret).await, 403, "known at once");
    it.ask(Method::PATCH, &place, &json!({"permisos": ["consultas"]}))
        .await;
    // 3. Renewed: the same key with another secret.
    let renewed = it
        .ask(Method::POST, &format!("{place}/rotar"), &Value::Null)
        .await;
    assert_eq!(renewed.status, 200, "{}", renewed.text);
    let renewed = renewed.json();
    let newer = renewed["secreto"].as_str().unwrap();
    assert_eq!(renewed["llave"]["id"], id);
    assert_eq!(
        (works(door, &secret).await, works(door, newer).await),
        (401, 200)
    );
    // 4. What it used is its own, before and after.
    let name = format!("llave:{}", id_part(&secret));
    let filter = CallFilter {
        asked_by: Some(name),
        limit: 50,
        ..CallFilter::default()
    };
    let calls = door.app.list_calls(&filter).await.unwrap().rows;
    assert!(!calls.is_empty(), "under one name");
    // 5. Revoked, for good.
    let revoked = it
        .ask(Method::POST, &format!("{place}/revocar"), &Value::Null)
        .await;
    assert_eq!(revoked.json()["estado"], "REVOCADA");
    assert_eq!(works(door, newer).await, 401);
    for deed in ["rotar", "revocar"] {
        it.refused(Method::POST, &format!("{place}/{deed}"), Value::Null, 404)
            .await;
    }
    it.refused(Method::PATCH, &place, json!({"nombre": "x"}), 404)
        .await;
}

#[tokio::test]
async fn nobody_hands_on_what_they_do_not_have() {
    let door = Door::open().await;
    let mighty = door.key_of(&door.app, None).await;
    let it = Manager {
        door: &door,
        key: door.key(&[Scope::Llaves, Scope::Consultas], 0, 0).await,
    };
    let post = || Method::POST;
    it.refused(
        post(),
        ALL,
        json!({"nombre": "x", "permisos": ["emitir"]}),
        403,
    )
    .await;
    it.refused(
        post(),
        ALL,
        json!({"nombre": "x", "permisos": ["nada"]}),
        422,
    )
    .await;
    it.refused(post(), ALL, json!({"nombre": "x", "permisos": []}), 422)
        .await;
    it.refused(
        post(),
        ALL,
        json!({"nombre": "", "permisos": ["consultas"]}),
        422,
    )
    .await;
    it.refused(
        post(),
        ALL,
        json!({"nombre": "x", "permisos": ["consultas"], "vence": "pronto"}),
        422,
    )
    .await;
    it.refused(
        post(),
        ALL,
        json!({"nombre": "x", "permisos": ["consultas"], "empresa": "1"}),
        422,
    )
    .await;
    // A mightier one is seen, and not governed: its new secret would be a way to more.
    let listed = it.ask(Method::GET, ALL, &Value::Null).await.json();
    let of_mighty = listed["data"].as_array().unwrap().iter();
    let mut of_mighty = of_mighty.filter(|it| mighty.starts_with(it["llave"].as_str().unwrap()));
    let id = of_mighty.next_back().unwrap()["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for deed in ["rotar", "revocar"] {
        it.refused(post(), &format!("{ALL}/{id}/{deed}"), Value::Null, 403)
            .await;
    }
    it.refused(
        Method::PATCH,
        &format!("{ALL}/{id}"),
        json!({"por_dia": 1}),
        403,
    )
    .await;
    // One with a cap does not pass it by another key.
    let capped = Manager {
        door: &door,
        key: door.key(&[Scope::Llaves, Scope::Consultas], 0, 5).await,
    };
    capped
        .refused(
            post(),
            ALL,
            json!({"nombre": "x", "permisos": ["consultas"]}),
            403,
        )
        .await;
}

#[tokio::test]
async fn a_company_governs_its_own_keys() {
    let door = Door::open().await;
    let of = async |ruc| Manager {
        door: &door,
        key: door.key_of(&door.app, Some(ruc)).await,
    };
    let (one, other) = (of("20131312955").await, of("20100070970").await);
    let wanted = |ruc: Value| json!({"nombre": "caja", "permisos": ["consultas"], "empresa": ruc});
    let (id, _) = one.made(wanted(json!("20131312955"))).await;
    one.refused(Method::POST, ALL, wanted(json!("20100070970")), 403)
        .await;
    one.refused(Method::POST, ALL, wanted(Value::Null), 422)
        .await;
    let seen = other.ask(Method::GET, ALL, &Value::Null).await.json();
    assert_eq!(seen["data"].as_array().unwrap().len(), 1, "{seen}");
    other
        .refused(
            Method::POST,
            &format!("{ALL}/{id}/revocar"),
            Value::Null,
            404,
        )
        .await;
}

#[tokio::test]
async fn what_was_used_is_told_by_month() {
    for database in databases().await {
        let door = Door::open_on(database, false).await;
        let key = door.key(&[Scope::Consultas, Scope::Auditoria], 0, 0).await;
        for _ in 0..3 {
            assert_eq!(works(&door, &key).await, 200);
        }
        let told = async |query: &str| {
            let path = format!("/api/v1/consumo{query}");
            door.ask(Method::GET, &path, Some(&key), "").await
        };
        let used = told("").await.json();
        let row = &used["data"][0];
        assert_eq!(
            (
                &row["operacion"],
                &row["llamadas"],
                &row["numeros"],
                &row["nombre"]
            ),
            (&json!("ruc"), &json!(1), &json!(1), &json!("prueba")),
            "{used}"
        );
        assert_eq!(row["de_memoria"], 2, "{used}");
        assert_eq!(told("?desde=2020-01").await.json()["data"], json!([]));
        let csv = told("?format=csv").await;
        assert!(
            csv.text.contains("mes,quien,nombre") && csv.text.contains("prueba"),
            "{}",
            csv.text
        );
        assert!(told("?format=xlsx").await.text.starts_with("PK"));
        for wrong in [
            "?desde=11/2026",
            "?format=pdf",
            "?desde=2026-02&hasta=2026-01",
        ] {
            assert_eq!(told(wrong).await.status, 422, "{wrong}");
        }
    }
}

#[tokio::test]
async fn the_root_leads_to_the_documentation() {
    let answer = Door::open().await.get("/").await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("location")),
        (307, "/docs")
    );
}

#[tokio::test]
async fn pages_of_other_sites_ask_only_where_that_is_said() {
    let site = "https://app.ejemplo.pe";
    let preflight = |site: &str| {
        Request::builder()
            .method(Method::OPTIONS)
            .uri(RUC)
            .header("Origin", site)
            .header("Access-Control-Request-Method", "GET")
            .header("Access-Control-Request-Headers", "authorization")
            .body(Body::empty())
            .unwrap()
    };
    let closed = Door::open().await;
    let answer = closed.send(preflight(site)).await;
    assert_eq!(answer.header("access-control-allow-origin"), "");
    let settings = vec![("CHASKI_CORS_ORIGINS", site.to_owned())];
    let open = Door::open_with(None, false, settings).await;
    let key = open.key(&[Scope::Consultas], 0, 0).await;
    let answer = open.send(preflight(site)).await;
    assert_eq!(
        (
            answer.status.as_u16(),
            answer.header("access-control-allow-origin")
        ),
        (200, site)
    );
    assert!(
        answer
            .header("access-control-allow-headers")
            .contains("authorization")
    );
    let strange = open.send(preflight("https://otro.ejemplo.pe")).await;
    assert_eq!(strange.header("access-control-allow-origin"), "");
    // The answer and what goes wrong may be read, and a key is asked for all the same.
    let ask = async |key: Option<&str>| {
        let mut request = Request::builder().uri(RUC).header("Origin", site);
        if let Some(key) = key {
            request = request.header("X-API-Key", key);
        }
        open.send(request.body(Body::empty()).unwrap()).await
    };
    for (key, status) in [(Some(key.as_str()), 200), (None, 401)] {
        let answer = ask(key).await;
        let allowed = answer.header("access-control-allow-origin");
        assert_eq!(
            (answer.status.as_u16(), allowed),
            (status, site),
            "{}",
            answer.text
        );
    }
}

#[tokio::test]
async fn what_is_large_goes_out_as_gzip_to_whoever_takes_it() {
    let door = Door::open().await;
    let ask = async |path: &str, taken: &str| {
        let request = Request::builder()
            .uri(path)
            .header("Accept-Encoding", taken);
        door.send(request.body(Body::empty()).unwrap()).await
    };
    let whole = ask("/openapi.json", "identity").await;
    let squeezed = ask("/openapi.json", "br, gzip;q=0.8").await;
    assert_eq!(
        (
            whole.header("content-encoding"),
            squeezed.header("content-encoding")
        ),
        ("", "gzip")
    );
    assert!(squeezed.text.len() * 3 < whole.text.len());
    assert!(
        squeezed
            .headers
            .get_all("vary")
            .iter()
            .any(|it| it == "accept-encoding")
    );
    assert_eq!(
        ask("/openapi.json", "gzip;q=0")
            .await
            .header("content-encoding"),
        ""
    );
    assert_eq!(
        ask(RUC, "gzip").await.header("content-encoding"),
        "",
        "a small one"
    );
    // A file that is read while it goes out, to its end.
    let partner = r#"{"num_document":"20100070970"}"#;
    let made = door
        .ask(Method::POST, "/api/v1/partners", None, partner)
        .await;
    assert_eq!(made.status, 201, "{}", made.text);
    for format in ["json", "ndjson", "csv"] {
        let path = format!("/api/v1/partners/exportar?format={format}");
        let file = ask(&path, "gzip").await;
        let (status, coding) = (file.status.as_u16(), file.header("content-encoding"));
        assert_eq!((status, coding), (200, "gzip"), "{format}");
        assert!(!file.text.is_empty());
    }
}

#[tokio::test]
async fn metrics_are_text_unless_openmetrics_is_preferred() {
    let door = Door::open().await;
    let ask = async |accepted: Option<&str>| {
        let mut request = Request::builder().uri("/metrics");
        if let Some(accepted) = accepted {
            request = request.header("Accept", accepted);
        }
        let answer = door.send(request.body(Body::empty()).unwrap()).await;
        let kind = answer
            .header("content-type")
            .split(';')
            .next()
            .unwrap()
            .to_owned();
        (kind, answer.text)
    };
    for (accepted, kind) in [
        (None, "text/plain"),
        (Some("*/*"), "text/plain"),
        (Some("text/plain"), "text/plain"),
        (
            Some("application/openmetrics-text;q=0.2, text/plain;q=0.5"),
            "text/plain",
        ),
        (
            Some("application/openmetrics-text; version=1.0.0"),
            "application/openmetrics-text",
        ),
        (
            Some(
                "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            ),
            "application/openmetrics-text",
        ),
    ] {
        let (given, text) = ask(accepted).await;
        assert_eq!(given, kind, "{accepted:?}");
        assert_eq!(text.ends_with("# EOF\n"), kind != "text/plain");
        let of_counter = text.contains("# TYPE chaski_http_requests_total counter");
        assert_eq!(of_counter, kind == "text/plain", "{text}");
    }
}
