//! What earlier notes took off a document, read out of those notes.
//!
//! A note does not say of which lines of the document its lines are: NubeFact has no field for it. A
//! line of a note is a part of the line of the document that is of the same thing, has as much left, is
//! worth what that part is worth, and has the nearest unit value. Lines of the document that are the same in
//! everything may be taken one for the other, which changes no sum.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::lines::{SoldLine, part_of, read_lines};
use super::{CorrectError, CreditedBefore};
use crate::invoicing::decimal::read_decimal;
use crate::invoicing::document::TaxDocument;
use crate::invoicing::kind::DocumentKind;
use crate::invoicing::value::{JsonObject, JsonValue};

/// A part may be this far from its exact worth: two roundings, and a cent that was spread.
const NEAR: Decimal = Decimal::from_parts(3, 0, 0, false, 2);

/// What makes a line of a note a line of the document.
const SAME: [&str; 6] = [
    "codigo",
    "codigo_producto_sunat",
    "descripcion",
    "unidad_de_medida",
    "tipo_de_igv",
    "tipo_de_ivap",
];

impl CreditedBefore {
    /// What these notes took off a document. Notes on other documents, and notes of débito, are left
    /// out; so must be notes that SUNAT rejected or that were voided.
    ///
    /// ```
    /// use chaski_core::invoicing::{CreditedBefore, DocumentKind, JsonValue, TaxDocument};
    /// let sale = JsonValue::parse(br#"{"serie": "F001", "numero": 7, "porcentaje_de_igv": 18,
    ///     "items": [{"descripcion": "CAJA", "cantidad": 3, "valor_unitario": 10, "precio_unitario": 11.8,
    ///         "subtotal": 30.00, "tipo_de_igv": 1, "igv": 5.40, "total": 35.40}]}"#)?;
    /// let note = JsonValue::parse(br#"{"documento_que_se_modifica_tipo": 1,
    ///     "documento_que_se_modifica_serie": "F001", "documento_que_se_modifica_numero": 7,
    ///     "total": 11.80, "items": [{"descripcion": "CAJA", "cantidad": 1, "subtotal": 10.00,
    ///         "tipo_de_igv": 1}]}"#)?;
    /// let document = |kind, value: &JsonValue| {
    ///     TaxDocument::new(kind, value.as_object().expect("an object").clone())
    /// };
    /// let note = document(DocumentKind::NotaCredito, &note);
    /// let before = CreditedBefore::by_notes(&document(DocumentKind::Factura, &sale), &[note])?;
    /// assert_eq!(before.quantities, [(0, 1.into())].into());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn by_notes(
        document: &TaxDocument,
        notes: &[TaxDocument],
    ) -> Result<CreditedBefore, CorrectError> {
        let lines = read_lines(document)?;
        let mut before = CreditedBefore::default();
        let ours = notes.iter().filter(|note| modifies(note, document));
        for note in ours {
            let items = note
                .fields()
                .get("items")
                .map_or(&[][..], JsonValue::elements);
            match parts(&lines, items, &before.quantities) {
                Some(quantities) => before.quantities = quantities,
                None => before.amount += note.total().ok_or(CorrectError::Unreadable("total"))?,
            }
        }
        Ok(before)
    }
}

fn modifies(note: &TaxDocument, document: &TaxDocument) -> bool {
    let name = note
        .names()
        .filter(|_| note.kind() == DocumentKind::NotaCredito);
    name.is_some_and(|name| {
        name.kind == document.kind()
            && Some(name.serie.as_str()) == document.serie()
            && Some(name.numero) == document.numero()
    })
}

/// The quantities with those of a note; `None` where a line of the note is no part of a line.
fn parts(
    lines: &[SoldLine],
    items: &[JsonValue],
    before: &BTreeMap<usize, Decimal>,
) -> Option<BTreeMap<usize, Decimal>> {
    let mut quantities = before.clone();
    for item in items {
        let item = item.as_object()?;
        let amount = |name: &str| read_decimal(item.present(name)?.as_str()?).ok();
        let (quantity, subtotal) = (amount("cantidad")?, amount("subtotal")?);
        let valor = amount("valor_unitario").unwrap_or_default();
        let fitting = lines.iter().enumerate().filter_map(|(index, line)| {
            let credited = quantities.get(&index).copied().unwrap_or_default();
            let worth = part_of(line.full.subtotal, quantity, line.cantidad).ok()?;
            let apart = (worth - subtotal).abs();
            let fits = is_same(item, &line.fields)
                && quantity <= line.cantidad - credited
                && apart <= NEAR;
            fits.then_some(((line.valor_unitario - valor).abs(), apart, index))
        });
        let (.., index) = fitting.min()?;
        *quantities.entry(index).or_default() += quantity;
    }
    Some(quantities)
}

fn is_same(item: &JsonObject, line: &JsonObject) -> bool {
    let value = |fields: &JsonObject, name| {
        fields
            .present(name)
            .and_then(JsonValue::as_str)
            .map(str::to_owned)
    };
    SAME.iter()
        .all(|name| value(item, name) == value(line, name))
}
