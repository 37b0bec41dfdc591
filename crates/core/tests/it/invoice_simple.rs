//! The simple form: every kind of sale, with amounts computed by hand from invoicing.md §2.

use chaski_core::invoicing::{
    CustomerFacts, DocumentKind, Known, ModifiedDocument, TaxDocument, check, read_decimal,
};
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// A sale to a company; the changes are merged in.
fn draft(changes: Value) -> Value {
    let mut draft = json!({
        "tipo": "factura", "serie": "FFF1", "precios_con_igv": false,
        "cliente": {"numero": "20512333797", "nombre": "CLIENTE SINTETICO SAC",
            "direccion": "AV. SINTETICA 123"},
        "items": [{"descripcion": "A", "cantidad": "1", "precio": "1000"}]
    });
    let Value::Object(changes) = changes else {
        panic!("an object");
    };
    let fields = draft.as_object_mut().expect("an object");
    for (name, value) in changes {
        fields.insert(name, value);
    }
    draft
}

fn issued(draft: &Value, known: &Known) -> (TaxDocument, Vec<String>) {
    let now = "2026-11-27T12:00:00-05:00".parse().expect("an instant");
    let checked = check(draft.to_string().as_bytes(), now, known);
    let findings = checked
        .hallazgos
        .iter()
        .map(|it| format!("{} {}", it.codigo, it.campo));
    let findings: Vec<String> = findings.collect();
    let document = checked.sendable().unwrap_or_else(|| panic!("{findings:?}"));
    (document.clone(), findings)
}

/// Nothing is found, and these fields are sent; numbers are compared as decimals.
#[track_caller]
fn gives(changes: Value, expected: Value) {
    gives_with(&Known::default(), changes, expected, &[]);
}

#[track_caller]
fn gives_with(known: &Known, changes: Value, expected: Value, findings: &[&str]) {
    let (document, found) = issued(&draft(changes), known);
    assert_eq!(found, findings);
    let sent: Value = serde_json::from_slice(&document.to_bytes()).expect("JSON");
    compare("", &expected, &sent);
}

#[track_caller]
fn compare(place: &str, expected: &Value, sent: &Value) {
    match expected {
        Value::Object(fields) => {
            for (name, value) in fields {
                compare(&format!("{place}.{name}"), value, &sent[name]);
            }
        }
        Value::Array(list) => {
            assert_eq!(sent.as_array().map(Vec::len), Some(list.len()), "{place}");
            for (index, value) in list.iter().enumerate() {
                compare(&format!("{place}[{index}]"), value, &sent[index]);
            }
        }
        _ => {
            let decimal = |it: &Value| match it {
                Value::String(text) => read_decimal(text).ok(),
                Value::Number(number) => number.to_string().parse::<Decimal>().ok(),
                _ => None,
            };
            match (decimal(expected), decimal(sent)) {
                (Some(one), Some(other)) => assert_eq!(one, other, "{place}"),
                _ => assert_eq!(expected, sent, "{place}"),
            }
        }
    }
}

#[test]
fn what_is_not_said_has_its_default() {
    gives(
        json!({}),
        json!({
            "operacion": "generar_comprobante", "tipo_de_comprobante": 1, "serie": "FFF1",
            "numero": null, "sunat_transaction": 1, "cliente_tipo_de_documento": "6",
            "fecha_de_emision": "27-11-2026", "moneda": 1, "tipo_de_cambio": null,
            "porcentaje_de_igv": "18", "total_gravada": "1000", "total_igv": "180", "total": "1180",
            "enviar_automaticamente_a_la_sunat": true,
            "items": [{"unidad_de_medida": "NIU", "valor_unitario": "1000", "precio_unitario": "1180",
                "tipo_de_igv": 1, "anticipo_regularizacion": false}]
        }),
    );
    let open = [(DocumentKind::Factura, "F009".to_owned())];
    let known = Known {
        series: Some(open.into_iter().collect()),
        restaurant: Some(true),
        ..Known::default()
    };
    gives_with(
        &known,
        json!({"serie": null}),
        json!({"serie": "F009", "porcentaje_de_igv": "10.5"}),
        &[],
    );
}

#[test]
fn ivap_bears_four_percent() {
    let item = json!({"descripcion": "ARROZ", "cantidad": 1, "precio": 500, "afectacion": "17"});
    gives(
        json!({"items": [item]}),
        json!({"porcentaje_de_igv": 4, "total_gravada": 500, "total_igv": 20, "total": 520,
            "items": [{"tipo_de_ivap": 17, "tipo_de_igv": null, "igv": 20, "precio_unitario": 520}]}),
    );
}

#[test]
fn isc_in_its_three_systems() {
    let of = |isc: Value| json!({"items": [{"descripcion": "A", "cantidad": 10, "precio": "2.5", "isc": isc}]});
    gives(
        of(json!({"sistema": "02", "monto": "0.27"})),
        json!({"total_gravada": 25, "total_isc": "2.70", "total_igv": "4.99", "total": "32.69",
            "items": [{"tipo_de_isc": 2, "isc": "2.70", "precio_unitario": "3.269"}]}),
    );
    gives(
        of(json!({"sistema": "01", "tasa": 20})),
        json!({"total_gravada": 25, "total_isc": 5, "total_igv": "5.40", "total": "35.40",
            "items": [{"tipo_de_isc": 1}]}),
    );
    gives(
        of(json!({"sistema": "03", "tasa": 20})),
        json!({"total_isc": 5, "items": [{"tipo_de_isc": 3}]}),
    );
    // Prices with IGV hold the ISC that is a percent: 25.00 = 17.66 + 3.53 + 3.81.
    let mut with_igv = of(json!({"sistema": "01", "tasa": 20}));
    with_igv["precios_con_igv"] = json!(true);
    gives(
        with_igv,
        json!({"total_gravada": "17.66", "total_isc": "3.53", "total_igv": "3.81", "total": 25}),
    );
}

#[test]
fn bags_charges_and_what_is_given_away() {
    gives(
        json!({"precios_con_igv": true, "otros_cargos": 5, "items": [
            {"descripcion": "POLO", "cantidad": 1, "precio": 50, "otros_cargos": "2.00"},
            {"descripcion": "BOLSA", "cantidad": 2, "precio": "0.10", "bolsas": 2},
            {"descripcion": "MUESTRA", "cantidad": 5, "precio": 10, "afectacion": "15"},
            {"descripcion": "LIBRO", "cantidad": 1, "precio": 30, "afectacion": "20"},
            {"descripcion": "FRUTA", "cantidad": 1, "precio": 20, "afectacion": "30"}
        ]}),
        json!({"total_gravada": "42.54", "total_igv": "7.66", "total_exonerada": 30,
        "total_inafecta": 20, "total_gratuita": 50, "total_impuestos_bolsas": 1,
        "total_otros_cargos": 7, "total": "108.20", "items": [
            {"subtotal": "42.37", "total": 52}, {"impuesto_bolsas": 1, "total": "1.20"},
            {"tipo_de_igv": 6, "igv": 0, "total": 50}, {"tipo_de_igv": 8, "igv": 0},
            {"tipo_de_igv": 9, "igv": 0}
        ]}),
    );
}

#[test]
fn export_and_other_currencies() {
    let buyer = json!({"tipo": "0", "numero": "99999", "nombre": "FOREIGN BUYER LLC",
        "direccion": "1 MAIN ST"});
    let known = Known {
        exchange_rate: Some("3.7523".parse().expect("a decimal")),
        ..Known::default()
    };
    gives_with(
        &known,
        json!({"cliente": buyer, "exportacion": true, "moneda": "USD",
            "items": [{"descripcion": "CAFE", "cantidad": 100, "precio": "4.5"}]}),
        json!({"sunat_transaction": 2, "moneda": 2, "tipo_de_cambio": "3.752",
            "total_inafecta": 450, "total_igv": 0, "total": 450, "items": [{"tipo_de_igv": 16}]}),
        &[],
    );
    for (code, number) in [("EUR", 3), ("GBP", 4)] {
        gives(
            json!({"moneda": code, "tipo_de_cambio": "4.1"}),
            json!({"moneda": number, "tipo_de_cambio": "4.1", "total": 1180}),
        );
    }
}

#[test]
fn discounts() {
    let of = |extra: Value| {
        let mut item = json!({"descripcion": "A", "cantidad": 1, "precio": "883.11"});
        for (name, value) in extra.as_object().expect("an object") {
            item[name] = value.clone();
        }
        json!({"items": [item]})
    };
    gives(
        of(json!({"descuento_porcentaje": 50})),
        json!({"total_descuento": "441.56", "descuento_global": null, "total_gravada": "441.55",
            "items": [{"descuento": "441.56", "precio_unitario": "1042.0698"}]}),
    );
    gives(
        of(json!({"descuento": "83.11"})),
        json!({"total_gravada": 800, "total": 944}),
    );
    // The whole, purely taxed: without IGV in the header.
    gives(
        json!({"descuento_global": "100"}),
        json!({"descuento_global": 100, "total_descuento": 100, "total_gravada": 900,
            "total_igv": 162, "total": 1062}),
    );
    gives(
        json!({"precios_con_igv": true, "descuento_global": "118",
            "items": [{"descripcion": "A", "cantidad": 1, "precio": 1180}]}),
        json!({"descuento_global": 100, "total_gravada": 900, "total_igv": 162, "total": 1062}),
    );
}

#[test]
fn advances() {
    gives(
        json!({"es_anticipo": true}),
        json!({"sunat_transaction": 4, "total": 1180}),
    );
    let paid =
        |total: &str| json!({"anticipos": [{"serie": "FFF1", "numero": 90, "total": total}]});
    gives(
        paid("590"),
        json!({"sunat_transaction": 1, "total_anticipo": 500, "total_gravada": 500, "total_igv": 90,
            "total": 590, "items": [{"total": 1180}, {"subtotal": 500, "igv": 90, "total": 590,
                "anticipo_regularizacion": true, "anticipo_documento_serie": "FFF1",
                "anticipo_documento_numero": 90}]}),
    );
    gives(
        paid("1180"),
        json!({"total_anticipo": 1000, "total_gravada": 0, "total_igv": 0, "total": 0}),
    );
    // One that reaches over what is taxed into what is not is two lines.
    let mut mixed = paid("1230");
    mixed["items"] = json!([{"descripcion": "A", "cantidad": 1, "precio": 1000},
        {"descripcion": "B", "cantidad": 1, "precio": 100, "afectacion": "20"}]);
    gives(
        mixed,
        json!({"total_anticipo": 1050, "total_gravada": 0, "total_exonerada": 50, "total_igv": 0,
            "total": 50, "items": [{}, {}, {"tipo_de_igv": 1, "subtotal": 1000, "total": 1180},
                {"tipo_de_igv": 8, "subtotal": 50, "igv": 0, "anticipo_documento_numero": 90}]}),
    );
}

/// 10 × 100.00 with 10 % of ISC: 1000.00 + 100.00 + 18 % of both = 1298.00.
fn with_isc(changes: Value) -> Value {
    // `draft` over a whole draft leaves it as it is.
    let mut draft = draft(changes);
    draft["items"] = json!([{"descripcion": "A", "cantidad": 10, "precio": "100",
        "isc": {"sistema": "01", "tasa": 10}}]);
    if draft["precios_con_igv"] == true {
        draft["items"][0]["precio"] = json!("129.80");
    }
    draft
}

#[track_caller]
fn refused(draft: &Value, finding: (&str, &str)) {
    let now = "2026-11-27T12:00:00-05:00".parse().expect("an instant");
    let checked = check(draft.to_string().as_bytes(), now, &Known::default());
    let found = checked.hallazgos.iter();
    let found: Vec<_> = found.map(|it| (it.codigo, it.campo.as_str())).collect();
    assert_eq!(found, [finding]);
}

/// An advance bears no ISC, nor the IGV on it: these are left to the sale that settles it.
#[test]
fn advances_of_sales_with_isc() {
    let paid =
        |total: &str| json!({"anticipos": [{"serie": "FFF1", "numero": 90, "total": total}]});
    gives(
        with_isc(json!({})),
        json!({"total_gravada": 1000, "total_isc": 100, "total_igv": 198, "total": 1298}),
    );
    // 590.00 = 500.00 + 90.00 off: 1298.00 - 590.00.
    gives(
        with_isc(paid("590")),
        json!({"total_anticipo": 500, "total_gravada": 500, "total_isc": 100, "total_igv": 108,
            "total": 708, "items": [{"isc": 100, "igv": 198}, {"subtotal": 500, "igv": 90}]}),
    );
    // All of the value, 1180.00: the ISC and its 18.00 of IGV are left.
    gives(
        with_isc(paid("1180")),
        json!({"total_anticipo": 1000, "total_gravada": 0, "total_isc": 100, "total_igv": 18,
            "total": 118}),
    );
    refused(&with_isc(paid("1180.01")), ("CH-NEGATIVO", "anticipos"));
}

/// A discount on the whole lowers base and IGV, not the ISC; it ends where the base does.
#[test]
fn global_discounts_of_sales_with_isc() {
    // 200.00 off a base of 1000.00: IGV is 18 % of 800.00 + 100.00.
    gives(
        with_isc(json!({"descuento_global": "200"})),
        json!({"descuento_global": 200, "total_gravada": 800, "total_isc": 100,
            "total_igv": 162, "total": 1062}),
    );
    refused(
        &with_isc(json!({"descuento_global": "1000.01"})),
        ("CH-NEGATIVO", "descuento_global"),
    );
    // The same with IGV: 236.00 = 200.00 + 36.00 off a price of 1298.00.
    let off = |off: &str| with_isc(json!({"precios_con_igv": true, "descuento_global": off}));
    gives(
        off("236"),
        json!({"descuento_global": 200, "total_gravada": 800, "total_isc": 100,
            "total_igv": 162, "total": 1062}),
    );
    gives(
        off("1180"),
        json!({"descuento_global": 1000, "total_gravada": 0, "total_isc": 100, "total_igv": 18,
            "total": 118}),
    );
    // The base of 1200.00 would be 1016.95, more than there is, though the price is higher.
    refused(&off("1200"), ("CH-NEGATIVO", "descuento_global"));
    refused(&off("1298"), ("CH-NEGATIVO", "descuento_global"));
}

#[test]
fn what_is_withheld() {
    gives(
        json!({"detraccion": {"codigo": "037"}, "cuotas": [
            {"fecha": "2026-12-27", "importe": "1038.40"}]}),
        json!({"sunat_transaction": 30, "detraccion": true, "detraccion_tipo": 35,
            "detraccion_porcentaje": 12, "detraccion_total": "141.60",
            "medio_de_pago_detraccion": 1, "total": 1180,
            "venta_al_credito": [{"cuota": 1, "fecha_de_pago": "27-12-2026", "importe": "1038.40"}]}),
    );
    gives(
        json!({"moneda": "USD", "tipo_de_cambio": "3.752",
            "detraccion": {"codigo": "020", "porcentaje": 12, "medio_de_pago": "003"}}),
        json!({"detraccion_tipo": 18, "detraccion_total": "531.28", "medio_de_pago_detraccion": 3}),
    );
    gives(
        json!({"retencion": 3}),
        json!({"retencion_tipo": 1, "retencion_base_imponible": 1180, "total_retencion": "35.40"}),
    );
    gives(
        json!({"percepcion": "0.5"}),
        json!({"sunat_transaction": 34, "percepcion_tipo": 3, "percepcion_base_imponible": 1180,
            "total_percepcion": "5.90", "total_incluido_percepcion": "1185.90", "total": 1180}),
    );
}

fn modified() -> Known {
    Known {
        modified: Some(ModifiedDocument {
            total: Some(Decimal::from(1180)),
            moneda: Some(2),
            tipo_de_cambio: Some("3.7".parse().expect("a decimal")),
            porcentaje_de_igv: Some(Decimal::from(10)),
            al_credito: Some(true),
            ..ModifiedDocument::default()
        }),
        customer: CustomerFacts::NotAsked,
        ..Known::default()
    }
}

#[test]
fn notes_bear_the_rates_of_what_they_modify() {
    let nota = json!({"motivo": "07", "documento": "F001-123", "sustento": "DEVOLUCION"});
    gives_with(
        &modified(),
        json!({"tipo": "nota_credito", "nota": nota, "observaciones": "GRACIAS"}),
        json!({"tipo_de_comprobante": 3, "moneda": 2, "tipo_de_cambio": "3.7",
            "porcentaje_de_igv": 10, "total": 1100, "tipo_de_nota_de_credito": 7,
            "documento_que_se_modifica_tipo": 1, "documento_que_se_modifica_serie": "F001",
            "documento_que_se_modifica_numero": 123, "observaciones": "DEVOLUCION<br>GRACIAS"}),
        &[],
    );
    // SUNAT's 11 is export, which is NubeFact's 12; debit notes have a list of their own.
    let export = json!({"motivo": "11", "documento": "F001-1"});
    gives(
        json!({"tipo": "nota_credito", "nota": export}),
        json!({"tipo_de_nota_de_credito": 12}),
    );
    let debit = json!({"motivo": "02", "documento": "F001-1"});
    gives(
        json!({"tipo": "nota_debito", "nota": debit}),
        json!({"tipo_de_comprobante": 4, "tipo_de_nota_de_debito": 2}),
    );
}

#[test]
fn note_13_changes_instalments_only() {
    let nota = json!({"motivo": "13", "documento": "F001-123"});
    gives_with(
        &modified(),
        json!({"tipo": "nota_credito", "nota": nota, "items": [],
            "cuotas": [{"fecha": "2027-01-27", "importe": "1180"}]}),
        json!({"tipo_de_nota_de_credito": 13, "total_gravada": 0, "total_igv": 0, "total": 0,
            "items": [{"cantidad": 1, "subtotal": 0, "total": 0}],
            "venta_al_credito": [{"importe": 1180}]}),
        &[],
    );
}

#[test]
fn a_boleta_may_name_nobody() {
    gives(
        json!({"tipo": "boleta", "serie": "BBB1", "cliente": {},
            "items": [{"descripcion": "A", "cantidad": 1, "precio": 100}]}),
        json!({"tipo_de_comprobante": 2, "cliente_tipo_de_documento": "-",
            "cliente_numero_de_documento": "-", "cliente_denominacion": "CLIENTES VARIOS"}),
    );
}

#[test]
fn ten_thousand_lines_stay_linear() {
    let item = json!({"descripcion": "A", "cantidad": "1", "precio": "0.35"});
    let many = draft(json!({"precios_con_igv": true, "items": vec![item; 10_000]}));
    let began = std::time::Instant::now();
    let (document, found) = issued(&many, &Known::default());
    assert_eq!(found, [""; 0]);
    assert_eq!(document.total(), Some("3500".parse().expect("a decimal")));
    assert_eq!(
        document.amount("total_gravada"),
        Some("2966.10".parse().expect("a decimal"))
    );
    // Quadratic work would take minutes.
    assert!(began.elapsed().as_secs() < 30);
}
