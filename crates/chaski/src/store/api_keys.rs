//! Keys of the gateway's callers, by their hash.

use jiff::Timestamp;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use uuid::Uuid;

use super::calls::uuid_of;
use super::time::instant;
use super::{Backend, Company, Store, StoreError};

/// A key as stored: enough to recognise it, not to use it. No `Debug`: a hash is nobody's business.
#[derive(Clone)]
pub struct ApiKeyRow {
    /// Its identifier, in the audit and in what it owns.
    pub id: Uuid,
    /// The public beginning of the key, by which it is found.
    pub prefix: String,
    /// BLAKE3 of the whole key. A key has 160 random bits: nothing is gained by a slow hash.
    pub hash: [u8; 32],
    /// What its owner calls it.
    pub name: String,
    /// Whose it is.
    pub company: Company,
    /// The RUC of its company as it may be shown; none for the house.
    pub company_shown: Option<String>,
    /// Names of the scopes, separated by blanks.
    pub scopes: String,
    /// Requests a minute; 0 for no limit.
    pub per_minute: u32,
    /// Paid calls a Lima day; 0 for no limit.
    pub per_day: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// Until when it is good.
    pub expires_at: Option<Timestamp>,
    /// Since when it is not good any more.
    pub revoked_at: Option<Timestamp>,
}

impl Store {
    /// All keys, revoked ones included, oldest first.
    pub async fn api_keys(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let mut reader = sqlite.readers.reader().await?;
        let rows = sqlx::query(
            "SELECT id, prefix, hash, name, scopes, per_minute, per_day, created_at, expires_at, \
             revoked_at, company, company_shown FROM api_keys ORDER BY seq",
        )
        .fetch_all(&mut *reader)
        .await?;
        rows.iter().map(key_row).collect()
    }

    /// Keeps a new key; durable when this returns.
    pub async fn add_api_key(&self, key: ApiKeyRow) -> Result<(), StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        sqlite
            .writer
            .run(move |connection| {
                Box::pin(async move {
                    sqlx::query(
                        "INSERT INTO api_keys (id, prefix, hash, name, scopes, per_minute, \
                         per_day, created_at, expires_at, revoked_at, company, company_shown) \
                         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
                    )
                    .bind(key.id.as_bytes().as_slice())
                    .bind(key.prefix.as_str())
                    .bind(key.hash.as_slice())
                    .bind(key.name.as_str())
                    .bind(key.scopes.as_str())
                    .bind(key.per_minute)
                    .bind(key.per_day)
                    .bind(key.created_at.as_microsecond())
                    .bind(key.expires_at.map(Timestamp::as_microsecond))
                    .bind(key.revoked_at.map(Timestamp::as_microsecond))
                    .bind(key.company.bytes())
                    .bind(key.company_shown.as_deref())
                    .execute(connection)
                    .await?;
                    Ok(())
                })
            })
            .await
    }

    /// Revokes a key by its public beginning; false when there is none that is still good.
    pub async fn revoke_api_key(&self, prefix: String, now: Timestamp) -> Result<bool, StoreError> {
        let Backend::Sqlite(sqlite) = &self.backend;
        let revoked = sqlite
            .writer
            .run(move |connection| {
                Box::pin(async move {
                    let revoked = sqlx::query(
                        "UPDATE api_keys SET revoked_at = ?2 \
                         WHERE prefix = ?1 AND revoked_at IS NULL",
                    )
                    .bind(prefix.as_str())
                    .bind(now.as_microsecond())
                    .execute(connection)
                    .await?;
                    Ok(revoked.rows_affected())
                })
            })
            .await?;
        Ok(revoked > 0)
    }
}

fn key_row(row: &SqliteRow) -> Result<ApiKeyRow, StoreError> {
    let hash: &[u8] = row.try_get(2)?;
    Ok(ApiKeyRow {
        id: uuid_of(row.try_get(0)?)?,
        prefix: row.try_get(1)?,
        hash: hash.try_into().map_err(|_| StoreError::Corrupt)?,
        name: row.try_get(3)?,
        scopes: row.try_get(4)?,
        per_minute: row.try_get(5)?,
        per_day: row.try_get(6)?,
        created_at: instant(row.try_get(7)?),
        expires_at: row.try_get::<Option<i64>, _>(8)?.map(instant),
        revoked_at: row.try_get::<Option<i64>, _>(9)?.map(instant),
        company: Company::of_stored(row.try_get(10)?)?,
        company_shown: row.try_get(11)?,
    })
}
