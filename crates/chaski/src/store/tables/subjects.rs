//! A person's rights over their number: what is known of it, and erasing that.

use chaski_client::{Key, Memory, Remembered};
use uuid::Uuid;

use crate::partners::Partner;
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::names;
use crate::store::seal::SealedPlace;
use crate::store::sql::{Bind, StoredRow, any_of, deed, query, record};
use crate::store::tables::audit::{CallFilter, CallRow};
use crate::store::tables::{answers, audit, items, meta, partners};

/// What was erased of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Erased {
    /// Answers and refusals.
    pub answers: u64,
    /// Calls that no longer say whom they were about.
    pub calls: u64,
    /// Kept bodies of calls.
    pub bodies: u64,
    /// Numbers in batches.
    pub items: u64,
    /// Lists handed over that no longer name it.
    pub inputs: u64,
    /// Partners, with their history.
    pub partners: u64,
    /// Documents that name it as their customer: kept, because the tax law says so.
    pub documents_kept: u64,
    /// Whether the log was emptied too; if not, a reader was in the way: erase again.
    pub log_emptied: bool,
}

impl Erased {
    /// What was erased in two places.
    #[must_use]
    pub fn and(self, other: Erased) -> Erased {
        Erased {
            answers: self.answers + other.answers,
            calls: self.calls + other.calls,
            bodies: self.bodies + other.bodies,
            items: self.items + other.items,
            inputs: self.inputs + other.inputs,
            partners: self.partners + other.partners,
            documents_kept: self.documents_kept + other.documents_kept,
            log_emptied: self.log_emptied && other.log_emptied,
        }
    }
}

/// All that is known of a number.
#[derive(Debug, Clone)]
pub struct SubjectRecord {
    /// Answers and refusals, whatever was asked.
    pub answers: Vec<(Key, Memory)>,
    /// Calls about it, newest first.
    pub calls: Vec<CallRow>,
    /// Batches it was part of.
    pub items: Vec<SubjectItem>,
    /// Answers about others that name it.
    pub mentions: Vec<Mention>,
    /// Partners with that number.
    pub partners: Vec<Partner>,
}

/// An answer about somebody else that names a number, such as the representatives of a company.
#[derive(Debug, Clone)]
pub struct Mention {
    /// What had been asked. About whom is not known: only its hash is kept.
    pub operation: &'static str,
    /// The answer.
    pub memory: Memory,
    seq: i64,
}

/// A place where a number stands in a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SubjectItem {
    /// The batch.
    pub batch: Uuid,
    /// The position in it.
    pub position: u32,
}

record!(SubjectItem {
    batch: "id",
    position,
});

/// Bodies looked through at a time.
const BODIES: i64 = 200;

impl Store {
    /// Everything known of one number, whatever was asked about it.
    pub async fn export_subject(&self, subject: &str) -> Result<SubjectRecord, StoreError> {
        self.writer.flush().await?;
        let mut calls = Vec::new();
        let mut filter = CallFilter {
            subject: Some(subject.to_owned()),
            limit: u32::MAX,
            ..CallFilter::default()
        };
        loop {
            let page = self.calls(&filter).await?;
            calls.extend(page.rows);
            filter.cursor = page.next;
            if filter.cursor.is_none() {
                break;
            }
        }
        Ok(SubjectRecord {
            answers: self.answers_about(subject).await?,
            calls,
            items: self.items_about(subject).await?,
            mentions: self.mentions_of(subject).await?,
            partners: self.partners_about(subject).await?,
        })
    }

    /// Erases one number: answers, refusals, kept bodies and partners are deleted, and calls and
    /// batches no longer say whom they were about. Doing it twice is harmless.
    pub async fn erase_subject(&self, subject: &str) -> Result<Erased, StoreError> {
        let items = self.items_about(subject).await?;
        let (clear, hashed) = (subject.as_bytes().to_vec(), self.keys.hashed(subject));
        let erased = self.write(deed!(|connection| {
            let answers = query("DELETE FROM answers WHERE subject IN ($1, $2)")
                .bind(clear.as_slice())
                .bind(hashed.as_slice())
                .execute(&mut *connection)
                .await?;
            if answers > 0 {
                meta::note_forgetting(connection).await?;
            }
            let blocks = audit::subject_blocks(connection).await?;
            let [mut bodies, mut calls] = [0; 2];
            for (erased, statement) in [(&mut bodies, DELETE_BODIES), (&mut calls, UNLINK_CALLS)] {
                *erased = query(statement)
                    .bind(blocks.as_str())
                    .bind(clear.as_slice())
                    .bind(hashed.as_slice())
                    .execute(&mut *connection)
                    .await?;
            }
            let mut erased_items = 0;
            for item in items {
                erased_items += items::erase(connection, item.batch, item.position).await?;
            }
            let partners = partners::erase(connection, &clear, &hashed).await?;
            Ok(Erased {
                answers,
                calls,
                bodies,
                items: erased_items,
                partners,
                ..Erased::default()
            })
        }));
        let mut erased = erased.await?;
        let mentions = self.mentions_of(subject).await?;
        let mentions = mentions.into_iter().map(|mention| mention.seq).collect();
        erased.answers += self
            .delete_each("DELETE FROM answers WHERE seq = $1", mentions)
            .await?;
        erased.bodies += self.erase_from_shared_bodies(subject).await?;
        erased.inputs = self.erase_from_inputs(subject).await?;
        erased.log_emptied = self.empty_log().await?;
        Ok(erased)
    }

    async fn answers_about(&self, subject: &str) -> Result<Vec<(Key, Memory)>, StoreError> {
        let mut reader = self.read().await?;
        let rows: Vec<StoredRow> = query(
            "SELECT subject, personal, reason, body, stored_at, expires_at, provider, operation \
             FROM answers WHERE subject IN ($1, $2) ORDER BY provider, operation",
        )
        .bind(subject.as_bytes())
        .bind(self.keys.hashed(subject))
        .fetch_all(&mut reader)
        .await?;
        let mut known = Vec::new();
        for row in rows {
            let key = Key {
                operation: names::name(row.try_get(7)?)?,
                subject: subject.into(),
                personal: row.try_get(1)?,
            };
            let memory = answers::memory(&self.keys, key.operation, &row)?;
            known.extend(memory.map(|memory| (key, memory)));
        }
        Ok(known)
    }

    /// Answers are sealed: those that are personal data have to be opened to know whom they name.
    async fn mentions_of(&self, subject: &str) -> Result<Vec<Mention>, StoreError> {
        let (mut after, mut found) = (0_i64, Vec::new());
        loop {
            let mut reader = self.read().await?;
            let rows: Vec<StoredRow> = query(
                "SELECT subject, personal, reason, body, stored_at, expires_at, provider, \
                 operation, seq FROM answers WHERE seq > $1 AND personal = 1 \
                 AND subject NOT IN ($2, $3) ORDER BY seq LIMIT $4",
            )
            .bind(after)
            .bind(subject.as_bytes())
            .bind(self.keys.hashed(subject))
            .bind(BODIES)
            .fetch_all(&mut reader)
            .await?;
            let Some(last) = rows.last() else {
                return Ok(found);
            };
            after = last.try_get(8)?;
            for row in &rows {
                let operation = names::name(row.try_get(7)?)?;
                let memory = answers::memory(&self.keys, operation, row)?;
                let names_it = |memory: &Memory| match &memory.what {
                    Remembered::Answer(body) => names_number(body, subject),
                    Remembered::Refusal { message, .. } => {
                        names_number(message.as_bytes(), subject)
                    }
                };
                if let Some(memory) = memory.filter(names_it) {
                    found.push(Mention {
                        operation,
                        memory,
                        seq: row.try_get(8)?,
                    });
                }
            }
        }
    }

    /// Scans all items, which are small: an index would cost every batch for a rare question.
    async fn items_about(&self, subject: &str) -> Result<Vec<SubjectItem>, StoreError> {
        let mut reader = self.read().await?;
        let mut items: Vec<SubjectItem> = query(
            "SELECT b.id, i.position FROM batch_items i JOIN batches b ON b.seq = i.batch \
             WHERE i.subject IN ($1, $2) ORDER BY b.seq, i.position",
        )
        .bind(subject.as_bytes())
        .bind(self.keys.hashed(subject))
        .fetch_all(&mut reader)
        .await?;
        // A voucher is known by the RUC of who issued it and more: those of people are sealed, and have to
        // be opened to know whom they name.
        let vouchers: Vec<(Uuid, u32, Vec<u8>)> = query(
            "SELECT b.id, i.position, i.sealed FROM batch_items i JOIN batches b ON b.seq = i.batch \
             WHERE b.key_operation = 'cpe' AND i.sealed IS NOT NULL ORDER BY b.seq, i.position",
        )
        .fetch_all(&mut reader)
        .await?;
        items.extend(
            vouchers
                .into_iter()
                .filter_map(|(batch, position, sealed)| {
                    let place = SealedPlace::Item { batch, position };
                    let voucher = self.keys.open(&place, &sealed)?;
                    let rest = voucher.strip_prefix(subject.as_bytes())?;
                    rest.starts_with(b"-")
                        .then_some(SubjectItem { batch, position })
                }),
        );
        Ok(items)
    }

    /// A native batch call asks for many numbers and names none in its row: its bodies have to
    /// be opened to know. Only there if the owner chose to keep bodies.
    async fn erase_from_shared_bodies(&self, subject: &str) -> Result<u64, StoreError> {
        let (mut after, mut erased) = (0_i64, 0);
        loop {
            let mut reader = self.read().await?;
            let rows: Vec<(i64, Uuid, Vec<u8>, Vec<u8>)> = query(
                "SELECT b.seq, b.call, b.request, b.answer FROM call_bodies b \
                 JOIN calls c ON c.id = b.call \
                 WHERE b.seq > $1 AND c.subject IS NULL ORDER BY b.seq LIMIT $2",
            )
            .bind(after)
            .bind(BODIES)
            .fetch_all(&mut reader)
            .await?;
            drop(reader);
            let Some((last, ..)) = rows.last() else {
                return Ok(erased);
            };
            after = *last;
            let names_it = |place: SealedPlace<'_>, sealed: &[u8]| {
                // What does not open cannot be shown to be without it.
                self.keys.open(&place, sealed).is_none_or(|body| {
                    body.windows(subject.len().max(1))
                        .any(|part| part == subject.as_bytes())
                })
            };
            let found = rows.into_iter().filter(|(_, call, request, answer)| {
                names_it(SealedPlace::Request(*call), request)
                    || names_it(SealedPlace::Response(*call), answer)
            });
            let found: Vec<Uuid> = found.map(|(_, call, ..)| call).collect();
            if !found.is_empty() {
                let statement = "DELETE FROM call_bodies WHERE call = $1";
                erased += self.delete_each(statement, found).await?;
            }
        }
    }

    /// Runs a statement for each of some things in one transaction; says how many rows it deleted.
    async fn delete_each<T>(
        &self,
        statement: &'static str,
        things: Vec<T>,
    ) -> Result<u64, StoreError>
    where
        T: Bind<'static> + Send + 'static,
    {
        self.write(deed!(|connection| {
            let mut deleted = 0;
            for thing in things {
                deleted += query(statement)
                    .bind(thing)
                    .execute(&mut *connection)
                    .await?;
            }
            Ok(deleted)
        }))
        .await
    }
}

// Bodies first: they are found by the calls, which afterwards no longer say whom they were about.
const DELETE_BODIES: &str = concat!(
    "DELETE FROM call_bodies WHERE call IN \
     (SELECT id FROM calls INDEXED BY calls_subject \
     WHERE seq / 8192 IN ",
    any_of!("$1"),
    " AND subject IN ($2, $3))"
);
const UNLINK_CALLS: &str = concat!(
    "UPDATE calls SET subject = NULL, masked = NULL, purpose = NULL WHERE seq IN \
     (SELECT seq FROM calls INDEXED BY calls_subject \
     WHERE seq / 8192 IN ",
    any_of!("$1"),
    " AND subject IN ($2, $3))"
);

/// Whether the number is there as such, and not as a part of a longer one.
fn names_number(body: &[u8], number: &str) -> bool {
    let digit = |at: usize| body.get(at).is_some_and(u8::is_ascii_digit);
    let mut places = body.windows(number.len().max(1)).enumerate();
    places.any(|(at, part)| {
        part == number.as_bytes()
            && !digit(at + number.len())
            && !at.checked_sub(1).is_some_and(digit)
    })
}
