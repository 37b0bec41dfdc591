//! Copies of the data that somebody altered: whoever can write backups must not be able to make
//! a key, a verdict or a trigger of theirs hold.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use serde_json::{Value, json};
use sqlx::migrate::Migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection};
use tokio::runtime::Runtime;

use crate::cli_kit::{Place, Service, files_of};

type Parts = BTreeMap<String, Vec<u8>>;

fn parts_of(copy: &Path) -> Parts {
    let mut archive = zip::ZipArchive::new(fs::File::open(copy).unwrap()).unwrap();
    let names: Vec<String> = archive
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect();
    let mut parts = Parts::new();
    for name in names {
        let mut bytes = Vec::new();
        archive
            .by_name(&name)
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        parts.insert(name, bytes);
    }
    parts
}

fn write_copy(parts: &Parts, to: &Path) {
    let mut copy = zip::ZipWriter::new(fs::File::create(to).unwrap());
    for (name, bytes) in parts {
        copy.start_file(name.as_str(), zip::write::SimpleFileOptions::default())
            .unwrap();
        copy.write_all(bytes).unwrap();
    }
    copy.finish().unwrap();
}

/// What anybody can do who has no key: the hashes of the parts are renewed.
fn rehash(parts: &mut Parts) {
    let mut manifest: Value = serde_json::from_slice(&parts["copia.json"]).unwrap();
    let names: Vec<String> = parts.keys().cloned().collect();
    for name in names {
        if name == "copia.json" || name == "sello.json" {
            continue;
        }
        let bytes = &parts[&name];
        let hash = blake3::hash(bytes).to_hex().to_string();
        manifest["archivos"][name] = json!({"bytes": bytes.len(), "blake3": hash});
    }
    parts.insert(
        "copia.json".into(),
        serde_json::to_vec_pretty(&manifest).unwrap(),
    );
}

/// Changes the database of a copy as any program can.
fn with_sql(parts: &mut Parts, statements: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chaski.db");
    fs::write(&file, &parts["chaski.db"]).unwrap();
    Runtime::new().unwrap().block_on(async {
        let options = SqliteConnectOptions::new().filename(&file);
        let mut connection = options.connect().await.unwrap();
        let statements = sqlx::AssertSqlSafe(statements.to_owned());
        sqlx::raw_sql(statements)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    });
    parts.insert("chaski.db".into(), fs::read(&file).unwrap());
}

fn with_manifest(parts: &mut Parts, change: impl FnOnce(&mut Value)) {
    let mut manifest: Value = serde_json::from_slice(&parts["copia.json"]).unwrap();
    change(&mut manifest);
    parts.insert("copia.json".into(), serde_json::to_vec(&manifest).unwrap());
}

fn filled(service: &Service) -> Place {
    let place = Place::asking(service);
    place.run("ruc 20100070970 20131312955 -q").expect(0);
    place.run("dni 00000001 -q --motivo contrato");
    place.run("llaves crear tienda").expect(0);
    place
}

const NEW_KEY: &str = "INSERT INTO api_keys (id, prefix, hash, name, scopes, per_minute, per_day, created_at) \
     VALUES (x'000102030405060708090a0b0c0d0e0f', '0f3a9c1b2d4e', x'00', 'intruso', 'consultas dni', 0, 0, 0)";

/// Copies that somebody altered who has no key, each with what was done to it.
fn alterations(whole: &Parts) -> Vec<(String, Parts)> {
    let sql = [
        NEW_KEY,
        "UPDATE api_keys SET scopes = 'consultas dni lotes partners auditoria administracion', per_minute = 7777",
        "UPDATE answers SET reason = 'NOT_FOUND'",
        "UPDATE answers SET expires_at = 9000000000000000",
        "DELETE FROM calls",
        "CREATE TRIGGER t AFTER INSERT ON calls BEGIN DELETE FROM api_keys; END",
        "CREATE VIEW v AS SELECT * FROM api_keys",
        "UPDATE meta SET value = x'00' WHERE name = 'key_check'",
    ];
    let mut altered: Vec<(String, Parts)> = Vec::new();
    for statement in sql {
        let mut parts = whole.clone();
        with_sql(&mut parts, statement);
        rehash(&mut parts);
        altered.push((statement.to_owned(), parts));
    }
    let mut change = |what: &str, change: &dyn Fn(&mut Parts)| {
        let mut parts = whole.clone();
        change(&mut parts);
        altered.push((what.to_owned(), parts));
    };
    change("settings", &|parts| {
        parts.insert(
            "chaski.toml".into(),
            b"[migo]\nbase_url = \"https://otro.example/api\"\n".to_vec(),
        );
        rehash(parts);
    });
    change("a file more", &|parts| {
        parts.insert("chaski.db-wal".into(), b"algo".to_vec());
    });
    change("a file more, named", &|parts| {
        parts.insert("chaski.db-wal".into(), b"algo".to_vec());
        rehash(parts);
    });
    change("a path", &|parts| {
        parts.insert("../fuera".into(), b"algo".to_vec());
        rehash(parts);
    });
    change("another day", &|parts| {
        with_manifest(parts, |it| it["creada_utc"] = "2020-01-01T00:00:00Z".into());
    });
    change("the other side", &|parts| {
        with_manifest(parts, |it| it["sandbox"] = true.into());
    });
    change("no seal", &|parts| {
        parts.remove("sello.json");
    });
    change("no seal, of the new form", &|parts| {
        parts.remove("sello.json");
        with_sql(parts, NEW_KEY);
        rehash(parts);
    });
    change("a seal of zeros", &|parts| {
        let mut seal: Value = serde_json::from_slice(&parts["sello.json"]).unwrap();
        seal["sello"] = "0".repeat(64).into();
        parts.insert("sello.json".into(), seal.to_string().into_bytes());
    });
    change("the seal of nobody", &|parts| {
        parts.insert("sello.json".into(), b"{}".to_vec());
    });
    change("the key of the intruder", &|parts| {
        with_sql(parts, NEW_KEY);
        let key = chaski::store::MasterKey::parse(&"ab".repeat(32)).unwrap();
        parts.insert(
            "llave".into(),
            format!("{}\n", "ab".repeat(32)).into_bytes(),
        );
        rehash(parts);
        let seal = key.seal_copy(&parts["copia.json"]).to_hex().to_string();
        let seal = json!({"con": "llave", "huella": key.fingerprint(), "sello": seal});
        parts.insert("sello.json".into(), seal.to_string().into_bytes());
    });
    altered
}

/// Nothing of an altered copy takes effect, whichever part was altered and however well the hashes
/// were renewed.
#[test]
fn l09_a_copy_that_somebody_altered_is_refused() {
    let service = Service::new();
    let place = filled(&service);
    for flags in ["", "--con-llave", "--frase-archivo frase"] {
        place.write("frase", "cuatro caballos blancos\n");
        place.run(&format!("backup copia.zip {flags}")).expect(0);
        let whole = parts_of(&place.path("copia.zip"));
        let said = if flags.contains("frase") { flags } else { "" };
        let altered = alterations(&whole);
        let before = fs::read(place.data().join("chaski.db")).unwrap();
        let demand = if said.is_empty() {
            ""
        } else {
            "--exigir-sello"
        };
        for (what, parts) in altered {
            write_copy(&parts, &place.path("mala.zip"));
            let line = format!("restaurar mala.zip --reemplazar {said} {demand}");
            let ran = place.run(&line);
            assert!(
                ran.code == 1 || ran.code == 7,
                "{flags} {what}: {}",
                ran.shown()
            );
            assert!(!ran.err.contains("restaurado"), "{what}: {}", ran.err);
            let after = fs::read(place.data().join("chaski.db")).unwrap();
            assert!(before == after, "{flags} {what}: the data changed");
        }
        let names: Vec<_> = files_of(&place.data());
        assert!(
            !names
                .iter()
                .any(|(path, _)| path.display().to_string().contains("copia-")),
            "nothing is left behind: {names:?}"
        );
        place
            .run(&format!("restaurar copia.zip --reemplazar {said}"))
            .expect(0);
        let keys = place.run("llaves listar --format ndjson").expect(0);
        assert!(!keys.out.contains("intruso"), "{}", keys.out);
    }
}

/// A wrong key, a wrong phrase and an altered copy are told apart; what is missing is named.
#[test]
fn l09_what_the_seal_needs_is_said() {
    let service = Service::new();
    let mut place = filled(&service);
    let key = place.read("chaski_data/llave");
    // 1. On another machine: the key first, or the words that it is lost.
    place.run("backup copia.zip").expect(0);
    let ran = place.run("restaurar copia.zip --dir otra").expect(7);
    assert!(
        ran.err.contains("«llave»") && ran.err.contains("CHASKI_KEY_FILE"),
        "{}",
        ran.err
    );
    assert!(!place.path("otra/chaski.db").exists());
    let lost = place
        .run("restaurar copia.zip --dir perdida --sin-sello")
        .expect(0);
    assert!(lost.err.contains("el sello no se comprobó"), "{}", lost.err);
    place.write("la_llave", &key);
    place.set("CHASKI_KEY_FILE", "la_llave");
    let ran = place.run("restaurar copia.zip --dir otra").expect(0);
    assert!(!ran.err.contains("atención"), "{}", ran.err);
    place.write("la_llave", "cd".repeat(32));
    let ran = place.run("restaurar copia.zip --dir tercera").expect(7);
    assert!(ran.err.contains("no es la que selló"), "{}", ran.err);
    place.unset("CHASKI_KEY_FILE");
    // 2. With the key in it: the seal proves less, and that is said.
    place.run("backup con.zip --con-llave").expect(0);
    let ran = place.run("restaurar con.zip --dir cuarta").expect(0);
    assert!(ran.err.contains("vino en la misma copia"), "{}", ran.err);
    // 3. With a phrase: of a file or piped in, never guessed.
    place.write("corta", "corta");
    place
        .run("backup frase.zip --frase-archivo corta")
        .expect(2);
    place.run("backup frase.zip --frase").expect(2);
    let phrase = b"cuatro caballos blancos\n";
    place
        .run_with_input("backup frase.zip --frase --con-llave", phrase)
        .expect(0);
    let mode = fs::metadata(place.path("frase.zip"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let ran = place.run("restaurar frase.zip --dir quinta").expect(2);
    assert!(ran.err.contains("--frase-archivo"), "{}", ran.err);
    let ran = place
        .run_with_input(
            "restaurar frase.zip --dir quinta --frase",
            b"cinco caballos blancos\n",
        )
        .expect(7);
    assert!(ran.err.contains("Esa frase no es"), "{}", ran.err);
    let ran = place
        .run_with_input(
            "restaurar frase.zip --dir quinta --frase --exigir-sello",
            phrase,
        )
        .expect(0);
    assert!(!ran.err.contains("atención"), "{}", ran.err);
    place.run("ruc 20100070970 -q --dir quinta").expect(0);
    // 4. Nothing to seal with: said, and no copy without a seal.
    fs::remove_file(place.data().join("llave")).unwrap();
    let ran = place.run("backup nada.zip").expect(7);
    assert!(ran.err.contains("--frase"), "{}", ran.err);
    assert!(!place.path("nada.zip").exists());
    place
        .run_with_input("backup nada.zip --frase", phrase)
        .expect(0);
}

/// A copy of before there were seals: form 1, schema 7.
fn old_copy(parts: &mut Parts) {
    let folder = tempfile::tempdir().unwrap();
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/sqlite");
    for file in fs::read_dir(files).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        if name.as_str() < "0008" {
            fs::copy(file.path(), folder.path().join(name)).unwrap();
        }
    }
    let database = folder.path().join("chaski.db");
    Runtime::new().unwrap().block_on(async {
        let options = SqliteConnectOptions::new()
            .filename(&database)
            .create_if_missing(true);
        let mut connection = options.connect().await.unwrap();
        let migrations = Migrator::new(folder.path()).await.unwrap();
        migrations.run(&mut connection).await.unwrap();
        let versions = "PRAGMA application_id = 1128813387; PRAGMA user_version = 7";
        sqlx::raw_sql(versions)
            .execute(&mut connection)
            .await
            .unwrap();
        connection.close().await.unwrap();
    });
    parts.insert("chaski.db".into(), fs::read(&database).unwrap());
    parts.remove("sello.json");
    with_manifest(parts, |it| it["formato"] = 1.into());
    rehash(parts);
}

#[test]
fn l09_a_copy_of_before_there_were_seals() {
    let service = Service::new();
    let place = filled(&service);
    place.run("backup copia.zip").expect(0);
    let mut parts = parts_of(&place.path("copia.zip"));
    old_copy(&mut parts);
    write_copy(&parts, &place.path("vieja.zip"));
    let ran = place.run("restaurar vieja.zip --dir otra").expect(0);
    assert!(ran.err.contains("no tiene sello"), "{}", ran.err);
    place.run("llamadas --dir otra").expect(0);
    let ran = place
        .run("restaurar vieja.zip --dir tercera --exigir-sello")
        .expect(1);
    assert!(ran.err.contains("no tiene sello"), "{}", ran.err);
    // A trigger in it is none of ours, sealed or not.
    with_sql(
        &mut parts,
        "CREATE TRIGGER t AFTER INSERT ON calls BEGIN DELETE FROM api_keys; END",
    );
    rehash(&mut parts);
    write_copy(&parts, &place.path("vieja.zip"));
    place.run("restaurar vieja.zip --dir cuarta").expect(1);
}
