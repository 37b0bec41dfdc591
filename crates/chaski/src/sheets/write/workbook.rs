//! Writes the xlsx: the caller's columns as they were, ours beside them, and a summary.

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, Workbook,
    Worksheet, XlsxError,
};

use super::colours::aptitud_format;
use super::columns::{APTO, OURS, Output};
use super::summary;
use crate::sheets::{Aptitud, Cell, Summary};

/// Widths of our columns, in characters.
const OUR_WIDTHS: [u8; 13] = [15, 34, 14, 13, 25, 9, 14, 14, 22, 34, 40, 9, 17];

/// How many rows are looked at to choose the width and number format of a caller's column.
const JUDGED_ROWS: usize = 1000;

/// Excel's ceiling of a cell; a longer text makes it repair the file.
const CELL_CHARS: usize = 32_767;

pub(super) fn render(output: &Output<'_>, summary: &Summary) -> Result<Vec<u8>, XlsxError> {
    let mut book = Workbook::new();
    let created = summary.generated_at;
    let created = ExcelDateTime::from_ymd(
        u16::try_from(created.year()).unwrap_or(2026).max(1900),
        created.month().unsigned_abs(),
        created.day().unsigned_abs(),
    )?;
    let properties = DocProperties::new()
        .set_author("Chaski")
        .set_creation_datetime(&created);
    book.set_properties(&properties);
    // Rows go to a temporary file as they come: memory does not grow with the list.
    let sheet = book.add_worksheet_with_constant_memory()?;
    sheet.set_name(output.lang.pick("Resultado", "Result"))?;
    write_list(sheet, output)?;
    let sheet = book.add_worksheet();
    sheet.set_name(output.lang.pick("Resumen", "Summary"))?;
    summary::write_summary(sheet, output, summary)?;
    book.save_to_buffer()
}

fn write_list(sheet: &mut Worksheet, output: &Output<'_>) -> Result<(), XlsxError> {
    let formats = Formats::new();
    let width = output.table.headers.len();
    let theirs: Vec<ColumnLook> = (0..width).map(|column| look_of(output, column)).collect();
    let last_row = u32::try_from(output.table.rows.len()).unwrap_or(u32::MAX);
    let last_column = column_number(width + OURS.len() - 1);
    lay_out(sheet, &theirs, &formats, last_row, last_column)?;
    sheet.set_row_height(0, 32)?;
    for (column, title) in output.table.headers.iter().enumerate() {
        let column = column_number(column);
        sheet.write_string_with_format(0, column, title, &formats.their_title)?;
    }
    for (offset, title) in output.our_titles().iter().enumerate() {
        let column = column_number(width + offset);
        sheet.write_string_with_format(0, column, title, &formats.our_title)?;
    }
    for (index, row) in output.table.rows.iter().enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        for (column, cell) in row.cells.iter().take(width).enumerate() {
            write_cell(sheet, number, column_number(column), cell, &formats)?;
        }
        let verdict = output.next_verdict();
        for (offset, value) in output.values(&verdict).into_iter().enumerate() {
            let column = column_number(width + offset);
            if offset == APTO {
                let format = &formats.aptitudes[verdict.apto as usize];
                sheet.write_string_with_format(number, column, value, format)?;
            } else {
                write_text(sheet, number, column, value, &formats)?;
            }
        }
    }
    Ok(())
}

/// Everything that is said once of the sheet.
fn lay_out(
    sheet: &mut Worksheet,
    theirs: &[ColumnLook],
    formats: &Formats,
    last_row: u32,
    last_column: u16,
) -> Result<(), XlsxError> {
    // Formats go on the columns: looking one up for each cell is a fifth of the writing.
    for (column, look) in theirs.iter().enumerate() {
        let column = column_number(column);
        sheet.set_column_width(column, look.width)?;
        if let Some(numbers) = look.numbers {
            sheet.set_column_format(column, &Format::new().set_num_format(numbers))?;
        }
    }
    for (offset, width) in OUR_WIDTHS.into_iter().enumerate() {
        let column = column_number(theirs.len() + offset);
        sheet.set_column_width(column, f64::from(width))?;
        sheet.set_column_format(column, &formats.text)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    sheet.autofilter(0, 0, last_row, last_column)?;
    // A RUC as text is what is wanted here, not something to be warned of in green.
    sheet.ignore_error_range(0, 0, last_row, last_column, IgnoreError::NumberStoredAsText)?;
    sheet.set_landscape();
    sheet.set_paper_size(9); // A4
    sheet.set_print_fit_to_pages(1, 0);
    sheet.set_repeat_rows(0, 0)?;
    sheet.set_margins(0.25, 0.25, 0.4, 0.5, 0.2, 0.2);
    // Else the print grows by what overflows the last column.
    sheet.set_print_area(0, 0, last_row, last_column)?;
    sheet.set_footer("&L&F&C&A&R&P / &N");
    Ok(())
}

fn write_cell(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    cell: &Cell,
    formats: &Formats,
) -> Result<(), XlsxError> {
    match cell {
        Cell::Empty => {}
        Cell::Text(text) | Cell::Error(text) => write_text(sheet, row, column, text, formats)?,
        Cell::Number(value) => drop(sheet.write_number(row, column, *value)?),
        Cell::Bool(value) => drop(sheet.write_boolean(row, column, *value)?),
        Cell::Date(text) => match ExcelDateTime::parse_from_str(text) {
            Ok(date) => {
                let format = match (text.contains('-'), text.contains(':')) {
                    (true, true) => &formats.date_time,
                    (true, false) => &formats.date,
                    (false, _) => &formats.time,
                };
                sheet.write_datetime_with_format(row, column, &date, format)?;
            }
            Err(_) => write_text(sheet, row, column, text, formats)?,
        },
    }
    Ok(())
}

/// Writes a text as a text. One that a person could turn into a formula by editing the cell gets
/// the mark that keeps it a text.
fn write_text(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    text: &str,
    formats: &Formats,
) -> Result<(), XlsxError> {
    if text.is_empty() {
        return Ok(());
    }
    let fitting = fitting(text);
    if runs_when_edited(text) {
        sheet.write_string_with_format(row, column, fitting, &formats.quoted)?;
    } else {
        sheet.write_string(row, column, fitting)?;
    }
    Ok(())
}

/// Whether a person who edits the cell could turn the text into a formula.
pub(super) fn runs_when_edited(text: &str) -> bool {
    text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}

/// The text as far as a cell takes it.
pub(super) fn fitting(text: &str) -> &str {
    let cut = || text.char_indices().nth(CELL_CHARS);
    let cut = (text.len() > CELL_CHARS).then(cut).flatten();
    cut.map_or(text, |(end, _)| &text[..end])
}

pub(super) fn column_number(column: usize) -> u16 {
    u16::try_from(column).expect("columns are limited to a few hundred")
}

/// How a column of the caller is shown.
struct ColumnLook {
    width: f64,
    /// The format of its numbers, where Excel does not do well by itself. Those of the original are
    /// not kept, so the values decide.
    numbers: Option<&'static str>,
}

fn look_of(output: &Output<'_>, column: usize) -> ColumnLook {
    let title = output.table.headers[column].chars().count().min(20) + 4;
    let (mut long, mut cents, mut finer) = (false, false, false);
    let mut lengths: Vec<usize> = Vec::new();
    for row in output.table.rows.iter().take(JUDGED_ROWS) {
        match row.cell(column) {
            Cell::Number(number) => {
                long |= number.abs() >= 1e10;
                cents |= number.fract() != 0.0;
                finer |= ((number * 100.0).round() - number * 100.0).abs() > 1e-6;
                let digits = number.abs().max(1.0).log10().floor();
                lengths.push(if digits >= 7.0 { 12 } else { 8 });
            }
            Cell::Text(text) => {
                let line = text.lines().map(|line| line.chars().count()).max();
                lengths.push(line.unwrap_or(0));
            }
            Cell::Date(text) => lengths.push(text.len()),
            Cell::Empty | Cell::Bool(_) | Cell::Error(_) => {}
        }
    }
    let numbers = match (long, cents, finer) {
        // Amounts: some have decimals, none has more than two.
        (_, true, false) => Some("#,##0.00"),
        // As long as a RUC, which Excel would show as 2.01E+10 in a narrow column.
        (true, false, _) => Some("0"),
        _ => None,
    };
    // Wide enough for nineteen in twenty: one odd cell should not push the rest off the page.
    lengths.sort_unstable();
    let usual = lengths.get(lengths.len().saturating_sub(1) * 19 / 20);
    let width = title.max(usual.map_or(0, |length| length + 2)).clamp(6, 42);
    ColumnLook {
        width: f64::from(u8::try_from(width).unwrap_or(42)),
        numbers,
    }
}

/// The formats of the list, made once.
struct Formats {
    their_title: Format,
    our_title: Format,
    quoted: Format,
    text: Format,
    date: Format,
    date_time: Format,
    time: Format,
    aptitudes: [Format; 7],
}

impl Formats {
    fn new() -> Formats {
        let title = || {
            Format::new()
                .set_bold()
                .set_text_wrap()
                .set_align(FormatAlign::VerticalCenter)
                .set_border_bottom(FormatBorder::Thin)
        };
        Formats {
            their_title: title().set_background_color(Color::RGB(0x00DD_E3EA)),
            our_title: title()
                .set_background_color(Color::RGB(0x001F_3A5F))
                .set_font_color(Color::White),
            quoted: Format::new().set_quote_prefix(),
            text: Format::new().set_num_format("@"),
            date: Format::new().set_num_format("dd/mm/yyyy"),
            date_time: Format::new().set_num_format("dd/mm/yyyy hh:mm"),
            time: Format::new().set_num_format("hh:mm"),
            aptitudes: Aptitud::ALL.map(aptitud_format),
        }
    }
}
