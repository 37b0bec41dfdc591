//! A `PostgreSQL` server of the tests' own, for the story of every backend, and what is this
//! database's alone. Where none is installed the story is not told, and that is said.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;
use std::{fs, io};

use chaski::store::{MasterKey, PostgresFault, Store, StoreError};
use chaski_client::{Allowance, Counter, Ledger, Taken};
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const SERVER: &str = include_str!("../outside/postgres.sh");

struct Server {
    dir: PathBuf,
    _process: Child,
}

static RUNNING: LazyLock<Option<Server>> = LazyLock::new(|| start(""));
static DATABASES: AtomicU32 = AtomicU32::new(0);

fn start(more: &str) -> Option<Server> {
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
        .env("MORE", more)
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

/// Every database that there is to try: the folder's own, and a new one of a server.
pub(crate) async fn databases() -> Vec<Option<String>> {
    let mut all = vec![None];
    all.extend(database().await.map(Some));
    all
}

/// The same for tests without a runtime of their own.
pub(crate) fn some_database() -> Option<String> {
    tokio::runtime::Runtime::new().unwrap().block_on(database())
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

pub(crate) async fn connect(url: &str) -> PgConnection {
    PgConnection::connect(url).await.unwrap()
}

/// Runs statements of the tests' own.
pub(crate) fn tell(url: &str, statements: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut connection = connect(url).await;
        let statements = sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned()));
        statements.execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    });
}

/// The schema of the real side.
const SCHEMA: &str = "chaski";

pub(crate) async fn open(url: &str, dir: &Path) -> Result<Store, StoreError> {
    Store::open_remote(url, SCHEMA, dir, MasterKey::load_or_create(dir)?).await
}

async fn run(url: &str, statements: &'static str) {
    let mut connection = connect(url).await;
    sqlx::raw_sql(statements)
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn there_is_one_server_and_any_number_of_others() {
    let Some(url) = database().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let serving = open(&url, dir.path()).await.unwrap();
    serving.become_server().await.unwrap();
    let beside = open(&url, dir.path()).await.unwrap();
    let served = StoreError::Postgres(PostgresFault::Served);
    assert_eq!(beside.become_server().await, Err(served.clone()));
    let facts = beside.server_facts().await.unwrap().unwrap();
    let me = format!("chaski pid {}", std::process::id());
    assert_eq!((facts.served_by, facts.served_from), (Some(me), None));
    assert!(
        facts.place.ends_with(url.split(['/', '?']).nth(3).unwrap()),
        "{}",
        facts.place
    );

    // The place is lost with the connection and taken by another: the first one writes nothing more.
    run(&url, END_ALL).await;
    beside.become_server().await.unwrap_err();
    beside.become_server().await.unwrap();
    let month = "2026-11";
    let now = jiff::Timestamp::UNIX_EPOCH;
    let _ = serving.snapshot_quota(month, now).await;
    assert_eq!(serving.snapshot_quota(month, now).await, Err(served));
    beside.snapshot_quota(month, now).await.unwrap();
    beside.close().await.unwrap();
    while serving.snapshot_quota(month, now).await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let late = open(&url, dir.path()).await.unwrap();
    late.become_server().await.unwrap_err();
    late.close().await.unwrap();
    serving.close().await.unwrap();
}

#[tokio::test]
async fn calls_of_before_are_listed_to_the_same_companies() {
    let Some(url) = database().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let store = open(&url, dir.path()).await.unwrap();
    crate::store::ask_as_before(&store).await;
    store.close().await.unwrap();
    run(
        &url,
        "ALTER TABLE chaski.calls DROP COLUMN company; \
         ALTER TABLE chaski.batches ADD COLUMN holder BIGINT; \
         DROP TABLE chaski.documents; DROP TABLE chaski.document_attempts; DROP TABLE chaski.document_series; DROP TABLE chaski.document_numbers; \
         DROP TABLE chaski.document_events; DROP TABLE chaski.issuer_holds; DROP TABLE chaski.document_files; DROP TABLE chaski.issuers; DELETE FROM chaski._sqlx_migrations WHERE version > 13",
    )
    .await;
    let store = open(&url, dir.path()).await.unwrap();
    crate::store::check_whose_calls(&store).await;
    store.close().await.unwrap();
}

/// Processes know of each other by files of a folder.
#[tokio::test]
async fn one_folder_at_a_time_works_with_a_database() {
    let Some(url) = database().await else { return };
    let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let store = open(&url, one.path()).await.unwrap();
    let second = open(&url, other.path()).await.unwrap_err();
    assert_eq!(second, StoreError::Postgres(PostgresFault::OtherFolder));
    store.close().await.unwrap();
    open(&url, other.path())
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
}

const END_ALL: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
    WHERE application_name LIKE 'chaski%' AND datname = current_database()";

#[tokio::test]
async fn a_server_that_would_forget_is_refused() {
    let Some(url) = database().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let refused = async |url: &str| match open(url, dir.path()).await {
        Err(StoreError::Postgres(fault)) => fault,
        other => panic!("{other:?}"),
    };
    let forgetful = format!("{url}&options[synchronous_commit]=off");
    assert_eq!(
        refused(&forgetful).await,
        PostgresFault::NoSynchronousCommit
    );
    let nowhere = url.replace("chapter_", "nothing_");
    assert_eq!(refused(&nowhere).await, PostgresFault::NoDatabase);
    let unreachable = format!("{url}&host=/nowhere");
    assert!(matches!(
        refused(&unreachable).await,
        PostgresFault::Unreachable { .. }
    ));
    for address in [
        "mysql://localhost/x",
        "postgres://h/x?clave=secreta",
        "postgres://:x",
    ] {
        assert_eq!(refused(address).await, PostgresFault::Address, "{address}");
    }
    let latin = encoded(&url, "LATIN1").await;
    assert_eq!(refused(&latin).await, PostgresFault::NotUtf8);
    let reading = format!("{url}&options[default_transaction_read_only]=on");
    assert_eq!(refused(&reading).await, PostgresFault::ReadOnly);

    run(
        &url,
        "CREATE SCHEMA chaski; CREATE TABLE chaski.others (id bigint)",
    )
    .await;
    let refused = open(&url, dir.path()).await.unwrap_err();
    assert!(matches!(refused, StoreError::NotOurs { .. }), "{refused}");
}

/// Started with a setting under which no confirmation means anything.
#[tokio::test]
async fn a_server_without_fsync_is_refused() {
    let server = tokio::task::spawn_blocking(|| start("-c fsync=off"))
        .await
        .unwrap();
    let Some(server) = server else { return };
    let dir = tempfile::tempdir().unwrap();
    let refused = open(&address(&server, "postgres"), dir.path())
        .await
        .unwrap_err();
    assert_eq!(refused, StoreError::Postgres(PostgresFault::NoFsync));
}

/// The address of another database beside one, with that encoding.
async fn encoded(url: &str, encoding: &str) -> String {
    let (before, rest) = url.rsplit_once("chapter_").unwrap();
    let (number, after) = rest.split_once('?').unwrap();
    let name = format!("{}_{number}", encoding.to_lowercase());
    let create =
        format!("CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0");
    let mut connection = connect(url).await;
    let create = sqlx::raw_sql(sqlx::AssertSqlSafe(create));
    create.execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    format!("{before}{name}?{after}")
}

/// What was accepted is written by a new connection when the old one is cut.
#[tokio::test]
async fn a_connection_that_breaks_is_replaced() {
    let Some(url) = database().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let store = open(&url, dir.path()).await.unwrap();
    store.probe().await.unwrap();
    run(&url, END_ALL).await;
    let now = jiff::Timestamp::UNIX_EPOCH;
    let _ = store.snapshot_quota("2026-11", now).await;
    store.snapshot_quota("2026-11", now).await.unwrap();
    store.close().await.unwrap();
}

/// Connections are cut again and again while calls are counted, also between the end of a transaction
/// and the word of the server that it has ended: each call counts once.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_counted_is_counted_once_whenever_the_connection_breaks() {
    let Some(url) = database().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let store = open(&url, dir.path()).await.unwrap();
    let cutting = tokio::spawn({
        let url = url.clone();
        async move {
            for _ in 0..60 {
                run(&url, END_ALL).await;
                tokio::time::sleep(Duration::from_millis(15)).await;
            }
        }
    });
    let mut spent = 0;
    while !cutting.is_finished() {
        store.spend("migo", "2026-11", 1).await.unwrap();
        spent += 1;
        // One group each: as many commits as there can be.
        let _ = store.flush().await;
    }
    cutting.await.unwrap();
    while store.flush().await.is_err() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let month = Counter::Month {
        provider: "migo".into(),
        month: "2026-11".into(),
    };
    assert_eq!(store.spent(&month).await.unwrap(), spent);
    store.close().await.unwrap();
}

/// The server commits and its word of that is lost on the way.
#[tokio::test(flavor = "multi_thread")]
async fn a_commit_whose_answer_is_lost_is_not_repeated() {
    let Some(url) = database().await else { return };
    let dir = tempfile::tempdir().unwrap();
    let cut = Arc::new(AtomicBool::new(false));
    let port = proxy(&url, Arc::clone(&cut)).await;
    let (user, rest) = url.split_once("localhost").unwrap();
    let database = rest.split('?').next().unwrap();
    let through = format!("{user}127.0.0.1:{port}{database}");
    let store = open(&through, dir.path()).await.unwrap();
    let month = Counter::Month {
        provider: "migo".into(),
        month: "2026-11".into(),
    };
    for round in 1..=5_u64 {
        store.spend("migo", "2026-11", 1).await.unwrap();
        cut.store(true, Ordering::Release);
        while store.flush().await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(!cut.load(Ordering::Acquire), "no commit was cut");
        assert_eq!(store.spent(&month).await.unwrap(), round);
    }
    // So is what somebody waits for: it is done, and that is said.
    cut.store(true, Ordering::Release);
    let day = Counter::Day {
        who: "llave:a".into(),
        day: "2026-11-28".into(),
    };
    let allowance = Allowance {
        counter: day.clone(),
        most: 9,
    };
    assert_eq!(store.take(&[allowance]).await.unwrap(), Taken::All);
    assert!(!cut.load(Ordering::Acquire), "no commit was cut");
    assert_eq!(store.spent(&day).await.unwrap(), 1);
    store.close().await.unwrap();
}

/// Stands between the store and the server. Told to cut, it lets the next commit through, waits for
/// its answer, and ends the connection instead of passing it on.
async fn proxy(url: &str, cut: Arc<AtomicBool>) -> u16 {
    let folder = url.split_once("host=").unwrap().1.to_owned();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((near, _)) = listener.accept().await {
            let far = tokio::net::UnixStream::connect(format!("{folder}/.s.PGSQL.5432"));
            tokio::spawn(between(near, far.await.unwrap(), Arc::clone(&cut)));
        }
    });
    port
}

async fn between(
    mut near: tokio::net::TcpStream,
    mut far: tokio::net::UnixStream,
    cut: Arc<AtomicBool>,
) {
    let (mut asked, mut said) = (vec![0; 65_536], vec![0; 65_536]);
    loop {
        tokio::select! {
            read = near.read(&mut asked) => {
                let Ok(count @ 1..) = read else { return };
                if far.write_all(&asked[..count]).await.is_err() { return }
            }
            read = far.read(&mut said) => {
                let Ok(count @ 1..) = read else { return };
                // The tag of the command that the server has ended.
                if holds(&said[..count], b"COMMIT\0") && cut.swap(false, Ordering::AcqRel) {
                    return;
                }
                if near.write_all(&said[..count]).await.is_err() { return }
            }
        }
    }
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
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
         FROM information_schema.columns WHERE table_schema = 'chaski' \
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
