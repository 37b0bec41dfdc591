//! What became of a document of a workbook that was issued.

use std::collections::BTreeMap;

use chaski_client::DocumentState;
use chaski_core::Lang;

use crate::sheets::{ReportTable, ReviewMark, ReviewValue};

/// What became of one document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowOutcome {
    /// How it stands; none of one that was set aside.
    pub state: Option<DocumentState>,
    /// Series and number.
    pub comprobante: Option<String>,
    /// Where its PDF is.
    pub enlace_pdf: Option<String>,
    /// The stable code of why it does not stand.
    pub code: Option<String>,
    /// The same in words.
    pub message: Option<String>,
}

/// The word for documents that were not sent.
const SET_ASIDE: &str = "APARTADO";

impl RowOutcome {
    /// One that was not sent, and why.
    pub fn set_aside(code: &str, message: String) -> RowOutcome {
        RowOutcome {
            code: Some(code.to_owned()),
            message: Some(message),
            ..RowOutcome::default()
        }
    }

    /// How it stands, in the word that people see.
    pub fn estado(&self) -> &'static str {
        self.state.map_or(SET_ASIDE, DocumentState::as_str)
    }

    /// Whether the document was issued, and SUNAT has not refused it.
    pub fn stands(&self) -> bool {
        matches!(
            self.state,
            Some(
                DocumentState::Pending
                    | DocumentState::Accepted
                    | DocumentState::Observed
                    | DocumentState::VoidPending
                    | DocumentState::Voided
            )
        )
    }

    /// Whether it is neither there nor refused yet.
    pub fn waits(&self) -> bool {
        matches!(
            self.state,
            Some(
                DocumentState::Queued
                    | DocumentState::Sending
                    | DocumentState::InDoubt
                    | DocumentState::Held
            )
        )
    }

    pub(super) fn mark(&self) -> ReviewMark {
        match self.state {
            Some(DocumentState::Accepted) => ReviewMark::Good,
            Some(DocumentState::Observed) => ReviewMark::Observed,
            Some(DocumentState::Pending | DocumentState::VoidPending | DocumentState::Voided) => {
                ReviewMark::Notice
            }
            _ if self.waits() => ReviewMark::Notice,
            _ => ReviewMark::Wrong,
        }
    }

    /// The reason, with its code.
    pub(super) fn said(&self) -> Option<String> {
        let message = self.message.as_ref()?;
        Some(match &self.code {
            Some(code) => format!("{message} [{code}]"),
            None => message.clone(),
        })
    }
}

/// How many documents are in each state.
pub(super) fn outcomes_table<'a>(
    outcomes: impl Iterator<Item = &'a RowOutcome>,
    lang: Lang,
) -> ReportTable {
    let mut counts: BTreeMap<&str, (ReviewMark, usize)> = BTreeMap::new();
    for outcome in outcomes {
        let count = counts.entry(outcome.estado());
        count.or_insert((outcome.mark(), 0)).1 += 1;
    }
    let rows = counts.into_iter().map(|(word, (mark, count))| {
        vec![
            ReviewValue::Word(mark, word.to_owned()),
            ReviewValue::Count(count),
        ]
    });
    let titles = lang.pick("Estado|Documentos|||||", "State|Documents|||||");
    ReportTable {
        titles: titles.split('|').map(str::to_owned).collect(),
        rows: rows.collect(),
    }
}
