//! A document repeated under a new date: the monthly invoice, the order that comes every week.

use jiff::ToSpan;
use jiff::civil::Date;

use super::catalogs::deadlines::days_between;
use super::document::TaxDocument;
use super::form::nubefact_date;
use super::value::{JsonObject, JsonValue};
use crate::{Lang, parse_date, text};

/// Why a document cannot be repeated.
///
/// ```
/// use chaski_core::Lang;
/// use chaski_core::invoicing::ReplicateError;
/// let error = ReplicateError::Date("fecha_de_emision");
/// assert_eq!(error.message(Lang::En), "fecha_de_emision of the document cannot be read as a date");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub enum ReplicateError {
    /// A date that is absent or no date.
    Date(&'static str),
    /// A date that would leave the calendar.
    OutOfRange,
}

impl ReplicateError {
    /// What is wrong, for people.
    pub fn message(&self, lang: Lang) -> String {
        let text = match self {
            ReplicateError::Date(field) => text!(
                "{field} del documento no se puede leer como fecha",
                "{field} of the document cannot be read as a date"
            ),
            ReplicateError::OutOfRange => text!(
                "una fecha movida queda fuera del calendario",
                "a date that is moved leaves the calendar"
            ),
        };
        text.pick(lang)
    }
}

/// The days that move with the day of issue.
const MOVED: [&str; 3] = [
    "fecha_de_vencimiento",
    "fecha_de_inicio_de_traslado",
    "fecha_de_descarga",
];
/// What belongs to one issue only.
const REMOVED: [&str; 2] = ["numero", "codigo_unico"];
/// Lists whose days move too, and their day.
const MOVED_IN: [(&str, &str); 1] = [("venta_al_credito", "fecha_de_pago")];

/// The same document on another day: without its number and its own code, with its due date, its
/// instalments and the beginning of its transfer moved by as many days as the day of issue. The
/// exchange rate is taken out, because it is another one that day; days of what was paid
/// (retenciones, percepciones) stay, because they are facts.
///
/// ```
/// use chaski_core::invoicing::{DocumentKind, JsonValue, TaxDocument, replicate};
/// let sale = JsonValue::parse(br#"{"serie": "FFF1", "numero": 7, "fecha_de_emision": "27-11-2026",
///     "fecha_de_vencimiento": "27-12-2026", "total": 118.00}"#)?;
/// let sale = TaxDocument::new(DocumentKind::Factura, sale.as_object().expect("an object").clone());
/// let again = replicate(&sale, jiff::civil::date(2026, 12, 1))?;
/// assert_eq!(again.fields().to_string(),
///     r#"{"serie":"FFF1","fecha_de_emision":"01-12-2026","fecha_de_vencimiento":"31-12-2026","total":118.00}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn replicate(document: &TaxDocument, fecha: Date) -> Result<TaxDocument, ReplicateError> {
    let issued = document
        .fecha()
        .ok_or(ReplicateError::Date("fecha_de_emision"))?;
    let days = days_between(issued, fecha);
    let mut fields = document.fields().clone();
    for name in REMOVED {
        fields.remove(name);
    }
    fields.set("fecha_de_emision", JsonValue::text(nubefact_date(fecha)));
    if days != 0 {
        fields.remove("tipo_de_cambio");
    }
    for name in MOVED {
        move_date(&mut fields, name, days)?;
    }
    for (list, name) in MOVED_IN {
        let Some(JsonValue::List(elements)) = fields.get(list) else {
            continue;
        };
        let mut moved = Vec::with_capacity(elements.len());
        for element in elements {
            let JsonValue::Object(element) = element else {
                moved.push(element.clone());
                continue;
            };
            let mut element = element.clone();
            move_date(&mut element, name, days)?;
            moved.push(JsonValue::Object(element));
        }
        fields.set(list, JsonValue::List(moved));
    }
    Ok(TaxDocument::new(document.kind(), fields))
}

fn move_date(fields: &mut JsonObject, name: &'static str, days: i32) -> Result<(), ReplicateError> {
    let Some(value) = fields.present(name) else {
        return Ok(());
    };
    let day = value.as_str().and_then(|text| parse_date(text).ok());
    let day = day.ok_or(ReplicateError::Date(name))?;
    let moved = day.checked_add(days.days());
    let moved = moved.map_err(|_| ReplicateError::OutOfRange)?;
    fields.set(name, JsonValue::text(nubefact_date(moved)));
    Ok(())
}
