//! A list of which nothing could be read: how many rows, and what most of them have in common. Such
//! a list was read wrongly, or is no list of RUCs; it never ends well.

use std::collections::HashMap;

use chaski_core::{DniError, Lang, RucError, Text, text};

use super::AppError;
use super::verdicts::{RowPlan, of_problem};
use crate::partners::PartnerError;
use crate::sheets::{CellProblem, Subject};

/// Says so if no row of a list names a RUC.
pub(super) fn unread(plans: &[RowPlan]) -> Option<AppError> {
    let read = |plan: &RowPlan| matches!(plan.subject, Subject::Ruc(_)) || plan.unique.is_some();
    if plans.is_empty() || plans.iter().any(read) {
        return None;
    }
    let all = plans.iter().map(|it| (it.row, &it.subject));
    // Totals and titles are no rows that could have been read, unless there is nothing else.
    let of_nobody = |subject: &Subject| matches!(subject, Subject::Total | Subject::Titles);
    let (nobody, mut wrong): (Vec<_>, Vec<_>) = all.partition(|(_, subject)| of_nobody(subject));
    if wrong.is_empty() {
        wrong = nobody;
    }
    let (es, en) = common_cause(&wrong);
    Some(AppError::NothingRead(text!(
        "no se pudo leer ningún RUC de la lista. {es}",
        "not a single RUC of the list could be read. {en}"
    )))
}

/// Why a row of another list asks for nothing, or that it asks for something.
pub(super) struct Cause {
    pub(super) row: u32,
    /// What it is, whatever the row.
    pub(super) kind: &'static str,
    pub(super) words: Text,
    /// It asks for something.
    pub(super) read: bool,
    /// It is no row that could: one of totals or of titles.
    pub(super) nobody: bool,
}

/// The same of a list that asks for something else: `what` is what none could be read of.
pub(super) fn nothing_read(rows: impl Iterator<Item = Cause>, what: Text) -> Option<AppError> {
    let rows: Vec<Cause> = rows.collect();
    if rows.is_empty() || rows.iter().any(|it| it.read) {
        return None;
    }
    let all = rows.iter().filter(|it| !it.nobody);
    let mut wrong: Vec<(u32, &Cause)> = all.map(|it| (it.row, it)).collect();
    if wrong.is_empty() {
        wrong = rows.iter().map(|it| (it.row, it)).collect();
    }
    let ((es, en), Text { es: que, en: what }) = (common_cause(&wrong), what);
    Some(AppError::NothingRead(text!(
        "no se pudo leer {que} de la lista. {es}",
        "{what} of the list could be read. {en}"
    )))
}

impl Wrong for Cause {
    fn kind(&self) -> &'static str {
        self.kind
    }

    fn words(&self, lang: Lang) -> (String, &'static str) {
        (self.words.clone().pick(lang), "")
    }
}

/// The same of a list of partners of which no row was taken; its rows, and what is wrong with each.
pub(super) fn no_partner(wrong: &[(u32, &PartnerError)]) -> AppError {
    let (es, en) = common_cause(wrong);
    AppError::NothingRead(text!(
        "no se pudo importar ninguna fila de la lista. {es}",
        "not a single row of the list could be imported. {en}"
    ))
}

/// What keeps a row from being read.
trait Wrong {
    /// What it is, whatever the row.
    fn kind(&self) -> &'static str;
    /// The same of this row, and what to do.
    fn words(&self, lang: Lang) -> (String, &'static str);
}

/// The cause that most rows share, the first of equals. Words that are not true of all those rows
/// are those of one of them, which is named.
fn common_cause<W: Wrong>(rows: &[(u32, &W)]) -> (String, String) {
    (cause_in(rows, Lang::Es), cause_in(rows, Lang::En))
}

fn cause_in<W: Wrong>(rows: &[(u32, &W)], lang: Lang) -> String {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for (_, wrong) in rows {
        *counts.entry(wrong.kind()).or_default() += 1;
    }
    let most = counts.values().copied().max().unwrap_or_default();
    let shared = |wrong: &W| counts[wrong.kind()] == most;
    let Some(kind) = rows.iter().find(|it| shared(it.1)).map(|it| it.1.kind()) else {
        return String::new();
    };
    let alike = || rows.iter().filter(|(_, wrong)| wrong.kind() == kind);
    let mut worded: HashMap<String, usize> = HashMap::new();
    for (_, wrong) in alike() {
        *worded.entry(wrong.words(lang).0).or_default() += 1;
    }
    let usual = worded.values().copied().max().unwrap_or_default();
    let said = alike().find_map(|(row, wrong)| {
        let (what, hint) = wrong.words(lang);
        (worded[&what] == usual).then_some((row, what, hint))
    });
    let Some((row, what, hint)) = said else {
        return String::new();
    };
    let all = rows.len();
    let of = lang.pick("de", "of");
    let example = match worded.len() {
        1 => String::new(),
        _ => text!(
            " por la misma causa; por ejemplo, la fila {row}",
            " for the same cause; for instance, row {row}"
        )
        .pick(lang),
    };
    format!("{most} {of} {all}{example}: {what}{hint}")
}

impl Wrong for Subject {
    fn kind(&self) -> &'static str {
        match self {
            Subject::Ruc(_) => "ruc",
            Subject::Dni { .. } | Subject::Bad(CellProblem::Dni(DniError::Length { found: 7 })) => {
                "dni"
            }
            Subject::Empty => "vacia",
            Subject::Other(_) => "otro_documento",
            Subject::Total | Subject::Titles => "sin_contribuyente",
            Subject::Bad(problem) => problem.code(),
        }
    }

    fn words(&self, lang: Lang) -> (String, &'static str) {
        let separator = |c: char| matches!(c, ';' | ',' | '|' | '\t');
        match self {
            Subject::Dni { .. } | Subject::Bad(CellProblem::Dni(DniError::Length { found: 7 })) => {
                (
                    text!("son DNI y no RUC", "they are DNIs, not RUCs").pick(lang),
                    lang.pick(
                        ": consúltelos con --dni consultar, o de a pocos con chaski dni",
                        ": look them up with --dni consultar, or a few with chaski dni",
                    ),
                )
            }
            Subject::Bad(problem @ CellProblem::Ruc(RucError::NotDigits { found, .. }))
                if separator(*found) =>
            {
                let hint = lang.pick(": ¿separador equivocado?", ": a wrong separator?");
                (of_problem(problem, lang), hint)
            }
            Subject::Bad(problem) => (of_problem(problem, lang), other_column(lang)),
            Subject::Other(document) => (document.message(lang).to_owned(), ""),
            Subject::Total | Subject::Titles => (
                text!(
                    "son filas de totales o de títulos",
                    "they are rows of totals or of titles"
                )
                .pick(lang),
                "",
            ),
            Subject::Empty | Subject::Ruc(_) => (
                text!("celda vacía o sin número", "cell empty or without a number").pick(lang),
                other_column(lang),
            ),
        }
    }
}

impl Wrong for PartnerError {
    fn kind(&self) -> &'static str {
        self.code()
    }

    fn words(&self, lang: Lang) -> (String, &'static str) {
        let hint = if self.field() == Some("num_document") {
            lang.pick(
                ". Si los documentos están en otra columna, indíquela con --columna (por HTTP, columna)",
                ". If the documents are in another column, say which with --columna (over HTTP, columna)",
            )
        } else {
            ""
        };
        (self.message(lang), hint)
    }
}

fn other_column(lang: Lang) -> &'static str {
    lang.pick(
        ". Si los RUC están en otra columna, indíquela con --columna (por HTTP, columna)",
        ". If the RUCs are in another column, say which with --columna (over HTTP, columna)",
    )
}
