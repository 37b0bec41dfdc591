//! Every finding at once: a right document with several independent faults yields each of them and no
//! other error. A field that cannot be read is told once, and nothing is said of what depends on it.
//!
//! `CHASKI_INVOICE_CASES` says how many documents are tried of every kind (300).

use std::collections::BTreeSet;

use chaski_core::invoicing::{DocumentKind, Known, check};
use chaski_core::{Lang, Severity};
use jiff::Timestamp;
use jiff::civil::date;
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use crate::invoicing_other::{carrier, retencion, sender, void, withholding};

/// A fault: which field becomes what, and what is found for it.
struct Fault {
    /// JSON pointer; `null` takes the field away.
    place: &'static str,
    value: Value,
    /// Code and field of the finding.
    found: (&'static str, &'static str),
    /// What has to be known to find it: sums, days, kinds.
    needs: &'static [&'static str],
    /// What is unknown because of it.
    spoils: &'static [&'static str],
}

fn fault(
    place: &'static str,
    value: Value,
    found: (&'static str, &'static str),
    needs: &'static [&'static str],
    spoils: &'static [&'static str],
) -> Fault {
    Fault {
        place,
        value,
        found,
        needs,
        spoils,
    }
}

impl Fault {
    fn is_apart_from(&self, other: &Fault) -> bool {
        let within = |one: &str, other: &str| {
            one == other
                || other
                    .strip_prefix(one)
                    .is_some_and(|it| it.starts_with('/'))
        };
        let clash = within(self.place, other.place)
            || within(other.place, self.place)
            || self.found.1 == other.found.1;
        let hides =
            |one: &Fault, other: &Fault| one.spoils.iter().any(|it| other.needs.contains(it));
        !clash && !hides(self, other) && !hides(other, self)
    }

    fn put_into(&self, document: &mut Value) {
        let (parent, name) = self.place.rsplit_once('/').expect("a pointer");
        match document.pointer_mut(parent).expect("the parent") {
            Value::Object(fields) if self.value.is_null() => {
                fields.remove(name);
            }
            Value::Object(fields) => {
                fields.insert(name.to_owned(), self.value.clone());
            }
            Value::Array(list) => {
                list[name.parse::<usize>().expect("an index")] = self.value.clone();
            }
            _ => panic!("{}", self.place),
        }
    }
}

fn now() -> Timestamp {
    "2026-11-27T12:00:00-05:00".parse().expect("an instant")
}

fn known() -> Known {
    Known {
        voided_issued_on: Some(date(2026, 11, 27)),
        ..Known::default()
    }
}

fn errors(document: &Value, known: &Known) -> Vec<(String, String)> {
    let checked = check(document.to_string().as_bytes(), now(), known);
    let errors = checked.hallazgos.iter();
    let errors = errors.filter(|it| it.severidad == Severity::Error);
    errors
        .map(|it| (it.codigo.to_owned(), it.campo.clone()))
        .collect()
}

/// Takes faults in the order drawn, as long as each is apart from those before.
fn apart<'f>(table: &'f [Fault], picks: &[prop::sample::Index]) -> Vec<&'f Fault> {
    let mut taken: Vec<&Fault> = Vec::new();
    for pick in picks {
        let fault = &table[pick.index(table.len())];
        if taken.iter().all(|other| other.is_apart_from(fault)) {
            taken.push(fault);
        }
    }
    taken
}

/// Each fault alone, and several at once.
fn all_are_found(base: &Value, table: &[Fault], known: &Known) {
    assert_eq!(errors(base, known), [], "the base is right");
    for fault in table {
        expect(base, &[fault], known).expect("what is found");
    }
    let cases = std::env::var_os("CHASKI_INVOICE_CASES");
    let cases = cases.and_then(|it| it.to_str()?.parse().ok());
    let cases = cases.unwrap_or(300);
    let config = ProptestConfig {
        cases,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let picks = prop::collection::vec(any::<prop::sample::Index>(), 2..10);
    proptest!(config, |(picks in picks)| {
        if let Err(wrong) = expect(base, &apart(table, &picks), known) {
            prop_assert!(false, "{wrong}");
        }
    });
}

fn expect(base: &Value, faults: &[&Fault], known: &Known) -> Result<(), String> {
    let mut document = base.clone();
    for fault in faults {
        fault.put_into(&mut document);
    }
    let wanted = faults
        .iter()
        .map(|it| (it.found.0.into(), it.found.1.into()));
    let wanted: BTreeSet<(String, String)> = wanted.collect();
    let list = errors(&document, known);
    let found: BTreeSet<_> = list.iter().cloned().collect();
    if wanted == found && list.len() == found.len() {
        return Ok(());
    }
    let missing: Vec<_> = wanted.difference(&found).collect();
    let invented: Vec<_> = found.difference(&wanted).collect();
    Err(format!(
        "not found {missing:?}, invented {invented:?}, of {wanted:?}"
    ))
}

fn draft() -> Value {
    json!({
        "tipo": "factura", "serie": "FFF1", "fecha": "2026-11-27", "vencimiento": "2027-01-27",
        "cliente": {"tipo": "6", "numero": "20512333797", "nombre": "CLIENTE SINTETICO SAC",
            "direccion": "AV. SINTETICA 123", "correo": ["a@example.com"]},
        "moneda": "PEN", "igv": "18", "precios_con_igv": true, "otros_cargos": "1.00",
        "items": [
            {"descripcion": "A", "cantidad": 2, "precio": "118.00"},
            {"descripcion": "B", "cantidad": 1, "precio": "50.00", "afectacion": "20"},
            {"descripcion": "C", "cantidad": 3, "precio": "10.00", "unidad": "KGM",
             "isc": {"sistema": "01", "tasa": "10"}},
        ],
        "anticipos": [{"serie": "FFF1", "numero": 90, "total": "17.00"}],
        "cuotas": [
            {"fecha": "2026-12-27", "importe": "200.00"},
            {"fecha": "2027-01-27", "importe": "100.00"},
        ],
    })
}

#[rustfmt::skip]
fn faults_of_drafts() -> Vec<Fault> {
    let long = "X".repeat(251);
    vec![
        fault("/descuento_globl", json!("1.00"), ("CH-CLAVE", "descuento_globl"), &[], &["total"]),
        fault("/color", json!("rojo"), ("CH-CLAVE", "color"), &[], &[]),
        fault("/tipo", json!("factra"), ("CH-TIPO", "tipo"), &[], &[]),
        fault("/tipo", json!("recibo"), ("CH-TIPO", "tipo"), &[], &["kind"]),
        fault("/tipo", json!(7), ("CH-TIPO", "tipo"), &[], &["kind"]),
        fault("/serie", json!("BBB1"), ("CH-SERIE-TIPO", "serie"), &["kind"], &[]),
        fault("/serie", json!("FF"), ("CH-LARGO", "serie"), &[], &[]),
        fault("/serie", json!([]), ("CH-TEXTO", "serie"), &[], &[]),
        fault("/numero", json!("doce"), ("CH-TEXTO", "numero"), &[], &[]),
        fault("/fecha", json!("31-02-2026"), ("CH-FECHA", "fecha"), &[], &["fecha"]),
        fault("/fecha", json!("2026-11-20"), ("2108", "fecha"), &[], &["fecha"]),
        fault("/vencimiento", json!("2026-11-26"), ("CH-FECHA", "vencimiento"), &["fecha"], &[]),
        fault("/vencimiento", json!("mañana"), ("CH-FECHA", "vencimiento"), &[], &[]),
        fault("/cliente", json!("ACME"), ("CH-TEXTO", "cliente"), &[], &["cliente"]),
        fault("/cliente/tipo", json!("9"), ("CH-CATALOGO", "cliente.tipo"), &[], &["cliente"]),
        fault("/cliente/tipo", json!("4"), ("2800", "cliente.tipo"), &["kind", "transaction"], &["ruc"]),
        fault("/cliente/numero", json!("20512333790"), ("2017", "cliente.numero"), &["cliente", "ruc"], &[]),
        fault("/cliente/numero", json!([1]), ("CH-TEXTO", "cliente.numero"), &[], &[]),
        fault("/cliente/numro", json!("1"), ("CH-CLAVE", "cliente.numro"), &["cliente"], &[]),
        fault("/cliente/nombre", json!(null), ("CH-FALTA", "cliente.nombre"), &["cliente"], &[]),
        fault("/cliente/direccion", json!(""), ("CH-FALTA", "cliente.direccion"), &["kind"], &[]),
        fault("/cliente/correo/0", json!("nadie"), ("CH-TEXTO", "cliente.correo[0]"), &[], &[]),
        fault("/moneda", json!("XXX"), ("CH-CATALOGO", "moneda"), &[], &[]),
        fault("/moneda", json!({}), ("CH-TEXTO", "moneda"), &[], &[]),
        fault("/tipo_de_cambio", json!("tres"), ("CH-DECIMALES", "tipo_de_cambio"), &[], &[]),
        fault("/igv", json!("1e1"), ("CH-DECIMALES", "igv"), &[], &["total"]),
        fault("/igv", json!("17"), ("3462", "igv"), &["fecha", "gravado"], &["total"]),
        fault("/precios_con_igv", json!(null), ("CH-FALTA", "precios_con_igv"), &["gravado"], &["total"]),
        fault("/precios_con_igv", json!("tal vez"), ("CH-TEXTO", "precios_con_igv"), &[], &["total"]),
        fault("/descuento_global", json!("-1"), ("CH-NEGATIVO", "descuento_global"), &[], &["total"]),
        fault("/otros_cargos", json!("x"), ("CH-DECIMALES", "otros_cargos"), &[], &["total"]),
        fault("/es_anticipo", json!("quizás"), ("CH-TEXTO", "es_anticipo"), &[], &["transaction"]),
        fault("/exportacion", json!(2), ("CH-TEXTO", "exportacion"), &[], &["transaction", "total", "gravado", "linea 0"]),
        fault("/items/0/cantidad", json!("-1"), ("CH-NEGATIVO", "items[0].cantidad"), &[], &["total", "linea 0"]),
        fault("/items/0/cantidad", json!(0), ("CH-FALTA", "items[0].cantidad"), &[], &["total", "linea 0"]),
        fault("/items/0/precio", json!("1,234.5O"), ("CH-DECIMALES", "items[0].precio"), &[], &["total", "linea 0"]),
        fault("/items/0/descuento", json!("237"), ("CH-NEGATIVO", "items[0].descuento"), &["linea 0"], &["total"]),
        fault("/items/0/descuento_porcentaje", json!("101"), ("CH-NEGATIVO", "items[0].descuento_porcentaje"), &[], &["total", "linea 0"]),
        fault("/items/0/afectacion", json!("99"), ("CH-CATALOGO", "items[0].afectacion"), &[], &["total", "linea 0"]),
        fault("/items/0/cantdad", json!(3), ("CH-CLAVE", "items[0].cantdad"), &[], &[]),
        fault("/items/1", json!(3), ("CH-TEXTO", "items[1]"), &[], &["total"]),
        fault("/items/1/descripcion", json!(""), ("CH-FALTA", "items[1].descripcion"), &[], &[]),
        fault("/items/1/descripcion", json!(long), ("CH-LARGO", "items[1].descripcion"), &[], &[]),
        fault("/items/1/unidad", json!("UNIDADES"), ("CH-LARGO", "items[1].unidad"), &[], &[]),
        fault("/items/1/precio", json!(null), ("CH-FALTA", "items[1].precio"), &[], &["total"]),
        fault("/items/1/bolsas", json!([]), ("CH-DECIMALES", "items[1].bolsas"), &[], &["total"]),
        fault("/items/2/isc/sistema", json!("09"), ("CH-CATALOGO", "items[2].isc.sistema"), &[], &["total"]),
        fault("/items/2/isc/tasa", json!("diez"), ("CH-DECIMALES", "items[2].isc.tasa"), &[], &["total", "isc"]),
        fault("/items/2/isc/tasa", json!(null), ("CH-FALTA", "items[2].isc"), &["isc"], &["total"]),
        fault("/items/2/isc/monto", json!("1"), ("CH-FALTA", "items[2].isc"), &["isc"], &["total"]),
        fault("/items/2/isc", json!(true), ("CH-TEXTO", "items[2].isc"), &[], &["total"]),
        fault("/items/2/codigo_sunat", json!("1234567890"), ("CH-LARGO", "items[2].codigo_sunat"), &[], &[]),
        fault("/anticipos/0/serie", json!("F"), ("CH-LARGO", "anticipos[0].serie"), &[], &[]),
        fault("/anticipos/0/numero", json!(null), ("CH-FALTA", "anticipos[0].numero"), &[], &[]),
        fault("/anticipos/0/total", json!("x"), ("CH-DECIMALES", "anticipos[0].total"), &[], &["total"]),
        fault("/anticipos/0/total", json!("9999"), ("CH-NEGATIVO", "anticipos"), &["total"], &["total"]),
        fault("/cuotas/0/fecha", json!("2020-01-31"), ("3267", "cuotas[0].fecha"), &["fecha"], &[]),
        fault("/cuotas/0/fecha", json!("pronto"), ("CH-FECHA", "cuotas[0].fecha"), &[], &[]),
        fault("/cuotas/0/importe", json!("mil"), ("CH-DECIMALES", "cuotas[0].importe"), &[], &[]),
        fault("/cuotas/1/importe", json!("5000.00"), ("3265", "cuotas"), &["total"], &[]),
        fault("/detraccion", json!({"codigo": "999"}), ("CH-CATALOGO", "detraccion.codigo"), &[], &[]),
        fault("/detraccion", json!({"codigo": "037", "porcentaje": "x"}), ("CH-DECIMALES", "detraccion.porcentaje"), &[], &[]),
        fault("/detraccion", json!("037"), ("CH-TEXTO", "detraccion"), &[], &["transaction"]),
        fault("/retencion", json!("4"), ("CH-CATALOGO", "retencion"), &[], &[]),
        fault("/retencion", json!("x"), ("CH-DECIMALES", "retencion"), &[], &[]),
        fault("/observaciones", json!("a\u{1}"), ("CH-TEXTO", "observaciones"), &[], &[]),
        fault("/orden_compra", json!("X".repeat(21)), ("CH-LARGO", "orden_compra"), &[], &[]),
        fault("/referencia", json!("X".repeat(101)), ("CH-LARGO", "referencia"), &[], &[]),
        fault("/enviar_al_cliente", json!("no sé"), ("CH-TEXTO", "enviar_al_cliente"), &[], &[]),
    ]
}

#[test]
fn drafts_yield_every_fault() {
    all_are_found(&draft(), &faults_of_drafts(), &known());
}

/// A factura as NubeFact takes it: a line of each class, on credit.
fn factura() -> Value {
    json!({
        "operacion": "generar_comprobante", "tipo_de_comprobante": 1, "serie": "FFF1", "numero": 1,
        "sunat_transaction": 1, "cliente_tipo_de_documento": "6",
        "cliente_numero_de_documento": "20512333797",
        "cliente_denominacion": "CLIENTE SINTETICO SAC", "cliente_direccion": "AV. SINTETICA 123",
        "fecha_de_emision": "27-11-2026", "moneda": 1, "porcentaje_de_igv": 18.00,
        "total_gravada": 100.00, "total_exonerada": 50.00, "total_inafecta": 30.00,
        "total_igv": 18.00, "total": 198.00,
        "items": [
            {"unidad_de_medida": "NIU", "descripcion": "A", "cantidad": 1, "valor_unitario": 100,
             "precio_unitario": 118, "subtotal": 100.00, "tipo_de_igv": 1, "igv": 18.00,
             "total": 118.00, "anticipo_regularizacion": false},
            {"unidad_de_medida": "NIU", "descripcion": "B", "cantidad": 2, "valor_unitario": 25,
             "precio_unitario": 25, "subtotal": 50.00, "tipo_de_igv": 8, "igv": 0.00,
             "total": 50.00, "anticipo_regularizacion": false},
            {"unidad_de_medida": "NIU", "descripcion": "C", "cantidad": 3, "valor_unitario": 10,
             "precio_unitario": 10, "subtotal": 30.00, "tipo_de_igv": 9, "igv": 0.00,
             "total": 30.00, "anticipo_regularizacion": false},
        ],
        "venta_al_credito": [
            {"cuota": 1, "fecha_de_pago": "27-12-2026", "importe": 100.00},
            {"cuota": 2, "fecha_de_pago": "27-01-2027", "importe": 98.00},
        ],
    })
}

#[rustfmt::skip]
fn faults_of_facturas() -> Vec<Fault> {
    const CLASSES: &[&str] = &["gravada", "exonerada", "inafecta", "gratuita", "igv", "suma"];
    vec![
        fault("/operacion", json!("generar_comprobantes"), ("CH-TIPO", "operacion"), &[], &[]),
        fault("/operacion", json!(null), ("CH-FALTA", "operacion"), &[], &[]),
        fault("/tipo_de_comprobante", json!(9), ("CH-TIPO", "tipo_de_comprobante"), &[], &["kind"]),
        fault("/tipo_de_comprobante", json!("x"), ("CH-TIPO", "tipo_de_comprobante"), &[], &["kind"]),
        fault("/serie", json!("BBB1"), ("CH-SERIE-TIPO", "serie"), &["kind"], &[]),
        fault("/serie", json!("FF"), ("CH-LARGO", "serie"), &[], &[]),
        fault("/numero", json!("x"), ("CH-DECIMALES", "numero"), &[], &[]),
        fault("/sunat_transaction", json!(77), ("CH-CATALOGO", "sunat_transaction"), &[], &["transaction"]),
        fault("/sunat_transaction", json!(null), ("CH-FALTA", "sunat_transaction"), &[], &["transaction"]),
        fault("/cliente_tipo_de_documento", json!("4"), ("2800", "cliente_tipo_de_documento"), &["kind", "transaction"], &["ruc"]),
        fault("/cliente_tipo_de_documento", json!("66"), ("CH-LARGO", "cliente_tipo_de_documento"), &[], &["ruc"]),
        fault("/cliente_numero_de_documento", json!("20512333790"), ("2017", "cliente_numero_de_documento"), &["ruc"], &[]),
        fault("/cliente_denominacion", json!("X".repeat(101)), ("CH-LARGO", "cliente_denominacion"), &[], &[]),
        fault("/cliente_direccion", json!(null), ("CH-FALTA", "cliente_direccion"), &["kind"], &[]),
        fault("/fecha_de_emision", json!("ayer"), ("CH-FECHA", "fecha_de_emision"), &[], &["fecha"]),
        fault("/fecha_de_emision", json!("29-11-2026"), ("CH-FECHA-FUTURA", "fecha_de_emision"), &[], &["fecha"]),
        fault("/moneda", json!(9), ("CH-CATALOGO", "moneda"), &[], &[]),
        fault("/porcentaje_de_igv", json!("abc"), ("CH-DECIMALES", "porcentaje_de_igv"), &[], &["tasa"]),
        fault("/porcentaje_de_igv", json!(-18), ("CH-NEGATIVO", "porcentaje_de_igv"), &[], &["tasa"]),
        fault("/descuento_global", json!("x"), ("CH-DECIMALES", "descuento_global"), &[], &["gravada", "igv", "suma"]),
        fault("/total_gravada", json!(101), ("3277", "total_gravada"), &["gravada"], &[]),
        fault("/total_gravada", json!("1e2"), ("CH-DECIMALES", "total_gravada"), &[], &[]),
        fault("/total_exonerada", json!(50.01), ("3275", "total_exonerada"), &["exonerada"], &[]),
        fault("/total_inafecta", json!(29), ("3274", "total_inafecta"), &["inafecta"], &[]),
        fault("/total_gratuita", json!(1), ("3276", "total_gratuita"), &["gratuita"], &[]),
        fault("/total_igv", json!(18.01), ("3291", "total_igv"), &["igv"], &[]),
        fault("/total_igv", json!(-18), ("CH-NEGATIVO", "total_igv"), &[], &[]),
        fault("/total_isc", json!(1), ("3296", "total_isc"), &["isc"], &[]),
        fault("/total_otros_cargos", json!("x"), ("CH-DECIMALES", "total_otros_cargos"), &[], &["suma"]),
        fault("/total_anticipo", json!(1), ("2509", "total_anticipo"), &["anticipo"], &[]),
        fault("/total", json!(199), ("3280", "total"), &["suma"], &[]),
        fault("/total", json!("mil"), ("CH-DECIMALES", "total"), &[], &["total"]),
        fault("/total", json!(null), ("CH-FALTA", "total"), &[], &["total"]),
        fault("/total_retencion", json!("x"), ("CH-DECIMALES", "total_retencion"), &[], &[]),
        fault("/detraccion", json!("quizás"), ("CH-TEXTO", "detraccion"), &[], &[]),
        fault("/items/0", json!("A"), ("CH-TEXTO", "items[0]"), &[], &["gravada", "exonerada", "inafecta", "gratuita", "igv", "suma", "isc", "anticipo"]),
        fault("/items/0/cantidad", json!("dos"), ("CH-DECIMALES", "items[0].cantidad"), &[], &["linea 0"]),
        fault("/items/0/cantidad", json!(-1), ("CH-NEGATIVO", "items[0].cantidad"), &[], &["linea 0"]),
        fault("/items/0/valor_unitario", json!(200), ("3271", "items[0].subtotal"), &["linea 0"], &[]),
        fault("/items/0/subtotal", json!("1e2"), ("CH-DECIMALES", "items[0].subtotal"), &[], &["gravada", "suma", "linea 0", "igv 0", "total 0"]),
        fault("/items/0/subtotal", json!(null), ("CH-FALTA", "items[0].subtotal"), &[], &["gravada", "suma", "linea 0", "igv 0", "total 0"]),
        fault("/items/0/igv", json!("x"), ("CH-DECIMALES", "items[0].igv"), &[], &["igv", "suma", "total 0"]),
        fault("/items/0/total", json!(118.01), ("CH-TOTAL-LINEA", "items[0].total"), &["total 0"], &[]),
        fault("/items/0/isc", json!("x"), ("CH-DECIMALES", "items[0].isc"), &[], &["isc", "suma", "igv 0", "total 0"]),
        fault("/items/0/anticipo_regularizacion", json!("a"), ("CH-TEXTO", "items[0].anticipo_regularizacion"), &[], &["gravada", "igv", "suma", "isc", "anticipo"]),
        fault("/items/1/subtotal", json!(-50), ("CH-NEGATIVO", "items[1].subtotal"), &[], &["exonerada", "suma", "total 1"]),
        fault("/items/1/igv", json!("-"), ("CH-DECIMALES", "items[1].igv"), &[], &["total 1"]),
        fault("/items/1/total", json!(50.01), ("CH-TOTAL-LINEA", "items[1].total"), &["total 1"], &[]),
        fault("/items/1/descripcion", json!("a\u{0}"), ("CH-TEXTO", "items[1].descripcion"), &[], &[]),
        fault("/items/2/tipo_de_igv", json!(99), ("CH-CATALOGO", "items[2].tipo_de_igv"), &[], CLASSES),
        fault("/items/2/tipo_de_igv", json!(null), ("CH-FALTA", "items[2].tipo_de_igv"), &[], CLASSES),
        fault("/items/2/tipo_de_igv", json!(30), ("CH-CATALOGO", "items[2].tipo_de_igv"), &[], &[]),
        fault("/items/2/unidad_de_medida", json!(null), ("CH-FALTA", "items[2].unidad_de_medida"), &[], &[]),
        fault("/venta_al_credito", json!("sí"), ("CH-TEXTO", "venta_al_credito"), &[], &[]),
        fault("/venta_al_credito/0/fecha_de_pago", json!("01-01-2026"), ("3267", "venta_al_credito[0].fecha_de_pago"), &["fecha"], &[]),
        fault("/venta_al_credito/0/importe", json!("x"), ("CH-DECIMALES", "venta_al_credito[0].importe"), &[], &[]),
        fault("/venta_al_credito/0/importe", json!(null), ("CH-FALTA", "venta_al_credito[0].importe"), &[], &[]),
        fault("/venta_al_credito/1/importe", json!(999), ("3265", "venta_al_credito"), &["total"], &[]),
        fault("/enviar_automaticamente_a_la_sunat", json!("si"), ("CH-TEXTO", "enviar_automaticamente_a_la_sunat"), &[], &[]),
    ]
}

#[test]
fn nubefacts_json_yields_every_fault() {
    all_are_found(&factura(), &faults_of_facturas(), &known());
}

#[rustfmt::skip]
fn faults_of_guias() -> Vec<Fault> {
    vec![
        fault("/serie", json!("FFF1"), ("CH-SERIE-TIPO", "serie"), &[], &[]),
        fault("/cliente_numero_de_documento", json!("20512333790"), ("2017", "cliente_numero_de_documento"), &["cliente"], &[]),
        fault("/cliente_tipo_de_documento", json!("66"), ("CH-LARGO", "cliente_tipo_de_documento"), &[], &["cliente"]),
        fault("/cliente_direccion", json!(null), ("CH-FALTA", "cliente_direccion"), &[], &[]),
        fault("/fecha_de_emision", json!("20-11-2026"), ("CH-FECHA-GUIA", "fecha_de_emision"), &[], &[]),
        fault("/fecha_de_emision", json!("hoy"), ("CH-FECHA", "fecha_de_emision"), &[], &[]),
        fault("/fecha_de_inicio_de_traslado", json!([]), ("CH-FECHA", "fecha_de_inicio_de_traslado"), &[], &[]),
        fault("/peso_bruto_total", json!(0), ("CH-PESO", "peso_bruto_total"), &[], &[]),
        fault("/peso_bruto_total", json!("mucho"), ("CH-DECIMALES", "peso_bruto_total"), &[], &[]),
        fault("/peso_bruto_unidad_de_medida", json!("LBR"), ("CH-CATALOGO", "peso_bruto_unidad_de_medida"), &[], &[]),
        fault("/peso_bruto_unidad_de_medida", json!("KG"), ("CH-LARGO", "peso_bruto_unidad_de_medida"), &[], &[]),
        fault("/transportista_placa_numero", json!("ABC-123"), ("CH-PLACA", "transportista_placa_numero"), &[], &[]),
        fault("/conductor_documento_numero", json!("1"), ("2801", "conductor_documento_numero"), &[], &[]),
        fault("/conductor_numero_licencia", json!("Q1"), ("CH-LARGO", "conductor_numero_licencia"), &[], &[]),
        fault("/conductor_nombre", json!(null), ("CH-FALTA", "conductor_nombre"), &[], &[]),
        fault("/punto_de_partida_ubigeo", json!("15010"), ("CH-LARGO", "punto_de_partida_ubigeo"), &[], &[]),
        fault("/punto_de_llegada_ubigeo", json!("AREQUI"), ("CH-TEXTO", "punto_de_llegada_ubigeo"), &[], &[]),
        fault("/punto_de_llegada_direccion", json!("X".repeat(151)), ("CH-LARGO", "punto_de_llegada_direccion"), &[], &[]),
        fault("/items/0", json!(1), ("CH-TEXTO", "items[0]"), &[], &[]),
        fault("/items/0/cantidad", json!("x"), ("CH-DECIMALES", "items[0].cantidad"), &[], &[]),
        fault("/items/0/cantidad", json!(-2), ("CH-NEGATIVO", "items[0].cantidad"), &[], &[]),
        fault("/items/0/descripcion", json!(null), ("CH-FALTA", "items[0].descripcion"), &[], &[]),
        fault("/enviar_automaticamente_al_cliente", json!(7), ("CH-TEXTO", "enviar_automaticamente_al_cliente"), &[], &[]),
        fault("/formato_de_pdf", json!("A3"), ("CH-CATALOGO", "formato_de_pdf"), &[], &[]),
    ]
}

#[test]
fn guias_yield_every_fault() {
    let mut of_senders = faults_of_guias();
    #[rustfmt::skip]
    of_senders.extend([
        fault("/motivo_de_traslado", json!("99"), ("CH-CATALOGO", "motivo_de_traslado"), &[], &[]),
        fault("/motivo_de_traslado", json!("venta"), ("CH-LARGO", "motivo_de_traslado"), &[], &[]),
        fault("/numero_de_bultos", json!("x"), ("CH-DECIMALES", "numero_de_bultos"), &[], &[]),
    ]);
    all_are_found(&sender(), &of_senders, &known());
    all_are_found(&carrier(), &faults_of_guias(), &known());
}

#[rustfmt::skip]
fn faults_of_withholdings() -> Vec<Fault> {
    vec![
        fault("/serie", json!("FFF1"), ("CH-SERIE-TIPO", "serie"), &[], &[]),
        fault("/cliente_numero_de_documento", json!("20512333790"), ("2017", "cliente_numero_de_documento"), &[], &[]),
        fault("/cliente_numero_de_documento", json!("2051"), ("CH-LARGO", "cliente_numero_de_documento"), &[], &[]),
        fault("/fecha_de_emision", json!("28-11-2026"), ("CH-FECHA-FUTURA", "fecha_de_emision"), &[], &[]),
        fault("/moneda", json!(2), ("CH-CATALOGO", "moneda"), &[], &[]),
        fault("/moneda", json!("x"), ("CH-DECIMALES", "moneda"), &[], &[]),
        fault("/items/0/documento_relacionado_tipo", json!("09"), ("CH-CATALOGO", "items[0].documento_relacionado_tipo"), &[], &[]),
        fault("/items/0/documento_relacionado_moneda", json!("x"), ("CH-DECIMALES", "items[0].documento_relacionado_moneda"), &[], &["linea 0"]),
        fault("/items/0/documento_relacionado_numero", json!(null), ("CH-FALTA", "items[0].documento_relacionado_numero"), &[], &[]),
        fault("/items/1/documento_relacionado_fecha_de_emision", json!("x"), ("CH-FECHA", "items[1].documento_relacionado_fecha_de_emision"), &[], &[]),
        fault("/cliente_direccion", json!(""), ("CH-FALTA", "cliente_direccion"), &[], &[]),
    ]
}

#[test]
fn retenciones_and_percepciones_yield_every_fault() {
    let mut faults = faults_of_withholdings();
    #[rustfmt::skip]
    faults.extend([
        fault("/tipo_de_tasa_de_retencion", json!(9), ("CH-CATALOGO", "tipo_de_tasa_de_retencion"), &[], &["tasa"]),
        fault("/tipo_de_tasa_de_retencion", json!("x"), ("CH-DECIMALES", "tipo_de_tasa_de_retencion"), &[], &["tasa"]),
        fault("/total_retenido", json!(86.27), ("2628", "total_retenido"), &["retenido"], &[]),
        fault("/total_pagado", json!("x"), ("CH-DECIMALES", "total_pagado"), &[], &[]),
        fault("/items/0/tipo_de_cambio", json!(null), ("CH-CAMBIO", "items[0].tipo_de_cambio"), &["linea 0"], &[]),
        fault("/items/0/tipo_de_cambio", json!("x"), ("CH-DECIMALES", "items[0].tipo_de_cambio"), &[], &[]),
        fault("/items/0/importe_retenido", json!(-56.28), ("CH-NEGATIVO", "items[0].importe_retenido"), &[], &["retenido"]),
        fault("/items/1/pago_total_sin_retencion", json!(-1), ("CH-NEGATIVO", "items[1].pago_total_sin_retencion"), &[], &[]),
        fault("/items/1/pago_total_sin_retencion", json!("x"), ("CH-DECIMALES", "items[1].pago_total_sin_retencion"), &[], &[]),
        fault("/items/1", json!("x"), ("CH-TEXTO", "items[1]"), &[], &["retenido"]),
    ]);
    all_are_found(&retencion(), &faults, &known());
    let percepcion = withholding(false, (1, Decimal::TWO), &[(10_000, 1, 1), (20_000, 1, 1)]);
    let mut faults = faults_of_withholdings();
    #[rustfmt::skip]
    faults.extend([
        fault("/tipo_de_tasa_de_percepcion", json!(9), ("CH-CATALOGO", "tipo_de_tasa_de_percepcion"), &[], &[]),
        fault("/total_percibido", json!("x"), ("CH-DECIMALES", "total_percibido"), &[], &[]),
        fault("/total_cobrado", json!(1), ("2667", "total_cobrado"), &["cobrado"], &[]),
        fault("/items/0/importe_percibido", json!("x"), ("CH-DECIMALES", "items[0].importe_percibido"), &[], &[]),
        fault("/items/0/importe_cobrado_con_percepcion", json!([]), ("CH-DECIMALES", "items[0].importe_cobrado_con_percepcion"), &[], &["cobrado"]),
    ]);
    all_are_found(&percepcion, &faults, &known());
}

#[test]
fn voids_yield_every_fault() {
    #[rustfmt::skip]
    let faults = [
        fault("/tipo_de_comprobante", json!(5), ("CH-CATALOGO", "tipo_de_comprobante"), &[], &["kind"]),
        fault("/tipo_de_comprobante", json!("x"), ("CH-DECIMALES", "tipo_de_comprobante"), &[], &["kind"]),
        fault("/serie", json!("TTT1"), ("CH-SERIE-TIPO", "serie"), &["kind"], &[]),
        fault("/numero", json!("x"), ("CH-DECIMALES", "numero"), &[], &[]),
        fault("/motivo", json!(""), ("CH-FALTA", "motivo"), &[], &[]),
    ];
    all_are_found(&void(), &faults, &known());
    // That it is too late depends on no field.
    let late = Known {
        voided_issued_on: Some(date(2026, 11, 1)),
        ..Known::default()
    };
    let mut wrong = void();
    faults[0].put_into(&mut wrong);
    faults[3].put_into(&mut wrong);
    let found = errors(&wrong, &late);
    let fields: Vec<&str> = found.iter().map(|(_, campo)| campo.as_str()).collect();
    assert_eq!(
        fields,
        ["numero", "tipo_de_comprobante", "fecha_de_emision"]
    );
}

/// What an accountant would be shown: all that can be told, each with what to do. Whether the
/// instalment exceeds the total is told when there is a total.
#[test]
fn a_form_with_nine_faults() {
    let form = include_bytes!("../samples/mal.json");
    let mut form: Value = serde_json::from_slice(form).expect("JSON");
    let known = Known {
        series: Some([(DocumentKind::Factura, "FFF1".to_owned())].into()),
        ..Known::default()
    };
    let found: BTreeSet<_> = errors(&form, &known).into_iter().collect();
    let expected = [
        ("2800", "cliente.tipo"),
        ("2801", "cliente.numero"),
        ("3267", "cuotas[0].fecha"),
        ("CH-CATALOGO", "items[0].afectacion"),
        ("CH-CLAVE", "descuento_globl"),
        ("CH-DECIMALES", "items[1].precio"),
        ("CH-FALTA", "cliente.direccion"),
        ("CH-FALTA", "items[1].descripcion"),
        ("CH-NEGATIVO", "items[1].cantidad"),
    ];
    let expected: BTreeSet<_> = expected.map(|(a, b)| (a.to_owned(), b.to_owned())).into();
    assert_eq!(found, expected);
    for (place, value) in [
        ("/items/0/afectacion", json!("10")),
        ("/items/1/cantidad", json!("1")),
        ("/items/1/precio", json!("1,234.50")),
        ("/descuento_globl", json!(null)),
    ] {
        fault(place, value, ("", ""), &[], &[]).put_into(&mut form);
    }
    let found = errors(&form, &known);
    assert!(
        found.contains(&("3265".to_owned(), "cuotas".to_owned())),
        "{found:?}"
    );
}

/// A DNI that lost its zero and a RUC with a wrong digit are offered repaired.
#[test]
fn mistyped_identities_are_offered_repaired() {
    for (tipo, number, right) in [
        ("1", "0000001", "00000001"),
        ("6", "20512333790", "20512333797"),
        ("6", "20512333-797", "20512333797"),
    ] {
        let mut draft = draft();
        draft["cliente"]["tipo"] = json!(tipo);
        draft["cliente"]["numero"] = json!(number);
        let checked = check(draft.to_string().as_bytes(), now(), &known());
        let finding = checked
            .hallazgos
            .iter()
            .find(|it| it.campo == "cliente.numero");
        let finding = finding.expect("a finding");
        assert_eq!(finding.esperado.as_deref(), Some(right));
        for lang in [Lang::Es, Lang::En] {
            assert!(
                finding.action(lang).contains(right),
                "{}",
                finding.action(lang)
            );
        }
        assert!(!format!("{checked:?}").contains(right), "{checked:?}");
    }
}
