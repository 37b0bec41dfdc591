//! `chaski factura corregir`: issues the note that corrects a document.

use chaski_core::invoicing::{CorrectionScope, read_decimal};
use chaski_core::{parse_date, text};
use rust_decimal::Decimal;

use super::super::tipo_cambio::optional_date;
use super::desk::{DocumentDesk, DocumentWish};
use super::{emitir, ruc_of};
use crate::app::AppError;
use crate::app::invoices::{CorrectionWish, InvoiceError};
use crate::cli::Done;
use crate::cli::kit::args::CorregirArgs;
use crate::cli::kit::desk::Desk;
use crate::cli::kit::needed::Needed;

pub(super) async fn corregir(needed: &Needed, desk: &Desk, args: &CorregirArgs) -> Done {
    let wish = CorrectionWish {
        wanted: args.name.parse()?,
        motivo: args.motivo.clone(),
        debit: args.debito,
        scope: scope(args)?,
        sustento: args.sustento.clone(),
        serie: args.serie.clone(),
        fecha: optional_date("--fecha", args.fecha.as_deref())?,
        another: args.otra,
    };
    let desk = DocumentDesk::open(needed, desk, ruc_of(args.empresa.as_deref())?).await?;
    emitir::carry_out(needed, &desk, &DocumentWish::Correct(wish), args.dry_run).await
}

/// What of the document is corrected, if it was said.
fn scope(args: &CorregirArgs) -> Result<Option<CorrectionScope>, AppError> {
    if args.todo {
        return Ok(Some(CorrectionScope::Whole));
    }
    if let Some(amount) = &args.importe {
        return Ok(Some(CorrectionScope::Amount(decimal("--importe", amount)?)));
    }
    if !args.linea.is_empty() {
        let pairs = args.linea.iter().map(|typed| match typed.split_once('=') {
            Some((line, quantity)) => Ok((place(line)?, Some(decimal("--linea", quantity)?))),
            None => Ok((place(typed)?, None)),
        });
        let lines = pairs.collect::<Result<_, AppError>>()?;
        return Ok(Some(CorrectionScope::Lines(lines)));
    }
    if !args.linea_importe.is_empty() {
        let pairs = args.linea_importe.iter().map(|typed| {
            let (line, amount) = pair("--linea-importe", typed)?;
            Ok((place(line)?, decimal("--linea-importe", amount)?))
        });
        let lines = pairs.collect::<Result<_, AppError>>()?;
        return Ok(Some(CorrectionScope::LineAmounts(lines)));
    }
    if args.cuota.is_empty() {
        return Ok(None);
    }
    let pairs = args.cuota.iter().map(|typed| {
        let (day, amount) = pair("--cuota", typed)?;
        let day = parse_date(day).map_err(|_| not_typed("--cuota", "2026-12-31=100.00"))?;
        Ok((day, decimal("--cuota", amount)?))
    });
    let schedule = pairs.collect::<Result<_, AppError>>()?;
    Ok(Some(CorrectionScope::Schedule(schedule)))
}

fn pair<'t>(option: &str, typed: &'t str) -> Result<(&'t str, &'t str), AppError> {
    let pair = typed.split_once('=');
    pair.ok_or_else(|| not_typed(option, "1=10.00"))
}

/// A line as people count it.
fn place(typed: &str) -> Result<usize, AppError> {
    let line: Option<usize> = typed.trim().parse().ok();
    let line = line.and_then(|it| it.checked_sub(1));
    line.ok_or_else(|| not_typed("--linea", "1=2"))
}

fn decimal(option: &str, typed: &str) -> Result<Decimal, AppError> {
    read_decimal(typed.trim()).map_err(|_| not_typed(option, "10.50"))
}

fn not_typed(option: &str, example: &str) -> AppError {
    InvoiceError::Scope(text!(
        "{option}: no se entiende; las líneas se cuentan desde 1, los importes llevan punto decimal: {example}",
        "{option}: not understood; lines count from 1, amounts have a decimal point: {example}"
    ))
    .into()
}
