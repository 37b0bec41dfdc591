//! What was found in a file, before its titles are.

use super::table::{Row, SourceKind};

/// The rows of the first sheet that has any, visible ones first.
pub(super) struct SheetFound {
    pub(super) source: SourceKind,
    pub(super) rows: Vec<Row>,
    /// How many cells each of the rows had, blank ones too; a workbook does not say.
    pub(super) cells: Vec<u16>,
    pub(super) dropped: usize,
    /// Names of the other sheets of the book.
    pub(super) others: Vec<String>,
}
