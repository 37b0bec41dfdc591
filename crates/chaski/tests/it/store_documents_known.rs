//! What others name is found by what they name: the credit notes on a document, keys, numbers; also what was taken
//! over before it was noted what a note modifies.

use std::collections::HashSet;

use bytes::Bytes;
use chaski::store::{
    AcceptedDocument, DATABASE_FILE, DocumentSheet, EditedDocument, NewDocument, Store,
};
use chaski_client::{
    AttemptOutcome, AttemptRecord, JournalDeed, JournalEntry, NubefactId, NubefactKind,
    NubefactReply, SeriesName, StoredReply,
};
use serde_json::json;
use sqlx::{Connection, SqliteConnection};
use uuid::Uuid;

use crate::store::{minute, open};
use crate::store_conformance::on_each_backend;
use crate::store_documents::{ISSUER, new_document, series};

/// A note that a journal knows: its number, what it modifies, what it comes to, and SUNAT's word.
struct Note {
    numero: u32,
    modified: u32,
    total: &'static str,
    word: &'static str,
}

const ACCEPTED: &str = r#""aceptada_por_sunat":true"#;
const REJECTED: &str = r#""aceptada_por_sunat":false,"sunat_responsecode":"3286""#;
const VOIDED: &str = r#""anulado":true"#;

fn notes_series() -> SeriesName {
    SeriesName::new(ISSUER, NubefactKind::NotaCredito, "FFF1")
}

fn factura(numero: u32) -> NubefactId {
    NubefactId::new(NubefactKind::Factura, "FFF1", numero).unwrap()
}

/// A document that exists, under a key, with what was sent and what was answered.
fn entry(series: SeriesName, numero: u32, key: &str, reply: &str) -> JournalEntry {
    let reply = StoredReply::of(&NubefactReply::from_json(reply.as_bytes()).unwrap());
    let id = Uuid::from_u128(u128::from(numero) + (key.len() as u128) * 1_000);
    JournalEntry {
        id,
        series,
        deed: JournalDeed::Issue,
        numero,
        own_numero: false,
        key: key.into(),
        content: "contenido".into(),
        at: minute(1),
        attempts: vec![AttemptRecord {
            id: Uuid::from_u128(id.as_u128() + 500_000),
            numero,
            hash: "hash".into(),
            at: minute(1),
            outcome: Some(AttemptOutcome::Accepted {
                recovered: false,
                reply: reply.clone(),
            }),
            concluded_at: Some(minute(2)),
            absent_at: None,
        }],
        reply: Some(reply),
        abandoned: false,
    }
}

impl Note {
    async fn taken_over(&self, store: &Store) {
        let Note {
            numero,
            modified,
            total,
            word,
        } = self;
        let reply =
            format!(r#"{{"tipo_de_comprobante":3,"serie":"FFF1","numero":{numero},{word}}}"#);
        let sent = json!({
            "documento_que_se_modifica_tipo": 1,
            "documento_que_se_modifica_serie": "FFF1",
            "documento_que_se_modifica_numero": modified,
            "total": total,
        });
        let entry = entry(
            notes_series(),
            *numero,
            &format!("nota-{numero:02}"),
            &reply,
        );
        let bodies = vec![Bytes::from(sent.to_string())];
        store.take_over_document(entry, bodies).await.unwrap();
    }
}

const NOTES: [Note; 5] = [
    Note {
        numero: 1,
        modified: 7,
        total: "10.50",
        word: ACCEPTED,
    },
    Note {
        numero: 2,
        modified: 7,
        total: "2.00",
        word: REJECTED,
    },
    Note {
        numero: 3,
        modified: 8,
        total: "100.00",
        word: ACCEPTED,
    },
    Note {
        numero: 4,
        modified: 7,
        total: "1.00",
        word: VOIDED,
    },
    Note {
        numero: 5,
        modified: 7,
        total: "20",
        word: r#""aceptada_por_sunat":false"#,
    },
];

/// A note that is wanted, within so many hundredths.
fn wanted(number: u128, modified: &str, total: i64, limit: i64) -> NewDocument {
    let key = format!("n{number}");
    NewDocument {
        series: notes_series(),
        sheet: DocumentSheet {
            emisor: ISSUER.into(),
            clave: key.clone(),
            modifica: Some(modified.to_owned()),
            ..DocumentSheet::default()
        },
        total: Some(total),
        credit_limit: Some(limit),
        twin: None,
        ..new_document(number, &key, &key)
    }
}

/// The numbers of the notes on each of some documents.
async fn notes_on(store: &Store, documents: &[u32]) -> Vec<Vec<u32>> {
    let mut all = Vec::new();
    for numero in documents {
        let notes = store.credit_notes_on(ISSUER, &factura(*numero)).await;
        all.push(notes.unwrap().iter().map(|it| it.numero).collect());
    }
    all
}

#[tokio::test]
async fn the_notes_on_a_document_and_what_is_left_of_it() {
    on_each_backend(async |store: &Store| {
        for note in NOTES {
            note.taken_over(store).await;
        }
        // Neither what SUNAT refused nor what was voided takes anything off.
        assert_eq!(
            notes_on(store, &[7, 8, 9]).await,
            [vec![1, 5], vec![3], vec![]]
        );
        let of_nobody = store.credit_notes_on("20100070970", &factura(7)).await;
        assert!(of_nobody.unwrap().is_empty());
        // The transaction counts the same, and what waits besides.
        let accept = async |new| store.accept_document(new).await.unwrap();
        let left = AcceptedDocument::CreditUsedUp;
        assert_eq!(accept(wanted(1, "01:FFF1-7", 870, 3_900)).await, left(850));
        let first = Uuid::from_u128(1);
        let taken = accept(wanted(1, "01:FFF1-7", 850, 3_900)).await;
        assert_eq!(taken, AcceptedDocument::New(first));
        assert_eq!(accept(wanted(2, "01:FFF1-7", 1, 3_900)).await, left(0));
        assert_eq!(
            notes_on(store, &[7]).await,
            [[1, 5]],
            "it is not issued yet"
        );
        // Edited, a note is on what it modifies now.
        store
            .return_document(first, "prueba", minute(3))
            .await
            .unwrap();
        let edited = store
            .edit_document(wanted(1, "01:FFF1-9", 850, 3_900))
            .await;
        assert_eq!(edited.unwrap(), EditedDocument::Queued);
        assert_eq!(accept(wanted(3, "01:FFF1-9", 1, 850)).await, left(0));
        let third = Uuid::from_u128(3);
        let taken = accept(wanted(3, "01:FFF1-7", 850, 3_900)).await;
        assert_eq!(taken, AcceptedDocument::New(third));
    })
    .await;
}

#[tokio::test]
async fn keys_and_numbers_that_are_of_something() {
    on_each_backend(async |store: &Store| {
        let reply = |numero: u32| {
            format!(r#"{{"tipo_de_comprobante":1,"serie":"FFF1","numero":{numero},{ACCEPTED}}}"#)
        };
        let issued = async |numero: u32, key: &str| {
            let entry = entry(series(), numero, key, &reply(numero));
            let body = Bytes::from_static(b"{}");
            store.take_over_document(entry, vec![body]).await.unwrap();
        };
        issued(1, "a").await;
        issued(2, "chain#3").await;
        // What waits is nothing yet; of a wish that came to nothing there may be another.
        for (number, key) in [(91, "b"), (92, "chain"), (93, "chain#2"), (94, "gap")] {
            let new = NewDocument {
                twin: None,
                ..new_document(number, key, key)
            };
            store.accept_document(new).await.unwrap();
        }
        let mut keys: Vec<String> = (0..1_200).map(|at| format!("otra-{at}")).collect();
        keys.extend(["a", "b", "chain", "gap"].map(str::to_owned));
        let found = store.issued_keys(ISSUER, &keys).await.unwrap();
        assert_eq!(found, HashSet::from(["a".to_owned(), "chain".to_owned()]));
        let of_nobody = store.issued_keys("20100070970", &keys).await.unwrap();
        assert!(of_nobody.is_empty());
        let numbers: Vec<u32> = (1..=1_200).collect();
        let mut found = store.issued_numbers(&series(), &numbers).await.unwrap();
        found.sort_unstable();
        assert_eq!(found, [(1, "a".to_owned()), (2, "chain#3".to_owned())]);
        let others = store
            .issued_numbers(&notes_series(), &numbers)
            .await
            .unwrap();
        assert!(others.is_empty());
    })
    .await;
}

/// Notes of a folder of before are found too: it is looked for them once, when it is opened.
#[tokio::test]
async fn notes_of_before_are_marked_once() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.unwrap();
    for note in NOTES {
        note.taken_over(&store).await;
    }
    store.close().await.unwrap();
    let forget = async |statement: &'static str| {
        let file = folder.path().join(DATABASE_FILE);
        let url = format!("sqlite:{}", file.display());
        let mut connection = SqliteConnection::connect(&url).await.unwrap();
        let done = sqlx::raw_sql(statement).execute(&mut connection).await;
        done.unwrap();
        connection.close().await.unwrap();
    };
    forget("UPDATE documents SET modifies = NULL, total = NULL").await;
    let store = open(folder.path()).await.unwrap();
    assert_eq!(
        notes_on(&store, &[7, 8]).await,
        [[0; 0]; 2],
        "it was looked for them before"
    );
    store.close().await.unwrap();
    forget("DELETE FROM meta WHERE name = 'notes_marked'").await;
    let store = open(folder.path()).await.unwrap();
    assert_eq!(notes_on(&store, &[7, 8]).await, [vec![1, 5], vec![3]]);
    let accepted = store
        .accept_document(wanted(1, "01:FFF1-8", 1, 10_000))
        .await;
    assert_eq!(accepted.unwrap(), AcceptedDocument::CreditUsedUp(0));
    store.close().await.unwrap();
}
