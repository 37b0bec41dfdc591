//! DNI, *Documento Nacional de Identidad*: eight digits that identify a natural person.
//!
//! Personal data under Ley 29733: it prints masked and is revealed only by asking for it.

use std::fmt;
use std::str::FromStr;

use crate::text::strip_separators;
use crate::{Lang, text};

/// A DNI of eight digits. `Debug` and `Display` show it as `12****78`.
///
/// ```
/// use chaski_core::Dni;
/// let dni: Dni = "12345678".parse()?;
/// assert_eq!(format!("{dni} {dni:?}"), "12****78 Dni(12****78)");
/// assert_eq!(dni.check_digit(), 1);
/// assert_eq!(dni.check_letter(), 'E');
/// # Ok::<(), chaski_core::DniError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Dni([u8; 8]);

/// Why a text is not a DNI. No variant holds the number itself: an error may be logged.
///
/// ```
/// use chaski_core::{Dni, DniError, Lang};
/// let error = "1234567".parse::<Dni>().unwrap_err();
/// assert_eq!(error, DniError::Length { found: 7 });
/// assert_eq!(error.code(), "dni_longitud");
/// assert!(error.message(Lang::Es).contains("cero inicial"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub enum DniError {
    /// Nothing left after removing blanks.
    Empty,
    /// A character that is not a digit, at a place counted from 1.
    NotDigits {
        /// The place of the first such character.
        position: usize,
    },
    /// Not eight digits.
    Length {
        /// How many there are.
        found: usize,
    },
    /// Nine characters whose last one is not the check character of the first eight.
    CheckCharacter,
}

impl DniError {
    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            DniError::Empty => "dni_vacio",
            DniError::NotDigits { .. } => "dni_formato",
            DniError::Length { .. } => "dni_longitud",
            DniError::CheckCharacter => "dni_digito",
        }
    }

    /// What is wrong and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        match self {
            DniError::Empty => lang.pick("DNI vacío", "empty DNI").into(),
            DniError::NotDigits { position } => text!(
                "el DNI debe tener solo dígitos: revise la posición {position}",
                "a DNI has digits only: look at position {position}"
            )
            .pick(lang),
            DniError::Length { found: 7 } => lang
                .pick(
                    "el DNI debe tener 8 dígitos y este tiene 7: si le falta el cero inicial, agréguelo",
                    "a DNI has 8 digits and this has 7: if its leading zero is missing, add it",
                )
                .into(),
            DniError::Length { found: 11 } => lang
                .pick(
                    "el DNI debe tener 8 dígitos y este tiene 11. Si es un RUC: chaski ruc RUC",
                    "a DNI has 8 digits and this has 11. If it is a RUC: chaski ruc RUC",
                )
                .into(),
            DniError::Length { found } => text!(
                "el DNI debe tener 8 dígitos y este tiene {found}",
                "a DNI has 8 digits and this has {found}"
            )
            .pick(lang),
            DniError::CheckCharacter => lang
                .pick(
                    "el carácter verificador del DNI no corresponde a sus 8 dígitos",
                    "the DNI's check character does not agree with its 8 digits",
                )
                .into(),
        }
    }
}

/// Check digit and check letter by the remainder of the weighted sum (RENIEC).
const CHECK_DIGITS: &[u8; 11] = b"65432110987";
const CHECK_LETTERS: &[u8; 11] = b"KJIHGFEDCBA";
const WEIGHTS: [u8; 8] = [3, 2, 7, 6, 5, 4, 3, 2];

impl Dni {
    pub(crate) fn from_digits(digits: [u8; 8]) -> Dni {
        Dni(digits)
    }

    /// The eight digits. Never write them to a log, a metric, an error or a URL.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII digits are ever stored")
    }

    /// The number with its middle hidden: `12****78`.
    pub fn masked(&self) -> String {
        let text = self.as_str();
        format!("{}****{}", &text[..2], &text[6..])
    }

    /// The check digit printed on the card, 0 to 9.
    pub fn check_digit(&self) -> u8 {
        CHECK_DIGITS[self.remainder()] - b'0'
    }

    /// The check letter printed on older cards.
    pub fn check_letter(&self) -> char {
        char::from(CHECK_LETTERS[self.remainder()])
    }

    fn remainder(self) -> usize {
        let sum: u32 = self
            .0
            .iter()
            .zip(WEIGHTS)
            .map(|(digit, weight)| u32::from((digit - b'0') * weight))
            .sum();
        (sum % 11) as usize
    }
}

impl FromStr for Dni {
    type Err = DniError;

    /// Accepts eight digits, or nine characters with the check digit or letter at the end.
    /// Blanks, dashes, dots and apostrophes are dropped. Seven digits are an error here: only a
    /// spreadsheet knows that the zero was lost because the cell was a number.
    fn from_str(text: &str) -> Result<Dni, DniError> {
        let mut text = text.trim_end();
        let letter = text.chars().last().filter(char::is_ascii_alphabetic);
        if letter.is_some() {
            text = &text[..text.len() - 1];
        }
        let digits =
            strip_separators(text).map_err(|(_, position)| DniError::NotDigits { position })?;
        match (digits.len(), letter) {
            (0, None) => Err(DniError::Empty),
            (0, Some(_)) => Err(DniError::NotDigits {
                position: text.chars().count() + 1,
            }),
            (8, None) => Ok(Dni(digits.as_slice().try_into().expect("eight digits"))),
            (8, Some(letter)) => {
                let dni = Dni(digits.as_slice().try_into().expect("eight digits"));
                let agrees = dni.check_letter() == letter.to_ascii_uppercase();
                agrees.then_some(dni).ok_or(DniError::CheckCharacter)
            }
            (9, None) => {
                let dni = Dni(digits[..8].try_into().expect("eight digits"));
                let agrees = dni.check_digit() == digits[8] - b'0';
                agrees.then_some(dni).ok_or(DniError::CheckCharacter)
            }
            (found, _) => Err(DniError::Length { found }),
        }
    }
}

impl fmt::Display for Dni {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for Dni {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dni({})", self.masked())
    }
}
