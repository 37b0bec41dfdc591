//! Keys of the gateway's callers, by their hash.

use std::path::Path;

use jiff::Timestamp;
use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::folder::DATABASE_FILE;
use crate::store::handle::Store;
use crate::store::sql::{Conn, Record, deed, query, record};
use crate::store::sqlite::open::{connect, options};
use crate::store::tables::companies::Company;
use crate::store::tables::meta;

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

const COLUMNS: &str = ApiKeyRow::COLUMNS;

impl Store {
    /// All keys, revoked ones included, oldest first.
    pub async fn api_keys(&self) -> Result<Vec<ApiKeyRow>, StoreError> {
        let mut reader = self.read().await?;
        query(format!("SELECT {COLUMNS} FROM api_keys ORDER BY seq"))
            .fetch_all(&mut reader)
            .await
    }

    /// Whether there has ever been a key, whatever became of it.
    pub async fn had_keys(&self) -> Result<bool, StoreError> {
        let mut reader = self.read().await?;
        had_keys(&mut reader).await
    }

    /// Keeps a new key; durable when this returns.
    pub async fn add_api_key(&self, key: ApiKeyRow) -> Result<(), StoreError> {
        self.write(deed!(|connection| {
            query(
                "INSERT INTO api_keys (id, prefix, hash, name, scopes, per_minute, \
                 per_day, created_at, expires_at, revoked_at, company, company_shown) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
            )
            .bind(key.id)
            .bind(key.prefix.as_str())
            .bind(key.hash.as_slice())
            .bind(key.name.as_str())
            .bind(key.scopes.as_str())
            .bind(key.per_minute)
            .bind(key.per_day)
            .bind(key.created_at)
            .bind(key.expires_at)
            .bind(key.revoked_at)
            .bind(key.company)
            .bind(key.company_shown.as_deref())
            .execute(&mut *connection)
            .await?;
            meta::put(connection, meta::HAD_KEYS, &[1]).await
        }))
        .await
    }

    /// Keeps what changed of a key: its secret, its name, what it may do and until when; false when there
    /// is none that is still good.
    pub async fn change_api_key(&self, key: ApiKeyRow) -> Result<bool, StoreError> {
        let changed = self
            .write(deed!(|connection| {
                query(
                    "UPDATE api_keys SET hash = $2, name = $3, scopes = $4, per_minute = $5, \
                     per_day = $6, expires_at = $7 WHERE id = $1 AND revoked_at IS NULL",
                )
                .bind(key.id)
                .bind(key.hash.as_slice())
                .bind(key.name.as_str())
                .bind(key.scopes.as_str())
                .bind(key.per_minute)
                .bind(key.per_day)
                .bind(key.expires_at)
                .execute(connection)
                .await
            }))
            .await?;
        Ok(changed > 0)
    }

    /// Revokes a key by its public beginning; false when there is none that is still good.
    pub async fn revoke_api_key(&self, prefix: String, now: Timestamp) -> Result<bool, StoreError> {
        let revoked = self
            .write(deed!(|connection| {
                query(
                    "UPDATE api_keys SET revoked_at = $2 \
                     WHERE prefix = $1 AND revoked_at IS NULL",
                )
                .bind(prefix.as_str())
                .bind(now)
                .execute(connection)
                .await
            }))
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
        query("SELECT count(*) FROM sqlite_schema WHERE name IN ('meta', 'api_keys')")
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
    query(
        "SELECT EXISTS (SELECT 1 FROM meta WHERE name = $1) \
         OR EXISTS (SELECT 1 FROM api_keys)",
    )
    .bind(meta::HAD_KEYS)
    .fetch_one(connection)
    .await
}

record!(ApiKeyRow {
    id,
    prefix,
    hash,
    name,
    scopes,
    per_minute,
    per_day,
    created_at,
    expires_at,
    revoked_at,
    company,
    company_shown,
});
