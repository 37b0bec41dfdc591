//! Amounts in words, against the rules stated another way: what was written is read back by a reader
//! that knows values and the rules of apocope, and nothing of how the words were made.

use chaski_core::invoicing::amount_in_words;
use chaski_core::invoicing::catalogs::currencies::Moneda;
use proptest::prelude::*;
use rust_decimal::Decimal;

#[track_caller]
fn check(amount: &str, moneda: Moneda, expected: &str) {
    let words = amount_in_words(amount.parse().expect("a right case"), moneda);
    assert_eq!(words.as_deref(), Some(expected));
}

#[test]
fn as_they_stand_under_an_invoice() {
    use Moneda::{Eur, Gbp, Pen, Usd};
    check("118", Pen, "SON CIENTO DIECIOCHO CON 00/100 SOLES");
    check(
        "444.00",
        Pen,
        "SON CUATROCIENTOS CUARENTA Y CUATRO CON 00/100 SOLES",
    );
    check("0", Pen, "SON CERO CON 00/100 SOLES");
    check("0.05", Pen, "SON CERO CON 05/100 SOLES");
    check("0.005", Pen, "SON CERO CON 01/100 SOLES");
    check("0.995", Pen, "SON UNO CON 00/100 SOLES");
    check("100", Pen, "SON CIEN CON 00/100 SOLES");
    check("101", Pen, "SON CIENTO UNO CON 00/100 SOLES");
    check("1000", Pen, "SON MIL CON 00/100 SOLES");
    check("1001", Pen, "SON MIL UNO CON 00/100 SOLES");
    check("21000", Pen, "SON VEINTIÚN MIL CON 00/100 SOLES");
    check("31000", Pen, "SON TREINTA Y UN MIL CON 00/100 SOLES");
    check("101000", Pen, "SON CIENTO UN MIL CON 00/100 SOLES");
    check("100000", Pen, "SON CIEN MIL CON 00/100 SOLES");
    check(
        "116016.16",
        Usd,
        "SON CIENTO DIECISÉIS MIL DIECISÉIS CON 16/100 DÓLARES AMERICANOS",
    );
    check("1000000", Eur, "SON UN MILLÓN CON 00/100 EUROS");
    check("1000001", Eur, "SON UN MILLÓN UNO CON 00/100 EUROS");
    check(
        "21021021.21",
        Eur,
        "SON VEINTIÚN MILLONES VEINTIÚN MIL VEINTIUNO CON 21/100 EUROS",
    );
    check("1000000000", Pen, "SON MIL MILLONES CON 00/100 SOLES");
    check("101000000", Pen, "SON CIENTO UN MILLONES CON 00/100 SOLES");
    check("200", Gbp, "SON DOSCIENTAS CON 00/100 LIBRAS ESTERLINAS");
    check(
        "221000",
        Gbp,
        "SON DOSCIENTAS VEINTIÚN MIL CON 00/100 LIBRAS ESTERLINAS",
    );
    check(
        "200000021",
        Gbp,
        "SON DOSCIENTOS MILLONES VEINTIUNA CON 00/100 LIBRAS ESTERLINAS",
    );
}

#[test]
fn what_no_invoice_says_has_no_words() {
    for amount in ["-0.01", "-1", "1000000000000", "999999999999.995"] {
        assert_eq!(
            amount_in_words(amount.parse().expect("a right case"), Moneda::Pen),
            None,
            "{amount}"
        );
    }
    assert!(
        amount_in_words(
            "999999999999.99".parse().expect("a right case"),
            Moneda::Pen
        )
        .is_some()
    );
    assert!(amount_in_words("-0.00".parse().expect("a right case"), Moneda::Pen).is_some());
}

/// Every number below a thousand, and every number of thousands with the ends that can interfere.
#[test]
fn every_number_below_a_million_by_its_structure() {
    for number in 0..1000 {
        check_number(number);
    }
    for thousands in 1..1000 {
        for rest in [0, 1, 2, 16, 20, 21, 30, 31, 99, 100, 101, 121, 200, 999] {
            check_number(thousands * 1000 + rest);
        }
    }
}

proptest! {
    #[test]
    fn any_number_up_to_twelve_digits(number in 0u64..1_000_000_000_000) {
        check_number(number);
    }

    #[test]
    fn any_number_below_a_million(number in 0u64..1_000_000) {
        check_number(number);
    }
}

#[track_caller]
fn check_number(number: u64) {
    let words = |moneda| amount_in_words(Decimal::from(number), moneda).expect("a right case");
    let masculine = words(Moneda::Pen);
    let masculine = masculine.strip_prefix("SON ").expect("a right case");
    let masculine = masculine
        .strip_suffix(" CON 00/100 SOLES")
        .expect("a right case");
    assert_eq!(read(masculine), Ok(number), "{masculine}");

    // A feminine currency changes endings only: the same number when they are put back.
    let feminine = words(Moneda::Gbp);
    let feminine = feminine.strip_prefix("SON ").expect("a right case");
    let feminine = feminine
        .strip_suffix(" CON 00/100 LIBRAS ESTERLINAS")
        .expect("a right case");
    let (before, after) = match feminine.split_once(" MILLON") {
        Some((millions, rest)) => (Some(millions), rest.trim_start_matches("ES").trim_start()),
        None => match feminine.split_once(" MILLÓN") {
            Some((millions, rest)) => (Some(millions), rest.trim_start()),
            None => (None, feminine),
        },
    };
    assert!(
        !before.is_some_and(|it| it.contains("AS ") || it.contains("UNA")),
        "{feminine}"
    );
    assert!(
        !after.contains("CIENTOS") && !after.contains("QUINIENTOS"),
        "{feminine}"
    );
    assert!(!after.ends_with("UNO"), "{feminine}");
    let back = feminine.replace("IENTAS", "IENTOS").replace("UNA", "UNO");
    assert_eq!(back, masculine);
}

/// Reads a number in words, and refuses every one that breaks a rule.
fn read(words: &str) -> Result<u64, String> {
    if words == "CERO" {
        return Ok(0);
    }
    let words: Vec<&str> = words.split(' ').collect();
    let millions = words
        .iter()
        .position(|word| matches!(*word, "MILLÓN" | "MILLONES"));
    let Some(at) = millions else {
        return below_million(&words, false);
    };
    let count = below_million(&words[..at], true)?;
    if (words[at] == "MILLÓN") != (count == 1) {
        return Err(format!("{} of {count}", words[at]));
    }
    let rest = match &words[at + 1..] {
        [] => 0,
        rest => below_million(rest, false)?,
    };
    Ok(count * 1_000_000 + rest)
}

/// `before_noun`: `millones` follows, so that `uno` and `ciento` may not stand at the end.
fn below_million(words: &[&str], before_noun: bool) -> Result<u64, String> {
    let Some(at) = words.iter().position(|word| *word == "MIL") else {
        return below_thousand(words, before_noun);
    };
    // "un mil" is not said.
    let thousands = match &words[..at] {
        [] => 1,
        ["UN"] => return Err("UN MIL".into()),
        before => below_thousand(before, true)?,
    };
    let rest = match &words[at + 1..] {
        [] => 0,
        rest => below_thousand(rest, before_noun)?,
    };
    Ok(thousands * 1000 + rest)
}

fn below_thousand(words: &[&str], before_noun: bool) -> Result<u64, String> {
    const UNITS: [&str; 9] = [
        "UNO", "DOS", "TRES", "CUATRO", "CINCO", "SEIS", "SIETE", "OCHO", "NUEVE",
    ];
    const TEENS: [&str; 21] = [
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
        "TREINTA",
    ];
    const TENS: [&str; 7] = [
        "TREINTA",
        "CUARENTA",
        "CINCUENTA",
        "SESENTA",
        "SETENTA",
        "OCHENTA",
        "NOVENTA",
    ];
    const HUNDREDS: [&str; 9] = [
        "CIENTO",
        "DOSCIENTOS",
        "TRESCIENTOS",
        "CUATROCIENTOS",
        "QUINIENTOS",
        "SEISCIENTOS",
        "SETECIENTOS",
        "OCHOCIENTOS",
        "NOVECIENTOS",
    ];
    let place =
        |list: &[&str], word: &str| list.iter().position(|it| *it == word).map(|at| at as u64);
    let unit = |word: &str| match (word, before_noun) {
        ("UN", true) => Ok(1),
        ("UNO", true) | ("UN", false) => Err(format!("{word} in the wrong place")),
        _ => place(&UNITS, word)
            .map(|at| at + 1)
            .ok_or(format!("{word} is no unit")),
    };
    let (hundreds, rest) = match words {
        ["CIEN"] => return Ok(100),
        ["CIENTO"] => return Err("CIENTO alone".into()),
        [first, rest @ ..] => match place(&HUNDREDS, first) {
            Some(at) => ((at + 1) * 100, rest),
            None => (0, words),
        },
        [] => return Err("no words".into()),
    };
    let below = match rest {
        [] => 0,
        ["VEINTIÚN"] if before_noun => 21,
        ["VEINTIUNO"] if before_noun => return Err("VEINTIUNO in the wrong place".into()),
        [word] => match place(&TEENS, word) {
            Some(at) => at + 10,
            None => match place(&TENS, word) {
                Some(at) => (at + 3) * 10,
                None => unit(word)?,
            },
        },
        [tens, "Y", word] => {
            let tens = place(&TENS, tens).ok_or(format!("{tens} before Y"))?;
            (tens + 3) * 10 + unit(word)?
        }
        _ => return Err(format!("{rest:?}")),
    };
    Ok(hundreds + below)
}
