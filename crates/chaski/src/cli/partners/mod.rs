//! `chaski partners`: those a company buys from and sells to, kept true to what SUNAT says.

mod refresh;

use std::path::Path;

use chaski_core::{Lang, lima_timestamp, text};
use jiff::ToSpan;
use serde_json::{Map, Value, json};

use super::Done;
use super::kit::args::{PartnerChangesArgs, PartnerFilterArgs, PartnersCmd};
use super::kit::needed::Needed;
use super::kit::output::{self, complain_about, notice};
use super::kit::records::{Column, Records, fields, pages, time};
use super::kit::typed::repeatable;
use super::llaves::empresa;
use super::tipo_cambio::optional_date;
use crate::app::partner_lists::record;
use crate::app::{App, AppError};
use crate::partners::{Partner, PartnerError};
use crate::sheets::{self, Limits};
use crate::store::{ChangeFilter, ChangeRow, ChecksNoted, Company, PartnerFilter, PartnerFitness};
use refresh::actualizar;

pub(super) async fn partners(needed: &Needed, app: &App, command: PartnersCmd) -> Done {
    let named = command.empresa().map(empresa).transpose()?;
    let company = named.map_or(Company::HOUSE, |ruc| app.company_of(&ruc));
    match command {
        PartnersCmd::Importar {
            input,
            hoja,
            columna,
            ..
        } => {
            let place = (hoja.as_deref(), columna.as_deref());
            importar(needed, app, company, &input, place).await
        }
        PartnersCmd::Listar {
            filter,
            limite,
            mostrar,
            ..
        } => listar(needed, app, company, filter, limite, mostrar).await,
        PartnersCmd::Ver { documents, .. } => ver(needed, app, company, &documents).await,
        PartnersCmd::Actualizar {
            which,
            freshness,
            gastar_hasta,
            ..
        } => actualizar(needed, app, company, which, gastar_hasta, &freshness).await,
        PartnersCmd::Exportar { filter, .. } => exportar(needed, app, company, filter).await,
        PartnersCmd::Borrar { documents, .. } => borrar(needed, app, company, &documents).await,
        PartnersCmd::Cambios(typed) => cambios(needed, app, company, typed, false).await,
        PartnersCmd::DejaronDeSerAptos(typed) => cambios(needed, app, company, typed, true).await,
    }
}

/// What was written down on partners, for people.
pub(super) fn noted_text(noted: &ChecksNoted, lang: Lang) -> String {
    let ChecksNoted {
        partners,
        changed,
        lost_fitness,
        ..
    } = noted;
    text!(
        "Clientes y proveedores: {partners} · cambiaron de estado o condición: {changed} · dejaron de ser aptos: {lost_fitness}",
        "Customers and suppliers: {partners} · changed estado or condición: {changed} · stopped being fit: {lost_fitness}"
    )
    .pick(lang)
}

async fn importar(
    needed: &Needed,
    app: &App,
    company: Company,
    input: &Path,
    (sheet, column): (Option<&str>, Option<&str>),
) -> Done {
    let lang = needed.lang();
    if input.is_dir() {
        let folder = input.display();
        return Err(AppError::Usage(text!(
            "«{folder}» es una carpeta: indique el archivo de la lista",
            "\"{folder}\" is a folder: name the file of the list"
        )));
    }
    let table = sheets::read(input, sheet, &Limits::of_a_long_list(), lang)?;
    for note in &table.notes {
        notice(needed, note);
    }
    let imported = app.import_partners(company, &table, column).await?;
    let taken = imported.columns.join(", ");
    needed.say(text!(
        "Números tomados de la columna {taken}",
        "Numbers taken from column {taken}"
    ));
    if !imported.ignored.is_empty() {
        let titles = imported.ignored.join(", ");
        needed.say(text!(
            "Columnas que no se importan: {titles}",
            "Columns that are not imported: {titles}"
        ));
    }
    let problems: Vec<(String, String)> = imported
        .problems
        .iter()
        .map(|problem| {
            let row = problem.row;
            let row = lang.pick(format!("Fila {row}"), format!("Row {row}"));
            (row, problem.error.message(lang))
        })
        .collect();
    complain_about(needed, &problems, 0);
    let (saved, bad) = (imported.saved, problems.len());
    let (created, updated, same) = (saved.created, saved.updated, saved.unchanged);
    needed.say(text!(
        "Importados: nuevos {created}, cambiados {updated}, sin cambios {same}; filas con error: {bad}",
        "Imported: new {created}, changed {updated}, unchanged {same}; rows with an error: {bad}"
    ));
    match imported.nothing_read() {
        Some(nothing) => Err(nothing),
        None if bad > 0 => Ok(8),
        None => Ok(0),
    }
}

async fn listar(
    needed: &Needed,
    app: &App,
    company: Company,
    typed: PartnerFilterArgs,
    limit: u32,
    whole: bool,
) -> Done {
    let filter = filter_of(typed);
    let page = async |limit, cursor| app.list_partners(company, &filter, limit, cursor).await;
    let found = pages(limit, page).await?;
    let row = |partner: &Partner| shown(app, partner, whole);
    let rows: Vec<_> = found.iter().map(row).collect();
    if rows.is_empty() {
        let any = app
            .list_partners(company, &PartnerFilter::default(), 1, None)
            .await?;
        if any.rows.is_empty() {
            needed.say(text!(
                "no hay clientes ni proveedores; se agregan con: chaski partners importar LISTA",
                "there are no partners; add them with: chaski partners importar LIST"
            ));
        } else {
            needed.say(text!(
                "no hay clientes ni proveedores que coincidan",
                "no partner is like that"
            ));
        }
    }
    let columns = vec![
        ("num_document", "Documento", "Document"),
        ("nombre", "Nombre", "Name"),
        ("estado", "Estado", "Estado"),
        ("condicion", "Condición", "Condición"),
        ("apto", "Apto", "Fit"),
        ("consultado", "Consultado", "Checked"),
    ];
    Records { columns, rows }.write(needed)
}

/// A partner in a list.
fn shown(app: &App, partner: &Partner, whole: bool) -> Map<String, Value> {
    let sunat = &partner.sunat;
    fields(json!({
        "document_type": partner.document.kind().as_str(),
        "num_document": number(app, partner, whole),
        "nombre": partner.shown_name(),
        "estado": sunat.state.as_str(),
        "condicion": sunat.condition.as_str(),
        "estado_del_contribuyente": sunat.estado,
        "condicion_de_domicilio": sunat.condicion,
        "existe": sunat.valid,
        "apto": sunat.fit,
        "consultado": sunat.last_check.map(time),
        "id": partner.id.to_string(),
    }))
}

fn number(app: &App, partner: &Partner, whole: bool) -> String {
    if whole || !app.config.mask_dni {
        partner.document.number().to_owned()
    } else {
        partner.document.masked()
    }
}

async fn ver(needed: &Needed, app: &App, company: Company, documents: &[String]) -> Done {
    let found = find(needed, app, company, documents).await?;
    let record = |(typed, found): (&String, Result<Partner, PartnerError>)| match found {
        Ok(partner) => record(&partner),
        Err(error) => fields(json!({"num_document": repeatable(typed), "error": error.code()})),
    };
    let codes: Vec<u8> = found
        .iter()
        .map(|it| if it.is_ok() { 0 } else { 3 })
        .collect();
    let rows: Vec<_> = documents.iter().zip(found).map(record).collect();
    let columns = LABELS.to_vec();
    Records { columns, rows }.write(needed)?;
    Ok(output::exit_of(&codes))
}

/// What people see of one partner.
const LABELS: [Column; 17] = [
    ("document_type", "Tipo", "Type"),
    ("num_document", "Documento", "Document"),
    ("name", "Nombre", "Name"),
    ("display_name", "Nombre comercial", "Trade name"),
    ("email", "Correo", "E-mail"),
    ("phone", "Teléfono", "Telephone"),
    ("mobile", "Celular", "Mobile"),
    ("street", "Dirección", "Address"),
    ("sunat_name", "Nombre en SUNAT", "Name at SUNAT"),
    ("estado_del_contribuyente", "Estado", "Estado"),
    ("condicion_de_domicilio", "Condición", "Condición"),
    ("apto_para_facturar", "Apto", "Fit"),
    ("sunat_last_check", "Consultado", "Checked"),
    ("sunat_address", "Dirección en SUNAT", "Address at SUNAT"),
    ("sunat_ubigeo", "Ubigeo", "Ubigeo"),
    ("sunat_comment", "Consultas", "Checks"),
    ("error", "Error", "Error"),
];

/// The partner of each document; what is wrong with some is told.
pub(super) async fn find(
    needed: &Needed,
    app: &App,
    company: Company,
    documents: &[String],
) -> Result<Vec<Result<Partner, PartnerError>>, AppError> {
    let (mut found, mut complaints) = (Vec::with_capacity(documents.len()), Vec::new());
    for typed in documents {
        let outcome = match one(app, company, typed).await {
            Ok(partner) => Ok(partner),
            Err(AppError::Partner(error)) => {
                complaints.push((repeatable(typed), error.message(needed.lang())));
                Err(error)
            }
            Err(other) => return Err(other),
        };
        found.push(outcome);
    }
    complain_about(needed, &complaints, documents.len());
    Ok(found)
}

/// The partner of a document whose kind was not said: what looks like a RUC or DNI is one,
/// anything else is looked for under the other kinds.
async fn one(app: &App, company: Company, typed: &str) -> Result<Partner, AppError> {
    use crate::partners::DocumentType::{Ce, Otro, Pasaporte};
    let guessed = app.parse_document(None, typed);
    let mut missing = PartnerError::NobodyWithDocument;
    match guessed {
        Ok(document) => match app.partner_with(company, &document).await {
            Err(AppError::Partner(PartnerError::NobodyWithDocument)) => {}
            other => return other,
        },
        Err(error) => missing = error,
    }
    for kind in [Ce, Pasaporte, Otro] {
        let Ok(document) = app.parse_document(Some(kind), typed) else {
            continue;
        };
        match app.partner_with(company, &document).await {
            Err(AppError::Partner(PartnerError::NobodyWithDocument)) => {}
            other => return other,
        }
    }
    Err(missing.into())
}

async fn exportar(needed: &Needed, app: &App, company: Company, typed: PartnerFilterArgs) -> Done {
    let where_to = text!(
        "diga dónde escribir los clientes y proveedores: agregue -o partners.xlsx",
        "say where the partners go: add -o partners.xlsx"
    );
    let format = output::file_format(needed, where_to)?;
    let filter = filter_of(typed);
    let bytes = app.write_partners(company, &filter, format, needed.lang(), Vec::new());
    needed.write(&bytes.await?)?;
    Ok(0)
}

async fn borrar(needed: &Needed, app: &App, company: Company, documents: &[String]) -> Done {
    let found = find(needed, app, company, documents).await?;
    let codes: Vec<u8> = found
        .iter()
        .map(|it| if it.is_ok() { 0 } else { 3 })
        .collect();
    let found: Vec<Partner> = found.into_iter().flatten().collect();
    let count = found.len();
    if count > 0 {
        let (these, them) = match count {
            1 => (
                "este cliente o proveedor y su historial".to_owned(),
                "this customer or supplier and its history".to_owned(),
            ),
            n => (
                format!("estos {n} clientes o proveedores y su historial"),
                format!("these {n} customers or suppliers and their history"),
            ),
        };
        let wanted = output::confirm(
            needed,
            text!("¿Borrar {these}?", "Delete {them}?"),
            text!(
                "borrar clientes o proveedores necesita confirmación: agregue --yes",
                "deleting partners needs a confirmation: add --yes"
            ),
        )?;
        if !wanted {
            return Ok(output::SAID_NO);
        }
    }
    for partner in found {
        app.delete_partner(company, partner.id).await?;
    }
    needed.say(text!(
        "clientes o proveedores borrados: {count}",
        "customers or suppliers deleted: {count}"
    ));
    Ok(output::exit_of(&codes))
}

async fn cambios(
    needed: &Needed,
    app: &App,
    company: Company,
    typed: PartnerChangesArgs,
    lost: bool,
) -> Done {
    let midnight = |day: jiff::civil::Date| lima_timestamp(day.at(0, 0, 0, 0));
    let since = optional_date("--desde", typed.desde.as_deref())?;
    let until = optional_date("--hasta", typed.hasta.as_deref())?;
    let partner = match &typed.numero {
        Some(number) => Some(one(app, company, number).await?.id),
        None => None,
    };
    let filter = ChangeFilter {
        partner,
        since: since.map(midnight),
        // The last day counts whole.
        until: until.map(|day| midnight(day.saturating_add(1.day()))),
        lost_fitness: lost,
    };
    let page = async |limit, cursor| {
        let changes = app.list_partner_changes(company, &filter, limit, cursor);
        changes.await
    };
    let found = pages(typed.limite, page).await?;
    let row = |change: &ChangeRow| change_row(app, change, typed.mostrar);
    let rows: Vec<_> = found.iter().map(row).collect();
    if rows.is_empty() {
        let any = app
            .list_partner_changes(company, &ChangeFilter::default(), 1, None)
            .await?;
        if any.rows.is_empty() {
            needed.say(text!(
                "no hay cambios; se anotan al consultar: chaski partners actualizar",
                "there are no changes; they are noted by: chaski partners actualizar"
            ));
        } else {
            needed.say(text!(
                "no hay cambios que coincidan",
                "no change is like that"
            ));
        }
    }
    let columns = vec![
        ("fecha", "Fecha (Lima)", "Date (Lima)"),
        ("num_document", "Documento", "Document"),
        ("nombre", "Nombre", "Name"),
        ("estado_antes", "Estado antes", "Estado before"),
        ("estado", "Estado", "Estado"),
        ("condicion_antes", "Condición antes", "Condición before"),
        ("condicion", "Condición", "Condición"),
        ("apto", "Apto", "Fit"),
        ("apto_hoy", "Apto hoy", "Fit today"),
    ];
    Records { columns, rows }.write(needed)
}

fn change_row(app: &App, row: &ChangeRow, whole: bool) -> Map<String, Value> {
    let change = &row.change;
    fields(json!({
        "fecha": time(row.at),
        "document_type": row.partner.document.kind().as_str(),
        "num_document": number(app, &row.partner, whole),
        "nombre": row.partner.shown_name(),
        "estado_antes": change.state[0].as_str(),
        "estado": change.state[1].as_str(),
        "condicion_antes": change.condition[0].as_str(),
        "condicion": change.condition[1].as_str(),
        "estado_del_contribuyente_antes": change.estado[0],
        "estado_del_contribuyente": change.estado[1],
        "condicion_de_domicilio_antes": change.condicion[0],
        "condicion_de_domicilio": change.condicion[1],
        "existe": change.valid[1],
        "apto_antes": change.fit[0],
        "apto": change.fit[1],
        "apto_hoy": row.partner.sunat.fit,
        "id": row.partner.id.to_string(),
    }))
}

fn filter_of(typed: PartnerFilterArgs) -> PartnerFilter {
    PartnerFilter {
        fitness: match (typed.aptos, typed.no_aptos, typed.nunca) {
            (true, ..) => Some(PartnerFitness::Fit),
            (_, true, _) => Some(PartnerFitness::Unfit),
            (.., true) => Some(PartnerFitness::NeverChecked),
            _ => None,
        },
        text: typed.buscar,
        ..PartnerFilter::default()
    }
}
