//! Finds the row of titles of a list. Accountants put the company, a title and a date above it.

use chaski_core::{clean, fold};

use super::SheetError;
use super::column::{is_identity_header, looks_numeric_identity};
use super::table::{Cell, Row, SourceKind, Table, column_letter};

/// How many filled rows are searched for the titles.
const SEARCHED_ROWS: usize = 20;

/// Splits the rows into titles and list. A list without titles is allowed: its columns are then
/// named by their letters.
pub(super) fn into_table(
    source: SourceKind,
    mut rows: Vec<Row>,
    notes: Vec<String>,
) -> Result<Table, SheetError> {
    rows.retain(|row| !row.cells.iter().all(Cell::is_blank));
    let header = find_header(&rows);
    let list = rows.split_off(header.map_or(0, |index| index + 1));
    if list.is_empty() {
        return Err(SheetError::EmptySheet);
    }
    let titles = header.map(|index| &rows[index]);
    let width = list
        .iter()
        .chain(titles)
        .map(|row| row.cells.len())
        .max()
        .unwrap_or(0);
    let headers = (0..width)
        .map(|column| match titles.map(|row| title(row.cell(column))) {
            Some(title) if !title.is_empty() => title,
            _ => column_letter(column),
        })
        .collect();
    Ok(Table {
        source,
        headers,
        header_row: titles.map(|row| row.number as usize),
        rows: list,
        notes,
    })
}

/// The text of a cell as a title.
fn title(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) | Cell::Date(text) | Cell::Error(text) => clean(text),
        Cell::Number(number) => number.to_string(),
        Cell::Bool(value) => value.to_string(),
    }
}

/// The index of the row of titles: the fullest that names a column of RUCs (`RELACIÓN DE RUC`
/// alone above it is only a heading), else the fullest before the first value.
fn find_header(rows: &[Row]) -> Option<usize> {
    let searched = &rows[..rows.len().min(SEARCHED_ROWS)];
    let named = fullest(
        searched
            .iter()
            .enumerate()
            .filter(|(_, row)| is_title_row(row) && row.cells.iter().any(names_identity)),
    );
    if named.is_some() {
        return named;
    }
    let before_values = searched
        .iter()
        .enumerate()
        .take_while(|(index, row)| index + 1 < rows.len() && !row.cells.iter().any(is_value));
    // Texts only, to the last row: nothing tells a title from a value.
    let index = fullest(before_values)?;
    let below = rows[index + 1..].iter().take(SEARCHED_ROWS);
    below
        .flat_map(|row| row.cells.iter())
        .any(is_value)
        .then_some(index)
}

/// The row with most filled cells; the first of them if several have as many.
fn fullest<'r>(rows: impl Iterator<Item = (usize, &'r Row)>) -> Option<usize> {
    let filled = |row: &Row| row.cells.iter().filter(|cell| !cell.is_blank()).count();
    rows.map(|(index, row)| (filled(row), std::cmp::Reverse(index)))
        .max()
        .map(|(_, index)| index.0)
}

fn is_title_row(row: &Row) -> bool {
    !row.cells.iter().any(|cell| {
        matches!(cell, Cell::Text(text) if looks_numeric_identity(text))
            || matches!(cell, Cell::Number(number) if *number >= 1e6)
    })
}

fn names_identity(cell: &Cell) -> bool {
    matches!(cell, Cell::Text(text) if text.chars().count() <= 60 && is_identity_header(&fold(text)))
}

/// A cell that no row of titles has.
fn is_value(cell: &Cell) -> bool {
    match cell {
        Cell::Number(_) | Cell::Date(_) | Cell::Bool(_) => true,
        Cell::Text(text) => looks_numeric_identity(text),
        Cell::Empty | Cell::Error(_) => false,
    }
}
