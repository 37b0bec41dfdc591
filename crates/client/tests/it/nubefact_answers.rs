//! Answers in every shape that they have been seen in: what is read, what is kept, how the state is told.

use chaski_client::{NubefactReply, NubefactState};
use serde_json::{Value, json};

use crate::nubefact_classes::{Played, client, code, says};
use chaski_client::{NubefactError, NubefactId, NubefactKind};

fn sample(name: &str) -> NubefactReply {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../core/tests/samples/nubefact/responses/"
    );
    let body = std::fs::read(format!("{folder}{name}.json")).unwrap();
    NubefactReply::from_json(&body).unwrap()
}

#[test]
fn every_sample_is_read() {
    for (name, serie, state) in [
        ("factura-aceptada", Some("FFF1"), "ACEPTADO"),
        ("consulta-factura-aceptada", Some("FFF1"), "ACEPTADO"),
        ("boleta-demo-real-shape", Some("BBB1"), "PENDIENTE_SUNAT"),
        ("guia-generada", Some("TTT1"), "PENDIENTE_SUNAT"),
        ("guia-consulta-aceptada", Some("TTT1"), "ACEPTADO"),
        ("anulacion-pendiente", None, "PENDIENTE_SUNAT"),
    ] {
        let reply = sample(name);
        assert_eq!(reply.serie().as_deref(), serie, "{name}");
        assert_eq!(reply.numero(), Some(1), "{name}");
        assert_eq!(reply.state().as_str(), state, "{name}");
        // Nothing is lost.
        let again = NubefactReply::from_json(&reply.to_json()).unwrap();
        assert_eq!(again, reply, "{name}");
    }
    let real = sample("boleta-demo-real-shape");
    assert!(
        real.qr()
            .unwrap()
            .starts_with("20600695771 | 03 | BBB1 | 000001")
    );
    assert_eq!(real.hash().unwrap().len(), 44);
    assert_eq!(real.text("enlace_del_cdr"), None);
    assert_eq!(
        sample("anulacion-pendiente").ticket().as_deref(),
        Some("1494358661332")
    );
    assert_eq!(sample("guia-generada").qr(), None);
}

#[track_caller]
fn check(fields: &Value, expected: &NubefactState) {
    let reply = NubefactReply::from_json(fields.to_string().as_bytes()).unwrap();
    assert_eq!(reply.state(), *expected, "{fields}");
    // The same, everything as text.
    let as_text: serde_json::Map<String, Value> = fields
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| match value {
            Value::Null | Value::String(_) => (name.clone(), value.clone()),
            other => (name.clone(), other.to_string().into()),
        })
        .collect();
    let reply = NubefactReply::from_json(&serde_json::to_vec(&as_text).unwrap()).unwrap();
    assert_eq!(reply.state(), *expected, "{as_text:?}");
}

#[test]
fn every_state_is_told() {
    let observed = |codes: &[&str]| NubefactState::Observed {
        codes: codes.iter().map(|it| (*it).to_owned()).collect(),
    };
    let rejected = |code: &str| NubefactState::Rejected { code: code.into() };
    let undelivered = |code: Option<&str>| NubefactState::Undelivered {
        code: code.map(Into::into),
    };
    let of = |accepted: Value, code: Value, soap: Value| {
        json!({ "aceptada_por_sunat": accepted, "sunat_responsecode": code, "sunat_soap_error": soap,
            "enlace_del_pdf": "https://www.nubefact.com/cpe/1.pdf", "sunat_note": null })
    };
    let (yes, no, none) = (Value::from(true), Value::from(false), Value::Null);
    check(
        &of(yes.clone(), "0".into(), "".into()),
        &NubefactState::Accepted,
    );
    check(
        &of(yes.clone(), none.clone(), none.clone()),
        &NubefactState::Accepted,
    );
    check(
        &of(yes.clone(), "4252".into(), "".into()),
        &observed(&["4252"]),
    );
    let mut noted = of(yes.clone(), "0".into(), "".into());
    noted["sunat_note"] = "4252 - El dato ingresado | 4093".into();
    check(&noted, &observed(&["4252", "4093"]));
    for code in ["2335", "3291", "2800", "99"] {
        check(&of(no.clone(), code.into(), "".into()), &rejected(code));
    }
    check(
        &of(no.clone(), 2335.into(), none.clone()),
        &rejected("2335"),
    );
    check(
        &of(no.clone(), "soap-env:Client.2335".into(), none.clone()),
        &rejected("soap-env:Client.2335"),
    );
    // Neither yes nor no.
    for empty in [none.clone(), "".into(), "0".into(), 0.into()] {
        check(
            &of(no.clone(), empty.clone(), "".into()),
            &NubefactState::Pending,
        );
        check(
            &of(no.clone(), empty, "Connection timed out".into()),
            &undelivered(None),
        );
    }
    for code in ["0109", "1033", "0100"] {
        check(
            &of(no.clone(), code.into(), "".into()),
            &undelivered(Some(code)),
        );
    }
    check(
        &of(no.clone(), "98".into(), "".into()),
        &NubefactState::Pending,
    );
    check(
        &of(no.clone(), "4252".into(), "".into()),
        &NubefactState::Pending,
    );
    check(
        &of(none.clone(), none.clone(), none.clone()),
        &NubefactState::Pending,
    );
    let mut voided = of(yes, "0".into(), "".into());
    voided["anulado"] = true.into();
    check(&voided, &NubefactState::Voided);
    check(&json!({}), &NubefactState::Pending);
}

/// What the caller hears of a question that has no good answer.
#[tokio::test(start_paused = true)]
async fn a_question_without_a_good_answer_is_an_error_that_says_so() {
    let id = NubefactId::new(NubefactKind::Factura, "FFF1", 1).unwrap();
    for (seen, refused) in [
        (code(400, 21), true),
        (code(401, 10), true),
        (code(500, 40), true),
        (says(400, r#"{"errors":["a","b"]}"#), true),
        (says(502, "<html>"), false),
        (says(200, "{}"), false),
        (says(200, ""), false),
    ] {
        let played = Played::of(vec![seen]);
        let error = client(&played).await.consult(&id).await.unwrap_err();
        assert_eq!(
            matches!(error, NubefactError::Refused(_)),
            refused,
            "{error:?}"
        );
        assert!(!error.to_string().is_empty());
    }
}

proptest::proptest! {
    /// Whatever comes is read, kept and classified without a panic.
    #[test]
    fn any_answer_is_survived(
        body in "[\\[{\"a-z_:,0-9\\.\\-| }\\]\u{0}ñ]{0,80}",
        name in proptest::sample::select(vec!["errors", "codigo", "serie", "numero",
            "cadena_para_codigo_qr", "sunat_responsecode", "aceptada_por_sunat", "invoice"]),
        value in proptest::sample::select(vec!["null", "[]", "{}", "-1", "1e400", "\"\"", "true",
            "\"|||||||||||\"", "99999999999999999999", "\"soap.2335\"", "[[1],null,{\"a\":\"b\"}]"]),
    ) {
        let fields = format!("{{\"{name}\":{value}}}");
        for text in [&body, &fields] {
            if let Some(reply) = NubefactReply::from_json(text.as_bytes()) {
                let shown = format!("{reply:?}{:?}{:?}", reply.state(), reply.text(name));
                proptest::prop_assert!(!shown.is_empty());
                proptest::prop_assert!(NubefactReply::from_json(&reply.to_json()).is_some());
            }
        }
    }
}
