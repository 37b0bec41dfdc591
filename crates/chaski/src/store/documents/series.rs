//! How far each series has come.

use chaski_client::{NubefactKind, SeriesCount, SeriesName};
use jiff::Timestamp;

use super::sheet::{SeriesKey, kind_of};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::{Keys, SealedPlace};
use crate::store::sql::{Conn, StoredRow, deed, query};

/// A series that is open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeriesRow {
    /// Its count, and its lowest free numbers.
    pub count: SeriesCount,
    /// Whether its documents go one after the other.
    pub in_order: bool,
    /// Since when it waits to be walked.
    pub review_since: Option<Timestamp>,
    /// Mark of its issuer.
    pub company: Vec<u8>,
}

/// Free numbers that are listed.
const MOST_FREE: u32 = 1_000;

/// Opens a series, or raises its count; answers the count.
pub(super) async fn open(
    connection: &mut Conn,
    keys: &Keys,
    name: &SeriesName,
    last: u32,
) -> Result<u32, StoreError> {
    let series = SeriesKey::of(keys, name);
    // Numbers that callers brought before it was opened are used as well.
    let tried: Option<u32> = query(
        "SELECT max(numero) FROM document_attempts WHERE company = $1 AND kind = $2 AND serie = $3 \
         AND deed = 'issue'",
    )
    .bind(series.company.as_slice())
    .bind(series.kind)
    .bind(series.serie.as_str())
    .fetch_optional::<Option<u32>>(&mut *connection)
    .await?
    .flatten();
    let count = last.max(tried.unwrap_or_default());
    query(
        "INSERT INTO document_series (company, kind, serie, last, before, in_order, sealed) \
         VALUES ($1, $2, $3, $4, $5, 1, $6) ON CONFLICT (company, kind, serie) DO UPDATE SET \
         last = CASE WHEN excluded.last > document_series.last THEN excluded.last \
         ELSE document_series.last END, \
         before = CASE WHEN excluded.before > document_series.before THEN excluded.before \
         ELSE document_series.before END",
    )
    .bind(series.company.as_slice())
    .bind(series.kind)
    .bind(series.serie.as_str())
    .bind(count)
    .bind(last)
    .bind(keys.seal(
        &SealedPlace::Series(&series.company),
        name.issuer.as_bytes(),
    )?)
    .execute(&mut *connection)
    .await?;
    query(
        "UPDATE document_numbers SET free = 0 WHERE company = $1 AND kind = $2 AND serie = $3 \
         AND numero <= $4 AND free = 1",
    )
    .bind(series.company.as_slice())
    .bind(series.kind)
    .bind(series.serie.as_str())
    .bind(last)
    .execute(&mut *connection)
    .await?;
    query("SELECT last FROM document_series WHERE company = $1 AND kind = $2 AND serie = $3")
        .bind(series.company.as_slice())
        .bind(series.kind)
        .bind(series.serie.as_str())
        .fetch_one(connection)
        .await
}

impl Store {
    /// All series that are open, by name.
    pub async fn document_series(&self) -> Result<Vec<SeriesRow>, StoreError> {
        let mut reader = self.read().await?;
        let rows: Vec<StoredRow> = query(
            "SELECT company, kind, serie, last, in_order, review_since, sealed FROM document_series \
             ORDER BY company, kind, serie",
        )
        .fetch_all(&mut reader)
        .await?;
        let mut series = Vec::with_capacity(rows.len());
        for row in &rows {
            let company: Vec<u8> = row.try_get("company")?;
            let (kind, serie): (String, String) = (row.try_get("kind")?, row.try_get("serie")?);
            let free: Vec<u32> = query(format!(
                "SELECT numero FROM document_numbers WHERE company = $1 AND kind = $2 AND serie = $3 \
                 AND free = 1 ORDER BY numero LIMIT {MOST_FREE}"
            ))
            .bind(company.as_slice())
            .bind(kind.as_str())
            .bind(serie.as_str())
            .fetch_all(&mut reader)
            .await?;
            let sealed: Vec<u8> = row.try_get("sealed")?;
            let issuer = self.keys.open(&SealedPlace::Series(&company), &sealed);
            let issuer = issuer.and_then(|plain| String::from_utf8(plain).ok());
            let issuer = issuer.ok_or(StoreError::Corrupt)?;
            series.push(SeriesRow {
                count: SeriesCount {
                    series: SeriesName::new(&issuer, kind_of(&kind)?, &serie),
                    last: row.try_get("last")?,
                    free,
                },
                in_order: row.try_get("in_order")?,
                review_since: row.try_get("review_since")?,
                company,
            });
        }
        series.sort_by(|one, other| one.count.series.cmp(&other.count.series));
        Ok(series)
    }

    /// Whether any series waits to be walked.
    pub async fn has_reviews(&self) -> Result<bool, StoreError> {
        let mut reader = self.read().await?;
        query("SELECT EXISTS (SELECT 1 FROM document_series WHERE review_since IS NOT NULL)")
            .fetch_one(&mut reader)
            .await
    }

    /// Whether the documents of a series go one after the other; false where it is not open.
    pub async fn set_in_order(
        &self,
        name: &SeriesName,
        in_order: bool,
    ) -> Result<bool, StoreError> {
        let series = SeriesKey::of(&self.keys, name);
        self.write(deed!(|connection| {
            let changed = query(
                "UPDATE document_series SET in_order = $4 \
                 WHERE company = $1 AND kind = $2 AND serie = $3",
            )
            .bind(series.company.as_slice())
            .bind(series.kind)
            .bind(series.serie.as_str())
            .bind(in_order)
            .execute(connection)
            .await?;
            Ok(changed > 0)
        }))
        .await
    }

    /// Holds every series until it has been walked: these data are a copy's, and others may have gone on
    /// since it was taken (rule R6).
    pub async fn hold_series_for_review(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(deed!(|connection| {
            query("UPDATE document_series SET review_since = coalesce(review_since, $1)")
                .bind(now)
                .execute(connection)
                .await
        }))
        .await
    }

    /// A series has been walked.
    pub async fn end_review(&self, name: &SeriesName) -> Result<(), StoreError> {
        let series = SeriesKey::of(&self.keys, name);
        self.write(deed!(|connection| {
            query(
                "UPDATE document_series SET review_since = NULL \
                 WHERE company = $1 AND kind = $2 AND serie = $3",
            )
            .bind(series.company.as_slice())
            .bind(series.kind)
            .bind(series.serie.as_str())
            .execute(connection)
            .await?;
            Ok(())
        }))
        .await
    }

    /// Notes that a number of a series is a stranger's document.
    pub async fn note_theirs(&self, name: &SeriesName, numero: u32) -> Result<(), StoreError> {
        let series = SeriesKey::of(&self.keys, name);
        self.write(deed!(|connection| {
            query(
                "INSERT INTO document_numbers (company, kind, serie, numero, free, theirs) \
                 VALUES ($1, $2, $3, $4, 0, 1) ON CONFLICT (company, kind, serie, numero) \
                 DO UPDATE SET free = 0, theirs = 1",
            )
            .bind(series.company.as_slice())
            .bind(series.kind)
            .bind(series.serie.as_str())
            .bind(numero)
            .execute(connection)
            .await?;
            Ok(())
        }))
        .await
    }

    /// The name of a kind's series as it is stored.
    pub fn series_mark(&self, issuer: &str, kind: NubefactKind, serie: &str) -> (Vec<u8>, String) {
        let name = SeriesName::new(issuer, kind, serie);
        let series = SeriesKey::of(&self.keys, &name);
        (series.company, series.serie)
    }
}
