//! Partners: customers and suppliers, and what SUNAT says of them.

use axum::Json;
use axum::extract::{Path, Query, Request};
use axum::response::Response;
use http::StatusCode;
use serde::Deserialize;
use serde_json::Value;
use utoipa::IntoParams;
use uuid::Uuid;

use super::kit::{
    Caller, Created, Given, JsonAnswer, MOST_BYTES, OnceWanted, Problem, Problems, bad_query, body,
    cursor, id_of, limit, once, shaped,
};
use crate::api::partners::{
    ChangeData, ChangesPage, PartnerData, PartnerWanted, PartnersPage, PartnersSearched,
    RefreshData, RefreshWanted,
};
use crate::app::keys::Scope;
use crate::app::once::Once;
use crate::app::partners::Which;
use crate::app::trabajos::RefreshRequest;
use crate::partners::{DocumentType, PartnerFields};
use crate::store::{ChangeFilter, Cursor, Listed, PartnerFilter, PartnerFitness};

/// Which partners.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct PartnersWanted {
    /// `aptos`, `no_aptos` or `nunca` (never checked).
    situacion: Option<String>,
    /// Text of a company's name, or a company's whole number; that of a person goes in the body of
    /// `POST /api/v1/partners/buscar`.
    buscar: Option<String>,
    /// Rows, 1 to 250.
    #[param(minimum = 1, maximum = 250)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// The partners
#[utoipa::path(
    get,
    path = "/api/v1/partners",
    operation_id = "listar_partners",
    params(PartnersWanted),
    responses((status = 200, body = PartnersPage), Problems)
)]
pub(super) async fn list(
    caller: Caller,
    wanted: Given<PartnersWanted>,
) -> JsonAnswer<PartnersPage> {
    caller.needs(Scope::Partners)?;
    let Query(wanted) = wanted.map_err(bad_query)?;
    refuse_a_persons_number(wanted.buscar.as_deref())?;
    let filter = filter(wanted.situacion.as_deref(), wanted.buscar)?;
    let cursor = cursor(&caller, Listed::Partners, wanted.cursor.as_deref())?;
    page(&caller, &filter, limit(wanted.limit)?, cursor).await
}

/// The partners with a number or a text
///
/// The same filters, in the body: the number of a person must not stand in an address.
#[utoipa::path(
    post,
    path = "/api/v1/partners/buscar",
    operation_id = "buscar_partners",
    request_body = PartnersSearched,
    responses((status = 200, body = PartnersPage), Problems)
)]
pub(super) async fn search(caller: Caller, request: Request) -> JsonAnswer<PartnersPage> {
    caller.needs(Scope::Partners)?;
    let wanted: PartnersSearched = body::json(request).await?;
    let filter = filter(wanted.situacion.as_deref(), wanted.buscar)?;
    let cursor = cursor(&caller, Listed::Partners, wanted.cursor.as_deref())?;
    page(&caller, &filter, limit(wanted.limit)?, cursor).await
}

async fn page(
    caller: &Caller,
    filter: &PartnerFilter,
    limit: u32,
    cursor: Option<Cursor>,
) -> JsonAnswer<PartnersPage> {
    let company = caller.company();
    let page = caller.app.list_partners(company, filter, limit, cursor);
    let page = page.await?;
    let (data, next_cursor) = shaped(caller, Listed::Partners, &page, |it| {
        PartnerData::of(&caller.app, it)
    })?;
    let mode = caller.app.mode.as_str().into();
    Ok(Json(PartnersPage {
        data,
        next_cursor,
        mode,
    }))
}

/// An address stays in the logs of proxies and in the history of browsers.
pub(super) fn refuse_a_persons_number(text: Option<&str>) -> Result<(), Problem> {
    // As the filter reads it.
    let number = text.unwrap_or_default().chars();
    let number: String = number.filter(|c| c.is_alphanumeric()).collect();
    let begins = |with: &[&str]| with.iter().any(|prefix| number.starts_with(prefix));
    let of_a_person = match number.len() {
        8 => true,
        11 => begins(&["10", "15", "16", "17"]),
        _ => false,
    };
    if !of_a_person || !number.bytes().all(|byte| byte.is_ascii_digit()) {
        return Ok(());
    }
    Err(Problem::wrong_parameter(
        "buscar",
        "el número de una persona no va en la dirección: use POST /api/v1/partners/buscar, que lo lleva en el cuerpo",
        "the number of a person does not go in the address: use POST /api/v1/partners/buscar, which has it in the body",
    ))
}

/// The partners in a situation, or with a text.
pub(super) fn filter(
    situacion: Option<&str>,
    buscar: Option<String>,
) -> Result<PartnerFilter, Problem> {
    let fitness = match situacion {
        None => None,
        Some("aptos") => Some(PartnerFitness::Fit),
        Some("no_aptos") => Some(PartnerFitness::Unfit),
        Some("nunca") => Some(PartnerFitness::NeverChecked),
        Some(_) => {
            return Err(Problem::wrong_parameter(
                "situacion",
                "debe ser aptos, no_aptos o nunca",
                "must be aptos, no_aptos or nunca",
            ));
        }
    };
    Ok(PartnerFilter {
        fitness,
        text: buscar.filter(|text| !text.trim().is_empty()),
        ..PartnerFilter::default()
    })
}

impl PartnerWanted {
    fn fields(&self) -> Result<PartnerFields, Problem> {
        let unknown = self
            .fields
            .keys()
            .find(|name| PartnerFields::names().all(|known| known != name.as_str()));
        if let Some(name) = unknown {
            let known: Vec<_> = PartnerFields::names().collect();
            return Err(body::unknown_field(name, &known));
        }
        let given = Value::Object(self.fields.clone());
        serde_path_to_error::deserialize(given).map_err(|error| {
            let name = error.path().to_string();
            let mut flags = PartnerFields::default().flags().into_iter();
            let (es, en) = if flags.any(|(flag, _)| flag == name) {
                ("debe ser true o false", "must be true or false")
            } else {
                ("debe ser un texto", "must be a text")
            };
            Problem::wrong_field(&name, es, en)
        })
    }
}

/// Add a partner
#[utoipa::path(
    post,
    path = "/api/v1/partners",
    operation_id = "crear_partner",
    params(OnceWanted),
    request_body = PartnerWanted,
    responses(
        (status = 201, body = PartnerData, headers(("location" = String, description = "Its address"))),
        Problems
    )
)]
pub(super) async fn create(caller: Caller, request: Request) -> Result<Response, Problem> {
    caller.needs(Scope::Partners)?;
    let show = async |id| {
        let partner = caller.app.partner(caller.company(), id).await?;
        let place = format!("/api/v1/partners/{id}");
        let body = PartnerData::of(&caller.app, &partner);
        Ok(Created::new(StatusCode::CREATED, Some(place), &body))
    };
    let add = async |request, once| {
        let id = add(&caller, request, once).await?;
        Ok((id, show(id).await?))
    };
    once::once(&caller, request, MOST_BYTES, add, show).await
}

async fn add(caller: &Caller, request: Request, once: Option<Once>) -> Result<Uuid, Problem> {
    let wanted: PartnerWanted = body::json(request).await?;
    let fields = wanted.fields()?;
    let number = wanted.num_document.as_deref().unwrap_or_default();
    let kind = wanted.document_type.as_deref().map(|name| {
        DocumentType::parse(name).ok_or_else(|| {
            Problem::wrong_field(
                "document_type",
                "debe ser ruc, dni, ce, pasaporte u otro",
                "must be ruc, dni, ce, pasaporte or otro",
            )
        })
    });
    let kind = kind.transpose()?;
    let document = caller
        .app
        .parse_document(kind, number)
        .map_err(crate::app::AppError::from)?;
    let made = caller
        .app
        .create_partner(caller.company(), document, fields, once.as_ref())
        .await?;
    Ok(made.id)
}

/// One partner
#[utoipa::path(
    get,
    path = "/api/v1/partners/{id}",
    operation_id = "ver_partner",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = PartnerData), Problems)
)]
pub(super) async fn one(caller: Caller, Path(id): Path<String>) -> JsonAnswer<PartnerData> {
    caller.needs(Scope::Partners)?;
    let partner = caller.app.partner(caller.company(), id_of(&id)?).await?;
    Ok(Json(PartnerData::of(&caller.app, &partner)))
}

/// Change a partner
///
/// What is absent stays; an empty text clears. The document cannot be changed.
#[utoipa::path(
    patch,
    path = "/api/v1/partners/{id}",
    operation_id = "cambiar_partner",
    params(("id" = Uuid, Path, description = "Identifier")),
    request_body = PartnerWanted,
    responses((status = 200, body = PartnerData), Problems)
)]
pub(super) async fn change(
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> JsonAnswer<PartnerData> {
    caller.needs(Scope::Partners)?;
    let wanted: PartnerWanted = body::json(request).await?;
    if wanted.num_document.is_some() || wanted.document_type.is_some() {
        return Err(Problem::wrong_field(
            "num_document",
            "el documento de un partner no se cambia: cree otro",
            "the document of a partner does not change: add another one",
        ));
    }
    let fields = wanted.fields()?;
    let partner = caller
        .app
        .update_partner(caller.company(), id_of(&id)?, fields)
        .await?;
    Ok(Json(PartnerData::of(&caller.app, &partner)))
}

/// Delete a partner, its history too
#[utoipa::path(
    delete,
    path = "/api/v1/partners/{id}",
    operation_id = "borrar_partner",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 204), Problems)
)]
pub(super) async fn delete(caller: Caller, Path(id): Path<String>) -> Result<StatusCode, Problem> {
    caller.needs(Scope::Partners)?;
    caller
        .app
        .delete_partner(caller.company(), id_of(&id)?)
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which changes.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ChangesWanted {
    /// Of this partner.
    partner: Option<Uuid>,
    /// Only those by which a partner stopped being fit to be invoiced.
    #[serde(default)]
    dejaron_de_ser_aptos: bool,
    /// Rows, 1 to 250.
    #[param(minimum = 1, maximum = 250)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Changes of estado and condición
#[utoipa::path(
    get,
    path = "/api/v1/partners/cambios",
    operation_id = "listar_cambios_de_partners",
    params(ChangesWanted),
    responses((status = 200, body = ChangesPage), Problems)
)]
pub(super) async fn changes(
    caller: Caller,
    wanted: Given<ChangesWanted>,
) -> JsonAnswer<ChangesPage> {
    caller.needs(Scope::Partners)?;
    let Query(wanted) = wanted.map_err(bad_query)?;
    let filter = ChangeFilter {
        partner: wanted.partner,
        lost_fitness: wanted.dejaron_de_ser_aptos,
        ..ChangeFilter::default()
    };
    let cursor = cursor(&caller, Listed::PartnerChanges, wanted.cursor.as_deref())?;
    let page = caller
        .app
        .list_partner_changes(caller.company(), &filter, limit(wanted.limit)?, cursor)
        .await?;
    let (data, next_cursor) = shaped(&caller, Listed::PartnerChanges, &page, |it| {
        ChangeData::of(&caller.app, it)
    })?;
    let mode = caller.app.mode.as_str().into();
    Ok(Json(ChangesPage {
        data,
        next_cursor,
        mode,
    }))
}

/// Bring partners up to date, in the background
#[utoipa::path(
    post,
    path = "/api/v1/partners/actualizar",
    operation_id = "actualizar_partners",
    params(OnceWanted),
    request_body = RefreshWanted,
    responses(
        (status = 202, body = RefreshData, headers(("location" = String, description = "Its job"))),
        Problems
    )
)]
pub(super) async fn refresh(caller: Caller, request: Request) -> Result<Response, Problem> {
    caller.needs(Scope::Partners)?;
    let show = async |job| {
        let place = format!("/api/v1/trabajos/{job}");
        let body = RefreshData { trabajo: job };
        Ok(Created::new(StatusCode::ACCEPTED, Some(place), &body))
    };
    let enqueue = async |request, once| {
        let job = enqueue(&caller, request, once).await?;
        Ok((job, show(job).await?))
    };
    once::once(&caller, request, MOST_BYTES, enqueue, show).await
}

async fn enqueue(caller: &Caller, request: Request, once: Option<Once>) -> Result<Uuid, Problem> {
    let wanted: RefreshWanted = body::json(request).await?;
    let which = match (wanted.ids, wanted.cuales.as_deref()) {
        (Some(ids), None) if ids.len() <= 10_000 => Which::These(ids),
        (None, None | Some("vencidos")) => Which::Due {
            most: caller.app.config.partners_refresh_limit,
        },
        (None, Some("nunca")) => Which::NeverChecked,
        (None, Some("todos")) => Which::All,
        _ => {
            return Err(Problem::wrong_field(
                "cuales",
                "debe ser vencidos, nunca o todos; o hasta 10 000 ids en lugar de esto",
                "must be vencidos, nunca or todos; or up to 10,000 ids instead",
            ));
        }
    };
    let most = wanted.gastar_hasta;
    let wanted = RefreshRequest { which, most };
    let (company, payer) = (caller.company(), caller.payer());
    let job = caller
        .app
        .submit_partner_refresh(company, wanted, &payer, once.as_ref())
        .await?;
    Ok(job)
}
