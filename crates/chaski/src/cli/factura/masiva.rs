//! `chaski factura emitir ventas.xlsx -o resultado.xlsx`: a workbook issued, each document exactly once.
//!
//! It is a batch like one that is handed to a server, and this process works on it. What a document says under
//! its own name is its key: the workbook again, whole or corrected, is the same documents. Whoever is killed in
//! between repeats the command.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use chaski_client::{NubefactKind, SeriesName};
use chaski_core::invoicing::catalogs::currencies::Moneda;
use chaski_core::text;
use rust_decimal::Decimal;
use serde_json::json;
use tokio::time::Instant;

use super::shown::cents;
use super::{planilla, ruc_of};
use crate::app::batches::IssuingList;
use crate::app::invoices::{
    CheckedRows, CheckedWorkbook, InvoiceRoom, RowOutcome, nubefact_kind, wanted_sheets,
};
use crate::app::{App, AppError, Mode};
use crate::cli::Done;
use crate::cli::kit::args::EmitirArgs;
use crate::cli::kit::needed::Needed;
use crate::cli::kit::output;
use crate::cli::kit::overwrite::all;
use crate::cli::kit::records::{Records, fields};
use crate::cli::lote::check_output;
use crate::codes;
use crate::jobs::issuing;
use crate::sheets::{self, Limits, OutputFormat};

/// How often it is looked how far the list is.
const LOOK: Duration = Duration::from_millis(200);
/// Between two lines of progress.
const BETWEEN_LINES: Duration = Duration::from_secs(5);
/// The exit code when some documents were set aside.
const SOME_ASIDE: u8 = 8;

pub(super) async fn emitir(needed: &Needed, app: &Arc<App>, args: &EmitirArgs) -> Done {
    if args.otra || args.idempotency_key.is_some() {
        return Err(AppError::Usage(text!(
            "--otra e --idempotency-key son de un solo documento; en una planilla cada documento tiene su nombre",
            "--otra and --idempotency-key are for a single document; in a workbook every document has its name"
        )));
    }
    // 1. All of it, checked.
    check_output(needed, &args.file)?;
    let format = output::format_of(needed)?;
    let book = sheets::read_book(&args.file, &wanted_sheets(), &Limits::default())?;
    let others = book.others.clone();
    let (ask, ruc) = (needed.plain_ask(), ruc_of(args.empresa.as_deref())?);
    let room = app.invoice_room(ruc.as_ref(), &ask).await?;
    let room = room.within_period(args.periodo.clone());
    let checked = app.check_workbook(Some(&room), book, false, &ask).await?;
    let name = args.file.file_name();
    let name = name.map_or_else(String::new, |it| it.to_string_lossy().into_owned());
    planilla::say_summary(needed, &name, &checked, &others);
    // 2. All or none, unless the good ones were asked for.
    if checked.has_errors() && !args.solo_buenos {
        needed.say(text!(
            "no se emitió nada: corrija los errores, o emita los demás con --solo-buenos",
            "nothing was issued: correct the errors, or issue the others with --solo-buenos"
        ));
        write_result(needed, &checked, &name, format)?;
        return Ok(codes::exit_code("comprobante_con_errores"));
    }
    // 3. What is going to be issued, and what that costs.
    let cost = room.lookup_cost(&checked, args.clientes, None).await?;
    if cost.calls > 0 {
        let (calls, most) = (cost.calls, cost.most);
        needed.say(text!(
            "consultas de clientes: llamadas, {calls}; a lo más, {most}",
            "look-ups of customers: calls, {calls}; at most, {most}"
        ));
    }
    let mut unfit = HashSet::new();
    if args.clientes {
        unfit = room.unfit_documents(&checked).await;
        let count = unfit.len();
        needed.say(text!(
            "documentos apartados porque no se puede facturar a su cliente: {count}",
            "documents set aside because their customer cannot be invoiced: {count}"
        ));
    }
    let wanted = still_wanted(&room, &checked, &unfit).await?;
    say_plan(needed, &room, &wanted).await?;
    if args.dry_run {
        needed.say(text!(
            "ensayo: no se envió nada ni se tomó un número",
            "dry run: nothing was sent and no number taken"
        ));
        return Ok(0);
    }
    if room.mode() == Mode::Real && !wanted.is_empty() {
        confirm(needed, wanted.len())?;
    }
    if args.en_segundo_plano {
        let list = room.leave_list(&checked, &name, args.clientes, cost);
        let id = list.await?;
        needed.say(text!(
            "queda en segundo plano, lote {id}: la emite «chaski serve» con esta carpeta; véala con: chaski lotes ver {id}",
            "left in the background, batch {id}: \"chaski serve\" on this folder issues it; look at it with: chaski lotes ver {id}"
        ));
        return Ok(0);
    }
    // 4. Once each.
    let list = room
        .start_list(&checked, &name, args.clientes, cost)
        .await?;
    issue(needed, app, &list).await?;
    // 5. What came of it.
    let issued = app.issued_list(list.id, None, needed.lang()).await?;
    write_result(needed, &issued, &name, format)?;
    Ok(say_end(needed, &issued))
}

/// The documents that are right, whose customers can be invoiced, and that were not issued before.
async fn still_wanted<'c>(
    room: &InvoiceRoom<'_>,
    checked: &'c CheckedWorkbook,
    unfit: &HashSet<usize>,
) -> Result<Vec<&'c CheckedRows>, AppError> {
    let mut wanted = Vec::new();
    for (at, row) in checked.documents.iter().enumerate() {
        if !row.has_errors() && !unfit.contains(&at) && !room.was_issued(row).await? {
            wanted.push(row);
        }
    }
    Ok(wanted)
}

/// How many, what they come to, and which numbers they get.
async fn say_plan(
    needed: &Needed,
    room: &InvoiceRoom<'_>,
    wanted: &[&CheckedRows],
) -> Result<(), AppError> {
    let (count, ruc) = (wanted.len(), room.issuer.ruc.as_str());
    needed.say(text!(
        "emisor {ruc} · por emitir: {count}",
        "issuer {ruc} · to be issued: {count}"
    ));
    let mut totals = BTreeMap::new();
    let mut series: BTreeMap<(String, &str), (usize, usize)> = BTreeMap::new();
    for row in wanted {
        *totals
            .entry(row.moneda.unwrap_or(1))
            .or_insert(Decimal::ZERO) += row.total.unwrap_or_default();
        let kind = row.kind.and_then(nubefact_kind);
        let serie = row.serie.clone().unwrap_or_default();
        let place = series.entry((serie, kind.map_or("", NubefactKind::word)));
        let place = place.or_insert((0, 0));
        place.0 += 1;
        place.1 += usize::from(row.numero.is_some());
    }
    for (moneda, total) in totals {
        let sign = Moneda::from_nubefact(moneda).unwrap_or_default().sign();
        let total = cents(total);
        needed.say(text!("  total {sign} {total}", "  total {sign} {total}"));
    }
    let counts = room.series().await?;
    for ((serie, kind), (count, own)) in series {
        let is_meant = |it: &&chaski_client::SeriesCount| {
            let name: &SeriesName = &it.series;
            name.kind.word() == kind && name.serie.as_str() == serie
        };
        let known = counts.iter().find(is_meant);
        // Numbers that are brought, and those that are free, are taken in between.
        let last = known.filter(|it| own == 0 && it.free.is_empty());
        needed.say(if let Some(last) = last.map(|it| u64::from(it.last)) {
            let (first, last) = (last + 1, last + count as u64);
            text!(
                "  {kind} {serie}: {count}, del {first} al {last} si nadie más toma números",
                "  {kind} {serie}: {count}, from {first} to {last} if nobody else takes numbers"
            )
        } else if own > 0 {
            text!(
                "  {kind} {serie}: {count}, de ellos con su propio número {own}",
                "  {kind} {serie}: {count}, of these with their own number {own}"
            )
        } else {
            text!(
                "  {kind} {serie}: {count}, empezando por los números libres",
                "  {kind} {serie}: {count}, free numbers first"
            )
        });
    }
    Ok(())
}

fn confirm(needed: &Needed, count: usize) -> Result<(), AppError> {
    if needed.yes {
        return Ok(());
    }
    if !needed.may_ask {
        return Err(AppError::Usage(text!(
            "esto se emite de verdad ante SUNAT: agregue --yes para confirmarlo (o --dry-run para ver sin enviar)",
            "this is issued for real before SUNAT: add --yes to confirm it (or --dry-run to look without sending)"
        )));
    }
    let ask = needed.lang().pick(
        format!("Para emitir, escriba cuántos documentos son ({count}): "),
        format!("To issue them, type how many documents there are ({count}): "),
    );
    anstream::eprint!("{ask}");
    let mut typed = String::new();
    std::io::stdin().read_line(&mut typed)?;
    if typed.trim() == count.to_string() {
        Ok(())
    } else {
        Err(AppError::Interrupted)
    }
}

/// Works on the list until each document has an outcome, or waits for something else. This process sends them if
/// nobody else has the seat.
async fn issue(needed: &Needed, app: &Arc<App>, list: &IssuingList) -> Result<(), AppError> {
    if list.resumed {
        needed.say(text!(
            "se retoma la emisión de esta planilla",
            "the issuing of this workbook is taken up again"
        ));
    }
    // 1. Sent by whoever has the seat.
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let loop_app = Arc::clone(app);
    let running = tokio::spawn(async move {
        let stopped = async move {
            let _ = stopped.await;
        };
        issuing::run(loop_app, stopped).await
    });
    // 2. Handed over, and noted.
    let mut work = Box::pin(app.work_batch(&list.claim));
    let mut told = Instant::now();
    let worked = loop {
        tokio::select! {
            worked = &mut work => break worked,
            () = tokio::time::sleep(LOOK) => {}
        }
        if told.elapsed() >= BETWEEN_LINES {
            told = Instant::now();
            say_progress(needed, app, list).await?;
        }
    };
    drop(work);
    say_progress(needed, app, list).await?;
    drop(stop);
    if let Ok(ended) = running.await {
        ended?;
    }
    worked.map(drop)
}

async fn say_progress(needed: &Needed, app: &App, list: &IssuingList) -> Result<(), AppError> {
    let batch = app.batch(list.id, None).await?;
    let (done, total) = (batch.processed(), batch.unique);
    needed.say(text!(
        "con resultado: {done}/{total}",
        "with an outcome: {done}/{total}"
    ));
    Ok(())
}

fn write_result(
    needed: &Needed,
    checked: &CheckedWorkbook,
    name: &str,
    format: Option<OutputFormat>,
) -> Result<(), AppError> {
    let lang = needed.lang();
    let bytes = match format {
        Some(OutputFormat::Xlsx) => checked.to_xlsx(name, lang)?,
        Some(OutputFormat::Csv) => checked.to_csv(lang)?,
        _ => return write_records(needed, checked),
    };
    match &needed.output {
        Some(path) => Ok(needed.overwrite.write(path, false, all(&bytes))?),
        None => output::to_stdout(&bytes),
    }
}

fn write_records(needed: &Needed, checked: &CheckedWorkbook) -> Result<(), AppError> {
    let rows = checked
        .documents
        .iter()
        .enumerate()
        .map(|(index, document)| {
            let outcome = checked.outcomes.get(&index).cloned().unwrap_or_default();
            fields(json!({
                "documento": document.key,
                "estado": outcome.estado(),
                "comprobante": outcome.comprobante,
                "total": document.total.map(cents),
                "enlace_pdf": outcome.enlace_pdf,
                "code": outcome.code,
                "mensaje": outcome.message,
            }))
        });
    Records {
        columns: vec![
            ("documento", "Documento", "Document"),
            ("estado", "Estado", "State"),
            ("comprobante", "Comprobante", "Number"),
            ("total", "Total", "Total"),
            ("enlace_pdf", "PDF", "PDF"),
            ("code", "Código", "Code"),
        ],
        rows: rows.collect(),
    }
    .write(needed)?;
    Ok(())
}

/// What it came to, and the exit code.
fn say_end(needed: &Needed, checked: &CheckedWorkbook) -> u8 {
    let count = |is: fn(&RowOutcome) -> bool| checked.outcomes.values().filter(|it| is(it)).count();
    let stands = count(RowOutcome::stands);
    let aside = count(|it| it.state.is_none());
    let waits = count(RowOutcome::waits);
    let refused = checked.outcomes.len() - stands - aside - waits;
    needed.say(text!(
        "emitidos, {stands}; apartados, {aside}; devueltos o rechazados, {refused}; por resolver, {waits}",
        "issued, {stands}; set aside, {aside}; returned or rejected, {refused}; to be settled, {waits}"
    ));
    if waits > 0 {
        needed.say(text!(
            "los que quedan por resolver están guardados: repita el mismo comando, ninguno se emite dos veces",
            "those to be settled are kept: repeat the same command, none is issued twice"
        ));
    }
    if refused > 0 {
        codes::exit_code("comprobante_devuelto")
    } else if aside + waits > 0 {
        SOME_ASIDE
    } else {
        0
    }
}
