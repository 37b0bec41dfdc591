//! Finds the row of titles of a list. Accountants put the company, a title and a date above it.

use super::align::align;
use super::found::SheetFound;
use super::identity::{
    holds_long_number, is_amount, is_identity, is_ruc, is_value, looks_numeric_identity,
};
use super::names::names_identity;
use super::table::{Cell, Row, SourceKind, Table, column_letter};
use super::titles::TitleRows;

/// How many filled rows are searched for the titles. Reports put their parameters above them.
const SEARCHED_ROWS: usize = 200;

/// How many rows below a row say whether it may be the titles.
const JUDGED_BELOW: usize = 20;

/// Splits the rows into titles and list. A list without titles is allowed: its columns are then
/// named by their letters. None if there is nothing below the titles.
pub(super) fn into_table(found: SheetFound) -> Option<Table> {
    let SheetFound {
        source,
        mut rows,
        mut cells,
        mut looks,
        ..
    } = found;
    let blank = |row: &Row| row.cells.iter().all(Cell::is_blank);
    let mut of_row = rows.iter();
    cells.retain(|_| of_row.next().is_none_or(|row| !blank(&row)));
    drop(of_row);
    rows.retain(|row| !blank(row));
    // Titles stand among the first rows.
    let beginning = rows.first();
    let titles =
        find_header(beginning).map(|index| TitleRows::around(index, beginning, looks.joined()));
    let first = titles.as_ref().map_or(0, |titles| titles.last + 1);
    let (above, mut list) = (rows.take_first(first), rows);
    if list.is_empty() {
        return None;
    }
    let title_cells = titles.as_ref().map(|titles| match cells.get(titles.last) {
        Some(cells) => usize::from(*cells),
        None => titles.width(&above),
    });
    let separator = match source {
        SourceKind::Csv { separator, .. } => Some(separator),
        _ => None,
    };
    let cells = cells.get(first..).unwrap_or_default();
    let flaws = align(&mut list, cells, title_cells, separator);
    let widest = list.iter().map(|row| row.cells.len()).max().unwrap_or(0);
    let width = titles
        .as_ref()
        .map_or(widest, |titles| widest.max(titles.width(&above)));
    let headers = (0..width)
        .map(|column| {
            let title = titles
                .as_ref()
                .map(|it| it.name(column, &above, looks.joined()));
            title
                .filter(|it| !it.is_empty())
                .unwrap_or_else(|| column_letter(column))
        })
        .collect();
    let header_row = titles.map(|titles| above[titles.last].number);
    looks.keep_joined_above(header_row.unwrap_or(0));
    Some(Table {
        source,
        sheet: 0,
        headers,
        header_row: header_row.map(|row| row as usize),
        above,
        rows: list,
        looks,
        flaws,
        notes: Vec::new(),
    })
}

/// The index of the row of titles: the fullest that names a column of RUCs (`RELACIÓN DE RUC`
/// alone above it is only a heading), else the fullest before the first value. A row of the list is
/// never taken for it, nor one that has rows of the list above.
fn find_header(rows: &[Row]) -> Option<usize> {
    let searched = &rows[..rows.len().min(SEARCHED_ROWS)];
    let seen: Vec<Vec<Identity>> = rows[..rows.len().min(SEARCHED_ROWS + JUDGED_BELOW + 1)]
        .iter()
        .map(identities)
        .collect();
    let named = fullest(searched.iter().enumerate().filter(|(index, row)| {
        is_title_row(row)
            && row.cells.iter().any(names_identity)
            && !has_list_above(rows, &seen, *index)
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
            .any(|cell| is_value(cell) || is_amount(cell) || is_code(cell));
        !has_values && has_title_of_list(rows, *index) && !has_list_above(rows, &seen, *index)
    });
    // Texts only, to the last row: nothing tells a title from a value.
    let index = fullest(before_values)?;
    let below = rows[index + 1..].iter().take(JUDGED_BELOW);
    below
        .flat_map(|row| row.cells.iter())
        .any(is_value)
        .then_some(index)
}

/// Digits alone, or so many that no title has them: a kind of document, a passport.
fn is_code(cell: &Cell) -> bool {
    let Cell::Text(text) = cell else {
        return false;
    };
    let digits = text.chars().filter(char::is_ascii_digit).count();
    digits >= 5 || (digits > 0 && digits == text.trim().len())
}

/// Where a row holds an identity, and whether it stands beside its label.
struct Identity {
    column: usize,
    labelled: bool,
}

fn identities(row: &Row) -> Vec<Identity> {
    let columns = 0..row.cells.len();
    columns
        .filter(|column| is_identity(row.cell(*column)))
        .map(|column| Identity {
            column,
            labelled: is_labelled(row, column),
        })
        .collect()
}

/// Whether a row above holds an identity in a column where rows below hold one in the same way. The
/// company's own RUC above the titles stands beside its label, in the same cell or the next one.
fn has_list_above(rows: &[Row], seen: &[Vec<Identity>], index: usize) -> bool {
    let last = seen.len().min(index + 1 + JUDGED_BELOW);
    let below = &seen[index + 1..last];
    let no_list_below = !rows[index + 1..last]
        .iter()
        .any(|row| row.cells.iter().any(is_value));
    let is_list = |above: &Identity| {
        let same = below.iter().flatten();
        let same = same.filter(|it| it.column == above.column);
        let (alike, other): (Vec<&Identity>, Vec<&Identity>) =
            same.partition(|it| it.labelled == above.labelled);
        no_list_below || (!alike.is_empty() && alike.len() >= other.len())
    };
    seen[..index].iter().flatten().any(is_list)
}

/// The company's own RUC with its label and little else.
fn is_own_line(row: &Row) -> bool {
    let filled = row.cells.iter().filter(|cell| !cell.is_blank()).count();
    filled <= 2
        && (0..row.cells.len())
            .any(|column| is_identity(row.cell(column)) && is_labelled(row, column))
}

fn is_labelled(row: &Row, column: usize) -> bool {
    let before = column.checked_sub(1).map(|before| row.cell(before));
    names_identity(row.cell(column)) || before.is_some_and(names_identity)
}

/// Whether a row of texts may be titles: it has one above the first identity below it.
fn has_title_of_list(rows: &[Row], index: usize) -> bool {
    let below = rows[index + 1..].iter().take(JUDGED_BELOW);
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
