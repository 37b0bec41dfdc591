//! What was used.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::consumption::Used;

/// What was used of one operation in a month.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ConsumoData)]
pub(crate) struct UsedData {
    /// Lima month, `AAAA-MM`.
    pub(crate) mes: String,
    /// Who asked, such as `cli` or `llave:0f3a9c1b2d4e`.
    pub(crate) quien: String,
    /// Name of the key, if it was one.
    pub(crate) nombre: Option<String>,
    /// RUC of its company, masked where it is a person's; null for the house's.
    pub(crate) empresa: Option<String>,
    /// Operation, such as `ruc`.
    pub(crate) operacion: String,
    /// Calls sent to the upstream.
    pub(crate) llamadas: u64,
    /// Numbers asked for in them.
    pub(crate) numeros: u64,
    /// Those of them that failed.
    pub(crate) fallidas: u64,
    /// Answers that memory gave.
    pub(crate) de_memoria: u64,
}

impl UsedData {
    /// Names of its fields, in their order.
    pub(crate) const NAMES: [&str; 9] = [
        "mes",
        "quien",
        "nombre",
        "empresa",
        "operacion",
        "llamadas",
        "numeros",
        "fallidas",
        "de_memoria",
    ];

    pub(crate) fn of(used: &Used) -> UsedData {
        let row = &used.row;
        UsedData {
            mes: used.month.to_string(),
            quien: row.asked_by.clone(),
            nombre: used.name.clone(),
            empresa: used.company.clone(),
            operacion: row.operation.clone(),
            llamadas: row.sent,
            numeros: row.numbers,
            fallidas: row.failed,
            de_memoria: row.remembered,
        }
    }

    /// Its fields as the cells of a list.
    pub(crate) fn cells(&self) -> Vec<String> {
        let text = |it: &Option<String>| it.clone().unwrap_or_default();
        vec![
            self.mes.clone(),
            self.quien.clone(),
            text(&self.nombre),
            text(&self.empresa),
            self.operacion.clone(),
            self.llamadas.to_string(),
            self.numeros.to_string(),
            self.fallidas.to_string(),
            self.de_memoria.to_string(),
        ]
    }
}

/// What was used, month by month.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ConsumoList)]
pub(crate) struct UsedList {
    /// What was found, in that order.
    pub(crate) data: Vec<UsedData>,
    /// `real` or `sandbox` (invented data).
    pub(crate) mode: String,
}
