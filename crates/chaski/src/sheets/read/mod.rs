//! Reads a list from an xlsx, ods or CSV, told apart by content and never by extension.

mod dates;
mod delimited;
mod fields;
mod grid;
mod ods;
mod package;
mod strings;
mod workbook;
mod xlsx;

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use chaski_core::Lang;

use super::found::SheetFound;
use super::header;
use super::{Excess, Limits, SheetError, SourceKind, Table};
use crate::counted::counted;
use crate::scratch::Scratch;
use package::Package;

/// Reads a list from a file, or from the standard input if the path is `-`.
pub fn read(path: &Path, limits: &Limits, lang: Lang) -> Result<Table, SheetError> {
    if path == Path::new("-") {
        return read_stream(io::stdin().lock(), limits, lang);
    }
    let unreadable = |source| SheetError::reading(path, source);
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    if !metadata.is_file() {
        return read_stream(file, limits, lang);
    }
    if metadata.len() > limits.file_bytes {
        return Err(limits.beyond(Excess::FileBytes));
    }
    read_seekable(file, limits, lang)
}

/// Reads a list that was put away.
pub fn read_stored(list: &Scratch, limits: &Limits, lang: Lang) -> Result<Table, SheetError> {
    if list.len() > limits.file_bytes {
        return Err(limits.beyond(Excess::FileBytes));
    }
    read_seekable(list.reader(), limits, lang)
}

/// Reads a list from bytes in memory.
pub fn read_bytes(bytes: &[u8], limits: &Limits, lang: Lang) -> Result<Table, SheetError> {
    if bytes.len() as u64 > limits.file_bytes {
        return Err(limits.beyond(Excess::FileBytes));
    }
    read_seekable(Cursor::new(bytes), limits, lang)
}

/// Reads a list from a stream, which is held in memory first: a workbook is read from its end.
pub fn read_stream(stream: impl Read, limits: &Limits, lang: Lang) -> Result<Table, SheetError> {
    let mut bytes = Vec::new();
    stream
        .take(limits.file_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| SheetError::reading(Path::new("-"), source))?;
    read_bytes(&bytes, limits, lang)
}

fn read_seekable<R: Read + Seek>(
    mut source: R,
    limits: &Limits,
    lang: Lang,
) -> Result<Table, SheetError> {
    let mut start = Vec::new();
    let read = source.by_ref().take(1024).read_to_end(&mut start);
    read.and_then(|_| source.seek(SeekFrom::Start(0)))
        .map_err(|error| SheetError::reading(Path::new("-"), error))?;
    let found = found_in(source, &start, limits)?;
    let notes = notes(&found, lang);
    header::into_table(found, notes)
}

/// What the list is read from, told by its first bytes.
fn found_in<R: Read + Seek>(
    mut source: R,
    start: &[u8],
    limits: &Limits,
) -> Result<SheetFound, SheetError> {
    const OTHERS: [&[u8]; 7] = [
        b"%PDF",
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"GIF8",
        b"\x1f\x8b",
        b"Rar!",
        b"7z\xbc\xaf",
    ];
    let begins = |magic: &[u8]| start.starts_with(magic);
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    match text.trim_ascii_start() {
        _ if start.is_empty() => Err(SheetError::EmptyFile),
        _ if begins(b"PK\x03\x04") || begins(b"PK\x05\x06") => read_archive(source, limits),
        // The container of old Office files and of encrypted new ones.
        _ if begins(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") => Err(compound_kind(&mut source)),
        _ if OTHERS.into_iter().any(begins) => Err(SheetError::UnknownKind),
        [b'<', b'?' | b'!' | b'a'..=b'z' | b'A'..=b'Z', ..] => Err(SheetError::WebPage),
        _ => delimited::read_delimited(source, limits),
    }
}

fn read_archive<R: Read + Seek>(source: R, limits: &Limits) -> Result<SheetFound, SheetError> {
    let mut package = Package::open(source, limits)?;
    if package.has("content.xml") {
        ods::read_ods(&mut package)
    } else if package.has("_rels/.rels") || package.has("xl/workbook.xml") {
        if package.has_folder("word/") || package.has_folder("ppt/") {
            return Err(SheetError::UnknownKind);
        }
        xlsx::read_xlsx(&mut package)
    } else {
        Err(SheetError::UnknownKind)
    }
}

/// A compound file is an encrypted workbook or an old one; neither is read.
fn compound_kind<R: Read + Seek>(source: &mut R) -> SheetError {
    let name: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    match package::count(source, &name, 0) {
        Ok(1..) => SheetError::Encrypted,
        _ => SheetError::OldExcel,
    }
}

/// What the person should know of how the list was read.
fn notes(found: &SheetFound, lang: Lang) -> Vec<String> {
    let mut notes = Vec::new();
    if let (Some(sheet), false) = (found.source.sheet(), found.others.is_empty()) {
        let others = found.others.len();
        notes.push(match lang {
            Lang::Es => format!("se leyó la hoja «{sheet}»; el libro tiene {others} más"),
            Lang::En => format!("read the sheet «{sheet}»; the workbook has {others} more"),
        });
    }
    let dropped = found.dropped;
    if dropped > 0 {
        notes.push(match lang {
            Lang::Es if dropped == 1 => "se quitó 1 carácter de control invisible".to_owned(),
            Lang::Es => format!("se quitaron {dropped} caracteres de control invisibles"),
            Lang::En => counted(
                dropped,
                "invisible control character was left out",
                "invisible control characters were left out",
            ),
        });
    }
    if let SourceKind::Csv {
        encoding: super::Encoding::Windows1252,
        ..
    } = found.source
    {
        notes.push(
            lang.pick(
                "el CSV se leyó como Windows-1252 (ANSI)",
                "the CSV was read as Windows-1252 (ANSI)",
            )
            .to_owned(),
        );
    }
    notes
}
