//! Another version of a document that came to nothing: it takes the place of what was to be sent, and the
//! document goes into the queue again under its key and, where that is free still, its number.

use chaski_client::DocumentState;

use super::accept::{
    AcceptedDocument, NewDocument, modifies_mark, obstacle, request_mark, twin_mark,
};
use super::again::queue_again;
use super::sheet::SeriesKey;
use super::{load, marks};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::SealedPlace;
use crate::store::sql::{deed, query};

/// From which states a document may be edited: every attempt of it is known to have come to nothing (rule
/// R5 of the protocol), and nobody is about to send it.
const EDITED: [DocumentState; 3] = [
    DocumentState::Returned,
    DocumentState::Released,
    DocumentState::Conflict,
];

/// What came of an edit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EditedDocument {
    /// It is in the queue with its new content.
    Queued,
    /// It is in no state for it.
    NotInThatState,
    /// With other notes on the same document it is above it: what is left, in hundredths.
    CreditUsedUp(i64),
}

impl Store {
    /// Puts a version in the place of the one before, of the document with its `id`.
    pub async fn edit_document(&self, version: NewDocument) -> Result<EditedDocument, StoreError> {
        let keys = std::sync::Arc::clone(&self.keys);
        self.write(deed!(|connection| {
            let id = version.id;
            // 1. May it be?
            let Some(found) = load::by_id(connection, &keys, id).await? else {
                return Ok(EditedDocument::NotInThatState);
            };
            let state = DocumentState::from_name(&found.state);
            if !state.is_some_and(|it| EDITED.contains(&it)) {
                return Ok(EditedDocument::NotInThatState);
            }
            // Its number and its twins were decided when it was taken on.
            let asked = NewDocument {
                numero: None,
                twin: None,
                ..version.clone()
            };
            let series = SeriesKey::of(&keys, &version.series);
            let obstacle = obstacle(connection, &keys, &series, &asked).await?;
            if let Some(AcceptedDocument::CreditUsedUp(left)) = obstacle {
                return Ok(EditedDocument::CreditUsedUp(left));
            }
            // 2. What is sent, and by what it is found.
            let customer = version.sheet.cliente.as_ref();
            let issuer = &version.series.issuer;
            query(
                "UPDATE documents SET request = $2, content = $3, customer = $4, twin = $5, \
                 issued_on = $6, total = $7, modifies = $8, sheet = $9, draft = $10 WHERE id = $1",
            )
            .bind(id)
            .bind(request_mark(&keys, &version))
            .bind(version.content.as_str())
            .bind(customer.map(|it| marks::customer(&keys, issuer, &it.numero)))
            .bind(twin_mark(&keys, &version))
            .bind(version.issued_on.map(|it| it.to_string()))
            .bind(version.total.map(i64::cast_unsigned))
            .bind(modifies_mark(&keys, &version))
            .bind(version.sheet.sealed(&keys, id)?)
            .bind(keys.seal(&SealedPlace::DocumentDraft(id), &version.draft)?)
            .execute(&mut *connection)
            .await?;
            // 3. Into the queue.
            queue_again(connection, &keys, &found, "edited", version.at).await?;
            Ok(EditedDocument::Queued)
        }))
        .await
    }
}
