//! Writes the xlsx: the caller's columns as they were, ours beside them, and a summary.

use std::collections::HashMap;
use std::fs::File;
use std::io::Seek;

use rust_xlsxwriter::{
    Color, DocProperties, ExcelDateTime, Format, FormatAlign, FormatBorder, IgnoreError, Workbook,
    Worksheet, XlsxError,
};

use super::colours::word_format;
use super::columns::Output;
use super::summary::{self, as_number};
use crate::sheets::{
    Cell, ColumnHolds, JoinedCells, NumberForm, ResultKind, ResultNames, Row, RowSaid, Summary,
};

/// How many rows are looked at to choose the width and number format of a caller's column.
const JUDGED_ROWS: usize = 1000;

/// A longer title is cut: it must not push the list off the screen.
const MOST_TITLE_LINES: u32 = 5;

/// Excel's ceiling of a cell; a longer text makes it repair the file.
const CELL_CHARS: usize = 32_767;

/// Writes the workbook to a file and gives it back, at its beginning: that of a long list is not for memory.
pub(super) fn render(output: &Output<'_>, summary: &Summary) -> Result<File, XlsxError> {
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
    let mut file = tempfile::tempfile()?;
    book.save_to_writer(&mut file)?;
    file.rewind()?;
    Ok(file)
}

fn write_list(sheet: &mut Worksheet, output: &Output<'_>) -> Result<(), XlsxError> {
    let formats = Formats::new(output.kind);
    let width = output.table.headers.len();
    let theirs: Vec<ColumnLook> = (0..width).map(|column| look_of(output, column)).collect();
    let above = output.above();
    let first_number = output.first_number();
    let title_row = above.last().map_or(0, |row| row.number - first_number);
    let place = Place {
        title_row,
        last_row: title_row.saturating_add(row_number(output.table.rows.len())),
        last_column: column_number(width + output.order.len() - 1),
    };
    let titles = above.last();
    let title_of = |column: usize| match titles {
        Some(row) => title_text(row, column, output),
        None => output.table.headers[column].clone(),
    };
    let their_titles: Vec<String> = (0..width).map(title_of).collect();
    lay_out(sheet, output, (&theirs, &their_titles), &formats, place)?;
    // 1. What stands above the titles, where it stood.
    let mut painter = Painter {
        sheet,
        output,
        formats: &formats,
        theirs: &theirs,
        kept: HashMap::new(),
    };
    for row in &above[..above.len().saturating_sub(1)] {
        for (column, cell) in row.cells.iter().take(width).enumerate() {
            painter.above(row.number - first_number, row.number, column, cell, titles)?;
        }
    }
    // 2. The titles: theirs as they are, then ours.
    for (column, title) in their_titles.iter().enumerate() {
        painter.title(title_row, column, title, &formats.their_title)?;
    }
    for (offset, title) in output.our_titles().iter().enumerate() {
        painter.title(title_row, width + offset, title, &formats.our_title)?;
    }
    // 3. The rows.
    for (index, row) in output.table.rows.iter().enumerate() {
        let number = title_row.saturating_add(row_number(index + 1));
        for (column, cell) in row.cells.iter().take(width).enumerate() {
            painter.cell(number, row.number, column, cell)?;
        }
        let verdict = output.next_verdict();
        for (offset, place) in output.order.iter().enumerate() {
            painter.ours(number, width + offset, *place, &*verdict)?;
        }
    }
    Ok(())
}

/// Where the list is: rows and columns from 0.
#[derive(Clone, Copy)]
struct Place {
    title_row: u32,
    last_row: u32,
    last_column: u16,
}

/// Everything that is said once of the sheet.
fn lay_out(
    sheet: &mut Worksheet,
    output: &Output<'_>,
    (theirs, titles): (&[ColumnLook], &[String]),
    formats: &Formats,
    place: Place,
) -> Result<(), XlsxError> {
    let Place {
        title_row,
        last_row,
        last_column,
    } = place;
    let looks = &output.table.looks;
    // Formats go on the columns: looking one up for each cell is a fifth of the writing.
    for (index, look) in theirs.iter().enumerate() {
        let column = column_number(index);
        sheet.set_column_width(column, look.width)?;
        if let Some(numbers) = &look.numbers {
            sheet.set_column_format(column, &format_of(numbers))?;
        }
        if looks.is_hidden(index) {
            sheet.set_column_hidden(column)?;
        }
    }
    let our_titles = output.our_titles();
    let mut lines = 2;
    for (look, title) in theirs.iter().zip(titles) {
        lines = lines.max(lines_of(title, look.width));
    }
    for ((offset, ours), title) in output.order.iter().enumerate().zip(&our_titles) {
        let column = column_number(theirs.len() + offset);
        let width = f64::from(output.kind.columns[*ours].width);
        sheet.set_column_width(column, width)?;
        sheet.set_column_format(column, &formats.text)?;
        lines = lines.max(lines_of(title, width));
    }
    sheet.set_row_height(title_row, 16 * lines.min(MOST_TITLE_LINES))?;
    sheet.set_freeze_panes(title_row + 1, 0)?;
    sheet.autofilter(title_row, 0, last_row, last_column)?;
    // A RUC as text is what is wanted here, not something to be warned of in green.
    sheet.ignore_error_range(0, 0, last_row, last_column, IgnoreError::NumberStoredAsText)?;
    sheet.set_landscape();
    sheet.set_paper_size(9); // A4
    sheet.set_print_fit_to_pages(1, 0);
    sheet.set_repeat_rows(title_row, title_row)?;
    sheet.set_margins(0.25, 0.25, 0.4, 0.5, 0.2, 0.2);
    // Else the print grows by what overflows the last column.
    sheet.set_print_area(0, 0, last_row, last_column)?;
    sheet.set_footer("&L&F&C&A&R&P / &N");
    Ok(())
}

/// How many lines a bold title takes in a column so wide.
fn lines_of(title: &str, width: f64) -> u32 {
    // Bold letters are a sixth wider than those by which a column is measured.
    let length = |word: &str| as_number(word.chars().count()) * 7.0 / 6.0;
    let (mut lines, mut used) = (1, 0.0);
    for word in title.split_whitespace() {
        let with_it = if used > 0.0 { used + 1.0 } else { 0.0 } + length(word);
        if with_it > width && used > 0.0 {
            lines += 1;
            used = length(word);
        } else {
            used = with_it;
        }
    }
    lines
}

/// The title of a column as it stands in the row of titles, or in the cell above that reaches down to it.
fn title_text(titles: &Row, column: usize, output: &Output<'_>) -> String {
    let own = titles.cell(column);
    let reaching = reaching_down(titles.number, column, output);
    let from = reaching.filter(|_| own.is_blank());
    match from.map_or(own, |(row, _)| row.cell(column)) {
        Cell::Text(text) | Cell::Date(text) | Cell::Error(text) => text.to_string(),
        Cell::Number(number) => number.to_string(),
        Cell::Bool(true) => "VERDADERO".to_owned(),
        Cell::Bool(false) => "FALSO".to_owned(),
        Cell::Empty => String::new(),
    }
}

/// The row above in which a cell begins that reaches down to the row of titles.
fn reaching_down<'t>(
    titles: u32,
    column: usize,
    output: &Output<'t>,
) -> Option<(&'t Row, JoinedCells)> {
    let joined =
        output.table.looks.joined().iter().find(|it| {
            it.first_column == column && it.first_row < titles && it.last_row == titles
        })?;
    let row = output
        .above()
        .iter()
        .find(|row| row.number == joined.first_row)?;
    Some((row, *joined))
}

/// Writes cells; formats that are kept of the list are made once.
struct Painter<'o, 't> {
    sheet: &'o mut Worksheet,
    output: &'o Output<'t>,
    formats: &'o Formats,
    theirs: &'o [ColumnLook],
    kept: HashMap<NumberForm, Format>,
}

impl Painter<'_, '_> {
    /// A cell above the titles, joined with those beside it where it was.
    fn above(
        &mut self,
        row: u32,
        number: u32,
        column: usize,
        cell: &Cell,
        titles: Option<&Row>,
    ) -> Result<(), XlsxError> {
        let titles = titles.map_or(0, |titles| titles.number);
        if reaching_down(titles, column, self.output)
            .is_some_and(|(row, joined)| row.number == number && joined.last_row == titles)
        {
            return Ok(());
        }
        let joined = self.output.table.looks.joined().iter().find(|it| {
            it.first_row == number
                && it.last_row == number
                && it.first_column == column
                && it.last_column < self.theirs.len()
        });
        match (joined, cell) {
            (Some(joined), Cell::Text(text)) => {
                let (first, last) = (column_number(column), column_number(joined.last_column));
                let format = if runs_when_edited(text) {
                    &self.formats.quoted
                } else {
                    &self.formats.joined
                };
                self.sheet
                    .merge_range(row, first, row, last, fitting(text), format)?;
                Ok(())
            }
            _ => self.cell(row, number, column, cell),
        }
    }

    fn title(
        &mut self,
        row: u32,
        column: usize,
        title: &str,
        format: &Format,
    ) -> Result<(), XlsxError> {
        let column = column_number(column);
        self.sheet
            .write_string_with_format(row, column, title, format)?;
        Ok(())
    }

    /// A cell of the caller, with the format that it had: `number` is that of its row in the list.
    fn cell(&mut self, row: u32, number: u32, column: usize, cell: &Cell) -> Result<(), XlsxError> {
        let at = column_number(column);
        let kept = self.output.table.looks.number(number, column);
        match cell {
            Cell::Empty => {}
            Cell::Text(text) | Cell::Error(text) => {
                write_text(self.sheet, row, at, text, self.formats)?;
            }
            Cell::Number(value) => {
                let usual = self.theirs[column].numbers.as_ref();
                match kept.filter(|kept| Some(*kept) != usual && **kept != NumberForm::General) {
                    Some(kept) => {
                        let format = self
                            .kept
                            .entry(kept.clone())
                            .or_insert_with(|| format_of(kept));
                        self.sheet
                            .write_number_with_format(row, at, *value, format)?;
                    }
                    None => drop(self.sheet.write_number(row, at, *value)?),
                }
            }
            Cell::Bool(value) => drop(self.sheet.write_boolean(row, at, *value)?),
            Cell::Date(text) => match ExcelDateTime::parse_from_str(text) {
                Ok(date) => {
                    let own = match (text.contains('-'), text.contains(':')) {
                        (true, true) => &self.formats.date_time,
                        (true, false) => &self.formats.date,
                        (false, _) => &self.formats.time,
                    };
                    // The one that every Excel shows in its own way says nothing of how it looked.
                    let kept = kept
                        .filter(|it| !matches!(it, NumberForm::General | NumberForm::Index(14)));
                    let format = match kept {
                        Some(kept) => self
                            .kept
                            .entry(kept.clone())
                            .or_insert_with(|| format_of(kept)),
                        None => own,
                    };
                    self.sheet
                        .write_datetime_with_format(row, at, &date, format)?;
                }
                Err(_) => write_text(self.sheet, row, at, text, self.formats)?,
            },
        }
        Ok(())
    }

    /// One of ours: which, and the row that it is of.
    fn ours(
        &mut self,
        row: u32,
        column: usize,
        which: usize,
        said: &dyn RowSaid,
    ) -> Result<(), XlsxError> {
        let (at, formats) = (column_number(column), self.formats);
        let holds = self.output.kind.columns[which].holds;
        if holds == ColumnHolds::Word {
            let word = self.output.word(said).text(self.output.lang);
            let format = &formats.words[said.word()];
            self.sheet.write_string_with_format(row, at, word, format)?;
            return Ok(());
        }
        let value = said.value(which);
        let shown_as = match holds {
            ColumnHolds::Day => Some(&formats.date),
            ColumnHolds::Time => Some(&formats.date_time),
            _ => None,
        };
        if let Some(format) = shown_as.filter(|_| self.output.names == ResultNames::People)
            && let Ok(date) = ExcelDateTime::parse_from_str(value)
        {
            self.sheet
                .write_datetime_with_format(row, at, &date, format)?;
            return Ok(());
        }
        let number = match holds {
            ColumnHolds::Price => Some(&formats.price),
            ColumnHolds::Money => Some(&formats.money),
            _ => None,
        };
        if let Some(format) = number
            && let Ok(number) = value.parse::<f64>()
        {
            self.sheet
                .write_number_with_format(row, at, number, format)?;
            return Ok(());
        }
        write_text(self.sheet, row, at, value, formats)
    }
}

fn format_of(number: &NumberForm) -> Format {
    match number {
        NumberForm::General => Format::new(),
        NumberForm::Index(index) => Format::new().set_num_format_index(*index),
        NumberForm::Code(code) => Format::new().set_num_format(code.as_str()),
    }
}

fn row_number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
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
    /// The format of its numbers: that of the list, or where it has none and Excel does not do well by
    /// itself, what its values ask for.
    numbers: Option<NumberForm>,
}

fn look_of(output: &Output<'_>, column: usize) -> ColumnLook {
    let title = output.table.headers[column].chars().count().min(20) + 4;
    let (mut long, mut cents, mut finer) = (false, false, false);
    let mut lengths: Vec<usize> = Vec::new();
    let (rows, looks) = (&output.table.rows, &output.table.looks);
    let judged = rows.first();
    let judged = &judged[..judged.len().min(JUDGED_ROWS)];
    for row in judged {
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
    let kept = looks.usual_number(judged.iter().map(|row| row.number), column);
    let numbers = match (kept, long, cents, finer) {
        (Some(kept), ..) if *kept != NumberForm::General => Some(kept.clone()),
        // Amounts: some have decimals, none has more than two.
        (_, _, true, false) => Some(NumberForm::Code("#,##0.00".into())),
        // As long as a RUC, which Excel would show as 2.01E+10 in a narrow column.
        (_, true, false, _) => Some(NumberForm::Code("0".into())),
        _ => None,
    };
    // Wide enough for nineteen in twenty: one odd cell should not push the rest off the page.
    lengths.sort_unstable();
    let usual = lengths.get(lengths.len().saturating_sub(1) * 19 / 20);
    let width = title.max(usual.map_or(0, |length| length + 2)).clamp(6, 42);
    let width = f64::from(u8::try_from(width).unwrap_or(42));
    ColumnLook {
        width: looks.width(column).map_or(width, shown_width),
        numbers,
    }
}

/// The width that a person sees, of one that a book has written: five pixels of seven are its margin.
fn shown_width(written: f64) -> f64 {
    (written - 5.0 / 7.0).max(0.1)
}

/// The formats of the list, made once.
struct Formats {
    their_title: Format,
    our_title: Format,
    quoted: Format,
    joined: Format,
    text: Format,
    date: Format,
    date_time: Format,
    time: Format,
    price: Format,
    money: Format,
    /// By the place of the word.
    words: Vec<Format>,
}

impl Formats {
    fn new(kind: &ResultKind) -> Formats {
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
            joined: Format::new()
                .set_text_wrap()
                .set_align(FormatAlign::Center)
                .set_align(FormatAlign::VerticalCenter),
            text: Format::new().set_num_format("@"),
            date: Format::new().set_num_format("dd/mm/yyyy"),
            date_time: Format::new().set_num_format("dd/mm/yyyy hh:mm"),
            time: Format::new().set_num_format("hh:mm"),
            price: Format::new().set_num_format("0.000"),
            money: Format::new().set_num_format("#,##0.00"),
            words: kind.words.iter().map(word_format).collect(),
        }
    }
}
