//! Personal data at rest: it is in no byte of the data folder, and sealed bytes moved to another
//! row do not open.

use std::fs;
use std::path::Path;

use bytes::Bytes;
use chaski::store::{DATABASE_FILE, ItemState, RefusalFilter};
use chaski_client::{Bodies, Call, Key, Ledger};
use sqlx::{ConnectOptions, SqliteConnection};
use uuid::Uuid;

use crate::store::{answer, call, dni, minute, open, refusal, ruc, words};
use crate::store_conformance::{batch, claimed};

const DNI: &str = "48151623";
const RUC: &str = "10481516239";
const COMPANY: &str = "20100038146";
const NAME: &str = "CANARIO DE PRUEBA";

/// Names of the files of the folder that contain a text.
fn files_with(dir: &Path, text: &str) -> Vec<String> {
    let mut found: Vec<String> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| {
            let bytes = fs::read(entry.path()).unwrap_or_default();
            bytes
                .windows(text.len())
                .any(|part| part == text.as_bytes())
        })
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn no_byte_tells_a_person() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    let person = format!("{{\"dni\":\"{DNI}\",\"nombre\":\"{NAME}\"}}");
    let told = format!("{NAME} con DNI {DNI} no figura");
    store
        .remember(vec![
            (dni(DNI), answer(&person, minute(0))),
            (ruc(RUC), refusal(&told, minute(0))),
            (ruc(COMPANY), answer("{\"empresa\":1}", minute(0))),
        ])
        .await
        .unwrap();
    let bodies = || {
        Some(Bodies {
            request: Bytes::from(format!("[\"{RUC}\"]")),
            answer: Bytes::from(person.clone()),
        })
    };
    let shared = Key {
        subject: "".into(),
        personal: false,
        ..ruc(COMPANY)
    };
    let calls = [
        call(1, dni(DNI), minute(0)),
        Call {
            bodies: bodies(),
            ..call(2, ruc(RUC), minute(0))
        },
        Call {
            bodies: bodies(),
            ..call(3, shared, minute(0))
        },
    ];
    for call in calls {
        store.record(call).await.unwrap();
    }
    store.create_batch(batch(1, &[COMPANY, RUC])).await.unwrap();
    let learned = vec![(ruc(RUC), answer(&person, minute(1)))];
    let states = vec![(1, ItemState::Answered)];
    store.remember(learned).await.unwrap();
    let claim = claimed(&store, 1).await;
    store.note_items(&claim, states, 0).await.unwrap();
    store.flush().await.unwrap();

    let expect_clean = || {
        for secret in [DNI, RUC, NAME] {
            assert_eq!(files_with(dir.path(), secret), Vec::<String>::new());
        }
    };
    // A company's number is not personal: this shows that the search would find one.
    assert!(files_with(dir.path(), COMPANY).contains(&"chaski.db-wal".to_owned()));
    expect_clean();
    store.erase_subject(RUC).await.unwrap();
    expect_clean();
    store.close().await.unwrap();
    assert_eq!(files_with(dir.path(), COMPANY), [DATABASE_FILE]);
    expect_clean();
}

#[tokio::test]
async fn erased_bytes_leave_the_files() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    // Not sealed, so that it can be searched for.
    let entry = (ruc(COMPANY), answer("\"canario-borrado\"", minute(0)));
    store.remember(vec![entry]).await.unwrap();
    store
        .record(call(1, ruc(COMPANY), minute(0)))
        .await
        .unwrap();
    store.create_batch(batch(1, &[COMPANY])).await.unwrap();
    assert!(!files_with(dir.path(), "canario-borrado").is_empty());
    let erased = store.erase_subject(COMPANY).await.unwrap();
    assert!(erased.log_emptied);
    for text in ["canario-borrado", COMPANY] {
        assert_eq!(files_with(dir.path(), text), Vec::<String>::new());
    }
}

async fn tampered(dir: &Path, statement: &'static str) {
    let mut connection: SqliteConnection = sqlx::sqlite::SqliteConnectOptions::new()
        .filename(dir.join(DATABASE_FILE))
        .connect()
        .await
        .unwrap();
    sqlx::raw_sql(statement)
        .execute(&mut connection)
        .await
        .unwrap();
}

#[tokio::test]
async fn sealed_bytes_do_not_open_elsewhere() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    let (one, two) = (dni("00000001"), dni("00000002"));
    store
        .remember(vec![
            (one.clone(), answer("1", minute(0))),
            (two.clone(), answer("2", minute(0))),
            (dni("00000003"), refusal("palabras", minute(0))),
        ])
        .await
        .unwrap();
    store.flush().await.unwrap();
    let said = async || {
        let known = store.recall(&[one.clone(), two.clone()]).await.unwrap();
        [words(known[0].as_ref()), words(known[1].as_ref())]
    };
    assert_eq!(said().await, ["answer 1", "answer 2"]);
    // One person's answer under another's number: unknown, and not the wrong one.
    tampered(
        dir.path(),
        "UPDATE answers SET body = (SELECT body FROM answers ORDER BY seq LIMIT 1) \
         WHERE seq = (SELECT seq FROM answers ORDER BY seq LIMIT 1 OFFSET 1)",
    )
    .await;
    assert_eq!(said().await, ["answer 1", "-"]);
    tampered(
        dir.path(),
        "UPDATE answers SET body = substr(body, 1, length(body) - 1)",
    )
    .await;
    assert_eq!(said().await, ["-", "-"]);
    tampered(dir.path(), "UPDATE answers SET body = x''").await;
    assert_eq!(said().await, ["-", "-"]);
    let listed = store
        .refusals(&RefusalFilter::default(), 10, None)
        .await
        .unwrap();
    assert_eq!(
        (listed.rows.len(), listed.rows[0].message.as_str()),
        (1, "")
    );

    let mut new = batch(1, &[]);
    new.items = [one, two].into_iter().collect();
    new.operation = "dni";
    store.create_batch(new).await.unwrap();
    tampered(
        dir.path(),
        "UPDATE batch_items SET sealed = (SELECT sealed FROM batch_items WHERE position = 0)",
    )
    .await;
    let swapped = store.pending_items(Uuid::from_u128(1)).await.unwrap_err();
    assert_eq!(swapped.code(), "almacen_danado");
}
