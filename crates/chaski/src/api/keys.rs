//! Keys of the gateway.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::reply::lima;
use crate::app::keys::{KeyInfo, series_of};

/// A key of the gateway; its secret is not in it.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = LlaveData)]
pub(crate) struct KeyData {
    /// Its identifier.
    pub(crate) id: Uuid,
    /// Its beginning, such as `chk_live_0f3a9c1b2d4e`.
    pub(crate) llave: String,
    /// What its owner calls it.
    pub(crate) nombre: String,
    /// RUC of its company, masked where it is a person's; null for the house's.
    pub(crate) empresa: Option<String>,
    /// Whether it is good.
    pub(crate) estado: String,
    /// What it may do.
    pub(crate) permisos: Vec<String>,
    /// Series that it issues with and sees; all where none is named.
    pub(crate) series: Vec<String>,
    /// Requests a minute; 0 for no limit.
    pub(crate) por_minuto: u32,
    /// Paid calls a Lima day; 0 for no limit.
    pub(crate) por_dia: u32,
    /// When the key was made, Lima time.
    pub(crate) creada_en: String,
    /// Until when it is good, Lima time; null for ever.
    pub(crate) vence_en: Option<String>,
}

impl KeyData {
    pub(crate) fn of(key: &KeyInfo, now: Timestamp) -> KeyData {
        KeyData {
            id: key.row.id,
            llave: key.shown.clone(),
            nombre: key.row.name.clone(),
            empresa: key.row.company_shown.clone(),
            estado: standing(key, now).into(),
            permisos: key.scopes.each().map(str::to_owned).collect(),
            series: series_of(&key.row.scopes),
            por_minuto: key.row.per_minute,
            por_dia: key.row.per_day,
            creada_en: lima(key.row.created_at),
            vence_en: key.row.expires_at.map(lima),
        }
    }
}

/// How a key stands.
pub(crate) fn standing(key: &KeyInfo, now: Timestamp) -> &'static str {
    match (key.row.revoked_at, key.row.expires_at) {
        (Some(_), _) => "REVOCADA",
        (None, Some(until)) if until <= now => "VENCIDA",
        _ => "VIGENTE",
    }
}

/// The keys, oldest first.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = LlavesList)]
pub(crate) struct KeysData {
    /// What was found, in that order.
    pub(crate) data: Vec<KeyData>,
    /// `real` or `sandbox` (invented data).
    pub(crate) mode: String,
}

/// A key that is to be made.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LlaveWanted)]
pub(crate) struct KeyWanted {
    /// What its owner calls it.
    #[schema(min_length = 1, max_length = 100)]
    pub(crate) nombre: String,
    /// What it may do.
    #[schema(min_items = 1)]
    pub(crate) permisos: Vec<String>,
    /// RUC of its company, masked where it is a person's; null for the house's.
    pub(crate) empresa: Option<String>,
    /// Series that it issues with and sees; all where none is named.
    #[serde(default)]
    pub(crate) series: Vec<String>,
    /// Requests a minute; 0 for no limit.
    #[serde(default)]
    pub(crate) por_minuto: u32,
    /// Paid calls a Lima day; 0 for no limit.
    #[serde(default)]
    pub(crate) por_dia: u32,
    /// How long it is good, such as `90d`; for ever when not given.
    pub(crate) vence: Option<String>,
}

/// What of a key changes.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = LlavePatch)]
pub(crate) struct KeyPatch {
    /// What its owner calls it.
    #[schema(min_length = 1, max_length = 100)]
    pub(crate) nombre: Option<String>,
    /// What it may do.
    pub(crate) permisos: Option<Vec<String>>,
    /// Requests a minute; 0 for no limit.
    pub(crate) por_minuto: Option<u32>,
    /// Paid calls a Lima day; 0 for no limit.
    pub(crate) por_dia: Option<u32>,
    /// How long it is good from now on, such as `90d`; an empty text for ever.
    pub(crate) vence: Option<String>,
}

/// A key with its secret, which is told this once.
#[derive(Serialize, ToSchema)]
#[schema(as = LlaveNueva)]
pub(crate) struct KeyWithSecret<'s> {
    /// The whole key: copy it now.
    pub(crate) secreto: &'s str,
    /// The key.
    pub(crate) llave: KeyData,
}
