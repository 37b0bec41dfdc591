//! Finds the row of titles of a list. Accountants put the company, a title and a date above it.

use chaski_core::fold;

use super::SheetError;
use super::align::align;
use super::column::is_identity_header;
use super::found::SheetFound;
use super::identity::{Holds, holds, holds_long_number, looks_numeric_identity};
use super::table::{Cell, Row, SourceKind, Table, column_letter};

/// How many filled rows are searched for the titles.
const SEARCHED_ROWS: usize = 20;

/// Splits the rows into titles and list. A list without titles is allowed: its columns are then
/// named by their letters.
pub(super) fn into_table(found: SheetFound, notes: Vec<String>) -> Result<Table, SheetError> {
    let (source, mut rows, mut cells) = (found.source, found.rows, found.cells);
    let blank = |row: &Row| row.cells.iter().all(Cell::is_blank);
    let mut of_row = rows.iter();
    cells.retain(|_| of_row.next().is_none_or(|row| !blank(row)));
    rows.retain(|row| !blank(row));
    let header = find_header(&rows);
    let first = header.map_or(0, |index| index + 1);
    let mut list = rows.split_off(first);
    if list.is_empty() {
        return Err(SheetError::EmptySheet);
    }
    let titles = header.map(|index| &rows[index]);
    let title_cells = header.map(|index| match cells.get(index) {
        Some(cells) => usize::from(*cells),
        None => rows[index].cells.len(),
    });
    let separator = match source {
        SourceKind::Csv { separator, .. } => Some(separator),
        _ => None,
    };
    let cells = cells.get(first..).unwrap_or_default();
    let flaws = align(&mut list, cells, title_cells, separator);
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
        flaws,
        notes,
    })
}

/// The text of a cell as a title, as it was written.
fn title(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) | Cell::Date(text) | Cell::Error(text) => text.trim().to_owned(),
        Cell::Number(number) => number.to_string(),
        Cell::Bool(value) => value.to_string(),
    }
}

/// The index of the row of titles: the fullest that names a column of RUCs (`RELACIÓN DE RUC`
/// alone above it is only a heading), else the fullest before the first value. A row of the list is
/// never taken for it, nor one that has rows of the list above.
fn find_header(rows: &[Row]) -> Option<usize> {
    let searched = &rows[..rows.len().min(SEARCHED_ROWS)];
    let named = fullest(searched.iter().enumerate().filter(|(index, row)| {
        is_title_row(row) && row.cells.iter().any(names_identity) && !has_list_above(rows, *index)
    }));
    if named.is_some() {
        return named;
    }
    let before_values = searched.iter().enumerate().take_while(|(index, row)| {
        index + 1 < rows.len() && (is_own_line(row) || !row.cells.iter().any(is_value))
    });
    let before_values = before_values.filter(|(index, row)| {
        let has_values = row
            .cells
            .iter()
            .any(|cell| is_value(cell) || is_amount(cell));
        !has_values && has_title_of_list(rows, *index) && !has_list_above(rows, *index)
    });
    // Texts only, to the last row: nothing tells a title from a value.
    let index = fullest(before_values)?;
    let below = rows[index + 1..].iter().take(SEARCHED_ROWS);
    below
        .flat_map(|row| row.cells.iter())
        .any(is_value)
        .then_some(index)
}

/// Whether a row above holds an identity in a column where rows below hold one in the same way. The
/// company's own RUC above the titles stands beside its label, in the same cell or the next one.
fn has_list_above(rows: &[Row], index: usize) -> bool {
    let below = &rows[index + 1..rows.len().min(index + 1 + SEARCHED_ROWS)];
    let no_list_below = !below.iter().any(|row| row.cells.iter().any(is_value));
    rows[..index].iter().any(|above| {
        let alike = |column: usize| {
            let identities = below.iter().filter(|row| is_identity(row.cell(column)));
            let (alike, other): (Vec<&Row>, Vec<&Row>) =
                identities.partition(|row| is_labelled(row, column) == is_labelled(above, column));
            !alike.is_empty() && alike.len() >= other.len()
        };
        let is_list = |column| is_identity(above.cell(column)) && (no_list_below || alike(column));
        (0..above.cells.len()).any(is_list)
    })
}

/// The company's own RUC with its label and little else.
fn is_own_line(row: &Row) -> bool {
    let filled = row.cells.iter().filter(|cell| !cell.is_blank()).count();
    filled <= 2
        && (0..row.cells.len())
            .any(|column| is_identity(row.cell(column)) && is_labelled(row, column))
}

fn is_identity(cell: &Cell) -> bool {
    matches!(
        holds(cell),
        Holds::Ruc(_) | Holds::RucInside(_) | Holds::Dni(_)
    )
}

fn is_labelled(row: &Row, column: usize) -> bool {
    let before = column.checked_sub(1).map(|before| row.cell(before));
    names_identity(row.cell(column)) || before.is_some_and(names_identity)
}

/// Whether a row of texts may be titles: it has one above the first identity below it.
fn has_title_of_list(rows: &[Row], index: usize) -> bool {
    let below = rows[index + 1..].iter().take(SEARCHED_ROWS);
    let mut columns = below.flat_map(|row| {
        let at = row.cells.iter().position(is_identity);
        at.into_iter()
    });
    let words =
        |cell: &Cell| matches!(cell, Cell::Text(text) if text.contains(char::is_alphabetic));
    columns
        .next()
        .is_none_or(|column| words(rows[index].cell(column)))
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
        matches!(cell, Cell::Text(text) if looks_numeric_identity(text) || holds_long_number(text))
            || matches!(cell, Cell::Number(number) if *number >= 1e6)
            || is_ruc(cell)
    })
}

fn names_identity(cell: &Cell) -> bool {
    matches!(cell, Cell::Text(text) if text.chars().count() <= 60 && is_identity_header(&fold(text)))
}

/// A cell that no row of titles has.
fn is_value(cell: &Cell) -> bool {
    match cell {
        Cell::Number(_) | Cell::Date(_) | Cell::Bool(_) => true,
        Cell::Text(text) => looks_numeric_identity(text) || holds_long_number(text) || is_ruc(cell),
        Cell::Empty | Cell::Error(_) => false,
    }
}

/// An amount or a date as a text: digits with their signs and nothing else.
fn is_amount(cell: &Cell) -> bool {
    let Cell::Text(text) = cell else {
        return false;
    };
    let text = text.trim();
    let sign = |c: char| matches!(c, '.' | ',' | '/' | '-' | ':');
    text.contains(sign)
        && text.contains(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || sign(c))
}

/// A RUC, alone or among other words.
fn is_ruc(cell: &Cell) -> bool {
    matches!(holds(cell), Holds::Ruc(_) | Holds::RucInside(_))
}
