//! Lists whose answer is known, made at random: whatever is read from them is right, and no row is
//! without a word.

use std::collections::BTreeMap;
use std::io::{Cursor, Write};

use chaski_core::Ruc;
use rust_xlsxwriter::Workbook;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{OWN, rows};
use crate::cli_kit::{Numbers, companies};

/// How many lists; more by `CHASKI_LIST_CASES`.
fn count() -> u64 {
    let wanted = std::env::var_os("CHASKI_LIST_CASES");
    let wanted = wanted.and_then(|text| text.into_string().ok());
    wanted.map_or(400, |text| text.parse().expect("a number of lists"))
}

/// How a list is written.
#[derive(Clone, Copy, PartialEq)]
enum Form {
    Text,
    Workbook,
    /// A web page under the name of a workbook.
    Page,
    /// Excel's XML of 2003.
    Xml,
    /// A text in a zip.
    Zip,
}

/// A list, and the RUC that each row of it names, by its number; none where it names none.
struct List {
    text: Vec<u8>,
    answer: BTreeMap<u32, Option<String>>,
    shown: String,
}

/// What a column holds.
#[derive(Clone, Copy, PartialEq)]
enum Column {
    Ruc,
    Own,
    Name,
    Amount,
    Date,
    Kind,
    Phone,
    Person,
    Code,
    Blank,
}

#[test]
fn lists_with_a_known_answer() {
    let (mut read, mut asked, mut refused) = (0_u64, 0_u64, 0_u64);
    let mut wrong = Vec::new();
    for seed in 0..count() {
        let list = List::new(seed);
        match rows(&list.text, None) {
            Err((code, message)) => {
                let of_column = code == "columna_ambigua" || code == "columna_no_encontrada";
                let named = message.contains("--columna") || message.contains("fila ");
                assert!(named, "list {seed}: {code}: {message}\n{}", list.shown);
                asked += u64::from(of_column);
                refused += u64::from(!of_column);
            }
            Ok(found) => {
                read += 1;
                if let Some(what) = list.wrong(&found) {
                    wrong.push(format!("list {seed}: {what}\n{}{found:?}", list.shown));
                }
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} lists\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    // Most of them are lists that a program can read.
    assert!(
        read * 10 >= count() * 8,
        "{read} read, {asked} asked, {refused} refused"
    );
}

impl List {
    /// What is wrong or left out.
    fn wrong(&self, found: &[(u32, String)]) -> Option<String> {
        let found: BTreeMap<u32, &str> = found.iter().map(|(n, it)| (*n, it.as_str())).collect();
        let is_ruc = |named: &str| named.parse::<Ruc>().is_ok();
        for (number, expected) in &self.answer {
            match found.get(number) {
                None => return Some(format!("row {number} is lost")),
                Some(named) if is_ruc(named) && expected.as_deref() != Some(named) => {
                    return Some(format!("row {number} is not {named}"));
                }
                Some(_) => {}
            }
        }
        // Rows that are none of the list name nobody.
        let more = |(number, named): (&u32, &&str)| {
            let more = !self.answer.contains_key(number) && is_ruc(named);
            more.then(|| format!("row {number} is no row"))
        };
        found.iter().find_map(more)
    }

    fn new(seed: u64) -> List {
        let mut numbers = Numbers(seed);
        let mut chance = |of: u64| numbers.below(of) == 0;
        let form = Form::any(&mut chance);
        let (titled, above) = (!chance(6), chance(3));
        let (again, result, two_rows) = (chance(6), chance(6), chance(5));
        let shifts = chance(3) && !result;
        let own = chance(2);
        let mut columns = Column::some(own, &mut chance);
        for index in (1..columns.len()).rev() {
            columns.swap(index, numbers.index(index + 1));
        }
        let count = 4 + numbers.index(24);
        let rucs = companies(seed + 1000, count);
        let mut table: Vec<Vec<String>> = Vec::new();
        if above {
            table.push(vec!["ESTUDIO FICTICIO, ASESORES S.A.C.".into()]);
            // Without titles nothing tells it from a row of the list.
            if titled && numbers.below(2) == 0 {
                table.push(vec![format!("RUC: {OWN}")]);
            }
            table.push(vec!["LIMA, 30 DE NOVIEMBRE DE 2026".into()]);
        }
        let mut heads: Vec<String> = columns.iter().map(|it| it.title(&mut numbers)).collect();
        if titled && two_rows {
            // What the documents are of stands over their titles.
            let place = columns.iter().position(|it| *it == Column::Ruc).unwrap();
            let mut over = vec![String::new(); heads.len()];
            "DATOS DEL CLIENTE".clone_into(&mut over[place]);
            "OTROS DATOS".clone_into(&mut over[(place + 1) % heads.len()]);
            table.push(over);
        }
        let ours = numbers.index(OURS.len());
        if titled && result {
            heads.extend(OURS[ours].iter().map(|it| (*it).to_owned()));
        }
        if titled {
            table.push(heads.clone());
        }
        let mut answer = BTreeMap::new();
        for (index, ruc) in rucs.iter().enumerate() {
            let (mut written, mut names) = damaged(ruc, &mut numbers);
            // A first row of texts alone cannot be told from titles.
            if index == 0 && !titled {
                (written, names) = (ruc.clone(), Some(ruc.clone()));
            }
            // A report prints its titles again on the next page.
            if titled && again && index == rucs.len() / 2 {
                table.push(heads.clone());
            }
            let mut cells: Vec<String> = columns
                .iter()
                .map(|it| it.value(index, &written, &mut numbers))
                .collect();
            if shifts && (titled || index > 0) && numbers.below(8) == 0 {
                let at = numbers.index(cells.len());
                match numbers.below(3) {
                    0 => cells.insert(at, String::new()),
                    1 => cells.insert(at, "OTRO".into()),
                    _ => drop(cells.remove(at)),
                }
            }
            // A blank line is no row.
            let filled = cells.iter().any(|cell| !cell.is_empty());
            cells.resize(cells.len().max(1), String::new());
            if !filled {
                "-".clone_into(&mut cells[0]);
            }
            if titled && result {
                cells.resize(columns.len(), String::new());
                // What Chaski said another month, of that number and of another.
                let before = |it: &&str| it.replace("<RUC>", &rucs[(index + 1) % rucs.len()]);
                cells.extend(VALUES[ours].iter().map(before));
            }
            table.push(cells);
            answer.insert(u32::try_from(table.len()).unwrap(), names);
        }
        if titled && numbers.below(4) == 0 {
            let mut total = vec![String::new(); columns.len()];
            let place = columns
                .iter()
                .position(|it| *it != Column::Ruc)
                .unwrap_or(0);
            "TOTAL GENERAL".clone_into(&mut total[place]);
            table.push(total);
        }
        let shown = table.iter().map(|row| row.join(" ¦ ") + "\n").collect();
        let text = match form {
            Form::Workbook => as_workbook(&table, &mut numbers),
            Form::Page => as_page(&table, &mut numbers),
            Form::Xml => as_xml(&table),
            Form::Text => as_text(&table, &mut numbers),
            Form::Zip => zipped(&as_text(&table, &mut numbers)),
        };
        List {
            text,
            answer,
            shown,
        }
    }
}

impl Form {
    fn any(chance: &mut impl FnMut(u64) -> bool) -> Form {
        match () {
            () if chance(4) => Form::Workbook,
            () if chance(8) => Form::Page,
            () if chance(10) => Form::Xml,
            () if chance(12) => Form::Zip,
            () => Form::Text,
        }
    }
}

impl Column {
    /// The column of the RUCs, and some others.
    fn some(own: bool, chance: &mut impl FnMut(u64) -> bool) -> Vec<Column> {
        let mut columns = vec![Column::Ruc];
        for (column, of) in [
            (Column::Own, 2),
            (Column::Name, 1),
            (Column::Amount, 2),
            (Column::Date, 3),
            (Column::Kind, 3),
            (Column::Phone, 4),
            (Column::Person, 5),
            (Column::Code, 4),
            (Column::Blank, 5),
        ] {
            if chance(of) && (column != Column::Own || own) {
                columns.push(column);
            }
        }
        columns
    }

    fn title(self, numbers: &mut Numbers) -> String {
        let titles: &[&str] = match self {
            Column::Ruc => &[
                "RUC",
                "N° DOC CLIENTE",
                "Nro Doc Identidad",
                "CODIGO",
                "RUC PROVEEDOR",
            ],
            Column::Own => &["RUC", "RUC EMPRESA", "EMISOR"],
            Column::Name => &["CLIENTE", "RAZON SOCIAL, NOMBRE", "PROVEEDOR"],
            Column::Amount => &["TOTAL", "IMPORTE S/"],
            Column::Date => &["FECHA", "FECHA DOC"],
            Column::Kind => &["TIPO DOC", "TIPO"],
            Column::Phone => &["TELEFONO"],
            Column::Person => &["DNI CONTACTO", "CONTACTO"],
            Column::Code => &["COMPROBANTE", "CAR"],
            Column::Blank => &["NOTA", ""],
        };
        titles[numbers.index(titles.len())].to_owned()
    }

    fn value(self, index: usize, ruc: &str, numbers: &mut Numbers) -> String {
        let mut any = |values: &[&str]| values[numbers.index(values.len())].to_owned();
        match self {
            Column::Ruc => ruc.to_owned(),
            Column::Own => OWN.to_owned(),
            Column::Name => any(&[
                "PEREZ, JUAN",
                "EL REY 2000 S.A.",
                "LA CASA \"5\" S.A.C.",
                "UNO; DOS Y CIA",
                "RUCANO S.A.",
                "ÑANDÚ | SUR",
                "CLIENTE 12345678",
            ]),
            Column::Amount => format!("{}.50", 100 + index),
            Column::Date => format!("{:02}/11/2026", 1 + index % 28),
            Column::Kind => any(&["6", "6", "1"]),
            Column::Phone => format!("9{:08}", 10_000_000 + index * 7919),
            Column::Person => format!("{:08}", index + 1),
            Column::Code => format!("F001-{:08}", index + 1),
            Column::Blank => any(&["", "", "", "ver"]),
        }
    }
}

/// A RUC as it was typed, and what it names by then.
fn damaged(ruc: &str, numbers: &mut Numbers) -> (String, Option<String>) {
    let named = Some(ruc.to_owned());
    match numbers.below(32) {
        8 => (format!("PE{ruc}"), named),
        9 => (format!("=\"{ruc}\""), named),
        10 => ("001234567".to_owned(), None),
        11 => ("ZZ000001".to_owned(), None),
        12 => ("SIN RUC".to_owned(), None),
        13 => ("1000002".to_owned(), None),
        14 => ("0".to_owned(), None),
        0 => (format!(" {ruc}"), named),
        1 => (format!("{ruc} - CLIENTE"), named),
        2 => (format!("RUC: {ruc}"), named),
        3 => (ruc[..10].to_owned(), None),
        4 => (String::new(), None),
        5 => ("-".to_owned(), None),
        6 => ("00000001".to_owned(), None),
        7 => (format!("{ruc} / 20100070970"), None),
        _ => (ruc.to_owned(), named),
    }
}

/// A workbook; half of them have something else in the first sheet.
fn as_workbook(table: &[Vec<String>], numbers: &mut Numbers) -> Vec<u8> {
    let mut book = Workbook::new();
    let cover: &[[&str; 2]] = match numbers.below(4) {
        0 => &[["EMPRESA", "ESTUDIO FICTICIO S.A.C."], ["RUC", OWN]],
        1 => &[["MES", "TOTAL"], ["ENERO", "100"], ["FEBRERO", "200"]],
        2 => &[["INSTRUCCIONES", ""], ["Llene la hoja de datos", ""]],
        _ => &[],
    };
    let table_of = |rows: &[[&str; 2]]| -> Vec<Vec<String>> {
        let row = |row: &[&str; 2]| row.iter().map(|it| (*it).to_owned()).collect();
        rows.iter().map(row).collect()
    };
    let sheets = [table_of(cover), table.to_vec()];
    for table in sheets.iter().filter(|table| !table.is_empty()) {
        let sheet = book.add_worksheet();
        for (row, cells) in (0..).zip(table) {
            for (column, cell) in (0..).zip(cells) {
                if !cell.is_empty() {
                    sheet.write_string(row, column, cell).unwrap();
                }
            }
        }
    }
    book.save_to_buffer().unwrap()
}

fn escaped(cell: &str) -> String {
    let cell = cell.replace('&', "&amp;").replace('<', "&lt;");
    cell.replace('"', "&quot;")
}

/// A page, with end tags or without, as old programs write them.
fn as_page(table: &[Vec<String>], numbers: &mut Numbers) -> Vec<u8> {
    let ends = numbers.below(2) == 0;
    let (of_cell, of_row) = if ends { ("</td>", "</tr>") } else { ("", "") };
    let cell = |cell: &String| format!("<td>{}{of_cell}", escaped(cell));
    let row = |row: &Vec<String>| {
        let cells: String = row.iter().map(cell).collect();
        format!("<tr>{cells}{of_row}\n")
    };
    let rows: String = table.iter().map(row).collect();
    let page = format!(
        "<html><head><meta charset=\"iso-8859-1\"></head><body><table border=1>{rows}</table></body></html>"
    );
    encoding_rs::WINDOWS_1252.encode(&page).0.into_owned()
}

fn as_xml(table: &[Vec<String>]) -> Vec<u8> {
    let cell = |cell: &String| {
        format!(
            "<Cell><Data ss:Type=\"String\">{}</Data></Cell>",
            escaped(cell)
        )
    };
    let row = |row: &Vec<String>| {
        let cells: String = row.iter().map(cell).collect();
        format!("<Row>{cells}</Row>")
    };
    let rows: String = table.iter().map(row).collect();
    format!(
        "<?xml version=\"1.0\"?><?mso-application progid=\"Excel.Sheet\"?><Workbook xmlns:ss=\"urn:schemas-microsoft-com:office:spreadsheet\"><Worksheet ss:Name=\"Lista\"><Table>{rows}</Table></Worksheet></Workbook>"
    )
    .into_bytes()
}

fn zipped(text: &[u8]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default();
    writer.start_file("propuesta.txt", options).unwrap();
    writer.write_all(text).unwrap();
    writer.finish().unwrap().into_inner()
}

/// The columns that Chaski adds, as people and as programs have them, and what another month said.
const OURS: [[&str; 13]; 2] = [
    [
        "¿Se le puede facturar?",
        "Motivo",
        "RUC consultado",
        "Razón social en SUNAT",
        "Estado en SUNAT",
        "Condición en SUNAT",
        "Ubigeo",
        "Departamento",
        "Provincia",
        "Distrito",
        "Dirección",
        "Fuente",
        "Consultado el",
    ],
    [
        "ruc_normalizado",
        "razon_social",
        "estado",
        "condicion",
        "apto_para_facturar",
        "ubigeo",
        "departamento",
        "provincia",
        "distrito",
        "direccion",
        "motivo",
        "fuente",
        "consultado_en",
    ],
];
const VALUES: [[&str; 13]; 2] = [
    [
        "SÍ",
        "",
        "<RUC>",
        "UNO",
        "ACTIVO",
        "HABIDO",
        "150101",
        "LIMA",
        "LIMA",
        "LIMA",
        "AV. UNO",
        "APIMIGO",
        "2026-10-27 10:00:00",
    ],
    [
        "<RUC>",
        "UNO",
        "ACTIVO",
        "HABIDO",
        "SÍ",
        "150101",
        "LIMA",
        "LIMA",
        "LIMA",
        "AV. UNO",
        "",
        "APIMIGO",
        "2026-10-27 10:00:00",
    ],
];

/// As text: any separator, quoted where it must be, everywhere, or nowhere (as SUNAT does).
fn as_text(table: &[Vec<String>], numbers: &mut Numbers) -> Vec<u8> {
    let separator = [';', ',', '\t', '|'][numbers.index(4)];
    let end = ["\n", "\r\n"][numbers.index(2)];
    let (always, never) = (numbers.below(4) == 0, numbers.below(6) == 0);
    let cell = |cell: &String| {
        let must = cell.contains([separator, '"', '\n']);
        if (must || always) && !never {
            format!("\"{}\"", cell.replace('"', "\"\""))
        } else {
            cell.clone()
        }
    };
    let line = |row: &Vec<String>| {
        let cells: Vec<String> = row.iter().map(cell).collect();
        cells.join(&separator.to_string()) + end
    };
    let text: String = table.iter().map(line).collect();
    match numbers.below(4) {
        0 => format!("\u{feff}{text}").into_bytes(),
        1 => encoding_rs::WINDOWS_1252.encode(&text).0.into_owned(),
        2 => {
            let units = text.encode_utf16().flat_map(u16::to_le_bytes);
            [0xff, 0xfe].into_iter().chain(units).collect()
        }
        _ => text.into_bytes(),
    }
}
