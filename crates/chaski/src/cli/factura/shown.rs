//! How documents and findings are shown.

use chaski_core::invoicing::catalogs::currencies::Moneda;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::super::kit::records::{Column, fields};
use crate::api::issued::DocumentFindingData;
use crate::api::told::ToldData;

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
pub(super) fn row_of(told: &ToldData) -> Map<String, Value> {
    fields(json!(told))
}

/// A finding as a record.
pub(super) fn finding_row(finding: &DocumentFindingData) -> Map<String, Value> {
    fields(json!(finding))
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
