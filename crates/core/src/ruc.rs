//! RUC, *Registro Único de Contribuyentes*: the 11-digit tax number.
//!
//! Structure and check digit: SUNAT's modulus 11 with weights 5,4,3,2,7,6,5,4,3,2; 10 → 0 and
//! 11 → 1. A RUC of prefix 10 contains its owner's DNI, so it prints masked.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use crate::text::strip_separators;
use crate::{Dni, Lang, text};

/// A RUC whose format is right and, unless it came from [`CheckDigit::FormatOnly`], whose check
/// digit is right too. That it exists at SUNAT is another question.
///
/// `Debug` and `Display` mask the number when it is personal; [`Ruc::as_str`] gives it whole.
///
/// ```
/// use chaski_core::Ruc;
/// let ruc: Ruc = "2013131295-5".parse()?;
/// assert_eq!(ruc.as_str(), "20131312955");
/// assert_eq!("10000000006".parse::<Ruc>()?.to_string(), "10******006");
/// # Ok::<(), chaski_core::RucError>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ruc([u8; 11]);

/// Whether the eleventh digit is checked.
///
/// ```
/// use chaski_core::{CheckDigit, Ruc, RucRules};
/// let lenient = RucRules { check_digit: CheckDigit::FormatOnly, ..RucRules::default() };
/// assert!("20987654321".parse::<Ruc>().is_err()); // it should end in 6
/// assert!(!Ruc::parse_with("20987654321", &lenient)?.has_valid_check_digit());
/// # Ok::<(), chaski_core::RucError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CheckDigit {
    /// Digits, length, prefix, blocked list and check digit (`estricto`, the default).
    #[default]
    Strict,
    /// Digits and length (`formato`), and none of the five test numbers or eleven equal digits:
    /// exactly what the system that Chaski replaces asked for. Numbers that only look made up, such
    /// as 20345678901, pass.
    FormatOnly,
}

/// What is accepted as a RUC. The default is strict and blocks only the known test numbers.
///
/// ```
/// use chaski_core::{Ruc, RucError, RucRules};
/// let mut rules = RucRules::default();
/// rules.blocked.insert("20100070970".into());
/// assert_eq!(Ruc::parse_with("20100070970", &rules), Err(RucError::Blocked));
/// ```
#[derive(Debug, Clone, Default)]
pub struct RucRules {
    /// Whether prefix and check digit are checked.
    pub check_digit: CheckDigit,
    /// Numbers refused besides the known test numbers, 11 digits each; in both modes.
    pub blocked: BTreeSet<String>,
}

/// What the first two digits say of the taxpayer. SUNAT publishes no list of prefixes; the
/// wordings for 15, 16 and 17 are neutral on purpose, because sources differ.
///
/// ```
/// use chaski_core::{Ruc, RucKind};
/// assert_eq!("15000791901".parse::<Ruc>()?.kind(), RucKind::NaturalOther);
/// # Ok::<(), chaski_core::RucError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RucKind {
    /// 10: natural person with DNI.
    NaturalWithDni,
    /// 15: natural person with another identity document.
    NaturalOther,
    /// 16: rare, special assignment.
    Special,
    /// 17: non-domiciled or other.
    NonDomiciled,
    /// 20: legal entity.
    LegalEntity,
    /// Any other prefix; only possible under [`CheckDigit::FormatOnly`].
    Unknown,
}

/// Why a text is not a RUC. `Display` is Spanish; [`RucError::message`] takes the language.
///
/// No variant holds the number itself: an error may be logged.
///
/// ```
/// use chaski_core::{Lang, Ruc, RucError};
/// let error = "20131312950".parse::<Ruc>().unwrap_err();
/// assert_eq!(error, RucError::CheckDigit { expected: 5, found: 0 });
/// assert_eq!(error.code(), "ruc_digito");
/// assert_eq!(error.message(Lang::En), "wrong check digit: it ends in 0 and should end in 5");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub enum RucError {
    /// Nothing left after removing blanks.
    Empty,
    /// Something that is neither a digit nor a separator people type.
    NotDigits {
        /// The first offending character.
        found: char,
        /// Its place in the text as given, from 1.
        position: usize,
    },
    /// Not 11 digits.
    Length {
        /// How many there are.
        found: usize,
    },
    /// Does not begin with 10, 15, 16, 17 or 20.
    Prefix {
        /// The two digits found.
        found: String,
    },
    /// A known test number, a repeated digit or a plain sequence.
    Blocked,
    /// The last digit does not agree with the first ten.
    CheckDigit {
        /// The digit that would be right.
        expected: u8,
        /// The digit found.
        found: u8,
    },
}

impl RucError {
    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            RucError::Empty => "ruc_vacio",
            RucError::NotDigits { .. } => "ruc_formato",
            RucError::Length { .. } => "ruc_longitud",
            RucError::Prefix { .. } => "ruc_prefijo",
            RucError::Blocked => "ruc_bloqueado",
            RucError::CheckDigit { .. } => "ruc_digito",
        }
    }

    /// What is wrong and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        let text = match self {
            RucError::Empty => text!("RUC vacío", "empty RUC"),
            RucError::NotDigits { found, position } => text!(
                "el RUC debe tener solo dígitos: hay {} en la posición {position}",
                "a RUC has digits only: found {} at position {position}",
                printable(*found)
            ),
            RucError::Length { found: 8 } => text!(
                "el RUC debe tener 11 dígitos y este tiene 8: parece un DNI",
                "a RUC has 11 digits and this has 8: it looks like a DNI"
            ),
            RucError::Length { found } => text!(
                "el RUC debe tener 11 dígitos y este tiene {found}",
                "a RUC has 11 digits and this has {found}"
            ),
            RucError::Prefix { found } => text!(
                "el RUC debe empezar con 10, 15, 16, 17 o 20 y este empieza con {found}",
                "a RUC begins with 10, 15, 16, 17 or 20 and this begins with {found}"
            ),
            RucError::Blocked => text!(
                "RUC de prueba o secuencia numérica: no corresponde a un contribuyente",
                "test RUC or plain sequence: it belongs to no taxpayer"
            ),
            RucError::CheckDigit { expected, found } => text!(
                "dígito verificador incorrecto: termina en {found} y debería terminar en {expected}",
                "wrong check digit: it ends in {found} and should end in {expected}"
            ),
        };
        text.pick(lang)
    }
}

/// Test numbers that the replaced system refused.
const TEST_NUMBERS: [&str; 5] = [
    "20678901234",
    "20123456789",
    "20456789012",
    "20789012345",
    "20890123456",
];

/// Seen in the wild as a test number; its check digit is right, so only a list can refuse it.
const TEST_NUMBER_WITH_RIGHT_DIGIT: &str = "20000000001";

const WEIGHTS: [u8; 10] = [5, 4, 3, 2, 7, 6, 5, 4, 3, 2];

impl Ruc {
    /// Parses under the given rules. Blanks, dashes, dots, apostrophes and a BOM are dropped.
    ///
    /// The checks, in this order: digits, length, blocked list, prefix, check digit.
    ///
    /// ```
    /// use chaski_core::{Ruc, RucRules};
    /// let ruc = Ruc::parse_with(" 2.013.131.295-5 ", &RucRules::default())?;
    /// assert_eq!(ruc.as_str(), "20131312955");
    /// # Ok::<(), chaski_core::RucError>(())
    /// ```
    pub fn parse_with(text: &str, rules: &RucRules) -> Result<Ruc, RucError> {
        let digits = digits_of(text)?;
        let ruc = Ruc(digits);
        if is_blocked(&digits, rules.check_digit) || rules.blocked.contains(ruc.as_str()) {
            return Err(RucError::Blocked);
        }
        if rules.check_digit == CheckDigit::FormatOnly {
            return Ok(ruc);
        }
        if ruc.kind() == RucKind::Unknown {
            return Err(RucError::Prefix {
                found: ruc.as_str()[..2].to_owned(),
            });
        }
        let (expected, found) = (ruc.expected_check_digit(), digits[10] - b'0');
        if expected != found {
            return Err(RucError::CheckDigit { expected, found });
        }
        Ok(ruc)
    }

    /// The eleven digits. They are personal data when [`Ruc::is_personal`].
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("only ASCII digits are ever stored")
    }

    /// What the prefix says.
    pub fn kind(&self) -> RucKind {
        match &self.0[..2] {
            b"10" => RucKind::NaturalWithDni,
            b"15" => RucKind::NaturalOther,
            b"16" => RucKind::Special,
            b"17" => RucKind::NonDomiciled,
            b"20" => RucKind::LegalEntity,
            _ => RucKind::Unknown,
        }
    }

    /// Whether the number identifies a natural person: every prefix but 20 may.
    pub fn is_personal(&self) -> bool {
        self.kind() != RucKind::LegalEntity
    }

    /// The DNI inside a RUC of prefix 10: its characters 3 to 10.
    ///
    /// ```
    /// use chaski_core::Ruc;
    /// let ruc: Ruc = "10123456781".parse()?;
    /// assert_eq!(ruc.dni().map(|dni| dni.as_str().to_owned()).as_deref(), Some("12345678"));
    /// # Ok::<(), chaski_core::RucError>(())
    /// ```
    pub fn dni(&self) -> Option<Dni> {
        let body: [u8; 8] = self.0[2..10].try_into().expect("the slice has eight bytes");
        (self.kind() == RucKind::NaturalWithDni).then(|| Dni::from_digits(body))
    }

    /// The RUC of prefix 10 that a DNI's owner has, if they have one. Its check digit equals the
    /// DNI's own, because prefix 10 adds 5 to the weighted sum.
    ///
    /// ```
    /// use chaski_core::Ruc;
    /// assert_eq!(Ruc::from_dni("12345678".parse()?).as_str(), "10123456781");
    /// # Ok::<(), chaski_core::DniError>(())
    /// ```
    pub fn from_dni(dni: Dni) -> Ruc {
        let mut digits = *b"10000000000";
        digits[2..10].copy_from_slice(dni.as_str().as_bytes());
        let mut ruc = Ruc(digits);
        ruc.0[10] = b'0' + ruc.expected_check_digit();
        ruc
    }

    /// The check digit that the first ten digits ask for, 0 to 9.
    pub fn expected_check_digit(&self) -> u8 {
        let sum: u32 = self
            .0
            .iter()
            .zip(WEIGHTS)
            .map(|(digit, weight)| u32::from((digit - b'0') * weight))
            .sum();
        u8::try_from((11 - sum % 11) % 10).expect("a remainder of ten fits")
    }

    /// Whether the last digit is the expected one; always true unless parsed by format only.
    pub fn has_valid_check_digit(&self) -> bool {
        self.expected_check_digit() == self.0[10] - b'0'
    }

    /// The number with the DNI hidden when it is personal: `10******781`.
    ///
    /// ```
    /// use chaski_core::Ruc;
    /// assert_eq!("10123456781".parse::<Ruc>()?.masked(), "10******781");
    /// assert_eq!("20100070970".parse::<Ruc>()?.masked(), "20100070970");
    /// # Ok::<(), chaski_core::RucError>(())
    /// ```
    pub fn masked(&self) -> String {
        let text = self.as_str();
        if self.is_personal() {
            format!("{}******{}", &text[..2], &text[8..])
        } else {
            text.to_owned()
        }
    }
}

impl FromStr for Ruc {
    type Err = RucError;

    /// Parses under the strict rules.
    fn from_str(text: &str) -> Result<Ruc, RucError> {
        Ruc::parse_with(text, &RucRules::default())
    }
}

impl fmt::Display for Ruc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Debug for Ruc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ruc({})", self.masked())
    }
}

fn digits_of(text: &str) -> Result<[u8; 11], RucError> {
    let digits = strip_separators(text)
        .map_err(|(found, position)| RucError::NotDigits { found, position })?;
    if digits.is_empty() {
        return Err(RucError::Empty);
    }
    digits.as_slice().try_into().map_err(|_| RucError::Length {
        found: digits.len(),
    })
}

/// Test numbers and repeated digits; under the strict rules also nine digits after the prefix all
/// equal, or each one more than the one before (9 goes to 0).
fn is_blocked(digits: &[u8; 11], check_digit: CheckDigit) -> bool {
    let listed = |number: &str| number.as_bytes() == digits;
    if TEST_NUMBERS.into_iter().any(listed) || rises_by(0, digits) {
        return true;
    }
    let tail = &digits[2..];
    check_digit == CheckDigit::Strict
        && (listed(TEST_NUMBER_WITH_RIGHT_DIGIT) || rises_by(0, tail) || rises_by(1, tail))
}

fn rises_by(step: u8, digits: &[u8]) -> bool {
    digits
        .windows(2)
        .all(|pair| (pair[0] - b'0' + step) % 10 == pair[1] - b'0')
}

fn printable(c: char) -> String {
    if c.is_control() {
        format!("U+{:04X}", u32::from(c))
    } else {
        format!("«{c}»")
    }
}
