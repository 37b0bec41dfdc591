//! `chaski factura validar ventas.xlsx -o revisado.xlsx`: all documents of a workbook, before anything is
//! issued.

use std::path::{Path, PathBuf};

use chaski_client::NubefactKind;
use chaski_core::invoicing::catalogs::currencies::Moneda;
use chaski_core::{Severity, text};
use serde_json::{Map, Value, json};

use super::ruc_of;
use super::shown::{FINDING, cents, finding_row};
use crate::api::issued::DocumentFindingData;
use crate::app::invoices::{
    CheckedWorkbook, InvoiceError, PlacedFinding, nubefact_kind, wanted_sheets,
};
use crate::app::{App, AppError};
use crate::cli::Done;
use crate::cli::kit::needed::Needed;
use crate::cli::kit::output;
use crate::cli::kit::overwrite::all;
use crate::cli::kit::records::{Column, Records, fields};
use crate::cli::lote::check_output;
use crate::codes;
use crate::sheets::{self, Limits, OutputFormat};

/// What people see of a finding beside what it is.
const PLACE: [Column; 5] = [
    ("hoja", "Hoja", "Sheet"),
    ("fila", "Fila", "Row"),
    ("celda", "Celda", "Cell"),
    ("columna", "Columna", "Column"),
    ("documento", "Documento", "Document"),
];

/// Whether a file is a workbook or a CSV, by its name.
pub(super) fn is_sheet(file: &Path) -> bool {
    let extension = file.extension().and_then(|it| it.to_str()).unwrap_or("");
    let kinds = ["xlsx", "xlsm", "ods", "csv", "txt", "xls", "xlsb"];
    kinds.iter().any(|it| extension.eq_ignore_ascii_case(it))
}

/// The workbook, if that is what was given; it is checked alone.
pub(super) fn only_sheet(files: &[PathBuf]) -> Result<Option<&Path>, AppError> {
    let Some(sheet) = files.iter().find(|it| is_sheet(it)) else {
        return Ok(None);
    };
    if files.len() == 1 {
        return Ok(Some(sheet));
    }
    let name = sheet.display();
    Err(AppError::Usage(text!(
        "una planilla se valida sola: chaski factura validar {name} -o revisado.xlsx",
        "a workbook is checked alone: chaski factura validar {name} -o revisado.xlsx"
    )))
}

pub(super) async fn validar(
    needed: &Needed,
    app: &App,
    file: &Path,
    empresa: Option<&str>,
    clientes: bool,
) -> Done {
    // 1. The cells.
    check_output(needed, file)?;
    let format = output::format_of(needed)?;
    let book = sheets::read_book(file, &wanted_sheets(), &Limits::default())?;
    let others = book.others.clone();
    // 2. The check.
    let (ask, ruc) = (needed.plain_ask(), ruc_of(empresa)?);
    let room = match app.invoice_room(ruc.as_ref(), &ask).await {
        Ok(room) => Some(room),
        // Documents may be checked before anybody issues here; but a company that was named must be.
        Err(AppError::Invoice(InvoiceError::NoIssuer)) if ruc.is_none() => None,
        Err(error) => return Err(error),
    };
    let checked = app
        .check_workbook(room.as_ref(), book, clientes, &ask)
        .await?;
    // 3. What came of it.
    let name = file
        .file_name()
        .map_or_else(String::new, |it| it.to_string_lossy().into_owned());
    match (format, &needed.output) {
        (Some(OutputFormat::Xlsx), Some(path)) => {
            let bytes = checked.to_xlsx(&name, needed.lang())?;
            needed.overwrite.write(path, false, all(&bytes))?;
        }
        (Some(OutputFormat::Csv), Some(path)) => {
            needed
                .overwrite
                .write(path, false, all(&checked.to_csv(needed.lang())?))?;
        }
        (Some(OutputFormat::Xlsx), None) => {
            output::to_stdout(&checked.to_xlsx(&name, needed.lang())?)?;
        }
        _ => {
            let mut columns = PLACE.to_vec();
            columns.extend(FINDING.iter().filter(|(name, ..)| *name != "campo"));
            let rows: Vec<_> = checked
                .findings
                .iter()
                .map(|it| row(needed, &checked, it))
                .collect();
            if !rows.is_empty() || needed.output.is_some() {
                Records { columns, rows }.write(needed)?;
            }
        }
    }
    say_summary(needed, &name, &checked, &others);
    Ok(if checked.has_errors() {
        codes::exit_code("comprobante_con_errores")
    } else {
        0
    })
}

fn row(needed: &Needed, checked: &CheckedWorkbook, found: &PlacedFinding) -> Map<String, Value> {
    let mut row = fields(json!({
        "hoja": checked.sheet_of(found.spot.side),
        "fila": found.spot.row,
        "celda": found.spot.cell(),
        "columna": checked.title_of(&found.spot),
        "documento": checked.key_of(found),
    }));
    row.extend(finding_row(&DocumentFindingData::of(
        &found.finding,
        needed.lang(),
    )));
    row
}

pub(super) fn say_summary(
    needed: &Needed,
    name: &str,
    checked: &CheckedWorkbook,
    others: &[String],
) {
    // 1. How many.
    let (right, wrong) = checked.right_and_wrong();
    let documents = checked.documents.len();
    let rows: usize = checked.documents.iter().map(|it| it.rows.len()).sum();
    let is_observed = |worst: Option<Severity>| worst == Some(Severity::Observacion);
    let observed = checked
        .documents
        .iter()
        .filter(|it| is_observed(it.worst))
        .count();
    needed.say(text!("{name}: documentos, {documents}; filas, {rows}; se pueden emitir, {right} (observados, {observed}); con errores, {wrong}", "{name}: documents, {documents}; rows, {rows}; can be issued, {right} (observed, {observed}); with errors, {wrong}"));
    // 2. What they come to.
    for ((kind, moneda), sums) in checked.totals() {
        let kind = nubefact_kind(kind).map_or("", NubefactKind::word);
        let sign = Moneda::from_nubefact(moneda).unwrap_or_default().sign();
        let (count, igv, total) = (sums.documents, cents(sums.igv), cents(sums.total));
        needed.say(text!(
            "  {kind}: {count}; IGV {sign} {igv}; total {sign} {total}",
            "  {kind}: {count}; IGV {sign} {igv}; total {sign} {total}"
        ));
    }
    if checked.looked_up > 0 {
        let count = checked.looked_up;
        needed.say(text!(
            "  clientes consultados: {count}",
            "  customers looked up: {count}"
        ));
    }
    // 3. What was left out.
    let ours = [
        "Ayuda",
        "Help",
        "Listas",
        "Hallazgos",
        "Findings",
        "Resumen",
        "Summary",
    ];
    let left: Vec<String> = others
        .iter()
        .filter(|it| !ours.contains(&it.as_str()))
        .map(|it| format!("«{}»", chaski_core::clean(it)))
        .take(5)
        .collect();
    if !left.is_empty() {
        let left = left.join(", ");
        needed.say(text!(
            "  hojas que no se leen ni se copian: {left}",
            "  sheets that are neither read nor copied: {left}"
        ));
    }
}
