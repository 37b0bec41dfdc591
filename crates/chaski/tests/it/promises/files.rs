//! Files of people are never overwritten by mistake.

use std::fs;
use std::io::{Read, Write};
use std::process::Stdio;

use crate::cli_kit::{Place, finished, wait_until};

const FOREIGN: &str = "Ventas de noviembre;100.00\n";
const LIST: &str = "RUC;CLIENTE\n20100070970;UNO\n20100038146;DOS\n";

/// A place with a list, a batch of it and a partner.
fn place() -> (Place, String) {
    let place = Place::new();
    place.write("lista.csv", LIST);
    place.run("ruc lote lista.csv -o antes.csv").expect(0);
    place.run("partners importar lista.csv").expect(0);
    let lotes = place.run("lotes --format ndjson").expect(0).objects();
    let id = lotes[0]["id"].as_str().unwrap().to_owned();
    (place, id)
}

#[track_caller]
fn refuses(place: &Place, line: &str, name: &str) {
    place.write(name, FOREIGN);
    let ran = place.run(&format!("{line} -o {name}")).expect(2);
    assert!(ran.err.contains("--reemplazar"), "{line}: {}", ran.err);
    assert_eq!(place.read(name), FOREIGN, "{line}");
}

#[test]
fn a02_no_command_overwrites_what_chaski_did_not_write() {
    let (place, id) = place();
    // What writes a list or records, in every format that it has.
    for (line, endings) in [
        ("ruc lote lista.csv", &["xlsx", "csv", "json", "ndjson"][..]),
        (&format!("lotes resultado {id}"), &["xlsx", "json"]),
        ("partners exportar", &["xlsx", "csv", "json"]),
        ("ruc 20100070970", &["xlsx", "csv", "json"]),
        ("tipo-cambio --fecha 2026-07-24", &["csv"]),
        ("llamadas", &["ndjson"]),
    ] {
        for ending in endings {
            let name = format!("ventas.{ending}");
            refuses(&place, line, &name);
            let line = format!("{line} -o {name}");
            place.run(&format!("{line} --reemplazar")).expect(0);
            // What was written is ours, and goes on being so until somebody changes it.
            place.run(&line).expect(0);
            let mut written = fs::read(place.path(&name)).unwrap();
            written.extend_from_slice(b"\nmi nota\n");
            place.write(&name, &written);
            let ran = place.run(&line).expect(2);
            assert!(ran.err.contains("cambió desde que Chaski"), "{}", ran.err);
            assert_eq!(fs::read(place.path(&name)).unwrap(), written, "{line}");
            place.run(&format!("{line} --yes")).expect(0);
            fs::remove_file(place.path(&name)).unwrap();
        }
    }
    // What has one format only.
    for line in [
        "openapi",
        "version",
        "completions bash",
        "man",
        "doctor --format json",
        "datos-personales exportar --dni 00000001",
        "lotes listar",
        "trabajos listar",
        "config show",
    ] {
        refuses(&place, line, "notas.json");
    }
}

/// A person at a terminal who types an answer; the exit code and what was seen.
fn typed(place: &Place, words: &[&str], answer: &str) -> (i32, String) {
    let (mut control, mut child) = place.on_terminal(words);
    control.write_all(answer.as_bytes()).unwrap();
    let (mut seen, mut piece) = (Vec::new(), [0; 4096]);
    while let Ok(count @ 1..) = control.read(&mut piece) {
        seen.extend_from_slice(&piece[..count]);
    }
    let code = child.wait().unwrap().code().unwrap_or(-1);
    (code, String::from_utf8_lossy(&seen).into_owned())
}

#[test]
fn a02_at_a_terminal_it_is_asked_and_no_is_what_is_not_yes() {
    let (place, _) = place();
    let lote = ["ruc", "lote", "lista.csv", "-o", "ventas.csv"];
    let one = ["ruc", "20100070970", "-o", "ventas.csv"];
    // The last one is an input that ends.
    for answer in ["\n", "n\n", "no\n", "qué\n", "\u{4}"] {
        for words in [&lote[..], &one] {
            for content in [FOREIGN, ""] {
                place.write("ventas.csv", content);
                let (code, seen) = typed(&place, words, answer);
                assert_eq!(code, 2, "{answer:?}: {seen}");
                assert!(seen.contains("¿Reemplazarlo? [s/N]"), "{seen}");
                assert_eq!(place.read("ventas.csv"), content, "{answer:?}");
            }
        }
    }
    for answer in ["s\n", "Sí\n", "y\n"] {
        for words in [&lote[..], &one] {
            place.write("ventas.csv", FOREIGN);
            let (code, seen) = typed(&place, words, answer);
            assert_eq!(code, 0, "{answer:?}: {seen}");
            assert!(seen.contains("[s/N]"), "{seen}");
            let written = place.read("ventas.csv");
            let ours = ["Consultado el", "consultado_en"];
            assert!(ours.iter().any(|it| written.contains(it)), "{written}");
        }
    }
    // Not at a terminal that must not be asked, nor where there is nothing to ask.
    place.write("ventas.csv", FOREIGN);
    let (code, seen) = typed(&place, &[&lote[..], &["--no-input"]].concat(), "s\n");
    assert_eq!(code, 2, "{seen}");
    assert_eq!(place.read("ventas.csv"), FOREIGN);
    fs::remove_file(place.path("ventas.csv")).unwrap();
    let (code, seen) = typed(&place, &lote, "");
    assert!(code == 0 && !seen.contains("[s/N]"), "{seen}");
}

#[test]
fn a02_nothing_is_spent_before_the_output_is_looked_at() {
    let place = Place::new();
    place.write("lista.csv", LIST);
    refuses(&place, "ruc lote lista.csv", "ventas.xlsx");
    assert!(
        place
            .run("llamadas --format ndjson")
            .expect(0)
            .objects()
            .is_empty()
    );
}

/// Known by itself, in another data folder that remembers nothing.
#[test]
fn a02_a_result_says_of_itself_that_it_is_ours() {
    let (place, _) = place();
    for ending in ["xlsx", "csv", "json", "ndjson"] {
        for line in [
            "ruc lote lista.csv",
            "partners exportar",
            "ruc 20100070970 20100070971 20000000001",
            "ruc facturacion 20100070970",
            "dni 00000001",
            "tipo-cambio --fecha 2026-07-24",
            "tipo-cambio --desde 2026-07-01 --hasta 2026-07-05",
            "ruc representantes 20100070970",
            "ruc actividad 20100070970",
            "ruc condiciones 20100070970",
            "cpe validar 20100070970-01-F001-1 --fecha 2026-01-28 --monto 118",
            "llamadas",
        ] {
            let line = format!("{line} -o r.{ending}");
            place.run(&line);
            // Otherwise the partners of the other folder are none.
            place
                .run("partners importar lista.csv --dir otra")
                .expect(0);
            let ran = place.run(&format!("{line} --dir otra"));
            assert_ne!(ran.code, 2, "{line}: {}", ran.err);
            fs::remove_file(place.path(&format!("r.{ending}"))).unwrap();
            fs::remove_dir_all(place.path("otra")).unwrap();
        }
    }
    // The same titles with one more are a person's.
    let text = place
        .read("antes.csv")
        .replace("Consultado el", "Consultado el;MI NOTA");
    place.write("r.csv", &text);
    place
        .run("ruc lote lista.csv -o r.csv --dir otra")
        .expect(2);
    assert_eq!(place.read("r.csv"), text);
    // So are the records of a look-up with one field more.
    for (name, ours, theirs) in [
        ("tc.csv", "consultado_en", "consultado_en,ASIENTO"),
        ("tc.json", "\"moneda\"", "\"asiento\": \"1\", \"moneda\""),
    ] {
        let line = format!("tipo-cambio --fecha 2026-07-24 -o {name}");
        place.run(&line).expect(0);
        let text = place.read(name).replacen(ours, theirs, 1);
        place.write(name, &text);
        place.run(&format!("{line} --dir otra")).expect(2);
        assert_eq!(place.read(name), text);
    }
}

/// A file that comes while the answers are under way.
#[test]
fn a02_looked_at_again_right_before_the_rename() {
    let place = Place::new();
    let words = ["ruc", "lote", "-", "-o", "resultado.csv"];
    let mut child = place.command(&words).stdin(Stdio::piped()).spawn().unwrap();
    // The folder is opened once the output was looked at.
    wait_until("the data folder", || place.data().is_dir());
    place.write("resultado.csv", FOREIGN);
    child
        .stdin
        .take()
        .unwrap()
        .write_all(LIST.as_bytes())
        .unwrap();
    let ran = finished(&place, child).expect(2);
    assert!(ran.err.contains("no lo escribió Chaski"), "{}", ran.err);
    assert_eq!(place.read("resultado.csv"), FOREIGN);
}

#[test]
fn a02_the_list_itself_is_never_the_output() {
    let place = Place::new();
    place.write("lista.csv", LIST);
    fs::hard_link(place.path("lista.csv"), place.path("otra.csv")).unwrap();
    for output in ["lista.csv", "otra.csv", "./lista.csv"] {
        let line = format!("ruc lote lista.csv -o {output} --reemplazar");
        let ran = place.run(&line).expect(2);
        assert!(ran.err.contains("es el mismo archivo"), "{}", ran.err);
    }
    assert_eq!(place.read("lista.csv"), LIST);
}

#[cfg(unix)]
#[test]
fn a02_links_stay_and_pipes_work() {
    use std::os::unix::fs::symlink;
    let place = Place::new();
    place.write("lista.csv", LIST);
    fs::create_dir(place.path("otra")).unwrap();
    place.write("otra/ventas.csv", FOREIGN);
    symlink("otra/ventas.csv", place.path("enlace.csv")).unwrap();
    let line = "ruc lote lista.csv -o enlace.csv";
    place.run(line).expect(2);
    assert_eq!(place.read("otra/ventas.csv"), FOREIGN);
    place.run(&format!("{line} --reemplazar")).expect(0);
    assert!(
        fs::symlink_metadata(place.path("enlace.csv"))
            .unwrap()
            .is_symlink()
    );
    assert!(place.read("otra/ventas.csv").contains("Consultado el"));
    // One that points to nothing yet.
    symlink("otra/nuevo.csv", place.path("nuevo.csv")).unwrap();
    place.run("ruc lote lista.csv -o nuevo.csv").expect(0);
    assert!(place.read("otra/nuevo.csv").contains("Consultado el"));
    // A pipe is written.
    let ran = place
        .run("ruc lote lista.csv -o /dev/stdout --format csv")
        .expect(0);
    assert!(ran.out.contains("Consultado el"), "{}", ran.out);
}

/// A name that somebody took is theirs.
#[test]
fn a02_an_empty_file_is_somebodys_too() {
    let (place, _) = place();
    place.write("vacio.csv", "");
    for line in ["ruc lote lista.csv", "partners exportar", "ruc 20100070970"] {
        let ran = place.run(&format!("{line} -o vacio.csv")).expect(2);
        assert!(ran.err.contains("no lo escribió Chaski"), "{}", ran.err);
        assert_eq!(place.read("vacio.csv"), "", "{line}");
    }
    place
        .run("ruc lote lista.csv -o vacio.csv --reemplazar")
        .expect(0);
}

#[cfg(unix)]
#[test]
fn l12_leftovers_of_killed_runs_are_cleared() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new();
    place.write("lista.csv", LIST);
    for name in [".chaski-AbC123.tmp", ".chaski-viejo.tmp"] {
        place.write(name, "20100070970,SÍ\n");
    }
    place.write(".chaski-notas.txt", FOREIGN);
    let living = fs::File::create(place.path(".chaski-otro.tmp")).unwrap();
    living.lock().unwrap();
    place.run("ruc lote lista.csv -o r.csv").expect(0);
    let names = || -> Vec<String> {
        let names = fs::read_dir(place.path(".")).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.starts_with(".chaski-")).collect()
    };
    let mut kept = names();
    kept.sort();
    assert_eq!(kept, [".chaski-notas.txt", ".chaski-otro.tmp"]);
    // The file itself is as any program of the user makes it.
    let mode = |name: &str| fs::metadata(place.path(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode("r.csv"), mode("lista.csv"));
}
