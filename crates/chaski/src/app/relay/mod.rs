//! Nubefact's own protocol, answered by the issuer of this house: a program that was written for Nubefact
//! changes its ruta and its token, and what it sends is issued once.
//!
//! | file | deed |
//! |---|---|
//! | `refusal.rs` | a "no" in Nubefact's words |
//! | `issue.rs` | a document: taken on, waited for, and told as Nubefact tells it |
//! | `twin.rs` | the same sale under another number |
//! | `void.rs` | a void or a reversal |
//! | `ask.rs` | how a document or its void stands |
//! | `wait.rs` | waiting for what was taken on |
//!
//! Documents are not checked here as those of our own routes are: what Nubefact would take is not refused,
//! and what it refuses is told in its own words.

mod ask;
mod issue;
mod refusal;
mod twin;
mod void;
mod wait;

pub use refusal::RelayRefusal;
pub(in crate::app) use twin::ToldDocuments;

use bytes::Bytes;
use chaski_client::{Ask, NubefactId, NubefactKind, NubefactOperation, NubefactReply};
use serde_json::{Map, Value};
use subtle::ConstantTimeEq;
use tokio::time::Instant;
use uuid::Uuid;

use super::invoices::InvoiceRoom;
use super::issuers::Issuer;
use super::issuing::IssuingRights;
use super::{App, AppError};

/// What a program asks for, in Nubefact's JSON.
#[derive(Debug, Clone)]
pub struct RelayWish {
    /// The request as it came.
    pub json: Bytes,
    /// What it wants.
    pub operation: NubefactOperation,
    /// The API key that it came with.
    pub key_id: Option<Uuid>,
    /// What that key may issue and see.
    pub rights: IssuingRights,
    /// When the program is told something, whatever is known by then.
    pub until: Instant,
}

/// What a program is told.
#[derive(Debug, Clone)]
pub enum Relayed {
    /// Nubefact's answer, as it gave it.
    Told(Map<String, Value>),
    /// A "no", or "not known yet".
    Refused(RelayRefusal),
}

impl From<RelayRefusal> for Relayed {
    fn from(refusal: RelayRefusal) -> Relayed {
        Relayed::Refused(refusal)
    }
}

impl App {
    /// The room of the company that a ruta names: its RUC, or the last part of its address at Nubefact.
    /// None where there is no such company, or it is not theirs.
    pub async fn relay_room(
        &self,
        ruta: &str,
        rights: &IssuingRights,
        ask: &Ask,
    ) -> Result<Option<InvoiceRoom<'_>>, AppError> {
        let issuers = self.issuers_within(rights).await?;
        let is_meant = |it: &&Issuer| it.ruc.as_str() == ruta || is_ruta(&it.last_part(), ruta);
        let Some(issuer) = issuers.iter().find(is_meant) else {
            return Ok(None);
        };
        self.invoice_room(Some(&issuer.ruc), ask).await.map(Some)
    }
}

/// A ruta is half of a password: how long it is alike is not told by the time that it takes.
fn is_ruta(own: &str, given: &str) -> bool {
    !own.is_empty() && bool::from(own.as_bytes().ct_eq(given.as_bytes()))
}

impl InvoiceRoom<'_> {
    /// Does what a program asks for in Nubefact's words, and says what it is told.
    pub async fn relay(&self, wish: &RelayWish) -> Result<Relayed, AppError> {
        if wish.operation.issues() {
            return self.relay_issue(wish).await;
        }
        let Some(request) = NubefactReply::from_json(&wish.json) else {
            return Ok(RelayRefusal::format().into());
        };
        let id = match named_by(wish.operation, &request) {
            Ok(id) => id,
            Err(refusal) => return Ok(refusal.into()),
        };
        if !wish.rights.allow(&id.serie) {
            // What is another's does not exist.
            return Ok(RelayRefusal::of(24).into());
        }
        if wish.operation.voids() {
            self.relay_void(&id, &request, wish).await
        } else if id.kind.asking_voided() == Some(wish.operation) {
            self.relay_void_asked(&id, wish).await
        } else {
            self.relay_asked(&id, wish).await
        }
    }
}

/// The document that a question or a void is about.
fn named_by(
    operation: NubefactOperation,
    request: &NubefactReply,
) -> Result<NubefactId, RelayRefusal> {
    let is_for = |kind: &NubefactKind| {
        kind.asking() == operation
            || kind.voiding() == Some(operation)
            || kind.asking_voided() == Some(operation)
    };
    let kind = if operation.has_kind() {
        let kind = request.kind();
        let is_guia = matches!(
            kind,
            Some(NubefactKind::GuiaRemitente | NubefactKind::GuiaTransportista)
        );
        if is_guia
            && NubefactKind::Factura.asking() != operation
            && kind.is_some_and(|it| !is_for(&it))
        {
            // A guía has no void: Nubefact answers with the text of 24.
            return Err(RelayRefusal::of(24));
        }
        kind.filter(is_for)
    } else {
        NubefactKind::ALL.into_iter().find(is_for)
    };
    let kind = kind.ok_or_else(|| {
        RelayRefusal::reason_same("Tipo de comprobante no está incluido en la lista")
    })?;
    let serie = request.serie().unwrap_or_default();
    NubefactId::new(kind, &serie, request.numero().unwrap_or_default())
        .map_err(|error| RelayRefusal::said_by(&error))
}
