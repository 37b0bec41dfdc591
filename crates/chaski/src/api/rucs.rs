//! What the registry and SUNAT's lists know of a RUC.

use std::borrow::Cow;
use std::collections::HashMap;

use chaski_client::{Representative, taxpayer_fields, taxpayer_from_fields};
use chaski_core::{Ruc, Taxpayer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

/// What the registry knows of a RUC: the upstream's fields, absent values as null.
pub(crate) struct RucData<'a>(Vec<(Cow<'static, str>, Option<Cow<'a, str>>)>);

impl<'a> RucData<'a> {
    pub(crate) fn of(taxpayer: &'a Taxpayer) -> RucData<'a> {
        let fields = taxpayer_fields(taxpayer).map(|(name, value)| (name.into(), value));
        RucData(fields.into())
    }

    /// The taxpayer of that number; none where it is said of another one.
    pub(crate) fn taxpayer(&self, ruc: Ruc) -> Option<Taxpayer> {
        let field = |name: &str| {
            let (_, value) = self.0.iter().find(|(it, _)| it == name)?;
            value.as_deref()
        };
        (field("ruc")? == ruc.as_str())
            .then(|| taxpayer_from_fields(ruc, |name| field(name).map(Cow::Borrowed)))
    }
}

impl Serialize for RucData<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(name, value)| (name, value)))
    }
}

impl<'de> Deserialize<'de> for RucData<'static> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let fields = HashMap::<Cow<'static, str>, _>::deserialize(deserializer)?;
        Ok(RucData(fields.into_iter().collect()))
    }
}

impl ToSchema for RucData<'_> {
    fn name() -> Cow<'static, str> {
        "RucData".into()
    }
}

impl PartialSchema for RucData<'_> {
    fn schema() -> RefOr<Schema> {
        let example: Ruc = "20131312955".parse().expect("SUNAT's own number");
        let empty = taxpayer_from_fields(example, |_| None);
        let about =
            "What the registry knows of a RUC: the upstream's fields, absent values as null.";
        let mut schema = ObjectBuilder::new()
            .description(Some(about))
            .required("ruc");
        for (name, _) in taxpayer_fields(&empty) {
            let text = match name {
                "ruc" => ObjectBuilder::new().schema_type(Type::String),
                _ => ObjectBuilder::new()
                    .schema_type(SchemaType::from_iter([Type::String, Type::Null])),
            };
            let said = (name == "actualizado_en").then_some("`AAAA-MM-DD HH:MM:SS`, Lima.");
            schema = schema.property(name, text.description(said));
        }
        schema.into()
    }
}

/// Whether a RUC is fit to be invoiced, with SUNAT's codes.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct FitnessData {
    /// Whether this number could be judged.
    pub(crate) success: bool,
    pub(crate) ruc: String,
    /// The original's verdict: ACTIVO and HABIDO.
    pub(crate) valido: bool,
    /// Whether SUNAT accepts an invoice to it.
    pub(crate) apto: bool,
    /// `ok`, `observado` or `rechazado`.
    pub(crate) nivel: String,
    pub(crate) razon_social: Option<String>,
    pub(crate) estado: Option<String>,
    pub(crate) condicion: Option<String>,
    pub(crate) direccion: Option<String>,
    pub(crate) errores: Vec<String>,
    pub(crate) advertencias: Vec<String>,
    pub(crate) hallazgos: Vec<FindingData>,
    pub(crate) cache_hit: Option<bool>,
    pub(crate) stale: Option<bool>,
    pub(crate) fuente: Option<String>,
    pub(crate) consultado_en: Option<String>,
    pub(crate) request_id: String,
}

/// One finding.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct FindingData {
    pub(crate) codigo: String,
    pub(crate) severidad: String,
    pub(crate) mensaje: String,
}

/// A legal representative.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes how the client's `Representative` is written"
)]
pub(crate) struct RepresentativeData {
    pub(crate) documento: Option<String>,
    pub(crate) dni: Option<String>,
    pub(crate) nombre: Option<String>,
    pub(crate) cargo: Option<String>,
    /// `AAAA-MM-DD`.
    pub(crate) fecha: Option<String>,
}

/// A representative whose number is not told whole.
pub(crate) fn masked(it: &Representative) -> Representative {
    Representative {
        dni: it.dni.as_deref().map(mask),
        ..it.clone()
    }
}

/// First and last two characters of a document's number.
fn mask(text: &str) -> String {
    let count = text.chars().count();
    let shown = |(place, c)| {
        if place < 2 || place + 2 >= count {
            c
        } else {
            '*'
        }
    };
    text.chars().enumerate().map(shown).collect()
}

/// The economic activity of a RUC.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes how the client's `Activity` is written")]
pub(crate) struct ActivityData {
    pub(crate) tipo: Option<String>,
    pub(crate) actividad_economica_rev3_principal: Option<String>,
    pub(crate) actividad_economica_rev3_secundaria: Option<String>,
    pub(crate) actividad_economica_rev4_principal: Option<String>,
    pub(crate) numero_trabajadores: Option<String>,
    pub(crate) tipo_facturacion: Option<String>,
    pub(crate) tipo_contabilidad: Option<String>,
    pub(crate) comercio_exterior: Option<String>,
    pub(crate) periodo: Option<String>,
}

/// Whether a RUC is on SUNAT's lists.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ListsData {
    pub(crate) success: bool,
    pub(crate) ruc: String,
    pub(crate) agente_de_retencion: ListData,
    pub(crate) buen_contribuyente: ListData,
    pub(crate) request_id: String,
}

/// One list.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ListData {
    /// Whether it is on the list.
    pub(crate) figura: bool,
    /// `AAAA-MM-DD`.
    pub(crate) a_partir_del: Option<String>,
    pub(crate) resolucion: Option<String>,
}
