//! Partners imported from a list.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A list to import.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes a form that is read by hand")]
pub(crate) struct ImportForm {
    /// An xlsx, ods or csv.
    #[schema(value_type = String, format = Binary)]
    pub(crate) archivo: Vec<u8>,
    /// Name of the sheet; without it, the first that is a list.
    pub(crate) hoja: Option<String>,
    /// Title or letter of the column with the numbers.
    pub(crate) columna: Option<String>,
}

/// What came of an import.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ImportData {
    /// New partners.
    pub(crate) created: u64,
    /// Known ones that changed.
    pub(crate) updated: u64,
    /// Known ones to which the list brought nothing new.
    pub(crate) unchanged: u64,
    /// Rows that could not be taken.
    pub(crate) failed: usize,
    /// What is wrong with those rows, at most the first 1,000.
    pub(crate) errors: Vec<RowData>,
    /// Columns that the numbers were taken from: letter and, if there is one, title.
    #[schema(example = json!(["A (RUC)"]))]
    pub(crate) columns: Vec<String>,
    /// Columns that mean nothing here.
    pub(crate) ignored_columns: Vec<String>,
    /// What was noticed while reading the file.
    pub(crate) notes: Vec<String>,
}

/// A row that could not be taken.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct RowData {
    /// Its number as the spreadsheet shows it, from 1.
    pub(crate) row: u32,
    /// Stable, never translated.
    pub(crate) code: String,
    /// What is wrong.
    pub(crate) detail: String,
}
