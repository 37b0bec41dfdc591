//! Cuts text into rows and fields, and puts each field in the grid as soon as it ends. A quote that
//! is not closed would take the rows below into one field: that is found and told.
//!
//! The csv crate keeps the ends of all fields of a record, so a file of 64 MiB of separators
//! alone would cost it 512 MiB; here a blank field costs nothing. Quotes are read as it and Excel
//! read them: they matter at the beginning of a field only, and two inside are one.

use super::grid::Grid;
use crate::sheets::{Limits, SheetError};

/// Where in the text the last byte was.
#[derive(Clone, Copy, PartialEq)]
enum Position {
    FieldStart,
    Bare,
    Quoted,
    /// After a quote inside quotes: the end of them, or the first of two.
    QuoteInQuotes,
}

/// The state of the cutting between two pieces of text.
pub(super) struct FieldSplitter<'l> {
    limits: &'l Limits,
    separator: u8,
    place: Position,
    field: Vec<u8>,
    row: u32,
    column: usize,
    after_return: bool,
    skipped_rows: u32,
    /// Where in the field its last line begins, once quotes hold a line break.
    last_line: Option<usize>,
    /// A field of this row holds a line break.
    broken: bool,
    /// One of its lines holds the separator too.
    suspect: bool,
    /// Separators of the last row without a line break in a field.
    usual: Option<usize>,
}

impl<'l> FieldSplitter<'l> {
    /// `skipped_rows` rows at the beginning are counted and left out.
    pub(super) fn new(separator: u8, skipped_rows: u32, limits: &'l Limits) -> FieldSplitter<'l> {
        FieldSplitter {
            limits,
            separator,
            place: Position::FieldStart,
            field: Vec::with_capacity(256),
            row: 0,
            column: 0,
            after_return: false,
            skipped_rows,
            last_line: None,
            broken: false,
            suspect: false,
            usual: None,
        }
    }

    /// Takes the next piece of UTF-8; it may end anywhere, even inside a character.
    pub(super) fn feed(&mut self, piece: &[u8], grid: &mut Grid<'_>) -> Result<(), SheetError> {
        for &byte in piece {
            let after_return = std::mem::replace(&mut self.after_return, false);
            match (self.place, byte) {
                (Position::Quoted, b'"') => self.place = Position::QuoteInQuotes,
                (Position::Quoted, _) => {
                    if matches!(byte, b'\n' | b'\r') {
                        self.end_quoted_line()?;
                    }
                    self.push(byte)?;
                }
                (Position::QuoteInQuotes, b'"') => {
                    self.place = Position::Quoted;
                    self.push(byte)?;
                }
                (Position::FieldStart, b'"') => self.place = Position::Quoted,
                (_, b'\n') if after_return => {}
                (_, b'\n' | b'\r') => {
                    self.end_row(grid)?;
                    self.after_return = byte == b'\r';
                }
                (_, byte) if byte == self.separator => {
                    self.end_field(grid)?;
                    self.column += 1;
                }
                // Quotes that end in the middle of a text below did not begin there.
                (Position::QuoteInQuotes, byte) if self.last_line.is_some() && byte != b' ' => {
                    return Err(self.unclosed());
                }
                (_, byte) => {
                    self.place = Position::Bare;
                    self.push(byte)?;
                }
            }
        }
        Ok(())
    }

    /// Ends the last field, which may lack its line break.
    pub(super) fn finish(mut self, grid: &mut Grid<'_>) -> Result<(), SheetError> {
        if self.place == Position::Quoted {
            return Err(self.unclosed());
        }
        self.end_row(grid)
    }

    /// A line ends inside quotes.
    fn end_quoted_line(&mut self) -> Result<(), SheetError> {
        self.judge_line(self.last_line)?;
        self.last_line = Some(self.field.len() + 1);
        self.broken = true;
        Ok(())
    }

    /// Whether what stands between two line breaks inside quotes is a row of the list: a RUC between
    /// separators, or other digits in a line with as many separators as the rows have.
    fn judge_line(&mut self, began: Option<usize>) -> Result<(), SheetError> {
        let (start, before) = match began {
            Some(start) => (start.min(self.field.len()), 0),
            None => (0, self.column),
        };
        let line = &self.field[start..];
        let separators = line.split(|byte| *byte == self.separator).count() - 1;
        if separators == 0 {
            return Ok(());
        }
        self.suspect = true;
        let as_many = self.usual.is_some_and(|usual| before + separators >= usual);
        let mut pieces = line.split(|byte| *byte == self.separator);
        if pieces.any(|piece| is_ruc(piece) || (as_many && is_number(piece))) {
            return Err(self.unclosed());
        }
        Ok(())
    }

    fn unclosed(&self) -> SheetError {
        SheetError::UnclosedQuote {
            row: self.row.saturating_add(1),
        }
    }

    fn push(&mut self, byte: u8) -> Result<(), SheetError> {
        if self.field.len() >= self.limits.cell_chars.saturating_mul(4) {
            return Err(self.limits.too_long(self.row, self.column));
        }
        self.field.push(byte);
        Ok(())
    }

    fn end_field(&mut self, grid: &mut Grid<'_>) -> Result<(), SheetError> {
        self.place = Position::FieldStart;
        if self.field.is_empty() {
            return Ok(());
        }
        if let Some(began) = self.last_line.take() {
            self.judge_line(Some(began))?;
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
        let short = self.usual.is_some_and(|usual| self.column < usual);
        match (self.broken, self.suspect) {
            (false, _) => self.usual = Some(self.column),
            (true, true) if short => return Err(self.unclosed()),
            _ => {}
        }
        (self.broken, self.suspect) = (false, false);
        grid.end_row(self.row, self.column + 1);
        self.row = self.row.saturating_add(1);
        self.column = 0;
        Ok(())
    }
}

/// Eleven digits with a RUC's prefix and next to nothing else.
fn is_ruc(piece: &[u8]) -> bool {
    let digits: Vec<u8> = piece.iter().copied().filter(u8::is_ascii_digit).collect();
    let others = piece
        .iter()
        .filter(|byte| byte.is_ascii_alphabetic())
        .count();
    digits.len() == 11
        && others <= 3
        && matches!(&digits[..2], b"10" | b"15" | b"16" | b"17" | b"20")
}

/// Digits as many as an identity has, damaged or not.
fn is_number(piece: &[u8]) -> bool {
    let digits = piece.iter().filter(|byte| byte.is_ascii_digit()).count();
    (7..=15).contains(&digits) && !piece.iter().any(u8::is_ascii_alphabetic)
}
