//! Answers as people and programs see them: every command on the embedded sandbox, every format.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};

use calamine::{Data, Reader, open_workbook_auto};

use crate::cli_kit::{Place, finished};

#[track_caller]
fn said(place: &Place, lines: &[&str]) -> String {
    let mut text = String::new();
    for line in lines {
        writeln!(text, "$ chaski {line}\n{}", place.run(line).shown()).unwrap();
    }
    text
}

#[test]
fn every_command() {
    insta::assert_snapshot!(said(
        &Place::new(),
        &[
            "ruc 20100070970",
            "ruc 20100070970 --format table",
            "ruc 20000316769 20131312955 --format csv -q",
            "ruc validar 20100070970 10123456781 --format json",
            "ruc invalidos",
            "ruc 20000633527 -q --format table",
            "ruc invalidos listar --format table -q",
            "ruc invalidos borrar 20000633527",
            "ruc invalidos borrar --todos --yes",
            "dni 12345678",
            "dni 12345678 --mostrar --format table -q",
            "tipo-cambio --fecha 2026-07-28 --format table",
            "tipo-cambio --desde 01/07/2026 --hasta 03/07/2026 --format csv -q",
            "tipo-cambio --fecha 2026-07-24 --fuente sbs --moneda eur --format json -q",
            "cuenta --format table -q",
            "config check",
        ]
    ));
}

/// Not by snapshot: the sandbox's data have a fixed date, and one day a notice of their age joins
/// the findings.
#[test]
fn fitness() {
    let place = Place::new();
    for (line, code, nivel, codigo) in [
        ("20100070970", 0, "ok", ""),
        ("20000316769", 3, "observado", "4013"),
        ("20000079198", 3, "observado", "4014"),
        ("20000079198 --emisor", 3, "rechazado", "2011"),
        ("20000316769 --emisor", 3, "rechazado", "2010"),
        ("20000633527", 3, "rechazado", "1083"),
        (
            "20000633527 --emisor",
            3,
            "rechazado",
            "CH-EMISOR-NO-EXISTE",
        ),
    ] {
        let ran = place
            .run(&format!("ruc facturacion -q {line}"))
            .expect(code);
        let row = &ran.objects()[0];
        assert_eq!(
            (&row["nivel"], &row["apto"]),
            (&nivel.into(), &(code == 0).into()),
            "{line}"
        );
        let findings = row["hallazgos"].to_string();
        assert!(
            codigo.is_empty() || findings.contains(&format!("\"{codigo}\"")),
            "{findings}"
        );
        let table = place
            .run(&format!("ruc facturacion -q {line} --format table"))
            .out;
        let word = if code == 0 { "SÍ" } else { "NO" };
        assert!(table.contains(&format!("┆ {word} ")), "{table}");
    }
}

/// A narrow screen gets one block per number instead of a table that wraps in every cell.
#[test]
fn tables_keep_to_the_width() {
    let mut place = Place::new();
    for (columns, line) in [
        (
            "60",
            "ruc 20100070970 20000316769 20000633527 --format table -q",
        ),
        (
            "80",
            "ruc facturacion 20100070970 20000079198 --format table -q",
        ),
        (
            "200",
            "ruc facturacion 20100070970 20000079198 --format table -q",
        ),
        ("80", "llamadas --format table"),
    ] {
        place.set("COLUMNS", columns);
        let ran = place.run(line);
        let width: usize = columns.parse().unwrap();
        assert!(!ran.out.is_empty(), "{}", ran.shown());
        for line in ran.out.lines() {
            let long = line.chars().count();
            assert!(long <= width, "{long} > {width}: {line}");
        }
    }
}

/// Prices one can calculate with, dates that can be looked up, every calendar day of the range.
#[test]
fn rates_in_a_workbook() {
    let place = Place::new();
    for (line, titles) in [
        (
            "tipo-cambio --desde 24/07/2026 --hasta 30/07/2026 -o tc.xlsx",
            ["Fecha", "Compra", "Venta"],
        ),
        (
            "tipo-cambio --desde 24/07/2026 --hasta 30/07/2026 -o tc.xlsx --lang en",
            ["Date", "Buy", "Sell"],
        ),
    ] {
        place.run(line).expect(0);
        let mut book = open_workbook_auto(place.path("tc.xlsx")).unwrap();
        let sheet = book.worksheet_range_at(0).unwrap().unwrap();
        let rows: Vec<&[Data]> = sheet.rows().collect();
        assert_eq!(rows.len(), 8, "titles and seven days");
        assert_eq!(
            rows[0][..3],
            titles.map(|title| Data::String(title.to_owned()))
        );
        for (at, row) in rows[1..].iter().enumerate() {
            // 24 July 2026, as spreadsheets count days.
            let day = |cell: &Data| match cell {
                Data::DateTime(date) => date.as_f64(),
                other => panic!("no date: {other:?}"),
            };
            assert_eq!(day(&row[0]).to_string(), (46_227 + at).to_string());
            let closes = [
                "46225", "46227", "46227", "46227", "46230", "46230", "46230",
            ];
            assert_eq!(day(&row[4]).to_string(), closes[at]);
            assert!(
                matches!((&row[1], &row[2]), (Data::Float(buy), Data::Float(sell)) if buy < sell)
            );
            assert!(matches!(&row[9], Data::DateTime(_)), "{row:?}");
        }
        // The week-end has Monday's, not Friday's.
        assert_eq!(rows[2][1..3], rows[4][1..3]);
        assert_ne!(rows[2][1..3], rows[1][1..3]);
    }
    // One date, and the latest one, too.
    for line in [
        "tipo-cambio --fecha 2026-07-26",
        "tipo-cambio",
        "tipo-cambio --fuente sbs --moneda EUR",
    ] {
        place
            .run(&format!("{line} -o uno.xlsx --reemplazar"))
            .expect(0);
        let mut book = open_workbook_auto(place.path("uno.xlsx")).unwrap();
        let sheet = book.worksheet_range_at(0).unwrap().unwrap();
        let row = sheet.rows().nth(1).unwrap();
        assert!(
            matches!((&row[0], &row[1]), (Data::DateTime(_), Data::Float(_))),
            "{line}: {row:?}"
        );
    }
}

#[test]
fn every_output() {
    let place = Place::new();
    for (name, begins) in [
        ("r.json", "[\n  {"),
        ("r.ndjson", "{\"success\":true,\"ruc\":\"20100070970\""),
        ("r.csv", "\u{feff}ruc,"),
        ("r.CSV", "\u{feff}ruc,"),
    ] {
        let ran = place
            .run(&format!("ruc 20100070970 -q -o {name}"))
            .expect(0);
        assert_eq!((ran.out.as_str(), ran.err.as_str()), ("", ""), "{name}");
        assert!(place.read(name).starts_with(begins), "{name}");
    }
    place.run("ruc 20100070970 -q -o r.xlsx").expect(0);
    assert!(
        std::fs::read(place.path("r.xlsx"))
            .unwrap()
            .starts_with(b"PK")
    );
    // The word of the person goes before the extension, and "-" is the standard output.
    place
        .run("ruc 20100070970 -q --format json -o r.csv")
        .expect(0);
    assert!(place.read("r.csv").starts_with('['));
    assert!(
        place
            .run("ruc 20100070970 -q -o -")
            .expect(0)
            .out
            .starts_with('{')
    );
}

#[test]
fn numbers_from_the_input() {
    let place = Place::new();
    for input in [
        "20100070970\n20131312955\n",
        "\u{feff}20100070970\r\n\r\n 20131312955 \r\n",
        "20100070970\n20131312955",
    ] {
        for line in ["ruc - -q", "ruc -q"] {
            let ran = place.run_with_input(line, input.as_bytes()).expect(0);
            assert_eq!(ran.objects().len(), 2, "{line}: {input:?}");
        }
    }
    let ran = place
        .run_with_input("ruc -", b"20100070970\n\xff\xfe\n")
        .expect(1);
    assert!(ran.err.contains("no es texto en UTF-8"), "{}", ran.err);
    let list = b"RUC\n20100070970\n";
    let ran = place.run_with_input("ruc lote - -q", list).expect(0);
    assert_eq!(ran.objects()[0]["aptitud"], "apto");
}

/// `chaski … | head -1` is nothing that went wrong.
#[test]
fn a_reader_that_leaves() {
    let place = Place::new();
    let numbers = crate::cli_kit::companies(1, 3_000).join("\n");
    place.write("lista.csv", format!("RUC\n{numbers}\n"));
    let mut child = place.start("ruc lote lista.csv");
    let mut first = String::new();
    let mut reader = BufReader::new(child.stdout.take().unwrap());
    reader.read_line(&mut first).unwrap();
    drop(reader);
    let ran = finished(&place, child).expect(0);
    assert!(first.starts_with("{\"fila\":2,"), "{first}");
    assert!(!ran.err.contains("error"), "{}", ran.err);
}

#[test]
fn no_colours_where_nobody_looks() {
    let mut place = Place::new();
    place.set("CLICOLOR_FORCE", "1");
    assert!(place.run("ruc 2010007097").err.contains('\u{1b}'));
    assert!(
        !place
            .run("ruc 2010007097 --no-color")
            .err
            .contains('\u{1b}')
    );
    place.set("NO_COLOR", "1");
    assert!(!place.run("ruc 2010007097").err.contains('\u{1b}'));
}

#[test]
fn quiet_and_verbose() {
    let place = Place::new();
    assert_eq!(place.run("ruc 20100070970 -q").err, "");
    assert!(
        place
            .run("ruc 20100070970")
            .err
            .starts_with("MODO DE PRUEBA")
    );
    // Logs are in English and go to the error output.
    assert_eq!(
        place
            .run("ruc 20131312955 -q -vv")
            .expect(0)
            .objects()
            .len(),
        1
    );
}

#[test]
fn several_processes_on_one_new_folder() {
    let place = Place::new();
    let children: Vec<_> = (0..4)
        .map(|_| place.start("ruc 20100070970 10123456781 -q"))
        .collect();
    for child in children {
        let ran = finished(&place, child).expect(0);
        assert_eq!(ran.objects().len(), 2, "{}", ran.shown());
    }
    place.run("doctor").expect(0);
}

/// A disk without space, and a database damaged in its middle: told as such, with code 1.
#[test]
fn what_the_machine_does_to_us() {
    let place = Place::new();
    place.write(
        "lista.csv",
        format!("RUC\n{}\n", crate::cli_kit::companies(2, 300).join("\n")),
    );
    place.run("ruc lote lista.csv -o r.csv -q").expect(0);
    let full = place
        .run("ruc lote lista.csv --format csv -o /dev/full -q")
        .expect(1);
    assert!(
        full.err.contains("No queda espacio en el disco"),
        "{}",
        full.err
    );
    let file = place.data().join("sandbox/chaski.db");
    let mut bytes = std::fs::read(&file).unwrap();
    for byte in &mut bytes[4_096..40_960] {
        *byte = byte.wrapping_mul(31).wrapping_add(7);
    }
    std::fs::write(&file, bytes).unwrap();
    for line in ["doctor", "ruc 20100070970"] {
        let ran = place.run(line).expect(1);
        let said = format!("{}{}", ran.out, ran.err);
        assert!(
            said.contains("La base de datos está dañada"),
            "chaski {line}: {said}"
        );
    }
}

#[test]
fn doctor_says_what_is_broken() {
    let place = Place::new();
    let mut text = said(&place, &["doctor --dir nueva"]);
    let from = text.find("KiB").unwrap();
    let to = text[..from].rfind(' ').unwrap();
    let start = text[..to].rfind(' ').unwrap();
    text.replace_range(start..from, " <TAMANO> ");
    std::fs::create_dir_all(place.path("ajena/sandbox")).unwrap();
    place.write("ajena/sandbox/chaski.db", "esto no es una base de datos");
    place.write("archivo", "");
    place.run("ruc 20100070970 -q --dir sin_llave").expect(0);
    place.run("ruc 10123456781 -q --dir sin_llave").expect(0);
    std::fs::remove_file(place.path("sin_llave/sandbox/llave")).unwrap();
    for folder in ["ajena", "archivo", "sin_llave"] {
        text.push_str(&said(&place, &[&format!("doctor --dir {folder}")]));
    }
    // How much is free differs from machine to machine, and the schema grows.
    let free = |line: &str| match line.split_once("espacio libre: ") {
        Some((before, _)) => format!("{before}espacio libre: <TAMANO> MiB\n"),
        None => format!("{line}\n"),
    };
    let mut text: String = text.lines().map(free).collect();
    let from = text.find("esquema ").unwrap() + "esquema ".len();
    let to = from + text[from..].find('\n').unwrap();
    text.replace_range(from..to, "<N>");
    insta::assert_snapshot!(text);
}
