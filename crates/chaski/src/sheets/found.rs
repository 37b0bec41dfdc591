//! What was found in a sheet, before its titles are.

use super::looks::ListLooks;
use super::packed::Packed;
use super::table::{Row, SourceKind};

/// The rows of a sheet that has any.
pub(super) struct SheetFound {
    pub(super) source: SourceKind,
    pub(super) rows: Packed<Row>,
    /// How many cells each of the rows had, blank ones too; a workbook does not say.
    pub(super) cells: Vec<u16>,
    /// Control characters that were left out of texts.
    pub(super) dropped: usize,
    /// Formulas whose value was not saved.
    pub(super) unsaved: usize,
    pub(super) looks: ListLooks,
}
