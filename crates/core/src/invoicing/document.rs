//! A checked document: NubeFact's JSON, with its amounts exact and its bytes the same every time.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::decimal::read_decimal;
use super::kind::DocumentKind;
use super::value::{JsonObject, JsonValue};
use crate::parse_date;

/// A document as NubeFact takes it: fields in their order, amounts as exact JSON numbers, nothing
/// that is absent, unknown fields kept.
///
/// `Debug` shows kind, series and number; never the customer or an amount.
///
/// ```
/// use chaski_core::invoicing::{DocumentKind, JsonValue, TaxDocument};
/// let fields = JsonValue::parse(br#"{"operacion": "generar_comprobante", "tipo_de_comprobante": 1,
///     "serie": "FFF1", "total_igv": 18.00, "total": 118.00}"#)?;
/// let fields = fields.as_object().expect("an object").clone();
/// let document = TaxDocument::new(DocumentKind::Factura, fields);
/// assert_eq!(document.total().map(|it| it.to_string()).as_deref(), Some("118.00"));
/// let sent = document.numbered(12);
/// assert_eq!(sent.id().as_deref(), Some("FFF1-12"));
/// // The number is no part of the content: the same sale has the same content under any number.
/// assert_eq!(sent.content_bytes(), document.content_bytes());
/// # Ok::<(), chaski_core::invoicing::JsonError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct TaxDocument {
    kind: DocumentKind,
    fields: JsonObject,
}

/// The customer of a document.
///
/// `Debug` shows nothing but the kind of identity document.
///
/// ```
/// use chaski_core::invoicing::DocumentCustomer;
/// let customer = DocumentCustomer { tipo: "1", numero: "00000001", nombre: "CLIENTE DE PRUEBA" };
/// assert_eq!(format!("{customer:?}"), "DocumentCustomer(1)");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct DocumentCustomer<'d> {
    /// `cliente_tipo_de_documento`: 6, 1, 4, 7, A, B, 0, G or `-`.
    pub tipo: &'d str,
    /// Number of the identity document.
    pub numero: &'d str,
    /// Name.
    pub nombre: &'d str,
}

/// Kind, series and number of a document that another one names.
///
/// ```
/// use chaski_core::invoicing::{DocumentKind, DocumentName};
/// let name = DocumentName { kind: DocumentKind::Factura, serie: "F001".into(), numero: 7 };
/// assert_eq!(name.to_string(), "F001-7");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentName {
    /// Its kind.
    pub kind: DocumentKind,
    /// Its series.
    pub serie: String,
    /// Its number.
    pub numero: u32,
}

impl TaxDocument {
    /// A document of that kind with these fields, unchecked.
    pub fn new(kind: DocumentKind, fields: JsonObject) -> TaxDocument {
        TaxDocument { kind, fields }
    }

    /// Its kind.
    pub fn kind(&self) -> DocumentKind {
        self.kind
    }

    /// Its fields, as NubeFact names them.
    pub fn fields(&self) -> &JsonObject {
        &self.fields
    }

    /// Its series, upper case.
    pub fn serie(&self) -> Option<&str> {
        self.text("serie")
    }

    /// Its number, once it has one.
    pub fn numero(&self) -> Option<u32> {
        whole(&self.fields, "numero")
    }

    /// Series and number as people write them: `FFF1-12`.
    pub fn id(&self) -> Option<String> {
        Some(format!("{}-{}", self.serie()?, self.numero()?))
    }

    /// The same document under a number.
    #[must_use]
    pub fn numbered(&self, numero: u32) -> TaxDocument {
        let mut fields = self.fields.clone();
        fields.set_after("serie", "numero", JsonValue::number(numero));
        TaxDocument::new(self.kind, fields)
    }

    /// The day of issue, a Lima date.
    pub fn fecha(&self) -> Option<Date> {
        parse_date(self.text("fecha_de_emision")?).ok()
    }

    /// The customer, as far as the document names one.
    pub fn cliente(&self) -> DocumentCustomer<'_> {
        DocumentCustomer {
            tipo: self.text("cliente_tipo_de_documento").unwrap_or("-"),
            numero: self.text("cliente_numero_de_documento").unwrap_or("-"),
            nombre: self.text("cliente_denominacion").unwrap_or(""),
        }
    }

    /// NubeFact's number of the currency: 1 PEN, 2 USD, 3 EUR, 4 GBP.
    pub fn moneda(&self) -> Option<u8> {
        whole(&self.fields, "moneda").and_then(|it| u8::try_from(it).ok())
    }

    /// Total IGV of a sale or a note; zero where the field is absent.
    pub fn igv(&self) -> Decimal {
        self.amount("total_igv").unwrap_or_default()
    }

    /// The total of a sale or a note; of a retención what was withheld, of a percepción what was
    /// perceived. `None` where a document has no total.
    pub fn total(&self) -> Option<Decimal> {
        self.amount(match self.kind {
            DocumentKind::Retencion => "total_retenido",
            DocumentKind::Percepcion => "total_percibido",
            _ => "total",
        })
    }

    /// An amount of the header.
    pub fn amount(&self, name: &str) -> Option<Decimal> {
        read_decimal(self.fields.present(name)?.as_str()?).ok()
    }

    /// What a note modifies, or what a void takes back.
    pub fn names(&self) -> Option<DocumentName> {
        let (tipo, serie, numero) = match self.kind {
            DocumentKind::Anulacion => ("tipo_de_comprobante", "serie", "numero"),
            kind if kind.is_note() => (
                "documento_que_se_modifica_tipo",
                "documento_que_se_modifica_serie",
                "documento_que_se_modifica_numero",
            ),
            _ => return None,
        };
        let tipo = u8::try_from(whole(&self.fields, tipo)?).ok()?;
        Some(DocumentName {
            kind: DocumentKind::of_request("generar_comprobante", Some(tipo))?,
            serie: self.text(serie)?.to_owned(),
            numero: whole(&self.fields, numero)?,
        })
    }

    /// The bytes that are sent: compact JSON in UTF-8. The same document has the same bytes always.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.fields.to_string().into_bytes()
    }

    /// The bytes of which a hash of the content is made: without the number, fields sorted, numbers
    /// without needless zeros. Two documents that say the same have the same.
    pub fn content_bytes(&self) -> Vec<u8> {
        let mut fields = self.fields.canonical();
        if self.kind != DocumentKind::Anulacion {
            fields.remove("numero");
        }
        fields.to_string().into_bytes()
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.fields.present(name)?.as_str()
    }
}

impl std::fmt::Debug for TaxDocument {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TaxDocument")
            .field("kind", &self.kind)
            .field("serie", &self.serie())
            .field("numero", &self.numero())
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for DocumentCustomer<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DocumentCustomer({})", self.tipo)
    }
}

impl std::fmt::Display for DocumentName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}-{}", self.serie, self.numero)
    }
}

/// A whole number, also where it came as text: `1`, `"1"`, `"02"`, `1.0`.
pub(crate) fn whole(fields: &JsonObject, name: &str) -> Option<u32> {
    whole_of(fields.present(name)?)
}

/// The same of one value.
pub(crate) fn whole_of(value: &JsonValue) -> Option<u32> {
    let decimal = read_decimal(value.as_str()?).ok()?;
    u32::try_from(decimal.normalize())
        .ok()
        .filter(|_| decimal.fract().is_zero())
}
