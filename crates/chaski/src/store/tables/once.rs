//! What was created under an idempotency key: a request that is sent again within a day creates
//! nothing twice.
//!
//! What is noted is noted in the transaction that creates: after a crash both are there or
//! neither. The answer follows in a transaction of its own; without it the request was never
//! answered, and it is rendered again.

use blake3::Hash;
use chaski_client::latest_true;
use jiff::Timestamp;
use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::{Keys, SealedPlace};
use crate::store::sql::{Conn, deed, query};
use crate::store::time::days_before;

/// Days that a creation is known by its idempotency key.
pub(in crate::store) const DAYS: u32 = 1;

/// A request that may come again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Once {
    /// Whose key, which route and which idempotency key.
    pub place: Hash,
    /// What is asked for.
    pub request: Hash,
    /// When it came.
    pub at: Timestamp,
}

/// What a request did when it came first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DoneBefore {
    /// What it created; all zeros where that is not one thing.
    pub created: Uuid,
    /// Whether it asked for the same.
    pub same_request: bool,
    /// Its answer, unless the process stopped before it was given.
    pub answer: Option<Vec<u8>>,
}

/// A [`Once`] as it is stored.
pub(in crate::store) struct OnceRow {
    place: Vec<u8>,
    request: Vec<u8>,
    at: Timestamp,
}

impl OnceRow {
    pub(in crate::store) fn of(keys: &Keys, once: &Once) -> OnceRow {
        OnceRow {
            place: keys.hashed(once.place.to_hex().as_str()),
            request: keys.hashed(once.request.to_hex().as_str()),
            at: once.at,
        }
    }

    fn expired(&self) -> i64 {
        days_before(self.at, DAYS)
    }

    /// What is later than this was noted while the clock was ahead, and would last until then.
    fn latest(&self) -> i64 {
        latest_true(self.at).as_microsecond()
    }
}

impl Store {
    /// What the same request, or another one under its idempotency key, did within the last day.
    pub async fn done_before(&self, once: &Once) -> Result<Option<DoneBefore>, StoreError> {
        let wanted = OnceRow::of(&self.keys, once);
        let mut reader = self.read().await?;
        let done: Option<(Uuid, Vec<u8>, Option<Vec<u8>>)> = query(
            "SELECT created, request, answer FROM idempotency WHERE place = $1 AND at > $2 \
             AND at <= $3",
        )
        .bind(wanted.place.as_slice())
        .bind(wanted.expired())
        .bind(wanted.latest())
        .fetch_optional(&mut reader)
        .await?;
        let open = |sealed: Vec<u8>| self.keys.open(&SealedPlace::Once(&wanted.place), &sealed);
        Ok(done.map(|(created, request, sealed)| DoneBefore {
            created,
            same_request: request == wanted.request,
            answer: sealed.and_then(open),
        }))
    }

    /// Keeps the answer of a request, and that it was answered where nothing says so yet. What
    /// another request was answered is not touched.
    pub async fn keep_answer(
        &self,
        once: &Once,
        created: Uuid,
        answer: &[u8],
    ) -> Result<(), StoreError> {
        let row = OnceRow::of(&self.keys, once);
        let sealed = self.keys.seal(&SealedPlace::Once(&row.place), answer)?;
        self.write(deed!(|connection| {
            delete_expired(connection, &row).await?;
            query(
                "INSERT INTO idempotency (place, request, created, at, answer) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (place) DO UPDATE \
                 SET answer = excluded.answer WHERE idempotency.request = excluded.request",
            )
            .bind(row.place)
            .bind(row.request)
            .bind(created)
            .bind(row.at)
            .bind(sealed)
            .execute(connection)
            .await?;
            Ok(())
        }))
        .await
    }
}

/// An error if the request, or another one under its idempotency key, created something already.
pub(in crate::store) async fn refuse_second(
    connection: &mut Conn,
    once: Option<&OnceRow>,
) -> Result<(), StoreError> {
    let Some(once) = once else { return Ok(()) };
    delete_expired(connection, once).await?;
    let known: Option<i64> = query("SELECT 1 FROM idempotency WHERE place = $1")
        .bind(once.place.as_slice())
        .fetch_optional(connection)
        .await?;
    match known {
        None => Ok(()),
        Some(_) => Err(StoreError::DoneBefore),
    }
}

/// Notes what a request creates, in the transaction that creates it.
pub(in crate::store) async fn note(
    connection: &mut Conn,
    once: Option<&OnceRow>,
    created: Uuid,
) -> Result<(), StoreError> {
    let Some(once) = once else { return Ok(()) };
    query("INSERT INTO idempotency (place, request, created, at) VALUES ($1, $2, $3, $4)")
        .bind(once.place.as_slice())
        .bind(once.request.as_slice())
        .bind(created)
        .bind(once.at)
        .execute(connection)
        .await?;
    Ok(())
}

/// What is past its day may not have been pruned yet.
async fn delete_expired(connection: &mut Conn, once: &OnceRow) -> Result<(), StoreError> {
    query("DELETE FROM idempotency WHERE place = $1 AND (at <= $2 OR at > $3)")
        .bind(once.place.as_slice())
        .bind(once.expired())
        .bind(once.latest())
        .execute(connection)
        .await?;
    Ok(())
}
