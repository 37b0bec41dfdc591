//! Why a note cannot be made out of a document.

use jiff::civil::Date;
use rust_decimal::Decimal;

use super::ScopeKind;
use crate::invoicing::catalogs::note_reasons::NoteReason;
use crate::invoicing::kind::DocumentKind;
use crate::{Lang, Text, text};

/// Why a note cannot be made. Lines are counted from 1 in messages, as people count them.
///
/// ```
/// use chaski_core::Lang;
/// use chaski_core::invoicing::CorrectError;
/// let error = CorrectError::NoSuchLine { line: 4, lines: 2 };
/// assert_eq!(error.code(), "correccion_linea");
/// assert_eq!(error.message(Lang::En), "there is no line 5: the document has 2");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.message(Lang::Es))]
#[non_exhaustive]
pub enum CorrectError {
    /// Not a factura and not a boleta.
    Kind(DocumentKind),
    /// The document has no number: it was not issued.
    NoNumber,
    /// A field of the document that is needed cannot be read.
    Unreadable(&'static str),
    /// The motivo does not allow to correct in this way.
    Scope {
        /// The motivo.
        motivo: NoteReason,
        /// What was asked for.
        scope: ScopeKind,
    },
    /// Motivo 11 or 12 on a document that is no export, or has no IVAP.
    Motivo(NoteReason),
    /// There is no such line.
    NoSuchLine {
        /// The line, from 0.
        line: usize,
        /// How many there are.
        lines: usize,
    },
    /// More than what is left of a line.
    TooMuch {
        /// The line, from 0.
        line: usize,
        /// What is left of its quantity.
        left: Decimal,
    },
    /// So little of a line that it is worth less than a cent.
    TooLittle {
        /// The line, from 0.
        line: usize,
    },
    /// An amount that is not above zero, or has more than two decimals.
    Amount,
    /// Nothing is left to credit, or nothing was asked for.
    Nothing,
    /// More than what is left of the document.
    Exceeds {
        /// What is left of its total.
        left: Decimal,
    },
    /// The document settles advances: only the whole of it can be credited by quantity.
    Advances,
    /// Nota de crédito 13 without instalments above zero.
    NoSchedule,
    /// Nota de crédito 13 on a document that was not sold on credit.
    NotOnCredit,
    /// Instalments above the document's total.
    ScheduleExceeds {
        /// The document's total.
        total: Decimal,
    },
    /// An instalment due before the document was issued, or on that day.
    DueTooEarly {
        /// When it is due.
        due: Date,
        /// When the document was issued.
        issued: Date,
    },
    /// Amounts with too many digits.
    TooLarge,
}

impl CorrectError {
    /// Stable code, never translated.
    pub fn code(&self) -> &'static str {
        match self {
            CorrectError::Kind(_) => "correccion_tipo",
            CorrectError::NoNumber => "correccion_sin_numero",
            CorrectError::Unreadable(_) => "correccion_documento",
            CorrectError::Scope { .. } | CorrectError::Motivo(_) => "correccion_motivo",
            CorrectError::NoSuchLine { .. } => "correccion_linea",
            CorrectError::TooMuch { .. } | CorrectError::TooLittle { .. } => "correccion_cantidad",
            CorrectError::Amount | CorrectError::TooLarge => "correccion_importe",
            CorrectError::Nothing => "correccion_nada",
            CorrectError::Exceeds { .. } => "correccion_excede",
            CorrectError::Advances => "correccion_anticipos",
            CorrectError::NoSchedule
            | CorrectError::NotOnCredit
            | CorrectError::ScheduleExceeds { .. }
            | CorrectError::DueTooEarly { .. } => "correccion_cuotas",
        }
    }

    /// What is wrong and what to do, for people.
    pub fn message(&self, lang: Lang) -> String {
        self.text().pick(lang)
    }

    fn text(&self) -> Text {
        match self {
            CorrectError::Kind(kind) => text!(
                "una nota corrige una factura o una boleta, no: {}",
                "a note corrects a factura or a boleta, not: {}",
                kind.as_str()
            ),
            CorrectError::NoNumber => text!(
                "el documento no tiene número: solo se corrige lo que se emitió",
                "the document has no number: only what was issued is corrected"
            ),
            CorrectError::Unreadable(field) => text!(
                "no se puede leer {field} del documento que se corrige",
                "{field} of the document that is corrected cannot be read"
            ),
            CorrectError::Scope { motivo, scope } => scope_text(*motivo, *scope),
            CorrectError::Motivo(motivo) => text!(
                "el motivo {} ({}) no corresponde a este documento",
                "motivo {} ({}) does not belong to this document",
                motivo.catalog,
                motivo.name
            ),
            CorrectError::NoSuchLine { line, lines } => text!(
                "no hay línea {}: el documento tiene {lines}",
                "there is no line {}: the document has {lines}",
                line + 1
            ),
            CorrectError::TooMuch { line, left } => text!(
                "de la línea {} quedan {} por acreditar",
                "of line {} there are {} left to credit",
                line + 1,
                left.normalize()
            ),
            CorrectError::TooLittle { line } => text!(
                "la cantidad de la línea {} vale menos de un centavo",
                "the quantity of line {} is worth less than a cent",
                line + 1
            ),
            CorrectError::Amount => text!(
                "el importe de la nota debe ser mayor que cero, con dos decimales",
                "the amount of the note must be above zero, with two decimals"
            ),
            CorrectError::Nothing => text!(
                "no queda nada por acreditar, o no se indicó qué",
                "nothing is left to credit, or nothing was asked for"
            ),
            CorrectError::Exceeds { left } => text!(
                "la nota pasa de lo que queda por acreditar del documento: {left}",
                "the note exceeds what is left to credit of the document: {left}"
            ),
            CorrectError::Advances => text!(
                "el documento regulariza anticipos: acredítelo entero, o por un importe",
                "the document settles advances: credit the whole of it, or an amount"
            ),
            CorrectError::NoSchedule => text!(
                "la nota 13 necesita las nuevas cuotas, cada una mayor que cero",
                "note 13 needs the new instalments, each above zero"
            ),
            CorrectError::NotOnCredit => text!(
                "el documento no fue al crédito: la nota 13 solo cambia cuotas",
                "the document was not on credit: note 13 changes instalments only"
            ),
            CorrectError::ScheduleExceeds { total } => text!(
                "las cuotas suman más que el total del documento: {total}",
                "the instalments exceed the total of the document: {total}"
            ),
            CorrectError::DueTooEarly { due, issued } => text!(
                "la cuota del {due} vence el día de la emisión del documento ({issued}) o antes",
                "the instalment of {due} is due on the day the document was issued ({issued}) or before"
            ),
            CorrectError::TooLarge => text!(
                "los importes tienen demasiados dígitos",
                "the amounts have too many digits"
            ),
        }
    }
}

fn scope_text(motivo: NoteReason, scope: ScopeKind) -> Text {
    let allowed = super::allowed_scopes(motivo);
    let es: Vec<&str> = allowed.iter().map(|it| it.name(Lang::Es)).collect();
    let en: Vec<&str> = allowed.iter().map(|it| it.name(Lang::En)).collect();
    Text {
        es: format!(
            "el motivo {} ({}) no admite {}: admite {}",
            motivo.catalog,
            motivo.name,
            scope.name(Lang::Es),
            es.join(", ")
        ),
        en: format!(
            "motivo {} ({}) does not allow {}: it allows {}",
            motivo.catalog,
            motivo.name,
            scope.name(Lang::En),
            en.join(", ")
        ),
    }
}
