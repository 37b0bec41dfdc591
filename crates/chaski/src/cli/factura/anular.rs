//! `chaski factura anular`: voids a document, exactly once.

use chaski_client::{NubefactReply, VoidSettled};

use super::ruc_of;
use super::shown::{DOCUMENT, document_row};
use crate::app::App;
use crate::app::invoices::{VoidedInvoice, WantedInvoice, full_name};
use crate::cli::Done;
use crate::cli::kit::needed::Needed;
use crate::cli::kit::output::complain_about;
use crate::cli::kit::records::Records;
use crate::codes;

pub(super) async fn anular(
    needed: &Needed,
    app: &App,
    name: &str,
    motivo: &str,
    empresa: Option<&str>,
) -> Done {
    let wanted: WantedInvoice = name.parse()?;
    let ruc = ruc_of(empresa)?;
    let room = app.invoice_room(ruc.as_ref(), &needed.plain_ask()).await?;
    let VoidedInvoice { id, settled } = room.void_invoice(&wanted, motivo).await?;
    let voided = VoidedInvoice { id, settled };
    let (id, settled) = (&voided.id, &voided.settled);
    let code = voided.outcome_code();
    let message = settled.message(needed.lang());
    let reply = match settled {
        VoidSettled::Voided(reply) => reply.as_ref(),
        VoidSettled::Ticket(reply) | VoidSettled::Rejected(reply) => Some(reply),
        _ => None,
    };
    if let Some(code) = code {
        complain_about(needed, &[(full_name(id), message)], 1);
        return Ok(codes::exit_code(code));
    }
    let estado = settled.estado().unwrap_or_default();
    let mut row = document_row(id, estado, None, reply, &message);
    if let Some(ticket) = reply.and_then(NubefactReply::ticket) {
        row.insert("ticket_de_anulacion".into(), ticket.into());
    }
    Records {
        columns: DOCUMENT.to_vec(),
        rows: vec![row],
    }
    .write(needed)?;
    Ok(0)
}
