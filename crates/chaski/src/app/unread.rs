//! A list of which nothing could be read: how many rows, and what most of them have in common. Such
//! a list was read wrongly, or is no list of RUCs; it never ends well.

use std::collections::HashMap;

use chaski_core::{DniError, Lang, RucError};

use super::AppError;
use super::verdicts::{RowPlan, of_problem};
use crate::sheets::{Problem, Subject};

/// Says so if no row of a list names a RUC.
pub(super) fn unread(rows: &[RowPlan]) -> Option<AppError> {
    if rows.is_empty()
        || rows
            .iter()
            .any(|row| matches!(row.subject, Subject::Ruc(_)))
    {
        return None;
    }
    // 1. The cause that most rows share; the first of equals.
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for row in rows {
        *counts.entry(code(&row.subject)).or_default() += 1;
    }
    let most = counts.values().copied().max().unwrap_or_default();
    let row = rows.iter().find(|row| counts[code(&row.subject)] == most)?;
    // 2. In words, with what to do.
    let cause = |lang| {
        let (what, hint) = words(&row.subject, lang);
        let of = lang.pick("de", "of");
        format!("{most} {of} {}: {what}{hint}", rows.len())
    };
    Some(AppError::NothingRead {
        es: format!(
            "no se pudo leer ningún RUC de la lista. {}",
            cause(Lang::Es)
        ),
        en: format!(
            "not a single RUC of the list could be read. {}",
            cause(Lang::En)
        ),
    })
}

fn code(subject: &Subject) -> &'static str {
    match subject {
        Subject::Ruc(_) => "ruc",
        Subject::Dni { .. } => "dni",
        Subject::Empty => "vacia",
        Subject::Bad(problem) => problem.code(),
    }
}

fn words(subject: &Subject, lang: Lang) -> (String, &'static str) {
    let separator = |c: char| matches!(c, ';' | ',' | '|' | '\t');
    match subject {
        Subject::Dni { .. } | Subject::Bad(Problem::Dni(DniError::Length { found: 7 })) => (
            lang.pick("son DNI y no RUC", "they are DNIs, not RUCs")
                .to_owned(),
            lang.pick(
                ": consúltelos con chaski dni",
                ": look them up with chaski dni",
            ),
        ),
        Subject::Bad(problem @ Problem::Ruc(RucError::NotDigits { found, .. }))
            if separator(*found) =>
        {
            (
                of_problem(problem, lang),
                lang.pick(": ¿separador equivocado?", ": a wrong separator?"),
            )
        }
        Subject::Bad(problem) => (of_problem(problem, lang), other_column(lang)),
        Subject::Empty | Subject::Ruc(_) => (
            lang.pick("celda vacía", "empty cell").to_owned(),
            other_column(lang),
        ),
    }
}

fn other_column(lang: Lang) -> &'static str {
    lang.pick(
        ". Si los RUC están en otra columna, indíquela con --columna (por HTTP, columna)",
        ". If the RUCs are in another column, say which with --columna (over HTTP, columna)",
    )
}
