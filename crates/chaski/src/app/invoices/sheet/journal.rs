//! What the journal knows of all documents that a workbook names, read once: an answer for each note would
//! read all entries again.

use std::collections::{HashMap, HashSet};

use chaski_client::{JournalDeed, NubefactId, NubefactKind};
use chaski_core::invoicing::{DocumentKind, ModifiedDocument};
use rust_decimal::Decimal;

use super::super::facts::as_modified;
use super::super::{InvoiceRoom, WantedInvoice, document_kind, kind_of_serie, nubefact_kind};
use crate::app::AppError;

/// Numbers that were issued, and what notes took off the documents that the workbook's notes name.
#[derive(Debug, Default)]
pub(super) struct KnownIssued {
    issued: HashSet<NubefactId>,
    modified: HashMap<NubefactId, ModifiedDocument>,
    credited: HashMap<NubefactId, Decimal>,
    /// Documents that a note took back as a whole.
    taken_back: HashSet<NubefactId>,
    /// Keys of the workbook under which something was issued before.
    pub(super) own: HashSet<String>,
}

impl KnownIssued {
    /// Reads the journal once. Bodies are opened only of credit notes and of what is named.
    ///
    /// `own` are the keys of the workbook itself: what was issued of it before is no other document, and
    /// its notes are counted where its rows are.
    pub(super) async fn read(
        room: &InvoiceRoom<'_>,
        named: &HashSet<NubefactId>,
        own: &HashSet<String>,
    ) -> Result<KnownIssued, AppError> {
        let mut known = KnownIssued::default();
        for entry in room.entries().await? {
            if entry.deed != JournalDeed::Issue || entry.accepted().is_none() {
                continue;
            }
            let id = entry.document();
            // Each one more of the same has the next key of a chain.
            let key = entry.key.as_str().split('#').next().unwrap_or_default();
            let is_own = own.contains(key);
            let is_note = id.kind == NubefactKind::NotaCredito && !named.is_empty() && !is_own;
            if named.contains(&id) || is_note {
                let Some(document) = room.sent(&entry).await? else {
                    continue;
                };
                if let Some(name) = document.names().filter(|_| is_note)
                    && let Some(kind) = nubefact_kind(name.kind)
                    && let Ok(on) = NubefactId::new(kind, &name.serie, name.numero)
                {
                    known.credit(on, document.total().unwrap_or_default());
                }
                if named.contains(&id) {
                    let modified = as_modified(&document, Decimal::ZERO);
                    known.modified.insert(id.clone(), modified);
                }
            }
            if is_own {
                known.own.insert(key.to_owned());
            } else {
                known.issued.insert(id);
            }
        }
        Ok(known)
    }

    /// Whether that number was issued already.
    pub(super) fn is_issued(&self, id: &NubefactId) -> bool {
        self.issued.contains(id)
    }

    /// A document of the workbook that notes of it may modify.
    pub(super) fn add(&mut self, id: NubefactId, modified: ModifiedDocument) {
        self.modified.entry(id).or_insert(modified);
    }

    /// A credit note took that much off a document.
    pub(super) fn credit(&mut self, on: NubefactId, amount: Decimal) {
        *self.credited.entry(on).or_default() += amount;
    }

    /// A credit note takes a document back as a whole; false if another one did before.
    pub(super) fn take_back(&mut self, on: &NubefactId) -> bool {
        self.taken_back.insert(on.clone())
    }

    /// What is known of a document, with all that was credited up to now.
    pub(super) fn modified(&self, id: &NubefactId) -> Option<ModifiedDocument> {
        let mut modified = self.modified.get(id)?.clone();
        modified.credited_before = self.credited.get(id).copied().unwrap_or_default();
        Some(modified)
    }
}

/// The document that a note says it modifies.
pub(super) fn named_by(text: &str) -> Option<NubefactId> {
    let wanted: WantedInvoice = text.parse().ok()?;
    let kind = wanted.kind.or_else(|| kind_of_serie(&wanted.serie))?;
    NubefactId::new(kind, &wanted.serie, wanted.numero).ok()
}

/// A document under its number.
pub(super) fn id_of(kind: DocumentKind, serie: &str, numero: u32) -> Option<NubefactId> {
    NubefactId::new(nubefact_kind(kind)?, serie, numero).ok()
}

/// The kind in the words of the check, for messages.
pub(super) fn name_of(id: &NubefactId) -> String {
    format!(
        "{} {}-{}",
        document_kind(id.kind).as_str(),
        id.serie,
        id.numero
    )
}
