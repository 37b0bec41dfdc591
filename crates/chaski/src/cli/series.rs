//! `chaski series`: series and their numbers.

use chaski_core::text;
use serde_json::json;

use super::factura::ruc_of;
use super::kit::args::SeriesCmd;
use super::kit::needed::Needed;
use super::kit::records::{Records, fields};
use super::{Done, with_invoices};
use crate::app::invoices::{InvoiceError, kind_named, kind_of_serie};

pub(super) async fn series(needed: &Needed, command: Option<SeriesCmd>) -> Done {
    let command = command.unwrap_or(SeriesCmd::Listar { empresa: None });
    with_invoices(needed, async |app| match command {
        SeriesCmd::Listar { empresa } => {
            let ruc = ruc_of(empresa.as_deref())?;
            let room = app.invoice_room(ruc.as_ref(), &needed.plain_ask()).await?;
            let counts = room.series().await?;
            if counts.is_empty() {
                needed.say(text!(
                    "no hay series abiertas; ábralas con: chaski series abrir F001 --ultimo N",
                    "no series is open; open them with: chaski series abrir F001 --ultimo N"
                ));
            }
            let row = |it: &chaski_client::SeriesCount| {
                fields(json!({
                    "serie": it.series.serie.as_str(),
                    "tipo": it.series.kind.word(),
                    "ultimo": it.last,
                    "libres": it.free,
                }))
            };
            Records {
                columns: vec![
                    ("serie", "Serie", "Series"),
                    ("tipo", "Tipo", "Kind"),
                    ("ultimo", "Último número", "Last number"),
                    ("libres", "Libres", "Free"),
                ],
                rows: counts.iter().map(row).collect(),
            }
            .write(needed)?;
            Ok(0)
        }
        SeriesCmd::Abrir {
            serie,
            ultimo,
            tipo,
            empresa,
        } => {
            let kind = match &tipo {
                Some(name) => kind_named(name),
                None => kind_of_serie(&serie),
            };
            let kind = kind.ok_or(InvoiceError::SeriesKind)?;
            let ruc = ruc_of(empresa.as_deref())?;
            let room = app.invoice_room(ruc.as_ref(), &needed.plain_ask()).await?;
            let last = room.open_series_at(kind, &serie, ultimo).await?;
            let (serie, kind) = (serie.to_uppercase(), kind.word());
            let next = u64::from(last) + 1;
            needed.say(text!(
                "serie {serie} abierta para {kind}: el siguiente número es {next}",
                "series {serie} is open for {kind}: the next number is {next}"
            ));
            Ok(0)
        }
    })
    .await
}
