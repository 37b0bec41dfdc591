//! Documents taken over from another folder. What was issued from two folders cannot be told as one story:
//! so it is all of it, into a folder from which nothing was issued, or nothing.

use super::{IN_ORDER, MISSING_ONLY, add};
use crate::store::error::StoreError;
use crate::store::sql::{Conn, query};
use crate::store::tables::meta::{self, ISSUING_FENCE};

/// Every table of documents, with what is said of rows that are here.
const TABLES: [(&str, &str); 7] = [
    ("documents", IN_ORDER),
    ("document_attempts", IN_ORDER),
    ("document_events", IN_ORDER),
    ("document_series", MISSING_ONLY),
    ("document_numbers", MISSING_ONLY),
    ("document_files", MISSING_ONLY),
    ("issuer_holds", MISSING_ONLY),
];

/// The other one's documents; how many.
pub(super) async fn bring(mine: &mut Conn) -> Result<u64, StoreError> {
    let (there, here, missing): (bool, bool, bool) =
        query(WHERE_THEY_ARE).fetch_one(&mut *mine).await?;
    // Of an earlier run, and nothing was issued there since.
    if !there || (here && !missing) {
        return Ok(0);
    }
    if here {
        return Err(StoreError::TwoJournals);
    }
    let mut brought = 0;
    for (table, rest) in TABLES {
        let rows = add(mine, table, rest).await?;
        if table == "documents" {
            brought = rows;
        }
    }
    take_fence(mine).await?;
    Ok(brought)
}

/// Whoever issues next holds a fence above all that were held at either place.
async fn take_fence(mine: &mut Conn) -> Result<(), StoreError> {
    let number = |bytes: Vec<u8>| bytes.try_into().ok().map(i64::from_le_bytes);
    let there: Option<Vec<u8>> = query("SELECT value FROM other.meta WHERE name = $1")
        .bind(ISSUING_FENCE)
        .fetch_optional(&mut *mine)
        .await?;
    let Some(there) = there.and_then(number) else {
        return Ok(());
    };
    let here = meta::get(mine, ISSUING_FENCE).await?.and_then(number);
    let highest = there.max(here.unwrap_or_default());
    meta::put(mine, ISSUING_FENCE, &highest.to_le_bytes()).await
}

/// Whether anything was issued there, or here, and whether something of it is not here.
const WHERE_THEY_ARE: &str = "SELECT \
     EXISTS (SELECT 1 FROM other.documents) OR EXISTS (SELECT 1 FROM other.document_series), \
     EXISTS (SELECT 1 FROM main.documents) OR EXISTS (SELECT 1 FROM main.document_series), \
     EXISTS (SELECT id FROM other.documents EXCEPT SELECT id FROM main.documents) \
     OR EXISTS (SELECT id FROM other.document_attempts EXCEPT SELECT id FROM main.document_attempts) \
     OR EXISTS (SELECT company, kind, serie FROM other.document_series \
     EXCEPT SELECT company, kind, serie FROM main.document_series)";
