//! Facts about the database itself.

use crate::store::error::StoreError;
use crate::store::seal::fill_randomly;
use crate::store::sql::{Conn, query, query_scalar};

/// Fingerprint of the key that personal data was sealed with.
pub(in crate::store) const KEY_CHECK: &str = "key_check";

/// When and where the last copy of the folder was taken.
pub(in crate::store) const LAST_BACKUP: &str = "last_backup";

/// Changes whenever something is forgotten, so that other processes forget it too.
const FORGOTTEN: &str = "forgotten";

/// Set when the first key of the gateway is made, and never taken back.
pub(in crate::store) const HAD_KEYS: &str = "had_keys";

/// Written only to find out whether writing works again.
const PROBE: &str = "probe";

pub(in crate::store) async fn get(
    connection: &mut Conn,
    name: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    let value = query_scalar("SELECT value FROM meta WHERE name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await?;
    Ok(value)
}

pub(in crate::store) async fn put(
    connection: &mut Conn,
    name: &str,
    value: &[u8],
) -> Result<(), StoreError> {
    query(
        "INSERT INTO meta (name, value) VALUES ($1, $2) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(name)
    .bind(value)
    .execute(connection)
    .await?;
    Ok(())
}

/// Notes that something was forgotten.
pub(in crate::store) async fn note_forgetting(connection: &mut Conn) -> Result<(), StoreError> {
    let mut mark = [0; 8];
    fill_randomly(&mut mark)?;
    query(
        "INSERT INTO meta (name, value) VALUES ($1, $2) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(FORGOTTEN)
    .bind(mark.as_slice())
    .execute(connection)
    .await?;
    Ok(())
}

/// What changes when something is forgotten.
pub(in crate::store) async fn forgotten(
    connection: &mut Conn,
) -> Result<Option<Vec<u8>>, StoreError> {
    get(connection, FORGOTTEN).await
}

/// The smallest write there is.
pub(in crate::store) async fn probe(connection: &mut Conn) -> Result<(), StoreError> {
    put(connection, PROBE, &[]).await
}

/// Whether anything depends on the key. Scans, so it is asked only when the key has changed.
pub(in crate::store) async fn has_personal_data(connection: &mut Conn) -> Result<bool, StoreError> {
    let found: bool = query_scalar(
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
    Ok(found)
}
