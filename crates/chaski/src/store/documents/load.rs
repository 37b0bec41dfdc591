//! Rows as the journal's entries.

use chaski_client::{
    AttemptOutcome, AttemptRecord, JournalDeed, JournalEntry, JournalPart, PartCount, PartNumber,
    SeriesName, StoredReply,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::marks;
use super::sheet::{DocumentSheet, SeriesKey, deed_name, deed_of, kind_of};
use crate::store::error::StoreError;
use crate::store::seal::{Keys, SealedPlace};
use crate::store::sql::{Conn, StoredRow, query};

/// The columns that an entry is made of.
const ENTRY: &str = "id, deed, kind, serie, numero, own_numero, content, created_at, abandoned, \
     sheet, reply, fence, tries, state, renumber";

/// Credit notes that take something off the document that they modify.
pub(super) const CREDITS: &str = "deed = 'issue' AND kind = '07' \
     AND state NOT IN ('DEVUELTO', 'LIBERADO', 'CONFLICTO', 'RECHAZADO', 'ANULADO')";

/// What an entry is kept with.
#[derive(Debug, Clone)]
pub(super) struct LoadedDocument {
    pub(super) entry: JournalEntry,
    pub(super) fence: i64,
    pub(super) tries: u32,
    pub(super) renumber: bool,
    pub(super) state: String,
}

/// Everything that a deed concerns.
pub(super) struct LoadedPart {
    pub(super) part: JournalPart,
    pub(super) documents: Vec<LoadedDocument>,
    pub(super) numbers: Vec<PartNumber>,
    pub(super) last: u32,
    pub(super) series: SeriesKey,
}

impl LoadedPart {
    pub(super) fn document(&self, id: Uuid) -> Option<&LoadedDocument> {
        self.documents.iter().find(|it| it.entry.id == id)
    }
}

/// The document of a key.
pub(super) async fn by_key(
    connection: &mut Conn,
    keys: &Keys,
    company: &[u8],
    key: &str,
) -> Result<Option<LoadedDocument>, StoreError> {
    let row: Option<StoredRow> = query(format!(
        "SELECT {ENTRY} FROM documents WHERE company = $1 AND key = $2"
    ))
    .bind(company)
    .bind(marks::key(keys, key))
    .fetch_optional(&mut *connection)
    .await?;
    match row {
        Some(row) => document_of(connection, keys, &row).await.map(Some),
        None => Ok(None),
    }
}

/// One document.
pub(super) async fn by_id(
    connection: &mut Conn,
    keys: &Keys,
    id: Uuid,
) -> Result<Option<LoadedDocument>, StoreError> {
    let row: Option<StoredRow> = query(format!("SELECT {ENTRY} FROM documents WHERE id = $1"))
        .bind(id)
        .fetch_optional(&mut *connection)
        .await?;
    match row {
        Some(row) => document_of(connection, keys, &row).await.map(Some),
        None => Ok(None),
    }
}

/// The document that an attempt is of.
pub(super) async fn by_attempt(
    connection: &mut Conn,
    keys: &Keys,
    attempt: Uuid,
) -> Result<Option<LoadedDocument>, StoreError> {
    let row: Option<StoredRow> = query(format!(
        "SELECT {ENTRY} FROM documents \
         WHERE id = (SELECT document FROM document_attempts WHERE id = $1)"
    ))
    .bind(attempt)
    .fetch_optional(&mut *connection)
    .await?;
    match row {
        Some(row) => document_of(connection, keys, &row).await.map(Some),
        None => Ok(None),
    }
}

/// Documents under a condition on `documents`, oldest first.
pub(super) async fn those_where(
    connection: &mut Conn,
    keys: &Keys,
    which: &'static str,
    company: &[u8],
) -> Result<Vec<JournalEntry>, StoreError> {
    let rows: Vec<StoredRow> = query(format!(
        "SELECT {ENTRY} FROM documents WHERE {which} ORDER BY seq"
    ))
    .bind(company)
    .fetch_all(&mut *connection)
    .await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        entries.push(document_of(connection, keys, row).await?.entry);
    }
    Ok(entries)
}

/// The credit notes that take something off what is under a mark, oldest first.
pub(super) async fn credits_on(
    connection: &mut Conn,
    keys: &Keys,
    company: &[u8],
    modified: Vec<u8>,
) -> Result<Vec<LoadedDocument>, StoreError> {
    let rows: Vec<StoredRow> = query(format!(
        "SELECT {ENTRY} FROM documents INDEXED BY documents_modifies WHERE company = $1 \
         AND modifies = $2 AND {CREDITS} ORDER BY seq"
    ))
    .bind(company)
    .bind(modified)
    .fetch_all(&mut *connection)
    .await?;
    let mut notes = Vec::with_capacity(rows.len());
    for row in &rows {
        notes.push(document_of(connection, keys, row).await?);
    }
    Ok(notes)
}

/// All documents that an attempt was ever made for with a number, oldest first.
pub(super) async fn tried(
    connection: &mut Conn,
    keys: &Keys,
    deed: JournalDeed,
    series: &SeriesKey,
    numero: u32,
) -> Result<Vec<LoadedDocument>, StoreError> {
    let mut found = Vec::new();
    for id in tried_by(connection, deed, series, numero).await? {
        found.extend(by_id(connection, keys, id).await?);
    }
    Ok(found)
}

async fn tried_by(
    connection: &mut Conn,
    deed: JournalDeed,
    series: &SeriesKey,
    numero: u32,
) -> Result<Vec<Uuid>, StoreError> {
    query(
        "SELECT document FROM document_attempts WHERE company = $1 AND kind = $2 AND serie = $3 \
         AND numero = $4 AND deed = $5 GROUP BY document ORDER BY min(seq)",
    )
    .bind(series.company.as_slice())
    .bind(series.kind)
    .bind(series.serie.as_str())
    .bind(numero)
    .bind(deed_name(deed))
    .fetch_all(connection)
    .await
}

/// Which number a deed may take besides those that its document has tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    None,
    /// The lowest free one of the series, or the next.
    Lowest,
    /// The one that was brought.
    Brought(u32),
}

/// The part that a deed about a document concerns: with it all others that tried its numbers, and the number
/// that is wanted.
pub(super) async fn part_of(
    connection: &mut Conn,
    keys: &Keys,
    name: &SeriesName,
    deed: JournalDeed,
    own: Option<LoadedDocument>,
    wanted: Wanted,
) -> Result<LoadedPart, StoreError> {
    let series = SeriesKey::of(keys, name);
    let mut numbers: Vec<u32> = Vec::new();
    if let Some(own) = &own {
        numbers.extend(own.entry.attempts.iter().map(|it| it.numero));
    }
    let mut count = None;
    if deed == JournalDeed::Issue {
        let found: Option<(u32, u32, Option<u32>)> = query(
            "SELECT last, before, (SELECT min(n.numero) FROM document_numbers n WHERE n.company = s.company \
             AND n.kind = s.kind AND n.serie = s.serie AND n.free = 1) \
             FROM document_series s WHERE company = $1 AND kind = $2 AND serie = $3",
        )
        .bind(series.company.as_slice())
        .bind(series.kind)
        .bind(series.serie.as_str())
        .fetch_optional(&mut *connection)
        .await?;
        if let Some((last, before, lowest)) = found {
            count = Some((name.clone(), PartCount { last, before }));
            numbers.extend(lowest.filter(|_| wanted == Wanted::Lowest));
        }
    }
    if let Wanted::Brought(numero) = wanted {
        numbers.push(numero);
    }
    numbers.sort_unstable();
    numbers.dedup();
    let mut documents: Vec<LoadedDocument> = own.into_iter().collect();
    let mut known = Vec::new();
    for numero in numbers {
        for id in tried_by(connection, deed, &series, numero).await? {
            if documents.iter().all(|it| it.entry.id != id) {
                documents.extend(by_id(connection, keys, id).await?);
            }
        }
        if deed == JournalDeed::Issue {
            known.push(number(connection, &series, numero).await?);
        }
    }
    let last = count.as_ref().map_or(0, |(_, count)| count.last);
    let entries = documents.iter().map(|it| it.entry.clone()).collect();
    Ok(LoadedPart {
        part: JournalPart::new(entries, count, &known),
        documents,
        numbers: known,
        last,
        series,
    })
}

async fn number(
    connection: &mut Conn,
    series: &SeriesKey,
    numero: u32,
) -> Result<PartNumber, StoreError> {
    let found: Option<(bool, bool)> = query(
        "SELECT free, theirs FROM document_numbers WHERE company = $1 AND kind = $2 AND serie = $3 \
         AND numero = $4",
    )
    .bind(series.company.as_slice())
    .bind(series.kind)
    .bind(series.serie.as_str())
    .bind(numero)
    .fetch_optional(connection)
    .await?;
    let (free, theirs) = found.unwrap_or_default();
    Ok(PartNumber {
        numero,
        free,
        theirs,
    })
}

async fn document_of(
    connection: &mut Conn,
    keys: &Keys,
    row: &StoredRow,
) -> Result<LoadedDocument, StoreError> {
    let id: Uuid = row.try_get("id")?;
    let sheet = DocumentSheet::open(keys, id, row.try_get("sheet")?)?;
    let kind = kind_of(row.try_get("kind")?)?;
    let reply: Option<Vec<u8>> = row.try_get("reply")?;
    let attempts: Vec<StoredRow> = query(
        "SELECT id, numero, hash, at, told, concluded_at, absent_at FROM document_attempts \
         WHERE document = $1 ORDER BY seq",
    )
    .bind(id)
    .fetch_all(connection)
    .await?;
    let attempts = attempts.iter().map(|row| attempt_of(keys, row));
    Ok(LoadedDocument {
        entry: JournalEntry {
            id,
            series: SeriesName::new(&sheet.emisor, kind, row.try_get("serie")?),
            deed: deed_of(row.try_get("deed")?)?,
            numero: row.try_get::<Option<u32>>("numero")?.unwrap_or_default(),
            own_numero: row.try_get("own_numero")?,
            key: sheet.clave.into(),
            content: row.try_get("content")?,
            at: row.try_get("created_at")?,
            attempts: attempts.collect::<Result<_, _>>()?,
            reply: reply
                .map(|sealed| open_reply(keys, id, &sealed))
                .transpose()?,
            abandoned: row.try_get("abandoned")?,
        },
        fence: row.try_get("fence")?,
        tries: row.try_get("tries")?,
        renumber: row.try_get("renumber")?,
        state: row.try_get("state")?,
    })
}

fn attempt_of(keys: &Keys, row: &StoredRow) -> Result<AttemptRecord, StoreError> {
    let id: Uuid = row.try_get("id")?;
    let told: Option<Vec<u8>> = row.try_get("told")?;
    let outcome = told.map(|sealed| {
        let plain = keys.open(&SealedPlace::AttemptOutcome(id), &sealed);
        let plain = plain.ok_or(StoreError::Corrupt)?;
        serde_json::from_slice::<AttemptOutcome>(&plain).map_err(|_| StoreError::Corrupt)
    });
    Ok(AttemptRecord {
        id,
        numero: row.try_get("numero")?,
        hash: row.try_get("hash")?,
        at: row.try_get("at")?,
        outcome: outcome.transpose()?,
        concluded_at: row.try_get::<Option<Timestamp>>("concluded_at")?,
        absent_at: row.try_get::<Option<Timestamp>>("absent_at")?,
    })
}

pub(super) fn open_reply(keys: &Keys, id: Uuid, sealed: &[u8]) -> Result<StoredReply, StoreError> {
    let plain = keys.open(&SealedPlace::DocumentReply(id), sealed);
    serde_json::from_slice(&plain.ok_or(StoreError::Corrupt)?).map_err(|_| StoreError::Corrupt)
}
