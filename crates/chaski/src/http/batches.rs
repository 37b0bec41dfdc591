//! Bulk look-ups in the background: handed in at once, worked on later, fetched when done.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use chaski_core::{Currency, RateSource};
use futures_util::{FutureExt, StreamExt};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::Gateway;
use super::issued::listed::{self, GivenDocuments};
use super::kit::{
    Caller, Created, Given, JsonAnswer, OnceWanted, PageWanted, Problem, Problems, bad_query, body,
    cursor, id_of, limit, most_of_a_file, once, outgoing, room, shaped, upload,
};
use crate::api::batches::{
    BatchBody, BatchData, BatchEvent, BatchForm, BatchWanted, BatchesPage, DocumentsWanted,
};
use crate::api::checked_list::CheckedListData;
use crate::api::reply::lima;
use crate::app::batches::{BatchKind, DocumentsInput, ListClass, ListInput, Submission};
use crate::app::keys::Scope;
use crate::app::once::Once;
use crate::scratch::ScratchWriter;
use crate::sheets::{OutputFormat, ResultNames};
use crate::store::{BatchChange, Listed, Priority};

/// Hand in a list
///
/// As JSON, or as `multipart/form-data` with an xlsx, ods or csv in `archivo` and, if wanted,
/// `hoja`, `columna`, `dni` (`no`, or `ruc10` to look a DNI up by its RUC 10), `prioridad`,
/// `force_refresh`, `update_partners` and `gastar_hasta`.
///
/// With `clase=cpe` the file is a register of purchases: how each voucher stands at SUNAT, and its issuer;
/// `columna` may name parts of it, as `monto=Y,fecha=E`. With `clase=tipo_cambio` it is a list with dates:
/// compra and venta of each; `fuente` and `moneda` say whose rates, of what.
///
/// With `comprobantes` in the JSON, or `clase=comprobantes` in the form (and `empresa`, `solo_buenos`,
/// `clientes`, `periodo`), it is a list of documents, which are issued: checked whole first, each exactly
/// once however often the list comes. What is wrong with it is a 422 with `errors`, and nothing is stored.
#[utoipa::path(
    post,
    path = "/api/v1/lotes",
    operation_id = "crear_lote",
    params(OnceWanted),
    request_body(content(
        (BatchBody = "application/json"),
        (BatchForm = "multipart/form-data"),
    )),
    responses(
        (status = 202, body = BatchData, headers(("location" = String, description = "Its address"))),
        Problems
    )
)]
pub(super) async fn submit(
    State(gateway): State<Arc<Gateway>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    caller.needs(Scope::Lotes)?;
    refuse_rehearsal(&request)?;
    let most = match body::kind(&request).as_deref() {
        Some("multipart/form-data") => most_of_a_file(),
        _ => body::MOST_BYTES,
    };
    let show = async |id| {
        let batch = caller.app.batch(id, caller.owner()).await?;
        let place = format!("/api/v1/lotes/{id}");
        let body = BatchData::of(&caller.app, &batch);
        Ok(Created::new(StatusCode::ACCEPTED, Some(place), &body))
    };
    let create = async |request, once| {
        let id = create(&gateway, &caller, request, once).await?;
        Ok((id, show(id).await?))
    };
    once::once(&caller, request, most, create, show).await
}

async fn create(
    gateway: &Gateway,
    caller: &Caller,
    request: Request,
    once: Option<Once>,
) -> Result<Uuid, Problem> {
    let mut new = match given(caller, request).await? {
        GivenList::Documents(given) => return listed::submit(gateway, caller, given, once).await,
        GivenList::Rucs(new) => new,
    };
    new.once = once;
    if new.update_partners {
        caller.needs(Scope::Partners)?;
    }
    let submit = |limits| {
        let (app, new) = (Arc::clone(&caller.app), new.clone());
        async move { app.submit_batch_within(new, limits).await }
    };
    let (id, _memory) = upload::with_memory(gateway, caller, submit).await?;
    Ok(id)
}

/// A rehearsal has an address of its own: a server that does not know of one would work on the list.
fn refuse_rehearsal(request: &Request) -> Result<(), Problem> {
    let query = request.uri().query().unwrap_or_default();
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    if pairs.all(|(name, _)| name != "ensayo") {
        return Ok(());
    }
    Err(Problem::wrong_parameter(
        "ensayo",
        "aquí la lista se entrega de verdad; para ensayar: POST /api/v1/lotes/validar?ensayo=true",
        "a list is handed over for real here; to rehearse: POST /api/v1/lotes/validar?ensayo=true",
    ))
}

/// How a list is looked at.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct LookWanted {
    /// Say also what handing it over would come to: which documents are left, and which numbers they take.
    #[serde(default)]
    ensayo: bool,
    /// `xlsx` or `csv`: the list itself, with what was found beside each row.
    format: Option<String>,
}

/// Check a list of documents without issuing it
///
/// The body is that of `POST /api/v1/lotes` with documents. Everything that is right and wrong of it, each
/// finding with its place; nothing is stored and no number taken. With `clientes`, customers are looked up: of
/// a workbook those whose name or address nobody wrote; with `ensayo` all of them, as when it is issued.
#[utoipa::path(
    post,
    path = "/api/v1/lotes/validar",
    operation_id = "validar_lote",
    params(LookWanted),
    request_body = DocumentsWanted,
    responses(
        (status = 200, content(
            (CheckedListData = "application/json"),
            (String = "text/csv"),
            (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        )),
        Problems
    )
)]
pub(super) async fn check(
    State(gateway): State<Arc<Gateway>>,
    caller: Caller,
    wanted: Given<LookWanted>,
    request: Request,
) -> Result<Response, Problem> {
    // 1. Who asks, and in which form.
    caller.needs(Scope::Emitir)?;
    let Query(wanted) = wanted.map_err(bad_query)?;
    let format = match wanted.format.as_deref() {
        None => None,
        Some("xlsx") => Some(OutputFormat::Xlsx),
        Some("csv") => Some(OutputFormat::Csv),
        Some(_) => return Err(wrong_format("debe ser xlsx o csv", "must be xlsx or csv")),
    };
    if format.is_some() && wanted.ensayo {
        return Err(wrong_format(
            "el ensayo se responde en JSON: pida el libro sin ensayo",
            "a rehearsal is answered in JSON: ask for the workbook without ensayo",
        ));
    }
    // 2. What came.
    match given(&caller, request).await? {
        GivenList::Documents(given) => {
            listed::check(&gateway, &caller, given, wanted.ensayo, format).await
        }
        GivenList::Rucs(_) => Err(Problem::wrong_field(
            "clase",
            "aquí se validan listas de comprobantes: agregue clase=comprobantes, o en JSON «comprobantes»; una lista de RUC va en POST /api/v1/lotes",
            "lists of documents are checked here: add clase=comprobantes, or in JSON \"comprobantes\"; a list of RUCs goes to POST /api/v1/lotes",
        )),
    }
}

fn wrong_format(es: &str, en: &str) -> Problem {
    Problem::wrong_parameter("format", es, en)
}

/// What is handed over, of either kind.
async fn given(caller: &Caller, mut request: Request) -> Result<GivenList, Problem> {
    Ok(match body::kind(&request).as_deref() {
        Some("multipart/form-data") => uploaded(caller, request).await?,
        _ => match listed::of_json(&mut request).await? {
            Some((list, wanted)) => GivenList::Documents(GivenDocuments {
                input: DocumentsInput::Documents(list),
                name: name(wanted.nombre.clone())?,
                priority: priority(wanted.prioridad.as_deref())?,
                wanted,
            }),
            None => GivenList::Rucs(typed(caller, request).await?),
        },
    })
}

/// A list that came.
enum GivenList {
    Rucs(Submission),
    Documents(GivenDocuments),
}

/// What is handed over, without what the request says of it.
fn submission(caller: &Caller) -> Submission {
    Submission {
        input: ListInput::Numbers(Vec::new()),
        class: ListClass::default(),
        name: "lista".to_owned(),
        sheet: None,
        column: None,
        dni_as_ruc: false,
        priority: Priority::default(),
        force: false,
        update_partners: false,
        asker: caller.asker(),
        payer: caller.payer(),
        most: None,
        once: None,
    }
}

async fn typed(caller: &Caller, request: Request) -> Result<Submission, Problem> {
    let wanted: BatchWanted = body::json(request).await?;
    if wanted.rucs.is_empty() {
        return Err(Problem::missing_field(
            "rucs",
            "la lista está vacía",
            "the list is empty",
        ));
    }
    let new = Submission {
        input: ListInput::Numbers(wanted.rucs),
        name: name(wanted.nombre)?,
        priority: priority(wanted.prioridad.as_deref())?,
        force: wanted.force_refresh,
        update_partners: wanted.update_partners,
        most: wanted.gastar_hasta,
        ..submission(caller)
    };
    Ok(new)
}

fn name(text: Option<String>) -> Result<String, Problem> {
    let text = text.unwrap_or_else(|| "lista".to_owned());
    let good = text.chars().count() <= 200 && !text.contains(char::is_control);
    good.then_some(text).ok_or_else(|| {
        Problem::wrong_field(
            "nombre",
            "debe ser una línea de hasta 200 caracteres",
            "must be one line of at most 200 characters",
        )
    })
}

fn priority(text: Option<&str>) -> Result<Priority, Problem> {
    let Some(text) = text else {
        return Ok(Priority::default());
    };
    Priority::from_name(&text.trim().to_uppercase()).ok_or_else(|| {
        Problem::wrong_field(
            "prioridad",
            "debe ser LOW, NORMAL, HIGH o CRITICAL",
            "must be LOW, NORMAL, HIGH or CRITICAL",
        )
    })
}

/// A file and the fields beside it.
async fn uploaded(caller: &Caller, request: Request) -> Result<GivenList, Problem> {
    let (mut file, mut named) = (None, "lista".to_owned());
    let (mut fields, mut seen) = (Vec::new(), HashSet::new());
    for part in upload::form(request).await? {
        let of_file = upload::is_file(&part.name);
        let known = if of_file { "archivo" } else { &part.name };
        if !seen.insert(known.to_owned()) {
            return Err(upload::repeated(&part.name));
        }
        if of_file {
            let given = part.file_name.as_deref().unwrap_or("lista");
            let last = given.rsplit(['/', '\\']).next().unwrap_or(given);
            named = name(Some(last.to_owned()))?;
            file = Some(part.content);
            continue;
        }
        fields.push((part.name.clone(), part.text()?));
    }
    let class = fields.iter().find(|(name, _)| name == "clase");
    let kind = match class {
        None => BatchKind::Ruc,
        Some((_, text)) => BatchKind::from_name(text.trim()).ok_or_else(wrong_class)?,
    };
    if kind == BatchKind::Documents {
        let file = file.ok_or_else(upload::no_file)?;
        let (input, wanted) = listed::of_form(file, fields)?;
        return Ok(GivenList::Documents(GivenDocuments {
            input,
            name: named,
            priority: priority(wanted.prioridad.as_deref())?,
            wanted,
        }));
    }
    let mut new = Submission {
        name: named,
        class: match kind {
            BatchKind::Ruc | BatchKind::Documents => ListClass::Rucs,
            BatchKind::Vouchers => ListClass::Vouchers,
            BatchKind::Rates => rates_of(&mut fields)?,
        },
        ..submission(caller)
    };
    for (name, text) in fields {
        match name.as_str() {
            "clase" => {}
            // What is said of numbers alone.
            "dni" | "update_partners" if kind != BatchKind::Ruc => {
                return Err(upload::unknown_field(&name));
            }
            "hoja" => new.sheet = Some(text).filter(|text| !text.trim().is_empty()),
            "dni" => new.dni_as_ruc = dni_as_ruc(&text)?,
            "columna" => new.column = Some(text).filter(|text| !text.trim().is_empty()),
            "prioridad" => new.priority = priority(Some(&text))?,
            "force_refresh" => new.force = upload::is_yes(&text),
            "update_partners" => new.update_partners = upload::is_yes(&text),
            "gastar_hasta" => new.most = Some(upload::calls(&text)?),
            unknown => return Err(upload::unknown_field(unknown)),
        }
    }
    new.input = ListInput::File(file.ok_or_else(upload::no_file)?);
    Ok(GivenList::Rucs(new))
}

fn dni_as_ruc(text: &str) -> Result<bool, Problem> {
    match text.trim() {
        "ruc10" => Ok(true),
        "no" | "" => Ok(false),
        _ => Err(Problem::wrong_field(
            "dni",
            "debe ser no o ruc10",
            "must be no or ruc10",
        )),
    }
}

/// Whose rates, of what.
fn rates_of(fields: &mut Vec<(String, String)>) -> Result<ListClass, Problem> {
    let (mut fuente, mut moneda) = (RateSource::Sunat, Currency::Usd);
    for (name, text) in fields.extract_if(.., |it| matches!(&*it.0, "fuente" | "moneda")) {
        if name == "fuente" {
            let wrong =
                || Problem::wrong_field("fuente", "debe ser sunat o sbs", "must be sunat or sbs");
            fuente = RateSource::parse(&text).ok_or_else(wrong)?;
        } else {
            let wrong =
                || Problem::wrong_field("moneda", "debe ser USD o EUR", "must be USD or EUR");
            moneda = Currency::parse(&text).ok_or_else(wrong)?;
        }
    }
    Ok(ListClass::Rates { fuente, moneda })
}

fn wrong_class() -> Problem {
    Problem::wrong_field(
        "clase",
        "debe ser ruc, cpe, tipo_cambio o comprobantes",
        "must be ruc, cpe, tipo_cambio or comprobantes",
    )
}

/// The batches of this caller
#[utoipa::path(
    get,
    path = "/api/v1/lotes",
    operation_id = "listar_lotes",
    params(PageWanted),
    responses((status = 200, body = BatchesPage), Problems)
)]
pub(super) async fn list(caller: Caller, page: Given<PageWanted>) -> JsonAnswer<BatchesPage> {
    caller.needs(Scope::Lotes)?;
    let Query(wanted) = page.map_err(bad_query)?;
    let page = caller
        .app
        .batches(
            limit(wanted.limit)?,
            cursor(&caller, Listed::Batches, wanted.cursor.as_deref())?,
            caller.owner(),
        )
        .await?;
    let (data, next_cursor) = shaped(&caller, Listed::Batches, &page, |it| {
        BatchData::of(&caller.app, it)
    })?;
    let mode = caller.app.mode.as_str().into();
    Ok(Json(BatchesPage {
        data,
        next_cursor,
        mode,
    }))
}

/// One batch
#[utoipa::path(
    get,
    path = "/api/v1/lotes/{id}",
    operation_id = "ver_lote",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = BatchData), Problems)
)]
pub(super) async fn one(caller: Caller, Path(id): Path<String>) -> JsonAnswer<BatchData> {
    caller.needs(Scope::Lotes)?;
    let batch = caller.app.batch(id_of(&id)?, caller.owner()).await?;
    let waits = match batch.kind() {
        BatchKind::Documents => caller.app.batch_waits(&batch).await?,
        BatchKind::Ruc | BatchKind::Vouchers | BatchKind::Rates => None,
    };
    Ok(Json(BatchData {
        failure_code: caller.app.batch_failure(&batch).await?,
        resumes_at: waits.map(lima),
        ..BatchData::of(&caller.app, &batch)
    }))
}

/// Stop a batch for good
#[utoipa::path(
    post,
    path = "/api/v1/lotes/{id}/cancelar",
    operation_id = "cancelar_lote",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = BatchData), Problems)
)]
pub(super) async fn cancel(caller: Caller, Path(id): Path<String>) -> JsonAnswer<BatchData> {
    change(&caller, &id, BatchChange::Cancel).await
}

/// Stop a batch for now
#[utoipa::path(
    post,
    path = "/api/v1/lotes/{id}/pausar",
    operation_id = "pausar_lote",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = BatchData), Problems)
)]
pub(super) async fn pause(caller: Caller, Path(id): Path<String>) -> JsonAnswer<BatchData> {
    change(&caller, &id, BatchChange::Pause).await
}

/// Let a paused batch go on
#[utoipa::path(
    post,
    path = "/api/v1/lotes/{id}/reanudar",
    operation_id = "reanudar_lote",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = BatchData), Problems)
)]
pub(super) async fn resume(caller: Caller, Path(id): Path<String>) -> JsonAnswer<BatchData> {
    change(&caller, &id, BatchChange::Resume).await
}

/// Ask again for the numbers that failed
#[utoipa::path(
    post,
    path = "/api/v1/lotes/{id}/reintentar",
    operation_id = "reintentar_lote",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = BatchData), Problems)
)]
pub(super) async fn retry(caller: Caller, Path(id): Path<String>) -> JsonAnswer<BatchData> {
    change(&caller, &id, BatchChange::Retry).await
}

async fn change(caller: &Caller, id: &str, wanted: BatchChange) -> JsonAnswer<BatchData> {
    caller.needs(Scope::Lotes)?;
    let (id, owner, payer) = (id_of(id)?, caller.owner(), caller.payer());
    let batch = caller.app.change_batch(id, owner, wanted, &payer).await?;
    Ok(Json(BatchData::of(&caller.app, &batch)))
}

/// In which form a result is wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct FormatWanted {
    /// `json` (usual), `ndjson`, `csv` or `xlsx`.
    format: Option<String>,
    /// How our columns are called in `csv` and `xlsx`: `tecnicos` (usual) or `legibles`.
    titulos: Option<String>,
}

/// The result of a batch, as far as it is
///
/// The caller's columns and the verdict of each row, as `json`, `ndjson`, `csv` or `xlsx`. Of a list of
/// documents: how each stands, its number, where its PDF is, and what was found.
#[utoipa::path(
    get,
    path = "/api/v1/lotes/{id}/resultados",
    operation_id = "descargar_resultados_de_lote",
    params(("id" = Uuid, Path, description = "Identifier"), FormatWanted),
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
pub(super) async fn result(
    State(gateway): State<Arc<Gateway>>,
    caller: Caller,
    Path(id): Path<String>,
    wanted: Given<FormatWanted>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Lotes)?;
    let Query(wanted) = wanted.map_err(bad_query)?;
    let format = upload::format(wanted.format.as_deref())?;
    let names = names(wanted.titulos.as_deref())?;
    let id = id_of(&id)?;
    let file = gateway.room.file(caller.owner()).await?;
    let large = caller.app.batch_is_large(id, caller.owner()).await?;
    let needed = if large { room::LARGE } else { room::SMALL };
    let memory = gateway.room.memory(caller.owner(), needed).await?;
    let writer = ScratchWriter::new(gateway.room.folder());
    let result = caller
        .app
        .write_batch_result(
            id,
            caller.owner(),
            caller.info.lang,
            (format, names),
            writer,
        )
        .await?;
    // From here on the caller's pace takes a file and no memory.
    drop(memory);
    let result = outgoing::finished(result)?;
    let name = format!("resultado-{id}");
    Ok(upload::download(&result, file, format, &name))
}

fn names(wanted: Option<&str>) -> Result<ResultNames, Problem> {
    let Some(wanted) = wanted else {
        return Ok(ResultNames::Programs);
    };
    ResultNames::from_name(wanted).ok_or_else(|| {
        Problem::wrong_field(
            "titulos",
            "debe ser tecnicos o legibles",
            "must be tecnicos or legibles",
        )
    })
}

/// The progress of a batch as it happens
///
/// Server-sent events: `progreso` with the batch as data, and a last one, `fin`.
#[utoipa::path(
    get,
    path = "/api/v1/lotes/{id}/eventos",
    operation_id = "seguir_lote",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = BatchEvent, content_type = "text/event-stream"), Problems)
)]
pub(super) async fn events(
    State(gateway): State<Arc<Gateway>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    caller.needs(Scope::Lotes)?;
    let id = id_of(&id)?;
    let states = caller.app.batch_events(id, caller.owner()).await?;
    // A batch may take hours, for which a stop does not wait; its watcher comes back.
    let states = states.take_until(gateway.stopped().boxed());
    let app = Arc::clone(&caller.app);
    let events = states.map(move |state| {
        let batch = state.map_err(|error| std::io::Error::other(error.code()))?;
        let named = if batch.has_ended() { "fin" } else { "progreso" };
        Event::default()
            .event(named)
            .json_data(BatchData::of(&app, &batch))
            .map_err(std::io::Error::other)
    });
    Ok(Sse::new(events)
        .keep_alive(KeepAlive::default())
        .into_response())
}
