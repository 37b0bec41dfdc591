//! Whether a received document exists at SUNAT.

use chaski_client::CpeState;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A received document.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CpeWanted {
    /// Who issued it, 11 digits.
    #[schema(example = "20100070970")]
    pub(crate) ruc_emisor: String,
    /// SUNAT's catalogue 01: `01`, `03`, `07`, `08`.
    #[schema(example = "01")]
    pub(crate) tipo_comprobante: String,
    /// Its series.
    #[schema(example = "F001")]
    pub(crate) serie: String,
    /// Its number, without leading zeros.
    #[schema(minimum = 1, maximum = 99_999_999)]
    pub(crate) numero: u32,
    /// `AAAA-MM-DD`.
    #[schema(example = "2026-01-28")]
    pub(crate) fecha_emision: String,
    /// Total, with two decimals.
    #[schema(example = "118.00")]
    pub(crate) monto: String,
}

/// What SUNAT says of it.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct CpeData {
    /// `ACEPTADO`, `ANULADO`, `NO_EXISTE` or `DESCONOCIDO`.
    pub(crate) estado: String,
    /// The upstream's own value.
    pub(crate) estado_comprobante: String,
}

impl CpeData {
    pub(crate) fn of(state: &CpeState) -> CpeData {
        let (estado, raw) = match state {
            CpeState::NotFound => ("NO_EXISTE", "0"),
            CpeState::Accepted => ("ACEPTADO", "1"),
            CpeState::Cancelled => ("ANULADO", "2"),
            CpeState::Unknown(raw) => ("DESCONOCIDO", raw.as_str()),
        };
        CpeData {
            estado: estado.into(),
            estado_comprobante: raw.to_owned(),
        }
    }
}
