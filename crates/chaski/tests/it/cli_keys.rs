//! The key of the data folder, wherever it comes from, and the token that it seals.

use std::path::Path;

use crate::cli_kit::{Place, Service, files_of};

const KEY: &str = "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF";
const OTHER: &str = "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
const TOKEN: &str = "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW";
const FILE: &str = ".config/chaski/chaski.toml";

/// A place whose token, if any, is in its file and not in a variable.
fn place(service: &Service) -> Place {
    let mut place = Place::new();
    place.set("CHASKI_MIGO_BASE_URL", &service.url());
    place
}

fn credentials(place: &mut Place, content: &str) {
    std::fs::create_dir_all(place.path("credenciales")).unwrap();
    place.write("credenciales/chaski_key", content);
    let folder = place.path("credenciales").display().to_string();
    place.set("CREDENTIALS_DIRECTORY", &folder);
}

fn has_key_file(folder: &Path) -> bool {
    let files = files_of(folder);
    files.iter().any(|(path, _)| path.ends_with("llave"))
}

/// Personal data sealed with `KEY` is in the folder; which source does this run find?
#[track_caller]
fn check(set: impl FnOnce(&mut Place), code: i32, said: &str) {
    let service = Service::new();
    let mut place = Place::asking(&service);
    place.set("CHASKI_KEY", KEY);
    place.run("dni 87654321 -q").expect(0);
    assert!(!has_key_file(&place.data()), "the key came from outside");
    place.forget("CHASKI_KEY");
    set(&mut place);
    let ran = place.run("doctor").expect(code);
    assert!(
        ran.out.contains(said) || ran.err.contains(said),
        "{}",
        ran.shown()
    );
    for secret in [KEY, OTHER] {
        assert!(!ran.out.contains(secret) && !ran.err.contains(secret));
    }
    let asked = service.asked_since(0).len();
    let again = place.run("dni 87654321 -q");
    if code == 0 {
        again.expect(0);
        assert_eq!(service.asked_since(0).len(), asked, "it was remembered");
    } else {
        assert_ne!(again.code, 0, "{}", again.shown());
    }
}

#[test]
fn where_the_key_comes_from() {
    check(
        |place| place.set("CHASKI_KEY", KEY),
        0,
        "viene de CHASKI_KEY\n",
    );
    check(
        |place| {
            place.write_private("clave.txt", format!("{KEY}\n"));
            place.set("CHASKI_KEY_FILE", "clave.txt");
        },
        0,
        "viene de CHASKI_KEY_FILE (./clave.txt)",
    );
    check(
        |place| credentials(place, KEY),
        0,
        "viene de CREDENTIALS_DIRECTORY",
    );
    check(
        |place| place.write_private("chaski_data/llave", KEY),
        0,
        "Datos en",
    );
}

#[test]
fn which_one_counts() {
    check(
        |place| {
            credentials(place, OTHER);
            place.set("CHASKI_KEY", KEY);
        },
        0,
        "viene de CHASKI_KEY\n",
    );
    check(
        |place| {
            place.write_private("clave.txt", KEY);
            place.set("CHASKI_KEY_FILE", "clave.txt");
            place.set("CHASKI_KEY", OTHER);
        },
        0,
        "CHASKI_KEY_FILE",
    );
    check(
        |place| {
            place.write_private("chaski_data/llave", OTHER);
            place.set("CHASKI_KEY", KEY);
        },
        0,
        "ya no se usa",
    );
    // None of them: a credentials folder without ours is no source.
    check(
        |place| place.set("CREDENTIALS_DIRECTORY", "."),
        7,
        "Falta la llave",
    );
}

#[test]
fn keys_that_are_wrong() {
    check(
        |place| place.set("CHASKI_KEY", OTHER),
        7,
        "La llave no es la que cifró",
    );
    check(
        |place| place.set("CHASKI_KEY", "corta"),
        7,
        "CHASKI_KEY: la llave debe tener 64",
    );
    check(
        |place| place.set("CHASKI_KEY_FILE", "no_hay"),
        7,
        "no se puede leer la llave: no existe",
    );
    check(
        |place| credentials(place, "corta"),
        7,
        "la llave debe tener 64",
    );
}

/// Invented data keep the key they began with; new ones take the one from outside.
#[test]
fn the_sandbox_keeps_its_own() {
    let mut place = Place::new();
    place.run("dni 87654321 -q").expect(0);
    assert!(has_key_file(&place.data()));
    place.set("CHASKI_KEY", KEY);
    place.run("dni 87654321 -q").expect(0);
    let mut fresh = Place::new();
    fresh.set("CHASKI_KEY", KEY);
    fresh.run("dni 87654321 -q").expect(0);
    assert!(!has_key_file(&fresh.data()));
}

#[test]
fn a_sealed_token_opens_wherever_it_is_used() {
    let service = Service::new();
    let place = place(&service);
    let set = place
        .run_with_input("config set migo.token", TOKEN.as_bytes())
        .expect(0);
    assert!(set.err.contains("sellado"), "{}", set.err);
    for (path, bytes) in files_of(&place.path("")) {
        let holds = bytes
            .windows(TOKEN.len())
            .any(|part| part == TOKEN.as_bytes());
        assert!(
            !holds || path.ends_with("entrada"),
            "{} holds it",
            path.display()
        );
    }
    place.run("config check").expect(0);
    place.run("ruc 20100070970 -q").expect(0);
    assert_eq!(service.asked_since(0), ["20100070970"]);
    // Another data folder has another key: the folder that sealed it is named beside it.
    place.run("ruc 20131312955 -q --dir otra").expect(0);
    let shown = place.run("config show").expect(0);
    assert!(!shown.out.contains("sellado"), "{}", shown.out);
    let doctor = place.run("doctor").expect(0);
    assert!(!doctor.out.contains("sin sellar"), "{}", doctor.out);
}

#[test]
fn a_plain_token_works_and_the_doctor_advises() {
    let service = Service::new();
    let place = place(&service);
    place.write_private("chaski.toml", format!("[migo]\ntoken = \"{TOKEN}\"\n"));
    let doctor = place.run("doctor").expect(0);
    assert!(
        doctor.out.contains("sin sellar en ./chaski.toml"),
        "{}",
        doctor.out
    );
    assert!(!doctor.out.contains(TOKEN));
}

#[test]
fn a_sealed_token_without_its_key() {
    let service = Service::new();
    let mut place = place(&service);
    place.set("CHASKI_KEY", KEY);
    place
        .run_with_input("config set migo.token", TOKEN.as_bytes())
        .expect(0);
    assert!(!place.data().exists(), "nothing is needed from the folder");
    place.run("cuenta").expect(0);
    place.set("CHASKI_KEY", OTHER);
    for line in ["cuenta --dir nueva", "doctor --dir nueva", "config check"] {
        let ran = place.run(line).expect(7);
        let said = format!("{}{}", ran.out, ran.err);
        assert!(said.contains("se selló con otra llave"), "{line}: {said}");
    }
    place.forget("CHASKI_KEY");
    let ran = place.run("cuenta --dir nueva").expect(7);
    assert!(
        ran.err.contains("falta la llave que lo selló"),
        "{}",
        ran.err
    );
    assert!(
        !place.path("nueva").exists(),
        "nothing was created meanwhile"
    );
    // A changed digit is not a token either.
    place.set("CHASKI_KEY", KEY);
    let text = place.read(FILE);
    let last = text.rfind(|c: char| c.is_ascii_hexdigit()).unwrap();
    let other = if &text[last..=last] == "0" { "1" } else { "0" };
    place.write(
        FILE,
        format!("{}{other}{}", &text[..last], &text[last + 1..]),
    );
    place.run("cuenta").expect(7);
}
