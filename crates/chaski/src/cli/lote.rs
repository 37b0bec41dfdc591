//! `chaski ruc lote`: an Excel list in, an Excel verdict out.

use std::borrow::Cow;
use std::io::{Read, Seek};
use std::path::Path;

use chaski_client::dialects::migo::MOST_RUCS;
use chaski_core::{Lang, Text, sentence, text};
use tokio::time::Instant;

use super::Done;
use super::kit::args::LoteArgs;
use super::kit::needed::Needed;
use super::kit::output::{self, notice};
use super::kit::overwrite::is_same_file;
use super::kit::terminal::{choose, says_yes};
use super::lote_people::{People, PeopleDesk};
use super::lote_words::{say_cost, say_summary, why_singly};
use super::partners;
use crate::app::batches::{Attended, BatchResult, Finished, ReadList};
use crate::app::cost::Over;
use crate::app::{App, AppError, Mode};
use crate::cli::kit::plan_left;
use crate::cli::kit::progress;
use crate::counted::counted;
use crate::sheets::{
    self, ColumnError, Limits, MOST_ROWS, OutputFormat, ResultNames, Table, Verdict,
};
use crate::store::StoreError;

pub(super) async fn lote(needed: &Needed, app: &App, typed: LoteArgs) -> Done {
    // 1. Everything that can be wrong is found before anything is spent.
    let format = output_format(needed)?;
    let ask = needed.ask(&typed.freshness)?;
    let (mut input, _) = read(needed, &typed)?;
    check_size(format, &input.table)?;
    let people = People::of(needed, &typed, &mut input)?;
    // 2. What it will cost.
    let mut batch = app.plan_batch(input, &ask, typed.reanudar).await?;
    batch.allow(typed.gastar_hasta, typed.actualizar_partners);
    output::say_mode(needed, app.mode);
    say_cost(needed, app, &batch).await?;
    let calls = batch.cost.calls.min(batch.cost.most);
    if let Some(calls) = plan_left::fit(needed, app, calls).await? {
        batch.most = batch.most.min(calls.saturating_mul(MOST_RUCS));
    }
    // 3. Ask, group by group, until done or interrupted.
    batch.start(app).await?;
    let done = asked(needed, app, &mut batch).await;
    if let Ok(false) | Err(AppError::Store(StoreError::LeaseLost)) = done {
        progress::wind_up(needed, batch.stop(app)).await?;
        let text = to_be_taken_up(batch.progress());
        anstream::eprintln!("{}", text.pick(needed.lang()));
    }
    if !done? {
        return Ok(130);
    }
    if typed.actualizar_partners {
        let noted = batch.note_on_partners(app).await?;
        notice(needed, &partners::noted_text(&noted, needed.lang()));
    }
    let mut finished = batch.finish(app, needed.lang()).await?;
    // 4. The persons, where that was wanted.
    people
        .look_up(needed, PeopleDesk::Here(app), &typed, &mut finished)
        .await?;
    // 5. Write, whole or not at all.
    conclude(
        needed,
        app.mode,
        (format, typed.titles.names()),
        typed.solo_errores,
        finished,
    )
}

/// Asks for a list to its end; false when the person interrupted.
async fn asked(needed: &Needed, app: &App, batch: &mut Attended) -> Result<bool, AppError> {
    let (_, total) = batch.progress();
    loop {
        let step = async || {
            let more = batch.next(app).await?;
            Ok((more, batch.progress().0))
        };
        if !progress::to_the_end(needed, total, step).await? {
            return Ok(false);
        }
        match may_spend_more(needed, batch.over_the_cost())? {
            0 => return Ok(true),
            more => batch.go_on(app, more).await?,
        }
    }
}

/// Writes what came of a list and says what it is.
pub(super) fn conclude(
    needed: &Needed,
    mode: Mode,
    format: (OutputFormat, ResultNames),
    only_errors: bool,
    mut finished: Finished,
) -> Done {
    if only_errors {
        keep_only_errors(&mut finished.result);
    }
    let writing = Instant::now();
    write(needed, format, &finished.result)?;
    say_summary(needed, mode, &finished, writing.elapsed());
    Ok(match &finished.total_failure {
        Some(error) => error.exit_code(),
        None if finished.failed > 0 => 8,
        None => 0,
    })
}

pub(super) fn output_format(needed: &Needed) -> Result<OutputFormat, AppError> {
    let where_to = text!(
        "diga dónde escribir el resultado: agregue -o resultado.xlsx",
        "say where the result goes: add -o resultado.xlsx"
    );
    output::file_format(needed, where_to)
}

/// The list itself is no output, whatever may be overwritten.
pub(super) fn check_output(needed: &Needed, input: &Path) -> Result<(), AppError> {
    let Some(output) = &needed.output else {
        return Ok(());
    };
    let input = if input == Path::new("-") {
        Path::new("/dev/stdin")
    } else {
        input
    };
    if is_same_file(output, input) {
        return Err(AppError::Usage(text!(
            "la salida es el mismo archivo que la lista; elija otro nombre para no perderla",
            "the output is the list itself; choose another name so as not to lose it"
        )));
    }
    Ok(())
}

/// A text may have more rows than a sheet.
pub(super) fn check_size(format: OutputFormat, table: &Table) -> Result<(), AppError> {
    let rows = table.rows.len() + table.header_row.unwrap_or(1);
    if format != OutputFormat::Xlsx || rows <= MOST_ROWS {
        return Ok(());
    }
    Err(AppError::Usage(text!(
        "el resultado no cabe en una hoja de Excel (filas: {rows}; caben {MOST_ROWS}): pídalo con -o resultado.csv",
        "the result does not fit a sheet of Excel (rows: {rows}; it takes {MOST_ROWS}): ask for it with -o resultado.csv"
    )))
}

/// The list, and its bytes where they came from the input and cannot be read again.
pub(super) fn read(
    needed: &Needed,
    typed: &LoteArgs,
) -> Result<(ReadList, Option<Vec<u8>>), AppError> {
    let lang = needed.lang();
    let limits = Limits::of_a_long_list();
    let sheet = typed.hoja.as_deref();
    let from_input = typed.input == Path::new("-");
    if typed.input.is_dir() {
        let folder = typed.input.display();
        return Err(AppError::Usage(text!(
            "«{folder}» es una carpeta: indique el archivo de la lista",
            "\"{folder}\" is a folder: name the file of the list"
        )));
    }
    let mut piped = None;
    let (table, source_hash) = if from_input {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .take(limits.file_bytes + 1)
            .read_to_end(&mut bytes)?;
        let table = sheets::read_bytes(&bytes, sheet, &limits, lang)?;
        let hash = *blake3::hash(&bytes).as_bytes();
        piped = Some(bytes);
        (table, hash)
    } else {
        let table = sheets::read(&typed.input, sheet, &limits, lang)?;
        let mut file = std::fs::File::open(&typed.input)?;
        file.rewind()?;
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(file)?;
        (table, *hasher.finalize().as_bytes())
    };
    let column = match sheets::find_column(&table, typed.columna.as_deref()) {
        Ok(column) => column,
        Err(error) if needed.may_ask && !from_input => choose_column(&table, error, lang)?,
        Err(error) => return Err(error.into()),
    };
    for note in &table.notes {
        notice(needed, note);
    }
    let (rows, label) = (table.rows.len(), table.column_label(column));
    let (filas, rows) = (counted(rows, "fila", "filas"), counted(rows, "row", "rows"));
    needed.say(text!(
        "Lista: {filas}; RUC en la columna {label}",
        "List: {rows}; RUC in column {label}"
    ));
    let name = typed
        .input
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let source_name = if from_input {
        "-".to_owned()
    } else {
        name.unwrap_or_default()
    };
    let input = ReadList {
        table,
        column,
        dni_as_ruc: false,
        source_name,
        source_hash,
    };
    Ok((input, piped))
}

/// Asks the person which column it is.
fn choose_column(table: &Table, error: ColumnError, lang: Lang) -> Result<usize, AppError> {
    if table.headers.is_empty() || matches!(error, ColumnError::Unknown { .. }) {
        return Err(error.into());
    }
    let labels: Vec<String> = (0..table.headers.len())
        .map(|column| table.column_label(column))
        .collect();
    anstream::eprintln!("{}", sentence(&error.message(lang)));
    let prompt = text!(
        "¿En qué columna está el RUC? (flechas y Enter)",
        "Which column holds the RUC? (arrows and Enter)"
    );
    choose(prompt.pick(lang), &labels, lang)
}

/// Calls that the person lets a list spend beyond what was announced, for what is left of it.
fn may_spend_more(needed: &Needed, over: Option<Over>) -> Result<u64, AppError> {
    let Some(over) = over.filter(|_| needed.may_ask) else {
        return Ok(0);
    };
    let (left, more, why) = (over.rucs, over.enough, why_singly(over, needed.lang()));
    let (faltan, are) = match left {
        1 => ("falta", "RUC is"),
        _ => ("faltan", "RUCs are"),
    };
    let (consultas, calls) = (
        counted(more, "consulta", "consultas"),
        counted(more, "call", "calls"),
    );
    let question = text!(
        "Ya se usó lo anunciado y {faltan} {left} RUC{why}. ¿Usar hasta {consultas} más?",
        "What was announced is used up and {left} {are} left{why}. Use up to {calls} more?"
    );
    let yes = says_yes(&question.pick(needed.lang()), needed.lang())?;
    Ok(if yes { more } else { 0 })
}

/// What a person does about a list that was interrupted.
fn to_be_taken_up((done, total): (usize, usize)) -> Text {
    let rucs = counted(total, "RUC", "RUCs");
    text!(
        "Listos y guardados: {done} de {total} RUC; no se escribió el resultado. Continúe con el mismo comando y --reanudar: lo ya consultado no se vuelve a pagar",
        "Done and kept: {done} of {rucs}; the result was not written. Go on with the same command and --reanudar: nothing is paid twice"
    )
}

fn keep_only_errors(result: &mut BatchResult) {
    let wrong = |verdict: &Verdict| verdict.apto.is_to_be_mended();
    let mut keep = result.verdicts.iter().map(wrong);
    result.table.rows.retain(|_| keep.next().unwrap_or(true));
    result.verdicts.retain(wrong);
}

pub(super) fn write(
    needed: &Needed,
    (format, names): (OutputFormat, ResultNames),
    result: &BatchResult,
) -> Result<(), AppError> {
    let lang = needed.lang();
    let Some(path) = &needed.output else {
        let mut bytes = Vec::new();
        result.write(format, names, lang, &mut bytes)?;
        return output::to_stdout(&bytes);
    };
    let (table, summary) = (&result.table, &result.summary);
    needed.overwrite.write(path, false, |file| {
        let verdicts = Box::new(result.verdicts.iter().map(Cow::Borrowed));
        sheets::render_result(file, format, table, verdicts, summary, names, lang)
    })
}
