//! A workbook handed over to a server: issued there, followed from here, and its result fetched.

use bytes::Bytes;
use chaski_core::{Text, text};
use tokio::time::Instant;
use uuid::Uuid;

use super::shown::{BETWEEN_LINES, say_done};
use crate::api::batches::{BatchData, IssuedRowData};
use crate::app::AppError;
use crate::cli::kit::interrupt::Interrupt;
use crate::cli::kit::needed::Needed;
use crate::cli::lote_remoto::say_paused;
use crate::remote::{BatchWatch, NewDocuments, Server, ServerError};
use crate::sheets::OutputFormat;

/// What became of a workbook.
pub(super) struct IssuedBook {
    /// What became of each document.
    pub(super) rows: Vec<IssuedRowData>,
    /// The workbook with what became of them; none in a format of records.
    pub(super) file: Option<Bytes>,
}

/// The name of a format that is written as a workbook; none of one of records.
pub(super) fn name_of(format: OutputFormat) -> Option<&'static str> {
    match format {
        OutputFormat::Xlsx => Some("xlsx"),
        OutputFormat::Csv => Some("csv"),
        OutputFormat::Json | OutputFormat::Ndjson => None,
    }
}

/// Issues a workbook at a server and says what became of each document. Whoever stops waiting stops nothing.
pub(super) async fn issue(
    needed: &Needed,
    server: &Server,
    list: &NewDocuments,
    under_way: Option<Uuid>,
    format: Option<OutputFormat>,
) -> Result<IssuedBook, AppError> {
    let mut interrupt = Interrupt::listen();
    // 1. The batch of the same workbook that is under way, or a new one.
    let lote = match under_way {
        Some(id) => interrupt.or(taken_up(server, id)).await?,
        None => None,
    };
    let lote = if let Some(lote) = lote {
        say_resumed(needed);
        lote
    } else {
        hand_over(needed, server, list, &mut interrupt).await?
    };
    // 2. Followed, and its result fetched.
    let id = lote.id;
    let result = async {
        follow(needed, server, lote).await?;
        let rows = server.issued_rows(id).await?;
        let file = match format.and_then(name_of) {
            Some(name) => Some(server.batch_result(id, name).await?),
            None => None,
        };
        Ok::<_, ServerError>(IssuedBook { rows, file })
    };
    let issued = interrupt.or(result).await;
    if issued.is_err() {
        tell(
            needed,
            text!(
                "El lote {id} sigue en el servidor y no se escribió el resultado. Para recogerlo, el mismo comando: ninguno se emite dos veces",
                "Batch {id} goes on at the server and the result was not written. To fetch it, the same command: none is issued twice"
            ),
        );
    }
    issued
}

/// Hands a workbook over; where it is not known whether it arrived, that is said.
pub(super) async fn hand_over(
    needed: &Needed,
    server: &Server,
    list: &NewDocuments,
    interrupt: &mut Interrupt,
) -> Result<BatchData, AppError> {
    let handed_over = interrupt.or(server.submit_documents(list)).await;
    let unknown = match &handed_over {
        Err(AppError::Interrupted) => true,
        Err(AppError::Server(error)) => error.may_have_arrived(),
        _ => false,
    };
    if unknown {
        tell(
            needed,
            text!(
                "No se sabe si la planilla llegó al servidor. Repita el mismo comando: si llegó, se retoma, y ninguno se emite dos veces",
                "It is not known whether the workbook arrived at the server. Repeat the same command: if it did, it is taken up again, and none is issued twice"
            ),
        );
    }
    handed_over
}

/// Says that a workbook is gone on with.
pub(super) fn say_resumed(needed: &Needed) {
    needed.say(text!(
        "se retoma la emisión de esta planilla",
        "the issuing of this workbook is taken up again"
    ));
}

/// A batch that is under way, going on if it was paused; none if it has ended since.
async fn taken_up(server: &Server, id: Uuid) -> Result<Option<BatchData>, ServerError> {
    let lote = server.batch(id).await?;
    if lote.has_ended() {
        return Ok(None);
    }
    if lote.paused {
        return server.change_batch(id, "reanudar").await.map(Some);
    }
    Ok(Some(lote))
}

/// Waits until each document of a batch has an outcome, or the batch waits for an account or a connection. A
/// server that is away for a while is waited for.
async fn follow(needed: &Needed, server: &Server, mut lote: BatchData) -> Result<(), ServerError> {
    let (mut watch, mut told, mut said_paused) = (BatchWatch::new(), Instant::now(), false);
    while !lote.has_ended() && lote.resumes_at.is_none() {
        if lote.paused && !said_paused {
            said_paused = true;
            say_paused(needed);
        }
        watch.look(server, &mut lote).await?;
        if told.elapsed() >= BETWEEN_LINES {
            told = Instant::now();
            say_done(needed, lote.processed_items, lote.total_items);
        }
    }
    say_done(needed, lote.processed_items, lote.total_items);
    Ok(())
}

/// What is said also to whoever wants quiet: without it, nobody knows where their documents are.
fn tell(needed: &Needed, text: Text) {
    anstream::eprintln!("{}", text.pick(needed.lang()));
}
