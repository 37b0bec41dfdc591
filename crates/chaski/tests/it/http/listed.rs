//! Lists of documents over HTTP: checked whole, issued once each, followed, fetched, and nobody else's business.

use std::sync::Arc;

use axum::body::Body;
use chaski::app::keys::Scope;
use chaski::store::{JobEnd, Priority};
use http::{Method, Request};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::issued::Issuing;
use super::{Answered, Door};
use crate::store_postgres::databases;

const LISTS: &str = "/api/v1/lotes";

/// A gateway that issues and works on lists until it is dropped.
struct Listing {
    issuing: Issuing,
    _stop: oneshot::Sender<()>,
}

impl Listing {
    async fn open(database: Option<String>) -> Listing {
        let issuing = Issuing::open(database).await;
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { drop(stopped.await) };
        let app = Arc::clone(&issuing.door.app);
        tokio::spawn(chaski::jobs::run(app, shutdown));
        Listing {
            issuing,
            _stop: stop,
        }
    }

    fn door(&self) -> &Door {
        &self.issuing.door
    }

    async fn post(&self, key: &str, headers: &[(&str, &str)], body: &Value) -> Answered {
        self.post_to(LISTS, key, headers, body).await
    }

    /// Looks at a list, with what the address says besides.
    async fn look(&self, how: &str, body: &Value) -> Answered {
        let place = format!("{LISTS}/validar{how}");
        self.post_to(&place, &self.issuing.key, &[], body).await
    }

    async fn post_to(
        &self,
        place: &str,
        key: &str,
        headers: &[(&str, &str)],
        body: &Value,
    ) -> Answered {
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(place)
            .header("X-API-Key", key)
            .header("Content-Type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_string())).unwrap();
        self.door().send(request).await
    }

    /// A list, when it has ended.
    async fn ended(&self, answer: Answered) -> Value {
        assert_eq!(answer.status, 202, "{}", answer.text);
        let place = answer.header("location").to_owned();
        let key = &self.issuing.key;
        let events = format!("{place}/eventos");
        let events = self.door().ask(Method::GET, &events, Some(key), "").await;
        assert!(events.text.contains("event: fin\n"), "{}", events.text);
        let batch = self.door().ask(Method::GET, &place, Some(key), "").await;
        batch.json()
    }

    async fn results(&self, batch: &Value, format: &str) -> Answered {
        let id = batch["id"].as_str().unwrap();
        let place = format!("{LISTS}/{id}/resultados?format={format}");
        let key = Some(self.issuing.key.as_str());
        let answer = self.door().ask(Method::GET, &place, key, "").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer
    }

    /// State and number of each document.
    async fn numbers(&self, batch: &Value) -> Vec<(String, String)> {
        let rows = self.results(batch, "json").await.json();
        let text = |row: &Value, name: &str| row[name].as_str().unwrap_or("-").to_owned();
        let rows = rows.as_array().unwrap().iter();
        rows.map(|row| (text(row, "estado"), text(row, "comprobante")))
            .collect()
    }

    async fn documents(&self) -> usize {
        let place = "/api/v1/comprobantes?limit=250";
        let key = Some(self.issuing.key.as_str());
        let answer = self.door().ask(Method::GET, place, key, "").await;
        answer.json()["data"].as_array().unwrap().len()
    }
}

fn sale(name: &str, ruc: &str, price: &str) -> Value {
    json!({
        "documento": name,
        "tipo": "factura",
        "cliente": { "tipo": "6", "numero": ruc },
        "precios_con_igv": true,
        "items": [{ "descripcion": "SERVICIO", "unidad": "ZZ", "cantidad": 1, "precio": price }],
    })
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    let own = |(state, number): &(&str, &str)| ((*state).to_owned(), (*number).to_owned());
    expected.iter().map(own).collect()
}

#[tokio::test]
async fn a_list_of_documents_is_issued_once() {
    for database in databases().await {
        let it = Listing::open(database).await;
        let key = it.issuing.key.clone();
        let list = json!({
            "nombre": "noviembre",
            "comprobantes": [
                sale("A", "20100070970", "118.00"),
                sale("B", "20131312955", "59.00"),
                // Two of the same, by two names.
                sale("C", "20131312955", "59.00"),
            ],
        });
        let expected = pairs(&[
            ("ACEPTADO", "factura:FFF1-1"),
            ("ACEPTADO", "factura:FFF1-2"),
            ("ACEPTADO", "factura:FFF1-3"),
        ]);
        let batch = it.ended(it.post(&key, &[], &list).await).await;
        assert_eq!(
            (&batch["status"], &batch["clase"], &batch["total_items"]),
            (&json!("COMPLETED"), &json!("comprobantes"), &json!(3)),
            "{batch}"
        );
        assert_eq!(it.numbers(&batch).await, expected);
        // The same list again, and one document of it alone, are the same documents.
        let again = it.ended(it.post(&key, &[], &list).await).await;
        assert_ne!(again["id"], batch["id"]);
        assert_eq!(it.numbers(&again).await, expected);
        assert_eq!(it.documents().await, 3);
        // Under an idempotency key it is the same batch.
        let headers = [("Idempotency-Key", "lista-1")];
        let one = it.post(&key, &headers, &list).await.json();
        let same = it.post(&key, &headers, &list).await;
        assert_eq!(
            (same.header("idempotency-replayed"), &same.json()["id"]),
            ("true", &one["id"])
        );
        // As a table and as a workbook.
        let csv = it.results(&batch, "csv").await.text;
        assert!(csv.contains("factura:FFF1-3"), "{csv}");
        assert!(it.results(&batch, "ndjson").await.text.lines().count() == 3);
        assert!(it.results(&batch, "xlsx").await.text.starts_with("PK"));
    }
}

#[tokio::test]
async fn a_list_with_errors_is_refused_whole_or_issued_in_part() {
    let it = Listing::open(None).await;
    let key = it.issuing.key.clone();
    let mut list = json!({
        "comprobantes": [
            sale("A", "20100070970", "118.00"),
            sale("B", "20100070971", "118.00"),
            sale("A", "20131312955", "10.00"),
        ],
    });
    let answer = it.post(&key, &[], &list).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    let problem = answer.json();
    assert_eq!(problem["code"], "comprobante_con_errores");
    let fields = problem["errors"].as_array().unwrap().iter();
    let fields: Vec<_> = fields
        .map(|it| (it["field"].as_str().unwrap(), it["code"].as_str().unwrap()))
        .collect();
    assert!(
        fields.contains(&("comprobantes[1].cliente.numero", "2017")),
        "{fields:?}"
    );
    assert!(
        fields.contains(&("comprobantes[2].documento", "CH-REPETIDO")),
        "{fields:?}"
    );
    let lists = it.door().ask(Method::GET, LISTS, Some(&key), "").await;
    assert_eq!(lists.json()["data"], json!([]), "nothing was stored");
    // The good ones only.
    list["solo_buenos"] = json!(true);
    let batch = it.ended(it.post(&key, &[], &list).await).await;
    assert_eq!(batch["status"], "PARTIAL", "{batch}");
    let rows = it.results(&batch, "json").await.json();
    assert_eq!(rows[0]["estado"], "ACEPTADO", "{rows}");
    assert_eq!(
        (&rows[1]["estado"], &rows[1]["code"]),
        (&json!("APARTADO"), &json!("comprobante_con_errores")),
        "{rows}"
    );
    // Trying it again issues nothing that is wrong.
    let id = batch["id"].as_str().unwrap();
    let retry = format!("{LISTS}/{id}/reintentar");
    let retried = it.door().ask(Method::POST, &retry, Some(&key), "").await;
    assert_eq!(retried.status, 200, "{}", retried.text);
    let events = format!("{LISTS}/{id}/eventos");
    it.door().ask(Method::GET, &events, Some(&key), "").await;
    assert_eq!(it.documents().await, 1);
}

#[tokio::test]
async fn customers_are_looked_up_first() {
    let it = Listing::open(None).await;
    let key = it.issuing.key.clone();
    let list = json!({
        "clientes": true,
        "periodo": "2026-11",
        "comprobantes": [
            sale("A", "20100070970", "118.00"),
            sale("B", "20000079198", "118.00"),
            sale("C", "20000633527", "118.00"),
        ],
    });
    let batch = it.ended(it.post(&key, &[], &list).await).await;
    let rows = it.results(&batch, "json").await.json();
    let states: Vec<_> = (0..3).map(|at| &rows[at]["estado"]).collect();
    assert_eq!(states, ["ACEPTADO", "APARTADO", "APARTADO"], "{rows}");
    assert_eq!(rows[1]["code"], "cliente_no_apto");
    let said = rows[1]["mensaje"].as_str().unwrap();
    assert!(said.contains("NO HABIDO"), "{said}");
    assert!(batch["api_calls"].as_u64().unwrap() >= 1, "{batch}");
}

/// The workbook of the documentation, with fields beside it.
fn form(it: &Listing, place: &str, more: &[(&str, &str)]) -> Request<Body> {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../ejemplos/facturas/ventas.xlsx"
    );
    let mut body = Vec::new();
    for (name, value) in more {
        body.extend(
            format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
                .bytes(),
        );
    }
    body.extend(b"--x\r\nContent-Disposition: form-data; name=\"archivo\"; filename=\"ventas.xlsx\"\r\n\r\n");
    body.extend(std::fs::read(path).unwrap());
    body.extend(b"\r\n--x--\r\n");
    Request::builder()
        .method(Method::POST)
        .uri(place)
        .header("X-API-Key", &it.issuing.key)
        .header("Content-Type", "multipart/form-data; boundary=x")
        .body(Body::from(body))
        .unwrap()
}

#[tokio::test]
async fn a_workbook_of_documents() {
    let it = Listing::open(None).await;
    let form = |more: &[(&str, &str)]| form(&it, LISTS, more);
    let refused = it.door().send(form(&[("clase", "comprobantes")])).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    let errors = refused.json()["errors"].clone();
    assert!(errors.as_array().unwrap().len() >= 12, "{errors}");
    assert_eq!(errors[0]["field"], "G76", "{errors}");
    let wanted = [("clase", "comprobantes"), ("solo_buenos", "si")];
    let answer = it.door().send(form(&wanted)).await;
    let batch = it.ended(answer).await;
    assert_eq!(
        (
            &batch["successful_items"],
            &batch["failed_items"],
            &batch["total_rows"]
        ),
        (&json!(48), &json!(12), &json!(84)),
        "{batch}"
    );
    let xlsx = it.results(&batch, "xlsx").await;
    assert!(xlsx.text.starts_with("PK"));
    let csv = it.results(&batch, "csv").await.text;
    assert!(
        csv.contains("N° Pedido") && csv.contains("factura:FFF1-5001"),
        "{csv}"
    );
    let unknown = it.door().send(form(&[("clase", "otra")])).await;
    assert_eq!(unknown.status, 422, "{}", unknown.text);
}

/// Looked at, a list is what it is and what it would come to; nothing is stored and no number taken.
#[tokio::test]
async fn a_list_is_looked_at() {
    for database in databases().await {
        let it = Listing::open(database).await;
        let mut list = json!({
            "nombre": "noviembre",
            "comprobantes": [
                sale("A", "20100070970", "118.00"),
                sale("B", "20100070971", "118.00"),
                sale("C", "20131312955", "59.00"),
            ],
        });
        // 1. What it is.
        let looked = it.look("", &list).await;
        assert_eq!(looked.status, 200, "{}", looked.text);
        let data = looked.json();
        assert_eq!(
            (
                &data["nombre"],
                &data["documentos"],
                &data["emitibles"],
                &data["con_errores"]
            ),
            (&json!("noviembre"), &json!(3), &json!(2), &json!(1)),
            "{data}"
        );
        assert_eq!(
            data["totales"],
            json!([{
                "tipo": "factura", "moneda": "PEN", "documentos": 2,
                "gravada": "150.00", "igv": "27.00", "total": "177.00",
            }])
        );
        let found = data["hallazgos"].as_array().unwrap();
        assert!(
            found
                .iter()
                .any(|it| it["codigo"] == "2017" && it["documento"] == "B" && it["fila"] == 3),
            "{data}"
        );
        assert_eq!(data["ensayo"], json!(null));
        assert_eq!(data["comprobantes"][0]["total"], "118.00");
        // 2. With errors nothing would be handed over, but for the good ones.
        let data = it.look("?ensayo=true", &list).await.json();
        assert_eq!(
            (&data["ensayo"], &data["tiene_errores"]),
            (&json!(null), &json!(true))
        );
        list["solo_buenos"] = json!(true);
        let data = it.look("?ensayo=true", &list).await.json();
        let plan = &data["ensayo"]["plan"];
        assert_eq!(
            (
                &plan["emisor"],
                &plan["por_emitir"],
                &plan["apartados_por_cliente"]
            ),
            (&json!("20603274742"), &json!(2), &json!(null)),
            "{data}"
        );
        assert_eq!(
            plan["series"],
            json!([{
                "tipo": "factura", "serie": "FFF1", "documentos": 2, "con_numero": 0, "ultimo": 0,
                "libres": 0,
            }])
        );
        assert_eq!(
            plan["importes"],
            json!([{ "moneda": "PEN", "total": "177.00" }])
        );
        assert!(
            data["ensayo"]["consultas"]["llamadas"].as_u64() >= Some(1),
            "{data}"
        );
        // 3. Nothing came of it; what is issued is not wanted any more.
        let key = it.issuing.key.clone();
        let lists = it.door().ask(Method::GET, LISTS, Some(&key), "").await;
        assert_eq!(
            (lists.json()["data"].clone(), it.documents().await),
            (json!([]), 0)
        );
        it.ended(it.post(&key, &[], &list).await).await;
        let data = it.look("?ensayo=true", &list).await.json();
        assert_eq!(data["ensayo"]["plan"]["por_emitir"], 0, "{data}");
        assert_eq!(data["ensayo"]["lote_en_curso"], json!(null));
        // 4. Customers are looked up only if that is wanted.
        list["clientes"] = json!(true);
        list["periodo"] = json!("2026-12");
        list["comprobantes"][2]["cliente"]["numero"] = json!("20000079198");
        let data = it.look("?ensayo=true", &list).await.json();
        let plan = &data["ensayo"]["plan"];
        assert_eq!(
            (&plan["por_emitir"], &plan["apartados_por_cliente"]),
            (&json!(1), &json!(1)),
            "{data}"
        );
    }
}

/// The batch of the same list is told while it goes on; one that waits for something else says until when.
#[tokio::test]
async fn a_list_that_is_under_way() {
    for database in databases().await {
        let it = Issuing::open(database).await;
        let list = json!({ "comprobantes": [sale("A", "20100070970", "118.00")] }).to_string();
        let look = async |more: &str| {
            let list = list.replacen('{', &format!("{{{more}"), 1);
            let place = format!("{LISTS}/validar?ensayo=true");
            let key = Some(it.key.as_str());
            let answer = it.door.ask(Method::POST, &place, key, &list).await.json();
            answer["ensayo"]["lote_en_curso"].clone()
        };
        assert_eq!(look("").await, Value::Null);
        let key = Some(it.key.as_str());
        let batch = it.door.ask(Method::POST, LISTS, key, list.as_str()).await;
        let batch = batch.json();
        assert_eq!(look("").await, batch["id"]);
        // Another list, and the same in another way.
        assert_eq!(look(r#""periodo": "2026-12","#).await, Value::Null);
        assert_eq!(look(r#""clientes": true,"#).await, Value::Null);
        // It waits for an account: whoever repeats it does not wait with it.
        let (store, now) = (it.door.app.store(), it.door.app.clock.now());
        let claim = store
            .claim_job(now, std::time::Duration::from_secs(10), Priority::Low)
            .await
            .unwrap()
            .unwrap();
        assert!(store.begin_batch(&claim, now).await.unwrap());
        assert_eq!(look("").await, batch["id"]);
        let at = now + jiff::SignedDuration::from_mins(1);
        let end = JobEnd::Later { at };
        store.finish_batch(&claim, end, now).await.unwrap();
        assert_eq!(look("").await, Value::Null);
        let place = format!("{LISTS}/{}", batch["id"].as_str().unwrap());
        let told = it.door.ask(Method::GET, &place, key, "").await.json();
        assert_eq!(told["status"], "PROCESSING", "{told}");
        let resumes: jiff::Timestamp = told["resumes_at"].as_str().unwrap().parse().unwrap();
        assert_eq!(resumes.as_second(), at.as_second(), "{told}");
    }
}

#[tokio::test]
async fn a_workbook_is_looked_at() {
    let it = Listing::open(None).await;
    let place = format!("{LISTS}/validar");
    let documents = ("clase", "comprobantes");
    let send = async |how: &str, fields: &[(&str, &str)]| {
        let request = form(&it, &format!("{place}{how}"), fields);
        it.door().send(request).await
    };
    let data = send("", &[documents]).await.json();
    assert_eq!(
        (
            &data["nombre"],
            &data["documentos"],
            &data["filas"],
            &data["con_errores"]
        ),
        (&json!("ventas.xlsx"), &json!(60), &json!(84), &json!(12)),
        "{data}"
    );
    assert_eq!(data["hallazgos"][0]["celda"], "G37", "{data}");
    assert_eq!(
        data["hallazgos_en_total"],
        data["hallazgos"].as_array().unwrap().len()
    );
    // The workbook itself, with what was found.
    let csv = send("?format=csv", &[documents]).await;
    assert!(csv.header("content-disposition").contains("revisado.csv"));
    assert!(csv.text.contains("CON ERRORES"), "{}", csv.text);
    let xlsx = send("?format=xlsx", &[documents, ("periodo", "2026-11")]).await;
    assert!(xlsx.text.starts_with("PK"));
    // What is asked in another way.
    for (how, fields, said) in [
        ("?format=json", &[documents][..], "format"),
        ("?format=xlsx&ensayo=true", &[documents], "format"),
        ("", &[], "clase"),
        ("", &[("clase", "ruc")], "clase"),
        ("?otra=1", &[documents], "otra"),
        (
            "",
            &[documents, ("periodo", "x".repeat(21).as_str())],
            "periodo",
        ),
        ("", &[documents, ("empresa", "20100070971")], "empresa"),
    ] {
        let answer = send(how, fields).await;
        assert_eq!(answer.status, 422, "{how} {fields:?}: {}", answer.text);
        assert!(answer.text.contains(said), "{said}: {}", answer.text);
    }
    let rucs = it.look("", &json!({ "rucs": ["20100070970"] })).await;
    assert_eq!(rucs.status, 422, "{}", rucs.text);
    assert!(rucs.text.contains("clase=comprobantes"), "{}", rucs.text);
    let strange = send("", &[documents, ("empresa", "20100070970")]).await;
    assert_eq!(strange.status, 404, "{}", strange.text);
    // A rehearsal where lists are handed over would be none.
    let list = json!({ "comprobantes": [sale("A", "20100070970", "118.00")] });
    let key = it.issuing.key.clone();
    let answer = it
        .post_to(&format!("{LISTS}?ensayo=true"), &key, &[], &list)
        .await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    assert!(answer.text.contains("/lotes/validar"), "{}", answer.text);
    let lists = it.door().ask(Method::GET, LISTS, Some(&key), "").await;
    assert_eq!(
        (lists.json()["data"].clone(), it.documents().await),
        (json!([]), 0)
    );
}

/// A list is its key's alone; issuing takes the scope that issues, and a key's series are its own.
#[tokio::test]
async fn whose_a_list_of_documents_is() {
    let it = Listing::open(None).await;
    let list = json!({ "comprobantes": [sale("A", "20100070970", "118.00")] });
    let batch = it
        .ended(it.post(&it.issuing.key.clone(), &[], &list).await)
        .await;
    let id = batch["id"].as_str().unwrap();
    let other = it.door().key_of(&it.door().app, Some("20604702811")).await;
    for rest in ["", "/resultados", "/eventos"] {
        let place = format!("{LISTS}/{id}{rest}");
        let answer = it.door().ask(Method::GET, &place, Some(&other), "").await;
        assert_eq!(answer.status, 404, "{place}: {}", answer.text);
    }
    // A company that does not issue from here.
    let answer = it.post(&other, &[], &list).await;
    assert_eq!(answer.status, 404, "{}", answer.text);
    // Without the scope that issues; a key of another series.
    let lists = it.door().key(&[Scope::Lotes], 0, 0).await;
    let bound = it.door().key_of_series(None, "F009").await;
    let mut named = list.clone();
    named["comprobantes"][0]["serie"] = json!("FFF1");
    for place in [LISTS, "/api/v1/lotes/validar?ensayo=true"] {
        let answer = it.post_to(place, &lists, &[], &list).await;
        assert_eq!(answer.status, 403, "{}", answer.text);
        let answer = it.post_to(place, &bound, &[], &named).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["code"]),
            (404, &json!("serie_no_disponible")),
            "{}",
            answer.text
        );
        let answer = it.post_to(place, &other, &[], &list).await;
        assert_eq!(answer.status, 404, "{}", answer.text);
    }
    // What cannot be read.
    let key = it.issuing.key.clone();
    for (body, status) in [
        (json!({ "comprobantes": [] }), 422),
        (json!({ "comprobantes": 5 }), 422),
        (json!({ "comprobantes": [5], "otra": 1 }), 422),
        (json!({ "comprobantes": [5] }), 422),
        (
            json!({ "comprobantes": [sale("A", "20100070970", "1.00")], "periodo": " " }),
            422,
        ),
    ] {
        let answer = it.post(&key, &[], &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
    }
    assert_eq!(it.documents().await, 1);
}
