//! How documents and findings are shown.

use std::time::Duration;

use chaski_core::invoicing::catalogs::currencies::Moneda;
use chaski_core::text;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::super::kit::needed::Needed;
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

/// Between two lines that say how far a list is.
pub(super) const BETWEEN_LINES: Duration = Duration::from_secs(5);

/// Says how far a list is.
pub(super) fn say_done(needed: &Needed, done: u32, total: u32) {
    needed.say(text!(
        "con resultado: {done}/{total}",
        "with an outcome: {done}/{total}"
    ));
}

/// The sign of a currency by its code.
pub(super) fn sign_of(iso: &str) -> &'static str {
    Moneda::from_iso(iso).unwrap_or_default().sign()
}
