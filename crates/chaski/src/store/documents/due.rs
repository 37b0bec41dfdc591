//! What is to be done about documents, and when.

use chaski_client::{JournalDeed, NextDeed, NubefactKind, standing};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use super::load;
use super::sheet::{deed_of, kind_of};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::SealedPlace;
use crate::store::sql::{StoredRow, deed, query};

/// A document that something is to be done about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueDocument {
    /// Which.
    pub id: Uuid,
    /// Mark of its issuer.
    pub company: Vec<u8>,
    /// What.
    pub next: NextDeed,
    /// What is wanted of it.
    pub deed: JournalDeed,
    /// Its kind.
    pub kind: NubefactKind,
    /// Its series.
    pub serie: String,
    /// Not before then.
    pub due_at: Timestamp,
}

/// A series with documents that wait to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct QueuedSeries {
    /// Mark of its issuer.
    pub company: Vec<u8>,
    /// Its kind, as a code of catálogo 01.
    pub kind: String,
    /// Its name.
    pub serie: String,
}

const COLUMNS: &str = "id, company, next, deed, kind, serie, due_at";

impl Store {
    /// The series in which documents wait to be sent.
    pub async fn queued_series(&self) -> Result<Vec<QueuedSeries>, StoreError> {
        let mut reader = self.read().await?;
        let mut found: Vec<QueuedSeries> = Vec::new();
        // From each to the next: a series has many documents, and there are few series.
        loop {
            let last = found.last();
            let next: Option<(Vec<u8>, String, String)> = query(
                "SELECT company, kind, serie FROM documents INDEXED BY documents_waiting \
                 WHERE next = 'issue' AND (company, kind, serie) > ($1, $2, $3) \
                 ORDER BY company, kind, serie LIMIT 1",
            )
            .bind(last.map_or(&[][..], |it| it.company.as_slice()))
            .bind(last.map_or("", |it| it.kind.as_str()))
            .bind(last.map_or("", |it| it.serie.as_str()))
            .fetch_optional(&mut reader)
            .await?;
            let Some((company, kind, serie)) = next else {
                return Ok(found);
            };
            found.push(QueuedSeries {
                company,
                kind,
                serie,
            });
        }
    }

    /// The oldest documents of a series that wait to be sent, whether or not they are due.
    pub async fn queued_documents(
        &self,
        series: &QueuedSeries,
        most: u32,
    ) -> Result<Vec<DueDocument>, StoreError> {
        let mut reader = self.read().await?;
        let rows: Vec<StoredRow> = query(format!(
            "SELECT {COLUMNS} FROM documents INDEXED BY documents_waiting \
             WHERE next = 'issue' AND company = $1 AND kind = $2 AND serie = $3 ORDER BY seq LIMIT $4"
        ))
        .bind(series.company.as_slice())
        .bind(series.kind.as_str())
        .bind(series.serie.as_str())
        .bind(most)
        .fetch_all(&mut reader)
        .await?;
        rows.iter().map(due_of).collect()
    }

    /// Documents that something other than sending is due for, the longest overdue first.
    pub async fn due_documents(
        &self,
        now: Timestamp,
        most: u32,
    ) -> Result<Vec<DueDocument>, StoreError> {
        let mut reader = self.read().await?;
        let rows: Vec<StoredRow> = query(format!(
            "SELECT {COLUMNS} FROM documents INDEXED BY documents_due \
             WHERE due_at <= $1 AND due_at IS NOT NULL AND next <> 'issue' ORDER BY due_at LIMIT $2"
        ))
        .bind(now)
        .bind(most)
        .fetch_all(&mut reader)
        .await?;
        rows.iter().map(due_of).collect()
    }

    /// Documents that were on their way when whoever sent them ended: they are due at once. So is what was put
    /// off at a time that is still to come: since then the clock was set back.
    pub async fn recover_sending(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(deed!(|connection| {
            query("UPDATE issuer_holds SET until = $1 WHERE since > $1 AND until > $1")
                .bind(now)
                .execute(&mut *connection)
                .await?;
            query(
                "UPDATE documents SET due_at = $1 WHERE due_at > $1 \
                 AND (state IN ('ENVIANDO', 'DESCONOCIDO') OR changed_at > $1)",
            )
            .bind(now)
            .execute(connection)
            .await
        }))
        .await
    }

    /// What was due in a while stays due in that while after the clock was set back.
    pub async fn bring_forward(&self, by: SignedDuration) -> Result<(), StoreError> {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX);
        self.write(deed!(|connection| {
            query("UPDATE issuer_holds SET since = since - $1, until = until - $1")
                .bind(by)
                .execute(&mut *connection)
                .await?;
            query(
                "UPDATE documents SET due_at = due_at - $1, files_at = files_at - $1 \
                 WHERE due_at IS NOT NULL OR files_at IS NOT NULL",
            )
            .bind(by)
            .execute(connection)
            .await?;
            Ok(())
        }))
        .await
    }

    /// What was due at that time was done, and where it is due still nothing changed: it is due again
    /// after a longer pause.
    pub async fn put_off(
        &self,
        id: Uuid,
        was_due: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut reader = self.read().await?;
        let due: Option<Option<Timestamp>> = query("SELECT due_at FROM documents WHERE id = $1")
            .bind(id)
            .fetch_optional(&mut reader)
            .await?;
        drop(reader);
        if due.flatten() != Some(was_due) {
            return Ok(());
        }
        let keys = std::sync::Arc::clone(&self.keys);
        self.write(deed!(|connection| {
            let Some(found) = load::by_id(connection, &keys, id).await? else {
                return Ok(());
            };
            let tries = found.tries.saturating_add(1);
            let stands = standing(&found.entry, tries).tried_at(&found.entry, tries, now);
            query(
                "UPDATE documents SET tries = $2, due_at = $3 \
                 WHERE id = $1 AND due_at = $4",
            )
            .bind(id)
            .bind(tries)
            .bind(stands.next.map(|(_, at)| at))
            .bind(was_due)
            .execute(connection)
            .await?;
            Ok(())
        }))
        .await
    }

    /// A document as it is to be sent, without its number.
    pub async fn document_draft(&self, id: Uuid) -> Result<Option<Vec<u8>>, StoreError> {
        let mut reader = self.read().await?;
        let sealed: Option<Vec<u8>> = query("SELECT draft FROM documents WHERE id = $1")
            .bind(id)
            .fetch_optional(&mut reader)
            .await?;
        let open = |sealed: Vec<u8>| {
            let plain = self.keys.open(&SealedPlace::DocumentDraft(id), &sealed);
            plain.ok_or(StoreError::Corrupt)
        };
        sealed.map(open).transpose()
    }
}

fn due_of(row: &StoredRow) -> Result<DueDocument, StoreError> {
    Ok(DueDocument {
        id: row.try_get("id")?,
        company: row.try_get("company")?,
        next: NextDeed::from_name(row.try_get("next")?).ok_or(StoreError::Corrupt)?,
        deed: deed_of(row.try_get("deed")?)?,
        kind: kind_of(row.try_get("kind")?)?,
        serie: row.try_get("serie")?,
        due_at: row.try_get("due_at")?,
    })
}
