//! What `SQLite` needs now and then: its log emptied, free pages given back, its size told and
//! limited, and a look for damage.

use std::fs;
use std::path::Path;

use crate::store::error::StoreError;
use crate::store::folder::DATABASE_FILE;
use crate::store::sql::{Conn, query};

/// How large a database is, in bytes.
pub(in crate::store) struct Sizes {
    /// The database itself.
    pub(in crate::store) database: u64,
    /// Its log.
    pub(in crate::store) log: u64,
    /// What is free inside.
    pub(in crate::store) free: u64,
}

/// Pages given back per transaction.
const PAGES: u64 = 500;

/// What `SQLite` itself allows.
const MOST_PAGES: u64 = 4_294_967_294;

/// Copies the log into the database and empties it: what was deleted is then in neither.
pub(in crate::store) async fn empty_log(connection: &mut Conn) -> Result<bool, StoreError> {
    // A long read must not hold up all writing for the usual time.
    connection.run("PRAGMA busy_timeout = 250").await?;
    let busy = query("PRAGMA wal_checkpoint(TRUNCATE)")
        .fetch_one::<bool>(connection)
        .await;
    connection.run("PRAGMA busy_timeout = 5000").await?;
    Ok(!busy?)
}

/// Free pages before and after some of them were given back.
pub(in crate::store) async fn give_back_some_pages(
    connection: &mut Conn,
) -> Result<(u64, u64), StoreError> {
    let before = free_pages(connection).await?;
    let statement = format!("PRAGMA incremental_vacuum({PAGES})");
    connection.run(statement).await?;
    Ok((before, free_pages(connection).await?))
}

pub(in crate::store) async fn sizes(
    dir: &Path,
    connection: &mut Conn,
) -> Result<Sizes, StoreError> {
    let size_of = |file: &str| fs::metadata(dir.join(file)).map_or(0, |data| data.len());
    Ok(Sizes {
        database: size_of(DATABASE_FILE),
        log: size_of(&format!("{DATABASE_FILE}-wal")),
        free: free_pages(connection).await? * page_size(connection).await?,
    })
}

pub(in crate::store) async fn check(connection: &mut Conn) -> Result<(), StoreError> {
    let verdict: String = query("PRAGMA quick_check(1)").fetch_one(connection).await?;
    match verdict.as_str() {
        "ok" => Ok(()),
        _ => Err(StoreError::Corrupt),
    }
}

pub(in crate::store) async fn limit_size(
    connection: &mut Conn,
    bytes: Option<u64>,
) -> Result<(), StoreError> {
    let page = page_size(connection).await?;
    let pages = bytes.map_or(MOST_PAGES, |bytes| (bytes / page).clamp(1, MOST_PAGES));
    connection
        .run(format!("PRAGMA max_page_count = {pages}"))
        .await
}

async fn free_pages(connection: &mut Conn) -> Result<u64, StoreError> {
    query("PRAGMA freelist_count").fetch_one(connection).await
}

async fn page_size(connection: &mut Conn) -> Result<u64, StoreError> {
    query("PRAGMA page_size").fetch_one(connection).await
}
