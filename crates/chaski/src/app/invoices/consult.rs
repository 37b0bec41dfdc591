//! How a document stands. What is in doubt is decided by this.

use chaski_client::{IssueSettled, NubefactId, NubefactReply, NubefactState};
use chaski_core::Text;

use super::issue::{settled_code, state_code};
use super::known::estado;
use super::{InvoiceError, InvoiceRoom, WantedInvoice, full_name};
use crate::app::AppError;

/// How a document stands.
#[derive(Debug)]
pub struct ConsultedInvoice {
    /// Its name.
    pub id: NubefactId,
    /// Its state.
    pub estado: &'static str,
    /// Nubefact's word on it, where there is one.
    pub reply: Option<NubefactReply>,
    /// Nubefact's word on its void, where it was voided.
    pub void: Option<NubefactReply>,
    /// Whether it was issued from here.
    pub own: bool,
    /// What was decided about an attempt in doubt.
    pub settled: Option<IssueSettled>,
    /// Stable code, where the document does not stand.
    pub code: Option<&'static str>,
}

impl ConsultedInvoice {
    /// What to say besides its state.
    pub fn text(&self) -> Option<Text> {
        let settled = self.settled.as_ref()?;
        Some(Text {
            es: settled.message(chaski_core::Lang::Es),
            en: settled.message(chaski_core::Lang::En),
        })
    }
}

impl InvoiceRoom<'_> {
    /// Asks how a document stands, and decides about an attempt in doubt; nothing is issued by it.
    pub async fn consult_invoice(
        &self,
        wanted: &WantedInvoice,
    ) -> Result<ConsultedInvoice, AppError> {
        let id = self.named(wanted).await?;
        let entry = self.entry_of(&id).await?;
        // 1. In doubt: asking decides.
        if let Some(entry) = entry
            .as_ref()
            .filter(|it| it.is_open() && it.accepted().is_none())
        {
            let settled = self.nubefact.resolve(entry).await;
            let settled = settled.map_err(InvoiceError::from)?;
            return Ok(ConsultedInvoice {
                id,
                estado: settled.estado(),
                reply: settled.issued().map(|it| it.reply.clone()),
                void: None,
                own: true,
                code: settled_code(&settled),
                settled: Some(settled),
            });
        }
        // 2. How it stands, and its void.
        let reply = self.nubefact.consult(&id).await;
        let reply = reply.map_err(InvoiceError::from)?;
        let void_entry = self.void_entry_of(&id).await?;
        let is_voided = |it: &NubefactReply| it.state() == NubefactState::Voided;
        let asks_for_void = void_entry.is_some() || reply.as_ref().is_some_and(is_voided);
        let void = if asks_for_void && id.kind.asking_voided().is_some() {
            let void = self.nubefact.consult_void(&id).await;
            void.map_err(InvoiceError::from)?
        } else {
            None
        };
        // 3. All together.
        let known = self.entry_of(&id).await?;
        if reply.is_none() && known.is_none() {
            return Err(InvoiceError::NoSuchDocument(full_name(&id)).into());
        }
        let state = reply.as_ref().map(NubefactReply::state);
        let voided = void.as_ref().map(NubefactReply::state);
        let estado = match (&state, &voided) {
            (Some(NubefactState::Voided), _)
            | (Some(_), Some(NubefactState::Accepted | NubefactState::Voided)) => "ANULADO",
            (Some(_), Some(NubefactState::Pending | NubefactState::Undelivered { .. })) => {
                "ANULACION_PENDIENTE"
            }
            (Some(state), _) => state.as_str(),
            (None, _) => {
                let void = void_entry.as_ref();
                known.as_ref().map_or("DESCONOCIDO", |it| estado(it, void))
            }
        };
        Ok(ConsultedInvoice {
            code: state.as_ref().and_then(state_code),
            own: known.is_some(),
            settled: None,
            id,
            estado,
            reply,
            void,
        })
    }
}
