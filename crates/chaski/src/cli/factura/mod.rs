//! `chaski factura`: documents of every kind, by what they say.

mod anular;
mod consultar;
mod corregir;
mod descargar;
mod emitir;
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

use super::kit::args::FacturaCmd;
use super::kit::needed::Needed;
use super::kit::output;
use super::{Done, with_invoices};
use crate::app::AppError;

pub(super) async fn factura(needed: &Needed, command: FacturaCmd) -> Done {
    match command {
        FacturaCmd::Validar {
            files,
            empresa,
            clientes,
        } => {
            let sheet = planilla::only_sheet(&files)?;
            with_invoices(needed, async |app| match sheet {
                Some(file) => {
                    planilla::validar(needed, app, file, empresa.as_deref(), clientes).await
                }
                None => validar::validar(needed, app, &files, empresa.as_deref()).await,
            })
            .await
        }
        FacturaCmd::Plantilla => plantilla::plantilla(needed),
        FacturaCmd::Emitir(args) if planilla::is_sheet(&args.file) => {
            with_invoices(needed, async |app| masiva::emitir(needed, app, &args).await).await
        }
        FacturaCmd::Emitir(args) => {
            with_invoices(needed, async |app| emitir::emitir(needed, app, &args).await).await
        }
        FacturaCmd::Consultar { names, empresa } => {
            with_invoices(needed, async |app| {
                consultar::consultar(needed, app, &names, empresa.as_deref()).await
            })
            .await
        }
        FacturaCmd::Anular {
            name,
            motivo,
            empresa,
        } => {
            with_invoices(needed, async |app| {
                anular::anular(needed, app, &name, &motivo, empresa.as_deref()).await
            })
            .await
        }
        FacturaCmd::Descargar(args) => {
            with_invoices(needed, async |app| {
                descargar::descargar(needed, app, &args).await
            })
            .await
        }
        FacturaCmd::Corregir(args) => {
            with_invoices(needed, async |app| {
                corregir::corregir(needed, app, &args).await
            })
            .await
        }
        FacturaCmd::Duplicar {
            name,
            fecha,
            dry_run,
            otra,
            empresa,
        } => {
            with_invoices(needed, async |app| {
                let fecha = super::tipo_cambio::optional_date("--fecha", fecha.as_deref())?;
                let ruc = ruc_of(empresa.as_deref())?;
                let room = app.invoice_room(ruc.as_ref(), &needed.plain_ask()).await?;
                let wanted = name.parse::<crate::app::invoices::WantedInvoice>()?;
                let plan = room.replicate_invoice(&wanted, fecha, otra).await?;
                emitir::carry_out(needed, &room, plan, dry_run).await
            })
            .await
        }
        FacturaCmd::Listar(args) => {
            with_invoices(needed, async |app| listar::listar(needed, app, &args).await).await
        }
        FacturaCmd::Esquema => {
            let text = format!("{}\n", draft_schema());
            output::text(&needed.overwrite, needed.output.as_deref(), text.as_bytes())?;
            Ok(0)
        }
    }
}

/// The company that was named.
pub(super) fn ruc_of(empresa: Option<&str>) -> Result<Option<Ruc>, AppError> {
    empresa.map(super::llaves::empresa).transpose()
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
