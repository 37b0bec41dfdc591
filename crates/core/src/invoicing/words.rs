//! Amounts in words, as they stand under an invoice: `SON CIENTO DIECIOCHO CON 00/100 SOLES`.
//!
//! Form: legend 1000 of SUNAT's catálogo 52 as printed in practice (sunat.md §10). The number itself
//! follows the Academy's rules (*Diccionario panhispánico de dudas*, "cardinales"): `cien` alone and
//! before `mil` and `millones`, `ciento` otherwise; `uno` and its compounds lose their end before
//! `mil` and `millones` (`veintiún mil`, `treinta y un mil`, `un millón`), not before `con`; and the
//! number agrees with a feminine currency (`doscientas libras`). Known libraries write "veintiuno mil".

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::catalogs::currencies::Moneda;
use super::decimal::to_cents;

/// Below this, an amount can be put in words: twelve digits before the point.
const LIMIT: u64 = 1_000_000_000_000;

/// An amount in words, in capitals, with its hundredths and its currency. It is rounded to cents,
/// half away from zero. `None` for amounts below zero or of over twelve digits before the point.
///
/// ```
/// use chaski_core::invoicing::amount_in_words;
/// use chaski_core::invoicing::catalogs::currencies::Moneda;
/// let words = |amount: &str, moneda| amount_in_words(amount.parse().ok()?, moneda);
/// assert_eq!(
///     words("236.64", Moneda::Pen).as_deref(),
///     Some("SON DOSCIENTOS TREINTA Y SEIS CON 64/100 SOLES")
/// );
/// assert_eq!(
///     words("21101.5", Moneda::Usd).as_deref(),
///     Some("SON VEINTIÚN MIL CIENTO UNO CON 50/100 DÓLARES AMERICANOS")
/// );
/// assert_eq!(
///     words("201", Moneda::Gbp).as_deref(),
///     Some("SON DOSCIENTAS UNA CON 00/100 LIBRAS ESTERLINAS")
/// );
/// ```
pub fn amount_in_words(amount: Decimal, moneda: Moneda) -> Option<String> {
    let amount = to_cents(amount);
    let whole = amount.trunc().to_u64().filter(|whole| *whole < LIMIT)?;
    if amount.is_sign_negative() && !amount.is_zero() {
        return None;
    }
    let cents = (amount.fract() * Decimal::ONE_HUNDRED).to_u64()?;
    let words = number_in_words(whole, moneda.is_feminine());
    Some(format!(
        "SON {words} CON {cents:02}/100 {}",
        moneda.in_words()
    ))
}

/// How a group of three digits ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ending {
    /// Nothing or a masculine noun in the distance follows: `veintiuno`.
    Masculine,
    /// It agrees with a feminine noun in the distance: `veintiuna`, `doscientas`.
    Feminine,
    /// `mil` or `millones` follows at once: `veintiún`.
    Cut,
    /// `mil` follows at once and a feminine noun in the distance: `veintiún`, but `doscientas`.
    CutFeminine,
}

fn number_in_words(number: u64, feminine: bool) -> String {
    if number == 0 {
        return "CERO".to_owned();
    }
    let (millions, rest) = (number / 1_000_000, number % 1_000_000);
    let mut words = Vec::new();
    if millions > 0 {
        // `millón` is a masculine noun itself, so nothing before it agrees with the currency.
        push_below_million(millions, false, true, &mut words);
        words.push(if millions == 1 { "MILLÓN" } else { "MILLONES" });
    }
    push_below_million(rest, feminine, false, &mut words);
    words.join(" ")
}

/// `cut`: a noun follows at once.
fn push_below_million(number: u64, feminine: bool, cut: bool, words: &mut Vec<&'static str>) {
    let (thousands, rest) = (number / 1000, number % 1000);
    if thousands > 1 {
        let ending = if feminine {
            Ending::CutFeminine
        } else {
            Ending::Cut
        };
        push_group(thousands, ending, words);
    }
    if thousands > 0 {
        words.push("MIL");
    }
    let ending = match (cut, feminine) {
        (true, _) => Ending::Cut,
        (false, true) => Ending::Feminine,
        (false, false) => Ending::Masculine,
    };
    push_group(rest, ending, words);
}

/// Up to three digits; nothing for zero.
fn push_group(number: u64, ending: Ending, words: &mut Vec<&'static str>) {
    let (hundreds, rest) = (number / 100, number % 100);
    match (hundreds, rest) {
        (0, _) => {}
        (1, 0) => words.push("CIEN"),
        _ => {
            let (masculine, feminine) = HUNDREDS[index(hundreds)];
            let agrees = matches!(ending, Ending::Feminine | Ending::CutFeminine);
            words.push(if agrees { feminine } else { masculine });
        }
    }
    match (rest, ending) {
        (0, _) => {}
        (21, Ending::Cut | Ending::CutFeminine) => words.push("VEINTIÚN"),
        (21, Ending::Feminine) => words.push("VEINTIUNA"),
        (1..=29, _) if rest != 1 => words.push(BELOW_THIRTY[index(rest)]),
        _ => {
            let (tens, units) = (rest / 10, rest % 10);
            if tens > 0 {
                words.push(TENS[index(tens)]);
            }
            if tens > 0 && units > 0 {
                words.push("Y");
            }
            match (units, ending) {
                (0, _) => {}
                (1, Ending::Masculine) => words.push("UNO"),
                (1, Ending::Feminine) => words.push("UNA"),
                (1, Ending::Cut | Ending::CutFeminine) => words.push("UN"),
                _ => words.push(BELOW_THIRTY[index(units)]),
            }
        }
    }
}

fn index(digits: u64) -> usize {
    usize::try_from(digits).expect("two digits at most")
}

const BELOW_THIRTY: [&str; 30] = [
    "CERO",
    "UNO",
    "DOS",
    "TRES",
    "CUATRO",
    "CINCO",
    "SEIS",
    "SIETE",
    "OCHO",
    "NUEVE",
    "DIEZ",
    "ONCE",
    "DOCE",
    "TRECE",
    "CATORCE",
    "QUINCE",
    "DIECISÉIS",
    "DIECISIETE",
    "DIECIOCHO",
    "DIECINUEVE",
    "VEINTE",
    "VEINTIUNO",
    "VEINTIDÓS",
    "VEINTITRÉS",
    "VEINTICUATRO",
    "VEINTICINCO",
    "VEINTISÉIS",
    "VEINTISIETE",
    "VEINTIOCHO",
    "VEINTINUEVE",
];

const TENS: [&str; 10] = [
    "",
    "DIEZ",
    "VEINTE",
    "TREINTA",
    "CUARENTA",
    "CINCUENTA",
    "SESENTA",
    "SETENTA",
    "OCHENTA",
    "NOVENTA",
];

const HUNDREDS: [(&str, &str); 10] = [
    ("", ""),
    ("CIENTO", "CIENTO"),
    ("DOSCIENTOS", "DOSCIENTAS"),
    ("TRESCIENTOS", "TRESCIENTAS"),
    ("CUATROCIENTOS", "CUATROCIENTAS"),
    ("QUINIENTOS", "QUINIENTAS"),
    ("SEISCIENTOS", "SEISCIENTAS"),
    ("SETECIENTOS", "SETECIENTAS"),
    ("OCHOCIENTOS", "OCHOCIENTAS"),
    ("NOVECIENTOS", "NOVECIENTAS"),
];
