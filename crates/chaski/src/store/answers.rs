//! What the upstreams said of each key: answers and refusals, one row per key.

use std::collections::HashMap;
use std::sync::LazyLock;

use bytes::Bytes;
use chaski_client::{Key, Memory, Reason, Remembered};
use compact_str::CompactString;
use foldhash::quality::RandomState;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};

use super::readers::Readers;
use super::seal::{Keys, Place, StoredSubject};
use super::shapes::Shapes;
use super::time::instant;
use super::{Backend, Sqlite, Store, StoreError, meta, names};

/// An answer or refusal on its way to the database, sealed by the caller's own task.
pub(super) struct AnswerRow {
    pub(super) key: Key,
    pub(super) memory: Memory,
    subject: StoredSubject,
    /// For personal data only; other bodies are taken from `memory`.
    sealed: Option<Vec<u8>>,
    /// Its number among the accepted ones.
    pub(super) accepted: u64,
}

impl AnswerRow {
    pub(super) fn new(keys: &Keys, key: Key, memory: Memory) -> Result<AnswerRow, StoreError> {
        let subject = keys.stored_subject(&key);
        let sealed = if key.personal {
            let place = Place::Answer {
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
    pub(super) fn weight(&self) -> usize {
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

impl Sqlite {
    pub(super) fn answer_rows(
        &self,
        entries: Vec<(Key, Memory)>,
    ) -> Result<Vec<AnswerRow>, StoreError> {
        entries
            .into_iter()
            .map(|(key, memory)| AnswerRow::new(&self.keys, key, memory))
            .collect()
    }

    /// What is known of each key, what is only queued included.
    pub(super) async fn recall(&self, keys: &[Key]) -> Result<Vec<Option<Memory>>, StoreError> {
        // The queue first: what leaves it between the two looks is then in the database.
        let mut found = self.writer.shared().accepted(keys);
        let unknown: Vec<usize> = (0..keys.len())
            .filter(|index| found[*index].is_none())
            .collect();
        match unknown[..] {
            [] => {}
            [only] => found[only] = self.recalls.recall(&keys[only]).await?,
            _ => {
                let wanted: Vec<Key> = unknown.iter().map(|index| keys[*index].clone()).collect();
                let known = stored(&self.keys, &self.readers, &wanted).await?;
                for (index, memory) in unknown.into_iter().zip(known) {
                    found[index] = memory;
                }
            }
        }
        Ok(found)
    }
}

/// What the database knows of each key, in the order asked.
pub(super) async fn stored(
    keys: &Keys,
    readers: &Readers,
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
    let mut reader = readers.reader().await?;
    for (operation, places) in questions {
        let mut subjects: Vec<&[u8]> = places.keys().map(Vec::as_slice).collect();
        // A subject asked for twice is found once; a second statement would be a second trip.
        let whole = Shapes::rounded_up(subjects.len());
        subjects.resize(whole, subjects[0]);
        for (statement, some) in SELECT.cut(&subjects) {
            let mut query = sqlx::query(statement);
            for subject in some {
                query = query.bind(*subject);
            }
            let query = query.bind(operation);
            for row in query.fetch_all(&mut *reader).await? {
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

impl Store {
    /// Forgets one key, answer or refusal; true when something was known.
    pub(super) async fn forget_key(&self, key: &Key) -> Result<bool, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let subject = sqlite.keys.subject_bytes(key);
        let operation = key.operation;
        let forgotten = sqlite
            .writer
            .run(move |connection| {
                Box::pin(async move {
                    let gone =
                        sqlx::query("DELETE FROM answers WHERE subject = ?1 AND operation = ?2")
                            .bind(subject)
                            .bind(operation)
                            .execute(&mut *connection)
                            .await?
                            .rows_affected();
                    if gone > 0 {
                        meta::note_forgetting(connection).await?;
                    }
                    Ok(gone)
                })
            })
            .await?;
        Ok(forgotten > 0)
    }
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
pub(super) async fn put(
    connection: &mut SqliteConnection,
    rows: &[AnswerRow],
) -> Result<(), StoreError> {
    for (statement, some) in INSERT.cut(rows) {
        let mut query = sqlx::query(statement);
        for row in some {
            query = query
                .bind(row.memory.provider)
                .bind(row.key.operation)
                .bind(row.subject.bytes.as_slice())
                .bind(row.key.personal)
                .bind(row.subject.masked.as_deref())
                .bind(row.reason())
                .bind(row.body())
                .bind(row.memory.stored_at.as_microsecond())
                .bind(row.memory.expires_at.as_microsecond());
        }
        query.execute(&mut *connection).await?;
    }
    Ok(())
}

/// The memory of a row. None when it cannot be read, because it was moved or changed or is of a
/// kind only a newer program knows: then it is as if nothing were known, and asking again puts
/// it right.
pub(super) fn memory(
    keys: &Keys,
    operation: &str,
    row: &SqliteRow,
) -> Result<Option<Memory>, StoreError> {
    let provider = names::name(row.try_get(PROVIDER)?)?;
    let subject: &[u8] = row.try_get(SUBJECT)?;
    let stored: &[u8] = row.try_get(BODY)?;
    let body = if row.try_get::<bool, _>(PERSONAL)? {
        let place = Place::Answer {
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
    let what = match row.try_get::<Option<&str>, _>(REASON)? {
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
        stored_at: instant(row.try_get(STORED_AT)?),
        expires_at: instant(row.try_get(EXPIRES_AT)?),
    }))
}

fn plain_body(memory: &Memory) -> &[u8] {
    match &memory.what {
        Remembered::Answer(body) => body,
        Remembered::Refusal { message, .. } => message.as_bytes(),
    }
}
