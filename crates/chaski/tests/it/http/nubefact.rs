//! Nubefact's own protocol at the gateway: every operation, every form of the header, whose documents they
//! are, and what a program is told when the other side's answer is lost.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use chaski::app::App;
use chaski::app::issuers::NewIssuer;
use chaski::app::keys::{NewKey, Scope, Scopes};
use chaski_client::{AuthForm, Clock};
use chaski_core::lima_date;
use chaski_sandbox::Decided;
use futures_util::future::join_all;
use http::{Method, Request};
use jiff::ToSpan;
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::issued::{ISSUER, OTHER, ask};
use super::{Answered, Door};
use crate::cli_kit::Service;
use crate::store_postgres::databases;

const BASE: &str = "/compat/nubefact/api/v1";
/// The last part of the company's address at Nubefact.
const RUTA: &str = "11111111-2222-3333-4444-555555555555";

/// The address of the sandbox's company, with a request for each scope that opens it.
pub(super) fn routes() -> Vec<(&'static str, String, Scope, &'static str)> {
    use Scope::{Anular, Comprobantes, Emitir};
    let requests = [
        (Emitir, r#"{"operacion":"generar_comprobante"}"#),
        (Emitir, r#"{"operacion":"generar_guia"}"#),
        (
            Anular,
            r#"{"operacion":"generar_anulacion","tipo_de_comprobante":1,"serie":"FFF1","numero":9}"#,
        ),
        (
            Comprobantes,
            r#"{"operacion":"consultar_comprobante","tipo_de_comprobante":1,"serie":"FFF1","numero":9}"#,
        ),
        (
            Comprobantes,
            r#"{"operacion":"consultar_anulacion","tipo_de_comprobante":1,"serie":"FFF1","numero":9}"#,
        ),
    ];
    let of_path = |path: String| requests.map(|(scope, body)| ("POST", path.clone(), scope, body));
    let paths = [format!("{BASE}/{ISSUER}"), format!("{BASE}/{ISSUER}/")];
    paths.into_iter().flat_map(of_path).collect()
}

/// A gateway whose company is at a sandbox, and which issues until it is dropped.
struct Relaying {
    door: Door,
    real: Arc<App>,
    service: Service,
    key: String,
    _stop: oneshot::Sender<()>,
}

impl Relaying {
    async fn open(database: Option<String>, patience: &str) -> Relaying {
        let settings = vec![("CHASKI_NUBEFACT_PATIENCE", patience.to_owned())];
        let door = Door::open_with(database, true, settings).await;
        let real = Arc::clone(&door.gateway.sides().nth(1).unwrap().app);
        let service = Service::new();
        let added = real.add_issuer(NewIssuer {
            ruc: ISSUER.parse().unwrap(),
            ruta: format!("{}/v1/{RUTA}", service.url()),
            token: "un-token-de-prueba".into(),
            auth: AuthForm::default(),
            restaurante: false,
        });
        added.await.unwrap();
        let key = door.key_of(&real, Some(ISSUER)).await;
        let (stop, stopped) = oneshot::channel::<()>();
        let shutdown = async move { drop(stopped.await) };
        tokio::spawn(chaski::jobs::issuing::run(Arc::clone(&real), shutdown));
        Relaying {
            door,
            real,
            service,
            key,
            _stop: stop,
        }
    }

    async fn send(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Answered {
        let mut request = Request::builder().method(Method::POST).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = Body::from(body.to_owned());
        self.door.send(request.body(body).unwrap()).await
    }

    /// As most programs write it, with that key.
    async fn post_with(&self, key: &str, body: &str) -> Answered {
        let token = format!(r#"Token token="{key}""#);
        let headers = [
            ("Authorization", token.as_str()),
            ("Content-Type", "application/json"),
        ];
        self.send(&format!("{BASE}/{RUTA}"), &headers, body).await
    }

    async fn post(&self, body: &Value) -> Answered {
        self.post_with(&self.key, &body.to_string()).await
    }

    /// Nubefact's answer.
    async fn told(&self, body: &Value) -> Value {
        let answer = self.post(body).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    /// The text of a "no" in Nubefact's shape.
    async fn refused(&self, body: &Value, status: u16, codigo: u16) -> String {
        let answer = self.post(body).await;
        refusal(&answer, status, codigo)
    }

    /// How often a document came into being there.
    fn accepted(&self, name: &str) -> usize {
        let entries = self.service.sandbox.nubefact_ledger(0).unwrap();
        let of_it = entries.iter().filter(|it| {
            it.comprobante.as_deref() == Some(name) && it.decision == Decided::Aceptado
        });
        of_it.count()
    }

    /// How many requests of an operation came there.
    fn received(&self, operation: &str) -> usize {
        let entries = self.service.sandbox.nubefact_ledger(0).unwrap();
        entries
            .iter()
            .filter(|it| it.operation == operation)
            .count()
    }

    fn fail(&self, faults: &[&str]) {
        for fault in faults {
            self.service.sandbox.fail(fault.parse().unwrap());
        }
    }

    fn minutes_pass(&self) {
        let later = |now: jiff::Timestamp| now.checked_add(2.minutes()).ok();
        self.service.sandbox.move_clock(later).unwrap();
    }

    /// A key of the company, or of another one, with these scopes and series.
    async fn key(&self, company: Option<&str>, scopes: &[Scope], series: &[&str]) -> String {
        let new = NewKey {
            name: "prueba".into(),
            company: company.map(|ruc| ruc.parse().unwrap()),
            scopes: scopes.iter().copied().collect::<Scopes>(),
            per_minute: 0,
            per_day: 0,
            lasts: None,
        };
        let series: Vec<String> = series.iter().map(|it| (*it).to_owned()).collect();
        let (_, text) = self.real.create_key_of_series(new, &series).await.unwrap();
        self.door.gateway.reload_keys().await;
        text.expose_secret().to_owned()
    }
}

#[track_caller]
fn refusal(answer: &Answered, status: u16, codigo: u16) -> String {
    assert_eq!(answer.status, status, "{}", answer.text);
    let body = answer.json();
    assert_eq!(body["codigo"], codigo, "{body}");
    let text = body["errors"].as_str().unwrap_or_else(|| panic!("{body}"));
    assert!(!text.is_empty(), "{body}");
    text.to_owned()
}

/// A vendor's example, dated today, with some fields of its own.
fn sample(name: &str, more: &Value) -> Value {
    let path = format!(
        "{}/../core/tests/samples/nubefact/dev/{name}.json",
        env!("CARGO_MANIFEST_DIR")
    );
    let text = std::fs::read_to_string(path).unwrap();
    let mut document: Value = serde_json::from_str(&text).unwrap();
    date_today(&mut document);
    for (field, value) in more.as_object().unwrap() {
        document[field] = value.clone();
    }
    document
}

fn date_today(value: &mut Value) {
    let today = lima_date(Clock::system().now());
    let today = today.strftime("%d-%m-%Y").to_string();
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                let is_date = name.starts_with("fecha_")
                    || name.ends_with("_fecha")
                    || name.ends_with("fecha_de_emision");
                match field {
                    Value::String(text) if is_date && !text.is_empty() => today.clone_into(text),
                    other => date_today(other),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(date_today),
        _ => {}
    }
}

fn factura(numero: u32) -> Value {
    sample("fac-gravada", &json!({"serie": "FFF1", "numero": numero}))
}

/// A request about a document.
fn about(operation: &str, tipo: Option<u8>, serie: &str, numero: u32) -> Value {
    let mut body = json!({"operacion": operation, "serie": serie, "numero": numero});
    if let Some(tipo) = tipo {
        body["tipo_de_comprobante"] = tipo.into();
    }
    body
}

fn asked(numero: u32) -> Value {
    about("consultar_comprobante", Some(1), "FFF1", numero)
}

#[tokio::test(flavor = "multi_thread")]
async fn all_fourteen_operations_pass_through() {
    for database in databases().await {
        let it = Relaying::open(database, "25s").await;
        sales_and_voids(&it).await;
        guias(&it).await;
        withholdings(&it).await;
    }
}

async fn sales_and_voids(it: &Relaying) {
    // 1. A factura, answered at once, with Nubefact's own links.
    let issued = it.told(&factura(1)).await;
    assert_eq!(
        (
            &issued["tipo_de_comprobante"],
            &issued["serie"],
            &issued["numero"]
        ),
        (&json!(1), &json!("FFF1"), &json!(1)),
        "{issued}"
    );
    assert_eq!(issued["aceptada_por_sunat"], true, "{issued}");
    for name in ["pdf", "xml", "cdr"] {
        let link = issued[format!("enlace_del_{name}")].as_str().unwrap();
        assert!(link.starts_with("http"), "{link}");
        assert!(
            issued.get(format!("{name}_zip_base64")).is_some(),
            "{issued}"
        );
    }
    let told = it.told(&asked(1)).await;
    assert_eq!(
        told["cadena_para_codigo_qr"], issued["cadena_para_codigo_qr"],
        "{told}"
    );
    it.refused(&asked(999), 400, 24).await;
    // 2. A boleta, which SUNAT hears of tomorrow, and its notes.
    let boleta = sample("bol-gravada-dni", &json!({"serie": "BBB1", "numero": 1}));
    let waiting = it.told(&boleta).await;
    assert_eq!(waiting["aceptada_por_sunat"], false);
    assert_eq!(waiting["sunat_responsecode"], Value::Null);
    for (name, tipo) in [("nc-boleta-anulacion", 3), ("nd-boleta-mora", 4)] {
        let more = json!({
            "serie": "BBB1", "numero": 1,
            "documento_que_se_modifica_serie": "BBB1", "documento_que_se_modifica_numero": 1,
        });
        let note = it.told(&sample(name, &more)).await;
        assert_eq!(note["tipo_de_comprobante"], tipo, "{note}");
        let about = about("consultar_comprobante", Some(tipo), "BBB1", 1);
        assert_eq!(it.told(&about).await["numero"], 1);
    }
    // 3. A void, one however often it is asked for.
    let mut void = about("generar_anulacion", Some(1), "FFF1", 1);
    it.refused(&void, 400, 21).await;
    void["motivo"] = "x".repeat(101).into();
    it.refused(&void, 400, 21).await;
    void["motivo"] = "ERROR EN EL PEDIDO".into();
    let about_void = about("consultar_anulacion", Some(1), "FFF1", 1);
    it.refused(&about_void, 400, 24).await;
    let first = it.told(&void).await;
    let again = it.told(&void).await;
    assert!(first["sunat_ticket_numero"].is_string(), "{first}");
    assert_eq!(first["sunat_ticket_numero"], again["sunat_ticket_numero"]);
    assert_eq!(it.received("generar_anulacion"), 1);
    it.minutes_pass();
    let voided = it.told(&about_void).await;
    assert_eq!(voided["aceptada_por_sunat"], true, "{voided}");
    assert_eq!(it.told(&asked(1)).await["anulado"], true);
    // What does not exist has no void either.
    let mut nothing = about("generar_anulacion", Some(1), "FFF1", 777);
    nothing["motivo"] = "ERROR".into();
    it.refused(&nothing, 400, 24).await;
}

async fn guias(it: &Relaying) {
    for (name, serie, tipo) in [
        ("gre-remitente-venta-privado", "TTT1", 7),
        ("gre-transportista-venta", "VVV1", 8),
    ] {
        let guia = sample(name, &json!({"serie": serie, "numero": 1}));
        let sent = it.told(&guia).await;
        assert!(sent["nota_importante"].is_string(), "{sent}");
        assert_eq!(sent["aceptada_por_sunat"], false, "{sent}");
        it.minutes_pass();
        let about_it = about("consultar_guia", Some(tipo), serie, 1);
        let told = it.told(&about_it).await;
        assert_eq!(told["aceptada_por_sunat"], true, "{told}");
        // Only SUNAT's portal voids a guía.
        let mut void = about("generar_anulacion", Some(tipo), serie, 1);
        void["motivo"] = "ERROR".into();
        it.refused(&void, 400, 24).await;
    }
    assert_eq!(it.received("generar_guia"), 2);
}

async fn withholdings(it: &Relaying) {
    for (kind, name, serie) in [
        ("retencion", "retencion-3", "RRR1"),
        ("percepcion", "percepcion-2", "PPP1"),
    ] {
        let document = sample(name, &json!({"serie": serie, "numero": 1}));
        let issued = it.told(&document).await;
        assert_eq!(issued["serie"], serie, "{issued}");
        let operation = |it: &str| format!("{it}_{kind}");
        let asked = about(&operation("consultar"), None, serie, 1);
        assert_eq!(it.told(&asked).await["aceptada_por_sunat"], true);
        let reversal = about(&operation("generar_reversion"), None, serie, 1);
        for _ in 0..2 {
            it.told(&reversal).await;
        }
        assert_eq!(it.received(&operation("generar_reversion")), 1);
        it.minutes_pass();
        let asked = about(&operation("consultar_reversion"), None, serie, 1);
        let reversed = it.told(&asked).await;
        assert_eq!(reversed["aceptada_por_sunat"], true, "{reversed}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_token_is_a_key_in_any_form_of_the_header() {
    let it = Relaying::open(None, "5s").await;
    let body = asked(1).to_string();
    let json = ("Content-Type", "application/json");
    let path = format!("{BASE}/{RUTA}");
    let key = it.key.as_str();
    for value in [
        format!(r#"Token token="{key}""#),
        format!("Token token={key}"),
        format!("token  token={key} "),
        format!("Bearer {key}"),
        key.to_owned(),
    ] {
        let headers = [("Authorization", value.as_str()), json];
        let answer = it.send(&path, &headers, &body).await;
        refusal(&answer, 400, 24);
    }
    let answer = it.send(&path, &[("X-API-Key", key), json], &body).await;
    refusal(&answer, 400, 24);
    // One that is wrong, in as many forms.
    let changed = format!("{}x", &key[..key.len() - 1]);
    for value in [
        format!(r#"Token token="{changed}""#),
        format!("Token token={changed}"),
        format!("Bearer {changed}"),
        changed.clone(),
        r#"Token token="""#.to_owned(),
        "Token".to_owned(),
        "Basic Y2hhc2tp".to_owned(),
        "8d19d8c7c1f6402687720eab85cd57a54f5a7a3fa163476bbcf381ee2b5e0c69".to_owned(),
    ] {
        let headers = [("Authorization", value.as_str()), json];
        let answer = it.send(&path, &headers, &body).await;
        let text = refusal(&answer, 401, 10);
        assert!(!text.contains(&changed), "{text}");
    }
    refusal(&it.send(&path, &[json], &body).await, 401, 10);
    // The ruta is the company's RUC, or the last part of its address at Nubefact.
    let token = format!(r#"Token token="{key}""#);
    let headers = [("Authorization", token.as_str()), json];
    for (ruta, codigo) in [
        (RUTA, 24),
        (ISSUER, 24),
        ("11111111-2222-3333-4444-555555555555/", 24),
        ("20603274742/", 24),
        (OTHER, 11),
        ("11111111-2222-3333-4444-55555555555", 11),
        ("00000000-0000-0000-0000-000000000000", 11),
    ] {
        let answer = it.send(&format!("{BASE}/{ruta}"), &headers, &body).await;
        refusal(&answer, 400, codigo);
    }
    // Nothing is at the address without a ruta, nor below one.
    for rest in ["", "/", "/a/b"] {
        let answer = it.send(&format!("{BASE}{rest}"), &headers, &body).await;
        refusal(&answer, 404, 11);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_nobody_has_a_key_any_token_of_this_machine_will_do() {
    let door = Door::open().await;
    let (_stop, stopped) = oneshot::channel::<()>();
    let shutdown = async move { drop(stopped.await) };
    tokio::spawn(chaski::jobs::issuing::run(Arc::clone(&door.app), shutdown));
    let send = async |more: &[(&str, &str)], body: &Value| {
        let mut request = Request::post(format!("{BASE}/{ISSUER}"))
            .header("Host", "127.0.0.1:8420")
            .header("Content-Type", "application/json");
        for (name, value) in more {
            request = request.header(*name, *value);
        }
        door.send(request.body(Body::from(body.to_string())).unwrap())
            .await
    };
    let token = ("Authorization", r#"Token token="el-de-nubefact""#);
    let issued = send(&[token], &factura(1)).await;
    assert_eq!(issued.status, 200, "{}", issued.text);
    assert_eq!(issued.header("chaski-mode"), "sandbox");
    refusal(&send(&[], &asked(9)).await, 400, 24);
    // What passes for a key has to be one; and nobody is let in through a proxy or a page.
    let key = ("Authorization", "Token token=chk_test_000000000000_00");
    refusal(&send(&[key], &asked(1)).await, 401, 10);
    let proxy = ("X-Forwarded-For", "192.0.2.7");
    refusal(&send(&[token, proxy], &asked(1)).await, 403, 10);
    let page = ("Origin", "https://ejemplo.pe");
    refusal(&send(&[token, page], &asked(1)).await, 403, 10);
    // From the first key on it has to be one.
    door.key(&[Scope::Comprobantes], 0, 0).await;
    refusal(&send(&[token], &asked(1)).await, 401, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_anothers_does_not_exist_here_either() {
    let it = Relaying::open(None, "5s").await;
    it.told(&factura(1)).await;
    let mut void = about("generar_anulacion", Some(1), "FFF1", 1);
    void["motivo"] = "ERROR".into();
    let (issue, ask, void) = (
        factura(2).to_string(),
        asked(1).to_string(),
        void.to_string(),
    );
    let requests = [&issue, &ask, &void];
    // 1. Another company: the ruta itself does not exist.
    let stranger = it.door.key_of(&it.real, Some(OTHER)).await;
    for body in requests {
        let answer = it.post_with(&stranger, body).await;
        let text = refusal(&answer, 400, 11);
        assert!(!text.contains(ISSUER), "{text}");
    }
    // 2. Another series.
    let all = [Scope::Emitir, Scope::Anular, Scope::Comprobantes];
    let of_series = it.key(Some(ISSUER), &all, &["BBB1"]).await;
    let answer = it.post_with(&of_series, &issue).await;
    let text = refusal(&answer, 400, 21);
    assert!(
        text.contains("No puedes emitir comprobantes con esta serie"),
        "{text}"
    );
    for body in [&ask, &void] {
        refusal(&it.post_with(&of_series, body).await, 400, 24);
    }
    let boleta = sample("bol-gravada-dni", &json!({"serie": "BBB1", "numero": 1}));
    let answer = it.post_with(&of_series, &boleta.to_string()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    // 3. Without the scope.
    for (scope, allowed) in [
        (Scope::Emitir, 0),
        (Scope::Comprobantes, 1),
        (Scope::Anular, 2),
        (Scope::Consultas, 3),
    ] {
        let key = it.key(Some(ISSUER), &[scope], &[]).await;
        for (place, body) in requests.iter().enumerate() {
            if place != allowed {
                refusal(&it.post_with(&key, body).await, 403, 10);
            }
        }
    }
    // 4. A key of the sandbox knows nothing of it.
    let boxed = it.door.key_of(&it.door.app, Some(ISSUER)).await;
    refusal(&it.post_with(&boxed, &ask).await, 400, 11);
    // None of them did anything.
    assert_eq!(it.accepted("FFF1-2"), 0);
    assert_eq!(it.received("generar_anulacion"), 0);
    // The house issues for all.
    let house = it.door.key_of(&it.real, None).await;
    assert_eq!(it.post_with(&house, &ask).await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_again_is_the_same_document() {
    for database in databases().await {
        let it = Relaying::open(database, "25s").await;
        same_again(&it).await;
    }
}

async fn same_again(it: &Relaying) {
    // 1. At once from many, and later: one document, one request, one answer.
    let body = factura(1);
    let all = join_all((0..12).map(|_| it.post(&body))).await;
    for answer in &all {
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json(), all[0].json());
    }
    assert_eq!(it.told(&body).await, all[0].json());
    // Written otherwise it says the same.
    let text = serde_json::to_string_pretty(&body).unwrap();
    let answer = it.post_with(&it.key, &text).await;
    assert_eq!(answer.json(), all[0].json());
    let answer = it.post_with(&it.key, &format!("\u{feff}{body}")).await;
    assert_eq!(answer.json(), all[0].json());
    // Another key of the company finds it, and so does another address.
    let sibling = it.door.key_of(&it.real, Some(ISSUER)).await;
    let answer = it.post_with(&sibling, &body.to_string()).await;
    assert_eq!(answer.json(), all[0].json());
    let path = "/api/v1/comprobantes/por-numero/factura/FFF1/1";
    let known = it.door.ask(Method::GET, path, Some(&sibling), "").await;
    assert_eq!(known.json()["estado"], "ACEPTADO", "{}", known.text);
    assert_eq!(it.received("generar_comprobante"), 1);
    // 2. Other content under its number.
    let mut other = body.clone();
    other["observaciones"] = "OTRA".into();
    let text = it.refused(&other, 400, 23).await;
    assert!(
        text.starts_with("Este documento ya existe en NubeFacT"),
        "{text}"
    );
    assert_eq!(it.received("generar_comprobante"), 1);
    // 3. What was refused may be sent otherwise, as often as it takes, and again as it was.
    let mut wrong = factura(2);
    wrong["total"] = "708.01".into();
    for _ in 0..2 {
        let text = it.refused(&wrong, 400, 21).await;
        assert!(text.contains("3280"), "{text}");
    }
    let mut worse = wrong.clone();
    worse["total"] = "709".into();
    it.refused(&worse, 400, 21).await;
    let right = it.told(&factura(2)).await;
    assert_eq!(right["aceptada_por_sunat"], true, "{right}");
    it.refused(&worse, 400, 23).await;
    it.refused(&wrong, 400, 23).await;
    assert_eq!(it.told(&factura(2)).await, right);
    assert_eq!((it.accepted("FFF1-1"), it.accepted("FFF1-2")), (1, 1));
    // 4. A stranger's number stays theirs, and the next one is for the sale.
    it.fail(&["23-ajeno@generar_comprobante x1"]);
    let mut third = factura(3);
    third["observaciones"] = "TERCERA".into();
    it.refused(&third, 400, 23).await;
    it.refused(&third, 400, 23).await;
    // Nor are the stranger's files handed out as ours.
    let all = "/api/v1/comprobantes";
    let path = format!("{all}?estado=CONFLICTO");
    let listed = ask(&it.door, &it.key, Method::GET, &path, &[], "").await;
    let listed = listed.json();
    let id = listed["data"][0]["id"]
        .as_str()
        .expect("the document in conflict");
    for file in ["pdf", "xml", "cdr"] {
        let path = format!("{all}/{id}/{file}");
        let told = ask(&it.door, &it.key, Method::GET, &path, &[], "").await;
        assert_eq!(told.status, 404, "{file}: {}", told.text);
    }
    third["numero"] = 4.into();
    it.told(&third).await;
    assert_eq!((it.accepted("FFF1-3"), it.accepted("FFF1-4")), (0, 1));
    // What SUNAT rejected has its number for ever.
    it.fail(&["rechazado:2335@generar_comprobante x1"]);
    let mut fifth = factura(5);
    fifth["observaciones"] = "QUINTA".into();
    let rejected = it.told(&fifth).await;
    assert_eq!(rejected["sunat_responsecode"], "2335", "{rejected}");
    assert_eq!(it.told(&fifth).await["sunat_responsecode"], "2335");
    fifth["observaciones"] = "QUINTA, CORREGIDA".into();
    it.refused(&fifth, 400, 23).await;
    fifth["numero"] = 6.into();
    it.told(&fifth).await;
    assert_eq!((it.accepted("FFF1-5"), it.accepted("FFF1-6")), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_known_in_time_is_said_to_be_unknown() {
    for database in databases().await {
        let it = Relaying::open(database, "1500ms").await;
        not_known_in_time(&it).await;
    }
}

async fn not_known_in_time(it: &Relaying) {
    // 1. It is taken there, the answer is lost, and no question is answered.
    it.fail(&[
        "tras:500@generar_comprobante x1",
        "503@consultar_comprobante",
    ]);
    let text = it.refused(&factura(1), 500, 40).await;
    for word in ["FFF1-1", "consultar_comprobante"] {
        assert!(text.contains(word), "{text}");
    }
    // 2. Asked, and sent again: still unknown, and never said to be what it may not be.
    it.refused(&asked(1), 500, 40).await;
    it.refused(&factura(1), 500, 40).await;
    let mut other = factura(1);
    other["observaciones"] = "OTRA".into();
    it.refused(&other, 400, 23).await;
    // 3. What careless programs try: the same sale under the next number.
    let text = it.refused(&factura(2), 400, 21).await;
    for word in ["CH-DUPLICADO-PROBABLE", "FFF1-1"] {
        assert!(text.contains(word), "{text}");
    }
    let mut another = factura(3);
    another["cliente_numero_de_documento"] = "20100070970".into();
    // In order, it waits for the first; it is another sale, and is taken on.
    let answer = it.post(&another).await;
    assert!(
        [200, 500].contains(&answer.status.as_u16()),
        "{}",
        answer.text
    );
    assert_eq!(it.accepted("FFF1-1"), 1);
    assert_eq!(it.accepted("FFF1-2"), 0);
    // 4. The truth, once it can be known.
    it.service.sandbox.heal();
    let told = until_told(it, &asked(1)).await;
    assert_eq!(
        (&told["numero"], &told["aceptada_por_sunat"]),
        (&json!(1), &json!(true))
    );
    let again = it.told(&factura(1)).await;
    assert_eq!(
        again["cadena_para_codigo_qr"],
        told["cadena_para_codigo_qr"]
    );
    until_told(it, &another).await;
    // 5. Whoever knows of the first may mean a second one.
    let second = it.told(&factura(2)).await;
    assert_eq!(second["numero"], 2, "{second}");
    for name in ["FFF1-1", "FFF1-2", "FFF1-3"] {
        assert_eq!(it.accepted(name), 1, "{name}");
    }
    // 6. A void whose answer is lost is asked about as well, and made once.
    it.fail(&["tras:500@generar_anulacion x1", "503@consultar_anulacion"]);
    let mut void = about("generar_anulacion", Some(1), "FFF1", 1);
    void["motivo"] = "ERROR EN EL PEDIDO".into();
    let text = it.refused(&void, 500, 40).await;
    for word in ["FFF1-1", "consultar_anulacion"] {
        assert!(text.contains(word), "{text}");
    }
    it.service.sandbox.heal();
    until_told(it, &about("consultar_anulacion", Some(1), "FFF1", 1)).await;
    until_told(it, &void).await;
    let voids = it.service.sandbox.nubefact_ledger(0).unwrap();
    let voids = voids.iter().filter(|it| it.decision == Decided::Baja);
    assert_eq!(voids.count(), 1);
}

/// Asks again while it is not known.
async fn until_told(it: &Relaying, body: &Value) -> Value {
    for _ in 0..60 {
        let answer = it.post(body).await;
        if answer.status == 200 {
            return answer.json();
        }
        refusal(&answer, 500, 40);
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    panic!("it is never known: {body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_answers_that_come_back_in_time_are_not_noticed() {
    let it = Relaying::open(None, "60s").await;
    for (numero, fault) in (1..).zip([
        "tras:500",
        "reset",
        "tras:502:html",
        "truncado",
        "doble",
        "vacio",
    ]) {
        it.fail(&[&format!("{fault}@generar_comprobante x1")]);
        let mut body = factura(numero);
        body["observaciones"] = format!("pedido {numero}").into();
        body["items"][0]["descripcion"] = format!("PRODUCTO {numero}").into();
        let told = it.told(&body).await;
        assert_eq!(told["numero"], numero, "{fault}: {told}");
        assert_eq!(it.accepted(&format!("FFF1-{numero}")), 1, "{fault}");
        it.service.sandbox.heal();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_account_is_told_and_nothing_of_it_is_sent_later() {
    let it = Relaying::open(None, "10s").await;
    it.fail(&["50@generar_comprobante"]);
    it.refused(&factura(1), 400, 50).await;
    let before = it.received("generar_comprobante");
    // While it lasts nothing is taken on, and nobody asks again and again.
    it.refused(&factura(2), 400, 50).await;
    assert_eq!(it.received("generar_comprobante"), before);
    it.service.sandbox.heal();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!((it.accepted("FFF1-1"), it.accepted("FFF1-2")), (0, 0));
    // The token that Nubefact refuses is the server's.
    let it = Relaying::open(None, "10s").await;
    it.fail(&["10@generar_comprobante x1"]);
    let text = it.refused(&factura(1), 401, 10).await;
    assert!(text.contains("en el servidor"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_refused_in_the_words_of_nubefact() {
    let it = Relaying::open(None, "5s").await;
    let token = format!(r#"Token token="{}""#, it.key);
    let path = format!("{BASE}/{RUTA}");
    let send = async |kind: Option<&str>, body: &str| {
        let mut headers = vec![("Authorization", token.as_str())];
        headers.extend(kind.map(|kind| ("Content-Type", kind)));
        it.send(&path, &headers, body).await
    };
    let json_kind = Some("application/json");
    // 1. No JSON, or none that says what is wanted.
    let deep = "[".repeat(50_000);
    let deep_inside = format!(r#"{{"operacion":"generar_comprobante","x":{deep}"#);
    for body in [
        "",
        "{",
        "[]",
        "null",
        "\"generar_comprobante\"",
        "operacion|generar_comprobante|",
        r#"{"tipo_de_comprobante":1}"#,
        r#"{"operacion":"generar_todo"}"#,
        r#"{"operacion":7}"#,
        r#"{"operacion":null}"#,
        deep.as_str(),
        deep_inside.as_str(),
    ] {
        let answer = send(json_kind, body).await;
        refusal(&answer, 400, 20);
    }
    // 2. Of another kind.
    for kind in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
    ] {
        refusal(&send(kind, &asked(1).to_string()).await, 400, 12);
    }
    let kind = Some("application/json; charset=utf-8");
    refusal(&send(kind, &asked(1).to_string()).await, 400, 24);
    // 3. Too much.
    let huge = format!(
        r#"{{"operacion":"generar_comprobante","x":"{}"}}"#,
        "x".repeat(5 << 20)
    );
    refusal(&send(json_kind, &huge).await, 413, 20);
    // 4. Readable, and about nothing.
    for body in [
        r#"{"operacion":"consultar_comprobante","tipo_de_comprobante":9,"serie":"FFF1","numero":1}"#,
        r#"{"operacion":"consultar_comprobante","serie":"FFF1","numero":1}"#,
        r#"{"operacion":"consultar_comprobante","tipo_de_comprobante":1,"serie":"../../x","numero":1}"#,
        r#"{"operacion":"consultar_comprobante","tipo_de_comprobante":1,"serie":"FFF1","numero":0}"#,
        r#"{"operacion":"consultar_comprobante","tipo_de_comprobante":1,"serie":"FFF1","numero":-1}"#,
        r#"{"operacion":"consultar_comprobante","tipo_de_comprobante":1,"serie":"FFF1","numero":1e30}"#,
        r#"{"operacion":"consultar_comprobante","tipo_de_comprobante":1,"serie":"FFF1"}"#,
        r#"{"operacion":"consultar_guia","tipo_de_comprobante":1,"serie":"FFF1","numero":1}"#,
        r#"{"operacion":"generar_comprobante"}"#,
        r#"{"operacion":"generar_comprobante","tipo_de_comprobante":1}"#,
        r#"{"operacion":"generar_comprobante","tipo_de_comprobante":7,"serie":"TTT1","numero":1}"#,
        r#"{"operacion":"generar_anulacion","tipo_de_comprobante":1,"serie":"FFF1","motivo":"x"}"#,
    ] {
        let answer = send(json_kind, body).await;
        let codigo = answer.json()["codigo"].as_u64().unwrap_or_default();
        assert!([20, 21, 24].contains(&codigo), "{body}: {}", answer.text);
        refusal(&answer, 400, u16::try_from(codigo).unwrap());
    }
    // Nothing of it went out, but for the one question that was right.
    let entries = it.service.sandbox.nubefact_ledger(0).unwrap();
    assert_eq!(entries.len(), 1, "{entries:?}");
    // 5. Other methods, in the same shape.
    for method in [Method::GET, Method::PUT, Method::DELETE] {
        let answer = it.door.ask(method, &path, Some(&it.key), "").await;
        refusal(&answer, 405, 20);
    }
    // 6. In English for whoever wants it.
    let headers = [
        ("Authorization", "Token token=nada"),
        ("Accept-Language", "en"),
        ("Content-Type", "application/json"),
    ];
    let text = refusal(&it.send(&path, &headers, "{}").await, 401, 10);
    assert!(text.contains("The key does not exist"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_number_the_next_one_is_given() {
    let it = Relaying::open(None, "25s").await;
    let mut body = factura(1);
    body.as_object_mut().unwrap().remove("numero");
    // The series is not open here to give numbers.
    let text = it.refused(&body, 400, 21).await;
    assert!(text.contains("chaski series abrir"), "{text}");
    let headers = [
        ("X-API-Key", it.key.as_str()),
        ("Content-Type", "application/json"),
    ];
    let wish = json!({"serie": "FFF1", "ultimo": 0}).to_string();
    let opened = it.send("/api/v1/series", &headers, &wish).await;
    assert_eq!(opened.status, 201, "{}", opened.text);
    let told = it.told(&body).await;
    assert_eq!(told["numero"], 1, "{told}");
    assert_eq!(it.told(&body).await, told);
    // The same by the number that it was given.
    body["numero"] = 1.into();
    assert_eq!(it.told(&body).await, told);
    assert_eq!(it.received("generar_comprobante"), 1);
    assert_eq!(it.accepted("FFF1-1"), 1);
}
