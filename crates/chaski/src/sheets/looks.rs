//! How the columns of a list look, as far as the book says so and it can be written again.

use std::collections::BTreeMap;

use compact_str::CompactString;
use serde::{Deserialize, Serialize};

/// Changes of format that are kept of a list: a column whose format changes with every row is kept so
/// far, and no list takes more memory for its looks than for its cells.
const MOST_CHANGES: usize = 100_000;

/// Joined cells below this row, or more than so many, are not those of titles.
const MOST_JOINED_ROW: u32 = 300;
const MOST_JOINED: usize = 1_000;

/// Widths, hidden columns and formats of numbers of a list, and the cells that are joined above it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ListLooks {
    /// By column from 0, in characters.
    widths: BTreeMap<usize, f64>,
    /// Columns that are not shown.
    hidden: Vec<usize>,
    /// The formats that the columns name by their place.
    formats: Vec<NumberForm>,
    /// By column, from which row on its filled cells have which format.
    changes: Vec<Vec<(u32, u16)>>,
    changed: usize,
    /// Cells that are joined, above the list only.
    joined: Vec<JoinedCells>,
}

/// How a number is shown.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum NumberForm {
    /// As the program does by itself.
    #[default]
    General,
    /// One of Excel's own formats.
    Index(u8),
    /// A format of the book.
    Code(CompactString),
}

/// Cells that are shown as one: rows from 1, columns from 0, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct JoinedCells {
    /// The first row.
    pub first_row: u32,
    /// The first column.
    pub first_column: usize,
    /// The last row.
    pub last_row: u32,
    /// The last column.
    pub last_column: usize,
}

impl JoinedCells {
    /// Whether a cell is one of them.
    pub(super) fn covers(&self, row: u32, column: usize) -> bool {
        (self.first_row..=self.last_row).contains(&row)
            && (self.first_column..=self.last_column).contains(&column)
    }
}

impl ListLooks {
    /// The width of a column, where the book says so.
    pub fn width(&self, column: usize) -> Option<f64> {
        self.widths.get(&column).copied()
    }

    /// Whether a column is not shown.
    pub fn is_hidden(&self, column: usize) -> bool {
        self.hidden.contains(&column)
    }

    /// How the number of a filled cell is shown, by the number of its row.
    pub fn number(&self, row: u32, column: usize) -> Option<&NumberForm> {
        let changes = self.changes.get(column)?;
        let after = changes.partition_point(|(from, _)| *from <= row);
        let (_, format) = changes.get(after.checked_sub(1)?)?;
        self.formats.get(usize::from(*format))
    }

    /// The format that most of the given rows have in a column.
    pub(super) fn usual_number(
        &self,
        rows: impl Iterator<Item = u32>,
        column: usize,
    ) -> Option<&NumberForm> {
        let mut counts: Vec<(&NumberForm, usize)> = Vec::new();
        for row in rows {
            if let Some(format) = self.number(row, column) {
                match counts.iter_mut().find(|(known, _)| *known == format) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((format, 1)),
                }
            }
        }
        let most = counts.into_iter().max_by_key(|(_, count)| *count);
        most.map(|(format, _)| format)
    }

    /// The cells that are joined above the list.
    pub fn joined(&self) -> &[JoinedCells] {
        &self.joined
    }

    /// The same without some of the columns.
    pub(super) fn without_columns(&mut self, left_out: &[usize]) {
        let place = |column: usize| {
            let before = left_out.iter().filter(|out| **out < column).count();
            (!left_out.contains(&column)).then_some(column - before)
        };
        let widths = std::mem::take(&mut self.widths).into_iter();
        self.widths = widths
            .filter_map(|(column, width)| Some((place(column)?, width)))
            .collect();
        self.hidden = self.hidden.iter().filter_map(|it| place(*it)).collect();
        let mut column = 0;
        self.changes.retain(|_| {
            column += 1;
            place(column - 1).is_some()
        });
        // What spans them would have to be cut: titles of ours are in one cell each.
        self.joined
            .retain(|it| (it.first_column..=it.last_column).all(|at| place(at).is_some()));
        for joined in &mut self.joined {
            joined.first_column = place(joined.first_column).unwrap_or_default();
            joined.last_column = place(joined.last_column).unwrap_or_default();
        }
    }

    pub(super) fn set_width(&mut self, column: usize, width: f64) {
        self.widths.insert(column, width);
    }

    pub(super) fn hide(&mut self, column: usize) {
        if !self.is_hidden(column) {
            self.hidden.push(column);
        }
    }

    /// Notes the format of a filled cell; rows come in their order, or their formats are not kept.
    pub(super) fn note(&mut self, row: u32, column: usize, number: &NumberForm) {
        if column >= self.changes.len() {
            self.changes.resize(column + 1, Vec::new());
        }
        let changes = &mut self.changes[column];
        let known = changes.last();
        if known.is_none() && *number == NumberForm::General {
            return;
        }
        if known.is_some_and(|(from, at)| {
            *from > row || self.formats.get(usize::from(*at)) == Some(number)
        }) {
            return;
        }
        if self.changed == MOST_CHANGES {
            return;
        }
        let place = self.formats.iter().position(|known| known == number);
        let place = place.unwrap_or_else(|| {
            self.formats.push(number.clone());
            self.formats.len() - 1
        });
        let Ok(place) = u16::try_from(place) else {
            return;
        };
        changes.push((row, place));
        self.changed += 1;
    }

    /// Notes joined cells, of which only those of titles are of use: none far below, and not many.
    pub(super) fn join_above(&mut self, joined: JoinedCells) {
        if joined.last_row < MOST_JOINED_ROW && self.joined.len() < MOST_JOINED {
            self.joined.push(joined);
        }
    }

    /// Forgets the joined cells that reach beyond a row.
    pub(super) fn keep_joined_above(&mut self, last_row: u32) {
        self.joined.retain(|it| it.last_row <= last_row);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_by_row() {
        let (money, days) = (NumberForm::Code("#,##0.00".into()), NumberForm::Index(14));
        let mut looks = ListLooks::default();
        for (row, format) in [
            (2, &NumberForm::General),
            (3, &money),
            (4, &money),
            (6, &days),
        ] {
            looks.note(row, 1, format);
        }
        assert_eq!(looks.number(2, 1), None);
        assert_eq!(looks.number(5, 1), Some(&money));
        assert_eq!(looks.number(9, 1), Some(&days));
        assert_eq!(looks.number(9, 0), None);
        looks.without_columns(&[0]);
        assert_eq!(looks.number(3, 0), Some(&money));
    }
}
