//! Who a partner is: the kind and number of its document, parsed once.

use std::fmt;

use chaski_core::{CheckDigit, Dni, Ruc, RucRules, fold};

use super::PartnerError;
use crate::named::named;
use crate::sheets::{Cell, CellProblem, Subject, repair};

named! {
    /// Kinds of document, in the words of the system that Chaski replaces.
    pub enum DocumentType {
        /// Registro Único de Contribuyentes: the only one that SUNAT is asked about.
        Ruc = "ruc",
        /// Documento Nacional de Identidad.
        Dni = "dni",
        /// Carné de extranjería.
        Ce = "ce",
        /// Passport.
        Pasaporte = "pasaporte",
        /// Anything else.
        Otro = "otro",
    }
}

/// A document that is well formed. `Debug` hides the numbers of persons.
#[derive(Clone, PartialEq, Eq, Hash)]
pub enum Document {
    /// A RUC.
    Ruc(Ruc),
    /// A DNI.
    Dni(Dni),
    /// Any other: its kind, and its number in capitals without separators.
    Other(DocumentType, String),
}

/// Most characters of a number that has no rules of its own.
const MOST_CHARACTERS: usize = 20;

impl DocumentType {
    /// Reads what people write in a list: names, abbreviations, the codes of SUNAT's catalogue 6.
    ///
    /// ```
    /// use chaski::partners::DocumentType;
    /// assert_eq!(DocumentType::parse("C.E."), Some(DocumentType::Ce));
    /// assert_eq!(DocumentType::parse("6"), Some(DocumentType::Ruc));
    /// assert_eq!(DocumentType::parse("cédula"), None);
    /// ```
    pub fn parse(text: &str) -> Option<DocumentType> {
        let folded = fold(text).replace(' ', "");
        Some(match folded.as_str() {
            "RUC" | "6" | "06" => DocumentType::Ruc,
            "DNI" | "LE" | "1" | "01" => DocumentType::Dni,
            "CE"
            | "CARNE"
            | "CARNET"
            | "CARNEDEEXTRANJERIA"
            | "CARNETDEEXTRANJERIA"
            | "CARNETEXTRANJERIA"
            | "4"
            | "04" => DocumentType::Ce,
            "PASAPORTE" | "PASSPORT" | "PAS" | "7" | "07" => DocumentType::Pasaporte,
            "OTRO" | "OTROS" | "OTHER" | "0" | "00" => DocumentType::Otro,
            _ => return None,
        })
    }
}

impl Document {
    /// Reads a document as it was typed. Without a kind, 11 digits are a RUC and 8 a DNI.
    ///
    /// ```
    /// use chaski::partners::{Document, DocumentType};
    /// use chaski_core::RucRules;
    /// let rules = RucRules::default();
    /// let company = Document::parse(None, "20100070970", &rules)?;
    /// assert_eq!((company.kind(), company.is_personal()), (DocumentType::Ruc, false));
    /// let person = Document::parse(Some(DocumentType::Ce), "ab-0012 34", &rules)?;
    /// assert_eq!((person.number(), person.is_personal()), ("AB001234", true));
    /// # Ok::<(), chaski::partners::PartnerError>(())
    /// ```
    pub fn parse(
        kind: Option<DocumentType>,
        text: &str,
        rules: &RucRules,
    ) -> Result<Document, PartnerError> {
        Document::of_cell(kind, &Cell::text(text), rules)
    }

    /// The same from a cell of a list, whose damage is repaired.
    pub fn of_cell(
        kind: Option<DocumentType>,
        cell: &Cell,
        rules: &RucRules,
    ) -> Result<Document, PartnerError> {
        if let Some(kind @ (DocumentType::Ce | DocumentType::Pasaporte | DocumentType::Otro)) = kind
        {
            return other(kind, cell);
        }
        match (repair(cell, rules).subject, kind) {
            (Subject::Ruc(ruc), None | Some(DocumentType::Ruc)) => Ok(Document::Ruc(ruc)),
            (Subject::Dni { dni, .. }, None | Some(DocumentType::Dni)) => Ok(Document::Dni(dni)),
            (Subject::Empty | Subject::Other(_) | Subject::Total | Subject::Titles, _) => {
                Err(PartnerError::NoDocument)
            }
            (Subject::Bad(problem), _) => Err(PartnerError::Document(problem)),
            // Its digits are those of another kind than the one named.
            (Subject::Ruc(_), Some(_)) => Err(PartnerError::Document(CellProblem::Dni(
                chaski_core::DniError::Length { found: 11 },
            ))),
            (Subject::Dni { .. }, Some(_)) => Err(PartnerError::Document(CellProblem::Ruc(
                chaski_core::RucError::Length { found: 8 },
            ))),
        }
    }

    /// A document as it was stored, whatever rules hold today.
    pub(crate) fn of_stored(kind: DocumentType, number: &str) -> Option<Document> {
        match kind {
            DocumentType::Ruc => ruc_of_form(number).map(Document::Ruc),
            DocumentType::Dni => number.parse().ok().map(Document::Dni),
            kind => Some(Document::Other(kind, number.to_owned())),
        }
    }

    /// Its kind.
    pub fn kind(&self) -> DocumentType {
        match self {
            Document::Ruc(_) => DocumentType::Ruc,
            Document::Dni(_) => DocumentType::Dni,
            Document::Other(kind, _) => *kind,
        }
    }

    /// Its whole number.
    pub fn number(&self) -> &str {
        match self {
            Document::Ruc(ruc) => ruc.as_str(),
            Document::Dni(dni) => dni.as_str(),
            Document::Other(_, number) => number,
        }
    }

    /// Its RUC, when it is one.
    pub fn ruc(&self) -> Option<Ruc> {
        match self {
            Document::Ruc(ruc) => Some(*ruc),
            _ => None,
        }
    }

    /// Whether it identifies a natural person: everything but the RUC of a legal entity may.
    pub fn is_personal(&self) -> bool {
        self.ruc().is_none_or(|ruc| ruc.is_personal())
    }

    /// The number as it may be shown to anybody.
    pub fn masked(&self) -> String {
        match self {
            Document::Ruc(ruc) => ruc.masked(),
            Document::Dni(dni) => dni.masked(),
            Document::Other(..) => "****".to_owned(),
        }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind().as_str(), self.masked())
    }
}

/// What has the form of a RUC, whatever its check digit.
pub(crate) fn ruc_of_form(number: &str) -> Option<Ruc> {
    let lenient = RucRules {
        check_digit: CheckDigit::FormatOnly,
        ..RucRules::default()
    };
    Ruc::parse_with(number, &lenient).ok()
}

/// Letters and digits, of which at least three.
fn other(kind: DocumentType, cell: &Cell) -> Result<Document, PartnerError> {
    let text = match cell {
        Cell::Empty => return Err(PartnerError::NoDocument),
        Cell::Text(text) => text.to_string(),
        Cell::Number(number) if *number >= 0.0 && number.fract() == 0.0 => format!("{number:.0}"),
        _ => return Err(PartnerError::OtherDocument),
    };
    let number: String = text
        .chars()
        .filter(|c| !c.is_whitespace() && !matches!(c, '-' | '.' | '\''))
        .flat_map(char::to_uppercase)
        .collect();
    let well_formed = number.bytes().all(|byte| byte.is_ascii_alphanumeric())
        && (3..=MOST_CHARACTERS).contains(&number.len());
    match (number.is_empty(), well_formed) {
        (true, _) => Err(PartnerError::NoDocument),
        (false, true) => Ok(Document::Other(kind, number)),
        (false, false) => Err(PartnerError::OtherDocument),
    }
}
