//! A sheet in memory: compact cells, numbered rows, and where it all came from.

use std::collections::BTreeMap;
use std::fmt;

use chaski_core::Lang;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use super::looks::ListLooks;
use super::packed::Packed;

/// One value. Short texts live inside the cell, so a list of RUCs allocates nothing per cell.
///
/// `Debug` shows the kind and size but not the value: a list holds DNIs and names of people.
#[derive(Clone, PartialEq, Default, Serialize, Deserialize)]
pub enum Cell {
    /// Nothing.
    #[default]
    Empty,
    /// Text, exactly as it was but for control characters. `=1+1` is text like any other.
    Text(CompactString),
    /// A number; a formula gives the value that was stored with it.
    Number(f64),
    /// VERDADERO or FALSO.
    Bool(bool),
    /// A date, time or both, in ISO: `2026-01-31`, `08:30:00`, `2026-01-31 08:30:00`.
    Date(CompactString),
    /// What a formula failed with: `#N/A`.
    Error(CompactString),
}

/// Stands for what a formula gave that the program that wrote it did not save.
const UNSAVED: &str = "#SIN_VALOR";

impl Cell {
    /// A formula whose value was not saved. It is shown: an amount that is missing must not look like
    /// none.
    pub(super) fn unsaved() -> Cell {
        Cell::Error(CompactString::const_new(UNSAVED))
    }

    /// Whether it is a formula whose value was not saved.
    pub fn is_unsaved(&self) -> bool {
        matches!(self, Cell::Error(text) if text == UNSAVED)
    }

    /// A cell with this text, empty if the text is.
    pub fn text(text: &str) -> Cell {
        if text.is_empty() {
            Cell::Empty
        } else {
            Cell::Text(CompactString::from(text))
        }
    }

    /// Whether it holds nothing, or blanks only.
    pub fn is_blank(&self) -> bool {
        match self {
            Cell::Empty => true,
            Cell::Text(text) => text.trim().is_empty(),
            _ => false,
        }
    }
}

impl fmt::Debug for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cell::Empty => f.write_str("Empty"),
            Cell::Text(text) => write!(f, "Text({} chars)", text.chars().count()),
            Cell::Number(_) => f.write_str("Number(…)"),
            Cell::Bool(value) => write!(f, "Bool({value})"),
            Cell::Date(_) => f.write_str("Date(…)"),
            Cell::Error(_) => f.write_str("Error(…)"),
        }
    }
}

/// A row with something in it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its number as the spreadsheet shows it, from 1.
    pub number: u32,
    /// Its cells up to the last filled one.
    pub cells: Box<[Cell]>,
}

impl Row {
    /// The cell of a column counted from 0; empty beyond the last filled one.
    pub fn cell(&self, column: usize) -> &Cell {
        self.cells.get(column).unwrap_or(&Cell::Empty)
    }
}

/// What was wrong with the cells of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It had more cells than the others and was aligned beyond doubt.
    Realigned,
    /// It has more cells than the others, right of its number: they were left where they are.
    Wider,
    /// It is not known which cell belongs to which title: nothing is read from it.
    Shifted {
        /// Cells of the row.
        cells: u16,
        /// Cells of the others.
        usual: u16,
    },
}

/// What the rows were read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceKind {
    /// Excel 2007 or later.
    Xlsx {
        /// Name of the sheet.
        sheet: String,
    },
    /// `LibreOffice` Calc.
    Ods {
        /// Name of the sheet.
        sheet: String,
    },
    /// A page or XML that is named like a workbook.
    Page {
        /// Name of the sheet, where it has one.
        sheet: String,
    },
    /// Text with separators.
    Csv {
        /// Which separator.
        separator: char,
        /// How its characters are written.
        encoding: Encoding,
    },
}

impl SourceKind {
    /// The sheet's name; a CSV has none.
    pub fn sheet(&self) -> Option<&str> {
        match self {
            SourceKind::Xlsx { sheet } | SourceKind::Ods { sheet } => Some(sheet),
            SourceKind::Page { sheet } => Some(sheet.as_str()).filter(|it| !it.is_empty()),
            SourceKind::Csv { .. } => None,
        }
    }
}

/// How the characters of a CSV are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark.
    Utf8,
    /// UTF-16, little end first.
    Utf16Le,
    /// UTF-16, big end first.
    Utf16Be,
    /// Windows-1252, what Excel writes as "CSV" on a Peruvian Windows.
    Windows1252,
}

/// A list as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// Where it came from.
    pub source: SourceKind,
    /// Which sheet of its book it is, from 0, visible ones first.
    pub sheet: usize,
    /// One name per column, as written; the column's letter where there is none. Where titles stand in
    /// several rows, a name is what is above it and its own, as in `DOCUMENTO / NÚMERO`.
    pub headers: Vec<String>,
    /// Number of the last row that held the names, from 1; none in a list without header.
    pub header_row: Option<usize>,
    /// The rows above the list, those of the titles included, as they stand.
    pub above: Vec<Row>,
    /// The rows below the header that hold something.
    pub rows: Packed<Row>,
    /// How its columns look.
    pub looks: ListLooks,
    /// Rows whose cells were not under their titles, by their number.
    pub flaws: BTreeMap<u32, Flaw>,
    /// What the person should know of the reading, in their language.
    pub notes: Vec<String>,
}

impl Table {
    /// Letter and name of a column for messages: `C (RUC)`.
    pub fn column_label(&self, column: usize) -> String {
        let letter = column_letter(column);
        match self.headers.get(column) {
            Some(header) if !header.is_empty() && *header != letter => {
                format!("{letter} ({})", chaski_core::clean(header))
            }
            _ => letter,
        }
    }

    /// What was read: the name of the sheet or the kind of file.
    pub fn place(&self, lang: Lang) -> String {
        match (self.source.sheet(), &self.source) {
            (Some(sheet), _) => sheet.to_owned(),
            (None, SourceKind::Csv { .. }) => "CSV".to_owned(),
            _ => lang.pick("página web", "web page").to_owned(),
        }
    }
}

/// Stands between what is above a title and the title.
pub(super) const BELOW: &str = " / ";

/// A title without what is above it.
pub(super) fn own_title(title: &str) -> &str {
    title.rsplit(BELOW).next().unwrap_or(title)
}

/// The letters of a column counted from 0, as the spreadsheet shows them: 0 is `A`, 26 is `AA`.
///
/// ```
/// use chaski::sheets::column_letter;
/// assert_eq!([0, 25, 26, 16383].map(column_letter), ["A", "Z", "AA", "XFD"]);
/// ```
pub fn column_letter(column: usize) -> String {
    const LETTERS: &[u8; 26] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    let mut letters = Vec::new();
    let mut rest = column + 1;
    while rest > 0 {
        letters.push(char::from(LETTERS[(rest - 1) % 26]));
        rest = (rest - 1) / 26;
    }
    letters.iter().rev().collect()
}

/// The name of a cell as the spreadsheet shows it, from row and column counted from 0.
pub(super) fn cell_name(row: u32, column: usize) -> String {
    format!("{}{}", column_letter(column), u64::from(row) + 1)
}

/// The column, from 0, that such letters name; none if they are not one to three letters.
pub(crate) fn column_index(letters: &str) -> Option<usize> {
    let valid =
        (1..=3).contains(&letters.len()) && letters.bytes().all(|b| b.is_ascii_alphabetic());
    valid.then(|| {
        letters.bytes().fold(0, |sum, letter| {
            sum * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1
        }) - 1
    })
}
