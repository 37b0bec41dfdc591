//! How a document, or its void, stands. What is in doubt is decided by asking; that there is none is said
//! of what does not exist, and of nothing that may still come to exist.

use chaski_client::{
    DocumentState, JournalDeed, JournalEntry, NubefactError, NubefactId, SeriesName, StoredReply,
    VoidWish,
};
use chaski_core::{Lang, Text};
use tokio::time::timeout_at;

use super::issue::{answer_of, came_to_nothing, not_known_yet};
use super::void::void_not_known_yet;
use super::wait::is_known;
use super::{RelayRefusal, RelayWish, Relayed};
use crate::app::AppError;
use crate::app::invoices::{InvoiceError, InvoiceRoom};
use crate::store::DocumentRow;

impl InvoiceRoom<'_> {
    pub(super) async fn relay_asked(
        &self,
        id: &NubefactId,
        wish: &RelayWish,
    ) -> Result<Relayed, AppError> {
        // 1. One of ours that is not settled: asking decides.
        let mut own = self.own_document(id).await?;
        if let Some(document) = own.as_ref().filter(|it| !is_known(it)) {
            let entry = self.entry_by_key(document).await?;
            if let Some(entry) = entry.filter(JournalEntry::is_open) {
                // What is on its way is waited for, as long as the program waits.
                let resolved = timeout_at(wish.until, self.nubefact.resolve(&entry)).await;
                if let Ok(settled) = resolved {
                    let _told = settled.map_err(InvoiceError::from)?;
                    self.app.documents_moved();
                }
            }
            own = self.own_document(id).await?;
            if let Some(document) = own.as_ref().filter(|it| !is_known(it)) {
                return Ok(not_known_yet(document).into());
            }
        }
        // 2. Nubefact's word.
        let asked = timeout_at(wish.until, self.nubefact.consult(id)).await;
        match asked {
            Ok(Ok(Some(reply))) => {
                if let Some(document) = &own {
                    self.app.told_documents().note(document.id);
                }
                return Ok(Relayed::Told(answer_of(&reply)));
            }
            // It has not come to where questions are answered, or nobody answers: what is known counts.
            Ok(Ok(None)) if own.is_none() => return Ok(RelayRefusal::of(24).into()),
            Ok(Err(error)) if own.is_none() => return not_answered(error),
            Err(_) if own.is_none() => return Ok(nobody_answered().into()),
            _ => {}
        }
        match own {
            Some(document) => self.told_of(&document).await,
            None => Ok(nobody_answered().into()),
        }
    }

    pub(super) async fn relay_void_asked(
        &self,
        id: &NubefactId,
        wish: &RelayWish,
    ) -> Result<Relayed, AppError> {
        let asked = timeout_at(wish.until, self.nubefact.consult_void(id)).await;
        match asked {
            Ok(Ok(Some(reply))) => return Ok(Relayed::Told(answer_of(&reply))),
            Ok(Ok(None)) | Err(_) => {}
            Ok(Err(error)) => return not_answered(error),
        }
        let Some(void) = self.own_void(id).await? else {
            return Ok(match asked {
                Ok(_) => RelayRefusal::of(24).into(),
                Err(_) => nobody_answered().into(),
            });
        };
        let told = void.reply.as_ref().map(StoredReply::reply);
        match told.filter(|it| !it.fields().is_empty()) {
            Some(reply) => Ok(Relayed::Told(answer_of(&reply))),
            None if is_known(&void) => Ok(RelayRefusal::of(24).into()),
            None => Ok(void_not_known_yet(&void).into()),
        }
    }

    /// The document of ours that has, or may have, a number.
    async fn own_document(&self, id: &NubefactId) -> Result<Option<DocumentRow>, AppError> {
        let series = SeriesName::new(self.nubefact.issuer(), id.kind, &id.serie);
        let bearers = self
            .app
            .store
            .documents_of_number(&series, id.numero, JournalDeed::Issue);
        Ok(bearers.await?.into_iter().find(|it| !came_to_nothing(it)))
    }

    /// Our void of a document.
    async fn own_void(&self, id: &NubefactId) -> Result<Option<DocumentRow>, AppError> {
        let key =
            VoidWish::without_motivo(id.clone()).or_else(|_| VoidWish::new(id.clone(), "-"))?;
        let store = &self.app.store;
        let void = store
            .document_of_key(self.nubefact.issuer(), &key.key())
            .await?;
        Ok(void.filter(|it| it.state != DocumentState::Returned))
    }
}

/// Nubefact's "no" to a question, or that there was no answer.
fn not_answered(error: NubefactError) -> Result<Relayed, AppError> {
    match error {
        NubefactError::Refused(refusal) => Ok(RelayRefusal::passed_on(&refusal).into()),
        NubefactError::Call(error) if error.is_invalid() => {
            Ok(RelayRefusal::said_by(&error).into())
        }
        NubefactError::Call(error) => Ok(RelayRefusal::unknown(Text {
            es: format!(
                "no se pudo consultar, pregunte otra vez: {}",
                error.message(Lang::Es)
            ),
            en: format!(
                "it could not be asked about, ask again: {}",
                error.message(Lang::En)
            ),
        })
        .into()),
        error => Err(InvoiceError::from(error).into()),
    }
}

fn nobody_answered() -> RelayRefusal {
    RelayRefusal::unknown(chaski_core::text!(
        "Nubefact no respondió a tiempo; pregunte otra vez",
        "Nubefact did not answer in time; ask again"
    ))
}
