//! A list and a server: `chaski ruc lote --server`, the same list and the same result, worked on there.

use std::collections::HashSet;
use std::path::Path;
use std::time::Duration;

use chaski_client::Clock;
use chaski_core::{Lang, text};
use tokio::time::Instant;
use uuid::Uuid;

use super::Done;
use super::kit::args::{ListRunArgs, LoteArgs};
use super::kit::desk::Desk;
use super::kit::interrupt::Interrupt;
use super::kit::needed::Needed;
use super::kit::output;
use super::kit::progress::to_the_end;
use super::lote::{Beside, check_size, conclude, looked_up, output_format, read};
use super::lote_people::{People, PeopleDesk};
use super::lote_words::{Things, say_persons};
use crate::api::batches::BatchData;
use crate::app::batches::{BatchResult, Finished, ListClass, ListKind, PersonsLeft, ReadList};
use crate::app::{AppError, Mode};
use crate::remote::{BatchWatch, NewList, Server, ServerError, failure_of};
use crate::sheets::{OutputFormat, Packed, RowSaid, Summary, Table, column_letter, find_column};

pub(super) async fn lote(needed: &Needed, server: &Server, typed: LoteArgs) -> Done {
    // 1. Everything that can be wrong is found before anything is sent.
    let format = output_format(needed)?;
    let (mut input, piped) = read(needed, &typed)?;
    check_size(format, &input.table)?;
    let people = People::of(needed, &typed, &mut input)?;
    // 2. Hand it over, and wait.
    let list = NewList {
        class: ListClass::Rucs,
        name: input.source_name.clone(),
        sheet: typed.hoja.clone(),
        column: Some(column_name(&input.table, input.how.column)),
        dni_as_ruc: input.how.dni_as_ruc,
        force: typed.run.freshness.force_refresh,
        update_partners: typed.actualizar_partners,
        most: typed.run.gastar_hasta,
        bytes: bytes_of(&typed.input, piped)?,
    };
    if people.len() > 0 {
        // The server may know some of them.
        say_persons(needed, people.len() as u64);
    }
    let worked_on = worked_on(needed, server, input, list, &typed.run).await?;
    let Some((mode, mut finished)) = worked_on else {
        return Ok(130);
    };
    // 3. The persons, where that was wanted.
    let desk = PeopleDesk::There(server);
    people.look_up(needed, desk, &typed, &mut finished).await?;
    conclude(needed, mode, format, &typed.run, finished)
}

/// The file of a list as it is handed over.
pub(super) fn bytes_of(input: &Path, piped: Option<Vec<u8>>) -> Result<Vec<u8>, AppError> {
    match piped {
        Some(bytes) => Ok(bytes),
        None => std::fs::read(input).map_err(AppError::file(input)),
    }
}

/// Asks for a list that was read, here or at a server, and writes what came of it.
pub(super) async fn ask_and_write<K: ListKind>(
    needed: &Needed,
    desk: &Desk,
    format: OutputFormat,
    (input, list): (ReadList<K>, NewList),
    typed: &ListRunArgs,
) -> Done {
    let (mode, finished) = match desk {
        Desk::Here(app) => {
            let ask = needed.ask(&typed.freshness)?;
            let finished = looked_up(needed, app, input, ask, typed, Beside::default()).await?;
            (app.mode, finished)
        }
        Desk::There(server) => match worked_on(needed, server, input, list, typed).await? {
            Some((mode, finished)) => (mode, Some(finished)),
            None => return Ok(130),
        },
    };
    match finished {
        Some(finished) => conclude(needed, mode, format, typed, finished),
        None => Ok(130),
    }
}

/// What came of a list that a server worked on, whatever it asks for, and who answered there; none when
/// the person stopped waiting.
pub(super) async fn worked_on<K: ListKind>(
    needed: &Needed,
    server: &Server,
    input: ReadList<K>,
    list: NewList,
    typed: &ListRunArgs,
) -> Result<Option<(Mode, Finished<K>)>, AppError> {
    let (began, things) = (Instant::now(), Things::of(K::KIND));
    refuse_max_age(typed)?;
    let mut interrupt = Interrupt::listen();
    let mode = interrupt.or(server.who_answers()).await?;
    // 1. Take it up where it is, or hand it over.
    let hash = input.fingerprint();
    let taken_up = if typed.reanudar {
        interrupt
            .or(taken_up(needed, server, typed, &list, &hash))
            .await?
    } else {
        None
    };
    let lote = if let Some(lote) = taken_up {
        lote
    } else {
        let handed_over = interrupt.or(server.submit_list(list)).await;
        let unknown = match &handed_over {
            Err(AppError::Interrupted) => true,
            Err(AppError::Server(error)) => error.may_have_arrived(),
            _ => false,
        };
        if unknown {
            say_unknown(needed.lang());
        }
        handed_over?
    };
    output::say_mode_there(needed, mode);
    say_handed_over(needed, &lote, things);
    // 2. Follow it until it ends; it goes on even if no command follows.
    let id = lote.id;
    let result = async {
        let lote = follow(needed, server, lote).await?;
        let verdicts = server.verdicts::<K::Said>(id, &input.table.rows).await?;
        Ok::<_, AppError>((lote, verdicts))
    };
    let (lote, verdicts) = match interrupt.or(result).await {
        Err(AppError::Interrupted) => {
            anstream::eprintln!("{}", goes_on(id, needed.lang()));
            return Ok(None);
        }
        Err(AppError::Server(error)) => {
            // A server that reads the list in another way will not read it better next time.
            if !matches!(error, ServerError::OtherRows) {
                anstream::eprintln!("{}", goes_on(id, needed.lang()));
            }
            return Err(error.into());
        }
        result => result?,
    };
    let (lang, now) = (needed.lang(), Clock::system().now());
    let rules = &needed.config.ruc_rules;
    let failure = failure_of(&lote, lang).map(AppError::Server);
    let asking = Duration::try_from_secs_f64(lote.duration_seconds.unwrap_or(0.0));
    let finished = Finished {
        failed: lote.without_answer() as usize,
        over: None,
        left_out: left_out::<K>(&verdicts, &lote),
        by_a_server: true,
        total_failure: input.nothing_read(rules).or(failure),
        asking: asking.unwrap_or_default(),
        few_calls: None,
        persons: PersonsLeft::default(),
        result: BatchResult {
            summary: Summary {
                calls_spent: lote.api_calls as usize,
                cache_hits: lote.cache_hits as usize,
                duration: began.elapsed(),
                ..input.summary(rules, mode, now, lang)
            },
            table: input.table,
            verdicts,
        },
    };
    Ok(Some((mode, finished)))
}

/// RUCs that were not asked for because of a limit; others are those whose turn has not come.
fn left_out<K: ListKind>(verdicts: &Packed<K::Said>, lote: &BatchData) -> usize {
    let unasked = K::Said::default().word();
    let not_asked = verdicts
        .iter()
        .filter(|it| it.word() == unasked)
        .map(|it| K::asked_of(&it))
        .collect::<HashSet<_>>();
    let wait = lote.total_items.saturating_sub(lote.processed_items) as usize;
    let failed = lote.failed_items as usize;
    not_asked.len().saturating_sub(wait).min(failed)
}

/// The batch of the same list that was left behind, going on again; none when there is none.
async fn taken_up(
    needed: &Needed,
    server: &Server,
    typed: &ListRunArgs,
    list: &NewList,
    hash: &[u8; 32],
) -> Result<Option<BatchData>, ServerError> {
    let now = Clock::system().now();
    let Some(lote) = server.unfinished_batch(hash, now).await? else {
        needed.say(text!(
            "el servidor no tiene un lote por terminar de esta lista: se entrega de nuevo",
            "the server has no unfinished batch of this list: it is handed over again"
        ));
        return Ok(None);
    };
    let changes = list.force || list.update_partners;
    if changes || typed.gastar_hasta.is_some() {
        needed.say(text!(
            "el lote que se recoge conserva las opciones con que se entregó: --force-refresh, --actualizar-partners y --gastar-hasta no lo cambian",
            "the batch keeps the options with which it was handed over: --force-refresh, --actualizar-partners and --gastar-hasta do not change it"
        ));
    }
    if lote.paused {
        return server.change_batch(lote.id, "reanudar").await.map(Some);
    }
    if lote.has_ended() && lote.without_answer() > 0 {
        return server.change_batch(lote.id, "reintentar").await.map(Some);
    }
    Ok(Some(lote))
}

/// A text by which the server finds the same column: title, letter or number.
pub(super) fn column_name(table: &Table, column: usize) -> String {
    let number = (column + 1).to_string();
    let title = table.headers.get(column).cloned().unwrap_or_default();
    [title, column_letter(column), number.clone()]
        .into_iter()
        .find(|name| !name.trim().is_empty() && find_column(table, Some(name)) == Ok(column))
        .unwrap_or(number)
}

fn say_handed_over(needed: &Needed, lote: &BatchData, things: &Things) {
    let (id, total, o) = (lote.id, lote.total_items, things.ending());
    let [cosas, many] = things.many;
    let (es, en) = if total == 1 {
        (
            things.counted(total, Lang::Es),
            things.counted(total, Lang::En),
        )
    } else {
        (
            format!("{total} {cosas} distint{o}s"),
            format!("{total} distinct {many}"),
        )
    };
    needed.say(text!(
        "Lote {id} en el servidor: {es}",
        "Batch {id} on the server: {en}"
    ));
}

/// Says why nothing moves.
pub(super) fn say_paused(needed: &Needed) {
    needed.say(text!(
        "el lote está en pausa en el servidor; se espera a que lo reanuden",
        "the batch is paused at the server; waiting until somebody resumes it"
    ));
}

fn refuse_max_age(typed: &ListRunArgs) -> Result<(), AppError> {
    if typed.freshness.max_age.is_none() {
        return Ok(());
    }
    Err(AppError::Usage(text!(
        "--max-age no vale en un lote del servidor, que usa lo que tiene guardado; para consultar todo de nuevo: --force-refresh",
        "--max-age is not for a batch of a server, which uses what it knows; to ask for everything again: --force-refresh"
    )))
}

fn say_unknown(lang: Lang) {
    let text = text!(
        "No se sabe si la lista llegó al servidor. Repita el mismo comando con --reanudar: si llegó, se recoge ese lote y nada se paga dos veces",
        "It is not known whether the list arrived at the server. Repeat the same command with --reanudar: if it did, that batch is fetched and nothing is paid twice"
    );
    anstream::eprintln!("{}", text.pick(lang));
}

/// What a person is told who stops waiting.
fn goes_on(id: Uuid, lang: Lang) -> String {
    text!(
        "El lote {id} queda en el servidor y no se escribió el resultado. Para recogerlo, el mismo comando con --reanudar, hasta 24 horas después de que termine: lo ya consultado no se vuelve a pagar",
        "Batch {id} stays at the server and the result was not written. To fetch it, the same command with --reanudar, until 24 hours after it ends: nothing is paid twice"
    )
    .pick(lang)
}

/// Waits for the end of a batch. A server that is away for a while is waited for.
async fn follow(
    needed: &Needed,
    server: &Server,
    mut lote: BatchData,
) -> Result<BatchData, AppError> {
    let total = lote.total_items as usize;
    let (mut watch, mut said_paused) = (BatchWatch::new(), false);
    let step = async || {
        if lote.has_ended() {
            return Ok((false, total));
        }
        if lote.paused && !said_paused {
            said_paused = true;
            say_paused(needed);
        }
        watch.look(server, &mut lote).await?;
        Ok((true, lote.processed_items as usize))
    };
    if !to_the_end(needed, total, step).await? {
        return Err(AppError::Interrupted);
    }
    // One that is asked for alone says why there is no answer.
    Ok(server.ended_batch(lote.id).await?)
}
