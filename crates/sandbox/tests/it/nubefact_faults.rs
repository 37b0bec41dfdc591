//! Each fault of Nubefact: what the client sees, what is there afterwards, what the ledger says.

use std::time::Duration;

use bytes::Bytes;
use chaski_sandbox::{Cut, Decided, Fault, NubefactEntry, Sandbox};
use http::Request;
use serde_json::{Value, json};

use crate::kit::ask;
use crate::nubefact_kit::{Nube, about, boleta, credit_note, factura, nube, request, sample, with};

impl Nube {
    fn entries(&self) -> Vec<NubefactEntry> {
        self.sandbox.nubefact_ledger(0).unwrap()
    }

    fn decisions(&self) -> Vec<Decided> {
        let entries = self.entries();
        entries.iter().map(|entry| entry.decision).collect()
    }

    /// Whether factura 1 is there.
    fn has_it(&self) -> bool {
        self.post(&about("consultar_comprobante", &factura(1))).0 == 200
    }
}

/// Status and `codigo` of what comes, and whether the document is there afterwards.
#[track_caller]
fn check(fault: &str, expected: (u16, Option<u64>), is_there: bool) {
    let nube = Nube::failing(&format!("{fault} x1"));
    let (status, answer) = nube.post(&factura(1));
    assert_eq!((status, answer["codigo"].as_u64()), expected, "{fault}");
    let entry = &nube.entries()[0];
    assert_eq!(entry.status, Some(status), "{fault}");
    assert_eq!(entry.codigo.map(u64::from), expected.1, "{fault}");
    assert_eq!(entry.fault.as_deref(), Some(fault));
    assert_eq!(nube.has_it(), is_there, "{fault}");
}

#[test]
fn what_comes_after_it_was_processed() {
    check("tras:500", (500, None), true);
    check("tras:503", (503, None), true);
    check("tras:502:html", (502, None), true);
    check("tras:40", (500, Some(40)), true);
    check("vacio", (200, None), true);
    check("otro-numero", (200, None), true);
    check("html", (200, None), true);
    check("truncado", (200, None), true);
}

#[test]
fn what_comes_instead_of_being_processed() {
    for codigo in [11, 12, 20, 21, 22, 50, 51] {
        check(&codigo.to_string(), (400, Some(codigo)), false);
    }
    check("10", (401, Some(10)), false);
    check("401", (401, Some(10)), false);
    check("40", (500, Some(40)), false);
    check("500", (500, None), false);
    check("502:html", (502, None), false);
    check("429:retry=2", (429, None), false);
    check("redireccion", (302, None), false);
}

#[test]
fn another_documents_answer_names_it_throughout() {
    let nube = Nube::failing("otro-numero");
    let answer = nube.done(&factura(1));
    assert_eq!(
        (&answer["numero"], &answer["serie"]),
        (&json!(2), &json!("FFF1"))
    );
    assert_eq!(answer["invoice"]["numero"], 2);
    assert!(
        answer["cadena_para_codigo_qr"]
            .as_str()
            .unwrap()
            .contains("| 000002 |")
    );
    assert_eq!(nube.entries()[0].comprobante.as_deref(), Some("FFF1-1"));
    let nube = Nube::failing("vacio");
    assert_eq!(nube.done(&factura(1)), json!({}));
}

#[test]
fn cut_connections_leave_it_there_or_not() {
    for (fault, cut, is_there) in [
        ("cerrar", Cut::ClosedBeforeAnswer, true),
        ("reset", Cut::Reset, false),
        ("caida", Cut::Refused, false),
    ] {
        let nube = Nube::failing(&format!("{fault}@generar_comprobante x1"));
        assert_eq!(ask(&nube.sandbox, request(&factura(1))).unwrap_err(), cut);
        let decided = if is_there {
            Decided::Aceptado
        } else {
            Decided::NoProcesado
        };
        assert_eq!(
            (nube.decisions(), nube.entries()[0].status),
            (vec![decided], None)
        );
        assert_eq!(nube.has_it(), is_there, "{fault}");
    }
}

#[test]
fn a_request_delivered_twice_is_one_document() {
    let nube = Nube::failing("doble@generar_comprobante x1");
    assert_eq!(nube.refused(&factura(1)), (400, 23));
    assert_eq!(nube.decisions(), [Decided::Aceptado, Decided::Rechazado]);
    let hashes: Vec<String> = nube
        .entries()
        .into_iter()
        .map(|entry| entry.bytes_hash)
        .collect();
    assert_eq!(hashes[0], hashes[1]);
    assert!(nube.has_it());
}

#[test]
fn a_strangers_document_takes_the_number() {
    for (document, total) in [(factura(1), "118"), (with(boleta(1), json!({})), "118")] {
        let nube = Nube::failing("23-ajeno@generar_comprobante x1");
        assert_eq!(nube.refused(&document), (400, 23));
        assert_eq!(nube.decisions(), [Decided::Ajeno, Decided::Rechazado]);
        let found = nube.done(&about("consultar_comprobante", &document));
        let qr = found["cadena_para_codigo_qr"].as_str().unwrap();
        assert!(qr.contains("| 1.80 | 11.80 |"), "{qr}");
        assert!(!qr.contains(total), "{qr}");
        assert_ne!(nube.entries()[0].bytes_hash, nube.entries()[1].bytes_hash);
    }
    // One that is worth the same as the stranger's is told from it.
    let nube = Nube::failing("23-ajeno@generar_comprobante x1");
    let mut small = factura(1);
    for (key, value) in [("total", 11.8), ("total_igv", 1.8), ("total_gravada", 10.0)] {
        small[key] = value.into();
    }
    small["items"] = json!([crate::nubefact_kit::item(10.0, 1.8, 11.8)]);
    assert_eq!(nube.refused(&small), (400, 23));
    let found = nube.done(&about("consultar_comprobante", &small));
    assert!(
        found["cadena_para_codigo_qr"]
            .as_str()
            .unwrap()
            .contains("| 23.60 |")
    );
}

#[test]
fn a_document_may_not_be_found_for_a_while() {
    let nube = Nube::failing("24-tardio:5s@generar_comprobante x1");
    nube.done(&factura(1));
    let asked = about("consultar_comprobante", &factura(1));
    assert_eq!(nube.refused(&asked), (400, 24));
    // It is there all the same.
    assert_eq!(nube.refused(&factura(1)), (400, 23));
    nube.wait(4);
    assert_eq!(nube.refused(&asked), (400, 24));
    nube.wait(1);
    nube.done(&asked);
    // On the question it hides what is younger than that.
    let nube = Nube::failing("24-tardio:5s@consultar_comprobante");
    nube.done(&factura(1));
    assert_eq!(nube.refused(&asked), (400, 24));
    nube.wait(5);
    nube.done(&asked);
}

#[tokio::test(start_paused = true)]
async fn what_is_late_comes_even_when_the_client_has_left() {
    let nube = nube();
    nube.sandbox
        .fail("tarde:20s@generar_comprobante x1".parse().unwrap());
    let sandbox = nube.sandbox.clone();
    let impatient =
        tokio::time::timeout(Duration::from_secs(5), sandbox.call(request(&factura(1))));
    assert!(impatient.await.is_err());
    assert_eq!(
        status(&sandbox, &about("consultar_comprobante", &factura(1))).await,
        400
    );
    tokio::time::sleep(Duration::from_secs(16)).await;
    assert_eq!(
        status(&sandbox, &about("consultar_comprobante", &factura(1))).await,
        200
    );
    // Who waits has the answer in the end.
    sandbox.fail("tarde:20s@generar_comprobante x1".parse().unwrap());
    let start = tokio::time::Instant::now();
    assert_eq!(status(&sandbox, &factura(2)).await, 200);
    assert_eq!(start.elapsed(), Duration::from_secs(20));
}

#[tokio::test(start_paused = true)]
async fn what_was_refused_may_be_accepted_later() {
    let nube = nube();
    nube.sandbox.fail(
        "rechaza-y-acepta:5s@generar_comprobante x1"
            .parse()
            .unwrap(),
    );
    let answer = nube.sandbox.call(request(&factura(1))).await.unwrap();
    let body: Value = serde_json::from_slice(answer.body()).unwrap();
    assert_eq!(
        (answer.status().as_u16(), &body["codigo"]),
        (400, &json!(21))
    );
    let asked = about("consultar_comprobante", &factura(1));
    assert_eq!(status(&nube.sandbox, &asked).await, 400);
    tokio::time::sleep(Duration::from_secs(6)).await;
    assert_eq!(status(&nube.sandbox, &asked).await, 200);
    assert_eq!(
        nube.decisions(),
        [
            Decided::NoProcesado,
            Decided::Rechazado,
            Decided::Aceptado,
            Decided::Consulta
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn work_goes_on_when_the_client_leaves_during_the_wait() {
    let nube = Nube::configured(chaski_sandbox::NubefactConfig::default(), |config| {
        config.latency = "2s".parse().unwrap();
    });
    let left = tokio::time::timeout(
        Duration::from_millis(10),
        nube.sandbox.call(request(&factura(1))),
    );
    assert!(left.await.is_err());
    assert_eq!(nube.decisions(), [Decided::Aceptado]);
}

async fn status(sandbox: &Sandbox, body: &Value) -> u16 {
    let request: Request<Bytes> = request(body);
    sandbox.call(request).await.unwrap().status().as_u16()
}

/// What SUNAT says at once and a day later, of a factura.
#[track_caller]
fn check_sunat(fault: &str, at_once: &[Value; 3], later: &[Value; 3]) {
    let nube = Nube::failing(&format!("{fault}@generar_comprobante x1"));
    let told = |answer: &Value| {
        ["aceptada_por_sunat", "sunat_responsecode", "sunat_note"].map(|key| answer[key].clone())
    };
    assert_eq!(&told(&nube.done(&factura(1))), at_once, "{fault}");
    nube.wait(24 * 3600);
    let asked = nube.done(&about("consultar_comprobante", &factura(1)));
    assert_eq!(&told(&asked), later, "{fault}");
    // Whatever SUNAT says, the number is taken.
    assert_eq!(nube.refused(&factura(1)), (400, 23));
}

#[test]
fn sunat_says_what_it_is_commanded_to() {
    let nothing = [json!(false), Value::Null, Value::Null];
    let accepted = [json!(true), json!("0"), Value::Null];
    let rejected = [json!(false), json!("2335"), Value::Null];
    let note = json!("4252 - El dato ingresado como atributo @listName es incorrecto");
    let observed = [json!(true), json!("0"), note];
    check_sunat("pendiente", &nothing, &accepted);
    check_sunat("pendiente:25h", &nothing, &nothing);
    check_sunat("soap", &nothing, &accepted);
    check_sunat("soap:3h", &nothing, &accepted);
    check_sunat("rechazado:2335", &rejected, &rejected);
    check_sunat("observado:4252", &observed, &observed);
}

#[test]
fn sunat_is_down_until_it_is_not() {
    let nube = Nube::failing("soap:3h@generar_comprobante x1");
    let down = nube.done(&factura(1))["sunat_soap_error"].clone();
    assert!(down.as_str().unwrap().contains("0109"), "{down}");
    nube.wait(3 * 3600);
    let asked = nube.done(&about("consultar_comprobante", &factura(1)));
    assert_eq!(asked["sunat_soap_error"], "");
    assert_eq!(asked["aceptada_por_sunat"], true);
    // What comes to SUNAT after three days is refused: it is late.
    nube.sandbox
        .fail("soap:96h@generar_comprobante x1".parse().unwrap());
    nube.done(&factura(2));
    nube.wait(97 * 3600);
    let asked = nube.done(&about("consultar_comprobante", &factura(2)));
    assert_eq!(asked["sunat_responsecode"], "2108");
}

#[test]
fn a_question_may_settle_what_was_pending() {
    let nube = nube();
    nube.done(&boleta(1));
    nube.sandbox
        .fail("rechazado:2335@consultar_comprobante x1".parse().unwrap());
    let asked = about("consultar_comprobante", &boleta(1));
    assert_eq!(nube.done(&asked)["sunat_responsecode"], "2335");
    nube.wait(48 * 3600);
    assert_eq!(nube.done(&asked)["sunat_responsecode"], "2335");
    // What is settled stays so.
    nube.set(crate::nubefact_kit::NOON);
    nube.done(&factura(1));
    nube.sandbox
        .fail("rechazado:2335@consultar_comprobante x1".parse().unwrap());
    let asked = nube.done(&about("consultar_comprobante", &factura(1)));
    assert_eq!(asked["sunat_responsecode"], "0");
}

#[test]
fn a_ticket_may_be_lost() {
    let nube = nube();
    nube.done(&factura(1));
    let void = about("generar_anulacion", &factura(1));
    nube.sandbox.fail("ticket-perdido x1".parse().unwrap());
    assert_eq!(nube.done(&void)["sunat_ticket_numero"], Value::Null);
    nube.wait(24 * 3600);
    let asked = about("consultar_anulacion", &factura(1));
    assert_eq!(nube.done(&asked)["aceptada_por_sunat"], false);
    assert_eq!(
        nube.done(&about("consultar_comprobante", &factura(1)))["anulado"],
        false
    );
    // Asked for again, it has one.
    assert!(nube.done(&void)["sunat_ticket_numero"].is_string());
    nube.wait(10);
    assert_eq!(nube.done(&asked)["aceptada_por_sunat"], true);
}

#[test]
fn sunat_may_know_an_earlier_void() {
    let nube = nube();
    nube.done(&factura(1));
    nube.sandbox
        .fail("2323@generar_anulacion x1".parse().unwrap());
    assert!(nube.done(&about("generar_anulacion", &factura(1)))["sunat_ticket_numero"].is_string());
    nube.wait(10);
    let asked = nube.done(&about("consultar_anulacion", &factura(1)));
    assert_eq!(asked["aceptada_por_sunat"], false);
    assert_eq!(asked["sunat_responsecode"], "2323");
    assert!(
        asked["sunat_description"]
            .as_str()
            .unwrap()
            .contains("ya informado anteriormente")
    );
    assert_eq!(
        nube.done(&about("consultar_comprobante", &factura(1)))["anulado"],
        true
    );
}

#[test]
fn faults_pass_over_what_they_cannot_happen_to() {
    let nube = nube();
    nube.done(&factura(1));
    for fault in [
        "pendiente:3h x1",
        "ticket-perdido x1",
        "23-ajeno x1",
        "otro-ruc x1",
    ] {
        nube.sandbox.fail(fault.parse().unwrap());
    }
    let (status, _) = nube.send(crate::kit::v1("dni", "dni=00000001"));
    assert_eq!(status, 200);
    assert_eq!(nube.sandbox.faults().len(), 3, "otro-ruc was APIMIGO's");
    // A question is Nubefact's, but no void and no issue.
    nube.done(&about("consultar_comprobante", &factura(1)));
    assert_eq!(nube.sandbox.faults().len(), 2);
    assert_eq!(nube.refused(&factura(2)), (400, 23));
    nube.done(&about("generar_anulacion", &factura(1)));
    assert_eq!(nube.sandbox.faults(), []);
}

#[test]
fn text_becomes_one_of_these_faults_and_back() {
    let check = |text: &str, canonical: &str| {
        let fault: Fault = text.parse().unwrap();
        assert_eq!(fault.to_string(), canonical);
        assert_eq!(canonical.parse::<Fault>().unwrap(), fault);
    };
    for word in [
        "tras:500",
        "tras:502:html",
        "tras:40",
        "tarde:20s",
        "doble",
        "rechaza-y-acepta:5s",
        "otro-numero",
        "vacio",
        "23-ajeno",
        "24-tardio:5s",
        "10",
        "11",
        "12",
        "20",
        "21",
        "22",
        "40",
        "50",
        "51",
        "pendiente",
        "pendiente:3h",
        "rechazado:2335",
        "rechazado:0100",
        "observado:4252",
        "soap",
        "soap:3h",
    ] {
        check(word, word);
        check(
            &format!("{word}x3@generar_comprobante"),
            &format!("{word}@generar_comprobante x3"),
        );
        check(
            &format!("{word} %5 [10s..20s]"),
            &format!("{word} %5 [10s..20s]"),
        );
        check(&format!("{word}/7"), &format!("{word} /7"));
    }
    check(
        "ticket-perdido@generar_anulacion",
        "ticket-perdido@generar_anulacion",
    );
    check(
        "2323@generar_reversion_retencion",
        "2323@generar_reversion_retencion",
    );
    check("rechaza-y-acepta", "rechaza-y-acepta:2s");
    check("cerrar@consultar_guia", "cerrar@consultar_guia");
    for wrong in [
        "tras",
        "tras:200",
        "tras:40:html",
        "tras:500:json",
        "tarde",
        "tarde:x",
        "24-tardio",
        "23",
        "24",
        "99",
        "rechazado",
        "rechazado:4252",
        "rechazado:99",
        "observado:2335",
        "pendiente:x",
        "soap:",
        "2324",
        "doble:2",
        "vacio@ruc",
        "otro-ruc@generar_guia",
        "ticket-perdido@generar_comprobante",
        "23-ajeno@consultar_comprobante",
        "pendiente@dni",
    ] {
        assert!(wrong.parse::<Fault>().is_err(), "{wrong}");
    }
    let error = "vacio@ruc".parse::<Fault>().unwrap_err();
    assert!(
        error.to_string().contains("no es de esa operación"),
        "{error}"
    );
}

#[test]
fn a_note_sent_again_is_23_and_not_too_much() {
    let nube = Nube::failing("tras:500@generar_comprobante /2");
    nube.done(&factura(1));
    assert_eq!(nube.post(&credit_note(1, 1)).0, 500);
    nube.sandbox.heal();
    assert_eq!(nube.refused(&credit_note(1, 1)), (400, 23));
    assert_eq!(nube.refused(&credit_note(2, 1)), (400, 21));
    // And what is sent again when its day has passed is still there.
    nube.wait(5 * 24 * 3600);
    assert_eq!(nube.refused(&credit_note(1, 1)), (400, 23));
    assert_eq!(nube.refused(&factura(3)), (400, 22));
}

#[test]
fn the_issuers_three_cases_end_in_one_document() {
    // An answer that is lost: asked, found.
    let lost = sample("field-dev/una-respuesta-perdida.json");
    let nube = Nube::failing("cerrar@generar_comprobante x1");
    assert!(ask(&nube.sandbox, request(&lost)).is_err());
    nube.done(&about("consultar_comprobante", &lost));
    // A request that is lost: asked, not found, sent again.
    let nube = Nube::failing("reset@generar_comprobante x1");
    assert!(ask(&nube.sandbox, request(&lost)).is_err());
    assert_eq!(
        nube.refused(&about("consultar_comprobante", &lost)),
        (400, 24)
    );
    nube.done(&lost);
    // A number that a stranger has: asked, another document.
    let nube = nube_of_stranger();
    let ours = sample("field-dev/una-23-ajeno.json");
    assert_eq!(nube.refused(&ours), (400, 23));
    let found = nube.done(&about("consultar_comprobante", &ours));
    assert!(
        found["cadena_para_codigo_qr"]
            .as_str()
            .unwrap()
            .contains("| 15.00 |")
    );
    let accepted = nube
        .decisions()
        .into_iter()
        .filter(|d| *d == Decided::Aceptado);
    assert_eq!(accepted.count(), 1, "the stranger's");
}

fn nube_of_stranger() -> Nube {
    let nube = nube();
    nube.done(&sample("field-dev/una-23-ajeno.antes.json"));
    nube
}
