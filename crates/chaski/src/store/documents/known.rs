//! What is known of documents that others name: the credit notes on one, and which keys and numbers of an issuer
//! are of a document that exists. Each is found by an index, however many documents there are.

use std::collections::HashSet;

use chaski_client::{JournalEntry, NubefactId, SeriesName};
use uuid::Uuid;

use super::load;
use super::marks;
use super::sheet::{DocumentSheet, SeriesKey};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::sql::{StoredRow, any_bytes_of, any_of, list, list_of_bytes, query};

/// Keys or numbers of one statement.
const TOGETHER: usize = 500;

impl Store {
    /// The credit notes on a document that were issued and count: neither refused nor voided; oldest first.
    pub async fn credit_notes_on(
        &self,
        issuer: &str,
        id: &NubefactId,
    ) -> Result<Vec<JournalEntry>, StoreError> {
        let mut reader = self.read().await?;
        let company = marks::issuer(&self.keys, issuer);
        let modified = marks::modifies(&self.keys, &DocumentSheet::modified(id));
        let notes = load::credits_on(&mut reader, &self.keys, &company, modified).await?;
        let entries = notes.into_iter().map(|it| it.entry);
        Ok(entries.filter(|it| it.accepted().is_some()).collect())
    }

    /// Those of some keys under which something was issued that exists. Of a wish for one more, the key is the
    /// next of a chain: `key#2`.
    pub async fn issued_keys(
        &self,
        issuer: &str,
        wanted: impl IntoIterator<Item = &String>,
    ) -> Result<HashSet<String>, StoreError> {
        let company = marks::issuer(&self.keys, issuer);
        let mut reader = self.read().await?;
        let mut found = HashSet::new();
        let mut open: Vec<&String> = wanted.into_iter().collect();
        let mut place = 1;
        while !open.is_empty() {
            let mut next = Vec::new();
            for some in open.chunks(TOGETHER) {
                let of_place = |key: &String| match place {
                    1 => marks::key(&self.keys, key),
                    place => marks::key(&self.keys, &format!("{key}#{place}")),
                };
                let marks: Vec<Vec<u8>> = some.iter().map(|it| of_place(it)).collect();
                let rows: Vec<(Vec<u8>, bool)> = query(concat!(
                    "SELECT key, EXISTS (SELECT 1 FROM document_attempts a \
                     WHERE a.document = documents.id AND a.outcome IN ('accepted', 'recovered')) \
                     FROM documents WHERE company = $1 AND deed = 'issue' AND key IN ",
                    any_bytes_of!("$2")
                ))
                .bind(company.as_slice())
                .bind(list_of_bytes(marks.iter().map(Vec::as_slice)))
                .fetch_all(&mut reader)
                .await?;
                for (key, mark) in some.iter().zip(&marks) {
                    match rows.iter().find(|(it, _)| it == mark) {
                        Some((_, true)) => drop(found.insert((*key).clone())),
                        // What came to nothing may have been wished for again.
                        Some((_, false)) => next.push(*key),
                        None => {}
                    }
                }
            }
            open = next;
            place += 1;
        }
        Ok(found)
    }

    /// Those of some numbers of a series that documents have which exist, each with the key of its document.
    pub async fn issued_numbers(
        &self,
        series: &SeriesName,
        numbers: &[u32],
    ) -> Result<Vec<(u32, String)>, StoreError> {
        let series = SeriesKey::of(&self.keys, series);
        let mut reader = self.read().await?;
        let mut issued = Vec::new();
        for some in numbers.chunks(TOGETHER) {
            let rows: Vec<StoredRow> = query(concat!(
                "SELECT id, numero, sheet FROM documents INDEXED BY documents_numero \
                 WHERE company = $1 AND kind = $2 AND serie = $3 AND deed = 'issue' \
                 AND EXISTS (SELECT 1 FROM document_attempts a \
                 WHERE a.document = documents.id AND a.outcome IN ('accepted', 'recovered')) \
                 AND numero IN ",
                any_of!("$4")
            ))
            .bind(series.company.as_slice())
            .bind(series.kind)
            .bind(series.serie.as_str())
            .bind(list(some.iter().map(|it| i64::from(*it))))
            .fetch_all(&mut reader)
            .await?;
            for row in &rows {
                let id: Uuid = row.try_get("id")?;
                let sheet = DocumentSheet::open(&self.keys, id, row.try_get("sheet")?)?;
                issued.push((row.try_get("numero")?, sheet.clave));
            }
        }
        Ok(issued)
    }
}
