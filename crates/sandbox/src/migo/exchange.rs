//! Exchange rates: the latest, of a date, between dates, and the SBS's.

use jiff::civil::Date;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde::{Serialize, Serializer};

use super::rates::{Quote, Source};
use super::{Question, Reply};

#[derive(Serialize)]
struct Rate {
    success: bool,
    #[serde(flatten)]
    day: RateOfDay,
}

#[derive(Serialize)]
struct RateOfDay {
    fecha: String,
    moneda: &'static str,
    precio_compra: Price,
    precio_venta: Price,
}

#[derive(Serialize)]
struct Range {
    success: bool,
    data: Vec<RateOfDay>,
}

/// Always three decimals as text; as a number only v1 and only if configured.
enum Price {
    Text(Decimal),
    Number(Decimal),
}

impl Serialize for Price {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Price::Text(price) => serializer.collect_str(price),
            Price::Number(price) => serializer.serialize_f64(price.to_f64().unwrap_or_default()),
        }
    }
}

pub(super) fn latest(question: &Question<'_>) -> Reply {
    let quote = question.rates.latest(Source::Sunat, question.now);
    answer(question, quote, "USD")
}

pub(super) fn on_date(question: &Question<'_>) -> Reply {
    match date_field(question, "fecha") {
        Ok(date) => {
            let quote = question.rates.on(Source::Sunat, date, question.now);
            answer(question, quote, "USD")
        }
        Err(invalid) => invalid,
    }
}

pub(super) fn sbs(question: &Question<'_>) -> Reply {
    let date = match date_field(question, "fecha") {
        Ok(date) => date,
        Err(invalid) => return invalid,
    };
    let (source, currency) = match question.asked.one("moneda") {
        Some("USD") => (Source::SbsUsd, "USD"),
        Some("EUR") => (Source::SbsEur, "EUR"),
        None => return Reply::invalid("moneda", "El campo moneda es obligatorio."),
        Some(_) => return Reply::invalid("moneda", "El campo moneda debe ser USD o EUR."),
    };
    let quote = question.rates.on(source, date, question.now);
    answer(question, quote, currency)
}

/// Days without a rate are absent; a range without any is an empty list.
pub(super) fn range(question: &Question<'_>) -> Reply {
    let dates = date_field(question, "fecha_inicio")
        .and_then(|from| Ok((from, date_field(question, "fecha_fin")?)));
    let (from, to) = match dates {
        Ok(dates) => dates,
        Err(invalid) => return invalid,
    };
    if from > to {
        let rule = "El campo fecha_fin debe ser una fecha posterior o igual a fecha_inicio.";
        return Reply::invalid("fecha_fin", rule);
    }
    let quotes = question.rates.range(Source::Sunat, from, to, question.now);
    let data = quotes
        .into_iter()
        .map(|quote| of_day(question, quote, "USD"))
        .collect();
    Reply::found(&Range {
        success: true,
        data,
    })
}

fn answer(question: &Question<'_>, quote: Option<Quote>, currency: &'static str) -> Reply {
    match quote {
        Some(quote) => Reply::found(&Rate {
            success: true,
            day: of_day(question, quote, currency),
        }),
        None => Reply::unknown("No hay tipo de cambio para la fecha indicada"),
    }
}

fn of_day(question: &Question<'_>, quote: Quote, currency: &'static str) -> RateOfDay {
    let as_number = question.is_v1() && question.config.v1_prices_as_numbers;
    let price = |price| {
        if as_number {
            Price::Number(price)
        } else {
            Price::Text(price)
        }
    };
    RateOfDay {
        fecha: quote.date.to_string(),
        moneda: currency,
        precio_compra: price(quote.buying),
        precio_venta: price(quote.selling),
    }
}

fn date_field(question: &Question<'_>, field: &str) -> Result<Date, Reply> {
    match question.asked.one(field) {
        None | Some("") => {
            let rule = format!("El campo {field} es obligatorio.");
            Err(Reply::invalid(field, &rule))
        }
        Some(text) => parse_date(text).ok_or_else(|| {
            let rule = format!("El campo {field} no corresponde al formato Y-m-d.");
            Reply::invalid(field, &rule)
        }),
    }
}

/// Exactly `YYYY-MM-DD`.
fn parse_date(text: &str) -> Option<Date> {
    let exact = text.len() == 10 && text.as_bytes()[4] == b'-' && text.as_bytes()[7] == b'-';
    if exact { text.parse().ok() } else { None }
}
