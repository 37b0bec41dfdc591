//! Who represents a company?

use std::fmt;
use std::time::Duration;

use chaski_core::Ruc;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Key, Lookup, TimesToLive};

/// A look-up of the legal representatives of a RUC. The answer is personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RepresentativesQuery(pub Ruc);

/// One legal representative. `Debug` hides who it is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Representative {
    /// Kind of document, usually `DNI`.
    pub documento: Option<String>,
    /// Number of the document; under the upstream's name for it, whatever the kind.
    pub dni: Option<String>,
    /// Surnames and names.
    pub nombre: Option<String>,
    /// Position, for instance `GERENTE GENERAL`.
    pub cargo: Option<String>,
    /// Since when.
    pub fecha: Option<Date>,
}

impl fmt::Debug for Representative {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Representative")
            .field("cargo", &self.cargo)
            .field("fecha", &self.fecha)
            .finish_non_exhaustive()
    }
}

impl Lookup for RepresentativesQuery {
    type Answer = Vec<Representative>;

    fn key(&self) -> Key {
        // The answer names persons even when the number asked for is a company's.
        super::key("representantes", self.0.as_str(), true)
    }

    fn time_to_live(&self, _: &Self::Answer, _: Timestamp, times: &TimesToLive) -> Duration {
        times.dni
    }

    super::kept_as_json!();
}
