//! The fourteen operations: what each answers, in the shape of the real one, and what becomes of a
//! document as time goes on.

use chaski_sandbox::{NubefactAccount, NubefactConfig};
use serde_json::{Value, json};

use crate::nubefact_kit::{
    Nube, about, boleta, credit_note, factura, moved_to, nube, sample, with,
};

const HOUR: i64 = 3600;

fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}

/// Each key that the sample has, and values of the same kind; a list of keys may differ in what is
/// not there yet.
#[track_caller]
fn check_shape(answer: &Value, file: &str) {
    let shape = sample(&format!("responses/{file}"));
    for (key, expected) in shape.as_object().unwrap() {
        let came = answer
            .get(key)
            .unwrap_or_else(|| panic!("no {key} in {answer}"));
        let fits = match expected {
            Value::Null | Value::String(_) => came.is_null() || came.is_string(),
            Value::Bool(_) => came.is_boolean(),
            Value::Number(_) => came.is_number(),
            _ => came.is_object(),
        };
        assert!(fits, "{key}: {came}");
    }
}

#[test]
fn a_factura_is_answered_at_once() {
    let nube = nube();
    let issued = nube.done(&factura(1));
    check_shape(&issued, "factura-aceptada.json");
    assert_eq!(issued["aceptada_por_sunat"], true);
    assert_eq!(issued["sunat_responsecode"], "0");
    assert_eq!(
        issued["sunat_description"],
        "La Factura numero FFF1-1, ha sido aceptada"
    );
    assert_eq!(issued["numero"], 1);
    let asked = nube.done(&about("consultar_comprobante", &factura(1)));
    check_shape(&asked, "consulta-factura-aceptada.json");
    assert_eq!(asked["anulado"], false);
    assert_eq!(asked["codigo_hash"], issued["codigo_hash"]);
    // It tells neither customer nor items but inside the QR's text.
    assert!(!asked.to_string().contains("CLIENTE SINTETICO"));
}

#[test]
fn the_answer_has_the_shape_of_a_real_one() {
    let answer = nube().done(&moved_to(&sample("dev/bol-real-43.80.json"), "27-11-2026"));
    let real = sample("responses/boleta-demo-real-shape.json");
    assert_eq!(keys(&answer), keys(&real));
    assert_eq!(keys(&answer["invoice"]), keys(&real["invoice"]));
    check_shape(&answer, "boleta-demo-real-shape.json");
    let hash = answer["codigo_hash"].as_str().unwrap();
    assert_eq!((hash.len(), hash.ends_with('=')), (44, true));
    assert_eq!(answer["digest_value"], answer["codigo_hash"]);
    assert_eq!(
        answer["cadena_para_codigo_qr"],
        format!(
            "20603274742 | 03 | BBB1 | 000001 | 6.69 | 43.80 | 27/11/2026 | 1 | 99999999 | {hash} |"
        )
    );
    assert_eq!(answer["codigo_de_barras"], answer["cadena_para_codigo_qr"]);
    let key = answer["key"].as_str().unwrap();
    let lengths: Vec<usize> = key.split('-').map(str::len).collect();
    assert_eq!(lengths, [8, 4, 4, 4, 12]);
    let link = format!("https://www.nubefact.com/cpe/{key}");
    assert_eq!(answer["enlace"], link);
    assert_eq!(answer["enlace_del_pdf"], format!("{link}.pdf"));
    assert_eq!(answer["enlace_del_cdr"], Value::Null);
}

#[test]
fn a_boleta_is_accepted_the_next_day() {
    let nube = nube();
    let issued = nube.done(&boleta(1));
    assert_eq!(issued["aceptada_por_sunat"], false);
    assert_eq!(issued["sunat_responsecode"], Value::Null);
    assert_eq!(issued["sunat_soap_error"], "");
    let ask = || nube.done(&about("consultar_comprobante", &boleta(1)));
    nube.wait(11 * HOUR);
    assert_eq!(ask()["aceptada_por_sunat"], false);
    nube.wait(8 * HOUR);
    assert_eq!(ask()["aceptada_por_sunat"], true);
    assert_eq!(
        ask()["sunat_description"],
        "La Boleta numero BBB1-1, ha sido aceptada"
    );
    assert!(ask()["enlace_del_cdr"].is_string());
}

#[test]
fn the_note_of_a_boleta_waits_as_the_boleta_does() {
    let nube = nube();
    let on_boleta = moved_to(&sample("dev/nc-boleta-anulacion.json"), "27-11-2026");
    assert_eq!(nube.done(&on_boleta)["aceptada_por_sunat"], false);
    nube.done(&factura(1));
    assert_eq!(nube.done(&credit_note(1, 1))["aceptada_por_sunat"], true);
    assert_eq!(
        nube.done(&about("consultar_comprobante", &on_boleta))["aceptada_por_sunat"],
        false
    );
}

#[test]
fn what_is_not_sent_to_sunat_stays_pending() {
    let nube = nube();
    let kept = with(
        factura(1),
        json!({ "enviar_automaticamente_a_la_sunat": "false" }),
    );
    nube.done(&kept);
    nube.wait(240 * HOUR);
    let asked = nube.done(&about("consultar_comprobante", &kept));
    assert_eq!(asked["aceptada_por_sunat"], false);
    assert_eq!(asked["sunat_responsecode"], Value::Null);
}

#[test]
fn a_void_has_a_ticket_first() {
    let nube = nube();
    nube.done(&factura(1));
    let void = nube.done(&about("generar_anulacion", &factura(1)));
    check_shape(&void, "anulacion-pendiente.json");
    assert_eq!(void["sunat_ticket_numero"].as_str().unwrap().len(), 13);
    assert_eq!(void["aceptada_por_sunat"], false);
    let document = || nube.done(&about("consultar_comprobante", &factura(1)));
    let asked = || nube.done(&about("consultar_anulacion", &factura(1)));
    assert_eq!(document()["anulado"], false);
    assert_eq!(document()["aceptada_por_sunat"], true);
    assert_eq!(asked()["aceptada_por_sunat"], false);
    nube.wait(10);
    assert_eq!(asked()["aceptada_por_sunat"], true);
    assert_eq!(asked()["sunat_ticket_numero"], void["sunat_ticket_numero"]);
    assert_eq!(
        asked()["sunat_description"],
        "La Comunicacion de baja RA-20261127-1, ha sido aceptada"
    );
    assert_eq!(document()["anulado"], true);
    let (status, again) = nube.post(&about("generar_anulacion", &factura(1)));
    assert_eq!((status, &again["codigo"]), (400, &json!(21)));
    assert!(again["errors"].as_str().unwrap().contains("2323"));
}

#[test]
fn the_void_of_a_boleta_waits_for_the_boleta() {
    let nube = nube();
    nube.done(&boleta(1));
    nube.done(&about("generar_anulacion", &boleta(1)));
    let asked = || nube.done(&about("consultar_anulacion", &boleta(1)));
    nube.wait(HOUR);
    assert_eq!(asked()["aceptada_por_sunat"], false);
    nube.wait(18 * HOUR);
    assert_eq!(asked()["aceptada_por_sunat"], true);
    // And if the boleta is rejected, the void has no effect.
    nube.set("2026-11-27T12:00:00-05:00");
    nube.sandbox
        .fail("rechazado:2335@generar_comprobante x1".parse().unwrap());
    nube.done(&boleta(2));
    nube.done(&about("generar_anulacion", &boleta(2)));
    nube.wait(24 * HOUR);
    let void = nube.done(&about("consultar_anulacion", &boleta(2)));
    assert_eq!(
        (&void["aceptada_por_sunat"], &void["sunat_responsecode"]),
        (&json!(false), &json!("2105"))
    );
    let document = nube.done(&about("consultar_comprobante", &boleta(2)));
    assert_eq!(document["anulado"], false);
}

#[test]
fn what_cannot_be_voided_is_refused() {
    let nube = nube();
    let void = |document: &Value| nube.refused(&about("generar_anulacion", document));
    assert_eq!(void(&factura(1)), (400, 24));
    assert_eq!(
        nube.refused(&about("consultar_anulacion", &factura(1))),
        (400, 24)
    );
    nube.done(&factura(1));
    assert_eq!(
        nube.refused(&about("consultar_anulacion", &factura(1))),
        (400, 24)
    );
    let without = with(
        about("generar_anulacion", &factura(1)),
        json!({ "motivo": "" }),
    );
    assert_eq!(nube.refused(&without), (400, 21));
    let long = with(
        about("generar_anulacion", &factura(1)),
        json!({ "motivo": "A".repeat(101) }),
    );
    assert_eq!(nube.refused(&long), (400, 21));
    // A guía has no void: the text of 24.
    let guia = sample("field-dev/guia-privada.json");
    nube.done(&guia);
    assert_eq!(void(&guia), (400, 24));
    // What SUNAT has not accepted yet, or rejected.
    nube.sandbox
        .fail("soap@generar_comprobante x1".parse().unwrap());
    nube.done(&factura(2));
    assert_eq!(void(&factura(2)), (400, 21));
    nube.sandbox
        .fail("rechazado:2335@generar_comprobante x1".parse().unwrap());
    nube.done(&factura(3));
    assert_eq!(void(&factura(3)), (400, 21));
    // To the end of the seventh day.
    nube.set("2026-12-04T23:59:59-05:00");
    nube.done(&about("generar_anulacion", &factura(1)));
    nube.set("2026-11-27T12:00:00-05:00");
    nube.done(&factura(4));
    nube.set("2026-12-05T00:00:00-05:00");
    assert_eq!(void(&factura(4)), (400, 21));
}

#[test]
fn a_guia_takes_two_steps() {
    let nube = nube();
    let guia = sample("field-dev/guia-privada.json");
    let issued = nube.done(&guia);
    assert_eq!(
        issued,
        with(
            sample("responses/guia-generada.json"),
            json!({ "numero": 27 }),
        )
    );
    let asked = || nube.done(&about("consultar_guia", &guia));
    assert_eq!(asked()["aceptada_por_sunat"], false);
    assert_eq!(asked()["enlace_del_pdf"], "");
    nube.wait(5);
    let accepted = asked();
    check_shape(&accepted, "guia-consulta-aceptada.json");
    assert_eq!(accepted["aceptada_por_sunat"], true);
    assert!(
        accepted["enlace_del_pdf"]
            .as_str()
            .unwrap()
            .contains("/guia/")
    );
    assert!(
        accepted["cadena_para_codigo_qr"]
            .as_str()
            .unwrap()
            .starts_with("https://e-factura.sunat.gob.pe/v1/contribuyente/gre/comprobantes/descargaqr?hashqr=")
    );
    // A guía is no comprobante, nor the reverse.
    assert_eq!(
        nube.refused(&about("consultar_comprobante", &guia)),
        (400, 21)
    );
    assert_eq!(
        nube.refused(&about("consultar_guia", &factura(1))),
        (400, 21)
    );
}

#[test]
fn a_retencion_and_a_percepcion_are_issued_asked_and_reversed() {
    for (file, name) in [("retencion-3", "retencion"), ("percepcion-2", "percepcion")] {
        let nube = nube();
        let document = moved_to(&sample(&format!("dev/{file}.json")), "27-11-2026");
        let issued = nube.done(&document);
        assert_eq!(issued["aceptada_por_sunat"], true);
        assert_eq!(issued["serie"], document["serie"]);
        assert_eq!(issued.get("tipo_de_comprobante"), None);
        let asked = nube.done(&about(&format!("consultar_{name}"), &document));
        assert_eq!(asked["codigo_hash"], issued["codigo_hash"]);
        let reversal = format!("consultar_reversion_{name}");
        assert_eq!(nube.refused(&about(&reversal, &document)), (400, 24));
        // With a reason or without: nubefact-python has no field for a percepción's.
        let mut reversed = about(&format!("generar_reversion_{name}"), &document);
        if name == "percepcion" {
            reversed = with(reversed, json!({ "motivo": null }));
        }
        let reversed = nube.done(&reversed);
        check_shape(&reversed, "anulacion-pendiente.json");
        nube.wait(10);
        assert_eq!(
            nube.done(&about(&reversal, &document))["aceptada_por_sunat"],
            true
        );
        assert_eq!(
            nube.done(&about(&format!("consultar_{name}"), &document))["anulado"],
            true
        );
    }
}

#[test]
fn each_kind_counts_for_itself() {
    let nube = nube();
    nube.done(&factura(1));
    nube.done(&credit_note(1, 1));
    let debit = with(
        credit_note(1, 1),
        json!({
            "tipo_de_comprobante": 4,
            "tipo_de_nota_de_credito": null,
            "tipo_de_nota_de_debito": 1,
        }),
    );
    nube.done(&debit);
    for document in [factura(1), credit_note(1, 1), debit] {
        assert_eq!(nube.refused(&document), (400, 23));
    }
    assert_eq!(
        nube.refused(&about("consultar_comprobante", &boleta(1))),
        (400, 24)
    );
}

#[test]
fn days_are_those_of_lima() {
    let check = |now: &str, day: &str, expected: Option<(u16, u64)>| {
        let nube = nube();
        nube.set(now);
        let (status, answer) = nube.post(&moved_to(&factura(1), day));
        let refused = (status != 200).then(|| (status, answer["codigo"].as_u64().unwrap()));
        assert_eq!(refused, expected, "{now} {day}");
    };
    check("2026-11-27T19:01:00-05:00", "27-11-2026", None);
    check("2026-11-27T19:01:00-05:00", "28-11-2026", Some((400, 22)));
    check("2026-11-28T00:00:00-05:00", "28-11-2026", None);
    check("2026-11-30T23:59:00-05:00", "27-11-2026", None);
    check("2026-12-01T00:00:00-05:00", "27-11-2026", Some((400, 22)));
    let strict = Nube::with(NubefactConfig {
        only_today: true,
        ..NubefactConfig::default()
    });
    strict.done(&factura(1));
    assert_eq!(
        strict.refused(&moved_to(&factura(2), "26-11-2026")),
        (400, 22)
    );
    let nube = nube();
    for (day, expected) in [
        ("26-11-2026", 200),
        ("25-11-2026", 400),
        ("28-11-2026", 400),
    ] {
        let guia = moved_to(&sample("field-dev/guia-privada.json"), day);
        assert_eq!(nube.post(&guia).0, expected, "{day}");
    }
    for wrong in [
        "29-02-2027",
        "2026-11-31",
        "27/11/2026",
        "hoy",
        "2026-11-27T00:00",
    ] {
        let document = with(factura(9), json!({ "fecha_de_emision": wrong }));
        assert_eq!(nube.refused(&document), (400, 21), "{wrong}");
    }
    let iso = with(factura(9), json!({ "fecha_de_emision": "2026-11-27" }));
    nube.done(&iso);
}

#[test]
fn the_clock_is_moved_by_its_door() {
    let nube = nube();
    nube.done(&boleta(1));
    let moved = nube
        .sandbox
        .move_clock(|now| now.checked_add(jiff::SignedDuration::from_hours(24)).ok())
        .unwrap();
    assert_eq!(moved.unwrap().to_string(), "2026-11-28T17:00:00Z");
    assert_eq!(
        nube.done(&about("consultar_comprobante", &boleta(1)))["aceptada_por_sunat"],
        true
    );
    // The machine's clock goes on under it.
    nube.wait(60);
    assert_eq!(nube.sandbox.now().to_string(), "2026-11-28T17:01:00Z");
    assert_eq!(nube.sandbox.move_clock(|_| None).unwrap(), None);
}

#[test]
fn a_unique_code_may_be_refused_twice() {
    let coded = |numero| with(factura(numero), json!({ "codigo_unico": "PEDIDO-1" }));
    let nube = nube();
    nube.done(&coded(1));
    nube.done(&coded(2));
    let strict = Nube::with(NubefactConfig {
        unique_code: true,
        ..NubefactConfig::default()
    });
    strict.done(&coded(1));
    assert_eq!(strict.refused(&coded(2)), (400, 23));
    strict.done(&factura(2));
}

#[test]
fn the_issuer_is_the_accounts() {
    let nube = Nube::with(NubefactConfig {
        others: Some(NubefactAccount {
            ruc: "20100070970".to_owned(),
            ..NubefactAccount::default()
        }),
        links: Some("http://127.0.0.1:8421/".to_owned()),
        ..NubefactConfig::default()
    });
    let answer = nube.done(&factura(1));
    let qr = answer["cadena_para_codigo_qr"].as_str().unwrap();
    assert!(qr.starts_with(
        "20100070970 | 01 | FFF1 | 000001 | 18.00 | 118.00 | 27/11/2026 | 6 | 20512333797 | "
    ));
    let key = answer["key"].as_str().unwrap();
    assert_eq!(answer["enlace"], format!("http://127.0.0.1:8421/cpe/{key}"));
}
