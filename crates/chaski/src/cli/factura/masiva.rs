//! `chaski factura emitir ventas.xlsx -o resultado.xlsx`: a workbook issued, each document exactly once.
//!
//! What a document says under its own name is its key: the workbook again, whole or corrected, is the same
//! documents. Whoever is killed in between repeats the command.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chaski_core::invoicing::catalogs::currencies::Moneda;
use chaski_core::text;
use serde_json::json;
use tokio::time::Instant;
use uuid::Uuid;

use super::shown::cents;
use super::{planilla, ruc_of};
use crate::app::invoices::{
    CheckedRows, CheckedWorkbook, InvoicePlan, InvoiceRoom, ReadyInvoice, RowOutcome,
    nubefact_kind, wanted_sheets,
};
use crate::app::issuing::AcceptOptions;
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

/// How often documents on their way are looked at, and how long without a change they are waited for.
const LOOK: (Duration, Duration) = (Duration::from_millis(100), Duration::from_mins(2));
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
    let mut checked = app
        .check_workbook(Some(&room), book, args.clientes, &ask)
        .await?;
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
    set_wrong_aside(needed, &mut checked);
    if args.clientes {
        let unfit = room.set_unfit_aside(&mut checked, needed.lang()).await;
        needed.say(text!(
            "documentos apartados porque no se puede facturar a su cliente: {unfit}",
            "documents set aside because their customer cannot be invoiced: {unfit}"
        ));
    }
    // 3. What is going to be issued.
    let plans = plan_all(needed, &room, &mut checked).await?;
    say_plan(needed, &room, &plans);
    if args.dry_run {
        needed.say(text!(
            "ensayo: no se envió nada ni se tomó un número",
            "dry run: nothing was sent and no number taken"
        ));
        return Ok(0);
    }
    if room.mode() == Mode::Real && !plans.is_empty() {
        confirm(needed, plans.len())?;
    }
    // 4. Once each; notes after what they may modify.
    let hash = blake3::hash(name.as_bytes());
    let list = sheet_id(&checked, hash);
    let (notes, sales): (Vec<_>, Vec<_>) = plans
        .into_iter()
        .partition(|(_, it)| it.document.names().is_some());
    issue_round(needed, app, &room, &mut checked, sales, list).await?;
    // What they modify has its number by now.
    let mut again = Vec::new();
    for (index, _) in notes {
        again.extend(plan_one(needed, &room, &mut checked, index).await?);
    }
    issue_round(needed, app, &room, &mut checked, again, list).await?;
    // 5. What came of it.
    write_result(needed, &checked, &name, format)?;
    Ok(say_end(needed, &checked))
}

/// The list's identifier: the same workbook is the same list.
fn sheet_id(checked: &CheckedWorkbook, name: blake3::Hash) -> Uuid {
    let mut hasher = blake3::Hasher::new();
    hasher.update(name.as_bytes());
    for document in &checked.documents {
        hasher.update(document.key.as_bytes());
        hasher.update(document.content_text().as_bytes());
    }
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

fn set_wrong_aside(needed: &Needed, checked: &mut CheckedWorkbook) {
    let message = needed
        .lang()
        .pick("no se emitió: tiene errores", "not issued: it has errors");
    for (index, document) in checked.documents.iter().enumerate() {
        if document.has_errors() {
            let outcome = RowOutcome::set_aside("comprobante_con_errores", message.to_owned());
            checked.outcomes.insert(index, outcome);
        }
    }
}

/// The plans of everything that is not set aside; what was issued before has its outcome at once.
async fn plan_all(
    needed: &Needed,
    room: &InvoiceRoom<'_>,
    checked: &mut CheckedWorkbook,
) -> Result<Vec<(usize, ReadyInvoice)>, AppError> {
    let mut plans = Vec::new();
    for index in 0..checked.documents.len() {
        if !checked.outcomes.contains_key(&index) {
            plans.extend(plan_one(needed, room, checked, index).await?);
        }
    }
    Ok(plans)
}

async fn plan_one(
    needed: &Needed,
    room: &InvoiceRoom<'_>,
    checked: &mut CheckedWorkbook,
    index: usize,
) -> Result<Option<(usize, ReadyInvoice)>, AppError> {
    let row: &CheckedRows = &checked.documents[index];
    let outcome = match room.plan_row(row).await {
        Ok(InvoicePlan::Ready(ready)) => return Ok(Some((index, *ready))),
        Ok(InvoicePlan::Before(entry)) => {
            let document = room.document_of_key(entry.key.as_str()).await?;
            document.map_or_else(RowOutcome::default, |it| it.outcome())
        }
        Ok(InvoicePlan::Wrong(wrong)) => {
            let lang = needed.lang();
            let found = wrong.hallazgos.iter().max_by_key(|it| it.severidad);
            let code = found.map_or("comprobante_con_errores", |it| it.codigo);
            let message = found.map_or_else(String::new, |it| it.message(lang).to_owned());
            RowOutcome::set_aside(code, message)
        }
        Err(error @ AppError::Invoice(_)) => {
            RowOutcome::set_aside(error.code(), error.message(needed.lang()))
        }
        Err(error) => return Err(error),
    };
    checked.outcomes.insert(index, outcome);
    Ok(None)
}

/// How many, what they come to, and which numbers they get.
fn say_plan(needed: &Needed, room: &InvoiceRoom<'_>, plans: &[(usize, ReadyInvoice)]) {
    let (count, ruc) = (plans.len(), room.issuer.ruc.as_str());
    needed.say(text!(
        "emisor {ruc} · por emitir: {count}",
        "issuer {ruc} · to be issued: {count}"
    ));
    let mut totals = BTreeMap::new();
    let mut series: BTreeMap<(String, String), (usize, Option<u32>)> = BTreeMap::new();
    for (_, ready) in plans {
        let document = &ready.document;
        let moneda = document.moneda().unwrap_or(1);
        *totals.entry(moneda).or_insert(rust_decimal::Decimal::ZERO) +=
            document.total().unwrap_or_default();
        let kind = nubefact_kind(document.kind()).map_or("", chaski_client::NubefactKind::word);
        let serie = document.serie().unwrap_or_default();
        let place = series.entry((serie.to_owned(), kind.to_owned()));
        let place = place.or_insert((0, ready.numero));
        place.0 += 1;
        place.1 = place.1.min(ready.numero);
    }
    for (moneda, total) in totals {
        let sign = Moneda::from_nubefact(moneda).unwrap_or_default().sign();
        let total = cents(total);
        needed.say(text!("  total {sign} {total}", "  total {sign} {total}"));
    }
    for ((serie, kind), (count, first)) in series {
        let first = first.unwrap_or(1);
        let last = u64::from(first) + count as u64 - 1;
        needed.say(text!(
            "  {kind} {serie}: {count}, del {first} al {last} si nadie más toma números",
            "  {kind} {serie}: {count}, from {first} to {last} if nobody else takes numbers"
        ));
    }
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

/// Hands documents over and waits until whoever issues has sent them; this process does if nobody else has
/// the seat.
async fn issue_round(
    needed: &Needed,
    app: &Arc<App>,
    room: &InvoiceRoom<'_>,
    checked: &mut CheckedWorkbook,
    plans: Vec<(usize, ReadyInvoice)>,
    list: Uuid,
) -> Result<(), AppError> {
    // 1. Ours, whatever happens next.
    let mut handed = Vec::new();
    for (index, ready) in plans {
        let options = AcceptOptions {
            // Two of the same in one workbook have two names.
            twin_allowed: true,
            batch: Some((list, u32::try_from(index).unwrap_or(u32::MAX))),
            ..AcceptOptions::default()
        };
        match room.accept_invoice(&ready, &options).await {
            Ok(it) => handed.push((index, it.document.id)),
            Err(error @ AppError::Invoice(_)) => {
                let outcome = RowOutcome::set_aside(error.code(), error.message(needed.lang()));
                checked.outcomes.insert(index, outcome);
            }
            Err(error) => return Err(error),
        }
    }
    if handed.is_empty() {
        return Ok(());
    }
    // 2. Sent by whoever has the seat.
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let loop_app = Arc::clone(app);
    let running = tokio::spawn(async move {
        let stopped = async move {
            let _ = stopped.await;
        };
        issuing::run(loop_app, stopped).await
    });
    let waited = wait_for(needed, room, checked, &handed).await;
    drop(stop);
    if let Ok(ended) = running.await {
        ended?;
    }
    waited
}

async fn wait_for(
    needed: &Needed,
    room: &InvoiceRoom<'_>,
    checked: &mut CheckedWorkbook,
    handed: &[(usize, Uuid)],
) -> Result<(), AppError> {
    let total = handed.len();
    let mut open: Vec<(usize, Uuid)> = handed.to_vec();
    let (mut moved, mut told) = (Instant::now(), Instant::now());
    loop {
        let before = open.len();
        let mut still = Vec::new();
        for (index, id) in open {
            let document = room.document_now(id).await?;
            let outcome = document.map_or_else(RowOutcome::default, |it| it.outcome());
            if outcome.waits() {
                still.push((index, id));
            }
            checked.outcomes.insert(index, outcome);
        }
        open = still;
        if open.len() < before {
            moved = Instant::now();
        }
        let done = total - open.len();
        if open.is_empty() || told.elapsed() >= BETWEEN_LINES {
            told = Instant::now();
            needed.say(text!("emitidos: {done}/{total}", "issued: {done}/{total}"));
        }
        if open.is_empty() || moved.elapsed() >= LOOK.1 {
            return Ok(());
        }
        tokio::time::sleep(LOOK.0).await;
    }
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
