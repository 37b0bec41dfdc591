//! The same as text with separators: the main sheet alone, every row in its place, and our columns.

use csv::{Terminator, WriterBuilder};
use std::io;

use super::delimited::{inert, write_cell};
use super::report::ReviewValue;
use super::review::ReviewedSheet;

/// Writes a sheet and our columns as CSV for Excel: UTF-8 with a byte order mark, CRLF, nothing that a
/// spreadsheet would run.
pub(crate) fn review_csv(one: &ReviewedSheet<'_>, separator: char) -> io::Result<Vec<u8>> {
    let mut writer = WriterBuilder::new()
        .delimiter(u8::try_from(separator).unwrap_or(b','))
        .terminator(Terminator::CRLF)
        .from_writer("\u{feff}".as_bytes().to_vec());
    let mut scratch = String::new();
    let width = one.sheet.width();
    for row in &one.sheet.rows {
        for column in 0..width {
            write_cell(&mut writer, row.cell(column), &mut scratch)?;
        }
        let values = one.values.get(&row.number);
        for (offset, (title, _)) in one.ours.iter().enumerate() {
            let value = values.and_then(|it| it.get(offset));
            let text = if row.number == one.titles_at {
                title.clone()
            } else {
                plain(value)
            };
            writer.write_field(inert(&text, &mut scratch))?;
        }
        writer.write_record(None::<&[u8]>)?;
    }
    let ended = writer.into_inner();
    ended.map_err(|error| io::Error::other(error.to_string()))
}

fn plain(value: Option<&ReviewValue>) -> String {
    match value {
        None | Some(ReviewValue::Empty) => String::new(),
        Some(ReviewValue::Text(text) | ReviewValue::Line(text) | ReviewValue::Word(_, text)) => {
            text.replace('\n', " · ")
        }
        Some(ReviewValue::Amount(amount)) => format!("{amount:.2}"),
        Some(ReviewValue::Count(count)) => count.to_string(),
    }
}
