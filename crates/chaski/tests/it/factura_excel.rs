//! Workbooks of documents: damaged cells, many documents as a whole, the template, and what is written back.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Cursor, Read};
use std::path::PathBuf;

use calamine::{Data, Range, Reader, Xlsx};
use chaski::app::invoices::{CheckedWorkbook, invoice_template, wanted_sheets};
use chaski::app::{App, WantedMode};
use chaski::config::{Layers, Surroundings};
use chaski::sheets::{Limits, SheetBook, read_book_bytes};
use chaski_client::{Ask, Clock};
use chaski_core::{Lang, Severity};
use rust_xlsxwriter::{Color, Format, Workbook};

use crate::cli_kit::Place;

#[path = "../../examples/ventas/book.rs"]
mod book;

/// Noon in Lima of the day on which these documents are checked.
const NOW: &str = "2026-11-27T17:00:00Z";

/// The twelve documents of the example that are wrong: the title over the cell to blame, and the code.
const FAULTS: [(&str, &str, &str); 12] = [
    ("P-049", "RUC / DNI", "2017"),
    ("P-050", "RUC / DNI", "2800"),
    ("P-051", "RUC / DNI", "2514"),
    ("P-052", "Fecha", "2108"),
    ("P-053", "Cantidad", "CH-DECIMALES"),
    ("P-054", "Afectación", "CH-CATALOGO"),
    ("P-055", "Cliente", "CH-FILAS"),
    ("P-056", "N°", "CH-REPETIDO"),
    ("P-057", "Importe", "3265"),
    ("P-058", "P. Unit.", "CH-SIGNO"),
    ("P-059", "N° Pedido", "3286"),
    ("P-060", "P. Unit.", "CH-CELDA"),
];

async fn open(folder: &tempfile::TempDir) -> App {
    let around = Surroundings {
        variables: [("CHASKI_DIR".to_owned(), folder.path().display().to_string())].into(),
        here: folder.path().to_owned(),
    };
    let config = Layers::read(&around, None, &[]).unwrap().config().unwrap();
    let clock = Clock::starting_at(NOW.parse().unwrap());
    App::open(config, WantedMode::Sandbox, clock).await.unwrap()
}

fn read(bytes: &[u8]) -> SheetBook {
    read_book_bytes(bytes, &wanted_sheets(), &Limits::default()).unwrap()
}

/// A value as a test writes it.
#[derive(Clone, Copy)]
enum V {
    T(&'static str),
    N(f64),
    /// A number under a format.
    F(f64, &'static str),
}

/// A workbook with these titles and rows.
fn workbook(titles: &[&str], rows: &[Vec<V>]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (column, title) in (0..).zip(titles) {
        sheet.write_string(0, column, *title).unwrap();
    }
    for (row, values) in (1..).zip(rows) {
        for (column, value) in (0..).zip(values) {
            match value {
                V::T(text) => sheet.write_string(row, column, *text).unwrap(),
                V::N(number) => sheet.write_number(row, column, *number).unwrap(),
                V::F(number, form) => {
                    let form = Format::new().set_num_format(*form);
                    sheet
                        .write_number_with_format(row, column, *number, &form)
                        .unwrap()
                }
            };
        }
    }
    book.save_to_buffer().unwrap()
}

/// A right document of one line; a case says one cell more, or otherwise.
const USUAL: [(&str, V); 9] = [
    ("documento", V::T("A")),
    ("tipo", V::T("factura")),
    ("cliente_numero", V::T("20100070970")),
    ("cliente_nombre", V::T("CLIENTE S.A.C.")),
    ("cliente_direccion", V::T("AV. UNO 1")),
    ("precios_con_igv", V::T("SI")),
    ("descripcion", V::T("ALGO")),
    ("cantidad", V::N(1.0)),
    ("precio", V::N(118.0)),
];

/// A workbook with a document a row, each the usual one with other values under some titles.
fn documents(titles: &[&'static str], rows: &[Vec<V>]) -> Vec<u8> {
    let mut all: Vec<&str> = USUAL.iter().map(|(title, _)| *title).collect();
    all.extend(
        titles
            .iter()
            .filter(|title| !USUAL.iter().any(|(known, _)| known == *title)),
    );
    let keys: Vec<&'static str> = (0..rows.len())
        .map(|it| &*format!("D{it}").leak())
        .collect();
    let rows: Vec<Vec<V>> = rows
        .iter()
        .zip(keys)
        .map(|(values, key)| {
            let value = |title: &&str| {
                let own = titles
                    .iter()
                    .position(|it| it == title)
                    .map(|it| values[it]);
                let usual = USUAL
                    .iter()
                    .find(|(known, _)| known == title)
                    .map(|(_, it)| *it);
                let key = (*title == "documento").then_some(V::T(key));
                own.or(key).or(usual).unwrap_or(V::T(""))
            };
            all.iter().map(value).collect()
        })
        .collect();
    workbook(&all, &rows)
}

async fn checked(app: &App, bytes: &[u8]) -> CheckedWorkbook {
    let ask = Ask::by("test");
    let room = app.invoice_room(None, &ask).await.unwrap();
    let checked = app
        .check_workbook(Some(&room), read(bytes), false, &ask)
        .await;
    checked.unwrap_or_else(|error| panic!("{}", error.message(Lang::Es)))
}

/// The total of a document and what was found in it, most severe first, with its cell.
fn outcome(checked: &CheckedWorkbook, index: usize) -> String {
    let total = checked.documents[index].total;
    let mut shown = total.map_or("-".to_owned(), |it| format!("{it:.2}"));
    for found in checked
        .findings
        .iter()
        .filter(|it| it.document == Some(index))
    {
        let cell = found
            .spot
            .column
            .map(|_| checked.title_of(&found.spot).unwrap_or_default());
        let (codigo, title) = (found.finding.codigo, cell.unwrap_or_default());
        write!(shown, " {codigo}@{title}").unwrap();
    }
    shown
}

/// All cases of one column in one workbook: a row each.
#[track_caller]
fn cases<'c>(
    app: &'c App,
    title: &'static str,
    expected: &'c [(V, &'static str)],
) -> impl Future<Output = ()> + 'c {
    let rows: Vec<Vec<V>> = expected.iter().map(|(value, _)| vec![*value]).collect();
    let bytes = documents(&[title], &rows);
    async move {
        let checked = checked(app, &bytes).await;
        for (index, (value, expected)) in expected.iter().enumerate() {
            let shown = match value {
                V::T(text) => (*text).to_owned(),
                V::N(number) | V::F(number, _) => number.to_string(),
            };
            assert_eq!(outcome(&checked, index), *expected, "{title}: {shown}");
        }
    }
}

#[tokio::test]
async fn damaged_cells_are_read_as_they_were_meant() {
    use V::{F, N, T};
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder).await;
    cases(
        &app,
        "precio",
        &[
            (N(118.0), "118.00"),
            (N(0.1 + 0.2), "0.30"),
            (N(117.999_999_999_999_99), "118.00"),
            (T("S/ 1,234.50"), "1234.50"),
            (T("S/.1,234.50"), "1234.50"),
            (T(" S/\u{a0}1 234.50 "), "1234.50"),
            (T("1.234,50"), "1234.50"),
            (T("12,50"), "12.50"),
            (T("0,125"), "0.13"),
            (T("1,234,567.00"), "1234567.00"),
            (T("118.00 soles"), "118.00"),
            (T("1,234"), "- CH-DECIMALES@precio"),
            (T("1e3"), "- CH-DECIMALES@precio"),
            (T("NaN"), "- CH-DECIMALES@precio"),
            (T("(50.00)"), "- CH-NEGATIVO@precio"),
            (N(-1.0), "- CH-NEGATIVO@precio"),
            (N(1e13), "- CH-DECIMALES@precio"),
            (T("doce"), "- CH-DECIMALES@precio"),
            (T("US$ 118.00"), "118.00 CH-SIGNO@precio"),
        ],
    )
    .await;
    cases(
        &app,
        "cantidad",
        &[
            (N(3.000_000_000_000_000_4), "354.00"),
            (T("2.0"), "236.00"),
            (N(10.0 / 3.0), "393.33"),
            (T("dos"), "- CH-DECIMALES@cantidad"),
            (T(""), "- CH-FALTA@cantidad"),
        ],
    )
    .await;
    cases(
        &app,
        "cliente_numero",
        &[
            (N(20_100_070_970.0), "118.00"),
            (T("20.100.070.970"), "118.00"),
            (T("RUC 20100070970"), "118.00"),
            (T("20100070970.0"), "118.00"),
            (T("\u{200b}20100070970 "), "118.00"),
            (F(20_100_070_970.0, "0.00E+00"), "118.00"),
            (T("20100070971"), "118.00 2017@cliente_numero"),
        ],
    )
    .await;
}

#[tokio::test]
async fn days_codes_and_words_are_read_as_they_were_meant() {
    use V::{F, N, T};
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder).await;
    cases(
        &app,
        "fecha",
        &[
            (T(""), "118.00"),
            (T("27/11/2026"), "118.00"),
            (T("2026-11-27"), "118.00"),
            (T("27.11.2026"), "118.00"),
            (T("27/11/26"), "118.00"),
            (T("27 de noviembre de 2026"), "118.00"),
            (T("27-nov-2026"), "118.00"),
            (T("2026-11-27 08:30"), "118.00"),
            (F(46_353.0, "dd/mm/yyyy"), "118.00"),
            (F(46_353.354, "dd/mm/yyyy hh:mm"), "118.00"),
            (N(46_353.0), "118.00 CH-REPARADO@fecha"),
            (T("46353"), "118.00 CH-REPARADO@fecha"),
            (T("26/11/2026"), "118.00 CH-FECHA@fecha"),
            (T("28/11/2026"), "118.00 CH-FECHA-FUTURA@fecha"),
            (T("29/02/2027"), "118.00 CH-FECHA@fecha"),
            (T("ayer"), "118.00 CH-FECHA@fecha"),
        ],
    )
    .await;
    cases(
        &app,
        "igv",
        &[
            (T(""), "118.00"),
            (N(18.0), "118.00"),
            (T("18%"), "118.00"),
            (F(0.18, "0%"), "118.00"),
            (N(0.18), "118.00"),
        ],
    )
    .await;
    cases(
        &app,
        "tipo",
        &[
            (T("Factura"), "118.00"),
            (T("FACTURA ELECTRÓNICA"), "118.00"),
            (N(1.0), "118.00"),
            (T("01"), "118.00"),
            (T("factrua"), "- CH-TIPO@tipo"),
        ],
    )
    .await;
    cases(
        &app,
        "afectacion",
        &[
            (N(10.0), "118.00"),
            (T("10 - Gravado"), "118.00"),
            (T("Exonerado"), "118.00"),
            (T("99"), "- CH-CATALOGO@afectacion"),
        ],
    )
    .await;
    cases(
        &app,
        "precios_con_igv",
        &[
            (T("Sí"), "118.00"),
            (T("no"), "139.24"),
            (T("x"), "118.00"),
            (T("quizás"), "- CH-CELDA@precios_con_igv"),
            (T(""), "- CH-FALTA@precios_con_igv"),
        ],
    )
    .await;
}

#[tokio::test]
async fn zeros_of_a_dni_come_back() {
    use V::{N, T};
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder).await;
    let rows = [
        (T("00000001"), T("1")),
        (N(1.0), T("DNI")),
        (N(1_234_567.0), T("")),
        (T("1234567"), T("1")),
    ];
    let rows: Vec<Vec<V>> = rows
        .iter()
        .map(|(number, tipo)| vec![T("boleta"), *number, *tipo])
        .collect();
    let bytes = documents(&["tipo", "cliente_numero", "cliente_tipo"], &rows);
    let checked = checked(&app, &bytes).await;
    let outcomes: Vec<String> = (0..4).map(|it| outcome(&checked, it)).collect();
    assert_eq!(outcomes[0], "118.00");
    assert_eq!(outcomes[1], "118.00 CH-REPARADO@cliente_numero");
    assert_eq!(outcomes[2], "118.00 CH-REPARADO@cliente_numero");
    // Of a text nobody knows which digit is missing: it is told with what it may be.
    let found = checked
        .findings
        .iter()
        .find(|it| it.document == Some(3))
        .unwrap();
    assert_eq!(
        (found.finding.codigo, found.finding.esperado.as_deref()),
        ("4207", Some("01234567"))
    );
}

/// Amounts in every dress that programs and people give them.
#[tokio::test]
async fn amounts_in_every_dress_are_the_same_amount() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder).await;
    let mut rows = Vec::new();
    let mut expected = Vec::new();
    for cents in [
        1_u64, 50, 99, 100, 1_005, 99_999, 123_456, 1_000_000, 98_765_432,
    ] {
        let (whole, part) = (cents / 100, cents % 100);
        let grouped = |mark: &str| {
            let digits = whole.to_string();
            let mut text = String::new();
            for (index, digit) in digits.chars().enumerate() {
                if index > 0 && (digits.len() - index).is_multiple_of(3) {
                    text.push_str(mark);
                }
                text.push(digit);
            }
            text
        };
        let plain = format!("{whole}.{part:02}");
        let dressed = [
            plain.clone(),
            format!("{}.{part:02}", grouped(",")),
            format!("{},{part:02}", grouped(".")),
            format!("{}.{part:02}", grouped(" ")),
            format!("{whole},{part:02}"),
            format!("{plain}0"),
        ];
        for text in dressed {
            for (before, behind) in [
                ("", ""),
                ("S/ ", ""),
                ("S/.", ""),
                ("\u{a0}", " "),
                ("", " PEN"),
            ] {
                let text: &'static str = format!("{before}{text}{behind}").leak();
                rows.push(vec![V::T(text)]);
                expected.push((text, plain.clone()));
            }
        }
        #[expect(clippy::cast_precision_loss, reason = "cents far below 2^52")]
        let number = cents as f64 / 100.0;
        rows.push(vec![V::N(number * 3.0 / 3.0)]);
        expected.push(("a float", plain));
    }
    let checked = checked(&app, &documents(&["precio"], &rows)).await;
    for (index, (written, amount)) in expected.iter().enumerate() {
        assert_eq!(outcome(&checked, index), *amount, "{written}");
    }
}

#[tokio::test]
async fn what_only_all_documents_together_show() {
    use V::{N, T};
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder).await;
    let titles = [
        "tipo",
        "serie",
        "numero",
        "precio",
        "nota_motivo",
        "nota_documento",
        "referencia",
    ];
    let note = |price: f64, motivo: &'static str| {
        vec![
            T("NC"),
            T("FFF1"),
            T(""),
            N(price),
            T(motivo),
            T("FFF1-7"),
            T(""),
        ]
    };
    let rows = [
        // The notes come first: their document is found all the same.
        note(100.0, "07"),
        note(18.0, "07"),
        note(0.01, "07"),
        vec![
            T("factura"),
            T("FFF1"),
            N(7.0),
            N(118.0),
            T(""),
            T(""),
            T("R1"),
        ],
        vec![
            T("factura"),
            T("fff1"),
            T("7"),
            N(118.0),
            T(""),
            T(""),
            T(""),
        ],
        vec![
            T("factura"),
            T("FFF1"),
            T(""),
            N(118.0),
            T(""),
            T(""),
            T("R1"),
        ],
        note(0.0, "01"),
        note(0.0, "06"),
    ];
    let checked = checked(&app, &documents(&titles, &rows)).await;
    let outcomes: Vec<String> = (0..rows.len()).map(|it| outcome(&checked, it)).collect();
    assert_eq!(outcomes[0], "100.00");
    assert_eq!(outcomes[1], "18.00");
    assert!(outcomes[2].contains("3286"), "{}", outcomes[2]);
    assert_eq!(outcomes[3], "118.00");
    assert_eq!(outcomes[4], "118.00 CH-REPETIDO@numero");
    assert_eq!(outcomes[5], "118.00 CH-REPETIDO@referencia");
    assert!(!outcomes[6].contains("CH-NOTA-REPETIDA"), "{}", outcomes[6]);
    assert!(
        outcomes[7].contains("CH-NOTA-REPETIDA@nota_documento"),
        "{}",
        outcomes[7]
    );
}

#[tokio::test]
async fn rows_of_a_document_stand_in_any_order() {
    use V::{N, T};
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder).await;
    let titles = [
        "documento",
        "tipo",
        "descripcion",
        "cantidad",
        "precio con IGV",
        "TOTAL",
    ];
    let row = |key: &'static str, tipo: &'static str, price: f64| {
        vec![T(key), T(tipo), T("X"), N(1.0), N(price), N(1.0)]
    };
    let rows = [
        row("A", "", 10.0),
        row("B", "boleta", 1.0),
        row("A", "boleta", 20.0),
        row("B", "", 2.0),
        vec![T(""), T(""), T("TOTAL"), T(""), T(""), N(33.0)],
        vec![
            T(""),
            T("boleta"),
            T("sin documento"),
            N(1.0),
            N(1.0),
            T(""),
        ],
    ];
    let checked = checked(&app, &workbook(&titles, &rows)).await;
    assert_eq!(
        (outcome(&checked, 0), outcome(&checked, 1)),
        ("30.00".into(), "3.00".into())
    );
    let loose: Vec<_> = checked
        .findings
        .iter()
        .filter(|it| it.document.is_none())
        .collect();
    assert_eq!(loose.len(), 1);
    assert_eq!(
        (loose[0].finding.codigo, loose[0].spot.row),
        ("CH-DOCUMENTO", 7)
    );
    // The caller's own total stays theirs.
    let bytes = checked.to_xlsx("x.xlsx", Lang::Es).unwrap();
    let sheet = cells(&bytes, "Sheet1");
    let titles: Vec<String> = sheet
        .rows()
        .next()
        .unwrap()
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(
        titles[5..],
        [
            "TOTAL",
            "estado",
            "comprobante",
            "total_gravada",
            "total_igv",
            "total_chaski",
            "enlace_pdf",
            "hallazgos"
        ]
    );
}

#[tokio::test]
async fn a_title_that_is_nearly_known_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder).await;
    let found = checked(&app, &documents(&["descuneto"], &[vec![V::N(5.0)]])).await;
    let found = &found.findings[0];
    assert_eq!(found.finding.codigo, "CH-COLUMNA");
    assert_eq!(found.finding.severidad, Severity::Error);
    assert_eq!(found.finding.esperado.as_deref(), Some("descuento"));
    assert_eq!(found.spot.cell().as_deref(), Some("J1"));
    // Amounts of IGV are not its rate.
    let amounts = checked(
        &app,
        &documents(&["igv"], &[vec![V::N(18.0)], vec![V::N(21.24)]]),
    )
    .await;
    assert!(!amounts.has_errors());
    assert_eq!(amounts.findings[0].finding.codigo, "CH-COLUMNA");
}

fn cells(bytes: &[u8], sheet: &str) -> Range<Data> {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    book.worksheet_range(sheet).unwrap()
}

/// All parts of an archive, as texts.
fn parts(bytes: &[u8]) -> BTreeMap<String, String> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut parts = BTreeMap::new();
    for index in 0..archive.len() {
        let mut file = archive.by_index(index).unwrap();
        let name = file.name().unwrap().to_string();
        let mut text = Vec::new();
        file.read_to_end(&mut text).unwrap();
        parts.insert(name, String::from_utf8_lossy(&text).into_owned());
    }
    parts
}

#[tokio::test]
async fn the_template_goes_through_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder).await;
    for lang in [Lang::Es, Lang::En] {
        let day = jiff::civil::date(2026, 11, 27);
        let bytes = invoice_template(day, lang).unwrap();
        assert_eq!(bytes, invoice_template(day, lang).unwrap());
        let book = checked(&app, &bytes).await;
        assert_eq!(book.findings, []);
        assert_eq!(book.documents.len(), 2);
        assert_eq!(outcome(&book, 0), "82.60");
        let parts = parts(&bytes);
        let main = &parts["xl/worksheets/sheet1.xml"];
        // Kinds, currencies, identities, affectations, units and more are chosen from lists.
        assert!(
            main.matches("type=\"list\"").count() >= 14,
            "{}",
            main.matches("type=\"list\"").count()
        );
        assert!(main.contains("state=\"frozen\""));
        assert!(parts.contains_key("xl/worksheets/sheet4.xml"));
        // What comes back from the review is reviewed again, with the same columns.
        let once = book.to_xlsx("facturas.xlsx", lang).unwrap();
        let again = checked(&app, &once).await;
        assert_eq!(again.findings, []);
        assert_eq!(
            cells(&once, "Comprobantes"),
            cells(
                &again.to_xlsx("facturas.xlsx", lang).unwrap(),
                "Comprobantes"
            )
        );
    }
}

#[test]
fn the_example_is_what_its_program_writes() {
    let made = book::ventas().unwrap();
    let committed = std::fs::read(example()).unwrap();
    for sheet in ["Ventas noviembre", "Cuotas"] {
        assert_eq!(
            cells(&made, sheet),
            cells(&committed, sheet),
            "cargo run -p chaski --example ventas"
        );
    }
}

fn example() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../ejemplos/facturas/ventas.xlsx"
    ))
}

#[test]
fn the_twelve_faults_of_the_example_are_found_each_in_its_cell() {
    let place = Place::new();
    let given = std::fs::read(example()).unwrap();
    place.write("ventas.xlsx", &given);
    let ran = place
        .run("factura validar ventas.xlsx -o revisado.xlsx")
        .expect(3);
    assert!(ran.err.contains("documentos, 60"), "{}", ran.err);
    assert!(ran.err.contains("con errores, 12"), "{}", ran.err);
    let bytes = std::fs::read(place.path("revisado.xlsx")).unwrap();
    // 1. Each fault in its cell, and no other error.
    let found = cells(&bytes, "Hallazgos");
    let text = |cell: &Data| cell.to_string();
    let errors: Vec<(String, String, String)> = found
        .rows()
        .filter(|row| row[5] == Data::String("ERROR".into()))
        .map(|row| (text(&row[4]), text(&row[3]), text(&row[6])))
        .collect();
    let expected: Vec<_> = FAULTS
        .map(|(key, title, code)| (key.into(), title.into(), code.into()))
        .into();
    let sorted = |mut list: Vec<(String, String, String)>| {
        list.sort();
        list
    };
    assert_eq!(sorted(errors), sorted(expected));
    // 2. What the accountant wrote stands where it stood.
    let (theirs, ours) = (
        cells(&given, "Ventas noviembre"),
        cells(&bytes, "Ventas noviembre"),
    );
    let (height, width) = theirs.get_size();
    for row in 0..height {
        for column in 0..width {
            let (before, after) = (theirs.get((row, column)), ours.get((row, column)));
            let (before, after) = (
                before.cloned().unwrap_or_default(),
                after.cloned().unwrap_or_default(),
            );
            // A formula's error stays a text.
            let same = before == after || before.to_string() == after.to_string();
            assert!(same, "{row} {column}: {before:?} {after:?}");
        }
    }
    // 3. A word beside every document, totals once.
    let state = |row: u32| {
        ours.get_value((row, u32::try_from(width).unwrap()))
            .cloned()
    };
    assert_eq!(state(3), Some(Data::String("estado".into())));
    let states: Vec<String> = (4..height)
        .filter_map(|row| state(u32::try_from(row).unwrap()))
        .map(|it| it.to_string())
        .collect();
    assert_eq!(states.len(), height - 4);
    assert!(states.iter().any(|it| it == "CORRECTO"));
    let parts = parts(&bytes);
    let comments = parts
        .keys()
        .filter(|name| name.contains("comments"))
        .count();
    assert!(comments >= 1, "no notes at the cells");
    // 4. Reviewed again it says the same.
    let again = place
        .run("factura validar revisado.xlsx -o otra.xlsx")
        .expect(3);
    assert!(again.err.contains("con errores, 12"), "{}", again.err);
}

/// Colours, bold and slanted come back as they were, also where nothing stands; a cell to blame has the colour
/// that says so, and a column none beyond its last row.
#[tokio::test]
async fn what_was_coloured_stays_so() {
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder).await;
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let titles = [
        "documento",
        "tipo",
        "cliente_numero",
        "descripcion",
        "cantidad",
        "P. Unit. con IGV",
    ];
    for (column, title) in (0..).zip(titles) {
        sheet.write_string(0, column, title).unwrap();
    }
    let yellow = Format::new().set_background_color("#FFF2CC");
    let red = yellow
        .clone()
        .set_font_color("#C00000")
        .set_italic()
        .set_bold();
    let plain = Format::new();
    let themed = Format::new().set_background_color(Color::Theme(4, 3));
    for row in 1..=3 {
        sheet
            .write_string_with_format(row, 0, format!("V-{row}"), &yellow)
            .unwrap();
        sheet
            .write_string_with_format(row, 1, "boleta", &red)
            .unwrap();
        sheet.write_blank(row, 2, &yellow).unwrap();
        sheet
            .write_string_with_format(row, 3, "POLO", &themed)
            .unwrap();
        sheet.write_number_with_format(row, 4, 1.0, &plain).unwrap();
        sheet
            .write_string_with_format(row, 5, if row == 3 { "dos" } else { "10.00" }, &yellow)
            .unwrap();
    }
    let bytes = book.save_to_buffer().unwrap();
    let first = checked(&app, &bytes).await;
    let written = first.to_xlsx("ventas.xlsx", Lang::Es).unwrap();
    let looks = |bytes: &[u8], row: u32| -> Vec<String> {
        let book = read(bytes);
        let look = |column| match book.main.looks.of(row, column) {
            Some(it) => format!(
                "{:06X} {:06X} {}{}",
                it.fill.unwrap_or(0xFF_FFFF),
                it.colour.unwrap_or(0),
                if it.bold { "b" } else { "" },
                if it.italic { "i" } else { "" }
            ),
            None => "-".to_owned(),
        };
        (0..6).map(look).collect()
    };
    assert_eq!(looks(&written, 2), looks(&bytes, 2));
    assert_eq!(
        looks(&written, 2)[..3],
        ["FFF2CC 000000 ", "FFF2CC C00000 bi", "FFF2CC 000000 "]
    );
    assert!(looks(&written, 2)[3].len() > 8, "{:?}", looks(&written, 2));
    assert_ne!(looks(&written, 2)[3], "FFFFFF 000000 ");
    // The cell to blame is red and not yellow.
    assert_eq!(looks(&written, 4)[5], "FFC7CE 9C0006 ");
    // And again: what was written is read, checked and written the same.
    let again = checked(&app, &written)
        .await
        .to_xlsx("ventas.xlsx", Lang::Es)
        .unwrap();
    assert_eq!(looks(&again, 2), looks(&bytes, 2));
    let sheet = &parts(&written)["xl/worksheets/sheet1.xml"];
    let columns = sheet.split("<sheetData>").next().unwrap();
    assert!(!columns.contains("style="), "{columns}");
}

#[tokio::test]
async fn nothing_from_outside_becomes_a_formula() {
    use V::T;
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder).await;
    let nasty = [
        "=1+1",
        "+1-1",
        "-cmd|' /C calc'!A0",
        "@SUM(A1)",
        "=HYPERLINK(\"http://x\",\"y\")",
        "\t=1",
        "＝1+1",
    ];
    let rows: Vec<Vec<V>> = nasty.iter().map(|it| vec![T(it), T(it), T("x")]).collect();
    let titles = ["descripcion", "cliente_nombre", "=titulo"];
    let bytes = documents(&titles, &rows);
    let checked = checked(&app, &bytes).await;
    let written = checked.to_xlsx("=x.xlsx", Lang::Es).unwrap();
    for (name, text) in parts(&written) {
        assert!(!text.contains("<f>") && !text.contains("<f "), "{name}");
        assert!(!text.contains("TargetMode=\"External\""), "{name}");
    }
    let sheet = cells(&written, "Sheet1");
    assert_eq!(sheet.get_value((1, 6)), Some(&Data::String("=1+1".into())));
    let csv = String::from_utf8(checked.to_csv(Lang::Es).unwrap()).unwrap();
    for field in csv.split([',', '\n', '\r']) {
        let field = field.trim_matches('"');
        assert!(!field.starts_with(['=', '@', '＝']), "{field}");
    }
}

/// Ten thousand documents with a note each on one factura: what is compared with all others is looked up
/// and not searched for.
#[tokio::test]
async fn ten_thousand_documents() {
    use V::{N, T};
    let folder = tempfile::tempdir().unwrap();
    let app = open(&folder).await;
    let titles = [
        "tipo",
        "serie",
        "numero",
        "precio",
        "nota_motivo",
        "nota_documento",
        "referencia",
    ];
    let mut rows = vec![vec![
        T("factura"),
        T("FFF1"),
        N(1.0),
        N(11_800.0),
        T(""),
        T(""),
        T(""),
    ]];
    for index in 0..5_000_u32 {
        let own: &'static str = format!("R{index}").leak();
        rows.push(vec![
            T("NC"),
            T("FFF1"),
            T(""),
            N(1.18),
            T("07"),
            T("FFF1-1"),
            T(own),
        ]);
        rows.push(vec![
            T("factura"),
            T("FFF1"),
            N(f64::from(index) + 2.0),
            N(1.18),
            T(""),
            T(""),
            T(""),
        ]);
    }
    let checked = checked(&app, &documents(&titles, &rows)).await;
    assert_eq!(checked.documents.len(), 10_001);
    assert_eq!(checked.findings, []);
    let bytes = checked.to_xlsx("ventas.xlsx", Lang::Es).unwrap();
    assert_eq!(cells(&bytes, "Sheet1").height(), 10_002);
}

#[test]
fn what_is_no_workbook_of_documents_is_refused_with_what_to_do() {
    let place = Place::new();
    place.write("lista.csv", "RUC,Monto\n20100070970,5\n");
    let ran = place.run("factura validar lista.csv -o r.xlsx").expect(2);
    assert!(ran.err.contains("fila de títulos"), "{}", ran.err);
    place.write(
        "poco.csv",
        "documento,tipo,descripcion,cantidad\nA,boleta,X,1\n",
    );
    let ran = place.run("factura validar poco.csv -o r.xlsx").expect(2);
    assert!(
        ran.err.contains("faltan las columnas precio"),
        "{}",
        ran.err
    );
    place.write(
        "dos.csv",
        "documento,tipo,descripcion,cantidad,P. Unit.,PU\nA,boleta,X,1,2,3\n",
    );
    let ran = place.run("factura validar dos.csv -o r.xlsx").expect(2);
    assert!(ran.err.contains("columnas E y F"), "{}", ran.err);
    place.write(
        "uno.csv",
        "documento,tipo,descripcion,cantidad,Precio con IGV\nA,boleta,X,1,2.50\n",
    );
    place.run("factura validar uno.csv -o r.csv").expect(0);
    assert!(
        place.read("r.csv").contains("CORRECTO,,2.12,0.38,2.50"),
        "{}",
        place.read("r.csv")
    );
    let ran = place.run("factura validar uno.csv lista.csv").expect(2);
    assert!(ran.err.contains("se valida sola"), "{}", ran.err);
    place.run("factura validar uno.csv -o uno.csv").expect(2);
    place.run("factura plantilla -o p.csv").expect(2);
    place.run("factura plantilla -o p.xlsx").expect(0);
    place
        .run("factura validar p.xlsx -o q.xlsx --clientes")
        .expect(0);
}
