//! How answers of Nubefact are read: whatever form its values come in, and nothing lost.

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value};

use super::operation::{NubefactId, NubefactKind};
use crate::RawAnswer;

/// Nubefact's word on one document, with every field that came. Fields are read in any form that they
/// have been seen in: numbers and booleans as text, `""` and null as absent.
///
/// `Debug` shows the state and no more: the QR text holds the customer's number, and whoever has a link
/// has the document.
///
/// ```
/// use chaski_client::{NubefactReply, NubefactState};
/// let reply = NubefactReply::from_json(br#"{"serie":"FFF1","numero":"12","aceptada_por_sunat":"true",
///     "sunat_responsecode":0,"enlace_del_cdr":"","nuevo":[1]}"#).unwrap();
/// assert_eq!((reply.serie(), reply.numero()), (Some("FFF1".into()), Some(12)));
/// assert_eq!(reply.state(), NubefactState::Accepted);
/// assert_eq!((reply.text("enlace_del_cdr"), reply.text("nuevo")), (None, None));
/// assert!(reply.fields().contains_key("nuevo"));
/// ```
#[derive(Clone, PartialEq)]
pub struct NubefactReply {
    fields: Map<String, Value>,
}

impl NubefactReply {
    /// Reads a JSON object; none where it is something else.
    pub fn from_json(body: &[u8]) -> Option<NubefactReply> {
        let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
        match serde_json::from_slice(body).ok()? {
            Value::Object(fields) => Some(NubefactReply { fields }),
            _ => None,
        }
    }

    /// The reply with these fields.
    pub(crate) fn of_fields(fields: Map<String, Value>) -> NubefactReply {
        NubefactReply { fields }
    }

    /// Every field as it came, known or not.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// The same as JSON.
    pub fn to_json(&self) -> Vec<u8> {
        Value::Object(self.fields.clone()).to_string().into_bytes()
    }

    /// A field. Real answers repeat most of them in `invoice`, which stands in for what is missing.
    fn value(&self, name: &str) -> Option<&Value> {
        let says_something = |value: &&Value| match value {
            Value::Null => false,
            Value::String(text) => !text.trim().is_empty(),
            _ => true,
        };
        let nested = || self.fields.get("invoice")?.as_object()?.get(name);
        let own = self.fields.get(name).filter(says_something);
        own.or_else(|| nested().filter(says_something))
    }

    /// A field as text; none where it is absent, null, empty or no plain value.
    pub fn text(&self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(value) => Some(value.to_string()),
            _ => None,
        }
    }

    /// A field as a whole number.
    pub fn number(&self, name: &str) -> Option<u32> {
        let text = self.text(name)?;
        text.strip_suffix(".0").unwrap_or(&text).parse().ok()
    }

    /// A field as yes or no.
    pub fn boolean(&self, name: &str) -> Option<bool> {
        match self.text(name)?.to_ascii_lowercase().as_str() {
            "true" | "1" | "si" | "sí" => Some(true),
            "false" | "0" | "no" => Some(false),
            _ => None,
        }
    }

    /// `serie`, upper case.
    pub fn serie(&self) -> Option<String> {
        Some(self.text("serie")?.to_ascii_uppercase())
    }

    /// `numero`.
    pub fn numero(&self) -> Option<u32> {
        self.number("numero")
    }

    /// What `tipo_de_comprobante` says.
    pub fn kind(&self) -> Option<NubefactKind> {
        NubefactKind::of_number(self.number("tipo_de_comprobante")?)
    }

    /// The text of the QR code.
    pub fn qr(&self) -> Option<String> {
        self.text("cadena_para_codigo_qr")
            .or_else(|| self.text("codigo_de_barras"))
    }

    /// `codigo_hash`, which newer answers also call `digest_value`.
    pub fn hash(&self) -> Option<String> {
        self.text("codigo_hash")
            .or_else(|| self.text("digest_value"))
    }

    /// The number of the ticket under which SUNAT works on a void.
    pub fn ticket(&self) -> Option<String> {
        self.text("sunat_ticket_numero")
    }

    /// Whether it is about that document. A retención and a percepción have no kind to compare; of the
    /// others, what `tipo_de_comprobante` does not say the QR text may.
    pub(crate) fn is_of(&self, id: &NubefactId) -> bool {
        let same_name =
            self.serie().is_some_and(|it| it == *id.serie) && self.numero() == Some(id.numero);
        if !same_name || id.kind.number().is_none() {
            return same_name;
        }
        match self.text("tipo_de_comprobante") {
            Some(_) => self.kind() == Some(id.kind),
            None => self.qr().is_some_and(|qr| {
                let tipo = qr.split('|').nth(1).map(str::trim);
                tipo == Some(id.kind.catalog_01())
            }),
        }
    }

    fn refusal_text(&self) -> Option<String> {
        text_of(
            self.fields
                .get("errors")
                .or_else(|| self.fields.get("error"))?,
        )
    }
}

impl fmt::Debug for NubefactReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.serie().zip(self.numero());
        let name = name.map(|(serie, numero)| format!("{serie}-{numero}"));
        f.debug_struct("NubefactReply")
            .field("name", &name.unwrap_or_default())
            .field("state", &self.state())
            .finish_non_exhaustive()
    }
}

/// A "no" of Nubefact. Its words may repeat the customer's number, so `Debug` leaves them out.
#[derive(Clone, PartialEq, Eq)]
pub struct NubefactRefusal {
    /// `codigo`, where there was one.
    pub codigo: Option<u16>,
    /// `errors`; several are joined by `|`, as Nubefact itself does.
    pub text: String,
}

impl fmt::Debug for NubefactRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("NubefactRefusal");
        shown.field("codigo", &self.codigo).finish_non_exhaustive()
    }
}

/// Longest words of a refusal that are kept.
const MOST_CHARACTERS: usize = 2_000;

/// A whole answer, before anybody has said what it means for the document.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) said: Said,
}

#[derive(Debug, Clone)]
pub(crate) enum Said {
    /// An object without `errors`.
    Reply(NubefactReply),
    Refusal(NubefactRefusal),
    /// HTML, cut off, empty, no object.
    Garbage,
}

impl Heard {
    /// Whatever the `Content-Type` says: it has been seen wrong.
    pub(crate) fn of(answer: &RawAnswer) -> Heard {
        let said = match NubefactReply::from_json(&answer.body) {
            None => Said::Garbage,
            Some(reply) => refusal_of(&reply).map_or(Said::Reply(reply), Said::Refusal),
        };
        Heard {
            status: answer.status,
            retry_after: answer.retry_after(),
            said,
        }
    }

    pub(crate) fn refusal(&self) -> Option<&NubefactRefusal> {
        match &self.said {
            Said::Refusal(refusal) => Some(refusal),
            _ => None,
        }
    }
}

fn refusal_of(reply: &NubefactReply) -> Option<NubefactRefusal> {
    let codigo = reply
        .number("codigo")
        .and_then(|codigo| u16::try_from(codigo).ok());
    let text = reply.refusal_text();
    // A document's own answer has neither.
    if text.is_none() && (codigo.is_none() || reply.serie().is_some()) {
        return None;
    }
    let text: String = text.unwrap_or_default();
    Some(NubefactRefusal {
        codigo,
        text: chaski_core::clean(&text)
            .chars()
            .take(MOST_CHARACTERS)
            .collect(),
    })
}

/// A text, a list of texts, or an object of lists, as frameworks write validation errors.
fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Array(parts) => joined(parts.iter().filter_map(text_of)),
        Value::Object(fields) => joined(fields.iter().filter_map(|(name, value)| {
            let text = text_of(value)?;
            Some(format!("{name}: {text}"))
        })),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) => String::new(),
    };
    Some(text).filter(|text| !text.is_empty())
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(" | ")
}
