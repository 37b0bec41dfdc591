//! Every figure of a list agrees with the others: what is expected, the most that it may cost, what was
//! spent, what is known, what is left and what to do about it.

use std::sync::Arc;

use axum::body::Body;
use chaski::app::App;
use chaski::app::batches::Submission;
use chaski::app::batches::{Finished, ReadList, RucList};
use chaski::http::{Door, Gateway, Side};
use chaski::sheets::{self, Aptitud, Limits, OutputFormat, ResultNames};
use chaski::store::Batch;
use chaski::store::JobState;
use chaski_client::{Ask, Clock};
use chaski_core::Lang;
use chaski_sandbox::Operation;
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use crate::cli_kit::{Place, Ran, Service, companies};
use crate::jobs_batches::{self, list, open, until};

/// The first number after some words.
#[track_caller]
fn figure(told: &str, after: &str) -> u64 {
    let (_, rest) = told
        .split_once(after)
        .unwrap_or_else(|| panic!("{after}: {told}"));
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    digits.parse().unwrap_or_else(|_| panic!("{after}: {told}"))
}

fn place_of(service: &Service, numbers: &[String]) -> Place {
    let place = Place::asking(service);
    place.write("lista.csv", format!("RUC\n{}\n", numbers.join("\n")));
    place
}

fn sent(service: &Service) -> u64 {
    service.sandbox.count(Operation::Ruc) + service.sandbox.count(Operation::Collection)
}

/// What is usual for so many numbers, as the documents say it.
fn usual(numbers: u64) -> u64 {
    numbers.div_ceil(100) + numbers.div_ceil(10).max(10)
}

fn rows(place: &Place, word: &str) -> u64 {
    place.read("r.csv").matches(word).count() as u64
}

/// A limit below what a list needs, run after run, until it is done.
#[test]
fn a04_a_limit_too_small_is_told_and_the_next_run_says_the_same_figures() {
    for (numbers, limit) in [(300_u64, 1), (300, 2), (200, 1), (1_100, 7), (250, 0)] {
        let service = Service::new();
        let place = place_of(&service, &companies(61, usize::try_from(numbers).unwrap()));
        let ran = place
            .run(&format!(
                "ruc lote lista.csv -o r.csv --gastar-hasta {limit}"
            ))
            .expect(8);
        let calls = numbers.div_ceil(100);
        let said = format!("{numbers} RUC por consultar en {calls} consulta");
        assert!(ran.err.contains(&said), "{}", ran.shown());
        let allowed = format!("de las que --gastar-hasta permite como mucho {limit};");
        assert!(ran.err.contains(&allowed), "{}", ran.shown());
        assert_eq!(figure(&ran.err, "consultas usadas: "), limit);
        assert_eq!(sent(&service), limit);
        let left = rows(&place, "NO CONSULTADO");
        assert_eq!(left, numbers - (limit * 100).min(numbers));
        assert_eq!(rows(&place, "SIN RESPUESTA"), 0);
        assert_eq!(rows(&place, "No se consultó: la lista"), left);
        assert!(ran.err.contains(&format!("\n{left} RUC no se consultaron")));
        let advised = figure(&ran.err, "--reanudar --gastar-hasta ");
        assert_eq!(advised, usual(left), "{}", ran.shown());

        let again = place
            .run(&format!(
                "ruc lote lista.csv -o r.csv --reanudar --gastar-hasta {advised}"
            ))
            .expect(0);
        let said = format!("{left} RUC por consultar");
        assert!(again.err.contains(&said), "{}", again.shown());
        assert_eq!(figure(&again.err, "como mucho "), advised);
        let known = numbers - left;
        let kept = format!("; {known} ya estaban guardados");
        assert!(again.err.contains(&kept), "{}", again.shown());
        assert_eq!(figure(&again.err, "respuestas ya guardadas: "), known);
        let spent = figure(&again.err, "consultas usadas: ");
        assert_eq!(sent(&service), limit + spent);
    }
}

/// A limit beyond what could be spent announces what could.
#[test]
fn a04_a_limit_too_large_announces_what_could_be_spent() {
    for numbers in [40, 300] {
        let service = Service::new();
        let place = place_of(&service, &companies(62, numbers));
        let ran = place
            .run("ruc lote lista.csv -o r.csv --gastar-hasta 100000")
            .expect(0);
        let most = figure(&ran.err, "como mucho ");
        let numbers = numbers as u64;
        assert_eq!(
            most,
            numbers + 3 * numbers.div_ceil(100) + usual(numbers),
            "{most}"
        );
    }
}

/// One by one is advised only where collections were of no use, and then it says so.
#[test]
fn a04_one_by_one_is_advised_with_its_reason() {
    for (fault, drops, singly) in [("html@coleccion", 0, true), ("", 60, true), ("", 3, false)] {
        let service = Service::with(|config| config.collection_drops = drops);
        if !fault.is_empty() {
            service.sandbox.fail(fault.parse().unwrap());
        }
        let place = place_of(&service, &companies(63, 300));
        let limit = if singly { "" } else { "--gastar-hasta 2" };
        let ran = place
            .run(&format!("ruc lote lista.csv -o r.csv {limit}"))
            .expect(8);
        let left = rows(&place, "NO CONSULTADO");
        let failed = rows(&place, "SIN RESPUESTA");
        assert_eq!(failed, 0, "{}", ran.shown());
        let enough = figure(&ran.err, "--reanudar --gastar-hasta ");
        assert_eq!(
            ran.err.contains("van uno por uno"),
            singly,
            "{}",
            ran.shown()
        );
        let expected = if singly {
            left + 4 * left.div_ceil(100)
        } else {
            usual(left)
        };
        assert_eq!(enough, expected, "{}", ran.shown());
        let again = place
            .run(&format!(
                "ruc lote lista.csv -o r.csv --reanudar --gastar-hasta {enough}"
            ))
            .expect(0);
        assert_eq!(figure(&again.err, "como mucho "), enough);
    }
}

/// What is to be put right first is not asked again before that.
#[test]
fn a04_the_last_line_says_to_mend_the_cause_first() {
    for (fault, mend) in [
        ("401", true),
        ("403", true),
        ("404", true),
        ("redireccion", true),
        ("html", false),
    ] {
        let service = Service::new();
        service.sandbox.fail(fault.parse().unwrap());
        let place = place_of(&service, &companies(64, 300));
        for (lang, words) in [
            ("es", "cuando lo haya corregido, repita"),
            ("en", "when that is mended, repeat"),
        ] {
            let ran = place.run(&format!("ruc lote lista.csv -o r.csv --lang {lang}"));
            let last = ran.err.lines().last().unwrap_or_default();
            assert!(last.contains("--reanudar"), "{fault}: {}", ran.shown());
            assert_eq!(last.contains(words), mend, "{fault}: {}", ran.shown());
        }
    }
}

/// The limit that the person set is called theirs, and nothing is said of the plan.
#[test]
fn a04_the_own_limit_is_not_called_the_plan() {
    let service = Service::new();
    let numbers = companies(65, 300);
    let mut place = place_of(&service, &numbers);
    place.set("CHASKI_MIGO_QUOTA", "2");
    let check = |ran: &Ran| {
        let says = |words: &str| ran.err.contains(words);
        assert!(says("su propio límite"), "{}", ran.shown());
        assert!(says("migo.quota"), "{}", ran.shown());
        assert!(
            !says("Se acabaron las consultas de su plan"),
            "{}",
            ran.shown()
        );
    };
    let ran = place.run("ruc lote lista.csv -o r.csv").expect(6);
    check(&ran);
    assert!(
        ran.err.contains("(migo.quota): 2 de 2, y la lista toma 3"),
        "{}",
        ran.shown()
    );
    let last = ran.err.lines().last().unwrap_or_default();
    assert!(
        last.contains("100 RUC quedaron sin respuesta: cuando lo haya corregido, repita"),
        "{}",
        ran.shown()
    );
    assert_eq!(rows(&place, "su propio límite"), 100, "{}", ran.shown());
    check(&place.run(&format!("ruc {}", companies(68, 1)[0])).expect(6));
}

fn input_of(numbers: &[String]) -> ReadList {
    let csv = format!("RUC\n{}\n", numbers.join("\n"));
    ReadList {
        table: sheets::read_bytes(csv.as_bytes(), None, &Limits::default(), Lang::Es).unwrap(),
        how: RucList {
            column: 0,
            dni_as_ruc: false,
        },
        source_name: "lista.csv".into(),
        source_hash: *blake3::hash(csv.as_bytes()).as_bytes(),
    }
}

/// A list whose first numbers only are asked, as a person decides whose plan has few calls left.
async fn first_of(app: &App, numbers: &[String], resume: bool, most: usize) -> Finished {
    let ask = Ask::by("cli");
    let input = input_of(numbers);
    let mut batch = app.plan_batch(input, &ask, resume).await.unwrap();
    batch.most = batch.most.min(most);
    batch.start(app).await.unwrap();
    while batch.next(app).await.unwrap() {}
    batch.finish(app, Lang::Es).await.unwrap()
}

/// Those beyond the first that the plan can pay for say why they were not asked, and are asked next.
#[tokio::test]
async fn a04_rows_beyond_the_plan_say_why_they_were_not_asked() {
    let service = Service::new();
    let place = Place::new();
    let app = open(&place, Some(&service), &[], Clock::system()).await;
    let numbers = companies(66, 300);
    let finished = first_of(&app, &numbers, false, 100).await;
    assert_eq!((finished.failed, finished.left_out), (200, 200));
    assert!(finished.over.is_none() && finished.total_failure.is_none());
    for verdict in &finished.result.verdicts.first()[100..] {
        assert_eq!(verdict.apto, Aptitud::Pendiente);
        assert!(verdict.motivo.contains("su plan"), "{}", verdict.motivo);
    }
    assert_eq!(sent(&service), 1);
    let finished = first_of(&app, &numbers, true, 300).await;
    assert_eq!(
        (finished.failed, finished.result.summary.cache_hits),
        (0, 100)
    );
    assert_eq!(sent(&service), 3);
}

/// The door of a gateway without keys.
async fn door_of(real: Arc<App>) -> Arc<Door> {
    let none = Place::new();
    let invented = Arc::new(open(&none, None, &[], Clock::system()).await);
    let invented = Side::open(invented).await.unwrap();
    let gateway = Gateway::new(invented, Some(Side::open(real).await.unwrap()));
    Door::new(Arc::new(gateway))
}

async fn said(door: &Arc<Door>, method: Method, path: &str, body: Value) -> (u16, Value) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()))
        .unwrap();
    let answer = door.answer(request).await;
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

/// What comes over HTTP is checked against the account as well, and says how to go on.
#[tokio::test]
async fn a04_lists_over_http_are_not_begun_beyond_the_plan() {
    let service = Service::with(|config| config.quota = Some(2));
    let place = Place::new();
    let real = Arc::new(open(&place, Some(&service), &[], Clock::system()).await);
    let door = door_of(real).await;
    let ask = async |method, path: &str, body| said(&door, method, path, body).await;
    let numbers = companies(67, 450);
    for number in &numbers {
        let partner = json!({"document_type": "ruc", "num_document": number, "name": "EMPRESA"});
        let (status, said) = ask(Method::POST, "/api/v1/partners", partner).await;
        assert_eq!(status, 201, "{said}");
    }
    for (path, body) in [
        ("/api/v1/lotes", json!({"rucs": numbers})),
        ("/api/v1/partners/actualizar", json!({"cuales": "todos"})),
    ] {
        let (status, said) = ask(Method::POST, path, body.clone()).await;
        assert_eq!((status, &said["code"]), (429, &json!("cuota_agotada")));
        let detail = said["detail"].as_str().unwrap_or_default();
        for words in ["quedan 2 ", "hacen falta 5", "gastar_hasta: 2"] {
            assert!(detail.contains(words), "{said}");
        }
        let mut body = body;
        body["gastar_hasta"] = json!(2);
        let (status, said) = ask(Method::POST, path, body).await;
        assert_eq!(status, 202, "{path} {said}");
    }
    assert_eq!(sent(&service), 0);
}

/// What failed is not tried again beyond the plan either, be it a list, its job or a refresh; within
/// the plan it is, and within its own limit.
#[tokio::test]
async fn a04_nothing_is_tried_again_over_http_beyond_the_plan() {
    let service = Service::with(|config| config.quota = Some(3));
    let place = Place::new();
    let gateway = jobs_batches::Gateway::start(&place, Some(&service), &[]).await;
    let door = door_of(Arc::clone(&gateway.app)).await;
    let post = async |path: &str, body| said(&door, Method::POST, path, body).await;
    let id_of = |said: &Value, field: &str| said[field].as_str().unwrap().to_owned();
    let numbers = companies(68, 250);
    for number in companies(67, 250) {
        let partner = json!({"document_type": "ruc", "num_document": number, "name": "EMPRESA"});
        assert_eq!(post("/api/v1/partners", partner).await.0, 201);
    }
    // 1. All fail, by a token that is not taken.
    for fault in ["401@coleccion", "401@ruc"] {
        service.sandbox.fail(fault.parse().unwrap());
    }
    let (_, lote) = post("/api/v1/lotes", json!({"rucs": numbers})).await;
    let limited = json!({"rucs": companies(66, 250), "gastar_hasta": 1});
    let (_, limited) = post("/api/v1/lotes", limited).await;
    let refresh = json!({"cuales": "todos"});
    let (_, refresh) = post("/api/v1/partners/actualizar", refresh).await;
    let (lote, limited) = (id_of(&lote, "id"), id_of(&limited, "id"));
    let refresh = id_of(&refresh, "trabajo");
    for id in [&lote, &limited] {
        until(&gateway.app, id.parse().unwrap(), Batch::has_ended).await;
    }
    let job = loop {
        let job = gateway.app.trabajo(refresh.parse().unwrap(), None).await;
        match job.unwrap() {
            job if job.state == JobState::Failed => break job,
            _ => tokio::task::yield_now().await,
        }
    };
    assert_eq!(job.code.as_deref(), Some("proveedor_no_autorizado"));
    // 2. The token is taken again, and the plan has too little for any of them.
    service.sandbox.heal();
    let (_, good) = post("/api/v1/lotes", json!({"rucs": companies(65, 100)})).await;
    let good = id_of(&good, "id").parse().unwrap();
    until(&gateway.app, good, Batch::has_ended).await;
    assert_eq!(service.sandbox.quota_left(), Some(2));
    let before = sent(&service);
    let jobs = gateway.app.trabajos(None, 10, None, None).await.unwrap();
    let of_lote = jobs.rows.iter().find(|job| job.batch == lote.parse().ok());
    let of_lote = of_lote.unwrap().id;
    for path in [
        format!("/api/v1/lotes/{lote}/reintentar"),
        format!("/api/v1/trabajos/{of_lote}/reintentar"),
        format!("/api/v1/trabajos/{refresh}/reintentar"),
    ] {
        let (status, said) = post(&path, Value::Null).await;
        assert_eq!(
            (status, &said["code"]),
            (429, &json!("cuota_agotada")),
            "{path} {said}"
        );
        let detail = said["detail"].as_str().unwrap_or_default();
        for words in ["quedan 2 ", "hacen falta", "con gastar_hasta: 2"] {
            assert!(detail.contains(words), "{path} {said}");
        }
    }
    assert_eq!(sent(&service), before);
    // 3. What its own limit lets it cost is there.
    let path = format!("/api/v1/lotes/{limited}/reintentar");
    assert_eq!(post(&path, Value::Null).await.0, 200);
    until(&gateway.app, limited.parse().unwrap(), Batch::has_ended).await;
    assert_eq!(service.sandbox.quota_left(), Some(1));
    gateway.stop().await;
}

/// In the background rows beyond a limit have the same word, and a reason in words.
#[tokio::test]
async fn a04_rows_beyond_a_limit_have_one_word_in_the_background_too() {
    let service = Service::new();
    let place = Place::new();
    let gateway = jobs_batches::Gateway::start(&place, Some(&service), &[]).await;
    let app = &gateway.app;
    let new = Submission {
        most: Some(1),
        ..list(companies(69, 300))
    };
    let id = app.submit_batch(new).await.unwrap();
    until(app, id, Batch::has_ended).await;
    let lines = OutputFormat::Ndjson;
    let result = app.write_batch_result(
        id,
        None,
        Lang::Es,
        (lines, ResultNames::Programs),
        Vec::new(),
    );
    let result = String::from_utf8(result.await.unwrap()).unwrap();
    let rows = result.lines().map(serde_json::from_str);
    let rows: Vec<serde_json::Value> = rows.map(Result::unwrap).collect();
    let left: Vec<_> = rows
        .iter()
        .filter(|it| it["aptitud"] == "pendiente")
        .collect();
    assert_eq!(left.len(), 200);
    for row in left {
        let why = row["motivo"].as_str().unwrap();
        assert!(
            why.contains("máximo") && why.contains("tope_de_gasto"),
            "{why}"
        );
    }
    gateway.stop().await;
}
