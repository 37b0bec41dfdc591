//! What came to nothing, wanted once more: it goes into the queue again as the document it is.

use chaski_client::{DocumentState, JournalDeed, NextDeed};
use jiff::Timestamp;
use uuid::Uuid;

use super::chain::DocumentEvent;
use super::events;
use super::load::{self, LoadedDocument};
use super::sheet::DocumentSheet;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::Keys;
use crate::store::sql::{Conn, deed, query};

/// From which states a document may be wanted again: it does not exist, and nothing is under way.
const AGAIN: [DocumentState; 4] = [
    DocumentState::Queued,
    DocumentState::Returned,
    DocumentState::Released,
    DocumentState::Conflict,
];

impl Store {
    /// Puts a document that was given back, or given up, or whose number was a stranger's, into the queue
    /// again, due now, with what is to be shown of it where that is another; false where it is in no state
    /// for it. Whether its number may be used is decided when it is sent: where it was ours to give, the
    /// next one may be taken.
    pub async fn want_again(
        &self,
        id: Uuid,
        sheet: Option<DocumentSheet>,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let keys = std::sync::Arc::clone(&self.keys);
        self.write(deed!(|connection| {
            let Some(found) = load::by_id(connection, &keys, id).await? else {
                return Ok(false);
            };
            let state = DocumentState::from_name(&found.state);
            if !state.is_some_and(|it| AGAIN.contains(&it)) {
                return Ok(false);
            }
            if let Some(sheet) = sheet {
                query("UPDATE documents SET sheet = $2 WHERE id = $1")
                    .bind(id)
                    .bind(sheet.sealed(&keys, id)?)
                    .execute(&mut *connection)
                    .await?;
            }
            queue_again(connection, &keys, &found, "wanted_again", at).await?;
            Ok(true)
        }))
        .await
    }
}

/// Puts a document into the queue, due now; where its number was ours to give, the next one may be taken.
pub(super) async fn queue_again(
    connection: &mut Conn,
    keys: &Keys,
    found: &LoadedDocument,
    event: &'static str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let next = match found.entry.deed {
        JournalDeed::Issue => NextDeed::Issue,
        JournalDeed::Void => NextDeed::Void,
    };
    let queued = DocumentState::Queued.as_str();
    query(
        "UPDATE documents SET state = $2, code = NULL, next = $3, due_at = $4, tries = 0, \
         abandoned = $5, changed_at = $4, \
         renumber = CASE WHEN own_numero = 1 THEN renumber ELSE 1 END WHERE id = $1",
    )
    .bind(found.entry.id)
    .bind(queued)
    .bind(next.as_str())
    .bind(at)
    .bind(false)
    .execute(&mut *connection)
    .await?;
    let event = DocumentEvent {
        seq: 0,
        document: found.entry.id,
        at,
        event: event.to_owned(),
        state: queued.to_owned(),
        code: None,
        attempt: None,
    };
    events::append(connection, keys, &event).await
}
