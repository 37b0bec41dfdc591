//! `chaski factura`: documents of every kind, by what they say.

mod anular;
mod consultar;
mod corregir;
mod descargar;
mod desk;
mod emitir;
mod list_desk;
mod list_there;
mod listar;
mod masiva;
mod planilla;
mod plantilla;
mod shown;
mod validar;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use chaski_core::Ruc;
use chaski_core::invoicing::{JsonValue, MOST_BYTES, draft_schema};

use desk::{DocumentDesk, DocumentWish};

use super::kit::args::FacturaCmd;
use super::kit::desk::Desk;
use super::kit::needed::Needed;
use super::kit::output;
use super::{Done, with_invoices};
use crate::app::AppError;
use crate::app::invoices::InvoiceError;
use crate::remote::Server;

pub(super) async fn factura(needed: &Needed, command: FacturaCmd) -> Done {
    match command {
        FacturaCmd::Plantilla => return plantilla::plantilla(needed),
        FacturaCmd::Esquema => {
            let text = format!("{}\n", draft_schema());
            output::text(&needed.overwrite, needed.output.as_deref(), text.as_bytes())?;
            return Ok(0);
        }
        // What a workbook is asked to be is told before anything is opened.
        FacturaCmd::Validar { ref files, .. } => drop(planilla::only_sheet(files)?),
        _ => {}
    }
    with_invoices(needed, async |desk| put_to(needed, desk, command).await).await
}

async fn put_to(needed: &Needed, desk: &Desk, command: FacturaCmd) -> Done {
    match command {
        FacturaCmd::Validar {
            files,
            empresa,
            clientes,
        } => match planilla::only_sheet(&files)? {
            Some(file) => planilla::validar(needed, desk, file, empresa.as_deref(), clientes).await,
            None => validar::validar(needed, desk, &files, empresa.as_deref()).await,
        },
        FacturaCmd::Emitir(args) if planilla::is_sheet(&args.file) => {
            masiva::emitir(needed, desk, &args).await
        }
        FacturaCmd::Emitir(args) => emitir::emitir(needed, desk, &args).await,
        FacturaCmd::Consultar { names, empresa } => {
            consultar::consultar(needed, desk, &names, empresa.as_deref()).await
        }
        FacturaCmd::Anular {
            name,
            motivo,
            empresa,
        } => anular::anular(needed, desk, &name, &motivo, empresa.as_deref()).await,
        FacturaCmd::Descargar(args) => descargar::descargar(needed, desk, &args).await,
        FacturaCmd::Corregir(args) => corregir::corregir(needed, desk, &args).await,
        FacturaCmd::Duplicar {
            name,
            fecha,
            dry_run,
            otra,
            empresa,
        } => {
            let wish = DocumentWish::Repeat {
                wanted: name.parse()?,
                fecha: super::tipo_cambio::optional_date("--fecha", fecha.as_deref())?,
                another: otra,
            };
            let desk = DocumentDesk::open(needed, desk, ruc_of(empresa.as_deref())?).await?;
            emitir::carry_out(needed, &desk, &wish, dry_run).await
        }
        FacturaCmd::Listar(args) => listar::listar(needed, desk, &args).await,
        FacturaCmd::Plantilla | FacturaCmd::Esquema => unreachable!("asks nobody"),
    }
}

/// The company that was named.
pub(super) fn ruc_of(empresa: Option<&str>) -> Result<Option<Ruc>, AppError> {
    empresa.map(super::llaves::empresa).transpose()
}

/// The company that is meant at a server: the one that was named, or the only one.
pub(super) async fn company_there(server: &Server, wanted: Option<&Ruc>) -> Result<Ruc, AppError> {
    let known = server.companies().await?.into_iter().map(|it| it.ruc);
    let known: Vec<String> = known.collect();
    let meant = match (wanted, known.as_slice()) {
        (Some(ruc), all) if all.iter().any(|it| it == ruc.as_str()) => Some(*ruc),
        (None, [one]) => one.parse().ok(),
        _ => None,
    };
    meant.ok_or_else(|| match (wanted, known.len()) {
        (Some(_), _) => InvoiceError::UnknownIssuer(known).into(),
        (None, 0) => InvoiceError::NoIssuer.into(),
        (None, _) => InvoiceError::SeveralIssuers(known).into(),
    })
}

/// A document as it was given: a file, or the input.
fn read_document(path: &Path) -> Result<Vec<u8>, AppError> {
    let most = MOST_BYTES as u64 + 1;
    let mut bytes = Vec::new();
    if path == Path::new("-") {
        std::io::stdin().lock().take(most).read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    let file = File::open(path).map_err(AppError::file(path))?;
    let read = file.take(most).read_to_end(&mut bytes);
    read.map_err(AppError::file(path))?;
    Ok(bytes)
}

/// The company that was named, or the one that the document names.
fn issuer_of(empresa: Option<&str>, value: &JsonValue) -> Result<Option<Ruc>, AppError> {
    if let Some(ruc) = ruc_of(empresa)? {
        return Ok(Some(ruc));
    }
    let emisor = value.as_object().and_then(|it| it.present("emisor"));
    let emisor = emisor.and_then(JsonValue::as_str);
    // One that is no RUC has its finding in the check.
    Ok(emisor.and_then(|it| it.trim().parse().ok()))
}
