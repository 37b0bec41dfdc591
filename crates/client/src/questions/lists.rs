//! Is a taxpayer on one of SUNAT's lists?

use std::time::Duration;

use chaski_core::Ruc;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::{Key, Lookup, TimesToLive};

/// The lists that can be asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum List {
    /// *Agentes de retención* of IGV.
    WithholdingAgents,
    /// *Buenos contribuyentes*.
    GoodTaxpayers,
}

/// Whether a RUC is on a list; not being on it is a refusal with
/// [`Reason::NotListed`](crate::Reason::NotListed).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListQuery {
    /// Which list.
    pub list: List,
    /// Who.
    pub ruc: Ruc,
}

/// Membership of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// Who, if the upstream says so.
    #[serde(default)]
    pub nombre_o_razon_social: Option<String>,
    /// Since when, if the upstream says so.
    pub a_partir_del: Option<Date>,
    /// The resolution that put it there.
    pub resolucion: Option<String>,
}

impl Lookup for ListQuery {
    type Answer = Membership;

    fn key(&self) -> Key {
        let operation = match self.list {
            List::WithholdingAgents => "agente_retencion",
            List::GoodTaxpayers => "buen_contribuyente",
        };
        super::key(operation, self.ruc.as_str(), self.ruc.is_personal())
    }

    fn time_to_live(&self, _: &Membership, _: Timestamp, times: &TimesToLive) -> Duration {
        times.ruc
    }

    super::kept_as_json!();
}
