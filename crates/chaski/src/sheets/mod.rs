//! Spreadsheets in and out: a list with its damage comes in, the same list with a verdict on each
//! RUC goes out.
//!
//! In reading order: what is accepted ([`Limits`]), how it is read ([`read()`]), which column holds
//! the RUCs ([`find_column`]), what a damaged cell meant ([`repair()`]), and how the answer is
//! written ([`write_result_to`]).

mod align;
mod book;
mod choice;
mod column;
mod days;
mod error;
mod flaws;
mod found;
mod header;
mod identity;
mod limits;
mod looks;
mod names;
mod ours;
mod packed;
mod rates;
mod read;
mod repair;
mod result_columns;
mod result_kind;
mod rows;
mod table;
mod titles;
mod verdict;
mod vouchers;
mod write;

pub use book::{CellLook, RawSheet, SheetBook, SheetLooks, WantedSheets};
pub use column::{ColumnError, Sought, find_column};
pub(crate) use column::{holds_one_value, holds_rucs};
pub(crate) use days::day_of_serial;
pub use days::find_days;
pub(crate) use error::folder_of;
pub use error::{Excess, SheetError};
pub use flaws::{CellProblem, Repair};
pub use limits::{Limits, MOST_ROWS};
pub use looks::{JoinedCells, ListLooks, NumberForm};
pub use packed::Packed;
pub use rates::{RateReader, RateRow, RateVerdict, RateWord};
pub use read::{
    read, read_book, read_book_bytes, read_bytes, read_bytes_for, read_for, read_stored,
    read_stream,
};
pub use repair::{OtherDocument, Repaired, Subject, repair};
pub(crate) use result_columns::{RESULT_KINDS, result_titles};
pub(crate) use result_kind::plain_title;
pub use result_kind::{ColumnHolds, ResultColumn, ResultKind, ResultNames, ResultWord, RowSaid};
pub use rows::RowReader;
pub use table::{Cell, Encoding, Flaw, Row, SourceKind, Table, column_letter};
pub use verdict::{Aptitud, Summary, Verdict};
pub use vouchers::{
    ListedVoucher, VoucherColumns, VoucherPart, VoucherReader, VoucherRow, VoucherVerdict,
    VoucherWord, find_vouchers,
};
pub(crate) use write::{
    Destination, ReportSheet, ReportTable, ReviewMark, ReviewValue, ReviewedSheet, by_chaski,
    put_in_place, render_review, resolved, review_csv,
};
pub use write::{
    OutputFormat, PlainCsv, PlainValue, PlainXlsx, Verdicts, check_writable, plain_csv,
    render_result, valued_xlsx, write_atomically, write_result_to,
};
