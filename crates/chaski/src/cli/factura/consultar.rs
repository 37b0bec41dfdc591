//! `chaski factura consultar`: how documents stand.

use chaski_client::NubefactReply;
use chaski_core::Lang;

use super::ruc_of;
use super::shown::{DOCUMENT, document_row};
use crate::app::App;
use crate::app::invoices::{ConsultedInvoice, InvoiceRoom, WantedInvoice};
use crate::cli::Done;
use crate::cli::kit::needed::Needed;
use crate::cli::kit::output::{complain_about, exit_of};
use crate::cli::kit::records::Records;
use crate::codes;

pub(super) async fn consultar(
    needed: &Needed,
    app: &App,
    names: &[String],
    empresa: Option<&str>,
) -> Done {
    let wanted: Vec<WantedInvoice> = names
        .iter()
        .map(|it| it.parse())
        .collect::<Result<_, _>>()?;
    let ruc = ruc_of(empresa)?;
    let room = app.invoice_room(ruc.as_ref(), &needed.plain_ask()).await?;
    let (mut rows, mut exits, mut complaints) = (Vec::new(), Vec::new(), Vec::new());
    for (name, wanted) in names.iter().zip(&wanted) {
        match room.consult_invoice(wanted).await {
            Ok(found) => {
                exits.push(found.code.map_or(0, codes::exit_code));
                rows.push(row(&room, &found, needed.lang()).await);
            }
            Err(error) if names.len() > 1 => {
                exits.push(error.exit_code());
                complaints.push((name.clone(), error.message(needed.lang())));
            }
            Err(error) => return Err(error),
        }
    }
    complain_about(needed, &complaints, names.len());
    Records {
        columns: DOCUMENT.to_vec(),
        rows,
    }
    .write(needed)?;
    Ok(exit_of(&exits))
}

async fn row(
    room: &InvoiceRoom<'_>,
    found: &ConsultedInvoice,
    lang: Lang,
) -> serde_json::Map<String, serde_json::Value> {
    let issued = room.issued(&found.id).await.ok();
    let document = issued.as_ref().map(|it| &it.document);
    let message = match (found.text(), found.estado) {
        (Some(text), _) => text.pick(lang),
        (None, estado) => meaning(estado, lang).to_owned(),
    };
    let mut row = document_row(
        &found.id,
        found.estado,
        document,
        found.reply.as_ref(),
        &message,
    );
    if let Some(ticket) = found.void.as_ref().and_then(NubefactReply::ticket) {
        row.insert("ticket_de_anulacion".into(), ticket.into());
    }
    row.insert("emitido_aqui".into(), found.own.into());
    row
}

/// What a state means, and what to do.
fn meaning(estado: &str, lang: Lang) -> &'static str {
    match estado {
        "ACEPTADO" => lang.pick("SUNAT lo aceptó", "SUNAT took it"),
        "OBSERVADO" => lang.pick(
            "SUNAT lo aceptó con observaciones: vale, pero corríjalas en adelante",
            "SUNAT took it with remarks: it stands, but mend them from now on",
        ),
        "RECHAZADO" => lang.pick(
            "SUNAT lo rechazó: su número quedó gastado; corrija y emita otro",
            "SUNAT refused it: its number is used up; correct it and issue another",
        ),
        "PENDIENTE_SUNAT" => lang.pick(
            "está emitido y SUNAT aún no responde; una boleta se informa al día siguiente: no lo emita otra vez",
            "it is issued and SUNAT has not answered yet; a boleta is reported the next day: do not issue it again",
        ),
        "ANULADO" => lang.pick("está anulado", "it is voided"),
        "ANULACION_PENDIENTE" => lang.pick(
            "la anulación está en trámite en SUNAT; consúltela en unos minutos",
            "SUNAT is working on the void; ask about it in some minutes",
        ),
        "DEVUELTO" => lang.pick(
            "Nubefact no lo aceptó y no existe: corríjalo y emítalo de nuevo",
            "Nubefact did not take it and it does not exist: correct it and issue it again",
        ),
        "EN_ESPERA" | "EN_COLA" => lang.pick(
            "no se envió todavía: repita la emisión",
            "it was not sent yet: repeat the issue",
        ),
        "CONFLICTO" => lang.pick(
            "ese número es de otro documento que no se emitió desde aquí",
            "that number is another document's that was not issued from here",
        ),
        _ => "",
    }
}
