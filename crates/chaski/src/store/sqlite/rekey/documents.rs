//! Documents sealed again. The marks by which they are found are made again from what is sealed beside
//! them. Two cannot be: `request`, without which the same wish is known by what was sent for it, and
//! `twin`, which counts for ten minutes only. The chain of events is hashed again if it holds.

use std::collections::BTreeMap;

use super::{Numbers, each_row};
use crate::store::documents::chain::{self, COLUMNS};
use crate::store::documents::marks;
use crate::store::documents::sheet::DocumentSheet;
use crate::store::error::StoreError;
use crate::store::seal::{Keys, SealedPlace};
use crate::store::sql::{Conn, StoredRow, query};

/// Marks of issuers with the old key, and with the new one.
type Issuers = BTreeMap<Vec<u8>, Vec<u8>>;

pub(super) async fn rekey(
    connection: &mut Conn,
    numbers: &Numbers<'_>,
    mut issuers: Issuers,
) -> Result<(), StoreError> {
    documents(connection, numbers, &mut issuers).await?;
    attempts(connection, numbers).await?;
    series(connection, numbers, &mut issuers).await?;
    for (before, again) in issuers.iter().filter(|(before, again)| before != again) {
        for statement in [
            "UPDATE document_attempts SET company = $2 WHERE company = $1",
            "UPDATE document_numbers SET company = $2 WHERE company = $1",
            "UPDATE issuer_holds SET company = $2 WHERE company = $1",
        ] {
            query(statement)
                .bind(before.as_slice())
                .bind(again.as_slice())
                .execute(&mut *connection)
                .await?;
        }
    }
    events(connection, numbers.old, numbers.new).await
}

async fn documents(
    connection: &mut Conn,
    numbers: &Numbers<'_>,
    issuers: &mut Issuers,
) -> Result<(), StoreError> {
    let page = "SELECT seq, id, company, sheet, draft, reply FROM documents \
         WHERE seq > $1 ORDER BY seq LIMIT 200";
    let new = numbers.new;
    each_row(connection, page, |row| {
        let id = row.try_get(1)?;
        let sheet = DocumentSheet::open(numbers.old, id, row.try_get(3)?)?;
        let company = marks::issuer(new, &sheet.emisor);
        issuers.insert(row.try_get(2)?, company.clone());
        let customer = sheet.cliente.as_ref();
        let customer = customer.map(|it| marks::customer(new, &sheet.emisor, &it.numero));
        let referencia = sheet.referencia.as_deref();
        let modified = sheet.modifica.as_deref();
        let reply = row.try_get::<Option<&[u8]>>(5)?;
        let reply =
            reply.map(|sealed| numbers.sealed_again(&SealedPlace::DocumentReply(id), sealed));
        Ok(query(
            "UPDATE documents SET company = $2, key = $3, request = NULL, referencia = $4, \
             customer = $5, twin = NULL, modifies = $6, sheet = $7, draft = $8, reply = $9 \
             WHERE seq = $1",
        )
        .bind(row.try_get::<i64>(0)?)
        .bind(company)
        .bind(marks::key(new, &sheet.clave))
        .bind(referencia.map(|it| marks::referencia(new, it)))
        .bind(customer)
        .bind(modified.map(|it| marks::modifies(new, it)))
        .bind(sheet.sealed(new, id)?)
        .bind(numbers.sealed_again(&SealedPlace::DocumentDraft(id), row.try_get(4)?)?)
        .bind(reply.transpose()?))
    })
    .await
}

async fn attempts(connection: &mut Conn, numbers: &Numbers<'_>) -> Result<(), StoreError> {
    let page = "SELECT seq, id, body, told FROM document_attempts \
         WHERE seq > $1 ORDER BY seq LIMIT 200";
    each_row(connection, page, |row| {
        let id = row.try_get(1)?;
        let told = row.try_get::<Option<&[u8]>>(3)?;
        let told =
            told.map(|sealed| numbers.sealed_again(&SealedPlace::AttemptOutcome(id), sealed));
        Ok(
            query("UPDATE document_attempts SET body = $2, told = $3 WHERE seq = $1")
                .bind(row.try_get::<i64>(0)?)
                .bind(numbers.sealed_again(&SealedPlace::Attempt(id), row.try_get(2)?)?)
                .bind(told.transpose()?),
        )
    })
    .await
}

/// Whose a series is: its name is sealed under the mark of its issuer.
async fn series(
    connection: &mut Conn,
    numbers: &Numbers<'_>,
    issuers: &mut Issuers,
) -> Result<(), StoreError> {
    let rows: Vec<(Vec<u8>, String, String, Vec<u8>)> =
        query("SELECT company, kind, serie, sealed FROM document_series")
            .fetch_all(&mut *connection)
            .await?;
    for (before, kind, serie, sealed) in rows {
        let plain = numbers.old.open(&SealedPlace::Series(&before), &sealed);
        let plain = plain.ok_or(StoreError::Corrupt)?;
        let company = marks::issuer(numbers.new, &String::from_utf8_lossy(&plain));
        let again = numbers.new.seal(&SealedPlace::Series(&company), &plain)?;
        query(
            "UPDATE document_series SET company = $4, sealed = $5 \
             WHERE company = $1 AND kind = $2 AND serie = $3",
        )
        .bind(before.as_slice())
        .bind(kind)
        .bind(serie)
        .bind(company.as_slice())
        .bind(again)
        .execute(&mut *connection)
        .await?;
        issuers.insert(before, company);
    }
    Ok(())
}

/// A chain that does not hold is not made to hold: what was changed in it would not show any more.
async fn events(connection: &mut Conn, old: &Keys, new: &Keys) -> Result<(), StoreError> {
    let mut before = chain::beginning(connection, old).await?;
    if !before.is_empty() {
        chain::begin_after(connection, new, &before).await?;
    }
    let (mut again, mut seq) = (before.clone(), 0);
    loop {
        let rows: Vec<StoredRow> = query(format!(
            "SELECT {COLUMNS} FROM document_events WHERE seq > $1 ORDER BY seq LIMIT 1000"
        ))
        .bind(seq)
        .fetch_all(&mut *connection)
        .await?;
        if rows.is_empty() {
            return Ok(());
        }
        for row in &rows {
            let (event, hash) = chain::event_of(row)?;
            if hash != chain::hash_of(old, &before, &event) {
                return Err(StoreError::Corrupt);
            }
            (before, again) = (hash, chain::hash_of(new, &again, &event).to_vec());
            seq = event.seq;
            query("UPDATE document_events SET hash = $2 WHERE seq = $1")
                .bind(seq)
                .bind(again.as_slice())
                .execute(&mut *connection)
                .await?;
        }
    }
}
