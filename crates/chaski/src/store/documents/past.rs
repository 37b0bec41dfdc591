//! Documents that need not be kept any longer leave with everything that is known of them. Counts of series
//! stay: their numbers are used for ever.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use uuid::Uuid;

use super::chain;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::Keys;
use crate::store::sql::{Conn, deed, query};

/// A document that need not be kept any longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastDocument {
    /// Which.
    pub id: Uuid,
    /// The hashes of its files that are no other document's too.
    pub files: Vec<String>,
}

/// Events that leave in one transaction.
const EVENTS_TOGETHER: u64 = 2_000;

/// A document is taken on in this many days from its day of issue, but for those of other systems.
const TAKEN_ON_WITHIN: i32 = 31;

impl Store {
    /// The oldest documents of before that day about which nothing is to be done; of one without a day
    /// of issue, the day counts on which it was taken on.
    pub async fn past_documents(
        &self,
        before: Date,
        begins: Timestamp,
        most: u32,
    ) -> Result<Vec<PastDocument>, StoreError> {
        let latest = begins.checked_add((TAKEN_ON_WITHIN * 24).hours());
        let mut reader = self.read().await?;
        let ids: Vec<Uuid> = query(
            "SELECT id FROM documents WHERE created_at < $1 AND next IS NULL \
             AND (issued_on < $2 OR (issued_on IS NULL AND created_at < $3)) \
             ORDER BY created_at, seq LIMIT $4",
        )
        .bind(latest.unwrap_or(begins))
        .bind(before.to_string())
        .bind(begins)
        .bind(most)
        .fetch_all(&mut reader)
        .await?;
        let mut past = Vec::with_capacity(ids.len());
        for id in ids {
            let files = query(
                "SELECT hash FROM document_files f WHERE document = $1 AND NOT EXISTS \
                 (SELECT 1 FROM document_files o WHERE o.hash = f.hash AND o.document <> $1)",
            );
            let files = files.bind(id).fetch_all(&mut reader).await?;
            past.push(PastDocument { id, files });
        }
        Ok(past)
    }

    /// Forgets documents with their attempts, files and, from the beginning of the chain, events. Their
    /// content beside the database is gone already.
    pub async fn forget_documents(&self, ids: Vec<Uuid>) -> Result<u64, StoreError> {
        let gone = self.write(deed!(|connection| {
            let mut gone = 0;
            for id in ids {
                for statement in [
                    "DELETE FROM document_files WHERE document = $1",
                    "DELETE FROM document_attempts WHERE document = $1",
                ] {
                    query(statement).bind(id).execute(&mut *connection).await?;
                }
                gone += query("DELETE FROM documents WHERE id = $1")
                    .bind(id)
                    .execute(&mut *connection)
                    .await?;
            }
            Ok(gone)
        }));
        let gone = gone.await?;
        loop {
            let keys = std::sync::Arc::clone(&self.keys);
            let left = self.write(deed!(|connection| leave(connection, &keys).await));
            if left.await? < EVENTS_TOGETHER {
                return Ok(gone);
            }
        }
    }
}

/// Lets the first events go, as far as they are of documents that are gone; how many.
async fn leave(connection: &mut Conn, keys: &Keys) -> Result<u64, StoreError> {
    let kept: Option<i64> = query(
        "SELECT seq FROM document_events e \
         WHERE EXISTS (SELECT 1 FROM documents d WHERE d.id = e.document) ORDER BY seq LIMIT 1",
    )
    .fetch_optional(&mut *connection)
    .await?;
    let last: Option<(i64, Vec<u8>)> = query(format!(
        "SELECT seq, hash FROM (SELECT seq, hash FROM document_events WHERE seq < $1 \
         ORDER BY seq LIMIT {EVENTS_TOGETHER}) AS first ORDER BY seq DESC LIMIT 1"
    ))
    .bind(kept.unwrap_or(i64::MAX))
    .fetch_optional(&mut *connection)
    .await?;
    let Some((last, hash)) = last else {
        return Ok(0);
    };
    chain::begin_after(connection, keys, &hash).await?;
    query("DELETE FROM document_events WHERE seq <= $1")
        .bind(last)
        .execute(connection)
        .await
}
