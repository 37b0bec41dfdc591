//! What a check finds: code, severity, field, expected value, and what to do.
//!
//! All findings of a document are made at once. Each has the shape that invoicing.md §3 gives them:
//! `{codigo, severidad, campo, mensaje, esperado?, accion}`. Codes of four digits are SUNAT's; those
//! that begin with `CH-` are Chaski's. Every code stands in [`codes`], with its texts.

use std::collections::HashSet;
use std::fmt::Display;

use super::codes::{self, InvoiceCode};
use super::unread::Unread;
use crate::{Lang, Severity, Text, text};

/// One thing found in a document that is to be issued.
///
/// `Debug` shows neither the expected value nor the texts: a DNI that is offered repaired is one.
///
/// ```
/// use chaski_core::Lang;
/// use chaski_core::invoicing::{Findings, codes};
/// let mut findings = Findings::new();
/// findings.use_boleta_codes(true);
/// findings.add(&codes::HEADER_TAXED, "total_gravada").expected("100.00");
/// let finding = &findings.list()[0];
/// assert_eq!((finding.codigo, finding.severidad.as_str()), ("4299", "error")); // the boleta's code
/// assert_eq!(finding.esperado.as_deref(), Some("100.00"));
/// assert!(!finding.action(Lang::En).is_empty());
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InvoiceFinding {
    /// Stable code, never translated.
    pub codigo: &'static str,
    /// What it does to the document: an error is never sent.
    pub severidad: Severity,
    /// The field as it is called in the document that came, lines from 0: `items[2].igv`.
    pub campo: String,
    /// The value that would be right, where there is one.
    pub esperado: Option<String>,
    /// What was found.
    pub mensaje: Text,
    /// What to do about it.
    pub accion: Text,
}

impl InvoiceFinding {
    /// What was found, in one language.
    pub fn message(&self, lang: Lang) -> &str {
        lang.pick(&self.mensaje.es, &self.mensaje.en)
    }

    /// What to do about it, in one language.
    pub fn action(&self, lang: Lang) -> &str {
        lang.pick(&self.accion.es, &self.accion.en)
    }

    /// Says which value would be right.
    pub fn expected(&mut self, value: impl Display) -> &mut Self {
        self.esperado = Some(value.to_string());
        self
    }

    /// Says what was found in words of its own, in place of the code's general ones.
    pub fn says(&mut self, message: Text) -> &mut Self {
        self.mensaje = message;
        self
    }

    /// Says what to do in words of its own, in place of the code's general ones.
    pub fn advises(&mut self, action: Text) -> &mut Self {
        self.accion = action;
        self
    }

    /// Another severity than the code usually has.
    pub fn as_severe_as(&mut self, severidad: Severity) -> &mut Self {
        self.severidad = severidad;
        self
    }
}

/// Collects the findings of one document. Boletas, and the notes on them, get the boleta's codes.
///
/// ```
/// use chaski_core::invoicing::{Findings, codes};
/// let mut findings = Findings::new();
/// findings.add(&codes::REQUIRED, "cliente_direccion");
/// assert!(findings.has_errors());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Findings {
    boleta: bool,
    list: Vec<InvoiceFinding>,
    /// Fields that could not be read.
    unread: Unread,
    /// Whether reading is over: nothing more is said of what could not be read.
    is_read: bool,
    /// A finding that is not told.
    untold: Option<InvoiceFinding>,
}

impl Findings {
    /// None yet.
    pub fn new() -> Findings {
        Findings::default()
    }

    /// Whether the boleta's codes are the right ones from now on: for boletas and, as
    /// `on_a_boleta` says, the notes on them.
    pub fn use_boleta_codes(&mut self, on_a_boleta: bool) {
        self.boleta = on_a_boleta;
    }

    /// Notes one finding with the code's usual severity and texts, which the caller may then refine.
    pub fn add(
        &mut self,
        code: &'static InvoiceCode,
        campo: impl Into<String>,
    ) -> &mut InvoiceFinding {
        let (codigo, severidad) = match (self.boleta, code.boleta) {
            (true, Some((codigo, severidad))) => (codigo, severidad),
            _ => (code.codigo, code.severidad),
        };
        let finding = InvoiceFinding {
            codigo,
            severidad,
            campo: campo.into(),
            esperado: None,
            mensaje: code.meaning(),
            accion: code.fix(),
        };
        if self.is_read && self.unread.covers(&finding.campo) {
            return self.untold.insert(finding);
        }
        self.list.push(finding);
        self.list.last_mut().expect("it was pushed just now")
    }

    /// The customer's name is not in the register that was asked ([`CustomerFacts::NotListed`]).
    ///
    /// [`CustomerFacts::NotListed`]: super::known::CustomerFacts::NotListed
    pub fn note_not_listed(&mut self, campo: &str) {
        self.add(&codes::CUSTOMER_LOOKUP, campo)
            .says(text!(
                "la consulta no tiene el nombre de ese documento, que puede existir",
                "the look-up has no name for that number, which may exist"
            ))
            .advises(text!(
                "escriba el nombre del cliente en el documento",
                "write the customer's name in the document"
            ));
    }

    /// A field is unknown without having a finding of its own.
    pub(crate) fn is_unknown(&mut self, campo: impl Into<String>) {
        self.unread.insert(campo);
    }

    /// Fields that could not be read so far.
    pub(crate) fn unread(&self) -> &Unread {
        &self.unread
    }

    /// For a document of which these fields are known to be unknown: nothing is said of them.
    pub(crate) fn without(unread: Unread) -> Findings {
        Findings {
            unread,
            is_read: true,
            ..Findings::default()
        }
    }

    /// Whether a field has an error.
    pub(crate) fn has_error_at(&self, campo: &str) -> bool {
        let mut errors = self.list.iter();
        errors.any(|it| it.campo == campo && it.severidad == Severity::Error)
    }

    /// Everything was read: fields that have an error are unknown from now on, and what is found of
    /// them later is not told. A field is wrong once.
    pub(crate) fn end_reading(&mut self) {
        for finding in &self.list {
            if finding.severidad == Severity::Error {
                self.unread.insert(finding.campo.as_str());
            }
        }
        self.is_read = true;
    }

    /// Whether something was found that forbids sending.
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|it| it.severidad == Severity::Error)
    }

    /// What was found so far, in the order of the checks.
    pub fn list(&self) -> &[InvoiceFinding] {
        &self.list
    }

    /// What was found, in the order of the checks.
    pub(crate) fn into_list(self) -> Vec<InvoiceFinding> {
        self.list
    }

    /// Takes over the findings of another check, but what it says of unknown fields, and errors of
    /// fields that have one already: what a value lacks in the form, it lacks in what is made of it.
    pub(crate) fn take(&mut self, others: impl IntoIterator<Item = InvoiceFinding>) {
        let errors = self.list.iter();
        let errors = errors.filter(|it| it.severidad == Severity::Error);
        let told: HashSet<String> = errors.map(|it| it.campo.clone()).collect();
        for other in others {
            let again = other.severidad == Severity::Error && told.contains(&other.campo);
            if !again && !self.unread.covers(&other.campo) {
                self.list.push(other);
            }
        }
    }

    /// All that was found: errors first, then observations, then notices; of equal severity, in the
    /// order of the checks.
    pub fn into_sorted(mut self) -> Vec<InvoiceFinding> {
        self.list.sort_by_key(|it| std::cmp::Reverse(it.severidad));
        self.list
    }
}

impl std::fmt::Debug for InvoiceFinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("InvoiceFinding")
            .field("codigo", &self.codigo)
            .field("severidad", &self.severidad)
            .field("campo", &self.campo)
            .finish_non_exhaustive()
    }
}
