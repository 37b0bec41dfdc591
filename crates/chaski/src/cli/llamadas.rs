//! `chaski llamadas`: the record of calls, newest first.

use chaski_core::{Dni, Ruc, lima_datetime, lima_timestamp};
use jiff::ToSpan;
use serde_json::{Map, Value};

use super::Done;
use super::args::CallsArgs;
use super::needed::Needed;
use super::output::Records;
use super::tipo_cambio::date;
use crate::app::{App, AppError};
use crate::store::CallFilter;

pub(super) async fn llamadas(needed: &Needed, app: &App, typed: CallsArgs) -> Done {
    let lang = needed.lang();
    let midnight = |day: jiff::civil::Date| lima_timestamp(day.at(0, 0, 0, 0));
    let since = typed
        .desde
        .as_deref()
        .map(|text| date("--desde", text))
        .transpose()?;
    let until = typed
        .hasta
        .as_deref()
        .map(|text| date("--hasta", text))
        .transpose()?;
    let subject = typed.numero.as_deref().map(normalized).transpose()?;
    let mut filter = CallFilter {
        since: since.map(midnight),
        // The last day counts whole.
        until: until.map(|day| midnight(day.saturating_add(1.day()))),
        provider: None,
        operation: typed.operacion,
        outcome: typed.resultado,
        asked_by: None,
        batch: None,
        subject,
        only_sent: typed.enviadas,
        limit: 0,
        cursor: None,
    };
    let mut left = typed.limite.max(1);
    let mut rows: Vec<Map<String, Value>> = Vec::new();
    while left > 0 {
        filter.limit = left.min(250);
        let page = app.store.calls(&filter).await?;
        left -= u32::try_from(page.rows.len()).unwrap_or(left).min(left);
        rows.extend(page.rows.iter().map(|call| {
            let mut row = Map::new();
            let text = |it: &str| Value::from(it.to_owned());
            row.insert(
                "fecha".into(),
                lima_datetime(call.at)
                    .strftime("%Y-%m-%d %H:%M:%S")
                    .to_string()
                    .into(),
            );
            row.insert("quien".into(), text(&call.asked_by));
            row.insert("proveedor".into(), text(&call.provider));
            row.insert("operacion".into(), text(&call.operation));
            let subject = match call.items {
                0 | 1 => call.subject.to_string(),
                n => format!("{n} RUC"),
            };
            row.insert("sobre".into(), subject.into());
            row.insert("resultado".into(), text(&call.outcome));
            row.insert(
                "http".into(),
                call.http_status.map_or(Value::Null, Value::from),
            );
            row.insert("intento".into(), call.attempt.into());
            row.insert(
                "ms".into(),
                format!("{:.1}", call.duration_us as f64 / 1000.0).into(),
            );
            row.insert("cache".into(), text(&call.cache));
            row.insert(
                "lote".into(),
                call.batch.map_or(Value::Null, |id| id.to_string().into()),
            );
            row.insert("id".into(), call.id.to_string().into());
            row
        }));
        filter.cursor = page.next;
        if filter.cursor.is_none() {
            break;
        }
    }
    let columns = vec![
        ("fecha", lang.pick("Fecha (Lima)", "Date (Lima)").to_owned()),
        ("quien", lang.pick("Quién", "Who").to_owned()),
        ("operacion", lang.pick("Operación", "Operation").to_owned()),
        ("sobre", lang.pick("Sobre", "About").to_owned()),
        ("resultado", lang.pick("Resultado", "Outcome").to_owned()),
        ("http", "HTTP".to_owned()),
        ("intento", lang.pick("Intento", "Attempt").to_owned()),
        ("ms", "ms".to_owned()),
        ("cache", lang.pick("Caché", "Cache").to_owned()),
    ];
    Records { columns, rows }.write(needed)?;
    Ok(0)
}

/// The number as calls know it.
fn normalized(text: &str) -> Result<String, AppError> {
    if let Ok(ruc) = text.parse::<Ruc>() {
        return Ok(ruc.as_str().to_owned());
    }
    let dni = text.parse::<Dni>().map_err(|_| {
        AppError::usage(
            "--numero debe ser un RUC de 11 dígitos o un DNI de 8",
            "--numero must be an 11-digit RUC or an 8-digit DNI",
        )
    })?;
    Ok(dni.as_str().to_owned())
}
