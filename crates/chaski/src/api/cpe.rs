//! Whether a received document exists at SUNAT.

use std::fmt;

use chaski_client::{CpeQuery, CpeState};
use serde::de::{self, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::ToSchema;

use crate::app::voucher::WrittenVoucher;

/// A received document.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CpeWanted {
    /// Who issued it, 11 digits.
    #[schema(example = "20100070970")]
    pub(crate) ruc_emisor: String,
    /// SUNAT's catalogue 01: `01`, `03`, `04`, `07`, `08`.
    #[schema(example = "01")]
    pub(crate) tipo_comprobante: String,
    /// Its series.
    #[schema(example = "F001")]
    pub(crate) serie: String,
    /// Its number; as it is printed, a text with leading zeros, it is taken as well.
    #[schema(value_type = u32, minimum = 1, maximum = 99_999_999)]
    pub(crate) numero: Figure,
    /// `AAAA-MM-DD`.
    #[schema(example = "2026-01-28")]
    pub(crate) fecha_emision: String,
    /// Total, with two decimals. A credit note's may have a minus.
    #[schema(value_type = String, example = "118.00")]
    pub(crate) monto: Figure,
    /// Ask the upstream whatever memory knows.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) force_refresh: bool,
    /// Oldest answer that will do, seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 3_155_760_000_u64)]
    pub(crate) max_age: Option<u32>,
}

/// A figure that comes as a number or as a text, kept as it was written; a whole one goes out as a number.
pub(crate) struct Figure(pub(crate) String);

impl CpeWanted {
    pub(crate) fn of(query: &CpeQuery, force_refresh: bool, max_age: Option<u32>) -> CpeWanted {
        CpeWanted {
            force_refresh,
            max_age,
            ruc_emisor: query.ruc_emisor.as_str().to_owned(),
            tipo_comprobante: query.tipo_comprobante.clone(),
            serie: query.serie.clone(),
            numero: Figure(query.numero.to_string()),
            fecha_emision: query.fecha_emision.to_string(),
            monto: Figure(format!("{:.2}", query.monto)),
        }
    }

    pub(crate) fn written(&self) -> WrittenVoucher<'_> {
        WrittenVoucher {
            ruc_emisor: &self.ruc_emisor,
            tipo_comprobante: &self.tipo_comprobante,
            serie: &self.serie,
            numero: &self.numero.0,
            fecha_emision: &self.fecha_emision,
            monto: &self.monto.0,
        }
    }
}

impl Serialize for Figure {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.parse::<u32>() {
            Ok(whole) => serializer.serialize_u32(whole),
            Err(_) => serializer.serialize_str(&self.0),
        }
    }
}

impl<'de> Deserialize<'de> for Figure {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Figure, D::Error> {
        deserializer.deserialize_any(ReadFigure)
    }
}

struct ReadFigure;

impl Visitor<'_> for ReadFigure {
    type Value = Figure;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number or a text")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Figure, E> {
        Ok(Figure(text.to_owned()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Figure, E> {
        Ok(Figure(number.to_string()))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Figure, E> {
        Ok(Figure(number.to_string()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Figure, E> {
        Ok(Figure(number.to_string()))
    }
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

    /// The state that was written so.
    pub(crate) fn state(self) -> CpeState {
        match &*self.estado_comprobante {
            "0" => CpeState::NotFound,
            "1" => CpeState::Accepted,
            "2" => CpeState::Cancelled,
            _ => CpeState::Unknown(self.estado_comprobante),
        }
    }
}
