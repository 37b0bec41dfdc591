//! `chaski series`: series and their numbers.

use chaski_client::NubefactKind;
use chaski_core::{Ruc, text};
use serde_json::json;

use super::factura::{company_there, ruc_of};
use super::kit::args::SeriesCmd;
use super::kit::desk::Desk;
use super::kit::needed::Needed;
use super::kit::records::{Records, fields};
use super::{Done, with_invoices};
use crate::api::series::WalkedData;
use crate::app::AppError;
use crate::app::invoices::{InvoiceError, kind_named, kind_of_serie};

pub(super) async fn series(needed: &Needed, command: Option<SeriesCmd>) -> Done {
    let command = command.unwrap_or(SeriesCmd::Listar { empresa: None });
    with_invoices(needed, async |desk| match command {
        SeriesCmd::Listar { empresa } => listar(needed, desk, empresa.as_deref()).await,
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
            let last = match desk {
                Desk::Here(app) => {
                    let room = app.invoice_room(ruc.as_ref(), &needed.plain_ask()).await?;
                    room.open_series_at(kind, &serie, ultimo).await?
                }
                Desk::There(server) => {
                    let opened = server.open_series(&serie, kind, ultimo, ruc.as_ref());
                    opened.await?.ultimo
                }
            };
            let (serie, kind) = (serie.to_uppercase(), kind.word());
            let next = u64::from(last) + 1;
            needed.say(text!(
                "serie {serie} abierta para {kind}: el siguiente número es {next}",
                "series {serie} is open for {kind}: the next number is {next}"
            ));
            Ok(0)
        }
        SeriesCmd::Sincronizar {
            serie,
            desde,
            tipo,
            empresa,
        } => {
            let kind = match &tipo {
                Some(name) => Some(kind_named(name).ok_or(InvoiceError::SeriesKind)?),
                None => None,
            };
            let ruc = ruc_of(empresa.as_deref())?;
            let mut walked =
                walked(needed, desk, serie.as_deref(), kind, desde, ruc.as_ref()).await?;
            // A long one is told in parts.
            while let Some(part) = walked.iter_mut().find(|it| it.siguiente.is_some()) {
                let next = part.siguiente.take().unwrap_or(desde);
                let found = part.encontrados;
                needed.say(text!(
                    "sigue desde {next}; no estaban anotados, {found}",
                    "goes on from {next}; not on record, {found}"
                ));
                let kind = kind_named(&part.tipo);
                let more = self::walked(needed, desk, Some(&part.serie), kind, next, ruc.as_ref());
                for more in more.await? {
                    part.go_on(more);
                }
            }
            write_walked(needed, &walked)
        }
    })
    .await
}

async fn listar(needed: &Needed, desk: &Desk, empresa: Option<&str>) -> Done {
    let ruc = ruc_of(empresa)?;
    let rows: Vec<_> = match desk {
        Desk::Here(app) => {
            let room = app.invoice_room(ruc.as_ref(), &needed.plain_ask()).await?;
            let counts = room.series().await?;
            let row = |it: &chaski_client::SeriesCount| {
                let (serie, tipo) = (it.series.serie.as_str(), it.series.kind.word());
                row(serie, tipo, it.last, &it.free)
            };
            counts.iter().map(row).collect()
        }
        Desk::There(server) => {
            let company = company_there(server, ruc.as_ref()).await?;
            let found = server.series(Some(&company)).await?;
            let found = found.iter();
            found
                .map(|it| row(&it.serie, &it.tipo, it.ultimo, &it.libres))
                .collect()
        }
    };
    if rows.is_empty() {
        needed.say(text!(
            "no hay series abiertas; ábralas con: chaski series abrir F001 --ultimo N",
            "no series is open; open them with: chaski series abrir F001 --ultimo N"
        ));
    }
    Records {
        columns: vec![
            ("serie", "Serie", "Series"),
            ("tipo", "Tipo", "Kind"),
            ("ultimo", "Último número", "Last number"),
            ("libres", "Libres", "Free"),
        ],
        rows,
    }
    .write(needed)?;
    Ok(0)
}

fn row(
    serie: &str,
    tipo: &str,
    ultimo: u32,
    libres: &[u32],
) -> serde_json::Map<String, serde_json::Value> {
    fields(json!({ "serie": serie, "tipo": tipo, "ultimo": ultimo, "libres": libres }))
}

/// What one walk found, of a series or of all that are open.
async fn walked(
    needed: &Needed,
    desk: &Desk,
    serie: Option<&str>,
    kind: Option<NubefactKind>,
    from: u32,
    ruc: Option<&Ruc>,
) -> Result<Vec<WalkedData>, AppError> {
    let app = match desk {
        Desk::Here(app) => app,
        Desk::There(server) => return Ok(server.walk_series(serie, kind, from, ruc).await?),
    };
    let room = app.invoice_room(ruc, &needed.plain_ask()).await?;
    let mut walked = Vec::new();
    for name in room.series_to_walk(serie, kind).await? {
        walked.push(WalkedData::of(&room.walk_series(&name, from).await?));
    }
    Ok(walked)
}

fn write_walked(needed: &Needed, walked: &[WalkedData]) -> Done {
    for it in walked {
        let (serie, kind) = (&it.serie, &it.tipo);
        let (found, last) = (it.encontrados, it.ultimo);
        needed.say(text!(
            "serie {serie} ({kind}): comprobantes que no estaban anotados, {found}; último número, {last}",
            "series {serie} ({kind}): documents that were not on record, {found}; last number, {last}"
        ));
    }
    Records {
        columns: vec![
            ("serie", "Serie", "Series"),
            ("tipo", "Tipo", "Kind"),
            ("ultimo", "Último número", "Last number"),
            ("encontrados", "Encontrados", "Found"),
        ],
        rows: walked.iter().map(|it| fields(json!(it))).collect(),
    }
    .write(needed)?;
    Ok(0)
}
