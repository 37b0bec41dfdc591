//! Facts about the database itself.

use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::presence::Presence;
use crate::store::seal::random;
use crate::store::sql::{Conn, query};

/// Fingerprint of the key that personal data was sealed with.
pub(in crate::store) const KEY_CHECK: &str = "key_check";

/// When and where the last copy of the folder was taken.
pub(in crate::store) const LAST_BACKUP: &str = "last_backup";

/// Changes whenever something is forgotten, so that other processes forget it too.
const FORGOTTEN: &str = "forgotten";

/// Set when the first key of the gateway is made, and never taken back.
pub(in crate::store) const HAD_KEYS: &str = "had_keys";

/// Held by whoever issues: what is told under an older one changes nothing.
pub(in crate::store) const ISSUING_FENCE: &str = "issuing_fence";

/// Set once notes of before are found by what they modify.
pub(in crate::store) const NOTES_MARKED: &str = "notes_marked";

/// Begins the name under which a process notes the last group that it committed to a server.
const GROUP: &str = "group:";

/// Written only to find out whether writing works again.
const PROBE: &str = "probe";

pub(in crate::store) async fn get(
    connection: &mut Conn,
    name: &str,
) -> Result<Option<Vec<u8>>, StoreError> {
    query("SELECT value FROM meta WHERE name = $1")
        .bind(name)
        .fetch_optional(connection)
        .await
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
    put(connection, FORGOTTEN, &random::<8>()?).await
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

/// Notes a group of a process in the transaction of its rows. Whether they are there can be asked
/// then, when the connection broke before the server could say.
pub(in crate::store) async fn note_group(
    connection: &mut Conn,
    process: i64,
    group: Uuid,
) -> Result<(), StoreError> {
    put(connection, &format!("{GROUP}{process}"), group.as_bytes()).await
}

/// Whether that group of a process was committed. Only its last one is known.
pub(in crate::store) async fn has_group(
    connection: &mut Conn,
    process: i64,
    group: Uuid,
) -> Result<bool, StoreError> {
    let last = get(connection, &format!("{GROUP}{process}")).await?;
    Ok(last.as_deref() == Some(group.as_bytes().as_slice()))
}

/// Deletes what the dead noted, where nobody else lives.
pub(in crate::store) async fn clear_groups(
    connection: &mut Conn,
    presence: &Presence,
) -> Result<(), StoreError> {
    if !presence.has_company() {
        query("DELETE FROM meta WHERE name LIKE $1")
            .bind(format!("{GROUP}%"))
            .execute(connection)
            .await?;
    }
    Ok(())
}

/// Whether anything depends on the key. Scans, so it is asked only when the key has changed.
pub(in crate::store) async fn has_personal_data(connection: &mut Conn) -> Result<bool, StoreError> {
    let found: bool = query(
        "SELECT EXISTS (SELECT 1 FROM answers WHERE personal = 1) \
         OR EXISTS (SELECT 1 FROM calls WHERE masked IS NOT NULL) \
         OR EXISTS (SELECT 1 FROM call_bodies) \
         OR EXISTS (SELECT 1 FROM batch_items WHERE personal = 1) \
         OR EXISTS (SELECT 1 FROM batch_inputs) \
         OR EXISTS (SELECT 1 FROM partners) \
         OR EXISTS (SELECT 1 FROM api_keys WHERE length(company) = 16)",
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(found || has_any(connection, "issuers").await? || has_documents(connection).await?)
}

/// Whether anything was issued, or is going to be.
pub(in crate::store) async fn has_documents(connection: &mut Conn) -> Result<bool, StoreError> {
    Ok(has_any(connection, "documents").await? || has_any(connection, "document_series").await?)
}

/// Whether there are rows in a table; a copy of before may have no such table.
async fn has_any(connection: &mut Conn, which: &'static str) -> Result<bool, StoreError> {
    // A database on a server was brought up to date before it is read.
    let is_there = if connection.is_remote() {
        true
    } else {
        query("SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1)")
            .bind(which)
            .fetch_one(&mut *connection)
            .await?
    };
    if !is_there {
        return Ok(false);
    }
    let found = query(format!("SELECT EXISTS (SELECT 1 FROM {which})"));
    found.fetch_one(connection).await
}
