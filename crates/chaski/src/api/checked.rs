//! A document that was only looked at.

use chaski_core::Lang;
use chaski_core::invoicing::{CheckedDocument, DocumentKind, JsonValue, TaxDocument};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::issued::DocumentFindingData;
use super::told::ToldData;
use crate::app::invoices::{InvoiceRoom, ReadyInvoice};
use crate::mode::Mode;

/// What a document would be, and what is to be said of it; nothing was sent and no number taken.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = ValidadoData)]
pub(crate) struct CheckedData {
    /// Whether it could be issued as it is.
    pub(crate) emitible: bool,
    /// What would be sent, in Nubefact's JSON.
    #[schema(value_type = Option<Object>)]
    pub(crate) documento: Option<Box<RawValue>>,
    /// What is to be said of it.
    pub(crate) hallazgos: Vec<DocumentFindingData>,
    /// What handing it over would come to, where that was asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ensayo: Option<RehearsalData>,
    /// `real` or `sandbox` (invented data).
    pub(crate) mode: String,
}

impl CheckedData {
    pub(crate) fn of(checked: &CheckedDocument, mode: Mode, lang: Lang) -> CheckedData {
        let findings = checked.hallazgos.iter();
        CheckedData {
            emitible: checked.sendable().is_some(),
            documento: checked.document.as_ref().and_then(exact),
            hallazgos: findings
                .map(|it| DocumentFindingData::of(it, lang))
                .collect(),
            ensayo: None,
            mode: mode.as_str().into(),
        }
    }

    /// One that was issued before.
    pub(crate) fn before(told: ToldData, room: &InvoiceRoom<'_>) -> CheckedData {
        let clave = told.clave.clone().unwrap_or_default();
        CheckedData {
            emitible: true,
            documento: None,
            hallazgos: Vec::new(),
            ensayo: Some(RehearsalData {
                emisor: room.issuer.ruc.as_str().into(),
                clave,
                numero: Some(told.numero),
                retomado: false,
                antes: Some(told),
            }),
            mode: room.mode().as_str().into(),
        }
    }

    /// One that can be handed over.
    pub(crate) fn ready(ready: &ReadyInvoice, room: &InvoiceRoom<'_>, lang: Lang) -> CheckedData {
        let findings = ready.hallazgos.iter();
        CheckedData {
            emitible: true,
            documento: exact(&ready.document),
            hallazgos: findings
                .map(|it| DocumentFindingData::of(it, lang))
                .collect(),
            ensayo: Some(RehearsalData {
                emisor: room.issuer.ruc.as_str().into(),
                clave: ready.key().into(),
                numero: ready.numero,
                retomado: ready.resumed,
                antes: None,
            }),
            mode: room.mode().as_str().into(),
        }
    }

    /// Whether it has errors, so that it is not sent.
    pub(crate) fn has_errors(&self) -> bool {
        self.hallazgos.iter().any(DocumentFindingData::is_error)
    }

    /// The document, read back; none where it is none that is issued.
    pub(crate) fn document(&self) -> Option<TaxDocument> {
        let text = self.documento.as_deref()?.get();
        let JsonValue::Object(fields) = JsonValue::parse(text.as_bytes()).ok()? else {
            return None;
        };
        let text = |name: &str| Some(fields.present(name)?.as_str()?.trim());
        let tipo = text("tipo_de_comprobante").and_then(|it| it.parse().ok());
        let kind = DocumentKind::of_request(text("operacion")?, tipo)?;
        Some(TaxDocument::new(kind, fields))
    }
}

/// What handing a document over would come to.
#[derive(Serialize, Deserialize, ToSchema)]
#[schema(as = EnsayoData)]
pub(crate) struct RehearsalData {
    /// RUC of who would issue it.
    pub(crate) emisor: String,
    /// The key that it would be handed over under: with it, what was looked at is what is issued.
    pub(crate) clave: String,
    /// The number that it would get if nobody takes it before.
    pub(crate) numero: Option<u32>,
    /// Whether an earlier attempt would be gone on with.
    pub(crate) retomado: bool,
    /// The document that it is already; then nothing would be issued.
    pub(crate) antes: Option<ToldData>,
}

/// A document's exact JSON.
fn exact(document: &TaxDocument) -> Option<Box<RawValue>> {
    let text = String::from_utf8(document.to_bytes()).ok()?;
    RawValue::from_string(text).ok()
}
