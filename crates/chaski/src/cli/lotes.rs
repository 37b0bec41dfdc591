//! `chaski lotes`: batches of the local data folder.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Done;
use super::args::LotesCmd;
use super::lote::output_format;
use super::needed::Needed;
use super::output;
use super::records::{Records, time};
use crate::app::lotes::Lote;
use crate::app::spending::Payer;
use crate::app::{App, AppError};
use crate::counted::counted;
use crate::sheets;

pub(super) async fn lotes(needed: &Needed, app: &App, command: Option<LotesCmd>) -> Done {
    let one = match command.unwrap_or(LotesCmd::Listar { limite: 50 }) {
        LotesCmd::Listar { limite } => return listar(needed, app, limite).await,
        LotesCmd::Resultado(typed) => return resultado(needed, app, typed.id).await,
        LotesCmd::Ver(typed) => app.lote(typed.id, None).await,
        LotesCmd::Pausar(typed) => app.pause_lote(typed.id, None).await,
        LotesCmd::Cancelar(typed) => app.cancel_lote(typed.id, None).await,
        LotesCmd::Reanudar(typed) => going_on(needed, app.resume_lote(typed.id, None).await),
        LotesCmd::Reintentar(typed) => going_on(
            needed,
            app.retry_lote(typed.id, None, &Payer::default()).await,
        ),
    }?;
    write(needed, &[one])
}

async fn listar(needed: &Needed, app: &App, limit: u32) -> Done {
    let mut rows = Vec::new();
    let mut cursor = None;
    while rows.len() < limit as usize {
        let left = limit - u32::try_from(rows.len()).unwrap_or(limit);
        let page = app.lotes(left.min(250), cursor, None).await?;
        rows.extend(page.rows);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    if rows.is_empty() {
        let none = needed.lang().pick("no hay lotes", "there are no batches");
        output::notice(needed, none);
    }
    write(needed, &rows)
}

async fn resultado(needed: &Needed, app: &App, id: uuid::Uuid) -> Done {
    let lang = needed.lang();
    let format = output_format(needed)?;
    output::say_mode(needed, app.mode);
    let result = app.lote_result(id, None, lang).await?;
    if let Some(path) = &needed.output {
        let (table, verdicts, summary) = (&result.table, &result.verdicts, &result.summary);
        needed.overwrite.write(path, false, |file| {
            sheets::render_result(
                file,
                format,
                table,
                verdicts.as_slice().into(),
                summary,
                lang,
            )
        })?;
    } else {
        let mut bytes = Vec::new();
        result.write(format, &mut bytes)?;
        output::to_stdout(&bytes)?;
    }
    let lote = app.lote(id, None).await?;
    let (done, total) = (lote.processed(), lote.batch.unique);
    if done < total {
        let text = lang.pick(
            format!("el lote no terminó: {done} de {total} RUC con resultado"),
            format!(
                "the batch has not ended: {done} of {} have an outcome",
                counted(total, "RUC", "RUCs")
            ),
        );
        output::notice(needed, &text);
    }
    Ok(if done < total || lote.batch.failed > 0 {
        8
    } else {
        0
    })
}

/// This command changes the queue; `serve` is what works on it.
fn going_on(needed: &Needed, lote: Result<Lote, AppError>) -> Result<Lote, AppError> {
    if lote.is_ok() {
        let text = needed.lang().pick(
            "sigue cuando «chaski serve» esté en marcha con esta carpeta",
            "it goes on while \"chaski serve\" runs on this folder",
        );
        output::notice(needed, text);
    }
    lote
}

fn write(needed: &Needed, lotes: &[Lote]) -> Done {
    let columns = vec![
        ("creado_en", "Creado", "Created"),
        ("nombre", "Lista", "List"),
        ("estado", "Estado", "State"),
        ("en_pausa", "En pausa", "Paused"),
        ("prioridad", "Prioridad", "Priority"),
        ("total", "RUC", "RUCs"),
        ("progreso", "%", "%"),
        ("fallidos", "Sin respuesta", "No answer"),
        ("id", "ID", "ID"),
    ];
    let rows = lotes.iter().map(row_of).collect();
    Records { columns, rows }.write(needed)?;
    Ok(0)
}

fn row_of(lote: &Lote) -> Map<String, Value> {
    let batch = &lote.batch;
    let optional = |at: Option<Timestamp>| at.map_or(Value::Null, |at| time(at).into());
    let seconds = lote
        .duration()
        .map(|it| (it.as_secs_f64() * 100.0).round() / 100.0);
    let pairs: [(&str, Value); 20] = [
        ("id", batch.id.to_string().into()),
        ("nombre", batch.source_name.as_str().into()),
        ("estado", batch.state.as_str().into()),
        ("en_pausa", batch.paused.into()),
        ("prioridad", batch.priority.as_str().into()),
        ("filas", batch.total_rows.into()),
        ("total", batch.unique.into()),
        ("procesados", lote.processed().into()),
        ("respondidos", batch.answered.into()),
        ("no_encontrados", batch.refused.into()),
        ("fallidos", batch.failed.into()),
        ("progreso", lote.progress_percentage().into()),
        ("tasa_exito", lote.success_rate().into()),
        ("ya_guardados", batch.cache_hits.into()),
        ("llamadas", batch.calls.into()),
        ("quien", batch.asked_by.as_str().into()),
        ("creado_en", time(batch.created_at).into()),
        ("iniciado_en", optional(batch.started_at)),
        ("terminado_en", optional(batch.finished_at)),
        ("segundos", seconds.map_or(Value::Null, Value::from)),
    ];
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
