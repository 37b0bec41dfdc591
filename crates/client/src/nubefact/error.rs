//! Why a call to Nubefact has no answer.

use chaski_core::Lang;

use crate::dialects::nubefact::NubefactRefusal;
use crate::{Error, JournalError};

/// Why a call has no answer. What came of a wish to issue is no error but a
/// [`IssueSettled`](crate::IssueSettled).
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum NubefactError {
    /// What was given cannot be sent, or no answer came.
    #[error(transparent)]
    Call(#[from] Error),
    /// The journal cannot be used. After a send, the document may exist: the same wish asks first.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// Nubefact says no.
    #[error("{}", self.message(Lang::Es))]
    Refused(NubefactRefusal),
}

impl NubefactError {
    /// What happened and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        match self {
            NubefactError::Call(error) => error.message(lang),
            NubefactError::Journal(error) => error.message(lang),
            NubefactError::Refused(refusal) => {
                // Its words may name the customer: they are in the refusal for whoever wants them.
                let codigo = refusal.codigo.map(|it| format!(" ({it})"));
                let codigo = codigo.unwrap_or_default();
                lang.pick(
                    format!("Nubefact no aceptó la petición{codigo}"),
                    format!("Nubefact did not take the request{codigo}"),
                )
            }
        }
    }
}
