//! Health and version.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether it works.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, or what is wrong.
    pub(crate) estado: String,
    pub(crate) version: String,
    /// `real` or `sandbox`: what a request without a key reaches.
    pub(crate) mode: String,
}

/// The running program.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct VersionData {
    pub(crate) nombre: String,
    pub(crate) version: String,
    /// `real` or `sandbox`: what a request without a key reaches.
    pub(crate) mode: String,
}
