//! What is put on record of documents beside what the journal is told: documents taken over or found at
//! Nubefact, those that could not be sent at all, and voids for which nothing had to be sent.

use bytes::Bytes;
use chaski_client::{
    AttemptOutcome, AttemptRecord, DocumentState, JournalDeed, JournalEntry, NubefactReply,
    SeriesCount, SeriesName, StoredReply,
};
use compact_str::CompactString;
use jiff::Timestamp;
use uuid::Uuid;

use super::accept::{self, NewDocument};
use super::chain::DocumentEvent;
use super::events;
use super::load;
use super::of_before;
use super::save::{Told, mark_target, save_taken_over};
use super::series;
use super::sheet::{DocumentSheet, SeriesKey};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::Keys;
use crate::store::sql::{Conn, deed, query};
use crate::store::time::new_id;

/// What came of a void for which nothing was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoidRecord {
    /// The document is voided.
    Voided,
    /// It cannot be, with why as a stable code.
    Returned(&'static str),
}

impl Store {
    /// Takes over a document of another journal with the bytes of its attempts; one that is here already
    /// stays as it is.
    pub async fn take_over_document(
        &self,
        entry: JournalEntry,
        bodies: Vec<Bytes>,
    ) -> Result<(), StoreError> {
        let keys = std::sync::Arc::clone(&self.keys);
        self.write(deed!(|connection| {
            if load::by_id(connection, &keys, entry.id).await?.is_some() {
                return Ok(());
            }
            let series = SeriesKey::of(&keys, &entry.series);
            let draft = bodies.last().cloned().unwrap_or_default();
            let new = bare(&entry, draft.to_vec());
            accept::insert(connection, &keys, &series, &new).await?;
            let told = told_of("taken_over", entry.at);
            save_taken_over(connection, &keys, &series, &entry, &bodies, &told).await
        }))
        .await
    }

    /// Takes over how far a series of another journal has come.
    pub async fn take_over_series(&self, count: &SeriesCount) -> Result<(), StoreError> {
        let (keys, count) = (std::sync::Arc::clone(&self.keys), count.clone());
        self.write(deed!(|connection| {
            series::open(connection, &keys, &count.series, count.last).await?;
            let series = SeriesKey::of(&keys, &count.series);
            // Only what came to nothing is free: `before` is as far as nothing is.
            let lowest = count.free.first().copied().unwrap_or(count.last + 1);
            query(
                "UPDATE document_series SET before = $4 \
                 WHERE company = $1 AND kind = $2 AND serie = $3 AND before >= $4",
            )
            .bind(series.company.as_slice())
            .bind(series.kind)
            .bind(series.serie.as_str())
            .bind(lowest - 1)
            .execute(&mut *connection)
            .await?;
            for numero in count.free {
                query(
                    "INSERT INTO document_numbers (company, kind, serie, numero, free, theirs) \
                     VALUES ($1, $2, $3, $4, 1, 0) ON CONFLICT (company, kind, serie, numero) \
                     DO UPDATE SET free = 1",
                )
                .bind(series.company.as_slice())
                .bind(series.kind)
                .bind(series.serie.as_str())
                .bind(numero)
                .execute(&mut *connection)
                .await?;
            }
            Ok(())
        }))
        .await
    }

    /// Puts a document on record that was found at Nubefact and was not issued from here; false where its
    /// number is of one that is known.
    pub async fn adopt_document(
        &self,
        name: &SeriesName,
        numero: u32,
        reply: &NubefactReply,
        asked_by: String,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (keys, name) = (std::sync::Arc::clone(&self.keys), name.clone());
        let reply = StoredReply::of(reply);
        self.write(deed!(|connection| {
            let series = SeriesKey::of(&keys, &name);
            let tried = load::tried(connection, &keys, JournalDeed::Issue, &series, numero).await?;
            if tried
                .iter()
                .any(|it| it.entry.accepted().is_some() || it.entry.is_open())
            {
                return Ok(false);
            }
            let entry = adopted(&name, numero, reply, at);
            let known = load::by_key(connection, &keys, &series.company, &entry.key).await?;
            if known.is_some() {
                return Ok(false);
            }
            let new = NewDocument {
                asked_by,
                ..bare(&entry, b"{}".to_vec())
            };
            accept::insert(connection, &keys, &series, &new).await?;
            let told = told_of("found", at);
            let bodies = [Bytes::from_static(b"{}")];
            save_taken_over(connection, &keys, &series, &entry, &bodies, &told).await?;
            take_number(connection, &series, numero).await?;
            Ok(true)
        }))
        .await
    }

    /// A document that waits to be sent turns out to be issued: whoever went on after this copy of the data
    /// was taken sent it. False where it was tried from here, or another one is known to have that number.
    pub async fn find_issued(
        &self,
        id: Uuid,
        numero: u32,
        body: Bytes,
        reply: &NubefactReply,
        at: Timestamp,
    ) -> Result<bool, StoreError> {
        let (keys, reply) = (std::sync::Arc::clone(&self.keys), StoredReply::of(reply));
        self.write(deed!(|connection| {
            let Some(own) = load::by_id(connection, &keys, id).await? else {
                return Ok(false);
            };
            let waits = own.state == DocumentState::Queued.as_str() && !own.entry.abandoned;
            let series = SeriesKey::of(&keys, &own.entry.series);
            let tried = load::tried(connection, &keys, JournalDeed::Issue, &series, numero).await?;
            if !waits || !own.entry.attempts.is_empty() || !tried.is_empty() {
                return Ok(false);
            }
            let hash = blake3::hash(&body).to_hex().as_str().into();
            let entry = JournalEntry {
                numero,
                attempts: vec![found_attempt(numero, hash, &reply, at)],
                reply: Some(reply),
                ..own.entry
            };
            let told = told_of("found", at);
            save_taken_over(connection, &keys, &series, &entry, &[body], &told).await?;
            take_number(connection, &series, numero).await?;
            Ok(true)
        }))
        .await
    }

    /// A document that could not be sent at all goes back to its owner.
    pub async fn return_document(
        &self,
        id: Uuid,
        code: &'static str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let keys = std::sync::Arc::clone(&self.keys);
        self.write(deed!(|connection| {
            let returned = DocumentState::Returned;
            stand(connection, &keys, id, returned, Some(code), "returned", at).await
        }))
        .await
    }

    /// What came of a void for which nothing was sent.
    pub async fn record_void(
        &self,
        id: Uuid,
        record: VoidRecord,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let keys = std::sync::Arc::clone(&self.keys);
        self.write(deed!(|connection| {
            let (state, code) = match record {
                VoidRecord::Voided => (DocumentState::Voided, None),
                VoidRecord::Returned(code) => (DocumentState::Returned, Some(code)),
            };
            stand(connection, &keys, id, state, code, "void_settled", at).await?;
            mark_target(connection, &keys, id, state, at).await
        }))
        .await
    }

    /// Notes that somebody was told of a deadline that is near.
    pub async fn note_alarm(&self, id: Uuid, at: Timestamp) -> Result<(), StoreError> {
        let keys = std::sync::Arc::clone(&self.keys);
        self.write(deed!(|connection| {
            let Some(found) = load::by_id(connection, &keys, id).await? else {
                return Ok(());
            };
            query("UPDATE documents SET alarmed_at = $2 WHERE id = $1")
                .bind(id)
                .bind(at)
                .execute(&mut *connection)
                .await?;
            let event = event_of(id, &found.state, None, "deadline_near", at);
            events::append(connection, &keys, &event).await
        }))
        .await
    }
}

/// What is told of a document that was not sent from here.
fn told_of(event: &'static str, at: Timestamp) -> Told<'static> {
    Told {
        event,
        code: None,
        attempt: None,
        body: None,
        fence: None,
        at,
    }
}

/// A number is not free any more.
async fn take_number(
    connection: &mut Conn,
    series: &SeriesKey,
    numero: u32,
) -> Result<(), StoreError> {
    query(
        "UPDATE document_numbers SET free = 0 WHERE company = $1 AND kind = $2 \
         AND serie = $3 AND numero = $4",
    )
    .bind(series.company.as_slice())
    .bind(series.kind)
    .bind(series.serie.as_str())
    .bind(numero)
    .execute(connection)
    .await?;
    Ok(())
}

/// Puts a document into a state from which nothing follows, unless it is there.
async fn stand(
    connection: &mut Conn,
    keys: &Keys,
    id: Uuid,
    state: DocumentState,
    code: Option<&'static str>,
    event: &'static str,
    at: Timestamp,
) -> Result<(), StoreError> {
    let changed = query(
        "UPDATE documents SET state = $2, code = $3, next = NULL, due_at = NULL, changed_at = $4, \
         final_at = coalesce(final_at, $5) WHERE id = $1 AND state <> $2",
    )
    .bind(id)
    .bind(state.as_str())
    .bind(code)
    .bind(at)
    .bind(state.is_final().then_some(at))
    .execute(&mut *connection)
    .await?;
    if changed == 0 {
        return Ok(());
    }
    let event = event_of(id, state.as_str(), code, event, at);
    events::append(connection, keys, &event).await
}

fn event_of(
    document: Uuid,
    state: &str,
    code: Option<&str>,
    event: &str,
    at: Timestamp,
) -> DocumentEvent {
    DocumentEvent {
        seq: 0,
        document,
        at,
        event: event.to_owned(),
        state: state.to_owned(),
        code: code.map(str::to_owned),
        attempt: None,
    }
}

/// A document of which only the journal's entry is known, what was sent for it, or its QR code.
fn bare(entry: &JournalEntry, draft: Vec<u8>) -> NewDocument {
    let mut known = of_before::by_what_was_sent(&draft);
    let qr = entry.reply.as_ref().and_then(|it| it.reply().qr());
    if let (None, Some(qr)) = (&known.cliente, qr) {
        known = of_before::by_qr(&qr);
    }
    NewDocument {
        id: entry.id,
        series: entry.series.clone(),
        deed: entry.deed,
        numero: Some(entry.numero).filter(|it| *it > 0),
        request: [0; 32],
        content: entry.content.to_string(),
        draft,
        sheet: DocumentSheet {
            emisor: entry.series.issuer.to_string(),
            clave: entry.key.to_string(),
            cliente: known.cliente,
            moneda: known.moneda,
            total: known.total,
            modifica: known.modifica,
            ..DocumentSheet::default()
        },
        twin: None,
        twin_allowed: true,
        twin_while_open: false,
        issued_on: known.issued_on,
        total: known.hundredths,
        credit_limit: None,
        target: None,
        renumber: false,
        asked_by: String::new(),
        key_id: None,
        batch: None,
        at: entry.at,
    }
}

/// The entry of a document that somebody else issued: it exists, and nobody here sent it.
fn adopted(name: &SeriesName, numero: u32, reply: StoredReply, at: Timestamp) -> JournalEntry {
    let hash = blake3::hash(b"{}").to_hex().as_str().into();
    JournalEntry {
        id: new_id(at),
        series: name.clone(),
        deed: JournalDeed::Issue,
        numero,
        own_numero: true,
        key: format!(
            "encontrado:{}:{}-{numero}",
            name.kind.catalog_01(),
            name.serie
        )
        .into(),
        content: "encontrado".into(),
        at,
        attempts: vec![found_attempt(numero, hash, &reply, at)],
        reply: Some(reply),
        abandoned: false,
    }
}

/// The attempt that somebody else made.
fn found_attempt(
    numero: u32,
    hash: CompactString,
    reply: &StoredReply,
    at: Timestamp,
) -> AttemptRecord {
    AttemptRecord {
        id: new_id(at),
        numero,
        hash,
        at,
        outcome: Some(AttemptOutcome::Accepted {
            recovered: true,
            reply: reply.clone(),
        }),
        concluded_at: Some(at),
        absent_at: None,
    }
}
