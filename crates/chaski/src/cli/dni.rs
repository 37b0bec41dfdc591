//! `chaski dni`: whose DNI is this? Shown masked unless asked for whole.

use chaski_core::{Dni, DniError, Lang, sentence, text};
use serde_json::{Map, Value, json};

use super::Done;
use super::kit::args::DniArgs;
use super::kit::desk::Desk;
use super::kit::explain::unreadable;
use super::kit::needed::Needed;
use super::kit::output::{complain_about, exit_of};
use super::kit::records::{Records, fields};
use super::ruc::{insert_origin, numbers};
use crate::app::{AppError, purpose};

pub(super) async fn dni(needed: &Needed, desk: &Desk, typed: DniArgs) -> Done {
    let lang = needed.lang();
    let numbers = numbers(&typed.numbers, "dni")?;
    let mut ask = needed.ask(&typed.freshness)?;
    ask.purpose = typed.motivo.as_deref().map(purpose).transpose()?;
    desk.say_mode(needed);
    let parsed: Vec<Result<Dni, DniError>> = numbers.iter().map(|text| text.parse()).collect();
    let dnis: Vec<Dni> = parsed
        .iter()
        .filter_map(|dni| dni.as_ref().ok().copied())
        .collect();
    let mut outcomes = desk.lookup_dnis(&dnis, &ask).await?.into_iter();
    let show_whole = typed.mostrar || !needed.config.mask_dni;
    let (mut rows, mut codes, mut complaints) = (Vec::new(), Vec::new(), Vec::new());
    for (place, (text, parsed)) in numbers.iter().zip(parsed).enumerate() {
        let mut row;
        let shown = |dni: Dni| {
            if show_whole {
                dni.as_str().to_owned()
            } else {
                dni.masked()
            }
        };
        match parsed.map(|dni| (dni, outcomes.next())) {
            Ok((dni, Some(Ok(found)))) => {
                let nombre = &found.value.nombre;
                row = fields(json!({"success": true, "dni": shown(dni), "nombre": nombre}));
                insert_origin(&mut row, desk, &found, lang);
                codes.push(0);
            }
            Ok((dni, outcome)) => {
                let error = outcome.and_then(Result::err);
                let code = error.as_ref().map_or("error_interno", AppError::code);
                let message = error
                    .as_ref()
                    .map_or_else(String::new, |error| not_found(error, lang));
                row = failed(&shown(dni), code, &message);
                complaints.push((shown(dni), message));
                codes.push(error.as_ref().map_or(1, AppError::exit_code));
            }
            Err(error) => {
                // What was typed may be almost a DNI: it is named by its place.
                let name = format!("{} {}", lang.pick("n.º", "no."), place + 1);
                let wrong = (error.code(), error.message(lang));
                let (code, message, exit) = unreadable(text, wrong, lang);
                row = failed(&name, code, &message);
                complaints.push((name, message));
                codes.push(exit);
            }
        }
        rows.push(row);
    }
    let columns = vec![
        ("dni", "DNI", "DNI"),
        ("nombre", "Nombre", "Name"),
        ("fuente", "Fuente", "Source"),
        ("error", "Error", "Error"),
    ];
    complain_about(needed, &complaints, rows.len());
    Records { columns, rows }.write(needed)?;
    Ok(exit_of(&codes))
}

fn failed(dni: &str, code: &str, message: &str) -> Map<String, Value> {
    fields(json!({"success": false, "dni": dni, "code": code, "error": sentence(message)}))
}

/// Absence from a registry-based service is not absence from RENIEC.
fn not_found(error: &AppError, lang: Lang) -> String {
    if !error.is_not_found() {
        return error.message(lang);
    }
    text!(
        "no figura en el servicio consultado; puede ser un menor o una persona sin RUC",
        "not known to the service; it may be a minor or a person without RUC"
    )
    .pick(lang)
}
