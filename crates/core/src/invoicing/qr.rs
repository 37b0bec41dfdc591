//! The text of a document's QR code, both ways.
//!
//! SUNAT's layout is `RUC|TIPO|SERIE|NUMERO|IGV|TOTAL|AAAA-MM-DD|TIPODOC|NUMDOC|HASH|` (sunat.md §11).
//! NubeFact's has the same fields with blanks round the pipes, the number padded to six digits and the
//! day as `DD/MM/AAAA` (nubefact.md §7.1). It is the only place where NubeFact tells what a document
//! was about when it is asked for it later, so whether a document found there is the one that was sent
//! is decided here.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::catalogs::document_types;
use super::decimal::{read_decimal, to_cents};
use super::document::TaxDocument;
use crate::{Lang, Ruc, parse_date, text};

/// What a QR code says.
///
/// `Debug` shows type, series and number; never the customer or an amount.
///
/// ```
/// use chaski_core::invoicing::QrText;
/// let answered = "20600695771 | 03 | BBB1 | 000001 | 6.69 | 43.80 | 30/07/2026 | 1 | 00000001 | AAA= |";
/// let qr = QrText::parse(answered)?;
/// assert_eq!((qr.serie.as_str(), qr.numero, qr.total.to_string()), ("BBB1", 1, "43.80".into()));
/// assert_eq!(
///     qr.to_sunat(),
///     "20600695771|03|BBB1|1|6.69|43.80|2026-07-30|1|00000001|AAA=|"
/// );
/// assert_eq!(qr.to_nubefact(), answered);
/// # Ok::<(), chaski_core::invoicing::QrError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct QrText {
    /// RUC of the issuer.
    pub ruc: String,
    /// Code of catálogo 01: `01`, `03`, `07`, …
    pub tipo: String,
    /// Series, upper case.
    pub serie: String,
    /// Number, without padding.
    pub numero: u32,
    /// Total IGV.
    pub igv: Decimal,
    /// Total.
    pub total: Decimal,
    /// Day of issue.
    pub fecha: Date,
    /// Kind of the customer's identity document; `-` for nobody.
    pub cliente_tipo: String,
    /// Its number; `-` for nobody.
    pub cliente_numero: String,
    /// Hash of the signed XML, where there is one.
    pub hash: Option<String>,
}

/// A field of a QR text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QrField {
    /// RUC of the issuer.
    Ruc,
    /// Kind of document.
    Tipo,
    /// Series.
    Serie,
    /// Number.
    Numero,
    /// Total IGV.
    Igv,
    /// Total.
    Total,
    /// Day of issue.
    Fecha,
    /// Kind of the customer's document.
    ClienteTipo,
    /// Number of the customer's document.
    ClienteNumero,
}

/// Why a text is not that of a QR code. It holds nothing of the text.
///
/// ```
/// use chaski_core::Lang;
/// use chaski_core::invoicing::{QrError, QrField, QrText};
/// let error = QrText::parse("20600695771|01|F001|1|18.00|118.00|30/02/2026|6|20131312955|");
/// assert_eq!(error, Err(QrError::Field(QrField::Fecha)));
/// assert_eq!(QrText::parse("https://e-factura.sunat.gob.pe/x"), Err(QrError::Link));
/// assert!(QrError::Link.message(Lang::En).contains("guía"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub enum QrError {
    /// Nothing but blanks.
    Empty,
    /// An address, as guías have it.
    Link,
    /// Fewer fields than a QR text has.
    Short,
    /// A field that cannot be read.
    Field(QrField),
}

impl QrField {
    /// Its name in NubeFact's requests.
    pub fn as_str(self) -> &'static str {
        match self {
            QrField::Ruc => "ruc",
            QrField::Tipo => "tipo_de_comprobante",
            QrField::Serie => "serie",
            QrField::Numero => "numero",
            QrField::Igv => "total_igv",
            QrField::Total => "total",
            QrField::Fecha => "fecha_de_emision",
            QrField::ClienteTipo => "cliente_tipo_de_documento",
            QrField::ClienteNumero => "cliente_numero_de_documento",
        }
    }
}

impl QrError {
    /// What is wrong, for people.
    pub fn message(&self, lang: Lang) -> String {
        let text = match self {
            QrError::Empty => text!("el código QR está vacío", "the QR code is empty"),
            QrError::Link => text!(
                "el código QR es un enlace de SUNAT, como el de una guía: no dice importes",
                "the QR code is a link of SUNAT's, like that of a guía: it tells no amounts"
            ),
            QrError::Short => text!(
                "el código QR no tiene los nueve datos que se esperan",
                "the QR code has not the nine fields that are expected"
            ),
            QrError::Field(field) => text!(
                "no se puede leer {} en el código QR",
                "{} cannot be read in the QR code",
                field.as_str()
            ),
        };
        text.pick(lang)
    }
}

impl QrText {
    /// Reads either layout, and what is between them: blanks or none, padded or not, the last pipe or
    /// not, with or without hash, the day in either order, thousands marks in amounts, `-` or nothing
    /// for a customer who is not named.
    pub fn parse(text: &str) -> Result<QrText, QrError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(QrError::Empty);
        }
        if text.contains("://") && !text.contains('|') {
            return Err(QrError::Link);
        }
        let parts: Vec<&str> = text.split('|').map(str::trim).collect();
        let [
            ruc,
            tipo,
            serie,
            numero,
            igv,
            total,
            fecha,
            cliente_tipo,
            cliente_numero,
            rest @ ..,
        ] = &parts[..]
        else {
            return Err(QrError::Short);
        };
        let filled = |part: &str, field| match part {
            "" => Err(QrError::Field(field)),
            part => Ok(part.to_owned()),
        };
        let amount = |part: &str, field| match read_decimal(part) {
            Ok(amount) => Ok(amount),
            // NubeFact leaves a total that does not exist empty.
            Err(_) if part.is_empty() || part == "-" => Ok(Decimal::ZERO),
            Err(_) => Err(QrError::Field(field)),
        };
        let digits = !numero.is_empty() && numero.bytes().all(|byte| byte.is_ascii_digit());
        let number = numero.parse().ok().filter(|_| digits);
        Ok(QrText {
            ruc: filled(ruc, QrField::Ruc)?,
            tipo: format!("{:0>2}", filled(tipo, QrField::Tipo)?),
            serie: filled(serie, QrField::Serie)?.to_uppercase(),
            numero: number.ok_or(QrError::Field(QrField::Numero))?,
            igv: amount(igv, QrField::Igv)?,
            total: amount(total, QrField::Total)?,
            fecha: parse_date(fecha).map_err(|_| QrError::Field(QrField::Fecha))?,
            cliente_tipo: or_dash(cliente_tipo),
            cliente_numero: or_dash(cliente_numero),
            hash: rest
                .first()
                .filter(|it| !it.is_empty())
                .map(|it| (*it).to_owned()),
        })
    }

    /// What the QR code of a document will say once it is issued: no hash yet. `None` while it has no
    /// number, and for voids, reversals and guías, whose QR code is a link.
    pub fn of(document: &TaxDocument, issuer: &Ruc) -> Option<QrText> {
        let kind = document.kind();
        if matches!(document_types::letters(kind), ['T' | 'V']) {
            return None;
        }
        let customer = document.cliente();
        Some(QrText {
            ruc: issuer.as_str().to_owned(),
            tipo: document_types::code(kind)?.to_owned(),
            serie: document.serie()?.to_uppercase(),
            numero: document.numero()?,
            igv: document.igv(),
            total: document.total()?,
            fecha: document.fecha()?,
            cliente_tipo: or_dash(customer.tipo.trim()),
            cliente_numero: or_dash(customer.numero.trim()),
            hash: None,
        })
    }

    /// The fields in which two texts differ. The hash is left out: who sends a document does not
    /// know it yet. Amounts of retenciones and percepciones are left out too, because which of theirs
    /// NubeFact puts there is not established.
    ///
    /// ```
    /// use chaski_core::invoicing::{QrField, QrText};
    /// let sent = QrText::parse("20600695771|01|F001|7|18.00|118.00|2026-11-27|6|20131312955|")?;
    /// let found = QrText::parse(
    ///     "20600695771 | 01 | F001 | 000007 | 18.00 | 118 | 27/11/2026 | 6 | 20131312955 | XX= |")?;
    /// assert!(sent.differences(&found).is_empty());
    /// let stranger = QrText { total: "236.00".parse().expect("an amount"), ..found };
    /// assert_eq!(sent.differences(&stranger), [QrField::Total]);
    /// # Ok::<(), chaski_core::invoicing::QrError>(())
    /// ```
    pub fn differences(&self, other: &QrText) -> Vec<QrField> {
        let has_amounts = !matches!(self.tipo.as_str(), "20" | "40");
        let same_text = |one: &str, two: &str| one.eq_ignore_ascii_case(two);
        let pairs = [
            (QrField::Ruc, self.ruc == other.ruc),
            (QrField::Tipo, self.tipo == other.tipo),
            (QrField::Serie, same_text(&self.serie, &other.serie)),
            (QrField::Numero, self.numero == other.numero),
            (QrField::Igv, !has_amounts || self.igv == other.igv),
            (QrField::Total, !has_amounts || self.total == other.total),
            (QrField::Fecha, self.fecha == other.fecha),
            (
                QrField::ClienteTipo,
                same_text(&self.cliente_tipo, &other.cliente_tipo),
            ),
            (
                QrField::ClienteNumero,
                same_text(&self.cliente_numero, &other.cliente_numero),
            ),
        ];
        let differing = pairs.into_iter().filter(|(_, same)| !same);
        differing.map(|(field, _)| field).collect()
    }

    /// SUNAT's layout, the hash last where there is one.
    pub fn to_sunat(&self) -> String {
        let QrText {
            ruc,
            tipo,
            serie,
            numero,
            fecha,
            cliente_tipo,
            cliente_numero,
            ..
        } = self;
        let (igv, total) = (to_cents(self.igv), to_cents(self.total));
        let hash = self
            .hash
            .as_ref()
            .map_or(String::new(), |it| format!("{it}|"));
        format!(
            "{ruc}|{tipo}|{serie}|{numero}|{igv}|{total}|{fecha}|{cliente_tipo}|{cliente_numero}|{hash}"
        )
    }

    /// NubeFact's layout.
    pub fn to_nubefact(&self) -> String {
        let fields = [
            self.ruc.clone(),
            self.tipo.clone(),
            self.serie.clone(),
            format!("{:06}", self.numero),
            to_cents(self.igv).to_string(),
            to_cents(self.total).to_string(),
            self.fecha.strftime("%d/%m/%Y").to_string(),
            self.cliente_tipo.clone(),
            self.cliente_numero.clone(),
        ];
        let hash = self.hash.iter().cloned();
        let fields: Vec<String> = fields.into_iter().chain(hash).collect();
        format!("{} |", fields.join(" | "))
    }
}

impl std::fmt::Debug for QrText {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "QrText({} {}-{})", self.tipo, self.serie, self.numero)
    }
}

fn or_dash(part: &str) -> String {
    if part.is_empty() { "-" } else { part }.to_owned()
}
