//! Bad input and bad days of documents over HTTP: each gets its word, and nothing is issued twice, lost, or
//! told to somebody else.

use chaski::app::invoices::InvoiceFilter;
use chaski::store::{DocumentSheet, NewDocument, StoreJournal};
use chaski_client::{
    AttemptOutcome, Clock, Intended, Intent, Journal, JournalDeed, NubefactDocument, NubefactKind,
    NubefactReply, SeriesName, StoredReply,
};
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use super::Door;
use super::issued::{ALL, ISSUER, Issuing, OTHER, ask, example, routes, sale};

/// A gateway in which nobody issues: what is handed over stays in the queue, and a test does the rest.
struct Still {
    door: Door,
    key: String,
}

impl Still {
    async fn open() -> Still {
        let door = Door::open().await;
        let key = door.key_of(&door.app, Some(ISSUER)).await;
        Still { door, key }
    }

    async fn ask(&self, method: Method, path: &str, body: &str) -> super::Answered {
        ask(&self.door, &self.key, method, path, &[], body).await
    }

    async fn post(&self, path: &str, headers: &[(&str, &str)], body: &str) -> super::Answered {
        ask(&self.door, &self.key, Method::POST, path, headers, body).await
    }

    /// A sale in the queue.
    async fn queued(&self, key: &str, price: &str) -> Value {
        let headers = [("Idempotency-Key", key)];
        let handed = self.post(ALL, &headers, &sale(price)).await;
        assert_eq!(handed.status, 202, "{}", handed.text);
        handed.json()
    }

    fn journal(&self) -> StoreJournal {
        StoreJournal::new(self.door.app.store())
    }

    /// Sends a sale of the queue, with that outcome.
    async fn sent(&self, document: &Value, outcome: AttemptOutcome) {
        let id: Uuid = document["id"].as_str().unwrap().parse().unwrap();
        let draft = self.door.app.store().document_draft(id).await.unwrap();
        let to_send = NubefactDocument::from_json(&draft.unwrap()).unwrap();
        let (journal, now) = (self.journal(), Clock::system().now());
        journal.take_over().await.unwrap();
        let key = document["clave"].as_str().unwrap();
        let intent = Intent::to_issue(ISSUER, key, &to_send, now);
        let Intended::Attempt(attempt) = journal.intend(&intent).await.unwrap() else {
            panic!("it was not sent yet")
        };
        journal.conclude(attempt.id, &outcome, now).await.unwrap();
    }
}

fn factura(serie: &str) -> SeriesName {
    SeriesName::new(ISSUER, NubefactKind::Factura, serie)
}

fn accepted(serie: &str, numero: u32) -> AttemptOutcome {
    let reply = json!({
        "tipo_de_comprobante": 1, "serie": serie, "numero": numero, "aceptada_por_sunat": true,
    });
    let reply = NubefactReply::from_json(reply.to_string().as_bytes()).unwrap();
    AttemptOutcome::Accepted {
        recovered: false,
        reply: StoredReply::of(&reply),
    }
}

#[tokio::test]
async fn nothing_is_done_about_what_is_in_doubt() {
    let it = Still::open().await;
    let document = it.queued("d-1", "20.00").await;
    let lost = AttemptOutcome::Unknown {
        why: "conexion_interrumpida".into(),
    };
    it.sent(&document, lost).await;
    let place = document["enlaces"]["comprobante"].as_str().unwrap();
    let told = it.ask(Method::GET, place, "").await.json();
    assert_eq!(told["estado"], "DESCONOCIDO", "{told}");
    assert_eq!(told["problema"], "comprobante_desconocido");
    assert!(
        told["mensaje"]
            .as_str()
            .unwrap()
            .contains("al consultar se decide")
    );
    assert!(told["siguiente"]["cuando"].is_string(), "{told}");
    for (deed, body) in [
        ("anular", r#"{"motivo":"prueba"}"#),
        ("liberar", ""),
        ("reintentar", ""),
        ("corregir", r#"{"motivo":"01"}"#),
        ("duplicar", ""),
    ] {
        let refused = it.ask(Method::POST, &format!("{place}/{deed}"), body).await;
        assert_eq!(
            (refused.status.as_u16(), &refused.json()["code"]),
            (409, &json!("comprobante_en_duda")),
            "{deed}: {}",
            refused.text
        );
        assert_ne!(refused.header("retry-after"), "", "{deed}");
    }
    let edited = it.ask(Method::PUT, place, &sale("21.00")).await;
    assert_eq!(
        edited.json()["code"],
        "comprobante_en_duda",
        "{}",
        edited.text
    );
    assert_ne!(edited.header("retry-after"), "");
    let by_name = json!({ "comprobante": "FFF1-1", "motivo": "prueba" }).to_string();
    let refused = it.post(&format!("{ALL}/anular"), &[], &by_name).await;
    assert_eq!(
        refused.json()["code"],
        "comprobante_en_duda",
        "{}",
        refused.text
    );
    // The same again is the same document, and no other.
    let headers = [("Idempotency-Key", "d-1")];
    let again = it.post(ALL, &headers, &sale("20.00")).await;
    assert_eq!(again.json()["id"], document["id"]);
    // The careless client: the same sale under another key, while the first one is open.
    let headers = [("Idempotency-Key", "d-2")];
    let twin = it.post(ALL, &headers, &sale("20.00")).await;
    assert_eq!(
        (twin.status.as_u16(), &twin.json()["errors"][0]["code"]),
        (409, &json!("CH-DUPLICADO-PROBABLE"))
    );
    assert_ne!(twin.header("retry-after"), "", "it is known soon");
}

/// What lists tell of the only document; none while it is not there.
async fn only_document(it: &Still) -> Option<Value> {
    let listed = it.ask(Method::GET, ALL, "").await;
    listed.json()["data"].as_array()?.first().cloned()
}

#[tokio::test]
async fn the_twin_of_a_request_that_is_not_answered_yet_comes_back() {
    let it = Still::open().await;
    let other_key = it.door.key_of(&it.door.app, Some(ISSUER)).await;
    let patient = [("Idempotency-Key", "g-1"), ("Prefer", "wait=60")];
    let (first_body, hasty) = (sale("20.00"), [("Idempotency-Key", "g-1")]);
    let first = it.post(ALL, &patient, &first_body);
    let meanwhile = async {
        let document = loop {
            match only_document(&it).await {
                Some(document) => break document,
                None => tokio::task::yield_now().await,
            }
        };
        // By whichever API key and with whatever body it comes: there is no answer to repeat yet.
        for key in [&it.key, &other_key] {
            for body in [sale("20.00"), sale("30.00")] {
                let twin = ask(&it.door, key, Method::POST, ALL, &hasty, &body).await;
                let told = (twin.status.as_u16(), &twin.json()["code"]);
                assert_eq!(told, (409, &json!("idempotencia_en_curso")));
                assert_eq!(twin.header("retry-after"), "1");
            }
        }
        // Another key has nothing to wait for.
        let headers = [("Idempotency-Key", "g-2")];
        let other = it.post(ALL, &headers, &sale("30.00")).await;
        assert_eq!(other.status, 202, "{}", other.text);
        it.sent(&document, accepted("FFF1", 1)).await;
        document
    };
    let (first, document) = tokio::join!(first, meanwhile);
    assert_eq!(first.status, 201, "{}", first.text);
    assert_eq!(first.json()["id"], document["id"]);
    let again = it.post(ALL, &hasty, &sale("20.00")).await;
    assert_eq!(
        (again.status.as_u16(), again.json()["id"].clone()),
        (200, document["id"].clone())
    );
    assert_eq!(again.header("idempotency-replayed"), "true");
    let changed = it.post(ALL, &hasty, &sale("30.00")).await;
    assert_eq!(changed.status, 422, "{}", changed.text);
}

#[tokio::test]
async fn a_twin_of_what_is_known_is_not_waited_for() {
    let it = Still::open().await;
    let document = it.queued("t-1", "20.00").await;
    let open = it
        .post(ALL, &[("Idempotency-Key", "t-2")], &sale("20.00"))
        .await;
    assert_eq!(open.status, 409);
    assert_ne!(open.header("retry-after"), "");
    it.sent(&document, accepted("FFF1", 1)).await;
    let known = it
        .post(ALL, &[("Idempotency-Key", "t-2")], &sale("20.00"))
        .await;
    assert_eq!(known.status, 409);
    assert_eq!(
        known.header("retry-after"),
        "",
        "it will be a twin later too"
    );
    let id = document["id"].as_str().unwrap();
    assert!(known.text.contains(id), "{}", known.text);
    let meant = [
        ("Idempotency-Key", "t-2"),
        ("Chaski-Allow-Duplicate", "true"),
    ];
    assert_eq!(it.post(ALL, &meant, &sale("20.00")).await.status, 202);
    // The header means yes only where it says so.
    let unclear = [("Idempotency-Key", "t-3"), ("Chaski-Allow-Duplicate", "si")];
    assert_eq!(it.post(ALL, &unclear, &sale("20.00")).await.status, 409);
}

#[tokio::test]
async fn numbers_that_are_somebodys() {
    let it = Still::open().await;
    let numbered = |numero: u32, price: &str| {
        sale(price).replacen('{', &format!(r#"{{"numero": {numero},"#), 1)
    };
    let first = it
        .post(ALL, &[("Idempotency-Key", "n-1")], &numbered(7, "20.00"))
        .await;
    assert_eq!(first.status, 202, "{}", first.text);
    // Ours, with other content: it is named.
    let other = it
        .post(ALL, &[("Idempotency-Key", "n-2")], &numbered(7, "21.00"))
        .await;
    assert_eq!(
        (other.status.as_u16(), &other.json()["code"]),
        (409, &json!("numero_usado"))
    );
    let id = first.json()["id"].as_str().unwrap().to_owned();
    assert!(other.text.contains(&id), "{}", other.text);
    // A stranger's: nothing is adopted.
    let store = it.door.app.store();
    store.note_theirs(&factura("FFF1"), 9).await.unwrap();
    let theirs = it
        .post(ALL, &[("Idempotency-Key", "n-3")], &numbered(9, "22.00"))
        .await;
    assert_eq!(
        (theirs.status.as_u16(), &theirs.json()["code"]),
        (409, &json!("numero_ajeno"))
    );
    let path = format!("{ALL}/por-numero/factura/FFF1/9");
    assert_eq!(it.ask(Method::GET, &path, "").await.status, 404);
    for (numero, status) in [("0", 422), ("100000000", 422), ("-1", 422), (r#""x""#, 422)] {
        let body = sale("23.00").replacen('{', &format!(r#"{{"numero": {numero},"#), 1);
        let refused = it.post(ALL, &[], &body).await;
        assert_eq!(refused.status, status, "{numero}: {}", refused.text);
    }
}

#[tokio::test]
async fn a_series_that_has_no_numbers_left() {
    let it = Issuing::open(None).await;
    let journal = StoreJournal::new(it.door.app.store());
    it.get("/api/v1/series").await;
    journal
        .open_series(&factura("F099"), 99_999_999)
        .await
        .unwrap();
    let body = sale("20.00").replacen('{', r#"{"serie": "F099","#, 1);
    let headers = [("Prefer", "wait=30")];
    let answer = it.ask(Method::POST, ALL, &headers, &body).await;
    let told = answer.json();
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(
        (&told["estado"], &told["codigo"], &told["problema"]),
        (
            &json!("DEVUELTO"),
            &json!("serie_agotada"),
            &json!("serie_agotada")
        ),
        "{told}"
    );
    assert!(told["mensaje"].as_str().unwrap().contains("F099"), "{told}");
    assert_eq!(told["numero"], Value::Null);
    // Others go on, and what names no series takes the first one that has numbers.
    let body = sale("21.00").replacen('{', r#"{"serie": "FFF1","#, 1);
    assert_eq!(it.issued("s-1", &body).await["numero"], 1);
    let named = |told: &Value| format!("{}-{}", told["serie"].as_str().unwrap(), told["numero"]);
    assert_eq!(named(&it.issued("s-2", &sale("22.00")).await), "FFF1-2");
    // Only where none has any it is the error of the first.
    journal
        .open_series(&factura("FFF1"), 99_999_999)
        .await
        .unwrap();
    let answer = it.ask(Method::POST, ALL, &headers, &sale("23.00")).await;
    let told = answer.json();
    assert_eq!(told["problema"], "serie_agotada", "{told}");
    assert!(told["mensaje"].as_str().unwrap().contains("F099"), "{told}");
}

#[tokio::test]
async fn voids_that_wait_come_late_or_cannot_be() {
    let it = Issuing::open(None).await;
    let motivo = |text: &str| json!({ "motivo": text }).to_string();
    // 1. A boleta that SUNAT does not know: it waits.
    let boleta = it.issued("b-1", &example("boleta")).await;
    let place = boleta["enlaces"]["comprobante"].as_str().unwrap();
    let path = format!("{place}/anular");
    let voided = it
        .ask(Method::POST, &path, &[], &motivo("pedido repetido"))
        .await;
    assert_eq!(voided.status, 202, "{}", voided.text);
    let again = it.ask(Method::POST, &path, &[], &motivo("otra vez")).await;
    assert_eq!(again.status, 202, "{}", again.text);
    let told = it.get(place).await;
    assert_eq!(told["anulacion"]["siguiente"]["que"], "anular", "{told}");
    assert_eq!(
        told["anulacion"]["motivo"], "pedido repetido",
        "one void, the first"
    );
    assert_eq!(told["terminado"], json!(false));
    // 2. Without a motivo, or with one that is too long.
    let sold = it.issued("b-2", &sale("20.00")).await;
    let place = sold["enlaces"]["comprobante"].as_str().unwrap();
    for text in ["", "  ", &"x".repeat(101)] {
        let path = format!("{place}/anular");
        let refused = it.ask(Method::POST, &path, &[], &motivo(text)).await;
        assert_eq!(refused.status, 422, "{text}: {}", refused.text);
    }
    assert_eq!(it.get(place).await.get("anulacion"), None);
    // 3. A guía is voided elsewhere.
    let guia = it.issued("g-1", &example("guia-remitente")).await;
    for (family, id) in [("comprobantes", &guia["id"]), ("guias", &guia["id"])] {
        let path = format!("/api/v1/{family}/{}/anular", id.as_str().unwrap());
        let refused = it.ask(Method::POST, &path, &[], &motivo("x")).await;
        assert_eq!(refused.json()["code"], "anulacion_en_sol", "{family}");
        assert!(refused.text.contains("SOL"), "{}", refused.text);
    }
}

#[tokio::test]
async fn after_the_seventh_day_the_note_is_offered() {
    let it = Still::open().await;
    let late = planted(&it.door, "2026-01-05").await;
    let path = format!("{ALL}/{late}/anular");
    let refused = it.post(&path, &[], r#"{"motivo":"tarde"}"#).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.json()["code"]),
        (422, &json!("anulacion_fuera_de_plazo"))
    );
    assert!(refused.text.contains("corregir"), "{}", refused.text);
}

/// A sale of that day that is taken on.
fn of_day(number: u128, day: &str) -> (NewDocument, NubefactDocument) {
    let json = br#"{"operacion":"generar_comprobante","tipo_de_comprobante":1,"serie":"FFF1"}"#;
    let to_send = NubefactDocument::from_json(json).unwrap();
    let new = NewDocument {
        id: Uuid::from_u128(number),
        series: factura("FFF1"),
        deed: JournalDeed::Issue,
        numero: None,
        request: [7; 32],
        content: to_send.content_hash().to_string(),
        draft: to_send.to_json().to_vec(),
        twin: None,
        twin_allowed: true,
        twin_while_open: false,
        issued_on: Some(day.parse().unwrap()),
        total: Some(2_000),
        credit_limit: None,
        target: None,
        renumber: false,
        asked_by: "cli".to_owned(),
        key_id: None,
        batch: None,
        sheet: DocumentSheet {
            emisor: ISSUER.to_owned(),
            clave: format!("de-antes-{number}"),
            ..DocumentSheet::default()
        },
        at: Clock::system().now(),
    };
    (new, to_send)
}

/// A sale of another day that was issued then; its identifier.
async fn planted(door: &Door, day: &str) -> Uuid {
    let (store, now) = (door.app.store(), Clock::system().now());
    let (new, to_send) = of_day(77, day);
    let (id, key) = (new.id, new.sheet.clave.clone());
    store.accept_document(new).await.unwrap();
    let journal = StoreJournal::new(store);
    journal.take_over().await.unwrap();
    journal.open_series(&factura("FFF1"), 0).await.unwrap();
    let intent = Intent::to_issue(ISSUER, &key, &to_send, now);
    let Intended::Attempt(attempt) = journal.intend(&intent).await.unwrap() else {
        panic!("it was not sent yet")
    };
    let outcome = accepted("FFF1", attempt.numero);
    let concluded = journal.conclude(attempt.id, &outcome, now).await;
    concluded.unwrap();
    id
}

/// More than a page of documents, as a command lists them.
#[tokio::test]
async fn lists_come_page_by_page() {
    let it = Still::open().await;
    let store = it.door.app.store();
    for number in 1..=260 {
        let day = if number % 2 == 0 {
            "2026-01-05"
        } else {
            "2026-01-06"
        };
        let (new, _) = of_day(number, day);
        store.accept_document(new).await.unwrap();
    }
    let ask = chaski_client::Ask::default();
    let room = it.door.app.invoice_room(None, &ask).await.unwrap();
    let check = async |filter: InvoiceFilter, count: usize, first: u128| {
        let rows = room.list_invoices(&filter).await.unwrap();
        assert_eq!((rows.len(), rows[0].id), (count, Uuid::from_u128(first)));
        let newest_first = rows.windows(2).all(|it| it[0].id > it[1].id);
        assert!(newest_first);
    };
    let most = |limit| InvoiceFilter {
        limit,
        ..InvoiceFilter::default()
    };
    check(most(1_000), 260, 260).await;
    check(most(255), 255, 260).await;
    check(most(1), 1, 260).await;
    let of_a_day = InvoiceFilter {
        desde: Some("2026-01-06".parse().unwrap()),
        serie: Some("fff1".to_owned()),
        ..most(1_000)
    };
    check(of_a_day, 130, 259).await;
}

/// Two notes at once, each within the document and both together above it: one is issued.
#[tokio::test]
async fn two_notes_at_once() {
    for database in crate::store_postgres::databases().await {
        let it = Issuing::open(database).await;
        for round in 0..2 {
            let price = format!("{}.00", 118 + round);
            let sold = it.issued(&format!("c-{round}"), &sale(&price)).await;
            let place = sold["enlaces"]["comprobante"].as_str().unwrap();
            let path = format!("{place}/corregir");
            let notes = ["80.00", "70.00", "60.00"].map(|amount| {
                let wish = json!({ "motivo": "04", "importe": amount }).to_string();
                let (it, path) = (&it, path.clone());
                async move { it.ask(Method::POST, &path, &[], &wish).await }
            });
            let answers = join_all(notes).await;
            let taken: Vec<_> = answers.iter().filter(|it| it.status == 202).collect();
            assert_eq!(
                taken.len(),
                1,
                "{:?}",
                answers.iter().map(|it| &it.text).collect::<Vec<_>>()
            );
            for refused in answers.iter().filter(|it| it.status != 202) {
                let code = refused.json()["code"].as_str().unwrap().to_owned();
                assert_eq!(refused.status, 422, "{}", refused.text);
                // In the transaction, by the check, or when the note is made: as it was faster.
                let known = [
                    "nota_supera_documento",
                    "comprobante_con_errores",
                    "correccion_excede",
                ];
                assert!(known.contains(&code.as_str()), "{}", refused.text);
                if code != known[2] {
                    assert_eq!(refused.json()["errors"][0]["code"], "3286");
                }
            }
        }
    }
}

/// The routes of one document that a stranger must not open.
fn of_documents() -> impl Iterator<Item = (&'static str, String, &'static str)> {
    let all = routes().into_iter();
    all.filter(|(_, path, ..)| path.contains(super::issued::NOTHING))
        .map(|(method, path, _, body)| (method, path, body))
}

/// Nor by its name or its number, nor in a list.
async fn closed_by_name(door: &Door, key: &str, who: &str, family: &str, document: &Value) {
    let (tipo, serie) = (&document["tipo"], &document["serie"]);
    let (tipo, serie) = (tipo.as_str().unwrap(), serie.as_str().unwrap());
    for path in [
        format!("/api/v1/{family}/por-numero/{tipo}/{serie}/1"),
        format!("{ALL}/por-numero/{tipo}/{serie}/1/pdf"),
        format!("{ALL}/por-nombre/{tipo}:{serie}-1"),
        format!("/api/v1/{family}/por-numero/{tipo}/{serie}/1?empresa={ISSUER}"),
        format!("{ALL}/por-nombre/{tipo}:{serie}-1?empresa={ISSUER}"),
    ] {
        let answer = ask(door, key, Method::GET, &path, &[], "").await;
        assert_eq!(answer.status, 404, "{who}: {path}: {}", answer.text);
        assert!(!answer.text.contains("ACEPTADO"), "{}", answer.text);
    }
    let name = format!("{tipo}:{serie}-1");
    for (deed, body) in [
        ("consultar", json!({ "comprobante": name })),
        ("anular", json!({ "comprobante": name, "motivo": "x" })),
        (
            "consultar",
            json!({ "comprobante": name, "empresa": ISSUER }),
        ),
    ] {
        let path = format!("{ALL}/{deed}");
        let answer = ask(door, key, Method::POST, &path, &[], &body.to_string()).await;
        assert_eq!(answer.status, 404, "{who}: {deed}: {}", answer.text);
    }
    let listed = ask(
        door,
        key,
        Method::GET,
        &format!("/api/v1/{family}"),
        &[],
        "",
    )
    .await;
    assert_eq!(listed.json()["data"], json!([]), "{who}: {family}");
    let search = json!({ "empresa": ISSUER }).to_string();
    let path = format!("/api/v1/{family}/buscar");
    let found = ask(door, key, Method::POST, &path, &[], &search).await;
    assert_eq!(
        found.json()["data"],
        json!([]),
        "{who}: {family}: {}",
        found.text
    );
}

/// Series are seen and changed by their own.
async fn closed_series(door: &Door, key: &str, who: &str) {
    let series = ask(door, key, Method::GET, "/api/v1/series", &[], "")
        .await
        .json();
    let seen = series["data"].as_array().unwrap();
    assert!(
        seen.iter().all(|it| it["serie"] == "BBB1"),
        "{who}: {series}"
    );
    for (method, path, body) in [
        (
            Method::PATCH,
            "/api/v1/series/factura/FFF1",
            json!({ "en_orden": true }),
        ),
        (
            Method::POST,
            "/api/v1/series",
            json!({ "serie": "F050", "ultimo": 0, "empresa": ISSUER }),
        ),
        (
            Method::POST,
            "/api/v1/series/sincronizar",
            json!({ "serie": "FFF1", "empresa": ISSUER }),
        ),
    ] {
        let answer = ask(door, key, method, path, &[], &body.to_string()).await;
        assert_eq!(answer.status, 404, "{who}: {path}: {}", answer.text);
    }
}

/// Companies are told to their own alone, and tried by their own.
async fn closed_companies(door: &Door, other: &str) {
    let companies = ask(door, other, Method::GET, "/api/v1/empresas", &[], "").await;
    assert_eq!(companies.json()["data"], json!([]));
    let wish = json!({ "ruc": ISSUER }).to_string();
    let tried = ask(
        door,
        other,
        Method::POST,
        "/api/v1/empresas/probar",
        &[],
        &wish,
    )
    .await;
    assert_eq!(tried.status, 404, "{}", tried.text);
    let wish = json!({
        "ruc": ISSUER, "ruta": "https://api.nubefact.com/api/v1/x", "token": "0".repeat(64),
    });
    let path = "/api/v1/empresas";
    let taken = ask(door, other, Method::POST, path, &[], &wish.to_string()).await;
    assert_eq!(taken.status, 404, "{}", taken.text);
    assert!(!taken.text.contains(ISSUER), "{}", taken.text);
}

#[tokio::test]
async fn every_family_is_its_owners() {
    let it = Issuing::open(None).await;
    let door = &it.door;
    let documents = [
        ("comprobantes", it.issued("o-1", &sale("20.00")).await),
        ("guias", it.issued("o-2", &example("guia-remitente")).await),
        ("retenciones", it.issued("o-3", &example("retencion")).await),
        (
            "percepciones",
            it.issued("o-4", &example("percepcion")).await,
        ),
    ];
    let strangers = [
        ("another company", door.key_of(&door.app, Some(OTHER)).await),
        (
            "another series",
            door.key_of_series(Some(ISSUER), "BBB1").await,
        ),
        (
            "another company's series",
            door.key_of_series(Some(OTHER), "FFF1").await,
        ),
    ];
    let before = it.get(ALL).await;
    for (who, key) in &strangers {
        for (family, document) in &documents {
            let id = document["id"].as_str().unwrap();
            for (method, path, body) in of_documents() {
                if !path.starts_with(&format!("/api/v1/{family}/")) {
                    continue;
                }
                let path = path.replace(super::issued::NOTHING, id);
                let answer = ask(door, key, method.parse().unwrap(), &path, &[], body).await;
                assert_eq!(
                    answer.status, 404,
                    "{who}: {method} {path}: {}",
                    answer.text
                );
                // As if there had never been one.
                let nobody = path.replace(id, super::issued::NOTHING);
                let absent = ask(door, key, method.parse().unwrap(), &nobody, &[], body).await;
                let words =
                    |it: &super::Answered| (it.json()["code"].clone(), it.json()["detail"].clone());
                assert_eq!(words(&answer), words(&absent), "{who}: {method} {path}");
            }
            closed_by_name(door, key, who, family, document).await;
        }
        closed_series(door, key, who).await;
    }
    closed_companies(door, &strangers[0].1).await;
    // Nothing came of all that.
    assert_eq!(it.get(ALL).await, before);
}

#[tokio::test]
async fn a_document_by_its_name() {
    let it = Issuing::open(None).await;
    let sold = it.issued("a-1", &sale("118.00")).await;
    let found = it.get(&format!("{ALL}/por-nombre/FFF1-1")).await;
    assert_eq!(
        (&found["id"], &found["problema"]),
        (&sold["id"], &Value::Null)
    );
    assert_eq!(found["mensaje"], "FFF1-1 está emitido");
    assert!(found["nubefact"]["pdf"].is_string(), "{found}");
    let found = it
        .get(&format!("{ALL}/por-nombre/fff1-00000001?empresa={ISSUER}"))
        .await;
    assert_eq!(found["id"], sold["id"]);
    for (name, status, code) in [
        ("FFF1-2", 404, "comprobante_ajeno"),
        ("nc:FFF1-1", 404, "comprobante_ajeno"),
        ("nada", 422, "comprobante_nombre"),
        ("FFF1-1?empresa=20100070970", 404, "empresa_desconocida"),
        ("FFF1-1?empresa=1", 422, "ruc_longitud"),
    ] {
        let path = format!("{ALL}/por-nombre/{name}");
        let answer = it.ask(Method::GET, &path, &[], "").await;
        let code = (status, json!(code));
        assert_eq!(
            (answer.status.as_u16(), answer.json()["code"].clone()),
            code,
            "{name}"
        );
    }
    // What a server says of the same deeds as a command does.
    let ask = async |deed: &str, body: Value| {
        let path = format!("{ALL}/{deed}");
        it.ask(Method::POST, &path, &[], &body.to_string()).await
    };
    let told = ask("consultar", json!({ "comprobante": "FFF1-1" }))
        .await
        .json();
    assert_eq!(
        (&told["estado"], &told["total"], &told["emitido_aqui"]),
        (&json!("ACEPTADO"), &json!("118.00"), &json!(true)),
        "{told}"
    );
    let absent = ask("consultar", json!({ "comprobante": "FFF1-9" })).await;
    assert_eq!(
        absent.json()["code"],
        "comprobante_no_existe",
        "{}",
        absent.text
    );
    let wish = json!({ "comprobante": "FFF1-9", "motivo": "x" });
    assert_eq!(ask("anular", wish).await.status, 404);
    let wish = json!({ "comprobante": "FFF1-1", "motivo": "pedido repetido" });
    let voided = ask("anular", wish).await;
    assert_eq!(voided.status, 200, "{}", voided.text);
    assert_eq!(voided.json()["estado"], "ANULACION_PENDIENTE");
    // Files, by number.
    let path = format!("{ALL}/por-numero/factura/FFF1/1");
    let pdf = it.ask(Method::GET, &format!("{path}/pdf"), &[], "").await;
    assert_eq!((pdf.status.as_u16(), &pdf.text[..4]), (200, "%PDF"));
    let tag = pdf.header("etag").to_owned();
    let headers = [("If-None-Match", tag.as_str())];
    let known = it
        .ask(Method::GET, &format!("{path}/pdf"), &headers, "")
        .await;
    assert_eq!(known.status, 304);
    assert_eq!(
        it.ask(Method::GET, &format!("{path}/zip"), &[], "")
            .await
            .status,
        404
    );
    let absent = format!("{ALL}/por-numero/factura/FFF1/9/pdf");
    assert_eq!(it.ask(Method::GET, &absent, &[], "").await.status, 404);
}

#[tokio::test]
async fn a_rehearsal_says_what_would_come_of_it() {
    let it = Issuing::open(None).await;
    let path = format!("{ALL}/validar?ensayo=true");
    let looked = it
        .ask(Method::POST, &path, &[], &sale("118.50"))
        .await
        .json();
    let rehearsal = &looked["ensayo"];
    assert_eq!(
        (
            &rehearsal["emisor"],
            &rehearsal["numero"],
            &rehearsal["antes"]
        ),
        (&json!(ISSUER), &json!(1), &Value::Null),
        "{looked}"
    );
    let key = rehearsal["clave"].as_str().unwrap();
    let issued = it.issued(key, &sale("118.50")).await;
    // Under another key, it would be another; without, it is this one.
    let again = it
        .ask(Method::POST, &path, &[], &sale("118.50"))
        .await
        .json();
    assert_eq!(again["ensayo"]["antes"]["comprobante"], "FFF1-1", "{again}");
    let more = format!("{path}&otra=true");
    let more = it
        .ask(Method::POST, &more, &[], &sale("118.50"))
        .await
        .json();
    assert_eq!(more["ensayo"]["numero"], 2, "{more}");
    assert_ne!(more["ensayo"]["clave"], json!(key));
    let headers = [("Idempotency-Key", key)];
    let other = it.ask(Method::POST, &path, &headers, &sale("119.50")).await;
    assert_eq!(
        other.json()["code"],
        "clave_otro_contenido",
        "{}",
        other.text
    );
    let wrong = it
        .ask(Method::POST, &path, &[], &example("mal"))
        .await
        .json();
    assert_eq!(
        (&wrong["emitible"], wrong.get("ensayo")),
        (&json!(false), None)
    );
    // Of notes and copies too; nothing is stored.
    let place = issued["enlaces"]["comprobante"].as_str().unwrap();
    let wish = json!({ "motivo": "01" }).to_string();
    let note = format!("{place}/corregir?ensayo=true");
    let note = it.ask(Method::POST, &note, &[], &wish).await;
    assert_eq!(
        (note.status.as_u16(), &note.json()["ensayo"]["numero"]),
        (200, &json!(1))
    );
    let copy = format!("{place}/duplicar?ensayo=true");
    let copy = it.ask(Method::POST, &copy, &[], "").await;
    assert_eq!(
        (copy.status.as_u16(), &copy.json()["ensayo"]["numero"]),
        (200, &json!(2))
    );
    assert_eq!(it.get(ALL).await["data"].as_array().unwrap().len(), 1);
}

/// Whoever copies an example of the description gets what it promises.
#[tokio::test]
async fn examples_of_the_description_are_right() {
    let it = Still::open().await;
    let document = chaski::http::openapi(chaski_core::Lang::Es);
    let example = |path: &str, method: &str| {
        let operation = &document["paths"][path][method];
        let content = &operation["requestBody"]["content"]["application/json"];
        assert!(content["example"].is_object(), "{method} {path}: {content}");
        content["example"].to_string()
    };
    let ensayo = format!("{ALL}/validar?ensayo=true");
    for (path, method, target) in [
        (ALL.to_owned(), "post", ensayo.clone()),
        (format!("{ALL}/validar"), "post", ensayo.clone()),
        (format!("{ALL}/{{id}}"), "put", ensayo),
    ] {
        let answer = it.post(&target, &[], &example(&path, method)).await;
        assert_eq!(
            answer.json()["emitible"],
            json!(true),
            "{path}: {}",
            answer.text
        );
        assert_eq!(answer.json()["hallazgos"], json!([]), "{path}");
    }
    let handed = it.post(ALL, &[], &example(ALL, "post")).await;
    assert_eq!(handed.status, 202, "{}", handed.text);
    let path = format!("{ALL}/buscar");
    let found = it.post(&path, &[], &example(&path, "post")).await;
    assert_eq!(found.status, 200, "{}", found.text);
    let series = "/api/v1/series/sincronizar";
    let walked = it.post(series, &[], &example(series, "post")).await;
    assert_eq!(walked.status, 200, "{}", walked.text);
    let path = "/api/v1/series/{tipo}/{serie}";
    let target = "/api/v1/series/factura/FFF1";
    let changed = it.ask(Method::PATCH, target, &example(path, "patch")).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    let path = "/api/v1/empresas/probar";
    let tried = it.post(path, &[], &example(path, "post")).await;
    assert_eq!(tried.status, 200, "{}", tried.text);
    // Shapes carry theirs.
    let shapes = &document["components"]["schemas"];
    let wish = shapes["CorregirWanted"]["example"].clone();
    assert!(wish["motivo"].is_string(), "{wish}");
}
