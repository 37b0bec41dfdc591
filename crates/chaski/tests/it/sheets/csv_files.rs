//! Encodings, separators, ragged rows, quotes and control characters of CSV.

use chaski::sheets::{Encoding, SourceKind, Table};

use super::{read, refused};

fn separator_and_encoding(table: &Table) -> (char, Encoding) {
    match table.source {
        SourceKind::Csv {
            separator,
            encoding,
        } => (separator, encoding),
        _ => panic!("{:?}", table.source),
    }
}

#[track_caller]
fn check(bytes: &[u8], expected: (char, Encoding)) {
    let table = read(bytes).unwrap();
    assert_eq!(separator_and_encoding(&table), expected);
    assert_eq!(table.headers, ["RUC", "SEÑOR"]);
    assert_eq!(table.rows.first()[0].cell(0), &super::text("20000712711"));
    assert_eq!(table.rows.first()[0].cell(1), &super::text("ÁÑO"));
}

#[test]
fn encodings() {
    let list = "RUC;SEÑOR\r\n20000712711;ÁÑO\r\n";
    let utf16 = |bytes: fn(u16) -> [u8; 2]| list.encode_utf16().flat_map(bytes).collect::<Vec<_>>();
    let ansi = encoding_rs::WINDOWS_1252.encode(list).0;
    check(list.as_bytes(), (';', Encoding::Utf8));
    check(format!("\u{feff}{list}").as_bytes(), (';', Encoding::Utf8));
    check(&ansi, (';', Encoding::Windows1252));
    check(
        &[b"\xff\xfe", utf16(u16::to_le_bytes).as_slice()].concat(),
        (';', Encoding::Utf16Le),
    );
    check(
        &[b"\xfe\xff", utf16(u16::to_be_bytes).as_slice()].concat(),
        (';', Encoding::Utf16Be),
    );
}

/// A character of two bytes across the border of the windows in which the file is read.
#[test]
fn characters_across_windows() {
    for padding in 65_530..65_540 {
        let list = format!("RUC,NOMBRE\n20000712711,{}ñ\n", "a".repeat(20_000));
        let list = format!("{}\n{list}", "\n".repeat(padding - 40_000));
        let table = read(list.as_bytes()).unwrap();
        assert_eq!(separator_and_encoding(&table).1, Encoding::Utf8);
        let long = format!("RUC;X\n{}20000712711;ñ", "9;ñ\n".repeat(padding / 5));
        assert_eq!(
            separator_and_encoding(&read(long.as_bytes()).unwrap()).1,
            Encoding::Utf8
        );
    }
}

#[test]
fn separators() {
    for separator in [',', ';', '\t', '|'] {
        let list = "RUC;NOMBRE;MONTO\n20000712711;UNO;5\n".replace(';', &separator.to_string());
        let table = read(list.as_bytes()).unwrap();
        assert_eq!(separator_and_encoding(&table).0, separator);
        assert_eq!(table.headers.len(), 3);
    }
    let declared = read(b"sep=|\nRUC|A,B,C\n20000712711|1,2,3\n").unwrap();
    assert_eq!(separator_and_encoding(&declared).0, '|');
    assert_eq!((declared.headers.len(), declared.header_row), (2, Some(2)));
}

#[test]
fn ragged_rows_quotes_and_line_breaks() {
    let table = read(
        b"RUC,NOMBRE\n20000712711\n20000475140,\"UNO,\r\nDOS \"\"X\"\"\",3,4\n\n20000316769,Z\n",
    );
    let table = table.unwrap();
    assert_eq!(table.headers, ["RUC", "NOMBRE", "C", "D"]);
    assert_eq!(table.rows.first()[0].cells.len(), 1);
    assert_eq!(
        table.rows.first()[1].cell(1),
        &super::text("UNO,\nDOS \"X\"")
    );
    // As Excel numbers them: a quoted line break is no new row, a blank line is one.
    let numbers: Vec<u32> = table.rows.iter().map(|row| row.number).collect();
    assert_eq!(numbers, [2, 3, 5]);
}

#[test]
fn ends_of_lines() {
    for end in ["\n", "\r\n", "\r"] {
        let list = ["RUC,X", "20000712711,\"a\"b", "", "20000475140,c\"d\""].join(end);
        let table = read(list.as_bytes()).unwrap();
        let numbers: Vec<u32> = table.rows.iter().map(|row| row.number).collect();
        assert_eq!(numbers, [2, 4], "{end:?}");
        assert_eq!(table.rows.first()[0].cell(1), &super::text("ab"));
        assert_eq!(table.rows.first()[1].cell(1), &super::text("c\"d\""));
    }
}

#[test]
fn control_characters_are_left_out_and_told() {
    let table = read(b"RUC,NOMBRE\n2000\x000712711,U\x1bNO\x07\n").unwrap();
    assert_eq!(table.rows.first()[0].cell(0), &super::text("20000712711"));
    assert_eq!(table.rows.first()[0].cell(1), &super::text("UNO"));
    assert_eq!(
        table.notes,
        ["se quitaron 3 caracteres de control invisibles"]
    );
}

#[test]
fn a_formula_is_a_text() {
    let table = read(b"RUC,NOMBRE\n20000712711,=1+1\n").unwrap();
    assert_eq!(table.rows.first()[0].cell(1), &super::text("=1+1"));
}

#[test]
fn what_is_no_csv() {
    assert_eq!(refused(b""), "archivo_vacio");
    assert_eq!(refused(b"\n\n  \n"), "hoja_vacia");
    assert_eq!(refused(b"\xef\xbb\xbf"), "hoja_vacia");
    assert_eq!(refused(b"RUC,NOMBRE\n"), "hoja_vacia");
    assert_eq!(refused(b"%PDF-1.7 and so on"), "archivo_tipo_desconocido");
    assert_eq!(
        refused(&[1, 2, 3, 4, 5, 6, 7, 14, 15, 16]),
        "archivo_tipo_desconocido"
    );
    assert_eq!(refused(b"  <html><table><tr><td>RUC"), "hoja_vacia");
    assert_eq!(
        refused(b"<html><p>Ingrese su clave</p>"),
        "archivo_pagina_web"
    );
    assert_eq!(
        refused(b"<?xml version=\"1.0\"?><Workbook/>"),
        "archivo_pagina_web"
    );
    let unclosed = format!("RUC,\"NOMBRE\n{}", "20000712711,UNO\n".repeat(20_000));
    assert_eq!(refused(unclosed.as_bytes()), "comilla_sin_cerrar");
}
