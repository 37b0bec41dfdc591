//! `chaski ruc invalidos`: the registry of refused numbers.

use chaski_client::{Lookup, RucQuery};
use chaski_core::{Ruc, lima_datetime};
use serde_json::{Map, Value};

use super::Done;
use super::args::InvalidosCmd;
use super::explain::repeatable;
use super::needed::Needed;
use super::output::{self, Records, complain_about};
use crate::app::{App, AppError};
use crate::store::RefusalFilter;

pub(super) async fn invalidos(needed: &Needed, app: &App, command: Option<InvalidosCmd>) -> Done {
    match command.unwrap_or(InvalidosCmd::Listar) {
        InvalidosCmd::Listar => listar(needed, app).await,
        InvalidosCmd::Borrar { todos: true, .. } => {
            // Forgetting them all costs a call each when they are asked for again.
            output::confirm(
                needed,
                needed.lang().pick(
                    "¿Olvidar todos los números registrados?",
                    "Forget all the numbers on record?",
                ),
                AppError::usage(
                    "borrar todos necesita confirmación: agregue --yes",
                    "forgetting all needs a confirmation: add --yes",
                ),
            )?;
            let forgotten = app.store.forget_refusals(None).await?;
            say_forgotten(needed, forgotten);
            Ok(0)
        }
        InvalidosCmd::Borrar { numbers, .. } => borrar(needed, app, &numbers).await,
    }
}

async fn listar(needed: &Needed, app: &App) -> Done {
    let lang = needed.lang();
    output::say_mode(needed, app);
    let now = app.clock.now();
    let mut rows = Vec::new();
    let mut cursor = None;
    let filter = RefusalFilter {
        operation: Some("ruc".to_owned()),
        ..RefusalFilter::default()
    };
    loop {
        let page = app.store.refusals(&filter, 250, cursor).await?;
        for refusal in page.rows {
            let mut row = Map::new();
            let time = |at| lima_datetime(at).strftime("%Y-%m-%d %H:%M:%S").to_string();
            row.insert("ruc".into(), refusal.subject.as_str().into());
            row.insert("motivo".into(), refusal.reason.as_str().into());
            row.insert("mensaje".into(), refusal.message.as_str().into());
            row.insert("registrado_en".into(), time(refusal.stored_at).into());
            row.insert("vence_en".into(), time(refusal.expires_at).into());
            row.insert("vigente".into(), (refusal.expires_at > now).into());
            rows.push(row);
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    if rows.is_empty() {
        output::notice(
            needed,
            lang.pick(
                "no hay números registrados como inexistentes",
                "no number is on record as unknown",
            ),
        );
    }
    let columns = vec![
        ("ruc", "RUC".to_owned()),
        ("motivo", lang.pick("Motivo", "Reason").to_owned()),
        (
            "registrado_en",
            lang.pick("Registrado", "Recorded").to_owned(),
        ),
        ("vence_en", lang.pick("Vence", "Expires").to_owned()),
        ("vigente", lang.pick("Vigente", "In force").to_owned()),
    ];
    Records {
        columns,
        rows: rows as Vec<Map<String, Value>>,
    }
    .write(needed)?;
    Ok(0)
}

async fn borrar(needed: &Needed, app: &App, numbers: &[String]) -> Done {
    let lang = needed.lang();
    let (mut forgotten, mut code) = (0, 0);
    for text in numbers {
        match Ruc::parse_with(text, &app.config.ruc_rules) {
            Ok(ruc) => {
                forgotten += app
                    .store
                    .forget_refusals(Some(&RucQuery(ruc).key()))
                    .await?;
            }
            Err(error) => {
                let complaint = (repeatable(text), error.message(lang));
                complain_about(needed, &[complaint], 1);
                code = 3;
            }
        }
    }
    say_forgotten(needed, forgotten);
    Ok(code)
}

fn say_forgotten(needed: &Needed, forgotten: u64) {
    let text = match (needed.lang(), forgotten) {
        (chaski_core::Lang::Es, 0) => "ninguno de esos números estaba registrado".to_owned(),
        (chaski_core::Lang::En, 0) => "none of those numbers was on record".to_owned(),
        (chaski_core::Lang::Es, 1) => "se olvidó 1 número".to_owned(),
        (chaski_core::Lang::Es, n) => format!("se olvidaron {n} números"),
        (chaski_core::Lang::En, n) => format!("{n} forgotten"),
    };
    output::notice(needed, &text);
}
