//! Reads the tables of a web page that is named like a workbook, one below the other, as Excel lays
//! them out.

use std::io::{self, Read};

use html5gum::emitters::default::{DefaultEmitter, StartTag, Token};
use html5gum::{IoReader, Tokenizer};

use super::delimited::unreadable;
use super::grid::Grid;
use crate::sheets::found::SheetFound;
use crate::sheets::looks::{JoinedCells, ListLooks};
use crate::sheets::table::{Cell, SourceKind};
use crate::sheets::{Excess, Limits, SheetError};

/// What a page holds, as UTF-8; none if nothing.
pub(super) fn read_html(
    source: impl Read,
    sheet: &str,
    limits: &Limits,
) -> Result<Option<SheetFound>, SheetError> {
    let mut page = HtmlPage::new(limits);
    let bounded = Bounded {
        source,
        run: 0,
        most: limits.markup_bytes,
    };
    let mut emitter = DefaultEmitter::default();
    emitter.naively_switch_states(true);
    for token in Tokenizer::new_with_emitter(IoReader::new(bounded), emitter) {
        let token = token.map_err(|error| match error.kind() {
            io::ErrorKind::InvalidData => limits.beyond(Excess::Markup),
            _ => unreadable(error),
        })?;
        page.take(token)?;
    }
    page.end_row()?;
    page.end_line()?;
    let (looks, has_table) = (page.looks, page.has_table);
    let sheet = sheet.to_owned();
    let found = page.grid.found(SourceKind::Page { sheet })?;
    let found = found.map(|found| SheetFound { looks, ..found });
    Ok(found.filter(|_| has_table))
}

/// Refuses a tag or a text out of all proportion before it is held.
struct Bounded<R> {
    source: R,
    run: u64,
    most: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, target: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(target)?;
        let read = &target[..count];
        match read.iter().rposition(|byte| *byte == b'<') {
            Some(at) => self.run = (count - at) as u64,
            None => self.run += count as u64,
        }
        if self.run > self.most {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(count)
    }
}

/// The page being laid out.
struct HtmlPage<'l> {
    grid: Grid<'l>,
    looks: ListLooks,
    limits: &'l Limits,
    row: u32,
    column: usize,
    /// Whether the row has a cell.
    begun: bool,
    cell: Option<OpenCell>,
    /// By column, in how many rows from this one on a cell from above lies.
    spanned: Vec<u32>,
    /// Text outside of tables.
    line: String,
    has_table: bool,
    tables: usize,
    /// Inside something that is not shown.
    hidden: Option<Vec<u8>>,
}

struct OpenCell {
    text: String,
    across: usize,
    down: u32,
    /// The number that Excel put beside what is shown.
    number: Option<f64>,
}

impl<'l> HtmlPage<'l> {
    fn new(limits: &'l Limits) -> HtmlPage<'l> {
        HtmlPage {
            grid: Grid::new(limits),
            looks: ListLooks::default(),
            limits,
            row: 0,
            column: 0,
            begun: false,
            cell: None,
            spanned: Vec::new(),
            line: String::new(),
            has_table: false,
            tables: 0,
            hidden: None,
        }
    }

    fn take(&mut self, token: Token) -> Result<(), SheetError> {
        match token {
            Token::StartTag(tag) => self.open(&tag),
            Token::EndTag(tag) => self.close(&tag.name),
            Token::String(text) if self.hidden.is_none() => {
                self.text(&String::from_utf8_lossy(&text.value))
            }
            _ => Ok(()),
        }
    }

    fn open(&mut self, tag: &StartTag<()>) -> Result<(), SheetError> {
        let name: &[u8] = &tag.name;
        match name {
            _ if self.hidden.is_some() => {}
            b"script" | b"style" | b"title" | b"xml" if !tag.self_closing => {
                self.hidden = Some(name.to_vec());
            }
            b"table" => {
                self.end_row()?;
                self.end_line()?;
                self.spanned.clear();
                self.has_table = true;
                self.tables += 1;
            }
            b"tr" => {
                self.end_row()?;
                self.end_line()?;
            }
            b"td" | b"th" if self.tables > 0 => {
                self.end_cell()?;
                while self.spanned.get(self.column).is_some_and(|rows| *rows > 0) {
                    self.column += 1;
                }
                let number = |name: &[u8]| -> Option<f64> {
                    let value = tag.attributes.get(name)?;
                    std::str::from_utf8(&value.value).ok()?.trim().parse().ok()
                };
                let span = |name: &[u8]| number(name).unwrap_or(1.0).clamp(1.0, 10_000.0);
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "between 1 and 10,000"
                )]
                let (across, down) = (span(b"colspan") as usize, span(b"rowspan") as u32);
                self.begun = true;
                self.cell = Some(OpenCell {
                    text: String::new(),
                    across,
                    down,
                    number: number(b"x:num"),
                });
            }
            b"br" => self.break_line()?,
            _ => {}
        }
        Ok(())
    }

    fn close(&mut self, name: &[u8]) -> Result<(), SheetError> {
        if let Some(hidden) = &self.hidden {
            if hidden == name {
                self.hidden = None;
            }
            return Ok(());
        }
        match name {
            b"td" | b"th" => self.end_cell(),
            b"tr" => self.end_row(),
            b"table" => {
                self.end_row()?;
                self.spanned.clear();
                self.tables = self.tables.saturating_sub(1);
                Ok(())
            }
            b"p" | b"div" | b"li" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6" | b"caption"
            | b"body" => self.break_line(),
            _ => Ok(()),
        }
    }

    /// A line ends, in a cell or outside of all.
    fn break_line(&mut self) -> Result<(), SheetError> {
        match &mut self.cell {
            Some(cell) => {
                cell.text.push('\n');
                Ok(())
            }
            None => self.end_line(),
        }
    }

    /// Adds text; blanks of the page are one blank.
    fn text(&mut self, text: &str) -> Result<(), SheetError> {
        let target = match &mut self.cell {
            Some(cell) => &mut cell.text,
            None => &mut self.line,
        };
        for c in text.chars() {
            let is_layout = matches!(c, ' ' | '\t' | '\r' | '\n');
            if !is_layout {
                target.push(c);
            } else if !target.is_empty() && !target.ends_with([' ', '\n']) {
                target.push(' ');
            }
        }
        if target.len() > self.limits.cell_chars * 4 {
            return Err(self.limits.too_long(self.row, self.column));
        }
        Ok(())
    }

    fn end_cell(&mut self) -> Result<(), SheetError> {
        let Some(cell) = self.cell.take() else {
            return Ok(());
        };
        let (row, column) = (self.row, self.column);
        let value = match cell.number {
            Some(number) => Cell::Number(number),
            None => self.grid.text(cell.text.trim()),
        };
        self.grid.put(row, column, value)?;
        let last_column = column.saturating_add(cell.across - 1);
        if cell.across > 1 || cell.down > 1 {
            self.looks.join_above(JoinedCells {
                first_row: row.saturating_add(1),
                first_column: column,
                last_row: row.saturating_add(cell.down),
                last_column,
            });
        }
        if cell.down > 1 {
            let last = last_column.min(self.limits.columns);
            if last >= self.spanned.len() {
                self.spanned.resize(last + 1, 0);
            }
            for rows in &mut self.spanned[column.min(last)..=last] {
                *rows = cell.down;
            }
        }
        self.column = last_column.saturating_add(1);
        Ok(())
    }

    fn end_row(&mut self) -> Result<(), SheetError> {
        self.end_cell()?;
        if std::mem::take(&mut self.begun) {
            self.row = self.row.saturating_add(1);
            for rows in &mut self.spanned {
                *rows = rows.saturating_sub(1);
            }
        }
        self.column = 0;
        Ok(())
    }

    /// What stands outside of tables has a row of its own.
    fn end_line(&mut self) -> Result<(), SheetError> {
        let line = std::mem::take(&mut self.line);
        if line.trim().is_empty() {
            return Ok(());
        }
        let cell = self.grid.text(line.trim());
        self.grid.put(self.row, 0, cell)?;
        self.row = self.row.saturating_add(1);
        Ok(())
    }
}
