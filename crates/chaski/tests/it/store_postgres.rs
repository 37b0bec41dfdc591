//! A `PostgreSQL` server of the tests' own, for the story of every backend, and what is this
//! database's alone. Where none is installed the story is not told, and that is said.

use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::{fs, io};

use chaski::store::{MasterKey, Store, StoreError};
use sqlx::{ConnectOptions, Connection, PgConnection};

/// Starts a server on a socket in a folder, and ends it when the tests have ended: then nobody
/// writes to its input any more.
const SERVER: &str = r#"
as=; test "$(id -u)" = 0 && as="setpriv --reuid=postgres --regid=postgres --clear-groups"
test -z "$as" || chown postgres "$DIR"
cd "$DIR"
$as "$BIN/initdb" -D "$DIR/data" -U postgres -A trust -E UTF8 --locale=C --no-sync >"$DIR/log" 2>&1
$as "$BIN/postgres" -D "$DIR/data" -k "$DIR" -c listen_addresses= -c max_connections=400 >>"$DIR/log" 2>&1 &
for i in $(seq 300); do "$BIN/pg_isready" -q -h "$DIR" && break; sleep 0.1; done
"$BIN/pg_isready" -q -h "$DIR" && echo ready
cat >/dev/null
kill -QUIT $!; wait; rm -rf "$DIR"
"#;

struct Server {
    dir: PathBuf,
    _process: Child,
}

static RUNNING: LazyLock<Option<Server>> = LazyLock::new(start);
static DATABASES: AtomicU32 = AtomicU32::new(0);

fn start() -> Option<Server> {
    let mut installed: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")
        .map(|versions| versions.flatten().map(|it| it.path().join("bin")).collect())
        .unwrap_or_default();
    installed.sort();
    let Some(bin) = installed.pop() else {
        // Where nothing may be skipped, such as in `.ci/run`.
        assert!(
            option_env!("CHASKI_TEST_NO_SKIPS").is_none(),
            "the package postgresql is missing"
        );
        // Not by a macro: what those print is kept back of a test that passes.
        let said = "\n*** NOT RUN on PostgreSQL: it is not installed ***\n";
        io::stderr().write_all(said.as_bytes()).unwrap();
        return None;
    };
    let dir = tempfile::tempdir().unwrap().keep();
    let mut process = Command::new("sh")
        .args(["-c", SERVER])
        .env("DIR", &dir)
        .env("BIN", bin)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut said = String::new();
    let output = process.stdout.take().unwrap();
    BufReader::new(output).read_line(&mut said).unwrap();
    let log = || fs::read_to_string(dir.join("log")).unwrap_or_default();
    assert_eq!(said, "ready\n", "{}", log());
    Some(Server {
        dir,
        _process: process,
    })
}

/// The address of a new database; none where there is no server.
pub(crate) async fn database() -> Option<String> {
    let server = RUNNING.as_ref()?;
    let number = DATABASES.fetch_add(1, Ordering::Relaxed);
    let mut connection = connect(&address(server, "postgres")).await;
    let create = format!("CREATE DATABASE chapter_{number}");
    sqlx::raw_sql(sqlx::AssertSqlSafe(create))
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
    Some(address(server, &format!("chapter_{number}")))
}

fn address(server: &Server, database: &str) -> String {
    format!(
        "postgres://postgres@localhost/{database}?host={}",
        server.dir.display()
    )
}

async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

pub(crate) async fn open(url: &str, dir: &std::path::Path) -> Result<Store, StoreError> {
    Store::open_remote(url, dir, MasterKey::load_or_create(dir)?).await
}

#[tokio::test]
async fn there_is_one_server_and_any_number_of_others() {
    let Some(url) = database().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let serving = open(&url, dir.path()).await.unwrap();
    assert!(serving.become_server().await.unwrap());
    let beside = open(&url, dir.path()).await.unwrap();
    assert!(!beside.become_server().await.unwrap());
    serving.close().await.unwrap();
    assert!(beside.become_server().await.unwrap());
    beside.close().await.unwrap();
}

#[tokio::test]
async fn a_server_that_would_forget_is_refused() {
    let Some(url) = database().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let forgetful = format!("{url}&options[synchronous_commit]=off");
    let refused = open(&forgetful, dir.path()).await.unwrap_err();
    assert!(
        refused.to_string().contains("synchronous_commit"),
        "{refused}"
    );
    let mut strange = connect(&url).await;
    sqlx::raw_sql("CREATE TABLE others (id bigint)")
        .execute(&mut strange)
        .await
        .unwrap();
    let refused = open(&url, dir.path()).await.unwrap_err();
    assert!(matches!(refused, StoreError::NotOurs { .. }), "{refused}");
}

/// What was accepted is written by a new connection when the old one is cut.
#[tokio::test]
async fn a_connection_that_breaks_is_replaced() {
    let Some(url) = database().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let store = open(&url, dir.path()).await.unwrap();
    store.probe().await.unwrap();
    let mut other = connect(&url).await;
    sqlx::raw_sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
         WHERE application_name = 'chaski' AND datname = current_database()",
    )
    .execute(&mut other)
    .await
    .unwrap();
    let _ = store
        .snapshot_quota("2026-11", jiff::Timestamp::UNIX_EPOCH)
        .await;
    store
        .snapshot_quota("2026-11", jiff::Timestamp::UNIX_EPOCH)
        .await
        .unwrap();
    store.close().await.unwrap();
}

/// Tables and their columns are the same in both databases, or one statement would not do.
#[tokio::test]
async fn both_schemas_have_the_same_columns() {
    let Some(url) = database().await else { return };
    let dir = tempfile::tempdir().unwrap();
    open(&url, dir.path()).await.unwrap().close().await.unwrap();
    let here = tempfile::tempdir().unwrap();
    let store = crate::store::open(here.path()).await.unwrap();
    store.close().await.unwrap();
    let remote: Vec<String> = sqlx::query_scalar(
        "SELECT table_name || '.' || column_name || CASE is_nullable WHEN 'NO' THEN '' ELSE '?' END \
         FROM information_schema.columns WHERE table_schema = current_schema() \
         AND table_name <> '_sqlx_migrations' ORDER BY 1",
    )
    .fetch_all(&mut connect(&url).await)
    .await
    .unwrap();
    let file = here.path().join(chaski::store::DATABASE_FILE);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(file);
    let local: Vec<String> = sqlx::query_scalar(
        "SELECT t.name || '.' || c.name || iif(c.\"notnull\" OR c.pk, '', '?') \
         FROM sqlite_schema t JOIN pragma_table_info(t.name) c \
         WHERE t.type = 'table' AND t.name <> '_sqlx_migrations' ORDER BY 1",
    )
    .fetch_all(&mut options.connect().await.unwrap())
    .await
    .unwrap();
    let sorted = |mut columns: Vec<String>| {
        columns.sort();
        columns
    };
    assert_eq!(sorted(local), sorted(remote));
}
