//! Records of any kind as csv or xlsx, every value as text.

use std::io;

use csv::{Terminator, WriterBuilder};
use rust_xlsxwriter::{Format, Workbook};

use super::delimited::inert;
use super::io_error;
use crate::sheets::SheetError;

/// Comma, CRLF, UTF-8 with a byte order mark; nothing that a spreadsheet would run.
pub fn plain_csv(headings: &[String], rows: &[Vec<String>]) -> Result<Vec<u8>, SheetError> {
    let write = || -> io::Result<Vec<u8>> {
        let out = "\u{feff}".as_bytes().to_vec();
        let mut writer = WriterBuilder::new()
            .terminator(Terminator::CRLF)
            .from_writer(out);
        let mut scratch = String::new();
        for row in std::iter::once(headings).chain(rows.iter().map(Vec::as_slice)) {
            for value in row {
                writer.write_field(inert(value, &mut scratch))?;
            }
            writer.write_record(None::<&[u8]>)?;
        }
        writer
            .into_inner()
            .map_err(|error| io::Error::other(error.to_string()))
    };
    write().map_err(|error| SheetError::writing("-".as_ref(), error))
}

/// One sheet, headings bold and frozen, every value a text cell.
pub fn plain_xlsx(headings: &[String], rows: &[Vec<String>]) -> Result<Vec<u8>, SheetError> {
    let write = || -> Result<Vec<u8>, rust_xlsxwriter::XlsxError> {
        let mut workbook = Workbook::new();
        let sheet = workbook.add_worksheet();
        let bold = Format::new().set_bold();
        for (column, heading) in (0..).zip(headings) {
            sheet.write_string_with_format(0, column, heading, &bold)?;
        }
        for (line, row) in (1..).zip(rows) {
            for (column, value) in (0..).zip(row) {
                sheet.write_string(line, column, value)?;
            }
        }
        sheet.set_freeze_panes(1, 0)?;
        sheet.autofit();
        workbook.save_to_buffer()
    };
    write().map_err(|error| SheetError::writing("-".as_ref(), io_error(error)))
}
