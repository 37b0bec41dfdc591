//! The simple form: what a person or a shop system knows of a sale; totals are computed.
//!
//! Spanish keys, decimals as text or numbers, dates `AAAA-MM-DD`, codes of SUNAT's catalogues
//! (invoicing.md §1). The types are the JSON Schema ([`draft_schema`]).

use jiff::civil::Date;
use rust_decimal::Decimal;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::Serialize;

use super::kind::DocumentKind;
use super::value::JsonValue;

/// A decimal in the schema: text or number.
struct DecimalForm;

/// A date in the schema: `AAAA-MM-DD`.
struct DateForm;

/// A factura, boleta or note in the simple form. Absent values are `None`, empty or `false`.
///
/// `Debug` shows neither customer nor items.
///
/// ```
/// use chaski_core::invoicing::{DocumentKind, Draft, DraftItem, Known, check_draft};
/// let draft = Draft {
///     tipo: Some(DocumentKind::Boleta),
///     serie: Some("BBB1".into()),
///     precios_con_igv: Some(true),
///     items: vec![DraftItem {
///         descripcion: Some("POLO".into()),
///         cantidad: Some("1".parse()?),
///         precio: Some("118".parse()?),
///         ..DraftItem::default()
///     }],
///     ..Draft::default()
/// };
/// let now = "2026-11-27T12:00:00-05:00".parse()?;
/// let checked = check_draft(&draft, now, &Known::default());
/// let document = checked.sendable().expect("nothing is wrong with it");
/// assert_eq!(document.igv(), "18.00".parse()?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Comprobante de Chaski, forma simple")]
pub struct Draft {
    /// Qué se emite.
    #[schemars(with = "String", required, extend("enum" = ["factura", "boleta", "nota_credito", "nota_debito"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tipo: Option<DocumentKind>,
    /// RUC del emisor; si falta, el único configurado.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub emisor: Option<String>,
    /// Serie; si falta, la primera de ese tipo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serie: Option<String>,
    /// Número; si falta, lo da Chaski.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numero: Option<u32>,
    /// Fecha de emisión; si falta, hoy en Lima.
    #[schemars(with = "Option<DateForm>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fecha: Option<Date>,
    /// Fecha de vencimiento.
    #[schemars(with = "Option<DateForm>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub vencimiento: Option<Date>,
    /// A quién se vende.
    #[serde(skip_serializing_if = "DraftCustomer::is_empty")]
    pub cliente: DraftCustomer,
    /// PEN, USD, EUR o GBP; PEN si falta, y en notas la del documento que se modifica.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["PEN", "USD", "EUR", "GBP"]))]
    pub moneda: Option<String>,
    /// Soles por unidad de la moneda; si falta, el publicado para el día.
    #[schemars(with = "Option<DecimalForm>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tipo_de_cambio: Option<Decimal>,
    /// Porcentaje de IGV; si falta, el de la fecha y el emisor.
    #[schemars(with = "Option<DecimalForm>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub igv: Option<Decimal>,
    /// `true`: precios y descuentos incluyen IGV; `false`: ninguno lo incluye.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precios_con_igv: Option<bool>,
    /// Las líneas.
    pub items: Vec<DraftItem>,
    /// Descuento sobre el total.
    #[schemars(with = "Option<DecimalForm>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub descuento_global: Option<Decimal>,
    /// Otros cargos sobre el total, que no llevan IGV.
    #[schemars(with = "Option<DecimalForm>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otros_cargos: Option<Decimal>,
    /// Lo que se pagó por anticipado y aquí se liquida.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub anticipos: Vec<DraftAdvance>,
    /// El documento es un anticipo.
    #[serde(skip_serializing_if = "is_false")]
    pub es_anticipo: bool,
    /// Venta al crédito: sus cuotas.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cuotas: Vec<DraftInstalment>,
    /// Detracción; el monto en soles se calcula.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detraccion: Option<DraftDetraction>,
    /// Porcentaje de retención: 3 o 6.
    #[schemars(with = "Option<DecimalForm>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retencion: Option<Decimal>,
    /// Porcentaje de percepción: 2, 1 o 0.5.
    #[schemars(with = "Option<DecimalForm>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub percepcion: Option<Decimal>,
    /// De una nota: por qué, y sobre qué documento.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nota: Option<DraftNote>,
    /// Es una exportación.
    #[serde(skip_serializing_if = "is_false")]
    pub exportacion: bool,
    /// Texto libre, hasta 1000 caracteres.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1000))]
    pub observaciones: Option<String>,
    /// Orden de compra o servicio, hasta 20 caracteres.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub orden_compra: Option<String>,
    /// Placa del vehículo, hasta 8 caracteres.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 8))]
    pub placa: Option<String>,
    /// A4, A5 o TICKET; si falta, lo que diga la cuenta.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["A4", "A5", "TICKET"]))]
    pub formato_pdf: Option<String>,
    /// Enviar PDF y XML a los correos del cliente.
    #[serde(skip_serializing_if = "is_false")]
    pub enviar_al_cliente: bool,
    /// Identificador propio, hasta 100 caracteres, único por emisor.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub referencia: Option<String>,
}

/// The customer of a [`Draft`].
///
/// `Debug` shows nothing of it.
///
/// ```
/// use chaski_core::invoicing::DraftCustomer;
/// let customer = DraftCustomer { numero: Some("00000001".into()), ..Default::default() };
/// assert_eq!(format!("{customer:?}"), "DraftCustomer");
/// ```
#[derive(Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftCustomer {
    /// Catálogo 06: 6 RUC, 1 DNI, 4, 7, A, B, 0, G, o `-`. Si falta, lo que diga el largo del número.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(extend("enum" = ["6", "1", "-", "4", "7", "A", "B", "0", "G"]))]
    pub tipo: Option<String>,
    /// Número del documento de identidad.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numero: Option<String>,
    /// Nombre o razón social; se consulta si falta.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub nombre: Option<String>,
    /// Dirección; se consulta si falta.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    pub direccion: Option<String>,
    /// Hasta tres direcciones de correo.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 3))]
    pub correo: Vec<String>,
}

/// A line of a [`Draft`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftItem {
    /// Qué se vende, hasta 250 caracteres.
    #[schemars(with = "String", required, length(max = 250))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub descripcion: Option<String>,
    /// Cuánto, hasta diez decimales.
    #[schemars(with = "DecimalForm", required)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cantidad: Option<Decimal>,
    /// Precio de la unidad, hasta diez decimales; de lo gratuito, su valor referencial.
    #[schemars(with = "DecimalForm", required)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precio: Option<Decimal>,
    /// Unidad de medida, catálogo 03; NIU si falta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unidad: Option<String>,
    /// Código propio.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codigo: Option<String>,
    /// Código de producto de SUNAT, 8 dígitos.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codigo_sunat: Option<String>,
    /// Afectación al IGV, catálogo 07; 10 si falta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub afectacion: Option<String>,
    /// Descuento de la línea, importe.
    #[schemars(with = "Option<DecimalForm>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub descuento: Option<Decimal>,
    /// Descuento de la línea, porcentaje.
    #[schemars(with = "Option<DecimalForm>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub descuento_porcentaje: Option<Decimal>,
    /// Impuesto Selectivo al Consumo.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub isc: Option<DraftExcise>,
    /// Bolsas de plástico que pagan el impuesto.
    #[schemars(with = "Option<DecimalForm>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bolsas: Option<Decimal>,
    /// Otros cargos de la línea, que no llevan IGV.
    #[schemars(with = "Option<DecimalForm>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub otros_cargos: Option<Decimal>,
}

/// ISC of a line: `tasa` or `monto`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftExcise {
    /// Catálogo 08: 01 al valor, 02 monto fijo, 03 precio al público.
    #[schemars(with = "String", required, extend("enum" = ["01", "02", "03"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sistema: Option<String>,
    /// Porcentaje del valor.
    #[schemars(with = "Option<DecimalForm>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tasa: Option<Decimal>,
    /// Monto por unidad.
    #[schemars(with = "Option<DecimalForm>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub monto: Option<Decimal>,
}

/// What was paid in advance, under another document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftAdvance {
    /// Serie del comprobante del anticipo.
    #[schemars(with = "String", required)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub serie: Option<String>,
    /// Su número.
    #[schemars(with = "u32", required)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numero: Option<u32>,
    /// Su total, con IGV.
    #[schemars(with = "DecimalForm", required)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total: Option<Decimal>,
}

/// An instalment of a sale on credit.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftInstalment {
    /// Fecha de pago, posterior a la emisión.
    #[schemars(with = "DateForm", required)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fecha: Option<Date>,
    /// Importe.
    #[schemars(with = "DecimalForm", required)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub importe: Option<Decimal>,
}

/// The detracción of a sale; its amount in soles is computed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftDetraction {
    /// Catálogo 54: código del bien o servicio.
    #[schemars(with = "String", required)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codigo: Option<String>,
    /// Porcentaje; si falta, el usual del código.
    #[schemars(with = "Option<DecimalForm>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub porcentaje: Option<Decimal>,
    /// Catálogo 59; 001 si falta.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub medio_de_pago: Option<String>,
}

/// Why a note is issued, and on which document.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DraftNote {
    /// Catálogo 09 (crédito) o 10 (débito).
    #[schemars(with = "String", required)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub motivo: Option<String>,
    /// Serie y número, como `F001-123`.
    #[schemars(with = "String", required)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub documento: Option<String>,
    /// Explicación, que se imprime.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sustento: Option<String>,
}

/// Keys of the simple form and of its parts, by their place. A test compares them with the schema.
pub(crate) mod keys {
    pub(crate) const DRAFT: &[&str] = &[
        "tipo",
        "emisor",
        "serie",
        "numero",
        "fecha",
        "vencimiento",
        "cliente",
        "moneda",
        "tipo_de_cambio",
        "igv",
        "precios_con_igv",
        "items",
        "descuento_global",
        "otros_cargos",
        "anticipos",
        "es_anticipo",
        "cuotas",
        "detraccion",
        "retencion",
        "percepcion",
        "nota",
        "exportacion",
        "observaciones",
        "orden_compra",
        "placa",
        "formato_pdf",
        "enviar_al_cliente",
        "referencia",
    ];
    pub(crate) const CUSTOMER: &[&str] = &["tipo", "numero", "nombre", "direccion", "correo"];
    pub(crate) const ITEM: &[&str] = &[
        "descripcion",
        "cantidad",
        "precio",
        "unidad",
        "codigo",
        "codigo_sunat",
        "afectacion",
        "descuento",
        "descuento_porcentaje",
        "isc",
        "bolsas",
        "otros_cargos",
    ];
    pub(crate) const EXCISE: &[&str] = &["sistema", "tasa", "monto"];
    pub(crate) const ADVANCE: &[&str] = &["serie", "numero", "total"];
    pub(crate) const INSTALMENT: &[&str] = &["fecha", "importe"];
    pub(crate) const DETRACTION: &[&str] = &["codigo", "porcentaje", "medio_de_pago"];
    pub(crate) const NOTE: &[&str] = &["motivo", "documento", "sustento"];
}

/// The JSON Schema of the simple form, as indented JSON.
///
/// ```
/// let schema = chaski_core::invoicing::draft_schema();
/// assert!(schema.contains("\"precios_con_igv\""));
/// ```
pub fn draft_schema() -> String {
    let schema = SchemaGenerator::default().into_root_schema_for::<Draft>();
    serde_json::to_string_pretty(&schema).expect("a schema is JSON")
}

impl Draft {
    /// Itself as JSON, absent values left out.
    pub(crate) fn to_value(&self) -> JsonValue {
        let text = serde_json::to_vec(self).expect("texts, numbers and lists");
        JsonValue::parse(&text).expect("JSON")
    }
}

impl DraftCustomer {
    /// Whether nothing is said of it.
    pub fn is_empty(&self) -> bool {
        *self == DraftCustomer::default()
    }
}

impl std::fmt::Debug for Draft {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Draft")
            .field("tipo", &self.tipo)
            .field("serie", &self.serie)
            .field("numero", &self.numero)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for DraftCustomer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DraftCustomer")
    }
}

impl JsonSchema for DecimalForm {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": ["number", "string"] })
    }
}

impl JsonSchema for DateForm {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Fecha".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "format": "date" })
    }
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde calls"
)]
fn is_false(flag: &bool) -> bool {
    !flag
}
