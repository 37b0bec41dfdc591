//! Every row of the table of classes: what was seen of an attempt, what the caller is told, and what the
//! same wish does next.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use chaski_client::{
    Clock, IssueSettled, Nubefact, NubefactError, NubefactKind, Transport, TransportError,
};
use futures_util::future::BoxFuture;
use http::{Request, Response};
use serde_json::Value;

use crate::kit::{TOKEN, paused, start};
use crate::nubefact_kit::{RUTA, factura};

/// What comes back.
#[derive(Clone)]
pub(crate) enum Seen {
    Answer(u16, String),
    /// With headers.
    Headed(u16, &'static str, &'static str, String),
    Fails(TransportError),
    Silence,
}

pub(crate) fn says(status: u16, body: &str) -> Seen {
    Seen::Answer(status, body.to_owned())
}

pub(crate) fn code(status: u16, codigo: u16) -> Seen {
    says(
        status,
        &format!(r#"{{"errors":"texto","codigo":{codigo}}}"#),
    )
}

/// Answers in their order, and what was asked.
#[derive(Default)]
pub(crate) struct Played {
    answers: Mutex<VecDeque<Seen>>,
    pub(crate) asked: Mutex<Vec<Value>>,
    pub(crate) requests: Mutex<Vec<Request<Bytes>>>,
}

impl Played {
    pub(crate) fn of(answers: Vec<Seen>) -> Arc<Played> {
        Arc::new(Played {
            answers: Mutex::new(answers.into()),
            ..Played::default()
        })
    }

    pub(crate) fn then(&self, answers: Vec<Seen>) {
        self.answers.lock().unwrap().extend(answers);
    }

    /// The operations that were asked for since, in short.
    pub(crate) fn operations(&self) -> Vec<String> {
        let asked = std::mem::take(&mut *self.asked.lock().unwrap());
        let names = asked.iter().map(|it| it["operacion"].as_str().unwrap());
        names
            .map(|it| it.split('_').next().unwrap().to_owned())
            .collect()
    }
}

impl Transport for Played {
    fn send(
        &self,
        request: Request<Bytes>,
        most_bytes: usize,
    ) -> BoxFuture<'_, Result<Response<Bytes>, TransportError>> {
        if let Ok(body) = serde_json::from_slice(request.body()) {
            self.asked.lock().unwrap().push(body);
        }
        self.requests.lock().unwrap().push(request);
        let seen = self
            .answers
            .lock()
            .unwrap()
            .pop_front()
            .expect("an answer was prepared");
        Box::pin(async move {
            let (response, body) = match seen {
                Seen::Answer(status, body) => (Response::builder().status(status), body),
                Seen::Headed(status, name, value, body) => {
                    (Response::builder().status(status).header(name, value), body)
                }
                Seen::Fails(error) => return Err(error),
                Seen::Silence => std::future::pending().await,
            };
            if body.len() > most_bytes {
                return Err(TransportError::TooLarge);
            }
            Ok(response.body(Bytes::from(body)).unwrap())
        })
    }
}

pub(crate) async fn client(played: &Arc<Played>) -> Nubefact {
    let nubefact = Nubefact::builder(RUTA, TOKEN)
        .clock(Clock::starting_at(start()))
        .transport(Arc::clone(played) as Arc<dyn Transport>)
        .build()
        .unwrap();
    for kind in [NubefactKind::Factura, NubefactKind::NotaCredito] {
        nubefact.open_series(kind, "FFF1", 0).await.unwrap();
    }
    nubefact
}

pub(crate) fn echo(numero: u32) -> String {
    format!(
        r#"{{"tipo_de_comprobante":1,"serie":"FFF1","numero":{numero},"aceptada_por_sunat":true,
            "sunat_responsecode":"0","cadena_para_codigo_qr":"{}"}}"#,
        qr("118.00")
    )
}

fn qr(total: &str) -> String {
    format!(
        "20600695771 | 01 | FFF1 | 000001 | 18.00 | {total} | 28/01/2026 | 6 | 20512333797 | x= |"
    )
}

/// What the same wish does next, when there is no such document and then it is taken.
const SENDS: &[&str] = &["generar"];
const ASKS: &[&str] = &["consultar", "generar"];
const NOTHING: &[&str] = &[];

#[track_caller]
fn check(name: &str, seen: Seen, estado: &str, next: &[&str]) {
    paused(async {
        let is_taken = matches!(&seen, Seen::Answer(_, body)
            if body.contains("\"codigo\":23") || body.contains("ya existe"));
        let played = Played::of(vec![seen]);
        if is_taken {
            played.then(vec![code(400, 24)]);
        }
        let nubefact = client(&played).await;
        let document = factura("uno");
        let settled = nubefact.issue(&document, "k").await.unwrap();
        assert_eq!(settled.estado(), estado, "{name}: {settled:?}");
        let first: &[&str] = if is_taken {
            &["generar", "consultar"]
        } else {
            SENDS
        };
        assert_eq!(played.operations(), first, "{name}");
        let before = played.requests.lock().unwrap()[0].body().clone();
        // The same wish again.
        if next == ASKS {
            played.then(vec![code(400, 24)]);
        }
        played.then(vec![says(200, &echo(1))]);
        let settled = nubefact.issue(&document, "k").await.unwrap();
        assert_eq!(settled.estado(), "ACEPTADO", "{name}: {settled:?}");
        assert_eq!(played.operations(), next, "{name}");
        if next != NOTHING {
            let requests = played.requests.lock().unwrap();
            assert_eq!(
                requests.last().unwrap().body(),
                &before,
                "{name}: other bytes"
            );
        }
        // And it is done.
        let settled = nubefact.issue(&document, "k").await.unwrap();
        assert!(settled.issued().unwrap().before, "{name}");
        assert!(played.operations().is_empty(), "{name}");
    });
}

#[test]
#[expect(clippy::too_many_lines, reason = "a table")]
fn every_class_of_an_attempt() {
    let html = "<html><body><h1>502 Bad Gateway</h1></body></html>";
    let e1 = echo(1);
    let with = |from: &str, to: &str| says(200, &e1.replace(from, to));
    // Not a byte left.
    check(
        "no connection",
        Seen::Fails(TransportError::Unreachable),
        "EN_COLA",
        SENDS,
    );
    // Accepted: the echo, in any form.
    check("echo", says(200, &e1), "ACEPTADO", NOTHING);
    check(
        "echo as text",
        with("\"numero\":1", "\"numero\":\"1\""),
        "ACEPTADO",
        NOTHING,
    );
    check(
        "kind as text",
        with("comprobante\":1", "comprobante\":\"01\""),
        "ACEPTADO",
        NOTHING,
    );
    check(
        "kind in the QR",
        with("\"tipo_de_comprobante\":1,", ""),
        "ACEPTADO",
        NOTHING,
    );
    check("201", says(201, &e1), "ACEPTADO", NOTHING);
    check(
        "a type that lies",
        Seen::Headed(200, "content-type", "text/html", e1.clone()),
        "ACEPTADO",
        NOTHING,
    );
    check(
        "a mark of bytes",
        says(200, &format!("\u{feff}{e1}")),
        "ACEPTADO",
        NOTHING,
    );
    // Refused.
    for codigo in [20, 21, 22] {
        check("refused", code(400, codigo), "DEVUELTO", SENDS);
    }
    check(
        "refused, as text",
        says(400, r#"{"errors":["uno","dos"],"codigo":"21"}"#),
        "DEVUELTO",
        SENDS,
    );
    check(
        "refused, no code",
        says(400, r#"{"errors":"Tipo de IGV incorrecto"}"#),
        "DEVUELTO",
        SENDS,
    );
    check(
        "refused, by field",
        says(400, r#"{"errors":{"total":["no es válido"]}}"#),
        "DEVUELTO",
        SENDS,
    );
    // Held.
    for codigo in [10, 11, 12, 50, 51] {
        check("held", code(401, codigo), "EN_ESPERA", SENDS);
        check("held", code(400, codigo), "EN_ESPERA", SENDS);
    }
    check("held, 11 as 404", code(404, 11), "EN_ESPERA", SENDS);
    check("401 alone", says(401, ""), "EN_ESPERA", SENDS);
    check("401 as a page", says(401, html), "EN_ESPERA", SENDS);
    check(
        "429",
        Seen::Headed(429, "retry-after", "2", String::new()),
        "EN_ESPERA",
        SENDS,
    );
    // Taken.
    check("taken", code(400, 23), "DESCONOCIDO", ASKS);
    check(
        "taken, no code",
        says(400, r#"{"errors":"Este documento ya existe en NubeFacT"}"#),
        "DESCONOCIDO",
        ASKS,
    );
    // Unknown.
    for (name, seen) in [
        ("40", code(500, 40)),
        ("40 as 400", code(400, 40)),
        ("refused with 500", code(500, 21)),
        ("held with 500", code(503, 10)),
        ("refused with 200", code(200, 21)),
        ("refused with 404", code(404, 21)),
        ("a code that nobody knows", code(400, 99)),
        ("24 to an issue", code(400, 24)),
        ("words that nobody knows", says(400, r#"{"errors":"hmm"}"#)),
        ("400 without words", says(400, "{}")),
        ("400 as a page", says(400, html)),
        ("403", says(403, html)),
        ("404", says(404, html)),
        ("408", says(408, "")),
        ("500", says(500, "{}")),
        ("502", says(502, html)),
        ("504", says(504, "")),
        (
            "302",
            Seen::Headed(302, "location", "https://otro.pe/", String::new()),
        ),
        ("304", says(304, "")),
        ("200 as a page", says(200, html)),
        ("200 cut off", says(200, &e1[..60])),
        ("200 empty", says(200, "")),
        ("200 {}", says(200, "{}")),
        ("200 []", says(200, "[]")),
        ("200 null", says(200, "null")),
        ("another number", with("\"numero\":1", "\"numero\":2")),
        (
            "another series",
            with("\"serie\":\"FFF1\"", "\"serie\":\"FFF2\""),
        ),
        ("another kind", with("comprobante\":1", "comprobante\":3")),
        ("no series", with("\"serie\":\"FFF1\",", "")),
        ("no number", with("\"numero\":1", "\"numero\":null")),
        ("202", says(202, "")),
        ("broken", Seen::Fails(TransportError::Broken)),
        ("too large", Seen::Fails(TransportError::TooLarge)),
        ("silence", Seen::Silence),
    ] {
        check(name, seen, "DESCONOCIDO", ASKS);
    }
}

/// What asking finds about an attempt in doubt, the estado then, and what was sent by the wish that asked.
#[track_caller]
fn check_asking(name: &str, found: Seen, estado: &str, operations: &[&str]) {
    paused(async {
        let played = Played::of(vec![Seen::Silence, found, says(200, &echo(1))]);
        let nubefact = client(&played).await;
        let document = factura("uno");
        let doubt = nubefact.issue(&document, "k").await.unwrap();
        assert!(matches!(doubt, IssueSettled::Unknown { .. }));
        played.operations();
        let settled = nubefact.issue(&document, "k").await.unwrap();
        assert_eq!(settled.estado(), estado, "{name}: {settled:?}");
        assert_eq!(played.operations(), operations, "{name}");
        if let IssueSettled::Conflict { .. } = settled {
            // Told again, and nothing is sent.
            let again = nubefact.issue(&document, "k").await.unwrap();
            assert!(matches!(again, IssueSettled::Conflict { .. }), "{name}");
            assert!(played.operations().is_empty());
        }
    });
}

#[test]
fn every_answer_to_asking() {
    let e1 = echo(1);
    let with = |from: &str, to: &str| says(200, &e1.replace(from, to));
    check_asking("ours", says(200, &e1), "ACEPTADO", &["consultar"]);
    check_asking("absent", code(400, 24), "ACEPTADO", ASKS);
    check_asking("absent as 404", code(404, 24), "ACEPTADO", ASKS);
    let words = r#"{"errors":"El documento indicado no existe o no fue enviado a NubeFacT"}"#;
    check_asking("absent in words", says(400, words), "ACEPTADO", ASKS);
    for (name, from, to) in [
        ("total", "118.00", "118.01"),
        ("IGV", "18.00 | 118", "17.99 | 118"),
        ("date", "28/01/2026", "27/01/2026"),
        ("customer", "20512333797", "20512333798"),
        ("kind of customer", "| 6 |", "| 1 |"),
        ("kind", "| 01 |", "| 07 |"),
    ] {
        check_asking(name, with(from, to), "CONFLICTO", &["consultar"]);
    }
    for (name, found) in [
        ("nothing to compare", with(&qr("118.00"), "")),
        (
            "half to compare",
            with(" | 28/01/2026 | 6 | 20512333797 | x= |", " | ..."),
        ),
        ("another number", with("\"numero\":1", "\"numero\":2")),
        ("absent with 500", code(500, 24)),
        ("held", code(401, 10)),
        ("429", says(429, "")),
        ("40", code(500, 40)),
        ("refused", code(400, 21)),
        ("page", says(200, "<html>")),
        ("broken", Seen::Fails(TransportError::Broken)),
        ("unreachable", Seen::Fails(TransportError::Unreachable)),
        ("silence", Seen::Silence),
    ] {
        check_asking(name, found, "DESCONOCIDO", &["consultar"]);
    }
}

/// The stranger's number is passed over for others, and for this one when that is wanted.
#[tokio::test(start_paused = true)]
async fn a_conflict_is_renumbered_only_when_that_is_wanted() {
    let theirs = says(200, &echo(1).replace("118.00", "50.00"));
    let played = Played::of(vec![code(400, 23), theirs]);
    let nubefact = client(&played).await;
    let document = factura("uno");
    let told = nubefact.issue(&document, "k").await.unwrap();
    assert!(matches!(told, IssueSettled::Conflict { .. }), "{told:?}");
    let mut intent = chaski_client::Intent::to_issue(nubefact.issuer(), "k", &document, start());
    intent.renumber = true;
    played.then(vec![says(200, &echo(2))]);
    let settled = nubefact.settle(intent).await.unwrap();
    assert_eq!(settled.issued().unwrap().entry.numero, 2);
    assert_eq!(nubefact.series().await.unwrap()[0].last, 2);
}

#[tokio::test(start_paused = true)]
async fn keys_and_wishes_that_cannot_be_are_told_before_anything_is_sent() {
    let played = Played::of(vec![]);
    let nubefact = client(&played).await;
    let document = factura("uno");
    for key in ["", "  ", "a\nb", &"k".repeat(256)] {
        let error = nubefact.issue(&document, key).await.unwrap_err();
        assert!(
            matches!(error, NubefactError::Call(it) if it.is_invalid()),
            "{key}"
        );
    }
    let mut json = crate::nubefact_kit::factura_json("x");
    json["serie"] = "F999".into();
    let settled = nubefact
        .issue(&crate::nubefact_kit::document(&json), "k")
        .await
        .unwrap();
    assert_eq!(settled.estado(), "BORRADOR");
    assert!(
        settled.message(chaski_core::Lang::Es).contains("F999"),
        "{settled:?}"
    );
    assert!(played.operations().is_empty());
}
