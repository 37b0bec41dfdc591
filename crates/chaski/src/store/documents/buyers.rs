//! Documents of a person, for whoever asks what is known of them: those that the person bought with, and how
//! many the person issued. A customer is found by a hash that says whose customer it is, so every issuer
//! that ever issued here is gone through.

use super::marks;
use super::page::{COLUMNS, DocumentRow};
use super::sheet::DocumentSheet;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::sql::{StoredRow, query};

impl Store {
    /// The documents that name that number as their customer, of all issuers, oldest first.
    pub async fn documents_for(&self, numero: &str) -> Result<Vec<DocumentRow>, StoreError> {
        let mut found = Vec::new();
        for issuer in self.document_issuers().await? {
            let mut reader = self.read().await?;
            let rows: Vec<StoredRow> = query(format!(
                "SELECT {COLUMNS} FROM documents WHERE customer = $1 ORDER BY seq"
            ))
            .bind(marks::customer(&self.keys, &issuer, numero))
            .fetch_all(&mut reader)
            .await?;
            for row in &rows {
                found.push(self.document_row(row)?);
            }
        }
        Ok(found)
    }

    /// How many documents name that number as their customer.
    pub async fn count_documents_for(&self, numero: &str) -> Result<u64, StoreError> {
        let mut count = 0;
        for issuer in self.document_issuers().await? {
            let mut reader = self.read().await?;
            count += query("SELECT count(*) FROM documents WHERE customer = $1")
                .bind(marks::customer(&self.keys, &issuer, numero))
                .fetch_one::<u64>(&mut reader)
                .await?;
        }
        Ok(count)
    }

    /// How many documents that issuer issued.
    pub async fn count_documents_by(&self, issuer: &str) -> Result<u64, StoreError> {
        let mut reader = self.read().await?;
        query("SELECT count(*) FROM documents WHERE company = $1 AND deed = 'issue'")
            .bind(marks::issuer(&self.keys, issuer))
            .fetch_one(&mut reader)
            .await
    }

    /// Everybody who ever issued here.
    async fn document_issuers(&self) -> Result<Vec<String>, StoreError> {
        let mut reader = self.read().await?;
        let rows: Vec<StoredRow> = query(
            "SELECT id, sheet FROM documents WHERE seq IN \
             (SELECT max(seq) FROM documents GROUP BY company) ORDER BY seq",
        )
        .fetch_all(&mut reader)
        .await?;
        let issuer = |row: &StoredRow| {
            let sheet = DocumentSheet::open(&self.keys, row.try_get("id")?, row.try_get("sheet")?)?;
            Ok(sheet.emisor)
        };
        rows.iter().map(issuer).collect()
    }
}
