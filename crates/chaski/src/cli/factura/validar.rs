//! `chaski factura validar`: all that is wrong with documents, before a number is spent.

use std::path::{Path, PathBuf};

use chaski_core::invoicing::{CheckedDocument, JsonValue, Known, check};
use chaski_core::{Severity, text};
use serde_json::{Map, Value};

use super::shown::{FINDING, finding_row};
use super::{issuer_of, read_document, ruc_of};
use crate::app::invoices::{InvoiceError, InvoiceRoom};
use crate::app::{App, AppError};
use crate::cli::Done;
use crate::cli::kit::needed::Needed;
use crate::cli::kit::output::exit_of;
use crate::cli::kit::records::Records;
use crate::codes;

pub(super) async fn validar(
    needed: &Needed,
    app: &App,
    files: &[PathBuf],
    empresa: Option<&str>,
) -> Done {
    let (mut rows, mut exits) = (Vec::new(), Vec::new());
    for file in files {
        let checked = check_file(needed, app, file, empresa).await?;
        say_verdict(needed, file, &checked);
        let name = file.display().to_string();
        rows.extend(checked.hallazgos.iter().map(|finding| {
            let mut row: Map<String, Value> = Map::new();
            row.insert("archivo".into(), name.as_str().into());
            row.extend(finding_row(finding, needed.lang()));
            row
        }));
        let wrong = checked.has_errors();
        exits.push(if wrong {
            codes::exit_code("comprobante_con_errores")
        } else {
            0
        });
    }
    let mut columns = FINDING.to_vec();
    if files.len() > 1 {
        columns.insert(0, ("archivo", "Archivo", "File"));
    }
    if !rows.is_empty() || needed.output.is_some() {
        Records { columns, rows }.write(needed)?;
    }
    Ok(exit_of(&exits))
}

async fn check_file(
    needed: &Needed,
    app: &App,
    file: &Path,
    empresa: Option<&str>,
) -> Result<CheckedDocument, AppError> {
    let bytes = read_document(file)?;
    let Ok(value) = JsonValue::parse(&bytes) else {
        return Ok(check(&bytes, app.clock.now(), &Known::default()));
    };
    let ask = needed.plain_ask();
    let ruc = issuer_of(empresa, &value)?;
    let room = match app.invoice_room(ruc.as_ref(), &ask).await {
        Ok(room) => Some(room),
        // A document may be checked before anybody issues here; but a company that was named must be.
        Err(AppError::Invoice(InvoiceError::NoIssuer)) if ruc_of(empresa)?.is_none() => None,
        Err(error) => return Err(error),
    };
    app.check_invoice(room.as_ref().map(|it: &InvoiceRoom<'_>| it), value, &ask)
        .await
}

fn say_verdict(needed: &Needed, file: &Path, checked: &CheckedDocument) {
    let name = file.display();
    let count = |severity| {
        let all = checked.hallazgos.iter();
        all.filter(|it| it.severidad == severity).count()
    };
    let (errors, observed) = (count(Severity::Error), count(Severity::Observacion));
    if errors > 0 {
        needed.say(text!(
            "{name}: no se puede emitir; errores, {errors}; observaciones, {observed}",
            "{name}: it cannot be issued; errors, {errors}; observations, {observed}"
        ));
        return;
    }
    let total = checked.document.as_ref().and_then(|it| {
        let total = it.total()?;
        Some(format!(
            "{} {}",
            super::shown::sign(it.moneda()),
            super::shown::cents(total)
        ))
    });
    let total = total.map(|it| format!("; total {it}")).unwrap_or_default();
    needed.say(text!(
        "{name}: se puede emitir{total}; observaciones, {observed}",
        "{name}: it can be issued{total}; observations, {observed}"
    ));
}
