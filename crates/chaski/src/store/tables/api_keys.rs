//! Keys of the gateway's callers, by their hash.

use std::path::Path;

use jiff::Timestamp;
use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::folder::DATABASE_FILE;
use crate::store::handle::Store;
use crate::store::sql::{Conn, Row, query, query_scalar, uuid_of};
use crate::store::sqlite::open::{connect, options};
use crate::store::tables::companies::Company;
use crate::store::tables::meta;
use crate::store::time::instant;

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
        let mut reader = self.db.read().await?;
        let rows = query(
            "SELECT id, prefix, hash, name, scopes, per_minute, per_day, created_at, expires_at, \
             revoked_at, company, company_shown FROM api_keys ORDER BY seq",
        )
        .fetch_all(&mut reader)
        .await?;
        rows.iter().map(key_row).collect()
    }

    /// Whether there has ever been a key, whatever became of it.
    pub async fn had_keys(&self) -> Result<bool, StoreError> {
        let mut reader = self.db.read().await?;
        had_keys(&mut reader).await
    }

    /// Keeps a new key; durable when this returns.
    pub async fn add_api_key(&self, key: ApiKeyRow) -> Result<(), StoreError> {
        self.db
            .write(move |connection| {
                Box::pin(async move {
                    query(
                        "INSERT INTO api_keys (id, prefix, hash, name, scopes, per_minute, \
                         per_day, created_at, expires_at, revoked_at, company, company_shown) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
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
                    .execute(&mut *connection)
                    .await?;
                    meta::put(connection, meta::HAD_KEYS, &[1]).await
                })
            })
            .await
    }

    /// Revokes a key by its public beginning; false when there is none that is still good.
    pub async fn revoke_api_key(&self, prefix: String, now: Timestamp) -> Result<bool, StoreError> {
        let revoked = self
            .db
            .write(move |connection| {
                Box::pin(async move {
                    let revoked = query(
                        "UPDATE api_keys SET revoked_at = $2 \
                         WHERE prefix = $1 AND revoked_at IS NULL",
                    )
                    .bind(prefix.as_str())
                    .bind(now.as_microsecond())
                    .execute(connection)
                    .await?;
                    Ok(revoked)
                })
            })
            .await?;
        Ok(revoked > 0)
    }
}

/// The same of a folder that nobody has open here; false where there is none. What cannot be read
/// is an error, and not a folder without keys.
pub async fn folder_had_keys(dir: &Path) -> Result<bool, StoreError> {
    let file = dir.join(DATABASE_FILE);
    // A file of no bytes is a folder that has not been begun.
    let begun = std::fs::metadata(&file).is_ok_and(|it| it.len() > 0);
    if !begun {
        return Ok(false);
    }
    let about = |error: StoreError| error.about(&file);
    let options = options(&file).read_only(true);
    let mut connection = connect(&options).await.map_err(about)?;
    let tables: i64 =
        query_scalar("SELECT count(*) FROM sqlite_schema WHERE name IN ('meta', 'api_keys')")
            .fetch_one(&mut connection)
            .await
            .map_err(about)?;
    // One of before there were keys.
    if tables < 2 {
        return Ok(false);
    }
    had_keys(&mut connection).await.map_err(about)
}

async fn had_keys(connection: &mut Conn) -> Result<bool, StoreError> {
    let had: bool = query_scalar(
        "SELECT EXISTS (SELECT 1 FROM meta WHERE name = $1) \
         OR EXISTS (SELECT 1 FROM api_keys)",
    )
    .bind(meta::HAD_KEYS)
    .fetch_one(connection)
    .await?;
    Ok(had)
}

fn key_row(row: &Row) -> Result<ApiKeyRow, StoreError> {
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
        expires_at: row.try_get::<Option<i64>>(8)?.map(instant),
        revoked_at: row.try_get::<Option<i64>>(9)?.map(instant),
        company: Company::of_stored(row.try_get(10)?)?,
        company_shown: row.try_get(11)?,
    })
}
