//! Every endpoint in every encoding and with every way to authenticate.

use chaski_sandbox::{Auth, Encoding, Operation, Version};
use http::Method;
use serde_json::{Value, json as value};

use crate::kit::{answer, ask, bare, config, json, multipart, sandbox, status, v1, v2};

const FIELDS: [&str; 22] = [
    "success",
    "ruc",
    "nombre_o_razon_social",
    "estado_del_contribuyente",
    "condicion_de_domicilio",
    "ubigeo",
    "tipo_de_via",
    "nombre_de_via",
    "codigo_de_zona",
    "tipo_de_zona",
    "numero",
    "interior",
    "lote",
    "dpto",
    "manzana",
    "kilometro",
    "distrito",
    "provincia",
    "departamento",
    "direccion_simple",
    "direccion",
    "actualizado_en",
];

#[test]
fn the_sample_comes_byte_for_byte_in_its_order() {
    let expected = r#"{"success":true,"ruc":"20512963545","nombre_o_razon_social":"ZONA INFORMATICA DIGITAL S.R.L.","estado_del_contribuyente":"BAJA DE OFICIO","condicion_de_domicilio":"HABIDO","ubigeo":"150130","tipo_de_via":"AV.","nombre_de_via":"SAN LUIS","codigo_de_zona":"-","tipo_de_zona":"-","numero":"2076","interior":"-","lote":"-","dpto":"403","manzana":"-","kilometro":"-","distrito":"SAN BORJA","provincia":"LIMA","departamento":"LIMA","direccion_simple":"AV. SAN LUIS NRO. 2076 DPTO. 403","direccion":"AV. SAN LUIS NRO. 2076 DPTO. 403 - LIMA LIMA SAN BORJA","actualizado_en":"2026-08-25 16:11:53"}"#;
    for request in [v1("ruc", "ruc=20512963545"), v2("ruc/20512963545")] {
        let response = ask(&sandbox(), request).unwrap();
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(response.body(), expected);
    }
}

#[track_caller]
fn check_ruc(request: http::Request<bytes::Bytes>, encoding: Encoding, auth: Auth) {
    let sandbox = sandbox();
    let (status, body) = answer(&sandbox, request);
    assert_eq!(status, 200);
    let keys: Vec<&String> = body.as_object().unwrap().keys().collect();
    assert_eq!(keys, FIELDS);
    assert_eq!(body["ruc"], "20100070970");
    assert_eq!(
        body["nombre_o_razon_social"],
        "EMPRESA DE PRUEBA UNO S.A.C."
    );
    let entry = &sandbox.ledger()[0];
    assert_eq!((entry.encoding, entry.auth), (encoding, auth));
    assert_eq!(entry.subjects, ["20100070970"]);
}

#[test]
fn a_ruc_may_be_asked_in_every_encoding_and_with_either_token() {
    const RUC: &str = "20100070970";
    let body = r#"{"token":"t","ruc":"20100070970"}"#;
    let number = r#"{"ruc":20100070970,"token":"t","extra":{"a":[1]},"nada":null}"#;
    check_ruc(v1("ruc", "ruc=20100070970"), Encoding::Form, Auth::Body);
    check_ruc(v1("ruc/", "ruc=20100070970"), Encoding::Form, Auth::Body);
    check_ruc(json("ruc", body), Encoding::Json, Auth::Body);
    check_ruc(json("ruc/", number), Encoding::Json, Auth::Body);
    check_ruc(
        multipart("ruc", &[("token", "t"), ("ruc", RUC)]),
        Encoding::Multipart,
        Auth::Body,
    );
    let bearer = |method, path: &str| bare(method, path, Some("t"));
    check_ruc(
        bearer(Method::POST, "/api/v1/ruc?ruc=20100070970"),
        Encoding::Query,
        Auth::Bearer,
    );
    check_ruc(
        bearer(Method::GET, "/api/v1/ruc/20100070970"),
        Encoding::None,
        Auth::Bearer,
    );
    check_ruc(
        bearer(Method::GET, "/api/v1/ruc?ruc=20100070970"),
        Encoding::Query,
        Auth::Bearer,
    );
    check_ruc(
        bearer(Method::GET, "/api/v2/ruc/20100070970"),
        Encoding::None,
        Auth::Bearer,
    );
    check_ruc(
        bearer(Method::GET, "/api/v2/ruc/20100070970/"),
        Encoding::None,
        Auth::Bearer,
    );
    let in_query = bare(Method::POST, "/api/v1/ruc?token=t&ruc=20100070970", None);
    check_ruc(in_query, Encoding::Query, Auth::Query);
}

#[track_caller]
fn check_collection(request: http::Request<bytes::Bytes>, expected: &[(&str, bool)]) {
    let (status, body) = answer(&sandbox(), request);
    assert_eq!(status, 200);
    let items: Vec<(&str, bool)> = body
        .as_array()
        .unwrap()
        .iter()
        .map(|item| {
            (
                item["ruc"].as_str().unwrap(),
                item["success"].as_bool().unwrap(),
            )
        })
        .collect();
    assert_eq!(items, expected);
}

#[test]
fn a_collection_takes_every_form_of_an_array() {
    let both = [("20100070970", true), ("20000633527", false)];
    let path = "ruc/collection";
    check_collection(v1(path, "ruc[]=20100070970&ruc[]=20000633527"), &both);
    check_collection(
        v1(path, "ruc%5B0%5D=20100070970&ruc%5B1%5D=20000633527"),
        &both,
    );
    check_collection(v1(path, "ruc=20100070970&ruc=20000633527"), &both);
    check_collection(
        json(path, r#"{"token":"t","ruc":["20100070970",20000633527]}"#),
        &both,
    );
    let fields = [
        ("token", "t"),
        ("ruc[]", "20100070970"),
        ("ruc[]", "20000633527"),
    ];
    check_collection(multipart(path, &fields), &both);
}

#[test]
fn a_collection_can_lose_items_as_configured() {
    let asked = "ruc[]=20100070970&ruc[]=20000633527&ruc[]=20131312955";
    let check = |configure: fn(&mut chaski_sandbox::SandboxConfig), expected: &[&str]| {
        let mut config = config();
        configure(&mut config);
        let sandbox = chaski_sandbox::Sandbox::new(config).unwrap();
        let (_, body) = answer(&sandbox, v1("ruc/collection", asked));
        let rucs: Vec<&Value> = body
            .as_array()
            .unwrap()
            .iter()
            .map(|item| &item["ruc"])
            .collect();
        assert_eq!(rucs, expected);
    };
    check(|_| {}, &["20100070970", "20000633527", "20131312955"]);
    check(
        |c| c.collection_omits_unknown = true,
        &["20100070970", "20131312955"],
    );
    check(|c| c.collection_drops = 1, &["20000633527", "20131312955"]);
    check(
        |c| c.collection_reverses = true,
        &["20131312955", "20000633527", "20100070970"],
    );
}

#[track_caller]
fn check_invalid(request: http::Request<bytes::Bytes>, field: &str) {
    let sandbox = sandbox();
    let (status, body) = answer(&sandbox, request);
    assert_eq!((status, &body["success"]), (422, &value!(false)));
    assert!(body["message"].is_string());
    assert!(body["errors"][field][0].is_string(), "{body}");
    assert_eq!(sandbox.charged(), 0);
}

#[test]
fn what_is_badly_asked_is_a_422_that_names_the_field() {
    let hundred_and_one = vec!["ruc[]=20100070970"; 101].join("&");
    check_invalid(v1("ruc/collection", &hundred_and_one), "ruc");
    check_invalid(v1("ruc/collection", ""), "ruc");
    check_invalid(
        json("ruc/collection", r#"{"token":"t","ruc":"20100070970"}"#),
        "ruc",
    );
    check_invalid(
        json("ruc/collection", r#"{"token":"t","rucs":["20100070970"]}"#),
        "ruc",
    );
    check_invalid(
        v1("ruc/collection", "ruc[]=20100070970&ruc[]=2010"),
        "ruc.1",
    );
    check_invalid(
        json("ruc/collection", r#"{"token":"t","ruc":[null]}"#),
        "ruc.0",
    );
    check_invalid(v1("ruc", ""), "ruc");
    check_invalid(v1("ruc", "ruc="), "ruc");
    check_invalid(v1("ruc", "ruc=2010007097"), "ruc");
    check_invalid(v1("ruc", "ruc=2010007097A"), "ruc");
    check_invalid(v1("ruc", "ruc=2013131295-5"), "ruc");
    check_invalid(v2("ruc/20100070970%20"), "ruc");
    check_invalid(v1("dni", "dni=1234567"), "dni");
    check_invalid(v2("dni/123456789"), "dni");
    check_invalid(v1("exchange/date", ""), "fecha");
    check_invalid(v1("exchange/date", "fecha=28/01/2026"), "fecha");
    check_invalid(v1("exchange/date", "fecha=2026-02-30"), "fecha");
    check_invalid(v1("exchange", "fecha_inicio=2026-01-02"), "fecha_fin");
    check_invalid(
        v1("exchange", "fecha_inicio=2026-01-05&fecha_fin=2026-01-02"),
        "fecha_fin",
    );
    check_invalid(v2("tipo-cambio/sunat"), "fecha");
    check_invalid(v2("tipo-cambio/sbs?fecha=2026-01-28"), "moneda");
    check_invalid(v2("tipo-cambio/sbs?fecha=2026-01-28&moneda=GBP"), "moneda");
    check_invalid(v1("cpe", "ruc_emisor=20100070970"), "tipo_comprobante");
    check_invalid(
        v1("cpe", &cpe("123", "2026-01-20", "118.00")),
        "fecha_emision",
    );
    check_invalid(v1("cpe", &cpe("123", "20/01/2026", "mucho")), "monto");
}

#[test]
fn exactly_a_hundred_fit_in_a_collection() {
    let hundred = vec!["ruc[]=20100070970"; 100].join("&");
    let (status, body) = answer(&sandbox(), v1("ruc/collection", &hundred));
    assert_eq!((status, body.as_array().unwrap().len()), (200, 100));
}

fn cpe(number: &str, date: &str, amount: &str) -> String {
    format!(
        "ruc_emisor=20100070970&tipo_comprobante=01&serie=F001&numero={number}&fecha_emision={date}&monto={amount}"
    )
}

#[test]
fn a_document_exists_by_the_rule_on_its_number() {
    let check = |number: &str, date: &str, amount: &str, expected: &str| {
        let (status, body) = answer(&sandbox(), v1("cpe", &cpe(number, date, amount)));
        assert_eq!(
            (status, &body["estado_comprobante"]),
            (200, &value!(expected))
        );
    };
    check("123", "20/01/2026", "118.00", "1");
    check("190", "20/01/2026", "118.00", "0");
    check("198", "20/01/2026", "118.00", "2");
    check("199", "20/01/2026", "118.00", "");
    check("0123", "20/01/2026", "118.00", "0");
    check("123", "20/01/2026", "118", "0");
    check("123", "29/01/2026", "118.00", "0");
    check("123", "28/01/2026", "118.00", "1");
}

#[test]
fn a_dni_gives_one_name() {
    for request in [v1("dni", "dni=12345678"), v2("dni/12345678")] {
        let expected =
            value!({"success": true, "dni": "12345678", "nombre": "EJEMPLO FICTICIO ANA LUCIA"});
        assert_eq!(answer(&sandbox(), request), (200, expected));
    }
}

#[test]
fn unknown_numbers_and_dates_are_404_with_success_false_and_cost_a_call() {
    for request in [
        v1("ruc", "ruc=20000633527"),
        v1("ruc", "ruc=20512333798"),
        v1("ruc", "ruc=20000000001"),
        v1("ruc", "ruc=99512333792"),
        v2("ruc/20000633527"),
        v1("dni", "dni=00000000"),
        v2("dni/00000000"),
        v1("exchange/date", "fecha=2026-01-29"),
        v2("tipo-cambio/sbs?fecha=2026-01-25&moneda=EUR"),
        v1("ruc/representantes-legales", "ruc=10123456781"),
    ] {
        let sandbox = sandbox();
        let (status, body) = answer(&sandbox, request);
        assert_eq!((status, &body["success"]), (404, &value!(false)));
        assert!(body["message"].is_string() && body["message"] != "Recurso no encontrado");
        assert_eq!(sandbox.charged(), 1);
    }
}

#[test]
fn representatives_activity_and_account_have_the_documented_keys() {
    let sandbox = sandbox();
    let keys = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
            .join(" ")
    };
    let (_, body) = answer(
        &sandbox,
        v1("ruc/representantes-legales", "ruc=20100070970"),
    );
    assert_eq!(keys(&body), "success data");
    assert_eq!(
        keys(&body["data"][0]),
        "documento dni nombre cargo fecha ruc"
    );
    let activity = bare(
        Method::GET,
        "/api/v1/ruc/actividad/20100070970?token=t",
        None,
    );
    let (status, body) = answer(&sandbox, activity);
    assert_eq!(status, 200);
    assert_eq!(
        keys(&body),
        "success ruc estado condicion tipo actividad_economica_rev3_principal \
         actividad_economica_rev3_secundaria actividad_economica_rev4_principal numero_trabajadores \
         tipo_facturacion tipo_contabilidad comercio_exterior periodo"
    );
    let (_, body) = answer(&sandbox, v1("account", ""));
    assert_eq!(keys(&body), "success nombre email consultas");
    assert_eq!(sandbox.count(Operation::Activity), 1);
    assert_eq!(sandbox.ledger()[1].auth, Auth::Query);
}

#[test]
fn membership_is_told_with_200_or_404_as_configured() {
    let check = |path: &str, ruc: &str, is_404: bool, expected: (u16, bool)| {
        let mut config = config();
        config.not_a_member_is_404 = is_404;
        let sandbox = chaski_sandbox::Sandbox::new(config).unwrap();
        let (status, body) = answer(&sandbox, v1(path, &format!("ruc={ruc}")));
        assert_eq!((status, body["success"].as_bool().unwrap()), expected);
        let member = body["success"] == true;
        assert_eq!(member, body["resolucion"].is_string());
        assert_eq!(member, body["nombre_o_razon_social"].is_string());
    };
    check("ruc/agentes-retencion", "20100070970", false, (200, true));
    check("ruc/agentes-retencion", "20100038146", false, (200, false));
    check("ruc/agentes-retencion", "20100038146", true, (404, false));
    check(
        "ruc/buenos-contribuyentes",
        "20100038146",
        false,
        (200, true),
    );
    check(
        "ruc/buenos-contribuyentes",
        "20131312955",
        false,
        (200, false),
    );
}

#[test]
fn tokens_are_judged_as_each_version_does() {
    let check = |request, with_403: bool, expected: (u16, &str)| {
        let mut config = config();
        config.rejected_tokens = vec!["malo".into()];
        config.forbidden_tokens = vec!["basico".into()];
        config.v1_rejects_with_403 = with_403;
        let sandbox = chaski_sandbox::Sandbox::new(config).unwrap();
        let (status, body) = answer(&sandbox, request);
        assert_eq!((status, body["message"].as_str().unwrap()), expected);
        assert_eq!(sandbox.charged(), 0);
    };
    let v2_with = |token| bare(Method::GET, "/api/v2/ruc/20100070970", token);
    let v1_with = |token: &str| {
        json(
            "ruc",
            &format!(r#"{{"token":"{token}","ruc":"20100070970"}}"#),
        )
    };
    check(v2_with(Some("malo")), false, (401, "Unauthenticated."));
    check(v2_with(None), false, (401, "Unauthenticated."));
    check(
        bare(Method::GET, "/api/v2/ruc/20100070970?token=t", None),
        false,
        (401, "Unauthenticated."),
    );
    check(
        v2_with(Some("basico")),
        false,
        (403, "Su plan no incluye este servicio"),
    );
    check(v1_with("malo"), false, (401, "Token no válido"));
    check(v1_with("malo"), true, (403, "Token no válido"));
    check(v1_with(""), false, (401, "Token no válido"));
    check(
        v1_with("basico"),
        false,
        (403, "Su plan no incluye este servicio"),
    );
    check(json("ruc", "{roto"), false, (401, "Token no válido"));
}

#[test]
fn wrong_paths_and_methods_are_not_unknown_numbers() {
    let sandbox = sandbox();
    for (method, path) in [
        (Method::GET, "/v2/ruc/20100070970"),
        (Method::GET, "/api/v2/rucs/20100070970"),
        (Method::GET, "/api/v2/ruc"),
        (Method::GET, "/api/v3/ruc/20100070970"),
        (Method::POST, "/api/v1/ruc/otro/20100070970"),
        (Method::GET, "/"),
    ] {
        let (status, body) = answer(&sandbox, bare(method, path, Some("t")));
        assert_eq!(
            (status, body["message"].as_str()),
            (404, Some("Recurso no encontrado"))
        );
    }
    let response = ask(&sandbox, bare(Method::GET, "/api/v1/dni", Some("t"))).unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["allow"]),
        (405, &"POST".parse().unwrap())
    );
    assert_eq!(
        status(
            &sandbox,
            bare(Method::POST, "/api/v2/ruc/20100070970", Some("t"))
        ),
        405
    );
    assert_eq!(
        (sandbox.count(Operation::Unknown), sandbox.charged()),
        (8, 0)
    );
}

#[test]
fn v2_without_accept_is_answered_and_noted() {
    let sandbox = sandbox();
    let mut request = v2("ruc/20100070970");
    request.headers_mut().remove("accept");
    assert_eq!(status(&sandbox, request), 200);
    assert_eq!(status(&sandbox, v2("ruc/20100070970")), 200);
    let noted: Vec<bool> = sandbox.ledger().iter().map(|entry| entry.accept).collect();
    assert_eq!(noted, [false, true]);
    assert_eq!(sandbox.ledger()[0].version, Some(Version::V2));
}
