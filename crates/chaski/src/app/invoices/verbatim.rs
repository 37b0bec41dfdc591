//! A document in Nubefact's JSON that is sent as it came, unchecked: Nubefact says what is wrong with it.

use chaski_client::{Error, NubefactDocument};
use chaski_core::invoicing::{JsonValue, TaxDocument};

use super::{ReadyInvoice, document_kind};

impl ReadyInvoice {
    /// A document as it came, under its content as the key; none where it is no readable JSON object,
    /// an error where it names no document that can be issued.
    pub(in crate::app) fn verbatim(json: &[u8]) -> Result<Option<ReadyInvoice>, Error> {
        let Ok(JsonValue::Object(fields)) = JsonValue::parse(json) else {
            return Ok(None);
        };
        let to_send = NubefactDocument::from_json(json)?;
        let document = TaxDocument::new(document_kind(to_send.kind()), fields);
        let codigo = document.fields().present("codigo_unico");
        let codigo = codigo.and_then(JsonValue::as_str).map(str::trim);
        let key = if let Some(codigo) = codigo {
            format!("codigo_unico:{codigo}")
        } else {
            let hash = blake3::hash(&document.content_bytes()).to_hex();
            format!("contenido:{}", &hash[..32])
        };
        Ok(Some(ReadyInvoice {
            numero: to_send.numero(),
            hallazgos: Vec::new(),
            resumed: false,
            credit_limit: None,
            document,
            key,
            to_send,
        }))
    }

    /// The same under a key.
    pub(in crate::app) fn under(self, key: String) -> ReadyInvoice {
        ReadyInvoice { key, ..self }
    }
}
