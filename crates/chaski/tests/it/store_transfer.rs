//! Rows of every table taken to a server and back: by count and hash the same, whatever is in them.

use std::path::Path;

use chaski::store::{DATABASE_FILE, Moved, PostgresFault, RemoteSide, StoreError};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, SqliteConnection};

use crate::store::open;
use crate::store_postgres::database;

/// Rows of the two tables that grow, a hundred thousand in all.
const CALLS: u32 = 60_000;
const ANSWERS: u32 = 40_000;

async fn sqlite(file: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .foreign_keys(false);
    options.connect().await.unwrap()
}

/// Rows that are unlike each other in every table, made of the kinds of its columns: empty and large
/// texts and bytes, numbers at their ends, and what is missing wherever it may be.
async fn fill(file: &Path, calls: u32, answers: u32) {
    let mut connection = sqlite(file).await;
    let columns: Vec<(String, String, String, i64, i64)> = sqlx::query_as(
        "SELECT t.name, c.name, c.type, c.\"notnull\" OR c.pk > 0, c.pk FROM sqlite_schema t \
         JOIN pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name <> '_sqlx_migrations' ORDER BY t.name, c.cid",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    let mut tables: Vec<String> = columns.iter().map(|it| it.0.clone()).collect();
    tables.dedup();
    run(&mut connection, "BEGIN").await;
    for table in &tables {
        let rows = match table.as_str() {
            "calls" => calls,
            "answers" => answers,
            _ => 40,
        };
        let of_table: Vec<_> = columns.iter().filter(|it| it.0 == *table).collect();
        let names: Vec<&str> = of_table.iter().map(|it| it.1.as_str()).collect();
        let values: Vec<String> = of_table.iter().map(|it| value(it)).collect();
        let (names, values) = (names.join(", "), values.join(", "));
        let insert = format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) \
             INSERT OR REPLACE INTO {table} ({names}) SELECT {values} FROM n"
        );
        run(&mut connection, &insert).await;
    }
    run(&mut connection, "COMMIT").await;
}

/// What stands in a column of the row `i`.
fn value((table, name, kind, filled, key): &(String, String, String, i64, i64)) -> String {
    // What refers to another row has to find it.
    let refers = *key > 0 || ["batch", "partner"].contains(&name.as_str());
    if refers && kind == "INTEGER" {
        return "i".to_owned();
    }
    // A counter of one table is less than the largest number there is.
    let value = match kind.as_str() {
        "INTEGER" => {
            "CASE i % 5 WHEN 0 THEN 0 WHEN 1 THEN -1 WHEN 2 THEN 9223372036854775807 \
                      WHEN 3 THEN -9223372036854775807 - 1 ELSE i END"
        }
        "TEXT" if table == "meta" => "'m' || i",
        "TEXT" => {
            "CASE i % 4 WHEN 0 THEN 'ñ' || i WHEN 1 THEN '' || i WHEN 2 THEN '😀 \"''\\' || i \
                   ELSE upper(hex(i)) || char(9, 10) END"
        }
        _ => {
            "CASE i % 3 WHEN 0 THEN randomblob(40) WHEN 1 THEN CAST(i AS BLOB) \
              ELSE unhex(printf('00ff%08x', i)) END"
        }
    };
    if *filled == 0 {
        format!("CASE WHEN i % 7 = 0 THEN NULL ELSE {value} END")
    } else {
        value.to_owned()
    }
}

async fn run(connection: &mut SqliteConnection, statement: &str) {
    let statement = sqlx::raw_sql(AssertSqlSafe(statement.to_owned()));
    statement.execute(connection).await.unwrap();
}

fn counts(moved: &[Moved]) -> Vec<(&str, u64)> {
    moved
        .iter()
        .map(|it| (it.table.as_str(), it.rows))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_table_goes_there_and_back() {
    let Some(url) = database().await else { return };
    let (here, back) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    open(here.path()).await.unwrap().close().await.unwrap();
    let file = here.path().join(DATABASE_FILE);
    fill(&file, CALLS, ANSWERS).await;
    let side = RemoteSide {
        url: &url,
        schema: "chaski",
    };
    let there = side.fill_from(&file).await.unwrap();
    let filled = counts(&there);
    assert_eq!(filled.len(), 26, "{filled:?}");
    for (table, rows) in &filled {
        let least = match *table {
            "calls" => u64::from(CALLS),
            "answers" => u64::from(ANSWERS),
            _ => 20,
        };
        assert!(*rows >= least, "{table} has {rows} rows");
    }
    // The same once more is known to be there; anything else is refused.
    assert_eq!(side.fill_from(&file).await.unwrap(), there);
    let again = side.take_into(back.path()).await.unwrap();
    assert_eq!(again, there);
    let returned = back.path().join(DATABASE_FILE);
    let mut connection = sqlite(&returned).await;
    run(&mut connection, "DELETE FROM quota").await;
    drop(connection);
    let refused = side.fill_from(&returned).await.unwrap_err();
    assert_eq!(refused, StoreError::Postgres(PostgresFault::NotEmpty));
}

/// A run that was cut short leaves tables and nothing in them.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_cut_short_is_begun_anew() {
    let Some(url) = database().await else { return };
    let here = tempfile::tempdir().unwrap();
    open(here.path()).await.unwrap().close().await.unwrap();
    let file = here.path().join(DATABASE_FILE);
    fill(&file, 20_000, 10).await;
    let side = RemoteSide {
        url: &url,
        schema: "chaski",
    };
    let mut cut = 0;
    for milliseconds in [50, 100, 200, 300] {
        let patience = std::time::Duration::from_millis(milliseconds);
        cut += u32::from(
            tokio::time::timeout(patience, side.fill_from(&file))
                .await
                .is_err(),
        );
        // The server notices the end of a connection between two statements.
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    }
    assert!(cut > 0, "no run was cut short");
    let there = side.fill_from(&file).await.unwrap();
    assert!(there.iter().any(|it| it.rows == 20_000), "{there:?}");
}
