//! `chaski factura validar`: all that is wrong with documents, before a number is spent.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use chaski_core::invoicing::{JsonValue, Known, check};
use chaski_core::{Ruc, Severity, text};
use serde_json::{Map, Value};

use super::shown::{FINDING, finding_row};
use super::{issuer_of, read_document, ruc_of};
use crate::api::checked::CheckedData;
use crate::app::invoices::InvoiceError;
use crate::app::{AppError, Mode};
use crate::cli::Done;
use crate::cli::kit::desk::Desk;
use crate::cli::kit::needed::Needed;
use crate::cli::kit::output::exit_of;
use crate::cli::kit::records::Records;
use crate::codes;
use crate::remote::HandOver;

pub(super) async fn validar(
    needed: &Needed,
    desk: &Desk,
    files: &[PathBuf],
    empresa: Option<&str>,
) -> Done {
    let (mut rows, mut exits) = (Vec::new(), Vec::new());
    for file in files {
        let checked = check_file(needed, desk, file, empresa).await?;
        say_verdict(needed, file, &checked);
        let name = file.display().to_string();
        rows.extend(checked.hallazgos.iter().map(|finding| {
            let mut row: Map<String, Value> = Map::new();
            row.insert("archivo".into(), name.as_str().into());
            row.extend(finding_row(finding));
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
    desk: &Desk,
    file: &Path,
    empresa: Option<&str>,
) -> Result<CheckedData, AppError> {
    let bytes = read_document(file)?;
    let Ok(value) = JsonValue::parse(&bytes) else {
        return Ok(not_json(needed, desk, &bytes));
    };
    let ruc = issuer_of(empresa, &value)?;
    let was_named = ruc_of(empresa)?.is_some();
    checked(needed, desk, value, ruc, was_named).await
}

/// All that is right and wrong of a document as it came; on this machine also before anybody issues.
async fn checked(
    needed: &Needed,
    desk: &Desk,
    value: JsonValue,
    ruc: Option<Ruc>,
    was_named: bool,
) -> Result<CheckedData, AppError> {
    let lang = needed.lang();
    let app = match desk {
        Desk::Here(app) => app,
        Desk::There(server) => {
            let wanted = HandOver {
                body: Bytes::from(value.to_string()),
                // One that the document names, the server reads too.
                empresa: ruc.as_ref().filter(|_| was_named),
                key: None,
            };
            return Ok(server.check_document(wanted).await?);
        }
    };
    let ask = needed.plain_ask();
    let room = match app.invoice_room(ruc.as_ref(), &ask).await {
        Ok(room) => Some(room),
        // A document may be checked before anybody issues here; but a company that was named must be.
        Err(AppError::Invoice(InvoiceError::NoIssuer)) if !was_named => None,
        Err(error) => return Err(error),
    };
    let checked = app.check_invoice(room.as_ref(), value, &ask).await?;
    Ok(CheckedData::of(&checked, app.mode, lang))
}

/// What is wrong with what is no JSON.
pub(super) fn not_json(needed: &Needed, desk: &Desk, bytes: &[u8]) -> CheckedData {
    let checked = check(bytes, desk.now(), &Known::default());
    let mode = desk.mode().unwrap_or(Mode::Sandbox);
    CheckedData::of(&checked, mode, needed.lang())
}

fn say_verdict(needed: &Needed, file: &Path, checked: &CheckedData) {
    let name = file.display();
    let count = |severity: Severity| {
        let all = checked.hallazgos.iter();
        all.filter(|it| it.severidad == severity.as_str()).count()
    };
    let (errors, observed) = (count(Severity::Error), count(Severity::Observacion));
    if errors > 0 {
        needed.say(text!(
            "{name}: no se puede emitir; errores, {errors}; observaciones, {observed}",
            "{name}: it cannot be issued; errors, {errors}; observations, {observed}"
        ));
        return;
    }
    let total = checked.document().and_then(|it| {
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
