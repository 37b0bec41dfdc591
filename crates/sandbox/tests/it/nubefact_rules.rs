//! What is taken and what is refused, in documents of our own: a cent, a code or a length off.

use serde_json::{Value, json};

use crate::nubefact_kit::{Nube, boleta, credit_note, factura, item, nube, sample, with};

/// `None` is taken; else the refusal's text holds this.
#[track_caller]
fn check(document: &Value, expected: Option<&str>) {
    check_in(&nube(), document, expected);
}

#[track_caller]
fn check_in(nube: &Nube, document: &Value, expected: Option<&str>) {
    let (status, answer) = nube.post(document);
    let errors = answer["errors"].as_str();
    match expected {
        None => assert_eq!(status, 200, "{answer}"),
        Some(text) => {
            assert_eq!(status, 400, "{answer}");
            assert!(errors.unwrap().contains(text), "{text} in {answer}");
        }
    }
}

/// A factura with those lines and totals.
fn of_lines(lines: Vec<Value>, gravada: f64, igv: f64, total: f64) -> Value {
    with(
        factura(1),
        json!({
            "items": Value::from(lines),
            "total_gravada": gravada,
            "total_igv": igv,
            "total": total,
        }),
    )
}

#[test]
fn a_cent_in_a_sum_is_refused_and_in_a_product_taken() {
    let line = |fields: Value| with(item(100.0, 18.0, 118.0), fields);
    let one = |fields: Value| of_lines(vec![line(fields)], 100.0, 18.0, 118.0);
    check(&one(json!({})), None);
    // Products: up to a cent.
    check(&one(json!({ "valor_unitario": 100.01 })), None);
    check(&one(json!({ "valor_unitario": 99.99 })), None);
    check(&one(json!({ "valor_unitario": 100.02 })), Some("3271"));
    check(&one(json!({ "valor_unitario": 99.98 })), Some("3271"));
    check(
        &one(json!({ "valor_unitario": 200, "descuento": 100 })),
        None,
    );
    let igv = |igv: f64, total: f64| of_lines(vec![item(100.0, igv, total)], 100.0, igv, total);
    check(&igv(18.01, 118.01), None);
    check(&igv(17.99, 117.99), None);
    check(&igv(18.02, 118.02), Some("3103"));
    check(&igv(17.98, 117.98), Some("3103"));
    check(&igv(0.0, 100.0), Some("3111"));
    // Sums: none.
    check(&one(json!({ "total": 118.01 })), Some("Total del item"));
    for (field, code) in [
        ("total_gravada", "3277"),
        ("total_igv", "3291"),
        ("total", "3280"),
    ] {
        for off in [0.01, -0.01] {
            let said = factura(1)[field].as_f64().unwrap() + off;
            check(
                &with(factura(1), json!({ field: format!("{said:.2}") })),
                Some(code),
            );
        }
    }
    for (field, code) in [
        ("total_exonerada", "3275"),
        ("total_inafecta", "3274"),
        ("total_gratuita", "3276"),
        ("total_isc", "3296"),
        ("total_impuestos_bolsas", "3306"),
        ("total_anticipo", "2509"),
        ("total_otros_cargos", "3280"),
    ] {
        check(&with(factura(1), json!({ field: 0.01 })), Some(code));
    }
}

#[test]
fn many_small_lines_drift_by_a_cent_a_line_and_never_by_more_than_one_sol() {
    let lines = |count: usize, value: f64, igv: f64| {
        let total = value + igv;
        let line = item(value, igv, (total * 100.0).round() / 100.0);
        let sum = |of: f64| (of * 100.0).round() / 100.0;
        let n = f64::from(u32::try_from(count).unwrap());
        of_lines(
            vec![line; count],
            sum(value * n),
            sum(igv * n),
            sum(total * n),
        )
    };
    // 400 × 0.35: 20.00 of IGV where 21.60 is due.
    check(&lines(400, 0.30, 0.05), Some("3291"));
    check(&lines(251, 0.30, 0.05), None);
    check(&lines(254, 0.30, 0.05), Some("3291"));
    check(&lines(25, 0.84, 0.15), None);
    // A line may be off by a cent a unit, the document not by more than a cent a line.
    let ten = |igv: f64| {
        let line = with(
            item(100.0, igv, 100.0 + igv),
            json!({ "cantidad": 10, "valor_unitario": 10 }),
        );
        of_lines(vec![line], 100.0, igv, 100.0 + igv)
    };
    check(&ten(18.01), None);
    check(&ten(18.05), Some("3291"));
    check(&ten(18.11), Some("3103"));
}

#[test]
fn codes_of_igv_are_nubefacts_own() {
    for tipo in [0, 18, 19, 21, 30, 31, 37, 40, 101] {
        let line = with(item(100.0, 0.0, 100.0), json!({ "tipo_de_igv": tipo }));
        check(
            &of_lines(vec![line], 100.0, 0.0, 100.0),
            Some("Tipo de IGV incorrecto"),
        );
    }
    let both = with(item(100.0, 18.0, 118.0), json!({ "tipo_de_ivap": 17 }));
    check(
        &of_lines(vec![both], 100.0, 18.0, 118.0),
        Some("Tipo de IGV incorrecto"),
    );
    let none = with(item(100.0, 18.0, 118.0), json!({ "tipo_de_igv": "" }));
    check(
        &of_lines(vec![none], 100.0, 18.0, 118.0),
        Some("Tipo de IGV incorrecto"),
    );
    // Each of the table counts where it belongs.
    for tipo in 1..=20 {
        let field = match tipo {
            1 => "total_gravada",
            8 => "total_exonerada",
            9 | 16 => "total_inafecta",
            18 | 19 => continue,
            _ => "total_gratuita",
        };
        let igv = if tipo == 1 { 18.0 } else { 0.0 };
        let total = if field == "total_gratuita" {
            0.0
        } else {
            100.0 + igv
        };
        let line = with(
            item(100.0, igv, 100.0 + igv),
            json!({ "tipo_de_igv": tipo }),
        );
        let mut document = of_lines(vec![line], 0.0, igv, total);
        document[field] = 100.0.into();
        check(&document, None);
        // And bears no IGV where none is due.
        if (8..=17).contains(&tipo) || tipo == 20 {
            document["items"][0]["igv"] = 18.0.into();
            check(&document, Some("3110"));
        }
    }
}

#[test]
fn ivap_has_four_per_cent() {
    let line = with(
        item(100.0, 4.0, 104.0),
        json!({ "tipo_de_igv": "", "tipo_de_ivap": "17" }),
    );
    let document = of_lines(vec![line], 100.0, 4.0, 104.0);
    check(
        &with(document.clone(), json!({ "porcentaje_de_igv": "4.00" })),
        None,
    );
    check(&document, Some("3103"));
    check(
        &with(factura(1), json!({ "porcentaje_de_igv": 4 })),
        Some("3103"),
    );
    let at_four = of_lines(vec![item(100.0, 4.0, 104.0)], 100.0, 4.0, 104.0);
    check(
        &with(at_four, json!({ "porcentaje_de_igv": 4 })),
        Some("3462"),
    );
}

#[test]
fn a_rate_is_in_force_on_its_days() {
    let at = |percent: f64, day: &str, now: &str, expected: Option<&str>| {
        let nube = nube();
        nube.set(now);
        let document = of_lines(
            vec![item(100.0, percent, 100.0 + percent)],
            100.0,
            percent,
            100.0 + percent,
        );
        let document = with(
            document,
            json!({ "porcentaje_de_igv": percent, "fecha_de_emision": day }),
        );
        check_in(&nube, &document, expected);
    };
    at(18.0, "27-11-2026", "2026-11-27T12:00:00-05:00", None);
    at(10.5, "27-11-2026", "2026-11-27T12:00:00-05:00", None);
    at(
        10.0,
        "27-11-2026",
        "2026-11-27T12:00:00-05:00",
        Some("3462"),
    );
    at(
        15.0,
        "27-11-2026",
        "2026-11-27T12:00:00-05:00",
        Some("3462"),
    );
    at(10.0, "31-12-2025", "2026-01-01T00:30:00-05:00", None);
    at(
        10.5,
        "31-12-2025",
        "2026-01-01T00:30:00-05:00",
        Some("3462"),
    );
    at(15.0, "02-01-2027", "2027-01-02T12:00:00-05:00", None);
    at(
        10.5,
        "02-01-2027",
        "2027-01-02T12:00:00-05:00",
        Some("3462"),
    );
    // A note bears the rate of its document, in force or not.
    let note = of_lines(vec![item(100.0, 10.0, 110.0)], 100.0, 10.0, 110.0);
    let note = with(note, json!({ "porcentaje_de_igv": 10 }));
    let fields = credit_note(1, 7);
    let mut old = note;
    for key in [
        "tipo_de_comprobante",
        "documento_que_se_modifica_tipo",
        "documento_que_se_modifica_serie",
        "documento_que_se_modifica_numero",
        "tipo_de_nota_de_credito",
    ] {
        old[key] = fields[key].clone();
    }
    check(&old, None);
}

#[test]
fn decimals_are_decimals() {
    for (text, expected) in [
        (json!("118.00"), None),
        (json!("118"), None),
        (json!(118), None),
        (json!("118.0000000000000"), None),
        (json!("0118.00"), None),
        (json!("1,118.00"), Some("no es un número")),
        (json!("S/ 118"), Some("no es un número")),
        (json!("-118"), Some("no puede ser negativo")),
        (json!(-118), Some("no puede ser negativo")),
        (json!("118."), Some("no es un número")),
        (json!(".5"), Some("no es un número")),
        (json!("+118"), Some("no es un número")),
        (json!("NaN"), Some("no es un número")),
        (json!("1e3"), Some("no es un número")),
        (json!("118.00000000001"), Some("no es un número válido")),
        (json!("1234567890123"), Some("no es un número válido")),
        (json!("١١٨"), Some("no es un número")),
    ] {
        check(&with(factura(1), json!({ "total": text })), expected);
    }
    check(
        &with(factura(1), json!({ "total": "" })),
        Some("Total no puede estar en blanco"),
    );
    // A float of seventeen digits, as programs send it, and an exponent of JSON itself.
    let raw = |total: &str| {
        let body = factura(1)
            .to_string()
            .replace("\"total\":118.0,\"env", &format!("\"total\":{total},\"env"));
        assert!(body.contains(&format!("\"total\":{total},")));
        let (status, answer) =
            nube().send(crate::nubefact_kit::raw(crate::nubefact_kit::RUTA, body));
        (
            status,
            answer["errors"].as_str().unwrap_or_default().to_owned(),
        )
    };
    assert_eq!(raw("118.00").0, 200);
    assert!(
        raw("117.99999999999999")
            .1
            .contains("no es un número válido")
    );
    assert!(raw("1.18e2").1.contains("no es un número"));
    // Ten places of twelve digits are read to the last.
    let line = with(
        item(100.0, 18.0, 118.0),
        json!({ "cantidad": "0.0000000001", "valor_unitario": "999999999999.9999999999", "precio_unitario": "1179999999999.9999999999" }),
    );
    check(
        &of_lines(vec![line], 100.0, 18.0, 118.0),
        Some("no es un número válido"),
    );
    let line = with(
        item(100.0, 18.0, 118.0),
        json!({ "cantidad": "0.0000000001", "valor_unitario": "999999999999.9999999999" }),
    );
    check(&of_lines(vec![line], 100.0, 18.0, 118.0), None);
}

#[test]
fn texts_have_their_lengths_and_characters() {
    let header = |key: &str, length: usize| with(factura(1), json!({ key: "Ñ".repeat(length) }));
    for (key, most) in [
        ("cliente_denominacion", 100),
        ("cliente_direccion", 100),
        ("observaciones", 1000),
        ("codigo_unico", 20),
        ("placa_vehiculo", 8),
        ("orden_compra_servicio", 20),
        ("condiciones_de_pago", 250),
    ] {
        check(&header(key, most), None);
        check(&header(key, most + 1), Some("es demasiado largo"));
    }
    let described = |text: &str| {
        let line = with(item(100.0, 18.0, 118.0), json!({ "descripcion": text }));
        of_lines(vec![line], 100.0, 18.0, 118.0)
    };
    check(&described(&"é".repeat(250)), None);
    check(
        &described(&"é".repeat(251)),
        Some("Descripcion es demasiado largo"),
    );
    check(&described("CAÑO 1/2\" «Ñ»\nlínea\t2 & <b> 😀 =1+1 '"), None);
    check(&described("A\u{0}B"), Some("caracteres no permitidos"));
    check(&described("A\u{1b}[31mB"), Some("caracteres no permitidos"));
    check(&described(""), Some("Descripcion no puede estar en blanco"));
    for (email, expected) in [
        ("a@example.com", None),
        ("a", Some("no es válido")),
        ("a b@example.com", Some("no es válido")),
        ("@example.com", Some("no es válido")),
    ] {
        check(
            &with(factura(1), json!({ "cliente_email": email })),
            expected,
        );
    }
}

#[test]
fn who_may_buy_what() {
    let to = |tipo: &str, numero: &str| json!({ "cliente_tipo_de_documento": tipo, "cliente_numero_de_documento": numero });
    let ruc = |numero: &str, expected: Option<&str>| {
        check(&with(factura(1), to("6", numero)), expected);
        check(&with(boleta(1), to("6", numero)), expected);
    };
    ruc("20512333797", None);
    ruc(
        "20512333798",
        Some("RUC incorrecto, el último dígito debería ser 7"),
    );
    ruc("30512333797", Some("debe iniciar con 10, 15, 17 ó 20"));
    ruc("2051233379", Some("11 dígitos"));
    ruc("2051233379A", Some("11 dígitos"));
    check(&with(factura(1), to("1", "00000001")), Some("2800"));
    check(&with(factura(1), to("-", "-")), Some("2800"));
    check(
        &with(factura(1), to("Z", "1")),
        Some("no está incluido en la lista"),
    );
    check(&with(boleta(1), to("1", "0000001")), None);
    check(&with(boleta(1), to("-", "-")), None);
    check(
        &with(factura(1), json!({ "cliente_direccion": "" })),
        Some("en blanco"),
    );
    check(&with(boleta(1), json!({ "cliente_direccion": "" })), None);
    // To tourists and to those abroad without a RUC.
    for transaction in [29, 35] {
        let abroad = with(factura(1), to("7", "A1234567"));
        check(
            &with(abroad, json!({ "sunat_transaction": transaction })),
            None,
        );
    }
    // Over 700 soles a boleta names who buys, whatever its currency.
    let dear = with(
        of_lines(vec![item(200.0, 36.0, 236.0)], 200.0, 36.0, 236.0),
        json!({ "tipo_de_comprobante": 2, "serie": "BBB1", "moneda": 2, "tipo_de_cambio": 3.0 }),
    );
    let varios = with(dear, to("-", "-"));
    check(&varios, Some("2514"));
    check(
        &with(varios.clone(), json!({ "tipo_de_cambio": "2.966" })),
        None,
    );
    check(&with(varios, to("1", "00000001")), None);
}

#[test]
fn series_suit_their_kind_and_are_open() {
    let serie = |document: Value, serie: &str, expected: Option<&str>| {
        check(&with(document, json!({ "serie": serie })), expected);
    };
    serie(factura(1), "BBB1", Some("no es válida"));
    serie(boleta(1), "FFF1", Some("no es válida"));
    serie(
        factura(1),
        "FFF2",
        Some("No puedes emitir comprobantes con esta serie'"),
    );
    serie(
        factura(1),
        "0001",
        Some("No puedes emitir comprobantes con esta serie'"),
    );
    serie(factura(1), "fff1", Some("no es válida"));
    serie(factura(1), "FFF", Some("4 caracteres"));
    serie(factura(1), "", Some("en blanco"));
    // Arithmetic first, then the series.
    let wrong = with(factura(1), json!({ "total": 1, "serie": "FFF9" }));
    check(&wrong, Some("3280"));
    for numero in [
        json!(0),
        json!(100_000_000),
        json!("1.5"),
        json!("-"),
        json!(""),
    ] {
        check(
            &with(factura(1), json!({ "numero": numero })),
            Some("Numero"),
        );
    }
    check(&with(factura(1), json!({ "numero": "00000007" })), None);
    check(
        &with(factura(1), json!({ "tipo_de_comprobante": "01" })),
        None,
    );
    check(
        &with(factura(1), json!({ "tipo_de_comprobante": 5 })),
        Some("Tipo de comprobante"),
    );
}

#[test]
fn credit_is_due_later_and_not_more_than_the_total() {
    let cuotas = |rows: Value| with(factura(1), json!({ "venta_al_credito": rows }));
    let row =
        |date: &str, amount: f64| json!({ "cuota": 1, "fecha_de_pago": date, "importe": amount });
    check(&cuotas(json!([row("28-11-2026", 118.0)])), None);
    check(
        &cuotas(json!([row("27-12-2026", 59.0), row("27-01-2027", 40.0)])),
        None,
    );
    check(&cuotas(json!([row("28-11-2026", 118.01)])), Some("3265"));
    check(&cuotas(json!([row("27-11-2026", 118.0)])), Some("3267"));
    check(&cuotas(json!([row("26-11-2026", 118.0)])), Some("3267"));
    check(
        &cuotas(json!([{ "cuota": 1 }])),
        Some("Importe no puede estar en blanco"),
    );
    check(&cuotas(json!("")), None);
}

#[test]
fn notes_keep_to_their_document() {
    let nube = nube();
    let sold = with(
        factura(1),
        json!({ "venta_al_credito": [{ "cuota": 1, "fecha_de_pago": "27-12-2026", "importe": 118.0 }] }),
    );
    nube.done(&sold);
    nube.done(&factura(2));
    let schedule = |numero: u32, of: u32, amount: f64, date: &str| {
        let zero = item(0.0, 0.0, 0.0);
        with(
            credit_note(numero, of),
            json!({
                "tipo_de_nota_de_credito": 13, "items": [zero], "total_gravada": 0, "total_igv": 0, "total": 0,
                "venta_al_credito": [{ "cuota": 1, "fecha_de_pago": date, "importe": amount }],
            }),
        )
    };
    check_in(&nube, &schedule(1, 1, 118.0, "27-01-2027"), None);
    check_in(&nube, &schedule(2, 1, 118.01, "27-01-2027"), Some("3320"));
    check_in(&nube, &schedule(2, 2, 118.0, "27-01-2027"), Some("3260"));
    check_in(&nube, &schedule(2, 1, 118.0, "27-11-2026"), Some("3267"));
    // It credits nothing: the whole may still be credited, once.
    check_in(&nube, &credit_note(3, 1), None);
    check_in(&nube, &credit_note(4, 1), Some("3286"));
    let half = |numero: u32| {
        with(
            credit_note(numero, 2),
            json!({ "items": [item(50.0, 9.0, 59.0)], "total_gravada": 50, "total_igv": 9, "total": 59 }),
        )
    };
    check_in(&nube, &half(5), None);
    check_in(&nube, &half(6), None);
    check_in(&nube, &half(7), Some("3286"));
    // Of what is not known here nothing is said.
    check_in(&nube, &credit_note(8, 777), None);
    for key in ["tipo", "serie", "numero"] {
        let key = format!("documento_que_se_modifica_{key}");
        let document = with(credit_note(9, 2), json!({ key: "" }));
        check_in(
            &nube,
            &document,
            Some("Documento que se modifica no puede estar en blanco"),
        );
    }
    let untyped = with(credit_note(9, 2), json!({ "tipo_de_nota_de_credito": 14 }));
    check_in(&nube, &untyped, Some("Tipo de nota de credito"));
    let of_factura = with(credit_note(9, 2), json!({ "serie": "BBB1" }));
    check_in(&nube, &of_factura, Some("2399"));
}

#[test]
fn what_is_withheld_adds_up() {
    let retencion = sample("field-dev/retencion-dolares.json");
    check(&retencion, None);
    for (pointer, value, code) in [
        ("/items/0/importe_retenido", json!(56.30), "2623"),
        (
            "/items/0/importe_pagado_con_retencion",
            json!(1819.70),
            "2623",
        ),
        ("/total_retenido", json!(86.29), "2628"),
        ("/total_pagado", json!(2789.73), "2628"),
        ("/tipo_de_tasa_de_retencion", json!(3), "no está incluido"),
        ("/moneda", json!(2), "Moneda"),
        ("/items/0/tipo_de_cambio", json!(""), "Tipo de cambio"),
        ("/serie", json!("PPP1"), "no es válida"),
        ("/items", json!([]), "Items"),
    ] {
        let mut wrong = retencion.clone();
        *wrong.pointer_mut(pointer).unwrap() = value;
        check(&wrong, Some(code));
    }
    let percepcion = crate::nubefact_kit::moved_to(&sample("dev/percepcion-2.json"), "27-11-2026");
    check(&percepcion, None);
    check(
        &with(percepcion, json!({ "total_percibido": 20.01 })),
        Some("2667"),
    );
}

#[test]
fn a_guia_names_what_it_must() {
    let private = sample("field-dev/guia-privada.json");
    check(&private, None);
    for (fields, text) in [
        (json!({ "peso_bruto_total": 0 }), "mayor a cero"),
        (
            json!({ "peso_bruto_unidad_de_medida": "KG" }),
            "no está incluido",
        ),
        (
            json!({ "transportista_placa_numero": "ABC-123" }),
            "guiones",
        ),
        (json!({ "transportista_placa_numero": "000000" }), "ceros"),
        (json!({ "transportista_placa_numero": null }), "en blanco"),
        (json!({ "conductor_documento_numero": "" }), "3357"),
        (
            json!({ "conductor_numero_licencia": "Q123" }),
            "demasiado corto",
        ),
        (
            json!({ "conductor_denominacion": null, "conductor_nombre": null }),
            "Conductor nombre",
        ),
        (json!({ "motivo_de_traslado": "10" }), "no está incluido"),
        (
            json!({ "motivo_de_traslado": "08" }),
            "Documento relacionado codigo",
        ),
        (
            json!({ "tipo_de_transporte": "01" }),
            "Transportista documento tipo",
        ),
        (json!({ "numero_de_bultos": null }), "en blanco"),
        (json!({ "punto_de_partida_ubigeo": "15010" }), "6 dígitos"),
        (json!({ "sunat_envio_indicador": "02" }), "Subcontratador"),
        (json!({ "sunat_envio_indicador": "03" }), "Pagador servicio"),
        (json!({ "sunat_envio_indicador": "09" }), "indicador"),
        (json!({ "serie": "VVV1" }), "no es válida"),
        (json!({ "items": [] }), "Items"),
    ] {
        check(&with(private.clone(), fields), Some(text));
    }
    let carrier =
        crate::nubefact_kit::moved_to(&sample("dev/gre-transportista-venta.json"), "27-11-2026");
    check(&carrier, None);
    check(
        &with(carrier, json!({ "destinatario_denominacion": "" })),
        Some("Destinatario"),
    );
}

#[test]
fn unknown_fields_of_a_line_are_ignored_and_so_lost() {
    // The classic trap: totals per line under other names are read as an IGV of nothing.
    let line = with(
        item(100.0, 18.0, 118.0),
        json!({ "igv": null, "total_igv": 18.0, "total_base_igv": 100.0 }),
    );
    check(&of_lines(vec![line], 100.0, 18.0, 118.0), Some("3111"));
    check(
        &with(
            factura(1),
            json!({ "cancelado": true, "otro": { "a": [1] } }),
        ),
        None,
    );
}
