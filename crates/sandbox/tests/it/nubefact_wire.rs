//! Who may ask and how: every form of authorization, wrong rutas, bodies that are none.

use bytes::Bytes;
use chaski_sandbox::{Auth, DEMO_CAP, NubefactAccount, NubefactConfig, Operation, Standing};
use http::Request;
use serde_json::{Value, json};

use crate::nubefact_kit::{Nube, RUTA, TOKEN, about, boleta, factura, nube, raw, request, with};

fn with_header(value: &str) -> Request<Bytes> {
    let mut request = request(&factura(1));
    request
        .headers_mut()
        .insert("authorization", value.parse().unwrap());
    request
}

fn one_token() -> NubefactConfig {
    NubefactConfig {
        others: Some(NubefactAccount {
            tokens: vec![TOKEN.to_owned()],
            ..NubefactAccount::default()
        }),
        ..NubefactConfig::default()
    }
}

#[test]
fn every_form_of_authorization_is_taken() {
    let check = |value: &str, auth: Auth| {
        let nube = Nube::with(one_token());
        let (status, answer) = nube.send(with_header(value));
        assert_eq!(status, 200, "{value}: {answer}");
        assert_eq!(nube.sandbox.ledger()[0].auth, auth, "{value}");
    };
    check("no-debe-guardarse", Auth::Bare);
    check(" no-debe-guardarse ", Auth::Bare);
    check("Token token=\"no-debe-guardarse\"", Auth::Token);
    check("token token=\"no-debe-guardarse\"", Auth::Token);
    check("Token token=no-debe-guardarse", Auth::Token);
    check("Bearer no-debe-guardarse", Auth::Bearer);
}

#[test]
fn a_wrong_token_is_10_and_401() {
    for value in [
        "otro",
        "Token token=\"otro\"",
        "Token token=\"\"",
        "Bearer otro",
        "Token otro",
    ] {
        let (status, answer) = Nube::with(one_token()).send(with_header(value));
        assert_eq!(
            (status, answer["codigo"].as_u64()),
            (401, Some(10)),
            "{value}"
        );
    }
    let mut without = request(&factura(1));
    without.headers_mut().remove("authorization");
    let (status, answer) = nube().send(without);
    assert_eq!((status, &answer["codigo"]), (401, &json!(10)));
    let rejecting = Nube::configured(NubefactConfig::default(), |config| {
        config.rejected_tokens = vec![TOKEN.to_owned()];
    });
    assert_eq!(rejecting.refused(&factura(1)), (401, 10));
}

#[test]
fn a_ruta_is_a_uuid_or_64_digits_or_has_a_name() {
    let check = |ruta: &str, expected: (u16, Option<u64>)| {
        let nube = Nube::with(NubefactConfig {
            accounts: vec![NubefactAccount {
                ruta: "tienda".to_owned(),
                ..NubefactAccount::default()
            }],
            ..NubefactConfig::default()
        });
        let (status, answer) = nube.send(raw(ruta, factura(1).to_string()));
        assert_eq!((status, answer["codigo"].as_u64()), expected, "{ruta}");
    };
    check(RUTA, (200, None));
    check(&"0123456789abcdef".repeat(4), (200, None));
    check("tienda", (200, None));
    check("tienda/", (200, None));
    check("otra-tienda", (400, Some(11)));
    check(&"0123456789abcdef".repeat(3), (400, Some(11)));
    check("0f8fad5b-d9cb-469f-a165", (400, Some(11)));
    let closed = Nube::with(NubefactConfig {
        others: None,
        ..NubefactConfig::default()
    });
    assert_eq!(closed.refused(&factura(1)), (400, 11));
}

#[test]
fn both_upstreams_are_behind_one_address() {
    let nube = nube();
    nube.done(&factura(1));
    let (status, answer) = nube.send(crate::kit::v1("ruc", "ruc=20100070970"));
    assert_eq!((status, &answer["success"]), (200, &Value::Bool(true)));
    let (status, answer) = nube.send(crate::kit::v1("nada", "ruc=20100070970"));
    assert_eq!((status, &answer["success"]), (404, &Value::Bool(false)));
    assert_eq!(nube.sandbox.count(Operation::GenerarComprobante), 1);
    assert_eq!(nube.sandbox.charged(), 1);
}

#[test]
fn accounts_do_not_share_their_numbers() {
    let nube = nube();
    let other = "11111111-2222-3333-4444-555555555555";
    nube.done(&factura(1));
    assert_eq!(nube.refused(&factura(1)), (400, 23));
    assert_eq!(nube.send(raw(other, factura(1).to_string())).0, 200);
    let asked = about("consultar_comprobante", &factura(2)).to_string();
    assert_eq!(nube.send(raw(other, asked)).1["codigo"], 24);
}

#[test]
fn a_suspended_account_is_50_and_an_unpaid_one_51() {
    let check = |standing: Standing, codigo: u64| {
        let nube = Nube::with(NubefactConfig {
            others: Some(NubefactAccount {
                standing,
                ..NubefactAccount::default()
            }),
            ..NubefactConfig::default()
        });
        assert_eq!(nube.refused(&factura(1)), (400, codigo));
        assert_eq!(
            nube.refused(&about("consultar_comprobante", &factura(1))),
            (400, codigo)
        );
    };
    check(Standing::Suspended, 50);
    check(Standing::Unpaid, 51);
}

#[test]
fn another_content_type_is_12() {
    let check = |kind: Option<&str>, expected: (u16, Option<u64>)| {
        let mut request = request(&factura(1));
        request.headers_mut().remove("content-type");
        if let Some(kind) = kind {
            request
                .headers_mut()
                .insert("content-type", kind.parse().unwrap());
        }
        let (status, answer) = nube().send(request);
        assert_eq!((status, answer["codigo"].as_u64()), expected, "{kind:?}");
    };
    check(Some("application/json; charset=utf-8"), (200, None));
    check(Some("Application/JSON"), (200, None));
    check(None, (400, Some(12)));
    check(Some("application/x-www-form-urlencoded"), (400, Some(12)));
    check(Some("application/xml"), (400, Some(12)));
    check(Some("text/plain"), (400, Some(20)));
}

#[test]
fn a_body_that_is_no_request_is_20() {
    let deep = format!("{}1{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    let deep_list = format!(
        r#"{{"items":{}{}}}"#,
        "[".repeat(10_000),
        "]".repeat(10_000)
    );
    let huge = format!(
        r#"{{"operacion":"generar_comprobante","x":"{}"}}"#,
        "a".repeat(9 << 20)
    );
    let mut bodies: Vec<Vec<u8>> = [
        "",
        "{",
        "[]",
        "\"generar_comprobante\"",
        "null",
        "{}",
        r#"{"operacion":"borrar_comprobante"}"#,
        r#"{"operacion":["generar_comprobante"]}"#,
        // Quotes that are not escaped break it, as the manual warns.
        r#"{"operacion":"generar_comprobante","observaciones":"TUBO 1/2""}"#,
        r#"{"operacion":"generar_comprobante","total":NaN}"#,
        &deep,
        &deep_list,
        &huge,
    ]
    .map(|body| body.as_bytes().to_vec())
    .to_vec();
    bodies.push(b"{\"operacion\":\"generar_comprobante\",\"x\":\"\xff\"}".to_vec());
    let items = with(factura(1), json!({ "items": "uno" }));
    bodies.push(items.to_string().into_bytes());
    let items = with(factura(1), json!({ "items": [1, 2] }));
    bodies.push(items.to_string().into_bytes());
    let serie = with(factura(1), json!({ "serie": ["FFF1"] }));
    bodies.push(serie.to_string().into_bytes());
    for body in bodies {
        let start = String::from_utf8_lossy(&body)
            .chars()
            .take(60)
            .collect::<String>();
        let (status, answer) = nube().send(raw(RUTA, body));
        assert_eq!(
            (status, answer["codigo"].as_u64()),
            (400, Some(20)),
            "{start}"
        );
        assert_eq!(
            answer["errors"],
            "El archivo enviado no cumple con el formato establecido"
        );
    }
}

#[test]
fn the_demo_cap_can_be_on() {
    let capped = Nube::with(NubefactConfig {
        others: Some(NubefactAccount {
            cap: Some(DEMO_CAP),
            ..NubefactAccount::default()
        }),
        ..NubefactConfig::default()
    });
    for numero in 1..=50 {
        capped.done(&factura(numero));
    }
    let (status, answer) = capped.post(&boleta(1));
    assert_eq!((status, &answer["codigo"]), (400, &json!(21)));
    assert_eq!(
        answer["errors"],
        "No puedes enviar mas de 50 documentos en en una cuenta DEMO, ingresa a tu cuenta y elimina \
         tus comprobantes."
    );
    let nube = nube();
    for numero in 1..=60 {
        nube.done(&factura(numero));
    }
}

#[test]
fn neither_token_nor_customer_nor_ruta_can_be_printed() {
    let nube = nube();
    nube.done(&with(
        boleta(1),
        json!({ "cliente_denominacion": "CANARIO DE PRUEBA", "cliente_numero_de_documento": "00000002" }),
    ));
    nube.refused(&boleta(1));
    let entries = nube.sandbox.nubefact_ledger(0).unwrap();
    let printed = format!(
        "{entries:?} {} {:?} {:?} {:?}",
        serde_json::to_string(&entries).unwrap(),
        nube.sandbox,
        nube.sandbox.ledger(),
        one_token(),
    );
    assert_eq!(entries.len(), 2);
    for secret in [TOKEN, "CANARIO", "00000002", RUTA] {
        assert!(!printed.contains(secret), "{secret} in {printed}");
    }
}
