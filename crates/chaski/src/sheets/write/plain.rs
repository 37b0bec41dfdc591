//! Records of any kind as csv or xlsx, every value as text where nothing else is wanted. Row by row, so
//! that whoever has many need not have them all at once.

use csv::{Terminator, Writer, WriterBuilder};
use jiff::civil::{Date, DateTime};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, Workbook, Worksheet, XlsxError};

use super::delimited::inert;
use super::io_error;
use crate::sheets::SheetError;

/// A whole csv; see [`PlainCsv`].
pub fn plain_csv(headings: &[String], rows: &[Vec<String>]) -> Result<Vec<u8>, SheetError> {
    let mut csv = PlainCsv::begin(headings)?;
    for row in rows {
        csv.row(row)?;
    }
    csv.end()
}

/// A value of a sheet that people calculate with.
#[derive(Debug, Clone, PartialEq)]
pub enum PlainValue {
    /// A text, whatever it looks like.
    Text(String),
    /// A number, shown as it is.
    Number(f64),
    /// A price, shown with three decimals.
    Price(Decimal),
    /// A day, shown as `27/11/2026`.
    Day(Date),
    /// A day and its hour, Lima.
    Hour(DateTime),
}

/// A whole xlsx of such values, none where a cell is empty; see [`PlainXlsx`].
pub fn valued_xlsx(
    headings: &[String],
    rows: &[Vec<Option<PlainValue>>],
) -> Result<Vec<u8>, SheetError> {
    let mut xlsx = PlainXlsx::begin(headings)?;
    let as_shown = |form: &str| Format::new().set_num_format(form);
    let forms = ["0.000", "dd/mm/yyyy", "dd/mm/yyyy hh:mm"].map(as_shown);
    for row in rows {
        xlsx.valued_row(row, &forms)?;
    }
    xlsx.end()
}

/// Comma, CRLF, UTF-8 with a byte order mark; nothing that a spreadsheet would run.
pub struct PlainCsv(Writer<Vec<u8>>);

impl PlainCsv {
    /// A csv with its headings.
    pub fn begin(headings: &[String]) -> Result<PlainCsv, SheetError> {
        let out = "\u{feff}".as_bytes().to_vec();
        let mut csv = PlainCsv(writer(out));
        csv.row(headings)?;
        Ok(csv)
    }

    /// The next row.
    pub fn row(&mut self, row: &[String]) -> Result<(), SheetError> {
        let mut scratch = String::new();
        for value in row {
            self.0.write_field(inert(value, &mut scratch))?;
        }
        Ok(self.0.write_record(None::<&[u8]>)?)
    }

    /// The bytes of the rows since the last call, for a caller that writes as it goes.
    pub fn written(&mut self) -> Result<Vec<u8>, SheetError> {
        let next = PlainCsv(writer(Vec::new()));
        std::mem::replace(self, next).end()
    }

    /// The bytes of the file.
    pub fn end(self) -> Result<Vec<u8>, SheetError> {
        let ended = self.0.into_inner();
        ended.map_err(|error| SheetError::writing("-".as_ref(), error.into_error()))
    }
}

fn writer(out: Vec<u8>) -> Writer<Vec<u8>> {
    WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(out)
}

/// Width of a column, in characters.
const WIDTH: u8 = 16;

/// One sheet, headings bold and frozen, the values text cells unless they are [`PlainValue`]s.
pub struct PlainXlsx {
    workbook: Workbook,
    /// Rows so far.
    rows: u32,
}

impl PlainXlsx {
    /// A workbook with its headings.
    pub fn begin(headings: &[String]) -> Result<PlainXlsx, SheetError> {
        let mut workbook = Workbook::new();
        // By this a file is known as ours, which may be replaced.
        workbook.set_properties(&DocProperties::new().set_author("Chaski"));
        // Rows go to a temporary file as they come: memory does not grow with them.
        let sheet = workbook.add_worksheet_with_constant_memory()?;
        sheet.set_name("Chaski")?;
        let bold = Format::new().set_bold();
        for (column, heading) in (0..).zip(headings) {
            sheet.set_column_width(column, f64::from(WIDTH))?;
            sheet.write_string_with_format(0, column, heading, &bold)?;
        }
        sheet.set_freeze_panes(1, 0)?;
        Ok(PlainXlsx { workbook, rows: 1 })
    }

    /// The next row.
    pub fn row(&mut self, row: &[String]) -> Result<(), SheetError> {
        let sheet = self.workbook.worksheet_from_index(0)?;
        let filled = (0..).zip(row).filter(|(_, value)| !value.is_empty());
        for (column, value) in filled {
            sheet.write_string(self.rows, column, value)?;
        }
        self.rows += 1;
        Ok(())
    }

    /// The next row, of values shown in the forms of a price, a day and an hour.
    fn valued_row(
        &mut self,
        row: &[Option<PlainValue>],
        [price, day, hour]: &[Format; 3],
    ) -> Result<(), SheetError> {
        let sheet = self.workbook.worksheet_from_index(0)?;
        let filled = (0..)
            .zip(row)
            .filter_map(|(at, value)| Some((at, value.as_ref()?)));
        for (column, value) in filled {
            let at = self.rows;
            match value {
                PlainValue::Text(text) => sheet.write_string(at, column, text)?,
                PlainValue::Number(number) => sheet.write_number(at, column, *number)?,
                PlainValue::Price(amount) => match amount.to_f64() {
                    Some(number) => sheet.write_number_with_format(at, column, number, price)?,
                    None => sheet.write_string(at, column, amount.to_string())?,
                },
                PlainValue::Day(date) => write_time(sheet, (at, column), &date.to_string(), day)?,
                PlainValue::Hour(time) => write_time(sheet, (at, column), &time.to_string(), hour)?,
            };
        }
        self.rows += 1;
        Ok(())
    }

    /// The bytes of the file.
    pub fn end(mut self) -> Result<Vec<u8>, SheetError> {
        Ok(self.workbook.save_to_buffer()?)
    }
}

/// A time as spreadsheets count it; before 1900 they cannot, and it stays a text.
fn write_time<'s>(
    sheet: &'s mut Worksheet,
    (row, column): (u32, u16),
    text: &str,
    form: &Format,
) -> Result<&'s mut Worksheet, XlsxError> {
    match ExcelDateTime::parse_from_str(text) {
        Ok(time) => sheet.write_datetime_with_format(row, column, &time, form),
        Err(_) => sheet.write_string(row, column, text),
    }
}

impl From<csv::Error> for SheetError {
    fn from(error: csv::Error) -> SheetError {
        SheetError::writing("-".as_ref(), error.into())
    }
}

impl From<XlsxError> for SheetError {
    fn from(error: XlsxError) -> SheetError {
        SheetError::writing("-".as_ref(), io_error(error))
    }
}
