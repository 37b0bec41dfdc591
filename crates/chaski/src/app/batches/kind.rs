//! What a batch asks for. Everything else about batches is the same for every kind: each kind reads a list,
//! works on a group of its items, and says what became of a row. Those of RUCs are here; those of documents
//! that are issued in `documents/`.

use std::collections::HashMap;

use chaski_client::{Ask, Key, Lookup, Outcomes, RucQuery};
use chaski_core::{Lang, Ruc, RucRules, Taxpayer};

use crate::app::App;
use crate::app::verdicts::{OfList, RowPlan, RucOutcome};
use crate::named::named;
use crate::sheets::{RowReader, Subject, Table, Verdict};
use crate::store::Batch;

named! {
    /// The kinds of batches.
    pub enum BatchKind {
        /// Looking RUCs up.
        Ruc = "ruc",
        /// Issuing documents.
        Documents = "comprobantes",
    }
}

impl Batch {
    /// What it asks for; what has no name is of before there was another kind.
    pub fn kind(&self) -> BatchKind {
        BatchKind::from_name(&self.operation).unwrap_or(BatchKind::Ruc)
    }
}

/// Looking RUCs up.
pub(super) struct RucList;

impl RucList {
    /// What each row of a list asks for, and the numbers, each once, in the order of their first
    /// appearance.
    /// With `dni_as_ruc` a DNI is asked for by the RUC that its owner would have.
    pub(super) fn read(
        table: &Table,
        column: usize,
        rules: &RucRules,
        dni_as_ruc: bool,
    ) -> (Vec<RowPlan>, Vec<Ruc>) {
        rucs_of(table, column, rules, dni_as_ruc)
    }

    /// Under what a number is known.
    pub(super) fn key(ruc: Ruc) -> Key {
        RucQuery(ruc).key()
    }

    /// Asks for a group of numbers.
    pub(super) fn work(app: &App, group: &[Ruc], ask: &Ask) -> Outcomes<Taxpayer> {
        app.migo.rucs(group, ask)
    }

    /// What is said of a row.
    pub(super) fn row(
        app: &App,
        row: &RowPlan,
        learned: Option<&RucOutcome>,
        list: OfList,
        lang: Lang,
    ) -> Verdict {
        app.verdict(row, learned, list, lang)
    }
}

fn rucs_of(
    table: &Table,
    column: usize,
    rules: &RucRules,
    dni_as_ruc: bool,
) -> (Vec<RowPlan>, Vec<Ruc>) {
    let mut unique = Vec::new();
    let reader = RowReader::new(table, column, rules);
    let mut first: HashMap<Ruc, (usize, u32)> = HashMap::new();
    let rows = table
        .rows
        .iter()
        .map(|row| {
            let repaired = reader.read(row);
            let (mut position, mut repeats) = (None, None);
            let asked = match &repaired.subject {
                Subject::Ruc(ruc) => Some(*ruc),
                Subject::Dni { dni, .. } if dni_as_ruc => Some(Ruc::from_dni(*dni)),
                _ => None,
            };
            if let Some(ruc) = asked {
                let next = unique.len();
                let (at, number) = *first.entry(ruc).or_insert((next, row.number));
                if at == next {
                    unique.push(ruc);
                } else {
                    repeats = Some(number);
                }
                position = Some(at);
            }
            RowPlan {
                subject: repaired.subject,
                repairs: repaired.repairs,
                unique: position,
                repeats,
            }
        })
        .collect();
    (rows, unique)
}
