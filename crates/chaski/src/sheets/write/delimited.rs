//! Writes a CSV for Excel: UTF-8 with a byte order mark, CRLF, nothing that a spreadsheet would run.
//!
//! The separator is that of the list if it came as a CSV, for the Excel that wrote it will open
//! it; else the comma, the separator of lists of a Peruvian Windows.

use std::io::{self, Write};

use csv::{Terminator, WriterBuilder};

use super::columns::Output;
use crate::sheets::{Cell, SourceKind};

pub(super) fn render(out: &mut dyn Write, output: &Output<'_>) -> io::Result<()> {
    out.write_all("\u{feff}".as_bytes())?;
    let separator = match output.table.source {
        SourceKind::Csv { separator, .. } => separator,
        _ => ',',
    };
    // Rows above the titles have the cells that they had.
    let mut writer = WriterBuilder::new()
        .flexible(true)
        .delimiter(u8::try_from(separator).unwrap_or(b','))
        .terminator(Terminator::CRLF)
        .from_writer(out);
    let mut scratch = String::new();
    let width = output.table.headers.len();
    let mut rows = output.above().iter().peekable();
    let has_titles = rows.peek().is_some();
    let mut at = output.first_number();
    while let Some(row) = rows.next() {
        // Blank lines stay, so that rows keep their numbers.
        while at < row.number {
            writer.write_field("")?;
            writer.write_record(None::<&[u8]>)?;
            at += 1;
        }
        at += 1;
        for column in 0..width {
            write_cell(&mut writer, row.cell(column), &mut scratch)?;
        }
        if rows.peek().is_none() {
            write_texts(&mut writer, output.our_titles().iter(), &mut scratch)?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    if !has_titles {
        let titles = output.our_titles();
        write_texts(
            &mut writer,
            output.table.headers.iter().chain(&titles),
            &mut scratch,
        )?;
        writer.write_record(None::<&[u8]>)?;
    }
    for row in output.table.rows.iter() {
        let verdict = output.next_verdict();
        for column in 0..width {
            write_cell(&mut writer, row.cell(column), &mut scratch)?;
        }
        for place in &output.order {
            let value = output.value(&*verdict, *place);
            writer.write_field(inert(value, &mut scratch))?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    writer.flush()
}

fn write_texts<'t, W: Write>(
    writer: &mut csv::Writer<W>,
    texts: impl Iterator<Item = &'t String>,
    scratch: &mut String,
) -> Result<(), csv::Error> {
    for text in texts {
        writer.write_field(inert(text, scratch))?;
    }
    Ok(())
}

pub(super) fn write_cell<W: Write>(
    writer: &mut csv::Writer<W>,
    cell: &Cell,
    scratch: &mut String,
) -> Result<(), csv::Error> {
    match cell {
        Cell::Empty => writer.write_field(""),
        Cell::Text(text) | Cell::Date(text) | Cell::Error(text) => {
            writer.write_field(inert(text, scratch))
        }
        Cell::Number(number) => writer.write_field(number.to_string()),
        Cell::Bool(true) => writer.write_field("VERDADERO"),
        Cell::Bool(false) => writer.write_field("FALSO"),
    }
}

/// The text with an apostrophe before it if a spreadsheet might run it: its first character that
/// is not blank is `=`, `+`, `-`, `@` or a full-width form of them, or it begins with a tab or
/// line break. A signed number or telephone (`-5`, `+51 999 000 111`: a sign, then digits,
/// blanks, dots and commas only) cannot run anything and stays as it is.
pub(super) fn inert<'t>(text: &'t str, scratch: &'t mut String) -> &'t str {
    let invisible =
        |c: char| c.is_whitespace() || c.is_control() || matches!(c, '\u{feff}' | '\u{200b}');
    let visible = text.trim_start_matches(invisible);
    let runs = visible.starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    let breaks = text.starts_with(['\t', '\r', '\n']);
    if (!runs && !breaks) || is_signed_number(text) {
        return text;
    }
    scratch.clear();
    scratch.push('\'');
    scratch.push_str(text);
    scratch
}

fn is_signed_number(text: &str) -> bool {
    let Some(rest) = text.strip_prefix(['+', '-']) else {
        return false;
    };
    rest.starts_with(|c: char| c.is_ascii_digit())
        && rest
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, ' ' | '.' | ','))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(inert(text, &mut String::new()), expected);
    }

    #[test]
    fn nothing_runs() {
        check("=1+1", "'=1+1");
        check("@SUM(A1)", "'@SUM(A1)");
        check("+1-1", "'+1-1");
        check("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0");
        check("＝1+1", "'＝1+1");
        check(" =1+1", "' =1+1");
        check("\u{feff}=1+1", "'\u{feff}=1+1");
        check("\tx", "'\tx");
        check("\rx", "'\rx");
        check("-", "'-");
        check("+51 999 000-111", "'+51 999 000-111");
    }

    #[test]
    fn numbers_and_words_stay() {
        check("-5", "-5");
        check("-1,500.50", "-1,500.50");
        check("+51 999 000 111", "+51 999 000 111");
        check("A = B", "A = B");
        check("", "");
    }
}
