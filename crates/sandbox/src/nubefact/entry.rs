//! The ledger of Nubefact: one entry per request, without anything personal.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One request to Nubefact as it was received, and what became of it. Token, customer and amounts
/// are not in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NubefactEntry {
    /// From 1 in the order of decision, over all processes that share the folder.
    pub sequence: u64,
    /// Simulated time of the decision.
    pub time: Timestamp,
    /// The configured name of the account, or the first 16 hexadecimal digits of its ruta's
    /// BLAKE3.
    pub ruta: String,
    /// As the request names it; `desconocida` where it does not.
    pub operation: String,
    /// `tipo_de_comprobante`, or `R` and `P` for retención and percepción.
    pub tipo: Option<String>,
    /// `FFF1-12`.
    pub comprobante: Option<String>,
    /// BLAKE3 of the body, in hexadecimal.
    pub bytes_hash: String,
    /// How many bytes it had.
    pub bytes: usize,
    /// What was done.
    pub decision: Decided,
    /// HTTP status of the answer; `None`: the connection was cut instead.
    pub status: Option<u16>,
    /// Nubefact's code in the answer, if it was a refusal.
    pub codigo: Option<u16>,
    /// The fault that struck, as text.
    pub fault: Option<String>,
}

/// What Nubefact did with a request, whatever it answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decided {
    /// A document came into being.
    Aceptado,
    /// A document came into being that somebody else sent.
    Ajeno,
    /// A void or reversal was taken.
    Baja,
    /// A state was told.
    Consulta,
    /// It was looked at and refused.
    Rechazado,
    /// It was not looked at: the fault came instead.
    NoProcesado,
}
