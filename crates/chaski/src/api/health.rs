//! Health and version.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::reply::Word;

/// Whether it works.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, or what is wrong.
    #[schema(value_type = String)]
    pub(crate) estado: Word,
    #[schema(value_type = String)]
    pub(crate) version: Word,
    /// `real` or `sandbox`: what a request without a key reaches.
    #[schema(value_type = String)]
    pub(crate) mode: Word,
}

/// The running program.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct VersionData {
    #[schema(value_type = String)]
    pub(crate) nombre: Word,
    #[schema(value_type = String)]
    pub(crate) version: Word,
    /// `real` or `sandbox`: what a request without a key reaches.
    #[schema(value_type = String)]
    pub(crate) mode: Word,
}
