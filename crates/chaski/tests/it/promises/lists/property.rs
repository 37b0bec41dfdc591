//! Lists whose answer is known, made at random: whatever is read from them is right, and no row is
//! without a word.

use std::collections::BTreeMap;

use chaski_core::Ruc;
use rust_xlsxwriter::Workbook;

use super::{OWN, rows};
use crate::cli_kit::{Numbers, companies};

/// How many lists; more by `CHASKI_TEST_LISTS` when the tests are built.
fn count() -> u64 {
    option_env!("CHASKI_TEST_LISTS").map_or(400, |text| text.parse().unwrap())
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
                    wrong.push(format!("list {seed}: {what}\n{}", list.shown));
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
        let workbook = chance(4);
        let (titled, above, shifts) = (!chance(6), chance(3), chance(3));
        let own = chance(2);
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
        if titled {
            table.push(columns.iter().map(|it| it.title(&mut numbers)).collect());
        }
        let first = table.len();
        let mut answers = Vec::new();
        for (index, ruc) in rucs.iter().enumerate() {
            let (mut written, mut answer) = damaged(ruc, &mut numbers);
            // A first row of texts alone cannot be told from titles.
            if index == 0 && !titled {
                (written, answer) = (ruc.clone(), Some(ruc.clone()));
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
            table.push(cells);
            answers.push(answer);
        }
        let answer = (0..).zip(answers);
        let number = |index: usize| u32::try_from(first + index + 1).unwrap();
        let answer = answer.map(|(index, it)| (number(index), it));
        let answer = answer.collect();
        let shown = table.iter().map(|row| row.join(" ¦ ") + "\n").collect();
        let text = if workbook {
            as_workbook(&table)
        } else {
            as_text(&table, &mut numbers)
        };
        List {
            text,
            answer,
            shown,
        }
    }
}

impl Column {
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
    match numbers.below(24) {
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

fn as_workbook(table: &[Vec<String>]) -> Vec<u8> {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    for (row, cells) in (0..).zip(table) {
        for (column, cell) in (0..).zip(cells) {
            if !cell.is_empty() {
                sheet.write_string(row, column, cell).unwrap();
            }
        }
    }
    book.save_to_buffer().unwrap()
}

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
