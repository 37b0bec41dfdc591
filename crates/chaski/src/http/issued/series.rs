//! Series and the companies that issue.

use axum::Json;
use axum::extract::{Path, Query, Request};
use chaski_client::{AuthForm, NubefactKind};
use http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::read::kind;
use super::refusals::problem;
use super::rights_of;
use super::submit::issuer_ruc;
use crate::api::series::{
    IssuerData, IssuersData, NewIssuerWanted, SeriesChange, SeriesData, SeriesListData,
    SeriesWanted, TryWanted, WalkWanted, WalkedData, WalkedList,
};
use crate::app::invoices::{InvoiceError, kind_of_serie};
use crate::app::issuers::NewIssuer;
use crate::app::keys::Scope;
use crate::http::kit::{Caller, Given, JsonAnswer, Problem, Problems, bad_query, body, nobody};

/// Whose series are wanted.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(in crate::http) struct OfIssuer {
    /// RUC of who issues.
    pub(super) empresa: Option<String>,
}

/// The series that are open
#[utoipa::path(
    get,
    path = "/api/v1/series",
    operation_id = "listar_series",
    params(OfIssuer),
    responses((status = 200, body = SeriesListData), Problems)
)]
pub(in crate::http) async fn list(
    caller: Caller,
    wanted: Given<OfIssuer>,
) -> JsonAnswer<SeriesListData> {
    caller.needs(Scope::Comprobantes)?;
    let Query(wanted) = wanted.map_err(bad_query)?;
    let issuer = wanted.empresa.as_deref().map(issuer_ruc).transpose()?;
    let mut rows = caller
        .app
        .series_within(&rights_of(&caller))
        .await
        .map_err(problem)?;
    if let Some(issuer) = issuer {
        rows.retain(|it| it.count.series.issuer == issuer.as_str());
    }
    Ok(Json(SeriesListData {
        data: rows.iter().map(SeriesData::of).collect(),
        mode: caller.app.mode.as_str().into(),
    }))
}

/// Open a series, or say how far it has come elsewhere
#[utoipa::path(
    post,
    path = "/api/v1/series",
    operation_id = "abrir_serie",
    request_body(content = SeriesWanted, example = json!({ "serie": "F001", "ultimo": 123 })),
    responses((status = 201, body = SeriesData), Problems)
)]
pub(in crate::http) async fn open(
    caller: Caller,
    request: Request,
) -> Result<(StatusCode, Json<SeriesData>), Problem> {
    caller.needs(Scope::Administracion)?;
    let wanted: SeriesWanted = body::json(request).await?;
    let serie = wanted.serie.trim().to_ascii_uppercase();
    let kind = match wanted.tipo.as_deref() {
        Some(name) => kind(name)?,
        None => kind_of_serie(&serie).ok_or_else(|| problem(InvoiceError::SeriesKind.into()))?,
    };
    let issuer = wanted.empresa.as_deref().map(issuer_ruc).transpose()?;
    let (rights, ask) = (rights_of(&caller), caller.ask());
    if !rights.allow(&serie) {
        return Err(problem(InvoiceError::SeriesNotTheirs.into()));
    }
    let room = caller.app.room_within(issuer.as_ref(), &rights, &ask).await;
    let room = room.map_err(problem)?;
    let opened = room.open_series_at(kind, &serie, wanted.ultimo).await;
    opened.map_err(problem)?;
    let data = series(&caller, room.issuer.ruc.as_str(), kind, &serie).await?;
    Ok((StatusCode::CREATED, Json(data)))
}

/// Say whether a series goes in order
#[utoipa::path(
    patch,
    path = "/api/v1/series/{tipo}/{serie}",
    operation_id = "cambiar_serie",
    params(
        ("tipo" = String, Path, description = "Kind, such as `factura`, or its code of catálogo 01"),
        ("serie" = String, Path, description = "Series")
    ),
    request_body(content = SeriesChange, example = json!({ "en_orden": true })),
    responses((status = 200, body = SeriesData), Problems)
)]
pub(in crate::http) async fn change(
    caller: Caller,
    Path((tipo, serie)): Path<(String, String)>,
    request: Request,
) -> JsonAnswer<SeriesData> {
    caller.needs(Scope::Administracion)?;
    let kind = kind(&tipo)?;
    let serie = serie.trim().to_ascii_uppercase();
    let wanted: SeriesChange = body::json(request).await?;
    let issuer = wanted.empresa.as_deref().map(issuer_ruc).transpose()?;
    let (rights, ask) = (rights_of(&caller), caller.ask());
    let room = caller.app.room_within(issuer.as_ref(), &rights, &ask).await;
    let room = room.map_err(problem)?;
    let changed = room
        .set_series_in_order(kind, &serie, wanted.en_orden)
        .await;
    let changed = changed.map_err(problem)? && rights.allow(&serie);
    if !changed {
        return Err(nobody());
    }
    Ok(Json(
        series(&caller, room.issuer.ruc.as_str(), kind, &serie).await?,
    ))
}

/// Walk what was issued of series before or elsewhere
///
/// What is found and was not known here is put on record, and its numbers are never taken. Each number is a
/// question to Nubefact, one after the other.
#[utoipa::path(
    post,
    path = "/api/v1/series/sincronizar",
    operation_id = "sincronizar_series",
    request_body(content = WalkWanted, example = json!({ "serie": "F001", "desde": 1 })),
    responses((status = 200, body = WalkedList), Problems)
)]
pub(in crate::http) async fn walk(caller: Caller, request: Request) -> JsonAnswer<WalkedList> {
    caller.needs(Scope::Administracion)?;
    let wanted: WalkWanted = body::json(request).await?;
    let kind = wanted.tipo.as_deref().map(kind).transpose()?;
    let issuer = wanted.empresa.as_deref().map(issuer_ruc).transpose()?;
    let (rights, ask) = (rights_of(&caller), caller.ask());
    let room = caller.app.room_within(issuer.as_ref(), &rights, &ask).await;
    let room = room.map_err(problem)?;
    let names = room.series_to_walk(wanted.serie.as_deref(), kind).await;
    let names = names.map_err(problem)?;
    if names.iter().any(|it| !rights.allow(&it.serie)) && wanted.serie.is_some() {
        return Err(problem(InvoiceError::SeriesNotTheirs.into()));
    }
    let mut data = Vec::new();
    for name in names.iter().filter(|it| rights.allow(&it.serie)) {
        let walked = room.walk_series(name, wanted.desde).await;
        data.push(WalkedData::of(&walked.map_err(problem)?));
    }
    Ok(Json(WalkedList {
        data,
        mode: caller.app.mode.as_str().into(),
    }))
}

async fn series(
    caller: &Caller,
    issuer: &str,
    kind: NubefactKind,
    serie: &str,
) -> Result<SeriesData, Problem> {
    let rows = caller
        .app
        .series_within(&rights_of(caller))
        .await
        .map_err(problem)?;
    let found = rows.iter().find(|it| {
        let name = &it.count.series;
        name.issuer == issuer && name.kind == kind && name.serie == serie
    });
    found.map(SeriesData::of).ok_or_else(nobody)
}

/// The companies that issue
#[utoipa::path(
    get,
    path = "/api/v1/empresas",
    operation_id = "listar_empresas",
    responses((status = 200, body = IssuersData), Problems)
)]
pub(in crate::http) async fn issuers(caller: Caller) -> JsonAnswer<IssuersData> {
    caller.needs(Scope::Comprobantes)?;
    let rows = caller
        .app
        .issuers_within(&rights_of(&caller))
        .await
        .map_err(problem)?;
    Ok(Json(IssuersData {
        data: rows.iter().map(IssuerData::of).collect(),
        mode: caller.app.mode.as_str().into(),
    }))
}

/// Add a company that issues, or put new data in the place of what was kept of it
#[utoipa::path(
    post,
    path = "/api/v1/empresas",
    operation_id = "registrar_empresa",
    request_body(content = NewIssuerWanted, example = json!({
        "ruc": "20100070970", "ruta": "https://api.nubefact.com/api/v1/…", "token": "…"
    })),
    responses((status = 201, body = IssuerData), Problems)
)]
pub(in crate::http) async fn add(
    caller: Caller,
    request: Request,
) -> Result<(StatusCode, Json<IssuerData>), Problem> {
    caller.needs(Scope::Administracion)?;
    let wanted: NewIssuerWanted = body::json(request).await?;
    let ruc = issuer_ruc(&wanted.ruc)?;
    // A company changes its own entry, and no other.
    if !caller.app.is_theirs(&ruc, &rights_of(&caller)) {
        return Err(problem(InvoiceError::UnknownIssuer(Vec::new()).into()));
    }
    let auth = wanted
        .forma
        .as_deref()
        .map(str::parse::<AuthForm>)
        .transpose()?;
    let new = NewIssuer {
        ruc,
        ruta: wanted.ruta,
        token: wanted.token,
        auth: auth.unwrap_or_default(),
        restaurante: wanted.restaurante,
    };
    caller.app.add_issuer(new).await.map_err(problem)?;
    let issuer = caller.app.issuer_for(Some(&ruc)).await.map_err(problem)?;
    Ok((StatusCode::CREATED, Json(IssuerData::of(&issuer))))
}

/// Try whether Nubefact takes the token of a company
///
/// It is asked for a document that does not exist; nothing is issued.
#[utoipa::path(
    post,
    path = "/api/v1/empresas/probar",
    operation_id = "probar_empresa",
    request_body(content = TryWanted, example = json!({})),
    responses((status = 200, body = IssuerData), Problems)
)]
pub(in crate::http) async fn try_out(caller: Caller, request: Request) -> JsonAnswer<IssuerData> {
    caller.needs(Scope::Administracion)?;
    let wanted: TryWanted = body::json(request).await?;
    let issuer = wanted.ruc.as_deref().map(issuer_ruc).transpose()?;
    let (rights, ask) = (rights_of(&caller), caller.ask());
    let room = caller.app.room_within(issuer.as_ref(), &rights, &ask).await;
    let room = room.map_err(problem)?;
    room.try_issuer().await.map_err(problem)?;
    Ok(Json(IssuerData::of(&room.issuer)))
}
