//! The owner's view of what the upstreams refused: the list, and forgetting it.

use chaski_client::{Key, Reason, Remembered};
use compact_str::CompactString;
use jiff::Timestamp;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::page::{Cursor, Page};
use crate::store::seal::{Keys, SealedPlace};
use crate::store::sql::{Query, StoredRow, deed, query};
use crate::store::tables::meta;

/// Which refusals are wanted.
#[derive(Debug, Clone, Default)]
pub struct RefusalFilter {
    /// Of this upstream.
    pub provider: Option<String>,
    /// Of this operation.
    pub operation: Option<String>,
    /// Of this kind.
    pub reason: Option<Reason>,
}

/// A number that an upstream refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusalRow {
    /// Upstream.
    pub provider: CompactString,
    /// Operation.
    pub operation: CompactString,
    /// The number, masked when personal.
    pub subject: CompactString,
    /// Whether the number is personal data.
    pub personal: bool,
    /// Stored name of the reason.
    pub reason: CompactString,
    /// The upstream's own words.
    pub message: CompactString,
    /// When it said so.
    pub stored_at: Timestamp,
    /// Until when it counts.
    pub expires_at: Timestamp,
}

/// Rows deleted per transaction, so that others can write in between.
const CHUNK: i64 = 2_000;

impl Store {
    /// A page of what is refused, newest first.
    pub async fn refusals(
        &self,
        filter: &RefusalFilter,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<RefusalRow>, StoreError> {
        let mut query = query(
            "SELECT seq, provider, operation, subject, personal, masked, reason, body, stored_at, \
             expires_at FROM answers INDEXED BY answers_refused WHERE reason IS NOT NULL",
        );
        query
            .push_if(" AND provider = ", filter.provider.clone())
            .push_if(" AND operation = ", filter.operation.clone())
            .push_if(" AND reason = ", filter.reason.map(Reason::as_str));
        let mut reader = self.read().await?;
        let read = |row: StoredRow| refusal_row(&self.keys, &row);
        Page::newest(query, "stored_at", (limit, cursor), &mut reader, read).await
    }

    /// Forgets the refusal of one key, or all refusals; answers stay. Says how many there were.
    pub async fn forget_refusals(&self, key: Option<&Key>) -> Result<u64, StoreError> {
        match key {
            Some(key) => self.forget_refusal(key).await,
            None => self.forget_all_refusals().await,
        }
    }

    /// Forgets one key, answer or refusal; true when something was known.
    pub(in crate::store) async fn forget_key(&self, key: &Key) -> Result<bool, StoreError> {
        let (subject, operation) = (self.keys.subject_bytes(key), key.operation);
        let one = query("DELETE FROM answers WHERE subject = $1 AND operation = $2");
        let one = one.bind(subject).bind(operation);
        Ok(self.forget(one).await? > 0)
    }

    /// Deletes some answers; says how many there were.
    async fn forget(&self, statement: Query<'static>) -> Result<u64, StoreError> {
        self.write(deed!(|connection| {
            let gone = statement.execute(&mut *connection).await?;
            if gone > 0 {
                meta::note_forgetting(connection).await?;
            }
            Ok(gone)
        }))
        .await
    }

    async fn forget_refusal(&self, key: &Key) -> Result<u64, StoreError> {
        let known = self.recall(std::slice::from_ref(key)).await?;
        match known.first() {
            Some(Some(memory)) if matches!(memory.what, Remembered::Refusal { .. }) => {
                Ok(u64::from(self.forget_key(key).await?))
            }
            _ => Ok(0),
        }
    }

    async fn forget_all_refusals(&self) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let some = query(
                "DELETE FROM answers WHERE seq IN (SELECT seq FROM answers \
                 INDEXED BY answers_refused WHERE reason IS NOT NULL LIMIT $1)",
            );
            let gone = self.forget(some.bind(CHUNK)).await?;
            if gone == 0 {
                return Ok(forgotten);
            }
            forgotten += gone;
        }
    }
}

fn refusal_row(keys: &Keys, row: &StoredRow) -> Result<RefusalRow, StoreError> {
    let (provider, operation): (&str, &str) = (row.try_get("provider")?, row.try_get("operation")?);
    let (subject, body): (&[u8], &[u8]) = (row.try_get("subject")?, row.try_get("body")?);
    let personal = row.try_get("personal")?;
    let (shown, message) = if personal {
        let place = SealedPlace::Answer {
            provider,
            operation,
            subject,
        };
        // The row is listed even if its words cannot be read: the owner has to be able to see it.
        let message = keys.open(&place, body).unwrap_or_default();
        let message = CompactString::from_utf8_lossy(&message);
        (row.try_get("masked")?, message)
    } else {
        let text = CompactString::from_utf8_lossy;
        (text(subject), text(body))
    };
    Ok(RefusalRow {
        provider: provider.into(),
        operation: operation.into(),
        subject: shown,
        personal,
        reason: row.try_get("reason")?,
        message,
        stored_at: row.try_get("stored_at")?,
        expires_at: row.try_get("expires_at")?,
    })
}
