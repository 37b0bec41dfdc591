//! `chaski factura anular`: voids a document, exactly once.

use super::desk::DocumentDesk;
use super::ruc_of;
use super::shown::{DOCUMENT, row_of};
use crate::app::invoices::WantedInvoice;
use crate::cli::Done;
use crate::cli::kit::desk::Desk;
use crate::cli::kit::needed::Needed;
use crate::cli::kit::output::complain_about;
use crate::cli::kit::records::Records;
use crate::codes;

pub(super) async fn anular(
    needed: &Needed,
    desk: &Desk,
    name: &str,
    motivo: &str,
    empresa: Option<&str>,
) -> Done {
    let wanted: WantedInvoice = name.parse()?;
    let desk = DocumentDesk::open(needed, desk, ruc_of(empresa)?).await?;
    let voided = desk.void(&wanted, motivo, needed.lang()).await?;
    if let Some(code) = &voided.code {
        let name = format!("{}:{}-{}", voided.tipo, voided.serie, voided.numero);
        complain_about(needed, &[(name, voided.mensaje)], 1);
        return Ok(codes::exit_code(code));
    }
    Records {
        columns: DOCUMENT.to_vec(),
        rows: vec![row_of(&voided)],
    }
    .write(needed)?;
    Ok(0)
}
