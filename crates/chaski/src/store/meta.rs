//! Facts about the database itself.

use sqlx::SqliteConnection;

use super::StoreError;

/// Fingerprint of the key that personal data was sealed with.
pub(super) const KEY_CHECK: &str = "key_check";

/// When and where the last copy of the folder was taken.
pub(super) const LAST_BACKUP: &str = "last_backup";

/// Changes whenever something is forgotten, so that other processes forget it too.
const FORGOTTEN: &str = "forgotten";

/// Set when the first key of the gateway is made, and never taken back.
pub(super) const HAD_KEYS: &str = "had_keys";

/// Written only to find out whether writing works again.
const PROBE: &str = "probe";

pub(super) async fn get(
    connection: &mut SqliteConnection,
    name: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let value = sqlx::query_scalar("SELECT value FROM meta WHERE name = ?1")
        .bind(name)
        .fetch_optional(connection)
        .await?;
    Ok(value)
}

pub(super) async fn put(
    connection: &mut SqliteConnection,
    name: &str,
    value: &[u8],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO meta (name, value) VALUES (?1, ?2) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(name)
    .bind(value)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that something was forgotten.
pub(super) async fn note_forgetting(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO meta (name, value) VALUES (?1, randomblob(8)) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(FORGOTTEN)
    .execute(connection)
    .await?;
    Ok(())
}

/// What changes when something is forgotten.
pub(super) async fn forgotten(
    connection: &mut SqliteConnection,
) -> Result<Option<Vec<u8>>, StoreError> {
    get(connection, FORGOTTEN).await
}

/// The smallest write there is.
pub(super) async fn probe(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    put(connection, PROBE, &[]).await
}

/// Whether anything depends on the key. Scans, so it is asked only when the key has changed.
pub(super) async fn has_personal_data(
    connection: &mut SqliteConnection,
) -> Result<bool, StoreError> {
    let found: i64 = sqlx::query_scalar(
        "SELECT EXISTS (SELECT 1 FROM answers WHERE personal = 1) \
         OR EXISTS (SELECT 1 FROM calls WHERE masked IS NOT NULL) \
         OR EXISTS (SELECT 1 FROM call_bodies) \
         OR EXISTS (SELECT 1 FROM batch_items WHERE personal = 1) \
         OR EXISTS (SELECT 1 FROM batch_inputs) \
         OR EXISTS (SELECT 1 FROM partners) \
         OR EXISTS (SELECT 1 FROM api_keys WHERE length(company) = 16)",
    )
    .fetch_one(connection)
    .await?;
    Ok(found != 0)
}
