//! How documents and findings are shown.

use chaski_client::{NubefactId, NubefactReply};
use chaski_core::Lang;
use chaski_core::invoicing::catalogs::currencies::Moneda;
use chaski_core::invoicing::{InvoiceFinding, TaxDocument};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::super::kit::records::{Column, fields};

/// What people see of a document that was issued or asked about.
pub(super) const DOCUMENT: [Column; 6] = [
    ("comprobante", "Comprobante", "Document"),
    ("tipo", "Tipo", "Kind"),
    ("estado", "Estado", "State"),
    ("total", "Total", "Total"),
    ("mensaje", "Mensaje", "Message"),
    ("enlace", "Enlace", "Link"),
];

/// What people see of a finding.
pub(super) const FINDING: [Column; 6] = [
    ("severidad", "Severidad", "Severity"),
    ("codigo", "Código", "Code"),
    ("campo", "Campo", "Field"),
    ("mensaje", "Qué pasa", "What"),
    ("esperado", "Se esperaba", "Expected"),
    ("accion", "Qué hacer", "What to do"),
];

/// A document as a record.
pub(super) fn document_row(
    id: &NubefactId,
    estado: &str,
    document: Option<&TaxDocument>,
    reply: Option<&NubefactReply>,
    mensaje: &str,
) -> Map<String, Value> {
    let link = |name: &str| reply.and_then(|it| it.text(name));
    let mut row = fields(json!({
        "comprobante": id.short_name(),
        "tipo": id.kind.word(),
        "serie": id.serie.as_str(),
        "numero": id.numero,
        "estado": estado,
    }));
    if let Some(document) = document {
        row.insert(
            "fecha".into(),
            json!(document.fecha().map(|it| it.to_string())),
        );
        row.insert("moneda".into(), json!(iso(document.moneda())));
        row.insert("total".into(), json!(document.total().map(cents)));
    }
    for (name, field) in [
        ("sunat_codigo", "sunat_responsecode"),
        ("sunat_descripcion", "sunat_description"),
        ("enlace", "enlace"),
        ("enlace_pdf", "enlace_del_pdf"),
        ("enlace_xml", "enlace_del_xml"),
        ("enlace_cdr", "enlace_del_cdr"),
        ("hash", "codigo_hash"),
    ] {
        if let Some(text) = link(field) {
            row.insert(name.into(), text.into());
        }
    }
    row.insert("mensaje".into(), mensaje.into());
    row
}

/// A finding as a record.
pub(super) fn finding_row(finding: &InvoiceFinding, lang: Lang) -> Map<String, Value> {
    fields(json!({
        "severidad": finding.severidad.as_str(),
        "codigo": finding.codigo,
        "campo": finding.campo,
        "mensaje": finding.message(lang),
        "esperado": finding.esperado,
        "accion": finding.action(lang),
    }))
}

/// An amount with two decimals.
pub(super) fn cents(amount: Decimal) -> String {
    format!("{amount:.2}")
}

/// The sign of a currency.
pub(super) fn sign(moneda: Option<u8>) -> &'static str {
    let moneda = moneda.and_then(Moneda::from_nubefact);
    moneda.unwrap_or_default().sign()
}

/// ISO 4217.
pub(super) fn iso(moneda: Option<u8>) -> Option<&'static str> {
    moneda.and_then(Moneda::from_nubefact).map(Moneda::iso)
}
