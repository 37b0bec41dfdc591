//! Documents that are not at their end, counted for whoever watches.

use chaski_client::{DocumentState, JournalDeed, NubefactKind};
use jiff::Timestamp;
use jiff::civil::Date;

use super::sheet::{deed_of, kind_of};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::sql::{StoredRow, query};

/// Documents that wait for anything and that are alike in all of this.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnfinishedDocuments {
    /// How they stand.
    pub state: DocumentState,
    /// What is wanted of them.
    pub deed: JournalDeed,
    /// Their kind.
    pub kind: NubefactKind,
    /// Their series.
    pub serie: String,
    /// Their Lima day of issue.
    pub issued_on: Option<Date>,
    /// How many there are.
    pub count: u64,
    /// When the oldest of them was taken on.
    pub oldest: Timestamp,
}

impl Store {
    /// The documents that wait for anything; a few groups, however many they are.
    pub async fn unfinished_documents(&self) -> Result<Vec<UnfinishedDocuments>, StoreError> {
        let mut reader = self.read().await?;
        let rows: Vec<StoredRow> = query(
            "SELECT state, deed, kind, serie, issued_on, count(*) AS documents, \
             min(created_at) AS oldest FROM documents WHERE state IN ('EN_COLA', 'ENVIANDO', \
             'DESCONOCIDO', 'EN_ESPERA', 'PENDIENTE_SUNAT', 'ANULACION_PENDIENTE') \
             GROUP BY state, deed, kind, serie, issued_on",
        )
        .fetch_all(&mut reader)
        .await?;
        let group = |row: &StoredRow| {
            let state = DocumentState::from_name(row.try_get("state")?);
            let day: Option<String> = row.try_get("issued_on")?;
            Ok(UnfinishedDocuments {
                state: state.ok_or(StoreError::Corrupt)?,
                deed: deed_of(row.try_get("deed")?)?,
                kind: kind_of(row.try_get("kind")?)?,
                serie: row.try_get("serie")?,
                issued_on: day.and_then(|it| it.parse().ok()),
                count: row.try_get("documents")?,
                oldest: row.try_get("oldest")?,
            })
        };
        rows.iter().map(group).collect()
    }
}
