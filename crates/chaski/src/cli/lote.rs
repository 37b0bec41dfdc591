//! `chaski ruc lote`: an Excel list in, an Excel verdict out.

use std::io::{Read, Seek};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chaski_core::Lang;
use tokio::time::Instant;

use super::Done;
use super::args::{Format, LoteArgs};
use super::needed::Needed;
use super::output::{self, notice};
use super::overwrite::is_same_file;
use super::{partners, plan_left, progress};
use crate::app::batches::{BatchInput, Finished, Plan, Running};
use crate::app::cost::Cost;
use crate::app::{App, AppError, Mode};
use crate::sheets::{self, Aptitud, ColumnError, Limits, OutputFormat, Table};
use crate::store::Company;

pub(super) async fn lote(needed: &Needed, app: &App, typed: LoteArgs) -> Done {
    // 1. Everything that can be wrong is found before anything is spent.
    let format = output_format(needed)?;
    let ask = needed.ask(&typed.freshness)?;
    let (input, _) = read(needed, &typed)?;
    // 2. What it will cost.
    let mut plan = app.plan_batch(input, &ask, typed.reanudar).await?;
    plan.cost.most = typed.gastar_hasta.unwrap_or(plan.cost.most);
    output::say_mode(needed, app.mode);
    say_cost(needed, app, &plan).await?;
    let calls = plan.cost.calls.min(plan.cost.most);
    if let Some(calls) = plan_left::fit(needed, app, calls).await? {
        plan.most = plan.most.min(calls.saturating_mul(100));
    }
    // 3. Ask, group by group, until done or interrupted.
    let mut running = app.start_batch(plan, &ask).await?;
    let total = running.progress().total;
    loop {
        let step = async || {
            let more = running.next(app).await?;
            Ok((more, running.progress().done))
        };
        if !progress::to_the_end(needed, total, step).await? {
            return interrupted(needed, app, running).await;
        }
        match may_spend_more(needed, running.over_the_cost())? {
            0 => break,
            more => running.go_on(app, &ask, more).await?,
        }
    }
    if typed.actualizar_partners {
        let noted = app
            .note_on_partners(Company::HOUSE, running.sunat_checks(app))
            .await?;
        notice(needed, &partners::noted_text(&noted, needed.lang()));
    }
    let mut finished = running.finish(app, needed.lang()).await?;
    // 4. Write, whole or not at all.
    if typed.solo_errores {
        keep_only_errors(&mut finished);
    }
    let writing = Instant::now();
    write(needed, format, &finished)?;
    say_summary(needed, app.mode, &finished, writing.elapsed());
    Ok(exit_code(&finished))
}

pub(super) fn output_format(needed: &Needed) -> Result<OutputFormat, AppError> {
    match output::format_of(needed)? {
        Format::Xlsx => Ok(OutputFormat::Xlsx),
        Format::Csv => Ok(OutputFormat::Csv),
        Format::Json => Ok(OutputFormat::Json),
        Format::Ndjson => Ok(OutputFormat::Ndjson),
        Format::Table => Err(AppError::usage(
            "diga dónde escribir el resultado: agregue -o resultado.xlsx",
            "say where the result goes: add -o resultado.xlsx",
        )),
    }
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
        return Err(AppError::usage(
            "la salida es el mismo archivo que la lista; elija otro nombre para no perderla",
            "the output is the list itself; choose another name so as not to lose it",
        ));
    }
    Ok(())
}

/// The list, and its bytes where they came from the input and cannot be read again.
pub(super) fn read(
    needed: &Needed,
    typed: &LoteArgs,
) -> Result<(BatchInput, Option<Vec<u8>>), AppError> {
    let lang = needed.lang();
    let limits = Limits::default();
    let from_input = typed.input == Path::new("-");
    if typed.input.is_dir() {
        let folder = typed.input.display();
        return Err(AppError::usage(
            format!("{folder} es una carpeta: indique el archivo de la lista"),
            format!("{folder} is a folder: name the file of the list"),
        ));
    }
    let mut piped = None;
    let (table, source_hash) = if from_input {
        let mut bytes = Vec::new();
        std::io::stdin()
            .lock()
            .take(limits.file_bytes + 1)
            .read_to_end(&mut bytes)?;
        let table = sheets::read_bytes(&bytes, &limits, lang)?;
        let hash = *blake3::hash(&bytes).as_bytes();
        piped = Some(bytes);
        (table, hash)
    } else {
        let table = sheets::read(&typed.input, &limits, lang)?;
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
    notice(
        needed,
        &match lang {
            Lang::Es => format!(
                "Lista: {} filas; RUC en la columna {}",
                table.rows.len(),
                table.column_label(column)
            ),
            Lang::En => format!(
                "List: {} rows; RUC in column {}",
                table.rows.len(),
                table.column_label(column)
            ),
        },
    );
    let name = typed
        .input
        .file_name()
        .map(|name| name.to_string_lossy().into_owned());
    let source_name = if from_input {
        "-".to_owned()
    } else {
        name.unwrap_or_default()
    };
    let input = BatchInput {
        table,
        column,
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
    anstream::eprintln!("{}", error.message(lang));
    let chosen = dialoguer::Select::new()
        .with_prompt(lang.pick(
            "¿En qué columna está el RUC?",
            "Which column holds the RUC?",
        ))
        .items(&labels)
        .default(0)
        .interact_opt()
        .map_err(|_| AppError::Interrupted)?;
    chosen.ok_or(AppError::Interrupted)
}

/// Calls that the person lets a list spend beyond what was announced, for what is left of it.
fn may_spend_more(needed: &Needed, left: usize) -> Result<u64, AppError> {
    if left == 0 || !needed.may_ask {
        return Ok(0);
    }
    let more = Cost::singly(left);
    let question = match needed.lang() {
        Lang::Es => format!(
            "Ya se gastó lo anunciado y faltan {left} RUC. ¿Gastar hasta {more} consultas más?"
        ),
        Lang::En => format!(
            "What was announced is spent and {left} RUCs are left. Spend up to {more} calls more?"
        ),
    };
    let yes = output::says_yes(&question, needed.lang())?;
    Ok(if yes { more } else { 0 })
}

async fn say_cost(needed: &Needed, app: &App, plan: &Plan) -> Result<(), AppError> {
    let (known, to_ask) = (plan.known, plan.to_ask);
    let Cost { calls, most } = plan.cost;
    let real = app.mode == Mode::Real;
    let text = match (needed.lang(), to_ask) {
        (Lang::Es, 0) if known == 0 => {
            "Nada que consultar: la lista no tiene ningún RUC válido".to_owned()
        }
        (Lang::En, 0) if known == 0 => "Nothing to ask: the list has no valid RUC".to_owned(),
        (Lang::Es, 0) => format!(
            "Nada que consultar: los {known} RUC distintos ya están guardados; no se gastará ninguna llamada"
        ),
        (Lang::En, 0) => {
            format!("Nothing to ask: all {known} distinct RUCs are known; no call will be spent")
        }
        (Lang::Es, _) => format!(
            "Por consultar: {to_ask} RUC en {calls} {} {}, como mucho {most} con reintentos y los que haya que consultar uno por uno; ya guardados: {known}",
            if calls == 1 { "llamada" } else { "llamadas" },
            if real {
                "de su plan de APIMIGO"
            } else {
                "al sandbox (gratis)"
            },
        ),
        (Lang::En, _) => format!(
            "To ask: {to_ask} RUCs in {calls} {} {}, at most {most} with retries and those that must be asked one by one; known already: {known}",
            if calls == 1 { "call" } else { "calls" },
            if real {
                "of your APIMIGO plan"
            } else {
                "to the sandbox (free)"
            },
        ),
    };
    notice(needed, &text);
    if plan.under_way_elsewhere {
        notice(
            needed,
            needed.lang().pick(
                "Otra ejecución de Chaski está consultando esta misma lista: esta espera sus respuestas y no las paga otra vez",
                "Another run of Chaski is asking for this same list: this one waits for its answers and does not pay for them again",
            ),
        );
    }
    let (spent, quota) = app.migo.engine().quota("migo").await?;
    if let Some(quota) = quota.filter(|quota| real && spent + calls > *quota) {
        let left = quota.saturating_sub(spent);
        notice(
            needed,
            &match needed.lang() {
                Lang::Es => format!(
                    "Atención: llamadas que quedan de la cuota configurada: {left} de {quota}; el resto saldrá SIN RESPUESTA y podrá continuarlo con --reanudar"
                ),
                Lang::En => format!(
                    "Beware: calls left of the configured quota: {left} of {quota}; the rest will have NO ANSWER and can go on with --reanudar"
                ),
            },
        );
    }
    Ok(())
}

async fn interrupted(needed: &Needed, app: &App, running: Running) -> Done {
    let progress = progress::wind_up(needed, running.stop(app)).await?;
    let (done, total) = (progress.done, progress.total);
    anstream::eprintln!(
        "{}",
        match needed.lang() {
            Lang::Es => format!(
                "{done} de {total} RUC listos y guardados; no se escribió el resultado. Continúe con la misma orden y --reanudar: lo ya consultado no se vuelve a pagar"
            ),
            Lang::En => format!(
                "{done} of {total} RUCs done and kept; the result was not written. Go on with the same command and --reanudar: nothing is paid twice"
            ),
        }
    );
    Ok(130)
}

pub(super) fn keep_only_errors(finished: &mut Finished) {
    let wanted: Vec<bool> = finished
        .verdicts
        .iter()
        .map(|verdict| verdict.apto != Aptitud::Apto)
        .collect();
    let mut keep = wanted.iter().copied();
    finished.table.rows.retain(|_| keep.next().unwrap_or(true));
    let mut keep = wanted.iter().copied();
    finished.verdicts.retain(|_| keep.next().unwrap_or(true));
}

pub(super) fn write(
    needed: &Needed,
    format: OutputFormat,
    finished: &Finished,
) -> Result<(), AppError> {
    let Finished {
        table,
        verdicts,
        summary,
        ..
    } = finished;
    let lang = needed.lang();
    if let Some(path) = &needed.output {
        needed.overwrite.write(path, false, |file| {
            sheets::render_result(
                file,
                format,
                table,
                verdicts.as_slice().into(),
                summary,
                lang,
            )
        })?;
    } else {
        let mut bytes = Vec::new();
        let verdicts = verdicts.as_slice().into();
        sheets::write_result_to(&mut bytes, format, table, verdicts, summary, lang)?;
        output::to_stdout(&bytes)?;
    }
    Ok(())
}

pub(super) fn say_summary(needed: &Needed, mode: Mode, finished: &Finished, writing: Duration) {
    let lang = needed.lang();
    let total = finished.verdicts.len().max(1);
    let mut lines = vec![String::new()];
    for aptitud in Aptitud::ALL {
        let count = finished
            .verdicts
            .iter()
            .filter(|verdict| verdict.apto == aptitud)
            .count();
        if count > 0 {
            let share = count * 1000 / total;
            let word = aptitud.word(lang);
            lines.push(format!(
                "  {word:<24}{count:>7}  {:>3}.{} %",
                share / 10,
                share % 10
            ));
        }
    }
    let summary = &finished.summary;
    let (calls, hits) = (summary.calls_spent, summary.cache_hits);
    let (repeated, repaired) = (summary.duplicates, summary.repaired);
    let seconds = |time: Duration| format!("{:.2} s", time.as_secs_f64());
    let (asking, whole) = (
        seconds(finished.asking),
        seconds(summary.duration + writing),
    );
    lines.push(match lang {
        Lang::Es => format!("  Repetidos: {repeated} · corregidos: {repaired} · llamadas gastadas: {calls} · respuestas ya guardadas: {hits}"),
        Lang::En => format!("  Repeated: {repeated} · corrected: {repaired} · calls spent: {calls} · answers already known: {hits}"),
    });
    lines.push(match lang {
        Lang::Es => format!("  Tiempo: {whole} (consultando: {asking})"),
        Lang::En => format!("  Time: {whole} (asking: {asking})"),
    });
    if let Some(path) = &needed.output {
        let path: PathBuf = path.clone();
        lines.push(match lang {
            Lang::Es => format!("Resultado: {}", path.display()),
            Lang::En => format!("Result: {}", path.display()),
        });
    }
    // The cause comes before what to do about it.
    if let Some(error) = &finished.total_failure {
        notice(needed, &lines.join("\n"));
        lines.clear();
        output::complain(error, lang);
    }
    if let Some((over, most)) = finished.over {
        let enough = Cost::singly(over);
        lines.push(match lang {
            Lang::Es => format!("{over} RUC no se consultaron: la lista llegó a su máximo de {most} consultas. Si acepta gastar hasta {enough} más, repita la misma orden con --reanudar --gastar-hasta {enough}"),
            Lang::En => format!("{over} RUCs were not asked: the list came to its most of {most} calls. If it may spend up to {enough} more, repeat the command with --reanudar --gastar-hasta {enough}"),
        });
    }
    if finished.failed > finished.over.map_or(0, |(over, _)| over) {
        let failed = finished.failed;
        lines.push(match lang {
            Lang::Es => format!("{failed} RUC quedaron sin respuesta: repita la misma orden con --reanudar; lo ya consultado no se vuelve a pagar"),
            Lang::En => format!("{failed} RUCs have no answer: repeat the command with --reanudar; nothing is paid twice"),
        });
    }
    if mode == Mode::Sandbox {
        lines.push(
            lang.pick(
                "Son datos ficticios del sandbox: no los use para facturar",
                "These are invented data of the sandbox: do not invoice by them",
            )
            .to_owned(),
        );
    }
    if !lines.is_empty() {
        notice(needed, &lines.join("\n"));
    }
}

pub(super) fn exit_code(finished: &Finished) -> u8 {
    match &finished.total_failure {
        Some(error) => error.exit_code(),
        None if finished.failed > 0 => 8,
        None => 0,
    }
}
