//! A book as it was read for a form of several sheets: cells where they stood, without a guess at titles,
//! and what is needed to write them again as they looked.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::looks::NumberForm;
use super::table::{Row, SourceKind};

/// Which sheets of a book are wanted, by name. Names are compared folded: `chaski_core::fold`.
#[derive(Debug, Clone, Copy)]
pub struct WantedSheets<'w> {
    /// Names of the main sheet. Without a sheet of such a name it is the first with something in it.
    pub main: &'w [&'w str],
    /// Name of the sheet that goes with it.
    pub beside: &'w str,
    /// Sheets that are never the main one.
    pub never: &'w [&'w str],
}

/// The wanted sheets of a book.
#[derive(Debug, Clone)]
pub struct SheetBook {
    /// What the main sheet was read from.
    pub source: SourceKind,
    /// The main sheet.
    pub main: RawSheet,
    /// The one that goes with it.
    pub beside: Option<RawSheet>,
    /// Names of the sheets that were not read.
    pub others: Vec<String>,
}

/// A sheet: its rows where they stand, and how its cells look.
#[derive(Debug, Clone, Default)]
pub struct RawSheet {
    /// Its name; empty for a CSV.
    pub name: String,
    /// The rows that hold something, by their numbers.
    pub rows: Vec<Row>,
    /// How its cells look.
    pub looks: SheetLooks,
}

impl RawSheet {
    /// Columns up to the last one that holds something.
    pub fn width(&self) -> usize {
        let widths = self.rows.iter().map(|row| row.cells.len());
        widths.max().unwrap_or(0)
    }
}

/// How the cells of a sheet look, as far as the book says so and it can be written again: widths of
/// columns, formats of numbers, colours, bold, slanted.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SheetLooks {
    /// By column from 0, in characters.
    widths: HashMap<usize, f64>,
    /// By the number of a style.
    styles: Vec<CellLook>,
    /// By row, the styles of its filled cells.
    rows: Vec<(u32, Vec<u16>)>,
}

/// How a cell looks.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct CellLook {
    /// How its number is shown.
    pub number: NumberForm,
    /// Whether it is bold.
    pub bold: bool,
    /// Whether it is slanted.
    pub italic: bool,
    /// The colour of its text, red, green and blue in a byte each; none where nobody chose one.
    pub colour: Option<u32>,
    /// The same of its ground.
    pub fill: Option<u32>,
}

impl CellLook {
    /// Whether the cell shows a hundredth as one percent.
    pub fn is_percent(&self) -> bool {
        match &self.number {
            NumberForm::General => false,
            NumberForm::Index(index) => matches!(index, 9 | 10),
            NumberForm::Code(code) => code.contains('%'),
        }
    }
}

impl SheetLooks {
    /// The look of a cell, by the number of its row and its column from 0.
    pub fn of(&self, row: u32, column: usize) -> Option<&CellLook> {
        let place = self.rows.binary_search_by_key(&row, |(number, _)| *number);
        let (_, styles) = self.rows.get(place.ok()?)?;
        self.styles.get(usize::from(*styles.get(column)?))
    }

    /// The width of a column, where the book says so.
    pub fn width(&self, column: usize) -> Option<f64> {
        self.widths.get(&column).copied()
    }

    /// Whether a cell in which nothing stands is worth noting: it is coloured, in a row that has something.
    pub(super) fn shows_empty(&self, row: u32, style: usize, styles: &[CellLook]) -> bool {
        styles.get(style).is_some_and(|look| look.fill.is_some())
            && self.rows.last().is_some_and(|(number, _)| *number == row)
    }

    pub(super) fn set_styles(&mut self, styles: Vec<CellLook>) {
        self.styles = styles;
    }

    pub(super) fn set_width(&mut self, column: usize, width: f64) {
        self.widths.insert(column, width);
    }

    /// Notes the style of a filled cell.
    pub(super) fn note(&mut self, row: u32, column: usize, style: usize) {
        let style = u16::try_from(style).unwrap_or(0);
        match self.rows.last_mut() {
            Some((number, styles)) if *number == row => {
                styles.resize(column.max(styles.len()), 0);
                match styles.get_mut(column) {
                    Some(place) => *place = style,
                    None => styles.push(style),
                }
            }
            _ => {
                let mut styles = vec![0; column];
                styles.push(style);
                self.rows.push((row, styles));
            }
        }
    }

    pub(super) fn finish(&mut self) {
        self.rows.sort_by_key(|(number, _)| *number);
    }
}

impl WantedSheets<'_> {
    pub(super) fn is_main(&self, name: &str) -> bool {
        self.main.contains(&chaski_core::fold(name).as_str())
    }

    pub(super) fn is_beside(&self, name: &str) -> bool {
        self.beside == chaski_core::fold(name)
    }

    /// Whether it may be the main sheet where none has the name of one.
    pub(super) fn may_be_main(&self, name: &str) -> bool {
        let name = chaski_core::fold(name);
        self.beside != name && !self.never.contains(&name.as_str())
    }
}
