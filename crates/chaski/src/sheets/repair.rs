//! What a damaged cell meant: a RUC, a DNI, nothing, or something only its owner can put right.

use chaski_core::{Dni, DniError, Lang, Ruc, RucError, RucRules};

use super::table::{Cell, Flaw, Row, Table};
use crate::counted::counted;

/// What a cell holds, and what had to be put right to see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// What it holds.
    pub subject: Subject,
    /// What was put right, in the order it was done; nothing if the cell names nobody.
    pub repairs: Vec<Repair>,
}

/// Whom a cell names.
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
    /// Nothing: blanks or dashes only.
    Empty,
    /// Something that must be corrected by hand.
    Bad(Problem),
}

/// Why a cell names nobody. No variant holds what the cell says.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub enum Problem {
    /// Not a RUC.
    Ruc(RucError),
    /// Not a DNI.
    Dni(DniError),
    /// Scientific notation with fewer digits than the number had.
    PrecisionLost {
        /// Significant digits left.
        digits: usize,
    },
    /// A number with decimals.
    Fraction,
    /// A negative number.
    Negative,
    /// The cell is a date.
    IsDate,
    /// The cell is VERDADERO or FALSO.
    IsBool,
    /// The cell is the error of a formula.
    IsError,
    /// Several numbers like RUCs in one cell.
    Several,
    /// The row has more or fewer cells than there are titles, and which is which is not known.
    Shifted {
        /// Cells of the row.
        cells: u16,
        /// Cells of the other rows.
        usual: u16,
    },
}

impl Problem {
    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            Problem::Ruc(error) => error.code(),
            Problem::Dni(DniError::Length { found: 7 }) => "dni_incompleto",
            Problem::Dni(_) => "dni_formato",
            Problem::PrecisionLost { .. } => "cifras_perdidas",
            Problem::Fraction => "numero_con_decimales",
            Problem::Negative => "numero_negativo",
            Problem::IsDate => "celda_fecha",
            Problem::IsBool => "celda_logica",
            Problem::IsError => "celda_error",
            Problem::Several => "varios_ruc",
            Problem::Shifted { .. } => "fila_corrida",
        }
    }

    /// What is wrong and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        let (es, en) = match self {
            Problem::Ruc(error) => return error.message(lang),
            Problem::Dni(error) => return error.message(lang),
            Problem::PrecisionLost { digits } => {
                return match lang {
                    Lang::Es => format!(
                        "Excel lo guardó en notación científica y solo {} {}: vuelva a copiar el número con la columna en formato Texto",
                        if *digits == 1 { "queda" } else { "quedan" },
                        counted(*digits, "cifra", "cifras"),
                    ),
                    Lang::En => format!(
                        "Excel saved it in scientific notation and only {} left: copy the number again with the column formatted as Text",
                        counted(*digits, "digit is", "digits are"),
                    ),
                };
            }
            Problem::Fraction => (
                "es un número con decimales: escriba el RUC completo, de 11 dígitos",
                "it is a number with decimals: write the whole RUC, 11 digits",
            ),
            Problem::Negative => (
                "es un número negativo: escriba el RUC sin signo",
                "it is a negative number: write the RUC without a sign",
            ),
            Problem::IsDate => (
                "la celda es una fecha: cambie su formato a Texto y escriba el RUC",
                "the cell is a date: change its format to Text and write the RUC",
            ),
            Problem::IsBool => (
                "la celda es VERDADERO o FALSO: escriba el RUC",
                "the cell is TRUE or FALSE: write the RUC",
            ),
            Problem::IsError => (
                "la celda tiene el error de una fórmula: corríjala o escriba el RUC",
                "the cell holds the error of a formula: correct it or write the RUC",
            ),
            Problem::Several => (
                "la celda tiene más de un número como RUC: deje uno por fila",
                "the cell holds more than one number like a RUC: leave one per row",
            ),
            Problem::Shifted { cells, usual } if cells == usual => (
                "las celdas de la fila están corridas: no se sabe cuál es la del RUC; ponga cada dato bajo su título",
                "the cells of the row are shifted: it is not known which holds the RUC; put each value under its title",
            ),
            Problem::Shifted { cells, usual } => {
                return match lang {
                    Lang::Es => format!(
                        "la fila tiene {} y las demás {usual}: no se sabe cuál es la del RUC; si un texto lleva el separador, póngalo entre comillas",
                        counted(*cells, "celda", "celdas"),
                    ),
                    Lang::En => format!(
                        "the row has {} and the others {usual}: it is not known which holds the RUC; if a text holds the separator, quote it",
                        counted(*cells, "cell", "cells"),
                    ),
                };
            }
        };
        lang.pick(es, en).to_owned()
    }
}

/// One thing that was put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repair {
    /// A byte order mark or another invisible character.
    Bom,
    /// Quotes round the number.
    Quotes,
    /// An apostrophe, Excel's mark of a text.
    Apostrophe,
    /// A word before it: `RUC:`.
    Prefix,
    /// Blanks inside or round it.
    Blanks,
    /// Dashes.
    Dashes,
    /// Dots or commas between thousands.
    Separators,
    /// A decimal part of zeros: `20100038146.0`.
    Float,
    /// Scientific notation without loss.
    Scientific,
    /// Full-width digits.
    FullWidth,
    /// The leading zero of a DNI, lost because the cell was a number.
    LostZero,
    /// Other words in the cell: `20100038146 - CLIENTE UNO`.
    Inside,
    /// The row had more cells than there are titles: a text with an unquoted separator.
    Realigned,
    /// The row has more cells than there are titles, right of the number; they were left there.
    Wider,
}

impl Repair {
    /// Whether something was put right, and not only noticed.
    pub fn corrects(self) -> bool {
        self != Repair::Wider
    }

    /// Stable code, never translated.
    pub fn code(self) -> &'static str {
        match self {
            Repair::Bom => "bom",
            Repair::Quotes => "quotes",
            Repair::Apostrophe => "apostrophe",
            Repair::Prefix => "prefix",
            Repair::Blanks => "blanks",
            Repair::Dashes => "dashes",
            Repair::Separators => "separators",
            Repair::Float => "float",
            Repair::Scientific => "scientific",
            Repair::FullWidth => "full_width",
            Repair::LostZero => "lost_zero",
            Repair::Inside => "inside",
            Repair::Realigned => "realigned",
            Repair::Wider => "wider",
        }
    }

    /// What was done, for people.
    pub fn message(self, lang: Lang) -> &'static str {
        let (es, en) = match self {
            Repair::Bom => (
                "se quitaron caracteres invisibles",
                "invisible characters removed",
            ),
            Repair::Quotes => ("se quitaron las comillas", "quotes removed"),
            Repair::Apostrophe => ("se quitó el apóstrofo", "apostrophe removed"),
            Repair::Prefix => ("se quitó la palabra del inicio", "leading word removed"),
            Repair::Blanks => ("se quitaron los espacios", "blanks removed"),
            Repair::Dashes => ("se quitaron los guiones", "dashes removed"),
            Repair::Separators => (
                "se quitaron los separadores de miles",
                "thousands separators removed",
            ),
            Repair::Float => ("se quitaron los decimales .0", "decimals .0 removed"),
            Repair::Scientific => (
                "se convirtió de notación científica",
                "converted from scientific notation",
            ),
            Repair::FullWidth => (
                "se convirtieron dígitos de ancho completo",
                "full-width digits converted",
            ),
            Repair::LostZero => (
                "se repuso el cero inicial del DNI: verifíquelo",
                "the DNI's leading zero was put back: check it",
            ),
            Repair::Inside => (
                "se tomó el único RUC que hay en la celda",
                "the only RUC in the cell was taken",
            ),
            Repair::Wider => (
                "la fila tiene más celdas que títulos, a la derecha del número: revíselas",
                "the row has more cells than titles, right of the number: look at them",
            ),
            Repair::Realigned => (
                "la fila tenía más celdas que los títulos y se alineó",
                "the row had more cells than there are titles and was aligned",
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
        Cell::Bool(_) => Subject::Bad(Problem::IsBool),
        Cell::Date(_) => Subject::Bad(Problem::IsDate),
        Cell::Error(_) => Subject::Bad(Problem::IsError),
    };
    if let Subject::Empty | Subject::Bad(_) = subject {
        repairs.clear();
    }
    Repaired { subject, repairs }
}

/// What a row of a list names by one of its columns. From one whose cells are not under their titles
/// nothing is read.
pub fn read_row(table: &Table, row: &Row, column: usize, rules: &RucRules) -> Repaired {
    match table.flaws.get(&row.number) {
        None => repair(row.cell(column), rules),
        Some(flaw @ (Flaw::Realigned | Flaw::Wider)) => {
            let mut repaired = repair(row.cell(column), rules);
            repaired.repairs.push(match flaw {
                Flaw::Wider => Repair::Wider,
                _ => Repair::Realigned,
            });
            repaired
        }
        Some(Flaw::Shifted { cells, usual }) => Repaired {
            subject: Subject::Bad(Problem::Shifted {
                cells: *cells,
                usual: *usual,
            }),
            repairs: Vec::new(),
        },
    }
}

fn from_number(number: f64, rules: &RucRules, repairs: &mut Vec<Repair>) -> Subject {
    if number < 0.0 {
        return Subject::Bad(Problem::Negative);
    }
    if number.fract() != 0.0 {
        return Subject::Bad(Problem::Fraction);
    }
    let digits = format!("{number:.0}");
    if digits.len() == 7 {
        repairs.push(Repair::LostZero);
        return match format!("0{digits}").parse() {
            Ok(dni) => Subject::Dni { dni, padded: true },
            Err(error) => Subject::Bad(Problem::Dni(error)),
        };
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
        Inside::Several => Subject::Bad(Problem::Several),
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
    // A formula as a text names nobody; `="20100038146"` is how programs keep a number a text.
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

fn has_prefix(digits: &str) -> bool {
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
    if let Some(exponent) = Scientific::parse(&text) {
        note(true, Repair::Scientific);
        return exponent.subject(rules);
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
        return match Ruc::parse_with(&text, rules) {
            Ok(ruc) => Subject::Ruc(ruc),
            Err(error) => Subject::Bad(Problem::Ruc(error)),
        };
    }
    from_digits(&bare, rules)
}

fn from_digits(digits: &str, rules: &RucRules) -> Subject {
    match digits.len() {
        7 => Subject::Bad(Problem::Dni(DniError::Length { found: 7 })),
        8 => match digits.parse() {
            Ok(dni) => Subject::Dni { dni, padded: false },
            Err(error) => Subject::Bad(Problem::Dni(error)),
        },
        _ => match Ruc::parse_with(digits, rules) {
            Ok(ruc) => Subject::Ruc(ruc),
            Err(error) => Subject::Bad(Problem::Ruc(error)),
        },
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

/// A number in scientific notation.
struct Scientific {
    /// Its significant digits.
    digits: String,
    /// How many digits the number has before the decimal point.
    length: usize,
}

impl Scientific {
    /// `2.0100038146E10`, `2,01E+10`.
    fn parse(text: &str) -> Option<Scientific> {
        let (mantissa, exponent) = text.split_once(['E', 'e'])?;
        let (whole, fraction) = mantissa.split_once(['.', ',']).unwrap_or((mantissa, ""));
        let digit = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        let exponent = exponent.strip_prefix('+').unwrap_or(exponent);
        if whole.is_empty() || !digit(whole) || !digit(fraction) || exponent.len() > 2 {
            return None;
        }
        let exponent: usize = exponent.parse().ok()?;
        Some(Scientific {
            digits: format!("{whole}{fraction}"),
            length: whole.len() + exponent,
        })
    }

    /// The number if none of its digits was lost. One trailing zero may be missing, as programs
    /// write it, if the check digit then agrees.
    fn subject(&self, rules: &RucRules) -> Subject {
        let lost = Subject::Bad(Problem::PrecisionLost {
            digits: self.digits.trim_end_matches('0').len(),
        });
        let digits = self.digits.as_str();
        let fraction = digits.get(self.length..).unwrap_or_default();
        if fraction.bytes().any(|byte| byte != b'0') {
            return Subject::Bad(Problem::Fraction);
        }
        let digits = &digits[..digits.len().min(self.length)];
        if digits.len() == self.length {
            return from_digits(digits, rules);
        }
        if self.length == 11 && digits.len() == 10 {
            return match Ruc::parse_with(&format!("{digits}0"), rules) {
                Ok(ruc) if ruc.has_valid_check_digit() => Subject::Ruc(ruc),
                _ => lost,
            };
        }
        lost
    }
}
