//! `chaski ruc invalidos`: the registry of refused numbers.

use chaski_core::{Ruc, text};
use serde_json::json;

use super::Done;
use super::kit::args::InvalidosCmd;
use super::kit::desk::Desk;
use super::kit::needed::Needed;
use super::kit::output::{self, complain_about};
use super::kit::records::{Records, fields, time};
use super::kit::typed::repeatable;
use crate::counted::counted;
use crate::store::RefusalRow;

pub(super) async fn invalidos(needed: &Needed, desk: &Desk, command: Option<InvalidosCmd>) -> Done {
    match command.unwrap_or(InvalidosCmd::Listar) {
        InvalidosCmd::Listar => listar(needed, desk).await,
        InvalidosCmd::Borrar { todos: true, .. } => {
            // Forgetting them all costs a call each when they are asked for again.
            let wanted = output::confirm(
                needed,
                text!(
                    "¿Borrar todos los números guardados como inexistentes?",
                    "Delete all the numbers kept as unknown?"
                ),
                text!(
                    "borrar todos necesita confirmación: agregue --yes",
                    "deleting all needs a confirmation: add --yes"
                ),
            )?;
            if !wanted {
                return Ok(output::SAID_NO);
            }
            let forgotten = desk.forget(None).await?;
            say_forgotten(needed, forgotten);
            Ok(0)
        }
        InvalidosCmd::Borrar { numbers, .. } => borrar(needed, desk, &numbers).await,
    }
}

async fn listar(needed: &Needed, desk: &Desk) -> Done {
    desk.say_mode(needed);
    let now = desk.now();
    let refusals = desk.refusals().await?;
    let row = |refusal: &RefusalRow| {
        fields(json!({
            "ruc": refusal.subject,
            "motivo": refusal.reason.as_str(),
            "mensaje": refusal.message,
            "registrado_en": time(refusal.stored_at),
            "vence_en": time(refusal.expires_at),
            "vigente": refusal.expires_at > now,
        }))
    };
    let rows: Vec<_> = refusals.iter().map(row).collect();
    if rows.is_empty() {
        needed.say(text!(
            "no hay números guardados como inexistentes",
            "no number is kept as unknown"
        ));
    }
    let columns = vec![
        ("ruc", "RUC", "RUC"),
        ("motivo", "Motivo", "Reason"),
        ("registrado_en", "Registrado", "Recorded"),
        ("vence_en", "Vence", "Expires"),
        ("vigente", "Vigente", "In force"),
    ];
    Records { columns, rows }.write(needed)
}

async fn borrar(needed: &Needed, desk: &Desk, numbers: &[String]) -> Done {
    let lang = needed.lang();
    let (mut forgotten, mut code) = (0, 0);
    for text in numbers {
        match Ruc::parse_with(text, &needed.config.ruc_rules) {
            Ok(ruc) => {
                forgotten += desk.forget(Some(ruc)).await?;
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
    needed.say(match forgotten {
        0 => text!(
            "ninguno de esos números estaba guardado como inexistente",
            "none of those numbers was kept as unknown"
        ),
        1 => text!("se borró 1 número", "deleted: 1"),
        n => {
            let numbers = counted(n, "número", "números");
            text!("se borraron {numbers}", "deleted: {n}")
        }
    });
}
