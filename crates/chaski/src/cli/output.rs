//! How data leaves: a table for people, json, ndjson, csv or xlsx for the rest.

use std::io::{IsTerminal, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use chaski_core::Lang;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, ContentArrangement, Table};
use serde_json::{Map, Value};

use super::Done;
use super::args::Format;
use super::needed::Needed;
use crate::app::{App, AppError, Mode};
use crate::sheets::{self, OutputFormat};

/// Records of one kind and the columns that people want to see of them.
pub(super) struct Records {
    /// Field and its heading for people.
    pub(super) columns: Vec<(&'static str, String)>,
    pub(super) rows: Vec<Map<String, Value>>,
}

impl Records {
    /// Writes the records where and how this run wants them.
    pub(super) fn write(&self, needed: &Needed) -> Result<(), AppError> {
        let format = format_of(needed)?;
        match &needed.output {
            Some(path) => {
                let bytes = self.render(format, needed)?;
                sheets::write_atomically(path, &bytes)?;
                Ok(())
            }
            None if format == Format::Xlsx && std::io::stdout().is_terminal() => {
                Err(AppError::usage(
                    "xlsx no se puede mostrar en pantalla; agregue -o archivo.xlsx",
                    "xlsx cannot be shown on a screen; add -o file.xlsx",
                ))
            }
            None => to_stdout(&self.render(format, needed)?),
        }
    }

    fn render(&self, format: Format, needed: &Needed) -> Result<Vec<u8>, AppError> {
        Ok(match format {
            Format::Table => self.table(needed).into_bytes(),
            Format::Json => {
                let mut text =
                    serde_json::to_vec_pretty(&self.rows).map_err(std::io::Error::from)?;
                text.push(b'\n');
                text
            }
            Format::Ndjson => {
                let mut text = Vec::new();
                for row in &self.rows {
                    serde_json::to_writer(&mut text, row).map_err(std::io::Error::from)?;
                    text.push(b'\n');
                }
                text
            }
            Format::Csv => sheets::plain_csv(&self.headings(), &self.cells())?,
            Format::Xlsx => sheets::plain_xlsx(&self.headings(), &self.cells())?,
        })
    }

    /// Every field that appears, the shown ones first, in order of appearance.
    fn headings(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in self.columns.iter().map(|(name, _)| *name).chain(
            self.rows
                .iter()
                .flat_map(|row| row.keys().map(String::as_str)),
        ) {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        names
    }

    fn cells(&self) -> Vec<Vec<String>> {
        let headings = self.headings();
        let row =
            |row: &Map<String, Value>| headings.iter().map(|name| plain(row.get(name))).collect();
        self.rows.iter().map(row).collect()
    }

    fn table(&self, needed: &Needed) -> String {
        let mut table = Table::new();
        table
            .load_style(UTF8_FULL_CONDENSED)
            .set_content_arrangement(ContentArrangement::Dynamic);
        if !needed.colour {
            table.force_no_tty();
        }
        // One record reads better downwards.
        if let ([row], true) = (self.rows.as_slice(), self.columns.len() > 4) {
            for (name, heading) in &self.columns {
                let text = plain(row.get(*name));
                if !text.is_empty() {
                    table.add_row([bold(heading), Cell::new(text)]);
                }
            }
        } else {
            table.set_header(self.columns.iter().map(|(_, heading)| bold(heading)));
            for row in &self.rows {
                table.add_row(self.columns.iter().map(|(name, _)| plain(row.get(*name))));
            }
        }
        format!("{table}\n")
    }
}

fn bold(text: &str) -> Cell {
    Cell::new(text).add_attribute(Attribute::Bold)
}

fn plain(value: Option<&Value>) -> String {
    let text = match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::String(text)) => text.clone(),
        Some(Value::Bool(true)) => "SÍ".to_owned(),
        Some(Value::Bool(false)) => "NO".to_owned(),
        Some(Value::Array(items)) => items
            .iter()
            .map(|item| plain(Some(item)))
            .collect::<Vec<_>>()
            .join("; "),
        Some(Value::Object(object)) => object
            .get("mensaje")
            .or_else(|| object.get("message"))
            .map_or_else(
                || Value::Object(object.clone()).to_string(),
                |text| plain(Some(text)),
            ),
        Some(other) => other.to_string(),
    };
    // No control byte of upstream text reaches a terminal.
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

/// The format of this run: the flag, else the extension of the output, else by who reads.
pub(super) fn format_of(needed: &Needed) -> Result<Format, AppError> {
    if let Some(format) = needed.format {
        return Ok(format);
    }
    match &needed.output {
        Some(path) => of_extension(path),
        None if std::io::stdout().is_terminal() => Ok(Format::Table),
        None => Ok(Format::Ndjson),
    }
}

fn of_extension(path: &Path) -> Result<Format, AppError> {
    match OutputFormat::of_path(path) {
        Some(OutputFormat::Xlsx) => Ok(Format::Xlsx),
        Some(OutputFormat::Csv) => Ok(Format::Csv),
        Some(OutputFormat::Json) => Ok(Format::Json),
        Some(OutputFormat::Ndjson) => Ok(Format::Ndjson),
        None => {
            let name = path.display();
            Err(AppError::usage(
                format!(
                    "no se sabe qué formato es {name}; use .xlsx, .csv, .json o .ndjson, o agregue --format"
                ),
                format!(
                    "{name}: unknown format; use .xlsx, .csv, .json or .ndjson, or add --format"
                ),
            ))
        }
    }
}

/// Writes to the output; a reader that went away (`| head`) is fine.
pub(super) fn to_stdout(bytes: &[u8]) -> Result<(), AppError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

/// A notice for the person, unless they want quiet.
pub(super) fn notice(needed: &Needed, text: &str) {
    if !needed.quiet {
        anstream::eprintln!("{text}");
    }
}

/// Says who answers when it is the sandbox: invented data must never pass for real.
pub(super) fn say_mode(needed: &Needed, app: &App) {
    if app.mode == Mode::Sandbox {
        let text = needed.lang().pick(
            "modo SANDBOX: datos ficticios, nada sale a Internet (para datos reales: chaski config set migo.token)",
            "SANDBOX mode: invented data, nothing leaves for the Internet (for real data: chaski config set migo.token)",
        );
        let style = Style::new().fg_color(Some(AnsiColor::Yellow.into()));
        notice(needed, &format!("{style}{text}{style:#}"));
    }
}

/// One line that says what is wrong and what to do.
pub(super) fn complain(error: &AppError, lang: Lang) {
    let style = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
    anstream::eprintln!("{style}error{style:#}: {}", error.message(lang));
}

/// A line about one of several subjects.
pub(super) fn complain_about(subject: &str, message: &str) {
    let style = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
    anstream::eprintln!("{style}{subject}{style:#}: {message}");
}

/// `chaski version`.
pub(super) fn version() -> Done {
    to_stdout(format!("chaski {}\n", env!("CARGO_PKG_VERSION")).as_bytes())?;
    Ok(0)
}

/// The exit code of several outcomes: all well, all ill in one way, or a mixture.
pub(super) fn exit_of(codes: &[u8]) -> u8 {
    match codes.iter().find(|code| **code != 0) {
        None => 0,
        Some(first) if codes.iter().all(|code| *code != 0) => *first,
        Some(_) => 8,
    }
}
