//! The table of questions that are being asked right now.

use crate::store::error::StoreError;
use crate::store::presence::Presence;
use crate::store::sql::{Conn, any_bytes_of, list_of_bytes, query};

/// A question as it is written down.
pub(in crate::store) struct Asked {
    pub(in crate::store) subject: Vec<u8>,
    pub(in crate::store) operation: &'static str,
}

/// Subject, operation and holder of what is being asked about the same subjects.
pub(in crate::store) async fn of_subjects(
    connection: &mut Conn,
    rows: &[Asked],
) -> Result<Vec<(Vec<u8>, String, i64)>, StoreError> {
    query(concat!(
        "SELECT subject, operation, holder FROM asking WHERE subject IN ",
        any_bytes_of!("$1")
    ))
    .bind(list_of_bytes(rows.iter().map(|row| row.subject.as_slice())))
    .fetch_all(connection)
    .await
}

/// Writes questions down; false for each that another process which lives is asking.
pub(in crate::store) async fn take_all(
    connection: &mut Conn,
    rows: &[Asked],
    presence: &Presence,
) -> Result<Vec<bool>, StoreError> {
    let mut taken = Vec::with_capacity(rows.len());
    for row in rows {
        taken.push(take(connection, row, presence).await?);
    }
    Ok(taken)
}

async fn take(connection: &mut Conn, row: &Asked, presence: &Presence) -> Result<bool, StoreError> {
    let holder: i64 = query(
        "INSERT INTO asking (subject, operation, holder) VALUES ($1, $2, $3) \
         ON CONFLICT (subject, operation) DO UPDATE SET holder = asking.holder \
         RETURNING holder",
    )
    .bind(row.subject.as_slice())
    .bind(row.operation)
    .bind(presence.id())
    .fetch_one(&mut *connection)
    .await?;
    if holder == presence.id() {
        return Ok(true);
    }
    if presence.is_living(holder) {
        return Ok(false);
    }
    query("UPDATE asking SET holder = $3 WHERE subject = $1 AND operation = $2")
        .bind(row.subject.as_slice())
        .bind(row.operation)
        .bind(presence.id())
        .execute(connection)
        .await?;
    Ok(true)
}

pub(in crate::store) async fn delete(
    connection: &mut Conn,
    rows: &[Asked],
    me: i64,
) -> Result<(), StoreError> {
    for row in rows {
        query("DELETE FROM asking WHERE subject = $1 AND operation = $2 AND holder = $3")
            .bind(row.subject.as_slice())
            .bind(row.operation)
            .bind(me)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

/// Deletes what the dead left, where nobody else lives.
pub(in crate::store) async fn clear(
    connection: &mut Conn,
    presence: &Presence,
) -> Result<(), StoreError> {
    if presence.has_company() {
        return Ok(());
    }
    let left: bool = query("SELECT EXISTS (SELECT 1 FROM asking)")
        .fetch_one(&mut *connection)
        .await?;
    if left {
        query("DELETE FROM asking").execute(connection).await?;
    }
    Ok(())
}
