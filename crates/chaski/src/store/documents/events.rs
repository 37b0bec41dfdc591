//! What happened to documents, each event hashed over the one before it: none can be changed, taken out or
//! put elsewhere unseen. Cutting off the newest ones is seen by whoever kept an older end of the chain.

use jiff::Timestamp;
use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::Keys;
use crate::store::sql::{Conn, StoredRow, query};

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
    let hash = hash_of(keys, before.as_deref().unwrap_or_default(), event);
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

fn hash_of(keys: &Keys, before: &[u8], event: &DocumentEvent) -> [u8; 32] {
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

fn event_of(row: &StoredRow) -> Result<DocumentEvent, StoreError> {
    Ok(DocumentEvent {
        seq: row.try_get("seq")?,
        document: row.try_get("document")?,
        at: row.try_get("at")?,
        event: row.try_get("event")?,
        state: row.try_get("state")?,
        code: row.try_get("code")?,
        attempt: row.try_get("attempt")?,
    })
}

const COLUMNS: &str = "seq, document, at, event, state, code, attempt, hash";
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
        rows.iter().map(event_of).collect()
    }

    /// Whether the chain holds from its beginning; how many events it has.
    pub async fn check_events(&self) -> Result<Result<u64, EventsBroken>, StoreError> {
        let mut reader = self.read().await?;
        let (mut before, mut seq, mut count) = (Vec::new(), 0, 0);
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
                let event = event_of(row)?;
                let hash: Vec<u8> = row.try_get("hash")?;
                if hash != hash_of(&self.keys, &before, &event) {
                    return Ok(Err(EventsBroken { seq: event.seq }));
                }
                (before, seq) = (hash, event.seq);
                count += 1;
            }
        }
    }
}
