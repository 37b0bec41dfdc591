//! Spreadsheets in and out.
#![expect(
    clippy::unwrap_used,
    reason = "a helper of a test that cannot go on should stop it"
)]

mod columns;
mod csv_files;
mod hostile;
mod pages;
mod repairs;
mod workbooks;
mod written;

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use chaski::sheets::{Cell, Limits, ListLooks, Row, SheetError, SourceKind, Table, read_bytes};
use chaski_core::Lang;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// Reads bytes under the default ceilings.
fn read(bytes: &[u8]) -> Result<Table, SheetError> {
    read_bytes(bytes, None, &Limits::default(), Lang::Es)
}

/// The code of the failure of reading these bytes.
#[track_caller]
fn refused(bytes: &[u8]) -> &'static str {
    match read(bytes) {
        Ok(table) => panic!("was read: {} rows", table.rows.len()),
        Err(error) => {
            // Both wordings exist and say different things from the code.
            assert!(error.message(Lang::Es).len() > 20 && error.message(Lang::En).len() > 20);
            error.code()
        }
    }
}

/// An archive with these parts.
fn archive(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, content) in parts {
        writer.start_file(*name, options).unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const RELATIONS: &str = r#"<Relationships xmlns="r"><Relationship Id="rId1" Type="http://x/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &str = r#"<workbook xmlns:r="r"><sheets><sheet name="Hoja1" sheetId="1" r:id="rId1"/></sheets></workbook>"#;
const BOOK_RELATIONS: &str = r#"<Relationships><Relationship Id="rId1" Type="http://x/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;

/// An xlsx with this sheet and more parts.
fn xlsx_with(sheet: &str, more: &[(&str, &str)]) -> Vec<u8> {
    let mut parts = vec![
        ("_rels/.rels", RELATIONS),
        ("xl/workbook.xml", BOOK),
        ("xl/_rels/workbook.xml.rels", BOOK_RELATIONS),
        ("xl/worksheets/sheet1.xml", sheet),
    ];
    parts.extend_from_slice(more);
    archive(&parts)
}

/// An xlsx whose sheet holds these rows.
pub(crate) fn xlsx(rows: &str) -> Vec<u8> {
    let sheet = format!("<worksheet><sheetData>{rows}</sheetData></worksheet>");
    xlsx_with(&sheet, &[])
}

/// An ods whose table holds these rows.
pub(crate) fn ods(rows: &str) -> Vec<u8> {
    let content = format!(
        "<office:document-content><office:body><office:spreadsheet><table:table table:name=\"Hoja1\">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
    );
    archive(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        ("content.xml", &content),
    ])
}

fn text(text: &str) -> Cell {
    Cell::text(text)
}

/// A table as if it had been read from a CSV.
fn table(headers: &[&str], rows: &[&[Cell]]) -> Table {
    Table {
        source: SourceKind::Xlsx {
            sheet: "Hoja1".into(),
        },
        sheet: 0,
        headers: headers.iter().map(|header| (*header).to_owned()).collect(),
        header_row: Some(1),
        above: Vec::new(),
        looks: ListLooks::default(),
        rows: (2..)
            .zip(rows)
            .map(|(number, cells)| Row {
                number,
                cells: cells.to_vec().into_boxed_slice(),
            })
            .collect(),
        flaws: BTreeMap::new(),
        notes: Vec::new(),
    }
}
