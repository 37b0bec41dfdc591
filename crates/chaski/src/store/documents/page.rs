//! Documents found: one, or a page of many.

use chaski_client::{DocumentState, JournalDeed, NextDeed, NubefactKind, SeriesName, StoredReply};
use jiff::Timestamp;
use jiff::civil::Date;
use uuid::Uuid;

use super::accept::customer_mark;
use super::load::open_reply;
use super::sheet::{DocumentSheet, SeriesKey, deed_of, issuer_mark, key_mark, kind_of};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::page::{Cursor, Page};
use crate::store::sql::{Query, Row, query};

/// A document as it is shown.
#[derive(Debug, Clone)]
pub struct DocumentRow {
    /// Its identifier.
    pub id: Uuid,
    /// Mark of its issuer.
    pub company: Vec<u8>,
    /// Its issuer, kind and series.
    pub series: SeriesName,
    /// What is wanted of it.
    pub deed: JournalDeed,
    /// Its number; none before one is bound.
    pub numero: Option<u32>,
    /// Whether the caller brought it.
    pub own_numero: bool,
    /// How it stands.
    pub state: DocumentState,
    /// Why, as a stable code or as Nubefact's.
    pub code: Option<String>,
    /// What is to be done next, and when.
    pub next: Option<(NextDeed, Timestamp)>,
    /// How often that was done without a change.
    pub tries: u32,
    /// Lima day of issue.
    pub issued_on: Option<Date>,
    /// What a void is of.
    pub target: Option<Uuid>,
    /// Whether it takes the next number where its own turns out to be a stranger's.
    pub renumber: bool,
    /// Whether it was given up.
    pub abandoned: bool,
    /// When somebody was told that its deadline is near.
    pub alarmed_at: Option<Timestamp>,
    /// How often its files were tried to be fetched.
    pub files_tries: u32,
    /// Who wanted it.
    pub asked_by: String,
    /// With which key.
    pub key_id: Option<Uuid>,
    /// The list that it is of, and its place there.
    pub batch: Option<(Uuid, u32)>,
    /// What is shown of it.
    pub sheet: DocumentSheet,
    /// What the upstream said of it last.
    pub reply: Option<StoredReply>,
    /// When it was taken on.
    pub created_at: Timestamp,
    /// When anything about it changed.
    pub changed_at: Timestamp,
    /// When SUNAT had spoken.
    pub final_at: Option<Timestamp>,
}

/// Which documents a list shows.
#[derive(Debug, Clone, Default)]
pub struct DocumentFilter {
    /// Only of these issuers; of all where none is named.
    pub issuers: Option<Vec<String>>,
    /// Only in this state.
    pub state: Option<DocumentState>,
    /// Only of this kind.
    pub kind: Option<NubefactKind>,
    /// Only of these kinds; of all where none is named.
    pub kinds: Vec<NubefactKind>,
    /// Only of this series.
    pub serie: Option<String>,
    /// Only of these series; of all where none is named.
    pub among_series: Vec<String>,
    /// First day of issue.
    pub desde: Option<Date>,
    /// Last day of issue.
    pub hasta: Option<Date>,
    /// Only of this customer, of the one issuer that is named.
    pub customer: Option<String>,
    /// Only of this list.
    pub batch: Option<Uuid>,
    /// Only what the caller calls so, of the one issuer that is named.
    pub referencia: Option<String>,
    /// Only what was wanted under this API key.
    pub key_id: Option<Uuid>,
    /// Voids too.
    pub voids: bool,
}

fn push_among<'q>(
    query: &mut Query<'q>,
    column: &str,
    values: impl ExactSizeIterator<Item = &'q str>,
) {
    if values.len() == 0 {
        return;
    }
    query.push(format!(" AND {column} IN ("));
    for (place, value) in values.enumerate() {
        query.push(if place == 0 { "" } else { ", " });
        query.push_bind(value);
    }
    query.push(")");
}

const COLUMNS: &str = "seq, id, company, deed, kind, serie, numero, own_numero, state, code, next, due_at, \
     tries, issued_on, target, renumber, abandoned, alarmed_at, asked_by, key_id, batch, place, sheet, \
     reply, created_at, changed_at, final_at, files_tries";

impl Store {
    /// One document.
    pub async fn document(&self, id: Uuid) -> Result<Option<DocumentRow>, StoreError> {
        let mut reader = self.read().await?;
        let row: Option<Row> = query(format!("SELECT {COLUMNS} FROM documents WHERE id = $1"))
            .bind(id)
            .fetch_optional(&mut reader)
            .await?;
        row.map(|row| self.document_row(&row)).transpose()
    }

    /// The document of a key of an issuer.
    pub async fn document_of_key(
        &self,
        issuer: &str,
        key: &str,
    ) -> Result<Option<DocumentRow>, StoreError> {
        let mut reader = self.read().await?;
        let row: Option<Row> = query(format!(
            "SELECT {COLUMNS} FROM documents WHERE company = $1 AND key = $2"
        ))
        .bind(issuer_mark(&self.keys, issuer))
        .bind(key_mark(&self.keys, key))
        .fetch_optional(&mut reader)
        .await?;
        row.map(|row| self.document_row(&row)).transpose()
    }

    /// The documents that bear a number, newest first: at most one of them exists.
    pub async fn documents_of_number(
        &self,
        series: &SeriesName,
        numero: u32,
        deed: JournalDeed,
    ) -> Result<Vec<DocumentRow>, StoreError> {
        let series = SeriesKey::of(&self.keys, series);
        let mut reader = self.read().await?;
        let rows: Vec<Row> = query(format!(
            "SELECT {COLUMNS} FROM documents INDEXED BY documents_numero WHERE company = $1 \
             AND kind = $2 AND serie = $3 AND numero = $4 AND deed = $5 ORDER BY seq DESC"
        ))
        .bind(series.company.as_slice())
        .bind(series.kind)
        .bind(series.serie.as_str())
        .bind(numero)
        .bind(super::sheet::deed_name(deed))
        .fetch_all(&mut reader)
        .await?;
        rows.iter().map(|row| self.document_row(row)).collect()
    }

    /// The voids of a document, newest first.
    pub async fn voids_of(&self, id: Uuid) -> Result<Vec<DocumentRow>, StoreError> {
        let mut reader = self.read().await?;
        let rows: Vec<Row> = query(format!(
            "SELECT {COLUMNS} FROM documents INDEXED BY documents_target WHERE target = $1 \
             ORDER BY seq DESC"
        ))
        .bind(id)
        .fetch_all(&mut reader)
        .await?;
        rows.iter().map(|row| self.document_row(row)).collect()
    }

    /// A page of documents, newest first.
    pub async fn documents(
        &self,
        filter: &DocumentFilter,
        limit: u32,
        cursor: Option<Cursor>,
    ) -> Result<Page<DocumentRow>, StoreError> {
        let mut query = query(format!("SELECT {COLUMNS} FROM documents WHERE true"));
        if !filter.voids {
            query.push(" AND deed = 'issue'");
        }
        if let Some(issuers) = &filter.issuers {
            query.push(" AND company IN (");
            let marks: Vec<Vec<u8>> = issuers
                .iter()
                .map(|it| issuer_mark(&self.keys, it))
                .collect();
            for (place, mark) in marks.into_iter().enumerate() {
                query.push(if place == 0 { "" } else { ", " });
                query.push_bind(mark);
            }
            query.push(if issuers.is_empty() { "NULL)" } else { ")" });
        }
        push_among(
            &mut query,
            "kind",
            filter.kinds.iter().map(|it| it.catalog_01()),
        );
        push_among(
            &mut query,
            "serie",
            filter.among_series.iter().map(String::as_str),
        );
        let one = match filter.issuers.as_deref() {
            Some([one]) => Some(one.as_str()),
            _ => None,
        };
        let customer = filter.customer.as_deref().zip(one);
        let customer = customer.map(|(numero, issuer)| customer_mark(&self.keys, issuer, numero));
        let referencia = filter.referencia.as_deref();
        let referencia = referencia.map(|it| self.keys.hashed(&format!("referencia\0{it}")));
        query
            .push_if(" AND state = ", filter.state.map(DocumentState::as_str))
            .push_if(" AND kind = ", filter.kind.map(NubefactKind::catalog_01))
            .push_if(" AND serie = ", filter.serie.as_deref())
            .push_if(" AND issued_on >= ", filter.desde.map(|it| it.to_string()))
            .push_if(" AND issued_on <= ", filter.hasta.map(|it| it.to_string()))
            .push_if(" AND customer = ", customer)
            .push_if(" AND referencia = ", referencia)
            .push_if(" AND key_id = ", filter.key_id)
            .push_if(" AND batch = ", filter.batch);
        let mut reader = self.read().await?;
        let row = |row: Row| self.document_row(&row);
        Page::newest(query, "created_at", (limit, cursor), &mut reader, row).await
    }

    /// How many documents are in each state they are found in.
    pub async fn document_counts(&self) -> Result<Vec<(DocumentState, u64)>, StoreError> {
        let mut reader = self.read().await?;
        let counts: Vec<(String, u64)> =
            query("SELECT state, count(*) FROM documents WHERE deed = 'issue' GROUP BY state")
                .fetch_all(&mut reader)
                .await?;
        let counts = counts.into_iter().map(|(state, count)| {
            let state = DocumentState::from_name(&state).ok_or(StoreError::Corrupt)?;
            Ok((state, count))
        });
        counts.collect()
    }

    /// When the oldest document was taken on that SUNAT has not spoken about and that is not given back.
    pub async fn oldest_pending(&self) -> Result<Option<Timestamp>, StoreError> {
        let mut reader = self.read().await?;
        query(
            "SELECT min(created_at) FROM documents WHERE state IN ('EN_COLA', 'ENVIANDO', \
             'DESCONOCIDO', 'EN_ESPERA', 'PENDIENTE_SUNAT') AND deed = 'issue'",
        )
        .fetch_optional::<Option<Timestamp>>(&mut reader)
        .await
        .map(Option::flatten)
    }

    /// Documents that SUNAT has not spoken about, of at most that day of issue, of which nobody was told.
    pub async fn overdue_documents(
        &self,
        issued_on: Date,
        most: u32,
    ) -> Result<Vec<DocumentRow>, StoreError> {
        let mut reader = self.read().await?;
        let rows: Vec<Row> = query(format!(
            "SELECT {COLUMNS} FROM documents WHERE state IN ('EN_COLA', 'ENVIANDO', 'DESCONOCIDO', \
             'EN_ESPERA', 'PENDIENTE_SUNAT') AND issued_on <= $1 AND alarmed_at IS NULL \
             ORDER BY seq LIMIT $2"
        ))
        .bind(issued_on.to_string())
        .bind(most)
        .fetch_all(&mut reader)
        .await?;
        rows.iter().map(|row| self.document_row(row)).collect()
    }

    fn document_row(&self, row: &Row) -> Result<DocumentRow, StoreError> {
        let id: Uuid = row.try_get("id")?;
        let sheet = DocumentSheet::open(&self.keys, id, row.try_get("sheet")?)?;
        let reply: Option<Vec<u8>> = row.try_get("reply")?;
        let next: Option<String> = row.try_get("next")?;
        let due: Option<Timestamp> = row.try_get("due_at")?;
        let day: Option<String> = row.try_get("issued_on")?;
        let batch: Option<Uuid> = row.try_get("batch")?;
        let kind = kind_of(row.try_get("kind")?)?;
        let state = DocumentState::from_name(row.try_get("state")?);
        Ok(DocumentRow {
            id,
            company: row.try_get("company")?,
            series: SeriesName::new(&sheet.emisor, kind, row.try_get("serie")?),
            deed: deed_of(row.try_get("deed")?)?,
            numero: row.try_get("numero")?,
            own_numero: row.try_get("own_numero")?,
            state: state.ok_or(StoreError::Corrupt)?,
            code: row.try_get("code")?,
            next: next.as_deref().and_then(NextDeed::from_name).zip(due),
            tries: row.try_get("tries")?,
            issued_on: day.and_then(|it| it.parse().ok()),
            target: row.try_get("target")?,
            renumber: row.try_get("renumber")?,
            abandoned: row.try_get("abandoned")?,
            alarmed_at: row.try_get("alarmed_at")?,
            files_tries: row.try_get("files_tries")?,
            asked_by: row.try_get("asked_by")?,
            key_id: row.try_get("key_id")?,
            batch: batch.zip(row.try_get("place")?),
            reply: reply
                .map(|sealed| open_reply(&self.keys, id, &sealed))
                .transpose()?,
            sheet,
            created_at: row.try_get("created_at")?,
            changed_at: row.try_get("changed_at")?,
            final_at: row.try_get("final_at")?,
        })
    }
}
