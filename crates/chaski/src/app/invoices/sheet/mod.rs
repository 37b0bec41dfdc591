//! A workbook of documents: one row per line, rows with the same `documento` are one document.
//!
//! What happens to it: the readers of lists give its cells where they stand (`sheets::read_book`);
//! `titles.rs` finds the row of titles and which column is which; `documents.rs` makes documents of the
//! rows, cell by cell as `cells.rs` reads and repairs them; `layout.rs` refuses what nothing can be read from,
//! `lookups.rs` and `journal.rs` say what others know; `check.rs` checks all of them as a whole, the
//! simple form of each by the one check that everything passes; `review.rs` writes the workbook back, the
//! caller's columns as they were, with state, totals and findings beside them, and `summary.rs` sums it up. `template.rs` writes an empty
//! one; `list.rs` makes a workbook of a list in JSON. Every column is a row of `columns.rs`, what can be chosen in it stands in `choices.rs`.
//!
//! Nothing is sent and no number is taken. A cell that cannot be read never becomes another value in
//! silence: it has its finding, or the person is told what it was read as.

mod cells;
mod check;
mod choices;
mod columns;
mod documents;
mod journal;
mod layout;
mod list;
mod lookups;
mod outcome;
mod review;
mod summary;
mod template;
mod titles;

pub use check::{CheckedRows, CheckedWorkbook};
pub use documents::{PlacedFinding, SheetSide, SheetSpot};
pub use outcome::RowOutcome;
pub use summary::WorkbookSums;
pub use template::invoice_template;

use crate::sheets::WantedSheets;

/// Which sheets of a workbook are read.
pub fn wanted_sheets() -> WantedSheets<'static> {
    WantedSheets {
        main: &["COMPROBANTES"],
        beside: "CUOTAS",
        never: &[
            "AYUDA",
            "HELP",
            "LISTAS",
            "HALLAZGOS",
            "FINDINGS",
            "RESUMEN",
            "SUMMARY",
        ],
    }
}
