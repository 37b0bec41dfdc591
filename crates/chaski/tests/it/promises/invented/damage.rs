//! A database that was emptied, cut short or replaced is damage, not a new folder.

use std::path::Path;

use chaski::store::{DATABASE_FILE, KEY_FILE, MasterKey, Store, StoreError};
use sqlx::{ConnectOptions, Connection};

use crate::cli_kit::{Numbers, Place, Service, files_of};
use crate::store::{answer, dni, minute};
use chaski_client::Ledger;

async fn opened(dir: &Path) -> Result<Store, StoreError> {
    Store::open(dir, MasterKey::load_or_create(dir)?).await
}

/// A folder with something of a person in it.
async fn used() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let store = opened(dir.path()).await.unwrap();
    let memory = answer(r#"{"nombre":"PRUEBA"}"#, minute(0));
    let remembered = store.remember(vec![(dni("00000001"), memory)]);
    remembered.await.unwrap();
    store.close().await.unwrap();
    dir
}

/// It is refused as damage, and nothing in the folder changes but the locks.
#[track_caller]
fn check_damaged(outcome: Result<Store, StoreError>, what: &str) {
    let error = outcome.map(drop).expect_err(what);
    assert_eq!(error.code(), "almacen_danado", "{what}: {error}");
    assert!(error.message(chaski_core::Lang::Es).contains("restaure"));
}

#[tokio::test]
async fn l08_a_database_cut_short_beside_its_key_is_damage() {
    let dir = used().await;
    let file = dir.path().join(DATABASE_FILE);
    let whole = std::fs::read(&file).unwrap();
    let mut lengths = vec![0, 1, 15, 16, 99, 100, 101, 4_095, 4_096, whole.len() - 1];
    let mut numbers = Numbers(8);
    lengths.extend((0..40).map(|_| {
        let end = u64::try_from(whole.len()).unwrap();
        usize::try_from(numbers.below(end)).unwrap()
    }));
    for length in lengths {
        std::fs::write(&file, &whole[..length]).unwrap();
        let before = files_of(dir.path());
        check_damaged(opened(dir.path()).await, &format!("{length} bytes"));
        assert_eq!(files_of(dir.path()), before, "{length} bytes");
    }
    // The checks above can fail.
    std::fs::write(&file, &whole).unwrap();
    opened(dir.path()).await.unwrap().close().await.unwrap();
}

#[tokio::test]
async fn l08_what_is_not_our_database_beside_a_key_is_damage() {
    let dir = used().await;
    let file = dir.path().join(DATABASE_FILE);
    let other = dir.path().join("otra.db");
    for statements in ["CREATE TABLE ajena (dato TEXT)", "PRAGMA user_version = 3"] {
        let options = sqlx::sqlite::SqliteConnectOptions::new()
            .filename(&other)
            .create_if_missing(true);
        let mut connection = options.connect().await.unwrap();
        sqlx::raw_sql(statements)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
        std::fs::rename(&other, &file).unwrap();
        check_damaged(opened(dir.path()).await, statements);
    }
    for text in ["hola\n", "SQLite format 3", &"x".repeat(5_000)] {
        std::fs::write(&file, text).unwrap();
        check_damaged(opened(dir.path()).await, text);
    }
    std::fs::write(&file, [0; 8_192]).unwrap();
    check_damaged(opened(dir.path()).await, "zeros");
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    check_damaged(opened(dir.path()).await, "a folder");
    std::fs::remove_dir(&file).unwrap();
    check_damaged(opened(dir.path()).await, "gone");
    std::fs::write(dir.path().join("chaski.db-wal"), "resto").unwrap();
    check_damaged(opened(dir.path()).await, "a log alone");
}

#[tokio::test]
async fn l08_a_database_without_its_key_is_not_given_another() {
    let dir = used().await;
    std::fs::remove_file(dir.path().join(KEY_FILE)).unwrap();
    let outcome = opened(dir.path()).await;
    assert_eq!(outcome.map(drop), Err(StoreError::KeyMissing));
    assert!(!dir.path().join(KEY_FILE).exists());
}

/// Killed while it makes a folder, the next start finds no empty database in its place.
#[tokio::test]
async fn l08_a_folder_that_was_being_made_is_made_again() {
    for half in ["", "SQLite format 3\0", "a piece of something"] {
        let dir = tempfile::tempdir().unwrap();
        MasterKey::of_folder(dir.path()).unwrap();
        std::fs::write(dir.path().join("chaski.db.nueva"), half).unwrap();
        opened(dir.path()).await.unwrap().close().await.unwrap();
        assert!(!dir.path().join("chaski.db.nueva").exists());
    }
}

#[test]
fn l08_every_command_says_what_to_do_and_restaurar_mends_it() {
    let service = Service::new();
    let place = Place::asking(&service);
    place.run("ruc 20100070970").expect(0);
    place.run("backup copia.zip --con-llave").expect(0);
    std::fs::write(place.data().join(DATABASE_FILE), "").unwrap();
    for line in ["ruc 20100070970", "serve --listen 127.0.0.1:0", "llaves"] {
        let ran = place.run(line).expect(1);
        assert!(ran.err.contains("chaski restaurar"), "{line}: {}", ran.err);
    }
    assert_eq!(service.asked_since(0), ["20100070970"]);
    place.run("restaurar copia.zip --reemplazar").expect(0);
    place.run("ruc 20100070970").expect(0);
    assert_eq!(service.asked_since(0), ["20100070970"]);
}
