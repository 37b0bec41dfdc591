//! `chaski factura emitir ventas.xlsx -o resultado.xlsx`: a workbook issued, each document exactly once.
//!
//! It is a batch, and this process or a server works on it. What a document says under its own name is its key:
//! the workbook again, whole or corrected, is the same documents. Whoever is killed in between repeats the
//! command.

use bytes::Bytes;
use chaski_core::text;
use serde_json::json;

use super::list_desk::{BookWish, SeenBook};
use super::planilla;
use super::shown::sign_of;
use crate::api::batches::IssuedRowData;
use crate::api::checked_list::ListPlanData;
use crate::app::invoices::RowOutcome;
use crate::app::{AppError, Mode};
use crate::cli::Done;
use crate::cli::kit::args::EmitirArgs;
use crate::cli::kit::desk::Desk;
use crate::cli::kit::needed::Needed;
use crate::cli::kit::output;
use crate::cli::kit::records::{Records, fields};
use crate::cli::lote::check_output;
use crate::codes;

/// The exit code when some documents were set aside.
const SOME_ASIDE: u8 = 8;

pub(super) async fn emitir(needed: &Needed, desk: &Desk, args: &EmitirArgs) -> Done {
    if args.otra || args.idempotency_key.is_some() {
        return Err(AppError::Usage(text!(
            "--otra e --idempotency-key son de un solo documento; en una planilla cada documento tiene su nombre",
            "--otra and --idempotency-key are for a single document; in a workbook every document has its name"
        )));
    }
    // 1. All of it, checked.
    check_output(needed, &args.file)?;
    let format = output::format_of(needed)?;
    let wish = BookWish {
        empresa: args.empresa.as_deref(),
        clientes: args.clientes,
        issues: true,
        solo_buenos: args.solo_buenos,
        periodo: args.periodo.as_deref(),
    };
    let book = SeenBook::look(needed, desk, &args.file, wish).await?;
    planilla::say_summary(needed, &book.data);
    // 2. All or none, unless the good ones were asked for.
    if book.data.tiene_errores && !args.solo_buenos {
        needed.say(text!(
            "no se emitió nada: corrija los errores, o emita los demás con --solo-buenos",
            "nothing was issued: correct the errors, or issue the others with --solo-buenos"
        ));
        let unsent = book.data.comprobantes.iter().map(IssuedRowData::unsent);
        let unsent: Vec<_> = unsent.collect();
        let file = book.reviewed(format).await?;
        write_result(needed, &unsent, file.as_ref())?;
        return Ok(codes::exit_code("comprobante_con_errores"));
    }
    // 3. What is going to be issued, and what that costs.
    let cost = book.cost().await?;
    if cost.calls > 0 {
        let (calls, most) = (cost.calls, cost.most);
        needed.say(text!(
            "Consultas de clientes: {calls}; como mucho, {most}",
            "Look-ups of customers: {calls}; at most, {most}"
        ));
    }
    let plan = book.plan(cost).await?;
    say_plan(needed, &plan);
    if args.dry_run {
        needed.say(text!(
            "Ensayo: no se envió nada ni se tomó un número",
            "Dry run: nothing was sent and no number taken"
        ));
        return Ok(0);
    }
    let is_invented = Mode::from_name(&book.data.mode) == Some(Mode::Sandbox);
    if !is_invented && plan.por_emitir > 0 {
        confirm(needed, plan.por_emitir)?;
    }
    if args.en_segundo_plano {
        book.leave(cost).await?;
        return Ok(0);
    }
    // 4. Once each.
    let issued = book.issue(cost, format).await?;
    // 5. What came of it.
    write_result(needed, &issued.rows, issued.file.as_ref())?;
    Ok(say_end(needed, &issued.rows))
}

/// How many, what they come to, and which numbers they get.
fn say_plan(needed: &Needed, plan: &ListPlanData) {
    if let Some(count) = plan.apartados_por_cliente {
        needed.say(text!(
            "documentos apartados porque no se puede facturar a su cliente: {count}",
            "documents set aside because their customer cannot be invoiced: {count}"
        ));
    }
    let (count, ruc) = (plan.por_emitir, &plan.emisor);
    needed.say(text!(
        "emisor {ruc} · por emitir: {count}",
        "issuer {ruc} · to be issued: {count}"
    ));
    for amount in &plan.importes {
        let (sign, total) = (sign_of(&amount.moneda), &amount.total);
        needed.say(text!("  total {sign} {total}", "  total {sign} {total}"));
    }
    for series in &plan.series {
        let (kind, serie) = (&series.tipo, &series.serie);
        let (count, own) = (series.documentos, series.con_numero);
        // Numbers that are brought, and those that are free, are taken in between.
        let last = series.ultimo.filter(|_| own == 0 && series.libres == 0);
        needed.say(if let Some(last) = last.map(u64::from) {
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

/// Writes the workbook, if there is one, or a record for each document.
fn write_result(
    needed: &Needed,
    rows: &[IssuedRowData],
    file: Option<&Bytes>,
) -> Result<(), AppError> {
    if let Some(bytes) = file {
        return needed.write(bytes);
    }
    Records {
        columns: vec![
            ("documento", "Documento", "Document"),
            ("estado", "Estado", "State"),
            ("comprobante", "Comprobante", "Number"),
            ("total", "Total", "Total"),
            ("enlace_pdf", "PDF", "PDF"),
            ("code", "Código", "Code"),
        ],
        rows: rows.iter().map(|it| fields(json!(it))).collect(),
    }
    .write(needed)?;
    Ok(())
}

/// What it came to, and the exit code.
fn say_end(needed: &Needed, rows: &[IssuedRowData]) -> u8 {
    let outcomes: Vec<RowOutcome> = rows.iter().map(IssuedRowData::outcome).collect();
    let count = |is: fn(&RowOutcome) -> bool| outcomes.iter().filter(|it| is(it)).count();
    let stands = count(RowOutcome::stands);
    let aside = count(|it| it.state.is_none());
    let waits = count(RowOutcome::waits);
    let refused = outcomes.len() - stands - aside - waits;
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
