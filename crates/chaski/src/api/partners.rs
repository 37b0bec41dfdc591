//! Partners, and what changed in them.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use uuid::Uuid;

use super::partner_fields;
use super::reply::lima;
use crate::app::App;
use crate::app::partner_lists::record;
use crate::partners::Partner;
use crate::store::ChangeRow;

/// A partner: the document, what its owner wrote down, and what SUNAT says.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct PartnerData(Map<String, Value>);

impl ToSchema for PartnerData {
    fn name() -> Cow<'static, str> {
        "PartnerData".into()
    }
}

impl PartialSchema for PartnerData {
    fn schema() -> RefOr<Schema> {
        partner_fields::answered(
            "A partner: the document, what its owner wrote down, and what SUNAT says.",
        )
        .into()
    }
}

impl PartnerData {
    /// With who said what SUNAT says: the real one, or the sandbox.
    pub(crate) fn of(app: &App, partner: &Partner) -> PartnerData {
        let mut fields = record(partner);
        fields.insert("mode".into(), app.mode.as_str().into());
        PartnerData(fields)
    }
}

/// A page of partners, newest first.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct PartnersPage {
    /// What was found, in that order.
    pub(crate) data: Vec<PartnerData>,
    /// `cursor` of the next page; null on the last one.
    pub(crate) next_cursor: Option<String>,
    /// `real` or `sandbox` (invented data).
    pub(crate) mode: String,
}

/// Which partners, where a number may be a person's.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartnersSearched {
    /// Text of a company's name, or a whole number.
    #[schema(example = "20100070970")]
    pub(crate) buscar: Option<String>,
    /// `aptos`, `no_aptos` or `nunca` (never checked).
    pub(crate) situacion: Option<String>,
    /// Rows, 1 to 250.
    #[schema(minimum = 1, maximum = 250)]
    pub(crate) limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// A partner as its owner writes it down.
#[derive(Serialize, Deserialize)]
pub(crate) struct PartnerWanted {
    pub(crate) document_type: Option<String>,
    pub(crate) num_document: Option<String>,
    #[serde(flatten)]
    pub(crate) fields: Map<String, Value>,
}

impl ToSchema for PartnerWanted {
    fn name() -> Cow<'static, str> {
        "PartnerWanted".into()
    }
}

impl PartialSchema for PartnerWanted {
    fn schema() -> RefOr<Schema> {
        partner_fields::wanted("A partner as its owner writes it down.").into()
    }
}

/// A change of estado or condición.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ChangeData {
    /// When it was noticed, Lima time.
    pub(crate) fecha: String,
    /// The partner as it is now.
    pub(crate) partner: PartnerData,
    /// Estado before.
    pub(crate) estado_antes: Option<String>,
    /// Estado now.
    pub(crate) estado_ahora: Option<String>,
    /// Condición before.
    pub(crate) condicion_antes: Option<String>,
    /// Condición now.
    pub(crate) condicion_ahora: Option<String>,
    /// Whether it was fit to be invoiced.
    pub(crate) apto_antes: Option<bool>,
    /// Whether it is fit to be invoiced now.
    pub(crate) apto_ahora: Option<bool>,
}

/// A page of changes, newest first.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ChangesPage {
    /// What was found, in that order.
    pub(crate) data: Vec<ChangeData>,
    /// `cursor` of the next page; null on the last one.
    pub(crate) next_cursor: Option<String>,
    /// `real` or `sandbox` (invented data).
    pub(crate) mode: String,
}

/// Which partners to bring up to date.
#[derive(Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RefreshWanted {
    /// `vencidos` (usual: never checked first, then the oldest), `nunca` or `todos`.
    pub(crate) cuales: Option<String>,
    /// These ones instead; those that are not there are passed over, unless none is.
    #[schema(max_items = 10_000)]
    pub(crate) ids: Option<Vec<Uuid>>,
    /// Most calls that it may cost; without it, one for each 100 numbers and a reserve of a tenth of
    /// them, at least 10. Partners that are left over stay as they are.
    pub(crate) gastar_hasta: Option<u64>,
}

/// A refresh on its way.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct RefreshData {
    /// The job that does it; see `/api/v1/trabajos/{id}`.
    pub(crate) trabajo: Uuid,
}

impl ChangeData {
    pub(crate) fn of(app: &App, row: &ChangeRow) -> ChangeData {
        let [estado_antes, estado_ahora] = row.change.estado.clone();
        let [condicion_antes, condicion_ahora] = row.change.condicion.clone();
        let [apto_antes, apto_ahora] = row.change.fit;
        ChangeData {
            fecha: lima(row.at),
            partner: PartnerData::of(app, &row.partner),
            estado_antes,
            estado_ahora,
            condicion_antes,
            condicion_ahora,
            apto_antes: Some(apto_antes),
            apto_ahora: Some(apto_ahora),
        }
    }
}
