//! Why something is not a partner, or not one that is known.

use chaski_core::{Lang, text};

use crate::sheets::CellProblem;

/// Why a deed on a partner cannot be done. No variant holds a number or a name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
pub enum PartnerError {
    /// No partner with that identifier.
    NoSuchPartner,
    /// No partner with that document.
    NobodyWithDocument,
    /// There is a partner with that document already.
    Exists,
    /// There is no number.
    NoDocument,
    /// The kind of document is none of ours.
    DocumentType,
    /// The number is no RUC or DNI.
    Document(CellProblem),
    /// The number of a document without rules of its own is not one.
    OtherDocument,
    /// A field is too long.
    TooLong {
        /// Which one.
        field: &'static str,
        /// Most characters.
        most: usize,
    },
    /// A field is not what its name says.
    BadField {
        /// Which one.
        field: &'static str,
    },
}

impl PartnerError {
    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            PartnerError::NoSuchPartner | PartnerError::NobodyWithDocument => "partner_no_existe",
            PartnerError::Exists => "partner_ya_existe",
            PartnerError::NoDocument => "partner_sin_documento",
            PartnerError::DocumentType => "partner_tipo_documento",
            PartnerError::Document(problem) => problem.code(),
            PartnerError::OtherDocument => "partner_documento",
            PartnerError::TooLong { .. } | PartnerError::BadField { .. } => "partner_campo",
        }
    }

    /// The field at fault, in the words of the interfaces.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            PartnerError::NoSuchPartner => None,
            PartnerError::DocumentType => Some("document_type"),
            PartnerError::TooLong { field, .. } | PartnerError::BadField { field } => Some(field),
            _ => Some("num_document"),
        }
    }

    /// What is wrong and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        let text = match self {
            PartnerError::NoSuchPartner => text!(
                "no existe ese cliente o proveedor",
                "there is no such customer or supplier"
            ),
            PartnerError::NobodyWithDocument => text!(
                "no hay ningún cliente o proveedor con ese documento",
                "there is no customer or supplier with that document"
            ),
            PartnerError::Exists => text!(
                "ya hay un cliente o proveedor con ese documento: actualícelo en vez de crearlo",
                "there is a customer or supplier with that document already: update it instead"
            ),
            PartnerError::NoDocument => text!(
                "falta el número de documento",
                "the number of the document is missing"
            ),
            PartnerError::DocumentType => text!(
                "el tipo de documento debe ser ruc, dni, ce, pasaporte u otro",
                "the type of document must be ruc, dni, ce, pasaporte or otro"
            ),
            PartnerError::Document(problem) => return problem.message(lang),
            PartnerError::OtherDocument => text!(
                "el número de documento debe tener de 3 a 20 letras y dígitos",
                "the number of the document must have 3 to 20 letters and digits"
            ),
            PartnerError::TooLong { field, most } => text!(
                "{field}: pasa de {most} caracteres",
                "{field}: more than {most} characters"
            ),
            PartnerError::BadField { field } => text!(
                "{field}: no tiene la forma esperada",
                "{field}: not of the expected form"
            ),
        };
        text.pick(lang)
    }
}
