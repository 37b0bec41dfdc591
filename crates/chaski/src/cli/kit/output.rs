//! How data leaves: a table for people, json, ndjson, csv or xlsx for the rest.

use std::io::{IsTerminal, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use chaski_core::{Lang, Text, sentence, text};
use serde_json::{Map, Value};

use super::needed::Needed;
use super::overwrite::{Overwrite, all};
use super::records::{ApiName, Records, plain};
use super::table;
use super::terminal::says_yes;
use crate::app::{App, AppError, Mode};
use crate::cli::Done;
use crate::sheets::{self, OutputFormat, PlainValue};
use crate::telemetry::{line, writes_json};

impl Records {
    /// Writes the records where and how this run wants them; the exit code is that of success.
    pub(in crate::cli) fn write(&self, needed: &Needed) -> Done {
        let bytes = self.render(format_of(needed)?, needed)?;
        needed.write(&bytes)?;
        Ok(0)
    }

    /// The same, where the API has other names for some fields: as JSON each stands under the API's name,
    /// and beside them, for one release more, under those that the command used before.
    pub(in crate::cli) fn write_named(self, needed: &Needed, of_api: &[ApiName]) -> Done {
        if !wants_json(needed)? {
            return self.write(needed);
        }
        let told = |row: Map<String, Value>| {
            let (mut new, mut old) = (Map::new(), Map::new());
            for (name, value) in row {
                match of_api.iter().find(|(before, _)| *before == name) {
                    Some((_, now)) => {
                        new.insert((*now).to_owned(), value.clone());
                        old.insert(name, value);
                    }
                    None => drop(new.insert(name, value)),
                }
            }
            new.extend(old);
            new
        };
        let rows = self.rows.into_iter().map(told).collect();
        Records { rows, ..self }.write(needed)
    }

    fn render(&self, format: Option<OutputFormat>, needed: &Needed) -> Result<Vec<u8>, AppError> {
        let Some(format) = format else {
            return Ok(table::render(self, needed).into_bytes());
        };
        Ok(match format {
            OutputFormat::Json => {
                let mut text =
                    serde_json::to_vec_pretty(&self.rows).map_err(std::io::Error::from)?;
                text.push(b'\n');
                text
            }
            OutputFormat::Ndjson => {
                let mut text = Vec::new();
                for row in &self.rows {
                    serde_json::to_writer(&mut text, row).map_err(std::io::Error::from)?;
                    text.push(b'\n');
                }
                text
            }
            OutputFormat::Csv => sheets::plain_csv(&self.headings(), &self.cells(needed.lang()))?,
            OutputFormat::Xlsx => {
                sheets::valued_xlsx(&self.headings(), &self.values(needed.lang()))?
            }
        })
    }

    /// Every field that appears, the shown ones first, in order of appearance.
    fn headings(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for name in self.columns.iter().map(|(name, ..)| *name).chain(
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

    fn cells(&self, lang: Lang) -> Vec<Vec<String>> {
        let headings = self.headings();
        let cell = |row: &Map<String, Value>, name: &String| plain(row.get(name), lang);
        let row = |row: &Map<String, Value>| headings.iter().map(|name| cell(row, name)).collect();
        self.rows.iter().map(row).collect()
    }

    fn values(&self, lang: Lang) -> Vec<Vec<Option<PlainValue>>> {
        let headings = self.headings();
        let value = |row: &Map<String, Value>, name: &String| {
            let value = row.get(name);
            value_of(value, plain(value, lang))
        };
        let row = |row: &Map<String, Value>| headings.iter().map(|name| value(row, name)).collect();
        self.rows.iter().map(row).collect()
    }
}

/// A value for a workbook: a number and a moment as such, everything else, a RUC too, as a text.
fn value_of(value: Option<&Value>, shown: String) -> Option<PlainValue> {
    if let Some(number) = value.and_then(Value::as_f64) {
        return Some(PlainValue::Number(number));
    }
    let is_day = shown.len() == 10 && shown.as_bytes()[4] == b'-';
    if is_day && let Ok(day) = shown.parse() {
        return Some(PlainValue::Day(day));
    }
    let is_moment = shown.len() == 19 && shown.as_bytes()[10] == b' ';
    if is_moment && let Ok(moment) = shown.parse() {
        return Some(PlainValue::Hour(moment));
    }
    (!shown.is_empty()).then_some(PlainValue::Text(shown))
}

/// Whether what goes out is JSON.
pub(in crate::cli) fn wants_json(needed: &Needed) -> Result<bool, AppError> {
    let format = format_of(needed)?;
    Ok(matches!(
        format,
        Some(OutputFormat::Json | OutputFormat::Ndjson)
    ))
}

/// What is wrong with the output, told before a call is spent on what goes there.
pub(in crate::cli) fn check(needed: &Needed) -> Result<(), AppError> {
    if let Some(path) = &needed.output {
        needed.overwrite.check(path)?;
    }
    let format = format_of(needed)?;
    let on_screen = needed.output.is_none() && std::io::stdout().is_terminal();
    if format == Some(OutputFormat::Xlsx) && on_screen {
        return Err(AppError::Usage(text!(
            "un .xlsx no se puede mostrar en pantalla; agregue -o archivo.xlsx",
            "an .xlsx cannot be shown on a screen; add -o file.xlsx"
        )));
    }
    Ok(())
}

/// Writes to a file, or to the standard output.
pub(in crate::cli) fn text(
    overwrite: &Overwrite,
    output: Option<&Path>,
    bytes: &[u8],
) -> Result<(), AppError> {
    match output {
        Some(path) => overwrite.write(path, false, all(bytes)),
        None => to_stdout(bytes),
    }
}

/// The format of this run, none for a table: the flag, else the extension of the output, else by who
/// reads.
pub(in crate::cli) fn format_of(needed: &Needed) -> Result<Option<OutputFormat>, AppError> {
    if let Some(format) = needed.format {
        return Ok(format.of_file());
    }
    match &needed.output {
        Some(path) => of_extension(path).map(Some),
        None if std::io::stdout().is_terminal() => Ok(None),
        None => Ok(Some(OutputFormat::Ndjson)),
    }
}

/// The same where a file is written; a table is none, and `where_to` says what to do.
pub(in crate::cli) fn file_format(
    needed: &Needed,
    where_to: Text,
) -> Result<OutputFormat, AppError> {
    format_of(needed)?.ok_or(AppError::Usage(where_to))
}

fn of_extension(path: &Path) -> Result<OutputFormat, AppError> {
    OutputFormat::of_path(path).ok_or_else(|| {
        let name = path.display();
        AppError::Usage(text!(
            "no se reconoce el formato de {name}; use .xlsx, .csv, .json o .ndjson, o agregue --format",
            "the format of {name} is unknown; use .xlsx, .csv, .json or .ndjson, or add --format"
        ))
    })
}

/// Writes to the output; a reader that went away (`| head`) is fine.
pub(in crate::cli) fn to_stdout(bytes: &[u8]) -> Result<(), AppError> {
    let mut out = std::io::stdout().lock();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        result => Ok(result?),
    }
}

impl Needed {
    /// Writes the output of a command: to its file, or to the standard output.
    pub(in crate::cli) fn write(&self, bytes: &[u8]) -> Result<(), AppError> {
        text(&self.overwrite, self.output.as_deref(), bytes)?;
        if let Some(path) = &self.output {
            let path = path.display();
            self.say(text!("Resultado: {path}", "Result: {path}"));
        }
        Ok(())
    }

    /// A notice in the language of the person, unless they want quiet.
    pub(in crate::cli) fn say(&self, text: Text) {
        notice(self, &text.pick(self.lang()));
    }
}

/// A notice for the person, unless they want quiet.
pub(in crate::cli) fn notice(needed: &Needed, text: &str) {
    if needed.quiet {
        return;
    }
    let text = sentence(text);
    if writes_json() {
        line("INFO", &text, Map::new());
    } else {
        anstream::eprintln!("{text}");
    }
}

/// Says who answers when it is the sandbox: invented data must never pass for real.
pub(in crate::cli) fn say_mode(needed: &Needed, mode: Mode) {
    let (es, en) = if needed.config.token().is_some() {
        (
            "MODO DE PRUEBA: los datos son inventados y no se consulta por Internet (hay un token: para datos reales, quite --sandbox o sandbox.mode)",
            "TRIAL MODE: the data are invented and nothing is asked over the Internet (there is a token: for real data leave out --sandbox or sandbox.mode)",
        )
    } else {
        (
            "MODO DE PRUEBA: los datos son inventados y no se consulta por Internet (para datos reales: chaski config set migo.token)",
            "TRIAL MODE: the data are invented and nothing is asked over the Internet (for real data: chaski config set migo.token)",
        )
    };
    say_sandbox(needed, mode, es, en);
}

/// The same of a server.
pub(in crate::cli) fn say_mode_there(needed: &Needed, mode: Mode) {
    say_sandbox(
        needed,
        mode,
        "MODO DE PRUEBA: el servidor responde con datos inventados",
        "TRIAL MODE: the server answers with invented data",
    );
}

fn say_sandbox(needed: &Needed, mode: Mode, es: &str, en: &str) {
    if mode == Mode::Sandbox {
        let text = needed.lang().pick(es, en);
        let style = Style::new().fg_color(Some(AnsiColor::Yellow.into()));
        notice(needed, &format!("{style}{text}{style:#}"));
    }
}

/// Says what was entered on the other side and is here now.
pub(in crate::cli) fn say_brought(needed: &Needed, app: &App) {
    let (partners, batches) = (app.brought.partners, app.brought.batches);
    if partners + batches == 0 {
        return;
    }
    needed.say(match app.mode {
        Mode::Real => text!(
            "se trajo lo que usted ingresó en modo de prueba: partners, {partners}; lotes, {batches} (sin consultar todavía)",
            "what you entered while the sandbox answered was brought here: partners, {partners}; batches, {batches} (not asked yet)"
        ),
        Mode::Sandbox => text!(
            "en modo de prueba se ve también lo que usted ingresó con datos reales: partners, {partners}; lotes, {batches}",
            "in the sandbox you also see what you entered with real data: partners, {partners}; batches, {batches}"
        ),
    });
}

/// What a command ends with when the person, asked, said no.
pub(in crate::cli) const SAID_NO: u8 = 1;

/// Asks before something is deleted, and says so when the person does not want it; without a person to
/// ask, `--yes` must have said it.
pub(in crate::cli) fn confirm(
    needed: &Needed,
    question: Text,
    unconfirmed: Text,
) -> Result<bool, AppError> {
    if needed.yes {
        return Ok(true);
    }
    if !needed.may_ask {
        return Err(AppError::Usage(unconfirmed));
    }
    let yes = says_yes(&question.pick(needed.lang()), needed.lang())?;
    if !yes {
        say_nothing_deleted(needed);
    }
    Ok(yes)
}

/// Says that the person's no was heard.
pub(in crate::cli) fn say_nothing_deleted(needed: &Needed) {
    needed.say(text!("no se borró nada", "nothing was deleted"));
}

/// One line that says what is wrong and what to do.
pub(in crate::cli) fn complain(error: &AppError, lang: Lang) {
    if writes_json() {
        let mut fields = Map::new();
        fields.insert("code".into(), error.code().into());
        line("ERROR", &sentence(&error.message(lang)), fields);
        return;
    }
    let style = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
    let message = sentence(&error.message(lang));
    anstream::eprintln!("{style}Error{style:#}: {message}");
}

/// What is wrong with some of `subjects` numbers, by name. Where a table shows the
/// others too, its rows say it already.
pub(in crate::cli) fn complain_about(
    needed: &Needed,
    complaints: &[(String, String)],
    subjects: usize,
) {
    let in_table = needed.output.is_none() && matches!(format_of(needed), Ok(None));
    if in_table && complaints.len() < subjects {
        return;
    }
    let style = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
    for (subject, message) in complaints {
        let message = sentence(message);
        anstream::eprintln!("{style}{subject}{style:#}: {message}");
    }
}

/// `chaski version`.
pub(in crate::cli) fn version(overwrite: &Overwrite, output: Option<&Path>) -> Done {
    text(
        overwrite,
        output,
        format!("chaski {}\n", env!("CARGO_PKG_VERSION")).as_bytes(),
    )?;
    Ok(0)
}

/// The exit code of several outcomes: all well, all ill in one way, or a mixture.
pub(in crate::cli) fn exit_of(codes: &[u8]) -> u8 {
    match codes.iter().find(|code| **code != 0) {
        None => 0,
        Some(first) if codes.iter().all(|code| *code != 0) => *first,
        Some(_) => 8,
    }
}
