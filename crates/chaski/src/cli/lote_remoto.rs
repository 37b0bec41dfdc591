//! `chaski ruc lote --server`: the same list and the same result, worked on by a server.

use std::collections::HashSet;
use std::time::Duration;

use chaski_client::Clock;
use chaski_core::{Lang, text};
use tokio::time::Instant;
use uuid::Uuid;

use super::Done;
use super::kit::args::LoteArgs;
use super::kit::interrupt::Interrupt;
use super::kit::needed::Needed;
use super::kit::output;
use super::kit::progress::to_the_end;
use super::lote::{check_size, conclude, output_format, read};
use super::lote_people::{People, PeopleDesk};
use crate::api::batches::BatchData;
use crate::app::AppError;
use crate::app::batches::{BatchResult, Finished};
use crate::counted::counted;
use crate::remote::{BatchWatch, NewList, Server, ServerError, failure_of};
use crate::sheets::{Aptitud, Summary, Table, Verdict, column_letter, find_column};

pub(super) async fn lote(needed: &Needed, server: &Server, typed: LoteArgs) -> Done {
    let began = Instant::now();
    // 1. Everything that can be wrong is found before anything is sent.
    let format = output_format(needed)?;
    refuse_max_age(&typed)?;
    let (mut input, piped) = read(needed, &typed)?;
    check_size(format, &input.table)?;
    let people = People::of(needed, &typed, &mut input)?;
    let bytes = match piped {
        Some(bytes) => bytes,
        None => std::fs::read(&typed.input).map_err(AppError::file(&typed.input))?,
    };
    let mut interrupt = Interrupt::listen();
    let mode = interrupt.or(server.who_answers()).await?;
    // 2. Take it up where it is, or hand it over.
    let hash = input.fingerprint();
    let taken_up = if typed.reanudar {
        interrupt
            .or(taken_up(needed, server, &typed, &hash))
            .await?
    } else {
        None
    };
    let lote = if let Some(lote) = taken_up {
        lote
    } else {
        let list = NewList {
            name: input.source_name.clone(),
            sheet: typed.hoja.clone(),
            column: column_name(&input.table, input.column),
            dni_as_ruc: input.dni_as_ruc,
            force: typed.freshness.force_refresh,
            update_partners: typed.actualizar_partners,
            most: typed.gastar_hasta,
            bytes,
        };
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
    say_handed_over(needed, &lote);
    // 3. Follow it until it ends; it goes on even if no command follows.
    let id = lote.id;
    let result = async {
        let lote = follow(needed, server, lote).await?;
        let verdicts = server.verdicts(id, &input.table.rows).await?;
        Ok::<_, AppError>((lote, verdicts))
    };
    let (lote, verdicts) = match interrupt.or(result).await {
        Err(AppError::Interrupted) => {
            anstream::eprintln!("{}", goes_on(id, needed.lang()));
            return Ok(130);
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
    // 4. Write, whole or not at all.
    let (lang, now) = (needed.lang(), Clock::system().now());
    let rules = &needed.config.ruc_rules;
    let failure = failure_of(&lote, lang).map(AppError::Server);
    let asking = Duration::try_from_secs_f64(lote.duration_seconds.unwrap_or(0.0));
    let mut finished = Finished {
        failed: lote.without_answer() as usize,
        over: None,
        left_out: left_out(&verdicts, &lote),
        by_a_server: true,
        total_failure: input.nothing_read(rules).or(failure),
        asking: asking.unwrap_or_default(),
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
    let desk = PeopleDesk::There(server);
    people.look_up(needed, desk, &typed, &mut finished).await?;
    conclude(
        needed,
        mode,
        (format, typed.titles.names()),
        typed.solo_errores,
        finished,
    )
}

/// RUCs that were not asked for because of a limit; others are those whose turn has not come.
fn left_out(verdicts: &[Verdict], lote: &BatchData) -> usize {
    let not_asked = verdicts
        .iter()
        .filter(|it| it.apto == Aptitud::Pendiente)
        .map(|it| it.ruc_normalizado.as_str())
        .collect::<HashSet<_>>();
    let wait = lote.total_items.saturating_sub(lote.processed_items) as usize;
    let failed = lote.failed_items as usize;
    not_asked.len().saturating_sub(wait).min(failed)
}

/// The batch of the same list that was left behind, going on again; none when there is none.
async fn taken_up(
    needed: &Needed,
    server: &Server,
    typed: &LoteArgs,
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
    let changes = typed.freshness.force_refresh || typed.actualizar_partners;
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
fn column_name(table: &Table, column: usize) -> String {
    let number = (column + 1).to_string();
    let title = table.headers.get(column).cloned().unwrap_or_default();
    [title, column_letter(column), number.clone()]
        .into_iter()
        .find(|name| !name.trim().is_empty() && find_column(table, Some(name)) == Ok(column))
        .unwrap_or(number)
}

fn say_handed_over(needed: &Needed, lote: &BatchData) {
    let (id, total) = (lote.id, lote.total_items);
    let (es, en) = (
        counted(total, "RUC", "RUC distintos"),
        counted(total, "RUC", "distinct RUCs"),
    );
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

fn refuse_max_age(typed: &LoteArgs) -> Result<(), AppError> {
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
