//! The record of calls.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::reply::lima;
use crate::store::CallRow;

/// One call; persons' numbers are masked.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct CallData {
    /// Its identifier.
    pub(crate) id: Uuid,
    /// The question that the call belongs to: its retries share it.
    pub(crate) consulta: Uuid,
    /// When it was made, Lima time.
    pub(crate) fecha: String,
    /// Who asked, such as `cli` or `llave:0f3a9c1b2d4e`.
    pub(crate) quien: String,
    /// What a question about a person was for.
    pub(crate) motivo: Option<String>,
    /// Upstream, such as `migo`.
    pub(crate) proveedor: String,
    /// Operation, such as `ruc`.
    pub(crate) operacion: String,
    /// The number, date or document that it was about.
    pub(crate) sobre: String,
    /// Numbers of a call that was sent, or how many answers of memory the row stands for.
    pub(crate) numeros: u32,
    /// Which attempt it was, from 1; 0 where memory answered.
    pub(crate) intento: u32,
    /// `SUCCESS`, `NOT_FOUND` or the code of a failure.
    pub(crate) resultado: String,
    /// Status of the answer, where there was one.
    pub(crate) http: Option<u16>,
    /// How long it took, milliseconds with three decimals.
    pub(crate) duration_ms: String,
    /// What memory had to do with it, such as `MISS` or `HIT`.
    pub(crate) cache: String,
    /// The batch that it belongs to.
    pub(crate) lote: Option<Uuid>,
}

impl CallData {
    pub(crate) fn of(call: &CallRow) -> CallData {
        CallData {
            id: call.id,
            consulta: call.lookup,
            fecha: lima(call.at),
            quien: call.asked_by.to_string(),
            motivo: call.purpose.as_ref().map(ToString::to_string),
            proveedor: call.provider.to_string(),
            operacion: call.operation.to_string(),
            sobre: call.subject.to_string(),
            numeros: call.items,
            intento: call.attempt,
            resultado: call.outcome.to_string(),
            http: call.http_status,
            duration_ms: format!("{}.{:03}", call.duration_us / 1000, call.duration_us % 1000),
            cache: call.cache.to_string(),
            lote: call.batch,
        }
    }

    /// The call that was written so; none where that cannot be read.
    pub(crate) fn row(self) -> Option<CallRow> {
        let (ms, us) = self.duration_ms.split_once('.')?;
        let (ms, us): (u64, u64) = (ms.parse().ok()?, us.parse().ok()?);
        Some(CallRow {
            id: self.id,
            lookup: self.consulta,
            at: self.fecha.parse().ok()?,
            asked_by: self.quien.into(),
            purpose: self.motivo.map(Into::into),
            provider: self.proveedor.into(),
            operation: self.operacion.into(),
            personal: self.sobre.contains('*'),
            subject: self.sobre.into(),
            items: self.numeros,
            attempt: self.intento,
            outcome: self.resultado.into(),
            http_status: self.http,
            duration_us: ms.checked_mul(1000)?.checked_add(us)?,
            cache: self.cache.into(),
            batch: self.lote,
        })
    }
}

/// A page of calls, newest first.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct CallsPage {
    /// What was found, in that order.
    pub(crate) data: Vec<CallData>,
    /// `cursor` of the next page; null on the last one.
    pub(crate) next_cursor: Option<String>,
    /// `real` or `sandbox` (invented data).
    pub(crate) mode: String,
}

/// Which calls, with the number that they are about.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CallsSearched {
    /// About this RUC or DNI.
    #[schema(example = "20100070970")]
    pub(crate) numero: String,
    /// First Lima day, `AAAA-MM-DD`.
    pub(crate) desde: Option<String>,
    /// Last Lima day, `AAAA-MM-DD`.
    pub(crate) hasta: Option<String>,
    /// Upstream, such as `migo`.
    pub(crate) proveedor: Option<String>,
    /// Operation, such as `ruc`.
    pub(crate) operacion: Option<String>,
    /// `SUCCESS`, `NOT_FOUND` or the code of a failure.
    pub(crate) resultado: Option<String>,
    /// Who asked, such as `cli` or `llave:0f3a9c1b2d4e`.
    pub(crate) quien: Option<String>,
    /// Batch that they belong to.
    pub(crate) lote: Option<Uuid>,
    /// Only what was sent, not what memory answered.
    #[serde(default)]
    pub(crate) enviadas: bool,
    /// Rows, 1 to 250.
    #[schema(minimum = 1, maximum = 250)]
    pub(crate) limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}
