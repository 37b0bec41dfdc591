//! A token that is gone is an error, never a sandbox.

use std::collections::BTreeMap;

use chaski::config::{Layers, Surroundings};

use crate::cli_kit::{Place, Service};

/// Nothing, as people and programs come to write it.
const NOTHING: [&str; 7] = ["", " ", "\n", "\r\n", "\t \n", "\u{a0}", "\u{2003}\n"];

fn read(folder: &std::path::Path, variables: &[(&str, &str)]) -> Result<(), String> {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let around = Surroundings {
        variables: variables.iter().map(owned).collect::<BTreeMap<_, _>>(),
        here: folder.to_owned(),
    };
    let config = Layers::read(&around, None, &[]).and_then(|layers| layers.config());
    config
        .map(drop)
        .map_err(|error| error.message(chaski_core::Lang::Es).to_owned())
}

#[track_caller]
fn check_refused(folder: &std::path::Path, variables: &[(&str, &str)], named: &str) {
    let error = read(folder, variables).expect_err(named);
    assert!(error.contains(named), "{named}: {error}");
}

/// What looks like something to a program and says nothing.
#[test]
fn a01_quotes_and_marks_round_nothing_are_empty() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vacio");
    let path = file.to_str().unwrap();
    for nothing in [
        "\"\"\n",
        "''",
        "“”",
        "\u{feff}\n",
        "\u{200b}",
        "\u{feff}\"\"\r\n",
        "-",
    ] {
        for name in ["CHASKI_MIGO_TOKEN", "CHASKI_SERVER_KEY"] {
            check_refused(folder.path(), &[(name, nothing)], name);
        }
        std::fs::write(&file, nothing).unwrap();
        for name in ["CHASKI_MIGO_TOKEN_FILE", "CHASKI_SERVER_KEY_FILE"] {
            check_refused(folder.path(), &[(name, path)], name);
        }
    }
}

#[test]
fn a01_a_secret_that_is_named_and_empty_is_an_error_that_names_its_source() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("vacio");
    let path = file.to_str().unwrap();
    for nothing in NOTHING {
        for name in [
            "CHASKI_MIGO_TOKEN",
            "CHASKI_MIGO_TOKEN_FILE",
            "CHASKI_SERVER_KEY",
            "CHASKI_SERVER_KEY_FILE",
            "CHASKI_KEY",
            "CHASKI_KEY_FILE",
        ] {
            check_refused(folder.path(), &[(name, nothing)], name);
        }
        std::fs::write(&file, nothing).unwrap();
        for name in [
            "CHASKI_MIGO_TOKEN_FILE",
            "CHASKI_SERVER_KEY_FILE",
            "CHASKI_KEY_FILE",
        ] {
            check_refused(folder.path(), &[(name, path)], name);
        }
        // One that is empty is not made up for by a lower one that is not.
        let both = [
            ("CHASKI_MIGO_TOKEN", "prueba"),
            ("CHASKI_MIGO_TOKEN_FILE", path),
        ];
        check_refused(folder.path(), &both, "CHASKI_MIGO_TOKEN_FILE");
        let credentials = folder.path().to_str().unwrap();
        std::fs::write(folder.path().join("chaski_key"), nothing).unwrap();
        let named = "CREDENTIALS_DIRECTORY";
        check_refused(folder.path(), &[(named, credentials)], named);
    }
    // The checks above can fail.
    assert_eq!(read(folder.path(), &[("CHASKI_MIGO_TOKEN", "x")]), Ok(()));
    assert_eq!(read(folder.path(), &[]), Ok(()));
}

#[test]
fn a01_an_empty_secret_in_a_file_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("chaski.toml");
    for nothing in NOTHING {
        let nothing = nothing.replace('\n', "\\n").replace('\r', "\\r");
        let nothing = nothing.replace('\t', "\\t");
        for text in [
            format!("migo.token = \"{nothing}\"\n"),
            format!("[migo]\ntoken = \"{nothing}\"\n"),
            format!("migo = {{ token = \"{nothing}\" }}\n"),
            format!("server_key = \"{nothing}\"\n"),
        ] {
            std::fs::write(&file, &text).unwrap();
            check_refused(folder.path(), &[], "chaski.toml");
        }
    }
    // What a variable brings is not empty, whatever a file below it says.
    std::fs::write(&file, "[migo]\ntoken = \"\"\n").unwrap();
    assert_eq!(read(folder.path(), &[("CHASKI_MIGO_TOKEN", "x")]), Ok(()));
}

/// A folder in which the real side was used, with a live key.
fn used(service: &Service) -> Place {
    let place = Place::asking(service);
    place.run("ruc 20100070970").expect(0);
    place.run("llaves crear tienda").expect(0);
    place
}

#[test]
fn a01_beside_real_data_nothing_is_invented_for_want_of_a_token() {
    let service = Service::new();
    let mut place = used(&service);
    place.write("lista.csv", "ruc\n20512333797\n");
    place.write("vacio", "");
    let asked = service.sandbox.ledger_since(0).len();
    for (name, value, words) in [
        ("CHASKI_MIGO_TOKEN", "", "está vacío"),
        ("CHASKI_MIGO_TOKEN_FILE", "vacio", "está vacío"),
        ("CHASKI_LOG", "warn", "no hay token"),
    ] {
        place.forget("CHASKI_MIGO_TOKEN");
        place.set(name, value);
        for line in [
            "ruc 20512333797",
            "ruc lote lista.csv -o r.xlsx",
            "serve --listen 127.0.0.1:0",
        ] {
            let ran = place.run(line).expect(7);
            assert!(ran.err.contains(words), "{line}: {}", ran.err);
            assert!(ran.out.is_empty() && !place.path("r.xlsx").exists());
        }
        place.forget(name);
    }
    for line in [
        "dni 00000001",
        "tipo-cambio",
        "cuenta",
        "doctor",
        "config check",
        "partners actualizar --todos",
        "ruc facturacion 20512333797",
    ] {
        let ran = place.run(line).expect(7);
        let said = ran.err + &ran.out;
        assert!(said.contains("--sandbox"), "{line}: {said}");
    }
    // What is on record is there, and the keys too.
    let calls = place.run("llamadas --format ndjson").expect(0);
    assert_eq!(calls.objects().len(), 1);
    let keys = place.run("llaves --format ndjson").expect(0);
    assert!(keys.out.contains("chk_live_"), "{}", keys.out);
    for line in ["partners listar", "lotes", "trabajos", "ruc invalidos"] {
        place.run(line).expect(0);
    }
    // Chosen, the sandbox answers, and says so.
    let chosen = place.run("ruc 20512333797 --sandbox").expect(0);
    assert!(chosen.err.contains("MODO DE PRUEBA"), "{}", chosen.err);
    place.set("CHASKI_SANDBOX_MODE", "siempre");
    place.run("ruc 20512333797").expect(0);
    assert_eq!(service.sandbox.ledger_since(0).len(), asked);
}

#[test]
fn a01_a_restored_folder_says_that_the_token_is_missing() {
    let service = Service::new();
    let place = used(&service);
    place.run("backup copia.zip --con-llave").expect(0);
    let other = Place::new();
    std::fs::copy(place.path("copia.zip"), other.path("copia.zip")).unwrap();
    let restored = other.run("restaurar copia.zip").expect(0);
    let last = restored.err.lines().last().unwrap_or_default();
    assert!(
        last.starts_with("Sin token") && last.contains("configure migo.token"),
        "{}",
        restored.err
    );
    let refused = other.run("ruc 20100070970").expect(7);
    assert!(refused.err.contains("no hay token"), "{}", refused.err);
    let keys = other.run("llaves --format ndjson").expect(0);
    assert!(keys.out.contains("chk_live_"), "{}", keys.out);
}

#[test]
fn a01_what_installs_the_program_forbids_the_sandbox() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../paquetes");
    for (file, line) in [
        ("systemd/chaski.service", "CHASKI_SANDBOX_MODE=nunca"),
        (
            "compose.yaml",
            "CHASKI_SANDBOX_MODE: ${CHASKI_SANDBOX_MODE:-nunca}",
        ),
    ] {
        let text = std::fs::read_to_string(root.join(file)).unwrap();
        assert!(text.contains(line), "{file} lacks {line}");
    }
    let mut place = Place::new();
    place.set("CHASKI_SANDBOX_MODE", "nunca");
    for line in ["ruc 20100070970", "serve --listen 127.0.0.1:0"] {
        place.run(line).expect(7);
    }
}
