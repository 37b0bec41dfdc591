//! What is known of documents that others name: the credit notes on one, and which keys and numbers of an issuer
//! are of a document that exists. Each is found by an index, however many documents there are.

use std::collections::HashSet;

use chaski_client::{JournalEntry, NubefactId, SeriesName};
use uuid::Uuid;

use super::load;
use super::marks;
use super::of_before::by_what_was_sent;
use super::sheet::{DocumentSheet, SeriesKey};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::{Keys, SealedPlace};
use crate::store::sql::{Conn, StoredRow, any_bytes_of, any_of, list, list_of_bytes, query};
use crate::store::tables::meta;

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
        let mut issued = HashSet::new();
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
                let found: Vec<(Vec<u8>, bool)> = query(concat!(
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
                    match found.iter().find(|(it, _)| it == mark) {
                        Some((_, true)) => drop(issued.insert((*key).clone())),
                        // What came to nothing may have been wished for again.
                        Some((_, false)) => next.push(*key),
                        None => {}
                    }
                }
            }
            open = next;
            place += 1;
        }
        Ok(issued)
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

/// Notes that were taken over before it was noted what they modify are found by it from now on. It is looked for
/// them once.
pub(in crate::store) async fn mark_earlier_notes(
    connection: &mut Conn,
    keys: &Keys,
) -> Result<(), StoreError> {
    if meta::get(connection, meta::NOTES_MARKED).await?.is_some() {
        return Ok(());
    }
    let mut after: i64 = 0;
    loop {
        // Of what was found at Nubefact nobody here knows what was sent.
        let rows: Vec<StoredRow> = query(
            "SELECT seq, id, sheet, draft FROM documents WHERE seq > $1 AND deed = 'issue' \
             AND kind IN ('07', '08') AND modifies IS NULL AND content <> 'encontrado' \
             ORDER BY seq LIMIT 200",
        )
        .bind(after)
        .fetch_all(&mut *connection)
        .await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            after = row.try_get("seq")?;
            mark_note(connection, keys, row).await?;
        }
    }
    meta::put(connection, meta::NOTES_MARKED, &[]).await
}

async fn mark_note(connection: &mut Conn, keys: &Keys, row: &StoredRow) -> Result<(), StoreError> {
    let id: Uuid = row.try_get("id")?;
    let draft = keys.open(&SealedPlace::DocumentDraft(id), row.try_get("draft")?);
    let known = by_what_was_sent(&draft.unwrap_or_default());
    let Some(modified) = known.modifica else {
        return Ok(());
    };
    let sheet = DocumentSheet {
        modifica: Some(modified.clone()),
        ..DocumentSheet::open(keys, id, row.try_get("sheet")?)?
    };
    query(
        "UPDATE documents SET modifies = $2, total = coalesce(total, $3), sheet = $4 WHERE id = $1",
    )
    .bind(id)
    .bind(marks::modifies(keys, &modified))
    .bind(known.hundredths.map(i64::cast_unsigned))
    .bind(sheet.sealed(keys, id)?)
    .execute(connection)
    .await?;
    Ok(())
}
