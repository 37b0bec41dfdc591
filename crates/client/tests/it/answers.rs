//! What a body means: by status first, structure second, words last.

use chaski_client::dialects::migo::MigoDialect;
use chaski_client::{
    CpeQuery, CpeState, Decoded, DniQuery, LatestRateQuery, List, ListQuery, Lookup, RateQuery,
    RatesQuery, RawAnswer, RepresentativesQuery, RucQuery, Upstream, UpstreamMany, Version,
};
use chaski_core::{Currency, RateSource, Taxpayer};
use jiff::civil::date;

use crate::kit::{answer, dialect, ruc, start};

fn decode<L: Lookup>(question: &L, status: u16, body: &str) -> String
where
    MigoDialect: Upstream<L>,
{
    match dialect(Version::Auto).decode(question, &answer(status, body.as_bytes())) {
        Ok(Decoded::Answer(_)) => "ok".to_owned(),
        Ok(Decoded::Refused { reason, message }) => format!("{}: {message}", reason.as_str()),
        Err(failure) => failure.code().to_owned(),
    }
}

fn company() -> RucQuery {
    RucQuery(ruc("20131312955"))
}

#[track_caller]
fn check(status: u16, body: &str, expected: &str) {
    assert_eq!(
        decode(&company(), status, body),
        expected,
        "{status} {body}"
    );
}

const GOOD: &str = r#"{"success":true,"ruc":"20131312955","nombre_o_razon_social":"PRUEBA"}"#;

#[test]
fn a_no_means_the_same_with_200_and_with_404() {
    for status in [200, 404] {
        let no = |field: &str, text: &str| format!(r#"{{"success":false,"{field}":"{text}"}}"#);
        for field in ["message", "error", "mensaje"] {
            let text = "RUC no encontrado";
            check(status, &no(field, text), "404_NOT_FOUND: RUC no encontrado");
        }
        for text in [
            "RUC not found",
            "El RUC no existe",
            "No se encontró el número",
            "El RUC no se encuentra registrado",
            "El RUC 20131312955 no figura en el padrón de SUNAT",
            "NO SE ENCONTRARON RESULTADOS PARA EL RUC",
        ] {
            check(
                status,
                &no("message", text),
                &format!("404_NOT_FOUND: {text}"),
            );
        }
        check(
            status,
            r#"{"success":false,"message":"No data found","data":null}"#,
            "404_NOT_FOUND: No data found",
        );
        check(
            status,
            r#"{"success":false,"errors":{"ruc":["El RUC no existe"]}}"#,
            "404_NOT_FOUND: El RUC no existe",
        );
        check(
            status,
            r#"{"success":false,"message":"-","error":"RUC no encontrado"}"#,
            "404_NOT_FOUND: RUC no encontrado",
        );
        for lie in [r#""false""#, "0", r#""NO""#] {
            let body = format!(r#"{{"success":{lie},"message":"el RUC no existe"}}"#);
            check(status, &body, "404_NOT_FOUND: el RUC no existe");
        }
    }
}

#[test]
fn trouble_of_the_upstream_is_never_a_no() {
    for status in [200, 404] {
        let says = |text: &str| format!(r#"{{"success":false,"message":"{text}"}}"#);
        for (text, code) in [
            ("Recurso no encontrado", "proveedor_ruta_incorrecta"),
            (
                "The route api/ruc could not be found.",
                "proveedor_ruta_incorrecta",
            ),
            ("Token no encontrado", "proveedor_no_autorizado"),
            ("Unauthenticated.", "proveedor_no_autorizado"),
            (
                "Su plan no incluye este servicio",
                "proveedor_no_autorizado",
            ),
            ("No tiene permisos", "proveedor_no_autorizado"),
            ("No tiene saldo", "cuota_agotada"),
            ("Cuota excedida", "cuota_agotada"),
            ("Too Many Attempts.", "limite_de_velocidad"),
            ("Demasiadas consultas", "limite_de_velocidad"),
            ("Servicio no disponible", "respuesta_inesperada"),
            (
                "El servicio no se encuentra disponible",
                "respuesta_inesperada",
            ),
            ("No hay conexión con SUNAT", "respuesta_inesperada"),
            ("El servidor no existe", "respuesta_inesperada"),
            ("No se pudo completar la consulta.", "respuesta_inesperada"),
            ("Error interno, intente más tarde", "respuesta_inesperada"),
            ("Service temporarily unavailable", "respuesta_inesperada"),
        ] {
            check(status, &says(text), code);
        }
    }
    for status in [200, 404] {
        // Words that name neither the number nor the registry, or none at all.
        for body in [
            r#"{"success":false}"#,
            r#"{"success":false,"message":""}"#,
            r#"{"success":false,"message":"FRUTAS S.A. no existe"}"#,
            r#"{"success":false,"message":"Consulta sin efecto"}"#,
            r#"{"success":false,"message":"No data found"}"#,
            r#"{"success":false,"message":"RUC inválido"}"#,
            r#"{"success":false,"detail":"El RUC no existe"}"#,
            r#"{"success":false,"message":"RUC no encontrado","detail":"upstream connect error"}"#,
            r#"{"success":false,"message":"RUC no encontrado","code":500}"#,
            r#"{"success":false,"message":"RUC no encontrado","error":{"code":1203}}"#,
        ] {
            check(status, body, "respuesta_inesperada");
        }
        // A refusal that holds what it refuses, or refuses another number.
        for body in [
            r#"{"success":false,"message":"RUC no encontrado","nombre_o_razon_social":"PRUEBA"}"#,
            r#"{"success":false,"message":"RUC no encontrado","ruc":"20100070970"}"#,
            r#"{"success":true,"success":false,"message":"RUC no encontrado"}"#,
        ] {
            check(status, body, "respuesta_ilegible");
        }
        // Frameworks repeat the status beside the words.
        check(
            status,
            r#"{"success":false,"statusCode":404,"message":"RUC no encontrado","error":"Not Found"}"#,
            "404_NOT_FOUND: RUC no encontrado",
        );
    }
    // A "no" that affirms.
    let both = r#"{"success":true,"message":"RUC no encontrado"}"#;
    check(404, both, "respuesta_ilegible");
}

#[test]
fn a_404_that_is_not_about_the_number_is_a_wrong_address() {
    for body in ["", "<html>404</html>", "[]", "null", "{}"] {
        check(404, body, "proveedor_ruta_incorrecta");
    }
    // What routers and gateways answer when they know no such address.
    for body in [
        r#"{"message":"Not Found."}"#,
        r#"{"message":"Not Found"}"#,
        r#"{"statusCode":404,"message":"Resource not found"}"#,
        r#"{"status":404,"error":"Not Found"}"#,
        r#"{"detail":"Not Found"}"#,
    ] {
        check(404, body, "respuesta_inesperada");
    }
}

#[test]
fn what_cannot_be_read_is_said_to_be_so() {
    let nested = format!("{}1{}", "[".repeat(10_000), "]".repeat(10_000));
    let wide = format!(
        r#"{{"success":true,"relleno":"{}"}}"#,
        "A".repeat(1_000_000)
    );
    for body in [
        "",
        "null",
        "false",
        "[]",
        "{}",
        "\"texto\"",
        "<!DOCTYPE html><html></html>",
        &GOOD[..GOOD.len() / 2],
        &nested,
        &wide,
        r#"{"success":true}"#,
        r#"{"success":true,"data":null}"#,
        r#"{"success":true,"ruc":"20131312955","nombre_o_razon_social":null}"#,
        r#"{"success":true,"ruc":"20100070970","nombre_o_razon_social":"OTRA"}"#,
        // It says that it is about the number asked for, or it is no answer.
        r#"{"success":true,"nombre_o_razon_social":"PRUEBA"}"#,
        r#"{"success":true,"ruc":null,"nombre_o_razon_social":"PRUEBA"}"#,
        r#"{"success":true,"ruc":true,"nombre_o_razon_social":"PRUEBA"}"#,
        r#"{"success":true,"ruc":["20131312955"],"nombre_o_razon_social":"PRUEBA"}"#,
        r#"{"success":true,"RUC":"20131312955","nombre_o_razon_social":"PRUEBA"}"#,
        // And contradicts itself nowhere.
        r#"{"success":true,"ruc":"20131312955","numero_documento":"20100070970","nombre_o_razon_social":"PRUEBA"}"#,
        r#"{"success":true,"ruc":"20100070970","nombre_o_razon_social":"PRUEBA","ruc":"20131312955"}"#,
        r#"{"success":true,"ruc":"20131312955","nombre_o_razon_social":"OTRA","nombre_o_razon_social":"PRUEBA"}"#,
        r#"{"success":true,"ruc":"20100070970","data":{"nombre_o_razon_social":"PRUEBA"}}"#,
        r#"{"success":true,"ruc":"20100070970","data":{"ruc":"20131312955","nombre_o_razon_social":"PRUEBA"}}"#,
        r#"{"success":true,"data":{"success":false,"ruc":"20131312955","nombre_o_razon_social":"PRUEBA"}}"#,
        r#"{"success":true,"ruc":"20131312955","nombre_o_razon_social":"PRUEBA","error":"timeout"}"#,
        r#"{"success":true,"ruc":"20131312955","nombre_o_razon_social":"PRUEBA","code":500}"#,
        r#"{"success":true,"ruc":"20131312955","nombre_o_razon_social":"PRUEBA","message":"RUC no encontrado"}"#,
        r#"[{"success":true,"ruc":"20131312955","nombre_o_razon_social":"PRUEBA"}]"#,
        "\u{feff}{}",
    ] {
        check(200, body, "respuesta_ilegible");
    }
    check(200, GOOD, "ok");
    check(200, &format!(r#"{{"success":true,"data":{GOOD}}}"#), "ok");
    check(302, GOOD, "proveedor_redirige");
    check(204, "", "respuesta_inesperada");
    check(500, GOOD, "proveedor_no_disponible");
    check(503, "<html>", "proveedor_no_disponible");
    check(422, r#"{"message":"RUC no existe"}"#, "proveedor_rechaza");
    check(
        422,
        r#"{"success":false,"message":"RUC no encontrado"}"#,
        "proveedor_rechaza",
    );
    check(
        422,
        r#"{"message":"Datos inválidos","errors":{"token":["El campo token es obligatorio."]}}"#,
        "proveedor_no_autorizado",
    );
    check(401, "<html>", "proveedor_no_autorizado");
    check(
        403,
        r#"{"success":false,"message":"no existe"}"#,
        "proveedor_no_autorizado",
    );
    check(429, "no es JSON", "limite_de_velocidad");
}

fn taxpayer(body: &str) -> Taxpayer {
    match dialect(Version::Auto).decode(&company(), &answer(200, body.as_bytes())) {
        Ok(Decoded::Answer(taxpayer)) => taxpayer,
        other => panic!("{other:?}"),
    }
}

#[test]
fn fields_may_be_null_absent_dashes_or_numbers() {
    let it = taxpayer(
        r#"{"success":true,"ruc":20131312955,"nombre_o_razon_social":"  PRUEBA   DOS ",
            "estado_del_contribuyente":null,"condicion_de_domicilio":"-","ubigeo":70101,
            "numero":210,"interior":"","lote":"----","direccion":" - - - -","actualizado_en":null}"#,
    );
    assert_eq!(it.nombre_o_razon_social, "PRUEBA DOS");
    assert_eq!((it.estado, it.condicion), (None, None));
    assert_eq!(it.ubigeo.unwrap().as_str(), "070101");
    assert_eq!(it.address.numero.as_deref(), Some("210"));
    assert_eq!((it.address.interior, it.address.lote), (None, None));
    assert_eq!((it.address.direccion, it.actualizado_en), (None, None));

    let it = taxpayer(r#"{"ruc":"20131312955","estado_del_contribuyente":"ESTADO QUE NADIE VIO"}"#);
    assert_eq!(it.estado.unwrap().as_str(), "ESTADO QUE NADIE VIO");
    let it = taxpayer(
        r#"{"ruc":20131312955,"nombre_o_razon_social":"X","condicion_de_domicilio":"NO HABIDO\nhoy"}"#,
    );
    assert_eq!(it.condicion.unwrap().as_str(), "NO HABIDO");
}

#[track_caller]
fn check_batch(body: &str, expected: [&str; 2]) {
    let asked = [company(), RucQuery(ruc("20100070970"))];
    let decoded = dialect(Version::Auto).decode_many(&asked, &answer(200, body.as_bytes()));
    let words: Vec<_> = decoded
        .unwrap()
        .into_iter()
        .map(|one| match one {
            Some(Decoded::Answer(_)) => "ok",
            Some(Decoded::Refused { .. }) => "no",
            None => "?",
        })
        .collect();
    assert_eq!(words, expected, "{body}");
}

#[test]
fn items_of_a_collection_are_matched_by_their_number() {
    let one = r#"{"success":true,"ruc":"20131312955","nombre_o_razon_social":"UNO"}"#;
    let two = r#"{"ruc":20100070970,"nombre_o_razon_social":"DOS"}"#;
    let no = r#"{"success":false,"ruc":"20100070970","message":"RUC no encontrado"}"#;
    let bare = r#"{"success":false,"ruc":"20100070970"}"#;
    let ill = r#"{"success":false,"ruc":"20100070970","message":"Servicio no disponible"}"#;
    let empty = r#"{"success":true,"ruc":"20100070970"}"#;
    check_batch(&format!("[{one},{two}]"), ["ok", "ok"]);
    check_batch(&format!("[{two},{one}]"), ["ok", "ok"]);
    check_batch(
        &format!(r#"{{"success":true,"data":[{one}]}}"#),
        ["ok", "?"],
    );
    check_batch(&format!("[{one},{no}]"), ["ok", "no"]);
    // Without words it is no "no": it is asked singly.
    check_batch(&format!("[{one},{bare}]"), ["ok", "?"]);
    for ill in [
        r#"{"success":false,"ruc":"20100070970","message":"Not Found"}"#,
        r#"{"success":false,"ruc":"20100070970","error":{"message":"Service Unavailable"}}"#,
        r#"{"success":false,"ruc":"20100070970","detail":"RUC no encontrado"}"#,
        r#"{"success":true,"ruc":"20131312955","nombre_o_razon_social":"X","ruc":"20100070970"}"#,
        r#"{"success":true,"ruc":"20100070970","nombre_o_razon_social":"X","error":"timeout"}"#,
    ] {
        check_batch(&format!("[{one},{ill}]"), ["ok", "?"]);
        check_batch(&format!("[{two},{ill},{one}]"), ["ok", "?"]);
    }
    // Two that differ say nothing; twice the same is the same.
    check_batch(&format!("[{two},{one},{no}]"), ["ok", "?"]);
    check_batch(&format!("[{no},{one},{two}]"), ["ok", "?"]);
    check_batch(&format!("[{two},{one},{two}]"), ["ok", "ok"]);
    check_batch(&format!("[{one},{ill}]"), ["ok", "?"]);
    check_batch(&format!("[{one},{empty}]"), ["ok", "?"]);
    check_batch(&format!("[null,7,[],{one}]"), ["ok", "?"]);
    check_batch("[]", ["?", "?"]);
}

#[track_caller]
fn check_rate(body: &str, expected: &str) {
    assert_eq!(decode(&LatestRateQuery, 200, body), expected, "{body}");
}

#[test]
fn prices_are_read_as_text_and_as_numbers() {
    let rate = |buy: &str, sell: &str| {
        format!(r#"{{"fecha":"2026-01-28","precio_compra":{buy},"precio_venta":{sell}}}"#)
    };
    check_rate(&rate("\"3.750\"", "\"3.760\""), "ok");
    check_rate(&rate("3.75", "3.76"), "ok");
    check_rate(&rate("\"3,750\"", "3.76"), "ok");
    check_rate(&rate("null", "3.76"), "respuesta_ilegible");
    check_rate(&rate("\"-\"", "3.76"), "respuesta_ilegible");
    check_rate(&rate("0", "0"), "respuesta_ilegible");
    check_rate(&rate("3.80", "3.76"), "respuesta_ilegible");
    check_rate(
        r#"{"precio_compra":"3.75","precio_venta":"3.76"}"#,
        "respuesta_ilegible",
    );
    // A rate of a later day, or of another currency, is not the one asked for.
    let asked = RateQuery {
        fecha: date(2026, 1, 27),
        fuente: RateSource::Sbs,
        moneda: Currency::Eur,
    };
    let body = |fecha: &str, moneda: &str| {
        format!(
            r#"{{"fecha":"{fecha}","moneda":"{moneda}","precio_compra":"4","precio_venta":"4.1"}}"#
        )
    };
    assert_eq!(decode(&asked, 200, &body("2026-01-27", "EUR")), "ok");
    assert_eq!(decode(&asked, 200, &body("2026-01-26", "EUR")), "ok");
    assert_eq!(
        decode(&asked, 200, &body("2026-01-28", "EUR")),
        "respuesta_ilegible"
    );
    assert_eq!(
        decode(&asked, 200, &body("2026-01-27", "USD")),
        "respuesta_ilegible"
    );
}

#[test]
fn an_object_of_something_else_is_not_a_yes() {
    let list = ListQuery {
        list: List::GoodTaxpayers,
        ruc: ruc("20131312955"),
    };
    assert_eq!(
        decode(&list, 200, r#"{"message":"Hola"}"#),
        "respuesta_ilegible"
    );
    for nobody in [r#"{"success":true}"#, r#"{"resolucion":"R.S. 1"}"#] {
        assert_eq!(decode(&list, 200, nobody), "respuesta_ilegible");
    }
    let member = r#"{"ruc":"20131312955","resolucion":"R.S. 1"}"#;
    assert_eq!(decode(&list, 200, member), "ok");
    let other = r#"{"success":true,"ruc":"20100070970"}"#;
    assert_eq!(decode(&list, 200, other), "respuesta_ilegible");
    let outsider = r#"{"success":false,"message":"El RUC no se encuentra en el padrón"}"#;
    assert_eq!(
        decode(&list, 404, outsider),
        "NO_FIGURA: El RUC no se encuentra en el padrón"
    );
    let dni = DniQuery("12345678".parse().unwrap());
    assert_eq!(
        decode(&dni, 200, r#"{"dni":12345678,"nombre":"UNA PERSONA"}"#),
        "ok"
    );
    assert_eq!(
        decode(&dni, 200, r#"{"dni":"87654321","nombre":"OTRA"}"#),
        "respuesta_ilegible"
    );
    for other in [
        r#"{"dni":"12345678","nombre":"-"}"#,
        r#"{"success":true,"nombre":"UNA PERSONA"}"#,
        r#"{"dni":null,"numero":"87654321","nombre":"OTRA"}"#,
        r#"{"dni":"12345678","numero":"87654321","nombre":"OTRA"}"#,
        r#"{"dni":"87654321","nombre":"OTRA","dni":"12345678"}"#,
    ] {
        assert_eq!(decode(&dni, 200, other), "respuesta_ilegible", "{other}");
    }
    let low = DniQuery("00000001".parse().unwrap());
    assert_eq!(decode(&low, 200, r#"{"dni":1,"nombre":"UNA"}"#), "ok");
}

#[test]
fn representatives_and_rates_are_those_that_were_asked_for() {
    let of = RepresentativesQuery(ruc("20131312955"));
    let body = |items: &str| format!(r#"{{"success":true,"data":[{items}]}}"#);
    let item = |ruc: &str| format!(r#"{{"documento":"DNI","dni":"00000001","nombre":"UNO"{ruc}}}"#);
    let (mine, other) = (
        item(r#","ruc":"20131312955""#),
        item(r#","ruc":"20100070970""#),
    );
    assert_eq!(decode(&of, 200, &body(&mine)), "ok");
    for wrong in [
        &other,
        &item(""),
        &item(r#","ruc":null"#),
        &format!("{mine},{other}"),
        "",
    ] {
        assert_eq!(
            decode(&of, 200, &body(wrong)),
            "respuesta_ilegible",
            "{wrong}"
        );
    }
    let rate = |fecha: &str, moneda: &str| {
        format!(
            r#"{{"fecha":"{fecha}","moneda":"{moneda}","precio_compra":"3.75","precio_venta":"3.76"}}"#
        )
    };
    let on = RateQuery {
        fecha: date(2026, 1, 27),
        fuente: RateSource::Sunat,
        moneda: Currency::Usd,
    };
    for (fecha, moneda, expected) in [
        ("2026-01-27", "USD", "ok"),
        ("2026-01-17", "USD", "ok"),
        ("2026-01-16", "USD", "respuesta_ilegible"),
        ("2020-01-02", "USD", "respuesta_ilegible"),
        ("2026-01-28", "USD", "respuesta_ilegible"),
        ("2026-01-27", "EUR", "respuesta_ilegible"),
    ] {
        assert_eq!(
            decode(&on, 200, &rate(fecha, moneda)),
            expected,
            "{fecha} {moneda}"
        );
    }
    // A refusal of another day is not that of the one asked for.
    for (fecha, expected) in [
        ("2026-01-27", "SIN_TIPO_DE_CAMBIO: No hay tipo de cambio"),
        ("2020-01-02", "respuesta_ilegible"),
    ] {
        let body =
            format!(r#"{{"success":false,"fecha":"{fecha}","message":"No hay tipo de cambio"}}"#);
        assert_eq!(decode(&on, 404, &body), expected, "{fecha}");
    }
    // The answer came on 28 January, Lima.
    for (fecha, moneda, expected) in [
        ("2026-01-27", "USD", "ok"),
        ("2026-01-29", "USD", "ok"),
        ("2026-01-30", "USD", "respuesta_ilegible"),
        ("2099-01-01", "USD", "respuesta_ilegible"),
        ("2026-01-27", "EUR", "respuesta_ilegible"),
    ] {
        let body = rate(fecha, moneda);
        assert_eq!(
            decode(&LatestRateQuery, 200, &body),
            expected,
            "{fecha} {moneda}"
        );
    }
    let range = RatesQuery {
        desde: date(2026, 1, 20),
        hasta: date(2026, 1, 27),
    };
    let dear = rate("2026-01-20", "USD").replace("3.76", "3.99");
    for (days, expected) in [
        (
            vec![rate("2026-01-20", "USD"), rate("2026-01-27", "USD")],
            "ok",
        ),
        (vec![rate("2026-01-19", "USD")], "respuesta_ilegible"),
        (vec![rate("2026-01-28", "USD")], "respuesta_ilegible"),
        (vec![rate("2026-01-20", "EUR")], "respuesta_ilegible"),
        (
            vec![rate("2026-01-20", "USD"), rate("2026-01-20", "USD")],
            "ok",
        ),
        (vec![rate("2026-01-20", "USD"), dear], "respuesta_ilegible"),
    ] {
        assert_eq!(
            decode(&range, 200, &body(&days.join(","))),
            expected,
            "{days:?}"
        );
    }
}

/// Of a Saturday, SUNAT's may stand under Monday, which has the same close; SBS's may not.
#[test]
fn a_rate_may_stand_under_another_date_with_its_close() {
    for (fuente, fecha, expected) in [
        (RateSource::Sunat, "2026-01-24", "ok"),
        (RateSource::Sunat, "2026-01-26", "ok"),
        (RateSource::Sunat, "2026-01-27", "respuesta_ilegible"),
        (RateSource::Sbs, "2026-01-23", "ok"),
        (RateSource::Sbs, "2026-01-26", "respuesta_ilegible"),
    ] {
        let saturday = RateQuery {
            fecha: date(2026, 1, 24),
            fuente,
            moneda: Currency::Usd,
        };
        let body = format!(
            r#"{{"fecha":"{fecha}","moneda":"USD","precio_compra":"3.75","precio_venta":"3.76"}}"#
        );
        let found = decode(&saturday, 200, &body);
        assert_eq!(found, expected, "{fuente:?} {fecha}");
    }
}

#[test]
fn the_state_of_a_document_is_never_guessed() {
    let query = CpeQuery {
        ruc_emisor: ruc("20131312955"),
        tipo_comprobante: "01".into(),
        serie: "F001".into(),
        numero: 1,
        fecha_emision: date(2026, 1, 1),
        monto: 1.into(),
    };
    let state = |value: &str| {
        let body = format!(r#"{{"success":true,"estado_comprobante":{value}}}"#);
        match dialect(Version::Auto).decode(&query, &answer(200, body.as_bytes())) {
            Ok(Decoded::Answer(state)) => Some(state),
            _ => None,
        }
    };
    assert_eq!(state("\"0\""), Some(CpeState::NotFound));
    assert_eq!(state("1"), Some(CpeState::Accepted));
    assert_eq!(state("\" 2 \""), Some(CpeState::Cancelled));
    assert_eq!(state("\"\""), Some(CpeState::Unknown(String::new())));
    assert_eq!(
        state("\"OBSERVADO\""),
        Some(CpeState::Unknown("OBSERVADO".into()))
    );
    assert_eq!(state("null"), None);
    assert_eq!(
        state(r#""0","numero":"1","serie":"F001""#),
        Some(CpeState::NotFound)
    );
    assert_eq!(state(r#""0","numero":"2""#), None);
    assert_eq!(state(r#""1","ruc_emisor":"20100070970""#), None);
}

#[track_caller]
fn check_wait(headers: &[(&str, &str)], seconds: Option<u64>) {
    let mut raw = RawAnswer {
        received_at: start(),
        ..answer(429, b"")
    };
    for (name, value) in headers {
        let name: http::HeaderName = name.parse().unwrap();
        raw.headers.insert(name, value.parse().unwrap());
    }
    assert_eq!(
        raw.retry_after().map(|it| it.as_secs()),
        seconds,
        "{headers:?}"
    );
}

#[test]
fn retry_after_is_seconds_or_a_date_by_the_clock_of_the_answer() {
    let until = ("retry-after", "Wed, 28 Jan 2026 15:00:30 GMT");
    check_wait(&[], None);
    check_wait(&[("retry-after", "30")], Some(30));
    check_wait(&[("retry-after", " 0 ")], Some(0));
    check_wait(&[("retry-after", "99999999")], Some(900));
    check_wait(&[("retry-after", "pronto")], None);
    check_wait(&[("retry-after", "-5")], None);
    check_wait(&[until], Some(30));
    // Their clock is an hour ahead of ours, or behind: only the difference counts.
    check_wait(
        &[until, ("date", "Wed, 28 Jan 2026 15:00:20 GMT")],
        Some(10),
    );
    let ahead = ("retry-after", "Wed, 28 Jan 2026 16:00:30 GMT");
    check_wait(
        &[ahead, ("date", "Wed, 28 Jan 2026 16:00:00 GMT")],
        Some(30),
    );
    check_wait(&[ahead], Some(900));
    let past = ("retry-after", "Wed, 28 Jan 2026 14:00:00 GMT");
    check_wait(&[past], Some(0));
}
