//! What is going to be issued, before anything is sent: the document, under which key, and which number it
//! is to get. A key that is known already stands for one document, and is gone on with.

use std::collections::HashSet;

use chaski_client::{
    AttemptOutcome, JournalDeed, JournalEntry, NubefactDocument, NubefactKind, SeriesName,
};
use chaski_core::invoicing::{CheckedDocument, InvoiceFinding, JsonObject, JsonValue, TaxDocument};

use rust_decimal::Decimal;

use super::facts::{is_verbatim, text_of};
use super::{CheckedRows, InvoiceError, InvoiceRoom, modified_by, nubefact_kind};
use crate::app::AppError;

/// A wish to issue.
pub struct IssueWish {
    /// The document as it came.
    pub value: JsonValue,
    /// The caller's key for it; without one its content is the key.
    pub key: Option<String>,
    /// Whether one more is wanted of what was issued before under its content.
    pub another: bool,
}

/// What a wish comes to.
pub enum InvoicePlan {
    /// It cannot be sent as it is.
    Wrong(Box<CheckedDocument>),
    /// It was issued before.
    Before(Box<JournalEntry>),
    /// It can be issued.
    Ready(Box<ReadyInvoice>),
}

/// A document that can be issued.
pub struct ReadyInvoice {
    /// What is sent, but for its number.
    pub document: TaxDocument,
    /// The number that it gets if nobody takes it before.
    pub numero: Option<u32>,
    /// What was remarked on it.
    pub hallazgos: Vec<InvoiceFinding>,
    /// Whether an earlier attempt is gone on with.
    pub resumed: bool,
    /// Most that credit notes on what it modifies may come to.
    pub(in crate::app) credit_limit: Option<Decimal>,
    pub(super) key: String,
    pub(super) to_send: NubefactDocument,
}

impl ReadyInvoice {
    /// The key that it is wanted under.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// What is sent, without its number.
    pub(in crate::app) fn to_send(&self) -> &NubefactDocument {
        &self.to_send
    }
}

/// What a key stands for.
pub(super) enum WishState {
    /// A document that exists.
    Before(JournalEntry),
    /// One that is not issued yet, or not for certain.
    Begun(JournalEntry),
    /// Nothing.
    Free(String),
}

impl InvoiceRoom<'_> {
    /// What is going to be issued, or why not, or what was issued before.
    pub async fn plan_invoice(&self, wish: IssueWish) -> Result<InvoicePlan, AppError> {
        // 1. What the key stands for.
        let state = if let Some(key) = &wish.key {
            self.key_given(key, &wish.value).await?
        } else {
            let hash = blake3::hash(wish.value.to_string().as_bytes()).to_hex();
            let key = format!("contenido:{}", &hash[..32]);
            self.key_derived(&key, wish.another).await?
        };
        // 2. The document, checked.
        match state {
            WishState::Free(key) => self.plan_new(wish.value, key).await,
            known => self.plan_known(known).await,
        }
    }

    /// The plan for a document of a workbook: what it says under its own name is the key, so that the
    /// workbook again, whole or corrected, is the same documents.
    pub async fn plan_row(&self, row: &CheckedRows) -> Result<InvoicePlan, AppError> {
        match self.key_derived(&row.clave, false).await? {
            WishState::Free(key) => self.plan_new(row.form.clone(), key).await,
            known => self.plan_known(known).await,
        }
    }

    /// Those of some keys of lists whose documents were issued before; nothing is looked up and nothing checked.
    pub async fn issued_keys(
        &self,
        keys: impl IntoIterator<Item = &String>,
    ) -> Result<HashSet<String>, AppError> {
        let issuer = self.nubefact.issuer();
        Ok(self.app.store.issued_keys(issuer, keys).await?)
    }

    /// The key of a document of a list by the name that it has there, within the room's period.
    pub(super) fn row_key(&self, name: &str, form: &JsonValue) -> String {
        let period = self.periodo.as_deref().map(|it| format!("{it}\0"));
        let text = format!("{}{name}\0{form}", period.unwrap_or_default());
        let hash = blake3::hash(text.as_bytes()).to_hex();
        format!("planilla:{}", &hash[..32])
    }

    /// The key of one without a name: its content, and how many times it is there already.
    pub(super) fn content_key(&self, form: &JsonValue, before: usize) -> String {
        match (&self.periodo, before) {
            (None, 0) => {
                let hash = blake3::hash(form.to_string().as_bytes()).to_hex();
                format!("contenido:{}", &hash[..32])
            }
            _ => self.row_key(&format!("\0{before}"), form),
        }
    }

    /// The plan for a new document.
    pub(in crate::app) async fn plan_new(
        &self,
        value: JsonValue,
        key: String,
    ) -> Result<InvoicePlan, AppError> {
        let checked = self.app.check_invoice(Some(self), value, &self.ask).await?;
        let Some(document) = checked.sendable().cloned() else {
            return Ok(InvoicePlan::Wrong(Box::new(checked)));
        };
        self.ready(document, key, checked.hallazgos, None).await
    }

    /// The plan for a document that the key stands for already.
    pub(super) async fn plan_known(&self, state: WishState) -> Result<InvoicePlan, AppError> {
        let entry = match state {
            WishState::Before(entry) => return Ok(InvoicePlan::Before(Box::new(entry))),
            WishState::Begun(entry) => entry,
            WishState::Free(_) => return Err(InvoiceError::NotIssuable.into()),
        };
        let document = self.unnumbered(&entry).await?;
        let key = entry.key.to_string();
        self.ready(document, key, Vec::new(), Some(&entry)).await
    }

    async fn ready(
        &self,
        document: TaxDocument,
        key: String,
        hallazgos: Vec<InvoiceFinding>,
        entry: Option<&JournalEntry>,
    ) -> Result<InvoicePlan, AppError> {
        let kind = nubefact_kind(document.kind()).ok_or(InvoiceError::NotIssuable)?;
        let to_send = NubefactDocument::of(&document)?;
        let series = SeriesName::new(self.nubefact.issuer(), kind, to_send.serie());
        let counts = self.series().await?;
        let count = counts
            .iter()
            .find(|it| it.series == series && !it.is_full());
        let next = count.map(|it| {
            it.free
                .first()
                .copied()
                .unwrap_or(it.last.saturating_add(1))
        });
        let has_number = entry.filter(|it| it.numero > 0);
        let kept = has_number.filter(|it| it.is_open() || is_held(it) || is_conflict(it));
        let numero = kept.map(|it| it.numero).or(to_send.numero()).or(next);
        Ok(InvoicePlan::Ready(Box::new(ReadyInvoice {
            numero,
            hallazgos,
            resumed: entry.is_some(),
            credit_limit: self.credit_limit(&document).await?,
            document,
            key,
            to_send,
        })))
    }

    /// Most that credit notes on what a note modifies may come to: its total, where it was issued from
    /// here.
    async fn credit_limit(&self, document: &TaxDocument) -> Result<Option<Decimal>, AppError> {
        if nubefact_kind(document.kind()) != Some(NubefactKind::NotaCredito) {
            return Ok(None);
        }
        let Some(id) = modified_by(document) else {
            return Ok(None);
        };
        match self.issued(&id).await {
            Ok(issued) => Ok(issued.document.total()),
            Err(AppError::Invoice(InvoiceError::NotIssuedHere(_))) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What a key of the caller's stands for; an error when it is other content.
    async fn key_given(&self, key: &str, value: &JsonValue) -> Result<WishState, AppError> {
        let Some(entry) = self.by_key(key).await? else {
            return Ok(WishState::Free(key.to_owned()));
        };
        let other = || InvoiceError::OtherContent(entry.document().short_name());
        // What nobody wrote is as it was then: day, series, customer, exchange rate.
        let before = self.unnumbered(&entry).await?;
        let JsonValue::Object(mut object) = value.clone() else {
            return Err(other().into());
        };
        fill_from(&mut object, &before);
        let value = JsonValue::Object(object);
        let checked = self.app.check_invoice(Some(self), value, &self.ask);
        let same = match &checked.await?.document {
            Some(document) => document.content_bytes() == before.content_bytes(),
            None => false,
        };
        match (same, entry.accepted().is_some()) {
            (false, _) => Err(other().into()),
            (true, true) => Ok(WishState::Before(entry)),
            (true, false) => Ok(WishState::Begun(entry)),
        }
    }

    /// What a key made of the content stands for. Each one more has the next key of a chain; what came to
    /// nothing for certain is left behind.
    pub(super) async fn key_derived(
        &self,
        base: &str,
        another: bool,
    ) -> Result<WishState, AppError> {
        let mut key = base.to_owned();
        let mut place = 1;
        loop {
            let Some(entry) = self.by_key(&key).await? else {
                return Ok(WishState::Free(key));
            };
            let goes_on = entry.is_open() || is_held(&entry) || (is_conflict(&entry) && !another);
            match (entry.accepted().is_some(), another) {
                (true, false) => return Ok(WishState::Before(entry)),
                (false, _) if goes_on => return Ok(WishState::Begun(entry)),
                _ => {}
            }
            place += 1;
            key = format!("{base}#{place}");
        }
    }

    async fn by_key(&self, key: &str) -> Result<Option<JournalEntry>, AppError> {
        let entry = self.journal().by_key(self.nubefact.issuer(), key).await;
        let entry = entry.map_err(InvoiceError::from)?;
        Ok(entry.filter(|it| it.deed == JournalDeed::Issue))
    }

    /// What was sent of an entry, without the number that it was given.
    async fn unnumbered(&self, entry: &JournalEntry) -> Result<TaxDocument, AppError> {
        let sent = self.sent(entry).await?;
        let name = || InvoiceError::NotIssuedHere(entry.document().short_name());
        let document = sent.ok_or_else(name)?;
        if entry.own_numero {
            return Ok(document);
        }
        let mut fields = document.fields().clone();
        fields.remove("numero");
        Ok(TaxDocument::new(document.kind(), fields))
    }
}

/// Whether it waits with its number for the account, or for a connection.
fn is_held(entry: &JournalEntry) -> bool {
    matches!(
        entry.last_outcome(),
        None | Some(AttemptOutcome::Held { .. } | AttemptOutcome::NotSent)
    )
}

/// Whether its number turned out to be a stranger's.
fn is_conflict(entry: &JournalEntry) -> bool {
    matches!(entry.last_outcome(), Some(AttemptOutcome::Conflict { .. }))
}

/// Puts into a document as it came what was found out about it when it was first wanted.
fn fill_from(object: &mut JsonObject, before: &TaxDocument) {
    let old = before.fields();
    if is_verbatim(object) {
        for name in [
            "serie",
            "fecha_de_emision",
            "fecha_de_inicio_de_traslado",
            "cliente_denominacion",
            "cliente_direccion",
            "tipo_de_cambio",
        ] {
            if let Some(value) = old.present(name).filter(|_| object.present(name).is_none()) {
                object.set(name, value.clone());
            }
        }
        return;
    }
    let mut put = |name: &str, value: Option<JsonValue>| {
        if let Some(value) = value.filter(|_| object.present(name).is_none()) {
            object.set(name, value);
        }
    };
    put("serie", before.serie().map(JsonValue::text));
    put(
        "fecha",
        before.fecha().map(|it| JsonValue::text(it.to_string())),
    );
    put("tipo_de_cambio", old.present("tipo_de_cambio").cloned());
    let cliente = object.get("cliente").and_then(JsonValue::as_object);
    if let Some(cliente) = cliente {
        let mut cliente = cliente.clone();
        for (name, from) in [
            ("nombre", "cliente_denominacion"),
            ("direccion", "cliente_direccion"),
        ] {
            if let Some(text) = text_of(old, from).filter(|_| cliente.present(name).is_none()) {
                cliente.set(name, JsonValue::text(text));
            }
        }
        object.set("cliente", JsonValue::Object(cliente));
    }
}
