//! The database file itself: opening, permissions, errors, a full disk, several handles.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use chaski::partners::PartnerFields;
use chaski::store::{
    ApiKeyRow, CallFilter, Company, DATABASE_FILE, Due, KEY_FILE, MasterKey, NewPartner,
    PartnerFilter, Store, StoreError,
};
use chaski_client::{
    CacheDecision, Call, Counter, Key, Ledger, LedgerError, Memory, Owner, Reason, Remembered,
};
use chaski_core::Lang;
use jiff::{SignedDuration, Timestamp};
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use uuid::Uuid;

use crate::store_partners::{document, found};

/// 2026-11-02 in Lima, and minutes after it.
pub(crate) fn minute(minutes: i64) -> Timestamp {
    Timestamp::from_second(1_793_635_200).unwrap() + SignedDuration::from_mins(minutes)
}

/// Calls counted in November.
pub(crate) async fn spent(store: &Store) -> u64 {
    let november = Counter::Month {
        provider: "migo".into(),
        month: "2026-11".into(),
    };
    store.spent(&november).await.unwrap()
}

pub(crate) fn ruc(subject: &str) -> Key {
    Key {
        operation: "ruc",
        subject: subject.into(),
        personal: subject.starts_with("10"),
    }
}

pub(crate) fn dni(subject: &str) -> Key {
    Key {
        operation: "dni",
        subject: subject.into(),
        personal: true,
    }
}

pub(crate) fn answer(body: &str, at: Timestamp) -> Memory {
    Memory {
        provider: "migo",
        what: Remembered::Answer(Bytes::copy_from_slice(body.as_bytes())),
        stored_at: at,
        expires_at: at + SignedDuration::from_hours(24),
    }
}

pub(crate) fn refusal(message: &str, at: Timestamp) -> Memory {
    Memory {
        provider: "migo",
        what: Remembered::Refusal {
            reason: Reason::NotFound,
            message: message.into(),
        },
        stored_at: at,
        expires_at: at + SignedDuration::from_hours(24),
    }
}

/// A key, `llave:000000000001` in the record.
pub(crate) fn api_key(number: u128, company: Company) -> ApiKeyRow {
    ApiKeyRow {
        id: Uuid::from_u128(number),
        prefix: format!("{number:012}"),
        hash: [0; 32],
        name: "prueba".into(),
        company,
        company_shown: None,
        scopes: "partners auditoria".into(),
        per_minute: 0,
        per_day: 0,
        created_at: minute(0),
        expires_at: None,
        revoked_at: None,
    }
}

pub(crate) fn partner(id: u128, number: &str) -> NewPartner {
    NewPartner {
        id: Uuid::from_u128(id),
        document: document(number),
        fields: PartnerFields::default(),
    }
}

/// What a memory says, as text that can be compared.
pub(crate) fn words(memory: Option<&Memory>) -> String {
    match memory {
        None => "-".into(),
        Some(memory) => match &memory.what {
            Remembered::Answer(body) => {
                format!("answer {}", std::str::from_utf8(body).unwrap())
            }
            Remembered::Refusal { reason, message } => {
                format!("refusal {} {message}", reason.as_str())
            }
        },
    }
}

pub(crate) fn call(number: u128, key: Key, at: Timestamp) -> Call {
    Call {
        provider: "migo",
        id: Uuid::from_u128(number),
        lookup: Uuid::from_u128(number + 1_000_000),
        at,
        asked_by: "cli".into(),
        owner: Some(Owner::HOUSE),
        purpose: None,
        items: 1,
        key,
        attempt: 1,
        outcome: "SUCCESS",
        http_status: Some(200),
        duration_us: 1_500,
        cache: CacheDecision::Miss,
        batch: None,
        bodies: None,
    }
}

pub(crate) async fn open(dir: &Path) -> Result<Store, StoreError> {
    Store::open(dir, MasterKey::load_or_create(dir)?).await
}

pub(crate) async fn all_calls(store: &Store, mut filter: CallFilter) -> Vec<u128> {
    let mut ids = Vec::new();
    loop {
        let page = store.calls(&filter).await.unwrap();
        ids.extend(page.rows.iter().map(|row| row.id.as_u128()));
        filter.cursor = page.next;
        if filter.cursor.is_none() {
            return ids;
        }
    }
}

/// A connection of somebody else to the same file.
async fn stranger(dir: &Path) -> SqliteConnection {
    sqlx::sqlite::SqliteConnectOptions::new()
        .filename(dir.join(DATABASE_FILE))
        .create_if_missing(true)
        .connect()
        .await
        .unwrap()
}

async fn run(connection: &mut SqliteConnection, statements: &'static str) {
    sqlx::raw_sql(statements).execute(connection).await.unwrap();
}

/// Ten thousand may ask at once, and each holds what its question needs until memory has answered.
#[tokio::test]
async fn a_question_that_waits_holds_little() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path()).await.unwrap();
    let keys = [ruc("20100070970")];
    let (recall, claim) = (store.recall(&keys), store.claim(&keys));
    let held = [size_of_val(&*recall), size_of_val(&*claim)];
    assert!(held.iter().all(|bytes| *bytes <= 768), "{held:?} bytes");
    drop((recall, claim));
    store.close().await.unwrap();
}

#[tokio::test]
async fn the_files_are_private() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("datos");
    let store = open(&dir).await.unwrap();
    store
        .remember(vec![(ruc("20100038146"), answer("{}", minute(0)))])
        .await
        .unwrap();
    store.flush().await.unwrap();
    let mode = |name: &str| fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("."), 0o700);
    for file in [DATABASE_FILE, "chaski.db-wal", "chaski.db-shm", KEY_FILE] {
        assert_eq!(mode(file), 0o600, "{file}");
    }
}

#[tokio::test]
async fn opening_again_changes_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let key = ruc("20100038146");
    for round in 0..3_u32 {
        let store = open(dir.path()).await.unwrap();
        let known = store.recall(std::slice::from_ref(&key)).await.unwrap();
        let expected = if round == 0 { "-" } else { "answer {}" };
        assert_eq!(words(known[0].as_ref()), expected);
        assert_eq!(spent(&store).await, u64::from(round) * 3);
        store.spend("migo", "2026-11", 3).await.unwrap();
        assert_eq!(spent(&store).await, u64::from(round) * 3 + 3);
        store
            .remember(vec![(key.clone(), answer("{}", minute(0)))])
            .await
            .unwrap();
        store.check().await.unwrap();
        store.close().await.unwrap();
    }
    let mut connection = stranger(dir.path()).await;
    let migrations: i64 = sqlx::query_scalar("SELECT count(*) FROM _sqlx_migrations")
        .fetch_one(&mut connection)
        .await
        .unwrap();
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    let written = i64::try_from(fs::read_dir(files).unwrap().count()).unwrap();
    assert_eq!(migrations, written);
}

/// Takes a folder back to the schema before companies, and before what came after them.
const WITHOUT_COMPANIES: &str = "ALTER TABLE batches ADD COLUMN key_provider TEXT NOT NULL DEFAULT 'migo'; \
     DROP TABLE documents; DROP TABLE document_attempts; DROP TABLE document_series; DROP TABLE document_numbers; \
         DROP TABLE document_events; DROP TABLE issuer_holds; DROP TABLE document_files; DROP TABLE issuers; DROP TABLE brought; DROP TABLE idempotency; DROP INDEX jobs_counted; \
     DROP INDEX partners_document; DROP INDEX partners_check; \
     DROP TABLE asking; ALTER TABLE jobs DROP COLUMN holder; \
     ALTER TABLE partners DROP COLUMN company; \
     ALTER TABLE api_keys DROP COLUMN company; ALTER TABLE api_keys DROP COLUMN company_shown; \
     CREATE UNIQUE INDEX partners_document ON partners (num_document, document_type); \
     CREATE INDEX partners_check ON partners (sunat_last_check, seq, num_document, personal) \
     WHERE document_type = 'ruc' AND is_active = 1; \
     DROP TABLE days; ALTER TABLE calls DROP COLUMN company; \
     DELETE FROM _sqlx_migrations WHERE version > 5; PRAGMA user_version = 5";

/// What was there before there were companies is the house's: its partners, with what SUNAT said of
/// them, its keys, and the calls of those.
#[tokio::test]
async fn what_there_was_before_companies_is_the_houses() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    let mut key = api_key(1, Company::HOUSE);
    store.add_api_key(key.clone()).await.unwrap();
    for (id, number) in [(1, "20100038146"), (2, "10481516230")] {
        let made = store.create_partner(Company::HOUSE, partner(id, number), minute(0), None);
        assert!(made.await.unwrap());
        let check = found(number, 1, "ACTIVO", "HABIDO");
        store.note_checks(None, vec![check]).await.unwrap();
    }
    let asked = Call {
        asked_by: "llave:000000000001".into(),
        ..call(1, ruc("20100038146"), minute(0))
    };
    store.record(asked).await.unwrap();
    let every = PartnerFilter::default();
    let before = store.partners(Company::HOUSE, &every, 9, None);
    let before = before.await.unwrap().rows;
    assert_eq!(before.len(), 2);
    store.close().await.unwrap();
    let mut connection = stranger(dir.path()).await;
    run(&mut connection, WITHOUT_COMPANIES).await;
    connection.close().await.unwrap();

    let store = open(dir.path()).await.unwrap();
    store.check().await.unwrap();
    let after = store.partners(Company::HOUSE, &every, 9, None);
    assert_eq!(after.await.unwrap().rows, before);
    let known = store.api_keys().await.unwrap().remove(0);
    assert_eq!((known.id, known.company), (key.id, Company::HOUSE));
    assert_eq!(known.company_shown, None);
    let due = store
        .partners_due(Company::HOUSE, Due::All, jiff::Timestamp::MAX)
        .await
        .unwrap();
    assert_eq!(due.len(), 2);
    // From now on others may have the same ones.
    let company = store.company(&"20131312955".parse().unwrap());
    key = api_key(2, company);
    store.add_api_key(key).await.unwrap();
    for (id, number) in [(3, "20100038146"), (4, "10481516230")] {
        let made = store.create_partner(company, partner(id, number), minute(2), None);
        assert!(made.await.unwrap());
        let again = store.create_partner(Company::HOUSE, partner(id + 2, number), minute(2), None);
        assert!(!again.await.unwrap());
    }
    for (company, calls) in [(Company::HOUSE, 1), (company, 0)] {
        let filter = CallFilter {
            company: Some(company),
            limit: 9,
            ..CallFilter::default()
        };
        assert_eq!(store.calls(&filter).await.unwrap().rows.len(), calls);
    }
    store.close().await.unwrap();
}

/// Answers of the program before, where who answers was a part of the question: of two the newer one
/// stays, sealed ones open, and nothing is asked again.
#[tokio::test]
async fn answers_of_several_providers_become_one() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    let keys = [ruc("20100038146"), dni("00000001"), ruc("20131312955")];
    let entries = keys
        .iter()
        .map(|key| (key.clone(), answer("ANTES", minute(0))));
    store.remember(entries.collect()).await.unwrap();
    store
        .create_batch(crate::store_conformance::batch(1, &["20100038146"]))
        .await
        .unwrap();
    store.close().await.unwrap();
    let mut connection = stranger(dir.path()).await;
    run(
        &mut connection,
        "ALTER TABLE batches ADD COLUMN key_provider TEXT NOT NULL DEFAULT 'migo'; \
         ALTER TABLE batches ADD COLUMN holder INTEGER; \
         DROP TABLE asking; CREATE TABLE asking (subject BLOB NOT NULL, operation TEXT NOT NULL, \
         provider TEXT NOT NULL, holder INTEGER NOT NULL, \
         PRIMARY KEY (subject, operation, provider)) STRICT, WITHOUT ROWID; \
         DROP INDEX answers_key; \
         CREATE UNIQUE INDEX answers_key ON answers (subject, operation, provider); \
         INSERT INTO answers (provider, operation, subject, personal, body, stored_at, expires_at) \
         SELECT 'otro', operation, subject, 0, CAST('DESPUES' AS BLOB), \
         stored_at + 1, expires_at FROM answers WHERE subject = CAST('20131312955' AS BLOB); \
         ALTER TABLE calls DROP COLUMN company; \
         DROP TABLE documents; DROP TABLE document_attempts; DROP TABLE document_series; DROP TABLE document_numbers; \
         DROP TABLE document_events; DROP TABLE issuer_holds; DROP TABLE document_files; DROP TABLE issuers; DELETE FROM _sqlx_migrations WHERE version > 12; PRAGMA user_version = 12",
    )
    .await;
    connection.close().await.unwrap();
    let store = open(dir.path()).await.unwrap();
    store.check().await.unwrap();
    let known = store.recall(&keys).await.unwrap();
    let told: Vec<_> = known
        .into_iter()
        .map(|memory| {
            let memory = memory.unwrap();
            let chaski_client::Remembered::Answer(body) = memory.what else {
                panic!("a refusal")
            };
            (memory.provider, body)
        })
        .collect();
    let (before, after) = (Bytes::from("ANTES"), Bytes::from("DESPUES"));
    assert_eq!(
        told,
        [("migo", before.clone()), ("migo", before), ("otro", after)]
    );
    let items = store.pending_items(uuid::Uuid::from_u128(1)).await.unwrap();
    assert_eq!(items, [(0, ruc("20100038146"))]);
    store.close().await.unwrap();
}

/// Names under which calls were asked for before they bore a mark, and whose they are: by the place of
/// the key's company in `companies`, or nobody's.
const ASKED_BEFORE: [(&str, Option<usize>); 9] = [
    ("llave:000000000001", Some(0)),
    ("llave:000000000002", Some(1)),
    ("llave:000000000003", Some(2)),
    ("cli", Some(0)),
    ("http", Some(0)),
    ("programado", Some(0)),
    ("programado:empresas", None),
    ("cli:empresa", None),
    ("llave:0000000000ff", None),
];

fn companies(store: &Store) -> [Company; 3] {
    let of = |ruc: &str| store.company(&ruc.parse().unwrap());
    [Company::HOUSE, of("20131312955"), of("10481516230")]
}

/// Three keys, one of each kind of company, and a call under each name.
pub(crate) async fn ask_as_before(store: &Store) {
    for (number, company) in (1..).zip(companies(store)) {
        store.add_api_key(api_key(number, company)).await.unwrap();
    }
    for (number, (who, _)) in (1..).zip(ASKED_BEFORE) {
        let asked = Call {
            asked_by: who.into(),
            ..call(number, ruc("20100038146"), minute(0))
        };
        store.record(asked).await.unwrap();
    }
    store.flush().await.unwrap();
}

/// Each call is listed to the same company as before, under the same name.
pub(crate) async fn check_whose_calls(store: &Store) {
    for (place, company) in companies(store).into_iter().enumerate() {
        let filter = CallFilter {
            company: Some(company),
            limit: 9,
            ..CallFilter::default()
        };
        let rows = store.calls(&filter).await.unwrap().rows;
        let mut seen: Vec<_> = rows.iter().map(|row| row.asked_by.as_str()).collect();
        seen.reverse();
        let theirs = ASKED_BEFORE.iter().filter(|it| it.1 == Some(place));
        let theirs: Vec<_> = theirs.map(|(who, _)| *who).collect();
        assert_eq!(seen, theirs);
    }
    let all = CallFilter {
        limit: 99,
        ..CallFilter::default()
    };
    let all = store.calls(&all).await.unwrap().rows.len();
    assert_eq!(all, ASKED_BEFORE.len());
}

#[tokio::test]
async fn calls_of_before_are_listed_to_the_same_companies() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    ask_as_before(&store).await;
    store.close().await.unwrap();
    let mut connection = stranger(dir.path()).await;
    run(
        &mut connection,
        "ALTER TABLE calls DROP COLUMN company; ALTER TABLE batches ADD COLUMN holder INTEGER; \
         DROP TABLE documents; DROP TABLE document_attempts; DROP TABLE document_series; DROP TABLE document_numbers; \
         DROP TABLE document_events; DROP TABLE issuer_holds; DROP TABLE document_files; DROP TABLE issuers; DELETE FROM _sqlx_migrations WHERE version > 13; PRAGMA user_version = 13",
    )
    .await;
    connection.close().await.unwrap();
    let store = open(dir.path()).await.unwrap();
    store.check().await.unwrap();
    check_whose_calls(&store).await;
    store.close().await.unwrap();
}

/// A folder of the first schema, with a call in it, is brought up to date.
#[tokio::test]
async fn an_older_schema_is_brought_up_to_date() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    store
        .record(call(1, ruc("20100038146"), minute(0)))
        .await
        .unwrap();
    store.close().await.unwrap();
    let mut connection = stranger(dir.path()).await;
    run(&mut connection, WITHOUT_COMPANIES).await;
    run(
        &mut connection,
        "ALTER TABLE calls DROP COLUMN purpose; \
         DELETE FROM _sqlx_migrations WHERE version = 5; PRAGMA user_version = 4",
    )
    .await;
    connection.close().await.unwrap();
    let store = open(dir.path()).await.unwrap();
    let asked = Call {
        purpose: Some("alta".into()),
        ..call(2, ruc("20131312955"), minute(1))
    };
    store.record(asked).await.unwrap();
    store.flush().await.unwrap();
    let filter = CallFilter {
        limit: 10,
        ..CallFilter::default()
    };
    let rows = store.calls(&filter).await.unwrap().rows;
    let purposes: Vec<Option<&str>> = rows.iter().map(|row| row.purpose.as_deref()).collect();
    assert_eq!(purposes, [Some("alta"), None]);
}

#[tokio::test]
async fn what_was_accepted_is_kept_when_the_store_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    for number in 0..500 {
        store
            .record(call(number, ruc("20100038146"), minute(0)))
            .await
            .unwrap();
    }
    drop(store);
    let again = open(dir.path()).await.unwrap();
    let written = async {
        while again.figures().await.unwrap().calls < 500 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), written)
        .await
        .unwrap();
}

/// Opens a folder prepared by `prepare` and expects a code.
#[track_caller]
fn check_open<F: AsyncFnOnce(&Path)>(prepare: F, expected: &str) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let code = runtime.block_on(async {
        let dir = tempfile::tempdir().unwrap();
        prepare(dir.path()).await;
        match open(dir.path()).await {
            Ok(_) => "opened",
            Err(error) => {
                assert_ne!(error.message(Lang::Es), error.message(Lang::En));
                error.code()
            }
        }
    });
    assert_eq!(code, expected);
}

async fn used(dir: &Path) {
    let store = open(dir).await.unwrap();
    let key = dni("00000001");
    store
        .remember(vec![(key, answer("{}", minute(0)))])
        .await
        .unwrap();
    store.close().await.unwrap();
}

#[test]
fn each_way_not_to_open_is_said() {
    check_open(async |_| {}, "opened");
    check_open(async |dir| used(dir).await, "opened");
    check_open(
        async |dir| fs::write(dir.join(DATABASE_FILE), "no es una base de datos").unwrap(),
        "almacen_ajeno",
    );
    check_open(
        async |dir| run(&mut stranger(dir).await, "CREATE TABLE otra (x)").await,
        "almacen_ajeno",
    );
    check_open(
        async |dir| {
            let text = "PRAGMA application_id = 7; CREATE TABLE otra (x)";
            run(&mut stranger(dir).await, text).await;
        },
        "almacen_ajeno",
    );
    check_open(
        async |dir| {
            used(dir).await;
            run(&mut stranger(dir).await, "PRAGMA user_version = 99").await;
        },
        "almacen_mas_nuevo",
    );
    check_open(
        async |dir| {
            used(dir).await;
            let file = dir.join(DATABASE_FILE);
            let mut bytes = fs::read(&file).unwrap();
            bytes[100..4096].fill(0x5a);
            fs::write(&file, bytes).unwrap();
        },
        "almacen_danado",
    );
    check_open(
        async |dir| {
            used(dir).await;
            fs::remove_file(dir.join(KEY_FILE)).unwrap();
        },
        "llave_ausente",
    );
    check_open(
        async |dir| {
            used(dir).await;
            fs::write(dir.join(KEY_FILE), "ab".repeat(32)).unwrap();
        },
        "llave_incorrecta",
    );
    check_open(
        async |dir| fs::write(dir.join(KEY_FILE), "corta").unwrap(),
        "llave_mal_formada",
    );
    check_open(
        async |dir| fs::write(dir.join(KEY_FILE), [0xff, 0xfe, 0x00]).unwrap(),
        "llave_mal_formada",
    );
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_said() {
    let parent = tempfile::tempdir().unwrap();
    let file = parent.path().join("archivo");
    fs::write(&file, "").unwrap();
    let error = open(&file.join("datos")).await.unwrap_err();
    assert_eq!(error.code(), "almacen_solo_lectura");
    let error = open(&file).await.unwrap_err();
    assert_eq!(error.code(), "almacen_solo_lectura");

    let dir = parent.path().join("cerrada");
    fs::create_dir(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o500)).unwrap();
    if fs::write(dir.join("prueba"), "").is_ok() {
        eprintln!("SKIPPED: this user may write everywhere");
        return;
    }
    assert_eq!(open(&dir).await.unwrap_err().code(), "almacen_solo_lectura");
}

#[tokio::test]
async fn a_key_is_replaced_only_while_nothing_is_sealed() {
    let dir = tempfile::tempdir().unwrap();
    open(dir.path()).await.unwrap().close().await.unwrap();
    fs::remove_file(dir.path().join(KEY_FILE)).unwrap();
    let store = open(dir.path()).await.unwrap();
    store
        .remember(vec![(dni("00000001"), answer("{}", minute(0)))])
        .await
        .unwrap();
    store.close().await.unwrap();
    assert!(dir.path().join(KEY_FILE).exists());

    let other = MasterKey::parse(&"0F".repeat(32)).unwrap();
    let error = Store::open(dir.path(), other).await.unwrap_err();
    assert_eq!(error, StoreError::KeyWrong);
    open(dir.path()).await.unwrap();
}

#[test]
fn keys_are_parsed_and_never_shown() {
    check_key(&"0a".repeat(32), true);
    check_key(&format!(" {}\n", "FF".repeat(32)), true);
    check_key(&"0a".repeat(31), false);
    check_key(&"0g".repeat(32), false);
    check_key(&"ñ".repeat(32), false);
    check_key("", false);
}

#[track_caller]
fn check_key(text: &str, expected: bool) {
    match MasterKey::parse(text) {
        Ok(key) => {
            assert!(expected);
            assert_eq!(format!("{key:?}"), "MasterKey");
        }
        Err(error) => {
            assert!(!expected);
            assert_eq!(error, StoreError::KeyMalformed);
        }
    }
}

#[tokio::test]
async fn a_full_disk_is_said_and_nothing_is_lost() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    store.limit_size(Some(1)).await.unwrap();
    let body = "x".repeat(2_000);
    let number = |index: u32| format!("2010{index:07}");
    for index in 0..300 {
        let entry = (ruc(&number(index)), answer(&body, minute(0)));
        // Accepted or refused with an error: never waits for ever.
        let _ = store.remember(vec![entry]).await;
        let _ = store
            .record(call(index.into(), ruc(&number(index)), minute(0)))
            .await;
        let _ = store.spend("migo", "2026-11", 1).await;
    }
    let error = store.flush().await.unwrap_err();
    assert!(error.disk_full, "{error}");
    assert!(store.ready().unwrap_err().disk_full);
    assert_eq!(store.failure(), Some(StoreError::DiskFull));
    assert!(
        store
            .failure()
            .unwrap()
            .message(Lang::Es)
            .contains("libere espacio")
    );
    let busy = store
        .create_batch(crate::store_conformance::batch(1, &["20100038146"]))
        .await;
    assert_eq!(busy, Err(StoreError::DiskFull));
    assert_eq!(store.close().await, Err(StoreError::DiskFull));

    store.limit_size(None).await.unwrap();
    store.flush().await.unwrap();
    store.ready().unwrap();
    assert_eq!(store.failure(), None);
    assert_eq!(store.queued_rows(), 0);
    let figures = store.figures().await.unwrap();
    assert_eq!((figures.answers, figures.calls), (300, 300));
    assert_eq!(spent(&store).await, 300);
    store.close().await.unwrap();
    assert_eq!(spent(&open(dir.path()).await.unwrap()).await, 300);
}

#[tokio::test]
async fn ready_again_without_any_write() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    store.limit_size(Some(1)).await.unwrap();
    let many: Vec<String> = (0..3_000).map(|index| format!("2010{index:07}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let failed = store
        .create_batch(crate::store_conformance::batch(1, &many))
        .await;
    assert_eq!(failed, Err(StoreError::DiskFull));
    store.ready().unwrap_err();
    // Nothing is queued, so only a write of its own can show that there is room again.
    store.limit_size(None).await.unwrap();
    store.flush().await.unwrap();
    store.ready().unwrap();
    assert_eq!(store.batches(None, 10, None).await.unwrap().rows.len(), 0);
}

#[tokio::test]
async fn two_handles_share_one_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (one, two) = tokio::join!(open(dir.path()), open(dir.path()));
    let (one, two) = (one.unwrap(), two.unwrap());
    for index in 0..50_u32 {
        let (writer, reader) = if index % 2 == 0 {
            (&one, &two)
        } else {
            (&two, &one)
        };
        let key = dni(&format!("{index:08}"));
        writer
            .remember(vec![(key.clone(), answer("{}", minute(0)))])
            .await
            .unwrap();
        writer
            .record(call(index.into(), key.clone(), minute(0)))
            .await
            .unwrap();
        writer.spend("migo", "2026-11", 2).await.unwrap();
        writer.flush().await.unwrap();
        let known = reader.recall(&[key]).await.unwrap();
        assert_eq!(words(known[0].as_ref()), "answer {}");
    }
    assert_eq!((spent(&one).await, spent(&two).await), (100, 100));
    assert_eq!(one.figures().await.unwrap().calls, 50);
    assert_eq!(two.figures().await.unwrap().calls, 50);
}

#[tokio::test]
async fn a_lock_held_by_another_process_is_said_and_survived() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    let mut other = stranger(dir.path()).await;
    run(&mut other, "BEGIN IMMEDIATE").await;
    store
        .record(call(1, ruc("20100038146"), minute(0)))
        .await
        .unwrap();
    // Waits for the busy time-out of the database.
    store.flush().await.unwrap_err();
    assert_eq!(store.failure(), Some(StoreError::Locked));
    run(&mut other, "ROLLBACK").await;
    store.flush().await.unwrap();
    store.ready().unwrap();
    assert_eq!(store.figures().await.unwrap().calls, 1);
    other.close().await.unwrap();
}

#[tokio::test]
async fn a_database_that_another_process_keeps_for_itself_is_said() {
    let dir = tempfile::tempdir().unwrap();
    used(dir.path()).await;
    let mut other = stranger(dir.path()).await;
    run(
        &mut other,
        "PRAGMA locking_mode = EXCLUSIVE; DELETE FROM quota",
    )
    .await;
    assert_eq!(open(dir.path()).await.unwrap_err(), StoreError::Locked);
    other.close().await.unwrap();
    open(dir.path()).await.unwrap();
}

#[tokio::test]
async fn a_thousand_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let store = std::sync::Arc::new(open(dir.path()).await.unwrap());
    let tasks: Vec<_> = (0..1_000_u32)
        .map(|index| {
            let store = std::sync::Arc::clone(&store);
            tokio::spawn(async move {
                let key = dni(&format!("{index:08}"));
                let body = format!("{{\"n\":{index}}}");
                let memory = answer(&body, minute(0));
                store.remember(vec![(key.clone(), memory)]).await.unwrap();
                store
                    .record(call(index.into(), key.clone(), minute(0)))
                    .await
                    .unwrap();
                let known = store.recall(&[key]).await.unwrap();
                assert_eq!(words(known[0].as_ref()), format!("answer {body}"));
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    store.flush().await.unwrap();
    let figures = store.figures().await.unwrap();
    assert_eq!((figures.answers, figures.calls), (1_000, 1_000));
}

#[tokio::test]
async fn single_recalls_at_once_each_get_their_own_answer() {
    let dir = tempfile::tempdir().unwrap();
    let (writer, reader) = tokio::join!(open(dir.path()), open(dir.path()));
    let (writer, reader) = (writer.unwrap(), std::sync::Arc::new(reader.unwrap()));
    let key = |index: u32| match index % 2 {
        0 => ruc(&format!("20{index:09}")),
        _ => dni(&format!("{index:08}")),
    };
    let known = |index: u32| !index.is_multiple_of(3);
    let entries = (0..500).filter(|index| known(*index));
    let entries = entries.map(|index| (key(index), answer(&index.to_string(), minute(0))));
    writer.remember(entries.collect()).await.unwrap();
    writer.flush().await.unwrap();
    let tasks: Vec<_> = (0..500_u32)
        .map(|index| {
            let (reader, key) = (std::sync::Arc::clone(&reader), key(index));
            tokio::spawn(async move { reader.recall(&[key]).await.unwrap() })
        })
        .collect();
    for (index, task) in (0..).zip(tasks) {
        let expected = if known(index) {
            format!("answer {index}")
        } else {
            "-".to_owned()
        };
        assert_eq!(words(task.await.unwrap()[0].as_ref()), expected);
    }
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path()).await.unwrap();
    store.close().await.unwrap();
    let said = |error: LedgerError| error.message;
    let closed = StoreError::Closed.message(Lang::Es);
    let record = store.record(call(1, ruc("20100038146"), minute(0))).await;
    assert_eq!(said(record.unwrap_err()), closed);
    assert_eq!(said(store.flush().await.unwrap_err()), closed);
    let recall = store.recall(&[ruc("20100038146")]).await;
    assert_eq!(said(recall.unwrap_err()), closed);
    assert_eq!(store.close().await, Err(StoreError::Closed));
}
