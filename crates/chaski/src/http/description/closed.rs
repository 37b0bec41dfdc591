//! Which fields and parameters have values of a closed set, and the set by a name of its own.

use chaski_client::{AuthForm, CacheDecision, DocumentState, NubefactKind};
use chaski_core::invoicing::catalogs::currencies::Moneda;
use chaski_core::{Currency, RateSource};
use serde_json::{Value, json};

use super::operations;
use crate::app::Mode;
use crate::app::batches::BatchKind;
use crate::app::job_kind::JobKind;
use crate::app::keys::Scope;
use crate::partners::{DocumentType, SunatCondition, SunatState};
use crate::store::{BatchState, JobState, Priority};

/// A set: its name, what it is, its values, and where it stands: a field as `Shape.field`, a parameter
/// by its address and name, or a field of any shape by its name alone.
struct Closed {
    name: &'static str,
    about: &'static str,
    values: Vec<&'static str>,
    places: &'static [&'static str],
}

fn closed(
    name: &'static str,
    about: &'static str,
    values: impl IntoIterator<Item = &'static str>,
    places: &'static [&'static str],
) -> Closed {
    let values = values.into_iter().collect();
    Closed {
        name,
        about,
        values,
        places,
    }
}

const FORMS: [AuthForm; 4] = [
    AuthForm::TokenQuoted,
    AuthForm::TokenPlain,
    AuthForm::Bare,
    AuthForm::Bearer,
];
const DECISIONS: [CacheDecision; 6] = [
    CacheDecision::Miss,
    CacheDecision::Hit,
    CacheDecision::Refused,
    CacheDecision::Shared,
    CacheDecision::Stale,
    CacheDecision::Bypass,
];

#[expect(clippy::too_many_lines, reason = "a table")]
fn all() -> Vec<Closed> {
    let kinds = NubefactKind::ALL.map(NubefactKind::word);
    let mut codes = NubefactKind::ALL.map(NubefactKind::catalog_01).to_vec();
    codes.sort_unstable();
    codes.dedup();
    vec![
        closed(
            "Modo",
            "Whose data they are: real ones, or the sandbox's, which are invented.",
            [Mode::Real, Mode::Sandbox].map(Mode::as_str),
            &["mode"],
        ),
        closed(
            "Prioridad",
            "Which of two lists goes first.",
            Priority::ALL.map(Priority::as_str),
            &["prioridad", "priority"],
        ),
        closed(
            "ClaseDeLote",
            "What a batch does with its list.",
            BatchKind::ALL.map(BatchKind::as_str),
            &["LoteData.clase", "LoteForm.clase"],
        ),
        closed(
            "EstadoDeLote",
            "How a batch stands.",
            BatchState::ALL.map(BatchState::as_str),
            &["LoteData.status"],
        ),
        closed(
            "EstadoDeTrabajo",
            "How a job stands.",
            JobState::ALL.map(JobState::as_str),
            &["JobData.status"],
        ),
        closed(
            "ClaseDeTrabajo",
            "What a job does.",
            JobKind::ALL.map(JobKind::as_str),
            &["JobData.kind", "ScheduledData.kind"],
        ),
        closed(
            "MemoriaDeLlamada",
            "What memory had to do with a call.",
            DECISIONS.map(CacheDecision::as_str),
            &["CallData.cache"],
        ),
        closed(
            "TipoDeComprobante",
            "Kind of a document.",
            kinds,
            &[
                "ComprobanteData.tipo",
                "ComprobanteTold.tipo",
                "SerieData.tipo",
                "SincronizadaData.tipo",
                "SerieWanted.tipo",
                "ListaSumaData.tipo",
                "ListaSerieData.tipo",
                "ListaDocumentoData.tipo",
                "SincronizarWanted.tipo",
                "ComprobantesBuscar.tipo",
                "/comprobantes?tipo",
                "/guias?tipo",
                "/retenciones?tipo",
                "/percepciones?tipo",
                "/por-numero/{tipo}/{serie}/{numero}?tipo",
                "/por-numero/{tipo}/{serie}/{numero}/{archivo}?tipo",
                "/series/{tipo}/{serie}?tipo",
            ],
        ),
        closed(
            "CodigoDeTipo",
            "Kind of a document in SUNAT's catálogo 01.",
            codes,
            &["tipo_sunat"],
        ),
        closed(
            "EstadoDeComprobante",
            "How a document stands.",
            DocumentState::ALL.map(DocumentState::as_str),
            &[
                "ComprobanteData.estado",
                "VoidData.estado",
                "EventoData.estado",
                "ComprobantesBuscar.estado",
                "/comprobantes?estado",
                "/guias?estado",
                "/retenciones?estado",
                "/percepciones?estado",
            ],
        ),
        closed(
            "Severidad",
            "How bad a finding is.",
            ["error", "observacion", "aviso"],
            &["severidad", "severity", "ListaDocumentoData.gravedad"],
        ),
        closed(
            "Nivel",
            "What SUNAT would say of an invoice to it.",
            ["ok", "observado", "rechazado"],
            &["FitnessData.nivel"],
        ),
        closed(
            "SiguientePaso",
            "What happens next by itself.",
            ["emitir", "averiguar", "consultar", "anular"],
            &["NextData.que"],
        ),
        closed(
            "EstadoDeCpe",
            "What SUNAT says of a received document.",
            ["ACEPTADO", "ANULADO", "NO_EXISTE", "DESCONOCIDO"],
            &["CpeData.estado"],
        ),
        closed(
            "Origen",
            "Where an answer came from.",
            ["upstream", "memory", "stale"],
            &["Meta.source"],
        ),
        closed(
            "Interruptor",
            "State of the breaker.",
            ["cerrado", "abierto", "probando"],
            &["UpstreamData.interruptor"],
        ),
        closed(
            "Proveedor",
            "An upstream.",
            ["migo"],
            &["UpstreamData.id", "/proveedores/{id}/cuenta?id"],
        ),
        closed(
            "Moneda",
            "A currency, ISO 4217; read in any case.",
            [Currency::Usd, Currency::Eur].map(Currency::as_str),
            &[
                "RateData.moneda",
                "MigoTipoDeCambio.moneda",
                "OriginalTipoDeCambio.moneda",
                "/tipo-cambio/{fecha}?moneda",
            ],
        ),
        closed(
            "MonedaDeComprobante",
            "Currency of a document, ISO 4217.",
            Moneda::ALL.map(Moneda::iso),
            &["ListaSumaData.moneda", "ListaImporteData.moneda"],
        ),
        closed(
            "FuenteDeTipoDeCambio",
            "Who publishes a rate; read in any case.",
            [RateSource::Sunat, RateSource::Sbs].map(RateSource::as_str),
            &[
                "RateData.origen",
                "OriginalTipoDeCambio.origen",
                "/tipo-cambio/{fecha}?fuente",
            ],
        ),
        closed(
            "SituacionDePartner",
            "Partners that are fit to be invoiced, that are not, or that SUNAT was never asked about.",
            ["aptos", "no_aptos", "nunca"],
            &[
                "PartnersSearched.situacion",
                "/partners?situacion",
                "/partners/exportar?situacion",
            ],
        ),
        closed(
            "PartnersQueActualizar",
            "Those whose time has come, those never checked, or all in use.",
            ["vencidos", "nunca", "todos"],
            &["RefreshWanted.cuales"],
        ),
        closed(
            "TipoDeDocumento",
            "Kind of an identity document.",
            DocumentType::ALL.map(DocumentType::as_str),
            &["PartnerData.document_type", "PartnerWanted.document_type"],
        ),
        closed(
            "EstadoDePartner",
            "A partner's estado, in few words.",
            SunatState::ALL.map(SunatState::as_str),
            &["PartnerData.sunat_state"],
        ),
        closed(
            "CondicionDePartner",
            "A partner's condición, in few words.",
            SunatCondition::ALL.map(SunatCondition::as_str),
            &["PartnerData.sunat_condition"],
        ),
        closed(
            "FormaDeToken",
            "How a token is written into the header.",
            FORMS.map(AuthForm::as_str),
            &["EmpresaData.forma", "EmpresaWanted.forma"],
        ),
        closed(
            "EventoDeLote",
            "Progress, or the last one.",
            ["progreso", "fin"],
            &["LoteEvent.event"],
        ),
        closed(
            "EventoDeComprobante",
            "A change, or the last one.",
            ["cambio", "fin"],
            &["ComprobanteEvent.event"],
        ),
        closed(
            "Salud",
            "Whether it is ready for work, or what is wrong.",
            ["ok", "terminando", "almacen_no_disponible"],
            &["Health.estado"],
        ),
        closed(
            "Formato",
            "Form of a file.",
            ["json", "ndjson", "csv", "xlsx"],
            &["/lotes/{id}/resultados?format", "/partners/exportar?format"],
        ),
        closed(
            "EstadoDeLlave",
            "How a key stands.",
            ["VIGENTE", "VENCIDA", "REVOCADA"],
            &["LlaveData.estado"],
        ),
        closed(
            "FormatoDeTabla",
            "Form of a file.",
            ["json", "csv", "xlsx"],
            &["/consumo?format"],
        ),
        closed(
            "Archivo",
            "A file of a document.",
            ["pdf", "xml", "cdr"],
            &["/por-numero/{tipo}/{serie}/{numero}/{archivo}?archivo"],
        ),
        closed(
            "Permiso",
            "What a key may do.",
            Scope::ALL.map(Scope::as_str),
            &["permisos"],
        ),
    ]
}

/// Puts the sets into the description, and their names where they stand.
pub(super) fn put(document: &mut Value) {
    for closed in all() {
        let mut used = false;
        let mut is_here = |place: &str, name: &str| {
            let whole = format!("{place}.{name}");
            let here = closed.places.iter().any(|it| *it == whole || *it == name);
            used |= here;
            here
        };
        let schemas = document["components"]["schemas"].as_object_mut();
        for (shape, schema) in schemas.into_iter().flatten() {
            let fields = schema.get_mut("properties").and_then(Value::as_object_mut);
            for (name, field) in fields.into_iter().flatten() {
                if is_here(shape, name) {
                    *field = in_its_place(field, closed.name);
                }
            }
        }
        for (path, _, operation) in operations(document) {
            let parameters = operation
                .get_mut("parameters")
                .and_then(Value::as_array_mut);
            for parameter in parameters.into_iter().flatten() {
                let name = parameter["name"].as_str().unwrap_or_default().to_owned();
                let place = format!("{path}?{name}");
                if closed
                    .places
                    .iter()
                    .any(|it| it.contains('?') && place.ends_with(it))
                {
                    used = true;
                    parameter["schema"] = in_its_place(&parameter["schema"], closed.name);
                }
            }
        }
        if used {
            document["components"]["schemas"][closed.name] = json!({
                "type": "string",
                "description": closed.about,
                "enum": closed.values,
            });
        }
    }
}

/// The set in the place of a field that was any text, or of each in a list; null where that was.
fn in_its_place(field: &Value, name: &str) -> Value {
    if let Some(each) = field.get("items") {
        let mut list = field.clone();
        list["items"] = in_its_place(each, name);
        return list;
    }
    let set = json!({ "$ref": format!("#/components/schemas/{name}") });
    let types = field["type"].as_array();
    let or_null = types.is_some_and(|it| it.iter().any(|it| it == "null"));
    let mut new = if or_null {
        json!({ "oneOf": [set, { "type": "null" }] })
    } else {
        set
    };
    for said in ["description", "example"] {
        if let Some(text) = field.get(said) {
            new[said] = text.clone();
        }
    }
    new
}
