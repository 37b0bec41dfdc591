//! What does a taxpayer do?

use std::time::Duration;

use chaski_core::Ruc;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{Key, Lookup, TimesToLive};

/// A look-up of a taxpayer's economic activity; the plain RUC answer carries none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ActivityQuery(pub Ruc);

/// Economic activity and registration data, as text under the upstream's names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Activity {
    /// Estado, as the upstream writes it.
    #[serde(default)]
    pub estado: Option<String>,
    /// Condición, as the upstream writes it.
    #[serde(default)]
    pub condicion: Option<String>,
    /// Kind of taxpayer.
    pub tipo: Option<String>,
    /// Main activity, CIIU revision 3.
    pub actividad_economica_rev3_principal: Option<String>,
    /// Second activity, CIIU revision 3.
    pub actividad_economica_rev3_secundaria: Option<String>,
    /// Main activity, CIIU revision 4.
    pub actividad_economica_rev4_principal: Option<String>,
    /// Number of workers.
    pub numero_trabajadores: Option<String>,
    /// How it invoices.
    pub tipo_facturacion: Option<String>,
    /// How it keeps its books.
    pub tipo_contabilidad: Option<String>,
    /// Foreign trade.
    pub comercio_exterior: Option<String>,
    /// Period the data belongs to.
    pub periodo: Option<String>,
}

impl Lookup for ActivityQuery {
    type Answer = Activity;

    fn key(&self) -> Key {
        super::key("actividad", self.0.as_str(), self.0.is_personal())
    }

    fn time_to_live(&self, _: &Activity, _: Timestamp, times: &TimesToLive) -> Duration {
        times.ruc
    }

    super::kept_as_json!();
}
