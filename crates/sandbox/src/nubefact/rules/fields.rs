//! Single fields: there, of the right length, of the right kind.

use jiff::ToSpan;
use jiff::civil::Date;

use super::super::form::{Form, words};
use super::super::kind::IssuedKind;
use super::super::refusal::Refusal;

pub(crate) fn required<'a>(form: &'a Form, key: &str) -> Result<&'a str, Refusal> {
    let missing = || Refusal::reason(format!("{} no puede estar en blanco", words(key)));
    form.plain(key)?.ok_or_else(missing)
}

pub(crate) fn required_whole(form: &Form, key: &str) -> Result<u32, Refusal> {
    required(form, key)?;
    let whole = form.whole(key)?;
    whole.ok_or_else(|| Refusal::reason(format!("{} no puede estar en blanco", words(key))))
}

/// A field of at most so many characters, if it is there.
pub(crate) fn most_characters(form: &Form, key: &str, most: usize) -> Result<(), Refusal> {
    match form.plain(key)? {
        Some(text) if text.chars().count() > most => Err(Refusal::reason(format!(
            "{} es demasiado largo ({most} caracteres máximo)",
            words(key)
        ))),
        _ => Ok(()),
    }
}

/// A field that must be there, of so many characters.
pub(crate) fn between(form: &Form, key: &str, least: usize, most: usize) -> Result<(), Refusal> {
    let text = required(form, key)?;
    most_characters(form, key, most)?;
    if text.chars().count() < least {
        return Err(Refusal::reason(format!(
            "{} es demasiado corto ({least} caracteres mínimo)",
            words(key)
        )));
    }
    Ok(())
}

/// A field whose value is one of a list.
pub(crate) fn among(form: &Form, key: &str, list: &[&str]) -> Result<(), Refusal> {
    let text = required(form, key)?;
    if list.contains(&text) {
        return Ok(());
    }
    Err(Refusal::reason(format!(
        "{} no está incluido en la lista",
        words(key)
    )))
}

/// So many digits.
pub(crate) fn digits(form: &Form, key: &str, length: usize) -> Result<(), Refusal> {
    let text = required(form, key)?;
    if text.len() == length && text.bytes().all(|b| b.is_ascii_digit()) {
        return Ok(());
    }
    Err(Refusal::reason(format!(
        "{} debe tener {length} dígitos",
        words(key)
    )))
}

/// An identity document, with the rule for a RUC that the real one tells in these words.
pub(crate) fn identity(form: &Form, tipo_key: &str, number_key: &str) -> Result<(), Refusal> {
    between(form, number_key, 1, 15)?;
    let number = required(form, number_key)?;
    if required(form, tipo_key)? != "6" {
        return Ok(());
    }
    let digits: Vec<u32> = number.chars().filter_map(|c| c.to_digit(10)).collect();
    if digits.len() != 11 || number.chars().count() != 11 {
        return Err(Refusal::reason("RUC incorrecto, debe tener 11 dígitos"));
    }
    if !["10", "15", "16", "17", "20"].contains(&number.get(..2).unwrap_or_default()) {
        return Err(Refusal::reason(
            "RUC incorrecto, debe iniciar con 10, 15, 17 ó 20",
        ));
    }
    let weights = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];
    let sum: u32 = digits
        .iter()
        .zip(weights)
        .map(|(d, weight)| d * weight)
        .sum();
    let last = (11 - sum % 11) % 10;
    if digits.last() == Some(&last) {
        return Ok(());
    }
    Err(Refusal::reason(format!(
        "RUC incorrecto, el último dígito debería ser {last}"
    )))
}

/// Four characters that suit the kind. A series that begins with a digit is of contingency.
pub(crate) fn check_serie(kind: IssuedKind, serie: &str) -> Result<(), Refusal> {
    let wrong = || Refusal::reason(format!("Serie {serie} no es válida para este documento"));
    let letters = serie.len() == 4
        && serie
            .bytes()
            .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit());
    let first = serie.chars().next().ok_or_else(wrong)?;
    let suits = match kind {
        IssuedKind::Factura => first == 'F' || first.is_ascii_digit(),
        IssuedKind::Boleta => first == 'B' || first.is_ascii_digit(),
        IssuedKind::NotaCredito | IssuedKind::NotaDebito => {
            matches!(first, 'F' | 'B') || first.is_ascii_digit()
        }
        IssuedKind::GuiaRemitente => first == 'T',
        IssuedKind::GuiaTransportista => first == 'V',
        IssuedKind::Retencion => first == 'R',
        IssuedKind::Percepcion => first == 'P',
    };
    if letters && suits {
        Ok(())
    } else {
        Err(wrong())
    }
}

/// The day of issue may be today, or so many days back: 22 where it is not.
pub(crate) fn issue_date(date: Date, today: Date, days_back: i64) -> Result<(), Refusal> {
    let earliest = today.checked_sub(days_back.days()).unwrap_or(today);
    if (earliest..=today).contains(&date) {
        return Ok(());
    }
    Err(Refusal::of(22))
}
