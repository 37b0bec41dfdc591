//! What the journal knows of all documents that a workbook names, read together and by what is named: an issuer may
//! have a million others.

use std::collections::{BTreeMap, HashMap, HashSet};

use chaski_client::{NubefactId, SeriesName};
use chaski_core::invoicing::{DocumentKind, ModifiedDocument};
use rust_decimal::Decimal;

use super::super::facts::as_modified;
use super::super::{
    InvoiceError, InvoiceRoom, WantedInvoice, document_kind, kind_of_serie, nubefact_kind,
};
use crate::app::AppError;

/// What exists of a workbook, and what notes took off the documents that its notes name.
#[derive(Debug, Default)]
pub(super) struct KnownIssued {
    modified: HashMap<NubefactId, ModifiedDocument>,
    credited: HashMap<NubefactId, Decimal>,
    /// Documents that a note took back as a whole.
    taken_back: HashSet<NubefactId>,
    /// Keys of the workbook under which something was issued before.
    pub(super) own: HashSet<String>,
}

impl KnownIssued {
    /// Reads what there is of the documents that notes name, and of the workbook itself.
    ///
    /// `own` are the keys of the workbook: what was issued of it before is no other document, and its notes
    /// are counted where its rows are.
    pub(super) async fn read(
        room: &InvoiceRoom<'_>,
        named: &HashSet<NubefactId>,
        own: &HashSet<String>,
    ) -> Result<KnownIssued, AppError> {
        let mut known = KnownIssued {
            own: room.issued_keys(own).await?,
            ..KnownIssued::default()
        };
        for id in named {
            match room.issued(id).await {
                Ok(issued) => {
                    let modified = as_modified(&issued.document, Decimal::ZERO);
                    known.modified.insert(id.clone(), modified);
                }
                Err(AppError::Invoice(InvoiceError::NotIssuedHere(_))) => {}
                Err(error) => return Err(error),
            }
            for note in room.credit_notes_on(id).await? {
                if !own.contains(base_of(&note.entry.key)) {
                    known.credit(id.clone(), note.document.total().unwrap_or_default());
                }
            }
        }
        Ok(known)
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

impl InvoiceRoom<'_> {
    /// Those of some numbers that other documents have: of none of the keys of a workbook itself.
    pub(super) async fn taken_numbers(
        &self,
        wanted: impl Iterator<Item = &NubefactId>,
        own: &HashSet<String>,
    ) -> Result<HashSet<NubefactId>, AppError> {
        let mut of_series: BTreeMap<SeriesName, Vec<u32>> = BTreeMap::new();
        for id in wanted {
            let series = SeriesName::new(self.nubefact.issuer(), id.kind, &id.serie);
            of_series.entry(series).or_default().push(id.numero);
        }
        let mut taken = HashSet::new();
        for (series, numbers) in of_series {
            for (numero, key) in self.app.store.issued_numbers(&series, &numbers).await? {
                if !own.contains(base_of(&key)) {
                    taken.extend(NubefactId::new(series.kind, &series.serie, numero).ok());
                }
            }
        }
        Ok(taken)
    }
}

/// Each one more of the same has the next key of a chain.
fn base_of(key: &str) -> &str {
    key.split('#').next().unwrap_or_default()
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
