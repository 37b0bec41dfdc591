//! Calls counted per provider and month.

use sqlx::SqliteConnection;

use super::{Backend, Store, StoreError};

impl Store {
    /// Calls counted for a provider in a month such as `2026-11`, those still queued included.
    pub fn spent(&self, provider: &str, month: &str) -> u64 {
        let Backend::Sqlite(sqlite) = &self.backend;
        sqlite.writer.shared().spent(provider, month)
    }
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
