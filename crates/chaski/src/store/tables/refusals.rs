//! The owner's view of what the upstreams refused: the list, and forgetting it.

use chaski_client::{Key, Reason, Remembered};
use compact_str::CompactString;
use jiff::Timestamp;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::page::{Cursor, Page, newest_first, rows_of_page};
use crate::store::seal::{Keys, Place};
use crate::store::sql::{Builder, Row, query};
use crate::store::tables::meta;
use crate::store::time::instant;

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
        let limit = rows_of_page(limit);
        let query = page_query(filter, limit, cursor);
        let mut reader = self.db.read().await?;
        let rows = query.build().fetch_all(&mut reader).await?;
        let rows: Result<Vec<_>, StoreError> = rows
            .iter()
            .map(|row| placed_row(&self.db.keys, row))
            .collect();
        Ok(Page::cut(rows?, limit))
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
        let subject = self.db.keys.subject_bytes(key);
        let operation = key.operation;
        let forgotten = self
            .db
            .write(move |connection| {
                Box::pin(async move {
                    let gone = query("DELETE FROM answers WHERE subject = $1 AND operation = $2")
                        .bind(subject)
                        .bind(operation)
                        .execute(&mut *connection)
                        .await?;
                    if gone > 0 {
                        meta::note_forgetting(connection).await?;
                    }
                    Ok(gone)
                })
            })
            .await?;
        Ok(forgotten > 0)
    }

    async fn forget_refusal(&self, key: &Key) -> Result<u64, StoreError> {
        let known = self.db.recall(std::slice::from_ref(key)).await?;
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
            let gone = self
                .db
                .write(|connection| {
                    Box::pin(async move {
                        let gone = query(
                            "DELETE FROM answers WHERE seq IN (SELECT seq FROM answers \
                             INDEXED BY answers_refused WHERE reason IS NOT NULL LIMIT $1)",
                        )
                        .bind(CHUNK)
                        .execute(&mut *connection)
                        .await?;
                        if gone > 0 {
                            meta::note_forgetting(connection).await?;
                        }
                        Ok(gone)
                    })
                })
                .await?;
            if gone == 0 {
                return Ok(forgotten);
            }
            forgotten += gone;
        }
    }
}

fn page_query(filter: &RefusalFilter, limit: usize, cursor: Option<Cursor>) -> Builder {
    let mut query = Builder::new(
        "SELECT seq, provider, operation, subject, personal, masked, reason, body, stored_at, \
         expires_at FROM answers INDEXED BY answers_refused WHERE reason IS NOT NULL",
    );
    if let Some(provider) = &filter.provider {
        query.push(" AND provider = ").push_bind(provider.clone());
    }
    if let Some(operation) = &filter.operation {
        query.push(" AND operation = ").push_bind(operation.clone());
    }
    if let Some(reason) = filter.reason {
        query.push(" AND reason = ").push_bind(reason.as_str());
    }
    newest_first(&mut query, "stored_at", limit, cursor);
    query
}

fn placed_row(keys: &Keys, row: &Row) -> Result<(Cursor, RefusalRow), StoreError> {
    let (provider, operation): (&str, &str) = (row.try_get(1)?, row.try_get(2)?);
    let subject: &[u8] = row.try_get(3)?;
    let personal: bool = row.try_get(4)?;
    let body: &[u8] = row.try_get(7)?;
    let stored_at: i64 = row.try_get(8)?;
    let (shown, message) = if personal {
        let place = Place::Answer {
            provider,
            operation,
            subject,
        };
        let masked: &str = row.try_get(5)?;
        // The row is listed even if its words cannot be read: the owner has to be able to see it.
        let message = keys.open(&place, body).unwrap_or_default();
        (masked.into(), CompactString::from_utf8_lossy(&message))
    } else {
        (
            CompactString::from_utf8_lossy(subject),
            CompactString::from_utf8_lossy(body),
        )
    };
    let place = Cursor {
        at: stored_at,
        seq: row.try_get(0)?,
    };
    let refusal = RefusalRow {
        provider: provider.into(),
        operation: operation.into(),
        subject: shown,
        personal,
        reason: row.try_get::<&str>(6)?.into(),
        message,
        stored_at: instant(stored_at),
        expires_at: instant(row.try_get(9)?),
    };
    Ok((place, refusal))
}
