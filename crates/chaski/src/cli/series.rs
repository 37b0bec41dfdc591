//! `chaski series`: series and their numbers.

use chaski_client::SeriesName;
use chaski_core::text;
use serde_json::json;

use super::factura::ruc_of;
use super::kit::args::SeriesCmd;
use super::kit::needed::Needed;
use super::kit::records::{Records, fields};
use super::{Done, with_invoices};
use crate::app::AppError;
use crate::app::invoices::{InvoiceError, InvoiceRoom, kind_named, kind_of_serie};

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
        SeriesCmd::Sincronizar {
            serie,
            desde,
            tipo,
            empresa,
        } => {
            let ruc = ruc_of(empresa.as_deref())?;
            let room = app.invoice_room(ruc.as_ref(), &needed.plain_ask()).await?;
            let walked = walked_names(&room, serie.as_deref(), tipo.as_deref()).await?;
            let mut rows = Vec::new();
            for name in &walked {
                let mut walked = room.walk_series(name, desde).await?;
                while let Some(next) = walked.next {
                    let found = walked.found.len();
                    needed.say(text!(
                        "sigue desde {next}; no estaban anotados, {found}",
                        "goes on from {next}; not on record, {found}"
                    ));
                    let more = room.walk_series(name, next).await?;
                    (walked.last, walked.next) = (more.last, more.next);
                    walked.found.extend(more.found);
                }
                let (serie, kind) = (name.serie.as_str(), name.kind.word());
                let (found, last) = (walked.found.len(), walked.last);
                needed.say(text!(
                    "serie {serie} ({kind}): comprobantes que no estaban anotados, {found}; último número, {last}",
                    "series {serie} ({kind}): documents that were not on record, {found}; last number, {last}"
                ));
                rows.push(fields(json!({
                    "serie": serie,
                    "tipo": kind,
                    "ultimo": last,
                    "encontrados": found,
                    "numeros": walked.found,
                })));
            }
            Records {
                columns: vec![
                    ("serie", "Serie", "Series"),
                    ("tipo", "Tipo", "Kind"),
                    ("ultimo", "Último número", "Last number"),
                    ("encontrados", "Encontrados", "Found"),
                ],
                rows,
            }
            .write(needed)?;
            Ok(0)
        }
    })
    .await
}

/// The series that are to be walked: all that are open, or the named one in every kind that it is open for.
async fn walked_names(
    room: &InvoiceRoom<'_>,
    serie: Option<&str>,
    tipo: Option<&str>,
) -> Result<Vec<SeriesName>, AppError> {
    let open = room.series().await?.into_iter().map(|it| it.series);
    let Some(serie) = serie.map(str::to_uppercase) else {
        return Ok(open.collect());
    };
    if let Some(tipo) = tipo {
        let kind = kind_named(tipo).ok_or(InvoiceError::SeriesKind)?;
        return Ok(vec![SeriesName::new(
            room.issuer.ruc.as_str(),
            kind,
            &serie,
        )]);
    }
    let named: Vec<SeriesName> = open.filter(|it| it.serie.as_str() == serie).collect();
    if !named.is_empty() {
        return Ok(named);
    }
    let kind = kind_of_serie(&serie).ok_or(InvoiceError::SeriesKind)?;
    Ok(vec![SeriesName::new(
        room.issuer.ruc.as_str(),
        kind,
        &serie,
    )])
}
