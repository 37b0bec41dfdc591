//! `chaski tipo-cambio`: the latest rate, that of a date, or a range.

use chaski_client::{Ask, Found};
use chaski_core::{
    Currency, ExchangeRate, Lang, RateFor, RateSource, lima_date, parse_date,
    previous_business_day, text,
};
use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::Done;
use super::kit::args::RateArgs;
use super::kit::desk::Desk;
use super::kit::needed::Needed;
use super::kit::output::format_of;
use super::kit::records::{Column, Records, fields, plain};
use super::ruc::insert_origin;
use crate::app::AppError;
use crate::sheets::{OutputFormat, PlainValue, valued_xlsx};

pub(super) async fn tipo_cambio(needed: &Needed, desk: &Desk, typed: RateArgs) -> Done {
    let lang = needed.lang();
    let ask = needed.plain_ask();
    let (fuente, moneda) = (typed.which.source(), typed.which.currency());
    let fecha = optional_date("--fecha", typed.fecha.as_deref())?;
    let desde = optional_date("--desde", typed.desde.as_deref())?;
    let hasta = optional_date("--hasta", typed.hasta.as_deref())?;
    if fuente == RateSource::Sbs && desde.is_some() {
        return Err(AppError::Usage(text!(
            "de la SBS no hay rangos; consulte fecha por fecha con --fecha",
            "there are no ranges of SBS; ask date by date with --fecha"
        )));
    }
    desk.say_mode(needed);
    let rows: Vec<Map<String, Value>> = match (fecha, desde.zip(hasta)) {
        (_, Some((desde, hasta))) => {
            let found = desk.rates(desde, hasta, &ask).await?;
            say_missing(needed, desde, hasta, &found.value);
            let row = |rate: &RateFor| of_day(rate, desk, &found, lang);
            found.value.iter().map(row).collect()
        }
        (None, None) if fuente == RateSource::Sunat && moneda == Currency::Usd => {
            let found = desk.latest_rate(&ask).await?;
            let mut row = of_rate(&found.value);
            insert_origin(&mut row, desk, &found, lang);
            vec![row]
        }
        (fecha, None) => {
            let found = match fecha {
                Some(fecha) => desk.rate_for(fecha, fuente, moneda, &ask).await?,
                None => latest_close(desk, fuente, moneda, &ask).await?,
            };
            say_carried(needed, &found.value);
            vec![of_day(&found.value, desk, &found, lang)]
        }
    };
    if format_of(needed)? == Some(OutputFormat::Xlsx) {
        needed.write(&workbook(&rows, lang)?)?;
        return Ok(0);
    }
    let shown = |(name, ..): &Column| rows.iter().any(|row| row.contains_key(*name));
    let columns = COLUMNS.into_iter().filter(shown).collect();
    Records { columns, rows }.write(needed)
}

/// Closes that are looked at for the latest one: a close is there in the evening, or the next morning.
const LATEST_CLOSES: usize = 5;

/// The latest close there is: today's may be still to come.
async fn latest_close(
    desk: &Desk,
    fuente: RateSource,
    moneda: Currency,
    ask: &Ask,
) -> Result<Found<RateFor>, AppError> {
    let mut close = fuente.close_of(lima_date(desk.now()));
    for _ in 1..LATEST_CLOSES {
        match desk.rate_for(close, fuente, moneda, ask).await {
            Err(error) if error.is_not_found() => close = previous_business_day(close),
            done => return done,
        }
    }
    desk.rate_for(close, fuente, moneda, ask).await
}

/// Says that the close was published under another date, or by the other source.
fn say_carried(needed: &Needed, found: &RateFor) {
    if !found.arrastrado {
        return;
    }
    let [asked, used, close] = [
        found.requested,
        found.rate.fecha_publicacion,
        found.rate.fecha_cierre_sbs(),
    ]
    .map(for_people);
    needed.say(match found.rate.fuente {
        RateSource::Sunat => text!(
            "El proveedor no tiene un valor propio del {asked}: vale el mismo cierre de la SBS ({close}), que SUNAT publicó el {used}",
            "The provider has no value of its own for {asked}: the same close of SBS ({close}) applies, which SUNAT published on {used}"
        ),
        RateSource::Sbs => text!(
            "El proveedor no tiene un valor de SUNAT para el {asked}: vale el mismo cierre, el de la SBS del {close}",
            "The provider has no value of SUNAT for {asked}: the same close applies, SBS's of {close}"
        ),
    });
}

/// Names the days of a range of which no rate was found.
fn say_missing(needed: &Needed, desde: Date, hasta: Date, found: &[RateFor]) {
    let days = desde.series(1.day()).take_while(|day| *day <= hasta);
    let is_missing = |day: &Date| found.binary_search_by_key(day, |it| it.requested).is_err();
    let missing: Vec<String> = days.filter(is_missing).map(for_people).collect();
    let Some((last, before)) = missing.split_last() else {
        return;
    };
    let (count, first) = (missing.len(), before.first().unwrap_or(last));
    needed.say(match before {
        [] => text!(
            "No hay tipo de cambio publicado para el {last}",
            "There is no exchange rate published for {last}"
        ),
        _ => text!(
            "No se encontró tipo de cambio de {count} días, entre el {first} y el {last}; consúltelos uno por uno con --fecha",
            "No exchange rate was found for {count} days between {first} and {last}; ask for each with --fecha"
        ),
    });
}

fn for_people(date: Date) -> String {
    date.strftime("%d/%m/%Y").to_string()
}

const COLUMNS: [Column; 9] = [
    ("fecha_solicitada", "Fecha pedida", "Date asked"),
    ("fecha", "Publicado", "Published"),
    ("fecha_cierre_sbs", "Cierre de la SBS", "Close of SBS"),
    ("moneda", "Moneda", "Currency"),
    ("precio_compra", "Compra", "Buy"),
    ("precio_venta", "Venta", "Sell"),
    ("arrastrado", "De otra fecha", "Of another date"),
    ("origen", "Publicado por", "Publisher"),
    ("fuente", "Fuente", "Source"),
];

fn of_day<A>(rate: &RateFor, desk: &Desk, found: &Found<A>, lang: Lang) -> Map<String, Value> {
    let mut row = of_rate(&rate.rate);
    row.insert("fecha_solicitada".into(), rate.requested.to_string().into());
    row.insert("arrastrado".into(), rate.arrastrado.into());
    insert_origin(&mut row, desk, found, lang);
    row
}

fn of_rate(rate: &ExchangeRate) -> Map<String, Value> {
    fields(json!({
        "fecha": rate.fecha_publicacion.to_string(),
        "fecha_cierre_sbs": rate.fecha_cierre_sbs().to_string(),
        "moneda": rate.moneda.as_str(),
        "precio_compra": rate.compra.to_string(),
        "precio_venta": rate.venta.to_string(),
        "origen": rate.fuente.as_str(),
    }))
}

/// The columns of a workbook: the day first, and the prices beside it, as one looks them up.
const SHEET: [Column; 10] = [
    ("fecha_solicitada", "Fecha", "Date"),
    ("precio_compra", "Compra", "Buy"),
    ("precio_venta", "Venta", "Sell"),
    ("moneda", "Moneda", "Currency"),
    ("fecha_cierre_sbs", "Cierre de la SBS", "Close of SBS"),
    ("fecha", "Fecha de publicación", "Date of publication"),
    ("origen", "Publicado por", "Publisher"),
    ("arrastrado", "De otra fecha", "Of another date"),
    ("fuente", "Fuente", "Source"),
    ("consultado_en", "Consultado", "Looked up"),
];

/// Prices as numbers and dates as dates. The latest rate is that of the day on which it was published.
fn workbook(rows: &[Map<String, Value>], lang: Lang) -> Result<Vec<u8>, AppError> {
    let titles = SHEET.map(|(_, es, en)| lang.pick(es, en).to_owned());
    let row = |row: &Map<String, Value>| {
        let cell = |(name, ..): Column| {
            let value = match name {
                "fecha_solicitada" => row.get(name).or_else(|| row.get("fecha")),
                _ => row.get(name),
            };
            let text = plain(value, lang);
            Some(match name {
                "precio_compra" | "precio_venta" => {
                    PlainValue::Price(Decimal::from_str_exact(&text).ok()?)
                }
                "fecha_solicitada" | "fecha" | "fecha_cierre_sbs" => {
                    PlainValue::Day(text.parse().ok()?)
                }
                "consultado_en" => PlainValue::Hour(text.parse::<DateTime>().ok()?),
                "origen" => PlainValue::Text(text.to_uppercase()),
                _ => PlainValue::Text(text),
            })
        };
        SHEET.map(cell).to_vec()
    };
    let rows: Vec<_> = rows.iter().map(row).collect();
    Ok(valued_xlsx(&titles, &rows)?)
}

/// A date of the command line, if it was given.
pub(super) fn optional_date(flag: &str, text: Option<&str>) -> Result<Option<Date>, AppError> {
    let date = text.map(parse_date).transpose();
    date.map_err(|error| AppError::of_option(flag, |lang| error.message(lang).to_owned()))
}
