//! Does an e-document exist at SUNAT? Answered by a rule on its number, so that a test can choose.

use chaski_core::lima_date;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::json;

use super::{Answered, Question, Reply, is_digits};
use crate::request::Asked;

const FIELDS: [&str; 6] = [
    "ruc_emisor",
    "tipo_comprobante",
    "serie",
    "numero",
    "fecha_emision",
    "monto",
];

/// The document's usual name, `ruc-tipo-serie-numero`, if all four came.
pub(super) fn document(asked: &Asked) -> Option<String> {
    let parts: Option<Vec<&str>> = FIELDS[..4].iter().map(|field| asked.one(field)).collect();
    parts.map(|parts| parts.join("-"))
}

pub(super) fn validate(question: &Question<'_>) -> Answered {
    let mut values = [""; FIELDS.len()];
    for (value, field) in values.iter_mut().zip(FIELDS) {
        *value = question.field(field)?;
    }
    let [ruc, kind, _, number, date, amount] = values;
    let invalid = |field, rule| Err(Reply::invalid(field, rule));
    if !is_digits(ruc, 11) {
        return invalid("ruc_emisor", "El campo ruc_emisor debe tener 11 dígitos.");
    }
    if !is_digits(kind, 2) {
        let rule = "El campo tipo_comprobante no es válido.";
        return invalid("tipo_comprobante", rule);
    }
    let Some(date) = parse_date(date) else {
        let rule = "El campo fecha_emision no corresponde al formato d/m/Y.";
        return invalid("fecha_emision", rule);
    };
    if amount.parse::<Decimal>().is_err() {
        return invalid("monto", "El campo monto debe ser un número.");
    }
    let future = date > lima_date(question.now);
    let state = if future { "0" } else { state(number, amount) };
    Ok(Reply::found(
        &json!({"success": true, "estado_comprobante": state}),
    ))
}

/// By the last two digits of the number. A leading zero or an amount without its two decimals
/// finds nothing, as at SUNAT.
fn state(number: &str, amount: &str) -> &'static str {
    let two_decimals = amount
        .split_once('.')
        .is_some_and(|(_, cents)| cents.len() == 2);
    let Ok(value) = number.parse::<u64>() else {
        return "0";
    };
    if number.starts_with('0') || !two_decimals {
        return "0";
    }
    match value % 100 {
        90..=97 => "0",
        98 => "2",
        99 => "",
        _ => "1",
    }
}

/// Exactly `DD/MM/YYYY`.
fn parse_date(text: &str) -> Option<Date> {
    let mut parts = text.split('/');
    let (day, month, year) = (parts.next()?, parts.next()?, parts.next()?);
    let exact = is_digits(day, 2) && is_digits(month, 2) && is_digits(year, 4);
    if !exact || parts.next().is_some() {
        return None;
    }
    Date::new(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?).ok()
}
