//! The chain of what happened to documents: each event is hashed, with the key, over the one before it. What
//! is past its time leaves from the beginning, and the hash of the last one that left is kept, sealed, so
//! that the rest still hangs on it.

use jiff::Timestamp;
use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::seal::{Keys, SealedPlace};
use crate::store::sql::{Conn, StoredRow};
use crate::store::tables::meta;

/// Under which the hash is kept that the first event follows on.
const BEGINNING: &str = "document_events_beginning";

/// The columns of an event, its hash last.
pub(in crate::store) const COLUMNS: &str = "seq, document, at, event, state, code, attempt, hash";

/// Something that happened to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentEvent {
    /// Its place among all.
    pub seq: i64,
    /// Of which document.
    pub document: Uuid,
    /// When.
    pub at: Timestamp,
    /// What, as a stable code.
    pub event: String,
    /// How the document stood then.
    pub state: String,
    /// Why, as a stable code.
    pub code: Option<String>,
    /// With which attempt.
    pub attempt: Option<Uuid>,
}

/// An event as it is stored, and its hash.
pub(in crate::store) fn event_of(row: &StoredRow) -> Result<(DocumentEvent, Vec<u8>), StoreError> {
    let event = DocumentEvent {
        seq: row.try_get("seq")?,
        document: row.try_get("document")?,
        at: row.try_get("at")?,
        event: row.try_get("event")?,
        state: row.try_get("state")?,
        code: row.try_get("code")?,
        attempt: row.try_get("attempt")?,
    };
    Ok((event, row.try_get("hash")?))
}

/// The hash of an event that follows on another one.
pub(in crate::store) fn hash_of(keys: &Keys, before: &[u8], event: &DocumentEvent) -> [u8; 32] {
    keys.chained(
        before,
        &[
            event.document.as_bytes(),
            &event.at.as_microsecond().to_le_bytes(),
            event.event.as_bytes(),
            event.state.as_bytes(),
            event.code.as_deref().unwrap_or_default().as_bytes(),
            event
                .attempt
                .map(Uuid::into_bytes)
                .unwrap_or_default()
                .as_slice(),
        ],
    )
}

/// The hash that the first event follows on: of the last one that left, or nothing.
pub(in crate::store) async fn beginning(
    connection: &mut Conn,
    keys: &Keys,
) -> Result<Vec<u8>, StoreError> {
    let Some(sealed) = meta::get(connection, BEGINNING).await? else {
        return Ok(Vec::new());
    };
    let plain = keys.open(&SealedPlace::Beside(BEGINNING), &sealed);
    plain.ok_or(StoreError::Corrupt)
}

/// From now on the first event follows on that hash.
pub(in crate::store) async fn begin_after(
    connection: &mut Conn,
    keys: &Keys,
    hash: &[u8],
) -> Result<(), StoreError> {
    let sealed = keys.seal(&SealedPlace::Beside(BEGINNING), hash)?;
    meta::put(connection, BEGINNING, &sealed).await
}
