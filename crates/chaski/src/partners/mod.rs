//! What a partner is, and what SUNAT's word does to it: values only, no store and no upstream.
//!
//! In reading order: [`Document`] (who it is), [`PartnerFields`] (what its owner wrote down),
//! [`SunatStanding`] (what SUNAT says) with the rule that a [`SunatCheck`] follows.

mod document;
mod error;
mod fields;
mod standing;

pub(crate) use document::ruc_of_form;
pub use document::{Document, DocumentType};
pub use error::PartnerError;
pub use fields::PartnerFields;
pub use standing::{
    StandingChange, SunatAnswer, SunatCheck, SunatCondition, SunatStanding, SunatState,
};

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

/// A partner: who it is, what its owner wrote down, what SUNAT says of it.
#[derive(Clone, PartialEq, Eq)]
pub struct Partner {
    /// Its identifier.
    pub id: Uuid,
    /// Kind and number of its document; they never change.
    pub document: Document,
    /// What its owner wrote down.
    pub fields: PartnerFields,
    /// What SUNAT says of it.
    pub sunat: SunatStanding,
    /// When it was created.
    pub created_at: Timestamp,
    /// When its owner last changed it; a refresh does not count.
    pub updated_at: Timestamp,
}

impl Partner {
    /// The name to show: the owner's, else SUNAT's.
    pub fn shown_name(&self) -> Option<&str> {
        self.fields
            .display_name
            .as_deref()
            .or(self.fields.name.as_deref())
            .or(self.sunat.name.as_deref())
    }

    /// Whether it is in use: only such ones are refreshed without being named.
    pub fn is_active(&self) -> bool {
        self.fields.is_active.unwrap_or(true)
    }
}

impl fmt::Debug for Partner {
    /// Names and addresses stay out of logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partner")
            .field("id", &self.id)
            .field("document", &self.document)
            .finish_non_exhaustive()
    }
}
