//! Sheets of ours in a reviewed workbook: tables below one another, and how our values look anywhere in it.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Worksheet, XlsxError};

use super::workbook::{column_number, fitting, runs_when_edited};

/// Height of a line of text, in points.
pub(super) const LINE: u32 = 15;

/// How a cell is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ReviewMark {
    Good,
    Notice,
    Observed,
    Wrong,
}

/// A value of ours.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ReviewValue {
    Empty,
    Text(String),
    /// A text that runs over the empty cells behind it.
    Line(String),
    /// A word with its colour.
    Word(ReviewMark, String),
    Amount(Decimal),
    Count(usize),
}

/// A sheet of ours: tables below one another.
pub(crate) struct ReportSheet {
    pub(crate) name: String,
    /// A large line above them.
    pub(crate) heading: Option<String>,
    pub(crate) widths: Vec<f64>,
    pub(crate) tables: Vec<ReportTable>,
}

/// A table of a report.
pub(crate) struct ReportTable {
    pub(crate) titles: Vec<String>,
    pub(crate) rows: Vec<Vec<ReviewValue>>,
}

/// How many lines the texts of a row need: some programs do not make room for them by themselves.
pub(super) fn lines_of(values: &[ReviewValue], widths: impl Iterator<Item = f64>) -> u32 {
    let of_text = |(value, width): (&ReviewValue, f64)| {
        let ReviewValue::Text(text) = value else {
            return 1;
        };
        let lines = text.lines().map(|line| {
            let chars = u32::try_from(line.chars().count()).unwrap_or(u32::MAX);
            (f64::from(chars) / width.max(1.0)).ceil().max(1.0)
        });
        // Never more than a screen full, nor more than a row may have.
        let lines = lines.sum::<f64>().min(24.0);
        (1..=24_u32)
            .find(|it| f64::from(*it) >= lines)
            .unwrap_or(24)
    };
    values.iter().zip(widths).map(of_text).max().unwrap_or(1)
}

/// Colours of a mark; the word that goes with it says the same to who cannot tell colours.
pub(super) fn coloured(format: Format, mark: ReviewMark) -> Format {
    let (paper, ink) = match mark {
        ReviewMark::Good => (0x00C6_EFCE, 0x0000_6100),
        ReviewMark::Notice => (0x00DD_EBF7, 0x001F_3A5F),
        ReviewMark::Observed => (0x00FF_EB9C, 0x007F_4F00),
        ReviewMark::Wrong => (0x00FF_C7CE, 0x009C_0006),
    };
    format
        .set_background_color(Color::RGB(paper))
        .set_font_color(Color::RGB(ink))
}

/// The formats of our values, made once.
pub(super) struct OurFormats {
    words: [Format; 4],
    text: Format,
    line: Format,
    quoted: Format,
    amount: Format,
    count: Format,
}

impl OurFormats {
    pub(super) fn new(vertical: FormatAlign) -> OurFormats {
        let top = || Format::new().set_align(vertical);
        let word = |mark| coloured(top().set_bold(), mark);
        OurFormats {
            words: [
                ReviewMark::Good,
                ReviewMark::Notice,
                ReviewMark::Observed,
                ReviewMark::Wrong,
            ]
            .map(word),
            text: top().set_text_wrap(),
            line: top().set_indent(1),
            quoted: top().set_text_wrap().set_quote_prefix(),
            amount: top().set_num_format("#,##0.00"),
            count: top().set_num_format("#,##0"),
        }
    }
}

pub(super) fn write_value(
    sheet: &mut Worksheet,
    (row, column): (u32, u16),
    value: &ReviewValue,
    formats: &OurFormats,
) -> Result<(), XlsxError> {
    match value {
        ReviewValue::Empty => {}
        ReviewValue::Text(text) => {
            let format = if runs_when_edited(text) {
                &formats.quoted
            } else {
                &formats.text
            };
            sheet.write_string_with_format(row, column, fitting(text), format)?;
        }
        ReviewValue::Line(text) => {
            let format = if runs_when_edited(text) {
                &formats.quoted
            } else {
                &formats.line
            };
            sheet.write_string_with_format(row, column, fitting(text), format)?;
        }
        ReviewValue::Word(mark, text) => {
            sheet.write_string_with_format(row, column, text, &formats.words[*mark as usize])?;
        }
        ReviewValue::Amount(amount) => {
            let amount = amount.to_f64().unwrap_or_default();
            sheet.write_number_with_format(row, column, amount, &formats.amount)?;
        }
        ReviewValue::Count(count) => {
            let count = f64::from(u32::try_from(*count).unwrap_or(u32::MAX));
            sheet.write_number_with_format(row, column, count, &formats.count)?;
        }
    }
    Ok(())
}

pub(super) fn title_format() -> Format {
    Format::new()
        .set_bold()
        .set_text_wrap()
        .set_align(FormatAlign::VerticalCenter)
        .set_border_bottom(FormatBorder::Thin)
}

pub(super) fn write_report(sheet: &mut Worksheet, report: &ReportSheet) -> Result<(), XlsxError> {
    let formats = OurFormats::new(FormatAlign::Top);
    let title = title_format()
        .set_background_color(Color::RGB(0x001F_3A5F))
        .set_font_color(Color::White);
    let right = title.clone().set_align(FormatAlign::Right);
    for (column, width) in (0..).zip(&report.widths) {
        sheet.set_column_width(column, *width)?;
    }
    let mut at = 0;
    if let Some(heading) = &report.heading {
        sheet.set_row_height(0, 26)?;
        let large = Format::new().set_bold().set_font_size(16);
        sheet.write_string_with_format(0, 0, heading, &large)?;
        at = 2;
    }
    let is_list = report.heading.is_none();
    for table in &report.tables {
        let first = at;
        for (place, name) in table.titles.iter().enumerate() {
            // Titles stand where what is below them does.
            let is_number = |row: &Vec<ReviewValue>| {
                matches!(
                    row.get(place),
                    Some(ReviewValue::Amount(_) | ReviewValue::Count(_))
                )
            };
            let format = if table.rows.first().is_some_and(is_number) {
                &right
            } else {
                &title
            };
            sheet.write_string_with_format(at, column_number(place), name, format)?;
        }
        at += 1;
        for row in &table.rows {
            let lines = lines_of(row, report.widths.iter().copied());
            if lines > 1 {
                sheet.set_row_height(at, lines * LINE)?;
            }
            for (column, value) in (0..).zip(row) {
                write_value(sheet, (at, column), value, &formats)?;
            }
            at += 1;
        }
        let last_column = column_number(table.titles.len().saturating_sub(1));
        if is_list {
            sheet.set_freeze_panes(first + 1, 0)?;
            if at > first + 1 {
                sheet.autofilter(first, 0, at - 1, last_column)?;
            }
            sheet.set_repeat_rows(first, first)?;
        }
        at += 1;
    }
    sheet.set_paper_size(9); // A4
    sheet.set_landscape();
    sheet.set_print_fit_to_pages(1, 0);
    sheet.set_screen_gridlines(is_list);
    sheet.set_margins(0.25, 0.25, 0.4, 0.5, 0.2, 0.2);
    sheet.set_footer("&L&F&C&A&R&P / &N");
    Ok(())
}
