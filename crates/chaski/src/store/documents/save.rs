//! What changed in a part of the journal, written back: documents, attempts, counts, and an event for each
//! change of a document. What the rules say can never be is an error here, in every build.

use bytes::Bytes;
use chaski_client::{
    AttemptOutcome, AttemptRecord, DocumentState, JournalDeed, JournalEntry, JournalPart, NextDeed,
    Standing, standing,
};
use jiff::Timestamp;
use uuid::Uuid;

use super::chain::DocumentEvent;
use super::events;
use super::load::{LoadedDocument, LoadedPart};
use super::sheet::{SeriesKey, deed_name};
use crate::store::error::StoreError;
use crate::store::seal::{Keys, SealedPlace};
use crate::store::sql::{Conn, query};

/// What is told with a change.
pub(super) struct Told<'a> {
    /// What happened, as a stable code.
    pub(super) event: &'static str,
    /// Why, as a stable code.
    pub(super) code: Option<String>,
    /// With which attempt.
    pub(super) attempt: Option<Uuid>,
    /// The bytes of a new attempt.
    pub(super) body: Option<(Uuid, &'a [u8])>,
    /// Who works, if somebody has to be the only one.
    pub(super) fence: Option<i64>,
    /// When.
    pub(super) at: Timestamp,
}

/// Writes back what changed.
pub(super) async fn save(
    connection: &mut Conn,
    keys: &Keys,
    loaded: &LoadedPart,
    told: &Told<'_>,
) -> Result<(), StoreError> {
    refuse_contradictions(&loaded.part)?;
    for entry in loaded.part.entries() {
        let before = loaded.document(entry.id);
        if before.is_some_and(|it| is_same(&it.entry, entry)) && told.body.is_none() {
            continue;
        }
        let is_subject = told
            .attempt
            .is_none_or(|id| entry.attempts.iter().any(|it| it.id == id));
        if before.is_some_and(|it| is_same(&it.entry, entry)) && !is_subject {
            continue;
        }
        save_document(connection, keys, &loaded.series, before, entry, told).await?;
    }
    save_numbers(connection, loaded).await
}

/// Writes a document of another journal whose row is there already, with all of its attempts.
pub(super) async fn save_taken_over(
    connection: &mut Conn,
    keys: &Keys,
    series: &SeriesKey,
    entry: &JournalEntry,
    bodies: &[Bytes],
    told: &Told<'_>,
) -> Result<(), StoreError> {
    let unsent = JournalEntry {
        attempts: Vec::new(),
        ..entry.clone()
    };
    for (attempt, body) in entry.attempts.iter().zip(bodies) {
        let told = Told {
            event: told.event,
            code: None,
            attempt: None,
            body: Some((attempt.id, body)),
            fence: None,
            at: told.at,
        };
        insert_attempt(connection, keys, series, entry, attempt, &told).await?;
    }
    let before = LoadedDocument {
        entry: JournalEntry {
            attempts: entry.attempts.clone(),
            ..unsent
        },
        fence: 0,
        tries: 0,
        renumber: false,
        state: DocumentState::Queued.as_str().to_owned(),
    };
    save_document(connection, keys, series, Some(&before), entry, told).await
}

async fn save_document(
    connection: &mut Conn,
    keys: &Keys,
    series: &SeriesKey,
    before: Option<&LoadedDocument>,
    entry: &JournalEntry,
    told: &Told<'_>,
) -> Result<(), StoreError> {
    // 1. The attempts, new and changed.
    for attempt in &entry.attempts {
        let known = before.and_then(|it| it.entry.attempts.iter().find(|it| it.id == attempt.id));
        match known {
            None => insert_attempt(connection, keys, series, entry, attempt, told).await?,
            Some(known) if !is_same_attempt(known, attempt) => {
                update_attempt(connection, keys, attempt).await?;
            }
            Some(_) => {}
        }
    }
    // 2. How it stands, and what comes next.
    let before_state = before.and_then(|it| DocumentState::from_name(&it.state));
    let (tries, stands) = stands_after(before, entry);
    let stands = renumbered(before, entry, stands, told.at);
    let Standing { state, next } = kept_by_its_void(before_state, stands);
    if before_state.is_some_and(|before| !state.may_follow(before)) {
        return Err(StoreError::Contradiction("I10"));
    }
    let reply = entry.reply.as_ref().map(|reply| {
        let plain = serde_json::to_vec(reply).map_err(|_| StoreError::Corrupt)?;
        keys.seal(&SealedPlace::DocumentReply(entry.id), &plain)
    });
    let code = told
        .code
        .clone()
        .or_else(|| entry.last_outcome().and_then(code_of));
    query(
        "UPDATE documents SET numero = $2, content = $3, abandoned = $4, reply = $5, state = $6, \
         code = $7, next = $8, due_at = $9, tries = $10, changed_at = $11, \
         final_at = coalesce(final_at, $12), fence = coalesce($13, fence), \
         files_at = coalesce($14, files_at), files_tries = 0 WHERE id = $1",
    )
    .bind(entry.id)
    .bind((entry.numero > 0).then_some(entry.numero))
    .bind(entry.content.as_str())
    .bind(entry.abandoned)
    .bind(reply.transpose()?)
    .bind(state.as_str())
    .bind(code.as_deref())
    .bind(next.map(|(deed, _)| deed.as_str()))
    .bind(next.map(|(_, at)| at))
    .bind(tries)
    .bind(told.at)
    .bind(state.is_final().then_some(told.at))
    .bind(told.fence)
    .bind(has_new_files(before_state, state, entry.deed).then_some(told.at))
    .execute(&mut *connection)
    .await?;
    if entry.deed == JournalDeed::Void {
        mark_target(connection, keys, entry.id, state, told.at).await?;
    }
    // 3. That it happened.
    let event = DocumentEvent {
        seq: 0,
        document: entry.id,
        at: told.at,
        event: told.event.to_owned(),
        state: state.as_str().to_owned(),
        code,
        attempt: told.attempt,
    };
    events::append(connection, keys, &event).await
}

/// Whether there may be files that were not there before: it exists now, or SUNAT has spoken.
fn has_new_files(before: Option<DocumentState>, now: DocumentState, deed: JournalDeed) -> bool {
    let has_any = now.is_final() || now == DocumentState::Pending;
    deed == JournalDeed::Issue && has_any && before != Some(now)
}

/// How often it was tried in its state, this time included, and how it stands by that.
fn stands_after(before: Option<&LoadedDocument>, entry: &JournalEntry) -> (u32, Standing) {
    let Some(before) = before else {
        return (0, standing(entry, 0));
    };
    let stands = standing(entry, before.tries);
    let was_sending = before.state == DocumentState::Sending.as_str();
    match stands.state {
        // An attempt on its way says nothing yet.
        DocumentState::Sending => (before.tries, stands),
        DocumentState::Queued | DocumentState::Held | DocumentState::InDoubt if was_sending => {
            (before.tries.saturating_add(1), stands)
        }
        // The same once more: a longer pause.
        state if state.as_str() == before.state => {
            let tries = before.tries.saturating_add(1);
            (tries, standing(entry, tries))
        }
        _ => (0, standing(entry, 0)),
    }
}

/// A document whose number was a stranger's takes the next one, where its owner wants that.
fn renumbered(
    before: Option<&LoadedDocument>,
    entry: &JournalEntry,
    stands: Standing,
    at: Timestamp,
) -> Standing {
    let wanted = before.is_some_and(|it| it.renumber) && !entry.own_numero && !entry.abandoned;
    if stands.state != DocumentState::Conflict || !wanted {
        return stands;
    }
    Standing {
        state: DocumentState::Queued,
        next: Some((NextDeed::Issue, at)),
    }
}

/// What SUNAT said last is not unsaid, and a document whose void is on the way waits for that.
fn kept_by_its_void(before: Option<DocumentState>, stands: Standing) -> Standing {
    let kept = |state| Standing { state, next: None };
    match (before, stands.state) {
        (Some(DocumentState::Voided), _) => kept(DocumentState::Voided),
        (Some(DocumentState::Rejected), state) if state != DocumentState::Rejected => {
            kept(DocumentState::Rejected)
        }
        (
            Some(DocumentState::VoidPending),
            DocumentState::Accepted | DocumentState::Observed | DocumentState::Pending,
        ) => kept(DocumentState::VoidPending),
        (
            Some(before @ (DocumentState::Accepted | DocumentState::Observed)),
            DocumentState::Pending | DocumentState::Rejected,
        ) => kept(before),
        _ => stands,
    }
}

/// A document whose void is on the way, or done, or came to nothing.
pub(super) async fn mark_target(
    connection: &mut Conn,
    keys: &Keys,
    void: Uuid,
    state: DocumentState,
    at: Timestamp,
) -> Result<(), StoreError> {
    let target: Option<(Option<Uuid>, Option<String>)> = query(
        "SELECT v.target, d.state FROM documents v LEFT JOIN documents d ON d.id = v.target \
         WHERE v.id = $1",
    )
    .bind(void)
    .fetch_optional(&mut *connection)
    .await?;
    let Some((Some(target), Some(was))) = target else {
        return Ok(());
    };
    let was = DocumentState::from_name(&was).ok_or(StoreError::Corrupt)?;
    let now = match state {
        DocumentState::Voided => DocumentState::Voided,
        DocumentState::VoidPending | DocumentState::InDoubt | DocumentState::Sending => {
            DocumentState::VoidPending
        }
        // It stands as before; how, is asked.
        _ if was == DocumentState::VoidPending => DocumentState::Pending,
        _ => return Ok(()),
    };
    if now == was || !now.may_follow(was) {
        return Ok(());
    }
    let asked = now == DocumentState::Pending;
    query(
        "UPDATE documents SET state = $2, changed_at = $3, next = $4, due_at = $5, tries = 0 \
         WHERE id = $1",
    )
    .bind(target)
    .bind(now.as_str())
    .bind(at)
    .bind(asked.then_some(NextDeed::Follow.as_str()))
    .bind(asked.then_some(at))
    .execute(&mut *connection)
    .await?;
    let event = DocumentEvent {
        seq: 0,
        document: target,
        at,
        event: "void".to_owned(),
        state: now.as_str().to_owned(),
        code: None,
        attempt: None,
    };
    events::append(connection, keys, &event).await
}

async fn insert_attempt(
    connection: &mut Conn,
    keys: &Keys,
    series: &SeriesKey,
    entry: &JournalEntry,
    attempt: &AttemptRecord,
    told: &Told<'_>,
) -> Result<(), StoreError> {
    let body = told.body.filter(|(id, _)| *id == attempt.id);
    let (_, body) = body.ok_or(StoreError::Corrupt)?;
    query(
        "INSERT INTO document_attempts (id, document, company, deed, kind, serie, numero, hash, body, at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
    )
    .bind(attempt.id)
    .bind(entry.id)
    .bind(series.company.as_slice())
    .bind(deed_name(entry.deed))
    .bind(series.kind)
    .bind(series.serie.as_str())
    .bind(attempt.numero)
    .bind(attempt.hash.as_str())
    .bind(keys.seal(&SealedPlace::Attempt(attempt.id), body)?)
    .bind(attempt.at)
    .execute(&mut *connection)
    .await?;
    if attempt.outcome.is_some() || attempt.absent_at.is_some() {
        update_attempt(connection, keys, attempt).await?;
    }
    Ok(())
}

async fn update_attempt(
    connection: &mut Conn,
    keys: &Keys,
    attempt: &AttemptRecord,
) -> Result<(), StoreError> {
    let told = attempt.outcome.as_ref().map(|outcome| {
        let plain = serde_json::to_vec(outcome).map_err(|_| StoreError::Corrupt)?;
        keys.seal(&SealedPlace::AttemptOutcome(attempt.id), &plain)
    });
    query(
        "UPDATE document_attempts SET outcome = $2, told = $3, concluded_at = $4, absent_at = $5 \
         WHERE id = $1",
    )
    .bind(attempt.id)
    .bind(attempt.outcome.as_ref().map(name_of))
    .bind(told.transpose()?)
    .bind(attempt.concluded_at)
    .bind(attempt.absent_at)
    .execute(connection)
    .await?;
    Ok(())
}

async fn save_numbers(connection: &mut Conn, loaded: &LoadedPart) -> Result<(), StoreError> {
    let series = &loaded.series;
    let last = loaded.part.last();
    if last > loaded.last {
        query(
            "UPDATE document_series SET last = $4 \
             WHERE company = $1 AND kind = $2 AND serie = $3 AND last < $4",
        )
        .bind(series.company.as_slice())
        .bind(series.kind)
        .bind(series.serie.as_str())
        .bind(last)
        .execute(&mut *connection)
        .await?;
    }
    for number in loaded.part.numbers() {
        let before = loaded.numbers.iter().find(|it| it.numero == number.numero);
        let was = before.map_or((false, false), |it| (it.free, it.theirs));
        if was == (number.free, number.theirs) {
            continue;
        }
        query(
            "INSERT INTO document_numbers (company, kind, serie, numero, free, theirs) \
             VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (company, kind, serie, numero) \
             DO UPDATE SET free = excluded.free, theirs = excluded.theirs",
        )
        .bind(series.company.as_slice())
        .bind(series.kind)
        .bind(series.serie.as_str())
        .bind(number.numero)
        .bind(number.free)
        .bind(number.theirs)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Invariants I1, I2 and I5 of the protocol, over what a deed concerns: a document is accepted once, a
/// number is of one accepted document, and no two contents are under way with one number.
fn refuse_contradictions(part: &JournalPart) -> Result<(), StoreError> {
    let is_accepted =
        |it: &&AttemptRecord| matches!(it.outcome, Some(AttemptOutcome::Accepted { .. }));
    let mut accepted = Vec::new();
    let mut open = Vec::new();
    for entry in part.entries() {
        let mut own = entry
            .attempts
            .iter()
            .filter(is_accepted)
            .map(|it| it.numero);
        let first = own.next();
        if own.any(|numero| Some(numero) != first) {
            return Err(StoreError::Contradiction("I1"));
        }
        let series = (&entry.series, entry.deed);
        accepted.extend(first.map(|numero| (series, numero, entry.id)));
        let under_way = entry.attempts.iter().filter(|it| it.is_open());
        if entry.accepted().is_none() {
            open.extend(under_way.map(|it| (series, it.numero, it.hash.as_str())));
        }
    }
    let twice = |(at, one): (usize, &(_, u32, Uuid))| {
        accepted[..at]
            .iter()
            .any(|it| (it.0, it.1) == (one.0, one.1) && it.2 != one.2)
    };
    if accepted.iter().enumerate().any(twice) {
        return Err(StoreError::Contradiction("I2"));
    }
    let other = |(at, one): (usize, &(_, u32, &str))| {
        open[..at]
            .iter()
            .any(|it| (it.0, it.1) == (one.0, one.1) && it.2 != one.2)
    };
    if open.iter().enumerate().any(other) {
        return Err(StoreError::Contradiction("I5"));
    }
    Ok(())
}

fn is_same(one: &JournalEntry, other: &JournalEntry) -> bool {
    one.numero == other.numero
        && one.content == other.content
        && one.abandoned == other.abandoned
        && one.reply == other.reply
        && one.attempts.len() == other.attempts.len()
        && one
            .attempts
            .iter()
            .zip(&other.attempts)
            .all(|(one, other)| is_same_attempt(one, other))
}

fn is_same_attempt(one: &AttemptRecord, other: &AttemptRecord) -> bool {
    (&one.outcome, one.concluded_at, one.absent_at)
        == (&other.outcome, other.concluded_at, other.absent_at)
}

/// Stable name of an outcome.
pub(super) fn name_of(outcome: &AttemptOutcome) -> &'static str {
    match outcome {
        AttemptOutcome::NotSent => "not_sent",
        AttemptOutcome::Accepted {
            recovered: false, ..
        } => "accepted",
        AttemptOutcome::Accepted {
            recovered: true, ..
        } => "recovered",
        AttemptOutcome::Refused { .. } => "refused",
        AttemptOutcome::Held { .. } => "held",
        AttemptOutcome::Taken => "taken",
        AttemptOutcome::Unknown { .. } => "unknown",
        AttemptOutcome::Conflict { .. } => "conflict",
        AttemptOutcome::Cleared => "cleared",
    }
}

/// Why, as Nubefact's code or as what was seen.
pub(super) fn code_of(outcome: &AttemptOutcome) -> Option<String> {
    match outcome {
        AttemptOutcome::Refused { codigo, .. } | AttemptOutcome::Held { codigo, .. } => {
            codigo.map(|it| it.to_string())
        }
        AttemptOutcome::Unknown { why } => Some(why.to_string()),
        AttemptOutcome::Taken => Some("23".to_owned()),
        _ => None,
    }
}
