//! Cuts text into rows and fields, and puts each field in the grid as soon as it ends.
//!
//! The csv crate keeps the ends of all fields of a record, so a file of 64 MiB of separators
//! alone would cost it 512 MiB; here a blank field costs nothing. Quotes are read as it and Excel
//! read them: they matter at the beginning of a field only, and two inside are one.

use super::grid::{Grid, cell_name};
use crate::sheets::{Limits, SheetError};

/// Where in the text the last byte was.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    FieldStart,
    Bare,
    Quoted,
    /// After a quote inside quotes: the end of them, or the first of two.
    QuoteInQuotes,
}

/// The state of the cutting between two pieces of text.
pub(super) struct Fields<'l> {
    limits: &'l Limits,
    separator: u8,
    place: Place,
    field: Vec<u8>,
    row: u32,
    column: usize,
    after_return: bool,
    skipped_rows: u32,
}

impl<'l> Fields<'l> {
    /// The first rows, so many, are counted and left out.
    pub(super) fn new(separator: u8, skipped_rows: u32, limits: &'l Limits) -> Fields<'l> {
        Fields {
            limits,
            separator,
            place: Place::FieldStart,
            field: Vec::with_capacity(256),
            row: 0,
            column: 0,
            after_return: false,
            skipped_rows,
        }
    }

    /// Takes the next piece of UTF-8; it may end anywhere, even inside a character.
    pub(super) fn feed(&mut self, piece: &[u8], grid: &mut Grid<'_>) -> Result<(), SheetError> {
        for &byte in piece {
            let after_return = std::mem::replace(&mut self.after_return, false);
            match (self.place, byte) {
                (Place::Quoted, b'"') => self.place = Place::QuoteInQuotes,
                (Place::Quoted, _) => self.push(byte)?,
                (Place::QuoteInQuotes, b'"') => {
                    self.place = Place::Quoted;
                    self.push(byte)?;
                }
                (Place::FieldStart, b'"') => self.place = Place::Quoted,
                (_, b'\n') if after_return => {}
                (_, b'\n' | b'\r') => {
                    self.end_row(grid)?;
                    self.after_return = byte == b'\r';
                }
                (_, byte) if byte == self.separator => {
                    self.end_field(grid)?;
                    self.column += 1;
                }
                (_, byte) => {
                    self.place = Place::Bare;
                    self.push(byte)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the last field, which may lack its line break.
    pub(super) fn finish(mut self, grid: &mut Grid<'_>) -> Result<(), SheetError> {
        self.end_field(grid)
    }

    fn push(&mut self, byte: u8) -> Result<(), SheetError> {
        if self.field.len() >= self.limits.cell_chars.saturating_mul(4) {
            return Err(SheetError::CellTooLong {
                cell: cell_name(self.row, self.column),
                limit: self.limits.cell_chars,
            });
        }
        self.field.push(byte);
        Ok(())
    }

    fn end_field(&mut self, grid: &mut Grid<'_>) -> Result<(), SheetError> {
        self.place = Place::FieldStart;
        if self.field.is_empty() {
            return Ok(());
        }
        if self.row >= self.skipped_rows {
            // The decoder gives valid UTF-8 only; nothing is lost here.
            let cell = grid.text(&String::from_utf8_lossy(&self.field));
            grid.put(self.row, self.column, cell)?;
        }
        self.field.clear();
        Ok(())
    }

    fn end_row(&mut self, grid: &mut Grid<'_>) -> Result<(), SheetError> {
        self.end_field(grid)?;
        self.row = self.row.saturating_add(1);
        self.column = 0;
        Ok(())
    }
}
