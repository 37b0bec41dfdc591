//! Writes the xlsx: the caller's columns as they were, ours beside them, and a summary.

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, Workbook,
    Worksheet, XlsxError,
};

use super::columns::{APTO, OURS, Output};
use super::summary;
use crate::sheets::{Aptitud, Cell, Summary};

/// Widths of our columns, in characters.
const OUR_WIDTHS: [u8; 13] = [14, 38, 14, 14, 24, 9, 15, 15, 20, 40, 46, 12, 20];

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
    lay_out(sheet, &theirs, last_row, last_column)?;
    sheet.set_row_height(0, 32)?;
    for (column, title) in output.table.headers.iter().enumerate() {
        write_text(
            sheet,
            0,
            column,
            title,
            &formats.their_title,
            &formats.their_title,
        )?;
    }
    for (offset, title) in output.our_titles().iter().enumerate() {
        sheet.write_string_with_format(
            0,
            column_number(width + offset),
            title,
            &formats.our_title,
        )?;
    }
    for (index, row) in output.table.rows.iter().enumerate() {
        let number = u32::try_from(index + 1).unwrap_or(u32::MAX);
        for (column, cell) in row.cells.iter().enumerate() {
            write_cell(sheet, number, column, cell, &theirs[column], &formats)?;
        }
        let verdict = output.verdict(index);
        for (offset, value) in output.values(verdict).into_iter().enumerate() {
            let column = width + offset;
            if offset == APTO {
                let format = &formats.aptitudes[verdict.apto as usize];
                sheet.write_string_with_format(number, column_number(column), value, format)?;
            } else {
                write_text(sheet, number, column, value, &formats.text, &formats.quoted)?;
            }
        }
    }
    Ok(())
}

/// Everything that is said once of the sheet.
fn lay_out(
    sheet: &mut Worksheet,
    theirs: &[ColumnLook],
    last_row: u32,
    last_column: u16,
) -> Result<(), XlsxError> {
    let ours = OUR_WIDTHS.iter().map(|width| f64::from(*width));
    let widths = theirs.iter().map(|look| look.width).chain(ours);
    for (column, width) in widths.enumerate() {
        sheet.set_column_width(column_number(column), width)?;
    }
    sheet.set_freeze_panes(1, 0)?;
    sheet.autofilter(0, 0, last_row, last_column)?;
    // A RUC as text is what is wanted here, not something to be warned of in green.
    sheet.ignore_error_range(0, 0, last_row, last_column, IgnoreError::NumberStoredAsText)?;
    sheet.set_landscape();
    sheet.set_paper_size(9); // A4
    sheet.set_print_fit_to_pages(1, 0);
    sheet.set_repeat_rows(0, 0)?;
    sheet.set_margins(0.3, 0.3, 0.5, 0.5, 0.3, 0.3);
    sheet.set_footer("&L&F&C&A&R&P / &N");
    Ok(())
}

fn write_cell(
    sheet: &mut Worksheet,
    row: u32,
    column: usize,
    cell: &Cell,
    look: &ColumnLook,
    formats: &Formats,
) -> Result<(), XlsxError> {
    let number = column_number(column);
    match cell {
        Cell::Empty => {}
        Cell::Text(text) | Cell::Error(text) => {
            write_text(sheet, row, column, text, &formats.plain, &formats.quoted)?;
        }
        Cell::Number(value) => {
            let format = &formats.numbers[look.number as usize];
            sheet.write_number_with_format(row, number, *value, format)?;
        }
        Cell::Bool(value) => {
            sheet.write_boolean(row, number, *value)?;
        }
        Cell::Date(text) => match ExcelDateTime::parse_from_str(text) {
            Ok(date) => {
                let format = match (text.contains('-'), text.contains(':')) {
                    (true, true) => &formats.date_time,
                    (true, false) => &formats.date,
                    (false, _) => &formats.time,
                };
                sheet.write_datetime_with_format(row, number, &date, format)?;
            }
            Err(_) => write_text(sheet, row, column, text, &formats.plain, &formats.quoted)?,
        },
    }
    Ok(())
}

/// Writes a text as a text. One that a person could turn into a formula by editing the cell gets
/// the mark that keeps it a text.
fn write_text(
    sheet: &mut Worksheet,
    row: u32,
    column: usize,
    text: &str,
    plain: &Format,
    quoted: &Format,
) -> Result<(), XlsxError> {
    if text.is_empty() {
        return Ok(());
    }
    let alive = text.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠']);
    let format = if alive { quoted } else { plain };
    let column = column_number(column);
    if text.len() > CELL_CHARS && text.chars().count() > CELL_CHARS {
        let cut: String = text.chars().take(CELL_CHARS).collect();
        sheet.write_string_with_format(row, column, cut, format)?;
    } else {
        sheet.write_string_with_format(row, column, text, format)?;
    }
    Ok(())
}

fn column_number(column: usize) -> u16 {
    u16::try_from(column).expect("columns are limited to a few hundred")
}

/// How a column of the caller is shown.
struct ColumnLook {
    width: f64,
    number: NumberLook,
}

/// How its numbers are: the formats of the original are not kept, so the values decide.
#[derive(Clone, Copy, PartialEq)]
enum NumberLook {
    /// As Excel does by itself.
    General = 0,
    /// Numbers as long as a RUC, which Excel would show as 2.01E+10 in a narrow column.
    Identity = 1,
    /// Amounts: some have decimals, none has more than two.
    Money = 2,
}

fn look_of(output: &Output<'_>, column: usize) -> ColumnLook {
    let title = &output.table.headers[column];
    let mut widest = title.chars().count().min(20) + 4;
    let (mut long, mut cents, mut finer) = (false, false, false);
    for row in output.table.rows.iter().take(JUDGED_ROWS) {
        match row.cell(column) {
            Cell::Number(number) => {
                long |= number.abs() >= 1e10;
                cents |= number.fract() != 0.0;
                finer |= ((number * 100.0).round() - number * 100.0).abs() > 1e-6;
                widest = widest.max(12);
            }
            Cell::Text(text) => {
                let line = text.lines().map(|line| line.chars().count()).max();
                widest = widest.max(line.unwrap_or(0) + 2);
            }
            Cell::Date(text) => widest = widest.max(text.len() + 2),
            Cell::Empty | Cell::Bool(_) | Cell::Error(_) => {}
        }
    }
    let number = match (long, cents, finer) {
        (_, true, false) => NumberLook::Money,
        (true, false, _) => NumberLook::Identity,
        _ => NumberLook::General,
    };
    ColumnLook {
        width: f64::from(u8::try_from(widest.clamp(7, 42)).unwrap_or(42)),
        number,
    }
}

/// The formats of the list, made once.
struct Formats {
    their_title: Format,
    our_title: Format,
    plain: Format,
    quoted: Format,
    text: Format,
    date: Format,
    date_time: Format,
    time: Format,
    numbers: [Format; 3],
    aptitudes: [Format; 7],
}

impl Formats {
    fn new() -> Formats {
        let base = || Format::new().set_align(FormatAlign::Top);
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
            plain: base(),
            quoted: base().set_quote_prefix(),
            text: base().set_num_format("@"),
            date: base().set_num_format("dd/mm/yyyy"),
            date_time: base().set_num_format("dd/mm/yyyy hh:mm"),
            time: base().set_num_format("hh:mm"),
            numbers: [
                base(),
                base().set_num_format("0"),
                base().set_num_format("#,##0.00"),
            ],
            aptitudes: Aptitud::ALL.map(aptitud_format),
        }
    }
}

/// Colour and bold of a verdict; the word beside it says the same to who cannot tell colours.
pub(super) fn aptitud_format(aptitud: Aptitud) -> Format {
    let (paper, ink) = match aptitud {
        Aptitud::Apto => (0x00C6_EFCE, 0x0000_6100),
        Aptitud::Observado => (0x00FF_EB9C, 0x007F_4F00),
        Aptitud::NoApto => (0x00FF_C7CE, 0x009C_0006),
        Aptitud::Invalido => (0x00F8_CBAD, 0x0083_3C0B),
        Aptitud::NoEncontrado => (0x00E4_DFEC, 0x0040_3151),
        Aptitud::Error => (0x00D9_D9D9, 0x009C_0006),
        Aptitud::Pendiente => (0x00ED_EDED, 0x0040_4040),
    };
    Format::new()
        .set_bold()
        .set_align(FormatAlign::Top)
        .set_background_color(Color::RGB(paper))
        .set_font_color(Color::RGB(ink))
}
