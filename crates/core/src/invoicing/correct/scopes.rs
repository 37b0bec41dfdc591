//! Which motivo allows what.
//!
//! Source: the names of catálogos 09 and 10; for 13 SUNAT's workbook (3257, 3260, 3320, 3321). A note
//! of débito adds an amount; nothing of it can be a quantity of what was sold.

use super::error::CorrectError;
use super::lines::SoldLine;
use crate::Lang;
use crate::invoicing::catalogs::affectations::{NubefactAffectation, Tribute};
use crate::invoicing::catalogs::note_reasons::{NoteKind, NoteReason};
use crate::invoicing::document::TaxDocument;

/// A way to correct a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScopeKind {
    /// All of it.
    Whole,
    /// Lines, with quantities.
    Lines,
    /// An amount on the whole.
    Amount,
    /// Amounts on lines.
    LineAmounts,
    /// New instalments.
    Schedule,
}

impl ScopeKind {
    /// What people call it.
    pub fn name(self, lang: Lang) -> &'static str {
        match self {
            ScopeKind::Whole => lang.pick("el documento entero", "the whole document"),
            ScopeKind::Lines => lang.pick("líneas o cantidades", "lines or quantities"),
            ScopeKind::Amount => lang.pick("un importe global", "an amount on the whole"),
            ScopeKind::LineAmounts => lang.pick("importes por línea", "amounts by line"),
            ScopeKind::Schedule => lang.pick("nuevas cuotas", "new instalments"),
        }
    }
}

use ScopeKind::{Amount, LineAmounts, Lines, Schedule, Whole};

/// The ways that a motivo allows.
///
/// ```
/// use chaski_core::invoicing::catalogs::note_reasons::{NoteKind, NoteReason};
/// use chaski_core::invoicing::{ScopeKind, allowed_scopes};
/// let returned = NoteReason::from_catalog(NoteKind::Credit, "07").expect("a code of SUNAT's");
/// assert_eq!(allowed_scopes(returned), &[ScopeKind::Lines]);
/// ```
pub fn allowed_scopes(motivo: NoteReason) -> &'static [ScopeKind] {
    match (motivo.kind, motivo.catalog) {
        (NoteKind::Credit, "01" | "02" | "06") => &[Whole],
        (NoteKind::Credit, "03") => &[Whole, Lines],
        (NoteKind::Credit, "04") => &[Amount],
        (NoteKind::Credit, "05") => &[LineAmounts],
        (NoteKind::Credit, "07") => &[Lines],
        (NoteKind::Credit, "08") => &[Lines, Amount, LineAmounts],
        (NoteKind::Debit, _) | (NoteKind::Credit, "09") => &[Amount, LineAmounts],
        (NoteKind::Credit, "13") => &[Schedule],
        (NoteKind::Credit, _) => &[Whole, Lines, Amount, LineAmounts],
    }
}

pub(super) fn check(motivo: NoteReason, scope: ScopeKind) -> Result<(), CorrectError> {
    if allowed_scopes(motivo).contains(&scope) {
        return Ok(());
    }
    Err(CorrectError::Scope { motivo, scope })
}

/// 11 adjusts exports, 12 what bears IVAP.
pub(super) fn check_document(
    motivo: NoteReason,
    document: &TaxDocument,
    lines: &[SoldLine],
) -> Result<(), CorrectError> {
    let any = |fits: &dyn Fn(&SoldLine) -> bool| lines.iter().any(fits);
    let fits = match motivo.catalog {
        "11" => any(&|line| line.affectation.tribute == Tribute::Exportacion),
        "12" => any(&|line| matches!(line.affectation.nubefact, NubefactAffectation::Ivap(_))),
        _ => true,
    };
    if document.fields().get("items").is_none() {
        return Err(CorrectError::Unreadable("items"));
    }
    fits.then_some(()).ok_or(CorrectError::Motivo(motivo))
}
