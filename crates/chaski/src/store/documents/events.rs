//! What happened to documents, each event hashed over the one before it: none can be changed, taken out or
//! put elsewhere unseen. Cutting off the newest ones is seen by whoever kept an older end of the chain.

use uuid::Uuid;

use super::chain::{self, COLUMNS, DocumentEvent};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::Keys;
use crate::store::sql::{Conn, StoredRow, query};

/// Where the chain does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventsBroken {
    /// The first event that does not follow from the one before it.
    pub seq: i64,
}

pub(super) async fn append(
    connection: &mut Conn,
    keys: &Keys,
    event: &DocumentEvent,
) -> Result<(), StoreError> {
    let before: Option<Vec<u8>> =
        query("SELECT hash FROM document_events ORDER BY seq DESC LIMIT 1")
            .fetch_optional(&mut *connection)
            .await?;
    let before = match before {
        Some(before) => before,
        None => chain::beginning(connection, keys).await?,
    };
    let hash = chain::hash_of(keys, &before, event);
    query(
        "INSERT INTO document_events (document, at, event, state, code, attempt, hash) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(event.document)
    .bind(event.at)
    .bind(event.event.as_str())
    .bind(event.state.as_str())
    .bind(event.code.as_deref())
    .bind(event.attempt)
    .bind(hash.as_slice())
    .execute(connection)
    .await?;
    Ok(())
}

/// Rows of the chain that are looked at together.
const TOGETHER: u64 = 1_000;

impl Store {
    /// What happened to a document, oldest first.
    pub async fn document_events(&self, id: Uuid) -> Result<Vec<DocumentEvent>, StoreError> {
        let mut reader = self.read().await?;
        let rows: Vec<StoredRow> = query(format!(
            "SELECT {COLUMNS} FROM document_events WHERE document = $1 ORDER BY seq"
        ))
        .bind(id)
        .fetch_all(&mut reader)
        .await?;
        let event = |row| chain::event_of(row).map(|(event, _)| event);
        rows.iter().map(event).collect()
    }

    /// Whether the chain holds from its beginning; how many events it has.
    pub async fn check_events(&self) -> Result<Result<u64, EventsBroken>, StoreError> {
        let mut reader = self.read().await?;
        let mut before = chain::beginning(&mut reader, &self.keys).await?;
        let (mut seq, mut count) = (0, 0);
        loop {
            let rows: Vec<StoredRow> = query(format!(
                "SELECT {COLUMNS} FROM document_events WHERE seq > $1 ORDER BY seq LIMIT {TOGETHER}"
            ))
            .bind(seq)
            .fetch_all(&mut reader)
            .await?;
            if rows.is_empty() {
                return Ok(Ok(count));
            }
            for row in &rows {
                let (event, hash) = chain::event_of(row)?;
                if hash != chain::hash_of(&self.keys, &before, &event) {
                    return Ok(Err(EventsBroken { seq: event.seq }));
                }
                (before, seq) = (hash, event.seq);
                count += 1;
            }
        }
    }
}
