//! Guías, retenciones, percepciones, voids and reversals: a right document is found right, and each
//! change that makes it wrong is found at its field.

use chaski_core::Lang;
use chaski_core::invoicing::{
    CheckedDocument, CustomerFacts, DatePolicy, DocumentKind, Known, check,
};
use jiff::Timestamp;
use jiff::civil::{Date, date};
use proptest::prelude::*;
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const TODAY: Date = date(2026, 11, 27);

fn now() -> Timestamp {
    "2026-11-27T12:00:00-05:00".parse().expect("an instant")
}

fn run(document: &Value, known: &Known) -> CheckedDocument {
    check(document.to_string().as_bytes(), now(), known)
}

/// Severity, code and field of everything found, errors first.
fn found(checked: &CheckedDocument) -> Vec<String> {
    let all = checked.hallazgos.iter();
    all.map(|it| format!("{} {} {}", it.severidad.as_str(), it.codigo, it.campo))
        .collect()
}

/// Changes a right document, a field at a time: `null` takes it out; `items.0.cantidad` is inside.
#[track_caller]
fn check_changed(base: &Value, changes: &[(&str, Value)], expected: &[&str]) {
    let mut document = base.clone();
    for (path, value) in changes {
        let pointer = format!("/{}", path.replace('.', "/"));
        if let Some(place) = document.pointer_mut(&pointer) {
            *place = value.clone();
        } else {
            let (parent, name) = pointer.rsplit_once('/').expect("a path");
            let parent = document.pointer_mut(parent).expect("an object");
            parent[name] = value.clone();
        }
    }
    let checked = run(&document, &Known::default());
    assert_eq!(found(&checked), expected, "{changes:?}");
    for finding in &checked.hallazgos {
        for lang in [Lang::Es, Lang::En] {
            assert!(!finding.message(lang).is_empty() && !finding.action(lang).is_empty());
        }
    }
    // What was checked says the same when it is checked again.
    if let Some(document) = &checked.document {
        let again = check(&document.to_bytes(), now(), &Known::default());
        assert_eq!(again.document.as_ref(), Some(document));
        assert_eq!(found(&again), found(&checked));
    }
}

/// One field is changed, and one thing is found, at that field.
#[track_caller]
fn found_at(base: &Value, field: &str, value: Value, expected: &str) {
    let inside = field
        .replace("items.0.", "items[0].")
        .replace("items.1.", "items[1].");
    check_changed(base, &[(field, value)], &[&format!("{expected} {inside}")]);
}

pub(crate) fn sender() -> Value {
    json!({
        "operacion": "generar_guia", "tipo_de_comprobante": 7, "serie": "TTT1", "numero": 27,
        "cliente_tipo_de_documento": "6", "cliente_numero_de_documento": "20512333797",
        "cliente_denominacion": "CLIENTE SINTETICO SAC", "cliente_direccion": "AV. SINTETICA 123",
        "fecha_de_emision": "27-11-2026", "motivo_de_traslado": "01", "peso_bruto_total": 12.5,
        "peso_bruto_unidad_de_medida": "KGM", "numero_de_bultos": 2, "tipo_de_transporte": "02",
        "fecha_de_inicio_de_traslado": "28-11-2026", "transportista_placa_numero": "ABC123",
        "conductor_documento_tipo": "1", "conductor_documento_numero": "00000001",
        "conductor_nombre": "CONDUCTOR", "conductor_apellidos": "DE PRUEBA",
        "conductor_numero_licencia": "Q00000001",
        "punto_de_partida_ubigeo": "150101", "punto_de_partida_direccion": "AV. A 1",
        "punto_de_llegada_ubigeo": "040101", "punto_de_llegada_direccion": "AV. B 2",
        "items": [{"unidad_de_medida": "NIU", "codigo": "P1", "descripcion": "CAJA", "cantidad": 2}],
    })
}

pub(crate) fn carrier() -> Value {
    let mut guia = sender();
    let fields = guia.as_object_mut().expect("an object");
    for name in [
        "motivo_de_traslado",
        "numero_de_bultos",
        "tipo_de_transporte",
    ] {
        fields.remove(name);
    }
    guia["tipo_de_comprobante"] = json!(8);
    guia["serie"] = json!("VVV1");
    guia["destinatario_documento_tipo"] = json!("6");
    guia["destinatario_documento_numero"] = json!("20604915351");
    guia["destinatario_denominacion"] = json!("COMPRADOR SINTETICO EIRL");
    guia
}

#[test]
fn right_guias_are_found_right() {
    check_changed(&sender(), &[], &[]);
    check_changed(&carrier(), &[], &[]);
    // As the vendor's examples write it: numbers as text, blanks for what is absent.
    let texts = [
        ("numero", json!("27")),
        ("peso_bruto_total", json!("12.5")),
        ("cliente_tipo_de_documento", json!(6)),
        ("cliente_email", json!("")),
        ("enviar_automaticamente_al_cliente", json!("false")),
        ("fecha_de_emision", json!("2026-11-27")),
    ];
    check_changed(&sender(), &texts, &[]);
    let public = [
        ("tipo_de_transporte", json!("01")),
        ("transportista_documento_tipo", json!("6")),
        ("transportista_documento_numero", json!("20600695771")),
        (
            "transportista_denominacion",
            json!("TRANSPORTES DE PRUEBA SAC"),
        ),
        ("conductor_documento_tipo", Value::Null),
        ("conductor_documento_numero", Value::Null),
        ("conductor_nombre", Value::Null),
        ("conductor_apellidos", Value::Null),
        ("conductor_numero_licencia", Value::Null),
    ];
    check_changed(&sender(), &public, &[]);
    check_changed(
        &sender(),
        &[
            ("conductor_nombre", Value::Null),
            ("conductor_apellidos", Value::Null),
            ("conductor_denominacion", json!("CONDUCTOR DE PRUEBA")),
        ],
        &[],
    );
    check_changed(&sender(), &[("fecha_de_emision", json!("26-11-2026"))], &[]);
}

#[test]
fn a_guia_is_of_today_or_of_yesterday() {
    let dated = |text: &str| [("fecha_de_emision", json!(text))];
    check_changed(
        &sender(),
        &dated("25-11-2026"),
        &["error CH-FECHA-GUIA fecha_de_emision"],
    );
    check_changed(
        &carrier(),
        &dated("28-11-2026"),
        &["error CH-FECHA-GUIA fecha_de_emision"],
    );
    check_changed(
        &sender(),
        &dated("31-11-2026"),
        &["error CH-FECHA fecha_de_emision"],
    );
    found_at(
        &sender(),
        "fecha_de_inicio_de_traslado",
        json!("26-11-2026"),
        "observacion CH-FECHA",
    );
}

#[test]
fn a_guia_names_vehicle_and_driver() {
    let plate = |text: &str| [("transportista_placa_numero", json!(text))];
    for wrong in [
        "ABC-123",
        "ABC 123",
        "AB12",
        "ABCD12345",
        "000000",
        "ÁBC123",
    ] {
        check_changed(
            &sender(),
            &plate(wrong),
            &["error CH-PLACA transportista_placa_numero"],
        );
    }
    check_changed(&sender(), &plate("abc123"), &[]);
    found_at(
        &sender(),
        "transportista_placa_numero",
        Value::Null,
        "error CH-FALTA",
    );
    for guia in [sender(), carrier()] {
        let nobody = [
            ("conductor_documento_tipo", Value::Null),
            ("conductor_documento_numero", Value::Null),
            ("conductor_nombre", json!("")),
            ("conductor_apellidos", json!("")),
            ("conductor_numero_licencia", Value::Null),
        ];
        check_changed(&guia, &nobody, &["error 3357 conductor_documento_numero"]);
        found_at(
            &guia,
            "conductor_documento_numero",
            Value::Null,
            "error 3357",
        );
        check_changed(
            &guia,
            &[
                ("conductor_numero_licencia", Value::Null),
                ("conductor_nombre", Value::Null),
            ],
            &[
                "error CH-FALTA conductor_numero_licencia",
                "error CH-FALTA conductor_nombre",
            ],
        );
        found_at(
            &guia,
            "conductor_numero_licencia",
            json!("Q-0000001"),
            "error CH-TEXTO",
        );
        found_at(
            &guia,
            "conductor_numero_licencia",
            json!("Q1"),
            "error CH-LARGO",
        );
        found_at(
            &guia,
            "conductor_documento_tipo",
            json!("6"),
            "error CH-CATALOGO",
        );
        found_at(
            &guia,
            "conductor_documento_numero",
            json!("1"),
            "error 2801",
        );
    }
}

#[test]
fn two_more_vehicles_and_drivers_may_be_named() {
    let second = json!([{"placa_numero": "XYZ-987"}, {"placa_numero": "XYZ986", "tuc": "123"}]);
    check_changed(
        &sender(),
        &[("vehiculos_secundarios", second)],
        &[
            "error CH-LARGO vehiculos_secundarios[1].tuc",
            "error CH-PLACA vehiculos_secundarios[0].placa_numero",
        ],
    );
    let drivers = json!([
        {"documento_tipo": "1", "documento_numero": "00000002", "nombre": "A", "apellidos": "B", "numero_licencia": "Q00000002"},
        {"documento_tipo": "1"}, {}]);
    let missing = |index: usize, name: &str| {
        format!("error CH-FALTA conductores_secundarios[{index}].{name}")
    };
    let mut expected: Vec<String> = ["documento_numero", "nombre", "apellidos", "numero_licencia"]
        .map(|name| missing(1, name))
        .into();
    expected.extend(
        [
            "documento_tipo",
            "documento_numero",
            "nombre",
            "apellidos",
            "numero_licencia",
        ]
        .map(|name| missing(2, name)),
    );
    expected.push("error CH-LARGO conductores_secundarios".into());
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check_changed(
        &sender(),
        &[("conductores_secundarios", drivers)],
        &expected,
    );
}

#[test]
fn a_guia_says_why_what_and_where() {
    let without = |name| [(name, Value::Null)];
    for name in ["motivo_de_traslado", "numero_de_bultos"] {
        check_changed(
            &sender(),
            &without(name),
            &[&format!("error CH-FALTA {name}")],
        );
    }
    for name in [
        "cliente_direccion",
        "peso_bruto_total",
        "fecha_de_inicio_de_traslado",
        "punto_de_llegada_direccion",
        "punto_de_partida_ubigeo",
        "items",
    ] {
        check_changed(
            &sender(),
            &without(name),
            &[&format!("error CH-FALTA {name}")],
        );
        check_changed(
            &carrier(),
            &without(name),
            &[&format!("error CH-FALTA {name}")],
        );
    }
    for name in [
        "destinatario_documento_tipo",
        "destinatario_documento_numero",
        "destinatario_denominacion",
    ] {
        check_changed(
            &carrier(),
            &without(name),
            &[&format!("error CH-FALTA {name}")],
        );
    }
}

#[test]
fn a_guia_has_codes_and_numbers_of_its_lists() {
    let one = |name, value| [(name, value)];
    found_at(
        &sender(),
        "motivo_de_traslado",
        json!("12"),
        "error CH-CATALOGO",
    );
    found_at(
        &sender(),
        "tipo_de_transporte",
        json!("03"),
        "error CH-CATALOGO",
    );
    found_at(&sender(), "peso_bruto_total", json!(0), "error CH-PESO");
    check_changed(
        &sender(),
        &[("peso_bruto_total", json!(-1))],
        &[
            "error CH-PESO peso_bruto_total",
            "error CH-NEGATIVO peso_bruto_total",
        ],
    );
    found_at(
        &sender(),
        "peso_bruto_unidad_de_medida",
        json!("LBR"),
        "error CH-CATALOGO",
    );
    found_at(
        &sender(),
        "punto_de_partida_ubigeo",
        json!("15010A"),
        "error CH-TEXTO",
    );
    found_at(
        &sender(),
        "punto_de_partida_ubigeo",
        json!("999999"),
        "aviso CH-CATALOGO",
    );
    found_at(&sender(), "items", json!([]), "error CH-FALTA");
    found_at(&sender(), "items.0.cantidad", json!(0), "error CH-NEGATIVO");
    found_at(
        &sender(),
        "items.0.descripcion",
        json!("x".repeat(251)),
        "error CH-LARGO",
    );
    found_at(
        &sender(),
        "items.0.descripcion",
        json!("a\u{0}b"),
        "error CH-TEXTO",
    );
    found_at(
        &sender(),
        "formato_de_pdf",
        json!("A3"),
        "error CH-CATALOGO",
    );
    found_at(&sender(), "cliente_email", json!("nadie"), "error CH-TEXTO");
    found_at(&sender(), "serie", json!("VVV1"), "error CH-SERIE-TIPO");
    found_at(&carrier(), "serie", json!("TTT1"), "error CH-SERIE-TIPO");
    found_at(
        &sender(),
        "cliente_numero_de_documento",
        json!("20512333798"),
        "error 2017",
    );
    found_at(
        &sender(),
        "cliente_tipo_de_documento",
        json!("B"),
        "error CH-CATALOGO",
    );
    check_changed(
        &sender(),
        &one(
            "documento_relacionado",
            json!([{"tipo": "01", "serie": "F001", "numero": 1}, {"tipo": "07", "serie": "F001", "numero": 1}]),
        ),
        &["error CH-CATALOGO documento_relacionado[1].tipo"],
    );
    // NubeFact ignores what it does not know, so the likely name is told.
    found_at(
        &sender(),
        "vehiculo_placa",
        json!("ABC123"),
        "aviso CH-CLAVE",
    );
}

#[test]
fn reasons_and_indicators_ask_for_more() {
    check_changed(
        &sender(),
        &[("motivo_de_traslado", json!("04"))],
        &[
            "error CH-FALTA punto_de_partida_codigo_establecimiento_sunat",
            "error CH-FALTA punto_de_llegada_codigo_establecimiento_sunat",
        ],
    );
    check_changed(
        &sender(),
        &[
            ("motivo_de_traslado", json!("18")),
            (
                "punto_de_partida_codigo_establecimiento_sunat",
                json!("0000"),
            ),
            (
                "punto_de_llegada_codigo_establecimiento_sunat",
                json!("0001"),
            ),
        ],
        &[],
    );
    check_changed(
        &sender(),
        &[("motivo_de_traslado", json!("08"))],
        &[
            "error CH-FALTA documento_relacionado_codigo",
            "error CH-FALTA items[0].codigo_dam",
        ],
    );
    let import = |document: &str, number: &str| {
        [
            ("motivo_de_traslado", json!("08")),
            ("documento_relacionado_codigo", json!(document)),
            ("items.0.codigo_dam", json!(number)),
        ]
    };
    check_changed(&sender(), &import("50", "0001/118-2026-10-123456"), &[]);
    check_changed(&sender(), &import("52", "0001/118-2026-18-123456"), &[]);
    check_changed(
        &sender(),
        &import("50", "0001/118-2026-40-123456"),
        &["error CH-TEXTO items[0].codigo_dam"],
    );
    check_changed(
        &sender(),
        &import("51", "0001/118-2026-10-123456"),
        &["error CH-CATALOGO documento_relacionado_codigo"],
    );
    let export = [
        ("motivo_de_traslado", json!("09")),
        ("documento_relacionado_codigo", json!("50")),
        ("items.0.codigo_dam", json!("0001/118-2026-40-123456")),
    ];
    check_changed(&sender(), &export, &[]);

    let indicator = |code: &str| [("sunat_envio_indicador", json!(code))];
    check_changed(&sender(), &indicator("06"), &[]);
    check_changed(
        &sender(),
        &indicator("01"),
        &["error CH-CATALOGO sunat_envio_indicador"],
    );
    check_changed(&carrier(), &indicator("01"), &[]);
    check_changed(
        &carrier(),
        &indicator("06"),
        &["error CH-CATALOGO sunat_envio_indicador"],
    );
    check_changed(
        &carrier(),
        &indicator("02"),
        &[
            "error CH-FALTA subcontratador_documento_tipo",
            "error CH-FALTA subcontratador_documento_numero",
            "error CH-FALTA subcontratador_denominacion",
        ],
    );
    check_changed(
        &carrier(),
        &indicator("03"),
        &[
            "error CH-FALTA pagador_servicio_documento_tipo_identidad",
            "error CH-FALTA pagador_servicio_documento_numero_identidad",
            "error CH-FALTA pagador_servicio_denominacion",
        ],
    );
    let public = [("tipo_de_transporte", json!("01"))];
    check_changed(
        &sender(),
        &public,
        &[
            "error CH-FALTA transportista_documento_tipo",
            "error CH-FALTA transportista_documento_numero",
            "error CH-FALTA transportista_denominacion",
        ],
    );
}

#[test]
fn a_series_that_is_not_open_is_found() {
    let open = BTreeSet::from([(DocumentKind::GuiaRemitente, "TTT2".to_owned())]);
    let known = Known {
        series: Some(open),
        ..Known::default()
    };
    assert_eq!(found(&run(&sender(), &known)), ["error CH-SERIE serie"]);
}

#[test]
fn what_others_know_is_told() {
    let unknown = Known {
        customer: CustomerFacts::NotFound,
        ..Known::default()
    };
    for document in [sender(), carrier(), retencion()] {
        assert_eq!(
            found(&run(&document, &unknown)),
            ["error 1083 cliente_numero_de_documento"]
        );
    }
    let mut yesterday = retencion();
    yesterday["fecha_de_emision"] = json!("26-11-2026");
    let strict = Known {
        dates: DatePolicy::TodayOnly,
        ..Known::default()
    };
    assert_eq!(
        found(&run(&yesterday, &strict)),
        ["error CH-FECHA fecha_de_emision"]
    );
    // A series that was closed since may still have documents to void.
    let closed = Known {
        series: Some(BTreeSet::new()),
        ..Known::default()
    };
    assert_eq!(found(&run(&void(), &closed)), Vec::<String>::new());
    assert_eq!(found(&run(&retencion(), &closed)), ["error CH-SERIE serie"]);
}

pub(crate) fn retencion() -> Value {
    json!({
        "operacion": "generar_retencion", "serie": "RRR1", "numero": 11,
        "cliente_tipo_de_documento": "6", "cliente_numero_de_documento": "20512333797",
        "cliente_denominacion": "CLIENTE SINTETICO SAC", "cliente_direccion": "AV. SINTETICA 123",
        "fecha_de_emision": "27-11-2026", "moneda": 1, "tipo_de_tasa_de_retencion": 1,
        "total_retenido": 86.28, "total_pagado": 2789.72,
        "items": [
            {"documento_relacionado_tipo": "01", "documento_relacionado_serie": "F001",
             "documento_relacionado_numero": 41, "documento_relacionado_fecha_de_emision": "20-11-2026",
             "documento_relacionado_moneda": 2, "documento_relacionado_total": 500.00,
             "pago_fecha": "27-11-2026", "pago_numero": 1, "pago_total_sin_retencion": 500.00,
             "tipo_de_cambio": 3.752, "tipo_de_cambio_fecha": "27-11-2026", "importe_retenido": 56.28,
             "importe_retenido_fecha": "27-11-2026", "importe_pagado_con_retencion": 1819.72},
            {"documento_relacionado_tipo": "01", "documento_relacionado_serie": "F001",
             "documento_relacionado_numero": 42, "documento_relacionado_fecha_de_emision": "20-11-2026",
             "documento_relacionado_moneda": 1, "documento_relacionado_total": 1000.00,
             "pago_fecha": "27-11-2026", "pago_numero": 1, "pago_total_sin_retencion": 1000.00,
             "importe_retenido": 30.00, "importe_retenido_fecha": "27-11-2026",
             "importe_pagado_con_retencion": 970.00},
        ],
    })
}

#[test]
fn retenciones_follow_their_formulas() {
    let base = retencion();
    let one = |name, value| [(name, value)];
    check_changed(&base, &[], &[]);
    check_changed(
        &base,
        &one("items.0.importe_retenido", json!(56.27)),
        &[
            "error 2628 total_retenido",
            "observacion CH-CENTAVO items[0].importe_retenido",
            "observacion CH-CENTAVO items[0].importe_pagado_con_retencion",
        ],
    );
    check_changed(
        &base,
        &[
            ("items.1.importe_retenido", json!(30.02)),
            ("items.1.importe_pagado_con_retencion", json!(969.98)),
            ("total_retenido", json!(86.30)),
            ("total_pagado", json!(2789.70)),
        ],
        &["error 2623 items[1].importe_retenido"],
    );
    check_changed(
        &base,
        &one("items.1.importe_pagado_con_retencion", json!(969.50)),
        &[
            "error 2623 items[1].importe_pagado_con_retencion",
            "error 2628 total_pagado",
        ],
    );
    found_at(&base, "total_retenido", json!(86.27), "error 2628");
    found_at(&base, "total_pagado", json!(2789.73), "error 2628");
    found_at(
        &base,
        "items.0.tipo_de_cambio",
        Value::Null,
        "error CH-CAMBIO",
    );
    found_at(
        &base,
        "items.0.tipo_de_cambio_fecha",
        Value::Null,
        "error CH-FALTA",
    );
    found_at(
        &base,
        "items.1.documento_relacionado_moneda",
        json!(9),
        "error CH-CATALOGO",
    );
    found_at(
        &base,
        "items.1.documento_relacionado_tipo",
        json!("09"),
        "error CH-CATALOGO",
    );
    found_at(
        &base,
        "cliente_tipo_de_documento",
        json!("1"),
        "error CH-CATALOGO",
    );
    found_at(&base, "moneda", json!(2), "error CH-CATALOGO");
    found_at(
        &base,
        "tipo_de_tasa_de_retencion",
        json!(3),
        "error CH-CATALOGO",
    );
    found_at(&base, "serie", json!("PPP1"), "error CH-SERIE-TIPO");
    found_at(
        &base,
        "fecha_de_emision",
        json!("28-11-2026"),
        "error CH-FECHA-FUTURA",
    );
    found_at(
        &base,
        "fecha_de_emision",
        json!("25-11-2026"),
        "observacion CH-FECHA",
    );
    found_at(
        &base,
        "fecha_de_emision",
        json!("10-11-2026"),
        "observacion 2108",
    );
    found_at(&base, "items", json!([]), "error CH-FALTA");
    found_at(&base, "total_retenido", json!("abc"), "error CH-DECIMALES");
}

#[test]
fn six_percent_ended_in_2014() {
    let base = retencion();
    let six = [
        ("tipo_de_tasa_de_retencion", json!(2)),
        ("items.0.importe_retenido", json!(112.56)),
        ("items.0.importe_pagado_con_retencion", json!(1763.44)),
        ("items.1.importe_retenido", json!(60)),
        ("items.1.importe_pagado_con_retencion", json!(940)),
        ("total_retenido", json!(172.56)),
        ("total_pagado", json!(2703.44)),
    ];
    check_changed(
        &base,
        &six,
        &["observacion CH-CATALOGO tipo_de_tasa_de_retencion"],
    );
}

/// A right document of either kind, made by the formulas of SUNAT's workbook alone.
pub(crate) fn withholding(retencion: bool, rate: (u8, Decimal), lines: &[(i64, u8, i64)]) -> Value {
    let cents =
        |amount: Decimal| amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    let names = if retencion {
        (
            "retencion",
            "pago",
            "pago_total_sin_retencion",
            "importe_retenido",
            "importe_pagado_con_retencion",
            "total_retenido",
            "total_pagado",
        )
    } else {
        (
            "percepcion",
            "cobro",
            "cobro_total_sin_percepcion",
            "importe_percibido",
            "importe_cobrado_con_percepcion",
            "total_percibido",
            "total_cobrado",
        )
    };
    let number =
        |amount: Decimal| -> Value { serde_json::from_str(&amount.to_string()).expect("a number") };
    let (mut total, mut paid, mut items) = (Decimal::ZERO, Decimal::ZERO, Vec::new());
    for (payment, moneda, change) in lines {
        let payment = Decimal::new(*payment, 2);
        let change = Decimal::new(*change, 3);
        let soles = if *moneda == 1 {
            payment
        } else {
            payment * change
        };
        let amount = cents(soles * rate.1 / Decimal::ONE_HUNDRED);
        let after = if retencion {
            cents(soles) - amount
        } else {
            cents(soles) + amount
        };
        total += amount;
        paid += after;
        let (_, paying, ..) = names;
        let mut item = json!({
            "documento_relacionado_tipo": "01", "documento_relacionado_serie": "F001",
            "documento_relacionado_numero": 7, "documento_relacionado_fecha_de_emision": "20-11-2026",
            "documento_relacionado_moneda": moneda, "documento_relacionado_total": number(payment),
            "tipo_de_cambio": number(change), "tipo_de_cambio_fecha": "27-11-2026",
        });
        item[format!("{paying}_fecha")] = json!("27-11-2026");
        item[format!("{paying}_numero")] = json!(1);
        item[names.2] = number(payment);
        item[names.3] = number(amount);
        item[format!("{}_fecha", names.3)] = json!("27-11-2026");
        item[names.4] = number(after);
        items.push(item);
    }
    let mut document = retencion_header();
    document["operacion"] = json!(format!("generar_{}", names.0));
    document["serie"] = json!(if retencion { "RRR1" } else { "PPP1" });
    document[format!("tipo_de_tasa_de_{}", names.0)] = json!(rate.0);
    document[names.5] = number(total);
    document[names.6] = number(paid);
    document["items"] = Value::Array(items);
    document
}

fn retencion_header() -> Value {
    let mut header = retencion();
    let fields = header.as_object_mut().expect("an object");
    for name in [
        "items",
        "total_retenido",
        "total_pagado",
        "tipo_de_tasa_de_retencion",
    ] {
        fields.remove(name);
    }
    header
}

fn rates() -> impl Strategy<Value = (bool, (u8, Decimal))> {
    prop_oneof![
        Just((true, (1, Decimal::new(3, 0)))),
        Just((false, (1, Decimal::new(2, 0)))),
        Just((false, (2, Decimal::new(1, 0)))),
        Just((false, (3, Decimal::new(5, 1)))),
    ]
}

fn payments() -> impl Strategy<Value = Vec<(i64, u8, i64)>> {
    prop::collection::vec((1i64..100_000_000, 1u8..=4, 500i64..9_999), 1..12)
}

proptest! {
    #[test]
    fn right_withholdings_are_found_right((retencion, rate) in rates(), lines in payments()) {
        let document = withholding(retencion, rate, &lines);
        let checked = run(&document, &Known::default());
        prop_assert_eq!(found(&checked), Vec::<String>::new());
        let bytes = checked.document.expect("a document").to_bytes();
        let again = check(&bytes, now(), &Known::default());
        prop_assert_eq!(again.document.expect("a document").to_bytes(), bytes);
    }

    #[test]
    fn an_amount_that_is_changed_is_found(
        (retencion, rate) in rates(),
        lines in payments(),
        (at, which, off) in (0usize..12, 0usize..4, prop_oneof![-500i64..=-1, 1i64..=500]),
    ) {
        let mut document = withholding(retencion, rate, &lines);
        let header = if retencion { ["total_retenido", "total_pagado"] } else { ["total_percibido", "total_cobrado"] };
        let line = if retencion { ["importe_retenido", "importe_pagado_con_retencion"] } else { ["importe_percibido", "importe_cobrado_con_percepcion"] };
        let place = match which {
            0 | 1 => &mut document[header[which]],
            _ => &mut document["items"][at % lines.len()][line[which - 2]],
        };
        let amount: Decimal = place.to_string().parse().expect("an amount");
        let changed = amount + Decimal::new(off, 2);
        prop_assume!(!changed.is_sign_negative());
        *place = serde_json::from_str(&changed.to_string()).expect("a number");
        let checked = run(&document, &Known::default());
        prop_assert!(checked.has_errors(), "{:?}", found(&checked));
    }
}

pub(crate) fn void() -> Value {
    json!({"operacion": "generar_anulacion", "tipo_de_comprobante": 1, "serie": "FFF1", "numero": 12, "motivo": "PEDIDO REPETIDO"})
}

#[track_caller]
fn check_void(document: &Value, issued: Option<Date>, expected: &[&str]) -> CheckedDocument {
    let known = Known {
        voided_issued_on: issued,
        ..Known::default()
    };
    let checked = run(document, &known);
    assert_eq!(found(&checked), expected);
    checked
}

#[test]
fn a_void_has_seven_days() {
    let late = ["error 2957 fecha_de_emision"];
    check_void(&void(), None, &[]);
    check_void(&void(), Some(TODAY), &[]);
    check_void(&void(), Some(date(2026, 11, 20)), &[]);
    let checked = check_void(&void(), Some(date(2026, 11, 19)), &late);
    let action = checked.hallazgos[0].action(Lang::Es);
    assert!(
        action.contains("nota de crédito") && action.contains("FFF1-12"),
        "{action}"
    );
    for operation in [
        "generar_reversion_retencion",
        "generar_reversion_percepcion",
    ] {
        let serie = if operation.contains("retencion") {
            "RRR1"
        } else {
            "PPP1"
        };
        let reversal =
            json!({"operacion": operation, "serie": serie, "numero": 3, "motivo": "ERROR"});
        check_void(&reversal, Some(date(2026, 11, 20)), &[]);
        let checked = check_void(&reversal, Some(date(2026, 11, 1)), &late);
        assert!(
            !checked.hallazgos[0]
                .action(Lang::Es)
                .contains("nota de crédito")
        );
    }
}

#[test]
fn a_void_names_one_document_and_why() {
    check_changed(&void(), &[], &[]);
    found_at(&void(), "motivo", json!(""), "error CH-FALTA");
    found_at(&void(), "motivo", json!("x".repeat(101)), "error CH-LARGO");
    found_at(&void(), "numero", Value::Null, "error CH-FALTA");
    found_at(&void(), "serie", json!("BBB1"), "error CH-SERIE-TIPO");
    check_changed(
        &void(),
        &[
            ("tipo_de_comprobante", json!("3")),
            ("serie", json!("BBB1")),
        ],
        &[],
    );
    found_at(
        &void(),
        "tipo_de_comprobante",
        json!(5),
        "error CH-CATALOGO",
    );
    let guia = check_void(
        &json!({"operacion": "generar_anulacion", "tipo_de_comprobante": 7, "serie": "TTT1", "numero": 1, "motivo": "ERROR"}),
        None,
        &["error CH-CATALOGO tipo_de_comprobante"],
    );
    assert!(guia.hallazgos[0].action(Lang::Es).contains("SOL"));
}

proptest! {
    /// Whatever stands in a field, nothing panics, and a second check says what the first one said.
    #[test]
    fn no_value_of_a_field_makes_it_panic(
        which in 0usize..4,
        at in 0usize..60,
        value in prop_oneof![
            Just(Value::Null), Just(json!([])), Just(json!({})), Just(json!([1, null, {"a": []}])), Just(json!(true)),
            any::<i64>().prop_map(|it| json!(it)), any::<f64>().prop_map(|it| json!(it)), "\\PC{0,30}".prop_map(|it| json!(it)),
        ],
        inside in any::<bool>(),
    ) {
        let mut document = [sender(), carrier(), retencion(), void()][which].clone();
        let items = document.get("items").is_some();
        let place = if inside && items { &mut document["items"][0] } else { &mut document };
        let fields = place.as_object_mut().expect("an object");
        let name = fields.keys().nth(at % fields.len()).expect("a field").clone();
        prop_assume!(name != "operacion");
        fields.insert(name, value);
        let checked = run(&document, &Known::default());
        if let Some(document) = &checked.document {
            let again = check(&document.to_bytes(), now(), &Known::default());
            prop_assert_eq!(found(&again), found(&checked));
        }
    }
}
