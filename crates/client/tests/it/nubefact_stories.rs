//! Whole stories against Nubefact's sandbox: issuing under faults, many at once, voids, guías, what is on
//! record.

use std::sync::Arc;
use std::time::Duration;

use chaski_client::{
    Ask, AuthForm, Clock, Intent, IssueSettled, IssueTurn, JsonSent, Nubefact, NubefactDocument,
    NubefactId, NubefactKind, NubefactState, VoidSettled, VoidWish, blocking,
};
use chaski_core::Lang;
use chaski_sandbox::{Decided, Sandbox, SandboxConfig};
use serde_json::{Value, json};

use crate::kit::{InProcess, TOKEN, start};
use crate::nubefact_kit::{Nube, RUTA, boleta_json, document, factura, factura_json, issued, nube};

fn sample(name: &str) -> Value {
    let path = |folder| {
        let samples = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../core/tests/samples/nubefact"
        );
        format!("{samples}/{folder}/{name}.json")
    };
    let text = std::fs::read_to_string(path("field-dev"));
    let text = text.or_else(|_| std::fs::read_to_string(path("dev")));
    serde_json::from_str(&text.unwrap()).unwrap()
}

/// A sample, issued on the day of these tests.
fn sample_today(name: &str) -> NubefactDocument {
    let mut json = sample(name);
    json["fecha_de_emision"] = "28-01-2026".into();
    document(&json)
}

fn factura_id(numero: u32) -> NubefactId {
    NubefactId::new(NubefactKind::Factura, "FFF1", numero).unwrap()
}

/// Wishes again as long as it is not known, as a queue would.
async fn issue_patiently(
    nubefact: &Nubefact,
    document: &NubefactDocument,
    key: &str,
) -> IssueSettled {
    for _ in 0..10 {
        let settled = nubefact.issue(document, key).await.unwrap();
        if !matches!(
            settled,
            IssueSettled::Unknown { .. } | IssueSettled::Held { .. } | IssueSettled::NotSent { .. }
        ) {
            return settled;
        }
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
    panic!("not settled");
}

#[tokio::test(start_paused = true)]
async fn the_cases_of_public_reports() {
    // Accepted, and the connection closed before the answer: asked, found, adopted.
    let it = nube().await;
    it.fail("cerrar@generar_comprobante x1");
    let lost = sample_today("una-respuesta-perdida");
    let doubt = it.nubefact.issue(&lost, "k").await.unwrap();
    assert!(matches!(doubt, IssueSettled::Unknown { .. }), "{doubt:?}");
    assert!(
        doubt
            .message(Lang::Es)
            .contains("no lo emita de otra forma")
    );
    let settled = it.nubefact.issue(&lost, "k").await.unwrap();
    assert_eq!(settled.estado(), "PENDIENTE_SUNAT");
    assert!(settled.issued().unwrap().recovered);
    assert_eq!(it.issued(), ["BBB1-181"]);

    // Never arrived: asked (24), sent again under the same number.
    let it = nube().await;
    it.fail("reset@generar_comprobante x1");
    let settled = issue_patiently(&it.nubefact, &sample_today("una-no-llego"), "k").await;
    assert_eq!(settled.estado(), "PENDIENTE_SUNAT");
    assert_eq!(it.issued().len(), 1);
    let operations: Vec<_> = it.entries().into_iter().map(|it| it.operation).collect();
    let asked = [
        "generar_comprobante",
        "consultar_comprobante",
        "generar_comprobante",
    ];
    assert_eq!(operations, asked);

    // A number of the caller's that somebody else has: never adopted.
    let it = nube().await;
    let elsewhere = nube_of(&it.sandbox, it.clock).await;
    let theirs = sample_today("una-23-ajeno.antes");
    assert!(
        elsewhere
            .issue(&theirs, "otro")
            .await
            .unwrap()
            .issued()
            .is_some()
    );
    let ours = sample_today("una-23-ajeno");
    for _ in 0..2 {
        let settled = it.nubefact.issue(&ours, "k").await.unwrap();
        assert_eq!(settled.estado(), "CONFLICTO");
        assert!(settled.issued().is_none());
    }
    assert_eq!(it.issued().len(), 1);
}

/// Another program on the same account, with a journal of its own.
async fn nube_of(sandbox: &Sandbox, clock: Clock) -> Nubefact {
    let nubefact = Nubefact::builder(RUTA, TOKEN)
        .clock(clock)
        .transport(Arc::new(InProcess(sandbox.clone())))
        .build()
        .unwrap();
    nubefact
        .open_series(NubefactKind::Factura, "FFF1", 0)
        .await
        .unwrap();
    nubefact
}

/// Each fault once, then the same wish until it is settled: one document, one content for its number.
#[tokio::test(start_paused = true)]
async fn every_fault_ends_with_one_document() {
    for fault in [
        "tras:500",
        "tras:503",
        "tras:502:html",
        "tras:40",
        "tarde:200s",
        "tarde:3s",
        "doble",
        "otro-numero",
        "vacio",
        "10",
        "11",
        "12",
        "40",
        "50",
        "51",
        "401",
        "403",
        "404",
        "429",
        "429:retry=7",
        "500",
        "502:html",
        "redireccion",
        "reset",
        "caida:2s",
        "cerrar",
        "goteo:1s",
        "truncado",
        "json-malo",
        "html",
        "enorme",
        "anidado",
    ] {
        let it = nube().await;
        it.fail(&format!("{fault}@generar_comprobante x1"));
        let settled = issue_patiently(&it.nubefact, &factura("uno"), "k").await;
        let issued = settled
            .issued()
            .unwrap_or_else(|| panic!("{fault}: {settled:?}"));
        assert_eq!(issued.entry.numero, 1, "{fault}");
        let next = it.nubefact.issue(&factura("dos"), "l").await.unwrap();
        assert_eq!(next.issued().unwrap().entry.numero, 2, "{fault}");
        // Whatever comes late.
        tokio::time::sleep(Duration::from_mins(10)).await;
        assert_eq!(it.issued(), ["FFF1-1", "FFF1-2"], "{fault}");
        let hashes: std::collections::BTreeSet<_> = it
            .entries()
            .into_iter()
            .filter(|it| it.comprobante.as_deref() == Some("FFF1-1"))
            .filter(|it| it.operation == "generar_comprobante")
            .map(|it| it.bytes_hash)
            .collect();
        assert_eq!(hashes.len(), 1, "{fault}");
    }
}

/// A read that lags makes 24 of a document that exists: sent again, it is 23, and asked about.
#[tokio::test(start_paused = true)]
async fn a_document_that_is_not_found_yet_is_not_issued_twice() {
    let it = nube().await;
    it.fail("24-tardio:12s@generar_comprobante x1");
    it.fail("cerrar@generar_comprobante x1");
    let settled = issue_patiently(&it.nubefact, &factura("uno"), "k").await;
    assert!(settled.issued().is_some(), "{settled:?}");
    assert_eq!(it.issued(), ["FFF1-1"]);
}

/// Documents that go out behind each other: each as soon as the one before it is accepted, and none past one
/// that came to anything else.
#[tokio::test(start_paused = true)]
async fn each_waits_for_the_one_before_it() {
    // The fault of the first one, what it comes to, and what the upstream then has of the three.
    let cases = [
        (None, "ACEPTADO", vec!["FFF1-1", "FFF1-2", "FFF1-3"]),
        (Some("21@generar_comprobante x1"), "DEVUELTO", vec![]),
        (Some("11@generar_comprobante x1"), "EN_ESPERA", vec![]),
        (
            Some("cerrar@generar_comprobante x1"),
            "DESCONOCIDO",
            vec!["FFF1-1"],
        ),
        (Some("23-ajeno@generar_comprobante x1"), "CONFLICTO", vec![]),
    ];
    for (fault, first, has) in cases {
        let it = nube().await;
        if let Some(fault) = fault {
            it.fail(fault);
        }
        let (one, after_one) = IssueTurn::behind(None);
        let (two, after_two) = IssueTurn::behind(Some(after_one));
        let (three, _) = IssueTurn::behind(Some(after_two));
        let settle = |key: &'static str, turn| {
            let intent = Intent::to_issue(it.nubefact.issuer(), key, &factura(key), start());
            it.nubefact.settle_in_turn(intent, turn)
        };
        // The last one asks first.
        let (three, two, one) = tokio::join!(
            settle("tres", three),
            settle("dos", two),
            settle("uno", one)
        );
        let (one, two, three) = (one.unwrap(), two.unwrap(), three.unwrap());
        assert_eq!(one.estado(), first, "{fault:?}");
        let all = fault.is_none();
        for it in [&two, &three] {
            assert_eq!(it.issued().is_some(), all, "{fault:?}: {it:?}");
            let waits = matches!(it, IssueSettled::NotItsTurn);
            assert_eq!(waits, !all, "{fault:?}: {it:?}");
        }
        let ours = it.issued();
        assert_eq!(ours, has, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stranger_takes_the_number_first() {
    let it = nube().await;
    it.fail("23-ajeno@generar_comprobante x1");
    let settled = it.nubefact.issue(&factura("uno"), "k").await.unwrap();
    assert!(
        matches!(settled, IssueSettled::Conflict { .. }),
        "{settled:?}"
    );
    let mut intent = Intent::to_issue(it.nubefact.issuer(), "k", &factura("uno"), start());
    intent.renumber = true;
    let settled = it.nubefact.settle(intent).await.unwrap();
    assert_eq!(settled.issued().unwrap().entry.numero, 2);
    assert_eq!(it.issued(), ["FFF1-2"]);
    let by_stranger = it
        .entries()
        .into_iter()
        .filter(|it| it.decision == Decided::Ajeno);
    assert_eq!(by_stranger.count(), 1);
}

/// Refused, and a late copy accepted all the same: the same wish finds it, and so does whoever took the
/// number meanwhile.
#[tokio::test(start_paused = true)]
async fn a_late_copy_of_a_refused_request_is_found() {
    for another_comes_first in [false, true] {
        let it = nube().await;
        it.fail("rechaza-y-acepta@generar_comprobante x1");
        let refused = it.nubefact.issue(&factura("uno"), "k").await.unwrap();
        assert_eq!(refused.estado(), "DEVUELTO");
        tokio::time::sleep(Duration::from_mins(1)).await;
        if another_comes_first {
            let mut other = factura_json("dos");
            other["cliente_numero_de_documento"] = "20131312955".into();
            let told = it.nubefact.issue(&document(&other), "l").await.unwrap();
            assert!(matches!(told, IssueSettled::Conflict { .. }), "{told:?}");
        }
        let settled = it.nubefact.issue(&factura("uno"), "k").await.unwrap();
        let issued = settled.issued().unwrap();
        assert!(issued.recovered && issued.entry.numero == 1, "{settled:?}");
        assert_eq!(it.issued(), ["FFF1-1"]);
    }
}

/// Refused numbers are taken again, lowest first: no hole is left.
#[tokio::test(start_paused = true)]
async fn refusals_leave_no_hole() {
    let it = nube().await;
    let mut wrong = factura_json("mal");
    wrong["total"] = 118.5.into();
    for (document, key) in [
        (factura("a"), "a"),
        (document(&wrong), "mal"),
        (factura("b"), "b"),
    ] {
        let settled = it.nubefact.issue(&document, key).await.unwrap();
        assert_eq!(settled.issued().is_none(), key == "mal", "{settled:?}");
    }
    assert_eq!(it.issued(), ["FFF1-1", "FFF1-2"]);
    let told = it.nubefact.issue(&document(&wrong), "mal").await.unwrap();
    assert_eq!(told.estado(), "DEVUELTO");
    let IssueSettled::Refused { refusal, .. } = told else {
        panic!("{told:?}");
    };
    assert!(refusal.codigo == Some(21) && !refusal.text.is_empty());
}

/// Fifty at once, ten at a time: fifty documents, numbered without a hole, in about the time of five
/// rounds.
#[tokio::test(start_paused = true)]
async fn fifty_at_once_are_fifty_documents() {
    for latency in [2_500, 20] {
        let it = Nube::with(|it| it.latency = format!("{latency}ms").parse().unwrap()).await;
        let began = tokio::time::Instant::now();
        let documents: Vec<_> = (0..50)
            .map(|n| (factura(&format!("p{n}")), format!("k{n}")))
            .collect();
        let all = documents
            .iter()
            .map(|(document, key)| it.nubefact.issue(document, key));
        let settled = futures_util::future::join_all(all).await;
        let took = began.elapsed();
        assert!(
            settled
                .iter()
                .all(|it| it.as_ref().unwrap().issued().is_some())
        );
        let mut numeros: Vec<u32> = settled
            .iter()
            .map(|it| it.as_ref().unwrap().issued().unwrap().entry.numero)
            .collect();
        numeros.sort_unstable();
        assert_eq!(numeros, (1..=50).collect::<Vec<_>>());
        let ideal = Duration::from_millis(latency) * 5;
        assert!(took <= ideal.mul_f64(1.1), "{took:?}");
    }
}

/// Two callers with the same wish at the same moment are one document, and one request.
#[tokio::test(start_paused = true)]
async fn the_same_wish_twice_at_once_is_sent_once() {
    let it = nube().await;
    let document = factura("uno");
    let all = (0..20).map(|_| it.nubefact.issue(&document, "k"));
    for settled in futures_util::future::join_all(all).await {
        assert!(settled.unwrap().issued().is_some());
    }
    assert_eq!(it.entries().len(), 1);
    // And whoever stops waiting does not stop it.
    let it = Nube::with(|it| it.latency = "1s".parse().unwrap()).await;
    let gone = factura("dos");
    let waiting = it.nubefact.issue(&gone, "l");
    assert!(
        tokio::time::timeout(Duration::from_millis(10), waiting)
            .await
            .is_err()
    );
    tokio::time::sleep(Duration::from_mins(1)).await;
    assert_eq!(it.issued(), ["FFF1-1"]);
    assert!(
        it.nubefact
            .issue(&gone, "l")
            .await
            .unwrap()
            .issued()
            .unwrap()
            .before
    );
}

#[tokio::test(start_paused = true)]
async fn every_kind_is_issued_and_asked_about() {
    let it = nube().await;
    let mut guia = sample("gre-remitente-venta-publico");
    guia["fecha_de_emision"] = "28-01-2026".into();
    guia["fecha_de_inicio_de_traslado"] = "28-01-2026".into();
    let mut documents = vec![document(&guia), document(&boleta_json("x")), factura("x")];
    for name in ["retencion-3", "percepcion-2"] {
        documents.push(sample_today(name));
    }
    for document in documents {
        let key = document.content_hash();
        let settled = it.nubefact.issue(&document, &key).await.unwrap();
        let issued = settled
            .issued()
            .unwrap_or_else(|| panic!("{document:?} {settled:?}"));
        let id = issued.entry.document();
        let reply = it.nubefact.consult(&id).await.unwrap().unwrap();
        let name = (reply.serie().unwrap(), reply.numero().unwrap());
        assert_eq!(name, (id.serie.to_string(), id.numero));
        let none = NubefactId::new(id.kind, &id.serie, 7_777).unwrap();
        assert!(it.nubefact.consult(&none).await.unwrap().is_none(), "{id}");
    }
}

/// What has no IGV is found again as well; somebody else's is not taken for it.
#[tokio::test(start_paused = true)]
async fn a_lost_retencion_and_percepcion_are_found() {
    for (name, operation) in [
        ("retencion-3", "generar_retencion"),
        ("percepcion-2", "generar_percepcion"),
    ] {
        let it = nube().await;
        it.fail(&format!("cerrar@{operation} x1"));
        let document = sample_today(name);
        let settled = issue_patiently(&it.nubefact, &document, "k").await;
        assert!(settled.issued().unwrap().recovered, "{settled:?}");
        assert_eq!(it.issued().len(), 1);
        let it = nube().await;
        let elsewhere = nube_of(&it.sandbox, it.clock).await;
        let mut theirs = sample(name);
        theirs["fecha_de_emision"] = "28-01-2026".into();
        theirs["cliente_numero_de_documento"] = "20512333797".into();
        let issued = elsewhere
            .issue(&crate::nubefact_kit::document(&theirs), "t")
            .await;
        assert!(issued.unwrap().issued().is_some());
        let settled = it.nubefact.issue(&document, "k").await.unwrap();
        assert!(
            matches!(settled, IssueSettled::Conflict { .. }),
            "{settled:?}"
        );
    }
}

/// A guía is accepted later, and its lost answer is found by its name.
#[tokio::test(start_paused = true)]
async fn a_guia_goes_in_two_steps() {
    let it = nube().await;
    let mut json = sample("gre-remitente-venta-publico");
    json["fecha_de_emision"] = "28-01-2026".into();
    json["fecha_de_inicio_de_traslado"] = "28-01-2026".into();
    it.fail("cerrar@generar_guia x1");
    let guia = document(&json);
    let settled = issue_patiently(&it.nubefact, &guia, "g").await;
    let issued = settled.issued().unwrap();
    assert!(issued.recovered);
    tokio::time::sleep(Duration::from_mins(1)).await;
    let reply = it
        .nubefact
        .consult(&issued.entry.document())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(reply.state(), NubefactState::Accepted);
    // The journal has heard of it.
    let again = it.nubefact.issue(&guia, "g").await.unwrap();
    assert_eq!(again.estado(), "ACEPTADO");
    assert_eq!(
        it.entries()
            .iter()
            .filter(|it| it.decision == Decided::Aceptado)
            .count(),
        1
    );
    let wish = VoidWish::new(issued.entry.document(), "no va").unwrap();
    let void = it.nubefact.void(&wish).await.unwrap();
    assert!(matches!(void, VoidSettled::NotHere));
}

#[tokio::test(start_paused = true)]
async fn a_void_is_made_once_and_followed() {
    let it = nube().await;
    assert!(
        it.nubefact
            .issue(&factura("uno"), "k")
            .await
            .unwrap()
            .issued()
            .is_some()
    );
    let wish = VoidWish::new(factura_id(1), "pedido repetido").unwrap();
    let first = it.nubefact.void(&wish).await.unwrap();
    assert_eq!(first.estado(), Some("ANULACION_PENDIENTE"), "{first:?}");
    // Again, in another process too: asked about, not sent.
    let elsewhere = nube_of(&it.sandbox, it.clock).await;
    for nubefact in [&it.nubefact, &elsewhere] {
        let again = nubefact.void(&wish).await.unwrap();
        assert!(again.estado().is_some(), "{again:?}");
    }
    tokio::time::sleep(Duration::from_mins(1)).await;
    let done = it.nubefact.void(&wish).await.unwrap();
    assert_eq!(done.estado(), Some("ANULADO"), "{done:?}");
    let sent = it
        .entries()
        .into_iter()
        .filter(|it| it.operation == "generar_anulacion");
    assert_eq!(sent.count(), 1);
    let nothing = VoidWish::new(factura_id(9), "no hay").unwrap();
    assert!(matches!(
        it.nubefact.void(&nothing).await.unwrap(),
        VoidSettled::NotFound
    ));
    // A boleta waits until it was accepted.
    assert!(
        it.nubefact
            .issue(&document(&boleta_json("x")), "b")
            .await
            .unwrap()
            .issued()
            .is_some()
    );
    let boleta = NubefactId::new(NubefactKind::Boleta, "BBB1", 1).unwrap();
    let waits = it
        .nubefact
        .void(&VoidWish::new(boleta, "no va").unwrap())
        .await
        .unwrap();
    assert!(matches!(waits, VoidSettled::Waits(_)), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn voids_under_faults_end_once() {
    for fault in [
        "cerrar", "reset", "tras:500", "tras:40", "truncado", "500", "2323", "doble",
    ] {
        let it = nube().await;
        assert!(
            it.nubefact
                .issue(&factura("uno"), "k")
                .await
                .unwrap()
                .issued()
                .is_some()
        );
        it.fail(&format!("{fault}@generar_anulacion x1"));
        let wish = VoidWish::new(factura_id(1), "pedido repetido").unwrap();
        let mut last = None;
        for _ in 0..5 {
            last = Some(it.nubefact.void(&wish).await.unwrap());
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        assert_eq!(
            last.as_ref().unwrap().estado(),
            Some("ANULADO"),
            "{fault}: {last:?}"
        );
        let made = it
            .entries()
            .into_iter()
            .filter(|it| it.decision == Decided::Baja);
        assert_eq!(made.count(), 1, "{fault}");
    }
}

/// Seven days, and not eight.
#[tokio::test(start_paused = true)]
async fn a_void_that_comes_too_late_is_told() {
    for (days, too_late) in [(7, false), (8, true)] {
        let it = nube().await;
        assert!(
            it.nubefact
                .issue(&factura("uno"), "k")
                .await
                .unwrap()
                .issued()
                .is_some()
        );
        tokio::time::sleep(Duration::from_hours(24 * days)).await;
        let wish = VoidWish::new(factura_id(1), "tarde").unwrap();
        let void = it.nubefact.void(&wish).await.unwrap();
        assert_eq!(
            matches!(void, VoidSettled::TooLate { .. }),
            too_late,
            "{void:?}"
        );
    }
}

/// A void that was sent on the seventh day is asked about on the eighth, whatever became of its answer.
#[tokio::test(start_paused = true)]
async fn a_void_sent_in_time_is_never_too_late() {
    for fault in ["cerrar", "tras:500"] {
        let it = nube().await;
        let issued = it.nubefact.issue(&factura("uno"), "k").await.unwrap();
        assert!(issued.issued().is_some());
        // Two seconds before midnight in Lima.
        tokio::time::sleep(Duration::from_secs((7 * 24 + 14) * 3600 - 2)).await;
        it.fail(&format!("{fault}@generar_anulacion x1"));
        let wish = VoidWish::new(factura_id(1), "a tiempo").unwrap();
        let lost = it.nubefact.void(&wish).await.unwrap();
        assert_eq!(lost.estado(), Some("ANULACION_PENDIENTE"), "{lost:?}");
        tokio::time::sleep(Duration::from_secs(4)).await;
        let late = it.nubefact.void(&wish).await.unwrap();
        assert_eq!(late.estado(), Some("ANULACION_PENDIENTE"), "{late:?}");
        tokio::time::sleep(Duration::from_mins(1)).await;
        let made = it.nubefact.void(&wish).await.unwrap();
        assert_eq!(made.estado(), Some("ANULADO"), "{fault}: {made:?}");
    }
}

/// What is in doubt is found out about before it is voided, and what is known is not believed to be missing.
#[tokio::test(start_paused = true)]
async fn a_document_is_known_before_it_is_voided() {
    for (fault, is_known) in [("24-tardio:12s", true), ("tras:500", false)] {
        let it = nube().await;
        it.fail(&format!("{fault}@generar_comprobante x1"));
        let settled = it.nubefact.issue(&factura("uno"), "k").await.unwrap();
        assert_eq!(settled.issued().is_some(), is_known, "{settled:?}");
        let wish = VoidWish::new(factura_id(1), "no va").unwrap();
        if is_known {
            let early = it.nubefact.void(&wish).await.unwrap();
            assert!(matches!(early, VoidSettled::Unknown { .. }), "{early:?}");
            tokio::time::sleep(Duration::from_secs(30)).await;
        }
        let made = it.nubefact.void(&wish).await.unwrap();
        assert_eq!(made.estado(), Some("ANULACION_PENDIENTE"), "{made:?}");
        let issued = it.nubefact.issue(&factura("uno"), "k").await.unwrap();
        assert!(issued.issued().is_some_and(|it| it.before), "{issued:?}");
    }
}

/// All fourteen operations as JSON.
#[tokio::test(start_paused = true)]
async fn raw_requests_go_the_same_ways() {
    let it = nube().await;
    let send = async |json: Value| {
        it.nubefact
            .send_json(json.to_string().as_bytes(), None)
            .await
    };
    let JsonSent::Issued(settled) = send(factura_json("x")).await.unwrap() else {
        panic!("it issues");
    };
    assert!(settled.issued().is_some());
    // The same content is the same document.
    let JsonSent::Issued(settled) = send(factura_json("x")).await.unwrap() else {
        panic!("it issues");
    };
    assert!(settled.issued().unwrap().before);
    let about = |operation: &str, kind: Value, serie: &str| {
        json!({ "operacion": operation, "tipo_de_comprobante": kind, "serie": serie, "numero": "1",
            "motivo": "prueba" })
    };
    let found = send(about("consultar_comprobante", "1".into(), "FFF1"))
        .await
        .unwrap();
    assert!(matches!(found, JsonSent::Asked(Some(_))));
    for (operation, kind, serie) in [
        ("consultar_guia", json!(7), "TTT1"),
        ("consultar_retencion", Value::Null, "RRR1"),
        ("consultar_percepcion", Value::Null, "PPP1"),
        ("consultar_reversion_retencion", Value::Null, "RRR1"),
        ("consultar_reversion_percepcion", Value::Null, "PPP1"),
        ("consultar_anulacion", json!(1), "FFF1"),
    ] {
        let none = send(about(operation, kind, serie)).await.unwrap();
        assert!(
            matches!(none, JsonSent::Asked(None)),
            "{operation}: {none:?}"
        );
    }
    for (operation, serie) in [
        ("generar_reversion_retencion", "RRR1"),
        ("generar_reversion_percepcion", "PPP1"),
    ] {
        let none = send(about(operation, Value::Null, serie)).await.unwrap();
        assert!(
            matches!(none, JsonSent::Voided(VoidSettled::NotFound)),
            "{operation}"
        );
    }
    let void = send(about("generar_anulacion", 1.into(), "FFF1"))
        .await
        .unwrap();
    assert!(
        matches!(void, JsonSent::Voided(VoidSettled::Ticket(_))),
        "{void:?}"
    );
    for bad in [
        json!({}),
        json!({"operacion": "otra"}),
        json!([]),
        about("consultar_guia", 1.into(), "TTT1"),
    ] {
        assert!(send(bad).await.is_err());
    }
}

/// Numbers that others used are found by walking on.
#[tokio::test(start_paused = true)]
async fn a_walk_finds_what_others_issued() {
    let it = nube().await;
    let elsewhere = nube_of(&it.sandbox, it.clock).await;
    for n in 0..3 {
        let key = format!("k{n}");
        assert!(
            elsewhere
                .issue(&factura(&key), &key)
                .await
                .unwrap()
                .issued()
                .is_some()
        );
    }
    let count = it
        .nubefact
        .walk_series(NubefactKind::Factura, "FFF1")
        .await
        .unwrap();
    assert_eq!(count, 3);
    let settled = it.nubefact.issue(&factura("propia"), "p").await.unwrap();
    assert_eq!(settled.issued().unwrap().entry.numero, 4);
}

#[tokio::test(start_paused = true)]
async fn every_form_of_the_header_is_taken() {
    for (auth, shown) in [
        (AuthForm::TokenQuoted, format!("Token token=\"{TOKEN}\"")),
        (AuthForm::TokenPlain, format!("Token token={TOKEN}")),
        (AuthForm::Bare, TOKEN.to_owned()),
        (AuthForm::Bearer, format!("Bearer {TOKEN}")),
    ] {
        for typed in [TOKEN.to_owned(), format!("  {shown} ")] {
            let clock = Clock::starting_at(start());
            let sandbox = Sandbox::new(SandboxConfig::new(move || clock.now())).unwrap();
            let nubefact =
                Nubefact::builder(format!("https://api.nubefact.com/api/v1/{RUTA}"), typed)
                    .auth(auth)
                    .clock(clock)
                    .transport(Arc::new(InProcess(sandbox.clone())))
                    .build()
                    .unwrap();
            nubefact
                .open_series(NubefactKind::Factura, "FFF1", 0)
                .await
                .unwrap();
            assert!(
                nubefact
                    .issue(&factura("x"), "k")
                    .await
                    .unwrap()
                    .issued()
                    .is_some()
            );
            assert_eq!(issued(&sandbox), ["FFF1-1"]);
        }
    }
}

/// Operation, name, outcome: and nothing else of the document.
#[tokio::test(start_paused = true)]
async fn every_call_is_on_record() {
    let it = nube().await;
    it.fail("cerrar@generar_comprobante x1");
    let _ = issue_patiently(
        &it.nubefact.asked_by(Ask::by("caja-1")),
        &factura("uno"),
        "k",
    )
    .await;
    let mut wrong = factura_json("mal");
    wrong["total"] = 999.into();
    let refused = it.nubefact.issue(&document(&wrong), "m").await.unwrap();
    assert!(matches!(refused, IssueSettled::Refused { .. }));
    assert!(it.nubefact.consult(&factura_id(9)).await.unwrap().is_none());
    assert_eq!(
        it.rows(),
        [
            "generar_comprobante FFF1-1 conexion_interrumpida",
            "consultar_comprobante FFF1-1 SUCCESS",
            "generar_comprobante FFF1-2 REFUSED",
            "consultar_comprobante FFF1-9 NOT_FOUND",
        ]
    );
    let calls = it.ledger.calls();
    assert_eq!(calls[0].asked_by, "caja-1");
    assert_eq!(
        (calls[0].http_status, calls[2].http_status),
        (None, Some(400))
    );
    assert!(
        calls
            .iter()
            .all(|it| it.provider == "nubefact" && it.bodies.is_none())
    );
}

#[test]
fn the_blocking_client_does_the_same() {
    let sandbox = Sandbox::new(SandboxConfig::new(start)).unwrap();
    let inner = Nubefact::builder(RUTA, TOKEN)
        .clock(Clock::starting_at(start()))
        .transport(Arc::new(InProcess(sandbox.clone())))
        .build()
        .unwrap();
    let it = Arc::new(blocking::Nubefact::new(inner).unwrap());
    it.open_series(NubefactKind::Factura, "FFF1", 0).unwrap();
    let threads: Vec<_> = (0..10)
        .map(|n| {
            let it = Arc::clone(&it);
            std::thread::spawn(move || {
                let key = format!("k{n}");
                it.issue(&factura(&key), &key).unwrap().issued().is_some()
            })
        })
        .collect();
    assert!(threads.into_iter().all(|it| it.join().unwrap()));
    assert_eq!(issued(&sandbox).len(), 10);
    assert!(it.consult(&factura_id(10)).unwrap().is_some());
    assert!(it.consult_void(&factura_id(10)).unwrap().is_none());
    let wish = VoidWish::new(factura_id(10), "prueba").unwrap();
    assert!(it.void(&wish).unwrap().estado().is_some());
    assert!(it.resolve_open().unwrap().is_empty());
}

/// After a crash, a program asks about what is open before it does anything else.
#[tokio::test(start_paused = true)]
async fn what_is_open_at_the_start_is_asked_about() {
    let it: Nube = nube().await;
    it.fail("cerrar@generar_comprobante x2");
    for key in ["a", "b"] {
        let doubt = it.nubefact.issue(&factura(key), key).await.unwrap();
        assert!(matches!(doubt, IssueSettled::Unknown { .. }));
    }
    it.fail("reset@generar_comprobante x1");
    let lost = it.nubefact.issue(&factura("c"), "c").await.unwrap();
    assert!(matches!(lost, IssueSettled::Unknown { .. }));
    let settled = it.nubefact.resolve_open().await.unwrap();
    let estados: Vec<_> = settled.iter().map(IssueSettled::estado).collect();
    assert_eq!(estados, ["ACEPTADO", "ACEPTADO", "DESCONOCIDO"]);
    // Later than anything can still arrive, what is not there was not issued, and its number is free.
    tokio::time::sleep(Duration::from_mins(20)).await;
    let settled = it.nubefact.resolve_open().await.unwrap();
    assert_eq!(settled[0].estado(), "EN_COLA");
    assert_eq!(it.nubefact.series().await.unwrap()[0].free, [3]);
    assert_eq!(it.issued().len(), 2);
}
