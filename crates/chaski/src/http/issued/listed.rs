//! A list of documents handed over: the other kind of batch.

use std::io::Write;
use std::sync::Arc;

use axum::extract::Request;
use axum::response::Response;
use chaski_core::invoicing::JsonValue;
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use uuid::Uuid;

use super::refusals::placed;
use super::rights_of;
use super::submit::issuer_ruc;
use crate::api::batches::DocumentsWanted;
use crate::api::checked_list::CheckedListData;
use crate::app::AppError;
use crate::app::batches::{DocumentsInput, DocumentsSubmission, DocumentsTaken};
use crate::app::invoices::CheckedWorkbook;
use crate::app::keys::Scope;
use crate::app::once::Once;
use crate::http::Gateway;
use crate::http::kit::{Caller, MOST_BYTES, Problem, body, outgoing, upload};
use crate::scratch::{Scratch, ScratchWriter};
use crate::sheets::OutputFormat;
use crate::store::Priority;

/// What a body of JSON says of a list of documents.
const DOCUMENTS: &str = "comprobantes";
/// Errors that are told of a list; beyond, nobody reads on.
const MOST_ERRORS: usize = 100;
/// Characters of a period.
const MOST_OF_A_PERIOD: usize = 20;

/// What came of a list and how it is to be issued.
pub(in crate::http) struct GivenDocuments {
    pub(in crate::http) input: DocumentsInput,
    pub(in crate::http) name: String,
    pub(in crate::http) priority: Priority,
    pub(in crate::http) wanted: DocumentsWanted,
}

/// The documents of a body of JSON and what it says beside them; none of a list of something else.
pub(in crate::http) async fn of_json(
    request: &mut Request,
) -> Result<Option<(Vec<JsonValue>, DocumentsWanted)>, Problem> {
    if body::kind(request).as_deref() != Some("application/json") {
        return Ok(None);
    }
    let bytes = body::read(request, MOST_BYTES).await?;
    // Amounts stay as they were written: another reader would make fractions of them.
    let Ok(JsonValue::Object(mut object)) = JsonValue::parse(&bytes) else {
        return Ok(None);
    };
    let list = match object.remove(DOCUMENTS) {
        None => return Ok(None),
        Some(JsonValue::List(list)) if !list.is_empty() => list,
        Some(_) => {
            return Err(Problem::wrong_field(
                DOCUMENTS,
                "debe ser una lista con al menos un documento",
                "must be a list of at least one document",
            ));
        }
    };
    let rest = JsonValue::Object(object).to_string();
    Ok(Some((list, body::parsed(rest.as_bytes())?)))
}

/// The list of a form: the file, and the fields beside it.
pub(in crate::http) fn of_form(
    file: Scratch,
    fields: Vec<(String, String)>,
) -> Result<(DocumentsInput, DocumentsWanted), Problem> {
    let mut wanted = DocumentsWanted::default();
    for (name, text) in fields {
        let given = Some(text.trim().to_owned()).filter(|it| !it.is_empty());
        match name.as_str() {
            "clase" => {}
            "empresa" => wanted.empresa = given,
            "periodo" => wanted.periodo = given,
            "prioridad" => wanted.prioridad = given,
            "solo_buenos" => wanted.solo_buenos = upload::is_yes(&text),
            "clientes" => wanted.clientes = upload::is_yes(&text),
            "gastar_hasta" => wanted.gastar_hasta = Some(upload::calls(&text)?),
            unknown => return Err(upload::unknown_field(unknown)),
        }
    }
    Ok((DocumentsInput::File(file), wanted))
}

/// Takes a list on as a batch, or says all that is wrong with it.
pub(in crate::http) async fn submit(
    gateway: &Gateway,
    caller: &Caller,
    given: GivenDocuments,
    once: Option<Once>,
) -> Result<Uuid, Problem> {
    // 1. Who may, and for whom.
    caller.needs(Scope::Emitir)?;
    let new = submission(caller, given, once)?;
    // 2. Checked and stored, or nothing of it.
    let submit = |limits| {
        let (app, new) = (Arc::clone(&caller.app), new.clone());
        async move { app.submit_documents(new, limits).await }
    };
    let (taken, _memory) = upload::with_memory(gateway, caller, submit).await?;
    match taken {
        DocumentsTaken::Batch(id) => Ok(id),
        DocumentsTaken::Wrong(checked) => Err(wrong(&checked)),
    }
}

/// Looks at a list, and answers with what it is or, in a format, with the list itself and what was found.
pub(in crate::http) async fn check(
    gateway: &Gateway,
    caller: &Caller,
    given: GivenDocuments,
    rehearse: bool,
    format: Option<OutputFormat>,
) -> Result<Response, Problem> {
    // 1. Checked, as a whole.
    let new = submission(caller, given, None)?;
    let name = new.name.clone();
    let file = gateway.room.file(caller.owner()).await?;
    let look = |limits| {
        let (app, new, ask) = (Arc::clone(&caller.app), new.clone(), caller.ask());
        async move { app.look_at_documents(new, rehearse, &ask, limits).await }
    };
    let (looked, memory) = upload::with_memory(gateway, caller, look).await?;
    // 2. Rendered, which takes its time too.
    let (mode, lang) = (caller.app.mode, caller.info.lang);
    let mut writer = ScratchWriter::new(gateway.room.folder());
    let rendered = tokio::task::spawn_blocking(move || {
        let bytes = match format {
            Some(OutputFormat::Xlsx) => looked.checked.to_xlsx(&name, lang)?,
            Some(_) => looked.checked.to_csv(lang)?,
            None => {
                let data = CheckedListData::looked(&name, &looked, mode, lang);
                serde_json::to_vec(&data).map_err(std::io::Error::from)?
            }
        };
        writer.write_all(&bytes)?;
        Ok::<_, AppError>(writer)
    });
    let rendered = rendered.await.map_err(|_| Problem::internal())??;
    // 3. From here on the caller's pace takes a file and no memory.
    drop(memory);
    let rendered = outgoing::finished(rendered)?;
    if let Some(format) = format {
        return Ok(upload::download(&rendered, file, format, "revisado"));
    }
    let mut answer = outgoing::of_file(&rendered, file);
    let kind = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    Ok(answer)
}

/// What is handed over, or looked at.
fn submission(
    caller: &Caller,
    given: GivenDocuments,
    once: Option<Once>,
) -> Result<DocumentsSubmission, Problem> {
    let wanted = given.wanted;
    Ok(DocumentsSubmission {
        input: given.input,
        name: given.name,
        issuer: wanted.empresa.as_deref().map(issuer_ruc).transpose()?,
        rights: rights_of(caller),
        only_good: wanted.solo_buenos,
        clientes: wanted.clientes,
        periodo: wanted.periodo.as_deref().map(period).transpose()?,
        priority: given.priority,
        asker: caller.asker(),
        payer: caller.payer(),
        most: wanted.gastar_hasta,
        once,
    })
}

fn period(text: &str) -> Result<String, Problem> {
    let text = text.trim().to_owned();
    let good = !text.is_empty()
        && text.chars().count() <= MOST_OF_A_PERIOD
        && !text.contains(char::is_control);
    good.then_some(text).ok_or_else(|| {
        Problem::wrong_field(
            "periodo",
            "debe ser un texto de 1 a 20 caracteres, como 2026-11",
            "must be a text of 1 to 20 characters, such as 2026-11",
        )
    })
}

/// All that is wrong with a list, each with its place; nothing was stored.
fn wrong(checked: &CheckedWorkbook) -> Problem {
    let (right, wrong) = checked.right_and_wrong();
    let mut problem = Problem::new(
        "comprobante_con_errores",
        format!(
            "documentos con errores: {wrong}; sin errores: {right}; no se guardó nada ni se tomó un número (solo_buenos emite los que no los tienen)"
        ),
        format!(
            "documents with errors: {wrong}; without: {right}; nothing was stored and no number taken (solo_buenos issues those without)"
        ),
    );
    let errors = checked.errors_with_places().take(MOST_ERRORS);
    problem.errors = errors.map(|(place, it)| placed(place, it)).collect();
    problem
}
