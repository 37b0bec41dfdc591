//! Numbers that the upstream said do not exist.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::reply::lima;
use crate::store::RefusalRow;

/// A number that the upstream said does not exist.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct InvalidData {
    /// The number; a person's is masked.
    pub(crate) ruc: String,
    /// Why, as a stable code.
    pub(crate) motivo: String,
    /// What the upstream said.
    pub(crate) mensaje: String,
    /// When it was said, Lima time.
    pub(crate) registrado_en: String,
    /// From when on it is asked again, Lima time.
    pub(crate) vence_en: String,
}

impl InvalidData {
    pub(crate) fn of(row: &RefusalRow) -> InvalidData {
        InvalidData {
            ruc: row.subject.to_string(),
            motivo: row.reason.to_string(),
            mensaje: row.message.to_string(),
            registrado_en: lima(row.stored_at),
            vence_en: lima(row.expires_at),
        }
    }

    /// What was written so; none where that cannot be read.
    pub(crate) fn row(self) -> Option<RefusalRow> {
        Some(RefusalRow {
            provider: "migo".into(),
            operation: "ruc".into(),
            personal: self.ruc.contains('*'),
            subject: self.ruc.into(),
            reason: self.motivo.into(),
            message: self.mensaje.into(),
            stored_at: self.registrado_en.parse().ok()?,
            expires_at: self.vence_en.parse().ok()?,
        })
    }
}

/// A page of them.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct InvalidPage {
    /// What was found, in that order.
    pub(crate) data: Vec<InvalidData>,
    /// `cursor` of the next page; null on the last one.
    pub(crate) next_cursor: Option<String>,
    /// `real` or `sandbox` (invented data).
    pub(crate) mode: String,
}

/// Which numbers to forget.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ForgetWanted {
    /// 11 digits each.
    #[serde(default)]
    #[schema(max_items = 1_000, example = json!(["20100070970"]))]
    pub(crate) rucs: Vec<String>,
    /// All of them.
    #[serde(default)]
    pub(crate) todos: bool,
}

/// How many numbers were forgotten.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ForgottenCount {
    /// Always true: what goes wrong is a problem.
    pub(crate) success: bool,
    /// Numbers that were in the registry.
    pub(crate) olvidados: u64,
}

/// What became of a number.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Forgotten {
    /// Always true: what goes wrong is a problem.
    pub(crate) success: bool,
    /// 11 digits.
    pub(crate) ruc: String,
    /// Whether it was in the registry.
    pub(crate) estaba: bool,
}
