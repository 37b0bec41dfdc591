//! What cells of a register say: kinds, series, numbers, amounts, currencies.

use chaski_core::fold;
use compact_str::CompactString;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::sheets::Cell;

/// A text without blanks around it; of a number its digits. Empty where there is nothing.
pub(super) fn text_of(cell: &Cell) -> String {
    match cell {
        Cell::Text(text) => text.trim().trim_matches('\'').to_owned(),
        Cell::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// The code of SUNAT's catalogue 01 (table 10 of the electronic books) in a cell: two digits, or its
/// name, or both as `01 - FACTURA`.
pub(super) fn kind_of(cell: &Cell) -> Option<CompactString> {
    let folded = fold(&text_of(cell));
    let first = folded.split(' ').next().unwrap_or_default();
    if (1..=2).contains(&first.len()) && first.bytes().all(|it| it.is_ascii_digit()) {
        return Some(CompactString::from(format!("{first:0>2}")));
    }
    let words = |all: &[&str]| all.iter().all(|it| folded.contains(it));
    let named = match () {
        () if matches!(&*folded, "FT" | "FAC" | "FACT" | "F") || words(&["FACTURA"]) => "01",
        () if words(&["HONORARIO"]) || matches!(&*folded, "RH" | "RHE" | "R1") => "02",
        () if matches!(&*folded, "BV" | "BOL" | "B") || words(&["BOLETA"]) => "03",
        () if matches!(&*folded, "NC" | "N C") || words(&["NOTA", "CREDITO"]) => "07",
        () if matches!(&*folded, "ND" | "N D") || words(&["NOTA", "DEBITO"]) => "08",
        () if words(&["LIQUIDACION", "COMPRA"]) => "04",
        () if words(&["TICKET"]) => "12",
        () => return None,
    };
    Some(named.into())
}

/// A series: four letters and digits. One of digits that a workbook made a number gets its zeros back.
pub(super) fn series_of(text: &str) -> Option<CompactString> {
    let text = text.trim().to_uppercase();
    let good =
        !text.is_empty() && text.len() <= 4 && text.bytes().all(|it| it.is_ascii_alphanumeric());
    let digits = text.bytes().all(|it| it.is_ascii_digit());
    match text.len() {
        4 if good => Some(text.into()),
        1..4 if good && digits => Some(format!("{text:0>4}").into()),
        _ => None,
    }
}

/// A number, with or without its leading zeros; `1.0` where a program wrote it so.
pub(super) fn number_of(text: &str) -> Option<u32> {
    let text = text.trim();
    let text = text.strip_suffix(".0").unwrap_or(text);
    let digits = !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit());
    let number = text.parse().ok().filter(|_| digits)?;
    (1..=99_999_999).contains(&number).then_some(number)
}

/// Series and number in one cell: `F001-123`, `F001 - 00000123`, `F001/123`.
pub(super) fn both_of(text: &str) -> Option<(CompactString, u32)> {
    let (series, number) = text.trim().split_once(['-', '/', '|', ' '])?;
    let number = number.trim_start_matches([' ', '-', '/', '|']);
    Some((series_of(series)?, number_of(number)?))
}

/// An amount as people write it, without its sign: a credit note has one in a register and none at SUNAT.
/// Two decimals, half away from zero.
pub(super) fn amount_of(cell: &Cell) -> Option<Decimal> {
    let amount = match cell {
        Cell::Number(number) => Decimal::from_f64_retain(*number)?.round_dp(6),
        Cell::Text(text) => decimal_of(text)?,
        _ => return None,
    };
    let amount = amount
        .abs()
        .round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    (amount < Decimal::from(1_000_000_000_000_i64)).then_some(amount)
}

/// `1,180.00`, `1180`, `S/ 1.180,00`, `(118.00)`.
pub(super) fn decimal_of(text: &str) -> Option<Decimal> {
    let bare: String = text
        .trim()
        .trim_start_matches(|c: char| !c.is_ascii_digit() && !matches!(c, '-' | '('))
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '(' | ')'))
        .collect();
    let last = bare.rfind(['.', ',']);
    let sign_of = |at: usize| bare.as_bytes()[at];
    let decimals = last.map_or(0, |at| bare.len() - at - 1);
    let both = bare.contains('.') && bare.contains(',');
    // One comma before three digits groups them; a point before three is a decimal one.
    let point = last.filter(|at| both || decimals != 3 || sign_of(*at) == b'.');
    let plain: String = bare
        .char_indices()
        .filter_map(|(at, c)| match c {
            '.' | ',' if Some(at) == point => Some('.'),
            '.' | ',' => None,
            c => Some(c),
        })
        .collect();
    plain.parse().ok()
}

/// The currency that a cell names, by its ISO code; none where it names none.
pub(in crate::sheets) fn currency_of(cell: &Cell) -> Option<CompactString> {
    let Cell::Text(text) = cell else {
        return None;
    };
    let upper = text.trim().to_uppercase();
    let folded = fold(text);
    let code = match &*upper {
        "S/" | "S/." | "S" | "MN" | "M.N." => "PEN",
        "$" | "US$" | "U$S" | "ME" | "M.E." => "USD",
        "€" => "EUR",
        _ => match &*folded {
            "PEN" | "SOL" | "SOLES" | "NUEVOS SOLES" | "MONEDA NACIONAL" => "PEN",
            "USD" | "US" | "DOLAR" | "DOLARES" | "DOLARES AMERICANOS" | "DOL" => "USD",
            "EUR" | "EURO" | "EUROS" => "EUR",
            other if is_iso(other) => other,
            _ => return None,
        },
    };
    Some(code.into())
}

/// Currencies beside those that there are rates of.
fn is_iso(text: &str) -> bool {
    const OTHERS: [&str; 14] = [
        "GBP", "JPY", "CAD", "CHF", "CLP", "BRL", "COP", "MXN", "ARS", "BOB", "CNY", "AUD", "SEK",
        "UYU",
    ];
    OTHERS.contains(&text)
}
