//! Where every reader puts its cells: the ceilings of size are enforced here, once.

use crate::sheets::found::SheetFound;
use crate::sheets::looks::ListLooks;
use crate::sheets::packed::Packed;
use crate::sheets::table::{Cell, Row, SourceKind, cell_name};
use crate::sheets::{Excess, Limits, SheetError};

/// Row numbers of a workbook end here, sixteen times Excel's last one and the last of `LibreOffice`; a
/// filled cell beyond is a file that lies about its rows.
const LAST_ROW: u32 = 16_777_216;

/// The rows of one sheet while they are being read.
pub(super) struct Grid<'l> {
    pub(super) limits: &'l Limits,
    most_rows: usize,
    last_row: u32,
    rows: Packed<Row>,
    /// Cells of each row, blank ones too, where the reader says so.
    widths: Vec<u16>,
    current_width: u16,
    current: Vec<Cell>,
    current_number: u32,
    in_order: bool,
    cells: usize,
    text_bytes: usize,
    list_bytes: usize,
    /// Control characters left out of texts.
    dropped: usize,
    unsaved: usize,
}

impl<'l> Grid<'l> {
    pub(super) fn new(limits: &'l Limits) -> Grid<'l> {
        Grid {
            limits,
            most_rows: limits.rows,
            last_row: LAST_ROW,
            rows: Packed::default(),
            widths: Vec::new(),
            current_width: 0,
            current: Vec::new(),
            current_number: 0,
            in_order: true,
            cells: 0,
            text_bytes: 0,
            list_bytes: 0,
            dropped: 0,
            unsaved: 0,
        }
    }

    /// The same for a text, whose rows are all there.
    pub(super) fn of_text(limits: &'l Limits) -> Grid<'l> {
        Grid {
            most_rows: limits.text_rows,
            last_row: u32::MAX,
            ..Grid::new(limits)
        }
    }

    /// Puts a value at row and column counted from 0.
    pub(super) fn put(&mut self, row: u32, column: usize, cell: Cell) -> Result<(), SheetError> {
        if matches!(cell, Cell::Empty) {
            return Ok(());
        }
        if row >= self.last_row {
            return Err(self.limits.beyond(Excess::Rows));
        }
        let number = row + 1;
        if number != self.current_number {
            self.finish_row()?;
            self.in_order &= number > self.current_number;
            self.current_number = number;
        }
        if column >= self.limits.columns {
            return Err(self.limits.too_wide(row, column));
        }
        self.count_text(row, column, &cell)?;
        self.unsaved += usize::from(cell.is_unsaved());
        if column >= self.current.len() {
            self.current.resize(column + 1, Cell::Empty);
        }
        let place = &mut self.current[column];
        // Two values in one place: whichever is kept, the other would be lost without a word.
        if !matches!(place, Cell::Empty) {
            return Err(SheetError::Corrupt {
                place: cell_name(row, column),
            });
        }
        *place = cell;
        Ok(())
    }

    /// Says how many cells a row has, blank ones at its end too.
    pub(super) fn end_row(&mut self, row: u32, cells: usize) {
        if row.checked_add(1) == Some(self.current_number) && !self.current.is_empty() {
            self.current_width = u16::try_from(cells).unwrap_or(u16::MAX);
        }
    }

    /// A text without its control characters; line breaks and tabs stay.
    pub(super) fn text(&mut self, text: &str) -> Cell {
        let unwanted = |c: char| c.is_control() && c != '\n' && c != '\t';
        if !text.contains(unwanted) {
            return Cell::text(text);
        }
        let kept = text.replace("\r\n", "\n").replace('\r', "\n");
        let clean: String = kept.chars().filter(|c| !unwanted(*c)).collect();
        self.dropped += kept.chars().count() - clean.chars().count();
        Cell::text(&clean)
    }

    /// The rows in the order of their numbers.
    pub(super) fn into_rows(mut self) -> Result<Vec<Row>, SheetError> {
        self.end()?;
        Ok(self.rows.into_vec())
    }

    fn end(&mut self) -> Result<(), SheetError> {
        self.finish_row()?;
        if !self.in_order {
            let mut rows = std::mem::take(&mut self.rows).into_vec();
            rows.sort_by_key(|row| row.number);
            self.rows = rows.into_iter().collect();
        }
        Ok(())
    }

    /// The rows in the order of their numbers; none if nothing was put.
    pub(super) fn found(mut self, source: SourceKind) -> Result<Option<SheetFound>, SheetError> {
        self.end()?;
        let found = SheetFound {
            source,
            rows: self.rows,
            cells: self.widths,
            dropped: self.dropped,
            unsaved: self.unsaved,
            looks: ListLooks::default(),
        };
        Ok(Some(found).filter(|found| !found.rows.is_empty()))
    }

    fn finish_row(&mut self) -> Result<(), SheetError> {
        if self.current.is_empty() {
            return Ok(());
        }
        if self.rows.len() == self.most_rows {
            return Err(self.limits.beyond(Excess::Rows));
        }
        self.cells += self.current.len();
        if self.cells > self.limits.cells {
            return Err(self.limits.beyond(Excess::Cells));
        }
        self.list_bytes += size_of::<Row>() + self.current.len() * size_of::<Cell>();
        if self.list_bytes + self.text_bytes > self.limits.list_bytes {
            return Err(self.limits.beyond(Excess::Memory));
        }
        self.rows.push(Row {
            number: self.current_number,
            cells: self.current.drain(..).collect(),
        });
        if self.current_width > 0 {
            self.widths.push(std::mem::take(&mut self.current_width));
        }
        Ok(())
    }

    fn count_text(&mut self, row: u32, column: usize, cell: &Cell) -> Result<(), SheetError> {
        let (Cell::Text(text) | Cell::Date(text) | Cell::Error(text)) = cell else {
            return Ok(());
        };
        // Bytes bound characters from above, so the common case counts nothing.
        if text.len() > self.limits.cell_chars && text.chars().count() > self.limits.cell_chars {
            return Err(self.limits.too_long(row, column));
        }
        if text.is_heap_allocated() {
            self.text_bytes += text.len();
        }
        if self.text_bytes > self.limits.text_bytes {
            return Err(self.limits.beyond(Excess::Text));
        }
        Ok(())
    }
}
