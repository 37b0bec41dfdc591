//! Writes the example lists of `ejemplos/`: an accountant's list of customers with every kind of
//! damage, always the same bytes.
//!
//! ```console
//! $ cargo run -p chaski --example make_ejemplos
//! ```
//!
//! Every company is invented; every RUC is synthetic (it may or may not exist).

use std::fmt::Write as _;
use std::fs;
use std::io::{Cursor, Write as _};
use std::path::Path;

use anyhow::Result;
use chaski_core::{CheckDigit, Ruc, RucRules};
use rust_xlsxwriter::{DocProperties, ExcelDateTime, Format, FormatAlign, Workbook, Worksheet};
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

fn main() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ejemplos");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("clientes.xlsx"), customers_xlsx()?)?;
    fs::write(folder.join("clientes.csv"), customers_csv())?;
    fs::write(folder.join("clientes.ods"), customers_ods()?)?;
    Ok(())
}

/// What stands in the column of RUCs.
enum Written {
    Text(String),
    Number(f64),
    Nothing,
}

struct Customer {
    name: String,
    ruc: Written,
    mail: String,
    amount: f64,
    /// Days of January 2026.
    day: u8,
}

const ROWS: usize = 200;

/// The first numbers are those that the documentation uses; the rest come from a seed.
const KNOWN: [&str; 15] = [
    "20000712711",
    "20000475140",
    "20000316769",
    "20000079198",
    "20000633527",
    "20000871096",
    "20000237575",
    "20000791904",
    "20000554333",
    "20000395952",
    "20000158381",
    "15000791901",
    "17000158381",
    "16000079191",
    "10000000006",
];

fn customers() -> Vec<Customer> {
    let mut dice = Dice(20_260_131);
    let mut numbers: Vec<String> = KNOWN.iter().map(|number| (*number).to_owned()).collect();
    while numbers.len() < ROWS {
        let number = synthetic_ruc(&mut dice);
        if !numbers.contains(&number) {
            numbers.push(number);
        }
    }
    numbers
        .iter()
        .enumerate()
        .map(|(index, number)| Customer {
            name: company(index, &mut dice),
            ruc: damaged(index, number, &numbers),
            mail: format!("facturas{:03}@ejemplo.pe", index + 1),
            amount: f64::from(dice.below(9_000_000) + 1_000) / 100.0,
            day: u8::try_from(dice.below(31)).unwrap_or(0) + 1,
        })
        .collect()
}

/// One row in four is damaged, each in its own way; the others are half texts, half numbers.
fn damaged(index: usize, number: &str, all: &[String]) -> Written {
    let text = |text: String| Written::Text(text);
    match index {
        18 => text(format!("{number}.0")),
        22 => text(format!(" {number} ")),
        26 => text(format!(
            "{} {} {}",
            &number[..2],
            &number[2..10],
            &number[10..]
        )),
        30 => text(format!("{}-{}", &number[..10], &number[10..])),
        34 => text(format!("'{number}")),
        38 => text(format!("RUC: {number}")),
        42 => text(format!("\u{a0}{number}\u{a0}")),
        46 => text(format!("\u{feff}{number}")),
        50 => text(format!("2.{}E10", &number[1..])),
        54 => text("2.01E+10".into()),
        58 => text(format!(
            "{}.{}.{}.{}",
            &number[..2],
            &number[2..5],
            &number[5..8],
            &number[8..]
        )),
        62 => text(format!("\"{number}\"")),
        66 => text(wrong_digit(number)),
        70 => Written::Number(wrong_digit(number).parse().unwrap_or(0.0)),
        74 => text(number[..10].to_owned()),
        78 => text(format!("{number}7")),
        82 => text(format!("20A{}", &number[3..])),
        86 => text("SIN RUC".into()),
        90 => text("00000001".into()),
        94 => Written::Number(123_456.0 * 10.0 + 7.0),
        98 => text("1234567".into()),
        102 => Written::Number(12_345_678.0),
        106..=108 => text(all[index - 100].clone()),
        112 => Written::Number(all[20].parse().unwrap_or(0.0)),
        116 => text("20000000001".into()),
        120 => text("20123456789".into()),
        124 | 125 => Written::Nothing,
        128 => text("-".into()),
        132 => text("=1+1".into()),
        136 => text("99512333792".into()),
        140 => text("=HYPERLINK(\"http://ejemplo.invalid\",\"20000712711\")".into()),
        _ if index.is_multiple_of(2) => text(number.to_owned()),
        _ => Written::Number(number.parse().unwrap_or(0.0)),
    }
}

fn wrong_digit(number: &str) -> String {
    let last = number.as_bytes()[10] - b'0';
    format!("{}{}", &number[..10], (last + 3) % 10)
}

/// Eight digits after `20`, beginning with 99, and the digit that they ask for.
fn synthetic_ruc(dice: &mut Dice) -> String {
    let rules = RucRules {
        check_digit: CheckDigit::FormatOnly,
        ..RucRules::default()
    };
    loop {
        let body = format!("2099{:06}", dice.below(1_000_000));
        if let Ok(ruc) = Ruc::parse_with(&format!("{body}0"), &rules) {
            let number = format!("{body}{}", ruc.expected_check_digit());
            if number.parse::<Ruc>().is_ok() {
                return number;
            }
        }
    }
}

fn company(index: usize, dice: &mut Dice) -> String {
    const TRADES: [&str; 10] = [
        "Ferretería",
        "Comercial",
        "Distribuidora",
        "Textiles",
        "Panadería",
        "Transportes",
        "Librería",
        "Agroindustrias",
        "Muebles",
        "Laboratorio",
    ];
    const NAMES: [&str; 16] = [
        "El Ñandú",
        "Wayra",
        "Killa Azul",
        "Los Cóndores",
        "Puente Ámbar",
        "Inti Norte",
        "La Viña Clara",
        "Sumaq",
        "Río Índigo",
        "Tres Cañas",
        "Chasqui Veloz",
        "Piedra Lúcida",
        "Valle Añil",
        "Cóndor & Puma",
        "San Ficticio",
        "Qori Ñan",
    ];
    const KINDS: [&str; 4] = ["S.A.C.", "E.I.R.L.", "S.R.L.", "S.A."];
    let pick = |list: &[&'static str], dice: &mut Dice| {
        list[dice.below(u32::try_from(list.len()).unwrap_or(1)) as usize]
    };
    let (trade, name, kind) = (pick(&TRADES, dice), pick(&NAMES, dice), pick(&KINDS, dice));
    match index {
        5 => "=1+1 Servicios S.A.C.".into(),
        11 => "  Importaciones   con   Espacios  S.A.C. ".into(),
        _ => format!("{trade} {name} {:03} {kind}", index + 1),
    }
}

const TITLES: [&str; 6] = ["N°", "CLIENTE", "RUC", "CORREO", "MONTO S/", "FECHA"];

fn customers_xlsx() -> Result<Vec<u8>> {
    let mut book = Workbook::new();
    let created = ExcelDateTime::from_ymd(2026, 1, 31)?;
    book.set_properties(&DocProperties::new().set_creation_datetime(&created));
    let sheet = book.add_worksheet();
    sheet.set_name("Clientes")?;
    write_heading(sheet)?;
    let (date, money) = (
        Format::new().set_num_format("dd/mm/yyyy"),
        Format::new().set_num_format("#,##0.00"),
    );
    for (index, customer) in customers().iter().enumerate() {
        let row = u32::try_from(index)? + 4;
        sheet.write_number(row, 0, f64::from(row - 3))?;
        sheet.write_string(row, 1, &customer.name)?;
        match &customer.ruc {
            Written::Text(text) => drop(sheet.write_string(row, 2, text)?),
            Written::Number(number) => drop(sheet.write_number(row, 2, *number)?),
            Written::Nothing => {}
        }
        sheet.write_string(row, 3, &customer.mail)?;
        sheet.write_number_with_format(row, 4, customer.amount, &money)?;
        let day = ExcelDateTime::from_ymd(2026, 1, customer.day)?;
        sheet.write_datetime_with_format(row, 5, &day, &date)?;
    }
    Ok(book.save_to_buffer()?)
}

/// The company, a heading and a blank row above the titles, as accountants write them.
fn write_heading(sheet: &mut Worksheet) -> Result<()> {
    let strong = Format::new().set_bold().set_font_size(14);
    sheet.write_string_with_format(0, 0, "ESTUDIO CONTABLE FICTICIO S.A.C.", &strong)?;
    sheet.write_string(1, 0, "Relación de clientes con su RUC, enero de 2026")?;
    let title = Format::new().set_bold().set_align(FormatAlign::Center);
    for (column, name) in (0..).zip(TITLES) {
        sheet.write_string_with_format(3, column, name, &title)?;
    }
    for (column, width) in (0..).zip([6, 40, 18, 28, 14, 12]) {
        sheet.set_column_width(column, width)?;
    }
    Ok(())
}

/// Thirty rows as a Peruvian Excel once saved them: semicolons, Windows-1252, CRLF.
fn customers_csv() -> Vec<u8> {
    let mut text = String::from("CLIENTE;N° DOC;MONTO\r\n");
    for customer in &customers()[..30] {
        let ruc = match &customer.ruc {
            Written::Text(text) => text.clone(),
            Written::Number(number) => number.to_string(),
            Written::Nothing => String::new(),
        };
        writeln!(text, "{};{};{:.2}\r", customer.name, ruc, customer.amount)
            .expect("writing to a string cannot fail");
    }
    let (bytes, _, _) = encoding_rs::WINDOWS_1252.encode(&text);
    bytes.into_owned()
}

/// Ten rows as `LibreOffice` Calc keeps them.
fn customers_ods() -> Result<Vec<u8>> {
    let mut rows = String::new();
    for customer in &customers()[..10] {
        let ruc = match &customer.ruc {
            Written::Text(text) => text_cell(text),
            Written::Number(number) => format!(
                r#"<table:table-cell office:value-type="float" office:value="{number}"><text:p>{number}</text:p></table:table-cell>"#
            ),
            Written::Nothing => "<table:table-cell/>".to_owned(),
        };
        write!(
            rows,
            "<table:table-row>{ruc}{}</table:table-row>",
            text_cell(&customer.name)
        )?;
    }
    let content = format!(
        r#"<?xml version="1.0" encoding="UTF-8"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"><office:body><office:spreadsheet><table:table table:name="Clientes"><table:table-column table:number-columns-repeated="2"/><table:table-row>{}{}</table:table-row>{rows}</table:table></office:spreadsheet></office:body></office:document-content>"#,
        text_cell("NRO RUC"),
        text_cell("CLIENTE"),
    );
    let manifest = r#"<?xml version="1.0" encoding="UTF-8"?><manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" manifest:version="1.2"><manifest:file-entry manifest:full-path="/" manifest:media-type="application/vnd.oasis.opendocument.spreadsheet"/><manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>"#;
    let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
    // The type comes first and unpacked, so that it can be told from the first bytes.
    let stored = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Stored)
        .last_modified_time(zip::DateTime::default());
    let packed = stored.compression_method(CompressionMethod::Deflated);
    archive.start_file("mimetype", stored)?;
    archive.write_all(b"application/vnd.oasis.opendocument.spreadsheet")?;
    archive.start_file("META-INF/manifest.xml", packed)?;
    archive.write_all(manifest.as_bytes())?;
    archive.start_file("content.xml", packed)?;
    archive.write_all(content.as_bytes())?;
    Ok(archive.finish()?.into_inner())
}

fn text_cell(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    format!(
        r#"<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>"#
    )
}

/// The same throws on every machine.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(limit)).unwrap_or(0)
    }
}
