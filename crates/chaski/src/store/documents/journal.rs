//! The client's journal in the database: T2, a number bound to bytes before the first of them leaves, and
//! T3, what came of it. Whoever issues holds a fence, so that one who was taken for dead and comes back
//! can still tell what it saw and change nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chaski_client::{
    AttemptOutcome, Intended, Intent, Journal, JournalDeed, JournalEntry, JournalError,
    JournalFault, Noted, PartIntended, SeriesCount, SeriesName,
};
use chaski_core::{Lang, Text};
use futures_util::future::BoxFuture;
use jiff::Timestamp;
use tokio::time::Instant;
use uuid::Uuid;

use super::accept::{self, NewDocument};
use super::chain::DocumentEvent;
use super::events;
use super::load::{self, LoadedDocument, LoadedPart, Wanted};
use super::marks;
use super::of_before::by_what_was_sent;
use super::save::{Told, code_of, name_of, save};
use super::series;
use super::sheet::{DocumentSheet, SeriesKey};
use crate::sabotage::{Protection, is_without};
use crate::store::error::StoreError;
use crate::store::handle::Store;
use crate::store::seal::{Keys, SealedPlace};
use crate::store::sql::{Conn, deed, query};
use crate::store::tables::meta;
use crate::store::time::new_id;

/// For how long what was seen is kept in hand while it cannot be written, and how often that is tried. After two
/// minutes an attempt without an outcome is asked about.
const IN_HAND: Duration = Duration::from_secs(100);
const AGAIN: Duration = Duration::from_millis(500);

/// The journal of a store. Clones share everything.
#[derive(Clone)]
pub struct StoreJournal {
    store: Arc<Store>,
    /// Zero while nobody has to be the only one.
    fence: Arc<AtomicI64>,
}

impl StoreJournal {
    /// The journal of a store, without a claim to be the only one who issues.
    pub fn new(store: &Arc<Store>) -> StoreJournal {
        StoreJournal {
            store: Arc::clone(store),
            fence: Arc::default(),
        }
    }

    /// Takes the place of whoever issued before: from now on what they conclude changes nothing.
    pub async fn take_over(&self) -> Result<(), StoreError> {
        let fence = self
            .store
            .write(deed!(|connection| {
                let fence = current_fence(connection).await? + 1;
                meta::put(connection, meta::ISSUING_FENCE, &fence.to_le_bytes()).await?;
                Ok(fence)
            }))
            .await?;
        self.fence.store(fence, Ordering::Release);
        // From now on what was told to be on the disk must be.
        self.store.writer.shared().end_without_sync();
        Ok(())
    }

    /// Whether nobody has taken over since.
    pub async fn is_the_last(&self) -> Result<bool, StoreError> {
        let mut reader = self.store.read().await?;
        holds(&mut reader, self.fence()).await
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.store.keys)
    }

    fn fence(&self) -> Option<i64> {
        let fence = self.fence.load(Ordering::Acquire);
        (fence > 0).then_some(fence)
    }

    /// Does something to the part that a document belongs to, and answers how the document is then. What was
    /// seen is told by nobody else, so while the disk is full or somebody has the database locked it is kept in
    /// hand and tried again, for less time than an attempt is waited for.
    async fn happen(
        &self,
        found: Find,
        happening: Happening,
        at: Timestamp,
    ) -> Result<JournalEntry, JournalError> {
        // Who gives a document up waits for the answer, and can say it again.
        let is_awaited = matches!(happening, Happening::Abandoned);
        let until = Instant::now() + if is_awaited { Duration::ZERO } else { IN_HAND };
        let done = loop {
            let (keys, fence) = (self.keys(), self.fence());
            let (found, happening) = (found.clone(), happening.clone());
            let done = self.store.write(deed!(|connection| {
                happen(connection, &keys, fence, &found, &happening, at).await
            }));
            match done.await {
                Err(error) if error.may_pass() && Instant::now() < until => {
                    tokio::time::sleep(AGAIN).await;
                }
                done => break done,
            }
        };
        match done.map_err(|it| of_store(&it))? {
            Happened::Entry(entry) => Ok(*entry),
            Happened::Unknown => Err(JournalError::no_such_thing()),
            Happened::Stale => Err(of_store(&StoreError::NotTheIssuer)),
        }
    }

    async fn read<T>(
        &self,
        work: impl AsyncFnOnce(&mut Conn, &Keys) -> Result<T, StoreError>,
    ) -> Result<T, JournalError> {
        let mut reader = self.store.read().await.map_err(|it| of_store(&it))?;
        work(&mut reader, &self.store.keys)
            .await
            .map_err(|it| of_store(&it))
    }
}

/// By what a document is found.
#[derive(Clone)]
enum Find {
    Attempt(Uuid),
    Document(Uuid),
}

#[derive(Clone)]
enum Happening {
    Concluded(Uuid, AttemptOutcome),
    Noted(Noted),
    Abandoned,
}

enum Happened {
    Entry(Box<JournalEntry>),
    Unknown,
    /// Somebody else issues now.
    Stale,
}

async fn current_fence(connection: &mut Conn) -> Result<i64, StoreError> {
    let fence = meta::get(connection, meta::ISSUING_FENCE).await?;
    let fence = fence.and_then(|it| it.try_into().ok());
    Ok(fence.map_or(0, i64::from_le_bytes))
}

async fn holds(connection: &mut Conn, fence: Option<i64>) -> Result<bool, StoreError> {
    match fence {
        Some(fence) if !is_without(Protection::Fence) => {
            Ok(current_fence(connection).await? == fence)
        }
        _ => Ok(true),
    }
}

async fn happen(
    connection: &mut Conn,
    keys: &Keys,
    fence: Option<i64>,
    found: &Find,
    happening: &Happening,
    at: Timestamp,
) -> Result<Happened, StoreError> {
    // 1. What it concerns.
    let own = match found {
        Find::Attempt(id) => load::by_attempt(connection, keys, *id).await?,
        Find::Document(id) => load::by_id(connection, keys, *id).await?,
    };
    let Some(own) = own else {
        return Ok(Happened::Unknown);
    };
    let (event, code, attempt) = match happening {
        Happening::Concluded(attempt, outcome) => {
            (name_of(outcome), code_of(outcome), Some(*attempt))
        }
        Happening::Noted(Noted::Absent { .. }) => ("absent", None, None),
        Happening::Noted(Noted::Reply { .. }) => ("asked", None, None),
        Happening::Abandoned => ("abandoned", None, None),
    };
    let stale = !holds(connection, fence).await?
        || fence.is_some_and(|it| own.fence > it && matches!(happening, Happening::Concluded(..)))
            && !is_without(Protection::Fence);
    if stale {
        // What it saw is kept, and changes nothing.
        let evidence = DocumentEvent {
            seq: 0,
            document: own.entry.id,
            at,
            event: format!("stale_{event}"),
            state: own.state.clone(),
            code,
            attempt,
        };
        events::append(connection, keys, &evidence).await?;
        return Ok(Happened::Stale);
    }
    let (id, deed, name) = (own.entry.id, own.entry.deed, own.entry.series.clone());
    let mut loaded = load::part_of(connection, keys, &name, deed, Some(own), Wanted::None).await?;
    // 2. What the rules make of it.
    let changed = match happening {
        Happening::Concluded(attempt, outcome) => loaded.part.conclude(*attempt, outcome, at),
        Happening::Noted(noted) => loaded.part.note(id, noted, at),
        Happening::Abandoned => loaded.part.abandon(id),
    };
    let Ok(changed) = changed else {
        return Ok(Happened::Unknown);
    };
    // 3. Written back.
    if changed {
        let told = Told {
            event,
            code,
            attempt,
            body: None,
            fence,
            at,
        };
        save(connection, keys, &loaded, &told).await?;
    }
    let entry = loaded.part.entry(id).cloned().ok_or(StoreError::Corrupt)?;
    Ok(Happened::Entry(Box::new(entry)))
}

async fn intend(
    connection: &mut Conn,
    keys: &Keys,
    fence: Option<i64>,
    intent: &Intent,
) -> Result<Result<Intended, ()>, StoreError> {
    if !holds(connection, fence).await? {
        return Ok(Err(()));
    }
    // 1. The document of that key; one that was not taken on before is taken on now.
    let name = intent.series();
    let series = SeriesKey::of(keys, &name);
    let own = load::by_key(connection, keys, &series.company, &intent.key).await?;
    let is_new = own.is_none();
    // Its owner may have given it up since it was taken from the queue.
    if let Some(given_up) = own.as_ref().filter(|it| it.entry.abandoned) {
        return Ok(Ok(Intended::GivenUp(given_up.entry.clone())));
    }
    let own = match own {
        Some(own) => own,
        None => unsent(intent),
    };
    let id = own.entry.id;
    let brought = intent.document.numero();
    let wanted = brought.map_or(Wanted::Lowest, Wanted::Brought);
    let part = load::part_of(connection, keys, &name, intent.deed, Some(own), wanted);
    let mut loaded = part.await?;
    // 2. What the rules say.
    let granted = match loaded.part.intend(intent) {
        PartIntended::Answer(answer) => return Ok(Ok(answer)),
        PartIntended::Bound(granted) => granted,
    };
    // 3. Bound.
    if is_new {
        accept::insert(connection, keys, &series, &taken_on(intent, id)).await?;
    }
    let told = Told {
        event: "sending",
        code: None,
        attempt: Some(granted.id),
        body: Some((granted.id, &granted.body)),
        fence,
        at: intent.at,
    };
    let only_own = LoadedPart {
        documents: loaded
            .documents
            .iter()
            .filter(|it| !is_new || it.entry.id != id)
            .cloned()
            .collect(),
        ..loaded
    };
    save(connection, keys, &only_own, &told).await?;
    Ok(Ok(Intended::Attempt(granted)))
}

/// A document without an attempt.
fn unsent(intent: &Intent) -> LoadedDocument {
    LoadedDocument {
        entry: JournalEntry {
            id: new_id(intent.at),
            series: intent.series(),
            deed: intent.deed,
            numero: 0,
            own_numero: intent.document.numero().is_some(),
            key: intent.key.clone(),
            content: intent.document.content_hash(),
            at: intent.at,
            attempts: Vec::new(),
            reply: None,
            abandoned: false,
        },
        fence: 0,
        tries: 0,
        renumber: intent.renumber,
        state: chaski_client::DocumentState::Queued.as_str().to_owned(),
    }
}

/// What is kept of a document that nobody handed over before.
fn taken_on(intent: &Intent, id: Uuid) -> NewDocument {
    let draft = intent.document.to_json();
    let known = by_what_was_sent(&draft);
    let mut request = [0; 32];
    request.copy_from_slice(blake3::hash(&draft).as_bytes());
    NewDocument {
        id,
        series: intent.series(),
        deed: intent.deed,
        numero: intent.document.numero(),
        request,
        content: intent.document.content_hash().to_string(),
        draft: draft.to_vec(),
        sheet: DocumentSheet {
            emisor: intent.issuer.to_string(),
            clave: intent.key.to_string(),
            modifica: known.modifica,
            ..DocumentSheet::default()
        },
        twin: None,
        twin_allowed: true,
        twin_while_open: false,
        issued_on: None,
        total: known.hundredths,
        credit_limit: None,
        target: None,
        renumber: intent.renumber,
        asked_by: String::new(),
        key_id: None,
        batch: None,
        at: intent.at,
    }
}

impl Journal for StoreJournal {
    fn open_series<'a>(
        &'a self,
        series: &'a SeriesName,
        last: u32,
    ) -> BoxFuture<'a, Result<u32, JournalError>> {
        let (keys, name) = (self.keys(), series.clone());
        Box::pin(async move {
            let opened = self.store.write(deed!(|connection| series::open(
                connection, &keys, &name, last
            )
            .await));
            opened.await.map_err(|it| of_store(&it))
        })
    }

    fn series(&self) -> BoxFuture<'_, Result<Vec<SeriesCount>, JournalError>> {
        Box::pin(async move {
            let rows = self
                .store
                .document_series()
                .await
                .map_err(|it| of_store(&it))?;
            Ok(rows.into_iter().map(|it| it.count).collect())
        })
    }

    fn intend<'a>(&'a self, intent: &'a Intent) -> BoxFuture<'a, Result<Intended, JournalError>> {
        let (keys, fence, intent) = (self.keys(), self.fence(), intent.clone());
        Box::pin(async move {
            let intended = self.store.write(deed!(|connection| intend(
                connection, &keys, fence, &intent
            )
            .await));
            let intended = intended.await.map_err(|it| of_store(&it))?;
            intended.map_err(|()| of_store(&StoreError::NotTheIssuer))
        })
    }

    fn conclude<'a>(
        &'a self,
        attempt: Uuid,
        outcome: &'a AttemptOutcome,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<JournalEntry, JournalError>> {
        let concluded = Happening::Concluded(attempt, outcome.clone());
        Box::pin(self.happen(Find::Attempt(attempt), concluded, at))
    }

    fn note<'a>(
        &'a self,
        entry: Uuid,
        noted: &'a Noted,
        at: Timestamp,
    ) -> BoxFuture<'a, Result<JournalEntry, JournalError>> {
        Box::pin(self.happen(Find::Document(entry), Happening::Noted(noted.clone()), at))
    }

    fn abandon(&self, entry: Uuid) -> BoxFuture<'_, Result<JournalEntry, JournalError>> {
        Box::pin(async move {
            let at = self.read(async |connection, _| {
                query("SELECT changed_at FROM documents WHERE id = $1")
                    .bind(entry)
                    .fetch_optional::<Timestamp>(connection)
                    .await
            });
            let at = at.await?.ok_or_else(JournalError::no_such_thing)?;
            self.happen(Find::Document(entry), Happening::Abandoned, at)
                .await
        })
    }

    fn by_key<'a>(
        &'a self,
        issuer: &'a str,
        key: &'a str,
    ) -> BoxFuture<'a, Result<Option<JournalEntry>, JournalError>> {
        Box::pin(self.read(async move |connection: &mut Conn, keys: &Keys| {
            let company = marks::issuer(keys, issuer);
            let found = load::by_key(connection, keys, &company, key).await?;
            Ok(found.map(|it| it.entry))
        }))
    }

    fn by_numero<'a>(
        &'a self,
        series: &'a SeriesName,
        numero: u32,
    ) -> BoxFuture<'a, Result<Option<JournalEntry>, JournalError>> {
        Box::pin(self.read(async move |connection: &mut Conn, keys: &Keys| {
            let issue = JournalDeed::Issue;
            let brought = Wanted::Brought(numero);
            let part = load::part_of(connection, keys, series, issue, None, brought);
            let loaded = part.await?;
            Ok(loaded.part.holder(numero).cloned())
        }))
    }

    fn tried<'a>(
        &'a self,
        series: &'a SeriesName,
        numero: u32,
    ) -> BoxFuture<'a, Result<Vec<JournalEntry>, JournalError>> {
        Box::pin(self.read(async move |connection: &mut Conn, keys: &Keys| {
            let place = SeriesKey::of(keys, series);
            let issue = JournalDeed::Issue;
            let found = load::tried(connection, keys, issue, &place, numero).await?;
            Ok(found.into_iter().map(|it| it.entry).collect())
        }))
    }

    fn open(&self) -> BoxFuture<'_, Result<Vec<JournalEntry>, JournalError>> {
        Box::pin(self.read(async move |connection: &mut Conn, keys: &Keys| {
            let open = "state IN ('ENVIANDO', 'DESCONOCIDO') AND length($1) >= 0";
            load::those_where(connection, keys, open, &[]).await
        }))
    }

    fn entries<'a>(
        &'a self,
        issuer: &'a str,
    ) -> BoxFuture<'a, Result<Vec<JournalEntry>, JournalError>> {
        Box::pin(self.read(async move |connection: &mut Conn, keys: &Keys| {
            let company = marks::issuer(keys, issuer);
            load::those_where(connection, keys, "company = $1", &company).await
        }))
    }

    fn body(&self, attempt: Uuid) -> BoxFuture<'_, Result<Option<Bytes>, JournalError>> {
        Box::pin(self.read(async move |connection: &mut Conn, keys: &Keys| {
            let sealed: Option<Vec<u8>> = query("SELECT body FROM document_attempts WHERE id = $1")
                .bind(attempt)
                .fetch_optional(connection)
                .await?;
            let open = |sealed: Vec<u8>| {
                let plain = keys.open(&SealedPlace::Attempt(attempt), &sealed);
                plain.map(Bytes::from).ok_or(StoreError::Corrupt)
            };
            sealed.map(open).transpose()
        }))
    }
}

fn of_store(error: &StoreError) -> JournalError {
    let fault = match error {
        StoreError::NotTheIssuer | StoreError::Locked => JournalFault::InUse,
        StoreError::Corrupt | StoreError::Damaged(_) => JournalFault::Damaged,
        StoreError::KeyMissing | StoreError::KeyWrong => JournalFault::OtherKey,
        _ => JournalFault::Broken,
    };
    let (es, en) = (error.message(Lang::Es), error.message(Lang::En));
    JournalError::new(fault, Text { es, en })
}
