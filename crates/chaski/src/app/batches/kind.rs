//! What a batch asks for. Everything else about batches is the same for every kind.

use std::collections::HashMap;

use chaski_client::{Ask, Key, Lookup, Outcomes, RucQuery};
use chaski_core::{Lang, Ruc, RucRules, Taxpayer};

use crate::app::App;
use crate::app::verdicts::{OfList, RowPlan, RucOutcome};
use crate::sheets::{Subject, Table, Verdict, read_row};

/// The kinds of batches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum BatchKind {
    /// Looking RUCs up.
    Ruc,
}

impl BatchKind {
    /// Stable name, as stored.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            BatchKind::Ruc => "ruc",
        }
    }

    /// What each row of a list asks for, and the numbers, each once, in the order of their first
    /// appearance.
    pub(super) fn read(
        self,
        table: &Table,
        column: usize,
        rules: &RucRules,
    ) -> (Vec<RowPlan>, Vec<Ruc>) {
        match self {
            BatchKind::Ruc => rucs_of(table, column, rules),
        }
    }

    /// Under what a number is known.
    pub(super) fn key(self, ruc: Ruc) -> Key {
        match self {
            BatchKind::Ruc => RucQuery(ruc).key(),
        }
    }

    /// Asks for a group of numbers.
    pub(super) fn work(self, app: &App, group: &[Ruc], ask: &Ask) -> Outcomes<Taxpayer> {
        match self {
            BatchKind::Ruc => app.migo.rucs(group, ask),
        }
    }

    /// What is said of a row.
    pub(super) fn row(
        self,
        app: &App,
        row: &RowPlan,
        learned: Option<&RucOutcome>,
        list: OfList,
        lang: Lang,
    ) -> Verdict {
        match self {
            BatchKind::Ruc => app.verdict(row, learned, list, lang),
        }
    }
}

fn rucs_of(table: &Table, column: usize, rules: &RucRules) -> (Vec<RowPlan>, Vec<Ruc>) {
    let mut unique = Vec::new();
    let mut first: HashMap<Ruc, (usize, u32)> = HashMap::new();
    let rows = table
        .rows
        .iter()
        .map(|row| {
            let repaired = read_row(table, row, column, rules);
            let (mut position, mut repeats) = (None, None);
            if let Subject::Ruc(ruc) = repaired.subject {
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
