//! Batches over HTTP: handed in, followed, fetched, and nobody else's business.

use std::sync::Arc;

use axum::body::Body;
use chaski::app::keys::Scope;
use chaski::store::{JobEnd, Priority};
use http::{Method, Request};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::Door;
use crate::cli_kit::companies;

/// Hands in a list and waits on its events until it has ended.
async fn done(door: &Door, key: Option<&str>, sent: Request<Body>) -> Value {
    let (stop, stopped) = oneshot::channel::<()>();
    let worker = tokio::spawn(chaski::jobs::run(Arc::clone(&door.app), async {
        let _ = stopped.await;
    }));
    let answer = door.send(sent).await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    let place = answer.header("location").to_owned();
    assert_eq!(
        place,
        format!("/api/v1/lotes/{}", answer.json()["id"].as_str().unwrap())
    );
    let events = door
        .ask(Method::GET, &format!("{place}/eventos"), key, "")
        .await;
    assert!(events.text.contains("event: fin\n"), "{}", events.text);
    let batch = door.ask(Method::GET, &place, key, "").await.json();
    stop.send(()).unwrap();
    worker.await.unwrap().unwrap();
    batch
}

fn posted(key: Option<&str>, kind: &str, body: Vec<u8>) -> Request<Body> {
    let mut request = Request::builder()
        .method(Method::POST)
        .uri("/api/v1/lotes")
        .header("Content-Type", kind);
    if let Some(key) = key {
        request = request.header("X-API-Key", key);
    }
    request.body(Body::from(body)).unwrap()
}

#[tokio::test]
async fn a_list_of_numbers() {
    let door = Door::open().await;
    let body = json!({
        "rucs": ["20100070970", "20131312955", "20100070970", "20100070971", "20000633527"],
        "nombre": "enero",
        "prioridad": "high",
    });
    let sent = posted(None, "application/json", body.to_string().into_bytes());
    let batch = done(&door, None, sent).await;
    assert_eq!(batch["status"], "COMPLETED", "{batch}");
    assert_eq!(batch["priority"], "HIGH");
    assert_eq!(batch["total_rows"], 5);
    assert_eq!(batch["total_items"], 3);
    assert_eq!(batch["processed_items"], 3);
    let place = format!("/api/v1/lotes/{}", batch["id"].as_str().unwrap());
    let rows = door.get(&format!("{place}/resultados")).await.json();
    let fit: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["apto_para_facturar"].as_str().unwrap())
        .collect();
    assert_eq!(
        fit,
        ["SÍ", "SÍ", "SÍ", "RUC INVÁLIDO", "NO EXISTE"],
        "{rows}"
    );
    for (format, start) in [("ndjson", "{"), ("csv", ""), ("xlsx", "PK")] {
        let answer = door
            .get(&format!("{place}/resultados?format={format}"))
            .await;
        assert_eq!(answer.status, 200);
        assert!(
            answer.text.starts_with(start) && answer.text.len() > 100,
            "{format}"
        );
    }
    let wrong = door.get(&format!("{place}/resultados?format=pdf")).await;
    assert_eq!(wrong.status, 422);
    let ended = door
        .ask(Method::POST, &format!("{place}/cancelar"), None, "")
        .await;
    assert_eq!(ended.status, 409, "{}", ended.text);
    assert_eq!(ended.json()["code"], "estado_no_permite");
}

#[tokio::test]
async fn a_file() {
    let door = Door::open().await;
    let body = "--x\r\nContent-Disposition: form-data; name=\"archivo\"; filename=\"../clientes.csv\"\r\n\r\n\
                cliente;RUC\r\nUno;20100070970\r\nDos;20131312955\r\n\r\n\
                --x\r\nContent-Disposition: form-data; name=\"columna\"\r\n\r\nRUC\r\n--x--\r\n";
    let sent = posted(None, "multipart/form-data; boundary=x", body.into());
    let batch = done(&door, None, sent).await;
    assert_eq!(
        (&batch["status"], &batch["nombre"]),
        (&json!("COMPLETED"), &json!("clientes.csv"))
    );
    let place = format!("/api/v1/lotes/{}/resultados", batch["id"].as_str().unwrap());
    let rows = door.get(&place).await.json();
    assert_eq!(rows[0]["original"]["cliente"], "Uno", "{rows}");
    assert_eq!(door.app.migo().line().stats().calls, 1);
}

/// A form with a file and some fields.
fn form(name: &str, file: &[u8], fields: &[(&str, &str)]) -> Request<Body> {
    let mut body = format!(
        "--x\r\nContent-Disposition: form-data; name=\"archivo\"; filename=\"{name}\"\r\n\r\n"
    )
    .into_bytes();
    body.extend(file);
    for (field, value) in fields {
        body.extend(
            format!("\r\n--x\r\nContent-Disposition: form-data; name=\"{field}\"\r\n\r\n{value}")
                .bytes(),
        );
    }
    body.extend(b"\r\n--x--\r\n");
    posted(None, "multipart/form-data; boundary=x", body)
}

/// Two sheets, each of which is a list.
fn two_sheets() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    for (name, rows) in [
        ("Ventas", ["20100070970", "20131312955", "20100070970"]),
        ("Compras", ["20000316769", "12345678", "99999999"]),
    ] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        sheet.write_string(0, 0, "RUC").unwrap();
        for (row, number) in (1..).zip(rows) {
            sheet.write_string(row, 0, number).unwrap();
        }
    }
    book.save_to_buffer().unwrap()
}

/// `hoja`, `dni` and `titulos`: which sheet, what is done about persons, and what our columns are called.
#[tokio::test]
async fn a_workbook_as_it_is_wanted() {
    let book = two_sheets();
    let result = async |fields: &[(&str, &str)]| {
        let door = Door::open().await;
        let batch = done(&door, None, form("libro.xlsx", &book, fields)).await;
        let id = batch["id"].as_str().unwrap();
        let place = format!("/api/v1/lotes/{id}/resultados");
        let rows = door.get(&place).await.json();
        let words = rows.as_array().unwrap().iter();
        let words: Vec<String> = words
            .map(|row| row["apto_para_facturar"].as_str().unwrap().to_owned())
            .collect();
        (words.join(", "), door, place)
    };
    assert_eq!(result(&[]).await.0, "SÍ, SÍ, SÍ");
    assert_eq!(result(&[("hoja", " ")]).await.0, "SÍ, SÍ, SÍ");
    let bought = ("hoja", "Compras");
    assert_eq!(result(&[bought]).await.0, "NO, ES DNI, ES DNI");
    assert_eq!(
        result(&[bought, ("dni", "no")]).await.0,
        "NO, ES DNI, ES DNI"
    );
    let (words, door, place) = result(&[bought, ("dni", "ruc10")]).await;
    assert_eq!(words, "NO, SÍ, NO");
    assert_eq!(door.app.migo().line().stats().calls, 1, "one call for all");
    // Names of our columns.
    let head = async |query: &str| {
        let text = door.get(&format!("{place}?format=csv{query}")).await.text;
        text.trim_start_matches('\u{feff}')
            .lines()
            .next()
            .unwrap()
            .to_owned()
    };
    assert!(head("").await.starts_with("RUC,ruc_normalizado,"));
    assert_eq!(head("").await, head("&titulos=tecnicos").await);
    let people = head("&titulos=legibles").await;
    assert!(
        people.starts_with("RUC,¿Se le puede facturar?,Motivo,"),
        "{people}"
    );
    for query in ["titulos=otros", "titulos=", "titulo=legibles"] {
        let answer = door.get(&format!("{place}?format=csv&{query}")).await;
        assert_eq!(answer.status, 422, "{query}: {}", answer.text);
    }
}

/// Each parameter that is wrong is refused by its name, and nothing is stored.
#[tokio::test]
async fn a_workbook_that_is_wanted_in_no_way() {
    let (door, book) = (Door::open().await, two_sheets());
    for (fields, code, said) in [
        (
            &[("hoja", "Otra")][..],
            "hoja_desconocida",
            "«Ventas», «Compras»",
        ),
        (&[("dni", "consultar")], "campo_invalido", "ruc10"),
        (&[("dni", "si")], "campo_invalido", "ruc10"),
        (&[("titulos", "legibles")], "campo_invalido", "titulos"),
        (&[("hojas", "Compras")], "campo_invalido", "hoja"),
    ] {
        let answer = door.send(form("libro.xlsx", &book, fields)).await;
        assert_eq!(answer.status, 422, "{fields:?}: {}", answer.text);
        assert_eq!(answer.json()["code"], code, "{}", answer.text);
        assert!(answer.text.contains(said), "{fields:?}: {}", answer.text);
    }
    // A text has no sheets to choose from.
    let answer = door
        .send(form("l.csv", b"RUC\n20100070970\n", &[("hoja", "Compras")]))
        .await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    let listed = door.get("/api/v1/lotes").await.json();
    assert_eq!(listed["data"], json!([]), "nothing was stored");
}

#[tokio::test]
async fn lists_that_cannot_be_read() {
    let door = Door::open().await;
    let check = async |kind: &str, body: &str, status: u16, code: &str| {
        let answer = door.send(posted(None, kind, body.into())).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text);
        assert_eq!(answer.json()["code"], code, "{body}");
    };
    let json = "application/json";
    check(json, "{\"rucs\":[]}", 422, "campo_requerido").await;
    check(
        json,
        "{\"rucs\":[\"1\"],\"prioridad\":\"YA\"}",
        422,
        "campo_invalido",
    )
    .await;
    check(json, "{\"rucs\":5}", 422, "campo_invalido").await;
    check("text/plain", "20100070970", 415, "tipo_de_cuerpo").await;
    check("multipart/form-data", "x", 400, "peticion_ilegible").await;
    let form = "multipart/form-data; boundary=x";
    check(form, "--x--\r\n", 422, "campo_requerido").await;
    let listed = door.get("/api/v1/lotes").await.json();
    assert_eq!(
        listed,
        json!({"data": [], "next_cursor": null, "mode": "sandbox"}),
        "nothing was stored"
    );
}

/// A list counts what it may cost, whether it comes as JSON or in a file, and so do those that
/// wait: a day's limit is not passed by handing in many at once.
#[tokio::test]
async fn the_days_limit_counts_what_a_list_may_cost() {
    let door = Door::open().await;
    let key = door.key(&[Scope::Lotes], 0, 3).await;
    let file = |numbers: &[String]| {
        let body = format!(
            "--x\r\nContent-Disposition: form-data; name=\"archivo\"; filename=\"a.csv\"\r\n\r\n\
             RUC\r\n{}\r\n--x--\r\n",
            numbers.join("\r\n")
        );
        posted(Some(&key), "multipart/form-data; boundary=x", body.into())
    };
    let typed = |numbers: &[String]| {
        let body = json!({"rucs": numbers}).to_string().into_bytes();
        posted(Some(&key), "application/json", body)
    };
    let check = async |request: Request<Body>, status: u16| {
        let answer = door.send(request).await;
        assert_eq!(answer.status, status, "{}", answer.text);
        if status == 429 {
            let said = answer.json();
            assert_eq!(said["code"], "tope_diario");
            // A list of more than a day's calls is not for tomorrow either.
            let for_ever = said["detail"].as_str().unwrap().contains("costar 4");
            assert_eq!(answer.header("retry-after").is_empty(), for_ever, "{said}");
            assert_eq!(said["retryable"], !for_ever, "{said}");
        }
    };
    let numbers = companies(9, 400);
    check(file(&numbers[..301]), 429).await;
    check(typed(&numbers[..301]), 429).await;
    // Repeated and wrong rows cost nothing.
    let mut damaged = numbers[..200].to_vec();
    damaged.extend_from_slice(&numbers[..200]);
    damaged.extend(vec!["20100070971".to_owned(); 200]);
    done(&door, Some(&key), file(&damaged)).await;
    assert_eq!(door.app.migo().line().stats().calls, 2);
    // One of three is left; what is known costs nothing.
    check(file(&numbers[..301]), 429).await;
    check(file(&numbers[..300]), 202).await;
    // That one waits for a worker and counts already: nothing fits beside it that costs.
    check(typed(&numbers[350..]), 429).await;
    check(typed(&numbers[..100]), 202).await;
}

/// Trying again is paid for as handing in is.
#[tokio::test]
async fn the_days_limit_counts_what_is_tried_again() {
    let door = Door::open().await;
    let key = door.key(&[Scope::Lotes], 0, 3).await;
    let numbers = companies(10, 600);
    let hand_in = async |numbers: &[String]| {
        let body = json!({"rucs": numbers}).to_string().into_bytes();
        let answer = door
            .send(posted(Some(&key), "application/json", body))
            .await;
        assert_eq!(answer.status, 202, "{}", answer.text);
        answer.json()["id"].as_str().unwrap().to_owned()
    };
    let post = async |path: &str| door.ask(Method::POST, path, Some(&key), "").await;
    let first = hand_in(&numbers[..250]).await;
    // A worker that gives up before it asks.
    let (store, now) = (&door.app.store(), door.app.clock.now());
    let lease = std::time::Duration::from_secs(10);
    let claim = store.claim_job(now, lease, Priority::Low).await.unwrap();
    let claim = claim.unwrap();
    let end = JobEnd::Failed { code: "x".into() };
    let id = claim.job.batch.unwrap();
    store.finish_batch(&claim, end, now).await.unwrap();
    assert_eq!(id.to_string(), first);
    // All of the day's calls are for the second list.
    let second = hand_in(&numbers[300..]).await;
    let again = format!("/api/v1/lotes/{first}/reintentar");
    let job = format!("/api/v1/trabajos/{}/reintentar", claim.job.id);
    for path in [&again, &job] {
        let answer = post(path).await;
        assert_eq!(
            answer.json()["code"],
            "tope_diario",
            "{path}: {}",
            answer.text
        );
    }
    // What cannot be tried again is told so.
    let running = post(&format!("/api/v1/lotes/{second}/reintentar")).await;
    assert_eq!(running.status, 409, "{}", running.text);
    let gone = post(&format!("/api/v1/lotes/{second}/cancelar")).await;
    assert_eq!(gone.status, 200, "{}", gone.text);
    assert_eq!(post(&job).await.status, 200);
}

/// Lists that come at once do not pass it either.
#[tokio::test]
async fn the_days_limit_counts_lists_that_come_at_once() {
    let door = Door::open().await;
    let key = door.key(&[Scope::Lotes], 0, 3).await;
    let numbers = companies(14, 40);
    let one = |number: &String| {
        let body = json!({"rucs": [number]}).to_string().into_bytes();
        door.send(posted(Some(&key), "application/json", body))
    };
    let answers = futures_util::future::join_all(numbers.iter().map(one)).await;
    let taken = answers.iter().filter(|answer| answer.status == 202).count();
    assert!((1..=3).contains(&taken), "{taken} lists of one call each");
}

#[tokio::test]
async fn a_batch_is_its_owners_alone() {
    let door = Door::open().await;
    let key = door.key(&[Scope::Lotes], 0, 0).await;
    let other = door.key(&[Scope::Lotes], 0, 0).await;
    let body = json!({"rucs": ["20100070970"]}).to_string().into_bytes();
    let batch = done(
        &door,
        Some(&key),
        posted(Some(&key), "application/json", body),
    )
    .await;
    let place = format!("/api/v1/lotes/{}", batch["id"].as_str().unwrap());
    for (method, path) in [
        ("GET", ""),
        ("GET", "/resultados"),
        ("GET", "/eventos"),
        ("POST", "/cancelar"),
        ("POST", "/pausar"),
        ("POST", "/reanudar"),
        ("POST", "/reintentar"),
    ] {
        let method: Method = method.parse().unwrap();
        let answer = door
            .ask(method, &format!("{place}{path}"), Some(&other), "")
            .await;
        assert_eq!(answer.status, 404, "{path}: {}", answer.text);
    }
    let count = async |path: &str, key: &str| {
        let page = door.ask(Method::GET, path, Some(key), "").await.json();
        page["data"].as_array().unwrap().len()
    };
    for path in ["/api/v1/lotes", "/api/v1/trabajos"] {
        assert_eq!(
            (count(path, &key).await, count(path, &other).await),
            (1, 0),
            "{path}"
        );
    }
}

/// The description promises no more numbers than a body holds.
#[tokio::test]
async fn the_longest_list_of_the_description_fits() {
    let door = Door::open().await;
    let document = chaski::http::openapi(chaski_core::Lang::Es);
    let most = &document["components"]["schemas"]["LoteWanted"]["properties"]["rucs"]["maxItems"];
    let most = usize::try_from(most.as_u64().unwrap()).unwrap();
    let body = json!({"rucs": vec!["20100070970"; most]}).to_string();
    let answer = door
        .send(posted(None, "application/json", body.into()))
        .await;
    assert_eq!(answer.status, 202, "{}", answer.text);
    assert_eq!(answer.json()["total_rows"], most);
}

/// Two files are in memory at once; a third one waits a moment and is told to come back.
#[tokio::test]
async fn files_take_places() {
    let door = Door::open().await;
    let large = |path: &str, kind: &str| {
        Request::builder()
            .method(Method::POST)
            .uri(path)
            .header("Content-Type", kind)
            .header("Content-Length", 2 * 1024 * 1024)
    };
    let coming = || {
        let never = futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>();
        Body::from_stream(never)
    };
    let form = "multipart/form-data; boundary=x";
    let import = "/api/v1/partners/importar";
    let small = posted(
        None,
        "application/json",
        br#"{"rucs":["20100070970"]}"#.to_vec(),
    );
    let batch = door.send(small).await;
    let result = format!("{}/resultados", batch.header("location"));
    tokio::time::pause();
    // As many as one caller may have.
    let under_way = [0, 1, 2, 3, 4, 5, 6, 7].map(|number| match number % 2 {
        0 => large("/api/v1/lotes", form).body(coming()).unwrap(),
        _ => large(import, "text/csv").body(coming()).unwrap(),
    });
    let under_way = under_way.map(|request| {
        let entry = Arc::clone(&door.entry);
        tokio::spawn(async move { entry.answer(request).await.status() })
    });
    tokio::task::yield_now().await;
    let get = |path: &str| Request::get(path).body(Body::empty()).unwrap();
    let waiting = [
        large(import, "text/csv").body(coming()).unwrap(),
        get("/api/v1/partners/exportar"),
        get(&result),
    ];
    for refused in futures_util::future::join_all(waiting.map(|it| door.send(it))).await {
        assert_eq!(refused.status, 503, "{}", refused.text);
        assert_eq!(refused.json()["code"], "sobrecarga");
        assert_ne!(refused.header("retry-after"), "");
    }
    // Those that do not send are sent away in their time, and leave their places.
    for request in under_way {
        assert_eq!(request.await.unwrap(), 408);
    }
    tokio::time::resume();
    for path in ["/api/v1/partners/exportar", result.as_str()] {
        assert_eq!(door.get(path).await.status, 200, "{path}");
    }
}
