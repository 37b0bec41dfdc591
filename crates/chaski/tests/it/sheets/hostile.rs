//! Files made to hurt: each is refused, or read, in bounded memory, with a message that says what
//! to do.

use std::io::{Cursor, Write};

use chaski::sheets::{Limits, SheetError, read_bytes};
use chaski_core::Lang;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{BOOK, BOOK_RELATIONS, RELATIONS, archive, ods, read, refused, xlsx, xlsx_with};

const MIB: usize = 1024 * 1024;
const START: &str = "<worksheet><sheetData>";
const END: &str = "</sheetData></worksheet>";

/// An xlsx with one part made of a beginning, a filling repeated up to a size, and an end.
fn bomb(name: &str, start: &str, filling: &str, size: usize, end: &str) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(1));
    for (part, content) in [
        ("_rels/.rels", RELATIONS),
        ("xl/workbook.xml", BOOK),
        ("xl/_rels/workbook.xml.rels", BOOK_RELATIONS),
        (
            "xl/worksheets/sheet1.xml",
            "<worksheet><sheetData/></worksheet>",
        ),
    ] {
        if part != name {
            writer.start_file(part, options).unwrap();
            writer.write_all(content.as_bytes()).unwrap();
        }
    }
    writer.start_file(name, options).unwrap();
    writer.write_all(start.as_bytes()).unwrap();
    let block = filling.repeat(65_536 / filling.len());
    for _ in 0..size / block.len() {
        writer.write_all(block.as_bytes()).unwrap();
    }
    writer.write_all(end.as_bytes()).unwrap();
    writer.finish().unwrap().into_inner()
}

fn sheet_bomb(start: &str, filling: &str, size: usize) -> Vec<u8> {
    let start = format!("{START}{start}");
    bomb("xl/worksheets/sheet1.xml", &start, filling, size, END)
}

fn refused_under(limits: &Limits, bytes: &[u8]) -> String {
    match read_bytes(bytes, None, limits, Lang::Es) {
        Ok(table) => panic!("was read: {} rows", table.rows.len()),
        Err(error) => error.message(Lang::Es),
    }
}

/// The largest the process has been, in MiB; zero where the system does not tell.
fn peak_memory() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = peak.and_then(|line| line.trim().trim_end_matches(" kB").parse::<usize>().ok());
    kib.unwrap_or(0) / 1024
}

#[test]
fn one_text_or_tag_out_of_proportion() {
    let before = peak_memory();
    let inline = "<row><c r=\"A1\" t=\"inlineStr\"><is><t>";
    let size = 8 * MIB;
    for (start, filling) in [
        (inline, "a"),
        ("<row><c t=\"str\"><v>", "a"),
        ("<row><c r=\"", "a"),
        ("<!--", "<c>"),
        ("<row><c><is><![CDATA[", "a"),
        ("<?x ", "a"),
        ("", " "),
    ] {
        assert_eq!(
            refused(&sheet_bomb(start, filling, size)),
            "archivo_muy_grande",
            "{start}"
        );
    }
    // The same text in pieces that are small one by one.
    for filling in [
        "<x/>aaaaaaaaaaaa",
        "&amp;",
        "<![CDATA[aaaa]]>",
        "<!--x-->aaaaaaaa",
    ] {
        let bytes = sheet_bomb(inline, filling, size);
        assert_eq!(refused(&bytes), "celda_muy_larga", "{filling}");
    }
    // Large enough that holding it once would show.
    assert_eq!(
        refused(&sheet_bomb(inline, "a", 400 * MIB)),
        "archivo_muy_grande"
    );
    let grown = peak_memory() - before;
    assert!(grown < 256, "{grown} MiB");
}

#[test]
fn shared_strings() {
    let part = "xl/sharedStrings.xml";
    let limits = Limits {
        text_bytes: 4 * MIB,
        ..Limits::default()
    };
    for filling in [
        "<si><t>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</t></si>",
        "<si/>",
        "<r><t>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</t></r>",
    ] {
        let message = refused_under(&limits, &bomb(part, "<sst>", filling, 16 * MIB, ""));
        assert!(
            message.contains("suman más de 4 MB"),
            "{filling}: {message}"
        );
    }
    // Nested as no program does, and shortened meanwhile.
    let nested = "<sst><t><si><t>_x0041__x0041_</t><t/></si></t></sst>";
    assert_eq!(
        refused(&xlsx_with("<worksheet/>", &[(part, nested)])),
        "hoja_vacia"
    );
    // The count that the table declares of itself is not believed.
    let sheet = "<worksheet><sheetData><row><c t=\"s\"><v>0</v></c></row><row><c><v>20000712711</v></c></row></sheetData></worksheet>";
    let count = "<sst count=\"9\" uniqueCount=\"18446744073709551615\"><si><t>RUC</t></si></sst>";
    let table = read(&xlsx_with(sheet, &[(part, count)])).unwrap();
    assert_eq!(table.headers, ["RUC"]);
}

#[test]
fn declared_and_far_away_cells() {
    let far = "<row><c r=\"A1\"><v>1</v></c></row><row><c r=\"XFD1048576\"><v>1</v></c></row>";
    assert_eq!(refused(&xlsx(far)), "hoja_muy_ancha");
    let message = read(&xlsx(far)).unwrap_err().message(Lang::Es);
    assert!(message.contains("celda XFD1048576"), "{message}");
    let low =
        "<row><c r=\"A1\"><v>1</v></c></row><row><c r=\"B1048576\"><v>20000712711</v></c></row>";
    let dimension = "<worksheet><dimension ref=\"XFD1048576:A1\"/><sheetData>";
    let sheet = format!("{dimension}{low}</sheetData></worksheet>");
    let table = read(&xlsx_with(&sheet, &[])).unwrap();
    assert_eq!(
        (table.rows.len(), table.rows.first()[1].number),
        (2, 1_048_576)
    );
    for reference in [
        "A4294967297",
        "A99999999999999999999",
        "ZZZZ1",
        "1A",
        "A",
        "-1",
        "",
    ] {
        let rows = format!("<row><c r=\"{reference}\"><v>1</v></c></row>");
        assert_eq!(refused(&xlsx(&rows)), "archivo_danado", "{reference}");
    }
    assert_eq!(refused(&xlsx("<row r=\"0\"/>")), "archivo_danado");
    // Rows out of order come out in order.
    let rows =
        "<row r=\"9\"><c><v>20000712711</v></c></row><row r=\"2\"><c><v>20000475140</v></c></row>";
    let numbers: Vec<u32> = read(&xlsx(rows))
        .unwrap()
        .rows
        .iter()
        .map(|row| row.number)
        .collect();
    assert_eq!(numbers, [2, 9]);
}

#[test]
fn too_many_rows_cells_and_bytes() {
    let limits = Limits {
        rows: 1000,
        text_rows: 1000,
        cells: 5000,
        unpacked_bytes: MIB as u64,
        ..Limits::default()
    };
    let row = "<row><c><v>20000712711</v></c></row>";
    let many = refused_under(&limits, &xlsx(&row.repeat(1001)));
    assert_eq!(
        many,
        "la hoja tiene más de 1000 filas: divida el archivo en partes más pequeñas"
    );
    // One cell far to the right makes a row of as many.
    let wide = (1..=30).fold(String::new(), |rows, number| {
        rows + "<row><c r=\"IV" + &number.to_string() + "\"><v>1</v></c></row>"
    });
    assert!(refused_under(&limits, &xlsx(&wide)).contains("más de 5000 celdas"));
    // Real size, whatever the archive declares; blanks between rows unpack to something too.
    let empty = sheet_bomb("", "<row/>", 4 * MIB);
    assert!(refused_under(&limits, &empty).contains("más de 1 MB al abrirlo"));
    // Blank cells cost time only, and that is counted too.
    let limits = Limits {
        idle_pieces: 10_000,
        ..Limits::default()
    };
    let blanks = refused_under(&limits, &sheet_bomb("<row>", "<c s=\"1\"/>", MIB));
    assert!(blanks.contains("celdas vacías con formato"), "{blanks}");
    let values = "<row><c><v>20000712711</v></c><c s=\"1\"/></row>".repeat(5000);
    let table = read_bytes(&xlsx(&values), None, &limits, Lang::Es).unwrap();
    assert_eq!(table.rows.len(), 5000);
    let heavy = Limits {
        file_bytes: 100,
        ..Limits::default()
    };
    assert!(refused_under(&heavy, &xlsx(row)).contains("divida el archivo"));
    let limits = Limits {
        rows: 1000,
        text_rows: 1000,
        ..Limits::default()
    };
    let csv = "20000712711\n".repeat(1001);
    assert!(refused_under(&limits, csv.as_bytes()).contains("más de 1000 filas"));
    let texts = Limits {
        text_bytes: 1000,
        ..Limits::default()
    };
    let csv = format!(
        "RUC,X\n{}",
        "20000712711,aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n".repeat(30)
    );
    assert!(refused_under(&texts, csv.as_bytes()).contains("textos"));
}

#[test]
fn a_million_rows() {
    let before = peak_memory();
    let rows = sheet_bomb("", "<row><c><v>20000712711</v></c></row>", 36_000_000);
    assert_eq!(refused(&rows), "archivo_muy_grande");
    let separators = format!(
        "RUC{},\n20000712711{}",
        ",".repeat(8_000_000),
        ",".repeat(8_000_000)
    );
    assert_eq!(read(separators.as_bytes()).unwrap().headers, ["RUC"]);
    let csv = "20000712711\n".repeat(1_000_000);
    assert_eq!(refused(csv.as_bytes()), "archivo_muy_grande");
    let grown = peak_memory() - before;
    assert!(grown < 256, "{grown} MiB");
}

#[test]
fn depth() {
    assert_eq!(refused(&sheet_bomb("", "<a>", 4 * MIB)), "archivo_danado");
}

#[test]
fn many_or_odd_parts() {
    let names: Vec<String> = (0..10_001)
        .map(|number| format!("xl/{number}.xml"))
        .collect();
    let parts: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
    assert_eq!(refused(&archive(&parts)), "archivo_muy_grande");
    assert_eq!(
        refused(&archive(&[("_rels/.rels", RELATIONS), ("../x", "")])),
        "archivo_danado"
    );
    // A bomb that nothing points to is never unpacked, nor is an archive inside the archive.
    let row = "<worksheet><sheetData><row><c><v>20000712711</v></c></row></sheetData></worksheet>";
    let limits = Limits {
        unpacked_bytes: MIB as u64,
        ..Limits::default()
    };
    let idle = " ".repeat(8 * MIB);
    let bytes = xlsx_with(
        row,
        &[("xl/media/bomb.zip", &idle), ("docProps/app.xml", &idle)],
    );
    assert_eq!(
        read_bytes(&bytes, None, &limits, Lang::Es)
            .unwrap()
            .rows
            .len(),
        1
    );
}

#[test]
fn repeated_cells_of_an_ods() {
    let cell = "<table:table-cell office:value-type=\"float\" office:value=\"1\"";
    let rows = |rows: u64, columns: u64| {
        ods(&format!(
            "<table:table-row table:number-rows-repeated=\"{rows}\">{cell} table:number-columns-repeated=\"{columns}\"/></table:table-row>"
        ))
    };
    assert_eq!(refused(&rows(1, 16_384)), "hoja_muy_ancha");
    assert_eq!(refused(&rows(1_048_576, 1)), "archivo_muy_grande");
    assert_eq!(refused(&rows(100_000, 200)), "archivo_muy_grande");
    assert_eq!(read(&rows(10, 10)).unwrap().rows.len(), 10);
    let blanks = "<table:table-row><table:table-cell office:value-type=\"string\"><text:p><text:s text:c=\"4000000000\"/><text:s text:c=\"4000000000\"/><text:s text:c=\"4000000000\"/><text:s text:c=\"4000000000\"/><text:s text:c=\"4000000000\"/></text:p></table:table-cell></table:table-row>";
    assert_eq!(refused(&ods(blanks)), "celda_muy_larga");
}

/// Every prefix and every byte changed of a good file is read or refused, never a panic.
#[test]
fn damaged_anywhere() {
    let whole = xlsx(
        "<row><c t=\"inlineStr\"><is><t>RUC</t></is></c></row><row><c><v>20000712711</v></c></row>",
    );
    let mut outcomes = [0, 0];
    // Shorter than the mark of an archive it is a CSV of one cell.
    for length in 4..whole.len() {
        assert!(read(&whole[..length]).is_err(), "{length}");
    }
    for at in 0..whole.len() {
        let mut bytes = whole.clone();
        bytes[at] ^= 0x55;
        let result: Result<_, SheetError> = read(&bytes);
        outcomes[usize::from(result.is_err())] += 1;
    }
    assert!(outcomes[0] > 0 && outcomes[1] > 0, "{outcomes:?}");
}
