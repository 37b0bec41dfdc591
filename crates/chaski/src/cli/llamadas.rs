//! `chaski llamadas`: the record of calls, newest first.

use std::io::Read;

use chaski_core::{Lang, Text, day_in_words, lima_timestamp, text};
use jiff::ToSpan;
use serde_json::{Map, Value, json};

use super::Done;
use super::kit::args::CallsArgs;
use super::kit::desk::Desk;
use super::kit::needed::Needed;
use super::kit::output;
use super::kit::records::{Records, fields, time};
use super::kit::typed::repeatable;
use super::tipo_cambio::optional_date;
use crate::app::AppError;
use crate::app::lookups::subject_of;
use crate::app::persons::{ERASE, EXPORT};
use crate::config::nearest;
use crate::counted::counted;
use crate::store::{CallFilter, CallRow};

pub(super) async fn llamadas(needed: &Needed, desk: &Desk, typed: CallsArgs) -> Done {
    if typed.limpiar {
        return prune(needed, desk).await;
    }
    let midnight = |day: jiff::civil::Date| lima_timestamp(day.at(0, 0, 0, 0));
    let since = optional_date("--desde", typed.desde.as_deref())?;
    let until = optional_date("--hasta", typed.hasta.as_deref())?;
    if let Some((since, until)) = since.zip(until).filter(|(since, until)| since > until) {
        let [desde, hasta] = [since, until].map(|day| day_in_words(day, Lang::Es));
        return Err(AppError::Usage(text!(
            "el rango está al revés: {desde} es posterior a {hasta}",
            "the range is reversed: {since} is later than {until}"
        )));
    }
    let operation = typed.operacion.as_deref().map(operation).transpose()?;
    let subject = typed.numero.as_deref().map(subject).transpose()?;
    let mut filter = CallFilter {
        since: since.map(midnight),
        // The last day counts whole.
        until: until.map(|day| midnight(day.saturating_add(1.day()))),
        provider: typed.proveedor,
        operation,
        outcome: typed.resultado,
        company: None,
        asked_by: typed.quien,
        batch: typed.lote,
        subject,
        only_sent: typed.enviadas,
        limit: 0,
        cursor: None,
    };
    let mut cursor = typed.cursor;
    let mut left = typed.limite.max(1);
    let mut rows: Vec<Map<String, Value>> = Vec::new();
    while left > 0 {
        filter.limit = left.min(250);
        let (page, next) = desk.calls(&mut filter, cursor.as_deref()).await?;
        left -= u32::try_from(page.len()).unwrap_or(left).min(left);
        rows.extend(page.iter().map(row_of));
        cursor = next;
        if cursor.is_none() {
            break;
        }
    }
    if rows.is_empty() {
        needed.say(text!(
            "no hay llamadas que coincidan en el registro",
            "no such call is on record"
        ));
    }
    let columns = vec![
        ("fecha", "Fecha (Lima)", "Date (Lima)"),
        ("quien", "Quién", "Who"),
        ("operacion", "Operación", "Operation"),
        ("sobre", "Sobre", "About"),
        ("resultado", "Resultado", "Outcome"),
        ("http", "HTTP", "HTTP"),
        ("intento", "Intento", "Attempt"),
        ("ms", "Milisegundos", "Milliseconds"),
        ("cache", "Caché", "Cache"),
        ("motivo", "Motivo", "Purpose"),
    ];
    Records { columns, rows }.write_named(needed, &[("ms", "duration_ms")])?;
    if let Some(next) = cursor {
        needed.say(text!(
            "hay más; siga con: --cursor {next}",
            "there are more; go on with: --cursor {next}"
        ));
    }
    Ok(0)
}

fn row_of(call: &CallRow) -> Map<String, Value> {
    let about = match (call.subject.as_str(), call.items) {
        ("", n) if call.operation == "resumen" => format!("×{n}"),
        ("", n) if n > 1 => format!("{n} RUC"),
        (subject, n) if n > 1 => format!("{subject} ×{n}"),
        (subject, _) => subject.to_owned(),
    };
    // Tenths of a millisecond, rounded, without a float.
    let tenths = call.duration_us.div_ceil(50) / 2;
    fields(json!({
        "fecha": time(call.at),
        "quien": call.asked_by,
        "motivo": call.purpose,
        "proveedor": call.provider,
        "operacion": call.operation,
        "sobre": about,
        "resultado": call.outcome,
        "http": call.http_status,
        "intento": call.attempt,
        "ms": format!("{}.{}", tenths / 10, tenths % 10),
        "cache": call.cache,
        "lote": call.batch.map(|id| id.to_string()),
        "id": call.id.to_string(),
    }))
}

async fn prune(needed: &Needed, desk: &Desk) -> Done {
    let app = desk.here("llamadas --limpiar")?;
    let days = app.config.retention_days;
    let (dias, days) = (counted(days, "día", "días"), counted(days, "day", "days"));
    let wanted = output::confirm(
        needed,
        text!(
            "¿Borrar las llamadas de hace más de {dias}?",
            "Delete the calls of more than {days} ago?"
        ),
        text!(
            "borrar del registro necesita confirmación: agregue --yes",
            "deleting from the record needs a confirmation: add --yes"
        ),
    )?;
    if !wanted {
        return Ok(output::SAID_NO);
    }
    let pruned = app.prune().await?;
    let (calls, answers, batches) = (pruned.calls, pruned.answers, pruned.batches);
    needed.say(text!(
        "Borrado: llamadas, {calls}; respuestas vencidas, {answers}; lotes, {batches}",
        "Deleted: calls, {calls}; expired answers, {answers}; batches, {batches}"
    ));
    if pruned.documents > 0 {
        let documents = pruned.documents;
        needed.say(text!(
            "Comprobantes cuyo plazo de conservación venció, borrados: {documents}",
            "Documents that need not be kept any longer, deleted: {documents}"
        ));
    }
    Ok(0)
}

/// The operations that calls are recorded under.
const OPERATIONS: [&str; 13] = [
    "ruc",
    "dni",
    "tipo_cambio_ultimo",
    "tipo_cambio_fecha",
    "tipo_cambio_rango",
    "cuenta",
    "representantes",
    "actividad",
    "agente_retencion",
    "buen_contribuyente",
    "cpe",
    EXPORT,
    ERASE,
];

/// An operation that does not exist would find nothing, without saying why.
fn operation(typed: &str) -> Result<String, AppError> {
    let typed = typed.trim().to_lowercase().replace('-', "_");
    if OPERATIONS.contains(&typed.as_str()) {
        return Ok(typed);
    }
    let Text { es, en } = if let Some(name) = nearest(&typed, OPERATIONS.into_iter()) {
        text!("¿quiso decir «{name}»?", "did you mean \"{name}\"?")
    } else {
        let names = OPERATIONS.join(", ");
        text!("puede ser: {names}", "it may be: {names}")
    };
    let typed = repeatable(&typed);
    Err(AppError::Usage(text!(
        "--operacion: no hay «{typed}»; {es}",
        "--operacion: there is no \"{typed}\"; {en}"
    )))
}

/// The number that was typed; for `-`, the one on the input, where no history keeps it.
fn subject(typed: &str) -> Result<String, AppError> {
    if typed != "-" {
        return normalized(typed);
    }
    let mut text = String::new();
    std::io::stdin().lock().take(64).read_to_string(&mut text)?;
    normalized(text.trim())
}

/// The number as calls know it.
fn normalized(text: &str) -> Result<String, AppError> {
    subject_of(text).ok_or_else(|| {
        AppError::Usage(text!(
            "--numero debe ser un RUC de 11 dígitos o un DNI de 8",
            "--numero must be an 11-digit RUC or an 8-digit DNI"
        ))
    })
}
