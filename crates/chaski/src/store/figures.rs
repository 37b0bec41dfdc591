//! Counts and sizes for the doctor and the panel, and the limit on the size.

use std::fs;

use jiff::Timestamp;
use sqlx::{Row, SqliteConnection};

use super::open::{DATABASE_FILE, SCHEMA};
use super::retention::free_pages;
use super::time::instant;
use super::{Backend, Sqlite, Store, StoreError};

/// What the store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Figures {
    /// Version of the schema.
    pub schema: u32,
    /// Answers.
    pub answers: u64,
    /// Refusals.
    pub refusals: u64,
    /// Calls on record.
    pub calls: u64,
    /// When the oldest of them began.
    pub oldest_call: Option<Timestamp>,
    /// Batches.
    pub batches: u64,
    /// Rows accepted and not yet durable.
    pub queued_rows: u64,
    /// Size of the database file.
    pub database_bytes: u64,
    /// Size of its log.
    pub log_bytes: u64,
    /// Free space inside the database file.
    pub free_bytes: u64,
}

impl Store {
    /// Counts everything; about a second for ten million calls.
    pub async fn figures(&self) -> Result<Figures, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut reader = sqlite.readers.reader().await?;
        let row = sqlx::query(
            "SELECT (SELECT count(*) FROM answers), \
             (SELECT count(*) FROM answers WHERE reason IS NOT NULL), \
             (SELECT count(*) FROM calls), (SELECT min(at) FROM calls), \
             (SELECT count(*) FROM batches)",
        )
        .fetch_one(&mut *reader)
        .await?;
        let number =
            |column: usize| Ok::<u64, StoreError>(row.try_get::<i64, _>(column)?.cast_unsigned());
        let refusals = number(1)?;
        Ok(Figures {
            schema: SCHEMA,
            answers: number(0)?.saturating_sub(refusals),
            refusals,
            calls: number(2)?,
            oldest_call: row.try_get::<Option<i64>, _>(3)?.map(instant),
            batches: number(4)?,
            queued_rows: sqlite.writer.shared().queued() as u64,
            database_bytes: sqlite.size_of(DATABASE_FILE),
            log_bytes: sqlite.size_of(&format!("{DATABASE_FILE}-wal")),
            free_bytes: free_pages(&mut reader).await? * page_size(&mut reader).await?,
        })
    }

    /// Looks for damage; slow on a large database.
    pub async fn check(&self) -> Result<(), StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut reader = sqlite.readers.reader().await?;
        let verdict: String = sqlx::query_scalar("PRAGMA quick_check(1)")
            .fetch_one(&mut *reader)
            .await?;
        match verdict.as_str() {
            "ok" => Ok(()),
            _ => Err(StoreError::Corrupt),
        }
    }

    /// Limits the size of the database file, so that it cannot fill a disk shared with others;
    /// none for no limit. Reaching it is [`StoreError::DiskFull`]. Holds while the store is open.
    pub async fn limit_size(&self, bytes: Option<u64>) -> Result<(), StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        sqlite
            .writer
            .run_alone(move |connection| Box::pin(limit_size(connection, bytes)))
            .await
    }
}

impl Sqlite {
    fn size_of(&self, file: &str) -> u64 {
        fs::metadata(self.dir.join(file)).map_or(0, |data| data.len())
    }
}

/// What `SQLite` itself allows.
const MOST_PAGES: u64 = 4_294_967_294;

async fn limit_size(
    connection: &mut SqliteConnection,
    bytes: Option<u64>,
) -> Result<(), StoreError> {
    let page = page_size(connection).await?;
    let pages = bytes.map_or(MOST_PAGES, |bytes| (bytes / page).clamp(1, MOST_PAGES));
    let statement = format!("PRAGMA max_page_count = {pages}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(statement))
        .execute(connection)
        .await?;
    Ok(())
}

async fn page_size(connection: &mut SqliteConnection) -> Result<u64, StoreError> {
    let size: i64 = sqlx::query_scalar("PRAGMA page_size")
        .fetch_one(connection)
        .await?;
    Ok(size.cast_unsigned())
}
