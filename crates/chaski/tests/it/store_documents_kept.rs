//! Documents outlive the folder, the key and the process that they were issued with, and leave when their
//! time is past.

use std::path::Path;
use std::sync::Arc;

use chaski::store::{
    self, AcceptedDocument, DATABASE_FILE, DocumentBuyer, DocumentFilter, DocumentSheet,
    IssuerHold, MasterKey, NewDocument, Store, StoreError, StoreJournal, StoredFile,
};
use chaski_client::{
    AttemptOutcome, DocumentState, Intended, Intent, Journal, JournalDeed, NubefactKind,
    NubefactReply, SeriesName, StoredReply,
};
use jiff::Timestamp;
use jiff::civil::Date;
use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

use crate::store::{minute, open};
use crate::store_conformance::on_each_backend;
use crate::store_documents::{document, new_document};
use crate::store_postgres;

/// A person who issues: a RUC that is hashed, as that of a customer is.
const PERSON: &str = "10876543210";
const CUSTOMER: &str = "00000001";

fn series() -> SeriesName {
    SeriesName::new(PERSON, NubefactKind::Factura, "FFF1")
}

/// A sale to a person, of which a note could be.
fn sale(number: u128, key: &str) -> NewDocument {
    let plain = new_document(number, key, key);
    NewDocument {
        series: series(),
        sheet: DocumentSheet {
            emisor: PERSON.into(),
            clave: key.into(),
            referencia: Some(format!("venta-{key}")),
            cliente: Some(DocumentBuyer {
                tipo: "1".into(),
                numero: CUSTOMER.into(),
                nombre: "PERSONA".into(),
            }),
            modifica: Some("01:FFF1-1".into()),
            ..DocumentSheet::default()
        },
        issued_on: Some("2026-11-28".parse().unwrap()),
        ..plain
    }
}

fn accepted() -> AttemptOutcome {
    let reply =
        br#"{"tipo_de_comprobante":1,"serie":"FFF1","numero":10,"aceptada_por_sunat":true}"#;
    let reply = NubefactReply::from_json(reply).unwrap();
    AttemptOutcome::Accepted {
        recovered: false,
        reply: StoredReply::of(&reply),
    }
}

/// Takes a sale on and has it issued with the next number.
async fn issue(store: &Arc<Store>, number: u128, key: &str) -> (Uuid, Uuid) {
    let journal = StoreJournal::new(store);
    journal.take_over().await.unwrap();
    journal.open_series(&series(), 9).await.unwrap();
    let new = sale(number, key);
    let id = new.id;
    let taken = store.accept_document(new).await.unwrap();
    assert_eq!(taken, AcceptedDocument::New(id));
    let intent = Intent::to_issue(PERSON, key, &document(key), minute(2));
    let Intended::Attempt(attempt) = journal.intend(&intent).await.unwrap() else {
        panic!("it was not issued yet")
    };
    let done = journal.conclude(attempt.id, &accepted(), minute(3)).await;
    assert!(done.unwrap().accepted().is_some());
    (id, attempt.id)
}

/// One issued, one that waits, a number of a stranger's, a hold and a file.
async fn a_past(store: &Arc<Store>) -> (Uuid, Uuid) {
    let (id, attempt) = issue(store, 1, "a").await;
    store.accept_document(sale(2, "b")).await.unwrap();
    store.note_theirs(&series(), 40).await.unwrap();
    let file = StoredFile {
        kind: "pdf".into(),
        hash: "ab".repeat(32),
        size: 3,
        at: minute(4),
    };
    store.put_document_files(id, vec![file]).await.unwrap();
    let company = store.document(id).await.unwrap().unwrap().company;
    let hold = IssuerHold {
        company,
        code: "51".into(),
        since: minute(4),
        until: minute(5),
        tries: 0,
    };
    store.hold_issuer(hold).await.unwrap();
    (id, attempt)
}

/// Everything that was true of that past is true here.
async fn check_the_past(store: &Arc<Store>, id: Uuid, attempt: Uuid) {
    // 1. Found by all that it is found by, and opened.
    let row = store.document_of_key(PERSON, "a").await.unwrap().unwrap();
    assert_eq!((row.id, row.numero), (id, Some(10)));
    assert_eq!(row.state, DocumentState::Accepted);
    assert!(row.reply.is_some());
    let filter = |one: DocumentFilter| DocumentFilter {
        issuers: Some(vec![PERSON.into()]),
        ..one
    };
    for (one, count) in [
        (DocumentFilter::default(), 2),
        (
            DocumentFilter {
                customer: Some(CUSTOMER.into()),
                ..Default::default()
            },
            2,
        ),
        (
            DocumentFilter {
                customer: Some("00000002".into()),
                ..Default::default()
            },
            0,
        ),
        (
            DocumentFilter {
                referencia: Some("venta-a".into()),
                ..Default::default()
            },
            1,
        ),
    ] {
        let page = store.documents(&filter(one), 50, None).await.unwrap();
        assert_eq!(page.rows.len(), count);
    }
    let bearers = store
        .documents_of_number(&series(), 10, JournalDeed::Issue)
        .await;
    assert_eq!(bearers.unwrap().len(), 1);
    assert_eq!(store.documents_for(CUSTOMER).await.unwrap().len(), 2);
    assert_eq!(store.count_documents_by(PERSON).await.unwrap(), 2);
    // 2. Kept whole.
    let draft = store.document_draft(id).await.unwrap();
    assert!(draft.is_some());
    let journal = StoreJournal::new(store);
    let body = journal.body(attempt).await.unwrap().unwrap();
    assert!(std::str::from_utf8(&body).unwrap().contains("FFF1"));
    assert_eq!(store.document_files(id).await.unwrap().len(), 1);
    assert_eq!(store.issuer_holds().await.unwrap()[0].company, row.company);
    assert_eq!(store.check_events().await.unwrap(), Ok(4));
    let counts = store.document_series().await.unwrap();
    assert_eq!(
        (&counts[0].count.series, counts[0].count.last),
        (&series(), 10)
    );
    // 3. The same wish is that document, and another number of the stranger's is refused.
    for (wish, same) in [
        (sale(7, "a"), true),
        (
            NewDocument {
                content: "x".into(),
                request: [1; 32],
                ..sale(7, "a")
            },
            false,
        ),
    ] {
        let again = store.accept_document(wish).await.unwrap();
        let AcceptedDocument::Before {
            id: before,
            same: as_before,
            ..
        } = again
        else {
            panic!("{again:?}")
        };
        assert_eq!((before, as_before), (id, same));
    }
    let theirs = NewDocument {
        numero: Some(40),
        twin_allowed: true,
        ..sale(8, "c")
    };
    let refused = store.accept_document(theirs).await.unwrap();
    assert_eq!(refused, AcceptedDocument::NumberTheirs);
    // 4. It goes on: whoever had it before tells nothing any more.
    journal.take_over().await.unwrap();
    let intent = Intent::to_issue(PERSON, "b", &document("b"), minute(6));
    let Intended::Attempt(next) = journal.intend(&intent).await.unwrap() else {
        panic!("it waits")
    };
    assert_eq!(next.numero, 11);
    journal
        .conclude(next.id, &AttemptOutcome::NotSent, minute(7))
        .await
        .unwrap();
    assert_eq!(store.check_events().await.unwrap(), Ok(6));
}

fn key(digit: &str) -> MasterKey {
    MasterKey::parse(&digit.repeat(64)).unwrap()
}

async fn opened(dir: &Path, digit: &str) -> Arc<Store> {
    Arc::new(Store::open(dir, key(digit)).await.unwrap())
}

/// A copy of a folder that nobody works in.
async fn copied(dir: &Path, to: &Path) -> std::path::PathBuf {
    let copy = to.join(DATABASE_FILE);
    store::snapshot(dir, &copy).await.unwrap();
    store::prepare(&copy).await.unwrap();
    copy
}

async fn sqlite(file: &Path, statement: &'static str) {
    let mut connection = SqliteConnection::connect(&format!("sqlite:{}", file.display()))
        .await
        .unwrap();
    sqlx::raw_sql(statement)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn another_folder_and_another_key() {
    let dirs: Vec<_> = (0..5).map(|_| tempfile::tempdir().unwrap()).collect();
    let [old, new, staging, again, broken] = std::array::from_fn(|at| dirs[at].path());
    let store = opened(old, "1").await;
    let (id, attempt) = a_past(&store).await;
    store.close().await.unwrap();
    // 1. A chain that does not hold is not hashed anew.
    opened(new, "2").await.close().await.unwrap();
    let copy = copied(old, broken).await;
    sqlite(
        &copy,
        "UPDATE document_events SET state = 'ACEPTADO' WHERE seq = 1",
    )
    .await;
    let refused = store::absorb(new, key("2"), &copy, &key("1"), "uno").await;
    assert_eq!(refused.unwrap_err(), StoreError::Corrupt);
    // 2. All of it, sealed with the key of the place.
    let copy = copied(old, staging).await;
    let absorbed = store::absorb(new, key("2"), &copy, &key("1"), "uno")
        .await
        .unwrap();
    assert_eq!(absorbed.documents, 2);
    // 3. Once more brings nothing.
    let copy = copied(old, again).await;
    let absorbed = store::absorb(new, key("2"), &copy, &key("1"), "uno")
        .await
        .unwrap();
    assert_eq!(absorbed.documents, 0);
    let store = opened(new, "2").await;
    check_the_past(&store, id, attempt).await;
    store.close().await.unwrap();
}

#[tokio::test]
async fn two_stories_are_not_made_one() {
    let dirs: Vec<_> = (0..3).map(|_| tempfile::tempdir().unwrap()).collect();
    let [old, new, staging] = std::array::from_fn(|at| dirs[at].path());
    for (dir, number) in [(old, 1), (new, 2)] {
        let store = opened(dir, "1").await;
        issue(&store, number, "a").await;
        store.close().await.unwrap();
    }
    let copy = copied(old, staging).await;
    let refused = store::absorb(new, key("1"), &copy, &key("1"), "uno").await;
    assert_eq!(refused.unwrap_err(), StoreError::TwoJournals);
    let store = opened(new, "1").await;
    let page = store
        .documents(&DocumentFilter::default(), 50, None)
        .await
        .unwrap();
    assert_eq!(page.rows.len(), 1, "nothing of it was brought");
    assert_eq!(store.check_events().await.unwrap(), Ok(3));
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn to_a_server_and_back() {
    let Some(url) = store_postgres::database().await else {
        return;
    };
    let (here, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = opened(here.path(), "1").await;
    let (id, attempt) = a_past(&store).await;
    store.close().await.unwrap();
    let side = store::RemoteSide {
        url: &url,
        schema: "chaski",
    };
    let there = side
        .fill_from(&here.path().join(DATABASE_FILE))
        .await
        .unwrap();
    let returned = side.take_into(back.path()).await.unwrap();
    assert_eq!(there, returned, "every table, by its hash");
    let rows = |table: &str| there.iter().find(|it| it.table == table).map(|it| it.rows);
    for (table, count) in [
        ("documents", 2),
        ("document_attempts", 1),
        ("document_events", 4),
        ("document_series", 1),
        ("document_files", 1),
        ("issuer_holds", 1),
    ] {
        assert_eq!(rows(table), Some(count), "{table}");
    }
    let store = opened(back.path(), "1").await;
    check_the_past(&store, id, attempt).await;
    store.close().await.unwrap();
    // On the server itself nothing is different.
    let store = Store::open_remote(&url, "chaski", here.path(), key("1"))
        .await
        .unwrap();
    let store = Arc::new(store);
    check_the_past(&store, id, attempt).await;
    store.close().await.unwrap();
}

fn day(text: &str) -> (Date, Timestamp) {
    let day: Date = text.parse().unwrap();
    (day, chaski_core::lima_timestamp(day.at(0, 0, 0, 0)))
}

#[tokio::test]
async fn what_is_past_leaves_and_the_rest_holds() {
    on_each_backend(async |store: &Store| {
        // 1. In turn: one of 2026, one of 2027 and again one of 2026; and one that still waits.
        for (number, key, issued_on) in [
            (1, "a", "2026-12-30"),
            (2, "b", "2027-01-02"),
            (3, "c", "2026-12-31"),
            (4, "d", "2026-12-31"),
        ] {
            let (issued_on, at) = day(issued_on);
            let new = NewDocument {
                issued_on: Some(issued_on),
                at,
                twin_allowed: true,
                ..sale(number, key)
            };
            store.accept_document(new).await.unwrap();
            if key != "d" {
                let id = Uuid::from_u128(number);
                store.return_document(id, "prueba", at).await.unwrap();
            }
        }
        for number in [1, 2] {
            let file = StoredFile {
                kind: "pdf".into(),
                hash: "ab".repeat(32),
                size: 3,
                at: minute(4),
            };
            let id = Uuid::from_u128(number);
            store.put_document_files(id, vec![file]).await.unwrap();
        }
        assert_eq!(store.check_events().await.unwrap(), Ok(7));
        // 2. Not a day before.
        let past = async |before: &str| {
            let (before, begins) = day(before);
            store.past_documents(before, begins, 50).await.unwrap()
        };
        assert!(past("2026-12-30").await.is_empty());
        let gone = past("2027-01-01").await;
        let ids: Vec<Uuid> = gone.iter().map(|it| it.id).collect();
        assert_eq!(ids, [1, 3].map(Uuid::from_u128), "not the one that waits");
        assert!(gone[0].files.is_empty(), "its content is another's too");
        assert_eq!(store.forget_documents(ids).await.unwrap(), 2);
        // 3. Of the first nothing is left; those in between hang together.
        assert!(store.document(Uuid::from_u128(1)).await.unwrap().is_none());
        let first = store.document_events(Uuid::from_u128(1)).await.unwrap();
        assert!(first.is_empty());
        assert_eq!(store.check_events().await.unwrap(), Ok(5));
        let left = past("2028-01-01").await;
        assert_eq!(left[0].files, ["ab".repeat(32)]);
        store
            .forget_documents(vec![Uuid::from_u128(2)])
            .await
            .unwrap();
        assert_eq!(store.check_events().await.unwrap(), Ok(1));
        // 4. When all have left the next one still hangs on them.
        store
            .return_document(Uuid::from_u128(4), "prueba", minute(9))
            .await
            .unwrap();
        store
            .forget_documents(vec![Uuid::from_u128(4)])
            .await
            .unwrap();
        assert_eq!(store.check_events().await.unwrap(), Ok(0));
        store.accept_document(sale(5, "e")).await.unwrap();
        assert_eq!(store.check_events().await.unwrap(), Ok(1));
    })
    .await;
}

#[tokio::test]
async fn a_chain_without_its_beginning_does_not_hold() {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path(), "1").await;
    for (number, key) in [(1, "a"), (2, "b"), (3, "c")] {
        store.accept_document(sale(number, key)).await.unwrap();
    }
    store.close().await.unwrap();
    sqlite(
        &dir.path().join(DATABASE_FILE),
        "DELETE FROM document_events WHERE seq = 1",
    )
    .await;
    let store = opened(dir.path(), "1").await;
    let broken = store.check_events().await.unwrap().unwrap_err();
    assert_eq!(broken.seq, 2);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_full_disk_loses_and_doubles_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(dir.path()).await.unwrap());
    let (id, _) = issue(&store, 1, "a").await;
    store.accept_document(sale(2, "b")).await.unwrap();
    store.limit_size(Some(1)).await.unwrap();
    // 1. Nothing is promised that cannot be kept.
    let big = NewDocument {
        draft: vec![b'x'; 1 << 20],
        ..sale(3, "c")
    };
    let refused = store.accept_document(big.clone()).await;
    assert_eq!(refused.unwrap_err(), StoreError::DiskFull);
    let journal = StoreJournal::new(&store);
    let large = document(&"b".repeat(1 << 20));
    let intent = Intent::to_issue(PERSON, "grande", &large, minute(6));
    assert!(
        journal.intend(&intent).await.is_err(),
        "no number without its bytes"
    );
    // 2. Those that wait go on by themselves, with the next number.
    store.limit_size(None).await.unwrap();
    let taken = store.accept_document(big).await.unwrap();
    assert_eq!(taken, AcceptedDocument::New(Uuid::from_u128(3)));
    let intent = Intent::to_issue(PERSON, "b", &document("b"), minute(6));
    let Intended::Attempt(next) = journal.intend(&intent).await.unwrap() else {
        panic!("it waits")
    };
    assert_eq!(next.numero, 11);
    assert_eq!(store.document(id).await.unwrap().unwrap().numero, Some(10));
    assert!(matches!(store.check_events().await.unwrap(), Ok(6)));
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_busy_database_is_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let store = Arc::new(open(dir.path()).await.unwrap());
    store.accept_document(sale(1, "a")).await.unwrap();
    let url = format!("sqlite:{}", dir.path().join(DATABASE_FILE).display());
    let mut other = SqliteConnection::connect(&url).await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE")
        .execute(&mut other)
        .await
        .unwrap();
    let waiting = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.accept_document(sale(2, "b")).await })
    };
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished());
    sqlx::raw_sql("COMMIT").execute(&mut other).await.unwrap();
    other.close().await.unwrap();
    let taken = waiting.await.unwrap().unwrap();
    assert_eq!(taken, AcceptedDocument::New(Uuid::from_u128(2)));
    assert_eq!(store.check_events().await.unwrap(), Ok(2));
    store.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cuts_connections_loses_nothing_that_was_acknowledged() {
    let Some(url) = store_postgres::database().await else {
        return;
    };
    let dir = tempfile::tempdir().unwrap();
    let store = store_postgres::open(&url, dir.path()).await.unwrap();
    let store = Arc::new(store);
    StoreJournal::new(&store).take_over().await.unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let mut other = store_postgres::connect(&url).await;
    let mut acknowledged = Vec::new();
    for number in 1..=40_u128 {
        let new = NewDocument {
            twin_allowed: true,
            ..sale(number, &number.to_string())
        };
        let taking = {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.accept_document(new).await })
        };
        if number % 3 == 0 {
            sqlx::raw_sql(cut).execute(&mut other).await.unwrap();
        }
        // Who was told nothing asks again under the same key.
        let mut told = taking.await.unwrap();
        if told.is_err() {
            let again = NewDocument {
                twin_allowed: true,
                ..sale(number, &number.to_string())
            };
            told = store.accept_document(again).await;
        }
        match told {
            Ok(AcceptedDocument::New(id) | AcceptedDocument::Before { id, same: true, .. }) => {
                acknowledged.push(id);
            }
            Ok(other) => panic!("{other:?}"),
            Err(_) => {}
        }
    }
    assert!(acknowledged.len() > 30, "{}", acknowledged.len());
    for id in &acknowledged {
        let found = store.document(*id).await;
        let found = match found {
            // The reader's connection was cut as well.
            Err(_) => store.document(*id).await.unwrap(),
            Ok(found) => found,
        };
        assert!(found.is_some(), "acknowledged and lost");
    }
    let events = store.check_events().await.unwrap();
    assert!(events.unwrap() >= acknowledged.len() as u64);
    store.close().await.unwrap();
}
