//! A DNI: the name of its owner as one text.

use serde::Serialize;

use super::registry::find_person;
use super::ruc::HOSTILE_NAME;
use super::{Answered, Question, Reply};
use crate::fault::Twist;

#[derive(Serialize)]
struct Person<'a> {
    success: bool,
    dni: &'a str,
    nombre: &'a str,
}

pub(super) fn one(question: &Question<'_>) -> Answered {
    let dni = match question.digits("dni", 8)? {
        dni if question.twist == Twist::Other => if_other(dni),
        dni => dni,
    };
    let unknown = || Reply::unknown_number(question.route.version, "DNI");
    let name = find_person(question.seed(), dni).ok_or_else(unknown)?;
    let hostile = question.twist == Twist::Formula;
    Ok(Reply::found(&Person {
        success: true,
        dni,
        nombre: if hostile { HOSTILE_NAME } else { &name },
    }))
}

fn if_other(dni: &str) -> &'static str {
    if dni == "12345678" {
        "87654321"
    } else {
        "12345678"
    }
}
