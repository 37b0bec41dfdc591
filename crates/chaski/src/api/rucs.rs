//! What the registry and SUNAT's lists know of a RUC.

use std::borrow::Cow;
use std::collections::HashMap;

use chaski_client::{Membership, Representative, taxpayer_fields, taxpayer_from_fields};
use chaski_core::{Ruc, Taxpayer};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::app::lookups::Lists;

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
            let about = ABOUT.iter().find(|(known, _)| *known == name);
            let about = about.map(|(_, about)| *about);
            schema = schema.property(name, text.description(about));
        }
        schema.into()
    }
}

/// What the upstream's fields are.
pub(crate) const ABOUT: [(&str, &str); 21] = [
    ("ruc", "11 digits."),
    ("nombre_o_razon_social", "Name of the taxpayer."),
    (
        "estado_del_contribuyente",
        "SUNAT's estado, such as `ACTIVO`.",
    ),
    (
        "condicion_de_domicilio",
        "SUNAT's condición, such as `HABIDO`.",
    ),
    ("ubigeo", "Ubigeo of the fiscal address, 6 digits."),
    ("tipo_de_via", "Kind of street, such as `AV.`."),
    ("nombre_de_via", "Name of the street."),
    ("codigo_de_zona", "Kind of quarter, such as `URB.`."),
    ("tipo_de_zona", "Name of the quarter."),
    ("numero", "Number in the street."),
    ("interior", "Interior."),
    ("lote", "Lot."),
    ("dpto", "Flat."),
    ("manzana", "Block."),
    ("kilometro", "Kilometre."),
    ("distrito", "District."),
    ("provincia", "Province."),
    ("departamento", "Region."),
    (
        "direccion_simple",
        "Fiscal address without district, province and region.",
    ),
    ("direccion", "Fiscal address, whole."),
    ("actualizado_en", "`AAAA-MM-DD HH:MM:SS`, Lima."),
];

/// Whether a RUC is fit to be invoiced, with SUNAT's codes.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct FitnessData {
    /// Whether this number could be judged.
    pub(crate) success: bool,
    /// 11 digits.
    pub(crate) ruc: String,
    /// The original's verdict: ACTIVO and HABIDO.
    pub(crate) valido: bool,
    /// Whether SUNAT accepts an invoice to it.
    pub(crate) apto: bool,
    /// `ok`, `observado` or `rechazado`.
    pub(crate) nivel: String,
    /// Name of the taxpayer.
    pub(crate) razon_social: Option<String>,
    /// SUNAT's estado, such as `ACTIVO`.
    pub(crate) estado: Option<String>,
    /// SUNAT's condición, such as `HABIDO`.
    pub(crate) condicion: Option<String>,
    /// Fiscal address.
    pub(crate) direccion: Option<String>,
    /// Why it must not be invoiced, for people.
    pub(crate) errores: Vec<String>,
    /// What to look at, for people.
    pub(crate) advertencias: Vec<String>,
    /// The same for programs, with SUNAT's codes.
    pub(crate) hallazgos: Vec<FindingData>,
    /// Whether memory answered.
    pub(crate) cache_hit: Option<bool>,
    /// Whether it is past its time, because the upstream is down.
    pub(crate) stale: Option<bool>,
    /// Who said so, for people.
    pub(crate) fuente: Option<String>,
    /// When the upstream said so, Lima time.
    pub(crate) consultado_en: Option<String>,
    /// Identifier of the request.
    pub(crate) request_id: String,
}

/// One finding.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct FindingData {
    /// SUNAT's code, or one of Chaski's.
    pub(crate) codigo: String,
    /// How bad it is.
    pub(crate) severidad: String,
    /// What is wrong, for people.
    pub(crate) mensaje: String,
}

/// A legal representative.
#[derive(ToSchema)]
#[expect(
    dead_code,
    reason = "describes how the client's `Representative` is written"
)]
pub(crate) struct RepresentativeData {
    /// Kind of the identity document, such as `DNI`.
    pub(crate) documento: Option<String>,
    /// Number of the document.
    pub(crate) dni: Option<String>,
    /// Surnames and names.
    pub(crate) nombre: Option<String>,
    /// Position, such as `GERENTE GENERAL`.
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
    /// SUNAT's estado, such as `ACTIVO`.
    pub(crate) estado: Option<String>,
    /// SUNAT's condición, such as `HABIDO`.
    pub(crate) condicion: Option<String>,
    /// Kind of taxpayer.
    pub(crate) tipo: Option<String>,
    /// Main activity, CIIU revision 3.
    pub(crate) actividad_economica_rev3_principal: Option<String>,
    /// Second activity, CIIU revision 3.
    pub(crate) actividad_economica_rev3_secundaria: Option<String>,
    /// Main activity, CIIU revision 4.
    pub(crate) actividad_economica_rev4_principal: Option<String>,
    /// Number of workers.
    pub(crate) numero_trabajadores: Option<String>,
    /// How it invoices.
    pub(crate) tipo_facturacion: Option<String>,
    /// How it keeps its books.
    pub(crate) tipo_contabilidad: Option<String>,
    /// Foreign trade.
    pub(crate) comercio_exterior: Option<String>,
    /// Month of these data, `AAAAMM`.
    pub(crate) periodo: Option<String>,
}

/// Whether a RUC is on SUNAT's lists.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ListsData {
    /// Whether both lists could be asked.
    pub(crate) success: bool,
    /// 11 digits.
    pub(crate) ruc: String,
    /// In the register of withholding agents?
    pub(crate) agente_de_retencion: ListData,
    /// In the register of good taxpayers?
    pub(crate) buen_contribuyente: ListData,
    /// Identifier of the request.
    pub(crate) request_id: String,
}

/// One list.
#[derive(Serialize, Deserialize, ToSchema)]
pub(crate) struct ListData {
    /// Whether it is on the list.
    pub(crate) figura: bool,
    /// `AAAA-MM-DD`.
    pub(crate) a_partir_del: Option<String>,
    /// Resolution by which it entered.
    pub(crate) resolucion: Option<String>,
}

impl ListsData {
    pub(crate) fn of(ruc: Ruc, lists: &Lists, request_id: String) -> ListsData {
        ListsData {
            success: true,
            ruc: ruc.as_str().to_owned(),
            agente_de_retencion: ListData::of(lists.agente_de_retencion.as_ref()),
            buen_contribuyente: ListData::of(lists.buen_contribuyente.as_ref()),
            request_id,
        }
    }

    /// The lists of that number; none where they are another's.
    pub(crate) fn lists(self, ruc: Ruc) -> Option<Lists> {
        (self.ruc == ruc.as_str()).then(|| Lists {
            agente_de_retencion: self.agente_de_retencion.member(),
            buen_contribuyente: self.buen_contribuyente.member(),
        })
    }
}

impl ListData {
    pub(crate) fn of(member: Option<&Membership>) -> ListData {
        ListData {
            figura: member.is_some(),
            a_partir_del: member.and_then(|it| Some(it.a_partir_del?.to_string())),
            resolucion: member.and_then(|it| it.resolucion.clone()),
        }
    }

    fn member(self) -> Option<Membership> {
        self.figura.then(|| Membership {
            nombre_o_razon_social: None,
            a_partir_del: self.a_partir_del.and_then(|it| it.parse().ok()),
            resolucion: self.resolucion,
        })
    }
}
