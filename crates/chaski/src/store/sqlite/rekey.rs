//! Sealing a copy of a database again, with another key. Numbers of persons are found by hashes
//! with the key too: what they are comes from where they rest sealed, or from what may be shown of
//! them, of which only a few digits are missing.

use std::collections::HashMap;

use chaski_core::Ruc;

use crate::partners::DocumentType;
use crate::store::error::StoreError;
use crate::store::seal::{Keys, Place};
use crate::store::sql::{Conn, query, query_as, query_scalar, uuid_of};
use crate::store::tables::{meta, partner_rows};

/// Rows in memory at a time.
const ROWS: i64 = 1_000;

/// Numbers by the hash with the old key; none for those that cannot be found out.
struct Numbers<'k> {
    old: &'k Keys,
    new: &'k Keys,
    known: HashMap<Vec<u8>, Option<String>>,
}

/// Seals everything again. What cannot be opened is let go of: nobody could read it.
pub(in crate::store) async fn rekey(
    connection: &mut Conn,
    old: &Keys,
    new: &Keys,
) -> Result<(), StoreError> {
    let mut numbers = Numbers {
        old,
        new,
        known: HashMap::new(),
    };
    items(connection, &mut numbers).await?;
    inputs(connection, old, new).await?;
    partners(connection, &mut numbers).await?;
    companies(connection, &mut numbers).await?;
    issuers(connection, old, new).await?;
    answers(connection, &mut numbers).await?;
    calls(connection, &mut numbers).await?;
    bodies(connection, old, new).await?;
    // Hashes of requests: whoever repeats one within its day is answered anew.
    query("DELETE FROM idempotency")
        .execute(&mut *connection)
        .await?;
    meta::put(connection, meta::KEY_CHECK, new.check()).await
}

impl Numbers<'_> {
    fn learn(&mut self, number: &str) -> Vec<u8> {
        self.known
            .insert(self.old.hashed(number), Some(number.to_owned()));
        self.new.hashed(number)
    }

    /// The hash with the new key of what has that hash with the old one.
    fn hashed_again(&mut self, hash: &[u8], shown: Option<&str>) -> Option<Vec<u8>> {
        if !self.known.contains_key(hash) {
            let found = shown.and_then(|shown| self.guess(hash, shown));
            self.known.insert(hash.to_vec(), found);
        }
        let number = self.known.get(hash)?.as_deref()?;
        Some(self.new.hashed(number))
    }

    /// Tries the digits that are not shown: four of a DNI, and six of a RUC, one of which is its
    /// check digit.
    fn guess(&self, hash: &[u8], shown: &str) -> Option<String> {
        let hidden = shown.matches('*').count();
        let (from, to) = (shown.find('*')?, shown.rfind('*')?);
        if !matches!(shown.len(), 8 | 11) || hidden != to - from + 1 || hidden > 6 {
            return None;
        }
        let end = 10_u32.pow(u32::try_from(hidden).ok()?);
        (0..end).find_map(|missing| {
            let number = format!("{}{missing:0hidden$}{}", &shown[..from], &shown[to + 1..]);
            let possible = number.len() == 8 || number.parse::<Ruc>().is_ok();
            (possible && self.old.hashed(&number) == hash).then_some(number)
        })
    }
}

async fn items(connection: &mut Conn, numbers: &mut Numbers<'_>) -> Result<(), StoreError> {
    let batches: Vec<(i64, Vec<u8>)> = query_as("SELECT seq, id FROM batches")
        .fetch_all(&mut *connection)
        .await?;
    for (seq, id) in batches {
        let batch = uuid_of(&id)?;
        let rows: Vec<(u32, Vec<u8>)> = query_as(
            "SELECT position, sealed FROM batch_items WHERE batch = $1 AND sealed IS NOT NULL",
        )
        .bind(seq)
        .fetch_all(&mut *connection)
        .await?;
        for (position, sealed) in rows {
            let place = Place::Item { batch, position };
            let plain = numbers.old.open(&place, &sealed);
            let plain = plain.ok_or(StoreError::Corrupt)?;
            let number = String::from_utf8_lossy(&plain).into_owned();
            query(
                "UPDATE batch_items SET subject = $3, sealed = $4 WHERE batch = $1 AND position = $2",
            )
            .bind(seq)
            .bind(position)
            .bind(numbers.learn(&number))
            .bind(numbers.new.seal(&place, &plain)?)
            .execute(&mut *connection)
            .await?;
        }
    }
    Ok(())
}

async fn inputs(connection: &mut Conn, old: &Keys, new: &Keys) -> Result<(), StoreError> {
    let ids: Vec<(i64, Vec<u8>)> =
        query_as("SELECT b.seq, b.id FROM batches b JOIN batch_inputs i ON i.batch = b.seq")
            .fetch_all(&mut *connection)
            .await?;
    for (seq, id) in ids {
        let sealed: Vec<u8> = query_scalar("SELECT sealed FROM batch_inputs WHERE batch = $1")
            .bind(seq)
            .fetch_one(&mut *connection)
            .await?;
        let place = Place::Input(uuid_of(&id)?);
        let plain = old.open(&place, &sealed).ok_or(StoreError::Corrupt)?;
        query("UPDATE batch_inputs SET sealed = $2 WHERE batch = $1")
            .bind(seq)
            .bind(new.seal(&place, &plain)?)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn partners(connection: &mut Conn, numbers: &mut Numbers<'_>) -> Result<(), StoreError> {
    let mut after = 0_i64;
    loop {
        let rows = query(
            "SELECT seq, id, document_type, num_document, personal, profile, sunat FROM partners \
             WHERE seq > $1 ORDER BY seq LIMIT $2",
        )
        .bind(after)
        .bind(ROWS)
        .fetch_all(&mut *connection)
        .await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = last.try_get(0)?;
        for row in &rows {
            let id = uuid_of(row.try_get(1)?)?;
            let kind = DocumentType::from_name(row.try_get(2)?).ok_or(StoreError::Corrupt)?;
            let sealed: &[u8] = row.try_get(5)?;
            let document = partner_rows::document(numbers.old, id, kind, sealed)?;
            let number: Vec<u8> = if row.try_get(4)? {
                numbers.learn(document.number())
            } else {
                row.try_get(3)?
            };
            let again = |place: Place<'_>, sealed: &[u8]| {
                let plain = numbers.old.open(&place, sealed);
                numbers.new.seal(&place, &plain.ok_or(StoreError::Corrupt)?)
            };
            let profile = again(Place::PartnerProfile(id), sealed)?;
            let sunat = row.try_get::<Option<&[u8]>>(6)?;
            let sunat = sunat.map(|sealed| again(Place::PartnerSunat(id), sealed));
            query("UPDATE partners SET num_document = $2, profile = $3, sunat = $4 WHERE seq = $1")
                .bind(row.try_get::<i64>(0)?)
                .bind(number)
                .bind(profile)
                .bind(sunat.transpose()?)
                .execute(&mut *connection)
                .await?;
        }
    }
}

/// The marks of companies that are persons. One whose number nobody knows keeps its old mark, by
/// which its key and its partners still belong together.
async fn companies(connection: &mut Conn, numbers: &mut Numbers<'_>) -> Result<(), StoreError> {
    let marks: Vec<(Vec<u8>, Option<String>)> = query_as(
        "SELECT company, max(company_shown) FROM api_keys WHERE length(company) = 16 GROUP BY company \
         UNION SELECT DISTINCT company, NULL FROM partners WHERE length(company) = 16 \
         AND company NOT IN (SELECT company FROM api_keys)",
    )
    .fetch_all(&mut *connection)
    .await?;
    for (mark, shown) in marks {
        let Some(again) = numbers.hashed_again(&mark, shown.as_deref()) else {
            continue;
        };
        for statement in [
            "UPDATE api_keys SET company = $2 WHERE company = $1",
            "UPDATE partners SET company = $2 WHERE company = $1",
            "UPDATE calls SET company = $2 WHERE company = $1",
        ] {
            query(statement)
                .bind(mark.as_slice())
                .bind(again.as_slice())
                .execute(&mut *connection)
                .await?;
        }
    }
    Ok(())
}

/// Who issues. The mark of a person is made of the RUC, which is sealed with the rest.
async fn issuers(connection: &mut Conn, old: &Keys, new: &Keys) -> Result<(), StoreError> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> = query_as("SELECT company, sealed FROM issuers")
        .fetch_all(&mut *connection)
        .await?;
    for (before, sealed) in rows {
        let plain = old.open(&Place::Issuer(&before), &sealed);
        let plain = plain.ok_or(StoreError::Corrupt)?;
        let profile: serde_json::Value =
            serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt)?;
        let ruc = profile["ruc"].as_str().ok_or(StoreError::Corrupt)?;
        let is_person = ruc.parse().is_ok_and(|ruc: Ruc| ruc.is_personal());
        let company = if is_person {
            new.hashed(ruc)
        } else {
            before.clone()
        };
        query("UPDATE issuers SET company = $2, sealed = $3 WHERE company = $1")
            .bind(before.as_slice())
            .bind(company.as_slice())
            .bind(new.seal(&Place::Issuer(&company), &plain)?)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn answers(connection: &mut Conn, numbers: &mut Numbers<'_>) -> Result<(), StoreError> {
    let mut after = 0_i64;
    loop {
        let rows = query(
            "SELECT seq, provider, operation, subject, masked, body FROM answers \
             WHERE personal = 1 AND seq > $1 ORDER BY seq LIMIT $2",
        )
        .bind(after)
        .bind(ROWS)
        .fetch_all(&mut *connection)
        .await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = last.try_get(0)?;
        for row in &rows {
            let seq: i64 = row.try_get(0)?;
            let (provider, operation): (&str, &str) = (row.try_get(1)?, row.try_get(2)?);
            let old: &[u8] = row.try_get(3)?;
            let place = |subject| Place::Answer {
                provider,
                operation,
                subject,
            };
            let plain = numbers.old.open(&place(old), row.try_get(5)?);
            let again = numbers.hashed_again(old, row.try_get(4)?);
            let (Some(plain), Some(again)) = (plain, again) else {
                query("DELETE FROM answers WHERE seq = $1")
                    .bind(seq)
                    .execute(&mut *connection)
                    .await?;
                continue;
            };
            let body = numbers.new.seal(&place(&again), &plain)?;
            query("UPDATE answers SET subject = $2, body = $3 WHERE seq = $1")
                .bind(seq)
                .bind(again.as_slice())
                .bind(body)
                .execute(&mut *connection)
                .await?;
        }
    }
}

async fn calls(connection: &mut Conn, numbers: &mut Numbers<'_>) -> Result<(), StoreError> {
    let mut after = 0_i64;
    loop {
        let rows: Vec<(i64, Vec<u8>, String)> = query_as(
            "SELECT seq, subject, masked FROM calls \
             WHERE seq > $1 AND subject IS NOT NULL AND masked IS NOT NULL ORDER BY seq LIMIT $2",
        )
        .bind(after)
        .bind(ROWS)
        .fetch_all(&mut *connection)
        .await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = last.0;
        for (seq, subject, masked) in rows {
            query("UPDATE calls SET subject = $2 WHERE seq = $1")
                .bind(seq)
                .bind(numbers.hashed_again(&subject, Some(&masked)))
                .execute(&mut *connection)
                .await?;
        }
    }
}

/// Place, call, request, answer.
type BodiesRow = (i64, Vec<u8>, Vec<u8>, Vec<u8>);

async fn bodies(connection: &mut Conn, old: &Keys, new: &Keys) -> Result<(), StoreError> {
    let mut after = 0_i64;
    loop {
        let rows: Vec<BodiesRow> = query_as(
            "SELECT seq, call, request, answer FROM call_bodies WHERE seq > $1 ORDER BY seq LIMIT 50",
        )
        .bind(after)
        .fetch_all(&mut *connection)
        .await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = last.0;
        for (seq, call, request, answer) in rows {
            let call = uuid_of(&call)?;
            let again = |place: Place<'_>, sealed: &[u8]| {
                let plain = old.open(&place, sealed).ok_or(StoreError::Corrupt)?;
                new.seal(&place, &plain)
            };
            query("UPDATE call_bodies SET request = $2, answer = $3 WHERE seq = $1")
                .bind(seq)
                .bind(again(Place::Request(call), &request)?)
                .bind(again(Place::Response(call), &answer)?)
                .execute(&mut *connection)
                .await?;
        }
    }
}
