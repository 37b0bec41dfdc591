//! What a cell says of identities, for those that must tell columns and rows apart: the chooser of the
//! column, the search for the titles, the check that a row's cells are under their titles.

use std::borrow::Cow;

use chaski_core::{Ruc, RucRules, fold};

use super::flaws::{CellProblem, Repair};
use super::repair::{Subject, repair};
use super::table::Cell;

/// What a cell says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Holds {
    /// Nothing.
    Blank,
    /// A RUC that passes its check digit, damaged or not, and nothing else.
    Ruc(Ruc),
    /// One such RUC among other words.
    RucInside(Ruc),
    /// Eight digits, or seven in a cell that is a number.
    Dni(String),
    /// Digits as many as an identity has, but no right one.
    Digits,
    /// Anything else.
    Other,
}

/// Reads a cell under the strict rules, whatever the configuration accepts: a column is told by
/// numbers that are surely RUCs.
pub(super) fn holds(cell: &Cell) -> Holds {
    let digits = match cell {
        _ if cell.is_blank() => return Holds::Blank,
        Cell::Text(text) => text.chars().filter(|c| is_digit(*c)).count(),
        Cell::Number(number) if *number >= 1e6 => 8,
        _ => 0,
    };
    if digits < 7 {
        return if is_scientific(cell) {
            Holds::Digits
        } else {
            Holds::Other
        };
    }
    let repaired = repair(cell, &RucRules::default());
    match repaired.subject {
        Subject::Ruc(ruc) if repaired.repairs.contains(&Repair::Inside) => Holds::RucInside(ruc),
        Subject::Ruc(ruc) => Holds::Ruc(ruc),
        Subject::Dni { dni, .. } => Holds::Dni(dni.as_str().to_owned()),
        Subject::Bad(CellProblem::Several) => Holds::Digits,
        _ if is_scientific(cell) => Holds::Digits,
        _ => match cell {
            Cell::Number(_) => Holds::Digits,
            Cell::Text(text) if text.contains(char::is_alphabetic) => Holds::Other,
            Cell::Text(text) if looks_numeric_identity(text) => Holds::Digits,
            _ => Holds::Other,
        },
    }
}

impl Holds {
    /// The identity as a text that can be compared.
    pub(super) fn identity(&self) -> Option<Cow<'_, str>> {
        match self {
            Holds::Ruc(ruc) | Holds::RucInside(ruc) => Some(Cow::Owned(ruc.as_str().to_owned())),
            Holds::Dni(dni) => Some(Cow::Borrowed(dni)),
            _ => None,
        }
    }
}

/// Whether a text holds the digits of an identity number, damaged or not, and little else: eight
/// to fifteen of its characters that say something are digits, at most three are letters.
pub(super) fn looks_numeric_identity(text: &str) -> bool {
    let digits = text.chars().filter(char::is_ascii_digit).count();
    let letters = text.chars().filter(|c| c.is_alphabetic()).count();
    (8..=15).contains(&digits) && letters <= 3
}

/// A number as long as a RUC among other words, good or not, or a DNI that is called so: `UNO
/// RUC:20100070971` is no title. Eight digits alone may be a date.
pub(super) fn holds_long_number(text: &str) -> bool {
    let called_dni = text.to_uppercase().contains("DNI");
    let lengths = text.split(|c: char| !c.is_ascii_digit()).map(str::len);
    lengths
        .into_iter()
        .any(|length| (10..=12).contains(&length) || (called_dni && length == 8))
}

/// Full-width digits too.
fn is_digit(c: char) -> bool {
    c.is_ascii_digit() || ('\u{ff10}'..='\u{ff19}').contains(&c)
}

/// `2.01E+10`: a number that lost its digits.
pub(super) fn is_scientific(cell: &Cell) -> bool {
    let Cell::Text(text) = cell else {
        return false;
    };
    let text = text.trim();
    text.len() <= 24
        && text.parse::<f64>().is_ok_and(|number| number >= 1e7)
        && text.contains(['E', 'e'])
}

/// A RUC, alone or among other words, or a DNI.
pub(super) fn is_identity(cell: &Cell) -> bool {
    matches!(
        holds(cell),
        Holds::Ruc(_) | Holds::RucInside(_) | Holds::Dni(_)
    )
}

/// A cell that no row of titles has.
pub(super) fn is_value(cell: &Cell) -> bool {
    match cell {
        Cell::Number(_) | Cell::Date(_) | Cell::Bool(_) => true,
        Cell::Text(text) => looks_numeric_identity(text) || holds_long_number(text) || is_ruc(cell),
        Cell::Empty | Cell::Error(_) => false,
    }
}

/// An amount or a date as a text: digits with their signs and nothing else.
pub(super) fn is_amount(cell: &Cell) -> bool {
    let Cell::Text(text) = cell else {
        return false;
    };
    let text = text.trim();
    let sign = |c: char| matches!(c, '.' | ',' | '/' | '-' | ':');
    text.contains(sign)
        && text.contains(|c: char| c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_digit() || sign(c))
}

/// A RUC, alone or among other words.
pub(super) fn is_ruc(cell: &Cell) -> bool {
    matches!(holds(cell), Holds::Ruc(_) | Holds::RucInside(_))
}

/// Zeros or signs alone, or words that say that there is no number: `SIN RUC`, `VARIOS`, `N/A`.
pub(super) fn says_nothing(cell: &Cell) -> bool {
    const NOTHING: [&str; 36] = [
        "SIN",
        "NO",
        "TIENE",
        "RUC",
        "DNI",
        "NI",
        "S",
        "N",
        "R",
        "A",
        "D",
        "NA",
        "ND",
        "NULL",
        "NONE",
        "NINGUNO",
        "NINGUNA",
        "NUMERO",
        "NRO",
        "NUM",
        "DOCUMENTO",
        "DOC",
        "IDENTIFICAR",
        "IDENTIFICADO",
        "VARIOS",
        "CLIENTE",
        "CLIENTES",
        "PUBLICO",
        "GENERAL",
        "EVENTUAL",
        "ANONIMO",
        "PENDIENTE",
        "POR",
        "DEFINIR",
        "APLICA",
        "REGISTRA",
    ];
    match cell {
        Cell::Number(number) => *number == 0.0,
        Cell::Text(text) => {
            let folded = fold(text);
            let mut words = folded.split(' ').filter(|word| !word.is_empty());
            words.all(|word| NOTHING.contains(&word) || word.bytes().all(|it| it == b'0'))
        }
        _ => false,
    }
}
