//! What is named like a workbook and is none: pages, MHT, XML of 2003, zips; and titles in several rows.

use chaski::sheets::{Limits, Table, find_column, read_bytes};
use chaski_core::Lang;

use super::{archive, read, refused, xlsx_with};

const ONE: &str = "20100070970";
const TWO: &str = "20100038146";

/// What the rows hold in the column of the RUC, and what that is called.
#[track_caller]
fn listed(bytes: &[u8]) -> (String, Vec<String>) {
    named(bytes, None)
}

#[track_caller]
fn named(bytes: &[u8], sheet: Option<&str>) -> (String, Vec<String>) {
    let table: Table = read_bytes(bytes, sheet, &Limits::default(), Lang::Es).unwrap();
    let column = find_column(&table, None).unwrap();
    let cells = table.rows.iter().map(|row| match row.cell(column) {
        chaski::sheets::Cell::Text(text) => text.to_string(),
        chaski::sheets::Cell::Number(number) => number.to_string(),
        other => format!("{other:?}"),
    });
    (table.column_label(column), cells.collect())
}

#[test]
fn pages_as_portals_write_them() {
    let both = [ONE.to_owned(), TWO.to_owned()];
    for page in [
        // Without end tags, in capitals, with a paragraph and a title above.
        format!(
            "<HTML><TITLE>x</TITLE><H2>Reporte</H2><TABLE><TR><TH>N<TH>RUC<TR><TD>1<TD>{ONE}<TR><TD>2<TD>{TWO}</TABLE>"
        ),
        // Titles that span, entities, blanks, a script in between.
        format!(
            "<html><table><tr><td rowspan=2>N&deg;</td><td colspan=2>CLIENTE</td></tr><tr><td>RUC</td><td>NOMBRE</td></tr><script>var a = '<td>9</td>';</script><tr><td>1</td><td>&nbsp;{ONE}&nbsp;</td><td>A &amp; B</td></tr><tr><td>2</td><td>\n  {TWO}\n</td><td>C</td></tr></table></html>"
        ),
        // What is shown lost its digits, and Excel's own number is beside it.
        format!(
            "<html><table><tr><td>X</td><td>RUC</td></tr><tr><td>a</td><td x:num=\"{ONE}\">2.01E+10</td></tr><tr><td>b</td><td x:num=\"{TWO}\">2.01E+10</td></tr></table></html>"
        ),
        // One table inside another, as pages are laid out.
        format!(
            "<html><table><tr><td>Menú<table><tr><td>N</td><td>RUC</td></tr><tr><td>1</td><td>{ONE}</td></tr><tr><td>2</td><td>{TWO}</td></tr></table></td></tr></table></html>"
        ),
        // Excel's XML of 2003, with places left out.
        format!(
            "<?xml version=\"1.0\"?>\n<Workbook xmlns=\"urn:schemas-microsoft-com:office:spreadsheet\" xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\"><Worksheet ss:Name=\"Hoja\"><Table><Row><Cell><Data ss:Type=\"String\">N</Data></Cell><Cell ss:Index=\"3\"><Data ss:Type=\"String\">RUC</Data></Cell></Row><Row ss:Index=\"4\"><Cell ss:Index=\"3\"><Data ss:Type=\"Number\">{ONE}</Data><Comment><ss:Data>nota</ss:Data></Comment></Cell></Row><Row><Cell ss:Index=\"3\"><Data ss:Type=\"String\">{TWO}</Data></Cell></Row></Table></Worksheet></Workbook>"
        ),
    ] {
        let (label, cells) = listed(page.as_bytes());
        assert!(label.contains("RUC"), "{label}\n{page}");
        assert_eq!(cells, both, "{page}");
        // The same in one file, coded as mails are.
        if page.starts_with("<?xml") {
            continue;
        }
        let coded = page.replace('=', "=3D");
        let mail = format!(
            "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=\"xx\"\r\n\r\n--xx\r\nContent-Location: file:///C:/r.htm\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Type: text/html; charset=\"utf-8\"\r\n\r\n{coded}\r\n--xx--\r\n"
        );
        assert_eq!(listed(mail.as_bytes()).1, both, "{page}");
    }
}

#[test]
fn pages_in_other_characters() {
    let page = |charset: &str| {
        format!(
            "<html><head><meta http-equiv=\"Content-Type\" content=\"text/html; charset={charset}\"></head><table><tr><td>RUC</td><td>SEÑOR</td></tr><tr><td>{ONE}</td><td>ÑANDÚ</td></tr></table></html>"
        )
    };
    let latin = encoding_rs::WINDOWS_1252
        .encode(&page("iso-8859-1"))
        .0
        .into_owned();
    let lying = page("iso-8859-1").into_bytes();
    let wide: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(page("utf-16").encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    for bytes in [latin, lying, wide] {
        let table = read(&bytes).unwrap();
        assert_eq!(table.headers, ["RUC", "SEÑOR"]);
        assert_eq!(table.rows.first()[0].cell(1), &super::text("ÑANDÚ"));
    }
}

#[test]
fn ceilings_of_pages() {
    let small = Limits {
        rows: 100,
        cell_chars: 1_000,
        markup_bytes: 4_096,
        ..Limits::default()
    };
    let code = |page: String| match read_bytes(page.as_bytes(), None, &small, Lang::Es) {
        Ok(table) => format!("{} rows", table.rows.len()),
        Err(error) => error.code().to_owned(),
    };
    let row = format!("<tr><td>{ONE}</td></tr>");
    assert_eq!(
        code(format!("<table>{}</table>", row.repeat(101))),
        "archivo_muy_grande"
    );
    let long = format!(
        "<table><tr><td>{}</td></tr>{row}</table>",
        "<b>a</b>".repeat(5_000)
    );
    assert_eq!(code(long), "celda_muy_larga");
    let comment = format!("<table>{row}<!--{}--></table>", "x".repeat(100_000));
    assert_eq!(code(comment), "archivo_muy_grande");
    let wide = format!("<table><tr><td colspan=9999>a</td><td>{ONE}</td></tr></table>");
    assert_eq!(code(wide), "hoja_muy_ancha");
    // A row span is no row.
    let tall = format!("<table><tr><td rowspan=9999>RUC</td></tr>{row}{row}</table>");
    assert_eq!(code(tall), "2 rows");
}

#[test]
fn zips() {
    let list = format!("RUC|NOMBRE\n{ONE}|UNO\n{TWO}|DOS\n");
    let both = [ONE.to_owned(), TWO.to_owned()];
    let only = archive(&[
        ("carpeta/", ""),
        ("__MACOSX/._p.txt", "x"),
        ("carpeta/p.TXT", &list),
        ("leame.pdf", "x"),
    ]);
    assert_eq!(listed(&only).1, both);
    assert_eq!(
        refused(&archive(&[("a.txt", &list), ("b.csv", &list)])),
        "zip_varias_listas"
    );
    assert_eq!(refused(&archive(&[("a.pdf", "x")])), "zip_sin_lista");
    assert_eq!(refused(&archive(&[("a.txt", "")])), "archivo_vacio");
}

#[test]
fn sheets_are_chosen_or_named() {
    let books = r#"<workbook xmlns:r="r"><sheets><sheet name="Carátula" sheetId="1" r:id="rId1"/><sheet name="Ene" sheetId="2" r:id="rId2"/><sheet name="Feb" sheetId="3" r:id="rId3"/></sheets></workbook>"#;
    let relation = |n: u8| {
        format!(
            "<Relationship Id=\"rId{n}\" Type=\"http://x/worksheet\" Target=\"worksheets/sheet{n}.xml\"/>"
        )
    };
    let relations = format!(
        "<Relationships>{}{}{}</Relationships>",
        relation(1),
        relation(2),
        relation(3)
    );
    let sheet = |rows: &[&[&str]]| {
        let cell = |text: &&str| format!("<c t=\"inlineStr\"><is><t>{text}</t></is></c>");
        let row =
            |row: &&[&str]| format!("<row>{}</row>", row.iter().map(cell).collect::<String>());
        let rows: String = rows.iter().map(row).collect();
        format!("<worksheet><sheetData>{rows}</sheetData></worksheet>")
    };
    let (cover, ene, feb) = (
        sheet(&[
            &["EMPRESA", "UNO"],
            &["RUC", "20131312955"],
            &["MES", "ENERO"],
        ]),
        sheet(&[&["RUC", "N"], &[ONE, "1"], &[TWO, "2"]]),
        sheet(&[&["RUC", "N"], &[TWO, "1"], &["20000316769", "2"]]),
    );
    let book = archive(&[
        ("_rels/.rels", super::RELATIONS),
        ("xl/workbook.xml", books),
        ("xl/_rels/workbook.xml.rels", &relations),
        ("xl/worksheets/sheet1.xml", &cover),
        ("xl/worksheets/sheet2.xml", &ene),
        ("xl/worksheets/sheet3.xml", &feb),
    ]);
    assert_eq!(listed(&book).1, [ONE, TWO]);
    for wanted in ["Feb", " feb ", "FEB", "3"] {
        assert_eq!(
            named(&book, Some(wanted)).1,
            [TWO, "20000316769"],
            "{wanted}"
        );
    }
    let error = read_bytes(&book, Some("Mar"), &Limits::default(), Lang::Es).unwrap_err();
    assert_eq!(error.code(), "hoja_desconocida");
    assert!(
        error.to_string().contains("«Carátula», «Ene», «Feb»"),
        "{error}"
    );
    let csv = read_bytes(
        b"RUC\n20100070970\n",
        Some("x"),
        &Limits::default(),
        Lang::Es,
    );
    assert_eq!(csv.unwrap_err().code(), "hoja_desconocida");
}

/// Titles in rows of their own, joined and not.
#[test]
fn titles_in_several_rows() {
    let cells = |row: u32, cells: &[(&str, &str)]| {
        let cell = |(column, text): &(&str, &str)| {
            format!("<c r=\"{column}{row}\" t=\"inlineStr\"><is><t>{text}</t></is></c>")
        };
        let cells: String = cells.iter().map(cell).collect();
        format!("<row r=\"{row}\">{cells}</row>")
    };
    let rows = [
        cells(1, &[("A", "REGISTRO DE COMPRAS")]),
        cells(3, &[("A", "N°"), ("B", "PROVEEDOR"), ("E", "TOTAL")]),
        cells(4, &[("B", "DOCUMENTO"), ("D", "NOMBRE")]),
        cells(5, &[("B", "TIPO"), ("C", "NÚMERO")]),
        cells(
            6,
            &[
                ("A", "1"),
                ("B", "6"),
                ("C", ONE),
                ("D", "UNO"),
                ("E", "5.00"),
            ],
        ),
        cells(
            7,
            &[
                ("A", "2"),
                ("B", "1"),
                ("C", "00000001"),
                ("D", "DOS"),
                ("E", "5.00"),
            ],
        ),
        cells(
            8,
            &[
                ("A", "3"),
                ("B", "6"),
                ("C", TWO),
                ("D", "TRES"),
                ("E", "5.00"),
            ],
        ),
    ];
    let rows: String = rows.concat();
    let joined = "<mergeCells><mergeCell ref=\"A3:A5\"/><mergeCell ref=\"B3:D3\"/><mergeCell ref=\"B4:C4\"/><mergeCell ref=\"D4:D5\"/><mergeCell ref=\"E3:E5\"/></mergeCells>";
    for joined in [joined, ""] {
        let sheet = format!("<worksheet><sheetData>{rows}</sheetData>{joined}</worksheet>");
        let table = read(&xlsx_with(&sheet, &[])).unwrap();
        assert_eq!(table.header_row, Some(5), "{joined}");
        assert_eq!(table.rows.len(), 3, "{joined}");
        assert_eq!(find_column(&table, None), Ok(2), "{joined}");
        assert_eq!(find_column(&table, Some("número")), Ok(2), "{joined}");
        if !joined.is_empty() {
            assert_eq!(
                table.headers,
                [
                    "N°",
                    "DOCUMENTO / TIPO",
                    "DOCUMENTO / NÚMERO",
                    "PROVEEDOR / NOMBRE",
                    "TOTAL"
                ]
            );
        }
    }
}

#[test]
fn a_formula_without_a_value_is_told() {
    let rows = |value: &str, calculated: &str| {
        let sheet = format!(
            "<worksheet><sheetData><row><c t=\"str\"><v>RUC</v></c></row><row><c><f>A9</f>{value}</c></row></sheetData></worksheet>"
        );
        let book = format!(
            "<workbook xmlns:r=\"r\"><sheets><sheet name=\"H\" sheetId=\"1\" r:id=\"rId1\"/></sheets>{calculated}</workbook>"
        );
        archive(&[
            ("_rels/.rels", super::RELATIONS),
            ("xl/workbook.xml", &book),
            ("xl/_rels/workbook.xml.rels", super::BOOK_RELATIONS),
            ("xl/worksheets/sheet1.xml", &sheet),
        ])
    };
    let pending = "<calcPr fullCalcOnLoad=\"1\"/>";
    for (value, calculated, unsaved) in [
        ("", "", true),
        ("<v/>", "", true),
        ("<v>0</v>", pending, true),
        ("<v>0</v>", "", false),
        ("<v>20100070970</v>", pending, false),
    ] {
        let table = read(&rows(value, calculated)).unwrap();
        assert_eq!(
            table.rows.first()[0].cell(0).is_unsaved(),
            unsaved,
            "{value} {calculated}"
        );
        assert_eq!(table.notes.iter().any(|it| it.contains("fórmula")), unsaved);
    }
}
