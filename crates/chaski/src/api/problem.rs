//! How an error is written (RFC 9457).

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// An error as the caller reads it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ProblemBody {
    /// Address of the page about this code.
    #[serde(rename = "type", default)]
    #[schema(required)]
    pub(crate) kind: String,
    /// What the code means.
    #[serde(default)]
    #[schema(required)]
    pub(crate) title: String,
    /// HTTP status.
    #[serde(default)]
    #[schema(required)]
    pub(crate) status: u16,
    /// What is wrong here.
    pub(crate) detail: String,
    /// Path of the request.
    #[serde(default)]
    #[schema(required)]
    pub(crate) instance: String,
    /// Stable, never translated.
    pub(crate) code: String,
    /// Whether the same request may succeed later.
    #[serde(default)]
    #[schema(required)]
    pub(crate) retryable: bool,
    /// What to do.
    #[serde(default)]
    #[schema(required)]
    pub(crate) action: String,
    /// What is wrong with each field.
    #[serde(default)]
    #[schema(required)]
    pub(crate) errors: Vec<FieldBody>,
    /// Identifier of the request.
    #[serde(default)]
    #[schema(required)]
    pub(crate) request_id: String,
}

/// What is wrong with one field.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct FieldBody {
    /// Its name.
    pub(crate) field: String,
    /// Stable, never translated.
    pub(crate) code: String,
    /// What is wrong.
    pub(crate) detail: String,
    /// Of a document: `error` (never sent), `observacion` or `aviso`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) severity: Option<String>,
    /// The value that would be right, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) expected: Option<String>,
    /// What to do about this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) action: Option<String>,
}
