//! Partners as lists: a spreadsheet in, a file out.

use std::sync::Arc;

use axum::extract::{Query, Request, State};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::Gateway;
use super::kit::{
    Caller, Created, Given, OnceWanted, Problem, Problems, bad_query, body, most_of_a_file, once,
    outgoing, room, upload,
};
use super::partners::{filter, refuse_a_persons_number};
use crate::api::partner_lists::{ImportData, ImportForm, RowData};
use crate::app::AppError;
use crate::app::keys::Scope;
use crate::app::partner_lists::Imported;
use crate::scratch::{Scratch, ScratchWriter};
use crate::sheets::{self, Limits, OutputFormat, Sought, Table};
use crate::store::StoreError;

/// Rows that could not be taken and are told one by one; the others are counted.
const MOST_TOLD: usize = 1_000;

/// Import partners from a list
///
/// An xlsx, ods or csv, as `archivo` of a form or as the body itself. Known partners are completed;
/// a blank cell deletes nothing. A row that cannot be taken keeps no other one back; if none can,
/// that is a 422 with the common cause.
#[utoipa::path(
    post,
    path = "/api/v1/partners/importar",
    operation_id = "importar_partners",
    params(OnceWanted),
    request_body(content(
        (ImportForm = "multipart/form-data"),
        (String = "application/octet-stream"),
    )),
    responses((status = 200, body = ImportData), Problems)
)]
pub(super) async fn import(
    State(gateway): State<Arc<Gateway>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.needs(Scope::Partners)?;
    // Rows are saved in groups, not in one transaction with the answer: after a crash the list is
    // imported again, which finds what was saved unchanged and adds the rest.
    let import = async |request, _| Ok((Uuid::nil(), imported(&gateway, &caller, request).await?));
    let show = async |_| Err(StoreError::DoneBefore.into());
    once::once(&caller, request, most_of_a_file(), import, show).await
}

async fn imported(
    gateway: &Gateway,
    caller: &Caller,
    request: Request,
) -> Result<Created, Problem> {
    let (file, sheet, column) = file(request).await?;
    let lang = caller.info.lang;
    // Reading a workbook takes its time, which is not that of other requests.
    let read = |limits: Limits| {
        let (file, sheet) = (file.clone(), sheet.clone());
        let read =
            move || sheets::read_stored(Sought::Rucs, &file, sheet.as_deref(), &limits, lang);
        let table = tokio::task::spawn_blocking(read);
        async { Ok(table.await.map_err(|error| AppError::Io(error.into()))??) }
    };
    let (table, _memory) = upload::with_memory(gateway, caller, read).await?;
    let imported = caller
        .app
        .import_partners(caller.company(), &table, column.as_deref())
        .await?;
    if let Some(nothing) = imported.nothing_read() {
        return Err(nothing.into());
    }
    let body = of_import(caller, imported, table);
    Ok(Created::new(StatusCode::OK, None, &body))
}

/// Whether a body of that kind may be the list itself.
fn is_list(kind: &str) -> bool {
    let known = ["application/octet-stream", "text/csv", "text/plain"];
    known.contains(&kind) || kind.starts_with("application/vnd.")
}

/// The file of a form, its sheet and its column, or the body itself.
async fn file(mut request: Request) -> Result<(Scratch, Option<String>, Option<String>), Problem> {
    match body::kind(&request).as_deref() {
        Some("multipart/form-data") => {}
        Some(kind) if !is_list(kind) => {
            return Err(Problem::new(
                "tipo_de_cuerpo",
                "envíe la lista en «archivo» de un formulario, o como application/octet-stream",
                "send the list as \"archivo\" of a form, or as application/octet-stream",
            ));
        }
        _ => {
            let file = body::arrived(&mut request, most_of_a_file()).await?;
            return Ok((file, None, None));
        }
    }
    let (mut file, mut sheet, mut column) = (None, None, None);
    for part in upload::form(request).await? {
        let field = match part.name.as_str() {
            "columna" => Some(&mut column),
            "hoja" => Some(&mut sheet),
            _ => None,
        };
        if let Some(field) = field {
            let text = part.text()?;
            if field.replace(text).is_some() {
                return Err(upload::repeated(&part.name));
            }
            continue;
        }
        if !upload::is_file(&part.name) {
            return Err(upload::unknown_field(&part.name));
        }
        if file.replace(part.content).is_some() {
            return Err(upload::repeated(&part.name));
        }
    }
    let filled = |text: &String| !text.trim().is_empty();
    let (sheet, column) = (sheet.filter(filled), column.filter(filled));
    Ok((file.ok_or_else(upload::no_file)?, sheet, column))
}

fn of_import(caller: &Caller, imported: Imported, table: Table) -> ImportData {
    let row = |problem: &crate::app::partner_lists::RowProblem| RowData {
        row: problem.row,
        code: problem.error.code().into(),
        detail: problem.error.message(caller.info.lang),
    };
    let told = imported.problems.iter().take(MOST_TOLD);
    ImportData {
        created: imported.saved.created,
        updated: imported.saved.updated,
        unchanged: imported.saved.unchanged,
        failed: imported.problems.len(),
        errors: told.map(row).collect(),
        columns: imported.columns,
        ignored_columns: imported.ignored,
        notes: table.notes,
    }
}

/// Which partners, in which form.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ExportWanted {
    /// `json` (usual), `ndjson`, `csv` or `xlsx`.
    format: Option<String>,
    /// `aptos`, `no_aptos` or `nunca` (never checked).
    situacion: Option<String>,
    /// Text of a company's name, or a company's whole number.
    buscar: Option<String>,
}

/// The partners as a file
///
/// All of them or those of a filter, numbers and names whole. What is exported can be imported.
#[utoipa::path(
    get,
    path = "/api/v1/partners/exportar",
    operation_id = "exportar_partners",
    params(ExportWanted),
    responses(
        (status = 200, content(
            (Vec<serde_json::Value> = "application/json"),
            (String = "application/x-ndjson"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        Problems
    )
)]
pub(super) async fn export(
    State(gateway): State<Arc<Gateway>>,
    caller: Caller,
    wanted: Given<ExportWanted>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Partners)?;
    let Query(wanted) = wanted.map_err(bad_query)?;
    let format = upload::format(wanted.format.as_deref())?;
    refuse_a_persons_number(wanted.buscar.as_deref())?;
    let filter = filter(wanted.situacion.as_deref(), wanted.buscar)?;
    let file = gateway.room.file(caller.owner()).await?;
    let needed = match format {
        // The other forms are written page by page.
        OutputFormat::Xlsx => room::LARGE,
        _ => room::SMALL,
    };
    let memory = gateway.room.memory(caller.owner(), needed).await?;
    let writer = ScratchWriter::new(gateway.room.folder());
    let lang = caller.info.lang;
    let written = caller
        .app
        .write_partners(caller.company(), &filter, format, lang, writer)
        .await?;
    drop(memory);
    let written = outgoing::finished(written)?;
    Ok(upload::download(&written, file, format, "partners"))
}
