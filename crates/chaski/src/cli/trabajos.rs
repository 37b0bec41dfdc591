//! `chaski trabajos`: the queue of the local data folder.

use chaski_core::text;
use serde_json::{Map, Value, json};

use super::Done;
use super::kit::args::TrabajosCmd;
use super::kit::needed::Needed;
use super::kit::records::{ApiName, Records, fields, pages, time};
use crate::app::App;
use crate::app::programados::Programado;
use crate::app::spending::Payer;
use crate::store::{Job, JobState};

pub(super) async fn trabajos(needed: &Needed, app: &App, command: Option<TrabajosCmd>) -> Done {
    let listing = TrabajosCmd::Listar {
        estado: None,
        limite: 50,
    };
    let one = match command.unwrap_or(listing) {
        TrabajosCmd::Listar { estado, limite } => {
            let state = estado.and_then(|name| JobState::from_name(&name.to_uppercase()));
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
    let page = async |limit, cursor| app.trabajos(state, limit, cursor, None).await;
    let rows = pages(limit, page).await?;
    if rows.is_empty() {
        needed.say(text!("no hay trabajos", "there are no jobs"));
    }
    write(needed, &rows)
}

async fn programados(needed: &Needed, app: &App) -> Done {
    let row = |entry: Programado| {
        fields(json!({
            "clave": entry.name,
            "cron": entry.cron,
            "tipo": entry.kind.as_str(),
            "ultima": entry.last.map(time),
            "proxima": entry.next.map(time),
        }))
    };
    let rows = app.programados().await?.into_iter().map(row).collect();
    let columns = vec![
        ("clave", "Clave", "Key"),
        ("cron", "Cron", "Cron"),
        ("tipo", "Tipo", "Kind"),
        ("proxima", "Próxima vez", "Next time"),
    ];
    Records { columns, rows }.write_named(needed, &NAMES_OF_SCHEDULED)
}

fn write(needed: &Needed, jobs: &[Job]) -> Done {
    let columns = vec![
        ("creado_en", "Creado", "Created"),
        ("tipo", "Tipo", "Kind"),
        ("estado", "Estado", "State"),
        ("prioridad", "Prioridad", "Priority"),
        ("intentos", "Intentos fallidos", "Failed attempts"),
        ("codigo", "Código", "Code"),
        ("desde", "No antes de", "Not before"),
        ("id", "ID", "ID"),
    ];
    let rows = jobs.iter().map(row_of).collect();
    Records { columns, rows }.write_named(needed, &NAMES)
}

const NAMES_OF_SCHEDULED: [ApiName; 4] = [
    ("clave", "nombre"),
    ("tipo", "kind"),
    ("ultima", "ultima_vez"),
    ("proxima", "proxima_vez"),
];

const NAMES: [ApiName; 10] = [
    ("tipo", "kind"),
    ("estado", "status"),
    ("prioridad", "priority"),
    ("intentos", "attempts"),
    ("codigo", "code"),
    ("quien", "requested_by"),
    ("desde", "run_at"),
    ("creado_en", "created_at"),
    ("iniciado_en", "started_at"),
    ("terminado_en", "completed_at"),
];

fn row_of(job: &Job) -> Map<String, Value> {
    fields(json!({
        "id": job.id.to_string(),
        "tipo": job.kind.as_str(),
        "estado": job.state.as_str(),
        "prioridad": job.priority.as_str(),
        "intentos": job.attempts,
        "codigo": job.code,
        "lote": job.batch.map(|id| id.to_string()),
        "quien": job.asked_by,
        "desde": time(job.run_at),
        "creado_en": time(job.created_at),
        "iniciado_en": job.started_at.map(time),
        "terminado_en": job.finished_at.map(time),
    }))
}
