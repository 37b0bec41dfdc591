//! Keys, governed by a key with a scope of its own for that.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use uuid::Uuid;

use super::Gateway;
use super::kit::{Caller, JsonAnswer, Problem, Problems, body, id_of, nobody};
use crate::api::keys::{KeyData, KeyPatch, KeyWanted, KeyWithSecret, KeysData};
use crate::app::keys::{KeyChange, KeyInfo, NewKey, Scope, Scopes, series_of};
use crate::config::parse_duration;
use crate::store::Company;

/// The keys of this side
///
/// A key of a company sees and governs those of its company; one of the house, all. None is shown whole.
#[utoipa::path(
    get,
    path = "/api/v1/llaves",
    operation_id = "listar_llaves",
    responses((status = 200, body = KeysData), Problems)
)]
pub(super) async fn list(caller: Caller) -> JsonAnswer<KeysData> {
    governs(&caller)?;
    let (app, now) = (&caller.app, caller.app.clock.now());
    let keys = app.keys().await?;
    let seen = keys.iter().filter(|key| sees(&caller, key));
    Ok(Json(KeysData {
        data: seen.map(|key| KeyData::of(key, now)).collect(),
        mode: app.mode.as_str().into(),
    }))
}

/// Make a key
///
/// With no scope, limit or series that the key which asks does not have itself. The whole key is in this
/// answer and in no other one.
#[utoipa::path(
    post,
    path = "/api/v1/llaves",
    operation_id = "crear_llave",
    request_body = KeyWanted,
    responses((status = 201, body = KeyWithSecret<'static>), Problems)
)]
pub(super) async fn create(
    State(gateway): State<Arc<Gateway>>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    governs(&caller)?;
    let wanted: KeyWanted = body::json(request).await?;
    let scopes = scopes(&wanted.permisos)?;
    refuse_more(&caller, scopes)?;
    refuse_limited(&caller)?;
    let company = match (&wanted.empresa, &caller.key) {
        (Some(ruc), _) => Some(ruc.parse().map_err(|error: chaski_core::RucError| {
            Problem::of_value("empresa", error.code(), |lang| error.message(lang))
        })?),
        (None, Some(key)) if key.company != Company::HOUSE => {
            return Err(Problem::missing_field(
                "empresa",
                "indique el RUC de su empresa",
                "give the RUC of your company",
            ));
        }
        _ => None,
    };
    if let (Some(ruc), Some(key)) = (&company, &caller.key)
        && key.company != Company::HOUSE
        && !caller.app.is_company(key.company, ruc)
    {
        return Err(not_yours());
    }
    let new = NewKey {
        name: wanted.nombre,
        company,
        scopes,
        per_minute: wanted.por_minuto,
        per_day: wanted.por_dia,
        lasts: wanted.vence.as_deref().map(lasts).transpose()?,
    };
    let made = caller.app.create_key_of_series(new, &wanted.series).await?;
    gateway.reload_keys().await;
    Ok(told(&caller, StatusCode::CREATED, made))
}

/// Change a key
///
/// What is absent stays. Its company and its series do not change.
#[utoipa::path(
    patch,
    path = "/api/v1/llaves/{id}",
    operation_id = "cambiar_llave",
    params(("id" = Uuid, Path, description = "Identifier")),
    request_body = KeyPatch,
    responses((status = 200, body = KeyData), Problems)
)]
pub(super) async fn change(
    State(gateway): State<Arc<Gateway>>,
    caller: Caller,
    Path(id): Path<String>,
    request: Request,
) -> JsonAnswer<KeyData> {
    governs(&caller)?;
    let wanted: KeyPatch = body::json(request).await?;
    let key = governed(&caller, &id).await?;
    refuse_limited(&caller)?;
    let scopes = wanted.permisos.as_deref().map(scopes).transpose()?;
    refuse_more(&caller, scopes.unwrap_or_default())?;
    let change = KeyChange {
        name: wanted.nombre,
        scopes,
        per_minute: wanted.por_minuto,
        per_day: wanted.por_dia,
        lasts: wanted
            .vence
            .as_deref()
            .map(|text| match text.trim() {
                "" => Ok(None),
                text => lasts(text).map(Some),
            })
            .transpose()?,
    };
    let changed = caller.app.change_key(key, change).await?;
    let changed = changed.ok_or_else(nobody)?;
    gateway.reload_keys().await;
    Ok(Json(KeyData::of(&changed, caller.app.clock.now())))
}

/// Renew a key
///
/// Another secret under the same name: the one before is not good any more, and what the key owns stays
/// its own.
#[utoipa::path(
    post,
    path = "/api/v1/llaves/{id}/rotar",
    operation_id = "rotar_llave",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = KeyWithSecret<'static>), Problems)
)]
pub(super) async fn rotate(
    State(gateway): State<Arc<Gateway>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    governs(&caller)?;
    let key = governed(&caller, &id).await?;
    let renewed = caller.app.renew_key(key).await?.ok_or_else(nobody)?;
    gateway.reload_keys().await;
    Ok(told(&caller, StatusCode::OK, renewed))
}

/// Revoke a key
#[utoipa::path(
    post,
    path = "/api/v1/llaves/{id}/revocar",
    operation_id = "revocar_llave",
    params(("id" = Uuid, Path, description = "Identifier")),
    responses((status = 200, body = KeyData), Problems)
)]
pub(super) async fn revoke(
    State(gateway): State<Arc<Gateway>>,
    caller: Caller,
    Path(id): Path<String>,
) -> JsonAnswer<KeyData> {
    governs(&caller)?;
    let key = governed(&caller, &id).await?;
    if !caller.app.revoke_key(&key.shown).await? {
        return Err(nobody());
    }
    gateway.reload_keys().await;
    let keys = caller.app.keys().await?;
    let revoked = keys.iter().find(|it| it.row.id == key.row.id);
    let revoked = revoked.ok_or_else(nobody)?;
    Ok(Json(KeyData::of(revoked, caller.app.clock.now())))
}

fn told(caller: &Caller, status: StatusCode, (key, secret): (KeyInfo, SecretString)) -> Response {
    let body = KeyWithSecret {
        secreto: secret.expose_secret(),
        llave: KeyData::of(&key, caller.app.clock.now()),
    };
    (status, Json(body)).into_response()
}

/// Only who shows a key governs keys: while nobody has one, any program of this machine could shut out
/// all others by making it.
fn governs(caller: &Caller) -> Result<(), Problem> {
    caller.needs(Scope::Llaves)?;
    if caller.key.is_some() {
        return Ok(());
    }
    Err(Problem::new(
        "llave_sin_permiso",
        "las llaves se gobiernan con una que tenga el permiso «llaves»; la primera se crea con: chaski llaves crear NOMBRE --permisos llaves",
        "keys are governed with one that has the scope \"llaves\"; the first one is made with: chaski llaves crear NAME --permisos llaves",
    ))
}

/// Whether a caller sees a key: those of its company, or all where it is the house's.
fn sees(caller: &Caller, key: &KeyInfo) -> bool {
    let own = caller.key.as_ref();
    own.is_none_or(|own| own.company == Company::HOUSE || own.company == key.row.company)
}

/// A key that is still good and may do no more than the one that asks: else its new secret would be a way
/// to more. What a caller does not see does not exist.
async fn governed(caller: &Caller, id: &str) -> Result<KeyInfo, Problem> {
    let id: Uuid = id_of(id)?;
    let keys = caller.app.keys().await?.into_iter();
    let mut keys = keys.filter(|key| key.row.revoked_at.is_none() && sees(caller, key));
    let key = keys.find(|key| key.row.id == id).ok_or_else(nobody)?;
    let Some(own) = &caller.key else {
        return Ok(key);
    };
    if own.id != key.row.id {
        refuse_more(caller, key.scopes)?;
        let series = series_of(&key.row.scopes);
        let within = !series.is_empty() && series.iter().all(|it| own.series.contains(it));
        if own.per_day > 0 || !(own.series.is_empty() || within) {
            return Err(limited());
        }
    }
    Ok(key)
}

/// Nobody hands on what they do not have.
fn refuse_more(caller: &Caller, scopes: Scopes) -> Result<(), Problem> {
    let own = caller.key.as_ref();
    if own.is_none_or(|own| scopes.are_in(own.scopes)) {
        return Ok(());
    }
    Err(Problem::new(
        "llave_sin_permiso",
        "su llave no puede dar permisos que no tiene, ni gobernar una llave que los tiene",
        "your key cannot give scopes that it does not have, nor govern a key that has them",
    ))
}

/// A key with a cap or with series of its own would pass them by another one.
fn refuse_limited(caller: &Caller) -> Result<(), Problem> {
    let own = caller.key.as_ref();
    if own.is_none_or(|own| own.per_day == 0 && own.series.is_empty()) {
        return Ok(());
    }
    Err(limited())
}

fn limited() -> Problem {
    Problem::new(
        "llave_sin_permiso",
        "su llave tiene un tope diario o series propias: puede verse, rotarse y revocarse, y no crear ni cambiar otras",
        "your key has a daily cap or series of its own: it may be seen, renewed and revoked, and make or change no other",
    )
}

fn not_yours() -> Problem {
    Problem::new(
        "llave_sin_permiso",
        "su llave es de otra empresa",
        "your key is another company's",
    )
}

fn scopes(names: &[String]) -> Result<Scopes, Problem> {
    let known = || Scope::ALL.map(Scope::as_str).join(", ");
    let scope = |name: &String| {
        Scope::from_name(name.trim()).ok_or_else(|| {
            Problem::wrong_field(
                "permisos",
                format!("hay uno que no existe; los que hay: {}", known()),
                format!(
                    "there is one that does not exist; those there are: {}",
                    known()
                ),
            )
        })
    };
    names.iter().map(scope).collect()
}

fn lasts(text: &str) -> Result<std::time::Duration, Problem> {
    parse_duration(text).ok_or_else(|| {
        Problem::wrong_field(
            "vence",
            "debe ser un tiempo como 90d o 12h",
            "must be a time such as 90d or 12h",
        )
    })
}
