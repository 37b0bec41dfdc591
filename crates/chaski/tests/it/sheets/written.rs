//! What is written: the caller's columns unchanged, ours beside them, nothing that runs.

use std::io::Cursor;
use std::path::Path;
use std::time::Duration;

use calamine::{Data, Range, Reader as _, Xlsx};
use chaski::sheets::{
    Aptitud, Cell, OutputFormat, Packed, ResultNames, SheetError, Summary, Table, Verdict,
    Verdicts, render_result, write_atomically, write_result_to,
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
    let verdicts: Packed<Verdict> = verdicts.iter().cloned().collect();
    write_result_to(
        &mut out,
        format,
        table,
        Verdicts::of(&verdicts),
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

fn sheet_of(bytes: &[u8], name: &str) -> Range<Data> {
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
    let list = sheet_of(&bytes, "Resultado");
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
    let page = sheet_of(&bytes, "Resumen");
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
    empty.rows.retain(|_| false);
    assert_eq!(
        written(OutputFormat::Json, &empty, &[]),
        b"[\n[]\n".strip_prefix(b"[\n").unwrap()
    );
}

fn write_table(path: &Path, format: OutputFormat, table: &Table) -> Result<(), SheetError> {
    let none = Packed::<Verdict>::default();
    let nothing = Verdicts::of(&none);
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
        let list = sheet_of(&bytes, "Resultado");
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

/// A list below a heading, with a hidden column, widths and formats.
fn with_looks() -> Vec<u8> {
    let mut book = rust_xlsxwriter::Workbook::new();
    let sheet = book.add_worksheet();
    let format = |code: &str| rust_xlsxwriter::Format::new().set_num_format(code);
    sheet
        .merge_range(
            0,
            0,
            0,
            2,
            "ESTUDIO FICTICIO S.A.C.",
            &rust_xlsxwriter::Format::new(),
        )
        .unwrap();
    sheet.write_string(1, 0, "NOVIEMBRE 2026").unwrap();
    for (column, title) in (0..).zip(["RUC", "Código", "Monto", "Fecha"]) {
        sheet.write_string(3, column, title).unwrap();
    }
    for row in 4..6 {
        sheet.write_string(row, 0, "20000712711").unwrap();
        sheet.write_string(row, 1, "X-1").unwrap();
        let money = ["#,##0.000", "[$USD] 0.00"][row as usize - 4];
        sheet
            .write_number_with_format(row, 2, 984.6216, &format(money))
            .unwrap();
        let day = rust_xlsxwriter::ExcelDateTime::from_ymd(2026, 11, 27).unwrap();
        sheet
            .write_datetime_with_format(row, 3, &day, &format("dd-mmm-yy"))
            .unwrap();
    }
    sheet.set_column_width(0, 21).unwrap();
    sheet.set_column_hidden(1).unwrap();
    book.save_to_buffer().unwrap()
}

/// What stood above, widths, formats and hidden columns are those of the list; ours come after, the
/// verdict first.
#[test]
fn for_people_the_list_stays_as_it_looked() {
    let table = super::read(&with_looks()).unwrap();
    assert_eq!((table.header_row, table.above.len()), (Some(4), 3));
    let answer = Verdict {
        consultado_en: "2026-11-27 10:15:00".into(),
        ..verdict(Aptitud::Apto)
    };
    let bytes = written_for(
        ResultNames::People,
        OutputFormat::Xlsx,
        &table,
        &[answer.clone(), answer],
    );
    let list = sheet_of(&bytes, "Resultado");
    let text = |row: u32, column: u32| {
        list.get_value((row, column))
            .map(ToString::to_string)
            .unwrap_or_default()
    };
    assert_eq!(text(0, 0), "ESTUDIO FICTICIO S.A.C.");
    assert_eq!(text(1, 0), "NOVIEMBRE 2026");
    let titles: Vec<String> = (0..7).map(|column| text(3, column)).collect();
    assert_eq!(
        titles,
        [
            "RUC",
            "Código",
            "Monto",
            "Fecha",
            "¿Se le puede facturar?",
            "Motivo",
            "RUC consultado"
        ]
    );
    assert_eq!(text(4, 4), "SÍ");
    assert!(
        matches!(list.get_value((4, 16)), Some(Data::DateTime(_))),
        "{:?}",
        list.get_value((4, 16))
    );
    let part = |name: &str| {
        let mut archive = zip::ZipArchive::new(Cursor::new(&bytes)).unwrap();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut archive.by_name(name).unwrap(), &mut text).unwrap();
        text
    };
    let (list, styles) = (part("xl/worksheets/sheet1.xml"), part("xl/styles.xml"));
    assert!(list.contains("<mergeCell ref=\"A1:C1\"/>"), "{list}");
    assert!(list.contains("hidden=\"1\""), "{list}");
    assert!(
        list.contains("<col min=\"1\" max=\"1\" width=\"21."),
        "{list}"
    );
    for code in ["#,##0.000", "[$USD] 0.00", "dd-mmm-yy"] {
        assert!(styles.contains(code), "{code}: {styles}");
    }
}

#[test]
fn for_people_a_text_keeps_what_stood_above() {
    let table = super::read(&with_looks()).unwrap();
    let csv = String::from_utf8(written_for(
        ResultNames::People,
        OutputFormat::Csv,
        &table,
        &[],
    ))
    .unwrap();
    let lines: Vec<&str> = csv.trim_start_matches('\u{feff}').split("\r\n").collect();
    assert!(lines[0].starts_with("ESTUDIO FICTICIO S.A.C.,"), "{csv}");
    assert!(
        lines[3].starts_with("RUC,Código,Monto,Fecha,¿Se le puede facturar?,Motivo,"),
        "{csv}"
    );
    // Their own title and ours.
    let theirs = super::table(&["RUC", "Motivo"], &[&[super::text("20000712711")]]);
    let csv = String::from_utf8(written_for(
        ResultNames::People,
        OutputFormat::Csv,
        &theirs,
        &[],
    ))
    .unwrap();
    assert!(
        csv.contains("RUC,Motivo,¿Se le puede facturar?,Motivo (SUNAT),"),
        "{csv}"
    );
}
