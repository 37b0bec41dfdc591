//! Sealing a copy of a database again, with another key. Numbers of persons are found by hashes
//! with the key too: what they are comes from where they rest sealed, or from what may be shown of
//! them, of which only a few digits are missing.

mod documents;

use std::collections::{BTreeMap, HashMap};

use chaski_core::Ruc;

use crate::store::error::StoreError;
use crate::store::seal::{Keys, SealedPlace};
use crate::store::sql::{Conn, Query, StoredRow, query};
use crate::store::tables::{meta, partner_rows};

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
    inputs(connection, &numbers).await?;
    partners(connection, &mut numbers).await?;
    let issuers = issuers(connection, &mut numbers).await?;
    companies(connection, &mut numbers).await?;
    documents::rekey(connection, &numbers, issuers).await?;
    answers(connection, &mut numbers).await?;
    calls(connection, &mut numbers).await?;
    bodies(connection, &numbers).await?;
    // Hashes of requests: whoever repeats one within its day is answered anew.
    query("DELETE FROM idempotency")
        .execute(&mut *connection)
        .await?;
    meta::put(connection, meta::KEY_CHECK, new.check()).await
}

/// Runs for each row that a statement finds, a page at a time, what `again` makes of it. The first column
/// is the place of a row, and `$1` the place of the last row of the page before.
async fn each_row(
    connection: &mut Conn,
    page: &'static str,
    mut again: impl FnMut(&StoredRow) -> Result<Query<'static>, StoreError>,
) -> Result<(), StoreError> {
    let mut after = 0_i64;
    loop {
        let rows: Vec<StoredRow> = query(page).bind(after).fetch_all(connection).await?;
        let Some(last) = rows.last() else {
            return Ok(());
        };
        after = last.try_get(0)?;
        for row in &rows {
            again(row)?.execute(connection).await?;
        }
    }
}

impl Numbers<'_> {
    /// What was sealed with the old key, sealed with the new one.
    fn sealed_again(&self, place: &SealedPlace<'_>, sealed: &[u8]) -> Result<Vec<u8>, StoreError> {
        let plain = self.old.open(place, sealed).ok_or(StoreError::Corrupt)?;
        self.new.seal(place, &plain)
    }

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
    // Their place is that of their batch, and their position in it as the lower 32 bits.
    let page = "SELECT (i.batch << 32) + i.position, b.id, i.position, i.sealed FROM batch_items i \
         JOIN batches b ON b.seq = i.batch WHERE (i.batch, i.position) > ($1 >> 32, $1 & 4294967295) \
         AND i.sealed IS NOT NULL ORDER BY i.batch, i.position LIMIT 1000";
    each_row(connection, page, |row| {
        let (batch, position) = (row.try_get(1)?, row.try_get(2)?);
        let place = SealedPlace::Item { batch, position };
        let plain = numbers.old.open(&place, row.try_get(3)?);
        let plain = plain.ok_or(StoreError::Corrupt)?;
        let subject = numbers.learn(&String::from_utf8_lossy(&plain));
        Ok(query(
            "UPDATE batch_items SET subject = $2, sealed = $3 \
                 WHERE batch = $1 >> 32 AND position = $1 & 4294967295",
        )
        .bind(row.try_get::<i64>(0)?)
        .bind(subject)
        .bind(numbers.new.seal(&place, &plain)?))
    })
    .await
}

async fn inputs(connection: &mut Conn, numbers: &Numbers<'_>) -> Result<(), StoreError> {
    let page = "SELECT i.batch, b.id, i.sealed FROM batch_inputs i JOIN batches b ON b.seq = i.batch \
         WHERE i.batch > $1 ORDER BY i.batch LIMIT 1";
    each_row(connection, page, |row| {
        let place = SealedPlace::Input(row.try_get(1)?);
        Ok(
            query("UPDATE batch_inputs SET sealed = $2 WHERE batch = $1")
                .bind(row.try_get::<i64>(0)?)
                .bind(numbers.sealed_again(&place, row.try_get(2)?)?),
        )
    })
    .await
}

async fn partners(connection: &mut Conn, numbers: &mut Numbers<'_>) -> Result<(), StoreError> {
    let page = "SELECT seq, id, document_type, num_document, personal, profile, sunat FROM partners \
         WHERE seq > $1 ORDER BY seq LIMIT 1000";
    each_row(connection, page, |row| {
        let id = row.try_get(1)?;
        let sealed: &[u8] = row.try_get(5)?;
        let document = partner_rows::document(numbers.old, id, row.try_get(2)?, sealed)?;
        let number: Vec<u8> = if row.try_get(4)? {
            numbers.learn(document.number())
        } else {
            row.try_get(3)?
        };
        let sunat = row.try_get::<Option<&[u8]>>(6)?;
        let sunat =
            sunat.map(|sealed| numbers.sealed_again(&SealedPlace::PartnerSunat(id), sealed));
        Ok(
            query("UPDATE partners SET num_document = $2, profile = $3, sunat = $4 WHERE seq = $1")
                .bind(row.try_get::<i64>(0)?)
                .bind(number)
                .bind(numbers.sealed_again(&SealedPlace::PartnerProfile(id), sealed)?)
                .bind(sunat.transpose()?),
        )
    })
    .await
}

/// The marks of companies that are persons. One whose number nobody knows keeps its old mark, by
/// which its key and its partners still belong together.
async fn companies(connection: &mut Conn, numbers: &mut Numbers<'_>) -> Result<(), StoreError> {
    let marks: Vec<(Vec<u8>, Option<String>)> = query(
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

/// Who issues. The mark of a person is made of the RUC, which is sealed with the rest. Marks with the old
/// key, and with the new one.
async fn issuers(
    connection: &mut Conn,
    numbers: &mut Numbers<'_>,
) -> Result<BTreeMap<Vec<u8>, Vec<u8>>, StoreError> {
    let rows: Vec<(Vec<u8>, Vec<u8>)> = query("SELECT company, sealed FROM issuers")
        .fetch_all(&mut *connection)
        .await?;
    let mut marks = BTreeMap::new();
    for (before, sealed) in rows {
        let plain = numbers.old.open(&SealedPlace::Issuer(&before), &sealed);
        let plain = plain.ok_or(StoreError::Corrupt)?;
        let profile: serde_json::Value =
            serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt)?;
        let ruc = profile["ruc"].as_str().ok_or(StoreError::Corrupt)?;
        let is_person = ruc.parse().is_ok_and(|ruc: Ruc| ruc.is_personal());
        let company = if is_person {
            numbers.learn(ruc)
        } else {
            before.clone()
        };
        query("UPDATE issuers SET company = $2, sealed = $3 WHERE company = $1")
            .bind(before.as_slice())
            .bind(company.as_slice())
            .bind(numbers.new.seal(&SealedPlace::Issuer(&company), &plain)?)
            .execute(&mut *connection)
            .await?;
        marks.insert(before, company);
    }
    Ok(marks)
}

async fn answers(connection: &mut Conn, numbers: &mut Numbers<'_>) -> Result<(), StoreError> {
    let page = "SELECT seq, provider, operation, subject, masked, body FROM answers \
         WHERE personal = 1 AND seq > $1 ORDER BY seq LIMIT 1000";
    each_row(connection, page, |row| {
        let seq: i64 = row.try_get(0)?;
        let (provider, operation): (&str, &str) = (row.try_get(1)?, row.try_get(2)?);
        let old: &[u8] = row.try_get(3)?;
        let place = |subject| SealedPlace::Answer {
            provider,
            operation,
            subject,
        };
        let plain = numbers.old.open(&place(old), row.try_get(5)?);
        let again = numbers.hashed_again(old, row.try_get(4)?);
        let (Some(plain), Some(again)) = (plain, again) else {
            return Ok(query("DELETE FROM answers WHERE seq = $1").bind(seq));
        };
        let body = numbers.new.seal(&place(&again), &plain)?;
        Ok(
            query("UPDATE answers SET subject = $2, body = $3 WHERE seq = $1")
                .bind(seq)
                .bind(again)
                .bind(body),
        )
    })
    .await
}

async fn calls(connection: &mut Conn, numbers: &mut Numbers<'_>) -> Result<(), StoreError> {
    let page = "SELECT seq, subject, masked FROM calls \
         WHERE seq > $1 AND subject IS NOT NULL AND masked IS NOT NULL ORDER BY seq LIMIT 1000";
    each_row(connection, page, |row| {
        Ok(query("UPDATE calls SET subject = $2 WHERE seq = $1")
            .bind(row.try_get::<i64>(0)?)
            .bind(numbers.hashed_again(row.try_get(1)?, row.try_get(2)?)))
    })
    .await
}

async fn bodies(connection: &mut Conn, numbers: &Numbers<'_>) -> Result<(), StoreError> {
    let page =
        "SELECT seq, call, request, answer FROM call_bodies WHERE seq > $1 ORDER BY seq LIMIT 50";
    each_row(connection, page, |row| {
        let call = row.try_get(1)?;
        Ok(
            query("UPDATE call_bodies SET request = $2, answer = $3 WHERE seq = $1")
                .bind(row.try_get::<i64>(0)?)
                .bind(numbers.sealed_again(&SealedPlace::Request(call), row.try_get(2)?)?)
                .bind(numbers.sealed_again(&SealedPlace::Response(call), row.try_get(3)?)?),
        )
    })
    .await
}
