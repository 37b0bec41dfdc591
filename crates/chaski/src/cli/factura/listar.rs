//! `chaski factura listar`: what was issued from here.

use chaski_core::text;
use serde_json::json;

use super::super::tipo_cambio::optional_date;
use super::ruc_of;
use super::shown::{cents, iso};
use crate::app::App;
use crate::app::invoices::{InvoiceError, InvoiceFilter, kind_named};
use crate::cli::Done;
use crate::cli::kit::args::FacturaListarArgs;
use crate::cli::kit::needed::Needed;
use crate::cli::kit::records::{Records, fields};

pub(super) async fn listar(needed: &Needed, app: &App, args: &FacturaListarArgs) -> Done {
    let kind = match &args.tipo {
        Some(name) => Some(kind_named(name).ok_or(InvoiceError::SeriesKind)?),
        None => None,
    };
    let filter = InvoiceFilter {
        estado: args.estado.clone(),
        serie: args.serie.clone(),
        kind,
        desde: optional_date("--desde", args.desde.as_deref())?,
        hasta: optional_date("--hasta", args.hasta.as_deref())?,
        limit: args.limite as usize,
    };
    let ruc = ruc_of(args.empresa.as_deref())?;
    let room = app.invoice_room(ruc.as_ref(), &needed.plain_ask()).await?;
    let found = room.list_invoices(&filter).await?;
    let rows = found.iter().map(|it| {
        fields(json!({
            "comprobante": it.comprobante,
            "tipo": it.kind.word(),
            "fecha": it.fecha.to_string(),
            "estado": it.estado,
            "moneda": iso(it.moneda),
            "total": it.total.map(cents),
            "clave": it.clave,
        }))
    });
    let columns = vec![
        ("comprobante", "Comprobante", "Document"),
        ("tipo", "Tipo", "Kind"),
        ("fecha", "Fecha", "Date"),
        ("estado", "Estado", "State"),
        ("moneda", "Moneda", "Currency"),
        ("total", "Total", "Total"),
    ];
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        needed.say(text!(
            "no hay comprobantes emitidos desde aquí que correspondan",
            "no documents issued from here correspond"
        ));
    }
    Records { columns, rows }.write(needed)?;
    Ok(0)
}
