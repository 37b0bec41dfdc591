//! Writes the list with its verdicts: whole or not at all.

mod colours;
mod columns;
mod delimited;
mod objects;
mod plain;
mod report;
mod review;
mod review_csv;
mod summary;
mod workbook;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use chaski_core::Lang;

use super::error::folder_of;
use super::{ResultNames, SheetError, Summary, Table};
use crate::{draft, private};
use columns::Output;

pub use columns::Verdicts;
pub use plain::{PlainCsv, PlainValue, PlainXlsx, plain_csv, valued_xlsx};
pub(crate) use report::{ReportSheet, ReportTable, ReviewMark, ReviewValue};
pub(crate) use review::{ReviewedSheet, by_chaski, render_review};
pub(crate) use review_csv::review_csv;

/// What the output is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputFormat {
    /// Workbook with colours and a summary.
    Xlsx,
    /// Text with separators, for Excel: UTF-8 with a byte order mark.
    Csv,
    /// One array of objects.
    Json,
    /// One object per line.
    Ndjson,
}

impl OutputFormat {
    /// The format that the extension of a path names, if it is one of these.
    pub fn of_path(path: &Path) -> Option<OutputFormat> {
        let extension = path.extension()?.to_str()?.to_ascii_lowercase();
        match extension.as_str() {
            "xlsx" => Some(OutputFormat::Xlsx),
            "csv" | "txt" => Some(OutputFormat::Csv),
            "json" => Some(OutputFormat::Json),
            "ndjson" | "jsonl" => Some(OutputFormat::Ndjson),
            _ => None,
        }
    }
}

/// Writes a file in the place of what was there.
///
/// It appears complete or not at all: it is written beside its place, flushed to the disk and
/// renamed, and what was there before stays on any failure. A pipe or device is written directly.
pub fn write_atomically(
    out: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), SheetError> {
    put_in_place(&resolved(out), false, write, |_| Ok(Destination::Replaced))
}

/// Whether a file can be put there, found out without leaving anything behind.
pub fn check_writable(out: &Path) -> Result<(), SheetError> {
    let failed = |error| SheetError::writing(out, error);
    match fs::metadata(out) {
        Ok(metadata) if metadata.is_dir() => Err(failed(io::ErrorKind::IsADirectory.into())),
        Ok(metadata) if !metadata.is_file() => Ok(()),
        _ => draft::begin(folder_of(&resolved(out)))
            .map(drop)
            .map_err(failed),
    }
}

/// Where a file really goes: a link stays, and what it points to is written. A pipe or device is
/// opened by the name it was given.
pub(crate) fn resolved(out: &Path) -> PathBuf {
    let is_link = fs::symlink_metadata(out).is_ok_and(|it| it.is_symlink());
    let is_stream = fs::metadata(out).is_ok_and(|it| !it.is_file());
    if !is_link || is_stream {
        return out.to_owned();
    }
    let pointed = || Some(folder_of(out).join(fs::read_link(out).ok()?));
    let found = out.canonicalize().ok().or_else(pointed);
    found.unwrap_or_else(|| out.to_owned())
}

/// What a draft takes the name of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    /// Of nothing: a file that is there by then stays.
    New,
    /// Of the file that is there.
    Replaced,
}

/// Writes a draft and gives it its name. `ready` sees the draft when it is whole, and has the last
/// word. A private file stays its owner's alone.
pub(crate) fn put_in_place<E: From<SheetError>>(
    out: &Path,
    private: bool,
    write: impl FnOnce(&mut File) -> io::Result<()>,
    ready: impl FnOnce(&Path) -> Result<Destination, E>,
) -> Result<(), E> {
    let failed = |error| SheetError::writing(out, error);
    let existing = fs::metadata(out).ok();
    match &existing {
        Some(metadata) if metadata.is_dir() => {
            return Err(failed(io::ErrorKind::IsADirectory.into()).into());
        }
        Some(metadata) if !metadata.is_file() => {
            let mut device = File::options().write(true).open(out).map_err(failed)?;
            return Ok(write(&mut device).map_err(failed)?);
        }
        _ => {}
    }
    let folder = folder_of(out);
    let mut file = draft::begin(folder).map_err(failed)?;
    write(file.as_file_mut()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    let place = ready(file.path())?;
    if !private {
        // Those of the file that is replaced; for a new one what any program of the user gives it.
        let permissions = match &existing {
            Some(metadata) => Some(metadata.permissions()),
            None => draft::usual_permissions(folder).map_err(failed)?,
        };
        if let Some(permissions) = permissions {
            file.as_file()
                .set_permissions(permissions)
                .map_err(failed)?;
        }
    }
    let replace = place == Destination::Replaced;
    draft::put(file, out, replace).map_err(failed)?;
    // The content is safe already, so a folder that cannot be flushed is no failure.
    drop(private::sync_folder(folder));
    Ok(())
}

/// Writes the list with one verdict per row, our columns called as `names` says (a row without one counts as not asked) to any writer,
/// for the standard output. A failure names it `-`.
pub fn write_result_to<'t>(
    out: &mut dyn Write,
    format: OutputFormat,
    table: &'t Table,
    verdicts: Verdicts<'t>,
    summary: &Summary,
    names: ResultNames,
    lang: Lang,
) -> Result<(), SheetError> {
    render_result(out, format, table, verdicts, summary, names, lang)
        .map_err(|error| SheetError::writing(Path::new("-"), error))
}

/// The same with the system's own error.
pub fn render_result<'t>(
    out: &mut dyn Write,
    format: OutputFormat,
    table: &'t Table,
    verdicts: Verdicts<'t>,
    summary: &Summary,
    names: ResultNames,
    lang: Lang,
) -> io::Result<()> {
    let output = Output::new(table, verdicts, names, lang);
    let mut out = BufWriter::with_capacity(128 * 1024, out);
    match format {
        OutputFormat::Xlsx => {
            let mut written = workbook::render(&output, summary).map_err(io_error)?;
            io::copy(&mut written, &mut out)?;
        }
        OutputFormat::Csv => delimited::render(&mut out, &output)?,
        OutputFormat::Json => objects::render_array(&mut out, &output)?,
        OutputFormat::Ndjson => objects::render_lines(&mut out, &output)?,
    }
    out.flush()
}

/// The system's own error if there is one inside, so that a full disk is told as such.
fn io_error(error: rust_xlsxwriter::XlsxError) -> io::Error {
    match error {
        rust_xlsxwriter::XlsxError::IoError(error) => error,
        other => io::Error::other(other),
    }
}
