//! `chaski llaves`: the keys of the gateway.

use std::time::Duration;

use chaski_client::Clock;
use chaski_core::{Ruc, text};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};

use super::Done;
use super::kit::args::{LlaveArgs, LlaveChangeArgs, LlavesCmd};
use super::kit::needed::Needed;
use super::kit::output;
use super::kit::records::{Column, Records, fields, time};
use super::kit::typed::repeatable;
use crate::api::keys::{KeyData, KeyWithSecret, standing};
use crate::app::keys::{KeyChange, KeyInfo, NewKey, Scope, Scopes};
use crate::app::{App, AppError, Mode, sides_of};
use crate::config::{nearest, parse_duration};
use crate::mode::mode_of_key;

pub(super) async fn llaves(needed: &Needed, command: Option<LlavesCmd>) -> Done {
    output::check(needed)?;
    match command.unwrap_or(LlavesCmd::Listar) {
        LlavesCmd::Listar => listar(needed).await,
        LlavesCmd::Crear(typed) => crear(needed, typed).await,
        LlavesCmd::Editar(typed) => editar(needed, &typed).await,
        LlavesCmd::Rotar { key } => rotar(needed, &key).await,
        LlavesCmd::Revocar { key } => revocar(needed, &key).await,
    }
}

async fn open(needed: &Needed, mode: Mode) -> Result<App, AppError> {
    App::open_records(needed.config.clone(), mode, Clock::system()).await
}

async fn listar(needed: &Needed) -> Done {
    let mut rows = Vec::new();
    for mode in sides_of(&needed.config) {
        let app = open(needed, mode).await?;
        let now = app.clock.now();
        rows.extend(app.keys().await?.iter().map(|key| row_of(key, now)));
        app.close().await?;
    }
    if rows.is_empty() {
        needed.say(text!(
            "no hay llaves: el servidor atiende solo en esta máquina y sin pedir llave; cree una con: chaski llaves crear NOMBRE",
            "there are no keys: the gateway serves this machine only and asks for none; make one with: chaski llaves crear NAME"
        ));
    }
    let columns = COLUMNS.to_vec();
    Records { columns, rows }.write(needed)
}

const COLUMNS: [Column; 8] = [
    ("llave", "Llave", "Key"),
    ("nombre", "Nombre", "Name"),
    ("empresa", "Empresa", "Company"),
    ("estado", "Estado", "State"),
    ("permisos", "Permisos", "Scopes"),
    ("por_minuto", "Por minuto", "A minute"),
    ("por_dia", "Por día", "A day"),
    ("vence_en", "Vence", "Expires"),
];

fn row_of(key: &KeyInfo, now: jiff::Timestamp) -> Map<String, Value> {
    fields(json!({
        "llave": key.shown,
        "nombre": key.row.name,
        "empresa": key.row.company_shown,
        "estado": standing(key, now),
        "permisos": key.row.scopes,
        "por_minuto": key.row.per_minute,
        "por_dia": key.row.per_day,
        "creada_en": time(key.row.created_at),
        "vence_en": key.row.expires_at.map(time),
        "id": key.row.id.to_string(),
    }))
}

async fn crear(needed: &Needed, typed: LlaveArgs) -> Done {
    let scopes = scopes(&typed.permisos)?;
    let new = NewKey {
        name: typed.name,
        company: typed.empresa.as_deref().map(empresa).transpose()?,
        scopes,
        per_minute: typed.por_minuto,
        per_day: typed.por_dia,
        lasts: typed.vence.as_deref().map(lasts).transpose()?,
    };
    let real = !typed.prueba && sides_of(&needed.config).contains(&Mode::Real);
    let side = if real { Mode::Real } else { Mode::Sandbox };
    let app = open(needed, side).await?;
    let made = app.create_key_of_series(new, &typed.series).await;
    let closed = app.close().await;
    let (key, text) = made?;
    closed?;
    if app.mode == Mode::Sandbox && !typed.prueba {
        needed.say(text!(
            "No hay token de APIMIGO, así que la llave es de prueba: la atiende el sandbox",
            "There is no APIMIGO token, so this is a test key: the sandbox answers it"
        ));
    }
    show(needed, &key, &text, app.clock.now())
}

/// The whole key, this once: alone for people and scripts, or as the API tells it.
fn show(needed: &Needed, key: &KeyInfo, text: &SecretString, now: jiff::Timestamp) -> Done {
    needed.say(text!(
        "Cópiela ahora: no se guarda y no se volverá a mostrar",
        "Copy it now: it is not stored and will not be shown again"
    ));
    let secreto = text.expose_secret();
    // Into a pipe goes the key alone, unless JSON is asked for by its name.
    let shown = if needed.format.is_some() && output::wants_json(needed)? {
        let llave = KeyData::of(key, now);
        let both = KeyWithSecret { secreto, llave };
        let mut text = serde_json::to_string_pretty(&both).map_err(std::io::Error::from)?;
        text.push('\n');
        text
    } else {
        format!("{secreto}\n")
    };
    output::to_stdout(shown.as_bytes())?;
    Ok(0)
}

async fn rotar(needed: &Needed, typed: &str) -> Done {
    let mode = side_of(typed)?;
    let app = open(needed, mode).await?;
    let now = app.clock.now();
    let renewed = match good_key(&app, typed).await? {
        Some(key) => app.renew_key(key).await,
        None => Ok(None),
    };
    let closed = app.close().await;
    let renewed = renewed?;
    closed?;
    let Some((key, text)) = renewed else {
        tell_there_is_none(needed);
        return Ok(3);
    };
    needed.say(text!(
        "La anterior ya no vale; un servidor en marcha lo sabe en unos segundos",
        "The one before is not good any more; a running server knows within seconds"
    ));
    show(needed, &key, &text, now)
}

/// What is not given stays as it is.
async fn editar(needed: &Needed, typed: &LlaveChangeArgs) -> Done {
    let change = KeyChange {
        name: typed.nombre.clone(),
        scopes: match &typed.permisos[..] {
            [] => None,
            names => Some(scopes(names)?),
        },
        per_minute: typed.por_minuto,
        per_day: typed.por_dia,
        lasts: match typed.vence.as_deref().map(str::trim) {
            None => None,
            Some("nunca" | "never") => Some(None),
            Some(text) => Some(Some(lasts(text)?)),
        },
    };
    if change == KeyChange::default() {
        return Err(AppError::Usage(text!(
            "indique qué cambia: --nombre, --permisos, --por-minuto, --por-dia o --vence",
            "say what changes: --nombre, --permisos, --por-minuto, --por-dia or --vence"
        )));
    }
    let app = open(needed, side_of(&typed.key)?).await?;
    let now = app.clock.now();
    let changed = match good_key(&app, &typed.key).await? {
        Some(key) => app.change_key(key, change).await,
        None => Ok(None),
    };
    let closed = app.close().await;
    let changed = changed?;
    closed?;
    let Some(key) = changed else {
        tell_there_is_none(needed);
        return Ok(3);
    };
    needed.say(text!(
        "Cambiada; un servidor en marcha lo sabe en unos segundos",
        "Changed; a running server knows within seconds"
    ));
    Records {
        columns: COLUMNS.to_vec(),
        rows: vec![row_of(&key, now)],
    }
    .write(needed)
}

/// A key that is not revoked, by its beginning or the whole of it, as it was copied.
async fn good_key(app: &App, typed: &str) -> Result<Option<KeyInfo>, AppError> {
    let wanted = typed.trim();
    let keys = app.keys().await?.into_iter();
    let mut good = keys.filter(|key| key.row.revoked_at.is_none());
    Ok(good.find(|key| wanted.starts_with(&key.shown)))
}

fn lasts(text: &str) -> Result<Duration, AppError> {
    parse_duration(text).ok_or_else(|| {
        let shown = repeatable(text);
        AppError::Usage(text!(
            "--vence: «{shown}» no es un tiempo; use por ejemplo 90d o 12h",
            "--vence: \"{shown}\" is not a time; use for instance 90d or 12h"
        ))
    })
}

fn tell_there_is_none(needed: &Needed) {
    needed.say(text!(
        "no hay una llave vigente con ese comienzo",
        "there is no good key of that beginning"
    ));
}

fn side_of(key: &str) -> Result<Mode, AppError> {
    mode_of_key(key).ok_or_else(|| {
        AppError::Usage(text!(
            "indique el comienzo de la llave, como chk_live_0f3a9c1b2d4e; los muestra: chaski llaves listar",
            "give the beginning of the key, such as chk_live_0f3a9c1b2d4e; they are shown by: chaski llaves listar"
        ))
    })
}

/// A company that the gateway serves. Its check digit has to be right whatever the configuration
/// says: a slip would be another company.
pub(super) fn empresa(typed: &str) -> Result<Ruc, AppError> {
    typed.parse().map_err(|error: chaski_core::RucError| {
        AppError::of_option("--empresa", |lang| error.message(lang))
    })
}

fn scopes(names: &[String]) -> Result<Scopes, AppError> {
    if names.is_empty() {
        return Ok(Scopes::usual());
    }
    let known: Vec<&str> = Scope::ALL.into_iter().map(Scope::as_str).collect();
    names
        .iter()
        .map(|name| {
            Scope::from_name(name.trim()).ok_or_else(|| {
                let shown = repeatable(name);
                let near = nearest(name, known.iter().copied())
                    .map(|near| format!(" ({near}?)"))
                    .unwrap_or_default();
                let list = known.join(", ");
                AppError::Usage(text!(
                    "--permisos: no existe «{shown}»{near}; hay: {list}",
                    "--permisos: there is no \"{shown}\"{near}; there are: {list}"
                ))
            })
        })
        .collect()
}

async fn revocar(needed: &Needed, key: &str) -> Done {
    let mode = side_of(key)?;
    let app = open(needed, mode).await?;
    let revoked = app.revoke_key(key).await;
    let closed = app.close().await;
    let revoked = revoked?;
    closed?;
    if !revoked {
        tell_there_is_none(needed);
        return Ok(3);
    }
    needed.say(text!(
        "Revocada; un servidor en marcha lo sabe en unos segundos",
        "Revoked; a running server knows within seconds"
    ));
    Ok(0)
}
