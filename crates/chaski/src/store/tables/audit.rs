//! The audit as it is read: which calls there were, one with its bodies, and sums.

use bytes::Bytes;
use chaski_client::Bodies;
use compact_str::CompactString;
use jiff::Timestamp;
use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::page::{Cursor, Page};
use crate::store::seal::{Keys, SealedPlace};
use crate::store::sql::{self, Conn, Query, StoredRow, query};
use crate::store::tables::companies::Company;

/// Which calls are wanted. No `Debug`: the subject may be a person's number.
#[derive(Clone, Default)]
pub struct CallFilter {
    /// Begun at this instant or later.
    pub since: Option<Timestamp>,
    /// Begun before this instant.
    pub until: Option<Timestamp>,
    /// Of this upstream.
    pub provider: Option<String>,
    /// Of this operation.
    pub operation: Option<String>,
    /// `SUCCESS` or the code of a failure.
    pub outcome: Option<String>,
    /// Only those of this company; none for all there are.
    pub company: Option<Company>,
    /// Asked by this caller.
    pub asked_by: Option<String>,
    /// Of this batch.
    pub batch: Option<Uuid>,
    /// About this number, as typed; personal ones are found by their hash.
    pub subject: Option<String>,
    /// Only attempts that were sent, not what memory answered.
    pub only_sent: bool,
    /// Rows of a page, 1 to 1,000.
    pub limit: u32,
    /// Where the page begins; none for the first one.
    pub cursor: Option<Cursor>,
}

/// One row of the audit as people may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallRow {
    /// Identifier of the row.
    pub id: Uuid,
    /// The logical look-up that the attempt belongs to.
    pub lookup: Uuid,
    /// When the attempt began.
    pub at: Timestamp,
    /// Who asked.
    pub asked_by: CompactString,
    /// What it was for, if that was said.
    pub purpose: Option<CompactString>,
    /// Upstream.
    pub provider: CompactString,
    /// Operation.
    pub operation: CompactString,
    /// The number, masked when personal; empty for native batch calls and after erasure.
    pub subject: CompactString,
    /// Whether the number is personal data.
    pub personal: bool,
    /// Numbers asked for in this call; of what memory answered, how many equal questions of the
    /// same second the row stands for, or how many of a minute where the operation is `resumen`.
    pub items: u32,
    /// Number of the attempt from 1; 0 when nothing was sent.
    pub attempt: u32,
    /// `SUCCESS` or the code of the failure.
    pub outcome: CompactString,
    /// HTTP status, none when no answer came.
    pub http_status: Option<u16>,
    /// How long it took, microseconds.
    pub duration_us: u64,
    /// What memory had to do with it.
    pub cache: CompactString,
    /// The batch it belongs to.
    pub batch: Option<Uuid>,
}

impl Store {
    /// A page of the audit, newest first.
    pub async fn calls(&self, filter: &CallFilter) -> Result<Page<CallRow>, StoreError> {
        let mut reader = self.read().await?;
        let subject = match &filter.subject {
            Some(subject) => Some(WantedSubject {
                clear: subject.as_bytes().to_vec(),
                hashed: self.keys.hashed(subject),
                blocks: subject_blocks(&mut reader).await?,
            }),
            None => None,
        };
        let query = calls_query(filter, subject);
        let page = (filter.limit, filter.cursor);
        Page::newest(query, "at", page, &mut reader, |row| call_row(&row)).await
    }

    /// One call with its bodies, if they were kept; with a company, only if it is theirs.
    pub async fn call(
        &self,
        company: Option<Company>,
        id: Uuid,
    ) -> Result<Option<(CallRow, Option<Bodies>)>, StoreError> {
        let mut reader = self.read().await?;
        let mut wanted = query(format!("SELECT {COLUMNS} FROM calls WHERE id = "));
        wanted.push_bind(id).push_if(" AND company = ", company);
        let Some(row) = wanted.fetch_optional(&mut reader).await? else {
            return Ok(None);
        };
        let call = call_row(&row)?;
        let bodies = query("SELECT request, answer FROM call_bodies WHERE call = $1")
            .bind(id)
            .fetch_optional(&mut reader)
            .await?;
        let bodies = bodies.map(|sealed| open_bodies(&self.keys, id, sealed));
        Ok(Some((call, bodies.transpose()?)))
    }
}

/// Both forms of a number, and the blocks of the index in which it may be.
struct WantedSubject {
    clear: Vec<u8>,
    hashed: Vec<u8>,
    blocks: String,
}

/// Rows per block of the index by subject.
const BLOCK: i64 = 8_192;

/// The blocks of the index by subject, as a JSON list.
pub(in crate::store) async fn subject_blocks(connection: &mut Conn) -> Result<String, StoreError> {
    let (first, last): (Option<i64>, Option<i64>) =
        query("SELECT (SELECT min(seq) FROM calls), (SELECT max(seq) FROM calls)")
            .fetch_one(connection)
            .await?;
    Ok(match (first, last) {
        (Some(first), Some(last)) => sql::list(first / BLOCK..=last / BLOCK),
        _ => sql::list(std::iter::empty()),
    })
}

const COLUMNS: &str = "seq, id, lookup, at, asked_by, provider, operation, subject, masked, \
     items, attempt, outcome, http_status, duration_us, cache, batch, purpose";

/// The index is named and not left to the planner: without statistics it might sort millions of
/// rows.
fn calls_query(filter: &CallFilter, subject: Option<WantedSubject>) -> Query<'static> {
    let index = best_index(filter);
    let mut query = query(format!(
        "SELECT {COLUMNS} FROM calls INDEXED BY {index} WHERE true"
    ));
    if let Some(wanted) = subject {
        query.push(" AND seq / 8192 IN ").push_any_of(wanted.blocks);
        query.push(" AND subject IN (").push_bind(wanted.clear);
        query.push(", ").push_bind(wanted.hashed).push(")");
    }
    query.push_if(" AND batch = ", filter.batch);
    if let Some(outcome) = &filter.outcome {
        query.push(" AND outcome = ").push_bind(outcome.clone());
        if outcome != "SUCCESS" {
            // Said again for the partial index.
            query.push(" AND outcome <> 'SUCCESS'");
        }
    }
    query
        .push_if(" AND provider = ", filter.provider.clone())
        .push_if(" AND operation = ", filter.operation.clone())
        .push_if(" AND asked_by = ", filter.asked_by.clone())
        .push_if(" AND company = ", filter.company)
        .push_if(" AND at >= ", filter.since)
        .push_if(" AND at < ", filter.until);
    if filter.only_sent {
        query.push(" AND attempt > 0");
    }
    query
}

fn best_index(filter: &CallFilter) -> &'static str {
    if filter.subject.is_some() {
        "calls_subject"
    } else if filter.batch.is_some() {
        "calls_batch"
    } else if filter
        .outcome
        .as_ref()
        .is_some_and(|outcome| outcome != "SUCCESS")
    {
        "calls_failures"
    } else if filter.provider.is_some() && filter.operation.is_some() {
        "calls_operation"
    } else {
        "calls_at"
    }
}

fn call_row(row: &StoredRow) -> Result<CallRow, StoreError> {
    let masked: Option<&str> = row.try_get("masked")?;
    let clear: Option<&[u8]> = row.try_get("subject")?;
    let subject = match (masked, clear) {
        (Some(masked), _) => CompactString::from(masked),
        (None, Some(clear)) => CompactString::from_utf8_lossy(clear),
        (None, None) => CompactString::default(),
    };
    Ok(CallRow {
        subject,
        personal: masked.is_some(),
        id: row.try_get("id")?,
        lookup: row.try_get("lookup")?,
        at: row.try_get("at")?,
        asked_by: row.try_get("asked_by")?,
        purpose: row.try_get("purpose")?,
        provider: row.try_get("provider")?,
        operation: row.try_get("operation")?,
        items: row.try_get("items")?,
        attempt: row.try_get("attempt")?,
        outcome: row.try_get("outcome")?,
        http_status: row.try_get("http_status")?,
        duration_us: row.try_get("duration_us")?,
        cache: row.try_get("cache")?,
        batch: row.try_get("batch")?,
    })
}

fn open_bodies(
    keys: &Keys,
    call: Uuid,
    (request, answer): (Vec<u8>, Vec<u8>),
) -> Result<Bodies, StoreError> {
    let open = |place: SealedPlace<'_>, sealed: &[u8]| {
        let plain = keys.open(&place, sealed).ok_or(StoreError::Corrupt)?;
        Ok::<Bytes, StoreError>(plain.into())
    };
    Ok(Bodies {
        request: open(SealedPlace::Request(call), &request)?,
        answer: open(SealedPlace::Response(call), &answer)?,
    })
}
