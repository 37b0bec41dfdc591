//! What to do about a failed look-up, in this program's own words: its keys, options and commands.
//! The client's messages say what happened and know nothing of them.

use chaski_client::{Error, Failure};
use chaski_core::Lang;

/// A failure with what to do about it.
pub(crate) trait Hinted {
    /// What happened and what to do, for people, without the number asked for.
    fn hinted(&self, lang: Lang) -> String;
}

impl Hinted for Failure {
    fn hinted(&self, lang: Lang) -> String {
        let (es, en) = hint(self);
        self.message(lang) + lang.pick(es, en)
    }
}

impl Hinted for Error {
    fn hinted(&self, lang: Lang) -> String {
        match self.failure() {
            Some(failure) => failure.hinted(lang),
            None => self.message(lang),
        }
    }
}

/// How the sentence about a failure goes on, punctuation included.
fn hint(failure: &Failure) -> (&'static str, &'static str) {
    match failure {
        Failure::Unauthorized => (
            "; revise su cuenta con el proveedor y, si el token cambió, use: chaski config set migo.token",
            "; check your account with the provider and, if the token changed, use: chaski config set migo.token",
        ),
        Failure::OwnQuotaSpent => (
            " (migo.quota en su configuración); auméntelo con: chaski config set migo.quota N",
            " (migo.quota in your configuration); raise it with: chaski config set migo.quota N",
        ),
        Failure::DaySpent { .. } => (
            "; siga mañana o cree otra llave con más --por-dia",
            "; go on tomorrow or make another key with more --por-dia",
        ),
        Failure::BudgetSpent => (
            "; repita la consulta: lo ya respondido no se vuelve a pagar",
            "; ask again: what was answered is not paid for again",
        ),
        Failure::WrongPath => (
            "; revise migo.base_url (no es prueba de que el número no exista)",
            "; check migo.base_url (this does not prove that the number does not exist)",
        ),
        Failure::Unreachable => (" y migo.base_url", " and migo.base_url"),
        Failure::TimedOut => (" o aumente migo.timeout", " or raise migo.timeout"),
        Failure::Redirected => ("; revise migo.base_url", "; check migo.base_url"),
        Failure::Unexpected { status: 404 } => (
            " y, si sigue, revise migo.base_url",
            " and, if it goes on, check migo.base_url",
        ),
        Failure::DeadlineExceeded { .. } => (" o aumente --timeout", " or raise --timeout"),
        Failure::Internal => (
            "; repórtelo con el resultado de: chaski doctor",
            "; report it with the output of: chaski doctor",
        ),
        _ => ("", ""),
    }
}
