//! Workbooks as Excel, Calc and other programs write them.

use calamine::{Data, Reader as _};
use chaski::sheets::{Cell, Limits, SourceKind, Subject, find_column, repair};
use chaski_core::{Lang, RucRules};
use proptest::prelude::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook};

use super::{RELATIONS, archive, ods, read, refused, text, xlsx, xlsx_with};

#[test]
fn kinds_of_cells() {
    let rows = r#"<row r="3"><c r="A3" t="inlineStr"><is><t>RUC</t></is></c><c r="B3" t="inlineStr"><is><r><t>NOM</t></r><rPh><t>x</t></rPh><r><t>BRE</t></r></is></c></row>
        <row r="7"><c r="A7"><v>20000712711</v></c><c t="str"><f>A1&amp;"x"</f><v>A &amp; B &#241;</v></c><c r="D7" t="b"><v>1</v></c><c t="e"><v>#N/A</v></c><c><f>1+1</f><v>2</v></c><c/><c t="inlineStr"><is><t xml:space="preserve"> x_x000D_ </t></is></c></row>"#;
    let table = read(&xlsx(rows)).unwrap();
    assert_eq!(table.source.sheet(), Some("Hoja1"));
    assert_eq!(table.header_row, Some(3));
    assert_eq!(table.headers[..2], ["RUC", "NOMBRE"]);
    assert_eq!(table.rows.first()[0].number, 7);
    assert_eq!(
        *table.rows.first()[0].cells,
        [
            Cell::Number(20_000_712_711.0),
            text("A & B ñ"),
            Cell::Empty,
            Cell::Bool(true),
            Cell::Error("#N/A".into()),
            Cell::Number(2.0),
            Cell::Empty,
            text(" x\n "),
        ]
    );
}

#[test]
fn shared_strings_dates_and_several_sheets() {
    let mut book = Workbook::new();
    let date = Format::new().set_num_format("dd/mm/yyyy");
    book.add_worksheet().set_name("Vacía").unwrap();
    let hidden = book.add_worksheet().set_name("Oculta").unwrap();
    hidden.set_hidden(true).write(0, 0, "NO").unwrap();
    let sheet = book.add_worksheet().set_name("Clientes").unwrap();
    sheet
        .write(0, 0, "RUC")
        .unwrap()
        .write(0, 1, "FECHA")
        .unwrap();
    sheet.write(1, 0, "20000712711").unwrap();
    let day = ExcelDateTime::from_ymd(2026, 1, 31).unwrap();
    sheet.write_datetime_with_format(1, 1, &day, &date).unwrap();
    // A number with a format of date that is no date is still the number.
    sheet
        .write_with_format(1, 2, 20_000_712_711.0, &date)
        .unwrap();
    sheet
        .write_formula(1, 3, Formula::new("=1+1").set_result("2"))
        .unwrap();
    let table = read(&book.save_to_buffer().unwrap()).unwrap();
    assert_eq!(
        table.source,
        SourceKind::Xlsx {
            sheet: "Clientes".into()
        }
    );
    assert_eq!(
        table.notes,
        ["Se leyó la hoja «Clientes». No se leyó: «Oculta». Para leer otra: --hoja NOMBRE"]
    );
    assert_eq!(
        *table.rows.first()[0].cells,
        [
            text("20000712711"),
            Cell::Date("2026-01-31".into()),
            Cell::Number(20_000_712_711.0),
            Cell::Number(2.0),
        ]
    );
}

#[test]
fn names_of_parts_differ_in_case_and_slashes() {
    let parts = [
        ("_RELS\\.rels", RELATIONS),
        ("xl\\Workbook.xml", super::BOOK),
        ("xl/_rels/workbook.xml.rels", super::BOOK_RELATIONS),
        (
            "xl\\worksheets\\Sheet1.xml",
            r#"<x:worksheet xmlns:x="m"><x:sheetData><x:row><x:c><x:v>20000712711</x:v></x:c></x:row></x:sheetData></x:worksheet>"#,
        ),
    ];
    assert_eq!(read(&archive(&parts)).unwrap().rows.len(), 1);
}

#[test]
fn an_ods() {
    let rows = r#"<table:table-row table:number-rows-repeated="3"><table:table-cell table:number-columns-repeated="1024"/></table:table-row>
        <table:table-row><table:table-cell/><table:table-cell office:value-type="string"><text:p>RUC</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>NOMBRE</text:p></table:table-cell></table:table-row>
        <table:table-row table:number-rows-repeated="2"><table:table-cell/><table:table-cell office:value-type="float" office:value="20000712711"><text:p>2.00E+10</text:p></table:table-cell><table:table-cell office:value-type="string"><office:annotation><text:p>nota</text:p></office:annotation><text:p>A &amp;<text:s text:c="2"/><text:span>B</text:span></text:p><text:p>C</text:p></table:table-cell><table:table-cell office:value-type="date" office:date-value="2026-01-31"/><table:table-cell office:value-type="time" office:time-value="PT08H30M00S"/><table:table-cell office:value-type="boolean" office:boolean-value="true"/></table:table-row>
        <table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="16384"/></table:table-row>"#;
    let table = read(&ods(rows)).unwrap();
    assert_eq!(table.header_row, Some(4));
    assert_eq!(table.headers[1..3], ["RUC", "NOMBRE"]);
    assert_eq!(table.rows.len(), 2);
    assert_eq!(
        (table.rows.first()[0].number, table.rows.first()[1].number),
        (5, 6)
    );
    assert_eq!(
        *table.rows.first()[1].cells,
        [
            Cell::Empty,
            Cell::Number(20_000_712_711.0),
            text("A &  B\nC"),
            Cell::Date("2026-01-31".into()),
            Cell::Date("08:30:00".into()),
            Cell::Bool(true),
        ]
    );
}

#[test]
fn workbooks_that_are_not_read() {
    const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1";
    let encrypted: Vec<u8> = "EncryptedPackage"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    assert_eq!(refused(OLE), "excel_antiguo");
    assert_eq!(
        refused(&[OLE, &vec![0; 70_000], &encrypted].concat()),
        "archivo_con_contrasena"
    );
    assert_eq!(
        refused(&archive(&[
            ("word/document.xml", ""),
            ("_rels/.rels", RELATIONS)
        ])),
        "archivo_tipo_desconocido"
    );
    assert_eq!(refused(&archive(&[("foto.jpg", "")])), "zip_sin_lista");
    assert_eq!(
        refused(&archive(&[("_rels/.rels", RELATIONS)])),
        "archivo_danado"
    );
    let binary = RELATIONS.replace("workbook.xml", "workbook.bin");
    assert_eq!(
        refused(&archive(&[("_rels/.rels", &binary)])),
        "excel_binario"
    );
    let no_sheets = [
        ("_rels/.rels", RELATIONS),
        ("xl/workbook.xml", "<workbook/>"),
    ];
    assert_eq!(refused(&archive(&no_sheets)), "libro_sin_hojas");
    assert_eq!(refused(&xlsx("")), "hoja_vacia");
    assert_eq!(refused(&xlsx("<row><c/></row>")), "hoja_vacia");
    assert_eq!(
        refused(&xlsx("<row><c t=\"s\"><v>7</v></c></row>")),
        "archivo_danado"
    );
    assert_eq!(
        refused(&xlsx("<row><c r=\"A0\"><v>7</v></c></row>")),
        "archivo_danado"
    );
    assert_eq!(refused(&xlsx("<row></c></row>")), "archivo_danado");
    let whole = xlsx("<row><c><v>20000712711</v></c></row>");
    assert_eq!(refused(&whole[..whole.len() / 2]), "archivo_danado");
    let sealed = archive(&[
        ("content.xml", ""),
        (
            "META-INF/manifest.xml",
            "<m:manifest><m:file-entry><m:encryption-data/></m:file-entry></m:manifest>",
        ),
    ]);
    assert_eq!(refused(&sealed), "archivo_con_contrasena");
}

/// The list of examples, as its generator describes it.
#[test]
fn the_examples() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ejemplos");
    let open = |name: &str| {
        chaski::sheets::read(&folder.join(name), None, &Limits::default(), Lang::Es).unwrap()
    };
    let table = open("clientes.xlsx");
    assert_eq!((table.header_row, table.rows.len()), (Some(4), 200));
    assert_eq!(find_column(&table, None), Ok(2));
    let (mut rucs, mut dnis, mut empty, mut bad, mut repaired) = (0, 0, 0, 0, 0);
    for row in table.rows.iter() {
        let cell = repair(row.cell(2), &RucRules::default());
        repaired += usize::from(!cell.repairs.is_empty());
        match cell.subject {
            Subject::Ruc(_) => rucs += 1,
            Subject::Dni { .. } => dnis += 1,
            Subject::Empty => empty += 1,
            _ => bad += 1,
        }
    }
    assert_eq!((rucs, dnis, empty, bad, repaired), (181, 3, 3, 13, 12));
    let table = open("clientes.csv");
    assert_eq!(
        (table.headers[1].as_str(), table.rows.len()),
        ("N° DOC", 30)
    );
    assert_eq!(find_column(&table, None), Ok(1));
    let table = open("clientes.ods");
    assert_eq!((table.rows.len(), find_column(&table, None)), (10, Ok(0)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A second opinion on what a workbook holds: calamine's.
    #[test]
    fn calamine_reads_the_same(
        cells in prop::collection::vec((0_u32..20, 0_u16..8, "[ -~áñ€\t]{0,30}", any::<Option<i32>>()), 1..40)
    ) {
        let mut book = Workbook::new();
        let sheet = book.add_worksheet();
        sheet.write_string(0, 0, "RUC").unwrap();
        sheet.write_number(30, 0, 20_000_712_711.0).unwrap();
        for (row, column, text, number) in &cells {
            match number {
                Some(number) => drop(sheet.write_number(row + 1, *column, f64::from(*number) / 8.0).unwrap()),
                None => drop(sheet.write_string(row + 1, *column, text).unwrap()),
            }
        }
        let bytes = book.save_to_buffer().unwrap();
        let table = read(&bytes).unwrap();
        let mut theirs = calamine::Xlsx::new(std::io::Cursor::new(&bytes)).unwrap();
        let range = theirs.worksheet_range("Sheet1").unwrap();
        for row in table.rows.iter() {
            for column in 0..8_u16 {
                let expected = match range.get_value((row.number - 1, u32::from(column))) {
                    Some(Data::String(text)) => Cell::text(text),
                    Some(Data::Float(number)) => Cell::Number(*number),
                    _ => Cell::Empty,
                };
                prop_assert_eq!(row.cell(usize::from(column)), &expected);
            }
        }
    }
}

#[test]
fn an_external_link_is_never_opened() {
    let relations = r#"<Relationships><Relationship Id="rId1" Type="http://x/worksheet" Target="http://127.0.0.1:9/sheet.xml" TargetMode="External"/></Relationships>"#;
    let parts = [
        ("_rels/.rels", RELATIONS),
        ("xl/workbook.xml", super::BOOK),
        ("xl/_rels/workbook.xml.rels", relations),
    ];
    assert_eq!(refused(&archive(&parts)), "archivo_danado");
    let sheet = r#"<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]><worksheet><sheetData><row><c t="str"><v>&e;</v></c></row></sheetData></worksheet>"#;
    assert_eq!(refused(&xlsx_with(sheet, &[])), "archivo_danado");
}
