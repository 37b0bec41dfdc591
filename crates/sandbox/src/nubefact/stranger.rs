//! A stranger's document: another till, the portal, a stale counter. It takes a number first.

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::json;

use super::facts::{Facts, Identity};

/// What it is worth, with and without its IGV; the other amounts when ours is worth the same.
const AMOUNTS: [(i64, i64); 2] = [(1180, 180), (2360, 360)];

/// Its request and its facts: a small sale to nobody in particular, under that identity.
pub(super) fn document_of_stranger(
    identity: &Identity,
    issued: Date,
    not_worth: Option<Decimal>,
) -> (String, Facts) {
    let amounts = AMOUNTS.map(|(total, igv)| (Decimal::new(total, 2), Decimal::new(igv, 2)));
    let differs = |(total, _): &&(Decimal, Decimal)| Some(*total) != not_worth;
    let (total, igv) = amounts.iter().find(differs).copied().unwrap_or_default();
    let value = total - igv;
    let body = json!({
        "operacion": "generar_comprobante",
        "tipo_de_comprobante": identity.kind.tipo(),
        "serie": identity.serie,
        "numero": identity.numero,
        "sunat_transaction": 1,
        "cliente_tipo_de_documento": "-",
        "cliente_numero_de_documento": "-",
        "cliente_denominacion": "VARIOS",
        "fecha_de_emision": issued.strftime("%d-%m-%Y").to_string(),
        "moneda": 1,
        "porcentaje_de_igv": "18.00",
        "total_gravada": value,
        "total_igv": igv,
        "total": total,
        "items": [{
            "unidad_de_medida": "NIU",
            "descripcion": "VENTA DE OTRA CAJA",
            "cantidad": "1",
            "valor_unitario": value,
            "precio_unitario": total,
            "subtotal": value,
            "tipo_de_igv": 1,
            "igv": igv,
            "total": total,
            "anticipo_regularizacion": false,
        }],
    });
    let facts = Facts {
        issued,
        total,
        igv,
        customer_type: "-".to_owned(),
        customer_number: "-".to_owned(),
        on_credit: false,
        modifies: None,
        note_type: None,
        unique_code: None,
        is_sent: true,
    };
    (body.to_string(), facts)
}
