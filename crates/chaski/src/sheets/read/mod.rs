//! Reads a list from an xlsx, ods, CSV, web page or XML, also in a zip, told apart by content and never
//! by extension.

mod dates;
mod decoded;
mod delimited;
mod fields;
mod grid;
mod html;
mod ods;
mod package;
mod palette;
mod strings;
mod styles;
mod web;
mod workbook;
mod xlsx;
mod xml_2003;
mod zipped;

use std::fs::File;
use std::io::{self, Cursor, Read, Seek, SeekFrom};
use std::path::Path;

use chaski_core::Lang;

use super::book::{RawSheet, SheetBook, WantedSheets};
use super::choice::Choice;
use super::{Excess, Limits, SheetError, Sought, Table};
use crate::scratch::Scratch;
use package::Package;

/// Reads a list from a file, or from the standard input if the path is `-`. `sheet` names the sheet;
/// without it the first that is a list is taken.
pub fn read(
    path: &Path,
    sheet: Option<&str>,
    limits: &Limits,
    lang: Lang,
) -> Result<Table, SheetError> {
    read_for(Sought::Rucs, path, sheet, limits, lang)
}

/// The same of a list that holds something else than RUCs.
pub fn read_for(
    sought: Sought,
    path: &Path,
    sheet: Option<&str>,
    limits: &Limits,
    lang: Lang,
) -> Result<Table, SheetError> {
    if path == Path::new("-") {
        return read_stream(sought, io::stdin().lock(), sheet, limits, lang);
    }
    let unreadable = |source| SheetError::reading(path, source);
    let file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    if !metadata.is_file() {
        return read_stream(sought, file, sheet, limits, lang);
    }
    if metadata.len() > limits.file_bytes {
        return Err(limits.beyond(Excess::FileBytes));
    }
    read_seekable(sought, file, sheet, limits, lang)
}

/// Reads the wanted sheets of a book, titles and all, each cell where it stands. A CSV is one sheet.
pub fn read_book(
    path: &Path,
    wanted: &WantedSheets<'_>,
    limits: &Limits,
) -> Result<SheetBook, SheetError> {
    let unreadable = |source| SheetError::reading(path, source);
    let mut file = File::open(path).map_err(unreadable)?;
    let metadata = file.metadata().map_err(unreadable)?;
    if metadata.is_dir() {
        return Err(unreadable(io::ErrorKind::IsADirectory.into()));
    }
    if metadata.is_file() && metadata.len() <= limits.file_bytes {
        return read_seekable_book(file, wanted, limits);
    }
    let mut bytes = Vec::new();
    let most = limits.file_bytes + 1;
    file.by_ref()
        .take(most)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    read_book_bytes(&bytes, wanted, limits)
}

/// The same of bytes in memory.
pub fn read_book_bytes(
    bytes: &[u8],
    wanted: &WantedSheets<'_>,
    limits: &Limits,
) -> Result<SheetBook, SheetError> {
    if bytes.len() as u64 > limits.file_bytes {
        return Err(limits.beyond(Excess::FileBytes));
    }
    read_seekable_book(Cursor::new(bytes), wanted, limits)
}

fn read_seekable_book<R: Read + Seek>(
    mut source: R,
    wanted: &WantedSheets<'_>,
    limits: &Limits,
) -> Result<SheetBook, SheetError> {
    match kind_at_start(&mut source)? {
        Kind::Empty => Err(SheetError::EmptyFile),
        Kind::Compound => Err(compound_kind(&mut source)),
        Kind::WebPage | Kind::WebArchive => Err(SheetError::WebPage),
        Kind::Other => Err(SheetError::UnknownKind),
        Kind::Text => {
            let found = delimited::read_delimited(source, limits)?;
            Ok(SheetBook {
                source: found.source,
                main: RawSheet {
                    rows: found.rows.into_vec(),
                    ..RawSheet::default()
                },
                beside: None,
                others: Vec::new(),
            })
        }
        Kind::Archive => {
            let mut package = Package::open(source, limits)?;
            match archive_kind(&package) {
                ArchiveKind::Ods => ods::read_ods_book(&mut package, wanted),
                ArchiveKind::Xlsx => xlsx::read_xlsx_book(&mut package, wanted),
                ArchiveKind::Document | ArchiveKind::Files => Err(SheetError::UnknownKind),
            }
        }
    }
}

/// Reads a list that was put away.
pub fn read_stored(
    sought: Sought,
    list: &Scratch,
    sheet: Option<&str>,
    limits: &Limits,
    lang: Lang,
) -> Result<Table, SheetError> {
    if list.len() > limits.file_bytes {
        return Err(limits.beyond(Excess::FileBytes));
    }
    read_seekable(sought, list.reader(), sheet, limits, lang)
}

/// Reads a list from bytes in memory.
pub fn read_bytes(
    bytes: &[u8],
    sheet: Option<&str>,
    limits: &Limits,
    lang: Lang,
) -> Result<Table, SheetError> {
    read_bytes_for(Sought::Rucs, bytes, sheet, limits, lang)
}

/// The same of a list that holds something else than RUCs.
pub fn read_bytes_for(
    sought: Sought,
    bytes: &[u8],
    sheet: Option<&str>,
    limits: &Limits,
    lang: Lang,
) -> Result<Table, SheetError> {
    if bytes.len() as u64 > limits.file_bytes {
        return Err(limits.beyond(Excess::FileBytes));
    }
    read_seekable(sought, Cursor::new(bytes), sheet, limits, lang)
}

/// Reads a list from a stream, which is held in memory first: a workbook is read from its end.
pub fn read_stream(
    sought: Sought,
    stream: impl Read,
    sheet: Option<&str>,
    limits: &Limits,
    lang: Lang,
) -> Result<Table, SheetError> {
    let mut bytes = Vec::new();
    stream
        .take(limits.file_bytes + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| SheetError::reading(Path::new("-"), source))?;
    read_bytes_for(sought, &bytes, sheet, limits, lang)
}

fn read_seekable<R: Read + Seek>(
    sought: Sought,
    source: R,
    sheet: Option<&str>,
    limits: &Limits,
    lang: Lang,
) -> Result<Table, SheetError> {
    let mut choice = Choice::new(sheet, sought, lang);
    offer_sheets(source, limits, &mut choice, true)?;
    choice.finish()
}

/// Offers what a file holds. A zip may hold one list, and that one is no zip of lists.
fn offer_sheets<R: Read + Seek>(
    mut source: R,
    limits: &Limits,
    choice: &mut Choice<'_>,
    may_be_zip: bool,
) -> Result<(), SheetError> {
    match kind_at_start(&mut source)? {
        Kind::Empty => Err(SheetError::EmptyFile),
        Kind::Compound => Err(compound_kind(&mut source)),
        Kind::Other => Err(SheetError::UnknownKind),
        Kind::Text => {
            choice.offer(Ok(Some(delimited::read_delimited(source, limits)?)));
            Ok(())
        }
        Kind::WebPage => web::read_page(source, limits, choice),
        Kind::WebArchive => web::read_web_archive(source, limits, choice),
        Kind::Archive => {
            let mut package = Package::open(source, limits)?;
            match archive_kind(&package) {
                ArchiveKind::Ods => ods::read_ods(&mut package, choice),
                ArchiveKind::Xlsx => xlsx::read_xlsx(&mut package, choice),
                ArchiveKind::Files if may_be_zip => {
                    let list = zipped::only_list(&mut package)?;
                    offer_sheets(Cursor::new(list), limits, choice, false)
                }
                ArchiveKind::Document | ArchiveKind::Files => Err(SheetError::UnknownKind),
            }
        }
    }
}

/// What the first bytes say; the source stands at its start again.
fn kind_at_start<R: Read + Seek>(source: &mut R) -> Result<Kind, SheetError> {
    let mut start = Vec::new();
    let read = source.by_ref().take(1024).read_to_end(&mut start);
    read.and_then(|_| source.seek(SeekFrom::Start(0)))
        .map_err(|error| SheetError::reading(Path::new("-"), error))?;
    Ok(kind_of(&start))
}

/// What the first bytes say.
enum Kind {
    Empty,
    Archive,
    /// The container of old Office files and of encrypted new ones.
    Compound,
    WebPage,
    /// A page with its pictures in one file, as Excel saves one.
    WebArchive,
    Other,
    Text,
}

fn kind_of(start: &[u8]) -> Kind {
    const OTHERS: [&[u8]; 7] = [
        b"%PDF",
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"GIF8",
        b"\x1f\x8b",
        b"Rar!",
        b"7z\xbc\xaf",
    ];
    let text = start.strip_prefix(b"\xef\xbb\xbf").unwrap_or(start);
    // What is written in two bytes a character is looked at without the second.
    let wide: Vec<u8> = match start {
        [0xff, 0xfe, rest @ ..] | [0xfe, 0xff, _, rest @ ..] => {
            rest.iter().step_by(2).copied().collect()
        }
        _ => Vec::new(),
    };
    let text = if wide.is_empty() { text } else { &wide };
    match text.trim_ascii_start() {
        _ if start.is_empty() => Kind::Empty,
        _ if start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06") => Kind::Archive,
        _ if start.starts_with(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1") => Kind::Compound,
        _ if OTHERS.iter().any(|magic| start.starts_with(magic)) => Kind::Other,
        text if web::is_web_archive(text) => Kind::WebArchive,
        [b'<', b'?' | b'!' | b'a'..=b'z' | b'A'..=b'Z', ..] => Kind::WebPage,
        _ => Kind::Text,
    }
}

/// What an archive is.
enum ArchiveKind {
    Ods,
    Xlsx,
    /// Of another program.
    Document,
    /// Files that somebody put together.
    Files,
}

fn archive_kind<R: Read + Seek>(package: &Package<'_, R>) -> ArchiveKind {
    if package.has("content.xml") {
        return ArchiveKind::Ods;
    }
    let is_office = package.has("_rels/.rels") || package.has("xl/workbook.xml");
    let is_other = package.has_folder("word/") || package.has_folder("ppt/");
    match (is_office, is_other) {
        (true, false) => ArchiveKind::Xlsx,
        (true, true) => ArchiveKind::Document,
        _ if package.has("mimetype") => ArchiveKind::Document,
        _ => ArchiveKind::Files,
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
