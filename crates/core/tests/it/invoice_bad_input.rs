//! What is wrong is told, each with its code, field and, where there is one, the right value.

use chaski_core::Lang;
use chaski_core::invoicing::{
    CheckedDocument, CustomerFacts, DatePolicy, DocumentKind, Known, ModifiedDocument, check,
    draft_schema,
};
use jiff::Timestamp;
use jiff::civil::date;
use serde_json::{Value, json};

fn noon() -> Timestamp {
    "2026-11-27T12:00:00-05:00".parse().expect("an instant")
}

/// A factura as NubeFact takes it.
fn factura() -> Value {
    json!({
        "operacion": "generar_comprobante", "tipo_de_comprobante": 1, "serie": "FFF1", "numero": 1,
        "sunat_transaction": 1, "cliente_tipo_de_documento": "6",
        "cliente_numero_de_documento": "20512333797",
        "cliente_denominacion": "CLIENTE SINTETICO SAC", "cliente_direccion": "AV. SINTETICA 123",
        "fecha_de_emision": "27-11-2026", "moneda": 1, "porcentaje_de_igv": 18.00,
        "total_gravada": 200.00, "total_igv": 36.00, "total": 236.00,
        "items": [
            {"unidad_de_medida": "NIU", "descripcion": "A", "cantidad": 1, "valor_unitario": 100,
             "precio_unitario": 118, "subtotal": 100.00, "tipo_de_igv": 1, "igv": 18.00,
             "total": 118.00, "anticipo_regularizacion": false},
            {"unidad_de_medida": "NIU", "descripcion": "B", "cantidad": 2, "valor_unitario": 50,
             "precio_unitario": 59, "subtotal": 100.00, "tipo_de_igv": 1, "igv": 18.00,
             "total": 118.00, "anticipo_regularizacion": false}
        ]
    })
}

fn boleta() -> Value {
    with(
        factura(),
        &[
            ("/tipo_de_comprobante", json!(2)),
            ("/serie", json!("BBB1")),
        ],
    )
}

fn nota() -> Value {
    with(
        factura(),
        &[
            ("/tipo_de_comprobante", json!(3)),
            ("/tipo_de_nota_de_credito", json!(1)),
            ("/documento_que_se_modifica_tipo", json!(1)),
            ("/documento_que_se_modifica_serie", json!("FFF1")),
            ("/documento_que_se_modifica_numero", json!(7)),
        ],
    )
}

fn simple() -> Value {
    json!({
        "tipo": "boleta", "serie": "BBB1", "cliente": {"tipo": "-"}, "precios_con_igv": true,
        "items": [{"descripcion": "POLO", "cantidad": 1, "precio": "118.00"}]
    })
}

/// The value with fields set; `null` takes one away.
fn with(mut value: Value, changes: &[(&str, Value)]) -> Value {
    for (place, new) in changes {
        let (parent, name) = place.rsplit_once('/').expect("a pointer");
        match value.pointer_mut(parent).expect("the parent") {
            Value::Object(fields) => {
                fields.insert(name.to_owned(), new.clone());
            }
            Value::Array(list) => list[name.parse::<usize>().expect("an index")] = new.clone(),
            _ => panic!("{place}"),
        }
    }
    value
}

fn checked(value: &Value, known: &Known) -> CheckedDocument {
    check(value.to_string().as_bytes(), noon(), known)
}

fn shown(checked: &CheckedDocument) -> Vec<String> {
    let findings = checked.hallazgos.iter();
    findings
        .map(|it| format!("{} {} {}", it.codigo, it.severidad.as_str(), it.campo))
        .collect()
}

#[track_caller]
fn found_with(known: &Known, value: &Value, finding: &str, expected: Option<&str>) {
    let checked = checked(value, known);
    let found = shown(&checked).iter().position(|it| it == finding);
    let Some(index) = found else {
        panic!("{finding} is not among {:?}", shown(&checked));
    };
    let found = &checked.hallazgos[index];
    assert_eq!(found.esperado.as_deref(), expected);
    for lang in [Lang::Es, Lang::En] {
        assert!(!found.message(lang).is_empty() && !found.action(lang).is_empty());
    }
}

#[track_caller]
fn found(value: &Value, finding: &str, expected: Option<&str>) {
    found_with(&Known::default(), value, finding, expected);
}

#[track_caller]
fn nothing_found(value: &Value) {
    assert_eq!(shown(&checked(value, &Known::default())), [""; 0]);
}

#[test]
fn the_models_of_these_tests_are_right() {
    for value in [factura(), boleta(), nota(), simple()] {
        nothing_found(&value);
    }
}

#[test]
fn decimals() {
    for (wrong, code) in [
        (json!(13.994_799_999_999_998), "CH-DECIMALES"),
        (json!("1e3"), "CH-DECIMALES"),
        (json!("NaN"), "CH-DECIMALES"),
        (json!("1,234"), "CH-DECIMALES"),
        (json!("12,34.5"), "CH-DECIMALES"),
        (json!("cien"), "CH-DECIMALES"),
        (json!("1234567890123"), "CH-DECIMALES"),
        (json!(true), "CH-DECIMALES"),
        (json!("-1"), "CH-NEGATIVO"),
        (json!(""), "CH-FALTA"),
        (json!(null), "CH-FALTA"),
    ] {
        let value = with(factura(), &[("/items/1/valor_unitario", wrong.clone())]);
        found(
            &value,
            &format!("{code} error items[1].valor_unitario"),
            None,
        );
        let value = with(simple(), &[("/items/0/precio", wrong)]);
        found(&value, &format!("{code} error items[0].precio"), None);
    }
    let value = with(factura(), &[("/total", json!("1e3"))]);
    found(&value, "CH-DECIMALES error total", None);
}

#[test]
fn a_bare_nan_names_its_field() {
    let text = factura()
        .to_string()
        .replace("\"total\":236.0", "\"total\":NaN");
    assert!(text.contains("NaN"));
    let checked = check(text.as_bytes(), noon(), &Known::default());
    assert!(shown(&checked).contains(&"CH-DECIMALES error total".to_owned()));
}

#[test]
fn the_thousands_mark_of_excel_is_read() {
    let value = with(
        simple(),
        &[
            ("/items/0/precio", json!("1,234.50")),
            (
                "/cliente",
                json!({"tipo": "1", "numero": "00000001", "nombre": "CLIENTE DE PRUEBA"}),
            ),
        ],
    );
    let total = checked(&value, &Known::default())
        .document
        .expect("a document")
        .total();
    assert_eq!(total, Some("1234.50".parse().expect("a decimal")));
}

#[test]
fn a_cent_off() {
    let a = |place: &str, amount: f64| with(factura(), &[(place, json!(amount))]);
    found(&a("/total", 236.01), "3280 error total", Some("236.00"));
    found(
        &a("/total_igv", 36.01),
        "3291 error total_igv",
        Some("36.00"),
    );
    found(
        &a("/total_gravada", 199.99),
        "3277 error total_gravada",
        Some("200.00"),
    );
    found(
        &a("/items/0/subtotal", 100.01),
        "CH-CENTAVO observacion items[0].subtotal",
        Some("100.00"),
    );
    found(
        &a("/items/0/subtotal", 100.02),
        "3271 error items[0].subtotal",
        Some("100.00"),
    );
    found(
        &a("/items/0/igv", 18.02),
        "3103 error items[0].igv",
        Some("18.00"),
    );
    // The IGV of a line within a cent a unit: NubeFact took that.
    found(
        &a("/items/1/igv", 18.02),
        "CH-CENTAVO observacion items[1].igv",
        Some("18.00"),
    );
    found(
        &a("/items/0/igv", 0.0),
        "3111 error items[0].igv",
        Some("18.00"),
    );
    found(
        &a("/items/0/precio_unitario", 100.0),
        "3270 observacion items[0].precio_unitario",
        Some("118"),
    );
    for total in [119.0, 118.01, 117.99] {
        found(
            &a("/items/0/total", total),
            "CH-TOTAL-LINEA error items[0].total",
            Some("118.00"),
        );
    }
    found(
        &a("/total_inafecta", 1.0),
        "3274 error total_inafecta",
        Some("0.00"),
    );
    found(
        &a("/total_exonerada", 1.0),
        "3275 error total_exonerada",
        Some("0.00"),
    );
    found(
        &a("/total_gratuita", 1.0),
        "3276 error total_gratuita",
        Some("0.00"),
    );
    found(&a("/total_isc", 1.0), "3296 error total_isc", Some("0.00"));
    found(
        &a("/total_impuestos_bolsas", 1.0),
        "3306 error total_impuestos_bolsas",
        Some("0.00"),
    );
    found(
        &a("/total_anticipo", 1.0),
        "2509 error total_anticipo",
        Some("0.00"),
    );
    // Boletas have codes of their own.
    let b = |place: &str, amount: f64| with(boleta(), &[(place, json!(amount))]);
    found(&b("/total", 236.01), "4312 error total", Some("236.00"));
    found(
        &b("/total_igv", 36.01),
        "4290 error total_igv",
        Some("36.00"),
    );
    found(
        &b("/items/0/subtotal", 100.02),
        "4288 error items[0].subtotal",
        Some("100.00"),
    );
}

#[test]
fn cents_that_drift() {
    let line = json!({"unidad_de_medida": "NIU", "descripcion": "CARAMELO", "cantidad": 1,
        "valor_unitario": 0.30, "precio_unitario": 0.35, "subtotal": 0.30, "tipo_de_igv": 1,
        "igv": 0.05, "total": 0.35});
    let verbatim = with(
        factura(),
        &[
            ("/items", json!(vec![line; 400])),
            ("/total_gravada", json!(120.00)),
            ("/total_igv", json!(20.00)),
            ("/total", json!(140.00)),
        ],
    );
    found(&verbatim, "3291 error total_igv", Some("21.60"));
    let item = json!({"descripcion": "CARAMELO", "cantidad": 1, "precio": "0.35"});
    let draft = with(simple(), &[("/items", json!(vec![item; 400]))]);
    let result = checked(&draft, &Known::default());
    assert_eq!(shown(&result), [""; 0]);
    let document = result.document.expect("a document");
    let amount = |name: &str| document.amount(name).map(|it| it.to_string());
    assert_eq!(amount("total_gravada").as_deref(), Some("118.64"));
    assert_eq!(amount("total_igv").as_deref(), Some("21.36"));
    assert_eq!(amount("total").as_deref(), Some("140.00"));
}

#[test]
fn codes_of_sunat_where_nubefacts_belong() {
    let tipo = |tipo: u8| with(factura(), &[("/items/0/tipo_de_igv", json!(tipo))]);
    let finding = "CH-CATALOGO error items[0].tipo_de_igv";
    found(&tipo(10), finding, Some("1"));
    found(&tipo(30), finding, Some("9"));
    found(&tipo(40), finding, Some("16"));
    found(&tipo(18), finding, None);
    let exempt = with(
        factura(),
        &[
            ("/items/0/tipo_de_igv", json!(20)),
            ("/items/0/igv", json!(0)),
            ("/items/0/precio_unitario", json!(100)),
            ("/items/0/total", json!(100)),
            ("/total_gravada", json!(100)),
            ("/total_exonerada", json!(100)),
            ("/total_igv", json!(18)),
            ("/total", json!(218)),
        ],
    );
    found(&exempt, finding, Some("8"));
    let detraccion = with(
        factura(),
        &[
            ("/sunat_transaction", json!(30)),
            ("/detraccion", json!(true)),
            ("/detraccion_tipo", json!("037")),
            ("/detraccion_porcentaje", json!(12)),
            ("/detraccion_total", json!(28.32)),
            ("/medio_de_pago_detraccion", json!("001")),
        ],
    );
    found(&detraccion, "CH-CATALOGO error detraccion_tipo", Some("35"));
    found(
        &with(factura(), &[("/moneda", json!("USD"))]),
        "CH-CATALOGO error moneda",
        Some("2"),
    );
    found(
        &with(factura(), &[("/tipo_de_comprobante", json!("07"))]),
        "CH-TIPO error tipo_de_comprobante",
        Some("3"),
    );
}

#[test]
fn dates() {
    let of = |day: &str| with(factura(), &[("/fecha_de_emision", json!(day))]);
    found(
        &of("26-11-2026"),
        "CH-FECHA observacion fecha_de_emision",
        Some("27-11-2026"),
    );
    found(
        &of("24-11-2026"),
        "CH-FECHA observacion fecha_de_emision",
        Some("27-11-2026"),
    );
    found(
        &of("23-11-2026"),
        "2108 error fecha_de_emision",
        Some("27-11-2026"),
    );
    found(
        &of("28-11-2026"),
        "CH-FECHA-FUTURA error fecha_de_emision",
        Some("27-11-2026"),
    );
    found(&of("29-02-2027"), "CH-FECHA error fecha_de_emision", None);
    found(&of("11/27/2026"), "CH-FECHA error fecha_de_emision", None);
    nothing_found(&of("2026-11-27"));
    nothing_found(&of("27/11/2026"));
    let old = with(boleta(), &[("/fecha_de_emision", json!("23-11-2026"))]);
    found(&old, "1079 error fecha_de_emision", Some("27-11-2026"));
    let strict = Known {
        dates: DatePolicy::TodayOnly,
        ..Known::default()
    };
    found_with(
        &strict,
        &of("26-11-2026"),
        "CH-FECHA error fecha_de_emision",
        Some("27-11-2026"),
    );
    let due = with(factura(), &[("/fecha_de_vencimiento", json!("26-11-2026"))]);
    found(&due, "CH-FECHA error fecha_de_vencimiento", None);
}

#[test]
fn the_day_is_limas() {
    let evening: Timestamp = "2026-11-28T00:01:00Z".parse().expect("an instant");
    let checked = check(factura().to_string().as_bytes(), evening, &Known::default());
    assert_eq!(shown(&checked), [""; 0]);
}

#[test]
fn texts() {
    let of = |text: &str| with(factura(), &[("/items/0/descripcion", json!(text))]);
    let unharmed = "«TIPO Ñ» 1/2\"\ttab\nlínea & <b> =1+1 😀";
    nothing_found(&of(unharmed));
    let document = checked(&of(unharmed), &Known::default())
        .document
        .expect("a document");
    let sent: Value = serde_json::from_slice(&document.to_bytes()).expect("JSON");
    assert_eq!(sent["items"][0]["descripcion"], unharmed);
    found(&of("a\u{0}b"), "CH-TEXTO error items[0].descripcion", None);
    found(&of("a\u{1b}b"), "CH-TEXTO error items[0].descripcion", None);
    found(
        &of(&"ñ".repeat(251)),
        "CH-LARGO error items[0].descripcion",
        None,
    );
    nothing_found(&of(&"ñ".repeat(250)));
    let serie = with(factura(), &[("/serie", json!("FFF12"))]);
    found(&serie, "CH-LARGO error serie", None);
    let email = with(factura(), &[("/cliente_email", json!("a@b; c@d"))]);
    found(&email, "CH-TEXTO error cliente_email", None);
}

#[test]
fn what_is_told_once() {
    let nameless = with(
        simple(),
        &[
            ("/tipo", json!("factura")),
            ("/serie", json!("FFF1")),
            ("/cliente", json!({"numero": "20512333797"})),
        ],
    );
    let failed = Known {
        customer: CustomerFacts::Failed,
        ..Known::default()
    };
    // A look-up that failed is told once, and at the address where that is all that lacks.
    let told = |sale: &Value, facts: &Known| -> Vec<String> {
        let found = checked(sale, facts).hallazgos;
        found
            .iter()
            .map(|it| format!("{} {}", it.codigo, it.campo))
            .collect()
    };
    assert_eq!(told(&nameless, &failed), ["CH-CONSULTA cliente.nombre"]);
    let named = with(
        nameless.clone(),
        &[("/cliente/nombre", json!("CLIENTE SAC"))],
    );
    assert_eq!(told(&named, &failed), ["CH-CONSULTA cliente.direccion"]);
    // A person whom the register does not know may exist.
    let not_listed = Known {
        customer: CustomerFacts::NotListed,
        ..Known::default()
    };
    let person = with(
        simple(),
        &[("/cliente", json!({"tipo": "1", "numero": "00000001"}))],
    );
    assert_eq!(told(&person, &not_listed), ["CH-CONSULTA cliente.nombre"]);
    // A series that can never be of this kind is told once, with one that can.
    let open = Known {
        series: Some(
            [
                (DocumentKind::Factura, "FFF1".to_owned()),
                (DocumentKind::Boleta, "BBB1".to_owned()),
            ]
            .into(),
        ),
        ..Known::default()
    };
    let other_series = with(factura(), &[("/serie", json!("BBB1"))]);
    found_with(
        &open,
        &other_series,
        "CH-SERIE-TIPO error serie",
        Some("FFF1"),
    );
    assert_eq!(told(&other_series, &open), ["CH-SERIE-TIPO serie"]);
    // A day that cannot be read does not hide the amounts.
    let dateless = with(simple(), &[("/fecha", json!("29-02-2027"))]);
    let document = checked(&dateless, &Known::default());
    assert!(document.sendable().is_none());
    let shown = document.document.and_then(|it| it.total());
    assert_eq!(
        shown,
        checked(&simple(), &Known::default())
            .document
            .and_then(|it| it.total())
    );
    assert!(shown.is_some());
}

#[test]
fn customers() {
    let of = |tipo: &str, number: &str| {
        with(
            factura(),
            &[
                ("/cliente_tipo_de_documento", json!(tipo)),
                ("/cliente_numero_de_documento", json!(number)),
            ],
        )
    };
    let number = "error cliente_numero_de_documento";
    found(
        &of("6", "20512333790"),
        &format!("2017 {number}"),
        Some("20512333797"),
    );
    found(&of("6", "2051233379"), &format!("2017 {number}"), None);
    found(
        &of("6", "20-512333797"),
        &format!("2017 {number}"),
        Some("20512333797"),
    );
    found(
        &of("1", "00000001"),
        "2800 error cliente_tipo_de_documento",
        Some("6"),
    );
    found(
        &of("1", "1234567"),
        &format!("2801 {number}"),
        Some("01234567"),
    );
    found(
        &of("X", "1"),
        "CH-CATALOGO error cliente_tipo_de_documento",
        None,
    );
    let dni = with(
        boleta(),
        &[
            ("/cliente_tipo_de_documento", json!(1)),
            ("/cliente_numero_de_documento", json!(1_234_567)),
        ],
    );
    found(
        &dni,
        "4207 observacion cliente_numero_de_documento",
        Some("01234567"),
    );
    let missing = Known {
        customer: CustomerFacts::NotFound,
        ..Known::default()
    };
    found_with(&missing, &factura(), &format!("1083 {number}"), None);
    let nameless = with(
        simple(),
        &[
            ("/tipo", json!("factura")),
            ("/serie", json!("FFF1")),
            ("/cliente", json!({"numero": "20512333797"})),
        ],
    );
    found(&nameless, "CH-FALTA error cliente.nombre", None);
    let failed = Known {
        customer: CustomerFacts::Failed,
        ..Known::default()
    };
    found_with(&failed, &nameless, "CH-CONSULTA error cliente.nombre", None);
    let looked_up = Known {
        customer: CustomerFacts::Found {
            nombre: "CLIENTE SINTETICO SAC".into(),
            direccion: Some("AV. SINTETICA 123".into()),
        },
        ..Known::default()
    };
    let document = checked(&nameless, &looked_up);
    assert_eq!(
        document.sendable().expect("a document").cliente().nombre,
        "CLIENTE SINTETICO SAC"
    );
    let expensive = with(simple(), &[("/items/0/precio", json!("700.01"))]);
    found(&expensive, "2514 error cliente.numero", None);
    let dollars = with(
        expensive,
        &[
            ("/items/0/precio", json!("187.00")),
            ("/moneda", json!("USD")),
            ("/tipo_de_cambio", json!("3.752")),
        ],
    );
    found(&dollars, "2514 error cliente.numero", None);
}

#[test]
fn credit_and_what_is_withheld() {
    let credit = |list: Value| with(factura(), &[("/venta_al_credito", list)]);
    let cuota =
        |day: &str, amount: f64| json!({"cuota": 1, "fecha_de_pago": day, "importe": amount});
    nothing_found(&credit(json!([cuota("27-12-2026", 236.0)])));
    found(
        &credit(json!([cuota("27-12-2026", 236.01)])),
        "3265 error venta_al_credito",
        Some("236.00"),
    );
    found(
        &credit(json!([cuota("27-12-2026", 235.99)])),
        "CH-CUOTAS-NETO observacion venta_al_credito",
        Some("236.00"),
    );
    found(
        &credit(json!([cuota("27-11-2026", 236.0)])),
        "3267 error venta_al_credito[0].fecha_de_pago",
        None,
    );
    let detraccion = with(
        factura(),
        &[
            ("/sunat_transaction", json!(30)),
            ("/detraccion", json!(true)),
        ],
    );
    found(&detraccion, "3127 error detraccion_tipo", None);
    let amount = with(
        detraccion,
        &[
            ("/detraccion_tipo", json!(35)),
            ("/detraccion_porcentaje", json!(12)),
            ("/detraccion_total", json!(30.00)),
        ],
    );
    found(
        &amount,
        "CH-DETRACCION observacion detraccion_total",
        Some("28.32"),
    );
    let percepcion = with(
        factura(),
        &[
            ("/sunat_transaction", json!(34)),
            ("/percepcion_tipo", json!(1)),
            ("/percepcion_base_imponible", json!(200.00)),
            ("/total_percepcion", json!(4.02)),
            ("/total_incluido_percepcion", json!(240.02)),
            ("/venta_al_credito", json!([cuota("27-12-2026", 236.0)])),
        ],
    );
    found(&percepcion, "3330 error percepcion_tipo", None);
    found(&percepcion, "2798 error total_percepcion", Some("4.00"));
    found(
        &percepcion,
        "CH-PERCEPCION-BASE observacion percepcion_base_imponible",
        Some("236.00"),
    );
    found(
        &with(factura(), &[("/moneda", json!(2))]),
        "CH-CAMBIO error tipo_de_cambio",
        None,
    );
}

#[test]
fn notes() {
    let f_on_boleta = with(nota(), &[("/documento_que_se_modifica_tipo", json!(2))]);
    found(&f_on_boleta, "2116 error serie", None);
    let b_on_factura = with(nota(), &[("/serie", json!("BBB1"))]);
    found(&b_on_factura, "2399 error serie", None);
    let alone = with(nota(), &[("/documento_que_se_modifica_serie", json!(""))]);
    found(
        &alone,
        "CH-NOTA-SIN-DOCUMENTO error documento_que_se_modifica_serie",
        None,
    );
    let modified = ModifiedDocument {
        total: Some("300".parse().expect("a decimal")),
        moneda: Some(1),
        tipo_de_cambio: Some("3.750".parse().expect("a decimal")),
        porcentaje_de_igv: Some("10".parse().expect("a decimal")),
        fecha: Some(date(2025, 12, 1)),
        al_credito: Some(false),
        credited_before: "100".parse().expect("a decimal"),
    };
    let known = Known {
        modified: Some(modified),
        ..Known::default()
    };
    found_with(&known, &nota(), "3286 error total", Some("200.00"));
    found_with(&known, &nota(), "3462 error porcentaje_de_igv", Some("10"));
    let rate = with(nota(), &[("/tipo_de_cambio", json!(3.8))]);
    found_with(
        &known,
        &rate,
        "CH-CAMBIO-NOTA observacion tipo_de_cambio",
        Some("3.750"),
    );
    let schedule = |list: Value| {
        let line = json!({"unidad_de_medida": "NIU", "descripcion": "AJUSTE", "cantidad": 1,
            "valor_unitario": 0, "precio_unitario": 0, "subtotal": 0, "tipo_de_igv": 1, "igv": 0,
            "total": 0});
        with(
            nota(),
            &[
                ("/tipo_de_nota_de_credito", json!(13)),
                ("/total_gravada", json!(0)),
                ("/total_igv", json!(0)),
                ("/total", json!(0)),
                ("/items", json!([line])),
                ("/venta_al_credito", list),
            ],
        )
    };
    found(&schedule(json!([])), "3257 error venta_al_credito", None);
    let late = schedule(json!([{"fecha_de_pago": "01-12-2025", "importe": 300.01}]));
    found_with(
        &known,
        &late,
        "3260 error documento_que_se_modifica_numero",
        None,
    );
    found_with(&known, &late, "3320 error venta_al_credito", Some("300.00"));
    found_with(
        &known,
        &late,
        "3321 error venta_al_credito[0].fecha_de_pago",
        None,
    );
    nothing_found(&schedule(
        json!([{"fecha_de_pago": "27-12-2026", "importe": 300.00}]),
    ));
}

#[test]
fn series_that_are_open() {
    let open = [
        (DocumentKind::Factura, "FFF1".to_owned()),
        (DocumentKind::NotaCredito, "FN01".to_owned()),
    ];
    let known = Known {
        series: Some(open.into_iter().collect()),
        ..Known::default()
    };
    let of = |serie: &str| with(factura(), &[("/serie", json!(serie))]);
    found_with(&known, &of("F002"), "CH-SERIE error serie", Some("FFF1"));
    found_with(
        &known,
        &of("FN01"),
        "CH-SERIE-TIPO error serie",
        Some("FFF1"),
    );
    found(&of("B001"), "CH-SERIE-TIPO error serie", None);
    found(&of("fff1"), "CH-SERIE-TIPO error serie", Some("FFF1"));
    nothing_found(&of("0001"));
}

#[test]
fn unknown_keys() {
    let draft = with(simple(), &[("/items/0/descripción", json!("x"))]);
    found(
        &draft,
        "CH-CLAVE error items[0].descripción",
        Some("descripcion"),
    );
    let draft = with(simple(), &[("/fehca", json!("2026-11-27"))]);
    found(&draft, "CH-CLAVE error fehca", Some("fecha"));
    let verbatim = with(
        factura(),
        &[
            ("/items/0/total_igv", json!(18.50)),
            ("/campo_nuevo", json!({"a": [1]})),
        ],
    );
    found(&verbatim, "CH-CLAVE aviso campo_nuevo", None);
    let result = checked(&verbatim, &Known::default());
    let sent: Value =
        serde_json::from_slice(&result.sendable().expect("it may be sent").to_bytes())
            .expect("JSON");
    assert_eq!(sent["campo_nuevo"], json!({"a": [1]}));
    assert_eq!(sent["items"][0]["total_igv"], json!(18.50));
}

#[test]
fn what_cannot_be_a_document() {
    for (text, finding) in [
        ("", "CH-JSON error documento"),
        ("[]", "CH-JSON error documento"),
        ("{}", "CH-TIPO error tipo"),
        (
            r#"{"operacion": "generar_comprobantes"}"#,
            "CH-TIPO error operacion",
        ),
        (r#"{"tipo_de_comprobante": 1}"#, "CH-FALTA error operacion"),
        (r#"{"tipo": "factura", "items": 3}"#, "CH-TEXTO error items"),
        (
            r#"{"tipo": "factura", "items": [3]}"#,
            "CH-TEXTO error items[0]",
        ),
    ] {
        let checked = check(text.as_bytes(), noon(), &Known::default());
        assert!(
            shown(&checked).contains(&finding.to_owned()),
            "{text}: {:?}",
            shown(&checked)
        );
        assert!(checked.sendable().is_none());
    }
}

#[test]
fn nothing_personal_is_shown() {
    let value = with(
        boleta(),
        &[
            ("/cliente_denominacion", json!("APELLIDOCANARIO")),
            ("/cliente_tipo_de_documento", json!("1")),
            ("/cliente_numero_de_documento", json!("00774411")),
        ],
    );
    let result = checked(&value, &Known::default());
    let draft = check(
        simple()
            .to_string()
            .replace("POLO", "APELLIDOCANARIO")
            .as_bytes(),
        noon(),
        &Known::default(),
    );
    for shown in [
        format!("{result:?}"),
        format!("{result:#?}"),
        format!("{draft:?}"),
    ] {
        assert!(
            !shown.contains("APELLIDOCANARIO") && !shown.contains("00774411"),
            "{shown}"
        );
    }
}

/// The schema comes from the types, the keys that are read from a list: they are the same.
#[test]
fn the_schema_has_the_keys_that_are_read() {
    let schema: Value = serde_json::from_str(&draft_schema()).expect("JSON");
    let draft = simple();
    let every = |properties: &Value| -> Vec<String> {
        properties
            .as_object()
            .expect("properties")
            .keys()
            .cloned()
            .collect()
    };
    let unknown = |value: &Value| {
        shown(&checked(value, &Known::default()))
            .into_iter()
            .filter(|it| it.starts_with("CH-CLAVE error"))
            .collect::<Vec<_>>()
    };
    for key in every(&schema["properties"]) {
        let value = with(
            draft.clone(),
            &[(
                &format!("/{key}"),
                draft.get(&key).cloned().unwrap_or_default(),
            )],
        );
        assert_eq!(unknown(&value), [""; 0], "{key}");
    }
    assert_eq!(every(&schema["properties"]).len(), 28);
    assert_eq!(schema["additionalProperties"], false);
    for (part, place) in [
        ("DraftCustomer", "/cliente"),
        ("DraftItem", "/items/0"),
        ("DraftExcise", "/items/0/isc"),
        ("DraftAdvance", "/anticipos/0"),
        ("DraftInstalment", "/cuotas/0"),
        ("DraftDetraction", "/detraccion"),
        ("DraftNote", "/nota"),
    ] {
        let base = with(
            draft.clone(),
            &[
                ("/items/0/isc", json!({})),
                ("/anticipos", json!([{}])),
                ("/cuotas", json!([{}])),
                ("/detraccion", json!({})),
                ("/nota", json!({})),
            ],
        );
        let keys = every(&schema["$defs"][part]["properties"]);
        assert!(!keys.is_empty(), "{part}");
        assert_eq!(
            schema["$defs"][part]["additionalProperties"], false,
            "{part}"
        );
        for key in keys {
            let value = with(base.clone(), &[(&format!("{place}/{key}"), json!(null))]);
            assert_eq!(unknown(&value), [""; 0], "{part} {key}");
        }
        let wrong = with(base, &[(&format!("{place}/zzz"), json!(1))]);
        assert_eq!(unknown(&wrong).len(), 1, "{part}");
    }
}
