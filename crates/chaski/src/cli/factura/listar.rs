//! `chaski factura listar`: what was issued from here.

use chaski_client::DocumentState;
use chaski_core::text;
use serde_json::json;

use super::super::tipo_cambio::optional_date;
use super::desk::DocumentDesk;
use super::ruc_of;
use crate::api::issued::IssuedData;
use crate::app::AppError;
use crate::app::invoices::{InvoiceError, InvoiceFilter, kind_named};
use crate::cli::Done;
use crate::cli::kit::args::FacturaListarArgs;
use crate::cli::kit::desk::Desk;
use crate::cli::kit::needed::Needed;
use crate::cli::kit::records::{Records, fields};

pub(super) async fn listar(needed: &Needed, desk: &Desk, args: &FacturaListarArgs) -> Done {
    let kind = match &args.tipo {
        Some(name) => Some(kind_named(name).ok_or(InvoiceError::SeriesKind)?),
        None => None,
    };
    let filter = InvoiceFilter {
        estado: args.estado.as_deref().map(state).transpose()?,
        serie: args.serie.clone(),
        kind,
        desde: optional_date("--desde", args.desde.as_deref())?,
        hasta: optional_date("--hasta", args.hasta.as_deref())?,
        limit: args.limite,
    };
    let desk = DocumentDesk::open(needed, desk, ruc_of(args.empresa.as_deref())?).await?;
    let found = desk.list(&filter).await?;
    let rows = found.iter().map(|it| {
        fields(json!({
            "comprobante": name_of(it),
            "tipo": it.tipo,
            "fecha": it.fecha,
            "estado": it.estado,
            "moneda": it.moneda,
            "total": it.total,
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

/// Series and number, or the series alone before one is bound.
fn name_of(document: &IssuedData) -> String {
    match document.numero {
        Some(numero) => format!("{}-{numero}", document.serie),
        None => document.serie.clone(),
    }
}

fn state(typed: &str) -> Result<DocumentState, AppError> {
    DocumentState::from_name(&typed.trim().to_uppercase()).ok_or_else(|| {
        let all = DocumentState::ALL.map(DocumentState::as_str).join(", ");
        AppError::Usage(text!(
            "--estado debe ser uno de estos: {all}",
            "--estado must be one of these: {all}"
        ))
    })
}
