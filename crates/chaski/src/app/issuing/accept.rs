//! T1: a document that was planned is taken on. From then on it is issued once, whoever asks for it again
//! and whatever fails.

use chaski_client::{Ask, DocumentState, JournalDeed, NubefactId, SeriesName, VoidWish};
use chaski_core::invoicing::TaxDocument;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use uuid::Uuid;

use crate::app::AppError;
use crate::app::invoices::{
    InvoiceError, InvoiceRoom, ReadyInvoice, full_name, modified_by, nubefact_kind,
};
use crate::store::{
    AcceptedDocument, DocumentBuyer, DocumentRow, DocumentSheet, NewDocument, new_id,
};

/// What is wanted beside the document itself.
#[derive(Debug, Clone, Default)]
pub struct AcceptOptions {
    /// The caller's own name for the sale: the same one again is the same document.
    pub referencia: Option<String>,
    /// Whether it is wanted although one like it was taken on within ten minutes.
    pub twin_allowed: bool,
    /// Whether one like it stands in its way while nobody knows what came of it, also after ten minutes.
    pub twin_while_open: bool,
    /// Whether it takes the next number where its own turns out to be a stranger's.
    pub renumber: bool,
    /// The API key that it is wanted under.
    pub key_id: Option<Uuid>,
    /// The list that it is of, and its place there.
    pub batch: Option<(Uuid, u32)>,
}

/// What is wanted of a void.
#[derive(Debug, Clone, Default)]
pub struct VoidOptions {
    /// Why, which SUNAT reads; a reversal may have none.
    pub motivo: String,
    /// The caller's `codigo_unico`, which goes with it.
    pub codigo_unico: Option<String>,
    /// Whether it goes out although SUNAT has not accepted the document, for Nubefact to decide.
    pub unaccepted: bool,
    /// The API key that it is wanted under.
    pub key_id: Option<Uuid>,
}

/// A document that is ours, now or since before.
#[derive(Debug, Clone)]
pub struct HandedOver {
    /// The document.
    pub document: DocumentRow,
    /// Whether it was taken on before this wish.
    pub before: bool,
}

impl InvoiceRoom<'_> {
    /// Takes a planned document on, durable when this returns; or says which one it is already, or why
    /// it may not be.
    pub async fn accept_invoice(
        &self,
        ready: &ReadyInvoice,
        options: &AcceptOptions,
    ) -> Result<HandedOver, AppError> {
        let new = self.new_document(ready, options)?;
        self.handed_over(new).await
    }

    /// A planned document as it is kept.
    pub(super) fn new_document(
        &self,
        ready: &ReadyInvoice,
        options: &AcceptOptions,
    ) -> Result<NewDocument, AppError> {
        let document = &ready.document;
        let kind = nubefact_kind(document.kind()).ok_or(InvoiceError::NotIssuable)?;
        let issuer = self.issuer.ruc.as_str();
        let now = self.app.clock.now();
        let modifies = modified_by(document);
        let credit_limit = match &ready.credit_limit {
            Some(limit) => Some(hundredths(*limit)?),
            None => None,
        };
        let sheet = DocumentSheet {
            emisor: issuer.to_owned(),
            clave: ready.key().to_owned(),
            referencia: options.referencia.clone(),
            cliente: buyer_of(document),
            moneda: document.moneda().map(|it| it.to_string()),
            total: document.total().map(|it| format!("{it:.2}")),
            modifica: modifies.as_ref().map(DocumentSheet::modified),
            ..DocumentSheet::default()
        };
        let total = document.total().map(hundredths).transpose()?;
        Ok(NewDocument {
            id: new_id(now),
            series: SeriesName::new(issuer, kind, ready.to_send().serie()),
            deed: JournalDeed::Issue,
            numero: ready.to_send().numero(),
            request: *blake3::hash(&document.content_bytes()).as_bytes(),
            content: ready.to_send().content_hash().to_string(),
            draft: ready.to_send().to_json().to_vec(),
            twin: twin_of(document),
            twin_allowed: options.twin_allowed,
            twin_while_open: options.twin_while_open,
            issued_on: document.fecha(),
            total,
            credit_limit,
            target: None,
            renumber: options.renumber,
            asked_by: self.ask.who.to_string(),
            key_id: options.key_id,
            batch: options.batch,
            sheet,
            at: now,
        })
    }

    /// Takes the void of a document on: one, however often it is wished for.
    pub async fn accept_void(
        &self,
        id: &NubefactId,
        motivo: &str,
        key_id: Option<Uuid>,
    ) -> Result<HandedOver, AppError> {
        let options = VoidOptions {
            motivo: motivo.to_owned(),
            key_id,
            ..VoidOptions::default()
        };
        self.accept_void_with(id, &options).await
    }

    /// The same with all that can be said of it.
    pub async fn accept_void_with(
        &self,
        id: &NubefactId,
        options: &VoidOptions,
    ) -> Result<HandedOver, AppError> {
        let series = SeriesName::new(self.issuer.ruc.as_str(), id.kind, &id.serie);
        let motivo = options.motivo.as_str();
        let wish = if motivo.trim().is_empty() {
            VoidWish::without_motivo(id.clone())?
        } else {
            VoidWish::new(id.clone(), motivo)?
        };
        let bearers = self
            .app
            .store
            .documents_of_number(&series, id.numero, JournalDeed::Issue);
        let target = bearers
            .await?
            .into_iter()
            .find(|it| it.state != DocumentState::Returned);
        let now = self.app.clock.now();
        let new = NewDocument {
            id: new_id(now),
            series,
            deed: JournalDeed::Void,
            numero: Some(id.numero),
            request: *blake3::hash(wish.key().as_bytes()).as_bytes(),
            content: String::new(),
            draft: b"{}".to_vec(),
            twin: None,
            twin_allowed: true,
            twin_while_open: false,
            issued_on: target.as_ref().and_then(|it| it.issued_on),
            total: None,
            credit_limit: None,
            target: target.map(|it| it.id),
            renumber: false,
            asked_by: self.ask.who.to_string(),
            key_id: options.key_id,
            batch: None,
            sheet: DocumentSheet {
                emisor: self.issuer.ruc.as_str().to_owned(),
                clave: wish.key(),
                motivo: Some(motivo.to_owned()),
                codigo_unico: options.codigo_unico.clone(),
                sin_aceptar: options.unaccepted,
                ..DocumentSheet::default()
            },
            at: now,
        };
        self.handed_over(new).await
    }

    async fn handed_over(&self, new: NewDocument) -> Result<HandedOver, AppError> {
        let store = &self.app.store;
        let (id, before) = match store.accept_document(new).await? {
            AcceptedDocument::New(id) => (id, false),
            AcceptedDocument::Before { id, same: true, .. } => (id, true),
            AcceptedDocument::Before {
                id,
                by_referencia: true,
                ..
            } => return Err(InvoiceError::ReferenciaUsed(self.name_of(id).await?).into()),
            AcceptedDocument::Before { id, .. } => {
                return Err(InvoiceError::OtherContent(self.name_of(id).await?).into());
            }
            AcceptedDocument::Twin(id) => {
                return Err(InvoiceError::ProbablyTwice(self.name_of(id).await?, id).into());
            }
            AcceptedDocument::NumberUsed(id) => {
                return Err(InvoiceError::NumberUsed(self.name_of(id).await?, id).into());
            }
            AcceptedDocument::NumberTheirs => return Err(InvoiceError::NumberTheirs.into()),
            AcceptedDocument::CreditUsedUp(left) => {
                return Err(InvoiceError::CreditUsedUp(Decimal::new(left, 2)).into());
            }
        };
        let document = store.document(id).await?;
        let document = document.ok_or(InvoiceError::NotIssuable)?;
        if !before {
            self.app.documents_moved();
        }
        Ok(HandedOver { document, before })
    }

    async fn name_of(&self, id: Uuid) -> Result<String, AppError> {
        let document = self.app.store.document(id).await?;
        Ok(document.map_or_else(String::new, |it| it.name()))
    }
}

impl DocumentRow {
    /// `FFF1-1`, or `FFF1` before a number is bound; with its kind where the name alone would mean a sale.
    pub fn name(&self) -> String {
        let series = &self.series;
        match self.numero {
            Some(numero) => full_name(&NubefactId {
                kind: series.kind,
                serie: series.serie.clone(),
                numero,
            }),
            None => series.serie.to_string(),
        }
    }
}

/// Who buys, as far as the document says.
fn buyer_of(document: &TaxDocument) -> Option<DocumentBuyer> {
    let cliente = document.cliente();
    (!cliente.numero.is_empty()).then(|| DocumentBuyer {
        tipo: cliente.tipo.to_string(),
        numero: cliente.numero.to_string(),
        nombre: cliente.nombre.to_string(),
    })
}

/// A hash of customer, lines and total: two sales that have the same are probably one.
fn twin_of(document: &TaxDocument) -> Option<[u8; 32]> {
    let fields = document.fields();
    let numero = document.cliente().numero.to_string();
    let total = document.total()?;
    let lines = fields.get("items")?.to_string();
    let names = document
        .names()
        .map(|it| format!("{}-{}", it.serie, it.numero));
    let text = format!(
        "{:?}\0{numero}\0{total}\0{names:?}\0{lines}",
        document.kind()
    );
    Some(*blake3::hash(text.as_bytes()).as_bytes())
}

fn hundredths(amount: Decimal) -> Result<i64, AppError> {
    // An amount that nobody has checked may have more digits than there is room for.
    let hundredths = amount.checked_mul(Decimal::ONE_HUNDRED);
    let hundredths = hundredths.and_then(|it| it.round().to_i64());
    Ok(hundredths.ok_or(InvoiceError::NotIssuable)?)
}

/// What somebody asks in whose name.
pub(super) fn asker_of(document: &DocumentRow, ask: &Ask) -> Ask {
    Ask {
        who: document.asked_by.as_str().into(),
        ..ask.clone()
    }
}
