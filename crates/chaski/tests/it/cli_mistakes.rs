//! What people type by mistake: one message that says what to do, and the right exit code.

use std::fmt::Write as _;

use crate::cli_kit::Place;

/// Looks like one and is nobody's.
const TOKEN: &str = "aB3dE5fG7hI9jK1lM3nO5pQ7rS9tU1vW";

/// A place with every kind of broken list.
fn place() -> Place {
    let place = Place::new();
    place.write("buena.csv", "RUC\n20100070970\n");
    place.write("sin_filas.csv", "RUC\n");
    place.write("vacia.csv", "");
    place.write("sin_ruc.csv", "Nombre,Correo\nAna,a@b.pe\nLuis,l@b.pe\n");
    place.write(
        "dos.csv",
        "RUC emisor,RUC cliente\n20100070970,20131312955\n",
    );
    place.write("danada.xlsx", &b"PK\x03\x04nada de esto es un libro"[..]);
    place.write(
        "antigua.xls",
        &b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1xxxxxxxxxxxxxxxx"[..],
    );
    place.write("llena", "aqui no cabe una carpeta\n");
    std::fs::create_dir(place.path("carpeta")).unwrap();
    place
}

/// Every line as it was typed, what it said and its exit code.
#[track_caller]
fn said(lines: &[&str]) -> String {
    let place = place();
    let mut text = String::new();
    for line in lines {
        let ran = place.run(line);
        let shown = line.replace(TOKEN, "<TOKEN>");
        for stream in [&ran.out, &ran.err] {
            assert!(!stream.contains(TOKEN), "{shown}: the token came back");
            assert!(!stream.contains("panicked"), "{shown}: {stream}");
        }
        assert!((1..=8).contains(&ran.code), "{shown}: {}", ran.shown());
        writeln!(text, "$ chaski {shown}\n{}", ran.shown()).unwrap();
    }
    assert!(place.path("buena.csv").is_file(), "the list is still there");
    text
}

#[test]
fn numbers() {
    insta::assert_snapshot!(said(&[
        "ruc 2010007097 -q",
        "ruc 201000709701 -q",
        "ruc 20A00070970 -q",
        "ruc 20100070971 -q",
        "ruc 99512333792 -q",
        "ruc 20123456789 -q",
        "ruc 20000000001 -q",
        "ruc 20000633527 -q",
        "ruc 12345678 -q",
        "ruc 20100070970 20100070970 20000633527 xx -q --format csv",
        "ruc validar 20100070970 20100070971 --format table",
        "ruc",
        "ruc validar",
        "ruc invalidos borrar",
        "ruc invalidos borrar --todos",
        "ruc invalidos borrar 2010007097",
        "dni",
        "dni 1234567 -q",
        "dni 1234567X -q",
        "dni 00000000 -q",
    ]));
}

#[test]
fn lists() {
    insta::assert_snapshot!(said(&[
        "ruc lote",
        "ruc lote no_hay.xlsx -o r.xlsx",
        "ruc lote carpeta -o r.xlsx",
        "ruc lote vacia.csv -o r.xlsx",
        "ruc lote sin_filas.csv -o r.xlsx",
        "ruc lote sin_ruc.csv -o r.xlsx",
        "ruc lote dos.csv -o r.xlsx",
        "ruc lote dos.csv -o r.xlsx --columna cliennte",
        "ruc lote danada.xlsx -o r.xlsx",
        "ruc lote antigua.xls -o r.xlsx",
        "ruc lote buena.csv -o buena.csv",
        "ruc lote buena.csv -o carpeta",
        "ruc lote buena.csv -o no_hay/r.xlsx",
        "ruc lote buena.csv -o r.pdf",
        "ruc lote buena.csv -o r",
        "ruc lote buena.csv --format table",
        "ruc lote buena.csv -o r.xlsx --max-age 1x",
    ]));
}

#[test]
fn words() {
    insta::assert_snapshot!(said(&[
        "",
        "rucc 20100070970",
        "20100070970",
        "12345678",
        "clientes.xlsx",
        "ruc lte buena.csv",
        "ruc buena.csv",
        "ruc 20100070970 --formt json",
        "ruc 20100070970 --format yaml",
        "ruc 20100070970 --format",
        "ruc 20100070970 -o r.ods",
        "ruc 20100070970 --lang fr",
        "ruc 20100070970 --timeout pronto",
        "ruc 20100070970 --sandbox --real",
        "ruc 20100070970 --real",
        "ruc 20100070970 --dir llena",
        "ruc 20100070970 --config no_hay.toml",
        "completions tcsh",
        "man --to llena/manual",
        "llamadas --numero 123",
        "llamadas --operacion rucc",
        "llamadas --desde 2026-12-01 --hasta 2026-01-01",
        "llamadas --limite 0",
        "llamadas --limpiar",
        "llamadas --limpiar --numero 20100070970",
        "sandbox --listen 0.0.0.0:80",
        "sandbox --listen hola",
        "sandbox --cuota -3",
        "sandbox xyz",
        "config set",
        "config set migo.rmp 3",
        "config set migo.rpm tres",
        "config set migo.base_url http://example.com/api",
        "config set migo.timeout",
        "sandbox --registro carpeta",
    ]));
}

#[test]
fn tokens_out_of_place() {
    insta::assert_snapshot!(said(&[
        &format!("ruc {TOKEN} -q"),
        &format!("ruc validar {TOKEN}"),
        &format!("dni {TOKEN} -q"),
        &format!("ruc 20100070970 --token {TOKEN}"),
        &format!("ruc 20100070970 --token={TOKEN}"),
        &format!("--token {TOKEN}"),
        TOKEN,
        &format!("config set migo.token {TOKEN}"),
        &format!("config set migo.base_url {TOKEN}"),
        &format!("config set {TOKEN} 1"),
        &format!("config set token {TOKEN}"),
        &format!("tipo-cambio --fecha {TOKEN}"),
        &format!("llamadas --operacion {TOKEN}"),
        &format!("completions {TOKEN}"),
    ]));
}

#[test]
fn dates() {
    insta::assert_snapshot!(said(&[
        "tipo-cambio --fecha ayer",
        "tipo-cambio 2026-07-28",
        "tipo-cambio 28/07/2026",
        "tipo-cambio lotes",
        "tipo-cambio --fecha 28-07-26",
        "tipo-cambio --fecha 2026-02-30",
        "tipo-cambio --fecha 2009-12-31 -q",
        "tipo-cambio --desde 2026-07-28 --hasta 2026-07-01 -q",
        "tipo-cambio --desde 2026-07-28",
        "tipo-cambio --fecha 2026-07-28 --desde 2026-07-01 --hasta 2026-07-02",
        "tipo-cambio --desde 2026-07-01 --hasta 2026-07-10 --fuente sbs",
        "tipo-cambio --moneda EUR -q",
        "tipo-cambio --moneda GBP",
    ]));
    let future = Place::new().run("tipo-cambio --fecha 2999-01-01").expect(3);
    assert!(future.err.contains("es futura: hoy es"), "{}", future.err);
}

#[test]
fn in_english() {
    insta::assert_snapshot!(said(&[
        "ruc 2010007097 -q --lang en",
        "ruc 20123456789 -q --lang=en",
        "rucc --lang en",
        "ruc 20100070970 --real --lang en",
        "ruc lote no_hay.xlsx -o r.xlsx --lang en",
        "ruc 20100070970 --config no_hay.toml --lang en",
        "tipo-cambio --moneda EUR -q --lang en",
        "llamadas --desde 2026-12-01 --hasta 2026-01-01 --lang en",
        "sandbox xyz --lang en",
        "sandbox --latencia mucha --lang en",
    ]));
}

#[test]
fn nothing_was_spent_or_left_behind() {
    let place = place();
    for line in [
        "ruc lote buena.csv -o no_hay/r.xlsx",
        "ruc 20100070970 -o r.pdf",
        "tipo-cambio -o carpeta",
        "dni 12345678 -o no_hay/r.csv",
    ] {
        place.run(line).expect(2);
    }
    // The data folder is not even made: what cannot be written is told first.
    assert!(!place.data().exists());
    let left = std::fs::read_dir(place.path("")).unwrap();
    let hidden = |name: &str| name.starts_with(".chaski");
    assert!(
        left.flatten()
            .all(|it| !hidden(&it.file_name().to_string_lossy()))
    );
}
