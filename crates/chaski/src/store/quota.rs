//! Calls counted per provider and month, and how the count grew.

use jiff::Timestamp;
use sqlx::SqliteConnection;

use super::time::instant;
use super::{Backend, Store, StoreError, meta};

/// The counter of a month at some moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QuotaSnapshot {
    /// The provider.
    pub provider: String,
    /// The month, such as `2026-11`.
    pub month: String,
    /// When it was looked at.
    pub at: Timestamp,
    /// Calls counted by then.
    pub used: u64,
}

impl Store {
    /// Calls counted for a provider in a month such as `2026-11`, those still queued included.
    pub fn spent(&self, provider: &str, month: &str) -> u64 {
        let Backend::Sqlite(sqlite) = &self.backend;
        sqlite.writer.shared().spent(provider, month)
    }

    /// Notes when a provider's plan was found to be used up, or that it is not.
    pub(super) async fn put_plan(
        &self,
        provider: &str,
        spent_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let name = plan_name(provider);
        let value = spent_at.map(|at| at.as_microsecond().to_le_bytes());
        sqlite
            .writer
            .run(move |connection| {
                Box::pin(async move {
                    meta::put(connection, &name, value.as_ref().map_or(&[], |it| it)).await
                })
            })
            .await
    }

    /// When a provider's plan was found to be used up, if it was.
    pub(super) async fn plan_of(&self, provider: &str) -> Result<Option<Timestamp>, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut reader = sqlite.readers.reader().await?;
        let value = meta::get(&mut reader, &plan_name(provider)).await?;
        let value = value.and_then(|value| <[u8; 8]>::try_from(value.as_slice()).ok());
        Ok(value.map(|value| instant(i64::from_le_bytes(value))))
    }

    /// Notes the counters of a month as they are now; says how many there are.
    pub async fn snapshot_quota(&self, month: &str, now: Timestamp) -> Result<u64, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let (month, at) = (month.to_owned(), now.as_microsecond());
        sqlite
            .writer
            .run(move |connection| {
                Box::pin(async move {
                    let noted = sqlx::query(
                        "INSERT OR REPLACE INTO quota_snapshots (provider, month, at, used) \
                         SELECT provider, month, ?1, used FROM quota WHERE month = ?2",
                    )
                    .bind(at)
                    .bind(month)
                    .execute(connection)
                    .await?;
                    Ok(noted.rows_affected())
                })
            })
            .await
    }

    /// How the counter of a month grew, oldest first.
    pub async fn quota_snapshots(
        &self,
        provider: &str,
        month: &str,
    ) -> Result<Vec<QuotaSnapshot>, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut reader = sqlite.readers.reader().await?;
        let rows: Vec<(i64, i64)> = sqlx::query_as(
            "SELECT at, used FROM quota_snapshots WHERE provider = ?1 AND month = ?2 ORDER BY at",
        )
        .bind(provider)
        .bind(month)
        .fetch_all(&mut *reader)
        .await?;
        let snapshot = |(at, used): (i64, i64)| QuotaSnapshot {
            provider: provider.to_owned(),
            month: month.to_owned(),
            at: instant(at),
            used: used.cast_unsigned(),
        };
        Ok(rows.into_iter().map(snapshot).collect())
    }
}

/// The name of the fact that a plan is used up.
fn plan_name(provider: &str) -> String {
    format!("plan_spent:{provider}")
}

/// All counters as stored.
pub(super) async fn all(
    connection: &mut SqliteConnection,
) -> Result<Vec<(String, String, u64)>, StoreError> {
    let rows: Vec<(String, String, i64)> =
        sqlx::query_as("SELECT provider, month, used FROM quota")
            .fetch_all(connection)
            .await?;
    Ok(rows
        .into_iter()
        .map(|(provider, month, used)| (provider, month, used.cast_unsigned()))
        .collect())
}

/// Adds to a counter and says its total, which other processes may have raised too.
pub(super) async fn add(
    connection: &mut SqliteConnection,
    provider: &str,
    month: &str,
    calls: u64,
) -> Result<u64, StoreError> {
    let used: i64 = sqlx::query_scalar(
        "INSERT INTO quota (provider, month, used) VALUES (?1, ?2, ?3) \
         ON CONFLICT (provider, month) DO UPDATE SET used = used + excluded.used \
         RETURNING used",
    )
    .bind(provider)
    .bind(month)
    .bind(calls.cast_signed())
    .fetch_one(connection)
    .await?;
    Ok(used.cast_unsigned())
}
