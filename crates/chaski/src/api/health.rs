//! Health and version.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Whether it works.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct Health {
    /// `ok`, or what is wrong.
    pub(crate) estado: String,
    /// Version of Chaski.
    pub(crate) version: String,
    /// `real` or `sandbox`: what a request without a key reaches.
    pub(crate) mode: String,
    /// Of what a request without a key reaches.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) comprobantes: Option<IssuingData>,
}

/// How the issuing of documents stands; there where anything was issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub(crate) struct IssuingData {
    /// Documents that wait to be sent.
    pub(crate) en_cola: u64,
    /// Documents of which nobody knows whether they exist: they are being asked about.
    pub(crate) en_duda: u64,
    /// Documents that SUNAT has not spoken about.
    pub(crate) pendientes: u64,
    /// Documents without a word of SUNAT a day before their deadline, or past it.
    pub(crate) por_vencer: u64,
    /// Issuers that nothing is sent for.
    pub(crate) emisores_retenidos: u64,
    /// Age of the oldest document that waits for anything, in seconds.
    pub(crate) segundos_del_mas_antiguo: u64,
}

/// The running program.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct VersionData {
    /// Always `chaski`.
    pub(crate) nombre: String,
    /// Version of Chaski.
    pub(crate) version: String,
    /// `real` or `sandbox`: what a request without a key reaches.
    pub(crate) mode: String,
}
