//! A document as it is sent: the caller's JSON, read once for what identifies it and otherwise untouched,
//! so that no decimal and no text changes on the way.

use chaski_core::{Ruc, text};
use std::fmt;

use bytes::Bytes;
use chaski_core::invoicing::TaxDocument;
use compact_str::CompactString;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::likeness::{Likeness, SentDocument, compare};
use super::operation::{MOST_NUMERO, NubefactId, NubefactKind, NubefactOperation, usable_serie};
use super::read::NubefactReply;
use crate::Error;

/// Largest request that is sent.
const MOST_BYTES: usize = 8 * 1024 * 1024;

/// A document ready to be issued, in Nubefact's JSON. It may lack its `numero`, which is then taken from
/// its series when it is sent. `Debug` shows its name alone: the rest is the customer's.
///
/// ```
/// use chaski_client::{NubefactDocument, NubefactKind};
/// let json = br#"{"operacion":"generar_comprobante","tipo_de_comprobante":"1","serie":"FFF1",
///     "numero":"","total":"118.00"}"#;
/// let document = NubefactDocument::from_json(json)?;
/// assert_eq!((document.kind(), document.numero()), (NubefactKind::Factura, None));
/// let sent = document.with_numero(7);
/// assert!(sent.starts_with(br#"{"operacion":"generar_comprobante""#));
/// assert!(String::from_utf8_lossy(&sent).contains(r#""numero":7,"total":"118.00"}"#));
/// # Ok::<(), chaski_client::Error>(())
/// ```
#[derive(Clone)]
pub struct NubefactDocument {
    kind: NubefactKind,
    serie: CompactString,
    numero: Option<u32>,
    /// The JSON up to its number, and from there on; all of it in the first where the number is given.
    head: Bytes,
    tail: Bytes,
}

impl NubefactDocument {
    /// A document that core has checked, as it is sent.
    ///
    /// ```
    /// # fn run(checked: &chaski_core::invoicing::TaxDocument) -> Result<(), chaski_client::Error> {
    /// use chaski_client::NubefactDocument;
    /// let document = NubefactDocument::of(checked)?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn of(document: &TaxDocument) -> Result<NubefactDocument, Error> {
        NubefactDocument::from_json(&document.to_bytes())
    }

    /// Reads the request of one of the four operations that issue.
    pub fn from_json(json: &[u8]) -> Result<NubefactDocument, Error> {
        if json.len() > MOST_BYTES {
            return Err(Error::invalid(text!(
                "el documento pasa de 8 MiB; revíselo o divídalo",
                "the document is over 8 MiB; check it or divide it"
            )));
        }
        let members: Members<'_> = serde_json::from_slice(json).map_err(not_json)?;
        let operation: NubefactOperation =
            members.text("operacion")?.unwrap_or_default().parse()?;
        if !operation.issues() {
            return Err(Error::invalid(text!(
                "«operacion» es {operation}, que no emite un documento; aquí va una que empiece con generar_ (una anulación se pide aparte)",
                "\"operacion\" is {operation}, which issues no document; one that begins with generar_ belongs here (a void is asked for apart)"
            )));
        }
        let kind = kind_of(operation, &members)?;
        let serie = usable_serie(&members.text("serie")?.unwrap_or_default())?;
        let numero = members.number("numero")?;
        if let Some(numero) = numero {
            NubefactId::new(kind, &serie, numero)?;
        }
        let (head, tail) = match numero {
            Some(_) => (Bytes::copy_from_slice(json.trim_ascii()), Bytes::new()),
            None => members.around_numero(),
        };
        Ok(NubefactDocument {
            kind,
            serie,
            numero,
            head,
            tail,
        })
    }

    /// The bytes of a request about a document that has its name.
    pub(crate) fn frozen(id: &NubefactId, body: Bytes) -> NubefactDocument {
        NubefactDocument {
            kind: id.kind,
            serie: id.serie.clone(),
            numero: Some(id.numero),
            head: body,
            tail: Bytes::new(),
        }
    }

    /// What it is.
    pub fn kind(&self) -> NubefactKind {
        self.kind
    }

    /// Its series, upper case.
    pub fn serie(&self) -> &str {
        &self.serie
    }

    /// Its number, where the caller gave one.
    pub fn numero(&self) -> Option<u32> {
        self.numero
    }

    /// What is sent under a number. A document with a number of its own has these bytes only.
    pub fn with_numero(&self, numero: u32) -> Bytes {
        if self.numero.is_some() {
            return self.head.clone();
        }
        let digits = numero.to_string();
        [&self.head[..], digits.as_bytes(), &self.tail[..]]
            .concat()
            .into()
    }

    /// Whether what Nubefact has under a number of this series is this document, for a document that somebody
    /// else may have sent: an earlier copy of this data, or another system.
    pub fn likeness(&self, id: &NubefactId, issuer: &Ruc, reply: &NubefactReply) -> Likeness {
        let body = self.with_numero(id.numero);
        let issuer = Some(issuer);
        compare(
            SentDocument {
                id,
                body: &body,
                issuer,
            },
            reply,
        )
    }

    /// The same once more without the number that it will get, to be kept and read again with
    /// [`from_json`](NubefactDocument::from_json).
    pub fn to_json(&self) -> Bytes {
        match self.numero {
            Some(_) => self.head.clone(),
            None => [&self.head[..], b"null", &self.tail[..]].concat().into(),
        }
    }

    /// A hash of its content without the number that it will get: the idempotency key of a caller who
    /// has none. The same content twice is then one document.
    pub fn content_hash(&self) -> CompactString {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&(self.head.len() as u64).to_le_bytes());
        hasher.update(&self.head);
        hasher.update(&self.tail);
        hasher.finalize().to_hex().as_str().into()
    }
}

impl fmt::Debug for NubefactDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NubefactDocument({:?} {}", self.kind, self.serie)?;
        match self.numero {
            Some(numero) => write!(f, "-{numero})"),
            None => f.write_str(")"),
        }
    }
}

fn kind_of(operation: NubefactOperation, members: &Members<'_>) -> Result<NubefactKind, Error> {
    let of_operation = |kind: &NubefactKind| kind.issuing() == operation;
    if !operation.has_kind() {
        let kind = NubefactKind::ALL.into_iter().find(of_operation);
        return kind.ok_or_else(wrong_kind);
    }
    members
        .number("tipo_de_comprobante")?
        .and_then(NubefactKind::of_number)
        .filter(of_operation)
        .ok_or_else(wrong_kind)
}

fn wrong_kind() -> Error {
    Error::invalid(text!(
        "«tipo_de_comprobante» es 1 factura, 2 boleta, 3 nota de crédito o 4 nota de débito; en una guía, 7 remitente u 8 transportista",
        "\"tipo_de_comprobante\" is 1 factura, 2 boleta, 3 nota de crédito or 4 nota de débito; of a guía, 7 remitente or 8 transportista"
    ))
}

#[expect(clippy::needless_pass_by_value, reason = "the form that map_err wants")]
fn not_json(error: serde_json::Error) -> Error {
    // The library's own text may repeat a value of the document: only the place is told.
    let (line, column) = (error.line(), error.column());
    Error::invalid(text!(
        "el documento no es un objeto JSON legible (línea {line}, columna {column}); revise comillas y comas, y que ningún campo venga dos veces",
        "the document is not a readable JSON object (line {line}, column {column}); check quotes and commas, and that no field comes twice"
    ))
}

/// The members of a JSON object, each value as it is written.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'a> Members<'a> {
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        let found = self.0.iter().find(|(own, _)| own == name)?;
        Some(found.1)
    }

    /// A text, or a number as text; none where it is absent, null or empty.
    fn text(&self, name: &str) -> Result<Option<String>, Error> {
        let Some(raw) = self.get(name) else {
            return Ok(None);
        };
        let value: serde_json::Value = serde_json::from_str(raw.get()).map_err(not_json)?;
        let text = match value {
            serde_json::Value::Null => return Ok(None),
            serde_json::Value::String(text) => text.trim().to_owned(),
            serde_json::Value::Number(number) => number.to_string(),
            _ => return Err(not_plain(name)),
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    fn number(&self, name: &str) -> Result<Option<u32>, Error> {
        let Some(text) = self.text(name)? else {
            return Ok(None);
        };
        let digits = text.strip_suffix(".0").unwrap_or(&text);
        let is_plain = digits.len() <= 16 && digits.bytes().all(|b| b.is_ascii_digit());
        let number = digits.parse::<u32>().ok();
        match number {
            Some(number) if is_plain && number <= MOST_NUMERO => Ok(Some(number)),
            _ => Err(not_plain(name)),
        }
    }

    /// The same object with room for a number, which stands where it stood, or after the series.
    fn around_numero(&self) -> (Bytes, Bytes) {
        let (mut head, mut tail) = (String::from("{"), String::new());
        let has_numero = self.get("numero").is_some();
        let place = if has_numero { "numero" } else { "serie" };
        let mut passed = false;
        for (name, value) in &self.0 {
            let text = if passed { &mut tail } else { &mut head };
            if passed || text.len() > 1 {
                text.push(',');
            }
            text.push_str(&serde_json::Value::from(name.as_str()).to_string());
            text.push(':');
            if name == "numero" {
                passed = true;
                continue;
            }
            text.push_str(value.get());
            if name == place {
                text.push_str(",\"numero\":");
                passed = true;
            }
        }
        tail.push('}');
        (head.into(), tail.into())
    }
}

fn not_plain(name: &str) -> Error {
    Error::invalid(text!(
        "«{name}» debe ser un número o un texto simple",
        "\"{name}\" must be a plain number or text"
    ))
}

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'de>, D::Error> {
        struct AllMembers;

        impl<'de> Visitor<'de> for AllMembers {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
                let mut members: Vec<(String, &'de RawValue)> = Vec::with_capacity(64);
                let mut names = std::collections::HashSet::new();
                while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
                    // Which of two counts differs from reader to reader.
                    if !names.insert(name.clone()) {
                        return Err(serde::de::Error::custom("a field comes twice"));
                    }
                    members.push((name, value));
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(AllMembers)
    }
}

#[cfg(test)]
mod tests {
    use super::NubefactDocument;

    #[track_caller]
    fn check(json: &str, expected: &str) {
        let document = NubefactDocument::from_json(json.as_bytes()).expect(json);
        let sent = document.with_numero(42);
        assert_eq!(String::from_utf8_lossy(&sent), expected);
        serde_json::from_slice::<serde_json::Value>(&sent).expect("JSON");
    }

    #[test]
    fn everything_but_the_number_goes_as_it_came() {
        let begin = r#"{"operacion":"generar_comprobante","tipo_de_comprobante":1,"serie":"FFF1""#;
        let rest =
            r#""precio":13.994799999999998,"x":"a\u0022<&> ñ","y":1e3,"items":[{"numero":""}]}"#;
        for numero in [
            "",
            r#""numero":"","#,
            r#""numero":null,"#,
            r#""numero": "" ,"#,
        ] {
            check(
                &format!("  {begin},{numero}{rest}\n"),
                &format!("{begin},\"numero\":42,{rest}"),
            );
        }
        // Number first, number last, and one of the caller's.
        let first = r#"{"numero":null,"serie":"F001","tipo_de_comprobante":"01","operacion":"generar_comprobante"}"#;
        check(first, &first.replace("null", "42"));
        let last = r#"{"serie":"R001","operacion":"generar_retencion"}"#;
        check(
            last,
            r#"{"serie":"R001","numero":42,"operacion":"generar_retencion"}"#,
        );
        let own = format!("{begin},  \"numero\" : \"7\" ,{rest}");
        check(&own, &own);
    }

    #[test]
    fn what_does_not_name_a_document_is_refused() {
        let of = |members: &str| NubefactDocument::from_json(format!("{{{members}}}").as_bytes());
        for members in [
            "",
            r#""operacion":"generar""#,
            r#""operacion":"generar_comprobante""#,
            r#""operacion":"generar_comprobante","tipo_de_comprobante":7,"serie":"FFF1""#,
            r#""operacion":"generar_guia","tipo_de_comprobante":1,"serie":"TTT1""#,
            r#""operacion":"generar_guia","tipo_de_comprobante":7,"serie":"TT-1""#,
            r#""operacion":"generar_retencion","serie":"RRR1","numero":0"#,
            r#""operacion":"generar_retencion","serie":"RRR1","numero":-1"#,
            r#""operacion":"generar_retencion","serie":"RRR1","numero":"1e3""#,
            r#""operacion":"generar_retencion","serie":"RRR1","numero":100000000"#,
            r#""operacion":"generar_retencion","serie":"RRR1","numero":[1]"#,
            r#""operacion":"generar_retencion","serie":"RRR1","serie":"RRR2""#,
            r#""operacion":"consultar_guia","tipo_de_comprobante":7,"serie":"TTT1","numero":1"#,
        ] {
            let error = of(members).expect_err(members);
            assert!(error.is_invalid(), "{members}: {error}");
        }
        let deep = format!("\"x\":{}1{}", "[".repeat(10_000), "]".repeat(10_000));
        assert!(of(&deep).is_err());
        for body in ["", "[]", "\"x\"", "{\"a\":}", "\u{feff}{}"] {
            assert!(
                NubefactDocument::from_json(body.as_bytes()).is_err(),
                "{body}"
            );
        }
    }

    #[test]
    fn the_same_content_is_the_same_key() {
        let of = |rest: &str| {
            let json = format!(r#"{{"operacion":"generar_retencion","serie":"RRR1"{rest}}}"#);
            NubefactDocument::from_json(json.as_bytes())
                .expect("a document")
                .content_hash()
        };
        assert_eq!(of(""), of(""));
        assert_ne!(of(r#","total":1"#), of(r#","total":2"#));
        assert_ne!(of(r#","numero":1"#), of(r#","numero":2"#));
    }
}
