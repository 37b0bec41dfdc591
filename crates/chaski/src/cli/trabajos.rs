//! `chaski trabajos`: the queue of the local data folder.

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::Done;
use super::args::TrabajosCmd;
use super::lotes::time;
use super::needed::Needed;
use super::output;
use super::records::Records;
use crate::app::App;
use crate::app::spending::Payer;
use crate::store::{Job, JobState};

pub(super) async fn trabajos(needed: &Needed, app: &App, command: Option<TrabajosCmd>) -> Done {
    let listing = TrabajosCmd::Listar {
        estado: None,
        limite: 50,
    };
    let one = match command.unwrap_or(listing) {
        TrabajosCmd::Listar { estado, limite } => {
            let state = estado.and_then(|name| JobState::parse(&name.to_uppercase()));
            return listar(needed, app, state, limite).await;
        }
        TrabajosCmd::Programados => return programados(needed, app).await,
        TrabajosCmd::Ver(typed) => app.trabajo(typed.id, None).await,
        TrabajosCmd::Cancelar(typed) => app.cancel_trabajo(typed.id, None).await,
        TrabajosCmd::Reintentar(typed) => {
            app.retry_trabajo(typed.id, None, &Payer::default()).await
        }
    }?;
    write(needed, &[one])
}

async fn listar(needed: &Needed, app: &App, state: Option<JobState>, limit: u32) -> Done {
    let mut rows = Vec::new();
    let mut cursor = None;
    while rows.len() < limit as usize {
        let left = limit - u32::try_from(rows.len()).unwrap_or(limit);
        let page = app.trabajos(state, left.min(250), cursor, None).await?;
        rows.extend(page.rows);
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    if rows.is_empty() {
        let none = needed.lang().pick("no hay trabajos", "there are no jobs");
        output::notice(needed, none);
    }
    write(needed, &rows)
}

async fn programados(needed: &Needed, app: &App) -> Done {
    let lang = needed.lang();
    let optional = |at: Option<Timestamp>| at.map_or(Value::Null, |at| time(at).into());
    let mut rows = Vec::new();
    for entry in app.programados().await? {
        let mut row = Map::new();
        row.insert("clave".into(), entry.name.into());
        row.insert("cron".into(), entry.cron.into());
        row.insert("tipo".into(), entry.kind.as_str().into());
        row.insert("ultima".into(), optional(entry.last));
        row.insert("proxima".into(), optional(entry.next));
        rows.push(row);
    }
    let columns = vec![
        ("clave", lang.pick("Clave", "Key").to_owned()),
        ("cron", "Cron".to_owned()),
        ("tipo", lang.pick("Tipo", "Kind").to_owned()),
        ("proxima", lang.pick("Próxima vez", "Next time").to_owned()),
    ];
    Records { columns, rows }.write(needed)?;
    Ok(0)
}

fn write(needed: &Needed, jobs: &[Job]) -> Done {
    let lang = needed.lang();
    let columns = vec![
        ("creado_en", lang.pick("Creado", "Created").to_owned()),
        ("tipo", lang.pick("Tipo", "Kind").to_owned()),
        ("estado", lang.pick("Estado", "State").to_owned()),
        ("prioridad", lang.pick("Prioridad", "Priority").to_owned()),
        (
            "intentos",
            lang.pick("Intentos fallidos", "Failed attempts").to_owned(),
        ),
        ("codigo", lang.pick("Código", "Code").to_owned()),
        ("desde", lang.pick("No antes de", "Not before").to_owned()),
        ("id", "ID".to_owned()),
    ];
    let rows = jobs.iter().map(row_of).collect();
    Records { columns, rows }.write(needed)?;
    Ok(0)
}

fn row_of(job: &Job) -> Map<String, Value> {
    let optional = |at: Option<Timestamp>| at.map_or(Value::Null, |at| time(at).into());
    let pairs: [(&str, Value); 12] = [
        ("id", job.id.to_string().into()),
        ("tipo", job.kind.as_str().into()),
        ("estado", job.state.as_str().into()),
        ("prioridad", job.priority.as_str().into()),
        ("intentos", job.attempts.into()),
        (
            "codigo",
            job.code.as_deref().map_or(Value::Null, Value::from),
        ),
        (
            "lote",
            job.batch.map_or(Value::Null, |id| id.to_string().into()),
        ),
        ("quien", job.asked_by.as_str().into()),
        ("desde", time(job.run_at).into()),
        ("creado_en", time(job.created_at).into()),
        ("iniciado_en", optional(job.started_at)),
        ("terminado_en", optional(job.finished_at)),
    ];
    pairs
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
