//! Documents in the database: the journal's stories on each backend, T1, and the chain of events.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use chaski::store::{AcceptedDocument, DocumentSheet, NewDocument, Store, StoreJournal};
use chaski_client::journal::conformance::{self, JournalPlace};
use chaski_client::{
    AttemptOutcome, DocumentState, Intended, Intent, Journal, JournalDeed, JournalFault,
    NubefactDocument, NubefactKind, SeriesName,
};
use futures_util::future::BoxFuture;
use tempfile::TempDir;
use uuid::Uuid;

use crate::store::{minute, open};
use crate::store_conformance::on_each_backend;
use crate::store_postgres;

/// A folder, and perhaps a database on a server, which all stories share: it is emptied for each.
struct InStore {
    folder: Arc<TempDir>,
    url: Option<Arc<str>>,
    emptied: AtomicBool,
}

impl InStore {
    fn in_a_folder() -> InStore {
        InStore {
            folder: Arc::new(tempfile::tempdir().unwrap()),
            url: None,
            emptied: AtomicBool::new(true),
        }
    }
}

impl JournalPlace for InStore {
    fn open(&self) -> BoxFuture<'_, Arc<dyn Journal>> {
        let opening = async {
            let store = match &self.url {
                Some(url) => store_postgres::open(url, self.folder.path()).await,
                None => open(self.folder.path()).await,
            };
            let store = store.unwrap();
            if let (Some(url), false) = (&self.url, self.emptied.swap(true, Ordering::Relaxed)) {
                empty(url).await;
            }
            let journal = StoreJournal::new(&Arc::new(store));
            journal.take_over().await.unwrap();
            Arc::new(journal) as Arc<dyn Journal>
        };
        // What connects to a server cannot be sent to another thread in a test.
        let runtime = tokio::runtime::Handle::current();
        let journal = tokio::task::block_in_place(|| runtime.block_on(opening));
        Box::pin(std::future::ready(journal))
    }
}

/// As if nothing had ever been issued.
async fn empty(url: &str) {
    let mut connection = store_postgres::connect(url).await;
    let tables = [
        "documents",
        "document_attempts",
        "document_series",
        "document_numbers",
        "document_events",
    ];
    let tables = tables.map(|it| format!("chaski.{it}")).join(", ");
    let statement = sqlx::raw_sql(sqlx::AssertSqlSafe(format!("TRUNCATE {tables}")));
    statement.execute(&mut connection).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_is_a_journal() {
    conformance::all(InStore::in_a_folder).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_is_a_journal() {
    let Some(url) = store_postgres::database().await else {
        return;
    };
    let (folder, url) = (Arc::new(tempfile::tempdir().unwrap()), Arc::from(url));
    conformance::all(|| InStore {
        folder: Arc::clone(&folder),
        url: Some(Arc::clone(&url)),
        emptied: AtomicBool::new(false),
    })
    .await;
}

pub(crate) const ISSUER: &str = "20600695771";

pub(crate) fn document(content: &str) -> NubefactDocument {
    let json = format!(
        r#"{{"operacion":"generar_comprobante","tipo_de_comprobante":1,"serie":"FFF1","x":{content:?}}}"#
    );
    NubefactDocument::from_json(json.as_bytes()).unwrap()
}

pub(crate) fn series() -> SeriesName {
    SeriesName::new(ISSUER, NubefactKind::Factura, "FFF1")
}

pub(crate) fn new_document(number: u128, key: &str, content: &str) -> NewDocument {
    let document = document(content);
    NewDocument {
        id: Uuid::from_u128(number),
        series: series(),
        deed: JournalDeed::Issue,
        numero: None,
        request: *blake3::hash(content.as_bytes()).as_bytes(),
        content: document.content_hash().to_string(),
        draft: document.to_json().to_vec(),
        sheet: DocumentSheet {
            emisor: ISSUER.into(),
            clave: key.into(),
            ..DocumentSheet::default()
        },
        twin: Some(*blake3::hash(content.as_bytes()).as_bytes()),
        twin_allowed: false,
        twin_while_open: false,
        issued_on: None,
        total: Some(11_800),
        credit_limit: None,
        target: None,
        renumber: false,
        asked_by: "cli".into(),
        key_id: None,
        batch: None,
        at: minute(1),
    }
}

#[tokio::test]
async fn a_twin_that_is_open_stands_in_the_way_for_as_long_as_is_asked() {
    on_each_backend(async |store: &Store| {
        let accept = async |number: u128, at, twin_while_open| {
            let new = NewDocument {
                at: minute(at),
                twin_while_open,
                content: number.to_string(),
                ..new_document(number, &format!("k{number}"), "x")
            };
            store.accept_document(new).await.unwrap()
        };
        let (first, twin) = (Uuid::from_u128(1), AcceptedDocument::Twin);
        assert_eq!(accept(1, 1, true).await, AcceptedDocument::New(first));
        // Within ten minutes for everybody, later for whoever asks for it.
        assert_eq!(accept(2, 10, false).await, twin(first));
        assert_eq!(accept(2, 30, true).await, twin(first));
        // What came to nothing is in nobody's way.
        store
            .return_document(first, "prueba", minute(31))
            .await
            .unwrap();
        let second = Uuid::from_u128(2);
        assert_eq!(accept(2, 32, true).await, AcceptedDocument::New(second));
        let third = Uuid::from_u128(3);
        assert_eq!(accept(3, 50, false).await, AcceptedDocument::New(third));
    })
    .await;
}

#[tokio::test]
async fn a_key_is_one_document_for_as_long_as_it_is_kept() {
    on_each_backend(async |store: &Store| {
        let accept = async |number, key: &str, content: &str| {
            let accepted = store.accept_document(new_document(number, key, content));
            accepted.await.unwrap()
        };
        let id = Uuid::from_u128(1);
        assert_eq!(accept(1, "a", "x").await, AcceptedDocument::New(id));
        let before = |same| AcceptedDocument::Before {
            id,
            same,
            by_referencia: false,
        };
        assert_eq!(accept(2, "a", "x").await, before(true));
        assert_eq!(accept(3, "a", "y").await, before(false));
        assert_eq!(
            accept(4, "b", "x").await,
            AcceptedDocument::Twin(id),
            "the same sale"
        );
        let row = store.document(id).await.unwrap().unwrap();
        assert_eq!((row.state, row.numero), (DocumentState::Queued, None));
        let kept = store.document_draft(id).await.unwrap().unwrap();
        let again = NubefactDocument::from_json(&kept).unwrap();
        assert_eq!(again.content_hash(), document("x").content_hash());
        assert_eq!(store.check_events().await.unwrap(), Ok(1));
    })
    .await;
}

#[tokio::test]
async fn what_was_taken_on_is_what_is_sent() {
    on_each_backend(async |store: &Store| {
        let id = Uuid::from_u128(1);
        store
            .accept_document(new_document(1, "a", "x"))
            .await
            .unwrap();
        // The journal wants the store for itself.
        let _ = (id, Intent::to_issue(ISSUER, "a", &document("x"), minute(2)));
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let store = Arc::new(open(folder.path()).await.unwrap());
    let id = Uuid::from_u128(1);
    store
        .accept_document(new_document(1, "a", "x"))
        .await
        .unwrap();
    let journal = StoreJournal::new(&store);
    journal.take_over().await.unwrap();
    journal.open_series(&series(), 9).await.unwrap();
    let intent = Intent::to_issue(ISSUER, "a", &document("x"), minute(2));
    let Intended::Attempt(attempt) = journal.intend(&intent).await.unwrap() else {
        panic!("it was not issued yet")
    };
    assert_eq!((attempt.entry, attempt.numero), (id, 10));
    let row = store.document(id).await.unwrap().unwrap();
    assert_eq!((row.state, row.numero), (DocumentState::Sending, Some(10)));
    // One who was taken for dead tells what it saw, and changes nothing.
    let other = StoreJournal::new(&store);
    other.take_over().await.unwrap();
    let late = journal
        .conclude(attempt.id, &AttemptOutcome::NotSent, minute(3))
        .await;
    assert_eq!(late.unwrap_err().fault, JournalFault::InUse);
    let row = store.document(id).await.unwrap().unwrap();
    assert_eq!(row.state, DocumentState::Sending);
    let events = store.document_events(id).await.unwrap();
    let told: Vec<&str> = events.iter().map(|it| it.event.as_str()).collect();
    assert_eq!(told, ["accepted_here", "sending", "stale_not_sent"]);
    assert_eq!(store.check_events().await.unwrap(), Ok(3));
}
