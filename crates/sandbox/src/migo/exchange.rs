//! Exchange rates: the latest, of a date, between dates, and the SBS's.

use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::{Value, json};

use super::rates::{Quote, Source};
use super::{Answered, Question, Reply};

pub(super) fn latest(question: &Question<'_>) -> Answered {
    let quote = question.rates.latest(question.now);
    answer(question, quote, "USD")
}

pub(super) fn on_date(question: &Question<'_>) -> Answered {
    let date = date_field(question, "fecha")?;
    let quote = question.rates.on(Source::Sunat, date, question.now);
    answer(question, quote, "USD")
}

pub(super) fn sbs(question: &Question<'_>) -> Answered {
    let date = date_field(question, "fecha")?;
    let invalid = |rule| Err(Reply::invalid("moneda", rule));
    let (source, currency) = match question.asked.one("moneda") {
        Some("USD") => (Source::SbsUsd, "USD"),
        Some("EUR") => (Source::SbsEur, "EUR"),
        None => return invalid("El campo moneda es obligatorio."),
        Some(_) => return invalid("El campo moneda debe ser USD o EUR."),
    };
    let quote = question.rates.on(source, date, question.now);
    answer(question, quote, currency)
}

/// Days that are not published yet are absent; a range without any is an empty list.
pub(super) fn range(question: &Question<'_>) -> Answered {
    let from = date_field(question, "fecha_inicio")?;
    let to = date_field(question, "fecha_fin")?;
    if from > to {
        let rule = "El campo fecha_fin debe ser una fecha posterior o igual a fecha_inicio.";
        return Err(Reply::invalid("fecha_fin", rule));
    }
    let quotes = question.rates.range(from, to, question.now);
    let days = quotes
        .into_iter()
        .map(|it| with_quote(json!({}), question, it, "USD"));
    let days: Vec<Value> = days.collect();
    Ok(Reply::found(&json!({"success": true, "data": days})))
}

fn answer(question: &Question<'_>, quote: Option<Quote>, currency: &str) -> Answered {
    let none = || Reply::unknown("No hay tipo de cambio para la fecha indicada");
    let quote = quote.ok_or_else(none)?;
    let body = with_quote(json!({"success": true}), question, quote, currency);
    Ok(Reply::found(&body))
}

/// Prices always have three decimals as text; they are numbers only in v1 and only if configured.
fn with_quote(mut body: Value, question: &Question<'_>, quote: Quote, currency: &str) -> Value {
    let as_number = question.is_v1() && question.config.v1_prices_as_numbers;
    let price = |price: Decimal| match price.to_f64().filter(|_| as_number) {
        Some(number) => number.into(),
        None => price.to_string().into(),
    };
    body["fecha"] = quote.date.to_string().into();
    body["moneda"] = currency.into();
    body["precio_compra"] = price(quote.buying);
    body["precio_venta"] = price(quote.selling);
    body
}

fn date_field(question: &Question<'_>, field: &str) -> Result<Date, Reply> {
    parse_date(question.field(field)?).ok_or_else(|| {
        let rule = format!("El campo {field} no corresponde al formato Y-m-d.");
        Reply::invalid(field, &rule)
    })
}

/// Exactly `YYYY-MM-DD`.
fn parse_date(text: &str) -> Option<Date> {
    let exact = text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    if exact { text.parse().ok() } else { None }
}
