//! The audit: one row per attempt, or per decision that made sending needless.

use std::sync::LazyLock;

use bytes::Bytes;
use chaski_client::{Bodies, CacheDecision, Call, Key};
use compact_str::CompactString;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, Row, SqliteConnection};
use uuid::Uuid;

use super::page::rows_of_page;
use super::seal::{Keys, Place, StoredSubject};
use super::shapes::{Shapes, json_list};
use super::time::instant;
use super::{Backend, Company, Cursor, Page, Store, StoreError};

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

/// Calls that share upstream, operation, outcome and cache decision, added up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallSummary {
    /// Upstream.
    pub provider: String,
    /// Operation.
    pub operation: String,
    /// `SUCCESS` or the code of the failure.
    pub outcome: String,
    /// What memory had to do with them.
    pub cache: String,
    /// Questions that memory answered, or calls.
    pub calls: u64,
    /// Calls that were sent.
    pub sent: u64,
    /// Numbers asked for.
    pub items: u64,
    /// Their time together, microseconds.
    pub total_us: u64,
    /// The longest, microseconds.
    pub longest_us: u64,
}

impl Store {
    /// A page of the audit, newest first.
    pub async fn calls(&self, filter: &CallFilter) -> Result<Page<CallRow>, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut reader = sqlite.readers.reader().await?;
        let subject = match &filter.subject {
            Some(subject) => Some(WantedSubject {
                clear: subject.as_bytes().to_vec(),
                hashed: sqlite.keys.hashed(subject),
                blocks: subject_blocks(&mut reader).await?,
            }),
            None => None,
        };
        let limit = rows_of_page(filter.limit);
        let mut query = page_query(filter, subject, limit);
        let rows = query.build().fetch_all(&mut *reader).await?;
        let rows: Result<Vec<_>, StoreError> = rows.iter().map(placed_row).collect();
        Ok(Page::cut(rows?, limit))
    }

    /// One call with its bodies, if they were kept; with a company, only if it is theirs.
    pub async fn call(
        &self,
        company: Option<Company>,
        id: Uuid,
    ) -> Result<Option<(CallRow, Option<Bodies>)>, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut reader = sqlite.readers.reader().await?;
        let mut query = QueryBuilder::new(format!("SELECT {COLUMNS} FROM calls WHERE id = "));
        query.push_bind(id.as_bytes().to_vec());
        if let Some(company) = company {
            company.push_asked_by(&mut query);
        }
        let Some(row) = query.build().fetch_optional(&mut *reader).await? else {
            return Ok(None);
        };
        let (_, call) = placed_row(&row)?;
        let bodies = sqlx::query("SELECT request, answer FROM call_bodies WHERE call = ?1")
            .bind(id.as_bytes().as_slice())
            .fetch_optional(&mut *reader)
            .await?;
        let bodies = bodies.map(|row| open_bodies(&sqlite.keys, id, &row));
        Ok(Some((call, bodies.transpose()?)))
    }

    /// The calls since an instant, added up.
    pub async fn calls_summary(&self, since: Timestamp) -> Result<Vec<CallSummary>, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut reader = sqlite.readers.reader().await?;
        let rows = sqlx::query(
            "SELECT provider, operation, outcome, cache, \
             sum(CASE WHEN attempt = 0 THEN items ELSE 1 END), sum(attempt > 0), \
             sum(items), sum(duration_us), max(duration_us) \
             FROM calls INDEXED BY calls_at WHERE at >= ?1 \
             GROUP BY provider, operation, outcome, cache ORDER BY 1, 2, 3, 4",
        )
        .bind(since.as_microsecond())
        .fetch_all(&mut *reader)
        .await?;
        rows.iter().map(summary).collect()
    }
}

/// A call on its way to the database.
pub(super) struct CallRecord {
    call: Call,
    subject: Option<StoredSubject>,
    /// Request and answer. A native batch call asks for many numbers, so bodies are sealed
    /// whatever the key says.
    bodies: Option<(Vec<u8>, Vec<u8>)>,
}

impl CallRecord {
    pub(super) fn new(keys: &Keys, mut call: Call) -> Result<CallRecord, StoreError> {
        let subject = (!call.key.subject.is_empty()).then(|| keys.stored_subject(&call.key));
        let bodies = match call.bodies.take() {
            Some(bodies) => Some((
                keys.seal(&Place::Request(call.id), &bodies.request)?,
                keys.seal(&Place::Response(call.id), &bodies.answer)?,
            )),
            None => None,
        };
        Ok(CallRecord {
            call,
            subject,
            bodies,
        })
    }

    /// Lets this row stand for equal hits too.
    pub(super) fn add(&mut self, equal: u32) {
        self.call.items = self.call.items.saturating_add(equal);
    }

    /// What equal hits have in common; none for what was sent.
    pub(super) fn hit(&self) -> Option<Hit> {
        Hit::of(&self.call)
    }

    /// Kilobytes that it occupies in the queue.
    pub(super) fn weight(&self) -> usize {
        let bodies = self.bodies.as_ref();
        1 + bodies.map_or(0, |(request, answer)| request.len() + answer.len()) / 1024
    }
}

/// A question that memory answered, in the second in which it did.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Hit {
    second: i64,
    key: Key,
    asked_by: CompactString,
    purpose: Option<CompactString>,
    cache: CacheDecision,
    outcome: &'static str,
    batch: Option<Uuid>,
}

impl Hit {
    /// None for what was sent.
    pub(super) fn of(call: &Call) -> Option<Hit> {
        use CacheDecision::{Hit as Known, Refused, Shared};
        let hit = matches!(call.cache, Known | Refused | Shared) && call.attempt == 0;
        hit.then(|| Hit {
            second: call.at.as_second(),
            key: call.key.clone(),
            asked_by: call.asked_by.clone(),
            purpose: call.purpose.clone(),
            cache: call.cache,
            outcome: call.outcome,
            batch: call.batch,
        })
    }
}

const WIDTH: usize = 16;

// A group whose commit was reported as failed is written again: a row that did get in stays.
static INSERT: LazyLock<Shapes> = LazyLock::new(|| {
    Shapes::of_rows(
        "INSERT INTO calls (id, lookup, at, asked_by, provider, operation, subject, masked, \
         items, attempt, outcome, http_status, duration_us, cache, batch, purpose) VALUES",
        WIDTH,
        "ON CONFLICT (id) DO NOTHING",
    )
});

pub(super) async fn insert(
    connection: &mut SqliteConnection,
    records: &[CallRecord],
) -> Result<(), StoreError> {
    for (statement, some) in INSERT.cut(records) {
        let mut query = sqlx::query(statement);
        for record in some {
            let call = &record.call;
            let subject = record.subject.as_ref();
            query = query
                .bind(call.id.as_bytes().as_slice())
                .bind(call.lookup.as_bytes().as_slice())
                .bind(call.at.as_microsecond())
                .bind(call.asked_by.as_str())
                .bind(call.provider)
                .bind(call.key.operation)
                .bind(subject.map(|subject| subject.bytes.as_slice()))
                .bind(subject.and_then(|subject| subject.masked.as_deref()))
                .bind(call.items)
                .bind(call.attempt)
                .bind(call.outcome)
                .bind(call.http_status)
                .bind(call.duration_us.cast_signed())
                .bind(call.cache.as_str())
                .bind(call.batch.as_ref().map(|batch| batch.as_bytes().as_slice()))
                .bind(call.purpose.as_deref());
        }
        query.execute(&mut *connection).await?;
    }
    for record in records {
        if let Some((request, answer)) = &record.bodies {
            sqlx::query(
                "INSERT INTO call_bodies (call, request, answer) VALUES (?1, ?2, ?3) \
                 ON CONFLICT (call) DO NOTHING",
            )
            .bind(record.call.id.as_bytes().as_slice())
            .bind(request.as_slice())
            .bind(answer.as_slice())
            .execute(&mut *connection)
            .await?;
        }
    }
    Ok(())
}

/// Lets rows stand for more hits.
pub(super) async fn add(
    connection: &mut SqliteConnection,
    more: &[(Uuid, u32)],
) -> Result<(), StoreError> {
    for (row, items) in more {
        sqlx::query("UPDATE calls SET items = min(items + ?2, 4294967295) WHERE id = ?1")
            .bind(row.as_bytes().as_slice())
            .bind(items)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
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
pub(super) async fn subject_blocks(
    connection: &mut SqliteConnection,
) -> Result<String, StoreError> {
    let (first, last): (Option<i64>, Option<i64>) =
        sqlx::query_as("SELECT (SELECT min(seq) FROM calls), (SELECT max(seq) FROM calls)")
            .fetch_one(connection)
            .await?;
    Ok(match (first, last) {
        (Some(first), Some(last)) => json_list(first / BLOCK..=last / BLOCK),
        _ => json_list(std::iter::empty()),
    })
}

const COLUMNS: &str = "seq, id, lookup, at, asked_by, provider, operation, subject, masked, \
                       items, attempt, outcome, http_status, duration_us, cache, batch, purpose";

/// The index is named and not left to the planner: without statistics it might sort millions of
/// rows.
fn page_query(
    filter: &CallFilter,
    subject: Option<WantedSubject>,
    limit: usize,
) -> QueryBuilder<sqlx::Sqlite> {
    let index = best_index(filter);
    let mut query = QueryBuilder::new(format!(
        "SELECT {COLUMNS} FROM calls INDEXED BY {index} WHERE true"
    ));
    if let Some(wanted) = subject {
        query.push(" AND seq / 8192 IN (SELECT value FROM json_each(");
        query.push_bind(wanted.blocks).push("))");
        query.push(" AND subject IN (").push_bind(wanted.clear);
        query.push(", ").push_bind(wanted.hashed).push(")");
    }
    if let Some(batch) = filter.batch {
        query.push(" AND batch = ");
        query.push_bind(batch.as_bytes().to_vec());
    }
    if let Some(outcome) = &filter.outcome {
        query.push(" AND outcome = ").push_bind(outcome.clone());
        if outcome != "SUCCESS" {
            // Said again for the partial index.
            query.push(" AND outcome <> 'SUCCESS'");
        }
    }
    for (column, wanted) in [
        ("provider", &filter.provider),
        ("operation", &filter.operation),
        ("asked_by", &filter.asked_by),
    ] {
        if let Some(wanted) = wanted {
            query.push(format!(" AND {column} = "));
            query.push_bind(wanted.clone());
        }
    }
    if let Some(company) = filter.company {
        company.push_asked_by(&mut query);
    }
    if let Some(since) = filter.since {
        query.push(" AND at >= ").push_bind(since.as_microsecond());
    }
    if let Some(until) = filter.until {
        query.push(" AND at < ").push_bind(until.as_microsecond());
    }
    if filter.only_sent {
        query.push(" AND attempt > 0");
    }
    if let Some(cursor) = filter.cursor {
        query.push(" AND at <= ").push_bind(cursor.at);
        query.push(" AND (at < ").push_bind(cursor.at);
        query.push(" OR seq < ").push_bind(cursor.seq).push(")");
    }
    query.push(" ORDER BY at DESC, seq DESC LIMIT ");
    query.push_bind(i64::try_from(limit + 1).unwrap_or(i64::MAX));
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

pub(super) fn uuid_of(bytes: &[u8]) -> Result<Uuid, StoreError> {
    Uuid::from_slice(bytes).map_err(|_| StoreError::Corrupt)
}

fn placed_row(row: &SqliteRow) -> Result<(Cursor, CallRow), StoreError> {
    let at: i64 = row.try_get(3)?;
    let masked: Option<&str> = row.try_get(8)?;
    let clear: Option<&[u8]> = row.try_get(7)?;
    let subject = match (masked, clear) {
        (Some(masked), _) => CompactString::from(masked),
        (None, Some(clear)) => CompactString::from_utf8_lossy(clear),
        (None, None) => CompactString::default(),
    };
    let place = Cursor {
        at,
        seq: row.try_get(0)?,
    };
    let call = CallRow {
        id: uuid_of(row.try_get(1)?)?,
        lookup: uuid_of(row.try_get(2)?)?,
        at: instant(at),
        asked_by: row.try_get::<&str, _>(4)?.into(),
        purpose: row.try_get::<Option<&str>, _>(16)?.map(Into::into),
        provider: row.try_get::<&str, _>(5)?.into(),
        operation: row.try_get::<&str, _>(6)?.into(),
        subject,
        personal: masked.is_some(),
        items: row.try_get(9)?,
        attempt: row.try_get(10)?,
        outcome: row.try_get::<&str, _>(11)?.into(),
        http_status: row.try_get(12)?,
        duration_us: row.try_get::<i64, _>(13)?.cast_unsigned(),
        cache: row.try_get::<&str, _>(14)?.into(),
        batch: row
            .try_get::<Option<&[u8]>, _>(15)?
            .map(uuid_of)
            .transpose()?,
    };
    Ok((place, call))
}

fn open_bodies(keys: &Keys, call: Uuid, row: &SqliteRow) -> Result<Bodies, StoreError> {
    let open = |place: Place<'_>, sealed: &[u8]| {
        let plain = keys.open(&place, sealed).ok_or(StoreError::Corrupt)?;
        Ok::<Bytes, StoreError>(plain.into())
    };
    Ok(Bodies {
        request: open(Place::Request(call), row.try_get(0)?)?,
        answer: open(Place::Response(call), row.try_get(1)?)?,
    })
}

fn summary(row: &SqliteRow) -> Result<CallSummary, StoreError> {
    let number =
        |column: usize| Ok::<u64, StoreError>(row.try_get::<i64, _>(column)?.cast_unsigned());
    Ok(CallSummary {
        provider: row.try_get(0)?,
        operation: row.try_get(1)?,
        outcome: row.try_get(2)?,
        cache: row.try_get(3)?,
        calls: number(4)?,
        sent: number(5)?,
        items: number(6)?,
        total_us: number(7)?,
        longest_us: number(8)?,
    })
}
