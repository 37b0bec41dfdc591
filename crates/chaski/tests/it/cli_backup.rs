//! A copy taken while others write, put in place again, and every copy that must not be.

use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use chaski::app::backups::{Manner, RestoredKey, backup, restore};
use chaski::app::{App, Mode, WantedMode};
use chaski::config::{Config, Layers, Surroundings};
use chaski::store::MasterKey;
use chaski_client::{Ask, Clock};

use crate::cli_kit::{Place, Service, companies, files_of};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

/// A place with an answer about a company and a person, and their calls.
fn filled(service: &Service) -> Place {
    let place = Place::asking(service);
    place.run("ruc 20100070970 -q").expect(0);
    place.run("dni 87654321 -q --motivo contrato").expect(0);
    place
}

/// What was answered and recorded is there, and is not asked for again.
#[track_caller]
fn check_restored(place: &Place, service: &Service, dir: &str) {
    let asked = service.asked_since(0).len();
    place
        .run(&format!("ruc 20100070970 -q --dir {dir}"))
        .expect(0);
    place.run(&format!("dni 87654321 -q --dir {dir}")).expect(0);
    assert_eq!(service.asked_since(0).len(), asked, "answers are there");
    let calls = place
        .run(&format!("llamadas --enviadas --dir {dir}"))
        .expect(0);
    assert_eq!(calls.objects().len(), 2, "and so is the record");
}

#[test]
fn there_and_back() {
    let service = Service::new();
    let place = filled(&service);
    let taken = place.run("backup copia.zip --con-llave").expect(0);
    assert!(taken.err.contains("Copia verificada"), "{}", taken.err);
    assert!(taken.err.contains("La llave va dentro"), "{}", taken.err);
    let mode = std::fs::metadata(place.path("copia.zip"))
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let ran = place.run("restaurar copia.zip --dir otra").expect(0);
    assert!(ran.err.contains("Restaurado en otra"), "{}", ran.err);
    check_restored(&place, &service, "otra");
    for (path, _) in files_of(&place.path("otra")) {
        let mode = std::fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}", path.display());
    }
    // The same in English, into the folder it came from.
    let refused = place.run("restore copia.zip").expect(2);
    assert!(refused.err.contains("Ya hay datos"), "{}", refused.err);
    place.run("ruc 20131312955 -q").expect(0);
    let replaced = place.run("restore copia.zip --reemplazar").expect(0);
    assert!(replaced.err.contains("anterior-"), "{}", replaced.err);
    check_restored(&place, &service, "chaski_data");
    let aside = std::fs::read_dir(place.data())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.display().to_string().contains("anterior-"))
        .unwrap();
    place
        .run(&format!(
            "llamadas --numero 20131312955 --dir {}",
            aside.display()
        ))
        .expect(0);
}

#[test]
fn without_the_key_personal_data_stay_closed() {
    let service = Service::new();
    let mut place = filled(&service);
    let taken = place.run("backup copia.zip").expect(0);
    assert!(taken.err.contains("La llave no va dentro"), "{}", taken.err);
    let key = place.read("chaski_data/llave");
    let names = zip_names(&place.path("copia.zip"));
    assert_eq!(
        names,
        ["chaski.db", "chaski.toml", "copia.json", "sello.json"]
    );
    let ran = place.run("restaurar copia.zip --dir otra").expect(7);
    assert!(ran.err.contains("el archivo «llave»"), "{}", ran.err);
    let ran = place
        .run("restaurar copia.zip --dir otra --sin-sello")
        .expect(0);
    assert!(ran.err.contains("Falta la llave"), "{}", ran.err);
    place.run("llamadas --dir otra").expect(7);
    place.write("otra/llave", &key);
    check_restored(&place, &service, "otra");
    // On the machine that took it, the key is there already.
    place.run("restaurar copia.zip --reemplazar").expect(0);
    check_restored(&place, &service, "chaski_data");
    // Or it comes from outside: then no copy of it is left in the folder.
    place.run("backup con.zip --con-llave").expect(0);
    place.set("CHASKI_KEY", KEY);
    let wrong = place.run("restaurar con.zip --dir tercera").expect(7);
    assert!(wrong.err.contains("no es la que selló"), "{}", wrong.err);
    place.set("CHASKI_KEY", key.trim());
    place.run("restaurar con.zip --dir tercera").expect(0);
    assert!(!place.path("tercera/llave").exists());
    check_restored(&place, &service, "tercera");
}

/// Every part is as its manifest says, and the database in it is not whole all the same.
#[test]
fn a_database_that_is_not_whole() {
    let service = Service::new();
    let place = filled(&service);
    place.run("backup copia.zip").expect(0);
    let mut archive = zip::ZipArchive::new(std::fs::File::open(place.path("copia.zip")).unwrap());
    let archive = archive.as_mut().unwrap();
    let mut part = |name: &str| {
        let mut bytes = Vec::new();
        archive
            .by_name(name)
            .unwrap()
            .read_to_end(&mut bytes)
            .unwrap();
        bytes
    };
    let (mut database, settings) = (part("chaski.db"), part("chaski.toml"));
    let mut manifest: serde_json::Value = serde_json::from_slice(&part("copia.json")).unwrap();
    let middle = database.len() / 2;
    database[middle..].fill(0xa5);
    manifest["archivos"]["chaski.db"]["blake3"] =
        blake3::hash(&database).to_hex().to_string().into();
    // Whoever has the key can seal it.
    let manifest = manifest.to_string().into_bytes();
    let key = MasterKey::load(&place.data()).unwrap().unwrap();
    let hash = key.seal_copy(&manifest).to_hex().to_string();
    let seal = serde_json::json!({"con": "llave", "huella": key.fingerprint(), "sello": hash});
    let mut copy = zip::ZipWriter::new(std::fs::File::create(place.path("mala.zip")).unwrap());
    for (name, bytes) in [
        ("chaski.db", database),
        ("chaski.toml", settings),
        ("copia.json", manifest),
        ("sello.json", seal.to_string().into_bytes()),
    ] {
        copy.start_file(name, zip::write::SimpleFileOptions::default())
            .unwrap();
        copy.write_all(&bytes).unwrap();
    }
    copy.finish().unwrap();
    let ran = place.run("restaurar mala.zip --reemplazar").expect(1);
    assert!(ran.err.contains("está dañada"), "{}", ran.err);
    check_restored(&place, &service, "chaski_data");
}

fn zip_names(path: &Path) -> Vec<String> {
    let file = std::fs::File::open(path).unwrap();
    let archive = zip::ZipArchive::new(file).unwrap();
    let mut names: Vec<String> = archive
        .file_names()
        .map(|name| name.unwrap().into_owned())
        .collect();
    names.sort();
    names
}

#[test]
fn the_configuration_goes_with_it_and_a_plain_token_does_not() {
    const TOKEN: &str = "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW";
    let place = Place::new();
    place.run("ruc 20100070970 -q").expect(0);
    place.write(
        "chaski.toml",
        format!(
            "[migo]\ntoken = \"{TOKEN}\"\nrpm = 7 # poco\n[ruc]\nblocked = [\"20999999999\"]\n"
        ),
    );
    place.run("backup copia.zip --sandbox").expect(0);
    let own = "--sin-sello";
    place
        .run(&format!("restaurar copia.zip --dir otra {own}"))
        .expect(0);
    let settings = place.read("otra/sandbox/chaski.toml");
    assert!(
        !settings.contains(TOKEN) && settings.contains("# migo.token"),
        "{settings}"
    );
    place
        .run("config check --config otra/sandbox/chaski.toml")
        .expect(0);
    let shown = place
        .run("config show --config otra/sandbox/chaski.toml")
        .expect(0);
    assert!(
        shown.out.contains(r#"{"clave":"migo.rpm","valor":"7"}"#),
        "{}",
        shown.out
    );
    // Sealed it goes: it is of no use without the key.
    place.run("config init --force").expect(0);
    place
        .run_with_input("config set migo.token", TOKEN.as_bytes())
        .expect(0);
    place.run("backup sellada.zip --sandbox").expect(0);
    place
        .run(&format!("restaurar sellada.zip --dir tercera {own}"))
        .expect(0);
    assert!(
        place
            .read("tercera/sandbox/chaski.toml")
            .contains("sellado:")
    );
}

#[test]
fn copies_that_must_not_be_used() {
    let service = Service::new();
    let place = filled(&service);
    place.run("backup copia.zip --con-llave").expect(0);
    let whole = std::fs::read(place.path("copia.zip")).unwrap();
    // Each copy with one byte changed is refused, or is as good as the original.
    let mut refused = 0;
    for at in (0..whole.len()).step_by(whole.len() / 60 + 1) {
        let mut copy = whole.clone();
        copy[at] ^= 0x20;
        place.write("mala.zip", &copy);
        let ran = place.run("restaurar mala.zip --dir nueva");
        if ran.code == 0 {
            check_restored(&place, &service, "nueva");
            std::fs::remove_dir_all(place.path("nueva")).unwrap();
        } else {
            refused += 1;
            assert!(!place.path("nueva/chaski.db").exists(), "{}", ran.shown());
        }
    }
    assert!(refused > 40, "{refused} refused");
    for (content, code) in [
        // One that was cut off is damaged; what never was one is not.
        (&whole[..whole.len() / 2], 1),
        (b"PK\x03\x04".as_slice(), 1),
        (b"RUC\n20100070970\n".as_slice(), 2),
        (b"".as_slice(), 2),
    ] {
        place.write("mala.zip", content);
        place.run("restaurar mala.zip --dir nueva").expect(code);
    }
    place.run("restaurar no_hay.zip --dir nueva").expect(1);
    assert!(!place.path("nueva/chaski.db").exists());
}

#[test]
fn what_a_copy_must_not_write_over() {
    let service = Service::new();
    let place = filled(&service);
    place.write("informe.xlsx", "mío");
    place.run("backup informe.xlsx").expect(2);
    assert_eq!(place.read("informe.xlsx"), "mío");
    // A copy of ours is replaced, once the new one is verified; a folder gets a name with the date.
    place.run("backup copia.zip").expect(0);
    place.run("backup copia.zip").expect(0);
    std::fs::create_dir(place.path("copias")).unwrap();
    place.run("backup copias").expect(0);
    let names: Vec<_> = files_of(&place.path("copias"));
    assert_eq!(names.len(), 1, "nothing else is left behind");
    assert!(names[0].0.extension().is_some_and(|it| it == "zip"));
    let empty = place.run("backup otra.zip --dir vacia").expect(2);
    assert!(empty.err.contains("No hay datos"), "{}", empty.err);
    assert!(!place.path("vacia").exists());
}

fn replacing() -> Manner {
    Manner {
        replace: true,
        ..Manner::default()
    }
}

fn config(dir: &Path) -> Config {
    let around = Surroundings {
        variables: [("CHASKI_DIR".to_owned(), dir.display().to_string())].into(),
        here: dir.to_owned(),
    };
    Layers::read(&around, None, &[]).unwrap().config().unwrap()
}

/// Copies are taken while look-ups are being answered and recorded; each holds every call that
/// was durable before it began.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_others_write() {
    let folder = tempfile::tempdir().unwrap();
    let config = config(&folder.path().join("datos"));
    let app = App::open(config.clone(), WantedMode::Sandbox, Clock::system())
        .await
        .unwrap();
    let numbers = companies(11, 200);
    let (mut copies, mut durable) = (Vec::new(), 0);
    for (count, number) in numbers.iter().enumerate() {
        app.lookup_rucs(&[number.parse().unwrap()], &Ask::by("test"))
            .await;
        if count % 50 == 49 {
            chaski_client::Ledger::flush(&**app.store()).await.unwrap();
            durable = count as u64 + 1;
            let to = folder.path().join(format!("{count}.zip"));
            let taking = backup(&config, Mode::Sandbox, "", &to, true, None, app.clock.now());
            let more = companies(count as u64, 30);
            let asking = async {
                for number in &more {
                    app.lookup_rucs(&[number.parse().unwrap()], &Ask::by("test"))
                        .await;
                }
            };
            let (taken, ()) = tokio::join!(taking, asking);
            let taken = taken.unwrap();
            assert!(taken.snapshot.calls >= durable && taken.snapshot.answers >= durable);
            copies.push(taken);
        }
    }
    assert!(durable > 0);
    // A folder in use is refused, however much one insists.
    let last = copies.last().unwrap();
    let refused = restore(
        &config,
        WantedMode::None,
        &last.path,
        replacing(),
        app.clock.now(),
    )
    .await;
    assert_eq!(refused.unwrap_err().code(), "carpeta_en_uso");
    app.close().await.unwrap();
    let restored = restore(
        &config,
        WantedMode::None,
        &last.path,
        replacing(),
        app.clock.now(),
    )
    .await
    .unwrap();
    assert_eq!(restored.key, RestoredKey::Copied);
    assert_eq!(restored.snapshot, last.snapshot);
    let app = App::open(config, WantedMode::Sandbox, Clock::system())
        .await
        .unwrap();
    let found = app
        .lookup_rucs(&[numbers[0].parse().unwrap()], &Ask::by("test"))
        .await;
    assert_eq!(
        found[0].as_ref().unwrap().source,
        chaski_client::Source::Memory
    );
    app.close().await.unwrap();
}
