//! Decimals of tax documents: read exactly, rounded half away from zero, never through a float.
//!
//! SUNAT's forms are n(12,2) for amounts and n(12,10) for quantities and unit values (sunat.md §6).
//! Products and quotients are made of whole numbers of 128 bits and rounded once. `Decimal`'s own
//! operators would round a product of 32 digits to 28 first.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::{Text, text};

/// Most digits before the point.
pub const MOST_WHOLE_DIGITS: usize = 12;
/// Most digits after the point.
pub const MOST_PLACES: usize = 10;

/// Why a text is not a decimal of a tax document.
///
/// ```
/// use chaski_core::invoicing::{DecimalFault, read_decimal};
/// assert_eq!(read_decimal("1,234.50"), Ok("1234.50".parse().expect("a decimal")));
/// assert_eq!(read_decimal("1e3"), Err(DecimalFault::Exponent));
/// assert_eq!(read_decimal("13.994799999999998"), Err(DecimalFault::Places));
/// assert_eq!(read_decimal("1234567890123"), Err(DecimalFault::Whole));
/// assert_eq!(read_decimal("NaN"), Err(DecimalFault::NotANumber));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecimalFault {
    /// Nothing but blanks.
    Empty,
    /// Not digits with at most one point.
    NotANumber,
    /// Written with an exponent, as programs write large and small floats.
    Exponent,
    /// A comma that may be a decimal comma or a thousands mark.
    Comma,
    /// More than ten digits after the point: the mark of a float.
    Places,
    /// More than twelve digits before the point.
    Whole,
}

impl DecimalFault {
    /// What is wrong, for people.
    pub fn text(self) -> Text {
        match self {
            DecimalFault::Empty => text!("el número está vacío", "the number is empty"),
            DecimalFault::NotANumber => {
                text!("no es un número decimal", "this is not a decimal number")
            }
            DecimalFault::Exponent => text!(
                "el número está escrito con exponente",
                "the number is written with an exponent"
            ),
            DecimalFault::Comma => text!(
                "no se sabe si la coma separa miles o decimales",
                "the comma may separate thousands or decimals"
            ),
            DecimalFault::Places => text!(
                "el número tiene más de {MOST_PLACES} decimales, como los que salen de un cálculo en coma flotante",
                "the number has over {MOST_PLACES} decimals, like those that come out of floats"
            ),
            DecimalFault::Whole => text!(
                "el número tiene más de {MOST_WHOLE_DIGITS} dígitos enteros",
                "the number has over {MOST_WHOLE_DIGITS} digits before the point"
            ),
        }
    }
}

/// Reads a decimal: digits with at most one point, a sign, blanks around it. Excel's thousands mark
/// is read where it can be nothing else: `1,234.50`, not `1,234`.
///
/// Zeros that say nothing are taken: `007.5`, `18.000000000000`.
pub fn read_decimal(text: &str) -> Result<Decimal, DecimalFault> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if text.is_empty() {
        return Err(DecimalFault::Empty);
    }
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if !digits.contains(',') {
        let magnitude = magnitude(whole, fraction).map_err(|fault| exponent_or(digits, fault))?;
        return Ok(if negative { -magnitude } else { magnitude });
    }
    if !digits.contains('.') {
        let plain = digits.bytes().all(|b| b.is_ascii_digit() || b == b',');
        return Err(if plain {
            DecimalFault::Comma
        } else {
            DecimalFault::NotANumber
        });
    }
    let mut groups = whole.split(',');
    let first_fits = groups.next().is_some_and(|it| (1..=3).contains(&it.len()));
    if !first_fits || !groups.all(|group| group.len() == 3) {
        return Err(DecimalFault::NotANumber);
    }
    let magnitude = magnitude(&whole.replace(',', ""), fraction)?;
    Ok(if negative { -magnitude } else { magnitude })
}

/// `1e3` is told apart from words that hold an `e`.
fn exponent_or(digits: &str, fault: DecimalFault) -> DecimalFault {
    let mut parts = digits.splitn(2, ['e', 'E']);
    let numeric = |part: Option<&str>| {
        part.is_some_and(|it| {
            it.bytes().any(|b| b.is_ascii_digit())
                && it
                    .bytes()
                    .all(|b| b.is_ascii_digit() || b"+-.".contains(&b))
        })
    };
    if fault == DecimalFault::NotANumber && numeric(parts.next()) && numeric(parts.next()) {
        return DecimalFault::Exponent;
    }
    fault
}

fn magnitude(whole: &str, fraction: &str) -> Result<Decimal, DecimalFault> {
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    if !all_digits(whole) || !all_digits(fraction) || (whole.is_empty() && fraction.is_empty()) {
        return Err(DecimalFault::NotANumber);
    }
    let whole = whole.trim_start_matches('0');
    if whole.len() > MOST_WHOLE_DIGITS {
        return Err(DecimalFault::Whole);
    }
    // Zeros beyond the last place that counts are taken away; those within it are kept as written.
    let fraction = match fraction.get(..MOST_PLACES) {
        Some(head) if fraction[MOST_PLACES..].bytes().all(|b| b == b'0') => head,
        Some(_) => return Err(DecimalFault::Places),
        None => fraction,
    };
    let digits = whole.bytes().chain(fraction.bytes());
    let mantissa = digits.fold(0i128, |sum, digit| sum * 10 + i128::from(digit - b'0'));
    let scale = u32::try_from(fraction.len()).expect("ten at most");
    Ok(Decimal::from_i128_with_scale(mantissa, scale))
}

/// Rounds to cents, half away from zero.
///
/// ```
/// use chaski_core::invoicing::to_cents;
/// assert_eq!(to_cents("2.675".parse()?).to_string(), "2.68");
/// assert_eq!(to_cents("-0.005".parse()?).to_string(), "-0.01");
/// # Ok::<(), rust_decimal::Error>(())
/// ```
pub fn to_cents(amount: Decimal) -> Decimal {
    let mut rounded = amount.round_dp_with_strategy(2, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(2);
    rounded
}

/// `one × other`, rounded once to so many places, half away from zero. `None` when it has too many
/// digits for a tax document.
///
/// ```
/// use chaski_core::invoicing::product;
/// // 12.345 × 15.99 = 197.39655
/// assert_eq!(product("12.345".parse()?, "15.99".parse()?, 2), Some("197.40".parse()?));
/// # Ok::<(), rust_decimal::Error>(())
/// ```
pub fn product(one: Decimal, other: Decimal, places: u32) -> Option<Decimal> {
    let mantissa = one.mantissa().checked_mul(other.mantissa())?;
    ratio(mantissa, 1, one.scale() + other.scale(), places)
}

/// `dividend ÷ divisor`, rounded once to so many places, half away from zero. `None` when the divisor
/// is zero or the result has too many digits.
///
/// ```
/// use chaski_core::invoicing::quotient;
/// assert_eq!(quotient("75".parse()?, "1.18".parse()?, 2), Some("63.56".parse()?));
/// # Ok::<(), rust_decimal::Error>(())
/// ```
pub fn quotient(dividend: Decimal, divisor: Decimal, places: u32) -> Option<Decimal> {
    let widened = dividend
        .mantissa()
        .checked_mul(power_of_ten(divisor.scale())?)?;
    ratio(widened, divisor.mantissa(), dividend.scale(), places)
}

/// `percent` of an amount, in cents. `None` when it has too many digits for a tax document.
///
/// ```
/// use chaski_core::invoicing::percent_of;
/// assert_eq!(percent_of("883.11".parse()?, "50".parse()?), Some("441.56".parse()?));
/// # Ok::<(), rust_decimal::Error>(())
/// ```
pub fn percent_of(amount: Decimal, percent: Decimal) -> Option<Decimal> {
    let mantissa = amount.mantissa().checked_mul(percent.mantissa())?;
    ratio(mantissa, 100, amount.scale() + percent.scale(), 2)
}

/// `mantissa ÷ divisor × 10^−scale`, rounded to so many places.
fn ratio(mantissa: i128, divisor: i128, scale: u32, places: u32) -> Option<Decimal> {
    let (mut top, mut bottom) = (mantissa, divisor);
    if places >= scale {
        top = top.checked_mul(power_of_ten(places - scale)?)?;
    } else {
        bottom = bottom.checked_mul(power_of_ten(scale - places)?)?;
    }
    if bottom == 0 {
        return None;
    }
    let (whole, rest) = (top / bottom, top % bottom);
    let away = if (top < 0) == (bottom < 0) { 1 } else { -1 };
    // |rest| ≥ |bottom| / 2, without the overflow of doubling.
    let up = rest.abs() >= bottom.abs() - rest.abs();
    let rounded = if up && rest != 0 { whole + away } else { whole };
    let most = power_of_ten(u32::try_from(MOST_WHOLE_DIGITS).ok()? + places)?;
    if rounded.abs() >= most {
        return None;
    }
    Decimal::try_from_i128_with_scale(rounded, places).ok()
}

fn power_of_ten(exponent: u32) -> Option<i128> {
    10i128.checked_pow(exponent)
}
