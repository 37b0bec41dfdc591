//! `chaski consumo`: what was used, by key, company, operation and month.

use chaski_core::text;

use super::Done;
use super::kit::args::ConsumoArgs;
use super::kit::needed::Needed;
use super::kit::records::{Records, fields};
use super::kit::typed::repeatable;
use crate::api::consumption::UsedData;
use crate::app::consumption::Month;
use crate::app::{App, AppError};

pub(super) async fn consumo(needed: &Needed, app: &App, typed: ConsumoArgs) -> Done {
    let month = |flag: &str, text: Option<&str>| text.map(|text| month(flag, text)).transpose();
    let from = month("--desde", typed.desde.as_deref())?;
    let from = from.unwrap_or_else(|| Month::of(app.clock.now()));
    let to = month("--hasta", typed.hasta.as_deref())?.unwrap_or(from);
    let used = app.consumption((from, to), None).await?;
    if used.is_empty() {
        needed.say(text!(
            "no hay consultas en el registro de esos meses",
            "there are no calls on record in those months"
        ));
    }
    let row = |it| serde_json::to_value(UsedData::of(it)).map(fields);
    let rows: Result<Vec<_>, _> = used.iter().map(row).collect();
    let columns = vec![
        ("mes", "Mes", "Month"),
        ("quien", "Quién", "Who"),
        ("nombre", "Llave", "Key"),
        ("empresa", "Empresa", "Company"),
        ("operacion", "Operación", "Operation"),
        ("llamadas", "Consultas usadas", "Calls used"),
        ("numeros", "Números", "Numbers"),
        ("fallidas", "Fallidas", "Failed"),
        ("de_memoria", "Ya guardadas", "From memory"),
    ];
    let rows = rows.map_err(std::io::Error::from)?;
    Records { columns, rows }.write(needed)
}

fn month(flag: &str, typed: &str) -> Result<Month, AppError> {
    typed.parse().map_err(|_| {
        let shown = repeatable(typed);
        AppError::Usage(text!(
            "{flag}: «{shown}» no es un mes; use por ejemplo 2026-11",
            "{flag}: \"{shown}\" is not a month; use for instance 2026-11"
        ))
    })
}
