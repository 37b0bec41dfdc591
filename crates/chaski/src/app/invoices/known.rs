//! One document as the journal knows it: what was sent, and how it stands.

use bytes::Bytes;
use chaski_client::{
    AttemptOutcome, DocumentState, JournalDeed, JournalEntry, NubefactId, NubefactKind,
    NubefactState, SeriesName, StoredReply, VoidWish, standing,
};
use chaski_core::invoicing::{JsonValue, TaxDocument};

use super::{InvoiceError, InvoiceRoom, WantedInvoice, document_kind, full_name, kind_of_serie};
use crate::app::AppError;
use crate::store::DocumentRow;

/// A document that was issued from here.
#[derive(Debug, Clone)]
pub struct IssuedInvoice {
    /// What the journal knows.
    pub entry: JournalEntry,
    /// What was sent.
    pub document: TaxDocument,
}

impl InvoiceRoom<'_> {
    /// The document that a name means. A bare name is the sale, where there is one; else the only one
    /// that bears it. One that nobody issued from here is taken to be of the series' usual kind.
    pub async fn named(&self, wanted: &WantedInvoice) -> Result<NubefactId, AppError> {
        let of_kind = |kind| NubefactId {
            kind,
            serie: wanted.serie.as_str().into(),
            numero: wanted.numero,
        };
        if let Some(kind) = wanted.kind {
            return Ok(of_kind(kind));
        }
        let mut bearers = Vec::new();
        for kind in NubefactKind::ALL {
            if self.entry_of(&of_kind(kind)).await?.is_some() {
                bearers.push(kind);
            }
        }
        let is_sale =
            |it: &&NubefactKind| matches!(it, NubefactKind::Factura | NubefactKind::Boleta);
        if let Some(sale) = bearers.iter().find(is_sale) {
            return Ok(of_kind(*sale));
        }
        match bearers.as_slice() {
            [one] => Ok(of_kind(*one)),
            [] => match kind_of_serie(&wanted.serie) {
                Some(kind) => Ok(of_kind(kind)),
                None => Err(InvoiceError::SeriesKind.into()),
            },
            many => {
                let names = many.iter().map(|kind| full_name(&of_kind(*kind)));
                Err(InvoiceError::Ambiguous(names.collect()).into())
            }
        }
    }

    /// The document of that name that is on record here.
    pub async fn document_named(&self, wanted: &WantedInvoice) -> Result<DocumentRow, AppError> {
        let id = self.named(wanted).await?;
        let series = SeriesName::new(self.issuer.ruc.as_str(), id.kind, &id.serie);
        let bearers = self.documents_of_number(&series, id.numero, JournalDeed::Issue);
        let mut bearers = bearers.await?;
        // At most one of them exists; what was given back left its number to another.
        let exists = bearers.iter().position(|it| it.reply.is_some());
        match (exists, bearers.is_empty()) {
            (Some(place), _) => Ok(bearers.swap_remove(place)),
            (None, false) => Ok(bearers.swap_remove(0)),
            (None, true) => Err(InvoiceError::NotIssuedHere(full_name(&id)).into()),
        }
    }

    /// What the journal knows under a name.
    pub(super) async fn entry_of(&self, id: &NubefactId) -> Result<Option<JournalEntry>, AppError> {
        let series = SeriesName::new(self.nubefact.issuer(), id.kind, &id.serie);
        let entry = self.journal().by_numero(&series, id.numero).await;
        Ok(entry.map_err(InvoiceError::from)?)
    }

    /// What the journal knows of a document's void: there is one, under a key that its name makes.
    pub(super) async fn void_entry_of(
        &self,
        id: &NubefactId,
    ) -> Result<Option<JournalEntry>, AppError> {
        let key = VoidWish::new(id.clone(), "-")?.key();
        let entry = self.journal().by_key(self.nubefact.issuer(), &key).await;
        let entry = entry.map_err(InvoiceError::from)?;
        Ok(entry.filter(|it| it.deed == JournalDeed::Void))
    }

    /// The document of that name that was issued from here.
    pub async fn issued(&self, id: &NubefactId) -> Result<IssuedInvoice, AppError> {
        let entry = self.entry_of(id).await?;
        // It was sent from here, and nobody knows yet what came of it.
        let in_doubt = |it: &JournalEntry| standing(it, 0).state == DocumentState::InDoubt;
        if entry.as_ref().is_some_and(in_doubt) {
            return Err(InvoiceError::InDoubt(None).into());
        }
        let entry = entry.filter(|it| it.accepted().is_some());
        let Some(entry) = entry else {
            return Err(InvoiceError::NotIssuedHere(full_name(id)).into());
        };
        let document = self.sent(&entry).await?;
        let document = document.ok_or_else(|| InvoiceError::NotIssuedHere(full_name(id)))?;
        Ok(IssuedInvoice { entry, document })
    }

    /// What was sent of an entry: accepted, or last.
    pub(super) async fn sent(&self, entry: &JournalEntry) -> Result<Option<TaxDocument>, AppError> {
        let Some(attempt) = entry.accepted().or(entry.attempts.last()) else {
            let draft = self.app.store.document_draft(entry.id).await?;
            return Ok(draft.and_then(|body| document_of(entry, &Bytes::from(body))));
        };
        let body = self.journal().body(attempt.id).await;
        let body = body.map_err(InvoiceError::from)?;
        Ok(body.and_then(|body| document_of(entry, &body)))
    }

    /// The credit notes on a document that were issued from here and count.
    pub(super) async fn credit_notes_on(
        &self,
        id: &NubefactId,
    ) -> Result<Vec<IssuedInvoice>, AppError> {
        let issuer = self.nubefact.issuer();
        let mut notes = Vec::new();
        for entry in self.app.store.credit_notes_on(issuer, id).await? {
            if let Some(document) = self.sent(&entry).await? {
                notes.push(IssuedInvoice { entry, document });
            }
        }
        Ok(notes)
    }
}

/// The bytes of an attempt as a document.
fn document_of(entry: &JournalEntry, body: &Bytes) -> Option<TaxDocument> {
    let JsonValue::Object(fields) = JsonValue::parse(body).ok()? else {
        return None;
    };
    Some(TaxDocument::new(document_kind(entry.series.kind), fields))
}

/// The document's state as people and programs see it, by what the journal knows of it and of its void.
pub(super) fn estado(entry: &JournalEntry, void: Option<&JournalEntry>) -> &'static str {
    let state = entry.reply.as_ref().map(|it| it.reply().state());
    if state == Some(NubefactState::Voided) {
        return "ANULADO";
    }
    let voided = void
        .and_then(|it| it.reply.as_ref())
        .map(StoredReply::reply);
    let is_void = void.is_some_and(|it| it.accepted().is_some());
    if entry.accepted().is_some() && (is_void || void.is_some_and(JournalEntry::is_open)) {
        let done = voided.is_some_and(|it| {
            matches!(it.state(), NubefactState::Accepted | NubefactState::Voided)
        });
        return if done {
            "ANULADO"
        } else {
            "ANULACION_PENDIENTE"
        };
    }
    if entry.accepted().is_some() {
        return state.map_or("PENDIENTE_SUNAT", |it| it.as_str());
    }
    if entry.is_open() {
        return "DESCONOCIDO";
    }
    match entry.last_outcome() {
        Some(AttemptOutcome::Refused { .. }) => "DEVUELTO",
        Some(AttemptOutcome::Held { .. }) => "EN_ESPERA",
        Some(AttemptOutcome::Conflict { .. }) => "CONFLICTO",
        _ => "EN_COLA",
    }
}
