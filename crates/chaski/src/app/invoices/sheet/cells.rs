//! Reads one cell by the kind of its column, and puts right what is safe to put right: floats, lost zeros,
//! signs and thousands marks of amounts, days as numbers or as people write them, blanks. What cannot be
//! read goes on as it is: the check of the document says what is wrong with it, in its place.

use std::borrow::Cow;

use chaski_core::invoicing::JsonValue;
use chaski_core::invoicing::catalogs::currencies::Moneda;
use chaski_core::{RucRules, Text, fold, parse_date, text};
use rust_decimal::Decimal;
use rust_decimal::RoundingStrategy::MidpointAwayFromZero;

use super::choices::code_named;
use super::columns::{CellKind, Choices, InvoiceColumn};
use crate::sheets::{self, Cell, Repair, Subject};

/// What a cell holds.
#[derive(Debug)]
pub(super) enum CellOutcome {
    /// Nothing.
    Blank,
    /// A value of the simple form.
    Read(CellValue),
    /// Nothing that can be read: what it is, and what to do.
    Wrong(Text, Text),
}

/// A value as it was read.
#[derive(Debug)]
pub(super) struct CellValue {
    pub(super) value: JsonValue,
    /// What was put right, where the person should see it.
    pub(super) repair: Option<Text>,
    /// The currency whose sign stood before the amount.
    pub(super) sign: Option<Moneda>,
}

impl From<JsonValue> for CellOutcome {
    fn from(value: JsonValue) -> CellOutcome {
        CellOutcome::Read(CellValue {
            value,
            repair: None,
            sign: None,
        })
    }
}

/// Reads a cell. `shows_percent`: it shows 0.18 as 18 %. `tipo`: the kind of identity document that the row
/// names, if it does.
pub(super) fn read_cell(
    cell: &Cell,
    column: &InvoiceColumn,
    shows_percent: bool,
    tipo: Option<&str>,
) -> CellOutcome {
    if cell.is_blank() {
        return CellOutcome::Blank;
    }
    if let Cell::Error(_) = cell {
        return CellOutcome::Wrong(
            text!(
                "la celda tiene un error de fórmula",
                "the cell holds an error of a formula"
            ),
            text!(
                "corrija la fórmula, o escriba el valor",
                "correct the formula, or write the value"
            ),
        );
    }
    match column.kind {
        CellKind::Text => JsonValue::text(plain(cell)).into(),
        CellKind::Code(places) => code(cell, places, column.choices),
        CellKind::Decimal => decimal(cell),
        CellKind::Percent => percent(cell, shows_percent, column.name == "igv"),
        CellKind::Whole => JsonValue::text(without_decimals(&plain(cell))).into(),
        CellKind::Day => day(cell),
        CellKind::Flag => flag(cell),
        CellKind::Tipo => named(cell, Choices::Tipos),
        CellKind::Moneda => named(cell, Choices::Monedas),
        CellKind::IdentityTipo => identity_tipo(cell),
        CellKind::Identity => identity(cell, tipo),
        CellKind::Mail => mail(cell),
    }
}

/// A cell as a person sees it, without blanks round it.
pub(super) fn plain(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Empty => Cow::Borrowed(""),
        Cell::Text(text) => Cow::Borrowed(trimmed(text)),
        Cell::Number(number) => Cow::Owned(number_text(*number)),
        Cell::Bool(true) => Cow::Borrowed("VERDADERO"),
        Cell::Bool(false) => Cow::Borrowed("FALSO"),
        Cell::Date(text) | Cell::Error(text) => Cow::Borrowed(text),
    }
}

/// A text without blanks and invisible characters round it.
fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{2060}')
    })
}

/// A number as it was meant: Excel itself keeps fifteen digits, so that what is behind them is the noise of
/// a float; of a tax document ten places count.
pub(super) fn number_text(number: f64) -> String {
    let text = number.to_string();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    let places = text.split_once('.').map_or(0, |(_, places)| places.len());
    if digits <= 15 && places <= 10 {
        return text;
    }
    let kept: f64 = format!("{number:.14e}").parse().unwrap_or(number);
    let kept = kept.to_string();
    match kept.parse::<Decimal>() {
        Ok(decimal) if kept.contains('.') => decimal
            .round_dp_with_strategy(10, MidpointAwayFromZero)
            .normalize()
            .to_string(),
        _ => kept,
    }
}

/// `123.0`, as programs write whole numbers.
fn without_decimals(text: &str) -> &str {
    let Some((whole, decimals)) = text.split_once('.') else {
        return text;
    };
    let zeros = !decimals.is_empty() && decimals.bytes().all(|byte| byte == b'0');
    if zeros { whole } else { text }
}

fn code(cell: &Cell, places: usize, choices: Choices) -> CellOutcome {
    let text = plain(cell);
    let text = without_decimals(&text);
    if let Some(code) = code_named(choices, text) {
        return JsonValue::text(code).into();
    }
    // `10 gravado`, `NIU - unidad`: the code stands first.
    let first = text.split(|c: char| c.is_whitespace() || matches!(c, '-' | ':' | '|'));
    let first = first.into_iter().next().unwrap_or(text);
    let first = if first.is_empty() { text } else { first };
    if first.bytes().all(|byte| byte.is_ascii_digit()) && first.len() < places {
        return JsonValue::text(format!("{first:0>places$}")).into();
    }
    if first.len() <= 8 && first.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return JsonValue::text(first.to_ascii_uppercase()).into();
    }
    JsonValue::text(text).into()
}

fn named(cell: &Cell, choices: Choices) -> CellOutcome {
    let text = plain(cell);
    JsonValue::text(code_named(choices, without_decimals(&text)).unwrap_or(&text)).into()
}

fn identity_tipo(cell: &Cell) -> CellOutcome {
    let text = plain(cell);
    let text = without_decimals(&text);
    let code = code_named(Choices::Identities, text).unwrap_or_else(|| {
        // `6 RUC`, as the list of the template has it.
        text.split(char::is_whitespace).next().unwrap_or(text)
    });
    JsonValue::text(code.to_ascii_uppercase()).into()
}

fn decimal(cell: &Cell) -> CellOutcome {
    let Cell::Text(text) = cell else {
        return JsonValue::text(plain(cell)).into();
    };
    let (amount, sign) = without_sign(trimmed(text));
    CellOutcome::Read(CellValue {
        value: JsonValue::text(plain_decimal(&amount)),
        repair: None,
        sign,
    })
}

/// Signs of currencies as people write them, the longer ones first.
const SIGNS: [(&str, Moneda); 14] = [
    ("SOLES", Moneda::Pen),
    ("S/.", Moneda::Pen),
    ("S/", Moneda::Pen),
    ("PEN", Moneda::Pen),
    ("DOLARES", Moneda::Usd),
    ("DÓLARES", Moneda::Usd),
    ("US$", Moneda::Usd),
    ("U$S", Moneda::Usd),
    ("USD", Moneda::Usd),
    ("$", Moneda::Usd),
    ("EUR", Moneda::Eur),
    ("€", Moneda::Eur),
    ("GBP", Moneda::Gbp),
    ("£", Moneda::Gbp),
];

/// The amount without the sign before or behind it.
fn without_sign(text: &str) -> (Cow<'_, str>, Option<Moneda>) {
    if text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.')
    {
        return (Cow::Borrowed(text), None);
    }
    let upper = text.to_uppercase();
    // Accountants write what is taken off in brackets.
    let (inner, negative) = match upper.strip_prefix('(').and_then(|it| it.strip_suffix(')')) {
        Some(inner) => (inner, "-"),
        None => (upper.as_str(), ""),
    };
    for (sign, moneda) in SIGNS {
        let bare = inner
            .strip_prefix(sign)
            .or_else(|| inner.strip_suffix(sign));
        if let Some(bare) = bare {
            return (
                Cow::Owned(format!("{negative}{}", trimmed(bare))),
                Some(moneda),
            );
        }
    }
    (Cow::Owned(format!("{negative}{inner}")), None)
}

/// Marks of thousands taken away and a decimal comma made a point, where they can be nothing else: `1,234`
/// may be either, and stays.
fn plain_decimal(text: &str) -> Cow<'_, str> {
    let is_simple = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'.' | b'-');
    if text.bytes().all(is_simple) && text.bytes().filter(|byte| *byte == b'.').count() <= 1 {
        return Cow::Borrowed(text);
    }
    let groups = |text: &str, mark: char| {
        let mut groups = text.trim_start_matches('-').split(mark);
        let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
        let first = groups.next().unwrap_or_default();
        (1..=3).contains(&first.len())
            && digits(first)
            && groups.all(|it| it.len() == 3 && digits(it))
    };
    let joined = |text: &str, mark: char| text.replace(mark, "");
    let blank = |c: char| matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\'');
    let (point, comma) = (text.rfind('.'), text.rfind(','));
    let decimal_at = match (point, comma) {
        (Some(point), Some(comma)) => Some(point.max(comma)),
        (Some(point), None) if text.matches('.').count() == 1 => Some(point),
        (None, Some(comma)) if text.matches(',').count() == 1 => {
            let (whole, behind) = (&text[..comma], &text[comma + 1..]);
            if behind.len() == 3 && !matches!(whole, "0" | "-0") {
                return Cow::Borrowed(text);
            }
            Some(comma)
        }
        _ => None,
    };
    let (whole, places) = decimal_at.map_or((text, ""), |at| (&text[..at], &text[at + 1..]));
    let mark = whole.chars().find(|c| blank(*c) || matches!(c, ',' | '.'));
    let whole = match mark {
        Some(mark) if groups(whole, mark) => joined(whole, mark),
        Some(_) => return Cow::Borrowed(text),
        None => whole.to_owned(),
    };
    if places.is_empty() {
        Cow::Owned(whole)
    } else {
        Cow::Owned(format!("{whole}.{places}"))
    }
}

fn percent(cell: &Cell, shows_percent: bool, is_igv: bool) -> CellOutcome {
    let text = match cell {
        Cell::Text(text) => {
            let text = trimmed(text);
            let bare = text.strip_suffix('%').map(trimmed);
            return JsonValue::text(plain_decimal(bare.unwrap_or(text))).into();
        }
        other => plain(other),
    };
    let Ok(number) = text.parse::<Decimal>() else {
        return JsonValue::text(text).into();
    };
    // No rate of IGV is below one percent.
    let is_part = is_igv && number < Decimal::ONE;
    let number = if shows_percent || is_part {
        number * Decimal::ONE_HUNDRED
    } else {
        number
    };
    JsonValue::text(number.normalize().to_string()).into()
}

fn day(cell: &Cell) -> CellOutcome {
    let text = match cell {
        Cell::Date(text) => {
            // The time of day says nothing of a day of issue.
            let day = text.split(' ').next().unwrap_or(text);
            return JsonValue::text(day).into();
        }
        Cell::Number(number) => match sheets::day_of_serial(*number) {
            Some(day) => return serial(&number_text(*number), &day),
            None => plain(cell),
        },
        other => plain(other),
    };
    if let Some(day) = written_day(&text) {
        return JsonValue::text(day).into();
    }
    let number = text.parse::<f64>().ok();
    match number.and_then(sheets::day_of_serial) {
        Some(day) => serial(&text, &day),
        None => JsonValue::text(text).into(),
    }
}

fn serial(number: &str, day: &str) -> CellOutcome {
    CellOutcome::Read(CellValue {
        value: JsonValue::text(day),
        repair: Some(text!(
            "el número {number} se leyó como la fecha {day}",
            "the number {number} was read as the day {day}"
        )),
        sign: None,
    })
}

/// Months as people write them, folded; three letters suffice.
const MONTHS: [&str; 12] = [
    "ENERO",
    "FEBRERO",
    "MARZO",
    "ABRIL",
    "MAYO",
    "JUNIO",
    "JULIO",
    "AGOSTO",
    "SETIEMBRE",
    "OCTUBRE",
    "NOVIEMBRE",
    "DICIEMBRE",
];

/// `27/11/2026`, `27.11.2026`, `27/11/26`, `27 de noviembre de 2026`, also with a time behind it.
fn written_day(text: &str) -> Option<String> {
    if let Ok(day) = parse_date(text) {
        return Some(day.to_string());
    }
    let folded = fold(text);
    let words = folded.split(' ').filter(|it| !matches!(*it, "DE" | "DEL"));
    let words: Vec<&str> = words.collect();
    let [first, month, last, ..] = words[..] else {
        return None;
    };
    let (day, year) = if first.len() == 4 {
        (last, first)
    } else {
        (first, last)
    };
    let named = MONTHS.iter().position(|name| {
        let september = *name == "SETIEMBRE" && month.starts_with("SEP");
        month.len() >= 3 && (name.starts_with(month) || september)
    });
    let month = named.map_or_else(|| month.to_owned(), |index| (index + 1).to_string());
    let century = if year.len() == 2 { "20" } else { "" };
    let day = parse_date(&format!("{day}/{month}/{century}{year}"));
    day.ok().map(|it| it.to_string())
}

fn flag(cell: &Cell) -> CellOutcome {
    if let Cell::Bool(value) = cell {
        return JsonValue::Bool(*value).into();
    }
    match fold(&plain(cell)).as_str() {
        "SI" | "S" | "X" | "1" | "V" | "VERDADERO" | "TRUE" | "YES" | "Y" => {
            JsonValue::Bool(true).into()
        }
        "NO" | "N" | "0" | "F" | "FALSO" | "FALSE" => JsonValue::Bool(false).into(),
        _ => CellOutcome::Wrong(
            text!("no es SI ni NO", "this is neither SI nor NO"),
            text!("escriba SI o NO", "write SI or NO"),
        ),
    }
}

fn mail(cell: &Cell) -> CellOutcome {
    let text = plain(cell);
    let addresses = text.split(|c: char| c.is_whitespace() || matches!(c, ',' | ';'));
    let addresses = addresses.filter(|it| !it.is_empty()).map(JsonValue::text);
    JsonValue::List(addresses.collect()).into()
}

/// The number of an identity document: of a RUC or DNI repaired as in lists, of others as it is.
fn identity(cell: &Cell, tipo: Option<&str>) -> CellOutcome {
    let text = plain(cell);
    if !matches!(tipo, None | Some("6" | "1")) || text == "-" {
        return JsonValue::text(without_decimals(&text)).into();
    }
    let repaired = sheets::repair(cell, &RucRules::default());
    let is_number = matches!(cell, Cell::Number(_));
    match repaired.subject {
        Subject::Ruc(ruc) => JsonValue::text(ruc.as_str()).into(),
        Subject::Dni { dni, padded } => {
            let lost = padded || repaired.repairs.contains(&Repair::LostZero);
            if lost {
                padded_dni(dni.as_str())
            } else {
                JsonValue::text(dni.as_str()).into()
            }
        }
        // A number keeps none of its zeros; of a text nobody knows which digit is missing.
        _ if tipo == Some("1")
            && is_number
            && text.len() < 8
            && text.bytes().all(|b| b.is_ascii_digit()) =>
        {
            padded_dni(&format!("{text:0>8}"))
        }
        _ => {
            let kept = |c: &char| !c.is_whitespace() && !matches!(c, '.' | '-');
            let bare: String = text.chars().filter(kept).collect();
            let digits = !bare.is_empty() && bare.bytes().all(|byte| byte.is_ascii_digit());
            JsonValue::text(if digits { bare.as_str() } else { &text }).into()
        }
    }
}

/// The number itself is not told: it is a person's, and stands in the cell.
fn padded_dni(dni: &str) -> CellOutcome {
    let zeros = dni.bytes().take_while(|byte| *byte == b'0').count();
    CellOutcome::Read(CellValue {
        value: JsonValue::text(dni),
        repair: Some(text!(
            "al DNI le faltaban ceros a la izquierda; se leyó con ellos (ceros: {zeros})",
            "the DNI lacked leading zeros; it was read with them (zeros: {zeros})"
        )),
        sign: None,
    })
}
