//! `chaski lotes`: batches of the local data folder.

use std::io::Write;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Done;
use super::kit::args::LotesCmd;
use super::kit::needed::Needed;
use super::kit::output;
use super::kit::records::{Records, pages, time};
use super::lote::output_format;
use crate::app::App;
use crate::app::spending::Payer;
use crate::counted::counted;
use crate::store::{Batch, BatchChange};

pub(super) async fn lotes(needed: &Needed, app: &App, command: Option<LotesCmd>) -> Done {
    let (id, wanted) = match command.unwrap_or(LotesCmd::Listar { limite: 50 }) {
        LotesCmd::Listar { limite } => return listar(needed, app, limite).await,
        LotesCmd::Resultado(typed) => return resultado(needed, app, typed.id).await,
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
        let text = needed.lang().pick(
            "sigue cuando «chaski serve» esté en marcha con esta carpeta",
            "it goes on while \"chaski serve\" runs on this folder",
        );
        output::notice(needed, text);
    }
    write(needed, app, &[one])
}

async fn listar(needed: &Needed, app: &App, limit: u32) -> Done {
    let page = async |limit, cursor| app.batches(limit, cursor, None).await;
    let rows = pages(limit, page).await?;
    if rows.is_empty() {
        let none = needed.lang().pick("no hay lotes", "there are no batches");
        output::notice(needed, none);
    }
    write(needed, app, &rows)
}

async fn resultado(needed: &Needed, app: &App, id: uuid::Uuid) -> Done {
    let lang = needed.lang();
    let format = output_format(needed)?;
    output::say_mode(needed, app.mode);
    let result = app.write_batch_result(id, None, lang, format, Vec::new());
    let bytes = result.await?;
    match &needed.output {
        Some(path) => needed
            .overwrite
            .write(path, false, |file| file.write_all(&bytes))?,
        None => output::to_stdout(&bytes)?,
    }
    let batch = app.batch(id, None).await?;
    let (done, total) = (batch.processed(), batch.unique);
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
    Ok(if done < total || batch.failed > 0 {
        8
    } else {
        0
    })
}

fn write(needed: &Needed, app: &App, batches: &[Batch]) -> Done {
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
    let now = app.clock.now();
    let rows = batches.iter().map(|batch| row_of(batch, now)).collect();
    Records { columns, rows }.write(needed)?;
    Ok(0)
}

fn row_of(batch: &Batch, now: Timestamp) -> Map<String, Value> {
    let optional = |at: Option<Timestamp>| at.map_or(Value::Null, |at| time(at).into());
    let seconds = batch
        .duration(now)
        .map(|it| (it.as_secs_f64() * 100.0).round() / 100.0);
    let pairs: [(&str, Value); 20] = [
        ("id", batch.id.to_string().into()),
        ("nombre", batch.source_name.as_str().into()),
        ("estado", batch.state.as_str().into()),
        ("en_pausa", batch.paused.into()),
        ("prioridad", batch.priority.as_str().into()),
        ("filas", batch.total_rows.into()),
        ("total", batch.unique.into()),
        ("procesados", batch.processed().into()),
        ("respondidos", batch.answered.into()),
        ("no_encontrados", batch.refused.into()),
        ("fallidos", batch.failed.into()),
        ("progreso", batch.progress_percentage().into()),
        ("tasa_exito", batch.success_rate().into()),
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
