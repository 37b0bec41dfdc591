//! Writes the list with its verdicts: whole or not at all.

mod columns;
mod delimited;
mod objects;
mod plain;
mod summary;
mod workbook;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;

use chaski_core::Lang;

use super::error::folder_of;
use super::{SheetError, Summary, Table, Verdict};
use columns::Output;

pub use columns::Verdicts;
pub use plain::{PlainCsv, PlainXlsx, plain_csv, plain_xlsx};

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

/// Writes the list with one verdict per row (a row without one counts as not asked).
///
/// The file appears complete or not at all: it is written beside its place, flushed to the disk
/// and renamed, and what was there before stays on any failure. A pipe or device is written
/// directly.
pub fn write_result(
    out: &Path,
    format: OutputFormat,
    table: &Table,
    verdicts: &[Verdict],
    summary: &Summary,
    lang: Lang,
) -> Result<(), SheetError> {
    put_in_place(out, |file| {
        render(file, format, table, verdicts.into(), summary, lang)
    })
}

/// Writes bytes to a file that appears complete or not at all.
pub fn write_atomically(out: &Path, bytes: &[u8]) -> Result<(), SheetError> {
    put_in_place(out, |file| file.write_all(bytes))
}

/// Whether a file can be put there, found out without leaving anything behind.
pub fn check_writable(out: &Path) -> Result<(), SheetError> {
    let failed = |error| SheetError::writing(out, error);
    match fs::metadata(out) {
        Ok(metadata) if metadata.is_dir() => Err(failed(io::ErrorKind::IsADirectory.into())),
        Ok(metadata) if !metadata.is_file() => Ok(()),
        _ => tempfile::Builder::new()
            .prefix(".chaski-")
            .tempfile_in(folder_of(out))
            .map(drop)
            .map_err(failed),
    }
}

fn put_in_place(
    out: &Path,
    write: impl FnOnce(&mut File) -> io::Result<()>,
) -> Result<(), SheetError> {
    let failed = |error| SheetError::writing(out, error);
    let existing = fs::metadata(out).ok();
    match &existing {
        Some(metadata) if metadata.is_dir() => {
            return Err(failed(io::ErrorKind::IsADirectory.into()));
        }
        Some(metadata) if !metadata.is_file() => {
            let mut device = File::options().write(true).open(out).map_err(failed)?;
            return write(&mut device).map_err(failed);
        }
        _ => {}
    }
    let mut builder = tempfile::Builder::new();
    builder.prefix(".chaski-").suffix(".tmp");
    let permissions = permissions(existing.as_ref());
    if let Some(permissions) = permissions {
        builder.permissions(permissions);
    }
    let mut file = builder.tempfile_in(folder_of(out)).map_err(failed)?;
    write(file.as_file_mut()).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(out).map_err(|error| failed(error.error))?;
    sync_folder(folder_of(out));
    Ok(())
}

/// The same to any writer, for the standard output. A failure names it `-`.
pub fn write_result_to(
    out: &mut dyn Write,
    format: OutputFormat,
    table: &Table,
    verdicts: Verdicts<'_>,
    summary: &Summary,
    lang: Lang,
) -> Result<(), SheetError> {
    render(out, format, table, verdicts, summary, lang)
        .map_err(|error| SheetError::writing(Path::new("-"), error))
}

fn render(
    out: &mut dyn Write,
    format: OutputFormat,
    table: &Table,
    verdicts: Verdicts<'_>,
    summary: &Summary,
    lang: Lang,
) -> io::Result<()> {
    let output = Output::new(table, verdicts, lang);
    let mut out = BufWriter::with_capacity(128 * 1024, out);
    match format {
        OutputFormat::Xlsx => {
            let bytes = workbook::render(&output, summary).map_err(io_error)?;
            out.write_all(&bytes)?;
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

/// Those of the file that is replaced; for a new one what any program of the user would give it
/// (temporary files are otherwise readable by their owner only).
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere there are none to set")]
fn permissions(existing: Option<&fs::Metadata>) -> Option<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    Some(existing.map_or_else(
        || fs::Permissions::from_mode(0o666),
        fs::Metadata::permissions,
    ))
}

#[cfg(not(unix))]
fn permissions(_existing: Option<&fs::Metadata>) -> Option<fs::Permissions> {
    None
}

/// Makes the rename survive a power cut. The content is safe already, so a folder that cannot
/// be flushed is no failure.
fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        drop(folder.sync_all());
    }
}
