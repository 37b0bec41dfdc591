//! Reads text with separators: which encoding, which separator, ragged rows, quoted line breaks.

use std::io::{self, Read, Seek, SeekFrom};

use super::decoded::DecodedText;
use super::fields::FieldSplitter;
use super::grid::Grid;
use crate::sheets::found::SheetFound;
use crate::sheets::identity::{Holds, holds};
use crate::sheets::table::{Cell, Encoding, SourceKind};
use crate::sheets::{Limits, SheetError};

/// The separators looked for, in the order of preference when none stands out.
const SEPARATORS: [char; 4] = [',', ';', '\t', '|'];

/// How many lines are looked at to find the separator that leaves a column of identities.
const JUDGED_LINES: usize = 100;

/// How many characters are looked at to find the separator.
const SAMPLE_BYTES: usize = 64 * 1024;

/// Reads the whole text.
pub(super) fn read_delimited<R: Read + Seek>(
    mut source: R,
    limits: &Limits,
) -> Result<SheetFound, SheetError> {
    let encoding = detect_encoding(&mut source).map_err(unreadable)?;
    let (sample, complete) = decoded_sample(&mut source, encoding).map_err(unreadable)?;
    if looks_binary(&sample) {
        return Err(SheetError::UnknownKind);
    }
    let declared = declared_separator(&sample);
    let separator = declared.unwrap_or_else(|| detect_separator(&sample, complete));
    source.seek(SeekFrom::Start(0)).map_err(unreadable)?;
    let mut grid = Grid::of_text(limits);
    let skipped_rows = u32::from(declared.is_some());
    let byte = u8::try_from(separator).expect("every separator is ASCII");
    let mut fields = FieldSplitter::new(byte, skipped_rows, limits);
    let mut decoded = DecodedText::new(source, encoding.charset());
    while decoded.refill().map_err(unreadable)? {
        fields.feed(decoded.ready(), &mut grid)?;
    }
    fields.finish(&mut grid)?;
    let source = SourceKind::Csv {
        separator,
        encoding,
    };
    grid.found(source)?.ok_or(SheetError::EmptySheet)
}

pub(super) fn unreadable(source: io::Error) -> SheetError {
    SheetError::reading(std::path::Path::new("-"), source)
}

/// By byte order mark; without one, UTF-8 if the whole file is valid, UTF-16 if every other byte
/// of its beginning is zero, else Windows-1252.
pub(super) fn detect_encoding<R: Read + Seek>(source: &mut R) -> io::Result<Encoding> {
    let mut start = Vec::new();
    source.seek(SeekFrom::Start(0))?;
    source.by_ref().take(1024).read_to_end(&mut start)?;
    let zeros = |parity: usize| {
        let mut bytes = start.iter().skip(parity).step_by(2);
        let count = bytes.len();
        count > 1 && bytes.all(|byte| *byte == 0)
    };
    Ok(match start.as_slice() {
        [0xff, 0xfe, ..] => Encoding::Utf16Le,
        [0xfe, 0xff, ..] => Encoding::Utf16Be,
        _ if zeros(1) => Encoding::Utf16Le,
        _ if zeros(0) => Encoding::Utf16Be,
        _ if is_utf8(source)? => Encoding::Utf8,
        _ => Encoding::Windows1252,
    })
}

fn is_utf8<R: Read + Seek>(source: &mut R) -> io::Result<bool> {
    source.seek(SeekFrom::Start(0))?;
    let mut window = Vec::with_capacity(64 * 1024 + 4);
    loop {
        let carried = window.len();
        source.by_ref().take(64 * 1024).read_to_end(&mut window)?;
        if window.len() == carried {
            return Ok(carried == 0);
        }
        match std::str::from_utf8(&window) {
            Ok(_) => window.clear(),
            // A character cut at the end of the window goes on in the next.
            Err(error) if error.error_len().is_none() => drop(window.drain(..error.valid_up_to())),
            Err(_) => return Ok(false),
        }
    }
}

/// The beginning of the text, and whether that is all of it.
fn decoded_sample<R: Read + Seek>(
    source: &mut R,
    encoding: Encoding,
) -> io::Result<(String, bool)> {
    source.seek(SeekFrom::Start(0))?;
    let mut bytes = Vec::new();
    let mut decoded = DecodedText::new(source, encoding.charset());
    while bytes.len() < SAMPLE_BYTES && decoded.refill()? {
        bytes.extend_from_slice(decoded.ready());
    }
    let complete = bytes.len() < SAMPLE_BYTES;
    Ok((String::from_utf8_lossy(&bytes).into_owned(), complete))
}

/// More than one character in ten that no text has. NUL is left out of the count: broken
/// exporters pad with it.
fn looks_binary(sample: &str) -> bool {
    let (mut all, mut strange) = (0_usize, 0_usize);
    for c in sample.chars().take(8192) {
        all += 1;
        strange += usize::from(c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\0'));
    }
    strange * 10 > all
}

/// Excel's own first line `sep=;`.
fn declared_separator(sample: &str) -> Option<char> {
    let first = sample.trim_start_matches('\u{feff}').lines().next()?;
    let separator = first.strip_prefix("sep=")?.chars().next()?;
    SEPARATORS.contains(&separator).then_some(separator)
}

/// The separator that leaves a column of identities; where several do or none does, the one that
/// cuts most of the first lines into the same number of pieces.
fn detect_separator(sample: &str, complete: bool) -> char {
    let by_pieces = separators_by_pieces(sample, complete);
    let mut lines: Vec<&str> = sample.split(['\n', '\r']).collect();
    if !complete && lines.len() > 1 {
        lines.pop();
    }
    lines.retain(|line| !line.trim().is_empty());
    lines.truncate(JUDGED_LINES);
    let first = identities(&lines, by_pieces[0]);
    // Nearly every line is right: no other separator could do better.
    if first[0] * 10 >= lines.len() * 8 {
        return by_pieces[0];
    }
    // The last of equals is taken, and the one that cuts best is to be it.
    let candidates = by_pieces.into_iter().rev();
    let best = candidates.max_by_key(|separator| identities(&lines, *separator));
    best.unwrap_or(by_pieces[0])
}

/// How many identities the fullest column holds: RUCs, RUCs among other words, DNIs.
fn identities(lines: &[&str], separator: char) -> [usize; 3] {
    let mut columns: Vec<[usize; 3]> = Vec::new();
    // A line that it does not cut says nothing of it: the company's own RUC above the titles.
    for line in lines.iter().filter(|line| line.contains(separator)) {
        for (column, piece) in pieces(line, separator).into_iter().enumerate() {
            let what = match holds(&Cell::text(piece)) {
                Holds::Ruc(_) => 0,
                Holds::RucInside(_) => 1,
                Holds::Dni(_) => 2,
                _ => continue,
            };
            if column >= columns.len() {
                columns.resize(column + 1, [0; 3]);
            }
            columns[column][what] += 1;
        }
    }
    columns.into_iter().max().unwrap_or_default()
}

/// The pieces of a line. What lies between quotes is not cut, unless one of them is not closed.
fn pieces(line: &str, separator: char) -> Vec<&str> {
    let heed_quotes = line.matches('"').count().is_multiple_of(2);
    let mut quoted = false;
    line.split(|c: char| {
        quoted ^= heed_quotes && c == '"';
        c == separator && !quoted
    })
    .collect()
}

/// The separators, first the one that cuts most of the first lines into the same number of pieces.
/// What lies between quotes does not count.
fn separators_by_pieces(sample: &str, complete: bool) -> [char; 4] {
    let mut lines: Vec<[u32; 4]> = Vec::new();
    let mut counts = [0; 4];
    let (mut quoted, mut anything) = (false, false);
    for c in sample.chars() {
        match c {
            '"' => quoted = !quoted,
            '\n' if !quoted => {
                if anything {
                    lines.push(counts);
                }
                (counts, anything) = ([0; 4], false);
                if lines.len() == 20 {
                    break;
                }
            }
            _ => {
                anything |= !c.is_whitespace();
                if let Some(index) = SEPARATORS.iter().position(|s| !quoted && *s == c) {
                    counts[index] += 1;
                }
            }
        }
    }
    if anything && (complete || lines.is_empty()) {
        lines.push(counts);
    }
    let score = |index: usize| {
        let column = || lines.iter().map(move |line| line[index]).filter(|n| *n > 0);
        // How many lines agree with the most usual count, then how many pieces that makes.
        column()
            .map(|count| (column().filter(|other| *other == count).count(), count))
            .max()
            .unwrap_or((0, 0))
    };
    let mut order = [0, 1, 2, 3];
    order.sort_by_key(|index| std::cmp::Reverse(score(*index)));
    order.map(|index: usize| SEPARATORS[index])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sample: &str, expected: char) {
        assert_eq!(detect_separator(sample, true), expected, "{sample:?}");
    }

    #[test]
    fn separators() {
        check("RUC;MONTO\n20100038146;1500,50\n20000712711;20,00\n", ';');
        check("RUC,MONTO\n20100038146,1500.50\n", ',');
        check("RUC\tMONTO\n20100038146\t1,500.50\n", '\t');
        check("RUC|NOMBRE\n20100038146|UNO; DOS\n", '|');
        check(
            "NOMBRE;RUC\n\"UNO, DOS, TRES\";1\n\"A;B;C;D\ne,f\";2\n",
            ';',
        );
        check("RUC\n20100038146\n", ',');
        // Titles and names with as many commas as there are separators.
        check(
            "LIMA, 30 DE NOVIEMBRE\nRUC;CLIENTE\n20100038146;PEREZ, JUAN\n20000712711;RAMOS, LUZ\n",
            ';',
        );
        check("20100038146|UNO, S.A.;X\n20000712711|DOS, S.A.;X\n", '|');
        check("A;\"UNO;20100038146;5,5\nB;DOS;20000712711;6,6\n", ';');
        check("", ',');
    }
}
