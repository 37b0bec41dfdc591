//! Does a received electronic document exist at SUNAT?

use std::time::Duration;

use chaski_core::Ruc;
use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{Key, Lookup, TimesToLive};

/// A check of an electronic document (*comprobante de pago electrónico*). One cent or one day
/// off makes a valid document look absent: never conclude from one try with doubtful data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CpeQuery {
    /// Who issued it.
    pub ruc_emisor: Ruc,
    /// SUNAT's catalogue 01: `01` factura, `03` boleta, `07` and `08` notes.
    pub tipo_comprobante: String,
    /// Series, for instance `F001`.
    pub serie: String,
    /// Number, without leading zeros.
    pub numero: u32,
    /// Date of issue, Lima.
    pub fecha_emision: Date,
    /// Total of the document, two decimals.
    pub monto: Decimal,
}

/// What SUNAT says of the document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum CpeState {
    /// `0`: no such document, or the data does not match.
    NotFound,
    /// `1`: accepted.
    Accepted,
    /// `2`: cancelled (*anulado*).
    Cancelled,
    /// Anything else, an empty value among them, as it came.
    Unknown(String),
}

/// The upstream asks SUNAT in turn; its clients wait two minutes.
const PATIENCE: Duration = Duration::from_mins(2);

impl Lookup for CpeQuery {
    type Answer = CpeState;

    fn key(&self) -> Key {
        let subject = format!(
            "{}-{}-{}-{}-{}-{:.2}",
            self.ruc_emisor.as_str(),
            self.tipo_comprobante,
            self.serie,
            self.numero,
            self.fecha_emision,
            self.monto
        );
        super::key("cpe", &subject, self.ruc_emisor.is_personal())
    }

    fn time_to_live(&self, answer: &CpeState, _: Timestamp, times: &TimesToLive) -> Duration {
        // Only "accepted" is worth keeping; absence may be a typing error, or end tomorrow.
        if *answer == CpeState::Accepted {
            times.ruc
        } else {
            Duration::ZERO
        }
    }

    fn patience(&self) -> Option<Duration> {
        Some(PATIENCE)
    }

    super::kept_as_json!();
}
