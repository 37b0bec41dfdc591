//! Issuing what was planned, exactly once.

use chaski_client::{Blocked, Intent, IssueSettled, NubefactState};

use super::{InvoiceError, InvoiceRoom, ReadyInvoice};
use crate::app::AppError;

impl InvoiceRoom<'_> {
    /// Issues a planned document, or says how far it has come: one attempt, and none while an earlier one
    /// is in doubt.
    pub async fn issue_invoice(&self, ready: &ReadyInvoice) -> Result<IssueSettled, AppError> {
        let now = self.app.clock.now();
        let intent = Intent::to_issue(self.nubefact.issuer(), &ready.key, &ready.to_send, now);
        let settled = self.nubefact.settle(intent).await;
        Ok(settled.map_err(InvoiceError::from)?)
    }
}

/// The stable code of what a wish to issue came to; none where the document exists and stands.
pub fn settled_code(settled: &IssueSettled) -> Option<&'static str> {
    Some(match settled {
        IssueSettled::Accepted(issued) => return state_code(&issued.reply.state()),
        IssueSettled::Refused { .. } => "comprobante_devuelto",
        IssueSettled::Held { .. } => "cuenta_en_espera",
        IssueSettled::Conflict { .. } | IssueSettled::Blocked(Blocked::NumberTheirs(_)) => {
            "numero_ajeno"
        }
        IssueSettled::Unknown { .. } => "comprobante_desconocido",
        IssueSettled::NotSent { failure, .. } => failure.code(),
        IssueSettled::Blocked(blocked) => match blocked {
            Blocked::OtherContent(_) => "clave_otro_contenido",
            Blocked::NumberUsed(_) | Blocked::NumberTheirs(_) => "numero_usado",
            Blocked::SeriesNotOpen(_) => "serie_no_abierta",
            Blocked::SeriesFull(_) => "serie_agotada",
        },
    })
}

/// The stable code of a state in which a document does not stand.
pub fn state_code(state: &NubefactState) -> Option<&'static str> {
    matches!(state, NubefactState::Rejected { .. }).then_some("comprobante_rechazado")
}
