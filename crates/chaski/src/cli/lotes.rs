//! `chaski lotes`: batches of the local data folder.

use chaski_core::{Lang, text};
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::Done;
use super::kit::args::LotesCmd;
use super::kit::needed::Needed;
use super::kit::output;
use super::kit::records::{ApiName, Records, fields, pages, time};
use super::lote::output_format;
use super::lote_words::Things;
use crate::app::App;
use crate::app::batches::BatchKind;
use crate::app::spending::Payer;
use crate::sheets::ResultNames;
use crate::store::{Batch, BatchChange};

pub(super) async fn lotes(needed: &Needed, app: &App, command: Option<LotesCmd>) -> Done {
    let (id, wanted) = match command.unwrap_or(LotesCmd::Listar { limite: 50 }) {
        LotesCmd::Listar { limite } => return listar(needed, app, limite).await,
        LotesCmd::Resultado { which, titles } => {
            return resultado(needed, app, which.id, titles.names()).await;
        }
        LotesCmd::Ver(typed) => (typed.id, None),
        LotesCmd::Pausar(typed) => (typed.id, Some(BatchChange::Pause)),
        LotesCmd::Cancelar(typed) => (typed.id, Some(BatchChange::Cancel)),
        LotesCmd::Reanudar(typed) => (typed.id, Some(BatchChange::Resume)),
        LotesCmd::Reintentar(typed) => (typed.id, Some(BatchChange::Retry)),
    };
    let one = match wanted {
        None => app.batch(id, None).await,
        Some(wanted) => app.change_batch(id, None, wanted, &Payer::default()).await,
    }?;
    if let Some(BatchChange::Resume | BatchChange::Retry) = wanted {
        // This command changes the queue; `serve` is what works on it.
        needed.say(text!(
            "sigue cuando «chaski serve» esté funcionando con esta carpeta",
            "it goes on while \"chaski serve\" runs on this folder"
        ));
    }
    write(needed, app, &[one])
}

async fn listar(needed: &Needed, app: &App, limit: u32) -> Done {
    let page = async |limit, cursor| app.batches(limit, cursor, None).await;
    let rows = pages(limit, page).await?;
    if rows.is_empty() {
        needed.say(text!("no hay lotes", "there are no batches"));
    }
    write(needed, app, &rows)
}

async fn resultado(needed: &Needed, app: &App, id: uuid::Uuid, names: ResultNames) -> Done {
    let format = output_format(needed)?;
    output::say_mode(needed, app.mode);
    let result = app.write_batch_result(id, None, needed.lang(), (format, names), Vec::new());
    let bytes = result.await?;
    needed.write(&bytes)?;
    let batch = app.batch(id, None).await?;
    let (done, total) = (batch.processed(), batch.unique);
    if done < total && batch.kind() == BatchKind::Documents {
        needed.say(text!(
            "el lote no terminó: {done} de {total} documentos con resultado",
            "the batch has not ended: {done} of {total} documents have an outcome"
        ));
    } else if done < total {
        let things = Things::of(batch.kind());
        let (total, all) = (
            things.counted(total, Lang::Es),
            things.counted(total, Lang::En),
        );
        needed.say(text!(
            "el lote no terminó: {done} de {total} con resultado",
            "the batch has not ended: {done} of {all} have an outcome"
        ));
    }
    let is_whole = done == total && batch.failed == 0;
    Ok(if is_whole { 0 } else { 8 })
}

fn write(needed: &Needed, app: &App, batches: &[Batch]) -> Done {
    let columns = vec![
        ("creado_en", "Creado", "Created"),
        ("nombre", "Lista", "List"),
        ("estado", "Estado", "State"),
        ("en_pausa", "En pausa", "Paused"),
        ("prioridad", "Prioridad", "Priority"),
        ("total", "Distintos", "Distinct"),
        ("progreso", "%", "%"),
        ("fallidos", "Sin respuesta", "No answer"),
        ("id", "ID", "ID"),
    ];
    let now = app.clock.now();
    let rows = batches.iter().map(|batch| row_of(batch, now)).collect();
    Records { columns, rows }.write_named(needed, &NAMES)
}

const NAMES: [ApiName; 16] = [
    ("estado", "status"),
    ("en_pausa", "paused"),
    ("prioridad", "priority"),
    ("filas", "total_rows"),
    ("total", "total_items"),
    ("procesados", "processed_items"),
    ("fallidos", "failed_items"),
    ("progreso", "progress_percentage"),
    ("tasa_exito", "success_rate"),
    ("ya_guardados", "cache_hits"),
    ("llamadas", "api_calls"),
    ("quien", "requested_by"),
    ("creado_en", "created_at"),
    ("iniciado_en", "started_at"),
    ("terminado_en", "completed_at"),
    ("segundos", "duration_seconds"),
];

fn row_of(batch: &Batch, now: Timestamp) -> Map<String, Value> {
    let seconds = batch
        .duration(now)
        .map(|it| (it.as_secs_f64() * 100.0).round() / 100.0);
    fields(json!({
        "id": batch.id.to_string(),
        "nombre": batch.source_name,
        "clase": batch.kind().as_str(),
        "estado": batch.state.as_str(),
        "en_pausa": batch.paused,
        "prioridad": batch.priority.as_str(),
        "filas": batch.total_rows,
        "total": batch.unique,
        "procesados": batch.processed(),
        "respondidos": batch.answered,
        "no_encontrados": batch.refused,
        "fallidos": batch.failed,
        "progreso": batch.progress_percentage(),
        "tasa_exito": batch.success_rate(),
        "ya_guardados": batch.cache_hits,
        "llamadas": batch.calls,
        "quien": batch.asked_by,
        "creado_en": time(batch.created_at),
        "iniciado_en": batch.started_at.map(time),
        "terminado_en": batch.finished_at.map(time),
        "segundos": seconds,
    }))
}
