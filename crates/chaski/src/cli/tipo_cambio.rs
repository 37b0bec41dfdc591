//! `chaski tipo-cambio`: the latest rate, that of a date, or a range.

use chaski_core::{Currency, ExchangeRate, RateSource, parse_date, text};
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::Done;
use super::kit::args::RateArgs;
use super::kit::desk::Desk;
use super::kit::needed::Needed;
use super::kit::records::{Records, fields};
use super::ruc::insert_origin;
use crate::app::AppError;

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
    let rows = match (fecha, desde.zip(hasta)) {
        (_, Some((desde, hasta))) => {
            let found = desk.rates(desde, hasta, &ask).await?;
            let row = |rate: &ExchangeRate| {
                let mut row = of_rate(rate);
                insert_origin(&mut row, desk, &found, lang);
                row
            };
            found.value.iter().map(row).collect()
        }
        (None, None) if fuente == RateSource::Sunat && moneda == Currency::Usd => {
            let found = desk.latest_rate(&ask).await?;
            let mut row = of_rate(&found.value);
            insert_origin(&mut row, desk, &found, lang);
            vec![row]
        }
        (fecha, None) => {
            let fecha = fecha.unwrap_or_else(|| chaski_core::lima_date(desk.now()));
            let found = desk.rate_for(fecha, fuente, moneda, &ask).await?;
            let mut row = of_rate(&found.value.rate);
            row.insert("fecha_solicitada".into(), fecha.to_string().into());
            row.insert("arrastrado".into(), found.value.arrastrado.into());
            insert_origin(&mut row, desk, &found, lang);
            if found.value.arrastrado {
                let used = found.value.rate.fecha_publicacion;
                needed.say(text!(
                    "el {fecha} no se publicó; vale el último publicado, del {used}",
                    "none was published on {fecha}; the last one published applies, of {used}"
                ));
            }
            vec![row]
        }
    };
    let columns = vec![
        ("fecha_solicitada", "Fecha pedida", "Date asked"),
        ("fecha", "Publicado", "Published"),
        ("moneda", "Moneda", "Currency"),
        ("precio_compra", "Compra", "Buy"),
        ("precio_venta", "Venta", "Sell"),
        ("arrastrado", "Arrastrado", "Carried over"),
        ("origen", "Publica", "Publisher"),
        ("fuente", "Fuente", "Source"),
    ];
    let shown = |name: &str| {
        rows.iter()
            .any(|row: &Map<String, Value>| row.contains_key(name))
    };
    let columns = columns
        .into_iter()
        .filter(|(name, ..)| shown(name))
        .collect();
    Records { columns, rows }.write(needed)
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

/// A date of the command line, if it was given.
pub(super) fn optional_date(flag: &str, text: Option<&str>) -> Result<Option<Date>, AppError> {
    let date = text.map(parse_date).transpose();
    date.map_err(|error| AppError::of_option(flag, |lang| error.message(lang).to_owned()))
}
