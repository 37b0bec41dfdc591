//! `chaski ruc lote`: an Excel list in, an Excel verdict out.

use std::io::{Read, Seek};
use std::path::Path;

use chaski_client::Ask;
use chaski_core::{Lang, Text, sentence, text};
use tokio::time::Instant;

use super::Done;
use super::kit::args::{ListRunArgs, LoteArgs};
use super::kit::needed::Needed;
use super::kit::output::{self, notice};
use super::kit::overwrite::is_same_file;
use super::kit::terminal::{choose, says_yes};
use super::lote_people::{People, PeopleDesk};
use super::lote_words::{Things, say_cost, say_summary, why_singly};
use super::partners;
use crate::app::batches::{Attended, BatchResult, Finished, ListKind, ReadList, RucList};
use crate::app::cost::Over;
use crate::app::{App, AppError, Mode};
use crate::cli::kit::plan_left;
use crate::cli::kit::progress;
use crate::counted::counted;
use crate::sheets::{
    self, ColumnError, Limits, MOST_ROWS, OutputFormat, ResultNames, RowSaid, Table, Verdicts,
};
use crate::store::StoreError;

pub(super) async fn lote(needed: &Needed, app: &App, typed: LoteArgs) -> Done {
    // 1. Everything that can be wrong is found before anything is spent.
    let format = output_format(needed)?;
    let ask = needed.ask(&typed.run.freshness)?;
    let (mut input, _) = read(needed, &typed)?;
    check_size(format, &input.table)?;
    let people = People::of(needed, &typed, &mut input)?;
    // 2. Ask.
    let beside = Beside {
        persons: people.to_ask(app, &ask).await?,
        update_partners: typed.actualizar_partners,
    };
    let finished = looked_up(needed, app, input, ask, &typed.run, beside).await?;
    let Some(mut finished) = finished else {
        return Ok(130);
    };
    // 3. The persons, where that was wanted.
    people
        .look_up(needed, PeopleDesk::Here(app), &typed, &mut finished)
        .await?;
    // 4. Write, whole or not at all.
    conclude(needed, app.mode, format, &typed.run, finished)
}

/// What a list of RUCs is to do besides.
#[derive(Default)]
pub(super) struct Beside {
    /// Persons that are to be asked for once it ended, a call each.
    persons: usize,
    update_partners: bool,
}

/// What came of a list, whatever it asks for; none when the person interrupted.
pub(super) async fn looked_up<K: ListKind>(
    needed: &Needed,
    app: &App,
    input: ReadList<K>,
    ask: Ask,
    typed: &ListRunArgs,
    beside: Beside,
) -> Result<Option<Finished<K>>, AppError> {
    // 1. What it will cost.
    let things = Things::of(K::KIND);
    let mut batch = app.plan_batch(input, &ask, typed.reanudar).await?;
    batch.allow(typed.gastar_hasta, beside.update_partners);
    let over = |limit: u64| limit.saturating_sub(batch.cost.calls);
    let most = typed.gastar_hasta.map_or(u64::MAX, over);
    batch.beside = most.min(beside.persons as u64);
    output::say_mode(needed, app.mode);
    say_cost(needed, app, &batch).await?;
    let calls = batch.cost.calls.min(batch.cost.most) + batch.beside;
    let reach = |calls| K::within(calls, batch.to_ask, batch.cost);
    let few = if batch.to_ask == 0 {
        plan_left::fit(needed, app, calls, |calls| calls, Things::persons()).await?
    } else {
        plan_left::fit(needed, app, calls, &reach, things).await?
    };
    if let Some(calls) = few {
        let first = reach(calls);
        batch.most = batch.most.min(first);
    }
    // 2. Ask, group by group, until done or interrupted.
    batch.start(app).await?;
    let done = asked(needed, app, &mut batch).await;
    if let Ok(false) | Err(AppError::Store(StoreError::LeaseLost)) = done {
        progress::wind_up(needed, batch.stop(app)).await?;
        let text = to_be_taken_up(batch.progress(), things);
        anstream::eprintln!("{}", text.pick(needed.lang()));
    }
    if !done? {
        return Ok(None);
    }
    if beside.update_partners {
        let noted = batch.note_on_partners(app).await?;
        notice(needed, &partners::noted_text(&noted, needed.lang()));
    }
    let finished = batch.finish(app, needed.lang()).await?;
    Ok(Some(Finished {
        few_calls: few.map(|calls| calls as u64),
        ..finished
    }))
}

/// Asks for a list to its end; false when the person interrupted.
async fn asked<K: ListKind>(
    needed: &Needed,
    app: &App,
    batch: &mut Attended<K>,
) -> Result<bool, AppError> {
    let (_, total) = batch.progress();
    loop {
        let step = async || {
            let more = batch.next(app).await?;
            Ok((more, batch.progress().0))
        };
        if !progress::to_the_end(needed, total, step).await? {
            return Ok(false);
        }
        match may_spend_more(needed, batch.over_the_cost(), Things::of(K::KIND))? {
            0 => return Ok(true),
            more => batch.go_on(app, more).await?,
        }
    }
}

/// Writes what came of a list and says what it is.
pub(super) fn conclude<K: ListKind>(
    needed: &Needed,
    mode: Mode,
    format: OutputFormat,
    typed: &ListRunArgs,
    mut finished: Finished<K>,
) -> Done {
    if typed.solo_errores {
        keep_only_errors(&mut finished.result);
    }
    let writing = Instant::now();
    write(needed, (format, typed.titles.names()), &finished.result)?;
    say_summary(needed, mode, &finished, writing.elapsed());
    Ok(match &finished.total_failure {
        Some(error) => error.exit_code(),
        None if finished.failed + finished.persons.failed + finished.persons.not_asked > 0 => 8,
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
    let place = (typed.input.as_path(), typed.hoja.as_deref());
    read_as(needed, place, |table, may_ask| {
        let question = text!(
            "¿En qué columna está el RUC?",
            "Which column holds the RUC?"
        );
        let found = sheets::find_column(table, typed.columna.as_deref());
        let column = or_chosen(table, found, may_ask.then_some(question), needed.lang())?;
        let label = table.column_label(column);
        let list = RucList {
            column,
            dni_as_ruc: false,
        };
        let said = text!("RUC en la columna {label}", "RUC in column {label}");
        Ok((list, said))
    })
}

/// A list, whatever it asks for: `how` finds where in it that stands, and says so. It may ask the person
/// where the input is free for that.
pub(super) fn read_as<K: ListKind>(
    needed: &Needed,
    (input, sheet): (&Path, Option<&str>),
    how: impl FnOnce(&Table, bool) -> Result<(K, Text), AppError>,
) -> Result<(ReadList<K>, Option<Vec<u8>>), AppError> {
    let lang = needed.lang();
    let limits = Limits::of_a_long_list();
    let (from_input, sought) = (input == Path::new("-"), K::SOUGHT);
    if input.is_dir() {
        let folder = input.display();
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
        let table = sheets::read_bytes_for(sought, &bytes, sheet, &limits, lang)?;
        let hash = *blake3::hash(&bytes).as_bytes();
        piped = Some(bytes);
        (table, hash)
    } else {
        let table = sheets::read_for(sought, input, sheet, &limits, lang)?;
        let mut file = std::fs::File::open(input)?;
        file.rewind()?;
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(file)?;
        (table, *hasher.finalize().as_bytes())
    };
    // First what was read and what was not: the list may be on another sheet.
    for note in &table.notes {
        notice(needed, note);
    }
    let (how, said) = how(&table, needed.may_ask && !from_input)?;
    let (rows, Text { es, en }) = (table.rows.len(), said);
    let (filas, rows) = (counted(rows, "fila", "filas"), counted(rows, "row", "rows"));
    needed.say(text!("Lista: {filas}; {es}", "List: {rows}; {en}"));
    let name = input
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let source_name = if from_input {
        "-".to_owned()
    } else {
        name.unwrap_or_default()
    };
    let input = ReadList {
        table,
        how,
        source_name,
        source_hash,
    };
    Ok((input, piped))
}

/// The column that was found, or that the person chooses where they may be asked.
pub(super) fn or_chosen(
    table: &Table,
    found: Result<usize, ColumnError>,
    question: Option<Text>,
    lang: Lang,
) -> Result<usize, AppError> {
    let (error, question) = match (found, question) {
        (Ok(column), _) => return Ok(column),
        (Err(error), None) => return Err(error.into()),
        (Err(error), Some(question)) => (error, question),
    };
    if table.headers.is_empty() || matches!(error, ColumnError::Unknown { .. }) {
        return Err(error.into());
    }
    let labels: Vec<String> = (0..table.headers.len())
        .map(|column| table.column_label(column))
        .collect();
    anstream::eprintln!("{}", sentence(&error.message(lang)));
    choose(question.pick(lang), &labels, lang)
}

/// Calls that the person lets a list spend beyond what was announced, for what is left of it.
fn may_spend_more(needed: &Needed, over: Option<Over>, things: &Things) -> Result<u64, AppError> {
    let Some(over) = over.filter(|_| needed.may_ask) else {
        return Ok(0);
    };
    let (left, more, why) = (over.rucs, over.enough, why_singly(over, needed.lang()));
    let (faltan, is) = match left {
        1 => ("falta", "is"),
        _ => ("faltan", "are"),
    };
    let (cosas, left) = (
        things.counted(left, Lang::Es),
        things.counted(left, Lang::En),
    );
    let (consultas, calls) = (
        counted(more, "consulta", "consultas"),
        counted(more, "call", "calls"),
    );
    let question = text!(
        "Ya se usó lo anunciado y {faltan} {cosas}{why}. ¿Usar hasta {consultas} más?",
        "What was announced is used up and {left} {is} left{why}. Use up to {calls} more?"
    );
    let yes = says_yes(&question.pick(needed.lang()), needed.lang())?;
    Ok(if yes { more } else { 0 })
}

/// What a person does about a list that was interrupted.
fn to_be_taken_up((done, total): (usize, usize), things: &Things) -> Text {
    let (total, all) = (
        things.counted(total, Lang::Es),
        things.counted(total, Lang::En),
    );
    text!(
        "Ya se guardó la respuesta de {done} de {total}; no se escribió el resultado. Continúe con el mismo comando y --reanudar: lo ya consultado no se vuelve a pagar",
        "Done and kept: {done} of {all}; the result was not written. Go on with the same command and --reanudar: nothing is paid twice"
    )
}

fn keep_only_errors<K: ListKind>(result: &mut BatchResult<K>) {
    let wrong = |said: &K::Said| K::Said::kind().words[said.word()].mend;
    let mut keep = result.verdicts.iter().map(|said| wrong(&said));
    result.table.rows.retain(|_| keep.next().unwrap_or(true));
    drop(keep);
    result.verdicts.retain(wrong);
}

pub(super) fn write<K: ListKind>(
    needed: &Needed,
    (format, names): (OutputFormat, ResultNames),
    result: &BatchResult<K>,
) -> Result<(), AppError> {
    let lang = needed.lang();
    let Some(path) = &needed.output else {
        let mut bytes = Vec::new();
        result.write(format, names, lang, &mut bytes)?;
        return output::to_stdout(&bytes);
    };
    let (table, summary) = (&result.table, &result.summary);
    needed.overwrite.write(path, false, |file| {
        let verdicts = Verdicts::of(&result.verdicts);
        sheets::render_result(file, format, table, verdicts, summary, names, lang)
    })
}
