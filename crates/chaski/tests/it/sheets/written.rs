//! What is written: the caller's columns unchanged, ours beside them, nothing that runs.

use std::borrow::Cow;
use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use calamine::{Data, Range, Reader as _, Xlsx};
use chaski::sheets::{
    Aptitud, Cell, OutputFormat, ResultNames, SheetError, Summary, Table, Verdict, render_result,
    write_atomically, write_result_to,
};
use chaski_core::Lang;
use proptest::prelude::*;

use super::{table, text};

fn verdict(apto: Aptitud) -> Verdict {
    Verdict {
        ruc_normalizado: "20000712711".into(),
        razon_social: "=cmd|' /C calc'!A0".into(),
        estado: "ACTIVO".into(),
        condicion: "HABIDO".into(),
        apto,
        ubigeo: "010101".into(),
        motivo: "dos líneas\n\"y comillas\"".into(),
        fuente: "migo".into(),
        ..Verdict::default()
    }
}

fn summary() -> Summary {
    Summary {
        source_file: "clientes.xlsx".into(),
        answered_by: "APIMIGO".into(),
        generated_at: jiff::civil::date(2026, 1, 31).at(10, 15, 0, 0),
        duplicates: 1,
        damaged: 2,
        repaired: 3,
        calls_spent: 4,
        cache_hits: 5,
        duration: Duration::from_millis(1500),
    }
}

fn written_for(
    names: ResultNames,
    format: OutputFormat,
    table: &Table,
    verdicts: &[Verdict],
) -> Vec<u8> {
    let mut out = Vec::new();
    write_result_to(
        &mut out,
        format,
        table,
        Box::new(verdicts.iter().map(Cow::Borrowed)),
        &summary(),
        names,
        Lang::Es,
    )
    .unwrap();
    out
}

/// The same as programs have it.
fn written(format: OutputFormat, table: &Table, verdicts: &[Verdict]) -> Vec<u8> {
    written_for(ResultNames::Programs, format, table, verdicts)
}

fn sheet(bytes: &[u8], name: &str) -> Range<Data> {
    let mut book = Xlsx::new(Cursor::new(bytes)).unwrap();
    assert_eq!(book.sheet_names(), ["Resultado", "Resumen"]);
    // Not one formula in the whole sheet.
    assert!(book.worksheet_formula(name).unwrap().is_empty());
    book.worksheet_range(name).unwrap()
}

/// A caller who has columns named like ours, and every kind of cell.
fn callers() -> Table {
    table(
        &["RUC", "Estado", "estado_sunat", "Monto", "Fecha"],
        &[
            &[
                Cell::Number(20_000_712_711.0),
                text("=1+1"),
                Cell::Bool(true),
                Cell::Number(1500.5),
                Cell::Date("2026-01-31".into()),
            ],
            &[text("00012345"), Cell::Empty, Cell::Error("#N/A".into())],
        ],
    )
}

#[test]
fn a_workbook() {
    let table = callers();
    let bytes = written(OutputFormat::Xlsx, &table, &[verdict(Aptitud::Apto)]);
    let list = sheet(&bytes, "Resultado");
    let titles: Vec<String> = list
        .rows()
        .next()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        titles.join(" "),
        "RUC Estado estado_sunat Monto Fecha ruc_normalizado razon_social estado_sunat_2 condicion apto_para_facturar ubigeo departamento provincia distrito direccion motivo fuente consultado_en"
    );
    let row: Vec<&Data> = list.rows().nth(1).unwrap().iter().collect();
    assert_eq!(row[0], &Data::Float(20_000_712_711.0));
    assert_eq!(row[1], &Data::String("=1+1".into()));
    assert_eq!(row[2], &Data::Bool(true));
    assert_eq!(row[3], &Data::Float(1500.5));
    assert!(matches!(row[4], Data::DateTime(date) if date.to_ymd_hms_milli().0 == 2026));
    assert_eq!(row[5], &Data::String("20000712711".into()));
    assert_eq!(row[6], &Data::String("=cmd|' /C calc'!A0".into()));
    assert_eq!(row[9], &Data::String("SÍ".into()));
    assert_eq!(row[10], &Data::String("010101".into()));
    assert_eq!(row[15], &Data::String("dos líneas\n\"y comillas\"".into()));
    // A row without verdict was not asked.
    assert_eq!(
        list.get_value((2, 0)),
        Some(&Data::String("00012345".into()))
    );
    assert_eq!(
        list.get_value((2, 9)),
        Some(&Data::String("NO CONSULTADO".into()))
    );
}

#[test]
fn a_summary() {
    let verdicts = [verdict(Aptitud::NoApto), verdict(Aptitud::NoApto)];
    let bytes = written(OutputFormat::Xlsx, &callers(), &verdicts);
    let page = sheet(&bytes, "Resumen");
    let value_of = |label: &str, column: usize| {
        let row = page.rows().find(|row| row[0] == *label);
        row.unwrap_or_else(|| panic!("{label}"))[column].clone()
    };
    assert_eq!(value_of("NO", 1), Data::Float(2.0));
    assert_eq!(value_of("NO", 2), Data::Float(1.0));
    assert_eq!(value_of("SÍ", 1), Data::Float(0.0));
    assert_eq!(value_of("Total", 1), Data::Float(2.0));
    assert_eq!(
        value_of("Archivo de origen", 1),
        Data::String("clientes.xlsx".into())
    );
    assert_eq!(
        value_of("Fecha y hora (Lima)", 1),
        Data::String("31/01/2026 10:15".into())
    );
    assert_eq!(value_of("RUC repetidos", 1), Data::Float(1.0));
    assert_eq!(value_of("Respuestas ya conocidas", 1), Data::Float(5.0));
}

#[test]
fn the_same_input_gives_the_same_bytes() {
    let table = callers();
    for format in [OutputFormat::Xlsx, OutputFormat::Csv, OutputFormat::Json] {
        let once = written(format, &table, &[]);
        assert_eq!(once, written(format, &table, &[]), "{format:?}");
    }
}

#[test]
fn a_csv() {
    let bytes = written(
        OutputFormat::Csv,
        &callers(),
        &[verdict(Aptitud::Observado)],
    );
    let csv = String::from_utf8(bytes).unwrap();
    let lines: Vec<&str> = csv.split("\r\n").collect();
    assert!(lines[0].starts_with("\u{feff}RUC,Estado,estado_sunat,Monto,Fecha,ruc_normalizado,"));
    assert_eq!(
        lines[1],
        "20000712711,'=1+1,VERDADERO,1500.5,2026-01-31,20000712711,'=cmd|' /C calc'!A0,ACTIVO,HABIDO,\"SÍ, CON OBSERVACIONES\",010101,,,,,\"dos líneas\n\"\"y comillas\"\"\",migo,"
    );
    assert!(lines[2].starts_with("00012345,,#N/A,,,,"), "{}", lines[2]);
}

#[test]
fn a_csv_keeps_the_separator_it_came_with() {
    let table = super::read(b"RUC;X\n20000712711;a;b\n").unwrap();
    let csv = String::from_utf8(written(OutputFormat::Csv, &table, &[])).unwrap();
    assert!(csv.starts_with("\u{feff}RUC;X;C;ruc_normalizado;"), "{csv}");
}

#[test]
fn json() {
    let rows: &[&[Cell]] = &[&[Cell::Number(20_000_712_711.0), text("a"), Cell::Number(0.5)]];
    let table = table(&["RUC", "X", "X"], rows);
    let verdicts = [verdict(Aptitud::Apto)];
    let array: serde_json::Value =
        serde_json::from_slice(&written(OutputFormat::Json, &table, &verdicts)).unwrap();
    let line: serde_json::Value =
        serde_json::from_slice(&written(OutputFormat::Ndjson, &table, &verdicts)).unwrap();
    assert_eq!(array[0], line);
    assert_eq!(line["fila"], 2);
    assert_eq!(
        line["original"].to_string(),
        r#"{"RUC":20000712711,"X":"a","X (2)":0.5}"#
    );
    assert_eq!(line["apto_para_facturar"], "SÍ");
    assert_eq!(line["aptitud"], "apto");
    assert_eq!(line["estado"], "ACTIVO");
    let mut empty = table;
    empty.rows.clear();
    assert_eq!(
        written(OutputFormat::Json, &empty, &[]),
        b"[\n[]\n".strip_prefix(b"[\n").unwrap()
    );
}

fn write_table(path: &Path, format: OutputFormat, table: &Table) -> Result<(), SheetError> {
    let nothing = Box::new(std::iter::empty());
    write_atomically(path, |file| {
        render_result(
            file,
            format,
            table,
            nothing,
            &summary(),
            ResultNames::Programs,
            Lang::Es,
        )
    })
}

/// Writes to a path in a fresh folder and gives the code of the failure.
fn write_to(path: &Path) -> Result<(), &'static str> {
    write_table(path, OutputFormat::Csv, &callers()).map_err(|error| error.code())
}

#[test]
fn whole_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("resultado.csv");
    std::fs::write(&path, "lo de antes").unwrap();
    // A title too wide for any workbook stops the writing half-way.
    let headers = vec!["X"; 20_000];
    let wide = table(&headers, &[&[text("a")]]);
    let failed = std::panic::catch_unwind(|| write_table(&path, OutputFormat::Xlsx, &wide));
    assert!(!matches!(failed, Ok(Ok(()))));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "lo de antes");
    assert_eq!(write_to(&path), Ok(()));
    assert!(
        std::fs::read_to_string(&path)
            .unwrap()
            .contains("ruc_normalizado")
    );
    // Nothing is left beside it in either case.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn where_nothing_can_be_written() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(
        write_to(&folder.path().join("no/hay/x.csv")),
        Err("carpeta_no_encontrada")
    );
    assert_eq!(write_to(folder.path()), Err("salida_es_carpeta"));
    #[cfg(target_os = "linux")]
    {
        assert_eq!(write_to(Path::new("/dev/full")), Err("disco_lleno"));
        // Not even the administrator may make a file there.
        assert!(write_to(Path::new("/proc/x.csv")).is_err());
        assert_eq!(write_to(Path::new("/dev/null")), Ok(()));
    }
}

#[cfg(unix)]
#[test]
fn permissions_of_the_output() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.csv");
    std::fs::write(&path, "").unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    assert_eq!(write_to(&path), Ok(()));
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
}

#[test]
fn nothing_personal_in_debug() {
    let list = table(&["DNI"], &[&[text("00000001"), Cell::Number(12_345_678.0)]]);
    let verdict = Verdict {
        ruc_normalizado: "00000001".into(),
        razon_social: "NOMBRE INVENTADO".into(),
        direccion: "AV. FICTICIA".into(),
        ..Verdict::default()
    };
    let shown = format!("{list:?} {verdict:?}");
    for secret in ["00000001", "12345678", "INVENTADO", "FICTICIA"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn formats_of_paths() {
    let of = |path: &str| OutputFormat::of_path(Path::new(path));
    assert_eq!(of("a/B.XLSX"), Some(OutputFormat::Xlsx));
    assert_eq!(of("b.csv"), Some(OutputFormat::Csv));
    assert_eq!(of("b.jsonl"), Some(OutputFormat::Ndjson));
    assert_eq!(of("b.json"), Some(OutputFormat::Json));
    assert_eq!(of("b.pdf"), None);
    assert_eq!(of("-"), None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever a text begins with, it is a text in the workbook and inert in the CSV.
    #[test]
    fn nothing_runs(start in "[=+@\t\r\n＝＋－＠ -]{0,3}", rest in "\\PC{0,20}") {
        let value = format!("{start}{rest}");
        let table = table(&["RUC"], &[&[text(&value)]]);
        let verdicts = [Verdict { razon_social: value.clone(), ..Verdict::default() }];
        let bytes = written(OutputFormat::Xlsx, &table, &verdicts);
        let list = sheet(&bytes, "Resultado");
        for column in [0, 2] {
            let cell = list.get_value((1, column)).cloned().unwrap_or_default();
            prop_assert!(matches!(cell, Data::String(_) | Data::Empty), "{cell:?}");
        }
        let csv = written(OutputFormat::Csv, &table, &verdicts);
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(csv.as_slice());
        let record = reader.records().nth(1).unwrap().unwrap();
        for field in [&record[0], &record[2]] {
            let number = field.chars().skip(1).all(|c| c.is_ascii_digit() || " .,".contains(c));
            let live = field.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
            prop_assert!(!live || number && field.len() > 1, "{field:?}");
        }
    }
}
