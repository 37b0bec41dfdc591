//! The sheet `Resumen`: what an accountant files with the list.

use chaski_core::Lang;
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Worksheet, XlsxError};

use super::colours::word_format;
use super::columns::Output;
use crate::sheets::Summary;

pub(super) fn write_summary(
    sheet: &mut Worksheet,
    output: &Output<'_>,
    summary: &Summary,
) -> Result<(), XlsxError> {
    let lang = output.lang;
    for (column, width) in [(0, 30), (1, 12), (2, 10), (3, 84)] {
        sheet.set_column_width(column, width)?;
    }
    set_up_page(sheet);
    let [es, en] = output.kind.title;
    let title = lang.pick(es, en);
    sheet.set_row_height(0, 26)?;
    sheet.write_string_with_format(0, 0, title, &Format::new().set_bold().set_font_size(16))?;
    let mut page = Page {
        sheet,
        lang,
        row: 2,
        label: Format::new().set_font_color(Color::RGB(0x0040_4040)),
        number: Format::new().set_num_format("#,##0"),
        percent: Format::new().set_num_format("0.0%"),
        meaning: Format::new().set_indent(1),
        bold_number: Format::new()
            .set_bold()
            .set_num_format("#,##0")
            .set_border_top(FormatBorder::Thin),
    };
    page.section(&[("Datos del proceso", "Run")])?;
    page.text("Archivo de origen", "Source file", &summary.source_file)?;
    page.text("Hoja leída", "Sheet read", &output.table.place(lang))?;
    if !summary.answered_by.is_empty() {
        page.text("Fuente", "Source", &summary.answered_by)?;
    }
    let date = summary.generated_at.strftime("%d/%m/%Y %H:%M").to_string();
    page.text("Fecha y hora (Lima)", "Date and time (Lima)", &date)?;
    page.text("Duración", "Duration", &duration(summary))?;
    page.row += 1;
    write_counts(&mut page, output)?;
    page.row += 1;
    page.section(&[
        ("Calidad de la lista", "Quality of the list"),
        ("Filas", "Rows"),
    ])?;
    let counted = [summary.duplicates, summary.damaged, summary.repaired];
    for ([es, en], count) in output.kind.quality.into_iter().zip(counted) {
        page.count(es, en, count)?;
    }
    page.row += 1;
    page.section(&[("Consumo", "Spent"), ("Consultas", "Calls")])?;
    page.count("Consultas gastadas", "Calls spent", summary.calls_spent)?;
    page.count(
        "Respuestas ya conocidas",
        "Answers already known",
        summary.cache_hits,
    )
}

fn set_up_page(sheet: &mut Worksheet) {
    sheet.set_paper_size(9); // A4
    sheet.set_landscape();
    sheet.set_print_fit_to_pages(1, 1);
    sheet.set_screen_gridlines(false);
}

/// How many rows got each verdict, which part that is, and what it means.
fn write_counts(page: &mut Page<'_>, output: &Output<'_>) -> Result<(), XlsxError> {
    let lang = output.lang;
    page.section(&[
        output.kind.counts.into(),
        ("Filas", "Rows"),
        ("%", "%"),
        ("Qué significa", "What it means"),
    ])?;
    let total = output.table.rows.len();
    let counts = output.counts();
    for (word, count) in output.kind.words.iter().zip(counts) {
        if count == 0 && !word.usual {
            continue;
        }
        let (row, sheet) = (page.row, &mut page.sheet);
        sheet.write_string_with_format(row, 0, word.text(lang), &word_format(word))?;
        sheet.write_number_with_format(row, 1, as_number(count), &page.number)?;
        let share = as_number(count) / as_number(total.max(1));
        sheet.write_number_with_format(row, 2, share, &page.percent)?;
        let [es, en] = word.meaning;
        sheet.write_string_with_format(row, 3, lang.pick(es, en), &page.meaning)?;
        page.row += 1;
    }
    let (row, sheet, bold) = (page.row, &mut page.sheet, &page.bold_number);
    sheet.write_string_with_format(row, 0, "Total", bold)?;
    sheet.write_number_with_format(row, 1, as_number(total), bold)?;
    sheet.write_blank(row, 2, bold)?;
    sheet.write_blank(row, 3, bold)?;
    page.row += 1;
    Ok(())
}

/// The sheet being filled from top to bottom.
struct Page<'s> {
    sheet: &'s mut Worksheet,
    lang: Lang,
    row: u32,
    label: Format,
    number: Format,
    percent: Format,
    meaning: Format,
    bold_number: Format,
}

impl Page<'_> {
    /// A line of titles across the four columns.
    fn section(&mut self, titles: &[(&str, &str)]) -> Result<(), XlsxError> {
        let left = Format::new()
            .set_bold()
            .set_font_color(Color::White)
            .set_background_color(Color::RGB(0x001F_3A5F));
        let right = left.clone().set_align(FormatAlign::Right);
        let indented = left.clone().set_indent(1);
        for column in 0..4_u16 {
            let (es, en) = titles.get(usize::from(column)).copied().unwrap_or_default();
            let title = self.lang.pick(es, en);
            // Titles stand where what is below them does.
            let format = match column {
                1 | 2 => &right,
                3 => &indented,
                _ => &left,
            };
            self.sheet
                .write_string_with_format(self.row, column, title, format)?;
        }
        self.row += 1;
        Ok(())
    }

    fn text(&mut self, es: &str, en: &str, value: &str) -> Result<(), XlsxError> {
        let row = self.row;
        self.label(es, en)?.write_string(row, 1, value)?;
        self.row += 1;
        Ok(())
    }

    fn count(&mut self, es: &str, en: &str, count: usize) -> Result<(), XlsxError> {
        self.label(es, en)?;
        let count = as_number(count);
        self.sheet
            .write_number_with_format(self.row, 1, count, &self.number)?;
        self.row += 1;
        Ok(())
    }

    fn label(&mut self, es: &str, en: &str) -> Result<&mut Worksheet, XlsxError> {
        let label = self.lang.pick(es, en);
        self.sheet
            .write_string_with_format(self.row, 0, label, &self.label)
    }
}

pub(super) fn as_number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

fn duration(summary: &Summary) -> String {
    let seconds = summary.duration.as_secs();
    match seconds {
        0..60 => format!("{:.1} s", summary.duration.as_secs_f64()),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}
