//! Voiding a document exactly once.

use chaski_client::{JournalDeed, NubefactId, SeriesName, VoidSettled};
use uuid::Uuid;

use super::{InvoiceError, InvoiceRoom, WantedInvoice, full_name};
use crate::app::AppError;
use crate::app::issuing::VoidOptions;

/// What came of the wish to void a document.
#[derive(Debug)]
pub struct VoidedInvoice {
    /// Its name.
    pub id: NubefactId,
    /// What came of it.
    pub settled: VoidSettled,
}

impl InvoiceRoom<'_> {
    /// Voids a document for a reason, which SUNAT reads; or says why not, or how far it has come.
    pub async fn void_invoice(
        &self,
        wanted: &WantedInvoice,
        motivo: &str,
    ) -> Result<VoidedInvoice, AppError> {
        let options = VoidOptions {
            motivo: motivo.to_owned(),
            ..VoidOptions::default()
        };
        self.void_invoice_with(wanted, &options).await
    }

    /// The same with all that can be said of it.
    pub(super) async fn void_invoice_with(
        &self,
        wanted: &WantedInvoice,
        options: &VoidOptions,
    ) -> Result<VoidedInvoice, AppError> {
        let id = self.named(wanted).await?;
        self.may_be_voided(&id).await?;
        let handed = self.accept_void_with(&id, options).await?;
        let settled = match self.app.take_issuer_seat().await? {
            Some(_seat) => self.void_document(&handed.document).await?,
            None => self.wait_for_void(&handed.document).await?,
        };
        voided(id, settled)
    }

    /// The same where a queue works: whoever issues voids it, and is waited for.
    pub async fn void_by_queue(
        &self,
        wanted: &WantedInvoice,
        motivo: &str,
        key_id: Option<Uuid>,
    ) -> Result<VoidedInvoice, AppError> {
        let id = self.named(wanted).await?;
        self.may_be_voided(&id).await?;
        let handed = self.accept_void(&id, motivo, key_id).await?;
        let settled = self.wait_for_void(&handed.document).await?;
        voided(id, settled)
    }

    /// Refuses the void of what nobody knows whether it exists, and of what does not: nobody takes it on.
    async fn may_be_voided(&self, id: &NubefactId) -> Result<(), AppError> {
        let series = SeriesName::new(self.issuer.ruc.as_str(), id.kind, &id.serie);
        let bearers = self.documents_of_number(&series, id.numero, JournalDeed::Issue);
        let bearers = bearers.await?;
        for bearer in &bearers {
            bearer.must_be_known()?;
        }
        if bearers.iter().any(|it| it.reply.is_some()) {
            return Ok(());
        }
        let reply = self.nubefact.consult(id).await;
        let reply = reply.map_err(InvoiceError::from)?;
        reply.ok_or_else(|| InvoiceError::NoSuchDocument(full_name(id)))?;
        Ok(())
    }
}

fn voided(id: NubefactId, settled: VoidSettled) -> Result<VoidedInvoice, AppError> {
    if matches!(settled, VoidSettled::NotFound) {
        return Err(InvoiceError::NoSuchDocument(full_name(&id)).into());
    }
    Ok(VoidedInvoice { id, settled })
}

impl VoidedInvoice {
    /// Stable code; none where it is voided, or on its way.
    pub fn outcome_code(&self) -> Option<&'static str> {
        Some(match &self.settled {
            VoidSettled::Voided(_) | VoidSettled::Ticket(_) => return None,
            VoidSettled::Rejected(_) => "anulacion_rechazada",
            VoidSettled::Waits(_) => "anulacion_espera",
            VoidSettled::TooLate { .. } => "anulacion_fuera_de_plazo",
            VoidSettled::NotFound => "comprobante_no_existe",
            VoidSettled::NothingToVoid => "anulacion_sin_objeto",
            VoidSettled::NotHere => "anulacion_en_sol",
            VoidSettled::Refused(_) => "anulacion_devuelta",
            VoidSettled::Held { .. } => "cuenta_en_espera",
            VoidSettled::Unknown { .. } => "anulacion_desconocida",
            VoidSettled::NotSent(failure) => failure.code(),
        })
    }
}
