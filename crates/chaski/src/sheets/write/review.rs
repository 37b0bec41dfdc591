//! Writes a sheet back as it was read, each row in its place, with columns of ours beside it and the cells
//! that are to blame marked: by a colour, by a note that says what, and by words in a column of ours.

use std::collections::{BTreeMap, HashMap};
use std::io;

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, IgnoreError, Note, Workbook,
    Worksheet, XlsxError,
};

use super::io_error;
use super::report::{
    LINE, OurFormats, ReportSheet, ReviewMark, ReviewValue, coloured, lines_of, title_format,
    write_report, write_value,
};
use super::workbook::{column_number, fitting, runs_when_edited};
use crate::sheets::{Cell, CellLook, NumberForm, RawSheet, Row};

/// Notes at cells are drawings, and a thousand of them are enough to see what is wrong.
const MOST_NOTES: usize = 1000;
/// Rows that a person keeps in sight; titles further down are not frozen.
const MOST_FROZEN: u32 = 12;
/// Characters beside one another that can still be read on a page.
const CHARS_OF_A_PAGE: f64 = 240.0;
/// Last row of a workbook.
const LAST_ROW: u32 = 1_048_576;

/// A sheet of the caller's and what goes with it.
pub(crate) struct ReviewedSheet<'r> {
    pub(crate) sheet: &'r RawSheet,
    pub(crate) name: String,
    /// Number of the row of titles.
    pub(crate) titles_at: u32,
    /// Titles and widths of our columns.
    pub(crate) ours: Vec<(String, f64)>,
    /// Our values of a row.
    pub(crate) values: HashMap<u32, Vec<ReviewValue>>,
    /// Cells to blame, with what is said of them.
    pub(crate) marks: BTreeMap<(u32, usize), (ReviewMark, String)>,
}

/// The whole workbook.
pub(crate) fn render_review(
    reviewed: &[ReviewedSheet<'_>],
    reports: &[ReportSheet],
    created: jiff::civil::Date,
) -> io::Result<Vec<u8>> {
    let write = || -> Result<Vec<u8>, XlsxError> {
        let mut book = Workbook::new();
        book.set_properties(&by_chaski(created)?);
        for one in reviewed {
            // Rows go to a temporary file as they come: memory does not grow with the sheet.
            let sheet = book.add_worksheet_with_constant_memory()?;
            sheet.set_name(&one.name)?;
            write_reviewed(sheet, one)?;
        }
        for report in reports {
            let sheet = book.add_worksheet();
            sheet.set_name(&report.name)?;
            write_report(sheet, report)?;
        }
        book.save_to_buffer()
    };
    write().map_err(io_error)
}

/// By this a file is known as ours, which may be replaced.
pub(crate) fn by_chaski(created: jiff::civil::Date) -> Result<DocProperties, XlsxError> {
    let created = ExcelDateTime::from_ymd(
        u16::try_from(created.year()).unwrap_or(2026).max(1900),
        created.month().unsigned_abs(),
        created.day().unsigned_abs(),
    )?;
    Ok(DocProperties::new()
        .set_author("Chaski")
        .set_creation_datetime(&created))
}

fn write_reviewed(sheet: &mut Worksheet, one: &ReviewedSheet<'_>) -> Result<(), XlsxError> {
    let width = one.sheet.width();
    let mut looks = Looks::new(one.sheet, one.titles_at, width);
    lay_out(sheet, one, &looks, width)?;
    let mut notes = 0;
    for (index, row) in one.sheet.rows.iter().enumerate() {
        let at = place_of(one.sheet, index, row);
        let is_titles = row.number == one.titles_at;
        let values = one.values.get(&row.number).filter(|_| !is_titles);
        let widths = one.ours.iter().map(|(_, chars)| *chars);
        let lines = values.map_or(1, |values| lines_of(values, widths));
        if is_titles {
            sheet.set_row_height(at, 32)?;
        } else if lines > 1 {
            sheet.set_row_height(at, lines * LINE)?;
        }
        for (column, cell) in row.cells.iter().enumerate() {
            let mark = one.marks.get(&(row.number, column));
            looks.write(
                sheet,
                (at, column),
                row,
                cell,
                mark.map(|it| it.0),
                is_titles,
            )?;
        }
        // Cells to blame because they are empty.
        let of_row = (row.number, row.cells.len())..(row.number + 1, 0);
        for ((_, column), (mark, _)) in one.marks.range(of_row) {
            let format = looks.of_mark(*mark);
            sheet.write_blank(at, column_number(*column), format)?;
        }
        for ((_, column), (mark, text)) in one.marks.range((row.number, 0)..(row.number + 1, 0)) {
            if notes < MOST_NOTES {
                notes += 1;
                sheet.insert_note(at, column_number(*column), &note(*mark, text))?;
            }
        }
        if is_titles {
            for (offset, (title, _)) in one.ours.iter().enumerate() {
                let column = column_number(width + offset);
                sheet.write_string_with_format(at, column, title, &looks.our_title)?;
            }
        } else if let Some(values) = values {
            for (offset, value) in values.iter().enumerate() {
                write_value(
                    sheet,
                    (at, column_number(width + offset)),
                    value,
                    &looks.ours,
                )?;
            }
        }
    }
    Ok(())
}

/// Where a row goes: to its own number, so that what is said of row 7 is seen in row 7; one after the other
/// where a sheet has rows that no workbook has.
fn place_of(sheet: &RawSheet, index: usize, row: &Row) -> u32 {
    let last = sheet.rows.last().map_or(0, |row| row.number);
    if last <= LAST_ROW {
        row.number - 1
    } else {
        u32::try_from(index).unwrap_or(LAST_ROW - 1)
    }
}

fn lay_out(
    sheet: &mut Worksheet,
    one: &ReviewedSheet<'_>,
    looks: &Looks<'_>,
    width: usize,
) -> Result<(), XlsxError> {
    for column in 0..width {
        let number = column_number(column);
        let chars = one.sheet.looks.width(column);
        let chars = chars.unwrap_or_else(|| looks.usual_width(column));
        sheet.set_column_width(number, chars)?;
        if let Some(format) = &looks.usual_formats[column] {
            sheet.set_column_format(number, format)?;
        }
    }
    for (offset, (_, chars)) in one.ours.iter().enumerate() {
        sheet.set_column_width(column_number(width + offset), *chars)?;
    }
    let index = one
        .sheet
        .rows
        .iter()
        .position(|row| row.number == one.titles_at);
    let Some((index, row)) = index.and_then(|it| Some((it, one.sheet.rows.get(it)?))) else {
        return Ok(());
    };
    let at = place_of(one.sheet, index, row);
    let last = one.sheet.rows.len() - 1;
    let last_row = one
        .sheet
        .rows
        .last()
        .map_or(at, |row| place_of(one.sheet, last, row));
    let last_column = column_number((width + one.ours.len()).saturating_sub(1));
    if at < MOST_FROZEN {
        sheet.set_freeze_panes(at + 1, 0)?;
    }
    if last_row > at {
        sheet.autofilter(at, 0, last_row, last_column)?;
    }
    // A RUC as text is what is wanted here, not something to be warned of in green.
    sheet.ignore_error_range(0, 0, last_row, last_column, IgnoreError::NumberStoredAsText)?;
    sheet.set_landscape();
    sheet.set_paper_size(9); // A4
    // A page wide as far as it can be read, else as many pages as it takes.
    let theirs = (0..width).map(|it| {
        one.sheet
            .looks
            .width(it)
            .unwrap_or_else(|| looks.usual_width(it))
    });
    let chars: f64 = theirs.chain(one.ours.iter().map(|(_, chars)| *chars)).sum();
    let pages = (1..=6_u8).find(|pages| f64::from(*pages) * CHARS_OF_A_PAGE >= chars);
    sheet.set_print_fit_to_pages(u16::from(pages.unwrap_or(6)), 0);
    sheet.set_repeat_columns(0, 0)?;
    sheet.set_repeat_rows(at, at)?;
    sheet.set_margins(0.25, 0.25, 0.4, 0.5, 0.2, 0.2);
    // Else the print grows by what overflows the last column.
    sheet.set_print_area(0, 0, last_row, last_column)?;
    sheet.set_footer("&L&F&C&A&R&P / &N");
    Ok(())
}

fn note(mark: ReviewMark, text: &str) -> Note {
    let lines = u32::try_from(text.chars().count() / 34 + 2)
        .unwrap_or(8)
        .min(12);
    let colour = match mark {
        ReviewMark::Wrong => 0x00FF_C7CE,
        _ => 0x00FF_F8DC,
    };
    Note::new(fitting(text).chars().take(1500).collect::<String>())
        .set_author("Chaski")
        .add_author_prefix(false)
        .set_width(240)
        .set_height(lines * 17)
        .set_background_color(Color::RGB(colour))
}

/// How the caller's cells are written.
struct Looks<'s> {
    sheet: &'s RawSheet,
    /// The look that most cells of a column have goes on the column: looking a format up for each cell is
    /// a fifth of the writing.
    usual: Vec<CellLook>,
    usual_formats: Vec<Option<Format>>,
    /// All others, as they come.
    made: HashMap<LookKey, Format>,
    our_title: Format,
    ours: OurFormats,
    marks: [Format; 4],
}

/// What a format is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct LookKey {
    look: CellLook,
    mark: Option<ReviewMark>,
    quoted: bool,
    is_title: bool,
}

impl<'s> Looks<'s> {
    fn new(sheet: &'s RawSheet, titles_at: u32, width: usize) -> Looks<'s> {
        let mut usual = Vec::with_capacity(width);
        for column in 0..width {
            let below = sheet.rows.iter().filter(|row| row.number > titles_at);
            let looks = below
                .take(1000)
                .filter_map(|row| sheet.looks.of(row.number, column))
                // A column has no end: only cells are coloured.
                .filter(|look| look.fill.is_none());
            let mut counts: Vec<(&CellLook, usize)> = Vec::new();
            for look in looks {
                match counts.iter_mut().find(|(known, _)| *known == look) {
                    Some((_, count)) => *count += 1,
                    None => counts.push((look, 1)),
                }
            }
            let most = counts.into_iter().max_by_key(|(_, count)| *count);
            usual.push(most.map(|(look, _)| look.clone()).unwrap_or_default());
        }
        let format_of = |look: &CellLook| {
            (*look != CellLook::default()).then(|| with_look(Format::new(), look))
        };
        Looks {
            sheet,
            usual_formats: usual.iter().map(format_of).collect(),
            usual,
            made: HashMap::new(),
            our_title: title_format()
                .set_background_color(Color::RGB(0x001F_3A5F))
                .set_font_color(Color::White),
            ours: OurFormats::new(FormatAlign::Bottom),
            marks: [
                ReviewMark::Good,
                ReviewMark::Notice,
                ReviewMark::Observed,
                ReviewMark::Wrong,
            ]
            .map(|mark| coloured(Format::new(), mark)),
        }
    }

    fn of_mark(&self, mark: ReviewMark) -> &Format {
        &self.marks[mark as usize]
    }

    /// Wide enough for nineteen in twenty cells: for a sheet that does not say its widths.
    fn usual_width(&self, column: usize) -> f64 {
        let mut lengths: Vec<usize> = Vec::new();
        for row in self.sheet.rows.iter().take(1000) {
            match row.cell(column) {
                Cell::Text(text) => {
                    lengths.push(text.lines().map(|it| it.chars().count()).max().unwrap_or(0));
                }
                Cell::Number(_) | Cell::Date(_) => lengths.push(10),
                Cell::Empty | Cell::Bool(_) | Cell::Error(_) => {}
            }
        }
        lengths.sort_unstable();
        let usual = lengths.get(lengths.len().saturating_sub(1) * 19 / 20);
        let chars = usual.map_or(8, |it| it + 2).clamp(8, 42);
        f64::from(u8::try_from(chars).unwrap_or(42))
    }

    fn write(
        &mut self,
        sheet: &mut Worksheet,
        (at, column): (u32, usize),
        row: &Row,
        cell: &Cell,
        mark: Option<ReviewMark>,
        is_title: bool,
    ) -> Result<(), XlsxError> {
        let place = column_number(column);
        let look = self.sheet.looks.of(row.number, column);
        let quoted = matches!(cell, Cell::Text(text) | Cell::Error(text) if runs_when_edited(text));
        let as_usual = match look {
            Some(look) => *look == self.usual[column],
            None => self.usual[column] == CellLook::default(),
        };
        let is_date = matches!(cell, Cell::Date(_));
        if as_usual && mark.is_none() && !quoted && !is_title && !is_date {
            return match cell {
                Cell::Empty | Cell::Date(_) => Ok(()),
                Cell::Text(text) | Cell::Error(text) => {
                    sheet.write_string(at, place, fitting(text)).map(drop)
                }
                Cell::Number(value) => sheet.write_number(at, place, *value).map(drop),
                Cell::Bool(value) => sheet.write_boolean(at, place, *value).map(drop),
            };
        }
        let mut key = LookKey {
            look: look.cloned().unwrap_or_default(),
            mark,
            quoted,
            is_title,
        };
        if let (Cell::Date(text), NumberForm::General) = (cell, &key.look.number) {
            let form = match (text.contains('-'), text.contains(':')) {
                (true, true) => "dd/mm/yyyy hh:mm",
                (true, false) => "dd/mm/yyyy",
                (false, _) => "hh:mm",
            };
            key.look.number = NumberForm::Code(form.into());
        }
        let format = self.made.entry(key).or_insert_with_key(make_format);
        match cell {
            Cell::Empty => sheet.write_blank(at, place, format).map(drop),
            Cell::Text(text) | Cell::Error(text) => sheet
                .write_string_with_format(at, place, fitting(text), format)
                .map(drop),
            Cell::Number(value) => sheet
                .write_number_with_format(at, place, *value, format)
                .map(drop),
            Cell::Bool(value) => sheet
                .write_boolean_with_format(at, place, *value, format)
                .map(drop),
            Cell::Date(text) => match ExcelDateTime::parse_from_str(text) {
                Ok(date) => sheet
                    .write_datetime_with_format(at, place, &date, format)
                    .map(drop),
                Err(_) => sheet
                    .write_string_with_format(at, place, text.as_str(), format)
                    .map(drop),
            },
        }
    }
}

fn with_look(format: Format, look: &CellLook) -> Format {
    let mut format = match &look.number {
        NumberForm::General => format,
        NumberForm::Index(index) => format.set_num_format_index(*index),
        NumberForm::Code(code) => format.set_num_format(code.as_str()),
    };
    if look.bold {
        format = format.set_bold();
    }
    if look.italic {
        format = format.set_italic();
    }
    if let Some(colour) = look.colour {
        format = format.set_font_color(Color::RGB(colour));
    }
    match look.fill {
        Some(fill) => format.set_background_color(Color::RGB(fill)),
        None => format,
    }
}

fn make_format(key: &LookKey) -> Format {
    let base = if key.is_title {
        title_format().set_background_color(Color::RGB(0x00DD_E3EA))
    } else {
        // Without a property of its own a cell would take the column's; this one shows nowhere.
        Format::new().set_unlocked()
    };
    let mut format = with_look(base, &key.look);
    if key.quoted {
        format = format.set_quote_prefix();
    }
    match key.mark {
        Some(mark) => coloured(format, mark),
        None => format,
    }
}
