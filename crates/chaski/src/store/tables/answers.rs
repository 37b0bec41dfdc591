//! What the upstreams said of each key: answers and refusals, one row per key.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::sync::LazyLock;

use bytes::Bytes;
use chaski_client::{Key, Memory, Reason, Remembered};
use compact_str::CompactString;
use foldhash::quality::RandomState;

use crate::store::error::StoreError;
use crate::store::names;
use crate::store::seal::{Keys, SealedPlace, StoredSubject};
use crate::store::shapes::Shapes;
use crate::store::sql::{Conn, Query, StoredRow, query};

/// An answer or refusal on its way to the database, sealed by the caller's own task.
pub(in crate::store) struct AnswerRow {
    pub(in crate::store) key: Key,
    pub(in crate::store) memory: Memory,
    subject: StoredSubject,
    /// For personal data only; other bodies are taken from `memory`.
    sealed: Option<Vec<u8>>,
    /// Its number among the accepted ones.
    pub(in crate::store) accepted: u64,
}

impl AnswerRow {
    pub(in crate::store) fn new(
        keys: &Keys,
        key: Key,
        memory: Memory,
    ) -> Result<AnswerRow, StoreError> {
        let subject = keys.stored_subject(&key);
        let sealed = if key.personal {
            let place = SealedPlace::Answer {
                provider: memory.provider,
                operation: key.operation,
                subject: &subject.bytes,
            };
            Some(keys.seal(&place, plain_body(&memory))?)
        } else {
            None
        };
        Ok(AnswerRow {
            key,
            memory,
            subject,
            sealed,
            accepted: 0,
        })
    }

    /// Kilobytes that it occupies in the queue.
    pub(in crate::store) fn weight(&self) -> usize {
        1 + plain_body(&self.memory).len() / 1024
    }

    fn body(&self) -> &[u8] {
        self.sealed
            .as_deref()
            .unwrap_or_else(|| plain_body(&self.memory))
    }

    fn reason(&self) -> Option<&'static str> {
        match &self.memory.what {
            Remembered::Answer(_) => None,
            Remembered::Refusal { reason, .. } => Some(reason.as_str()),
        }
    }
}

/// Where each stored subject stands in the list that was asked.
type Places = HashMap<Vec<u8>, Vec<usize>, RandomState>;

/// What the database knows of each key, in the order asked.
pub(in crate::store) async fn stored(
    connection: &mut Conn,
    keys: &Keys,
    wanted: &[Key],
) -> Result<Vec<Option<Memory>>, StoreError> {
    let mut found = vec![None; wanted.len()];
    let mut questions: HashMap<&str, Places> = HashMap::new();
    for (index, key) in wanted.iter().enumerate() {
        questions
            .entry(key.operation)
            .or_default()
            .entry(keys.subject_bytes(key))
            .or_default()
            .push(index);
    }
    for (operation, places) in questions {
        let mut subjects: Vec<&[u8]> = places.keys().map(Vec::as_slice).collect();
        // A subject asked for twice is found once; a second statement would be a second trip.
        let whole = Shapes::rounded_up(subjects.len());
        subjects.resize(whole, subjects[0]);
        for (statement, some) in SELECT.cut(&subjects) {
            let query = query(statement).bind_all(some.iter().copied());
            let query = query.bind(operation);
            for row in query.fetch_all::<StoredRow>(connection).await? {
                let subject: &[u8] = row.try_get(SUBJECT)?;
                let memory = memory(keys, operation, &row)?;
                for index in &places[subject] {
                    found[*index].clone_from(&memory);
                }
            }
        }
    }
    Ok(found)
}

static INSERT: LazyLock<Shapes> = LazyLock::new(|| {
    Shapes::of_rows(
        "INSERT INTO answers \
         (provider, operation, subject, personal, masked, reason, body, stored_at, expires_at) \
         VALUES",
        9,
        "ON CONFLICT (subject, operation) DO UPDATE SET \
         provider = excluded.provider, personal = excluded.personal, masked = excluded.masked, reason = excluded.reason, \
         body = excluded.body, stored_at = excluded.stored_at, expires_at = excluded.expires_at",
    )
});

static SELECT: LazyLock<Shapes> = LazyLock::new(|| {
    Shapes::of_list(
        "SELECT subject, personal, reason, body, stored_at, expires_at, provider FROM answers \
         WHERE subject IN",
        "AND operation = ?",
    )
});

// Columns of every SELECT that is decoded by `memory`.
const SUBJECT: usize = 0;
const PERSONAL: usize = 1;
const REASON: usize = 2;
const BODY: usize = 3;
const STORED_AT: usize = 4;
const EXPIRES_AT: usize = 5;
const PROVIDER: usize = 6;

/// Writes rows in their order: of two of the same key the later one stays.
pub(in crate::store) async fn put(
    connection: &mut Conn,
    rows: &[AnswerRow],
) -> Result<(), StoreError> {
    if !connection.is_remote() {
        return put_all(connection, rows).await;
    }
    let latest: HashMap<&Key, usize, RandomState> = rows
        .iter()
        .zip(0..)
        .map(|(row, at)| (&row.key, at))
        .collect();
    let is_latest = |(at, row): &(usize, &AnswerRow)| latest[&row.key] == *at;
    let rows = rows.iter().enumerate().filter(is_latest);
    let rows: Vec<&AnswerRow> = rows.map(|(_, row)| row).collect();
    put_all(connection, &rows).await
}

async fn put_all<'r, R: Borrow<AnswerRow>>(
    connection: &mut Conn,
    rows: &'r [R],
) -> Result<(), StoreError> {
    let bind = |query: Query<'r>, row: &'r R| {
        let row = row.borrow();
        query
            .bind(row.memory.provider)
            .bind(row.key.operation)
            .bind(row.subject.bytes.as_slice())
            .bind(row.key.personal)
            .bind(row.subject.masked.as_deref())
            .bind(row.reason())
            .bind(row.body())
            .bind(row.memory.stored_at)
            .bind(row.memory.expires_at)
    };
    INSERT.run(connection, rows, bind).await
}

/// The memory of a row. None when it cannot be read, because it was moved or changed or is of a
/// kind only a newer program knows: then it is as if nothing were known, and asking again puts
/// it right.
pub(in crate::store) fn memory(
    keys: &Keys,
    operation: &str,
    row: &StoredRow,
) -> Result<Option<Memory>, StoreError> {
    let provider = names::name(row.try_get(PROVIDER)?)?;
    let subject: &[u8] = row.try_get(SUBJECT)?;
    let stored: &[u8] = row.try_get(BODY)?;
    let body = if row.try_get::<bool>(PERSONAL)? {
        let place = SealedPlace::Answer {
            provider,
            operation,
            subject,
        };
        let Some(body) = keys.open(&place, stored) else {
            tracing::error!(provider, operation, "a sealed answer does not open");
            return Ok(None);
        };
        Bytes::from(body)
    } else {
        Bytes::copy_from_slice(stored)
    };
    let what = match row.try_get::<Option<&str>>(REASON)? {
        None => Remembered::Answer(body),
        Some(name) => match Reason::parse(name) {
            Some(reason) => Remembered::Refusal {
                reason,
                message: CompactString::from_utf8_lossy(&body),
            },
            None => return Ok(None),
        },
    };
    Ok(Some(Memory {
        what,
        provider,
        stored_at: row.try_get(STORED_AT)?,
        expires_at: row.try_get(EXPIRES_AT)?,
    }))
}

fn plain_body(memory: &Memory) -> &[u8] {
    match &memory.what {
        Remembered::Answer(body) => body,
        Remembered::Refusal { message, .. } => message.as_bytes(),
    }
}
