//! Titles that stand in several rows, joined or not: `DOCUMENTO` over `TIPO` and `NÚMERO`, as SUNAT's
//! formats have them.

use chaski_core::fold;

use super::identity::{is_amount, is_identity, is_ruc, is_value};
use super::looks::JoinedCells;
use super::names::names_identity;
use super::table::{BELOW, Cell, Row};

/// Rows of titles beyond the one that was found, in either direction.
const MOST_MORE: usize = 4;

/// How many rows below say where the identities are.
const JUDGED_BELOW: usize = 20;

/// The rows of titles, by their place among the rows.
pub(super) struct TitleRows {
    first: usize,
    pub(super) last: usize,
}

impl TitleRows {
    /// The rows of titles of which one was found.
    pub(super) fn around(found: usize, rows: &[Row], joined: &[JoinedCells]) -> TitleRows {
        let mut titles = TitleRows {
            first: found,
            last: found,
        };
        while titles.last - found < MOST_MORE && titles.goes_on(rows, joined) {
            titles.last += 1;
        }
        while found - titles.first < MOST_MORE && titles.began_before(rows, joined) {
            titles.first -= 1;
        }
        titles
    }

    /// Whether the next row is one of titles: below cells that are joined, or words where the titles
    /// so far have nothing, and its own title above the identities.
    fn goes_on(&self, rows: &[Row], joined: &[JoinedCells]) -> bool {
        let Some(next) = rows.get(self.last + 1) else {
            return false;
        };
        let numbered = next.number == rows[self.last].number + 1 && is_numbering(next);
        if !numbered && !is_words(next) {
            return false;
        }
        // Something of the list has to be left.
        let below = &rows[self.last + 2..];
        if below.is_empty() {
            return false;
        }
        if numbered {
            return true;
        }
        let here = rows[self.last].number;
        let reaches_down =
            |it: &JoinedCells| it.covers(next.number, it.first_column) && it.first_row <= here;
        if joined.iter().any(reaches_down) {
            return true;
        }
        if next.number != here + 1 {
            return false;
        }
        let across = |column: usize| {
            let wide = |it: &JoinedCells| {
                it.covers(here, column) && it.last_column > it.first_column && it.last_row == here
            };
            joined.iter().any(wide)
        };
        let filled = |column: &usize| !next.cell(*column).is_blank();
        let mut columns = (0..next.cells.len()).filter(filled);
        // The number of a voucher may have as many digits as a DNI: a RUC says more.
        let mut identity = below.iter().take(JUDGED_BELOW).flat_map(|row| {
            let ruc = row.cells.iter().position(is_ruc);
            let at = ruc.or_else(|| row.cells.iter().position(is_identity));
            at.into_iter()
        });
        let Some(identity) = identity.next() else {
            return false;
        };
        let above = rows[self.last].cell(identity);
        let own = next.cell(identity);
        if across(identity) {
            return !own.is_blank();
        }
        let under_nothing = columns.any(|column| rows[self.last].cell(column).is_blank());
        under_nothing && !own.is_blank() && (above.is_blank() || names_number(own))
    }

    /// Whether the row before is one of titles: something of it is joined with what is below, or over
    /// several of its titles.
    fn began_before(&self, rows: &[Row], joined: &[JoinedCells]) -> bool {
        let Some(before) = self.first.checked_sub(1).map(|at| &rows[at]) else {
            return false;
        };
        let first = &rows[self.first];
        let filled = before.cells.iter().filter(|cell| !cell.is_blank()).count();
        if !is_words(before) || filled < 2 {
            return false;
        }
        let of_it = |it: &&JoinedCells| it.covers(before.number, it.first_column);
        let mut of_it = joined.iter().filter(of_it);
        // A heading over the whole list is none of its titles.
        let links = |it: &JoinedCells| it.last_row >= first.number || it.last_row == before.number;
        if of_it.any(links) {
            return true;
        }
        // Where nothing is joined: it has titles where those below have none.
        before.number + 1 == first.number
            && (0..before.cells.len())
                .any(|column| !before.cell(column).is_blank() && first.cell(column).is_blank())
    }

    /// How many columns have a title.
    pub(super) fn width(&self, rows: &[Row]) -> usize {
        let widths = rows[self.first..=self.last].iter();
        widths.map(|row| row.cells.len()).max().unwrap_or(0)
    }

    /// The name of a column: what is over its title, and its title.
    pub(super) fn name(&self, column: usize, rows: &[Row], joined: &[JoinedCells]) -> String {
        let mut names: Vec<String> = Vec::new();
        for row in rows[self.first..=self.last].iter().rev() {
            let own = title(row.cell(column));
            let over = joined
                .iter()
                .find(|it| it.first_row == row.number && it.covers(row.number, column))
                .map(|it| title(row.cell(it.first_column)));
            if is_numbering(row) {
                continue;
            }
            let name = if own.is_empty() {
                over.unwrap_or_default()
            } else {
                own
            };
            if !name.is_empty() && !names.contains(&name) {
                names.push(name);
            }
            // One step up says what the number is of; more would only be long.
            if names.len() == 2 {
                break;
            }
        }
        names.reverse();
        names.join(BELOW)
    }
}

/// The text of a cell as a title, as it was written.
pub(super) fn title(cell: &Cell) -> String {
    match cell {
        Cell::Empty => String::new(),
        Cell::Text(text) | Cell::Date(text) | Cell::Error(text) => text.trim().to_owned(),
        Cell::Number(number) => number.to_string(),
        Cell::Bool(value) => value.to_string(),
    }
}

fn is_words(row: &Row) -> bool {
    row.cells.iter().all(|cell| match cell {
        Cell::Text(text) => {
            cell.is_blank()
                || (text.contains(char::is_alphabetic) && !is_value(cell) && !is_amount(cell))
        }
        other => other.is_blank(),
    })
}

/// The numbers of the columns, as formats have them below their titles: `(1)`, `(2)`, `(3)`.
fn is_numbering(row: &Row) -> bool {
    let mut numbers = Vec::new();
    for cell in row.cells.iter().filter(|cell| !cell.is_blank()) {
        let number = match cell {
            Cell::Number(number) => Some(*number),
            Cell::Text(text) => {
                let bare = text.trim().trim_start_matches('(').trim_end_matches(')');
                bare.parse().ok()
            }
            _ => None,
        };
        match number {
            Some(number) => numbers.push(number),
            None => return false,
        }
    }
    let steps = numbers
        .windows(2)
        .all(|pair| (pair[1] - pair[0] - 1.0).abs() < 1e-9);
    numbers.len() >= 3 && numbers[0] <= 2.0 && steps
}

/// `NÚMERO`, `N°`, `NRO DOC`: the title of a number and no value.
fn names_number(cell: &Cell) -> bool {
    let Cell::Text(text) = cell else {
        return false;
    };
    let folded = fold(text);
    let mut words = folded.split(' ');
    names_identity(cell)
        || words.any(|word| matches!(word, "NUMERO" | "NUM" | "NRO" | "N" | "NO" | "CODIGO"))
}
