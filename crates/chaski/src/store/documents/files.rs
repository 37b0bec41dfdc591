//! Which files of a document there are. Their content is kept beside the database, under its hash.

use jiff::Timestamp;
use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::sql::{Conn, StoredRow, deed, query};

/// A file of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredFile {
    /// `pdf`, `xml` or `cdr`.
    pub kind: String,
    /// BLAKE3 of its content, hexadecimal.
    pub hash: String,
    /// In bytes.
    pub size: u64,
    /// When it was fetched.
    pub at: Timestamp,
}

impl Store {
    /// The files of a document.
    pub async fn document_files(&self, id: Uuid) -> Result<Vec<StoredFile>, StoreError> {
        let mut reader = self.read().await?;
        let rows: Vec<StoredRow> = query(
            "SELECT kind, hash, size, at FROM document_files WHERE document = $1 ORDER BY kind",
        )
        .bind(id)
        .fetch_all(&mut reader)
        .await?;
        let file = |row: &StoredRow| {
            Ok(StoredFile {
                kind: row.try_get("kind")?,
                hash: row.try_get("hash")?,
                size: row.try_get("size")?,
                at: row.try_get("at")?,
            })
        };
        rows.iter().map(file).collect()
    }

    /// Names files whose content is on the disk already.
    pub async fn put_document_files(
        &self,
        id: Uuid,
        files: Vec<StoredFile>,
    ) -> Result<(), StoreError> {
        self.write(deed!(|connection| put_files(connection, id, &files).await))
            .await
    }

    /// Documents whose files are to be fetched, the longest overdue first.
    pub async fn due_files(&self, now: Timestamp, most: u32) -> Result<Vec<Uuid>, StoreError> {
        let mut reader = self.read().await?;
        query(
            "SELECT id FROM documents INDEXED BY documents_files WHERE files_at <= $1 \
             ORDER BY files_at LIMIT $2",
        )
        .bind(now)
        .bind(most)
        .fetch_all(&mut reader)
        .await
    }

    /// Files were fetched: names those that are on the disk now. Until `again` no more are looked for; never
    /// where all are there that there can be.
    pub async fn files_fetched(
        &self,
        id: Uuid,
        files: Vec<StoredFile>,
        again: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        self.write(deed!(|connection| {
            put_files(connection, id, &files).await?;
            query(
                "UPDATE documents SET files_at = $2, files_tries = files_tries + 1 WHERE id = $1",
            )
            .bind(id)
            .bind(again)
            .execute(connection)
            .await?;
            Ok(())
        }))
        .await
    }

    /// Forgets a file whose content is not there any more, so that it is fetched again.
    pub async fn forget_document_file(
        &self,
        id: Uuid,
        kind: &'static str,
    ) -> Result<(), StoreError> {
        self.write(deed!(|connection| {
            query("DELETE FROM document_files WHERE document = $1 AND kind = $2")
                .bind(id)
                .bind(kind)
                .execute(connection)
                .await?;
            Ok(())
        }))
        .await
    }
}

async fn put_files(
    connection: &mut Conn,
    id: Uuid,
    files: &[StoredFile],
) -> Result<(), StoreError> {
    for file in files {
        query(
            "INSERT INTO document_files (document, kind, hash, size, at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (document, kind) DO UPDATE SET \
             hash = excluded.hash, size = excluded.size, at = excluded.at",
        )
        .bind(id)
        .bind(file.kind.as_str())
        .bind(file.hash.as_str())
        .bind(file.size)
        .bind(file.at)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
