//! `chaski factura validar ventas.xlsx -o revisado.xlsx`: all documents of a workbook, before anything is
//! issued.

use std::path::{Path, PathBuf};

use chaski_core::text;
use serde_json::json;

use super::list_desk::{BookWish, SeenBook};
use super::shown::{FINDING, sign_of};
use crate::api::checked_list::CheckedListData;
use crate::app::AppError;
use crate::cli::Done;
use crate::cli::kit::desk::Desk;
use crate::cli::kit::needed::Needed;
use crate::cli::kit::output;
use crate::cli::kit::records::{Column, Records, fields};
use crate::cli::lote::check_output;
use crate::codes;
use crate::sheets::OutputFormat;

/// Sheets that are neither read nor copied, of which people see the names.
const MOST_SHEETS: usize = 5;

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
    desk: &Desk,
    file: &Path,
    empresa: Option<&str>,
    clientes: bool,
) -> Done {
    // 1. All of it, checked.
    check_output(needed, file)?;
    let format = output::format_of(needed)?;
    let wish = BookWish {
        empresa,
        clientes,
        ..BookWish::default()
    };
    let book = SeenBook::look(needed, desk, file, wish).await?;
    // 2. The workbook with its findings; without a file, a CSV is one of findings.
    let of_book = format.filter(|it| *it == OutputFormat::Xlsx || needed.output.is_some());
    match book.reviewed(of_book).await? {
        Some(bytes) => needed.write(&bytes)?,
        None => write_findings(needed, &book.data)?,
    }
    say_summary(needed, &book.data);
    Ok(if book.data.tiene_errores {
        codes::exit_code("comprobante_con_errores")
    } else {
        0
    })
}

fn write_findings(needed: &Needed, data: &CheckedListData) -> Result<(), AppError> {
    let mut columns = PLACE.to_vec();
    columns.extend(FINDING.iter().filter(|(name, ..)| *name != "campo"));
    let rows: Vec<_> = data.hallazgos.iter().map(|it| fields(json!(it))).collect();
    if !rows.is_empty() || needed.output.is_some() {
        Records { columns, rows }.write(needed)?;
    }
    let more = data.hallazgos_en_total.saturating_sub(data.hallazgos.len());
    if more > 0 {
        needed.say(text!(
            "y hallazgos que no se muestran: {more}; corrija estos primero",
            "and findings that are not shown: {more}; correct these first"
        ));
    }
    Ok(())
}

pub(super) fn say_summary(needed: &Needed, data: &CheckedListData) {
    // 1. How many.
    let (name, documents, rows) = (&data.nombre, data.documentos, data.filas);
    let (right, observed, wrong) = (data.emitibles, data.observados, data.con_errores);
    needed.say(text!("{name}: documentos, {documents}; filas, {rows}; se pueden emitir, {right} (observados, {observed}); con errores, {wrong}", "{name}: documents, {documents}; rows, {rows}; can be issued, {right} (observed, {observed}); with errors, {wrong}"));
    // 2. What they come to.
    for sums in &data.totales {
        let (kind, sign) = (&sums.tipo, sign_of(&sums.moneda));
        let (count, igv, total) = (sums.documentos, &sums.igv, &sums.total);
        needed.say(text!(
            "  {kind}: {count}; IGV {sign} {igv}; total {sign} {total}",
            "  {kind}: {count}; IGV {sign} {igv}; total {sign} {total}"
        ));
    }
    if data.clientes_consultados > 0 {
        let count = data.clientes_consultados;
        needed.say(text!(
            "  clientes consultados: {count}",
            "  customers looked up: {count}"
        ));
    }
    // 3. What was left out.
    let left = data.hojas_no_leidas.iter().take(MOST_SHEETS);
    let left: Vec<String> = left.map(|it| format!("«{it}»")).collect();
    if !left.is_empty() {
        let left = left.join(", ");
        needed.say(text!(
            "  hojas que no se leen ni se copian: {left}",
            "  sheets that are neither read nor copied: {left}"
        ));
    }
}
