//! Issuing what was planned, exactly once.

use std::time::Duration;

use chaski_client::{Blocked, DocumentState, IssueSettled, NubefactState};
use tokio::time::Instant;

use super::{InvoiceError, InvoiceRoom, ReadyInvoice};
use crate::app::AppError;
use crate::app::issuing::{AcceptOptions, TRY_SEAT};
use crate::store::DocumentRow;

/// How long a document that was handed over to another process is waited for, and how often it is looked at.
const HANDED_OVER: (Duration, Duration) = (Duration::from_mins(2), Duration::from_millis(50));

impl InvoiceRoom<'_> {
    /// Issues a planned document, or says how far it has come: it is taken on, and sent by this process if
    /// nobody else issues with this folder; else whoever does is waited for.
    pub async fn issue_invoice(
        &self,
        ready: &ReadyInvoice,
        options: &AcceptOptions,
    ) -> Result<IssueSettled, AppError> {
        // 1. Ours, whatever happens next.
        let handed = self.accept_invoice(ready, options).await?;
        // 2. By us, or by whoever issues.
        match self.app.take_issuer_seat().await? {
            Some(_seat) => self.send_document(&handed.document).await,
            None => self.wait_for(&handed.document).await,
        }
    }

    /// Waits until a document has left the queue, or for as long as anybody would.
    pub(in crate::app) async fn wait_for(
        &self,
        document: &DocumentRow,
    ) -> Result<IssueSettled, AppError> {
        let until = Instant::now() + HANDED_OVER.0;
        let mut seat_at = Instant::now() + TRY_SEAT;
        loop {
            let now = self.app.store.document(document.id).await?;
            let waits = now.as_ref().is_some_and(|it| {
                matches!(it.state, DocumentState::Queued | DocumentState::Sending)
            });
            if !waits || Instant::now() >= until {
                let settled = self.settled_of(now.as_ref().unwrap_or(document)).await?;
                if let Some(settled) = settled {
                    return Ok(settled);
                }
            }
            // Whoever had the seat may have ended since.
            if let Some(now) = now.filter(|_| waits && Instant::now() >= seat_at) {
                seat_at = Instant::now() + TRY_SEAT;
                if let Some(_seat) = self.app.take_issuer_seat().await? {
                    return self.send_document(&now).await;
                }
            }
            tokio::time::sleep(HANDED_OVER.1).await;
        }
    }

    /// What a document came to, as far as it is on record; none before the journal knows of it. Nobody is
    /// asked.
    pub async fn settled_of(
        &self,
        document: &DocumentRow,
    ) -> Result<Option<IssueSettled>, AppError> {
        let key = &document.sheet.clave;
        let entry = self.journal().by_key(self.nubefact.issuer(), key).await;
        let entry = entry.map_err(InvoiceError::from)?;
        let blocked = match (document.state, document.code.as_deref()) {
            (DocumentState::Returned, Some("serie_no_abierta")) => {
                Some(Blocked::SeriesNotOpen(document.series.clone()))
            }
            (DocumentState::Returned, Some("serie_agotada")) => {
                Some(Blocked::SeriesFull(document.series.clone()))
            }
            (DocumentState::Returned, Some("numero_ajeno")) => {
                document.numero.map(Blocked::NumberTheirs)
            }
            (DocumentState::Released, _) => {
                let entry = entry.clone();
                entry.map(|it| Blocked::GivenUp(Box::new(it)))
            }
            _ => None,
        };
        let blocked = blocked.map(IssueSettled::Blocked);
        Ok(blocked.or_else(|| entry.map(|it| self.nubefact.told(&it))))
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
        // It is in the queue as before, which is no fault.
        IssueSettled::NotItsTurn => return None,
        IssueSettled::NotSent { failure, .. } => failure.code(),
        IssueSettled::Blocked(blocked) => blocked_code(blocked),
    })
}

/// The stable code of why a wish cannot be met as it is.
pub(in crate::app) fn blocked_code(blocked: &Blocked) -> &'static str {
    match blocked {
        Blocked::GivenUp(_) => "comprobante_liberado",
        Blocked::OtherContent(_) => "clave_otro_contenido",
        Blocked::NumberUsed(_) => "numero_usado",
        Blocked::NumberTheirs(_) => "numero_ajeno",
        Blocked::SeriesNotOpen(_) => "serie_no_abierta",
        Blocked::SeriesFull(_) => "serie_agotada",
    }
}

/// The stable code of a state in which a document does not stand.
pub fn state_code(state: &NubefactState) -> Option<&'static str> {
    matches!(state, NubefactState::Rejected { .. }).then_some("comprobante_rechazado")
}
