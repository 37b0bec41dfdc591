//! A server is not ours, so it is looked over before anything is trusted to it.

use crate::store::error::StoreError;
use crate::store::fault::PostgresFault;
use crate::store::sql::{Conn, query};

/// The oldest server whose behaviour the tests have seen.
const OLDEST: i64 = 150_000;

/// An error where the server forgets what it has confirmed, cannot hold every text, or is older
/// than what was tried.
pub(in crate::store) async fn refuse_unsafe(connection: &mut Conn) -> Result<(), StoreError> {
    let version = setting(connection, "server_version_num").await?;
    let fault = if version.parse().unwrap_or(0_i64) < OLDEST {
        PostgresFault::TooOld
    } else if setting(connection, "server_encoding").await? != "UTF8" {
        PostgresFault::NotUtf8
    } else if setting(connection, "fsync").await? != "on" {
        PostgresFault::NoFsync
    } else if setting(connection, "synchronous_commit").await? == "off" {
        PostgresFault::NoSynchronousCommit
    } else {
        return Ok(());
    };
    Err(StoreError::Postgres(fault))
}

pub(in crate::store) async fn setting(
    connection: &mut Conn,
    name: &'static str,
) -> Result<String, StoreError> {
    let query = query("SELECT current_setting($1)").bind(name);
    query.fetch_one(connection).await
}
