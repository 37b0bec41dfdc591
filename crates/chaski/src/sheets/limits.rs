//! How much of a spreadsheet is accepted: a file comes from anyone, so every size has a ceiling.

use super::table::cell_name;
use super::{Excess, SheetError};

/// Ceilings of one reading. All are checked while streaming, never after allocating.
///
/// The defaults, those of the command line, hold a list of 200,000 rows by 20 columns and keep the
/// growth of the process under about 320 MiB whatever the file says of itself. The gateway reads
/// for many at once and takes less.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the file as it lies on the disk: 64 MiB.
    pub file_bytes: u64,
    /// Bytes really unpacked from a workbook, all parts together: 512 MiB. What the archive
    /// declares is not looked at.
    pub unpacked_bytes: u64,
    /// Parts inside a workbook: 10,000.
    pub parts: usize,
    /// Bytes of one XML construct, a tag or a run of text: 1 MiB.
    pub markup_bytes: u64,
    /// Pieces of XML that bring no value, such as blank cells that are only formatted: 5,000,000.
    /// Without it a small file could keep the reader busy for a minute.
    pub idle_pieces: u64,
    /// Rows with something in them, of a workbook: 200,000.
    pub rows: usize,
    /// The same of a text with separators, which may have more than any workbook: 200,000.
    pub text_rows: usize,
    /// Columns, counted to the last one that holds something: 256 (up to `IV`).
    pub columns: usize,
    /// Cells kept, counting the blanks between two filled ones: 4,000,000.
    pub cells: usize,
    /// Characters of one cell: 32,767, Excel's own ceiling.
    pub cell_chars: usize,
    /// Bytes of all texts kept that do not fit inside their cell, and of the table of shared strings
    /// of an xlsx: 64 MiB.
    pub text_bytes: usize,
    /// Bytes of the list in memory, rows, cells and texts together: 256 MiB.
    pub list_bytes: usize,
}

const MIB: usize = 1024 * 1024;

/// Rows of a sheet of Excel.
pub const MOST_ROWS: usize = 1_048_576;

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            file_bytes: 64 * MIB as u64,
            unpacked_bytes: 512 * MIB as u64,
            parts: 10_000,
            markup_bytes: MIB as u64,
            idle_pieces: 5_000_000,
            rows: 200_000,
            text_rows: 200_000,
            columns: 256,
            cells: 4_000_000,
            cell_chars: 32_767,
            text_bytes: 64 * MIB,
            list_bytes: 256 * MIB,
        }
    }
}

impl Limits {
    /// Those of a list that a command reads for one person: as many rows as Excel has, and of a text as
    /// many as the file holds. What it takes in memory follows from the file.
    pub fn of_a_long_list() -> Limits {
        Limits {
            file_bytes: 1024 * MIB as u64,
            unpacked_bytes: 8 * 1024 * MIB as u64,
            rows: MOST_ROWS,
            text_rows: usize::MAX,
            cells: usize::MAX,
            text_bytes: 1024 * MIB,
            list_bytes: 4 * 1024 * MIB,
            ..Limits::default()
        }
    }

    /// Those of the largest list that the gateway takes: 200,000 rows by five short columns.
    pub fn of_the_gateway() -> Limits {
        Limits {
            text_bytes: 32 * MIB,
            list_bytes: 48 * MIB,
            ..Limits::default()
        }
    }

    /// Those of the lists that people usually have, of which several are read at once: 20,000 rows
    /// by ten short columns.
    pub fn of_a_small_list() -> Limits {
        Limits {
            text_bytes: 4 * MIB,
            list_bytes: 8 * MIB,
            ..Limits::default()
        }
    }

    /// What is said of a file beyond one of them.
    pub(super) fn beyond(&self, what: Excess) -> SheetError {
        let limit = match what {
            Excess::FileBytes => self.file_bytes,
            Excess::UnpackedBytes => self.unpacked_bytes,
            Excess::Parts => self.parts as u64,
            Excess::Markup => self.markup_bytes,
            Excess::Idle => self.idle_pieces,
            Excess::Text => self.text_bytes as u64,
            Excess::Memory => self.list_bytes as u64,
            Excess::Rows => self.rows as u64,
            Excess::Cells => self.cells as u64,
        };
        SheetError::TooLarge { what, limit }
    }

    /// The same of a cell beyond the last column, from row and column counted from 0.
    pub(super) fn too_wide(&self, row: u32, column: usize) -> SheetError {
        SheetError::TooWide {
            cell: cell_name(row, column),
            limit: self.columns,
        }
    }

    /// The same of the text of a cell.
    pub(super) fn too_long(&self, row: u32, column: usize) -> SheetError {
        SheetError::CellTooLong {
            cell: cell_name(row, column),
            limit: self.cell_chars,
        }
    }
}
