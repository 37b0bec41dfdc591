//! What a damaged cell meant: a RUC, a DNI, nothing, or something only its owner can put right.

use chaski_core::{Dni, DniError, Lang, Ruc, RucRules};

use super::flaws::{CellProblem, Repair};
use super::table::Cell;

/// What a cell holds, and what had to be put right to see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// What it holds.
    pub subject: Subject,
    /// What was put right, in the order it was done; nothing if the cell holds no number.
    pub repairs: Vec<Repair>,
}

/// The number that a cell holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A RUC that passes the rules.
    Ruc(Ruc),
    /// A DNI.
    Dni {
        /// The number.
        dni: Dni,
        /// Whether a lost leading zero was put back: worth telling the person.
        padded: bool,
    },
    /// A document that is neither.
    Other(OtherDocument),
    /// A row of totals: nobody.
    Total,
    /// The titles again: nobody.
    Titles,
    /// Nothing: blanks or dashes only.
    Empty,
    /// Something that must be corrected by hand.
    Bad(CellProblem),
}

/// Documents that SUNAT's registry does not know, by catalogue 6.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtherDocument {
    /// Carné de extranjería.
    Carne,
    /// Passport.
    Passport,
    /// Of somebody who lives abroad, or without one.
    Foreign,
    /// PTP, salvoconducto and others of the catalogue, or a number of no known kind.
    Other,
}

impl OtherDocument {
    /// What it is, for people.
    pub fn message(self, lang: Lang) -> &'static str {
        let (es, en) = match self {
            OtherDocument::Carne => (
                "es un carné de extranjería, que no está en el padrón de RUC",
                "it is a carné de extranjería, which is not in the registry of RUCs",
            ),
            OtherDocument::Passport => (
                "es un pasaporte, que no está en el padrón de RUC",
                "it is a passport, which is not in the registry of RUCs",
            ),
            OtherDocument::Foreign => (
                "es el documento de un no domiciliado o de quien no tiene RUC, que no está en el padrón",
                "it is the document of somebody from abroad or without a RUC, which is not in the registry",
            ),
            OtherDocument::Other => (
                "es otro documento de identidad, que no está en el padrón de RUC",
                "it is another identity document, which is not in the registry of RUCs",
            ),
        };
        lang.pick(es, en)
    }
}

/// Reads a cell as a RUC or DNI under the given rules, putting right what is safe to put right.
///
/// A DNI that lost its zero is completed only if the cell was a number; a text of seven digits
/// may lack any digit.
///
/// ```
/// use chaski::sheets::{Cell, Repair, Subject, repair};
/// let cell = Cell::Text("RUC: 20100038146.0".into());
/// let repaired = repair(&cell, &chaski_core::RucRules::default());
/// assert_eq!(repaired.subject, Subject::Ruc("20100038146".parse()?));
/// assert_eq!(repaired.repairs, [Repair::Prefix, Repair::Float]);
/// # Ok::<(), chaski_core::RucError>(())
/// ```
pub fn repair(cell: &Cell, rules: &RucRules) -> Repaired {
    let mut repairs = Vec::new();
    let subject = match cell {
        Cell::Empty => Subject::Empty,
        Cell::Number(number) => from_number(*number, rules, &mut repairs),
        Cell::Text(text) => from_text(text, rules, &mut repairs),
        Cell::Bool(_) => Subject::Bad(CellProblem::IsBool),
        Cell::Date(_) => Subject::Bad(CellProblem::IsDate),
        cell if cell.is_unsaved() => Subject::Bad(CellProblem::Unsaved),
        Cell::Error(_) => Subject::Bad(CellProblem::IsError),
    };
    if let Subject::Empty | Subject::Bad(_) = subject {
        repairs.clear();
    }
    Repaired { subject, repairs }
}

fn from_number(number: f64, rules: &RucRules, repairs: &mut Vec<Repair>) -> Subject {
    if number < 0.0 {
        return Subject::Bad(CellProblem::Negative);
    }
    if number.fract() != 0.0 {
        return Subject::Bad(CellProblem::Fraction);
    }
    let digits = format!("{number:.0}");
    if digits.len() == 7 {
        repairs.push(Repair::LostZero);
        return dni(&format!("0{digits}"), true);
    }
    from_digits(&digits, rules)
}

/// The whole text as a number; where it is none, the one RUC that lies in it.
fn from_text(text: &str, rules: &RucRules, repairs: &mut Vec<Repair>) -> Subject {
    let text = plain_characters(text, repairs);
    let whole = from_plain(&text, rules, repairs);
    let Subject::Bad(_) = whole else {
        return whole;
    };
    match inside(&text) {
        Inside::Nothing => whole,
        Inside::Several => Subject::Bad(CellProblem::Several),
        Inside::One(digits) => match Ruc::parse_with(digits, rules) {
            Ok(ruc) if ruc.has_valid_check_digit() => {
                repairs.clear();
                repairs.push(Repair::Inside);
                Subject::Ruc(ruc)
            }
            _ => whole,
        },
    }
}

/// What lies in a text that is no number as a whole.
enum Inside<'t> {
    /// Nothing like a RUC.
    Nothing,
    /// Eleven digits like those of a RUC; the same ones again count once.
    One(&'t str),
    /// Different ones.
    Several,
}

/// Looks for runs of exactly eleven digits with a RUC's prefix that stand alone: not part of an
/// amount (`20100038146.50`), and of a word only if that is the country's or names the number
/// (`PE20100038146`, `RUC20100038146`).
fn inside(text: &str) -> Inside<'_> {
    // A formula as a text holds no number; `="20100038146"` is how programs keep a number a text.
    if text.starts_with(['=', '+', '@']) && text.contains(char::is_alphabetic) {
        return Inside::Nothing;
    }
    let mut found: Option<&str> = None;
    let (mut at, mut other_digits) = (0, false);
    while let Some(start) = text[at..].find(|c: char| c.is_ascii_digit()) {
        let start = at + start;
        let length = text[start..]
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(text.len() - start);
        let (before, run) = (&text[..start], &text[start..start + length]);
        let after = &text[start + length..];
        at = start + length;
        if length != 11 || !has_prefix(run) || !stands_alone(before, after) {
            other_digits = true;
            continue;
        }
        match found {
            Some(first) if first != run => return Inside::Several,
            _ => found = Some(run),
        }
    }
    // Digits beside digits are one number written wrongly.
    if other_digits && !text.contains(char::is_alphabetic) {
        return Inside::Nothing;
    }
    found.map_or(Inside::Nothing, Inside::One)
}

/// Whether they begin as a RUC.
pub(super) fn has_prefix(digits: &str) -> bool {
    ["10", "15", "16", "17", "20"]
        .iter()
        .any(|prefix| digits.starts_with(prefix))
}

fn stands_alone(before: &str, after: &str) -> bool {
    let part_of_number = |beside: Option<char>, next: Option<char>| {
        matches!(beside, Some('.' | ',')) && next.is_some_and(|c| c.is_ascii_digit())
    };
    let (mut back, mut on) = (before.chars().rev(), after.chars());
    if part_of_number(back.next(), back.next()) {
        return false;
    }
    let next = on.next();
    if part_of_number(next, on.next()) || next.is_some_and(char::is_alphanumeric) {
        return false;
    }
    let word = before
        .rsplit(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default();
    matches!(
        word.to_uppercase().as_str(),
        "" | "PE" | "PER" | "RUC" | "NRO" | "N" | "Nº"
    )
}

fn from_plain(text: &str, rules: &RucRules, repairs: &mut Vec<Repair>) -> Subject {
    let text = unwrapped(text, repairs);
    let mut note = |done: bool, repair: Repair| {
        if done {
            repairs.push(repair);
        }
    };
    if let Some(subject) = from_scientific(&text, rules) {
        note(true, Repair::Scientific);
        return subject;
    }
    let whole = without_zero_decimals(&text);
    note(whole.len() < text.len(), Repair::Float);
    note(whole.contains(' '), Repair::Blanks);
    note(whole.contains('-'), Repair::Dashes);
    let grouped = has_thousands(whole);
    note(whole.contains('.') || grouped, Repair::Separators);
    let bare: String = whole
        .chars()
        .filter(|c| !matches!(c, ' ' | '-' | '.') && (!grouped || *c != ','))
        .collect();
    if bare.is_empty() {
        return Subject::Empty;
    }
    let first_wrong = bare.chars().any(|c| !c.is_ascii_digit());
    if first_wrong {
        // The core says which character it is and where, in the text as the person sees it.
        return ruc(&text, rules);
    }
    from_digits(&bare, rules)
}

fn from_digits(digits: &str, rules: &RucRules) -> Subject {
    match digits.len() {
        7 => Subject::Bad(CellProblem::Dni(DniError::Length { found: 7 })),
        8 => dni(digits, false),
        _ => ruc(digits, rules),
    }
}

fn ruc(text: &str, rules: &RucRules) -> Subject {
    Ruc::parse_with(text, rules)
        .map_or_else(|error| Subject::Bad(CellProblem::Ruc(error)), Subject::Ruc)
}

fn dni(digits: &str, padded: bool) -> Subject {
    match digits.parse() {
        Ok(dni) => Subject::Dni { dni, padded },
        Err(error) => Subject::Bad(CellProblem::Dni(error)),
    }
}

/// The text without invisible characters, with every blank, dash and full-width form as its
/// plain character.
fn plain_characters(text: &str, repairs: &mut Vec<Repair>) -> String {
    let (mut invisible, mut wide, mut odd_blank) = (false, false, false);
    let plain: String = text
        .chars()
        .filter_map(|c| match c {
            '\u{feff}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'
            | '\u{ad}' => {
                invisible = true;
                None
            }
            '\u{ff10}'..='\u{ff19}' => {
                wide = true;
                char::from_u32(u32::from(c) - 0xff10 + u32::from('0'))
            }
            '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{ff0d}' => Some('-'),
            c if c.is_whitespace() => {
                odd_blank |= c != ' ';
                Some(' ')
            }
            c if c.is_control() => {
                invisible = true;
                None
            }
            c => Some(c),
        })
        .collect();
    let trimmed = plain.trim();
    if invisible {
        repairs.push(Repair::Bom);
    }
    if wide {
        repairs.push(Repair::FullWidth);
    }
    let blanks_inside = trimmed.contains(' ');
    if trimmed.len() < plain.len() || (odd_blank && blanks_inside) {
        repairs.push(Repair::Blanks);
    }
    trimmed.to_owned()
}

/// The text without the quotes, apostrophes and word round it.
fn unwrapped(text: &str, repairs: &mut Vec<Repair>) -> String {
    let mut text = text;
    let mut note = |shorter: &str, longer: &str, repair: Repair| {
        if shorter.len() < longer.len() && !repairs.contains(&repair) {
            repairs.push(repair);
        }
    };
    let quotes = |c: char| matches!(c, '"' | '«' | '»' | '“' | '”');
    let apostrophes = |c: char| matches!(c, '\'' | '’' | '‘' | '´' | '`');
    let unquoted = text.trim_matches(quotes).trim();
    note(unquoted, text, Repair::Quotes);
    text = unquoted;
    let bare = text.trim_matches(apostrophes).trim();
    note(bare, text, Repair::Apostrophe);
    text = bare;
    let number = without_prefix(text);
    note(number, text, Repair::Prefix);
    text = number;
    let bare = text.trim_matches(|c| quotes(c) || apostrophes(c)).trim();
    note(bare, text, Repair::Quotes);
    if bare.contains(apostrophes) {
        note("", bare, Repair::Apostrophe);
        return bare.replace(apostrophes, "");
    }
    bare.to_owned()
}

/// The text after `RUC`, `R.U.C.`, `RUC N°`, `Nro. RUC:` or `DNI`, if digits follow.
fn without_prefix(text: &str) -> &str {
    let Some(first_digit) = text.find(|c: char| c.is_ascii_digit()) else {
        return text;
    };
    let (before, number) = text.split_at(first_digit);
    let words: String = before.chars().filter(|c| c.is_alphanumeric()).collect();
    let words = words.to_uppercase();
    let rest = words
        .trim_start_matches("NÚMERO")
        .trim_start_matches("NUMERO")
        .trim_start_matches("NRO")
        .trim_start_matches("NUM")
        .trim_start_matches("DE");
    let rest = rest.strip_prefix('N').unwrap_or(rest);
    let named = rest
        .strip_prefix("RUC")
        .or_else(|| rest.strip_prefix("DNI"));
    match named {
        Some("" | "N" | "NO" | "Nº" | "NRO" | "NUM" | "NUMERO" | "NÚMERO") => number,
        _ => text,
    }
}

/// The text without a decimal part of zeros. `20.100.038.000` has none: its last dot is like
/// the others.
fn without_zero_decimals(text: &str) -> &str {
    let Some(at) = text.rfind(['.', ',']) else {
        return text;
    };
    let (whole, decimals) = (&text[..at], &text[at + 1..]);
    let separator = &text[at..=at];
    let zeros = !decimals.is_empty() && decimals.bytes().all(|byte| byte == b'0');
    let ends_in_digit = whole.ends_with(|c: char| c.is_ascii_digit());
    if zeros && ends_in_digit && !whole.contains(separator) {
        whole
    } else {
        text
    }
}

/// Whether commas cut the number into thousands: `20,100,038,146`.
fn has_thousands(text: &str) -> bool {
    let mut groups = text.split(',');
    let first = groups.next().unwrap_or_default();
    let digits = |group: &str| group.bytes().all(|byte| byte.is_ascii_digit());
    let mut more = 0;
    let whole = groups.all(|group| {
        more += 1;
        group.len() == 3 && digits(group)
    });
    more > 0 && whole && (1..=3).contains(&first.len()) && digits(first)
}

/// A number in scientific notation, `2.0100038146E10` or `2,01E+10`, if none of its digits was lost.
/// One trailing zero may be missing, as programs write it, if the check digit then agrees.
fn from_scientific(text: &str, rules: &RucRules) -> Option<Subject> {
    let (mantissa, exponent) = text.split_once(['E', 'e'])?;
    let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
    let digit = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
    if whole.is_empty() || !digit(whole) || !digit(fraction) || exponent.len() > 2 {
        return None;
    }
    // How many digits the number has before the decimal point.
    let length = whole.len() + exponent.parse::<usize>().ok()?;
    let significant = format!("{whole}{fraction}");
    let lost = Subject::Bad(CellProblem::PrecisionLost {
        digits: significant.trim_end_matches('0').len(),
    });
    let fraction = significant.get(length..).unwrap_or_default();
    if fraction.bytes().any(|byte| byte != b'0') {
        return Some(Subject::Bad(CellProblem::Fraction));
    }
    let digits = &significant[..significant.len().min(length)];
    Some(match (length, digits.len()) {
        (length, found) if found == length => from_digits(digits, rules),
        (11, 10) => match Ruc::parse_with(&format!("{digits}0"), rules) {
            Ok(ruc) if ruc.has_valid_check_digit() => Subject::Ruc(ruc),
            _ => lost,
        },
        _ => lost,
    })
}
