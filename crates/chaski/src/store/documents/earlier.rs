//! Notes of before it was noted what they modify. What is sealed of them says it; a folder is gone through once,
//! when it is opened.

use uuid::Uuid;

use super::marks;
use super::of_before::by_what_was_sent;
use super::sheet::DocumentSheet;
use crate::store::error::StoreError;
use crate::store::seal::{Keys, SealedPlace};
use crate::store::sql::{Conn, StoredRow, query};
use crate::store::tables::meta;

/// Notes that were taken over before it was noted what they modify are found by it from now on.
pub(in crate::store) async fn mark_earlier_notes(
    connection: &mut Conn,
    keys: &Keys,
) -> Result<(), StoreError> {
    if meta::get(connection, meta::NOTES_MARKED).await?.is_some() {
        return Ok(());
    }
    let mut after: i64 = 0;
    loop {
        // Of what was found at Nubefact nobody here knows what was sent.
        let rows: Vec<StoredRow> = query(
            "SELECT seq, id, sheet, draft FROM documents WHERE seq > $1 AND deed = 'issue' \
             AND kind IN ('07', '08') AND modifies IS NULL AND content <> 'encontrado' \
             ORDER BY seq LIMIT 200",
        )
        .bind(after)
        .fetch_all(&mut *connection)
        .await?;
        if rows.is_empty() {
            break;
        }
        for row in &rows {
            after = row.try_get("seq")?;
            mark_note(connection, keys, row).await?;
        }
    }
    meta::put(connection, meta::NOTES_MARKED, &[]).await
}

async fn mark_note(connection: &mut Conn, keys: &Keys, row: &StoredRow) -> Result<(), StoreError> {
    let id: Uuid = row.try_get("id")?;
    let draft = keys.open(&SealedPlace::DocumentDraft(id), row.try_get("draft")?);
    let known = by_what_was_sent(&draft.unwrap_or_default());
    let Some(modified) = known.modifica else {
        return Ok(());
    };
    let sheet = DocumentSheet {
        modifica: Some(modified.clone()),
        ..DocumentSheet::open(keys, id, row.try_get("sheet")?)?
    };
    query(
        "UPDATE documents SET modifies = $2, total = coalesce(total, $3), sheet = $4 WHERE id = $1",
    )
    .bind(id)
    .bind(marks::modifies(keys, &modified))
    .bind(known.hundredths.map(i64::cast_unsigned))
    .bind(sheet.sealed(keys, id)?)
    .execute(connection)
    .await?;
    Ok(())
}
