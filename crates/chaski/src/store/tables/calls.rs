//! The audit as it is written: one row per attempt, or per decision that made sending needless.

use std::sync::LazyLock;

use chaski_client::{CacheDecision, Call, Key, Owner};
use compact_str::CompactString;
use uuid::Uuid;

use crate::store::error::StoreError;
use crate::store::seal::{Keys, SealedPlace, StoredSubject};
use crate::store::shapes::Shapes;
use crate::store::sql::{Conn, Query, query};

/// A call on its way to the database.
pub(in crate::store) struct CallRecord {
    call: Call,
    subject: Option<StoredSubject>,
    /// Request and answer. A native batch call asks for many numbers, so bodies are sealed
    /// whatever the key says.
    bodies: Option<(Vec<u8>, Vec<u8>)>,
}

impl CallRecord {
    pub(in crate::store) fn new(keys: &Keys, mut call: Call) -> Result<CallRecord, StoreError> {
        let subject = (!call.key.subject.is_empty()).then(|| keys.stored_subject(&call.key));
        let bodies = match call.bodies.take() {
            Some(bodies) => Some((
                keys.seal(&SealedPlace::Request(call.id), &bodies.request)?,
                keys.seal(&SealedPlace::Response(call.id), &bodies.answer)?,
            )),
            None => None,
        };
        Ok(CallRecord {
            call,
            subject,
            bodies,
        })
    }

    /// Lets this row stand for equal hits too.
    pub(in crate::store) fn add(&mut self, equal: u32) {
        self.call.items = self.call.items.saturating_add(equal);
    }

    /// What equal hits have in common; none for what was sent.
    pub(in crate::store) fn hit(&self) -> Option<Hit> {
        Hit::of(&self.call)
    }

    /// Kilobytes that it occupies in the queue.
    pub(in crate::store) fn weight(&self) -> usize {
        let bodies = self.bodies.as_ref();
        1 + bodies.map_or(0, |(request, answer)| request.len() + answer.len()) / 1024
    }
}

/// A question that memory answered, in the second in which it did.
#[derive(PartialEq, Eq, Hash)]
pub(in crate::store) struct Hit {
    second: i64,
    key: Key,
    asked_by: CompactString,
    purpose: Option<CompactString>,
    cache: CacheDecision,
    outcome: &'static str,
    batch: Option<Uuid>,
}

impl Hit {
    /// None for what was sent.
    pub(in crate::store) fn of(call: &Call) -> Option<Hit> {
        use CacheDecision::{Hit as Known, Refused, Shared};
        let hit = matches!(call.cache, Known | Refused | Shared) && call.attempt == 0;
        hit.then(|| Hit {
            second: call.at.as_second(),
            key: call.key.clone(),
            asked_by: call.asked_by.clone(),
            purpose: call.purpose.clone(),
            cache: call.cache,
            outcome: call.outcome,
            batch: call.batch,
        })
    }
}

const WIDTH: usize = 17;

// A group whose commit was reported as failed is written again: a row that did get in stays.
static INSERT: LazyLock<Shapes> = LazyLock::new(|| {
    Shapes::of_rows(
        "INSERT INTO calls (id, lookup, at, asked_by, provider, operation, subject, masked, \
         items, attempt, outcome, http_status, duration_us, cache, batch, purpose, company) VALUES",
        WIDTH,
        "ON CONFLICT (id) DO NOTHING",
    )
});

pub(in crate::store) async fn insert<'r>(
    connection: &mut Conn,
    records: &'r [CallRecord],
) -> Result<(), StoreError> {
    let bind = |query: Query<'r>, record: &'r CallRecord| {
        let (call, subject) = (&record.call, record.subject.as_ref());
        query
            .bind(call.id)
            .bind(call.lookup)
            .bind(call.at)
            .bind(call.asked_by.as_str())
            .bind(call.provider)
            .bind(call.key.operation)
            .bind(subject.map(|subject| subject.bytes.as_slice()))
            .bind(subject.and_then(|subject| subject.masked.as_deref()))
            .bind(call.items)
            .bind(call.attempt)
            .bind(call.outcome)
            .bind(call.http_status)
            .bind(call.duration_us)
            .bind(call.cache.as_str())
            .bind(call.batch)
            .bind(call.purpose.as_deref())
            .bind(call.owner.as_ref().map(Owner::mark))
    };
    INSERT.run(connection, records, bind).await?;
    for record in records {
        if let Some((request, answer)) = &record.bodies {
            query(
                "INSERT INTO call_bodies (call, request, answer) VALUES ($1, $2, $3) \
                 ON CONFLICT (call) DO NOTHING",
            )
            .bind(record.call.id)
            .bind(request.as_slice())
            .bind(answer.as_slice())
            .execute(&mut *connection)
            .await?;
        }
    }
    Ok(())
}

/// Lets rows stand for more hits.
pub(in crate::store) async fn add(
    connection: &mut Conn,
    more: &[(Uuid, u32)],
) -> Result<(), StoreError> {
    for (row, items) in more {
        query(
            "UPDATE calls SET items = CASE WHEN items + $2 < 4294967295 \
             THEN items + $2 ELSE 4294967295 END WHERE id = $1",
        )
        .bind(*row)
        .bind(*items)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}
