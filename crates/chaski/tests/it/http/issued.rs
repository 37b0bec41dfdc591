//! Documents over HTTP: handed over once, followed, read, voided; and whose they are.

use std::sync::Arc;

use axum::body::Body;
use chaski::app::keys::Scope;
use futures_util::future::join_all;
use http::{Method, Request};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::{Answered, Door};
use crate::store_postgres::databases;

/// Who issues in the sandbox.
pub(super) const ISSUER: &str = "20603274742";
pub(super) const OTHER: &str = "20604702811";
pub(super) const ALL: &str = "/api/v1/comprobantes";
pub(super) const NOTHING: &str = "00000000-0000-7000-8000-000000000000";

/// Every route about documents, the scope that opens it, and a body that it can read.
pub(super) fn routes() -> Vec<(&'static str, String, Scope, &'static str)> {
    use Scope::{Administracion, Anular, Comprobantes, Emitir};
    let of_document = [
        ("POST", "", Emitir, r#"{"tipo":"boleta"}"#),
        ("GET", "", Comprobantes, ""),
        ("POST", "/buscar", Comprobantes, "{}"),
        ("POST", "/validar", Emitir, r#"{"tipo":"boleta"}"#),
        ("GET", "/por-numero/factura/FFF1/77", Comprobantes, ""),
        ("GET", "/ID", Comprobantes, ""),
        ("PUT", "/ID", Emitir, r#"{"tipo":"boleta"}"#),
        ("GET", "/ID/eventos", Comprobantes, ""),
        ("POST", "/ID/consultar", Comprobantes, ""),
        ("POST", "/ID/anular", Anular, r#"{"motivo":"prueba"}"#),
        ("POST", "/ID/reintentar", Emitir, ""),
        ("POST", "/ID/liberar", Emitir, ""),
        ("GET", "/ID/pdf", Comprobantes, ""),
        ("GET", "/ID/xml", Comprobantes, ""),
        ("GET", "/ID/cdr", Comprobantes, ""),
    ];
    let of_sale = [
        ("POST", "/ID/corregir", Emitir, r#"{"motivo":"01"}"#),
        ("POST", "/ID/duplicar", Emitir, ""),
    ];
    let name = r#"{"comprobante":"FFF1-77"}"#;
    let void = r#"{"comprobante":"FFF1-77","motivo":"prueba"}"#;
    let list = r#"{"comprobantes":[{"tipo":"boleta"}]}"#;
    let pdf = "comprobantes/por-numero/factura/FFF1/77/pdf";
    let others = [
        ("GET", "comprobantes/por-nombre/FFF1-77", Comprobantes, ""),
        ("POST", "comprobantes/consultar", Comprobantes, name),
        ("POST", "comprobantes/anular", Anular, void),
        ("GET", pdf, Comprobantes, ""),
        ("POST", "lotes/validar", Emitir, list),
        (
            "POST",
            "series/sincronizar",
            Administracion,
            r#"{"desde":1}"#,
        ),
        ("GET", "series", Comprobantes, ""),
        (
            "POST",
            "series",
            Administracion,
            r#"{"serie":"F009","ultimo":0}"#,
        ),
        (
            "PATCH",
            "series/factura/FFF1",
            Administracion,
            r#"{"en_orden":true}"#,
        ),
        ("GET", "empresas", Comprobantes, ""),
        (
            "POST",
            "empresas",
            Administracion,
            r#"{"ruc":"20100070970","ruta":"https://api.nubefact.com/api/v1/x","token":"y"}"#,
        ),
        ("POST", "empresas/probar", Administracion, "{}"),
    ];
    let mut all = Vec::new();
    for family in ["comprobantes", "guias", "retenciones", "percepciones"] {
        let sale = of_sale.iter().filter(|_| family == "comprobantes");
        for (method, rest, scope, body) in of_document.iter().chain(sale) {
            let rest = rest.replace("ID", NOTHING);
            all.push((*method, format!("/api/v1/{family}{rest}"), *scope, *body));
        }
    }
    for (method, rest, scope, body) in others {
        all.push((method, format!("/api/v1/{rest}"), scope, body));
    }
    all
}

/// A gateway that issues until it is dropped.
pub(super) struct Issuing {
    pub(super) door: Door,
    pub(super) key: String,
    _stop: oneshot::Sender<()>,
}

impl Issuing {
    pub(super) async fn open(database: Option<String>) -> Issuing {
        let door = Door::open_on(database, false).await;
        let key = door.key_of(&door.app, Some(ISSUER)).await;
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { drop(stopped.await) };
        tokio::spawn(chaski::jobs::issuing::run(Arc::clone(&door.app), shutdown));
        Issuing {
            door,
            key,
            _stop: stop,
        }
    }

    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answered {
        ask(&self.door, &self.key, method, path, headers, body).await
    }

    pub(super) async fn get(&self, path: &str) -> Value {
        let answer = self.ask(Method::GET, path, &[], "").await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.json()
    }

    /// A document that SUNAT has spoken about.
    pub(super) async fn issued(&self, key: &str, body: &str) -> Value {
        let headers = [("Idempotency-Key", key), ("Prefer", "wait=30")];
        let answer = self.ask(Method::POST, ALL, &headers, body).await;
        assert_eq!(answer.status, 201, "{}", answer.text);
        answer.json()
    }
}

pub(super) async fn ask(
    door: &Door,
    key: &str,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> Answered {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header("X-API-Key", key);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if !body.is_empty() {
        request = request.header("Content-Type", "application/json");
    }
    door.send(request.body(Body::from(body.to_owned())).unwrap())
        .await
}

/// A sale of so much.
pub(super) fn sale(price: &str) -> String {
    json!({
        "tipo": "factura",
        "cliente": { "tipo": "6", "numero": "20100070970" },
        "precios_con_igv": true,
        "items": [{ "descripcion": "SERVICIO", "unidad": "ZZ", "cantidad": 1, "precio": price }],
    })
    .to_string()
}

pub(super) fn example(name: &str) -> String {
    let path = format!(
        "{}/../../ejemplos/facturas/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    std::fs::read_to_string(path).unwrap()
}

#[tokio::test]
async fn a_sale_is_issued_followed_read_and_voided() {
    for database in databases().await {
        story(&Issuing::open(database).await).await;
    }
}

#[expect(
    clippy::too_many_lines,
    reason = "one story, told from its beginning to its end"
)]
async fn story(it: &Issuing) {
    // 1. Once, whoever asks again.
    let first = it.issued("venta-1", &sale("118.00")).await;
    assert_eq!(
        (&first["estado"], &first["numero"]),
        (&json!("ACEPTADO"), &json!(1)),
        "{first}"
    );
    assert_eq!(
        (&first["total"], &first["moneda"]),
        (&json!("118.00"), &json!("PEN"))
    );
    let again = it
        .ask(
            Method::POST,
            ALL,
            &[("Idempotency-Key", "venta-1")],
            &sale("118.00"),
        )
        .await;
    assert_eq!(
        (again.status.as_u16(), again.header("idempotency-replayed")),
        (200, "true")
    );
    assert_eq!(again.json()["id"], first["id"]);
    let sibling = it.door.key_of(&it.door.app, Some(ISSUER)).await;
    let headers = [("Idempotency-Key", "venta-1")];
    let again = ask(
        &it.door,
        &sibling,
        Method::POST,
        ALL,
        &headers,
        &sale("118.00"),
    )
    .await;
    assert_eq!(
        again.json()["id"],
        first["id"],
        "another key of the company: {}",
        again.text
    );
    let other = it.ask(Method::POST, ALL, &headers, &sale("119.00")).await;
    assert_eq!(
        (other.status.as_u16(), &other.json()["code"]),
        (422, &json!("clave_otro_contenido"))
    );
    // 2. A double click.
    let twin = it
        .ask(
            Method::POST,
            ALL,
            &[("Idempotency-Key", "venta-2")],
            &sale("118.00"),
        )
        .await;
    assert_eq!(
        (twin.status.as_u16(), &twin.json()["code"]),
        (409, &json!("duplicado_probable"))
    );
    assert_eq!(twin.json()["errors"][0]["code"], "CH-DUPLICADO-PROBABLE");
    assert!(
        twin.text.contains(first["id"].as_str().unwrap()),
        "{}",
        twin.text
    );
    let wanted = [
        ("Idempotency-Key", "venta-2"),
        ("Chaski-Allow-Duplicate", "true"),
        ("Prefer", "wait=30"),
    ];
    let second = it.ask(Method::POST, ALL, &wanted, &sale("118.00")).await;
    assert_eq!(
        (second.status.as_u16(), &second.json()["numero"]),
        (201, &json!(2))
    );
    // 3. What happened, and where it is found.
    let place = first["enlaces"]["comprobante"].as_str().unwrap();
    let told = it.get(place).await;
    let events: Vec<_> = told["eventos"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| &it["estado"])
        .collect();
    assert_eq!(events.first(), Some(&&json!("EN_COLA")));
    assert!(events.contains(&&json!("ACEPTADO")), "{events:?}");
    let by_number = it.get(&format!("{ALL}/por-numero/factura/FFF1/1")).await;
    assert_eq!(by_number["id"], first["id"]);
    let page = it
        .ask(
            Method::GET,
            &format!("{ALL}?limit=1&estado=ACEPTADO"),
            &[],
            "",
        )
        .await;
    assert!(
        page.header("link").contains("rel=\"next\""),
        "{:?}",
        page.headers
    );
    let next = page.json()["next_cursor"].as_str().unwrap().to_owned();
    let older = it
        .get(&format!("{ALL}?limit=1&estado=ACEPTADO&cursor={next}"))
        .await;
    assert_eq!(older["data"][0]["id"], first["id"]);
    let search = json!({ "cliente": "20100070970", "serie": "FFF1" }).to_string();
    let found = it
        .ask(Method::POST, &format!("{ALL}/buscar"), &[], &search)
        .await;
    assert_eq!(
        found.json()["data"].as_array().unwrap().len(),
        2,
        "{}",
        found.text
    );
    let nobody = json!({ "cliente": "20131312955" }).to_string();
    let found = it
        .ask(Method::POST, &format!("{ALL}/buscar"), &[], &nobody)
        .await;
    assert_eq!(found.json()["data"], json!([]));
    let events = it
        .ask(Method::GET, &format!("{place}/eventos"), &[], "")
        .await;
    assert!(
        events.text.starts_with("event: fin\ndata: {"),
        "{}",
        events.text
    );
    files(it, place).await;
    // 4. Voided once.
    let void = json!({ "motivo": "pedido repetido" }).to_string();
    for _ in 0..2 {
        let voided = it
            .ask(Method::POST, &format!("{place}/anular"), &[], &void)
            .await;
        assert_eq!(voided.status, 202, "{}", voided.text);
        assert!(voided.json()["anulacion"]["estado"].is_string());
    }
    let voids = it
        .door
        .app
        .store()
        .voids_of(first["id"].as_str().unwrap().parse().unwrap());
    assert_eq!(voids.await.unwrap().len(), 1);
    let released = it
        .ask(Method::POST, &format!("{place}/liberar"), &[], "")
        .await;
    assert_eq!(released.status, 409, "{}", released.text);
    // 5. Corrected, once.
    let place = second.json()["enlaces"]["comprobante"]
        .as_str()
        .unwrap()
        .to_owned();
    let wish = json!({ "motivo": "01" }).to_string();
    let note = it
        .ask(Method::POST, &format!("{place}/corregir"), &[], &wish)
        .await;
    assert_eq!(
        (note.status.as_u16(), &note.json()["tipo"]),
        (202, &json!("nc")),
        "{}",
        note.text
    );
    let again = it
        .ask(Method::POST, &format!("{place}/corregir"), &[], &wish)
        .await;
    assert_eq!(again.json()["id"], note.json()["id"], "{}", again.text);
    let copy = it
        .ask(Method::POST, &format!("{place}/duplicar"), &[], "")
        .await;
    assert_eq!(
        (copy.status.as_u16(), &copy.json()["total"]),
        (202, &json!("118.00")),
        "{}",
        copy.text
    );
}

async fn files(it: &Issuing, place: &str) {
    for (name, kind) in [
        ("pdf", "application/pdf"),
        ("xml", "application/xml"),
        ("cdr", "application/xml"),
    ] {
        let path = format!("{place}/{name}");
        let whole = it.ask(Method::GET, &path, &[], "").await;
        assert_eq!(
            (whole.status.as_u16(), whole.header("content-type")),
            (200, kind),
            "{}",
            whole.text
        );
        assert!(
            whole
                .header("content-disposition")
                .contains("20603274742-01-FFF1-1."),
            "{name}"
        );
        let tag = whole.header("etag").to_owned();
        let known = it
            .ask(Method::GET, &path, &[("If-None-Match", &tag)], "")
            .await;
        assert_eq!((known.status.as_u16(), known.text.as_str()), (304, ""));
        let part = it
            .ask(Method::GET, &path, &[("Range", "bytes=1-3")], "")
            .await;
        assert_eq!((part.status.as_u16(), part.text.len()), (206, 3));
        assert!(part.header("content-range").starts_with("bytes 1-3/"));
        let beyond = it
            .ask(Method::GET, &path, &[("Range", "bytes=99999999-")], "")
            .await;
        assert_eq!(beyond.status, 416);
        let changed = [("Range", "bytes=1-3"), ("If-Range", "\"otro\"")];
        assert_eq!(it.ask(Method::GET, &path, &changed, "").await.status, 200);
    }
}

#[tokio::test]
async fn what_is_wrong_is_told_and_nothing_is_stored() {
    let it = Issuing::open(None).await;
    let check = async |headers: &[(&str, &str)], body: &str, status: u16, code: &str| {
        let answer = it.ask(Method::POST, ALL, headers, body).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["code"]),
            (status, &json!(code)),
            "{body}"
        );
        answer.json()
    };
    let wrong = check(&[], &example("mal"), 422, "comprobante_con_errores").await;
    let first = &wrong["errors"][0];
    for name in ["field", "code", "severity", "detail", "action"] {
        assert!(first[name].is_string(), "{name}: {first}");
    }
    check(&[], "{", 422, "comprobante_con_errores").await;
    check(&[], "[]", 422, "comprobante_con_errores").await;
    let long = "k".repeat(256);
    check(
        &[("Idempotency-Key", &long)],
        &sale("1.00"),
        400,
        "idempotencia_mal_formada",
    )
    .await;
    let named = sale("1.00").replacen('{', r#"{"referencia": [7],"#, 1);
    check(&[], &named, 422, "campo_invalido").await;
    assert_eq!(it.get(ALL).await["data"], json!([]));
    // The same without issuing.
    let path = format!("{ALL}/validar");
    let looked = it
        .ask(Method::POST, &path, &[], &sale("118.00"))
        .await
        .json();
    assert_eq!(
        (&looked["emitible"], &looked["documento"]["serie"]),
        (&json!(true), &json!("FFF1"))
    );
    let looked = it
        .ask(Method::POST, &path, &[], &example("mal"))
        .await
        .json();
    assert_eq!(looked["emitible"], json!(false), "{looked}");
    assert_eq!(it.get(ALL).await["data"], json!([]));
    // A referencia is a key too.
    let named = sale("5.00").replacen('{', r#"{"referencia": "pedido-9","#, 1);
    let first = it.issued("r-1", &named).await;
    let again = it
        .ask(Method::POST, ALL, &[("Idempotency-Key", "r-2")], &named)
        .await;
    assert_eq!(again.json()["id"], first["id"], "{}", again.text);
    let other = named.replace("5.00", "6.00");
    check(
        &[("Idempotency-Key", "r-3")],
        &other,
        409,
        "referencia_usada",
    )
    .await;
    assert_eq!(
        it.get(&format!("{ALL}?referencia=pedido-9")).await["data"][0]["id"],
        first["id"]
    );
}

#[tokio::test]
async fn many_at_once_are_one_document() {
    for database in databases().await {
        let it = Issuing::open(database).await;
        let sibling = it.door.key_of(&it.door.app, Some(ISSUER)).await;
        let posts = || {
            (0..60).map(|nth| {
                let key = if nth % 2 == 0 { &it.key } else { &sibling };
                let (name, body) = (
                    format!("v-{}", nth % 3),
                    sale(&format!("{}.00", 10 + nth % 3)),
                );
                let door = &it.door;
                async move {
                    let headers = [("Idempotency-Key", name.as_str()), ("Prefer", "wait=30")];
                    ask(door, key, Method::POST, ALL, &headers, &body).await
                }
            })
        };
        // While the first of a key is not answered, its twins have to come back.
        let mut new = 0;
        for answer in join_all(posts()).await {
            match answer.status.as_u16() {
                409 => assert_ne!(answer.header("retry-after"), "", "{}", answer.text),
                200 | 201 => new += u32::from(answer.header("idempotency-replayed").is_empty()),
                _ => panic!("{}", answer.text),
            }
        }
        assert_eq!(new, 3);
        // Then they are told of it.
        let mut ids: Vec<String> = Vec::new();
        for post in posts() {
            let answer = post.await;
            assert_eq!(answer.status, 200, "{}", answer.text);
            assert_eq!(answer.header("idempotency-replayed"), "true");
            ids.push(answer.json()["id"].as_str().unwrap().to_owned());
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 3);
        assert_eq!(it.get(ALL).await["data"].as_array().unwrap().len(), 3);
    }
}

#[tokio::test]
async fn what_is_anothers_does_not_exist() {
    let it = Issuing::open(None).await;
    let mine = it.issued("m-1", &sale("20.00")).await;
    let id = mine["id"].as_str().unwrap();
    let door = &it.door;
    let stranger = door.key_of(&door.app, Some(OTHER)).await;
    let of_series = door.key_of_series(Some(ISSUER), "BBB1").await;
    for (name, key) in [("company", &stranger), ("series", &of_series)] {
        for (method, path, scope, body) in routes() {
            if !path.starts_with(ALL) || !path.contains(NOTHING) {
                continue;
            }
            let path = path.replace(NOTHING, id);
            let answer = ask(door, key, method.parse().unwrap(), &path, &[], body).await;
            assert_eq!(
                answer.status, 404,
                "{name} {method} {path} {scope:?}: {}",
                answer.text
            );
            assert!(!answer.text.contains(ISSUER), "{}", answer.text);
        }
        let handed = ask(door, key, Method::POST, ALL, &[], &sale("21.00")).await;
        assert_eq!(handed.status, 404, "{name}: {}", handed.text);
        assert!(!handed.text.contains(ISSUER), "{}", handed.text);
        let listed = ask(door, key, Method::GET, ALL, &[], "").await;
        assert_eq!(listed.json()["data"], json!([]), "{name}");
        let path = format!("{ALL}/por-numero/factura/FFF1/1");
        assert_eq!(
            ask(door, key, Method::GET, &path, &[], "").await.status,
            404,
            "{name}"
        );
    }
    let empty = ask(door, &stranger, Method::GET, "/api/v1/series", &[], "").await;
    assert_eq!(empty.json()["data"], json!([]));
    let house = door.key_of(&door.app, None).await;
    let seen = ask(door, &house, Method::GET, &format!("{ALL}/{id}"), &[], "").await;
    assert_eq!(seen.status, 200, "the house issues for all");
}

#[tokio::test]
async fn each_family_has_its_kinds() {
    let it = Issuing::open(None).await;
    let sale = it.issued("f-1", &sale("30.00")).await;
    let headers = [("Idempotency-Key", "g-1"), ("Prefer", "wait=30")];
    for (family, name) in [
        ("guias", "guia-remitente"),
        ("retenciones", "retencion"),
        ("percepciones", "percepcion"),
    ] {
        let base = format!("/api/v1/{family}");
        let key = [("Idempotency-Key", name), headers[1]];
        let handed = it.ask(Method::POST, &base, &key, &example(name)).await;
        assert!(handed.status.is_success(), "{family}: {}", handed.text);
        let handed = handed.json();
        let place = handed["enlaces"]["comprobante"].as_str().unwrap();
        assert!(place.starts_with(&base), "{place}");
        let listed = it.get(&base).await;
        assert_eq!(listed["data"].as_array().unwrap().len(), 1, "{family}");
        let id = sale["id"].as_str().unwrap();
        let strange = it.ask(Method::GET, &format!("{base}/{id}"), &[], "").await;
        assert_eq!(strange.status, 404);
        let wrong = it.ask(Method::POST, &base, &[], &example("factura")).await;
        assert_eq!(wrong.status, 422, "{}", wrong.text);
        if family == "guias" {
            let void = json!({ "motivo": "prueba" }).to_string();
            let refused = it
                .ask(Method::POST, &format!("{place}/anular"), &[], &void)
                .await;
            let code = &refused.json()["code"];
            assert_eq!(
                (refused.status.as_u16(), code),
                (422, &json!("anulacion_en_sol"))
            );
        }
    }
}

#[tokio::test]
async fn one_that_is_given_up_is_never_sent() {
    // Nobody issues here yet.
    let door = Door::open().await;
    let key = door.key_of(&door.app, Some(ISSUER)).await;
    let handed = ask(&door, &key, Method::POST, ALL, &[], &sale("40.00")).await;
    assert_eq!(
        (handed.status.as_u16(), &handed.json()["estado"]),
        (202, &json!("EN_COLA"))
    );
    let place = handed.header("location").to_owned();
    assert_eq!(handed.json()["siguiente"]["que"], "emitir");
    let retried = ask(
        &door,
        &key,
        Method::POST,
        &format!("{place}/reintentar"),
        &[],
        "",
    )
    .await;
    assert_eq!(retried.status, 409, "{}", retried.text);
    let void = json!({ "motivo": "prueba" }).to_string();
    let voided = ask(
        &door,
        &key,
        Method::POST,
        &format!("{place}/anular"),
        &[],
        &void,
    )
    .await;
    assert_eq!(voided.status, 409, "{}", voided.text);
    let given_up = ask(
        &door,
        &key,
        Method::POST,
        &format!("{place}/liberar"),
        &[],
        "",
    )
    .await;
    assert_eq!(given_up.json()["estado"], "LIBERADO", "{}", given_up.text);
    let (stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move { drop(stopped.await) };
    let issuing = tokio::spawn(chaski::jobs::issuing::run(Arc::clone(&door.app), shutdown));
    let headers = [("Prefer", "wait=30")];
    let next = ask(&door, &key, Method::POST, ALL, &headers, &sale("41.00")).await;
    assert_eq!(next.json()["numero"], 1, "{}", next.text);
    let still = ask(&door, &key, Method::GET, &place, &[], "").await;
    assert_eq!(still.json()["estado"], "LIBERADO");
    drop(stop);
    issuing.await.unwrap().unwrap();
}

#[tokio::test]
async fn series_and_companies() {
    let it = Issuing::open(None).await;
    let series = it.get("/api/v1/series").await;
    assert_eq!(series["data"].as_array().unwrap().len(), 10);
    let wish = json!({ "serie": "F009", "ultimo": 0 }).to_string();
    let opened = it.ask(Method::POST, "/api/v1/series", &[], &wish).await;
    assert_eq!(
        (opened.status.as_u16(), &opened.json()["tipo"]),
        (201, &json!("factura")),
        "{}",
        opened.text
    );
    for in_order in [false, true] {
        let wish = json!({ "en_orden": in_order }).to_string();
        let changed = it
            .ask(Method::PATCH, "/api/v1/series/factura/F009", &[], &wish)
            .await;
        assert_eq!(
            changed.json()["en_orden"],
            json!(in_order),
            "{}",
            changed.text
        );
    }
    let unknown = it
        .ask(
            Method::PATCH,
            "/api/v1/series/boleta/F009",
            &[],
            r#"{"en_orden":true}"#,
        )
        .await;
    assert_eq!(unknown.status, 404);
    let wish = json!({ "serie": "F010", "ultimo": 5 }).to_string();
    let absent = it.ask(Method::POST, "/api/v1/series", &[], &wish).await;
    assert_eq!(absent.json()["code"], "serie_ultimo_no_existe");
    let companies = it.get("/api/v1/empresas").await;
    assert_eq!(companies["data"][0]["ruc"], ISSUER);
    assert!(companies["data"][0].get("token").is_none());
    let tried = it
        .ask(Method::POST, "/api/v1/empresas/probar", &[], "{}")
        .await;
    assert_eq!(tried.status, 200, "{}", tried.text);
}

#[tokio::test]
async fn what_came_to_nothing_is_edited_and_issued_under_its_key() {
    let door = Door::open_on(None, false).await;
    let key = door.key_of(&door.app, Some(ISSUER)).await;
    let headers = [("Idempotency-Key", "pedido-1")];
    let first = ask(&door, &key, Method::POST, ALL, &headers, &sale("118.00")).await;
    assert_eq!(first.status, 202, "{}", first.text);
    let place = first.json()["enlaces"]["comprobante"].clone();
    let place = place.as_str().unwrap();
    let edit = async |body: &str| ask(&door, &key, Method::PUT, place, &[], body).await;
    // 1. What is about to be sent is given up first.
    let queued = edit(&sale("236.00")).await;
    assert_eq!(
        (queued.status.as_u16(), &queued.json()["code"]),
        (409, &json!("estado_no_permite"))
    );
    let liberar = format!("{place}/liberar");
    ask(&door, &key, Method::POST, &liberar, &[], "").await;
    // 2. It is checked as any other, and keeps its series.
    let wrong = edit(&example("mal")).await;
    assert_eq!(wrong.json()["code"], "comprobante_con_errores");
    let other = sale("236.00").replacen('{', r#"{"serie":"BBB1","#, 1);
    assert!(edit(&other).await.status.is_client_error());
    let with_number = sale("236.00").replacen('{', r#"{"numero":9,"#, 1);
    let with_number = edit(&with_number).await;
    assert_eq!(
        (with_number.status.as_u16(), &with_number.json()["code"]),
        (422, &json!("edicion_con_otro_numero")),
        "{}",
        with_number.text
    );
    // 3. It is the same document, with other content.
    let edited = edit(&sale("236.00")).await;
    assert_eq!(
        (edited.status.as_u16(), &edited.json()["estado"]),
        (202, &json!("EN_COLA")),
        "{}",
        edited.text
    );
    let (_stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move { drop(stopped.await) };
    tokio::spawn(chaski::jobs::issuing::run(Arc::clone(&door.app), shutdown));
    let headers = [("Idempotency-Key", "pedido-1"), ("Prefer", "wait=30")];
    let again = ask(&door, &key, Method::POST, ALL, &headers, &sale("236.00")).await;
    assert_eq!(
        (
            again.status.as_u16(),
            &again.json()["id"],
            &again.json()["total"]
        ),
        (200, &first.json()["id"], &json!("236.00")),
        "{}",
        again.text
    );
    let before = ask(&door, &key, Method::POST, ALL, &headers, &sale("118.00")).await;
    assert_eq!(before.status, 422, "{}", before.text);
    let late = edit(&sale("300.00")).await;
    assert_eq!(late.status, 409, "{}", late.text);
}
