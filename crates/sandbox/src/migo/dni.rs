//! A DNI: the name of its owner as one text.

use serde_json::json;

use super::registry::find_person;
use super::ruc::HOSTILE_NAME;
use super::{Answered, Question, Reply};

pub(super) fn one(question: &Question<'_>) -> Answered {
    let dni = match question.digits("dni", 8)? {
        "12345678" if question.is_of_another() => "87654321",
        _ if question.is_of_another() => "12345678",
        dni => dni,
    };
    let unknown = || Reply::unknown_number(question.route.version, "DNI");
    let name = find_person(question.seed(), dni).ok_or_else(unknown)?;
    let name = if question.is_hostile() {
        HOSTILE_NAME
    } else {
        &name
    };
    Ok(Reply::found(
        &json!({"success": true, "dni": dni, "nombre": name}),
    ))
}
