//! What is kept of a document beside the columns it is found by: sealed, because it names who buys.

use chaski_client::{JournalDeed, NubefactId, NubefactKind, SeriesName};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::marks;
use crate::store::error::StoreError;
use crate::store::seal::{Keys, SealedPlace};

/// What is shown of a document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentSheet {
    /// Who issues: a RUC, or another name that stands for one.
    pub emisor: String,
    /// The caller's key.
    pub clave: String,
    /// The caller's own name for the sale.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub referencia: Option<String>,
    /// Who buys.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cliente: Option<DocumentBuyer>,
    /// ISO code of its currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moneda: Option<String>,
    /// Total, two decimals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total: Option<String>,
    /// What a note modifies, `01:FFF1-1`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modifica: Option<String>,
    /// Why it is voided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub motivo: Option<String>,
    /// What a void is sent with, whatever Nubefact makes of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub codigo_unico: Option<String>,
    /// Whether a void goes out although SUNAT has not accepted the document: Nubefact decides.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sin_aceptar: bool,
    /// What was remarked on it when it was accepted here, as JSON.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hallazgos: Option<serde_json::Value>,
}

/// Who buys.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentBuyer {
    /// SUNAT's code of the kind of identity.
    pub tipo: String,
    /// Its number.
    pub numero: String,
    /// Name.
    pub nombre: String,
}

impl std::fmt::Debug for DocumentBuyer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DocumentBuyer")
    }
}

impl DocumentSheet {
    /// The name under which it is kept what a note modifies: catálogo 01, series and number.
    pub fn modified(id: &NubefactId) -> String {
        format!("{}:{}-{}", id.kind.catalog_01(), id.serie, id.numero)
    }

    pub(in crate::store) fn sealed(&self, keys: &Keys, id: Uuid) -> Result<Vec<u8>, StoreError> {
        let plain = serde_json::to_vec(self).map_err(|_| StoreError::Corrupt)?;
        keys.seal(&SealedPlace::Document(id), &plain)
    }

    pub(in crate::store) fn open(
        keys: &Keys,
        id: Uuid,
        sealed: &[u8],
    ) -> Result<DocumentSheet, StoreError> {
        let plain = keys.open(&SealedPlace::Document(id), sealed);
        let plain = plain.ok_or(StoreError::Corrupt)?;
        serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt)
    }
}

/// A series as it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct SeriesKey {
    pub(super) company: Vec<u8>,
    pub(super) kind: &'static str,
    pub(super) serie: String,
}

impl SeriesKey {
    pub(super) fn of(keys: &Keys, series: &SeriesName) -> SeriesKey {
        SeriesKey {
            company: marks::issuer(keys, &series.issuer),
            kind: series.kind.catalog_01(),
            serie: series.serie.to_string(),
        }
    }
}

pub(super) fn kind_of(code: &str) -> Result<NubefactKind, StoreError> {
    NubefactKind::of_catalog_01(code).ok_or(StoreError::Corrupt)
}

pub(super) fn deed_name(deed: JournalDeed) -> &'static str {
    match deed {
        JournalDeed::Issue => "issue",
        JournalDeed::Void => "void",
    }
}

pub(super) fn deed_of(name: &str) -> Result<JournalDeed, StoreError> {
    match name {
        "issue" => Ok(JournalDeed::Issue),
        "void" => Ok(JournalDeed::Void),
        _ => Err(StoreError::Corrupt),
    }
}
